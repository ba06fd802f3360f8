use super::*;

#[test]
fn a_run_clears_only_the_marks_that_it_saw() {
    let bench = bench();
    bench.append(
        NOW,
        &[
            event("a@x.example", EventKind::Open, at(NOW)),
            event("b@x.example", EventKind::Open, at(NOW)),
        ],
    );
    let seen = bench.store.read(Conn::dirty).unwrap();
    assert_eq!(seen.contacts.len(), 2);
    bench.append(NOW, &[event("a@x.example", EventKind::Open, at(NOW + 1))]);
    bench
        .store
        .write(move |tx| tx.clear_dirty(seen.seen))
        .unwrap();
    assert_eq!(bench.dirty(), 1);
}

#[test]
fn results_are_written_when_they_change_and_come_back() {
    let bench = bench();
    bench.append(NOW, &[event("a@x.example", EventKind::Open, at(NOW))]);
    let contact = bench.store.read(Conn::dirty).unwrap().contacts[0];
    let mut state = ContactState {
        scores: vec![ScoreRow {
            name: "engagement".into(),
            raw: 1_000,
            shown: 1,
            band: Some("engaged".into()),
        }],
        segments: vec!["hot".into()],
        stage: Some("SQL".into()),
        next_change_on: Some(day("2026-09-01")),
        unjudged: None,
    };
    let write = |state: &ContactState| {
        let state = state.clone();
        bench
            .store
            .write(move |tx| {
                let rules = tx.rule_version("f1", "rules", NOW)?;
                tx.results(rules, day("2026-06-15"), NOW)?
                    .write(contact, &state)
            })
            .unwrap()
    };
    let stored = || {
        bench
            .store
            .read(|conn| conn.state(contact))
            .unwrap()
            .unwrap()
    };
    let due = |on| bench.store.read(|conn| conn.due(day(on))).unwrap();
    let stale = |rules| {
        bench
            .store
            .read(|conn| conn.scored_by_other_rules(rules))
            .unwrap()
    };
    assert!(write(&state));
    assert!(!write(&state));
    assert_eq!(stored(), state);
    assert_eq!(
        (due("2026-08-31"), due("2026-09-01")),
        (vec![], vec![contact])
    );
    state.stage = None;
    state.segments.clear();
    state.scores[0].band = None;
    assert!(write(&state));
    assert_eq!(stored(), state);
    assert_eq!((stale(1), stale(2)), (vec![], vec![contact]));
}

#[test]
fn an_outbox_row_goes_through_its_states_and_a_newer_value_takes_its_place() {
    let bench = bench();
    let connection = bench.connection;
    let row = |value: &str| NewOutboxRow {
        plan: None,
        connection,
        contact: None,
        platform_id: "1".into(),
        write: "set_field".into(),
        target: "field:ENGSCORE".into(),
        value: Some(value.into()),
        reason: "score".into(),
        lane: Lane::Set,
    };
    let (one, two) = (row("1"), row("2"));
    let open = bench
        .store
        .write(move |tx| {
            tx.enqueue(&one, NOW)?;
            tx.enqueue(&two, NOW + 1)
        })
        .unwrap()
        .unwrap();
    let ready = bench
        .store
        .read(|conn| conn.outbox_ready(connection, Lane::Set, None, NOW + 1, 10))
        .unwrap();
    assert_eq!(ready.iter().map(|row| row.id).collect::<Vec<_>>(), [open]);
    bench
        .store
        .write(move |tx| tx.begin_attempt(&[open], "t1", NOW + 2))
        .unwrap();
    let three = row("3");
    bench
        .store
        .write(move |tx| {
            assert_eq!(tx.enqueue(&three, NOW + 3)?, None);
            assert_eq!(tx.doubt_attempts(NOW + 3)?, 1);
            let again = tx.enqueue(&three, NOW + 3)?.unwrap();
            tx.settle(again, OutboxState::Applied, None, None, NOW + 4)
        })
        .unwrap();
    let sizes = bench.store.read(Conn::outbox_sizes).unwrap();
    assert_eq!(
        sizes,
        [
            (connection, OutboxState::Abandoned, 1),
            (connection, OutboxState::Applied, 1),
            (connection, OutboxState::Reconciled, 1)
        ]
    );
}

#[test]
fn a_guard_trips_once_while_it_is_open() {
    let bench = bench();
    bench
        .store
        .write(|tx| {
            let first = tx.trip_guard("baseline", None, "ENGSCORE", "first push", NOW)?;
            assert_eq!(
                tx.trip_guard(
                    "baseline",
                    None,
                    "ENGSCORE",
                    "first push, 20 contacts",
                    NOW + 1
                )?,
                first
            );
            assert_eq!(tx.open_guards()?[0].detail, "first push, 20 contacts");
            assert!(tx.close_guard(first, "approved", "tom", NOW + 2)?);
            assert!(!tx.close_guard(first, "approved", "tom", NOW + 3)?);
            assert_ne!(
                tx.trip_guard("baseline", None, "ENGSCORE", "again", NOW + 4)?,
                first
            );
            Ok(())
        })
        .unwrap();
}

#[test]
fn an_adjustment_withdrawn_is_still_known_in_replay() {
    let bench = bench();
    bench.append(NOW, &[event("a@x.example", EventKind::Open, at(NOW))]);
    let email = address("a@x.example");
    bench
        .store
        .write(move |tx| {
            let contact = tx.find_contact(&email)?.unwrap();
            let days = (day("2026-06-01"), day("2026-09-01"));
            let id = tx.adjust(
                contact,
                "engagement",
                -50_000,
                days,
                "not a lead",
                "marit",
                NOW,
            )?;
            assert!(tx.withdraw_adjustment(id, NOW + 10)?);
            assert!(!tx.withdraw_adjustment(id, NOW + 11)?);
            Ok(())
        })
        .unwrap();
    assert_eq!(bench.facts("a@x.example").adjustments, []);
    assert_eq!(
        bench
            .facts_known("a@x.example", Some(NOW + 9))
            .unwrap()
            .adjustments[0]
            .points,
        -50_000
    );
}

#[test]
fn the_last_run_is_the_one_begun_last_also_when_the_clock_was_ahead_before() {
    let bench = bench();
    let last = bench.store.write(|tx| {
        tx.begin_run("daily", None, NOW + 400_000_000_000)?;
        tx.begin_run("daily", None, NOW)?;
        tx.last_run("daily", None)
    });
    assert_eq!(last.unwrap().unwrap().started_at, NOW);
}
