//! The steps of a publication: looked at, row, file, row. Each can be the last one of a process.
//!
//! Whoever calls these holds the desk's turn: publications follow one another.

use std::path::Path;

use serde::Serialize;
use tracing::{info, warn};

use super::{
    Editor, PublishError, REASON_MAX, REASON_MIN, fingerprint, one,
    place::{self, Staged},
};
use crate::{
    config::{self, SourceFile},
    score::calendar::Millis,
    store::{DraftRow, NewPublication, Publication, PublicationState, Store, StoreError},
};

/// What somebody asks to be published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Order {
    /// The file's name.
    pub file: String,
    /// What was looked at, as [`super::Checked`] names it.
    pub looked_at: String,
    /// Why.
    pub reason: String,
}

/// A publication that nothing stands in the way of.
#[derive(Debug)]
pub struct Prepared {
    file: SourceFile,
    new: NewPublication,
}

/// Its row stands; its file is not touched yet.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) id: i64,
    prepared: Prepared,
}

impl Editor {
    /// Publishes the draft that an order names; the publication's number. The file is the new one then, and
    /// nothing is in force yet.
    pub fn publish(&self, order: &Order, who: &str) -> Result<i64, PublishError> {
        settle_open(&self.store, &self.in_force.file, self.now())?;
        self.carry_out(self.prepare(order, who)?)
    }

    /// Puts back what a file was before a publication, if it is still what the publication left. Else that text
    /// becomes the file's draft, unless it has one.
    pub fn roll_back(&self, id: i64, reason: &str, who: &str) -> Result<i64, PublishError> {
        settle_open(&self.store, &self.in_force.file, self.now())?;
        self.carry_out(self.prepare_back(id, reason, who)?)
    }

    /// Looks at everything that must hold before a draft is published.
    pub fn prepare(&self, order: &Order, who: &str) -> Result<Prepared, PublishError> {
        let file = self.file(&order.file)?;
        let draft = self.store.read(|conn| conn.draft(&order.file))?;
        let other = |author: Option<&str>| PublishError::OtherDraft {
            file: order.file.clone(),
            author: author.map(str::to_owned),
        };
        let draft = draft.ok_or_else(|| other(None))?;
        if draft.base != fingerprint(&file.text) {
            let file = order.file.clone();
            return Err(PublishError::Changed { file });
        }
        let (prepared, looked_at) = self.look(file, draft.text, &order.reason, who, None)?;
        if looked_at != order.looked_at {
            return Err(other(Some(&draft.author)));
        }
        Ok(prepared)
    }

    fn prepare_back(&self, id: i64, reason: &str, who: &str) -> Result<Prepared, PublishError> {
        let (publication, before, _) = self.publication(id)?;
        if publication.state != PublicationState::Done {
            return Err(PublishError::UnknownPublication { id });
        }
        let file = self.file(&publication.file)?;
        if fingerprint(&file.text) == publication.after_hash {
            let (prepared, _) = self.look(file, before, reason, who, Some(id))?;
            return Ok(prepared);
        }
        let row = DraftRow {
            file: publication.file.clone(),
            text: before,
            base: fingerprint(&file.text),
            author: who.to_owned(),
            saved_at: self.now(),
        };
        let drafted = self.unless_other(&publication.file, None, move |tx| tx.save_draft(&row));
        match drafted {
            Ok(()) | Err(PublishError::OtherDraft { .. }) => Err(PublishError::NotLast {
                file: publication.file,
                id,
                drafted: drafted.is_ok(),
            }),
            Err(error) => Err(error),
        }
    }

    /// Whether a text may take a file's place; and what was looked at.
    fn look(
        &self,
        file: SourceFile,
        text: String,
        reason: &str,
        who: &str,
        undoes: Option<i64>,
    ) -> Result<(Prepared, String), PublishError> {
        let name = file.name();
        let reason = reason.trim();
        if !(REASON_MIN..=REASON_MAX).contains(&reason.chars().count()) {
            return Err(PublishError::Reason);
        }
        if text == file.text {
            return Err(PublishError::Same { file: name });
        }
        let checked = self.with(self.files()?, &file, text.clone())?;
        let failures = self.tests(&checked);
        if !failures.is_empty() {
            return Err(PublishError::Wrong(failures));
        }
        let hashed = |text: String| {
            let hash = fingerprint(&text);
            (text, hash)
        };
        let new = NewPublication {
            file: name,
            before: hashed(file.text.clone()),
            after: hashed(text),
            rules: (
                self.in_force.rules_hash.clone(),
                checked.draft.config.rules_hash,
            ),
            who: who.to_owned(),
            reason: reason.to_owned(),
            undoes,
        };
        Ok((Prepared { file, new }, checked.looked_at))
    }

    fn carry_out(&self, prepared: Prepared) -> Result<i64, PublishError> {
        let planned = self.plan(prepared)?;
        let id = planned.id;
        let put = Self::stage(&planned).and_then(|staged| Self::put(&planned, staged));
        match put {
            Ok(()) => self.settle(&planned)?,
            Err(error) => {
                let (detail, now) = (error.to_string(), self.now());
                let state = PublicationState::Failed;
                self.store
                    .write(move |tx| tx.settle_publication(id, state, Some(&detail), now))?;
                return Err(error);
            }
        }
        Ok(id)
    }

    /// The first step: the row.
    pub(super) fn plan(&self, prepared: Prepared) -> Result<Planned, PublishError> {
        let (new, now) = (prepared.new.clone(), self.now());
        let id = self.store.write(move |tx| tx.plan_publication(&new, now))?;
        Ok(Planned { id, prepared })
    }

    /// The second step: the text on disk, beside the file.
    pub(super) fn stage(planned: &Planned) -> Result<Staged, PublishError> {
        place::stage(&planned.prepared.file.path, &planned.prepared.new.after.0)
    }

    /// The third step: the text in the file's place.
    pub(super) fn put(planned: &Planned, staged: Staged) -> Result<(), PublishError> {
        staged.put(&planned.prepared.new.before.1)
    }

    /// The last step: the row says so, and the draft is gone.
    pub(super) fn settle(&self, planned: &Planned) -> Result<(), PublishError> {
        let publication = self.store.read(|conn| conn.publication(planned.id))?;
        if let Some(publication) = publication {
            done(&self.store, publication, self.now())?;
        }
        Ok(())
    }
}

/// A publication's file is written.
fn done(store: &Store, publication: Publication, now: Millis) -> Result<(), StoreError> {
    info!(
        publication = publication.id,
        file = publication.file,
        "published"
    );
    store.write(move |tx| {
        tx.settle_publication(publication.id, PublicationState::Done, None, now)?;
        let draft = tx.draft(&publication.file)?;
        if draft.is_some_and(|draft| fingerprint(&draft.text) == publication.after_hash) {
            tx.discard_draft(&publication.file)?;
        }
        let detail = format!(
            "{} ({}): {}",
            publication.id, publication.file, publication.reason
        );
        tx.audit(&publication.who, "published", &detail, now)
    })
}

/// Finds out what became of publications that a process did not live to see the end of: the file tells.
pub fn settle_open(store: &Store, path: &Path, now: Millis) -> Result<(), StoreError> {
    for publication in store.read(crate::store::Conn::open_publications)? {
        let Ok(files) = config::sources(path) else {
            return Ok(());
        };
        let file = one(&files, &publication.file).ok();
        if let Some(file) = &file {
            place::clear_beside(&file.path);
        }
        let says = file.map(|file| fingerprint(&file.text));
        if says.as_deref() == Some(publication.after_hash.as_str()) {
            done(store, publication, now)?;
            continue;
        }
        let (state, why) = if says.as_deref() == Some(publication.before_hash.as_str()) {
            (
                PublicationState::Failed,
                "the process ended before the file was written",
            )
        } else {
            (
                PublicationState::Overtaken,
                "the file holds something else by now",
            )
        };
        warn!(publication = publication.id, "not published: {why}");
        let id = publication.id;
        store.write(move |tx| tx.settle_publication(id, state, Some(why), now))?;
    }
    Ok(())
}
