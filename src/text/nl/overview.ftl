### Werkt het, en wat is er deze week veranderd?

overview-no-score = Er is nog geen score: schrijf regels, of begin met een regelpakket.
overview-in-a-week = { $much } in een week
overview-judged = beoordeeld
overview-in-band = in “{ $band }”
overview-fell = deze week gezakt naar “{ $band }”
overview-started = automations gestart
overview-cleaning = open opschoongevallen
overview-needs = Wat op jou wacht
overview-nothing = Niets. Alles loopt.
overview-act = doen
overview-look = kijken
overview-note = weten
overview-rejects = { $n ->
    [one] { $n } rij was niet te begrijpen
   *[other] { $n } rijen waren niet te begrijpen
}
overview-held = Tegengehouden door “{ $guard }”
overview-unconfirmed = Opschonen: groep { $n } van { $policy }, goedgekeurd door { $who }, wacht op een tweede persoon
overview-in-doubt = { $n ->
    [one] { $n } start is in twijfel: alleen een mens kan kijken
   *[other] { $n } starts zijn in twijfel: alleen een mens kan kijken
}
overview-waiting = { $n ->
    [one] { $n } contact heeft nieuws en wacht op de volgende scoreronde
   *[other] { $n } contacten hebben nieuws en wachten op de volgende scoreronde
}
overview-spread = { $n ->
    [one] { $n } contact heeft een score.
   *[other] { $n } contacten hebben een score.
}
overview-known = { $n ->
    [one] De laatste 13 weken; daarvan is { $n } dag bekend.
   *[other] De laatste 13 weken; daarvan zijn { $n } dagen bekend.
}
overview-shadow = { $n ->
    [one] kijkt alleen mee tot { $day }; er zou { $n } keer geschreven zijn
   *[other] kijkt alleen mee tot { $day }; er zou { $n } keer geschreven zijn
}
overview-shadow-over = { $n ->
    [one] keek alleen mee tot { $day }; er zou { $n } keer geschreven zijn. Zo laat je schrijven toe:
   *[other] keek alleen mee tot { $day }; er zou { $n } keer geschreven zijn. Zo laat je schrijven toe:
}
overview-restored-sync = Teruggezet uit een back-up: { $connection } is sindsdien nog niet helemaal gelezen
overview-restored-compare = Teruggezet uit een back-up: wat { $connection } toont wordt bij de volgende push overgenomen
overview-restored-score = Teruggezet uit een back-up: wat er binnenkwam moet nog gescoord worden
overview-restored-silent = { $n ->
    [one] Door het terugzetten start { $n } toetreding tot { $automation } niets
   *[other] Door het terugzetten starten { $n } toetredingen tot { $automation } niets
}
overview-restored-lost = Wat bestanden en programma’s sinds de back-up hebben gemeld is weg tot het opnieuw wordt gemeld; die dagen worden niet beoordeeld
overview-check = Een controle van de database heeft iets gevonden dat niet klopt ({ $check }). Vraag wie engaged beheert: engaged verify
overview-backup-stale = Er is de laatste tijd geen goede back-up van de database gemaakt
overview-disk-low = De schijf van de database is bijna vol: er wordt niets ingelezen tot er ruimte is
