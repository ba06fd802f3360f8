//! Events of both products by every way there is: tables, mailings, destinations, logfiles.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use engaged_sandbox::copernica::{Event, Kind, Options, Product};
use http::Method;
use serde_json::json;

use super::bench::{Bench, column, end, rows};

const KINDS: [Kind; 6] = [
    Kind::Impression,
    Kind::Click,
    Kind::Error,
    Kind::Unsubscribe,
    Kind::Abuse,
    Kind::Delivery,
];

/// The names of all events but the sent mails, by the truth.
fn truth(bench: &Bench) -> BTreeSet<String> {
    let mut events = bench.copernica.events();
    events.retain(|event| event.kind != Kind::Destination);
    events.iter().map(Event::key).collect()
}

#[tokio::test]
async fn account_wide_pages_hold_every_event_once_and_the_ledger_names_them() {
    let bench = Bench::plain().await;
    let mut read = BTreeSet::new();
    for product in Product::ALL {
        for kind in KINDS {
            let path = format!("/{}/{}", product.word(), kind.word());
            for row in bench.all(&path).await {
                let id = row["ID"].as_str().unwrap();
                assert!(read.insert(format!("{}/{}/{id}", product.word(), kind.word())));
            }
        }
    }
    assert_eq!(read, truth(&bench));
    let served = bench.copernica.ledger().served();
    assert_eq!(served.keys().cloned().collect::<BTreeSet<_>>(), read);
    assert!(served.values().all(|times| *times == 1));
    let kinds: BTreeSet<Kind> = bench
        .copernica
        .events()
        .iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(kinds.len(), 7, "something of each kind has happened");
}

#[tokio::test]
async fn ids_of_the_two_products_collide_unless_the_account_shares_them() {
    let names = |bench: &Bench| {
        let mut times = BTreeMap::new();
        for event in bench.copernica.events() {
            if event.kind != Kind::Destination {
                *times.entry(event.id).or_insert(0) += 1;
            }
        }
        times
    };
    assert!(
        names(&Bench::plain().await)
            .values()
            .any(|times| *times > 1)
    );
    let shared = Bench::new(Options {
        shared_ids: true,
        ..Options::default()
    });
    assert!(names(&shared.await).values().all(|times| *times == 1));
}

#[tokio::test]
async fn account_wide_rows_of_the_marketing_suite_name_no_profile_and_the_others_do() {
    let bench = Bench::plain().await;
    let row = &bench.get("/ms/clicks?limit=1").await["data"][0];
    assert_eq!((row.get("profile"), row["link"].is_string()), (None, true));
    let mailing = row["mailing"].as_str().unwrap();
    let own = bench
        .get(&format!("/ms/emailing/{mailing}/clicks?limit=1"))
        .await;
    assert!(own["data"][0]["profile"].is_string());
    let row = &bench.get("/publisher/clicks?limit=1").await["data"][0];
    assert!(
        row["profile"].is_string() && row["emailing"].is_string() && row["link_id"].is_string()
    );
}

#[tokio::test]
async fn destinations_need_both_days_and_lead_from_events_to_profiles() {
    let bench = Bench::plain().await;
    bench
        .refused(Method::GET, "/ms/destinations?from=2026-01-01", "")
        .await;
    let sent = bench
        .all("/ms/destinations?from=2025-01-01&to=2026-12-31")
        .await;
    let map: BTreeMap<String, String> = column(&sent, "id")
        .into_iter()
        .zip(column(&sent, "profile"))
        .collect();
    let all = bench.copernica.events();
    let own = |kind| {
        all.iter()
            .filter(move |event| event.product == Product::MarketingSuite && event.kind == kind)
    };
    assert_eq!(sent.len(), own(Kind::Destination).count());
    let clicks = bench.all("/ms/clicks").await;
    for (row, event) in clicks.iter().zip(own(Kind::Click)) {
        assert_eq!(
            map[row["destination"].as_str().unwrap()],
            event.profile.to_string()
        );
    }
    let publisher = &bench
        .get("/publisher/destinations?from=2025-01-01&to=2026-12-31&limit=1")
        .await["data"][0];
    assert_ne!(publisher["id"], publisher["internal"]);
    assert_eq!(publisher.get("messageID"), None);
}

#[tokio::test]
async fn the_day_to_is_within_only_if_the_account_says_so() {
    for inclusive_to in [false, true] {
        let bench = Bench::new(Options {
            inclusive_to,
            ..Options::default()
        })
        .await;
        let sent = bench
            .get("/ms/destinations?from=2025-01-01&to=2026-12-31&limit=1")
            .await;
        let day = &sent["data"][0]["timestampsent"].as_str().unwrap()[..10];
        let path = format!("/ms/destinations?from={day}&to={day}&limit=1");
        assert_eq!(
            bench.get(&path).await["total"].as_u64().unwrap() > 0,
            inclusive_to
        );
    }
}

#[tokio::test]
async fn a_window_leaves_its_edges_out_or_takes_them_in() {
    for inclusive_bounds in [false, true] {
        let bench = Bench::new(Options {
            inclusive_bounds,
            ..Options::default()
        })
        .await;
        bench
            .copernica
            .click_at(Product::MarketingSuite, end() - TimeDelta::days(400), 2);
        let edge = "2025-05-06 14:00:00";
        let path = format!("/ms/clicks?begintime={edge}&endtime={edge}");
        let found = bench.get(&path).await["total"].as_u64().unwrap();
        assert_eq!(found, if inclusive_bounds { 2 } else { 0 });
        let around = "/ms/clicks?begintime=2025-05-06 13:59:59&endtime=2025-05-06 14:00:01";
        assert_eq!(bench.get(around).await["total"], 2);
    }
}

#[tokio::test]
async fn a_window_that_cannot_be_read_gives_everything() {
    let bench = Bench::plain().await;
    let everything = bench.get("/ms/clicks?limit=1").await["total"].clone();
    let path = "/ms/clicks?limit=1&begintime=2026-06-10T00:00:00Z";
    assert_eq!(bench.get(path).await["total"], everything);
    // The Marketing Suite knows no filters, Publisher no window.
    let path = "/ms/clicks?limit=1&fields[]=timestamp>2026-06-10 00:00:00";
    assert_eq!(bench.get(path).await["total"], everything);
}

#[tokio::test]
async fn publisher_filters_by_id_for_two_types_only_and_ignores_it_silently_for_others() {
    let bench = Bench::plain().await;
    let everywhere = Bench::new(Options {
        id_filter_everywhere: true,
        ..Options::default()
    })
    .await;
    let more_than = async |bench: &Bench, kind: &str| {
        let all = bench.all(&format!("/publisher/{kind}")).await;
        let last = all.last().unwrap()["ID"].as_str().unwrap().to_owned();
        let rest = bench
            .get(&format!("/publisher/{kind}?fields[]=ID>{last}"))
            .await;
        (rest["total"].as_u64().unwrap(), all.len() as u64)
    };
    assert_eq!(more_than(&bench, "impressions").await.0, 0);
    let (rest, all) = more_than(&bench, "clicks").await;
    assert_eq!(rest, all);
    assert_eq!(more_than(&everywhere, "clicks").await.0, 0);
}

#[tokio::test]
async fn a_late_open_has_its_old_time_and_a_young_id() {
    let bench = Bench::plain().await;
    bench.copernica.set_now(end());
    let late = |bench: &Bench| {
        let events = bench.copernica.events();
        let opens: Vec<_> = events
            .iter()
            .filter(|event| event.kind == Kind::Impression)
            .map(|event| (event.product, event.id, event.at))
            .collect();
        opens
            .windows(2)
            .filter(|two| two[0].0 == two[1].0 && two[0].2 > two[1].2)
            .count()
    };
    assert!(late(&bench) > 0);
    let prompt = Bench::new(Options {
        late_events: false,
        ..Options::default()
    });
    assert_eq!(late(&prompt.await), 0);
}

#[tokio::test]
async fn old_statistics_are_gone_and_logfiles_may_outlive_them() {
    for retention_covers_logs in [false, true] {
        let bench = Bench::new(Options {
            retention_days: Some(14),
            retention_covers_logs,
            ..Options::default()
        })
        .await;
        let since = end() - TimeDelta::days(14);
        let events = bench.copernica.events();
        assert!(
            !events.is_empty()
                && events
                    .iter()
                    .all(|event| i64::from(event.at) >= since.timestamp())
        );
        let days = bench.get("/logfiles").await;
        assert_eq!(days.as_array().unwrap().len() > 15, !retention_covers_logs);
    }
}

#[tokio::test]
async fn a_refusal_of_its_own_and_a_bounce_differ_by_code_only() {
    let bench = Bench::plain().await;
    for product in Product::ALL {
        bench.copernica.refuse_locally(product, 2);
        bench.copernica.bounce(product, 4);
        let all = bench.all(&format!("/{}/errors", product.word())).await;
        let codes = column(&all, "errorcode");
        assert!(codes.ends_with(&["0", "", "5.1.1", "4.2.2", "550", "421"].map(str::to_owned)));
    }
}

#[tokio::test]
async fn rows_may_bear_a_time_in_the_future() {
    let bench = Bench::plain().await;
    let names = bench
        .copernica
        .click_at(Product::Publisher, end() + TimeDelta::days(3_650), 3);
    assert_eq!(names.len(), 3);
    let last = bench.all("/publisher/clicks").await.pop().unwrap();
    assert_eq!(last["timestamp"], "2036-06-07 14:00:00");
    let days = bench.get("/logfiles").await;
    assert!(
        days.as_array()
            .unwrap()
            .iter()
            .all(|day| day.as_str().unwrap() <= "2026-06-10")
    );
}

#[tokio::test]
async fn the_newest_come_first_if_the_account_says_so_and_offsets_drift_then() {
    let bench = Bench::new(Options {
        newest_first: true,
        ..Options::default()
    })
    .await;
    let second = bench.get("/ms/clicks?limit=1&start=1").await["data"][0]["ID"].clone();
    bench.copernica.click_at(Product::MarketingSuite, end(), 1);
    let shifted = bench.get("/ms/clicks?limit=1&start=2").await["data"][0]["ID"].clone();
    assert_eq!(second, shifted);
}

#[tokio::test]
async fn logfiles_hold_every_event_of_their_day_with_numbers_for_ids() {
    let bench = Bench::plain().await;
    for day in bench.get("/logfiles").await.as_array().unwrap() {
        let day = day.as_str().unwrap();
        for name in bench
            .get(&format!("/logfiles?date={day}"))
            .await
            .as_array()
            .unwrap()
        {
            let lines = bench
                .get(&format!("/logfile/{}/json", name.as_str().unwrap()))
                .await;
            for line in lines.as_array().unwrap() {
                assert_eq!(&line["time"].as_str().unwrap()[..10], day);
                assert!(line["profile"].is_u64() || line["profileid"].is_u64());
            }
        }
    }
    let served: BTreeSet<String> = bench.copernica.ledger().served().into_keys().collect();
    assert_eq!(served, bench.copernica.events_in_logs());
    let in_tables: BTreeSet<String> = bench.copernica.events().iter().map(Event::key).collect();
    assert!(served.is_subset(&in_tables));
}

#[tokio::test]
async fn a_click_in_a_logfile_names_no_mailing_and_no_address_but_its_message_leads_there() {
    for message_ids_agree in [true, false] {
        let bench = Bench::new(Options {
            message_ids_agree,
            ..Options::default()
        })
        .await;
        let days = bench.get("/logfiles").await;
        let mut line = json!(null);
        for day in days.as_array().unwrap() {
            let path = format!("/logfiles?date={}&type=cdm-click", day.as_str().unwrap());
            if let Some(name) = bench.get(&path).await[0].as_str() {
                line = bench.get(&format!("/logfile/{name}/json")).await[0].clone();
            }
        }
        assert!(line["linkinfo"].is_string());
        assert_eq!((line.get("mailingid"), line.get("link")), (None, None));
        let sent = bench
            .all("/ms/destinations?from=2025-01-01&to=2026-12-31")
            .await;
        assert_eq!(
            column(&sent, "messageID").contains(&line["id"].as_str().unwrap().to_owned()),
            message_ids_agree
        );
    }
}

#[tokio::test]
async fn todays_logfile_grows_and_is_behind_the_tables() {
    let bench = Bench::plain().await;
    let names = bench.copernica.click_at(Product::MarketingSuite, end(), 2);
    let there = |bench: &Bench| {
        let logs = bench.copernica.events_in_logs();
        names.iter().all(|name| logs.contains(name))
    };
    assert!(!there(&bench));
    bench.copernica.set_now(end() + TimeDelta::minutes(49));
    assert!(!there(&bench));
    bench.copernica.set_now(end() + TimeDelta::minutes(50));
    assert!(there(&bench));
}

#[tokio::test]
async fn older_pages_call_publishers_logfiles_by_singular_names() {
    let bench = Bench::new(Options {
        singular_logs: true,
        ..Options::default()
    })
    .await;
    let names = bench.get("/logfiles?date=2026-06-09").await;
    let names: Vec<&str> = names
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    assert!(names.contains(&"pom-impression.2026-06-09.log"));
}

#[tokio::test]
async fn mailings_are_listed_by_type_and_time() {
    let bench = Bench::plain().await;
    let all = bench.all("/ms/emailings").await;
    let (first, last) = (&all[0], all.last().unwrap());
    assert_eq!(
        (&first["type"], first["destinations"].is_u64()),
        (&json!("mass"), true)
    );
    let since = last["timestamp"].as_str().unwrap();
    let late = bench.get(&format!("/ms/emailings?fromdate={since}")).await;
    assert_eq!(rows(&late), std::slice::from_ref(last));
    assert_eq!(bench.get("/ms/emailings?type=individual").await["total"], 0);
    // Both products count alike.
    assert_eq!(
        bench.get("/publisher/emailings?limit=1").await["data"][0]["id"],
        first["id"]
    );
}

#[tokio::test]
async fn unique_counts_destinations() {
    let bench = Bench::plain().await;
    let all = bench.all("/ms/clicks").await;
    let unique = bench.all("/ms/clicks?unique=true").await;
    let destinations: BTreeSet<String> = column(&all, "destination").into_iter().collect();
    assert_eq!(unique.len(), destinations.len());
    assert!(unique.len() < all.len());
}

#[tokio::test]
async fn a_day_of_news_has_something_of_each_kind() {
    let bench = Bench::plain().await;
    let before = truth(&bench);
    bench.world.write().unwrap().day_of_news();
    let news: Vec<String> = truth(&bench).difference(&before).cloned().collect();
    for kind in ["impressions", "deliveries", "unsubscribes"] {
        assert!(news.iter().any(|name| name.contains(kind)), "{kind}");
    }
}
