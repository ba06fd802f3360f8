//! What came in of counted streams and was not kept: how much, so that it does not look lost.
//!
//! A platform that counts ([`super::counter`]) counts those too who have not agreed to it. So that what is read again is not
//! counted again, each leaves a mark, made with a key of our own. After thirty days the marks and their key are thrown away,
//! and two numbers for each campaign and kind stay. What is older than that and comes again then is not counted again. Where
//! numbers cannot be exact they are too low: a hole too many, and never one too few.

use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::{Conn, Tx, contact::ContactId, error::StoreError};
use crate::score::calendar::Millis;

/// How long marks are kept.
const KEPT_MS: Millis = 30 * 86_400_000;
/// The key of the marks.
const KEY: &str = "withheld key";
/// Up to when marks have been thrown away.
const SUMMED: &str = "withheld summed";

/// What is marked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept<'e> {
    pub(super) contact: ContactId,
    pub(super) campaign: u32,
    pub(super) kind: u16,
    /// 1 by a webhook, 2 by a poll.
    pub(super) way: i64,
    pub(super) at: Millis,
    pub(super) link: &'e str,
}

impl Conn {
    /// How many contacts and how many times were withheld of a campaign's kind of events up to an instant.
    pub(super) fn withheld(
        &self,
        (campaign, kind): (i64, i64),
        until: Millis,
    ) -> Result<(i64, i64), StoreError> {
        let sum: Option<(i64, i64)> = self
            .sql
            .prepare_cached(
                "select contacts, times from withheld_sum where campaign_id = ?1 and kind = ?2",
            )?
            .query_row(params![campaign, kind], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        // What both ways told is in both; the way that told more has the least that there was.
        let (contacts, times): (i64, i64) = self
            .sql
            .prepare_cached(
                "select coalesce(max(contacts), 0), coalesce(max(times), 0) from (
                   select count(distinct contact_mark) contacts, count(*) times from withheld
                   where campaign_id = ?1 and kind = ?2 and at <= ?3 group by way)",
            )?
            .query_row(params![campaign, kind, until], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let (summed, summed_times) = sum.unwrap_or_default();
        Ok((summed.max(contacts), summed_times + times))
    }
}

impl Tx {
    /// Marks what is not kept.
    pub(super) fn mark_withheld(&self, kept: &Kept<'_>) -> Result<(), StoreError> {
        let summed = self.control(SUMMED)?;
        let summed = summed.and_then(|control| control.value.parse().ok());
        if summed.is_some_and(|summed: Millis| kept.at <= summed) {
            return Ok(());
        }
        let key = self.withheld_key()?;
        let mark = |what: &str| {
            let text = format!(
                "{key} {} {} {} {what}",
                kept.contact.0, kept.campaign, kept.kind
            );
            let digest = Sha256::digest(text);
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&digest[..8]);
            i64::from_le_bytes(bytes)
        };
        let event = mark(&format!("{} {}", kept.at, kept.link));
        self.sql
            .prepare_cached(
                "insert into withheld (campaign_id, kind, way, contact_mark, mark, at) values (?1, ?2, ?3, ?4, ?5, ?6)
                 on conflict do nothing",
            )?
            .execute(params![kept.campaign, kept.kind, kept.way, mark(""), event, kept.at])?;
        Ok(())
    }

    fn withheld_key(&self) -> Result<String, StoreError> {
        if let Some(control) = self.control(KEY)?
            && !control.value.is_empty()
        {
            return Ok(control.value);
        }
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| {
            StoreError::bug(format!("the system gives no random bytes: {error}"))
        })?;
        let key = hex::encode(bytes);
        self.set_control(KEY, &key, 0)?;
        Ok(key)
    }

    /// Throws marks and key away once the oldest mark is thirty days old, and keeps the numbers.
    pub fn sum_withheld(&self, now: Millis) -> Result<(), StoreError> {
        let span: (Option<Millis>, Option<Millis>) =
            self.sql
                .query_row("select min(at), max(at) from withheld", (), |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
        let (Some(oldest), Some(newest)) = span else {
            return Ok(());
        };
        if oldest > now - KEPT_MS {
            return Ok(());
        }
        let mut select = self
            .sql
            .prepare_cached("select distinct campaign_id, kind from withheld")?;
        let all: Vec<(i64, i64)> = select
            .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for of in all {
            let (contacts, times) = self.withheld(of, Millis::MAX)?;
            self.sql
                .prepare_cached(
                    "insert into withheld_sum (campaign_id, kind, contacts, times) values (?1, ?2, ?3, ?4)
                     on conflict do update set contacts = excluded.contacts, times = excluded.times",
                )?
                .execute(params![of.0, of.1, contacts, times])?;
        }
        self.sql.execute("delete from withheld", ())?;
        self.set_control(KEY, "", now)?;
        self.set_control(SUMMED, &newest.to_string(), now)
    }
}
