#!/bin/sh
# Runs the platforms' own clients against the stand-ins. Needs cargo, node and npm; ends with 0 when all went well.
# SANDBOX may name a program that is built already.
set -eu
cd "$(dirname "$0")"
npm install --no-package-lock --no-audit --no-fund --silent
if [ -z "${SANDBOX:-}" ]; then
    cargo build --quiet --package engaged-sandbox
    SANDBOX=$(cargo metadata --no-deps --format-version 1 | node -p 'JSON.parse(require("fs").readFileSync(0)).target_directory')/debug/engaged-sandbox
fi
line=$(mktemp)
server=
# shellcheck disable=SC2317 # called by the trap
stop() {
    [ -z "$server" ] || { kill "$server" && wait "$server"; } || true
    server=
}
trap 'stop; rm -f "$line"' EXIT
for platform in mailchimp ghost hubspot; do
    : >"$line"
    "$SANDBOX" "$platform" --people 200 --seed 1 >"$line" &
    server=$!
    until [ -s "$line" ]; do
        kill -0 "$server"
        sleep 0.1
    done
    get() { node -p "JSON.parse(require('fs').readFileSync(process.argv[1]))['$1']" "$line"; }
    node "$platform.mjs" "$(get base_url)" "$(get key)" "$line"
    stop
done
