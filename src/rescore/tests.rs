//! A run that is cut off, and what has changed meanwhile.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, TimeDelta, Utc};
use engaged_connectors::{
    Cursor, Page, Stream,
    connector::Covered,
    model::{Address, Contact, ContactRef, Event, EventKind},
};
use tempfile::TempDir;

use super::*;
use crate::{
    config::{self, Environment},
    score::facts::ConnectionId,
    store::{Access, Gap},
    verify::verify,
};

const STREAM: Stream = Stream("visits");

struct Now;

impl Clock for Now {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_781_000_000, 0).unwrap()
    }
}

struct Bench {
    folder: TempDir,
    config: Config,
    store: Store,
    connection: ConnectionId,
}

fn load(folder: &TempDir, points: i32) -> Config {
    let path = folder.path().join("engaged.toml");
    let text = format!(
        "timezone = \"Europe/Amsterdam\"\ndatabase = \"engaged.db\"\n[scores.engagement]\n\
         rules = [{{ when = \"no page visit in 1 month\", points = {points} }}]"
    );
    std::fs::write(&path, text).unwrap();
    config::load(&path, &Environment::new()).unwrap()
}

/// So many contacts of whom no visit is known, on a connection that reports visits and has no holes.
fn bench(contacts: usize) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let config = load(&folder, -10);
    let store = Store::open(&config.database, Access::ReadWrite, &Now).unwrap();
    let contact = |number| Contact {
        id: format!("c{number}"),
        email: Address::parse(&format!("c{number}@x.example")),
        status: None,
        subscribed_at: Some(Now.now() - TimeDelta::days(400)),
        lists: Vec::new(),
        fields: std::collections::BTreeMap::new(),
        tags: None,
    };
    let page = Page {
        contacts: (0..contacts).map(contact).collect(),
        covered: vec![Covered {
            kinds: vec![EventKind::PageVisit],
            from: None,
            through: Now.now(),
        }],
        ..Page::empty(Cursor::encode(&0).unwrap(), true)
    };
    let zone = Zone::new(config.zone);
    let made = store.write(move |tx| {
        let id = tx.connection("shop", "mailchimp", 1)?.id;
        tx.declare_stream(id, STREAM, &[EventKind::PageVisit])?;
        tx.commit_page(id, STREAM, &page, &zone, 1)?;
        Ok(id)
    });
    let bench = Bench {
        connection: made.unwrap(),
        config,
        store,
        folder,
    };
    bench.score();
    bench
}

impl Bench {
    fn score(&self) -> ScoreReport {
        rescore(&self.store, &self.config, &Now, false, &|_, _| ()).unwrap()
    }

    /// All of the past turns out not to have been read.
    fn lose(&self) {
        let (connection, to) = (self.connection, Day::parse("2026-06-01").unwrap());
        let gap = Gap {
            from: Day(0),
            to,
            kinds: vec![EventKind::PageVisit],
        };
        self.store
            .write(move |tx| tx.add_gap(connection, &gap, "a test", 2))
            .unwrap();
    }

    fn mend(&self) {
        let connection = self.connection;
        self.store
            .write(move |tx| tx.heal(connection, "a test", 3))
            .unwrap();
    }

    /// How many were compared, how many wait, how many differ.
    fn verify(&self) -> (u64, u64, u64) {
        let report = verify(&self.store, &self.config, &Now).unwrap();
        (report.compared, report.waiting, report.different)
    }
}

#[test]
fn a_run_that_was_cut_off_is_made_good_though_the_holes_are_what_they_were() {
    let bench = bench(BATCH + 1);
    bench.lose();
    let cut = |done, _| assert!(done <= BATCH as u64, "cut off");
    let ended = catch_unwind(AssertUnwindSafe(|| {
        rescore(&bench.store, &bench.config, &Now, false, &cut)
    }));
    assert!(ended.is_err());
    bench.mend();
    bench.score();
    assert_eq!(bench.verify(), (BATCH as u64 + 1, 0, 0));
}

#[test]
fn a_run_with_other_rules_that_was_cut_off_is_made_good_though_the_rules_are_what_they_were() {
    let mut bench = bench(BATCH + 1);
    let before = std::mem::replace(&mut bench.config, load(&bench.folder, -20));
    let cut = |done, _| assert!(done <= BATCH as u64, "cut off");
    let ended = catch_unwind(AssertUnwindSafe(|| {
        rescore(&bench.store, &bench.config, &Now, false, &cut)
    }));
    assert!(ended.is_err());
    bench.config = before;
    assert_eq!(bench.score().changed, BATCH as u64);
    assert_eq!(bench.verify(), (BATCH as u64 + 1, 0, 0));
}

#[test]
fn a_run_reads_of_a_profile_all_that_the_rules_ask_for() {
    let mut bench = bench(2);
    let rules = "[scores.fit]\nrules = [
      { when = \"not (field city is unknown or email domain is 'y.example') and segment 'read'\", points = 1 },
      { when = \"field country is 'NL'\", points = 2 },
      { when = \"status is subscribed\", points = 4 },
    ]
    [segments]
    read = \"in list 'News' and email starts with 'c'\"\n";
    let path = bench.folder.path().join("engaged.toml");
    let text = format!("timezone = \"UTC\"\ndatabase = \"engaged.db\"\n{rules}");
    std::fs::write(&path, text).unwrap();
    bench.config = config::load(&path, &Environment::new()).unwrap();
    let fields = [("City", "Ede"), ("country", "NL"), ("other", "x")];
    let known = Contact {
        id: "c0".into(),
        email: Address::parse("c0@x.example"),
        status: Some(engaged_connectors::model::Status::Subscribed),
        subscribed_at: None,
        lists: vec!["News".into()],
        fields: fields
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        tags: None,
    };
    let page = Page {
        contacts: vec![known],
        ..Page::empty(Cursor::encode(&1).unwrap(), true)
    };
    let (connection, zone) = (bench.connection, Zone::new(bench.config.zone));
    let commit = move |tx: &crate::store::Tx| tx.commit_page(connection, STREAM, &page, &zone, 2);
    bench.store.write(commit).unwrap();
    bench.score();
    let sums = bench.store.read(|conn| {
        let found = conn.find_contact(&Address::parse("c0@x.example").unwrap())?;
        Ok(conn.state(found.unwrap())?.unwrap().scores[0].raw)
    });
    assert_eq!(sums.unwrap(), 7_000);
    // Verifying reads everything.
    assert_eq!(bench.verify(), (2, 0, 0));
}

#[test]
fn scores_that_wait_for_other_rules_or_holes_do_not_count_as_damaged() {
    let mut bench = bench(3);
    assert_eq!(bench.verify(), (3, 0, 0));
    bench.lose();
    assert_eq!(bench.verify(), (0, 3, 0));
    assert_eq!(bench.score().changed, 3);
    assert_eq!(bench.verify(), (3, 0, 0));
    bench.mend();
    bench.score();
    bench.config = load(&bench.folder, -20);
    assert_eq!(bench.verify(), (0, 3, 0));
}

#[test]
fn a_long_run_does_not_hold_one_snapshot_to_its_end_and_what_it_missed_is_news() {
    let bench = bench(4);
    bench.score();
    let meanwhile = |done, _| {
        if done == 1 {
            bench.visit(0..4);
        }
    };
    let run = |limits, progress: &dyn Fn(u64, u64)| {
        rescore_from(&bench.store, &bench.config, &Now, limits, progress).unwrap()
    };
    let points = || {
        let mut points = Vec::new();
        for (_, state) in bench.states() {
            points.push(state.unwrap().scores[0].shown);
        }
        points
    };
    assert_eq!(points(), [-10; 4]);
    assert_eq!(run((true, 1, 2), &meanwhile).scored, 4);
    assert_eq!(points(), [-10, -10, 0, 0]);
    assert_eq!(run((false, 100, 2), &|_, _| ()).changed, 2);
    assert_eq!(points(), [0; 4]);
    assert_eq!(bench.verify(), (4, 0, 0));
}

#[test]
fn a_kind_that_is_reported_from_now_on_is_scored_for_everybody() {
    let bench = bench(1);
    let connection = bench.connection;
    bench
        .store
        .write(move |tx| {
            tx.declare_stream(connection, Stream("orders"), &[EventKind::Purchase])?;
            let covered = Covered {
                kinds: vec![EventKind::Purchase],
                from: None,
                through: Now.now(),
            };
            tx.cover(connection, &[covered], 2)
        })
        .unwrap();
    assert_eq!(bench.score().scored, 1);
}

impl Bench {
    /// Everybody's stored state.
    fn states(&self) -> Vec<(ContactId, Option<ContactState>)> {
        let read = self.store.read(|conn| {
            let mut states = Vec::new();
            conn.for_each_facts(Which::All, None, |contact, _| {
                states.push((contact, conn.state(contact)?));
                Ok(())
            })?;
            Ok(states)
        });
        read.unwrap()
    }

    /// So many contacts, of those numbered from one on, visit on the last day.
    fn visit(&self, contacts: std::ops::Range<usize>) {
        let event = |number| {
            let who = ContactRef {
                id: Some(format!("c{number}")),
                email: None,
            };
            Event::new(who, EventKind::PageVisit, Now.now() - TimeDelta::hours(1))
        };
        let page = Page {
            events: contacts.map(event).collect(),
            ..Page::empty(Cursor::encode(&2).unwrap(), true)
        };
        let (connection, zone) = (self.connection, Zone::new(self.config.zone));
        self.store
            .write(move |tx| tx.commit_page(connection, STREAM, &page, &zone, 4))
            .unwrap();
    }
}

#[test]
fn walking_through_everybody_gives_what_looking_each_up_gives() {
    let run = |walk_min| {
        let mut bench = bench(12);
        let score = |bench: &Bench| {
            let limit = (false, walk_min, 5);
            rescore_from(&bench.store, &bench.config, &Now, limit, &|_, _| ()).unwrap()
        };
        // News of four of twelve: with a limit of four, a walk.
        bench.visit(3..7);
        let news = score(&bench);
        let after_news = bench.states();
        // Other rules for everybody, three of them with news.
        bench.config = load(&bench.folder, -20);
        bench.visit(7..10);
        let edited = score(&bench);
        assert_eq!(bench.verify(), (12, 0, 0));
        (news, edited, after_news, bench.states())
    };
    let (walked, looked_up) = (run(4), run(u64::MAX));
    assert_eq!((walked.0.scored, looked_up.0.scored), (12, 4));
    assert_eq!((walked.0.changed, looked_up.0.changed), (4, 4));
    assert_eq!((walked.1.changed, looked_up.1.changed), (8, 8));
    assert_eq!((walked.2, walked.3), (looked_up.2, looked_up.3));
    // Just below the limit nobody walks.
    assert_eq!(run(5).0.scored, 4);
}

#[test]
fn what_a_run_found_about_a_contact_that_was_merged_meanwhile_is_not_kept() {
    let bench = bench(1);
    // A shop knows somebody without an address; the address comes while a run holds what it found about both.
    let row = |address: Option<&str>| Page {
        contacts: vec![Contact {
            id: "k".into(),
            email: address.and_then(Address::parse),
            status: None,
            subscribed_at: None,
            lists: Vec::new(),
            fields: std::collections::BTreeMap::new(),
            tags: None,
        }],
        ..Page::empty(Cursor::encode(&3).unwrap(), true)
    };
    let (nameless, named) = (row(None), row(Some("c0@x.example")));
    let zone = Zone::new(bench.config.zone);
    let first = bench.store.write(move |tx| {
        let shop = tx.connection("crm", "ghost", 4)?.id;
        tx.commit_page(shop, STREAM, &nameless, &zone, 4)?;
        Ok(shop)
    });
    let shop = first.unwrap();
    bench.score();
    let found = bench.states();
    let (kept, absorbed) = (found[0].0, found[1].0);
    let zone = Zone::new(bench.config.zone);
    let written = bench.store.write(move |tx| {
        tx.commit_page(shop, STREAM, &named, &zone, 5)?;
        let version = tx.rules_mark()?.unwrap();
        let mut results = tx.results(version, Day::parse("2026-06-09").unwrap(), 5)?;
        let changed = found
            .iter()
            .map(|(contact, state)| results.write(*contact, state.as_ref().unwrap()));
        changed.collect::<Result<Vec<_>, _>>()
    });
    assert_eq!(written.unwrap(), [false, false]);
    let state = |contact| bench.store.read(move |conn| conn.state(contact)).unwrap();
    assert!(state(kept).is_some());
    assert_eq!(state(absorbed), None);
    assert_eq!(bench.score().scored, 1);
    assert_eq!(bench.verify(), (1, 0, 0));
}

/// A clock that ran ahead.
struct Ahead;

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        Now.now() + TimeDelta::days(1)
    }
}

#[test]
fn whoever_was_scored_by_a_clock_that_ran_ahead_is_scored_anew_also_if_that_run_was_cut_off() {
    let mut bench = bench(BATCH + 1);
    let all = BATCH as u64 + 1;
    let path = bench.folder.path().join("engaged.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let rules = "rules = [{ when = \"any page visit in 1 day\", points = 5 }, ";
    std::fs::write(&path, text.replace("rules = [", rules)).unwrap();
    bench.config = config::load(&path, &Environment::new()).unwrap();
    bench.visit(0..BATCH + 1);
    // By that clock everything was read, so that the holes are the same by both.
    let connection = bench.connection;
    let covered = Covered {
        kinds: vec![EventKind::PageVisit],
        from: None,
        through: Ahead.now(),
    };
    let cover = move |tx: &crate::store::Tx| tx.cover(connection, &[covered], 5);
    bench.store.write(cover).unwrap();
    bench.score();
    let state = || bench.store.read(|conn| conn.state(ContactId(1))).unwrap();
    let before = state();
    for most in [u64::MAX, BATCH as u64] {
        let cut = |done, _| assert!(done <= most, "cut off");
        let ended = catch_unwind(AssertUnwindSafe(|| {
            rescore(&bench.store, &bench.config, &Ahead, true, &cut)
        }));
        assert_eq!(ended.is_err(), most < all);
        let ahead = state();
        assert_ne!(ahead, before);
        assert_eq!(bench.verify(), (0, all, 0));
        bench.score();
        assert_eq!(state(), before);
        assert_eq!(bench.verify(), (all, 0, 0));
    }
}

/// A clock that a test moves, in milliseconds.
struct Movable(std::sync::atomic::AtomicI64);

impl Clock for Movable {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(std::sync::atomic::Ordering::SeqCst)).unwrap()
    }
}

impl Movable {
    fn to(&self, at: &str) {
        let at = DateTime::parse_from_rfc3339(at).unwrap();
        self.0
            .store(at.timestamp_millis(), std::sync::atomic::Ordering::SeqCst);
    }
}

// F21.
#[test]
fn a_run_over_midnight_is_of_the_day_on_which_it_began_and_the_next_one_is_of_the_next_day() {
    let bench = bench(4);
    // All of them visit; a month later nobody has visited for a month.
    bench.visit(0..4);
    bench.score();
    let next = bench.states()[0]
        .1
        .as_ref()
        .unwrap()
        .next_change_on
        .unwrap();
    let day = next.previous();
    let page = Page {
        covered: vec![Covered {
            kinds: vec![EventKind::PageVisit],
            from: None,
            through: Now.now() + TimeDelta::days(40),
        }],
        ..Page::empty(Cursor::encode(&3).unwrap(), true)
    };
    let (connection, zone) = (bench.connection, Zone::new(bench.config.zone));
    bench
        .store
        .write(move |tx| tx.commit_page(connection, STREAM, &page, &zone, 5))
        .unwrap();

    let clock = Movable(std::sync::atomic::AtomicI64::new(0));
    clock.to(&format!("{day}T23:59:59+02:00"));
    let over = std::cell::Cell::new(0);
    let report = rescore(&bench.store, &bench.config, &clock, true, &|done, _| {
        if done == 2 {
            clock.to(&format!("{next}T00:00:01+02:00"));
            over.set(over.get() + 1);
        }
    })
    .unwrap();
    assert_eq!(over.get(), 1, "midnight passed in the middle");
    assert_eq!(
        (report.as_of.as_str(), report.scored, report.changed),
        (day.to_string().as_str(), 4, 0)
    );
    // The clock stands in the next day: on it everything changes, for all alike.
    let report = rescore(&bench.store, &bench.config, &clock, false, &|_, _| ()).unwrap();
    assert_eq!(
        (report.as_of.as_str(), report.scored, report.changed),
        (next.to_string().as_str(), 4, 4)
    );
    let verified = verify(&bench.store, &bench.config, &clock).unwrap();
    assert_eq!((verified.compared, verified.different), (4, 0));
}

/// A page on which each contact, from the first on, visits at one of these times.
fn visits(times: &[DateTime<Utc>]) -> Page {
    let event = |(number, at): (usize, &DateTime<Utc>)| {
        let who = ContactRef {
            id: Some(format!("c{number}")),
            email: None,
        };
        Event::new(who, EventKind::PageVisit, *at)
    };
    Page {
        events: times.iter().enumerate().map(event).collect(),
        covered: vec![Covered {
            kinds: vec![EventKind::PageVisit],
            from: None,
            through: *times.iter().max().unwrap() + TimeDelta::days(1),
        }],
        ..Page::empty(Cursor::encode(&2).unwrap(), true)
    }
}

// F20.
#[test]
fn events_of_1970_of_2106_and_of_a_clock_two_hours_off_are_kept_once_and_read_alike_by_every_run() {
    let mut bench = bench(5);
    let path = bench.folder.path().join("engaged.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace(
        "rules = [",
        "rules = [{ when = \"page visit\", points = 1 }, ",
    );
    std::fs::write(&path, text).unwrap();
    bench.config = config::load(&path, &Environment::new()).unwrap();
    let day = TimeDelta::days(1);
    let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
    // 1 January 1970, 7 February 2106 (the last second that 32 bits hold), and two hours off in both directions.
    let times = [
        at(0),
        at(u32::MAX.into()),
        Now.now() + TimeDelta::hours(2),
        Now.now() - TimeDelta::hours(2),
    ];
    let page = visits(&times);
    let (connection, zone) = (bench.connection, Arc::new(Zone::new(bench.config.zone)));
    for known_at in 4..6 {
        let (page, zone) = (page.clone(), Arc::clone(&zone));
        bench
            .store
            .write(move |tx| tx.commit_page(connection, STREAM, &page, &zone, known_at))
            .unwrap();
    }
    let events = bench.store.read(|conn| Ok(conn.sizes()?.1)).unwrap();
    assert_eq!(events, 4, "the same page twice");
    let clock = Movable(std::sync::atomic::AtomicI64::new(0));
    let sums = || -> Vec<i64> {
        let states = bench.states().into_iter();
        states
            .map(|(_, state)| state.unwrap().scores[0].shown)
            .collect()
    };
    let mut seen = Vec::new();
    for now in [
        Now.now(),
        Now.now() + day,
        Now.now() + day * 60,
        at(u32::MAX.into()) + day,
    ] {
        clock.to(&now.to_rfc3339());
        rescore(&bench.store, &bench.config, &clock, false, &|_, _| ()).unwrap();
        let verified = verify(&bench.store, &bench.config, &clock).unwrap();
        assert_eq!((verified.compared, verified.different), (5, 0), "{now}");
        let few = sums();
        rescore(&bench.store, &bench.config, &clock, true, &|_, _| ()).unwrap();
        assert_eq!(sums(), few, "{now}");
        seen.push(few);
    }
    assert_eq!(
        seen,
        [
            // What is still to come counts for nobody; two hours are the same day.
            [-9, -10, 1, 1, -10],
            [-9, -10, 1, 1, -10],
            [-9, -10, -9, -9, -10],
            [-9, 1, -9, -9, -10],
        ]
    );
}
