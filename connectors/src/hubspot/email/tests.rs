use serde_json::json;

use super::*;

fn row(kind: Kind, change: impl FnOnce(&mut Value)) -> Result<Option<Event>, Reject> {
    let text = include_str!("../../../fixtures/hubspot/email-events-click.json");
    let page: Value = serde_json::from_str(text).unwrap();
    let mut row = page["events"][0].clone();
    row["type"] = kind.word().into();
    change(&mut row);
    translate(kind, &row, &[])
}

#[test]
fn an_event_is_joined_by_its_address_in_small_letters_and_named_by_id_and_time() {
    let event = row(Kind::Click, |row| {
        row["recipient"] = "ANN@Example.org".into();
    })
    .unwrap()
    .unwrap();
    let email = event.contact.email.unwrap();
    assert_eq!(
        (email.reveal(), event.contact.id),
        ("ann@example.org", None)
    );
    let id = "7d2e5f4e-3c1b-4a55-9f0d-2b8f6c0a1d11/1785579132345";
    assert_eq!(event.id.as_deref(), Some(id));
    assert_eq!(event.campaign.as_deref(), Some("211488211"));
    assert_eq!(event.link.as_deref(), Some("https://example.org/offer"));
    assert_eq!(event.verdict, None);
}

#[test]
fn filtered_events_are_kept_and_judged() {
    let verdict = |kind, filtered: bool| {
        let event = row(kind, |row| row["filteredEvent"] = filtered.into()).unwrap();
        event.unwrap().verdict
    };
    assert_eq!(verdict(Kind::Open, true), Some(Verdict::PrivacyProxy));
    assert_eq!(verdict(Kind::Click, true), Some(Verdict::Scanner));
    assert_eq!(verdict(Kind::Open, false), None);
    assert_eq!(verdict(Kind::Sent, true), None);
}

#[test]
fn only_an_unknown_user_is_a_bounce_for_good() {
    let kind = |category: Value| {
        let event = row(Kind::Bounce, |row| row["category"] = category).unwrap();
        event.unwrap().kind
    };
    assert_eq!(kind(json!("UNKNOWN_USER")), EventKind::HardBounce);
    for category in [
        "DNS_FAILURE",
        "CONTENT",
        "SPAM",
        "POLICY",
        "THROTTLED",
        "MAILBOX_FULL",
        "UNCATEGORIZED",
        "HUBSPOT_GLOBAL_BOUNCE",
        "SOMETHING_NEW",
    ] {
        assert_eq!(kind(json!(category)), EventKind::SoftBounce, "{category}");
    }
    assert_eq!(kind(Value::Null), EventKind::SoftBounce);
}

#[test]
fn an_event_that_another_took_the_place_of_is_skipped() {
    let obsolete = json!({"id": "x", "created": 1_785_579_132_346_i64});
    let read = row(Kind::Open, |row| row["obsoletedBy"] = obsolete).unwrap();
    assert_eq!(read, None);
}

#[test]
fn mail_of_apps_that_do_not_count_is_passed_over() {
    let row = json!({"id": "x", "created": 1_785_579_132_346_i64, "recipient": "a@b.nl", "appName": "Sales"});
    let read = |apps: &[String]| translate(Kind::Sent, &row, apps).unwrap().is_some();
    assert!(read(&[]));
    assert!(read(&["Sales".into()]));
    assert!(!read(&["Batch".into()]));
}

#[test]
fn a_row_that_cannot_be_read_is_told_without_the_address() {
    for key in ["recipient", "created", "id"] {
        assert!(
            row(Kind::Open, |row| row[key] = Value::Null).is_err(),
            "{key}"
        );
    }
    let told = row(Kind::Open, |row| row["recipient"] = "ann at example".into()).unwrap_err();
    assert!(!told.reason.contains("example"), "{told:?}");
    assert!(told.at.is_some());
}
