//! Starts by a tag or a field: they may be repeated, and end in one state.

use super::*;

const TAG: &str = r#"
[[automations]]
name = "it"
when = "engagement >= 50"
until = "engagement < 40"
settle = "0 minutes"
start = { connection = "news", tag = "series" }
"#;

const SET: &str = r#"
[[automations]]
name = "it"
when = "engagement >= 50"
settle = "0 minutes"
start = { connection = "news", field = "SERIES", value = "yes" }
"#;

#[tokio::test]
async fn a_tag_is_put_on_taken_off_and_put_on_again() {
    let bench = starting(TAG);
    bench.levels(&[("a", "high")]);
    assert_eq!(bench.pushed().await, ["a +series"]);
    assert_eq!(bench.pushed().await, NOTHING);
    bench.levels(&[("a", "middle")]);
    assert_eq!(bench.pushed().await, NOTHING);
    bench.wait(5 * DAY);
    bench.levels(&[("a", "")]);
    let plan = bench.plan().await;
    assert_eq!((plan.writes, plan.starts), (1, 0));
    assert_eq!(bench.pushed().await, ["a -series"]);
    assert_eq!(bench.holds("a"), NOTHING);
    // On the same day: by our own memory this is no news of the past.
    bench.levels(&[("a", "high")]);
    assert_eq!(bench.pushed().await, ["a +series"]);
    assert_eq!(bench.holds("a"), ["series"]);
    assert_eq!(bench.entries(), ["it a started, left", "it a started"]);
}

#[tokio::test]
async fn a_tag_is_off_before_it_is_put_on_again() {
    let bench = starting(TAG);
    bench.levels(&[("a", "high")]);
    bench.pushed().await;
    bench.wait(5 * DAY);
    bench.levels(&[("a", "")]);
    bench.levels(&[("a", "high")]);
    // Whoever puts both into one call may see them carried out in either order.
    bench.answer(retry);
    assert_eq!(bench.pushed().await, ["a -series"]);
    bench.obey();
    bench.wait(DAY);
    assert_eq!(bench.pushed().await, ["a -series"]);
    assert_eq!(bench.pushed().await, ["a +series"]);
    assert_eq!(bench.pushed().await, NOTHING);
    assert_eq!(bench.holds("a"), ["series"]);
}

#[tokio::test]
async fn what_is_a_set_is_repeated_until_it_is_known() {
    for (automation, asked, held) in [
        (TAG, "a +series", "series"),
        (SET, "a SERIES=yes", "SERIES=yes"),
    ] {
        let bench = starting(automation);
        bench.levels(&[("a", "high")]);
        bench.answer(|_| (true, Outcome::Ambiguous("reset".into())));
        assert_eq!(bench.pushed().await, [asked]);
        assert_eq!(bench.entries(), ["it a ready: reset"]);
        bench.obey();
        bench.cut_off().await;
        bench.asked();
        // A plan shows what is cut off as apply will write it.
        let plan = bench.plan().await;
        assert_eq!(plan.writes, 1);
        bench.wait(DAY);
        bench.push().apply(Some(&plan.fingerprint)).await.unwrap();
        assert_eq!(bench.asked(), [asked]);
        assert_eq!(bench.entries(), ["it a started"]);
        assert_eq!(bench.holds("a"), [held]);
        assert_eq!(bench.pushed().await, NOTHING);
    }
}

#[tokio::test]
async fn a_tag_that_may_be_on_is_taken_off_when_the_contact_leaves() {
    // Its answer was lost.
    let bench = starting(TAG);
    bench.levels(&[("a", "high")]);
    bench.answer(|_| (true, Outcome::Ambiguous("reset".into())));
    bench.pushed().await;
    bench.obey();
    bench.levels(&[("a", "")]);
    assert_eq!(bench.pushed().await, ["a -series"]);
    assert_eq!(bench.holds("a"), NOTHING);
    // The process ended, and the contact left before anybody looked.
    bench.wait(5 * DAY);
    bench.levels(&[("b", "high")]);
    bench.cut_off().await;
    bench.asked();
    bench.levels(&[("b", "")]);
    assert_eq!(bench.pushed().await, ["b -series"]);
    assert_eq!(bench.holds("b"), NOTHING);
    // The contact left while the request was under way.
    bench.levels(&[("c", "high")]);
    let (store, rows) = (bench.store.clone(), Mutex::new(()));
    bench.answer(move |_| {
        let _rows = rows.lock();
        let leave = |tx: &crate::store::Tx| {
            let entry = tx.entries(&Entries::ALL)?[0].entry;
            let step = crate::automation::Step::Move {
                automation: 0,
                entry,
                state: None,
                reason: None,
                leaves: true,
            };
            let contact = tx.entries(&Entries::ALL)?[0].contact;
            tx.step(contact, &["it".to_owned()], &[step], (Day(20_000), 1))
        };
        store.write(leave).unwrap();
        (true, Outcome::Applied)
    });
    assert_eq!(bench.pushed().await, ["c +series"]);
    bench.obey();
    assert_eq!(bench.pushed().await, ["c -series"]);
    assert_eq!(bench.holds("c"), NOTHING);
}

#[tokio::test]
async fn who_is_gone_when_the_tag_is_to_come_off_was_started_all_the_same() {
    let cool = TAG.replace("settle", "cooldown = \"30 days\"\nsettle");
    let bench = starting(&cool);
    bench.levels(&[("a", "high")]);
    bench.pushed().await;
    bench.wait(5 * DAY);
    bench.levels(&[("a", "")]);
    bench.scan(Vec::new());
    assert_eq!(bench.pushed().await, NOTHING);
    bench.wait(5 * DAY);
    bench.levels(&[("a", "high")]);
    assert_eq!(bench.pushed().await, NOTHING);
    let last = bench.entries().pop().unwrap();
    assert!(
        last.starts_with("it a suppressed: cooldown until"),
        "{last}"
    );
}

#[tokio::test]
async fn a_start_that_is_edited_while_it_waits_is_sent_as_it_is_now() {
    let mut bench = starting(TAG);
    bench.levels(&[("a", "high")]);
    bench.answer(retry);
    bench.pushed().await;
    bench.obey();
    bench.edit("", &rules(JOURNEY));
    bench.score();
    assert_eq!(bench.plan().await.counts[0].verb, "start automation");
    assert_eq!(bench.pushed().await, ["a starts start:1"]);
    assert_eq!(bench.holds("a"), NOTHING);
}

#[tokio::test]
async fn what_cleaning_asked_for_stays_a_month_and_counts_from_its_start() {
    let bench = starting(TAG);
    bench.levels(&[("a", "low")]);
    let contact = bench
        .store
        .read(|conn| conn.find_contact(&Address::parse("a@x.example").unwrap()))
        .unwrap()
        .unwrap();
    let (now, today) = (bench.now(), Zone::new(bench.config.zone).day(bench.now()));
    let enter = bench
        .store
        .write(move |tx| tx.enter_automation(contact, "it", "cleaning sunset", today, now));
    enter.unwrap();
    // Its condition does not hold, and was not asked.
    bench.levels(&[("a", "lower")]);
    assert_eq!(bench.pushed().await, ["a +series"]);
    let started = bench.store.read(|conn| conn.last_started(contact)).unwrap();
    assert!(started >= Some(now), "{started:?}");
    bench.wait(20 * DAY);
    bench.levels(&[("a", "low")]);
    assert_eq!(bench.pushed().await, NOTHING);
    bench.wait(11 * DAY);
    bench.levels(&[("a", "lower")]);
    assert_eq!(bench.pushed().await, ["a -series"]);
    let later = bench.store.read(|conn| conn.last_started(contact)).unwrap();
    assert_eq!(later, started, "leaving is no start");
}
