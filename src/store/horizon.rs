//! Events that are older than the configuration keeps them: not taken in, and deleted contact by contact.
//!
//! Nothing that is gone may look like silence. So of each contact it is kept up to when something of it is gone, and of
//! which kinds ([`Facts::forgotten`](crate::score::facts::Facts)); scoring takes the days up to then for a hole.
//! That row, the packed history and the event log change in one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use engaged_connectors::model::{Event, EventKind, Verdict};
use rusqlite::{Row, params};

use super::{
    Conn, Store, Tx,
    contact::ContactId,
    error::StoreError,
    history::{Ledger, bucket, codec::Entry},
    tracking::Privacy,
    word::kind_of_stored,
};
use crate::{
    rules::horizon::{Horizon, REVIVING},
    score::{
        calendar::{Millis, Zone},
        facts::{ConnectionId, Fact, Forgotten, KindId, KindSet, TextId},
    },
};

/// Since when events are kept, as the last run set it that deleted.
const BEGIN: &str = "retention begin";

/// When so many events are deleted, the others that write have their turn.
const EVENTS_AT_ONCE: u64 = 5_000;

/// So many contacts are looked for at once.
const LOOKED_AT: u32 = 1_000;

/// A run reaches at most so much further than the last: with a clock that runs ahead, or a time that was made shorter by
/// mistake, more would go.
const FURTHER_MS: Millis = 31 * 86_400_000;

/// Whether it takes a person's word to delete what is older than an instant, where events are kept since another.
pub fn needs_word(begin: Millis, since: Option<Millis>) -> bool {
    since.is_none_or(|since| begin.saturating_sub(since) > FURTHER_MS)
}

/// How long events are kept, and where days begin.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    horizon: Horizon,
    zone: Zone,
}

impl Kept {
    /// The first instant that is kept.
    fn begin(&self, now: Millis) -> Millis {
        let first = self.zone.day(now).first_within(self.horizon.events);
        match first.date() {
            Some(_) => self.zone.start_of(first),
            None => Millis::MIN,
        }
    }
}

/// Old events that were stored and are no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outdated {
    /// The last contact that was looked at; `None` if there is none after it.
    pub until: Option<ContactId>,
    /// Contacts of whom something was deleted.
    pub contacts: u64,
    /// Events.
    pub events: u64,
}

/// How much of one kind of event is older than it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldEvents {
    /// The kind.
    pub kind: EventKind,
    /// How many there are.
    pub events: u64,
    /// How many of these are to go.
    pub go: u64,
    /// Of how many contacts.
    pub contacts: u64,
}

impl Store {
    /// Sets how long events are kept: for ever, until this is called. What is stored already goes by [`Tx::forget_old`].
    pub fn keep_for(&self, horizon: Option<&Horizon>, zone: &Zone) {
        let kept = horizon.map(|horizon| Kept {
            horizon: horizon.clone(),
            zone: zone.clone(),
        });
        self.change_privacy(|privacy| privacy.kept = kept);
    }
}

impl Privacy {
    /// Which events are old at an instant; `None` where none ever is.
    fn old(&self, now: Millis) -> Option<(&Horizon, Millis)> {
        let kept = self.kept.as_ref()?;
        Some((&kept.horizon, kept.begin(now)))
    }
}

impl Conn {
    /// What is older than it is kept, by kind, and the instant before which that is; `None` where everything is kept.
    /// Looks at each contact of whom something is older.
    pub fn old_events(&self, now: Millis) -> Result<Option<(Millis, Vec<OldEvents>)>, StoreError> {
        let privacy = self.privacy();
        let Some((horizon, begin)) = privacy.old(now) else {
            return Ok(None);
        };
        let names = self.kind_names()?;
        let mut old: BTreeMap<KindId, (u64, u64, u64)> = BTreeMap::new();
        let mut after = ContactId(0);
        loop {
            let contacts = self.with_old(after, begin, LOOKED_AT)?;
            for contact in &contacts {
                self.may_go_on()?;
                let ledger = self.whole_history(*contact)?;
                let gone = self.outdated(*contact, &ledger, (horizon, begin), &names)?;
                let mut counted = BTreeSet::new();
                for entry in ledger.entries().filter(|entry| entry.fact.at < begin) {
                    let kind = entry.fact.kind;
                    let (events, go, contacts) = old.entry(kind).or_default();
                    *events += 1;
                    *go += u64::from(gone.contains(&entry.fact.id));
                    *contacts += u64::from(counted.insert(kind));
                }
            }
            match contacts.last() {
                Some(last) => after = *last,
                None => break,
            }
        }
        let old = old
            .into_iter()
            .map(|(kind, (events, go, contacts))| OldEvents {
                kind: named(kind_of_stored(kind), &names),
                events,
                go,
                contacts,
            });
        Ok(Some((begin, old.collect())))
    }

    /// So many contacts after one of whom something may be older than an instant.
    fn with_old(
        &self,
        after: ContactId,
        begin: Millis,
        most: u32,
    ) -> Result<Vec<ContactId>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select id from contact where id > ?1
               and exists (select 1 from history where contact_id = contact.id and bucket <= ?2)
             order by id limit ?3",
        )?;
        let contacts = select.query_map(params![after.0, bucket(begin), most], |row| {
            row.get(0).map(ContactId)
        })?;
        Ok(contacts.collect::<Result<_, _>>()?)
    }

    /// Which events of a contact are to go.
    fn outdated(
        &self,
        contact: ContactId,
        ledger: &Ledger,
        (horizon, begin): (&Horizon, Millis),
        names: &[String],
    ) -> Result<BTreeSet<i64>, StoreError> {
        let staying = Staying::of(ledger, begin);
        let (mut gone, mut stays) = (BTreeSet::new(), BTreeSet::new());
        for Entry { fact, .. } in ledger.entries() {
            let goes = fact.at < begin
                && horizon.forgets(&named(kind_of_stored(fact.kind), names))
                && !staying.keeps(fact);
            let into = if goes { &mut gone } else { &mut stays };
            into.insert(fact.id);
        }
        // What is one event with something that stays is that event, told in the other way.
        for id in gone.clone() {
            let mut company = BTreeSet::from([id]);
            self.with_company(contact, &mut company)?;
            if !company.is_disjoint(&stays) {
                gone.remove(&id);
            }
        }
        Ok(gone)
    }

    /// The first instant that is kept, as [`Tx::keep_since`] set it; `None` if nothing was ever deleted.
    pub fn kept_since(&self) -> Result<Option<Millis>, StoreError> {
        let begin = self.control(BEGIN)?;
        Ok(begin.and_then(|control| control.value.parse().ok()))
    }

    /// Which events are deleted and not taken in: those that are old, as far as [`Tx::keep_since`] has let go; `None` where
    /// none are.
    fn deleted_before<'p>(
        &self,
        privacy: &'p Privacy,
        now: Millis,
    ) -> Result<Option<(&'p Horizon, Millis)>, StoreError> {
        let both = privacy.old(now).zip(self.kept_since()?);
        Ok(both.map(|((horizon, begin), since)| (horizon, begin.min(since))))
    }

    /// The first instant that the configuration keeps; `None` where that is everything.
    pub fn kept_from(&self, now: Millis) -> Option<Millis> {
        self.privacy().old(now).map(|(_, begin)| begin)
    }

    /// Whether anything of anybody is older than an instant.
    pub fn has_older(&self, begin: Millis) -> Result<bool, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select exists (select 1 from event where at < ?1)")?;
        Ok(select.query_row([begin], |row| row.get(0))?)
    }

    /// Whether anything of anybody is no longer known.
    pub(super) fn has_forgotten(&self) -> Result<bool, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select exists (select 1 from forgotten)")?;
        Ok(select.query_row((), |row| row.get(0))?)
    }

    /// Whether events of a campaign may have been passed over because they are old, so that its first count says nothing of
    /// what is missing.
    pub(super) fn may_be_outdated(
        &self,
        (campaign, kind): (i64, i64),
        now: Millis,
    ) -> Result<bool, StoreError> {
        let privacy = self.privacy();
        let Some((horizon, begin)) = self.deleted_before(&privacy, now)? else {
            return Ok(false);
        };
        if !horizon.forgets(&self.kind_name(kind)?) {
            return Ok(false);
        }
        let mut select = self
            .sql
            .prepare_cached("select coalesce(sent_at < ?2, 1) from campaign where id = ?1")?;
        Ok(select.query_row(params![campaign, begin], |row| row.get(0))?)
    }
}

/// What a row of `forgotten` says.
pub(super) fn forgotten_of(row: &Row<'_>) -> Result<Forgotten, StoreError> {
    Ok(Forgotten {
        first_at: row.get(1)?,
        until_at: row.get(2)?,
        kinds: KindSet::of_bits(row.get::<_, i64>(3)?.cast_unsigned()),
    })
}

fn named(kind: KindId, declared: &[String]) -> EventKind {
    let built_in = EventKind::BUILT_IN.get(usize::from(kind.0));
    built_in.cloned().unwrap_or_else(|| {
        let number = usize::from(kind.0).checked_sub(EventKind::BUILT_IN.len());
        let name = number.and_then(|number| declared.get(number));
        EventKind::Custom(name.cloned().unwrap_or_default())
    })
}

/// What is too old to be taken in, as long as one batch is.
pub(super) struct Refusing {
    horizon: Horizon,
    begin: Millis,
}

impl Refusing {
    /// `None` where nothing is too old. What no run has begun to delete is taken in.
    pub(super) fn new(tx: &Tx, now: Millis) -> Result<Option<Self>, StoreError> {
        let privacy = tx.privacy();
        let deleted = tx.deleted_before(&privacy, now)?;
        Ok(deleted.map(|(horizon, begin)| Self {
            horizon: horizon.clone(),
            begin,
        }))
    }

    /// Whether an event is too old, if nothing of its contact keeps it.
    pub(super) fn is_old(&self, event: &Event) -> bool {
        event.at.timestamp_millis() < self.begin && self.horizon.forgets(&event.kind)
    }
}

/// What of one contact's events is not let in.
pub(super) struct Door<'r> {
    refusing: Option<&'r Refusing>,
    /// What keeps old events of the contact, once that was asked.
    staying: Option<Staying>,
    /// What was refused.
    pub(super) refused: Option<Forgotten>,
}

impl<'r> Door<'r> {
    pub(super) fn new(refusing: Option<&'r Refusing>) -> Self {
        Self {
            refusing,
            staying: None,
            refused: None,
        }
    }

    /// Whether an event that is not known is too old to be stored, by the contact's history, all of which must be loaded.
    pub(super) fn refuses(&mut self, ledger: &Ledger, event: &Event, fact: &Fact) -> bool {
        let Some(refusing) = self.refusing.filter(|each| each.is_old(event)) else {
            return false;
        };
        let staying = self.staying.take();
        let staying = staying.unwrap_or_else(|| Staying::of(ledger, refusing.begin));
        let refused = !staying.keeps(fact);
        self.staying = Some(staying);
        if refused {
            let one = Forgotten::one(kind_of_stored(fact.kind), fact.at);
            self.refused = Some(one.beside(self.refused));
        }
        refused
    }
}

/// What keeps old events of one contact.
struct Staying {
    /// The last old one of each sign that an address works: a bounce stays, may come late, or be another's who becomes one with
    /// this contact, and without these the address would not seem to work again. A younger one does not do for the days before.
    signs: HashMap<Sign, (Millis, i64)>,
    /// Messages of which there is a younger event of that kind: the first alone counts.
    messages: HashSet<(ConnectionId, KindId, TextId)>,
    /// Orders of which there is a younger event, from whichever connection.
    orders: HashSet<TextId>,
}

impl Staying {
    fn of(ledger: &Ledger, begin: Millis) -> Self {
        let mut staying = Self {
            signs: HashMap::new(),
            messages: HashSet::new(),
            orders: HashSet::new(),
        };
        for entry in ledger.entries() {
            let fact = &entry.fact;
            if fact.at < begin {
                for sign in signs(fact) {
                    let last = (fact.at, fact.id);
                    let known = staying.signs.entry(sign).or_insert(last);
                    *known = last.max(*known);
                }
            } else {
                if fact.campaign.is_some() {
                    let message = (fact.connection, fact.kind, fact.campaign);
                    staying.messages.insert(message);
                }
                if fact.order.is_some() {
                    staying.orders.insert(fact.order);
                }
            }
        }
        staying
    }

    /// Whether an old event stays.
    fn keeps(&self, fact: &Fact) -> bool {
        let is_last = |sign: Sign| {
            let last = self.signs.get(&sign);
            last.is_none_or(|last| (fact.at, fact.id) >= *last)
        };
        let message = (fact.connection, fact.kind, fact.campaign);
        signs(fact).any(is_last)
            || self.messages.contains(&message)
            || self.orders.contains(&fact.order)
    }
}

impl Tx {
    /// Keeps that something of a contact is no longer known; whether that is news.
    pub(super) fn note_forgotten(
        &self,
        contact: ContactId,
        forgotten: Forgotten,
    ) -> Result<bool, StoreError> {
        let rows = self
            .sql
            .prepare_cached(
                "insert into forgotten (contact_id, first_at, until_at, kinds) values (?1, ?2, ?3, ?4)
                 on conflict do update set first_at = min(first_at, excluded.first_at),
                   until_at = max(until_at, excluded.until_at), kinds = kinds | excluded.kinds
                 where excluded.first_at < first_at or excluded.until_at > until_at
                   or kinds | excluded.kinds <> kinds",
            )?
            .execute(params![
                contact.0,
                forgotten.first_at,
                forgotten.until_at,
                forgotten.kinds.bits().cast_signed()
            ])?;
        Ok(rows > 0)
    }

    /// Sets that what is older than it is kept is deleted from now on, and not taken in any more.
    pub fn keep_since(&self, now: Millis) -> Result<(), StoreError> {
        match self.privacy().old(now) {
            Some((_, begin)) => self.set_control(BEGIN, &begin.to_string(), now),
            None => Ok(()),
        }
    }

    /// Deletes what is older than it is kept, by [`Tx::keep_since`], of so many contacts after one, or of fewer that had many
    /// events.
    pub fn forget_old(
        &self,
        after: ContactId,
        most: u32,
        now: Millis,
    ) -> Result<Outdated, StoreError> {
        let mut outdated = Outdated::default();
        let privacy = self.privacy();
        let Some((horizon, begin)) = self.deleted_before(&privacy, now)? else {
            return Ok(outdated);
        };
        let names = self.kind_names()?;
        for contact in self.with_old(after, begin, most)? {
            self.may_go_on()?;
            outdated.until = Some(contact);
            let events = self.forget_old_of(contact, (horizon, begin), &names)?;
            outdated.events += events;
            outdated.contacts += u64::from(events > 0);
            if outdated.events >= EVENTS_AT_ONCE {
                break;
            }
        }
        Ok(outdated)
    }

    fn forget_old_of(
        &self,
        contact: ContactId,
        horizon: (&Horizon, Millis),
        names: &[String],
    ) -> Result<u64, StoreError> {
        let mut histories = self.histories()?;
        let mut ledger = histories.load(contact, None)?;
        let gone = self.outdated(contact, &ledger, horizon, names)?;
        let mut forgotten: Option<Forgotten> = None;
        for entry in ledger.entries() {
            if gone.contains(&entry.fact.id) {
                let one = Forgotten::one(kind_of_stored(entry.fact.kind), entry.fact.at);
                forgotten = Some(one.beside(forgotten));
            }
        }
        let Some(forgotten) = forgotten else {
            return Ok(0);
        };
        let events = self.delete_events(contact, &mut ledger, gone)?;
        histories.keep(contact, ledger)?;
        histories.write()?;
        self.note_forgotten(contact, forgotten)?;
        self.mark_dirty([contact])?;
        Ok(events)
    }
}

/// That an address works: by which connection, what happened, and whether a person did it.
type Sign = (ConnectionId, KindId, bool);

/// Of which signs that the address works an event is one.
fn signs(fact: &Fact) -> impl Iterator<Item = Sign> + use<> {
    let of = |by_person| (fact.connection, fact.kind, by_person);
    let person = (by_person(fact) && is_kind(fact, &REVIVING)).then(|| of(true));
    // For the status it does not matter who is said to have caused a delivery.
    let delivery = is_kind(fact, &[EventKind::Delivery]).then(|| of(false));
    person.into_iter().chain(delivery)
}

fn by_person(fact: &Fact) -> bool {
    matches!(fact.verdict, Verdict::Human | Verdict::Unknown)
}

fn is_kind(fact: &Fact, kinds: &[EventKind]) -> bool {
    let kind = kind_of_stored(fact.kind);
    let mut numbers = kinds.iter().filter_map(KindId::built_in);
    numbers.any(|number| number == kind)
}
