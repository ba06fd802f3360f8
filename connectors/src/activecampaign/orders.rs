//! Orders that a shop sends (specification, `/ecomOrders`). They are asked for by the shop's own date, newest first. All
//! are read at first and once a day, since an order may be completed later; in between the walk ends
//! some days behind the newest, if the rows do come newest first. Only a reading of all says that nothing is missing, since
//! a shop may send old orders late; a small shop is read whole each time.
//!
//! Bought is what is completed, or was abandoned and recovered; what is pending, abandoned or waits for its payment
//! is no purchase. Amounts are in hundredths (sheet 5). What was in an order is not read: that would be a request for
//! each.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;

use super::{
    ActiveCampaign, CACHED, ORDERS,
    walk::{self, List, Walk},
    wire::{id, reject, text, time, told, told_or_null},
};
use crate::{
    connector::{Covered, Page},
    cursor::Cursor,
    error::ConnectorError,
    model::{Address, ContactRef, Event, EventKind, Reject},
};

/// How often all orders are read.
const ALL_EVERY: TimeDelta = TimeDelta::hours(24);
/// With no more pages than this they are read each time.
const FEW: u32 = 10;
/// How far behind the newest order a walk goes in between.
const BEHIND: TimeDelta = TimeDelta::days(7);

/// Where the stream stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// When the last finished pass over all orders began.
    all_at: Option<DateTime<Utc>>,
    /// How many pages that took.
    #[serde(default)]
    all_pages: u32,
    /// The newest order seen, no later than its pass.
    newest: Option<DateTime<Utc>>,
    pass: Option<Pass>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    all: bool,
    pages: u32,
    walk: Walk,
    newest: Option<DateTime<Utc>>,
    /// The last time seen, as long as all came newest first.
    last: Option<DateTime<Utc>>,
    falling: bool,
}

/// One page.
pub(super) async fn pull(
    ac: &ActiveCampaign,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let now = ac.now();
    let mut position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    let begun = position.pass.as_ref().map(|pass| pass.started_at);
    let times = [begun, position.all_at, position.newest];
    if times.iter().flatten().any(|at| *at > now) {
        warn!(
            stream = ORDERS.0,
            "the stored position lies in the future; all orders are read again"
        );
        position = Position::default();
    }
    let mut pass = position.pass.take().unwrap_or_else(|| Pass {
        started_at: now,
        all: position.all_pages <= FEW || position.all_at.is_none_or(|at| now - at >= ALL_EVERY),
        pages: 0,
        walk: Walk::default(),
        newest: None,
        last: None,
        falling: true,
    });
    let list = List {
        path: "ecomOrders",
        name: "ecomOrders",
        query: &[("orders[external_created_date]", "DESC")],
    };
    let mut page = Page::empty(Cursor::encode(&())?, false);
    let Some(stretch) = walk::try_step(ac, &list, &mut pass.walk).await? else {
        // A plan without a shop has no orders to tell of, and nothing is claimed about them.
        page.done = true;
        page.next = Cursor::encode(&position)?;
        return Ok(page);
    };
    for row in &stretch.rows {
        match order(row) {
            Ok(event) => page.events.extend(event),
            Err(reject) => page.rejects.push(reject),
        }
        let at = bought_at(row).ok().flatten();
        pass.falling &= at.is_some() && (pass.last.is_none() || at <= pass.last);
        pass.last = at;
        pass.newest = pass.newest.max(at.filter(|at| *at <= pass.started_at));
    }
    let floor = position.newest.filter(|_| !pass.all).map(|at| at - BEHIND);
    let reached = pass.falling
        && floor
            .zip(pass.last)
            .is_some_and(|(floor, last)| last < floor);
    page.done = stretch.over || reached;
    pass.pages += 1;
    if page.done {
        position.newest = position.newest.max(pass.newest);
        if pass.all {
            (position.all_at, position.all_pages) = (Some(pass.started_at), pass.pages);
        }
        let lateness = TimeDelta::from_std(CACHED).unwrap_or_default();
        page.covered.extend(pass.all.then(|| Covered {
            kinds: vec![EventKind::Purchase],
            from: None,
            through: pass.started_at - lateness,
        }));
    } else {
        position.pass = Some(pass);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

fn bought_at(row: &Value) -> Result<Option<DateTime<Utc>>, &'static str> {
    match time(row, "externalCreatedDate")? {
        Some(at) => Ok(Some(at)),
        None => time(row, "orderDate"),
    }
}

/// What was bought; `None` for an order that is none yet.
fn order(row: &Value) -> Result<Option<Event>, Reject> {
    let at = bought_at(row);
    let when = at.ok().flatten();
    let missing = |_| reject(row, when, "the order has no state, or no address");
    // The states: specification, `filters[state]` of `/ecomOrders`.
    if !matches!(told(row, "state").map_err(missing)?.as_str(), "1" | "3") {
        return Ok(None);
    }
    let at = at.and_then(|at| at.ok_or("the order has no time"));
    let at = at.map_err(|why| reject(row, None, why))?;
    let own = id(row, "id").ok_or_else(|| reject(row, Some(at), "the order has no id"))?;
    // Somebody without an address bought it, of whom nothing else is known.
    let address = told_or_null(row, "email").map_err(missing)?;
    if address.is_empty() {
        return Ok(None);
    }
    let email = Address::parse(&address);
    let email = email.ok_or_else(|| reject(row, Some(at), "the address cannot be read"))?;
    let cents = text(row, "totalPrice").and_then(|total| total.parse::<i64>().ok());
    let cents = cents.ok_or_else(|| reject(row, Some(at), "the order has no total"))?;
    let contact = ContactRef {
        id: None,
        email: Some(email),
    };
    let mut event = Event {
        id: Some(format!("order:{own}")),
        value_cents: Some(cents),
        currency: text(row, "currency").map(|code| code.to_uppercase()),
        ..Event::new(contact, EventKind::Purchase, at)
    };
    // The shop's own number, by which the same order from another source is known.
    let number = text(row, "orderNumber").or_else(|| text(row, "externalid"));
    event.order = number;
    if let Some(shop) = id(row, "connectionid") {
        event.properties.insert("shop".into(), shop.into());
    }
    Ok(Some(event))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_paid_is_bought_and_amounts_are_hundredths() {
        let read = |state: Value| {
            order(
                &json!({"id": "1", "externalid": "3246315234", "email": "alice@example.com", "currency": "usd",
                "connectionid": "1", "totalPrice": 9111, "externalCreatedDate": "2016-09-13T16:41:39-05:00", "state": state}),
            )
        };
        for none in [json!(0), json!("2"), json!(4)] {
            assert_eq!(read(none), Ok(None));
        }
        let bought = read(json!("3")).unwrap().unwrap();
        assert_eq!(Some(bought), read(json!(1)).unwrap());
        let bought = read(json!(1)).unwrap().unwrap();
        let told = (
            bought.value_cents,
            bought.currency.as_deref(),
            bought.order.as_deref(),
        );
        assert_eq!(told, (Some(9111), Some("USD"), Some("3246315234")));
    }
}
