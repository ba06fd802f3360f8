### Logging in, the first account, the password typed again.

login-title = Log in
login-name = Name
login-password = Password
login-submit = Log in
login-wrong = Name and password do not belong together.
login-wait = { $n ->
    [one] Too many tries. Wait { $n } second, then try again.
   *[other] Too many tries. Wait { $n } seconds, then try again.
}
login-nobody-title = Nobody has an account yet
login-nobody = On the machine that runs engaged, make a link for the first account. It works once, for 15 minutes.
setup-title = Make your account
setup-lead = This link works once. Choose a name and a password to log in with.
setup-password-help = At least 12 characters. A sentence is fine, and so is what a password manager makes.
setup-again = Password once more
setup-submit = Make the account
setup-differ = The two passwords are not the same.
name-empty = Type a name.
name-too-long = A name has at most 64 characters.
name-invisible = A name has no spaces and no invisible characters.
setup-name-taken = Somebody has this name already.
setup-dead-title = This link does not work any more
setup-dead = A link works once, for 15 minutes. Make a new one on the machine that runs engaged.
password-too-short = The password is too short: at least 12 characters.
password-too-long = The password is too long: at most 128 characters.
password-is-name = The password is the same as the name.
password-one-character = The password is one character over and over.
password-common = This password is among those that are tried first. Choose another.
confirm-title = Your password once more
confirm-lead = What comes next cannot simply be undone, or lets somebody in. It stays open for five minutes.
confirm-submit = Go on
confirm-done = Thank you. You can go on for five minutes.
confirm-wrong = That is not your password.
