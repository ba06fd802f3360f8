//! Ghost.

use chrono::TimeDelta;
use engaged_connectors::{Action, Change, Connector as _, Outcome, Removal, Start, Who, Write};
use engaged_sandbox::ghost::{GhostServing, MemberView};
use http::Method;

use crate::bench::{former, ghost, look, lose_next, remove, restore, subscribed, who};

/// The newsletter that is sent, and another.
const FIRST: &str = "Maandblad";
const SECOND: &str = "Extra nieuws";

fn of(member: &MemberView) -> Who {
    who(&member.id, &member.email)
}

fn some(site: &GhostServing, many: usize) -> Vec<MemberView> {
    let members = site.ghost().members().into_iter();
    let mailed = members.filter(|member| member.subscribed && !member.labels.is_empty());
    mailed.take(many).collect()
}

fn now(site: &GhostServing, member: &MemberView) -> Option<MemberView> {
    let mut members = site.ghost().members().into_iter();
    members.find(|now| now.id == member.id)
}

#[tokio::test]
async fn ghost_starts_by_tags_alone() {
    let (site, connector, _) = ghost(&[]).await;
    let one = some(&site, 1).remove(0);
    let start = |action| Start {
        contact: one.id.clone(),
        email: None,
        key: "winback:1:1".into(),
        action,
    };
    let starts = [
        start(Action::Automation("journey 1 step 2".into())),
        start(Action::Event("gone quiet".into())),
        start(Action::Call { body: "{}".into() }),
    ];
    for outcome in connector.start(&starts).await.unwrap() {
        assert!(
            matches!(&outcome, Outcome::Rejected(why) if why.contains("tag")),
            "{outcome:?}"
        );
    }
    assert!(site.ledger().is_empty());
    let tag = Change {
        contact: one.id.clone(),
        email: None,
        write: Write::AddTag {
            tag: "win them back".into(),
        },
    };
    assert_eq!(connector.push(&[tag]).await.unwrap(), [Outcome::Applied]);
    let there = now(&site, &one).unwrap();
    assert!(
        there.labels.contains(&"win them back".to_owned()),
        "{there:?}"
    );
}

#[tokio::test]
async fn a_look_shows_members_as_they_are_in_few_requests() {
    let (site, connector, _) = ghost(&[]).await;
    let members = some(&site, 5);
    let mut asked: Vec<Who> = members.iter().map(of).collect();
    asked.insert(2, who("0123456789abcdef01234567", "nobody@example.org"));
    asked.push(who("no id", "x@example.org"));
    let looks = connector.look(&asked).await.unwrap();
    assert!(looks[2].is_none() && looks[6].is_none());
    assert_eq!(site.ledger().len(), 2);
    let mut active = 0;
    for (look, member) in looks.iter().flatten().zip(&members) {
        assert!(subscribed(look));
        assert_eq!(look.contact.id, member.id);
        assert_eq!(look.contact.tags.as_ref().unwrap(), &member.labels);
        assert_eq!(look.unreported_mail_at, None);
        active += usize::from(look.last_active_at.is_some());
    }
    assert!(active > 0);
}

#[tokio::test]
async fn only_the_newsletters_that_are_followed_are_left_and_the_history_tells() {
    let (site, connector, _) = ghost(&[FIRST]).await;
    let one = some(&site, 1).remove(0);
    assert!(site.ghost().joins(&one.email));
    let mark = site.ledger().len();
    for _ in 0..2 {
        assert_eq!(
            remove(&connector, &of(&one), Removal::Unsubscribe).await,
            Outcome::Applied
        );
    }
    let there = now(&site, &one).unwrap();
    assert_eq!(there.newsletters, [SECOND]);
    assert!(!there.left_themselves);
    assert_eq!(there.labels, one.labels);
    let writes = site.ledger().since(mark);
    assert_eq!(writes.iter().filter(|entry| entry.write).count(), 1);
}

#[tokio::test]
async fn what_was_taken_comes_back_and_nothing_else() {
    let (site, connector, clock) = ghost(&[]).await;
    let one = some(&site, 1).remove(0);
    assert!(site.ghost().joins(&one.email));
    let before = look(&connector, &of(&one)).await.unwrap();
    clock.pass(TimeDelta::minutes(1));
    remove(&connector, &of(&one), Removal::Unsubscribe).await;
    assert!(!now(&site, &one).unwrap().subscribed);
    let mut former = former(&before, Removal::Unsubscribe);
    former.lists = vec![FIRST.into(), "one that is gone".into()];
    former.tags.push("put back".into());
    for _ in 0..2 {
        assert_eq!(restore(&connector, &former).await, Outcome::Applied);
    }
    let there = now(&site, &one).unwrap();
    assert_eq!(there.newsletters, [FIRST]);
    let mut labels = one.labels.clone();
    labels.push("put back".into());
    assert_eq!(there.labels, labels);
}

#[tokio::test]
async fn whoever_decided_since_is_not_put_back() {
    let (site, connector, clock) = ghost(&[]).await;
    let people = some(&site, 3);
    let mut formers = Vec::new();
    for one in &people {
        let before = look(&connector, &of(one)).await.unwrap();
        formers.push(former(&before, Removal::Unsubscribe));
    }
    // One left before we came, one came back and left again afterwards, one was deleted.
    assert!(site.ghost().leaves(&people[0].email));
    for one in &people {
        let off = remove(&connector, &of(one), Removal::Unsubscribe).await;
        assert_eq!(off, Outcome::Applied);
    }
    clock.pass(TimeDelta::hours(1));
    assert!(site.ghost().leaves(&people[1].email));
    assert!(site.ghost().delete_member(&people[2].email));
    assert!(now(&site, &people[0]).unwrap().left_themselves);
    let writes = site.ledger().writes().len();
    for (one, former) in people.iter().zip(&formers) {
        let outcome = restore(&connector, former).await;
        assert!(matches!(outcome, Outcome::Rejected(_)), "{outcome:?}");
        assert!(!now(&site, one).is_some_and(|there| there.subscribed));
    }
    assert_eq!(site.ledger().writes().len(), writes);
}

#[tokio::test]
async fn a_deletion_is_one_and_cannot_be_undone() {
    let (site, connector, _) = ghost(&[]).await;
    let one = some(&site, 1).remove(0);
    let before = look(&connector, &of(&one)).await.unwrap();
    lose_next(site.faults(), Method::DELETE);
    let lost = remove(&connector, &of(&one), Removal::Delete).await;
    assert!(matches!(lost, Outcome::Ambiguous(_)), "{lost:?}");
    for removal in [Removal::Delete, Removal::Unsubscribe] {
        assert_eq!(
            remove(&connector, &of(&one), removal).await,
            Outcome::Applied
        );
    }
    assert!(now(&site, &one).is_none() && look(&connector, &of(&one)).await.is_none());
    let back = restore(&connector, &former(&before, Removal::Delete)).await;
    assert!(matches!(back, Outcome::Rejected(_)));
    for removal in [Removal::Archive, Removal::Suppress] {
        let refused = remove(&connector, &of(&one), removal).await;
        assert!(matches!(refused, Outcome::Rejected(_)));
    }
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_in_doubt_and_stands_after_the_next() {
    let (site, connector, clock) = ghost(&[]).await;
    let one = some(&site, 1).remove(0);
    let former = former(
        &look(&connector, &of(&one)).await.unwrap(),
        Removal::Unsubscribe,
    );
    clock.pass(TimeDelta::minutes(1));
    lose_next(site.faults(), Method::PUT);
    let lost = remove(&connector, &of(&one), Removal::Unsubscribe).await;
    assert!(matches!(lost, Outcome::Ambiguous(_)), "{lost:?}");
    assert_eq!(
        remove(&connector, &of(&one), Removal::Unsubscribe).await,
        Outcome::Applied
    );
    assert!(!now(&site, &one).unwrap().subscribed);
    lose_next(site.faults(), Method::PUT);
    let lost = restore(&connector, &former).await;
    assert!(matches!(lost, Outcome::Ambiguous(_)), "{lost:?}");
    assert_eq!(restore(&connector, &former).await, Outcome::Applied);
    assert!(now(&site, &one).unwrap().subscribed);
}
