use super::*;
use crate::{
    rules::{
        horizon::Horizon,
        syntax::{Unit, Window},
    },
    score::facts::Forgotten,
};

const DAY: Millis = 86_400_000;

fn zone() -> Zone {
    Zone::new(chrono_tz::Europe::Amsterdam)
}

fn keep(bench: &Bench) {
    keep_in(&bench.store);
}

fn keep_in(store: &Store) {
    let horizon = Horizon {
        events: Window {
            number: 6,
            unit: Unit::Month,
        },
        keep: vec![EventKind::Purchase],
    };
    store.keep_for(Some(&horizon), &zone());
    store.write(|tx| tx.keep_since(NOW)).unwrap();
}

/// How many days ago of [`NOW`].
fn ago(email: &str, kind: EventKind, days: i64) -> Event {
    event(email, kind, at(NOW - days * DAY))
}

/// Of one contact something of each sort, old and young.
fn life(email: &str) -> Vec<Event> {
    let mut events = Vec::new();
    for days in [10, 100, 300, 400] {
        for kind in [
            EventKind::Send,
            EventKind::Open,
            EventKind::Purchase,
            EventKind::Unsubscribe,
        ] {
            events.push(ago(email, kind, days));
        }
    }
    events
}

fn kinds(facts: &Facts) -> Vec<(&'static str, i64)> {
    let name = |kind: KindId| EventKind::BUILT_IN[usize::from(kind.0)].as_str().to_owned();
    let mut kinds: Vec<(&'static str, i64)> = Vec::new();
    for fact in &facts.events {
        let found = ["send", "open", "purchase", "unsubscribe", "bounce", "click"]
            .into_iter()
            .find(|each| *each == name(fact.kind))
            .unwrap_or("other");
        kinds.push((found, (NOW - fact.at) / DAY));
    }
    kinds.sort_unstable();
    kinds
}

/// Deletes to the end, so many contacts at a time; what is packed and counted must then be what the rows give.
fn forget(store: &Store, most: u32, parts: usize) -> (u64, u64) {
    let (mut contacts, mut events, mut after) = (0, 0, ContactId(0));
    for _ in 0..parts {
        let outdated = store
            .write(move |tx| tx.forget_old(after, most, NOW))
            .unwrap();
        contacts += outdated.contacts;
        events += outdated.events;
        let wrong = store.read(|conn| {
            let mut wrong = conn.compare_history(9)?;
            wrong.extend(conn.compare_tallies(9)?);
            Ok(wrong)
        });
        assert_eq!(wrong.unwrap(), Vec::<String>::new());
        match outdated.until {
            Some(until) => after = until,
            None => break,
        }
    }
    (contacts, events)
}

#[test]
fn what_is_older_than_it_is_kept_is_deleted_and_reading_it_again_brings_nothing_back() {
    let bench = bench();
    bench.append(NOW, &life("a@x.example"));
    assert_eq!(forget(&bench.store, 10, 9), (0, 0), "kept for ever");
    keep(&bench);
    bench.clean();
    let old = bench.store.read(|conn| conn.old_events(NOW)).unwrap();
    let old = old.unwrap().1.into_iter();
    let old: Vec<_> = old
        .map(|old| (old.kind.as_str().to_owned(), old.events, old.go))
        .collect();
    let expected = [
        ("send", 2, 2),
        ("open", 2, 1),
        ("unsubscribe", 2, 0),
        ("purchase", 2, 0),
    ];
    assert_eq!(
        old,
        expected.map(|(kind, events, go)| (kind.to_owned(), events, go))
    );
    assert_eq!(forget(&bench.store, 10, 9), (1, 3));
    assert_eq!(bench.dirty(), 1);
    let facts = bench.facts("a@x.example");
    let left = [
        ("open", 10),
        ("open", 100),
        ("open", 300),
        ("purchase", 10),
        ("purchase", 100),
        ("purchase", 300),
        ("purchase", 400),
        ("send", 10),
        ("send", 100),
        ("unsubscribe", 10),
        ("unsubscribe", 100),
        ("unsubscribe", 300),
        ("unsubscribe", 400),
    ];
    assert_eq!(kinds(&facts), left);
    let forgotten = facts.forgotten.unwrap();
    assert_eq!(
        (forgotten.first_at, forgotten.until_at),
        (NOW - 400 * DAY, NOW - 300 * DAY)
    );
    let number = |kind| KindId::built_in(&kind).unwrap();
    let has = |kind| forgotten.kinds.has(number(kind));
    assert!(has(EventKind::Open) && has(EventKind::Send) && !has(EventKind::Purchase));
    // Once more, and a whole reading anew: nothing comes, nothing is news.
    bench.clean();
    assert_eq!(forget(&bench.store, 10, 9), (0, 0));
    let again = bench.append(NOW + 1, &life("a@x.example"));
    assert_eq!((again.new, again.duplicates, again.outdated), (0, 13, 3));
    assert_eq!(bench.facts("a@x.example"), facts);
    assert_eq!(bench.dirty(), 0);
    assert_eq!(bench.count("select count(*) from event"), 13);
    // As it was known before, what is gone is gone too.
    let then = bench.facts_known("a@x.example", Some(NOW)).unwrap();
    assert_eq!(then.forgotten, facts.forgotten);
}

#[test]
fn what_was_too_old_when_it_first_came_is_gone_as_what_was_deleted() {
    let (early, late) = (bench(), bench());
    for bench in [&early, &late] {
        bench.append(NOW, &[ago("a@x.example", EventKind::Open, 1)]);
        bench.clean();
    }
    keep(&early);
    let appended = early.append(NOW, &life("a@x.example"));
    // At the door nobody knows yet which open is the last one.
    assert_eq!((appended.new, appended.outdated), (14, 2));
    assert_eq!(early.dirty(), 1);
    assert_eq!(forget(&early.store, 10, 9), (1, 1));
    late.append(NOW, &life("a@x.example"));
    keep(&late);
    assert_eq!(forget(&late.store, 10, 9), (1, 3));
    let (early, late) = (early.facts("a@x.example"), late.facts("a@x.example"));
    assert_eq!(early.forgotten, late.forgotten);
    assert_eq!(kinds(&early), kinds(&late));
}

#[test]
fn a_deletion_that_is_cut_off_after_any_of_its_parts_is_carried_on_without_harm() {
    let people: Vec<String> = (0..5).map(|n| format!("p{n}@x.example")).collect();
    let mut states = Vec::new();
    for parts in 0..7 {
        let bench = bench();
        for email in &people {
            bench.append(NOW, &life(email));
        }
        keep(&bench);
        let before = forget(&bench.store, 1, parts);
        // The process ends here; another begins anew.
        drop(bench.store);
        let store = open(&bench.path, Access::ReadWrite).unwrap();
        keep_in(&store);
        let after = forget(&store, 1, 99);
        assert_eq!((before.0 + after.0, before.1 + after.1), (5, 15), "{parts}");
        assert_eq!(before.0, (parts as u64).min(5), "the cut fell elsewhere");
        let facts = people.iter().map(|email| {
            let email = address(email);
            store
                .read(move |conn| conn.facts(conn.find_contact(&email)?.unwrap(), None))
                .unwrap()
        });
        states.push(facts.collect::<Vec<_>>());
    }
    assert!(states.windows(2).all(|pair| pair[0] == pair[1]));
}

fn days(kind: &EventKind, days: &[i64]) -> Vec<Event> {
    let each = days
        .iter()
        .map(|days| ago("a@x.example", kind.clone(), *days));
    each.collect()
}

#[test]
fn the_last_sign_of_each_kind_that_an_address_works_stays_for_a_bounce_may_come_late() {
    let bench = bench();
    bench.append(NOW, &days(&EventKind::Open, &[600, 450, 400]));
    let mut machine = days(&EventKind::Click, &[300]);
    machine[0].verdict = Some(Verdict::Scanner);
    bench.append(NOW, &machine);
    bench.append(NOW, &days(&EventKind::Click, &[480]));
    let other = bench.store.write(|tx| tx.connection("other", "ghost", NOW));
    let other = other.unwrap().id;
    let elsewhere = days(&EventKind::Click, &[350]);
    bench
        .store
        .write(move |tx| tx.append(other, NOW, &elsewhere, &mut tx.begin_report()?))
        .unwrap();
    keep(&bench);
    assert_eq!(forget(&bench.store, 10, 9), (1, 3));
    let left = [("click", 350), ("click", 480), ("open", 400)];
    assert_eq!(kinds(&bench.facts("a@x.example")), left);
    // One that has become old takes its place; a young one does not, for the days before it.
    bench.append(NOW, &days(&EventKind::Open, &[20]));
    assert_eq!(forget(&bench.store, 10, 9), (0, 0));
    bench.append(NOW, &days(&EventKind::Open, &[390]));
    assert_eq!(forget(&bench.store, 10, 9), (1, 1));
    // At the door it is the same, in whichever order they come.
    let door = self::bench();
    keep(&door);
    let opens = days(&EventKind::Open, &[600, 400]);
    let taken = door.append(NOW, &opens);
    assert_eq!((taken.new, taken.outdated), (2, 0));
    let taken = door.append(NOW, &days(&EventKind::Open, &[500]));
    assert_eq!((taken.new, taken.outdated), (0, 1));
    forget(&door.store, 10, 9);
    assert_eq!(kinds(&door.facts("a@x.example")), [("open", 400)]);
}

#[test]
fn what_was_told_twice_stays_or_goes_as_one() {
    let bench = bench();
    let connection = bench.connection;
    let minute = std::time::Duration::from_mins(1);
    bench
        .store
        .write(move |tx| tx.declare_twins(connection, Some(minute), NOW))
        .unwrap();
    // The last of all, and one before it.
    for days in [500, 400] {
        let told = ago("a@x.example", EventKind::Click, days);
        let mut polled = told.clone();
        polled.at += chrono::TimeDelta::seconds(20);
        bench.webhook(NOW, told);
        bench.append(NOW, &[polled]);
    }
    keep(&bench);
    assert_eq!(bench.count("select count(*) from event"), 4);
    assert_eq!(forget(&bench.store, 10, 9), (1, 1));
    assert_eq!(bench.count("select count(*) from event"), 2);
    assert_eq!(kinds(&bench.facts("a@x.example")), [("click", 400)]);
}

#[test]
fn an_old_event_stays_with_a_younger_one_of_its_message_or_order() {
    let bench = bench();
    let of = |kind: EventKind, campaign: &str, days: i64| Event {
        campaign: Some(campaign.into()),
        ..ago("a@x.example", kind, days)
    };
    bench.append(
        NOW,
        &[
            of(EventKind::Open, "twice", 400),
            of(EventKind::Open, "twice", 10),
            of(EventKind::Open, "once", 399),
            of(EventKind::Open, "last", 300),
        ],
    );
    let order = |kind: EventKind, days: i64| {
        let order = Some("7781".into());
        Event {
            order,
            ..ago("a@x.example", kind, days)
        }
    };
    bench.append(
        NOW,
        &[
            order(EventKind::Refund, 300),
            order(EventKind::Purchase, 10),
        ],
    );
    keep(&bench);
    assert_eq!(forget(&bench.store, 10, 9), (1, 1));
    let facts = bench.facts("a@x.example");
    assert_eq!(facts.events.len(), 5);
    assert!(!kinds(&facts).contains(&("open", 399)));
}

#[test]
fn a_known_event_whose_time_is_corrected_to_an_old_one_is_corrected() {
    let bench = bench();
    keep(&bench);
    let of = |days: i64| Event {
        id: Some("o-7".into()),
        ..ago("a@x.example", EventKind::PageVisit, days)
    };
    assert_eq!(bench.append(NOW, &[of(10)]).new, 1);
    let corrected = bench.append(NOW, &[of(900)]);
    assert_eq!((corrected.superseded, corrected.outdated), (1, 0));
    assert_eq!(forget(&bench.store, 10, 9), (1, 1));
    assert_eq!(bench.facts("a@x.example").events, []);
}

#[test]
fn of_contacts_that_are_one_what_is_gone_is_gone_of_both() {
    let bench = bench();
    bench.contacts(NOW, &[contact("1", Some("a@x.example"))]);
    bench.contacts(NOW, &[contact("2", Some("b@x.example"))]);
    bench.append(NOW, &[ago("a@x.example", EventKind::Bounce, 700)]);
    bench.append(NOW, &[ago("a@x.example", EventKind::Send, 650)]);
    bench.append(NOW, &[ago("b@x.example", EventKind::Open, 600)]);
    bench.append(NOW, &[ago("b@x.example", EventKind::Send, 400)]);
    super::merging::merge(&bench, "shop", "a@x.example", "b@x.example", NOW + 1);
    keep(&bench);
    bench.clean();
    assert_eq!(forget(&bench.store, 10, 9), (2, 2));
    assert_eq!(bench.dirty(), 1);
    let facts = bench.facts("b@x.example");
    // The one's bounce is ended by what the other did.
    assert_eq!(kinds(&facts), [("bounce", 700), ("open", 600)]);
    let send = KindId::built_in(&EventKind::Send).unwrap();
    let gone = |days: i64| Forgotten::one(send, NOW - days * DAY);
    assert_eq!(facts.forgotten, Some(gone(650).and(gone(400))));
}

#[test]
fn what_is_gone_is_not_missing_where_a_platform_counts_it() {
    use super::counters::{START, counted, counter, opened};
    let bench = counted();
    let horizon = Horizon {
        events: Window {
            number: 30,
            unit: Unit::Day,
        },
        keep: Vec::new(),
    };
    for who in [1, 2] {
        bench.webhook(START + 2_000, opened(who, "c1", START + 1_000));
    }
    // Each has opened something else since, or the last would stay.
    for who in [1, 2] {
        bench.webhook(START + 3_000, opened(who, "c2", START + 2_000));
    }
    bench.pass(START + DAY, vec![counter("c1", START + DAY, 2, Some(2))]);
    assert_eq!(bench.shortfalls(), []);
    let late = START + 60 * DAY;
    bench.store.keep_for(Some(&horizon), &zone());
    bench.store.write(move |tx| tx.keep_since(late)).unwrap();
    let gone = bench
        .store
        .write(move |tx| tx.forget_old(ContactId(0), 10, late));
    assert_eq!(gone.unwrap().events, 2);
    bench.webhook(late, opened(3, "c1", late - 1_000));
    bench.pass(late, vec![counter("c1", late, 3, Some(3))]);
    assert_eq!(bench.shortfalls(), []);
    // One that never came is missed all the same.
    bench.pass(late + DAY, vec![counter("c1", late + DAY, 4, Some(4))]);
    assert_eq!(bench.shortfalls().len(), 1);
    // The first count of a campaign from before what is kept says nothing; its next ones do.
    let connection = bench.connection;
    let campaign = engaged_connectors::model::Campaign {
        id: "c0".into(),
        name: "Old".into(),
        sent_at: Some(at(START)),
    };
    bench
        .store
        .write(move |tx| tx.name_campaigns(connection, &[campaign]))
        .unwrap();
    let next = late + 2 * DAY;
    bench.pass(next, vec![counter("c0", next, 50, Some(50))]);
    assert_eq!(bench.shortfalls().len(), 1);
    bench.pass(next + DAY, vec![counter("c0", next + DAY, 51, Some(51))]);
    assert_eq!(bench.shortfalls().len(), 2);
}
