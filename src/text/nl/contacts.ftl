### Pagina: contacten

contacts-address = Adres begint met
contacts-who = Wie
contacts-everybody = iedereen
contacts-segments = Segmenten
contacts-bands = Niveaus van { $score }
contacts-stages = Fases
contacts-unjudged = Nog niet te beoordelen, want
contacts-sort = Volgorde
contacts-sort-known = zoals ze bekend werden
contacts-sort-most = meeste { $score } eerst
contacts-sort-fewest = minste { $score } eerst
contacts-show = Toon
contacts-where = Voor wie dit geldt
contacts-where-help = In de woorden van de regels, zoals: no open in 3 months and engagement > 10
contacts-wrong = Deze voorwaarde is niet te lezen:
contacts-no-name = “{ $name }” bestaat hier niet.
contacts-no-address = Met jouw rol vind je een contact alleen via het hele adres: typ het in het zoekveld bovenaan.
contacts-contact = Contact
contacts-belongs = Segmenten en fase
contacts-because = want { $why }
contacts-not-scored = nog niet gescoord
contacts-objected = bezwaar gemaakt: geen score
contacts-caption = Contacten, zoals de laatste scoreronde ze vond
contacts-caption-now = Contacten, zoals ze nu zijn
contacts-nobody = Er staat niemand in deze lijst.
contacts-nobody-yet = Nog niemand onder wie er is bekeken.
contacts-more-than = { $n ->
    [one] meer dan { $n } contact
   *[other] meer dan { $n } contacten
}
contacts-not-sorted = Deze lijst is te lang om te sorteren. Een niveau begint bij de meeste punten, elke andere lijst staat zoals de contacten bekend werden.
contacts-looked-at-all = { $n ->
    [0] Niemand gevonden. Iedereen is bekeken: { $seen } van { $all }.
    [one] Eén contact op deze pagina. Iedereen is bekeken: { $seen } van { $all }.
   *[other] { $n } contacten op deze pagina. Iedereen is bekeken: { $seen } van { $all }.
}
contacts-looked-and-full = { $n } contacten op deze pagina, na { $seen } te hebben bekeken (van { $all }).
contacts-looked-so-far = { $n ->
    [0] Nog niemand gevonden: { $seen } bekeken, van { $all }.
    [one] Eén contact gevonden: { $seen } bekeken, van { $all }.
   *[other] { $n } contacten gevonden: { $seen } bekeken, van { $all }.
}
contacts-look-on = Zoek verder
contacts-pages = Pagina's met contacten
contacts-export = De hele lijst als bestand
contacts-export-help = Elk contact uit deze lijst zoals het nu is, met adres. Wie de lijst heeft meegenomen, en met hoeveel contacten, staat in het auditlog.
