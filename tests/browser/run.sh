#!/bin/sh
# The dashboard in a real browser. Needs the built program (its path is the argument), node and npm; installs
# Debian's chromium where it is missing. Ends with 0 when all went well.
# UPDATE_SCREENSHOTS=1 puts the pictures of the pages into docs/screenshots.
set -eu
ENGAGED=$(realpath "${1:-target/release/engaged}")
export ENGAGED
cd "$(dirname "$0")"
if ! command -v chromium >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
fi
npm install --no-package-lock --ignore-scripts --no-audit --no-fund --silent
node --test --test-concurrency=1 ./*.test.mjs
