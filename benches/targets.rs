//! What the design promises about speed and memory, measured, each beside something that does the same in the same run.
//!
//! `cargo bench --bench targets -- WHAT [--contacts N]`, WHAT one or more of
//! `store`, `pages`, `sync`, `push`, `memory`, `heavy`, `large`; `benches/run.sh` runs all in the sizes that count. CPU
//! seconds are the measure, since machines are shared; but not of starts and stops in `large`. A figure far off its
//! target ends the run with 1.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot go on has failed"
)]

#[path = "targets/append.rs"]
mod append;
#[path = "targets/audience.rs"]
mod audience;
#[path = "targets/feed.rs"]
mod feed;
#[path = "targets/heavy.rs"]
mod heavy;
#[path = "targets/large.rs"]
mod large;
#[path = "targets/measure.rs"]
mod measure;
#[path = "targets/memory.rs"]
mod memory;
#[path = "targets/pages.rs"]
mod pages;
#[path = "targets/push.rs"]
mod push;
#[path = "targets/report.rs"]
mod report;
#[path = "targets/running.rs"]
mod running;
#[path = "targets/score.rs"]
mod score;
#[path = "targets/served.rs"]
mod served;
#[path = "targets/stage.rs"]
mod stage;
#[path = "targets/sync.rs"]
mod sync;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use audience::{Audience, Order};
use engaged::store::{Access, Store};
use report::Report;
use stage::Size;

fn main() -> ExitCode {
    let mut asked = Asked {
        contacts: 100_000,
        events: 1_000_000,
        months: 12,
        order: Order::OfTheList,
        folder: std::env::temp_dir(),
        filled: None,
    };
    let mut what = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().expect("a value follows");
        match word.as_str() {
            "--contacts" => asked.contacts = value().parse().expect("a number"),
            "--events" => asked.events = value().parse().expect("a number"),
            "--months" => asked.months = value().parse().expect("a number"),
            "--shuffled" => asked.order = Order::OfItsOwn,
            "--folder" => asked.folder = value().into(),
            "--filled" => asked.filled = Some(value().into()),
            // Cargo's own word.
            "--bench" => {}
            other => what.push(other.to_owned()),
        }
    }
    let mut good = true;
    for each in what {
        let report = Report::default();
        let size = Size {
            people: asked.contacts,
            months: asked.months,
        };
        match each.as_str() {
            // A part of this program that runs by itself.
            "serve" => {
                stage::serve(size);
                return ExitCode::SUCCESS;
            }
            "store" => store(&asked, &report),
            "pages" => pages(&asked, &report),
            "sync" => sync::measure(&asked.folder, size, &report),
            "push" => push::measure(&asked.folder, asked.contacts, &report),
            "memory" => memory::measure(&asked.folder, size, &report),
            "heavy" => heavy::measure(&asked.folder, asked.events, &report),
            "large" => large::measure(&asked, &report),
            other => panic!("there is no benchmark {other}"),
        }
        good &= report.print(&each);
    }
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What was asked for on the command line.
struct Asked {
    contacts: u32,
    /// Of the one contact in `heavy`.
    events: u32,
    /// How far a sandbox's letters go back.
    months: u32,
    order: Order,
    /// Where databases are made, and removed again.
    folder: PathBuf,
    /// A database to fill, or one that an earlier run with the same numbers filled; it stays.
    filled: Option<PathBuf>,
}

/// Taking in, and scoring what was taken in.
fn store(asked: &Asked, report: &Report) {
    let folder = tempfile::tempdir_in(&asked.folder).expect("a folder for the database");
    let file = folder.path().join("engaged.db");
    let (audience, events) = fill(asked, &file, report);
    score::measure(&open(&file), &file, &audience, events, report);
}

/// What pages read.
fn pages(asked: &Asked, report: &Report) {
    let folder = tempfile::tempdir_in(&asked.folder).expect("a folder for the database");
    let file = folder.path().join("engaged.db");
    // What filling costs is told by `store`.
    fill(asked, &file, &Report::default());
    let store = open(&file);
    pages::measure(&store, &file, report);
    served::measure(store, folder.path(), report);
}

fn open(file: &Path) -> Store {
    Store::open(file, Access::ReadWrite, &append::Stopped).expect("a store")
}

/// A store with the history of an audience; how many events that is.
fn fill(asked: &Asked, file: &Path, report: &Report) -> (Arc<Audience>, usize) {
    let audience = Audience::new(asked.contacts, 1, asked.order, audience::LETTERS);
    let filled = asked.filled.as_ref();
    let events = if let Some(filled) = filled.filter(|filled| filled.exists()) {
        std::fs::copy(filled, file).expect("a copy");
        append::count(&audience).events
    } else {
        append::measure(&open(file), file, &audience, report)
    };
    if let Some(filled) = filled.filter(|filled| !filled.exists()) {
        std::fs::copy(file, filled).expect("a copy");
    }
    (audience, events)
}
