//! Texts that stand once in the database and are referred to by number.

use std::collections::HashMap;

use engaged_connectors::model::{Campaign, Event, EventKind, Status, Verdict};
use rusqlite::{OptionalExtension, params};

use super::{Conn, Tx, error::StoreError};
use crate::score::{
    calendar::Day,
    facts::{ConnectionId, KindId, TextId, Vocabulary},
};

/// Where declared kinds begin in the table `kind`.
const DECLARED_FROM: u16 = 64;

/// A table of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Dictionary {
    Word = 0,
    Url,
    Item,
    Currency,
    Order,
}

impl Dictionary {
    fn select(self) -> &'static str {
        match self {
            Self::Word => "select id from word where text = ?1",
            Self::Url => "select id from url where url = ?1",
            Self::Item => "select id from item where name = ?1",
            Self::Currency => "select id from currency where code = ?1",
            Self::Order => "select id from order_number where number = ?1",
        }
    }

    fn insert(self) -> &'static str {
        match self {
            Self::Word => "insert into word (text) values (?1)",
            Self::Url => "insert into url (url) values (?1)",
            Self::Item => "insert into item (name) values (?1)",
            Self::Currency => "insert into currency (code) values (?1)",
            Self::Order => "insert into order_number (number) values (?1)",
        }
    }
}

/// Looks texts up once per batch.
pub(super) struct Texts<'t> {
    tx: &'t Tx,
    seen: [HashMap<String, u32>; 5],
    campaigns: HashMap<String, u32>,
    connection: ConnectionId,
}

impl<'t> Texts<'t> {
    pub(super) fn new(tx: &'t Tx, connection: ConnectionId) -> Self {
        Self {
            tx,
            seen: Default::default(),
            campaigns: HashMap::new(),
            connection,
        }
    }

    pub(super) fn id(
        &mut self,
        table: Dictionary,
        text: Option<&str>,
    ) -> Result<TextId, StoreError> {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Ok(TextId::NONE);
        };
        if let Some(&id) = self.seen[table as usize].get(text) {
            return Ok(TextId(id));
        }
        let id = self.tx.text_id(table, text)?;
        self.seen[table as usize].insert(text.to_owned(), id.0);
        Ok(id)
    }

    pub(super) fn campaign(&mut self, platform_id: Option<&str>) -> Result<TextId, StoreError> {
        let Some(platform_id) = platform_id.filter(|id| !id.is_empty()) else {
            return Ok(TextId::NONE);
        };
        if let Some(&id) = self.campaigns.get(platform_id) {
            return Ok(TextId(id));
        }
        let id = self.tx.campaign_id(self.connection, platform_id)?;
        self.campaigns.insert(platform_id.to_owned(), id.0);
        Ok(id)
    }
}

impl Tx {
    pub(super) fn text_id(&self, table: Dictionary, text: &str) -> Result<TextId, StoreError> {
        let mut select = self.sql.prepare_cached(table.select())?;
        let found: Option<u32> = select.query_row([text], |row| row.get(0)).optional()?;
        if let Some(id) = found {
            return Ok(TextId(id));
        }
        self.sql.prepare_cached(table.insert())?.execute([text])?;
        text_number(self.sql.last_insert_rowid())
    }

    fn campaign_id(
        &self,
        connection: ConnectionId,
        platform_id: &str,
    ) -> Result<TextId, StoreError> {
        let found: Option<u32> = self
            .sql
            .prepare_cached(
                "select id from campaign where connection_id = ?1 and platform_id = ?2",
            )?
            .query_row(params![connection.0, platform_id], |row| row.get(0))
            .optional()?;
        if let Some(id) = found {
            return Ok(TextId(id));
        }
        self.sql
            .prepare_cached("insert into campaign (connection_id, platform_id) values (?1, ?2)")?
            .execute(params![connection.0, platform_id])?;
        text_number(self.sql.last_insert_rowid())
    }

    /// Names campaigns; explanations show the newest name.
    pub fn name_campaigns(
        &self,
        connection: ConnectionId,
        campaigns: &[Campaign],
    ) -> Result<(), StoreError> {
        let mut upsert = self.sql.prepare_cached(
            "insert into campaign (connection_id, platform_id, name, sent_at) values (?1, ?2, ?3, ?4)
             on conflict do update set name = excluded.name, sent_at = coalesce(excluded.sent_at, sent_at)
             where name <> excluded.name or sent_at is not coalesce(excluded.sent_at, sent_at)",
        )?;
        let mut select = self.sql.prepare_cached(
            "select exists (select 1 from campaign where connection_id = ?1 and platform_id = ?2 and name <> ?3)",
        )?;
        let mut renamed = false;
        for campaign in campaigns {
            renamed |= select
                .query_row(params![connection.0, campaign.id, campaign.name], |row| {
                    row.get::<_, bool>(0)
                })?;
            let sent_at = campaign.sent_at.map(|at| at.timestamp_millis());
            upsert.execute(params![connection.0, campaign.id, campaign.name, sent_at])?;
        }
        if renamed {
            // Rules match campaigns by name too, and an event does not say whose scores that moves.
            self.mark_connection_dirty(connection)?;
        }
        Ok(())
    }

    /// The stored number of a kind; a declared kind gets one when first seen.
    pub(super) fn stored_kind(&self, kind: &EventKind) -> Result<KindId, StoreError> {
        if let Some(id) = KindId::built_in(kind) {
            return Ok(id);
        }
        let found: Option<u16> = self
            .sql
            .prepare_cached("select id from kind where name = ?1")?
            .query_row([kind.as_str()], |row| row.get(0))
            .optional()?;
        if let Some(id) = found {
            return Ok(KindId(id));
        }
        let next: u16 = self.sql.query_row(
            "select max(?1, coalesce(max(id) + 1, 0)) from kind",
            [DECLARED_FROM],
            |row| row.get(0),
        )?;
        self.sql.execute(
            "insert into kind (id, name) values (?1, ?2)",
            params![next, kind.as_str()],
        )?;
        Ok(KindId(next))
    }
}

impl Conn {
    /// The texts behind the numbers in facts.
    pub fn vocabulary(&self) -> Result<Vocabulary, StoreError> {
        let mut vocabulary = Vocabulary {
            campaigns: vec![Default::default()],
            urls: self.column("select id, url from url order by id")?,
            items: self.column("select id, name from item order by id")?,
            currencies: self.column("select id, code from currency order by id")?,
            ..Vocabulary::default()
        };
        vocabulary.kinds = self.kind_names()?;
        let mut campaigns = self
            .sql
            .prepare_cached("select id, platform_id, name from campaign order by id")?;
        let mut rows = campaigns.query(())?;
        while let Some(row) = rows.next()? {
            place(
                &mut vocabulary.campaigns,
                row.get(0)?,
                (row.get(1)?, row.get(2)?),
            );
        }
        for connection in self.connections()? {
            vocabulary
                .connections
                .push((connection.id, connection.name));
        }
        Ok(vocabulary)
    }

    /// The names of declared kinds in the order of their numbers.
    pub(super) fn kind_names(&self) -> Result<Vec<String>, StoreError> {
        let mut kinds = self
            .sql
            .prepare_cached("select name from kind where id >= ?1 order by id")?;
        Ok(kinds
            .query_map([DECLARED_FROM], |row| row.get(0))?
            .collect::<Result<_, _>>()?)
    }

    /// The number of a text that was seen before.
    pub(super) fn known_word(&self, text: &str) -> Result<Option<u32>, StoreError> {
        let mut select = self.sql.prepare_cached(Dictionary::Word.select())?;
        Ok(select.query_row([text], |row| row.get(0)).optional()?)
    }

    fn column(&self, select: &str) -> Result<Vec<String>, StoreError> {
        let mut texts = vec![String::new()];
        let mut statement = self.sql.prepare_cached(select)?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            place(&mut texts, row.get(0)?, row.get(1)?);
        }
        Ok(texts)
    }
}

/// Numbers are given out without gaps; should one be missing, it stays empty.
fn place<T: Clone + Default>(texts: &mut Vec<T>, number: u32, text: T) {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    if number >= texts.len() {
        texts.resize(number, T::default());
        texts.push(text);
    }
}

/// An order's number as all who tell it write it: `#1001` is `1001`, and letters are upper case. Only what is bought or given
/// back has one.
pub(super) fn order_number(event: &Event) -> Option<String> {
    if !matches!(event.kind, EventKind::Purchase | EventKind::Refund) {
        return None;
    }
    let number = event.order.as_deref()?.trim();
    Some(
        number
            .strip_prefix('#')
            .unwrap_or(number)
            .trim()
            .to_uppercase(),
    )
}

/// The number under which scoring knows a stored kind.
pub(super) fn kind_of_stored(stored: KindId) -> KindId {
    if stored.0 < DECLARED_FROM {
        return stored;
    }
    let built_in = u16::try_from(EventKind::BUILT_IN.len()).unwrap_or(DECLARED_FROM);
    KindId(stored.0 - DECLARED_FROM + built_in)
}

fn text_number(row_id: i64) -> Result<TextId, StoreError> {
    u32::try_from(row_id)
        .map(TextId)
        .map_err(|_| StoreError::bug("more than four billion texts"))
}

/// Statuses as numbers, in the order of the model.
const STATUSES: [Status; 5] = [
    Status::Subscribed,
    Status::Bounced,
    Status::Unsubscribed,
    Status::Complained,
    Status::Suppressed,
];

pub(super) fn status_number(status: Status) -> i64 {
    status as i64
}

pub(super) fn status_of(number: i64) -> Result<Status, StoreError> {
    usize::try_from(number)
        .ok()
        .and_then(|index| STATUSES.get(index))
        .copied()
        .ok_or_else(|| StoreError::damaged(format!("status {number}")))
}

const VERDICTS: [Verdict; 4] = [
    Verdict::Human,
    Verdict::Unknown,
    Verdict::PrivacyProxy,
    Verdict::Scanner,
];

pub(super) fn verdict_number(verdict: Verdict) -> i64 {
    verdict as i64
}

pub(super) fn verdict_of(number: i64) -> Result<Verdict, StoreError> {
    usize::try_from(number)
        .ok()
        .and_then(|index| VERDICTS.get(index))
        .copied()
        .ok_or_else(|| StoreError::damaged(format!("verdict {number}")))
}

/// A date as the tables write it; `None` for days outside the calendar.
pub(super) fn date_text(day: Day) -> Option<String> {
    day.date().map(|date| date.to_string())
}

pub(super) fn day_of(text: &str) -> Result<Day, StoreError> {
    Day::parse(text).ok_or_else(|| StoreError::damaged(format!("date {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_numbers_of_statuses_and_verdicts_lead_back() {
        for status in STATUSES {
            assert_eq!(status_of(status_number(status)).unwrap(), status);
        }
        for verdict in VERDICTS {
            assert_eq!(verdict_of(verdict_number(verdict)).unwrap(), verdict);
        }
        assert_eq!(status_of(5).unwrap_err().code(), "E0303");
    }
}
