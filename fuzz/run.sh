#!/bin/sh
# Runs every fuzz target, one after the other, for so many seconds each (600).
#   fuzz/run.sh [SECONDS] [TARGET...]
# Ends with 1 on a finding, with 2 where something is missing. New inputs are kept under fuzz/found/, and go on from there
# next time; what is worth keeping for good goes to fuzz/corpus/ (see CONTRIBUTING.md).
set -eu
cd "$(dirname "$0")/.."

missing() {
    echo "fuzz/run.sh: $1 is missing; install it with: $2" >&2
    exit 2
}

command -v cargo >/dev/null || missing cargo "https://rustup.rs"
cargo +nightly --version >/dev/null 2>&1 ||
    missing "the nightly toolchain" "rustup toolchain install nightly"

cargo fuzz --version >/dev/null 2>&1 || missing cargo-fuzz "cargo install cargo-fuzz --locked"

seconds=${1:-600}
case $seconds in
    '' | *[!0-9]*) echo "usage: fuzz/run.sh [SECONDS] [TARGET...]" >&2; exit 2 ;;
esac
[ $# -gt 0 ] && shift
all=$(cargo fuzz list)
for target in "$@"; do
    # shellcheck disable=SC2086 # one word for each target
    echo "$all" | grep -qx "$target" || {
        echo "fuzz/run.sh: there is no target '$target'; there are:" $all >&2
        exit 2
    }
done

# No sanitizer: every crate of ours forbids unsafe code, and without one there are several times as many executions.
cargo +nightly fuzz build --sanitizer none

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
findings=0
printf '%-16s %12s %8s %8s  %s\n' target executions edges inputs end
for target in ${*:-$all}; do
    mkdir -p "fuzz/found/$target"
    dictionary=
    [ -f "fuzz/dictionaries/$target.dict" ] && dictionary="-dict=fuzz/dictionaries/$target.dict"
    end=ok
    cargo +nightly fuzz run --sanitizer none "$target" "fuzz/found/$target" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 $dictionary \
        >"$logs/$target" 2>&1 || end=FINDING
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/$target" | tail -1)
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$logs/$target" | tail -1)
    inputs=$(ls "fuzz/found/$target" | wc -l)
    printf '%-16s %12s %8s %8s  %s\n' "$target" "${executions:-0}" "${edges:-0}" "$inputs" "$end"
    if [ "$end" != ok ]; then
        findings=$((findings + 1))
        grep -E 'panicked at|SUMMARY|Test unit written|artifact_prefix' -A2 "$logs/$target" | sed 's/^/    /' || tail -20 "$logs/$target"
    fi
done
if [ "$findings" -gt 0 ]; then
    echo "$findings targets have findings; the inputs are in fuzz/artifacts/" >&2
    exit 1
fi
