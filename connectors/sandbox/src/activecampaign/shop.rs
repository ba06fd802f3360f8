//! The shop's orders; amounts are in cents (sheet 5).

use serde_json::{Value, json};

use super::account::Account;
use super::answer::{Answer, Refusal, Reply};
use super::call::Call;
use super::event::{Event, Kind};
use crate::people::{Order, World};

/// The orders up to now of those who are contacts.
fn orders<'w>(account: &Account, world: &'w World) -> Vec<(usize, &'w Order)> {
    let known = |order: &'w Order| Some((account.of_person(order.person)?, order));
    let past = world
        .orders()
        .iter()
        .filter(|order| order.at <= account.now);
    let mut orders: Vec<_> = past.filter_map(known).collect();
    orders.sort_by_key(|(_, order)| order.number);
    orders
}

fn event(account: &Account, contact: usize, order: &Order) -> Event {
    let contact = account.contacts[contact].id.to_string();
    Event::new(
        Kind::Order,
        "",
        &contact,
        order.at,
        &order.number.to_string(),
    )
}

/// Every order.
pub(super) fn events(account: &Account, world: &World) -> Vec<Event> {
    let event = |(contact, order): (usize, &Order)| Event {
        hooked: false,
        ..event(account, contact, order)
    };
    orders(account, world).into_iter().map(event).collect()
}

/// `/ecomOrders`, `/ecomOrders/{id}`, `/ecomOrderProducts`, `/connections`.
pub(super) fn route(account: &Account, world: &World, call: &Call, parts: &[&str]) -> Reply {
    match parts {
        ["ecomOrders"] => Ok(list(account, world, call)),
        ["ecomOrders", id] => {
            let all = orders(account, world);
            let found = all
                .iter()
                .find(|(_, order)| order.number.to_string() == *id);
            let (contact, order) = found.ok_or_else(|| Refusal::no_result("EcomOrder", id))?;
            let key = event(account, *contact, order).key();
            let body = order_body(account, world, *contact, order);
            Ok(Answer::events(json!({"ecomOrder": body}), vec![key]))
        }
        ["ecomOrderProducts"] => Ok(products(account, world, call)),
        ["connections"] => Ok(connections(account, world)),
        _ => Err(Refusal::no_route()),
    }
}

fn order_body(account: &Account, world: &World, contact: usize, order: &Order) -> Value {
    let at = account.zone.stamp(order.at);
    let id = order.number.to_string();
    let customer = account.contacts[contact].id.to_string();
    let below = |name: &str| format!("{}/ecomOrders/{id}/{name}", account.base);
    json!({
        "externalid": format!("W{:06}", order.number), "source": "1", "email": account.contacts[contact].address(world),
        "currency": "EUR", "connectionid": "1", "customerid": customer, "orderUrl": "", "shippingMethod": "",
        "totalPrice": order.cents, "shippingAmount": 0, "taxAmount": 0, "discountAmount": 0,
        "externalCreatedDate": at, "totalProducts": 1, "createdDate": at, "updatedDate": at, "state": 1,
        "connection": "1", "orderProducts": [id], "customer": customer, "orderDate": at, "tstamp": at,
        "links": {
            "connection": below("connection"), "customer": below("customer"), "orderProducts": below("orderProducts"),
        },
        "id": id,
    })
}

fn list(account: &Account, world: &World, call: &Call) -> Answer {
    let email = call.parameter("filters[email]").map(str::to_lowercase);
    let external = call.parameter("filters[externalid]");
    let mut rows = orders(account, world);
    rows.retain(|(contact, order)| {
        let address = || account.contacts[*contact].address(world).to_lowercase();
        email.as_ref().is_none_or(|email| address() == *email)
            && external.is_none_or(|id| id == format!("W{:06}", order.number))
    });
    if let Some(falling) = call.order("external_created_date") {
        rows.sort_by_key(|(_, order)| (order.at, order.number));
        if falling {
            rows.reverse();
        }
    }
    let page = call.page(&rows);
    let served = page
        .iter()
        .map(|(contact, order)| event(account, *contact, order).key());
    let bodies = page
        .iter()
        .map(|(contact, order)| order_body(account, world, *contact, order));
    let (served, bodies): (Vec<String>, Vec<Value>) = (served.collect(), bodies.collect());
    let total = rows.len().to_string();
    Answer::events(
        json!({"ecomOrders": bodies, "meta": {"total": total}}),
        served,
    )
}

/// These have no total; the price is that of one piece.
fn products(account: &Account, world: &World, call: &Call) -> Answer {
    let rows = orders(account, world);
    let body = |(_, order): &(usize, &Order)| {
        let (id, at) = (order.number.to_string(), account.zone.stamp(order.at));
        let price = order.cents / u32::from(order.pieces.max(1));
        json!({
            "orderid": id, "connectionid": "1", "externalid": format!("P{id}"), "sku": "", "name": order.item(),
            "description": "", "price": price.to_string(), "quantity": order.pieces.to_string(), "category": "",
            "imageUrl": "", "productUrl": "", "createdDate": at, "updatedDate": at, "tstamp": at,
            "links": {"ecomOrder": format!("{}/ecomOrderProducts/{id}/ecomOrder", account.base)},
            "id": id, "ecomOrder": id,
        })
    };
    let page: Vec<Value> = call.page(&rows).iter().map(body).collect();
    Answer::read(json!({"ecomOrderProducts": page}))
}

fn connections(account: &Account, world: &World) -> Answer {
    let made = account.zone.stamp(world.start());
    Answer::read(json!({
        "connections": [{
            "service": "winkel", "externalid": "1", "name": "Winkel", "isInternal": "0", "status": "1", "syncStatus": "0",
            "lastSync": made, "logoUrl": "", "linkUrl": "https://winkel.example.nl", "cdate": made, "udate": made,
            "links": {"customers": format!("{}/connections/1/customers", account.base)}, "id": "1",
        }],
        "meta": {"total": "1"},
    }))
}
