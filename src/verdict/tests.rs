use super::*;
use crate::score::facts::TextId;
use proptest::prelude::*;
use serde_json::json;

const NOON: Millis = 1_781_000_000_000;

fn hit(act: Act, after: Millis, link: u32) -> Hit {
    Hit {
        at: NOON + after,
        act,
        link: TextId(link),
        human: false,
        own: Vec::new(),
    }
}

fn click(after: Millis, link: u32) -> Hit {
    hit(Act::Click, after, link)
}

fn open(after: Millis) -> Hit {
    hit(Act::Open, after, 0)
}

/// The judgements as `verdict: code`, in the order given.
fn judged(hits: &[Hit]) -> Vec<String> {
    judged_where(Opens::Each, hits)
}

fn judged_where(opens: Opens, hits: &[Hit]) -> Vec<String> {
    judge(hits, opens)
        .iter()
        .map(|judgement| {
            judgement.as_ref().map_or_else(String::new, |each| {
                format!("{:?} {}", each.verdict, each.code())
            })
        })
        .collect()
}

#[test]
fn two_links_within_three_seconds_are_a_machine_and_a_millisecond_more_is_a_person() {
    assert_eq!(
        judged(&[click(0, 1), click(3_000, 2)]),
        ["Scanner burst:2", "Scanner burst:2"]
    );
    assert_eq!(judged(&[click(0, 1), click(3_001, 2)]), ["", ""]);
}

#[test]
fn one_link_again_and_again_is_no_burst() {
    assert_eq!(
        judged(&[click(0, 1), click(0, 1), click(900, 1)]),
        ["", "", ""]
    );
}

#[test]
fn a_burst_marks_all_its_clicks_and_counts_its_links() {
    let hits = [click(0, 1), click(500, 1), click(1_000, 2), click(2_000, 3)];
    assert_eq!(judged(&hits), ["Scanner burst:3"; 4]);
    // Links one after the other, no three of them within three seconds: each has a neighbour.
    let slow = [
        click(0, 1),
        click(2_000, 2),
        click(4_000, 3),
        click(6_000, 4),
    ];
    assert_eq!(judged(&slow), ["Scanner burst:2"; 4]);
    // A click on a link of the burst, but out of reach of every other link, is its own.
    let late = [click(0, 1), click(1_000, 2), click(4_500, 2)];
    assert_eq!(judged(&late), ["Scanner burst:2", "Scanner burst:2", ""]);
}

#[test]
fn what_may_have_been_rounded_to_the_minute_did_not_happen_at_once() {
    // The first whole minute after noon.
    let minute = 60_000 - NOON % 60_000;
    let arrival = hit(Act::Delivery, minute, 0);
    let hits = [
        arrival,
        open(minute),
        click(minute, 1),
        click(minute, 2),
        click(minute, 3),
    ];
    assert_eq!(judged(&hits), [""; 5]);
    // Something beside it shows that seconds are told.
    let burst = [click(minute, 1), click(minute, 2), click(minute + 1, 2)];
    assert_eq!(judged(&burst), ["Scanner burst:2"; 3]);
    let same = [click(minute + 1, 1), click(minute + 1, 2)];
    assert_eq!(judged(&same), ["Scanner burst:2"; 2]);
}

#[test]
fn clicks_without_a_link_make_no_burst_but_belong_to_one() {
    assert_eq!(
        judged(&[click(0, 0), click(0, 0), click(0, 1)]),
        ["", "", ""]
    );
    let hits = [click(0, 0), click(0, 1), click(0, 2)];
    assert_eq!(judged(&hits), ["Scanner burst:2"; 3]);
}

#[test]
fn one_open_and_one_click_in_one_second_are_an_ordinary_mail_program() {
    assert_eq!(judged(&[open(0), click(0, 1)]), ["", ""]);
}

#[test]
fn a_burst_takes_the_opens_of_its_second_with_it() {
    let hits = [
        open(0),
        click(1_000, 1),
        click(1_000, 2),
        open(2_000),
        open(2_001),
    ];
    let scanner = "Scanner burst:2";
    assert_eq!(judged(&hits), [scanner, scanner, scanner, scanner, ""]);
}

#[test]
fn an_unsubscription_goes_with_a_burst_and_makes_none() {
    let leave = |after| hit(Act::Unsubscribe, after, 0);
    assert_eq!(judged(&[click(0, 1), leave(0)]), ["", ""]);
    let hits = [click(0, 1), click(0, 2), leave(3_000), leave(3_001)];
    assert_eq!(
        judged(&hits),
        ["Scanner burst:2", "Scanner burst:2", "Scanner burst:2", ""]
    );
}

#[test]
fn what_happens_less_than_five_seconds_after_delivery_is_a_machine() {
    let arrival = hit(Act::Delivery, 0, 0);
    let hits = [arrival.clone(), open(0), click(4_999, 1), open(5_000)];
    assert_eq!(
        judged(&hits),
        ["", "Scanner delivery:0s", "Scanner delivery:4s", ""]
    );
    assert_eq!(judged(&[open(-1), arrival]), ["", ""]);
    // The nearest arrival counts.
    let twice = [
        hit(Act::Delivery, 0, 0),
        hit(Act::Delivery, 3_000, 0),
        open(4_000),
    ];
    assert_eq!(judged(&twice)[2], "Scanner delivery:1s");
}

#[test]
fn a_honeypot_condemns_itself_and_ten_seconds_around_it() {
    let bait = Hit {
        own: vec![Reason::Honeypot],
        ..click(0, 9)
    };
    let hits = [
        open(-10_001),
        open(-10_000),
        bait.clone(),
        click(10_000, 1),
        click(10_001, 2),
    ];
    let beside = "Scanner beside_honeypot";
    // The last two are a burst of their own.
    assert_eq!(
        judged(&hits),
        [
            "",
            beside,
            "Scanner honeypot",
            "Scanner burst:2 beside_honeypot",
            "Scanner burst:2"
        ]
    );
    assert_eq!(judged(&[bait])[0], "Scanner honeypot");
}

#[test]
fn what_the_source_calls_human_is_neither_judged_nor_evidence() {
    let human = |hit: Hit| Hit { human: true, ..hit };
    assert_eq!(judged(&[human(click(0, 1)), click(0, 2)]), ["", ""]);
    let hits = [human(click(0, 1)), click(0, 2), click(0, 3)];
    assert_eq!(judged(&hits), ["", "Scanner burst:2", "Scanner burst:2"]);
    let bait = Hit {
        own: vec![Reason::Honeypot],
        ..click(0, 9)
    };
    assert_eq!(judged(&[human(bait), open(0)]), ["", ""]);
}

#[test]
fn where_only_the_first_open_is_told_a_scanners_open_hides_the_persons() {
    let hits = [open(0), click(0, 1), click(0, 2)];
    assert_eq!(
        judged_where(Opens::First, &hits),
        ["PrivacyProxy burst:2", "Scanner burst:2", "Scanner burst:2"]
    );
}

#[test]
fn agents_and_networks_are_known_by_the_events_own_words() {
    let machines = Machines::new(Settings {
        agents: vec!["*Acme Link Checker*".into()],
        networks: vec![network("203.0.113.0/24").unwrap()],
        ..Settings::default()
    });
    let says = |act, properties: serde_json::Value| {
        let properties = properties.as_object().unwrap().clone();
        let reasons = machines.by_properties(act, &properties);
        let judgement = Judgement::of(act, reasons, Opens::Each);
        judgement.map(|each| format!("{:?} {}", each.verdict, each.code()))
    };
    let proxy = json!({ "user_agent": "Mozilla/5.0" });
    let apple = Some("PrivacyProxy proxy:apple-mail-privacy".to_owned());
    for (act, properties, expected) in [
        (
            Act::Click,
            json!({ "user_agent": "acme link checker/2" }),
            Some("Scanner agent:acme-link-checker"),
        ),
        (
            Act::Other,
            json!({ "Useragent": "Mozilla/5.0 BarracudaCentral" }),
            Some("Scanner agent:barracuda"),
        ),
        (
            Act::Open,
            json!({ "ip": "203.0.113.255" }),
            Some("Scanner network:203.0.113.0/24"),
        ),
        (Act::Open, json!({ "ip": "203.0.114.0" }), None),
        (
            Act::Open,
            json!({ "ip": "::ffff:203.0.113.1" }),
            Some("Scanner network:203.0.113.0/24"),
        ),
        (
            Act::Open,
            json!({ "ip": "209.222.87.255" }),
            Some("Scanner network:209.222.80.0/21"),
        ),
        (Act::Open, json!({ "ip": 7, "user_agent": null }), None),
        (
            Act::Open,
            json!({ "user_agent": "Mozilla/5.0 (Windows NT 10.0) (via ggpht.com GoogleImageProxy)" }),
            None,
        ),
        (
            Act::Other,
            json!({ "ip": "203.0.113.1", "user_agent": "curl/8.5.0" }),
            Some("Scanner agent:curl network:203.0.113.0/24"),
        ),
    ] {
        assert_eq!(
            says(act, properties.clone()).as_deref(),
            expected,
            "{properties}"
        );
    }
    assert_eq!(says(Act::Open, proxy.clone()), apple);
    assert_eq!(says(Act::Click, proxy), None);
}

#[test]
fn a_proxy_that_names_itself_stays_one_in_the_middle_of_a_burst() {
    let proxied = Hit {
        own: vec![Reason::Proxy("apple-mail-privacy".into())],
        ..open(0)
    };
    let hits = [proxied, click(0, 1), click(0, 2)];
    assert_eq!(judged(&hits)[0], "PrivacyProxy proxy:apple-mail-privacy");
}

#[test]
fn every_reason_is_known_again_as_ours_and_has_words() {
    let reasons = [
        (Reason::Honeypot, "a link that no person can see"),
        (
            Reason::BesideHoneypot,
            "a link that no person can see was hit at that moment",
        ),
        (
            Reason::Agent("curl".into()),
            "the user agent curl is a machine's",
        ),
        (
            Reason::Proxy("x".into()),
            "the privacy proxy x fetches before anybody looks",
        ),
        (
            Reason::Network(network("203.0.113.0/24").unwrap()),
            "the network 203.0.113.0/24 is a machine's",
        ),
        (Reason::Burst(6), "6 links of one message within 3 s"),
        (Reason::Delivery(900), "less than a second after delivery"),
        (Reason::Delivery(4_999), "4 s after delivery"),
    ];
    for (reason, said) in reasons {
        let code = reason.to_string();
        assert!(is_ours(&code), "{code}");
        assert_eq!(words(&code), said);
    }
    assert_eq!(
        words("burst:6 delivery:1s"),
        "6 links of one message within 3 s, 1 s after delivery"
    );
    for other in [
        "platform",
        "",
        "two links in one second",
        "burst",
        "burst:6 platform",
    ] {
        assert!(!is_ours(other), "{other}");
    }
    assert_eq!(words("platform"), "the source says so");
    assert_eq!(words("two links"), "two links");
}

fn any_hit() -> impl Strategy<Value = Hit> {
    let act = prop_oneof![
        1 => Just(Act::Delivery), 3 => Just(Act::Open), 6 => Just(Act::Click), 1 => Just(Act::Unsubscribe)
    ];
    (
        act,
        0i64..60_000,
        0u32..4,
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.05),
    )
        .prop_map(|(act, after, link, human, bait)| Hit {
            human,
            own: if bait && act == Act::Click {
                vec![Reason::Honeypot]
            } else {
                Vec::new()
            },
            ..hit(act, after / 500 * 500, link)
        })
}

/// The same, by comparing every pair: slow, and as the page for people says it.
fn by_pairs(hits: &[Hit], index: usize) -> bool {
    let hit = &hits[index];
    let seen = |act, reach: Millis| {
        let near = hits.iter().enumerate().filter(move |(at, other)| {
            *at != index && other.act == act && !other.human && (other.at - hit.at).abs() <= reach
        });
        near.map(|(at, _)| at)
    };
    let in_burst = |at: usize| {
        let all =
            (0..hits.len()).filter(|&other| hits[other].act == Act::Click && !hits[other].human);
        let all: Vec<usize> = all.collect();
        all.iter().any(|&a| {
            all.iter().any(|&b| {
                all.iter().any(|&c| {
                    let differ = hits[a].link.is_some()
                        && hits[b].link.is_some()
                        && hits[a].link != hits[b].link;
                    let times = [a, b, c, at].map(|each| hits[each].at);
                    let (first, last) = (times.iter().min().unwrap(), times.iter().max().unwrap());
                    let rounded = first == last && first % 60_000 == 0;
                    differ && last - first <= BURST_MS && !rounded
                })
            })
        })
    };
    if hit.human || hit.act == Act::Delivery {
        return false;
    }
    let arrived = hits.iter().any(|other| {
        other.act == Act::Delivery
            && other.at <= hit.at
            && hit.at - other.at < AFTER_DELIVERY_MS
            && (other.at < hit.at || hit.at % 60_000 != 0)
    });
    let bait = |at: &usize| hits[*at].own.contains(&Reason::Honeypot);
    let reach = match hit.act {
        Act::Open => OPEN_OF_BURST_MS,
        _ => BURST_MS,
    };
    let burst = match hit.act {
        Act::Click => in_burst(index),
        _ => seen(Act::Click, reach).any(in_burst),
    };
    burst || arrived || bait(&index) || seen(Act::Click, HONEYPOT_MS).any(|at| bait(&at))
}

proptest! {
    #[test]
    fn the_judge_says_what_comparing_all_pairs_says(mut hits in prop::collection::vec(any_hit(), 0..16)) {
        hits.sort_by_key(|hit| hit.at);
        let judged = judge(&hits, Opens::Each);
        for (index, judgement) in judged.iter().enumerate() {
            prop_assert_eq!(judgement.is_some(), by_pairs(&hits, index), "{} of {:?}", index, hits);
        }
    }

    #[test]
    fn nothing_beyond_reach_plays_a_part(mut hits in prop::collection::vec(any_hit(), 1..24), pick in any::<prop::sample::Index>()) {
        hits.sort_by_key(|hit| hit.at);
        let index = pick.index(hits.len());
        let at = hits[index].at;
        let near: Vec<Hit> = hits.iter().filter(|hit| (hit.at - at).abs() <= REACH_MS).cloned().collect();
        let before = hits[..index].iter().filter(|hit| at - hit.at <= REACH_MS).count();
        prop_assert_eq!(&judge(&hits, Opens::Each)[index], &judge(&near, Opens::Each)[before]);
    }
}
