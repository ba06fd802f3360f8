//! What the design promises about speed and memory, measured, each beside something that does the same in the same run.
//!
//! `cargo bench --bench targets -- WHAT [--contacts N]`, WHAT one or more of
//! `store`, `sync`, `push`, `memory`; `benches/run.sh` runs all in the sizes that count. CPU
//! seconds are the measure, since machines are shared. A figure far off its target ends the run with 1.

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
#[path = "targets/measure.rs"]
mod measure;
#[path = "targets/report.rs"]
mod report;

use std::process::ExitCode;

use audience::{Audience, Order};
use engaged::store::{Access, Store};
use report::Report;

fn main() -> ExitCode {
    let mut contacts = 100_000_u32;
    let mut order = Order::OfTheList;
    let mut what = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--contacts" => contacts = words.next().unwrap().parse().unwrap(),
            "--shuffled" => order = Order::OfItsOwn,
            // Cargo's own word.
            "--bench" => {}
            other => what.push(other.to_owned()),
        }
    }
    let mut good = true;
    for each in what {
        let report = Report::default();
        match each.as_str() {
            "store" => store(contacts, order, &report),
            other => panic!("there is no benchmark {other}"),
        }
        good &= report.print(&each);
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn store(contacts: u32, order: Order, report: &Report) {
    let folder = std::env::var("BENCH_DIR").unwrap_or_else(|_| "/tmp".into());
    let folder = tempfile::tempdir_in(folder).unwrap();
    let file = folder.path().join("engaged.db");
    let audience = Audience::new(contacts, 1, order);
    let store = Store::open(&file, Access::ReadWrite, &append::Stopped).unwrap();
    append::measure(&store, &file, &audience, report);
}
