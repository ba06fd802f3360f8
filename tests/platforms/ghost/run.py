#!/usr/bin/env python3
"""The main job against a real Ghost: sync, score, plan, push, and Ghost's own database as the judge.

run.py ENGAGED_BINARY; needs $GHOST_DIR with an installed Ghost (install.sh). GV=5 (default) or 6."""
import collections, json, os, pathlib, shutil, sqlite3, subprocess, sys

HERE = pathlib.Path(__file__).resolve().parent
BINARY = os.path.abspath(sys.argv[1])
ROOT = pathlib.Path(os.environ["GHOST_DIR"])
PORT = os.environ.setdefault("PORT", str(2363 + int(os.environ.get("GV", "5"))))
WORK = ROOT / "engaged"
CHECKS = 0

CONFIG = f"""
timezone = "Europe/Amsterdam"
database = "engaged.db"

[connections.site]
platform = "ghost"
key = {{ file = "key" }}
base_url = "http://127.0.0.1:{PORT}"
mode = "MODE"
push.tags = {{ prefix = "engaged:", segments = ["asleep"], bands = ["engagement"] }}

[scores.engagement]
rules = [
  {{ when = "open", points = 1 }},
  {{ when = "click", points = 5 }},
  {{ when = "unsubscribe", points = -20 }},
  {{ when = "bounce", points = -30 }},
  {{ when = "no open in 1 month", points = -5, min_sends = 2 }},
]
bands = [ {{ name = "hot", from = 8 }}, {{ name = "warm", from = 1 }}, {{ name = "cold" }} ]

[segments]
asleep = "no open in 1 month and no click in 1 month"
"""


def check(what, ok, detail=""):
    global CHECKS
    CHECKS += 1
    print(f"  {'ok' if ok else 'FAILED'}: {what}" + (f" ({detail})" if detail else ""), flush=True)
    if not ok:
        sys.exit(1)


def engaged(*words, expect=(0,)):
    run = subprocess.run([BINARY, "--config", str(WORK / "engaged.toml"), *words], capture_output=True, text=True)
    if run.returncode not in expect:
        print(run.stdout[-4000:], run.stderr[-4000:])
        check(f"engaged {' '.join(words)} exits with {expect}", False, f"got {run.returncode}")
    return run.stdout


def configure(mode):
    (WORK / "engaged.toml").write_text(CONFIG.replace("MODE", mode))


def script(name, *words):
    run = subprocess.run([str(HERE / name), *words], capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{name} failed:\n{run.stdout}\n{run.stderr}")
    return run.stdout


def ghost(sql):
    with sqlite3.connect(f"file:{ROOT}/data/ghost.db?mode=ro", uri=True, timeout=60) as base:
        return base.execute(sql).fetchall()


def ours(sql):
    with sqlite3.connect(f"file:{WORK}/engaged.db?mode=ro", uri=True, timeout=60) as base:
        return base.execute(sql).fetchall()


def stored(kind):
    """Our events of a kind as (event id, member id, time), superseded ones left out."""
    return ours(
        "select e.platform_event_id, i.platform_id, datetime(e.at / 1000, 'unixepoch') from event e"
        " join identity i on i.contact_id = e.contact_id and i.connection_id = e.connection_id"
        f" where e.kind = {KINDS[kind]}"
        " and not exists (select 1 from superseded s where s.event_id = e.id)"
    )


# The built-in kinds are numbered in the order in which the rule language lists them.
KINDS = {"send": 0, "delivery": 1, "open": 2, "click": 3, "hard_bounce": 5, "unsubscribe": 8, "subscribe": 9}

TRUTH = {
    "send": "select r.id, r.member_id, e.submitted_at from email_recipients r join emails e on e.id = r.email_id where r.processed_at is not null",
    "delivery": "select id, member_id, delivered_at from email_recipients where delivered_at is not null",
    "open": "select id, member_id, opened_at from email_recipients where opened_at is not null",
    "click": "select id, member_id, created_at from members_click_events",
    "hard_bounce": "select id, member_id, failed_at from email_recipients where failed_at is not null",
    "unsubscribe": "select id, member_id, created_at from members_subscribe_events where subscribed = 0",
    "subscribe": "select id, member_id, created_at from members_subscribe_events where subscribed = 1",
}


def compare_events(when):
    for kind, sql in TRUTH.items():
        truth, have = collections.Counter(ghost(sql)), collections.Counter(stored(kind))
        missing, extra = truth - have, have - truth
        check(f"{when}: every {kind} is in our store once", truth and not missing and not extra,
              f"{sum(truth.values())} there, {sum(missing.values())} missing, {sum(extra.values())} too many")


def labels():
    rows = ghost("select m.member_id, l.name from members_labels m join labels l on l.id = m.label_id")
    return collections.Counter(rows)


def compare_labels(before):
    now = labels()
    mine = collections.Counter({row: n for row, n in now.items() if row[1].startswith("engaged:")})
    foreign = now - mine
    check("labels that are not ours are as they were", foreign == before, f"{sum(before.values())} of them")
    bands = ours(
        "select i.platform_id, 'engaged:' || w.text from score s join word w on w.id = s.band_id"
        " join identity i on i.contact_id = s.contact_id where i.gone_at is null"
    )
    segments = ours(
        "select i.platform_id, 'engaged:' || w.text from segment_member s join word w on w.id = s.segment_id"
        " join identity i on i.contact_id = s.contact_id where i.gone_at is null"
    )
    wanted = collections.Counter(bands + segments)
    check("labels on the site equal our bands and segments", mine == wanted, f"{sum(wanted.values())} labels")
    check("nobody has one of our labels twice", max(mine.values()) == 1)
    return now


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    script("up.sh", "reset")
    print("seeded:", script("seed.py", "--members", "2000", "--emails", "8", "--seed", "1").strip(), flush=True)
    WORK.mkdir(parents=True)
    shutil.copy(ROOT / "key", WORK / "key")
    before = labels()

    configure("read-only")
    engaged("check")
    engaged("sync")
    compare_events("first sync")
    engaged("score")
    plan = json.loads(engaged("plan", "--json"))
    check("the plan has writes", plan["writes"] > 0, f"{plan['writes']} writes")
    check("a read-only connection is not written to", json.loads(engaged("apply", "--json"))["applied"] == 0)
    check("a plan writes nothing", labels() == before)

    configure("live")
    held = json.loads(engaged("apply", "--json", expect=(5,)))
    check("the first push is held as a baseline", held["applied"] == 0 and labels() == before)
    engaged("approve", "baseline")
    done = json.loads(engaged("apply", "--json"))
    check("the approved baseline is pushed", done["applied"] == plan["writes"], f"{done['applied']} writes")
    after = compare_labels(before)

    again = json.loads(engaged("once", "--json"))
    check("a second run writes nothing", again["applied"] == 0 and labels() == after)
    compare_events("second sync")

    print("live:", script("seed.py", "--live", "60", "--seed", "2").strip(), flush=True)
    engaged("sync")
    compare_events("after late opens")
    engaged("score")
    engaged("apply", expect=(0,))
    compare_labels(before)
    engaged("verify")
    print(f"{CHECKS} passed, 0 failed")


try:
    main()
finally:
    script("up.sh", "stop")
