use super::*;
use crate::score::facts::Hole;

fn zone() -> Zone {
    Zone::new(chrono_tz::Europe::Amsterdam)
}

fn holes(bench: &Bench, present: &str, known: Option<Millis>) -> Vec<(String, Vec<Hole>)> {
    let present = day(present);
    let coverage = bench
        .store
        .read(|conn| conn.coverage(&zone(), present, known))
        .unwrap();
    coverage
        .holes
        .into_iter()
        .map(|(_, kind, holes)| {
            let kind = kind.map_or("all", |kind| {
                EventKind::BUILT_IN[usize::from(kind.0)].as_str()
            });
            (kind.to_owned(), holes)
        })
        .collect()
}

fn hole(from: &str, to: &str) -> Hole {
    let from = if from == "ever" {
        Day::ALWAYS
    } else {
        day(from)
    };
    Hole { from, to: day(to) }
}

fn opens(bench: &Bench) {
    let connection = bench.connection;
    bench
        .store
        .write(move |tx| tx.declare_stream(connection, Stream("events"), &[EventKind::Open]))
        .unwrap();
}

fn cover(bench: &Bench, known_at: Millis, from: Option<&str>, through: &str) {
    let mut page = Page::empty(cursor("p"), true);
    page.covered = vec![Covered {
        kinds: vec![EventKind::Open],
        from: from.map(instant),
        through: instant(through),
    }];
    bench.page(known_at, "events", page);
}

#[test]
fn a_stream_never_read_to_its_end_is_one_hole_up_to_yesterday() {
    let bench = bench();
    opens(&bench);
    assert_eq!(
        holes(&bench, "2026-06-15", None),
        [("open".into(), vec![hole("ever", "2026-06-14")])]
    );
}

#[test]
fn a_day_is_covered_from_its_first_instant_to_its_last() {
    let bench = bench();
    opens(&bench);
    // Amsterdam's 14 June ends at 22:00 UTC.
    cover(&bench, NOW, None, "2026-06-14T21:59:59.999Z");
    assert_eq!(
        holes(&bench, "2026-06-15", None),
        [("open".into(), vec![hole("2026-06-14", "2026-06-14")])]
    );
    cover(&bench, NOW + 1, None, "2026-06-14T22:00:00Z");
    assert_eq!(holes(&bench, "2026-06-15", None), []);
    assert_eq!(
        holes(&bench, "2026-06-16", None),
        [("open".into(), vec![hole("2026-06-15", "2026-06-15")])]
    );
    // As it was known before.
    assert_eq!(holes(&bench, "2026-06-15", Some(NOW)).len(), 1);
}

#[test]
fn the_days_of_a_change_of_clocks_are_whole_days() {
    let bench = bench();
    opens(&bench);
    // 29 March 2026 has 23 hours, from 23:00 UTC to 22:00 UTC; 25 October has 25.
    cover(
        &bench,
        NOW,
        Some("2026-03-28T23:00:00Z"),
        "2026-03-29T22:00:00Z",
    );
    cover(
        &bench,
        NOW,
        Some("2026-10-24T22:00:00Z"),
        "2026-10-25T22:59:59Z",
    );
    let expected = vec![hole("ever", "2026-03-28"), hole("2026-03-30", "2026-10-26")];
    assert_eq!(
        holes(&bench, "2026-10-27", None),
        [("open".into(), expected)]
    );
    cover(
        &bench,
        NOW,
        Some("2026-10-24T22:00:00Z"),
        "2026-10-25T23:00:00Z",
    );
    let expected = vec![
        hole("ever", "2026-03-28"),
        hole("2026-03-30", "2026-10-24"),
        hole("2026-10-26", "2026-10-26"),
    ];
    assert_eq!(
        holes(&bench, "2026-10-27", None),
        [("open".into(), expected)]
    );
}

#[test]
fn a_start_within_a_day_does_not_cover_that_day_and_neighbours_join() {
    let bench = bench();
    opens(&bench);
    cover(
        &bench,
        NOW,
        Some("2026-06-01T10:00:00Z"),
        "2026-06-05T12:00:00Z",
    );
    cover(
        &bench,
        NOW,
        Some("2026-06-05T12:00:00Z"),
        "2026-06-10T12:00:00Z",
    );
    let expected = vec![hole("ever", "2026-06-01"), hole("2026-06-10", "2026-06-14")];
    assert_eq!(
        holes(&bench, "2026-06-15", None),
        [("open".into(), expected)]
    );
}

#[test]
fn coverage_ahead_of_the_present_is_no_hole_and_makes_none() {
    let bench = bench();
    opens(&bench);
    cover(&bench, NOW, None, "2027-01-01T00:00:00Z");
    assert_eq!(holes(&bench, "2026-06-15", None), []);
    let bench = super::bench();
    opens(&bench);
    cover(
        &bench,
        NOW,
        Some("2027-01-01T00:00:00Z"),
        "2027-01-05T00:00:00Z",
    );
    assert_eq!(
        holes(&bench, "2026-06-15", None),
        [("open".into(), vec![hole("ever", "2026-06-14")])]
    );
}

#[test]
fn an_imported_connection_is_complete_but_for_its_gaps_up_to_the_present() {
    let bench = bench();
    let gap = |from, to| Gap {
        from: day(from),
        to: day(to),
        kinds: Vec::new(),
    };
    bench
        .store
        .write(move |tx| {
            let import = tx.connection("import", IMPORTED, NOW)?.id;
            assert_eq!(
                tx.add_gap(import, &gap("2026-04-10", "2026-04-24"), "import", NOW)?,
                1
            );
            assert_eq!(
                tx.add_gap(import, &gap("2026-04-10", "2026-04-24"), "import", NOW + 5)?,
                0
            );
            tx.add_gap(import, &gap("2026-06-10", "2026-07-24"), "import", NOW)?;
            Ok(())
        })
        .unwrap();
    let expected = vec![
        hole("2026-04-10", "2026-04-24"),
        hole("2026-06-10", "2026-06-15"),
    ];
    assert_eq!(
        holes(&bench, "2026-06-15", None),
        [("all".into(), expected)]
    );
    assert_eq!(holes(&bench, "2026-06-15", Some(NOW - 1)), []);
}

#[test]
fn a_rejected_row_leaves_a_hole_on_its_day_until_it_is_healed() {
    let bench = bench();
    opens(&bench);
    cover(&bench, NOW, None, "2026-06-14T22:00:00Z");
    let mut page = Page::empty(cursor("p2"), true);
    page.rejects = vec![Reject {
        id: Some("r1".into()),
        at: Some(instant("2026-05-03T23:30:00Z")),
        reason: "no kind".into(),
    }];
    let commit = bench.page(NOW + 1, "events", page.clone());
    assert_eq!(commit.rejects, 1);
    bench.page(NOW + 2, "events", page);
    // 23:30 UTC is the next day in Amsterdam.
    assert_eq!(
        holes(&bench, "2026-06-15", None),
        [("open".into(), vec![hole("2026-05-04", "2026-05-04")])]
    );
    let connection = bench.connection;
    let rows = bench
        .store
        .read(move |conn| conn.rejects(connection, Stream("events"), 10))
        .unwrap();
    assert_eq!((rows.len(), rows[0].times), (1, 2));
    bench
        .store
        .write(move |tx| tx.heal_rejects(connection, Stream("events"), NOW + 3))
        .unwrap();
    assert_eq!(holes(&bench, "2026-06-15", None), []);
    assert_eq!(holes(&bench, "2026-06-15", Some(NOW + 2)).len(), 1);
}

#[test]
fn a_rejected_row_of_unknown_time_reaches_back_to_what_was_complete() {
    let bench = bench();
    opens(&bench);
    cover(&bench, NOW, None, "2026-06-01T22:00:00Z");
    let mut page = Page::empty(cursor("p2"), true);
    page.rejects = vec![Reject {
        id: None,
        at: None,
        reason: "not an object".into(),
    }];
    page.covered = vec![Covered {
        kinds: vec![EventKind::Open],
        from: None,
        through: instant("2026-06-09T22:00:00Z"),
    }];
    bench.page(
        instant("2026-06-09T23:00:00Z").timestamp_millis(),
        "events",
        page,
    );
    assert_eq!(
        holes(&bench, "2026-06-10", None),
        [("open".into(), vec![hole("2026-06-02", "2026-06-09")])]
    );
}

#[test]
fn a_page_moves_the_cursor_with_its_rows() {
    let bench = bench();
    let mut page = Page::empty(cursor("p7"), false);
    page.events = vec![event("a@x.example", EventKind::Open, at(NOW))];
    let commit = bench.page(NOW, "events", page);
    assert_eq!(commit.events.new, 1);
    let connection = bench.connection;
    let position = bench
        .store
        .read(move |conn| conn.cursor(connection, Stream("events")))
        .unwrap();
    assert_eq!(position, Some((cursor("p7"), NOW)));
}

#[test]
fn contacts_keep_every_word_and_only_changes_are_news() {
    let bench = bench();
    let mut row = contact("1", Some("a@x.example"));
    row.fields = [
        ("CITY".to_owned(), "Delft".to_owned()),
        ("NICK".to_owned(), String::new()),
    ]
    .into();
    row.status = Some(Status::Subscribed);
    row.lists = vec!["News".into()];
    row.subscribed_at = Some(at(NOW - 500));
    row.tags = Some(vec!["vip".into()]);
    assert_eq!(bench.contacts(NOW, &[row.clone()]).contacts_changed, 1);
    bench.clean();
    let again = bench.contacts(NOW + 1, &[row.clone()]);
    assert_eq!(
        (again.contacts, again.contacts_changed, bench.dirty()),
        (1, 0, 0)
    );

    row.fields.insert("CITY".into(), "Leiden".into());
    row.status = Some(Status::Unsubscribed);
    row.lists.clear();
    row.subscribed_at = Some(at(NOW - 900));
    row.tags = Some(Vec::new());
    assert_eq!(bench.contacts(NOW + 2, &[row]).contacts_changed, 1);
    assert_eq!(bench.dirty(), 1);

    let now = bench.facts("a@x.example");
    assert_eq!(now.fields, [("CITY".to_owned(), "Leiden".to_owned())]);
    assert_eq!(now.subscribed_at, Some(NOW - 900));
    let words: Vec<_> = now
        .subscriptions
        .iter()
        .map(|said| (said.list.as_str(), said.status))
        .collect();
    assert_eq!(
        words,
        [("", Status::Unsubscribed), ("News", Status::Unsubscribed)]
    );
    let then = bench.facts_known("a@x.example", Some(NOW + 1)).unwrap();
    assert_eq!(then.fields, [("CITY".to_owned(), "Delft".to_owned())]);
    assert_eq!(then.subscribed_at, Some(NOW - 500));
    assert!(
        then.subscriptions
            .iter()
            .all(|said| said.status == Status::Subscribed)
    );
}

#[test]
fn a_new_contact_is_news_even_without_a_word_about_it() {
    let bench = bench();
    bench.contacts(NOW, &[contact("1", Some("a@x.example"))]);
    assert_eq!(bench.dirty(), 1);
    bench.clean();
    bench.contacts(NOW + 1, &[contact("1", Some("a@x.example"))]);
    assert_eq!(bench.dirty(), 0);
}

#[test]
fn a_change_of_address_keeps_the_contact() {
    let bench = bench();
    bench.contacts(NOW, &[contact("1", Some("old@x.example"))]);
    bench.append(NOW, &[event("old@x.example", EventKind::Open, at(NOW))]);
    bench.contacts(NOW + 1, &[contact("1", Some("new@x.example"))]);
    assert_eq!(bench.facts("new@x.example").events.len(), 1);
    assert_eq!(bench.store.read(Conn::sizes).unwrap().0, 1);
}

#[test]
fn one_address_on_two_connections_is_one_contact() {
    let bench = bench();
    bench.contacts(NOW, &[contact("1", Some("a@x.example"))]);
    bench
        .store
        .write(|tx| {
            let other = tx.connection("shop", "brevo", NOW)?.id;
            let mut commit = PageCommit::default();
            tx.upsert_contacts(
                other,
                &[contact("99", Some("A@X.example"))],
                None,
                NOW,
                &mut commit,
            )
        })
        .unwrap();
    assert_eq!(bench.store.read(Conn::sizes).unwrap().0, 1);
    assert_eq!(bench.facts("a@x.example").connections.len(), 2);
}

#[test]
fn a_contact_known_by_its_id_alone_joins_the_one_that_has_its_address() {
    let bench = bench();
    let by_id = Event {
        contact: ContactRef {
            id: Some("1".into()),
            email: None,
        },
        ..event("x@x.example", EventKind::Open, at(NOW))
    };
    bench.append(NOW, &[by_id]);
    bench
        .store
        .write(|tx| {
            let other = tx.connection("shop", IMPORTED, NOW)?.id;
            let rows = [event("a@x.example", EventKind::Purchase, at(NOW - 5))];
            tx.append(other, NOW, &rows, &mut tx.begin_report()?)
        })
        .unwrap();
    assert_eq!(bench.store.read(Conn::sizes).unwrap().0, 2);
    bench.contacts(NOW + 1, &[contact("1", Some("a@x.example"))]);
    assert_eq!(bench.store.read(Conn::sizes).unwrap().0, 1);
    let facts = bench.facts("a@x.example");
    assert_eq!(
        facts.events.iter().map(|fact| fact.at).collect::<Vec<_>>(),
        [NOW - 5, NOW]
    );
    assert_eq!(facts.connections.len(), 2);
    // Before they were known to be one, they were two.
    assert_eq!(
        bench
            .facts_known("a@x.example", Some(NOW))
            .unwrap()
            .events
            .len(),
        1
    );
    bench
        .store
        .read(|conn| {
            let mut seen = Vec::new();
            conn.for_each_facts(Which::All, None, |contact, facts| {
                seen.push((contact, facts.events.len()));
                Ok(())
            })?;
            assert_eq!(seen.len(), 1);
            assert_eq!(seen[0].1, 2);
            // In parts, whoever was merged is where the other is, whole, and nowhere else.
            let (first, last) = conn.contact_span()?.unwrap();
            let mut in_parts = Vec::new();
            for number in first.0..=last.0 {
                let part = Which::Between(ContactId(number), ContactId(number));
                conn.for_each_facts(part, None, |contact, facts| {
                    in_parts.push((contact, facts.events.len()));
                    Ok(())
                })?;
            }
            assert!(last > first);
            assert_eq!(in_parts, seen);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_swap_of_addresses_on_one_platform_merges_nobody() {
    let bench = bench();
    bench.contacts(
        NOW,
        &[
            contact("1", Some("a@x.example")),
            contact("2", Some("b@x.example")),
        ],
    );
    bench.contacts(
        NOW + 1,
        &[
            contact("1", Some("b@x.example")),
            contact("2", Some("c@x.example")),
        ],
    );
    assert_eq!(bench.store.read(Conn::sizes).unwrap().0, 2);
    bench.contacts(NOW + 2, &[contact("1", Some("b@x.example"))]);
    let found = bench.store.read(|conn| {
        let contact = conn.find_contact(&address("b@x.example"))?.unwrap();
        conn.identities(contact)
    });
    assert_eq!(found.unwrap()[0].1, "1");
}

#[test]
fn the_end_of_a_scan_names_whom_it_did_not_find() {
    let bench = bench();
    let scan = |started: Millis, rows: &[Contact], done| {
        let mut page = Page::empty(cursor("s"), done);
        page.contacts = rows.to_vec();
        page.scan = Some(Scan {
            started_at: at(started),
            done,
        });
        bench.page(started + 10, "contacts", page)
    };
    let (one, two) = (
        contact("1", Some("a@x.example")),
        contact("2", Some("b@x.example")),
    );
    assert_eq!(scan(NOW, &[one.clone(), two.clone()], true).unseen, []);
    assert_eq!(scan(NOW + 100, &[], false).unseen, []);
    let gone = scan(NOW + 100, std::slice::from_ref(&one), true).unseen;
    assert_eq!(
        gone.iter()
            .map(|gone| gone.platform_id.as_str())
            .collect::<Vec<_>>(),
        ["2"]
    );
    let connection = bench.connection;
    bench
        .store
        .write(move |tx| tx.mark_gone(connection, &gone, NOW + 120))
        .unwrap();
    let count = || {
        bench
            .store
            .read(move |conn| conn.count_identities(connection))
            .unwrap()
    };
    assert_eq!(count(), 1);
    assert_eq!(scan(NOW + 200, std::slice::from_ref(&one), true).unseen, []);
    scan(NOW + 300, &[one, two], true);
    assert_eq!(count(), 2);
}

#[test]
fn pages_that_are_stored_together_are_stored_as_one_by_one() {
    let page = |times: std::ops::Range<i64>| {
        let names = [
            "b@x.example",
            "A@x.example",
            "new@x.example",
            "other@x.example",
        ];
        let at = |second| DateTime::from_timestamp(1_780_000_000 + second, 0).unwrap();
        let opens = times.flat_map(|second| {
            let mut bought = event("b@x.example", EventKind::Purchase, at(second));
            bought.id = Some(format!("order-{second}"));
            let opened = names.map(|name| event(name, EventKind::Open, at(second)));
            opened.into_iter().chain([bought])
        });
        Page {
            events: opens.collect(),
            ..Page::empty(cursor("p"), false)
        }
    };
    // They overlap by one instant, as pages of reports do, and the last lies half a year on.
    let pages = [page(0..3), page(2..5), page(16_000_000..16_000_002)];
    let filled = |together: bool| {
        let bench = bench();
        let known = [
            contact("1", Some("a@x.example")),
            contact("2", Some("b@x.example")),
        ];
        bench.contacts(NOW, &known);
        let (connection, pages) = (bench.connection, pages.clone());
        let zone = Zone::new(chrono_tz::UTC);
        let appended = bench.store.write(move |tx| {
            // An address that another connection brought is no acquaintance yet.
            let elsewhere = tx.connection("shop", "ghost", NOW)?.id;
            let there = event("other@x.example", EventKind::Like, at(NOW));
            tx.append(elsewhere, NOW, &[there], &mut tx.begin_report()?)?;
            let mut appended = Vec::new();
            for pages in pages.chunks(if together { 3 } else { 1 }) {
                let whose = (connection, Stream("opens"));
                tx.commit_pages(whose, pages, &zone, NOW, |_, commit| {
                    appended.push(commit.events);
                    Ok(())
                })?;
            }
            Ok(appended)
        });
        let tables = ["contact", "membership", "event", "dirty"].map(|table| {
            let select = format!("select count(*) from {table}");
            let count = |conn: &Conn| Ok(conn.sql.query_row(&select, (), |row| row.get(0))?);
            bench.store.read::<i64>(count).unwrap()
        });
        let names = ["a@x.example", "b@x.example", "new@x.example"];
        let differing = bench.store.read(|conn| conn.compare_history(9)).unwrap();
        assert_eq!(differing, [""; 0]);
        (
            appended.unwrap(),
            tables,
            names.map(|name| bench.facts(name).events.len()),
        )
    };
    let (appended, ..) = filled(true);
    assert_eq!(filled(true), filled(false));
    let second = Appended {
        new: 10,
        duplicates: 5,
        ..Appended::default()
    };
    assert_eq!(appended[1], second);
}
