//! The program is killed at its n-th write and its n-th sync while it brings an older database up to date (F4).
//!
//! The older database holds what the present one holds, in the tables of some migrations ago. Whatever is killed, the
//! copy of before is whole or not there, no migration begins without it, and the next run ends with nothing lost.

use std::path::PathBuf;

use engaged_sandbox::rng::{Rng, mix};
use rusqlite::Connection;

use crate::{
    cuts::state,
    judge::{Violation, run},
    program::Program,
    schema,
    strikes::{CALLS, Kept, calls, judge, places, scene, setting, strike},
    watch::Left,
};

/// So many migrations are missing.
const MISSING: usize = 3;

/// At so many places of each kind the program is struck, unless `ENGAGED_STRIKES` says otherwise.
const STRIKES: usize = 16;

/// The names that a query of one column gives.
fn names(conn: &Connection, query: &str) -> Vec<String> {
    let mut select = conn.prepare(query).unwrap();
    let rows = select.query_map((), |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Puts in the database's place one of an older schema with the same rows; its schema.
fn make_older(program: &Program) -> usize {
    let files = schema::migrations();
    let schema = files.len() - MISSING;
    let (database, new) = (
        program.path().join("engaged.db"),
        program.path().join("older.db"),
    );
    let conn = Connection::open(&new).unwrap();
    conn.execute_batch(
        "pragma page_size = 8192; pragma journal_mode = wal; pragma foreign_keys = off;",
    )
    .unwrap();
    schema::make(&conn, &files[..schema]);
    conn.execute("attach ?1 as newer", [database.to_str().unwrap()])
        .unwrap();
    let tables = "select name from main.sqlite_schema where type = 'table' and name not like 'sqlite_%' and name <> 'migration'";
    for table in names(&conn, tables) {
        // What a later schema dropped was empty in this one.
        let columns = names(
            &conn,
            &format!(
                "select name from pragma_table_info('{table}', 'main')
                 intersect select name from pragma_table_info('{table}', 'newer')"
            ),
        );
        let columns = columns.join(", ");
        conn.execute_batch(&format!(
            "insert or replace into main.{table} ({columns}) select {columns} from newer.{table}"
        ))
        .unwrap();
    }
    conn.execute_batch("detach newer; pragma wal_checkpoint(truncate)")
        .unwrap();
    drop(conn);
    Kept(Default::default()).put_back(program);
    std::fs::rename(new, database).unwrap();
    schema
}

/// What lies beside the database of an older one.
struct Copies {
    /// The copy of before any migration.
    first: PathBuf,
    /// What it must hold.
    was: [u8; 32],
    schema: usize,
}

impl Copies {
    fn of(program: &Program, schema: usize) -> Self {
        let name = format!("engaged.db.before-{}", schema + 1);
        Self {
            first: program.path().join(name),
            was: state(&program.path().join("engaged.db")).unwrap(),
            schema,
        }
    }

    /// Takes away whatever earlier runs kept.
    fn clear(program: &Program) {
        for entry in std::fs::read_dir(program.path()).unwrap() {
            let entry = entry.unwrap();
            if entry
                .file_name()
                .to_string_lossy()
                .starts_with("engaged.db.before-")
            {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
    }

    /// Whether the copy is what the database was, where there must be one.
    fn judge(&self, must: bool) -> Vec<Violation> {
        if !self.first.exists() {
            let lost = Violation::Lost("there is no copy of before".to_owned());
            return if must { vec![lost] } else { Vec::new() };
        }
        // Opening it leaves files beside it; what is judged is a copy.
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy.db");
        std::fs::copy(&self.first, &copy).unwrap();
        match state(&copy) {
            Ok(found) if found == self.was => Vec::new(),
            Ok(_) => vec![Violation::Lost(
                "the copy is not what it was made of".to_owned(),
            )],
            Err(error) => vec![Violation::Unsound(format!("the copy: {error}"))],
        }
    }
}

/// Where a kill fell.
#[derive(Debug, Default)]
struct Fell {
    before_the_copy: usize,
    in_the_copy: usize,
    with_the_copy: usize,
    between_migrations: usize,
    afterwards: usize,
    again: usize,
}

impl Fell {
    /// Looks at what a kill left, and counts it.
    fn count(&mut self, program: &Program, copies: &Copies) -> Vec<Violation> {
        let left = Left::by(program);
        let found = left.number("select user_version from pragma_user_version");
        let schema = i64::try_from(copies.schema).unwrap();
        let migrated = found > schema;
        let partial = copies.first.with_extension(format!(
            "{}.partial",
            copies.first.extension().unwrap().to_str().unwrap()
        ));
        let place = match found - schema {
            0 if copies.first.exists() => &mut self.with_the_copy,
            0 if partial.exists() => &mut self.in_the_copy,
            0 => &mut self.before_the_copy,
            missing if missing < MISSING.try_into().unwrap() => &mut self.between_migrations,
            _ => &mut self.afterwards,
        };
        *place += 1;
        let mut broken = left.is_sound();
        broken.extend(copies.judge(migrated));
        broken
    }
}

// F4.
#[test]
fn a_kill_at_any_write_or_sync_while_an_older_database_is_migrated_loses_nothing_and_leaves_a_good_copy()
 {
    let stage = scene();
    let program = &stage.program;
    program.expect(0, &["sync"]);
    program.expect(0, &["score"]);
    let schema = make_older(program);
    let (kept, copies) = (Kept::of(program), Copies::of(program, schema));
    // The verb that migrates has something to do afterwards, too.
    let words = ["score"];
    let mut fell = Fell::default();
    let wanted = setting("ENGAGED_STRIKES", STRIKES);
    let seed = setting("ENGAGED_SEED", 1) as u64;
    let mut kills = 0;
    for call in CALLS {
        Copies::clear(program);
        kept.put_back(program);
        let Some(all) = calls(program, &words, call) else {
            return;
        };
        let mut chance = Rng::new(mix(&[seed, all as u64]));
        // The first falls before the copy, where hardly anything else does.
        for place in std::iter::once(1).chain(places(all, wanted, &mut chance)) {
            Copies::clear(program);
            kept.put_back(program);
            let kill =
                |place: usize| strike(program, &words, call, "signal=SIGKILL", &place.to_string());
            if !kill(place).unwrap().fired {
                continue;
            }
            kills += 1;
            let mut broken = fell.count(program, &copies);
            if kills % 3 == 0 {
                // The next run is killed early: while it makes good what the first one left.
                let struck = kill(1 + chance.below(4) as usize).unwrap();
                fell.again += usize::from(struck.fired);
                broken.extend(copies.judge(false));
            }
            broken.extend(run(program, &words));
            broken.extend(judge(&stage));
            broken.extend(copies.judge(true));
            assert!(
                broken.is_empty(),
                "killed at {call} {place} of {all}: {broken:#?}"
            );
        }
    }
    println!("an older database: {kills} kills, {fell:?}");
    for (place, times) in [
        ("before the copy", fell.before_the_copy),
        ("in the copy", fell.in_the_copy),
        ("with the copy, before a migration", fell.with_the_copy),
        ("between migrations", fell.between_migrations),
        ("again", fell.again),
    ] {
        assert!(times > 0, "no kill fell {place}: {fell:?}");
    }
    // The copy is as good as the database was: with it in its place nothing is lost either.
    Kept(Default::default()).put_back(program);
    std::fs::copy(&copies.first, program.path().join("engaged.db")).unwrap();
    let mut broken = run(program, &words);
    broken.extend(judge(&stage));
    assert!(broken.is_empty(), "{broken:#?}");
}
