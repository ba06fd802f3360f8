### Page: automations

automations-lead = { $started ->
    [0] Nothing was started yet
    [one] One start so far
   *[other] { $started } starts so far
}, { $ready } to come, { $doubt } in doubt.
automations-none = No automations are configured. An automation starts something when a condition begins to hold:
automations-caption = Each automation with what became of its entries
automations-name = Automation
automations-starts = Starts
automations-inside = Inside
automations-settling = Settling
automations-ready = Ready
automations-started = Started
automations-suppressed = Held back
automations-refused = Refused
automations-in-doubt = In doubt
automations-silent = Silent
automations-would-start = { $n ->
    [one] one would start
   *[other] { $n } would start
}
automations-start-tag = tag
automations-start-field = field
automations-start-automation = automation
automations-start-event = event
automations-start-call = call to
automations-start-handover = hand over to
automations-door-open = open
automations-door-gone = no longer configured
automations-door-paused = paused

## In doubt
automations-doubt-title = In doubt: was it started?
automations-doubt-means = The request went out and no answer came back. It is not repeated by itself, so that nobody gets a series twice. Look at the platform and say what you see.
automations-doubt-caption = Starts that nobody knows about, the newest first
automations-doubt-where = Look here
automations-doubt-word = What you see
automations-doubt-who = A marketer can say what became of it.
automations-doubt-look = Look on the platform whether the contact is in the automation.
automations-doubt-look-at = Look on { $on } whether this happened around { $time }:
automations-doubt-started = It was started
automations-doubt-again = It was not: start it again
automations-doubt-drop = It was not, and drop it
automations-resolved-started = Noted, under your name: it was started.
automations-resolved-again = Noted, under your name: it is started with the next push.
automations-resolved-dropped = Noted, under your name: nothing is started.

## Backfill
automations-backfill-title = Start for those who are in it already
automations-backfill-lead = { $n ->
    [0] Nobody is in it without anything having been started.
    [one] One contact is in it without anything having been started, and would start.
   *[other] { $n } contacts are in it without anything having been started, and would start.
}
automations-backfill-nothing = Nothing was done.
automations-backfill-why = They came in with the first import, an edit of the rules or late news, and such entries start nothing by themselves.
automations-backfill-guard = A plan shows each start before it happens, and more than { $n } starts at once still wait for a word of their own.
automations-backfill-do = { $n ->
    [one] Make one start ready
   *[other] Make { $n } starts ready
}
automations-backfilled = { $n ->
    [one] One start is ready. The next plan shows it.
   *[other] { $n } starts are ready. The next plan shows them.
}

## Entries
automations-per-day = Entries per day
automations-per-day-message = { $n ->
    [one] One entry in eight weeks
   *[other] { $n } entries in eight weeks
}, of which { $started } started something.
automations-per-day-empty = Nobody entered an automation in the last eight weeks.
automations-entries = Entries
automations-day = Day
automations-group-started = started
automations-group-waiting = to come
automations-group-looked = in doubt or refused
automations-group-nothing = start nothing
automations-entries-title = Entries
automations-entries-caption = Entries, the newest first
automations-entries-empty = There are no such entries.
automations-entered = Entered
automations-there = Still inside?
automations-left = left { $time }
automations-all = all
automations-filtered = filtered: show all

## Leads
automations-leads = Leads that wait for people
automations-leads-caption = Contacts handed over, the newest first, with what speaks for them today
automations-leads-empty = Nobody waits for an answer.
automations-leads-help = “Not a lead” takes the score to zero for three months; everybody who asks why sees your reason.
automations-list = List
automations-scores = Scores
automations-answer = Answer
automations-reason = Reason
automations-which-score = Score
automations-accept = It is a lead
automations-no-lead = Not a lead
automations-accepted = Noted: it is a lead.
automations-refused-lead = Noted: not a lead. The score follows with the next run.
