//! Each warning of the linter, by a configuration that earns it and a twin that does not.

use super::person::{load, own, text};

/// What the linter says about a configuration, and the words it underlines.
fn told(rules: &str) -> Vec<(String, String)> {
    let config = load(&text(&[], rules)).unwrap();
    let warnings = config.warnings.iter().map(|warning| {
        assert_eq!(warning.code, "E0250");
        let place = warning.place.as_ref().unwrap();
        let words = place.text[place.span.clone()].to_owned();
        (warning.message.clone(), words)
    });
    warnings.collect()
}

fn assert_told(doubtful: &str, message: &str, words: &str, twin: &str) {
    assert_eq!(told(doubtful), [(message.to_owned(), words.to_owned())]);
    assert_eq!(told(twin), [], "the twin");
    assert_ne!(own(doubtful).rules_hash, own(twin).rules_hash);
}

#[test]
fn a_class_that_is_never_reached() {
    assert_told(
        "[links]\nTOFU = ['/blog/*']\nBOFU = ['/blog/demo*']",
        "no link is ever `BOFU`",
        "BOFU",
        "[links]\nTOFU = ['/blog/*']\nBOFU = ['/demo*']",
    );
    assert_told(
        "[links]\nBOFU = []",
        "no link is ever `BOFU`",
        "BOFU",
        "[links]\nBOFU = ['/demo*']",
    );
}

#[test]
fn fu_04_a_class_that_loses_links_to_an_earlier_one() {
    assert_told(
        "[links]\nTOFU = ['/blog/*']\nBOFU = ['*demo*']",
        "`/blog/*` of the earlier class `TOFU` takes links of `*demo*`",
        "'*demo*'",
        "[links]\nTOFU = ['/blog/*']\nBOFU = ['/demo*']",
    );
}

#[test]
fn a_rule_that_shares_events_with_another() {
    assert_told(
        "[scores.s]\nrules = [{ when = \"page visit on '/shop/*'\", points = 1 }, { when = \"page visit on '*/checkout'\", points = 5 }]",
        "an event can earn the points of this rule and of `page visit on '/shop/*'`",
        "\"page visit on '*/checkout'\"",
        "[scores.s]\nrules = [{ when = \"page visit on '/shop/*'\", points = 1 }, { when = \"page visit on '/checkout'\", points = 5 }]",
    );
}

#[test]
fn a_step_away_that_is_rewarded() {
    for away in [
        "unsubscribe",
        "bounce",
        "hard bounce",
        "soft bounce",
        "complaint",
        "refund",
        "unlike",
        "unfollow",
    ] {
        assert_told(
            &format!("[scores.s]\nrules = [{{ when = '{away}', points = 5 }}]"),
            &format!("`{away}` earns points, though it is a step away"),
            &format!("'{away}'"),
            &format!("[scores.s]\nrules = [{{ when = '{away}', points = -5 }}]"),
        );
    }
}

#[test]
fn a_band_that_nobody_can_be_in() {
    let bands = |top: i64| {
        format!(
            "[scores.s]\nrules = [{{ when = 'field a is known', points = 30 }}, {{ when = 'field b is known', points = 15 }}]\n\
             bands = [{{ name = 'A', from = {top} }}, {{ name = 'B' }}]"
        )
    };
    assert_told(
        &bands(46),
        "nobody can be in band `A`: the rules give no more than 45 points",
        "'A'",
        &bands(45),
    );
    let order = |one: i64, other: i64| {
        format!(
            "[scores.s]\nrules = [{{ when = 'click', points = 5 }}]\n\
             bands = [{{ name = 'A', from = {one} }}, {{ name = 'B', from = {other} }}, {{ name = 'C' }}]"
        )
    };
    assert_told(
        &order(1, 10),
        "nobody can be in band `B`: `A` above it takes all its points",
        "'B'",
        // Nothing is below zero, but nobody minds a last band.
        &order(10, 1),
    );
}

#[test]
fn points_that_are_in_no_band() {
    let bands = |last: &str| {
        format!(
            "[scores.s]\nrules = [{{ when = 'click', points = 5 }}, {{ when = 'bounce', points = -5 }}]\nbands = [{{ name = 'A', from = 0 }}{last}]"
        )
    };
    assert_told(
        &bands(""),
        "there is no last band for the rest of the points",
        "bands",
        &bands(", { name = 'B' }"),
    );
}

#[test]
fn a_rule_worth_more_than_half_of_all_points() {
    let rules = |points: &str| {
        format!(
            "[scores.s]\nrules = [{{ when = 'field a is known', points = {points} }}, {{ when = 'field b is known', points = 10 }}, {{ when = 'field c is known', points = 10 }}]"
        )
    };
    assert_told(
        &rules("20.001"),
        "this rule is worth 20.001 of all 40.001 points that can be had",
        "'field a is known'",
        &rules("20"),
    );
}
