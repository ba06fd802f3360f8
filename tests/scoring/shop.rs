//! The shoe shop of the contract's section 1.

use chrono_tz::Tz;
use engaged::rules::{
    set::{Band, BandLimit, CountMode, Rule, RuleSet, Score, Segment},
    syntax::{Actor, Cmp, Condition, Decimal, Filter, Pattern, RuleWhen, Unit, Window},
};
use engaged_connectors::model::EventKind;

use super::generate::rules::{default_count, default_lifting};

/// The short names by which the acceptance cases call the rules, in file order.
pub(super) const NAMES: [&str; 15] = [
    "shoes",
    "accessory",
    "spend>250",
    "spend<25",
    "no purchase 6m",
    "account",
    "like",
    "home",
    "open",
    "click",
    "share",
    "unsub",
    "bounce",
    "no open 3m",
    "no click 6m",
];

fn pattern(kind: EventKind, filters: Vec<Filter>) -> Pattern {
    Pattern {
        actor: Actor::People,
        kind,
        filters,
    }
}

fn rule(when: RuleWhen, points: i64, guards: bool) -> Rule {
    let (count, lifted_by) = match &when {
        RuleWhen::Each(pattern) => (default_count(&pattern.kind), default_lifting(&pattern.kind)),
        RuleWhen::State(_) => (CountMode::Each, Vec::new()),
    };
    Rule {
        text: String::new(),
        when,
        points: points * 1000,
        count,
        at_most_per: Vec::new(),
        at_most: None,
        expires: None,
        decay: None,
        lifted_by,
        group: None,
        guards,
        min_sends: 3,
    }
}

fn months(number: u32) -> Window {
    let unit = Unit::Month;
    Window { number, unit }
}

fn absence(kind: EventKind, number: u32) -> Condition {
    Condition::Absence {
        any: false,
        pattern: pattern(kind, Vec::new()),
        window: Some(months(number)),
    }
}

fn spend(cmp: Cmp, number: i64) -> Condition {
    Condition::Total {
        pattern: pattern(EventKind::Purchase, Vec::new()),
        window: Window {
            number: 1,
            unit: Unit::Year,
        },
        cmp,
        number: Decimal::from(number),
    }
}

/// The shop's rules, bands and two segments.
pub(super) fn rules(zone: Tz, guards: bool) -> RuleSet {
    let of = |item: &str| vec![Filter::Of(item.to_owned())];
    let each = |kind, points| rule(RuleWhen::Each(pattern(kind, Vec::new())), points, guards);
    let bought = |item, points| {
        let pattern = pattern(EventKind::Purchase, of(item));
        rule(RuleWhen::Each(pattern), points, guards)
    };
    let state = |when, points| rule(RuleWhen::State(when), points, guards);
    let mut signup = each(EventKind::Signup, 10);
    signup.count = CountMode::Once;
    let home = Filter::On("https://shop.example/".to_owned());
    let home = pattern(EventKind::PageVisit, vec![home]);
    let rules = vec![
        bought("shoes", 20),
        bought("accessory", 5),
        state(spend(Cmp::Greater, 250), 30),
        state(spend(Cmp::Less, 25), -20),
        state(absence(EventKind::Purchase, 6), -15),
        signup,
        each(EventKind::Like, 5),
        rule(RuleWhen::Each(home), 10, guards),
        each(EventKind::Open, 1),
        each(EventKind::Click, 10),
        each(EventKind::Share, 15),
        each(EventKind::Unsubscribe, -25),
        each(EventKind::Bounce, -30),
        state(absence(EventKind::Open, 3), -10),
        state(absence(EventKind::Click, 6), -15),
    ];
    let band = |name: &str, limit| Band {
        name: name.to_owned(),
        limit,
    };
    let segment = |name: &str, when| Segment {
        name: name.to_owned(),
        text: String::new(),
        when,
    };
    let cold = vec![absence(EventKind::Open, 3), absence(EventKind::Click, 6)];
    let hot = Condition::Points {
        score: "engagement".to_owned(),
        cmp: Cmp::Greater,
        number: Decimal::from(75),
    };
    RuleSet {
        zone,
        currency: "EUR".to_owned(),
        kinds: Vec::new(),
        links: Vec::new(),
        min_sends: 3,
        scores: vec![Score {
            name: "engagement".to_owned(),
            rules,
            bands: vec![
                band("ambassador", BandLimit::Above(45)),
                band("engaged", BandLimit::Above(0)),
                band("neutral", BandLimit::From(0)),
                band("not engaged", BandLimit::Rest),
            ],
            range: None,
            groups: Vec::new(),
            penalty_floor: None,
            model: None,
        }],
        segments: vec![segment("hot", hot), segment("cold", Condition::And(cold))],
        stages: Vec::new(),
        automations: Vec::new(),
        tracking: engaged::rules::tracking::TrackingRules::default(),
    }
}
