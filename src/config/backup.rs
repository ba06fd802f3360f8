//! `[backup]`: where the daemon keeps copies of its database.

use std::path::{Path, PathBuf};

use super::tree::{Node, Table};

/// The daily backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The folder; the daemon makes it.
    pub folder: PathBuf,
    /// How many are kept.
    pub keep: u32,
}

/// Reads the section; without it the daemon makes no backups.
pub(super) fn check(root: &Table, base: &Path) -> Option<Backup> {
    let table = root.table("backup")?;
    let keep = table.get("keep").and_then(Node::integer);
    Some(Backup {
        folder: base.join(table.text("folder")?),
        keep: keep.and_then(|keep| u32::try_from(keep).ok()).unwrap_or(7),
    })
}
