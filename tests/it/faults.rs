//! What platforms and networks do wrong, and that nothing is lost or doubled by it.

use chrono::TimeDelta;
use engaged_sandbox::{
    fault::{Fault, Rule, RuleId, When},
    people::Publication,
};
use http::Method;
use serde_json::Value;

use crate::stage::{Scene, Stage, now};

const EVENTS: &str = "/ghost/api/admin/members/events/";
const BULK: &str = "/ghost/api/admin/members/bulk/";

fn site(stage: &Stage, rule: Rule) -> RuleId {
    stage.site_faults().add(rule)
}

/// The cursors of the site's streams.
fn cursors(stage: &Stage) -> Vec<String> {
    stage.rows("select stream || ' ' || position from cursor where stream != 'members' order by 1")
}

#[test]
fn faults_that_pass_by_themselves_are_not_noticed() {
    let stage = Stage::ghost(40);
    let slow = Fault::TooMany {
        retry_after: Some(1),
    };
    let rules = [
        Rule::new(EVENTS, When::Nth(2), slow),
        Rule::new(EVENTS, When::From(5), Fault::ServerError(503)).at_most(2),
        Rule::new(EVENTS, When::Nth(9), Fault::CutBody),
        Rule::new("", When::Nth(1), Fault::AnswerLost),
        Rule::new("", When::Nth(3), Fault::TooMany { retry_after: None }),
    ];
    let rules = rules.map(|rule| site(&stage, rule));
    stage.program.expect(0, &["sync"]);
    assert_eq!(
        rules.map(|rule| stage.site_faults().fired(rule)),
        [1, 2, 1, 1, 1]
    );
    stage.site_events_are_the_truth();
    assert_eq!(stage.status_of(0, "site")["state"], "ok");
}

#[test]
fn a_page_that_stays_cut_is_left_unread_as_a_whole() {
    let stage = Stage::ghost(40);
    // Some pages of a stream arrive, the next never does, however often it is asked for.
    let cut = site(&stage, Rule::new(EVENTS, When::From(4), Fault::CutBody));
    let run = stage.program.expect(8, &["sync", "--json"]);
    assert!(stage.site_faults().fired(cut) > 1, "it was asked for again");
    let report: Value = serde_json::from_str(&run.out).unwrap();
    let streams = report["sync"][0]["streams"].as_array().unwrap();
    let sends = streams
        .iter()
        .find(|each| each["stream"] == "sends")
        .unwrap();
    assert_eq!(sends["pages"], 3);
    assert!(
        sends["error"].as_str().unwrap().starts_with("E0401"),
        "{sends}"
    );
    let status = stage.status_of(8, "site");
    assert_eq!(status["state"], "trouble");
    assert!(
        status["why"].as_str().unwrap().contains("E0401"),
        "{status}"
    );
    assert!(
        status["complete_through"].is_null(),
        "nothing is complete yet"
    );
    assert!(
        stage.who("no open in 1 month").is_empty(),
        "nobody is judged on half a sync"
    );
    // Exactly what the whole pages held is there, and the cursor stands behind it.
    let (held, at) = (stage.site_events(), cursors(&stage));
    assert!(held.is_subset(&stage.site_served()));
    stage.site_faults().end(cut);
    let mark = stage.site_ledger().len();
    stage.program.expect(0, &["sync"]);
    assert_ne!(cursors(&stage), at);
    let asked = stage.site_ledger().since(mark);
    let first = asked.iter().find(|entry| entry.path == EVENTS).unwrap();
    assert!(
        first.parameter("filter").unwrap().contains("created_at:<"),
        "it goes on where it stood"
    );
    stage.site_events_are_the_truth();
    assert_eq!(stage.status_of(0, "site")["state"], "ok");
}

#[test]
fn a_page_that_comes_twice_is_refused_and_shown_and_holds_up_its_stream_alone() {
    let stage = Stage::ghost(40);
    let twice = site(
        &stage,
        Rule::new(EVENTS, When::Nth(4), Fault::DuplicatePage),
    );
    let run = stage.program.expect(8, &["sync", "--json"]);
    assert_eq!(stage.site_faults().fired(twice), 1);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    let streams = report["sync"][0]["streams"].as_array().unwrap();
    let failed: Vec<&Value> = streams
        .iter()
        .filter(|each| !each["error"].is_null())
        .collect();
    assert_eq!(failed.len(), 1, "{report}");
    assert!(
        failed[0]["error"].as_str().unwrap().starts_with("E0501"),
        "{report}"
    );
    assert!(
        streams
            .iter()
            .any(|each| each["stream"] == "clicks" && each["pages"].as_u64() > Some(0))
    );
    let status = stage.status_of(8, "site");
    assert_eq!(
        (&status["state"], &status["rejects"]),
        (&"trouble".into(), &1.into())
    );
    stage.program.expect(0, &["sync"]);
    stage.site_events_are_the_truth();
    assert_eq!(stage.status_of(0, "site")["state"], "ok");
}

#[test]
fn stale_pages_of_a_cache_lose_and_double_nothing() {
    let stage = Stage::mailchimp(40);
    let twice = Rule::new("/3.0/", When::From(1), Fault::DuplicatePage).at_most(6);
    let twice = stage.shop().faults().add(twice);
    stage.program.run(&["sync"]);
    stage.day_of_news();
    // What comes now may be of yesterday, or of another question.
    stage.program.run(&["sync"]);
    assert_eq!(stage.shop().faults().fired(twice), 6);
    stage.shop().faults().end(twice);
    stage.program.expect(0, &["sync"]);
    stage.shop_events_are_the_truth();
}

#[test]
fn an_answer_that_is_lost_on_a_label_doubles_none() {
    let stage = Stage::ghost(40);
    stage.program.expect(5, &["once"]);
    stage.program.expect(0, &["approve", "baseline"]);
    let lost = site(
        &stage,
        Rule::new(BULK, When::Every(2), Fault::AnswerLost).on(Method::PUT),
    );
    stage.work("apply");
    assert!(stage.site_faults().fired(lost) > 1);
    stage.site_shows_what_is_wanted();
    let mark = stage.writes().len();
    assert_eq!(stage.work("once")["applied"], 0);
    assert_eq!(stage.writes().len(), mark);
}

/// Rules by which other scores come about.
#[expect(
    clippy::needless_pass_by_value,
    reason = "an edit of a configuration takes it and gives it back"
)]
fn other(config: String) -> String {
    config
        .replace(
            "{ when = \"open\", points = 1,",
            "{ when = \"open\", points = 4,",
        )
        .replace(
            "[scores.engagement]",
            "[guards]\nmax_score_change = 1.0\n[scores.engagement]",
        )
}

#[test]
fn a_batch_whose_answer_is_lost_is_in_doubt_and_then_put_right() {
    let stage = Stage::mailchimp(30);
    stage.program.expect(5, &["once"]);
    stage.program.expect(0, &["approve", "baseline"]);
    let lost = Rule::new("/3.0/batches", When::Nth(1), Fault::AnswerLost).on(Method::POST);
    let lost = stage.shop().faults().add(lost);
    let run = stage.program.expect(3, &["apply", "--json"]);
    assert_eq!(stage.shop().faults().fired(lost), 1);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert!(
        report["push"][0]["in_doubt"].as_u64().unwrap() > 0,
        "{report}"
    );
    let outbox = stage.status(0)["outbox"].clone();
    let states: Vec<&str> = outbox
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row[1].as_str().unwrap())
        .collect();
    assert!(states.contains(&"ambiguous"), "{outbox}");
    stage.work("once");
    stage.shop_shows_what_is_wanted();
    let mark = stage.writes().len();
    assert_eq!(stage.work("once")["applied"], 0);
    assert_eq!(stage.writes().len(), mark, "and then silence");
    assert!(stage.shop().consent_breaches().is_empty());
}

#[test]
fn a_write_in_doubt_is_put_right_also_when_the_score_has_gone_back() {
    let stage = Stage::mailchimp(30);
    stage.settle();
    stage.shop_shows_what_is_wanted();
    stage.configure(other);
    stage.program.expect(0, &["score"]);
    let lost = Rule::new("/3.0/batches", When::Nth(1), Fault::AnswerLost).on(Method::POST);
    let lost = stage.shop().faults().add(lost);
    stage.program.expect(3, &["apply"]);
    assert_eq!(stage.shop().faults().fired(lost), 1);
    // The edit is taken back before anybody knows whether it arrived; it did.
    stage.configure(|config| config);
    stage.program.expect(0, &["score"]);
    stage.program.run(&["apply"]);
    stage.work("once");
    stage.shop_shows_what_is_wanted();
    assert_eq!(stage.work("once")["applied"], 0);
}

#[test]
fn what_waits_for_another_try_is_not_written_once_nobody_wants_it() {
    let stage = Stage::mailchimp(30);
    stage.settle();
    stage.configure(other);
    stage.program.expect(0, &["score"]);
    let down = Fault::TooMany {
        retry_after: Some(600),
    };
    let down = Rule::new("/3.0/batches", When::From(1), down).on(Method::POST);
    let down = stage.shop().faults().add(down);
    let refused = stage.program.run(&["apply"]);
    assert_ne!(refused.code, 0);
    assert!(stage.shop().faults().fired(down) > 0);
    stage.shop().faults().end(down);
    stage.configure(|config| config);
    stage.program.expect(0, &["score"]);
    // Time passes: what waits is due.
    stage
        .database()
        .execute(
            "update outbox set not_before_at = 0 where state = 'retry'",
            (),
        )
        .unwrap();
    let (planned, told) = (stage.program.json(&["plan"]), stage.shop().written().len());
    assert_eq!(planned["writes"], 0);
    stage.work("apply");
    assert_eq!(
        stage.shop().written().len(),
        told,
        "nothing is written that the plan did not show"
    );
    stage.shop_shows_what_is_wanted();
}

#[test]
fn a_refused_key_blocks_its_connection_alone_until_it_works_again() {
    let stage = Stage::both(30);
    stage.configure(|config| config.replace("push.fields", "push.deadband = 9\npush.fields"));
    stage.settle();
    let revoked = site(&stage, Rule::new("", When::From(3), Fault::RevokedKey));
    stage.day_of_news();
    let marks = (
        stage.site_events().len(),
        stage.shop().ledger().writes().len(),
    );
    let run = stage.program.expect(6, &["once"]);
    assert!(stage.site_faults().fired(revoked) > 0);
    assert!(run.out.contains("BLOCKED"), "{}", run.out);
    let status = stage.status_of(8, "site");
    assert_eq!(status["state"], "blocked");
    assert!(status["why"].as_str().unwrap().contains("E060"), "{status}");
    assert_eq!(stage.status_of(8, "shop")["state"], "ok");
    stage.shop_events_are_the_truth();
    assert!(
        stage.shop().ledger().writes().len() > marks.1,
        "the other goes on, to its end"
    );
    assert!(stage.program.expect(8, &["status"]).out.contains("blocked"));

    // Another trouble does not make a refused key a good one.
    stage.site_faults().end(revoked);
    let slow = Fault::TooMany {
        retry_after: Some(600),
    };
    let slow = site(&stage, Rule::new("", When::From(1), slow));
    stage.program.expect(8, &["sync", "site"]);
    assert!(stage.site_faults().fired(slow) > 0);
    assert_eq!(stage.status_of(8, "site")["state"], "blocked");

    stage.site_faults().end(slow);
    stage.work("once");
    assert_eq!(stage.status_of(0, "site")["state"], "ok");
    assert!(stage.site_events().len() > marks.0);
    stage.site_events_are_the_truth();
    stage.site_shows_what_is_wanted();
}

#[test]
fn nobody_is_absent_because_our_own_sync_was_down() {
    let ended = TimeDelta::days(8);
    let stage = Stage::new(&Scene {
        people: 90,
        ended,
        ghost: Some(Publication::Weekly),
        ..Scene::default()
    });
    // One mail is enough, so that those of the outage are not missed for a judgement.
    stage.configure(|config| {
        config.replace(
            "[scores.engagement]",
            "[absence]\nmin_sends = 1\n[scores.engagement]\nmin_sends = 1",
        )
    });
    stage.cycle_at(now() - ended);
    let before = stage.who("no open in 1 month");
    // A week in which nothing could be read: the key was refused.
    stage.world.write().unwrap().advance(7);
    let revoked = site(&stage, Rule::new("", When::From(1), Fault::RevokedKey));
    stage.program.expect(6, &["once"]);
    assert!(stage.site_faults().fired(revoked) > 0);
    let frozen = stage.who("no open in 1 month");
    assert!(
        frozen.is_subset(&before),
        "nobody becomes absent over a hole"
    );
    let mut states = Vec::new();
    let absence = |address: &String| {
        let explained = stage.program.json(&["explain", address]);
        let rules = explained["scores"][0]["rules"].as_array().unwrap().clone();
        let rule = rules
            .into_iter()
            .find(|rule| rule["when"] == "no open in 1 month")
            .unwrap();
        rule["absence"]["state"].as_str().unwrap().to_owned()
    };

    stage.site_faults().end(revoked);
    let explained: Vec<(String, String)> = stage
        .wanted()
        .into_keys()
        .map(|who| (absence(&who), who))
        .collect();
    stage.program.run(&["once"]);
    assert_eq!(stage.status_of(0, "site")["state"], "ok");
    stage.site_events_are_the_truth();
    let absent = stage.who("no open in 1 month");
    for (state, who) in explained {
        if absent.contains(&who) && !before.contains(&who) {
            states.push((state, who));
        }
    }
    assert!(
        !states.is_empty(),
        "somebody was due to become absent meanwhile"
    );
    for (state, who) in states {
        assert_eq!(state, "coverage_gap", "{who}");
        assert_eq!(absence(&who), "absent", "{who}");
    }
}

// F23.
#[test]
fn whichever_request_of_a_sync_or_a_push_fails_nothing_is_lost_or_doubled_and_the_next_puts_it_right()
 {
    let stage = Stage::ghost(12);
    // Longer than a run waits: the request fails, and all that follow it.
    let away = Fault::TooMany {
        retry_after: Some(600),
    };
    let fails_from = |nth: u64, path: &str, words: &[&str]| {
        let rule = site(&stage, Rule::new(path, When::From(nth), away));
        let run = stage.program.run(words);
        stage.site_faults().end(rule);
        let fired = stage.site_faults().fired(rule) > 0;
        assert_eq!(fired, run.code != 0, "{nth}: {}{}", run.out, run.err);
        fired
    };
    let mut reads = 0;
    for nth in 1.. {
        for name in ["engaged.db", "engaged.db-wal", "engaged.db-shm"] {
            let _ = std::fs::remove_file(stage.program.path().join(name));
        }
        if !fails_from(nth, "", &["sync"]) {
            break;
        }
        // What whole pages held is there once.
        stage.site_events();
        stage.program.expect(0, &["sync"]);
        stage.site_events_are_the_truth();
        reads = nth;
    }
    stage.settle();
    stage.site_shows_what_is_wanted();
    let mut writes = 0;
    for nth in 1.. {
        if nth % 2 == 0 {
            let all = "[guards]\nmax_score_change = 1.0\n[scores.engagement]";
            stage.configure(|config| config.replace("[scores.engagement]", all));
        } else {
            stage.configure(other);
        }
        stage.program.expect(0, &["score"]);
        if !fails_from(nth, BULK, &["apply"]) {
            break;
        }
        // Time passes: what waits is due.
        let due = "update outbox set not_before_at = 0 where state = 'retry'";
        stage.database().execute(due, ()).unwrap();
        stage.program.run(&["apply"]);
        stage.site_shows_what_is_wanted();
        writes = nth;
    }
    assert!(reads > 8 && writes > 2, "{reads} reads, {writes} writes");
    println!("every one of {reads} reads and {writes} writes failed once");
}
