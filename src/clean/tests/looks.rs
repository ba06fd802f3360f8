//! What happens between an approval and its deed: on another platform, at another desk, in the configuration.

use chrono::DateTime;
use engaged_connectors::{
    Cursor, Outcome, Page,
    connector::Covered,
    model::{Contact, EventKind, Status, Verdict},
};

use super::{
    UNSUBSCRIBE,
    bench::{Bench, DAY, HOUR, Platform, STREAM, bench, contact, policy, tester},
    plan,
};
use crate::{
    clean::{Cleaning, Site, apply::CleanReport},
    score::{calendar::Zone, facts::ConnectionId},
    store::Stage,
};

/// The configuration with a second connection.
fn on_two(text: &str) -> String {
    let shop =
        "[connections.shop]\nplatform = \"mailchimp\"\nkey = { env = \"KEY2\" }\nmode = \"live\"\n";
    policy(text).replacen("[[automations]]", &format!("{shop}[[automations]]"), 1)
}

/// The same people on a second platform.
struct Shop {
    id: ConnectionId,
    site: Platform,
}

fn shop(bench: &Bench, people: usize) -> Shop {
    let now = bench.now();
    let kinds = vec![EventKind::Open, EventKind::Click, EventKind::Purchase];
    let site = Platform::empty();
    let of = |n: usize| {
        let id = format!("p{n}");
        site.put(&id);
        Contact {
            subscribed_at: DateTime::from_timestamp_millis(now - 900 * DAY),
            ..contact(&id)
        }
    };
    let page = Page {
        contacts: (0..people).map(of).collect(),
        covered: vec![Covered {
            kinds: kinds.clone(),
            from: None,
            through: DateTime::from_timestamp_millis(now).unwrap(),
        }],
        ..Page::empty(Cursor::encode(&0).unwrap(), true)
    };
    let zone = Zone::new(bench.config.zone);
    let made = bench.store.write(move |tx| {
        let id = tx.connection("shop", "mailchimp", 1)?.id;
        tx.declare_stream(id, STREAM, &kinds)?;
        tx.commit_page(id, STREAM, &page, &zone, now)?;
        Ok(id)
    });
    Shop {
        id: made.unwrap(),
        site,
    }
}

/// Cleaning of both, the bench's own platform first or last.
fn both<'b>(bench: &'b Bench, shop: &'b Shop, shop_first: bool) -> Cleaning<'b> {
    let mut cleaning = bench.cleaning();
    let mut connections = bench.config.connections.iter();
    let second = connections.find(|each| each.name == "shop").unwrap();
    let at = usize::from(!shop_first);
    let site = Site::new(second, shop.id, &shop.site);
    cleaning.sites.insert(at, site);
    cleaning
}

async fn apply(cleaning: &Cleaning<'_>) -> CleanReport {
    let plan = cleaning.plan(None).unwrap().policies.remove(0);
    cleaning.apply(&plan.fingerprint, &tester()).await.unwrap()
}

/// Approves while the platform is down, so that all of it waits.
async fn approved_and_waiting(bench: &Bench) {
    bench.site.down(true);
    let report = bench.apply(&plan(bench).fingerprint).await;
    assert_eq!((report.removed, report.retried), (0, 2));
    bench.site.down(false);
}

#[tokio::test]
async fn who_is_seen_on_one_platform_is_taken_off_none() {
    for shop_first in [true, false] {
        for seen_in_shop in [true, false] {
            let bench = bench(&on_two(UNSUBSCRIBE));
            bench.list(100, 2);
            let shop = shop(&bench, 100);
            let seen = if seen_in_shop {
                &shop.site
            } else {
                &bench.site
            };
            let now = bench.now();
            seen.change("p0", |person| person.active_at = Some(now - HOUR));
            let cleaning = both(&bench, &shop, shop_first);
            let report = apply(&cleaning).await;
            assert_eq!((report.removed, report.came_back), (2, 1));
            assert_eq!(bench.stages(), [Stage::CameBack, Stage::Removed]);
            for site in [&bench.site, &shop.site] {
                let of_p0 = site.ledger();
                assert!(
                    of_p0.iter().all(|line| !line.starts_with("p0 ")),
                    "{of_p0:?}"
                );
                assert_eq!(site.person("p1").status, Status::Unsubscribed);
            }
        }
    }
}

#[tokio::test]
async fn who_cannot_be_looked_at_everywhere_waits() {
    let bench = bench(&on_two(UNSUBSCRIBE));
    bench.list(100, 2);
    let shop = shop(&bench, 100);
    shop.site.down(true);
    let cleaning = both(&bench, &shop, false);
    let report = apply(&cleaning).await;
    assert_eq!((report.removed, report.retried), (0, 4));
    assert_eq!(report.unavailable.len(), 2, "{:?}", report.unavailable);
    shop.site.down(false);
    bench.wait(HOUR);
    let later = cleaning.cycle().await.unwrap().remove(0);
    assert_eq!(later.removed, 4);
}

#[tokio::test]
async fn who_is_kept_while_the_removal_is_under_way_stays() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 2);
    let (store, now) = (bench.store.clone(), bench.now());
    bench.site.looked(move || {
        let first = store.read(|conn| conn.cases_of_batch(1)).unwrap()[0].id;
        let keep = store.write(move |tx| tx.set_stage(first, Stage::Kept, "kept by a test", now));
        keep.unwrap();
    });
    let report = bench.apply(&plan(&bench).fingerprint).await;
    assert_eq!(
        (report.removed, report.spared),
        (1, vec![("kept meanwhile".to_owned(), 1)])
    );
    assert_eq!(bench.stages(), [Stage::Kept, Stage::Removed]);
    assert_eq!(bench.removed().into_iter().collect::<Vec<_>>(), ["p1"]);
    // The tag that went on before comes off.
    bench.site.looked(|| ());
    bench.cleaning().cycle().await.unwrap();
    assert_eq!(bench.site.person("p0").tags, Vec::<String>::new());
}

#[tokio::test]
async fn a_pause_that_comes_during_the_last_look_holds() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 2);
    let store = bench.store.clone();
    bench.site.looked(move || {
        store.write(|tx| tx.set_paused(true, "a test", 1)).unwrap();
    });
    let report = bench.apply(&plan(&bench).fingerprint).await;
    assert_eq!((report.removed, report.held.len()), (0, 1));
    assert!(bench.removed().is_empty());
    bench.site.looked(|| ());
    bench
        .store
        .write(|tx| tx.set_paused(false, "a test", 1))
        .unwrap();
    let report = bench.cleaning().cycle().await.unwrap().remove(0);
    assert_eq!(report.removed, 2);
}

#[tokio::test]
async fn what_was_approved_as_something_else_is_not_done() {
    let delete = "then = \"delete\"\ndelete = \"I accept that this cannot be undone\"\nholdout = 0.0\nmax_share = 1.0";
    let mut bench = bench(&policy(delete));
    bench.list(100, 2);
    approved_and_waiting(&bench).await;
    bench.edit(&policy("then = \"tag\"\nholdout = 0.0\nmax_share = 1.0"));
    bench.wait(HOUR);
    let report = bench.cleaning().cycle().await.unwrap().remove(0);
    let why = "approved as delete, and the policy now says tag".to_owned();
    assert_eq!((report.removed, report.spared), (0, vec![(why, 2)]));
    assert_eq!(bench.ledger(), Vec::<String>::new());
}

#[tokio::test]
async fn a_connection_that_the_policy_leaves_is_not_cleaned() {
    let on = |names: &str| on_two(&format!("{UNSUBSCRIBE}\nconnections = [{names}]"));
    let mut bench = bench(&on("\"news\""));
    bench.list(100, 2);
    approved_and_waiting(&bench).await;
    bench.edit(&on("\"shop\""));
    bench.wait(HOUR);
    let report = bench.cleaning().cycle().await.unwrap().remove(0);
    let why = "the policy no longer cleans news".to_owned();
    assert_eq!((report.removed, report.spared), (0, vec![(why, 2)]));
    assert_eq!(bench.ledger(), Vec::<String>::new());
}

#[tokio::test]
async fn an_approval_holds_for_a_week() {
    for (days, removed) in [(6, 2), (8, 0)] {
        let bench = bench(&policy(UNSUBSCRIBE));
        bench.list(100, 2);
        approved_and_waiting(&bench).await;
        bench.wait(days * DAY);
        bench.cover();
        let report = bench.cleaning().cycle().await.unwrap().remove(0);
        assert_eq!(report.removed, removed, "{days}");
        if removed == 0 {
            let why = "approved more than 7 days ago".to_owned();
            assert_eq!(report.spared, [(why, 2)]);
        }
    }
}

#[tokio::test]
async fn a_click_later_on_the_day_of_a_machine_is_a_sign_of_life() {
    let text = policy(&format!("{UNSUBSCRIBE}\nbreaker = 1.0"));
    let text = text.replace("no open in 6 months and ", "");
    let at_midnight = 10 * HOUR + 800_000;
    // The machine's open, the platform's last sign (both before now), and whether the contact stays.
    let cases = [
        (4 * HOUR, 300_000, true),
        (4 * HOUR, 4 * HOUR, false),
        (4 * HOUR, 5 * HOUR, false),
        // A date without a time says no more than the day.
        (11 * HOUR, at_midnight, false),
        (40 * HOUR, at_midnight, true),
        // Of days long read, the platform may be exact in another way than its events.
        (60 * DAY, 60 * DAY - 2_000, false),
    ];
    for (machine, seen, stays) in cases {
        let bench = bench(&text);
        bench.list(1, 1);
        let now = bench.now();
        bench.judged("p0", EventKind::Open, now - machine, Verdict::Scanner);
        bench
            .site
            .change("p0", |person| person.active_at = Some(now - seen));
        let report = bench.apply(&plan(&bench).fingerprint).await;
        assert_eq!(
            (report.removed, report.came_back),
            (u64::from(!stays), u64::from(stays)),
            "{machine} {seen}"
        );
    }
}

#[tokio::test]
async fn an_outcome_that_is_refused_spares_on_that_platform_alone() {
    let bench = bench(&on_two(UNSUBSCRIBE));
    bench.list(100, 2);
    let shop = shop(&bench, 100);
    shop.site
        .answer(|_| (false, Outcome::Rejected("a member of staff".to_owned())));
    let report = apply(&both(&bench, &shop, false)).await;
    assert_eq!(
        (report.removed, report.rejected),
        (2, vec![("a member of staff".to_owned(), 2)])
    );
    assert_eq!(bench.stages(), [Stage::Removed, Stage::Removed]);
}
