use super::*;
use crate::rules::tracking::{Signal, Tracking, TrackingField, TrackingRules};

const DAY: Millis = 86_400_000;

/// `consent`: yes, clicks, date; anything else, and silence, is no.
fn rules() -> TrackingRules {
    let values = [
        ("yes", Tracking::Full),
        ("clicks", Tracking::ClicksOnly),
        ("date", Tracking::LastOpenDateOnly),
    ];
    TrackingRules {
        fields: vec![TrackingField {
            connection: Some("news".into()),
            field: "consent".into(),
            values: values.map(|(value, mode)| (value.into(), mode)).into(),
            otherwise: Tracking::None,
        }],
        ..TrackingRules::default()
    }
}

fn says(id: &str, email: &str, word: &str) -> Contact {
    let mut row = contact(id, Some(email));
    row.fields.insert("Consent".into(), word.into());
    row
}

fn of(email: &str, kind: EventKind, millis: Millis) -> Event {
    Event {
        campaign: Some("c1".into()),
        ..event(email, kind, at(millis))
    }
}

fn all_kinds(email: &str, millis: Millis) -> [Event; 4] {
    [
        EventKind::Send,
        EventKind::Open,
        EventKind::Click,
        EventKind::Purchase,
    ]
    .map(|kind| of(email, kind, millis))
}

impl Bench {
    fn track(&self, rules: &TrackingRules, now: Millis) {
        self.store.track_by(rules, now).unwrap();
    }

    fn kinds(&self, email: &str) -> Vec<&'static str> {
        let facts = self.facts(email).events.into_iter();
        facts
            .map(|fact| EventKind::BUILT_IN[usize::from(fact.kind.0)].as_str())
            .map(|name| match name {
                "send" => "send",
                "open" => "open",
                "click" => "click",
                "purchase" => "purchase",
                _ => "other",
            })
            .collect()
    }

    fn forget(&self) -> Forgotten {
        let forgotten = self.store.write(|tx| tx.forget_hidden(ContactId(0), 100));
        let forgotten = forgotten.unwrap();
        let wrong = self.store.read(|conn| {
            let mut wrong = conn.compare_history(9)?;
            wrong.extend(conn.compare_tallies(9)?);
            Ok(wrong)
        });
        assert_eq!(wrong.unwrap(), Vec::<String>::new());
        forgotten
    }
}

#[test]
fn what_a_contact_has_not_agreed_to_is_not_stored_and_counted_as_such() {
    let bench = bench();
    bench.track(&rules(), NOW);
    for (id, word) in [
        ("full", "yes"),
        ("clicks", "clicks"),
        ("date", "DATE"),
        ("none", "no"),
    ] {
        bench.contacts(NOW, &[says(id, &format!("{id}@x.example"), word)]);
    }
    let withheld = |who: &str| {
        let email = format!("{who}@x.example");
        bench.append(NOW, &all_kinds(&email, NOW)).withheld
    };
    assert_eq!(
        ["full", "clicks", "date", "none"].map(withheld),
        [0, 1, 2, 2]
    );
    assert_eq!(
        bench.kinds("full@x.example"),
        ["send", "open", "click", "purchase"]
    );
    assert_eq!(
        bench.kinds("clicks@x.example"),
        ["send", "click", "purchase"]
    );
    assert_eq!(bench.kinds("date@x.example"), ["send", "purchase"]);
    assert_eq!(bench.kinds("none@x.example"), ["send", "purchase"]);
    // Two kinds of three contacts are not in the table either.
    assert_eq!(
        bench.count("select count(*) from event where kind in (2, 3)"),
        3
    );
    assert_eq!(bench.count("select count(*) from last_open"), 1);
    // Once more changes nothing.
    assert_eq!(withheld("none"), 2);
    assert_eq!(bench.kinds("none@x.example"), ["send", "purchase"]);
    let sizes = bench.store.read(Conn::tracking_sizes).unwrap();
    let numbers: Vec<u64> = sizes.into_iter().map(|(_, number)| number).collect();
    assert_eq!(numbers, [1, 1, 1, 1]);
}

#[test]
fn whoever_withdraws_is_read_without_the_past_at_once_and_then_it_is_deleted() {
    let bench = bench();
    bench.track(&rules(), NOW);
    bench.contacts(NOW, &[says("1", "a@x.example", "yes")]);
    bench.append(NOW, &all_kinds("a@x.example", NOW));
    bench.contacts(NOW + 1, &[says("1", "a@x.example", "no")]);
    assert_eq!(bench.kinds("a@x.example"), ["send", "purchase"]);
    // Also where it is asked what was known before.
    let then = bench.facts_known("a@x.example", Some(NOW)).unwrap();
    assert_eq!(then.events.len(), 2);
    let before = bench.facts("a@x.example");
    let forgotten = bench.forget();
    assert_eq!((forgotten.contacts, forgotten.events), (1, 2));
    assert_eq!(bench.count("select count(*) from event"), 2);
    assert_eq!(bench.facts("a@x.example"), before);
    assert_eq!(bench.forget().events, 0);
}

#[test]
fn before_a_contact_agreed_nobody_looked_whatever_comes_in_later() {
    let bench = bench();
    bench.track(&rules(), NOW);
    bench.contacts(NOW, &[says("1", "a@x.example", "no")]);
    let agreed = NOW + 10 * DAY;
    bench.contacts(agreed, &[says("1", "a@x.example", "yes")]);
    let old = of("a@x.example", EventKind::Open, NOW + DAY);
    let new = of("a@x.example", EventKind::Open, agreed + DAY);
    assert_eq!(bench.append(agreed + DAY, &[old, new]).withheld, 1);
    let facts = bench.facts("a@x.example");
    assert_eq!(facts.consent.mode, Tracking::Full);
    assert_eq!(facts.consent.from(Signal::Open), agreed);
    assert_eq!(facts.events.len(), 1);
}

#[test]
fn what_was_withheld_under_older_rules_is_missing_under_newer_ones() {
    let bench = bench();
    bench.track(&rules(), NOW);
    bench.contacts(NOW, &[says("1", "a@x.example", "no")]);
    bench.track(&TrackingRules::default(), NOW + DAY);
    let consent = bench.facts("a@x.example").consent;
    assert_eq!(
        (consent.mode, consent.from(Signal::Click)),
        (Tracking::Full, NOW + DAY)
    );
    // Kept over a restart.
    drop(bench.store);
    let store = open(&bench.path, Access::ReadWrite).unwrap();
    store
        .track_by(&TrackingRules::default(), NOW + 2 * DAY)
        .unwrap();
    let facts =
        store.read(|conn| conn.facts(conn.find_contact(&address("a@x.example"))?.unwrap(), None));
    assert_eq!(
        facts.unwrap().unwrap().consent.from(Signal::Click),
        NOW + DAY
    );
}

#[test]
fn contacts_that_are_one_have_the_strictest_word() {
    let bench = bench();
    bench.track(&rules(), NOW);
    let two = [
        says("1", "a@x.example", "yes"),
        says("2", "b@x.example", "clicks"),
    ];
    bench.contacts(NOW, &two);
    bench.append(NOW, &all_kinds("a@x.example", NOW));
    assert_eq!(bench.kinds("a@x.example").len(), 4);
    super::merging::merge(&bench, "shop", "a@x.example", "b@x.example", NOW + 1);
    assert_eq!(bench.kinds("b@x.example"), ["send", "click", "purchase"]);
    assert_eq!(bench.forget().events, 1);
}

#[test]
fn of_opens_the_date_of_the_last_alone_is_kept_and_goes_with_the_word_for_it() {
    let bench = bench();
    bench.track(&rules(), NOW);
    bench.contacts(NOW, &[says("1", "a@x.example", "yes")]);
    bench.append(NOW, &[of("a@x.example", EventKind::Open, NOW)]);
    bench.contacts(NOW + 1, &[says("1", "a@x.example", "date")]);
    let date = |millis: Millis| Some(crate::score::tracking::day_of_open(millis));
    // What was stored before gives the date as well, before and after it is deleted.
    assert_eq!(bench.facts("a@x.example").last_open, date(NOW));
    assert_eq!(bench.forget().events, 1);
    assert_eq!(bench.facts("a@x.example").last_open, date(NOW));
    bench.append(
        NOW + 5 * DAY,
        &[of("a@x.example", EventKind::Open, NOW + 5 * DAY)],
    );
    bench.append(
        NOW + 6 * DAY,
        &[of("a@x.example", EventKind::Open, NOW + 3 * DAY)],
    );
    assert_eq!(bench.facts("a@x.example").last_open, date(NOW + 5 * DAY));
    assert_eq!(bench.count("select count(*) from event"), 0);
    bench.contacts(NOW + 7 * DAY, &[says("1", "a@x.example", "no")]);
    assert_eq!(bench.facts("a@x.example").last_open, None);
    assert_eq!(bench.forget().dates, 1);
    assert_eq!(bench.count("select count(*) from last_open"), 0);
}

#[test]
fn what_is_not_kept_has_come_where_a_platform_counts_it() {
    let bench = super::counters::counted();
    bench.track(&rules(), NOW);
    bench.contacts(
        NOW,
        &[
            says("1", "a1@x.example", "no"),
            says("2", "a2@x.example", "yes"),
        ],
    );
    let start = super::counters::START;
    bench.pass(
        start,
        vec![super::counters::counter("c1", start, 0, Some(0))],
    );
    let look = start + DAY;
    for who in [1, 2] {
        let open = super::counters::opened(who, "c1", start + 1_000);
        bench.webhook(start + 2_000, open.clone());
        bench.webhook(start + 3_000, open);
    }
    bench.pass(look, vec![super::counters::counter("c1", look, 2, Some(2))]);
    assert_eq!(bench.shortfalls(), []);
    // A third that never came is missed all the same.
    bench.pass(
        look + DAY,
        vec![super::counters::counter("c1", look + DAY, 3, Some(3))],
    );
    assert_eq!(bench.shortfalls().len(), 1);
    // The marks go, the numbers stay.
    bench
        .store
        .write(move |tx| tx.sum_withheld(look + 40 * DAY))
        .unwrap();
    assert_eq!(bench.count("select count(*) from withheld"), 0);
    assert_eq!(bench.count("select times from withheld_sum"), 1);
    assert_eq!(bench.shortfalls().len(), 1);
}

#[test]
fn events_that_changed_their_time_or_were_told_twice_are_deleted_with_their_company() {
    let bench = bench();
    let connection = bench.connection;
    bench
        .store
        .write(move |tx| tx.declare_twins(connection, Some(std::time::Duration::from_mins(1)), NOW))
        .unwrap();
    bench.track(&rules(), NOW);
    bench.contacts(NOW, &[says("1", "a@x.example", "yes")]);
    let open = of("a@x.example", EventKind::Open, NOW);
    bench.webhook(NOW, open.clone());
    let polled = Event {
        at: at(NOW + 5_000),
        ..open
    };
    bench.append(NOW + DAY, &[polled]);
    for moved in [0, DAY] {
        let mut click = of("a@x.example", EventKind::Click, NOW + moved);
        click.id = Some("e1".into());
        bench.append(NOW + DAY + moved, &[click]);
    }
    assert_eq!(bench.kinds("a@x.example"), ["open", "click"]);
    bench.contacts(NOW + 3 * DAY, &[says("1", "a@x.example", "no")]);
    assert_eq!(bench.forget().events, 2);
    for table in [
        "select count(*) from event",
        "select count(*) from superseded",
        "select count(*) from confirmed",
        "select count(*) from history",
    ] {
        assert_eq!(bench.count(table), 0, "{table}");
    }
}

/// What reads the event log or the packed history. Whatever shows people or a rule what somebody did goes through
/// `facts.rs`, which takes out what may not be used.
const READERS: [(&str, &str); 20] = [
    ("append.rs", "whether an event is new"),
    ("counter.rs", "how many came of what a platform counts"),
    ("facts.rs", "the facts"),
    ("rewind.rs", "the facts of another day"),
    ("hindsight.rs", "the facts of a look back"),
    ("walk.rs", "the facts of all"),
    ("history.rs", "the history, to be written again"),
    ("compare.rs", "whether the history is what the log gives"),
    ("verdict.rs", "who caused an event; its reasons by number"),
    ("twins.rs", "what was told twice"),
    ("about.rs", "when an event of the facts became known"),
    (
        "look.rs",
        "ids and orders of events of the facts; the demo's numbers",
    ),
    ("tally.rs", "how many events are stored"),
    ("since.rs", "which event was the last before an instant"),
    (
        "volume.rs",
        "how many events came on a day, of everybody together",
    ),
    ("tracking.rs", "what is to be deleted"),
    ("migrate.rs", "a test"),
    ("backup.rs", "how many there are"),
    ("erase.rs", "what is to be deleted"),
    ("horizon.rs", "what is to be deleted"),
];

#[test]
fn nothing_shows_what_somebody_did_past_what_may_be_used() {
    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("tests") {
                files(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut all = Vec::new();
    files(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store"),
        &mut all,
    );
    let mut readers = 0;
    for path in all {
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let reads = [
            "from event ",
            "join event ",
            "from history ",
            "join history ",
        ];
        if reads.iter().any(|words| text.contains(words)) {
            let name = path.file_name().unwrap().to_string_lossy();
            assert!(READERS.iter().any(|(known, _)| *known == name), "{name}");
            readers += 1;
        }
    }
    assert!(
        readers > 10,
        "only {readers} files were found to read events"
    );
}
