//! Lists of contacts: who is what today, by a filter; for a screen, a page or a file.
//!
//! What is listed is evaluated now, not read from what was stored. A list that a
//! person waits for is worked through in pieces, each of which ends after a
//! known amount of work ([`Budget`]).

use std::{collections::HashSet, ops::ControlFlow};

use engaged_connectors::model::Address;
use serde::Serialize;

use crate::{
    rescore::state,
    rules::{set::RuleSet, syntax::Condition, truth::Truth},
    score::{
        ask::ask,
        calendar::{Day, Zone},
        evaluate::evaluate,
        facts::{Coverage, Facts, Needs},
        model::Model,
    },
    store::{Conn, ContactId, ContactState, OBJECTED, StoreError},
};

/// Whom a list holds: those for whom all holds that is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// This condition is true.
    pub condition: Option<Condition>,
    /// They are in this stage.
    pub stage: Option<String>,
    /// They are not judged, for this reason.
    pub unjudged: Option<String>,
    /// Their address begins like this.
    pub address: Option<String>,
}

/// Both conditions, as far as there are two.
pub fn both(first: Option<Condition>, second: Option<Condition>) -> Option<Condition> {
    match (first, second) {
        (Some(first), Some(second)) => Some(Condition::And(vec![first, second])),
        (one, other) => one.or(other),
    }
}

/// A filter that is ready to be held against any contact today.
pub struct Sieve {
    filter: Filter,
    model: Model,
    coverage: Coverage,
    today: Day,
    objecting: HashSet<ContactId>,
}

/// How much is looked at before a piece of a list ends, whether it is full or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// So many contacts.
    pub contacts: u64,
    /// So many events of theirs.
    pub events: u64,
}

impl Budget {
    /// What one request may take: some 150 ms of a processor.
    pub const OF_REQUEST: Self = Self {
        contacts: 20_000,
        events: 400_000,
    };
    /// Without an end.
    pub const NONE: Self = Self {
        contacts: u64::MAX,
        events: u64::MAX,
    };
}

/// What a list says of a contact.
#[derive(Clone, Debug, PartialEq)]
pub enum Listed {
    /// What it is today.
    Scored(ContactState),
    /// That it objects to being scored.
    Objecting,
}

impl Listed {
    /// What it is today, if that is worked out.
    pub fn state(self) -> Option<ContactState> {
        match self {
            Self::Scored(state) => Some(state),
            Self::Objecting => None,
        }
    }
}

/// How far looking has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// How many contacts were looked at.
    pub contacts: u64,
    /// The last of them; `None` if everybody has been looked at.
    pub until: Option<ContactId>,
}

impl Sieve {
    /// Compiles a filter.
    pub fn new(
        conn: &Conn,
        rules: &RuleSet,
        filter: Filter,
        today: Day,
    ) -> Result<Self, StoreError> {
        let asked = filter.condition.iter().map(|when| (when, rules.min_sends));
        Ok(Self {
            model: Model::asking(rules, &conn.vocabulary()?, &asked.collect::<Vec<_>>()),
            coverage: conn.coverage(&Zone::new(rules.zone), today, None)?,
            objecting: conn.objecting()?,
            filter,
            today,
        })
    }

    /// What a contact is today; `None` if the filter does not hold it. Of who objects to being scored nothing is worked out.
    pub fn state(&self, contact: ContactId, facts: &Facts) -> Option<Listed> {
        let Filter {
            condition,
            stage,
            unjudged,
            address,
        } = &self.filter;
        let theirs = facts.address.as_ref().map(Address::reveal);
        if let Some(start) = address
            && !theirs.is_some_and(|theirs| theirs.starts_with(&start.to_lowercase()))
        {
            return None;
        }
        if self.objecting.contains(&contact) {
            let asked = condition.is_some() || stage.is_some() || unjudged.is_some();
            return (!asked).then_some(Listed::Objecting);
        }
        // Scores are worked out for whom the condition holds, which is cheaper than for everybody.
        if condition.is_some() {
            let answers = ask(&self.model, facts, &self.coverage, self.today);
            if answers.said.iter().any(|said| said.truth != Truth::True) {
                return None;
            }
        }
        let evaluation = evaluate(&self.model, facts, &self.coverage, self.today);
        let state = state(&self.model, &evaluation, None);
        let fits = |asked: &Option<String>, is: &Option<String>| asked.is_none() || asked == is;
        let fits = fits(stage, &state.stage) && fits(unjudged, &state.unjudged);
        fits.then_some(Listed::Scored(state))
    }

    /// What it reads of a contact.
    fn needs(&self) -> Needs {
        self.model.needs().or(Needs {
            fields: Some(Vec::new()),
            address: true,
            subscriptions: false,
        })
    }

    /// Looks at these contacts alone, in their order.
    pub fn look_at(
        &self,
        conn: &Conn,
        contacts: &[ContactId],
        each: &mut dyn FnMut(ContactId, &Facts, Listed),
    ) -> Result<(), StoreError> {
        conn.for_each_listed(contacts, &self.needs(), |contact, facts| {
            if let Some(state) = self.state(contact, facts) {
                each(contact, facts, state);
            }
            Ok(())
        })
    }

    /// Looks at the contacts after one, in their order, until the budget is used up or `each` has enough; `each` gets
    /// those whom the filter holds.
    pub fn look(
        &self,
        conn: &Conn,
        after: ContactId,
        budget: Budget,
        each: &mut dyn FnMut(ContactId, &Facts, Listed) -> ControlFlow<()>,
    ) -> Result<Looked, StoreError> {
        let mut looked = Looked {
            contacts: 0,
            until: None,
        };
        let mut events = 0;
        conn.walk_from(after, &self.needs(), |contact, facts| {
            looked.contacts += 1;
            events += facts.events.len() as u64;
            let found = self.state(contact, facts);
            let found = found.map(|state| each(contact, facts, state));
            let enough = found.is_some_and(|answer| answer.is_break());
            let spent = looked.contacts >= budget.contacts || events >= budget.events;
            if enough || spent {
                looked.until = Some(contact);
                return Ok(ControlFlow::Break(()));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(looked)
    }
}

/// One contact in a list for people and programs.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The address, or our number where there is none.
    pub contact: String,
    /// Each score: name, points, band.
    pub scores: Vec<(String, i64, Option<String>)>,
    /// The segments.
    pub segments: Vec<String>,
    /// The stage.
    pub stage: Option<String>,
    /// Whether the contact objects to being scored.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub objects: bool,
}

impl Row {
    /// The row of a contact.
    pub fn new(contact: ContactId, facts: &Facts, listed: Listed) -> Self {
        let (state, objects) = match listed {
            Listed::Scored(state) => (state, false),
            Listed::Objecting => (ContactState::default(), true),
        };
        let address = facts.address.as_ref().map(Address::reveal);
        let scores = state.scores.into_iter();
        Self {
            contact: address.map_or_else(|| contact.0.to_string(), str::to_owned),
            scores: scores
                .map(|score| (score.name, score.shown, score.band))
                .collect(),
            segments: state.segments,
            stage: state.stage,
            objects,
        }
    }

    /// As one line of JSON.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As a line of CSV under [`csv_head`], with so many scores; who objects has none, and stands in the stage `objected`.
    pub fn csv(&self, scores: usize) -> String {
        let blank = if self.objects { 2 * scores } else { 0 };
        let scores = self.scores.iter();
        let scores = scores
            .flat_map(|(_, shown, band)| [shown.to_string(), band.clone().unwrap_or_default()]);
        let stage = match &self.stage {
            _ if self.objects => OBJECTED.to_owned(),
            stage => stage.clone().unwrap_or_default(),
        };
        let scores = scores.chain(std::iter::repeat_n(String::new(), blank));
        let all = std::iter::once(self.contact.clone()).chain(scores);
        csv_line(all.chain([self.segments.join(";"), stage]))
    }
}

/// The heading over rows as CSV.
pub fn csv_head(rules: &RuleSet) -> String {
    let scores = rules.scores.iter();
    let scores = scores.flat_map(|score| [score.name.clone(), format!("{} band", score.name)]);
    let columns = std::iter::once("email".to_owned()).chain(scores);
    csv_line(columns.chain(["segments".to_owned(), "stage".to_owned()]))
}

/// One line of CSV. What a spreadsheet would take for a formula gets a quote in front.
pub fn csv_line(cells: impl Iterator<Item = String>) -> String {
    let cells = cells.map(|cell| {
        let cell = without_formula(cell);
        if cell.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell
        }
    });
    cells.collect::<Vec<_>>().join(",")
}

/// A cell without formulas, also for a spreadsheet that parts cells at semicolons or tabs and heeds no quotes, as one
/// in Dutch does.
fn without_formula(cell: String) -> String {
    if cell.starts_with('-') && cell.parse::<f64>().is_ok_and(f64::is_finite) {
        return cell;
    }
    let mut out = String::with_capacity(cell.len() + 1);
    let mut begins = true;
    for c in cell.chars() {
        let first = out.is_empty() && matches!(c, '\t' | '\r' | '\n' | '\0');
        if first || (begins && matches!(c, '=' | '+' | '-' | '@')) {
            out.push('\'');
        }
        out.push(c);
        begins = matches!(c, ';' | '\t' | '\r' | '\n') || (begins && matches!(c, ' ' | '"' | '\0'));
    }
    out
}
