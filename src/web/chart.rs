//! Charts as SVG, made on the server: five kinds, each with its message in words and its table.
//!
//! Pure: a chart is a struct with numbers and words that are translated already; `draw` gives a
//! `<figure>`. No language, no clock, no I/O; the same input gives the same bytes.
//!
//! Text never scales: across, places are percentages of whatever width the page has; down, they are
//! pixels. What must bend to the width (areas, lines) lies in an inner `<svg>` that is stretched,
//! and what depends on it (how many ticks, how long a label) is drawn for a narrow and for a wide
//! figure, of which `assets/chart.css` shows one. There is no style attribute: colours are classes.
//! A figure takes the width of the block it stands in, which must have one.

pub mod area;
pub mod bars;
pub mod histogram;
pub mod line;
pub mod strip;

mod axis;
mod figure;
mod ink;
mod text;

#[cfg(test)]
mod tests;

use chrono::NaiveDateTime;
use maud::{Markup, Render};

pub use self::{
    area::{Area, Layer, Slot},
    axis::Unit,
    bars::{Bar, Bars},
    histogram::{Apart, Before, Bin, Histogram},
    line::{Forecast, Mark, Step, StepLine},
    strip::{Cell, Row, State, StateWords, Strip},
};

/// What stands around a chart, whatever its kind.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Unique on its page; what is not a letter, a digit or a hyphen becomes a hyphen.
    pub id: String,
    /// What is shown: the heading and the first part of the text alternative.
    pub title: String,
    /// What it says, in a sentence: above the drawing and in the text alternative.
    pub message: String,
    /// The sentence that stands instead of a drawing without anything in it.
    pub empty: String,
    /// The words that open the table.
    pub as_table: String,
}

/// Numbers and dates as a language writes them.
pub trait Numbers {
    /// A whole number: `12,345`.
    fn whole(&self, number: i64) -> String;
    /// Points from thousandths: `42`, `2.5`, `-10`.
    fn points(&self, thousandths: i64) -> String;
    /// A moment in full, for tables: a time for [`Unit::Hour`], a date for days and weeks (the first
    /// day of the week), a month for [`Unit::Month`].
    fn moment(&self, at: NaiveDateTime, unit: Unit) -> String;
    /// A moment in short, for an axis: `14:00`, `3 Mar`, `Mar`; with the year where it is asked for.
    fn tick(&self, at: NaiveDateTime, unit: Unit, with_year: bool) -> String;
}

/// A finished chart. It can stand in a page as it is: `(drawn)`.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// The whole `<figure class="chart">`: heading, message, drawing, key and table.
    pub figure: Markup,
}

impl Render for Drawn {
    fn render(&self) -> Markup {
        self.figure.clone()
    }
}

/// What something is coloured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// The band `index` (from 0, the lowest) of `of` bands.
    Band {
        /// From 0, the lowest.
        index: usize,
        /// How many there are.
        of: usize,
    },
    /// One of several without an order, from 0; after eight they begin again.
    Series(usize),
    /// Who is not judged.
    Unjudged,
}

impl Colour {
    /// The class that carries the colour, for other marks of the same thing on a page: `band-8`.
    pub fn class(self) -> &'static str {
        const BANDS: [&str; 8] = [
            "band-1", "band-2", "band-3", "band-4", "band-5", "band-6", "band-7", "band-8",
        ];
        const SERIES: [&str; 8] = [
            "series-1", "series-2", "series-3", "series-4", "series-5", "series-6", "series-7",
            "series-8",
        ];
        match self {
            Self::Band { index, of } => {
                // Few bands lie far apart: the lowest and the highest always have the same colours.
                let last = of.saturating_sub(1).max(1);
                let place = (index.min(last) * (BANDS.len() - 1) + last / 2) / last;
                BANDS[place.min(BANDS.len() - 1)]
            }
            Self::Series(index) => SERIES[index % SERIES.len()],
            Self::Unjudged => "unjudged",
        }
    }
}

/// A range of a score.
#[derive(Clone, Debug, Default)]
pub struct Band {
    /// Its name.
    pub name: String,
    /// Where it begins, in thousandths of a point; `None` for the lowest.
    pub from: Option<i64>,
}

/// Up to when the facts are complete. What comes after is drawn grey.
#[derive(Clone, Debug)]
pub struct Complete {
    /// The first moment that is not complete.
    pub until: NaiveDateTime,
    /// What the rest is called: "not complete".
    pub label: String,
}
