//! Objections, erasures and copies, as the tables show them.

use proptest::prelude::*;

use super::*;

const DAY: Millis = 86_400_000;

/// Somebody with a row in as many tables as the store itself fills.
fn fill(bench: &Bench, id: &str, email: &str) -> ContactId {
    let old = format!("old-{email}");
    let mut row = contact(id, Some(&old));
    bench.contacts(NOW, std::slice::from_ref(&row));
    row.email = Some(address(email));
    row.status = Some(Status::Subscribed);
    row.subscribed_at = Some(at(NOW - 9 * DAY));
    row.lists = vec!["Nieuws".into()];
    row.fields
        .insert("FNAME".into(), format!("Naam van {email}"));
    row.tags = Some(vec!["klant".into()]);
    bench.contacts(NOW + 1, &[row]);
    let mut click = event(email, EventKind::Click, at(NOW - DAY));
    click.contact.id = Some(id.into());
    click.link = Some(format!("https://shop.example/?mail={email}"));
    click.id = Some(format!("click-{id}"));
    let mut order = event(email, EventKind::Purchase, at(NOW - 2 * DAY));
    order.id = Some(format!("order-{id}"));
    order.value_cents = Some(1_250);
    order.order = Some(format!("ORDER-{email}"));
    let open = event(email, EventKind::Open, at(NOW - 3 * DAY));
    bench.append(NOW + 2, &[click.clone(), order, open]);
    // The same id at another time: superseded.
    click.at = at(NOW - DAY + 1);
    bench.append(NOW + 3, &[click]);
    let found = found(bench, email).unwrap();
    results(bench, found);
    writes(bench, found, id, email);
    let mut page = Page::empty(cursor("r"), true);
    page.rejects.push(Reject {
        id: Some(format!("{found:?}")),
        at: None,
        reason: "odd".into(),
    });
    bench.page(NOW + 4, "contacts", page);
    found
}

fn results(bench: &Bench, found: ContactId) {
    bench
        .store
        .write(move |tx| {
            let score = ScoreRow {
                name: "engagement".into(),
                raw: 12_000,
                shown: 12,
                band: Some("warm".into()),
            };
            let state = ContactState {
                scores: vec![score],
                segments: vec!["hot".into()],
                stage: Some("lead".into()),
                next_change_on: Some(day("2026-12-01")),
                unjudged: None,
            };
            let rules = tx.rule_version("r", "r", NOW)?;
            tx.results(rules, day("2026-06-09"), NOW)?
                .write(found, &state)?;
            Ok(())
        })
        .unwrap();
}

fn writes(bench: &Bench, found: ContactId, id: &str, email: &str) {
    let connection = bench.connection;
    let (email, id) = (email.to_owned(), id.to_owned());
    bench
        .store
        .write(move |tx| {
            tx.adjust(
                found,
                "engagement",
                1_000,
                (day("2026-06-01"), day("2027-01-01")),
                &email,
                "ann",
                NOW,
            )?;
            tx.enter_automation(found, "welcome", "test", day("2026-06-09"), NOW)?;
            let case = tx.put_case("sunset", found, None, Stage::Candidate, NOW, NOW)?;
            tx.add_taken(case, connection, &id, "unsubscribe")?;
            let row = NewOutboxRow {
                plan: None,
                connection,
                contact: Some(found),
                platform_id: id.clone(),
                write: "add tag".into(),
                target: "tag:hot".into(),
                value: Some("on".into()),
                reason: String::new(),
                lane: Lane::Set,
            };
            tx.enqueue(&row, NOW)?;
            tx.acknowledge(found, connection, &id, "tag:hot", Some("on"), NOW)?;
            tx.acknowledge(found, connection, &id, "field:SCORE", Some("12"), NOW)?;
            let edited = Edited {
                contact: found,
                platform_id: id.clone(),
                target: "tag:hot".into(),
                ours: Some("on".into()),
                theirs: None,
            };
            tx.keep_edited(connection, Some(found), &[edited], NOW)?;
            let delivery = NewDelivery {
                name: format!("delivery-{}", found.0),
                method: "POST".into(),
                url: "/hooks/news".into(),
                headers: Vec::new(),
                body: format!("email={}&x=1", email.replace('@', "%40")).into_bytes(),
                received_at: NOW,
            };
            tx.take_in(connection, &[delivery])?;
            tx.sql
                .execute("update delivery set state = 'read', settled_at = 1", ())?;
            Ok(())
        })
        .unwrap();
}

fn found(bench: &Bench, email: &str) -> Option<ContactId> {
    let email = address(email);
    bench.store.read(|conn| conn.find_contact(&email)).unwrap()
}

fn sound(bench: &Bench) {
    let different = bench
        .store
        .read(|conn| {
            let mut all = conn.compare_history(9)?;
            all.extend(conn.compare_tallies(9)?);
            all.extend(
                conn.verify_audit()?
                    .broken_at
                    .map(|row| format!("audit {row}")),
            );
            Ok(all)
        })
        .unwrap();
    assert_eq!(different, Vec::<String>::new());
}

fn back_up(bench: &Bench, to: &Path) {
    let to = to.to_string_lossy().into_owned();
    let copied = bench
        .store
        .writer()
        .unwrap()
        .outside(move |tx| Ok(tx.sql.execute("vacuum into ?1", [to])?));
    copied.unwrap();
}

/// What the one who is erased has rows in, at least.
const TABLES: [&str; 22] = [
    "contact",
    "former_address",
    "identity",
    "event",
    "history",
    "superseded",
    "field",
    "subscription",
    "subscribed",
    "remote_tag",
    "membership",
    "adjustment",
    "automation_entry",
    "cleaning_case",
    "cleaning_removal",
    "outbox",
    "acknowledged",
    "drift",
    "url",
    "order_number",
    "score",
    "contact_state",
];

fn erase(bench: &Bench, contact: ContactId) -> Erasure {
    let path = bench.path.clone();
    bench
        .store
        .write(move |tx| tx.erase(&path, contact, NOW + 10))
        .unwrap()
}

/// Every text and number of every column of every table.
fn everything(bench: &Bench) -> String {
    bench
        .store
        .read(|conn| {
            let mut all = String::new();
            let mut tables = conn
                .sql
                .prepare("select name from sqlite_master where type = 'table'")?;
            let tables: Vec<String> = tables
                .query_map((), |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            assert!(tables.len() > 60);
            for table in tables {
                let mut select = conn.sql.prepare(&format!("select * from {table}"))?;
                let columns = select.column_count();
                let mut rows = select.query(())?;
                while let Some(row) = rows.next()? {
                    for column in 0..columns {
                        let value = row.get_ref(column)?;
                        let text = match value {
                            rusqlite::types::ValueRef::Text(text)
                            | rusqlite::types::ValueRef::Blob(text) => {
                                String::from_utf8_lossy(text).into_owned()
                            }
                            other => format!("{other:?}"),
                        };
                        all += &format!("{table}|{}\n", text.to_lowercase());
                    }
                }
            }
            Ok(all)
        })
        .unwrap()
}

fn bytes_hold(path: &Path, needle: &str) -> bool {
    let bytes = std::fs::read(path).unwrap_or_default().to_ascii_lowercase();
    let needle = needle.to_lowercase();
    bytes
        .windows(needle.len())
        .any(|part| part == needle.as_bytes())
}

#[test]
fn who_is_erased_stands_in_no_column_no_byte_of_file_or_log_and_no_new_backup() {
    let bench = bench();
    for number in 0..40 {
        fill(
            &bench,
            &format!("platform-{number}"),
            &format!("n{number}@x.example"),
        );
    }
    let erased = fill(&bench, "platform-erased-77", "marijke.jansen@y.example");
    fill(&bench, "platform-kept", "kept@x.example");
    sound(&bench);
    let needles = [
        "marijke.jansen@y.example",
        "marijke.jansen%40y.example",
        "platform-erased-77",
        "naam van marijke",
    ];
    for needle in needles {
        assert!(
            everything(&bench).contains(needle),
            "{needle} was never there"
        );
    }
    let traces = bench.store.read(|conn| conn.traces(erased)).unwrap();
    assert_eq!(traces.addresses.len(), 2);
    let done = erase(&bench, erased);
    assert_eq!(done.left, Vec::new());
    assert_eq!(done.deliveries, 1);
    assert_eq!(done.hashes, 3);
    for table in TABLES {
        assert!(
            done.rows.get(table).is_some_and(|rows| *rows > 0),
            "{table}: {:?}",
            done.rows
        );
    }
    let cleared = bench.store.clear_remains(&bench.path, &traces).unwrap();
    assert!(cleared.clear);
    let all = everything(&bench);
    let backup = bench.path.with_file_name("backup.db");
    back_up(&bench, &backup);
    let mut log = bench.path.clone().into_os_string();
    log.push("-wal");
    for needle in needles {
        assert!(!all.contains(needle), "{needle} is in a column");
        for path in [bench.path.as_path(), Path::new(&log), backup.as_path()] {
            assert!(
                !bytes_hold(path, needle),
                "{needle} is in {}",
                path.display()
            );
        }
    }
    assert!(all.contains("kept@x.example") && bytes_hold(&backup, "kept@x.example"));
    sound(&bench);
}

#[test]
fn who_was_erased_does_not_come_back_by_a_sync_an_event_or_another_id() {
    let bench = bench();
    fill(&bench, "1", "kept@x.example");
    let erased = fill(&bench, "2", "gone@x.example");
    erase(&bench, erased);
    let before = bench.count("select count(*) from contact");
    let other_address = contact("2", Some("other@x.example"));
    let other_id = contact("3", Some("gone@x.example"));
    let former = contact("4", Some("old-gone@x.example"));
    let moved = contact("1", Some("gone@x.example"));
    let commit = bench.contacts(NOW + 20, &[other_address, other_id, former, moved]);
    assert_eq!(
        (commit.contacts, commit.contacts_erased, commit.erased()),
        (0, 4, 4)
    );
    let by_address = event("gone@x.example", EventKind::Open, at(NOW));
    let mut by_id = event("new@x.example", EventKind::Open, at(NOW));
    by_id.contact.id = Some("2".into());
    let appended = bench.append(NOW + 21, &[by_address, by_id]);
    assert_eq!((appended.new, appended.erased), (0, 2));
    assert_eq!(bench.count("select count(*) from contact"), before);
    assert!(!everything(&bench).contains("gone@x.example"));
    // On another connection the id is somebody else's, and so is a similar address.
    let shop = bench
        .store
        .write(|tx| tx.connection("shop", "import", NOW))
        .unwrap()
        .id;
    let row = contact("2", Some("gone@x.example.org"));
    let commit = bench
        .store
        .write(move |tx| {
            let mut commit = PageCommit::default();
            tx.upsert_contacts(shop, &[row], None, NOW + 22, &mut commit)?;
            Ok(commit)
        })
        .unwrap();
    assert_eq!((commit.contacts, commit.contacts_erased), (1, 0));
    sound(&bench);
}

#[test]
fn an_older_backup_is_erased_again_when_it_is_opened_and_a_reader_changes_nothing() {
    let bench = bench();
    fill(&bench, "1", "kept@x.example");
    let erased = fill(&bench, "2", "gone@x.example");
    let backup = bench.path.with_file_name("backup.db");
    back_up(&bench, &backup);
    erase(&bench, erased);
    let Bench {
        _folder: folder,
        path,
        store,
        connection,
    } = bench;
    drop(store);
    std::fs::rename(&backup, &path).unwrap();
    for end in ["-wal", "-shm"] {
        let mut name = path.clone().into_os_string();
        name.push(end);
        let _ = std::fs::remove_file(name);
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(path.with_file_name("engaged.db.erased"))
            .unwrap()
            .permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let store = open(&path, Access::ReadWrite).unwrap();
    let bench = Bench {
        _folder: folder,
        path,
        store,
        connection,
    };
    assert_eq!(found(&bench, "gone@x.example"), None);
    assert!(found(&bench, "kept@x.example").is_some());
    assert!(!everything(&bench).contains("gone@x.example"));
    assert_eq!(
        bench.count("select count(*) from audit where what = 'privacy erase again'"),
        1
    );
    let commit = bench.contacts(NOW + 20, &[contact("2", Some("gone@x.example"))]);
    assert_eq!(commit.contacts_erased, 1);
    sound(&bench);
}

#[test]
fn a_new_database_beside_the_file_keeps_the_same_people_out_and_a_foreign_file_is_refused() {
    let bench = bench();
    let erased = fill(&bench, "2", "gone@x.example");
    erase(&bench, erased);
    let file = bench.path.with_file_name("engaged.db.erased");
    let other = bench.path.with_file_name("other.db");
    std::fs::copy(&file, bench.path.with_file_name("other.db.erased")).unwrap();
    let store = open(&other, Access::ReadWrite).unwrap();
    let connection = store
        .write(|tx| tx.connection("news", "mailchimp", NOW))
        .unwrap()
        .id;
    let row = contact("9", Some("gone@x.example"));
    let commit = store
        .write(move |tx| {
            let mut commit = PageCommit::default();
            tx.upsert_contacts(connection, &[row], None, NOW, &mut commit)?;
            Ok(commit)
        })
        .unwrap();
    assert_eq!(commit.contacts_erased, 1);
    drop(store);
    let text = std::fs::read_to_string(&file).unwrap();
    let (head, rest) = text.split_once("key ").unwrap();
    std::fs::write(
        bench.path.with_file_name("other.db.erased"),
        format!("{head}key 00{}", &rest[2..]),
    )
    .unwrap();
    assert_eq!(
        open(&other, Access::ReadWrite).err().unwrap().code(),
        "E0314"
    );
}

#[test]
fn an_erasure_takes_everybody_who_became_part_of_the_contact() {
    let bench = bench();
    fill(&bench, "1", "one@x.example");
    fill(&bench, "2", "two@x.example");
    // Id 1 has the address of 2 now, and 2 is gone there: they are one.
    bench
        .store
        .write({
            let connection = bench.connection;
            move |tx| {
                let gone = Gone {
                    contact: tx.find_contact(&address("two@x.example"))?.unwrap(),
                    platform_id: "2".into(),
                };
                tx.mark_gone(connection, &[gone], NOW + 5)
            }
        })
        .unwrap();
    bench.contacts(NOW + 6, &[contact("1", Some("two@x.example"))]);
    let one = found(&bench, "one@x.example");
    assert_eq!(one, found(&bench, "two@x.example"));
    sound(&bench);
    erase(&bench, one.unwrap());
    let all = everything(&bench);
    assert!(!all.contains("one@x.example") && !all.contains("two@x.example"));
    assert_eq!(bench.count("select count(*) from contact"), 0);
    sound(&bench);
}

#[test]
fn an_objection_ends_what_was_computed_and_nothing_is_kept_that_a_late_run_finds() {
    let bench = bench();
    let one = fill(&bench, "1", "one@x.example");
    fill(&bench, "2", "two@x.example");
    bench
        .store
        .write(move |tx| tx.object(one, "ann", NOW + 5))
        .unwrap();
    let state = |contact| bench.store.read(|conn| conn.state(contact)).unwrap();
    assert_eq!(state(one), None);
    for none in [
        "select count(*) from score_history where contact_id = 1",
        "select count(*) from automation_entry where contact_id = 1 and left_at is null",
        "select count(*) from cleaning_case where contact_id = 1 and ended_at is null",
        "select count(*) from outbox where contact_id = 1 and state = 'planned'",
    ] {
        assert_eq!(bench.count(none), 0, "{none}");
    }
    assert_eq!(
        bench.count("select count(*) from event where contact_id = 1"),
        4
    );
    sound(&bench);
    let late = ContactState {
        segments: vec!["hot".into()],
        ..ContactState::default()
    };
    bench
        .store
        .write(move |tx| {
            let rules = tx.rule_version("r", "r", NOW)?;
            assert!(
                !tx.results(rules, day("2026-06-10"), NOW + 6)?
                    .write(one, &late)?
            );
            Ok(())
        })
        .unwrap();
    assert_eq!(state(one), None);
    let mut seen = Vec::new();
    bench
        .store
        .read(|conn| {
            assert_eq!(conn.count_objecting()?, 1);
            assert_eq!(conn.scored_in_spite(9)?, Vec::new());
            conn.for_each_facts(Which::All, None, |contact, _| {
                seen.push(contact);
                Ok(())
            })?;
            conn.for_each_facts(Which::These(&[one]), Some(NOW), |contact, _| {
                seen.push(contact);
                Ok(())
            })
        })
        .unwrap();
    assert_eq!(seen, [ContactId(2)]);
    sound(&bench);
    let store = &bench.store;
    let withdrawn = store.write(move |tx| tx.withdraw_objection(one, NOW + 7));
    assert!(withdrawn.unwrap());
    let dirty = store.read(Conn::dirty).unwrap();
    assert!(dirty.contacts.contains(&one));
    sound(&bench);
}

#[test]
fn a_copy_holds_every_row_of_every_table_that_names_the_contact() {
    let bench = bench();
    let one = fill(&bench, "1", "one@x.example");
    fill(&bench, "2", "two@x.example");
    bench
        .store
        .write(move |tx| tx.object(one, "ann", NOW + 5))
        .unwrap();
    bench
        .store
        .write(move |tx| tx.withdraw_objection(one, NOW + 6))
        .unwrap();
    let copy = bench.store.read(|conn| conn.everything_about(one)).unwrap();
    // Counted apart from what the copy asks.
    let tables: Vec<(String, i64)> = bench
        .store
        .read(|conn| {
            let mut found = Vec::new();
            let mut tables = conn
                .sql
                .prepare("select name, sql from sqlite_master where type = 'table'")?;
            let rows = tables.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
            for row in rows {
                let (name, sql): (String, String) = row?;
                if sql.contains("contact_id integer") {
                    let count = format!("select count(*) from {name} where contact_id = ?1");
                    found.push((name, conn.sql.query_row(&count, [one.0], |row| row.get(0))?));
                }
            }
            Ok(found)
        })
        .unwrap();
    assert!(tables.len() >= 25, "{}", tables.len());
    assert!(tables.iter().filter(|(_, rows)| *rows > 0).count() >= 16);
    for (table, rows) in tables {
        let copied = copy.iter().find(|each| each.table == table);
        let copied = copied.map_or(0, |each| each.rows.len());
        assert_eq!(i64::try_from(copied).unwrap(), rows, "{table}");
    }
    let text = serde_json::json!(
        copy.iter()
            .map(|each| (&each.table, &each.rows))
            .collect::<Vec<_>>()
    )
    .to_string();
    for said in [
        "one@x.example",
        "old-one@x.example",
        "Naam van one",
        "ORDER-ONE",
        "FNAME",
        "Nieuws",
        "klant",
        "subscribed",
    ] {
        assert!(text.contains(said), "{said} is missing");
    }
    assert!(!text.contains("two@x.example"));
}

#[test]
fn events_that_are_left_out_are_not_missing_where_a_platform_counts() {
    let bench = bench();
    let connection = bench.connection;
    bench
        .store
        .write(move |tx| tx.declare_counted(connection, Stream("mailings")))
        .unwrap();
    let told = |email: &str, id: &str, when: Millis| {
        let mut open = event(email, EventKind::Open, at(when));
        open.contact.id = Some(id.into());
        open.campaign = Some("c1".into());
        open
    };
    let tell = |events: Vec<Event>| {
        bench
            .store
            .write(move |tx| tx.append_told(connection, NOW + 9, &events, &mut tx.begin_report()?))
            .unwrap()
    };
    tell(vec![
        told("a@x.example", "1", NOW - 10),
        told("b@x.example", "2", NOW - 9),
    ]);
    let look = |when: Millis, contacts: u64| {
        let mut page = Page::empty(cursor("m"), true);
        page.counters.push(engaged_connectors::connector::Counter {
            campaign: "c1".into(),
            kind: EventKind::Open,
            at: at(when),
            contacts,
            times: Some(contacts),
        });
        page.covered.push(Covered {
            kinds: vec![EventKind::Open],
            from: None,
            through: at(when),
        });
        bench.page(when, "mailings", page);
        bench.count("select count(*) from shortfall")
    };
    assert_eq!(look(NOW - 10, 1), 0);
    // The second is erased between two looks, and the third is told only after that.
    let second = found(&bench, "b@x.example").unwrap();
    erase(&bench, second);
    assert_eq!(look(NOW + 20, 2), 0);
    assert_eq!(tell(vec![told("b@x.example", "2", NOW + 30)]).erased, 1);
    assert_eq!(look(NOW + 40, 2), 0);
    assert_eq!(look(NOW + 50, 3), 1, "what nobody told is missing still");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn erasing_one_contact_changes_no_facts_of_another(
        rows in proptest::collection::vec((0..6_u8, 0..4_u8, 0..40_i64), 1..60),
        erased in 0..6_u8,
    ) {
        let bench = bench();
        let events: Vec<Event> = rows.iter().map(|(who, kind, day)| {
            let kind = [EventKind::Open, EventKind::Click, EventKind::Purchase, EventKind::Send][usize::from(*kind)].clone();
            let mut event = event(&format!("p{who}@x.example"), kind, at(NOW - day * DAY));
            event.link = Some(format!("https://x.example/{day}"));
            event
        }).collect();
        bench.append(NOW, &events);
        let others = || -> Vec<Facts> {
            let all = (0..6_u8).filter(|who| *who != erased);
            all.filter(|who| found(&bench, &format!("p{who}@x.example")).is_some())
                .map(|who| bench.facts(&format!("p{who}@x.example"))).collect()
        };
        let before = others();
        let vocabulary = bench.store.read(Conn::vocabulary).unwrap();
        let texts = |vocabulary: &crate::score::facts::Vocabulary, facts: &[Facts]| -> Vec<String> {
            facts.iter().flat_map(|facts| &facts.events).map(|fact| format!("{:?}", vocabulary.url(fact.url))).collect()
        };
        let said = texts(&vocabulary, &before);
        if let Some(contact) = found(&bench, &format!("p{erased}@x.example")) {
            erase(&bench, contact);
        }
        prop_assert_eq!(&others(), &before);
        let vocabulary = bench.store.read(Conn::vocabulary).unwrap();
        prop_assert_eq!(texts(&vocabulary, &before), said);
        sound(&bench);
    }
}
