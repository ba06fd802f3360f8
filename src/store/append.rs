//! Appending events: each once, whatever comes twice.
//!
//! An event with a platform id is (connection, kind, platform id) of its
//! contact. One without is its whole content: connection, kind, instant,
//! campaign, link, page, item, quantity, amount, currency, order, properties; identical
//! rows of one report are as many events as there are rows, so of those the
//! k-th is new exactly when fewer than k were known before the report began.
//! Verdict and `tracked` are judgements on an event and no part of its identity.
//! What dedupe looks into is the contact's packed history; the table `event` is
//! consulted by row number only.

mod appended;
mod report;

use std::collections::HashMap;

use engaged_connectors::model::{Event, Verdict};
use rusqlite::{CachedStatement, OptionalExtension, params};

use super::{
    Tx,
    contact::{ContactId, Resolver},
    error::StoreError,
    gathered::Gathered,
    history::{Histories, Ledger, bucket, codec::Entry},
    horizon::{Door, Refusing},
    tally::Group,
    tracking::Withholding,
    verdict::{BY_SOURCE, Court, Touched, buckets_around},
    withheld::Kept,
    word::{Dictionary, Texts, order_number, verdict_number},
};
use crate::{
    planted::{Bug, is_planted},
    score::{
        calendar::Millis,
        facts::{ConnectionId, Fact, TextId},
    },
};

pub use appended::Appended;
pub use report::Report;

/// How events came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// We asked, or somebody handed in a file or a batch.
    Poll,
    /// The platform told by itself.
    Webhook,
}

const INSERT: &str = "insert into event (contact_id, at, kind, connection_id, known_at, campaign_id, link_id, url_id,
    item_id, quantity, value, currency_id, tracked, verdict, platform_event_id, properties, way, order_id)
  values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";

/// An incoming event, in numbers.
struct Incoming<'e> {
    event: &'e Event,
    contact: ContactId,
    fact: Fact,
    link: TextId,
    page: TextId,
    properties: Option<String>,
}

impl Tx {
    pub(super) fn last_event(&self) -> Result<i64, StoreError> {
        let last = "select coalesce(max(id), 0) from event";
        Ok(self.sql.query_row(last, (), |row| row.get(0))?)
    }

    /// Stores what is new among the events, and marks their contacts dirty.
    pub fn append(
        &self,
        connection: ConnectionId,
        known_at: Millis,
        events: &[Event],
        report: &mut Report,
    ) -> Result<Appended, StoreError> {
        self.append_by(Way::Poll, connection, known_at, events, report)
    }

    /// As [`Tx::append`], for what a webhook told.
    pub fn append_told(
        &self,
        connection: ConnectionId,
        known_at: Millis,
        events: &[Event],
        report: &mut Report,
    ) -> Result<Appended, StoreError> {
        self.append_by(Way::Webhook, connection, known_at, events, report)
    }

    fn append_by(
        &self,
        way: Way,
        connection: ConnectionId,
        known_at: Millis,
        events: &[Event],
        report: &mut Report,
    ) -> Result<Appended, StoreError> {
        let mut gathered = self.gather(connection, &[])?;
        let whose = (connection, way);
        let appended = self.append_to(&mut gathered, whose, known_at, events, report)?;
        gathered.write()?;
        Ok(appended)
    }

    /// As [`Tx::append`], as a part of what one transaction gathers.
    pub(super) fn append_to<'t>(
        &'t self,
        gathered: &mut Gathered<'t>,
        (connection, way): (ConnectionId, Way),
        known_at: Millis,
        events: &[Event],
        report: &mut Report,
    ) -> Result<Appended, StoreError> {
        let mut appended = Appended::default();
        let mut resolver = Resolver::new(self, connection, known_at)?.among(&gathered.acquainted);
        let (twins, two_ways) = self.ways(connection)?;
        let counted = match way {
            Way::Webhook => Some(1),
            Way::Poll => two_ways.then_some(2),
        };
        let whose = (connection, counted);
        let refusing = Refusing::new(self, known_at)?;
        let mut incoming = self.number(&mut resolver, whose, events, &mut appended)?;
        gathered.news.append(&mut resolver.joined);
        gathered.met += resolver.met;
        // Stable: rows of one contact stay in the order of their arrival.
        incoming.sort_by_key(|each| each.contact);
        let mut insert = self.sql.prepare_cached(INSERT)?;
        let mut court = Court::new(self, connection, known_at)?;
        let mut one_of_two = 0;
        for rows in incoming.chunk_by(|a, b| a.contact == b.contact) {
            let histories = &mut gathered.histories;
            let told = (known_at, (way, two_ways), twins);
            let how = (refusing.as_ref(), &mut insert, &mut *histories);
            let mut merge = Merge::begin(self, told, rows, how)?;
            let before = appended;
            for row in rows {
                merge.take(row, report, &mut appended)?;
            }
            let mut news = (appended.new, appended.superseded) != (before.new, before.superseded);
            if twins.is_some() {
                let whose = (merge.contact, connection);
                let (ledger, touched) = (&mut merge.ledger, &mut merge.touched);
                let paired = self.pair(whose, twins, ledger, touched, known_at)?;
                news |= paired.changed;
                one_of_two += paired.more;
            }
            news |= court.judge(merge.contact, &mut merge.ledger, &merge.touched)?;
            if let Some(forgotten) = merge.door.refused {
                news |= self.note_forgotten(merge.contact, forgotten)?;
            }
            if news || merge.judged {
                gathered.news.push(merge.contact);
            }
            histories.keep(merge.contact, merge.ledger)?;
        }
        // One that took another's place leaves as many as there were.
        let new = i64::try_from(appended.new).unwrap_or(i64::MAX) - one_of_two;
        self.count(Group::Events, new);
        let told_before = u64::try_from(one_of_two).unwrap_or(0).min(appended.new);
        appended.new -= told_before;
        appended.duplicates += told_before;
        Ok(appended)
    }

    fn number<'e>(
        &self,
        resolver: &mut Resolver<'_>,
        (connection, way): (ConnectionId, Option<i64>),
        events: &'e [Event],
        appended: &mut Appended,
    ) -> Result<Vec<Incoming<'e>>, StoreError> {
        let mut texts = Texts::new(self, connection);
        let mut incoming = Vec::with_capacity(events.len());
        let mut withholding = Withholding::new(self)?;
        for event in events {
            if let Some(erased_at) = resolver.erased_at(&event.contact) {
                appended.erased += 1;
                let campaign = texts.campaign(event.campaign.as_deref())?;
                self.leave_out(connection, campaign.0.into(), event, erased_at)?;
                continue;
            }
            let Some(contact) = resolver.resolve(&event.contact)? else {
                appended.nameless += 1;
                continue;
            };
            if let Some(withholding) = &mut withholding
                && withholding.takes(contact, event)?
            {
                appended.withheld += 1;
                let campaign = texts.campaign(event.campaign.as_deref())?;
                if let Some(way) = way.filter(|_| campaign.is_some()) {
                    self.mark_withheld(&Kept {
                        contact,
                        campaign: campaign.0,
                        kind: self.stored_kind(&event.kind)?.0,
                        way,
                        at: event.at.timestamp_millis(),
                        link: event.link.as_deref().unwrap_or_default(),
                    })?;
                }
                continue;
            }
            let link = texts.id(Dictionary::Url, event.link.as_deref())?;
            let page = texts.id(Dictionary::Url, event.url.as_deref())?;
            let properties = (!event.properties.is_empty())
                .then(|| serde_json::to_string(&event.properties))
                .transpose()
                .map_err(|error| StoreError::bug(error.to_string()))?;
            let fact = Fact {
                id: 0,
                at: event.at.timestamp_millis(),
                kind: self.stored_kind(&event.kind)?,
                connection,
                verdict: event.verdict.unwrap_or(Verdict::Unknown),
                campaign: texts.campaign(event.campaign.as_deref())?,
                url: if link.is_some() { link } else { page },
                item: texts.id(Dictionary::Item, event.item.as_deref())?,
                quantity: event.quantity.unwrap_or(1),
                value: event.value_cents,
                currency: texts.id(Dictionary::Currency, event.currency.as_deref())?,
                order: texts.id(Dictionary::Order, order_number(event).as_deref())?,
                tracked: event.tracked.unwrap_or(true),
                has_properties: properties.is_some(),
            };
            incoming.push(Incoming {
                event,
                contact,
                fact,
                link,
                page,
                properties,
            });
        }
        Ok(incoming)
    }
}

/// An event that is stored.
#[derive(Clone, Copy)]
struct Known {
    id: i64,
    at: Millis,
    told: bool,
}

/// One contact's events while a batch is merged into them.
struct Merge<'m, 't> {
    tx: &'t Tx,
    contact: ContactId,
    known_at: Millis,
    way: Way,
    /// Whether its connection tells in two ways.
    two_ways: bool,
    /// Whether what the other way told is told apart by its time alone.
    twins: bool,
    ledger: Ledger,
    /// By (kind, campaign): platform id to event. Filled for what the batch asks about.
    identified: HashMap<(u16, TextId), HashMap<String, Known>>,
    /// Whether a verdict changed.
    judged: bool,
    /// What there is to judge anew.
    touched: Touched,
    door: Door<'m>,
    /// Held through the batch: even a look-up of a prepared statement tells at this rate.
    insert: &'m mut CachedStatement<'t>,
}

impl<'m, 't> Merge<'m, 't> {
    fn begin(
        tx: &'t Tx,
        (known_at, (way, two_ways), twins): (Millis, (Way, bool), Option<Millis>),
        rows: &[Incoming<'_>],
        (refusing, insert, histories): (
            Option<&'m Refusing>,
            &'m mut CachedStatement<'t>,
            &mut Histories<'t>,
        ),
    ) -> Result<Self, StoreError> {
        let contact = rows.first().map_or(ContactId(0), |row| row.contact);
        // An id may be known at any time, and twins follow from all there is; whole content only at its own.
        let is_old = |event: &Event| refusing.is_some_and(|each| each.is_old(event));
        let mut events = rows.iter().map(|row| row.event);
        let anywhere = twins.is_some() || events.any(|event| event.id.is_some() || is_old(event));
        let mut wanted = Vec::new();
        for row in rows {
            wanted.push(bucket(row.fact.at));
            // What happened just beyond the edge of a bucket may decide who caused it.
            wanted.extend(buckets_around(&row.fact).into_iter().flatten());
        }
        wanted.sort_unstable();
        wanted.dedup();
        let ledger = histories.load(contact, (!anywhere).then_some(wanted.as_slice()))?;
        Ok(Self {
            tx,
            contact,
            known_at,
            way,
            two_ways,
            twins: twins.is_some(),
            ledger,
            identified: HashMap::new(),
            judged: false,
            touched: Touched::default(),
            door: Door::new(refusing),
            insert,
        })
    }

    fn take(
        &mut self,
        row: &Incoming<'_>,
        report: &mut Report,
        appended: &mut Appended,
    ) -> Result<(), StoreError> {
        if is_planted(Bug::NoDedupe) {
            appended.new += 1;
            return self.insert(row).map(|_| ());
        }
        match &row.event.id {
            Some(id) => self.take_identified(row, id, appended),
            None => self.take_plain(row, report, appended),
        }
    }

    fn take_identified(
        &mut self,
        row: &Incoming<'_>,
        id: &str,
        appended: &mut Appended,
    ) -> Result<(), StoreError> {
        let key = (row.fact.kind.0, row.fact.campaign);
        self.load_identified(row.fact.connection, key)?;
        let known = self
            .identified
            .get(&key)
            .and_then(|ids| ids.get(id))
            .copied();
        match known {
            Some(known) if known.at == row.fact.at => {
                self.confirm(known)?;
                self.judge(known.id, known.at, row)?;
                appended.duplicates += 1;
                return Ok(());
            }
            Some(known) if self.was_superseded(known.id, row.fact.at)? => {
                appended.duplicates += 1;
                return Ok(());
            }
            None if self.door.refuses(&self.ledger, row.event, &row.fact) => {
                appended.outdated += 1;
                return Ok(());
            }
            _ => {}
        }
        let new = self.insert(row)?;
        if let Some(Known { id: old, at, .. }) = known {
            if let Some(bucket) = self.ledger.buckets.get_mut(bucket(at)) {
                bucket.remove(old, at);
            }
            // It is no evidence any more, where it was.
            self.touched.note(&Fact { at, ..row.fact }, old);
            self.tx
                .sql
                .prepare_cached(
                    "insert into superseded (contact_id, event_id, by_id, known_at) values (?1, ?2, ?3, ?4)",
                )?
                .execute(params![self.contact.0, old, new, self.known_at])?;
            appended.superseded += 1;
        } else {
            appended.new += 1;
        }
        let known = Known {
            id: new,
            at: row.fact.at,
            told: self.way == Way::Webhook,
        };
        self.identified
            .entry(key)
            .or_default()
            .insert(id.to_owned(), known);
        Ok(())
    }

    /// A poll has shown what so far only a webhook told.
    fn confirm(&self, known: Known) -> Result<(), StoreError> {
        if known.told && self.way == Way::Poll {
            self.tx
                .sql
                .prepare_cached(
                    "insert into confirmed (contact_id, event_id, known_at) values (?1, ?2, ?3) on conflict do nothing",
                )?
                .execute(params![self.contact.0, known.id, self.known_at])?;
        }
        Ok(())
    }

    fn load_identified(
        &mut self,
        connection: ConnectionId,
        key: (u16, TextId),
    ) -> Result<(), StoreError> {
        if self.identified.contains_key(&key) {
            return Ok(());
        }
        let mut select = self
            .tx
            .sql
            .prepare_cached("select platform_event_id from event where id = ?1")?;
        let mut ids = HashMap::new();
        for entry in self.ledger.entries() {
            let fact = &entry.fact;
            if entry.identified
                && (fact.kind.0, fact.campaign) == key
                && fact.connection == connection
                && self.is_of_this_way(entry)
            {
                let known = Known {
                    id: fact.id,
                    at: fact.at,
                    told: entry.told,
                };
                ids.insert(select.query_row([fact.id], |row| row.get(0))?, known);
            }
        }
        self.identified.insert(key, ids);
        Ok(())
    }

    /// Whether the platform once gave this id that time, before it changed it: then an old report has come again.
    fn was_superseded(&self, mut event: i64, at: Millis) -> Result<bool, StoreError> {
        let mut select = self.tx.sql.prepare_cached(
            "select event_id, at from superseded join event on event.id = event_id
             where superseded.contact_id = ?1 and by_id = ?2",
        )?;
        while let Some((older, older_at)) = select
            .query_row(params![self.contact.0, event], |row| {
                Ok((row.get(0)?, row.get::<_, Millis>(1)?))
            })
            .optional()?
        {
            if older_at == at {
                return Ok(true);
            }
            event = older;
        }
        Ok(false)
    }

    fn take_plain(
        &mut self,
        row: &Incoming<'_>,
        report: &mut Report,
        appended: &mut Appended,
    ) -> Result<(), StoreError> {
        let mut count = 0;
        let mut first: Option<Known> = None;
        if let Some(bucket) = self.ledger.buckets.get(bucket(row.fact.at)) {
            for entry in bucket.stored_at(row.fact.at) {
                if entry.fact.id <= report.known_to && self.is_same(entry, row)? {
                    count += 1;
                    if first.is_none_or(|first| entry.fact.id < first.id) {
                        first = Some(Known {
                            id: entry.fact.id,
                            at: row.fact.at,
                            told: entry.told,
                        });
                    }
                }
            }
        }
        if let Some(first) = first
            && report.matches(self.tx, first.id, count)?
        {
            self.confirm(first)?;
            self.judge(first.id, row.fact.at, row)?;
            appended.duplicates += 1;
            return Ok(());
        }
        if self.door.refuses(&self.ledger, row.event, &row.fact) {
            appended.outdated += 1;
            return Ok(());
        }
        self.insert(row)?;
        appended.new += 1;
        Ok(())
    }

    /// Whether an entry was told in the way of this batch, where that makes a difference.
    fn is_of_this_way(&self, entry: &Entry) -> bool {
        !self.twins || entry.told == (self.way == Way::Webhook)
    }

    fn is_same(&self, entry: &Entry, row: &Incoming<'_>) -> Result<bool, StoreError> {
        let (known, new) = (&entry.fact, &row.fact);
        let same = !entry.identified
            && self.is_of_this_way(entry)
            && known.at == new.at
            && known.kind == new.kind
            && known.connection == new.connection
            && known.campaign == new.campaign
            && known.url == new.url
            && known.item == new.item
            && known.quantity == new.quantity
            && known.value == new.value
            && known.currency == new.currency
            && known.order == new.order
            && known.has_properties == new.has_properties;
        if !same || !(new.has_properties || new.url.is_some()) {
            return Ok(same);
        }
        // What does not fit into the packed form is compared in the table.
        let (properties, link, page): (Option<String>, Option<u32>, Option<u32>) = self
            .tx
            .sql
            .prepare_cached("select properties, link_id, url_id from event where id = ?1")?
            .query_row([known.id], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        Ok(properties == row.properties
            && link.unwrap_or(0) == row.link.0
            && page.unwrap_or(0) == row.page.0)
    }

    /// A duplicate that brings its source's verdict where there was none, or only ours, brings news; anything else it says is
    /// ignored.
    fn judge(&mut self, event: i64, at: Millis, row: &Incoming<'_>) -> Result<(), StoreError> {
        let Some(verdict) = row
            .event
            .verdict
            .filter(|verdict| *verdict != Verdict::Unknown)
        else {
            return Ok(());
        };
        let Some(bucket) = self.ledger.buckets.get_mut(bucket(at)) else {
            return Ok(());
        };
        let unjudged = |known| known == Verdict::Unknown;
        let news = match bucket.judge((event, at), verdict, unjudged) {
            Some(false) if self.tx.our_word(self.contact, event)?.is_some() => {
                self.judged |=
                    bucket.judge((event, at), verdict, |known| known != verdict) == Some(true);
                true
            }
            Some(true) => {
                self.judged = true;
                true
            }
            _ => false,
        };
        if news {
            self.tx
                .record_verdict(self.contact, event, verdict, BY_SOURCE, self.known_at)?;
            self.touched.note(&row.fact, event);
        }
        Ok(())
    }

    fn insert(&mut self, row: &Incoming<'_>) -> Result<i64, StoreError> {
        let fact = &row.fact;
        let some = |text: TextId| text.is_some().then_some(text.0);
        self.insert.execute(params![
            self.contact.0,
            fact.at,
            fact.kind.0,
            fact.connection.0,
            self.known_at,
            some(fact.campaign),
            some(row.link),
            some(row.page),
            some(fact.item),
            row.event.quantity,
            fact.value,
            some(fact.currency),
            row.event.tracked,
            row.event.verdict.map(verdict_number),
            row.event.id,
            row.properties,
            match self.way {
                Way::Webhook => Some(1),
                Way::Poll => self.two_ways.then_some(2),
            },
            some(fact.order),
        ])?;
        let id = self.tx.sql.last_insert_rowid();
        self.touched.note(fact, id);
        self.ledger.buckets.or_empty(bucket(fact.at)).insert(Entry {
            fact: Fact { id, ..*fact },
            identified: row.event.id.is_some(),
            told: self.way == Way::Webhook,
        });
        Ok(id)
    }
}
