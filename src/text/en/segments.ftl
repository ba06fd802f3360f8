### Who moves where?

segments-none = There are no bands, segments or stages yet. They come with the rules.
segments-which = What is shown
segments-span = How far back
segments-span-month = 4 weeks
segments-span-quarter = 13 weeks
segments-span-year = 52 weeks
segments-bands = Bands of { $score }
segments-stages = Stages
segments-empty = Nothing was scored in this time.
segments-known = { $known ->
    [one] Scores are known of { $known } of { $days } days. Of the others nothing is made up.
   *[other] Scores are known of { $known } of { $days } days. Of the others nothing is made up.
}
segments-change = { $n ->
    [one] { $n } contact ({ $much })
   *[other] { $n } contacts ({ $much })
}
segments-list = See who they are
segments-new = new here
segments-outside = outside
segments-from = from
segments-to = to
segments-moves = moves
segments-who-moves = Who moves where
segments-moves-help = The largest first. Who goes and comes back has moved twice.
segments-no-moves = Nobody moved in this time.
