//! Makes a connection writable in the text that a person wrote: one value changes, comments and all else stay.

use std::ops::Range;

use super::{
    code,
    found::Found,
    source::SourceFile,
    tree::{self, Entry, Table},
};
use crate::diagnostic::Diagnostic;

/// Which of the files changes, and its new text: the connection's `mode` is `"live"`, and its `shadow_until` is gone.
///
/// # Errors
///
/// A file that is no TOML, or one in which the connection is written in a way that only a person should edit; the message
/// says what to type.
pub fn live(files: &[SourceFile], connection: &str) -> Result<(usize, String), Box<Diagnostic>> {
    let mut found = Found::default();
    let mut here = None;
    for (at, file) in files.iter().enumerate() {
        let root = tree::parse(&file.shown(), &file.text, &mut found);
        let table = root
            .as_ref()
            .and_then(|root| root.table("connections")?.table(connection));
        let Some(table) = table else {
            continue;
        };
        let has = |name| table.get(name).is_some();
        match here {
            None if has("platform") => here = Some((at, table.clone())),
            _ if has("mode") || has("shadow_until") => return Err(by_hand(connection)),
            _ => {}
        }
    }
    if let Some(first) = found.sorted().into_iter().next() {
        return Err(Box::new(first));
    }
    let (at, table) = here.ok_or_else(|| by_hand(connection))?;
    let text = edited(&files[at].text, &table).ok_or_else(|| by_hand(connection))?;
    Ok((at, text))
}

fn by_hand(connection: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(
            code::MISPLACED_OPTION,
            format!("'{connection}' is written in a way that only you should edit"),
        )
        .help("set mode = \"live\" in its table, take shadow_until out, and let the daemon reload"),
    )
}

/// The text with the changes made; `None` where a line holds more than one of the keys.
fn edited(text: &str, table: &Table) -> Option<String> {
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    match table.get("mode") {
        Some(mode) => changes.push((mode.place.span.clone(), "\"live\"".to_owned())),
        None => {
            // Below the platform, with the same words before the key.
            let (line, before) = line_of(text, table.entry("platform")?)?;
            let end = line.end;
            let break_before = if text[..end].ends_with('\n') {
                ""
            } else {
                "\n"
            };
            changes.push((end..end, format!("{break_before}{before}mode = \"live\"\n")));
        }
    }
    if let Some(shadow) = table.entry("shadow_until") {
        let (line, _) = line_of(text, shadow)?;
        changes.push((line, String::new()));
    }
    changes.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut text = text.to_owned();
    for (span, new) in changes {
        text.get(span.clone())?;
        text.replace_range(span, &new);
    }
    Some(text)
}

/// The whole line of a key and its value, with its end, if nothing else stands on it but words before the key that name
/// tables; and these words.
fn line_of<'t>(text: &'t str, entry: &Entry) -> Option<(Range<usize>, &'t str)> {
    let key = entry.place.span.start;
    let value = entry.node.place.span.end;
    let start = text.get(..key)?.rfind('\n').map_or(0, |at| at + 1);
    let rest = text.get(value..)?;
    let end = rest.find('\n').map_or(text.len(), |at| value + at + 1);
    let (before, after) = (&text[start..key], text[value..end].trim());
    let alone = before.trim().is_empty() || before.trim_end().ends_with('.');
    let one_line = !text[key..value].contains('\n') && !before.contains(['=', '{', '#']);
    (alone && one_line && (after.is_empty() || after.starts_with('#')))
        .then_some((start..end, before))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn after(text: &str) -> Option<String> {
        let file = SourceFile {
            path: PathBuf::from("engaged.toml"),
            text: text.to_owned(),
        };
        live(&[file], "news").ok().map(|(_, text)| text)
    }

    #[test]
    fn one_value_changes_and_the_shadow_goes_and_comments_stay() {
        let before = "# mine\r\n[connections.news] # é\nplatform = \"ghost\"\nmode = 'read-only'   # careful\n  shadow_until = 2026-01-01 # a week\n[web]\n";
        let after = after(before).unwrap();
        assert_eq!(
            after,
            "# mine\r\n[connections.news] # é\nplatform = \"ghost\"\nmode = \"live\"   # careful\n[web]\n"
        );
    }

    #[test]
    fn a_mode_that_was_left_out_is_added_below_the_platform() {
        for (before, expected) in [
            (
                "[connections.news]\nplatform = \"ghost\" # x\nlists = []\n",
                "[connections.news]\nplatform = \"ghost\" # x\nmode = \"live\"\nlists = []\n",
            ),
            (
                "connections.news.platform = \"ghost\"",
                "connections.news.platform = \"ghost\"\nconnections.news.mode = \"live\"\n",
            ),
        ] {
            assert_eq!(after(before).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_stands_on_one_line_with_others_is_left_to_a_person() {
        for text in [
            "connections.news = { platform = \"ghost\", shadow_until = 2026-01-01 }\n",
            "connections = { news = { platform = \"ghost\" } }\n",
            "[connections.other]\nplatform = \"ghost\"\n",
        ] {
            assert_eq!(after(text), None, "{text}");
        }
        // One value in place is safe wherever it stands.
        let text = "connections.news = { platform = \"ghost\", mode = \"read-only\" }\n";
        assert!(after(text).unwrap().contains("mode = \"live\" }"));
    }

    #[test]
    fn a_key_in_the_file_does_not_move_what_is_written() {
        let text =
            "[connections.news]\nkey = \"s3cr3tév\"\nplatform = \"ghost\"\nmode = \"read-only\"\n";
        let after = after(text).unwrap();
        assert_eq!(after, text.replace("\"read-only\"", "\"live\""));
    }
}
