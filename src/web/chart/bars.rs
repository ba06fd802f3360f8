//! Values side by side as level bars from zero: what each rule adds or takes, or plain counts.

use maud::{Markup, html};

use super::{
    Colour, Drawn, Frame, Numbers,
    axis::{Scale, float, place},
    figure::{Column, Figure, Table, cell, number},
    ink::{Anchor, Gutters, Rect, for_each_room, join, label, upright},
    text,
};

/// A label, and its bar below it.
const ROW: f64 = 38.0;
const BAR: f64 = 10.0;
/// More rows than this are in the table only.
const ROWS_MAX: usize = 40;

/// Level bars.
#[derive(Clone, Debug, Default)]
pub struct Bars {
    /// From above.
    pub rows: Vec<Bar>,
    /// What the values are.
    pub measure: Measure,
    /// Words.
    pub words: Words,
}

/// A value.
#[derive(Clone, Debug, Default)]
pub struct Bar {
    /// Whose it is.
    pub label: String,
    /// How much.
    pub value: i64,
    /// Its colour; without one, by its sign.
    pub colour: Option<Colour>,
}

/// What values are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Whole things.
    #[default]
    Count,
    /// Thousandths of points, with their sign.
    Points,
}

impl Measure {
    fn say(self, value: i64, numbers: &dyn Numbers) -> String {
        match self {
            Self::Count => numbers.whole(value),
            Self::Points => {
                let plus = if value > 0 { "+" } else { "" };
                format!("{plus}{}", numbers.points(value))
            }
        }
    }
}

/// Words, translated.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Heads the column of labels: "rule".
    pub label: String,
    /// Heads the column of values: "points".
    pub value: String,
}

impl Bars {
    /// The finished chart.
    pub fn draw(&self, frame: &Frame, numbers: &dyn Numbers) -> Drawn {
        if self.rows.is_empty() {
            return frame.without_drawing("chart-bars");
        }
        let values = self.rows.iter().map(|row| row.value);
        let low = values.clone().min().unwrap_or(0).min(0);
        let high = values.max().unwrap_or(0).max(0);
        let scale = Scale::exactly(low, high);
        let drawn = &self.rows[..self.rows.len().min(ROWS_MAX)];
        let more = self.rows.len() > drawn.len();
        let bottom = place(drawn.len()) * ROW;
        let rows = drawn.iter().scan(0.0, |top, row| {
            let at = *top;
            *top += ROW;
            Some(self.row(row, at, &scale, numbers))
        });
        frame.around(&Figure {
            kind: "chart-bars",
            gutters: GUTTERS,
            height: bottom + if more { 20.0 } else { 4.0 },
            patterns: Vec::new(),
            defs: html! {},
            body: html! {
                (join(rows))
                @if more { (label("note", (0.0, bottom + 14.0), 0.0, Anchor::Start, "…")) }
            },
            marks: None,
            key: Vec::new(),
            tables: vec![self.table(frame, numbers)],
        })
    }

    fn row(&self, row: &Bar, top: f64, scale: &Scale, numbers: &dyn Numbers) -> Markup {
        let value = self.measure.say(row.value, numbers);
        let (zero, end) = (scale.share(0.0), scale.share(float(row.value)));
        let (from, until) = (100.0 * zero.min(end), 100.0 * zero.max(end));
        let class = match row.colour {
            Some(colour) => format!("fill {}", colour.class()),
            None if row.value < 0 => "fill minus".to_owned(),
            None => "fill plus".to_owned(),
        };
        html! {
            (for_each_room(|room| {
                let left = room.pixels(GUTTERS) - text::width(&value) * text::BOLD - 16.0;
                label("bar-name", (0.0, top + 14.0), 0.0, Anchor::Start, &text::fit(&row.label, left))
            }))
            (upright("axis", 100.0 * zero, top + 17.0, top + 23.0 + BAR))
            (label("bar-value", (100.0, top + 14.0), 0.0, Anchor::End, &value))
            (Rect::between(from, until, top + 20.0, top + 20.0 + BAR).rounded(&class, 1.5))
        }
    }

    fn table(&self, frame: &Frame, numbers: &dyn Numbers) -> Table {
        let row = |row: &Bar| {
            let value = self.measure.say(row.value, numbers);
            vec![cell(&row.label), number(&value)]
        };
        Table {
            caption: frame.title.clone(),
            columns: vec![
                Column::text(&self.words.label),
                Column::number(&self.words.value),
            ],
            rows: self.rows.iter().map(row).collect(),
        }
    }
}

const GUTTERS: Gutters = Gutters {
    left: 0.0,
    right: 0.0,
};
