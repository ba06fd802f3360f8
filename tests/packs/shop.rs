//! `copernica-shop`: the design's acceptance cases run elsewhere; here are its two scores as one picks the pack.

use serde_json::json;

use super::person::{Person, pack};

const PACK: &str = "copernica-shop";
const AS_OF: &str = "2026-06-15";
const HOME: &str = "https://shop.example/";

fn bought(item: &str, quantity: u32, value: &str) -> serde_json::Value {
    json!({ "item": item, "quantity": quantity, "value": value, "currency": "EUR" })
}

#[test]
fn a_customer_who_reads_is_an_ambassador() {
    let person = Person::new()
        .mailed()
        .did("signup", "2024-01-10", json!({}))
        .did("signup", "2025-01-10", json!({}))
        .did("purchase", "2026-05-02", bought("shoes", 2, "240.00"))
        .did("purchase", "2026-05-03", bought("accessory", 1, "10.01"))
        .visited(HOME, "2026-05-02 09:00")
        .visited(HOME, "2026-05-02 21:00")
        .visited("https://shop.example/#top", "2026-05-03")
        .did("like", "2026-05-04", json!({}))
        .did("share", "2026-05-04", json!({}))
        .opened("weekly 2026-06-08", "2026-06-08")
        .clicked("weekly 2026-06-08", "https://shop.example/a", "2026-06-08")
        .clicked("weekly 2026-06-08", "https://shop.example/a", "2026-06-09");
    let scored = person.under(&pack(PACK));
    let seen = scored.on(AS_OF);
    assert_eq!(
        seen.lines("engagement"),
        [
            "purchase of 'shoes': 40",
            "purchase of 'accessory': 5",
            "total purchases in 1 year > 250: 30",
            "signup: 10",
            "like: 5",
            "page visit on 'https://shop.example/': 20",
            "open: 1",
            "click: 10",
            "share: 15",
        ]
    );
    assert_eq!(
        (seen.shown("engagement"), seen.band("engagement")),
        (136, "ambassador")
    );
}

#[test]
fn a_customer_who_has_left_is_not_engaged() {
    let person = Person::new()
        .mailed()
        .did("purchase", "2024-03-01", bought("shoes", 1, "80.00"))
        .did("bounce", "2026-06-01", json!({ "bounce": "hard" }))
        .did("unsubscribe", "2026-06-02", json!({}));
    let scored = person.under(&pack(PACK));
    let seen = scored.on(AS_OF);
    // 20 - 20 - 15 - 25 - 30 - 10 - 15.
    assert_eq!(
        seen.lines("engagement"),
        [
            "purchase of 'shoes': 20",
            "total purchases in 1 year < 25: -20",
            "no purchase in 6 months: -15",
            "unsubscribe: -25",
            "bounce: -30",
            "no open in 3 months: -10",
            "no click in 6 months: -15",
        ]
    );
    assert_eq!(
        (seen.shown("engagement"), seen.band("engagement")),
        (-95, "not engaged")
    );
}

#[test]
fn each_band_begins_where_it_says() {
    let mut scored = Person::new().under(&pack(PACK));
    for (points, band) in [
        (46, "ambassador"),
        (45, "engaged"),
        (1, "engaged"),
        (0, "neutral"),
        (-1, "not engaged"),
    ] {
        scored.facts.adjustments.clear();
        scored = scored.adjusted("engagement", points, "2026-01-01", "2027-01-01");
        assert_eq!(scored.on(AS_OF).band("engagement"), band, "{points}");
    }
}

#[test]
fn fit_is_20_10_15_and_less_for_free_mail_and_a_fake_name() {
    let person = Person::new()
        .field("country", "NL")
        .field("city", "Utrecht")
        .field("job_title", "Account Manager")
        .field("last_name", "de Vries");
    let scored = person.under(&pack(PACK));
    let seen = scored.on(AS_OF);
    assert_eq!(
        seen.lines("fit"),
        [
            "field country is 'NL': 20",
            "field city is known: 10",
            "field job_title contains 'manager': 15"
        ]
    );
    assert_eq!((seen.shown("fit"), seen.band("fit")), (45, "C"));
    let fake = Person::at("jan@gmail.com")
        .field("last_name", "qsdf")
        .field("city", "Utrecht");
    let scored = fake.under(&pack(PACK));
    let seen = scored.on(AS_OF);
    assert_eq!(
        seen.lines("fit"),
        [
            "field city is known: 10",
            "email domain is free: -10",
            "field last_name looks fake: -15"
        ]
    );
    assert_eq!((seen.shown("fit"), seen.raw("fit").as_str()), (0, "-15"));
}
