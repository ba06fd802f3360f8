### Sentences that are stored, said anew on every page that shows them.

## What guards saw
told-first-push = { $a ->
    [one] one write
   *[other] { $a } writes
} that show for the first time: { $targets }
told-starts = { $a } starts at once (limit { $b }): { $c }. { $why }
told-change = { $a } of { $b } contacts change at once ({ $c } %, limit { $d } %). { $why }
told-shrunk = { $a } of { $b } contacts are missing from the platform’s list
told-scan = the last look at the whole list missed too many contacts
told-candidates = { $a }: { $b } of { $c } contacts are candidates (limit { $d } %). { $why }
told-backfill = Somebody asked for { $a } of them afterwards.
told-no-earlier = There is no earlier push to compare with: look at a sample in the plan.
told-edited = Likely cause: the rules were edited since the last push ({ $a }), which scored all { $b } anew.
told-sync = Likely cause: our own sync since the last push ({ $a }): { $b }. { $c } of the { $d } are on it.
told-machines = Likely cause: machines. Opens or clicks of { $a } of the { $b } were recognised as a machine’s since the last push ({ $c }).
told-import = Likely cause: an import into { $a } since the last push ({ $b }), which told of { $c } of the { $d }.
told-first-sync = Likely cause: the first sync of { $a } since the last push ({ $b }), which told of { $c } of the { $d }.
told-no-cause = No likely cause since the last push ({ $a }): of the { $b }, { $c } have opens or clicks that are newly known as a machine’s, and { $d } are known from a new source. Look at a sample in the plan.
told-quiet = Nobody at all opened, clicked or bought since { $a }: look at the sync first.
told-machines-only = { $a } of them are opened by machines only: people may read behind them.
told-policy-edited = The policy was edited since its last batch.
told-never-ran = The policy never ran before: so many may have left over the years.
told-mailings = Look at what changed in how the mailings are sent or measured.

## Why nothing is done
told-retracted = it is taken back: our fields and tags come off
told-unseen = a platform cannot be asked whom to leave in peace; confirm when it can
told-read-only-here = the connection is read-only
told-read-only = { $a } is read-only
told-paused = writing is paused
told-blocked = { $a } is blocked until its key works again
told-shrunk-waits = { $a }: its list shrank, and that waits for a person
told-never-synced = no connection of it was ever synced
told-approved-waits = { $a }: what is approved waits, because writing is paused, read-only or held, or the key is refused
told-nobody-confirmed = nobody has confirmed it
told-second = waits for a second person
told-now-two = the policy now asks for two people
told-beyond-cap = { $a }: { $b } candidates are more than the { $c } that may go by themselves; somebody has to look
told-backup = A backup that knows what happened up to { $a } was put in the place of the database.
told-empty-backup = An empty backup was put in the place of the database.
told-quarantine = restored from a backup: nothing is written until a person lets it
told-uncompared = restored from a backup: this connection is to be read to its end first
told-unsound = the database’s own check ({ $a }) found: { $b }

## Entries into automations
told-first-import = was there before us: first import
told-rules-edited = the rules were edited
told-restored = restored from a backup: it may have been started already
told-late = late news of the past
told-not-subscribed = not subscribed
told-not-there = not on the platform
told-left = left before it was started
told-did-not-hold = did not hold, as we know now
told-too-long = waited too long to be started
told-asked-for = asked for by a person, afterwards
told-accepted = accepted
told-no-lead = not a lead
told-cooldown = too soon after the last start: until { $a }
told-most = had as many starts as one contact may have: { $a }
told-resolved = { $a } said so
told-beyond = crossed together with { $a }, which lies beyond
told-by-cleaning = asked for by cleaning: { $a }

## Writes
told-not-wanted = no longer wanted
told-not-to-start = no longer to be started
told-newer = a newer value took its place
told-written-again = written again
told-no-outcome = nothing was said about what came of it
told-lost = the answer was lost
told-not-tried = not tried
told-gone = the contact is gone from the platform
told-subscribed = subscribed already
told-shows-done = the platform shows it done
told-once-more = not done; once more

## Cleaning
told-kept-by = left alone by { $a }
told-kept-meanwhile = left alone meanwhile
told-undone = undone
told-called-off = called off
told-came-back = came back
told-no-longer-holds = the condition no longer holds
told-not-judged = cannot be judged any more: { $why }
told-protected = protected: { $why }
told-no-longer-there = no longer on the platform
told-status-there = the status there is { $a }
told-recent-mail = got mail lately that the platform does not report
told-saw-life = the platform saw a sign of life that it did not report
told-policy-gone = the policy is gone
told-approved-long-ago = approved more than { $a } days ago
told-not-cleaned-there = the policy no longer cleans { $a }
told-ninety-days = more than 90 days ago
told-no-connection = its connection is gone, or read-only
told-complained = has complained since
told-bounced = has bounced since
told-decided = has decided since
told-left-elsewhere = has unsubscribed elsewhere since
told-no-undo = the platform does not undo { $a }
told-no-export = what it was before is not known
told-protect-unknown = it is not known whether the policy protects them: { $why }
told-purchases-unknown = it is not known whether they bought: { $why }

## Reasons
told-too-new = subscribed too recently to tell
told-no-tracking = has not agreed to opens, clicks or visits being measured
told-not-tracked = opens and clicks are not measured
told-not-mailed = not mailed, so silence says nothing
told-too-few-sends = too few mails to tell
told-coverage-gap = our own data have a hole
told-unmeasurable = a privacy proxy opens the mails
told-never-customer = never was a customer
told-field-unknown = a field is empty
told-no-address = there is no address
told-other-currency = an amount is in another currency
told-never-happened = it never happened, so there is no time since
told-no-status = no platform said whether they are subscribed
told-unknown = it is not known whether the condition holds
told-tenure = not subscribed for long enough
told-in-series = inside a running series
told-protect = the policy protects them
told-purchase = a purchase in 12 months
