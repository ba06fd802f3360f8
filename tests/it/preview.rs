//! `preview` against `explain` under both configurations, contact by contact.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    program::Program,
    stage::{Running, Stage, until},
};

const NOW: &str = r#"
timezone = "Europe/Amsterdam"
[scores.engagement]
rules = [
  { when = "open", points = 1 },
  { when = "click", points = 10 },
  { when = "no purchase in 6 months", points = -15 },
]
bands = [ { name = "hot", from = 20 }, { name = "warm", from = 1 }, { name = "cold" } ]
[scores.fit]
rules = [ { when = "field country is 'NL'", points = 5 } ]
bands = [ { name = "B", from = 1 } ]
[segments]
keen = "engagement >= 20"
dutch = "field country is 'NL'"
[[stages]]
name = "lead"
when = "engagement is 'hot' and fit is 'B'"
"#;

/// As of this date everybody is looked at.
const ON: &str = "2026-06-15";

/// Thirty people with opens, clicks and purchases in all mixtures.
fn people() -> (String, Vec<String>) {
    let mut rows = String::new();
    let mut addresses = Vec::new();
    let mut add = |row: Value| rows.push_str(&format!("{row}\n"));
    for n in 0..30_u32 {
        let email = format!("p{n}@example.nl");
        let country = if n % 3 == 0 { "NL" } else { "BE" };
        add(
            json!({"email": email, "subscribed_at": "2024-01-10T10:00:00Z", "fields": {"country": country}}),
        );
        for event in 0..n % 7 {
            let at = format!("2026-0{}-08T10:00:00Z", 1 + event % 6);
            let kind = if event % 2 == n % 2 { "click" } else { "open" };
            add(
                json!({"email": email, "kind": kind, "at": at, "campaign": format!("n{event}"), "link": "https://shop.example/a"}),
            );
        }
        if n % 4 == 0 {
            let at = if n % 8 == 0 {
                "2026-05-01T10:00:00Z"
            } else {
                "2025-05-01T10:00:00Z"
            };
            add(
                json!({"email": email, "kind": "purchase", "at": at, "item": "shoes", "value": "10.00"}),
            );
        }
        addresses.push(email);
    }
    (rows, addresses)
}

/// Points, band, segments and stage by `explain`.
fn explained(program: &Program, config: &str, email: &str) -> (Value, Value) {
    let whole = program.json(&["--config", config, "explain", email, "--as-of", ON]);
    let scores = whole["scores"].as_array().unwrap().iter().map(|score| {
        let name = score["name"].as_str().unwrap().to_owned();
        (name, json!([score["shown"], score["band"]]))
    });
    (scores.collect(), json!([whole["segments"], whole["stage"]]))
}

fn imported() -> (Program, Vec<String>) {
    let program = Program::with(NOW);
    let (rows, addresses) = people();
    program.file("people.jsonl", &rows);
    program.expect(0, &["import", "people.jsonl"]);
    (program, addresses)
}

#[test]
fn a_preview_says_of_everybody_what_explain_says_under_both_configurations() {
    let (program, addresses) = imported();
    let draft = NOW
        .replace("points = 10", "points = 12.5")
        .replace(
            "{ when = \"open\", points = 1 },",
            "{ when = \"purchase\", points = 4 },",
        )
        .replace("from = 20", "from = 25")
        .replace(
            "keen = \"engagement >= 20\"",
            "keen = \"engagement >= 25\"\nnew = \"any purchase in 1 year\"",
        );
    program.file("draft.toml", &draft);
    let preview = program.json(&["preview", "draft.toml", "--as-of", ON, "--contacts"]);
    let listed = preview["contacts_changed"].as_array().unwrap();
    let mut by_address = BTreeMap::new();
    for each in listed {
        by_address.insert(each["contact"].as_str().unwrap(), each);
    }
    let mut flows: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for email in &addresses {
        let (before, after) = (
            explained(&program, "engaged.toml", email),
            explained(&program, "draft.toml", email),
        );
        let change = by_address.remove(email.as_str());
        assert_eq!(
            change.is_some(),
            before != after,
            "{email}: {before:?} {after:?}"
        );
        let empty = json!([]);
        let scores = change
            .map_or(&empty, |change| &change["scores"])
            .as_array()
            .unwrap();
        for (name, old) in before.0.as_object().unwrap() {
            let new = &after.0[name];
            let band = |side: &Value| side[1].as_str().unwrap_or("(no band)").to_owned();
            *flows
                .entry((name.clone(), band(old), band(new)))
                .or_default() += 1;
            let row = scores.iter().find(|row| row["score"] == **name);
            assert_eq!(row.is_some(), old != new, "{email} {name}");
            if let Some(row) = row {
                assert_eq!(json!([row["before"], row["band_before"]]), *old, "{email}");
                assert_eq!(json!([row["after"], row["band_after"]]), *new, "{email}");
                assert!(!row["because"].as_array().unwrap().is_empty());
            }
        }
    }
    assert!(by_address.is_empty(), "{by_address:?}");
    assert_eq!(flows_of(&preview), flows);
    assert_eq!(preview["changed"], listed.len());
    assert!(flows.len() >= 5 && listed.len() >= 10, "{flows:?}");
    let fates: Vec<&str> = preview["scores"][0]["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["fate"].as_str().unwrap())
        .collect();
    assert_eq!(fates, ["new", "changed", "same", "removed"]);
}

/// Score, from and to, as a preview counts them.
fn flows_of(preview: &Value) -> BTreeMap<(String, String, String), u64> {
    let mut said = BTreeMap::new();
    for score in preview["scores"].as_array().unwrap() {
        for flow in score["flows"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let key = (
                text(&score["score"]),
                text(&flow["from"]),
                text(&flow["to"]),
            );
            said.insert(key, flow["contacts"].as_u64().unwrap());
        }
    }
    said
}

#[test]
fn what_is_listed_is_the_same_in_every_format_and_names_the_rules() {
    let (program, _) = imported();
    program.file("draft.toml", &NOW.replace("points = 10", "points = 12"));
    let words = [
        "preview",
        "draft.toml",
        "--as-of",
        ON,
        "--contacts",
        "--format",
    ];
    let csv = program.expect(0, &[&words[..], &["csv"]].concat()).out;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "email,what,before,after,band before,band after,because"
    );
    let nd = program.expect(0, &[&words[..], &["ndjson"]].concat()).out;
    let rows: Vec<Value> = nd
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let things = |row: &Value| {
        let length = |key: &str| row[key].as_array().map_or(0, Vec::len);
        length("scores")
            + length("enters")
            + length("leaves")
            + usize::from(row["stage"].is_object())
    };
    assert_eq!(rows.iter().map(things).sum::<usize>(), lines.len() - 1);
    for row in &rows {
        assert_eq!(row["scores"][0]["because"][0]["what"], "click", "{row}");
        assert_eq!(row["scores"][0]["because"][0]["rule"], "changed");
    }
    let talk = program.expect(0, &[&words[..5], &[]].concat());
    assert!(
        talk.out.contains("click)") && talk.err.contains("of 30 contacts change"),
        "{}",
        talk.out
    );
}

#[test]
fn a_draft_that_says_the_same_changes_nothing() {
    let (program, _) = imported();
    program.file(
        "draft.toml",
        &NOW.replace("when = \"open\"", "when = 'OPEN'"),
    );
    let run = program.expect(0, &["preview", "draft.toml", "--as-of", ON]);
    assert!(
        run.out
            .contains("nothing changes: its rules are those in use"),
        "{}",
        run.out
    );
    // A rule for something that nobody did: another set of rules, and the same numbers.
    program.file(
        "more.toml",
        &NOW.replace(
            "  { when = \"click\"",
            "  { when = \"webinar\", points = 3 },\n  { when = \"click\"",
        ),
    );
    let run = program.expect(0, &["preview", "more.toml", "--as-of", ON]);
    assert!(
        run.out.contains("nothing changes: the rules differ"),
        "{}",
        run.out
    );
    assert!(
        run.out.contains("`webinar` applies to nobody"),
        "{}",
        run.out
    );
}

#[test]
fn a_rules_file_replaces_what_it_names_and_mistakes_are_shown_in_it() {
    let (program, _) = imported();
    program.file("rules.toml", "[scores.fit]\nrules = [{ when = \"field country is 'BE'\", points = 5 }]\nbands = [{ name = \"B\", from = 1 }]\n");
    let preview = program.json(&["preview", "rules.toml", "--as-of", ON]);
    assert_eq!(preview["replaces"], json!(["scores.fit"]));
    let score = |name: &str| {
        let scores = preview["scores"].as_array().unwrap();
        scores
            .iter()
            .find(|score| score["score"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(score("engagement")["fate"], "same");
    let flows = score("fit")["flows"].clone();
    assert_eq!(
        flows,
        json!([
            { "from": "(no band)", "to": "B", "contacts": 20 },
            { "from": "B", "to": "(no band)", "contacts": 10 },
        ])
    );
    program.file(
        "broken.toml",
        "[scores.fit]\nrules = [{ when = \"opne\", points = 5 }]\n",
    );
    let run = program.expect(2, &["preview", "broken.toml"]);
    assert!(
        run.err.contains("broken.toml:2:20") && run.err.contains("did you mean"),
        "{}",
        run.err
    );
    let run = program.expect(2, &["preview", "nowhere.toml"]);
    assert!(
        run.err.contains("E0101") && run.err.contains("copy"),
        "{}",
        run.err
    );
}

#[test]
fn a_preview_reads_beside_whoever_writes_and_leaves_no_trace() {
    let (program, _) = imported();
    program.expect(0, &["score"]);
    program.file("draft.toml", &NOW.replace("points = 10", "points = 40"));
    let before = program.json(&["contacts"]);
    let preview = program.json(&["preview", "draft.toml"]);
    assert_eq!(preview["behind"], 0, "everybody was scored just now");
    assert_eq!(program.json(&["contacts"]), before);
    assert_eq!(program.json(&["score"])["scored"], 0);
    let (rows, _) = people();
    program.file("more.jsonl", &rows.replace("-08T10", "-09T10"));
    program.expect(0, &["import", "more.jsonl"]);
    let preview = program.json(&["preview", "draft.toml"]);
    assert!(preview["behind"].as_u64().unwrap() > 0);
}

#[test]
fn a_preview_says_what_a_push_would_change_while_the_daemon_runs() {
    let stage = Stage::ghost(30);
    let mut daemon = Running::start(&stage.program, &["run"]);
    until("the first push was held", || {
        let there = stage.program.path().join("engaged.db").exists();
        let tables = "select count(*) from sqlite_schema where name = 'run'";
        let pushed = "select count(*) from run where job = 'push' and ended_at is not null";
        there && stage.number(tables) == 1 && stage.number(pushed) == 1
    });
    let config = std::fs::read_to_string(stage.program.path().join("engaged.toml")).unwrap();
    let draft = config.replace("points = 1,", "points = 100,");
    assert_ne!(draft, config);
    stage.program.file("draft.toml", &draft);
    let preview = stage.program.json(&["preview", "draft.toml"]);
    let push = &preview["pushes"][0];
    assert_eq!(push["contacts"], preview["contacts"], "{push}");
    assert!(push["changed"].as_u64().unwrap() > 0, "{push}");
    let share = push["changed"].as_f64().unwrap() / push["contacts"].as_f64().unwrap();
    assert_eq!(push["held"], share > 0.2, "{push}");
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", daemon.said());
}

#[test]
fn a_preview_counts_whom_an_edit_lets_in_and_for_whom_nothing_is_started() {
    let (program, _) = imported();
    let automation = |points: i64| {
        format!(
            "{NOW}[[automations]]\nname = \"Call them\"\nwhen = \"engagement >= {points}\"\nstart = {{ handover = \"Sales\" }}\n"
        )
    };
    program.file("engaged.toml", &automation(1000));
    program.file("draft.toml", &automation(20));
    let preview = program.json(&["preview", "draft.toml", "--as-of", ON]);
    let flow = preview["segments"].as_array().unwrap().iter();
    let keen = flow
        .filter(|each| each["segment"] == "keen")
        .map(|each| each["draft"].clone());
    let keen = keen.collect::<Vec<_>>()[0].clone();
    assert!(keen.as_u64().unwrap() > 0, "{preview}");
    assert_eq!(
        preview["automations"],
        json!([{ "automation": "Call them", "fate": "changed", "now": 0, "draft": keen, "stay_silent": keen }])
    );
    let text = program.run(&["preview", "draft.toml", "--as-of", ON]).out;
    assert!(
        text.contains(&format!("{keen} would start, and stay silent")),
        "{text}"
    );
    assert!(!text.contains("nothing changes"), "{text}");
}
