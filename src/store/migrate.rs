//! Forward-only migrations: each in one transaction, with a backup before.

use std::{path::Path, sync::Arc};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use super::{Upgrading, backup::with_ending, error::StoreError};
use crate::score::calendar::Millis;

struct Migration {
    name: &'static str,
    sql: &'static str,
}

/// In order; the schema's number is how many have been applied. Never edited after a release.
const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "0001_initial",
        sql: include_str!("migrations/0001_initial.sql"),
    },
    Migration {
        name: "0002_former_address",
        sql: include_str!("migrations/0002_former_address.sql"),
    },
    Migration {
        name: "0003_automation",
        sql: include_str!("migrations/0003_automation.sql"),
    },
    Migration {
        name: "0004_cleaning",
        sql: include_str!("migrations/0004_cleaning.sql"),
    },
    Migration {
        name: "0005_drift",
        sql: include_str!("migrations/0005_drift.sql"),
    },
    Migration {
        name: "0006_figures",
        sql: include_str!("migrations/0006_figures.sql"),
    },
    Migration {
        name: "0007_account",
        sql: include_str!("migrations/0007_account.sql"),
    },
    Migration {
        name: "0008_publication",
        sql: include_str!("migrations/0008_publication.sql"),
    },
    Migration {
        name: "0009_alert",
        sql: include_str!("migrations/0009_alert.sql"),
    },
    Migration {
        name: "0010_push_log",
        sql: include_str!("migrations/0010_push_log.sql"),
    },
    Migration {
        name: "0011_inbox",
        sql: include_str!("migrations/0011_inbox.sql"),
    },
    Migration {
        name: "0012_told",
        sql: include_str!("migrations/0012_told.sql"),
    },
    Migration {
        name: "0013_shadow",
        sql: include_str!("migrations/0013_shadow.sql"),
    },
    Migration {
        name: "0014_care",
        sql: include_str!("migrations/0014_care.sql"),
    },
    Migration {
        name: "0015_privacy",
        sql: include_str!("migrations/0015_privacy.sql"),
    },
    Migration {
        name: "0016_tracking",
        sql: include_str!("migrations/0016_tracking.sql"),
    },
    Migration {
        name: "0017_forgotten",
        sql: include_str!("migrations/0017_forgotten.sql"),
    },
    Migration {
        name: "0018_second_person",
        sql: include_str!("migrations/0018_second_person.sql"),
    },
    Migration {
        name: "0019_edited",
        sql: include_str!("migrations/0019_edited.sql"),
    },
];

/// In instructions of `SQLite`'s machine: a tenth of a second or so, and on a slow disk some seconds.
const GOES_ON_EVERY: i32 = 2_000_000;

const LEDGER: &str = "create table if not exists migration (
    id integer primary key, name text not null, sha256 text not null, applied_at integer not null
) strict;";

/// The schema that this program knows.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// The database's schema; zero for an empty file.
pub(super) fn version(conn: &Connection) -> Result<i64, StoreError> {
    Ok(conn.query_row("pragma user_version", (), |row| row.get(0))?)
}

/// Refuses a database that a newer program wrote, or whose past is not ours.
pub(super) fn check(conn: &Connection, path: &Path) -> Result<i64, StoreError> {
    let found = version(conn)?;
    let known = newest();
    if found > known {
        return Err(StoreError::Newer {
            path: path.into(),
            found,
            known,
        });
    }
    if found == 0 {
        let strangers: i64 =
            conn.query_row("select count(*) from sqlite_schema", (), |row| row.get(0))?;
        if strangers > 0 {
            return Err(StoreError::Migration {
                detail: format!("{} holds tables of another program", path.display()),
            });
        }
    }
    for (id, migration) in (1..=found).zip(MIGRATIONS) {
        let applied: Option<String> = conn
            .query_row("select sha256 from migration where id = ?1", [id], |row| {
                row.get(0)
            })
            .optional()?;
        if applied.as_deref() != Some(fingerprint(migration.sql).as_str()) {
            return Err(StoreError::Migration {
                detail: format!("{} differs", migration.name),
            });
        }
    }
    Ok(found)
}

/// Applies what is missing. An existing database is first copied to `<path>.before-<schema>`. `upgrading` is told of
/// each step of an existing database, and again and again while a step goes on.
pub(super) fn run(
    conn: &mut Connection,
    path: &Path,
    now: Millis,
    upgrading: &Upgrading,
) -> Result<(), StoreError> {
    let found = check(conn, path)?;
    if found > 0 && found < newest() {
        tell(conn, "a copy of it as it is", upgrading)?;
        back_up(conn, path, found)?;
    }
    run_on_copy(conn, path, now, upgrading)
}

/// Applies what is missing to a database of which there is another copy.
pub(super) fn run_on_copy(
    conn: &mut Connection,
    path: &Path,
    now: Millis,
    upgrading: &Upgrading,
) -> Result<(), StoreError> {
    let found = check(conn, path)?;
    let skip = usize::try_from(found).unwrap_or_default();
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(skip) {
        let id = i64::try_from(index + 1).unwrap_or(i64::MAX);
        if found > 0 {
            tell(conn, migration.name, upgrading)?;
        }
        apply(conn, id, migration, now)?;
    }
    Ok(conn.progress_handler(0, None::<fn() -> bool>)?)
}

/// Says what begins, and from now on that it goes on, for as long as `SQLite` really works.
fn tell(
    conn: &mut Connection,
    step: &'static str,
    upgrading: &Upgrading,
) -> Result<(), StoreError> {
    upgrading(step, true);
    let upgrading = Arc::clone(upgrading);
    let goes_on = move || {
        upgrading(step, false);
        false
    };
    Ok(conn.progress_handler(GOES_ON_EVERY, Some(goes_on))?)
}

fn apply(
    conn: &mut Connection,
    id: i64,
    migration: &Migration,
    now: Millis,
) -> Result<(), StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(LEDGER)?;
    tx.execute_batch(migration.sql)?;
    tx.execute(
        "insert into migration (id, name, sha256, applied_at) values (?1, ?2, ?3, ?4)",
        params![id, migration.name, fingerprint(migration.sql), now],
    )?;
    tx.pragma_update(None, "user_version", id)?;
    Ok(tx.commit()?)
}

/// A complete copy under a name that tells which schema it has; synced before the migration begins.
fn back_up(conn: &Connection, path: &Path, found: i64) -> Result<(), StoreError> {
    let target = &with_ending(path, &format!(".before-{}", found + 1));
    let partial = &with_ending(target, ".partial");
    match std::fs::remove_file(partial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(StoreError::file(partial, &error));
        }
        _ => {}
    }
    conn.execute("vacuum into ?1", [partial.to_string_lossy()])?;
    // SQLite does not sync what VACUUM INTO writes.
    let settle = || {
        std::fs::File::open(partial)?.sync_all()?;
        std::fs::rename(partial, target)?;
        let folder = target
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    };
    settle().map_err(|error| StoreError::file(target, &error))
}

fn fingerprint(sql: &str) -> String {
    hex::encode(Sha256::digest(sql.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use engaged_connectors::model::EventKind;

    fn nobody() -> Upgrading {
        Arc::new(|_, _| ())
    }

    fn shape(conn: &Connection) -> Vec<String> {
        conn.prepare("select sql from sqlite_schema where sql is not null and name <> 'migration' and name <> 'sqlite_sequence' order by name")
            .unwrap()
            .query_map((), |row| row.get::<_, String>(0))
            .unwrap()
            .map(|sql| {
                // A column that was added stands behind a comma of its own.
                let words = sql.unwrap().replace(',', " , ").replace(')', " ) ");
                words.split_whitespace().collect::<Vec<_>>().join(" ")
            })
            .collect()
    }

    #[test]
    fn the_sum_of_all_migrations_is_the_written_schema() {
        let mut migrated = Connection::open_in_memory().unwrap();
        run(&mut migrated, Path::new("none"), 0, &nobody()).unwrap();
        let written = Connection::open_in_memory().unwrap();
        written.execute_batch(include_str!("schema.sql")).unwrap();
        assert_eq!(shape(&migrated), shape(&written));
        assert_eq!(version(&migrated).unwrap(), newest());
    }

    #[test]
    fn what_is_there_already_is_counted_when_figures_come() {
        let mut conn = Connection::open_in_memory().unwrap();
        for (id, migration) in (1..).zip(&MIGRATIONS[..5]) {
            apply(&mut conn, id, migration, 0).unwrap();
        }
        conn.execute_batch(
            "insert into word (id, text) values (1, 'engagement'), (2, 'high'), (3, 'hot'), (4, 'not_mailed');
             insert into connection (id, name, platform, known_at) values (1, 'news', 'ghost', 0);
             insert into contact (id, known_at) values (1, 0), (2, 0), (3, 0);
             insert into merged values (3, 1, 0);
             insert into identity (connection_id, platform_id, contact_id, known_at, gone_at)
               values (1, 'a', 1, 0, null), (1, 'b', 2, 0, null), (1, 'c', 2, 0, 5);
             insert into event (contact_id, at, kind, connection_id, known_at) values (1, 0, 0, 1, 0), (1, 1, 0, 1, 0);
             insert into superseded values (1, 1, 2, 0);
             insert into score values (1, 1, 9000, 9, 2), (2, 1, 9100, 9, 2), (2, 3, 0, 0, null);
             insert into segment_member values (1, 3, '2026-06-15');
             insert into stage_member values (2, 3, '2026-06-15');
             insert into contact_state values (1, 1, '2026-06-15', null, 'not_mailed'), (2, 1, '2026-06-15', null, null);
             insert into outbox (connection_id, platform_id, write, target, reason, state, known_at, changed_at)
               values (1, 'a', 'w', 't', 'r', 'applied', 0, 0), (1, 'b', 'w', 't', 'r', 'applied', 0, 0);",
        )
        .unwrap();
        apply(&mut conn, 6, &MIGRATIONS[5], 0).unwrap();
        let list = |select: &str| -> Vec<String> {
            let mut select = conn.prepare(select).unwrap();
            let rows = select.query_map((), |row| row.get(0)).unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        };
        let tallied = list(
            "select sort || ' ' || connection_id || ' ' || coalesce(text, '-') || ' ' || number from tally
             left join word on word.id = word_id order by 1",
        );
        let known = [
            "contact 0 - 2",
            "event 0 - 1",
            "identity 1 - 2",
            "outbox 1 applied 2",
            "segment 0 hot 1",
            "stage 0 hot 1",
            "unjudged 0 - 1",
            "unjudged 0 not_mailed 1",
        ];
        assert_eq!(tallied, known);
        let spread = list(
            "select concat_ws(' ', score_id, shown, band_id, contacts) from spread order by 1",
        );
        assert_eq!(spread, ["1 9 2 2", "3 0 0 1"]);
    }

    #[test]
    fn the_kinds_of_the_schema_are_those_of_the_model() {
        let mut conn = Connection::open_in_memory().unwrap();
        run(&mut conn, Path::new("none"), 0, &nobody()).unwrap();
        for (id, kind) in EventKind::BUILT_IN.iter().enumerate() {
            let name: String = conn
                .query_row(
                    "select name from kind where id = ?1",
                    [i64::try_from(id).unwrap()],
                    |row| row.get(0),
                )
                .unwrap();
            assert_eq!(name, kind.as_str());
        }
    }

    #[test]
    fn an_edited_migration_is_refused() {
        let mut conn = Connection::open_in_memory().unwrap();
        run(&mut conn, Path::new("none"), 0, &nobody()).unwrap();
        conn.execute("update migration set sha256 = 'other'", ())
            .unwrap();
        let error = run(&mut conn, Path::new("none"), 0, &nobody()).unwrap_err();
        assert_eq!(error.code(), "E0309");
    }

    #[test]
    fn a_backup_is_made_under_the_name_of_the_coming_schema() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut conn = Connection::open(&path).unwrap();
        run(&mut conn, &path, 0, &nobody()).unwrap();
        back_up(&conn, &path, 1).unwrap();
        let copy = Connection::open(folder.path().join("a.db.before-2")).unwrap();
        assert_eq!(version(&copy).unwrap(), newest());
    }

    #[test]
    fn an_upgrade_tells_each_step_and_that_it_goes_on_while_it_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut conn = Connection::open(&path).unwrap();
        for (id, migration) in (1..).zip(&MIGRATIONS[..5]) {
            apply(&mut conn, id, migration, 0).unwrap();
        }
        conn.execute_batch(
            "insert into connection (id, name, platform, known_at) values (1, 'news', 'ghost', 0);
             insert into contact (id, known_at) values (1, 0);
             with recursive n(n) as (select 1 union all select n + 1 from n where n < 400000)
             insert into event (contact_id, at, kind, connection_id, known_at) select 1, n, 0, 1, 0 from n;",
        )
        .unwrap();
        let told: Arc<std::sync::Mutex<Vec<(String, bool)>>> = Arc::default();
        let (kept, heard) = (Arc::clone(&told), Arc::clone(&told));
        let upgrading: Upgrading = Arc::new(move |step, begins| {
            heard.lock().unwrap().push((step.to_owned(), begins));
        });
        run(&mut conn, &path, 0, &upgrading).unwrap();
        let told = told.lock().unwrap();
        let begun = told.iter().filter(|(_, begins)| *begins);
        let begun: Vec<&str> = begun.map(|(step, _)| step.as_str()).collect();
        let names = MIGRATIONS[5..].iter().map(|migration| migration.name);
        let steps: Vec<&str> = ["a copy of it as it is"].into_iter().chain(names).collect();
        assert_eq!(begun, steps);
        assert!(told.iter().any(|(_, begins)| !begins), "{told:?}");
        // Nobody is told any more of what is done afterwards.
        let before = told.len();
        drop(told);
        let much = "with recursive n(n) as (select 1 union all select n + 1 from n where n < 1000000) select sum(n) from n";
        conn.query_row(much, (), |row| row.get::<_, i64>(0))
            .unwrap();
        assert_eq!(kept.lock().unwrap().len(), before);
    }
}
