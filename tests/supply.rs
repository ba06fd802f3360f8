//! What the program is built of: one registry, each package by its checksum, each under a licence that lets us pass it on.

use std::{collections::BTreeSet, path::Path, process::Command};

use serde_json::Value;

/// Licences that ask for no more than their text and notices, which `packaging/notices.py` passes on.
const ALLOWED: [&str; 11] = [
    "0BSD",
    "Apache-2.0",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Whether an expression of licences (SPDX, with the old `/` for OR) can be met by those that are allowed.
fn is_met(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ");
    let spaced = spaced.replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    any(&mut words) == Some(true) && words.next().is_none()
}

type Words<'w> = std::iter::Peekable<std::str::SplitWhitespace<'w>>;

/// `None` for what is no expression.
fn any(words: &mut Words<'_>) -> Option<bool> {
    let mut met = all(words)?;
    while words.next_if_eq(&"OR").is_some() {
        met |= all(words)?;
    }
    Some(met)
}

fn all(words: &mut Words<'_>) -> Option<bool> {
    let mut met = one(words)?;
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words)?;
    }
    Some(met)
}

fn one(words: &mut Words<'_>) -> Option<bool> {
    let word = words.next()?;
    if word == "(" {
        let met = any(words)?;
        return (words.next() == Some(")")).then_some(met);
    }
    if words.next_if_eq(&"WITH").is_some() {
        // An exception only allows more.
        words.next()?;
    }
    Some(ALLOWED.contains(&word))
}

#[test]
fn expressions_of_licences_are_read_as_they_are_meant() {
    for met in [
        "MIT",
        "MIT/Apache-2.0",
        "Apache-2.0 OR GPL-2.0-only",
        "(MIT OR GPL-3.0-only) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(is_met(met), "{met}");
    }
    for unmet in [
        "",
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "(MIT OR ISC) AND MPL-2.0",
        "MIT OR",
        "MIT MIT",
        "(MIT",
    ] {
        assert!(!is_met(unmet), "{unmet}");
    }
}

#[test]
fn whatever_is_linked_may_be_passed_on() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        metadata.status.success(),
        "{}",
        String::from_utf8_lossy(&metadata.stderr)
    );
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 200, "only {} packages", packages.len());
    let odd: Vec<String> = packages
        .iter()
        .filter(|package| !package["license"].as_str().is_some_and(is_met))
        .map(|package| format!("{} {}", package["name"], package["license"]))
        .collect();
    assert!(odd.is_empty(), "{odd:#?}");
}

#[test]
fn all_of_it_comes_from_one_registry_by_its_checksum() {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
    let lock: toml::Table = std::fs::read_to_string(lock).unwrap().parse().unwrap();
    let mut sources = BTreeSet::new();
    for package in lock["package"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        match package.get("source") {
            None => assert!(name.starts_with("engaged"), "{name} comes from nowhere"),
            Some(source) => {
                sources.insert(source.as_str().unwrap());
                let sum = package.get("checksum").and_then(toml::Value::as_str);
                assert!(sum.is_some_and(|sum| sum.len() == 64), "{name}");
            }
        }
    }
    assert_eq!(sources.len(), 1, "{sources:?}");
    assert!(sources.iter().all(|source| source.starts_with("registry+")));
}
