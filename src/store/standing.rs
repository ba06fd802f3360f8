//! Where each contact of a connection stands: what it is, and what the platform was told.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use engaged_connectors::model::Address;
use rusqlite::{Statement, params};

use super::{Conn, ContactId, StoreError};
use crate::score::{calendar::Millis, facts::ConnectionId};

/// What stands for the value of a target while nobody knows whether a write to it arrived.
pub const IN_DOUBT: &str = "in doubt";

/// One contact on one platform.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Whom it is about.
    pub contact: ContactId,
    /// Its id on the platform.
    pub platform_id: String,
    /// Its address there.
    pub email: Option<Address>,
    /// For each score asked for, its shown points.
    pub shown: Vec<Option<i64>>,
    /// For each score asked for, the number of its band.
    pub bands: Vec<Option<usize>>,
    /// The segments it is in, by the numbers asked with.
    pub segments: BTreeSet<usize>,
    /// For each target, what the platform was told, and when; [`IN_DOUBT`] if that is not known.
    pub acknowledged: BTreeMap<String, (Option<String>, Millis)>,
    /// Fields as last read: name, value, when the value was first seen.
    pub remote_fields: Vec<(String, String, Millis)>,
    /// Tags as last read and when, where the platform lists them.
    pub remote_tags: Option<(BTreeSet<String>, Millis)>,
}

/// The names whose numbers a [`Standing`] uses.
pub struct Asked<'a> {
    /// Each score and its bands.
    pub scores: Vec<(&'a str, Vec<&'a str>)>,
    /// Each segment.
    pub segments: Vec<&'a str>,
    /// The fields of ours, to be compared with what was read.
    pub fields: Vec<&'a str>,
}

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
        let mut identities = self.sql.prepare(
            "select coalesce(merged.into_id, identity.contact_id) contact, platform_id, email, seen_scan_at
             from identity left join merged on merged.contact_id = identity.contact_id
             where connection_id = ?1 and gone_at is null order by contact, platform_id",
        )?;
        let mut rows = identities.query([connection.0])?;
        while let Some(row) = rows.next()? {
            let email: Option<String> = row.get(2)?;
            let mut standing = Standing {
                contact: ContactId(row.get(0)?),
                platform_id: row.get(1)?,
                email: email.as_deref().and_then(Address::parse),
                ..Standing::default()
            };
            lookup.fill(&mut standing, row.get(3)?)?;
            each(&standing)?;
        }
        Ok(())
    }
}

impl Conn {
    /// The targets of which nobody knows whether the last write arrived, by the contact's id on the platform.
    fn doubts(
        &self,
        connection: ConnectionId,
    ) -> Result<HashMap<String, Vec<(String, Millis)>>, StoreError> {
        let mut select = self.sql.prepare(
            "select platform_id, target, changed_at from outbox
             where connection_id = ?1 and state in ('attempting', 'ambiguous')",
        )?;
        let mut rows = select.query([connection.0])?;
        let mut doubts: HashMap<String, Vec<(String, Millis)>> = HashMap::new();
        while let Some(row) = rows.next()? {
            let of = doubts.entry(row.get(0)?).or_default();
            of.push((row.get(1)?, row.get(2)?));
        }
        Ok(doubts)
    }
}

/// The statements that find one contact's part of each table.
struct Lookup<'c> {
    connection: ConnectionId,
    scores: HashMap<String, usize>,
    bands: Vec<HashMap<String, usize>>,
    segments: HashMap<String, usize>,
    fields: Vec<String>,
    words: HashMap<i64, String>,
    score: Statement<'c>,
    segment: Statement<'c>,
    acknowledged: Statement<'c>,
    doubts: HashMap<String, Vec<(String, Millis)>>,
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
        Ok(Self {
            connection,
            scores: numbered(&names),
            bands: asked.scores.iter().map(|(_, bands)| numbered(bands)).collect(),
            segments: numbered(&asked.segments),
            fields: asked.fields.iter().map(|&name| name.to_owned()).collect(),
            words,
            score: conn.sql.prepare("select score_id, shown, band_id from score where contact_id = ?1")?,
            segment: conn.sql.prepare("select segment_id from segment_member where contact_id = ?1")?,
            acknowledged: conn.sql.prepare(
                "select target, value, known_at from acknowledged where connection_id = ?1 and platform_id = ?2",
            )?,
            doubts: conn.doubts(connection)?,
            field: conn.sql.prepare(
                "select name_id, value, max(known_at) from field where contact_id = ?1 and connection_id = ?2 group by name_id",
            )?,
            tag: conn.sql.prepare("select tag_id from remote_tag where contact_id = ?1 and connection_id = ?2")?,
        })
    }

    fn fill(
        &mut self,
        standing: &mut Standing,
        scanned_at: Option<Millis>,
    ) -> Result<(), StoreError> {
        let contact = standing.contact.0;
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
        for (target, since) in self.doubts.get(&standing.platform_id).into_iter().flatten() {
            let value = (Some(IN_DOUBT.to_owned()), *since);
            standing.acknowledged.insert(target.clone(), value);
        }
        if !self.fields.is_empty() {
            let mut rows = self.field.query(params![contact, self.connection.0])?;
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
        if let Some(scanned_at) = scanned_at {
            let mut tags = BTreeSet::new();
            let mut rows = self.tag.query(params![contact, self.connection.0])?;
            while let Some(row) = rows.next()? {
                tags.extend(self.words.get(&row.get(0)?).cloned());
            }
            standing.remote_tags = Some((tags, scanned_at));
        }
        Ok(())
    }
}
