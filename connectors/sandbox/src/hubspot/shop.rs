//! The shop's orders as deals or as orders of the CRM (sheet 5).

use std::collections::HashMap;

use super::Millis;
use super::contact::Field;
use super::mail::fine;
use super::settings::Purchases;
use crate::people::World;

/// What somebody spent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    pub(super) orders: u32,
}

/// A deal or an order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deal {
    pub(super) id: u64,
    /// The place in the world's book.
    pub(super) order: u32,
    pub(super) person: u32,
    pub(super) at: Millis,
    /// A deal that is not won: nobody bought anything yet.
    pub(super) open: bool,
}

/// What was ordered by now.
#[derive(Debug, Default)]
pub(super) struct Shop {
    pub(super) deals: Vec<Deal>,
    pub(super) spent: HashMap<u32, Spent>,
    waiting: Vec<u32>,
    seen: u32,
}

impl Shop {
    /// Takes over what was ordered up to now.
    pub(super) fn refresh(&mut self, world: &World, now: Millis, purchases: Purchases) {
        let total = u32::try_from(world.orders().len()).unwrap_or(u32::MAX);
        self.waiting.extend(self.seen..total);
        self.seen = total;
        let at = |place: &u32| fine(world.orders()[*place as usize].at, &[8, u64::from(*place)]);
        let (mut due, later): (Vec<u32>, Vec<u32>) =
            self.waiting.iter().partition(|place| at(place) <= now);
        due.sort_by_key(at);
        for place in due {
            let order = &world.orders()[place as usize];
            self.spent.entry(order.person).or_default().orders += 1;
            let deal = Deal {
                id: 0,
                order: place,
                person: order.person,
                at: at(&place),
                open: false,
            };
            self.add(deal);
            if purchases == Purchases::Deals && order.number.is_multiple_of(5) {
                self.add(Deal { open: true, ..deal });
            }
        }
        self.waiting = later;
    }

    fn add(&mut self, deal: Deal) {
        let id = 8_200_000_010 + self.deals.len() as u64 * 11;
        self.deals.push(Deal { id, ..deal });
    }

    /// What a person spent.
    pub(super) fn spent(&self, person: Option<u32>) -> Spent {
        person
            .and_then(|person| self.spent.get(&person).copied())
            .unwrap_or_default()
    }
}

impl Deal {
    /// The value of a property of a deal or of an order; `None` where there is none.
    pub(super) fn field(&self, world: &World, kind: &str, name: &str) -> Option<Field> {
        let order = &world.orders()[self.order as usize];
        let text = |text: &str| Some(Field::Text(text.to_owned()));
        let price = || {
            Some(Field::Text(format!(
                "{}.{:02}",
                order.cents / 100,
                order.cents % 100
            )))
        };
        match (kind, name) {
            (_, "hs_object_id") => text(&self.id.to_string()),
            (_, "hs_lastmodifieddate") => Some(Field::Moment(self.at)),
            ("deals", "createdate") | ("orders", "hs_createdate" | "hs_external_created_date") => {
                Some(Field::Moment(self.at))
            }
            ("deals", "closedate") => Some(Field::Moment(
                self.at + if self.open { 30 * 86_400_000 } else { 0 },
            )),
            ("deals", "dealname") if self.open => text(&format!("Offerte {}", order.number)),
            ("deals", "dealname") => {
                text(&format!("Bestelling {}: {}", order.number, order.item()))
            }
            ("deals", "amount") if !self.open => price(),
            ("deals", "deal_currency_code") | ("orders", "hs_currency_code") => text("EUR"),
            ("deals", "pipeline") => text("default"),
            ("deals", "dealstage") => text(if self.open {
                "appointmentscheduled"
            } else {
                "closedwon"
            }),
            ("deals", "hs_is_closed_won") => text(if self.open { "false" } else { "true" }),
            ("orders", "hs_order_name") => text(order.item()),
            ("orders", "hs_total_price") => price(),
            ("orders", "hs_external_order_id") => text(&order.number.to_string()),
            ("orders", "hs_external_order_status") => text("shipped"),
            _ => None,
        }
    }
}
