//! The main job on Ghost: from its API to labels back on its members.

use crate::stage::Stage;

fn count<'a>(plan: &'a serde_json::Value, verb: &str) -> Vec<&'a serde_json::Value> {
    let counts = plan["connections"][0]["counts"].as_array().unwrap();
    counts
        .iter()
        .filter(|count| count["verb"] == verb)
        .collect()
}

#[test]
fn the_first_push_is_held_approved_carried_out_and_followed_by_silence() {
    let stage = Stage::ghost(40);
    let before = stage.labels();
    assert!(before.values().any(|(_, others)| !others.is_empty()));
    let held = stage.program.expect(5, &["once"]);
    assert!(held.out.contains("baseline"), "{}", held.out);
    assert!(
        stage.writes().is_empty(),
        "held means that nothing is written"
    );
    stage.site_events_are_the_truth();
    let guards = stage.status(0)["guards"].clone();
    assert_eq!(guards[0]["name"], "baseline");

    let plan = stage.program.json(&["plan"]);
    let adds: u64 = count(&plan, "add tag")
        .iter()
        .map(|each| each["contacts"].as_u64().unwrap())
        .sum();
    assert_eq!(plan["writes"], adds);
    stage.program.expect(0, &["approve", "baseline"]);
    let applied = stage.program.json(&["apply"]);
    assert_eq!(applied["applied"], plan["writes"]);
    stage.site_shows_what_is_wanted();
    for (address, (_, others)) in stage.labels() {
        assert_eq!(others, before[&address].1, "{address}: foreign labels stay");
    }

    let mark = stage.writes().len();
    let again = stage.program.json(&["once"]);
    assert_eq!(again["applied"], 0);
    assert_eq!(stage.writes().len(), mark, "a second run writes nothing");
    stage.site_events_are_the_truth();
    assert_eq!(stage.program.json(&["verify"])["different"], 0);
}

#[test]
fn a_day_of_news_is_picked_up_with_late_opens() {
    let stage = Stage::ghost(60);
    stage.settle();
    let newest = stage
        .number("select max(at) from event where kind = (select id from kind where name = 'send')");
    let before = stage.site_events();
    stage.day_of_news();
    let second = stage.program.json(&["once"]);
    stage.site_events_are_the_truth();
    let new = stage.site_events().len() - before.len();
    assert!(new > 0);
    assert_eq!(
        second["sync"][0]["streams"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["events"].as_u64().unwrap())
            .sum::<u64>(),
        new as u64
    );
    // An open that came with the news, of a mail that was there before.
    let late = stage.number(&format!(
        "select count(*) from event o join event s on s.contact_id = o.contact_id and s.campaign_id = o.campaign_id
         where o.kind = (select id from kind where name = 'open') and s.kind = (select id from kind where name = 'send')
           and s.at <= {newest} and o.known_at > s.known_at",
    ));
    assert!(late > 0, "late opens");
    stage.site_shows_what_is_wanted();
    assert_eq!(stage.program.json(&["verify"])["different"], 0);
    let third = stage.program.json(&["once"]);
    assert_eq!(third["applied"], 0);
}

#[test]
fn a_read_only_connection_never_gets_a_write() {
    let stage = Stage::ghost(40);
    stage.configure(|config| config.replace("mode = \"live\"", "mode = \"read-only\""));
    let once = stage.program.json(&["once"]);
    assert_eq!(once["applied"], 0);
    let plan = stage.program.json(&["plan"]);
    assert!(plan["writes"].as_u64().unwrap() > 0);
    assert_eq!(plan["connections"][0]["mode"], "read-only");
    assert_eq!(stage.program.json(&["apply"])["applied"], 0);
    let unheld = stage.program.run(&["approve", "baseline"]);
    assert_eq!(
        unheld.code, 2,
        "nothing is held where nothing may be written"
    );
    stage.program.json(&["apply"]);
    assert!(stage.writes().is_empty());
    assert!(!stage.site_ledger().is_empty());
}

#[test]
fn a_plan_writes_nothing_here_or_there() {
    let stage = Stage::ghost(40);
    stage.program.expect(0, &["sync"]);
    stage.program.expect(0, &["score"]);
    let (files, asked) = (stage.files(), stage.site_ledger().len());
    let plan = stage.program.json(&["plan"]);
    assert!(plan["writes"].as_u64().unwrap() > 0);
    stage.program.expect(4, &["plan", "--exit-code"]);
    assert_eq!(
        stage.program.json(&["plan"])["fingerprint"],
        plan["fingerprint"]
    );
    assert!(stage.files() == files, "the database is as it was");
    let since = stage.site_ledger().since(asked);
    assert!(since.iter().all(|entry| !entry.write));
}

#[test]
fn a_plan_file_is_carried_out_as_shown_or_not_at_all() {
    let stage = Stage::ghost(40);
    // On some days the other rules move more than a fifth of the contacts.
    let guards = "[guards]\nmax_score_change = 1.0\n[scores.engagement]";
    stage.configure(|config| config.replace("[scores.engagement]", guards));
    stage.settle();
    stage.day_of_news();
    stage.program.expect(0, &["sync"]);
    stage.program.expect(0, &["score"]);
    stage.program.file("plan.json", "");
    let fresh = stage.program.json(&["plan", "-o", "plan.json"]);
    let file = std::fs::metadata(stage.program.path().join("plan.json")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.permissions());
    assert_eq!(mode & 0o777, 0o600, "a plan names people");
    assert!(fresh["writes"].as_u64().unwrap() > 0);
    // The rules change meanwhile: another plan than the one that was looked at.
    stage.configure(|config| {
        config
            .replace("points = 3", "points = 4")
            .replace("[scores.engagement]", guards)
    });
    stage.program.expect(0, &["score"]);
    let mark = stage.writes().len();
    let stale = stage.program.expect(4, &["apply", "plan.json"]);
    assert!(stale.err.contains("E0801"), "{}", stale.err);
    assert_eq!(stage.writes().len(), mark, "a stale plan writes nothing");

    let shown = stage.program.json(&["plan", "-o", "plan.json"]);
    let applied = stage.program.json(&["apply", "plan.json"]);
    assert_eq!(applied["applied"], shown["writes"]);
    stage.site_shows_what_is_wanted();
    stage.program.file("plan.json", "{}");
    stage.program.expect(2, &["apply", "plan.json"]);
    stage.program.expect(2, &["apply", "nowhere.json"]);
}
