//! Each pack through the shipped program: chosen with `extends`, checked, filled by an import, explained.

use engaged::{config::packs, rule_tests};
use serde_json::{Value, json};

use super::person::{JAN, Person, load, pack, text};
use crate::program::Program;

/// What `explain` says about a person on 15 June 2026.
fn explained(packs: &[&str], person: &Person) -> Value {
    let program = Program::with(&text(packs, ""));
    program.json(&["check"]);
    program.file("jan.jsonl", &person.jsonl());
    program.expect(0, &["import", "jan.jsonl"]);
    program.json(&["score"]);
    assert_eq!(program.json(&["verify"])["different"], 0);
    program.json(&["explain", JAN, "--as-of", "2026-06-15"])
}

fn score<'a>(explained: &'a Value, name: &str) -> &'a Value {
    let scores = explained["scores"].as_array().unwrap().iter();
    scores.clone().find(|score| score["name"] == name).unwrap()
}

/// The rules that give or take anything, with their points.
fn lines(explained: &Value, name: &str) -> Vec<(String, i64)> {
    let rules = score(explained, name)["rules"].as_array().unwrap().iter();
    rules
        .map(|rule| {
            (
                rule["when"].as_str().unwrap().to_owned(),
                rule["points"].as_i64().unwrap(),
            )
        })
        .filter(|(_, points)| *points != 0)
        .collect()
}

fn line(when: &str, points: i64) -> (String, i64) {
    (when.to_owned(), points)
}

#[test]
fn the_funnel_makes_a_lead_for_sales() {
    let person = ["/demo", "/pricing", "/demo/book"]
        .iter()
        .fold(Person::new(), |person, link| {
            person.clicked(
                "n23",
                &format!("https://www.bedrijf.example{link}"),
                "2026-06-08",
            )
        });
    let person = person
        .field("role", "decision maker")
        .field("employees", "80")
        .field("country", "NL");
    let told = explained(&["funnel-2-4-20"], &person);
    assert_eq!(
        lines(&told, "engagement"),
        [line("click tagged 'BOFU'", 60)]
    );
    assert_eq!(
        (&score(&told, "fit")["shown"], &score(&told, "fit")["band"]),
        (&json!(85), &json!("A"))
    );
    assert_eq!(
        (&score(&told, "engagement")["band"], &told["stage"]),
        (&json!("2"), &json!("SQL"))
    );
}

#[test]
fn mailblue_knows_its_ambassadors() {
    let person = (1..=9).fold(Person::new().field("country", "NL"), |person, number| {
        person.opened(&format!("n{number}"), &format!("2026-06-0{number}"))
    });
    let person = person.visited("https://www.bedrijf.example/pricing", "2026-06-10");
    let told = explained(&["mailblue"], &person);
    // 20 + 10 + 9 x 5.
    assert_eq!(
        (&score(&told, "engagement")["shown"], &told["segments"]),
        (&json!(75), &json!(["ambassadors"]))
    );
    assert_eq!(told["next"][0]["on"], "2026-07-01");
}

#[test]
fn a_lead_of_a_company_is_cold_warm_or_hot() {
    let person = Person::new()
        .did("download", "2026-06-08", json!({}))
        .did("webinar", "2026-06-09", json!({}))
        .did(
            "form_submit",
            "2026-06-10",
            json!({ "url": "https://www.bedrijf.example/contact" }),
        )
        .did(
            "form_submit",
            "2026-06-11",
            json!({ "url": "https://www.bedrijf.example/quote" }),
        );
    let told = explained(&["b2b-0-100"], &person);
    assert_eq!(
        lines(&told, "engagement"),
        [
            line("download", 5),
            line("webinar", 10),
            line("form submit tagged 'contact'", 20),
            line("form submit tagged 'quote'", 30)
        ]
    );
    assert_eq!(
        (&score(&told, "engagement")["band"], &told["stage"]),
        (&json!("hot"), &json!("SQL"))
    );
    let rules = score(&told, "fit")["rules"].as_array().unwrap();
    let budget = rules
        .iter()
        .find(|rule| rule["when"] == "field budget >= 10000")
        .unwrap();
    assert!(
        budget["unknown"].as_str().unwrap().contains("budget"),
        "{budget}"
    );
}

#[test]
fn a_shop_with_its_hygiene_says_who_sleeps() {
    let person = Person::new().mailed().opened("old", "2025-12-01");
    let told = explained(&["copernica-shop", "list-hygiene"], &person);
    assert_eq!(
        lines(&told, "engagement"),
        [
            line("open", 1),
            line("no open in 3 months", -10),
            line("no click in 6 months", -15)
        ]
    );
    assert_eq!(told["segments"], json!(["sleeping", "win-back"]));
}

#[test]
fn packs_that_do_not_go_together_are_refused_with_the_next_step() {
    let program = Program::with(&text(&["mailblue", "b2b-0-100"], ""));
    let run = program.expect(2, &["check"]);
    for words in [
        "pack mailblue and pack b2b-0-100 both define links.pricing, scores.engagement",
        "choose one of the two",
    ] {
        assert!(run.err.contains(words), "{}", run.err);
    }
    assert!(
        !program.path().join("engaged.db").exists(),
        "no database was made"
    );
}

#[test]
fn the_tests_that_a_pack_brings_hold_and_are_nobody_elses() {
    for name in packs::names() {
        let whole = format!(
            "timezone = \"Europe/Amsterdam\"\n{}",
            packs::text(name).unwrap()
        );
        let own = load(&whole).unwrap();
        assert!(own.tests.len() >= 3, "{name}");
        let failures = rule_tests::run(&own.rules, &own.tests);
        assert_eq!(failures.len(), 0, "{name}: {failures:#?}");
        // By the same rules, and without the tests, whoever extends it.
        let extended = pack(name);
        assert_eq!(
            (extended.rules_hash, extended.tests.len()),
            (own.rules_hash, 0)
        );
    }
}
