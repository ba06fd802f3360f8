### Is it working, and what changed this week?

overview-no-score = There is no score yet: write rules, or begin with a rule pack.
overview-in-a-week = { $much } in a week
overview-judged = judged
overview-in-band = in “{ $band }”
overview-fell = fell to “{ $band }” this week
overview-started = automations started
overview-cleaning = open cleaning cases
overview-needs = What needs you
overview-nothing = Nothing. Everything runs.
overview-act = act
overview-look = look
overview-note = note
overview-rejects = { $n ->
    [one] { $n } row could not be understood
   *[other] { $n } rows could not be understood
}
overview-held = Held by “{ $guard }”
overview-unconfirmed = Cleaning: batch { $n } of { $policy }, approved by { $who }, waits for a second person
overview-in-doubt = { $n ->
    [one] { $n } start is in doubt: only a person can look
   *[other] { $n } starts are in doubt: only a person can look
}
overview-waiting = { $n ->
    [one] { $n } contact has news and waits for the next score run
   *[other] { $n } contacts have news and wait for the next score run
}
overview-spread = { $n ->
    [one] { $n } contact has a score.
   *[other] { $n } contacts have a score.
}
overview-known = { $n ->
    [one] The last 13 weeks; { $n } day of them is known.
   *[other] The last 13 weeks; { $n } days of them are known.
}
overview-shadow = { $n ->
    [one] in its shadow period until { $day }; { $n } write would have been made
   *[other] in its shadow period until { $day }; { $n } writes would have been made
}
overview-shadow-over = { $n ->
    [one] its shadow period ended on { $day }; { $n } write would have been made. Let it write:
   *[other] its shadow period ended on { $day }; { $n } writes would have been made. Let it write:
}
overview-restored-sync = Restored from a backup: { $connection } has not been read to its end since
overview-restored-compare = Restored from a backup: what { $connection } shows is taken over with the next push
overview-restored-score = Restored from a backup: what came in is still to be scored
overview-restored-silent = { $n ->
    [one] { $n } entry into { $automation } starts nothing because of the restore
   *[other] { $n } entries into { $automation } start nothing because of the restore
}
overview-restored-lost = What files and programs told since the backup is lost until it is told again; those days are not judged
overview-check = A check of the database found something wrong ({ $check }). Ask whoever runs engaged: engaged verify
overview-backup-stale = No good backup of the database was made of late
overview-disk-low = The database’s disk is nearly full: nothing is read in until there is room
