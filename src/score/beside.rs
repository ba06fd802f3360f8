//! Two sets of rules over the same contacts, as a preview asks: what both have is evaluated once.

use crate::rules::{
    set::{Rule, RuleSet},
    syntax::{Condition, RuleWhen},
};

use super::{
    calendar::Day,
    evaluate::{Evaluation, Evaluator, ScoreValue, Stands},
    facts::{Coverage, Facts, Needs, Vocabulary},
    model::{Compiled, Model},
    subject::Subject,
};

/// Two compiled rule sets.
#[derive(Debug)]
pub struct Beside {
    now: Model,
    draft: Model,
    /// Whether both see an event alike: then the draft's patterns are those of both.
    alike: bool,
    /// For each rule of the draft's scores, the same rule among the present ones.
    same: Vec<Vec<Stands>>,
    /// Pairs of rules of the draft: the score, and two of its rules.
    pairs: Vec<(usize, usize, usize)>,
}

/// When a set of rules is asked about, and what our own sync covered by its calendar.
#[derive(Clone, Copy, Debug)]
pub struct On<'a> {
    /// The date.
    pub as_of: Day,
    /// The holes.
    pub coverage: &'a Coverage,
}

impl On<'_> {
    /// Whether it is one date and one calendar.
    fn is(self, other: Self) -> bool {
        self.as_of == other.as_of && std::ptr::eq(self.coverage, other.coverage)
    }
}

/// One contact under both sets of rules.
#[derive(Clone, Debug)]
pub struct Both {
    /// Under the present rules.
    pub now: Evaluation,
    /// Under the draft.
    pub draft: Evaluation,
    /// For each pair that was asked about, whether both rules give points and match one and the same event.
    pub pairs: Vec<bool>,
}

impl Beside {
    /// Compiles both. `pairs` are pairs of the draft's rules on events: the score, and two of its rules.
    pub fn new(
        now: &RuleSet,
        draft: &RuleSet,
        vocabulary: &Vocabulary,
        pairs: Vec<(usize, usize, usize)>,
    ) -> Self {
        let alike = (now.zone, &now.kinds, &now.links, &now.currency)
            == (draft.zone, &draft.kinds, &draft.links, &draft.currency)
            && now.tracking == draft.tracking;
        let mut present = Model::new(now, vocabulary);
        let model = if alike {
            Model::with(draft, vocabulary, std::mem::take(&mut present.patterns))
        } else {
            Model::new(draft, vocabulary)
        };
        let same = |rule: &Rule| alike.then(|| find(rule, now)).flatten();
        let scores = draft.scores.iter();
        Self {
            now: present,
            alike,
            same: scores
                .map(|score| score.rules.iter().map(same).collect())
                .collect(),
            draft: model,
            pairs,
        }
    }

    /// What either reads of a contact.
    pub fn needs(&self) -> Needs {
        self.now.needs().or(self.draft.needs())
    }

    /// Evaluates one contact under both.
    pub fn evaluate(&self, facts: &Facts, now: On<'_>, draft: On<'_>) -> Both {
        let subject = Subject::new(&self.draft, facts, draft.coverage);
        if self.alike && now.is(draft) {
            let (before, _) = Evaluator::new(&self.now, &subject, now.as_of).run();
            let evaluator = Evaluator::new(&self.draft, &subject, draft.as_of);
            let (after, _) = evaluator.taking(&before.scores, &self.same).run();
            return self.both(&subject, draft.as_of, before, after);
        }
        let own;
        let mine = if self.alike {
            // Its patterns are the draft's, and the days are of one calendar.
            own = Subject::new(&self.draft, facts, now.coverage);
            &own
        } else {
            own = Subject::new(&self.now, facts, now.coverage);
            &own
        };
        let (before, _) = Evaluator::new(&self.now, mine, now.as_of).run();
        let (after, _) = Evaluator::new(&self.draft, &subject, draft.as_of).run();
        self.both(&subject, draft.as_of, before, after)
    }

    fn both(&self, subject: &Subject<'_>, as_of: Day, now: Evaluation, draft: Evaluation) -> Both {
        let overlap = |&(score, first, second): &(usize, usize, usize)| {
            let value: &ScoreValue = &draft.scores[score];
            let rules = &self.draft.scores[score];
            let (Compiled::Each(one, _), Compiled::Each(other, _)) =
                (&rules[first], &rules[second])
            else {
                return false;
            };
            value.rules[first].points != 0
                && value.rules[second].points != 0
                && subject.share(*one, *other, as_of)
        };
        Both {
            pairs: self.pairs.iter().map(overlap).collect(),
            now,
            draft,
        }
    }
}

/// The same rule, however it is typed, if what it gives hangs on nothing but the contact.
fn find(rule: &Rule, among: &RuleSet) -> Option<(usize, usize)> {
    if let RuleWhen::State(condition) = &rule.when
        && reads_others(condition)
    {
        return None;
    }
    let untyped = |rule: &Rule| Rule {
        text: String::new(),
        group: None,
        ..rule.clone()
    };
    let wanted = untyped(rule);
    let scores = among.scores.iter().enumerate();
    // What a rule of a model gives hangs on the others.
    let scores = scores.filter(|(_, score)| score.model.is_none());
    let mut rules = scores.flat_map(|(score, each)| {
        let rules = each.rules.iter().enumerate();
        rules.map(move |(number, rule)| (score, number, rule))
    });
    rules
        .find(|(_, _, each)| untyped(each) == wanted)
        .map(|(score, number, _)| (score, number))
}

/// Whether a condition reads scores or segments.
fn reads_others(condition: &Condition) -> bool {
    match condition {
        Condition::Or(parts) | Condition::And(parts) => parts.iter().any(reads_others),
        Condition::Not(inner) => reads_others(inner),
        Condition::Points { .. } | Condition::Band { .. } | Condition::Segment(_) => true,
        _ => false,
    }
}
