//! What a platform tells twice: by a webhook and by a poll, each with a time of its own and no id in common.
//!
//! Both rows are kept as events, each once within its way. Which of them are one event is no memory but a function of the
//! rows ([`pairs`]): so it does not matter which came first, in how many batches, or what came again. Of a pair the
//! webhook's row counts, with its time and its verdict; the poll's confirms it. Scoring pairs when it reads, over all that
//! became one contact and as far as was known then; `confirmed` keeps the pairs for whoever counts rows, in the transaction
//! that brings them, and `engaged verify` pairs again.

use std::{collections::BTreeMap, time::Duration};

use engaged_connectors::model::EventKind;
use rusqlite::params;

use super::{
    Conn, Tx,
    contact::ContactId,
    error::StoreError,
    history::{Ledger, codec::Entry},
    tally::Group,
    verdict::Touched,
};
use crate::score::{
    calendar::Millis,
    facts::{ConnectionId, KindId, TextId},
};

/// The poll's event and the webhook's that are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair {
    pub(super) polled: i64,
    pub(super) told: i64,
}

/// What two rows of one event have in common: kind, campaign, and the link of a click.
type Key = (KindId, TextId, TextId);

/// Which events of a connection are one, among one contact's. The earliest row of each way is paired with the earliest of the
/// other that is near enough: no way to pair gives more pairs.
pub(super) fn pairs<'e>(
    entries: impl Iterator<Item = &'e Entry>,
    connection: ConnectionId,
    within: Option<Millis>,
) -> Vec<Pair> {
    let Some(within) = within else {
        return Vec::new();
    };
    let click = KindId::built_in(&EventKind::Click);
    let mut told: BTreeMap<Key, Vec<&Entry>> = BTreeMap::new();
    let mut polled: BTreeMap<Key, Vec<&Entry>> = BTreeMap::new();
    for entry in entries.filter(|entry| entry.fact.connection == connection) {
        let fact = &entry.fact;
        let link = if Some(fact.kind) == click {
            fact.url
        } else {
            TextId::NONE
        };
        let side = if entry.told { &mut told } else { &mut polled };
        side.entry((fact.kind, fact.campaign, link))
            .or_default()
            .push(entry);
    }
    let mut pairs = Vec::new();
    for (key, mut told) in told {
        let Some(polled) = polled.get_mut(&key) else {
            continue;
        };
        told.sort_by_key(|entry| rank(entry));
        polled.sort_by_key(|entry| rank(entry));
        let (mut tellings, mut looks) = (told.iter().peekable(), polled.iter().peekable());
        while let (Some(one), Some(other)) = (tellings.peek(), looks.peek()) {
            let apart = other.fact.at.saturating_sub(one.fact.at);
            if apart.saturating_abs() <= within {
                pairs.push(Pair {
                    polled: other.fact.id,
                    told: one.fact.id,
                });
            }
            if apart >= -within {
                tellings.next();
            }
            if apart <= within {
                looks.next();
            }
        }
    }
    pairs.sort_unstable();
    pairs
}

/// By time; at one instant by what else is known of it, so that the order of arrival decides only between equals.
fn rank(entry: &Entry) -> impl Ord + use<> {
    let fact = &entry.fact;
    let texts = (fact.url, fact.item, fact.currency, fact.has_properties);
    (fact.at, texts, fact.quantity, fact.value, fact.id)
}

impl Tx {
    /// Says how far apart the two times may be that a connection's webhooks and polls give for one event; `None`: it tells
    /// nothing twice, or by the same id. Where that is news, what is stored is paired anew. Call it before anything is appended.
    pub fn declare_twins(
        &self,
        connection: ConnectionId,
        within: Option<Duration>,
        known_at: Millis,
    ) -> Result<(), StoreError> {
        let within =
            within.map(|within| Millis::try_from(within.as_millis()).unwrap_or(Millis::MAX));
        let changed = self
            .sql
            .prepare_cached(
                "update connection set twins_ms = ?2 where id = ?1 and twins_ms is not ?2",
            )?
            .execute(params![connection.0, within])?;
        if changed == 0 {
            return Ok(());
        }
        let mut select = self.sql.prepare(
            "select distinct contact_id from event where connection_id = ?1 and way = 1",
        )?;
        let contacts: Vec<ContactId> = select
            .query_map([connection.0], |row| row.get(0).map(ContactId))?
            .collect::<Result<_, _>>()?;
        let mut histories = self.histories()?;
        let mut more = 0;
        for &contact in &contacts {
            let mut ledger = histories.load(contact, None)?;
            let touched = &mut Touched::default();
            let whose = (contact, connection);
            more += self
                .pair(whose, within, &mut ledger, touched, known_at)?
                .more;
        }
        self.count(Group::Events, -more);
        self.mark_dirty(contacts)
    }

    /// How far apart the times of a connection's twins may be, and whether it tells in two ways.
    pub(super) fn ways(
        &self,
        connection: ConnectionId,
    ) -> Result<(Option<Millis>, bool), StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select twins_ms, twins_ms is not null
                   or exists (select 1 from counted_stream where connection_id = connection.id)
                 from connection where id = ?1",
            )?
            .query_row([connection.0], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// Pairs a contact's events, all of which must be loaded, and notes whose company that changed.
    pub(super) fn pair(
        &self,
        (contact, connection): (ContactId, ConnectionId),
        within: Option<Millis>,
        ledger: &mut Ledger,
        touched: &mut Touched,
        known_at: Millis,
    ) -> Result<Paired, StoreError> {
        if ledger.entries().all(|entry| !entry.told) {
            return Ok(Paired::default());
        }
        let now = pairs(ledger.entries(), connection, within);
        ledger.shadow(now.iter().map(|pair| pair.polled));
        let before = self.kept_pairs(contact, Some(connection))?;
        let (gone, new): (Vec<Pair>, Vec<Pair>) = (
            before
                .iter()
                .filter(|pair| !now.contains(pair))
                .copied()
                .collect(),
            now.iter()
                .filter(|pair| !before.contains(pair))
                .copied()
                .collect(),
        );
        // Who was confirmed stays so since then, by whichever row.
        let mut since: BTreeMap<i64, Millis> = BTreeMap::new();
        for pair in &gone {
            let mut delete = self.sql.prepare_cached(
                "delete from confirmed where contact_id = ?1 and event_id = ?2 returning known_at",
            )?;
            let known_at = delete.query_row([contact.0, pair.told], |row| row.get(0))?;
            since.insert(pair.told, known_at);
        }
        for pair in &new {
            let known_at = since.get(&pair.told).copied().unwrap_or(known_at);
            self.sql
                .prepare_cached(
                    "insert into confirmed (contact_id, event_id, by_id, known_at) values (?1, ?2, ?3, ?4)",
                )?
                .execute(params![contact.0, pair.told, pair.polled, known_at])?;
        }
        let moved = gone.iter().chain(&new);
        let moved: Vec<i64> = moved.map(|pair| pair.polled).collect();
        for entry in ledger
            .entries()
            .filter(|entry| moved.contains(&entry.fact.id))
        {
            touched.note(&entry.fact, entry.fact.id);
        }
        let length = |pairs: &[Pair]| i64::try_from(pairs.len()).unwrap_or(i64::MAX);
        Ok(Paired {
            more: length(&now) - length(&before),
            changed: !moved.is_empty(),
        })
    }
}

/// What pairing anew came to.
#[derive(Default)]
pub(super) struct Paired {
    /// How many pairs more (or, below zero, fewer) there are.
    pub(super) more: i64,
    /// Whether any pair is another.
    pub(super) changed: bool,
}

impl Conn {
    /// A contact's pairs as they are kept, in order: of a connection, or of all.
    pub(super) fn kept_pairs(
        &self,
        contact: ContactId,
        connection: Option<ConnectionId>,
    ) -> Result<Vec<Pair>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select by_id, event_id from confirmed join event on event.id = by_id
             where confirmed.contact_id = ?1 and by_id is not null and coalesce(connection_id = ?2, true) order by 1",
        )?;
        let of = params![contact.0, connection.map(|connection| connection.0)];
        let rows = select.query_map(of, |row| {
            Ok(Pair {
                polled: row.get(0)?,
                told: row.get(1)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The connections that tell twice, and how far apart.
    pub(super) fn all_twins(&self) -> Result<Vec<(ConnectionId, Millis)>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select id, twins_ms from connection where twins_ms is not null")?;
        let rows = select.query_map((), |row| Ok((ConnectionId(row.get(0)?), row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The pairs among one contact's events, or among those of several that became one.
pub(super) fn all_pairs(twins: &[(ConnectionId, Millis)], entries: &[Entry]) -> Vec<Pair> {
    if twins.is_empty() || entries.iter().all(|entry| !entry.told) {
        return Vec::new();
    }
    let each = twins.iter();
    let mut all: Vec<Pair> = each
        .flat_map(|&(connection, within)| pairs(entries.iter(), connection, Some(within)))
        .collect();
    all.sort_unstable();
    all
}
