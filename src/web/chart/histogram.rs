//! How many contacts have which points: bars by band, the thresholds, an earlier state as an outline,
//! and, set apart, who is not judged.

use maud::{Markup, html};

use super::{
    Band, Colour, Drawn, Frame, Numbers,
    axis::{self, Scale, count, float},
    figure::{Column, Figure, Key, Table, cell, number},
    ink::{
        Anchor, Gutters, LINE, Pattern, Rect, Room, STRETCH, TICKS_MAX, bottom_axis, for_each_room,
        join, label, px, side_axis, stretched, upright,
    },
    text,
};

const PLOT: f64 = 200.0;
/// Between the judged and the others, in hundredths of the width.
const GAP: f64 = 6.0;
/// For each group that is not judged.
const GROUP: f64 = 7.0;
/// More groups than this are drawn as one; the table has them all.
const GROUPS_MAX: usize = 4;

/// A histogram of points.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// From few points to many, all equally wide. Let thresholds be edges of bins: a bin has one band.
    pub bins: Vec<Bin>,
    /// From the lowest; empty if the score has none.
    pub bands: Vec<Band>,
    /// An earlier state.
    pub before: Option<Before>,
    /// Who is not judged.
    pub apart: Option<Apart>,
    /// The words at the axes and above the columns of the table.
    pub words: Words,
}

/// Contacts with points from `from` up to, not including, `until`, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bin {
    /// The fewest points.
    pub from: i64,
    /// More than the most.
    pub until: i64,
    /// How many contacts.
    pub contacts: u64,
}

/// An earlier state, as an outline.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// When: "30 days ago".
    pub label: String,
    /// One for each bin; missing ones are none.
    pub contacts: Vec<u64>,
}

/// Groups beside the scale.
#[derive(Clone, Debug, Default)]
pub struct Apart {
    /// What they have in common: "not judged".
    pub label: String,
    /// Why, and how many contacts.
    pub groups: Vec<(String, u64)>,
}

/// Words, translated.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// The score: names the axis across.
    pub points: String,
    /// "contacts": names the axis upwards, and its column.
    pub contacts: String,
    /// Heads the column of the lower edge: "from".
    pub from: String,
    /// Heads the column of the upper edge, which is not included: "below".
    pub below: String,
    /// Heads the column of bands.
    pub band: String,
}

impl Histogram {
    /// The finished chart.
    pub fn draw(&self, frame: &Frame, numbers: &dyn Numbers) -> Drawn {
        let layout = Layout::of(self, numbers);
        if layout.most == 0 {
            return frame.without_drawing("chart-histogram");
        }
        let name = frame.name();
        let bottom = layout.top + PLOT;
        frame.around(&Figure {
            kind: "chart-histogram",
            gutters: layout.gutters,
            height: bottom + 2.0 * LINE + 8.0,
            patterns: Pattern::first(layout.groups.len()),
            defs: html! {},
            body: html! {
                (self.axes(&layout, numbers))
                (join(self.bins.iter().map(|bin| self.bar(&layout, *bin, numbers))))
                (self.outline(&layout, &name))
                (self.thresholds(&layout, numbers))
                (self.apart(&layout, &name))
            },
            marks: None,
            key: self.key(&name, numbers),
            tables: self.tables(frame, numbers),
        })
    }

    fn axes(&self, layout: &Layout, numbers: &dyn Numbers) -> Markup {
        let bottom = layout.top + PLOT;
        let mut spans = vec![(0.0, layout.main)];
        if !layout.groups.is_empty() {
            spans.push((layout.main + GAP, 100.0));
        }
        html! {
            (label("axis-name", (0.0, 11.0), -layout.gutters.left, Anchor::Start, &text::fit(&self.words.contacts, 200.0)))
            (side_axis(&layout.up, |n| layout.down(n), &spans, |n| numbers.whole(n)))
            (bottom_axis(bottom, layout.gutters, || {
                (1..=TICKS_MAX).rev().map(|most| layout.ticks(most, numbers))
            }))
            (label("axis-name", (0.0, bottom + 2.0 * LINE + 2.0), 0.0, Anchor::Start, &text::fit(&self.words.points, 120.0)))
        }
    }

    fn bar(&self, layout: &Layout, bin: Bin, numbers: &dyn Numbers) -> Markup {
        if bin.contacts == 0 {
            return html! {};
        }
        let (from, until) = (layout.across(bin.from), layout.across(bin.until));
        let air = (until - from) * 0.06;
        let rect = layout.standing(from + air, until - air, bin.contacts);
        let colour = self.colour(bin.from).map_or("series-1", Colour::class);
        let edges = [bin.from, bin.until].map(|points| numbers.points(points));
        html! {
            g {
                title { (edges.join(" – ")) ": " (numbers.whole(count(bin.contacts))) }
                (rect.rounded(&format!("fill {colour}"), 1.5))
            }
        }
    }

    /// The band of some points.
    fn band(&self, points: i64) -> Option<usize> {
        let below = |band: &Band| band.from.is_none_or(|from| from <= points);
        self.bands.iter().rposition(below)
    }

    fn colour(&self, points: i64) -> Option<Colour> {
        let of = self.bands.len();
        let index = self.band(points)?;
        Some(Colour::Band { index, of })
    }

    fn outline(&self, layout: &Layout, name: &str) -> Markup {
        let Some(before) = &self.before else {
            return html! {};
        };
        let mut path = String::new();
        let mut pen = None;
        for (bin, contacts) in self.bins.iter().zip(&before.contacts) {
            let x = |points| px(layout.across(points) / 100.0 * STRETCH);
            let (from, until) = (x(bin.from), x(bin.until));
            let y = px(layout.down(float(count(*contacts))));
            if pen.as_ref() != Some(&from) {
                path += &format!("M{from} {}", px(layout.top + PLOT));
            }
            path += &format!("V{y}H{until}");
            pen = Some(until);
        }
        if !path.is_empty() {
            path += &format!("V{}", px(layout.top + PLOT));
        }
        let id = format!("{name}-before");
        // The rim keeps the line visible over dark bars.
        stretched(
            layout.top + PLOT,
            &html! {
                defs { path id=(id) d=(path) vector-effect="non-scaling-stroke" {} }
                use.before-rim href={ "#" (id) } {}
                use.before href={ "#" (id) } {}
            },
        )
    }

    fn thresholds(&self, layout: &Layout, numbers: &dyn Numbers) -> Markup {
        let inside = |from: i64| (layout.low < from && from < layout.high).then_some(from);
        html! {
            @for from in self.bands.iter().filter_map(|band| inside(band.from?)) {
                (upright("threshold", layout.across(from), LINE + 4.0, layout.top + PLOT))
            }
            (for_each_room(|room| {
                join(layout.names(&self.bands, room).into_iter().map(|name| name.drawn(numbers)))
            }))
        }
    }

    fn apart(&self, layout: &Layout, name: &str) -> Markup {
        let Some(apart) = self.apart.as_ref().filter(|_| !layout.groups.is_empty()) else {
            return html! {};
        };
        let bottom = layout.top + PLOT;
        html! {
            @for (place, contacts) in layout.groups.iter().enumerate() {
                @let from = layout.main + GAP + GROUP * axis::place(place);
                @let rect = layout.standing(from + 0.8, from + GROUP - 0.8, *contacts);
                (rect.rounded("fill unjudged", 1.5))
                (rect.hatched(Pattern::nth(place), name))
            }
            (label("band-name", (100.0, bottom + 2.0 * LINE + 2.0), 0.0, Anchor::End, &text::fit(&apart.label, 130.0)))
        }
    }

    fn key(&self, name: &str, numbers: &dyn Numbers) -> Vec<Key> {
        let mut key = Vec::new();
        if let Some(before) = &self.before {
            let sign = html! { path.before d="M0 11V4H8V8H16" {} };
            key.push(Key::of(sign, &before.label));
        }
        let groups = self.apart.iter().flat_map(|apart| &apart.groups);
        for (place, (label, contacts)) in groups.enumerate() {
            let rect = Rect::between(0.0, 100.0, 0.0, 12.0);
            let pattern = Pattern::nth(place.min(GROUPS_MAX - 1));
            let sign = html! { (rect.plain("fill unjudged")) (rect.hatched(pattern, name)) };
            key.push(Key {
                number: Some(numbers.whole(count(*contacts))),
                ..Key::of(sign, label)
            });
        }
        key
    }

    fn tables(&self, frame: &Frame, numbers: &dyn Numbers) -> Vec<Table> {
        let words = &self.words;
        let whole = |n: u64| number(&numbers.whole(count(n)));
        let mut columns = vec![Column::number(&words.from), Column::number(&words.below)];
        if !self.bands.is_empty() {
            columns.push(Column::text(&words.band));
        }
        columns.push(Column::number(&words.contacts));
        columns.extend(
            self.before
                .iter()
                .map(|before| Column::number(&before.label)),
        );
        let rows = self.bins.iter().enumerate().map(|(place, bin)| {
            let mut row = vec![
                number(&numbers.points(bin.from)),
                number(&numbers.points(bin.until)),
            ];
            if !self.bands.is_empty() {
                let band = self.band(bin.from).map(|index| &*self.bands[index].name);
                row.push(cell(band.unwrap_or_default()));
            }
            row.push(whole(bin.contacts));
            let before = self.before.iter();
            row.extend(
                before.map(|before| whole(before.contacts.get(place).copied().unwrap_or(0))),
            );
            row
        });
        let mut tables = vec![Table {
            caption: frame.title.clone(),
            columns,
            rows: rows.collect(),
        }];
        if let Some(apart) = self.apart.as_ref().filter(|apart| !apart.groups.is_empty()) {
            let row = |(label, contacts): &(String, u64)| vec![cell(label), whole(*contacts)];
            tables.push(Table {
                caption: apart.label.clone(),
                columns: vec![Column::text(&apart.label), Column::number(&words.contacts)],
                rows: apart.groups.iter().map(row).collect(),
            });
        }
        tables
    }
}

/// Where everything stands.
struct Layout {
    gutters: Gutters,
    /// Down to the plot, in pixels.
    top: f64,
    /// How much of the width the scale of points has.
    main: f64,
    low: i64,
    high: i64,
    up: Scale,
    most: u64,
    groups: Vec<u64>,
}

impl Layout {
    fn of(chart: &Histogram, numbers: &dyn Numbers) -> Self {
        let low = chart
            .bins
            .iter()
            .map(|bin| bin.from.min(bin.until))
            .min()
            .unwrap_or(0);
        let high = chart
            .bins
            .iter()
            .map(|bin| bin.until.max(bin.from))
            .max()
            .unwrap_or(1000);
        let groups = groups(chart.apart.as_ref());
        let now = chart.bins.iter().map(|bin| bin.contacts);
        let before = chart
            .before
            .iter()
            .flat_map(|before| before.contacts.iter().copied());
        let most = now
            .chain(before)
            .chain(groups.iter().copied())
            .max()
            .unwrap_or(0);
        let up = Scale::around(0, count(most), 6);
        let ticks: Vec<_> = up.ticks.iter().map(|tick| numbers.whole(*tick)).collect();
        let gutters = Gutters::of(ticks.iter().map(String::as_str), []);
        let main = if groups.is_empty() {
            100.0
        } else {
            100.0 - GAP - GROUP * axis::place(groups.len())
        };
        let mut layout = Self {
            gutters,
            top: LINE + 8.0,
            main,
            low,
            high: high.max(low.saturating_add(1)),
            up,
            most,
            groups,
        };
        let names = |room| layout.names(&chart.bands, room);
        let rows = names(Room::Narrow)
            .into_iter()
            .chain(names(Room::Wide))
            .map(|name| name.row + 1);
        let rows = rows.max().unwrap_or(0);
        layout.top += axis::place(rows) * 2.0 * LINE;
        layout
    }

    fn ticks(&self, most: usize, numbers: &dyn Numbers) -> Vec<(f64, String)> {
        let ticks = Scale::within(self.low, self.high, most).ticks.into_iter();
        ticks
            .map(|tick| (self.across(tick), numbers.points(tick)))
            .collect()
    }

    fn across(&self, points: i64) -> f64 {
        let (low, high) = (float(self.low), float(self.high));
        let points = float(points.clamp(self.low, self.high));
        self.main * (points - low) / (high - low)
    }

    fn down(&self, contacts: f64) -> f64 {
        self.top + PLOT * (1.0 - self.up.share(contacts))
    }

    /// A bar; one that stands for somebody can be seen.
    fn standing(&self, from: f64, until: f64, contacts: u64) -> Rect {
        let bottom = self.top + PLOT;
        let least = if contacts > 0 { 1.0 } else { 0.0 };
        let top = self.down(float(count(contacts))).min(bottom - least);
        Rect::between(from, until, top, bottom)
    }

    /// The names of the bands over their parts, in as many rows as they need, at most three.
    fn names(&self, bands: &[Band], room: Room) -> Vec<BandName> {
        let pixels = room.pixels(self.gutters) / 100.0;
        let mut ends = [f64::NEG_INFINITY; 3];
        let mut names = Vec::new();
        for (index, band) in bands.iter().enumerate() {
            let next = bands.get(index + 1).and_then(|next| next.from);
            let from = band.from.unwrap_or(self.low).max(self.low);
            let until = next.unwrap_or(self.high).min(self.high);
            if from >= until {
                continue;
            }
            let text = text::fit(&band.name, (pixels * self.main).min(140.0) / text::BOLD);
            let half = text::width(&text) * text::BOLD / 2.0 / pixels;
            let middle = f64::midpoint(self.across(from), self.across(until));
            let middle = middle.min(100.0 - half).max(half);
            let free = ends.iter().position(|end| *end < middle - half);
            let Some(row) = free else { continue };
            ends[row] = middle + half + 6.0 / pixels;
            names.push(BandName {
                text,
                middle,
                row,
                from: band.from,
                next,
            });
        }
        names
    }
}

struct BandName {
    text: String,
    middle: f64,
    row: usize,
    from: Option<i64>,
    next: Option<i64>,
}

impl BandName {
    fn drawn(self, numbers: &dyn Numbers) -> Markup {
        let y = LINE + 16.0 + axis::place(self.row) * 2.0 * LINE;
        let edge = match (self.from, self.next) {
            (Some(from), _) => Some(format!("≥ {}", numbers.points(from))),
            (None, Some(next)) => Some(format!("< {}", numbers.points(next))),
            (None, None) => None,
        };
        html! {
            (label("band-name", (self.middle, y), 0.0, Anchor::Middle, &self.text))
            @if let Some(edge) = edge {
                (label("tick", (self.middle, y + 14.0), 0.0, Anchor::Middle, &edge))
            }
        }
    }
}

/// The counts beside the scale; the last takes in what is too many.
fn groups(apart: Option<&Apart>) -> Vec<u64> {
    let mut counts: Vec<u64> = Vec::new();
    for (place, (_, contacts)) in apart.iter().flat_map(|apart| &apart.groups).enumerate() {
        if place < GROUPS_MAX {
            counts.push(*contacts);
        } else if let Some(last) = counts.last_mut() {
            *last = last.saturating_add(*contacts);
        }
    }
    counts
}
