//! Every connector against the conformance checks, and every check against connectors that commit the bug it is for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "conformance/bugs.rs"]
mod bugs;
#[path = "conformance/mutant.rs"]
mod mutant;

use std::{fs, path::Path};

use chrono::DateTime;
use engaged::conformance::{SUBJECTS, subject};
use engaged_connectors::{
    Clock, Connector,
    conformance::{self, Access, HandClock, Rights, Row, Scene, Stand, Subject, render_golden},
};

/// Compares with a file of the repository; `UPDATE_SNAPSHOTS=1` writes it instead.
fn assert_snapshot(path: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, now).unwrap();
    }
    let before = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        before,
        now,
        "{} differs: UPDATE_SNAPSHOTS=1 writes it",
        path.display()
    );
}

async fn stand(subject: &dyn Subject) -> (Box<dyn Stand>, std::sync::Arc<HandClock>) {
    let clock = HandClock::at(DateTime::from_timestamp(1_781_092_800, 0).unwrap());
    let scene = Scene {
        people: 10,
        rights: Rights::All,
        clock: clock.clone(),
    };
    (subject.stand(scene).await.unwrap(), clock)
}

async fn passes(platform: &str) {
    let report = conformance::run(subject(platform).unwrap(), &[]).await;
    assert_eq!(report.outcomes.len(), 18);
    assert!(report.passed(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn ghost_passes_every_check() {
    passes("ghost").await;
}

#[tokio::test(start_paused = true)]
async fn mailchimp_passes_every_check() {
    passes("mailchimp").await;
}

#[tokio::test(start_paused = true)]
async fn copernica_passes_every_check() {
    passes("copernica").await;
}

#[tokio::test(start_paused = true)]
async fn activecampaign_passes_every_check() {
    passes("activecampaign").await;
}

#[tokio::test(start_paused = true)]
async fn hubspot_passes_every_check() {
    passes("hubspot").await;
}

#[tokio::test(start_paused = true)]
async fn recorded_answers_mean_what_they_meant() {
    for subject in SUBJECTS {
        let (stand, clock) = stand(subject).await;
        for case in subject.golden() {
            let text = render_golden(stand.as_ref(), clock.clone(), &case)
                .await
                .unwrap();
            let path = format!(
                "connectors/fixtures/{}/golden/{}.jsonl",
                subject.platform(),
                case.name
            );
            assert_snapshot(&path, &text);
        }
    }
}

/// The settings of a release stand in a file; additions go there with the next release.
#[test]
fn the_settings_of_the_last_release_are_recorded() {
    for subject in SUBJECTS {
        let settings = subject.settings();
        let now = serde_json::to_string_pretty(&settings.now).unwrap() + "\n";
        assert_snapshot(
            &format!("connectors/fixtures/{}/settings.json", subject.platform()),
            &now,
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_table_of_platforms_in_the_docs_is_the_one_of_the_program() {
    let mut connectors: Vec<(Box<dyn Connector>, &dyn Subject)> = Vec::new();
    for subject in SUBJECTS {
        let (stand, clock) = stand(subject).await;
        let clock: std::sync::Arc<dyn Clock> = clock;
        connectors.push((
            stand.connect(&Access::good(), clock, stand.line()).unwrap(),
            subject,
        ));
    }
    let rows: Vec<Row<'_>> = connectors
        .iter()
        .map(|(connector, subject)| Row {
            capabilities: connector.capabilities(),
            skips: subject.skips(),
        })
        .collect();
    let head = "# Platforms\n\nWhat each connector does, from its own declaration, which `engaged conformance` holds against its code.\n\
                This file is written by `UPDATE_SNAPSHOTS=1 cargo test --test conformance`.\n\n";
    assert_snapshot(
        "docs/platforms/README.md",
        &format!("{head}{}", conformance::table(&rows)),
    );
}
