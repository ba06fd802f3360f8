//! The rules by example, in both languages: each is a configuration that is in order, and its tests pass.

use std::fs;

use super::{good, in_workspace};
use crate::rule_tests;

/// The examples of a page.
fn examples(path: &str) -> Vec<String> {
    let text = fs::read_to_string(in_workspace(path)).unwrap();
    let parts = text.split("```toml\n").skip(1);
    parts
        .filter_map(|part| Some(part.split_once("```")?.0.to_owned()))
        .collect()
}

/// Without remarks, which are in the page's language.
fn bare(example: &str) -> String {
    let lines = example.lines().map(|line| line.split(" # ").next());
    let lines: Vec<&str> = lines.flatten().map(str::trim_end).collect();
    lines.join("\n")
}

#[test]
fn each_rule_by_example_is_in_order_and_the_same_in_both_languages() {
    let (english, dutch) = (examples("docs/rules.md"), examples("docs/nl/regels.md"));
    assert!(english.len() > 10, "{}", english.len());
    let mut tests = 0;
    for example in english.iter().chain(&dutch) {
        let config = good(&format!("timezone = \"Europe/Amsterdam\"\n{example}"), &[]);
        let failures = rule_tests::run(&config.rules, &config.tests);
        assert!(failures.is_empty(), "{example}");
        tests += config.tests.len();
    }
    assert_eq!(tests, 2);
    let bare = |all: &[String]| all.iter().map(|each| bare(each)).collect::<Vec<_>>();
    assert_eq!(bare(&english), bare(&dutch));
}
