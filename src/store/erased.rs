//! Whom an erasure keeps out: known again by keyed hashes, and by nothing else.
//!
//! The hashes stand in the table `erased` and in the file `<database>.erased`
//! beside the database, with the key. The file is written first, so that an
//! erasure that was cut off, and one that an older backup does not know, are
//! carried out when the database is next opened to be written by one alone.

use std::{
    collections::{BTreeMap, HashMap},
    fs::OpenOptions,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use engaged_connectors::model::{Address, ContactRef};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::Sha256;

use super::{
    Conn, Tx,
    backup::{sync_folder, with_ending},
    error::StoreError,
};
use crate::score::{calendar::Millis, facts::ConnectionId};

/// The first line of the file.
const HEAD: &str = "engaged erased 1";

/// An address or an id, hashed.
pub(super) type Hash = [u8; 32];

/// Everybody who is kept out.
#[derive(Clone)]
pub(super) struct Erased {
    mac: Hmac<Sha256>,
    /// With when they were erased.
    hashes: HashMap<Hash, Millis>,
}

impl Erased {
    fn new(key: &[u8]) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
        Self {
            mac,
            hashes: HashMap::new(),
        }
    }

    /// Reads the key and the table.
    pub(super) fn read(sql: &Connection) -> Result<Self, StoreError> {
        let key = key(sql)?.ok_or_else(|| StoreError::damaged("there is no privacy key"))?;
        let mut erased = Self::new(&key);
        let mut select = sql.prepare("select hash, erased_at from erased")?;
        let rows = select.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
        erased.hashes = rows.collect::<Result<_, _>>()?;
        Ok(erased)
    }

    /// Whether nobody is kept out: then nothing need be hashed.
    pub(super) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    fn hash(&self, sort: &str, parts: &[&str]) -> Hash {
        let mut mac = self.mac.clone();
        // Every part comes with its length: no two lists of parts read alike.
        for part in std::iter::once(&sort).chain(parts) {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    /// The hash of an address.
    pub(super) fn of_address(&self, address: &Address) -> Hash {
        self.hash("address", &[address.reveal()])
    }

    /// The hash of a contact's id on a connection.
    pub(super) fn of_id(&self, connection: &str, platform_id: &str) -> Hash {
        self.hash("id", &[connection, platform_id])
    }

    /// What the audit trail calls a contact: short, and of no use without the key.
    pub(super) fn handle(&self, text: &str) -> String {
        format!("#{}", hex::encode(&self.hash("audit", &[text])[..6]))
    }

    /// A number for whatever is left out: of which event, or of whose.
    pub(super) fn of_left_out(&self, parts: &[&str]) -> Vec<u8> {
        self.hash("left out", parts)[..16].to_vec()
    }

    /// When whoever a row names was erased; `None`: nobody of that address or id was.
    pub(super) fn when(&self, connection: &str, who: &ContactRef) -> Option<Millis> {
        let ids = who.id.iter().filter(|id| !id.is_empty());
        let by_id = ids.map(|id| self.of_id(connection, id));
        let by_address = who.email.iter().map(|email| self.of_address(email));
        by_id
            .chain(by_address)
            .find_map(|hash| self.hashes.get(&hash).copied())
    }

    pub(super) fn contains(&self, hash: &Hash) -> bool {
        self.hashes.contains_key(hash)
    }

    pub(super) fn insert(&mut self, hash: Hash, at: Millis) {
        self.hashes.entry(hash).or_insert(at);
    }
}

impl Conn {
    /// What the audit trail calls the contact of an address.
    pub fn handle(&self, address: &Address) -> Result<String, StoreError> {
        let key = key(&self.sql)?.ok_or_else(|| StoreError::damaged("there is no privacy key"))?;
        Ok(Erased::new(&key).handle(address.reveal()))
    }

    /// How many addresses and ids are kept out.
    pub fn count_erased(&self) -> Result<i64, StoreError> {
        Ok(self
            .sql
            .query_row("select count(*) from erased", (), |row| row.get(0))?)
    }
}

impl Tx {
    /// Whether a row names somebody who was erased, and when that was.
    pub(super) fn erased_at(
        &self,
        connection: ConnectionId,
        who: &ContactRef,
    ) -> Result<Option<Millis>, StoreError> {
        if self.erased.borrow().is_empty() {
            return Ok(None);
        }
        let name = self.connection_name(connection)?;
        Ok(self.erased.borrow().when(&name, who))
    }

    pub(super) fn connection_name(&self, connection: ConnectionId) -> Result<String, StoreError> {
        Ok(self
            .sql
            .prepare_cached("select name from connection where id = ?1")?
            .query_row([connection.0], |row| row.get(0))?)
    }

    /// Keeps hashes in the table and in memory. They must stand in the file before.
    pub(super) fn keep_out(&self, hashes: &[Hash], at: Millis) -> Result<(), StoreError> {
        let mut insert = self.sql.prepare_cached(
            "insert into erased (hash, erased_at) values (?1, ?2) on conflict do nothing",
        )?;
        for hash in hashes {
            insert.execute(params![hash, at])?;
            self.erased.borrow_mut().insert(*hash, at);
        }
        Ok(())
    }
}

/// The key, if the database has one.
fn key(sql: &Connection) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(sql
        .query_row("select key from privacy_key", (), |row| row.get(0))
        .optional()?)
}

/// The file beside a database.
pub(super) fn file(database: &Path) -> PathBuf {
    with_ending(database, ".erased")
}

/// What the file holds: the key, and each hash with when it was erased.
struct Kept {
    key: Vec<u8>,
    hashes: Vec<(Hash, Millis)>,
}

/// Reads the file; `None` if there is none.
fn read(path: &Path) -> Result<Option<Kept>, StoreError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::file(path, &error)),
    };
    let odd = || StoreError::damaged(format!("{} is not what was written", path.display()));
    let mut lines = text.lines();
    if lines.next() != Some(HEAD) {
        return Err(odd());
    }
    let key = lines.next().and_then(|line| line.strip_prefix("key "));
    let key = key.and_then(|key| hex::decode(key).ok()).ok_or_else(odd)?;
    let mut hashes = Vec::new();
    for line in lines {
        let (hash, at) = line.split_once(' ').ok_or_else(odd)?;
        let hash = hex::decode(hash).ok().and_then(|hash| hash.try_into().ok());
        hashes.push(hash.zip(at.parse().ok()).ok_or_else(odd)?);
    }
    Ok(Some(Kept { key, hashes }))
}

/// Writes the file anew with more hashes, and returns when it is on disk.
pub(super) fn write(
    database: &Path,
    key: &[u8],
    erased: &Erased,
    more: &[Hash],
    at: Millis,
) -> Result<(), StoreError> {
    let path = file(database);
    let failed = |error| StoreError::file(&path, &error);
    let mut all = erased.hashes.clone();
    for hash in more {
        all.entry(*hash).or_insert(at);
    }
    let all: BTreeMap<Hash, Millis> = all.into_iter().collect();
    let mut text = format!("{HEAD}\nkey {}\n", hex::encode(key));
    for (hash, at) in all {
        text += &format!("{} {at}\n", hex::encode(hash));
    }
    // Whole or not at all: a second file takes the place of the first.
    let partial = with_ending(&path, ".partial");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut out = options.open(&partial).map_err(failed)?;
    out.write_all(text.as_bytes()).map_err(failed)?;
    out.sync_all().map_err(failed)?;
    std::fs::rename(&partial, &path).map_err(failed)?;
    sync_folder(&path)
}

/// Sees to it that the database has a key: the file's, so that an older backup knows again whom it says, or a new one.
pub(super) fn settle_key(sql: &Connection, database: &Path) -> Result<(), StoreError> {
    let kept = read(&file(database))?;
    let own = key(sql)?;
    match (own, kept) {
        (Some(own), Some(kept)) if own != kept.key => Err(StoreError::Stranger {
            path: file(database),
        }),
        (Some(_), _) => Ok(()),
        (None, kept) => {
            let key = match kept {
                Some(kept) => kept.key,
                None => random()?.to_vec(),
            };
            sql.execute(
                "insert into privacy_key (id, key) values (1, ?1) on conflict do nothing",
                [key],
            )?;
            Ok(())
        }
    }
}

/// The hashes of the file that the table lacks.
pub(super) fn unknown(database: &Path, erased: &Erased) -> Result<Vec<(Hash, Millis)>, StoreError> {
    let kept = read(&file(database))?;
    let hashes = kept.into_iter().flat_map(|kept| kept.hashes);
    Ok(hashes.filter(|(hash, _)| !erased.contains(hash)).collect())
}

/// The key of an open database.
pub(super) fn key_of(conn: &Conn) -> Result<Vec<u8>, StoreError> {
    key(&conn.sql)?.ok_or_else(|| StoreError::damaged("there is no privacy key"))
}

fn random() -> Result<[u8; 32], StoreError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| StoreError::bug(format!("the system gives no random bytes: {error}")))?;
    Ok(bytes)
}
