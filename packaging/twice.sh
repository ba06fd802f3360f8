#!/bin/bash
# Builds the release twice from what is committed, and says whether the two are the same to the byte: the program, and the
# package with all in it. packaging/twice.sh [FOLDER] takes some twenty minutes of CPU, so it is a step before a release and
# not one of `.ci/run`. The second build has other folders (tree, target, cargo's home), another time zone, language and umask.
# Ends with 1 where the two differ, and says in what. Needs git, cargo-deb, and everything fetched.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(realpath -m "${1:-target/twice}")
home=$(realpath "${CARGO_HOME:-$HOME/.cargo}")
PATH=$PWD/target/tools/bin:$PATH
commit=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct "$commit")
export SOURCE_DATE_EPOCH PATH
unset RUSTFLAGS CARGO_TARGET_DIR
cargo-deb --version > /dev/null || { echo 'cargo-deb is missing: cargo install cargo-deb --locked --root target/tools' >&2; exit 1; }
rm -rf "$work"

# Builds below the folder that is given; then NAME=VALUE of its surroundings.
build() {
    local below=$1
    shift
    mkdir -p "$below/tree" "$below/cargo"
    git archive "$commit" | tar -x -C "$below/tree"
    for part in "$home"/registry "$home"/config.toml; do
        [ ! -e "$part" ] || ln -s "$part" "$below/cargo/"
    done
    printf -- '-- built in %s\n' "$below"
    (
        cd "$below/tree"
        export CARGO_HOME=$below/cargo CARGO_TARGET_DIR=$below/target "$@"
        flags=$(packaging/remap.sh)
        RUSTFLAGS=$flags nice cargo build --release --locked --package engaged --bin engaged
        cp "$(packaging/build-deb.sh "$below/target/release/engaged")" "$below/engaged.deb"
    )
    cp "$below/target/release/engaged" "$below/engaged"
}

# What a package holds, with names, sizes, rights, times and sums.
held() {
    dpkg-deb --info "$1"
    dpkg-deb --contents "$1"
    mkdir "$2"
    dpkg-deb --raw-extract "$1" "$2"
    (cd "$2" && find . -type f -exec sha256sum {} + | sort -k 2)
}

build "$work/first" TZ=UTC LC_ALL=C
umask 027
build "$work/elsewhere-and-deeper/second" TZ=Asia/Tokyo LC_ALL=C.UTF-8
umask 022

same=0
for name in engaged engaged.deb; do
    one=$work/first/$name other="$work/elsewhere-and-deeper/second/$name"
    sha256sum "$one" "$other"
    if cmp -s "$one" "$other"; then
        echo "$name: the same"
        continue
    fi
    same=1
    echo "$name: $(cmp -l "$one" "$other" 2> /dev/null | wc -l) bytes differ. In one alone, the first forty:"
    if [ "$name" = engaged ]; then
        diff <(readelf -SW "$one") <(readelf -SW "$other") | head -n 40 || true
        diff <(strings -n 8 "$one") <(strings -n 8 "$other") | head -n 40 || true
    else
        diff <(held "$one" "$work/in-first") <(held "$other" "$work/in-second") | head -n 40 || true
    fi
done
exit "$same"
