//! The same loop on a build with bugs planted in it: it must say which promise each breaks.
//!
//! The build has the feature `planted-bugs` and a name of its own, so that the shipped program stays as it is.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::{feeding, judge::Violation, rounds::Rounds, writing};

/// Kills within which a bug must be caught; a cursor before its rows takes some ten, as only a kill between the two tells.
const SOON: u32 = 100;

/// The build with the feature, made once, beside the shipped one and in its profile.
fn build() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_engaged")).parent().unwrap();
        let profile = match folder.file_name().unwrap().to_str().unwrap() {
            "debug" => "dev",
            named => named,
        };
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args([
                "build",
                "--offline",
                "--package",
                "engaged",
                "--bin",
                "engaged-planted",
            ])
            .args([
                "--features",
                "planted-bugs",
                "--profile",
                profile,
                "--target-dir",
            ])
            .arg(folder.parent().unwrap());
        // What cargo tells a test about its package would have dependencies built again that listen to it.
        for (name, _) in std::env::vars() {
            if ["CARGO_PKG_", "CARGO_MANIFEST_"]
                .iter()
                .any(|told| name.starts_with(told))
            {
                cargo.env_remove(name);
            }
        }
        let output = cargo.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        folder.join("engaged-planted")
    });
    built.clone()
}

/// Plants a bug and kills until something is broken, which must be the promise that the bug is about.
fn caught(bug: &'static str, run: impl FnOnce(&mut Rounds), promise: fn(&Violation) -> bool) {
    let mut rounds = Rounds::planted(build(), bug, SOON);
    run(&mut rounds);
    rounds.tell();
    assert!(rounds.broken.iter().any(promise), "{:?}", rounds.broken);
    assert!(rounds.effective > 0, "nothing is broken before a kill");
}

#[test]
fn a_cursor_that_is_committed_before_its_rows_is_caught_as_loss() {
    caught("cursor apart", feeding::backfill, |broken| {
        matches!(broken, Violation::Lost(_))
    });
}

#[test]
fn a_request_without_an_attempt_is_caught_as_unaccounted() {
    caught("no attempt", writing::before_the_answer, |broken| {
        matches!(broken, Violation::Unaccounted(_))
    });
}

#[test]
fn events_that_are_not_compared_are_caught_as_doubled() {
    caught("no dedupe", feeding::backfill, |broken| {
        matches!(broken, Violation::Twice(_))
    });
}

#[test]
fn nothing_is_caught_where_no_bug_is_planted_and_the_shipped_program_has_none_to_plant() {
    let shipped = PathBuf::from(env!("CARGO_BIN_EXE_engaged"));
    for (binary, bug) in [(build(), "none"), (shipped, "no dedupe")] {
        let mut rounds = Rounds::planted(binary, bug, 3);
        feeding::backfill(&mut rounds);
        rounds.end();
    }
}
