//! Lists, members, shop: what is read.

use engaged_sandbox::mailchimp::{Options, Status};
use serde_json::json;

use crate::client::{Bench, raw};

#[tokio::test]
async fn any_user_with_the_key_and_the_key_as_a_token_are_let_in() {
    let bench = Bench::plain().await;
    let url = format!("{}/ping", bench.mailchimp.base_url());
    let bearer = format!("authorization: Bearer {}\r\n", bench.mailchimp.key());
    assert_eq!(raw("GET", &url, &bearer, "").await.unwrap().status, 200);
    assert_eq!(
        bench.get("/ping").await["health_status"],
        "Everything's Chimpy!"
    );
    let missing = raw("GET", &url, "", "").await.unwrap();
    assert_eq!(
        (missing.status, missing.title()),
        (401, "API Key Missing".into())
    );
    let wrong = raw("GET", &url, "authorization: Bearer x-us1\r\n", "")
        .await
        .unwrap();
    assert_eq!(
        (wrong.status, wrong.title()),
        (401, "API Key Invalid".into())
    );
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_in_json() {
    let bench = Bench::plain().await;
    for path in [
        "/nothing",
        "/lists/0000000000",
        "/lists/0000000000/members",
        "/reports/x/email-activity",
    ] {
        let answer = bench.ask("GET", path, "").await;
        assert_eq!(
            (answer.status, answer.title()),
            (404, "Resource Not Found".into())
        );
        assert!(answer.head.contains("application/problem+json"));
    }
    assert_eq!(bench.ask("DELETE", "/ping", "").await.status, 405);
}

#[tokio::test]
async fn a_page_has_ten_rows_unless_asked_for_more() {
    let bench = Bench::plain().await;
    let path = format!("{}/members", bench.list());
    let page = bench.get(&path).await;
    assert_eq!(page["members"].as_array().unwrap().len(), 10);
    assert!(page["total_items"].as_u64().unwrap() > 100);
    let answer = bench.ask("GET", &format!("{path}?count=1001"), "").await;
    assert_eq!(
        (answer.status, answer.title()),
        (400, "Invalid Resource".into())
    );
}

#[tokio::test]
async fn pages_hold_every_member_once_and_agree_with_the_truth() {
    let bench = Bench::plain().await;
    let rows = bench
        .all(&format!("{}/members", bench.list()), "members")
        .await;
    let mut ids: Vec<String> = rows
        .iter()
        .map(|row| row["id"].as_str().unwrap().into())
        .collect();
    let mut truth: Vec<String> = bench
        .mailchimp
        .contacts()
        .into_iter()
        .map(|c| c.email_id)
        .collect();
    ids.sort();
    truth.sort();
    assert_eq!(ids, truth);
}

#[tokio::test]
async fn fields_leave_out_what_was_not_asked_for() {
    let bench = Bench::plain().await;
    let page = bench
        .get(&format!(
            "{}/members?count=1&fields=members.id,members.stats.avg_open_rate",
            bench.list()
        ))
        .await;
    let row = page["members"][0].as_object().unwrap();
    assert_eq!(row.keys().collect::<Vec<_>>(), ["id", "stats"]);
    assert!(page.get("total_items").is_none());
}

#[tokio::test]
async fn archived_members_are_left_out_unless_asked_for() {
    let bench = Bench::plain().await;
    let path = format!("{}/members", bench.list());
    let before = bench.get(&path).await["total_items"].as_u64().unwrap();
    let contact = bench.somebody(Status::Subscribed);
    assert_eq!(
        bench
            .ask("DELETE", &bench.member(&contact), "")
            .await
            .status,
        204
    );
    assert_eq!(bench.get(&path).await["total_items"], json!(before - 1));
    let archived = bench.get(&format!("{path}?status=archived")).await;
    assert_eq!(archived["members"][0]["id"], contact.email_id.as_str());
    assert_eq!(
        bench.get(&bench.member(&contact)).await["status"],
        "archived"
    );
}

#[tokio::test]
async fn offsets_shift_when_a_member_changes_between_two_pages() {
    let bench = Bench::plain().await;
    let path = format!("{}/members?status=subscribed&count=20", bench.list());
    let first = bench.get(&path).await["members"]
        .as_array()
        .unwrap()
        .clone();
    let next = bench.get(&format!("{path}&offset=20")).await["members"][0]["id"].clone();
    let gone = format!(
        "{}/members/{}",
        bench.list(),
        first[0]["id"].as_str().unwrap()
    );
    bench.ask("DELETE", &gone, "").await;
    let second = bench.get(&format!("{path}&offset=20")).await["members"]
        .as_array()
        .unwrap()
        .clone();
    assert!(
        second.iter().all(|row| row["id"] != next),
        "the member at the border is skipped"
    );
}

#[tokio::test]
async fn a_window_on_last_changed_is_open_at_both_ends_unless_set_otherwise() {
    for inclusive in [false, true] {
        let bench = Bench::new(Options {
            inclusive_bounds: inclusive,
            ..Options::default()
        })
        .await;
        let path = format!("{}/members", bench.list());
        let contact = bench.somebody(Status::Subscribed);
        let at = bench.get(&bench.member(&contact)).await["last_changed"]
            .as_str()
            .unwrap()
            .replace("+00:00", "Z");
        for end in ["since_last_changed", "before_last_changed"] {
            let rows = bench.all(&format!("{path}?{end}={at}"), "members").await;
            assert_eq!(
                rows.iter()
                    .any(|row| row["id"] == contact.email_id.as_str()),
                inclusive
            );
        }
    }
}

#[tokio::test]
async fn a_malformed_time_in_a_filter_gives_the_whole_list() {
    let bench = Bench::plain().await;
    let path = format!("{}/members", bench.list());
    let all = bench.get(&path).await["total_items"].clone();
    let good = bench
        .get(&format!("{path}?since_last_changed=2026-06-01T00:00:00Z"))
        .await["total_items"]
        .clone();
    let bare = bench
        .get(&format!(
            "{path}?since_last_changed=2026-06-01T00:00:00+00:00"
        ))
        .await["total_items"]
        .clone();
    assert_ne!(good, all);
    assert_eq!(bare, all);
}

#[tokio::test]
async fn members_sort_by_last_changed() {
    let bench = Bench::plain().await;
    let path = format!(
        "{}/members?sort_field=last_changed&fields=members.last_changed,total_items",
        bench.list()
    );
    let rows = bench.all(&format!("{path}&sort_dir=ASC"), "members").await;
    assert!(rows.is_sorted_by_key(|row| row["last_changed"].as_str().unwrap().to_owned()));
    let down = bench.all(&format!("{path}&sort_dir=DESC"), "members").await;
    assert_eq!(down[0], rows[rows.len() - 1]);
}

#[tokio::test]
async fn unsubscribed_since_needs_the_status() {
    let bench = Bench::plain().await;
    let path = format!(
        "{}/members?unsubscribed_since=2026-01-01T00:00:00Z",
        bench.list()
    );
    assert_eq!(bench.ask("GET", &path, "").await.status, 400);
    let rows = bench
        .all(&format!("{path}&status=unsubscribed"), "members")
        .await;
    assert!(!rows.is_empty());
    assert!(
        rows.iter()
            .all(|row| row["status"] == "unsubscribed"
                && row["last_changed"].as_str() > Some("2026"))
    );
}

#[tokio::test]
async fn a_member_is_found_by_hash_address_and_contact_id() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    for key in [
        &contact.email_id,
        &contact.address.replace('@', "%40"),
        &contact.contact_id,
    ] {
        let found = bench.get(&format!("{}/members/{key}", bench.list())).await;
        assert_eq!(found["email_address"], contact.address.as_str());
    }
}

#[tokio::test]
async fn a_new_address_changes_the_id_but_not_the_contact_id() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    let unique = bench.get(&bench.member(&contact)).await["unique_email_id"].clone();
    assert!(
        bench
            .mailchimp
            .readdress(&contact.address, "nieuw@example.org")
    );
    assert_eq!(
        bench.ask("GET", &bench.member(&contact), "").await.status,
        404
    );
    let found = bench
        .get(&format!("{}/members/{}", bench.list(), contact.contact_id))
        .await;
    assert_eq!(found["email_address"], "nieuw@example.org");
    assert_eq!(found["unique_email_id"], unique);
    assert_ne!(found["id"], contact.email_id.as_str());
}

#[tokio::test]
async fn absent_times_are_empty_texts_and_others_end_in_a_zone() {
    let bench = Bench::plain().await;
    let rows = bench
        .all(&format!("{}/members", bench.list()), "members")
        .await;
    assert!(rows.iter().any(|row| row["timestamp_signup"] == ""));
    assert!(
        rows.iter()
            .all(|row| row["last_changed"].as_str().unwrap().ends_with("+00:00"))
    );
    let drafts = bench.get("/campaigns?status=save").await;
    assert_eq!(drafts["campaigns"][0]["send_time"], "");
}

#[tokio::test]
async fn a_list_answer_shows_fifty_tags_and_counts_all() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    let tags: Vec<_> = (0..60)
        .map(|n| json!({"name": format!("t{n}"), "status": "active"}))
        .collect();
    let path = bench.member(&contact);
    bench
        .ask(
            "POST",
            &format!("{path}/tags"),
            &json!({"tags": tags}).to_string(),
        )
        .await;
    let member = bench.get(&path).await;
    assert_eq!(member["tags"].as_array().unwrap().len(), 50);
    let worn = 60 + contact.tags.len();
    assert_eq!(member["tags_count"], worn);
    assert_eq!(bench.all(&format!("{path}/tags"), "tags").await.len(), worn);
}

#[tokio::test]
async fn members_carry_tags_and_fields_of_others() {
    let bench = Bench::plain().await;
    let contacts = bench.mailchimp.contacts();
    assert!(
        contacts
            .iter()
            .any(|contact| contact.tags.contains(&"nurture".to_owned()))
    );
    assert!(contacts.iter().all(|contact| contact.fields["FNAME"] != ""));
    assert!(
        contacts
            .iter()
            .any(|contact| contact.fields["ADDRESS"].is_object())
    );
    assert!(
        contacts
            .iter()
            .any(|contact| contact.fields["ADDRESS"] == "")
    );
}

#[tokio::test]
async fn orders_are_served_with_the_campaign_that_led_to_them() {
    let bench = Bench::plain().await;
    let orders = bench.all("/ecommerce/orders", "orders").await;
    assert_eq!(orders.len(), bench.world.read().unwrap().orders().len());
    let campaign = orders
        .iter()
        .find_map(|order| order["campaign_id"].as_str().filter(|id| !id.is_empty()))
        .unwrap();
    let report = bench.get(&format!("/reports/{campaign}")).await;
    let filtered = bench
        .get(&format!("/ecommerce/orders?campaign_id={campaign}"))
        .await;
    assert_eq!(report["ecommerce"]["total_orders"], filtered["total_items"]);
    assert_eq!(bench.get("/ecommerce/stores").await["total_items"], 1);
}

#[tokio::test]
async fn a_second_list_is_an_option_and_shares_addresses() {
    let bench = Bench::new(Options {
        second_list: true,
        ..Options::default()
    })
    .await;
    let lists = bench.get("/lists").await;
    assert_eq!(lists["total_items"], 2);
    let contacts = bench.mailchimp.contacts();
    let both = contacts
        .iter()
        .filter(|a| {
            contacts
                .iter()
                .any(|b| a.list != b.list && a.email_id == b.email_id)
        })
        .count();
    assert!(both > 0);
}
