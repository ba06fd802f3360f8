//! Signs of life: when a person was last seen, and when anything was.

use engaged_connectors::model::{EventKind, Verdict};

use crate::score::{
    calendar::Millis,
    facts::{Fact, Facts, KindId},
};

/// What happens to a contact, or is done to be rid of us. Everything else shows that somebody is there.
const NO_SIGN: [EventKind; 10] = [
    EventKind::Send,
    EventKind::Delivery,
    EventKind::Bounce,
    EventKind::HardBounce,
    EventKind::SoftBounce,
    EventKind::Complaint,
    EventKind::Unsubscribe,
    EventKind::Refund,
    EventKind::Unlike,
    EventKind::Unfollow,
];

/// When a contact was last seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// The last sign that no machine gave.
    pub person: Option<Millis>,
    /// The last sign, whoever gave it.
    pub any: Option<Millis>,
}

impl Life {
    /// The last signs among a contact's events.
    pub fn of(facts: &Facts) -> Self {
        let signs = facts.events.iter().filter(|fact| is_sign(fact));
        let person = signs.clone().filter(|fact| by_person(fact));
        Self {
            // Where nothing else of opens may be used, the date of the last is a sign.
            person: person.map(|fact| fact.at).max().max(facts.last_open),
            any: signs.map(|fact| fact.at).max().max(facts.last_open),
        }
    }

    /// Whether a person was seen after an instant.
    pub fn since(self, at: Millis) -> bool {
        self.person.is_some_and(|seen| seen > at)
    }
}

/// Whether an event shows that somebody is there.
pub(super) fn is_sign(fact: &Fact) -> bool {
    let mut none = NO_SIGN.iter();
    !none.any(|kind| KindId::built_in(kind) == Some(fact.kind))
}

/// Whether no machine is known to have caused an event.
pub(super) fn by_person(fact: &Fact) -> bool {
    matches!(fact.verdict, Verdict::Human | Verdict::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::facts::Forgotten;

    #[test]
    fn what_was_deleted_for_its_age_is_no_sign_of_life() {
        let send = KindId::built_in(&EventKind::Send).unwrap();
        let facts = Facts {
            forgotten: Some(Forgotten::one(send, 7)),
            ..Facts::default()
        };
        assert_eq!(Life::of(&facts), Life::default());
    }
}
