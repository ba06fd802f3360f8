//! `mailblue`: fixed points that stay, and dynamic ones that expire. Its day by day is in `timeline`.

use serde_json::json;

use super::person::{Person, load, own, pack, text};

const PACK: &str = "mailblue";
const AS_OF: &str = "2026-06-15";
const PRICES: &str = "https://www.bedrijf.example/prijzen";

#[test]
fn mb_01_a_city_and_a_page_seen_twice_are_20() {
    let person = Person::new()
        .field("city", "Utrecht")
        .visited(PRICES, "2026-05-02")
        .visited(PRICES, "2026-05-09");
    let scored = person.under(&pack(PACK));
    let seen = scored.on(AS_OF);
    assert_eq!(
        seen.lines("engagement"),
        [
            "field city is 'Utrecht': 10",
            "page visit tagged 'pricing': 10"
        ]
    );
    assert_eq!(
        (seen.shown("engagement"), seen.band("engagement")),
        (20, "other")
    );
}

/// `MailBlue` gives points for a field once and for ever. The contract has no such
/// latch: a condition holds its points while it is true.
#[test]
fn mb_02_a_country_is_20_while_it_is_the_country() {
    let points = |country: &str| {
        let person = Person::new().field("country", country);
        person.under(&pack(PACK)).on(AS_OF).shown("engagement")
    };
    assert_eq!(
        (points("NL"), points("nl"), points("BE"), points("")),
        (20, 20, 0, 0)
    );
    let person = Person::new().field("country", "NL");
    let moved = Person::new().field("country", "BE");
    let files = [person.jsonl(), moved.jsonl()];
    let scored = super::person::Scored::new(&pack(PACK), &files);
    assert_eq!(scored.on(AS_OF).shown("engagement"), 0);
}

fn two_mails() -> Person {
    Person::new()
        .opened("a", "2026-06-08 08:00")
        .opened("a", "2026-06-08 09:00")
        .opened("b", "2026-06-09 08:00")
}

/// The reference counts `first 2` in messages, the contract in events. Here both
/// are 10; with `first 3` the reference would say 10, and the contract says 15.
#[test]
fn mb_03_opens_count_per_message_each_once_or_the_first_few() {
    for (count, expected) in [
        ("per message", 10),
        ("each", 15),
        ("once", 5),
        ("first 2", 10),
        ("first 3", 15),
        ("per day", 10),
    ] {
        let config = own(&format!(
            "[scores.s]\nrules = [{{ when = 'open', points = 5, count = '{count}' }}]"
        ));
        assert_eq!(
            two_mails().under(&config).on(AS_OF).shown("s"),
            expected,
            "{count}"
        );
    }
    assert_eq!(
        two_mails().under(&pack(PACK)).on(AS_OF).shown("engagement"),
        10,
        "the pack"
    );
}

#[test]
fn mb_04_a_month_from_the_31st_of_january_ends_on_the_28th_of_february() {
    let person = Person::new().opened("a", "2026-01-31");
    let scored = person.under(&pack(PACK));
    for (as_of, expected) in [
        ("2026-01-30", 0),
        ("2026-01-31", 5),
        ("2026-02-27", 5),
        ("2026-02-28", 0),
    ] {
        assert_eq!(scored.on(as_of).shown("engagement"), expected, "{as_of}");
    }
    // Two months, for whoever mails once a month.
    let rules =
        "[scores.engagement]\nrules = [{ when = 'open', points = 5, expires = '2 months' }]";
    let slower = load(&text(&[], rules)).unwrap();
    let scored = scored.by(&slower);
    assert_eq!(scored.on("2026-03-30").shown("engagement"), 5);
    assert_eq!(scored.on("2026-03-31").shown("engagement"), 0);
}

#[test]
fn mb_04_in_a_leap_year_it_ends_on_the_29th_of_february() {
    let person = Person::new().opened("a", "2024-01-31");
    let scored = person.under(&pack(PACK));
    assert_eq!(scored.on("2024-02-28").shown("engagement"), 5);
    assert_eq!(scored.on("2024-02-29").shown("engagement"), 0);
}

/// The contract's section 4: the earliest stands, and after its expiry a repeat does not take its place.
#[test]
fn a_mail_opened_again_does_not_last_longer() {
    let person = Person::new()
        .opened("a", "2026-05-10")
        .opened("a", "2026-06-05");
    let scored = person.under(&pack(PACK));
    assert_eq!(scored.on("2026-06-09").shown("engagement"), 5);
    assert_eq!(scored.on("2026-06-10").shown("engagement"), 0);
}

#[test]
fn a_click_is_10_for_two_months_and_is_no_open() {
    let person = Person::new().clicked("a", PRICES, "2026-04-30");
    let scored = person.under(&pack(PACK));
    assert_eq!(scored.on("2026-06-29").lines("engagement"), ["click: 10"]);
    assert_eq!(
        scored.on("2026-06-30").lines("engagement"),
        Vec::<String>::new()
    );
}

#[test]
fn what_a_machine_opens_earns_nothing() {
    let by = |verdict: &str| json!({ "campaign": "a", "verdict": verdict });
    let points = |verdict: &str| {
        let person = Person::new().did("open", "2026-06-08", by(verdict));
        person.under(&pack(PACK)).on(AS_OF).shown("engagement")
    };
    assert_eq!((points("human"), points("unknown")), (5, 5));
    assert_eq!((points("privacy_proxy"), points("scanner")), (0, 0));
}

#[test]
fn the_bands_begin_at_25_and_75() {
    let mut scored = Person::new().under(&pack(PACK));
    for (points, band, inside) in [
        (24, "other", false),
        (25, "engaged", false),
        (74, "engaged", false),
        (75, "ambassador", true),
    ] {
        scored.facts.adjustments.clear();
        scored = scored.adjusted("engagement", points, "2026-01-01", "2027-01-01");
        let seen = scored.on(AS_OF);
        assert_eq!(seen.band("engagement"), band, "{points}");
        assert_eq!(seen.segments() == ["ambassadors"], inside, "{points}");
    }
}
