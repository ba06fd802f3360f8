//! Contacts: who is who, and what platforms say about them now.
//!
//! The same address on two connections is one contact; a platform's id outlives
//! a change of address. What was said is never overwritten: fields, statuses
//! and subscriptions get a new row when they change.

mod one;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use engaged_connectors::model::{Address, Contact, ContactRef, Status};
use rusqlite::{CachedStatement, OptionalExtension, params};

use super::{
    Conn, Tx,
    error::StoreError,
    gathered::{Acquainted, FIND},
    tally::Group,
    word::{Dictionary, Texts, status_number, status_of},
};
use crate::score::{calendar::Millis, facts::ConnectionId};

/// The number of a contact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContactId(pub i64);

/// What became of one contact row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upserted {
    /// Whose row it was.
    pub contact: ContactId,
    /// Whether anything in it was new.
    pub changed: bool,
}

/// A contact that a whole scan of the platform no longer found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Which contact.
    pub contact: ContactId,
    /// Its id on the platform.
    pub platform_id: String,
}

/// Finds and makes contacts for one batch of one connection.
pub(super) struct Resolver<'t> {
    tx: &'t Tx,
    connection: ConnectionId,
    known_at: Millis,
    by_id: HashMap<String, ContactId>,
    by_email: HashMap<Address, ContactId>,
    acquainted: Acquainted,
    /// [`FIND`], held: events ask by the thousand.
    find: CachedStatement<'t>,
    /// Contacts that this connection did not know before, or whose address an event told: news, even if
    /// nothing else is said about them.
    pub(super) joined: Vec<ContactId>,
    /// How many of them it did not know before.
    pub(super) met: u64,
    /// The connection's name, where an erasure keeps anybody out.
    guarded: Option<String>,
}

impl<'t> Resolver<'t> {
    pub(super) fn new(
        tx: &'t Tx,
        connection: ConnectionId,
        known_at: Millis,
    ) -> Result<Self, StoreError> {
        let guarded = !tx.erased.borrow().is_empty();
        let guarded = guarded.then(|| tx.connection_name(connection));
        Ok(Self {
            guarded: guarded.transpose()?,
            tx,
            connection,
            known_at,
            by_id: HashMap::new(),
            by_email: HashMap::new(),
            acquainted: Acquainted::default(),
            find: tx.sql.prepare_cached(FIND)?,
            joined: Vec::new(),
            met: 0,
        })
    }

    /// Takes the addresses' owners as found before.
    pub(super) fn among(mut self, acquainted: &Acquainted) -> Self {
        self.acquainted = acquainted.clone();
        self
    }

    /// When whom a row names was erased; `None`: it may come in.
    pub(super) fn erased_at(&self, who: &ContactRef) -> Option<Millis> {
        let connection = self.guarded.as_ref()?;
        self.tx.erased.borrow().when(connection, who)
    }

    /// The contact that a row names; `None` if the row names nobody.
    pub(super) fn resolve(&mut self, who: &ContactRef) -> Result<Option<ContactId>, StoreError> {
        match (&who.id, &who.email) {
            (Some(id), email) if !id.is_empty() => self.by_id(id, email.as_ref()).map(Some),
            (_, Some(email)) => self.by_email(email).map(Some),
            _ => Ok(None),
        }
    }

    fn by_id(&mut self, id: &str, email: Option<&Address>) -> Result<ContactId, StoreError> {
        if let Some(&contact) = self.by_id.get(id) {
            return Ok(contact);
        }
        let known: Option<(i64, Option<String>)> = self
            .tx
            .sql
            .prepare_cached(
                "select contact.id, contact.email from identity join contact on contact.id = contact_id
                 where connection_id = ?1 and platform_id = ?2",
            )?
            .query_row(params![self.connection.0, id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let contact = if let Some((contact, address)) = known {
            let contact = ContactId(contact);
            // An event's address may be an old one: it fills a blank and never replaces anything.
            if let (None, Some(email)) = (address, email)
                && self
                    .tx
                    .adopt_email(self.connection, contact, email, self.known_at)?
            {
                self.joined.push(contact);
            }
            contact
        } else {
            let contact = match email {
                Some(email) => self.by_email(email)?,
                None => self.tx.new_contact(None, self.known_at)?,
            };
            self.tx
                .sql
                .prepare_cached(
                    "insert into identity (connection_id, platform_id, contact_id, email, known_at)
                     values (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![
                    self.connection.0,
                    id,
                    contact.0,
                    email.map(Address::reveal),
                    self.known_at
                ])?;
            self.tx.count(Group::Identities(self.connection), 1);
            self.join(contact)?;
            contact
        };
        self.by_id.insert(id.to_owned(), contact);
        Ok(contact)
    }

    fn by_email(&mut self, email: &Address) -> Result<ContactId, StoreError> {
        let known = self.acquainted.owner(email);
        if let Some(&contact) = known.or_else(|| self.by_email.get(email)) {
            return Ok(contact);
        }
        let found = self
            .find
            .query_row(params![email.reveal(), self.connection.0], |row| {
                Ok((ContactId(row.get(0)?), row.get(1)?))
            })
            .optional()?;
        let (contact, known) = match found {
            Some(found) => found,
            None => (self.tx.new_contact(Some(email), self.known_at)?, false),
        };
        if !known {
            self.join(contact)?;
        }
        self.by_email.insert(email.clone(), contact);
        Ok(contact)
    }

    fn join(&mut self, contact: ContactId) -> Result<(), StoreError> {
        let new = self
            .tx
            .sql
            .prepare_cached(
                "insert into membership (contact_id, connection_id, known_at) values (?1, ?2, ?3)
                 on conflict do nothing",
            )?
            .execute(params![contact.0, self.connection.0, self.known_at])?;
        if new > 0 {
            self.met += 1;
            self.joined.push(contact);
        }
        Ok(())
    }

    /// Takes in one contact row. Marks the contact dirty if a rule could see the difference.
    pub(super) fn upsert(
        &mut self,
        row: &Contact,
        scan_at: Option<Millis>,
        texts: &mut Texts<'t>,
    ) -> Result<Option<Upserted>, StoreError> {
        let who = ContactRef {
            id: Some(row.id.clone()).filter(|id| !id.is_empty()),
            email: row.email.clone(),
        };
        let Some(contact) = self.resolve(&who)? else {
            return Ok(None);
        };
        let mut changed = false;
        if let Some(email) = &row.email {
            changed |= self
                .tx
                .adopt_email(self.connection, contact, email, self.known_at)?;
        }
        self.seen(row, scan_at)?;
        changed |= self.fields(contact, &row.fields, texts)?;
        changed |= self.subscriptions(contact, row, texts)?;
        if let Some(at) = row.subscribed_at {
            changed |= self.subscribed(contact, at.timestamp_millis())?;
        }
        if let Some(tags) = &row.tags {
            changed |= self.tags(contact, tags, texts)?;
            self.tags_seen(row)?;
        }
        Ok(Some(Upserted { contact, changed }))
    }

    fn seen(&self, row: &Contact, scan_at: Option<Millis>) -> Result<(), StoreError> {
        let back = self
            .tx
            .sql
            .prepare_cached(
                "update identity set gone_at = null where connection_id = ?1 and platform_id = ?2 and gone_at is not null",
            )?
            .execute(params![self.connection.0, row.id])?;
        if back > 0 {
            self.tx.count(Group::Identities(self.connection), 1);
        }
        self.tx
            .sql
            .prepare_cached(
                "update identity set email = coalesce(?3, email), seen_scan_at = coalesce(?4, seen_scan_at)
                 where connection_id = ?1 and platform_id = ?2
                   and (email is not coalesce(?3, email) or seen_scan_at is not coalesce(?4, seen_scan_at))",
            )?
            .execute(params![
                self.connection.0,
                row.id,
                row.email.as_ref().map(Address::reveal),
                scan_at
            ])?;
        Ok(())
    }

    /// When all tags of this id were last read: what we told the platform before that must show by now.
    fn tags_seen(&self, row: &Contact) -> Result<(), StoreError> {
        self.tx
            .sql
            .prepare_cached(
                "update identity set tags_seen_at = ?3 where connection_id = ?1 and platform_id = ?2",
            )?
            .execute(params![self.connection.0, row.id, self.known_at])?;
        Ok(())
    }

    /// A field that the row does not mention stays as it was.
    fn fields(
        &self,
        contact: ContactId,
        fields: &BTreeMap<String, String>,
        texts: &mut Texts<'t>,
    ) -> Result<bool, StoreError> {
        let mut changed = false;
        for (name, value) in fields.iter().filter(|(name, _)| !name.is_empty()) {
            let name = texts.id(Dictionary::Word, Some(name))?;
            let known: Option<String> = self
                .tx
                .sql
                .prepare_cached(
                    "select value from field where contact_id = ?1 and connection_id = ?2 and name_id = ?3
                     order by known_at desc limit 1",
                )?
                .query_row(params![contact.0, self.connection.0, name.0], |row| row.get(0))
                .optional()?;
            if known.as_deref().unwrap_or("") == value {
                continue;
            }
            changed = true;
            self.tx
                .sql
                .prepare_cached(
                    "insert into field (contact_id, connection_id, name_id, known_at, value) values (?1, ?2, ?3, ?4, ?5)
                     on conflict do update set value = excluded.value",
                )?
                .execute(params![contact.0, self.connection.0, name.0, self.known_at, value])?;
        }
        Ok(changed)
    }

    /// One word on the contact as a whole, where the platform gives one, and one on each list it is in or has left.
    fn subscriptions(
        &self,
        contact: ContactId,
        row: &Contact,
        texts: &mut Texts<'t>,
    ) -> Result<bool, StoreError> {
        let mut said: BTreeMap<i64, Status> = BTreeMap::new();
        let others = self.other_standings(contact, row)?;
        if let Some(status) = row.status {
            // On several lists of one account a contact has as many ids there; the strictest word counts.
            let strictest = others.iter().flatten().copied().fold(status, Status::max);
            said.insert(0, strictest);
        }
        for list in row.lists.iter().filter(|list| !list.is_empty()) {
            let list = texts.id(Dictionary::Word, Some(list))?;
            said.insert(i64::from(list.0), row.status.unwrap_or(Status::Subscribed));
        }
        let known = self.latest_subscriptions(contact)?;
        for (&list, &(_, status)) in &known {
            // A row of one id says nothing about the lists of the others.
            let ours = list != 0 && others.is_empty();
            let left = ours && status != status_number(Status::Unsubscribed);
            if left && !said.contains_key(&list) {
                said.insert(list, Status::Unsubscribed);
            }
        }
        let mut changed = false;
        for (list, status) in said {
            let status = status_number(status);
            if known.get(&list).is_some_and(|&(_, known)| known == status) {
                continue;
            }
            changed = true;
            self.tx
                .sql
                .prepare_cached(
                    "insert into subscription (contact_id, connection_id, list_id, known_at, status, at)
                     values (?1, ?2, ?3, ?4, ?5, ?4)
                     on conflict do update set status = excluded.status",
                )?
                .execute(params![contact.0, self.connection.0, list, self.known_at, status])?;
        }
        Ok(changed)
    }

    /// What the contact's other ids on this connection, if it has any, were last said to be.
    fn other_standings(
        &self,
        contact: ContactId,
        row: &Contact,
    ) -> Result<Vec<Option<Status>>, StoreError> {
        self.tx
            .sql
            .prepare_cached("update identity set status = ?3 where connection_id = ?1 and platform_id = ?2 and status is not ?3")?
            .execute(params![self.connection.0, row.id, row.status.map(status_number)])?;
        let mut select = self.tx.sql.prepare_cached(
            "select status from identity
             where contact_id = ?1 and connection_id = ?2 and platform_id <> ?3 and gone_at is null",
        )?;
        let rows = select.query_map(params![contact.0, self.connection.0, row.id], |row| {
            row.get::<_, Option<i64>>(0)
        })?;
        let mut found = Vec::new();
        for status in rows {
            found.push(status?.map(status_of).transpose()?);
        }
        Ok(found)
    }

    fn latest_subscriptions(
        &self,
        contact: ContactId,
    ) -> Result<BTreeMap<i64, (Millis, i64)>, StoreError> {
        let mut select = self.tx.sql.prepare_cached(
            "select list_id, known_at, status from subscription
             where contact_id = ?1 and connection_id = ?2 order by list_id, known_at",
        )?;
        let rows = select.query_map(params![contact.0, self.connection.0], |row| {
            Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Only an earlier subscription is news: the earliest counts.
    fn subscribed(&self, contact: ContactId, at: Millis) -> Result<bool, StoreError> {
        let new = self
            .tx
            .sql
            .prepare_cached(
                "insert into subscribed (contact_id, connection_id, at, known_at)
                 select ?1, ?2, ?3, ?4
                 where not exists (select 1 from subscribed where contact_id = ?1 and at <= ?3)",
            )?
            .execute(params![contact.0, self.connection.0, at, self.known_at])?;
        Ok(new > 0)
    }

    fn tags(
        &self,
        contact: ContactId,
        tags: &[String],
        texts: &mut Texts<'t>,
    ) -> Result<bool, StoreError> {
        let mut wanted = BTreeSet::new();
        for tag in tags.iter().filter(|tag| !tag.is_empty()) {
            wanted.insert(texts.id(Dictionary::Word, Some(tag))?.0);
        }
        let known: BTreeSet<u32> = self
            .tx
            .sql
            .prepare_cached(
                "select tag_id from remote_tag where contact_id = ?1 and connection_id = ?2",
            )?
            .query_map(params![contact.0, self.connection.0], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for tag in known.difference(&wanted) {
            self.tx
                .sql
                .prepare_cached("delete from remote_tag where contact_id = ?1 and connection_id = ?2 and tag_id = ?3")?
                .execute(params![contact.0, self.connection.0, tag])?;
        }
        for tag in wanted.difference(&known) {
            self.tx
                .sql
                .prepare_cached("insert into remote_tag (contact_id, connection_id, tag_id) values (?1, ?2, ?3)")?
                .execute(params![contact.0, self.connection.0, tag])?;
        }
        Ok(known != wanted)
    }
}

impl Conn {
    /// The contact of an address, as scoring knows it: the one that it was merged into, if it was.
    pub fn find_contact(&self, email: &Address) -> Result<Option<ContactId>, StoreError> {
        self.owner_of(email)?
            .map(|contact| self.root(contact))
            .transpose()
    }

    pub(super) fn owner_of(&self, email: &Address) -> Result<Option<ContactId>, StoreError> {
        Ok(self
            .sql
            .prepare_cached("select id from contact where email = ?1")?
            .query_row([email.reveal()], |row| row.get(0).map(ContactId))
            .optional()?)
    }

    /// The contact that this one was merged into, or itself.
    pub fn root(&self, contact: ContactId) -> Result<ContactId, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select into_id from merged where contact_id = ?1")?;
        let mut root = contact;
        while let Some(into) = select.query_row([root.0], |row| row.get(0)).optional()? {
            root = ContactId(into);
        }
        Ok(root)
    }

    /// What the platforms know a contact as: `(connection, platform id, address)`, those still there.
    pub fn identities(
        &self,
        contact: ContactId,
    ) -> Result<Vec<(ConnectionId, String, Option<Address>)>, StoreError> {
        let mut found = Vec::new();
        for member in self.members(contact)? {
            let mut select = self.sql.prepare_cached(
                "select connection_id, platform_id, email from identity
                 where contact_id = ?1 and gone_at is null order by connection_id, platform_id",
            )?;
            let rows = select.query_map([member.0], |row| {
                let email: Option<String> = row.get(2)?;
                Ok((
                    ConnectionId(row.get(0)?),
                    row.get(1)?,
                    email.as_deref().and_then(Address::parse),
                ))
            })?;
            for row in rows {
                found.push(row?);
            }
        }
        Ok(found)
    }

    /// A contact and all that were merged into it.
    pub(super) fn members(&self, contact: ContactId) -> Result<Vec<ContactId>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select contact_id from merged where into_id = ?1 order by contact_id",
        )?;
        let mut members = vec![contact];
        let mut next = 0;
        while let Some(&member) = members.get(next) {
            for row in select.query_map([member.0], |row| row.get(0).map(ContactId))? {
                members.push(row?);
            }
            next += 1;
        }
        Ok(members)
    }

    /// The tags that a connection last showed on a contact.
    pub fn remote_tags(
        &self,
        contact: ContactId,
        connection: ConnectionId,
    ) -> Result<Vec<String>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select text from remote_tag join word on word.id = tag_id
             where contact_id = ?1 and connection_id = ?2 order by text",
        )?;
        let rows = select.query_map(params![contact.0, connection.0], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Contacts of a connection that a scan begun at `started_at` did not find.
    pub fn unseen(
        &self,
        connection: ConnectionId,
        started_at: Millis,
    ) -> Result<Vec<Gone>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select contact_id, platform_id from identity
             where connection_id = ?1 and gone_at is null and coalesce(seen_scan_at, 0) < ?2
             order by contact_id",
        )?;
        let rows = select.query_map(params![connection.0, started_at], |row| {
            Ok(Gone {
                contact: ContactId(row.get(0)?),
                platform_id: row.get(1)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many contacts a connection has.
    pub fn count_identities(&self, connection: ConnectionId) -> Result<i64, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select count(*) from identity where connection_id = ?1 and gone_at is null",
            )?
            .query_row([connection.0], |row| row.get(0))?)
    }
}

impl Tx {
    fn new_contact(
        &self,
        email: Option<&Address>,
        known_at: Millis,
    ) -> Result<ContactId, StoreError> {
        self.sql
            .prepare_cached("insert into contact (email, known_at) values (?1, ?2)")?
            .execute(params![email.map(Address::reveal), known_at])?;
        self.count(Group::Contacts, 1);
        Ok(ContactId(self.sql.last_insert_rowid()))
    }

    /// Records that contacts are no longer on the platform. Rules keep what is known about them.
    pub fn mark_gone(
        &self,
        connection: ConnectionId,
        gone: &[Gone],
        known_at: Millis,
    ) -> Result<(), StoreError> {
        let mut update = self.sql.prepare_cached(
            "update identity set gone_at = ?3 where connection_id = ?1 and platform_id = ?2 and gone_at is null",
        )?;
        for each in gone {
            if update.execute(params![connection.0, each.platform_id, known_at])? > 0 {
                self.count(Group::Identities(connection), -1);
            }
        }
        self.mark_dirty(gone.iter().map(|each| each.contact))
    }
}
