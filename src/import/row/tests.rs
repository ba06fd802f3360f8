use super::*;

fn read(line: &str) -> Read<Row> {
    RowReader::new(&["demo request".to_owned()])
        .json(line)
        .map(Option::unwrap)
}

fn event(line: &str) -> Event {
    match read(line).unwrap() {
        Row::Event(event) => event,
        other => panic!("{other:?}"),
    }
}

fn reason(line: &str) -> String {
    read(line).unwrap_err().0
}

#[test]
fn a_purchase_is_read_to_the_cent() {
    for (written, cents) in [
        ("\"260.00\"", 26_000),
        ("260.00", 26_000),
        ("260.1", 26_010),
        ("260", 26_000),
        ("0.29", 29),
        ("90071992547409.93", 9_007_199_254_740_993),
        ("\"-5.00\"", -500),
        ("\"1.5000\"", 150),
    ] {
        let line = format!(
            r#"{{"email":"a@x.example","kind":"purchase","at":"2026-05-02T10:00:00Z","value":{written}}}"#
        );
        assert_eq!(event(&line).value_cents, Some(cents), "{written}");
    }
    for written in [
        "\"2,50\"",
        "1e3",
        "0.005",
        "\"\u{20ac} 5\"",
        "\".5\"",
        "true",
        "99999999999999999999",
    ] {
        let line = format!(
            r#"{{"email":"a@x.example","kind":"purchase","at":"2026-05-02T10:00:00Z","value":{written}}}"#
        );
        assert!(reason(&line).contains("not an amount"), "{written}");
    }
}

#[test]
fn every_column_of_an_event_arrives() {
    let event = event(
        r#"{"email":"Jan@Example.nl","kind":"demo request","at":"2026-06-08T12:00:00.250+02:00","id":"e-1","campaign":"n23",
            "link":"https://x.example/a","url":"https://x.example/b","item":"shoes","quantity":2,"value":"260.00",
            "currency":"eur","tracked":false,"verdict":"privacy_proxy","properties":{"size":41}}"#,
    );
    assert_eq!(event.contact.email.unwrap().reveal(), "jan@example.nl");
    assert_eq!(event.kind, EventKind::Custom("demo_request".into()));
    assert_eq!(event.at.to_rfc3339(), "2026-06-08T10:00:00.250+00:00");
    assert_eq!(
        (event.id.as_deref(), event.campaign.as_deref()),
        (Some("e-1"), Some("n23"))
    );
    assert_eq!(event.link.as_deref(), Some("https://x.example/a"));
    assert_eq!(event.url.as_deref(), Some("https://x.example/b"));
    assert_eq!(
        (event.item.as_deref(), event.quantity),
        (Some("shoes"), Some(2))
    );
    assert_eq!(
        (event.currency.as_deref(), event.tracked),
        (Some("EUR"), Some(false))
    );
    assert_eq!(event.verdict, Some(Verdict::PrivacyProxy));
    assert_eq!(event.properties["size"], 41);
}

#[test]
fn times_are_read_with_their_offset_and_refused_without() {
    let at = |text: &str| {
        read(&format!(
            r#"{{"email":"a@x.example","kind":"open","at":"{text}"}}"#
        ))
    };
    for text in [
        "2026-06-08T10:00:00Z",
        "2026-06-08T12:00:00+02:00",
        "2026-06-08 10:00:00Z",
    ] {
        let Row::Event(event) = at(text).unwrap() else {
            panic!()
        };
        assert_eq!(event.at.timestamp(), 1_780_912_800, "{text}");
    }
    for text in ["2026-06-08T10:00:00", "2026-06-08", "yesterday"] {
        assert!(at(text).unwrap_err().0.contains("offset"), "{text}");
    }
}

#[test]
fn a_bounce_is_hard_soft_or_untyped() {
    let line = |bounce: &str| {
        format!(r#"{{"email":"a@x.example","kind":"bounce","at":"2026-05-02T10:00:00Z"{bounce}}}"#)
    };
    assert_eq!(event(&line("")).kind, EventKind::Bounce);
    assert_eq!(
        event(&line(r#","bounce":"hard""#)).kind,
        EventKind::HardBounce
    );
    assert_eq!(
        event(&line(r#","bounce":"soft""#)).kind,
        EventKind::SoftBounce
    );
    assert!(reason(&line(r#","bounce":"bouncy""#)).contains("neither hard nor soft"));
}

#[test]
fn a_gap_names_days_and_kinds() {
    let gap = read(r#"{"gap":{"from":"2026-04-10","to":"2026-04-24","kinds":["open","click"]}}"#)
        .unwrap();
    let days = (
        Day::parse("2026-04-10").unwrap(),
        Day::parse("2026-04-24").unwrap(),
    );
    let kinds = vec![EventKind::Open, EventKind::Click];
    assert_eq!(
        gap,
        Row::Gap(Gap {
            from: days.0,
            to: days.1,
            kinds
        })
    );
    let all = read(r#"{"gap":{"from":"2026-04-10","to":"2026-04-10"}}"#).unwrap();
    assert!(matches!(all, Row::Gap(Gap { kinds, .. }) if kinds.is_empty()));
    assert!(reason(r#"{"gap":{"from":"2026-04-24","to":"2026-04-10"}}"#).contains("ends before"));
    assert!(reason(r#"{"gap":{"from":"2026-04-24"}}"#).contains("without `to`"));
    assert!(
        reason(r#"{"gap":{"from":"2026-04-10","to":"2026-04-24","kinds":["opn"]}}"#)
            .contains("did you mean open")
    );
    assert!(
        reason(r#"{"gap":{"from":"2026-04-10","to":"2026-04-24","kinds":[]}}"#)
            .contains("empty list")
    );
}

#[test]
fn a_contact_keeps_its_fields_as_they_were_written() {
    let line = r#"{"email":"a@x.example","subscribed_at":"2024-01-10T10:00:00Z","status":"subscribed",
                   "fields":{"country":"NL","age":41,"score":1.50,"vip":true,"left":null}}"#;
    let Row::Contact(contact) = read(line).unwrap() else {
        panic!()
    };
    assert_eq!(contact.status, Some(Status::Subscribed));
    let fields: Vec<_> = contact
        .fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        fields,
        [
            ("age", "41"),
            ("country", "NL"),
            ("left", ""),
            ("score", "1.50"),
            ("vip", "true")
        ]
    );
}

#[test]
fn reasons_propose_the_nearest_word_and_hold_no_address() {
    assert_eq!(
        reason(r#"{"email":"a@x.example","kind":"opne","at":"2026-05-02T10:00:00Z"}"#),
        "unknown kind 'opne'; did you mean open?"
    );
    assert!(
        reason(r#"{"email":"a@x.example","kind":"teleport","at":"2026-05-02T10:00:00Z"}"#)
            .contains("declare it")
    );
    for line in [
        r#"{"email":"a@x.example","kind":"open","at":"jan.jansen@x.example"}"#,
        r#"{"email":"a@x.example","kind":"jan.jansen@x.example","at":"2026-05-02T10:00:00Z"}"#,
        r#"{"email":"jan.jansen@x.example@y","kind":"open","at":"2026-05-02T10:00:00Z"}"#,
        r#"{"email":"a@x.example","kind":"open","at":"to jan.jansen@x.example now"}"#,
        "jan.jansen@x.example",
        r#"{"email":"jan.jansen@x.example" "kind""#,
    ] {
        assert!(!reason(line).contains("jan.jansen"), "{}", reason(line));
    }
    for line in [
        "[1]",
        "5",
        "{",
        r#"{"kind":"open","at":"2026-05-02T10:00:00Z"}"#,
        "{}",
    ] {
        read(line).unwrap_err();
    }
}

#[test]
fn an_unknown_key_is_told_once_and_its_row_is_kept() {
    let mut reader = RowReader::new(&[]);
    let line = r#"{"email":"a@x.example","kind":"open","at":"2026-05-02T10:00:00Z","campain":"n1","x":{"y":[1]}}"#;
    for _ in 0..2 {
        reader.json(line).unwrap().unwrap();
    }
    let unknown = reader.take_unknown_keys();
    assert_eq!(
        unknown,
        [
            ("campain".to_owned(), Some("campaign")),
            ("x".to_owned(), None)
        ]
    );
}

#[test]
fn both_formats_mean_the_same() {
    let mut reader = RowReader::new(&[]);
    let csv = [
        ("email", "a@x.example"),
        ("kind", "purchase"),
        ("at", "2026-05-02T10:00:00Z"),
        ("item", "shoes"),
        ("quantity", "2"),
        ("value", "260.00"),
        ("properties.size", "41"),
    ];
    let json = r#"{"email":"a@x.example","kind":"purchase","at":"2026-05-02T10:00:00Z","item":"shoes","quantity":2,
                   "value":260.00,"properties":{"size":"41"}}"#;
    assert_eq!(reader.csv(&csv).unwrap(), reader.json(json).unwrap());
    let csv = [
        ("email", "a@x.example"),
        ("fields.country", "NL"),
        ("status", "unsubscribed"),
    ];
    let json = r#"{"email":"a@x.example","fields":{"country":"NL"},"status":"unsubscribed"}"#;
    assert_eq!(reader.csv(&csv).unwrap(), reader.json(json).unwrap());
    let csv = [
        ("gap.from", "2026-04-10"),
        ("gap.to", "2026-04-24"),
        ("gap.kinds", "open, click"),
    ];
    let json = r#"{"gap":{"from":"2026-04-10","to":"2026-04-24","kinds":["open","click"]}}"#;
    assert_eq!(reader.csv(&csv).unwrap(), reader.json(json).unwrap());
    assert_eq!(reader.csv(&[]).unwrap(), None);
    assert_eq!(reader.json("  ").unwrap(), None);
}
