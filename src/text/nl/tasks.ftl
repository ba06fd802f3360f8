### Wat aan de daemon is gevraagd, op elke pagina die iets vraagt.

tasks = Wat is gevraagd
tasks-look-again = Deze pagina kijkt vanzelf opnieuw tot het klaar is.
task-what = Wat
task-state = Stand
task-asked = Gevraagd om
task-by = Door
task-waiting = wacht
task-running = bezig
task-done = klaar
task-failed = niet gedaan
task-now = zojuist
task-ago = { $ago } geleden
task-asked-by = Gevraagd door { $who }, { $time }.
task-waiting-help = Er gaat iets anders voor. Het begint zodra het aan de beurt is, ook als je deze pagina verlaat.
task-running-help = Het gaat door, ook als je deze pagina verlaat.
task-back = Terug naar de pagina
task-see-plan = Bekijk het plan
task-sync = Synchroniseren
task-score = Scoren
task-plan = Plan uitwerken
task-apply = Plan uitvoeren
task-clean-plan = Uitwerken wie zou gaan
task-clean-apply = Opschonen
task-clean-undo = Opschoning ongedaan maken
task-clean-confirm = Opschoning bevestigen
task-clean-keep = Contacten met rust laten
task-retry = Opnieuw proberen wat wacht
task-reload = Configuratie laden
task-publish = Regels publiceren
task-roll-back = Regels terugzetten
task-scored = { $n ->
    [one] Eén contact gescoord
   *[other] { $n } contacten gescoord
}, { $changed } veranderd.
task-scored-unjudged = { $n ->
    [one] Eén is nog niet te beoordelen.
   *[other] { $n } zijn nog niet te beoordelen.
}
task-kept = { $n ->
    [one] Eén contact wordt met rust gelaten tot het weer van zich laat horen.
   *[other] { $n } contacten worden met rust gelaten tot ze weer van zich laten horen.
}
task-synced = Wat de synchronisatie bracht
task-connection = Koppeling
task-new-events = Nieuwe gebeurtenissen
task-rejected = Afgewezen regels
task-trouble = Problemen
task-nothing-changed = Er is niets veranderd.
task-changed = Veranderd:
task-restart = Pas vanaf de volgende start:
task-error-stale = Het plan is niet meer wat het was toen je het bekeek. Er is niets geschreven.
task-error-stale-cleaning = Het plan is niet meer wat het was toen je het bekeek. Er is niemand afgehaald.
task-error-nothing-to-undo = In deze groep valt niets ongedaan te maken.
task-error-same-person = Iemand anders dan wie het goedkeurde moet bevestigen. Er is niets gedaan.
task-error-nothing-to-confirm = Deze groep valt niet te bevestigen. Er is niets gedaan.
task-error-export = Wat de contacten ervoor waren kon niet worden bewaard, dus er is niets gedaan.
task-error-busy = Er wacht al te veel. Probeer het opnieuw als een deel daarvan klaar is.
task-error-stopping = De daemon stopt en is er niet aan begonnen.
contact-without-address = contact { $n }
