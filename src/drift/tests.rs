//! Taking weeks through a store, with a clock that is set.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Utc};
use engaged_connectors::{
    Clock, Cursor, Page, Stream,
    model::{Address, Contact, ContactRef, Event, EventKind},
};
use tempfile::TempDir;

use super::*;
use crate::{
    config::{self, Environment},
    daemon, insight, platform,
    schedule::jobs::Jobs,
    score::calendar::Zone,
    status::{self, status},
    store::{Access, IMPORTED, Store},
};

/// 23:30 on Sunday, 14 June 2026 in Amsterdam: the last half hour of week 24.
const SUNDAY: &str = "2026-06-14T21:30:00Z";
const HOUR: i64 = 3_600_000;
const WEEK: i64 = 7 * 24 * HOUR;

const RULES: &str = "[scores.engagement]
rules = [
  { when = \"open\", points = 2, expires = \"1 week\" },
  { when = \"field vip is 'yes'\", points = 10 },
  { when = \"field vip is 'yes'\", points = -1.5 },
]
bands = [ { name = \"hot\", from = 5 }, { name = \"warm\", from = 1 } ]
";

struct Set(AtomicI64);

impl Set {
    fn wait(&self, by: i64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }
}

impl Clock for Set {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

struct Bench {
    folder: TempDir,
    config: Config,
    store: Store,
    clock: Arc<Set>,
}

fn load(folder: &TempDir, rules: &str) -> Config {
    let path = folder.path().join("engaged.toml");
    let text = format!("timezone = \"Europe/Amsterdam\"\ndatabase = \"engaged.db\"\n{rules}");
    std::fs::write(&path, text).unwrap();
    config::load(&path, &Environment::new()).unwrap()
}

/// So many contacts, a quarter of them VIPs and half of them readers of the present day.
fn bench(contacts: usize) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let config = load(&folder, RULES);
    let sunday: DateTime<Utc> = SUNDAY.parse().unwrap();
    let clock = Arc::new(Set(AtomicI64::new(sunday.timestamp_millis())));
    let store = Store::open(&config.database, Access::ReadWrite, clock.as_ref()).unwrap();
    let contact = |number| {
        let vip = if number % 4 == 0 { "yes" } else { "no" };
        Contact {
            id: format!("c{number}"),
            email: Address::parse(&format!("c{number}@x.example")),
            status: None,
            subscribed_at: None,
            lists: Vec::new(),
            fields: [("vip".to_owned(), vip.to_owned())].into(),
            tags: None,
        }
    };
    let open = |number| {
        let who = ContactRef {
            id: Some(format!("c{number}")),
            email: None,
        };
        Event::new(who, EventKind::Open, sunday)
    };
    let page = Page {
        contacts: (0..contacts).map(contact).collect(),
        events: (0..contacts).step_by(2).map(open).collect(),
        ..Page::empty(Cursor::encode(&0).unwrap(), true)
    };
    let zone = Zone::new(config.zone);
    let commit = store.write(move |tx| {
        let id = tx.connection("file", IMPORTED, 1)?.id;
        tx.commit_page(id, Stream("all"), &page, &zone, 1)
    });
    commit.unwrap();
    Bench {
        folder,
        config,
        store,
        clock,
    }
}

impl Bench {
    fn take(&self) -> Taken {
        take(&self.store, &self.config, self.clock.as_ref()).unwrap()
    }

    fn report(&self) -> Report {
        let read = self.store.read(|conn| report(conn, &self.config, WEEKS));
        read.unwrap()
    }
}

type Bands<'a> = Vec<(Option<&'a str>, i64)>;

/// Each band and its contacts, then each rule with its contacts and mean.
fn told(week: &Shown) -> (Bands<'_>, Vec<(i64, f64)>) {
    let score = &week.scores[0];
    let bands = score.bands.iter();
    let rules = score.rules.iter();
    (
        bands
            .map(|band| (band.band.as_deref(), band.contacts))
            .collect(),
        rules.map(|rule| (rule.contacts, rule.mean)).collect(),
    )
}

#[test]
fn a_week_counts_everybody_by_band_and_what_each_rule_gives() {
    let bench = bench(400);
    assert_eq!(bench.take(), Taken::Now("2026-W24".to_owned()));
    let report = bench.report();
    let (bands, rules) = told(&report.weeks[0]);
    // 100 are VIPs and readers (10.5), 100 are readers (2), 200 are nothing.
    assert_eq!(
        bands,
        [(Some("hot"), 100), (Some("warm"), 100), (None, 200)]
    );
    assert_eq!(rules, [(200, 1.0), (100, 2.5), (100, -0.375)]);
    assert_eq!(report.weeks[0].as_of, "2026-06-14");
    assert_eq!(report.findings, []);
}

#[test]
fn a_week_is_taken_once_and_stays_as_it_was() {
    let bench = bench(8);
    bench.take();
    let before = bench.report().weeks.len();
    bench.clock.wait(HOUR / 4);
    assert_eq!(bench.take(), Taken::Before("2026-W24".to_owned()));
    // Half an hour later it is Monday there, though not yet in UTC.
    bench.clock.wait(HOUR / 2);
    assert_eq!(bench.take(), Taken::Now("2026-W25".to_owned()));
    assert_eq!((before, bench.report().weeks.len()), (1, 2));
    // One that somebody else took meanwhile is not taken twice.
    let week = bench.store.read(|conn| conn.weeks(1)).unwrap().remove(0);
    assert!(!bench.store.write(move |tx| tx.add_week(&week)).unwrap());
}

#[test]
fn nobody_makes_no_week() {
    assert_eq!(bench(0).take(), Taken::Nobody);
}

#[test]
fn what_stops_is_told_with_both_weeks_and_by_status_too() {
    let mut bench = bench(400);
    bench.take();
    bench.clock.wait(WEEK);
    bench.take();
    let report = bench.report();
    let words: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let stopped = "engagement: 'open' gives nothing any more: 1.00 -> 0.00 points for each contact, 2026-W24 -> 2026-W25";
    assert!(words.iter().any(|each| each == stopped), "{words:?}");
    // The readers fell from warm to none: 0.24875 ln 200 + 0.25 ln 1.5.
    assert!(words[0].contains("the bands moved (index 1.4"), "{words:?}");
    let all = status(&bench.store, &bench.config, bench.clock.as_ref()).unwrap();
    assert_eq!(all.drift, report.findings);
    assert!(status::text(&all).contains(&format!("Drift     {stopped}")));
    // Had somebody edited the rules, it would be no alert.
    bench.clock.wait(WEEK);
    bench.config = load(&bench.folder, &RULES.replace("points = 10", "points = 30"));
    bench.take();
    let report = bench.report();
    assert!(report.weeks[2].rules_edited && !report.weeks[1].rules_edited);
    assert!(!report.findings.is_empty());
    let quiet = report
        .findings
        .iter()
        .all(|each| each.severity == Severity::Notice);
    assert!(quiet, "{:?}", report.findings);
}

#[tokio::test]
async fn the_daemon_takes_each_week_once_also_after_weeks_in_which_it_did_not_run() {
    let bench = bench(8);
    let transport = platform::network().unwrap();
    let clock: Arc<dyn Clock> = Arc::clone(&bench.clock) as Arc<dyn Clock>;
    let (config, store) = (bench.config.clone(), bench.store.clone());
    let nothing = Environment::new();
    let jobs = Jobs::new(config, store, clock, &nothing, &transport, Arc::new(|_| ())).unwrap();
    let weeks = || -> Vec<String> {
        let report = bench.report().weeks.into_iter();
        report.map(|week| week.week).collect()
    };
    daemon::tick(&jobs).await.unwrap();
    assert_eq!(weeks(), ["2026-W24"]);
    for _ in 0..3 {
        bench.clock.wait(WEEK);
    }
    for _ in 0..3 {
        bench.clock.wait(HOUR);
        daemon::tick(&jobs).await.unwrap();
    }
    // By then it is Monday of the week after those three.
    assert_eq!(weeks(), ["2026-W24", "2026-W28"]);
}

#[test]
fn who_converted_is_counted_by_the_band_of_four_weeks_before() {
    let bench = bench(8);
    let bought = |number: u32, on: &str| {
        let who = ContactRef {
            id: Some(format!("c{number}")),
            email: None,
        };
        let at: DateTime<Utc> = format!("{on}T10:00:00Z").parse().unwrap();
        Event::new(who, EventKind::Purchase, at)
    };
    let late = |number: u32, on: Option<&str>| Contact {
        id: format!("c{number}"),
        email: Address::parse(&format!("c{number}@x.example")),
        status: None,
        subscribed_at: on.map(|on| format!("{on}T10:00:00Z").parse().unwrap()),
        lists: Vec::new(),
        fields: [("vip".to_owned(), "yes".to_owned())].into(),
        tags: None,
    };
    // 17 May is four weeks before. c4 had converted by then, c8 was not there, and c3 became a VIP with its purchase.
    let page = Page {
        contacts: vec![late(3, None), late(8, Some("2026-06-05"))],
        events: vec![
            bought(0, "2026-06-01"),
            bought(1, "2026-05-18"),
            bought(3, "2026-06-10"),
            bought(4, "2026-05-17"),
            bought(8, "2026-06-08"),
        ],
        ..Page::empty(Cursor::encode(&1).unwrap(), true)
    };
    let (zone, now) = (Zone::new(bench.config.zone), bench.clock.now());
    let commit = bench.store.write(move |tx| {
        let id = tx.connection("file", IMPORTED, 1)?.id;
        tx.commit_page(id, Stream("all"), &page, &zone, now.timestamp_millis())
    });
    commit.unwrap();
    bench.take();
    let report = bench.report();
    let bands = report.weeks[0].scores[0].bands.iter();
    let told: Vec<_> = bands
        .map(|band| (band.band.as_deref(), band.earlier, band.converted))
        .collect();
    assert_eq!(
        told,
        [(Some("hot"), 1, 1), (Some("warm"), 0, 0), (None, 6, 2)]
    );
}

#[test]
fn a_backtest_that_is_kept_is_compared_with_while_the_conversion_is_the_same() {
    let bench = bench(400);
    // A year of purchases: of VIPs four times as many as of others.
    let event = |number: u32, at: DateTime<Utc>| {
        let who = ContactRef {
            id: Some(format!("c{number}")),
            email: None,
        };
        Event::new(who, EventKind::Purchase, at)
    };
    let now = bench.clock.now();
    let then = now - chrono::TimeDelta::days(100);
    let vips = (0..400)
        .step_by(4)
        .take(60)
        .map(|number| event(number, then));
    let others = (1..400)
        .step_by(4)
        .take(15)
        .map(|number| event(number, then));
    // In the last weeks only others buy.
    let new = (2..400)
        .step_by(4)
        .take(60)
        .map(|number| event(number, now - chrono::TimeDelta::days(3)));
    let begun = (0..400).map(|number| {
        let who = event(number, now - chrono::TimeDelta::days(300));
        Event {
            kind: EventKind::PageVisit,
            ..who
        }
    });
    let commit = |events: Vec<Event>, at: i64| {
        let page = Page {
            events,
            ..Page::empty(Cursor::encode(&at).unwrap(), true)
        };
        let zone = Zone::new(bench.config.zone);
        let written = bench.store.write(move |tx| {
            let id = tx.connection("file", IMPORTED, 1)?.id;
            tx.commit_page(id, Stream("all"), &page, &zone, at)
        });
        written.unwrap();
    };
    commit(vips.chain(others).chain(begun).collect(), 2);
    let pattern = insight::conversion("any purchase", &[]).unwrap().unwrap();
    let ask = insight::Ask {
        config: &bench.config,
        conversion: pattern,
        within: bench.config.insight.within,
        profile_today: false,
    };
    let clock = bench.clock.as_ref();
    let tested = insight::backtest::backtest(&bench.store, &ask, clock).unwrap();
    against::keep(&bench.store, &bench.config, &tested, clock).unwrap();
    commit(new.collect(), 3);
    bench.take();
    let told = |config: &Config| -> Vec<String> {
        let report = bench
            .store
            .read(|conn| report(conn, config, WEEKS))
            .unwrap();
        report.findings.iter().map(ToString::to_string).collect()
    };
    let found = told(&bench.config);
    assert!(
        found
            .iter()
            .any(|each| each.starts_with("engagement: band hot is met")),
        "{found:?}"
    );
    // Of another conversion that backtest says nothing.
    let other = format!("[insight]\nconversion = \"any signup\"\n{RULES}");
    assert_eq!(told(&load(&bench.folder, &other)), Vec::<String>::new());
}
