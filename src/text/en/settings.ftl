### How is it set up, and who may use it?

settings-own = Yours
settings-saved = Saved.
settings-back = Back to the settings
settings-once = This is shown once. It cannot be looked up again.

## The password and the sessions
settings-password = Your password
settings-present = Present password
settings-new = New password
settings-change-password = Change the password
settings-password-changed = Your password is changed. Everywhere else you are logged out.
settings-present-wrong = The present password is wrong.
settings-sessions = Where you are logged in
settings-sessions-caption = Your sessions: each ends after an hour without use, and after twelve hours
settings-since = since
settings-seen = last used
settings-from = from
settings-end = end
settings-this-session = this one
settings-end-session = Log out there
settings-session-ended = That session has ended.

## Users
settings-step-up = Changing users and tokens asks for your password again; it then counts for five minutes.
settings-password-now = Type the password now
settings-users = Users
settings-users-caption = Who may use the dashboard
settings-role = role
settings-role-of = Role of { $name }
settings-give-role = Give the role
settings-change = change
settings-disable = Let in no more
settings-disabled = not let in since { $time }
settings-invite = Let somebody in
settings-invite-help = A link makes one account, once, within a quarter of an hour. Whoever opens it chooses their own name and password.
settings-invite-do = Make a link
settings-link = A link for a new user
settings-link-help = It makes one account with the role { $role }, and is good until { $time }. Give it to that person alone.
settings-role-given = { $name } is { $role } now, and has to log in again.
settings-user-disabled = { $name } is let in no more.
settings-no-role = There is no such role.
settings-no-user = There is no such user, or they are let in no more already.
settings-none-such = It is gone already.
settings-last-admin = This is the last admin: without one nobody could let anybody in.
settings-first-is-admin = The first user must be an admin.

## Tokens
settings-tokens = API tokens
settings-tokens-caption = Programs that may use the API
settings-tokens-none = There are no tokens.
settings-token = API token
settings-scopes = May
settings-made = made
settings-used = last used
settings-never-used = never
settings-until = good until
settings-revoke = Revoke
settings-revoked = revoked on { $time }
settings-expired = expired
settings-new-token = A new token
settings-token-name = Name
settings-token-name-help = What it is for, for example “webshop”.
settings-days = Good for how many days
settings-token-make = Make the token
settings-token-made = The token { $name } is good until { $time }.
settings-token-revoked = The token is revoked.
settings-token-name-wrong = A token needs a name of at most 64 characters.
settings-no-scope = Choose at least one thing that the token may do.
settings-days-wrong = A token lasts 1 to 366 days.
settings-scope-read = read contacts with their addresses, scores, segments, runs and plans
settings-scope-events = bring events
settings-scope-plan = make a plan
settings-scope-apply = apply a plan
settings-scope-approve = let pass what a guard holds
settings-scope-automations = say what became of starts in doubt

## The configuration
settings-configuration = Configuration in force
settings-file = from
settings-zone = days begin and end in
settings-guard-scores = guard: share of scores that may change at once
settings-guard-starts = guard: starts of automations at once
settings-guard-lists = guard: share of a list that may vanish
settings-version = version
settings-connections = Connections
settings-connections-caption = Connections, without their keys
settings-name = name
settings-platform = platform
settings-mode = mode
settings-live = live
settings-read-only = read-only
settings-schedule = schedule
settings-lists = lists
settings-all-lists = all
settings-warnings = Probably not as meant
settings-no-warnings = Nothing stands out.
settings-reload = Reload the configuration
settings-reload-help = Takes the files anew, whole or not at all.
settings-reload-trouble = Why the last reload was refused
settings-reload-by = Asked for by { $who } on { $time }. What was in force before still is.
settings-reloaded = Reloaded. Changed: { $what }.
settings-reloaded-restart = Reloaded. Changed: { $what }. Only from the next start on: { $restart }.
settings-reloaded-same = Reloaded. Nothing changed.
settings-not-reloaded = Not reloaded: the files hold errors. They stand below; what was in force still is.
settings-reload-waits = The reload takes its turn after what is running now.
