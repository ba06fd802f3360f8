### Can I trust the data?

sync-lead = What is not complete is judged by nobody: an absence is never concluded across a hole in our own data.
sync-blocked-help = Its data stand still, and no absence is judged with them, until the key works again. Make a new key on the platform, put it in its file, and sync.
sync-platform = platform
sync-last = last good sync
sync-complete = complete through
sync-next = next sync
sync-contacts = contacts there
sync-rejects = rows not understood
sync-webhook = last webhook
sync-webhook-refused = webhooks refused
sync-run = Sync “{ $name }” now
sync-done = “{ $name }” was synced.
sync-under-way = “{ $name }” is being synced. This page shows when it is done.
sync-strip = The last seven days, hour by hour
sync-strip-message = { $good ->
    [one] { $good } sync ended well
   *[other] { $good } syncs ended well
}, { $bad ->
    [one] { $bad } did not
   *[other] { $bad } did not
}.
sync-strip-empty = Nothing was synced yet.
sync-runs = { $good } well, { $bad } not
sync-state-ok = well
sync-state-partly = partly
sync-state-failed = failed
sync-state-nothing = nothing ran
sync-brought = New events
sync-brought-message = { $n ->
    [one] Synced on { $n } of the last { $days } days.
   *[other] Synced on { $n } of the last { $days } days.
}
sync-brought-empty = Nothing came in within these days.
sync-events = new events
sync-holes = Holes
sync-holes-help = Days that our own sync does not cover. Read them in with “engaged import”, or wait until they no longer matter.
sync-holes-caption = Days that are not complete, the newest first
sync-no-holes = There are no holes.
sync-hole-from = from
sync-hole-to = to
sync-hole-days = days
sync-ever = the beginning
sync-short = Less reported than counted
sync-short-help = On these days the platform counts more than reached us. Nobody is judged on those days until the rest has come.
sync-short-caption = Days of which not all reached us, the newest first
sync-short-campaign = mailing
sync-short-kind = kind
sync-short-came = reached us
sync-short-of = { $n } of { $of } reported
sync-short-more = And { $n } more such days or runs of days.
