//! The house rules that a compiler does not know: who may know whom, names, sizes.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the sources has failed"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file without its tests may have this many lines.
const LINES_MAX: usize = 600;

/// A crate, and the only places that may name it.
const OWNED: [(&str, &[&str]); 4] = [
    ("rusqlite", &["src/store.rs", "src/store/"]),
    (
        "reqwest",
        &["connectors/src/http.rs", "connectors/src/http/"],
    ),
    ("axum", &["src/web.rs", "src/web/", "connectors/sandbox/"]),
    ("clap", &["src/cli.rs", "src/cli/", "src/main.rs"]),
];

/// A part, and the parts of this program that it must not name.
const BLIND: [(&str, &[&str]); 6] = [
    (
        "src/rules",
        &[
            "crate::score",
            "crate::store",
            "crate::sync",
            "crate::push",
            "crate::cli",
            "crate::config",
            "tokio",
        ],
    ),
    (
        "src/score",
        &[
            "crate::store",
            "crate::sync",
            "crate::push",
            "crate::cli",
            "crate::config",
            "tokio",
            "std::fs",
        ],
    ),
    (
        "src/verdict",
        &[
            "crate::store",
            "crate::sync",
            "crate::cli",
            "crate::config",
            "tokio",
            "std::fs",
        ],
    ),
    (
        "src/store",
        &["crate::sync", "crate::push", "crate::cli", "crate::config"],
    ),
    (
        "src/web/chart",
        &[
            "crate::store",
            "crate::score",
            "crate::config",
            "crate::desk",
            "super::page",
            "axum",
            "tokio",
            "std::fs",
        ],
    ),
    (
        "connectors/sandbox/src",
        &["engaged_connectors", "engaged::"],
    ),
];

const BANNED_NAMES: [&str; 5] = ["Manager", "Helper", "Util", "Data", "Info"];

/// The clock, and a program that has none to be given.
const CLOCK_OWNERS: [&str; 2] = ["src/clock.rs", "connectors/sandbox/src/main.rs"];

/// Waiting goes by tokio's own instant, which a test can pause.
const CLOCKS: [&str; 4] = [
    "Utc::now(",
    "Local::now(",
    "SystemTime::now(",
    "std::time::Instant",
];

/// Where the text of a statement is put together, how often, and of what. Values are bound everywhere.
const WRITTEN_SQL: [(&str, usize, &str); 8] = [
    (
        "src/store/about/whole.rs",
        2,
        "tables and columns of our own schema",
    ),
    ("src/store/backup.rs", 1, "tables of our own schema"),
    (
        "src/store/erase.rs",
        2,
        "tables and columns of our own schema",
    ),
    ("src/store/files.rs", 1, "tables of our own schema"),
    (
        "src/store/listing/walk.rs",
        2,
        "one of two comparisons, one of a few sources",
    ),
    ("src/store/outbox/log.rs", 3, "one of a few indexes"),
    ("src/store/tally.rs", 1, "two statements of its own file"),
    (
        "src/store/tracking.rs",
        1,
        "tables of a list that stands above it",
    ),
];

/// Words that only a statement has.
const SQL: [&str; 9] = [
    "select ",
    "insert into ",
    "update ",
    "delete from ",
    "create table ",
    "pragma ",
    "vacuum ",
    "attach ",
    "drop table ",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file with its path from the root, `/` between parts.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in [
        "src",
        "connectors/src",
        "connectors/sandbox/src",
        "tests",
        "benches",
    ] {
        collect(&root().join(folder), &mut found);
    }
    assert!(
        found.len() > 30,
        "the walk found only {} files",
        found.len()
    );
    found
}

fn collect(folder: &Path, found: &mut Vec<(String, String)>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "node_modules") {
                collect(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path
                .strip_prefix(root())
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

/// A file's lines of program: neither its tests nor comments.
fn program(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    text[..end]
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn is_test(name: &str) -> bool {
    name.starts_with("tests/")
        || name.starts_with("benches/")
        || name.ends_with("/tests.rs")
        || name.contains("/tests/")
}

fn check(what: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{what}:\n{}", faults.join("\n"));
}

#[test]
fn each_library_is_known_to_its_owner_alone() {
    let mut faults = Vec::new();
    for (name, text) in sources().iter().filter(|(name, _)| !is_test(name)) {
        for (library, owners) in OWNED {
            let owned = owners.iter().any(|owner| name.starts_with(owner));
            let named = |line: &str| {
                line.contains(&format!("{library}::")) || line.contains(&format!("use {library}"))
            };
            for (number, line) in program(text).filter(|(_, line)| !owned && named(line)) {
                faults.push(format!(
                    "{name}:{}: {library} in `{}`",
                    number + 1,
                    line.trim()
                ));
            }
        }
    }
    check("libraries outside their owners", &faults);
}

#[test]
fn no_part_knows_what_lies_above_it() {
    let mut faults = Vec::new();
    for (name, text) in sources().iter().filter(|(name, _)| !is_test(name)) {
        for (part, above) in BLIND {
            let inside = name.starts_with(&format!("{part}/")) || *name == format!("{part}.rs");
            let named = |line: &str| above.iter().any(|word| line.contains(word));
            for (number, line) in program(text).filter(|(_, line)| inside && named(line)) {
                faults.push(format!("{name}:{}: `{}`", number + 1, line.trim()));
            }
        }
    }
    check("parts that look up", &faults);
}

#[test]
fn only_the_clock_asks_the_time() {
    let mut faults = Vec::new();
    for (name, text) in sources()
        .iter()
        .filter(|(name, _)| !CLOCK_OWNERS.contains(&name.as_str()) && !is_test(name))
    {
        for (number, line) in
            program(text).filter(|(_, line)| CLOCKS.iter().any(|clock| line.contains(clock)))
        {
            faults.push(format!("{name}:{}: `{}`", number + 1, line.trim()));
        }
    }
    check("other clocks", &faults);
}

/// What adds a path to a router, or makes one.
const ROUTERS: [&str; 8] = [
    "Router::new(",
    ".route(",
    ".route_service(",
    ".nest(",
    ".nest_service(",
    ".merge(",
    ".fallback_service(",
    "axum::serve(",
];

/// The first text of every `format!`.
fn formats(text: &str) -> impl Iterator<Item = &str> {
    text.split("format!(").skip(1).filter_map(|rest| {
        let rest = rest.trim_start();
        let rest = rest.strip_prefix('"')?;
        let end = rest
            .char_indices()
            .find(|(at, letter)| *letter == '"' && !rest[..*at].ends_with('\\'))?;
        Some(&rest[..end.0])
    })
}

#[test]
fn statements_are_put_together_only_where_it_is_known_of_what() {
    let mut faults = Vec::new();
    let mut seen = 0;
    for (name, text) in sources() {
        if is_test(&name) || !name.starts_with("src/store") {
            continue;
        }
        let lines: Vec<&str> = program(&text).map(|(_, line)| line).collect();
        let text = lines.join("\n");
        let found = formats(&text)
            .filter(|text| text.contains('{') && SQL.iter().any(|word| text.contains(word)))
            .count();
        let known = WRITTEN_SQL.iter().find(|(file, ..)| *file == name);
        let known = known.map_or(0, |(_, number, _)| *number);
        if found != known {
            faults.push(format!("{name}: {found} statements, {known} known"));
        }
        seen += found;
    }
    assert!(seen > 5, "only {seen} were found");
    check("values are bound, never written into a statement", &faults);
}

#[test]
fn no_path_is_served_around_the_table_that_says_who_may() {
    let mut faults = Vec::new();
    // The listener for webhooks has one kind of path, and is no part of the dashboard.
    let doors = [
        "src/web/access.rs",
        "src/web/running.rs",
        "src/web/hooks.rs",
    ];
    for (name, text) in sources()
        .iter()
        .filter(|(name, _)| name.starts_with("src/web") && !is_test(name))
        .filter(|(name, _)| !doors.contains(&name.as_str()))
    {
        for (number, line) in
            program(text).filter(|(_, line)| ROUTERS.iter().any(|word| line.contains(word)))
        {
            faults.push(format!("{name}:{}: `{}`", number + 1, line.trim()));
        }
    }
    check("paths around the table", &faults);
}

#[test]
fn files_say_what_they_are_for_and_stay_short() {
    let mut faults = Vec::new();
    for (name, text) in sources() {
        let beside_code = name.starts_with("src/") || name.starts_with("connectors/");
        let needs_no_words = beside_code && is_test(&name);
        if !needs_no_words && !text.starts_with("//!") {
            faults.push(format!("{name}: no module documentation"));
        }
        if name.ends_with("/mod.rs") {
            faults.push(format!("{name}: a module is a file of its own name"));
        }
        let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
        let lines = text[..end].lines().count();
        if lines > LINES_MAX && !is_test(&name) {
            faults.push(format!("{name}: {lines} lines"));
        }
    }
    check("files", &faults);
}

#[test]
fn names_say_what_a_thing_is() {
    let mut faults = Vec::new();
    for (name, text) in sources() {
        for (number, line) in program(&text) {
            let Some((_, after)) = line
                .split_once("struct ")
                .or_else(|| line.split_once("enum "))
            else {
                continue;
            };
            let declared: String = after
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if line.trim_start().starts_with(['"', '/']) {
                continue;
            }
            if BANNED_NAMES
                .iter()
                .any(|word| declared == *word || declared.ends_with(word))
            {
                faults.push(format!("{name}:{}: {declared}", number + 1));
            }
        }
    }
    check("empty names", &faults);
}
