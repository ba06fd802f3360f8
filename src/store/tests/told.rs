use super::*;

const DAY: Millis = 86_400_000;

impl Bench {
    fn told(&self, known_at: Millis, events: &[Event]) -> Appended {
        let (connection, events) = (self.connection, events.to_vec());
        self.store
            .write(move |tx| tx.append_told(connection, known_at, &events, &mut tx.begin_report()?))
            .unwrap()
    }

    /// The events of a contact that only a webhook told, as known at an instant.
    fn only_told(&self, email: &str, known: Option<Millis>) -> usize {
        let facts = self.facts_known(email, known).unwrap();
        let ids: Vec<i64> = facts.events.iter().map(|fact| fact.id).collect();
        let unconfirmed = self.store.read(|conn| conn.unconfirmed(&ids, known));
        unconfirmed.unwrap().len()
    }

    fn assert_sound(&self) {
        let found = self.store.read(|conn| conn.compare_history(9)).unwrap();
        assert_eq!(found, Vec::<String>::new());
        let found = self.store.read(|conn| conn.compare_tallies(9)).unwrap();
        assert_eq!(found, Vec::<String>::new());
    }
}

fn opened(id: Option<&str>, millis: Millis) -> Event {
    Event {
        id: id.map(str::to_owned),
        campaign: Some("c1".into()),
        ..event("a@x.example", EventKind::Open, at(millis))
    }
}

#[test]
fn what_only_a_webhook_told_says_so_until_a_poll_shows_it() {
    for id in [Some("e1"), None] {
        let bench = bench();
        assert_eq!(bench.told(NOW, &[opened(id, NOW)]).new, 1);
        assert_eq!(bench.told(NOW + 1, &[opened(id, NOW)]).duplicates, 1);
        assert_eq!(bench.only_told("a@x.example", None), 1);
        for later in [NOW + DAY, NOW + 2 * DAY] {
            let again = bench.append(later, &[opened(id, NOW)]);
            assert_eq!((again.new, again.duplicates), (0, 1));
        }
        assert_eq!(bench.only_told("a@x.example", None), 0);
        assert_eq!(bench.only_told("a@x.example", Some(NOW + DAY - 1)), 1);
        assert_eq!(bench.only_told("a@x.example", Some(NOW + DAY)), 0);
        bench.assert_sound();
    }
}

#[test]
fn what_a_poll_brought_first_is_not_called_told() {
    let bench = bench();
    bench.append(NOW, &[opened(Some("e1"), NOW)]);
    assert_eq!(bench.told(NOW, &[opened(Some("e1"), NOW)]).duplicates, 1);
    assert_eq!(bench.only_told("a@x.example", None), 0);
    bench.assert_sound();
}

const MINUTE: Millis = 60_000;

fn twins() -> Bench {
    let bench = bench();
    let (connection, within) = (bench.connection, std::time::Duration::from_mins(2));
    bench
        .store
        .write(move |tx| tx.declare_twins(connection, Some(within), NOW))
        .unwrap();
    bench
}

fn clicked(link: &str, millis: Millis) -> Event {
    Event {
        campaign: Some("c1".into()),
        link: Some(link.into()),
        ..event("a@x.example", EventKind::Click, at(millis))
    }
}

#[test]
fn what_both_ways_tell_within_their_span_is_one_event_at_the_webhooks_time() {
    for webhook_first in [true, false] {
        let bench = twins();
        let (told, polled) = (opened(None, NOW), opened(Some("p1"), NOW + 2 * MINUTE));
        let appended = if webhook_first {
            [bench.told(NOW, &[told]), bench.append(NOW + 1, &[polled])]
        } else {
            [bench.append(NOW, &[polled]), bench.told(NOW + 1, &[told])]
        };
        assert_eq!(
            appended.map(|each| (each.new, each.duplicates)),
            [(1, 0), (0, 1)]
        );
        let facts = bench.facts("a@x.example");
        assert_eq!(
            facts.events.iter().map(|fact| fact.at).collect::<Vec<_>>(),
            [NOW]
        );
        assert_eq!(bench.only_told("a@x.example", None), 0);
        // Before the second came, the first stood with its own time.
        let before = bench.facts_known("a@x.example", Some(NOW)).unwrap();
        let first = if webhook_first { NOW } else { NOW + 2 * MINUTE };
        assert_eq!(before.events[0].at, first);
        bench.assert_sound();
    }
}

#[test]
fn twins_are_one_to_one_and_of_one_link_and_beyond_the_span_there_are_two() {
    let bench = twins();
    bench.told(NOW, &[clicked("https://a", NOW), opened(None, NOW)]);
    let polled = [
        clicked("https://b", NOW),
        clicked("https://a", NOW + 10),
        clicked("https://a", NOW + 20),
        opened(None, NOW + 2 * MINUTE + 1),
    ];
    let appended = bench.append(NOW, &polled);
    assert_eq!((appended.new, appended.duplicates), (3, 1));
    assert_eq!(bench.facts("a@x.example").events.len(), 5);
    bench.assert_sound();
}

#[test]
fn twins_of_contacts_that_become_one_are_one() {
    let bench = twins();
    bench.contacts(
        NOW,
        &[contact("1", None), contact("2", Some("a@x.example"))],
    );
    let mut told = opened(None, NOW);
    told.contact = ContactRef {
        id: Some("1".into()),
        email: None,
    };
    bench.told(NOW, &[told]);
    bench.append(NOW, &[opened(None, NOW + MINUTE)]);
    bench.contacts(NOW + DAY, &[contact("1", Some("a@x.example"))]);
    assert_eq!(bench.facts("a@x.example").events.len(), 1);
    bench.assert_sound();
}

#[test]
fn a_span_that_is_declared_later_pairs_what_is_there() {
    let bench = bench();
    bench.told(NOW, &[opened(None, NOW)]);
    bench.append(NOW, &[opened(None, NOW + MINUTE)]);
    bench.clean();
    let connection = bench.connection;
    for (within, events) in [(Some(MINUTE), 1), (Some(MINUTE), 1), (None, 2)] {
        let within = within.map(|_| std::time::Duration::from_mins(1));
        bench
            .store
            .write(move |tx| tx.declare_twins(connection, within, NOW + DAY))
            .unwrap();
        assert_eq!(bench.facts("a@x.example").events.len(), events);
        assert_eq!(bench.dirty(), 1);
        bench.assert_sound();
    }
}

mod any_order {
    use proptest::prelude::*;

    use super::*;

    /// A row: whether a webhook told it, the kind and link it is of, and its time in half minutes.
    type Row = (bool, usize, i64);

    fn made((_, of, time): Row) -> Event {
        let millis = NOW + time * MINUTE / 2;
        match of {
            0 => opened(None, millis),
            1 => clicked("https://a", millis),
            _ => clicked("https://b", millis),
        }
    }

    /// The most pairs that there can be, by trying.
    fn most(told: &[i64], polled: &[i64]) -> usize {
        fn place(
            told: &[i64],
            polled: &[i64],
            from: usize,
            seen: &mut [bool],
            whose: &mut [Option<usize>],
        ) -> bool {
            for to in 0..polled.len() {
                if (told[from] - polled[to]).abs() <= 4 && !seen[to] {
                    seen[to] = true;
                    if whose[to].is_none_or(|other| place(told, polled, other, seen, whose)) {
                        whose[to] = Some(from);
                        return true;
                    }
                }
            }
            false
        }
        let mut whose = vec![None; polled.len()];
        (0..told.len())
            .filter(|&from| {
                place(
                    told,
                    polled,
                    from,
                    &mut vec![false; polled.len()],
                    &mut whose,
                )
            })
            .count()
    }

    fn expected(rows: &[Row]) -> usize {
        let of = |way: bool, of: usize| -> Vec<i64> {
            let all: std::collections::BTreeSet<i64> = rows
                .iter()
                .filter(|row| (row.0, row.1) == (way, of))
                .map(|row| row.2)
                .collect();
            all.into_iter().collect()
        };
        (0..3)
            .map(|each| {
                let (told, polled) = (of(true, each), of(false, each));
                told.len() + polled.len() - most(&told, &polled)
            })
            .sum()
    }

    /// What counts, as scoring reads it.
    fn counted(bench: &Bench) -> Vec<(Millis, u16, u32)> {
        let events = bench.facts("a@x.example").events;
        let mut counted: Vec<_> = events
            .iter()
            .map(|fact| (fact.at, fact.kind.0, fact.url.0))
            .collect();
        counted.sort_unstable();
        counted
    }

    fn take(rows: &[(Row, u8)]) -> Bench {
        let bench = twins();
        // So that links have the same numbers whatever comes first.
        bench.append(NOW, &[clicked("https://a", 0), clicked("https://b", 0)]);
        let mut new = 2;
        for (number, (row, again)) in rows.iter().enumerate() {
            let known_at = NOW + i64::try_from(number).unwrap();
            for _ in 0..=(*again % 2) {
                let event = [made(*row)];
                let appended = if row.0 {
                    bench.told(known_at, &event)
                } else {
                    bench.append(known_at, &event)
                };
                new += appended.new;
            }
        }
        assert_eq!(
            new,
            u64::try_from(bench.facts("a@x.example").events.len()).unwrap()
        );
        bench
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn webhooks_and_polls_in_any_order_and_again_give_the_same_events(
            rows in prop::collection::vec(((any::<bool>(), 0usize..3, 0i64..24), any::<u8>()), 0..24)
                .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle()))
        ) {
            let (one, other) = (take(&rows.0), take(&rows.1));
            prop_assert_eq!(counted(&one), counted(&other));
            let bare: Vec<Row> = rows.0.iter().map(|(row, _)| *row).collect();
            prop_assert_eq!(counted(&one).len(), expected(&bare) + 2);
            one.assert_sound();
            other.assert_sound();
        }
    }
}
