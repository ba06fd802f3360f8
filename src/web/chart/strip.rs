//! How runs went, a cell for each interval: one row, or a row for each day. Each state has a colour, a
//! pattern and, where cells are wide enough, a sign.

use std::ops::Range;

use maud::{Markup, html};

use super::{
    Drawn, Frame, Numbers,
    axis::place,
    figure::{Column, Figure, Key, Table, cell},
    ink::{Anchor, Gutters, LINE, Pattern, Rect, anchored, for_each_room, join, label},
    text,
};

const TOP: f64 = LINE + 4.0;
const CELL: f64 = 18.0;
/// In rows with more cells, those that are alike are drawn as one, without a sign.
const SIGNED_MAX: usize = 31;
/// More rows than this are in the table only.
const ROWS_MAX: usize = 60;

/// States of runs.
#[derive(Clone, Debug, Default)]
pub struct Strip {
    /// What stands above each column: hours, say. As many as the longest row has cells.
    pub columns: Vec<String>,
    /// From above.
    pub rows: Vec<Row>,
    /// What states are called.
    pub states: StateWords,
    /// Heads the column of row labels in the table: "day".
    pub heading: String,
}

/// A row of cells.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// What stands left of it: a day, a stream.
    pub label: String,
    /// One for each column.
    pub cells: Vec<Cell>,
}

/// An interval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// How it went.
    pub state: State,
    /// More about it, for its tooltip and the table: "3 runs, 12 events".
    pub note: Option<String>,
}

/// How an interval went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum State {
    /// All ran.
    Ok,
    /// Ran, but not all came through.
    Partly,
    /// Failed.
    Failed,
    /// Could not run until somebody acts.
    Blocked,
    /// Nothing ran.
    #[default]
    Nothing,
}

/// What states are called, translated.
#[derive(Clone, Debug, Default)]
pub struct StateWords {
    /// [`State::Ok`].
    pub ok: String,
    /// [`State::Partly`].
    pub partly: String,
    /// [`State::Failed`].
    pub failed: String,
    /// [`State::Blocked`].
    pub blocked: String,
    /// [`State::Nothing`].
    pub nothing: String,
}

impl StateWords {
    fn of(&self, state: State) -> &str {
        match state {
            State::Ok => &self.ok,
            State::Partly => &self.partly,
            State::Failed => &self.failed,
            State::Blocked => &self.blocked,
            State::Nothing => &self.nothing,
        }
    }
}

impl State {
    const ALL: [Self; 5] = [
        Self::Ok,
        Self::Partly,
        Self::Failed,
        Self::Blocked,
        Self::Nothing,
    ];

    /// The class that carries the colour, for other marks of the same state on a page.
    pub fn class(self) -> &'static str {
        match self {
            Self::Ok => "state-ok",
            Self::Partly => "state-partly",
            Self::Failed => "state-failed",
            Self::Blocked => "state-blocked",
            Self::Nothing => "state-nothing",
        }
    }

    fn pattern(self) -> Pattern {
        match self {
            Self::Ok | Self::Failed | Self::Nothing => Pattern::Plain,
            Self::Partly => Pattern::Slash,
            Self::Blocked => Pattern::Level,
        }
    }

    /// How much of a cell's height it fills: less is less.
    fn height(self) -> f64 {
        match self {
            Self::Nothing => 0.15,
            Self::Partly => 0.65,
            _ => 1.0,
        }
    }

    /// A sign around the middle of its cell.
    fn sign(self) -> Option<&'static str> {
        match self {
            Self::Failed => Some("M-3 -3 3 3M-3 3 3 -3"),
            Self::Blocked => Some("M-3.5 0H3.5"),
            _ => None,
        }
    }

    fn drawn(self, rect: Rect, chart: &str) -> Markup {
        let filled = rect.height * self.height();
        let inner = Rect {
            y: rect.y + rect.height - filled,
            height: filled,
            ..rect
        };
        html! {
            (inner.rounded(&format!("fill {}", self.class()), 1.5))
            (inner.hatched(self.pattern(), chart))
        }
    }
}

impl Strip {
    /// The finished chart.
    pub fn draw(&self, frame: &Frame, numbers: &dyn Numbers) -> Drawn {
        let across = self
            .rows
            .iter()
            .map(|row| row.cells.len())
            .max()
            .unwrap_or(0);
        if across == 0 {
            return frame.without_drawing("chart-strip");
        }
        let name = frame.name();
        let drawn = &self.rows[..self.rows.len().min(ROWS_MAX)];
        let labels: Vec<_> = drawn
            .iter()
            .map(|row| text::fit(&row.label, 110.0))
            .collect();
        let gutters = Gutters::of(labels.iter().map(|label| &**label), []);
        let height = TOP + CELL * place(drawn.len()) + 2.0;
        let width = 100.0 / place(across);
        let rows = drawn
            .iter()
            .zip(&labels)
            .scan(TOP, |top, (row, name_of_row)| {
                let y = *top;
                *top += CELL;
                Some(html! {
                    (label("tick", (0.0, y + 13.0), -8.0, Anchor::End, name_of_row))
                    (self.cells(row, y, width, &name))
                })
            });
        frame.around(&Figure {
            kind: "chart-strip",
            gutters,
            height,
            patterns: State::ALL.map(State::pattern).to_vec(),
            defs: html! {},
            body: html! { (self.heads(width, gutters)) (join(rows)) },
            marks: None,
            key: self.key(&name, numbers),
            tables: vec![self.table(frame, across)],
        })
    }

    /// Heads of columns, as many as there is room for.
    fn heads(&self, width: f64, gutters: Gutters) -> Markup {
        let widest = self
            .columns
            .iter()
            .map(|head| text::width(&text::fit(head, 80.0)));
        let widest = widest.fold(0.0, f64::max) + 10.0;
        for_each_room(|room| {
            let cell = room.pixels(gutters) * width / 100.0;
            let every = [1, 2, 3, 6, 7, 12, 14, 24, 30, 60, 90, 365].into_iter();
            let fits = |every: &usize| place(*every) * cell >= widest;
            let every = every.clone().find(fits).unwrap_or(usize::MAX);
            let heads = self.columns.iter().enumerate().step_by(every);
            join(heads.map(|(column, head)| {
                let x = width * (place(column) + 0.5);
                label(
                    "tick",
                    (x, TOP - 6.0),
                    0.0,
                    Anchor::Middle,
                    &text::fit(head, 80.0),
                )
            }))
        })
    }

    fn cells(&self, row: &Row, top: f64, width: f64, chart: &str) -> Markup {
        let wide = row.cells.len() <= SIGNED_MAX;
        let alike = |one: &Cell, other: &Cell| !wide && one == other;
        let mut first = 0;
        join(row.cells.chunk_by(alike).map(|run| {
            let from = width * place(first);
            let until = from + width * place(run.len());
            let air = if wide { width * 0.06 } else { 0.0 };
            let rect = Rect::between(from + air, until - air, top + 1.0, top + CELL - 1.0);
            let cell = &run[0];
            let sign = cell.state.sign().filter(|_| wide);
            let sign = sign.map(|path| html! { path.sign d=(path) {} });
            let said = self.said(row, first..first + run.len(), cell);
            first += run.len();
            html! {
                g {
                    title { (said) }
                    (cell.state.drawn(rect, chart))
                    @if let Some(sign) = &sign {
                        (anchored(from + width / 2.0, top + CELL / 2.0, sign))
                    }
                }
            }
        }))
    }

    fn said(&self, row: &Row, columns: Range<usize>, cell: &Cell) -> String {
        let head = |place: usize| self.columns.get(place).map(|head| text::brief(head));
        let (first, last) = (head(columns.start), head(columns.end - 1));
        let columns = match (first.unwrap_or_default(), last.unwrap_or_default()) {
            (first, last) if first == last => first,
            (first, last) => format!("{first} – {last}"),
        };
        let state = text::brief(self.states.of(cell.state));
        let note = text::brief(cell.note.as_deref().unwrap_or_default());
        let parts = [text::brief(&row.label), columns, state, note];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(" · ")
    }

    /// The states that occur, with how often.
    fn key(&self, chart: &str, numbers: &dyn Numbers) -> Vec<Key> {
        let cells = || self.rows.iter().flat_map(|row| &row.cells);
        let of = |state: State| cells().filter(|cell| cell.state == state).count();
        let states = State::ALL.into_iter().filter(|state| of(*state) > 0);
        let key = states.map(|state| {
            let rect = Rect::between(0.0, 100.0, 0.0, 12.0);
            let sign = state.sign().map(|path| html! { path.sign d=(path) {} });
            let sign = html! {
                (state.drawn(rect, chart))
                @if let Some(sign) = &sign { (anchored(50.0, 6.0, sign)) }
            };
            Key {
                number: Some(numbers.whole(i64::try_from(of(state)).unwrap_or(i64::MAX))),
                ..Key::of(sign, self.states.of(state))
            }
        });
        key.collect()
    }

    fn table(&self, frame: &Frame, across: usize) -> Table {
        let mut columns = vec![Column::text(&self.heading)];
        let head = |place: usize| self.columns.get(place).map_or("", String::as_str);
        columns.extend((0..across).map(|place| Column::text(head(place))));
        let said = |cell_: &Cell| {
            html! {
                (cell(self.states.of(cell_.state)))
                @if let Some(note) = &cell_.note { " " span.note { (note) } }
            }
        };
        let rows = self.rows.iter().map(|row| {
            let mut cells = vec![cell(&row.label)];
            cells.extend(row.cells.iter().map(said));
            cells.resize_with(across + 1, || html! {});
            cells
        });
        Table {
            caption: frame.title.clone(),
            columns,
            rows: rows.collect(),
        }
    }
}
