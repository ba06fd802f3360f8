use super::*;
use crate::{
    config::Language,
    push::cause::{Cause, Reason},
};

fn dutch(text: &str) -> String {
    let say = Say::new(Language::Dutch, chrono_tz::Europe::Amsterdam);
    said(say, text).unwrap_or_else(|| panic!("the form of this is not known: {text}"))
}

#[test]
fn every_form_is_one() {
    let tables: [&[Form]; 6] = [&GUARDS, &HELD, &ENTRIES, &WRITES, &CASES, &REASONS];
    let number: usize = tables.iter().map(|table| table.len()).sum();
    assert_eq!(FORMS.len(), number);
}

#[test]
fn what_a_guard_saw_is_said_with_its_numbers_and_its_cause() {
    let since = Some(1_781_000_000_000);
    let cause = |reason| Cause {
        changed: 1_200,
        since,
        reason,
    };
    for (reason, words) in [
        (Reason::Rules, "de regels zijn bewerkt"),
        (
            Reason::Coverage {
                spans: vec!["shop open: 2026-06-03 to 2026-06-09 became a hole".to_owned()],
                contacts: 900,
            },
            "900 van de 1.200",
        ),
        (Reason::Machines { contacts: 700 }, "machines"),
        (
            Reason::Source {
                name: "beurs".to_owned(),
                import: true,
                contacts: 800,
            },
            "een import in beurs",
        ),
        (
            Reason::Source {
                name: "shop".to_owned(),
                import: false,
                contacts: 800,
            },
            "de eerste synchronisatie van shop",
        ),
        (
            Reason::Unknown {
                edits: true,
                machines: 3,
                told: 0,
            },
            "Geen waarschijnlijke oorzaak",
        ),
    ] {
        let detail = format!(
            "1200 of 5000 contacts change at once (24 %, limit 20 %); {}",
            cause(reason)
        );
        let said = dutch(&detail);
        assert!(said.starts_with("1.200 van de 5.000 contacten"), "{said}");
        assert!(said.contains(words), "{said}");
        assert!(said.contains("9 juni 2026 12:13"), "{said}");
    }
    let first = Cause {
        since: None,
        ..cause(Reason::Rules)
    };
    assert!(dutch(&first.to_string()).contains("geen eerdere push"));
    assert_eq!(
        dutch("first push of field:ENGSCORE, tag:engaged:hot (526 writes)"),
        "526 wijzigingen die voor het eerst iets tonen: ENGSCORE, engaged:hot"
    );
    let starts =
        "600 starts at once (limit 500): 600 of Win-back; a backfill asked for 600 of them";
    assert!(dutch(starts).contains("achteraf gevraagd"));
    let many = "cleaning: sunset: 260 of 1000 contacts are candidates (limit 20 %); the policy never ran before: so many may have left over the years";
    assert!(dutch(many).starts_with("sunset: 260 van de 1.000"));
}

#[test]
fn reasons_within_reasons_are_said_too_and_what_is_not_known_is_left_alone() {
    assert_eq!(
        dutch("protected: protect is not known: coverage_gap"),
        "beschermd: het is niet bekend of het beleid ze beschermt: onze eigen gegevens hebben een gat"
    );
    assert_eq!(
        dutch("cooldown until 2026-07-01"),
        "te kort na de vorige start: tot 1 juli 2026"
    );
    let say = Say::new(Language::Dutch, chrono_tz::UTC);
    assert_eq!(said(say, "jan@x.example has fake details"), None);
    assert_eq!(said(say, ""), None);
}
