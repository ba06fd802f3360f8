//! What explaining one contact takes out of the store: the same for the verb and for the page.

use crate::{
    rules::set::RuleSet,
    score::{
        calendar::{Day, Zone},
        explain::{self, Explanation, Question},
        facts::{Coverage, Facts, Vocabulary},
        model::Model,
    },
    store::{Conn, ContactId, StoreError},
};

/// For which date a contact is explained, and with what knowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// The date asked for.
    pub as_of: Day,
    /// Only what was known at the end of this date counts; `None`: all that is known now.
    pub known_at: Option<Day>,
    /// The present date.
    pub today: Day,
}

impl Occasion {
    /// Today, with all that is known.
    pub fn today(today: Day) -> Self {
        Self {
            as_of: today,
            known_at: None,
            today,
        }
    }

    /// Whether it is the present.
    pub fn is_today(&self) -> bool {
        self.as_of == self.today && self.known_at.is_none()
    }

    /// The date whose knowledge is used.
    pub fn present(&self) -> Day {
        self.known_at.map_or(self.today, |day| day.min(self.today))
    }
}

/// A contact with its explanation, and what that was made from.
#[derive(Debug)]
pub struct Explained {
    /// What was known of the contact.
    pub facts: Facts,
    /// The texts behind the numbers in the facts.
    pub vocabulary: Vocabulary,
    /// The days that our own sync did not cover.
    pub coverage: Coverage,
    /// The explanation.
    pub explanation: Explanation,
}

/// Explains a contact; `None` if nothing was known of it. `call` says what it is to be called.
pub fn explain(
    conn: &Conn,
    rules: &RuleSet,
    contact: ContactId,
    occasion: &Occasion,
    call: impl FnOnce(&Facts) -> String,
) -> Result<Option<Explained>, StoreError> {
    let zone = Zone::new(rules.zone);
    // The end of the local day: the instant before the next one begins.
    let known = occasion.known_at.map(|day| zone.start_of(day.next()) - 1);
    let Some(facts) = conn.facts(contact, known)? else {
        return Ok(None);
    };
    let vocabulary = conn.vocabulary()?;
    let coverage = conn.coverage(&zone, occasion.present(), known)?;
    let model = Model::new(rules, &vocabulary);
    let events: Vec<i64> = facts.events.iter().map(|fact| fact.id).collect();
    let ids = conn.platform_ids(&events)?;
    let reasons = conn.verdict_reasons(&events, known)?;
    let explanation = explain::explain(&Question {
        model: &model,
        vocabulary: &vocabulary,
        facts: &facts,
        coverage: &coverage,
        as_of: occasion.as_of,
        known_at: occasion.present(),
        contact: &call(&facts),
        platform_id: &|id| ids.get(&id).cloned(),
        reason: &|id| reasons.get(&id).cloned(),
    });
    Ok(Some(Explained {
        facts,
        vocabulary,
        coverage,
        explanation,
    }))
}
