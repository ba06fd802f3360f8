//! The page of all settings, from the table that checks them.

use std::fmt::Write as _;

use super::{assert_snapshot, in_workspace};
use crate::config::schema::{Key, Kind, ROOT};

/// Tables that still have to be written down: how the place is written in a file, and the keys.
type Waiting = Vec<(String, &'static [Key])>;

/// What a key takes, in words; tables that it leads to are noted.
fn takes(kind: &'static Kind, place: &str, waiting: &mut Waiting) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Date => "date or time".to_owned(),
        Kind::Word(words) => {
            let words = words.iter().map(|word| format!("`\"{word}\"`"));
            words.collect::<Vec<_>>().join(", ")
        }
        Kind::Whole(least, most) => format!("whole number, {least} to {most}"),
        Kind::Number | Kind::Real => "number".to_owned(),
        Kind::Share => "number, 0 to 1".to_owned(),
        Kind::Truth => "`true` or `false`".to_owned(),
        Kind::List(Kind::Table(keys)) => {
            waiting.push((format!("[[{place}]]"), keys));
            format!("list of tables: `[[{place}]]`")
        }
        Kind::List(of) => format!("list: {}", takes(of, place, waiting)),
        Kind::Table(keys) => {
            waiting.push((format!("[{place}]"), keys));
            format!("table: `[{place}]`")
        }
        Kind::Named(what, of) => {
            let name = format!("{place}.{}", what.to_uppercase().replace(' ', "_"));
            format!("for each {what}: {}", takes(of, &name, waiting))
        }
        Kind::Secret(keys) => {
            let keys = keys
                .iter()
                .map(|key| format!("`{{ {} = \"...\" }}`", key.name));
            format!("a secret: {}", keys.collect::<Vec<_>>().join(" or "))
        }
        Kind::Either(kinds) => {
            let kinds = kinds.iter().map(|kind| takes(kind, place, waiting));
            kinds.collect::<Vec<_>>().join(", or ")
        }
    }
}

fn page() -> String {
    let mut out = "# Every setting\n\n\
        Written by `UPDATE_SNAPSHOTS=1 cargo test -p engaged --lib reference`, from the table by which a configuration is checked. Names in\n\
        capitals are yours to choose. All of it in use: [engaged.example.toml](../config/engaged.example.toml). For an editor:\n\
        `engaged check --schema`.\n"
        .to_owned();
    let mut waiting: Waiting = vec![(String::new(), ROOT)];
    while let Some((place, keys)) = waiting.pop() {
        let heading = match place.as_str() {
            "" => "The top of the file".to_owned(),
            place => format!("`{place}`"),
        };
        let head = "| key | takes | meaning |\n|---|---|---|";
        let _ = writeln!(out, "\n## {heading}\n\n{head}");
        let mut inner = Waiting::new();
        let stem = place.trim_matches(['[', ']']);
        for key in keys {
            let at = [stem, key.name].join(".");
            let takes = takes(&key.kind, at.trim_start_matches('.'), &mut inner);
            let must = if key.required { ", required" } else { "" };
            let about = key.about.replace('|', "\\|");
            let _ = writeln!(out, "| `{}` | {takes}{must} | {about} |", key.name);
        }
        // What is in a table stands after it.
        waiting.extend(inner.into_iter().rev());
    }
    out
}

#[test]
fn the_page_of_settings_is_what_is_checked() {
    let page = page();
    assert!(page.matches("\n## ").count() > 20, "{page}");
    assert_snapshot(&in_workspace("docs/configuration.md"), &page);
}
