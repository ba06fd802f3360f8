//! Entries as people look at them: how many, on which days, and a page of them at a time.
//!
//! Each answer is read along an index: the numbers of all automations cost what
//! counting costs, and a page of entries the same wherever in the list it is.

use std::cmp::Reverse;

use rusqlite::params;

use super::{Listed, began, state_of};
use crate::{
    automation::EntryState,
    score::calendar::Day,
    store::{
        Conn, StoreError,
        word::{date_text, day_of},
    },
};

/// How many entries an automation has in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntrySize {
    /// The automation.
    pub automation: String,
    /// The state.
    pub state: EntryState,
    /// How many there are.
    pub entries: i64,
    /// Of those, how many are of contacts who are still inside.
    pub inside: i64,
}

/// How many entries an automation got on a day, by what became of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryDay {
    /// The automation.
    pub automation: String,
    /// The date that was scored.
    pub on: Day,
    /// What became of them.
    pub state: EntryState,
    /// How many.
    pub entries: i64,
}

/// Which page of entries.
#[derive(Clone, Copy, Debug, Default)]
pub struct EntriesWanted<'a> {
    /// Of this automation; of any if left out.
    pub automation: Option<&'a str>,
    /// In this state; in any if left out.
    pub state: Option<EntryState>,
    /// Only those that nobody answered.
    pub unanswered: bool,
    /// Only those with smaller numbers: where the last page ended.
    pub before: Option<i64>,
    /// No more than this.
    pub limit: u16,
}

impl Conn {
    /// How many entries there are, by automation and state.
    pub fn entry_sizes(&self) -> Result<Vec<EntrySize>, StoreError> {
        let mut name = self
            .sql
            .prepare_cached("select text from word where id = ?1")?;
        // One by one: counting along an index is faster than grouping by it.
        let mut all = self.sql.prepare_cached(
            "select count(*) from automation_entry indexed by automation_entry_open
             where state = ?2 and automation_id = ?1",
        )?;
        let mut inside = self.sql.prepare_cached(
            "select count(*) from automation_entry indexed by automation_entry_inside
             where automation_id = ?1 and state = ?2 and left_at is null",
        )?;
        let mut sizes = Vec::new();
        for automation in self.automations_entered(None)? {
            for state in EntryState::ALL {
                let which = params![automation, state.as_str()];
                let entries: i64 = all.query_row(which, |row| row.get(0))?;
                if entries > 0 {
                    sizes.push(EntrySize {
                        automation: name.query_row([automation], |row| row.get(0))?,
                        state,
                        entries,
                        inside: inside.query_row(which, |row| row.get(0))?,
                    });
                }
            }
        }
        Ok(sizes)
    }

    /// How many entries are in a state, of all automations.
    pub fn count_entries(&self, state: EntryState) -> Result<i64, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select count(*) from automation_entry indexed by automation_entry_open where state = ?1",
            )?
            .query_row([state.as_str()], |row| row.get(0))?)
    }

    /// Entries since a day, by day and what became of them.
    pub fn entry_days(&self, since: Day) -> Result<Vec<EntryDay>, StoreError> {
        let Some(since) = date_text(since) else {
            return Ok(Vec::new());
        };
        let mut select = self.sql.prepare_cached(
            "select text, entered_on, state, count(*) from automation_entry indexed by automation_entry_by_day
             join word on word.id = automation_id where automation_id = ?1 and entered_on >= ?2 group by 2, 3",
        )?;
        let mut days = Vec::new();
        for automation in self.automations_entered(None)? {
            let mut rows = select.query(params![automation, since])?;
            while let Some(row) = rows.next()? {
                days.push(EntryDay {
                    automation: row.get(0)?,
                    on: day_of(&row.get::<_, String>(1)?)?,
                    state: state_of(&row.get::<_, String>(2)?)?,
                    entries: row.get(3)?,
                });
            }
        }
        Ok(days)
    }

    /// A page of entries, the newest first.
    pub fn entries_page(&self, wanted: &EntriesWanted<'_>) -> Result<Vec<Listed>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select entry.id from automation_entry entry indexed by automation_entry_open
             where state = ?1 and automation_id = ?2 and id < ?3 and (not ?5 or answer is null)
             order by id desc limit ?4",
        )?;
        let mut found: Vec<i64> = Vec::new();
        let states = EntryState::ALL.into_iter();
        let automations = self.automations_entered(wanted.automation)?;
        for state in states.filter(|state| wanted.state.is_none_or(|wanted| wanted == *state)) {
            for automation in &automations {
                let before = wanted.before.unwrap_or(i64::MAX);
                let row = params![
                    state.as_str(),
                    automation,
                    before,
                    wanted.limit,
                    wanted.unanswered
                ];
                let rows = select.query_map(row, |row| row.get(0))?;
                for entry in rows {
                    found.push(entry?);
                }
            }
        }
        found.sort_by_key(|entry| Reverse(*entry));
        found.truncate(wanted.limit.into());
        let mut entries = Vec::with_capacity(found.len());
        for entry in found {
            entries.extend(self.entry(entry)?);
        }
        Ok(entries)
    }

    /// The numbers of the automations that anybody ever entered, or of the one of that name.
    fn automations_entered(&self, only: Option<&str>) -> Result<Vec<i64>, StoreError> {
        // One step along the index for each automation, however many entries it has.
        let mut select = self.sql.prepare_cached(
            "with recursive each (id) as (select min(automation_id) from automation_entry
               union all select (select min(automation_id) from automation_entry where automation_id > each.id)
               from each where each.id is not null)
             select each.id from each join word on word.id = each.id where ?1 is null or text = ?1",
        )?;
        let rows = select.query_map([only], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many entries a backfill would let start something: silent ones of contacts who are still inside, and had not
    /// `most` starts.
    pub fn count_backfill(&self, automation: &str, most: Option<u32>) -> Result<i64, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select count(*) from automation_entry entry indexed by automation_entry_inside
                 where state = 'silent' and left_at is null and automation_id = (select id from word where text = ?1)
                   and (?2 is null or ?2 > (select count(*) from automation_entry other
                     where other.contact_id = entry.contact_id and other.automation_id = entry.automation_id
                       and other.state in (select value from json_each(?3))))",
            )?
            .query_row(params![automation, most, began()], |row| row.get(0))?)
    }
}
