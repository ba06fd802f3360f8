//! Profiles: envelopes, filters, order, pages, and what is left of the removed.

use chrono::TimeDelta;
use engaged_sandbox::copernica::{NextId, Options};
use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::bench::{Bench, column, end, rows};

#[tokio::test]
async fn a_list_holds_texts_in_the_documented_envelope() {
    let bench = Bench::plain().await;
    let page = bench
        .get(&format!("{}/profiles?limit=2", bench.base()))
        .await;
    let there = bench.copernica.contacts();
    assert_eq!(
        (&page["start"], &page["limit"], &page["count"]),
        (&json!(0), &json!(2), &json!(2))
    );
    assert_eq!(page["total"], there.len());
    assert_eq!(page["nextid"], there[2].id);
    let row = &page["data"][0];
    assert_eq!(row["ID"], there[0].id.to_string());
    assert_eq!(row["fields"]["Email"], there[0].address);
    assert_eq!(row["removed"], false);
    assert_eq!(row["secret"].as_str().unwrap().len(), 32);
    let short = bench
        .get(&format!(
            "{}/profiles?limit=1&dataonly=true&total=false",
            bench.base()
        ))
        .await;
    let keys: Vec<&String> = short["data"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["ID", "fields", "interests", "modified"]);
    assert_eq!(short.get("total"), None);
}

#[tokio::test]
async fn paging_by_the_next_id_meets_everybody_once() {
    for nextid in [NextId::WhileMore, NextId::Always] {
        let bench = Bench::new(Options {
            nextid,
            ..Options::default()
        })
        .await;
        let (mut seen, mut from) = (Vec::new(), 0);
        loop {
            let path = format!("{}/profiles?limit=40&fields[]=id>={from}", bench.base());
            let page = bench.get(&path).await;
            seen.extend(column(&rows(&page), "ID"));
            match page["nextid"].as_u64() {
                Some(next) if page["count"] == 40 => from = next,
                _ => break,
            }
        }
        let all = bench.copernica.contacts();
        assert_eq!(
            seen,
            all.iter().map(|one| one.id.to_string()).collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn an_unknown_field_or_a_broken_filter_gives_everybody() {
    let bench = Bench::plain().await;
    let everybody = bench.copernica.contacts().len();
    for filter in [
        "Nope==x",
        "Email=x",
        "modified>=yesterday",
        "id>=abc",
        "Email",
    ] {
        let path = format!("{}/profiles?limit=1&fields[]={filter}", bench.base());
        assert_eq!(bench.get(&path).await["total"], everybody, "{filter}");
    }
    let address = bench.somebody(true).address;
    let path = format!(
        "{}/profiles?fields[]=eMAIL=={}",
        bench.base(),
        address.to_uppercase()
    );
    assert_eq!(bench.get(&path).await["total"], 1);
    let path = format!(
        "{}/profiles?fields[]=Email=~%25@%25&fields[1]=Nieuwsbrief==nee",
        bench.base()
    );
    let found = bench.get(&path).await["total"].as_u64().unwrap();
    assert!(0 < found && found < everybody as u64);
}

#[tokio::test]
async fn modified_filters_by_local_time_without_a_zone() {
    let bench = Bench::plain().await;
    bench.copernica.set_now(end() + TimeDelta::hours(1));
    let changed = bench.copernica.annotate(3);
    let filter = |time: &str| format!("{}/profiles?fields[]=modified>={time}", bench.base());
    // 13:00 UTC is 15:00 in Amsterdam in June.
    let page = bench.get(&filter("2026-06-10 15:00:00")).await;
    let ids: Vec<String> = changed.iter().map(ToString::to_string).collect();
    assert_eq!(column(&rows(&page), "ID"), ids);
    assert_eq!(page["data"][0]["modified"], "2026-06-10 15:00:00");
    assert_eq!(bench.get(&filter("2026-06-10 15:00:01")).await["total"], 0);
}

#[tokio::test]
async fn a_column_named_like_a_pseudo_field_hides_it() {
    let bench = Bench::plain().await;
    bench
        .post(
            &format!("{}/fields", bench.base()),
            r#"{"name":"modified","type":"text","value":"x"}"#,
        )
        .await;
    let path = format!("{}/profiles?fields[]=modified>=2030-01-01", bench.base());
    assert_eq!(
        bench.get(&path).await["total"],
        bench.copernica.contacts().len()
    );
}

#[tokio::test]
async fn offsets_drift_when_somebody_goes_and_other_orders_name_no_next_id() {
    let bench = Bench::plain().await;
    let path = format!("{}/profiles?limit=10&orderby=Email", bench.base());
    let first = bench.get(&path).await;
    assert_eq!(first.get("nextid"), None);
    let by_offset = |start: usize| format!("{}/profiles?limit=10&start={start}", bench.base());
    let third = bench.get(&by_offset(10)).await["data"][0]["ID"].clone();
    bench.get(&by_offset(0)).await;
    bench.copernica.delete_by_hand(1);
    assert_ne!(bench.get(&by_offset(10)).await["data"][0]["ID"], third);
    let newest = bench
        .get(&format!(
            "{}/profiles?limit=1&orderby=id&order=desc",
            bench.base()
        ))
        .await;
    let last = bench.copernica.contacts().pop().unwrap();
    assert_eq!(newest["data"][0]["ID"], last.id.to_string());
}

#[tokio::test]
async fn a_removed_profile_vanishes_from_lists_and_is_still_answered() {
    let bench = Bench::plain().await;
    let id = bench.copernica.delete_by_hand(1)[0];
    let ids = bench.all(&format!("{}/profileids", bench.base())).await;
    assert!(!ids.contains(&json!(id.to_string())));
    assert_eq!(ids.len(), bench.copernica.contacts().len());
    let shell = bench.get(&format!("/profile/{id}")).await;
    assert_eq!(
        (&shell["fields"], &shell["removed"]),
        (&json!({}), &json!("2026-06-10 14:00:00"))
    );
    let said = bench
        .refused(Method::DELETE, &format!("/profile/{id}"), "")
        .await;
    assert!(said.contains("already been removed"));
}

#[tokio::test]
async fn interests_are_a_list_or_an_object_and_an_empty_list_for_nobody() {
    let bench = Bench::plain().await;
    let object = Bench::new(Options {
        interests_as_object: true,
        ..Options::default()
    })
    .await;
    let all = bench.copernica.contacts();
    let of = |interests: &[&str]| {
        all.iter()
            .find(|one| one.interests == interests)
            .unwrap()
            .id
    };
    let (some, none) = (of(&["VIP"]), of(&[]));
    let show = async |bench: &Bench, id: u32| bench.get(&format!("/profile/{id}/interests")).await;
    assert_eq!(show(&bench, some).await, json!(["VIP"]));
    assert_eq!(
        show(&object, some).await,
        json!({"VIP": 1, "Zondag & lezen": 0})
    );
    assert_eq!(show(&bench, none).await, json!([]));
    assert_eq!(show(&object, none).await, json!([]));
}

#[tokio::test]
async fn a_selection_is_stale_until_it_is_rebuilt() {
    let bench = Bench::plain().await;
    let views = bench.get(&format!("{}/views", bench.base())).await;
    let view = format!("/view/{}", views["data"][0]["ID"].as_str().unwrap());
    let count = async || {
        bench.get(&format!("{view}/profiles?limit=1")).await["total"]
            .as_u64()
            .unwrap()
    };
    let before = count().await;
    bench.copernica.set_now(end() + TimeDelta::minutes(10));
    let id = bench.somebody(true).id;
    assert!(bench.copernica.leaves(id));
    assert_eq!(count().await, before);
    bench
        .ask(Method::POST, &format!("{view}/rebuild"), "")
        .await;
    assert_eq!(count().await, before - 1);
    let built = bench.get(&view).await["last-built"].clone();
    assert_eq!(built, "2026-06-10 14:10:00");
}

#[tokio::test]
async fn orders_are_subprofiles_of_a_collection() {
    let bench = Bench::plain().await;
    let collections = bench.get(&format!("{}/collections", bench.base())).await;
    assert_eq!(
        column(&rows(&collections), "name"),
        ["Bestellingen", "Nurture"]
    );
    let id = collections["data"][0]["ID"].as_str().unwrap();
    let all = bench.all(&format!("/collection/{id}/subprofiles")).await;
    let orders = bench.world.read().unwrap().orders().len();
    assert_eq!(all.len(), orders);
    assert!(
        all[0]["fields"]["Bedrag"]
            .as_str()
            .unwrap()
            .parse::<f64>()
            .unwrap()
            > 0.0
    );
}

#[tokio::test]
async fn the_streaming_host_has_longer_lists_in_pieces_without_a_length() {
    let bench = Bench::plain().await;
    let url = bench.copernica.rest_url();
    let host = url
        .strip_prefix("http://")
        .unwrap()
        .strip_suffix("/v4")
        .unwrap()
        .to_owned();
    let ask = async |path: String| {
        let mut stream = TcpStream::connect(&host).await.unwrap();
        let request = format!(
            "GET /v4{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nauthorization: {}\r\n\r\n",
            bench.bearer()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text.to_lowercase()
    };
    let page = ask(format!("{}/profiles?limit=5000", bench.base())).await;
    assert!(page.contains("transfer-encoding: chunked") && !page.contains("content-length"));
    assert!(page.contains("\"limit\":5000"));
    let other = ask("/ms/clicks?limit=5000".to_owned()).await;
    assert!(other.contains("content-length") && other.contains("\"limit\":1000"));
}

#[tokio::test]
async fn a_second_database_has_the_same_address_again() {
    let bench = Bench::new(Options {
        second_database: true,
        ..Options::default()
    })
    .await;
    let databases = bench.get("/databases").await;
    assert_eq!(
        column(&rows(&databases), "name"),
        ["Weekbrief", "Maandblad"]
    );
    let all = bench.copernica.contacts();
    let twice = all.iter().filter(|one| {
        all.iter()
            .any(|other| other.id != one.id && other.address == one.address)
    });
    assert!(twice.count() > 0);
    let by_name: Value = bench.get("/database/Maandblad/profiles?limit=1").await;
    assert_eq!(
        by_name["data"][0]["database"],
        bench.copernica.databases()[1].to_string()
    );
}
