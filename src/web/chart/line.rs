//! A contact's score over time: steps, since a score holds until it changes; what happened below it;
//! bands behind it; and, dashed, what comes if nothing happens.

mod marks;

use chrono::NaiveDateTime;
use maud::{Markup, html};

use super::{
    Band, Colour, Complete, Drawn, Frame, Numbers, Unit,
    axis::{Scale, Times, float},
    figure::{Column, Figure, Key, Table, cell, number},
    ink::{
        Anchor, Gutters, LINE, Pattern, Rect, STRETCH, apart, for_each_room, hole, join, label,
        pct, px, side_axis, stretched, time_axis, upright,
    },
    text,
};

const TOP: f64 = LINE + 8.0;
const PLOT: f64 = 180.0;
const BOTTOM: f64 = TOP + PLOT;

/// A score over time.
#[derive(Clone, Debug)]
pub struct StepLine {
    /// Where the drawing begins.
    pub from: NaiveDateTime,
    /// Up to when the score is known; the forecast begins here.
    pub now: NaiveDateTime,
    /// In their order. Before the first nothing is known.
    pub steps: Vec<Step>,
    /// What comes if nothing happens.
    pub forecast: Option<Forecast>,
    /// From the lowest.
    pub bands: Vec<Band>,
    /// What happened.
    pub marks: Vec<Mark>,
    /// Up to when the facts are complete.
    pub complete: Option<Complete>,
    /// Words.
    pub words: Words,
}

/// From a moment on, up to the next step, the score is this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The moment.
    pub at: NaiveDateTime,
    /// Thousandths of points, or nothing if the score is not known.
    pub points: Option<i64>,
}

/// What comes if nothing happens.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// Where the drawing ends.
    pub until: NaiveDateTime,
    /// Changes to come, in their order.
    pub steps: Vec<Step>,
    /// "if nothing happens".
    pub label: String,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Mark {
    /// When.
    pub at: NaiveDateTime,
    /// What, in a few words: "click in 'Autumn'".
    pub label: String,
    /// Done by a person; otherwise by a machine, or nobody knows.
    pub human: bool,
    /// It became known long after it happened.
    pub late: bool,
    /// Where to read more: a path on this site, or `#` and a place on this page.
    pub href: Option<String>,
}

/// Words, translated.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// The score: names the axis upwards, and its column.
    pub points: String,
    /// Heads the column of time: "when".
    pub time: String,
    /// Names the table of marks: "events".
    pub events: String,
    /// Heads the column of who did it: "by".
    pub by: String,
    /// What a part without a score is called: "not known".
    pub gap: String,
    /// Filled marks: "a person".
    pub human: String,
    /// Hollow marks: "a machine".
    pub machine: String,
    /// Marks with a tail: "became known late".
    pub late: String,
}

impl StepLine {
    /// The finished chart.
    pub fn draw(&self, frame: &Frame, numbers: &dyn Numbers) -> Drawn {
        let Some(layout) = Layout::of(self, numbers) else {
            return frame.without_drawing("chart-line");
        };
        let name = frame.name();
        let below = BOTTOM + marks::height(&self.marks);
        frame.around(&Figure {
            kind: "chart-line",
            gutters: layout.gutters,
            height: below + LINE + 6.0,
            patterns: vec![Pattern::Gap, Pattern::Stale],
            defs: html! {},
            body: html! {
                (label("axis-name", (0.0, 11.0), -layout.gutters.left, Anchor::Start, &text::fit(&self.words.points, 200.0)))
                (self.stripes(&layout))
                (side_axis(&layout.up, |n| layout.down(n), &[(0.0, 100.0)], |n| numbers.points(n)))
                (self.holes(&layout, &name))
                (layout.lines())
                (self.ends(&layout, numbers))
                (time_axis(layout.times, below, layout.gutters, numbers))
            },
            marks: marks::drawn(&self.marks, &layout, BOTTOM),
            key: self.key(&layout, &name),
            tables: self.tables(frame, numbers),
        })
    }

    /// The bands behind the line, and their names at the right.
    fn stripes(&self, layout: &Layout) -> Markup {
        let (low, high) = (layout.up.low, layout.up.high);
        let of = self.bands.len();
        let mut stripes = Vec::new();
        for (index, band) in self.bands.iter().enumerate() {
            let from = band.from.map_or(low, float).max(low);
            let next = self.bands.get(index + 1).and_then(|next| next.from);
            let until = next.map_or(high, float).min(high);
            if from < until {
                let rect = Rect::between(0.0, 100.0, layout.down(until), layout.down(from));
                stripes.push((Colour::Band { index, of }, rect, band));
            }
        }
        let middle = |rect: &Rect| rect.y + rect.height / 2.0;
        let wanted: Vec<_> = stripes
            .iter()
            .map(|(_, rect, _)| (middle(rect), rect.height))
            .collect();
        let places = apart(&wanted, TOP + 4.0, BOTTOM - 4.0);
        html! {
            @for (colour, rect, _) in &stripes { (rect.plain(&format!("wash {}", colour.class()))) }
            (for_each_room(|room| {
                let names = stripes.iter().zip(&places);
                join(names.map(|((_, _, band), place)| {
                    let Some(place) = *place else { return html! {} };
                    let name = text::fit(&band.name, room.right(layout.gutters) / text::BOLD);
                    label("band-name", (100.0, place + 4.0), 8.0, Anchor::Start, &name)
                }))
            }))
        }
    }

    fn holes(&self, layout: &Layout, name: &str) -> Markup {
        let rect = |from, until| Rect::between(from, until, TOP, BOTTOM);
        html! {
            @for (from, until) in &layout.gaps {
                (hole(name, Pattern::Gap, rect(*from, *until), &self.words.gap, layout.gutters))
            }
            @if let (Some(from), Some(complete)) = (layout.stale, &self.complete) {
                (hole(name, Pattern::Stale, rect(from, layout.now), &complete.label, layout.gutters))
            }
        }
    }

    /// The present: where the line ends, with its number, and the words for what follows.
    fn ends(&self, layout: &Layout, numbers: &dyn Numbers) -> Markup {
        html! {
            @if let Some(forecast) = &self.forecast {
                (upright("complete", layout.now, TOP, BOTTOM))
                (for_each_room(|room| {
                    let left = room.pixels(layout.gutters) * (100.0 - layout.now) / 100.0;
                    let words = text::clean(&forecast.label);
                    if text::width(&words) + 8.0 > left {
                        return html! {};
                    }
                    label("note", (100.0, TOP + 14.0), -4.0, Anchor::End, &words)
                }))
                @for piece in layout.ahead.iter().skip(1) {
                    (label("tick wide", (piece.from, layout.down(float(piece.points)) - 6.0), 4.0, Anchor::Start, &numbers.points(piece.points)))
                }
            }
            (layout.present(numbers))
        }
    }

    fn key(&self, layout: &Layout, name: &str) -> Vec<Key> {
        let rect = Rect::between(0.0, 100.0, 0.0, 12.0);
        let sign = |class, pattern| html! { (rect.plain(class)) (rect.hatched(pattern, name)) };
        let mut key = marks::key(&self.marks, &self.words);
        if let Some(forecast) = &self.forecast {
            let sign = html! { path class="line forecast" d="M0 6H16" {} };
            key.push(Key::of(sign, &forecast.label));
        }
        if !layout.gaps.is_empty() {
            key.push(Key::of(sign("gap", Pattern::Gap), &self.words.gap));
        }
        if let (Some(_), Some(complete)) = (layout.stale, &self.complete) {
            key.push(Key::of(sign("stale", Pattern::Stale), &complete.label));
        }
        key
    }

    fn tables(&self, frame: &Frame, numbers: &dyn Numbers) -> Vec<Table> {
        let words = &self.words;
        let row = |step: &Step, note: Option<&str>| {
            let points = step
                .points
                .map_or_else(|| words.gap.clone(), |points| numbers.points(points));
            let when = html! {
                (number(&numbers.moment(step.at, Unit::Day)))
                @if let Some(note) = note { " " span.note { (note) } }
            };
            vec![when, cell(&points)]
        };
        let late = |step: &&Step| {
            let complete = self.complete.as_ref()?;
            (step.at >= complete.until).then_some(complete.label.as_str())
        };
        let known = self.steps.iter().map(|step| row(step, late(&step)));
        let ahead = self.forecast.iter().flat_map(|forecast| {
            let steps = forecast.steps.iter();
            steps.map(|step| row(step, Some(&forecast.label)))
        });
        let mut tables = vec![Table {
            caption: frame.title.clone(),
            columns: vec![Column::text(&words.time), Column::number(&words.points)],
            rows: known.chain(ahead).collect(),
        }];
        tables.extend(marks::table(&self.marks, words, numbers));
        tables
    }
}

/// A level part of the line, from and until in hundredths of the width.
#[derive(Clone, Copy, Debug)]
struct Piece {
    from: f64,
    until: f64,
    points: i64,
}

/// Where everything stands.
struct Layout {
    gutters: Gutters,
    times: Times,
    up: Scale,
    now: f64,
    known: Vec<Piece>,
    ahead: Vec<Piece>,
    gaps: Vec<(f64, f64)>,
    stale: Option<f64>,
}

impl Layout {
    /// `None` if there is nothing to draw.
    fn of(chart: &StepLine, numbers: &dyn Numbers) -> Option<Self> {
        let forecast = chart.forecast.as_ref();
        let until = forecast.map_or(chart.now, |forecast| forecast.until.max(chart.now));
        let times = Times::new(chart.from, until);
        let now = times.place(chart.now);
        let (known, gaps) = pieces(&chart.steps, times, 0.0, now);
        let last = chart.steps.iter().max_by_key(|step| step.at).copied();
        let ahead = forecast.map(|forecast| {
            let start = last.map(|last| Step {
                at: chart.now,
                ..last
            });
            let steps: Vec<_> = start
                .into_iter()
                .chain(forecast.steps.iter().copied())
                .collect();
            pieces(&steps, times, now, 100.0).0
        });
        let ahead = ahead.unwrap_or_default();
        if known.is_empty() && chart.marks.is_empty() {
            return None;
        }
        let points = || known.iter().chain(&ahead).map(|piece| piece.points);
        let edges = || chart.bands.iter().filter_map(|band| band.from);
        let low = points().chain(edges()).min().unwrap_or(0).min(0);
        let high = points().chain(edges()).max().unwrap_or(0).max(1000);
        let up = Scale::around(low, high, 6);
        let ticks: Vec<_> = up.ticks.iter().map(|tick| numbers.points(*tick)).collect();
        let names = chart.bands.iter().map(|band| text::fit(&band.name, 140.0));
        let names: Vec<_> = names.collect();
        let stale = chart
            .complete
            .as_ref()
            .map(|complete| times.place(complete.until));
        Some(Self {
            gutters: Gutters::of(ticks.iter().map(|t| &**t), names.iter().map(|n| &**n)),
            times,
            up,
            now,
            known,
            ahead,
            gaps,
            stale: stale.filter(|place| *place < now),
        })
    }

    fn down(&self, points: f64) -> f64 {
        TOP + PLOT * (1.0 - self.up.share(points))
    }

    /// The present score, where the line does not pass.
    fn present(&self, numbers: &dyn Numbers) -> Markup {
        let Some(last) = self.known.last().filter(|piece| piece.until >= self.now) else {
            return html! {};
        };
        let y = self.down(float(last.points));
        // Before the forecast, above a line that falls and below one that rises; at the right edge
        // the line comes from the left, so the other way round.
        let (anchor, aside, rises) = if self.now < 85.0 {
            let next = self.ahead.get(1).map(|next| next.points);
            (
                Anchor::Start,
                6.0,
                next.is_some_and(|next| next > last.points),
            )
        } else {
            let before = self.known.iter().rev().nth(1).map(|before| before.points);
            let falls = before.is_some_and(|before| before > last.points);
            (Anchor::End, -6.0, falls)
        };
        let above = y - 9.0 >= TOP + 6.0 && (!rises || y + 20.0 > BOTTOM);
        let beside = if above { y - 9.0 } else { y + 19.0 };
        html! {
            circle.here cx=(pct(self.now)) cy=(px(y)) r="4" {}
            (label("value-now", (self.now, beside), aside, anchor, &numbers.points(last.points)))
        }
    }

    /// What is sure, what is not complete, and what is to come.
    fn lines(&self) -> Markup {
        let sure = self.stale.unwrap_or(self.now);
        let line = |class: &str, pieces: &[Piece], from: f64, until: f64| {
            let path = self.path(pieces, from, until);
            html! { @if !path.is_empty() { path class=(class) d=(path) vector-effect="non-scaling-stroke" {} } }
        };
        stretched(
            BOTTOM,
            &html! {
                (line("line", &self.known, 0.0, sure))
                @if sure < self.now { (line("line stale-line", &self.known, sure, self.now)) }
                (line("line forecast", &self.ahead, self.now, 100.0))
            },
        )
    }

    /// The line through the pieces, as far as they lie between two places.
    fn path(&self, pieces: &[Piece], from: f64, until: f64) -> String {
        let x = |place: f64| px(place / 100.0 * STRETCH);
        let mut path = String::new();
        let mut pen = f64::NEG_INFINITY;
        for piece in pieces {
            let (start, end) = (piece.from.max(from), piece.until.min(until));
            if start > end || (end - start <= 0.0 && piece.from < piece.until) {
                continue;
            }
            let y = px(self.down(float(piece.points)));
            if (pen - start).abs() < 1e-9 {
                path += &format!("V{y}");
            } else {
                path += &format!("M{} {y}", x(start));
            }
            path += &format!("H{}", x(end));
            pen = end;
        }
        path
    }
}

/// Level parts where the score is known, and gaps where it is not.
fn pieces(steps: &[Step], times: Times, from: f64, until: f64) -> (Vec<Piece>, Vec<(f64, f64)>) {
    let mut steps = steps.to_vec();
    steps.sort_by_key(|step| step.at);
    let (mut known, mut gaps) = (Vec::new(), Vec::new());
    let mut gap = |start: f64, end: f64| match gaps.last_mut() {
        _ if start >= end => {}
        Some((_, last)) if *last >= start => *last = end,
        _ => gaps.push((start, end)),
    };
    let place = |at| times.place(at).clamp(from, until);
    let first = steps.first().map_or(until, |step| place(step.at));
    gap(from, first);
    for (index, step) in steps.iter().enumerate() {
        let start = place(step.at);
        let end = steps.get(index + 1).map_or(until, |next| place(next.at));
        match step.points {
            Some(points) if start < end => known.push(Piece {
                from: start,
                until: end,
                points,
            }),
            Some(_) => {}
            None => gap(start, end),
        }
    }
    (known, gaps)
}
