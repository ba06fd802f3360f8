//! Decay, caps, groups, floor and merging (section E.7), on rules of their own.

use serde_json::json;

use super::person::{Person, Scored, own};

const AS_OF: &str = "2026-06-15";

fn form_of_january() -> Person {
    Person::new().did("form_submit", "2026-01-15", json!({}))
}

#[test]
fn dc_01_a_linear_decay_takes_its_share_at_each_whole_month() {
    let config =
        own("[scores.s]\nrules = [{ when = 'form submit', points = 10, decay = '50% per month' }]");
    let scored = form_of_january().under(&config);
    for (on, expected) in [
        ("2026-01-15", "10"),
        ("2026-02-14", "10"),
        ("2026-02-15", "5"),
        ("2026-03-14", "5"),
        ("2026-03-15", "0"),
        ("2027-01-15", "0"),
    ] {
        assert_eq!(scored.on(on).raw("s"), expected, "{on}");
    }
}

#[test]
fn dc_02_each_month_is_counted_from_the_event_and_a_share_need_not_come_out_even() {
    let config =
        own("[scores.s]\nrules = [{ when = 'form submit', points = 10, decay = '40% per month' }]");
    let scored = Person::new()
        .did("form_submit", "2026-01-31", json!({}))
        .under(&config);
    for (on, expected) in [
        ("2026-02-27", "10"),
        ("2026-02-28", "6"),
        ("2026-03-30", "6"),
        ("2026-03-31", "2"),
        ("2026-04-29", "2"),
        ("2026-04-30", "0"),
    ] {
        assert_eq!(scored.on(on).raw("s"), expected, "{on}");
    }
}

#[test]
fn dc_03_a_half_life_halves_in_its_days() {
    let config = own(
        "[scores.s]\nrules = [{ when = 'form submit', points = 10, decay = 'half-life 30 days' }]",
    );
    let scored = form_of_january().under(&config);
    for (on, expected) in [
        ("2026-01-15", "10"),
        ("2026-02-14", "5"),
        ("2026-02-15", "4.886"),
        ("2026-03-15", "2.558"),
        ("2026-04-15", "1.25"),
    ] {
        assert_eq!(scored.on(on).raw("s"), expected, "{on}");
    }
}

/// Five links of a mail of 16 April, and one of 15 June.
fn clicks() -> Person {
    let old = ["a", "b", "c", "d", "e"]
        .iter()
        .fold(Person::new(), |person, link| {
            person.clicked("n1", &format!("https://shop.example/{link}"), "2026-04-16")
        });
    old.clicked("n2", "https://shop.example/f", "2026-06-15")
}

#[test]
fn dc_04_decay_comes_before_the_cap() {
    let config = own(
        "[scores.s]\nrules = [{ when = 'click', points = 10, at_most = 30, decay = 'half-life 30 days' }]",
    );
    // 60 days are two half-lives: 5 x 2.5 + 10.
    assert_eq!(clicks().under(&config).on(AS_OF).raw("s"), "22.5");
}

#[test]
fn dc_05_without_decay_the_cap_holds_and_penalties_fade_only_if_asked() {
    let config = own("[scores.s]\nrules = [{ when = 'click', points = 10, at_most = 30 }]");
    assert_eq!(clicks().under(&config).on(AS_OF).raw("s"), "30");
    let config = own(
        "[scores.s]\nrules = [{ when = 'like', points = -10 }]\n[scores.t]\nrules = [{ when = 'like', points = -10, decay = 'half-life 30 days' }]",
    );
    let scored = Person::new()
        .did("like", "2026-05-16", json!({}))
        .under(&config);
    assert_eq!(
        (
            scored.on(AS_OF).raw("s").as_str(),
            scored.on(AS_OF).raw("t").as_str()
        ),
        ("-10", "-5")
    );
}

#[test]
fn a_cap_per_day_gives_the_event_that_crosses_it_the_rest() {
    let config =
        own("[scores.s]\nrules = [{ when = 'click', points = 10, at_most = [45, '25 per day'] }]");
    // 16 April: 10 + 10 + 5 + 0 + 0. With 15 June 35, below 45.
    assert_eq!(clicks().under(&config).on(AS_OF).raw("s"), "35");
    let more = clicks()
        .clicked("n2", "https://shop.example/g", "2026-06-15")
        .clicked("n2", "https://shop.example/h", "2026-06-15");
    assert_eq!(more.under(&config).on(AS_OF).raw("s"), "45");
}

const GROUPS: &str = "
[scores.s]
rules = [
  { when = 'like', points = 10, group = 'awareness' },
  { when = 'webinar', points = 25, group = 'conversion' },
  { when = 'unlike', points = -10, group = 'awareness' },
]
groups.awareness = { max = 40, min = -15 }
groups.conversion = { max = 60 }
";

fn times(person: Person, kind: &str, number: u32) -> Person {
    (0..number).fold(person, |person, _| {
        person.did(kind, "2026-06-01", json!({}))
    })
}

#[test]
fn dc_06_a_group_has_a_most() {
    let person = times(times(Person::new(), "like", 7), "webinar", 2);
    let scored = person.under(&own(GROUPS));
    let seen = scored.on(AS_OF);
    // 70 held at 40, and 50.
    assert_eq!(seen.raw("s"), "90");
    assert_eq!(
        seen.lines("s"),
        ["like: 70", "webinar: 50", "Group(0): -30"]
    );
}

#[test]
fn dc_07_a_group_has_a_least_and_what_is_negative_a_floor() {
    let person = times(Person::new(), "unlike", 3);
    assert_eq!(person.under(&own(GROUPS)).on(AS_OF).raw("s"), "-15");
    // Deep below, three clicks would not show; with a floor they do.
    let rules = "rules = [{ when = 'unlike', points = -40 }, { when = 'click', points = 10 }]";
    let config = own(&format!(
        "[scores.deep]\n{rules}\n[scores.floored]\n{rules}\npenalty_floor = -60"
    ));
    let person = ["a", "b", "c"]
        .iter()
        .fold(times(Person::new(), "unlike", 3), |person, link| {
            person.clicked("n1", &format!("https://shop.example/{link}"), "2026-06-08")
        });
    let scored = person.under(&config);
    let seen = scored.on(AS_OF);
    assert_eq!((seen.shown("deep"), seen.shown("floored")), (-90, -30));
    assert_eq!(
        seen.lines("floored"),
        ["unlike: -120", "click: 30", "Floor: 60"]
    );
}

#[test]
fn dc_08_merged_histories_are_a_union_and_no_sum() {
    let config =
        own("[scores.s]\nrules = [{ when = 'open', points = 1 }, { when = 'click', points = 10 }]");
    let click = || json!({ "campaign": "n2", "link": "https://shop.example/a", "id": "2" });
    let one = Person::new()
        .did("open", "2026-06-01", json!({ "campaign": "n1", "id": "1" }))
        .did("click", "2026-06-08", click());
    let other = Person::new().did("click", "2026-06-08", click()).did(
        "open",
        "2026-06-09",
        json!({ "campaign": "n3", "id": "3" }),
    );
    assert_eq!(one.under(&config).on(AS_OF).shown("s"), 11);
    assert_eq!(other.under(&config).on(AS_OF).shown("s"), 11);
    for files in [[one.jsonl(), other.jsonl()], [other.jsonl(), one.jsonl()]] {
        assert_eq!(Scored::new(&config, &files).on(AS_OF).shown("s"), 12);
    }
}

/// The reference has a reset as an event of its own. The contract has none: what is
/// set back is adjusted by hand, with a date, an end and a reason, and can be withdrawn.
#[test]
fn dc_09_a_score_set_back_by_hand_forgets_what_was_and_counts_what_comes() {
    let config = own(
        "[scores.engagement]\nrules = [{ when = 'click', points = 10 }]\n[scores.fit]\nrules = [{ when = \"field country is 'NL'\", points = 20 }]",
    );
    let person = Person::new()
        .field("country", "NL")
        .clicked("n1", "https://shop.example/a", "2026-05-30")
        .clicked("n2", "https://shop.example/b", "2026-06-02");
    let scored = person
        .under(&config)
        .adjusted("engagement", -10, "2026-06-01", "2027-06-01");
    for (on, expected) in [
        ("2026-05-31", 10),
        ("2026-06-01", 0),
        ("2026-06-02", 10),
        ("2027-05-31", 10),
        ("2027-06-01", 20),
    ] {
        assert_eq!(scored.on(on).shown("engagement"), expected, "{on}");
        assert_eq!(scored.on(on).shown("fit"), 20, "{on}");
    }
    let withdrawn = person.under(&config);
    assert_eq!(withdrawn.on(AS_OF).shown("engagement"), 20);
}
