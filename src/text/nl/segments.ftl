### Wie gaat waarheen?

segments-none = Er zijn nog geen niveaus, segmenten of fases. Die komen met de regels.
segments-which = Wat wordt getoond
segments-span = Hoe ver terug
segments-span-month = 4 weken
segments-span-quarter = 13 weken
segments-span-year = 52 weken
segments-bands = Niveaus van { $score }
segments-stages = Fases
segments-empty = In deze tijd is niets gescoord.
segments-known = { $known ->
    [one] De scores van { $known } van de { $days } dagen zijn bekend. Voor de andere is niets verzonnen.
   *[other] De scores van { $known } van de { $days } dagen zijn bekend. Voor de andere is niets verzonnen.
}
segments-change = { $n ->
    [one] { $n } contact ({ $much })
   *[other] { $n } contacten ({ $much })
}
segments-list = Bekijk wie het zijn
segments-new = hier nieuw
segments-outside = erbuiten
segments-from = van
segments-to = naar
segments-moves = overgangen
segments-who-moves = Wie gaat waarheen
segments-moves-help = De grootste eerst. Wie weggaat en terugkomt, is twee keer gegaan.
segments-no-moves = Niemand ging in deze tijd ergens heen.
