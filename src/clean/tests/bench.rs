//! A synced list, its platform, its automations, and a clock.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use engaged_connectors::{
    Capabilities, Change, Clock, Connector, ConnectorError, Cursor, Outcome, Page, Stream, Write,
    connector::{Account, Covered, Former, Look, Removal, RemovalSpec, Who},
    model::{Address, Contact, ContactRef, Event, EventKind, Status, Verdict},
};
use tempfile::TempDir;

use crate::{
    clean::{
        Cleaning, Site,
        apply::CleanReport,
        series::{Automations, Series},
    },
    config::{self, Config, Environment},
    score::{
        calendar::{Day, Millis, Zone},
        facts::ConnectionId,
    },
    store::{Access, AuditFilter, Conn, ContactId, Gap, Speaker, Stage, Store, StoreError, Tx},
};

pub(super) const DAY: Millis = 86_400_000;
pub(super) const HOUR: Millis = 3_600_000;
pub(super) const STREAM: Stream = Stream("activity");

static CAPABILITIES: Capabilities = Capabilities {
    platform: "mailchimp",
    streams: &[],
    fields: true,
    creates_fields: true,
    field_name_max: 10,
    frozen: &[],
    starts: &[],
    removals: &[
        RemovalSpec {
            removal: Removal::Unsubscribe,
            lost: None,
            undone: true,
        },
        RemovalSpec {
            removal: Removal::Archive,
            lost: Some("the place in a series"),
            undone: true,
        },
        RemovalSpec {
            removal: Removal::Delete,
            lost: Some("everything"),
            undone: false,
        },
    ],
    retention: None,
    unreported: &["mails of series"],
    twins: None,
    guarantee: "",
};

/// A contact as the platform has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Person {
    pub(super) status: Status,
    pub(super) tags: Vec<String>,
    pub(super) active_at: Option<Millis>,
    pub(super) unreported_at: Option<Millis>,
    /// Whether it decided anything since we took it off.
    pub(super) decided: bool,
}

pub(super) fn person(_: &str) -> Person {
    Person {
        status: Status::Subscribed,
        tags: Vec::new(),
        active_at: None,
        unreported_at: None,
        decided: false,
    }
}

type Answering = Box<dyn FnMut(&str) -> (bool, Outcome) + Send>;

/// Where a request is cut off: after so many contacts of so many requests that write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) requests: u64,
    pub(super) contacts: usize,
}

/// The platform.
pub(super) struct Platform {
    people: Mutex<BTreeMap<String, Person>>,
    ledger: Mutex<Vec<String>>,
    answer: Mutex<Answering>,
    down: AtomicBool,
    keeps_tags: AtomicBool,
    cut: Mutex<Option<Cut>>,
    /// What happens elsewhere as soon as contacts were looked at.
    looked: Mutex<Box<dyn FnMut() + Send>>,
    /// Rung when a request is cut off.
    pub(super) fell: tokio::sync::Notify,
}

impl Platform {
    /// A platform on which there is nobody.
    pub(super) fn empty() -> Self {
        Self {
            people: Mutex::default(),
            ledger: Mutex::default(),
            answer: Mutex::new(Box::new(|_| (true, Outcome::Applied))),
            down: AtomicBool::default(),
            keeps_tags: AtomicBool::default(),
            cut: Mutex::default(),
            looked: Mutex::new(Box::new(|| ())),
            fell: tokio::sync::Notify::new(),
        }
    }

    pub(super) fn put(&self, id: &str) {
        self.people
            .lock()
            .unwrap()
            .insert(id.to_owned(), person(id));
    }

    /// What happens elsewhere between a look and what it was for.
    pub(super) fn looked(&self, then: impl FnMut() + Send + 'static) {
        *self.looked.lock().unwrap() = Box::new(then);
    }

    pub(super) fn people(&self) -> BTreeMap<String, Person> {
        self.people.lock().unwrap().clone()
    }

    pub(super) fn person(&self, id: &str) -> Person {
        self.people()[id].clone()
    }

    pub(super) fn change(&self, id: &str, change: impl FnOnce(&mut Person)) {
        change(self.people.lock().unwrap().get_mut(id).unwrap());
    }

    pub(super) fn tag(&self, id: &str, tag: &str) {
        self.change(id, |person| person.tags.push(tag.to_owned()));
    }

    pub(super) fn forget(&self, id: &str) {
        self.people.lock().unwrap().remove(id);
    }

    pub(super) fn down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }

    /// No tag comes off any more.
    pub(super) fn keep_tags(&self) {
        self.keeps_tags.store(true, Ordering::Relaxed);
    }

    pub(super) fn answer(&self, answer: impl FnMut(&str) -> (bool, Outcome) + Send + 'static) {
        *self.answer.lock().unwrap() = Box::new(answer);
    }

    pub(super) fn cut(&self, cut: Option<Cut>) {
        *self.cut.lock().unwrap() = cut;
    }

    pub(super) fn ledger(&self) -> Vec<String> {
        self.ledger.lock().unwrap().clone()
    }

    fn up(&self) -> Result<(), ConnectorError> {
        if self.down.load(Ordering::Relaxed) {
            return Err(ConnectorError::Transient {
                what: "GET members".into(),
                detail: "connection refused".into(),
            });
        }
        Ok(())
    }

    /// Carries out one request for some contacts; a cut one is never answered.
    async fn request(
        &self,
        ids: &[&str],
        mut carry_out: impl FnMut(usize) -> Outcome,
    ) -> Vec<Outcome> {
        let cut = {
            let mut cut = self.cut.lock().unwrap();
            match &mut *cut {
                Some(Cut {
                    requests: 0,
                    contacts,
                }) => Some(*contacts),
                Some(cut) => {
                    cut.requests -= 1;
                    None
                }
                None => None,
            }
        };
        let mut outcomes = Vec::new();
        for index in 0..ids.len() {
            if cut.is_some_and(|contacts| contacts <= index) {
                break;
            }
            outcomes.push(carry_out(index));
        }
        if cut.is_some() {
            self.fell.notify_one();
            std::future::pending::<()>().await;
        }
        outcomes
    }

    /// Changes a contact unless the answer says otherwise.
    fn do_to(&self, id: &str, words: &str, change: impl FnOnce(&mut Person)) -> Outcome {
        let (done, outcome) = (self.answer.lock().unwrap())(words);
        self.ledger.lock().unwrap().push(format!("{id} {words}"));
        if done && let Some(person) = self.people.lock().unwrap().get_mut(id) {
            change(person);
        }
        outcome
    }
}

#[async_trait]
impl Connector for Platform {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    async fn check(&self) -> Result<Account, ConnectorError> {
        unreachable!("cleaning checks nothing")
    }

    async fn pull(&self, _: Stream, _: Option<&Cursor>) -> Result<Page, ConnectorError> {
        unreachable!("cleaning reads nothing")
    }

    async fn fields(&self) -> Result<Vec<String>, ConnectorError> {
        Ok(Vec::new())
    }

    async fn push(&self, changes: &[Change]) -> Result<Vec<Outcome>, ConnectorError> {
        self.up()?;
        let ids: Vec<&str> = changes
            .iter()
            .map(|change| change.contact.as_str())
            .collect();
        let outcomes = self.request(&ids, |index| {
            let id = ids[index];
            match &changes[index].write {
                Write::AddTag { tag } => {
                    assert!(tag.starts_with("engaged:"), "{tag}");
                    self.ledger.lock().unwrap().push(format!("{id} +{tag}"));
                    self.change(id, |person| {
                        if !person.tags.contains(tag) {
                            person.tags.insert(0, tag.clone());
                        }
                    });
                }
                Write::RemoveTag { .. } if self.keeps_tags.load(Ordering::Relaxed) => {
                    return Outcome::Rejected("a member of staff".to_owned());
                }
                Write::RemoveTag { tag } => {
                    self.ledger.lock().unwrap().push(format!("{id} -{tag}"));
                    self.change(id, |person| person.tags.retain(|each| each != tag));
                }
                other => panic!("{other:?}"),
            }
            Outcome::Applied
        });
        Ok(outcomes.await)
    }

    async fn look(&self, contacts: &[Who]) -> Result<Vec<Option<Look>>, ConnectorError> {
        self.up()?;
        let people = self.people();
        let at = |at: Option<Millis>| at.and_then(DateTime::from_timestamp_millis);
        let look = |who: &Who| {
            let person = people.get(&who.contact)?;
            Some(Look {
                contact: Contact {
                    status: Some(person.status),
                    tags: Some(person.tags.clone()),
                    ..contact(&who.contact)
                },
                last_active_at: at(person.active_at),
                unreported_mail_at: at(person.unreported_at),
            })
        };
        let looks = contacts.iter().map(look).collect();
        (self.looked.lock().unwrap())();
        Ok(looks)
    }

    async fn remove(
        &self,
        contacts: &[Who],
        removal: Removal,
    ) -> Result<Vec<Outcome>, ConnectorError> {
        self.up()?;
        let ids: Vec<&str> = contacts.iter().map(|who| who.contact.as_str()).collect();
        let outcomes = self.request(&ids, |index| {
            self.do_to(ids[index], removal.as_str(), |person| {
                person.status = Status::Unsubscribed;
            })
        });
        Ok(outcomes.await)
    }

    async fn restore(&self, contacts: &[Former]) -> Result<Vec<Outcome>, ConnectorError> {
        self.up()?;
        let ids: Vec<&str> = contacts
            .iter()
            .map(|former| former.who.contact.as_str())
            .collect();
        let outcomes = self.request(&ids, |index| {
            if self.person(ids[index]).decided {
                return Outcome::Rejected("has decided since".to_owned());
            }
            let status = contacts[index].status;
            self.do_to(ids[index], "restore", |person| person.status = status)
        });
        Ok(outcomes.await)
    }
}

/// Whoever has a shell.
pub(super) fn tester() -> Speaker {
    Speaker::command_line("a test")
}

/// Automations that start when they are told to.
#[derive(Default)]
pub(super) struct Told {
    entered: Mutex<Vec<ContactId>>,
    started: Mutex<Vec<(ContactId, String, Millis)>>,
}

impl Told {
    pub(super) fn entered(&self) -> usize {
        self.entered.lock().unwrap().len()
    }

    pub(super) fn start_all(&self, at: Millis) {
        for contact in self.entered.lock().unwrap().iter() {
            let start = (*contact, "Win-back".to_owned(), at);
            self.started.lock().unwrap().push(start);
        }
    }

    /// Another automation than the win-back starts.
    pub(super) fn start(&self, id: &str, bench: &Bench, at: Millis) {
        let address = Address::parse(&format!("{id}@x.example")).unwrap();
        let contact = bench
            .store
            .read(|conn| conn.find_contact(&address))
            .unwrap()
            .unwrap();
        let start = (contact, "Birthday".to_owned(), at);
        self.started.lock().unwrap().push(start);
    }
}

impl Series for Told {
    fn enter(
        &self,
        tx: &Tx,
        contact: ContactId,
        automation: &str,
        reason: &str,
        on: Day,
        now: Millis,
    ) -> Result<Option<i64>, StoreError> {
        assert_eq!(automation, "Win-back");
        let mut entered = self.entered.lock().unwrap();
        entered.push(contact);
        Automations.enter(tx, contact, automation, reason, on, now)
    }

    fn last_started(&self, _: &Conn, contact: ContactId) -> Result<Option<Millis>, StoreError> {
        let started = self.started.lock().unwrap();
        let own = started.iter().filter(|(who, ..)| *who == contact);
        Ok(own.map(|(.., at)| *at).max())
    }

    fn started_since(
        &self,
        _: &Conn,
        contact: ContactId,
        automation: &str,
        since: Millis,
    ) -> Result<Option<Millis>, StoreError> {
        let started = self.started.lock().unwrap();
        let own = started
            .iter()
            .filter(|(who, name, at)| *who == contact && name == automation && *at >= since);
        Ok(own.map(|(.., at)| *at).max())
    }
}

pub(super) struct Time(AtomicI64);

impl Clock for Time {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

pub(super) struct Bench {
    _folder: TempDir,
    pub(super) config: Arc<Config>,
    pub(super) store: Store,
    pub(super) id: ConnectionId,
    pub(super) clock: Time,
    pub(super) site: Platform,
    pub(super) series: Arc<Told>,
}

/// A configuration with one policy, `sunset`.
pub(super) fn policy(policy: &str) -> String {
    format!(
        "timezone = \"Europe/Amsterdam\"\ndatabase = \"engaged.db\"\n[connections.news]\nplatform = \"mailchimp\"\n\
         key = {{ env = \"KEY\" }}\nmode = \"live\"\npush.tags = {{ prefix = \"engaged:\" }}\n\
         [[automations]]\nname = \"Win-back\"\nwhen = \"no open in 12 months\"\nstart = {{ connection = \"news\", tag = \"win-back\" }}\n\
         [cleaning.sunset]\nwhen = \"no open in 6 months and no click in 6 months\"\n{policy}\n"
    )
}

pub(super) fn bench(text: &str) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engaged.toml");
    std::fs::write(&path, text).unwrap();
    let config = config::load(&path, &Environment::new()).unwrap();
    let clock = Time(AtomicI64::new(1_781_000_000_000));
    let store = Store::open(&config.database, Access::ReadWrite, &clock).unwrap();
    let made = store.write(|tx| {
        let id = tx.connection("news", "mailchimp", 1)?.id;
        let kinds = [EventKind::Open, EventKind::Click, EventKind::Purchase];
        tx.declare_stream(id, STREAM, &kinds)?;
        Ok(id)
    });
    Bench {
        _folder: folder,
        config: Arc::new(config),
        store,
        id: made.unwrap(),
        clock,
        site: Platform::empty(),
        series: Arc::default(),
    }
}

pub(super) fn contact(id: &str) -> Contact {
    Contact {
        id: id.to_owned(),
        email: Address::parse(&format!("{id}@x.example")),
        status: Some(Status::Subscribed),
        subscribed_at: None,
        lists: vec!["Newsletter".to_owned()],
        fields: BTreeMap::new(),
        tags: Some(Vec::new()),
    }
}

fn event(id: &str, kind: EventKind, at: Millis) -> Event {
    let who = ContactRef {
        id: Some(id.to_owned()),
        email: None,
    };
    let name = format!("{id} {} {at}", kind.as_str());
    let at = DateTime::from_timestamp_millis(at).unwrap();
    Event {
        id: Some(name),
        campaign: Some(format!("n{}", at.timestamp())),
        ..Event::new(who, kind, at)
    }
}

impl Bench {
    /// Somebody edits the configuration, and it is in force.
    pub(super) fn edit(&mut self, text: &str) {
        let path = self.config.database.with_file_name("engaged.toml");
        std::fs::write(&path, text).unwrap();
        self.config = Arc::new(config::load(&path, &Environment::new()).unwrap());
    }

    /// Who did what, in the order of the audit trail.
    pub(super) fn trail(&self) -> Vec<String> {
        let rows = self
            .store
            .read(|conn| conn.audit_page(None, 50, &AuditFilter::default()));
        let rows = rows.unwrap().into_iter().rev();
        rows.map(|row| format!("{} {}", row.who, row.what))
            .collect()
    }

    pub(super) fn now(&self) -> Millis {
        self.clock.0.load(Ordering::Relaxed)
    }

    pub(super) fn wait(&self, by: Millis) {
        self.clock.0.fetch_add(by, Ordering::Relaxed);
    }

    pub(super) fn cleaning(&self) -> Cleaning<'_> {
        Cleaning {
            store: &self.store,
            config: &self.config,
            sites: vec![Site::new(&self.config.connections[0], self.id, &self.site)],
            series: Arc::<Told>::clone(&self.series),
            clock: &self.clock,
        }
    }

    pub(super) async fn apply(&self, fingerprint: &str) -> CleanReport {
        let applied = self.cleaning().apply(fingerprint, &tester()).await;
        applied.unwrap()
    }

    fn commit(&self, contacts: Vec<Contact>, events: Vec<Event>) {
        self.commit_on(self.id, contacts, events);
    }

    fn commit_on(&self, id: ConnectionId, contacts: Vec<Contact>, events: Vec<Event>) {
        let (now, zone) = (self.now(), Zone::new(self.config.zone));
        let page = Page {
            contacts,
            events,
            covered: vec![Covered {
                kinds: vec![EventKind::Open, EventKind::Click, EventKind::Purchase],
                from: None,
                through: self.clock.now(),
            }],
            ..Page::empty(Cursor::encode(&0).unwrap(), true)
        };
        self.store
            .write(move |tx| tx.commit_page(id, STREAM, &page, &zone, now))
            .unwrap();
    }

    /// Another platform, which no policy cleans.
    pub(super) fn shop(&self) -> ConnectionId {
        let made = self.store.write(|tx| {
            let id = tx.connection("shop", "brevo", 1)?.id;
            let kinds = [EventKind::Open, EventKind::Click, EventKind::Purchase];
            tx.declare_stream(id, STREAM, &kinds)?;
            Ok(id)
        });
        made.unwrap()
    }

    /// Another platform shows a contact of its own with the address of one of ours.
    pub(super) fn in_shop(&self, id: &str, like: &str, status: Status) {
        let shown = Contact {
            email: Address::parse(&format!("{like}@x.example")),
            status: Some(status),
            ..contact(id)
        };
        self.commit_on(self.shop(), vec![shown], Vec::new());
    }

    /// Something happens on another platform.
    pub(super) fn event_in_shop(&self, id: &str, kind: EventKind, at: Millis) {
        self.commit_on(self.shop(), Vec::new(), vec![event(id, kind, at)]);
    }

    /// Everything is read up to now.
    pub(super) fn cover(&self) {
        self.commit(Vec::new(), Vec::new());
    }

    /// A list of which some, p0 to the last, are silent, each for an hour longer than the one before.
    pub(super) fn list(&self, people: usize, silent: usize) {
        let now = self.now();
        let (mut contacts, mut events) = (Vec::new(), Vec::new());
        for n in 0..people {
            let id = format!("p{n}");
            let since = DateTime::from_timestamp_millis(now - 900 * DAY);
            contacts.push(Contact {
                subscribed_at: since,
                ..contact(&id)
            });
            let mails = (1..=14).map(|month| event(&id, EventKind::Send, now - month * 30 * DAY));
            events.extend(mails);
            let hours = i64::try_from(n).unwrap() * 3_600_000;
            let opened = if n < silent {
                now - 500 * DAY - hours
            } else {
                now - 2 * DAY
            };
            events.push(event(&id, EventKind::Open, opened));
            self.site
                .people
                .lock()
                .unwrap()
                .insert(id.clone(), person(&id));
        }
        self.commit(contacts, events);
    }

    /// One more contact, mailed often since it subscribed.
    pub(super) fn read_person(&self, id: &str, subscribed: Millis) {
        let mut contact = contact(id);
        contact.subscribed_at = DateTime::from_timestamp_millis(subscribed);
        let mails = (1..=28).map(|month| self.now() - month * 30 * DAY);
        let mails = mails.filter(|at| *at > subscribed);
        let events = mails.map(|at| event(id, EventKind::Send, at)).collect();
        self.commit(vec![contact], events);
        self.site
            .people
            .lock()
            .unwrap()
            .insert(id.to_owned(), person(id));
    }

    pub(super) fn field(&self, id: &str, name: &str, value: &str) {
        let mut contact = contact(id);
        contact.fields.insert(name.to_owned(), value.to_owned());
        self.commit(vec![contact], Vec::new());
    }

    pub(super) fn event(&self, id: &str, kind: EventKind, at: Millis) {
        self.judged(id, kind, at, Verdict::Human);
    }

    pub(super) fn judged(&self, id: &str, kind: EventKind, at: Millis, verdict: Verdict) {
        let event = Event {
            verdict: Some(verdict),
            ..event(id, kind, at)
        };
        self.commit(Vec::new(), vec![event]);
    }

    /// Two years turn out not to have been read.
    pub(super) fn hole(&self) {
        let zone = Zone::new(self.config.zone);
        let (id, now) = (self.id, self.now());
        let gap = Gap {
            from: zone.day(now - 700 * DAY),
            to: zone.day(now - DAY),
            kinds: vec![EventKind::Open, EventKind::Click],
        };
        self.store
            .write(move |tx| tx.add_gap(id, &gap, "a test", now))
            .unwrap();
    }

    /// What the platform was asked to write.
    pub(super) fn ledger(&self) -> Vec<String> {
        self.site.ledger()
    }

    /// Who is not subscribed there any more.
    pub(super) fn removed(&self) -> BTreeSet<String> {
        let people = self.site.people().into_iter();
        people
            .filter(|(_, person)| person.status != Status::Subscribed)
            .map(|(id, _)| id)
            .collect()
    }

    /// The first contacts, silent ones, that are still there.
    pub(super) fn remaining_silent(&self) -> Vec<String> {
        let removed = self.removed();
        let all = (0..40).map(|n| format!("p{n}"));
        all.filter(|id| !removed.contains(id)).collect()
    }

    /// How far the cases of the first batch have come, in the order of contacts.
    pub(super) fn stages(&self) -> Vec<Stage> {
        let cases = self.store.read(|conn| conn.cases_of_batch(1)).unwrap();
        cases.into_iter().map(|case| case.stage).collect()
    }
}
