//! Answers as the sheet gives them, with the odd ones, and what they mean.

use engaged_connectors::{
    Connector as _, Page,
    copernica::{CLICKS, CONTACTS, LOGS},
    model::Status,
};
use serde_json::Value;

use crate::fake::{Fake, read};

fn fixture(name: &str) -> Value {
    let path = format!(
        "{}/fixtures/copernica/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn told(pages: &[Page]) -> Vec<String> {
    let events = pages.iter().flat_map(|page| &page.events);
    let tell = |event: &engaged_connectors::model::Event| {
        let who = event
            .contact
            .id
            .clone()
            .unwrap_or_else(|| "by address".into());
        let id = event.id.clone().unwrap();
        format!(
            "{} {id} {who} {}",
            event.kind.as_str(),
            event.at.format("%F %T")
        )
    };
    events.map(tell).collect()
}

#[tokio::test(start_paused = true)]
async fn profiles_of_every_form_are_read() {
    let fake = Fake::new();
    let mut first = true;
    fake.hook(move |_, asked| {
        let name = match asked.path.as_str() {
            "database/7616/fields" => "fields",
            "database/7616/unsubscribe" => "unsubscribe-update",
            "database/7616/profiles" if std::mem::take(&mut first) => "profiles-odd",
            _ => return None,
        };
        Some(Ok((200, fixture(name).to_string())))
    });
    let (pages, _) = read(&fake.connector(), CONTACTS, None).await.unwrap();
    let contacts = &pages[0].contacts;
    assert_eq!(contacts.len(), 2, "one that was removed is no contact");
    assert_eq!(
        (contacts[0].status, contacts[1].status),
        (Some(Status::Subscribed), Some(Status::Unsubscribed))
    );
    assert_eq!(
        (contacts[1].email.clone(), contacts[1].tags.clone()),
        (None, Some(vec!["nurture".into()]))
    );
    assert_eq!(contacts[1].fields["EngScore"], "0");
}

#[tokio::test(start_paused = true)]
async fn clicks_of_both_products_mean_what_they_say() {
    let fake = Fake::new();
    fake.change(|account| {
        for (path, name) in [
            ("ms/clicks", "ms-clicks"),
            ("ms/emailing/2345/clicks", "ms-emailing-clicks"),
            ("publisher/clicks", "publisher-clicks"),
        ] {
            let rows = fixture(name)["data"].as_array().unwrap().clone();
            account.events.insert(path.into(), rows);
        }
    });
    let (pages, _) = read(&fake.connector(), CLICKS, None).await.unwrap();
    let expected = [
        "click ms:90112233 18381 2026-02-03 06:13:02",
        "click pub:77001 18381 2026-02-03 07:00:00",
    ];
    assert_eq!(told(&pages), expected);
}

#[tokio::test(start_paused = true)]
async fn logfiles_mean_what_they_say() {
    let fake = Fake::new();
    fake.change(|account| {
        account.files.insert(
            "cdm-attempts.2026-02-02.log".into(),
            fixture("logfile-attempts"),
        );
        account
            .files
            .insert("cdm-error.2026-02-02.log".into(), fixture("logfile-errors"));
    });
    let connector = fake.connector();
    let (pages, _) = read(&connector, LOGS, None).await.unwrap();
    let expected = [
        "send ms:kQ3x9ZpT1 18381 2026-02-02 06:13:02",
        "send ms:kQ3x9ZpT2 by address 2026-02-02 06:13:02",
        "soft_bounce ms:kQ3x9ZpT1:2026-02-02 07:14:00:4.2.2 18381 2026-02-02 06:14:00",
        "hard_bounce ms:kQ3x9ZpT3:2026-02-02 07:14:00:550 18382 2026-02-02 06:14:00",
    ];
    assert_eq!(told(&pages), expected);
    assert!(connector.capabilities().retention.is_some());
}
