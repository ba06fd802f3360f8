### What was asked of the daemon, on every page that asks.

tasks = What was asked for
tasks-look-again = This page looks again by itself until it is done.
task-what = What
task-state = State
task-asked = Asked at
task-by = By
task-waiting = waiting
task-running = under way
task-done = done
task-failed = not done
task-now = just now
task-ago = { $ago } ago
task-asked-by = Asked by { $who }, { $time }.
task-waiting-help = Something else is being done first. It begins when its turn comes, also if you leave this page.
task-running-help = It goes on also if you leave this page.
task-back = Back to the page
task-see-plan = See the plan
task-sync = Sync
task-score = Score
task-plan = Work out the plan
task-apply = Apply the plan
task-clean-plan = Work out who would go
task-clean-apply = Clean
task-clean-undo = Undo a cleaning
task-clean-confirm = Confirm a cleaning
task-clean-keep = Leave contacts alone
task-retry = Try again what waits
task-reload = Load the configuration
task-publish = Publish rules
task-roll-back = Roll rules back
task-scored = { $n ->
    [one] One contact scored
   *[other] { $n } contacts scored
}, { $changed } changed.
task-scored-unjudged = { $n ->
    [one] One cannot be judged yet.
   *[other] { $n } cannot be judged yet.
}
task-kept = { $n ->
    [one] One contact is left alone until it is seen again.
   *[other] { $n } contacts are left alone until they are seen again.
}
task-synced = What the sync brought
task-connection = Connection
task-new-events = New events
task-rejected = Rejected rows
task-trouble = Trouble
task-nothing-changed = Nothing changed.
task-changed = Changed:
task-restart = Only from the next start on:
task-error-stale = The plan is no longer what it was when you looked at it. Nothing was written.
task-error-stale-cleaning = The plan is no longer what it was when you looked at it. Nobody was taken off.
task-error-nothing-to-undo = There is nothing to undo in this batch.
task-error-same-person = Somebody else than who approved it has to confirm it. Nothing was done.
task-error-nothing-to-confirm = This batch cannot be confirmed. Nothing was done.
task-error-export = What the contacts were before could not be saved, so nothing was done.
task-error-busy = Too much waits already. Try again when some of it is done.
task-error-stopping = The daemon is stopping, and did not begin it.
contact-without-address = contact { $n }
