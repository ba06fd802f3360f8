//! What happened, below the line: filled if a person did it, hollow if not, with a tail if it became
//! known late. Marks that would touch are drawn as one with their number.

use maud::{Markup, html};

use super::{Layout, Mark, Words};
use crate::web::chart::{
    Numbers, Unit,
    axis::float,
    figure::{Column, Key, Table, cell, number},
    ink::{Room, anchored, join, level},
    text,
};

/// The side of what can be pressed; also the least distance of two marks.
const TARGET: f64 = 24.0;
/// More of those that are drawn as one are not named in its text.
const NAMED_MAX: usize = 8;

/// The room that marks need: a lane for persons, a lane for machines.
pub(super) fn height(marks: &[Mark]) -> f64 {
    if marks.is_empty() {
        return 0.0;
    }
    lanes(marks).count_as_height() + 6.0
}

/// Which lanes there are.
#[derive(Clone, Copy)]
struct Lanes {
    human: bool,
    machine: bool,
}

impl Lanes {
    fn count_as_height(self) -> f64 {
        TARGET * float(i64::from(self.human) + i64::from(self.machine))
    }
}

fn lanes(marks: &[Mark]) -> Lanes {
    Lanes {
        human: marks.iter().any(|mark| mark.human),
        machine: marks.iter().any(|mark| !mark.human),
    }
}

/// Marks drawn as one.
struct Cluster<'a> {
    across: f64,
    marks: Vec<&'a Mark>,
}

/// The marks below `top`, reachable by keyboard.
pub(super) fn drawn(marks: &[Mark], layout: &Layout, top: f64) -> Option<Markup> {
    if marks.is_empty() {
        return None;
    }
    let lanes = lanes(marks);
    let human = top + 3.0 + TARGET / 2.0;
    let machine = if lanes.human { human + TARGET } else { human };
    let all = [Room::Narrow, Room::Wide].map(|room| {
        let lane = |by_human: bool, y: f64| {
            let clusters = clusters(marks, by_human, layout, room);
            join(clusters.iter().map(|cluster| cluster.drawn(y)))
        };
        html! { (lane(true, human)) (lane(false, machine)) }
    });
    let [narrow, wide] = all;
    Some(html! {
        g aria-hidden="true" {
            @if lanes.human { (level("lane", 0.0, 100.0, human)) }
            @if lanes.machine { (level("lane", 0.0, 100.0, machine)) }
        }
        @if narrow.0 == wide.0 { (wide) } @else { g.narrow { (narrow) } g.wide { (wide) } }
    })
}

/// From the left, each takes in those that are nearer than a finger.
fn clusters<'a>(marks: &'a [Mark], human: bool, layout: &Layout, room: Room) -> Vec<Cluster<'a>> {
    let pitch = 100.0 * TARGET / room.pixels(layout.gutters).max(TARGET);
    let mut marks: Vec<_> = marks.iter().filter(|mark| mark.human == human).collect();
    marks.sort_by_key(|mark| mark.at);
    let mut clusters: Vec<Cluster<'_>> = Vec::new();
    for mark in marks {
        let across = layout.times.place(mark.at);
        match clusters.last_mut() {
            Some(last) if across - last.across < pitch => last.marks.push(mark),
            _ => clusters.push(Cluster {
                across,
                marks: vec![mark],
            }),
        }
    }
    clusters
}

impl Cluster<'_> {
    fn drawn(&self, y: f64) -> Markup {
        let mark = anchored(
            self.across,
            y,
            &html! {
                circle.target r="12" {}
                (self.sign())
                @if self.marks.len() > 1 {
                    text.mark-count x="6" y="-4" aria-hidden="true" { (self.marks.len()) }
                }
            },
        );
        let words = self.words();
        let href = self
            .marks
            .iter()
            .find_map(|mark| mark.href.as_deref().filter(|href| local(href)));
        html! {
            @if let Some(href) = href {
                // The title is its name: a label beside it would hide the number that is seen.
                a.mark href=(href) { title { (words) } (mark) }
            } @else {
                g.mark tabindex="0" role="img" aria-label=(words) { title { (words) } (mark) }
            }
        }
    }

    fn sign(&self) -> Markup {
        let human = self.marks.iter().any(|mark| mark.human);
        let late = self.marks.iter().any(|mark| mark.late);
        sign(human, late)
    }

    /// The names of what became one mark, behind the number that is drawn on it.
    fn words(&self) -> String {
        let named = self
            .marks
            .iter()
            .take(NAMED_MAX)
            .map(|mark| text::brief(&mark.label));
        let mut words = named.collect::<Vec<_>>().join("; ");
        if self.marks.len() > NAMED_MAX {
            words.push_str("; …");
        }
        match self.marks.len() {
            ..2 => words,
            many => format!("{many}: {words}"),
        }
    }
}

fn sign(human: bool, late: bool) -> Markup {
    let class = if human { "mark-human" } else { "mark-machine" };
    html! {
        @if late { path.mark-late d="M4 0H10M10 -3.5V3.5" {} }
        circle class=(class) r=(if human { "4.5" } else { "4" }) {}
    }
}

/// A path on this site or a place on this page; nothing else becomes a link.
fn local(href: &str) -> bool {
    let path = href.starts_with('/') && !href.starts_with("//") && !href.starts_with("/\\");
    (path || href.starts_with(['#', '?'])) && !href.contains(|c: char| c.is_control())
}

/// What the signs mean, of those that there are.
pub(super) fn key(marks: &[Mark], words: &Words) -> Vec<Key> {
    let lanes = lanes(marks);
    let at_left =
        |inner: Markup| anchored(0.0, 6.0, &html! { g transform="translate(5)" { (inner) } });
    let mut key = Vec::new();
    if lanes.human {
        key.push(Key::of(at_left(sign(true, false)), &words.human));
    }
    if lanes.machine {
        key.push(Key::of(at_left(sign(false, false)), &words.machine));
    }
    if let Some(late) = marks.iter().find(|mark| mark.late) {
        key.push(Key::of(at_left(sign(late.human, true)), &words.late));
    }
    key
}

/// All marks, each on a row.
pub(super) fn table(marks: &[Mark], words: &Words, numbers: &dyn Numbers) -> Option<Table> {
    let mut marks: Vec<_> = marks.iter().collect();
    marks.sort_by_key(|mark| mark.at);
    let row = |mark: &&Mark| {
        let by = if mark.human {
            &words.human
        } else {
            &words.machine
        };
        let what = html! {
            @if let Some(href) = mark.href.as_deref().filter(|href| local(href)) {
                a href=(href) { (cell(&mark.label)) }
            } @else {
                (cell(&mark.label))
            }
            @if mark.late { " " span.note { (words.late) } }
        };
        vec![number(&numbers.moment(mark.at, Unit::Day)), what, cell(by)]
    };
    let rows: Vec<_> = marks.iter().map(row).collect();
    (!rows.is_empty()).then(|| Table {
        caption: words.events.clone(),
        columns: vec![
            Column::text(&words.time),
            Column::text(&words.events),
            Column::text(&words.by),
        ],
        rows,
    })
}
