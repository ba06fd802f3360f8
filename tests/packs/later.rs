//! The rows of section E that are not here: where they are proved, or what they wait for.

/// `(row, where or why)`. A row that comes true moves into a test.
const ELSEWHERE: [(&str, &str); 38] = [
    (
        "MB-07, MB-08",
        "automations, a later issue (not printed in the sample)",
    ),
    (
        "MB-06",
        "automations; the score of each of its days is in `timeline`",
    ),
    (
        "MB-09",
        "deals and calls that cannot be repeated: automations, a later issue",
    ),
    (
        "MB-10",
        "automations; that a first push starts nothing unasked: tests/it/ghost.rs, tests/it/mailchimp.rs",
    ),
    ("FU-04, second half", "the warning: `linter`"),
    (
        "MX-06 to MX-08",
        "not printed in the sample; the whole grid and each limit are in `funnel`",
    ),
    (
        "MG-06, second half",
        "the list of words emptied: src/rules/fake.rs",
    ),
    ("MG-11, MG-12", "not printed in the sample"),
    (
        "MG-13 to MG-19",
        "points from close rates, regression: `suggest` and `backtest`, a later issue",
    ),
    (
        "BB-03, second half",
        "sales told once: automations, a later issue",
    ),
    (
        "DC-09",
        "a reset that is an event is not in the contract; done by an adjustment in `sums`",
    ),
    (
        "WB-01, WB-03, WB-06",
        "not printed in the sample; drift and doubt: src/push/tests.rs, tests/it/faults.rs",
    ),
    (
        "WB-02",
        "src/push/tests.rs: wb_02_a_change_of_band_is_sent_within_the_deadband",
    ),
    (
        "WB-04",
        "src/push/tests.rs: wb_04_of_a_thousand_changes_three_are_refused_named_and_tried_again",
    ),
    (
        "WB-05",
        "webhooks, a later issue; that our own tags and fields read back are no news: tests/it/mailchimp.rs, tests/it/ghost.rs",
    ),
    (
        "WB-07",
        "tests/it/ghost.rs: the_first_push_is_held_approved_carried_out_and_followed_by_silence",
    ),
    ("CL-01", "cleaning, a later issue: limit and breaker"),
    (
        "CL-03",
        "cleaning, a later issue; the segment that it would ask is in `hygiene`",
    ),
    (
        "CL-05",
        "cleaning, a later issue; that reading ends the segment at once is in `hygiene`",
    ),
    (
        "CL-07",
        "cleaning, a later issue; the reader of a year ago and of yesterday is in `hygiene`",
    ),
    ("CL-09", "cleaning, a later issue: undo"),
    (
        "CL-02, CL-04, CL-06, CL-08",
        "cleaning, a later issue (not printed in the sample)",
    ),
    (
        "CN-01, CN-03",
        "privacy, a later issue (not printed in the sample)",
    ),
    ("CN-02", "privacy, a later issue: hygiene_only"),
    (
        "CN-04",
        "privacy, a later issue: no objection to profiling is stored yet",
    ),
    ("CN-05", "privacy, a later issue: erasure"),
    (
        "E.9-1",
        "tests/scoring/invariants.rs: the_order_in_which_facts_came_in_does_not_matter",
    ),
    (
        "E.9-2",
        "src/rescore/tests.rs; tests/it: `verify` after incremental runs",
    ),
    (
        "E.9-3",
        "tests/scoring/invariants.rs: a_later_qualifying_event_never_makes_an_absence_start_sooner",
    ),
    (
        "E.9-4",
        "tests/scoring/invariants.rs: without_new_events_an_absence_comes_once_and_never_goes",
    ),
    (
        "E.9-5",
        "tests/scoring/invariants.rs: the_shown_lines_add_up_to_the_sum; and each look of `person`",
    ),
    ("E.9-6", "replay: src/store/tests"),
    ("E.9-7", "tests/scoring/invariants.rs"),
    (
        "E.9-8",
        "src/push/tests.rs, tests/it: a second run is silent",
    ),
    ("E.9-9", "automations, a later issue"),
    (
        "E.9-10",
        "tests/scoring/invariants.rs; two histories in `sums`",
    ),
    (
        "BQ",
        "the design's acceptance cases: tests/scoring/acceptance.rs, tests/it/acceptance.rs",
    ),
    ("B36", "recency, frequency, money: not in the contract"),
];

/// Each test that the table names by name must be there.
#[test]
fn the_rows_that_are_elsewhere_are_told() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for (row, place) in ELSEWHERE {
        println!("{row}: {place}");
        let Some((file, test)) = place.split_once(".rs: ") else {
            continue;
        };
        let path = format!("{}.rs", file.rsplit(' ').next().unwrap());
        let test: String = test
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        if root.join(&path).exists() && test.contains('_') {
            let text = std::fs::read_to_string(root.join(&path)).unwrap();
            assert!(
                text.contains(&format!("fn {test}(")),
                "{path} has no {test}"
            );
        }
    }
}
