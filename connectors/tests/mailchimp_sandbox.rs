//! The Mailchimp connector against the sandbox, which was written from the same
//! papers by other eyes: what it pulls is what happened there, and what it pushes
//! arrives and changes nobody's consent.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where what it needs is not there"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, RwLock},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use engaged_connectors::{
    Change, Clock, Connector as _, Cursor, Outcome, Page, Stream, Write,
    http::{Network, Transport as _},
    mailchimp::{ACTIVITY, COMPLAINTS, CONTACTS, Mailchimp, ORDERS, Settings},
    model::{Contact, Event, EventKind, Status, Verdict},
};
use engaged_sandbox::{
    fault::{Fault, FaultPlan, Rule, When},
    ledger::Entry,
    mailchimp as sandbox,
    people::{SharedWorld, World, WorldSpec, seconds, time},
};
use http::Method;
use md5::{Digest as _, Md5};

const STREAMS: [Stream; 4] = [CONTACTS, ACTIVITY, COMPLAINTS, ORDERS];

/// The clock of both sides.
struct Now(Mutex<DateTime<Utc>>);

impl Clock for Now {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// Both sides, and what has been pulled so far, as a store would keep it.
struct Bench {
    sandbox: sandbox::Mailchimp,
    world: SharedWorld,
    clock: Arc<Now>,
    connector: Mailchimp,
    cursors: BTreeMap<&'static str, Cursor>,
    events: BTreeSet<Told>,
    contacts: BTreeMap<String, Contact>,
    failures: usize,
}

/// An event as both sides can name it: kind, campaign, digest of the address, time,
/// link or order, place among equals.
type Told = (sandbox::Kind, String, String, u32, String, u32);

impl Bench {
    async fn new(options: sandbox::Options, plan: FaultPlan, people: u32) -> Self {
        let end = "2026-06-10T12:00:00Z".parse().unwrap();
        let world = World::generate(&WorldSpec::small(7, end, people));
        let clock = Arc::new(Now(Mutex::new(time(world.end()))));
        let world = Arc::new(RwLock::new(world));
        let lists = vec!["Newsletter".to_owned()];
        let sandbox = sandbox::Mailchimp::start(options, Arc::clone(&world), plan);
        let sandbox = sandbox.await.unwrap();
        let settings = Settings {
            base_url: Some(sandbox.base_url()),
            key: sandbox.key().to_owned().into(),
            lists,
            tag_prefix: "engaged:".into(),
            start_tags: Vec::new(),
            start_fields: Vec::new(),
        };
        let transport = Arc::new(Network::new().unwrap());
        let connector = Mailchimp::new(&settings, clock.clone(), transport).unwrap();
        Self {
            sandbox,
            world,
            clock,
            connector,
            cursors: BTreeMap::new(),
            events: BTreeSet::new(),
            contacts: BTreeMap::new(),
            failures: 0,
        }
    }

    /// A small account without extremes.
    async fn plain() -> Self {
        let options = sandbox::Options {
            skew: None,
            ..options()
        };
        Self::new(options, FaultPlan::none(), 100).await
    }

    /// Pulls all streams to their ends.
    async fn sync(&mut self) {
        self.read(&STREAMS).await;
    }

    /// Pulls these streams to their ends. A failed page is asked for again, as the
    /// daemon does on its next round.
    async fn read(&mut self, streams: &[Stream]) {
        for &stream in streams {
            let mut failures = 0;
            loop {
                let cursor = self.cursors.get(stream.0);
                match self.connector.pull(stream, cursor).await {
                    Ok(page) => {
                        let done = page.done;
                        self.take(stream, page);
                        if done {
                            break;
                        }
                    }
                    Err(error) => {
                        failures += 1;
                        assert!(failures < 50, "{} does not come through: {error}", stream.0);
                    }
                }
            }
            self.failures += failures;
        }
    }

    fn take(&mut self, stream: Stream, page: Page) {
        assert!(page.rejects.is_empty(), "{:?}", page.rejects);
        let mut equals: BTreeMap<Told, u32> = BTreeMap::new();
        for event in &page.events {
            let Some(mut told) = tell(event) else {
                continue;
            };
            let ordinal = equals.entry(told.clone()).or_default();
            told.5 = *ordinal;
            *ordinal += 1;
            self.events.insert(told);
        }
        for contact in page.contacts {
            self.contacts.insert(contact.id.clone(), contact);
        }
        self.cursors.insert(stream.0, page.next);
    }

    /// Holds what was pulled against what happened.
    fn compare(&self) {
        let truth = self.sandbox.events();
        let name = |event: &sandbox::Event| {
            let detail = event.detail.clone();
            let campaign = event.campaign.clone();
            (
                event.kind,
                campaign,
                event.email_id.clone(),
                event.at,
                detail,
                event.ordinal,
            )
        };
        let truth: BTreeSet<Told> = truth.iter().map(name).collect();
        let count = |events: &BTreeSet<Told>| {
            let mut counts: BTreeMap<sandbox::Kind, usize> = BTreeMap::new();
            for event in events {
                *counts.entry(event.0).or_default() += 1;
            }
            counts
        };
        assert_eq!(count(&self.events), count(&truth));
        let differ = self.events.symmetric_difference(&truth);
        assert_eq!(differ.take(3).collect::<Vec<_>>(), Vec::<&Told>::new());
    }

    /// Moves both clocks.
    fn advance(&self, days: u32) {
        let mut world = self.world.write().unwrap();
        world.advance(days);
        *self.clock.0.lock().unwrap() = time(world.end());
    }

    /// The marketer, or the person, does something by another tool.
    async fn by_hand(&self, method: Method, path: &str, body: &'static str) -> u16 {
        let pair = STANDARD.encode(format!("x:{}", self.sandbox.key()));
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.sandbox.base_url()))
            .header("authorization", format!("Basic {pair}"))
            .body(Bytes::from_static(body.as_bytes()));
        let answer = Network::new()
            .unwrap()
            .send(request.unwrap())
            .await
            .unwrap();
        answer.status().as_u16()
    }

    /// Some contacts that may be mailed.
    fn subscribed(&self) -> Vec<Contact> {
        let subscribed = |contact: &&Contact| contact.status == Some(Status::Subscribed);
        self.contacts.values().filter(subscribed).cloned().collect()
    }

    /// How somebody stands at the sandbox now.
    fn there(&self, contact: &Contact) -> Option<sandbox::Contact> {
        let address = contact.email.as_ref().unwrap().reveal();
        let all = self.sandbox.contacts();
        all.into_iter().find(|there| there.address == address)
    }
}

/// Settings under which the sandbox gives 500 activities to a few.
fn options() -> sandbox::Options {
    sandbox::Options {
        skew: Some(sandbox::Skew {
            every: 40,
            activities: 500,
        }),
        batch_steps: 1,
        ..sandbox::Options::default()
    }
}

fn digest(address: &str) -> String {
    hex::encode(Md5::digest(address.to_lowercase().as_bytes()))
}

/// One of our events in the sandbox's words; an order is told by its first line.
fn tell(event: &Event) -> Option<Told> {
    let kind = match event.kind {
        EventKind::Send => sandbox::Kind::Send,
        EventKind::Open => sandbox::Kind::Open,
        EventKind::Click => sandbox::Kind::Click,
        EventKind::HardBounce => sandbox::Kind::HardBounce,
        EventKind::SoftBounce => sandbox::Kind::SoftBounce,
        EventKind::Unsubscribe => sandbox::Kind::Unsubscribe,
        EventKind::Complaint => sandbox::Kind::Complaint,
        EventKind::Purchase => sandbox::Kind::Order,
        _ => return None,
    };
    let order = event
        .id
        .as_ref()
        .filter(|_| event.kind == EventKind::Purchase);
    let detail = match order {
        Some(id) => id.split('/').nth(1).unwrap().to_owned(),
        None => event.link.clone().unwrap_or_default(),
    };
    let email = event.contact.email.as_ref().unwrap().reveal();
    let campaign = event.campaign.clone().unwrap_or_default();
    Some((kind, campaign, digest(email), seconds(event.at), detail, 0))
}

#[tokio::test]
async fn what_is_pulled_is_what_happened() {
    for (since_drops_quiet, inclusive_bounds) in [(false, true), (true, false)] {
        let options = sandbox::Options {
            since_drops_quiet,
            inclusive_bounds,
            ..options()
        };
        let mut bench = Bench::new(options, FaultPlan::none(), 200).await;
        bench.sync().await;
        bench.compare();
        for days in [1, 20, 20] {
            bench.advance(days);
            bench.sync().await;
            bench.compare();
        }
    }
}

#[tokio::test]
async fn every_member_is_seen_with_status_fields_and_tags() {
    let mut bench = Bench::plain().await;
    bench.read(&[CONTACTS]).await;
    let there = bench.sandbox.contacts();
    assert_eq!(bench.contacts.len(), there.len());
    for there in there {
        let here = &bench.contacts[&format!("{}:{}", there.list, there.contact_id)];
        assert_eq!(
            here.email.as_ref().unwrap().reveal(),
            there.address.to_lowercase()
        );
        let status = match there.status {
            sandbox::Status::Subscribed => Status::Subscribed,
            sandbox::Status::Cleaned => Status::Bounced,
            sandbox::Status::Archived => Status::Suppressed,
            _ => Status::Unsubscribed,
        };
        assert_eq!(here.status, Some(status));
        if let Some(tags) = &here.tags {
            let tags: BTreeSet<&String> = tags.iter().collect();
            assert_eq!(tags, there.tags.iter().collect());
        }
        let city = there.fields["CITY"].as_str().unwrap();
        assert_eq!(here.fields["CITY"], city);
    }
}

#[tokio::test]
async fn proxies_are_marked_as_the_platform_marks_them() {
    let mut bench = Bench::plain().await;
    bench.sync().await;
    let truth = bench.sandbox.events();
    let marked = truth.iter().filter(|event| event.by_proxy).count();
    let mut cursor = None;
    let mut ours = BTreeSet::new();
    loop {
        let page = bench
            .connector
            .pull(ACTIVITY, cursor.as_ref())
            .await
            .unwrap();
        let proxy = |event: &&Event| event.verdict == Some(Verdict::PrivacyProxy);
        ours.extend(page.events.iter().filter(proxy).filter_map(tell));
        if page.done {
            break;
        }
        cursor = Some(page.next);
    }
    assert!(marked > 0);
    assert_eq!(ours.len(), marked);
}

#[tokio::test]
async fn nothing_is_lost_in_a_storm() {
    let faults = [
        Fault::TooMany { retry_after: None },
        Fault::ServerError(503),
        Fault::CutBody,
        Fault::DuplicatePage,
        Fault::AnswerLost,
    ];
    let rules = faults.map(|fault| Rule::new("", When::Chance(0.02), fault));
    let plan = FaultPlan {
        seed: 11,
        rules: rules.to_vec(),
    };
    let options = sandbox::Options {
        edge_refuses: true,
        ..options()
    };
    let mut bench = Bench::new(options, plan, 200).await;
    bench.sync().await;
    bench.sandbox.faults().end_all();
    // One quiet pass afterwards: a page that a cache repeats whole cannot be told from the truth.
    bench.sync().await;
    bench.compare();
    let fired: u64 = bench
        .sandbox
        .faults()
        .report()
        .iter()
        .map(|(_, fired)| fired)
        .sum();
    assert!(fired > 10, "{fired}");
}

#[tokio::test]
async fn a_revoked_key_stops_and_a_restored_one_goes_on_where_it_was() {
    let mut bench = Bench::new(options(), FaultPlan::none(), 100).await;
    let rule = bench
        .sandbox
        .faults()
        .add(Rule::new("", When::From(20), Fault::RevokedKey));
    let error = loop {
        let cursor = bench.cursors.get(ACTIVITY.0);
        match bench.connector.pull(ACTIVITY, cursor).await {
            Ok(page) => bench.take(ACTIVITY, page),
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), "E0601");
    bench.sandbox.faults().end(rule);
    bench.sync().await;
    bench.compare();
}

fn set(contact: &Contact, value: &str) -> Change {
    Change {
        contact: contact.id.clone(),
        email: contact.email.clone(),
        write: Write::SetField {
            field: "ENGSCORE".into(),
            value: Some(value.into()),
        },
    }
}

fn tag(contact: &Contact) -> Change {
    Change {
        write: Write::AddTag {
            tag: "engaged:hot".into(),
        },
        ..set(contact, "")
    }
}

fn create() -> Change {
    Change {
        contact: String::new(),
        email: None,
        write: Write::CreateField {
            field: "ENGSCORE".into(),
        },
    }
}

#[tokio::test]
async fn scores_and_tags_arrive_and_nobody_is_made_more_contactable() {
    let mut bench = Bench::plain().await;
    bench.read(&[CONTACTS]).await;
    let subscribed = bench.subscribed();
    let mut changes = vec![create()];
    changes.extend(subscribed.iter().map(|contact| set(contact, "42")));
    changes.extend(subscribed.iter().map(tag));
    let outcomes = bench.connector.push(&changes).await.unwrap();
    assert!(
        outcomes.iter().all(|outcome| *outcome == Outcome::Applied),
        "{outcomes:?}"
    );
    let fields = bench.connector.fields().await.unwrap();
    assert!(fields.contains(&"ENGSCORE".to_owned()), "{fields:?}");
    for contact in &subscribed {
        let there = bench.there(contact).unwrap();
        assert!(there.tags.contains(&"engaged:hot".to_owned()));
        let score = &there.fields["ENGSCORE"];
        assert!(*score == 42 || *score == "42", "{score}");
    }
    assert!(bench.sandbox.consent_breaches().is_empty());
    // What was written comes back with what changed since, wherever the filter's edge lies.
    *bench.clock.0.lock().unwrap() += TimeDelta::minutes(1);
    bench.read(&[CONTACTS]).await;
    assert!(
        subscribed
            .iter()
            .all(|contact| bench.contacts[&contact.id].fields["ENGSCORE"] == "42")
    );
    let entries = bench.sandbox.ledger().entries();
    let filtered = |entry: &Entry| entry.parameter("since_last_changed").is_some();
    assert!(entries.iter().any(filtered));
}

#[tokio::test]
async fn who_left_was_archived_or_was_deleted_between_read_and_write_stays_so() {
    let mut bench = Bench::plain().await;
    bench.connector.push(&[create()]).await.unwrap();
    bench.read(&[CONTACTS]).await;
    let people = bench.subscribed();
    let [left, archived, deleted, moved] = &people[..4] else {
        panic!("too few people");
    };
    let path = |contact: &Contact| {
        let list = contact.id.split(':').next().unwrap();
        let address = contact.email.as_ref().unwrap().reveal();
        format!("/lists/{list}/members/{}", digest(address))
    };
    let body = r#"{"status":"unsubscribed"}"#;
    assert_eq!(bench.by_hand(Method::PATCH, &path(left), body).await, 200);
    let address = archived.email.as_ref().unwrap().reveal();
    assert!(bench.sandbox.archive_by_hand(address));
    let delete = format!("{}/actions/delete-permanent", path(deleted));
    assert_eq!(bench.by_hand(Method::POST, &delete, "").await, 204);
    assert!(
        bench
            .sandbox
            .readdress(moved.email.as_ref().unwrap().reveal(), "new@example.org")
    );

    let four = [left, archived, deleted, moved];
    let changes: Vec<Change> = four.iter().map(|contact| set(contact, "7")).collect();
    let outcomes = bench.connector.push(&changes).await.unwrap();
    let tags: Vec<Change> = four.iter().map(|contact| tag(contact)).collect();
    let tags = bench.connector.push(&tags).await.unwrap();
    for outcomes in [outcomes, tags] {
        let gone = Outcome::Rejected("the contact is gone from the audience".into());
        assert_eq!(outcomes[2..], [gone.clone(), gone], "{outcomes:?}");
    }
    assert_eq!(
        bench.there(left).unwrap().status,
        sandbox::Status::Unsubscribed
    );
    assert_eq!(
        bench.there(archived).unwrap().status,
        sandbox::Status::Archived
    );
    assert_eq!(bench.there(deleted), None);
    assert!(bench.sandbox.consent_breaches().is_empty());

    // A day later all of it is known here too, and the moved contact kept its id.
    *bench.clock.0.lock().unwrap() += TimeDelta::days(1);
    bench.contacts.clear();
    bench.read(&[CONTACTS]).await;
    assert_eq!(bench.contacts[&left.id].status, Some(Status::Unsubscribed));
    assert_eq!(
        bench.contacts[&archived.id].status,
        Some(Status::Suppressed)
    );
    assert!(!bench.contacts.contains_key(&deleted.id));
    let address = bench.contacts[&moved.id].email.as_ref().unwrap();
    assert_eq!(address.reveal(), "new@example.org");
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_in_doubt_and_arrives_all_the_same() {
    let mut bench = Bench::plain().await;
    bench.connector.push(&[create()]).await.unwrap();
    bench.read(&[CONTACTS]).await;
    let lost = Rule::new("/3.0/batches", When::Nth(1), Fault::AnswerLost).on(Method::POST);
    let rule = bench.sandbox.faults().add(lost);
    let contact = &bench.subscribed()[0];
    let outcomes = bench.connector.push(&[set(contact, "9")]).await.unwrap();
    assert!(
        matches!(outcomes[..], [Outcome::Ambiguous(_)]),
        "{outcomes:?}"
    );
    assert_eq!(bench.sandbox.faults().fired(rule), 1);
    let outcomes = bench.connector.push(&[set(contact, "9")]).await.unwrap();
    assert_eq!(outcomes, [Outcome::Applied]);
    assert!(bench.sandbox.consent_breaches().is_empty());
}

#[tokio::test]
async fn results_that_cannot_be_had_leave_a_doubt_and_the_archive_never_sees_the_key() {
    let mut bench = Bench::plain().await;
    bench.connector.push(&[create()]).await.unwrap();
    bench.read(&[CONTACTS]).await;
    let faults = bench.sandbox.archive_faults();
    let broken = faults.add(Rule::new("", When::From(1), Fault::ServerError(404)));
    let contact = &bench.subscribed()[0];
    let outcomes = bench.connector.push(&[set(contact, "9")]).await.unwrap();
    assert!(
        matches!(outcomes[..], [Outcome::Ambiguous(_)]),
        "{outcomes:?}"
    );
    faults.end(broken);
    assert!(!bench.sandbox.archive_ledger().is_empty());
}
