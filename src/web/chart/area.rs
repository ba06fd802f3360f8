//! Sizes of groups over time, stacked. A size holds for its slot and is drawn as a step: nothing is
//! interpolated, and a slot without sizes is a gap.

use chrono::NaiveDateTime;
use maud::{Markup, html};

use super::{
    Colour, Complete, Drawn, Frame, Numbers, Unit,
    axis::{Scale, Times, count, float},
    figure::{Column, Figure, Key, Table, cell, number},
    ink::{
        Anchor, Gutters, LINE, Pattern, Rect, Room, STRETCH, anchored, apart, for_each_room, hole,
        join, label, px, side_axis, stretched, time_axis, upright,
    },
    text,
};

const TOP: f64 = LINE + 8.0;
const PLOT: f64 = 220.0;
const BOTTOM: f64 = TOP + PLOT;
/// More units than this are not filled in: who asks for days over centuries gets no row for each.
const SLOTS_MAX: usize = 5_000;

/// Sizes over time.
#[derive(Clone, Debug)]
pub struct Area {
    /// What a slot is: the sizes of a day, of a week.
    pub unit: Unit,
    /// Where the drawing begins.
    pub from: NaiveDateTime,
    /// Where it ends, not included.
    pub until: NaiveDateTime,
    /// The groups, from the bottom; at most eight can be told apart.
    pub layers: Vec<Layer>,
    /// In their order. What no slot covers is a gap.
    pub slots: Vec<Slot>,
    /// Up to when the facts are complete.
    pub complete: Option<Complete>,
    /// Words.
    pub words: Words,
}

/// A group.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// Its colour.
    pub colour: Colour,
}

/// A day, week or month.
#[derive(Clone, Debug)]
pub struct Slot {
    /// When it begins.
    pub start: NaiveDateTime,
    /// One size for each layer, or nothing if they are not known.
    pub sizes: Option<Vec<u64>>,
}

/// Words, translated.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// "contacts": names the axis upwards.
    pub contacts: String,
    /// Heads the column of time: "week".
    pub time: String,
    /// Heads the column of sums.
    pub total: String,
    /// What a gap is called: "not known".
    pub gap: String,
}

impl Layer {
    /// Its colour and pattern, for the key.
    fn sign(&self, chart: &str) -> Markup {
        let rect = Rect::between(0.0, 100.0, 0.0, 12.0);
        let class = format!("fill {}", self.colour.class());
        html! { (rect.plain(&class)) (rect.hatched(self.colour.pattern(), chart)) }
    }
}

impl Area {
    /// The finished chart.
    pub fn draw(&self, frame: &Frame, numbers: &dyn Numbers) -> Drawn {
        let Some(layout) = Layout::of(self, numbers) else {
            return frame.without_drawing("chart-area");
        };
        let name = frame.name();
        let layers = 0..self.layers.len();
        frame.around(&Figure {
            kind: "chart-area",
            gutters: layout.gutters,
            height: BOTTOM + LINE + 6.0,
            patterns: self.patterns(&layout),
            defs: join(layers.clone().map(|layer| layout.mask(layer, &name))),
            body: html! {
                (label("axis-name", (0.0, 11.0), -layout.gutters.left, Anchor::Start, &text::fit(&self.words.contacts, 200.0)))
                (side_axis(&layout.up, |n| layout.down(n), &[(0.0, 100.0)], |n| numbers.whole(n)))
                (join(layers.map(|layer| self.fill(layer, &name))))
                (self.holes(&layout, &name))
                (time_axis(layout.times, BOTTOM, layout.gutters, numbers))
                (self.names(&layout, numbers))
            },
            marks: None,
            key: self.key(&layout, &name),
            tables: vec![self.table(frame, numbers)],
        })
    }

    fn patterns(&self, layout: &Layout) -> Vec<Pattern> {
        let layers = self.layers.iter().map(|layer| layer.colour.pattern());
        let holes = (!layout.gaps.is_empty()).then_some(Pattern::Gap);
        let stale = layout.stale.map(|_| Pattern::Stale);
        layers.chain(holes).chain(stale).collect()
    }

    fn fill(&self, layer: usize, name: &str) -> Markup {
        let colour = self.layers[layer].colour;
        let rect = Rect::between(0.0, 100.0, 0.0, BOTTOM);
        html! {
            g mask={ "url(#" (name) "-layer-" (layer) ")" } {
                (rect.plain(&format!("fill {}", colour.class())))
                (rect.hatched(colour.pattern(), name))
            }
        }
    }

    fn holes(&self, layout: &Layout, name: &str) -> Markup {
        let rect = |(from, until): (f64, f64)| Rect::between(from, until, TOP, BOTTOM);
        html! {
            @for gap in &layout.gaps {
                (hole(name, Pattern::Gap, rect(*gap), &self.words.gap, layout.gutters))
            }
            @if let (Some(from), Some(complete)) = (layout.stale, &self.complete) {
                (hole(name, Pattern::Stale, rect((from, 100.0)), &complete.label, layout.gutters))
                (upright("complete", from, TOP, BOTTOM))
            }
        }
    }

    /// The names at the right, each near the end of its layer.
    fn names(&self, layout: &Layout, numbers: &dyn Numbers) -> Markup {
        let ends = layout.ends();
        let middle =
            |(low, high): &(u64, u64)| f64::midpoint(layout.down_to(*low), layout.down_to(*high));
        let weight = |(low, high): &(u64, u64)| float(count(high - low));
        let wanted: Vec<_> = ends.iter().map(|end| (middle(end), weight(end))).collect();
        let places = apart(&wanted, TOP + 4.0, BOTTOM - 4.0);
        for_each_room(|room| {
            let all = self.layers.iter().zip(&places).zip(&ends);
            join(all.map(|((layer, place), end)| {
                let Some(place) = *place else { return html! {} };
                let number = numbers.whole(count(end.1 - end.0));
                let number = (room == Room::Wide).then_some(number);
                let taken = number
                    .as_deref()
                    .map_or(0.0, |number| text::width(number) + 5.0);
                let name = layout.name_beside(layer, room, taken);
                let leader = format!("M1 {}L8 {}", px(middle(end)), px(place));
                html! {
                    (anchored(100.0, 0.0, &html! { path.leader d=(leader) {} }))
                    text.layer-name x="100%" y=(px(place + 4.0)) dx="11" {
                        (name)
                        @if let Some(number) = &number { tspan.value dx="5" { (number) } }
                    }
                }
            }))
        })
    }

    fn key(&self, layout: &Layout, name: &str) -> Vec<Key> {
        let rect = Rect::between(0.0, 100.0, 0.0, 12.0);
        let sign = |class, pattern| html! { (rect.plain(class)) (rect.hatched(pattern, name)) };
        let mut key = Vec::new();
        let cut = |layer: &Layer| {
            layout.name_beside(layer, Room::Narrow, 0.0) != text::clean(&layer.name)
        };
        if self.layers.iter().any(cut) {
            let layers = self.layers.iter().map(|layer| Key {
                narrow: true,
                ..Key::of(layer.sign(name), &layer.name)
            });
            key.extend(layers);
        }
        if !layout.gaps.is_empty() {
            key.push(Key::of(sign("gap", Pattern::Gap), &self.words.gap));
        }
        if let (Some(_), Some(complete)) = (layout.stale, &self.complete) {
            key.push(Key::of(sign("stale", Pattern::Stale), &complete.label));
        }
        key
    }

    fn table(&self, frame: &Frame, numbers: &dyn Numbers) -> Table {
        let words = &self.words;
        let mut columns = vec![Column::text(&words.time)];
        columns.extend(self.layers.iter().map(|layer| Column::number(&layer.name)));
        columns.push(Column::number(&words.total));
        let whole = |n: u64| number(&numbers.whole(count(n)));
        let times = Times::new(self.from, self.until);
        let mut rows = Vec::new();
        for (start, sizes) in self.in_order(times) {
            let late = self
                .complete
                .as_ref()
                .filter(|complete| start >= complete.until);
            let mut row = vec![html! {
                (number(&numbers.moment(start, self.unit)))
                @if let Some(late) = late { " " span.note { (late.label) } }
            }];
            match sizes {
                Some(sizes) => {
                    let sizes = self.complete_sizes(sizes);
                    row.extend(sizes.iter().map(|size| whole(*size)));
                    row.push(whole(
                        sizes.iter().fold(0, |sum, size| sum.saturating_add(*size)),
                    ));
                }
                None => row.resize_with(columns.len(), || cell(&words.gap)),
            }
            rows.push(row);
        }
        Table {
            caption: frame.title.clone(),
            columns,
            rows,
        }
    }

    /// One size for each layer.
    fn complete_sizes(&self, sizes: &[u64]) -> Vec<u64> {
        let mut sizes = sizes.to_vec();
        sizes.resize(self.layers.len(), 0);
        sizes
    }

    /// The slots by time, and one without sizes for each unit that none covers.
    fn in_order(&self, times: Times) -> Vec<(NaiveDateTime, Option<&[u64]>)> {
        let mut slots: Vec<_> = self.slots.iter().collect();
        slots.sort_by_key(|slot| slot.start);
        let mut all = Vec::new();
        let mut at = times.from;
        for slot in slots {
            self.holes_until(&mut at, slot.start.min(times.until), &mut all);
            all.push((slot.start, slot.sizes.as_deref()));
            at = at.max(self.unit.after(slot.start));
        }
        self.holes_until(&mut at, times.until, &mut all);
        all
    }

    fn holes_until(
        &self,
        at: &mut NaiveDateTime,
        until: NaiveDateTime,
        all: &mut Vec<(NaiveDateTime, Option<&[u64]>)>,
    ) {
        while *at < until && all.len() < SLOTS_MAX {
            all.push((*at, None));
            *at = self.unit.after(*at);
        }
    }
}

/// Where everything stands.
struct Layout {
    gutters: Gutters,
    times: Times,
    up: Scale,
    /// Slots without a gap between them.
    runs: Vec<Vec<Pile>>,
    gaps: Vec<(f64, f64)>,
    stale: Option<f64>,
}

/// A slot across, and the sums of its sizes from the bottom.
struct Pile {
    from: f64,
    until: f64,
    sums: Vec<u64>,
}

impl Layout {
    /// `None` if there is nothing to draw.
    fn of(area: &Area, numbers: &dyn Numbers) -> Option<Self> {
        let times = Times::new(area.from, area.until);
        let (mut runs, mut gaps) = (vec![Vec::new()], Vec::new());
        let stale = area
            .complete
            .as_ref()
            .map(|complete| times.place(complete.until));
        let stale = stale.filter(|place| *place < 100.0);
        let mut left = 0.0;
        for (start, sizes) in area.in_order(times) {
            let from = times.place(start).max(left);
            let until = times.place(area.unit.after(start)).max(left);
            if from >= until {
                continue;
            }
            left = until;
            if let Some(sizes) = sizes {
                let sums = sums(&area.complete_sizes(sizes));
                if let Some(run) = runs.last_mut() {
                    run.push(Pile { from, until, sums });
                }
            } else {
                runs.push(Vec::new());
                let until = until.min(stale.unwrap_or(100.0));
                match gaps.last_mut() {
                    _ if from >= until => {}
                    Some((_, end)) if *end >= from => *end = until,
                    _ => gaps.push((from, until)),
                }
            }
        }
        runs.retain(|run| !run.is_empty());
        let most = runs
            .iter()
            .flatten()
            .filter_map(|column| column.sums.last().copied())
            .max();
        let most = most.filter(|most| *most > 0)?;
        let up = Scale::around(0, count(most), 6);
        let mut layout = Self {
            gutters: Gutters::of([], []),
            times,
            up,
            runs,
            gaps,
            stale,
        };
        let ticks: Vec<_> = layout
            .up
            .ticks
            .iter()
            .map(|tick| numbers.whole(*tick))
            .collect();
        let name = |(layer, (low, high)): (&Layer, &(u64, u64))| {
            format!(
                "{}    {}",
                text::fit(&layer.name, 150.0),
                numbers.whole(count(high - low))
            )
        };
        let names: Vec<_> = area.layers.iter().zip(&layout.ends()).map(name).collect();
        layout.gutters = Gutters::of(ticks.iter().map(|t| &**t), names.iter().map(|n| &**n));
        Some(layout)
    }

    fn down(&self, contacts: f64) -> f64 {
        TOP + PLOT * (1.0 - self.up.share(contacts))
    }

    /// As much of a name as there is room for beside the drawing, next to what is taken.
    fn name_beside(&self, layer: &Layer, room: Room, taken: f64) -> String {
        text::fit(&layer.name, (room.right(self.gutters) - taken) / text::BOLD)
    }

    fn down_to(&self, sum: u64) -> f64 {
        self.down(float(count(sum)))
    }

    /// From where to where each layer reaches in the last slot.
    fn ends(&self) -> Vec<(u64, u64)> {
        let last = self.runs.last().and_then(|run| run.last());
        let sums = last.map(|column| &*column.sums).unwrap_or_default();
        let lows = [0].into_iter().chain(sums.iter().copied());
        lows.zip(sums.iter().copied()).collect()
    }

    /// The shape of a layer. As a mask it bends to the width while the pattern behind it does not.
    fn mask(&self, layer: usize, name: &str) -> Markup {
        let shape = stretched(
            BOTTOM,
            &html! {
                path fill="white" stroke="black" vector-effect="non-scaling-stroke" d=(self.shape(layer)) {}
            },
        );
        html! {
            mask id={ (name) "-layer-" (layer) } maskUnits="userSpaceOnUse" x="0" y="0" width="100%" height=(px(BOTTOM)) {
                (shape)
            }
        }
    }

    /// The outline of a layer: steps to the right along its top, and back along its bottom.
    fn shape(&self, layer: usize) -> String {
        let x = |place: f64| px(place / 100.0 * STRETCH);
        let mut path = String::new();
        for run in &self.runs {
            let Some(first) = run.first() else { continue };
            path += &format!("M{}", x(first.from));
            for (place, column) in run.iter().enumerate() {
                let separator = if place == 0 { " " } else { "V" };
                let top = px(self.down_to(column.sums[layer]));
                path += &format!("{separator}{top}H{}", x(column.until));
            }
            for column in run.iter().rev() {
                let below = layer.checked_sub(1).map_or(0, |below| column.sums[below]);
                path += &format!("V{}H{}", px(self.down_to(below)), x(column.from));
            }
            path.push('Z');
        }
        path
    }
}

fn sums(sizes: &[u64]) -> Vec<u64> {
    let mut sum = 0_u64;
    let add = |size: &u64| {
        sum = sum.saturating_add(*size);
        sum
    };
    sizes.iter().map(add).collect()
}
