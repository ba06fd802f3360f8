### Pagina: automations

automations-lead = { $started ->
    [0] Er is nog niets gestart
    [one] Tot nu toe één start
   *[other] Tot nu toe { $started } starts
}, { $ready } op komst, { $doubt } in twijfel.
automations-none = Er zijn geen automations ingesteld. Een automation start iets zodra een voorwaarde begint te gelden:
automations-caption = Elke automation met wat er van de toetredingen is geworden
automations-name = Automation
automations-starts = Start
automations-inside = Erin
automations-settling = Bezinkt
automations-ready = Klaar om te starten
automations-started = Gestart
automations-suppressed = Tegengehouden
automations-refused = Geweigerd
automations-in-doubt = In twijfel
automations-silent = Stil
automations-would-start = { $n ->
    [one] één zou starten
   *[other] { $n } zouden starten
}
automations-start-tag = tag
automations-start-field = veld
automations-start-automation = automation
automations-start-event = gebeurtenis
automations-start-call = aanroep van
automations-start-handover = overdragen aan
automations-door-open = open
automations-door-gone = niet meer ingesteld
automations-door-paused = op pauze

## In twijfel
automations-doubt-title = In twijfel: is het gestart?
automations-doubt-means = Het verzoek is verstuurd en er kwam geen antwoord terug. Het wordt niet vanzelf herhaald, zodat niemand een reeks twee keer krijgt. Kijk op het platform en zeg wat je ziet.
automations-doubt-caption = Starts waarvan niemand het weet, de nieuwste eerst
automations-doubt-where = Kijk hier
automations-doubt-word = Wat je ziet
automations-doubt-who = Een marketeer kan zeggen wat ervan is geworden.
automations-doubt-look = Kijk op het platform of het contact in de automation zit.
automations-doubt-look-at = Kijk op { $on } of dit rond { $time } is gebeurd:
automations-doubt-started = Het is gestart
automations-doubt-again = Niet gestart: start opnieuw
automations-doubt-drop = Niet gestart, en laat maar
automations-resolved-started = Genoteerd, op jouw naam: het is gestart.
automations-resolved-again = Genoteerd, op jouw naam: het start met de volgende push.
automations-resolved-dropped = Genoteerd, op jouw naam: er start niets.

## Alsnog starten
automations-backfill-title = Starten voor wie er al in zit
automations-backfill-lead = { $n ->
    [0] Niemand zit erin zonder dat er iets is gestart.
    [one] Eén contact zit erin zonder dat er iets is gestart, en zou starten.
   *[other] { $n } contacten zitten erin zonder dat er iets is gestart, en zouden starten.
}
automations-backfill-nothing = Er is niets gedaan.
automations-backfill-why = Ze kwamen erin door de eerste import, een bewerking van de regels of laat nieuws, en zulke toetredingen starten vanzelf niets.
automations-backfill-guard = Een plan laat elke start zien voor ze gebeurt, en meer dan { $n } starts ineens wachten nog steeds op een eigen woord.
automations-backfill-do = { $n ->
    [one] Zet één start klaar
   *[other] Zet { $n } starts klaar
}
automations-backfilled = { $n ->
    [one] Eén start staat klaar. Het volgende plan laat die zien.
   *[other] { $n } starts staan klaar. Het volgende plan laat ze zien.
}

## Toetredingen
automations-per-day = Toetredingen per dag
automations-per-day-message = { $n ->
    [one] Eén toetreding in acht weken
   *[other] { $n } toetredingen in acht weken
}, waarvan er { $started } iets startten.
automations-per-day-empty = Niemand kwam de laatste acht weken in een automation.
automations-entries = Toetredingen
automations-day = Dag
automations-group-started = gestart
automations-group-waiting = op komst
automations-group-looked = in twijfel of geweigerd
automations-group-nothing = start niets
automations-entries-title = Toetredingen
automations-entries-caption = Toetredingen, de nieuwste eerst
automations-entries-empty = Zulke toetredingen zijn er niet.
automations-entered = Toegetreden
automations-there = Nog erin?
automations-left = eruit op { $time }
automations-all = alle
automations-filtered = gefilterd: toon alles

## Leads
automations-leads = Leads die op mensen wachten
automations-leads-caption = Overgedragen contacten, de nieuwste eerst, met wat vandaag voor ze pleit
automations-leads-empty = Niemand wacht op een antwoord.
automations-leads-help = “Geen lead” zet de score drie maanden op nul; wie naar het waarom vraagt ziet jouw reden.
automations-list = Lijst
automations-scores = Scores
automations-answer = Antwoord
automations-reason = Reden
automations-which-score = Score
automations-accept = Dit is een lead
automations-no-lead = Geen lead
automations-accepted = Genoteerd: het is een lead.
automations-refused-lead = Genoteerd: geen lead. De score volgt met de volgende ronde.
