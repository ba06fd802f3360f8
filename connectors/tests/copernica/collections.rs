//! Rows of collections as purchases.

use chrono::TimeDelta;
use engaged_connectors::{
    Connector as _, Page,
    copernica::{COLLECTIONS, Collection, Settings},
    model::{Event, EventKind},
};
use serde_json::{Value, json};

use crate::fake::{Fake, read, settings};

fn orders() -> Settings {
    let column = |name: &str| Some(name.to_owned());
    let orders = Collection {
        id: 77,
        kind: EventKind::Purchase,
        at: column("Datum"),
        amount: column("Bedrag"),
        order: column("Ordernummer"),
        item: column("Artikel"),
    };
    Settings {
        collections: vec![orders],
        ..settings()
    }
}

fn order(id: u64, fields: &Value) -> Value {
    json!({"ID": id.to_string(), "secret": "x", "fields": fields, "profile": "18381", "collection": "77",
        "created": "2026-02-01 10:00:00", "modified": "2026-02-01 10:00:00", "removed": false})
}

fn events(pages: &[Page]) -> Vec<Event> {
    pages.iter().flat_map(|page| page.events.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn orders_have_no_fixed_object_so_the_columns_are_mapped() {
    let fake = Fake::new();
    fake.change(|account| {
        let full = json!({"datum": "2026-01-31 18:00:00", "Bedrag": "1.249,50", "Ordernummer": "A-1", "Artikel": "Laarzen"});
        account.subprofiles.insert(1, order(1, &full));
        account.subprofiles.insert(2, order(2, &json!({"Datum": "2026-02-01", "Bedrag": 12})));
        account.subprofiles.insert(3, order(3, &json!({"Datum": "morgen", "Bedrag": "1"})));
        account.subprofiles.insert(4, order(4, &json!({"Datum": "2026-02-01", "Bedrag": "gratis"})));
    });
    let connector = fake.with(&orders());
    let spec = connector.capabilities().streams.last().unwrap();
    assert_eq!(
        (spec.stream, spec.kinds),
        (COLLECTIONS, &[EventKind::Purchase][..])
    );
    let (pages, cursor) = read(&connector, COLLECTIONS, None).await.unwrap();
    let bought = events(&pages);
    assert_eq!(bought[0].id.as_deref(), Some("A-1"));
    assert_eq!(
        (bought[0].value_cents, bought[0].item.as_deref()),
        (Some(124_950), Some("Laarzen"))
    );
    assert_eq!(bought[0].at.to_rfc3339(), "2026-01-31T17:00:00+00:00");
    assert_eq!(
        (bought[1].id.as_deref(), bought[1].value_cents),
        (Some("collection:77:2"), Some(1200))
    );
    assert_eq!((bought.len(), pages[0].rejects.len()), (2, 2));
    assert_eq!(pages.last().unwrap().covered[0].from, None);
    fake.pass(TimeDelta::hours(1));
    let (pages, _) = read(&connector, COLLECTIONS, Some(cursor)).await.unwrap();
    assert!(events(&pages).is_empty(), "only what changed is read again");
}

#[tokio::test(start_paused = true)]
async fn without_a_mapping_nothing_is_said_of_purchases() {
    let connector = Fake::new().connector();
    let kinds = connector
        .capabilities()
        .streams
        .iter()
        .flat_map(|spec| spec.kinds);
    assert!(kinds.into_iter().all(|kind| *kind != EventKind::Purchase));
    assert!(connector.pull(COLLECTIONS, None).await.is_err());
}
