//! A store that targets may fill, and a folder in memory where there is one.

use std::{path::Path, sync::LazyLock};

use chrono::{DateTime, Utc};
use engaged::store::{Access, Store, StoreError, Tx};
use engaged_connectors::Clock;
use tempfile::TempDir;

/// The present in every target: 2026-11-22, noon.
pub const NOW_MS: i64 = 1_795_348_800_000;

/// A clock that stands still at [`NOW_MS`].
pub struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(NOW_MS).unwrap_or_default()
    }
}

/// A folder that goes away with its owner.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// A new store, and its folder.
pub fn store() -> (TempDir, Store) {
    let folder = folder();
    let path = folder.path().join("engaged.db");
    let store = Store::open(&path, Access::ReadWrite, &Noon).unwrap();
    (folder, store)
}

/// Does something in a transaction of one shared store, and takes it back. A refusal is a finding.
pub fn rolled_back(job: impl FnOnce(&Tx) -> Result<(), StoreError> + Send + 'static) {
    static SHARED: LazyLock<(TempDir, Store)> = LazyLock::new(store);
    const TAKEN_BACK: &str = "taken back";
    let end = SHARED.1.write(move |tx| -> Result<(), StoreError> {
        job(tx)?;
        Err(StoreError::Full {
            detail: TAKEN_BACK.into(),
        })
    });
    match end {
        Err(StoreError::Full { detail }) if detail == TAKEN_BACK => {}
        other => panic!("the store refuses what a reader made: {other:?}"),
    }
}

/// Asserts that a text for people holds no whole address.
pub fn holds_no_address(text: &str) {
    let separates = |c: char| !(c.is_alphanumeric() || "@.+-_".contains(c));
    let mut words = text.split(separates);
    let found = words.find(|word| engaged_connectors::model::Address::parse(word).is_some());
    assert!(found.is_none(), "an address stands in: {text}");
}
