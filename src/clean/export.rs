//! What contacts were before anything is done to them: lines of JSON in a file beside the database.
//!
//! The same text is kept in the database; the file is for people, and for the
//! day on which there is no database any more.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{File, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use engaged_connectors::{
    connector::{Former, Look, Removal, Who},
    model::{Address, Status},
};
use serde::{Deserialize, Serialize};

use crate::store::{CleaningCase, OutboxRow, StoreError, Tx};

use super::{CleanError, Cleaning, Site, apply::CleanReport, work::Ready};

/// One contact on one platform, as it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Export {
    /// The policy.
    pub(super) policy: String,
    /// The batch.
    pub(super) batch: i64,
    /// The connection.
    pub(super) connection: String,
    /// What is done.
    pub(super) done: String,
    /// The contact's id there.
    pub(super) platform_id: String,
    /// Its address there.
    pub(super) email: Option<Address>,
    /// Its status.
    pub(super) status: Option<Status>,
    /// When first subscribed, RFC 3339.
    pub(super) subscribed_at: Option<String>,
    /// Its lists.
    pub(super) lists: Vec<String>,
    /// Its tags; none where the platform did not list them.
    pub(super) tags: Option<Vec<String>>,
    /// Its fields.
    pub(super) fields: BTreeMap<String, String>,
    /// When this was read, RFC 3339.
    pub(super) exported_at: String,
}

impl Export {
    /// What is to be put back; `None` if nothing was taken off.
    pub(super) fn former(&self) -> Option<Former> {
        let removal = Removal::ALL
            .into_iter()
            .find(|each| each.as_str() == self.done)?;
        Some(Former {
            who: Who {
                contact: self.platform_id.clone(),
                email: self.email.clone(),
            },
            removal,
            status: self.status?,
            lists: self.lists.clone(),
            tags: self.tags.clone().unwrap_or_default(),
        })
    }

    /// Takes over what a platform shows; our own tag is not part of what was before.
    pub(super) fn with(mut self, look: &Look, tag: Option<&str>) -> Self {
        let contact = &look.contact;
        self.email = contact.email.clone().or(self.email);
        self.status = contact.status;
        self.subscribed_at = contact.subscribed_at.map(|at| at.to_rfc3339());
        self.lists.clone_from(&contact.lists);
        self.fields.clone_from(&contact.fields);
        self.tags.clone_from(&contact.tags);
        if let (Some(tags), Some(tag)) = (&mut self.tags, tag) {
            tags.retain(|each| each != tag);
        }
        self
    }
}

/// Where a batch's export is: `DATABASE.cleaned-POLICY-BATCH.jsonl`.
pub(super) fn path(database: &Path, policy: &str, batch: i64) -> PathBuf {
    let name = database.file_name().unwrap_or_default().to_string_lossy();
    database.with_file_name(format!("{name}.cleaned-{policy}-{batch}.jsonl"))
}

/// Adds lines to a file that its owner alone can read, and returns when they are on disk.
pub(super) fn write(path: &Path, lines: &[String]) -> Result<(), CleanError> {
    let failed = |error| CleanError::Export {
        path: path.to_owned(),
        error,
    };
    let mut text = lines.join("\n");
    text.push('\n');
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path);
    let mut file: File = file.map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    // A new file is there after a power cut only if its directory is, too.
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    folder.sync_all().map_err(failed)
}

impl Cleaning<'_> {
    /// What is known of a contact before it is looked at.
    pub(super) fn export_of(
        &self,
        site: &Site<'_>,
        case: &CleaningCase,
        row: &OutboxRow,
    ) -> Export {
        Export {
            policy: case.policy.clone(),
            batch: case.batch.unwrap_or_default(),
            connection: site.place.name.clone(),
            done: row.row.write.clone(),
            platform_id: row.row.platform_id.clone(),
            email: row.email.as_deref().and_then(Address::parse),
            status: None,
            subscribed_at: None,
            lists: Vec::new(),
            tags: None,
            fields: BTreeMap::new(),
            exported_at: self.clock.now().to_rfc3339(),
        }
    }

    /// Nothing is done to anybody who is not on disk as they were, in the file and in the database.
    pub(super) async fn keep_exports(
        &self,
        ready: Vec<(Ready, Export)>,
        report: &mut CleanReport,
    ) -> Result<Vec<Ready>, CleanError> {
        let mut files: HashMap<PathBuf, Vec<String>> = HashMap::new();
        let mut kept = Vec::new();
        let mut befores = Vec::new();
        for (ready, export) in ready {
            let file = path(&self.config.database, &export.policy, export.batch);
            let line = serde_json::to_string(&export)
                .map_err(|error| StoreError::bug(format!("an export: {error}")))?;
            files.entry(file).or_default().push(line.clone());
            befores.push((ready.taken.clone(), line));
            kept.push(ready);
        }
        for (file, lines) in files {
            write(&file, &lines)?;
            report.export = Some(file.display().to_string());
        }
        let keep = move |tx: &Tx| {
            let mut befores = befores.iter();
            befores.try_for_each(|(taken, before)| tx.export_before(taken, before))
        };
        self.store.write_async(keep).await?;
        Ok(kept)
    }
}
