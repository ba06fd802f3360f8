use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use fluent_bundle::FluentResource;

use super::*;

/// The messages of a file, each with the names of what is put into it; broken files end the test.
fn messages(file: &str, text: &str) -> BTreeMap<String, BTreeSet<String>> {
    if let Err((_, errors)) = FluentResource::try_new(text.to_owned()) {
        panic!("{file}: {errors:?}");
    }
    let argument = regex::Regex::new(r"\$([a-z_]+)").unwrap();
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut key = String::new();
    for line in text.lines() {
        if let Some((name, _)) = line.split_once(" =").filter(|(name, _)| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        }) {
            key = name.to_owned();
            assert!(
                all.insert(key.clone(), BTreeSet::new()).is_none(),
                "{file}: {key} twice"
            );
        }
        for found in argument.captures_iter(line) {
            all.entry(key.clone())
                .or_default()
                .insert(found[1].to_owned());
        }
    }
    all
}

fn all(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for (name, english, dutch) in PAGES {
        let text = if language == Language::English {
            english
        } else {
            dutch
        };
        for (key, arguments) in messages(name, text) {
            assert!(
                all.insert(key.clone(), arguments).is_none(),
                "{key} stands in two files"
            );
        }
    }
    all
}

#[test]
fn both_languages_say_the_same_things() {
    let (english, dutch) = (all(Language::English), all(Language::Dutch));
    assert!(english.len() > 50, "{}", english.len());
    for (key, arguments) in &english {
        assert_eq!(Some(arguments), dutch.get(key), "{key}");
    }
    for key in dutch.keys() {
        assert!(english.contains_key(key), "{key} is Dutch only");
    }
}

/// Every file of Rust under a folder, without its tests.
fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).unwrap();
            *found += text.split("#[cfg(test)]\nmod ").next().unwrap();
        }
    }
}

#[test]
fn every_key_that_is_said_is_there_and_every_key_that_is_there_is_said() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut text = fs::read_to_string(root.join("text.rs")).unwrap();
    sources(&root.join("web"), &mut text);
    // What accounts find wrong is said by name.
    sources(&root.join("account"), &mut text);
    let said = regex::Regex::new(r#"(?:\.t\(|\.with\(|\bkey\(|=>)\s*"([a-z0-9]+(?:-[a-z0-9]+)*)""#)
        .unwrap();
    let used: BTreeSet<&str> = said
        .captures_iter(&text)
        .map(|found| found.get(1).unwrap().as_str())
        .collect();
    let there = all(Language::English);
    let call = regex::Regex::new(r#"(?:\.t\(|\.with\(|\bkey\()\s*"([^"]*)""#).unwrap();
    for found in call.captures_iter(&text) {
        assert!(
            there.contains_key(&found[1]),
            "'{}' is said and not there",
            &found[1]
        );
    }
    let unused: Vec<&String> = there
        .keys()
        .filter(|key| !used.contains(key.as_str()))
        .collect();
    assert!(unused.is_empty(), "nobody says {unused:?}");
}

#[test]
fn numbers_dates_and_plurals_are_those_of_the_language() {
    let nl = Say::new(Language::Dutch, chrono_tz::Europe::Amsterdam);
    let en = Say::new(Language::English, chrono_tz::Europe::Amsterdam);
    assert_eq!(nl.n(1_234_567), "1.234.567");
    assert_eq!(en.n(-1_234), "-1,234");
    assert_eq!(
        nl.with("contacts-number", [("n", 1_i64.into())]),
        "1 contact"
    );
    assert_eq!(
        nl.with("contacts-number", [("n", 12_345_i64.into())]),
        "12.345 contacten"
    );
    assert_eq!(
        en.with("contacts-number", [("n", 0_i64.into())]),
        "0 contacts"
    );
    assert_eq!(nl.percent(0.1234), "12,3 %");
    let at = DateTime::parse_from_rfc3339("2026-11-22T12:40:00Z")
        .unwrap()
        .to_utc();
    assert_eq!(nl.time(at), "22 nov. 2026 13:40");
    assert_eq!(en.day(nl.local_day(at.timestamp_millis())), "22 Nov 2026");
    assert_eq!(nl.ago(at, at + chrono::TimeDelta::minutes(125)), "2 uur");
    assert_eq!(en.ago(at, at + chrono::TimeDelta::minutes(1)), "1 minute");
}

#[test]
fn what_comes_from_elsewhere_commands_nothing_and_turns_nothing() {
    assert_eq!(
        inert("a\u{1b}[2J\u{202e}b\u{2066}"),
        "a\u{fffd}[2J\u{fffd}b\u{fffd}"
    );
    let en = Say::new(Language::English, chrono_tz::UTC);
    let said = en.with("managed-by", [("file", "\u{202e}lmot.x".into())]);
    assert_eq!(said, "Managed by \u{fffd}lmot.x");
}
