//! Cleaning a list on platforms on loopback: looked at, done, undone; and what may be typed wrongly.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use engaged::desk::ask::Ask;
use engaged_sandbox::mailchimp::Status;
use serde_json::Value;

use crate::stage::{Stage, now};

pub const POLICY: &str = r#"
[cleaning.sunset]
when = "no open in 1 month and no click in 1 month"
min_sends = 2
tenure = "1 month"
then = "unsubscribe"
max_share = 1.0
breaker = 1.0
holdout = 0.0
"#;

/// The present plan of the only policy.
fn plan(stage: &Stage) -> Value {
    stage.program.json(&["clean", "plan"])["policies"][0].clone()
}

/// Each member's status and tags.
fn members(stage: &Stage) -> BTreeMap<String, (Status, BTreeSet<String>)> {
    let all = stage.shop().contacts().into_iter();
    all.map(|each| (each.address, (each.status, each.tags.into_iter().collect())))
        .collect()
}

fn cleaned(stage: &Stage) -> BTreeSet<String> {
    let all = members(stage).into_iter();
    all.filter(|(_, (_, tags))| tags.contains("engaged:cleaned:sunset"))
        .map(|(address, _)| address)
        .collect()
}

#[test]
fn whom_a_plan_shows_is_unsubscribed_and_undone_as_they_were() {
    let stage = Stage::mailchimp(60);
    stage.configure(|config| config + POLICY);
    stage.settle();
    let before = members(&stage);
    let first = plan(&stage);
    let take = first["take"].as_u64().unwrap();
    assert!(take > 2, "{first}");
    let listed = stage
        .program
        .expect(0, &["clean", "review", "--format", "csv"])
        .out;
    assert_eq!(listed.lines().count() as u64, take + 1);
    assert_eq!(members(&stage), before, "looking writes nothing");

    // One is taken out, and what was looked at is stale.
    let kept = first["sample"][0]["contact"].as_str().unwrap();
    stage
        .program
        .expect(0, &["clean", "review", "--keep", kept]);
    let stale = first["fingerprint"].as_str().unwrap();
    let refused = stage.program.expect(4, &["clean", "apply", stale]);
    assert!(refused.err.contains("E0901"), "{}", refused.err);
    let second = plan(&stage);
    assert_eq!(
        (&second["take"], &second["kept"]),
        (&(take - 1).into(), &1.into())
    );

    let fingerprint = second["fingerprint"].as_str().unwrap();
    let done = stage.program.json(&["clean", "apply", fingerprint])["clean"].clone();
    let removed = done["removed"].as_u64().unwrap();
    let spared: u64 = done["spared"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each[1].as_u64().unwrap())
        .sum();
    assert!(removed > 0 && removed + spared == take - 1, "{done}");
    let gone = cleaned(&stage);
    assert_eq!(gone.len() as u64, removed);
    for (address, (status, _)) in members(&stage) {
        let wanted = if gone.contains(&address) {
            Status::Unsubscribed
        } else {
            before[&address].0
        };
        assert_eq!(status, wanted, "{address}");
    }
    assert!(!gone.contains(kept));

    // A cycle neither takes the tag off nor brings anybody back.
    stage.program.run(&["once"]);
    assert_eq!(cleaned(&stage), gone);
    let listed = stage.program.json(&["clean", "review", "1"]);
    let states = listed["contacts"].as_array().unwrap().iter();
    assert_eq!(
        states.filter(|row| row["state"] == "removed").count() as u64,
        removed
    );

    let undone = stage.program.json(&["clean", "undo", "1"])["clean"].clone();
    assert_eq!(undone["restored"], removed, "{undone}");
    let foreign =
        |all: BTreeMap<String, (Status, BTreeSet<String>)>| -> Vec<(String, Status, Vec<String>)> {
            let all = all.into_iter();
            all.map(|(address, (status, tags))| {
                let tags = tags.into_iter().filter(|tag| !tag.starts_with("engaged:"));
                (address, status, tags.collect())
            })
            .collect()
        };
    assert_eq!(foreign(members(&stage)), foreign(before));
    assert_eq!(cleaned(&stage), BTreeSet::new());
    assert_eq!(plan(&stage)["take"], 0);
    stage.program.expect(2, &["clean", "undo", "1"]);
}

#[test]
fn members_of_a_site_lose_their_newsletters_and_get_them_back() {
    let stage = Stage::ghost(80);
    stage.configure(|config| config + POLICY);
    stage.settle();
    let before = stage.labels();
    let plan = plan(&stage);
    assert!(plan["take"].as_u64().unwrap() > 0, "{plan}");
    let fingerprint = plan["fingerprint"].as_str().unwrap();
    let done = stage.program.json(&["clean", "apply", fingerprint])["clean"].clone();
    let removed = done["removed"].as_u64().unwrap();
    assert!(removed > 0, "{done}");
    let marked = stage
        .labels()
        .into_values()
        .filter(|each| format!("{each:?}").contains("engaged:cleaned:sunset"));
    assert_eq!(marked.count() as u64, removed);
    let undone = stage.program.json(&["clean", "undo", "1"])["clean"].clone();
    assert_eq!(undone["restored"], removed, "{undone}");
    assert_eq!(stage.labels(), before);
}

/// Runs a verb as somebody who has a shell: how it ended, and all that it said.
fn as_user(stage: &Stage, user: &str, words: &[&str]) -> (i32, String) {
    let mut command = stage.program.command(words);
    let done = command.env("USER", user).output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    (done.status.code().unwrap_or(-1), said)
}

// S18.
#[test]
fn a_batch_that_needs_two_people_waits_whatever_runs_until_the_second_confirms_it_beside_the_daemon()
 {
    let stage = Stage::mailchimp(60);
    let policy = POLICY.replace("then", "approve = \"two people\"\nthen");
    stage.configure(|config| config + &policy);
    stage.settle();
    let shown = stage.program.expect(0, &["clean", "plan"]).out;
    assert!(shown.contains("two people have to say so"), "{shown}");
    let plan = plan(&stage)["fingerprint"].as_str().unwrap().to_owned();
    let (code, said) = as_user(&stage, "sanne", &["clean", "apply", &plan]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("`engaged clean confirm 1`"), "{said}");
    let status = stage.program.json(&["status"]);
    assert_eq!(status["unconfirmed"][0]["batch"], 1, "{status}");
    let status = stage.program.run(&["status"]).out;
    let waits = "batch 1 of sunset waits for a second person; sanne approved it";
    assert!(status.contains(waits), "{status}");
    stage.program.run(&["once"]);
    for user in ["sanne", "tom"] {
        let (code, said) = as_user(&stage, user, &["clean", "confirm", "1"]);
        assert!(code == 2 && said.contains("E0907"), "{code} {said}");
    }
    assert_eq!(cleaned(&stage), BTreeSet::new());
    let (code, said) = as_user(&stage, "sanne", &["clean", "undo", "1"]);
    assert_eq!(code, 0, "{said}");
    let late = stage.program.expect(2, &["clean", "confirm", "1"]).err;
    assert!(late.contains("E0908"), "{late}");

    // Who was withdrawn is left alone; with a policy of another name they are candidates again.
    stage.configure(|config| config + &policy.replace("sunset", "sunrise"));
    let mark = stage.writes().len();
    let asking = stage.asking();
    let planned = asking.ask(Ask::CleanPlan { policy: None });
    let planned = serde_json::to_value(&planned).unwrap();
    let fingerprint = planned["result"]["fingerprints"][0].as_str().unwrap();
    let fingerprint = fingerprint.to_owned();
    let approved = asking.ask(Ask::CleanApply { fingerprint });
    let approved = serde_json::to_value(&approved).unwrap();
    let waits = approved["result"]["clean"]["waits"].as_u64().unwrap();
    assert!(waits > 2, "{approved}");
    let (code, said) = as_user(&stage, "Tom", &["clean", "confirm", "2"]);
    assert!(code == 2 && said.contains("E0907"), "{code} {said}");
    let (code, said) = as_user(&stage, "sanne", &["clean", "confirm", "2"]);
    assert!(code == 0 && said.contains("is confirmed"), "{code} {said}");
    drop(asking);
    assert_eq!(
        stage.writes().len(),
        mark,
        "it is the next round that does it"
    );
    stage.program.run(&["once"]);
    let taken = members(&stage).into_iter();
    let taken = taken.filter(|(_, (_, tags))| tags.contains("engaged:cleaned:sunrise"));
    let taken = taken.count() as u64;
    assert!(taken > 0 && taken <= waits, "{taken} of {waits}");
    let trail =
        stage.rows("select who || ' ' || what from audit where what like 'clean%' order by id");
    assert_eq!(
        trail,
        [
            "sanne clean",
            "sanne clean confirm refused",
            "tom clean confirm refused",
            "sanne clean undo",
            "tom clean",
            "Tom clean confirm refused",
            "sanne clean confirm",
        ]
    );
}

#[test]
fn what_is_typed_wrongly_is_explained_and_does_nothing() {
    let stage = Stage::mailchimp(20);
    stage.configure(|config| config + POLICY);
    stage.settle();
    let mark = stage.writes().len();
    for (code, exit, words) in [
        ("E0902", 2, vec!["clean", "plan", "sunrise"]),
        ("E0902", 2, vec!["clean", "review", "--policy", "sunrise"]),
        ("E0901", 4, vec!["clean", "apply", "0123456789abcdef"]),
        ("E0903", 2, vec!["clean", "review", "9"]),
        ("E0903", 2, vec!["clean", "undo", "9"]),
        (
            "E0905",
            2,
            vec!["clean", "review", "--keep", "nobody@nowhere.example"],
        ),
    ] {
        let run = stage.program.expect(exit, &words);
        assert!(run.err.contains(code), "{words:?}: {}", run.err);
    }
    stage.program.expect(2, &["clean", "undo", "first"]);
    assert_eq!(stage.writes().len(), mark);
    // Without a policy there is nothing to plan, and that is said.
    stage.configure(|config| config);
    let none = stage.program.expect(0, &["clean", "plan"]).out;
    assert!(none.contains("docs/cleaning.md"), "{none}");
}

#[test]
fn a_read_only_connection_is_planned_and_never_touched() {
    let stage = Stage::mailchimp(30);
    stage.configure(|config| config + POLICY);
    stage.settle();
    stage.configure(|config| (config + POLICY).replace("mode = \"live\"", "mode = \"read-only\""));
    let mark = stage.writes().len();
    let plan = plan(&stage);
    assert!(
        plan["held"][0].as_str().unwrap().contains("read-only"),
        "{plan}"
    );
    stage.program.expect(
        5,
        &["clean", "apply", plan["fingerprint"].as_str().unwrap()],
    );
    assert_eq!(stage.writes().len(), mark);
}

#[test]
fn the_win_back_is_started_and_who_stays_silent_is_let_go_without_a_word() {
    let stage = Stage::mailchimp(60);
    let policy = POLICY.replace(
        "then",
        "approve = \"automatic\"\nprotect_purchases = false\nfirst = { automation = \"Win-back\", wait = \"1 day\" }\nthen",
    );
    let automation = "[[automations]]\nname = \"Win-back\"\nwhen = \"at least 9999 opens in 1 day\"\n\
                      start = { connection = \"shop\", tag = \"come back\" }\n";
    let settled = stage.settle();
    assert!(settled["push"][0]["applied"].as_u64() > Some(0));
    stage.configure(|config| config + automation + &policy);
    // Twice on one day: asked, started, and nobody is let go.
    let today = now();
    stage.shop().set_now(today);
    stage.cycles_at(today, 2);
    let started = "select email from automation_entry join contact on contact.id = contact_id where state = 'started'";
    let asked: BTreeSet<String> = stage.rows(started).into_iter().collect();
    assert!(asked.len() > 2, "{asked:?}");
    assert_eq!(cleaned(&stage), BTreeSet::new());
    let later = today + TimeDelta::days(2);
    stage.shop().set_now(later);
    stage.cycle_at(later);
    assert_eq!(cleaned(&stage), asked);
    for (address, (status, _)) in members(&stage) {
        let gone = status == Status::Unsubscribed;
        assert!(gone || !asked.contains(&address), "{address}");
    }
}
