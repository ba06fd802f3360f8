//! The inbox: what platforms sent by themselves, kept as it came until it is read and for a while after.
//!
//! A delivery is unique by connection and name, so that one which is sent
//! again is stored once. It is read in the transaction that stores what it
//! says, and never before that transaction is committed counts as read.

use rusqlite::{Row, params};

use super::{Conn, Tx, error::StoreError};
use crate::score::{calendar::Millis, facts::ConnectionId};

/// Whose deliveries are counted whose sender did not know the path.
pub const WITHOUT_CONNECTION: ConnectionId = ConnectionId(0);

/// A delivery that was found to be genuine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// What names it.
    pub name: String,
    /// The method.
    pub method: String,
    /// The address, without its secret part.
    pub url: String,
    /// The headers that reading may need.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// When it came.
    pub received_at: Millis,
}

/// A delivery as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDelivery {
    /// Its number: they are read in this order.
    pub id: i64,
    /// Whose it is.
    pub connection: ConnectionId,
    /// What came.
    pub delivery: NewDelivery,
    /// Why it, or some of it, could not be understood.
    pub why: Option<String>,
}

/// What became of a delivery on its arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// It is new, and kept.
    New,
    /// It is known.
    Again,
}

/// What became of a delivery when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// All of it was understood.
    Read,
    /// It, or some of it, was not: why, without addresses.
    Odd(String),
}

/// How a connection's webhooks fare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Whose they are.
    pub connection: ConnectionId,
    /// Deliveries that were new.
    pub accepted: i64,
    /// Deliveries that were known.
    pub repeated: i64,
    /// Deliveries that were not believed.
    pub refused: i64,
    /// Rows of kinds that nobody knows.
    pub unknown: i64,
    /// Since when there are to be any.
    pub expected_at: Millis,
    /// When the last genuine one came.
    pub heard_at: Option<Millis>,
    /// When the last one was not believed, and why.
    pub refused_at: Option<Millis>,
    /// Why.
    pub refused_why: Option<String>,
    /// When one last said that there is something to poll.
    pub hinted_at: Option<Millis>,
}

const COLUMNS: &str =
    "id, connection_id, name, method, url, headers, body, received_at, why from delivery";

impl Conn {
    /// Deliveries that wait to be read, the oldest first.
    pub fn waiting_deliveries(&self, limit: usize) -> Result<Vec<StoredDelivery>, StoreError> {
        self.deliveries("where state = 'waiting' order by id limit ?1", limit)
    }

    /// Deliveries that were not wholly understood, the newest first.
    pub fn odd_deliveries(&self, limit: usize) -> Result<Vec<StoredDelivery>, StoreError> {
        self.deliveries("where state = 'odd' order by id desc limit ?1", limit)
    }

    fn deliveries(&self, which: &str, limit: usize) -> Result<Vec<StoredDelivery>, StoreError> {
        let select = ["select ", COLUMNS, " ", which].concat();
        let mut select = self.sql.prepare_cached(&select)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = select.query([limit])?;
        let mut deliveries = Vec::new();
        while let Some(row) = rows.next()? {
            deliveries.push(delivery(row)?);
        }
        Ok(deliveries)
    }

    /// How many deliveries of a connection wait, and how many are odd.
    pub fn delivery_sizes(&self, connection: ConnectionId) -> Result<(i64, i64), StoreError> {
        let mut select = self.sql.prepare_cached(
            "select coalesce(sum(state = 'waiting'), 0), coalesce(sum(state = 'odd'), 0)
             from delivery where connection_id = ?1 and state <> 'read'",
        )?;
        Ok(select.query_row([connection.0], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// How each connection's webhooks fare.
    pub fn hooks(&self) -> Result<Vec<Hook>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select connection_id, accepted, repeated, refused, unknown, expected_at, heard_at, refused_at, refused_why,
               hinted_at from hook order by connection_id",
        )?;
        let hooks = select.query_map((), |row| {
            Ok(Hook {
                connection: ConnectionId(row.get(0)?),
                accepted: row.get(1)?,
                repeated: row.get(2)?,
                refused: row.get(3)?,
                unknown: row.get(4)?,
                expected_at: row.get(5)?,
                heard_at: row.get(6)?,
                refused_at: row.get(7)?,
                refused_why: row.get(8)?,
                hinted_at: row.get(9)?,
            })
        })?;
        Ok(hooks.collect::<Result<_, _>>()?)
    }

    /// How a connection's webhooks fare; `None` where none were ever expected.
    pub fn hook(&self, connection: ConnectionId) -> Result<Option<Hook>, StoreError> {
        let mut hooks = self.hooks()?.into_iter();
        Ok(hooks.find(|hook| hook.connection == connection))
    }

    /// When the first campaign of a connection went out after an instant.
    pub fn first_campaign_after(
        &self,
        connection: ConnectionId,
        after: Millis,
    ) -> Result<Option<Millis>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select min(sent_at) from campaign where connection_id = ?1 and sent_at > ?2",
        )?;
        Ok(select.query_row(params![connection.0, after], |row| row.get(0))?)
    }
}

impl Tx {
    /// Keeps genuine deliveries of a connection that are new, and says which are.
    pub fn take_in(
        &self,
        connection: ConnectionId,
        deliveries: &[NewDelivery],
    ) -> Result<Vec<Arrived>, StoreError> {
        let mut insert = self.sql.prepare_cached(
            "insert into delivery (connection_id, name, method, url, headers, body, received_at, state)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'waiting') on conflict do nothing",
        )?;
        let mut arrived = Vec::with_capacity(deliveries.len());
        let mut heard_at = Millis::MIN;
        for each in deliveries {
            let headers = serde_json::to_string(&each.headers)
                .map_err(|error| StoreError::bug(error.to_string()))?;
            let new = insert.execute(params![
                connection.0,
                each.name,
                each.method,
                each.url,
                headers,
                each.body,
                each.received_at
            ])?;
            arrived.push(if new == 1 {
                Arrived::New
            } else {
                Arrived::Again
            });
            heard_at = heard_at.max(each.received_at);
        }
        let new = arrived.iter().filter(|each| **each == Arrived::New).count();
        self.expect_hook(connection, heard_at)?;
        self.sql
            .prepare_cached(
                "update hook set accepted = accepted + ?2, repeated = repeated + ?3,
                   heard_at = max(coalesce(heard_at, ?4), ?4) where connection_id = ?1",
            )?
            .execute(params![
                connection.0,
                count(new),
                count(arrived.len() - new),
                heard_at
            ])?;
        Ok(arrived)
    }

    /// Remembers that a connection is to have webhooks from now on.
    pub fn expect_hook(&self, connection: ConnectionId, now: Millis) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "insert into hook (connection_id, expected_at) values (?1, ?2) on conflict do nothing",
            )?
            .execute(params![connection.0, now])?;
        Ok(())
    }

    /// Counts deliveries that were not believed, the last of them at an instant for a reason.
    pub fn count_refused(
        &self,
        connection: ConnectionId,
        number: u64,
        (at, why): (Millis, &str),
    ) -> Result<(), StoreError> {
        self.expect_hook(connection, at)?;
        self.sql
            .prepare_cached(
                "update hook set refused = refused + ?2, refused_at = ?3, refused_why = ?4 where connection_id = ?1",
            )?
            .execute(params![
                connection.0,
                i64::try_from(number).unwrap_or(i64::MAX),
                at,
                why
            ])?;
        Ok(())
    }

    /// Says what became of a delivery that waited. False if it did not wait: then what it says was stored before.
    pub fn settle_delivery(
        &self,
        id: i64,
        settled: &Settled,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let (state, why) = match settled {
            Settled::Read => ("read", None),
            Settled::Odd(why) => ("odd", Some(why)),
        };
        let changed = self
            .sql
            .prepare_cached(
                "update delivery set state = ?2, why = ?3, settled_at = ?4 where id = ?1 and state = 'waiting'",
            )?
            .execute(params![id, state, why, now])?;
        Ok(changed == 1)
    }

    /// Remembers what deliveries said beside events: rows of unknown kinds, and when there was something to poll.
    pub fn note_hook(
        &self,
        connection: ConnectionId,
        unknown: u64,
        hinted_at: Option<Millis>,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update hook set unknown = unknown + ?2,
                   hinted_at = nullif(max(coalesce(hinted_at, 0), coalesce(?3, 0)), 0) where connection_id = ?1",
            )?
            .execute(params![
                connection.0,
                i64::try_from(unknown).unwrap_or(i64::MAX),
                hinted_at
            ])?;
        Ok(())
    }

    /// Forgets deliveries that were read before one instant, and odd ones that were settled before another; so many at
    /// a time. Says how many.
    pub fn drop_deliveries(
        &self,
        read_before: Millis,
        odd_before: Millis,
        limit: usize,
    ) -> Result<usize, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "delete from delivery where id in (
                   select id from delivery where settled_at < ?1 and (state = 'read' or settled_at < ?2)
                   order by settled_at limit ?3)",
            )?
            .execute(params![read_before, odd_before, count(limit)])?)
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn delivery(row: &Row<'_>) -> Result<StoredDelivery, StoreError> {
    let headers: String = row.get(5)?;
    Ok(StoredDelivery {
        id: row.get(0)?,
        connection: ConnectionId(row.get(1)?),
        delivery: NewDelivery {
            name: row.get(2)?,
            method: row.get(3)?,
            url: row.get(4)?,
            headers: serde_json::from_str(&headers)
                .map_err(|_| StoreError::damaged("the headers of a delivery"))?,
            body: row.get(6)?,
            received_at: row.get(7)?,
        },
        why: row.get(8)?,
    })
}
