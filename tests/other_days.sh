#!/bin/bash
# The end-to-end tests as they would run on other days, to find those that depend on the day, hour or zone in which they run.
#
#   tests/other_days.sh '2026-12-31 23:57' '2027-03-28 00:57' '2028-02-29 12:00'
#
# Needs Debian's package faketime. Times are UTC; each takes as long as the tests do, so this is no part of .ci/run.
set -euo pipefail
cd "$(dirname "$0")/.."

library=$(find /usr/lib -name libfaketimeMT.so.1 -print -quit)
[ -n "$library" ] || { echo "libfaketime is missing: apt-get install faketime" >&2; exit 2; }
[ $# -gt 0 ] || { sed -n '2,/^set/{/^#/p}' "$0" >&2; exit 2; }

tests=$(cargo test -p engaged --test it --locked --no-run --message-format json |
  python3 -c 'import json, sys; print([m["executable"] for m in map(json.loads, sys.stdin) if m.get("executable") and m["target"]["name"] == "it"][-1])')
failed=0
for day in "$@"; do
  printf '\n== %s\n' "$day"
  # An offset, so that every process that the tests start lives in the same time. Waiting is as long as ever.
  offset=$(($(date -u -d "$day" +%s) - $(date +%s)))
  FAKETIME=$(printf %+d "$offset") FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD=$library "$tests" || failed=1
done
exit "$failed"
