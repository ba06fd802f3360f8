//! `automations`: what it lists, what it takes, and what it refuses.

use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};

use serde_json::Value;

use crate::program::{Program, Run};

const CONFIG: &str = r#"
timezone = "Etc/UTC"
database = "engaged.db"
[connections.news]
platform = "mailchimp"
key = { file = "news.key" }
mode = "live"
[scores.engagement]
rules = [ { when = "click", points = 10 } ]
[[automations]]
name = "Ambassadors"
when = "engagement >= 10"
start = { connection = "news", tag = "ambassador" }
[[automations]]
name = "Calls"
when = "engagement >= 20"
start = { handover = "Sales" }
"#;

const PEOPLE: &str = r#"{"email":"jan@x.example","subscribed_at":"2026-01-10T10:00:00Z"}
{"email":"jan@x.example","kind":"click","at":"2026-02-01T10:00:00Z","campaign":"a","link":"https://x.example/"}
{"email":"piet@x.example","subscribed_at":"2026-01-10T10:00:00Z"}
{"email":"piet@x.example","kind":"click","at":"2026-02-01T10:00:00Z","campaign":"a","link":"https://x.example/"}
{"email":"piet@x.example","kind":"click","at":"2026-02-02T10:00:00Z","campaign":"b","link":"https://x.example/"}
"#;

/// Two people who were imported, and scored.
fn imported() -> (Program, Run) {
    let program = Program::with(CONFIG);
    let mut options = std::fs::OpenOptions::new();
    let path = program.path().join("news.key");
    let key = options.write(true).create(true).mode(0o600).open(path);
    key.unwrap()
        .write_all(b"0123456789abcdef0123456789abcdef-us1")
        .unwrap();
    let file = program.file("people.jsonl", PEOPLE);
    program.expect(0, &["import", file.to_str().unwrap()]);
    let scored = program.expect(0, &["score"]);
    (program, scored)
}

fn state(program: &Program, entry: &str) -> Value {
    let listed = program.json(&["automations", "list"]);
    let mut entries = listed["entries"].as_array().unwrap().iter();
    let found = entries.find(|each| each["entry"].to_string() == entry);
    found.unwrap()["state"].clone()
}

fn put(program: &Program, sql: &str) {
    let database = rusqlite::Connection::open(program.path().join("engaged.db")).unwrap();
    assert_eq!(database.execute(sql, ()).unwrap(), 1);
}

#[test]
fn those_who_are_imported_stay_silent_until_somebody_asks_for_them() {
    let (program, scored) = imported();
    let words = "Ambassadors: 2 would start, and stay silent";
    assert!(scored.out.contains(words), "{}", scored.out);
    let all = program.json(&["automations"]);
    let first = &all["automations"][0];
    assert_eq!(
        (&first["inside"], &first["would_start"]),
        (&2.into(), &2.into())
    );
    assert_eq!(first["entries"]["silent"], 2);
    let text = program
        .expect(0, &["automations", "list", "--contact", "jan@x.example"])
        .out;
    assert!(
        text.contains("silent: first import") && !text.contains("piet"),
        "{text}"
    );
    assert_eq!(program.json(&["plan"])["writes"], 0);

    let ask = ["automations", "backfill", "Ambassadors"];
    let asked = program.expect(4, &ask).out;
    assert!(asked.contains("2 contacts are in 'Ambassadors'"), "{asked}");
    assert_eq!(state(&program, "1"), "silent");
    let asked = program.expect(4, &[&ask[..], &["--json"]].concat()).out;
    let asked: Value = serde_json::from_str(&asked).unwrap();
    assert_eq!(
        (&asked["would_start"], &asked["done"]),
        (&2.into(), &false.into())
    );
    let done = program.json(&[&ask[..], &["--yes"]].concat());
    assert_eq!(
        (&done["would_start"], &done["done"]),
        (&2.into(), &true.into())
    );
    program.expect(0, &ask);
    // Neither is on that platform: there is nothing to start.
    assert_eq!(program.json(&["plan"])["writes"], 0);
    program.expect(0, &["automations", "backfill", "Calls", "--yes"]);
    let over = program.json(&["automations", "list", "--state", "handed over"]);
    assert_eq!(over["entries"][0]["contact"], "piet@x.example");
}

#[test]
fn a_persons_word_is_taken_on_what_is_in_doubt_and_on_nothing_else() {
    let (program, _) = imported();
    let run = program.expect(2, &["automations", "resolve", "1", "started"]);
    assert!(
        run.err.contains("entry 1 is not in doubt: it is silent"),
        "{}",
        run.err
    );
    let run = program.expect(2, &["automations", "resolve", "99", "drop"]);
    assert!(run.err.contains("there is no entry 99"), "{}", run.err);
    put(
        &program,
        "update automation_entry set state = 'in doubt' where id = 1",
    );
    let text = program.expect(0, &["automations"]).out;
    assert!(
        text.contains("engaged automations resolve 1 started | again | drop"),
        "{text}"
    );
    assert_eq!(program.json(&["automations"])["in_doubt"][0]["entry"], 1);
    program.expect(2, &["automations", "resolve", "1", "maybe"]);
    let said = program.json(&["automations", "resolve", "1", "again"]);
    assert_eq!(said["state"], "ready");
    program.expect(2, &["automations", "resolve", "1", "again"]);
    put(
        &program,
        "update automation_entry set state = 'in doubt' where id = 1",
    );
    program.expect(0, &["automations", "resolve", "1", "started"]);
    assert_eq!(state(&program, "1"), "started");
}

#[test]
fn what_is_typed_wrong_is_refused_with_what_there_is() {
    let (program, _) = imported();
    for (words, says) in [
        (
            &["automations", "list", "Ambasadors"][..],
            "there are: Ambassadors, Calls",
        ),
        (
            &["automations", "backfill", "nobody", "--yes"],
            "there is no automation 'nobody'",
        ),
        (
            &["automations", "list", "--state", "asleep"],
            "there are: settling, ready",
        ),
        (
            &["automations", "list", "--contact", "nobody@x.example"],
            "nobody@x.example",
        ),
        (&["automations", "resolve", "one", "drop"], "one"),
    ] {
        let run = program.expect(2, words);
        assert!(run.err.contains(says), "{words:?}: {}", run.err);
    }
    let none = Program::with(
        "timezone = \"Etc/UTC\"\n[scores.a]\nrules = [ { when = \"click\", points = 1 } ]\n",
    );
    none.expect(0, &["score"]);
    let text = none.expect(0, &["automations"]).out;
    assert!(text.contains("no [[automations]] are configured"), "{text}");
}
