//! `looks fake` where people meet it: `explain` and `preview` say which text it was, and why.

use serde_json::{Value, json};

use crate::program::Program;

const RULES: &str = "timezone = 'Europe/Amsterdam'
[scores.fit]
rules = [
  { when = 'field company looks fake or field city looks fake', points = -15 },
  { when = 'email looks fake', points = -20 },
]";

const ROWS: &str = r#"{"email":"jan@example.nl","fields":{"company":"azertyop","city":"Utrecht"}}
{"email":"els@x.mailinator.com","fields":{"company":"Liberty"}}
"#;

#[test]
fn explain_shows_the_run_that_made_a_text_look_fake() {
    let program = Program::with(RULES);
    program.file("rows.jsonl", ROWS);
    program.expect(0, &["import", "rows.jsonl"]);
    let lines = |email: &str| -> Vec<Value> {
        let rules = program.json(&["explain", email])["scores"][0]["rules"].take();
        let rules = rules.as_array().unwrap().iter();
        rules.map(|rule| rule["fake"].clone()).collect()
    };
    let run = json!([{ "of": "field company", "value": "azertyop", "sign": "keyboard_run",
                       "found": "azerty", "why": "keyboard run \"azerty\"" }]);
    assert_eq!(lines("jan@example.nl"), [run, Value::Null]);
    let domain = json!([{ "of": "email", "value": "els@x.mailinator.com", "sign": "disposable",
                          "found": "mailinator.com", "why": "domain of disposable addresses \"mailinator.com\"" }]);
    assert_eq!(lines("els@x.mailinator.com"), [Value::Null, domain]);
    for (language, words) in [
        ("en", "'azertyop': 'azerty' lies side by side on a keyboard"),
        (
            "nl",
            "'azertyop': 'azerty' ligt naast elkaar op een toetsenbord",
        ),
    ] {
        let said = program.expect(0, &["explain", "jan@example.nl", "--lang", language]);
        assert!(said.out.contains(words), "{}", said.out);
    }
}

#[test]
fn preview_shows_the_run_beside_the_rule_that_would_take_points() {
    let program = Program::with(RULES);
    program.file("rows.jsonl", ROWS);
    program.expect(0, &["import", "rows.jsonl"]);
    program.file("draft.toml", &RULES.replace("-15", "-30"));
    let table = program.expect(0, &["preview", "draft.toml", "--contacts"]);
    let line = "-15 field company looks fake or field city looks fake [field company \"azertyop\": keyboard run \"azerty\"]";
    assert!(table.out.contains(line), "{}", table.out);
    let all = program.json(&["preview", "draft.toml", "--contacts"]);
    let because = &all["contacts_changed"][0]["scores"][0]["because"][0];
    assert_eq!(because["fake"][0]["found"], "azerty");
}
