//! Every contact that changes, printed as it comes.

use serde_json::Value;

use crate::{
    cli::{
        listing::Format,
        output::{self, signed},
    },
    listing::csv_line,
    preview::{
        contact::{Because, ContactChange, ScoreChange},
        report::Preview,
    },
    text::inert,
};

/// A list on its way to stdout.
pub(super) struct Listing {
    format: Format,
    rows: u64,
}

/// One line of CSV: a contact and one thing that changes.
const COLUMNS: [&str; 7] = [
    "email",
    "what",
    "before",
    "after",
    "band before",
    "band after",
    "because",
];

impl Listing {
    /// Begins a list in a format: `table`, `csv`, `ndjson` or `json`.
    pub(super) fn new(format: &str) -> Self {
        let format = Format::named(format);
        match format {
            Format::Csv => output::line(&csv_line(COLUMNS.into_iter().map(str::to_owned))),
            Format::Json => output::line("{\"contacts_changed\":["),
            Format::Table | Format::Ndjson => {}
        }
        Self { format, rows: 0 }
    }

    /// Prints one contact.
    pub(super) fn row(&mut self, change: &ContactChange) {
        self.rows += 1;
        match self.format {
            Format::Table => output::line(&inert(&table(change))),
            Format::Csv => csv(change)
                .into_iter()
                .for_each(|cells| output::line(&csv_line(cells.into_iter()))),
            Format::Ndjson | Format::Json => {
                let json = serde_json::to_string(change).unwrap_or_default();
                let comma = self.format == Format::Json && self.rows > 1;
                output::line(&format!("{}{json}", if comma { "," } else { "" }));
            }
        }
    }

    /// Ends the list; as one JSON document it has the whole preview beside it.
    pub(super) fn finish(&self, report: &Preview) {
        if self.format == Format::Json {
            let rest = match serde_json::to_value(report) {
                Ok(Value::Object(members)) => serde_json::to_string(&members).unwrap_or_default(),
                _ => "{}".to_owned(),
            };
            output::line(&format!("],{}", rest.trim_start_matches('{')));
        }
        if self.format == Format::Table {
            output::say(&format!(
                "{} of {} contacts change",
                self.rows, report.contacts
            ));
        }
    }
}

fn table(change: &ContactChange) -> String {
    let mut parts: Vec<String> = change.scores.iter().map(score).collect();
    parts.extend(
        change
            .enters
            .iter()
            .map(|name| format!("into segment {name}")),
    );
    parts.extend(
        change
            .leaves
            .iter()
            .map(|name| format!("out of segment {name}")),
    );
    if let Some(stage) = &change.stage {
        let name = |stage: &Option<String>| stage.clone().unwrap_or_else(|| "no stage".to_owned());
        parts.push(format!(
            "stage {} -> {}",
            name(&stage.before),
            name(&stage.after)
        ));
    }
    format!("{:<36}  {}", change.contact, parts.join("; "))
}

fn score(change: &ScoreChange) -> String {
    let side = |points: Option<i64>, band: &Option<String>| match points {
        None => "not scored".to_owned(),
        Some(points) => match band {
            Some(band) => format!("{points} {band}"),
            None => points.to_string(),
        },
    };
    format!(
        "{} {} -> {}  ({})",
        change.score,
        side(change.before, &change.band_before),
        side(change.after, &change.band_after),
        because(&change.because)
    )
}

fn because(all: &[Because]) -> String {
    let each = all.iter().map(|because| {
        let fake = because.fake.iter();
        let fake = fake.map(|line| format!(" [{} \"{}\": {}]", line.of, line.value, line.why));
        let why: String = fake.collect();
        match because.points.0 {
            0 => because.what.clone(),
            _ => format!("{} {}{why}", signed(because.points), because.what),
        }
    });
    each.collect::<Vec<_>>().join(", ")
}

fn csv(change: &ContactChange) -> Vec<Vec<String>> {
    let number = |points: Option<i64>| points.map(|points| points.to_string()).unwrap_or_default();
    let scores = change.scores.iter().map(|each| {
        vec![
            each.score.clone(),
            number(each.before),
            number(each.after),
            each.band_before.clone().unwrap_or_default(),
            each.band_after.clone().unwrap_or_default(),
            because(&each.because),
        ]
    });
    let plain = |what: String, before: &str, after: &str| {
        let mut cells = vec![what, before.to_owned(), after.to_owned()];
        cells.resize(COLUMNS.len() - 1, String::new());
        cells
    };
    let enters = change.enters.iter();
    let enters = enters.map(|name| plain(format!("segment {name}"), "out", "in"));
    let leaves = change.leaves.iter();
    let leaves = leaves.map(|name| plain(format!("segment {name}"), "in", "out"));
    let stage = change.stage.iter().map(|stage| {
        let name = |stage: &Option<String>| stage.clone().unwrap_or_default();
        plain(
            "stage".to_owned(),
            &name(&stage.before),
            &name(&stage.after),
        )
    });
    let with_name = |cells: Vec<String>| {
        let mut row = vec![change.contact.clone()];
        row.extend(cells);
        row
    };
    scores
        .chain(enters)
        .chain(leaves)
        .chain(stage)
        .map(with_name)
        .collect()
}
