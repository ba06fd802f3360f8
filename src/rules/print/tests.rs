use chrono::NaiveDate;
use engaged_connectors::model::EventKind;
use proptest::{option, prelude::*, sample::select};

use super::*;
use crate::rules::{Context, parse_condition, parse_rule};

fn kinds() -> Vec<String> {
    vec!["demo_request".into(), "open_day".into(), "spy".into()]
}

/// Any text that can be written: one kind of quote at most.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[^'\"]{0,12}",
        "[^']{0,12}",
        "[^\"]{0,12}",
        "[a-z]{1,6}",
        select(vec![
            "open",
            "in",
            "free",
            "known",
            "NL",
            "2026-01-01",
            "it's"
        ])
        .prop_map(str::to_owned),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zé][a-z0-9_-]{0,8}", text()]
}

fn decimal() -> impl Strategy<Value = Decimal> {
    "-?[0-9]{1,9}(\\.[0-9]{1,6})?".prop_map(|text| Decimal::parse(&text).unwrap())
}

fn date() -> impl Strategy<Value = NaiveDate> {
    (0..3_600_000_i32)
        .prop_map(|day| NaiveDate::from_num_days_from_ce_opt(day).unwrap())
        .prop_filter("four digits", |date| {
            use chrono::Datelike as _;
            (0..=9999).contains(&date.year())
        })
}

fn cmp() -> impl Strategy<Value = Cmp> {
    select(vec![
        Cmp::Greater,
        Cmp::GreaterOrEqual,
        Cmp::Less,
        Cmp::LessOrEqual,
        Cmp::Equal,
        Cmp::NotEqual,
    ])
}

fn window() -> impl Strategy<Value = Window> {
    let units = select(vec![Unit::Day, Unit::Week, Unit::Month, Unit::Year]);
    (prop_oneof![1..4_u32, 1..=u32::MAX], units).prop_map(|(number, unit)| Window { number, unit })
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(Value::Text),
        decimal().prop_map(Value::Number),
        date().prop_map(Value::Date),
        any::<bool>().prop_map(Value::Truth),
    ]
}

fn test() -> impl Strategy<Value = Test> {
    let ordered = prop_oneof![
        decimal().prop_map(Ordered::Number),
        date().prop_map(Ordered::Date)
    ];
    prop_oneof![
        (cmp(), ordered).prop_map(|(cmp, with)| Test::Compare(cmp, with)),
        (any::<bool>(), prop::collection::vec(value(), 1..4))
            .prop_map(|(negated, values)| Test::OneOf { negated, values }),
        text().prop_map(Test::Contains),
        text().prop_map(Test::StartsWith),
        text().prop_map(Test::EndsWith),
        "[a-z.^$|]{0,8}".prop_map(Test::Matches),
        any::<bool>().prop_map(Test::Known),
        any::<bool>().prop_map(|negated| Test::Lowercase { negated }),
        Just(Test::LooksFake),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    prop_oneof![
        text().prop_map(Filter::On),
        text().prop_map(Filter::Campaign),
        text().prop_map(Filter::Tagged),
        text().prop_map(Filter::Of),
        name().prop_map(Filter::From),
        decimal().prop_map(Filter::Over),
        decimal().prop_map(Filter::Under),
        (name(), test()).prop_map(|(name, test)| Filter::Where { name, test }),
    ]
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let mut all = EventKind::BUILT_IN.to_vec();
    all.extend(kinds().into_iter().map(EventKind::Custom));
    let actors = select(vec![Actor::People, Actor::Machines, Actor::Everyone]);
    (actors, select(all), prop::collection::vec(filter(), 0..3)).prop_map(
        |(actor, kind, filters)| Pattern {
            actor,
            kind,
            filters,
        },
    )
}

fn events() -> impl Strategy<Value = Condition> {
    let bounds = select(vec![
        Bound::AtLeast,
        Bound::AtMost,
        Bound::Exactly,
        Bound::MoreThan,
        Bound::FewerThan,
    ]);
    let number = prop_oneof![0..3_u32, any::<u32>()];
    prop_oneof![
        (any::<bool>(), pattern(), option::of(window())).prop_map(|(any, pattern, window)| {
            Condition::Absence {
                any,
                pattern,
                window,
            }
        }),
        (bounds, number.clone(), pattern(), option::of(window())).prop_map(
            |(bound, number, pattern, window)| Condition::Count {
                bound,
                number,
                pattern,
                window
            }
        ),
        (pattern(), window(), cmp(), decimal()).prop_map(|(pattern, window, cmp, number)| {
            Condition::Total {
                pattern,
                window,
                cmp,
                number,
            }
        }),
        (pattern(), window(), cmp(), number).prop_map(|(pattern, window, cmp, number)| {
            Condition::DaysWith {
                pattern,
                window,
                cmp,
                number,
            }
        }),
        (pattern(), cmp(), window()).prop_map(|(pattern, cmp, window)| Condition::TimeSince {
            pattern,
            cmp,
            window
        }),
    ]
}

fn profile() -> impl Strategy<Value = Condition> {
    let statuses = select(vec![
        Status::Subscribed,
        Status::Bounced,
        Status::Unsubscribed,
        Status::Complained,
        Status::Suppressed,
    ]);
    // A bare score cannot be named like a declared kind: the configuration refuses it.
    let score = || {
        name().prop_filter("not a declared kind", |name| {
            reserved(name, &[]).is_some() || reserved(name, &kinds()).is_none()
        })
    };
    prop_oneof![
        (name(), test()).prop_map(|(name, test)| Condition::Field { name, test }),
        test().prop_map(Condition::Email),
        test().prop_map(Condition::EmailDomain),
        any::<bool>().prop_map(|negated| Condition::EmailDomainFree { negated }),
        (score(), cmp(), decimal()).prop_map(|(score, cmp, number)| Condition::Points {
            score,
            cmp,
            number
        }),
        (score(), any::<bool>(), prop::collection::vec(text(), 1..4)).prop_map(
            |(score, negated, names)| Condition::Band {
                score,
                negated,
                names
            }
        ),
        text().prop_map(Condition::Segment),
        text().prop_map(Condition::InList),
        (any::<bool>(), statuses)
            .prop_map(|(negated, status)| Condition::Status { negated, status }),
        Just(Condition::Otherwise),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    prop_oneof![events(), profile()].prop_recursive(4, 24, 3, |inner| {
        let some = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            some().prop_map(Condition::Or),
            some().prop_map(Condition::And),
            inner
                .clone()
                .prop_map(|inner| Condition::Not(Box::new(inner))),
        ]
    })
}

fn fits(text: &str) -> bool {
    text.len() <= crate::rules::parser::MAX_LENGTH
}

proptest! {
    #[test]
    fn what_is_printed_parses_to_an_equal_tree(tree in condition()) {
        let kinds = kinds();
        let context = Context { kinds: &kinds, ..Context::default() };
        let text = tree.to_string();
        prop_assume!(fits(&text));
        prop_assert_eq!(parse_condition(&text, &context), Ok(tree.clone()), "{}", text);
        // A condition is a rule too, and stays a condition.
        prop_assert_eq!(parse_rule(&text, &context), Ok(RuleWhen::State(tree)), "{}", text);
    }

    #[test]
    fn a_printed_pattern_is_a_rule(tree in pattern()) {
        let kinds = kinds();
        let context = Context { kinds: &kinds, ..Context::default() };
        let text = tree.to_string();
        prop_assert_eq!(parse_rule(&text, &context), Ok(RuleWhen::Each(tree)), "{}", text);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        read(&text)?;
    }

    #[test]
    fn no_change_of_a_good_text_makes_the_parser_panic(
        tree in condition(),
        cut in any::<prop::sample::Index>(),
        taken in 0..6_usize,
        put in prop_oneof![
            "[ -~]{0,3}",
            select(vec!["(", ")", "'", "\"", " in ", " not ", " 0 ", "-", ",", "“", "\u{301}", " or "])
                .prop_map(str::to_owned),
        ],
    ) {
        let letters: Vec<char> = tree.to_string().chars().collect();
        let at = cut.index(letters.len() + 1);
        let rest = letters[at..].iter().skip(taken);
        let text: String = letters[..at].iter().copied().chain(put.chars()).chain(rest.copied()).collect();
        read(&text)?;
    }
}

/// Reads a text both ways; its errors, if any, stand within it on whole characters.
fn read(text: &str) -> Result<(), TestCaseError> {
    let kinds = kinds();
    let context = Context {
        kinds: &kinds,
        ..Context::default()
    };
    for errors in [
        parse_rule(text, &context).err(),
        parse_condition(text, &context).err(),
    ]
    .into_iter()
    .flatten()
    {
        prop_assert!(!errors.is_empty());
        for error in errors {
            prop_assert!(
                text.get(error.span.clone()).is_some(),
                "{:?} in {:?}",
                error,
                text
            );
            prop_assert!(!error.message.is_empty() && !error.label.is_empty());
        }
    }
    if let Ok(tree) = parse_condition(text, &context) {
        prop_assert_eq!(parse_condition(&tree.to_string(), &context), Ok(tree));
    }
    Ok(())
}

/// As they stand in the debugging text of a tree.
const CONSTRUCTS: [&str; 67] = [
    "Or(",
    "And(",
    "Not(",
    "any: true",
    "any: false",
    "window: None",
    "Count",
    "AtLeast",
    "AtMost",
    "Exactly",
    "MoreThan",
    "FewerThan",
    "Total",
    "DaysWith",
    "TimeSince",
    "GreaterOrEqual",
    "cmp: Greater,",
    "LessOrEqual",
    "cmp: Less,",
    "cmp: Equal",
    "NotEqual",
    "Machines",
    "People",
    "Everyone",
    "On(",
    "Campaign(",
    "Tagged(",
    "Of(",
    "From(",
    "Over(",
    "Under(",
    "Where",
    "unit: Day",
    "unit: Week",
    "unit: Month",
    "unit: Year",
    "Field",
    "Email(",
    "EmailDomain(",
    "EmailDomainFree { negated: true",
    "EmailDomainFree { negated: false",
    "Points",
    "Band",
    "Segment(",
    "InList(",
    "Status { negated: true",
    "Subscribed",
    "Bounced",
    "Unsubscribed",
    "Complained",
    "Suppressed",
    "Otherwise",
    "Compare(",
    "Number(",
    "Date(",
    "Truth(",
    "Text(",
    "OneOf { negated: true",
    "OneOf { negated: false",
    "Contains(",
    "StartsWith(",
    "EndsWith(",
    "Matches(",
    "Known(true",
    "Known(false",
    "Lowercase { negated: true",
    "LooksFake",
];

/// How the tests above could be vacuous: trees that never hold a construct.
#[test]
fn the_trees_that_are_tried_hold_every_construct() {
    use proptest::{strategy::ValueTree as _, test_runner::TestRunner};

    let mut runner = TestRunner::deterministic();
    let mut said = String::new();
    for _ in 0..2_000 {
        let tree = condition().new_tree(&mut runner).unwrap().current();
        said.push_str(&format!("{tree:?}\n"));
    }
    let kinds = EventKind::BUILT_IN
        .iter()
        .map(|kind| format!("kind: {kind:?}"));
    let of_kinds = kinds.chain(["kind: Custom(\"open_day\")".to_owned()]);
    for construct in of_kinds.chain(CONSTRUCTS.map(str::to_owned)) {
        let times = said.matches(&*construct).count();
        assert!(times >= 3, "{construct} occurred {times} times");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn no_pile_of_words_makes_the_parser_panic(words in prop::collection::vec(select(vec![
        "(", ")", "not", "and", "or", "no", "any", "at least", "total", "days with", "time since", "open", "hard bounce",
        "field", "in", "in list", "in campaign", "where", "is", "is not", "known", "'x'", "\"y\"", "3", "-2.5", "2026-01-01",
        "months", "day", ">", "<=", "=", ",", "score", "segment", "status is", "otherwise", "email domain", "looks fake",
    ]), 0..60)) {
        read(&words.join(" "))?;
    }
}

#[test]
fn deep_nesting_is_refused_in_words_and_never_overflows_the_stack() {
    let context = Context::default();
    for (open, close) in [
        ("(", ")"),
        ("not (", ")"),
        ("(not ", ")"),
        ("any open or (", ")"),
        ("(", ""),
    ] {
        for depth in [1, 63, 64, 65, 66, 500, 5_000] {
            let text = format!("{}no open{}", open.repeat(depth), close.repeat(depth));
            let found = parse_condition(&text, &context);
            let is_too_deep = depth > crate::rules::parser::MAX_DEPTH;
            let good = !close.is_empty() && !is_too_deep && fits(&text);
            assert_eq!(found.is_ok(), good, "{open} {depth}: {found:?}");
            if good {
                let tree = found.unwrap();
                assert_eq!(parse_condition(&tree.to_string(), &context), Ok(tree));
            } else if is_too_deep && fits(&text) {
                let codes: Vec<_> = found.unwrap_err().iter().map(|error| error.code).collect();
                assert!(
                    codes.contains(&crate::rules::error::Code::TooDeep),
                    "{open} {depth}: {codes:?}"
                );
            }
        }
    }
}
