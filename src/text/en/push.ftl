### Page: push

push-last = Last written: { $n ->
    [one] one write
   *[other] { $n } writes
} to { $on }, { $time }.
push-nothing-yet = Nothing was written to any platform yet.

## What is held
push-held-title = What is held
push-held-none = Nothing is held: no guard waits for a person.
push-held-saw = What it saw:
push-held-since = since { $time }
push-held-who = A marketer can let it pass.
push-approved = Let pass, under your name. It goes out with the next push.
push-guard-baseline = First push
push-guard-baseline-means = A field or tag is shown for the first time. That is held once, so that you see what is about to be written before anybody else does.
push-guard-baseline-approve = Allow the first push
push-guard-starts = Too many starts at once
push-guard-starts-means = More automations would start in one push than the limit allows. Nothing is written on this connection until somebody has looked.
push-guard-starts-approve = Allow these starts
push-guard-change = Too many changes at once
push-guard-change-means = More numbers, bands or segments would change in one push than the limit allows. Nothing is written on this connection until somebody has looked.
push-guard-change-approve = Allow this change
push-guard-shrunk = The list shrank
push-guard-shrunk-means = So many contacts are missing from the platform's list that the platform may be at fault. Nobody counts as gone until somebody has looked. If the list really shrank, let it pass; the next sync takes it over.
push-guard-shrunk-approve = The list really shrank
push-guard-cleaning = Too many to clean
push-guard-cleaning-means = More contacts would go than the policy allows at once. Usually something else is the cause: look at that first. If it is right, let one batch pass, within its limit.
push-guard-cleaning-approve = Allow one batch
push-guard-restored = Restored from a backup
push-guard-restored-means = The platforms may have been told more than the backup knows, and automations may have started. So nothing is written until every connection has been read to its end and compared, and somebody has looked. What happened meanwhile starts no automation. The overview says what is still missing.
push-guard-restored-approve = Let writing go on

## Connections
push-places = Connections
push-places-caption = What may be written where, and what waits
push-no-places = No connection can be written to yet: add one to the configuration.
push-connection = Connection
push-mode = Mode
push-live = live
push-read-only = read-only
push-read-only-help = Nothing is written to a read-only connection. To change that, set in the configuration:
push-blocked-why = See why
push-last-run = Last push
push-never = never
push-run-ok = done
push-run-trouble = trouble
push-run-open = did not end yet
push-waiting = Waiting
push-refused = Refused
push-in-doubt = In doubt
push-written = Written
push-given-up = Given up
push-held = held
push-make-plan = Work out the plan
push-plan-help = Shows every write before it happens. Working it out writes nothing.
push-retry = Try again what waits or was refused
push-pause = Pause writing
push-resume = Go on writing
push-paused = Writing is paused on all connections. Syncing and scoring go on.
push-resumed = Writing goes on with the next push.

## Log
push-log = Log
push-log-caption = Pushes that wrote anything, the newest first; what was overtaken stands with the later one
push-log-empty = No push has written anything yet.
push-log-cleaning = Who was taken off a list stands under
push-pages = Pages of the log
push-when = When
push-log-title = A push
push-log-lead = To { $on }, { $time }.
push-log-planned = What was to be written
push-log-states = What became of it
push-log-moved = Nothing is left in this push: a later one took it over.
push-fingerprint = Plan
push-writes-title = Writes
push-writes-lead = Writes to { $on }, the newest first.
push-what = What
push-target = Which
push-contacts = Contacts
push-contact = Contact
push-from-to = From → to
push-state = State
push-any-state = any
push-writes = Writes
push-request = Request
push-rows = Rows
push-rows-caption = Writes, the newest first
push-rows-empty = There are no such writes.
push-bodies = A row is what is kept of a request. Bodies of requests and answers are not kept.
push-troubles = What came in the way
push-troubles-caption = Writes that did not go through, by cause
push-troubles-help = Causes are in the platform's own words. What was refused is not repeated for a day; what waits is tried again by itself.
push-cause = Cause
push-cause-none = no reason was given
push-tries = { $n ->
    [0] not sent yet
    [one] one try
   *[other] { $n } tries
}
push-value = Value
push-platform-id = Id on the platform
push-queued = Queued
push-attempt = Last attempt
push-next-try = Next try
push-export = Download what was refused (CSV)
push-on = on
push-off = off
push-none = nothing

## Plan
push-plan-title = Plan
push-plan-lead = { $n ->
    [0] There is nothing to write.
    [one] One write would be done.
   *[other] { $n } writes would be done.
}
push-plan-nothing-written = Nothing was written.
push-plan-made = Worked out for { $who }, { $time }.
push-plan-forgotten = This plan is not kept any more. Plans are kept for a while only, so that nobody applies an old one.
push-plan-anew = Work it out anew
push-plan-apply = { $n ->
    [one] Apply exactly this: one write
   *[other] Apply exactly this: { $n } writes
}
push-plan-apply-help = If anything changed since, the plan is refused and nothing is written.
push-plan-empty = Everything on the platforms is as it should be.
push-plan-empty-here = nothing to write here
push-plan-who = A marketer can apply it.
push-plan-read-only = All of it is on read-only connections, so applying would write nothing.
push-plan-no-places = There is nothing to push: no connection shows anything, or none was synced yet.
push-plan-baseline = Shown for the first time. Applying holds this once and asks for your word under “What is held”.
push-plan-gone = We had filled { $fields }, and the platform does not have it any more: it is made again and filled for everybody.
push-plan-counts = { $n ->
    [one] One write, by what is done
   *[other] { $n } writes, by what is done
}
push-left-out = What is left out
push-left-why = Why
push-left-number = Number
push-left-unchanged = contacts for whom nothing changes
push-left-unscored = contacts who are not scored by the present rules yet
push-left-frozen = contacts whom the platform lets nobody change
push-left-unreachable = entries for which nothing can be started: not there, or not subscribed
push-left-held-back = writes that the platform refused less than a day ago
push-left-drifts = values that somebody else changed on the platform
push-plan-sample = { $n ->
    [one] One of the writes
   *[other] { $n } of the writes
}
push-edits = Values that somebody else changed
push-edits-some = { $n ->
    [one] One of the values that somebody else changed
   *[other] { $n } of the values that somebody else changed
}
push-edits-ours = What we put there
push-edits-theirs = What is there now
push-edits-nothing = nothing

## Receipt
push-receipt-written = { $n ->
    [0] Nothing was written.
    [one] One write was done.
   *[other] { $n } writes were done.
}
push-receipt-planned = { $n ->
    [one] One write was planned
   *[other] { $n } writes were planned
}
push-outcome = What came of it
push-see-log = To the log
push-see-rows = See every write

## Verbs
push-verb-create-field = create field
push-verb-set-field = set field
push-verb-add-tag = add tag
push-verb-remove-tag = remove tag
push-verb-start-by-tag = start by a tag
push-verb-start-by-field = start by a field
push-verb-start-automation = start automation
push-verb-send-event = send event
push-verb-call = call
push-verb-clean-tag = tag for cleaning
push-verb-clean-untag = take the tag of cleaning off
push-verb-restore = put back
push-verb-unsubscribe = unsubscribe
push-verb-suppress = suppress
push-verb-archive = archive
push-verb-delete = delete
