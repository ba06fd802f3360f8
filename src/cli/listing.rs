//! Lists of contacts: who is what today, by a condition, for a screen or a file.

use engaged_connectors::{Clock, model::Address};
use serde::Serialize;

use crate::{
    cli::output,
    config::Config,
    rescore::state,
    rules::{
        set::{RuleSet, Segment},
        syntax::Condition,
        truth::Truth,
    },
    score::{calendar::Zone, evaluate::evaluate, model::Model},
    store::{ContactState, Store, StoreError, Which},
};

/// One contact in a list.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The address, or our number where there is none.
    pub contact: String,
    /// Each score: name, points, band.
    pub scores: Vec<(String, i64, Option<String>)>,
    /// The segments.
    pub segments: Vec<String>,
    /// The stage.
    pub stage: Option<String>,
}

/// Calls back with each contact for whom a condition holds today, as evaluated now.
pub fn list(
    store: &Store,
    config: &Config,
    clock: &dyn Clock,
    condition: Option<Condition>,
    each: &mut dyn FnMut(Row),
) -> Result<(), StoreError> {
    let zone = Zone::new(config.zone);
    let today = zone.day(clock.now().timestamp_millis());
    let mut rules = config.rules.clone();
    let asked = condition.map(|when| {
        // The condition is a segment more, so that it is asked in the one way there is.
        rules.segments.push(Segment {
            name: String::new(),
            text: String::new(),
            when,
        });
        rules.segments.len() - 1
    });
    store.read(|conn| {
        let model = Model::new(&rules, &conn.vocabulary()?);
        let coverage = conn.coverage(&zone, today, None)?;
        conn.for_each_facts(Which::All, None, |contact, facts| {
            let evaluation = evaluate(&model, facts, &coverage, today);
            if asked.is_some_and(|asked| evaluation.segments[asked] != Truth::True) {
                return Ok(());
            }
            let name = facts.address.as_ref().map(Address::reveal);
            let name = name.map_or_else(|| contact.0.to_string(), str::to_owned);
            each(row(name, state(&model, &evaluation, None)));
            Ok(())
        })
    })
}

fn row(contact: String, state: ContactState) -> Row {
    Row {
        contact,
        scores: state
            .scores
            .into_iter()
            .map(|score| (score.name, score.shown, score.band))
            .collect(),
        segments: state
            .segments
            .into_iter()
            .filter(|name| !name.is_empty())
            .collect(),
        stage: state.stage,
    }
}

/// Prints rows as they come, so that a long list needs no memory.
pub struct Listing {
    format: Format,
    scores: Vec<String>,
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
        let listing = Self {
            format,
            scores: rules
                .scores
                .iter()
                .map(|score| score.name.clone())
                .collect(),
            rows: 0,
        };
        listing.head();
        listing
    }

    fn head(&self) {
        match self.format {
            Format::Csv => {
                let scores = self
                    .scores
                    .iter()
                    .flat_map(|name| [name.clone(), format!("{name} band")]);
                let columns = std::iter::once("email".to_owned()).chain(scores);
                output::line(&csv_line(
                    columns.chain(["segments".to_owned(), "stage".to_owned()]),
                ));
            }
            Format::Json => output::line("{\"schema\":1,\"contacts\":["),
            Format::Table | Format::Ndjson => {}
        }
    }

    /// Prints one row.
    pub fn row(&mut self, row: &Row) {
        self.rows += 1;
        let json = || serde_json::to_string(row).unwrap_or_default();
        match self.format {
            Format::Json => output::line(&format!(
                "{}{}",
                if self.rows > 1 { "," } else { "" },
                json()
            )),
            Format::Ndjson => output::line(&json()),
            Format::Csv => {
                let scores = row.scores.iter().flat_map(|(_, shown, band)| {
                    [shown.to_string(), band.clone().unwrap_or_default()]
                });
                let all = std::iter::once(row.contact.clone()).chain(scores);
                output::line(&csv_line(all.chain([
                    row.segments.join(";"),
                    row.stage.clone().unwrap_or_default(),
                ])));
            }
            Format::Table => {
                let scores = row.scores.iter().map(|(name, shown, band)| {
                    let band = band
                        .as_ref()
                        .map(|band| format!(" {band}"))
                        .unwrap_or_default();
                    format!("{name} {shown}{band}")
                });
                let scores: Vec<String> = scores.collect();
                output::line(&format!(
                    "{:<40}  {:<40}  {}",
                    row.contact,
                    scores.join(", "),
                    row.segments.join(", ")
                ));
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

/// One line of CSV. A cell that a spreadsheet would take for a formula gets a quote in front.
pub(super) fn csv_line(cells: impl Iterator<Item = String>) -> String {
    let cells = cells.map(|cell| {
        let formula = cell.starts_with(['=', '+', '@', '\t', '\r'])
            || (cell.starts_with('-') && cell.parse::<f64>().is_err());
        let cell = if formula { format!("'{cell}") } else { cell };
        if cell.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell
        }
    });
    cells.collect::<Vec<_>>().join(",")
}
