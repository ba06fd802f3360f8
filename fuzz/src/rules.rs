//! The rule language: what is read is printed, and what is printed is read as the same.

use std::fmt::{Debug, Display};

use engaged::rules::{
    Context, KnownScore, SyntaxError, parse_condition, parse_rule, parse_span, reserved,
};

/// The longest text that the parser takes; the canonical form of a shorter one may be longer.
const LENGTH_MAX: usize = 8192;

/// Reads a text as a rule, a condition and a span: with any names, and with names that are known.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let words = |words: &[&str]| -> Vec<String> { words.iter().map(|&w| w.into()).collect() };
    let kinds = words(&["demo_request", "open_day"]);
    let (segments, lists) = (words(&["hot", "cold"]), words(&["Newsletter"]));
    let (connections, classes) = (words(&["shop"]), words(&["pricing"]));
    let scores = [KnownScore {
        name: "engagement".into(),
        bands: words(&["ambassador", "engaged", "not engaged"]),
    }];
    let any = Context {
        kinds: &kinds,
        ..Context::default()
    };
    let known = Context {
        kinds: &kinds,
        scores: Some(&scores),
        segments: Some(&segments),
        lists: Some(&lists),
        connections: Some(&connections),
        classes: Some(&classes),
    };
    for context in [any, known] {
        same(text, |text| parse_rule(text, &context));
        same(text, |text| parse_condition(text, &context));
    }
    same(text, parse_span);
    let _ = reserved(text, &kinds);
}

/// Asserts that a tree survives being printed, and that mistakes stand where they can be shown.
fn same<T: Debug + Display + PartialEq>(
    text: &str,
    parse: impl Fn(&str) -> Result<T, Vec<SyntaxError>>,
) {
    let tree = match parse(text) {
        Ok(tree) => tree,
        Err(mistakes) => return shown(text, &mistakes),
    };
    let printed = tree.to_string();
    if printed.len() > LENGTH_MAX {
        return;
    }
    match parse(&printed) {
        Ok(again) => {
            assert_eq!(again, tree, "{text:?} was printed as {printed:?}");
            assert_eq!(again.to_string(), printed, "printed twice");
        }
        Err(mistakes) => panic!("{text:?} was printed as {printed:?}: {mistakes:?}"),
    }
}

fn shown(text: &str, mistakes: &[SyntaxError]) {
    assert!(!mistakes.is_empty(), "refused without a reason");
    for mistake in mistakes {
        let span = mistake.span.clone();
        assert!(text.get(span).is_some(), "{mistake:?} lies outside");
        assert!(!mistake.message.is_empty());
    }
}
