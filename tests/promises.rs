//! What the pages on promises, threats and faults name is there: tests, files, and every number of the two tables.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the sources has failed"
)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Pages that name tests.
const PAGES: [&str; 4] = [
    "docs/security-checklist.md",
    "docs/faults.md",
    "docs/threat-model.md",
    "src/ARCHITECTURE.md",
];

/// A page with a table, the letter of its numbers, and the last of them.
const TABLES: [(&str, char, usize); 2] = [
    ("docs/security-checklist.md", 'S', 36),
    ("docs/faults.md", 'F', 57),
];

/// Names of tests are sentences: none has fewer words than this.
const WORDS_MIN: usize = 4;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every test that is compiled from a file below these folders.
fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for folder in ["src", "connectors", "tests"] {
        collect(&root().join(folder), &mut found);
    }
    assert!(found.len() > 1_000, "only {} tests", found.len());
    found
}

fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "node_modules") {
                collect(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            in_file(&fs::read_to_string(&path).unwrap(), found);
        }
    }
}

/// The functions of a text that bear the attribute of a test.
fn in_file(text: &str, found: &mut BTreeSet<String>) {
    let mut marked = false;
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if let Some((_, name)) = line.split_once("fn ").filter(|_| marked) {
            let end = name.find('(').unwrap_or(name.len());
            found.insert(name[..end].to_owned());
            marked = false;
        }
    }
}

/// What stands in code type.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_name_of_a_test(word: &str) -> bool {
    word.split('_').count() >= WORDS_MIN
        && word
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[test]
fn every_test_and_file_that_a_promise_names_is_there() {
    let tests = tests();
    let mut faults = Vec::new();
    let mut named = 0;
    for page in PAGES {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for word in quoted(&text) {
            if is_name_of_a_test(word) {
                named += 1;
                if !tests.contains(word) {
                    faults.push(format!("{page}: there is no test `{word}`"));
                }
            } else if page.starts_with("docs/")
                && word.contains('/')
                && word.contains('.')
                && !word.contains([' ', ':'])
                && !root().join(word).exists()
            {
                faults.push(format!("{page}: there is no file `{word}`"));
            }
        }
    }
    assert!(named > 300, "only {named} tests are named");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn each_number_has_one_row_that_proves_it_or_says_that_it_is_not_done() {
    let mut faults = Vec::new();
    for (page, letter, last) in TABLES {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for number in 1..=last {
            let head = format!("| {letter}{number} |");
            let rows: Vec<&str> = text
                .lines()
                .filter(|line| line.starts_with(&head))
                .collect();
            let [row] = rows[..] else {
                faults.push(format!("{page}: {} rows of {letter}{number}", rows.len()));
                continue;
            };
            let proved = quoted(row).any(|word| is_name_of_a_test(word) || word.contains('/'));
            let honest = ["ot done", "annot be", "A document"];
            if !proved && !honest.iter().any(|words| row.contains(words)) {
                faults.push(format!("{page}: {letter}{number} proves nothing"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
