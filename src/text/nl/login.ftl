### Inloggen, het eerste account, het wachtwoord nog eens.

login-title = Inloggen
login-name = Naam
login-password = Wachtwoord
login-submit = Inloggen
login-wrong = Naam en wachtwoord horen niet bij elkaar.
login-wait = { $n ->
    [one] Te veel pogingen. Wacht { $n } seconde en probeer het opnieuw.
   *[other] Te veel pogingen. Wacht { $n } seconden en probeer het opnieuw.
}
login-nobody-title = Nog niemand heeft een account
login-nobody = Maak op de machine waarop engaged draait een link voor het eerste account. Die werkt één keer, 15 minuten lang.
setup-title = Maak je account
setup-lead = Deze link werkt één keer. Kies een naam en een wachtwoord om mee in te loggen.
setup-password-help = Minstens 12 tekens. Een zin mag, en ook wat een wachtwoordmanager maakt.
setup-again = Wachtwoord nog eens
setup-submit = Maak het account
setup-differ = De twee wachtwoorden zijn niet gelijk.
name-empty = Typ een naam.
name-too-long = Een naam heeft hoogstens 64 tekens.
name-invisible = Een naam heeft geen spaties en geen onzichtbare tekens.
setup-name-taken = Iemand heeft deze naam al.
setup-dead-title = Deze link werkt niet meer
setup-dead = Een link werkt één keer, 15 minuten lang. Maak een nieuwe op de machine waarop engaged draait.
password-too-short = Het wachtwoord is te kort: minstens 12 tekens.
password-too-long = Het wachtwoord is te lang: hoogstens 128 tekens.
password-is-name = Het wachtwoord is gelijk aan de naam.
password-one-character = Het wachtwoord is steeds hetzelfde teken.
password-common = Dit wachtwoord hoort bij die het eerst geprobeerd worden. Kies een ander.
confirm-title = Je wachtwoord nog eens
confirm-lead = Wat nu komt kan niet zomaar ongedaan worden gemaakt, of laat iemand toe. Het blijft vijf minuten open.
confirm-submit = Ga verder
confirm-done = Dank je. Je kunt vijf minuten verder.
confirm-wrong = Dat is je wachtwoord niet.
