//! Events that are older than the configuration keeps them: not taken in, and deleted contact by contact.
//!
//! Nothing that is gone may look like silence. So of each contact it is kept up to when something of it is gone, and of
//! which kinds ([`Facts::forgotten`](crate::score::facts::Facts)); scoring takes the days up to then for a hole.
//! That row, the packed history and the event log change in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use engaged_connectors::model::{Event, EventKind, Status, Verdict};
use rusqlite::{Row, params};

use super::{
    Conn, Store, Tx,
    contact::ContactId,
    error::StoreError,
    history::{Ledger, bucket},
    tracking::Privacy,
    word::{kind_of_stored, status_number},
};
use crate::{
    rules::horizon::{BOUNCES, Horizon, REVIVING},
    score::{
        calendar::{Millis, Zone},
        facts::{Fact, Forgotten, KindId, KindSet},
    },
};

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
    /// Whether it stays.
    pub stays: bool,
    /// How many there are.
    pub events: i64,
    /// Of how many contacts.
    pub contacts: i64,
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
    pub fn old_events(&self, now: Millis) -> Result<Option<(Millis, Vec<OldEvents>)>, StoreError> {
        let privacy = self.privacy();
        let Some((horizon, begin)) = privacy.old(now) else {
            return Ok(None);
        };
        let names = self.kind_names()?;
        let mut select = self.sql.prepare_cached(
            "select kind, count(*), count(distinct contact_id) from event where at < ?1 group by kind order by kind",
        )?;
        let mut rows = select.query([begin])?;
        let mut old = Vec::new();
        while let Some(row) = rows.next()? {
            let kind = named(kind_of_stored(KindId(row.get(0)?)), &names);
            old.push(OldEvents {
                stays: !horizon.forgets(&kind),
                kind,
                events: row.get(1)?,
                contacts: row.get(2)?,
            });
        }
        Ok(Some((begin, old)))
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
        let Some((horizon, begin)) = privacy.old(now) else {
            return Ok(false);
        };
        if !horizon.forgets(&self.kind_name(kind)?) {
            return Ok(false);
        }
        let mut select = self
            .sql
            .prepare_cached("select coalesce(sent_at < ?2, 0) from campaign where id = ?1")?;
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

/// Keeps out of one batch what is too old to be stored.
pub(super) struct Refusing<'t> {
    tx: &'t Tx,
    horizon: Horizon,
    begin: Millis,
    refused: BTreeMap<ContactId, Forgotten>,
}

impl<'t> Refusing<'t> {
    /// `None` where nothing is too old.
    pub(super) fn new(tx: &'t Tx, now: Millis) -> Option<Self> {
        let privacy = tx.privacy();
        let (horizon, begin) = privacy.old(now)?;
        Some(Self {
            tx,
            horizon: horizon.clone(),
            begin,
            refused: BTreeMap::new(),
        })
    }

    /// Whether an event must not be stored.
    pub(super) fn takes(&mut self, contact: ContactId, event: &Event) -> Result<bool, StoreError> {
        let at = event.at.timestamp_millis();
        if at >= self.begin || !self.horizon.forgets(&event.kind) {
            return Ok(false);
        }
        let kind = kind_of_stored(self.tx.stored_kind(&event.kind)?);
        let one = Forgotten::one(kind, at);
        let known = self.refused.entry(contact).or_insert(one);
        *known = known.and(one);
        Ok(true)
    }

    /// Keeps of whom something was refused. Returns about whom that is news.
    pub(super) fn end(self) -> Result<Vec<ContactId>, StoreError> {
        let mut news = Vec::new();
        for (contact, forgotten) in self.refused {
            if self.tx.note_forgotten(contact, forgotten)? {
                news.push(contact);
            }
        }
        Ok(news)
    }
}

impl Tx {
    /// Keeps that something of a contact is no longer known; whether that is news.
    fn note_forgotten(&self, contact: ContactId, forgotten: Forgotten) -> Result<bool, StoreError> {
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

    /// Deletes what is older than it is kept of so many contacts after one.
    pub fn forget_old(
        &self,
        after: ContactId,
        most: u32,
        now: Millis,
    ) -> Result<Outdated, StoreError> {
        let mut outdated = Outdated::default();
        let privacy = self.privacy();
        let Some((horizon, begin)) = privacy.old(now) else {
            return Ok(outdated);
        };
        let names = self.kind_names()?;
        let mut select = self.sql.prepare_cached(
            "select id from contact where id > ?1
               and exists (select 1 from history where contact_id = contact.id and bucket <= ?2)
             order by id limit ?3",
        )?;
        let contacts: Vec<ContactId> = select
            .query_map(params![after.0, bucket(begin), most], |row| {
                row.get(0).map(ContactId)
            })?
            .collect::<Result<_, _>>()?;
        for contact in contacts {
            outdated.until = Some(contact);
            let is_old = |fact: &Fact| {
                fact.at < begin && horizon.forgets(&named(kind_of_stored(fact.kind), &names))
            };
            let events = self.forget_old_of(contact, &is_old)?;
            outdated.events += events;
            outdated.contacts += u64::from(events > 0);
        }
        Ok(outdated)
    }

    fn forget_old_of(
        &self,
        contact: ContactId,
        is_old: &dyn Fn(&Fact) -> bool,
    ) -> Result<u64, StoreError> {
        let mut histories = self.histories()?;
        let mut ledger = histories.load(contact, None)?;
        let mut gone: BTreeSet<i64> = ledger
            .entries()
            .filter(|entry| is_old(&entry.fact))
            .map(|entry| entry.fact.id)
            .collect();
        if gone.is_empty() {
            return Ok(0);
        }
        for revived in self.revivals(contact, &ledger, &gone)? {
            gone.remove(&revived);
        }
        self.with_company(contact, &mut gone)?;
        let mut forgotten: Option<Forgotten> = None;
        for entry in ledger.entries() {
            if gone.contains(&entry.fact.id) {
                let one = Forgotten::one(kind_of_stored(entry.fact.kind), entry.fact.at);
                forgotten = Some(forgotten.map_or(one, |known| known.and(one)));
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

    /// What ended a contact's bounces, among events that are to go: of each kind the last one by a person after a bounce. The
    /// bounces are kept, and without these the address would seem not to work again.
    fn revivals(
        &self,
        contact: ContactId,
        ledger: &Ledger,
        gone: &BTreeSet<i64>,
    ) -> Result<Vec<i64>, StoreError> {
        let Some(bounced_at) = self.first_bounce(contact, ledger)? else {
            return Ok(Vec::new());
        };
        let last = |kind: &EventKind, by_anyone: bool| {
            let facts = ledger.entries().map(|entry| &entry.fact);
            let after = facts.filter(|fact| fact.at >= bounced_at && gone.contains(&fact.id));
            let usable = after.filter(|fact| by_anyone || by_person(fact));
            let of_kind = usable.filter(|fact| is_kind(fact, std::slice::from_ref(kind)));
            let last = of_kind.max_by_key(|fact| (fact.at, fact.id));
            last.map(|fact| fact.id)
        };
        let mut kept: Vec<i64> = REVIVING
            .iter()
            .filter_map(|kind| last(kind, false))
            .collect();
        // Whoever is said to have caused it, a delivery shows that the address works.
        kept.extend(last(&EventKind::Delivery, true));
        Ok(kept)
    }

    /// When mail to a contact, or to whoever is one with it, first bounced.
    fn first_bounce(
        &self,
        contact: ContactId,
        ledger: &Ledger,
    ) -> Result<Option<Millis>, StoreError> {
        let first = |ledger: &Ledger| {
            let facts = ledger.entries().map(|entry| &entry.fact);
            let bounces = facts.filter(|fact| is_kind(fact, &BOUNCES));
            bounces.map(|fact| fact.at).min()
        };
        // The platform's word that mail bounced is ended by the same.
        let mut said = self.sql.prepare_cached(
            "select min(at) from subscription where contact_id = ?1 and status = ?2",
        )?;
        let bounced = status_number(Status::Bounced);
        let mut bounces = vec![first(ledger)];
        for member in self.members(self.root(contact)?)? {
            if member != contact {
                bounces.push(first(&self.histories()?.load(member, None)?));
            }
            bounces.push(said.query_row(params![member.0, bounced], |row| row.get(0))?);
        }
        Ok(bounces.into_iter().flatten().min())
    }
}

fn by_person(fact: &Fact) -> bool {
    matches!(fact.verdict, Verdict::Human | Verdict::Unknown)
}

fn is_kind(fact: &Fact, kinds: &[EventKind]) -> bool {
    let kind = kind_of_stored(fact.kind);
    let mut numbers = kinds.iter().filter_map(KindId::built_in);
    numbers.any(|number| number == kind)
}
