### Wat doen de regels, en wat als?

rules-lead = Nu gelden { $rules ->
    [one] { $rules } regel
   *[other] { $rules } regels
}, { $segments ->
    [one] { $segments } segment
   *[other] { $segments } segmenten
} en { $stages ->
    [one] { $stages } fase
   *[other] { $stages } fasen
}.
rules-none = Nog geen score heeft regels.
rules-viewer = Om te bewerken heb je de rol marketeer nodig.
rules-edit-file = Bewerk { $file }
rules-edit-draft = Verder met het concept van { $file }
rules-draft-of = { $who } bewaarde op { $time } een concept van { $file }. Het geldt niet.
rules-when = voorwaarde
rules-points = punten
rules-hit = contacten
rules-mean = punten per contact
rules-measured = Contacten en punten per contact op { $day }
rules-not-measured = Contacten en punten per contact worden elke week opgenomen; er is nog geen week.
rules-model = Een model: de regels zijn voorwaarden met berekende gewichten, en hun punten betekenen niets.
rules-score-empty = Deze score heeft geen regels.
rules-bands = Niveaus:
rules-band-rest = alles daaronder
rules-name = naam
rules-segments = Segmenten
rules-segments-caption = Segmenten: een contact kan in meer dan één zitten
rules-no-segments = Er zijn geen segmenten.
rules-stages = Fasen
rules-stages-caption = Fasen, in deze volgorde: de eerste die geldt
rules-no-stages = Er zijn geen fasen.

## De geschiedenis
rules-history = Wat is gepubliceerd
rules-history-caption = De laatste publicaties, de nieuwste eerst
rules-history-none = Er is van hieruit nog niets gepubliceerd.
rules-published-at = wanneer
rules-published-by = door
rules-published-why = waarom
rules-published-state = stand
rules-file = bestand
rules-state-done = gepubliceerd
rules-state-planned = bezig
rules-state-failed = niet gepubliceerd
rules-state-overtaken = in twijfel: iemand anders veranderde het bestand
rules-undoes = draait { $n } terug
rules-publication = Publicatie { $n }
rules-back = Alle regels
rules-what-changed = Wat er veranderde
rules-difference-caption = − is verwijderd, + is toegevoegd
rules-difference-long = De rest is te lang om te tonen.
rules-no-difference = De teksten zijn gelijk.
rules-line-before = eerst
rules-line-after = daarna
rules-line = regel
rules-roll-back = Terugdraaien
rules-roll-back-help = Het bestand krijgt de tekst die het eerst had. Is het sindsdien veranderd, dan wordt die tekst een concept en wordt er niets geschreven.
rules-roll-back-do = Zet de vorige tekst terug
rules-password-first = Hiervoor vragen we je wachtwoord opnieuw, voordat je zegt waarom.
rules-password = Typ het wachtwoord
rules-reason = Waarom?
rules-reason-help = Wie na jou komt, leest het. 3 tot 500 tekens.
rules-published = Gepubliceerd als nummer { $n }. De contacten worden er nu mee gescoord.
rules-under-way = Het is aan de beurt na wat nu loopt.

## De editor
rules-edit-title = { $file } bewerken
rules-files = Bestanden van de configuratie
rules-only = Hier kun je alleen regels veranderen ({ $parts }). Koppelingen, sleutels, automations, bewakers en dergelijke verander je in het bestand zelf.
rules-present = Het bestand zoals het is
rules-draft-text = Concept
rules-text-help = Tab verlaat dit veld; spring in met spaties. Een concept verandert niets voordat het is gepubliceerd.
rules-saved-by = Bewaard door { $who } op { $time }.
rules-check-and-preview = Controleren en vooruitkijken
rules-check = Alleen controleren
rules-discard = Gooi het concept weg
rules-discarded = Het concept is weg.
rules-unsaved = Wat je typte staat hieronder, en is niet bewaard.
rules-stale = { $file } is op schijf veranderd sinds dit concept begon. Vergelijk de twee en controleer het concept opnieuw: vanaf dan geldt het als vergeleken met het bestand zoals het nu is.
rules-errors-number = { $n ->
    [one] In het concept zit één fout.
   *[other] In het concept zitten { $n } fouten.
}
rules-see-findings = Bekijk wat is gevonden
rules-no-errors = In het concept zitten geen fouten.
rules-checked = Wat is gevonden
rules-errors = Fouten
rules-tests-fail = Regeltests die mislukken
rules-warnings = Waarschijnlijk niet zo bedoeld
rules-marked = De regels met de woorden gemarkeerd
rules-place = { $file }, regel { $line }, kolom { $column }
rules-more-findings = Nog { $n } worden niet getoond.
rules-show-preview = Toon het vooruitzicht
rules-slow = Vooruitkijken duurt langer dan een pagina mag wachten. Voer het commando hieronder uit op de server.
rules-publish = Publiceren
rules-publish-help = Het concept komt in de plaats van het bestand en geldt meteen; daarna wordt iedereen ermee gescoord.
rules-publish-do = Publiceer het concept
rules-preview-first = Bekijk eerst het vooruitzicht.
rules-not-sound = Herstel eerst de fouten en de regeltests.
rules-no-place = Het bestand kan van hieruit niet worden geschreven, of het concept is niet bewaard.
rules-refused = Niet gedaan: { $why }
rules-refused-other = Het concept is intussen een ander: iemand bewaarde, publiceerde of verwijderde het.
rules-refused-changed = Het bestand is op schijf veranderd sinds het concept begon. Vergelijk het concept ermee en controleer het opnieuw.
rules-refused-same = In het concept staat wat in het bestand staat: er is niets te publiceren.
rules-refused-reason = Zeg in 3 tot 500 tekens waarom.

## Het vooruitzicht
rules-preview = Wat het concept zou veranderen
rules-same = Het concept betekent hetzelfde als de regels die gelden. Geen contact verandert.
rules-changed = { $n ->
    [one] { $n } contact
   *[other] { $n } contacten
} van de { $all } zou een ander getal, niveau, segment of andere fase krijgen.
rules-settings = Naast scores en segmenten verandert het: { $which }.
rules-behind = { $n ->
    [one] De bewaarde score van { $n } contact is ouder dan wat bekend is; het vooruitzicht niet.
   *[other] De bewaarde scores van { $n } contacten zijn ouder dan wat bekend is; het vooruitzicht niet.
}
rules-moves = { $n ->
    [one] { $n } getal verandert
   *[other] { $n } getallen veranderen
}: { $up } omhoog, { $down } omlaag; de helft met { $median } of minder.
rules-no-moves = Geen getal verandert.
rules-now = nu
rules-draft = concept
rules-change = verschil
rules-bars = boven nu, onder concept
rules-bands-caption = Contacten per niveau
rules-from = van
rules-to = naar
rules-not-scored = Zonder deze score
rules-flows = De grootste verschuivingen tussen niveaus
rules-no-flows = Niemand verandert van niveau.
rules-edited = Regels die zijn bewerkt of iets anders opleveren
rules-edited-none = Geen regel levert iets anders op.
rules-fate = bewerking
rules-fate-new = nieuw
rules-fate-changed = veranderd
rules-fate-removed = verwijderd
rules-fate-same = gelijk
rules-points-now = punten nu
rules-points-draft = punten in het concept
rules-hit-now = contacten nu
rules-hit-draft = contacten in het concept
rules-unknown = niet te zeggen
rules-overlap = { $n ->
    [one] { $n } contact heeft een gebeurtenis
   *[other] { $n } contacten hebben gebeurtenissen
} die twee regels tellen: { $one } en { $other }.
rules-segment = segment
rules-enter = komen erin
rules-leave = gaan eruit
rules-segments-change = Segmenten die veranderen
rules-segments-same = Geen segment verandert.
rules-no-stage = Geen fase
rules-stages-change = Verschuivingen tussen fasen
rules-stages-same = Niemand verandert van fase.
rules-automation = automation
rules-automations = Contacten voor wie elke voorwaarde geldt
rules-silent = blijven stil
rules-silent-help = Nieuwe regels werken nooit terug: voor { $n ->
    [one] { $n } contact
   *[other] { $n } contacten
} gaat een voorwaarde alleen door deze bewerking gelden, en voor hen start er niets.
rules-push = Wat er daarna zou worden geschreven
rules-push-caption = Contacten van wie veld of tags zouden veranderen
rules-push-none = Er wordt naar geen enkel platform geschreven.
rules-connection = koppeling
rules-pushed = zou veranderen
rules-guard = bewaker
rules-held = tegengehouden: meer dan { $limit } tegelijk wacht op een mens
rules-not-held = binnen de bewaker
rules-who = Wie er verandert
rules-who-caption = De eerste { $n } van { $all } contacten die veranderen
rules-contact = contact
rules-score = score
rules-moves-to = segmenten en fase
