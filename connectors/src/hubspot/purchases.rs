//! Purchases: deals that were won, and orders (sheet, section 5). Both are found by
//! the search for what changed, and belong to the contacts that they are linked with.
//!
//! A deal that several contacts are linked with is a purchase of each of them. Names
//! of properties beyond the sheet's are from memory of HubSpot's reference.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::warn;

use super::{
    HubSpot, PURCHASES, Purchases,
    search::{self, Place, Query},
    wire::{Record, contract, is_id, reject, text},
};
use crate::{
    connector::{Covered, Page, StreamSpec},
    cursor::Cursor,
    error::ConnectorError,
    model::{ContactRef, Event, EventKind, Reject},
};

/// How many records are asked for their contacts at once.
const BATCH: usize = 100;

/// A kind of record that is a purchase.
struct Sale {
    name: &'static str,
    path: &'static str,
    filters: &'static [(&'static str, &'static str)],
    at: &'static [&'static str],
    amount: &'static str,
    currency: &'static str,
    item: &'static str,
    /// The shop's number, by which another source knows the same sale. A record's own id is no such number.
    number: Option<&'static str>,
}

const DEALS: Sale = Sale {
    name: "deals",
    path: "crm/v3/objects/deals",
    filters: &[("hs_is_closed_won", "true")],
    at: &["closedate"],
    amount: "amount",
    currency: "deal_currency_code",
    item: "dealname",
    number: None,
};

const ORDERS: Sale = Sale {
    name: "orders",
    path: "crm/v3/objects/orders",
    filters: &[],
    at: &["hs_external_created_date", "hs_createdate"],
    amount: "hs_total_price",
    currency: "hs_currency_code",
    item: "hs_order_name",
    number: Some("hs_external_order_id"),
};

/// What the account's purchases are.
fn sales(which: Purchases) -> &'static [Sale] {
    match which {
        Purchases::None => &[],
        Purchases::Deals => &[DEALS],
        Purchases::Orders => &[ORDERS],
        Purchases::Both => &[DEALS, ORDERS],
    }
}

/// Where the stream stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// By kind of record: from when on changes are read next.
    since: BTreeMap<String, DateTime<Utc>>,
    /// The pass under way.
    pass: Option<Pass>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    /// The kind that is read.
    name: String,
    place: Place,
}

/// One page of purchases.
pub(super) async fn pull(
    hub: &HubSpot,
    spec: &StreamSpec,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let now = hub.now();
    let sales = sales(hub.purchases);
    let mut position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    let begun = position.pass.as_ref().map(|pass| &pass.started_at);
    if begun
        .into_iter()
        .chain(position.since.values())
        .any(|at| *at > now)
    {
        warn!(
            stream = PURCHASES.0,
            "the stored position lies in the future; all purchases are read again"
        );
        position = Position::default();
    }
    let index = |pass: &Pass| sales.iter().position(|sale| sale.name == pass.name);
    let under_way = position.pass.take();
    let under_way = under_way.and_then(|pass| Some((index(&pass)?, pass)));
    let (index, mut pass) = under_way.unwrap_or_else(|| (0, begin(&position, sales, 0, now)));
    let mut page = Page::empty(Cursor::encode(&())?, false);
    let mut over = true;
    if let Some(sale) = sales.get(index) {
        over = read(hub, sale, &mut pass.place, &mut page).await?;
        if over {
            let since = search::resume(pass.started_at, pass.place.newest());
            position.since.insert(sale.name.to_owned(), since);
        }
    }
    page.done = over && index + 1 >= sales.len();
    if page.done {
        let lateness = TimeDelta::from_std(spec.lateness).unwrap_or_default();
        page.covered = vec![Covered {
            kinds: spec.kinds.to_vec(),
            from: None,
            through: pass.started_at - lateness,
        }];
    } else if over {
        position.pass = Some(begin(&position, sales, index + 1, pass.started_at));
    } else {
        position.pass = Some(pass);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

fn begin(position: &Position, sales: &[Sale], index: usize, started_at: DateTime<Utc>) -> Pass {
    let name = sales.get(index).map_or("", |sale| sale.name);
    let since = position.since.get(name).copied();
    Pass {
        started_at,
        name: name.to_owned(),
        place: Place::from(since.unwrap_or(DateTime::UNIX_EPOCH)),
    }
}

/// Reads a page of one kind; whether it was the last.
async fn read(
    hub: &HubSpot,
    sale: &Sale,
    place: &mut Place,
    page: &mut Page,
) -> Result<bool, ConnectorError> {
    let names = [sale.amount, sale.currency, sale.item, "hs_lastmodifieddate"];
    let names: Vec<String> = names
        .iter()
        .chain(sale.at)
        .chain(&sale.number)
        .map(|name| (*name).to_owned())
        .collect();
    let query = Query {
        path: sale.path,
        modified: "hs_lastmodifieddate",
        filters: sale.filters,
        properties: &names,
    };
    let (records, over) = search::step(hub, &query, place).await?;
    for part in records.chunks(BATCH) {
        let buyers = buyers(hub, sale, part).await?;
        for record in part {
            let buyers = buyers.get(&record.id).map_or(&[][..], Vec::as_slice);
            match purchases(sale, record, buyers) {
                Ok(events) => page.events.extend(events),
                Err(reject) => page.rejects.push(reject),
            }
        }
    }
    Ok(over)
}

/// The contacts of each record.
async fn buyers(
    hub: &HubSpot,
    sale: &Sale,
    records: &[Record],
) -> Result<BTreeMap<String, Vec<String>>, ConnectorError> {
    let path = format!("crm/v4/associations/{}/contacts/batch/read", sale.name);
    let inputs: Vec<Value> = records
        .iter()
        .map(|record| json!({"id": record.id}))
        .collect();
    let call = hub.client.call(::http::Method::POST, &path);
    let call = call.json(&json!({"inputs": inputs})).idempotent();
    // Records without contacts are told as errors beside the others (207).
    let answer: Value = call.send().await?.json()?;
    let rows = answer["results"].as_array();
    let rows = rows.ok_or_else(|| contract(&path, "the answer holds no results"))?;
    let mut buyers = BTreeMap::new();
    for row in rows {
        let to = row["to"].as_array().into_iter().flatten();
        let to = to
            .filter_map(|to| text(&to["toObjectId"]))
            .filter(|id| is_id(id));
        let mut to: Vec<String> = to.collect();
        to.sort();
        to.dedup();
        buyers.extend(text(&row["from"]["id"]).map(|id| (id, to)));
    }
    Ok(buyers)
}

/// What a record says: a purchase of each of its contacts.
fn purchases(sale: &Sale, record: &Record, buyers: &[String]) -> Result<Vec<Event>, Reject> {
    let at = sale.at.iter().find_map(|name| record.time(name));
    let id = format!("{}/{}", sale.name, record.id);
    let refuse = |reason: &str| reject(Some(id.clone()), at, reason);
    if buyers.is_empty() {
        return Ok(Vec::new());
    }
    let at = at.ok_or_else(|| refuse("the purchase has no time"))?;
    let value = match record.get(sale.amount) {
        None => None,
        Some(amount) => Some(cents(amount).ok_or_else(|| refuse("the amount cannot be read"))?),
    };
    let one = |buyer: &String| {
        let contact = ContactRef {
            id: Some(buyer.clone()),
            email: None,
        };
        let mut event = Event::new(contact, EventKind::Purchase, at);
        event.id = Some(format!("{id}/{buyer}"));
        event.value_cents = value;
        event.currency = record.get(sale.currency).map(str::to_uppercase);
        event.item = record.get(sale.item).map(str::to_owned);
        event.order = sale
            .number
            .and_then(|number| record.get(number))
            .map(str::to_owned);
        event
    };
    Ok(buyers.iter().map(one).collect())
}

/// An amount in hundredths.
fn cents(amount: &str) -> Option<i64> {
    let cents = (amount.trim().parse::<f64>().ok()? * 100.0).round();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number within the bounds that were just tested"
    )]
    (cents.abs() < 1e15).then_some(cents as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deal_is_bought_by_each_of_its_contacts_and_an_order_bears_its_number() {
        let record = |properties: Value| -> Record {
            serde_json::from_value(json!({"id": "77", "properties": properties})).unwrap()
        };
        let deal = record(
            json!({"amount": "1250.50", "closedate": "2026-08-01T10:00:00Z",
            "deal_currency_code": "eur", "dealname": "Ten seats"}),
        );
        let events = purchases(&DEALS, &deal, &["51".into(), "52".into()]).unwrap();
        assert_eq!(events.len(), 2);
        assert_eq!(events[1].id.as_deref(), Some("deals/77/52"));
        assert_eq!(
            (events[0].value_cents, events[0].currency.as_deref()),
            (Some(125_050), Some("EUR"))
        );
        assert_eq!(events[0].order, None);
        assert!(purchases(&DEALS, &deal, &[]).unwrap().is_empty());
        let order = record(
            json!({"hs_total_price": "12", "hs_createdate": "2026-08-01T10:00:00Z", "hs_external_order_id": "A-9"}),
        );
        let events = purchases(&ORDERS, &order, &["51".into()]).unwrap();
        assert_eq!(events[0].order.as_deref(), Some("A-9"));
        let odd = record(json!({"amount": "much", "closedate": "2026-08-01"}));
        assert!(purchases(&DEALS, &odd, &["51".into()]).is_err());
    }
}
