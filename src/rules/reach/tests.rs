use super::*;
use crate::rules::{Context, parse_condition};

fn looks(text: &str, guards: bool) -> Vec<String> {
    let context = Context {
        kinds: &[],
        scores: None,
        segments: None,
        lists: None,
        connections: None,
        classes: None,
    };
    let condition = parse_condition(text, &context).unwrap();
    let looks = of_condition(&condition, guards).into_iter();
    let mut words: Vec<String> = looks
        .map(|look| match look.back {
            Back::Within(window, _) => {
                format!("{} {}{:?}", look.kind.as_str(), window.number, window.unit)
            }
            Back::Ever(why) => format!("{} {why:?}", look.kind.as_str()),
        })
        .collect();
    words.sort();
    words
}

#[test]
fn every_construct_says_how_far_it_looks_back() {
    let cases: [(&str, &[&str]); 12] = [
        (
            "no open in 3 months",
            &["click 3Month", "open 3Month", "send 3Month"],
        ),
        ("not (any click in 2 weeks)", &["click 2Week", "send 2Week"]),
        (
            "no open",
            &["click NoWindow", "open NoWindow", "send NoWindow"],
        ),
        (
            "no purchase in 1 year",
            &["purchase 1Year", "purchase Customer"],
        ),
        ("no page visit in 10 days", &["page_visit 10Day"]),
        ("at least 2 shares in 1 year", &["share 1Year"]),
        ("at most 2 shares", &["share NoWindow"]),
        ("days with like in 1 month > 2", &["like 1Month"]),
        (
            "total purchases in 1 year > 10",
            &["purchase 1Year", "refund 1Year"],
        ),
        (
            "total purchases in 1 year <= 10",
            &["purchase 1Year", "purchase Customer", "refund 1Year"],
        ),
        ("time since click > 1 month", &["click Last"]),
        (
            "field a is known and (status is subscribed or no webinar in 1 day)",
            &["webinar 1Day"],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(looks(text, true), expected, "{text}");
    }
    // The literal reading needs no mails and no customer.
    assert_eq!(
        looks("no open in 3 months", false),
        ["click 3Month", "open 3Month"]
    );
    assert_eq!(looks("no purchase in 1 year", false), ["purchase 1Year"]);
}

#[test]
fn what_is_halved_is_gone_after_so_many_halvings() {
    let pattern = |kind| Pattern {
        actor: crate::rules::syntax::Actor::People,
        kind,
        filters: Vec::new(),
    };
    for points in [1_i64, 2, 999, 1_000, 3_000, -10_000] {
        let window = half_life(points, 30, &pattern(EventKind::Open));
        let halvings = f64::from(window.number) / 30.0;
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let left = (points as f64 * (-halvings).exp2()).round();
        assert!(left.abs() < 0.5, "{points}: {left}");
    }
    let one = half_life(1_000, 1, &pattern(EventKind::Open)).number;
    let bought = half_life(1_000, 1, &pattern(EventKind::Purchase)).number;
    assert_eq!(bought, one + 32);
}
