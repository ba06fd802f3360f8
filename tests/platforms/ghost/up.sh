#!/bin/bash
# A Ghost on 127.0.0.1: up.sh reset|stop. `reset` makes a new database, an owner and an integration,
# whose key ends up in $GHOST_DIR/key. Mail goes nowhere; nothing is asked of other hosts.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
B=${GHOST_DIR:?}; GV=${GV:-5}; PORT=${PORT:-$((2363 + GV))}; SRC=$B/v$GV; DATA=$B/data; PID=$B/run.pid
[ "$GV" = 6 ] && export PATH=$B/node22/bin:$PATH
export NODE_ENV=production GHOST_CONTENT=$DATA/content
stop() { if [ -f "$PID" ]; then kill "$(cat "$PID")" 2>/dev/null || true; for _ in $(seq 40); do kill -0 "$(cat "$PID")" 2>/dev/null || break; sleep 0.25; done; rm -f "$PID"; fi; }
case "${1:?reset or stop}" in
stop) stop ;;
reset)
  stop
  rm -rf "$DATA"; mkdir -p "$DATA/content"
  for d in data images logs public settings adapters media files; do mkdir -p "$DATA/content/$d"; done
  cp -r "$SRC/content/themes" "$DATA/content/"; cp -r "$SRC/content/settings/." "$DATA/content/settings/" 2>/dev/null || true
  sed "s#@PORT@#$PORT#g; s#@DATA@#$DATA#g" "$HERE/config.tpl.json" > "$SRC/config.production.json"
  cd "$SRC"
  node node_modules/knex-migrator/bin/knex-migrator-init --mgpath . > "$B/migrate.log" 2>&1 || { tail -20 "$B/migrate.log"; exit 1; }
  nohup node index.js > "$B/ghost.log" 2>&1 & echo $! > "$PID"
  for _ in $(seq 480); do curl -sf -o /dev/null "http://127.0.0.1:$PORT/ghost/api/admin/site/" && break; sleep 0.5; done
  curl -sf -o /dev/null "http://127.0.0.1:$PORT/ghost/api/admin/site/" || { tail -30 "$B/ghost.log"; exit 1; }
  PORT=$PORT python3 "$HERE/owner.py" "$B/key" ;;
esac
