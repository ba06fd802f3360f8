#!/bin/bash
# The API against its own document. schemathesis reads the document that the built program (its path is the argument)
# serves, and makes up requests from it, good and bad: no answer may be a fault of the server, or another than the
# document tells. Needs Python 3; installs the rest under target/. The same requests each time.
set -euo pipefail
ENGAGED=$(realpath "${1:-target/release/engaged}")
SANDBOX=${SANDBOX:-$(dirname "$ENGAGED")/engaged-sandbox}
HERE=$(realpath "$(dirname "$0")")
ROOT=$(realpath "$HERE/../..")
VERSION=4.32.5
VENV=$ROOT/target/schemathesis-$VERSION

if [ ! -x "$VENV/bin/schemathesis" ]; then
  if ! python3 -c 'import ensurepip' 2>/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
  fi
  rm -rf "$VENV"
  python3 -m venv "$VENV"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$VERSION"
fi

folder=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

# What a child says first, once it has said it.
first_line() {
  for _ in $(seq 150); do
    if grep -m1 -E "$2" "$1" 2>/dev/null; then return; fi
    sleep 0.2
  done
  echo "nothing like $2 was said:" >&2
  cat "$1" >&2
  exit 1
}

# A stand-in for Mailchimp with 200 people, so that there is something to plan, hold and apply.
"$SANDBOX" mailchimp --people 200 --seed 1 > "$folder/sandbox" 2>&1 &
pids+=($!)
started=$(first_line "$folder/sandbox" '^\{')
said() { python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$started" "$1"; }
said key > "$folder/key"
chmod 600 "$folder/key"
cat > "$folder/engaged.toml" <<TOML
timezone = "Europe/Amsterdam"
[web]
listen = "127.0.0.1:0"
[connections.newsletter]
platform = "mailchimp"
key = { file = "key" }
base_url = "$(said base_url)"
schedule = "0 3 * * *"
mode = "live"
push.tags = { prefix = "engaged:", segments = ["hot"], bands = ["engagement"] }
[scores.engagement]
rules = [
  { when = "purchase", points = 20 },
  { when = "click", points = 10 },
  { when = "open", points = 1 },
  { when = "no open in 3 months", points = -10 },
]
bands = [ { name = "engaged", above = 0 }, { name = "away" } ]
[segments]
hot = "engagement > 25"
cold = "no open in 3 months"
[[stages]]
name = "customer"
when = "any purchase in 1 year"
[[automations]]
name = "Welcome back"
when = "engagement > 25"
start = { connection = "newsletter", tag = "start:back" }
TOML
engaged() { "$ENGAGED" --config "$folder/engaged.toml" "$@"; }
engaged sync > /dev/null
engaged score > /dev/null
token=$(engaged --json web token ci --scope read events plan apply approve automations |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["token"])')

# By its own name: a function in the background is a shell of its own, and ending that leaves the daemon.
"$ENGAGED" --config "$folder/engaged.toml" run > "$folder/daemon" 2>&1 &
pids+=($!)
url=$(first_line "$folder/daemon" 'http://[^ ]+/setup/' | grep -oE 'http://127\.0\.0\.1:[0-9]+/setup/')
url=${url%/setup/}

cd "$folder"
cp "$HERE/schemathesis.toml" "$HERE/lines.py" .
TOKEN=$token "$VENV/bin/schemathesis" run "$url/api/v1/openapi.json" \
  --generation-deterministic --no-color "${@:2}"

# Whatever was asked, the daemon is there still, and found no fault of its own.
kill -0 "${pids[1]}"
if grep -nE 'a request failed|panicked' "$folder/daemon"; then exit 1; fi
