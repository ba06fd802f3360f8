//! Who is who, as it was known when: addresses, and contacts that turn out to be one.

use proptest::prelude::*;

use super::*;

const DAY: Millis = 86_400_000;

fn address_known(bench: &Bench, email: &str, known: Option<Millis>) -> Option<String> {
    let facts = bench.facts_known(email, known).unwrap();
    facts.address.map(|address| address.reveal().to_owned())
}

#[test]
fn replay_shows_the_address_that_a_contact_had() {
    let bench = bench();
    bench.contacts(NOW, &[contact("7", None)]);
    bench.contacts(NOW + 1, &[contact("7", Some("old@gmail.com"))]);
    bench.contacts(NOW + 2, &[contact("7", Some("new@x.example"))]);
    let then = |known| address_known(&bench, "new@x.example", known);
    assert_eq!(then(Some(NOW)), None);
    assert_eq!(then(Some(NOW + 1)).as_deref(), Some("old@gmail.com"));
    assert_eq!(then(Some(NOW + 2)).as_deref(), Some("new@x.example"));
    assert_eq!(then(None).as_deref(), Some("new@x.example"));
}

#[test]
fn an_address_that_a_known_event_tells_is_news() {
    let bench = bench();
    let mut open = event("a@gmail.com", EventKind::Open, at(NOW));
    open.id = Some("e1".into());
    open.contact = ContactRef {
        id: Some("7".into()),
        email: None,
    };
    bench.append(NOW, std::slice::from_ref(&open));
    bench.clean();
    open.contact.email = Some(address("a@gmail.com"));
    assert_eq!(bench.append(NOW + 1, &[open]).duplicates, 1);
    assert_eq!(bench.dirty(), 1);
}

#[test]
fn another_name_of_a_campaign_is_news_for_everybody_who_may_have_had_it() {
    let bench = bench();
    let mut open = event("a@x.example", EventKind::Open, at(NOW));
    open.campaign = Some("c1".into());
    bench.append(NOW, &[open]);
    let named = |name: &str| {
        bench.clean();
        let mut page = Page::empty(cursor("p"), true);
        page.campaigns = vec![engaged_connectors::model::Campaign {
            id: "c1".into(),
            name: name.into(),
            sent_at: None,
        }];
        bench.page(NOW + 1, "events", page);
        bench.dirty()
    };
    assert_eq!(
        [named("Spring"), named("Spring"), named("Summer")],
        [1, 0, 1]
    );
}

fn other(bench: &Bench, name: &'static str) -> ConnectionId {
    let made = bench
        .store
        .write(move |tx| tx.connection(name, "brevo", NOW));
    made.unwrap().id
}

/// A platform shows one person first under one address and then under the other's.
pub(super) fn merge(bench: &Bench, on: &'static str, from: &str, into: &str, known_at: Millis) {
    let connection = other(bench, on);
    for (later, email) in [(0, from), (1, into)] {
        let row = contact("7", Some(email));
        let taken = bench.store.write(move |tx| {
            tx.upsert_contacts(
                connection,
                &[row],
                None,
                known_at + later,
                &mut PageCommit::default(),
            )
        });
        taken.unwrap();
    }
}

/// What scoring can tell apart, without the numbers that depend on the order of arrival.
fn content(facts: &Facts) -> Vec<String> {
    let mut lines: Vec<String> = (facts.events.iter())
        .map(|fact| format!("{} {:?} {:?}", fact.at, fact.kind, fact.verdict))
        .chain(facts.fields.iter().map(|field| format!("{field:?}")))
        .chain(facts.subscriptions.iter().map(|said| format!("{said:?}")))
        .collect();
    lines.sort();
    lines
}

prop_compose! {
    fn any_life()(
        people in prop::collection::vec((0..3_usize, 0..3_usize, 0..40_i64), 1..30),
        cities in prop::array::uniform3(prop::option::of("[AB]")),
    ) -> (Vec<Event>, Vec<Contact>) {
        let kinds = [EventKind::Open, EventKind::Click, EventKind::Subscribe];
        let events = people.into_iter().enumerate().map(|(number, (person, kind, when))| Event {
            id: Some(format!("{number}")),
            ..event(&format!("p{person}@x.example"), kinds[kind].clone(), at(NOW - when / 4 * DAY))
        });
        // Everybody's fields become known in one commit, so that only the texts can decide between them.
        let cards = (0..).zip(cities).map(|(person, city)| Contact {
            status: Some([Status::Subscribed, Status::Unsubscribed][person % 2]),
            fields: city.into_iter().map(|city| ("city".to_owned(), city)).collect(),
            ..contact(&format!("c{person}"), Some(&format!("p{person}@x.example")))
        });
        (events.collect(), cards.collect())
    }
}

fn with(life: &(Vec<Event>, Vec<Contact>)) -> Bench {
    let bench = bench();
    bench.contacts(NOW, &life.1);
    bench.append(NOW, &life.0);
    bench
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn merging_is_a_union_in_any_direction_and_order_and_loses_nothing(life in any_life()) {
        let [a, b, c] = ["p0@x.example", "p1@x.example", "p2@x.example"];
        let apart = with(&life);
        let mut events: Vec<_> = [a, b, c].iter().flat_map(|email| apart.facts(email).events).map(|fact| fact.at).collect();
        events.sort_unstable();
        let mut found = Vec::new();
        // Each has its own connection, on which the other is nobody.
        for merges in [[("x", a, b), ("y", b, c)], [("y", b, c), ("x", a, b)], [("x", b, a), ("y", c, a)], [("y", c, b), ("x", b, a)]] {
            let bench = with(&life);
            for (number, (on, from, into)) in (1..).zip(merges) {
                merge(&bench, on, from, into, NOW + number * DAY);
            }
            let whole = bench.facts(a);
            prop_assert_eq!(whole.events.iter().map(|fact| fact.at).collect::<Vec<_>>(), events.clone());
            found.push(content(&whole));
            for email in [a, b, c] {
                let find = |bench: &Bench| {
                    let email = address(email);
                    bench.store.read(|conn| Ok(conn.owner_of(&email)?.unwrap())).unwrap()
                };
                let mine = find(&bench);
                // Each is still known as it was before...
                let then = bench.store.read(|conn| conn.facts(mine, Some(NOW))).unwrap().unwrap();
                let before = apart.store.read(|conn| conn.facts(find(&apart), Some(NOW))).unwrap().unwrap();
                prop_assert_eq!(&then, &before);
            }
            // ... and so they are again once the link is gone.
            bench.store.write(|tx| Ok(tx.sql.execute("delete from merged", ())?)).unwrap();
            for email in [a, b, c] {
                prop_assert_eq!(content(&bench.facts(email)), content(&apart.facts(email)));
            }
        }
        prop_assert!(found.iter().all(|each| *each == found[0]), "{:?}", found);
    }
}
