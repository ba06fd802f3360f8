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

/// What is wrong with a rule, names not checked.
fn wrong_rule(text: &str) -> String {
    let errors = parse_rule(text, &Context::default()).expect_err(text);
    told(text, &errors)
}

/// Each text with its errors below it.
fn report(wrong: impl Fn(&str) -> String, texts: &[&str]) -> String {
    let one = |text: &&str| format!("> {text}\n  {}\n", wrong(text).replace('\n', "\n  "));
    texts.iter().map(one).collect()
}

/// What is typed, and how it is written.
const FORMS: &[(&str, &str)] = &[
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
];

#[test]
fn every_form_of_the_grammar_is_read_and_written_canonically() {
    for (typed, canonical) in FORMS {
        let tree = condition(typed);
        assert_eq!(tree.to_string(), *canonical, "{typed}");
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
    insta::assert_snapshot!(report(wrong, &[
        "click tagged 'BOFU'",
    ]), @r"
    > click tagged 'BOFU'
      E0207 [click tagged 'BOFU'] `click tagged 'BOFU'` alone is an event, not a condition | expected a question about it | did you mean `any click tagged 'BOFU' in 30 days`?
    ");
    insta::assert_snapshot!(report(wrong_rule, &[
        "open in 3 months",
        "open and clicks of 'x'",
        "clicks > 3",
        "click tagd 'BOFU'",
        "click of 3 and opens",
    ]), @r"
    > open in 3 months
      E0207 [open] `open` alone is an event, not a condition | expected a question about it | did you mean `any open in 3 months`?
    > open and clicks of 'x'
      E0207 [open] `open` alone is an event, not a condition | expected a question about it | did you mean `any open in 30 days`?
      E0207 [clicks of 'x'] `clicks of 'x'` alone is an event, not a condition | expected a question about it | did you mean `any click of 'x' in 30 days`?
    > clicks > 3
      E0207 [clicks] `clicks` alone is an event, not a condition | expected a question about it | did you mean `more than 3 clicks in 30 days`?
    > click tagd 'BOFU'
      E0201 [tagd] unknown word `tagd` | expected a filter, `and`, `or` or the end | did you mean `tagged`?
    > click of 3 and opens
      E0202 [3] `3` has no quotes | expected an item in quotes | write '3'
      E0207 [opens] `opens` alone is an event, not a condition | expected a question about it | did you mean `any open in 30 days`?
    ");
}

#[test]
fn unknown_words_come_with_the_nearest() {
    insta::assert_snapshot!(report(wrong, &[
        "no opne in 3 months",
        "no page vist in 3 months",
        "no page in 3 months",
        "no pizza in 3 months",
        "no open in 3 monhts",
        "no open within 3 months",
        "filed country is 'NL'",
        "field country iss 'NL'",
        "field country is knwon",
        "status is unsubscribd",
        "less than 3 clicks",
        "any open nad any click",
        "xyzzy",
    ]), @r#"
    > no opne in 3 months
      E0201 [opne] unknown kind of event `opne` | expected a kind of event | did you mean `open`?
    > no page vist in 3 months
      E0201 [page vist] unknown kind of event `page vist` | expected a kind of event | did you mean `page visit`?
    > no page in 3 months
      E0201 [page] unknown kind of event `page` | expected a kind of event | did you mean `page visit`?
    > no pizza in 3 months
      E0201 [pizza] unknown kind of event `pizza` | expected a kind of event | declare kinds of your own: [events] kinds = ["pizza"]
    > no open in 3 monhts
      E0201 [monhts] unknown word `monhts` | expected `days`, `weeks`, `months` or `years` | did you mean `months`?
    > no open within 3 months
      E0201 [within] unknown word `within` | expected a filter, `in` and a span, `and` or `or` | did you mean `in`?
    > filed country is 'NL'
      E0201 [filed] unknown word `filed` | expected a condition | did you mean `field`?
    > field country iss 'NL'
      E0201 [iss] unknown word `iss` | expected a test, such as `is 'NL'` | did you mean `is`?
    > field country is knwon
      E0201 [knwon] unknown word `knwon` | expected a value | did you mean `known`?
    > status is unsubscribd
      E0201 [unsubscribd] unknown word `unsubscribd` | expected a status | did you mean `unsubscribed`?
    > less than 3 clicks
      E0201 [less] unknown word `less` | expected a condition | did you mean `fewer`?
    > any open nad any click
      E0201 [nad] unknown word `nad` | expected a filter, `in` and a span, `and` or `or` | did you mean `and`?
    > xyzzy
      E0201 [xyzzy] unknown word `xyzzy` | expected a condition
    "#);
}

#[test]
fn what_stands_in_the_wrong_place_is_underlined_exactly() {
    insta::assert_snapshot!(report(wrong, &[
        "",
        "no open in",
        "no open in 3",
        "no open in month",
        "no open 3 months",
        "no open in list 'Newsletter'",
        "no open in 3 months in campaign 'X' from shop",
        "total purchases > 250",
        "field country is NL",
        "field country = 'NL'",
        "field country not contains 'NL'",
        "field country in 'NL'",
        "field country in ()",
        "engagement > 'engaged'",
        "engagement",
        "segment vip",
        "(any open or any click",
        "any open) and any clik",
        "not not any open",
        "any open any click",
        "campaign is 'x'",
    ]), @r"
    > 
      E0202 [] there is nothing to read | expected a condition
    > no open in
      E0202 [] the text ends too early | expected a span, such as `3 months`
    > no open in 3
      E0202 [] the text ends too early | expected `days`, `weeks`, `months` or `years`
    > no open in month
      E0202 [month] unexpected `month` | expected a span, such as `3 months` | write `1 month`
    > no open 3 months
      E0202 [3] unexpected `3` | expected a filter, `in` and a span, `and` or `or` | a span begins with `in`: `in 3 months`
    > no open in list 'Newsletter'
      E0202 [in list] unexpected `in list` | expected a span, such as `in 3 months` | a list is a condition of its own: `and in list ...`
    > no open in 3 months in campaign 'X' from shop
      E0202 [in campaign 'X' from shop] filters come before the span | belongs before the span | write `no open in campaign 'X' from shop in 3 months`
    > total purchases > 250
      E0202 [>] unexpected `>` | expected `in` and a span | say in which window: `in 1 year`
    > field country is NL
      E0202 [NL] `NL` has no quotes | expected a value | write 'NL'
    > field country = 'NL'
      E0202 ['NL'] unexpected `'NL'` | expected a number or a date | write `is 'NL'`
    > field country not contains 'NL'
      E0202 [not] unexpected `not` | expected a test, such as `is 'NL'` | `not` stands before the whole condition, or after `is`
    > field country in 'NL'
      E0202 ['NL'] unexpected `'NL'` | expected `(` and the values | write `in ('A', 'B')`, or `is 'A'`
    > field country in ()
      E0202 [)] unexpected `)` | expected a value
    > engagement > 'engaged'
      E0202 ['engaged'] unexpected `'engaged'` | expected a number of points | bands are asked for by `engagement is '...'`
    > engagement
      E0202 [] the text ends too early | expected a comparison, `is` or `in`
    > segment vip
      E0202 [vip] `vip` has no quotes | expected the name of a segment in quotes | write 'vip'
    > (any open or any click
      E0202 [(] this `(` is never closed | expected a `)` for it
    > any open) and any clik
      E0202 [)] this `)` closes nothing | no `(` before it
      E0201 [clik] unknown kind of event `clik` | expected a kind of event | did you mean `click`?
    > not not any open
      E0202 [not] unexpected `not` | expected a condition | two `not` are none
    > any open any click
      E0202 [any] unexpected `any` | expected a filter, `in` and a span, `and` or `or`
    > campaign is 'x'
      E0202 [campaign] unexpected `campaign` | expected a condition
    ");
}

#[test]
fn numbers_texts_and_regular_expressions_are_checked() {
    insta::assert_snapshot!(report(wrong, &[
        "no open in 0 days",
        "no open in 1.5 months",
        "at least -1 opens",
        "at least 4294967296 opens",
        "field a > 1234567890123456",
        "field a > 1,5",
        "field a < 2026-02-30",
        "(field a is 'x or any open",
        "field a matches '(x'",
        "field a matches '(a{999}){999}'",
    ]), @r"
    > no open in 0 days
      E0203 [0 days] a span of zero holds nothing | expected one day at least | without a span, all time counts
    > no open in 1.5 months
      E0205 [1.5] `1.5` cannot be counted | expected a whole number from 0 to 4294967295
    > at least -1 opens
      E0205 [-1] `-1` cannot be counted | expected a whole number from 0 to 4294967295
    > at least 4294967296 opens
      E0205 [4294967296] `4294967296` cannot be counted | expected a whole number from 0 to 4294967295
    > field a > 1234567890123456
      E0205 [1234567890123456] `1234567890123456` has too many digits | expected 15 digits at most
    > field a > 1,5
      E0205 [1,5] a comma is no decimal point | expected one number | write 1.5
    > field a < 2026-02-30
      E0205 [2026-02-30] `2026-02-30` is not a date | expected a day of the calendar, year first | write dates as YYYY-MM-DD
    > (field a is 'x or any open
      E0204 ['x or any open] the text has no closing quote | begins here | close it with '
    > field a matches '(x'
      E0206 ['(x'] the regular expression cannot be compiled | unclosed group
    > field a matches '(a{999}){999}'
      E0206 ['(a{999}){999}'] the regular expression cannot be compiled | Compiled regex exceeds size limit of 1048576 bytes.
    ");
}

#[test]
fn names_that_refer_to_nothing_are_found() {
    insta::assert_snapshot!(report(wrong, &[
        "engagment > 75",
        "engagement is 'ambasador'",
        "fit in ('A', 'C')",
        "segment 'vpi' and in list 'Nieuws'",
        "any click tagged 'BOFFU' from shp",
    ]), @r"
    > engagment > 75
      E0209 [engagment] there is no score named `engagment` | expected the name of a score | did you mean `engagement`?
    > engagement is 'ambasador'
      E0209 ['ambasador'] there is no band named `ambasador` | expected the name of a band | did you mean `ambassador`?
    > fit in ('A', 'C')
      E0209 ['C'] there is no band named `C` | expected the name of a band | there are `A`, `B`
    > segment 'vpi' and in list 'Nieuws'
      E0209 ['vpi'] there is no segment named `vpi` | expected the name of a segment | did you mean `vip`?
      E0209 ['Nieuws'] there is no list named `Nieuws` | expected the name of a list | there are `Newsletter`
    > any click tagged 'BOFFU' from shp
      E0209 ['BOFFU'] there is no class of links named `BOFFU` | expected the name of a class of links | did you mean `BOFU`?
      E0209 [shp] there is no connection named `shp` | expected the name of a connection | did you mean `shop`?
    ");
    // Case makes no difference, and without names nothing is checked.
    condition("nothing > 3 and segment 'x' and any click tagged 'y' from z");
    assert!(wrong("FIT is 'a' and segment 'VIP' and otherwise x").starts_with("E0201 [x]"));
}

#[test]
fn all_mistakes_of_a_text_come_at_once_and_none_twice() {
    insta::assert_snapshot!(report(wrong, &[
        "no opne in 3 months and (any clik or field a is 'x' b) or engagment > 75 or any share",
        "no open in 0 days and no click in “3” months",
    ]), @r#"
    > no opne in 3 months and (any clik or field a is 'x' b) or engagment > 75 or any share
      E0201 [opne] unknown kind of event `opne` | expected a kind of event | did you mean `open`?
      E0201 [clik] unknown kind of event `clik` | expected a kind of event | did you mean `click`?
      E0201 [b] unknown word `b` | expected `and`, `or` or the end
      E0209 [engagment] there is no score named `engagment` | expected the name of a score | did you mean `engagement`?
    > no open in 0 days and no click in “3” months
      E0203 [0 days] a span of zero holds nothing | expected one day at least | without a span, all time counts
      E0202 [“] `“` is not a quote of this language | not part of the language | use straight quotes: ' or "
      E0202 [”] `”` is not a quote of this language | not part of the language | use straight quotes: ' or "
    "#);
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
