//! `explain` in the language that somebody asked for.

use crate::program::Program;

const CONFIG: &str = "timezone = 'Europe/Amsterdam'
[scores.engagement]
rules = [
  { when = 'open', points = 1234.5 },
  { when = 'no click in 3 months', points = -10 },
]";

const ROWS: &str = r#"{"email":"jan@example.nl","subscribed_at":"2026-05-10T10:00:00Z"}
{"email":"jan@example.nl","kind":"open","at":"2026-06-08T10:00:00Z","campaign":"n23"}
"#;

const ASKED: [&str; 4] = ["explain", "jan@example.nl", "--as-of", "2026-06-15"];

#[test]
fn the_language_is_that_of_the_option_else_of_the_configuration_else_english() {
    for (configured, dutch) in [
        ("", false),
        ("language = 'en'\n", false),
        ("language = 'nl'\n", true),
    ] {
        let program = Program::with(&format!("{configured}{CONFIG}"));
        program.file("rows.jsonl", ROWS);
        program.expect(0, &["import", "rows.jsonl"]);
        let said = program.expect(0, &ASKED).out;
        assert_eq!(
            said.contains("al 3 maanden nergens op geklikt"),
            dutch,
            "{said}"
        );
        assert_eq!(
            said.contains("nothing clicked for 3 months"),
            !dutch,
            "{said}"
        );
        let asked = |language| {
            let words = [&ASKED[..], &["--lang", language]].concat();
            program.expect(0, &words).out
        };
        assert!(
            asked("nl").contains("+1.234,5  open (8 juni 2026"),
            "{}",
            asked("nl")
        );
        assert!(
            asked("en").contains("+1,234.5  open (8 June 2026"),
            "{}",
            asked("en")
        );
        assert_eq!(said, asked(if dutch { "nl" } else { "en" }));
        let run = program.expect(2, &[&ASKED[..], &["--lang", "de"]].concat());
        assert!(run.err.contains("nl (Dutch)"), "{}", run.err);
    }
}

#[test]
fn what_programs_read_is_the_same_in_every_language() {
    let program = Program::with(CONFIG);
    program.file("rows.jsonl", ROWS);
    program.expect(0, &["import", "rows.jsonl"]);
    let english = program.json(&ASKED);
    let dutch = program.json(&[&ASKED[..], &["--lang", "nl", "--all"]].concat());
    assert_eq!(english, dutch);
    let score = &english["scores"][0];
    assert_eq!(score["raw"], 1234.5);
    assert_eq!(score["rules"][0]["events"][0]["at"], "2026-06-08T10:00:00Z");
    assert_eq!(score["rules"][1]["absence"]["state"], "too_new");
    assert_eq!(english["as_of"], "2026-06-15");
}
