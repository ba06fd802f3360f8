//! What verbs print: data on stdout, talk on stderr.

use std::io::{IsTerminal, Write as _};

use serde::Serialize;

use crate::score::explain::{AbsenceLine, EventLine, Explanation, Points, RuleLine, ScoreLines};

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
            plain(&text(result))
        };
        line(&shown);
    }
}

/// Without control characters: names that platforms give may hold commands to a terminal.
pub(super) fn plain(text: &str) -> String {
    let shown = |c: char| {
        if c.is_control() && c != '\n' {
            '\u{fffd}'
        } else {
            c
        }
    };
    text.chars().map(shown).collect()
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

/// An explanation for the terminal.
pub fn explanation(explanation: &Explanation) -> String {
    let mut out = format!(
        "{} on {} (as known on {})\n",
        explanation.contact, explanation.as_of, explanation.known_at
    );
    for score in &explanation.scores {
        out += &score_lines(score);
    }
    if !explanation.segments.is_empty() {
        out += &format!("\nSegments: {}\n", explanation.segments.join(", "));
    }
    if !explanation.segments_unknown.is_empty() {
        out += &format!(
            "Not judged for: {}\n",
            explanation.segments_unknown.join(", ")
        );
    }
    if let Some(stage) = &explanation.stage {
        out += &format!("Stage: {stage}\n");
    }
    if explanation.next.is_empty() {
        out += "\nNothing changes by itself.\n";
        return out;
    }
    out += "\nIf nothing happens:\n";
    for coming in &explanation.next {
        let band = coming
            .band
            .as_ref()
            .map(|band| format!(", {band}"))
            .unwrap_or_default();
        out += &format!(
            "  {}  {} becomes {}{band}   {}\n",
            coming.on, coming.score, coming.raw, coming.because
        );
    }
    out
}

pub(super) fn score_lines(score: &ScoreLines) -> String {
    let band = score
        .band
        .as_ref()
        .map(|band| format!("  \"{band}\""))
        .unwrap_or_default();
    let raw = if score.raw == Points(score.shown * 1000) {
        String::new()
    } else {
        format!("  (raw {})", score.raw)
    };
    let mut out = format!("\n{} {}{band}{raw}\n", score.name, score.shown);
    for rule in score.rules.iter().filter(|rule| worth_showing(rule)) {
        out += &rule_line(rule);
    }
    for correction in &score.corrections {
        let reason = correction
            .reason
            .as_ref()
            .map(|reason| format!("  {reason}"))
            .unwrap_or_default();
        out += &format!(
            "{:>8}  {}{reason}\n",
            signed(correction.points),
            correction.what
        );
    }
    out + &format!("{:>8}\n{:>8}\n", "-----", score.raw.to_string())
}

/// A rule that adds nothing and waits for nothing says nothing.
fn worth_showing(rule: &RuleLine) -> bool {
    let waits = |line: &AbsenceLine| !matches!(line.state, "present" | "absent");
    rule.points.0 != 0
        || rule.unknown.is_some()
        || rule.by_machines > 0
        || rule.lifted > 0
        || rule.absence.as_ref().is_some_and(waits)
}

fn rule_line(rule: &RuleLine) -> String {
    let points = if rule.points.0 == 0 {
        "·".to_owned()
    } else {
        signed(rule.points)
    };
    let mut notes = Vec::new();
    for absence in rule.absence.iter().chain(&rule.absences) {
        let what = absence
            .when
            .as_ref()
            .map(|when| format!("{when}: "))
            .unwrap_or_default();
        notes.push(match (&absence.since, absence.state) {
            (Some(since), _) => format!("{what}since {since}"),
            (None, "present") => format!("{what}there was one"),
            (None, state) => format!("{what}{}", reason_words(state)),
        });
    }
    if rule.absence.is_none() && rule.absences.is_empty() {
        notes.extend(rule.unknown.iter().map(|why| reason_words(why)));
    }
    if rule.by_machines > 0 {
        notes.push(format!("{} by machines do not count", rule.by_machines));
    }
    if rule.lifted > 0 {
        notes.push(format!("{} lifted by a later event", rule.lifted));
    }
    if let Some(capped) = rule.capped {
        notes.push(format!("a cap took {capped}"));
    }
    let notes = if notes.is_empty() {
        String::new()
    } else {
        format!("   {}", notes.join("; "))
    };
    let mut out = format!("{points:>8}  {}{notes}\n", rule.when);
    let (standing, gone): (Vec<_>, Vec<_>) =
        rule.events.iter().partition(|event| event.points.0 != 0);
    if !gone.is_empty() {
        out += &format!("{:>14}  {} of which nothing is left\n", "·", gone.len());
    }
    for event in standing {
        out += &event_line(event);
    }
    out
}

fn event_line(event: &EventLine) -> String {
    let what = [&event.item, &event.campaign, &event.link];
    let what: Vec<&str> = what.into_iter().flatten().map(String::as_str).collect();
    let ends = event
        .ends_on
        .as_ref()
        .map(|day| format!("   until {day}"))
        .unwrap_or_default();
    format!(
        "{:>14}  {}  {}  [{} {}]{ends}\n",
        signed(event.points),
        event.at,
        what.join("  "),
        event.connection,
        event.id
    )
}

pub(super) fn signed(points: Points) -> String {
    if points.0 > 0 {
        format!("+{points}")
    } else {
        points.to_string()
    }
}

/// The reasons of the contract's section 5, for people.
pub fn reason_words(state: &str) -> String {
    let words = match state {
        "never_customer" => "not judged: never bought anything",
        "too_new" => "not judged: subscribed too recently",
        "not_mailed" => "not judged: got no mail since",
        "not_tracked" => "not judged: the mails since cannot be tracked",
        "too_few_sends" => "not judged: got too few mails since",
        "coverage_gap" => "not judged: our own sync has a hole",
        "unmeasurable" => "not judged: a privacy proxy opens the mail",
        "absent" => "nothing found",
        other => other,
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_campaign_cannot_command_the_terminal() {
        assert_eq!(plain("a\n\u{1b}[2J\u{9b}2Jé"), "a\n\u{fffd}[2J\u{fffd}2Jé");
    }
}
