use super::*;
use crate::rules::{names::KnownScore, syntax::Condition};

const KINDS: &[&str] = &["demo_request", "open_day"];

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn condition(text: &str) -> Condition {
    let kinds = owned(KINDS);
    let context = Context {
        kinds: &kinds,
        ..Context::default()
    };
    parse_condition(text, &context).unwrap_or_else(|errors| panic!("{text}: {errors:#?}"))
}

fn rule(text: &str) -> RuleWhen {
    let kinds = owned(KINDS);
    let context = Context {
        kinds: &kinds,
        ..Context::default()
    };
    parse_rule(text, &context).unwrap_or_else(|errors| panic!("{text}: {errors:#?}"))
}

/// Each error on a line: code, the words underlined, message, label, help.
fn told(text: &str, errors: &[SyntaxError]) -> String {
    let line = |error: &SyntaxError| {
        let help = error.help.as_deref().map(|help| format!(" | {help}"));
        format!(
            "{} [{}] {} | {}{}",
            error.code,
            &text[error.span.clone()],
            error.message,
            error.label,
            help.unwrap_or_default()
        )
    };
    errors.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What is wrong with a condition, names checked.
fn wrong(text: &str) -> String {
    let score = |name: &str, bands: &[&str]| KnownScore {
        name: name.into(),
        bands: owned(bands),
    };
    let scores = [
        score("engagement", &["ambassador", "engaged"]),
        score("fit", &["A", "B"]),
    ];
    let (kinds, one, classes) = (
        owned(KINDS),
        owned(&["vip", "hot"]),
        owned(&["TOFU", "BOFU"]),
    );
    let (lists, connections) = (owned(&["Newsletter"]), owned(&["shop"]));
    let context = Context {
        kinds: &kinds,
        scores: Some(&scores),
        segments: Some(&one),
        lists: Some(&lists),
        connections: Some(&connections),
        classes: Some(&classes),
    };
    let errors = parse_condition(text, &context).expect_err(text);
    assert!(!errors.is_empty());
    told(text, &errors)
}

#[test]
fn every_form_of_the_grammar_is_read_and_written_canonically() {
    for (typed, canonical) in [
        // Joining.
        (
            "any open and any click or any share",
            "any open and any click or any share",
        ),
        (
            "any open and (any click or any share)",
            "any open and (any click or any share)",
        ),
        (
            "(any open and any click) or (((any share)))",
            "any open and any click or any share",
        ),
        (
            "NOT any open AND not (any click or any like)",
            "not any open and not (any click or any like)",
        ),
        // Counts.
        ("no open in 3 months", "no open in 3 months"),
        ("NO  Opens\n in 3 MONTH", "no open in 3 months"),
        ("no purchase", "no purchase"),
        (
            "at\tleast 3 clicks in 1 weeks",
            "at least 3 clicks in 1 week",
        ),
        ("at most 1 replies", "at most 1 reply"),
        (
            "exactly 2 hard  bounces in 1 year",
            "exactly 2 hard bounces in 1 year",
        ),
        (
            "more than 0 soft_bounce in 9 days",
            "more than 0 soft bounces in 9 days",
        ),
        ("fewer than 2 Page Visits", "fewer than 2 page visits"),
        // Measures.
        (
            "total purchases in 1 year > 250",
            "total purchases in 1 year > 250",
        ),
        (
            "total purchase of 'shoes' in 1 year<=-0.50",
            "total purchases of 'shoes' in 1 year <= -0.5",
        ),
        (
            "days with open in 30 days >= 3",
            "days with open in 30 days >= 3",
        ),
        ("time since click > 3 months", "time since click > 3 months"),
        // Patterns and filters.
        ("any machine open", "any machine open"),
        (
            "any every form submit on '/demo*'",
            "any every form submit on '/demo*'",
        ),
        (
            "any click in campaign 'Spring*' tagged 'BOFU' from shop in 30 days",
            "any click in campaign 'Spring*' tagged 'BOFU' from shop in 30 days",
        ),
        (
            "any purchase of \"it's\" over 10 under 20.5 from 'my shop'",
            "any purchase of \"it's\" over 10 under 20.5 from 'my shop'",
        ),
        (
            "any demo request where colour in ('red', \"blue\") in 2 weeks",
            "any demo request where colour in ('red', 'blue') in 2 weeks",
        ),
        (
            "any open days where in > 3 in 3 days",
            "any open day where in > 3 in 3 days",
        ),
        (
            "time since open where x > 3 > 3 months",
            "time since open where x > 3 > 3 months",
        ),
        // Fields.
        ("field country is 'NL'", "field country is 'NL'"),
        (
            "field 'land (kort)' is not 'NL'",
            "field 'land (kort)' is not 'NL'",
        ),
        ("field a in ('x')", "field a is 'x'"),
        (
            "field a is in ('x', 3, true, 2026-01-31)",
            "field a in ('x', 3, true, 2026-01-31)",
        ),
        (
            "field a is not in ('x','y')",
            "field a is not in ('x', 'y')",
        ),
        ("field a >= -1.50", "field a >= -1.5"),
        ("field a != 2026-01-31", "field a != 2026-01-31"),
        (
            "field a contains 'x' and field b starts with 'y'",
            "field a contains 'x' and field b starts with 'y'",
        ),
        (
            "field a ends with 'x' or field b matches '^y+$'",
            "field a ends with 'x' or field b matches '^y+$'",
        ),
        ("field a is not known", "field a is unknown"),
        ("field a is not unknown", "field a is known"),
        ("field a is not lowercase", "field a is not lowercase"),
        ("field a Looks  Fake", "field a looks fake"),
        ("field is is known", "field is is known"),
        // Addresses.
        ("email ends with '.nl'", "email ends with '.nl'"),
        ("email domain is free", "email domain is free"),
        ("email domain is not free", "email domain is not free"),
        ("email domain is 'free'", "email domain is 'free'"),
        // Scores and the rest.
        ("engagement > 75", "engagement > 75"),
        ("'open' <= 75", "'open' <= 75"),
        ("'total points' is not 'A'", "'total points' is not 'A'"),
        ("fit in ('A', 'B')", "fit in ('A', 'B')"),
        ("segment 'vip'", "segment 'vip'"),
        ("in list 'Newsletter'", "in list 'Newsletter'"),
        ("status is not unsubscribed", "status is not unsubscribed"),
        ("Otherwise", "otherwise"),
    ] {
        let tree = condition(typed);
        assert_eq!(tree.to_string(), canonical, "{typed}");
        assert_eq!(condition(canonical), tree, "{typed}");
    }
}

#[test]
fn every_kind_is_read_in_singular_and_plural_with_space_or_underscore() {
    for kind in EventKind::BUILT_IN {
        let spaced = kind.as_str().replace('_', " ");
        let plural = crate::rules::names::plural(&spaced);
        for name in [
            kind.as_str(),
            &spaced,
            &plural,
            &plural.replace(' ', "_"),
            &plural.to_uppercase(),
        ] {
            let RuleWhen::Each(pattern) = rule(name) else {
                panic!("{name} is no pattern");
            };
            assert_eq!(pattern.kind, kind, "{name}");
        }
    }
    let RuleWhen::Each(pattern) = rule("Demo Requests") else {
        panic!("not a pattern");
    };
    assert_eq!(pattern.kind, EventKind::Custom("demo_request".into()));
}

#[test]
fn only_a_rule_of_a_score_may_be_a_bare_pattern() {
    assert!(matches!(rule("purchase of 'shoes'"), RuleWhen::Each(_)));
    assert!(matches!(
        rule("any purchase of 'shoes'"),
        RuleWhen::State(_)
    ));
    let told_of = |text: &str| {
        let errors = parse_rule(text, &Context::default()).expect_err(text);
        told(text, &errors)
    };
    insta::assert_snapshot!(wrong("click tagged 'BOFU'"), @"");
    insta::assert_snapshot!(told_of("open in 3 months"), @"");
    insta::assert_snapshot!(told_of("open and clicks of 'x'"), @"");
    insta::assert_snapshot!(told_of("clicks > 3"), @"");
    insta::assert_snapshot!(told_of("click tagd 'BOFU'"), @"");
}

#[test]
fn unknown_words_come_with_the_nearest() {
    insta::assert_snapshot!(wrong("no opne in 3 months"), @"");
    insta::assert_snapshot!(wrong("no page vist in 3 months"), @"");
    insta::assert_snapshot!(wrong("no page in 3 months"), @"");
    insta::assert_snapshot!(wrong("no pizza in 3 months"), @"");
    insta::assert_snapshot!(wrong("no open in 3 monhts"), @"");
    insta::assert_snapshot!(wrong("no open within 3 months"), @"");
    insta::assert_snapshot!(wrong("filed country is 'NL'"), @"");
    insta::assert_snapshot!(wrong("field country iss 'NL'"), @"");
    insta::assert_snapshot!(wrong("field country is knwon"), @"");
    insta::assert_snapshot!(wrong("status is unsubscribd"), @"");
    insta::assert_snapshot!(wrong("less than 3 clicks"), @"");
    insta::assert_snapshot!(wrong("any open nad any click"), @"");
    insta::assert_snapshot!(wrong("xyzzy"), @"");
}

#[test]
fn what_stands_in_the_wrong_place_is_underlined_exactly() {
    insta::assert_snapshot!(wrong(""), @"");
    insta::assert_snapshot!(wrong("no open in"), @"");
    insta::assert_snapshot!(wrong("no open in 3"), @"");
    insta::assert_snapshot!(wrong("no open in month"), @"");
    insta::assert_snapshot!(wrong("no open 3 months"), @"");
    insta::assert_snapshot!(wrong("no open in list 'Newsletter'"), @"");
    insta::assert_snapshot!(wrong("no open in 3 months in campaign 'X' from shop"), @"");
    insta::assert_snapshot!(wrong("total purchases > 250"), @"");
    insta::assert_snapshot!(wrong("field country is NL"), @"");
    insta::assert_snapshot!(wrong("field country = 'NL'"), @"");
    insta::assert_snapshot!(wrong("field country not contains 'NL'"), @"");
    insta::assert_snapshot!(wrong("field country in 'NL'"), @"");
    insta::assert_snapshot!(wrong("field country in ()"), @"");
    insta::assert_snapshot!(wrong("engagement > 'engaged'"), @"");
    insta::assert_snapshot!(wrong("engagement"), @"");
    insta::assert_snapshot!(wrong("segment vip"), @"");
    insta::assert_snapshot!(wrong("(any open or any click"), @"");
    insta::assert_snapshot!(wrong("any open) and any clik"), @"");
    insta::assert_snapshot!(wrong("not not any open"), @"");
    insta::assert_snapshot!(wrong("any open any click"), @"");
    insta::assert_snapshot!(wrong("campaign is 'x'"), @"");
}

#[test]
fn numbers_texts_and_regular_expressions_are_checked() {
    insta::assert_snapshot!(wrong("no open in 0 days"), @"");
    insta::assert_snapshot!(wrong("no open in 1.5 months"), @"");
    insta::assert_snapshot!(wrong("at least -1 opens"), @"");
    insta::assert_snapshot!(wrong("at least 4294967296 opens"), @"");
    insta::assert_snapshot!(wrong("field a > 1234567890123456"), @"");
    insta::assert_snapshot!(wrong("field a > 1,5"), @"");
    insta::assert_snapshot!(wrong("field a < 2026-02-30"), @"");
    insta::assert_snapshot!(wrong("(field a is 'x or any open"), @"");
    insta::assert_snapshot!(wrong("field a matches '(x'"), @"");
    insta::assert_snapshot!(wrong("field a matches '(a{999}){999}'"), @"");
}

#[test]
fn names_that_refer_to_nothing_are_found() {
    insta::assert_snapshot!(wrong("engagment > 75"), @"");
    insta::assert_snapshot!(wrong("engagement is 'ambasador'"), @"");
    insta::assert_snapshot!(wrong("fit in ('A', 'C')"), @"");
    insta::assert_snapshot!(wrong("segment 'vpi' and in list 'Nieuws'"), @"");
    insta::assert_snapshot!(wrong("any click tagged 'BOFFU' from shp"), @"");
    // Case makes no difference, and without names nothing is checked.
    condition("nothing > 3 and segment 'x' and any click tagged 'y' from z");
    assert!(wrong("FIT is 'a' and segment 'VIP' and otherwise x").starts_with("E0201 [x]"));
}

#[test]
fn all_mistakes_of_a_text_come_at_once_and_none_twice() {
    insta::assert_snapshot!(
        wrong("no opne in 3 months and (any clik or field a is 'x' b) or engagment > 75 or any share"),
        @""
    );
    insta::assert_snapshot!(wrong("no open in 0 days and no click in “3” months"), @"");
}

#[test]
fn nesting_and_length_are_limited() {
    let nested = |depth: usize| format!("{}otherwise{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(condition(&nested(MAX_DEPTH)), Condition::Otherwise);
    let deep = nested(MAX_DEPTH + 1);
    let errors = parse_condition(&deep, &Context::default()).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(
        (errors[0].code, &errors[0].span),
        (Code::TooDeep, &(64..65))
    );
    assert!(parse_condition(&"(".repeat(MAX_LENGTH), &Context::default()).is_err());
    let long = " ".repeat(MAX_LENGTH) + "x";
    let errors = parse_condition(&long, &Context::default()).unwrap_err();
    assert_eq!(errors[0].code, Code::TooLong);
}

#[test]
fn a_span_can_stand_alone() {
    assert_eq!(parse_span("2 months").unwrap().to_string(), "2 months");
    for text in ["0 days", "2 months old", "months", "", "in 2 months"] {
        assert_eq!(parse_span(text).unwrap_err().len(), 1, "{text}");
    }
}
