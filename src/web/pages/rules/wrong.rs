//! What is wrong with a draft: each finding in words, and the draft's lines with the words marked.

use std::ops::Range;

use maud::{Markup, html};

use crate::{
    diagnostic::{Diagnostic, Place},
    text::{Say, inert},
    web::html::{self, Mood},
};

use super::file_name;

/// So many findings are shown; whoever mends these sees the next.
const SHOWN_MAX: usize = 50;

/// So many lines around a marked one are shown.
const AROUND: usize = 2;

/// A finding: its words, and an id that the marked words refer to.
pub(super) fn findings(say: Say, all: &[Diagnostic], kind: &str) -> Markup {
    html! {
        ol.findings {
            @for (number, each) in all.iter().take(SHOWN_MAX).enumerate() {
                li id={ (kind) "-" (number) } { (finding(say, each)) }
            }
        }
        @if all.len() > SHOWN_MAX {
            p { (say.with("rules-more-findings", [("n", (all.len() - SHOWN_MAX).into())])) }
        }
    }
}

/// One finding, in words.
pub(in crate::web::pages) fn finding(say: Say, each: &Diagnostic) -> Markup {
    html! {
        p {
            strong { (html::words(&each.message)) } " " span.soft { "(" (each.code) ")" }
            @if let Some(place) = &each.place {
                @let (line, column) = place.position();
                " " span.place { (say.with("rules-place", [
                    ("file", file_name(&place.file).into()), ("line", line.into()), ("column", column.into()),
                ])) }
            }
        }
        @if !each.label.is_empty() { p.small { (html::words(&each.label)) } }
        @for note in &each.notes { p.small.soft { (html::words(note)) } }
        @if let Some(help) = &each.help { p.small { span aria-hidden="true" { "→ " } (html::words(help)) } }
    }
}

/// A box of findings with a heading; nothing where there are none.
pub(super) fn boxed(say: Say, mood: Mood, title: &str, all: &[Diagnostic], kind: &str) -> Markup {
    if all.is_empty() {
        return html! {};
    }
    html::notice(
        mood,
        &html! { p { strong { (title) } } (findings(say, all, kind)) },
    )
}

/// The lines of a file in which something is wrong, with the words marked. `name` is the file's name.
pub(super) fn marked(say: Say, name: &str, all: &[Diagnostic], kind: &str) -> Markup {
    let shown = all.iter().take(SHOWN_MAX).enumerate();
    let here = shown.filter_map(|(number, each)| {
        let place = each.place.as_ref()?;
        let span = place.clamped();
        (file_name(&place.file) == name && !span.is_empty()).then_some((span, number, place))
    });
    let mut here: Vec<(Range<usize>, usize, &Place)> = here.collect();
    here.sort_by_key(|(span, number, _)| (span.start, *number));
    let Some((_, _, place)) = here.first() else {
        return html! {};
    };
    let text: &str = &place.text;
    let mut end = 0;
    // Words in words are marked once.
    here.retain(|(span, ..)| {
        let apart = span.start >= end;
        end = end.max(span.end);
        apart
    });
    let spans: Vec<(Range<usize>, usize)> = here
        .iter()
        .map(|(span, number, _)| (span.clone(), *number))
        .collect();
    html! {
        h3 { (say.t("rules-marked")) }
        pre.numbered tabindex="0" role="region" aria-label=(say.t("rules-marked")) {
            @for (number, line) in lines(text, &spans) {
                @match line {
                    None => { "…\n" }
                    Some(line) => {
                        span.line-number { (number) } (pieces(text, &line, &spans, kind)) "\n"
                    }
                }
            }
        }
    }
}

/// The lines to show with their numbers, from 1; `None` where some are left out.
fn lines(text: &str, spans: &[(Range<usize>, usize)]) -> Vec<(usize, Option<Range<usize>>)> {
    let mut from = 0;
    let all = text.split_inclusive('\n').map(|line| {
        let range = from..from + line.trim_end_matches(['\n', '\r']).len();
        from += line.len();
        range
    });
    let all: Vec<Range<usize>> = all.collect();
    let touched = |line: &Range<usize>| {
        spans
            .iter()
            .any(|(span, _)| span.start <= line.end && span.end > line.start)
    };
    let mut keep = vec![false; all.len()];
    for (number, line) in all.iter().enumerate() {
        if touched(line) {
            let last = (number + AROUND).min(all.len() - 1);
            keep[number.saturating_sub(AROUND)..=last].fill(true);
        }
    }
    let mut shown: Vec<(usize, Option<Range<usize>>)> = Vec::new();
    for (number, line) in all.into_iter().enumerate() {
        if keep[number] {
            shown.push((number + 1, Some(line)));
        } else if shown.last().is_some_and(|last| last.1.is_some()) {
            shown.push((number + 1, None));
        }
    }
    shown
}

/// A line in pieces: what is right as it is, what is wrong with a mark.
fn pieces(text: &str, line: &Range<usize>, spans: &[(Range<usize>, usize)], kind: &str) -> Markup {
    let mut at = line.start;
    let inside = spans.iter().filter_map(|(span, number)| {
        let part = span.start.max(line.start)..span.end.min(line.end);
        (part.start < part.end).then(|| {
            let before = at..part.start;
            at = part.end;
            (before, part, *number)
        })
    });
    let parts: Vec<_> = inside.collect();
    html! {
        @for (before, part, number) in &parts {
            (inert(&text[before.clone()]))
            span.wrong aria-describedby={ (kind) "-" (number) } { (inert(&text[part.clone()])) }
        }
        (inert(&text[at..line.end]))
    }
}

/// A whole text with the numbers of its lines, each to be linked to.
pub(super) fn numbered(text: &str, label: &str) -> Markup {
    html! {
        pre.numbered tabindex="0" role="region" aria-label=(label) {
            @for (number, line) in text.lines().enumerate() {
                span.line-number id={ "line-" (number + 1) } { (number + 1) } (inert(line)) "\n"
            }
        }
    }
}
