//! Counts and lists that people look at.

use std::collections::{HashMap, HashSet};

use engaged_connectors::model::{EventKind, Verdict};
use rusqlite::{OptionalExtension, params};

use super::{
    Conn, ContactId, StoreError,
    word::{date_text, verdict_number},
};
use crate::score::{
    calendar::{Day, Millis},
    facts::{ConnectionId, KindId},
};

/// One change of one score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    /// From this date on.
    pub on: String,
    /// The score.
    pub score: String,
    /// Thousandths.
    pub raw: i64,
    /// Points.
    pub shown: i64,
    /// The band.
    pub band: Option<String>,
    /// The fingerprint of the rules.
    pub rules: String,
}

/// Some counts over the whole event log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Sends.
    pub sends: i64,
    /// Opens by machines.
    pub machine_opens: i64,
    /// Opens more than three days after the mail was sent.
    pub late_opens: i64,
    /// Runs of days that imports or rejected rows left uncovered.
    pub holes: i64,
}

impl Conn {
    /// Counts sends, machine opens, late opens and holes.
    pub fn tally(&self) -> Result<Tally, StoreError> {
        const LATE_MS: Millis = 3 * 86_400_000;
        let kind = |kind: &EventKind| KindId::built_in(kind).map_or(-1, |id| i64::from(id.0));
        let (send, open) = (kind(&EventKind::Send), kind(&EventKind::Open));
        let machines = [Verdict::PrivacyProxy, Verdict::Scanner].map(verdict_number);
        Ok(self.sql.query_row(
            "with sent as (select campaign_id, min(at) as at from event where kind = ?1 group by 1)
             select coalesce(sum(kind = ?1), 0), coalesce(sum(kind = ?2 and coalesce((select verdict from verdict where verdict.contact_id = event.contact_id
                 and event_id = event.id order by verdict.known_at desc limit 1), verdict) in (?3, ?4)), 0),
               coalesce(sum(kind = ?2 and event.at > coalesce(campaign.sent_at, sent.at) + ?5), 0),
               (select count(*) from hole where healed_at is null)
             from event left join campaign on campaign.id = event.campaign_id left join sent on sent.campaign_id = event.campaign_id",
            params![send, open, machines[0], machines[1], LATE_MS],
            |row| {
                Ok(Tally {
                    sends: row.get(0)?,
                    machine_opens: row.get(1)?,
                    late_opens: row.get(2)?,
                    holes: row.get(3)?,
                })
            },
        )?)
    }

    /// The lowest and the highest number of a contact; `None` if there are no contacts.
    pub fn contact_span(&self) -> Result<Option<(ContactId, ContactId)>, StoreError> {
        let span = self
            .sql
            .query_row("select min(id), max(id) from contact", (), |row| {
                Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?))
            })?;
        Ok(span
            .0
            .zip(span.1)
            .map(|(first, last)| (ContactId(first), ContactId(last))))
    }

    /// How many contacts' stored scores are behind what is known: there is news about them, a
    /// date has come, or they were scored by other rules. Never scored ones have news.
    pub fn count_behind(&self, today: Day, rules: Option<i64>) -> Result<i64, StoreError> {
        if rules.is_some() && self.rules_mark()? == rules {
            return Ok(self.sql.query_row(
                "select count(*) from (select contact_id from dirty union select contact_id from contact_state
                   where next_change_on <= ?1)",
                params![date_text(today)],
                |row| row.get(0),
            )?);
        }
        Ok(self.sql.query_row(
            "select count(*) from (select contact_id from dirty union select contact_id from contact_state
               where next_change_on <= ?1 or rule_version_id is not ?2)",
            params![date_text(today), rules],
            |row| row.get(0),
        )?)
    }

    /// The platforms' ids of events that have one.
    pub fn platform_ids(&self, events: &[i64]) -> Result<HashMap<i64, String>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select platform_event_id from event where id = ?1")?;
        let mut ids = HashMap::new();
        for event in events {
            let id: Option<Option<String>> =
                select.query_row([event], |row| row.get(0)).optional()?;
            if let Some(id) = id.flatten() {
                ids.insert(*event, id);
            }
        }
        Ok(ids)
    }

    /// The numbers of the orders that events are of.
    pub fn order_numbers(&self, events: &[i64]) -> Result<HashMap<i64, String>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select number from event join order_number on order_number.id = order_id where event.id = ?1",
        )?;
        let mut numbers = HashMap::new();
        for event in events {
            let number = select.query_row([event], |row| row.get(0)).optional()?;
            numbers.extend(number.map(|number| (*event, number)));
        }
        Ok(numbers)
    }

    /// Those of some events that a webhook told and no poll had confirmed at an instant (`None`: by now).
    pub fn unconfirmed(
        &self,
        events: &[i64],
        known: Option<Millis>,
    ) -> Result<HashSet<i64>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select exists (select 1 from event where id = ?1 and way = 1 and not exists (
               select 1 from confirmed where confirmed.contact_id = event.contact_id and event_id = event.id
                 and confirmed.known_at <= ?2))",
        )?;
        let mut unconfirmed = HashSet::new();
        for event in events {
            if select.query_row(params![event, known.unwrap_or(Millis::MAX)], |row| {
                row.get(0)
            })? {
                unconfirmed.insert(*event);
            }
        }
        Ok(unconfirmed)
    }

    /// How a contact's scores went.
    pub fn score_history(&self, contact: ContactId) -> Result<Vec<HistoryRow>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select as_of_on, name.text, raw, shown, band.text, fingerprint from score_history
             join word name on name.id = score_id left join word band on band.id = band_id
             join rule_version on rule_version.id = rule_version_id
             where contact_id = ?1 order by as_of_on, name.text",
        )?;
        let rows = select.query_map([contact.0], |row| {
            Ok(HistoryRow {
                on: row.get(0)?,
                score: row.get(1)?,
                raw: row.get(2)?,
                shown: row.get(3)?,
                band: row.get(4)?,
                rules: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many different rows and pages of a connection could not be understood.
    pub fn count_rejects(&self, connection: ConnectionId) -> Result<i64, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select count(*) from reject where connection_id = ?1")?;
        Ok(select.query_row([connection.0], |row| row.get(0))?)
    }

    /// Up to when every stream of a connection is complete: the earliest over all kinds
    /// that its streams answer for. `None` if one of them never was.
    pub fn connection_complete_through(
        &self,
        connection: ConnectionId,
    ) -> Result<Option<Millis>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select min(coalesce((select max(through_at) from coverage
                where coverage.connection_id = ?1 and coverage.kind = stream_kind.kind), 0))
             from stream_kind where connection_id = ?1",
        )?;
        let through: Option<Millis> = select.query_row(params![connection.0], |row| row.get(0))?;
        Ok(through.filter(|through| *through > 0))
    }
}
