//! Reading what scoring needs: everything about one contact, or about all of
//! them in the order of their numbers, each table walked once.

mod hindsight;
mod rewind;
mod walk;

use std::collections::{BTreeSet, HashMap, HashSet};

use engaged_connectors::model::Address;
use rusqlite::{CachedStatement, Row, params};

use super::{
    Conn,
    contact::ContactId,
    error::StoreError,
    history::codec::{self, Entry},
    horizon::forgotten_of,
    tracking::Consents,
    twins,
    word::{day_of, kind_of_stored, status_of},
};
use crate::{
    rules::glob::fold,
    score::{
        calendar::Millis,
        facts::{Adjustment, ConnectionId, Fact, Facts, Needs, Subscription},
        tracking::{Consent, Measured},
    },
};

pub use hindsight::Hindsight;

/// Which contacts to read.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// All, each table walked once.
    All,
    /// Those with numbers from the first to the second, both included; as [`Which::All`] otherwise.
    Between(ContactId, ContactId),
    /// These, looked up one by one; best sorted. Unknown ones and ones merged into others are left out.
    These(&'a [ContactId]),
}

/// One table's share of the facts: rows of contacts ?1 to ?2 in order, as known at ?3.
#[derive(Clone, Copy)]
struct Part {
    select: &'static str,
    take: fn(&mut Loader<'_>, &Row<'_>) -> Result<(), StoreError>,
    /// Whether it is read at all.
    needed: fn(&Loader<'_>) -> bool,
}

/// The part that says which contacts there are.
const CONTACTS: Part = Part {
    select: "select id, email, known_at from contact where id between ?1 and ?2 and ?3 is not null order by id",
    take: |loader, row| loader.take_contact(row),
    needed: |_| true,
};

const PARTS: [Part; 7] = [
    Part {
        select: "select contact_id, ev from history where contact_id between ?1 and ?2 and ?3 is not null
                 order by contact_id, bucket, part",
        take: |loader, row| loader.take_history(row),
        needed: |_| true,
    },
    Part {
        select: "select contact_id, at from subscribed where contact_id between ?1 and ?2 and known_at <= ?3
                 order by contact_id",
        take: |loader, row| loader.take_subscribed(row),
        needed: |_| true,
    },
    Part {
        select: "select contact_id, name_id, value, known_at from field
                 where contact_id between ?1 and ?2 and known_at <= ?3
                 order by contact_id, connection_id, name_id, known_at",
        take: |loader, row| loader.take_field(row),
        needed: |loader| loader.needs.fields.as_ref().is_none_or(|fields| !fields.is_empty()),
    },
    Part {
        select: "select contact_id, connection_id, coalesce(text, ''), status, at
                 from subscription left join word on word.id = list_id
                 where contact_id between ?1 and ?2 and known_at <= ?3
                 order by contact_id, connection_id, list_id, known_at",
        take: |loader, row| loader.take_subscription(row),
        needed: |loader| loader.needs.subscriptions,
    },
    Part {
        select: "select contact_id, connection_id from membership
                 where contact_id between ?1 and ?2 and known_at <= ?3 order by contact_id, connection_id",
        take: |loader, row| loader.take_membership(row),
        needed: |_| true,
    },
    Part {
        select: "select contact_id, id, score, points, from_on, until_on, reason, author from adjustment
                 where contact_id between ?1 and ?2 and known_at <= ?3 and coalesce(withdrawn_at > ?3, true)
                 order by contact_id, id",
        take: |loader, row| loader.take_adjustment(row),
        needed: |loader| loader.adjusted,
    },
    Part {
        select: "select contact_id, first_at, until_at, kinds from forgotten
                 where contact_id between ?1 and ?2 and ?3 is not null order by contact_id",
        take: |loader, row| loader.take_forgotten(row),
        needed: |loader| loader.forgetful,
    },
];

struct Loader<'k> {
    conn: &'k Conn,
    known: Option<Millis>,
    needs: &'k Needs,
    /// Whether anybody's score was ever adjusted.
    adjusted: bool,
    /// Whether anything of anybody was deleted because it was old.
    forgetful: bool,
    /// Contacts merged into others, and into which.
    merged: HashMap<i64, Vec<i64>>,
    absorbed: BTreeSet<i64>,
    /// Who objects to being scored, and so is passed over.
    objecting: HashSet<ContactId>,
    /// The connections that tell twice.
    twins: Vec<(ConnectionId, Millis)>,
    /// What may be used of whom; `None` where that is everything.
    consents: Option<(Consents<'k>, Measured)>,
    facts: Facts,
    entries: Vec<Entry>,
    /// Name, value, known at: the newest of each name.
    fields: Vec<(i64, String, Millis)>,
    /// The names of fields by number; `None` for those that are not needed.
    names: HashMap<i64, Option<String>>,
    same: HashMap<i64, i64>, // For each of them, the one under which its values are kept.
    /// The parts' statements for look-ups, prepared when first needed.
    lookups: Vec<(Part, CachedStatement<'k>)>,
    found: bool,
}

impl Conn {
    /// Everything about one contact and those merged into it, as known at an instant (`None`: now); `None`: no such contact.
    pub fn facts(
        &self,
        contact: ContactId,
        known: Option<Millis>,
    ) -> Result<Option<Facts>, StoreError> {
        let needs = Needs::all();
        let mut loader = Loader::new(self, known, &needs)?;
        loader.load(contact.0)?;
        Ok(loader.found.then_some(loader.facts))
    }

    /// As [`Conn::for_each_needed`] with these contacts, also those who object: for lists that say so of them.
    pub fn for_each_listed(
        &self,
        contacts: &[ContactId],
        needs: &Needs,
        mut each: impl FnMut(ContactId, &Facts) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut loader = Loader::new(self, None, needs)?;
        for &contact in contacts {
            if loader.absorbed.contains(&contact.0) {
                continue;
            }
            loader.load(contact.0)?;
            if loader.found {
                each(contact, &loader.facts)?;
            }
        }
        Ok(())
    }

    /// Calls back with each contact's facts, in the order of contacts, good until the call returns; memory does not grow.
    pub fn for_each_facts(
        &self,
        which: Which<'_>,
        known: Option<Millis>,
        each: impl FnMut(ContactId, &Facts) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.for_each_needed(which, known, &Needs::all(), each)
    }

    /// As [`Conn::for_each_facts`], leaving out what is not needed. Who objects to being scored is passed over, on any date.
    pub fn for_each_needed(
        &self,
        which: Which<'_>,
        known: Option<Millis>,
        needs: &Needs,
        mut each: impl FnMut(ContactId, &Facts) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut loader = Loader::new(self, known, needs)?;
        match which {
            Which::These(contacts) => {
                for &contact in contacts {
                    self.may_go_on()?;
                    if loader.is_passed_over(contact) {
                        continue;
                    }
                    loader.load(contact.0)?;
                    if loader.found {
                        each(contact, &loader.facts)?;
                    }
                }
                Ok(())
            }
            Which::All => loader.walk((i64::MIN, i64::MAX), &mut walk::to_the_end(each)),
            Which::Between(first, last) => {
                loader.walk((first.0, last.0), &mut walk::to_the_end(each))
            }
        }
    }
}

impl<'k> Loader<'k> {
    fn new(conn: &'k Conn, known: Option<Millis>, needs: &'k Needs) -> Result<Self, StoreError> {
        let mut merged: HashMap<i64, Vec<i64>> = HashMap::new();
        let mut absorbed = BTreeSet::new();
        let mut select = conn.sql.prepare_cached(
            "select contact_id, into_id from merged where known_at <= ?1 order by contact_id",
        )?;
        let mut rows = select.query([known.unwrap_or(Millis::MAX)])?;
        while let Some(row) = rows.next()? {
            merged.entry(row.get(1)?).or_default().push(row.get(0)?);
            absorbed.insert(row.get(0)?);
        }
        let objecting = conn.objecting()?;
        let adjusted =
            conn.sql
                .query_row("select exists (select 1 from adjustment)", (), |row| {
                    row.get(0)
                })?;
        let privacy = conn.privacy();
        let consents = if privacy.is_open() {
            None
        } else {
            let measured = conn.measured(&privacy)?;
            Some((Consents::new(conn, privacy)?, measured))
        };
        Ok(Self {
            conn,
            known,
            needs,
            adjusted,
            forgetful: conn.has_forgotten()?,
            merged,
            absorbed,
            objecting,
            twins: conn.all_twins()?,
            consents,
            facts: Facts::default(),
            entries: Vec::new(),
            fields: Vec::new(),
            names: HashMap::new(),
            same: HashMap::new(),
            lookups: Vec::new(),
            found: false,
        })
    }

    /// Whether a contact is part of another, or objects to being scored.
    fn is_passed_over(&self, contact: ContactId) -> bool {
        self.absorbed.contains(&contact.0) || self.objecting.contains(&contact)
    }

    fn known(&self) -> Millis {
        self.known.unwrap_or(Millis::MAX)
    }

    /// One contact by look-ups, with those merged into it.
    fn load(&mut self, contact: i64) -> Result<(), StoreError> {
        self.begin();
        self.look_up(contact)?;
        self.absorb(contact)?;
        self.finish(contact)
    }

    fn look_up(&mut self, contact: i64) -> Result<(), StoreError> {
        let mut lookups = std::mem::take(&mut self.lookups);
        if lookups.is_empty() {
            for part in std::iter::once(CONTACTS).chain(PARTS) {
                if (part.needed)(self) {
                    lookups.push((part, self.conn.sql.prepare_cached(part.select)?));
                }
            }
        }
        for (part, select) in &mut lookups {
            let mut rows = select.query(params![contact, contact, self.known()])?;
            while let Some(row) = rows.next()? {
                (part.take)(self, row)?;
            }
        }
        self.lookups = lookups;
        Ok(())
    }

    fn absorb(&mut self, contact: i64) -> Result<(), StoreError> {
        if !self.merged.contains_key(&contact) {
            return Ok(());
        }
        let mut waiting = vec![contact];
        while let Some(next) = waiting.pop() {
            for member in self.merged.get(&next).cloned().unwrap_or_default() {
                self.look_up(member)?;
                waiting.push(member);
            }
        }
        // The events of several contacts are one history.
        self.entries.sort_unstable_by_key(Entry::order);
        Ok(())
    }

    fn begin(&mut self) {
        let facts = &mut self.facts;
        facts.events.clear();
        facts.properties.clear();
        facts.fields.clear();
        facts.subscriptions.clear();
        facts.connections.clear();
        facts.adjustments.clear();
        facts.subscribed_at = None;
        facts.address = None;
        facts.consent = Consent::default();
        facts.last_open = None;
        facts.forgotten = None;
        facts.first_known_at = Millis::MAX;
        self.entries.clear();
        self.fields.clear();
        self.found = false;
    }

    fn finish(&mut self, contact: i64) -> Result<(), StoreError> {
        if self.known.is_some() {
            self.rewind(contact)?;
        }
        let pairs = twins::all_pairs(&self.twins, &self.entries);
        if !pairs.is_empty() {
            let counts = |id| pairs.binary_search_by_key(&id, |pair| pair.polled).is_err();
            self.entries.retain(|entry| counts(entry.fact.id));
        }
        for entry in &self.entries {
            self.facts.events.push(Fact {
                kind: kind_of_stored(entry.fact.kind),
                ..entry.fact
            });
        }
        self.hide(contact)?;
        self.load_properties()?;
        self.name_fields();
        self.facts.connections.sort_unstable();
        self.facts.connections.dedup();
        Ok(())
    }

    /// Takes out what may not be used, whatever was known when.
    fn hide(&mut self, contact: i64) -> Result<(), StoreError> {
        let Some((consents, measured)) = &mut self.consents else {
            return Ok(());
        };
        let mut members = vec![ContactId(contact)];
        let mut next = 0;
        while let Some(member) = members.get(next) {
            let others = self.merged.get(&member.0).into_iter().flatten();
            members.extend(others.copied().map(ContactId));
            next += 1;
        }
        self.facts.consent = consents.of(&members)?;
        self.facts.last_open = self.conn.last_open(&members)?;
        self.facts.hide(measured);
        Ok(())
    }

    fn load_properties(&mut self) -> Result<(), StoreError> {
        let facts = &mut self.facts;
        if !facts.events.iter().any(|event| event.has_properties) {
            return Ok(());
        }
        let mut select = self
            .conn
            .sql
            .prepare_cached("select properties from event where id = ?1")?;
        for event in facts.events.iter().filter(|event| event.has_properties) {
            let text: String = select.query_row([event.id], |row| row.get(0))?;
            let named: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text)
                .map_err(|error| {
                    StoreError::damaged(format!("properties of event {}: {error}", event.id))
                })?;
            for (name, value) in named {
                let text = match value {
                    serde_json::Value::Null => continue,
                    serde_json::Value::String(text) => text,
                    other => other.to_string(),
                };
                facts.properties.push((event.id, name, text));
            }
        }
        facts.properties.sort();
        Ok(())
    }

    fn take_contact(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        let known_at: Millis = row.get(2)?;
        if known_at > self.known() {
            return Ok(());
        }
        self.found = true;
        self.facts.first_known_at = self.facts.first_known_at.min(known_at);
        if self.needs.address && self.facts.address.is_none() {
            let email = row
                .get_ref(1)?
                .as_str_or_null()
                .map_err(rusqlite::Error::from)?;
            self.facts.address = email.and_then(Address::parse);
        }
        Ok(())
    }

    fn take_history(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        let blob = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        codec::decode(blob, &mut self.entries)
            .map_err(|damaged| StoreError::damaged(damaged.to_string()))
    }

    fn take_subscribed(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        let at: Millis = row.get(1)?;
        let earliest = self.facts.subscribed_at.map_or(at, |known| known.min(at));
        self.facts.subscribed_at = Some(earliest);
        Ok(())
    }

    fn take_field(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        let name: i64 = row.get(1)?;
        if !self.names.contains_key(&name) {
            let text = self.field_name(name)?;
            // Rules do not tell COUNTRY from country: what one connection says is newer or older than what another does.
            let folded = text.as_deref().map(fold);
            let is_same = |known: &String| Some(fold(known)) == folded;
            let mut known = self.names.iter();
            let first = known.find(|(_, known)| known.as_ref().is_some_and(is_same));
            self.same
                .insert(name, first.map_or(name, |(first, _)| self.same[first]));
            self.names.insert(name, text);
        }
        if !matches!(self.names.get(&name), Some(Some(_))) {
            return Ok(());
        }
        let name = self.same[&name];
        let (value, known_at) = (row.get::<_, String>(2)?, row.get(3)?);
        match self.fields.iter_mut().find(|(known, ..)| *known == name) {
            // At one instant the text decides, so that it does not matter who was merged into whom.
            Some(field) if (field.2, &field.1) <= (known_at, &value) => {
                (field.1, field.2) = (value, known_at);
            }
            Some(_) => {}
            None => self.fields.push((name, value, known_at)),
        }
        Ok(())
    }

    fn field_name(&self, number: i64) -> Result<Option<String>, StoreError> {
        let mut select = self
            .conn
            .sql
            .prepare_cached("select text from word where id = ?1")?;
        let name: String = select.query_row([number], |row| row.get(0))?;
        let needed = self.needs.fields.as_ref();
        let needed = needed.is_none_or(|fields| fields.contains(&fold(&name)));
        Ok(needed.then_some(name))
    }

    fn take_subscription(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        let said = Subscription {
            connection: ConnectionId(row.get(1)?),
            list: row.get(2)?,
            status: status_of(row.get(3)?)?,
            at: row.get(4)?,
        };
        let known = &mut self.facts.subscriptions;
        match known
            .iter_mut()
            .find(|each| each.connection == said.connection && each.list == said.list)
        {
            Some(known) if (known.at, known.status) <= (said.at, said.status) => *known = said,
            Some(_) => {}
            None => known.push(said),
        }
        Ok(())
    }

    fn take_membership(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        self.facts.connections.push(ConnectionId(row.get(1)?));
        Ok(())
    }

    fn take_adjustment(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        self.facts.adjustments.push(Adjustment {
            id: row.get(1)?,
            score: row.get(2)?,
            points: row.get(3)?,
            from: day_of(&row.get::<_, String>(4)?)?,
            until: day_of(&row.get::<_, String>(5)?)?,
            reason: row.get(6)?,
            author: row.get(7)?,
        });
        Ok(())
    }

    /// What is gone is gone whatever was known when.
    fn take_forgotten(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        let one = forgotten_of(row)?;
        self.facts.forgotten = Some(one.beside(self.facts.forgotten));
        Ok(())
    }
}
