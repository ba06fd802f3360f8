//! Events that are older than they are kept: from the file to the score, and out of the database.

use chrono::{Duration, Utc};

use crate::program::Program;

const RULES: &str = r#"
timezone = "Europe/Amsterdam"
[scores.engagement]
rules = [
  { when = "open", points = 1, expires = "6 months" },
  { when = "at least 2 clicks in 6 months", points = 5 },
  { when = "no open in 3 months", points = -10 },
  { when = "purchase", points = 20 },
]
bands = [ { name = "warm", above = 0 }, { name = "rest" } ]
"#;

const KEPT: &str = "
[retention]
events = '12 months'
keep = ['purchase']
";

/// Two contacts who were mailed each fortnight for two years; one opens all of it, the other has not for a year and a half.
fn rows() -> String {
    let mut rows = String::new();
    let at = |days: i64| (Utc::now() - Duration::days(days)).format("%Y-%m-%dT10:00:00Z");
    for (who, silent) in [("reads", 0), ("silent", 550)] {
        let mut event = |kind: &str, days: i64, campaign: i64| {
            rows.push_str(&format!(
                "{{\"email\":\"{who}@example.nl\",\"kind\":\"{kind}\",\"at\":\"{}\",\"campaign\":\"c{campaign}\",\"tracked\":true}}\n",
                at(days)
            ));
        };
        for fortnight in 1..52 {
            let days = fortnight * 14;
            event("send", days, fortnight);
            if days > silent {
                event("open", days - 1, fortnight);
            }
        }
        event("purchase", 700, 0);
    }
    rows
}

fn shown(program: &Program) -> [i64; 2] {
    ["reads", "silent"].map(|who| {
        let explained = program.json(&["explain", &format!("{who}@example.nl")]);
        explained["scores"][0]["shown"].as_i64().unwrap()
    })
}

fn events(program: &Program) -> i64 {
    program.json(&["status"])["events"].as_i64().unwrap()
}

#[test]
fn what_is_older_than_it_is_kept_goes_with_the_daily_run_and_no_score_changes() {
    let program = Program::with(RULES);
    program.file("rows.jsonl", &rows());
    program.expect(0, &["import", "rows.jsonl"]);
    program.expect(0, &["score"]);
    let before = shown(&program);
    assert!(before[0] > 30 && before[1] == 10, "{before:?}");
    let all = events(&program);
    let kept = program.expect(0, &["retention"]);
    assert!(kept.out.contains("kept for ever"), "{}", kept.out);

    // Too short for the rules: refused, with both places.
    program.file(
        "engaged.toml",
        &format!("{RULES}{}", KEPT.replace("12", "6")),
    );
    let refused = program.expect(2, &["check"]);
    assert!(refused.err.contains("E0116"), "{}", refused.err);
    program.file("engaged.toml", &format!("{RULES}{KEPT}"));
    program.expect(0, &["check"]);

    let plan = program.json(&["retention"]);
    let goes = plan["deletes"].as_i64().unwrap();
    assert!(goes > 60, "{plan}");
    assert_eq!(events(&program), all, "showing it deletes nothing");
    assert_eq!(plan["waits"], true);
    // What is gone does not come back: the first time it takes a word.
    program.expect(0, &["once"]);
    assert_eq!(events(&program), all);
    let told = program.expect(0, &["status"]).out;
    assert!(
        told.contains("wait to be deleted: see `engaged retention`"),
        "{told}"
    );
    let word = program.expect(0, &["retention", "--delete"]);
    assert!(word.out.contains("with the next daily run"), "{}", word.out);
    assert_eq!(events(&program), all, "the word itself deletes nothing");
    program.expect(0, &["once"]);
    assert_eq!(events(&program), all - goes);
    assert_eq!(program.json(&["retention"])["deletes"], 0);
    let explained = program.expect(0, &["explain", "reads@example.nl"]).out;
    assert!(explained.contains("were deleted"), "{explained}");
    let told = program.expect(0, &["status"]).out;
    let line = format!("{goes} events of 2 contacts, older than [retention] keeps them");
    assert!(told.contains(&line), "{told}");
    assert_eq!(shown(&program), before);
    program.expect(0, &["score", "--full"]);
    assert_eq!(shown(&program), before);
    program.expect(0, &["verify"]);

    // The whole file once more brings nothing back.
    let again = program.json(&["import", "rows.jsonl"]);
    assert_eq!(
        (&again["events"], &again["outdated"]),
        (&0.into(), &goes.into())
    );
    program.expect(0, &["score"]);
    assert_eq!(shown(&program), before);
    program.expect(0, &["verify"]);
}
