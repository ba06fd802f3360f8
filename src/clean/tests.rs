//! Who is taken off and who is not, against a platform of a few lines that keeps a ledger.

mod bench;
mod kills;
mod looks;
mod mends;
mod second;

use engaged_connectors::{
    Outcome,
    model::{EventKind, Status, Verdict},
};

use self::bench::{Bench, DAY, bench, person, policy, tester};
use super::{CleanError, plan::PolicyPlan};
use crate::{
    clean::CLEANING,
    push::{guard, targets::Keys},
    store::Stage,
};

const UNSUBSCRIBE: &str = "then = \"unsubscribe\"\nholdout = 0.0\nmax_share = 1.0";

/// The addresses of a plan's steps, in their order.
fn names(bench: &Bench, plan: &PolicyPlan) -> Vec<String> {
    let reviewed = bench.cleaning().review(Some(&plan.policy)).unwrap();
    reviewed.into_iter().map(|row| row.contact).collect()
}

fn plan(bench: &Bench) -> PolicyPlan {
    bench.cleaning().plan(None).unwrap().policies.remove(0)
}

#[tokio::test]
async fn fifty_of_a_hundred_and_twenty_go_on_longest_silence_first() {
    let bench = bench(&policy(
        "then = \"unsubscribe\"\nholdout = 0.0\nmax_share = 0.05",
    ));
    bench.list(1_000, 120);
    let plan = plan(&bench);
    assert_eq!((plan.mailable, plan.candidates, plan.cap), (1_000, 120, 50));
    assert_eq!((plan.take, plan.beyond_cap), (50, 70));
    // Silent contacts are made with the latest open first: the last fifty are silent for longest.
    let expected: Vec<String> = (70..120).rev().map(|n| format!("p{n}@x.example")).collect();
    assert_eq!(names(&bench, &plan), expected);
    let report = bench.apply(&plan.fingerprint).await;
    assert_eq!(report.removed, 50);
    assert_eq!(
        bench.removed(),
        (70..120)
            .map(|n| format!("p{n}"))
            .collect::<std::collections::BTreeSet<_>>()
    );
}

#[tokio::test]
async fn nothing_is_done_where_a_quarter_of_the_list_are_candidates_and_the_cause_is_named() {
    let bench = bench(&policy(
        "then = \"unsubscribe\"\nholdout = 0.0\nmax_share = 0.05",
    ));
    bench.list(1_000, 260);
    let first = plan(&bench);
    assert_eq!(
        (first.candidates, first.take, first.steps.len()),
        (260, 0, 0)
    );
    let report = bench.apply(&first.fingerprint).await;
    assert!(report.held[0].starts_with("cleaning: sunset: 260 of 1000 contacts are candidates (limit 20 %); the policy never ran before"), "{:?}", report.held);
    assert_eq!(bench.ledger(), Vec::<String>::new());
    let open = bench.store.read(crate::store::Conn::open_guards).unwrap();
    assert_eq!((open.len(), open[0].name.as_str()), (1, CLEANING));
    // A person's word lets one batch pass, within the cap.
    let now = bench.now();
    let approved = bench
        .store
        .write(move |tx| guard::approve(tx, &Keys::new(), CLEANING, None, "a test", now));
    assert_eq!(approved.unwrap().len(), 1);
    let second = plan(&bench);
    assert_eq!((second.take, second.held.len()), (50, 0));
    assert_eq!(bench.apply(&second.fingerprint).await.removed, 50);
    assert!(!plan(&bench).held.is_empty());
}

#[tokio::test]
async fn a_sync_that_brings_nothing_is_named_before_the_people() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 30);
    bench.wait(20 * DAY);
    bench.cover();
    let plan = plan(&bench);
    assert!(
        plan.held[0].contains("look at the sync first"),
        "{:?}",
        plan.held
    );
}

#[tokio::test]
async fn the_same_contacts_are_held_out_on_each_run_and_never_taken() {
    let bench = bench(&policy(
        "then = \"unsubscribe\"\nholdout = 0.3\nmax_share = 1.0\nbreaker = 1.0",
    ));
    bench.list(100, 40);
    let first = plan(&bench);
    assert!((5..20).contains(&first.held_out), "{}", first.held_out);
    assert_eq!(first.take + first.held_out, 40);
    let held: Vec<_> = first
        .left_alone
        .iter()
        .map(|(contact, _)| *contact)
        .collect();
    assert_eq!(bench.apply(&first.fingerprint).await.removed, first.take);
    bench.wait(DAY);
    bench.cover();
    let again = plan(&bench);
    let still: Vec<_> = again
        .left_alone
        .iter()
        .map(|(contact, _)| *contact)
        .collect();
    assert_eq!((still, again.take), (held, 0));
    // What they do in the 90 days after is counted.
    let one = bench.remaining_silent().remove(0);
    bench.event(&one, EventKind::Click, bench.now());
    let holdout = plan(&bench).holdout.unwrap();
    assert_eq!(
        (holdout.contacts, holdout.clicked, holdout.any),
        (first.held_out, 1, 1)
    );
    assert!(holdout.low > 0.0 && holdout.high < 0.6);
}

#[tokio::test]
async fn undo_on_day_thirty_restores_status_and_tags_as_exported() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 2);
    bench.site.tag("p0", "vip");
    let before = bench.site.people();
    let plan = plan(&bench);
    let report = bench.apply(&plan.fingerprint).await;
    assert_eq!(report.removed, 2);
    assert_eq!(bench.site.person("p0").status, Status::Unsubscribed);
    assert_eq!(
        bench.site.person("p0").tags,
        ["engaged:cleaned:sunset", "vip"]
    );
    // Each was on disk before anything was done, for its owner alone.
    let file = report.export.unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(
        text.contains("\"tags\":[\"vip\"]") && text.contains("\"status\":\"subscribed\""),
        "{text}"
    );
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    bench.wait(30 * DAY);
    let undone = bench
        .cleaning()
        .undo(report.batch.unwrap(), "a test")
        .await
        .unwrap();
    assert_eq!((undone.restored, undone.not_restored), (2, Vec::new()));
    assert_eq!(bench.site.people(), before);
    // They are left alone until they are seen, and there is nothing more to undo.
    bench.cover();
    let again = self::plan(&bench);
    assert_eq!((again.candidates, again.kept), (0, 2));
    let nothing = bench.cleaning().undo(report.batch.unwrap(), "a test").await;
    assert!(matches!(nothing, Err(CleanError::NothingToUndo { .. })));
}

#[tokio::test]
async fn undo_ends_after_ninety_days_and_passes_over_who_decided_since() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 3);
    let batch = bench.apply(&plan(&bench).fingerprint).await.batch.unwrap();
    // One left by themselves meanwhile, as the platform knows; one complained.
    bench.site.change("p0", |person| person.decided = true);
    bench
        .site
        .change("p1", |person| person.status = Status::Complained);
    let undone = bench.cleaning().undo(batch, "a test").await.unwrap();
    assert_eq!(undone.restored, 1);
    assert_eq!(
        undone.not_restored,
        [
            ("p1@x.example".to_owned(), "has complained since".to_owned()),
            ("p0@x.example".to_owned(), "has decided since".to_owned()),
        ]
    );
    assert_eq!(bench.site.person("p0").status, Status::Unsubscribed);
    let late = self::bench::bench(&policy(UNSUBSCRIBE));
    late.list(100, 1);
    let batch = late.apply(&plan(&late).fingerprint).await.batch.unwrap();
    late.wait(91 * DAY);
    let error = late.cleaning().undo(batch, "a test").await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().contains("90 days")),
        ("E0904", true)
    );
}

#[tokio::test]
async fn who_bought_last_month_is_no_candidate_unless_the_policy_says_so() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 2);
    bench.event("p0", EventKind::Purchase, bench.now() - 30 * DAY);
    let guarded = plan(&bench);
    assert_eq!(guarded.candidates, 1);
    assert_eq!(
        guarded.protected,
        [("a purchase in 12 months".to_owned(), 1)]
    );
    let free = self::bench::bench(&policy(
        "then = \"unsubscribe\"\nholdout = 0.0\nprotect_purchases = false",
    ));
    free.list(100, 2);
    free.event("p0", EventKind::Purchase, free.now() - 30 * DAY);
    assert_eq!(plan(&free).candidates, 2);
}

#[tokio::test]
async fn protect_keeps_who_it_may_hold_for_and_lets_pass_who_never_bought() {
    let text = "then = \"unsubscribe\"\nholdout = 0.0\nprotect = \"any purchase in 3 years or field vip is 'yes'\"";
    let bench = bench(&policy(text));
    bench.list(100, 4);
    bench.event("p0", EventKind::Purchase, bench.now() - 700 * DAY);
    bench.field("p1", "vip", "yes");
    bench.field("p2", "vip", "no");
    let plan = plan(&bench);
    assert_eq!(names(&bench, &plan), ["p2@x.example"]);
    let protected = [
        ("protect".to_owned(), 2),
        ("protect is not known: field_unknown".to_owned(), 1),
    ];
    assert_eq!(plan.protected, protected);
}

#[tokio::test]
async fn a_reader_with_an_old_open_and_a_new_one_is_never_a_candidate() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 1);
    bench.event("p0", EventKind::Open, bench.now() - DAY);
    bench.read_person("reader", bench.now() - 900 * DAY);
    bench.event("reader", EventKind::Open, bench.now() - 400 * DAY);
    bench.event("reader", EventKind::Open, bench.now() - DAY);
    let plan = plan(&bench);
    assert_eq!((plan.candidates, plan.steps.len()), (0, 0));
}

#[tokio::test]
async fn who_cannot_be_judged_is_no_candidate_and_is_counted_by_reason() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 2);
    // New: subscribed three months ago and never mailed enough; and one with a hole over all of the time.
    bench.read_person("new", bench.now() - 90 * DAY);
    let new = plan(&bench);
    assert_eq!(
        (new.candidates, new.unjudged),
        (2, vec![("too_new".to_owned(), 1)])
    );
    bench.hole();
    let gap = plan(&bench);
    assert_eq!(gap.candidates, 0);
    assert!(
        gap.unjudged
            .iter()
            .any(|(why, number)| why == "coverage_gap" && *number >= 2),
        "{:?}",
        gap.unjudged
    );
}

#[tokio::test]
async fn the_win_back_comes_first_and_who_opens_its_second_mail_is_back_at_once() {
    let text = "then = \"unsubscribe\"\nholdout = 0.0\nfirst = { automation = \"Win-back\", wait = \"30 days\" }";
    let bench = bench(&policy(text));
    bench.list(100, 2);
    let first = plan(&bench);
    assert_eq!((first.ask, first.take), (2, 0));
    let report = bench.apply(&first.fingerprint).await;
    assert_eq!((report.asked, report.removed), (2, 0));
    assert_eq!(bench.series.entered(), 2);
    // Asked is not started: nothing runs out before the series began.
    bench.wait(40 * DAY);
    bench.cover();
    assert_eq!((plan(&bench).take, plan(&bench).in_win_back), (0, 2));
    bench.series.start_all(bench.now());
    bench.wait(10 * DAY);
    bench.cover();
    bench.event("p1", EventKind::Open, bench.now());
    let reports = bench.cleaning().cycle().await.unwrap();
    assert_eq!(reports[0].came_back, 1);
    assert_eq!(bench.stages(), [Stage::Asked, Stage::CameBack]);
    bench.wait(20 * DAY);
    bench.cover();
    let second = plan(&bench);
    assert_eq!((second.ask, second.take), (0, 1));
    bench.apply(&second.fingerprint).await;
    assert_eq!(bench.removed().into_iter().collect::<Vec<_>>(), ["p0"]);
}

#[tokio::test]
async fn a_machine_that_opens_brings_nobody_back() {
    let text = "then = \"unsubscribe\"\nholdout = 0.0\nfirst = { automation = \"Win-back\" }";
    let bench = bench(&policy(text));
    bench.list(100, 1);
    bench.apply(&plan(&bench).fingerprint).await;
    bench.wait(DAY);
    bench.judged("p0", EventKind::Click, bench.now(), Verdict::Scanner);
    assert_eq!(bench.cleaning().cycle().await.unwrap(), Vec::new());
    assert_eq!(bench.stages(), [Stage::Asked]);
}

#[tokio::test]
async fn nobody_in_a_running_series_is_judged() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 2);
    bench.series.start("p0", &bench, bench.now() - 10 * DAY);
    let plan = plan(&bench);
    assert_eq!(
        (plan.candidates, plan.unjudged),
        (1, vec![("in_series".to_owned(), 1)])
    );
    bench.wait(25 * DAY);
    bench.cover();
    assert_eq!(self::plan(&bench).candidates, 2);
}

#[tokio::test]
async fn the_platform_has_the_last_word() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 4);
    let now = bench.now();
    bench
        .site
        .change("p0", |person| person.status = Status::Bounced);
    bench
        .site
        .change("p1", |person| person.active_at = Some(now - DAY));
    bench
        .site
        .change("p2", |person| person.unreported_at = Some(now - 3 * DAY));
    bench.site.forget("p3");
    let plan = plan(&bench);
    assert_eq!(plan.take, 4);
    let report = bench.apply(&plan.fingerprint).await;
    assert_eq!(report.removed, 0);
    let mut spared: Vec<String> = report.spared.into_iter().map(|(why, _)| why).collect();
    spared.sort();
    assert_eq!(
        spared,
        [
            "no longer on the platform",
            "recent mail that the platform does not report",
            "the platform saw a sign of life that it did not report",
            "the status there is bounced",
        ]
    );
    assert_eq!(bench.ledger(), Vec::<String>::new());
}

#[tokio::test]
async fn who_is_seen_between_the_plan_and_the_deed_stays() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 2);
    // The first try reaches nobody; what is approved waits.
    bench.site.down(true);
    let report = bench.apply(&plan(&bench).fingerprint).await;
    assert_eq!((report.removed, report.retried), (0, 2));
    bench.site.down(false);
    bench.wait(DAY);
    bench.cover();
    bench.event("p0", EventKind::Click, bench.now() - DAY / 2);
    let report = bench.cleaning().cycle().await.unwrap().remove(0);
    assert_eq!(
        (report.removed, report.spared),
        (1, vec![("came back".to_owned(), 1)])
    );
    assert_eq!(bench.removed().into_iter().collect::<Vec<_>>(), ["p1"]);
}

#[tokio::test]
async fn a_tag_goes_off_again_when_its_contact_comes_back() {
    let bench = bench(&policy("then = \"tag\"\ntag = \"asleep\"\nholdout = 0.0"));
    bench.list(100, 2);
    let report = bench.apply(&plan(&bench).fingerprint).await;
    assert_eq!(report.removed, 2);
    assert_eq!(bench.site.person("p0").tags, ["engaged:asleep"]);
    assert_eq!(bench.site.person("p0").status, Status::Subscribed);
    bench.wait(DAY);
    bench.cover();
    // Who has it is no candidate again.
    assert_eq!(plan(&bench).candidates, 0);
    bench.event("p0", EventKind::Open, bench.now());
    let back = bench.cleaning().cycle().await.unwrap();
    assert_eq!(back[0].came_back, 1);
    assert_eq!(bench.site.person("p0").tags, Vec::<String>::new());
    assert_eq!(bench.site.person("p1").tags, ["engaged:asleep"]);
    // Undoing a tag takes it off.
    let undone = bench
        .cleaning()
        .undo(report.batch.unwrap(), "a test")
        .await
        .unwrap();
    assert_eq!(undone.restored, 1);
    assert_eq!(bench.site.person("p1").tags, Vec::<String>::new());
}

#[tokio::test]
async fn who_was_unsubscribed_and_comes_back_is_reported_and_not_resubscribed() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 1);
    bench.apply(&plan(&bench).fingerprint).await;
    bench.wait(DAY);
    bench.event("p0", EventKind::Click, bench.now());
    let back = bench.cleaning().cycle().await.unwrap();
    assert_eq!(back[0].came_back, 1);
    assert_eq!(bench.site.person("p0").status, Status::Unsubscribed);
    assert_eq!(bench.cleaning().cycle().await.unwrap(), Vec::new());
}

#[tokio::test]
async fn a_stale_plan_and_one_that_never_was_are_refused() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 2);
    let looked_at = plan(&bench);
    bench
        .cleaning()
        .keep(None, &["p0@x.example".to_owned()], "a test")
        .unwrap();
    for fingerprint in [looked_at.fingerprint.as_str(), "0000"] {
        let error = bench
            .cleaning()
            .apply(fingerprint, &tester())
            .await
            .unwrap_err();
        assert_eq!(error.code(), "E0901");
    }
    assert_eq!(bench.ledger(), Vec::<String>::new());
    let now = plan(&bench);
    assert_eq!((now.take, now.kept), (1, 1));
    bench.apply(&now.fingerprint).await;
    assert_eq!(bench.removed().into_iter().collect::<Vec<_>>(), ["p1"]);
    assert_eq!(
        bench.cleaning().plan(Some("sunrise")).unwrap_err().code(),
        "E0902"
    );
    assert_eq!(
        bench.cleaning().review_batch(9).unwrap_err().code(),
        "E0903"
    );
    let unknown = bench
        .cleaning()
        .keep(None, &["nobody@x.example".to_owned()], "a test");
    assert_eq!(unknown.unwrap_err().code(), "E0905");
}

#[tokio::test]
async fn nothing_is_done_while_paused_read_only_or_held() {
    let paused = bench(&policy(UNSUBSCRIBE));
    paused.list(100, 2);
    paused
        .store
        .write(|tx| tx.set_paused(true, "a test", 1))
        .unwrap();
    let report = paused.apply(&plan(&paused).fingerprint).await;
    assert!(report.held[0].starts_with("writing is paused"));
    let read_only = bench(&policy(UNSUBSCRIBE).replace("\"live\"", "\"read-only\""));
    read_only.list(100, 2);
    let seen = plan(&read_only);
    assert_eq!((seen.candidates, seen.take), (2, 2));
    assert_eq!(
        read_only.apply(&seen.fingerprint).await.held,
        ["news is read-only"]
    );
    let shrunk = bench(&policy(UNSUBSCRIBE));
    shrunk.list(100, 2);
    let id = shrunk.id;
    shrunk
        .store
        .write(move |tx| tx.trip_guard(crate::sync::LIST_SHRUNK, Some(id), "x", "x", 1))
        .unwrap();
    assert!(shrunk.apply(&plan(&shrunk).fingerprint).await.held[0].contains("list_shrunk"));
    for each in [&paused, &read_only, &shrunk] {
        assert_eq!(each.ledger(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_policy_that_needs_no_approval_stops_at_the_cap() {
    let automatic = "then = \"unsubscribe\"\nholdout = 0.0\napprove = \"automatic\"";
    let small = bench(&policy(automatic));
    small.list(100, 2);
    assert_eq!(
        small
            .cleaning()
            .cycle()
            .await
            .unwrap()
            .iter()
            .map(|report| report.removed)
            .sum::<u64>(),
        2
    );
    assert_eq!(small.cleaning().cycle().await.unwrap(), Vec::new());
    let large = bench(&policy(automatic));
    large.list(100, 3);
    let held = large.cleaning().cycle().await.unwrap().remove(0).held;
    assert!(
        held[0].starts_with("sunset: 1 candidates are beyond the cap of 2"),
        "{held:?}"
    );
    assert_eq!(large.ledger(), Vec::<String>::new());
    let asks = bench(&policy(UNSUBSCRIBE));
    asks.list(100, 2);
    assert_eq!(asks.cleaning().cycle().await.unwrap(), Vec::new());
}

#[tokio::test]
async fn what_the_platform_refuses_is_said_and_its_tag_comes_off() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 1);
    bench
        .site
        .answer(|_| (false, Outcome::Rejected("a member of staff".to_owned())));
    let report = bench.apply(&plan(&bench).fingerprint).await;
    assert_eq!(report.rejected, [("a member of staff".to_owned(), 1)]);
    assert_eq!(bench.site.person("p0"), person("p0"));
    assert_eq!(bench.stages(), [Stage::Spared]);
}

#[tokio::test]
async fn without_an_export_on_disk_nothing_is_done() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 2);
    // Something else has the name that the file would get.
    let mut file = bench.config.database.clone().into_os_string();
    file.push(".cleaned-sunset-1.jsonl");
    std::fs::create_dir(&file).unwrap();
    let error = bench
        .cleaning()
        .apply(&plan(&bench).fingerprint, &tester())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "E0906");
    assert_eq!(bench.ledger(), Vec::<String>::new());
    std::fs::remove_dir(&file).unwrap();
    assert_eq!(bench.cleaning().cycle().await.unwrap().remove(0).removed, 2);
}

#[tokio::test]
async fn a_win_back_that_never_starts_is_asked_for_again_and_takes_nobody_off() {
    let text = "then = \"unsubscribe\"\nholdout = 0.0\nmax_share = 1.0\nfirst = { automation = \"Win-back\" }";
    let bench = bench(&policy(text));
    bench.list(100, 1);
    bench.apply(&plan(&bench).fingerprint).await;
    bench.wait(59 * DAY);
    bench.cover();
    assert_eq!((plan(&bench).ask, plan(&bench).in_win_back), (0, 1));
    bench.wait(2 * DAY);
    bench.cover();
    let again = plan(&bench);
    assert_eq!((again.ask, again.take), (1, 0));
    bench.apply(&again.fingerprint).await;
    assert_eq!((bench.series.entered(), bench.ledger().len()), (2, 0));
}

#[tokio::test]
async fn what_is_approved_waits_while_paused_and_says_so() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 2);
    let batch = bench.apply(&plan(&bench).fingerprint).await.batch.unwrap();
    bench
        .store
        .write(|tx| tx.set_paused(true, "a test", 1))
        .unwrap();
    let report = bench.cleaning().undo(batch, "a test").await.unwrap();
    assert_eq!((report.restored, report.held.len()), (0, 1));
    assert_eq!(bench.removed().len(), 2);
    bench
        .store
        .write(|tx| tx.set_paused(false, "a test", 1))
        .unwrap();
    assert_eq!(
        bench.cleaning().cycle().await.unwrap().remove(0).restored,
        2
    );
    assert!(bench.removed().is_empty());
}

#[tokio::test]
async fn who_is_in_a_series_that_the_platform_does_not_report_is_not_asked() {
    let text = "then = \"unsubscribe\"\nholdout = 0.0\nmax_share = 1.0\nfirst = { automation = \"Win-back\" }";
    let bench = bench(&policy(text));
    bench.list(100, 3);
    let now = bench.now();
    bench
        .site
        .change("p0", |person| person.unreported_at = Some(now - 3 * DAY));
    bench
        .site
        .change("p1", |person| person.active_at = Some(now - DAY));
    let report = bench.apply(&plan(&bench).fingerprint).await;
    assert_eq!((report.asked, report.spared.len()), (1, 2));
    // Where the platform cannot be asked, nobody is.
    bench.site.down(true);
    let report = bench.apply(&plan(&bench).fingerprint).await;
    assert_eq!((report.asked, report.unavailable.len()), (0, 1));
}
