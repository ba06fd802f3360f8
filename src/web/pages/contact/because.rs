//! Scores with the lines that add up to them, and what happens next.

use maud::{Markup, html};

use crate::{
    because::Known,
    score::explain::ScoreLines,
    text::inert,
    web::html::{self, Mood, badge},
    words::{self, Detail, Line, Role},
};

use super::Part;

/// So many points of a list are open to see; the others are folded in.
const POINTS_MAX: usize = 6;

impl Part<'_> {
    /// Every score: its number, why, and how it came there; then what comes next and what cannot be told.
    pub(super) fn explained(&self, known: &Known) -> Markup {
        let told = words::told(&known.explanation, self.say().language, Detail::Page);
        let scores = known.explanation.scores.iter().zip(&told.scores);
        let next: Vec<&Line> = told.next.iter().collect();
        let open = told
            .belongs
            .iter()
            .filter(|line| line.role != Role::Belongs);
        let open: Vec<&Line> = open.collect();
        // It belongs to all scores; beside one, it is seen at once.
        let coming = html! { section.next { (self.list(&next, "h2")) } };
        html! {
            @for (index, (score, lines)) in scores.enumerate() {
                section.score aria-labelledby={ "score-" (index) } {
                    (self.heading(index, score))
                    div.columns {
                        div {
                            (self.because(lines))
                            @if told.scores.len() == 1 { (coming) }
                        }
                        (self.line(index, score, known))
                    }
                }
            }
            @if told.scores.len() != 1 { (coming) }
            @if !open.is_empty() { section.unjudged { (self.list(&open, "h2")) } }
        }
    }

    fn heading(&self, index: usize, score: &ScoreLines) -> Markup {
        let say = self.say();
        html! {
            h2 id={ "score-" (index) } {
                (html::name(&score.name)) ": "
                span.points-shown data-score=(score.name) { (say.n(score.shown)) } " "
                (say.with("contact-points", [("n", score.shown.into())])) " "
                @match &score.band {
                    Some(band) => (badge(Mood::Calm, &inert(band))),
                    None => (badge(Mood::Calm, &say.t("no-band"))),
                }
            }
        }
    }

    /// The items that add up to a score, and what else there is to say about it.
    fn because(&self, lines: &[Line]) -> Markup {
        let sums = |line: &&Line| {
            matches!(
                line.role,
                Role::Item | Role::Part | Role::Remark | Role::Total
            )
        };
        // Without items, what comes first is what is said of the score as a whole.
        let whole = |line: &Line| matches!(line.role, Role::Score | Role::Plain);
        let first = lines.iter().position(|line| !whole(line));
        let first = first.unwrap_or(lines.len());
        let end = lines
            .iter()
            .rposition(|line| sums(&line))
            .map_or(first, |last| last + 1);
        let before = lines[..first]
            .iter()
            .filter(|line| line.role != Role::Score);
        let opens = |_: &Line, next: &Line| !matches!(next.role, Role::Item | Role::Total);
        let after: Vec<&Line> = lines[end..].iter().collect();
        html! {
            h3.unseen { (self.say().t("contact-because")) }
            // What comes before the first item is about the sum.
            @for line in before { p { (self.words(&line.text)) } }
            @if first < end {
                ul.because {
                    @for item in lines[first..end].chunk_by(opens) { (self.item(item)) }
                }
            }
            (self.list(&after, "h3"))
        }
    }

    /// One item of a sum, with its parts folded in.
    fn item(&self, lines: &[Line]) -> Markup {
        let row = |line: &Line| {
            html! {
                span.number { (line.number.as_deref().unwrap_or_default()) } " "
                span.why { (self.words(&line.text)) }
            }
        };
        let Some((item, parts)) = lines.split_first() else {
            return html! {};
        };
        html! {
            li class=(if item.role == Role::Total { "total" } else { "item" }) {
                @if parts.is_empty() {
                    div.row-of { (row(item)) }
                } @else {
                    details {
                        summary.row-of { (row(item)) }
                        ul {
                            @for part in parts {
                                li class=(if part.role == Role::Part { "row-of part" } else { "row-of remark" }) { (row(part)) }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Headings with their points, each with more under it; what hardly matters is folded in.
    fn list(&self, lines: &[&Line], level: &str) -> Markup {
        let begins = |line: &Line| matches!(line.role, Role::Heading | Role::Aside | Role::Plain);
        html! {
            @for block in lines.chunk_by(|_, next| !begins(next)) {
                @if let [first, points @ ..] = block {
                    @let title = first.text.trim_end_matches(':');
                    @match (first.role, level) {
                        (Role::Aside, _) => details { summary { (self.words(title)) } (self.points(points)) },
                        (Role::Heading, "h2") => { h2 { (self.words(title)) } (self.points(points)) },
                        (Role::Heading, _) => { h3 { (self.words(title)) } (self.points(points)) },
                        _ => { p { (self.words(&first.text)) } (self.points(points)) },
                    }
                }
            }
        }
    }

    /// Points, the first of them open to see.
    fn points(&self, lines: &[&Line]) -> Markup {
        let points: Vec<&[&Line]> = lines.chunk_by(|_, next| next.role == Role::More).collect();
        let (first, rest) = points.split_at(points.len().min(POINTS_MAX));
        let point = |lines: &[&Line]| {
            html! {
                @if let [point, more @ ..] = lines {
                    li {
                        (self.words(&point.text))
                        @for line in more { span.more { (self.words(&line.text)) } }
                    }
                }
            }
        };
        html! {
            @if !first.is_empty() { ul.told { @for each in first { (point(each)) } } }
            @if !rest.is_empty() {
                details {
                    summary { (self.say().with("contact-more", [("n", rest.len().into())])) }
                    ul.told { @for each in rest { (point(each)) } }
                }
            }
        }
    }

    /// A sentence that may hold names from elsewhere.
    fn words(&self, text: &str) -> Markup {
        html::words(&self.visit.plain(text))
    }
}
