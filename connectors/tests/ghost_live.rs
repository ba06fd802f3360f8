//! The connector against a real Ghost, which `ENGAGED_GHOST_URL` and
//! `ENGAGED_GHOST_KEY` name; without them the test says so and passes. It makes
//! and fills labels that begin with `engaged-live:`, and touches nothing else, but for the one
//! member whose address `ENGAGED_GHOST_MEMBER` may hold: that one is taken off and put back.
//! `ENGAGED_GHOST_EXPECTED` may name a file with the counts to expect, and
//! `ENGAGED_GHOST_DUMP` one to write all events to, for a comparison elsewhere.

#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at what it did not expect"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    sync::Arc,
};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use engaged_connectors::{
    Change, Clock, Connector, Cursor, Former, Outcome, Removal, Stream, Who, Write,
    ghost::{Ghost, GhostSettings},
    http::{Network, Transport},
    model::{Contact, Event, Status},
};
use tokio::time::Instant;

/// Ghost's own clock, as its first answer told it.
struct Theirs(DateTime<Utc>, Instant);

impl Clock for Theirs {
    fn now(&self) -> DateTime<Utc> {
        self.0 + TimeDelta::from_std(self.1.elapsed()).unwrap()
    }
}

/// All that a stream has, from a cursor on.
#[derive(Default)]
struct Pulled {
    contacts: Vec<Contact>,
    events: Vec<Event>,
    rejects: usize,
    pages: usize,
    cursor: Option<Cursor>,
}

async fn pull(ghost: &Ghost, stream: Stream, from: Option<Cursor>) -> Pulled {
    let mut all = Pulled {
        cursor: from,
        ..Pulled::default()
    };
    loop {
        let page = ghost.pull(stream, all.cursor.as_ref()).await.unwrap();
        all.contacts.extend(page.contacts);
        all.events.extend(page.events);
        all.rejects += page.rejects.len();
        all.pages += 1;
        all.cursor = Some(page.next);
        if page.done {
            let stated: Vec<_> = page.covered.iter().map(|covered| covered.through).collect();
            println!(
                "{}: {} pages, covered through {stated:?}",
                stream.0, all.pages
            );
            return all;
        }
    }
}

fn keys(events: &[Event]) -> BTreeSet<(String, String)> {
    let key = |event: &Event| (event.kind.as_str().to_owned(), event.id.clone().unwrap());
    events.iter().map(key).collect()
}

async fn connect() -> Option<Ghost> {
    let (Ok(base_url), Ok(key)) = (env::var("ENGAGED_GHOST_URL"), env::var("ENGAGED_GHOST_KEY"))
    else {
        println!("skipped: ENGAGED_GHOST_URL and ENGAGED_GHOST_KEY name no Ghost");
        return None;
    };
    let transport = Arc::new(Network::new().unwrap());
    let probe = http::Request::get(format!("{base_url}/ghost/api/admin/site/"));
    let answer = transport
        .send(probe.body(Bytes::new()).unwrap())
        .await
        .unwrap();
    let date = httpdate::parse_http_date(answer.headers()["date"].to_str().unwrap()).unwrap();
    let settings = GhostSettings {
        base_url,
        key: key.into(),
        newsletters: Vec::new(),
        tag_prefix: "engaged-live:".to_owned(),
        start_tags: Vec::new(),
    };
    let clock = Arc::new(Theirs(date.into(), Instant::now()));
    Some(Ghost::new(&settings, clock, transport).unwrap())
}

#[tokio::test]
async fn a_real_ghost_is_read_completely_and_tagged_exactly() {
    let Some(ghost) = connect().await else { return };
    println!("{:?}", ghost.check().await.unwrap());
    let contacts = read(&ghost).await;
    tag(&ghost, &contacts).await;
}

#[tokio::test]
async fn a_member_of_a_real_ghost_is_taken_off_and_put_back() {
    let Ok(address) = env::var("ENGAGED_GHOST_MEMBER") else {
        println!("skipped: ENGAGED_GHOST_MEMBER names no member who may be taken off");
        return;
    };
    let Some(ghost) = connect().await else { return };
    let members = now(&ghost).await.into_iter();
    let own = |member: &Contact| {
        member
            .email
            .as_ref()
            .is_some_and(|own| own.reveal() == address)
    };
    let member = members.into_iter().find(own).unwrap();
    let named = |id: &str| Who {
        contact: id.to_owned(),
        email: None,
    };
    let (who, nobody) = (named(&member.id), named("0123456789abcdef01234567"));
    let look = async || {
        let looks = ghost.look(&[nobody.clone(), who.clone()]).await.unwrap();
        assert!(looks[0].is_none());
        looks.into_iter().nth(1).unwrap().unwrap().contact
    };
    let before = look().await;
    assert_eq!(
        (&before, before.status),
        (&member, Some(Status::Subscribed))
    );
    let former = Former {
        who: who.clone(),
        removal: Removal::Unsubscribe,
        status: Status::Subscribed,
        lists: before.lists.clone(),
        tags: before.tags.clone().unwrap(),
    };
    for _ in 0..2 {
        let both = [who.clone(), nobody.clone()];
        let outcomes = ghost.remove(&both, Removal::Unsubscribe).await.unwrap();
        assert_eq!(outcomes, [Outcome::Applied, Outcome::Applied]);
    }
    let off = look().await;
    assert_eq!(
        (off.status, off.lists.len()),
        (Some(Status::Unsubscribed), 0)
    );
    assert_eq!(off.tags, before.tags);
    for _ in 0..2 {
        let outcomes = ghost.restore(std::slice::from_ref(&former)).await.unwrap();
        assert_eq!(outcomes, [Outcome::Applied]);
    }
    assert_eq!(look().await, before);
}

/// Reads everything twice and compares it with what is expected.
async fn read(ghost: &Ghost) -> Vec<Contact> {
    let (mut contacts, mut counts) = (Vec::new(), BTreeMap::new());
    let mut lines = Vec::new();
    for spec in ghost.capabilities().streams {
        let first = pull(ghost, spec.stream, None).await;
        assert_eq!(first.rejects, 0, "{}", spec.stream.0);
        let second = pull(ghost, spec.stream, first.cursor).await;
        assert!(
            keys(&first.events).is_superset(&keys(&second.events)),
            "{}",
            spec.stream.0
        );
        for (kind, _) in keys(&first.events) {
            *counts.entry(kind).or_insert(0_u64) += 1;
        }
        lines.extend(first.events.iter().map(|event| {
            let (id, at) = (event.id.as_ref().unwrap(), event.at.format("%F %T"));
            let (contact, campaign) = (event.contact.id.as_ref(), event.campaign.as_ref());
            format!(
                "{}\t{id}\t{at}\t{contact:?}\t{campaign:?}\n",
                event.kind.as_str()
            )
        }));
        contacts.extend(first.contacts);
    }
    counts.insert("contact".to_owned(), contacts.len() as u64);
    println!("{counts:?}");
    if let Ok(path) = env::var("ENGAGED_GHOST_DUMP") {
        fs::write(path, lines.concat()).unwrap();
    }
    if let Ok(path) = env::var("ENGAGED_GHOST_EXPECTED") {
        let text = fs::read_to_string(path).unwrap();
        let expected = &serde_json::from_str::<serde_json::Value>(&text).unwrap()["counts"];
        for (ours, theirs) in [
            ("contact", "members"),
            ("send", "recipients"),
            ("delivery", "delivered"),
            ("open", "opened"),
            ("click", "clicked"),
            ("hard_bounce", "failed"),
            ("complaint", "complained"),
            ("unsubscribe", "unsubscribed"),
        ] {
            assert_eq!(
                counts.get(ours).copied(),
                expected[theirs].as_u64(),
                "{ours}"
            );
        }
    }
    contacts
}

/// Puts a tag on 150 contacts and one that does not exist, twice, and takes it off again.
async fn tag(ghost: &Ghost, before: &[Contact]) {
    let tag = "engaged-live:it's hot".to_owned();
    let chosen: Vec<&str> = before
        .iter()
        .take(150)
        .map(|contact| contact.id.as_str())
        .collect();

    twice(ghost, &chosen, &Write::AddTag { tag: tag.clone() }).await;
    let tagged = now(ghost).await;
    assert_eq!(
        others(before, ""),
        others(&tagged, &tag),
        "other labels stay"
    );
    let times = |contact: &Contact| {
        contact
            .tags
            .iter()
            .flatten()
            .filter(|own| **own == tag)
            .count()
    };
    let counts = tagged
        .iter()
        .map(|contact| (contact.id.as_str(), times(contact)));
    let counts: BTreeMap<&str, usize> = counts.filter(|(_, count)| *count > 0).collect();
    let once: BTreeMap<&str, usize> = chosen.iter().map(|id| (*id, 1)).collect();
    assert_eq!(counts, once, "each chosen contact has the tag once");

    let foreign = changes(
        &chosen,
        &Write::RemoveTag {
            tag: "VIP".to_owned(),
        },
    );
    let refused = ghost.push(&foreign).await.unwrap();
    assert!(
        refused
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Rejected(_)))
    );

    twice(ghost, &chosen, &Write::RemoveTag { tag }).await;
    assert_eq!(
        others(before, ""),
        others(&now(ghost).await, ""),
        "all is as it was"
    );
}

/// Writes to the chosen contacts and to one that does not exist, two times over.
async fn twice(ghost: &Ghost, chosen: &[&str], write: &Write) {
    for _ in 0..2 {
        let outcomes = ghost.push(&changes(chosen, write)).await.unwrap();
        let (gone, done) = outcomes.split_last().unwrap();
        assert!(
            done.iter().all(|outcome| *outcome == Outcome::Applied),
            "{outcomes:?}"
        );
        assert!(matches!(gone, Outcome::Rejected(_)), "{gone:?}");
    }
}

fn changes(chosen: &[&str], write: &Write) -> Vec<Change> {
    let change = |id: &str| Change {
        contact: id.to_owned(),
        email: None,
        write: write.clone(),
    };
    chosen
        .iter()
        .copied()
        .chain(["0123456789abcdef01234567"])
        .map(change)
        .collect()
}

async fn now(ghost: &Ghost) -> Vec<Contact> {
    pull(ghost, Stream("members"), None).await.contacts
}

/// Every contact's tags but this one.
fn others(contacts: &[Contact], but: &str) -> BTreeMap<String, BTreeSet<String>> {
    let tags = |contact: &Contact| {
        let all = contact.tags.iter().flatten().filter(|tag| *tag != but);
        (contact.id.clone(), all.cloned().collect())
    };
    contacts.iter().map(tags).collect()
}
