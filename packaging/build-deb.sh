#!/bin/bash
# Builds the .deb from a built program: packaging/build-deb.sh PROGRAM [VERSION]. Prints the package's path.
# Manual, completions, notices and the list of parts are made first, of this very program. Needs cargo-deb. The same program
# and commit give the same package: SOURCE_DATE_EPOCH is the time in it, by default the commit's.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:?the built program}")
version=${2:-}
staged=target/packaging/staged
mkdir -p "$staged/completions"
rm -rf "$staged/man1"

cp "$program" "$staged/engaged"
strip --strip-debug "$staged/engaged"
if grep -qaE '/registry/src/[^/ ]+/' "$staged/engaged"; then
    echo "$program names folders of the machine that built it; build it with RUSTFLAGS=\"\$(packaging/remap.sh)\"" >&2
    exit 1
fi
"$program" man --out "$staged/man1"
gzip -9nf "$staged"/man1/*.1
for shell in bash zsh fish; do
    "$program" completions "$shell" > "$staged/completions/engaged.$shell"
done
packaging/notices.py > "$staged/NOTICES"
packaging/parts.py "$staged/engaged" > "$staged/engaged.cdx.json"
if [ -z "${SOURCE_DATE_EPOCH:-}" ] && SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2> /dev/null); then
    export SOURCE_DATE_EPOCH
fi

# cargo-deb looks for release binaries; the one that is staged is the one that was given.
PATH=$PWD/target/tools/bin:$PATH
output=$PWD/target/packaging/deb
mkdir -p "$output"
cargo deb --locked --no-build --no-strip --quiet ${version:+--deb-version "$version"} --output "$output/" >&2
ls -t "$output"/*.deb | head -n 1
