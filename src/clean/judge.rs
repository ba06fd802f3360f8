//! Whether one contact is a candidate of a policy: by its facts alone, on one date.
//!
//! What is not known makes nobody a candidate. What a platform shows, and which
//! series runs, is asked elsewhere.

use engaged_connectors::model::EventKind;

use crate::{
    config::CleaningPolicy,
    rules::{
        set::RuleSet,
        syntax::{Actor, Bound, Condition, Pattern, Unit, Window},
        truth::Truth,
    },
    score::{
        ask::{Answers, Said, ask},
        calendar::{Day, Millis, Zone},
        facts::{Coverage, Facts, KindId, Needs},
        model::Model,
    },
    store::{Conn, StoreError},
};

use super::life::Life;

/// How long a purchase protects.
const YEAR: Window = Window {
    number: 12,
    unit: Unit::Month,
};

/// Where each condition stands among those that the model was compiled with.
const WHEN: usize = 0;
const BOUGHT: usize = 1;
const PROTECT: usize = 2;

/// A policy, ready to judge any contact today.
pub struct Judge<'p> {
    policy: &'p CleaningPolicy,
    model: Model,
    coverage: Coverage,
    zone: Zone,
    today: Day,
}

/// What a contact is under a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The condition does not hold.
    Active,
    /// It is not known whether the condition holds: why.
    Unjudged(&'static str),
    /// The condition holds, and something stands before it: what.
    Protected(String),
    /// A candidate: silent since this instant, or subscribed since it and never active.
    Silent(Millis),
}

impl<'p> Judge<'p> {
    /// Compiles a policy for today.
    pub fn new(
        conn: &Conn,
        rules: &RuleSet,
        policy: &'p CleaningPolicy,
        now: Millis,
    ) -> Result<Self, StoreError> {
        let zone = Zone::new(rules.zone);
        let today = zone.day(now);
        let bought = at_least_one(
            Pattern {
                actor: Actor::People,
                kind: EventKind::Purchase,
                filters: Vec::new(),
            },
            Some(YEAR),
        );
        let protect = policy.protect.clone().map(of_customers);
        let mut conditions = vec![(&policy.when, policy.min_sends), (&bought, rules.min_sends)];
        conditions.extend(protect.iter().map(|protect| (protect, rules.min_sends)));
        Ok(Self {
            policy,
            model: Model::cleaning(rules, &conn.vocabulary()?, &conditions),
            coverage: conn.coverage(&zone, today, None)?,
            zone,
            today,
        })
    }

    /// What it reads of a contact.
    pub fn needs(&self) -> Needs {
        self.model.needs()
    }

    /// The local date of an instant.
    pub fn day(&self, at: Millis) -> Day {
        self.zone.day(at)
    }

    /// Whether a time that began at an instant is over today.
    pub fn is_over(&self, began: Millis, lasts: Window) -> bool {
        self.zone.day(began).plus(lasts) <= self.today
    }

    /// Today.
    pub fn today(&self) -> Day {
        self.today
    }

    /// Judges one contact.
    pub fn judge(&self, facts: &Facts, life: Life) -> Finding {
        let answers = ask(&self.model, facts, &self.coverage, self.today);
        let when = &answers.said[WHEN];
        match when.truth {
            Truth::False => return Finding::Active,
            Truth::Unknown => return Finding::Unjudged(word(when)),
            Truth::True => {}
        }
        if answers.subscribed_on.plus(self.policy.tenure) > self.today {
            return Finding::Unjudged("tenure");
        }
        if let Some(finding) = self.protected(facts, &answers) {
            return finding;
        }
        let subscribed = self.zone.start_of(answers.subscribed_on);
        Finding::Silent(life.person.unwrap_or(subscribed))
    }

    fn protected(&self, facts: &Facts, answers: &Answers) -> Option<Finding> {
        if let Some(protect) = answers.said.get(PROTECT) {
            match protect.truth {
                Truth::False => {}
                Truth::True => return Some(Finding::Protected("protect".to_owned())),
                Truth::Unknown => {
                    let why = format!("protect is not known: {}", word(protect));
                    return Some(Finding::Protected(why));
                }
            }
        }
        let bought = &answers.said[BOUGHT];
        match bought.truth {
            _ if !self.policy.protect_purchases => None,
            Truth::False => None,
            Truth::True => Some(Finding::Protected("a purchase in 12 months".to_owned())),
            // Where nobody ever reports purchases, there is nothing to wait for.
            Truth::Unknown if !self.reports_purchases(facts) => None,
            Truth::Unknown => {
                let why = format!("purchases are not known: {}", word(bought));
                Some(Finding::Protected(why))
            }
        }
    }

    /// Whether any of a contact's connections reports purchases at all.
    fn reports_purchases(&self, facts: &Facts) -> bool {
        let purchase = KindId::built_in(&EventKind::Purchase);
        self.coverage.reported.as_ref().is_none_or(|reported| {
            let mut kinds = reported.kinds.iter();
            kinds.any(|(connection, kind)| {
                facts.connections.contains(connection) && (kind.is_none() || *kind == purchase)
            })
        })
    }
}

fn word(said: &Said) -> &'static str {
    said.doubt.as_ref().map_or("unknown", |doubt| doubt.word())
}

fn at_least_one(pattern: Pattern, window: Option<Window>) -> Condition {
    Condition::Count {
        bound: Bound::AtLeast,
        number: 1,
        pattern,
        window,
    }
}

/// `any purchase in 12 months` with `no` for who never bought anything: as a rule earns nobody points for never having
/// been a customer, it is unknown for them; here they are known not to be one.
fn of_customers(condition: Condition) -> Condition {
    match condition {
        Condition::Or(parts) => Condition::Or(parts.into_iter().map(of_customers).collect()),
        Condition::And(parts) => Condition::And(parts.into_iter().map(of_customers).collect()),
        Condition::Not(inner) => Condition::Not(Box::new(of_customers(*inner))),
        Condition::Absence {
            any,
            pattern,
            window,
        } if pattern.kind == EventKind::Purchase => {
            let bought = at_least_one(pattern, window);
            if any {
                bought
            } else {
                Condition::Not(Box::new(bought))
            }
        }
        other => other,
    }
}
