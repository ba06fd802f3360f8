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

impl Part<'_> {
    /// Every score: its number, why, and how it came there; then what comes next and what cannot be told.
    pub(super) fn explained(&self, known: &Known) -> Markup {
        let told = words::told(&known.explanation, self.say().language, Detail::Short);
        let scores = known.explanation.scores.iter().zip(&told.scores);
        let next: Vec<&Line> = told.next.iter().collect();
        let open = told
            .belongs
            .iter()
            .filter(|line| line.role != Role::Belongs);
        let open: Vec<&Line> = open.collect();
        html! {
            @for (index, (score, lines)) in scores.enumerate() {
                section.score aria-labelledby={ "score-" (index) } {
                    (self.heading(index, score))
                    div.columns {
                        div { (self.because(lines)) }
                        (self.line(index, score, known))
                    }
                }
            }
            section.next { (self.list(&next, "h2")) }
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
        let say = self.say();
        let sums = |line: &&Line| {
            matches!(
                line.role,
                Role::Item | Role::Part | Role::Remark | Role::Total
            )
        };
        let rows: Vec<&Line> = lines.iter().filter(sums).collect();
        let rest = lines
            .iter()
            .filter(|line| !sums(line) && line.role != Role::Score);
        let rest: Vec<&Line> = rest.collect();
        // What comes before the first item is about the sum.
        let first = lines
            .iter()
            .position(|line| sums(&line))
            .unwrap_or(lines.len());
        let before = lines[..first]
            .iter()
            .filter(|line| line.role == Role::Plain)
            .count();
        let (before, after) = rest.split_at(before.min(rest.len()));
        html! {
            @for line in before { p { (self.words(&line.text)) } }
            @if !rows.is_empty() {
                table.because {
                    caption { (say.t("contact-because")) }
                    thead { tr { th.number scope="col" { (say.t("contact-column-points")) } th scope="col" { (say.t("contact-column-why")) } } }
                    tbody {
                        @for line in &rows {
                            tr class=(class(line.role)) {
                                td.number { (line.number.as_deref().unwrap_or_default()) }
                                th scope="row" { (self.words(&line.text)) }
                            }
                        }
                    }
                }
            }
            (self.list(after, "h3"))
        }
    }

    /// Headings with their points, each with more under it.
    fn list(&self, lines: &[&Line], level: &str) -> Markup {
        let blocks = lines.chunk_by(|_, next| !matches!(next.role, Role::Heading | Role::Plain));
        html! {
            @for block in blocks {
                @if let [first, rest @ ..] = block {
                    @match (first.role, level) {
                        (Role::Heading, "h2") => h2 { (self.words(first.text.trim_end_matches(':'))) },
                        (Role::Heading, _) => h3 { (self.words(first.text.trim_end_matches(':'))) },
                        _ => p { (self.words(&first.text)) },
                    }
                    @if !rest.is_empty() {
                        ul.told {
                            @for point in rest.chunk_by(|_, next| next.role == Role::More) {
                                @if let [point, more @ ..] = point {
                                    li {
                                        (self.words(&point.text))
                                        @for line in more { span.more { (self.words(&line.text)) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// A sentence that may hold names from elsewhere.
    fn words(&self, text: &str) -> Markup {
        html::words(&self.visit.plain(text))
    }
}

fn class(role: Role) -> &'static str {
    match role {
        Role::Item => "item",
        Role::Part => "part",
        Role::Total => "total",
        _ => "remark",
    }
}
