//! What a person is told when something expected went wrong: a stable code,
//! what happened, where, why, and the one next step.
//!
//! Modules have typed errors of their own; this is the edge at which they
//! become words and an exit status. An error that never arrives here is a bug.

pub mod render;

use std::{fmt, ops::Range, process::ExitCode, sync::Arc};

use serde_json::{Value, json};

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The command cannot do what was asked.
    Error,
    /// It can, but probably not as meant.
    Warning,
}

impl Severity {
    /// The word that is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A stretch of a text that a person wrote.
///
/// The text is kept whole and is printed in part, so whoever makes a place
/// blots out secrets first (same length, so that spans stay true).
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name as it is shown, or `environment`.
    pub file: Arc<str>,
    /// All of its text.
    pub text: Arc<str>,
    /// Bytes of `text`.
    pub span: Range<usize>,
}

impl Place {
    /// The same text, another stretch of it.
    #[must_use]
    pub fn at(&self, span: Range<usize>) -> Self {
        Self {
            span,
            ..self.clone()
        }
    }

    /// Line and column of the first character, both from 1; columns count characters.
    pub fn position(&self) -> (usize, usize) {
        position(&self.text, self.span.start)
    }

    /// The span, moved to the nearest character boundaries inside the text.
    pub fn clamped(&self) -> Range<usize> {
        let start = boundary(&self.text, self.span.start);
        let end = boundary(&self.text, self.span.end.max(start));
        start..end
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.position();
        write!(f, "{}:{line}:{column}", self.file)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}..{}", self.span.end)
    }
}

fn boundary(text: &str, offset: usize) -> usize {
    text.floor_char_boundary(offset.min(text.len()))
}

fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..boundary(text, offset)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

/// One thing to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code: E01xx configuration, E02xx rules, E03xx storage, E04xx
    /// network, E05xx a platform's answer, E06xx authorisation, E07xx webhook,
    /// E08xx push, E09xx cleaning, E10xx privacy.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What happened, in the user's words, without a full stop.
    pub message: String,
    /// Where, if it is in a text.
    pub place: Option<Place>,
    /// What is said at the underlined words; may be empty.
    pub label: String,
    /// The one next step.
    pub help: Option<String>,
    /// Why it matters, and other places.
    pub notes: Vec<String>,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            place: None,
            label: String::new(),
            help: None,
            notes: Vec::new(),
        }
    }

    /// A warning without a place.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// Says where, and what is to be seen there.
    #[must_use]
    pub fn at(mut self, place: &Place, label: impl Into<String>) -> Self {
        self.place = Some(place.clone());
        self.label = label.into();
        self
    }

    /// Says the next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says the next step if there is one to say.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The stable JSON form. Lines and columns count from 1; `end` is exclusive.
    pub fn to_json(&self) -> Value {
        let place = self.place.as_ref().map(|place| {
            let span = place.clamped();
            let (line, column) = position(&place.text, span.start);
            let (end_line, end_column) = position(&place.text, span.end);
            json!({
                "file": &*place.file,
                "line": line, "column": column,
                "end_line": end_line, "end_column": end_column,
                "words": &place.text[span],
            })
        });
        json!({
            "code": self.code,
            "severity": self.severity.as_str(),
            "message": self.message,
            "place": place,
            "label": if self.label.is_empty() { None } else { Some(&self.label) },
            "help": self.help,
            "notes": self.notes,
        })
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}

/// How the process ends; part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// A fault of the program's own.
    Bug = 1,
    /// Usage or configuration.
    Usage = 2,
    /// Done in part.
    Part = 3,
    /// Changes are pending (`plan --exit-code`).
    Pending = 4,
    /// A guard tripped.
    Guard = 5,
    /// A platform refused.
    Refused = 6,
    /// Another instance holds the lock.
    Locked = 7,
    /// A source is unavailable or stale.
    Unavailable = 8,
    /// Storage cannot be used; the code E03xx tells why.
    Storage = 9,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        // The discriminants are the documented numbers.
        Self::from(exit as u8)
    }
}

/// An expected end of a command: what to print and how to exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The exit status.
    pub exit: Exit,
    /// What to tell, in order; at least one.
    pub diagnostics: Vec<Diagnostic>,
}

impl Expected {
    /// One diagnostic and an exit status.
    pub fn new(exit: Exit, diagnostic: Diagnostic) -> Self {
        Self {
            exit,
            diagnostics: vec![diagnostic],
        }
    }
}

impl From<Vec<Diagnostic>> for Expected {
    /// Findings in the configuration.
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        Self {
            exit: Exit::Usage,
            diagnostics,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for diagnostic in &self.diagnostics {
            write!(f, "{separator}{diagnostic} ({})", diagnostic.code)?;
            separator = "; ";
        }
        Ok(())
    }
}

impl std::error::Error for Expected {}
