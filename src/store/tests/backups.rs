//! Backups are whole or absent; a restore happens wholly or not at all, and begins a quarantine.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::{automation::RESTORED, store::backup::with_ending};

fn clock() -> Standing {
    Standing(AtomicI64::new(NOW))
}

fn zone() -> Zone {
    Zone::new(chrono_tz::Europe::Amsterdam)
}

/// Many people with an event each: enough pages to damage one.
fn filled() -> Bench {
    let bench = bench();
    let events: Vec<Event> = (0..2_000)
        .map(|number| {
            let email = format!("p{number}@x.example");
            event(&email, EventKind::Open, at(NOW - number * 1_000))
        })
        .collect();
    bench.append(NOW, &events);
    bench
}

impl Bench {
    fn folder(&self) -> &Path {
        self.path.parent().unwrap()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn put(path: &Path, sql: &str) {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.execute_batch(sql).unwrap();
}

#[test]
fn a_backup_is_whole_private_and_made_beside_who_writes() {
    let bench = filled();
    let target = bench.folder().join("copy.db");
    let held = bench.store.back_up(&target, false).unwrap();
    assert_eq!((held.contacts, held.events), (2_000, 2_000));
    assert_eq!(held.schema, migrate::newest());
    let file = std::fs::metadata(&target).unwrap();
    assert_eq!(
        (file.len(), file.permissions().mode() & 0o777),
        (held.bytes, 0o600)
    );
    // The writer goes on; what it adds is not in the copy.
    bench.append(NOW + 1, &[event("new@x.example", EventKind::Open, at(NOW))]);
    let copy = open(&target, Access::ReadOnly).unwrap();
    assert_eq!(copy.read(|conn| Ok(conn.sizes()?.1)).unwrap(), 2_000);
    drop(copy);
    let left = names(bench.folder());
    assert!(
        left.iter()
            .all(|name| name == "copy.db" || name.starts_with("engaged.db")),
        "{left:?}"
    );
}

#[test]
fn a_backup_takes_no_file_that_is_there_and_never_the_databases_own() {
    let bench = filled();
    let target = bench.folder().join("copy.db");
    std::fs::write(&target, "mine").unwrap();
    let error = bench.store.back_up(&target, false).unwrap_err();
    assert_eq!((error.code(), error.exit_status()), ("E0312", 2));
    assert_eq!(std::fs::read(&target).unwrap(), b"mine");
    bench.store.back_up(&target, true).unwrap();
    assert!(std::fs::metadata(&target).unwrap().len() > 4_096);
    for own in [&bench.path, bench.folder()] {
        let error = bench.store.back_up(own, true).unwrap_err();
        assert_eq!((error.code(), error.exit_status()), ("E0313", 9));
    }
    bench.append(NOW + 1, &[event("new@x.example", EventKind::Open, at(NOW))]);
}

#[test]
fn what_a_backup_that_was_cut_off_left_is_no_hindrance_and_one_that_goes_on_is() {
    let bench = filled();
    let target = bench.folder().join("copy.db");
    let partial = with_ending(&target, ".partial");
    std::fs::write(&partial, "half of a file".repeat(999)).unwrap();
    bench.store.back_up(&target, false).unwrap();
    std::fs::remove_file(&target).unwrap();
    let other = std::fs::File::create(&partial).unwrap();
    other.lock().unwrap();
    assert_eq!(
        bench.store.back_up(&target, false).unwrap_err().code(),
        "E0310"
    );
    assert!(!target.exists());
}

#[test]
fn a_backup_without_a_folder_leaves_nothing() {
    let bench = filled();
    let target = bench.folder().join("none").join("copy.db");
    assert_eq!(
        bench.store.back_up(&target, false).unwrap_err().code(),
        "E0313"
    );
    assert!(!bench.folder().join("none").exists());
}

#[test]
fn what_is_cut_short_altered_foreign_newer_or_missing_is_refused_and_changes_nothing() {
    let bench = filled();
    let folder = bench.folder().to_owned();
    let good = folder.join("good.db");
    bench.store.back_up(&good, false).unwrap();
    drop(bench.store);
    let whole = std::fs::read(&good).unwrap();
    let bad = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let short = bad("short.db", &whole[..whole.len() / 2]);
    let mut flipped = whole.clone();
    let middle = whole.len() / 2 / 8192 * 8192;
    for byte in &mut flipped[middle..middle + 16] {
        *byte ^= 0x55;
    }
    let flipped = bad("flipped.db", &flipped);
    let letter = bad(
        "letter.db",
        &b"Dear editor, this is no database. ".repeat(500),
    );
    let nothing = bad("nothing.db", b"");
    let foreign = folder.join("foreign.db");
    put(&foreign, "create table theirs (a)");
    let missing_rows = bad("rows.db", &whole);
    put(&missing_rows, "delete from event where id % 10 = 3");
    let newer = bad("newer.db", &whole);
    put(&newer, "pragma user_version = 999");
    let before = std::fs::read(&bench.path).unwrap();
    let list = names(&folder);
    for (file, code) in [
        (short, "E0313"),
        (flipped, "E0313"),
        (letter, "E0313"),
        (nothing, "E0313"),
        (foreign, "E0313"),
        (missing_rows, "E0313"),
        (newer, "E0302"),
        (folder.join("never.db"), "E0306"),
    ] {
        let error = restore(&bench.path, &file, &zone(), &clock()).unwrap_err();
        assert_eq!(
            (error.code(), error.exit_status()),
            (code, 9),
            "{}: {error}",
            file.display()
        );
    }
    assert_eq!(std::fs::read(&bench.path).unwrap(), before);
    let left: Vec<String> = names(&folder)
        .into_iter()
        .filter(|name| !name.contains(".lock"))
        .collect();
    let there: Vec<String> = list
        .into_iter()
        .filter(|name| !name.contains(".lock"))
        .collect();
    assert_eq!(left, there);
    open(&bench.path, Access::ReadWrite).unwrap();
}

#[test]
fn nothing_is_restored_while_somebody_writes() {
    let bench = filled();
    let good = bench.folder().join("good.db");
    bench.store.back_up(&good, false).unwrap();
    let error = restore(&bench.path, &good, &zone(), &clock()).unwrap_err();
    assert_eq!(error.exit_status(), 7);
}

#[test]
fn the_former_database_stays_with_all_that_was_committed_and_the_backup_is_in_quarantine() {
    let bench = filled();
    let folder = bench.folder().to_owned();
    let good = folder.join("good.db");
    bench.store.back_up(&good, false).unwrap();
    bench.append(NOW + 1, &[event("new@x.example", EventKind::Open, at(NOW))]);
    // A crash leaves the log beside the file.
    let log = with_ending(&bench.path, "-wal");
    let (file, in_log) = (
        std::fs::read(&bench.path).unwrap(),
        std::fs::read(&log).unwrap(),
    );
    drop(bench.store);
    std::fs::write(&bench.path, file).unwrap();
    std::fs::write(&log, in_log).unwrap();

    let restored = restore(&bench.path, &good, &zone(), &clock()).unwrap();
    let aside = restored.aside.unwrap();
    assert!(
        aside
            .to_string_lossy()
            .contains("engaged.db.before-restore-2026"),
        "{aside:?}"
    );
    let former = open(&aside, Access::ReadWrite).unwrap();
    assert_eq!(former.read(|conn| Ok(conn.sizes()?.1)).unwrap(), 2_001);
    assert!(former.read(Conn::quarantine).unwrap().is_none());
    for _ in 0..2 {
        let store = open(&bench.path, Access::ReadWrite).unwrap();
        let (events, quarantine) = store
            .read(|conn| Ok((conn.sizes()?.1, conn.quarantine()?)))
            .unwrap();
        assert_eq!(events, 2_000);
        assert_eq!(quarantine.unwrap().restored_at, NOW);
        store.read(Conn::check_soundness).unwrap();
        assert_eq!(
            store.read(|conn| conn.compare_tallies(5)).unwrap(),
            Vec::<String>::new()
        );
    }
    // The one that was moved aside can be had back, log and all.
    drop(former);
    restore(&bench.path, &aside, &zone(), &clock()).unwrap();
    let store = open(&bench.path, Access::ReadOnly).unwrap();
    assert_eq!(store.read(|conn| Ok(conn.sizes()?.1)).unwrap(), 2_001);
}

#[test]
fn a_restore_that_was_decided_is_carried_to_its_end_by_whoever_opens_next_and_one_that_was_not_never_was()
 {
    let bench = filled();
    let folder = bench.folder().to_owned();
    let good = folder.join("good.db");
    bench.store.back_up(&good, false).unwrap();
    bench.append(NOW + 1, &[event("new@x.example", EventKind::Open, at(NOW))]);
    drop(bench.store);
    let events = || {
        let store = open(&bench.path, Access::ReadWrite).unwrap();
        store.read(|conn| Ok(conn.sizes()?.1)).unwrap()
    };
    std::fs::copy(&good, with_ending(&bench.path, ".restoring")).unwrap();
    assert_eq!(events(), 2_001);
    assert!(!with_ending(&bench.path, ".restoring").exists());
    std::fs::copy(&good, with_ending(&bench.path, ".restored")).unwrap();
    assert_eq!(events(), 2_000);
    assert!(!with_ending(&bench.path, ".restored").exists());
    let aside = names(&folder)
        .into_iter()
        .filter(|name| name.contains(".before-restore-") && name.ends_with('Z'));
    assert_eq!(aside.count(), 1);
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "a database with something of everything that may wait"
)]
fn what_waited_when_the_backup_was_made_is_given_up_and_nobody_is_logged_in_by_it() {
    let bench = bench();
    bench.contacts(NOW, &[contact("7", Some("a@x.example"))]);
    let ours = [
        ("planned", "set", "field:A"),
        ("retry", "set", "field:B"),
        ("ambiguous", "set", "field:C"),
        ("attempting", "set", "field:D"),
        ("applied", "set", "field:E"),
        ("planned", "start", "start:1"),
        ("ambiguous", "start", "start:2"),
        ("planned", "removal", "clean:1"),
    ];
    for (state, lane, target) in ours {
        put(
            &bench.path,
            &format!(
                "insert into outbox (connection_id, contact_id, platform_id, write, target, reason, state, known_at, changed_at, lane)
                 values (1, 1, '7', 'w', '{target}', '', '{state}', 0, 0, '{lane}');
                 insert or ignore into word (text) values ('{state}');
                 insert into tally select 'outbox', 1, id, 1 from word where text = '{state}'
                   on conflict do update set number = number + 1;"
            ),
        );
    }
    put(
        &bench.path,
        "insert into word (text) values ('VIP'), ('sunset');
         insert into automation_entry (id, contact_id, automation_id, number, entered_at, entered_on, state, decided_at)
           select column1, 1, word.id, column1, 0, '2026-06-01', column2, 0 from word, (
             values (1, 'ready'), (2, 'in doubt'), (3, 'settling'), (4, 'started'), (5, 'leaving')) where text = 'VIP';
         insert into cleaning_batch (policy_id, fingerprint, condition, done, state, summary, approved_at, approved_by, changed_at)
           select id, '', '', '', 'approved', '', 0, '', 0 from word where text = 'sunset';
         insert into cleaning_batch (policy_id, fingerprint, condition, done, state, summary, approved_at, approved_by, changed_at, people)
           select id, '', '', '', 'approved', '', 0, '', 0, 2 from word where text = 'VIP';
         insert into cleaning_case (id, policy_id, contact_id, batch_id, stage, since_at, opened_at, silent_since_at)
           select 1, id, 1, 1, 'candidate', 0, 0, 0 from word where text = 'sunset';
         insert into cleaning_case (id, policy_id, contact_id, batch_id, stage, since_at, opened_at, silent_since_at)
           select 2, id, 1, 2, 'to ask', 0, 0, 0 from word where text = 'VIP';
         insert into cleaning_removal values (1, 1, '7', 'unsubscribe', 'waiting', null, null, null);
         insert into control values ('allow max_starts 1', 'granted', 0);
         insert into account (name, role, password, created_at) values ('marit', 'admin', '', 0);
         insert into session (digest, account_id, begun_from, created_at, seen_at) values (x'00', 1, '', 0, 0);
         insert into connection (name, platform, known_at) values ('files', 'import', 0);
         insert into cursor values (1, 'clicks', 'c', 0);
         insert into kind (id, name) values (900, 'k');
         insert into stream_kind values (1, 'clicks', 900);",
    );
    let good = bench.folder().join("good.db");
    bench.store.back_up(&good, false).unwrap();
    drop(bench.store);
    let restored = restore(&bench.path, &good, &zone(), &clock()).unwrap();
    assert_eq!(
        (restored.quarantine.abandoned, restored.quarantine.silenced),
        (6, 2)
    );

    let store = open(&bench.path, Access::ReadWrite).unwrap();
    let conn = rusqlite::Connection::open(&bench.path).unwrap();
    let texts = |select: &str| -> Vec<String> {
        let mut select = conn.prepare(select).unwrap();
        let rows = select.query_map((), |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let open_ones = "select target from outbox where state <> 'abandoned' order by id";
    assert_eq!(texts(open_ones), ["field:E", "start:2"]);
    let entries = "select id || ' ' || state from automation_entry order by id";
    assert_eq!(
        texts(entries),
        [
            "1 silent",
            "2 in doubt",
            "3 silent",
            "4 started",
            "5 started"
        ]
    );
    assert_eq!(
        texts("select stage || ' ' || (ended_at is not null) from cleaning_case"),
        ["spared 1", "spared 1"]
    );
    // Nobody confirms what somebody approved before.
    assert_eq!(
        texts("select state from cleaning_batch where people = 2"),
        ["lapsed"]
    );
    for nothing in [
        "select name from control where name like 'allow%'",
        "select account_id || '' from session",
        "select stream from cursor where stream = 'contacts'",
    ] {
        assert_eq!(texts(nothing), Vec::<String>::new(), "{nothing}");
    }
    assert_eq!(texts("select stream from cursor"), ["clicks"]);
    assert_eq!(
        texts("select source from hole where connection_id = 2"),
        ["restore"]
    );
    assert_eq!(
        store.read(|conn| conn.compare_tallies(5)).unwrap(),
        Vec::<String>::new()
    );
    let silent = store.read(|conn| conn.silent_since_restore(NOW)).unwrap();
    assert_eq!(silent, [("VIP".to_owned(), 2)]);
    assert_eq!(
        texts("select distinct reason from automation_entry where state = 'silent'"),
        [RESTORED]
    );
    // Numbers that were given after the backup are not given again.
    put(
        &bench.path,
        "insert into automation_entry (contact_id, automation_id, number, entered_at, entered_on, state, decided_at)
         select 1, automation_id, 9, 0, '2026-06-02', 'silent', 0 from automation_entry limit 1",
    );
    assert_eq!(
        texts("select max(id) || '' from automation_entry"),
        ["10000001"]
    );
    // Of who is connected it is not known what the platform was told, until it was read to its end.
    let held = |connection| {
        store
            .read(move |conn| conn.is_uncompared(connection))
            .unwrap()
    };
    assert!(held(ConnectionId(1)) && !held(ConnectionId(2)));
}

#[test]
fn a_backup_of_an_older_schema_is_brought_to_the_present_one_and_erased_again_by_the_file_beside_the_database()
 {
    let bench = filled();
    let folder = bench.folder().to_owned();
    let good = folder.join("good.db");
    bench.store.back_up(&good, false).unwrap();
    let path = bench.path.clone();
    bench
        .store
        .write(move |tx| {
            let gone = tx.find_contact(&address("p7@x.example"))?.unwrap();
            tx.erase(&path, gone, NOW + 1)
        })
        .unwrap();
    drop(bench.store);
    // Of before there were erasures: it has no key, and takes the file's.
    put(
        &good,
        "drop table objection; drop table retraction; drop table privacy_key; drop table erased; drop table left_out;
         drop table tracking_rule; drop table last_open; drop table withheld; drop table withheld_sum; drop table forgotten;
         alter table drift add column settled_at integer; alter table cleaning_batch drop column people; alter table cleaning_batch drop column approved_from;
         alter table cleaning_batch drop column confirmed_at; alter table cleaning_batch drop column confirmed_by;
         delete from migration where id >= 15; pragma user_version = 14",
    );
    restore(&bench.path, &good, &zone(), &clock()).unwrap();
    let store = open(&bench.path, Access::ReadOnly).unwrap();
    assert!(store.read(Conn::quarantine).unwrap().is_some());
    drop(store);
    let store = open(&bench.path, Access::ReadWrite).unwrap();
    let known = |name: &str| {
        let name = address(name);
        store.read(|conn| conn.find_contact(&name)).unwrap()
    };
    assert!(known("p6@x.example").is_some());
    assert_eq!(known("p7@x.example"), None);
    assert!(
        !names(&folder).iter().any(|name| name.contains(".before-1")),
        "the backup itself is the copy of before"
    );
}

#[tokio::test]
async fn the_log_is_emptied_between_two_transactions() {
    let bench = filled();
    assert!(bench.store.log_bytes() > 0);
    assert!(bench.store.empty_log().await.unwrap());
    assert_eq!(bench.store.log_bytes(), 0);
    bench.append(NOW + 1, &[event("new@x.example", EventKind::Open, at(NOW))]);
}
