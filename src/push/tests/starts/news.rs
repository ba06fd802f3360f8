//! What is of the present and starts something, and what is of the past, of a first reading, or of an edit.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

#[tokio::test]
async fn what_happened_yesterday_or_changed_today_starts_and_what_is_older_does_not() {
    let bench = starting(JOURNEY);
    bench.did("a", &EventKind::Click, 5, 30 * HOUR);
    bench.did("b", &EventKind::Click, 5, 10 * DAY);
    bench.did("c", &EventKind::Click, 4, 10 * DAY);
    bench.did("c", &EventKind::Click, 1, HOUR);
    bench.levels(&[("d", "high")]);
    assert_eq!(
        bench.pushed().await,
        ["a starts start:1", "c starts start:3", "d starts start:4"]
    );
    assert_eq!(bench.entries()[1], "it b silent: late news of the past");
}

#[tokio::test]
async fn however_long_we_did_not_look_what_is_a_week_old_starts_nothing() {
    let bench = starting(JOURNEY);
    bench.score();
    bench.wait(20 * DAY);
    bench.did("a", &EventKind::Click, 5, 5 * DAY);
    bench.did("b", &EventKind::Click, 5, 9 * DAY);
    bench.score();
    assert_eq!(bench.pushed().await, ["a starts start:1"]);
}

#[tokio::test]
async fn who_comes_after_the_first_import_starts_and_who_comes_with_one_does_not() {
    let bench = starting(JOURNEY);
    bench.did("new", &EventKind::Click, 5, 20 * HOUR);
    bench.score();
    let (now, zone) = (bench.now(), Zone::new(bench.config.zone));
    let page = Page {
        contacts: vec![contact("s1", &[("level", "high")])],
        ..Page::empty(Cursor::encode(&0).unwrap(), true)
    };
    let shop = bench.store.write(move |tx| {
        let shop = tx.connection("shop", "ghost", now)?.id;
        tx.commit_page(shop, Stream("contacts"), &page, &zone, now)?;
        Ok(shop)
    });
    bench.score();
    assert_eq!(
        bench.entries(),
        ["it new ready", "it s1 silent: first import"]
    );
    // Its first reading goes on, and tells more of those whom it told of.
    let (shop, now, zone) = (shop.unwrap(), bench.now(), Zone::new(bench.config.zone));
    let rows = |levels: [&str; 2]| Page {
        contacts: vec![
            contact("s2", &[("level", levels[0])]),
            contact("s3", &[("level", levels[1])]),
        ],
        ..Page::empty(Cursor::encode(&0).unwrap(), true)
    };
    let (first, second, third) = (rows(["", ""]), rows(["high", ""]), rows(["high", "high"]));
    bench.write(move |tx| {
        tx.commit_page(shop, Stream("contacts"), &first, &zone, now)?;
        Ok(())
    });
    bench.score();
    bench.wait(HOUR);
    let (now, zone) = (bench.now(), Zone::new(bench.config.zone));
    bench.write(move |tx| {
        tx.commit_page(shop, Stream("contacts"), &second, &zone, now)?;
        Ok(())
    });
    bench.synced(shop);
    bench.score();
    assert_eq!(bench.entries()[2], "it s2 silent: first import");
    bench.wait(HOUR);
    let (now, zone) = (bench.now(), Zone::new(bench.config.zone));
    bench.write(move |tx| {
        tx.commit_page(shop, Stream("contacts"), &third, &zone, now)?;
        Ok(())
    });
    bench.score();
    assert_eq!(bench.entries()[3], "it s3 ready");
}

#[tokio::test]
async fn what_the_first_sync_of_another_connection_tells_of_known_contacts_starts_nothing() {
    let bench = starting(JOURNEY);
    let (now, zone) = (bench.now(), Zone::new(bench.config.zone));
    let page = Page {
        // The same address as a contact of the first connection.
        contacts: vec![Contact {
            email: Address::parse("a@x.example"),
            ..contact("s1", &[("level", "high")])
        }],
        ..Page::empty(Cursor::encode(&0).unwrap(), true)
    };
    let shop = bench.store.write(move |tx| {
        let shop = tx.connection("shop", "ghost", now)?.id;
        tx.commit_page(shop, Stream("contacts"), &page, &zone, now)?;
        Ok(shop)
    });
    bench.synced(shop.unwrap());
    bench.score();
    assert_eq!(bench.entries(), ["it a silent: late news of the past"]);
    // What happens from now on starts, whoever tells of it.
    bench.wait(DAY);
    bench.did("b", &EventKind::Click, 5, HOUR);
    bench.score();
    assert_eq!(bench.entries()[1], "it b ready");
}

const TWO: &str = r#"
[[automations]]
name = "vips"
when = "segment 'vip'"
settle = "0 minutes"
start = { connection = "news", automation = "journey 1 step 1" }
"#;

#[tokio::test]
async fn an_edit_is_silent_for_what_reads_it_and_for_nothing_else() {
    let both = format!("{JOURNEY}{TWO}");
    let mut bench = starting(&both);
    let vip = |id: &str, level: &str| contact(id, &[("level", level), ("vip", "yes")]);
    // The score that a segment reads that the second automation reads; and the first is crossed at the same time.
    bench.edit(
        "",
        &rules(&both)
            .replace("fit >= 5", "fit >= 6")
            .replace("points = 5 }", "points = 7 }"),
    );
    bench.read(vec![vip("a", "high"), contact("b", &[("level", "high")])]);
    assert_eq!(
        bench.entries(),
        [
            "it a ready",
            "vips a silent: the rules were edited",
            "it b ready"
        ]
    );
    // What nobody reads, and another automation: both start as if nothing was edited.
    let text = rules(&both)
        .replace("fit >= 5", "fit >= 6")
        .replace("points = 5 }", "points = 7 }");
    let text = text.replace("field other is 'yes'", "field other is 'no'");
    let other = TWO
        .replace("\"vips\"", "\"third\"")
        .replace("segment 'vip'", "fit > 100");
    bench.edit("", &format!("{text}{other}"));
    bench.read(vec![vip("c", "high")]);
    assert_eq!(bench.entries()[3..], ["it c ready", "vips c ready"]);
    // An automation that is new finds those inside who are inside.
    let other = other.replace("fit > 100", "fit > 1");
    bench.edit("", &format!("{text}{other}"));
    bench.score();
    assert_eq!(
        bench.entries()[5..],
        [
            "third a silent: the rules were edited",
            "third c silent: the rules were edited"
        ]
    );
}

#[tokio::test]
async fn an_edit_that_was_cut_off_half_way_starts_nobody_also_when_it_is_taken_back() {
    let mut bench = bench("");
    let strict = rules(&JOURNEY.replace("50", "60"));
    bench.edit("", &strict);
    bench.synced(bench.id);
    let row = |number| contact(&format!("c{number}"), &[("level", "high")]);
    bench.read((0..5_001).map(row).collect());
    bench.wait(DAY);
    for back in [true, false] {
        bench.edit("", &rules(JOURNEY));
        let cut = |done, _| assert!(done <= 5_000, "cut off");
        let ended = catch_unwind(AssertUnwindSafe(|| {
            rescore(&bench.store, &bench.config, &bench.clock, false, &cut)
        }));
        assert!(ended.is_err());
        if back {
            bench.edit("", &strict);
        }
        bench.score();
        let states = bench.store.read(crate::store::Conn::tally_entries).unwrap();
        assert!(
            states
                .iter()
                .all(|row| row.2.as_deref() == Some("the rules were edited")),
            "{states:?}"
        );
    }
    assert_eq!(bench.plan().await.starts, 0);
}

const QUIET: &str = r#"
[[automations]]
name = "quiet"
when = "no page visit in 1 month"
settle = "0 minutes"
start = { connection = "news", automation = "journey 1 step 1" }
"#;

/// Somebody who came long ago and visited ten days ago, on a connection that reports visits.
fn quiet() -> Bench {
    let mut bench = bench("");
    bench.edit("", &rules(QUIET));
    let (id, now) = (bench.id, bench.now());
    bench.write(move |tx| {
        tx.declare_stream(id, Stream("acts"), &[EventKind::PageVisit])?;
        cover(tx, id, now)
    });
    bench.synced(id);
    bench.did("a", &EventKind::PageVisit, 1, 10 * DAY);
    bench.read(vec![Contact {
        subscribed_at: DateTime::from_timestamp_millis(now - 400 * DAY),
        ..contact("a", &[])
    }]);
    assert_eq!(bench.entries(), NOTHING);
    bench
}

fn cover(
    tx: &crate::store::Tx,
    id: ConnectionId,
    through: Millis,
) -> Result<(), crate::store::StoreError> {
    let covered = Covered {
        kinds: vec![EventKind::PageVisit],
        from: None,
        through: DateTime::from_timestamp_millis(through).unwrap(),
    };
    tx.cover(id, &[covered], through)
}

impl Bench {
    /// A day on which the platform was read, and nothing happened.
    fn day(&self) {
        self.wait(DAY);
        let (id, now) = (self.id, self.now());
        self.write(move |tx| cover(tx, id, now));
        self.score();
    }
}

#[tokio::test]
async fn an_absence_begins_by_the_passing_of_a_date() {
    let bench = quiet();
    for _ in 0..30 {
        bench.day();
        bench.apply().await;
    }
    assert_eq!(bench.entries(), ["quiet a started"]);
    assert_eq!(bench.asked(), ["a starts start:1"]);
    bench.did("a", &EventKind::PageVisit, 1, HOUR);
    bench.score();
    assert_eq!(bench.entries(), ["quiet a started, left"]);
}

#[tokio::test]
async fn through_a_hole_nobody_enters_and_nobody_leaves() {
    let bench = quiet();
    let (id, now) = (bench.id, bench.now());
    let gap = Gap {
        from: Zone::new(bench.config.zone).day(now - 3 * DAY),
        to: Zone::new(bench.config.zone).day(now - 2 * DAY),
        kinds: vec![EventKind::PageVisit],
    };
    bench.write(move |tx| tx.add_gap(id, &gap, "a test", now));
    for _ in 0..25 {
        bench.day();
    }
    assert_eq!(bench.entries(), NOTHING);
    // What was read after all is news of the past.
    let now = bench.now();
    bench.write(move |tx| tx.heal(id, "a test", now).map(|_| ()));
    bench.day();
    assert_eq!(bench.entries(), ["quiet a silent: late news of the past"]);
    let gap = Gap {
        from: Zone::new(bench.config.zone).day(now - 3 * DAY),
        to: Zone::new(bench.config.zone).day(now - 2 * DAY),
        kinds: vec![EventKind::PageVisit],
    };
    let now = bench.now();
    bench.write(move |tx| tx.add_gap(id, &gap, "another", now));
    bench.day();
    assert_eq!(bench.entries(), ["quiet a silent: late news of the past"]);
}

#[tokio::test]
async fn a_scanners_clicks_are_withdrawn_and_a_persons_start_later() {
    let bench = starting(&JOURNEY.replace("0 minutes", "2 hours"));
    bench.did("a", &EventKind::Click, 5, 1000);
    bench.score();
    assert_eq!(bench.entries(), ["it a settling"]);
    let now = bench.now();
    bench.write(move |tx| {
        for event in 1..=5 {
            assert!(tx.set_verdict(event, Verdict::Scanner, "burst:5", now)?);
        }
        Ok(())
    });
    bench.score();
    bench.wait(3 * HOUR);
    bench.score();
    assert_eq!(bench.pushed().await, NOTHING);
    assert_eq!(
        bench.entries(),
        ["it a withdrawn: left before it was started, left"]
    );
    bench.did("a", &EventKind::Click, 5, 1000);
    bench.score();
    bench.wait(3 * HOUR);
    bench.score();
    assert_eq!(bench.pushed().await, ["a starts start:2"]);
}

#[tokio::test]
async fn between_the_lines_a_scanners_entry_is_withdrawn_and_a_persons_is_not() {
    for scanner in [true, false] {
        let bench = starting(&JOURNEY.replace("0 minutes", "2 hours"));
        bench.levels(&[("a", "middle"), ("b", "high")]);
        bench.did("a", &EventKind::Open, 1, 1000);
        bench.score();
        if scanner {
            let now = bench.now();
            bench.write(move |tx| {
                tx.set_verdict(1, Verdict::Scanner, "burst:5", now)
                    .map(|_| ())
            });
        }
        // A profile that was high when it entered was so then, whatever it is now.
        bench.levels(&[("b", "middle")]);
        bench.wait(2 * HOUR);
        bench.score();
        let started = bench.pushed().await;
        if scanner {
            assert_eq!(started, ["b starts start:1"]);
            assert_eq!(
                bench.entries()[1],
                "it a withdrawn: did not hold, as we know now, left"
            );
        } else {
            assert_eq!(started, ["b starts start:1", "a starts start:2"]);
        }
    }
}
