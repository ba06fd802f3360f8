//! Who we are is asked before the first reading, and what the key lacks is named.

use chrono::TimeDelta;
use engaged_sandbox::fault::{Fault, Rule, When};

use crate::stage::{Scene, Stage, now};

const SITE: &str = "/ghost/api/admin/site/";

#[test]
fn a_right_that_the_key_lacks_is_named_in_the_report_and_in_status() {
    let stage = Stage::new(&Scene {
        mailchimp: true,
        role: "viewer",
        ..Scene::default()
    });
    for _ in 0..2 {
        let report = stage.program.json(&["sync"]);
        assert_eq!(
            report["sync"][0]["missing"][0], "the role Manager",
            "{report}"
        );
    }
    let status = stage.status_of(0, "shop");
    assert_eq!(status["state"], "ok");
    assert_eq!(status["why"], "the key lacks: the role Manager");
    let text = stage.program.expect(0, &["sync"]).out;
    assert!(text.contains("the key lacks: the role Manager"), "{text}");
}

#[test]
fn a_wrong_key_blocks_at_once_and_nothing_else_is_asked() {
    let stage = Stage::mailchimp(20);
    stage.secret("shop.key", &format!("{}-us1", "0".repeat(32)));
    let run = stage.program.expect(6, &["sync"]);
    assert!(run.out.contains("BLOCKED: E0601"), "{}", run.out);
    assert!(run.out.contains("API Key Invalid"), "{}", run.out);
    assert_eq!(stage.shop().ledger().len(), 1);
    assert_eq!(stage.status_of(8, "shop")["state"], "blocked");

    stage.secret("shop.key", stage.shop().key());
    stage.program.expect(0, &["sync"]);
    assert_eq!(stage.status_of(0, "shop")["state"], "ok");
}

#[test]
fn a_newsletter_that_is_not_there_makes_nobody_look_unsubscribed() {
    let stage = Stage::ghost(20);
    stage.configure(|config| {
        config.replace(
            "[connections.site]",
            "[connections.site]\nlists = [\"Weekbreif\"]",
        )
    });
    let run = stage.program.expect(8, &["sync"]);
    assert!(run.out.contains("E0115"), "{}", run.out);
    assert!(
        run.out.contains("Maandblad"),
        "the ones there are: {}",
        run.out
    );
    assert_eq!(
        stage.rows("select contact_id from identity"),
        Vec::<String>::new()
    );
}

#[test]
fn a_check_that_fails_for_now_keeps_nobody_from_reading() {
    let stage = Stage::ghost(20);
    let rule = stage
        .site_faults()
        .add(Rule::new(SITE, When::From(1), Fault::ServerError(404)));
    stage.program.expect(0, &["sync"]);
    assert_eq!(stage.site_faults().fired(rule), 1);
    stage.site_events_are_the_truth();
}

#[test]
fn one_process_asks_once() {
    let stage = Stage::ghost(20);
    stage.cycles_at(now() - TimeDelta::hours(12), 3);
    assert_eq!(stage.site_ledger().count(SITE), 1);
}
