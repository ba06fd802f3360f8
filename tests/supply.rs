//! What the program is built of: one registry, each package by its checksum, each under a licence that lets us pass it on,
//! no more packages than are counted here, and a list of them that names what is linked. `deny.toml` says the same to
//! cargo-deny, which `packaging/audit.sh` runs where the network allows.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read what the program is built of has failed"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::Command,
};

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

/// Packages of others in the lock file, for every platform, tests and build tools included. Whoever changes it says here what
/// for: each of them is code that we run and did not write.
///
/// - 373: counted for the first time, on 27 November 2026.
const LOCKED: usize = 373;

/// Packages of others that are linked into the program. The design hoped for 200; what is beyond that was chosen before
/// anybody counted. Same rule.
///
/// - 219: counted for the first time, on 27 November 2026.
const LINKED: usize = 219;

/// What speaks HTTP or TLS, or keeps the data: two versions of one would be two places for one fault.
const ONCE: [&str; 19] = [
    "aws-lc-rs",
    "aws-lc-sys",
    "axum",
    "h2",
    "http",
    "http-body",
    "hyper",
    "hyper-rustls",
    "hyper-util",
    "libsqlite3-sys",
    "reqwest",
    "rusqlite",
    "rustls",
    "rustls-pki-types",
    "rustls-webpki",
    "tokio",
    "tokio-rustls",
    "tower",
    "url",
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

/// What cargo tells of all packages that can be meant on Linux: more than is linked, since it also follows features that
/// are off.
fn metadata() -> Value {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        metadata.status.success(),
        "{}",
        String::from_utf8_lossy(&metadata.stderr)
    );
    serde_json::from_slice(&metadata.stdout).unwrap()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn toml(name: &str) -> toml::Table {
    let text = std::fs::read_to_string(root().join(name)).unwrap();
    text.parse().unwrap()
}

fn name_and_version(package: &Value) -> (String, String) {
    let text = |key: &str| package[key].as_str().unwrap().to_owned();
    (text("name"), text("version"))
}

#[test]
fn whatever_is_linked_may_be_passed_on() {
    let metadata = metadata();
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
    let lock = toml("Cargo.lock");
    let mut sources = BTreeSet::new();
    let mut versions = BTreeMap::<&str, usize>::new();
    let mut others = 0;
    for package in lock["package"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        *versions.entry(name).or_default() += 1;
        match package.get("source") {
            None => assert!(name.starts_with("engaged"), "{name} comes from nowhere"),
            Some(source) => {
                others += 1;
                sources.insert(source.as_str().unwrap());
                let sum = package.get("checksum").and_then(toml::Value::as_str);
                assert!(sum.is_some_and(|sum| sum.len() == 64), "{name}");
            }
        }
    }
    assert_eq!(sources.len(), 1, "{sources:?}");
    assert!(sources.iter().all(|source| source.starts_with("registry+")));
    assert_eq!(others, LOCKED, "say in tests/supply.rs why it changed");
    for name in ONCE {
        assert_eq!(versions.get(name), Some(&1), "versions of {name}");
    }
}

#[test]
fn cargo_deny_is_told_the_same_and_passes_nothing_over_for_good() {
    let deny = toml("deny.toml");
    let texts = |value: &toml::Value| -> BTreeSet<String> {
        let texts = value.as_array().unwrap().iter();
        texts.map(|text| text.as_str().unwrap().into()).collect()
    };
    assert_eq!(
        texts(&deny["licenses"]["allow"]),
        ALLOWED.map(String::from).into()
    );
    let once = deny["bans"]["deny"].as_array().unwrap().iter();
    let once = once.filter(|rule| rule.get("deny-multiple-versions").is_some());
    let once: BTreeSet<&str> = once.map(|rule| rule["crate"].as_str().unwrap()).collect();
    assert_eq!(once, ONCE.into());
    for ignored in deny["advisories"]["ignore"].as_array().unwrap() {
        assert!(ignored["id"].as_str().is_some(), "{ignored}");
        let (why, day) = ignored["reason"]
            .as_str()
            .unwrap()
            .split_once("; look again by ")
            .unwrap();
        assert!(!why.is_empty(), "{ignored}");
        day.parse::<chrono::NaiveDate>().unwrap();
    }
}

/// What is reached from the program by way of libraries, and not by macros, build tools or tests.
fn reachable(metadata: &Value) -> BTreeSet<(String, String)> {
    let all = metadata["packages"].as_array().unwrap();
    let by_id: BTreeMap<&str, &Value> = all
        .iter()
        .map(|package| (package["id"].as_str().unwrap(), package))
        .collect();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let nodes: BTreeMap<&str, &Value> = nodes
        .iter()
        .map(|node| (node["id"].as_str().unwrap(), node))
        .collect();
    let is_macro = |id: &str| {
        let targets = by_id[id]["targets"].as_array().unwrap();
        targets
            .iter()
            .any(|target| target["kind"][0] == "proc-macro")
    };
    let mut found = BTreeSet::new();
    let mut open = vec![
        *by_id
            .keys()
            .find(|id| by_id[*id]["name"] == "engaged")
            .unwrap(),
    ];
    while let Some(id) = open.pop() {
        if is_macro(id) || !found.insert(name_and_version(by_id[id])) {
            continue;
        }
        for needed in nodes[id]["deps"].as_array().unwrap() {
            let kinds = needed["dep_kinds"].as_array().unwrap();
            if kinds.iter().any(|kind| kind["kind"].is_null()) {
                open.push(needed["pkg"].as_str().unwrap());
            }
        }
    }
    found
}

/// What it leaves out is found by `tests/packaging/run.sh`, which has a program to look into.
fn has_python() -> bool {
    let answer = Command::new("python3")
        .args(["-c", "import tomllib"])
        .output();
    answer.is_ok_and(|answer| answer.status.success())
}

#[test]
fn the_list_of_parts_names_what_can_be_linked_and_what_others_brought_along() {
    if !has_python() {
        println!("skipped: packaging/parts.py needs python of at least 3.11");
        return;
    }
    let script = root().join("packaging/parts.py");
    let list = Command::new(script)
        .arg(root().join("LICENSE"))
        .output()
        .unwrap();
    assert!(
        list.status.success(),
        "{}",
        String::from_utf8_lossy(&list.stderr)
    );
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    let parts = list["components"].as_array().unwrap();
    let (others, brought): (Vec<&Value>, Vec<&Value>) = parts
        .iter()
        .filter(|part| part["purl"].is_string())
        .partition(|part| part["purl"].as_str().unwrap().starts_with("pkg:cargo/"));
    let reachable = reachable(&metadata());
    for part in &others {
        let part = name_and_version(part);
        assert!(reachable.contains(&part), "{part:?} is not linked");
    }
    assert_eq!(
        others.len(),
        LINKED,
        "say in tests/supply.rs why it changed"
    );
    let brought: BTreeSet<&str> = brought
        .iter()
        .map(|part| part["name"].as_str().unwrap())
        .collect();
    assert_eq!(brought, ["aws-lc", "sqlite", "tzdata"].into());
}
