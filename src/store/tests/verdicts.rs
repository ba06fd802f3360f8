//! Verdicts: whose word counts, what is judged anew, until when, and what replay shows.

use std::collections::BTreeMap;

use proptest::{prelude::*, sample::Index};

use super::*;
use crate::{
    score::facts::TextId,
    verdict::{Act, Hit, Opens, REVISABLE_MS, Settings, judge, network},
};

const WHO: &str = "a@x.example";
const HOUR: Millis = 3_600_000;

fn mail(kind: EventKind, when: Millis) -> Event {
    Event {
        campaign: Some("n1".into()),
        ..event(WHO, kind, at(when))
    }
}

fn click(when: Millis, link: &str) -> Event {
    Event {
        link: Some(format!("https://shop.example/{link}")),
        ..mail(EventKind::Click, when)
    }
}

fn open(when: Millis) -> Event {
    mail(EventKind::Open, when)
}

fn said(verdict: Verdict, event: Event) -> Event {
    Event {
        verdict: Some(verdict),
        ..event
    }
}

impl Bench {
    /// The verdicts of all events, in their order.
    fn verdicts(&self) -> Vec<Verdict> {
        self.verdicts_known(None)
    }

    fn verdicts_known(&self, known: Option<Millis>) -> Vec<Verdict> {
        let facts = self.facts_known(WHO, known).unwrap();
        facts.events.iter().map(|fact| fact.verdict).collect()
    }

    /// The newest reason of each event, in their order.
    fn reasons(&self) -> Vec<String> {
        let facts = self.facts(WHO);
        let ids: Vec<i64> = facts.events.iter().map(|fact| fact.id).collect();
        let reasons = self.store.read(|conn| conn.verdict_reasons(&ids, None));
        let reasons = reasons.unwrap();
        let reason = |id: &i64| reasons.get(id).cloned().unwrap_or_default();
        ids.iter().map(reason).collect()
    }

    fn judge_by(&self, settings: Settings) {
        let machines = Arc::new(Machines::new(settings));
        self.store.judge_by(machines).unwrap();
    }

    /// The packed history still is what the log and the verdicts give.
    fn is_sound(&self) {
        let differing = self.store.read(|conn| conn.compare_history(5)).unwrap();
        assert_eq!(differing, Vec::<String>::new());
    }
}

use Verdict::{Human, PrivacyProxy, Scanner, Unknown};

#[test]
fn a_burst_is_judged_in_the_transaction_that_brings_it() {
    let bench = bench();
    let rows = [
        open(NOW),
        click(NOW, "a"),
        click(NOW + 1_000, "b"),
        mail(EventKind::Send, NOW - HOUR),
    ];
    bench.append(NOW, &rows);
    assert_eq!(bench.verdicts(), [Unknown, Scanner, Scanner, Scanner]);
    assert_eq!(bench.reasons(), ["", "burst:2", "burst:2", "burst:2"]);
    assert_eq!(bench.count("select count(*) from verdict"), 3);
    // Nothing is discarded, and the log keeps what came in.
    assert_eq!(
        bench.count("select count(*) from event where verdict is null"),
        4
    );
    bench.is_sound();
    bench.clean();
    assert_eq!(bench.append(NOW + HOUR, &rows).duplicates, 4);
    assert_eq!(
        (bench.dirty(), bench.count("select count(*) from verdict")),
        (0, 3)
    );
}

#[test]
fn a_late_second_click_judges_the_first_anew_and_replay_shows_what_was_known() {
    let bench = bench();
    bench.append(NOW, &[open(NOW), click(NOW, "a")]);
    assert_eq!(bench.verdicts(), [Unknown, Unknown]);
    bench.clean();
    bench.append(NOW + HOUR, &[click(NOW + 3_000, "b")]);
    assert_eq!(bench.verdicts(), [Scanner; 3]);
    assert_eq!(bench.dirty(), 1);
    bench.append(NOW + 2 * HOUR, &[click(NOW + 3_000, "c")]);
    assert_eq!(bench.reasons(), ["burst:3"; 4]);
    bench.is_sound();
    let known = |at| bench.verdicts_known(Some(at));
    assert_eq!(known(NOW + HOUR - 1), [Unknown, Unknown]);
    assert_eq!(known(NOW + HOUR), [Scanner; 3]);
}

#[test]
fn a_verdict_may_change_for_seventy_two_hours_and_not_a_millisecond_longer() {
    for (late, first) in [(REVISABLE_MS, Scanner), (REVISABLE_MS + 1, Unknown)] {
        let bench = bench();
        bench.append(NOW, &[click(NOW, "a")]);
        bench.append(NOW + late, &[click(NOW, "b")]);
        assert_eq!(bench.verdicts(), [first, Scanner]);
        bench.is_sound();
    }
}

#[test]
fn a_late_delivery_judges_what_came_before_it_was_known() {
    let bench = bench();
    bench.append(NOW, &[open(NOW + 1_000), open(NOW + 5_000)]);
    bench.append(NOW + HOUR, &[mail(EventKind::Delivery, NOW)]);
    assert_eq!(bench.verdicts(), [Unknown, Scanner, Unknown]);
    assert_eq!(bench.reasons(), ["", "delivery:1s", ""]);
}

#[test]
fn a_message_over_the_edge_of_two_buckets_is_one_message() {
    let edge = (NOW / (183 * DAY) + 1) * 183 * DAY;
    for (first, second) in [("a", "b"), ("b", "a")] {
        let bench = bench();
        let at = |link| {
            if link == "a" {
                edge - 1_000
            } else {
                edge + 1_000
            }
        };
        bench.append(
            NOW,
            &[click(at(first), first), mail(EventKind::Send, edge - DAY)],
        );
        bench.append(NOW, &[click(at(second), second)]);
        assert_eq!(
            bench.verdicts(),
            [Unknown, Scanner, Scanner],
            "{first} first"
        );
        bench.is_sound();
    }
}

#[test]
fn messages_are_of_one_contact_one_connection_and_one_campaign() {
    let bench = bench();
    let other = |event: Event| Event {
        campaign: Some("n2".into()),
        ..event
    };
    let nobodys = |event: Event| Event {
        campaign: None,
        ..event
    };
    bench.append(
        NOW,
        &[
            click(NOW, "a"),
            other(click(NOW, "b")),
            nobodys(click(NOW, "c")),
            nobodys(click(NOW, "d")),
        ],
    );
    let second = bench.store.write(|tx| tx.connection("more", "import", NOW));
    let second = second.unwrap().id;
    let rows = [
        click(NOW, "e"),
        Event {
            contact: event("b@x.example", EventKind::Click, at(NOW)).contact,
            ..click(NOW, "f")
        },
    ];
    let appended = bench
        .store
        .write(move |tx| tx.append(second, NOW, &rows, &mut tx.begin_report()?));
    assert_eq!(appended.unwrap().new, 2);
    assert_eq!(bench.verdicts(), [Unknown; 5]);
}

#[test]
fn a_sources_explicit_word_stands_whenever_it_comes() {
    for word in [Human, PrivacyProxy, Scanner] {
        let row = |event| Event {
            id: Some("e1".into()),
            ..event
        };
        let first = bench();
        first.append(
            NOW,
            &[said(word, row(open(NOW))), click(NOW, "a"), click(NOW, "b")],
        );
        let later = bench();
        later.append(NOW, &[row(open(NOW)), click(NOW, "a"), click(NOW, "b")]);
        assert_eq!(later.verdicts(), [Scanner; 3]);
        later.clean();
        // Also after the time in which we may change our mind.
        later.append(NOW + 2 * REVISABLE_MS, &[said(word, row(open(NOW)))]);
        assert_eq!(later.dirty(), usize::from(word != Scanner));
        for bench in [first, later] {
            assert_eq!(bench.verdicts(), [word, Scanner, Scanner]);
            bench.append(NOW + 2 * REVISABLE_MS + 1, &[click(NOW, "c")]);
            assert_eq!(bench.verdicts(), [word, Scanner, Scanner, Scanner]);
            bench.is_sound();
        }
    }
}

#[test]
fn a_click_that_its_source_calls_human_takes_its_burst_with_it() {
    let bench = bench();
    let row = |event| Event {
        id: Some("e1".into()),
        ..event
    };
    bench.append(NOW, &[row(click(NOW, "a")), click(NOW, "b"), open(NOW)]);
    assert_eq!(bench.verdicts(), [Scanner; 3]);
    bench.append(NOW + HOUR, &[said(Human, row(click(NOW, "a")))]);
    assert_eq!(bench.verdicts(), [Human, Unknown, Unknown]);
    assert_eq!(bench.reasons(), ["source", "cleared", "cleared"]);
    assert_eq!(bench.verdicts_known(Some(NOW)), [Scanner; 3]);
    bench.is_sound();
}

#[test]
fn a_click_that_was_at_another_time_is_no_evidence_where_it_was() {
    let bench = bench();
    let row = |when| Event {
        id: Some("e1".into()),
        ..click(when, "a")
    };
    bench.append(NOW, &[row(NOW), click(NOW, "b")]);
    assert_eq!(bench.verdicts(), [Scanner; 2]);
    bench.append(NOW + HOUR, &[row(NOW + DAY)]);
    assert_eq!(bench.verdicts(), [Unknown, Unknown]);
    assert_eq!(bench.verdicts_known(Some(NOW)), [Scanner, Scanner]);
    bench.is_sound();
}

#[test]
fn a_persons_word_that_agrees_with_ours_is_not_taken_back_with_it() {
    let bench = bench();
    let row = |when| Event {
        id: Some("e1".into()),
        ..click(when, "a")
    };
    bench.append(NOW, &[row(NOW), click(NOW, "b")]);
    let other = bench.facts(WHO).events[1].id;
    let set = bench
        .store
        .write(move |tx| tx.set_verdict(other, Scanner, "seen in our logs", NOW + 1));
    assert!(set.unwrap());
    bench.append(NOW + HOUR, &[row(NOW + DAY)]);
    assert_eq!(bench.verdicts(), [Scanner, Unknown]);
    bench.is_sound();
}

#[test]
fn the_newest_word_holds_also_where_the_clock_was_set_back() {
    let bench = bench();
    let row = |event| Event {
        id: Some("e1".into()),
        ..event
    };
    bench.append(NOW, &[row(click(NOW, "a")), click(NOW, "b")]);
    bench.append(NOW - HOUR, &[said(Human, row(click(NOW, "a")))]);
    assert_eq!(bench.verdicts(), [Human, Unknown]);
    bench.is_sound();
}

#[test]
fn honeypots_agents_and_networks_are_the_users_to_name() {
    let bench = bench();
    bench.judge_by(Settings {
        honeypots: vec!["https://shop.example/hp*".into()],
        agents: vec!["*AcmeCheck*".into()],
        networks: vec![network("203.0.113.0/24").unwrap()],
        ..Settings::default()
    });
    let says = |event: Event, name: &str, value: &str| Event {
        properties: [(name.to_owned(), value.into())].into(),
        ..event
    };
    let visit = |when, page: &str| Event {
        url: Some(format!("https://shop.example/{page}")),
        ..event(WHO, EventKind::PageVisit, at(when))
    };
    let alone = |kind, when| event(WHO, kind, at(when));
    bench.append(
        NOW,
        &[
            visit(NOW, "hp1"),
            visit(NOW + 1, "home"),
            says(
                alone(EventKind::FormSubmit, NOW + 2),
                "user_agent",
                "AcmeCheck/1",
            ),
            says(alone(EventKind::Like, NOW + 3), "ip", "203.0.113.9"),
            says(alone(EventKind::Purchase, NOW + 4), "ip", "203.0.113.9"),
            says(alone(EventKind::Open, NOW + 5), "user_agent", "Mozilla/5.0"),
            open(NOW + HOUR),
            click(NOW + HOUR + 9_000, "hp?x=1#y"),
        ],
    );
    assert_eq!(
        bench.reasons(),
        [
            "honeypot",
            "",
            "agent:acmecheck",
            "network:203.0.113.0/24",
            "",
            "proxy:apple-mail-privacy",
            "beside_honeypot",
            "honeypot"
        ]
    );
    assert_eq!(bench.verdicts()[5], PrivacyProxy);
    // Each the only event of its message.
    let lone = |campaign: &str, event: Event| Event {
        campaign: Some(campaign.into()),
        ..event
    };
    bench.append(
        NOW,
        &[
            lone("n2", says(open(NOW + DAY), "ip", "203.0.113.9")),
            lone("n3", click(NOW + DAY + 1, "hp")),
        ],
    );
    assert_eq!(bench.reasons()[8..], ["network:203.0.113.0/24", "honeypot"]);
}

#[test]
fn where_only_first_opens_are_told_a_scanners_open_counts_as_a_proxys() {
    let bench = bench();
    bench.judge_by(Settings {
        first_open_only: vec!["news".into()],
        ..Settings::default()
    });
    bench.append(
        NOW,
        &[
            mail(EventKind::Delivery, NOW),
            open(NOW + 1_000),
            click(NOW + 1_000, "a"),
        ],
    );
    assert_eq!(bench.verdicts(), [Unknown, PrivacyProxy, Scanner]);
}

#[test]
fn nothing_is_judged_where_judging_is_off() {
    let bench = bench();
    bench.judge_by(Settings {
        judge: false,
        ..Settings::default()
    });
    bench.append(NOW, &[click(NOW, "a"), click(NOW, "b")]);
    assert_eq!(bench.verdicts(), [Unknown; 2]);
    assert_eq!(bench.count("select count(*) from verdict"), 0);
}

/// One event of a small message, by its number: what, how many half seconds after the start, which link, what its source says.
type Spec = (u8, i64, u8, Option<Verdict>);

/// The message begins this much before the edge of a bucket.
fn start() -> Millis {
    (NOW / (183 * DAY)) * 183 * DAY - 4_000
}

fn spec() -> impl Strategy<Value = Spec> {
    let word = prop_oneof![
        12 => Just(None), 1 => Just(Some(Human)), 1 => Just(Some(PrivacyProxy)), 1 => Just(Some(Scanner))
    ];
    (0u8..8, 0i64..40, 0u8..4, word)
}

fn row(number: usize, spec: &Spec) -> Event {
    let &(kind, halves, link, verdict) = spec;
    let when = start() + halves * 500;
    let event = match kind {
        0 => mail(EventKind::Delivery, when),
        1 | 2 => open(when),
        3 => mail(EventKind::Unsubscribe, when),
        _ if link == 0 => mail(EventKind::Click, when),
        _ => click(when, &link.to_string()),
    };
    Event {
        id: Some(format!("e{number}")),
        verdict: verdict.filter(|_| kind > 0),
        ..event
    }
}

/// What the judge says of the event with this number, having seen those with these.
fn expected(specs: &[Spec], seen: &[usize], number: usize) -> Verdict {
    let word = row(number, &specs[number]).verdict;
    let act = |number: usize| match specs[number].0 {
        0 => Act::Delivery,
        1 | 2 => Act::Open,
        3 => Act::Unsubscribe,
        _ => Act::Click,
    };
    let mut seen = seen.to_vec();
    seen.sort_by_key(|&each| specs[each].1);
    let hits: Vec<Hit> = seen
        .iter()
        .map(|&each| Hit {
            at: start() + specs[each].1 * 500,
            act: act(each),
            link: TextId(if act(each) == Act::Click {
                specs[each].2.into()
            } else {
                0
            }),
            human: specs[each].0 > 0 && specs[each].3 == Some(Human),
            own: Vec::new(),
        })
        .collect();
    let place = seen.iter().position(|&each| each == number).unwrap();
    let judgement = judge(&hits, Opens::Each).swap_remove(place);
    word.unwrap_or_else(|| judgement.map_or(Unknown, |judgement| judgement.verdict))
}

/// The verdicts by the events' numbers.
fn by_number(bench: &Bench) -> BTreeMap<usize, Verdict> {
    let facts = bench.facts(WHO);
    let ids: Vec<i64> = facts.events.iter().map(|fact| fact.id).collect();
    let names = bench.store.read(|conn| conn.platform_ids(&ids)).unwrap();
    facts
        .events
        .iter()
        .map(|fact| (names[&fact.id][1..].parse().unwrap(), fact.verdict))
        .collect()
}

fn in_order(picks: &[Index], length: usize) -> Vec<usize> {
    let mut rest: Vec<usize> = (0..length).collect();
    let picked = picks
        .iter()
        .take(length)
        .map(|pick| rest.swap_remove(pick.index(rest.len())));
    picked.collect()
}

proptest! {
    // Each case makes databases.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn order_batches_and_repetition_do_not_matter_while_verdicts_may_change(
        specs in prop::collection::vec(spec(), 1..9),
        picks in prop::collection::vec(any::<Index>(), 9),
        batch in 1usize..5,
        quiet in any::<bool>(),
    ) {
        let order = in_order(&picks, specs.len());
        let bench = bench();
        let mut known_at = NOW;
        for numbers in order.chunks(batch) {
            known_at += HOUR;
            // The source may keep its word to itself at first.
            let rows: Vec<Event> = numbers.iter().map(|&each| {
                let row = row(each, &specs[each]);
                if quiet { Event { verdict: None, ..row } } else { row }
            }).collect();
            bench.append(known_at, &rows);
        }
        let again: Vec<Event> = order.iter().map(|&each| row(each, &specs[each])).collect();
        bench.append(known_at + HOUR, &again);
        bench.is_sound();
        let all: Vec<usize> = (0..specs.len()).collect();
        let wanted: BTreeMap<usize, Verdict> = all.iter().map(|&each| (each, expected(&specs, &all, each))).collect();
        prop_assert_eq!(by_number(&bench), wanted);
    }

    #[test]
    fn a_verdict_rests_on_what_was_known_within_seventy_two_hours_of_its_event(
        specs in prop::collection::vec(spec(), 1..9),
        picks in prop::collection::vec(any::<Index>(), 9),
        waits in prop::collection::vec(0i64..50, 9),
    ) {
        let order = in_order(&picks, specs.len());
        let bench = bench();
        let mut known = BTreeMap::new();
        let mut known_at = NOW;
        for (&number, wait) in order.iter().zip(&waits) {
            known_at += wait * HOUR;
            bench.append(known_at, &[row(number, &specs[number])]);
            known.insert(number, known_at);
            bench.is_sound();
        }
        let wanted: BTreeMap<usize, Verdict> = known.iter().map(|(&number, &since)| {
            let by = |until: Millis| -> Vec<usize> {
                known.iter().filter(|(_, at)| **at <= until).map(|(each, _)| *each).collect()
            };
            (number, expected(&specs, &by(since + REVISABLE_MS), number))
        }).collect();
        prop_assert_eq!(by_number(&bench), wanted);
        // And replay shows on each date what was the verdict then.
        for (&number, &since) in &known {
            let then: Vec<usize> = known.iter().filter(|(_, at)| **at <= since).map(|(each, _)| *each).collect();
            let facts = bench.facts_known(WHO, Some(since)).unwrap();
            let verdict = facts.events.iter().find(|fact| {
                bench.store.read(|conn| conn.platform_ids(&[fact.id])).unwrap()[&fact.id] == format!("e{number}")
            }).unwrap().verdict;
            prop_assert_eq!(verdict, expected(&specs, &then, number));
        }
    }
}

const DAY: Millis = 86_400_000;
