//! Rule tests: what somebody did, and what the rules must make of it.
//!
//! They stand in the configuration (`[[tests]]`) and run offline: the rows are
//! those of an import, the scorer is the one that scores everybody, and there
//! is no store. A test says as much as it wants to be held to.

mod stage;

use engaged_connectors::model::{Contact, Event};

use crate::{
    diagnostic::{Diagnostic, Place},
    rules::{set::RuleSet, syntax::Condition, truth::Truth},
    score::{
        Reason,
        calendar::{Day, Zone},
        evaluate::{Evaluation, evaluate},
        explain::{Explanation, Question, explain},
        facts::{Coverage, Facts, Vocabulary},
        model::Model,
    },
    store::Gap,
};

/// One test, checked: every name in it refers to something.
#[derive(Clone, Debug)]
pub struct RuleTest {
    /// What it shows.
    pub name: String,
    /// The date.
    pub as_of: Day,
    /// The connection that all of it comes from.
    pub connection: String,
    /// The contact.
    pub contact: Contact,
    /// What happened.
    pub events: Vec<Event>,
    /// Days that were not read completely.
    pub gaps: Vec<Gap>,
    /// What must come out.
    pub expected: Vec<Expected>,
}

/// One expectation, and where it stands.
#[derive(Clone, Debug)]
pub struct Expected {
    /// What must hold.
    pub what: Expectation,
    /// Its words in the file.
    pub place: Place,
}

/// What must hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Expectation {
    /// A score shows so many points.
    Points(String, i64),
    /// A score's band; `None` for no band.
    Band(String, Option<String>),
    /// The contact is in these segments and in no other.
    Segments(Vec<String>),
    /// The stage; `None` for no stage.
    Stage(Option<String>),
    /// Wherever scores ask for this absence, it has this reason; `since` only if a day is given.
    Reason {
        /// The absence.
        absence: Condition,
        /// The reason's word.
        word: String,
        /// The first day of the absence.
        since: Option<Day>,
    },
}

/// An expectation that does not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The test's name.
    pub test: String,
    /// What was looked at: `engagement`, `band of engagement`, `segments`, `stage`, or an absence.
    pub what: String,
    /// What should have come out.
    pub expected: String,
    /// What did.
    pub found: String,
    /// Where the expectation stands.
    pub place: Place,
    /// The scores it is about, and why they are what they are.
    pub because: Explanation,
}

impl Failure {
    /// What is told of it, where its expectation stands.
    pub fn diagnostic(&self) -> Diagnostic {
        let (what, expected, found) = (&self.what, &self.expected, &self.found);
        Diagnostic::error(
            "E0260",
            format!(
                "rule test '{}': {what} is {found}, not {expected}",
                self.test
            ),
        )
        .at(&self.place, format!("expected {expected}, found {found}"))
        .help("correct the rule if it does not do what you mean, else the test")
    }
}

/// Runs all tests; what does not hold, in the order of the file.
pub fn run(rules: &RuleSet, tests: &[RuleTest]) -> Vec<Failure> {
    if tests.is_empty() {
        return Vec::new();
    }
    let zone = Zone::new(rules.zone);
    let mut vocabulary = stage::vocabulary(rules, tests);
    let staged: Vec<_> = tests
        .iter()
        .map(|test| stage::stage(test, (rules, &zone), &mut vocabulary))
        .collect();
    let model = Model::new(rules, &vocabulary);
    let pairs = tests.iter().zip(&staged);
    pairs
        .flat_map(|(test, (facts, coverage))| {
            Run {
                model: &model,
                vocabulary: &vocabulary,
                test,
                facts,
                coverage,
                evaluation: evaluate(&model, facts, coverage, test.as_of),
            }
            .failures()
        })
        .collect()
}

struct Run<'a> {
    model: &'a Model,
    vocabulary: &'a Vocabulary,
    test: &'a RuleTest,
    facts: &'a Facts,
    coverage: &'a Coverage,
    evaluation: Evaluation,
}

impl Run<'_> {
    fn failures(&self) -> Vec<Failure> {
        let failed = self.test.expected.iter().filter_map(|expected| {
            let (what, wanted, found, scores) = self.compare(&expected.what)?;
            Some(Failure {
                test: self.test.name.clone(),
                what,
                expected: wanted,
                found,
                place: expected.place.clone(),
                because: self.because(&scores),
            })
        });
        failed.collect()
    }

    /// `None` if it holds; else what was looked at, expected and found, and the numbers of the scores it is about.
    fn compare(&self, expectation: &Expectation) -> Option<(String, String, String, Vec<usize>)> {
        let rules = self.model.rules();
        let score = |name: &str| rules.scores.iter().position(|score| score.name == *name);
        let all = || (0..rules.scores.len()).collect();
        let (what, wanted, found, scores) = match expectation {
            Expectation::Points(name, points) => {
                let number = score(name)?;
                let found = self.evaluation.scores[number].shown;
                (
                    name.clone(),
                    points.to_string(),
                    found.to_string(),
                    vec![number],
                )
            }
            Expectation::Band(name, band) => {
                let number = score(name)?;
                let found = self.evaluation.scores[number].band;
                let found = found.map(|band| rules.scores[number].bands[band].name.clone());
                let words =
                    |band: &Option<String>| band.clone().unwrap_or_else(|| "no band".to_owned());
                (
                    format!("band of {name}"),
                    words(band),
                    words(&found),
                    vec![number],
                )
            }
            Expectation::Segments(names) => {
                let mut wanted = names.clone();
                let pairs = rules.segments.iter().zip(&self.evaluation.segments);
                let inside = pairs.filter(|(_, truth)| **truth == Truth::True);
                let mut found: Vec<String> =
                    inside.map(|(segment, _)| segment.name.clone()).collect();
                wanted.sort();
                found.sort();
                ("segments".to_owned(), list(&wanted), list(&found), all())
            }
            Expectation::Stage(stage) => {
                let found = self
                    .evaluation
                    .stage
                    .map(|stage| rules.stages[stage].name.clone());
                let words =
                    |stage: &Option<String>| stage.clone().unwrap_or_else(|| "no stage".to_owned());
                ("stage".to_owned(), words(stage), words(&found), all())
            }
            Expectation::Reason {
                absence,
                word,
                since,
            } => {
                let (score, found) = self.other_reason(absence, word, *since)?;
                let wanted = reason(word, *since);
                (
                    absence.to_string(),
                    wanted,
                    reason(found.as_str(), found.since()),
                    vec![score],
                )
            }
        };
        (wanted != found).then_some((what, wanted, found, scores))
    }

    /// The first score and reason of an absence that is not the one expected.
    fn other_reason(
        &self,
        absence: &Condition,
        word: &str,
        since: Option<Day>,
    ) -> Option<(usize, Reason)> {
        let text = absence.to_string();
        let scores = self.evaluation.scores.iter().enumerate();
        let judged = scores.flat_map(|(number, score)| {
            let rules = score.rules.iter().flat_map(|rule| &rule.judgements);
            rules.map(move |judgement| (number, judgement))
        });
        judged
            .filter(|(_, judgement)| *judgement.text == *text)
            .map(|(number, judgement)| (number, judgement.reason))
            .find(|(_, found)| {
                found.as_str() != word || since.is_some_and(|since| found.since() != Some(since))
            })
    }

    fn because(&self, scores: &[usize]) -> Explanation {
        let mut explanation = explain(&Question {
            model: self.model,
            vocabulary: self.vocabulary,
            facts: self.facts,
            coverage: self.coverage,
            as_of: self.test.as_of,
            known_at: self.test.as_of,
            contact: &self.test.name,
            platform_id: &|_| None,
            reason: &|_| None,
            order: &|_| None,
            only_told: &|_| false,
        });
        let all = std::mem::take(&mut explanation.scores);
        let about = all.into_iter().enumerate();
        let about = about.filter(|(number, _)| scores.contains(number));
        explanation.scores = about.map(|(_, score)| score).collect();
        explanation
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

fn reason(word: &str, since: Option<Day>) -> String {
    since.map_or_else(|| word.to_owned(), |since| format!("{word} since {since}"))
}
