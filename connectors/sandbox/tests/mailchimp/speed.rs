//! How fast the demo's world is served. Measurements, to be run with `--release -- --ignored --nocapture`.

use std::sync::{Arc, RwLock};
use std::time::Instant;

use engaged_sandbox::fault::FaultPlan;
use engaged_sandbox::mailchimp::{Mailchimp, Options};
use engaged_sandbox::people::{World, WorldSpec};

use crate::client::{Bench, end};

async fn demo() -> Bench {
    let world = World::generate(&WorldSpec::demo(1, end()));
    let world = Arc::new(RwLock::new(world));
    let options = Options {
        events_in_ledger: false,
        ..Options::default()
    };
    let mailchimp = Mailchimp::start(options, Arc::clone(&world), FaultPlan::none());
    Bench {
        mailchimp: mailchimp.await.unwrap(),
        world,
    }
}

/// Reads a collection in pages of 1,000 and gives the number of its rows.
async fn read(bench: &Bench, path: &str) -> usize {
    let mut rows = 0;
    loop {
        let answer = bench
            .ask("GET", &format!("{path}&count=1000&offset={rows}"), "")
            .await;
        assert_eq!(answer.status, 200);
        // Looking for the total is enough: parsing would measure the reader.
        let text = String::from_utf8(answer.body).unwrap();
        let total = text
            .rsplit("\"total_items\":")
            .next()
            .unwrap()
            .trim_end_matches('}');
        let total: usize = total.parse().unwrap();
        rows += 1_000;
        if rows >= total {
            return total;
        }
    }
}

#[tokio::test]
#[ignore = "a measurement; run it with --release"]
async fn the_whole_history_of_the_demo_is_served_within_twenty_seconds() {
    let start = Instant::now();
    let bench = demo().await;
    println!("made in {:?}", start.elapsed());
    let start = Instant::now();
    let fields = "fields=members.id,members.contact_id,members.email_address,members.status,members.merge_fields,members.tags,members.last_changed,total_items";
    let members = read(&bench, &format!("{}/members?{fields}", bench.list())).await;
    println!("{members} members in {:?}", start.elapsed());
    let start = Instant::now();
    let reports = bench.get("/reports?count=1000&fields=reports.id").await;
    println!("reports in {:?}", start.elapsed());
    let start = Instant::now();
    let mut recipients = 0;
    for report in reports["reports"].as_array().unwrap() {
        let id = report["id"].as_str().unwrap();
        let fields = "fields=emails.email_id,emails.activity,total_items";
        recipients += read(&bench, &format!("/reports/{id}/email-activity?{fields}")).await;
    }
    println!("{recipients} recipients in {:?}", start.elapsed());
    assert!(start.elapsed().as_secs() < 20);
}
