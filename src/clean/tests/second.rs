//! Two pairs of eyes: nothing of a batch is done before somebody else has confirmed it.

use engaged_connectors::{Outcome, model::EventKind};

use super::{
    UNSUBSCRIBE,
    bench::{Bench, DAY, HOUR, bench, policy, tester},
    plan,
};
use crate::{
    clean::CleanError,
    store::{CleaningBatch, Lane, Speaker, Stage, TakenState, Voice},
};

const WIN_BACK: &str = "then = \"unsubscribe\"\nholdout = 0.0\nmax_share = 1.0\nfirst = { automation = \"Win-back\", wait = \"30 days\" }";

/// A policy that asks for this word.
fn asking(text: &str, approve: &str) -> String {
    policy(&format!("{text}\napprove = \"{approve}\""))
}

fn two(text: &str) -> String {
    asking(text, "two people")
}

fn marit() -> Speaker {
    Speaker::dashboard("marit")
}

/// How many rows a run would carry out.
fn queued(bench: &Bench) -> usize {
    let (id, now) = (bench.id, bench.now() + 400 * DAY);
    let ready = |conn: &crate::store::Conn| conn.outbox_ready(id, Lane::Removal, None, now, 100);
    bench.store.read(ready).unwrap().len()
}

fn batch(bench: &Bench) -> CleaningBatch {
    let batch = bench.store.read(|conn| conn.cleaning_batch(1)).unwrap();
    batch.unwrap()
}

/// Nothing was done and nothing could be, also not by the daemon's own rounds.
async fn nothing_is_done(bench: &Bench) {
    bench.cleaning().cycle().await.unwrap();
    assert_eq!(queued(bench), 0);
    assert_eq!(bench.series.entered(), 0);
    assert_eq!(bench.ledger(), Vec::<String>::new());
    assert_eq!(bench.removed().len(), 0);
}

async fn confirm(bench: &Bench, by: &Speaker) -> Result<u64, String> {
    let confirmed = bench.cleaning().confirm_and_work(1, by).await;
    let report = confirmed.map_err(|error| format!("{} {error}", error.code()))?;
    assert_eq!(report.held, Vec::<String>::new());
    Ok(report.removed)
}

#[tokio::test]
async fn nothing_is_done_or_queued_before_somebody_else_has_confirmed_the_batch() {
    let bench = bench(&two(UNSUBSCRIBE));
    bench.list(100, 3);
    let report = bench.apply(&plan(&bench).fingerprint).await;
    assert_eq!(
        (report.batch, report.waits, report.removed),
        (Some(1), 3, 0)
    );
    assert!(batch(&bench).waits());
    nothing_is_done(&bench).await;
    // They are in a batch: no plan proposes them again.
    assert_eq!(plan(&bench).steps.len(), 0);
    bench.wait(DAY);
    bench.cover();
    nothing_is_done(&bench).await;

    assert_eq!(confirm(&bench, &marit()).await, Ok(3));
    assert_eq!(bench.removed().len(), 3);
    let confirmed = batch(&bench);
    assert_eq!(confirmed.state, "applied");
    assert_eq!(confirmed.confirmed, Some((bench.now(), "marit".to_owned())));
    assert_eq!(bench.trail(), ["a test clean", "marit clean confirm"]);
    let again = confirm(&bench, &marit()).await.unwrap_err();
    assert_eq!(
        again,
        "E0908 batch 1 cannot be confirmed: marit has confirmed it"
    );
    let none = bench.cleaning().confirm(9, &marit()).await.unwrap_err();
    assert_eq!(none.code(), "E0903");
}

#[tokio::test]
async fn the_second_is_another_person_and_one_of_the_two_is_logged_in_to_the_dashboard() {
    let shell = Speaker::command_line;
    let desk = Speaker::dashboard;
    let daemon = Speaker {
        name: "engaged".to_owned(),
        from: Voice::Daemon,
    };
    for (first, second, passes) in [
        (desk("marit"), desk("tom"), true),
        (shell("tom"), desk("marit"), true),
        (desk("marit"), shell("tom"), true),
        (desk("marit"), desk("marit"), false),
        (desk("marit"), shell("marit"), false),
        (shell("Marit"), desk("marit"), false),
        // Who has a shell may call himself what he likes.
        (shell("tom"), shell("marit"), false),
        (shell("tom"), shell("command line"), false),
        (desk("marit"), daemon, false),
    ] {
        let bench = bench(&two(UNSUBSCRIBE));
        bench.list(100, 2);
        let fingerprint = plan(&bench).fingerprint;
        let approved = bench.cleaning().apply(&fingerprint, &first).await.unwrap();
        assert_eq!(approved.waits, 2);
        let confirmed = confirm(&bench, &second).await;
        if passes {
            assert_eq!(confirmed, Ok(2), "{first:?} {second:?}");
            continue;
        }
        let error = confirmed.unwrap_err();
        let told = format!("E0907 batch 1 was approved by {} (", first.name);
        assert!(error.starts_with(&told), "{error}");
        nothing_is_done(&bench).await;
        // Who tried stands in the trail, and it can still be confirmed.
        let refused = format!("{} clean confirm refused", second.name);
        assert_eq!(bench.trail().last(), Some(&refused));
        assert_eq!(confirm(&bench, &desk("sanne")).await, Ok(2));
    }
}

#[tokio::test]
async fn a_batch_that_needs_two_needs_two_whatever_the_policy_says_later() {
    let mut bench = bench(&two(UNSUBSCRIBE));
    bench.list(100, 2);
    bench.apply(&plan(&bench).fingerprint).await;
    for later in ["always", "automatic"] {
        bench.edit(&asking(UNSUBSCRIBE, later));
        bench.wait(HOUR);
        nothing_is_done(&bench).await;
        assert!(batch(&bench).waits(), "{later}");
    }
    let same = confirm(&bench, &tester()).await.unwrap_err();
    assert!(same.starts_with("E0907"), "{same}");
    assert_eq!(confirm(&bench, &marit()).await, Ok(2));
}

#[tokio::test]
async fn what_one_person_approved_waits_where_the_policy_asks_for_two_before_it_is_done() {
    let mut bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 3);
    bench.site.down(true);
    bench.apply(&plan(&bench).fingerprint).await;
    assert_eq!((queued(&bench), batch(&bench).people), (3, 1));
    bench.edit(&two(UNSUBSCRIBE));
    bench.site.down(false);
    bench.wait(DAY);
    bench.cover();
    nothing_is_done(&bench).await;
    assert!(batch(&bench).waits());
    assert_eq!(bench.trail(), ["a test clean", "engaged clean waits"]);
    // Also after the policy is back at one.
    bench.edit(&policy(UNSUBSCRIBE));
    nothing_is_done(&bench).await;
    let same = confirm(&bench, &tester()).await.unwrap_err();
    assert!(same.starts_with("E0907"), "{same}");
    assert_eq!(confirm(&bench, &marit()).await, Ok(3));
    assert_eq!(bench.removed().len(), 3);
}

#[tokio::test]
async fn what_nobody_approved_is_let_go_where_the_policy_asks_for_two() {
    let mut bench = bench(&asking(UNSUBSCRIBE, "automatic"));
    bench.list(100, 2);
    bench.site.down(true);
    bench.cleaning().cycle().await.unwrap();
    assert_eq!(queued(&bench), 2);
    bench.edit(&two(UNSUBSCRIBE));
    bench.site.down(false);
    nothing_is_done(&bench).await;
    assert_eq!(batch(&bench).state, "lapsed");
    assert_eq!(plan(&bench).take, 2, "they are proposed anew");
}

#[tokio::test]
async fn after_seven_days_an_approval_has_lapsed_and_they_are_proposed_anew() {
    let bench = bench(&two(UNSUBSCRIBE));
    bench.list(100, 2);
    bench.apply(&plan(&bench).fingerprint).await;
    bench.wait(7 * DAY);
    nothing_is_done(&bench).await;
    assert!(batch(&bench).waits());
    bench.wait(1);
    bench.cover();
    let late = confirm(&bench, &marit()).await.unwrap_err();
    assert!(late.ends_with("approved more than 7 days ago"), "{late}");
    nothing_is_done(&bench).await;
    assert_eq!(batch(&bench).state, "lapsed");
    assert_eq!(bench.stages(), [Stage::Spared, Stage::Spared]);
    assert_eq!(bench.trail(), ["a test clean", "engaged clean lapsed"]);
    assert_eq!(plan(&bench).take, 2);
}

#[tokio::test]
async fn what_waits_can_be_withdrawn_whole_and_contact_by_contact() {
    let bench = bench(&two(UNSUBSCRIBE));
    bench.list(100, 3);
    bench.apply(&plan(&bench).fingerprint).await;
    let kept = ["p1@x.example".to_owned()];
    bench.cleaning().keep(None, &kept, "sanne").unwrap();
    assert_eq!(confirm(&bench, &marit()).await, Ok(2));
    assert!(!bench.removed().contains("p1"));
    let states = |bench: &Bench| {
        let cases = bench.store.read(|conn| conn.cases_of_batch(1)).unwrap();
        let taken = cases.iter().flat_map(|case| {
            let taken = bench.store.read(|conn| conn.taken(case.id)).unwrap();
            taken.into_iter().map(|taken| taken.state)
        });
        taken.collect::<Vec<_>>()
    };
    let (removed, left) = (TakenState::Removed, TakenState::Left);
    assert_eq!(states(&bench), [removed, left, removed]);

    let bench = super::bench::bench(&two(UNSUBSCRIBE));
    bench.list(100, 2);
    bench.apply(&plan(&bench).fingerprint).await;
    bench.cleaning().undo(1, "a test").await.unwrap();
    assert_eq!(batch(&bench).state, "undone");
    assert_eq!(states(&bench), [left, left]);
    let late = confirm(&bench, &marit()).await.unwrap_err();
    assert!(late.ends_with("it is undone"), "{late}");
    nothing_is_done(&bench).await;
    assert_eq!((plan(&bench).take, plan(&bench).kept), (0, 2));
}

#[tokio::test]
async fn win_backs_are_asked_for_when_they_are_confirmed_and_not_for_who_was_seen_meanwhile() {
    let bench = bench(&two(WIN_BACK));
    bench.list(100, 4);
    let first = plan(&bench);
    assert_eq!((first.ask, first.take), (4, 0));
    let report = bench.apply(&first.fingerprint).await;
    assert_eq!((report.waits, report.asked), (4, 0));
    assert_eq!(bench.stages(), [Stage::ToAsk; 4]);
    bench.wait(DAY);
    bench.cover();
    nothing_is_done(&bench).await;
    assert_eq!(plan(&bench).steps.len(), 0);
    // One opens, one is kept, and one was seen there by a machine of theirs only.
    bench.event("p0", EventKind::Open, bench.now());
    let kept = ["p1@x.example".to_owned()];
    bench.cleaning().keep(None, &kept, "sanne").unwrap();
    let seen = bench.now();
    bench
        .site
        .change("p2", |person| person.active_at = Some(seen));
    let report = bench.cleaning().confirm(1, &marit()).await.unwrap();
    assert_eq!((report.asked, report.not_asked), (1, 0));
    let spared: u64 = report.spared.iter().map(|(_, number)| number).sum();
    assert_eq!(spared, 2, "{:?}", report.spared);
    let (spared, asked) = (Stage::Spared, Stage::Asked);
    assert_eq!(bench.stages(), [spared, Stage::Kept, spared, asked]);
    assert_eq!(bench.series.entered(), 1);
    // When its time is over, taking it off is a batch of its own that needs two again.
    bench.series.start_all(bench.now());
    bench.wait(31 * DAY);
    bench.cover();
    let second = plan(&bench);
    assert_eq!((second.take, second.ask), (1, 1));
    let report = bench.apply(&second.fingerprint).await;
    assert_eq!(
        (report.batch, report.waits, report.removed),
        (Some(2), 2, 0)
    );
    assert_eq!(bench.ledger(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_held_or_says_something_else_now_is_not_confirmed() {
    let mut bench = bench(&two(UNSUBSCRIBE));
    bench.list(100, 2);
    bench.apply(&plan(&bench).fingerprint).await;
    let now = bench.now();
    bench
        .store
        .write(move |tx| tx.set_paused(true, "a test", now))
        .unwrap();
    let held = bench.cleaning().confirm(1, &marit()).await.unwrap();
    assert!(held.held[0].contains("paused"), "{:?}", held.held);
    assert!(batch(&bench).waits());
    bench
        .store
        .write(move |tx| tx.set_paused(false, "a test", now))
        .unwrap();
    bench.edit(&two("then = \"archive\"\nholdout = 0.0\nmax_share = 1.0"));
    let other = bench.cleaning().confirm(1, &marit()).await.unwrap_err();
    assert!(
        matches!(&other, CleanError::NothingToConfirm { why, .. } if why.contains("archive")),
        "{other}"
    );
    nothing_is_done(&bench).await;
    // A batch for which one person is enough asks nobody.
    let one = super::bench::bench(&policy(UNSUBSCRIBE));
    one.list(100, 2);
    one.site.down(true);
    one.apply(&plan(&one).fingerprint).await;
    let enough = confirm(&one, &marit()).await.unwrap_err();
    assert!(enough.ends_with("one person is enough for it"), "{enough}");
}

#[tokio::test]
async fn what_may_have_been_done_before_two_were_asked_for_is_found_and_can_be_undone() {
    let mut bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 2);
    // Carried out, and every answer is lost.
    let lost = || Outcome::Ambiguous("the answer was lost".to_owned());
    bench.site.answer(move |_| (true, lost()));
    bench.apply(&plan(&bench).fingerprint).await;
    assert_eq!(bench.removed().len(), 2);
    bench.site.answer(|_| (true, Outcome::Applied));
    bench.edit(&two(UNSUBSCRIBE));
    bench.wait(HOUR);
    // The platform cannot be asked yet when the second person speaks.
    bench.site.down(true);
    bench.cleaning().cycle().await.unwrap();
    bench.cleaning().confirm(1, &marit()).await.unwrap();
    bench.site.down(false);
    bench.wait(HOUR);
    bench.cleaning().cycle().await.unwrap();
    assert_eq!(bench.stages(), [Stage::Removed; 2]);
    let undone = bench.cleaning().undo(1, "a test").await.unwrap();
    assert_eq!(undone.restored, 2, "{undone:?}");
    assert_eq!(bench.removed().len(), 0);
}

#[tokio::test]
async fn a_plan_that_needs_two_is_another_than_the_same_for_one() {
    let mut bench = bench(&two(UNSUBSCRIBE));
    bench.list(100, 2);
    let shown = plan(&bench).fingerprint;
    bench.edit(&policy(UNSUBSCRIBE));
    let stale = bench.cleaning().apply(&shown, &tester()).await.unwrap_err();
    assert_eq!(stale.code(), "E0901");
    nothing_is_done(&bench).await;
}

#[tokio::test]
async fn a_batch_that_lapses_mails_nobody_again_who_got_the_win_back() {
    let bench = bench(&two(WIN_BACK));
    bench.list(100, 2);
    bench.apply(&plan(&bench).fingerprint).await;
    bench.cleaning().confirm(1, &marit()).await.unwrap();
    assert_eq!(bench.series.entered(), 2);
    bench.series.start_all(bench.now());
    bench.wait(31 * DAY);
    bench.cover();
    for _ in 0..2 {
        let take = plan(&bench);
        assert_eq!((take.take, take.ask), (2, 0));
        assert_eq!(bench.apply(&take.fingerprint).await.waits, 2);
        bench.wait(8 * DAY);
        bench.cover();
        bench.cleaning().cycle().await.unwrap();
    }
    assert_eq!(bench.series.entered(), 2, "nobody is asked twice");
    assert_eq!(bench.ledger(), Vec::<String>::new());
}

#[tokio::test]
async fn a_platform_that_cannot_be_asked_costs_nobody_their_word() {
    let bench = bench(&two(WIN_BACK));
    bench.list(100, 2);
    bench.apply(&plan(&bench).fingerprint).await;
    bench.site.down(true);
    let report = bench.cleaning().confirm(1, &marit()).await.unwrap();
    assert_eq!((report.held.len(), report.unavailable.len()), (1, 1));
    assert!(batch(&bench).waits());
    assert_eq!(bench.stages(), [Stage::ToAsk; 2]);
    bench.site.down(false);
    let report = bench.cleaning().confirm(1, &marit()).await.unwrap();
    assert_eq!((report.asked, report.held.len()), (2, 0));
}

#[tokio::test]
async fn of_who_is_kept_nothing_waits_on_after_the_batch_was_withdrawn_or_is_empty() {
    for withdrawn in [true, false] {
        let bench = bench(&two(UNSUBSCRIBE));
        bench.list(100, 2);
        bench.apply(&plan(&bench).fingerprint).await;
        let mut kept = vec!["p0@x.example".to_owned()];
        if !withdrawn {
            kept.push("p1@x.example".to_owned());
        }
        bench.cleaning().keep(None, &kept, "sanne").unwrap();
        if withdrawn {
            bench.cleaning().undo(1, "a test").await.unwrap();
        } else {
            bench.cleaning().cycle().await.unwrap();
            assert_eq!(batch(&bench).state, "lapsed");
        }
        let waits = |conn: &crate::store::Conn| {
            let mut waits = 0;
            for case in conn.cases_of_batch(1)? {
                let taken = conn.taken(case.id)?.into_iter();
                waits += taken
                    .filter(|each| each.state == TakenState::Waiting)
                    .count();
            }
            Ok(waits)
        };
        assert_eq!(bench.store.read(waits).unwrap(), 0, "{withdrawn}");
    }
}
