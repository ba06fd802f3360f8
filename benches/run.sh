#!/bin/bash
# Measures what the design promises about speed and memory, each beside a reference in the same run.
#
#   benches/run.sh           the sizes of the promises: an hour, 15 GB of disk; writes docs/benchmarks.txt
#   benches/run.sh --tenth   a tenth of that: some 5 minutes; ends with 1 where a figure is far off (.ci/run)
#
# Databases are made in TMPDIR and removed again. Figures are CPU seconds: other work on the machine matters little.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --locked --benches --bin engaged
# What one part takes in, the next need not.
filled=$(mktemp -u --suffix .db)
trap 'rm -f "$filled"' EXIT
bench() { cargo bench --locked --quiet --bench targets -- "$@"; }

if [ "${1:-}" = --tenth ]; then
  bench store --contacts 100000 --filled "$filled"
  bench pages --contacts 100000 --filled "$filled"
  bench sync --contacts 1400
  bench push --contacts 4300
  # Fewer contacts do not fill the database's caches, which are bounded, and would seem to grow.
  bench memory --contacts 30000 --months 1
  bench heavy --events 200000
  exit
fi

{
  printf '%s, %s cores, %s GB; %s; SQLite is bundled\n\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" \
    "$(nproc)" "$(awk '/MemTotal/ { print int($2 / 1048576 + 0.5) }' /proc/meminfo)" "$(rustc --version | cut -d' ' -f1-2)"
  # A target that is missed is printed as such; a figure far off it, or a run that broke, makes this end with 1 after the rest.
  failed=0
  printf '## In the order of the list\n\n'
  bench store --contacts 1000000 --filled "$filled" || failed=1
  bench pages --contacts 1000000 --filled "$filled" || failed=1
  rm "$filled"
  printf '## Each report in an order of its own\n\n'
  bench store --contacts 1000000 --shuffled || failed=1
  bench sync --contacts 13800 || failed=1
  bench push --contacts 43000 || failed=1
  bench memory --contacts 100000 --months 8 || failed=1
  bench heavy --events 1000000 || failed=1
  # It waits for the daemon's minutes, at any size: no part of --tenth.
  bench large --contacts 1000000 || failed=1
  exit "$failed"
} | tee docs/benchmarks.txt
