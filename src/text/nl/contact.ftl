### Pagina: contact

contact-not-known-yet = Op die datum was over dit contact nog niets bekend.
contact-objects = Dit contact heeft op { $on } bezwaar gemaakt tegen scoren. Er wordt geen score, segment of fase berekend, er start niets, en onze velden en tags gaan er bij de volgende push af. Het contact en zijn gebeurtenissen blijven.
contact-not-scored-yet = De laatste scoreronde kent dit contact nog niet. Wat je hier ziet is nu berekend; lijsten tonen het na de volgende ronde.
contact-behind = De laatste scoreronde gaf { $was }. Sindsdien is er iets veranderd; lijsten en platforms volgen bij de volgende ronde.
contact-another-day = Je kijkt naar { $on }, niet naar vandaag.
contact-another-knowledge = Je kijkt naar { $on } met wat er eind { $known } bekend was, niet naar vandaag.
contact-back-to-today = Terug naar vandaag
contact-other-day = Kijk naar een andere dag
contact-as-of = Op datum
contact-known-at = Met wat bekend was op
contact-other-day-help = De eerste datum verzet de klok: welke gebeurtenissen tellen, wat is verlopen. De tweede laat weg wat later bekend werd.
contact-look = Bekijk
contact-no-date = Dat is geen datum. Schrijf die als 2026-06-15.

## Kop
contact-unjudged = Nog niet te beoordelen: { $why }
contact-stage = Fase
contact-segments = { $n ->
    [one] Segment
   *[other] Segmenten
}
contact-no-segment = In geen enkel segment
contact-known-since = bekend sinds { $on }
contact-subscribed-since = ingeschreven sinds { $on }

## Score
contact-points = { $n ->
    [one] punt
   *[other] punten
}
contact-because = Want
contact-points-column = Punten
contact-why = Waarom
contact-line-title = Score door de tijd
contact-line-empty = Er is nog geen lijn: de score is nog nooit berekend.
contact-line-level = { $points } sinds { $since }.
contact-line-moved = Van { $before } naar { $points } op { $on }.
contact-line-before = Vóór { $on } werd nog niet gescoord: dat deel is met de huidige regels berekend.
contact-line-points = punten
contact-line-date = datum
contact-line-events = Gebeurtenissen
contact-line-by = door
contact-line-human = een mens
contact-line-machine = een machine
contact-line-late = laat bekend geworden
contact-line-if-nothing = als er niets gebeurt
contact-line-then = wat er toen kwam

## Wie
contact-who = Wie dit is
contact-where-caption = Waar het contact staat, zoals de platforms het laatst zeiden
contact-nowhere = Geen enkel platform heeft dit contact.
contact-where = Koppeling
contact-platform-id = Id daar
contact-status = Status
contact-lists = Lijsten
contact-tags = Tags
contact-there = Daar
contact-since = sinds { $on }
contact-gone = weg sinds { $on }
contact-more = { $n ->
    [one] en nog { $n }
   *[other] en nog { $n }
}
contact-fields = { $n ->
    [one] { $n } veld
   *[other] { $n } velden
}
contact-fields-caption = Velden, van elk de nieuwste waarde
contact-field = Veld
contact-value = Waarde
contact-status-subscribed = ingeschreven
contact-status-bounced = gebounced
contact-status-unsubscribed = uitgeschreven
contact-status-complained = heeft geklaagd
contact-status-suppressed = geblokkeerd

## Gebeurtenissen
contact-events = Wat er gebeurde
contact-events-caption = Gebeurtenissen, de nieuwste eerst
contact-no-events = Er is niets gebeurd waar we van weten.
contact-event-when = Wanneer
contact-event-what = Wat
contact-event-who = Door wie
contact-event-from = Bekend via
contact-event-late = pas bekend sinds { $on }
contact-event-told = alleen door een webhook gemeld
contact-event-order = bestelling { $number }
contact-event-again = { $connection } meldde deze bestelling ook; ze telt één keer
contact-event-machine = een machine: telt niet
contact-event-person = een mens
contact-event-untracked = opens en kliks zijn niet te zien
contact-event-kind = Soort
contact-every-event = { $n ->
    [one] Alles ({ $n })
   *[other] Alles ({ $n })
}
contact-show = Toon
contact-events-pages = Pagina's met gebeurtenissen
contact-newest-events = Nieuwste gebeurtenissen
contact-older-events = Oudere gebeurtenissen

## Automations
contact-automations = Automations
contact-automations-caption = Keren dat het contact een automation binnenkwam, de nieuwste eerst
contact-no-entries = Het contact is nog nooit een automation binnengekomen.
contact-automation = Automation
contact-entered = Binnen sinds
contact-left = Eruit
contact-inside = nog binnen
contact-state = Stand
contact-entry-settling = wacht even af
contact-entry-ready = klaar om te starten
contact-entry-attempting = wordt gestart
contact-entry-started = gestart
contact-entry-in-doubt = in twijfel
contact-entry-refused = geweigerd door het platform
contact-entry-handed-over = overgedragen aan mensen
contact-entry-silent = start niets
contact-entry-suppressed = tegengehouden
contact-entry-withdrawn = voorbij voor de start
contact-entry-leaving = wordt beëindigd

## Platforms
contact-pushes = Wat de platforms te horen kregen
contact-shown-caption = Wat elk platform het laatst te horen kreeg
contact-nothing-shown = Geen platform heeft iets over dit contact te horen gekregen.
contact-target = Wat
contact-target-field = veld
contact-target-tag = tag
contact-taken-away = weggehaald
contact-told-at = Verteld
contact-writes = { $n ->
    [one] De laatste wijziging
   *[other] De laatste { $n } wijzigingen
}
contact-writes-caption = Wijzigingen op platforms, de nieuwste eerst
contact-queued-at = In de rij sinds
contact-write-planned = gepland
contact-write-attempting = onderweg
contact-write-applied = gedaan
contact-write-rejected = geweigerd
contact-write-retry = wordt opnieuw geprobeerd
contact-write-ambiguous = in twijfel
contact-write-reconciled = opnieuw geschreven
contact-write-abandoned = opgegeven

## Opschonen
contact-cleaning = Opschonen
contact-cleaning-caption = Opschoonzaken, de nieuwste eerst
contact-policy = Beleid
contact-since-when = Sinds
contact-case-candidate = wordt van de lijst gehaald
contact-case-to-ask = wordt gevraagd
contact-case-asked = gevraagd om terug te komen
contact-case-removed = van de lijst gehaald
contact-case-came-back = kwam terug
contact-case-kept = door een mens behouden
contact-case-held-out = met rust gelaten ter vergelijking
contact-case-spared = gespaard
contact-taken-waiting = wacht
contact-taken-removed = van de lijst gehaald
contact-taken-left = met rust gelaten
contact-taken-restoring = wordt teruggezet
contact-taken-restored = teruggezet
contact-taken-lost = kan niet worden teruggezet

## Correcties
contact-adjustments = Correcties met de hand
contact-adjustments-caption = Wat mensen aan een score toevoegden of eraf haalden
contact-no-adjustments = Niemand heeft een score van dit contact gecorrigeerd.
contact-score = Score
contact-counts = Telt
contact-from-until = van { $from } tot { $until }
contact-taken-back = teruggenomen
contact-over = voorbij
contact-in-force = telt
contact-take-back = Neem terug
contact-adjust = Corrigeer een score
contact-adjust-points = Punten
contact-adjust-points-help = Schrijf ze als -20 of 7,5.
contact-adjust-until = Tot
contact-adjust-until-help = De eerste dag waarop ze niet meer tellen.
contact-adjust-reason = Reden
contact-adjust-reason-help = Iedereen die vraagt waarom, ziet die, met je naam.
contact-adjust-submit = Corrigeer
contact-adjust-no-score = Die score bestaat niet.
contact-adjust-long-reason = De reden is te lang: hoogstens 500 tekens.
contact-adjust-no-date = Bij “Tot” hoort een datum. Schrijf die als 2026-06-15.
contact-adjust-no-points = Dat is geen aantal punten. Schrijf het als -20 of 7,5, met hoogstens drie decimalen.
contact-adjust-no-reason = Een correctie heeft een reden nodig: zeg waarom.
contact-adjust-no-day = Er is geen dag waarop de correctie zou tellen: kies een latere datum.
contact-adjusted = De score is gecorrigeerd.
contact-withdrawn = De correctie is teruggenomen.
contact-lists-know = De lijsten weten het al.
contact-lists-will-know = De lijsten weten het na de volgende scoreronde.

## Audit
contact-audit = Audit
contact-audit-caption = Regels uit het auditlog over dit contact, de nieuwste eerst
contact-audit-who = Wie
