//! Texts, globs and tests on texts.

use std::cmp::Ordering;

use chrono::NaiveDate;
use engaged::rules::{
    fake::{self, Written},
    syntax::{Cmp, Decimal, Ordered, Test, Value},
};
use unicode_normalization::UnicodeNormalization as _;

use super::Kleene;

/// A text without case, after NFC.
fn plain(text: &str) -> String {
    text.nfc().collect::<String>().to_lowercase()
}

pub(super) fn same(left: &str, right: &str) -> bool {
    plain(left) == plain(right)
}

/// Whether a glob matches a whole text.
pub(super) fn glob(glob: &str, text: &str) -> bool {
    let glob: Vec<char> = plain(glob).chars().collect();
    let text: Vec<char> = plain(text).chars().collect();
    matches(&glob, &text)
}

fn matches(glob: &[char], text: &[char]) -> bool {
    match glob {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|skip| matches(rest, &text[skip..])),
        ['?', rest @ ..] => !text.is_empty() && matches(rest, &text[1..]),
        [c, rest @ ..] => text.first() == Some(c) && matches(rest, &text[1..]),
    }
}

/// A URL without its fragment.
pub(super) fn page(url: &str) -> &str {
    url.split('#').next().unwrap_or("")
}

/// A glob that begins with `/` is over the path, any other over the whole URL; the fragment is dropped.
pub(super) fn url_glob(pattern: &str, url: &str) -> bool {
    let url = page(url);
    if !pattern.starts_with('/') {
        return glob(pattern, url);
    }
    let host_and_path = url.split("://").nth(1).unwrap_or(url);
    let path = host_and_path
        .find('/')
        .map_or("/", |at| &host_and_path[at..]);
    glob(pattern, path) || glob(pattern, path.split('?').next().unwrap_or(""))
}

/// An amount in hundredths against a number.
pub(super) fn compare_cents(cents: i64, number: Decimal) -> Ordering {
    let (mantissa, scale) = number.parts();
    let left = i128::from(cents) * 10_i128.pow(u32::from(scale));
    left.cmp(&(i128::from(mantissa) * 100))
}

/// A test on a text that may be missing.
pub(super) fn test(test: &Test, text: Option<&str>, written: Written) -> Kleene {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    if let Test::Known(known) = test {
        return Some(text.is_some() == *known);
    }
    let text = text?;
    match test {
        Test::Compare(cmp, Ordered::Number(number)) => {
            Some(compare(*cmp, Decimal::parse(text)?, *number))
        }
        Test::Compare(cmp, Ordered::Date(date)) => Some(compare(*cmp, day(text)?, *date)),
        Test::OneOf { negated, values } => {
            let mut found = Some(false);
            for value in values {
                found = super::conditions::or(found, equals(value, text));
            }
            found.map(|found| found != *negated)
        }
        Test::Contains(part) => Some(plain(text).contains(&plain(part))),
        Test::StartsWith(part) => Some(plain(text).starts_with(&plain(part))),
        Test::EndsWith(part) => Some(plain(text).ends_with(&plain(part))),
        Test::Matches(pattern) => {
            let pattern = regex::Regex::new(&format!("(?i){pattern}")).expect("a regex");
            Some(pattern.is_match(text))
        }
        Test::Known(_) => unreachable!("answered above"),
        Test::Lowercase { negated } => {
            let cased = text.chars().any(|c| c.is_lowercase() || c.is_uppercase());
            let lower = cased && !text.chars().any(char::is_uppercase);
            Some(lower != *negated)
        }
        // What looks fake is a word list, not scoring; it has tests of its own.
        Test::LooksFake => Some(fake::fake_sign(written, text).is_some()),
    }
}

fn equals(value: &Value, text: &str) -> Kleene {
    match value {
        Value::Text(value) => Some(same(value, text)),
        Value::Number(number) => Some(Decimal::parse(text)? == *number),
        Value::Date(date) => Some(day(text)? == *date),
        Value::Truth(truth) => match plain(text).as_str() {
            "true" => Some(*truth),
            "false" => Some(!*truth),
            _ => None,
        },
    }
}

fn day(text: &str) -> Option<NaiveDate> {
    (text.len() == 10).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())?
}

/// `left cmp right`.
pub(super) fn compare<T: PartialOrd + Copy>(cmp: Cmp, left: T, right: T) -> bool {
    match cmp {
        Cmp::Greater => left > right,
        Cmp::GreaterOrEqual => left >= right,
        Cmp::Less => left < right,
        Cmp::LessOrEqual => left <= right,
        Cmp::Equal => left == right,
        Cmp::NotEqual => left != right,
    }
}
