//! Diagnostics as text: drawn for a terminal, or plain for files, logs and
//! screen readers. Only this file knows the drawing library.

use std::{collections::BTreeMap, fmt};

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode, SourceSpan,
};

use super::{Diagnostic, Severity};

/// How diagnostics are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Colours and line drawing.
    Graphical,
    /// ASCII without colours.
    Plain,
}

impl Style {
    /// Plain under `NO_COLOR`, on a dumb terminal, outside UTF-8, and where nobody looks.
    pub fn detect(terminal: bool, environment: &BTreeMap<String, String>) -> Self {
        let value = |name: &str| {
            environment
                .get(name)
                .map(String::as_str)
                .filter(|value| !value.is_empty())
        };
        let locale = value("LC_ALL")
            .or_else(|| value("LC_CTYPE"))
            .or_else(|| value("LANG"))
            .unwrap_or("");
        let unicode = locale
            .to_ascii_lowercase()
            .replace('-', "")
            .contains("utf8");
        let dumb = value("TERM").is_none_or(|term| term == "dumb");
        if terminal && unicode && !dumb && value("NO_COLOR").is_none() {
            Self::Graphical
        } else {
            Self::Plain
        }
    }
}

/// All diagnostics as one text, an empty line between them.
pub fn render(diagnostics: &[Diagnostic], style: Style) -> String {
    let theme = match style {
        Style::Graphical => GraphicalTheme::unicode(),
        Style::Plain => GraphicalTheme::none(),
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(100)
        .with_context_lines(0)
        .without_syntax_highlighting();
    let mut text = String::new();
    for diagnostic in diagnostics {
        let mut drawn = String::new();
        if handler
            .render_report(&mut drawn, &Drawn::new(diagnostic))
            .is_err()
        {
            // Drawing fails only on a span outside its text, which `clamped` rules out; say the words all the same.
            drawn = format!("{}\n\n  {diagnostic}\n", diagnostic.code);
        }
        if !text.is_empty() {
            text.push('\n');
        }
        for line in drawn.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

/// A diagnostic as the drawing library wants it.
#[derive(Debug)]
struct Drawn<'a> {
    diagnostic: &'a Diagnostic,
    source: Option<NamedSource<String>>,
}

impl<'a> Drawn<'a> {
    fn new(diagnostic: &'a Diagnostic) -> Self {
        let source = diagnostic
            .place
            .as_ref()
            .map(|place| NamedSource::new(&*place.file, place.text.to_string()));
        Self { diagnostic, source }
    }
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnostic.fmt(f)
    }
}

impl std::error::Error for Drawn<'_> {}

impl miette::Diagnostic for Drawn<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        let severity = self.diagnostic.severity.as_str();
        Some(Box::new(format!("{severity}[{}]", self.diagnostic.code)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        // The library knows one kind of footer, so the notes stand before the next step in it.
        let mut lines: Vec<String> = self
            .diagnostic
            .notes
            .iter()
            .map(|note| format!("note: {note}"))
            .collect();
        lines.extend(self.diagnostic.help.clone());
        if lines.is_empty() {
            return None;
        }
        Some(Box::new(lines.join("\n")))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.diagnostic.place.as_ref()?.clamped();
        let label = &self.diagnostic.label;
        let label = (!label.is_empty()).then(|| label.clone());
        let label = LabeledSpan::new_primary_with_span(label, SourceSpan::from(span));
        Some(Box::new(std::iter::once(label)))
    }
}
