### What do the rules do, and what if?

rules-lead = { $rules ->
    [one] { $rules } rule
   *[other] { $rules } rules
}, { $segments ->
    [one] { $segments } segment
   *[other] { $segments } segments
} and { $stages ->
    [one] { $stages } stage
   *[other] { $stages } stages
} are in force.
rules-none = No score has rules yet.
rules-viewer = Editing needs the role marketer.
rules-edit-file = Edit { $file }
rules-edit-draft = Go on with the draft of { $file }
rules-draft-of = { $who } saved a draft of { $file } on { $time }. It is not in force.
rules-when = condition
rules-points = points
rules-hit = contacts
rules-mean = points a contact
rules-measured = Contacts and points a contact as of { $day }
rules-not-measured = Contacts and points a contact are taken once a week; there is no week yet.
rules-model = A model: the rules are conditions with fitted weights, and their points mean nothing.
rules-score-empty = This score has no rules.
rules-bands = Bands:
rules-band-rest = all below
rules-name = name
rules-segments = Segments
rules-segments-caption = Segments: a contact may be in several
rules-no-segments = There are no segments.
rules-stages = Stages
rules-stages-caption = Stages, in this order: the first that holds
rules-no-stages = There are no stages.

## The history
rules-history = What was published
rules-history-caption = The last publications, the newest first
rules-history-none = Nothing was published from here yet.
rules-published-at = when
rules-published-by = by
rules-published-why = why
rules-published-state = state
rules-file = file
rules-state-done = published
rules-state-planned = under way
rules-state-failed = not published
rules-state-overtaken = in doubt: the file was changed by somebody else
rules-undoes = takes back { $n }
rules-publication = Publication { $n }
rules-back = All rules
rules-what-changed = What changed
rules-difference-caption = − was removed, + was added
rules-difference-long = The rest is too long to show.
rules-no-difference = The texts are the same.
rules-line-before = before
rules-line-after = after
rules-line = line
rules-roll-back = Roll back
rules-roll-back-help = The file gets the text that it had before. If it was changed since, that text becomes a draft, and nothing is written.
rules-roll-back-do = Put the former text back
rules-password-first = This asks for your password again, before you say why.
rules-password = Type the password
rules-reason = Why?
rules-reason-help = Who comes after you will read it. 3 to 500 characters.
rules-published = Published as number { $n }. The contacts are being scored by it.
rules-under-way = It takes its turn after what is running now.

## The editor
rules-edit-title = Edit { $file }
rules-files = Files of the configuration
rules-only = Only rules can be changed here ({ $parts }). Connections, keys, automations, guards and the like are changed in the file itself.
rules-present = The file as it is
rules-draft-text = Draft
rules-text-help = Tab leaves this field; indent with spaces. A draft changes nothing before it is published.
rules-saved-by = Saved by { $who } on { $time }.
rules-check-and-preview = Check and preview
rules-check = Check only
rules-discard = Throw the draft away
rules-discarded = The draft is gone.
rules-unsaved = What you typed stands below, and is not saved.
rules-stale = { $file } changed on disk since this draft began. Compare the two, then check the draft again: from then on it counts as compared with the file as it is now.
rules-errors-number = { $n ->
    [one] The draft has one error.
   *[other] The draft has { $n } errors.
}
rules-see-findings = See what was found
rules-no-errors = The draft has no errors.
rules-checked = What was found
rules-errors = Errors
rules-tests-fail = Rule tests that fail
rules-warnings = Probably not as meant
rules-marked = The lines with the words marked
rules-place = { $file }, line { $line }, column { $column }
rules-more-findings = { $n } more are not shown.
rules-show-preview = Show the preview
rules-slow = The preview takes longer than a page may wait. Run the command below on the server instead.
rules-publish = Publish
rules-publish-help = The draft takes the place of the file and is in force at once; then everybody is scored by it.
rules-publish-do = Publish the draft
rules-preview-first = Look at the preview first.
rules-not-sound = Mend the errors and the rule tests first.
rules-no-place = The file cannot be written from here, or the draft is not saved.
rules-refused = Not done: { $why }
rules-refused-other = The draft is another by now: somebody saved, published or discarded it meanwhile.
rules-refused-changed = The file changed on disk since the draft began. Compare the draft with it, and check it again.
rules-refused-same = The draft says what the file says: there is nothing to publish.
rules-refused-reason = Say in 3 to 500 characters why.

## The preview
rules-preview = What the draft would change
rules-same = The draft means the same as the rules in force. No contact changes.
rules-changed = { $n ->
    [one] { $n } contact
   *[other] { $n } contacts
} of { $all } would have another number, band, segment or stage.
rules-settings = Beside scores and segments it changes: { $which }.
rules-behind = { $n ->
    [one] The stored score of { $n } contact is older than what is known; the preview is not.
   *[other] The stored scores of { $n } contacts are older than what is known; the preview is not.
}
rules-moves = { $n ->
    [one] { $n } number moves
   *[other] { $n } numbers move
}: { $up } up, { $down } down; half of them by { $median } or less.
rules-no-moves = No number moves.
rules-now = now
rules-draft = draft
rules-change = change
rules-bars = now above, draft below
rules-bands-caption = Contacts in each band
rules-from = from
rules-to = to
rules-not-scored = Without this score
rules-flows = The largest moves between bands
rules-no-flows = Nobody changes bands.
rules-edited = Rules that are edited, or give something else
rules-edited-none = No rule gives anything else.
rules-fate = edit
rules-fate-new = new
rules-fate-changed = changed
rules-fate-removed = removed
rules-fate-same = same
rules-points-now = points now
rules-points-draft = points in the draft
rules-hit-now = contacts now
rules-hit-draft = contacts in the draft
rules-unknown = cannot be told
rules-overlap = { $n ->
    [one] { $n } contact has an event
   *[other] { $n } contacts have events
} that two rules count: { $one } and { $other }.
rules-segment = segment
rules-enter = enter
rules-leave = leave
rules-segments-change = Segments that change
rules-segments-same = No segment changes.
rules-no-stage = No stage
rules-stages-change = Moves between stages
rules-stages-same = Nobody changes stages.
rules-automation = automation
rules-automations = Contacts for whom each condition holds
rules-silent = stay silent
rules-silent-help = New rules never fire backwards: for { $n ->
    [one] { $n } contact
   *[other] { $n } contacts
} a condition begins to hold by this edit alone, and nothing is started for them.
rules-push = What would be written then
rules-push-caption = Contacts whose field or tags would change
rules-push-none = Nothing is written to any platform.
rules-connection = connection
rules-pushed = would change
rules-guard = guard
rules-held = held: more than { $limit } at once waits for a person
rules-not-held = within the guard
rules-who = Who changes
rules-who-caption = The first { $n } of { $all } contacts who change
rules-contact = contact
rules-score = score
rules-moves-to = segments and stage
