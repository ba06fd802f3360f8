//! `b2b-0-100`: the nearer to buying, the more points; who fits; and forms that nobody meant.

use engaged::score::explain::looks_fake;
use serde_json::json;

use super::person::{Person, load, own, pack, text};

const PACK: &str = "b2b-0-100";
const AS_OF: &str = "2026-06-15";
const SITE: &str = "https://www.bedrijf.example";

fn page(path: &str) -> String {
    format!("{SITE}{path}")
}

fn form(path: &str) -> serde_json::Value {
    json!({ "url": page(path) })
}

#[test]
fn bb_01_one_download_is_cold_and_for_marketing() {
    let scored = Person::new()
        .did("download", "2026-06-08", json!({}))
        .under(&pack(PACK));
    let seen = scored.on(AS_OF);
    assert_eq!(seen.lines("engagement"), ["download: 5"]);
    assert_eq!(
        (
            seen.shown("engagement"),
            seen.band("engagement"),
            seen.stage()
        ),
        (5, "cold", "MQL")
    );
}

/// A download, a webinar, the prices, and two mails opened: 5 + 10 + 3 + 2.
fn bb_02() -> Person {
    Person::new()
        .opened("n22", "2026-06-01")
        .opened("n23", "2026-06-08")
        .did("download", "2026-06-08", json!({}))
        .did("webinar", "2026-06-09", json!({}))
        .visited(&page("/pricing?plan=team"), "2026-06-10")
}

/// The reference does not print this row; with the next one it must be 20.
#[test]
fn bb_02_twenty_points_are_warm_and_for_marketing() {
    let scored = bb_02().under(&pack(PACK));
    let seen = scored.on(AS_OF);
    assert_eq!(
        seen.lines("engagement"),
        [
            "open: 2",
            "page visit tagged 'pricing': 3",
            "download: 5",
            "webinar: 10"
        ]
    );
    assert_eq!(
        (
            seen.shown("engagement"),
            seen.band("engagement"),
            seen.stage()
        ),
        (20, "warm", "MQL")
    );
}

/// That sales are told once is for the automations, a later issue.
#[test]
fn bb_03_a_quote_more_is_hot_and_for_sales() {
    let scored = bb_02()
        .did("form_submit", "2026-06-11", form("/offerte"))
        .under(&pack(PACK));
    let seen = scored.on(AS_OF);
    assert_eq!(
        (
            seen.shown("engagement"),
            seen.band("engagement"),
            seen.stage()
        ),
        (50, "hot", "SQL")
    );
    assert_eq!(scored.on("2026-06-10").stage(), "MQL");
}

#[test]
fn the_bands_begin_at_their_points() {
    let mut scored = Person::new().under(&pack(PACK));
    for (points, band, stage) in [
        (0, "inactive", ""),
        (1, "cold", "MQL"),
        (14, "cold", "MQL"),
        (15, "warm", "MQL"),
        (39, "warm", "MQL"),
        (40, "hot", "SQL"),
    ] {
        scored.facts.adjustments.clear();
        scored = scored.adjusted("engagement", points, "2026-01-01", "2027-01-01");
        let seen = scored.on(AS_OF);
        assert_eq!(
            (seen.band("engagement"), seen.stage()),
            (band, stage),
            "{points}"
        );
    }
}

#[test]
fn bb_04_a_contact_form_is_20_and_an_unfollow_takes_5_until_followed_again() {
    let person = Person::new()
        .did("form_submit", "2026-06-01", form("/contact/thanks"))
        .did("unfollow", "2026-06-02", json!({}))
        .did("follow", "2026-06-05", json!({}));
    let scored = person.under(&pack(PACK));
    assert_eq!(scored.on("2026-06-01").shown("engagement"), 20);
    assert_eq!(scored.on("2026-06-04").shown("engagement"), 15);
    assert_eq!(scored.on("2026-06-05").shown("engagement"), 20);
}

#[test]
fn bb_05_whoever_has_been_on_the_site_and_stays_away_for_60_days_loses_ten() {
    let person = Person::new()
        .did("form_submit", "2026-04-01", form("/contact"))
        .visited(&page("/blog/a"), "2026-04-01");
    let scored = person.under(&pack(PACK));
    // 1 April and 60 days are 31 May.
    assert_eq!(scored.on("2026-05-30").shown("engagement"), 20);
    assert_eq!(scored.on("2026-05-31").shown("engagement"), 10);
    // Never there is not the same as not back.
    let scored = Person::new()
        .did("download", "2026-04-01", json!({}))
        .under(&pack(PACK));
    assert_eq!(scored.on(AS_OF).raw("engagement"), "5");
}

/// The reference calls it an error; in the contract it is a warning of the linter.
#[test]
fn bb_06_a_reward_for_unsubscribing_is_warned_about() {
    let config = load(&text(
        &[],
        "[scores.s]\nrules = [{ when = 'unsubscribe', points = 5 }]",
    ));
    let warnings = config.unwrap().warnings;
    assert_eq!(warnings.len(), 1);
    assert_eq!(
        warnings[0].message,
        "`unsubscribe` earns points, though it is a step away"
    );
}

#[test]
fn bb_07_an_unsubscription_takes_15_until_subscribed_again() {
    let person = bb_02().did("unsubscribe", "2026-06-12", json!({})).did(
        "subscribe",
        "2026-06-14",
        json!({}),
    );
    let scored = person.under(&pack(PACK));
    assert_eq!(
        (
            scored.on("2026-06-12").shown("engagement"),
            scored.on("2026-06-12").band("engagement")
        ),
        (5, "cold")
    );
    assert_eq!(scored.on("2026-06-14").shown("engagement"), 20);
}

#[test]
fn bb_08_a_decision_maker_of_a_middling_company_is_25_and_a_missing_budget_is_unknown() {
    let person = Person::at("jan@gmail.com")
        .field("role", "decision maker")
        .field("employees", "120");
    let scored = person.under(&pack(PACK));
    let seen = scored.on(AS_OF);
    assert_eq!(
        seen.lines("fit"),
        [
            "field role is 'decision maker': 15",
            "field employees >= 50 and field employees < 250: 10",
            "email domain is free: -10"
        ]
    );
    assert!(seen.is_unknown("fit", "field budget >= 10000"));
    // The reference speaks of the three fields alone; the address is MG-08's matter.
    let rules = "[scores.s]\nrules = [{ when = \"field role is 'decision maker'\", points = 15 }, \
                 { when = 'field employees >= 50 and field employees < 250', points = 10 }, { when = 'field budget >= 10000', points = 15 }]";
    assert_eq!(scored.by(&own(rules)).on(AS_OF).shown("s"), 25);
}

#[test]
fn bb_08_the_number_of_employees_has_two_ends() {
    for (employees, expected) in [
        ("49", 5),
        ("50", 15),
        ("249", 15),
        ("250", 5),
        ("many", 5),
        ("", 5),
    ] {
        let scored = Person::new()
            .field("employees", employees)
            .under(&pack(PACK));
        assert_eq!(scored.on(AS_OF).shown("fit"), expected, "{employees}");
    }
}

#[test]
fn mg_01_the_sum_is_kept_beside_what_is_shown() {
    // 3 quotes 90, 2 contact forms 40, a download 5, two opens 2.
    let person = ["2026-06-01", "2026-06-02", "2026-06-03"]
        .iter()
        .fold(Person::new(), |person, on| {
            person.did("form_submit", on, form("/quote"))
        });
    let person = person
        .did("form_submit", "2026-06-04", form("/contact"))
        .did("form_submit", "2026-06-05", form("/contact"))
        .did("download", "2026-06-05", json!({}))
        .opened("n22", "2026-06-01")
        .opened("n23", "2026-06-08");
    let scored = person.under(&pack(PACK));
    let seen = scored.on(AS_OF);
    assert_eq!(
        (seen.shown("engagement"), seen.raw("engagement").as_str()),
        (100, "137")
    );
}

#[test]
fn mg_02_below_zero_is_shown_as_zero_and_kept() {
    let person =
        Person::new()
            .opened("n1", "2026-06-01")
            .did("unsubscribe", "2026-06-02", json!({}));
    let scored = person.under(&pack(PACK));
    let seen = scored.on(AS_OF);
    assert_eq!(
        (seen.shown("engagement"), seen.raw("engagement").as_str()),
        (0, "-14")
    );
    assert_eq!(seen.band("engagement"), "inactive");
}

/// What the two names of a person give; the address is at a company, which is 5.
fn names(first: &str, last: &str) -> i64 {
    let person = Person::new()
        .field("first_name", first)
        .field("last_name", last);
    let seen = person.under(&pack(PACK));
    seen.on(AS_OF).raw("fit").parse::<i64>().unwrap() - 5
}

#[test]
fn mg_03_each_name_without_a_capital_takes_ten() {
    assert_eq!(names("jan", "de vries"), -20);
    assert_eq!(names("Jan", "de Vries"), 0);
    assert_eq!(names("محمد", "山田"), 0);
    assert_eq!(names("", ""), 0);
    assert_eq!(names("JAN", "VRIES"), 0);
    assert_eq!(names("jan", "de Vries"), -10);
    assert_eq!(names("élodie", "Ölmez"), -10);
}

/// What the name of a company gives, and why it looks fake by the explanation's word.
fn company(name: &str) -> (i64, Option<String>) {
    let pack = pack(PACK);
    let seen = Person::new().field("company", name).under(&pack);
    let points = seen.on(AS_OF).raw("fit").parse::<i64>().unwrap() - 5;
    let rules = pack.rules.scores.iter().flat_map(|score| &score.rules);
    let fakes = rules.flat_map(|rule| looks_fake(&rule.when, &seen.facts));
    let fakes: Vec<_> = fakes.filter(|line| line.of == "field company").collect();
    assert!(fakes.len() <= 1);
    (points, fakes.into_iter().next().map(|line| line.why))
}

#[test]
fn mg_04_a_run_on_a_keyboard_takes_15_and_is_shown() {
    for (name, run) in [
        ("azertyop", "azerty"),
        ("qsdf", "qsdf"),
        ("wxcv", "wxcv"),
        ("poiu", "poiu"),
        ("treza", "treza"),
    ] {
        assert_eq!(
            company(name),
            (-15, Some(format!("keyboard run \"{run}\"")))
        );
    }
    // Each field counts for itself.
    let rules = "[scores.s]\nrules = [{ when = 'field company looks fake', points = -15 }, { when = 'field last_name looks fake', points = -15 }]";
    let person = Person::new()
        .field("company", "Azertyop")
        .field("last_name", "Qsdf");
    assert_eq!(person.under(&own(rules)).on(AS_OF).shown("s"), -30);
}

#[test]
fn mg_05_every_layout_and_direction_counts_and_three_letters_do_not() {
    for name in ["Asdf", "Qwertz", "Yxcv", "Mlkj", "FDSQ"] {
        assert_eq!(company(name).0, -15, "{name}");
    }
    for name in ["Aze", "Desk", "Werk"] {
        assert_eq!(company(name), (0, None), "{name}");
    }
}

/// The list of real words ships with the program, so it cannot be emptied here; that
/// the run "erty" is found without it stands in `src/rules/fake.rs`
/// (`real_words_are_excused_by_the_list_alone`).
#[test]
fn mg_06_real_words_with_such_a_run_are_none() {
    for name in [
        "Doherty",
        "Flaherty",
        "Liberty",
        "Property",
        "Liberty Global",
    ] {
        assert_eq!(company(name), (0, None), "{name}");
    }
    assert_eq!(company("Erty").0, -15);
}

#[test]
fn mg_07_other_signs_of_a_form_to_get_past() {
    for name in ["Test", "Xxxx", "Bvrt", "B 123", "bedrijf"] {
        assert_eq!(company(name).0, -15, "{name}");
    }
    for name in ["Bedrijf BV", "KPMG", "3M Nederland"] {
        assert_eq!(company(name), (0, None), "{name}");
    }
}

#[test]
fn mg_08_free_mail_takes_ten_and_a_company_gives_five() {
    let fit = |email: &str| Person::at(email).under(&pack(PACK)).on(AS_OF).raw("fit");
    assert_eq!(fit("jan@gmail.com"), "-10");
    assert_eq!(fit("jan@yahoo.fr"), "-10");
    assert_eq!(fit("voorbeeld@entreprise.com"), "5");
    assert_eq!(fit("voorbeeld@mail.entreprise.com"), "5");
}

/// The reference switches the rule off with `audience = b2c`. The contract has no
/// audiences: whoever sells to consumers leaves the rules out, as the pack says.
#[test]
fn mg_08_without_the_rule_free_mail_is_nothing() {
    let fit = "[scores.fit]\nrules = [{ when = 'field phone is known', points = 5 }]";
    let config = load(&text(&[PACK], fit)).unwrap();
    assert_eq!(
        Person::at("jan@gmail.com")
            .under(&config)
            .on(AS_OF)
            .raw("fit"),
        "0"
    );
}

#[test]
fn mg_09_a_field_filled_in_by_choice_is_a_bonus() {
    let fit = |phone: &str| {
        let person = Person::new().field("phone", phone);
        person.under(&pack(PACK)).on(AS_OF).shown("fit")
    };
    assert_eq!((fit("+31 30 123 45 67"), fit(""), fit("  ")), (10, 5, 5));
}

#[test]
fn the_bands_of_fit_begin_at_15_and_30() {
    let lead = |budget: &str, phone: &str| {
        Person::new()
            .field("budget", budget)
            .field("phone", phone)
            .field("employees", "80")
    };
    for (person, shown, band) in [
        (lead("10000", "1"), 35, "good"),
        (lead("10000", ""), 30, "good"),
        (lead("9999", "1"), 20, "fair"),
        (lead("9999", ""), 15, "fair"),
        (lead("plenty", "").field("employees", ""), 5, "weak"),
    ] {
        let scored = person.under(&pack(PACK));
        let seen = scored.on(AS_OF);
        assert_eq!((seen.shown("fit"), seen.band("fit")), (shown, band));
    }
}

/// That many visits of a page that is in no class, on as many days up to 10 June.
fn visits(number: u32) -> Person {
    (0..number).fold(Person::new(), |person, back| {
        let on =
            chrono::NaiveDate::from_ymd_opt(2026, 6, 10).unwrap() - chrono::Days::new(back.into());
        person.visited(&page("/blog/a"), &on.to_string())
    })
}

#[test]
fn mg_10_the_highest_band_of_visits_counts() {
    for (number, expected) in [(4, 0), (5, 5), (14, 5), (15, 15), (16, 15)] {
        let scored = visits(number).under(&pack(PACK));
        assert_eq!(
            scored.on(AS_OF).shown("engagement"),
            expected,
            "{number} visits"
        );
    }
}

#[test]
fn mg_10_a_visit_counts_for_30_days() {
    // Fifteen days from 27 May to 10 June; 26 June is the first without the visit of 27 May.
    let scored = visits(15).under(&pack(PACK));
    assert_eq!(scored.on("2026-06-25").shown("engagement"), 15);
    assert_eq!(scored.on("2026-06-26").shown("engagement"), 5);
    // Only the last four are left on 7 July: those of 8, 9 and 10 June are three.
    assert_eq!(scored.on("2026-07-05").shown("engagement"), 5);
    assert_eq!(scored.on("2026-07-06").shown("engagement"), 0);
}

#[test]
fn own_pages_take_the_places_of_the_packs() {
    let config = load(&text(&[PACK], "[links]\nquote = ['/plan-a-visit']")).unwrap();
    let person = Person::new()
        .did("form_submit", "2026-06-01", form("/plan-a-visit"))
        .did("form_submit", "2026-06-01", form("/quote"))
        .did("form_submit", "2026-06-01", form("/contact"));
    assert_eq!(person.under(&config).on(AS_OF).shown("engagement"), 50);
}
