//! Reading the CRM: lists, searches, batches, associations, forms, page views.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{TimeDelta, Utc};
use engaged_sandbox::hubspot::{Options, Purchases};
use serde_json::{Value, json};

use crate::client::{Bench, end};

const CONTACTS: &str = "/crm/v3/objects/contacts";
const SEARCH: &str = "/crm/v3/objects/contacts/search";

fn ids(rows: &[Value]) -> BTreeSet<String> {
    let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
    rows.iter().map(id).collect()
}

fn since(at: i64, after: Option<&str>) -> Value {
    json!({
        "filterGroups": [{"filters": [{"propertyName": "lastmodifieddate", "operator": "GTE", "value": at.to_string()}]}],
        "sorts": [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}], "limit": 50, "after": after,
    })
}

#[tokio::test]
async fn a_list_gives_everybody_once_in_the_order_of_ids_and_on_the_dated_path_too() {
    let bench = Bench::plain().await;
    let rows = bench.all(&format!("{CONTACTS}?limit=100")).await;
    let truth: BTreeSet<String> = bench
        .hubspot
        .contacts()
        .into_iter()
        .map(|one| one.id)
        .collect();
    assert_eq!((ids(&rows), rows.len()), (truth.clone(), truth.len()));
    let numbers: Vec<u64> = rows
        .iter()
        .map(|row| row["id"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(numbers.is_sorted() && numbers[0] < 100 && *numbers.last().unwrap() > 999);
    assert_eq!(
        bench.all("/crm/objects/2026-03/contacts?limit=100").await,
        rows
    );
    let link = bench.get(CONTACTS).await["paging"]["next"]["link"].clone();
    assert!(
        link.as_str()
            .unwrap()
            .starts_with("https://api.hubapi.com/")
    );
}

#[tokio::test]
async fn a_page_has_ten_rows_and_at_most_a_hundred_or_fifty_with_history() {
    let bench = Bench::plain().await;
    assert_eq!(
        bench.get(CONTACTS).await["results"]
            .as_array()
            .unwrap()
            .len(),
        10
    );
    for query in [
        "limit=101",
        "limit=0",
        "limit=51&propertiesWithHistory=email",
    ] {
        let answer = bench
            .ask("GET", &format!("{CONTACTS}?{query}"), &Value::Null)
            .await;
        assert_eq!(
            (answer.status, answer.category()),
            (400, "VALIDATION_ERROR".into()),
            "{query}"
        );
    }
}

#[tokio::test]
async fn every_value_is_a_text_or_null_and_an_unknown_property_is_left_out() {
    let bench = Bench::plain().await;
    let names = "email,hs_email_open,hs_email_optout,hs_email_last_open_date,no_such_thing";
    let rows = bench
        .all(&format!("{CONTACTS}?limit=100&properties={names}"))
        .await;
    let values = |name: &str| {
        rows.iter()
            .map(|row| row["properties"][name].clone())
            .collect::<Vec<_>>()
    };
    for name in [
        "hs_email_open",
        "hs_email_optout",
        "hs_email_last_open_date",
    ] {
        assert!(
            values(name)
                .iter()
                .all(|value| value.is_string() || value.is_null()),
            "{name}"
        );
        assert!(
            values(name).iter().any(Value::is_string) && values(name).iter().any(Value::is_null),
            "{name}"
        );
    }
    assert!(
        rows.iter()
            .all(|row| row["properties"].get("no_such_thing").is_none())
    );
    let opens: Vec<String> = values("hs_email_open")
        .iter()
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect();
    assert!(
        opens.iter().any(|open| open.ends_with(".0"))
            && opens.iter().any(|open| !open.contains('.'))
    );
    let at = values("hs_email_last_open_date")
        .into_iter()
        .find(Value::is_string)
        .unwrap();
    let at = at.as_str().unwrap();
    assert!(
        at.len() == 24 && at.ends_with('Z') && at.as_bytes()[19] == b'.',
        "{at}"
    );
}

#[tokio::test]
async fn a_long_list_of_properties_is_a_414() {
    let bench = Bench::plain().await;
    let names = "hs_email_optout,".repeat(600);
    let answer = bench
        .ask(
            "GET",
            &format!("{CONTACTS}?properties={names}"),
            &Value::Null,
        )
        .await;
    assert_eq!(answer.status, 414);
}

#[tokio::test]
async fn a_deleted_contact_is_in_the_archive_only_and_one_deleted_for_good_nowhere() {
    let bench = Bench::plain().await;
    let (first, second) = (bench.mailed(), bench.somebody(|one| !one.mailed[0]));
    assert!(bench.hubspot.delete_by_hand(&first.address, false));
    assert!(bench.hubspot.delete_by_hand(&second.address, true));
    let found = bench.post(SEARCH, &since(0, None)).await;
    assert_eq!(found["total"], bench.hubspot.contacts().len() - 1);
    assert!(!ids(&bench.all(&format!("{CONTACTS}?limit=100")).await).contains(&first.id));
    let archive = bench.get(&format!("{CONTACTS}?archived=true")).await;
    assert_eq!(
        ids(archive["results"].as_array().unwrap()),
        BTreeSet::from([first.id])
    );
    assert_eq!(archive["results"][0]["archived"], true);
}

#[tokio::test]
async fn a_search_ends_at_its_ceiling_whatever_the_total_says() {
    let bench = Bench::new(Options {
        search_ceiling: 60,
        ..Options::default()
    })
    .await;
    let mut page = bench.post(SEARCH, &since(0, None)).await;
    assert!(page["total"].as_u64().unwrap() > 60);
    let after = page["paging"]["next"]["after"].as_str().unwrap().to_owned();
    assert_eq!(after, "50");
    let beyond = bench.ask("POST", SEARCH, &since(0, Some(&after))).await;
    assert_eq!(
        (beyond.status, beyond.category()),
        (400, "VALIDATION_ERROR".into())
    );
    // Ranges of the key lead to everybody, since each begins where the last one ended.
    let mut found = BTreeSet::new();
    for _ in 0..60 {
        let rows = page["results"].as_array().unwrap();
        found.extend(ids(rows));
        let last = rows.last().unwrap()["updatedAt"].as_str().unwrap();
        let last: chrono::DateTime<Utc> = last.parse().unwrap();
        page = bench
            .post(SEARCH, &since(last.timestamp_millis(), None))
            .await;
    }
    assert_eq!(found.len(), bench.hubspot.contacts().len());
}

#[tokio::test]
async fn rows_of_one_millisecond_can_be_told_apart_by_id_alone() {
    let bench = Bench::plain().await;
    bench.hubspot.touch_at(end() - TimeDelta::seconds(5), 120);
    let at = (end() - TimeDelta::seconds(5))
        .timestamp_millis()
        .to_string();
    let filter = |name: &str, operator: &str, value: &str| json!({"propertyName": name, "operator": operator, "value": value});
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut last = "0".to_owned();
    loop {
        let page = bench.post(SEARCH, &json!({
            "filterGroups": [{"filters": [filter("lastmodifieddate", "EQ", &at), filter("hs_object_id", "GT", &last)]}],
            "sorts": ["hs_object_id"], "limit": 50,
        })).await;
        let rows = page["results"].as_array().unwrap();
        let Some(row) = rows.last() else { break };
        last = row["id"].as_str().unwrap().to_owned();
        found.extend(ids(rows));
    }
    assert_eq!(found.len(), 120);
}

#[tokio::test]
async fn what_was_just_written_is_not_searchable_at_once() {
    let bench = Bench::new(Options {
        index_lag: 60_000,
        ..Options::default()
    })
    .await;
    let contact = bench.mailed();
    bench.hubspot.change_by_hand(&contact.address, "Ede");
    let now = since(end().timestamp_millis(), None);
    assert_eq!(bench.post(SEARCH, &now).await["total"], 0);
    let read = bench.get(&format!("{CONTACTS}/{}", contact.id)).await;
    assert_eq!(read["updatedAt"], "2026-06-10T12:00:00.000Z");
    bench.hubspot.set_now(end() + TimeDelta::seconds(61));
    let found = bench.post(SEARCH, &now).await;
    assert!(ids(found["results"].as_array().unwrap()).contains(&contact.id));
}

#[tokio::test]
async fn a_sloppy_index_gives_everybody_but_not_in_order() {
    let bench = Bench::new(Options {
        sloppy_index: true,
        ..Options::default()
    })
    .await;
    let page = bench.post(SEARCH, &since(0, None)).await;
    let times: Vec<&str> = page["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["updatedAt"].as_str().unwrap())
        .collect();
    assert!(!times.is_sorted());
    assert_eq!(page["total"], bench.hubspot.contacts().len());
}

#[tokio::test]
async fn a_search_with_too_much_in_it_or_an_unknown_property_is_refused() {
    let bench = Bench::plain().await;
    let filter = json!({"propertyName": "email", "operator": "HAS_PROPERTY"});
    let groups = |groups: usize, each: usize| json!({"filterGroups": vec![json!({"filters": vec![filter.clone(); each]}); groups]});
    for body in [
        groups(6, 1),
        groups(1, 11),
        groups(3, 9),
        json!({"sorts": ["email", "createdate"]}),
        json!({"limit": 201}),
        json!({"filterGroups": [{"filters": [{"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "0"}]}]}),
    ] {
        assert_eq!(bench.ask("POST", SEARCH, &body).await.status, 400, "{body}");
    }
    assert_eq!(bench.ask("POST", SEARCH, &groups(5, 5)).await.status, 200);
    assert!(
        bench.hubspot.ledger().writes().is_empty(),
        "a search writes nothing"
    );
}

#[tokio::test]
async fn a_batch_read_by_address_names_who_is_not_there() {
    let bench = Bench::plain().await;
    let contact = bench.mailed();
    let body = json!({"idProperty": "email", "properties": ["email"], "inputs": [
        {"id": contact.address.to_uppercase()}, {"id": contact.address}, {"id": "nobody@example.org"},
    ]});
    let answer = bench
        .ask("POST", "/crm/v3/objects/contacts/batch/read", &body)
        .await;
    assert_eq!(answer.status, 207);
    let json = answer.json();
    assert_eq!(
        ids(json["results"].as_array().unwrap()),
        BTreeSet::from([contact.id])
    );
    assert_eq!(
        json["errors"][0]["context"]["ids"],
        json!(["nobody@example.org"])
    );
}

#[tokio::test]
async fn the_id_and_the_address_of_a_merged_contact_lead_to_the_survivor() {
    let bench = Bench::plain().await;
    let (into, from) = (bench.mailed(), bench.somebody(|one| !one.mailed[0]));
    assert!(bench.hubspot.merge_by_hand(&into.address, &from.address));
    let read = bench
        .get(&format!(
            "{CONTACTS}/{}?properties=hs_merged_object_ids",
            from.id
        ))
        .await;
    assert_eq!(
        (
            read["id"].as_str(),
            read["properties"]["hs_merged_object_ids"].as_str()
        ),
        (Some(&*into.id), Some(&*from.id))
    );
    let read = bench
        .get(&format!("{CONTACTS}/{}?idProperty=email", from.address))
        .await;
    assert_eq!(read["id"], into.id);
    assert!(!ids(&bench.all(&format!("{CONTACTS}?limit=100")).await).contains(&from.id));
}

#[tokio::test]
async fn purchases_are_won_deals_or_orders_and_lead_to_their_contact() {
    for (purchases, path, price) in [
        (Purchases::Deals, "deals", "amount"),
        (Purchases::Orders, "orders", "hs_total_price"),
    ] {
        let bench = Bench::new(Options {
            purchases,
            ..Options::default()
        })
        .await;
        let rows = bench.all(&format!("/crm/v3/objects/{path}?limit=100&properties={price},dealstage&associations=contacts")).await;
        let truth = bench.hubspot.purchases();
        let won: Vec<&Value> = rows
            .iter()
            .filter(|row| path == "orders" || row["properties"]["dealstage"] == "closedwon")
            .collect();
        assert_eq!(won.len(), truth.len());
        assert_eq!(
            path == "deals",
            won.len() < rows.len(),
            "some deals are open"
        );
        assert!(won.iter().all(|row| {
            row["properties"][price]
                .as_str()
                .unwrap()
                .parse::<f64>()
                .unwrap()
                > 0.0
        }));
        let inputs: Vec<Value> = won.iter().map(|row| json!({"id": row["id"]})).collect();
        let read = bench
            .post(
                &format!("/crm/v4/associations/{path}/contacts/batch/read"),
                &json!({"inputs": inputs}),
            )
            .await;
        let found: BTreeMap<String, Option<String>> = (read["results"].as_array().unwrap().iter())
            .map(|row| {
                (
                    format!("{path}/{}", row["from"]["id"].as_str().unwrap()),
                    Some(row["to"][0]["toObjectId"].to_string()),
                )
            })
            .collect();
        assert_eq!(found, truth);
        let search = json!({"filterGroups": [{"filters": [{"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "0"}]}]});
        let total = bench
            .post(&format!("/crm/v3/objects/{path}/search"), &search)
            .await["total"]
            .clone();
        assert_eq!(total, rows.len());
    }
}

#[tokio::test]
async fn submissions_come_newest_first_and_page_views_may_lead_in_a_circle() {
    let bench = Bench::plain().await;
    let form = bench.get("/marketing/v3/forms").await["results"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let rows = bench
        .all(&format!(
            "/form-integrations/v1/submissions/forms/{form}?limit=50"
        ))
        .await;
    let times: Vec<i64> = rows
        .iter()
        .map(|row| row["submittedAt"].as_i64().unwrap())
        .collect();
    assert!(times.is_sorted_by(|a, b| a >= b));
    assert_eq!(rows.len(), bench.hubspot.submissions().len());

    let views = bench
        .all("/events/v3/events?eventType=e_visited_page&limit=50")
        .await;
    let found = ids(&views);
    assert_eq!(
        (found.len(), found),
        (
            views.len(),
            bench.hubspot.page_views().into_iter().collect()
        )
    );
    let bench = Bench::new(Options {
        visits_loop: true,
        ..Options::default()
    })
    .await;
    let page = bench
        .get("/events/v3/events?eventType=e_visited_page&limit=1000")
        .await;
    let after = page["paging"]["next"]["after"].as_str().unwrap();
    let page = bench
        .get(&format!(
            "/events/v3/events?eventType=e_visited_page&limit=1000&after={after}"
        ))
        .await;
    assert!(page["results"].as_array().unwrap().is_empty());
}
