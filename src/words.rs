//! Explanations in words: what a score is made of, and what happens next, as a marketer would say it.
//!
//! An [`Explanation`] becomes lines, each with a role, a number and a sentence,
//! in Dutch or English; [`text`] puts them on a terminal, and a page may show
//! them otherwise. Nothing is computed here, and names that users and
//! platforms chose stand as they are, between quotes.

mod en;
pub(crate) mod format;
mod next;
mod nl;
mod phrases;
mod score;

#[cfg(test)]
mod tests;

use engaged_connectors::model::{EventKind, Verdict};

use crate::{
    config::Language,
    rules::syntax::{Actor, Pattern},
    score::{
        calendar::Day,
        explain::{Explanation, Points},
    },
    verdict::Evidence,
};

use self::{en::English, nl::Dutch, phrases::Phrases};

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What decides the number.
    Short,
    /// The same, and where a page can fold it in: the rules that do not apply, every date.
    Page,
    /// Every rule, every event with its id, every date.
    Everything,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is for.
    pub role: Role,
    /// A number with its sign, as the language writes it.
    pub number: Option<String>,
    /// The sentence, without a line break.
    pub text: String,
}

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Who, and when.
    Title,
    /// A score: what is shown, and its band.
    Score,
    /// A part of the sum: the numbers of the items of a score add up to its total.
    Item,
    /// A part of the item above: where an item has parts, their numbers add up to it.
    Part,
    /// A remark on the item above.
    Remark,
    /// The sum.
    Total,
    /// What the points below are about.
    Heading,
    /// As a heading, over what hardly matters.
    Aside,
    /// One of several under a heading.
    Point,
    /// More on the point above.
    More,
    /// A sentence of its own about the score.
    Plain,
    /// Where the contact belongs.
    Belongs,
}

/// An explanation in words, by its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Who, and when.
    pub title: Line,
    /// Each score, in the order of the explanation: what it is made of, what is not judged, what does not count.
    pub scores: Vec<Vec<Line>>,
    /// Segments and stage, and segments that cannot be told.
    pub belongs: Vec<Line>,
    /// What happens next, under its heading.
    pub next: Vec<Line>,
}

/// An explanation in words.
pub fn explanation(explanation: &Explanation, language: Language, detail: Detail) -> Vec<Line> {
    let told = told(explanation, language, detail);
    let scores = told.scores.into_iter().flatten();
    let lines = std::iter::once(told.title).chain(scores);
    lines.chain(told.belongs).chain(told.next).collect()
}

/// What is said of a contact that objects to being scored, in place of an explanation.
pub fn objects(contact: &str, since: Day, language: Language) -> String {
    with_phrases(language, "", |phrases| phrases.objects(contact, since))
}

/// As [`explanation`], by its parts.
pub fn told(explanation: &Explanation, language: Language, detail: Detail) -> Told {
    let currency = explanation.currency.as_str();
    with_phrases(language, currency, |phrases| {
        let mut page = Page {
            phrases,
            detail,
            as_of: explanation.as_of,
            several_sources: several_sources(explanation),
            told: Vec::new(),
            lines: Vec::new(),
        };
        let (contact, as_of) = (&explanation.contact, explanation.as_of);
        let title = Line {
            role: Role::Title,
            number: None,
            text: one_line(&phrases.title(contact, as_of, explanation.known_at)),
        };
        let scores = explanation.scores.iter();
        let scores = scores.map(|score| page.part(|page| page.score(score)));
        let scores = scores.collect();
        Told {
            title,
            scores,
            belongs: page.part(|page| page.belongs(explanation)),
            next: page.part(|page| page.next(&explanation.ahead)),
        }
    })
}

/// One event of a kind, whoever caused it: `click`, `visit to a page`.
pub fn kind(kind: &EventKind, language: Language) -> String {
    let pattern = Pattern {
        actor: Actor::People,
        kind: kind.clone(),
        filters: Vec::new(),
    };
    with_phrases(language, "", |phrases| phrases.event(&pattern))
}

/// Which machine caused an event, and how that is known; `None` if a person may have.
pub fn machine(verdict: Verdict, reason: Option<&str>, language: Language) -> Option<String> {
    with_phrases(language, "", |phrases| {
        let who = match verdict {
            Verdict::Human | Verdict::Unknown => return None,
            Verdict::PrivacyProxy => phrases.privacy_proxy(),
            Verdict::Scanner => phrases.scanner(),
        };
        let evidence = Evidence::read(reason.unwrap_or("source"));
        let why = evidence.iter().map(|each| phrases.evidence(each));
        let why: Vec<String> = why.collect();
        Some(format!("{who} ({})", why.join(", ")))
    })
}

fn with_phrases<T>(language: Language, currency: &str, say: impl FnOnce(&dyn Phrases) -> T) -> T {
    match language {
        Language::English => say(&English::new(currency)),
        Language::Dutch => say(&Dutch::new(currency)),
    }
}

/// A name that somebody chose may hold a line break; a line is one line.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r', '\t'], " ")
}

/// Lines as text for a terminal or a file: numbers end in one column.
pub fn text(lines: &[Line]) -> String {
    let mut out = String::new();
    let mut before = Role::Title;
    for Line { role, number, text } in lines {
        let number = number.as_deref().unwrap_or_default();
        let apart = match role {
            Role::Score | Role::Heading | Role::Aside => true,
            Role::Plain => !matches!(before, Role::Plain | Role::Score),
            Role::Belongs => before != Role::Belongs,
            _ => false,
        };
        if apart {
            out.push('\n');
        }
        out += &match role {
            Role::Title
            | Role::Score
            | Role::Heading
            | Role::Aside
            | Role::Plain
            | Role::Belongs => text.clone(),
            Role::Item => format!("{number:>9}  {text}"),
            Role::Part => format!("{:9}  {number:>9}  {text}", ""),
            Role::Remark => format!("{:9}  {text}", ""),
            Role::Total => format!("{:>9}\n{number:>9}  {text}", "-----"),
            Role::Point => format!("  - {text}"),
            Role::More => format!("    {text}"),
        };
        out.push('\n');
        before = *role;
    }
    out
}

fn several_sources(explanation: &Explanation) -> bool {
    let rules = explanation.scores.iter().flat_map(|score| &score.rules);
    let mut names = rules
        .flat_map(|rule| &rule.events)
        .map(|event| &event.connection);
    let first = names.next();
    names.any(|name| Some(name) != first)
}

/// Lines on their way.
struct Page<'a> {
    phrases: &'a dyn Phrases,
    detail: Detail,
    as_of: Day,
    /// Whether it is worth saying where an event came from.
    several_sources: bool,
    /// Absences that have been told to be open, in the rule language.
    told: Vec<String>,
    lines: Vec<Line>,
}

impl Page<'_> {
    fn say(&mut self, role: Role, text: impl AsRef<str>) {
        self.line(role, None, text.as_ref());
    }

    fn add(&mut self, role: Role, points: Points, text: &str) {
        let number = self.phrases.marks().signed(points);
        self.line(role, Some(number), text);
    }

    fn line(&mut self, role: Role, number: Option<String>, text: &str) {
        let text = one_line(text);
        self.lines.push(Line { role, number, text });
    }

    /// The lines of one part.
    fn part(&mut self, say: impl FnOnce(&mut Self)) -> Vec<Line> {
        say(self);
        std::mem::take(&mut self.lines)
    }

    /// Segments and stage.
    fn belongs(&mut self, explanation: &Explanation) {
        if let Some(tracking) = self.phrases.tracking(explanation.tracking) {
            self.say(Role::Belongs, tracking);
        }
        if let Some(day) = explanation.deleted_to {
            let deleted = self.phrases.deleted(day);
            self.say(Role::Belongs, deleted);
        }
        if !explanation.segments.is_empty() {
            let segments = self.phrases.segments(&explanation.segments);
            self.say(Role::Belongs, segments);
        }
        if let Some(stage) = &explanation.stage {
            let stage = self.phrases.stage(stage);
            self.say(Role::Belongs, stage);
        }
        if explanation.unjudged.is_empty() {
            return;
        }
        let heading = self.phrases.segments_not_judged();
        self.say(Role::Heading, heading);
        let mut waiting = Vec::new();
        for unjudged in &explanation.unjudged {
            let segment = format::quoted(&unjudged.segment);
            let absences: Vec<_> = unjudged.absences.iter().collect();
            let open = score::Open {
                absences: &absences,
                doubt: unjudged.doubt.as_ref(),
                gaps: &unjudged.gaps,
            };
            let told = self.told.len();
            let reasons = self.waiting(&segment, &unjudged.when, &open);
            let new = self.told.split_off(told);
            if !new.is_empty() && new.iter().all(|reason| self.told.contains(reason)) {
                waiting.push(reasons.told_above(self.phrases));
            } else {
                waiting.push(reasons);
            }
        }
        self.all_waiting(waiting);
    }
}
