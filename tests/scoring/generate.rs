//! Random histories.

use engaged::{
    rules::{set::RuleSet, syntax::Window, tracking::Tracking},
    score::{
        calendar::Day,
        facts::{
            Adjustment, ConnectionId, Coverage, Fact, Facts, Forgotten, Hole, KindId, KindSet,
            Subscription, TextId, Vocabulary,
        },
        tracking::Consent,
    },
};
use engaged_connectors::model::{Address, EventKind, Status, Verdict};

use super::{
    oracle::dates::{date, number, plus},
    random::Random,
};

pub(super) mod rules;
mod windows;

pub(super) use windows::windows;

const DAY_MS: i64 = 86_400_000;

/// The texts that all histories share.
pub(super) fn vocabulary() -> Vocabulary {
    let texts = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<String>>();
    let pair = |id: &str, name: &str| (id.to_owned(), name.to_owned());
    Vocabulary {
        kinds: texts(&["demo_request"]),
        campaigns: vec![
            pair("", ""),
            pair("c1", "Spring Sale"),
            pair("c2", "News 2"),
            pair("s3", "Spring news"),
            pair("c4", ""),
            pair("c5", "Letter 5"),
            pair("c6", "Letter 6"),
        ],
        urls: texts(&[
            "",
            "https://shop.example/",
            "https://shop.example/#top",
            "https://shop.example/demo/a",
            "https://shop.example/demo/a#form",
            "https://shop.example/blog/b?utm=1",
            "https://other.example/blog/c",
        ]),
        items: texts(&["", "shoes", "Shoes", "accessory", "shoe lace"]),
        currencies: texts(&["", "EUR", "USD"]),
        connections: vec![
            (ConnectionId(1), "newsletter".to_owned()),
            (ConnectionId(2), "shop".to_owned()),
            (ConnectionId(3), "crm".to_owned()),
        ],
    }
}

/// The number of a kind in that vocabulary.
pub(super) fn kind_id(kind: &EventKind) -> KindId {
    KindId::built_in(kind).unwrap_or(KindId(24))
}

/// A random contact, its coverage, and a date that is likely to be interesting.
pub(super) fn history(random: &mut Random, rules: &RuleSet) -> (Facts, Coverage, i32) {
    let first = number(2023, 11, 1) + random.day(0, 800);
    let length = random.weighted(&[(3, 12), (4, 30), (4, 90), (2, 300), (1, 700)]);
    let last = first + length;
    let mut events = Vec::new();
    sends(random, &mut events, first, last);
    for _ in 0..random.weighted(&[(1, 0), (3, 4), (4, 10), (3, 25)]) {
        let event = event(random, &events, first, last);
        events.push(event);
    }
    if random.percent(8) {
        behind_a_proxy(random, &mut events, first, last);
    }
    for (id, event) in (1..).zip(&mut events) {
        event.id = id;
    }
    let mut ids: Vec<i64> = events.iter().map(|event| event.id).collect();
    random.shuffle(&mut ids);
    for (event, id) in events.iter_mut().zip(ids) {
        event.id = id;
    }
    events.sort_by_key(|event| (event.at, event.connection, event.id));
    let mut facts = profile(random, rules, first, last);
    facts.properties = properties(random, &mut events);
    for event in &events {
        if !facts.connections.contains(&event.connection) {
            facts.connections.push(event.connection);
        }
    }
    facts.events = events;
    let as_of = date_for(random, &facts, &windows(rules), first, last);
    let present = as_of + random.weighted(&[(14, 0), (2, 1), (2, 20), (2, -3), (1, -30)]);
    let coverage = coverage(random, &windows(rules), present);
    (facts, coverage, as_of)
}

/// Sometimes a contact that has not agreed to everything, or not always.
pub(super) fn consent(random: &mut Random, facts: &mut Facts) {
    if !random.percent(25) {
        return;
    }
    let mode = random.pick(&[
        Tracking::Full,
        Tracking::ClicksOnly,
        Tracking::LastOpenDateOnly,
        Tracking::None,
    ]);
    let known = facts.events.get(random.index(facts.events.len().max(1)));
    let since = known.map(|fact| fact.at + random.pick(&[0, 1, DAY_MS, -40 * DAY_MS]));
    facts.consent = match since {
        Some(since) if random.percent(60) => Consent::since(mode, since),
        _ => Consent::always(mode),
    };
}

/// Says of some contacts that not everything up to some event is known any more. What is left of it may be among the events.
pub(super) fn forgotten(random: &mut Random, facts: &mut Facts) {
    if facts.events.is_empty() || !random.percent(25) {
        return;
    }
    let last = random.index(facts.events.len());
    let until_at = facts.events[last].at;
    let first_at = facts.events[0].at - random.pick(&[0, DAY_MS, 90 * DAY_MS]);
    let mut kinds = KindSet::default();
    for fact in &facts.events[..=last] {
        if random.percent(70) {
            kinds.insert(fact.kind);
        }
    }
    facts.forgotten = Some(Forgotten {
        first_at,
        until_at,
        kinds,
    });
    let most = random.pick(&[0, 50, 100]);
    let gone: Vec<bool> = facts.events[..=last]
        .iter()
        .map(|fact| kinds.has(fact.kind) && random.percent(most))
        .collect();
    let mut gone = gone.into_iter();
    facts.events.retain(|_| !gone.next().unwrap_or(false));
    let events = &facts.events;
    facts
        .properties
        .retain(|(id, ..)| events.iter().any(|event| event.id == *id));
}

fn instant(random: &mut Random, day: i32) -> i64 {
    // Hours near midnight, in UTC or in one of the zones.
    let hour = random.pick(&[0, 1, 3, 4, 5, 10, 11, 12, 13, 22, 23, 8, 16]);
    let minute = random.pick(&[0, 0, 0, 30, 59]);
    i64::from(day) * DAY_MS + hour * 3_600_000 + minute * 60_000
}

pub(super) fn blank(kind: &EventKind, at: i64) -> Fact {
    Fact {
        id: 0,
        at,
        kind: kind_id(kind),
        connection: ConnectionId(1),
        verdict: Verdict::Unknown,
        campaign: TextId::NONE,
        url: TextId::NONE,
        item: TextId::NONE,
        quantity: 1,
        value: None,
        currency: TextId::NONE,
        order: TextId::NONE,
        tracked: false,
        has_properties: false,
    }
}

/// Regular mailings, so that absence is often earned.
fn sends(random: &mut Random, events: &mut Vec<Fact>, first: i32, last: i32) {
    if random.percent(30) {
        return;
    }
    let every = random.pick(&[1, 2, 7]);
    let tracked = random.pick(&[100, 90, 0]);
    let mut day = random.day(first, last);
    for _ in 0..random.between(1, 20) {
        if day > last {
            break;
        }
        let mut send = blank(&EventKind::Send, instant(random, day));
        send.tracked = random.percent(tracked);
        if random.percent(85) {
            send.campaign = TextId(random.small(1, 6));
        }
        events.push(send);
        day += every;
    }
}

fn event(random: &mut Random, others: &[Fact], first: i32, last: i32) -> Fact {
    let kind = random.weighted(&[
        (10, EventKind::Send),
        (4, EventKind::Delivery),
        (18, EventKind::Open),
        (16, EventKind::Click),
        (3, EventKind::Bounce),
        (3, EventKind::HardBounce),
        (2, EventKind::SoftBounce),
        (1, EventKind::Complaint),
        (4, EventKind::Unsubscribe),
        (4, EventKind::Subscribe),
        (7, EventKind::PageVisit),
        (2, EventKind::FormSubmit),
        (1, EventKind::Download),
        (10, EventKind::Purchase),
        (4, EventKind::Refund),
        (1, EventKind::Signup),
        (2, EventKind::Share),
        (2, EventKind::Like),
        (1, EventKind::Comment),
        (1, EventKind::Reply),
        (2, EventKind::Custom("demo_request".to_owned())),
    ]);
    let day = random.day(first, last);
    let mut fact = blank(&kind, instant(random, day));
    fact.connection = ConnectionId(random.weighted(&[(6, 1), (2, 2), (1, 3)]));
    if !others.is_empty() && random.percent(20) {
        // A tie, often about the same message.
        let other = random.pick(others);
        fact.at = other.at;
        if random.percent(60) {
            (fact.connection, fact.campaign) = (other.connection, other.campaign);
        }
    } else if random.percent(75) {
        fact.campaign = TextId(random.small(1, 6));
    }
    match kind {
        EventKind::Send => fact.tracked = random.percent(85),
        EventKind::Click | EventKind::PageVisit | EventKind::FormSubmit => {
            fact.url = TextId(random.small(0, 6));
        }
        EventKind::Purchase | EventKind::Refund => money(random, &mut fact),
        _ => {}
    }
    if !super::oracle::is_plain_fact(&kind) {
        fact.verdict = random.weighted(&[
            (5, Verdict::Human),
            (5, Verdict::Unknown),
            (2, Verdict::Scanner),
            (
                if kind == EventKind::Open { 2 } else { 0 },
                Verdict::PrivacyProxy,
            ),
        ]);
    }
    fact
}

/// Mail that a privacy proxy opens, whoever reads it, and in which nobody clicks.
fn behind_a_proxy(random: &mut Random, events: &mut Vec<Fact>, first: i32, last: i32) {
    events.retain(|event| event.kind != kind_id(&EventKind::Click));
    let every = random.pick(&[1, 2, 7]);
    for day in (first..=last).step_by(every).take(40) {
        let mut send = blank(&EventKind::Send, instant(random, day));
        send.tracked = true;
        let mut open = blank(&EventKind::Open, send.at + 3_600_000);
        open.verdict = Verdict::PrivacyProxy;
        events.extend([send, open]);
    }
    for event in events {
        if event.kind == kind_id(&EventKind::Open) {
            event.verdict = Verdict::PrivacyProxy;
        }
    }
}

fn money(random: &mut Random, fact: &mut Fact) {
    fact.item = TextId(random.small(0, 4));
    fact.quantity = random.weighted(&[(6, 1), (2, 2), (1, 3), (1, 0)]);
    if random.percent(90) {
        fact.value = Some(random.pick(&[0, 500, 999, 1000, 2500, 2501, 10_000, 25_000]));
    }
    fact.currency = TextId(random.weighted(&[(4, 0), (8, 1), (1, 2)]));
    if random.percent(60) {
        // Few numbers, so that connections tell the same order.
        fact.order = TextId(random.small(1, 3));
    }
}

fn properties(random: &mut Random, events: &mut [Fact]) -> Vec<(i64, String, String)> {
    let mut all = Vec::new();
    for event in events {
        if random.percent(20) {
            event.has_properties = true;
            let colour = random.pick(&["red", "Red", "blue", ""]);
            all.push((event.id, "colour".to_owned(), colour.to_owned()));
            if random.percent(50) {
                let size = random.pick(&["42", "42.0", "9", "large"]);
                all.push((event.id, "size".to_owned(), size.to_owned()));
            }
        }
    }
    all.sort();
    all
}

fn profile(random: &mut Random, rules: &RuleSet, first: i32, last: i32) -> Facts {
    let mut facts = Facts {
        first_known_at: {
            let day = random.day(first - 5, last);
            instant(random, day)
        },
        ..Facts::default()
    };
    if random.percent(60) {
        let day = random.weighted(&[
            (4, first),
            (2, first - 400),
            (2, first + (last - first) / 2),
        ]);
        facts.subscribed_at = Some(instant(random, day));
    }
    let address = random.pick(&["jan@gmail.com", "jan@shop.example", ""]);
    facts.address = Address::parse(address);
    for (name, values) in [
        ("country", ["NL", "nl", "BE", ""]),
        ("age", ["30", "30.0", "17", "old"]),
        ("joined", ["2024-02-29", "2025-01-01", "30", "NL"]),
        ("last_name", ["de vries", "De Vries", "qsdf", " "]),
    ] {
        if random.percent(70) {
            let value = random.pick(&values).to_owned();
            facts.fields.push((name.to_owned(), value));
        }
    }
    for connection in 1..=3 {
        if random.percent(50) {
            facts.connections.push(ConnectionId(connection));
        }
    }
    for _ in 0..random.weighted(&[(3, 0), (3, 1), (2, 3)]) {
        let day = random.day(first, last);
        let connection = random.pick(&[ConnectionId(1), ConnectionId(1), ConnectionId(2)]);
        let list = random.pick(&["", "Newsletter", "Club"]);
        // The store gives the latest word on each list, and those instants differ.
        (facts.subscriptions).retain(|each| each.connection != connection || each.list != list);
        if !facts.connections.contains(&connection) {
            facts.connections.push(connection);
        }
        facts.subscriptions.push(Subscription {
            connection,
            list: list.to_owned(),
            status: random.weighted(&[
                (5, Status::Subscribed),
                (2, Status::Bounced),
                (3, Status::Unsubscribed),
                (1, Status::Complained),
                (1, Status::Suppressed),
            ]),
            at: instant(random, day) + i64::try_from(facts.subscriptions.len()).expect("few"),
        });
    }
    for id in 0..random.weighted(&[(4, 0), (1, 1), (1, 2)]) {
        let from = random.day(first, last);
        facts.adjustments.push(Adjustment {
            id,
            score: random.pick(&rules.scores).name,
            points: random.pick(&[-50_000, -5_500, 500, 20_000]),
            from: Day(from),
            until: Day(from + random.day(1, 60)),
            reason: "not a lead".to_owned(),
            author: "marit".to_owned(),
        });
    }
    facts
}

fn coverage(random: &mut Random, windows: &[Window], present: i32) -> Coverage {
    let mut coverage = Coverage::default();
    for _ in 0..random.weighted(&[(6, 0), (3, 1), (2, 3)]) {
        let back = match windows {
            [] => 10,
            _ => plus(0, random.pick(windows), 1) + 10,
        };
        // A hole that begins today is none yet, and will be one tomorrow.
        let from = present - random.day(0, back) * i32::from(random.percent(70));
        let to = (from + random.pick(&[0, 0, 1, 5, 30])).min(present);
        let kind = random.weighted(&[
            (4, None),
            (4, Some(EventKind::Open)),
            (4, Some(EventKind::Click)),
            (3, Some(EventKind::Purchase)),
            (1, Some(EventKind::Refund)),
            (1, Some(EventKind::HardBounce)),
            (1, Some(EventKind::PageVisit)),
        ]);
        let hole = Hole {
            from: Day(from),
            to: Day(to),
        };
        coverage.holes.push((
            ConnectionId(random.weighted(&[(5, 1), (2, 2), (1, 3)])),
            kind.as_ref().map(kind_id),
            vec![hole],
        ));
    }
    coverage
}

/// A date at or beside the edge of a window, at the end of a month, on a leap day, or any.
fn date_for(random: &mut Random, facts: &Facts, windows: &[Window], first: i32, last: i32) -> i32 {
    let any = random.day(first, last + 20);
    if !windows.is_empty() && random.percent(50) {
        let event =
            (!facts.events.is_empty() && random.percent(80)).then(|| random.pick(&facts.events).at);
        let from = event
            .or(facts.subscribed_at)
            .unwrap_or(facts.first_known_at);
        let from = i32::try_from(from.div_euclid(DAY_MS)).expect("a day of this century");
        return plus(from, random.pick(windows), 1) + random.pick(&[-1, 0, 0, 0, 1]);
    }
    if random.percent(20) {
        let (year, month, _) = date(any);
        return number(year, month, 1) - 1;
    }
    if random.percent(5) {
        return number(2024, 2, 29);
    }
    any
}
