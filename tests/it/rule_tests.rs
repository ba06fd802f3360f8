//! `[[tests]]`, run by `check`: the design's acceptance cases say the same there as through an import.

use std::{fmt::Write as _, path::Path};

use serde_json::Value;

use crate::program::Program;

const RULES: &str = r#"
timezone = "Europe/Amsterdam"
[scores.engagement]
rules = [
  { when = "open", points = 1 },
  { when = "click", points = 10 },
  { when = "no open in 3 months", points = -10 },
]
bands = [ { name = "warm", from = 1 }, { name = "cold" } ]
[segments]
keen = "engagement >= 10"
"#;

const READER: &str = r#"
[[tests]]
name = "a reader who clicks"
as_of = 2026-06-15
contact.subscribed_at = 2024-01-10
events = [
  { kind = "open", at = 2026-06-08, campaign = "n1" },
  { kind = "click", at = 2026-06-08T10:00:05Z, campaign = "n1", link = "https://shop.example/a" },
]
expect.scores = { engagement = 11 }
expect.bands = { engagement = "warm" }
expect.segments = ["keen"]
expect.reasons = { "no open in 3 months" = "present" }
"#;

#[test]
fn tests_that_hold_are_counted() {
    let program = Program::with(&format!("{RULES}{READER}"));
    let run = program.expect(0, &["check"]);
    assert!(run.out.contains("1 rule tests hold"), "{}", run.out);
}

#[test]
fn a_test_that_fails_shows_what_was_found_and_why() {
    let edited = RULES.replace("points = 10", "points = 3");
    let program = Program::with(&format!("{edited}{READER}"));
    let run = program.expect(2, &["check"]);
    for words in [
        "rule test 'a reader who clicks': engagement is 4, not 11",
        "engaged.toml:",
        "+3  click",
        "segments is none, not keen",
    ] {
        assert!(run.err.contains(words), "{words} in {}", run.err);
    }
    assert!(run.out.contains("1 of 1 rule tests fail"), "{}", run.out);
    let run = program.expect(2, &["check", "--json"]);
    let json: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(
        (&json["tests"], &json["failures"][0]["found"]),
        (&1.into(), &"4".into())
    );
    assert_eq!(json["failures"][0]["because"][0]["rules"][1]["points"], 3);
    // A rule that is not what somebody meant stops nobody from working.
    program.file("one.jsonl", "{\"email\":\"jan@example.nl\"}\n");
    program.expect(0, &["import", "one.jsonl"]);
}

#[test]
fn the_tests_of_the_example_hold() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/engaged.example.toml");
    let program = Program::with("");
    let run = program.expect(0, &["check", "--config", example.to_str().unwrap()]);
    assert!(run.out.contains("2 rule tests hold"), "{}", run.out);
}

/// One row of an import as a table in a line.
fn inline(row: &Value, leave_out: &[&str]) -> String {
    let members = row.as_object().unwrap().iter();
    let cells = members.filter(|(key, _)| !leave_out.contains(&key.as_str()));
    let cells = cells.map(|(key, value)| match value {
        Value::Object(_) => format!("{key} = {}", inline(value, &[])),
        value => format!("{key} = {value}"),
    });
    format!("{{ {} }}", cells.collect::<Vec<_>>().join(", "))
}

#[test]
fn the_acceptance_cases_hold_as_rule_tests() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/acceptance");
    if !shared.exists() {
        eprintln!(
            "skipped: the acceptance cases are not beside the checkout (../shared/acceptance)"
        );
        return;
    }
    let shop = std::fs::read_to_string(shared.join("shop.toml")).unwrap();
    let mut cases = 0;
    for folder in std::fs::read_dir(shared.join("cases")).unwrap() {
        let folder = folder.unwrap().path();
        let rows = |name: &str| -> Vec<Value> {
            let text = std::fs::read_to_string(folder.join(name)).unwrap();
            text.lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        };
        let literal = folder.ends_with("literal");
        let mut config = if literal {
            shop.replace("[scores.engagement]", "[scores.engagement]\nguards = false")
        } else {
            shop.clone()
        };
        let (contacts, events) = (rows("contacts.jsonl"), rows("events.jsonl"));
        for case in rows("expected.jsonl") {
            let mine = |row: &&Value| row["email"] == case["email"];
            let contact = contacts
                .iter()
                .find(mine)
                .map_or_else(|| "{}".to_owned(), |row| inline(row, &[]));
            let happened = events
                .iter()
                .filter(mine)
                .map(|row| inline(row, &["email"]));
            let gaps = events
                .iter()
                .chain(&contacts)
                .filter(|row| row["gap"].is_object())
                .map(|row| inline(&row["gap"], &[]));
            let (happened, gaps): (Vec<_>, Vec<_>) = (happened.collect(), gaps.collect());
            write!(
                config,
                "\n[[tests]]\nname = {}\nas_of = {}\ncontact = {contact}\nevents = [{}]\ngaps = [{}]\nexpect.scores = {{ engagement = {} }}\nexpect.bands = {{ engagement = {} }}\n",
                case["id"], case["as_of"], happened.join(", "), gaps.join(", "), case["score"], case["band"]
            ).unwrap();
            for (short, when) in [
                ("no purchase 6m", "no purchase in 6 months"),
                ("open", "no open in 3 months"),
                ("click", "no click in 6 months"),
            ] {
                if let Some(reason) = case["absence"].get(short) {
                    writeln!(config, "expect.reasons.\"{when}\" = {reason}").unwrap();
                }
            }
            cases += 1;
        }
        let program = Program::with(&config);
        program.expect(0, &["check"]);
    }
    assert!(cases >= 17, "{cases} cases");
}
