//! The small pieces that pages are made of.

use maud::{Markup, html};

use crate::{
    score::calendar::Millis,
    text::{Say, inert},
};

/// A text from elsewhere: escaped by the template, inert, and kept from turning the line around it.
pub fn name(text: &str) -> Markup {
    const SHOWN_MAX: usize = 120;
    let inert = inert(text);
    if inert.chars().count() <= SHOWN_MAX {
        return html! { bdi { (inert) } };
    }
    let short: String = inert.chars().take(SHOWN_MAX).collect();
    // What is cut off is still there for who looks.
    let whole: String = inert.chars().take(2_000).collect();
    html! { bdi title=(whole) { (short) "…" } }
}

/// A sentence that may hold names from elsewhere: inert, and not without end.
pub fn words(text: &str) -> Markup {
    const SHOWN_MAX: usize = 600;
    let inert = inert(text);
    if inert.chars().count() <= SHOWN_MAX {
        return html! { (inert) };
    }
    let short: String = inert.chars().take(SHOWN_MAX).collect();
    html! { (short) "…" }
}

/// An argument of a command that is to be copied: nothing in it means anything to a shell.
pub fn argument(text: &str) -> String {
    let text = inert(text);
    let plain = |c: char| c.is_ascii_alphanumeric() || "@.-_+=:/".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A moment, on one line.
pub fn time(say: Say, at: Millis) -> Markup {
    html! { span.nowrap { (say.millis(at)) } }
}

/// A column of a table.
pub struct Column {
    /// Its heading.
    pub title: String,
    /// Whether it holds numbers, which stand at its right.
    pub number: bool,
}

impl Column {
    /// A column of words.
    pub fn text(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            number: false,
        }
    }

    /// A column of numbers.
    pub fn number(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            number: true,
        }
    }
}

/// A table with its caption; the first cell of a row is its heading. Without rows it says so in a sentence.
pub fn table(caption: &str, columns: &[Column], rows: &[Vec<Markup>], empty: &str) -> Markup {
    if rows.is_empty() {
        return html! { p.empty { (empty) } };
    }
    html! {
        div.table-frame tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr {
                    @for column in columns {
                        th scope="col" class=[column.number.then_some("number")] { (column.title) }
                    }
                } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (place, cell) in row.iter().enumerate() {
                                @let number = columns.get(place).is_some_and(|column| column.number);
                                @if place == 0 {
                                    th scope="row" class=[number.then_some("number")] { (cell) }
                                } @else {
                                    td class=[number.then_some("number")] { (cell) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How a thing stands, told by a word, a shape and a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// In order.
    Good,
    /// Somebody should look.
    Warn,
    /// It does not work.
    Bad,
    /// Neither.
    Calm,
}

impl Mood {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Calm => "calm",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Good => "✔",
            Self::Warn => "!",
            Self::Bad => "✖",
            Self::Calm => "·",
        }
    }
}

/// A state: its word with a sign.
pub fn badge(mood: Mood, word: &str) -> Markup {
    html! { span class={ "badge " (mood.class()) } { span aria-hidden="true" { (mood.sign()) } " " (word) } }
}

/// A box that says something about the page or about what was just done.
pub fn notice(mood: Mood, body: &Markup) -> Markup {
    let role = if mood == Mood::Bad { "alert" } else { "status" };
    html! { div class={ "notice " (mood.class()) } role=(role) { (body) } }
}

/// A number with what it counts, and where to read more.
pub fn figure(value: &str, label: &str, more: Option<&str>, href: &str) -> Markup {
    html! {
        a.figure-card href=(href) {
            span.figure-value { (value) }
            span.figure-label { (label) }
            @if let Some(more) = more { span.figure-more { (more) } }
        }
    }
}

/// A form of one button that does something.
pub fn button(action: &str, label: &str, kind: &str, hidden: &[(&str, &str)]) -> Markup {
    html! {
        form method="post" action=(action) {
            @for (name, value) in hidden { input type="hidden" name=(name) value=(value); }
            button type="submit" class=(kind) { (label) }
        }
    }
}

/// The command that shows the same, to be copied.
pub fn command(say: Say, command: &str) -> Markup {
    html! {
        p.command {
            code { (command) }
            button.quiet type="button" data-copy=(command) data-copied=(say.t("copied")) hidden { (say.t("copy-command")) }
        }
    }
}
