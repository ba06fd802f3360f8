//! Erasing contacts: every row about them, and what of it the file still holds.
//!
//! The rows go in one transaction, in which their hashes are kept so that nobody
//! comes back. What `SQLite` deletes is overwritten (`secure_delete`), but copies
//! of a cell may lie in the free part of a page, so that afterwards the bytes of
//! the file are searched, and the file is made anew if they still hold an address.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::Read as _,
    path::Path,
};

use engaged_connectors::model::{Address, Event};
use rusqlite::params;

use super::{
    Conn, Store, Tx,
    about::list,
    backup::with_ending,
    contact::ContactId,
    erased::{self, Hash},
    error::StoreError,
    outbox::OutboxState,
    tally::Group,
};
use crate::score::{calendar::Millis, facts::ConnectionId};

/// What of a contact is looked for: its addresses, and its ids on each connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// Every address that it has or had, here or on a platform.
    pub addresses: BTreeSet<String>,
    /// Every `(connection, id)` of it.
    pub ids: BTreeSet<(String, String)>,
}

/// What an erasure did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erasure {
    /// How many rows of each table are gone.
    pub rows: BTreeMap<String, u64>,
    /// How many deliveries of webhooks were emptied.
    pub deliveries: u64,
    /// How many hashes keep the contact out.
    pub hashes: u64,
    /// Tables and columns that still name one of its addresses, and in how many rows.
    pub left: Vec<(String, String, u64)>,
}

/// What became of the file after an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleared {
    /// Whether the file had to be made anew, because its free space still held an address.
    pub made_anew: bool,
    /// Whether no byte of the file and of its write-ahead log holds an address any more.
    pub clear: bool,
}

impl Conn {
    /// All by which a contact, with everybody who became part of it, can be found.
    pub fn traces(&self, contact: ContactId) -> Result<Traces, StoreError> {
        let members = list(&self.members(self.root(contact)?)?);
        let mut traces = Traces::default();
        let mut addresses = self.sql.prepare(
            "select email from contact where id in (select value from json_each(?1))
             union select email from former_address where contact_id in (select value from json_each(?1))
             union select email from identity where contact_id in (select value from json_each(?1))",
        )?;
        let rows = addresses.query_map([&members], |row| row.get::<_, Option<String>>(0))?;
        for address in rows {
            traces.addresses.extend(address?);
        }
        let mut ids = self.sql.prepare(
            "select name, platform_id from identity join connection on connection.id = connection_id
             where contact_id in (select value from json_each(?1))",
        )?;
        for id in ids.query_map([&members], |row| Ok((row.get(0)?, row.get(1)?)))? {
            traces.ids.insert(id?);
        }
        Ok(traces)
    }

    /// Every column of every table that names one of some addresses, and in how many rows.
    fn named_in(
        &self,
        addresses: &BTreeSet<String>,
    ) -> Result<Vec<(String, String, u64)>, StoreError> {
        let mut columns = self.sql.prepare(
            "select schema.name, info.name from sqlite_schema schema join pragma_table_info(schema.name) info
             where schema.type = 'table' and info.type in ('TEXT', 'BLOB') and schema.name not in ('history', 'migration')
             order by 1, 2",
        )?;
        let columns = columns.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut found = Vec::new();
        for (table, column) in columns.collect::<Result<Vec<(String, String)>, _>>()? {
            let mut select = self.sql.prepare(&format!(
                "select lower(cast({column} as text)) from {table} where instr(lower(cast({column} as text)), ?1) > 0"
            ))?;
            let mut rows = 0;
            for address in addresses {
                let mut texts = select.query([address])?;
                while let Some(row) = texts.next()? {
                    let text = row
                        .get_ref(0)?
                        .as_bytes_or_null()
                        .map_err(rusqlite::Error::from)?;
                    rows += u64::from(text.is_some_and(|text| names(text, address)));
                }
            }
            if rows > 0 {
                found.push((table, column, rows));
            }
        }
        Ok(found)
    }
}

/// Whether a text in small letters names an address, and not a longer one that ends or begins like it.
fn names(text: &[u8], address: &str) -> bool {
    let part =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+');
    let ends = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    text.windows(address.len()).enumerate().any(|(at, window)| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let after = text.get(at + address.len());
        window == address.as_bytes() && !before.is_some_and(part) && !after.is_some_and(ends)
    })
}

/// How an address or an id may stand in what a webhook brought.
fn spellings(text: &str) -> [Vec<u8>; 2] {
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    [
        text.as_bytes().to_vec(),
        encoded.to_lowercase().into_bytes(),
    ]
}

impl Tx {
    /// Erases a contact and everybody who became part of it: the hashes, first in the file beside the database, then
    /// every row.
    pub fn erase(
        &self,
        database: &Path,
        contact: ContactId,
        now: Millis,
    ) -> Result<Erasure, StoreError> {
        let traces = self.traces(contact)?;
        let hashes = self.hashes(&traces);
        let key = erased::key_of(self)?;
        erased::write(database, &key, &self.erased.borrow(), &hashes, now)?;
        self.keep_out(&hashes, now)?;
        let mut erasure = self.erase_rows(&[self.root(contact)?], &traces, now)?;
        erasure.hashes = u64::try_from(hashes.len()).unwrap_or(u64::MAX);
        erasure.left = self.named_in(&traces.addresses)?;
        Ok(erasure)
    }

    fn hashes(&self, traces: &Traces) -> Vec<Hash> {
        let erased = self.erased.borrow();
        let addresses = traces
            .addresses
            .iter()
            .filter_map(|text| Address::parse(text));
        let addresses = addresses.map(|address| erased.of_address(&address));
        let ids = traces
            .ids
            .iter()
            .map(|(connection, id)| erased.of_id(connection, id));
        addresses.chain(ids).collect()
    }

    /// Carries out what the file beside the database says and the database does not know: an erasure that was cut off, or
    /// that an older backup does not have. Returns how many contacts went.
    pub(super) fn replay_erasures(&self, database: &Path, now: Millis) -> Result<u64, StoreError> {
        let unknown = erased::unknown(database, &self.erased.borrow())?;
        if unknown.is_empty() {
            return Ok(0);
        }
        for (hash, at) in &unknown {
            self.keep_out(&[*hash], *at)?;
        }
        let mut roots = BTreeSet::new();
        let mut all = self.sql.prepare(
            "select id, email, null, null from contact where email is not null
             union all select contact_id, email, null, null from former_address where email is not null
             union all select contact_id, identity.email, name, platform_id
               from identity join connection on connection.id = connection_id",
        )?;
        let mut rows = all.query(())?;
        while let Some(row) = rows.next()? {
            let erased = self.erased.borrow();
            let email: Option<String> = row.get(1)?;
            let address = email.as_deref().and_then(Address::parse);
            let mut known =
                address.is_some_and(|address| erased.contains(&erased.of_address(&address)));
            if let (Some(connection), Some(id)) = (
                row.get::<_, Option<String>>(2)?,
                row.get::<_, Option<String>>(3)?,
            ) {
                known |= erased.contains(&erased.of_id(&connection, &id));
            }
            if known {
                roots.insert(self.root(ContactId(row.get(0)?))?);
            }
        }
        let mut traces = Traces::default();
        for root in &roots {
            let more = self.traces(*root)?;
            traces.addresses.extend(more.addresses);
            traces.ids.extend(more.ids);
        }
        let roots: Vec<ContactId> = roots.into_iter().collect();
        self.erase_rows(&roots, &traces, now)?;
        let detail = format!("{} contacts, by {} hashes", roots.len(), unknown.len());
        self.audit("engaged", "privacy erase again", &detail, now)?;
        Ok(u64::try_from(roots.len()).unwrap_or(u64::MAX))
    }

    /// Deletes every row about some contacts, and keeps the counts in step.
    fn erase_rows(
        &self,
        roots: &[ContactId],
        traces: &Traces,
        now: Millis,
    ) -> Result<Erasure, StoreError> {
        // Rows go table by table; what they refer to may go before them.
        self.sql.execute_batch("pragma defer_foreign_keys = on")?;
        let mut erasure = Erasure::default();
        let mut members = Vec::new();
        for root in roots {
            if self.objected_at(*root)?.is_some() {
                self.count(Group::Objected, -1);
            }
            self.count(Group::Contacts, -1);
            members.extend(self.members(*root)?);
        }
        for member in &members {
            self.discount(*member)?;
        }
        let members = list(&members);
        self.keep_left_out(&members, now)?;
        self.uncount(&members)?;
        let texts = self.texts_of(&members)?;
        erasure.deliveries = self.empty_deliveries(traces)?;
        let mut places = self.places_about()?;
        // What is found by way of another table goes before it.
        places.sort_by_key(|(table, _)| !matches!(table.as_str(), "reject" | "cleaning_removal"));
        for (table, which) in places {
            let delete = format!("delete from {table} where {which}");
            let gone = self.sql.prepare(&delete)?.execute([&members])?;
            if gone > 0 {
                *erasure.rows.entry(table).or_default() += u64::try_from(gone).unwrap_or(u64::MAX);
            }
        }
        self.forget_texts(texts, &mut erasure)?;
        Ok(erasure)
    }

    /// Takes what is about to go off the tallies.
    fn uncount(&self, members: &str) -> Result<(), StoreError> {
        let number = |select: &str| -> Result<i64, StoreError> {
            Ok(self
                .sql
                .prepare(select)?
                .query_row([members], |row| row.get(0))?)
        };
        let events = number(
            "select count(*) from event where contact_id in (select value from json_each(?1))",
        )? - number(
            "select count(*) from superseded where contact_id in (select value from json_each(?1))",
        )? - number(
            "select count(*) from confirmed where by_id is not null and contact_id in (select value from json_each(?1))",
        )?;
        self.count(Group::Events, -events);
        let mut identities = self.sql.prepare(
            "select connection_id, count(*) from identity
             where gone_at is null and contact_id in (select value from json_each(?1)) group by 1",
        )?;
        let rows = identities.query_map([members], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for row in rows.collect::<Result<Vec<(u16, i64)>, _>>()? {
            self.count(Group::Identities(ConnectionId(row.0)), -row.1);
        }
        let mut outbox = self.sql.prepare(
            "select connection_id, state, count(*) from outbox where contact_id in (select value from json_each(?1))
             group by 1, 2",
        )?;
        let rows =
            outbox.query_map([members], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        for (connection, state, count) in rows.collect::<Result<Vec<(u16, String, i64)>, _>>()? {
            let group = Group::Outbox(ConnectionId(connection), OutboxState::parse(&state)?);
            self.count(group, -count);
        }
        Ok(())
    }

    /// Addresses of pages and numbers of orders that the contacts' events name.
    fn texts_of(&self, members: &str) -> Result<[String; 2], StoreError> {
        let of = |select: &str| -> Result<String, StoreError> {
            let mut select = self.sql.prepare(select)?;
            let rows = select.query_map([members], |row| row.get::<_, i64>(0))?;
            let numbers: Vec<i64> = rows.collect::<Result<_, _>>()?;
            Ok(serde_json::json!(numbers).to_string())
        };
        Ok([
            of(
                "select url_id from event where url_id is not null and contact_id in (select value from json_each(?1))
                union select link_id from event where link_id is not null and contact_id in (select value from json_each(?1))",
            )?,
            of(
                "select distinct order_id from event where order_id is not null and contact_id in (select value from json_each(?1))",
            )?,
        ])
    }

    /// Forgets those of them that nobody else's events name.
    fn forget_texts(
        &self,
        [urls, orders]: [String; 2],
        erasure: &mut Erasure,
    ) -> Result<(), StoreError> {
        let urls = self
            .sql
            .prepare(
                "delete from url where id in (select value from json_each(?1))
                 and id not in (select url_id from event where url_id in (select value from json_each(?1)))
                 and id not in (select link_id from event where link_id in (select value from json_each(?1)))",
            )?
            .execute([urls])?;
        let orders = self
            .sql
            .prepare(
                "delete from order_number where id in (select value from json_each(?1))
                 and id not in (select order_id from event where order_id in (select value from json_each(?1)))",
            )?
            .execute([orders])?;
        for (table, gone) in [("url", urls), ("order_number", orders)] {
            if gone > 0 {
                let gone = u64::try_from(gone).unwrap_or(u64::MAX);
                erasure.rows.insert(table.to_owned(), gone);
            }
        }
        Ok(())
    }

    /// Empties what webhooks brought and was read, where it names one of these. That they came stays known.
    fn empty_deliveries(&self, traces: &Traces) -> Result<u64, StoreError> {
        // A short number is in every text; whoever is known by one is named by the address, too.
        let ids = traces
            .ids
            .iter()
            .map(|(_, id)| id)
            .filter(|id| id.len() >= 6);
        let spelled: Vec<Vec<u8>> = traces
            .addresses
            .iter()
            .chain(ids)
            .flat_map(|text| spellings(&text.to_lowercase()))
            .collect();
        let mut select = self.sql.prepare(
            "select id, cast(url || char(10) || headers as blob), body from delivery where length(body) > 0",
        )?;
        let mut rows = select.query(())?;
        let mut meant = Vec::new();
        while let Some(row) = rows.next()? {
            let (mut text, body): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(2)?);
            text.push(b'\n');
            text.extend(body);
            text.make_ascii_lowercase();
            let has = |spelled: &Vec<u8>| text.windows(spelled.len()).any(|part| part == spelled);
            if spelled.iter().any(has) {
                meant.push(row.get::<_, i64>(0)?);
            }
        }
        for delivery in &meant {
            self.empty_delivery(*delivery)?;
        }
        Ok(u64::try_from(meant.len()).unwrap_or(u64::MAX))
    }

    /// Empties a delivery that was read, if it names an address of somebody who was erased. Whom it means by an id alone, the
    /// reading has left out.
    pub fn empty_if_erased(&self, delivery: i64) -> Result<bool, StoreError> {
        if self.erased.borrow().is_empty() {
            return Ok(false);
        }
        let (url, body): (String, Vec<u8>) = self
            .sql
            .prepare_cached("select url, body from delivery where id = ?1")?
            .query_row([delivery], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let text = url + "\n" + &String::from_utf8_lossy(&body);
        let mut text = text.replace("%40", "@");
        for (code, letter) in [("%2B", "+"), ("%2b", "+"), ("%2E", "."), ("%2e", ".")] {
            text = text.replace(code, letter);
        }
        let erased = self.erased.borrow();
        let odd = |c: char| c.is_whitespace() || "\"'<>&=?,:;()[]{}|/\\".contains(c);
        let mut words = text.split(odd).filter_map(Address::parse);
        let found = words.any(|address| erased.contains(&erased.of_address(&address)));
        drop(erased);
        if found {
            self.empty_delivery(delivery)?;
        }
        Ok(found)
    }

    /// Empties a delivery: that it came stays known, so that the same one again is not taken for new.
    pub fn empty_delivery(&self, delivery: i64) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update delivery set url = '', headers = '[]', body = x'', why = iif(why is null, null, 'emptied') where id = ?1",
            )?
            .execute([delivery])?;
        Ok(())
    }

    /// Where a platform counts events, those that go are remembered as left out: else days would look incomplete on which
    /// nothing is missing, and others would not be judged.
    fn keep_left_out(&self, members: &str, erased_at: Millis) -> Result<(), StoreError> {
        let mut select = self.sql.prepare(
            "select campaign_id, kind, at from event
             where way is not null and campaign_id is not null and contact_id in (select value from json_each(?1))
               and connection_id in (select connection_id from counted_stream)
               and not exists (select 1 from superseded
                 where superseded.contact_id = event.contact_id and event_id = event.id)
               and not exists (select 1 from confirmed where by_id = event.id)",
        )?;
        let rows =
            select.query_map([members], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        for (campaign, kind, at) in rows.collect::<Result<Vec<(i64, i64, Millis)>, _>>()? {
            self.add_left_out((campaign, kind), at, erased_at)?;
        }
        Ok(())
    }

    /// As above, for an event of somebody who was erased that has come again.
    pub(super) fn leave_out(
        &self,
        connection: ConnectionId,
        campaign: i64,
        event: &Event,
        erased_at: Millis,
    ) -> Result<(), StoreError> {
        let counted: bool = self
            .sql
            .prepare_cached(
                "select exists (select 1 from counted_stream where connection_id = ?1)",
            )?
            .query_row([connection.0], |row| row.get(0))?;
        if !counted || campaign == 0 {
            return Ok(());
        }
        let kind = i64::from(self.stored_kind(&event.kind)?.0);
        self.add_left_out((campaign, kind), event.at.timestamp_millis(), erased_at)
    }

    fn add_left_out(
        &self,
        (campaign, kind): (i64, i64),
        at: Millis,
        erased_at: Millis,
    ) -> Result<(), StoreError> {
        let erased = self.erased.borrow();
        let [campaign_text, kind_text, at_text, when] =
            [campaign, kind, at, erased_at].map(|number| number.to_string());
        // Told by a webhook and by a poll, one event may be two here. That lets one more be missing unseen.
        let event = erased.of_left_out(&["event", &campaign_text, &kind_text, &at_text, &when]);
        let whose = erased.of_left_out(&["whose", &campaign_text, &when]);
        self.sql
            .prepare_cached(
                "insert into left_out (campaign_id, kind, event_hash, whose_hash, at) values (?1, ?2, ?3, ?4, ?5)
                 on conflict do nothing",
            )?
            .execute(params![campaign, kind, event, whose, at])?;
        Ok(())
    }
}

impl Store {
    /// After an erasure: empties the write-ahead log, and searches the bytes of the file for what must not be there. If
    /// there is something, the file is made anew.
    pub fn clear_remains(&self, database: &Path, traces: &Traces) -> Result<Cleared, StoreError> {
        let (path, addresses) = (database.to_owned(), traces.addresses.clone());
        self.writer()?.outside(move |tx| {
            let mut empty = tx.empty_log()?;
            let mut made_anew = false;
            if holds(&path, &addresses)? {
                tx.sql.execute_batch("vacuum")?;
                (made_anew, empty) = (true, tx.empty_log()?);
            }
            let clear = empty && !holds(&path, &addresses)?;
            Ok(Cleared { made_anew, clear })
        })
    }
}

impl Conn {
    /// Brings all that is committed into the file and empties the log; false if somebody still reads from it.
    pub(super) fn empty_log(&self) -> Result<bool, StoreError> {
        let busy: i64 = self
            .sql
            .query_row("pragma wal_checkpoint(truncate)", (), |row| row.get(0))?;
        Ok(busy == 0)
    }
}

/// Whether the bytes of a database or of its log hold one of some addresses, also as the end of a longer one.
fn holds(database: &Path, addresses: &BTreeSet<String>) -> Result<bool, StoreError> {
    let log = with_ending(database, "-wal");
    Ok(has_bytes(database, addresses)? || has_bytes(&log, addresses)?)
}

fn has_bytes(path: &Path, addresses: &BTreeSet<String>) -> Result<bool, StoreError> {
    let failed = |error| StoreError::file(path, &error);
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    let longest = addresses.iter().map(String::len).max().unwrap_or_default();
    let finders: Vec<regex::bytes::Regex> = addresses
        .iter()
        .filter_map(|address| {
            let pattern = format!("(?i){}", regex::escape(address));
            regex::bytes::Regex::new(&pattern).ok()
        })
        .collect();
    let (mut buffer, mut kept) = (vec![0; 1 << 20], 0);
    loop {
        let read = file.read(&mut buffer[kept..]).map_err(failed)?;
        if read == 0 {
            return Ok(false);
        }
        let filled = kept + read;
        if finders
            .iter()
            .any(|finder| finder.is_match(&buffer[..filled]))
        {
            return Ok(true);
        }
        // What stands across two pieces is found in the second.
        kept = longest.min(filled);
        buffer.copy_within(filled - kept..filled, 0);
    }
}
