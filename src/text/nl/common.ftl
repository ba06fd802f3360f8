### Wat meer dan één pagina zegt.

product = engaged

## Navigatie
nav-overview = Overzicht
nav-scores = Scores
nav-segments = Segmenten
nav-contacts = Contacten
nav-rules = Regels
nav-automations = Automations
nav-sync = Synchronisatie
nav-push = Pushlog
nav-cleaning = Opschonen
nav-privacy = Privacy en audit
nav-settings = Instellingen
nav-main = Hoofdmenu
skip-to-content = Naar de inhoud
log-out = Uitloggen
search-contact = Contacten zoeken
search = Zoeken
language = Taal
theme = Weergave
theme-auto = Zoals het systeem
theme-light = Licht
theme-dark = Donker
apply-choice = Gebruik

## Tijd en getallen
minutes = { $n ->
    [one] { $n } minuut
   *[other] { $n } minuten
}
hours = { $n } uur
days = { $n ->
    [one] { $n } dag
   *[other] { $n } dagen
}
contacts-number = { $n ->
    [one] { $n } contact
   *[other] { $n } contacten
}

## Actualiteit
freshness = Hoe actueel de gegevens zijn
fresh-age = { $age } oud
fresh-never = nooit gesynchroniseerd
fresh-through = compleet tot en met { $time }
fresh-not-through = nog niet compleet
state-ok = in orde
state-never-synced = nooit gesynchroniseerd
state-stale = verouderd
state-trouble = storing
state-blocked = geblokkeerd
no-connections = Geen koppelingen: bestanden komen binnen met “engaged import”.

## Meldingen bovenaan
banner-paused = Schrijven naar platforms staat op pauze. Synchroniseren en scoren gaan door.
banner-guards = { $n ->
    [one] Eén bewaker houdt schrijven tegen en wacht op een mens.
   *[other] { $n } bewakers houden schrijven tegen en wachten op een mens.
}
banner-see = Bekijk wat wordt tegengehouden
banner-reload = De configuratie op schijf kon niet worden geladen: { $why }. De vorige blijft gelden.

## Vaste onderdelen
as-table = Als tabel
copy-command = Kopieer het commando
copied = Gekopieerd
not-judged = Nog niet te beoordelen
no-band = Geen niveau
none-yet = Nog niets
gap = geen gegevens
stale-from = niet compleet
next-page = Volgende pagina
first-page = Eerste pagina
download-csv = CSV
download-ndjson = NDJSON
managed-by = Beheerd in { $file }
save = Bewaren
cancel = Annuleren
because = want

## Fouten
error-title = Dit is niet gelukt
error-not-found = Deze pagina bestaat niet
error-not-found-help = Het adres is misschien oud of verkeerd getypt.
error-forbidden = Je rol staat dit niet toe
error-forbidden-help = Hiervoor is de rol { $role } nodig. Een beheerder kan die geven bij Instellingen.
error-method = Dit adres kan niet zo worden gebruikt
error-internal = Er ging iets mis binnen engaged
error-internal-help = In het log staan de details onder nummer { $id }.
error-refused = Het verzoek is geweigerd: het kwam niet van deze pagina
error-refused-help = Open de pagina opnieuw en probeer het van daar.
error-host = Dit adres hoort niet bij dit dashboard
error-too-large = Wat is verstuurd is te groot
back-to-overview = Naar het overzicht
role-viewer = kijker
role-marketer = marketeer
role-admin = beheerder

## Waarom iemand nog niet te beoordelen is
unjudged-too-new = te kort geleden ingeschreven
unjudged-no-tracking = geen toestemming om opens, kliks of bezoeken te meten
unjudged-not-tracked = opens en kliks worden niet gemeten
unjudged-not-mailed = niet gemaild
unjudged-too-few-sends = te weinig mails om iets te zeggen
unjudged-coverage-gap = er zit een gat in onze eigen gegevens
unjudged-unmeasurable = een privacyproxy opent de mails
unjudged-other = er ontbreekt iets

## Woorden van grafieken en tabellen
contacts = contacten
from = van
below = tot
band = niveau
share = aandeel
points-of = punten van { $score }
day = dag
week = week
total = totaal
hindsight = Tot en met { $day } achteraf berekend: wat de huidige regels over die dagen zeggen, met wat nu bekend is.
