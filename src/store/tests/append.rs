use proptest::prelude::*;

use super::*;

const DAY: Millis = 86_400_000;

fn identified(email: &str, id: &str, when: Millis) -> Event {
    Event {
        id: Some(id.into()),
        campaign: Some("n1".into()),
        ..event(email, EventKind::Open, at(when))
    }
}

#[test]
fn the_same_rows_again_change_nothing_and_keep_when_they_were_known() {
    let bench = bench();
    let rows = vec![
        identified("a@x.example", "e1", NOW - DAY),
        event("a@x.example", EventKind::Click, at(NOW - DAY)),
        event("b@x.example", EventKind::Send, at(NOW - 2 * DAY)),
    ];
    assert_eq!(bench.append(NOW, &rows).new, 3);
    let before = bench.facts("a@x.example");
    bench.clean();
    let again = bench.append(NOW + DAY, &rows);
    assert_eq!((again.new, again.duplicates), (0, 3));
    assert_eq!(bench.facts("a@x.example"), before);
    assert_eq!(bench.count("select max(known_at) from event"), NOW);
    assert_eq!(bench.dirty(), 0);
}

#[test]
fn identical_rows_without_an_id_count_as_often_as_one_report_has_them() {
    let bench = bench();
    let visit = Event {
        url: Some("https://x.example/".into()),
        ..event("a@x.example", EventKind::PageVisit, at(NOW))
    };
    assert_eq!(bench.append(NOW, &vec![visit.clone(); 2]).new, 2);
    assert_eq!(bench.append(NOW, &vec![visit.clone(); 2]).new, 0);
    assert_eq!(bench.append(NOW, &vec![visit.clone(); 3]).new, 1);
    assert_eq!(bench.append(NOW, &[visit]).new, 0);
    assert_eq!(bench.facts("a@x.example").events.len(), 3);
}

#[test]
fn rows_that_differ_in_anything_are_different_events() {
    let bench = bench();
    let base = event("a@x.example", EventKind::Purchase, at(NOW));
    let mut rows = vec![base.clone()];
    rows.push(Event {
        campaign: Some("c".into()),
        ..base.clone()
    });
    rows.push(Event {
        link: Some("https://x.example/a".into()),
        ..base.clone()
    });
    rows.push(Event {
        url: Some("https://x.example/a".into()),
        ..base.clone()
    });
    rows.push(Event {
        item: Some("shoes".into()),
        ..base.clone()
    });
    rows.push(Event {
        quantity: Some(2),
        ..base.clone()
    });
    rows.push(Event {
        value_cents: Some(100),
        ..base.clone()
    });
    rows.push(Event {
        value_cents: Some(100),
        currency: Some("USD".into()),
        ..base.clone()
    });
    rows.push(Event {
        properties: [("size".to_owned(), 41.into())].into(),
        ..base.clone()
    });
    rows.push(Event {
        properties: [("size".to_owned(), 42.into())].into(),
        ..base.clone()
    });
    rows.push(Event {
        id: Some("o-1".into()),
        ..base.clone()
    });
    rows.push(Event {
        id: Some("o-2".into()),
        ..base
    });
    let count = u64::try_from(rows.len()).unwrap();
    assert_eq!(bench.append(NOW, &rows).new, count);
    assert_eq!(bench.append(NOW, &rows).duplicates, count);
}

#[test]
fn one_id_on_two_connections_or_kinds_is_two_events() {
    let bench = bench();
    let open = identified("a@x.example", "7", NOW);
    let click = Event {
        kind: EventKind::Click,
        ..open.clone()
    };
    assert_eq!(bench.append(NOW, &[open.clone(), click]).new, 2);
    let other = bench
        .store
        .write(|tx| tx.connection("other", "brevo", NOW))
        .unwrap()
        .id;
    let appended = bench
        .store
        .write(move |tx| tx.append(other, NOW, &[open], &mut tx.begin_report()?))
        .unwrap();
    assert_eq!(appended.new, 1);
    let facts = bench.facts("a@x.example");
    assert_eq!(facts.events.len(), 3);
    assert_eq!(facts.connections, [bench.connection, other]);
}

#[test]
fn a_changed_time_supersedes_and_the_old_time_stays_for_replay() {
    let bench = bench();
    // Far enough apart to lie in different buckets.
    let (first, second) = (NOW - 400 * DAY, NOW - 10 * DAY);
    bench.append(NOW, &[identified("a@x.example", "e1", first)]);
    let appended = bench.append(NOW + DAY, &[identified("a@x.example", "e1", second)]);
    assert_eq!((appended.superseded, appended.new), (1, 0));
    let times = |facts: &Facts| {
        facts
            .events
            .iter()
            .map(|event| event.at)
            .collect::<Vec<_>>()
    };
    assert_eq!(times(&bench.facts("a@x.example")), [second]);
    assert_eq!(
        times(&bench.facts_known("a@x.example", Some(NOW)).unwrap()),
        [first]
    );
    assert_eq!(
        times(&bench.facts_known("a@x.example", Some(NOW + DAY)).unwrap()),
        [second]
    );
    // The old report coming again is old news.
    let again = bench.append(NOW + 2 * DAY, &[identified("a@x.example", "e1", first)]);
    assert_eq!((again.superseded, again.duplicates), (0, 1));
    assert_eq!(times(&bench.facts("a@x.example")), [second]);
}

#[test]
fn replay_shows_only_what_was_known() {
    let bench = bench();
    bench.append(NOW, &[identified("a@x.example", "e1", NOW - 9 * DAY)]);
    bench.append(
        NOW + DAY,
        &[identified("a@x.example", "e2", NOW - 20 * DAY)],
    );
    assert_eq!(
        bench
            .facts_known("a@x.example", Some(NOW))
            .unwrap()
            .events
            .len(),
        1
    );
    assert_eq!(
        bench
            .facts_known("a@x.example", Some(NOW + DAY))
            .unwrap()
            .events
            .len(),
        2
    );
    assert!(bench.facts_known("a@x.example", Some(NOW - 1)).is_none());
    assert_eq!(
        bench.facts_known("a@x.example", Some(NOW + DAY)),
        Some(bench.facts("a@x.example"))
    );
}

#[test]
fn a_later_verdict_counts_now_and_the_earlier_one_in_replay() {
    let bench = bench();
    bench.append(NOW, &[identified("a@x.example", "e1", NOW - DAY)]);
    let id = bench.facts("a@x.example").events[0].id;
    bench.clean();
    let known = bench.store.write(move |tx| {
        tx.set_verdict(id, Verdict::Scanner, "two links in one second", NOW + DAY)
    });
    assert!(known.unwrap());
    assert_eq!(
        bench.facts("a@x.example").events[0].verdict,
        Verdict::Scanner
    );
    let then = bench.facts_known("a@x.example", Some(NOW)).unwrap();
    assert_eq!(then.events[0].verdict, Verdict::Unknown);
    assert_eq!(bench.dirty(), 1);
    assert!(
        !bench
            .store
            .write(|tx| tx.set_verdict(99, Verdict::Human, "", NOW))
            .unwrap()
    );
}

#[test]
fn a_duplicate_that_brings_a_verdict_is_judged_and_not_counted() {
    let bench = bench();
    let bare = identified("a@x.example", "e1", NOW - DAY);
    bench.append(NOW, std::slice::from_ref(&bare));
    let judged = Event {
        verdict: Some(Verdict::PrivacyProxy),
        ..bare
    };
    assert_eq!(bench.append(NOW + DAY, &[judged]).duplicates, 1);
    let facts = bench.facts("a@x.example");
    assert_eq!(
        (facts.events.len(), facts.events[0].verdict),
        (1, Verdict::PrivacyProxy)
    );
}

#[test]
fn a_transaction_that_fails_leaves_nothing() {
    let bench = bench();
    let connection = bench.connection;
    let error = bench.store.write(move |tx| -> Result<(), StoreError> {
        let rows = [event("a@x.example", EventKind::Open, at(NOW))];
        tx.append(connection, NOW, &rows, &mut tx.begin_report()?)?;
        tx.set_cursor(connection, Stream("events"), &cursor("p2"), NOW)?;
        Err(StoreError::bug("cut"))
    });
    assert!(error.is_err());
    assert_eq!(bench.store.read(Conn::sizes).unwrap(), (0, 0));
    let position = bench
        .store
        .read(move |conn| conn.cursor(connection, Stream("events")))
        .unwrap();
    assert!(position.is_none());
}

#[test]
fn everything_that_a_rule_can_read_comes_back() {
    let bench = bench();
    let row = Event {
        item: Some("shoes".into()),
        quantity: Some(2),
        value_cents: Some(26_000),
        currency: Some("EUR".into()),
        tracked: Some(false),
        url: Some("https://x.example/p".into()),
        properties: [
            ("colour".to_owned(), "red".into()),
            ("size".to_owned(), 41.into()),
        ]
        .into(),
        kind: EventKind::Custom("demo_request".into()),
        ..event("a@x.example", EventKind::Open, at(NOW))
    };
    bench.append(NOW, &[row]);
    let facts = bench.facts("a@x.example");
    let vocabulary = bench.store.read(Conn::vocabulary).unwrap();
    let fact = facts.events[0];
    let built_in = u16::try_from(EventKind::BUILT_IN.len()).unwrap();
    assert_eq!(fact.kind, KindId(built_in));
    assert_eq!(vocabulary.kinds, ["demo_request"]);
    let index = |id: crate::score::facts::TextId| usize::try_from(id.0).unwrap();
    assert_eq!(vocabulary.items[index(fact.item)], "shoes");
    assert_eq!(vocabulary.urls[index(fact.url)], "https://x.example/p");
    assert_eq!(vocabulary.currencies[index(fact.currency)], "EUR");
    assert_eq!(
        (fact.quantity, fact.value, fact.tracked),
        (2, Some(26_000), false)
    );
    let named: Vec<_> = facts
        .properties
        .iter()
        .map(|(_, name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(named, [("colour", "red"), ("size", "41")]);
}

/// What scoring can tell apart, without the numbers that depend on the order of arrival.
fn content(facts: &Facts) -> Vec<String> {
    let mut lines: Vec<String> = facts
        .events
        .iter()
        .map(|fact| {
            format!(
                "{} {:?} {:?} {:?} {:?}",
                fact.at, fact.kind, fact.value, fact.quantity, fact.verdict
            )
        })
        .collect();
    lines.sort();
    lines
}

prop_compose! {
    fn any_event()(
        person in 0..3, kind in 0..4usize, when in 0..40i64, wide in any::<bool>(),
        named in any::<Option<bool>>(), value in 0..2i64,
    ) -> Event {
        // Coarse times, so that identical rows are common; some a year back, in other buckets.
        let when = NOW - when / 4 * DAY - if wide { 365 * DAY } else { 0 };
        let kind = [EventKind::Open, EventKind::Click, EventKind::Purchase, EventKind::Send][kind].clone();
        // One id is one event: whatever differs is in the id.
        let id = named.map(|_| format!("{when}-{kind:?}-{person}-{value}"));
        Event {
            id,
            value_cents: (kind == EventKind::Purchase).then_some(value),
            ..event(&format!("p{person}@x.example"), kind, at(when))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn order_repetition_and_batches_do_not_matter(
        events in prop::collection::vec(any_event(), 1..60),
        shuffled in any::<prop::sample::Index>(),
        size in 1..20usize,
    ) {
        // One report at once...
        let (whole, parts) = (bench(), bench());
        whole.append(NOW, &events);
        // ... or from another place on, in pieces, and then once more.
        let mut turned = events.clone();
        turned.rotate_left(shuffled.index(events.len()));
        let connection = parts.connection;
        for _ in 0..2 {
            let mut report = parts.store.write(Tx::begin_long_report).unwrap();
            for batch in turned.chunks(size) {
                let batch = batch.to_vec();
                report = parts.store.write(move |tx| {
                    tx.append(connection, NOW, &batch, &mut report)?;
                    Ok(report)
                }).unwrap();
            }
        }
        for person in 0..3 {
            let email = address(&format!("p{person}@x.example"));
            let read = |bench: &Bench| bench.store.read(|conn| {
                let Some(contact) = conn.find_contact(&email)? else { return Ok(Vec::new()) };
                Ok(conn.facts(contact, None)?.map(|facts| content(&facts)).unwrap_or_default())
            }).unwrap();
            prop_assert_eq!(read(&whole), read(&parts));
        }
    }

    #[test]
    fn walking_all_contacts_reads_what_looking_each_up_reads(events in prop::collection::vec(any_event(), 0..60)) {
        let bench = bench();
        bench.append(NOW, &events);
        bench.store.read(|conn| {
            let mut walked = Vec::new();
            conn.for_each_facts(Which::All, None, |contact, facts| {
                walked.push((contact, facts.clone()));
                Ok(())
            })?;
            for (contact, facts) in &walked {
                assert_eq!(conn.facts(*contact, None)?.as_ref(), Some(facts));
                let order: Vec<_> = facts.events.iter().map(|fact| (fact.at, fact.connection, fact.id)).collect();
                assert!(order.is_sorted());
            }
            assert_eq!(i64::try_from(walked.len()).unwrap(), conn.sizes()?.0);
            Ok(())
        }).unwrap();
    }
}
