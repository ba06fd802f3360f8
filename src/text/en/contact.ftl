### Page: contact

contact-not-known-yet = On that date nothing was known about this contact.
contact-objects = This contact has objected to being scored, on { $on }. No score, segment or stage is worked out, nothing starts, and our fields and tags come off with the next push. The contact and its events stay.
contact-not-scored-yet = The last score run does not know this contact yet. What you see here is worked out now; lists show it after the next run.
contact-behind = The last score run gave { $was }. Something has changed since; lists and platforms follow with the next run.
contact-another-day = You are looking at { $on }, not at today.
contact-another-knowledge = You are looking at { $on } with what was known at the end of { $known }, not at today.
contact-back-to-today = Back to today
contact-other-day = Look at another day
contact-as-of = As of
contact-known-at = With what was known on
contact-other-day-help = The first date moves the clock: which events count, what has expired. The second leaves out what became known later.
contact-look = Look
contact-no-date = That is not a date. Write it as 2026-06-15.

## Lead
contact-unjudged = Not judged, because { $why }
contact-stage = Stage
contact-segments = { $n ->
    [one] Segment
   *[other] Segments
}
contact-no-segment = In no segment
contact-known-since = known since { $on }
contact-subscribed-since = subscribed since { $on }

## Score
contact-points = { $n ->
    [one] point
   *[other] points
}
contact-because = Because
contact-points-column = Points
contact-why = Why
contact-line-title = Score over time
contact-line-empty = There is no line yet: the score was never worked out.
contact-line-level = { $points } since { $since }.
contact-line-moved = From { $before } to { $points } on { $on }.
contact-line-before = Before { $on } nothing was scored: that part is worked out with the present rules.
contact-line-points = points
contact-line-date = date
contact-line-events = Events
contact-line-by = by
contact-line-human = a person
contact-line-machine = a machine
contact-line-late = became known late
contact-line-if-nothing = if nothing happens
contact-line-then = what came then

## Who
contact-who = Who this is
contact-where-caption = Where the contact is, as the platforms last said
contact-nowhere = No platform has this contact.
contact-where = Connection
contact-platform-id = Id there
contact-status = Status
contact-lists = Lists
contact-tags = Tags
contact-there = There
contact-since = since { $on }
contact-gone = gone since { $on }
contact-more = { $n ->
    [one] and { $n } more
   *[other] and { $n } more
}
contact-fields = { $n ->
    [one] { $n } field
   *[other] { $n } fields
}
contact-fields-caption = Fields, the newest value of each
contact-field = Field
contact-value = Value
contact-status-subscribed = subscribed
contact-status-bounced = bounced
contact-status-unsubscribed = unsubscribed
contact-status-complained = complained
contact-status-suppressed = suppressed

## Events
contact-events = What happened
contact-events-caption = Events, the newest first
contact-no-events = Nothing has happened that we know of.
contact-event-when = When
contact-event-what = What
contact-event-who = By whom
contact-event-from = Known from
contact-event-late = known only since { $on }
contact-event-told = told by a webhook only
contact-event-order = order { $number }
contact-event-again = { $connection } told this order too; it counts once
contact-event-machine = a machine: does not count
contact-event-person = a person
contact-event-untracked = opens and clicks cannot be seen
contact-event-kind = Kind
contact-every-event = { $n ->
    [one] Everything ({ $n })
   *[other] Everything ({ $n })
}
contact-show = Show
contact-events-pages = Pages of events
contact-newest-events = Newest events
contact-older-events = Older events

## Automations
contact-automations = Automations
contact-automations-caption = Entries into automations, the newest first
contact-no-entries = The contact never entered an automation.
contact-automation = Automation
contact-entered = Entered
contact-left = Left
contact-inside = inside
contact-state = State
contact-entry-settling = waits to settle
contact-entry-ready = ready to start
contact-entry-attempting = being started
contact-entry-started = started
contact-entry-in-doubt = in doubt
contact-entry-refused = refused by the platform
contact-entry-handed-over = handed over to people
contact-entry-silent = starts nothing
contact-entry-suppressed = held back
contact-entry-withdrawn = over before it started
contact-entry-leaving = being ended

## Platforms
contact-pushes = What platforms were told
contact-shown-caption = What each platform was last told
contact-nothing-shown = No platform was told anything about this contact.
contact-target = What
contact-target-field = field
contact-target-tag = tag
contact-taken-away = taken away
contact-told-at = Told
contact-writes = { $n ->
    [one] The last write
   *[other] The last { $n } writes
}
contact-writes-caption = Writes to platforms, the newest first
contact-queued-at = Queued
contact-write-planned = planned
contact-write-attempting = under way
contact-write-applied = done
contact-write-rejected = refused
contact-write-retry = will be tried again
contact-write-ambiguous = in doubt
contact-write-reconciled = written again
contact-write-abandoned = given up

## Cleaning
contact-cleaning = Cleaning
contact-cleaning-caption = Cleaning cases, the newest first
contact-policy = Policy
contact-since-when = Since
contact-case-candidate = to be taken off
contact-case-to-ask = to be asked
contact-case-asked = asked to come back
contact-case-removed = taken off
contact-case-came-back = came back
contact-case-kept = kept by a person
contact-case-held-out = left alone to compare
contact-case-spared = spared
contact-taken-waiting = waiting
contact-taken-removed = taken off
contact-taken-left = left alone
contact-taken-restoring = being put back
contact-taken-restored = put back
contact-taken-lost = cannot be put back

## Adjustments
contact-adjustments = Adjustments by hand
contact-adjustments-caption = What people added to a score or took from it
contact-no-adjustments = Nobody has adjusted a score of this contact.
contact-score = Score
contact-counts = Counts
contact-from-until = from { $from } until { $until }
contact-taken-back = taken back
contact-over = over
contact-in-force = counts
contact-take-back = Take back
contact-adjust = Adjust a score
contact-adjust-points = Points
contact-adjust-points-help = Write them like -20 or 7.5.
contact-adjust-until = Until
contact-adjust-until-help = The first day on which they no longer count.
contact-adjust-reason = Reason
contact-adjust-reason-help = Everybody who asks why sees it, with your name.
contact-adjust-submit = Adjust
contact-adjust-no-score = There is no such score.
contact-adjust-long-reason = The reason is too long: at most 500 characters.
contact-adjust-no-date = “Until” needs a date. Write it as 2026-06-15.
contact-adjust-no-points = That is no number of points. Write it like -20 or 7.5, with up to three decimals.
contact-adjust-no-reason = An adjustment needs a reason: say why.
contact-adjust-no-day = There is no day on which it would count: choose a later date.
contact-adjusted = The score is adjusted.
contact-withdrawn = The adjustment is taken back.
contact-lists-know = Lists know it already.
contact-lists-will-know = Lists know it after the next score run.

## Audit
contact-audit = Audit
contact-audit-caption = Lines of the audit trail about this contact, the newest first
contact-audit-who = Who
