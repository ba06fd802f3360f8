//! Why one stored contact is what it is: its facts, the rules and the coverage
//! handed to the explanation, for whoever shows it.

use std::{cell::Cell, collections::HashMap};

use engaged_connectors::model::Verdict;

use crate::{
    config::Config,
    score::{
        calendar::{Day, Millis, Zone},
        explain::{self, Explanation, Question},
        facts::{Coverage, Facts, Vocabulary},
        model::Model,
    },
    store::{Conn, ContactId, StoreError},
};

/// On which date, and with what was known when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// As of this date; today if left out.
    pub as_of: Option<Day>,
    /// With what was known at the end of this date; everything if left out.
    pub known_at: Option<Day>,
}

/// What is known of a contact, and why it is what it is.
#[derive(Debug)]
pub struct Known {
    /// What is known of it.
    pub facts: Facts,
    /// The texts behind the numbers in the facts.
    pub vocabulary: Vocabulary,
    /// The days that our own sync did not cover.
    pub coverage: Coverage,
    /// The rules, compiled.
    pub model: Model,
    /// The explanation.
    pub explanation: Explanation,
}

/// Explains a contact, which is to be called `name`; `None` if nothing was known about it then.
pub fn because(
    conn: &Conn,
    config: &Config,
    contact: (ContactId, &str),
    when: When,
    now: Millis,
) -> Result<Option<Explanation>, StoreError> {
    let known = known(conn, config, contact, when, now)?;
    Ok(known.map(|known| known.explanation))
}

/// As [`because`], with what the explanation was made from.
pub fn known(
    conn: &Conn,
    config: &Config,
    (contact, name): (ContactId, &str),
    when: When,
    now: Millis,
) -> Result<Option<Known>, StoreError> {
    let zone = Zone::new(config.zone);
    let today = zone.day(now);
    // The end of the local day: the instant before the next one begins.
    let known = when.known_at.map(|day| zone.start_of(day.next()) - 1);
    let present = when.known_at.map_or(today, |day| day.min(today));
    let Some(facts) = conn.facts(contact, known)? else {
        return Ok(None);
    };
    let vocabulary = conn.vocabulary()?;
    let coverage = conn.coverage(&zone, present, known)?;
    let model = Model::new(&config.rules, &vocabulary);
    // Machines' events are told by their reasons, in each rule that would have counted them.
    let machines = facts
        .events
        .iter()
        .filter(|fact| matches!(fact.verdict, Verdict::Scanner | Verdict::PrivacyProxy));
    let machines: Vec<i64> = machines.map(|fact| fact.id).collect();
    let reasons = conn.verdict_reasons(&machines, known)?;
    // The rest is looked up one by one, since a contact may have more events than are told.
    let failed = Cell::new(None);
    let keep = |error: StoreError| failed.set(Some(error));
    let one = |found: Result<HashMap<i64, String>, StoreError>| {
        let found = found.map_err(keep).ok()?;
        found.into_values().next()
    };
    let explanation = explain::explain(&Question {
        model: &model,
        vocabulary: &vocabulary,
        facts: &facts,
        coverage: &coverage,
        as_of: when.as_of.unwrap_or(today),
        known_at: present,
        contact: name,
        platform_id: &|id| one(conn.platform_ids(&[id])),
        reason: &|id| reasons.get(&id).cloned(),
        order: &|id| one(conn.order_numbers(&[id])),
        only_told: &|id| {
            let told = conn.unconfirmed(&[id], known).map_err(keep);
            told.is_ok_and(|told| !told.is_empty())
        },
    });
    if let Some(error) = failed.take() {
        return Err(error);
    }
    Ok(Some(Known {
        facts,
        vocabulary,
        coverage,
        model,
        explanation,
    }))
}
