//! Drafts of the configuration's files, and what was published from them.
//!
//! A publication's row stands before its file is touched, and holds the texts
//! before and after: whatever is cut off can be told from what was done.

use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use super::{Conn, StoreError, Tx};
use crate::score::calendar::Millis;

/// A draft of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftRow {
    /// The file's name, without its directory.
    pub file: String,
    /// What it says.
    pub text: String,
    /// The fingerprint of the file that it began from.
    pub base: String,
    /// Who saved it last.
    pub author: String,
    /// When.
    pub saved_at: Millis,
}

/// How far a publication has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PublicationState {
    /// Its file is about to be written.
    Planned,
    /// Its file was written.
    Done,
    /// Its file was not written.
    Failed,
    /// Whether its file was written cannot be told: by now it holds something else.
    Overtaken,
}

impl PublicationState {
    const ALL: [Self; 4] = [Self::Planned, Self::Done, Self::Failed, Self::Overtaken];

    /// The name in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Overtaken => "overtaken",
        }
    }

    fn parse(name: &str) -> Result<Self, StoreError> {
        let mut all = Self::ALL.into_iter();
        all.find(|state| state.as_str() == name)
            .ok_or_else(|| StoreError::damaged(format!("publication state {name}")))
    }
}

/// A publication that is about to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPublication {
    /// The file's name, without its directory.
    pub file: String,
    /// What it says now, and the fingerprint of that.
    pub before: (String, String),
    /// What it is to say, and the fingerprint of that.
    pub after: (String, String),
    /// The fingerprints of the rules in force and of those that will be.
    pub rules: (String, String),
    /// Who publishes.
    pub who: String,
    /// Why.
    pub reason: String,
    /// The publication that it takes back, if it takes one back.
    pub undoes: Option<i64>,
}

/// A publication, without its texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Publication {
    /// Its number.
    pub id: i64,
    /// The file's name, without its directory.
    pub file: String,
    /// How far it has come.
    pub state: PublicationState,
    /// The fingerprint of the file before.
    pub before_hash: String,
    /// The fingerprint of the file after.
    pub after_hash: String,
    /// The fingerprint of the rules before.
    pub rules_before: String,
    /// The fingerprint of the rules after.
    pub rules_after: String,
    /// Who published.
    pub who: String,
    /// Why.
    pub reason: String,
    /// The publication that it took back, if it took one back.
    pub undoes: Option<i64>,
    /// When it began.
    pub planned_at: Millis,
    /// When it was known what became of it.
    pub settled_at: Option<Millis>,
    /// What went wrong.
    pub detail: Option<String>,
}

const PUBLICATION: &str = "select id, file, state, before_hash, after_hash, rules_before, rules_after, who, reason, \
     undoes_id, planned_at, settled_at, detail from publication ";

impl Conn {
    /// The draft of a file.
    pub fn draft(&self, file: &str) -> Result<Option<DraftRow>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select file, text, base, author, saved_at from draft where file = ?1",
        )?;
        Ok(select
            .query_row([file], |row| {
                Ok(DraftRow {
                    file: row.get(0)?,
                    text: row.get(1)?,
                    base: row.get(2)?,
                    author: row.get(3)?,
                    saved_at: row.get(4)?,
                })
            })
            .optional()?)
    }

    /// Publications, the newest first; those before a number, if one is given.
    pub fn publications(
        &self,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Publication>, StoreError> {
        let which = "where ?1 is null or id < ?1 order by id desc limit ?2";
        self.select_publications(which, params![before, limit])
    }

    /// Publications of which it is not known yet what became of them.
    pub fn open_publications(&self) -> Result<Vec<Publication>, StoreError> {
        self.select_publications("where state = 'planned' order by id", ())
    }

    /// The publication of that number.
    pub fn publication(&self, id: i64) -> Result<Option<Publication>, StoreError> {
        let mut found = self.select_publications("where id = ?1", [id])?;
        Ok(found.pop())
    }

    /// What a publication's file said before and after.
    pub fn publication_texts(&self, id: i64) -> Result<Option<(String, String)>, StoreError> {
        Ok(self
            .sql
            .prepare_cached("select before, after from publication where id = ?1")?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }

    fn select_publications(
        &self,
        which: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<Publication>, StoreError> {
        let mut select = self.sql.prepare_cached(&[PUBLICATION, which].concat())?;
        let rows = select.query_map(params, publication)?;
        rows.map(|row| {
            let (found, state) = row?;
            Ok(Publication {
                state: PublicationState::parse(&state)?,
                ..found
            })
        })
        .collect()
    }
}

/// A row, and its state as the table has it.
fn publication(row: &Row<'_>) -> rusqlite::Result<(Publication, String)> {
    let found = Publication {
        id: row.get(0)?,
        file: row.get(1)?,
        state: PublicationState::Planned,
        before_hash: row.get(3)?,
        after_hash: row.get(4)?,
        rules_before: row.get(5)?,
        rules_after: row.get(6)?,
        who: row.get(7)?,
        reason: row.get(8)?,
        undoes: row.get(9)?,
        planned_at: row.get(10)?,
        settled_at: row.get(11)?,
        detail: row.get(12)?,
    };
    Ok((found, row.get(2)?))
}

impl Tx {
    /// Keeps a draft in place of the file's last one.
    pub fn save_draft(&self, draft: &DraftRow) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "insert into draft (file, text, base, author, saved_at) values (?1, ?2, ?3, ?4, ?5)
                 on conflict do update set text = excluded.text, base = excluded.base,
                   author = excluded.author, saved_at = excluded.saved_at",
            )?
            .execute(params![
                draft.file,
                draft.text,
                draft.base,
                draft.author,
                draft.saved_at
            ])?;
        Ok(())
    }

    /// Forgets a file's draft.
    pub fn discard_draft(&self, file: &str) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("delete from draft where file = ?1")?
            .execute([file])?;
        Ok(())
    }

    /// Records that a file is about to be written; returns the publication's number.
    pub fn plan_publication(&self, new: &NewPublication, now: Millis) -> Result<i64, StoreError> {
        self.sql
            .prepare_cached(
                "insert into publication (file, state, before, after, before_hash, after_hash, rules_before,
                   rules_after, who, reason, undoes_id, planned_at)
                 values (?1, 'planned', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                new.file,
                new.before.0,
                new.after.0,
                new.before.1,
                new.after.1,
                new.rules.0,
                new.rules.1,
                new.who,
                new.reason,
                new.undoes,
                now
            ])?;
        Ok(self.sql.last_insert_rowid())
    }

    /// Records what became of a publication.
    pub fn settle_publication(
        &self,
        id: i64,
        state: PublicationState,
        detail: Option<&str>,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update publication set state = ?2, detail = ?3, settled_at = ?4 where id = ?1",
            )?
            .execute(params![id, state.as_str(), detail, now])?;
        Ok(())
    }
}
