//! Which purchases and refunds another connection has told already.

use engaged::score::facts::Fact;
use engaged_connectors::model::EventKind;

use super::{Note, Oracle};

impl Oracle<'_> {
    /// Whether another connection's event stands for this one on a date.
    pub(super) fn is_told_again(&self, fact: &Fact, as_of: i32) -> bool {
        let told = self.events.iter().any(|(other, day)| {
            *day <= as_of && self.may_stand_for(other, fact) && self.is_the_one(other)
        });
        if told {
            self.note(Note::OrderToldAgain);
        }
        told
    }

    /// Whether an event is the first of its order and item.
    fn is_the_one(&self, fact: &Fact) -> bool {
        !self.events.iter().any(|(other, _)| {
            other.item == fact.item && self.may_stand_for(other, fact) && self.is_the_one(other)
        })
    }

    fn may_stand_for(&self, other: &Fact, fact: &Fact) -> bool {
        let is_money = matches!(self.kind(fact), EventKind::Purchase | EventKind::Refund);
        if !is_money || fact.order.0 == 0 || other.connection == fact.connection {
            return false;
        }
        if (other.kind, other.order) != (fact.kind, fact.order) {
            return false;
        }
        if fact.item.0 == 0 && other.item.0 != 0 {
            return true;
        }
        other.item == fact.item && (other.at, other.connection) < (fact.at, fact.connection)
    }
}
