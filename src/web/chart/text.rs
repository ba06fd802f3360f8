//! Names that somebody chose, in a drawing: inert, on one line, and cut to the space there is. Their
//! whole stands in the table.

use crate::text::inert;

/// About as much as a name is looked at, however little room it takes.
const CHARACTERS_MAX: usize = 160;

/// The size of text in a drawing, in pixels; `chart.css` has the same.
pub(super) const SIZE: f64 = 12.0;

/// Bold text is wider by this.
pub(super) const BOLD: f64 = 1.08;

/// How wide a text is in pixels, nearly, in the fonts that systems have.
pub(super) fn width(text: &str) -> f64 {
    text.chars().map(of_character).sum::<f64>() * SIZE
}

fn of_character(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '!' | '|' => 0.3,
        ' ' | 'f' | 'r' | 't' | '(' | ')' | '-' => 0.38,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.92,
        'A'..='Z' => 0.7,
        '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}' => 0.0,
        '\u{1100}'.. if !('\u{2000}'..='\u{206f}').contains(&character) => 1.1,
        _ => 0.6,
    }
}

/// One line, and inert.
pub(super) fn clean(text: &str) -> String {
    let start: String = text.chars().take(20 * CHARACTERS_MAX).collect();
    let start: String = start
        .split_whitespace()
        .flat_map(|word| [word, " "])
        .collect();
    inert(start.trim_end())
}

/// As much of a text as fits into so many pixels, with an ellipsis if that is not all.
pub(super) fn fit(text: &str, pixels: f64) -> String {
    let text = clean(text);
    if width(&text) <= pixels && text.chars().count() <= CHARACTERS_MAX {
        return text;
    }
    let mut left = pixels - width("…");
    let mut out = String::new();
    for character in text.chars().take(CHARACTERS_MAX) {
        left -= of_character(character) * SIZE;
        if left < 0.0 {
            break;
        }
        out.push(character);
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// A text for a tooltip or for a screen reader: long, but not without end.
pub(super) fn brief(text: &str) -> String {
    fit(text, 40.0 * SIZE * 0.6 * 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_and_what_does_not_ends_with_an_ellipsis() {
        assert_eq!(fit("warm", 40.0), "warm");
        assert_eq!(fit("opened three campaigns", 60.0), "opened t…");
        let long = fit(&"x".repeat(10_000), 100.0);
        assert!(width(&long) <= 100.0 && long.ends_with('…'));
        let marks = fit(&"e\u{301}".repeat(10_000), 1e9);
        assert!(marks.chars().count() <= CHARACTERS_MAX + 1);
    }

    #[test]
    fn nothing_in_a_name_turns_the_text_around_it_and_it_is_one_line() {
        assert_eq!(clean("a\u{202e}b\u{2066}c"), "a\u{fffd}b\u{fffd}c");
        assert_eq!(clean(" a\n\u{2028}\tb \u{1b}[31m "), "a b \u{fffd}[31m");
    }
}
