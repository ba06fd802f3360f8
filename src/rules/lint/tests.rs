use super::*;
use crate::rules::{
    Context, parse_rule,
    set::{Band, BandLimit, CountMode, Group, LinkClass, Rule, Score},
};

fn rule(text: &str, points: i64) -> Rule {
    Rule {
        text: text.into(),
        when: parse_rule(text, &Context::default()).unwrap(),
        points: points * 1000,
        count: CountMode::Each,
        at_most_per: Vec::new(),
        at_most: None,
        expires: None,
        decay: None,
        lifted_by: Vec::new(),
        group: None,
        guards: true,
        min_sends: 3,
    }
}

fn score(rules: &[(&str, i64)], bands: &[(&str, BandLimit)]) -> Score {
    Score {
        name: "s".into(),
        rules: rules
            .iter()
            .map(|(text, points)| rule(text, *points))
            .collect(),
        bands: bands
            .iter()
            .map(|(name, limit)| Band {
                name: (*name).into(),
                limit: *limit,
            })
            .collect(),
        range: None,
        groups: Vec::new(),
        penalty_floor: None,
        model: None,
    }
}

fn told(score: Score, links: &[(&str, &[&str])]) -> String {
    let rules = RuleSet {
        zone: chrono_tz::UTC,
        currency: "EUR".into(),
        kinds: Vec::new(),
        links: links
            .iter()
            .map(|(name, globs)| LinkClass {
                name: (*name).into(),
                globs: globs.iter().map(|glob| (*glob).into()).collect(),
            })
            .collect(),
        min_sends: 3,
        scores: vec![score],
        segments: Vec::new(),
        automations: Vec::new(),
        tracking: crate::rules::tracking::TrackingRules::default(),
        stages: Vec::new(),
    };
    let line =
        |warning: Warning| format!("{warning} | {}\n", warning.help.as_deref().unwrap_or(""));
    lint(&rules).into_iter().map(line).collect()
}

fn about_rules(rules: &[(&str, i64)]) -> String {
    told(score(rules, &[]), &[])
}

fn about_bands(rules: &[(&str, i64)], bands: &[(&str, BandLimit)]) -> String {
    told(score(rules, bands), &[])
}

fn about_links(links: &[(&str, &[&str])]) -> String {
    told(score(&[], &[]), links)
}

const UNLIMITED: &[(&str, i64)] = &[("click", 5), ("bounce", -5)];

#[test]
fn the_shoe_shop_has_nothing_to_be_warned_about() {
    let mut shop = score(
        &[
            ("purchase of 'shoes'", 20),
            ("purchase of 'accessory'", 5),
            ("total purchases in 1 year > 250", 30),
            ("total purchases in 1 year < 25", -20),
            ("no purchase in 6 months", -15),
            ("signup", 10),
            ("like", 5),
            ("page visit on 'https://shop.example/'", 10),
            ("open", 1),
            ("click", 10),
            ("unsubscribe", -25),
            ("no open in 3 months", -10),
        ],
        &[
            ("ambassador", BandLimit::Above(45)),
            ("engaged", BandLimit::Above(0)),
            ("neutral", BandLimit::From(0)),
            ("not engaged", BandLimit::Rest),
        ],
    );
    shop.rules[5].count = CountMode::Once;
    assert_eq!(told(shop, &[]), "");
}

#[test]
fn a_class_that_is_never_reached_and_globs_that_meet_are_found() {
    assert_eq!(
        about_links(&[("TOFU", &["/blog/*"]), ("BOFU", &["/demo*"])]),
        ""
    );
    insta::assert_snapshot!(
        about_links(&[("TOFU", &["/blog/*", "/tips"]), ("BOFU", &["/blog/demo*", "https://x.nl/tips"]), ("none", &[])]),
        @r"
    links.BOFU: no link is ever `BOFU` | earlier classes take all its links; put it before them
    links.none: no link is ever `none` | it has no patterns
    "
    );
    insta::assert_snapshot!(
        about_links(&[("TOFU", &["/blog/*"]), ("MOFU", &["/blog/demo", "/price"]), ("BOFU", &["*demo*"])]),
        @r"
    links.MOFU[0]: `/blog/*` of the earlier class `TOFU` takes all links of `/blog/demo` | leave it out, or put `MOFU` first
    links.BOFU[0]: `/blog/*` of the earlier class `TOFU` takes links of `*demo*` | the class that stands first wins
    "
    );
}

#[test]
fn a_step_away_that_earns_points_is_found() {
    insta::assert_snapshot!(
        about_rules(&[("unsubscribe", 5), ("hard bounce", -5), ("any complaint in 1 year", 1), ("no unfollow", 1)]),
        @r"
    scores.s.rules[0]: `unsubscribe` earns points, though it is a step away | give it points below zero
    scores.s.rules[2]: `complaint` earns points, though it is a step away | give it points below zero
    "
    );
}

#[test]
fn rules_that_share_events_are_found() {
    insta::assert_snapshot!(
        about_rules(&[
            ("click tagged 'A'", 1), ("click tagged 'B'", 1), ("click from shop", 1),
            ("bounce", -1), ("soft bounce", -1),
            ("machine open", -1), ("open", 1),
            ("page visit on '/a*'", 1), ("page visit on '/b*'", 1), ("page visit on '/ab'", 1),
            ("purchase over 100", 1), ("purchase under 100", 1),
            ("webinar where x is 1", 1), ("webinar where X is 2", 1), ("webinar where y is 2", 1),
        ]),
        @r"
    scores.s.rules[2]: an event can earn the points of this rule and of `click tagged 'A'` | both count; if that is not meant, narrow one of them
    scores.s.rules[4]: an event can earn the points of this rule and of `bounce` | both count; if that is not meant, narrow one of them
    scores.s.rules[9]: an event can earn the points of this rule and of `page visit on '/a*'` | both count; if that is not meant, narrow one of them
    scores.s.rules[14]: an event can earn the points of this rule and of `webinar where x is 1` | both count; if that is not meant, narrow one of them
    "
    );
}

#[test]
fn a_rule_that_decides_alone_is_found_where_the_points_are_limited() {
    let rules = &[
        ("field a is known", 20),
        ("field b is known", 10),
        ("field c is known", 9),
    ];
    insta::assert_snapshot!(about_rules(rules), @r"
    scores.s.rules[0]: this rule is worth 20 of all 39 points that can be had | more than half: the other rules hardly matter
    ");
    assert_eq!(
        about_rules(&rules[..2]),
        "",
        "of two rules one is always worth half"
    );
    let mut unlimited = rules.to_vec();
    unlimited.push(("click", 1));
    assert_eq!(about_rules(&unlimited), "");
    let mut capped = score(&unlimited, &[]);
    capped.rules[3].at_most = Some(1000);
    assert_eq!(told(capped, &[]), "", "20 of 40 are not more than half");
}

#[test]
fn bands_out_of_order_and_out_of_reach_are_found() {
    let rest = ("rest", BandLimit::Rest);
    insta::assert_snapshot!(
        about_bands(UNLIMITED, &[("low", BandLimit::From(0)), ("high", BandLimit::Above(9)), rest, ("more", BandLimit::From(-9))]),
        @r"
    scores.s.bands[1]: nobody can be in band `high`: `low` above it takes all its points | bands are tested from the top: the highest first
    scores.s.bands[3]: nobody can be in band `more`: `rest` above it takes all its points | bands are tested from the top: the highest first
    "
    );
    // The same start said in two ways.
    insta::assert_snapshot!(
        about_bands(UNLIMITED, &[("a", BandLimit::Above(0)), ("b", BandLimit::From(1)), rest]),
        @r"
    scores.s.bands[1]: nobody can be in band `b`: `a` above it takes all its points | bands are tested from the top: the highest first
    "
    );
    insta::assert_snapshot!(
        about_bands(&[("field a is known", 20), ("field b is known", 10)], &[("A", BandLimit::From(31)), ("B", BandLimit::From(30)), rest]),
        @r"
    scores.s.bands[0]: nobody can be in band `A`: the rules give no more than 30 points | begin it lower, or give more points
    "
    );
}

#[test]
fn range_groups_and_floor_decide_what_can_be_reached() {
    let bands = &[
        ("top", BandLimit::Above(99)),
        ("high", BandLimit::From(40)),
        ("low", BandLimit::From(0)),
        ("rest", BandLimit::Rest),
    ];
    let mut ranged = score(UNLIMITED, bands);
    ranged.range = Some((0, 99));
    insta::assert_snapshot!(told(ranged, &[]), @r"
    scores.s.bands[0]: nobody can be in band `top`: the rules give no more than 99 points | begin it lower, or give more points
    scores.s.bands[3]: nobody can be in band `rest`: `low` above it takes all its points | bands are tested from the top: the highest first
    ");

    let mut grouped = score(UNLIMITED, bands);
    grouped.rules[0].group = Some("g".into());
    grouped.groups = vec![Group {
        name: "g".into(),
        max: Some(39_000),
        min: None,
    }];
    grouped.penalty_floor = Some(0);
    insta::assert_snapshot!(told(grouped, &[]), @r"
    scores.s.bands[0]: nobody can be in band `top`: the rules give no more than 39 points | begin it lower, or give more points
    scores.s.bands[1]: nobody can be in band `high`: the rules give no more than 39 points | begin it lower, or give more points
    scores.s.bands[3]: nobody can be in band `rest`: `low` above it takes all its points | bands are tested from the top: the highest first
    ");
}

#[test]
fn a_missing_last_band_is_found_unless_nothing_is_left_for_it() {
    insta::assert_snapshot!(about_bands(UNLIMITED, &[("a", BandLimit::From(0))]), @r"
    scores.s.bands: there is no last band for the rest of the points | add a band without `above` and `from`
    ");
    assert_eq!(about_bands(UNLIMITED, &[]), "");
    let mut ranged = score(UNLIMITED, &[("a", BandLimit::From(0))]);
    ranged.range = Some((0, 100));
    assert_eq!(told(ranged, &[]), "");
}
