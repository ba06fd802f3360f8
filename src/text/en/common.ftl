### What several pages say.

product = engaged

## Navigation
nav-overview = Overview
nav-scores = Scores
nav-segments = Segments
nav-contacts = Contacts
nav-rules = Rules
nav-automations = Automations
nav-sync = Sync health
nav-push = Push log
nav-cleaning = Cleaning
nav-privacy = Privacy and audit
nav-settings = Settings
nav-main = Main
skip-to-content = Skip to content
log-out = Log out
search-contact = Search contacts
search = Search
language = Language
theme = Appearance
theme-auto = As the system
theme-light = Light
theme-dark = Dark
apply-choice = Use

## Time and numbers
minutes = { $n ->
    [one] { $n } minute
   *[other] { $n } minutes
}
hours = { $n ->
    [one] { $n } hour
   *[other] { $n } hours
}
days = { $n ->
    [one] { $n } day
   *[other] { $n } days
}
contacts-number = { $n ->
    [one] { $n } contact
   *[other] { $n } contacts
}

## Freshness strip
freshness = Freshness of the data
fresh-age = { $age } old
fresh-never = never synced
fresh-through = complete through { $time }
fresh-not-through = not complete yet
state-ok = ok
state-never-synced = never synced
state-stale = stale
state-trouble = trouble
state-blocked = blocked
no-connections = No connections: files come in with “engaged import”.

## Banners
banner-paused = Writing to platforms is paused. Syncing and scoring go on.
banner-guards = { $n ->
    [one] One guard holds writes and waits for a person.
   *[other] { $n } guards hold writes and wait for a person.
}
banner-see = See what is held
banner-reload = The configuration on disk could not be loaded: { $why }. The former one is in force.

## Frames
as-table = As a table
copy-command = Copy the command
copied = Copied
not-judged = Not judged
no-band = No band
none-yet = Nothing yet
gap = no data
stale-from = not complete
next-page = Next page
first-page = First page
download-csv = CSV
download-ndjson = NDJSON
managed-by = Managed by { $file }
save = Save
cancel = Cancel
because = because

## Errors
error-title = This did not work
error-not-found = There is no such page
error-not-found-help = The address may be old or mistyped.
error-forbidden = Your role does not allow this
error-forbidden-help = It needs the role { $role }. An admin can give it under Settings.
error-method = This address cannot be used in this way
error-internal = Something went wrong inside engaged
error-internal-help = The log has the details under the number { $id }.
error-refused = The request was refused: it did not come from this page
error-refused-help = Open the page anew and try again from there.
error-host = This address does not belong to this dashboard
error-too-large = What was sent is too large
back-to-overview = To the overview
role-viewer = viewer
role-marketer = marketer
role-admin = admin

## Why somebody is not judged
unjudged-too-new = subscribed too recently
unjudged-no-tracking = has not agreed to opens, clicks or visits being measured
unjudged-not-tracked = opens and clicks are not measured
unjudged-not-mailed = not mailed
unjudged-too-few-sends = too few mails to tell
unjudged-coverage-gap = our own data has a gap
unjudged-unmeasurable = a privacy proxy opens the mails
unjudged-other = something is missing

## Words of charts and tables
contacts = contacts
from = from
below = below
band = band
share = share
points-of = points of { $score }
day = day
week = week
total = total
hindsight = Up to { $day } computed in hindsight: what the present rules say of those days, from what is known now.
