//! What a scraper gets, read by a parser that forgives nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use engaged_connectors::{Stream, model::EventKind};
use tempfile::TempDir;

use super::*;
use crate::{
    config::{self, Environment},
    score::calendar::Zone,
    store::{Access, BackupRow, Lane, NewOutboxRow, SCORES, WHOLE, restore},
};

/// A clock that is a second later each time it is asked.
struct Ticking(std::sync::atomic::AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> DateTime<Utc> {
        let at = self.0.fetch_add(1_000, std::sync::atomic::Ordering::SeqCst);
        DateTime::from_timestamp_millis(at).unwrap()
    }
}

const NOON: Millis = 1_781_000_000_000;

const CONFIG: &str = r#"
timezone = "Europe/Amsterdam"
database = "engaged.db"
[connections.news]
platform = "mailchimp"
key = { env = "KEY" }
[connections.blog]
platform = "ghost"
base_url = "https://blog.example"
key = { env = "KEY" }
[scores.engagement]
rules = [{ when = "click", points = 10 }]
[[automations]]
name = 'say "hi" \ bye'
when = "engagement > 5"
start = { webhook = "https://x.example/", key = { env = "KEY" } }
"#;

fn bench() -> (TempDir, Store, Arc<Config>, Pulse) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engaged.toml");
    std::fs::write(&path, CONFIG).unwrap();
    let config = config::load(&path, &Environment::new()).unwrap();
    let store = Store::open(&config.database, Access::ReadWrite, &clock()).unwrap();
    (folder, store, Arc::new(config), Pulse::new(&clock()))
}

fn clock() -> Ticking {
    Ticking(NOON.into())
}

/// Each sample with its labels in order, and its value.
type Samples = BTreeMap<(String, Vec<(String, String)>), f64>;

/// Reads the format as it is written down: each family announced once, all its samples behind it, none twice.
fn parse(text: &str) -> Samples {
    assert!(text.ends_with('\n'));
    let mut samples = Samples::new();
    let mut families = BTreeSet::new();
    let mut family = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(
                help.ends_with('.') && families.insert(name.to_owned()),
                "{line}"
            );
            let sort = lines
                .next()
                .unwrap()
                .strip_prefix(&format!("# TYPE {name} "))
                .unwrap();
            assert_eq!(sort == "counter", name.ends_with("_total"), "{line}");
            assert!(["counter", "gauge"].contains(&sort));
            family = name.to_owned();
            continue;
        }
        let (name, labels, value) = sample(line);
        assert_eq!(name, family, "{line}");
        let value: f64 = value.parse().unwrap();
        assert!(value.is_finite(), "{line}");
        assert!(
            samples.insert((name, labels), value).is_none(),
            "{line} twice"
        );
    }
    samples
}

fn is_name(name: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(word)
}

fn sample(line: &str) -> (String, Vec<(String, String)>, &str) {
    let end = line.find(['{', ' ']).unwrap();
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap();
            assert!(is_name(label), "{line}");
            let mut value = String::new();
            let mut chars = after.char_indices();
            let end = loop {
                match chars.next().unwrap() {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match chars.next().unwrap().1 {
                        'n' => '\n',
                        escaped @ ('\\' | '"') => escaped,
                        other => panic!("\\{other} in {line}"),
                    }),
                    (_, other) => value.push(other),
                }
            };
            labels.push((label.to_owned(), value));
            rest = &after[end + 1..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').unwrap();
    }
    (name.to_owned(), labels, rest.strip_prefix(' ').unwrap())
}

fn get(samples: &Samples, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let labels = labels.iter();
    let labels = labels.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    samples.get(&(name.to_owned(), labels.collect())).copied()
}

#[tokio::test]
async fn a_scrape_of_an_empty_store_is_well_formed_and_names_what_is_configured() {
    let (_folder, store, config, pulse) = bench();
    let text = scrape(&store, &config, &pulse, &clock()).await.unwrap();
    let samples = parse(&text);
    let blog = [("connection", "blog"), ("state", "never synced")];
    assert_eq!(get(&samples, "engaged_connection_state", &blog), Some(1.0));
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    assert_eq!(get(&samples, "engaged_build_info", &version), Some(1.0));
    assert_eq!(get(&samples, "engaged_contacts", &[]), Some(0.0));
    assert_eq!(
        get(&samples, "engaged_scrape_duration_seconds", &[]),
        Some(1.0)
    );
    assert_eq!(
        get(
            &samples,
            "engaged_connection_data_age_seconds",
            &[("connection", "news")]
        ),
        None
    );
    // A name of the user's own, whatever is in it.
    let odd = [
        ("connection", "webhook say \"hi\" \\ bye"),
        ("state", "planned"),
    ];
    assert_eq!(get(&samples, "engaged_outbox_rows", &odd), Some(0.0));
    for kind in Kind::NAMES {
        assert_eq!(
            get(&samples, "engaged_alerts_firing", &[("alert", kind)]),
            Some(0.0)
        );
    }
}

/// Four syncs and one under way, three writes, three guards, a block and a pause; what names somebody says "canary".
fn happen(store: &Store) {
    store
        .write(|tx| {
            let id = tx.connection("news", "mailchimp", NOON)?.id;
            tx.declare_stream(id, Stream("activity"), &[EventKind::Open])?;
            for outcome in [
                "ok",
                "trouble",
                "ok",
                "E0401 canary@x.example",
                "E0402 canary",
            ] {
                let run = tx.begin_run("sync", Some(id), NOON - 60_000)?;
                tx.end_run(run, outcome, Some("canary"), NOON)?;
            }
            tx.begin_run("score", None, NOON)?;
            for (target, state) in [
                ("a", OutboxState::Applied),
                ("b", OutboxState::Retry),
                ("c", OutboxState::Retry),
            ] {
                let row = NewOutboxRow {
                    plan: None,
                    connection: id,
                    contact: None,
                    platform_id: "canary".into(),
                    write: "add tag".into(),
                    target: target.into(),
                    value: Some("canary".into()),
                    reason: String::new(),
                    lane: Lane::Set,
                };
                let row = tx.enqueue(&row, NOON)?.unwrap();
                tx.settle(row, state, Some("canary"), None, NOON)?;
            }
            tx.trip_guard("max_starts", Some(id), "1", "canary", NOON)?;
            tx.trip_guard("max_starts", Some(id), "2", "canary", NOON)?;
            tx.trip_guard("canary", Some(id), "3", "canary", NOON)?;
            tx.block("news", "canary", NOON)?;
            tx.set_paused(true, "canary", NOON)
        })
        .unwrap();
}

#[tokio::test]
async fn what_happened_is_counted_by_connection_state_and_outcome_and_nobody_is_named() {
    let (_folder, store, config, pulse) = bench();
    happen(&store);
    let text = scrape(&store, &config, &pulse, &clock()).await.unwrap();
    assert!(!text.contains("canary"), "{text}");
    let samples = parse(&text);
    let news = ("connection", "news");
    for (name, labels, value) in [
        ("connection_state", &[news, ("state", "blocked")][..], 1.0),
        ("connection_state", &[news, ("state", "ok")], 0.0),
        ("connection_data_age_seconds", &[news], 60.0),
        (
            "connection_last_success_timestamp_seconds",
            &[news],
            1_780_999_940.0,
        ),
        ("outbox_rows", &[news, ("state", "retry")], 2.0),
        ("outbox_rows", &[news, ("state", "applied")], 1.0),
        ("guards_open", &[("guard", "max_starts")], 2.0),
        ("guards_open", &[("guard", "other")], 1.0),
        ("writing_paused", &[], 1.0),
        ("runs_total", &[("job", "sync"), ("outcome", "ok")], 2.0),
        (
            "runs_total",
            &[("job", "sync"), ("outcome", "trouble")],
            1.0,
        ),
        ("runs_total", &[("job", "sync"), ("outcome", "other")], 2.0),
    ] {
        let found = get(&samples, &format!("engaged_{name}"), labels);
        assert_eq!(found, Some(value), "{name} {labels:?}");
    }
    let score = [("job", "score"), ("outcome", "ok")];
    assert_eq!(
        get(&samples, "engaged_runs_total", &score),
        None,
        "it has not ended"
    );
}

#[tokio::test]
async fn the_care_of_the_database_is_told_in_numbers() {
    let (folder, store, config, pulse) = bench();
    let text = scrape(&store, &config, &pulse, &clock()).await.unwrap();
    let samples = parse(&text);
    let of = |samples: &Samples, name: &str| get(samples, name, &[]);
    assert!(of(&samples, "engaged_database_bytes").unwrap() > 8_000.0);
    let free = of(&samples, "engaged_disk_free_bytes").unwrap();
    assert!(free > 0.0 && of(&samples, "engaged_disk_reserve_bytes").unwrap() > 0.0);
    let backup = "engaged_backup_last_timestamp_seconds";
    assert_eq!(of(&samples, backup), None);
    assert_eq!(of(&samples, "engaged_quarantine"), Some(0.0));

    let file = folder.path().join("good.db");
    store.back_up(&file, false).unwrap();
    let row = BackupRow {
        file: "canary.db".into(),
        made_at: NOON,
        bytes: 4_096,
        contacts: 0,
        events: 0,
    };
    store
        .write(move |tx| {
            tx.add_backup(&row)?;
            tx.set_care(SCORES, Some("canary"), NOON)?;
            tx.set_care(WHOLE, None, NOON)?;
            tx.set_care("canary", None, NOON)
        })
        .unwrap();
    let text = scrape(&store, &config, &pulse, &clock()).await.unwrap();
    assert!(!text.contains("canary"), "{text}");
    let samples = parse(&text);
    assert_eq!(of(&samples, backup), Some(seconds(NOON)));
    assert_eq!(of(&samples, "engaged_backup_bytes"), Some(4_096.0));
    let failed = |check| get(&samples, "engaged_check_failed", &[("check", check)]);
    assert_eq!((failed(SCORES), failed(WHOLE)), (Some(1.0), Some(0.0)));

    drop(store);
    let zone = Zone::new(config.zone);
    restore(&config.database, &file, &zone, &clock()).unwrap();
    let store = Store::open(&config.database, Access::ReadWrite, &clock()).unwrap();
    let text = scrape(&store, &config, &pulse, &clock()).await.unwrap();
    assert_eq!(of(&parse(&text), "engaged_quarantine"), Some(1.0));
}
