### Pagina: push

push-last = Laatst geschreven: { $n ->
    [one] één wijziging
   *[other] { $n } wijzigingen
} naar { $on }, { $time }.
push-nothing-yet = Er is nog niets naar een platform geschreven.

## Wat wordt tegengehouden
push-held-title = Wat wordt tegengehouden
push-held-none = Er wordt niets tegengehouden: geen bewaker wacht op een mens.
push-held-saw = Wat hij zag:
push-held-since = sinds { $time }
push-held-who = Een marketeer kan het doorlaten.
push-approved = Doorgelaten, op jouw naam. Het gaat met de volgende push mee.
push-guard-baseline = Eerste push
push-guard-baseline-means = Een veld of tag wordt voor het eerst getoond. Dat wordt één keer tegengehouden, zodat jij als eerste ziet wat er geschreven gaat worden.
push-guard-baseline-approve = Eerste push toestaan
push-guard-starts = Te veel starts ineens
push-guard-starts-means = Er zouden in één push meer automations starten dan de grens toestaat. Op deze koppeling wordt niets geschreven tot iemand heeft gekeken.
push-guard-starts-approve = Deze starts toestaan
push-guard-change = Te veel wijzigingen ineens
push-guard-change-means = Er zouden in één push meer scores, niveaus of segmenten veranderen dan de grens toestaat. Op deze koppeling wordt niets geschreven tot iemand heeft gekeken.
push-guard-change-approve = Deze wijziging toestaan
push-guard-shrunk = De lijst is gekrompen
push-guard-shrunk-means = Er ontbreken zo veel contacten in de lijst van het platform dat het aan het platform kan liggen. Niemand geldt als verdwenen tot iemand heeft gekeken. Is de lijst echt gekrompen, laat het dan door; de volgende synchronisatie neemt het over.
push-guard-shrunk-approve = De lijst is echt gekrompen
push-guard-cleaning = Te veel op te schonen
push-guard-cleaning-means = Er zouden meer contacten gaan dan het beleid ineens toestaat. Meestal is er een andere oorzaak: kijk daar eerst naar. Klopt het toch, laat dan één groep door, binnen de grens.
push-guard-cleaning-approve = Eén groep toestaan
push-guard-restored = Teruggezet uit een back-up
push-guard-restored-means = De platforms kunnen meer te horen hebben gekregen dan de back-up weet, en er kunnen automations zijn gestart. Daarom wordt er niets geschreven tot elke koppeling helemaal is gelezen en vergeleken, en iemand heeft gekeken. Wat in de tussentijd is gebeurd start geen automation. Het overzicht zegt wat er nog ontbreekt.
push-guard-restored-approve = Schrijven weer toestaan

## Koppelingen
push-places = Koppelingen
push-places-caption = Wat waar geschreven mag worden, en wat wacht
push-no-places = Er is nog geen koppeling waarnaar geschreven kan worden: voeg er een toe aan de configuratie.
push-connection = Koppeling
push-mode = Stand
push-live = live
push-read-only = alleen lezen
push-read-only-help = Naar een koppeling die alleen leest wordt niets geschreven. Zet dit in de configuratie om dat te veranderen:
push-blocked-why = Bekijk waarom
push-last-run = Laatste push
push-never = nooit
push-run-ok = klaar
push-run-trouble = storing
push-run-open = nog niet klaar
push-waiting = Wacht
push-refused = Geweigerd
push-in-doubt = In twijfel
push-written = Geschreven
push-given-up = Opgegeven
push-held = tegengehouden
push-make-plan = Plan uitwerken
push-plan-help = Laat elke wijziging zien voor ze gebeurt. Uitwerken schrijft niets.
push-retry = Probeer opnieuw wat wacht of geweigerd is
push-pause = Schrijven pauzeren
push-resume = Verder gaan met schrijven
push-paused = Schrijven staat op alle koppelingen op pauze. Synchroniseren en scoren gaan door.
push-resumed = Schrijven gaat met de volgende push verder.

## Log
push-log = Log
push-log-caption = Pushes die iets schreven, de nieuwste eerst; wat is ingehaald staat bij de latere
push-log-empty = Nog geen push heeft iets geschreven.
push-log-cleaning = Wie van een lijst is gehaald staat onder
push-pages = Pagina’s van het log
push-when = Wanneer
push-log-title = Een push
push-log-lead = Naar { $on }, { $time }.
push-log-planned = Wat geschreven zou worden
push-log-states = Wat ervan is geworden
push-log-moved = In deze push is niets meer over: een latere heeft het overgenomen.
push-fingerprint = Plan
push-writes-title = Wijzigingen
push-writes-lead = Wijzigingen naar { $on }, de nieuwste eerst.
push-what = Wat
push-target = Welk
push-contacts = Contacten
push-contact = Contact
push-from-to = Van → naar
push-state = Stand
push-any-state = alle
push-writes = Wijzigingen
push-request = Verzoek
push-rows = Regels
push-rows-caption = Wijzigingen, de nieuwste eerst
push-rows-empty = Zulke wijzigingen zijn er niet.
push-bodies = Een regel is wat van een verzoek wordt bewaard. De inhoud van verzoeken en antwoorden wordt niet bewaard.
push-troubles = Wat ertussen kwam
push-troubles-caption = Wijzigingen die niet doorgingen, naar oorzaak
push-troubles-help = Oorzaken staan er in de woorden van het platform. Wat geweigerd is wordt een dag lang niet herhaald; wat wacht wordt vanzelf opnieuw geprobeerd.
push-cause = Oorzaak
push-cause-none = er is geen reden gegeven
push-tries = { $n ->
    [0] nog niet verstuurd
    [one] één poging
   *[other] { $n } pogingen
}
push-value = Waarde
push-platform-id = Id op het platform
push-queued = In de rij gezet
push-attempt = Laatste poging
push-next-try = Volgende poging
push-export = Download wat geweigerd is (CSV)
push-on = aan
push-off = uit
push-none = niets

## Plan
push-plan-title = Plan
push-plan-lead = { $n ->
    [0] Er valt niets te schrijven.
    [one] Er zou één wijziging worden geschreven.
   *[other] Er zouden { $n } wijzigingen worden geschreven.
}
push-plan-nothing-written = Er is niets geschreven.
push-plan-made = Uitgewerkt voor { $who }, { $time }.
push-plan-forgotten = Dit plan wordt niet meer bewaard. Plannen blijven maar even bewaard, zodat niemand een oud plan uitvoert.
push-plan-anew = Opnieuw uitwerken
push-plan-apply = { $n ->
    [one] Precies dit uitvoeren: één wijziging
   *[other] Precies dit uitvoeren: { $n } wijzigingen
}
push-plan-apply-help = Is er sindsdien iets veranderd, dan wordt het plan geweigerd en wordt er niets geschreven.
push-plan-empty = Alles op de platforms is zoals het moet zijn.
push-plan-empty-here = hier valt niets te schrijven
push-plan-who = Een marketeer kan het uitvoeren.
push-plan-read-only = Dit alles betreft koppelingen die alleen lezen, dus uitvoeren zou niets schrijven.
push-plan-no-places = Er valt niets te pushen: geen koppeling toont iets, of er is er nog geen gesynchroniseerd.
push-plan-baseline = Voor het eerst getoond. Uitvoeren houdt dit één keer tegen en vraagt jouw woord onder “Wat wordt tegengehouden”.
push-plan-gone = We hadden { $fields } gevuld, en het platform heeft het niet meer: het wordt opnieuw gemaakt en voor iedereen gevuld.
push-plan-counts = { $n ->
    [one] Eén wijziging, naar soort
   *[other] { $n } wijzigingen, naar soort
}
push-left-out = Wat wordt weggelaten
push-left-why = Waarom
push-left-number = Aantal
push-left-unchanged = contacten voor wie niets verandert
push-left-unscored = contacten die nog niet met de huidige regels zijn gescoord
push-left-frozen = contacten die het platform door niemand laat wijzigen
push-left-unreachable = toetredingen waarvoor niets kan starten: niet aanwezig, of niet ingeschreven
push-left-held-back = wijzigingen die het platform minder dan een dag geleden weigerde
push-left-drifts = waarden die iemand anders op het platform heeft veranderd
push-plan-sample = { $n ->
    [one] Eén van de wijzigingen
   *[other] { $n } van de wijzigingen
}
push-edits = Waarden die iemand anders heeft veranderd
push-edits-some = { $n ->
    [one] Eén van de waarden die iemand anders heeft veranderd
   *[other] { $n } van de waarden die iemand anders heeft veranderd
}
push-edits-ours = Wat wij er neerzetten
push-edits-theirs = Wat er nu staat
push-edits-nothing = niets

## Ontvangstbewijs
push-receipt-written = { $n ->
    [0] Er is niets geschreven.
    [one] Er is één wijziging geschreven.
   *[other] Er zijn { $n } wijzigingen geschreven.
}
push-receipt-planned = { $n ->
    [one] Eén wijziging was gepland
   *[other] { $n } wijzigingen waren gepland
}
push-outcome = Wat ervan is geworden
push-see-log = Naar het log
push-see-rows = Bekijk elke wijziging

## Werkwoorden
push-verb-create-field = veld maken
push-verb-set-field = veld vullen
push-verb-add-tag = tag toevoegen
push-verb-remove-tag = tag weghalen
push-verb-start-by-tag = starten met een tag
push-verb-start-by-field = starten met een veld
push-verb-start-automation = automation starten
push-verb-send-event = gebeurtenis sturen
push-verb-call = aanroepen
push-verb-clean-tag = tag voor opschonen
push-verb-clean-untag = tag van opschonen weghalen
push-verb-restore = terugzetten
push-verb-unsubscribe = uitschrijven
push-verb-suppress = blokkeren
push-verb-archive = archiveren
push-verb-delete = verwijderen
