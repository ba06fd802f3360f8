//! Power is cut at every call of a recording, and what is left is opened and judged.
//!
//! The judge knows the states that were committed, in order. What is left must be sound and be one of them: the last
//! that was synced, or the one whose commit was under way. And whatever others were told by then must be there.

use std::{collections::BTreeSet, path::Path};

use engaged::{
    clock::SystemClock,
    store::{Access, Conn, Store},
};
use engaged_sandbox::rng::{Rng, mix};
use rusqlite::{Connection, types::ValueRef};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::{
    disk::{Disk, Image, Loss},
    trace::{FILES, Op, Said},
};

/// Images beside each other.
const THREADS: u64 = 2;
/// How often what is lost is drawn anew at each call.
const DRAWS: usize = 12;

/// What a database holds, in short.
type State = [u8; 32];

/// What came of the cuts.
#[derive(Debug, Default)]
pub struct Found {
    /// Cuts by which something unsynced was lost, each of which left something else.
    pub effective: usize,
    /// States that were committed.
    pub states: usize,
    /// How many requests and answers had left.
    pub said: usize,
    /// What was broken, if anything was.
    pub broken: Vec<String>,
}

/// What the database must remember of each thing that was told: how many of a kind it knows.
const KNOWN: [(Said, &str); 2] = [
    (Said::Request, "select coalesce(sum(tries), 0) from outbox"),
    (
        Said::Taken,
        "select coalesce(sum(accepted + repeated), 0) from hook",
    ),
];

/// How much of each kind there is.
type Counts = [i64; KNOWN.len()];

/// Cuts at every call of a run that began with these files.
pub fn at_every_call(before: &Image, ops: &[Op], seed: u64) -> Found {
    let states = states(before, ops);
    let mut found = Found {
        states: states
            .iter()
            .map(|(_, state)| state)
            .collect::<BTreeSet<_>>()
            .len(),
        ..Found::default()
    };
    let parts: Vec<Found> = std::thread::scope(|scope| {
        let part = |part: u64| {
            let states = &states;
            scope.spawn(move || cuts(before, ops, states, seed, part))
        };
        let threads: Vec<_> = (0..THREADS).map(part).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    for part in parts {
        found.effective += part.effective;
        found.said += part.said;
        found.broken.extend(part.broken);
    }
    found
}

/// The state after each sync, and at which call that was; first of all the one before any.
fn states(before: &Image, ops: &[Op]) -> Vec<(usize, State)> {
    let folder = folder();
    let mut disk = Disk::new(before.clone());
    let mut chance = Rng::new(0);
    let mut look = |disk: &Disk| {
        lay(folder.path(), &disk.cut(Loss::Nothing, &mut chance).image);
        state(&folder.path().join(FILES[0])).unwrap()
    };
    let mut states = vec![(0, look(&disk))];
    for (number, op) in ops.iter().enumerate() {
        disk.apply(op);
        if matches!(op, Op::Sync(_)) {
            states.push((number, look(&disk)));
        }
    }
    states.push((ops.len(), look(&disk)));
    states
}

fn cuts(before: &Image, ops: &[Op], states: &[(usize, State)], seed: u64, part: u64) -> Found {
    let folder = folder();
    let database = folder.path().join(FILES[0]);
    let mut disk = Disk::new(before.clone());
    let mut found = Found::default();
    let mut seen = BTreeSet::new();
    lay(folder.path(), before);
    let mut told = known(&database);
    for (number, op) in ops.iter().enumerate() {
        disk.apply(op);
        for ((kind, _), told) in KNOWN.iter().zip(&mut told) {
            *told += i64::from(matches!(op, Op::Said(said) if said == kind));
        }
        if disk.synced_at() % THREADS != part || !found.broken.is_empty() {
            continue;
        }
        let tells = matches!(op, Op::Said(_));
        if !disk.can_lose() && !tells {
            continue;
        }
        found.said += usize::from(tells);
        // The state that is synced, and the one that is on its way.
        let next = states.partition_point(|(at, _)| *at <= number);
        let allowed = [states[next - 1].1, states[next.min(states.len() - 1)].1];
        for draw in 0..DRAWS {
            let loss = match draw {
                0 => Loss::All,
                draw if draw % 2 == 0 => Loss::Writes,
                _ => Loss::Sectors,
            };
            let mut chance = Rng::new(mix(&[seed, number as u64, draw as u64]));
            let left = disk.cut(loss, &mut chance);
            let anew = seen.insert(left.name) || (tells && draw == 0);
            if !anew {
                continue;
            }
            lay(folder.path(), &left.image);
            found.effective += usize::from(disk.can_lose());
            let judged = judge(&database, &allowed).and_then(|()| match loss {
                Loss::All => opens(&database, &told),
                _ => Ok(()),
            });
            if let Err(what) = judged {
                found.broken.push(format!(
                    "{loss:?} lost at call {number} of {}: {what}",
                    ops.len()
                ));
            }
        }
    }
    found
}

/// Whether the database is sound and one of the states that it may be.
fn judge(database: &Path, allowed: &[State]) -> Result<(), String> {
    let state = state(database)?;
    if allowed.contains(&state) {
        return Ok(());
    }
    Err("neither the state that was synced nor the next one".to_owned())
}

/// Whether the program itself goes on from there, and what it told others is written down.
fn opens(database: &Path, told: &Counts) -> Result<(), String> {
    let store = Store::open(database, Access::ReadWrite, &SystemClock)
        .map_err(|error| error.to_string())?;
    store
        .read(Conn::check_soundness)
        .map_err(|error| error.to_string())?;
    drop(store);
    let known = known(database);
    if known.iter().zip(told).all(|(known, told)| known >= told) {
        return Ok(());
    }
    Err(format!("{told:?} were told of, {known:?} are known"))
}

/// How much the database knows of each kind; nothing where there are no tables yet.
fn known(database: &Path) -> Counts {
    let conn = Connection::open(database).unwrap();
    KNOWN.map(|(_, query)| conn.query_row(query, (), |row| row.get(0)).unwrap_or(0))
}

/// A folder in memory, where there is one.
fn folder() -> TempDir {
    TempDir::new_in("/dev/shm")
        .or_else(|_| TempDir::new())
        .unwrap()
}

/// Writes the files as they are after a cut.
fn lay(folder: &Path, image: &Image) {
    let _ = std::fs::remove_file(folder.join("engaged.db-shm"));
    for (name, bytes) in FILES.iter().zip(image) {
        let path = folder.join(name);
        match bytes {
            Some(bytes) => std::fs::write(path, bytes).unwrap(),
            None => {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

/// Everything that the database holds, if it is sound.
pub fn state(database: &Path) -> Result<State, String> {
    let say = |error: rusqlite::Error| error.to_string();
    let conn = Connection::open(database).map_err(say)?;
    let sound: String = conn
        .query_row("pragma integrity_check", (), |row| row.get(0))
        .map_err(say)?;
    if sound != "ok" {
        return Err(sound);
    }
    let mut tables = conn
        .prepare("select name, sql from sqlite_master where type = 'table' order by name")
        .map_err(say)?;
    let tables: Vec<(String, String)> = tables
        .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(say)?
        .collect::<Result<_, _>>()
        .map_err(say)?;
    let mut digest = Sha256::new();
    for (name, sql) in tables {
        digest.update(sql);
        let mut select = conn
            .prepare(&format!("select * from \"{name}\""))
            .map_err(say)?;
        let columns = select.column_count();
        let mut rows = select.query(()).map_err(say)?;
        while let Some(row) = rows.next().map_err(say)? {
            for column in 0..columns {
                match row.get_ref(column).map_err(say)? {
                    ValueRef::Null => digest.update([0]),
                    ValueRef::Integer(value) => digest.update(value.to_le_bytes()),
                    ValueRef::Real(value) => digest.update(value.to_le_bytes()),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => digest.update(bytes),
                }
                digest.update([255]);
            }
        }
    }
    Ok(digest.finalize().into())
}
