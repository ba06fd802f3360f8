### Page: cleaning

cleaning-lead = Who has left without saying so, and is it safe to let them go? Working it out does nothing; whoever cannot be judged is never proposed.
cleaning-no-policy = There is no cleaning policy yet. Add one to the configuration:
cleaning-when = Who
cleaning-steps = What happens
cleaning-on = On
cleaning-protects-and-limits = Who stays, and the limits
cleaning-protects = Who stays
cleaning-limits = At most
cleaning-limits-are = { $share } of the mailable contacts at once, and no more than { $most }; if more than { $breaker } are candidates, nothing is done before somebody has looked
cleaning-step-first = The automation “{ $automation }” asks them first, and gets { $wait }.
cleaning-step-tag = They get the tag “{ $tag }”.
cleaning-automatic = Within the limits this happens by itself, once a day.
cleaning-two-people = Two people have to say so: one approves the plan, and another one confirms it before anything is done.
cleaning-protects-tenure = whoever is subscribed for less than { $tenure }
cleaning-protects-sends = whoever got fewer than { $n } mails that can be measured
cleaning-protects-purchases = whoever bought in the last 12 months
cleaning-protects-series = whoever is inside a running series
cleaning-protects-holdout = { $share } of the candidates, to see what cleaning costs
cleaning-window-days = { $n ->
    [one] one day
   *[other] { $n } days
}
cleaning-window-weeks = { $n ->
    [one] one week
   *[other] { $n } weeks
}
cleaning-window-months = { $n ->
    [one] one month
   *[other] { $n } months
}
cleaning-window-years = { $n ->
    [one] one year
   *[other] { $n } years
}
cleaning-deed-tag = They get a tag, and no more
cleaning-deed-unsubscribe = They are unsubscribed
cleaning-deed-suppress = They are suppressed
cleaning-deed-archive = They are archived
cleaning-deed-delete = They are deleted for good

## Working it out
cleaning-work-out = Work out who would go
cleaning-plan-anew = Work it out anew
cleaning-work-out-help = Looks at everybody and does nothing.
cleaning-not-worked-out = Not worked out since the daemon started.
cleaning-would-go = { $n ->
    [0] Nobody would go now.
    [one] One contact would go now.
   *[other] { $n } contacts would go now.
}
cleaning-of = { $n ->
    [one] One of { $all } mailable contacts is a candidate.
   *[other] { $n } of { $all } mailable contacts are candidates.
}
cleaning-nothing-done = Nothing was done.
cleaning-see-plan = See the plan
cleaning-plan-title = Cleaning: { $policy }
cleaning-held = Nothing would be done now
cleaning-ask-approval = Ask for approval
cleaning-ask = asked to come back first
cleaning-take = taken off
cleaning-in-win-back = still being asked
cleaning-beyond-cap = wait for a later run
cleaning-safe = Is that safe?
cleaning-can-undo = It can be undone for 90 days.
cleaning-cannot-undo = This cannot be undone.
cleaning-lost = What does not come back:
cleaning-lost-place = the place in a running automation
cleaning-lost-all = everything; the address can never be imported again
cleaning-lost-member = the member with labels, notes, comments and the history on the site
cleaning-tag = Tag:
cleaning-review = { $n ->
    [one] Look at one of them
   *[other] Look at { $n } of them
}
cleaning-review-help = The button that carries it out stands below that sample.
cleaning-stays = Who stays, and why
cleaning-stays-caption = Contacts for whom the condition may hold, and who are not proposed
cleaning-stays-nobody = Nobody for whom the condition may hold is left out.
cleaning-why = Why
cleaning-group = Group
cleaning-protected = protected
cleaning-left-alone = left alone
cleaning-held-out = left alone to see what cleaning costs
cleaning-kept = left alone by a person or an undo
cleaning-cost = What cleaning costs
cleaning-holdout = { $n ->
    [one] Of one contact left alone earlier
   *[other] Of { $n } contacts left alone earlier
}, { $opened } opened, { $clicked } clicked and { $bought } bought in the 90 days after: { $low } to { $high } of such contacts come alive.
cleaning-ages = Last sign of life
cleaning-ages-message = { $n } of { $all } mailable contacts were not seen in the last 12 months.
cleaning-ages-empty = There are no mailable contacts.
cleaning-ages-months = months ago
cleaning-ages-from = from month
cleaning-ages-below = to month
cleaning-ages-candidates = candidates
cleaning-ages-apart = beyond
cleaning-ages-longer = longer ago
cleaning-ages-never = never seen

## Sample
cleaning-sample = A sample, drawn at random
cleaning-sample-lead = { $n } of { $all } contacts, drawn at random; the same ones each time that you look at this plan.
cleaning-sample-nobody = Nobody would go.
cleaning-all-lead = { $n ->
    [one] One contact, the longest silence first.
   *[other] { $n } contacts, the longest silence first.
}
cleaning-all-part = Of more than { $n }, only so many are listed here.
cleaning-see-all = See all of them
cleaning-to-sample = To the sample
cleaning-what = What
cleaning-ask-one = ask first
cleaning-take-one = take off
cleaning-because = Because
cleaning-because-seen = Last seen on { $day }: { $what }.
cleaning-because-never-since = Never seen since subscribing on { $day }.
cleaning-because-never = Never seen.
cleaning-because-mails = { $n ->
    [0] No measured mail since.
    [one] One measured mail since.
   *[other] { $n } measured mails since.
}
cleaning-because-untracked = { $n ->
    [one] One more could not be measured.
   *[other] { $n } more could not be measured.
}
cleaning-because-machines = { $n ->
    [one] One open or click by a machine does not count.
   *[other] { $n } opens and clicks by machines do not count.
}
cleaning-alone = Leave alone
cleaning-keep = Leave the ticked ones alone
cleaning-keep-help = They are not proposed again until they are seen. The plan is worked out anew, with another sample.
cleaning-keep-nobody = Nobody was ticked, so nobody was left alone.
cleaning-carry-out = Carry it out
cleaning-carry-out-help = Each contact is looked at once more, here and on the platform, and what it was before is saved first. Whoever shows a sign of life meanwhile is spared. If anything changed since you looked, nothing is done.
cleaning-apply = { $n ->
    [one] Carry it out for one contact
   *[other] Carry it out for { $n } contacts
}
cleaning-approve = { $n ->
    [one] Approve it for one contact
   *[other] Approve it for { $n } contacts
}
cleaning-who = A marketer can do that.
cleaning-look-first = Look at the sample first; the button stands below it.

## Receipt and batches
cleaning-receipt = What was done
cleaning-receipt-nothing = Nothing was done.
cleaning-not-asked = in the win-back already, or were too lately
cleaning-export = What they were before:
cleaning-see-batch = See batch { $n }
cleaning-not-restored = Not put back
cleaning-not-restored-caption = Contacts who stay as they are, and why
cleaning-batches = What was done so far
cleaning-batches-caption = Batches, the newest first
cleaning-batches-empty = Nobody was cleaned yet.
cleaning-batch = Batch
cleaning-batch-number = Batch { $n }
cleaning-policy = Policy
cleaning-approved = Approved
cleaning-by = by { $who }
cleaning-confirmed-by = confirmed by { $who }
cleaning-batch-approved = under way
cleaning-batch-waits = waits for a second person
cleaning-batch-lapsed = lapsed
cleaning-batch-applied = done
cleaning-batch-undone = undone
cleaning-batch-lead = { $policy }, approved by { $who }, { $time }.
cleaning-batch-confirmed = Confirmed by { $who }, { $time }.
cleaning-waits = Batch { $n } of { $policy } waits for a second person. { $who } approved it; nothing is done before somebody else confirms it. It lapses after { $day }.
cleaning-waits-second = wait for a second person
cleaning-waits-help = Nothing of it is done before somebody else has confirmed the batch.
cleaning-confirm-help = Look at the contacts below. Each is looked at once more when it is done, here and on the platform.
cleaning-confirm = { $n ->
    [one] Confirm it for one contact
   *[other] Confirm it for { $n } contacts
}
cleaning-confirm-other = You cannot confirm it: somebody else than who approved it has to.
cleaning-stages = Where its contacts stand
cleaning-undo-title = Undo
cleaning-undo-until = It can be undone until { $day }.
cleaning-undo-late = More than 90 days have passed: it cannot be undone any more.
cleaning-undo-nothing = There is nothing to undo in this batch.
cleaning-undo-help = Puts back who is still as we left them. Whoever decided anything since stays as they are, and is named.
cleaning-withdraw-help = Nothing of it was done yet. Whom you withdraw is not proposed again until they are seen.
cleaning-withdraw = { $n ->
    [one] Withdraw it for one contact
   *[other] Withdraw it for { $n } contacts
}
cleaning-undo = { $n ->
    [one] Put one contact back
   *[other] Put { $n } contacts back
}
cleaning-lost-number = { $n ->
    [one] One could not be put back: see why
   *[other] { $n } could not be put back: see why
}
cleaning-contacts = Contacts
cleaning-contacts-caption = The contacts of this batch
cleaning-contacts-all = all of this batch
cleaning-silent-since = Silent since
cleaning-there = On the platform
