//! What goes wrong when two things meet: a merge and a word, an undoing and a doubt, a start and another.

use engaged_connectors::{
    Outcome,
    model::{Address, EventKind, Status},
};

use super::Bench;
use super::{DAY, UNSUBSCRIBE, bench, plan, policy};
use crate::{
    automation::EntryState,
    score::calendar::Zone,
    store::{Conn, ContactId, Entries, Stage, TakenState, Tx},
};

const FIRST: &str =
    "then = \"unsubscribe\"\nholdout = 0.0\nmax_share = 1.0\nfirst = { automation = \"Win-back\" }";

#[tokio::test]
async fn another_start_is_no_win_back() {
    let bench = bench(&policy(FIRST));
    bench.list(100, 1);
    bench.apply(&plan(&bench).fingerprint).await;
    bench.wait(DAY);
    bench.series.start("p0", &bench, bench.now());
    bench.wait(40 * DAY);
    bench.cover();
    let late = plan(&bench);
    assert_eq!((late.take, late.in_win_back), (0, 1));
}

#[tokio::test]
async fn a_start_before_the_asking_is_no_win_back() {
    let bench = bench(&policy(FIRST));
    bench.list(100, 1);
    bench.apply(&plan(&bench).fingerprint).await;
    // Asked for anew after long: what was started between is over, and it gets its whole time again.
    bench.wait(61 * DAY);
    bench.cover();
    let case = bench.store.read(|conn| conn.open_cases("sunset")).unwrap();
    let (id, now) = (case[0].id, bench.now());
    bench.series.start_all(now - 50 * DAY);
    bench
        .store
        .write(move |tx| tx.set_stage(id, Stage::HeldOut, "", now - DAY))
        .unwrap();
    let again = plan(&bench);
    assert_eq!((again.ask, again.take), (1, 0));
    bench.apply(&again.fingerprint).await;
    bench.wait(DAY);
    bench.cover();
    let next = plan(&bench);
    assert_eq!((next.take, next.in_win_back), (0, 1));
}

/// The number of a contact of the list.
fn number(bench: &Bench, id: &str) -> ContactId {
    let address = Address::parse(&format!("{id}@x.example")).unwrap();
    let found = bench.store.read(|conn| conn.find_contact(&address));
    found.unwrap().unwrap()
}

#[tokio::test]
async fn who_is_kept_is_kept_also_as_one_with_another_contact() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 2);
    let (other, now) = (number(&bench, "p1"), bench.now());
    bench
        .store
        .write(move |tx| tx.put_held_out("sunset", other, now, now))
        .unwrap();
    let kept = ["p0@x.example".to_owned()];
    bench.cleaning().keep(None, &kept, "a test").unwrap();
    bench.in_shop("7", "p0", Status::Subscribed);
    bench.in_shop("7", "p1", Status::Subscribed);
    assert_eq!(number(&bench, "p0"), other);
    let plan = plan(&bench);
    assert_eq!((plan.kept, plan.candidates), (1, 0));
}

#[tokio::test]
async fn a_removal_that_waits_heeds_the_word_on_who_became_one_with_its_contact() {
    // What the other connection tells of purchases is not known.
    let text = format!("{UNSUBSCRIBE}\nprotect_purchases = false");
    let bench = bench(&policy(&text));
    bench.list(100, 2);
    bench
        .cleaning()
        .keep(None, &["p0@x.example".to_owned()], "a test")
        .unwrap();
    bench
        .site
        .answer(|_| (false, Outcome::Retry("later".to_owned(), None)));
    let report = bench.apply(&plan(&bench).fingerprint).await;
    assert_eq!((report.removed, report.retried), (0, 1));
    bench.in_shop("7", "p0", Status::Subscribed);
    bench.in_shop("7", "p1", Status::Subscribed);
    bench.site.answer(|_| (true, Outcome::Applied));
    bench.wait(DAY);
    bench.cover();
    let reports = bench.cleaning().cycle().await.unwrap();
    assert_eq!(reports[0].spared, [("kept meanwhile".to_owned(), 1)]);
    assert!(bench.removed().is_empty(), "{:?}", bench.removed());
}

#[test]
fn only_a_start_of_the_same_automation_counts_and_none_from_before() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(3, 1);
    let (contact, now) = (number(&bench, "p0"), bench.now());
    let day = Zone::new(bench.config.zone).day(now);
    let enter = move |tx: &Tx| {
        for (name, at) in [("Win-back", now - 3 * DAY), ("Birthday", now)] {
            let entry = tx.enter_automation(contact, name, "cleaning sunset", day, at)?;
            tx.settle_entry(entry, (EntryState::Started, false), None, at)?;
        }
        Ok(())
    };
    bench.store.write(enter).unwrap();
    let since = |name, at| {
        let read = |conn: &Conn| conn.started_since(contact, name, at);
        bench.store.read(read).unwrap()
    };
    assert_eq!(since("Win-back", now - 4 * DAY), Some(now - 3 * DAY));
    assert_eq!(since("Win-back", now - 2 * DAY), None);
    assert_eq!(since("Birthday", now - 4 * DAY), Some(now));
    assert_eq!(since("Other", 0), None);
}

#[tokio::test]
async fn undo_passes_over_who_left_elsewhere_since() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 4);
    for (id, like) in [("70", "p0"), ("71", "p1"), ("72", "p2")] {
        bench.in_shop(id, like, Status::Subscribed);
    }
    // Who had left there before was on the list all the same.
    bench.event_in_shop("72", EventKind::Unsubscribe, bench.now() - 300 * DAY);
    bench.in_shop("72", "p2", Status::Unsubscribed);
    let batch = bench.apply(&plan(&bench).fingerprint).await.batch.unwrap();
    assert_eq!(bench.removed().len(), 4);
    bench.wait(DAY);
    bench.event_in_shop("70", EventKind::Unsubscribe, bench.now());
    bench.in_shop("71", "p1", Status::Complained);
    bench.wait(DAY);
    let undone = bench.cleaning().undo(batch, "a test").await.unwrap();
    let mut not = undone.not_restored;
    not.sort();
    let expected = [
        ("p0@x.example", "has unsubscribed elsewhere since"),
        ("p1@x.example", "is not subscribed elsewhere"),
    ];
    let expected = expected.map(|(who, why)| (who.to_owned(), why.to_owned()));
    assert_eq!((undone.restored, not), (2, expected.to_vec()));
    let still: Vec<String> = bench.removed().into_iter().collect();
    assert_eq!(still, ["p0", "p1"]);
}

#[tokio::test]
async fn a_removal_in_doubt_that_is_undone_is_put_back_where_it_was_done() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 2);
    let lost = || Outcome::Ambiguous("the answer was lost".to_owned());
    bench.site.answer(move |_| (true, lost()));
    let report = bench.apply(&plan(&bench).fingerprint).await;
    assert_eq!((report.in_doubt, bench.removed().len()), (2, 2));
    bench.site.answer(|_| (true, Outcome::Applied));
    let batch = report.batch.unwrap();
    let undone = bench.cleaning().undo(batch, "a test").await.unwrap();
    assert_eq!((undone.restored, undone.removed), (2, 0));
    assert!(bench.removed().is_empty());
    assert_eq!(bench.stages(), [Stage::Kept, Stage::Kept]);
}

#[tokio::test]
async fn a_deletion_in_doubt_that_is_called_off_is_named_where_it_was_done() {
    let consent = "I accept that this cannot be undone";
    let text = format!("then = \"delete\"\nholdout = 0.0\ndelete = \"{consent}\"");
    let bench = bench(&policy(&text));
    bench.list(100, 1);
    let lost = || Outcome::Ambiguous("the answer was lost".to_owned());
    bench.site.answer(move |_| (true, lost()));
    let report = bench.apply(&plan(&bench).fingerprint).await;
    assert_eq!(report.in_doubt, 1);
    let undone = bench.cleaning().undo(report.batch.unwrap(), "a test").await;
    let expected = (
        "p0@x.example".to_owned(),
        "the platform does not undo delete".to_owned(),
    );
    assert_eq!(undone.unwrap().not_restored, [expected]);
}

#[tokio::test]
async fn a_tag_that_the_platform_keeps_is_not_undone_and_that_is_said() {
    let bench = bench(&policy("then = \"tag\"\ntag = \"asleep\"\nholdout = 0.0"));
    bench.list(100, 1);
    let batch = bench.apply(&plan(&bench).fingerprint).await.batch.unwrap();
    bench.site.keep_tags();
    let undone = bench.cleaning().undo(batch, "a test").await.unwrap();
    let expected = ("p0@x.example".to_owned(), "a member of staff".to_owned());
    assert_eq!(undone.not_restored, [expected]);
    let again = bench.cleaning().undo(batch, "a test").await.unwrap_err();
    assert_eq!(again.code(), "E0904");
}

#[tokio::test]
async fn a_win_back_that_was_called_off_is_not_sent() {
    let bench = bench(&policy(FIRST));
    bench.list(100, 3);
    let report = bench.apply(&plan(&bench).fingerprint).await;
    let waiting = || {
        let which = Entries {
            automation: Some("Win-back"),
            state: Some(EntryState::Ready),
            limit: 100,
            ..Entries::ALL
        };
        let read = |conn: &Conn| conn.entries(&which);
        let ready = bench.store.read(read).unwrap().into_iter();
        ready.filter(|entry| entry.left_at.is_none()).count()
    };
    assert_eq!(waiting(), 3);
    bench.wait(DAY);
    bench.event("p0", EventKind::Click, bench.now());
    bench.cleaning().cycle().await.unwrap();
    assert_eq!(waiting(), 2);
    let kept = ["p1@x.example".to_owned()];
    bench.cleaning().keep(None, &kept, "a test").unwrap();
    assert_eq!(waiting(), 1);
    let batch = report.batch.unwrap();
    bench.cleaning().undo(batch, "a test").await.unwrap();
    assert_eq!(waiting(), 0);
}

#[test]
fn a_plan_is_stale_once_its_win_back_or_its_tag_is_another() {
    let fingerprint = |text: &str| {
        let bench = bench(text);
        bench.list(100, 2);
        plan(&bench).fingerprint
    };
    let text = policy(FIRST);
    let seen = fingerprint(&text);
    assert_eq!(fingerprint(&text), seen);
    assert_ne!(fingerprint(&text.replace("Win-back", "Goodbye")), seen);
    assert_ne!(fingerprint(&text.replace("engaged:", "ours:")), seen);
}

#[tokio::test]
async fn who_came_back_while_a_removal_was_in_doubt_is_named_and_not_put_back_by_itself() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 1);
    let lost = || Outcome::Ambiguous("the answer was lost".to_owned());
    bench.site.answer(move |_| (true, lost()));
    let report = bench.apply(&plan(&bench).fingerprint).await;
    bench.site.answer(|_| (true, Outcome::Applied));
    let (case, now) = (1, bench.now());
    let back = move |tx: &Tx| tx.set_stage(case, Stage::CameBack, "", now);
    bench.store.write(back).unwrap();
    let named = bench.cleaning().cycle().await.unwrap().remove(0);
    assert_eq!((named.removed, named.not_restored.len()), (0, 1));
    assert_eq!(bench.removed().len(), 1);
    let batch = report.batch.unwrap();
    let undone = bench.cleaning().undo(batch, "a test").await.unwrap();
    assert_eq!(undone.restored, 1);
}

#[tokio::test]
async fn whom_we_took_off_elsewhere_ourselves_undo_puts_back_all_the_same() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 1);
    bench.in_shop("70", "p0", Status::Subscribed);
    let batch = bench.apply(&plan(&bench).fingerprint).await.batch.unwrap();
    let (who, shop, now) = (number(&bench, "p0"), bench.shop(), bench.now());
    // Another policy took it off there.
    let take = move |tx: &Tx| {
        let mut other = tx.cleaning_batch(batch)?.unwrap();
        other.policy = "other".to_owned();
        let batch = tx.add_cleaning_batch(&other)?;
        let case = tx.put_case("other", who, Some(batch), Stage::Removed, now, now)?;
        tx.add_taken(case, shop, "70", "unsubscribe")?;
        let taken = tx.taken(case)?.remove(0);
        tx.set_taken(&taken, TakenState::Removed, "", now)
    };
    bench.store.write(take).unwrap();
    bench.wait(DAY);
    bench.event_in_shop("70", EventKind::Unsubscribe, bench.now());
    bench.in_shop("70", "p0", Status::Unsubscribed);
    let undone = bench.cleaning().undo(batch, "a test").await.unwrap();
    assert_eq!((undone.restored, undone.not_restored), (1, Vec::new()));
}
