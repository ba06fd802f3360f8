use std::{fmt::Write as _, fs, path::Path};

use engaged_connectors::model::{Address, EventKind};

use super::{
    en::English,
    nl::Dutch,
    phrases::{NotTheSum, Phrases},
};
use crate::{
    rules::{
        Context, KnownScore, parse_rule,
        set::{Decay, Group, Period},
        syntax::{Condition, RuleWhen, Unit, Window},
    },
    score::{
        Doubt, Grounds, Reason,
        calendar::Day,
        explain::{AbsenceLine, Cause, Points, looks_fake},
        facts::{Facts, Hole},
    },
    verdict::Evidence,
};

/// Every form that the rule language has, apart from kinds and statuses, which are all added.
const FORMS: [&str; 66] = [
    "purchase of 'shoes'",
    "machine open",
    "every click on '/demo*' in campaign 'Spring*'",
    "click tagged 'BOFU' from shop",
    "purchase over 100",
    "refund under 24.5",
    "form submit on '/contact' where colour is not 'red'",
    "page visit in campaign 'Spring*'",
    "no open in 3 months",
    "no open in 1 day",
    "no click in 1 week",
    "no purchase in 1 year",
    "no purchase of 'shoes' in 2 years",
    "no machine open in 1 month",
    "no open",
    "no reply",
    "any click in 30 days",
    "any click on '/demo*' in 1 day",
    "any purchase",
    "any complaint",
    "at least 3 clicks in 30 days",
    "at most 1 open in 1 year",
    "exactly 0 page visits on '/prijzen*' in 2 weeks",
    "more than 2 purchases",
    "fewer than 5 demo requests in 1 month",
    "total purchases in 1 year > 250",
    "total purchases of 'shoes' in 6 months <= 24.5",
    "total webinars in 1 month >= 1234.5",
    "total purchases in 1 year < 25",
    "total purchases in 1 year = 0",
    "total purchases in 1 year != 10",
    "days with open in 30 days >= 3",
    "days with page visit on '/prijzen*' in 1 week < 1",
    "time since click > 3 months",
    "time since webinar < 1 year",
    "field country is 'NL'",
    "field country is not 'NL'",
    "field country in ('NL', 'BE', 'DE')",
    "field country is not in ('NL', 'BE')",
    "field age > 1000",
    "field age != 30.5",
    "field joined >= 2026-03-01",
    "field joined < 2026-03-01",
    "field joined is 2026-03-01",
    "field vip is true",
    "field job_title contains 'manager'",
    "field job_title starts with 'head'",
    "field job_title ends with 'er'",
    "field job_title matches '^chief'",
    "field city is known",
    "field city is unknown",
    "field last_name is lowercase",
    "field last_name is not lowercase",
    "field last_name looks fake",
    "email ends with '.nl'",
    "email domain is 'example.nl'",
    "email domain is free",
    "email domain is not free",
    "engagement >= 75.5",
    "fit is 'A'",
    "fit is not 'A'",
    "fit in ('A', 'B') and not segment 'vip' or in list 'Newsletter'",
    "not no open in 3 months",
    "not (no open in 3 months and no click in 6 months)",
    "not at least 3 clicks in 30 days and not email domain is free",
    "otherwise",
];

fn parsed(text: &str) -> RuleWhen {
    let known = |name: &str, bands: &[&str]| KnownScore {
        name: name.to_owned(),
        bands: bands.iter().map(ToString::to_string).collect(),
    };
    let names = Context {
        kinds: &["demo_request".to_owned()],
        scores: Some(&[known("engagement", &[]), known("fit", &["A", "B"])]),
        segments: Some(&["vip".to_owned()]),
        lists: None,
        connections: None,
        classes: None,
    };
    parse_rule(text, &names).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

/// Compares with a file of the repository; `UPDATE_SNAPSHOTS=1` writes it instead.
fn assert_snapshot(name: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explanations");
    let path = path.join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, now).unwrap();
    }
    let before = fs::read_to_string(&path).unwrap_or_default();
    let lines = before.lines().zip(now.lines());
    let differs = lines.enumerate().find(|(_, (before, now))| before != now);
    assert_eq!(differs, None, "{} differs", path.display());
    assert_eq!(before.len(), now.len(), "{} differs", path.display());
}

fn languages() -> [(&'static str, Box<dyn Phrases>); 2] {
    [
        ("en", Box::new(English::new("EUR"))),
        ("nl", Box::new(Dutch::new("EUR"))),
    ]
}

#[test]
fn every_form_of_a_rule_is_said_in_both_languages() {
    let mut forms: Vec<String> = FORMS.iter().map(ToString::to_string).collect();
    let own = EventKind::Custom("demo_request".to_owned());
    for kind in EventKind::BUILT_IN.iter().chain([&own]) {
        let kind = kind.as_str().replace('_', " ");
        forms.push(kind.clone());
        forms.push(format!("no {kind} in 3 months"));
        forms.push(format!("at least 2 {kind} in 1 month"));
    }
    for status in [
        "subscribed",
        "unsubscribed",
        "bounced",
        "complained",
        "suppressed",
    ] {
        forms.push(format!("status is {status}"));
        forms.push(format!("status is not {status}"));
    }
    let mut out = String::new();
    for form in forms {
        writeln!(out, "{form}").unwrap();
        for (code, language) in languages() {
            let said = match parsed(&form) {
                RuleWhen::Each(pattern) => {
                    let (one, many) = (language.event(&pattern), language.events(2, &pattern));
                    format!("{one} | {many} | {}", language.kind(&pattern))
                }
                RuleWhen::State(condition) => language.condition(&condition),
            };
            writeln!(out, "  {code}  {said}").unwrap();
            if let RuleWhen::State(condition @ Condition::Absence { .. }) = parsed(&form) {
                let cause = Cause::Begins(condition);
                let change = language.change(Points(-10_000), &cause);
                writeln!(out, "      {change}").unwrap();
            }
        }
    }
    assert_snapshot("rules.txt", &out);
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// Every reason that an absence has, with grounds that make it say most.
fn absences() -> Vec<AbsenceLine> {
    let RuleWhen::State(condition) = parsed("no open in 3 months") else {
        panic!("a condition");
    };
    let hole = |from: &str, to: &str| Hole {
        from: day(from),
        to: day(to),
    };
    let grounds = Grounds {
        last: Some(day("2026-03-03")),
        start: day("2026-03-03"),
        subscribed_again: false,
        clears_on: Some(day("2026-09-08")),
        mails: 4,
        tracked: 1,
        needed: 3,
        holes: vec![hole("2026-04-10", "2026-04-24")],
    };
    let line = |state: Reason, grounds: &Grounds| AbsenceLine {
        when: None,
        state,
        since: state.since(),
        condition: condition.clone(),
        grounds: grounds.clone(),
    };
    let again = Grounds {
        subscribed_again: true,
        ..grounds.clone()
    };
    let holes = |holes: Vec<Hole>| Grounds {
        holes,
        clears_on: None,
        ..grounds.clone()
    };
    vec![
        line(Reason::NeverCustomer, &grounds),
        line(Reason::Present, &grounds),
        line(Reason::TooNew, &grounds),
        line(Reason::TooNew, &again),
        line(Reason::NoTracking, &holes(Vec::new())),
        line(Reason::NoTracking, &grounds),
        line(Reason::NotTracked, &grounds),
        line(Reason::NotMailed, &grounds),
        line(Reason::TooFewSends, &grounds),
        line(Reason::CoverageGap, &grounds),
        line(
            Reason::CoverageGap,
            &holes(vec![
                hole("2026-03-28", "2026-04-03"),
                hole("2026-05-01", "2026-05-01"),
                hole("2025-12-30", "2026-01-02"),
                hole("2026-05-03", "2026-05-04"),
            ]),
        ),
        line(
            Reason::CoverageGap,
            &holes(vec![hole("2026-06-01", "2026-06-14")]),
        ),
        line(
            Reason::CoverageGap,
            &holes(vec![Hole {
                from: Day::ALWAYS,
                to: day("2026-06-14"),
            }]),
        ),
        line(Reason::Unmeasurable, &grounds),
        line(Reason::Unmeasurable, &holes(Vec::new())),
        line(Reason::AbsentSince(day("2026-06-03")), &grounds),
        line(Reason::Absent, &grounds),
    ]
}

#[test]
fn every_reason_says_what_it_means_and_what_to_do() {
    let as_of = day("2026-06-15");
    let doubts = [
        Doubt::Absence(Reason::NeverCustomer),
        Doubt::Absence(Reason::TooNew),
        Doubt::Absence(Reason::CoverageGap),
        Doubt::Absence(Reason::NoTracking),
        Doubt::Field("country".to_owned()),
        Doubt::NoAddress,
        Doubt::OtherCurrency,
        Doubt::Never,
        Doubt::NoStatus,
    ];
    let gap = [Hole {
        from: day("2026-04-10"),
        to: day("2026-04-24"),
    }];
    let mut out = String::new();
    for (code, language) in languages() {
        for line in absences() {
            let reasoning = language.absence(&line, as_of);
            writeln!(
                out,
                "{code}  {}: {}",
                line.state.as_str(),
                reasoning.meaning
            )
            .unwrap();
            let advice = reasoning.advice.unwrap_or_else(|| "-".to_owned());
            writeln!(out, "    {advice}").unwrap();
        }
        for doubt in &doubts {
            let reasoning = language.doubt(doubt, &gap, as_of);
            writeln!(out, "{code}  {}", reasoning.meaning).unwrap();
            let advice = reasoning.advice.unwrap_or_else(|| "-".to_owned());
            writeln!(out, "    {advice}").unwrap();
        }
    }
    assert_snapshot("reasons.txt", &out);
}

#[test]
fn everything_else_is_said_in_both_languages() {
    let RuleWhen::Each(pattern) = parsed("click on '/demo*'") else {
        panic!("a pattern");
    };
    let group = |max, min| Group {
        name: "email".to_owned(),
        max,
        min,
    };
    let month = Window {
        number: 1,
        unit: Unit::Month,
    };
    let linear = |share, period| Decay::Linear { share, period };
    let quarter = Window { number: 3, ..month };
    let mut out = String::new();
    for (code, language) in languages() {
        let say = |text: &str| writeln!(out, "{code}  {text}").unwrap();
        let lines = [
            language.not_the_sum(Points(41_500), NotTheSum::Rounded),
            language.not_the_sum(Points(-1_234_500), NotTheSum::Below(-100)),
            language.not_the_sum(Points(137_000), NotTheSum::Above(100)),
            language.fading(linear(333, month)),
            language.fading(linear(500, quarter)),
            language.fading(Decay::HalfLife { days: 1 }),
            language.fading(Decay::HalfLife { days: 30 }),
            language.over_period_limits(
                Points(1000),
                &[(20_000, Period::Day), (30_000, Period::Week)],
            ),
            language.over_period_limits(
                Points(2500),
                &[(20_000, Period::Month), (30_000, Period::Year)],
            ),
            language.gone(1),
            language.gone(2),
            language.lifted(2, &[EventKind::Subscribe, EventKind::Open]),
            language.group(&group(Some(12_000), None), true),
            language.group(&group(None, Some(-4_500)), false),
            language.stage_becomes(Some("SQL")),
            language.stage_becomes(None),
            language.becomes("fit", (3, 3), (Some("A"), None)),
            language.becomes("fit", (3, 1000), (None, Some("A"))),
            language.left_out(1, day("2026-06-15")),
        ];
        lines.iter().map(String::as_str).for_each(say);
        for cause in [
            Cause::Weighs(Condition::Otherwise),
            Cause::Counts(pattern.clone(), 1),
            Cause::Lifted(pattern.clone(), 1),
            Cause::Lifted(pattern.clone(), 2),
            Cause::Expires(pattern.clone(), 1),
            Cause::Fades(pattern.clone()),
            Cause::FadesDaily,
            Cause::Group(group(Some(1), None)),
            Cause::Floor(-30_000),
            Cause::AdjustmentBegins("tom".to_owned()),
            Cause::AdjustmentEnds("tom".to_owned()),
        ] {
            let change = language.change(Points(-1000), &cause);
            writeln!(out, "{code}  {change}").unwrap();
        }
    }
    assert_snapshot("sentences.txt", &out);
}

#[test]
fn every_sign_of_a_made_up_text_is_said_in_both_languages() {
    let asked = parsed("field company looks fake or email looks fake");
    let mut out = String::new();
    for (code, language) in languages() {
        for (company, address) in [
            ("azertyop", "jan@example.nl"),
            ("Xxxx", "jan@example.nl"),
            ("Test", "jan@example.nl"),
            ("Bvrt", "jan@example.nl"),
            ("B 123", "jan@example.nl"),
            ("bedrijf", "jan@example.nl"),
            ("Bedrijf", "jan@x.mailinator.com"),
        ] {
            let facts = Facts {
                address: Address::parse(address),
                fields: vec![("Company".to_owned(), company.to_owned())],
                ..Facts::default()
            };
            for line in looks_fake(&asked, &facts) {
                let said = language.fake(&line);
                writeln!(out, "{code}  {}, {}: {said}", line.of, line.sign).unwrap();
            }
        }
    }
    assert_snapshot("fakes.txt", &out);
}

#[test]
fn every_code_of_a_verdict_is_said_in_both_languages() {
    let codes = "burst:6 honeypot beside_honeypot delivery:0s delivery:4s agent:x proxy:x network:192.0.2.0/24 source cleared";
    for (code, language) in languages() {
        for evidence in Evidence::read(codes) {
            let said = language.evidence(&evidence);
            assert!(!codes.split(' ').any(|code| code == said), "{code}: {said}");
        }
        let unknown = Evidence::read("two links in one second");
        assert_eq!(language.evidence(&unknown[0]), "two links in one second");
    }
}
