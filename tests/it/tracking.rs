//! What contacts agree to, from the file to the score, and out of the database.

use crate::program::Program;

const RULES: &str = r#"
timezone = "Europe/Amsterdam"
[scores.engagement]
rules = [
  { when = "open", points = 1 },
  { when = "click", points = 10 },
  { when = "no open in 3 months", points = -10 },
  { when = "total purchases in 1 year > 100", points = 20 },
]
bands = [ { name = "warm", above = 0 }, { name = "rest" } ]
"#;

const PRIVACY: &str = r#"
[privacy]
[[privacy.tracking_from]]
field = "opentracking"
connection = "import"
full = ["ja"]
clicks_only = ["kliks"]
"#;

fn rows() -> String {
    let mut rows = String::new();
    for who in ["ja", "kliks", "nee"] {
        rows += &format!(
            "{{\"email\":\"{who}@example.nl\",\"subscribed_at\":\"2024-01-05T10:00:00Z\",\"fields\":{{\"OPENTRACKING\":\"{who}\"}}}}\n"
        );
        for month in 1..=6 {
            rows += &format!(
                "{{\"email\":\"{who}@example.nl\",\"kind\":\"send\",\"at\":\"2024-{month:02}-10T09:00:00Z\",\"campaign\":\"c{month}\",\"tracked\":true}}\n"
            );
        }
        for kind in ["open", "click"] {
            rows += &format!(
                "{{\"email\":\"{who}@example.nl\",\"kind\":\"{kind}\",\"at\":\"2024-01-11T09:00:00Z\",\"campaign\":\"c1\"}}\n"
            );
        }
    }
    rows
}

fn shown(program: &Program) -> Vec<i64> {
    let one = |who: &str| {
        let explained = program.json(&["explain", &format!("{who}@example.nl")]);
        explained["scores"][0]["shown"].as_i64().unwrap()
    };
    ["ja", "kliks", "nee"].map(one).to_vec()
}

#[test]
fn what_nobody_agreed_to_leaves_the_scores_at_once_and_the_database_with_the_daily_run() {
    let program = Program::with(RULES);
    program.file("rows.jsonl", &rows());
    program.expect(0, &["import", "rows.jsonl"]);
    program.expect(0, &["score"]);
    // Opened, clicked, and silent for years: 1 + 10 - 10.
    assert_eq!(shown(&program), [1, 1, 1]);

    program.file("engaged.toml", &format!("{RULES}{PRIVACY}"));
    let checked = program.json(&["check"]);
    let contacts = &checked["tracking"]["contacts"];
    assert_eq!(
        [
            &contacts["full"],
            &contacts["clicks_only"],
            &contacts["none"]
        ],
        [1, 1, 1]
    );
    assert_eq!(checked["tracking"]["rules"].as_array().unwrap().len(), 3);
    program.expect(0, &["score"]);
    // Silence of whoever did not agree is not judged.
    assert_eq!(shown(&program), [1, 10, 0]);
    program.expect(0, &["verify"]);
    let listed = program.expect(0, &["contacts", "--not-judged", "no_tracking"]);
    assert_eq!(listed.out.lines().count(), 2);

    let events = |program: &Program| program.json(&["status"])["events"].as_i64().unwrap();
    assert_eq!(events(&program), 24);
    program.expect(0, &["once"]);
    assert_eq!(events(&program), 21);
    assert_eq!(shown(&program), [1, 10, 0]);
    program.expect(0, &["verify"]);
    let again = program.json(&["import", "rows.jsonl"]);
    assert_eq!(
        (&again["events"], &again["withheld"]),
        (&0.into(), &3.into())
    );
    assert_eq!(events(&program), 21);
}
