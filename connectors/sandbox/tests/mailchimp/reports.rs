//! Reports: what became of campaigns.

use std::collections::BTreeMap;

use chrono::Duration;
use engaged_sandbox::mailchimp::{Kind, Options, Skew, Status};
use engaged_sandbox::people::{Deed, Publication, time};
use serde_json::Value;

use crate::client::{Bench, end};

fn activities(rows: &[Value]) -> usize {
    rows.iter()
        .map(|row| row["activity"].as_array().unwrap().len())
        .sum()
}

#[tokio::test]
async fn email_activity_has_one_row_for_each_recipient_most_of_them_empty() {
    let bench = Bench::plain().await;
    let id = bench.newest().await;
    let rows = bench
        .all(&format!("/reports/{id}/email-activity"), "emails")
        .await;
    let report = bench.get(&format!("/reports/{id}")).await;
    assert_eq!(rows.len() as u64, report["emails_sent"].as_u64().unwrap());
    let quiet = rows
        .iter()
        .filter(|row| row["activity"].as_array().unwrap().is_empty())
        .count();
    assert!(quiet * 2 > rows.len());
}

#[tokio::test]
async fn since_keeps_quiet_recipients_or_drops_them_as_set() {
    for drops in [false, true] {
        let bench = Bench::new(Options {
            since_drops_quiet: drops,
            ..Options::default()
        })
        .await;
        let id = bench.newest().await;
        let path = format!("/reports/{id}/email-activity");
        let all = bench.all(&path, "emails").await;
        let since = "2026-06-10T00:00:00Z";
        let later = bench.all(&format!("{path}?since={since}"), "emails").await;
        assert!(activities(&later) > 0 && activities(&later) < activities(&all));
        for activity in later
            .iter()
            .flat_map(|row| row["activity"].as_array().unwrap())
        {
            assert!(activity["timestamp"].as_str().unwrap() > "2026-06-10T00:00:00+00:00");
        }
        if drops {
            assert!(
                later
                    .iter()
                    .all(|row| !row["activity"].as_array().unwrap().is_empty())
            );
        } else {
            assert_eq!(later.len(), all.len());
        }
    }
}

#[tokio::test]
async fn every_event_of_the_world_can_be_read_once_and_the_ledger_names_it() {
    let bench = Bench::plain().await;
    for report in bench
        .all("/reports?fields=reports.id,total_items", "reports")
        .await
    {
        let id = report["id"].as_str().unwrap();
        bench
            .all(&format!("/reports/{id}/email-activity"), "emails")
            .await;
        bench
            .all(&format!("/reports/{id}/sent-to"), "sent_to")
            .await;
        bench
            .all(&format!("/reports/{id}/unsubscribed"), "unsubscribes")
            .await;
        bench.get(&format!("/reports/{id}/abuse-reports")).await;
    }
    bench.all("/ecommerce/orders", "orders").await;
    let served = bench.mailchimp.ledger().served();
    let truth: BTreeMap<String, usize> = bench
        .mailchimp
        .events()
        .iter()
        .map(|event| (event.key(), 1))
        .collect();
    assert_eq!(
        truth.len(),
        bench.mailchimp.events().len(),
        "no two events have the same key"
    );
    assert_eq!(served, truth);
    let world = bench.world.read().unwrap().truth(Publication::Weekly);
    let counts = bench.mailchimp.counts();
    assert_eq!(counts[&Kind::Send], world.sends);
    assert_eq!(counts[&Kind::SoftBounce], world.soft_bounces);
    assert_eq!(counts[&Kind::Click], world.clicks + world.scanner_clicks);
    assert_eq!(counts[&Kind::Unsubscribe], world.unsubscribes);
}

#[tokio::test]
async fn counters_agree_with_the_details() {
    let bench = Bench::plain().await;
    let id = bench.newest().await;
    let report = bench.get(&format!("/reports/{id}")).await;
    let details = bench
        .all(&format!("/reports/{id}/open-details"), "members")
        .await;
    assert_eq!(report["opens"]["unique_opens"], details.len());
    let opens: Vec<&Value> = details
        .iter()
        .flat_map(|row| row["opens"].as_array().unwrap())
        .collect();
    assert_eq!(report["opens"]["opens_total"], opens.len());
    let human = opens
        .iter()
        .filter(|open| open["is_proxy_open"] == false)
        .count();
    assert_eq!(report["opens"]["proxy_excluded_opens"], human);
    assert!(human < opens.len());
    let last = opens
        .iter()
        .map(|open| open["timestamp"].as_str().unwrap())
        .max();
    assert_eq!(report["opens"]["last_open"].as_str(), last);
    let links = bench
        .all(&format!("/reports/{id}/click-details"), "urls_clicked")
        .await;
    let clicks: u64 = links
        .iter()
        .map(|link| link["total_clicks"].as_u64().unwrap())
        .sum();
    assert_eq!(report["clicks"]["clicks_total"], clicks);
    for link in links {
        let path = format!(
            "/reports/{id}/click-details/{}/members",
            link["id"].as_str().unwrap()
        );
        let people = bench.all(&path, "members").await;
        assert_eq!(link["unique_clicks"], people.len());
    }
}

#[tokio::test]
async fn email_activity_does_not_tell_proxies_from_people() {
    let bench = Bench::plain().await;
    let id = bench.newest().await;
    let proxied: Vec<String> = bench
        .all(&format!("/reports/{id}/open-details"), "members")
        .await
        .iter()
        .filter(|row| {
            row["opens"]
                .as_array()
                .unwrap()
                .iter()
                .any(|open| open["is_proxy_open"] == true)
        })
        .map(|row| row["email_id"].as_str().unwrap().to_owned())
        .collect();
    assert!(!proxied.is_empty());
    for row in bench
        .all(&format!("/reports/{id}/email-activity"), "emails")
        .await
    {
        let opens: Vec<&Value> = row["activity"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|a| a["action"] == "open")
            .collect();
        assert!(opens.iter().all(|open| open.get("is_proxy_open").is_none()));
        assert!(
            !proxied.contains(&row["email_id"].as_str().unwrap().to_owned()) || !opens.is_empty()
        );
    }
}

#[tokio::test]
async fn only_opens_by_privacy_proxies_are_marked_as_such() {
    let bench = Bench::plain().await;
    let campaign = {
        let world = bench.world.read().unwrap();
        world.campaigns(Publication::Weekly).last().unwrap().clone()
    };
    let done = |deed: Deed| campaign.acts.iter().filter(|act| act.deed == deed).count();
    assert!(done(Deed::ScannerOpen) > 0);
    let path = format!("/reports/{}/open-details", bench.newest().await);
    let rows = bench.all(&path, "members").await;
    let opens = rows.iter().flat_map(|row| row["opens"].as_array().unwrap());
    let marked = opens.filter(|open| open["is_proxy_open"] == true).count();
    assert_eq!(marked, done(Deed::ProxyOpen));
}

#[tokio::test]
async fn skewed_activity_puts_many_events_on_few_rows_and_stops_at_the_cap() {
    let skew = Skew {
        every: 100,
        activities: 1_800,
    };
    let bench = Bench::new(Options {
        skew: Some(skew),
        ..Options::default()
    })
    .await;
    let reports = bench
        .all("/reports?fields=reports.id,total_items", "reports")
        .await;
    let id = reports[3]["id"].as_str().unwrap();
    let rows = bench
        .all(&format!("/reports/{id}/email-activity"), "emails")
        .await;
    let most = rows
        .iter()
        .max_by_key(|row| row["activity"].as_array().unwrap().len())
        .unwrap();
    let count = |action: &str| {
        most["activity"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|a| a["action"] == action)
            .count()
    };
    assert_eq!(count("open"), 1_000);
    assert!((600..=1_000).contains(&count("click")));
    assert!(activities(&rows) > 10 * rows.len());
    let report = bench.get(&format!("/reports/{id}")).await;
    assert!(report["opens"]["opens_total"].as_u64().unwrap() > 1_200);
}

#[tokio::test]
async fn what_is_later_than_now_is_unknown_and_comes_by_itself() {
    let at = |hours: i64| end() - Duration::hours(hours);
    let bench = Bench::new(Options {
        now: Some(at(48)),
        ..Options::default()
    })
    .await;
    let older = bench.newest().await;
    // The issue went out at 08:00 on the day before the end.
    bench.mailchimp.set_now(at(27));
    let id = bench.newest().await;
    assert_ne!(older, id);
    let before = bench.get(&format!("/reports/{id}")).await;
    bench.mailchimp.follow_world();
    let after = bench.get(&format!("/reports/{id}")).await;
    assert!(before["opens"]["opens_total"].as_u64() < after["opens"]["opens_total"].as_u64());
    bench.mailchimp.set_now(at(48));
    assert_eq!(bench.newest().await, id, "time does not go back");
}

#[tokio::test]
async fn late_reactions_appear_on_old_campaigns_when_days_pass() {
    let bench = Bench::plain().await;
    let id = bench.newest().await;
    let path = format!("/reports/{id}/email-activity");
    let before = activities(&bench.all(&path, "emails").await);
    bench.world.write().unwrap().advance(3);
    assert!(activities(&bench.all(&path, "emails").await) > before);
}

#[tokio::test]
async fn a_late_report_has_an_earlier_timestamp_than_its_arrival() {
    let bench = Bench::plain().await;
    let (at, arrival) = {
        let world = bench.world.read().unwrap();
        let campaigns = world.campaigns(Publication::Weekly);
        let mut acts = campaigns.iter().flat_map(|campaign| &campaign.acts);
        let late = acts.find(|act| act.lag > 60).unwrap();
        (late.at, late.at + u32::from(late.lag) * 60)
    };
    let known = async |present: u32| {
        let options = Options {
            now: Some(time(present)),
            ..Options::default()
        };
        let events = Bench::new(options).await.mailchimp.events();
        events.iter().filter(|event| event.at == at).count()
    };
    assert_eq!(known(arrival - 1).await + 1, known(arrival).await);
}

#[tokio::test]
async fn opens_do_not_move_last_changed() {
    let bench = Bench::plain().await;
    let before = bench.mailchimp.contacts();
    let opens = bench.mailchimp.counts()[&Kind::Open];
    bench.world.write().unwrap().advance(1);
    assert!(bench.mailchimp.counts()[&Kind::Open] > opens);
    let moved = before
        .iter()
        .filter(|contact| bench.again(contact).last_changed != contact.last_changed)
        .filter(|contact| bench.again(contact).status == contact.status)
        .count();
    assert_eq!(moved, 0);
}

#[tokio::test]
async fn complaints_have_stable_ids_in_both_places() {
    let bench = Bench::plain().await;
    let rows = bench
        .all(&format!("{}/abuse-reports", bench.list()), "abuse_reports")
        .await;
    let campaign = rows[0]["campaign_id"].as_str().unwrap();
    let same = bench
        .get(&format!("/reports/{campaign}/abuse-reports"))
        .await;
    assert!(
        same["abuse_reports"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["id"] == rows[0]["id"])
    );
    assert!(rows[0]["id"].is_u64());
}

#[tokio::test]
async fn reports_are_filtered_by_send_time() {
    let bench = Bench::plain().await;
    let all = bench.get("/reports?count=1000").await;
    let rows = all["reports"].as_array().unwrap();
    assert_eq!(all["total_items"], rows.len());
    let middle = rows[rows.len() / 2]["send_time"]
        .as_str()
        .unwrap()
        .replace("+00:00", "Z");
    let later = bench
        .get(&format!("/reports?count=1000&since_send_time={middle}"))
        .await;
    let earlier = bench
        .get(&format!("/reports?count=1000&before_send_time={middle}"))
        .await;
    let sum = later["total_items"].as_u64().unwrap() + earlier["total_items"].as_u64().unwrap();
    assert_eq!(sum, rows.len() as u64 - 1);
}

#[tokio::test]
async fn who_was_deleted_for_good_leaves_the_details_but_not_the_counters() {
    let bench = Bench::plain().await;
    let id = bench.newest().await;
    let path = format!("/reports/{id}/email-activity");
    let before = bench.get(&path).await;
    let gone = before["emails"][0]["email_id"].as_str().unwrap().to_owned();
    let sent = bench.get(&format!("/reports/{id}")).await["emails_sent"].clone();
    let forget = format!("{}/members/{gone}/actions/delete-permanent", bench.list());
    assert_eq!(bench.ask("POST", &forget, "").await.status, 204);
    let after = bench.get(&path).await;
    assert_eq!(
        after["total_items"].as_u64().unwrap() + 1,
        before["total_items"].as_u64().unwrap()
    );
    assert_eq!(
        bench.get(&format!("/reports/{id}")).await["emails_sent"],
        sent
    );
}

#[tokio::test]
async fn an_unsubscribe_moves_the_status_and_stands_in_the_report() {
    let bench = Bench::plain().await;
    let mark = bench.mailchimp.counts()[&Kind::Unsubscribe];
    bench.world.write().unwrap().day_of_news();
    let events: Vec<_> = bench
        .mailchimp
        .events()
        .into_iter()
        .filter(|e| e.kind == Kind::Unsubscribe)
        .collect();
    assert!(events.len() > mark);
    let newest = events.iter().max_by_key(|event| event.at).unwrap();
    let now = bench
        .mailchimp
        .contacts()
        .into_iter()
        .find(|c| c.email_id == newest.email_id)
        .unwrap();
    assert_eq!(
        (now.status, now.last_changed),
        (Status::Unsubscribed, newest.at)
    );
}

#[tokio::test]
async fn one_opener_is_shown_as_the_list_of_openers_shows_them() {
    let bench = Bench::plain().await;
    let id = bench.newest().await;
    let path = format!("/reports/{id}/open-details");
    let openers = bench.all(&path, "members").await;
    let opener = openers.iter().max_by_key(|row| row["opens_count"].as_u64());
    let opener = opener.unwrap();
    let hash = opener["email_id"].as_str().unwrap();
    let mut alone = bench.get(&format!("{path}/{hash}")).await;
    alone.as_object_mut().unwrap().remove("_links");
    assert_eq!(&alone, opener);
    let nobody = format!("{path}/{}", "0".repeat(32));
    assert_eq!(bench.ask("GET", &nobody, "").await.status, 404);
}

#[tokio::test]
async fn the_feed_of_a_member_has_what_the_reports_have_and_mails_of_flows() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    let feed = format!("{}/activity-feed?count=1000", bench.member(&contact));
    let count = async |kind: &str| {
        let rows = bench.get(&format!("{feed}&activity_filters={kind}")).await;
        rows["activity"].as_array().unwrap().len()
    };
    let events = bench.mailchimp.events_of(&contact.address);
    for (word, kind) in [
        ("sent", Kind::Send),
        ("open", Kind::Open),
        ("click", Kind::Click),
    ] {
        let known = events.iter().filter(|event| event.kind == kind).count();
        assert_eq!(count(word).await, known, "{word}");
    }
    let sent = count("sent").await;
    assert!(bench.mailchimp.flow_mails(&contact.address, true));
    assert_eq!(count("sent").await, sent + 1);
    let newest = bench.get(&feed).await["activity"][0]["campaign_id"].clone();
    let path = format!("/reports/{}", newest.as_str().unwrap());
    assert_eq!(bench.ask("GET", &path, "").await.status, 404);
}
