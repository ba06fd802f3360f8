//! Keeping a day, and what is kept of those before.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};

use crate::{
    score::calendar::{Day, Millis},
    store::{
        Conn, Tx,
        error::StoreError,
        word::{date_text, day_of},
    },
};

/// So many days are kept whole. Days are counted, not dates: what a wrong clock says costs nothing that was kept.
const WHOLE: i64 = 35;
/// Of so many days it is known that something ran, and who moved.
const KEPT: i64 = 2 * 366;

/// What is known of a day.
pub(super) struct Kept {
    /// Whether its groups are.
    pub(super) whole: bool,
    /// How many contacts there were.
    pub(super) contacts: i64,
    /// Whether it was computed later, from what was known then.
    pub(super) hindsight: bool,
}

impl Conn {
    /// The days on which scores were computed.
    pub(super) fn days_between(
        &self,
        from: Day,
        to: Day,
    ) -> Result<BTreeMap<Day, Kept>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select as_of_on, contacts, whole, hindsight from day where as_of_on between ?1 and ?2",
        )?;
        let mut rows = select.query(params![date_text(from), date_text(to)])?;
        let mut days = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let kept = Kept {
                contacts: row.get(1)?,
                whole: row.get(2)?,
                hindsight: row.get(3)?,
            };
            days.insert(day_of(&row.get::<_, String>(0)?)?, kept);
        }
        Ok(days)
    }
}

impl Tx {
    /// Keeps how many contacts are where as what this day was like, in place of what an earlier run of it kept.
    pub fn take_day(&self, today: Day, now: Millis) -> Result<(), StoreError> {
        // What this transaction found is part of it.
        self.write_counted()?;
        let Some(on) = date_text(today) else {
            return Err(StoreError::bug("a day outside the calendar"));
        };
        let contacts = self.sizes()?.0 - self.count_objecting()?;
        self.forget_groups(&on)?;
        self.sql
            .prepare_cached(
                "insert into day (as_of_on, contacts, whole, known_at) values (?1, ?2, 1, ?3)
                 on conflict do update set contacts = excluded.contacts, whole = 1,
                   known_at = excluded.known_at, hindsight = 0",
            )?
            .execute(params![on, contacts, now])?;
        for fill in [
            "insert into day_spread (as_of_on, score_id, shown, band_id, contacts)
             select ?1, score_id, shown, band_id, contacts from spread",
            "insert into day_size (as_of_on, sort, score_id, word_id, contacts)
             select ?1, 'band', score_id, band_id, sum(contacts) from spread group by score_id, band_id",
            "insert into day_size (as_of_on, sort, score_id, word_id, contacts)
             select ?1, sort, 0, word_id, number from tally
             where sort in ('segment', 'stage', 'unjudged') and connection_id = 0",
        ] {
            self.sql.prepare_cached(fill)?.execute([&on])?;
        }
        self.thin()
    }

    fn forget_groups(&self, on: &str) -> Result<(), StoreError> {
        for delete in [
            "delete from day_spread where as_of_on = ?1",
            "delete from day_size where as_of_on = ?1",
        ] {
            self.sql.prepare_cached(delete)?.execute([on])?;
        }
        Ok(())
    }

    /// Forgets what is no longer kept: the groups of days but the first of each week, and the oldest days.
    fn thin(&self) -> Result<(), StoreError> {
        let mut select = self.sql.prepare_cached(
            "select as_of_on from day where whole order by as_of_on desc limit -1 offset ?1",
        )?;
        let whole = select.query_map([WHOLE], |row| row.get(0))?;
        for on in whole.collect::<Result<Vec<String>, _>>()? {
            if self.is_first_of_week(&on)? {
                continue;
            }
            self.forget_groups(&on)?;
            self.sql
                .prepare_cached("update day set whole = 0 where as_of_on = ?1")?
                .execute([&on])?;
        }
        let oldest: Option<String> = self
            .sql
            .prepare_cached("select as_of_on from day order by as_of_on desc limit 1 offset ?1")?
            .query_row([KEPT - 1], |row| row.get(0))
            .optional()?;
        for delete in [
            "delete from day_spread where as_of_on < ?1",
            "delete from day_size where as_of_on < ?1",
            "delete from day where as_of_on < ?1",
            "delete from moved where as_of_on < ?1",
        ] {
            self.sql.prepare_cached(delete)?.execute([&oldest])?;
        }
        Ok(())
    }

    /// Whether nothing ran on the days of its week before it.
    fn is_first_of_week(&self, on: &str) -> Result<bool, StoreError> {
        let day = day_of(on)?;
        // The first of 1970 was a Thursday.
        let monday = Day(day.0 - (day.0 + 3).rem_euclid(7));
        let mut before = self.sql.prepare_cached(
            "select exists (select 1 from day where as_of_on >= ?1 and as_of_on < ?2)",
        )?;
        let before: bool = before.query_row(params![date_text(monday), on], |row| row.get(0))?;
        Ok(!before)
    }
}
