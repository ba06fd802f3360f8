//! The main job on Mailchimp, whose contacts have fields; and people who are on both platforms.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use engaged_sandbox::{
    mailchimp::{Change, Contact, Status},
    people::{Person, Publication},
};
use http::Method;
use serde_json::Value;

use crate::stage::{Scene, Stage, number};

/// The members of the account by address.
fn members(stage: &Stage) -> BTreeMap<String, Contact> {
    let contacts = stage.shop().contacts().into_iter();
    contacts
        .map(|contact| (contact.address.clone(), contact))
        .collect()
}

fn counted(plan: &Value, verb: &str, target: &str) -> Option<u64> {
    let counts = plan["connections"][0]["counts"].as_array().unwrap();
    let found = counts
        .iter()
        .find(|each| each["verb"] == verb && each["target"] == target)?;
    found["contacts"].as_u64()
}

#[test]
fn the_first_push_makes_the_field_as_planned_and_is_followed_by_silence() {
    let stage = Stage::mailchimp(500);
    stage.program.expect(5, &["once"]);
    assert!(stage.writes().is_empty());
    stage.shop_events_are_the_truth();
    let before = members(&stage);
    assert!(
        before
            .values()
            .all(|member| !member.fields.contains_key("ENGSCORE"))
    );

    let plan = stage.program.json(&["plan"]);
    assert_eq!(counted(&plan, "create field", "create:ENGSCORE"), Some(1));
    let cleaned = before
        .values()
        .filter(|member| member.status == Status::Cleaned)
        .count();
    assert!(cleaned > 0);
    assert_eq!(plan["connections"][0]["frozen"], cleaned);
    assert_eq!(
        counted(&plan, "set field", "field:ENGSCORE"),
        Some((before.len() - cleaned) as u64)
    );
    let text = stage.program.expect(0, &["plan"]).out;
    assert!(text.contains("create field"), "{text}");
    stage.program.expect(0, &["approve", "baseline"]);
    assert_eq!(stage.work("apply")["push"][0]["planned"], plan["writes"]);
    stage.shop_shows_what_is_wanted();
    assert!(stage.shop().consent_breaches().is_empty());
    for (address, member) in members(&stage) {
        let foreign = |contact: &Contact| -> BTreeSet<String> {
            contact
                .tags
                .iter()
                .filter(|tag| !tag.starts_with("engaged:"))
                .cloned()
                .collect()
        };
        assert_eq!(
            foreign(&member),
            foreign(&before[&address]),
            "{address}: foreign tags stay"
        );
        assert_eq!(member.status, before[&address].status, "{address}");
    }

    let mark = stage.writes().len();
    assert_eq!(stage.work("once")["applied"], 0);
    assert_eq!(stage.writes().len(), mark, "a second run writes nothing");
    assert_eq!(stage.program.json(&["plan"])["writes"], 0);
}

#[test]
fn a_week_of_news_moves_only_the_numbers_that_moved_far_enough() {
    // A week, so that there is a letter in it whatever today is.
    let stage = Stage::new(&Scene {
        people: 60,
        ended: TimeDelta::days(7),
        mailchimp: true,
        ..Scene::default()
    });
    stage.configure(|config| {
        let guards = "[guards]\nmax_score_change = 1.0\n[scores.engagement]";
        config
            .replace("push.fields", "push.deadband = 3\npush.fields")
            .replace("[scores.engagement]", guards)
    });
    stage.settle();
    let before = members(&stage);
    let told = stage.shop().written().len();
    for _ in 0..7 {
        stage.day_of_news();
    }
    let second = stage.work("once");
    stage.shop_events_are_the_truth();
    let wanted = stage.wanted();
    let band = |points: i64| [25, 8, 0].iter().filter(|from| points >= **from).count();
    let (mut still, mut moved) = (0, 0);
    for (address, member) in members(&stage) {
        if member.status == Status::Cleaned {
            continue;
        }
        let (shown, now) = (wanted[&address].0, number(&member).unwrap());
        let Some(then) = before.get(&address).and_then(number) else {
            assert_eq!(now, shown, "{address} is new");
            continue;
        };
        if (shown - then).abs() >= 3 || band(shown) != band(then) {
            assert_eq!(now, shown, "{address} has moved");
            moved += 1;
        } else {
            assert_eq!(now, then, "{address} has not moved far");
            still += u32::from(shown != then);
        }
    }
    assert!(still > 0 && moved > 0, "{still} stayed, {moved} moved");
    let written = &stage.shop().written()[told..];
    let changes = written
        .iter()
        .filter(|each| matches!(each.change, Change::Field { .. } | Change::Tag { .. }));
    assert_eq!(
        Some(changes.count() as u64),
        second["applied"].as_u64(),
        "one change for each write"
    );
    assert!(stage.shop().consent_breaches().is_empty());
    assert_eq!(stage.work("once")["applied"], 0);
    assert_eq!(stage.program.json(&["verify"])["different"], 0);
}

#[test]
fn a_field_that_somebody_renamed_is_made_and_filled_again_for_everybody_after_a_word() {
    let stage = Stage::mailchimp(60);
    stage.settle();
    let before = members(&stage);
    assert!(stage.shop().rename_field_by_hand("ENGSCORE", "OLDSCORE"));
    stage.day_of_news();
    let mark = stage.writes().len();
    stage.program.expect(0, &["sync"]);
    stage.program.expect(0, &["score"]);
    let plan = stage.program.json(&["plan"]);
    assert_eq!(plan["connections"][0]["gone"][0], "ENGSCORE");
    assert_eq!(counted(&plan, "create field", "create:ENGSCORE"), Some(1));
    let text = stage.program.expect(0, &["plan"]).out;
    assert!(text.contains("fields to fill anew"), "{text}");
    let held = stage.program.expect(5, &["once"]).out;
    assert!(held.contains("first push of field:ENGSCORE"), "{held}");
    assert_eq!(stage.writes().len(), mark, "nothing is made without a word");

    stage.program.expect(0, &["approve", "baseline"]);
    assert_eq!(stage.work("apply")["push"][0]["planned"], plan["writes"]);
    stage.shop_shows_what_is_wanted();
    let mut kept = 0;
    for (address, member) in members(&stage) {
        let old = |contact: &Contact, field: &str| contact.fields.get(field).cloned();
        if let Some(number) = before.get(&address).and_then(|each| old(each, "ENGSCORE")) {
            assert_eq!(old(&member, "OLDSCORE"), Some(number), "{address}");
            kept += 1;
        }
    }
    assert!(kept > 30, "{kept}");
    assert_eq!(stage.work("once")["applied"], 0);
}

#[test]
fn whoever_left_between_reading_and_writing_stays_away() {
    let stage = Stage::mailchimp(40);
    stage.program.expect(5, &["once"]);
    stage.program.expect(0, &["approve", "baseline"]);
    let subscribed = |contact: &Contact| contact.status == Status::Subscribed;
    let mut some = stage.shop().contacts().into_iter().filter(subscribed);
    let (left, archived, deleted) = (
        some.next().unwrap(),
        some.next().unwrap(),
        some.next().unwrap(),
    );
    let path = |contact: &Contact| format!("/lists/{}/members/{}", contact.list, contact.email_id);
    stage.by_hand(Method::PATCH, &path(&left), r#"{"status":"unsubscribed"}"#);
    assert!(stage.shop().archive_by_hand(&archived.address));
    let delete = format!("{}/actions/delete-permanent", path(&deleted));
    stage.by_hand(Method::POST, &delete, "");

    let run = stage.program.expect(3, &["apply", "--json"]);
    let applied: Value = serde_json::from_str(&run.out).unwrap();
    let rejected = &applied["push"][0]["rejected"];
    let mut reasons = rejected.as_array().unwrap().iter();
    assert!(
        reasons.any(|reason| reason[0].as_str().unwrap().contains("gone")),
        "{rejected}"
    );
    let after = members(&stage);
    assert_eq!(after[&left.address].status, Status::Unsubscribed);
    assert_eq!(after[&archived.address].status, Status::Archived);
    assert!(!after.contains_key(&deleted.address));
    assert!(stage.shop().consent_breaches().is_empty());
    // The number of somebody who unsubscribed is still shown: the marketer filters on it.
    assert_eq!(
        number(&after[&left.address]),
        Some(stage.wanted()[&left.address].0)
    );

    // What was refused is not repeated, and the next sync knows who is gone.
    let next = stage.work("once");
    assert_eq!(
        next["push"][0]["rejected"],
        Value::Array(Vec::new()),
        "{next}"
    );
    assert!(stage.shop().consent_breaches().is_empty());
    assert_eq!(members(&stage)[&archived.address].status, Status::Archived);
    assert_eq!(stage.work("once")["applied"], 0);
}

#[test]
fn one_person_on_both_platforms_is_one_contact_shown_on_both() {
    let stage = Stage::both(40);
    stage.settle();
    let shared: Vec<String> = {
        let world = stage.world.read().unwrap();
        let on_both = |person: &&Person| {
            let joined = |each: Publication| person.joined(each).is_some_and(|at| at < world.end());
            Publication::ALL.into_iter().all(joined)
        };
        world
            .people()
            .iter()
            .filter(on_both)
            .map(Person::address)
            .collect()
    };
    assert!(!shared.is_empty());
    stage.site_shows_what_is_wanted();
    stage.shop_shows_what_is_wanted();
    let wanted = stage.wanted();
    let people = members(&stage).len() + stage.labels().len() - shared.len();
    assert_eq!(
        (wanted.len(), stage.status(0)["contacts"].as_u64()),
        (people, Some(people as u64))
    );
    let mut summed = 0;
    for address in &shared {
        let explained = stage.program.json(&["explain", address]);
        let score = &explained["scores"][0];
        assert_eq!(score["shown"], wanted[address].0);
        let rules = score["rules"].as_array().unwrap();
        let events = rules
            .iter()
            .flat_map(|rule| rule["events"].as_array().unwrap());
        let connections: BTreeSet<&str> = events
            .map(|event| event["connection"].as_str().unwrap())
            .collect();
        summed += u32::from(connections == BTreeSet::from(["shop", "site"]));
    }
    assert!(
        summed > 0,
        "the events of both platforms count in one score"
    );
}

#[test]
fn reading_everything_again_finds_nothing_new() {
    let stage = Stage::both(40);
    stage.program.expect(0, &["sync"]);
    let events = stage.site_events();
    let again = stage.program.json(&["sync", "--full"]);
    for connection in again["sync"].as_array().unwrap() {
        let sum = |key: &str| -> u64 {
            let streams = connection["streams"].as_array().unwrap().iter();
            streams.map(|stream| stream[key].as_u64().unwrap()).sum()
        };
        assert_eq!(sum("events"), 0, "{connection}");
        assert!(sum("duplicates") > 100, "{connection}");
    }
    assert_eq!(stage.site_events(), events);
    stage.shop_events_are_the_truth();
}
