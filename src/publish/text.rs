//! Texts of files: which is which, line endings, and what differs line by line.

use serde::Serialize;
use sha2::{Digest, Sha256};
use similar::{ChangeTag, TextDiff};

const BOM: char = '\u{feff}';

/// So many lines that are alike are shown around those that are not.
const CONTEXT: usize = 3;

/// SHA-256, in hexadecimal: equal for equal texts.
pub fn fingerprint(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// A typed text as the file would have it: a browser sends other line ends than it was given, and loses the mark
/// at the beginning. A file that mixes line ends gets plain ones.
pub(super) fn as_in(file: &str, typed: &str) -> String {
    let typed = typed.strip_prefix(BOM).unwrap_or(typed);
    let mut text = typed.replace("\r\n", "\n");
    if ends_in_crlf(file) {
        text = text.replace('\n', "\r\n");
    }
    if file.starts_with(BOM) {
        text.insert(0, BOM);
    }
    text
}

fn ends_in_crlf(file: &str) -> bool {
    let (both, lines) = (file.matches("\r\n").count(), file.matches('\n').count());
    both > 0 && both == lines
}

/// A line of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Whether it is in both.
    pub kind: LineKind,
    /// Its number before, from 1.
    pub before: Option<usize>,
    /// Its number after, from 1.
    pub after: Option<usize>,
    /// Its words, without the line's end.
    pub text: String,
}

/// Where a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// In both.
    Same,
    /// Before only.
    Removed,
    /// After only.
    Added,
}

/// What differs, in groups of lines that stand together with some that are alike around them.
pub fn difference(before: &str, after: &str) -> Vec<Vec<Line>> {
    let diff = TextDiff::from_lines(before, after);
    let groups = diff.grouped_ops(CONTEXT);
    let line = |change: similar::Change<&str>| Line {
        kind: match change.tag() {
            ChangeTag::Equal => LineKind::Same,
            ChangeTag::Delete => LineKind::Removed,
            ChangeTag::Insert => LineKind::Added,
        },
        before: change.old_index().map(|index| index + 1),
        after: change.new_index().map(|index| index + 1),
        text: change.value().trim_end_matches(['\r', '\n']).to_owned(),
    };
    let lines = |group: &Vec<similar::DiffOp>| -> Vec<Line> {
        let operations = group.iter();
        operations
            .flat_map(|operation| diff.iter_changes(operation))
            .map(line)
            .collect()
    };
    groups.iter().map(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_text_gets_the_line_ends_and_the_mark_of_its_file() {
        for (file, typed, text) in [
            ("a\nb\n", "a\r\nc\r\n", "a\nc\n"),
            ("a\r\nb\r\n", "a\nc\n", "a\r\nc\r\n"),
            ("a\r\nb\r\n", "a\r\nc\r\n", "a\r\nc\r\n"),
            ("\u{feff}a\r\n", "a\n", "\u{feff}a\r\n"),
            ("\u{feff}a\n", "\u{feff}a\n", "\u{feff}a\n"),
            ("a\r\nb\n", "a\r\nb\r\n", "a\nb\n"),
            ("", "\u{feff}a\r\n", "a\n"),
        ] {
            assert_eq!(as_in(file, typed), text, "{file:?} {typed:?}");
        }
    }

    #[test]
    fn a_comparison_numbers_the_lines_of_both_and_leaves_out_what_is_far() {
        let before: String = (1..=20).fold(String::new(), |all, line| all + &format!("{line}\n"));
        let after = before.replace("10\n", "ten\nand more\n");
        let groups = difference(&before, &after);
        assert_eq!(groups.len(), 1);
        let shown: Vec<_> = groups[0]
            .iter()
            .map(|line| (line.kind, line.before, line.after, line.text.as_str()))
            .collect();
        assert_eq!(shown[0], (LineKind::Same, Some(7), Some(7), "7"));
        assert_eq!(shown[3], (LineKind::Removed, Some(10), None, "10"));
        assert_eq!(shown[4], (LineKind::Added, None, Some(10), "ten"));
        assert_eq!(shown[5], (LineKind::Added, None, Some(11), "and more"));
        assert_eq!(
            shown.last(),
            Some(&(LineKind::Same, Some(13), Some(14), "13"))
        );
        assert!(difference(&before, &before).is_empty());
    }
}
