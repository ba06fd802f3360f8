### Hoe is het ingericht, en wie mag het gebruiken?

settings-own = Van jou
settings-saved = Bewaard.
settings-back = Terug naar de instellingen
settings-once = Dit zie je één keer. Het is niet opnieuw op te vragen.

## Het wachtwoord en de sessies
settings-password = Je wachtwoord
settings-present = Huidig wachtwoord
settings-new = Nieuw wachtwoord
settings-change-password = Verander het wachtwoord
settings-password-changed = Je wachtwoord is veranderd. Overal elders ben je uitgelogd.
settings-present-wrong = Het huidige wachtwoord klopt niet.
settings-sessions = Waar je bent ingelogd
settings-sessions-caption = Je sessies: elk eindigt na een uur zonder gebruik, en na twaalf uur
settings-since = sinds
settings-seen = laatst gebruikt
settings-from = vanaf
settings-end = beëindigen
settings-this-session = deze
settings-end-session = Daar uitloggen
settings-session-ended = Die sessie is beëindigd.

## Gebruikers
settings-step-up = Om gebruikers en tokens te veranderen vragen we je wachtwoord opnieuw; dat geldt dan vijf minuten.
settings-password-now = Typ het wachtwoord nu
settings-users = Gebruikers
settings-users-caption = Wie het dashboard mag gebruiken
settings-role = rol
settings-role-of = Rol van { $name }
settings-give-role = Geef de rol
settings-change = veranderen
settings-disable = Niet meer toelaten
settings-disabled = niet meer toegelaten sinds { $time }
settings-invite = Laat iemand toe
settings-invite-help = Met een link maak je één account, één keer, binnen een kwartier. Wie hem opent kiest een eigen naam en wachtwoord.
settings-invite-do = Maak een link
settings-link = Een link voor een nieuwe gebruiker
settings-link-help = Hiermee wordt één account gemaakt met de rol { $role }; de link geldt tot { $time }. Geef hem alleen aan die persoon.
settings-role-given = { $name } is nu { $role }, en moet opnieuw inloggen.
settings-user-disabled = { $name } wordt niet meer toegelaten.
settings-no-role = Die rol bestaat niet.
settings-no-user = Die gebruiker bestaat niet, of wordt al niet meer toegelaten.
settings-none-such = Het is al weg.
settings-last-admin = Dit is de laatste beheerder: zonder beheerder kan niemand iemand toelaten.
settings-first-is-admin = De eerste gebruiker moet beheerder zijn.

## Tokens
settings-tokens = API-tokens
settings-tokens-caption = Programma’s die de API mogen gebruiken
settings-tokens-none = Er zijn geen tokens.
settings-token = API-token
settings-scopes = Mag
settings-made = gemaakt
settings-used = laatst gebruikt
settings-never-used = nooit
settings-until = geldig tot
settings-revoke = Intrekken
settings-revoked = ingetrokken op { $time }
settings-expired = verlopen
settings-new-token = Een nieuw token
settings-token-name = Naam
settings-token-name-help = Waarvoor het is, bijvoorbeeld “webshop”.
settings-days = Hoeveel dagen geldig
settings-token-make = Maak het token
settings-token-made = Het token { $name } geldt tot { $time }.
settings-token-revoked = Het token is ingetrokken.
settings-token-name-wrong = Een token heeft een naam nodig van hooguit 64 tekens.
settings-no-scope = Kies ten minste één ding dat het token mag.
settings-days-wrong = Een token geldt 1 tot 366 dagen.
settings-scope-read = contacten met hun adressen, scores, segmenten, runs en plannen lezen
settings-scope-events = gebeurtenissen brengen
settings-scope-plan = een plan maken
settings-scope-apply = een plan uitvoeren
settings-scope-approve = doorlaten wat een bewaker tegenhoudt
settings-scope-automations = zeggen wat er van starts in twijfel werd

## De configuratie
settings-configuration = Configuratie die geldt
settings-file = uit
settings-zone = dagen beginnen en eindigen in
settings-guard-scores = bewaker: aandeel scores dat tegelijk mag veranderen
settings-guard-starts = bewaker: starts van automations tegelijk
settings-guard-lists = bewaker: aandeel van een lijst dat mag verdwijnen
settings-version = versie
settings-connections = Koppelingen
settings-connections-caption = Koppelingen, zonder hun sleutels
settings-name = naam
settings-platform = platform
settings-mode = modus
settings-live = schrijft
settings-read-only = leest alleen
settings-schedule = schema
settings-lists = lijsten
settings-all-lists = alle
settings-warnings = Waarschijnlijk niet zo bedoeld
settings-no-warnings = Er valt niets op.
settings-reload = Laad de configuratie opnieuw
settings-reload-help = Neemt de bestanden opnieuw, helemaal of helemaal niet.
settings-reload-trouble = Waarom de laatste keer laden is geweigerd
settings-reload-by = Gevraagd door { $who } op { $time }. Wat gold, geldt nog.
settings-reloaded = Opnieuw geladen. Veranderd: { $what }.
settings-reloaded-restart = Opnieuw geladen. Veranderd: { $what }. Pas vanaf de volgende start: { $restart }.
settings-reloaded-same = Opnieuw geladen. Er is niets veranderd.
settings-not-reloaded = Niet geladen: er zitten fouten in de bestanden. Ze staan hieronder; wat gold, geldt nog.
settings-reload-waits = Opnieuw laden is aan de beurt na wat nu loopt.
