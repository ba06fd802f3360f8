//! What drawings are made of: places, texts, axes, patterns.

use maud::{Markup, PreEscaped, html};

use super::{
    Colour, Numbers,
    axis::{Scale, Times, float},
    text,
};

/// The height of a line of text with its air, in pixels.
pub(super) const LINE: f64 = 16.0;
/// An inner drawing that is stretched is this many units wide.
pub(super) const STRETCH: f64 = 1000.0;

/// What a figure is drawn for. The style sheet shows one of both, by the room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Narrow,
    Wide,
}

impl Room {
    /// The least width of a drawing between its gutters, in pixels.
    pub(super) fn pixels(self, gutters: Gutters) -> f64 {
        match self {
            Self::Narrow => 280.0 - gutters.left - gutters.right.min(NARROW_RIGHT_MAX),
            Self::Wide => 620.0 - gutters.left - gutters.right,
        }
    }

    /// The room right of the drawing, for a text.
    pub(super) fn right(self, gutters: Gutters) -> f64 {
        let room = match self {
            Self::Narrow => gutters.right.min(NARROW_RIGHT_MAX),
            Self::Wide => gutters.right,
        };
        room - 14.0
    }
}

/// More ticks across say no more.
pub(super) const TICKS_MAX: usize = 8;

const NARROW_RIGHT_MAX: f64 = 96.0;
const LEFT: [f64; 6] = [24.0, 40.0, 56.0, 80.0, 120.0, 200.0];
const RIGHT: [f64; 6] = [8.0, 56.0, 96.0, 136.0, 176.0, 216.0];

/// The room left and right of a drawing, in pixels: one of a few steps, each a class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gutters {
    pub(super) left: f64,
    pub(super) right: f64,
}

impl Gutters {
    /// Enough for the texts, up to the widest step.
    pub(super) fn of<'a>(
        left: impl IntoIterator<Item = &'a str>,
        right: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let widest =
            |texts: &mut dyn Iterator<Item = &'a str>| texts.map(text::width).fold(0.0, f64::max);
        let step = |steps: &[f64], wanted: f64| {
            let found = steps.iter().copied().find(|step| *step >= wanted);
            found.or(steps.last().copied()).unwrap_or(wanted)
        };
        let right = widest(&mut right.into_iter());
        Self {
            left: step(&LEFT, widest(&mut left.into_iter()) + 10.0),
            right: step(&RIGHT, if right > 0.0 { right + 16.0 } else { 0.0 }),
        }
    }

    pub(super) fn classes(self) -> String {
        format!("left-{} right-{}", self.left, self.right)
    }
}

/// A number with two places, which is finer than a screen.
pub(super) fn px(number: f64) -> String {
    let number = if number.is_finite() { number } else { 0.0 };
    let text = format!("{number:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0" } else { text }.to_owned()
}

/// How far across, from 0 to 100.
pub(super) fn pct(number: f64) -> String {
    format!("{}%", px(number.clamp(0.0, 100.0)))
}

/// On which side of its place a text stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn word(self) -> Option<&'static str> {
        match self {
            Self::Start => None,
            Self::Middle => Some("middle"),
            Self::End => Some("end"),
        }
    }
}

/// A text at a place across (0 to 100) and down, moved aside by some pixels.
pub(super) fn label(class: &str, at: (f64, f64), aside: f64, anchor: Anchor, text: &str) -> Markup {
    let aside = (aside != 0.0).then(|| px(aside));
    html! {
        text class=(class) x=(pct(at.0)) y=(px(at.1)) dx=[aside] text-anchor=[anchor.word()] { (text) }
    }
}

/// What is drawn for each room; once if it is the same.
pub(super) fn for_each_room(draw: impl Fn(Room) -> Markup) -> Markup {
    let (narrow, wide) = (draw(Room::Narrow), draw(Room::Wide));
    if narrow.0 == wide.0 {
        return wide;
    }
    html! { g.narrow { (narrow) } g.wide { (wide) } }
}

/// A drawing that bends to the width: `STRETCH` units across, pixels down.
pub(super) fn stretched(height: f64, inner: &Markup) -> Markup {
    html! {
        svg width="100%" height=(px(height)) viewBox={ "0 0 " (px(STRETCH)) " " (px(height)) }
            preserveAspectRatio="none" { (inner) }
    }
}

/// Signs in pixels around a place across.
pub(super) fn anchored(across: f64, down: f64, inner: &Markup) -> Markup {
    html! { svg x=(pct(across)) y=(px(down)) overflow="visible" { (inner) } }
}

/// A level line over the whole width, or a part of it.
pub(super) fn level(class: &str, from: f64, until: f64, y: f64) -> Markup {
    html! { line class=(class) x1=(pct(from)) x2=(pct(until)) y1=(px(y)) y2=(px(y)) {} }
}

/// An upright line.
pub(super) fn upright(class: &str, across: f64, top: f64, bottom: f64) -> Markup {
    html! { line class=(class) x1=(pct(across)) x2=(pct(across)) y1=(px(top)) y2=(px(bottom)) {} }
}

/// A rectangle: across in hundredths, down in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) width: f64,
    pub(super) y: f64,
    pub(super) height: f64,
}

impl Rect {
    pub(super) fn between(from: f64, until: f64, top: f64, bottom: f64) -> Self {
        Self {
            x: from,
            width: (until - from).max(0.0),
            y: top,
            height: (bottom - top).max(0.0),
        }
    }

    pub(super) fn plain(self, class: &str) -> Markup {
        self.drawn(class, None, None)
    }

    pub(super) fn rounded(self, class: &str, round: f64) -> Markup {
        self.drawn(class, Some(px(round)), None)
    }

    /// Filled with a pattern of a chart.
    pub(super) fn hatched(self, pattern: Pattern, chart: &str) -> Markup {
        if pattern == Pattern::Plain {
            return html! {};
        }
        self.drawn("hatch", None, Some(format!("url(#{})", pattern.id(chart))))
    }

    fn drawn(self, class: &str, round: Option<String>, fill: Option<String>) -> Markup {
        html! {
            rect class=(class) x=(pct(self.x)) width=(pct(self.width)) y=(px(self.y)) height=(px(self.height))
                rx=[round] fill=[fill] {}
        }
    }
}

/// Level lines at the ticks of a scale, with their numbers to the left. `spans` are the parts across.
pub(super) fn side_axis(
    scale: &Scale,
    down: impl Fn(f64) -> f64,
    spans: &[(f64, f64)],
    say: impl Fn(i64) -> String,
) -> Markup {
    html! {
        @for tick in &scale.ticks {
            @let y = down(float(*tick));
            @for (from, until) in spans {
                (level(if *tick == 0 { "axis" } else { "grid" }, *from, *until, y))
            }
            (label("tick", (0.0, y + 4.0), -8.0, Anchor::End, &say(*tick)))
        }
    }
}

/// The axis under a drawing: the first of several sets of ticks that there is room for.
pub(super) fn bottom_axis<T: Iterator<Item = Vec<(f64, String)>>>(
    y: f64,
    gutters: Gutters,
    sets: impl Fn() -> T,
) -> Markup {
    for_each_room(|room| {
        let pixels = room.pixels(gutters);
        let free = |ticks: &Vec<(f64, String)>| {
            let mut end = f64::NEG_INFINITY;
            ticks.iter().all(|(place, text)| {
                let (anchor, _) = within(*place);
                let width = text::width(text);
                let start = place / 100.0 * pixels
                    - match anchor {
                        Anchor::Start => 0.0,
                        Anchor::Middle => width / 2.0,
                        Anchor::End => width,
                    };
                let free = start > end + 12.0;
                end = start + width;
                free
            })
        };
        let ticks = sets().find(free).unwrap_or_default();
        html! {
            @for (place, text) in &ticks {
                @let (anchor, aside) = within(*place);
                (upright("tick-line", *place, y, y + 4.0))
                (label("tick", (*place, y + 16.0), aside, anchor, text))
            }
        }
    })
}

/// Texts at the ends are kept within the drawing.
fn within(place: f64) -> (Anchor, f64) {
    match place {
        low if low < 3.0 => (Anchor::Start, -2.0),
        high if high > 97.0 => (Anchor::End, 2.0),
        _ => (Anchor::Middle, 0.0),
    }
}

/// The axis of time under a drawing.
pub(super) fn time_axis(times: Times, y: f64, gutters: Gutters, numbers: &dyn Numbers) -> Markup {
    let many = |years| {
        let sets = (2..=TICKS_MAX).rev();
        sets.map(move |most| times.ticks(most, years, numbers))
    };
    bottom_axis(y, gutters, || {
        let several = many(true)
            .chain(many(false))
            .filter(|ticks| ticks.len() > 1);
        several.chain([times.ticks(1, true, numbers)])
    })
}

/// Texts one below the other that shall stand near their places: none nearer to the next than a line,
/// all between `top` and `bottom`, in their order. `None` for those there is no room for: the ones that
/// weigh least.
pub(super) fn apart(wanted: &[(f64, f64)], top: f64, bottom: f64) -> Vec<Option<f64>> {
    let room = ((bottom - top) / LINE).floor().max(1.0);
    let mut by_weight: Vec<usize> = (0..wanted.len()).collect();
    by_weight.sort_by(|a, b| wanted[*b].1.total_cmp(&wanted[*a].1).then(a.cmp(b)));
    by_weight.truncate(by_weight.len().min(whole(room)));
    by_weight.sort_by(|a, b| wanted[*a].0.total_cmp(&wanted[*b].0).then(a.cmp(b)));
    let mut places = vec![None; wanted.len()];
    let mut above = top - LINE;
    for each in &by_weight {
        above = wanted[*each].0.max(above + LINE);
        places[*each] = Some(above);
    }
    let mut below = bottom + LINE;
    for each in by_weight.iter().rev() {
        let place = places[*each].map(|place| place.min(below - LINE));
        below = place.unwrap_or(below);
        places[*each] = place;
    }
    places
}

/// A small number of things, from pixels.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded"
)]
pub(super) fn whole(number: f64) -> usize {
    number.clamp(0.0, 10_000.0) as usize
}

/// A second sign besides colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    Plain,
    Slash,
    Dots,
    Backslash,
    Level,
    Upright,
    Grid,
    Sparse,
    /// Where nothing is known.
    Gap,
    /// Where not everything is known yet.
    Stale,
}

impl Pattern {
    const IN_ORDER: [Self; 8] = [
        Self::Plain,
        Self::Slash,
        Self::Dots,
        Self::Backslash,
        Self::Level,
        Self::Upright,
        Self::Grid,
        Self::Sparse,
    ];

    /// The pattern of the `index`th of several: neighbours differ.
    pub(super) fn nth(index: usize) -> Self {
        Self::IN_ORDER[index % Self::IN_ORDER.len()]
    }

    /// The first so many.
    pub(super) fn first(many: usize) -> Vec<Self> {
        Self::IN_ORDER.into_iter().take(many).collect()
    }

    /// The id of its definition, under that of the chart.
    pub(super) fn id(self, chart: &str) -> String {
        format!("{chart}-{}", format!("{self:?}").to_lowercase())
    }

    /// Its definition.
    fn definition(self, chart: &str) -> Markup {
        let (size, path) = match self {
            Self::Plain => return html! {},
            Self::Slash => (6, "M-1 1 1 -1M0 6 6 0M5 7 7 5"),
            Self::Dots => (5, "M1 2h2"),
            Self::Backslash => (6, "M-1 5 1 7M0 0 6 6M5 -1 7 1"),
            Self::Level => (5, "M0 2.5H5"),
            Self::Upright => (5, "M2.5 0V5"),
            Self::Grid => (7, "M0 3.5H7M3.5 0V7"),
            Self::Sparse => (10, "M-1 1 1 -1M0 10 10 0M9 11 11 9"),
            Self::Gap => (7, "M-1 1 1 -1M0 7 7 0M6 8 8 6"),
            Self::Stale => (5, "M-1 4 1 6M0 0 5 5M4 -1 6 1"),
        };
        let class = match self {
            Self::Gap => "gap-ink",
            Self::Stale => "stale-ink",
            Self::Dots => "pattern-ink dots",
            _ => "pattern-ink",
        };
        html! {
            pattern id=(self.id(chart)) width=(size) height=(size) patternUnits="userSpaceOnUse" {
                path class=(class) d=(path) {}
            }
        }
    }

    /// The definitions of all that are used.
    pub(super) fn definitions(chart: &str, used: &[Self]) -> Markup {
        let all = Self::IN_ORDER.into_iter().chain([Self::Gap, Self::Stale]);
        html! { @for each in all.filter(|each| used.contains(each)) { (each.definition(chart)) } }
    }
}

impl Colour {
    /// The pattern that goes with it.
    pub(super) fn pattern(self) -> Pattern {
        match self {
            Self::Band { index, .. } | Self::Series(index) => Pattern::nth(index),
            Self::Unjudged => Pattern::Sparse,
        }
    }
}

/// A part without facts: hatched, with its word if there is room.
pub(super) fn hole(
    chart: &str,
    pattern: Pattern,
    rect: Rect,
    word: &str,
    gutters: Gutters,
) -> Markup {
    let class = if pattern == Pattern::Gap {
        "gap"
    } else {
        "stale"
    };
    html! {
        (rect.plain(class))
        (rect.hatched(pattern, chart))
        (for_each_room(|room| {
            let pixels = room.pixels(gutters) * rect.width / 100.0;
            let text = text::clean(word);
            let fits = !text.is_empty() && text::width(&text) + 8.0 <= pixels && rect.height >= LINE;
            if !fits {
                return html! {};
            }
            let middle = rect.x + rect.width / 2.0;
            label("note", (middle, rect.y + 14.0), 0.0, Anchor::Middle, &text)
        }))
    }
}

/// Markup that was made here and needs no escaping.
pub(super) fn join(parts: impl IntoIterator<Item = Markup>) -> Markup {
    PreEscaped(parts.into_iter().map(|part| part.0).collect())
}
