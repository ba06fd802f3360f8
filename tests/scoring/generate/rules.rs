//! Random rule sets over everything that the language can say.

use chrono_tz::Tz;
use engaged::rules::{
    set::{
        Band, BandLimit, CountMode, Decay, Group, LinkClass, Period, Rule, RuleSet, Score, Segment,
        Stage,
    },
    syntax::{
        Actor, Bound, Cmp, Condition, Decimal, Filter, Ordered, Pattern, RuleWhen, Test, Unit,
        Value, Window,
    },
};
use engaged_connectors::model::{EventKind, Status};

use crate::scoring::random::Random;

/// Zones with daylight saving of every kind.
pub(crate) const ZONES: [Tz; 5] = [
    Tz::Europe__Amsterdam,
    Tz::America__New_York,
    Tz::Pacific__Auckland,
    Tz::Africa__Casablanca,
    Tz::UTC,
];

/// What a condition may refer to at the place where it stands.
struct Scope<'a> {
    scores: &'a [Score],
    segments: &'a [Segment],
}

/// A random rule set.
pub(crate) fn rule_set(random: &mut Random) -> RuleSet {
    let mut set = RuleSet {
        zone: random.pick(&ZONES),
        currency: "EUR".to_owned(),
        kinds: vec!["demo_request".to_owned()],
        links: vec![
            class("BOFU", &["/demo*", "https://other.example/*"]),
            class("TOFU", &["/blog/*", "/demo/a"]),
        ],
        min_sends: random.small(0, 3),
        scores: Vec::new(),
        segments: Vec::new(),
        stages: Vec::new(),
        automations: Vec::new(),
        tracking: engaged::rules::tracking::TrackingRules::default(),
    };
    // Segments that read no score may be read by scores.
    for index in 0..random.index(3) {
        let segment = segment(random, &set, index, false);
        set.segments.push(segment);
    }
    for index in 0..=random.index(3) {
        let score = score(random, &set, index);
        set.scores.push(score);
    }
    for index in set.segments.len()..set.segments.len() + random.index(3) {
        let segment = segment(random, &set, index, true);
        set.segments.push(segment);
    }
    for index in 0..random.index(3) {
        let when = condition(random, &scope(&set), 2);
        set.stages.push(Stage {
            name: format!("stage {index}"),
            text: String::new(),
            when,
        });
    }
    set
}

/// The same rules after somebody edited them: other points, a rule less, other bands.
pub(crate) fn edited(random: &mut Random, set: &RuleSet) -> RuleSet {
    let mut set = set.clone();
    let index = random.index(set.scores.len());
    let score = &mut set.scores[index];
    let rule = random.index(score.rules.len());
    match random.index(3) {
        0 if score.rules.len() > 1 => drop(score.rules.remove(rule)),
        1 => score.bands = bands(random),
        _ => score.rules[rule].points = -score.rules[rule].points / 2,
    }
    set
}

fn scope(set: &RuleSet) -> Scope<'_> {
    Scope {
        scores: &set.scores,
        segments: &set.segments,
    }
}

fn class(name: &str, globs: &[&str]) -> LinkClass {
    LinkClass {
        name: name.to_owned(),
        globs: globs.iter().map(ToString::to_string).collect(),
    }
}

fn segment(random: &mut Random, set: &RuleSet, index: usize, reads_scores: bool) -> Segment {
    let scope = Scope {
        scores: if reads_scores { &set.scores } else { &[] },
        segments: &set.segments,
    };
    Segment {
        name: format!("segment {index}"),
        text: String::new(),
        when: condition(random, &scope, 1),
    }
}

fn score(random: &mut Random, set: &RuleSet, index: usize) -> Score {
    let groups = if random.percent(40) {
        vec![group(random, "email"), group(random, "shop")]
    } else {
        Vec::new()
    };
    let rules = (0..random.between(1, 6)).map(|_| {
        let mut rule = rule(random, set);
        if !groups.is_empty() && random.percent(60) {
            rule.group = Some(random.pick(&groups).name);
        }
        rule
    });
    Score {
        name: format!("score {index}"),
        rules: rules.collect(),
        bands: bands(random),
        range: random
            .percent(30)
            .then(|| random.pick(&[(0, 100), (-10, 10), (3, 20)])),
        groups,
        penalty_floor: random
            .percent(30)
            .then(|| random.pick(&[-10_000, -4_500, 0])),
        model: None,
    }
}

fn group(random: &mut Random, name: &str) -> Group {
    Group {
        name: name.to_owned(),
        max: random.percent(70).then(|| random.pick(&[2_000, 10_000, 0])),
        min: random.percent(50).then(|| random.pick(&[-2_500, -8_000])),
    }
}

fn bands(random: &mut Random) -> Vec<Band> {
    let mut limits = vec![BandLimit::Above(10), BandLimit::From(5), BandLimit::From(0)];
    if random.percent(70) {
        limits.push(BandLimit::Rest);
    }
    let named = limits.into_iter().zip(["hot", "warm", "cool", "cold"]);
    named
        .map(|(limit, name)| Band {
            name: name.to_owned(),
            limit,
        })
        .collect()
}

fn rule(random: &mut Random, set: &RuleSet) -> Rule {
    let when = if random.percent(50) {
        RuleWhen::Each(pattern(random))
    } else {
        RuleWhen::State(condition(random, &scope(set), 1))
    };
    let mut rule = Rule {
        text: String::new(),
        when,
        points: random.pick(&[1000, 5000, 333, -2000, -10_000, 2500]),
        count: CountMode::Each,
        at_most_per: Vec::new(),
        at_most: None,
        expires: None,
        decay: None,
        lifted_by: Vec::new(),
        group: None,
        guards: random.percent(80),
        min_sends: random.weighted(&[(1, 0), (3, 1), (3, 2), (3, 3)]),
    };
    if let RuleWhen::Each(pattern) = &rule.when {
        rule.count = default_count(&pattern.kind);
        rule.lifted_by = default_lifting(&pattern.kind);
        each_settings(random, &mut rule);
    }
    rule
}

fn each_settings(random: &mut Random, rule: &mut Rule) {
    if random.percent(50) {
        let first = CountMode::First(random.small(1, 3));
        rule.count = random.pick(&[
            CountMode::Each,
            CountMode::Each,
            CountMode::Once,
            CountMode::PerMessage,
            CountMode::PerLink,
            CountMode::PerDay,
            first,
        ]);
    }
    if random.percent(25) {
        let kinds = [
            EventKind::Subscribe,
            EventKind::Click,
            EventKind::Refund,
            EventKind::Bounce,
        ];
        rule.lifted_by = vec![random.pick(&kinds)];
        if random.percent(30) {
            rule.lifted_by.push(EventKind::Delivery);
        }
    }
    for _ in 0..random.weighted(&[(6, 0), (3, 1), (1, 2)]) {
        let period = random.pick(&[Period::Day, Period::Week, Period::Month, Period::Year]);
        let most = random.pick(&[1000, 4000, 10_000, 20_000]);
        rule.at_most_per.push((most, period));
    }
    if random.percent(25) {
        rule.at_most = Some(random.pick(&[1500, 6000, 12_000]));
    }
    if random.percent(25) {
        rule.expires = Some(window(random));
    }
    if random.percent(30) {
        rule.decay = Some(if random.percent(50) {
            let period = window(random);
            let share = random.pick(&[500, 333, 100, 1000]);
            Decay::Linear { share, period }
        } else {
            let days = random.pick(&[1, 3, 7, 30]);
            Decay::HalfLife { days }
        });
    }
}

/// The contract's section 4: how a kind counts unless the rule says otherwise.
pub(crate) fn default_count(kind: &EventKind) -> CountMode {
    match kind {
        EventKind::Open => CountMode::PerMessage,
        EventKind::Click => CountMode::PerLink,
        EventKind::PageVisit => CountMode::PerDay,
        EventKind::Unsubscribe
        | EventKind::Bounce
        | EventKind::HardBounce
        | EventKind::SoftBounce => CountMode::Once,
        _ => CountMode::Each,
    }
}

/// The contract's section 4: what lifts a kind unless the rule says otherwise.
pub(crate) fn default_lifting(kind: &EventKind) -> Vec<EventKind> {
    match kind {
        EventKind::Unsubscribe => vec![EventKind::Subscribe],
        EventKind::Bounce | EventKind::HardBounce | EventKind::SoftBounce => {
            vec![EventKind::Delivery, EventKind::Open, EventKind::Click]
        }
        _ => Vec::new(),
    }
}

fn window(random: &mut Random) -> Window {
    let (most, unit) = random.weighted(&[
        (7, (10, Unit::Day)),
        (2, (3, Unit::Week)),
        (3, (3, Unit::Month)),
        (1, (1, Unit::Year)),
        (1, (60, Unit::Day)),
    ]);
    let number = random.small(1, most);
    Window { number, unit }
}

fn pattern(random: &mut Random) -> Pattern {
    let kind = random.weighted(&[
        (24, EventKind::Open),
        (24, EventKind::Click),
        (14, EventKind::Purchase),
        (8, EventKind::PageVisit),
        (6, EventKind::Bounce),
        (2, EventKind::HardBounce),
        (1, EventKind::SoftBounce),
        (5, EventKind::Unsubscribe),
        (3, EventKind::Subscribe),
        (3, EventKind::Send),
        (2, EventKind::Delivery),
        (2, EventKind::Like),
        (1, EventKind::Signup),
        (1, EventKind::Complaint),
        (2, EventKind::Refund),
        (2, EventKind::FormSubmit),
        (2, EventKind::Custom("demo_request".to_owned())),
    ]);
    let actor = random.weighted(&[
        (8, Actor::People),
        (1, Actor::Machines),
        (1, Actor::Everyone),
    ]);
    let mut filters: Vec<Filter> = Vec::new();
    for _ in 0..random.weighted(&[(7, 0), (2, 1), (1, 2)]) {
        let filter = filter(random, &kind);
        // Two connections at once exclude everything, which nobody writes.
        let from = |filter: &Filter| matches!(filter, Filter::From(_));
        if !(from(&filter) && filters.iter().any(from)) {
            filters.push(filter);
        }
    }
    Pattern {
        actor,
        kind,
        filters,
    }
}

fn filter(random: &mut Random, kind: &EventKind) -> Filter {
    let owned = |text: &str| text.to_owned();
    let globs = [
        "https://shop.example/",
        "*/demo/*",
        "/demo*",
        "/blog/?",
        "https://*.EXAMPLE/*",
    ];
    let number = Decimal::parse(random.pick(&["10", "24.99", "25", "100"])).expect("a number");
    match random.index(10) {
        0 | 1 => Filter::Campaign(owned(random.pick(&["Spring*", "c?", "news 2", "*"]))),
        2 => Filter::From(owned(random.pick(&["newsletter", "shop"]))),
        3 => {
            let (name, value) = random.pick(&[("colour", "red"), ("size", "42")]);
            let test = match random.index(3) {
                0 => Test::Known(random.percent(50)),
                1 => Test::Compare(Cmp::Greater, Ordered::Number(Decimal::from(10))),
                _ => Test::OneOf {
                    negated: random.percent(30),
                    values: vec![Value::Text(owned(value))],
                },
            };
            let name = owned(name);
            Filter::Where { name, test }
        }
        _ => match kind {
            EventKind::Purchase | EventKind::Refund => match random.index(4) {
                0 => Filter::Over(number),
                1 => Filter::Under(number),
                _ => Filter::Of(owned(random.pick(&["shoes", "shoe*", "accessory"]))),
            },
            EventKind::Click if random.percent(50) => {
                Filter::Tagged(owned(random.pick(&["BOFU", "tofu"])))
            }
            EventKind::Open if random.percent(80) => {
                Filter::Campaign(owned(random.pick(&["Spring*", "c1", "Letter*"])))
            }
            _ => Filter::On(owned(random.pick(&globs))),
        },
    }
}

fn condition(random: &mut Random, scope: &Scope<'_>, depth: u32) -> Condition {
    if depth > 0 && random.percent(35) {
        let mut parts = || {
            (0..2 + random.index(2))
                .map(|_| condition(random, scope, depth - 1))
                .collect::<Vec<_>>()
        };
        let parts = parts();
        return match random.index(3) {
            0 => Condition::Or(parts),
            1 => Condition::And(parts),
            _ => Condition::Not(Box::new(parts[0].clone())),
        };
    }
    let cmp = random.pick(&[
        Cmp::Greater,
        Cmp::GreaterOrEqual,
        Cmp::Less,
        Cmp::LessOrEqual,
        Cmp::Equal,
        Cmp::NotEqual,
    ]);
    match random.index(26) {
        0..=9 => Condition::Absence {
            any: random.percent(25),
            pattern: pattern(random),
            window: random.percent(92).then(|| window(random)),
        },
        10..=12 => Condition::Count {
            bound: random.pick(&[
                Bound::AtLeast,
                Bound::AtMost,
                Bound::Exactly,
                Bound::MoreThan,
                Bound::FewerThan,
            ]),
            number: random.small(0, 3),
            pattern: pattern(random),
            window: random.percent(80).then(|| window(random)),
        },
        13..=15 => {
            let mut pattern = pattern(random);
            if random.percent(85) {
                pattern.kind = EventKind::Purchase;
            }
            Condition::Total {
                pattern,
                window: window(random),
                cmp,
                number: Decimal::parse(random.pick(&["25", "10", "0", "-5", "24.995", "100"]))
                    .expect("a number"),
            }
        }
        16 | 17 => Condition::DaysWith {
            pattern: pattern(random),
            window: window(random),
            cmp,
            number: random.small(0, 3),
        },
        18 | 19 => Condition::TimeSince {
            pattern: pattern(random),
            cmp,
            window: window(random),
        },
        _ => profile(random, scope, cmp),
    }
}

fn profile(random: &mut Random, scope: &Scope<'_>, cmp: Cmp) -> Condition {
    match random.index(10) {
        0..=2 if !scope.scores.is_empty() => {
            let score = random.pick(scope.scores);
            if random.percent(50) {
                let number = Decimal::parse(random.pick(&["0", "5", "10", "-3", "2.5"]));
                Condition::Points {
                    score: score.name,
                    cmp,
                    number: number.expect("a number"),
                }
            } else {
                Condition::Band {
                    names: vec![random.pick(&score.bands).name, "warm".to_owned()],
                    negated: random.percent(40),
                    score: score.name,
                }
            }
        }
        3 | 4 if !scope.segments.is_empty() => Condition::Segment(random.pick(scope.segments).name),
        5 => Condition::InList(random.pick(&["Newsletter", "club", "none"]).to_owned()),
        6 | 7 => Condition::Status {
            negated: random.percent(30),
            status: random.pick(&[
                Status::Subscribed,
                Status::Subscribed,
                Status::Bounced,
                Status::Unsubscribed,
                Status::Complained,
                Status::Suppressed,
            ]),
        },
        8 => match random.index(3) {
            0 => Condition::Email(Test::EndsWith(".example".to_owned())),
            1 => Condition::EmailDomain(text_test(random)),
            _ => Condition::EmailDomainFree {
                negated: random.percent(50),
            },
        },
        9 if random.percent(20) => Condition::Otherwise,
        _ => Condition::Field {
            name: random
                .pick(&["country", "age", "joined", "last_name", "none"])
                .to_owned(),
            test: text_test(random),
        },
    }
}

fn text_test(random: &mut Random) -> Test {
    let text = |text: &str| Value::Text(text.to_owned());
    let date = chrono::NaiveDate::from_ymd_opt(2024, 2, 29).expect("a leap day");
    let cmp = random.pick(&[Cmp::Greater, Cmp::LessOrEqual, Cmp::NotEqual]);
    match random.index(10) {
        0 => Test::Compare(cmp, Ordered::Number(Decimal::from(30))),
        1 => Test::Compare(cmp, Ordered::Date(date)),
        2 | 3 => Test::OneOf {
            negated: random.percent(40),
            values: random.pick(&[
                vec![text("NL")],
                vec![text("gmail.com"), text("BE")],
                vec![Value::Number(Decimal::from(30)), text("old")],
                vec![Value::Date(date)],
            ]),
        },
        4 => Test::Contains("VRIES".to_owned()),
        5 => Test::StartsWith("n".to_owned()),
        6 => Test::Matches("^d.*s$".to_owned()),
        7 => Test::Known(random.percent(50)),
        8 => Test::Lowercase {
            negated: random.percent(50),
        },
        _ => Test::LooksFake,
    }
}
