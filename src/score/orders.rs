//! One order, told by several connections, counts once.
//!
//! A shop hands in its orders, and the platform that it is joined to knows them too. Both rows are kept; which of them count
//! is a function of the person's events. Of the purchases of one order number and item, those of one connection count: the
//! earlier, or on a tie the one of the lower number, as scoring orders events. Who tells no item tells the order as a whole,
//! and gives way to another connection that tells its items, from then on. Refunds likewise among themselves. Lines of one
//! connection are never one: it tells each of its own once. Nothing here looks at when a row became known, so it does not
//! matter which came first, and an event of tomorrow hides none of today.

use std::collections::HashMap;

use engaged_connectors::model::EventKind;

use super::facts::{Fact, KindId, TextId};

/// An event that does not count from the day on which there is one that stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToldAgain {
    /// Which one, by its place among the events.
    pub again: usize,
    /// The one that counts.
    pub counts: usize,
}

/// The events that do not count, in their order; `events` are in order, as [`super::facts::Facts::events`].
pub fn told_again(events: &[Fact]) -> Vec<ToldAgain> {
    if events.iter().all(|fact| !fact.order.is_some()) {
        return Vec::new();
    }
    let kinds = [EventKind::Purchase, EventKind::Refund].map(|kind| KindId::built_in(&kind));
    let of_orders =
        |&(_, fact): &(usize, &Fact)| fact.order.is_some() && kinds.contains(&Some(fact.kind));
    // By order and item, those that count so far.
    let mut counting: HashMap<(KindId, TextId, TextId), Vec<usize>> = HashMap::new();
    // By order, those that count and tell an item; and the others.
    let mut with_items: HashMap<(KindId, TextId), Vec<usize>> = HashMap::new();
    let mut whole: Vec<usize> = Vec::new();
    let mut again = Vec::new();
    let elsewhere = |places: &[usize], fact: &Fact| {
        let mut places = places.iter().copied();
        places.find(|&place| events[place].connection != fact.connection)
    };
    for (place, fact) in events.iter().enumerate().filter(of_orders) {
        let same = counting
            .entry((fact.kind, fact.order, fact.item))
            .or_default();
        if let Some(counts) = elsewhere(same, fact) {
            again.push(ToldAgain {
                again: place,
                counts,
            });
            continue;
        }
        same.push(place);
        if fact.item.is_some() {
            with_items
                .entry((fact.kind, fact.order))
                .or_default()
                .push(place);
        } else {
            whole.push(place);
        }
    }
    for place in whole {
        let fact = &events[place];
        let items = with_items.get(&(fact.kind, fact.order));
        again.extend(
            items
                .and_then(|items| elsewhere(items, fact))
                .map(|counts| ToldAgain {
                    again: place,
                    counts,
                }),
        );
    }
    again.sort_unstable_by_key(|told| told.again);
    again
}

#[cfg(test)]
mod tests {
    use engaged_connectors::model::Verdict;

    use super::*;
    use crate::score::facts::ConnectionId;

    fn bought(at: i64, connection: u16, order: u32, item: u32) -> Fact {
        Fact {
            id: 0,
            at,
            kind: KindId::built_in(&EventKind::Purchase).unwrap(),
            connection: ConnectionId(connection),
            verdict: Verdict::Unknown,
            campaign: TextId::NONE,
            url: TextId::NONE,
            item: TextId(item),
            quantity: 1,
            value: None,
            currency: TextId::NONE,
            order: TextId(order),
            tracked: true,
            has_properties: false,
        }
    }

    fn hidden(events: &[Fact]) -> Vec<usize> {
        told_again(events).iter().map(|told| told.again).collect()
    }

    #[test]
    fn the_same_order_and_item_of_another_connection_counts_once() {
        let told = [bought(1, 1, 7, 1), bought(2, 2, 7, 1), bought(3, 3, 7, 1)];
        assert_eq!(hidden(&told), [1, 2]);
    }

    #[test]
    fn other_orders_other_items_and_none_at_all_count_each() {
        let told = [bought(1, 1, 7, 1), bought(2, 2, 8, 1), bought(3, 2, 7, 2)];
        assert!(hidden(&told).is_empty());
        assert!(hidden(&[bought(1, 1, 0, 1), bought(1, 2, 0, 1)]).is_empty());
    }

    #[test]
    fn two_lines_of_one_connection_are_two_whoever_else_tells_one() {
        let told = [bought(1, 1, 7, 1), bought(2, 2, 7, 1), bought(3, 1, 7, 1)];
        assert_eq!(hidden(&told), [1]);
    }

    #[test]
    fn who_tells_the_order_as_a_whole_gives_way_to_who_tells_its_items() {
        let first = [bought(1, 1, 7, 0), bought(2, 2, 7, 1), bought(2, 2, 7, 2)];
        assert_eq!(
            told_again(&first),
            [ToldAgain {
                again: 0,
                counts: 1
            }]
        );
        let last = [bought(1, 2, 7, 1), bought(1, 2, 7, 2), bought(2, 3, 7, 0)];
        assert_eq!(hidden(&last), [2]);
        // What a connection tells beside its own items stands, though another tells those too.
        let own = [bought(1, 1, 7, 1), bought(1, 1, 7, 0), bought(2, 2, 7, 1)];
        assert_eq!(hidden(&own), [2]);
    }

    #[test]
    fn a_refund_is_no_purchase_told_again() {
        let refund = Fact {
            kind: KindId::built_in(&EventKind::Refund).unwrap(),
            ..bought(2, 2, 7, 1)
        };
        assert!(hidden(&[bought(1, 1, 7, 1), refund]).is_empty());
    }
}
