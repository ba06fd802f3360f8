//! What is sent of many numbers: within the deadband, and where some are refused.

use super::*;

/// A number that is the score, and a tag for its band.
const NUMBERS: &str = r#"
[scores.engagement]
rules = [
  { when = "field level is 'a44'", points = 44 },
  { when = "field level is 'a45'", points = 45 },
  { when = "field level is 'a46'", points = 46 },
  { when = "field level is 'a47'", points = 47 },
  { when = "field level is 'a49'", points = 49 },
]
bands = [ { name = "ambassadeur", above = 45 }, { name = "engaged" } ]
"#;

#[tokio::test]
async fn wb_02_a_change_of_band_is_sent_within_the_deadband() {
    let push = format!("{FIELD}\n{TAGS}\npush.deadband = 3");
    let mut bench = bench(&push);
    bench.config = load(&bench.folder, &push, NUMBERS, 1.0);
    let foreign = |level: &str| Contact {
        tags: Some(vec!["customer".into()]),
        ..contact("a", &[("level", level)])
    };
    bench.read(vec![foreign("a44")]);
    bench.baseline().await;
    bench
        .site
        .holds
        .lock()
        .unwrap()
        .entry("a".into())
        .or_default()
        .insert("customer".into());
    // One point is within the deadband, and so is the band.
    bench.levels(&[("a", "a45")]);
    bench.apply().await;
    assert_eq!(bench.asked(), Vec::<String>::new());
    // Two points are too, but they are a band.
    bench.levels(&[("a", "a46")]);
    bench.apply().await;
    let mut asked = bench.asked();
    asked.sort_unstable();
    assert_eq!(
        asked,
        [
            "a +engaged:ambassadeur",
            "a -engaged:engaged",
            "a ENGSCORE=46"
        ]
    );
    assert_eq!(
        bench.holds("a"),
        ["ENGSCORE=46", "customer", "engaged:ambassadeur"]
    );
    // From what was acknowledged last, three points are enough.
    bench.levels(&[("a", "a47")]);
    bench.apply().await;
    assert_eq!(bench.asked(), Vec::<String>::new());
    bench.levels(&[("a", "a49")]);
    bench.apply().await;
    assert_eq!(bench.asked(), ["a ENGSCORE=49"]);
}

#[tokio::test]
async fn wb_04_of_a_thousand_changes_three_are_refused_named_and_tried_again() {
    let bench = bench(FIELD);
    let ids: Vec<String> = (0..1000).map(|number| format!("c{number}")).collect();
    let level = |level: &'static str| {
        let rows = ids.iter().map(move |id| contact(id, &[("level", level)]));
        rows.collect::<Vec<Contact>>()
    };
    bench.read(level("middle"));
    bench.baseline().await;
    let refused = ["c17", "c500", "c999"];
    bench.answer(move |change| {
        if refused.contains(&change.contact.as_str()) {
            (false, Outcome::Rejected("no such contact".into()))
        } else {
            (true, Outcome::Applied)
        }
    });
    bench.read(level("high"));
    let report = bench.apply().await;
    assert_eq!((report.planned, report.applied), (1000, 997));
    assert_eq!(report.rejected, [("no such contact".into(), 3)]);
    assert_eq!(bench.asked().len(), 1000);
    let of = |state: OutboxState| {
        bench
            .sizes()
            .into_iter()
            .find(|(each, _)| *each == state)
            .map_or(0, |(_, size)| size)
    };
    assert_eq!(of(OutboxState::Rejected), 3);
    // The same is not asked within a day, and the plan says so; then these three alone, until they are taken.
    let plan = bench.plan().await;
    assert_eq!((plan.writes, plan.held_back), (0, 3));
    assert_eq!(
        (bench.apply().await.planned, bench.asked()),
        (0, Vec::new())
    );
    bench.wait(24 * HOUR);
    let report = bench.apply().await;
    assert_eq!((report.planned, report.applied), (3, 0));
    let mut asked = bench.asked();
    asked.sort_unstable();
    assert_eq!(
        asked,
        ["c17 ENGSCORE=50", "c500 ENGSCORE=50", "c999 ENGSCORE=50"]
    );
    bench.obey();
    bench.wait(24 * HOUR);
    assert_eq!(bench.apply().await.applied, 3);
    bench.asked();
    assert_eq!(
        (bench.apply().await.planned, bench.asked()),
        (0, Vec::new())
    );
    assert!(ids.iter().all(|id| bench.holds(id) == ["ENGSCORE=50"]));
}
