### Bewaarde zinnen, opnieuw gezegd op elke pagina die ze toont.

## Wat bewakers zagen
told-first-push = { $a ->
    [one] één wijziging
   *[other] { $a } wijzigingen
} die voor het eerst iets tonen: { $targets }
told-starts = { $a } starts ineens (grens { $b }): { $c }. { $why }
told-change = { $a } van de { $b } contacten veranderen ineens ({ $c } %, grens { $d } %). { $why }
told-shrunk = { $a } van de { $b } contacten ontbreken in de lijst van het platform
told-scan = bij de laatste blik op de hele lijst ontbraken te veel contacten
told-candidates = { $a }: { $b } van de { $c } contacten zijn kandidaat (grens { $d } %). { $why }
told-backfill = Om { $a } ervan is achteraf gevraagd.
told-no-earlier = Er is geen eerdere push om mee te vergelijken: bekijk een steekproef in het plan.
told-edited = Waarschijnlijke oorzaak: de regels zijn bewerkt sinds de laatste push ({ $a }), waardoor alle { $b } opnieuw zijn gescoord.
told-sync = Waarschijnlijke oorzaak: ons eigen ophalen sinds de laatste push ({ $a }): { $b }. { $c } van de { $d } horen daarbij.
told-machines = Waarschijnlijke oorzaak: machines. Van { $a } van de { $b } zijn opens of kliks sinds de laatste push ({ $c }) als die van een machine herkend.
told-import = Waarschijnlijke oorzaak: een import in { $a } sinds de laatste push ({ $b }), met nieuws over { $c } van de { $d }.
told-first-sync = Waarschijnlijke oorzaak: de eerste synchronisatie van { $a } sinds de laatste push ({ $b }), met nieuws over { $c } van de { $d }.
told-no-cause = Geen waarschijnlijke oorzaak sinds de laatste push ({ $a }): van de { $b } hebben er { $c } opens of kliks die nu van een machine blijken, en zijn er { $d } bekend uit een nieuwe bron. Bekijk een steekproef in het plan.
told-quiet = Helemaal niemand opende, klikte of kocht iets sinds { $a }: kijk eerst naar de synchronisatie.
told-machines-only = { $a } ervan worden alleen door machines geopend: daarachter kunnen mensen lezen.
told-policy-edited = Het beleid is bewerkt sinds de laatste groep.
told-never-ran = Het beleid heeft nog nooit gelopen: in de loop der jaren kunnen er zo veel zijn vertrokken.
told-mailings = Kijk wat er is veranderd in hoe de mailings worden verstuurd of gemeten.

## Waarom er niets gebeurt
told-retracted = ze wordt teruggetrokken: onze velden en tags gaan eraf
told-unseen = een platform kan niet worden gevraagd wie met rust moet worden gelaten; bevestig wanneer dat weer kan
told-read-only-here = de koppeling leest alleen
told-read-only = { $a } leest alleen
told-paused = schrijven staat op pauze
told-blocked = { $a } is geblokkeerd tot de sleutel weer werkt
told-shrunk-waits = { $a }: de lijst is gekrompen, en dat wacht op een mens
told-never-synced = geen koppeling ervan is ooit gesynchroniseerd
told-approved-waits = { $a }: wat is goedgekeurd wacht, omdat schrijven op pauze staat, alleen gelezen of tegengehouden wordt, of de sleutel geweigerd is
told-nobody-confirmed = niemand heeft het bevestigd
told-second = wacht op een tweede persoon
told-now-two = het beleid vraagt nu om twee mensen
told-beyond-cap = { $a }: { $b } kandidaten zijn meer dan de { $c } die vanzelf mogen gaan; iemand moet kijken
told-backup = Een back-up die weet wat er tot { $a } is gebeurd, is op de plaats van de database gezet.
told-empty-backup = Een lege back-up is op de plaats van de database gezet.
told-quarantine = teruggezet uit een back-up: er wordt niets geschreven tot iemand dat toestaat
told-uncompared = teruggezet uit een back-up: deze koppeling moet eerst helemaal gelezen worden
told-unsound = de eigen controle van de database ({ $a }) vond: { $b }

## Toetredingen tot automations
told-first-import = was er al voor ons: eerste import
told-rules-edited = de regels zijn bewerkt
told-restored = teruggezet uit een back-up: misschien al gestart
told-late = laat nieuws uit het verleden
told-not-subscribed = niet ingeschreven
told-not-there = niet op het platform
told-left = eruit voor het gestart was
told-did-not-hold = gold niet, zoals we nu weten
told-too-long = te lang gewacht om nog te starten
told-asked-for = achteraf door iemand gevraagd
told-accepted = aangenomen
told-no-lead = geen lead
told-cooldown = te kort na de vorige start: tot { $a }
told-most = had al zo veel starts als een contact mag hebben: { $a }
told-resolved = { $a } heeft het gezegd
told-beyond = samen met { $a } overschreden, die verder ligt
told-by-cleaning = gevraagd door opschonen: { $a }

## Wijzigingen
told-not-wanted = niet meer gewenst
told-not-to-start = hoeft niet meer te starten
told-newer = een nieuwere waarde kwam ervoor in de plaats
told-written-again = opnieuw geschreven
told-no-outcome = er is niets gezegd over wat ervan is geworden
told-lost = het antwoord is verloren gegaan
told-not-tried = niet geprobeerd
told-gone = het contact is van het platform verdwenen
told-subscribed = al ingeschreven
told-shows-done = het platform laat zien dat het is gedaan
told-once-more = niet gedaan; nog een keer

## Opschonen
told-kept-by = met rust gelaten door { $a }
told-kept-meanwhile = intussen met rust gelaten
told-undone = ongedaan gemaakt
told-called-off = afgeblazen
told-came-back = kwam terug
told-no-longer-holds = de voorwaarde geldt niet meer
told-not-judged = niet meer te beoordelen: { $why }
told-protected = beschermd: { $why }
told-no-longer-there = niet meer op het platform
told-status-there = de status daar is { $a }
told-recent-mail = kreeg onlangs mail die het platform niet doorgeeft
told-saw-life = het platform zag een teken van leven dat het niet doorgaf
told-policy-gone = het beleid is er niet meer
told-approved-long-ago = meer dan { $a } dagen geleden goedgekeurd
told-not-cleaned-there = het beleid schoont { $a } niet meer op
told-ninety-days = meer dan 90 dagen geleden
told-no-connection = de koppeling is er niet meer, of leest alleen
told-complained = heeft sindsdien geklaagd
told-bounced = is sindsdien gebounced
told-decided = heeft sindsdien zelf iets besloten
told-left-elsewhere = heeft zich sindsdien elders uitgeschreven
told-no-undo = het platform maakt { $a } niet ongedaan
told-no-export = wat het ervoor was is niet bekend
told-protect-unknown = het is niet bekend of het beleid ze beschermt: { $why }
told-purchases-unknown = het is niet bekend of ze iets kochten: { $why }

## Redenen
told-too-new = te kort geleden ingeschreven om iets te zeggen
told-no-tracking = geen toestemming om opens, kliks of bezoeken te meten
told-not-tracked = opens en kliks worden niet gemeten
told-not-mailed = geen mail gekregen, dus stilte zegt niets
told-too-few-sends = te weinig mails om iets te zeggen
told-coverage-gap = onze eigen gegevens hebben een gat
told-unmeasurable = een privacyproxy opent de mails
told-never-customer = is nooit klant geweest
told-field-unknown = een veld is leeg
told-no-address = er is geen adres
told-other-currency = een bedrag is in een andere munt
told-never-happened = is nooit gebeurd, dus er is geen tijd sindsdien
told-no-status = geen platform zei of ze zijn ingeschreven
told-unknown = het is niet bekend of de voorwaarde geldt
told-tenure = niet lang genoeg ingeschreven
told-in-series = zit in een lopende reeks
told-protect = het beleid beschermt ze
told-purchase = een aankoop in 12 maanden
