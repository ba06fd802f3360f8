//! `drift`: a week that is taken by hand, shown, and taken no second time.

use serde_json::json;

use crate::program::Program;

const RULES: &str = "timezone = 'Europe/Amsterdam'
[drift]
alert = 0.3
[scores.fit]
rules = [ { when = \"field country is 'NL'\", points = 20 } ]
bands = [ { name = 'near', from = 20 }, { name = 'far' } ]";

const ROWS: &str = r#"{"email":"a@example.nl","fields":{"country":"NL"}}
{"email":"b@example.nl","fields":{"country":"BE"}}
{"email":"c@example.nl"}
{"email":"d@example.nl"}
"#;

#[test]
fn a_week_is_taken_by_hand_shown_and_kept() {
    let program = Program::with(RULES);
    program.file("rows.jsonl", ROWS);
    program.expect(0, &["import", "rows.jsonl"]);
    let none = program.expect(0, &["drift"]);
    assert!(none.out.contains("No week was taken yet"), "{}", none.out);
    let taken = program.json(&["drift", "--take"]);
    let week = &taken["weeks"][0];
    assert_eq!(
        (&taken["limit"], &week["contacts"]),
        (&json!(0.3), &json!(4))
    );
    assert_eq!(
        week["scores"][0],
        json!({ "score": "fit",
                "bands": [ { "band": "near", "contacts": 1, "share": 0.25, "earlier": 0, "converted": 0 }, { "band": "far", "contacts": 3, "share": 0.75, "earlier": 0, "converted": 0 } ],
                "rules": [ { "when": "field country is 'NL'", "contacts": 1, "mean": 5.0 } ] })
    );
    let again = program.expect(0, &["drift", "--take"]);
    assert!(again.err.contains("was taken before"), "{}", again.err);
    let shown = program.expect(0, &["drift"]).out;
    for words in [
        "fit, share of contacts",
        "25.0 %",
        "5.00",
        "One week alone is nothing to compare.",
    ] {
        assert!(shown.contains(words), "{words} in {shown}");
    }
    assert_eq!(program.json(&["status"])["drift"], json!([]));
}

#[test]
fn a_backtest_is_kept_where_that_is_asked_for() {
    let program = Program::with(RULES);
    let rows = r#"{"email":"a@example.nl","subscribed_at":"2024-01-10T10:00:00Z","fields":{"country":"NL"}}
{"email":"b@example.nl","subscribed_at":"2024-01-10T10:00:00Z"}
{"email":"a@example.nl","kind":"purchase","at":"2026-05-01T10:00:00Z","item":"shoes","value":"10.00"}
"#;
    program.file("rows.jsonl", rows);
    program.expect(0, &["import", "rows.jsonl"]);
    let kept = program.expect(0, &["backtest", "--save"]);
    assert!(
        kept.err.contains("kept: `engaged drift` compares"),
        "{}",
        kept.err
    );
    assert!(!program.expect(0, &["backtest"]).err.contains("kept"));
    assert_eq!(program.json(&["drift", "--take"])["findings"], json!([]));
}
