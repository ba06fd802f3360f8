//! What a contact has not agreed to is in no score: every construct of the rule language, over every kind that is measured.

use std::path::PathBuf;

use engaged::{
    config::{Config, Environment, SourceFile, load_texts},
    rules::{
        tracking::{Signal, Tracking},
        truth::Truth,
    },
    score::{
        ask::ask,
        calendar::{Day, Millis},
        evaluate::{Evaluation, evaluate_with_next},
        explain::why_unjudged,
        facts::{ConnectionId, Coverage, Fact, Facts, KindId, TextId},
        model::Model,
        tracking::{Consent, Measured},
    },
};
use engaged_connectors::model::{EventKind, Verdict};

use super::{
    generate::{self, kind_id},
    invariants::histories,
    tally::Tally,
};

const DAY_MS: Millis = 86_400_000;
const TODAY: Day = Day(20_600);

/// What is measured, as rules name it; the last is declared.
const KINDS: [&str; 5] = ["open", "click", "page visit", "download", "demo request"];

/// Every construct that reads events.
const CONDITIONS: [&str; 14] = [
    "no KIND in 3 months",
    "no KIND",
    "any KIND in 3 months",
    "at least 2 KIND in 1 year",
    "more than 0 KIND in 1 year",
    "at most 5 KIND in 1 year",
    "fewer than 5 KIND in 1 year",
    "exactly 1 KIND in 1 year",
    "total KIND in 1 year > 1",
    "total KIND in 1 year < 1",
    "days with KIND in 1 year > 0",
    "time since KIND < 1 year",
    "not (no every KIND in 3 months)",
    "at least 1 machine KIND in 1 year",
];

/// Every way in which events earn points.
const OPTIONS: [&str; 7] = [
    "",
    ", count = 'once'",
    ", count = 'per day'",
    ", count = 'first 2', at_most = 5",
    ", at_most = '3 per week'",
    ", expires = '1 year'",
    ", decay = 'half-life 30 days'",
];

fn config() -> Config {
    let mut text = "timezone = 'UTC'\n[events]\nkinds = ['demo_request']\n[privacy]\ntracked_kinds = ['demo_request']\n\
        [scores.points]\nbands = [ { name = 'all' } ]\nrules = [\n  { when = 'bounce', points = -30 },\n"
        .to_owned();
    for kind in KINDS {
        for option in OPTIONS {
            text += &format!("  {{ when = '{kind}', points = 3{option} }},\n");
        }
        for guards in [true, false] {
            text += &format!(
                "  {{ when = 'no {kind} in 3 months', points = -10, guards = {guards} }},\n\
                 \x20 {{ when = 'fewer than 9 {kind} in 1 year', points = -5, guards = {guards} }},\n"
            );
        }
    }
    text += "]\n[segments]\n";
    for kind in KINDS {
        for condition in CONDITIONS {
            let condition = condition.replace("KIND", kind);
            text += &format!("\"{condition}\" = \"{condition}\"\n");
        }
    }
    let file = SourceFile {
        path: PathBuf::from("engaged.toml"),
        text,
    };
    let loaded = load_texts(&PathBuf::from("engaged.toml"), &[file], &Environment::new());
    loaded.expect("a configuration in order")
}

/// Mails each week, and one event of each kind, a week ago.
fn facts() -> Facts {
    let fact = |id: i64, kind: &EventKind, at: Millis| Fact {
        id,
        at,
        kind: kind_id(kind),
        connection: ConnectionId(1),
        verdict: Verdict::Human,
        campaign: TextId::NONE,
        url: TextId::NONE,
        item: TextId::NONE,
        quantity: 1,
        value: None,
        currency: TextId::NONE,
        order: TextId::NONE,
        tracked: true,
        has_properties: false,
    };
    let now = i64::from(TODAY.0) * DAY_MS;
    let first = now - 300 * DAY_MS;
    let mut events: Vec<Fact> = (0..40)
        .map(|week| fact(week, &EventKind::Send, first + week * 7 * DAY_MS))
        .collect();
    let kinds = [
        EventKind::Bounce,
        EventKind::Open,
        EventKind::Click,
        EventKind::PageVisit,
        EventKind::Download,
        EventKind::Custom("demo_request".to_owned()),
    ];
    for (id, kind) in (100..).zip(kinds) {
        events.push(fact(id, &kind, now - 7 * DAY_MS + id));
    }
    events.sort_by_key(|event| event.at);
    Facts {
        events,
        subscribed_at: Some(first),
        first_known_at: first,
        connections: vec![ConnectionId(1)],
        ..Facts::default()
    }
}

fn evaluated(config: &Config, consent: Consent) -> Evaluation {
    let vocabulary = generate::vocabulary();
    let model = Model::new(&config.rules, &vocabulary);
    let mut facts = Facts { consent, ..facts() };
    facts.hide(&Measured::new(&config.rules.tracking, &vocabulary.kinds));
    evaluate_with_next(&model, &facts, &Coverage::default(), TODAY).0
}

/// The segments that are neither true nor false, by their conditions.
fn unknown(config: &Config, evaluation: &Evaluation) -> Vec<String> {
    let segments = config.rules.segments.iter().zip(&evaluation.segments);
    let unknown = segments.filter(|(_, truth)| **truth == Truth::Unknown);
    unknown.map(|(segment, _)| segment.name.clone()).collect()
}

#[test]
fn no_construct_of_the_rule_language_reads_or_judges_what_may_not_be_used() {
    let config = config();
    let full = evaluated(&config, Consent::default());
    assert_eq!(
        unknown(&config, &full),
        Vec::<String>::new(),
        "the test tests nothing"
    );
    let earned = |evaluation: &Evaluation| {
        let rules = &evaluation.scores[0].rules;
        rules.iter().filter(|rule| rule.points > 0).count()
    };
    assert_eq!(earned(&full), KINDS.len() * OPTIONS.len());
    let now = i64::from(TODAY.0) * DAY_MS;
    for consent in [
        Consent::always(Tracking::None),
        Consent::always(Tracking::LastOpenDateOnly),
        // Who agreed yesterday has done nothing that we know of since.
        Consent::since(Tracking::Full, now - DAY_MS),
    ] {
        let hidden = evaluated(&config, consent);
        assert_eq!(earned(&hidden), 0, "{consent:?}");
        // The bounce alone is left, and no open lifts it.
        assert_eq!(hidden.scores[0].raw, -30_000, "{consent:?}");
        assert_eq!(
            unknown(&config, &hidden).len(),
            KINDS.len() * CONDITIONS.len()
        );
        assert_eq!(why_unjudged(&hidden), Some("no_tracking"));
    }
    let clicks = evaluated(&config, Consent::always(Tracking::ClicksOnly));
    assert_eq!(earned(&clicks), (KINDS.len() - 1) * OPTIONS.len());
    let unknown = unknown(&config, &clicks);
    assert!(
        unknown.iter().all(|name| name.contains(" open")),
        "{unknown:?}"
    );
    // A click proves reading, so that absence is false and not unknown.
    let judged = [
        "no open in 3 months",
        "no open",
        "any open in 3 months",
        "not (no every open in 3 months)",
    ];
    assert_eq!(
        unknown.len(),
        CONDITIONS.len() - judged.len(),
        "{unknown:?}"
    );
    assert!(
        judged
            .iter()
            .all(|name| !unknown.contains(&(*name).to_owned()))
    );
}

#[test]
fn a_list_may_be_cleaned_by_the_date_of_the_last_open_and_by_no_other_word() {
    let config = config();
    let vocabulary = generate::vocabulary();
    let named = |name: &str| {
        let mut segments = config.rules.segments.iter();
        let segment = segments.find(|each| each.name == name);
        &segment.expect("a segment of that name").when
    };
    let conditions = [
        (named("no open in 3 months"), 3),
        (named("no click in 3 months"), 3),
    ];
    let asked = |model: &Model, consent: Consent, days_ago: i64| {
        let now = i64::from(TODAY.0) * DAY_MS;
        let mut facts = Facts {
            consent,
            last_open: Some(now - days_ago * DAY_MS),
            ..facts()
        };
        facts
            .events
            .retain(|fact| fact.kind == kind_id(&EventKind::Send));
        facts.hide(&Measured::new(&config.rules.tracking, &vocabulary.kinds));
        let answers = ask(model, &facts, &Coverage::default(), TODAY);
        answers
            .said
            .iter()
            .map(|said| said.truth)
            .collect::<Vec<_>>()
    };
    let cleaning = Model::cleaning(&config.rules, &vocabulary, &conditions);
    let date = Consent::always(Tracking::LastOpenDateOnly);
    assert_eq!(asked(&cleaning, date, 10), [Truth::False, Truth::Unknown]);
    assert_eq!(asked(&cleaning, date, 200), [Truth::True, Truth::Unknown]);
    let none = Consent::always(Tracking::None);
    assert_eq!(
        asked(&cleaning, none, 200),
        [Truth::Unknown, Truth::Unknown]
    );
    // The same words anywhere else do not read it.
    let asking = Model::asking(&config.rules, &vocabulary, &conditions);
    assert_eq!(asked(&asking, date, 200), [Truth::Unknown, Truth::Unknown]);
}

#[test]
fn a_score_never_depends_on_what_may_not_be_used() {
    let mut tally = Tally::default();
    histories(3_000, 100, |random, model, mut facts, coverage, as_of| {
        generate::consent(random, &mut facts);
        let measured = Measured::new(&model.rules().tracking, &[]);
        let signal = |kind: KindId| match EventKind::BUILT_IN.get(usize::from(kind.0)) {
            Some(EventKind::Open) => Some(Signal::Open),
            Some(EventKind::Click | EventKind::PageVisit | EventKind::Download) => {
                Some(Signal::Click)
            }
            _ => None,
        };
        let consent = facts.consent;
        let is_hidden =
            |fact: &Fact| signal(fact.kind).is_some_and(|signal| fact.at < consent.from(signal));
        let mut other = facts.clone();
        other.events.retain(|fact| !is_hidden(fact));
        if other.events.len() < facts.events.len() {
            tally.add("something hidden");
        }
        let mut seen = facts.clone();
        seen.hide(&measured);
        let now = evaluate_with_next(model, &seen, &coverage, Day(as_of));
        let then = evaluate_with_next(model, &other, &coverage, Day(as_of));
        assert_eq!(now, then, "{facts:?}");
    });
    tally.assert_at_least(200, &["something hidden"]);
}
