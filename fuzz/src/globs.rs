//! Globs and regular expressions of rules: they end soon, and what covers another matches all that it matches.
//!
//! Lines: a glob, another, a regular expression; the rest is the text that is matched.

use engaged::rules::{
    fake::Written,
    glob::{Glob, fold, page, path},
    syntax::Test,
    text_test::{CompiledTest, holds},
};

/// Compares two globs on a text.
pub fn run(bytes: &[u8]) {
    let Ok(input) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut parts = input.splitn(4, '\n');
    let mut next = || parts.next().unwrap_or_default();
    let (one, other, pattern, text) = (next(), next(), next(), next());
    let (one, other) = (Glob::new(one), Glob::new(other));
    let folded = fold(text);
    assert_eq!(fold(&folded), folded, "folding twice changes nothing");
    let (fits, too) = (one.matches(text), other.matches(text));
    assert_eq!(fits, one.matches_folded(&folded));
    if one.covers(&other) {
        assert!(fits || !too, "{one:?} does not cover {other:?}: {text:?}");
    }
    assert!(one.covers(&one) && one.overlaps(&one));
    assert_eq!(one.overlaps(&other), other.overlaps(&one));
    if fits && too {
        assert!(one.overlaps(&other), "{one:?} and {other:?} share {text:?}");
    }
    assert!(
        page(text).starts_with(path(text)) || path(text) == "/" || page(text).contains(path(text))
    );
    let tests = [
        Test::Matches(pattern.into()),
        Test::Contains(pattern.into()),
        Test::StartsWith(pattern.into()),
        Test::EndsWith(pattern.into()),
        Test::LooksFake,
        Test::Lowercase { negated: false },
    ];
    for test in tests {
        for written in [Written::Text, Written::Address] {
            if let Ok(test) = CompiledTest::new(&test, written) {
                let _ = holds(&test, Some(text));
            }
        }
    }
}
