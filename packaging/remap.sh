#!/bin/bash
# Prints the flags with which a release is built, for RUSTFLAGS: where libraries lie on this machine becomes /crates, so
# that the program is the same wherever it is built and names no folder of anybody.
set -euo pipefail
cd "$(dirname "$0")/.."
sources=${CARGO_HOME:-$HOME/.cargo}/registry/src
case $sources in *[[:space:]]*) echo "a space in $sources: flags cannot say that" >&2; exit 1 ;; esac

# The folders are named after the registry; they are there once everything was fetched.
cargo fetch --locked --quiet --target "$(rustc --print host-tuple)" >&2
flags=()
for folder in "$sources"/*/; do
    flags+=("--remap-path-prefix=${folder%/}=/crates")
done
[ ${#flags[@]} -gt 0 ] || { echo "there are no sources in $sources" >&2; exit 1; }
echo "${RUSTFLAGS:+$RUSTFLAGS }${flags[*]}"
