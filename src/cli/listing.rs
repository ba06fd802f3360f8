//! Lists of contacts on a terminal, or as text for another program.

use crate::{
    cli::output,
    listing::{Row, csv_head},
    rules::set::RuleSet,
    store::OBJECTED,
    text::inert,
};

/// Prints rows as they come, so that a long list needs no memory.
pub struct Listing {
    format: Format,
    scores: usize,
    rows: u64,
}

/// How a list is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Table,
    Csv,
    Ndjson,
    Json,
}

impl Format {
    /// `table`, `csv`, `ndjson` or `json`.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "csv" => Self::Csv,
            "ndjson" => Self::Ndjson,
            "json" => Self::Json,
            _ => Self::Table,
        }
    }
}

impl Listing {
    /// Begins a list in a format: `table`, `csv`, `ndjson` or `json`.
    pub fn new(format: &str, rules: &RuleSet) -> Self {
        let format = Format::named(format);
        match format {
            Format::Csv => output::line(&csv_head(rules)),
            Format::Json => output::line("{\"schema\":1,\"contacts\":["),
            Format::Table | Format::Ndjson => {}
        }
        Self {
            format,
            scores: rules.scores.len(),
            rows: 0,
        }
    }

    /// Prints one row.
    pub fn row(&mut self, row: &Row) {
        self.rows += 1;
        match self.format {
            Format::Json => output::line(&format!(
                "{}{}",
                if self.rows > 1 { "," } else { "" },
                row.json()
            )),
            Format::Ndjson => output::line(&row.json()),
            Format::Csv => output::line(&row.csv(self.scores)),
            Format::Table => {
                let scores = row.scores.iter().map(|(name, shown, band)| {
                    let band = band
                        .as_ref()
                        .map(|band| format!(" {band}"))
                        .unwrap_or_default();
                    format!("{name} {shown}{band}")
                });
                let scores: Vec<String> = scores.collect();
                let scores = if row.objects {
                    OBJECTED.to_owned()
                } else {
                    scores.join(", ")
                };
                let segments = row.segments.join(", ");
                let line = format!("{:<40}  {scores:<40}  {segments}", row.contact);
                output::line(&inert(&line));
            }
        }
    }

    /// Ends the list.
    pub fn finish(&self) {
        match self.format {
            Format::Json => output::line("]}"),
            Format::Table => output::say(&format!("{} contacts", self.rows)),
            Format::Csv | Format::Ndjson => {}
        }
    }
}
