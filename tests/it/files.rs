//! Import and the verbs that look, on files that a user might have.

use crate::program::Program;

const CONFIG: &str = r#"
timezone = "Europe/Amsterdam"
[events]
kinds = ["demo_request"]
[scores.engagement]
rules = [
  { when = "open", points = 1 },
  { when = "click", points = 10 },
  { when = "demo request", points = 25 },
  { when = "no open in 3 months", points = -10 },
]
bands = [ { name = "hot", from = 20 }, { name = "warm", from = 1 }, { name = "cold" } ]
[segments]
keen = "engagement >= 20"
"#;

const CONTACTS: &str = r#"{"email":"jan@example.nl","subscribed_at":"2024-01-10T10:00:00Z","fields":{"country":"NL"}}
{"email":"Piet@Example.nl","subscribed_at":"2024-01-10T10:00:00Z"}
"#;

const EVENTS: &str = r#"{"email":"jan@example.nl","kind":"click","at":"2026-06-08T10:00:05Z","campaign":"n23","link":"https://shop.example/a"}
{"email":"jan@example.nl","kind":"demo_request","at":"2026-06-09T10:00:00Z"}
{"email":"piet@example.nl","kind":"open","at":"2026-06-08T10:00:00Z","campaign":"n23"}
{"email":"piet@example.nl","kind":"open","at":"2026-06-08T10:00:00Z","campaign":"n23"}
"#;

#[test]
fn good_lines_are_kept_and_bad_ones_named() {
    let program = Program::with(CONFIG);
    let bad = format!(
        "{EVENTS}not json\n{{\"email\":\"jan@example.nl\",\"kind\":\"opne\",\"at\":\"2026-06-08T10:00:00Z\"}}\n{{\"kind\":\"open\",\"at\":\"2026-06-08T10:00:00Z\"}}\n"
    );
    program.file("contacts.jsonl", CONTACTS);
    program.file("events.jsonl", &bad);
    let run = program.expect(3, &["import", "contacts.jsonl", "events.jsonl"]);
    for line in ["events.jsonl:5:", "events.jsonl:6:", "events.jsonl:7:"] {
        assert!(run.err.contains(line), "{line} in {}", run.err);
    }
    assert!(
        run.err.contains("open"),
        "the nearest kind is proposed: {}",
        run.err
    );
    let explained = program.json(&["explain", "jan@example.nl", "--as-of", "2026-06-15"]);
    assert_eq!(explained["scores"][0]["shown"], 35);
    assert_eq!(explained["segments"][0], "keen");
}

#[test]
fn importing_twice_changes_nothing() {
    let program = Program::with(CONFIG);
    program.file("contacts.jsonl", CONTACTS);
    program.file("events.jsonl", EVENTS);
    let first = program.json(&["import", "contacts.jsonl", "events.jsonl"]);
    assert_eq!(
        (&first["events"], &first["duplicates"]),
        (&4.into(), &0.into())
    );
    let explained = program.json(&["explain", "piet@example.nl", "--as-of", "2026-06-15"]);
    let second = program.json(&["import", "contacts.jsonl", "events.jsonl"]);
    assert_eq!(
        (&second["events"], &second["duplicates"]),
        (&0.into(), &4.into())
    );
    assert_eq!(
        explained,
        program.json(&["explain", "piet@example.nl", "--as-of", "2026-06-15"])
    );
}

#[test]
fn csv_says_the_same_as_json_lines() {
    let program = Program::with(CONFIG);
    program.file(
        "all.csv",
        "email,kind,at,campaign,link,subscribed_at,fields.country\n\
         jan@example.nl,,,,,2024-01-10T10:00:00Z,NL\n\
         jan@example.nl,click,2026-06-08T10:00:05Z,n23,https://shop.example/a,,\n\
         jan@example.nl,demo_request,2026-06-09T10:00:00Z,,,,\n",
    );
    program.expect(0, &["import", "all.csv"]);
    let explained = program.json(&["explain", "jan@example.nl", "--as-of", "2026-06-15"]);
    assert_eq!(explained["scores"][0]["shown"], 35);
}

#[test]
fn scores_are_stored_listed_and_verified() {
    let program = Program::with(CONFIG);
    program.file("contacts.jsonl", CONTACTS);
    program.file("events.jsonl", EVENTS);
    program.expect(0, &["import", "contacts.jsonl", "events.jsonl"]);
    let scored = program.json(&["score"]);
    assert_eq!(scored["scored"], 2);
    assert_eq!(program.json(&["score"])["scored"], 0, "nothing is new");
    let all = program.json(&["contacts"]);
    assert_eq!(all["contacts"].as_array().unwrap().len(), 2);
    let keen = program.json(&[
        "contacts",
        "--where",
        "engagement >= 20 and field country is 'NL'",
    ]);
    assert_eq!(keen["contacts"][0]["contact"], "jan@example.nl");
    let sizes = program.json(&["segments"]);
    assert_eq!(sizes["segments"][0]["contacts"], 1);
    let history = program.json(&["history", "jan@example.nl"]);
    assert_eq!(history["history"][0]["shown"], 35);
    let verified = program.json(&["verify"]);
    assert_eq!(
        (&verified["compared"], &verified["different"]),
        (&2.into(), &0.into())
    );
    let csv = program.expect(0, &["contacts", "--format", "csv"]).out;
    assert!(
        csv.starts_with("email,engagement,engagement band,segments,stage\n"),
        "{csv}"
    );
}

#[test]
fn a_list_is_narrowed_by_stage_reason_and_the_beginning_of_an_address() {
    let stages = "\n[[stages]]\nname = \"buyer\"\nwhen = \"any purchase\"\n[[stages]]\nname = \"reader\"\nwhen = \"otherwise\"\n";
    let program = Program::with(&format!("{CONFIG}{stages}"));
    program.file("contacts.jsonl", CONTACTS);
    program.file("events.jsonl", EVENTS);
    program.expect(0, &["import", "contacts.jsonl", "events.jsonl"]);
    program.expect(0, &["score"]);
    let listed = |words: &[&str]| {
        let listed = program.json(&[&["contacts"], words].concat());
        let rows = listed["contacts"].as_array().unwrap().iter();
        let names = rows.map(|row| row["contact"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    let (jan, piet) = ("jan@example.nl", "piet@example.nl");
    assert_eq!(listed(&["--stage", "reader"]), [jan, piet]);
    assert!(listed(&["--stage", "buyer"]).is_empty());
    assert_eq!(listed(&["--address", "PIET"]), [piet]);
    assert_eq!(
        listed(&["--stage", "reader", "--where", "any click"]),
        [jan]
    );
    assert!(listed(&["--not-judged", "not_tracked"]).is_empty());
    for (words, told) in [
        (["--stage", "raeder"], "buyer, reader"),
        (["--not-judged", "lazy"], "too_few_sends"),
    ] {
        let run = program.expect(2, &["contacts", words[0], words[1]]);
        assert!(run.err.contains(told), "{words:?}: {}", run.err);
    }
}

#[test]
fn what_was_known_on_a_date_can_be_asked() {
    let program = Program::with(CONFIG);
    program.file("contacts.jsonl", CONTACTS);
    program.file("events.jsonl", EVENTS);
    program.expect(0, &["import", "contacts.jsonl", "events.jsonl"]);
    let run = program.expect(
        2,
        &[
            "explain",
            "jan@example.nl",
            "--as-of",
            "2026-06-15",
            "--known-at",
            "2026-06-15",
        ],
    );
    assert!(run.err.contains("not known yet"), "{}", run.err);
}

#[test]
fn mistakes_are_told_with_their_place_and_the_next_step() {
    let program = Program::with(CONFIG);
    for (words, told) in [
        (vec!["explain", "jan@example.nl"], "E0306"),
        (vec!["approve", "baselin"], "baseline"),
        (vec!["explain", "jan", "--as-of", "yesterday"], "2026-06-15"),
    ] {
        let run = program.run(&words);
        assert!([2, 9].contains(&run.code), "{words:?}: {}", run.code);
        assert!(run.err.contains(told), "{words:?}: {}", run.err);
    }
    program.file("contacts.jsonl", CONTACTS);
    program.expect(0, &["import", "contacts.jsonl"]);
    let run = program.expect(2, &["contacts", "--where", "no opne in 3 months"]);
    assert!(
        run.err.contains("opne") && run.err.contains("open"),
        "{}",
        run.err
    );
    let run = program.expect(2, &["explain", "nobody@example.nl"]);
    assert!(run.err.contains("engaged contacts"), "{}", run.err);
}

#[test]
fn a_broken_configuration_starts_nothing() {
    let program = Program::with(&CONFIG.replace("points = 10", "pionts = 10"));
    program.file("contacts.jsonl", CONTACTS);
    let run = program.expect(2, &["import", "contacts.jsonl"]);
    assert!(
        run.err.contains("pionts") && run.err.contains("points"),
        "{}",
        run.err
    );
    assert!(
        !program.path().join("engaged.db").exists(),
        "no database was made"
    );
}

#[test]
fn storage_that_cannot_be_used_has_codes_of_its_own() {
    let program = Program::with(CONFIG);
    program.file(
        "engaged.db",
        "this is no database, and it is long enough to be read as one by anybody who tries",
    );
    program.file("contacts.jsonl", CONTACTS);
    let run = program.expect(9, &["import", "contacts.jsonl"]);
    assert!(run.err.contains("E0303"), "{}", run.err);
}
