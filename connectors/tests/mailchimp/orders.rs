//! Orders as purchases.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use engaged_connectors::{Page, mailchimp::ORDERS, model::EventKind};
use serde_json::{Value, json};

use super::fake::{Fake, last, pull_all};

fn order(number: usize) -> Value {
    json!({
        "id": format!("o{number}"), "store_id": "shop", "customer": {"email_address": "Jan@example.nl"},
        "campaign_id": "", "currency_code": "eur", "order_total": 30.05,
        "processed_at_foreign": "2026-11-01T08:00:00+00:00", "cancelled_at_foreign": "",
        "lines": [
            {"id": "1", "product_title": "Shoes", "quantity": 2, "price": 10},
            {"id": "2", "product_id": "p2", "product_title": "Laces", "quantity": 1, "price": 5.0},
        ],
    })
}

fn world(orders: usize) -> std::sync::Arc<Fake> {
    let fake = Fake::new();
    fake.set("ecommerce/orders", (0..orders).map(order).collect());
    fake
}

fn ids(pages: &[Page]) -> BTreeSet<(EventKind, String)> {
    let events = pages.iter().flat_map(|page| &page.events);
    events
        .map(|event| (event.kind.clone(), event.id.clone().unwrap()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn what_was_paid_is_spread_over_the_lines_to_the_cent() {
    let fake = world(1);
    let pages = pull_all(&fake.connector(), ORDERS, None).await.unwrap();
    let read = |event: &engaged_connectors::model::Event| {
        (
            event.id.clone().unwrap(),
            event.item.clone().unwrap(),
            event.quantity,
            event.value_cents,
            event.currency.clone(),
        )
    };
    let events: Vec<_> = pages[0].events.iter().map(read).collect();
    let eur = Some("EUR".to_owned());
    assert_eq!(
        events,
        [
            (
                "shop/o0/1".into(),
                "Shoes".into(),
                Some(2),
                Some(2404),
                eur.clone()
            ),
            ("shop/o0/2".into(), "Laces".into(), Some(1), Some(601), eur),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn appended_orders_are_read_from_the_end() {
    let fake = world(2500);
    let connector = fake.connector();
    let pages = pull_all(&connector, ORDERS, None).await.unwrap();
    assert_eq!(ids(&pages).len(), 5000);
    fake.paths();
    let pages = pull_all(&connector, ORDERS, last(&pages)).await.unwrap();
    fake.change(|account| {
        account
            .rows
            .get_mut("ecommerce/orders")
            .unwrap()
            .push(order(2500));
    });
    let pages = pull_all(&connector, ORDERS, last(&pages)).await.unwrap();
    assert!(ids(&pages).contains(&(EventKind::Purchase, "shop/o2500/1".into())));
    assert_eq!(fake.paths().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn where_new_orders_come_first_all_are_read() {
    let fake = world(1500);
    let connector = fake.connector();
    let pages = pull_all(&connector, ORDERS, None).await.unwrap();
    fake.change(|account| {
        account
            .rows
            .get_mut("ecommerce/orders")
            .unwrap()
            .insert(0, order(9999));
    });
    let pages = pull_all(&connector, ORDERS, last(&pages)).await.unwrap();
    assert!(ids(&pages).contains(&(EventKind::Purchase, "shop/o9999/1".into())));
    assert!(pages.last().unwrap().done && pages.last().unwrap().covered.len() == 1);
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_is_found_within_a_day() {
    let fake = world(3);
    let connector = fake.connector();
    let pages = pull_all(&connector, ORDERS, None).await.unwrap();
    fake.change(|account| {
        account.rows.get_mut("ecommerce/orders").unwrap()[0]["cancelled_at_foreign"] =
            json!("2026-11-22T13:00:00+00:00");
    });
    fake.pass(TimeDelta::hours(24));
    let pages = pull_all(&connector, ORDERS, last(&pages)).await.unwrap();
    let refunds: Vec<_> = pages
        .iter()
        .flat_map(|page| &page.events)
        .filter(|event| event.kind == EventKind::Refund)
        .collect();
    assert_eq!(refunds.len(), 1);
    assert_eq!(
        (refunds[0].value_cents, refunds[0].id.as_deref()),
        (Some(3005), Some("shop/o0"))
    );
}

#[tokio::test(start_paused = true)]
async fn an_account_without_a_shop_has_no_orders() {
    let fake = Fake::new();
    let pages = pull_all(&fake.connector(), ORDERS, None).await.unwrap();
    assert!(pages[0].done && pages[0].events.is_empty());
}
