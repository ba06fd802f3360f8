//! The rows of section E that are not here: where they are proved, or what they wait for.

/// Where a row is proved, or why it is not.
enum Row {
    /// By this test of this file.
    Proved(&'static str, &'static str),
    /// By other files, or in part here; in words.
    Told(&'static str),
    /// By nothing before that part of the program is built.
    Waits(&'static str),
    /// It is in neither the sample nor the contract.
    Unknown,
}

use Row::{Proved, Told, Unknown, Waits};

const CLEANING: &str = "src/clean/tests.rs";
const PUSH: &str = "src/push/tests/numbers.rs";
const INVARIANTS: &str = "tests/scoring/invariants.rs";

const PRIVACY: &str = "privacy";

/// A row that comes true moves into a test.
#[rustfmt::skip]
const ELSEWHERE: [(&str, Row); 47] = [
    ("FU-04, the warning", Told("`linter`")),
    ("MX-06, MX-07, MX-08", Told("not printed in the sample; every cell and limit is in `funnel`")),
    ("MB-06, starts", Proved("tests/it/mailblue.rs", "mb_06_one_deal_and_a_second_entry_that_is_suppressed")),
    ("MB-06, scores", Told("`timeline`")),
    ("MB-07, MB-08", Unknown),
    ("MB-09", Proved("tests/kill.rs", "nothing_is_started_twice_whatever_kills_its_push")),
    ("MB-10", Proved("src/push/tests/starts.rs", "mb_10_a_first_import_starts_nothing_until_somebody_asks_and_then_through_the_guard")),
    ("MB-10, nothing unasked on a first run", Proved("tests/it/ghost.rs", "the_first_push_is_held_approved_carried_out_and_followed_by_silence")),
    ("MG-06, the list emptied", Proved("src/rules/fake.rs", "real_words_are_excused_by_the_list_alone")),
    ("MG-11, MG-12", Unknown),
    ("MG-13", Proved("src/insight/rates/tests.rs", "mg_13_forty_of_a_hundred_against_fifteen_percent_are_25_points_16_cautious")),
    ("MG-16", Proved("src/insight/tests.rs", "mg_16_what_was_filled_in_after_the_purchase_is_left_out_and_reported")),
    ("MG-17", Proved("src/insight/regression/tests.rs", "mg_17_the_table_without_penalty_gives_the_reference_to_the_last_digit")),
    ("MG-19", Told("the refusal below 50 conversions: tests/it/insight.rs")),
    ("BB-03, sales told once", Proved("src/push/tests/starts.rs", "mb_06_points_expire_and_the_second_entry_falls_into_the_cooldown")),
    ("DC-09, a reset that is an event", Told("not in the contract; an adjustment does it in `sums`")),
    ("WB-01, WB-03, WB-06", Unknown),
    ("WB-02", Proved(PUSH, "wb_02_a_change_of_band_is_sent_within_the_deadband")),
    ("WB-02, foreign tags untouched at a platform", Proved("tests/it/mailchimp.rs", "the_first_push_makes_the_field_as_planned_and_is_followed_by_silence")),
    ("WB-02, a week of news and a deadband of 3", Proved("tests/it/mailchimp.rs", "a_week_of_news_moves_only_the_numbers_that_moved_far_enough")),
    ("WB-04", Proved(PUSH, "wb_04_of_a_thousand_changes_three_are_refused_named_and_tried_again")),
    ("WB-05", Waits("webhooks")),
    ("WB-05, what we wrote is read back and starts nothing", Proved("tests/it/mailchimp.rs", "the_first_push_makes_the_field_as_planned_and_is_followed_by_silence")),
    ("WB-07", Proved("tests/it/ghost.rs", "the_first_push_is_held_approved_carried_out_and_followed_by_silence")),
    ("CL-01", Proved(CLEANING, "fifty_of_a_hundred_and_twenty_go_on_longest_silence_first")),
    ("CL-03", Proved(CLEANING, "who_bought_last_month_is_no_candidate_unless_the_policy_says_so")),
    ("CL-03, the segment that cleaning will ask", Told("`hygiene`")),
    ("CL-05", Proved(CLEANING, "the_win_back_comes_first_and_who_opens_its_second_mail_is_back_at_once")),
    ("CL-05, reading ends it at once", Told("`hygiene`")),
    ("CL-07", Proved(CLEANING, "a_reader_with_an_old_open_and_a_new_one_is_never_a_candidate")),
    ("CL-07, an open a year ago and one yesterday", Told("`hygiene`")),
    ("CL-09", Proved(CLEANING, "undo_on_day_thirty_restores_status_and_tags_as_exported")),
    ("CN-01, CN-03", Unknown),
    ("CN-02", Waits(PRIVACY)),
    ("CN-04", Waits(PRIVACY)), // No objection to profiling is stored yet.
    ("CN-05", Waits(PRIVACY)),
    ("E.9-1", Proved(INVARIANTS, "the_order_in_which_facts_came_in_does_not_matter")),
    ("E.9-2", Told("src/rescore/tests.rs, and `verify` after incremental runs in tests/it")),
    ("E.9-3", Proved(INVARIANTS, "a_later_qualifying_event_never_makes_an_absence_start_sooner")),
    ("E.9-4", Proved(INVARIANTS, "without_new_events_an_absence_comes_once_and_never_goes")),
    ("E.9-5", Proved(INVARIANTS, "the_shown_lines_add_up_to_the_sum")),
    ("E.9-6", Proved("src/store/tests/append.rs", "replay_shows_only_what_was_known")),
    ("E.9-7", Proved(INVARIANTS, "a_scanner_never_raises_a_score_and_taking_the_mark_off_restores_it")),
    ("E.9-8", Told("src/push/tests.rs, and the second runs of tests/it")),
    ("E.9-9", Told("src/automation/tests/days.rs")),
    ("E.9-10", Told("two histories in `sums`; the property beside the other invariants")),
    ("CP and BQ, the shoe shop", Proved("tests/scoring/acceptance.rs", "the_acceptance_cases_come_out_as_expected")),
];

/// Prints them all. A test that is named must be there.
#[test]
fn the_rows_that_are_elsewhere_are_told() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for (id, row) in ELSEWHERE {
        match row {
            Proved(file, test) => {
                println!("{id}: {file}, {test}");
                let text = std::fs::read_to_string(root.join(file)).unwrap();
                assert!(
                    text.contains(&format!("fn {test}(")),
                    "{file} has no {test}"
                );
            }
            Told(words) => println!("{id}: {words}"),
            Waits(part) => println!("{id}: waits for {part}, a later issue"),
            Unknown => println!("{id}: not printed in the sample"),
        }
    }
}
