//! Deleting what is older than anything looks back: no score changes by it, on any date that is still computed.
//!
//! The one thing that may change, and only in the contact's favour, is a judgement that rested on mails which are gone.

use std::path::PathBuf;

use engaged::{
    config::{Config, Environment, SourceFile, load_texts},
    rules::{
        horizon::{REVIVING, STAYING},
        set::CountMode,
    },
    score::{
        Reason,
        calendar::{Day, Millis, Zone},
        evaluate::{Evaluation, evaluate},
        facts::{Coverage, Fact, Facts, Forgotten, TextId},
        model::Model,
    },
};
use engaged_connectors::model::{EventKind, Verdict};

use super::{
    generate::{self, blank, history},
    oracle::Oracle,
    random::Random,
    tally::Tally,
};

const KINDS: [&str; 6] = [
    "open",
    "click",
    "page visit",
    "share",
    "reply",
    "demo request",
];

const EACH: [&str; 7] = [
    "expires = '2 months'",
    "expires = '2 months', count = 'each'",
    "expires = '1 month', count = 'per day'",
    "decay = '50% per month', count = 'each'",
    "decay = 'half-life 5 days', count = 'each'",
    "expires = '1 month', count = 'each', at_most = '4 per month'",
    "expires = '5 weeks', decay = '10% per week', count = 'each', at_most = 5",
];

const STATES: [&str; 9] = [
    "no KIND in 2 months",
    "any KIND in 6 weeks",
    "at least 2 KIND in 2 months",
    "at most 1 KIND in 2 months",
    "exactly 1 KIND in 30 days",
    "fewer than 3 machine KIND in 2 months",
    "days with KIND in 2 months >= 2",
    "total KIND in 2 months > 10",
    "no every KIND in 2 months or at least 1 KIND in 1 week",
];

/// Every construct that looks back with an end, of every kind that can be deleted, and what rests on what stays.
fn config(zone: &str) -> Config {
    let mut text = format!(
        "timezone = '{zone}'\n[events]\nkinds = ['demo_request']\n[retention]\nevents = '4 months'\nkeep = ['purchase']\n\
         [scores.points]\nbands = [ {{ name = 'all' }} ]\nrules = [\n\
           {{ when = 'bounce', points = -30 }},\n  {{ when = 'unsubscribe', points = -25 }},\n\
           {{ when = 'purchase', points = 3 }},\n  {{ when = 'no purchase in 2 months', points = -3 }},\n\
           {{ when = 'total purchases in 2 months < 25', points = -4 }},\n\
           {{ when = 'status is bounced', points = -7 }},\n"
    );
    for kind in KINDS {
        for option in EACH {
            text += &format!("  {{ when = '{kind}', points = 3, {option} }},\n");
        }
        for state in STATES {
            let state = state.replace("KIND", kind);
            for guards in [true, false] {
                text += &format!("  {{ when = '{state}', points = -2, guards = {guards} }},\n");
            }
        }
    }
    text += "]\n";
    let file = SourceFile {
        path: PathBuf::from("engaged.toml"),
        text,
    };
    let loaded = load_texts(&PathBuf::from("engaged.toml"), &[file], &Environment::new());
    loaded.expect("a horizon that is long enough")
}

fn kind(fact: &Fact) -> EventKind {
    let built_in = EventKind::BUILT_IN.get(usize::from(fact.kind.0)).cloned();
    built_in.unwrap_or_else(|| EventKind::Custom("demo_request".to_owned()))
}

/// Deletes what happened before an instant, as the store does.
fn cut(facts: &Facts, before: Millis) -> Facts {
    let stays = |fact: &Fact| {
        let name = kind(fact);
        if fact.at >= before || STAYING.contains(&name) || name == EventKind::Purchase {
            return true;
        }
        // The last old sign on a connection that the address works, by a person and, of deliveries, by anybody.
        let by_person = |fact: &Fact| matches!(fact.verdict, Verdict::Human | Verdict::Unknown);
        let is_last = |usable: &dyn Fn(&Fact) -> bool| {
            let mut later = facts.events.iter().filter(|other| {
                (other.kind, other.connection) == (fact.kind, fact.connection)
                    && (other.at, other.id) > (fact.at, fact.id)
                    && other.at < before
            });
            usable(fact) && !later.any(usable)
        };
        if REVIVING.contains(&name)
            && (is_last(&by_person) || name == EventKind::Delivery && is_last(&|_| true))
        {
            return true;
        }
        // What is young of its message or order.
        let mut young = facts.events.iter().filter(|other| other.at >= before);
        let message = |fact: &Fact| (fact.kind, fact.connection, fact.campaign);
        young.any(|other| {
            (fact.campaign.is_some() && message(other) == message(fact))
                || (fact.order.is_some() && other.order == fact.order)
        })
    };
    let mut left = facts.clone();
    left.events.retain(|fact| {
        let stays = stays(fact);
        if !stays {
            let one = Forgotten::one(fact.kind, fact.at);
            left.forgotten = Some(one.beside(left.forgotten));
        }
        stays
    });
    let events = &left.events;
    left.properties
        .retain(|(id, ..)| events.iter().any(|event| event.id == *id));
    left
}

fn is_absent(reason: Reason) -> bool {
    reason.since().is_some() || reason.as_str() == "absent"
}

/// Compares one date before and after; what is softer afterwards is counted.
fn compare(model: &Model, (whole, left): (&Evaluation, &Evaluation), tally: &mut Tally) {
    let rules = &model.rules().scores[0].rules;
    let values = whole.scores[0].rules.iter().zip(&left.scores[0].rules);
    for (rule, (before, after)) in rules.iter().zip(values) {
        let mut softer = false;
        for (before, after) in before.judgements.iter().zip(&after.judgements) {
            if is_absent(after.reason) {
                tally.add("absent");
                assert!(
                    is_absent(before.reason),
                    "{} {before:?} {after:?}",
                    rule.text
                );
            }
            if before.reason == Reason::Present || after.reason == Reason::Present {
                assert_eq!(before.reason, after.reason, "{}", rule.text);
            }
            softer |= is_absent(before.reason) && !is_absent(after.reason);
        }
        if softer {
            tally.add("no longer judged");
            continue;
        }
        if before.points != 0 {
            tally.add("points");
        }
        assert_eq!(before.points, after.points, "{}", rule.text);
        assert_eq!(before.holds, after.holds, "{}", rule.text);
    }
}

#[test]
fn deleting_what_is_older_than_anything_looks_back_changes_no_score() {
    let vocabulary = generate::vocabulary();
    let mut tally = Tally::default();
    for (batch, zone) in [
        (0_u64, "Europe/Amsterdam"),
        (1, "America/Sao_Paulo"),
        (2, "UTC"),
    ] {
        let config = config(zone);
        let horizon = config.retention.as_ref().expect("a horizon");
        let model = Model::new(&config.rules, &vocabulary);
        let zone = Zone::new(config.zone);
        for seed in 0..1_500 {
            let mut random = Random::new(batch << 32 | seed);
            let (facts, coverage, today) = history(&mut random, &config.rules);
            let before = zone.start_of(Day(today).first_within(horizon.events));
            let left = cut(&facts, before);
            if left.events.len() == facts.events.len() {
                continue;
            }
            tally.add("something deleted");
            for day in [
                today - 28,
                today - 3,
                today,
                today + 1,
                today + 29,
                today + 200,
            ] {
                let whole = evaluate(&model, &facts, &coverage, Day(day));
                let now = evaluate(&model, &left, &coverage, Day(day));
                compare(&model, (&whole, &now), &mut tally);
            }
            // The slow scorer says the same of what is left.
            if seed % 10 == 0 {
                let oracle = Oracle::new(&config.rules, &vocabulary, &left, &coverage);
                let outcome = oracle.evaluate(today);
                let now = evaluate(&model, &left, &coverage, Day(today));
                assert_eq!(outcome.scores[0].raw, now.scores[0].raw);
                tally.add("asked the oracle");
            }
        }
    }
    tally.assert_at_least(300, &["something deleted", "absent", "points"]);
    tally.assert_at_least(20, &["no longer judged"]);
    tally.assert_at_least(10, &["asked the oracle"]);
}

/// A contact that was mailed each week for a year and opened one mail.
fn reader(opened: i32, today: i32) -> Facts {
    let at = |day: i32| i64::from(day) * 86_400_000 + 36_000_000;
    let send = |week: i32| Fact {
        tracked: true,
        ..blank(&EventKind::Send, at(today - 364 + week * 7))
    };
    let mut events: Vec<Fact> = (0..52).map(send).collect();
    events.push(blank(&EventKind::Open, at(opened)));
    events.sort_by_key(|event| event.at);
    for (id, event) in (1..).zip(&mut events) {
        event.id = id;
    }
    Facts {
        first_known_at: at(today - 364),
        connections: vec![events[0].connection],
        events,
        ..Facts::default()
    }
}

#[test]
fn a_past_that_is_gone_is_never_silence() {
    let config = config("UTC");
    let model = Model::new(&config.rules, &generate::vocabulary());
    let today = 20_600;
    let said = |facts: &Facts| {
        let now = evaluate(&model, facts, &Coverage::default(), Day(today));
        let values = model.rules().scores[0]
            .rules
            .iter()
            .zip(&now.scores[0].rules);
        // With guards, and in the literal reading.
        let of_rule = values.filter(|(rule, _)| rule.text == "no open in 2 months");
        let reasons = of_rule.map(|(_, value)| value.judgements[0].reason.as_str());
        reasons.collect::<Vec<_>>()
    };
    let facts = reader(today - 30, today);
    assert_eq!(said(&facts), ["present"; 2]);
    // Without the open it would be silence.
    let mut silent = facts.clone();
    let open = generate::kind_id(&EventKind::Open);
    silent.events.retain(|fact| fact.kind != open);
    assert_eq!(said(&silent), ["absent"; 2]);
    // Were some open deleted before its time, nobody could say that there was none.
    let noon = i64::from(today - 30) * 86_400_000 + 43_200_000;
    silent.forgotten = Some(Forgotten::one(open, noon));
    assert_eq!(said(&silent), ["coverage_gap"; 2]);
}

#[test]
fn a_message_that_is_opened_again_after_its_opens_were_deleted_counts_anew() {
    // This is the price of keeping less: docs/decisions says why it is paid.
    let config = config("UTC");
    let model = Model::new(&config.rules, &generate::vocabulary());
    let today = 20_600;
    let points = |facts: &Facts| {
        let now = evaluate(&model, facts, &Coverage::default(), Day(today));
        let mut values = model.rules().scores[0]
            .rules
            .iter()
            .zip(&now.scores[0].rules);
        let by_message = values.find(|(rule, _)| rule.count == CountMode::PerMessage);
        by_message.expect("a rule by message").1.points
    };
    let open = |id: i64, day: i32, message: u32| Fact {
        id,
        campaign: TextId(message),
        ..blank(&EventKind::Open, i64::from(day) * 86_400_000)
    };
    let mut facts = reader(today - 300, today);
    facts
        .events
        .extend([open(1_000, today - 200, 1), open(1_001, today - 150, 2)]);
    let before = i64::from(today - 120) * 86_400_000;
    let again = open(1_002, today - 1, 1);
    let mut kept = cut(&facts, before);
    for facts in [&mut facts, &mut kept] {
        facts.events.push(again);
    }
    assert_eq!(points(&kept) - points(&facts), 3_000);
    // As long as it is opened again before, the first stays with the second.
    assert_eq!(points(&cut(&facts, before)), points(&facts));
}
