use super::*;
use crate::{
    because::{When, because},
    config::{self, Environment, Language},
    score::explain::{EVENTS_TOLD, Explanation},
    words::{self, Detail},
};

const DAY: Millis = 86_400_000;

fn bought(email: &str, order: &str, millis: Millis) -> Event {
    Event {
        id: Some(format!("store/{order}/1")),
        item: Some("shoes".into()),
        value_cents: Some(10_000),
        order: Some(order.into()),
        ..event(email, EventKind::Purchase, at(millis))
    }
}

impl Bench {
    /// What a shop hands in, on a connection of its own.
    fn shop(&self, known_at: Millis, events: &[Event]) {
        let events = events.to_vec();
        self.store
            .write(move |tx| {
                let shop = tx.connection("shop", IMPORTED, NOW)?.id;
                tx.append(shop, known_at, &events, &mut tx.begin_report()?)
            })
            .unwrap();
    }

    fn because(&self, known_at: Option<&str>) -> Explanation {
        let path = self.path.with_file_name("engaged.toml");
        let text = "timezone = \"UTC\"\ndatabase = \"engaged.db\"\n\
            [scores.s]\nrules = [{ when = \"purchase of 'shoes'\", points = 10 }]\n";
        std::fs::write(&path, text).unwrap();
        let config = config::load(&path, &Environment::new()).unwrap();
        let when = When {
            as_of: None,
            known_at: known_at.map(day),
        };
        let email = address("a@x.example");
        let explained = self.store.read(|conn| {
            let contact = conn.find_contact(&email)?.unwrap();
            because(conn, &config, (contact, "a"), when, NOW + 9 * DAY)
        });
        explained.unwrap().unwrap()
    }
}

fn points(explanation: &Explanation) -> i64 {
    explanation.scores[0].raw.0 / 1000
}

#[test]
fn an_order_that_a_shop_and_a_platform_tell_counts_once_whichever_comes_first() {
    for shop_first in [true, false] {
        let bench = bench();
        let ours = [bought("a@x.example", "#7781a", NOW)];
        let theirs = [Event {
            value_cents: Some(9_900),
            ..bought("a@x.example", "7781A", NOW + 5_000)
        }];
        if shop_first {
            bench.shop(NOW, &theirs);
            bench.append(NOW + DAY, &ours);
        } else {
            bench.append(NOW, &ours);
            bench.shop(NOW + DAY, &theirs);
        }
        let explanation = bench.because(None);
        assert_eq!(points(&explanation), 10);
        let line = &explanation.scores[0].rules[0].events[0];
        assert_eq!(line.connection, "news");
        assert_eq!(line.also_told_by, ["shop"]);
        let said = words::text(&words::explanation(
            &explanation,
            Language::English,
            Detail::Short,
        ));
        assert!(said.contains("order 7781A"), "{said}");
        assert!(said.contains("also told by shop"), "{said}");
        // Before the second came, the first one was all that was known.
        let before = bench.because(Some("2026-06-09"));
        assert_eq!(points(&before), 10);
        assert!(before.scores[0].rules[0].events[0].also_told_by.is_empty());
        let found = bench.store.read(|conn| conn.compare_history(9)).unwrap();
        assert_eq!(found, Vec::<String>::new());
    }
}

#[test]
fn orders_of_contacts_that_become_one_count_once_from_then_on() {
    let bench = bench();
    bench.contacts(NOW, &[contact("1", None)]);
    let mut ours = bought("a@x.example", "7781", NOW);
    ours.contact = ContactRef {
        id: Some("1".into()),
        email: None,
    };
    bench.append(NOW, &[ours]);
    bench.shop(
        NOW,
        &[
            bought("a@x.example", "7781", NOW),
            bought("a@x.example", "7782", NOW),
        ],
    );
    assert_eq!(points(&bench.because(None)), 20);
    bench.contacts(NOW + DAY, &[contact("1", Some("a@x.example"))]);
    assert_eq!(bench.facts("a@x.example").events.len(), 3);
    assert_eq!(points(&bench.because(None)), 20);
    let line = &bench.because(None).scores[0].rules[0].events[0];
    assert_eq!(
        (line.connection.as_str(), line.also_told_by.len()),
        ("news", 1)
    );
}

#[test]
fn an_order_number_is_of_what_is_bought_and_given_back() {
    let bench = bench();
    let mut visit = bought("a@x.example", "7781", NOW);
    visit.kind = EventKind::PageVisit;
    bench.append(NOW, &[visit, bought("a@x.example", " # ", NOW)]);
    let facts = bench.facts("a@x.example");
    assert!(facts.events.iter().all(|fact| !fact.order.is_some()));
}

#[test]
fn of_very_many_events_the_latest_are_told_and_those_before_them_together() {
    let bench = bench();
    let (many, rest) = (EVENTS_TOLD + 7, 7);
    let order = |(number, at)| bought("a@x.example", &format!("n{number}"), at);
    bench.append(NOW, &(0..many).zip(NOW..).map(order).collect::<Vec<_>>());
    let explanation = bench.because(None);
    let line = &explanation.scores[0].rules[0];
    assert_eq!(line.events.len(), EVENTS_TOLD);
    assert_eq!(line.events[0].order.as_deref(), Some("N7"));
    let earlier = line.earlier.as_ref().unwrap();
    assert_eq!((earlier.events, earlier.points.0), (rest, 70_000));
    assert_eq!((earlier.from, earlier.to), (NOW, NOW + 6));
    let told: i64 = line.events.iter().map(|event| event.points.0).sum();
    assert_eq!(told + earlier.points.0, explanation.scores[0].raw.0);
    assert_eq!(line.all.standing, many);
    let said = |detail| {
        let lines = words::explanation(&explanation, Language::English, detail);
        words::text(&lines)
    };
    let (short, everything) = (said(Detail::Short), said(Detail::Everything));
    assert!(short.contains("10003 earlier ones"), "{short}");
    assert!(
        everything.contains(" 7 earlier ones"),
        "{}",
        everything.len()
    );
}
