//! Blots secrets out of a text before any of it can be quoted in a message.
//!
//! Keys belong in files of their own. Whoever wrote one into the configuration
//! gets an error, and that error, or any other on the same line, must not
//! carry the key into a log or a bug report. Lengths in bytes stay the same, so that
//! spans stay true.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::Place;

/// The ways to say where a secret is; their values are no secrets.
const WHEREABOUTS: [&str; 3] = ["file", "env", "credential"];

/// The secrets of a webhook.
const WEBHOOK: [&str; 4] = ["path", "former_path", "secret", "former_secret"];

/// `key = value` and the like, with what may follow the name (`key.file`); also on lines that are not TOML.
#[expect(
    clippy::expect_used,
    reason = "the pattern is a constant; a test compiles it"
)]
static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
    let name = r"(?i)(?:^|[^A-Za-z0-9])(?:(?:api)?key|secret|token|password|passwd|path)";
    let part = r#"["']?(?:(?:\.|__)["']?(\w+)["']?)?[ \t]*=[ \t]*"#;
    let value =
        r#"("""(?s:.*?)(?:"""|\z)|'''(?s:.*?)(?:'''|\z)|"[^"\n]*"?|'[^'\n]*'?|[^{\s"'][^\n]*)"#;
    Regex::new(&format!("{name}{part}{value}")).expect("a constant")
});

/// What the platforms' keys look like: a long run of hexadecimal digits with what hangs on it.
#[expect(
    clippy::expect_used,
    reason = "the pattern is a constant; a test compiles it"
)]
static KEY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b[0-9a-fA-F]{24,}(?:[:-][0-9A-Za-z]+)*\b").expect("a constant"));

/// The text with everything blotted out that looks like a secret.
pub(super) fn text(text: &str) -> String {
    let mut spans: Vec<Range<usize>> = KEY.find_iter(text).map(|found| found.range()).collect();
    for found in ASSIGNMENT.captures_iter(text) {
        let part = found.get(1).map(|part| part.as_str().to_lowercase());
        let says_where = part.is_some_and(|part| WHEREABOUTS.contains(&part.as_str()));
        if let Some(value) = found.get(2).filter(|_| !says_where) {
            spans.push(value.range());
        }
    }
    blot(text, &spans)
}

/// The text with the secrets of a parsed file blotted out: whatever stands at
/// or under `connections.NAME.key`, or a secret of its webhook, and is no whereabouts.
pub(super) fn table(text: &str, root: &DeTable<'_>) -> String {
    let mut spans = Vec::new();
    let connections = root
        .get("connections")
        .and_then(|node| node.get_ref().as_table());
    for connection in connections.into_iter().flat_map(|table| table.values()) {
        let connection = connection.get_ref();
        let webhook = connection.get("webhook").map(toml::Spanned::get_ref);
        let of_webhook = WEBHOOK.into_iter().filter_map(|name| webhook?.get(name));
        for key in connection.get("key").into_iter().chain(of_webhook) {
            if let DeValue::Table(parts) = key.get_ref() {
                for (name, value) in parts {
                    if !WHEREABOUTS.contains(&name.get_ref().as_ref()) {
                        spans.push(value.span());
                    }
                }
            } else {
                spans.push(key.span());
            }
        }
    }
    blot(text, &spans)
}

/// The place with what it underlines blotted out.
pub(super) fn hide(place: &Place) -> Place {
    Place {
        text: blot(&place.text, std::slice::from_ref(&place.span)).into(),
        ..place.clone()
    }
}

/// Every character of the spans but quotes becomes stars, as many as it has bytes; lines stay lines.
fn blot(text: &str, spans: &[Range<usize>]) -> String {
    if spans.is_empty() {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    for (offset, character) in text.char_indices() {
        let hidden = spans.iter().any(|span| span.contains(&offset));
        if hidden && !matches!(character, '"' | '\'' | '\n' | '\r') {
            shown.extend(std::iter::repeat_n('*', character.len_utf8()));
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_blotted_out_wherever_it_was_typed() {
        for line in [
            "key = \"s3cr3t\"",
            "webhook.former_path = \"s3cr3t\"",
            "webhook = { path = \"s3cr3t\", secret = s3cr3t",
            "key = 's3cr3t",
            "key = s3cr3t",
            "push.api_token=\"s3cr3t\" # mine",
            "a = { key = 's3cr3t' }",
            "key = \"\"\"\ns3cr3t\n\"\"\"",
            "ENGAGED__CONNECTIONS__A__KEY=s3cr3t",
            "ENGAGED__CONNECTIONS__A__KEY__VALUE=s3cr3t",
            "key.value = \"s3cr3t\"",
            "x = 1 # the api_key = s3cr3t",
            "file = \"0123456789abcdef0123456789abcdef-us21\"",
        ] {
            let shown = text(line);
            assert!(
                !shown.contains("s3cr3t") && !shown.contains("cdef"),
                "{shown}"
            );
            assert_eq!(shown.len(), line.len());
        }
    }

    #[test]
    fn the_whereabouts_of_a_secret_and_other_words_stay_readable() {
        for line in [
            "turkey = \"no open in 3 months\"",
            "key-accounts = \"no open in 3 months\"",
            "key = { file = \"secrets/mailchimp\" }",
            "key.env = \"MAILCHIMP_KEY\"",
            "ENGAGED__CONNECTIONS__A__KEY__FILE=secrets/a",
        ] {
            assert_eq!(text(line), line);
        }
    }

    #[test]
    fn a_secret_in_a_table_of_its_own_is_blotted_out() {
        let file = "[connections.a.key]\nvalue = \"s3cr3t\"\nfile = \"x\"\n";
        let root = DeTable::parse(file).unwrap();
        assert_eq!(
            table(file, root.get_ref()),
            "[connections.a.key]\nvalue = \"******\"\nfile = \"x\"\n"
        );
        let file = "[connections.a.webhook.path]\nvalue = \"s3cr3t\"\n";
        let root = DeTable::parse(file).unwrap();
        assert!(!table(file, root.get_ref()).contains("s3cr3t"));
    }
}
