//! The design's acceptance cases, through import and `explain`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::Program;

/// The short names of the cases, and the rules of the shop that they mean.
const RULES: [(&str, &str); 15] = [
    ("shoes", "purchase of 'shoes'"),
    ("accessory", "purchase of 'accessory'"),
    ("spend>250", "total purchases in 1 year > 250"),
    ("spend<25", "total purchases in 1 year < 25"),
    ("no purchase 6m", "no purchase in 6 months"),
    ("account", "signup"),
    ("like", "like"),
    ("home", "page visit on 'https://shop.example/'"),
    ("open", "open"),
    ("click", "click"),
    ("share", "share"),
    ("unsub", "unsubscribe"),
    ("bounce", "bounce"),
    ("no open 3m", "no open in 3 months"),
    ("no click 6m", "no click in 6 months"),
];

const ABSENCES: [(&str, &str); 3] = [
    ("no purchase 6m", "no purchase in 6 months"),
    ("open", "no open in 3 months"),
    ("click", "no click in 6 months"),
];

fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/acceptance");
    if !folder.exists() {
        eprintln!(
            "skipped: the acceptance cases are not beside the checkout (../shared/acceptance)"
        );
        return None;
    }
    Some(folder)
}

#[test]
fn every_acceptance_case_is_exact() {
    let Some(shared) = shared() else { return };
    let shop = std::fs::read_to_string(shared.join("shop.toml")).unwrap();
    let mut compared = 0;
    for folder in std::fs::read_dir(shared.join("cases")).unwrap() {
        let folder = folder.unwrap().path();
        let literal = folder.ends_with("literal");
        let config = if literal {
            shop.replace("[scores.engagement]", "[scores.engagement]\nguards = false")
        } else {
            shop.clone()
        };
        let program = Program::with(&config);
        let files = ["contacts.jsonl", "events.jsonl"]
            .map(|name| folder.join(name).to_string_lossy().into_owned());
        program.expect(0, &["import", &files[0], &files[1]]);
        for line in std::fs::read_to_string(folder.join("expected.jsonl"))
            .unwrap()
            .lines()
        {
            compare(&program, &serde_json::from_str(line).unwrap());
            compared += 1;
        }
    }
    assert!(compared >= 17, "{compared} cases");
}

fn compare(program: &Program, case: &Value) {
    let text = |key: &str| case[key].as_str().unwrap();
    let (id, email, as_of) = (text("id"), text("email"), text("as_of"));
    let explained = program.json(&["explain", email, "--as-of", as_of]);
    let score = &explained["scores"][0];
    assert_eq!(score["shown"], case["score"], "{id}: score");
    assert_eq!(score["band"], case["band"], "{id}: band");
    let rules = score["rules"].as_array().unwrap();
    let line = |when: &str| rules.iter().find(|rule| rule["when"] == when).unwrap();
    for (short, when) in RULES {
        let expected = case["rules"]
            .get(short)
            .and_then(Value::as_i64)
            .unwrap_or(0);
        assert_eq!(line(when)["points"], expected, "{id}: {when}");
    }
    for (short, when) in ABSENCES {
        let Some(expected) = case["absence"].get(short).and_then(Value::as_str) else {
            continue;
        };
        let absence = &line(when)["absence"];
        let found = match absence["since"].as_str() {
            Some(since) => format!("{} since {since}", absence["state"].as_str().unwrap()),
            None => absence["state"].as_str().unwrap().to_owned(),
        };
        assert_eq!(found, expected, "{id}: {when}");
    }
    // Every line adds up: the sum of the rules is what is shown.
    let sum: i64 = rules
        .iter()
        .map(|rule| rule["points"].as_i64().unwrap())
        .sum();
    assert_eq!(sum, score["raw"].as_i64().unwrap(), "{id}: sum of lines");
}
