use secrecy::SecretString;
use serde_json::json;

use super::clean::Cleaner;

fn cleaner() -> Cleaner {
    Cleaner::new(
        vec![SecretString::from("hunter2 with spaces")],
        vec!["Nieuwsbrief".to_owned()],
        Some("/home/marit".to_owned()),
    )
}

#[test]
fn sentences_lose_addresses_keys_quotations_queries_and_known_names() {
    let said = cleaner().prose(
        "GET lists: jan@example.nl of 'Jan' saw \"Winter\" at https://x.example/a?token=abc from 203.0.113.9 and 127.0.0.1\n\
         key 0123456789abcdef0123456789abcdef-us21, hunter2 with spaces, Nieuwsbrief in /home/marit/x",
    );
    for gone in [
        "jan",
        "Jan",
        "Winter",
        "abc",
        "203.0",
        "0123456789",
        "hunter2",
        "Nieuws",
        "marit",
    ] {
        assert!(!said.contains(gone), "{gone}: {said}");
    }
    assert!(
        said.contains("GET lists") && said.contains("127.0.0.1") && said.contains("~/x"),
        "{said}"
    );
}

#[test]
fn a_configuration_keeps_its_shape_and_loses_what_is_not_known_to_be_harmless() {
    let text = r#"
timezone = "Europe/Amsterdam" # Jan's
[connections.news]
platform = "mailchimp"
key = { file = "secrets/jan" }
lists = ["Lijst van Jan"]
base_url = "https://jan.example"
push.fields = { ENGSCORE = "engagement" }
something_new = "Jan"
[scores.engagement]
rules = [ { when = "click on 'https://jan.example/*' and field name is 'Jan'", points = 10 } ]
[[tests]]
name = "Jan"
contact.email = "jan@example.nl"
"#;
    let kept = cleaner().configuration(text);
    assert!(!kept.to_lowercase().contains("jan"), "{kept}");
    for word in [
        "Europe/Amsterdam",
        "mailchimp",
        "ENGSCORE",
        "engagement",
        "points = 10",
        "click on '…'",
        "1 tests",
    ] {
        assert!(kept.contains(word), "{word}: {kept}");
    }
    assert!(!cleaner().configuration("key = jan").contains("jan"));
}

#[test]
fn a_report_keeps_numbers_and_codes() {
    let report = json!({ "code": "key", "n": 7, "campaign": "Winter", "why": "'Winter' of jan@example.nl", "list": ["ok"] });
    let kept = cleaner().report(&report);
    assert_eq!(
        kept,
        json!({ "code": "key", "n": 7, "campaign": "…", "why": "'…' of …", "list": ["ok"] })
    );
}
