//! Orders, as shops report them to Mailchimp. The list has no filter by time and
//! no documented order, so a pass looks first at the row that was the last one.
//! Where it still stands there, orders are appended, and what lies behind it is
//! new. Where it does not, all orders are read. Once a day all are read in any
//! case, since an order may be cancelled later.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;

use super::{
    Mailchimp, ORDERS, activity,
    walk::{self, Walk},
    wire::{OrderRow, contact, reject, text, time},
};
use crate::{
    connector::Page,
    cursor::Cursor,
    error::ConnectorError,
    model::{ContactRef, Event, EventKind, Reject},
};

/// How often all orders are read.
const ALL_EVERY: TimeDelta = TimeDelta::hours(24);
/// What is asked of an order.
const FIELDS: &str = "orders.id,orders.store_id,orders.customer.email_address,\
    orders.campaign_id,orders.currency_code,orders.order_total,orders.processed_at_foreign,\
    orders.cancelled_at_foreign,orders.lines,total_items";

/// Where the stream stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// When the last pass over all orders began.
    all_at: Option<DateTime<Utc>>,
    /// How many orders there were, and the last of them.
    end: Option<(u64, String)>,
    /// The pass under way.
    pass: Option<Pass>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    all: bool,
    walk: Walk,
}

/// One page of orders.
pub(super) async fn pull(
    mailchimp: &Mailchimp,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let now = mailchimp.now();
    let mut position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    let begun = position
        .pass
        .as_ref()
        .is_some_and(|pass| pass.started_at > now);
    if begun || position.all_at.is_some_and(|at| at > now) {
        warn!(
            stream = ORDERS.0,
            "the stored position lies in the future; all orders are read again"
        );
        position = Position::default();
    }
    let under_way = position.pass.take().filter(|pass| pass.started_at <= now);
    let mut pass = under_way.unwrap_or_else(|| begin(&position, now));
    let mut page = Page::empty(Cursor::encode(&())?, false);
    let query = [("fields", FIELDS.to_owned())];
    let before = pass.walk.place().0;
    let stretch =
        walk::step::<OrderRow>(mailchimp, "ecommerce/orders", &query, &mut pass.walk).await?;
    // Accounts without a shop may have no such list.
    let mut over = stretch.as_ref().is_none_or(|stretch| stretch.over);
    let total = stretch.as_ref().map_or(0, |stretch| stretch.total);
    let shifted = stretch.as_ref().is_some_and(|stretch| stretch.shifted);
    if !pass.all && shifted {
        // News came in front of the row that was the last: all are read.
        pass.walk = Walk::default();
        over = false;
    }
    // The walk begins again by itself where that row does not come any more.
    pass.all |= pass.walk.place().0 < before;
    for item in stretch.into_iter().flat_map(|stretch| stretch.rows) {
        match item.known().and_then(|row| order(&row)) {
            Ok(events) => page.events.extend(events),
            Err(reject) => page.rejects.push(reject),
        }
    }
    page.done = over;
    if over {
        let (offset, anchor) = pass.walk.place();
        position.end = anchor
            .filter(|_| offset == total)
            .map(|anchor| (offset, anchor));
        if pass.all {
            position.all_at = Some(pass.started_at);
        }
        page.covered = vec![activity::covered(ORDERS, pass.started_at)];
    } else {
        position.pass = Some(pass);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

fn begin(position: &Position, now: DateTime<Utc>) -> Pass {
    let recent = |at: DateTime<Utc>| at <= now && now - at < ALL_EVERY;
    let recent = position.all_at.is_some_and(recent);
    let walk = match &position.end {
        Some((count, anchor)) if recent => Walk::behind(*count, Some(anchor.clone())),
        _ => Walk::default(),
    };
    Pass {
        started_at: now,
        all: walk == Walk::default(),
        walk,
    }
}

/// One event for each line, and a refund when the order was cancelled. What the
/// customer paid in all, with tax, shipping and discounts, is spread over the
/// lines by their prices, so that the sum is exact.
fn order(row: &OrderRow) -> Result<Vec<Event>, Reject> {
    let id = format!("{}/{}", row.store_id, row.id);
    let refuse = |reason: &str| reject(Some(id.clone()), reason);
    let at = time(row.processed_at_foreign.as_deref())
        .and_then(|at| at.ok_or("the order has no time"))
        .map_err(refuse)?;
    let late = |reason: &str| Reject {
        at: Some(at),
        ..refuse(reason)
    };
    let address = row
        .customer
        .as_ref()
        .and_then(|customer| customer.email_address.as_deref());
    // A shop may have customers without an address.
    let Some(contact) = contact(address.or(Some(""))).map_err(late)? else {
        return Ok(Vec::new());
    };
    let total = cents(row.order_total.as_ref()).ok_or_else(|| late("the order has no total"))?;
    let mut events: Vec<Event> = Vec::new();
    for ((line, value), number) in row.lines.iter().zip(spread(row, total)).zip(1..) {
        let own = line.id.clone().unwrap_or_else(|| number.to_string());
        events.push(Event {
            item: line
                .product_title
                .clone()
                .or_else(|| line.product_id.clone()),
            quantity: line.quantity,
            ..event(
                row,
                &contact,
                EventKind::Purchase,
                at,
                format!("{id}/{own}"),
                value,
            )
        });
    }
    if events.is_empty() {
        events.push(event(
            row,
            &contact,
            EventKind::Purchase,
            at,
            id.clone(),
            total,
        ));
    }
    if let Some(at) = time(row.cancelled_at_foreign.as_deref()).map_err(late)? {
        events.push(event(
            row,
            &contact,
            EventKind::Refund,
            at,
            id.clone(),
            total,
        ));
    }
    Ok(events)
}

fn event(
    row: &OrderRow,
    contact: &ContactRef,
    kind: EventKind,
    at: DateTime<Utc>,
    id: String,
    value: i64,
) -> Event {
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    Event {
        id: Some(id),
        campaign: filled(&row.campaign_id),
        value_cents: Some(value),
        currency: filled(&row.currency_code).map(|code| code.to_uppercase()),
        order: Some(row.id.clone()),
        ..Event::new(contact.clone(), kind, at)
    }
}

/// The shares of the lines in the total; the last takes what rounding leaves.
fn spread(row: &OrderRow, total: i64) -> Vec<i64> {
    let weight = |line: &super::wire::Line| {
        let price = cents(line.price.as_ref()).unwrap_or_default();
        i128::from(price) * i128::from(line.quantity.unwrap_or(1))
    };
    let weights: Vec<i128> = row.lines.iter().map(weight).collect();
    let sum: i128 = weights.iter().sum();
    let (mut left, mut shares) = (total, Vec::new());
    for (place, weight) in weights.iter().enumerate() {
        let share = if place + 1 == weights.len() {
            left
        } else if sum == 0 {
            0
        } else {
            i64::try_from(i128::from(total) * weight / sum).unwrap_or_default()
        };
        left -= share;
        shares.push(share);
    }
    shares
}

/// An amount in hundredths.
fn cents(amount: Option<&Value>) -> Option<i64> {
    let amount: f64 = text(amount?)?.trim().parse().ok()?;
    let cents = (amount * 100.0).round();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number within the bounds that were just tested"
    )]
    (cents.abs() < 1e15).then_some(cents as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(change: impl FnOnce(&mut Value)) -> Result<Vec<Event>, Reject> {
        let text = include_str!("../../fixtures/mailchimp/orders-cancelled.json");
        let mut page: Value = serde_json::from_str(text).unwrap();
        change(&mut page["orders"][0]);
        order(&serde_json::from_value(page["orders"][0].clone()).unwrap())
    }

    #[test]
    fn a_cancelled_order_was_bought_and_given_back() {
        let events = read(|_| ()).unwrap();
        let told: Vec<_> = events
            .iter()
            .map(|e| (e.kind.as_str(), e.value_cents))
            .collect();
        let expected = [
            ("purchase", Some(2254)),
            ("purchase", Some(846)),
            ("refund", Some(3100)),
        ];
        assert_eq!(told, expected);
        assert_eq!(events[2].id.as_deref(), Some("shop/7781"));
    }

    #[test]
    fn an_order_without_lines_is_bought_as_a_whole() {
        let events = read(|order| order["lines"] = Value::Null).unwrap();
        assert_eq!(
            (events[0].value_cents, &events[0].item),
            (Some(3100), &None)
        );
    }

    #[test]
    fn an_order_that_cannot_be_dated_is_told() {
        let reject = read(|order| order["processed_at_foreign"] = "".into()).unwrap_err();
        assert_eq!(reject.id.as_deref(), Some("shop/7781"));
        assert!(read(|order| order["order_total"] = "much".into()).is_err());
        assert!(
            read(|order| order["customer"] = Value::Null)
                .unwrap()
                .is_empty()
        );
    }
}
