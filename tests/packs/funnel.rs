//! `funnel-2-4-20`: points by how near a click is to buying, and the grid of fit and engagement.

use super::person::{Person, load, pack, text};

const PACK: &str = "funnel-2-4-20";
const AS_OF: &str = "2026-06-15";

/// Three clicks to read, two to compare, one to buy, all on different links of a mail of 8 June.
fn fu_01() -> Person {
    let links = [
        "/blog/a",
        "/blog/b",
        "/blog/c?utm_source=mail",
        "/case/x",
        "/case/y",
        "/demo",
    ];
    links.iter().fold(Person::new().mailed(), |person, link| {
        person.clicked(
            "n23",
            &format!("https://www.bedrijf.example{link}"),
            "2026-06-08",
        )
    })
}

#[test]
fn fu_01_three_clicks_to_read_two_to_compare_and_one_to_buy_make_34() {
    let scored = fu_01().under(&pack(PACK));
    let seen = scored.on(AS_OF);
    // 3 x 2 + 2 x 4 + 20.
    assert_eq!(
        seen.lines("engagement"),
        [
            "click tagged 'TOFU': 6",
            "click tagged 'MOFU': 8",
            "click tagged 'BOFU': 20"
        ]
    );
    assert_eq!(
        (seen.shown("engagement"), seen.band("engagement")),
        (34, "3")
    );
}

/// The contract's section 6: several distinct links of one message within 3 seconds.
#[test]
fn fu_01_the_same_clicks_at_one_instant_are_a_scanners_and_earn_nothing() {
    let links = ["/blog/a", "/case/x", "/demo"];
    let person = links.iter().fold(Person::new().mailed(), |person, link| {
        let link = format!("https://www.bedrijf.example{link}");
        person.clicked("n23", &link, "2026-06-08 08:30")
    });
    let scored = person.under(&pack(PACK));
    // Nor do they prove that anybody reads.
    assert_eq!(
        scored.on(AS_OF).lines("engagement"),
        ["no open in 3 months: -10"]
    );
}

#[test]
fn fu_02_one_link_of_one_mail_counts_once_however_often_it_is_clicked() {
    let link = "https://www.bedrijf.example/blog/a";
    let person = ["2026-06-08 09:00", "2026-06-08 09:01", "2026-06-10 20:00"]
        .iter()
        .fold(Person::new(), |person, on| person.clicked("n23", link, on));
    assert_eq!(person.under(&pack(PACK)).on(AS_OF).shown("engagement"), 2);
}

#[test]
fn fu_03_the_same_link_in_two_mails_counts_twice() {
    let link = "https://www.bedrijf.example/blog/a";
    let person =
        Person::new()
            .clicked("n22", link, "2026-06-01")
            .clicked("n23", link, "2026-06-08");
    assert_eq!(person.under(&pack(PACK)).on(AS_OF).shown("engagement"), 4);
}

/// The reference expects the class that stands first, and a warning; `linter` has the warning.
#[test]
fn fu_04_a_link_that_fits_two_classes_is_of_the_first() {
    let person =
        Person::new().clicked("n23", "https://www.bedrijf.example/blog/demo", "2026-06-08");
    let links = |text: &str| load(&self::text(&[PACK], &format!("[links]\n{text}"))).unwrap();
    let first = links("TOFU = ['/blog/*']\nBOFU = ['*demo*']");
    assert_eq!(person.under(&first).on(AS_OF).shown("engagement"), 2);
    let turned = links("BOFU = ['*demo*']\nTOFU = ['/blog/*']");
    assert_eq!(person.under(&turned).on(AS_OF).shown("engagement"), 20);
}

#[test]
fn fu_05_a_link_of_no_class_earns_nothing() {
    let person = Person::new()
        .clicked("n23", "https://www.bedrijf.example/about", "2026-06-08")
        .clicked("n23", "https://www.bedrijf.example/blog", "2026-06-08")
        // A click whose link the platform does not tell.
        .did(
            "click",
            "2026-06-08",
            serde_json::json!({ "campaign": "n23" }),
        );
    let scored = person.under(&pack(PACK));
    assert_eq!(scored.on(AS_OF).lines("engagement"), Vec::<String>::new());
}

#[test]
fn fu_06_leaving_and_three_months_of_silence_take_ten_each() {
    let person = fu_01()
        .did("unsubscribe", "2026-06-09", serde_json::json!({}))
        .mailed_weekly("2026-06-15", "2026-09-07");
    let scored = person.under(&pack(PACK));
    assert_eq!(scored.on("2026-06-09").shown("engagement"), 24);
    // A click proves reading, so silence begins on 8 June and is three months old on 8 September.
    assert_eq!(scored.on("2026-09-07").shown("engagement"), 24);
    let seen = scored.on("2026-09-08");
    assert_eq!(
        seen.reason("engagement", "no open in 3 months"),
        "absent since 2026-09-08"
    );
    assert_eq!(
        (seen.shown("engagement"), seen.band("engagement")),
        (14, "4")
    );
}

#[test]
fn fu_06_without_mail_silence_is_no_absence() {
    let person = fu_01().did("unsubscribe", "2026-06-09", serde_json::json!({}));
    let scored = person.under(&pack(PACK));
    let seen = scored.on("2026-12-31");
    assert_eq!(
        seen.reason("engagement", "no open in 3 months"),
        "not_mailed"
    );
    assert_eq!(seen.shown("engagement"), 24);
}

#[test]
fn the_points_of_fit_are_those_of_the_profile() {
    let person = Person::new()
        .field("role", "Decision maker")
        .field("employees", "50")
        .field("country", "nl")
        .field("industry", "Retail");
    let scored = person.under(&pack(PACK));
    let seen = scored.on(AS_OF);
    assert_eq!(
        seen.lines("fit"),
        [
            "field role is 'decision maker': 30",
            "field employees >= 50: 25",
            "field country in ('NL', 'BE'): 15",
            "field industry is known: 15",
            "email domain is not free: 15"
        ]
    );
    assert_eq!((seen.shown("fit"), seen.band("fit")), (100, "A"));
    let free = Person::at("jan@gmail.com")
        .field("employees", "49")
        .field("country", "DE");
    let scored = free.under(&pack(PACK));
    assert_eq!(
        (scored.on(AS_OF).shown("fit"), scored.on(AS_OF).band("fit")),
        (0, "D")
    );
    let seen = scored.on(AS_OF);
    assert!(seen.is_unknown("fit", "field role is 'decision maker'"));
    assert!(!seen.is_unknown("fit", "field employees >= 50"));
}

#[test]
fn own_link_classes_and_an_own_fit_take_the_places_of_the_packs() {
    let config = load(&text(
        &[PACK],
        "[links]\nBOFU = ['https://shop.example/checkout*']\n[scores.fit]\nrules = [{ when = 'field vip is true', points = 80 }]\n\
         bands = [{ name = 'A', from = 75 }, { name = 'B', from = 50 }, { name = 'C', from = 25 }, { name = 'D' }]",
    ));
    let config = config.unwrap();
    let person = Person::new()
        .field("vip", "true")
        .clicked("n23", "https://shop.example/checkout/1", "2026-06-08")
        .clicked("n23", "https://shop.example/demo", "2026-06-08")
        .clicked("n23", "https://shop.example/blog/a", "2026-06-08");
    let scored = person.under(&config);
    let seen = scored.on(AS_OF);
    assert_eq!(
        seen.lines("engagement"),
        ["click tagged 'TOFU': 2", "click tagged 'BOFU': 20"]
    );
    assert_eq!((seen.shown("fit"), seen.stage()), (80, "Soft"), "A4");
}

/// The stage of somebody with these points.
fn stage(fit: i64, engagement: i64) -> String {
    grid(&[(fit, engagement)]).remove(0)
}

fn grid(points: &[(i64, i64)]) -> Vec<String> {
    // The pack's grid alone decides: no rule gives anything to somebody at a free address.
    let mut scored = Person::at("jan@gmail.com").under(&pack(PACK));
    let mut stages = Vec::new();
    for (fit, engagement) in points {
        scored.facts.adjustments.clear();
        scored = scored
            .adjusted("fit", *fit, "2026-01-01", "2027-01-01")
            .adjusted("engagement", *engagement, "2026-01-01", "2027-01-01");
        let seen = scored.on(AS_OF);
        assert_eq!(
            (seen.shown("fit"), seen.shown("engagement")),
            (*fit, *engagement)
        );
        stages.push(seen.stage().to_owned());
    }
    stages
}

#[test]
fn mx_01_a_good_fit_that_hardly_reads_is_for_marketing() {
    assert_eq!(stage(80, 30), "MQL", "A3");
}

#[test]
fn mx_02_a_fair_fit_that_reads_all_is_for_sales() {
    assert_eq!(stage(60, 90), "SQL", "B1");
}

#[test]
fn mx_03_the_limits_are_inclusive() {
    assert_eq!(stage(75, 75), "SQL", "A1");
}

#[test]
fn mx_04_one_point_below_a_limit_is_the_next_cell() {
    for (fit, engagement, expected) in [
        (74, 75, "SQL"),  // B1
        (49, 75, "MQL"),  // C1
        (75, 74, "SQL"),  // A2
        (74, 74, "MQL"),  // B2
        (75, 49, "MQL"),  // A3
        (49, 49, "Soft"), // C3
        (24, 74, "Soft"), // D2
        (75, 24, "Soft"), // A4
    ] {
        assert_eq!(
            stage(fit, engagement),
            expected,
            "fit {fit}, engagement {engagement}"
        );
    }
}

#[test]
fn mx_05_engagement_outweighs_fit() {
    assert_eq!(stage(0, 100), "MQL", "D1");
    assert_eq!(stage(100, 0), "Soft", "A4");
}

#[test]
fn every_cell_of_the_grid_is_as_drawn() {
    let drawn = [
        ["SQL", "SQL", "MQL", "MQL"],
        ["SQL", "MQL", "MQL", "Soft"],
        ["MQL", "MQL", "Soft", "Soft"],
        ["Soft", "Soft", "Soft", "Soft"],
    ];
    let points = [80, 60, 30, 10];
    for (row, engagement) in drawn.iter().zip(points) {
        let cells: Vec<(i64, i64)> = points.iter().map(|fit| (*fit, engagement)).collect();
        assert_eq!(grid(&cells), row, "engagement {engagement}");
    }
}

#[test]
fn mx_09_the_stage_never_falls_when_a_score_rises_and_engagement_weighs_more() {
    // Every pair of points in steps of 5, and at each limit the point before it.
    let axis: Vec<i64> = (0..=100).step_by(5).chain([24, 49, 74, 99]).collect();
    let pairs: Vec<(i64, i64)> = axis
        .iter()
        .flat_map(|fit| axis.iter().map(move |engagement| (*fit, *engagement)))
        .collect();
    let rank = |stage: &str| {
        ["Soft", "MQL", "SQL"]
            .iter()
            .position(|each| *each == stage)
    };
    let ranks: Vec<usize> = grid(&pairs)
        .iter()
        .map(|stage| rank(stage).unwrap())
        .collect();
    let at = |fit: i64, engagement: i64| {
        let found = pairs.iter().position(|pair| *pair == (fit, engagement));
        ranks[found.unwrap()]
    };
    let mut rises = [0, 0];
    for ((fit, engagement), rank) in pairs.iter().zip(&ranks) {
        for more in axis.iter().filter(|more| *more > fit) {
            assert!(
                at(*more, *engagement) >= *rank,
                "fit {fit} to {more} at {engagement}"
            );
            rises[0] += usize::from(at(*more, *engagement) > *rank);
        }
        for more in axis.iter().filter(|more| *more > engagement) {
            assert!(
                at(*fit, *more) >= *rank,
                "engagement {engagement} to {more} at {fit}"
            );
            rises[1] += usize::from(at(*fit, *more) > *rank);
        }
        if engagement > fit {
            assert!(
                *rank >= at(*engagement, *fit),
                "fit {fit} and engagement {engagement}, turned over"
            );
        }
    }
    assert!(rises.iter().all(|number| *number > 100), "{rises:?}");
}
