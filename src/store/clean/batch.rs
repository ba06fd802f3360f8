//! A batch as people look at it: how far it has come, and its contacts a page at a time.

use engaged_connectors::model::Address;
use rusqlite::params;

use super::{CleaningCase, Stage, Taken, TakenState};
use crate::{
    score::calendar::Millis,
    store::{Conn, StoreError},
};

/// How far a batch has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchSizes {
    /// How many contacts are in which stage.
    pub stages: Vec<(Stage, i64)>,
    /// How many removals are in which state; a contact has one on each of its connections.
    pub removals: Vec<(TakenState, i64)>,
    /// When the first of those that are removed was done: from then on counts how long it can be undone.
    pub first_done_at: Option<Millis>,
}

impl BatchSizes {
    /// How many contacts are in a stage.
    pub fn of(&self, stage: Stage) -> i64 {
        let all = self.stages.iter().filter(|(each, _)| *each == stage);
        all.map(|(_, size)| size).sum()
    }

    /// How many removals are in a state.
    pub fn removals_of(&self, state: TakenState) -> i64 {
        let all = self.removals.iter().filter(|(each, _)| *each == state);
        all.map(|(_, size)| size).sum()
    }
}

/// One contact of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRow {
    /// Its case.
    pub case: CleaningCase,
    /// Its address.
    pub email: Option<Address>,
    /// What became of it on each platform.
    pub taken: Vec<Taken>,
}

impl Conn {
    /// How far a batch has come.
    pub fn batch_sizes(&self, batch: i64) -> Result<BatchSizes, StoreError> {
        let mut sizes = BatchSizes::default();
        let mut select = self.sql.prepare_cached(
            "select stage, count(*) from cleaning_case where batch_id = ?1 group by 1 order by 1",
        )?;
        let mut rows = select.query([batch])?;
        while let Some(row) = rows.next()? {
            let stage = Stage::parse(&row.get::<_, String>(0)?)?;
            sizes.stages.push((stage, row.get(1)?));
        }
        let mut select = self.sql.prepare_cached(
            "select cleaning_removal.state, count(*), min(iif(cleaning_removal.state = 'removed', done_at, null))
             from cleaning_case join cleaning_removal on case_id = cleaning_case.id where batch_id = ?1 group by 1 order by 1",
        )?;
        let mut rows = select.query([batch])?;
        while let Some(row) = rows.next()? {
            let state = TakenState::parse(&row.get::<_, String>(0)?)?;
            sizes.removals.push((state, row.get(1)?));
            sizes.first_done_at = sizes.first_done_at.or(row.get(2)?);
        }
        Ok(sizes)
    }

    /// Contacts of a batch in the order of their cases: those after a number. Unless `troubled`, all; else those of whom
    /// something could not be put back.
    pub fn batch_rows(
        &self,
        batch: i64,
        (after, troubled): (Option<i64>, bool),
        limit: u16,
    ) -> Result<Vec<BatchRow>, StoreError> {
        let cases = self.cases(
            "where batch_id = ?1 and cleaning_case.id > ?2 and (not ?3 or exists (
               select 1 from cleaning_removal where case_id = cleaning_case.id
                 and (state = 'not restored' or state = 'removed' and coalesce(detail, '') <> '')))
             order by cleaning_case.id limit ?4",
            params![batch, after.unwrap_or(0), troubled, limit],
        )?;
        let mut select = self
            .sql
            .prepare_cached("select email from contact where id = ?1")?;
        let mut found = Vec::with_capacity(cases.len());
        for case in cases {
            let email: Option<String> = select.query_row([case.contact.0], |row| row.get(0))?;
            found.push(BatchRow {
                email: email.as_deref().and_then(Address::parse),
                taken: self.taken(case.id)?,
                case,
            });
        }
        Ok(found)
    }
}
