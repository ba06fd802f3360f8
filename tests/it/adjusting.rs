//! A person's word on one score: dated, explained, taken back, and known in replay.

use crate::program::Program;

const CONFIG: &str = r#"
timezone = "Europe/Amsterdam"
[scores.engagement]
rules = [ { when = "click", points = 10 } ]
bands = [ { name = "hot", from = 10 }, { name = "cool" } ]
[scores.fit]
rules = [ { when = "email domain is 'x.example'", points = 5 } ]
bands = [ { name = "all" } ]
"#;

const PERSON: &str = r#"{"email":"jan@x.example","subscribed_at":"2026-01-10T10:00:00Z"}
{"email":"jan@x.example","kind":"click","at":"2026-02-01T10:00:00Z","campaign":"a","link":"https://x.example/"}
"#;

fn shown(program: &Program, day: &str) -> (i64, String) {
    let said = program.json(&["explain", "jan@x.example", "--as-of", day]);
    let score = &said["scores"][0];
    let band = score["band"].as_str().unwrap().to_owned();
    (score["shown"].as_i64().unwrap(), band)
}

#[test]
fn an_adjustment_counts_on_its_days_and_can_be_taken_back() {
    let program = Program::with(CONFIG);
    let file = program.file("people.jsonl", PERSON);
    program.expect(0, &["import", file.to_str().unwrap()]);
    let words = ["jan@x.example", "-7.5", "--reason", "not a lead"];
    let days = ["--from", "2026-03-01", "--until", "2090-01-01"];
    let ask = |score: &'static str| {
        let mut ask = vec!["adjust"];
        ask.extend(words);
        ask.extend(days);
        ask.extend(["--score", score]);
        ask
    };
    let made = program.json(&ask("engagement"));
    assert_eq!(
        (&made["points"], &made["number"]),
        (&(-7.5).into(), &1.into())
    );
    assert_eq!(shown(&program, "2026-02-28"), (10, "hot".to_owned()));
    // 2.5 is rounded away from zero.
    assert_eq!(shown(&program, "2026-03-01"), (3, "cool".to_owned()));
    assert_eq!(shown(&program, "2089-12-31"), (3, "cool".to_owned()));
    assert_eq!(shown(&program, "2090-01-01"), (10, "hot".to_owned()));
    let text = program.expect(0, &["explain", "jan@x.example"]).out;
    assert!(text.contains("not a lead"), "{text}");
    program.expect(0, &["score"]);
    program.expect(0, &["verify"]);

    program.expect(0, &["adjust", "--withdraw", "1"]);
    assert_eq!(shown(&program, "2026-03-01"), (10, "hot".to_owned()));
    let listed = program.json(&["adjust", "jan@x.example"]);
    assert_eq!(listed["adjustments"][0]["withdrawn"], true);
    program.expect(2, &["adjust", "--withdraw", "1"]);
}

#[test]
fn an_adjustment_without_reason_end_or_score_is_refused() {
    let program = Program::with(CONFIG);
    let file = program.file("people.jsonl", PERSON);
    program.expect(0, &["import", file.to_str().unwrap()]);
    let jan = "jan@x.example";
    let until = ["--until", "2090-01-01"];
    for (words, said) in [
        (vec![jan, "5", "--reason", "r"], "--until"),
        (vec![jan, "5", until[0], until[1]], "--reason"),
        (
            vec![jan, "5", until[0], until[1], "--reason", " "],
            "needs a reason",
        ),
        (
            vec![jan, "5", until[0], until[1], "--reason", "r"],
            "which score",
        ),
        (
            vec![jan, "five", until[0], until[1], "--reason", "r"],
            "no number of points",
        ),
        (
            vec![
                jan,
                "5",
                "--until",
                "2020-01-01",
                "--reason",
                "r",
                "--score",
                "fit",
            ],
            "no day",
        ),
        (
            vec![
                jan, "5", until[0], until[1], "--reason", "r", "--score", "fitt",
            ],
            "there are: engagement, fit",
        ),
        (
            vec![
                "jon@x.example",
                "5",
                until[0],
                until[1],
                "--reason",
                "r",
                "--score",
                "fit",
            ],
            "no contact",
        ),
    ] {
        let mut ask = vec!["adjust"];
        ask.extend(words);
        let run = program.expect(2, &ask);
        assert!(run.err.contains(said), "{ask:?}: {}", run.err);
    }
}
