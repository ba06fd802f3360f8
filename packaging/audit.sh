#!/bin/bash
# Holds the parts of the program against what is known to be faulty, and against deny.toml: packaging/audit.sh [DATABASE].
# A step before a release. DATABASE is a clone of the advisories, for a machine that cannot reach them itself.
# Ends with 1 where something is found, and with 2 where something is missing without which nothing can be said.
set -euo pipefail
origin=https://github.com/rustsec/advisory-db
oldest=14 # days
[ -z "${1:-}" ] || given=$(realpath "$1")
cd "$(dirname "$0")/.."
PATH=$PWD/target/tools/bin:$PATH

missing() { echo "audit: $*" >&2; exit 2; }
cargo-deny --version > /dev/null 2>&1 || missing 'cargo-deny is missing: cargo install cargo-deny --locked --root target/tools'
if [ -n "${given:-}" ]; then
    git -C "$given" rev-parse -q --verify main > /dev/null || missing "$given is no clone of $origin"
    # For the git that cargo-deny calls.
    export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="url.$given.insteadOf" GIT_CONFIG_VALUE_0=$origin
else
    said=$(GIT_TERMINAL_PROMPT=0 timeout 60 git ls-remote "$origin" main 2>&1 > /dev/null) ||
        missing "$origin cannot be reached (${said##*$'\n'}). Clone it elsewhere: packaging/audit.sh CLONE"
fi

# What was passed over is looked at again in time.
python3 - "$(date -u +%F)" <<'PY'
import re, sys, tomllib
for ignored in tomllib.load(open("deny.toml", "rb"))["advisories"]["ignore"]:
    until = re.search(r"; look again by (\d{4}-\d\d-\d\d)$", ignored["reason"])
    if not until or until[1] < sys.argv[1]:
        sys.exit(f"audit: {ignored['id']} was passed over without a day, or until one that is past: {ignored['reason']}")
PY

rm -rf target/advisories
cargo deny --locked fetch db || missing "the advisories could not be fetched"
day=$(git -C target/advisories/advisory-db-* log -1 --format=%cs)
age=$((($(date -u +%s) - $(date -u -d "$day" +%s)) / 86400))
echo "advisories of $day, $age days old"
cargo deny --locked check || exit 1
[ "$age" -le "$oldest" ] || missing "nothing was found, but what became known in the last $age days is not in there: a release needs advisories of at most $oldest days"
