//! Where each contact of a connection stands: what it is, and what the platform was told.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use engaged_connectors::model::{Address, Status};
use rusqlite::{Statement, params};

use super::{Conn, ContactId, StoreError, Tx, word::status_of};
use crate::score::{calendar::Millis, facts::ConnectionId};

/// One contact on one platform.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Whom it is about.
    pub contact: ContactId,
    /// Its id on the platform.
    pub platform_id: String,
    /// Its address there.
    pub email: Option<Address>,
    /// The platform's own word on it, where it gave one.
    pub status: Option<Status>,
    /// Whether the contact objects to being scored: what is ours comes off.
    pub objects: bool,
    /// Whether what follows was computed with the rules asked for.
    pub current: bool,
    /// For each score asked for, its shown points.
    pub shown: Vec<Option<i64>>,
    /// For each score asked for, the number of its band.
    pub bands: Vec<Option<usize>>,
    /// The segments it is in, by the numbers asked with.
    pub segments: BTreeSet<usize>,
    /// For each target, what the platform was told, and when.
    pub acknowledged: BTreeMap<String, (Option<String>, Millis)>,
    /// For each target, the write that has been queued and is not done.
    pub open: BTreeMap<String, OpenWrite>,
    /// Fields as last read: name, value, when the value was first seen.
    pub remote_fields: Vec<(String, String, Millis)>,
    /// Tags as last read and when, where the platform lists them.
    pub remote_tags: Option<(BTreeSet<String>, Millis)>,
}

/// A write that has been queued and is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenWrite {
    /// The value; `None` takes it away.
    pub value: Option<String>,
    /// Whether a request was made of which nobody knows what became of it, and nothing was done since.
    pub in_doubt: bool,
}

/// The names whose numbers a [`Standing`] uses.
pub struct Asked<'a> {
    /// The number of the present rules, if anything was scored with them.
    pub rules: Option<i64>,
    /// Each score and its bands.
    pub scores: Vec<(&'a str, Vec<&'a str>)>,
    /// Each segment.
    pub segments: Vec<&'a str>,
    /// The fields of ours, to be compared with what was read.
    pub fields: Vec<&'a str>,
}

/// What has been queued and is not done. What was in doubt and written again stays so until something at its target was
/// done: the write that was to settle it may be refused, or wanted by nobody any more.
const OPEN: &str = "(state in ('planned', 'attempting', 'retry', 'ambiguous') or state = 'reconciled' and not exists (
  select 1 from outbox later indexed by outbox_by_target where later.connection_id = outbox.connection_id
    and later.platform_id = outbox.platform_id and later.target = outbox.target and later.id > outbox.id
    and later.state = 'applied'))";

impl Conn {
    /// Calls back with each contact that is on a platform, in the order of contacts.
    /// Memory does not grow with their number.
    pub fn for_each_standing(
        &self,
        connection: ConnectionId,
        asked: &Asked<'_>,
        mut each: impl FnMut(&Standing) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut lookup = Lookup::new(self, connection, asked)?;
        let objecting = self.objecting()?;
        // What was read is kept by contact: of one with two ids here it is not known which it is about.
        let mut identities = self.sql.prepare(
            "select contact_id, platform_id, email, tags_seen_at,
               exists (select 1 from identity other where other.contact_id = identity.contact_id
                 and other.connection_id = ?1 and other.platform_id <> identity.platform_id and other.gone_at is null),
               status
             from identity where connection_id = ?1 and gone_at is null order by contact_id, platform_id",
        )?;
        let mut rows = identities.query([connection.0])?;
        while let Some(row) = rows.next()? {
            self.may_go_on()?;
            let (member, email): (ContactId, Option<String>) =
                (ContactId(row.get(0)?), row.get(2)?);
            let read = Read {
                member,
                tags_seen_at: row.get(3)?,
                shared: row.get(4)?,
            };
            let mut standing = Standing {
                contact: self.root(member)?,
                platform_id: row.get(1)?,
                email: email.as_deref().and_then(Address::parse),
                status: row.get::<_, Option<i64>>(5)?.map(status_of).transpose()?,
                ..Standing::default()
            };
            standing.objects = objecting.contains(&standing.contact);
            lookup.fill(&mut standing)?;
            lookup.fill_open(&mut standing)?;
            if !read.shared {
                lookup.fill_read(&mut standing, &read)?;
            }
            each(&standing)?;
        }
        Ok(())
    }
}

impl Conn {
    /// Whether anybody of a connection has a value of ours at a target, as the platform acknowledged.
    pub fn is_told(&self, connection: ConnectionId, target: &str) -> Result<bool, StoreError> {
        let mut select = self.sql.prepare(
            "select exists (select 1 from acknowledged where connection_id = ?1 and target = ?2 and value is not null)",
        )?;
        Ok(select.query_row(params![connection.0, target], |row| row.get(0))?)
    }
}

impl Tx {
    /// Forgets what was acknowledged at a target that is no more, and that its first push was approved: whatever is made
    /// in its place is a first push again.
    pub fn forget_target(&self, connection: ConnectionId, target: &str) -> Result<(), StoreError> {
        let whose = params![connection.0, target];
        self.sql
            .prepare("delete from acknowledged where connection_id = ?1 and target = ?2")?
            .execute(whose)?;
        self.sql
            .prepare("delete from baseline where connection_id = ?1 and target = ?2")?
            .execute(whose)?;
        Ok(())
    }
}

/// Where what was read of one id is found.
struct Read {
    /// Whom its rows name: the contact before it was merged into another.
    member: ContactId,
    tags_seen_at: Option<Millis>,
    /// Whether rows of another id are among them.
    shared: bool,
}

/// The statements that find one contact's part of each table.
struct Lookup<'c> {
    connection: ConnectionId,
    scores: HashMap<String, usize>,
    bands: Vec<HashMap<String, usize>>,
    segments: HashMap<String, usize>,
    fields: Vec<String>,
    words: HashMap<i64, String>,
    rules: Option<i64>,
    state: Statement<'c>,
    score: Statement<'c>,
    segment: Statement<'c>,
    acknowledged: Statement<'c>,
    /// `None` while nothing is open: then nobody is looked up.
    open: Option<Statement<'c>>,
    field: Statement<'c>,
    tag: Statement<'c>,
}

impl<'c> Lookup<'c> {
    fn new(
        conn: &'c Conn,
        connection: ConnectionId,
        asked: &Asked<'_>,
    ) -> Result<Self, StoreError> {
        let numbered = |names: &[&str]| {
            names
                .iter()
                .enumerate()
                .map(|(n, name)| ((*name).to_owned(), n))
                .collect()
        };
        let names: Vec<&str> = asked.scores.iter().map(|(name, _)| *name).collect();
        let mut words = HashMap::new();
        let mut select = conn.sql.prepare("select id, text from word")?;
        let mut rows = select.query(())?;
        while let Some(row) = rows.next()? {
            words.insert(row.get(0)?, row.get(1)?);
        }
        let anything: bool = conn
            .sql
            .prepare(
                &[
                    "select exists (select 1 from outbox where connection_id = ?1 and ",
                    OPEN,
                    ")",
                ]
                .concat(),
            )?
            .query_row([connection.0], |row| row.get(0))?;
        let open = anything.then(|| {
            conn.sql.prepare(
                &[
                    "select target, value, state in ('attempting', 'ambiguous', 'reconciled') from outbox
                   indexed by outbox_by_target where connection_id = ?1 and platform_id = ?2 and ",
                    OPEN,
                    " order by target, id",
                ]
                .concat(),
            )
        });
        Ok(Self {
            connection,
            open: open.transpose()?,
            scores: numbered(&names),
            bands: asked.scores.iter().map(|(_, bands)| numbered(bands)).collect(),
            segments: numbered(&asked.segments),
            fields: asked.fields.iter().map(|&name| name.to_owned()).collect(),
            words,
            rules: asked.rules,
            state: conn.sql.prepare(
                "select exists (select 1 from contact_state where contact_id = ?1 and rule_version_id = ?2)",
            )?,
            score: conn.sql.prepare("select score_id, shown, band_id from score where contact_id = ?1")?,
            segment: conn.sql.prepare("select segment_id from segment_member where contact_id = ?1")?,
            acknowledged: conn.sql.prepare(
                "select target, value, known_at from acknowledged where connection_id = ?1 and platform_id = ?2",
            )?,
            field: conn.sql.prepare(
                "select name_id, value, max(known_at) from field where contact_id = ?1 and connection_id = ?2 group by name_id",
            )?,
            tag: conn.sql.prepare("select tag_id from remote_tag where contact_id = ?1 and connection_id = ?2")?,
        })
    }

    fn fill(&mut self, standing: &mut Standing) -> Result<(), StoreError> {
        let contact = standing.contact.0;
        standing.current = self
            .state
            .query_row(params![contact, self.rules], |row| row.get(0))?;
        standing.shown = vec![None; self.bands.len()];
        standing.bands = vec![None; self.bands.len()];
        let mut rows = self.score.query([contact])?;
        while let Some(row) = rows.next()? {
            let name = self.words.get(&row.get(0)?);
            if let Some(&score) = name.and_then(|name| self.scores.get(name)) {
                standing.shown[score] = Some(row.get(1)?);
                let band = row
                    .get::<_, Option<i64>>(2)?
                    .and_then(|band| self.words.get(&band));
                standing.bands[score] = band.and_then(|band| self.bands[score].get(band)).copied();
            }
        }
        let mut rows = self.segment.query([contact])?;
        while let Some(row) = rows.next()? {
            let name = self.words.get(&row.get(0)?);
            standing
                .segments
                .extend(name.and_then(|name| self.segments.get(name)));
        }
        let mut rows = self
            .acknowledged
            .query(params![self.connection.0, standing.platform_id])?;
        while let Some(row) = rows.next()? {
            standing
                .acknowledged
                .insert(row.get(0)?, (row.get(1)?, row.get(2)?));
        }
        Ok(())
    }

    fn fill_open(&mut self, standing: &mut Standing) -> Result<(), StoreError> {
        if let Some(open) = &mut self.open {
            let mut rows = open.query(params![self.connection.0, standing.platform_id])?;
            while let Some(row) = rows.next()? {
                let (target, value, doubt): (String, _, bool) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                // In the order in which they were queued: the last value counts, and any doubt.
                let before = standing.open.get(&target);
                let in_doubt = doubt || before.is_some_and(|before| before.in_doubt);
                standing.open.insert(target, OpenWrite { value, in_doubt });
            }
        }
        Ok(())
    }

    /// What the platform showed when it was last read.
    fn fill_read(&mut self, standing: &mut Standing, read: &Read) -> Result<(), StoreError> {
        let whose = params![read.member.0, self.connection.0];
        if !self.fields.is_empty() {
            let mut rows = self.field.query(whose)?;
            while let Some(row) = rows.next()? {
                if let Some(name) = self
                    .words
                    .get(&row.get(0)?)
                    .filter(|name| self.fields.contains(name))
                {
                    standing
                        .remote_fields
                        .push((name.clone(), row.get(1)?, row.get(2)?));
                }
            }
        }
        if let Some(tags_seen_at) = read.tags_seen_at {
            let mut tags = BTreeSet::new();
            let mut rows = self.tag.query(whose)?;
            while let Some(row) = rows.next()? {
                tags.extend(self.words.get(&row.get(0)?).cloned());
            }
            standing.remote_tags = Some((tags, tags_seen_at));
        }
        Ok(())
    }
}
