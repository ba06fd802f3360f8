//! The acceptance cases, as far as scoring alone is concerned: no store, no import, no command line.

use std::{collections::BTreeMap, fs, path::Path};

use chrono::{DateTime, Days, NaiveDate};
use chrono_tz::Tz;
use engaged::score::{
    calendar::Day,
    evaluate::evaluate,
    facts::{ConnectionId, Coverage, Fact, Facts, Hole, KindId, TextId, Vocabulary},
    model::Model,
};
use engaged_connectors::model::{Address, EventKind, Verdict};
use serde_json::Value;

use super::{
    compare::engine,
    oracle::{Oracle, Outcome, Why},
    shop,
};

/// The one connection that an import is.
const IMPORT: ConnectionId = ConnectionId(1);

/// One folder of cases.
struct Folder {
    vocabulary: Vocabulary,
    contacts: BTreeMap<String, Facts>,
    coverage: Coverage,
    expected: Vec<Value>,
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("a file of cases");
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect()
}

fn instant(value: &Value) -> i64 {
    let text = value.as_str().expect("an instant");
    let instant = DateTime::parse_from_rfc3339(text).expect("an instant");
    instant.timestamp_millis()
}

fn number(texts: &mut Vec<String>, value: &Value) -> TextId {
    let Some(text) = value.as_str() else {
        return TextId::NONE;
    };
    let known = texts.iter().position(|each| each == text);
    let index = known.unwrap_or_else(|| {
        texts.push(text.to_owned());
        texts.len() - 1
    });
    TextId(u32::try_from(index).expect("few texts"))
}

/// `260.00` in hundredths.
fn cents(value: &Value) -> Option<i64> {
    let digits = value.as_str()?.replace('.', "");
    Some(digits.parse().expect("an amount with two places"))
}

fn kind(value: &Value) -> KindId {
    let name = value.as_str().expect("a kind");
    let kind = EventKind::built_in(name).expect("a known kind");
    KindId::built_in(&kind).expect("a built-in kind")
}

impl Folder {
    fn read(path: &Path) -> Self {
        let empty = || vec![String::new()];
        let mut folder = Self {
            vocabulary: Vocabulary {
                campaigns: vec![(String::new(), String::new())],
                urls: empty(),
                items: empty(),
                currencies: empty(),
                connections: vec![(IMPORT, "import".to_owned())],
                ..Vocabulary::default()
            },
            contacts: BTreeMap::new(),
            coverage: Coverage::default(),
            expected: lines(&path.join("expected.jsonl")),
        };
        for line in lines(&path.join("contacts.jsonl")) {
            let email = line["email"].as_str().expect("an address");
            let at = instant(&line["subscribed_at"]);
            let facts = Facts {
                subscribed_at: Some(at),
                first_known_at: at,
                address: Address::parse(email),
                connections: vec![IMPORT],
                ..Facts::default()
            };
            folder.contacts.insert(email.to_owned(), facts);
        }
        for (id, line) in (1..).zip(lines(&path.join("events.jsonl"))) {
            if line["gap"].is_object() {
                folder.gap(&line["gap"]);
            } else {
                folder.event(id, &line);
            }
        }
        for facts in folder.contacts.values_mut() {
            facts
                .events
                .sort_by_key(|event| (event.at, event.connection, event.id));
        }
        folder
    }

    fn gap(&mut self, gap: &Value) {
        let day = |value: &Value| {
            let text = value.as_str().expect("a date");
            Day::parse(text).expect("a date")
        };
        let hole = Hole {
            from: day(&gap["from"]),
            to: day(&gap["to"]),
        };
        for of in gap["kinds"].as_array().expect("kinds") {
            let hole = (IMPORT, Some(kind(of)), vec![hole]);
            self.coverage.holes.push(hole);
        }
    }

    fn event(&mut self, id: i64, line: &Value) {
        let words = &mut self.vocabulary;
        let mut campaigns: Vec<String> =
            words.campaigns.iter().map(|each| each.0.clone()).collect();
        let campaign = number(&mut campaigns, &line["campaign"]);
        words.campaigns = campaigns
            .into_iter()
            .map(|id| (id, String::new()))
            .collect();
        let url = if line["link"].is_string() {
            "link"
        } else {
            "url"
        };
        let verdict = match line["verdict"].as_str() {
            None => Verdict::Unknown,
            Some("human") => Verdict::Human,
            Some("privacy_proxy") => Verdict::PrivacyProxy,
            Some("scanner") => Verdict::Scanner,
            Some(other) => panic!("{other} is no verdict"),
        };
        let fact = Fact {
            id,
            at: instant(&line["at"]),
            kind: kind(&line["kind"]),
            connection: IMPORT,
            verdict,
            campaign,
            url: number(&mut words.urls, &line[url]),
            item: number(&mut words.items, &line["item"]),
            quantity: line["quantity"]
                .as_u64()
                .map_or(1, |number| u32::try_from(number).expect("few")),
            value: cents(&line["value"]),
            currency: number(&mut words.currencies, &line["currency"]),
            order: TextId::NONE,
            tracked: line["tracked"].as_bool().unwrap_or(false),
            has_properties: false,
        };
        let email = line["email"].as_str().expect("an address");
        let contact = self.contacts.get_mut(email).expect("a contact");
        contact.events.push(fact);
    }
}

/// What a case expects, against what a scorer says; the first difference.
fn difference(expected: &Value, outcome: &Outcome, bands: &[&str]) -> Option<String> {
    let score = &outcome.scores[0];
    let band = score.band.map(|band| bands[band]);
    let mut points = BTreeMap::new();
    for ((earned, _), name) in score.rules.iter().zip(shop::NAMES) {
        if *earned != 0 {
            points.insert(name, Value::from(earned / 1000));
        }
    }
    let said = [
        ("score", Value::from(score.shown), &expected["score"]),
        ("band", Value::from(band), &expected["band"]),
        (
            "rules",
            serde_json::to_value(points).expect("plain"),
            &expected["rules"],
        ),
    ];
    for (what, is, wanted) in said {
        if is != *wanted {
            return Some(format!("{what} is {is}, expected {wanted}"));
        }
    }
    for (name, wanted) in expected["absence"].as_object().expect("absences") {
        let rule = match name.as_str() {
            "open" => "no open 3m",
            "click" => "no click 6m",
            other => other,
        };
        let index = shop::NAMES.iter().position(|name| *name == rule);
        let is = word(score.rules[index.expect("a rule of the shop")].1[0]);
        if is != *wanted {
            return Some(format!("{name} is {is}, expected {wanted}"));
        }
    }
    None
}

fn word(why: Why) -> String {
    let epoch = NaiveDate::default();
    match why {
        Why::NeverCustomer => "never_customer".to_owned(),
        Why::Present => "present".to_owned(),
        Why::NoTracking => "no_tracking".to_owned(),
        Why::TooNew => "too_new".to_owned(),
        Why::NotTracked => "not_tracked".to_owned(),
        Why::NotMailed => "not_mailed".to_owned(),
        Why::TooFewSends => "too_few_sends".to_owned(),
        Why::CoverageGap => "coverage_gap".to_owned(),
        Why::Unmeasurable => "unmeasurable".to_owned(),
        Why::Absent => "absent".to_owned(),
        Why::AbsentSince(day) => {
            let days = Days::new(day.unsigned_abs().into());
            format!("absent since {}", epoch + days)
        }
    }
}

#[test]
fn the_acceptance_cases_come_out_as_expected() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/acceptance/cases");
    let Ok(folders) = fs::read_dir(&cases) else {
        println!(
            "skipped: the acceptance cases are not beside the checkout (../shared/acceptance)"
        );
        return;
    };
    let mut compared = 0;
    for folder in folders {
        let path = folder.expect("a folder").path();
        let guards = path.file_name().is_none_or(|name| name != "literal");
        let rules = shop::rules(Tz::Europe__Amsterdam, guards);
        let folder = Folder::read(&path);
        let model = Model::new(&rules, &folder.vocabulary);
        let bands: Vec<&str> = (rules.scores[0].bands.iter())
            .map(|band| band.name.as_str())
            .collect();
        for expected in &folder.expected {
            let facts = &folder.contacts[expected["email"].as_str().expect("an address")];
            let as_of = expected["as_of"].as_str().and_then(Day::parse);
            let as_of = as_of.expect("a date");
            let oracle = Oracle::new(&rules, &folder.vocabulary, facts, &folder.coverage);
            let ours = difference(expected, &oracle.evaluate(as_of.0), &bands);
            assert_eq!(ours, None, "the oracle on {}", expected["id"]);
            let evaluation = evaluate(&model, facts, &folder.coverage, as_of);
            let theirs = difference(expected, &engine(&evaluation), &bands);
            assert_eq!(theirs, None, "the engine on {}", expected["id"]);
            compared += 1;
        }
    }
    assert!(compared > 0, "no case was found");
}
