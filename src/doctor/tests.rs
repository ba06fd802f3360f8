use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt as _, path::Path};

use chrono::{DateTime, TimeDelta, Utc};
use engaged_connectors::{Account, Clock as _};

use super::{
    CODES, Finding, State, look,
    platform::{ahead, clock_of, rights},
    storage::judged_disk,
    zone::judged,
};
use crate::{
    care::{self, disk::Space},
    clock::SystemClock,
    config::{self, Config, Environment, Mode},
    score::calendar::Zone,
    store::{Access, BackupRow, Store, restore},
};

const CONFIG: &str = r#"
timezone = "Europe/Amsterdam"
[connections.news]
platform = "mailchimp"
key = { file = "news.key" }
shadow_until = 2026-01-01
[scores.engagement]
rules = [ { when = "open", points = 1 } ]
bands = [ { name = "all" } ]
"#;

fn load(folder: &Path) -> Config {
    let file = folder.join("engaged.toml");
    fs::write(&file, CONFIG).unwrap();
    config::load(&file, &Environment::new()).unwrap()
}

fn found(config: &Config) -> Vec<Finding> {
    look(config, &Environment::new(), &SystemClock)
}

fn codes(findings: &[Finding]) -> BTreeSet<&str> {
    findings.iter().map(|each| each.code).collect()
}

#[test]
fn codes_are_told_once_in_order_and_explained_in_the_docs() {
    assert!(CODES.is_sorted());
    let docs = include_str!("../../docs/doctor.md");
    let missing: Vec<_> = CODES
        .iter()
        .filter(|code| !docs.contains(&format!("`{code}`")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn without_key_and_database_both_are_told_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let config = load(folder.path());
    let findings = found(&config);
    let codes = codes(&findings);
    assert!(
        codes.contains("secret_unreadable") && codes.contains("database_missing"),
        "{codes:?}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn files_that_others_can_read_are_told_with_the_command_that_closes_them() {
    let folder = tempfile::tempdir().unwrap();
    let config = load(folder.path());
    let key = folder.path().join("news.key");
    fs::write(&key, "k-us1").unwrap();
    drop(Store::open(&config.database, Access::ReadWrite, &SystemClock).unwrap());
    let set = |mode| {
        let ours = crate::store::files(&config.database).into_iter();
        for path in ours.map(|file| file.path).chain([key.clone()]) {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    set(0o640);
    let findings = found(&config);
    for code in ["secret_open", "database_open"] {
        let finding = findings.iter().find(|each| each.code == code).unwrap();
        assert_eq!(finding.state, State::Warning);
        assert!(
            finding.fix.as_ref().unwrap().starts_with("chmod 600 /"),
            "{finding:?}"
        );
    }
    set(0o600);
    let findings = found(&config);
    let all = codes(&findings);
    assert!(
        !all.contains("secret_open") && !all.contains("database_open"),
        "{all:?}"
    );
    assert!(
        all.contains("database") && all.contains("shadow_over"),
        "{all:?}"
    );
    assert!(
        findings.iter().all(|each| !each.state.is_to_mend()),
        "{findings:?}"
    );
}

#[test]
fn backups_failed_checks_and_a_quarantine_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = load(folder.path());
    let store = Store::open(&config.database, Access::ReadWrite, &SystemClock).unwrap();
    let state = |config: &Config, code: &str| {
        let findings = found(config);
        findings
            .iter()
            .find(|each| each.code == code)
            .map(|each| each.state)
    };
    assert_eq!(state(&config, "backup_missing"), Some(State::Note));
    config.connections[0].mode = Mode::Live;
    assert_eq!(state(&config, "backup_missing"), Some(State::Warning));
    let file = folder.path().join("good.db");
    let held = store.back_up(&file, false).unwrap();
    let made_at = SystemClock.now().timestamp_millis();
    let row = BackupRow {
        file: file.display().to_string(),
        made_at: made_at - 3 * 86_400_000,
        bytes: i64::try_from(held.bytes).unwrap(),
        contacts: 0,
        events: 0,
    };
    store.write(move |tx| tx.add_backup(&row)).unwrap();
    assert_eq!(state(&config, "backup"), Some(State::Fine));
    // Three days old is too old only where they are to be made.
    config.backup = Some(config::Backup {
        folder: folder.path().into(),
        keep: 7,
    });
    assert_eq!(state(&config, "backup_old"), Some(State::Warning));
    store
        .write(move |tx| tx.set_care("verify", Some("3 scores differ"), made_at))
        .unwrap();
    assert_eq!(state(&config, "check_failed"), Some(State::Trouble));
    assert_eq!(state(&config, "quarantine"), None);
    assert_eq!(state(&config, "retention_waits"), None);
    store
        .write(move |tx| tx.set_control(care::WAITING, "1700000000000", made_at))
        .unwrap();
    assert_eq!(state(&config, "retention_waits"), Some(State::Warning));
    drop(store);
    let zone = Zone::new(config.zone);
    restore(&config.database, &file, &zone, &SystemClock).unwrap();
    assert_eq!(state(&config, "quarantine"), Some(State::Warning));
}

#[test]
fn who_holds_the_database_is_seen_without_taking_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let config = load(folder.path());
    let store = Store::open(&config.database, Access::ReadWrite, &SystemClock).unwrap();
    let findings = found(&config);
    let daemon = findings
        .iter()
        .find(|each| each.code.starts_with("daemon"))
        .unwrap();
    assert_eq!(daemon.code, "daemon", "{daemon:?}");
    let pid = std::process::id().to_string();
    assert!(daemon.message.contains(&pid), "{daemon:?}");
    drop(store);
    // A process that another test is about to start may hold it for an instant longer.
    let free = (0..1000).any(|_| {
        std::thread::yield_now();
        codes(&found(&config)).contains("daemon_absent")
    });
    assert!(free);
}

#[test]
fn a_clock_is_judged_by_more_than_the_second_that_a_date_leaves_open() {
    let at = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
    let (sent, back) = (at("2026-06-15T10:00:00.9Z"), at("2026-06-15T10:00:01.2Z"));
    // A server that is in step says the second that it is in.
    assert_eq!(
        ahead(at("2026-06-15T10:00:00Z"), sent, back),
        TimeDelta::zero()
    );
    assert_eq!(
        ahead(at("2026-06-15T10:01:01.2Z"), sent, back),
        TimeDelta::seconds(60)
    );
    assert_eq!(clock_of("news", TimeDelta::seconds(-30)).state, State::Fine);
    let late = clock_of("news", TimeDelta::seconds(-31));
    assert_eq!((late.code, late.state), ("clock_skew", State::Trouble));
    assert!(late.message.contains("31 s ahead of news"), "{late:?}");
    assert!(
        clock_of("news", TimeDelta::seconds(61))
            .message
            .contains("61 s behind news")
    );
}

#[test]
fn rights_that_lack_are_to_be_mended_and_needless_ones_are_to_be_known() {
    let folder = tempfile::tempdir().unwrap();
    let config = load(folder.path());
    let account = Account {
        name: "Krant".into(),
        version: None,
        missing: vec!["the role Manager".into()],
        needless: vec!["the role owner".into()],
    };
    let found = rights(&config.connections[0], &account);
    let states: Vec<_> = found.iter().map(|each| (each.code, each.state)).collect();
    assert_eq!(
        states,
        [
            ("key", State::Fine),
            ("right_missing", State::Warning),
            ("right_needless", State::Note)
        ]
    );
}

#[test]
fn a_disk_is_low_below_a_twentieth_or_two_hundred_megabytes_whichever_is_less() {
    let judged = |free, total| judged_disk("/", Space { free, total });
    assert_eq!(judged(200_000_000, 1 << 40).state, State::Fine);
    assert_eq!(judged(199_000_000, 1 << 40).code, "disk_low");
    assert_eq!(judged(60, 1_000).state, State::Fine);
    assert_eq!(judged(49, 1_000).code, "disk_low");
}

#[test]
fn zone_data_of_the_machine_that_are_newer_are_noted() {
    assert_eq!(judged("UTC", "2025b", None).state, State::Fine);
    assert_eq!(
        judged("UTC", "2025b", Some("2025b-DIRTY")).state,
        State::Fine
    );
    assert_eq!(judged("UTC", "2025b", Some("2026a")).state, State::Note);
}
