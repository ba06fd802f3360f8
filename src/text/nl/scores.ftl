### Hoe is de lijst verdeeld?

scores-lead = { $judged ->
    [one] { $judged } contact is beoordeeld
   *[other] { $judged } contacten zijn beoordeeld
}, { $waits ->
    [one] { $waits } is nog niet te beoordelen
   *[other] { $waits } zijn nog niet te beoordelen
}.
scores-on = op { $day }
scores-spread = Verdeling van { $score }
scores-quartiles = { $n ->
    [one] { $n } contact heeft een score
   *[other] { $n } contacten hebben een score
}: de helft { $median } of meer, de middelste helft tussen { $low } en { $high }.
scores-empty = Scores verschijnen na de eerste volledige synchronisatie.
scores-bands = Niveaus, van boven
scores-no-bands = Deze score heeft geen niveaus.
scores-change = verschil in een maand
scores-rules = Wat elke regel bijdraagt
scores-rules-on = Punten per contact, gemiddeld over iedereen, op { $day }.
scores-rules-none = Dit wordt één keer per week bepaald; er is nog geen week.
scores-rule = regel
scores-mean = punten per contact
scores-why = want
scores-unjudged-help = Voor hen ontbreekt een antwoord: of ze stil waren is niet te zeggen. Ze tellen nergens mee als koud.
scores-unjudged = Contacten die nog niet te beoordelen zijn, per reden
scores-all-judged = Iedereen is beoordeeld.
