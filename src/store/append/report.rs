//! One report: within it, identical rows are different events.

use std::collections::HashMap;

use crate::store::{StoreError, Tx};

/// One complete report, within which identical rows are different events. It
/// may be appended in several batches and transactions.
#[derive(Debug)]
pub struct Report {
    /// Events above this number came with the report itself.
    pub(super) known_to: i64,
    /// How many rows have matched the events whose first is this; on disk for reports of any length.
    matched: Matched,
}

#[derive(Debug)]
enum Matched {
    InMemory(HashMap<i64, i64>),
    OnDisk,
}

impl Tx {
    /// Begins a report that is appended in one transaction.
    pub fn begin_report(&self) -> Result<Report, StoreError> {
        Ok(Report {
            known_to: self.last_event()?,
            matched: Matched::InMemory(HashMap::new()),
        })
    }

    /// Begins a report of any length. One at a time may be under way.
    pub fn begin_long_report(&self) -> Result<Report, StoreError> {
        self.sql.execute_batch(
            "drop table if exists temp.matched;
             create temp table matched (event_id integer primary key, times integer not null) strict;",
        )?;
        Ok(Report {
            known_to: self.last_event()?,
            matched: Matched::OnDisk,
        })
    }
}

impl Report {
    /// Whether one more row of this report is among the `count` known events whose first is `first`.
    pub(super) fn matches(&mut self, tx: &Tx, first: i64, count: i64) -> Result<bool, StoreError> {
        let so_far = match &mut self.matched {
            Matched::InMemory(matched) => {
                let times = matched.entry(first).or_default();
                let so_far = *times;
                *times += 1;
                so_far
            }
            Matched::OnDisk => {
                let times: i64 = tx
                    .sql
                    .prepare_cached(
                        "insert into temp.matched (event_id, times) values (?1, 1)
                         on conflict do update set times = times + 1 returning times",
                    )?
                    .query_row([first], |row| row.get(0))?;
                times - 1
            }
        };
        Ok(so_far < count)
    }
}
