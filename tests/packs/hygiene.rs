//! `list-hygiene`: who has stopped reading, and all the reasons for which nobody can say so.

use serde_json::json;

use super::person::{Person, load, pack, text};

const PACK: &str = "list-hygiene";
const AS_OF: &str = "2026-06-15";

/// The segments of a person on the date of section E.
fn segments(person: &Person) -> Vec<String> {
    segments_on(person, AS_OF)
}

fn segments_on(person: &Person, as_of: &str) -> Vec<String> {
    let scored = person.under(&pack(PACK));
    let seen = scored.on(as_of);
    seen.segments()
        .iter()
        .map(|name| (*name).to_owned())
        .collect()
}

/// Mailed for a year, and last read on that day.
fn last_read(on: &str) -> Person {
    Person::new().mailed().opened("old", on)
}

#[test]
fn a_reader_is_in_none() {
    assert_eq!(segments(&last_read("2026-06-08")), Vec::<String>::new());
    // The trap of deleting whoever has some old open: a year ago and yesterday.
    let daily = Person::new()
        .mailed()
        .opened("old", "2025-06-16")
        .opened("new", "2026-06-14");
    assert_eq!(segments(&daily), Vec::<String>::new());
}

#[test]
fn three_months_are_a_risk_six_are_sleep_and_twelve_are_to_clean() {
    // 15 March and 3 months are 15 June.
    assert_eq!(segments(&last_read("2026-03-16")), Vec::<String>::new());
    assert_eq!(segments(&last_read("2026-03-15")), ["at risk"]);
    assert_eq!(segments(&last_read("2025-12-16")), ["at risk"]);
    assert_eq!(segments(&last_read("2025-12-15")), ["sleeping", "win-back"]);
    assert_eq!(segments(&last_read("2025-06-16")), ["sleeping", "win-back"]);
    assert_eq!(
        segments(&last_read("2025-06-15")),
        ["sleeping", "win-back", "to clean"]
    );
}

#[test]
fn a_click_is_as_good_as_an_open() {
    let clicked = Person::new()
        .mailed()
        .clicked("old", "https://shop.example/a", "2026-01-15");
    assert_eq!(segments(&clicked), ["at risk"]);
    let both = last_read("2025-07-01").clicked("new", "https://shop.example/a", "2026-06-01");
    assert_eq!(segments(&both), Vec::<String>::new());
}

#[test]
fn a_click_is_a_risk_and_sleep_on_the_same_days_as_an_open() {
    let clicked = |on: &str| {
        Person::new()
            .mailed()
            .clicked("old", "https://shop.example/a", on)
    };
    assert_eq!(segments(&clicked("2026-03-16")), Vec::<String>::new());
    assert_eq!(segments(&clicked("2026-03-15")), ["at risk"]);
    assert_eq!(segments(&clicked("2025-12-16")), ["at risk"]);
    assert_eq!(segments(&clicked("2025-12-15")), ["sleeping", "win-back"]);
    assert_eq!(
        segments(&clicked("2025-06-15")),
        ["sleeping", "win-back", "to clean"]
    );
}

#[test]
fn whoever_never_read_is_no_candidate_for_winning_back() {
    assert_eq!(
        segments(&Person::new().mailed()),
        ["sleeping", "never engaged", "to clean"]
    );
}

#[test]
fn ten_mails_are_needed_and_the_tenth_counts_the_day_after() {
    let mailed = |to: &str| Person::new().mailed_weekly("2026-01-05", to);
    // Nine Mondays to 2 March, ten to 9 March.
    assert_eq!(
        segments_on(&mailed("2026-03-02"), "2026-06-15"),
        Vec::<String>::new()
    );
    let ten = mailed("2026-03-09");
    assert_eq!(segments_on(&ten, "2026-03-09"), Vec::<String>::new());
    assert!(segments_on(&ten, "2026-03-10").contains(&"never engaged".to_owned()));
}

#[test]
fn an_own_number_of_mails_takes_the_place_of_ten() {
    let config = load(&text(&[PACK], "[absence]\nmin_sends = 3")).unwrap();
    let person = Person::new().mailed_weekly("2026-01-05", "2026-01-19");
    let scored = person.under(&config);
    assert!(scored.on(AS_OF).segments().contains(&"never engaged"));
}

#[test]
fn whoever_is_new_was_hardly_mailed_or_cannot_be_seen_is_unknown() {
    let new = Person::new()
        .subscribed("2026-04-01")
        .mailed_weekly("2026-04-06", "2026-06-08");
    let scored = new.under(&pack(PACK));
    let seen = scored.on(AS_OF);
    // Ten mails unread are ten mails unread; half a year it is not yet.
    assert_eq!(seen.segments(), ["never engaged"]);
    assert!(seen.unknown_segments().contains(&"sleeping"));

    let hardly = Person::new().mailed_weekly("2026-05-04", "2026-06-08");
    assert_eq!(segments(&hardly), Vec::<String>::new());

    let untracked = (1..=12).fold(Person::new(), |person, month| {
        let send = json!({ "campaign": format!("m{month}"), "tracked": false });
        person.did("send", &format!("2025-{month:02}-05"), send)
    });
    assert_eq!(segments(&untracked), Vec::<String>::new());

    // A proxy opens some mail each month from the first on.
    let apple = (0..12).fold(Person::new().mailed(), |person, month| {
        let on = chrono::NaiveDate::from_ymd_opt(2025, 6, 16).unwrap() + chrono::Months::new(month);
        let proxy = json!({ "campaign": format!("weekly {on}"), "verdict": "privacy_proxy" });
        person.did("open", &on.to_string(), proxy)
    });
    let scored = apple.under(&pack(PACK));
    assert_eq!(scored.on(AS_OF).segments(), Vec::<&str>::new());
    assert!(
        scored
            .on(AS_OF)
            .unknown_segments()
            .contains(&"never engaged")
    );
}

#[test]
fn nobody_sleeps_over_days_that_were_not_synced() {
    let gap = "{\"gap\":{\"from\":\"2026-04-10\",\"to\":\"2026-04-24\",\"kinds\":[\"open\",\"click\"]}}\n";
    let person = last_read("2025-12-15");
    let scored = super::person::Scored::new(&pack(PACK), &[person.jsonl(), gap.to_owned()]);
    let seen = scored.on(AS_OF);
    assert_eq!(seen.segments(), Vec::<&str>::new());
    assert!(seen.unknown_segments().contains(&"sleeping"));
}

#[test]
fn whoever_may_not_be_mailed_is_no_candidate() {
    let reader = || last_read("2025-05-15");
    let left = reader().status(Some("unsubscribed"));
    assert_eq!(segments(&left), ["sleeping"]);
    let left = reader()
        .status(None)
        .did("unsubscribe", "2026-06-01", json!({}));
    assert_eq!(segments(&left), ["sleeping"]);
    // Where nobody says anything, nobody is proposed.
    assert_eq!(segments(&reader().status(None)), ["sleeping"]);
}

#[test]
fn a_bounce_is_told_until_the_address_works_again() {
    let bounced = last_read("2026-06-01").status(None).did(
        "bounce",
        "2026-06-08",
        json!({ "bounce": "hard", "campaign": "weekly 2026-06-08" }),
    );
    assert_eq!(segments(&bounced), ["bouncing"]);
    let works = bounced.did("delivery", "2026-06-10", json!({ "campaign": "n24" }));
    assert_eq!(segments(&works), Vec::<String>::new());
}

/// The cleaning itself (CL-01 to CL-09) is in `src/clean/tests.rs`; whom the pack's segments meet is here.
#[test]
fn cl_03_a_shop_adds_that_a_customer_is_not_asleep() {
    let person = last_read("2025-09-15").did(
        "purchase",
        "2026-05-15",
        json!({ "item": "shoes", "value": "80.00" }),
    );
    assert_eq!(
        segments(&person),
        ["sleeping", "win-back", "recent customer"],
        "the pack alone asks nothing about purchases"
    );
    let own = "[segments]\nwin-back = \"segment 'sleeping' and (any open or any click) and status is subscribed and fewer than 1 purchase in 12 months\"";
    let shop = load(&text(&[PACK], own)).unwrap();
    let scored = person.under(&shop);
    assert_eq!(scored.on(AS_OF).segments(), ["sleeping", "recent customer"]);
    // 15 May and a year: then asleep again, for long.
    assert!(
        scored
            .on("2027-05-14")
            .segments()
            .contains(&"recent customer")
    );
    assert!(scored.on("2027-05-15").segments().contains(&"win-back"));
}

#[test]
fn reading_again_ends_it_at_once() {
    let person = last_read("2025-05-15").opened("win-back 2", "2026-06-15");
    assert_eq!(
        segments_on(&person, "2026-06-14"),
        ["sleeping", "win-back", "to clean"]
    );
    assert_eq!(segments(&person), Vec::<String>::new());
}
