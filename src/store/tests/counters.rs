use engaged_connectors::connector::Counter;
use proptest::prelude::*;

use super::*;
use crate::score::facts::Hole;

const DAY: Millis = 86_400_000;
const HOUR: Millis = DAY / 24;
/// Midnight in Amsterdam.
pub(super) const START: Millis = 1_780_869_600_000;
const STREAM: Stream = Stream("opens");

pub(super) fn counted() -> Bench {
    let bench = bench();
    let connection = bench.connection;
    bench
        .store
        .write(move |tx| {
            tx.declare_stream(connection, STREAM, &[EventKind::Open])?;
            tx.declare_counted(connection, STREAM)
        })
        .unwrap();
    bench
}

pub(super) fn opened(who: usize, campaign: &str, millis: Millis) -> Event {
    Event {
        campaign: Some(campaign.into()),
        ..event(&format!("a{who}@x.example"), EventKind::Open, at(millis))
    }
}

pub(super) fn counter(
    campaign: &str,
    at_millis: Millis,
    contacts: u64,
    times: Option<u64>,
) -> Counter {
    Counter {
        campaign: campaign.into(),
        kind: EventKind::Open,
        at: at(at_millis),
        contacts,
        times,
    }
}

impl Bench {
    pub(super) fn webhook(&self, known_at: Millis, event: Event) {
        let connection = self.connection;
        self.store
            .write(move |tx| {
                tx.append_told(connection, known_at, &[event], &mut tx.begin_report()?)
            })
            .unwrap();
    }

    /// A pass of one page that ends with the stream complete up to its instant.
    pub(super) fn pass(&self, at_millis: Millis, counters: Vec<Counter>) {
        let mut page = Page::empty(cursor("c"), true);
        page.covered = vec![Covered {
            kinds: vec![EventKind::Open],
            from: None,
            through: at(at_millis),
        }];
        page.counters = counters;
        self.page(at_millis, STREAM.0, page);
    }

    /// The holes up to the day before an instant.
    fn open_holes(&self, present: Millis) -> Vec<Hole> {
        let zone = Zone::new(chrono_tz::Europe::Amsterdam);
        let coverage = self
            .store
            .read(|conn| conn.coverage(&zone, zone.day(present), None));
        let holes = coverage.unwrap().holes;
        holes.into_iter().flat_map(|(.., days)| days).collect()
    }

    pub(super) fn shortfalls(&self) -> Vec<Shortfall> {
        self.store
            .read(|conn| conn.shortfalls(self.connection, 9))
            .unwrap()
            .0
    }
}

fn days(from: i32, to: i32) -> Hole {
    let zone = Zone::new(chrono_tz::Europe::Amsterdam);
    let first = zone.day(START).0;
    Hole {
        from: Day(first + from),
        to: Day(first + to),
    }
}

#[test]
fn of_a_stream_that_is_counted_days_are_complete_while_the_counters_agree() {
    let bench = counted();
    bench.pass(START, vec![counter("c1", START, 0, Some(0))]);
    for day in 0..3 {
        let noon = START + day * DAY + DAY / 2;
        bench.webhook(noon, opened(1, "c1", noon));
        let times = u64::try_from(day + 1).unwrap();
        let night = START + (day + 1) * DAY;
        bench.pass(night, vec![counter("c1", night, 1, Some(times))]);
        assert_eq!(bench.open_holes(night), []);
    }
    assert_eq!(bench.shortfalls(), []);
}

#[test]
fn what_a_counter_shows_to_be_missing_is_a_hole_until_it_comes() {
    let bench = counted();
    bench.pass(START, vec![counter("c1", START, 0, Some(0))]);
    bench.pass(START + DAY, vec![counter("c1", START + DAY, 1, Some(1))]);
    bench.pass(
        START + 2 * DAY,
        vec![counter("c1", START + 2 * DAY, 1, Some(1))],
    );
    bench.pass(
        START + 3 * DAY,
        vec![counter("c1", START + 3 * DAY, 1, Some(1))],
    );
    // The look that saw it stands at the first instant of the second day.
    assert_eq!(bench.open_holes(START + 3 * DAY), [days(0, 1)]);
    let short = bench.shortfalls();
    assert_eq!(
        (
            short[0].campaign.as_str(),
            short[0].kind.as_str(),
            short[0].missing
        ),
        ("c1", "open", 1)
    );
    bench.webhook(START + 3 * DAY + 1, opened(1, "c1", START + HOUR));
    bench.pass(
        START + 4 * DAY,
        vec![counter("c1", START + 4 * DAY, 1, Some(1))],
    );
    assert_eq!(bench.open_holes(START + 4 * DAY), []);
    assert_eq!(bench.shortfalls(), []);
    assert_eq!(bench.count("select count(*) from shortfall"), 0);
    // What was known before it came is kept.
    let zone = Zone::new(chrono_tz::Europe::Amsterdam);
    let then = START + 3 * DAY;
    let known = bench
        .store
        .read(|conn| conn.coverage(&zone, zone.day(then), Some(then)));
    assert_eq!(known.unwrap().holes[0].2, [days(0, 1)]);
}

#[test]
fn an_event_that_the_platforms_clock_puts_behind_the_look_makes_no_hole_for_good() {
    let bench = counted();
    bench.pass(START, vec![counter("c1", START, 0, Some(0))]);
    bench.webhook(START + DAY, opened(1, "c1", START + DAY + 700));
    bench.pass(START + DAY, vec![counter("c1", START + DAY, 1, Some(1))]);
    assert_eq!(bench.open_holes(START + 2 * DAY), [days(0, 1)]);
    bench.pass(
        START + 2 * DAY,
        vec![counter("c1", START + 2 * DAY, 1, Some(1))],
    );
    assert_eq!(bench.open_holes(START + 2 * DAY), []);
}

#[test]
fn what_was_missing_at_the_first_look_is_missing_since_ever_and_later_days_are_judged() {
    let bench = counted();
    bench.webhook(START, opened(1, "c1", START));
    bench.pass(
        START + HOUR,
        vec![
            counter("c1", START + HOUR, 9, None),
            counter("c2", START, 0, None),
        ],
    );
    bench.webhook(START + DAY, opened(10, "c1", START + DAY));
    bench.pass(
        START + 3 * DAY,
        vec![counter("c1", START + 3 * DAY, 10, None)],
    );
    let present = START + 3 * DAY;
    let zone = Zone::new(chrono_tz::Europe::Amsterdam);
    assert_eq!(
        bench.open_holes(present),
        [Hole {
            from: Day(0),
            to: zone.day(START)
        }]
    );
}

#[test]
fn a_campaign_that_is_seen_for_the_first_time_began_after_the_pass_before() {
    let bench = counted();
    bench.pass(START, Vec::new());
    bench.pass(START + DAY, Vec::new());
    bench.pass(
        START + 2 * DAY,
        vec![counter("c1", START + 2 * DAY, 1, Some(2))],
    );
    bench.pass(START + 4 * DAY, Vec::new());
    assert_eq!(bench.open_holes(START + 4 * DAY), [days(1, 2)]);
}

#[test]
fn counters_of_all_pages_of_a_pass_are_compared_at_its_end() {
    let bench = counted();
    bench.pass(START, Vec::new());
    let mut first = Page::empty(cursor("p1"), false);
    first.counters = vec![counter("c1", START + HOUR, 1, None)];
    bench.page(START + HOUR, STREAM.0, first);
    assert_eq!(bench.shortfalls(), []);
    let mut last = Page::empty(cursor("p2"), true);
    last.events = vec![opened(1, "c1", START + 1)];
    bench.page(START + HOUR, STREAM.0, last);
    assert_eq!(bench.shortfalls(), []);
    assert_eq!(
        bench.count("select count(*) from counter where contacts = 1"),
        1
    );
}

#[test]
fn bad_passes_of_one_day_are_one_hole() {
    let bench = counted();
    bench.pass(START, Vec::new());
    for hour in 1..=48 {
        let now = START + hour * HOUR;
        let times = u64::try_from(hour).unwrap();
        bench.pass(now, vec![counter("c1", now, 1, Some(times))]);
    }
    assert_eq!(bench.count("select count(*) from shortfall"), 3);
    assert_eq!(bench.open_holes(START + 4 * DAY)[0], days(0, 3));
}

/// What happened on a platform: who, of which campaign, at which hour, and how many hours later the webhook came, if it did.
type Truth = (usize, usize, i64, Option<i64>);

/// Days that are called complete though something that happened on them is not stored, by looking at everything.
fn lies(bench: &Bench, truth: &[Truth], now: i64) -> Vec<Truth> {
    let holes = bench.open_holes(START + now * HOUR);
    let zone = Zone::new(chrono_tz::Europe::Amsterdam);
    let is_judged = |day: Day| !holes.iter().any(|hole| hole.from <= day && day <= hole.to);
    let lost = truth
        .iter()
        .filter(|(.., hour, delay)| *hour <= now && delay.is_none_or(|delay| hour + delay > now));
    let today = zone.day(START + now * HOUR);
    lost.filter(|(.., hour, _)| {
        let day = zone.day(START + hour * HOUR);
        day < today && is_judged(day)
    })
    .copied()
    .collect()
}

fn live(truth: &[Truth], passes: &[i64], times: bool) -> Result<(), TestCaseError> {
    let bench = counted();
    let mut before = -1;
    for &now in passes {
        for &(who, campaign, hour, delay) in truth {
            if let Some(came) = delay.map(|delay| hour + delay)
                && (before + 1..=now).contains(&came)
            {
                let event = opened(who, ["c1", "c2"][campaign], START + hour * HOUR);
                bench.webhook(START + came * HOUR, event);
            }
        }
        before = now;
        let counters = (0..2).map(|of| {
            let there = || {
                truth
                    .iter()
                    .filter(|(_, campaign, hour, _)| *campaign == of && *hour <= now)
            };
            let mut contacts: Vec<usize> = there().map(|(who, ..)| *who).collect();
            contacts.sort_unstable();
            contacts.dedup();
            let count = |number: usize| u64::try_from(number).unwrap();
            let times = times.then(|| count(there().count()));
            counter(
                ["c1", "c2"][of],
                START + now * HOUR,
                count(contacts.len()),
                times,
            )
        });
        bench.pass(START + now * HOUR, counters.collect());
        prop_assert_eq!(lies(&bench, truth, now), Vec::<Truth>::new());
    }
    let all_came = truth
        .iter()
        .all(|(.., hour, delay)| delay.is_some_and(|delay| hour + delay <= before));
    if all_came {
        prop_assert_eq!(bench.open_holes(START + before * HOUR), []);
        prop_assert_eq!(bench.shortfalls(), []);
    }
    Ok(())
}

/// Some time in five days; most webhooks come at once, some late, some never.
fn happenings(losing: bool) -> impl Strategy<Value = Vec<Truth>> {
    let delay = if losing {
        prop_oneof![6 => Just(Some(0)), 2 => (1i64..60).prop_map(Some), 1 => Just(None)].boxed()
    } else {
        prop_oneof![6 => Just(Some(0)), 2 => (1i64..60).prop_map(Some)].boxed()
    };
    prop::collection::vec((0usize..6, 0usize..2, 0i64..120, delay), 0..40).prop_map(|mut truth| {
        // No two of one contact and campaign at one instant: those are one event.
        truth.sort_by_key(|each| (each.0, each.1, each.2));
        truth.dedup_by_key(|each| (each.0, each.1, each.2));
        truth
    })
}

fn looks() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::btree_set(0i64..200, 1..12)
        .prop_map(|set| set.into_iter().chain([240]).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_day_is_called_complete_while_anything_of_it_is_missing(truth in happenings(true), passes in looks()) {
        live(&truth, &passes, true)?;
    }

    #[test]
    fn what_came_late_leaves_no_hole(truth in happenings(false), passes in looks()) {
        live(&truth, &passes, true)?;
    }

    #[test]
    fn counting_contacts_alone_is_enough_where_each_does_it_once(mut truth in happenings(true), passes in looks()) {
        truth.dedup_by_key(|each| (each.0, each.1));
        live(&truth, &passes, false)?;
    }
}
