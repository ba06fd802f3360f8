//! Import: every row is kept or named, and a file imported twice brings no event twice.
//!
//! The first byte says how the file is called.

use std::{
    fs,
    sync::{Mutex, PoisonError},
};

use engaged::{
    import::{ImportReport, Options, import},
    store::Store,
};
use tempfile::TempDir;

use super::scratch::{self, Noon};

/// A store that has grown costs time.
const FILES_PER_STORE: u32 = 200;

static SHARED: Mutex<Option<(TempDir, Store, u32)>> = Mutex::new(None);

/// Imports a file twice.
pub fn run(bytes: &[u8]) {
    let Some((&name, bytes)) = bytes.split_first() else {
        return;
    };
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if shared
        .as_ref()
        .is_none_or(|(_, _, used)| *used >= FILES_PER_STORE)
    {
        *shared = None;
    }
    let (folder, store, used) = shared.get_or_insert_with(|| {
        let (folder, store) = scratch::store();
        (folder, store, 0)
    });
    *used += 1;
    let extension = [".csv", ".jsonl", ""][usize::from(name) % 3];
    let file = folder.path().join(format!("file{extension}"));
    fs::write(&file, bytes).unwrap();
    // Another connection each time: what was imported before is not known there.
    let options = Options {
        connection: format!("import{used}"),
        kinds: vec!["demo_request".into()],
    };
    let take = |store: &Store| -> ImportReport {
        let files = [file.clone()];
        import(store, &files, &options, &Noon, &mut |_| ()).unwrap()
    };
    let (first, again) = (take(store), take(store));
    assert_eq!(
        first.bad_count,
        first.bad.len() as u64 + first.bad_count.saturating_sub(1000)
    );
    for bad in &first.bad {
        assert!(bad.line > 0 && !bad.reason.is_empty());
    }
    let bad = |report: &ImportReport| {
        (
            report.bad_count,
            report.bad.clone(),
            report.contacts,
            report.gaps,
        )
    };
    assert_eq!(bad(&first), bad(&again));
    let new = (again.events, again.superseded);
    assert_eq!(new, (0, 0), "the second time brought news: {again:?}");
    if first.contacts < 2 {
        // Of two rows that contradict each other the later one holds, each time.
        assert_eq!(again.contacts_changed, 0, "{again:?}");
    }
    assert_eq!(
        first.events + first.duplicates + first.superseded,
        again.duplicates,
        "{first:?}"
    );
}
