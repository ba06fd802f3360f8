//! The verb that examines connectors, as somebody who writes one runs it.

use crate::program::Program;

#[test]
fn checks_are_shown_with_what_they_counted_and_skips_with_their_reason() {
    let program = Program::with("");
    let words = ["conformance", "mailchimp", "--only", "K1", "--only", "k14"];
    let text = program.expect(0, &words).out;
    assert!(
        text.contains("pass  K1   settings stay compatible"),
        "{text}"
    );
    assert!(text.contains("typed as secret"), "{text}");
    assert!(text.contains("the connector reads no webhooks"), "{text}");
    assert!(
        text.ends_with("mailchimp: 1 passed, 0 failed, 1 skipped\n"),
        "{text}"
    );
    let report = program.json(&words);
    assert_eq!(report["passed"], true);
    assert_eq!(report["checks"][0]["state"], "passed");
    assert!(report["checks"][0]["counts"]["settings"].as_u64().unwrap() > 5);
    assert_eq!(report["checks"][1]["id"], "K14");
    assert_eq!(report["checks"][1]["state"], "skipped");
}

#[test]
fn hours_of_waiting_take_no_time() {
    let program = Program::with("");
    let begun = std::time::Instant::now();
    let report = program.json(&["conformance", "mailchimp", "--only", "K2", "--only", "K10"]);
    assert_eq!(report["checks"][0]["state"], "passed");
    // One of the faults alone is silence for an hour.
    assert!(begun.elapsed().as_secs() < 300);
}

#[test]
fn what_is_not_there_to_examine_is_named() {
    let program = Program::with("");
    let err = program.expect(2, &["conformance", "klaviyo"]).err;
    assert!(err.contains("mailchimp, ghost"), "{err}");
    let err = program
        .expect(2, &["conformance", "ghost", "--only", "K99"])
        .err;
    assert!(err.contains("K1 to K18"), "{err}");
}
