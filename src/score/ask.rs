//! Conditions asked of one contact beside its scores: by the same evaluator, with the reasons for what is unknown.

use crate::rules::truth::Truth;

use super::{
    calendar::Day,
    condition::Doubt,
    evaluate::Evaluator,
    facts::{Coverage, Facts},
    model::Model,
    subject::Subject,
};

/// What one condition is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Whether it holds.
    pub truth: Truth,
    /// Why that is not known.
    pub doubt: Option<Doubt>,
}

/// What the conditions of a [`Model`] are for one contact on one date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// For each condition that the model was compiled with, in their order.
    pub said: Vec<Said>,
    /// The day since which the contact is subscribed: the last subscription known.
    pub subscribed_on: Day,
}

/// Asks the conditions that a model was compiled with ([`Model::asking`]). Scores are worked out only where
/// one of them reads them.
pub fn ask(model: &Model, facts: &Facts, coverage: &Coverage, as_of: Day) -> Answers {
    let subject = Subject::new(model, facts, coverage);
    let mut evaluator = Evaluator::new(model, &subject, as_of);
    let mut said = Vec::with_capacity(model.asked.len());
    for node in &model.asked {
        let answer = evaluator.ask(node, &mut Vec::new());
        said.push(Said {
            truth: answer.truth,
            doubt: answer.doubt,
        });
    }
    Answers {
        said,
        subscribed_on: subject.last_subscribed(as_of),
    }
}

impl Doubt {
    /// The word for counting: what stands in the way of a judgement.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Absence(reason) => reason.as_str(),
            Self::Field(_) => "field_unknown",
            Self::NoAddress => "no_address",
            Self::OtherCurrency => "other_currency",
            Self::Never => "never_happened",
            Self::NoStatus => "no_status",
        }
    }
}
