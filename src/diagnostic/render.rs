//! Diagnostics as text: drawn for a terminal, or plain for files, logs and
//! screen readers. Only this file knows the drawing library.

use std::{collections::BTreeMap, fmt};

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};

use super::{Diagnostic, Place, Severity, position};

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
        .with_context_lines(1)
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
        for note in &diagnostic.notes {
            text.push_str("  note: ");
            text.push_str(note);
            text.push('\n');
        }
    }
    text
}

/// A diagnostic as the drawing library wants it.
#[derive(Debug)]
struct Drawn<'a> {
    diagnostic: &'a Diagnostic,
    source: Option<Lines<'a>>,
}

impl<'a> Drawn<'a> {
    fn new(diagnostic: &'a Diagnostic) -> Self {
        Self {
            diagnostic,
            source: diagnostic.place.as_ref().map(Lines),
        }
    }
}

/// The text around a place: its own lines, whole, and no neighbours.
#[derive(Debug)]
struct Lines<'a>(&'a Place);

impl SourceCode for Lines<'_> {
    /// The library asks with context lines for what to draw, and without for the position to name.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let text = &*self.0.text;
        let (mut start, mut end) = (span.offset(), span.offset() + span.len());
        if text.get(start..end).is_none() {
            return Err(MietteError::OutOfBounds);
        }
        let (line, mut column) = position(text, start);
        if before > 0 {
            start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
            end = text[end..]
                .find('\n')
                .map_or(text.len(), |length| end + length + 1);
            column = 1;
        }
        // An empty last line is drawn as a blank, so that its label has a line to stand under.
        let data = if start == end { " " } else { &text[start..end] };
        Ok(Box::new(MietteSpanContents::new_named(
            self.0.file.to_string(),
            data.as_bytes(),
            SourceSpan::from(start..start + data.len()),
            line - 1,
            column - 1,
            data.lines().count(),
        )))
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
        let help = self.diagnostic.help.as_ref()?;
        Some(Box::new(help))
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

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    fn style(terminal: bool, variables: &[(&str, &str)]) -> Style {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Style::detect(terminal, &variables)
    }

    #[test]
    fn drawing_is_for_a_terminal_that_wants_it() {
        let good = [("TERM", "xterm"), ("LANG", "nl_NL.UTF-8")];
        assert_eq!(style(true, &good), Style::Graphical);
        assert_eq!(style(false, &good), Style::Plain);
        assert_eq!(
            style(true, &[good[0], good[1], ("NO_COLOR", "1")]),
            Style::Plain
        );
        assert_eq!(style(true, &[("TERM", "dumb"), good[1]]), Style::Plain);
        assert_eq!(style(true, &[good[0], ("LANG", "C")]), Style::Plain);
    }

    #[test]
    fn plain_text_is_ascii_but_for_what_it_quotes_and_a_column_is_a_character() {
        let text = "één = 1\ntwée = 2\n";
        let place = Place {
            file: "a.toml".into(),
            text: text.into(),
            span: text.find("= 2").map(|at| at..at + 3).unwrap(),
        };
        let found = [
            Diagnostic::error("E0000", "two things")
                .at(&place, "here")
                .help("do this")
                .note("since that"),
            Diagnostic::warning("E0001", "no place"),
        ];
        insta::assert_snapshot!(render(&found, Style::Plain), @r"
        error[E0000]

          x two things
           ,-[a.toml:2:6]
         2 | twée = 2
           :      ^|^
           :       `-- here
           `----
          help: do this
          note: since that

        warning[E0001]

          ! no place
        ");
        assert!(render(&found, Style::Graphical).contains('\u{1b}'));
    }

    #[test]
    fn a_span_outside_its_text_is_drawn_at_the_nearest_place() {
        for span in [0..0, 1..2, 3..100, Range { start: 50, end: 40 }, 4..4] {
            let place = Place {
                file: "a.toml".into(),
                text: "é = \n".into(),
                span,
            };
            let found = [Diagnostic::error("E0000", "odd").at(&place, "here")];
            assert!(render(&found, Style::Plain).contains("a.toml:"));
        }
    }
}
