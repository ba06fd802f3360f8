//! The connected shop: its orders, which know no filter on time.

use std::collections::HashMap;

use axum::http::Method;
use serde_json::{Value, json};

use super::account::Account;
use super::answer::{Answer, Problem, Reply};
use super::audience::Audience;
use super::call::{Call, stamp};
use super::campaigns::money;
use super::event::{Event, Kind};
use crate::people::{Order, Publication, Seconds, World};

/// The id of the one store.
pub(super) const STORE: &str = "winkel";

/// What somebody spent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    pub(super) orders: u32,
    pub(super) cents: u32,
}

/// Sums of the orders known by now.
#[derive(Debug, Default)]
pub(super) struct Shop {
    by_person: HashMap<u32, Spent>,
    by_campaign: HashMap<u16, (u32, u32)>,
    /// The places in the world's book, in the order of becoming known.
    pub(super) known: Vec<u32>,
    waiting: Vec<u32>,
    seen: u32,
}

impl Shop {
    /// Takes over what was ordered up to now.
    pub(super) fn refresh(&mut self, world: &World, now: Seconds) {
        let total = u32::try_from(world.orders().len()).unwrap_or(u32::MAX);
        self.waiting.extend(self.seen..total);
        self.seen = total;
        let (due, later): (Vec<u32>, Vec<u32>) = self
            .waiting
            .iter()
            .partition(|place| world.orders()[**place as usize].at <= now);
        self.waiting = later;
        for place in due {
            let order = &world.orders()[place as usize];
            let spent = self.by_person.entry(order.person).or_default();
            spent.orders += 1;
            spent.cents += order.cents;
            if let Some(campaign) = order.campaign {
                let earned = self.by_campaign.entry(campaign).or_default();
                *earned = (earned.0 + 1, earned.1 + order.cents);
            }
            self.known.push(place);
        }
    }

    /// What a person spent.
    pub(super) fn spent(&self, person: Option<u32>) -> Spent {
        person
            .and_then(|person| self.by_person.get(&person).copied())
            .unwrap_or_default()
    }

    /// The number of orders and the cents that a campaign led to; the shop belongs to the weekly publication.
    pub(super) fn earned(&self, publication: Publication, campaign: u16) -> (u32, u32) {
        let earned = self.by_campaign.get(&campaign).copied();
        earned
            .filter(|_| publication == Publication::Weekly)
            .unwrap_or_default()
    }
}

/// Everything below `/ecommerce`.
pub(super) fn route(account: &Account, world: &World, call: &Call, rest: &[&str]) -> Reply {
    let reply = match rest {
        ["orders"] | ["stores", STORE, "orders"] => orders(account, world, call),
        ["stores", STORE, "orders", id] => orders_of(account, world)
            .find(|order| order_id(order) == *id)
            .map(|order| Answer::read(body(account, world, order)))
            .ok_or_else(Problem::not_found),
        ["stores"] => {
            let stores = [store(account, world)];
            let rows = call.paging()?.of(&stores).to_vec();
            Ok(Answer::read(json!({"stores": rows, "total_items": 1})))
        }
        ["stores", STORE] => Ok(Answer::read(store(account, world))),
        _ => Err(Problem::not_found()),
    };
    if call.method == Method::GET {
        reply
    } else {
        reply.and(Err(Problem::method()))
    }
}

fn store(account: &Account, world: &World) -> Value {
    json!({
        "id": STORE, "list_id": weekly(account).map_or("", |list| &list.id), "name": "Winkel", "platform": "Magento",
        "domain": "winkel.example.nl", "is_syncing": false, "email_address": "post@example.nl", "currency_code": "EUR",
        "money_format": "€", "primary_locale": "nl", "timezone": "Europe/Amsterdam", "phone": "",
        "list_is_active": true, "created_at": stamp(world.start()), "updated_at": stamp(account.now),
    })
}

fn weekly(account: &Account) -> Option<&Audience> {
    account
        .audiences
        .iter()
        .find(|list| list.publication == Publication::Weekly)
}

fn orders_of<'a>(account: &'a Account, world: &'a World) -> impl Iterator<Item = &'a Order> {
    let known = account.shop.known.iter();
    known.map(|place| &world.orders()[*place as usize])
}

fn order_id(order: &Order) -> String {
    format!("order-{}", order.number)
}

fn customer_id(order: &Order) -> String {
    format!("klant-{}", order.person)
}

fn orders(account: &Account, world: &World, call: &Call) -> Reply {
    let wanted: Vec<&Order> = orders_of(account, world)
        .filter(|order| {
            let id = campaign_id(account, order);
            call.parameter("campaign_id")
                .is_none_or(|wanted| id == wanted)
                && (!call.flag("has_outreach") || !id.is_empty())
        })
        .filter(|order| {
            call.parameter("customer_id")
                .is_none_or(|wanted| customer_id(order) == wanted)
        })
        .collect();
    let page = call.paging()?.of(&wanted).to_vec();
    let served = page
        .iter()
        .map(|order| event(account, world, order).key())
        .collect();
    let rows: Vec<Value> = page
        .iter()
        .map(|order| body(account, world, order))
        .collect();
    Ok(Answer::events(
        json!({"orders": rows, "total_items": wanted.len()}),
        served,
    ))
}

fn campaign_id<'a>(account: &'a Account, order: &Order) -> &'a str {
    let list = weekly(account);
    order
        .campaign
        .zip(list)
        .map_or("", |(campaign, list)| list.reports.id(campaign))
}

/// The order as an event. Its customer is the address that the shop knows, whatever became of the member.
pub(super) fn event(account: &Account, world: &World, order: &Order) -> Event {
    let hash = super::member::hash(&world.person(order.person).address());
    let id = order_id(order);
    Event::new(
        Kind::Order,
        campaign_id(account, order),
        &hash,
        order.at,
        &id,
    )
}

/// Every order as an event.
pub(super) fn events(account: &Account, world: &World) -> Vec<Event> {
    orders_of(account, world)
        .map(|order| event(account, world, order))
        .collect()
}

fn body(account: &Account, world: &World, order: &Order) -> Value {
    let person = world.person(order.person);
    let spent = account.shop.spent(Some(order.person));
    let campaign = campaign_id(account, order);
    let mut body = json!({
        "id": order_id(order), "store_id": STORE, "currency_code": "EUR", "order_total": money(order.cents),
        "customer": {
            "id": customer_id(order), "email_address": person.address(), "opt_in_status": true, "company": "",
            "first_name": person.first_name(), "last_name": person.last_name(),
            "orders_count": spent.orders, "total_spent": money(spent.cents),
            "created_at": stamp(world.start()), "updated_at": stamp(order.at),
        },
        "campaign_id": campaign, "landing_site": "", "financial_status": "paid", "fulfillment_status": "shipped",
        "order_url": "", "discount_total": 0, "tax_total": 0, "shipping_total": 0,
        "processed_at_foreign": stamp(order.at), "cancelled_at_foreign": "", "updated_at_foreign": stamp(order.at),
        "promos": [],
        "lines": [{
            "id": format!("regel-{}", order.number), "product_id": order.item(), "product_title": order.item(),
            "product_variant_id": order.item(), "product_variant_title": order.item(), "image_url": "",
            "quantity": order.pieces, "price": money(order.cents / u32::from(order.pieces.max(1))), "discount": 0,
        }],
        "tracking_number": "", "tracking_carrier": "", "tracking_url": "",
    });
    if !campaign.is_empty() {
        body["outreach"] =
            json!({"id": campaign, "name": "", "type": "regular", "published_time": ""});
    }
    body
}
