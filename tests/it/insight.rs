//! `backtest`, `suggest`, and scores by a model, on a made-up history whose cause is known.

use serde_json::{Value, json};

use crate::program::Program;

const CONFIG: &str = r#"
timezone = "Europe/Amsterdam"
[scores.engagement]
rules = [
  { when = "webinar", points = 25, count = "once" },
  { when = "open", points = 1 },
  { when = "purchase", points = 5 },
]
bands = [ { name = "keen", from = 25 }, { name = "rest" } ]
[segments]
keen = "engagement >= 25"
"#;

/// Leads: of the first `with.0`, who were at a webinar, `with.1` buy; of the others too. Bought is
/// in March 2026, two a day; after it each opens a mail, which must not look like its cause.
fn history(with: (u32, u32), without: (u32, u32)) -> String {
    let mut rows = String::new();
    let mut add = |row: Value| rows.push_str(&format!("{row}\n"));
    let mut bought = 0;
    for n in 0..with.0 + without.0 {
        let email = format!("p{n}@example.nl");
        add(json!({"email": email, "subscribed_at": "2024-01-10T10:00:00Z"}));
        let attends = n < with.0;
        if attends {
            add(json!({"email": email, "kind": "webinar", "at": "2026-01-15T10:00:00Z"}));
        }
        let buys = if attends {
            n < with.1
        } else {
            n - with.0 < without.1
        };
        if buys {
            // Spread over the month whoever buys, so that both parts hold both kinds.
            let day = 1 + bought * 7 % 30;
            bought += 1;
            let at = |hour: u32, day: u32| format!("2026-03-{day:02}T{hour:02}:00:00Z");
            add(json!({"email": email, "kind": "purchase", "at": at(10, day), "value": "10.00"}));
            add(json!({"email": email, "kind": "open", "at": at(12, day), "campaign": "thanks"}));
        }
    }
    rows
}

fn imported(config: &str, with: (u32, u32), without: (u32, u32)) -> Program {
    let program = Program::with(config);
    program.file("people.jsonl", &history(with, without));
    program.expect(0, &["import", "people.jsonl"]);
    program
}

/// 40 of 100 with, 20 of 300 without: the reference's table.
fn table() -> Program {
    imported(CONFIG, (100, 40), (300, 20))
}

fn near(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - expected).abs() < 5e-7, "{found} {expected}");
}

#[test]
fn a_backtest_finds_the_known_cause_and_keeps_the_future_out() {
    let program = table();
    let report = program.json(&["backtest"]);
    assert_eq!(report["schema"], 1);
    assert_eq!(report["all"], json!({"cases": 400, "conversions": 60}));
    let left = &report["left_out"];
    assert_eq!(
        (&left["events"], &left["contacts"]),
        (&json!(120), &json!(60))
    );
    let keen = &report["scores"][0]["bands"][0];
    assert_eq!(keen["band"], "keen");
    assert_eq!(
        (&keen["all"]["cases"], &keen["all"]["conversions"]),
        (&json!(100), &json!(40))
    );
    near(&keen["all"]["low"], 0.309_401);
    near(&keen["all"]["lift"], 0.4 / 0.15);
    // Of 60 x 340 pairs 40 x 280 are right, 40 x 60 + 20 x 280 are ties.
    let auc = (11_200.0 + 4_000.0) / 20_400.0;
    near(&report["scores"][0]["all"]["auc"], auc);
    assert_eq!(report["scores"][0]["all"]["threshold"]["from"], 0);
    // Seven in ten conversions, whole days: 21 days of two.
    assert_eq!(report["older"]["conversions"], 42);
    assert_eq!(report["older"]["to"], "2026-03-20");
    assert_eq!(report["newer"]["conversions"], 18);
    let cases = |part: &str| report[part]["cases"].as_u64().unwrap();
    assert_eq!(cases("older") + cases("newer"), 400);
    let text = program.expect(0, &["backtest"]).out;
    for words in [
        "left out: 120 facts dated after the conversion, of 60 contacts",
        "AUC 0.745",
        "40.0 % (30.9 to 49.8)",
        "2.67",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(program.json(&["backtest"]), report, "the same on each run");
}

#[test]
fn rules_that_ask_about_the_conversion_are_warned_of() {
    let program = table();
    let report = program.json(&["backtest", "--conversion", "open"]);
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains("engagement: \\\"open\\\""), "{warnings}");
    assert!(!warnings.contains("webinar"), "{warnings}");
}

#[test]
fn suggested_points_are_those_of_the_table_and_their_draft_can_be_previewed() {
    let program = table();
    let report = program.json(&["suggest"]);
    let facts = report["facts"].as_array().unwrap();
    let webinar = facts.iter().find(|fact| fact["when"] == "any webinar");
    let webinar = webinar.unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!(
        (&webinar["points"], &webinar["cautious"]),
        (&json!(25), &json!(16))
    );
    // All opens came after the purchase, so nobody had one; purchases are the conversion.
    assert!(
        !report.to_string().contains("\"when\":\"any purchase"),
        "{report:#}"
    );
    let few = report["too_few"].as_array().unwrap();
    assert_eq!(
        (&few[0]["when"], &few[0]["cases"]),
        (&json!("any open"), &json!(0))
    );

    program.expect(0, &["suggest", "-o", "draft.toml"]);
    let draft = std::fs::read_to_string(program.path().join("draft.toml")).unwrap();
    assert!(
        draft.contains("{ when = \"any webinar\", points = 25 },"),
        "{draft}"
    );
    assert!(draft.contains("cautious 16"), "{draft}");
    let preview = program.json(&["preview", "draft.toml"]);
    assert_eq!(preview["replaces"], json!(["scores.suggested"]));
    assert_eq!(preview["contacts"], 400);
    program.expect(2, &["suggest", "-o", "draft.toml"]);
    program.expect(0, &["suggest", "-o", "draft.toml", "--force", "--cautious"]);
    let draft = std::fs::read_to_string(program.path().join("draft.toml")).unwrap();
    assert!(
        draft.contains("{ when = \"any webinar\", points = 16 },"),
        "{draft}"
    );
}

/// Writes the model of one fact without penalty.
const FIT: [&str; 7] = [
    "suggest",
    "--fact",
    "any webinar",
    "--l2",
    "0",
    "--model",
    "likely.toml",
];

/// The rules with a score by the model, and what reads it.
fn with_model() -> String {
    format!(
        "{CONFIG}likely = \"likely >= 40\"\n[scores.likely]\nmodel = \"likely.toml\"\nbands = [ {{ name = \"yes\", from = 30 }}, {{ name = \"no\" }} ]\n"
    )
}

fn likely(explained: &Value) -> &Value {
    let scores = explained["scores"].as_array().unwrap();
    scores
        .iter()
        .find(|score| score["name"] == "likely")
        .unwrap()
}

#[test]
fn a_model_is_fitted_tested_on_newer_days_and_written_with_the_same_bits() {
    let program = table();
    let report = program.json(&FIT);
    let model = &report["model"];
    near(&model["intercept"], -2.639_057);
    near(&model["inputs"][0]["coefficient"], 2.233_592);
    near(&model["inputs"][0]["odds_ratio"], 28.0 / 3.0);
    assert_eq!(model["calibrated_on_newer"], true);
    assert!(model["newer_auc"].as_f64().unwrap() > 0.6);
    let tenths = model["calibration"].as_array().unwrap();
    let cases = tenths.iter().map(|tenth| tenth["cases"].as_u64().unwrap());
    assert_eq!(cases.sum::<u64>(), newer_cases(&program));
    let file = program.path().join("likely.toml");
    let written = std::fs::read_to_string(&file).unwrap();
    program.expect(0, &[&FIT[..], &["--force"]].concat());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
}

fn newer_cases(program: &Program) -> u64 {
    program.json(&["backtest"])["newer"]["cases"]
        .as_u64()
        .unwrap()
}

#[test]
fn a_score_by_a_model_is_stored_explained_and_verified_like_any_other() {
    let program = table();
    program.expect(0, &FIT);
    program.file("engaged.toml", &with_model());
    program.expect(0, &["score"]);
    program.expect(0, &["verify"]);
    let yes = program.json(&["explain", "p99@example.nl"]);
    let score = likely(&yes);
    assert_eq!(
        (&score["raw"], &score["shown"], &score["band"]),
        (&json!(40), &json!(40), &json!("yes"))
    );
    let rules = score["rules"].as_array().unwrap().iter();
    let lines: Vec<&Value> = rules.map(|rule| &rule["points"]).collect();
    assert_eq!(lines, [&json!(6.667), &json!(33.333)]);
    assert_eq!(yes["segments"], json!(["keen", "likely"]));
    let no = program.json(&["explain", "p399@example.nl"]);
    let no = likely(&no);
    assert_eq!((&no["shown"], &no["band"]), (&json!(7), &json!("no")));
    for (language, words) in [
        (
            "en",
            [
                "6.667  what everybody begins with",
                "33.333  ever an attended webinar",
            ],
        ),
        ("nl", ["6,667  waar iedereen mee begint", "33,333  "]),
    ] {
        let text = program
            .expect(0, &["explain", "p99@example.nl", "--lang", language])
            .out;
        for words in words {
            assert!(text.contains(words), "{words}: {text}");
        }
    }
    let listed = program.expect(
        0,
        &[
            "contacts",
            "--where",
            "likely is 'yes'",
            "--format",
            "ndjson",
        ],
    );
    assert_eq!(listed.out.lines().count(), 100);
}

#[test]
fn another_model_is_another_set_of_rules_and_what_is_unknown_is_named() {
    let program = table();
    program.expect(0, &FIT);
    program.file("engaged.toml", &with_model());
    let hash = || program.json(&["check"])["rules_hash"].clone();
    let before = hash();
    let file = program.path().join("likely.toml");
    let written = std::fs::read_to_string(&file).unwrap();
    program.file("likely.toml", &written.replace("-2.639", "-2.638"));
    assert_ne!(hash(), before);
    let more = "inputs = [\n { when = \"field role is 'buyer'\", coefficient = 3 },";
    program.file("likely.toml", &written.replace("inputs = [", more));
    assert_ne!(hash(), before);
    let explained = program.json(&["explain", "p99@example.nl"]);
    let score = likely(&explained);
    assert_eq!(score["shown"], 40);
    assert_eq!(score["rules"][1]["unknown"], "field role is not known");
    let text = program.expect(0, &["explain", "p99@example.nl"]).out;
    assert!(
        text.contains("Not judged yet:") && text.contains("role"),
        "{text}"
    );
}

#[test]
fn twenty_conversions_are_refused_a_regression_and_get_the_table() {
    let program = imported(CONFIG, (100, 15), (300, 5));
    let run = program.expect(2, &["suggest", "--model", "likely.toml"]);
    assert!(
        run.err.contains("E0271") && run.err.contains("at least 50"),
        "{}",
        run.err
    );
    assert!(
        run.out.contains("any webinar") && run.out.contains("+10"),
        "{}",
        run.out
    );
    assert!(!program.path().join("likely.toml").exists());
    // Without a regression nothing is refused.
    program.expect(0, &["suggest"]);
}

#[test]
fn what_tells_apart_perfectly_is_said_and_no_model_written() {
    let program = imported(CONFIG, (60, 60), (100, 0));
    let fit = [
        "suggest",
        "--fact",
        "any webinar",
        "--model",
        "m.toml",
        "--l2",
    ];
    let run = program.expect(2, &[&fit[..], &["0"]].concat());
    assert!(
        run.err.contains("E0272") && run.err.contains("any webinar"),
        "{}",
        run.err
    );
    assert!(!program.path().join("m.toml").exists());
    program.expect(0, &[&fit[..], &["1"]].concat());
}

#[test]
fn conditions_that_say_the_same_together_need_a_penalty() {
    let program = table();
    let other = "email matches '^p1[1-9][0-9]@'";
    let either = format!("any webinar or {other}");
    let facts = ["--fact", "any webinar", "--fact", other, "--fact", &either];
    let run = program.expect(2, &[&["suggest", "--l2", "0"], &facts[..]].concat());
    assert!(run.err.contains("E0273"), "{}", run.err);
    program.expect(0, &[&["suggest", "--l2", "1"], &facts[..]].concat());
}

#[test]
fn of_conditions_that_say_the_same_one_is_weighed() {
    let program = table();
    let opposite = [
        &FIT[..],
        &[
            "--fact",
            "not any webinar",
            "--fact",
            "any webinar in 9 years",
        ],
    ]
    .concat();
    let report = program.json(&opposite);
    assert_eq!(report["model"]["inputs"].as_array().unwrap().len(), 1);
    near(&report["model"]["inputs"][0]["coefficient"], 2.233_592);
    let same = ["not any webinar", "any webinar in 9 years"];
    assert_eq!(
        report["model"]["same"],
        json!(same.map(|same| [same, "any webinar"]))
    );
}

#[test]
fn mistyped_words_are_explained_before_anything_is_read() {
    let program = Program::with(CONFIG);
    program.file("there.toml", "");
    for (words, expected) in [
        (&["backtest", "--conversion", "any purchas"][..], "purchase"),
        (
            &["backtest", "--conversion", "no purchase in 3 months"],
            "E0270",
        ),
        (&["backtest", "--within", "ninety days"], "--within"),
        (&["suggest", "--fact", "any opne"], "open"),
        (&["suggest", "--fact", "engagment > 3"], "engagement"),
        (&["suggest", "--l2", "-1"], "--l2"),
        (&["suggest", "--cautious"], "--output"),
        (&["suggest", "-o", "there.toml"], "is there already"),
    ] {
        let run = program.expect(2, words);
        assert!(run.err.contains(expected), "{words:?}: {}", run.err);
    }
    program.file("people.jsonl", &history((1, 0), (1, 0)));
    program.expect(0, &["import", "people.jsonl"]);
    for verb in ["backtest", "suggest"] {
        let run = program.expect(2, &[verb]);
        assert!(run.err.contains("E0274"), "{}", run.err);
    }
}

#[test]
fn a_broken_model_is_explained_in_its_own_file() {
    let config = format!("{CONFIG}[scores.likely]\nmodel = \"likely.toml\"\n");
    let program = Program::with(&config);
    program.file(
        "likely.toml",
        "intercept = nan\ninputs = [ { when = \"any opne\", coefficient = 1e-3 }, { when = \"any open\", coeficient = 1 } ]\n",
    );
    let run = program.expect(2, &["check"]);
    for words in ["likely.toml:1:", "likely.toml:2:", "coefficient", "`open`"] {
        assert!(run.err.contains(words), "{words}: {}", run.err);
    }
}

#[test]
fn what_a_model_gives_changes_by_itself_and_says_why() {
    let program = table();
    program.file(
        "likely.toml",
        "intercept = -2\ninputs = [\n  { when = \"any webinar in 1 year\", coefficient = 2 },\n  { when = \"email domain is 'example.nl'\", coefficient = 1 },\n]\n",
    );
    program.file("engaged.toml", &with_model());
    let on = ["explain", "p99@example.nl", "--as-of", "2026-06-15"];
    let explained = program.json(&on);
    // 100 / (1 + e^2), 100 / (1 + e^0) and 100 / (1 + e^-1), each less the one before.
    let rules = likely(&explained)["rules"].as_array().unwrap();
    let lines: Vec<&Value> = rules.iter().map(|rule| &rule["points"]).collect();
    assert_eq!(lines, [&json!(11.92), &json!(38.08), &json!(23.106)]);
    assert_eq!(likely(&explained)["next_change_on"], "2027-01-15");
    // Without the webinar the address alone lifts from 11.92 to 26.894.
    assert_eq!(explained["next"][0]["raw"], 26.894);
    for (language, words) in [
        (
            "en",
            "8.132 points less, because this weighs otherwise beside the rest",
        ),
        (
            "nl",
            "8,132 punten minder, want dit weegt anders naast de rest",
        ),
    ] {
        let text = program
            .expect(0, &[&on[..], &["--lang", language]].concat())
            .out;
        assert!(text.contains(words), "{text}");
    }
}
