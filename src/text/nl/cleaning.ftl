### Pagina: opschonen

cleaning-lead = Wie is vertrokken zonder het te zeggen, en is het veilig om die te laten gaan? Uitwerken doet niets; wie nog niet te beoordelen is wordt nooit voorgesteld.
cleaning-no-policy = Er is nog geen opschoonbeleid. Voeg er een toe aan de configuratie:
cleaning-when = Wie
cleaning-steps = Wat er gebeurt
cleaning-on = Op
cleaning-protects-and-limits = Wie blijft, en de grenzen
cleaning-protects = Wie blijft
cleaning-limits = Hoogstens
cleaning-limits-are = { $share } van de mailbare contacten ineens, en niet meer dan { $most }; is meer dan { $breaker } kandidaat, dan gebeurt er niets voor iemand heeft gekeken
cleaning-step-first = De automation “{ $automation }” vraagt het ze eerst, en krijgt daar { $wait } voor.
cleaning-step-tag = Ze krijgen de tag “{ $tag }”.
cleaning-automatic = Binnen de grenzen gebeurt dit vanzelf, één keer per dag.
cleaning-two-people = Hiervoor zijn twee mensen nodig: de een keurt het plan goed, en een ander bevestigt het voordat er iets gebeurt.
cleaning-protects-tenure = wie korter dan { $tenure } is ingeschreven
cleaning-protects-sends = wie minder dan { $n } mails kreeg die te meten zijn
cleaning-protects-purchases = wie in de laatste 12 maanden iets kocht
cleaning-protects-series = wie in een lopende reeks zit
cleaning-protects-holdout = { $share } van de kandidaten, om te zien wat opschonen kost
cleaning-window-days = { $n ->
    [one] één dag
   *[other] { $n } dagen
}
cleaning-window-weeks = { $n ->
    [one] één week
   *[other] { $n } weken
}
cleaning-window-months = { $n ->
    [one] één maand
   *[other] { $n } maanden
}
cleaning-window-years = { $n } jaar
cleaning-deed-tag = Ze krijgen een tag, en meer niet
cleaning-deed-unsubscribe = Ze worden uitgeschreven
cleaning-deed-suppress = Ze worden geblokkeerd
cleaning-deed-archive = Ze worden gearchiveerd
cleaning-deed-delete = Ze worden voorgoed verwijderd

## Uitwerken
cleaning-work-out = Uitwerken wie zou gaan
cleaning-plan-anew = Opnieuw uitwerken
cleaning-work-out-help = Kijkt naar iedereen en doet niets.
cleaning-not-worked-out = Niet uitgewerkt sinds de daemon is gestart.
cleaning-would-go = { $n ->
    [0] Nu zou niemand gaan.
    [one] Nu zou één contact gaan.
   *[other] Nu zouden { $n } contacten gaan.
}
cleaning-of = { $n ->
    [one] Eén van de { $all } mailbare contacten is kandidaat.
   *[other] { $n } van de { $all } mailbare contacten zijn kandidaat.
}
cleaning-nothing-done = Er is niets gedaan.
cleaning-see-plan = Bekijk het plan
cleaning-plan-title = Opschonen: { $policy }
cleaning-held = Nu zou er niets worden gedaan
cleaning-ask-approval = Vraag goedkeuring
cleaning-ask = wordt het eerst gevraagd
cleaning-take = gaan eraf
cleaning-in-win-back = wordt het nog gevraagd
cleaning-beyond-cap = wachten op een latere ronde
cleaning-safe = Is dat veilig?
cleaning-can-undo = Dit is 90 dagen lang ongedaan te maken.
cleaning-cannot-undo = Dit is niet ongedaan te maken.
cleaning-lost = Wat niet terugkomt:
cleaning-lost-place = de plek in een lopende automation
cleaning-lost-all = alles; het adres kan nooit meer worden geïmporteerd
cleaning-lost-member = het lid met labels, notities, reacties en de geschiedenis op de site
cleaning-tag = Tag:
cleaning-review = { $n ->
    [one] Bekijk er één van
   *[other] Bekijk er { $n } van
}
cleaning-review-help = De knop die het uitvoert staat onder die steekproef.
cleaning-stays = Wie blijft, en waarom
cleaning-stays-caption = Contacten voor wie de voorwaarde misschien geldt, en die niet worden voorgesteld
cleaning-stays-nobody = Niemand voor wie de voorwaarde misschien geldt is weggelaten.
cleaning-why = Waarom
cleaning-group = Groep
cleaning-protected = beschermd
cleaning-left-alone = met rust gelaten
cleaning-held-out = met rust gelaten om te zien wat opschonen kost
cleaning-kept = met rust gelaten door iemand, of na ongedaan maken
cleaning-cost = Wat opschonen kost
cleaning-holdout = { $n ->
    [one] Van één contact dat eerder met rust is gelaten
   *[other] Van { $n } contacten die eerder met rust zijn gelaten
} openden er { $opened }, klikten er { $clicked } en kochten er { $bought } in de 90 dagen erna: { $low } tot { $high } van zulke contacten komt weer tot leven.
cleaning-ages = Laatste teken van leven
cleaning-ages-message = { $n } van de { $all } mailbare contacten lieten de laatste 12 maanden niets van zich horen.
cleaning-ages-empty = Er zijn geen mailbare contacten.
cleaning-ages-months = maanden geleden
cleaning-ages-from = vanaf maand
cleaning-ages-below = tot maand
cleaning-ages-candidates = kandidaten
cleaning-ages-apart = verder
cleaning-ages-longer = langer geleden
cleaning-ages-never = nooit gezien

## Steekproef
cleaning-sample = Een willekeurige steekproef
cleaning-sample-lead = { $n } van { $all } contacten, willekeurig getrokken; steeds dezelfde zolang je dit plan bekijkt.
cleaning-sample-nobody = Niemand zou gaan.
cleaning-all-lead = { $n ->
    [one] Eén contact, de langste stilte eerst.
   *[other] { $n } contacten, de langste stilte eerst.
}
cleaning-all-part = Van meer dan { $n } staan er hier maar zo veel.
cleaning-see-all = Bekijk ze allemaal
cleaning-to-sample = Naar de steekproef
cleaning-what = Wat
cleaning-ask-one = eerst vragen
cleaning-take-one = eraf halen
cleaning-because = Want
cleaning-because-seen = Laatst gezien op { $day }: { $what }.
cleaning-because-never-since = Nooit gezien sinds de inschrijving op { $day }.
cleaning-because-never = Nooit gezien.
cleaning-because-mails = { $n ->
    [0] Sindsdien geen meetbare mail.
    [one] Sindsdien één meetbare mail.
   *[other] Sindsdien { $n } meetbare mails.
}
cleaning-because-untracked = { $n ->
    [one] Nog één was niet te meten.
   *[other] Nog { $n } waren niet te meten.
}
cleaning-because-machines = { $n ->
    [one] Eén open of klik door een machine telt niet mee.
   *[other] { $n } opens en kliks door machines tellen niet mee.
}
cleaning-alone = Met rust laten
cleaning-keep = Laat de aangevinkte met rust
cleaning-keep-help = Ze worden niet meer voorgesteld tot ze weer van zich laten horen. Het plan wordt opnieuw uitgewerkt, met een andere steekproef.
cleaning-keep-nobody = Er was niemand aangevinkt, dus er is niemand met rust gelaten.
cleaning-carry-out = Uitvoeren
cleaning-carry-out-help = Elk contact wordt nog één keer bekeken, hier en op het platform, en wat het ervoor was wordt eerst bewaard. Wie intussen een teken van leven geeft wordt gespaard. Is er iets veranderd sinds je keek, dan gebeurt er niets.
cleaning-apply = { $n ->
    [one] Voer het uit voor één contact
   *[other] Voer het uit voor { $n } contacten
}
cleaning-approve = { $n ->
    [one] Goedkeuren voor één contact
   *[other] Goedkeuren voor { $n } contacten
}
cleaning-who = Een marketeer kan dat doen.
cleaning-look-first = Bekijk eerst de steekproef; de knop staat eronder.

## Ontvangstbewijs en groepen
cleaning-receipt = Wat er is gedaan
cleaning-receipt-nothing = Er is niets gedaan.
cleaning-not-asked = zitten al in de terugwinreeks, of nog te kort geleden
cleaning-export = Wat ze ervoor waren:
cleaning-see-batch = Bekijk groep { $n }
cleaning-not-restored = Niet teruggezet
cleaning-not-restored-caption = Contacten die blijven zoals ze zijn, en waarom
cleaning-batches = Wat er tot nu toe is gedaan
cleaning-batches-caption = Groepen, de nieuwste eerst
cleaning-batches-empty = Er is nog niemand opgeschoond.
cleaning-batch = Groep
cleaning-batch-number = Groep { $n }
cleaning-policy = Beleid
cleaning-approved = Goedgekeurd
cleaning-by = door { $who }
cleaning-confirmed-by = bevestigd door { $who }
cleaning-batch-approved = bezig
cleaning-batch-waits = wacht op een tweede persoon
cleaning-batch-lapsed = verlopen
cleaning-batch-applied = klaar
cleaning-batch-undone = ongedaan gemaakt
cleaning-batch-lead = { $policy }, goedgekeurd door { $who }, { $time }.
cleaning-batch-confirmed = Bevestigd door { $who }, { $time }.
cleaning-waits = Groep { $n } van { $policy } wacht op een tweede persoon. { $who } keurde die goed; er gebeurt niets voordat iemand anders bevestigt. Na { $day } vervalt de goedkeuring.
cleaning-waits-second = wachten op een tweede persoon
cleaning-waits-help = Hiervan gebeurt niets voordat iemand anders de groep heeft bevestigd.
cleaning-confirm-help = Bekijk de contacten hieronder. Elk wordt vlak ervoor nog één keer bekeken, hier en op het platform.
cleaning-confirm = { $n ->
    [one] Bevestigen voor één contact
   *[other] Bevestigen voor { $n } contacten
}
cleaning-confirm-other = Jij kunt dit niet bevestigen: dat moet iemand anders doen dan wie het goedkeurde.
cleaning-stages = Hoe het met de contacten staat
cleaning-undo-title = Ongedaan maken
cleaning-undo-until = Ongedaan te maken tot { $day }.
cleaning-undo-late = Er zijn meer dan 90 dagen voorbij: dit is niet meer ongedaan te maken.
cleaning-undo-nothing = In deze groep valt niets ongedaan te maken.
cleaning-undo-help = Zet terug wie nog is zoals we die achterlieten. Wie sindsdien iets heeft besloten blijft zoals die is, en wordt genoemd.
cleaning-withdraw-help = Er is nog niets gebeurd. Wie je intrekt wordt niet opnieuw voorgesteld voordat die weer gezien is.
cleaning-withdraw = { $n ->
    [one] Intrekken voor één contact
   *[other] Intrekken voor { $n } contacten
}
cleaning-undo = { $n ->
    [one] Zet één contact terug
   *[other] Zet { $n } contacten terug
}
cleaning-lost-number = { $n ->
    [one] Eén kon niet worden teruggezet: bekijk waarom
   *[other] { $n } konden niet worden teruggezet: bekijk waarom
}
cleaning-contacts = Contacten
cleaning-contacts-caption = De contacten van deze groep
cleaning-contacts-all = alle van deze groep
cleaning-silent-since = Stil sinds
cleaning-there = Op het platform
