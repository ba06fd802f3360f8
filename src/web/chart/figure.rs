//! What stands around each drawing: heading, message, key, and the table with the same facts.

use maud::{Markup, html};

use crate::text::inert;

use super::{
    Drawn, Frame,
    ink::{Gutters, Pattern, px},
    text,
};

/// A figure but for its frame.
pub(super) struct Figure {
    /// The kind, as a class.
    pub(super) kind: &'static str,
    pub(super) gutters: Gutters,
    /// Of the drawing, in pixels.
    pub(super) height: f64,
    pub(super) patterns: Vec<Pattern>,
    /// Definitions besides the patterns.
    pub(super) defs: Markup,
    pub(super) body: Markup,
    /// What can be reached by keyboard. With any, the drawing is a group and no image.
    pub(super) marks: Option<Markup>,
    pub(super) key: Vec<Key>,
    pub(super) tables: Vec<Table>,
}

/// What a sign in the drawing means.
pub(super) struct Key {
    /// Drawn into 16 by 12 pixels.
    pub(super) sign: Markup,
    pub(super) text: String,
    pub(super) number: Option<String>,
    /// It stands only where a narrow drawing has cut the name.
    pub(super) narrow: bool,
}

impl Key {
    pub(super) fn of(sign: Markup, text: &str) -> Self {
        Self {
            sign,
            text: text.to_owned(),
            number: None,
            narrow: false,
        }
    }
}

/// The same facts in rows.
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) columns: Vec<Column>,
    /// As many cells as columns; the first heads its row.
    pub(super) rows: Vec<Vec<Markup>>,
}

/// A column of a table.
pub(super) struct Column {
    pub(super) head: String,
    /// Numbers stand to the right.
    pub(super) number: bool,
}

impl Column {
    pub(super) fn text(head: &str) -> Self {
        Self {
            head: head.to_owned(),
            number: false,
        }
    }

    pub(super) fn number(head: &str) -> Self {
        Self {
            head: head.to_owned(),
            number: true,
        }
    }
}

/// A number or a date in a table.
pub(super) fn number(text: &str) -> Markup {
    html! { (text) }
}

/// A name in a table: whole, inert, and unable to turn its surroundings around.
pub(super) fn cell(text: &str) -> Markup {
    html! { bdi { (inert(text)) } }
}

impl Frame {
    /// The id as a name that a document can have.
    pub(super) fn name(&self) -> String {
        let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let name: String = self.id.chars().map(safe).take(80).collect();
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            name
        } else {
            format!("chart-{name}")
        }
    }

    /// The sentence that stands for a chart with nothing in it.
    pub(super) fn without_drawing(&self, kind: &str) -> Drawn {
        let figure = html! {
            figure.chart.(kind) id=(self.name()) {
                figcaption.chart-title { (text::brief(&self.title)) }
                p.empty { (self.empty) }
            }
        };
        Drawn { figure }
    }

    pub(super) fn around(&self, figure: &Figure) -> Drawn {
        let figure = html! {
            figure.chart.(figure.kind) id=(self.name()) {
                figcaption.chart-title { (text::brief(&self.title)) }
                p.message { (self.message) }
                (self.drawing(figure))
                @if !figure.key.is_empty() { (key(&figure.key)) }
                details.chart-twin {
                    summary { (self.as_table) }
                    // It scrolls sideways, so the keyboard must be able to get in.
                    .chart-table tabindex="0" role="region" aria-labelledby={ (self.name()) "-title" } {
                        @for each in &figure.tables { (table(each)) }
                    }
                }
            }
        };
        Drawn { figure }
    }

    fn drawing(&self, figure: &Figure) -> Markup {
        let name = self.name();
        let classes = format!("chart-drawing {}", figure.gutters.classes());
        let role = if figure.marks.is_some() {
            "group"
        } else {
            "img"
        };
        html! {
            svg class=(classes) width="100%" height=(px(figure.height)) role=(role)
                aria-labelledby={ (name) "-title " (name) "-message" } {
                title id={ (name) "-title" } { (text::brief(&self.title)) }
                desc id={ (name) "-message" } { (self.message) }
                defs {
                    (Pattern::definitions(&name, &figure.patterns))
                    (figure.defs)
                }
                g aria-hidden=[figure.marks.as_ref().map(|_| "true")] { (figure.body) }
                @if let Some(marks) = &figure.marks { (marks) }
            }
        }
    }
}

fn key(all: &[Key]) -> Markup {
    html! {
        ul.chart-key {
            @for each in all {
                li class=[each.narrow.then_some("narrow")] {
                    svg width="16" height="12" aria-hidden="true" { (each.sign) }
                    span { (text::brief(&each.text)) }
                    @if let Some(number) = &each.number { span.value { (number) } }
                }
            }
        }
    }
}

fn table(table: &Table) -> Markup {
    let class = |place: usize| {
        let column = table.columns.get(place)?;
        column.number.then_some("number")
    };
    html! {
        table {
            caption { (table.caption) }
            thead { tr {
                @for (place, column) in table.columns.iter().enumerate() {
                    th scope="col" class=[class(place)] { (cell(&column.head)) }
                }
            } }
            tbody {
                @for row in &table.rows { tr {
                    @for (place, cell) in row.iter().enumerate() {
                        @if place == 0 {
                            th scope="row" class=[class(0)] { (cell) }
                        } @else {
                            td class=[class(place)] { (cell) }
                        }
                    }
                } }
            }
        }
    }
}
