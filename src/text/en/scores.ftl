### How is the list spread?

scores-lead = { $judged ->
    [one] { $judged } contact is judged
   *[other] { $judged } contacts are judged
}, { $waits ->
    [one] { $waits } is not judged yet
   *[other] { $waits } are not judged yet
}.
scores-on = on { $day }
scores-spread = Spread of { $score }
scores-quartiles = { $n ->
    [one] { $n } contact has a score
   *[other] { $n } contacts have a score
}: half of them { $median } or more, the middle half between { $low } and { $high }.
scores-empty = Scores appear after the first full sync.
scores-bands = Bands, from the top
scores-no-bands = This score has no bands.
scores-change = change in a month
scores-rules = What each rule contributes
scores-rules-on = Points a contact, on average over everybody, as of { $day }.
scores-rules-none = This is taken once a week; there is no week yet.
scores-rule = rule
scores-mean = points a contact
scores-why = because
scores-unjudged-help = A score is missing an answer for them: whether they were silent cannot be told. They are counted nowhere as cold.
scores-unjudged = Contacts who are not judged, by reason
scores-all-judged = Everybody is judged.
