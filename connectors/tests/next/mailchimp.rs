//! Mailchimp.

use chrono::TimeDelta;
use engaged_connectors::{
    Action, Change, Clock as _, Connector as _, ConnectorError, Outcome, Removal, Start, Who,
    Write, mailchimp::Mailchimp,
};
use engaged_sandbox::{
    fault::{Fault, Rule, When},
    mailchimp::{Contact, Mailchimp as Sandbox, Status},
};
use http::Method;

use crate::bench::{former, look, lose_next, mailchimp, remove, restore, subscribed, who};

fn of(contact: &Contact) -> Who {
    who(
        &format!("{}:{}", contact.list, contact.contact_id),
        &contact.address,
    )
}

/// So many who may be mailed and have a job, which is a field that is required.
fn some(sandbox: &Sandbox, many: usize) -> Vec<Contact> {
    let contacts = sandbox.contacts().into_iter();
    let fit = |one: &Contact| one.status == Status::Subscribed && one.fields["JOB"] != "";
    contacts.filter(fit).take(many).collect()
}

fn now(sandbox: &Sandbox, contact: &Contact) -> Option<Contact> {
    let contacts = sandbox.contacts();
    let same = |now: &Contact| now.contact_id == contact.contact_id;
    contacts.into_iter().find(same)
}

fn start(contact: &Contact, action: Action) -> Start {
    let who = of(contact);
    Start {
        contact: who.contact,
        email: who.email,
        key: "winback:1:1".into(),
        action,
    }
}

fn journey(contact: &Contact) -> Start {
    start(contact, Action::Automation("journey 12 step 34".into()))
}

fn event(contact: &Contact) -> Start {
    start(contact, Action::Event("gone quiet".into()))
}

#[tokio::test]
async fn an_automation_and_an_event_are_started_once_each() {
    let (sandbox, connector, _) = mailchimp().await;
    let people = some(&sandbox, 2);
    let starts = [journey(&people[0]), event(&people[1])];
    let outcomes = connector.start(&starts).await.unwrap();
    assert_eq!(outcomes, [Outcome::Applied, Outcome::Applied]);
    let expected = [
        (format!("{} journey 12 step 34", people[0].email_id), 1),
        (format!("{} event gone quiet", people[1].email_id), 1),
    ];
    assert_eq!(sandbox.starts(), expected.into_iter().collect());
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_is_in_doubt_and_is_not_sent_again() {
    for start in [journey, event] {
        for fault in [Fault::AnswerLost, Fault::CutBody, Fault::ServerError(502)] {
            let (sandbox, connector, _) = mailchimp().await;
            let people = some(&sandbox, 2);
            let rule = Rule::new("", When::Nth(1), fault).on(Method::POST);
            sandbox.faults().add(rule);
            let starts = [start(&people[0]), start(&people[1])];
            let outcomes = connector.start(&starts).await.unwrap();
            // An answer of no bytes cannot be cut.
            if fault == Fault::CutBody {
                assert_eq!(outcomes[0], Outcome::Applied);
                continue;
            }
            assert!(matches!(outcomes[0], Outcome::Ambiguous(_)), "{outcomes:?}");
            // Where it is not known what the platform does, nothing else is tried.
            assert!(matches!(outcomes[1], Outcome::Retry(..)), "{outcomes:?}");
            assert_eq!(sandbox.ledger().writes().len(), 1, "{fault:?}");
            let times = usize::from(fault == Fault::AnswerLost);
            assert_eq!(sandbox.starts().values().sum::<usize>(), times);
        }
    }
}

#[tokio::test]
async fn a_start_that_was_refused_unseen_is_sent_again() {
    let (sandbox, connector, _) = mailchimp().await;
    let fault = Fault::TooMany {
        retry_after: Some(0),
    };
    sandbox.faults().add(Rule::new("", When::Nth(1), fault));
    let outcomes = connector.start(&[journey(&some(&sandbox, 1)[0])]).await;
    assert_eq!(outcomes.unwrap(), [Outcome::Applied]);
    assert_eq!(sandbox.ledger().writes().len(), 2);
    assert_eq!(sandbox.starts().values().copied().max(), Some(1));
}

#[tokio::test]
async fn what_mailchimp_refuses_is_told_and_keeps_nobody_else() {
    let (sandbox, connector, _) = mailchimp().await;
    let people = some(&sandbox, 3);
    let gone = remove(&connector, &of(&people[0]), Removal::Delete).await;
    assert_eq!(gone, Outcome::Applied);
    let mark = sandbox.ledger().len();
    let wrong = start(&people[1], Action::Automation("the welcome series".into()));
    let starts = [
        journey(&people[0]),
        wrong,
        event(&people[0]),
        journey(&people[2]),
    ];
    let outcomes = connector.start(&starts).await.unwrap();
    for outcome in &outcomes[..3] {
        assert!(matches!(outcome, Outcome::Rejected(_)), "{outcomes:?}");
    }
    assert!(format!("{:?}", outcomes[0]).contains("Resource Not Found"));
    assert_eq!(outcomes[3], Outcome::Applied);
    assert_eq!(sandbox.ledger().since(mark).len(), 3);
}

#[tokio::test]
async fn a_refused_key_starts_nothing_and_says_so() {
    let (sandbox, connector, _) = mailchimp().await;
    let rule = Rule::new("", When::From(1), Fault::RevokedKey);
    sandbox.faults().add(rule);
    let refused = connector.start(&[journey(&some(&sandbox, 1)[0])]).await;
    assert!(
        matches!(refused, Err(ConnectorError::Auth { .. })),
        "{refused:?}"
    );
    assert!(sandbox.starts().is_empty());
}

#[tokio::test]
async fn a_start_by_tag_lets_the_automation_run_and_a_start_by_field_writes_text() {
    let (sandbox, connector, _) = mailchimp().await;
    let one = some(&sandbox, 1).remove(0);
    let change = |write| Change {
        contact: of(&one).contact,
        email: of(&one).email,
        write,
    };
    let tag = Write::AddTag {
        tag: "win them back".into(),
    };
    let field = Write::SetField {
        field: "CITY".into(),
        value: Some("3".into()),
    };
    let outcomes = connector.push(&[change(tag), change(field)]).await.unwrap();
    assert_eq!(outcomes, [Outcome::Applied, Outcome::Applied]);
    // The sandbox counts tags only where the write did not ask for quiet.
    let name = format!("{} tag win them back", one.email_id);
    assert_eq!(sandbox.starts()[&name], 1);
    assert_eq!(now(&sandbox, &one).unwrap().fields["CITY"], "3");
}

/// A look at somebody who is there.
async fn seen(connector: &Mailchimp, contact: &Contact) -> engaged_connectors::Look {
    look(connector, &of(contact)).await.unwrap()
}

#[tokio::test]
async fn a_look_shows_status_tags_and_what_reports_do_not_show() {
    let (sandbox, connector, clock) = mailchimp().await;
    let one = some(&sandbox, 1).remove(0);
    let before = seen(&connector, &one).await;
    assert!(subscribed(&before));
    assert_eq!(before.contact.lists, ["Newsletter"]);
    let mut tags = before.contact.tags.clone().unwrap();
    let mut own = one.tags.clone();
    tags.sort();
    own.sort();
    assert_eq!(tags, own);
    assert_eq!(before.unreported_mail_at, None);
    clock.pass(TimeDelta::hours(1));
    assert!(sandbox.flow_mails(&one.address, false));
    let mailed = seen(&connector, &one).await;
    assert_eq!(mailed.unreported_mail_at, Some(clock.now()));
    assert_eq!(mailed.last_active_at, before.last_active_at);
    clock.pass(TimeDelta::hours(1));
    sandbox.flow_mails(&one.address, true);
    assert_eq!(
        seen(&connector, &one).await.last_active_at,
        Some(clock.now())
    );
    remove(&connector, &of(&one), Removal::Delete).await;
    assert!(look(&connector, &of(&one)).await.is_none());
    assert!(
        look(&connector, &who("no id", "x@example.org"))
            .await
            .is_none()
    );
}

#[tokio::test]
async fn the_last_sign_of_life_is_no_proxys() {
    use engaged_sandbox::mailchimp::Kind;
    let (sandbox, connector, _) = mailchimp().await;
    let events = sandbox.events();
    let (mut people, mut proxies) = (0, 0);
    for one in some(&sandbox, 100) {
        let own = events.iter().filter(|event| event.email_id == one.email_id);
        let own: Vec<_> = own.collect();
        let last = |wanted: &dyn Fn(&&&engaged_sandbox::mailchimp::Event) -> bool| {
            let times = own.iter().filter(wanted).map(|event| event.at);
            times.max().map(engaged_sandbox::people::time)
        };
        let click = last(&|event| event.kind == Kind::Click);
        let open = last(&|event| event.kind == Kind::Open);
        let human = last(&|event| event.kind == Kind::Open && !event.by_proxy);
        let seen = seen(&connector, &one).await.last_active_at;
        // An older open by a person came with the stream; the newest thing is what counts here.
        if open > click && open != human {
            proxies += 1;
            assert!(seen < open && seen >= click, "{seen:?} {open:?} {click:?}");
        } else {
            people += 1;
            assert_eq!(seen, click.max(human));
        }
    }
    assert!(people > 3 && proxies > 3, "{people} {proxies}");
}

#[tokio::test]
async fn taking_off_twice_is_taking_off_once_and_changes_nothing_else() {
    for removal in [Removal::Unsubscribe, Removal::Archive, Removal::Delete] {
        let (sandbox, connector, _) = mailchimp().await;
        let one = some(&sandbox, 1).remove(0);
        for _ in 0..2 {
            assert_eq!(
                remove(&connector, &of(&one), removal).await,
                Outcome::Applied
            );
        }
        let status = match removal {
            Removal::Unsubscribe => Some(Status::Unsubscribed),
            Removal::Archive => Some(Status::Archived),
            _ => None,
        };
        let there = now(&sandbox, &one);
        assert_eq!(there.as_ref().map(|one| one.status), status);
        if let Some(there) = there {
            assert_eq!((there.tags, there.fields), (one.tags, one.fields));
        }
        assert_eq!(sandbox.written().len(), 1, "{removal:?}");
        assert!(sandbox.consent_breaches().is_empty());
    }
}

#[tokio::test]
async fn a_removal_whose_answer_is_lost_is_in_doubt_and_stands_after_the_next() {
    let cases = [
        (Removal::Unsubscribe, Method::PATCH),
        (Removal::Archive, Method::DELETE),
        (Removal::Delete, Method::POST),
    ];
    for (removal, method) in cases {
        let (sandbox, connector, _) = mailchimp().await;
        let one = some(&sandbox, 1).remove(0);
        lose_next(sandbox.faults(), method);
        let lost = remove(&connector, &of(&one), removal).await;
        assert!(matches!(lost, Outcome::Ambiguous(_)), "{lost:?}");
        assert_eq!(
            remove(&connector, &of(&one), removal).await,
            Outcome::Applied
        );
        assert_eq!(sandbox.written().len(), 1, "{removal:?}");
    }
}

#[tokio::test]
async fn whoever_gets_no_mail_already_is_not_written_to() {
    let (sandbox, connector, _) = mailchimp().await;
    let people = some(&sandbox, 3);
    sandbox.leaves(&people[0].address);
    sandbox.archive_by_hand(&people[1].address);
    let unsubscribe = Removal::Unsubscribe;
    // Who left by their own hand a moment ago is nobody that we took off.
    for removal in [unsubscribe, Removal::Archive] {
        let left = remove(&connector, &of(&people[0]), removal).await;
        let why = "the contact left by their own hand meanwhile".to_owned();
        assert_eq!(left, Outcome::Rejected(why), "{removal:?}");
    }
    assert_eq!(
        remove(&connector, &of(&people[1]), unsubscribe).await,
        Outcome::Applied
    );
    let refused = remove(&connector, &of(&people[2]), Removal::Suppress).await;
    assert!(matches!(refused, Outcome::Rejected(_)));
    assert!(sandbox.ledger().writes().is_empty());
}

#[tokio::test]
async fn what_was_taken_comes_back_with_status_and_tags_and_starts_nothing() {
    for removal in [Removal::Unsubscribe, Removal::Archive] {
        let (sandbox, connector, _) = mailchimp().await;
        let people = sandbox.contacts().into_iter();
        let many = |one: &Contact| one.status == Status::Subscribed && one.tags.len() > 1;
        let one = people.into_iter().find(many).unwrap();
        let before = seen(&connector, &one).await;
        remove(&connector, &of(&one), removal).await;
        sandbox.untag_by_hand(&one.address, &one.tags[0]);
        let starts = sandbox.starts();
        for _ in 0..2 {
            let outcome = restore(&connector, &former(&before, removal)).await;
            assert_eq!(outcome, Outcome::Applied, "{removal:?}");
        }
        let there = now(&sandbox, &one).unwrap();
        let (mut tags, mut own) = (there.tags.clone(), one.tags.clone());
        tags.sort();
        own.sort();
        assert_eq!((there.status, tags), (Status::Subscribed, own));
        // Putting a tag back is no start.
        assert_eq!(sandbox.starts(), starts);
    }
}

#[tokio::test]
async fn whoever_decided_since_is_not_put_back() {
    for removal in [Removal::Unsubscribe, Removal::Archive] {
        let (sandbox, connector, clock) = mailchimp().await;
        let people = some(&sandbox, 4);
        let mut formers = Vec::new();
        for one in &people {
            formers.push(former(&seen(&connector, one).await, removal));
            remove(&connector, &of(one), removal).await;
        }
        clock.pass(TimeDelta::hours(1));
        // Left themselves; was archived, or unsubscribed, by somebody; was deleted.
        sandbox.leaves(&people[0].address);
        match removal {
            Removal::Archive => {
                let back = restore(&connector, &formers[1]).await;
                assert_eq!(back, Outcome::Applied);
                remove(&connector, &of(&people[1]), Removal::Unsubscribe).await;
            }
            _ => assert!(sandbox.archive_by_hand(&people[1].address)),
        }
        remove(&connector, &of(&people[2]), Removal::Delete).await;
        for (one, former) in people.iter().zip(&formers).take(3) {
            let before = now(&sandbox, one);
            let mark = sandbox.ledger().writes().len();
            let outcome = restore(&connector, former).await;
            assert!(matches!(outcome, Outcome::Rejected(_)), "{outcome:?}");
            assert_eq!(now(&sandbox, one), before);
            assert_eq!(sandbox.ledger().writes().len(), mark);
        }
        assert!(sandbox.contacts().iter().any(|one| one.left_themselves));
        assert_eq!(restore(&connector, &formers[3]).await, Outcome::Applied);
    }
}

#[tokio::test]
async fn a_refusal_of_mailchimps_is_final() {
    let (sandbox, connector, _) = mailchimp().await;
    let one = some(&sandbox, 1).remove(0);
    let hidden = Rule::new(
        &format!(
            "/3.0/lists/{}/members/{}/activity-feed",
            one.list, one.contact_id
        ),
        When::Nth(2),
        Fault::DuplicatePage,
    );
    let hidden = sandbox.faults().add(hidden);
    let former = former(&seen(&connector, &one).await, Removal::Unsubscribe);
    sandbox.leaves(&one.address);
    // The feed does not show yet that it was their own hand; Mailchimp itself knows.
    let outcome = restore(&connector, &former).await;
    assert!(matches!(outcome, Outcome::Rejected(_)), "{outcome:?}");
    assert_eq!(sandbox.faults().fired(hidden), 1);
    assert!(format!("{outcome:?}").contains("Compliance"), "{outcome:?}");
    let there = now(&sandbox, &one).unwrap();
    assert!(there.left_themselves && there.status == Status::Unsubscribed);
}

#[tokio::test]
async fn a_restoration_whose_answer_is_lost_is_in_doubt_and_stands_after_the_next() {
    for (removal, method) in [
        (Removal::Unsubscribe, Method::PATCH),
        (Removal::Archive, Method::PUT),
    ] {
        let (sandbox, connector, _) = mailchimp().await;
        let one = some(&sandbox, 1).remove(0);
        let former = former(&seen(&connector, &one).await, removal);
        remove(&connector, &of(&one), removal).await;
        lose_next(sandbox.faults(), method);
        let lost = restore(&connector, &former).await;
        assert!(matches!(lost, Outcome::Ambiguous(_)), "{lost:?}");
        assert_eq!(restore(&connector, &former).await, Outcome::Applied);
        assert_eq!(now(&sandbox, &one).unwrap().status, Status::Subscribed);
    }
}
