//! What verbs print: data on stdout, talk on stderr.

use std::io::{IsTerminal, Write as _};

use serde::Serialize;

use crate::{score::explain::Points, text::inert};

/// How a verb shows its result.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// One JSON document instead of text.
    pub json: bool,
}

impl Output {
    /// Prints a result: as JSON, or as the text that `text` makes of it.
    pub fn show<T: Serialize>(self, result: &T, text: impl FnOnce(&T) -> String) {
        let shown = if self.json {
            serde_json::to_string_pretty(result)
                .unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
        } else {
            inert(&text(result))
        };
        line(&shown);
    }
}

/// Prints to stdout. A reader that went away (`| head`) is no error.
pub fn line(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{}", text.trim_end_matches('\n'));
}

/// Says something to the person at the terminal.
pub fn say(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "{text}");
}

/// Whether a person watches stderr, so that progress is worth drawing.
pub fn watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Rows as aligned columns; the columns named in `right` are aligned at their ends.
pub fn table(header: &[&str], right: &[usize], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|title| title.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let print = |cells: &mut dyn Iterator<Item = &str>| {
        let mut out = String::new();
        for (column, (cell, width)) in cells.zip(&widths).enumerate() {
            let pad = " ".repeat(width - cell.chars().count());
            let gap = if column == 0 { "" } else { "  " };
            out += gap;
            out += &if right.contains(&column) {
                format!("{pad}{cell}")
            } else {
                format!("{cell}{pad}")
            };
        }
        out.trim_end().to_owned() + "\n"
    };
    let mut out = print(&mut header.iter().copied());
    for row in rows {
        out += &print(&mut row.iter().map(String::as_str));
    }
    out
}

/// Points with their sign.
pub(super) fn signed(points: Points) -> String {
    if points.0 > 0 {
        format!("+{points}")
    } else {
        points.to_string()
    }
}
