//! Opens, clicks, bounces and orders: what a poll finds, and that the counters are true to the world.

use std::collections::{BTreeMap, BTreeSet};

use engaged_sandbox::activecampaign::{Event, Kind, Options, ReadTrackers, Shape, Status};
use engaged_sandbox::people::{Deed, Publication, Turn};
use serde_json::Value;

use crate::client::{Bench, free};

/// All rows of link data of a campaign, with whether they are opens.
async fn link_data(bench: &Bench, campaign: &str) -> Vec<(bool, Value)> {
    let links = bench.get(&format!("/campaigns/{campaign}/links")).await;
    let mut found = Vec::new();
    for link in links["links"].as_array().unwrap() {
        let path = format!("/links/{}/linkData", link["id"].as_str().unwrap());
        let rows = bench.all(&path, "linkData").await;
        found.extend(rows.into_iter().map(|row| (link["link"] == "open", row)));
    }
    found
}

fn ids(events: &[Event]) -> BTreeSet<&str> {
    events.iter().map(|event| event.contact.as_str()).collect()
}

#[tokio::test]
async fn the_counters_of_every_campaign_are_true_to_the_world() {
    let bench = Bench::plain().await;
    let rows = bench.all("/campaigns?orders[sdate]=ASC", "campaigns").await;
    let world = bench.world.read().unwrap().clone();
    let end = world.end();
    let sent: Vec<&Value> = rows.iter().filter(|row| !row["sdate"].is_null()).collect();
    let campaigns = world.campaigns(Publication::Weekly);
    assert_eq!(sent.len(), campaigns.len());
    let mut sums = [0; 2];
    for (row, campaign) in sent.into_iter().zip(campaigns) {
        let known = campaign
            .acts
            .iter()
            .filter(|act| act.at + u32::from(act.lag) * 60 <= end);
        let (mut opens, mut openers, mut clicks) = (0, BTreeSet::new(), Vec::new());
        for act in known {
            match act.deed {
                Deed::Open | Deed::ProxyOpen | Deed::ScannerOpen => {
                    opens += 1;
                    openers.insert(act.recipient);
                }
                Deed::Click(link) | Deed::ScannerClick(link) => clicks.push((act.recipient, link)),
                Deed::Unsubscribe | Deed::Complaint => {}
            }
        }
        let clicked = clicks.len();
        let clickers: BTreeSet<u32> = clicks.iter().map(|(who, _)| *who).collect();
        let unique: BTreeSet<(u32, u8)> = clicks.into_iter().collect();
        let left = world.milestones().iter().filter(|change| {
            change.publication == Publication::Weekly
                && matches!(change.turn, Turn::Left(number) | Turn::Complained(number) if number == campaign.number)
        });
        let left = left.count();
        sums[0] += opens;
        sums[1] += left;
        for (name, count) in [
            ("opens", opens),
            ("uniqueopens", openers.len()),
            ("linkclicks", clicked),
            ("uniquelinkclicks", unique.len()),
            ("subscriberclicks", clickers.len()),
            ("unsubscribes", left),
            ("send_amt", campaign.recipients.len()),
        ] {
            assert_eq!(row[name], count.to_string(), "{name} of {}", row["name"]);
        }
    }
    let truth = world.truth(Publication::Weekly);
    assert_eq!(sums[1], truth.unsubscribes + truth.complaints);
    assert!(sums[0] > 1_000);
    let bounces: u32 = bench
        .platform
        .counters()
        .values()
        .map(|count| count.hard + count.soft)
        .sum();
    assert_eq!(bounces as usize, truth.hard_bounces + truth.soft_bounces);
}

#[tokio::test]
async fn link_data_has_one_row_for_each_contact_and_link_with_the_latest_time() {
    let bench = Bench::plain().await;
    let events = bench.platform.events();
    let campaign = "12";
    let mut truth: BTreeMap<(bool, String), u32> = BTreeMap::new();
    let read = events.iter().filter(|event| event.campaign == campaign);
    let (mut times, mut latest) = (0_u64, BTreeSet::new());
    for event in read.filter(|event| matches!(event.kind, Kind::Open | Kind::Click)) {
        times += 1;
        if event.polled {
            latest.insert(event.key());
        }
        let key = (
            event.kind == Kind::Open,
            format!("{} {}", event.contact, event.detail),
        );
        let at = truth.entry(key).or_default();
        *at = event.at.max(*at);
    }
    let mark = bench.platform.ledger().len();
    let rows = link_data(&bench, campaign).await;
    assert_eq!(rows.len(), truth.len());
    let at = |row: &Value| {
        let at = chrono::DateTime::parse_from_rfc3339(row["tstamp"].as_str().unwrap()).unwrap();
        (row["contact"].clone(), at.timestamp())
    };
    let opened = |((open, who), at): (&(bool, String), &u32)| {
        open.then(|| (Value::from(who.trim()), i64::from(*at)))
    };
    let mut shown: Vec<(Value, i64)> = rows
        .iter()
        .filter(|(open, _)| *open)
        .map(|(_, row)| at(row))
        .collect();
    shown.sort_by_key(|(who, _)| who.to_string());
    let mut expected: Vec<(Value, i64)> = truth.iter().filter_map(opened).collect();
    expected.sort_by_key(|(who, _)| who.to_string());
    assert_eq!(shown, expected);
    assert!(rows.iter().any(|(open, row)| *open && row["times"] != "1"));
    let sum: u64 = rows
        .iter()
        .map(|(_, row)| row["times"].as_str().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(sum, times);
    let entries = bench.platform.ledger().since(mark);
    let served: BTreeSet<String> = entries.into_iter().flat_map(|entry| entry.served).collect();
    assert_eq!(served, latest);
    assert_eq!(latest.len(), truth.len());
}

#[tokio::test]
async fn the_pseudo_link_may_be_there_twice_and_hold_its_rows_in_either() {
    for (read_trackers, links, filled) in [
        (ReadTrackers::One, 1, 1),
        (ReadTrackers::SecondEmpty, 2, 1),
        (ReadTrackers::Split, 2, 2),
    ] {
        let bench = Bench::new(Options {
            read_trackers,
            ..free()
        })
        .await;
        let answer = bench.get("/campaigns/12/links").await;
        let rows = answer["links"].as_array().unwrap();
        let trackers: Vec<&Value> = rows.iter().filter(|row| row["link"] == "open").collect();
        assert_eq!(trackers.len(), links);
        let mut sizes = Vec::new();
        for tracker in trackers {
            assert_eq!(tracker["name"], "Read Tracker");
            let path = format!("/links/{}/linkData", tracker["id"].as_str().unwrap());
            sizes.push(bench.all(&path, "linkData").await.len());
        }
        assert_eq!(
            sizes.iter().filter(|size| **size > 0).count(),
            filled,
            "{sizes:?}"
        );
        let counters = &bench.platform.counters()["12"];
        assert_eq!(sizes.iter().sum::<usize>(), counters.unique_opens as usize);
    }
}

#[tokio::test]
async fn the_keys_of_link_data_are_the_accounts() {
    for (shape, there, missing) in [
        (Shape::Contact, "contact", "subscriberid"),
        (Shape::Subscriber, "subscriberid", "contact"),
    ] {
        let bench = Bench::new(Options {
            link_data_shape: shape,
            ..free()
        })
        .await;
        let (_, row) = link_data(&bench, "12").await.remove(0);
        assert!(row[there].is_string() && row[missing].is_null(), "{row}");
    }
}

#[tokio::test]
async fn a_bounce_row_does_not_say_whether_it_is_hard() {
    let bench = Bench::plain().await;
    let rows = bench.all("/bounceLogs?orders[id]=DESC", "bounceLogs").await;
    let events = bench.platform.events();
    let bounces: Vec<&Event> = events
        .iter()
        .filter(|event| matches!(event.kind, Kind::HardBounce | Kind::SoftBounce))
        .collect();
    assert_eq!(rows.len(), bounces.len());
    for row in rows {
        assert!(row["type"].is_null());
        let of = |event: &&&Event| Some(event.detail.as_str()) == row["id"].as_str();
        let event = bounces.iter().find(of).unwrap();
        let hard = event.kind == Kind::HardBounce;
        assert_eq!(row["source"].as_str().unwrap().contains("Status: 5."), hard);
        let path = format!("/bounceLogs/{}/code", row["id"].as_str().unwrap());
        let code = bench.get(&path).await;
        assert_eq!(code["bounceCode"]["type"] == "hard", hard);
    }
}

#[tokio::test]
async fn a_late_report_raises_a_counter_when_it_becomes_known() {
    let bench = Bench::plain().await;
    let before = bench.platform.counters();
    let known = bench.platform.events().len();
    bench.news();
    let after = bench.platform.counters();
    assert!(bench.platform.events().len() > known);
    assert!(after.len() > before.len());
    assert!(
        before
            .iter()
            .any(|(id, count)| after[id].opens > count.opens)
    );
}

#[tokio::test]
async fn whoever_left_by_a_mail_has_its_id_in_their_row() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Unsubscribed);
    let path = format!("/contacts/{}/contactLists", contact.id);
    let row = bench.get(&path).await["contactLists"][0].clone();
    let events = bench.platform.events_of(&contact.address);
    let left = events
        .iter()
        .find(|event| event.kind == Kind::Unsubscribe)
        .unwrap();
    assert_eq!(
        (&row["status"], &row["campaign"]),
        (&Value::from("2"), &Value::from(left.campaign.as_str()))
    );
    assert!(left.polled && left.hooked && contact.left_themselves);
}

#[tokio::test]
async fn the_activities_of_a_contact_come_once_it_was_asked_for() {
    let bench = Bench::plain().await;
    let events = bench.platform.events();
    let who = ids(&events[..]).into_iter().next().unwrap().to_owned();
    let none = bench.get("/activities").await;
    assert_eq!(none["meta"]["total"], "0");
    bench.get(&format!("/contacts/{who}")).await;
    let some = bench
        .all("/activities?orders[tstamp]=DESC", "activities")
        .await;
    let mine =
        |event: &&Event| event.contact == who && matches!(event.kind, Kind::Open | Kind::Click);
    assert_eq!(some.len(), events.iter().filter(mine).count());
}

#[tokio::test]
async fn deleting_somebody_leaves_the_counters_and_perhaps_the_rows() {
    for deleted_keep_rows in [true, false] {
        let bench = Bench::new(Options {
            deleted_keep_rows,
            ..free()
        })
        .await;
        let (_, row) = link_data(&bench, "12").await.remove(0);
        let contact = bench
            .platform
            .contacts()
            .into_iter()
            .find(|one| row["contact"] == one.id);
        let before = bench.platform.counters();
        assert!(bench.platform.delete_by_hand(&contact.unwrap().address));
        assert_eq!(bench.platform.counters(), before);
        let rows = link_data(&bench, "12").await;
        let there = rows.iter().any(|(_, one)| one["contact"] == row["contact"]);
        assert_eq!(there, deleted_keep_rows);
    }
}

#[tokio::test]
async fn orders_are_in_cents_and_each_is_there() {
    let bench = Bench::plain().await;
    let rows = bench.all("/ecomOrders", "ecomOrders").await;
    let world = bench.world.read().unwrap();
    assert_eq!(rows.len(), world.orders().len());
    let sum: u64 = rows
        .iter()
        .map(|row| row["totalPrice"].as_u64().unwrap())
        .sum();
    let cents = world.orders().iter().map(|order| u64::from(order.cents));
    assert_eq!(sum, cents.sum::<u64>());
}

#[tokio::test]
async fn the_mail_of_an_automation_counts_on_long_after_it_first_went_out() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Active);
    assert!(bench.platform.flow_mails(&contact.address, true));
    let found = bench.get("/campaigns?filters[seriesid]=1").await;
    let id = found["campaigns"][0]["id"].as_str().unwrap().to_owned();
    let first = found["campaigns"][0]["sdate"].clone();
    for _ in 0..9 {
        bench.news();
    }
    assert!(bench.platform.flow_mails(&contact.address, true));
    let now = bench.get(&format!("/campaigns/{id}")).await["campaign"].clone();
    assert_eq!(
        (&now["sdate"], &now["opens"], &now["uniqueopens"]),
        (&first, &"2".into(), &"1".into())
    );
    assert_eq!(link_data(&bench, &id).await.len(), 1);
    let newest = bench.get("/campaigns?orders[sdate]=DESC&limit=1").await;
    assert_ne!(newest["campaigns"][0]["id"], id.as_str());
}
