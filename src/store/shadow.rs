//! What a connection that is only watched would have been told, day by day.

use rusqlite::params;

use super::{
    Conn, Tx,
    error::StoreError,
    word::{date_text, day_of},
};
use crate::score::{
    calendar::{Day, Millis},
    facts::ConnectionId,
};

/// So many days are kept.
const DAYS_MAX: i32 = 400;

/// A day of a shadow period, by its last cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShadowDay {
    /// The day.
    pub on: Day,
    /// Verb, target and how many contacts, in the order of these words. Empty where nothing would have been written.
    pub counts: Vec<(String, String, i64)>,
}

impl Conn {
    /// The last days of a connection's shadow period, the oldest first.
    pub fn shadow(
        &self,
        connection: ConnectionId,
        last: u32,
    ) -> Result<Vec<ShadowDay>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select shadowed_on, verb, target, contacts from shadow where connection_id = ?1 and shadowed_on in
             (select distinct shadowed_on from shadow where connection_id = ?1 order by 1 desc limit ?2)
             order by shadowed_on, verb, target",
        )?;
        let mut rows = select.query(params![connection.0, last])?;
        let mut days: Vec<ShadowDay> = Vec::new();
        while let Some(row) = rows.next()? {
            let on = day_of(&row.get::<_, String>(0)?)?;
            if days.last().is_none_or(|day| day.on != on) {
                let counts = Vec::new();
                days.push(ShadowDay { on, counts });
            }
            let count = (row.get(1)?, row.get(2)?, row.get(3)?);
            // A day without any writes has a row that counts nobody, so that it is a day all the same.
            if let Some(day) = days.last_mut().filter(|_| count.2 > 0) {
                day.counts.push(count);
            }
        }
        Ok(days)
    }

    /// How many days a connection's shadow period has been kept.
    pub fn shadow_days(&self, connection: ConnectionId) -> Result<i64, StoreError> {
        let mut count = self.sql.prepare_cached(
            "select count(distinct shadowed_on) from shadow where connection_id = ?1",
        )?;
        Ok(count.query_row([connection.0], |row| row.get(0))?)
    }
}

impl Tx {
    /// Keeps what would have been written today, in place of what an earlier cycle of the day kept.
    pub fn keep_shadow(
        &self,
        connection: ConnectionId,
        on: Day,
        counts: &[(String, String, i64)],
        now: Millis,
    ) -> Result<(), StoreError> {
        let old = Day(on.0.saturating_sub(DAYS_MAX));
        self.sql
            .prepare_cached(
                "delete from shadow where connection_id = ?1 and (shadowed_on = ?2 or shadowed_on < ?3)",
            )?
            .execute(params![connection.0, date_text(on), date_text(old)])?;
        let mut insert = self.sql.prepare_cached(
            "insert into shadow (connection_id, shadowed_on, verb, target, contacts, known_at) values (?1, ?2, ?3, ?4, ?5, ?6)
             on conflict do update set contacts = contacts + excluded.contacts",
        )?;
        let nothing = [(String::new(), String::new(), 0)];
        let counts = if counts.is_empty() { &nothing } else { counts };
        for (verb, target, contacts) in counts {
            insert.execute(params![
                connection.0,
                date_text(on),
                verb,
                target,
                contacts,
                now
            ])?;
        }
        Ok(())
    }
}
