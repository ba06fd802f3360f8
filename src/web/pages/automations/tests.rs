use http::StatusCode;
use serde_json::json;

use crate::{
    account::Role,
    automation::{EntryState, Step},
    score::{calendar::Day, facts::ConnectionId},
    store::{AuditFilter, Conn, ContactId, Lane, NewOutboxRow, OutboxState, Tx},
    web::stage::{RULES, Site},
};

const SERIES: &str = r#"
[[automations]]
name = "Fans <b>"
when = "engagement >= 2"
start = { connection = "shop", tag = "fan" }
"#;

const LEADS: &str = r#"
[[automations]]
name = "Hot ones"
when = "engagement >= 1"
start = { handover = "Sales" }
"#;

const LINES: &str = r#"{"email":"jan@voorbeeld.nl","subscribed_at":"2024-01-10T10:00:00Z"}
{"email":"jan@voorbeeld.nl","kind":"click","at":"2026-06-08T10:00:00Z","id":"1"}
{"email":"piet@voorbeeld.nl","kind":"click","at":"2026-06-08T10:00:00Z","id":"2"}
"#;

/// A marketer who has typed the password again.
async fn marketer(site: &Site) -> String {
    let cookie = site.cookie(Role::Marketer).await;
    site.step_up(&cookie).await
}

/// Lets so many starts be in doubt.
fn doubt(tx: &Tx, entries: i64) -> Result<(), crate::store::StoreError> {
    let (day, now) = (Day::parse("2026-06-15").unwrap(), 1_781_500_000_000);
    for number in 1..=entries {
        let contact = ContactId(number);
        let enter = Step::Enter {
            automation: 0,
            number: 7,
            state: EntryState::InDoubt,
            reason: None,
            due_at: None,
        };
        tx.step(contact, &["Fans <b>".to_owned()], &[enter], (day, now))?;
        let entry = tx.entries_page(&crate::store::EntriesWanted {
            state: Some(EntryState::InDoubt),
            limit: 1,
            ..Default::default()
        })?;
        let row = NewOutboxRow {
            plan: None,
            connection: ConnectionId(1),
            contact: Some(contact),
            platform_id: format!("id{number}"),
            write: "start automation".to_owned(),
            target: format!("start:{}", entry[0].entry),
            value: Some("journey 1".to_owned()),
            reason: "Fans <b>".to_owned(),
            lane: Lane::Start,
        };
        tx.enqueue_start(&row, now)?;
    }
    let wanted = crate::store::WritesWanted {
        of: crate::store::WritesOf::Connection(ConnectionId(1)),
        state: Some(OutboxState::Planned),
        before: None,
        limit: 10,
    };
    let rows: Vec<i64> = tx
        .writes(&wanted)?
        .iter()
        .map(|write| write.row.id)
        .collect();
    tx.begin_attempt(&rows, &format!("{now}-{}", rows[0]), now)?;
    for row in rows {
        tx.settle(
            row,
            OutboxState::Ambiguous,
            Some("the answer was lost"),
            None,
            now,
        )?;
    }
    Ok(())
}

#[tokio::test]
async fn what_is_in_doubt_is_asked_of_a_person_who_says_one_of_three_things() {
    let site = Site::shop(20, SERIES).await;
    site.web.store().write(|tx| doubt(tx, 3)).unwrap();
    let entries = |state| {
        let store = site.web.store();
        store.read(|conn: &Conn| conn.count_entries(state)).unwrap()
    };
    let ready = entries(EntryState::Ready);
    let viewer = site.cookie(Role::Viewer).await;
    let page = site.get(&viewer, "/automations").await.body;
    assert!(page.contains("In doubt: was it started?"), "{page}");
    assert!(
        page.contains("start automation") && page.contains("journey 1"),
        "{page}"
    );
    assert!(
        page.contains("Fans &lt;b&gt;") && !page.contains("Fans <b>"),
        "{page}"
    );
    assert!(!page.contains("action=\"/automations/resolve\""), "{page}");
    let cookie = site.cookie(Role::Marketer).await;
    for (word, state, before) in [
        ("started", EntryState::Started, 0),
        ("again", EntryState::Ready, ready),
        ("drop", EntryState::Withdrawn, 0),
    ] {
        let page = site.get(&cookie, "/automations").await;
        let entry = page.hidden("entry");
        let form = [("entry", entry.as_str()), ("word", word)];
        let refused = site.post(&viewer, "/automations/resolve", &form).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        let said = site.post(&cookie, "/automations/resolve", &form).await;
        assert_eq!(said.location(), "/automations");
        assert_eq!(entries(state), before + 1, "{word}");
        // A second word on the same entry is refused.
        let again = site.post(&cookie, "/automations/resolve", &form).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let page = site.get(&cookie, "/automations").await.body;
    assert!(!page.contains("id=\"doubt\""), "{page}");
    let store = site.web.store();
    let words = store
        .read(|conn| conn.audit_page(None, 20, &AuditFilter::default()))
        .unwrap();
    let words = words.iter().filter(|row| row.what == "resolve");
    assert_eq!(
        words.filter(|row| row.who.starts_with("marketer")).count(),
        3
    );
    assert!(site.writes().is_empty());
}

#[tokio::test]
async fn who_was_there_before_starts_only_by_a_word_on_the_number_that_was_shown() {
    let site = Site::shop(30, SERIES).await;
    let cookie = marketer(&site).await;
    let page = site.get(&cookie, "/automations").await.body;
    assert!(page.contains("would start"), "{page}");
    assert!(page.contains("was there before us: first import"), "{page}");
    let page = site
        .get(&cookie, "/automations/backfill?name=Fans+%3Cb%3E")
        .await;
    let seen: i64 = page.hidden("seen").parse().unwrap();
    assert!(seen > 3, "{seen}");
    let fewer = (seen - 1).to_string();
    let form = [("name", "Fans <b>"), ("seen", fewer.as_str())];
    let refused = site.post(&cookie, "/automations/backfill", &form).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let ready = |conn: &Conn| conn.count_entries(EntryState::Ready);
    assert_eq!(site.web.store().read(ready).unwrap(), 0);
    let seen_text = seen.to_string();
    let form = [("name", "Fans <b>"), ("seen", seen_text.as_str())];
    let done = site.post(&cookie, "/automations/backfill", &form).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(site.web.store().read(ready).unwrap(), seen);
    assert!(
        site.writes().is_empty(),
        "nothing starts before a plan was applied"
    );
    // Each start stands in the plan.
    let asked = site.post(&cookie, "/push/plan", &[]).await;
    let plan = site.get(&cookie, asked.location()).await.body;
    assert!(
        plan.contains("start by a tag") && plan.contains("Fans &lt;b&gt;"),
        "{plan}"
    );
}

#[tokio::test]
async fn leads_wait_with_their_reasons_and_take_an_answer() {
    let site = Site::new(&format!("{RULES}{LEADS}"), LINES).await;
    let cookie = marketer(&site).await;
    let form = [("name", "Hot ones"), ("seen", "2")];
    site.post(&cookie, "/automations/backfill", &form).await;
    let viewer = site.cookie(Role::Viewer).await;
    let seen = site.get(&viewer, "/automations").await.body;
    assert!(
        seen.contains("j…@v….nl") && !seen.contains("action=\"/automations/leads\""),
        "{seen}"
    );
    let page = site.get(&cookie, "/automations").await;
    assert!(
        page.body.contains("jan@voorbeeld.nl") && page.body.contains("+10"),
        "{}",
        page.body
    );
    let leads = page.body.matches("value=\"accept\"").count();
    assert_eq!(leads, 2);
    let entry = page.hidden("entry");
    let form = [
        ("entry", entry.as_str()),
        ("answer", "refuse"),
        ("reason", "a student"),
    ];
    let said = site.post(&cookie, "/automations/leads", &form).await;
    assert_eq!(said.status, StatusCode::SEE_OTHER);
    let page = site.get(&cookie, "/automations").await;
    assert_eq!(page.body.matches("value=\"accept\"").count(), 1);
    assert!(page.body.contains("a student"), "{}", page.body);
    let entry = page.hidden("entry");
    let form = [("entry", entry.as_str()), ("answer", "accept")];
    site.post(&cookie, "/automations/leads", &form).await;
    let page = site.get(&cookie, "/automations").await.body;
    assert!(page.contains("Nobody waits for an answer"), "{page}");
    // The refusal is an adjustment with the marketer's name.
    let store = site.web.store();
    let adjusted = |conn: &Conn| {
        let mut all = conn.adjustments(ContactId(1))?;
        all.extend(conn.adjustments(ContactId(2))?);
        Ok(all)
    };
    let adjusted = store.read(adjusted).unwrap();
    assert_eq!(adjusted.len(), 1);
    assert!(adjusted[0].0.author.starts_with("marketer"), "{adjusted:?}");
    assert_eq!(adjusted[0].0.reason, "a student");
}

#[tokio::test]
async fn entries_are_filtered_and_come_a_page_at_a_time() {
    let lines: String = (0..120)
        .map(|number| {
            let row = json!({ "email": format!("p{number}@x.example"), "kind": "click", "at": "2026-06-08T10:00:00Z", "id": number.to_string() });
            row.to_string() + "\n"
        })
        .collect();
    let site = Site::new(&format!("{RULES}{LEADS}"), &lines).await;
    let viewer = site.cookie(Role::Viewer).await;
    let first = site
        .get(&viewer, "/automations?automation=Hot+ones&state=silent")
        .await
        .body;
    assert_eq!(first.matches("href=\"/contacts/").count(), 50, "{first}");
    let next = first
        .split("before=")
        .nth(1)
        .unwrap()
        .split(['#', '&', '"'])
        .next()
        .unwrap();
    let second = format!("/automations?automation=Hot+ones&state=silent&before={next}");
    let second = site.get(&viewer, &second).await.body;
    assert_eq!(second.matches("href=\"/contacts/").count(), 50);
    let none = site.get(&viewer, "/automations?state=refused").await.body;
    assert!(none.contains("There are no such entries"), "{none}");
    // 120 entries today are in the chart's table.
    assert!(first.contains("120 entries in eight weeks"), "{first}");
}

#[tokio::test]
async fn without_automations_and_in_dutch_the_page_says_how_to_begin() {
    let config = RULES.replace("timezone", "language = \"nl\"\ntimezone");
    let site = Site::new(&config, "").await;
    let viewer = site.cookie(Role::Viewer).await;
    let page = site.get(&viewer, "/automations").await.body;
    assert!(
        page.contains("Er zijn geen automations ingesteld"),
        "{page}"
    );
    let none = site
        .get(&viewer, "/automations/backfill?name=nothing")
        .await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
}
