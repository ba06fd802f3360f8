//! Editing rules away from their file: drafts, checks, publishing, taking back.
//!
//! A draft is a text in the store. It is checked as the file itself would be,
//! may change rules and nothing else, and takes the file's place as a whole. The
//! file stays what decides: one that somebody edits meanwhile is never written
//! over, and a publication's row stands before the file is touched, so that
//! whatever is cut off can be told from what was done. Everything here blocks.

mod place;
mod steps;
mod text;

#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc};

use engaged_connectors::Clock;
use serde::Serialize;
use thiserror::Error;

pub use self::{
    place::replace,
    steps::{Order, Prepared, settle_open},
    text::{Line, LineKind, difference, fingerprint},
};
use crate::{
    config::{self, Config, Draft, Environment, SourceFile, parts},
    diagnostic::{Diagnostic, Exit, Expected},
    preview::{self, contact::ContactChange, report::Preview},
    rule_tests,
    score::calendar::{Day, Millis},
    store::{DraftRow, Publication, Store, StoreError},
};

/// A draft may have so many bytes.
pub const DRAFT_MAX: usize = 512 * 1024;

/// A reason has at least so many characters.
pub const REASON_MIN: usize = 3;

/// A reason has at most so many characters.
pub const REASON_MAX: usize = 500;

/// Why nothing was saved or published.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configuration's files cannot be read, or the draft is not in order.
    #[error("the draft is not in order")]
    Wrong(Vec<Diagnostic>),
    /// No file of the configuration has that name.
    #[error("the configuration has no file '{file}'")]
    UnknownFile {
        /// What was asked for.
        file: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The file has no draft, or another than was looked at, or other rules are in force by now.
    #[error("the draft of {file} is not what was looked at")]
    OtherDraft {
        /// The file.
        file: String,
        /// Who saved it last; `None` where there is none any more.
        author: Option<String>,
    },
    /// The file on disk is not the one that the draft began from.
    #[error("{file} changed since")]
    Changed {
        /// The file.
        file: String,
    },
    /// The draft says what the file says.
    #[error("the draft of {file} changes nothing")]
    Same {
        /// The file.
        file: String,
    },
    /// No reason, or a book.
    #[error("a reason has {REASON_MIN} to {REASON_MAX} characters")]
    Reason,
    /// The file cannot be replaced.
    #[error("{} cannot be written: {why}", path.display())]
    Place {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// No publication has that number, or it was not done.
    #[error("there is no publication {id} that was done")]
    UnknownPublication {
        /// What was asked for.
        id: i64,
    },
    /// The file changed since the publication that is to be taken back.
    #[error("{file} changed since publication {id}")]
    NotLast {
        /// The file.
        file: String,
        /// The publication.
        id: i64,
        /// Whether the text before it is now the file's draft.
        drafted: bool,
    },
}

impl PublishError {
    /// Its stable code; that of the first finding where there are several.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Wrong(all) => all
                .first()
                .map_or(config::code::BAD_VALUE, |first| first.code),
            Self::UnknownFile { .. } => "E0131",
            Self::OtherDraft { .. } => "E0133",
            Self::Changed { .. } => "E0134",
            Self::Same { .. } => "E0136",
            Self::Reason => "E0137",
            Self::Place { .. } => "E0138",
            Self::UnknownPublication { .. } | Self::NotLast { .. } => "E0139",
        }
    }
}

impl From<PublishError> for Expected {
    fn from(error: PublishError) -> Self {
        let (code, message) = (error.code(), error.to_string());
        let (exit, help) = match error {
            PublishError::Store(error) => return error.into(),
            PublishError::Wrong(all) => return all.into(),
            PublishError::UnknownFile { known, .. } => {
                (Exit::Usage, format!("there are: {}", known.join(", ")))
            }
            PublishError::OtherDraft { author, .. } => {
                let why = author.map_or_else(
                    || "it was published or discarded".to_owned(),
                    |author| {
                        format!("it was last saved by {author}, or other rules came into force")
                    },
                );
                (Exit::Pending, format!("{why}: look at it anew"))
            }
            PublishError::Changed { .. } => (
                Exit::Pending,
                "compare the draft with the file as it is now, and save it again".to_owned(),
            ),
            PublishError::Same { .. } => (Exit::Usage, "there is nothing to publish".to_owned()),
            PublishError::Reason => (
                Exit::Usage,
                "say in some words why: whoever comes after you will read it".to_owned(),
            ),
            PublishError::Place { .. } => (
                Exit::Storage,
                "copy the text of the draft into the file by hand, and reload".to_owned(),
            ),
            PublishError::UnknownPublication { .. } => {
                (Exit::Usage, "see the list of publications".to_owned())
            }
            PublishError::NotLast { drafted: true, .. } => (
                Exit::Pending,
                "what it was before is the file's draft now: look at it, and publish that"
                    .to_owned(),
            ),
            PublishError::NotLast { .. } => (
                Exit::Pending,
                "publish or discard the file's draft, then ask again".to_owned(),
            ),
        };
        Self::new(exit, Diagnostic::error(code, message).help(help))
    }
}

/// A draft, as it was saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredDraft {
    /// The file's name.
    pub file: String,
    /// What the draft says.
    pub text: String,
    /// The fingerprint of that.
    pub fingerprint: String,
    /// The fingerprint of the file that it began from.
    pub base: String,
    /// Who saved it last.
    pub author: String,
    /// When.
    pub saved_at: Millis,
    /// Whether the file is another by now: it must be compared anew before it can be published.
    pub stale: bool,
}

impl StoredDraft {
    fn new(row: DraftRow, file: &SourceFile) -> Self {
        Self {
            fingerprint: fingerprint(&row.text),
            stale: row.base != fingerprint(&file.text),
            file: row.file,
            text: row.text,
            base: row.base,
            author: row.author,
            saved_at: row.saved_at,
        }
    }
}

/// What somebody typed.
#[derive(Clone, Debug)]
pub struct Typed {
    /// The file's name.
    pub file: String,
    /// The whole text.
    pub text: String,
    /// The fingerprint of the file that it was compared with.
    pub base: String,
    /// The fingerprint of the stored draft that it began from; `None` if there was none.
    pub seen: Option<String>,
}

/// A draft that may take its file's place, but for its rule tests.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The configuration as it would be.
    pub draft: Draft,
    /// Says which draft was compared with which file and which rules. Whoever publishes hands it back: if any of them
    /// is another by then, nothing is published.
    pub looked_at: String,
}

/// What a draft would change.
#[derive(Clone, Debug, Serialize)]
pub struct Looked {
    /// The comparison with the rules in force.
    pub report: Preview,
    /// As in [`Checked`].
    pub looked_at: String,
}

/// Edits the files of the configuration that is in force.
#[derive(Clone)]
pub struct Editor {
    in_force: Arc<Config>,
    environment: Environment,
    store: Store,
    clock: Arc<dyn Clock>,
}

impl Editor {
    /// An editor for the configuration in force.
    pub fn new(
        in_force: Arc<Config>,
        environment: Environment,
        store: Store,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            in_force,
            environment,
            store,
            clock,
        }
    }

    /// The files, as they are on disk now.
    pub fn files(&self) -> Result<Vec<SourceFile>, PublishError> {
        config::sources(&self.in_force.file).map_err(|error| PublishError::Wrong(vec![*error]))
    }

    /// The file of that name, as it is on disk now.
    pub fn file(&self, name: &str) -> Result<SourceFile, PublishError> {
        Ok(one(&self.files()?, name)?.clone())
    }

    /// Why no draft could take that file's place; `None` if one could.
    pub fn obstacle(&self, name: &str) -> Result<Option<Diagnostic>, PublishError> {
        let path = self.file(name)?.path;
        Ok(place::writable(&path).err().and_then(|why| {
            let expected = Expected::from(PublishError::Place { path, why });
            expected.diagnostics.into_iter().next()
        }))
    }

    /// The draft of a file.
    pub fn draft(&self, name: &str) -> Result<Option<StoredDraft>, PublishError> {
        let file = self.file(name)?;
        let row = self.store.read(|conn| conn.draft(name))?;
        Ok(row.map(|row| StoredDraft::new(row, &file)))
    }

    /// Keeps what somebody typed as the file's draft, right or wrong; refused if the draft is another by now.
    /// Line ends become those of the file.
    pub fn save(&self, typed: Typed, who: &str) -> Result<StoredDraft, PublishError> {
        let file = self.file(&typed.file)?;
        small(&typed.text)?;
        let row = DraftRow {
            text: text::as_in(&file.text, &typed.text),
            file: typed.file,
            base: typed.base,
            author: who.to_owned(),
            saved_at: self.now(),
        };
        let (kept, seen) = (row.clone(), typed.seen);
        self.unless_other(&row.file, seen, move |tx| tx.save_draft(&kept))?;
        Ok(StoredDraft::new(row, &file))
    }

    /// Forgets the file's draft; refused if it is another than was seen.
    pub fn discard(&self, name: &str, seen: &str, who: &str) -> Result<(), PublishError> {
        let (file, who, now) = (name.to_owned(), who.to_owned(), self.now());
        self.unless_other(name, Some(seen.to_owned()), move |tx| {
            tx.discard_draft(&file)?;
            tx.audit(&who, "discard draft", &file, now)
        })
    }

    /// Does it in one transaction, if the file's draft is the one that was seen.
    fn unless_other(
        &self,
        name: &str,
        seen: Option<String>,
        job: impl FnOnce(&crate::store::Tx) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), PublishError> {
        let file = name.to_owned();
        let other = self.store.write(move |tx| {
            let there = tx.draft(&file)?;
            if there.as_ref().map(|draft| fingerprint(&draft.text)) == seen {
                job(tx)?;
                return Ok(None);
            }
            Ok(Some(there.map(|draft| draft.author)))
        })?;
        match other {
            None => Ok(()),
            Some(author) => Err(PublishError::OtherDraft {
                file: name.to_owned(),
                author,
            }),
        }
    }

    /// What the configuration would be with this text in the file's place. Rule tests are not run; see
    /// [`Editor::tests`].
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, in its place, also where it changes more than rules.
    pub fn check(&self, name: &str, typed: &str) -> Result<Checked, PublishError> {
        small(typed)?;
        let files = self.files()?;
        let file = one(&files, name)?.clone();
        let text = text::as_in(&file.text, typed);
        self.with(files, &file, text)
    }

    /// What the configuration would be with a text in the place of one of its files.
    fn with(
        &self,
        mut files: Vec<SourceFile>,
        file: &SourceFile,
        text: String,
    ) -> Result<Checked, PublishError> {
        let draft = SourceFile {
            path: file.path.clone(),
            text,
        };
        let more = config::beside_rules(&files, &draft);
        if !more.is_empty() {
            return Err(PublishError::Wrong(more));
        }
        let texts = [fingerprint(&file.text), fingerprint(&draft.text)];
        if let Some(file) = files.iter_mut().find(|file| file.path == draft.path) {
            *file = draft;
        }
        let config = config::load_texts(&self.in_force.file, &files, &self.environment)
            .map_err(PublishError::Wrong)?;
        let mut other = parts::differing(&self.in_force.parts, &config.parts);
        other.retain(|part| !parts::is_rules(part));
        if !other.is_empty() {
            return Err(PublishError::Wrong(vec![not_in_force(&other)]));
        }
        let rules = [self.in_force.rules_hash.clone(), config.rules_hash.clone()];
        Ok(Checked {
            looked_at: fingerprint(&[texts, rules].concat().join(" ")),
            draft: Draft {
                config,
                replaces: Vec::new(),
            },
        })
    }

    /// What the rule tests of a draft do not find as they expect.
    pub fn tests(&self, checked: &Checked) -> Vec<Diagnostic> {
        let config = &checked.draft.config;
        let failures = rule_tests::run(&config.rules, &config.tests);
        failures
            .iter()
            .map(rule_tests::Failure::diagnostic)
            .collect()
    }

    /// What a draft would change, compared with what is in force; `listed` is handed each contact that changes.
    pub fn preview(
        &self,
        checked: &Checked,
        as_of: Option<Day>,
        listed: Option<&mut dyn FnMut(&ContactChange)>,
    ) -> Result<Preview, PublishError> {
        let ask = preview::Ask {
            now: &self.in_force,
            draft: &checked.draft,
            as_of,
        };
        let clock = self.clock.as_ref();
        Ok(preview::preview(&self.store, &ask, clock, listed)?)
    }

    /// Publications, the newest first; those before a number, if one is given.
    pub fn history(
        &self,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Publication>, PublishError> {
        Ok(self.store.read(|conn| conn.publications(before, limit))?)
    }

    /// A publication, with what its file said before and after.
    pub fn publication(&self, id: i64) -> Result<(Publication, String, String), PublishError> {
        let found = self.store.read(|conn| {
            let publication = conn.publication(id)?;
            Ok(publication.zip(conn.publication_texts(id)?))
        })?;
        let (publication, (before, after)) =
            found.ok_or(PublishError::UnknownPublication { id })?;
        Ok((publication, before, after))
    }

    fn now(&self) -> Millis {
        self.clock.now().timestamp_millis()
    }
}

fn one<'a>(files: &'a [SourceFile], name: &str) -> Result<&'a SourceFile, PublishError> {
    let mut all = files.iter();
    all.find(|file| file.name() == name)
        .ok_or_else(|| PublishError::UnknownFile {
            file: name.to_owned(),
            known: files.iter().map(SourceFile::name).collect(),
        })
}

fn small(text: &str) -> Result<(), PublishError> {
    if text.len() <= DRAFT_MAX {
        return Ok(());
    }
    let (has, may) = (text.len() / 1024, DRAFT_MAX / 1024);
    let diagnostic = Diagnostic::error(
        "E0132",
        format!("the draft has {has} kB, more than {may} kB"),
    );
    Err(PublishError::Wrong(vec![diagnostic.help(
        "edit the file itself, or split it into several in a directory",
    )]))
}

/// Publishing would put these in force too, and nobody has looked at that.
fn not_in_force(parts: &[String]) -> Diagnostic {
    let message = format!(
        "more than rules would come into force: {}",
        parts.join(", ")
    );
    Diagnostic::error("E0135", message)
        .note("the files were changed since they were loaded, or a pack brings it")
        .help("reload the configuration first, or leave that pack out")
}
