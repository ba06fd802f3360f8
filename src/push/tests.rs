//! What reaches a platform, and what does not, against a platform of a few lines.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use engaged_connectors::{
    Capabilities, Change, Clock, Connector, ConnectorError, Cursor, Outcome, Page, Start, Stream,
    Write,
    connector::{Account, Scan},
    model::{Address, Contact, Status},
};
use tempfile::TempDir;
use tokio::sync::Notify;

use super::{
    apply::Push,
    apply::PushReport,
    guard::{self, Limits},
    plan::ConnectionPlan,
    targets,
};
use crate::{
    config::{self, Config, Environment},
    rescore::rescore,
    score::{
        calendar::{Millis, Zone},
        facts::ConnectionId,
    },
    store::{Access, OutboxState, Store},
};

const SCORES: &str = r#"
[scores.engagement]
rules = [
  { when = "field level is 'high'", points = 50 },
  { when = "field level is 'middle'", points = 10 },
]
bands = [ { name = "hot", from = 40 }, { name = "warm", from = 5 }, { name = "cool" } ]
[segments]
vip = "field vip is 'yes'"
"#;

const TAGS: &str = r#"push.tags = { prefix = "engaged:", bands = ["engagement"] }"#;
const FIELD: &str = r#"push.fields = { ENGSCORE = "engagement" }"#;

static CAPABILITIES: Capabilities = Capabilities {
    platform: "mailchimp",
    streams: &[],
    fields: true,
    creates_fields: true,
    field_name_max: 10,
    frozen: &[Status::Bounced],
    starts: &[],
    removals: &[],
    retention: None,
    unreported: &[],
    twins: None,
    guarantee: "",
};

/// Whether a change is carried out, and what is said about it.
type Answer = (bool, Outcome);
type Answering = Box<dyn FnMut(&Change) -> Answer + Send>;
/// Whether something is started, and what is said about it.
type Beginning = Box<dyn FnMut(&Start) -> Answer + Send>;

/// What the platform holds, what it was asked, and how it answers.
struct Site {
    answer: Mutex<Answering>,
    /// The error that the next call gets instead of an answer.
    fails: Mutex<Option<ConnectorError>>,
    fields: Mutex<Vec<String>>,
    /// The error that the next look at the fields gets.
    deaf: Mutex<Option<ConnectorError>>,
    holds: Mutex<BTreeMap<String, BTreeSet<String>>>,
    asked: Mutex<Vec<String>>,
    begin: Mutex<Beginning>,
    /// How often each start has begun, by its key.
    begun: Mutex<BTreeMap<String, u32>>,
    /// Whether a call does not end once everything is carried out.
    hangs: AtomicBool,
    reached: Notify,
}

impl Site {
    fn begin(&self, start: &Start) -> Outcome {
        let (done, outcome) = (self.begin.lock().unwrap())(start);
        if done {
            let mut begun = self.begun.lock().unwrap();
            *begun.entry(start.key.clone()).or_default() += 1;
        }
        let words = format!("{} starts {}", start.contact, start.key);
        self.asked.lock().unwrap().push(words);
        outcome
    }

    async fn may_hang(&self) {
        if self.hangs.load(Ordering::Relaxed) {
            self.reached.notify_one();
            std::future::pending::<()>().await;
        }
    }

    fn carry_out(&self, change: &Change) -> Outcome {
        let (done, outcome) = (self.answer.lock().unwrap())(change);
        let id = &change.contact;
        let mut all = self.holds.lock().unwrap();
        let holds = all.entry(id.clone()).or_default();
        let words = match &change.write {
            Write::CreateField { field } => format!("create {field}"),
            Write::SetField { field, value } => {
                let value = value.clone().unwrap_or_default();
                if done {
                    holds.retain(|each| !each.starts_with(&format!("{field}=")));
                    holds.insert(format!("{field}={value}"));
                }
                format!("{id} {field}={value}")
            }
            Write::AddTag { tag } => {
                if done {
                    holds.insert(tag.clone());
                }
                format!("{id} +{tag}")
            }
            Write::RemoveTag { tag } => {
                if done {
                    holds.remove(tag);
                }
                format!("{id} -{tag}")
            }
        };
        self.asked.lock().unwrap().push(words);
        outcome
    }
}

#[async_trait]
impl Connector for Site {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    async fn check(&self) -> Result<Account, ConnectorError> {
        unreachable!("a push checks nothing")
    }

    async fn pull(&self, _: Stream, _: Option<&Cursor>) -> Result<Page, ConnectorError> {
        unreachable!("a push reads nothing")
    }

    async fn push(&self, changes: &[Change]) -> Result<Vec<Outcome>, ConnectorError> {
        let fails = self.fails.lock().unwrap().take();
        let outcomes = match fails {
            Some(error) => Err(error),
            None => Ok(changes.iter().map(|each| self.carry_out(each)).collect()),
        };
        self.may_hang().await;
        outcomes
    }

    async fn start(&self, starts: &[Start]) -> Result<Vec<Outcome>, ConnectorError> {
        let fails = self.fails.lock().unwrap().take();
        let outcomes = match fails {
            Some(error) => Err(error),
            None => Ok(starts.iter().map(|each| self.begin(each)).collect()),
        };
        self.may_hang().await;
        outcomes
    }

    async fn fields(&self) -> Result<Vec<String>, ConnectorError> {
        match self.deaf.lock().unwrap().take() {
            Some(error) => Err(error),
            None => Ok(self.fields.lock().unwrap().clone()),
        }
    }
}

struct Time(AtomicI64);

impl Clock for Time {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

/// A synced connection, its platform, and a clock that moves an hour at each step.
struct Bench {
    folder: TempDir,
    config: Config,
    store: Store,
    id: ConnectionId,
    clock: Time,
    site: Site,
}

const HOUR: Millis = 3_600_000;

fn load(folder: &TempDir, push: &str, scores: &str, limit: f64) -> Config {
    let path = folder.path().join("engaged.toml");
    let text = format!(
        "timezone = \"Europe/Amsterdam\"\ndatabase = \"engaged.db\"\n[connections.news]\n\
         platform = \"mailchimp\"\nkey = {{ env = \"KEY\" }}\nmode = \"live\"\n{push}\n{scores}\n\
         [guards]\nmax_score_change = {limit}\n"
    );
    std::fs::write(&path, text).unwrap();
    config::load(&path, &Environment::new()).unwrap()
}

/// Any number of scores may change at once.
fn bench(push: &str) -> Bench {
    guarded(push, 1.0)
}

fn guarded(push: &str, limit: f64) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let config = load(&folder, push, SCORES, limit);
    let clock = Time(AtomicI64::new(1_781_000_000_000));
    let store = Store::open(&config.database, Access::ReadWrite, &clock).unwrap();
    let known = store.write(|tx| tx.connection("news", "mailchimp", 1));
    Bench {
        id: known.unwrap().id,
        site: Site {
            answer: Mutex::new(Box::new(|_| (true, Outcome::Applied))),
            fails: Mutex::default(),
            deaf: Mutex::default(),
            fields: Mutex::new(vec!["ENGSCORE".into()]),
            holds: Mutex::default(),
            asked: Mutex::default(),
            begin: Mutex::new(Box::new(|_| (true, Outcome::Applied))),
            begun: Mutex::default(),
            hangs: AtomicBool::new(false),
            reached: Notify::new(),
        },
        folder,
        config,
        store,
        clock,
    }
}

/// A contact as the platform shows it: an id, and fields.
fn contact(id: &str, fields: &[(&str, &str)]) -> Contact {
    Contact {
        id: id.into(),
        email: Address::parse(&format!("{id}@x.example")),
        status: None,
        subscribed_at: None,
        lists: Vec::new(),
        fields: fields
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
        tags: None,
    }
}

fn transient() -> ConnectorError {
    ConnectorError::Transient {
        what: "POST batches".into(),
        detail: "connection refused".into(),
    }
}

impl Bench {
    fn now(&self) -> Millis {
        self.clock.0.load(Ordering::Relaxed)
    }

    fn wait(&self, by: Millis) {
        self.clock.0.fetch_add(by, Ordering::Relaxed);
    }

    /// Takes contacts in as a sync does, and scores.
    fn read(&self, contacts: Vec<Contact>) {
        self.wait(HOUR);
        let (id, now) = (self.id, self.now());
        let zone = Zone::new(self.config.zone);
        let page = Page {
            contacts,
            ..Page::empty(Cursor::encode(&0).unwrap(), true)
        };
        self.store
            .write(move |tx| tx.commit_page(id, Stream("contacts"), &page, &zone, now))
            .unwrap();
        self.score();
    }

    /// A scan of the whole list: who is not in it is gone.
    fn scan(&self, contacts: Vec<Contact>) {
        self.wait(HOUR);
        let (id, now) = (self.id, self.now());
        let zone = Zone::new(self.config.zone);
        let page = Page {
            contacts,
            scan: Some(Scan {
                started_at: self.clock.now(),
                done: true,
            }),
            ..Page::empty(Cursor::encode(&0).unwrap(), true)
        };
        let commit = self.store.write(move |tx| {
            let commit = tx.commit_page(id, Stream("contacts"), &page, &zone, now)?;
            tx.mark_gone(id, &commit.unseen, now)
        });
        commit.unwrap();
        self.score();
    }

    fn levels(&self, levels: &[(&str, &str)]) {
        let row = |(id, level): &(&str, &str)| contact(id, &[("level", level)]);
        self.read(levels.iter().map(row).collect());
    }

    fn score(&self) {
        rescore(&self.store, &self.config, &self.clock, false, &|_, _| ()).unwrap();
    }

    fn push(&self) -> Push<'_> {
        Push {
            store: &self.store,
            connection: &self.config.connections[0],
            id: self.id,
            rules: &self.config.rules,
            rules_hash: &self.config.rules_hash,
            connector: &self.site,
            automations: &self.config.automations,
            limits: Limits {
                score_change: self.config.guards.max_score_change,
                starts: u64::from(self.config.guards.max_starts),
            },
            only: None,
            clock: &self.clock,
        }
    }

    async fn plan(&self) -> ConnectionPlan {
        self.push().plan().await.unwrap()
    }

    async fn apply(&self) -> PushReport {
        self.wait(HOUR);
        self.push().apply(None).await.unwrap()
    }

    fn approve(&self, name: &'static str) {
        let keys = targets::keys(&self.config);
        let now = self.now();
        let approved = self
            .store
            .write(move |tx| guard::approve(tx, &keys, name, None, "a test", now));
        assert_ne!(approved.unwrap(), Vec::<String>::new());
    }

    /// The first push: held, approved, done.
    async fn baseline(&self) {
        assert!(self.apply().await.held[0].starts_with("baseline"));
        self.approve(guard::BASELINE);
        assert_eq!(self.apply().await.held, Vec::<String>::new());
        self.asked();
    }

    /// What the platform was asked since the last time.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.site.asked.lock().unwrap())
    }

    /// Contacts with something that somebody else edited, and since when, as the last push found it.
    fn edited(&self) -> Option<(i64, Millis)> {
        self.store.read(|conn| conn.edited(self.id)).unwrap()
    }

    fn holds(&self, id: &str) -> Vec<String> {
        let holds = self.site.holds.lock().unwrap();
        holds.get(id).into_iter().flatten().cloned().collect()
    }

    /// The next calls are answered so.
    fn answer(&self, answer: impl FnMut(&Change) -> Answer + Send + 'static) {
        *self.site.answer.lock().unwrap() = Box::new(answer);
    }

    fn obey(&self) {
        self.answer(|_| (true, Outcome::Applied));
    }

    fn sizes(&self) -> Vec<(OutboxState, i64)> {
        let sizes = self.store.read(crate::store::Conn::outbox_sizes).unwrap();
        sizes
            .into_iter()
            .map(|(_, state, size)| (state, size))
            .collect()
    }
}

fn retry(_: &Change) -> Answer {
    (false, Outcome::Retry("busy".into(), None))
}

#[tokio::test]
async fn a_write_that_waits_is_not_sent_once_nobody_wants_it() {
    let bench = bench(FIELD);
    bench.levels(&[("a", "middle")]);
    bench.baseline().await;
    bench.answer(retry);
    bench.levels(&[("a", "high")]);
    bench.apply().await;
    assert_eq!(bench.asked(), ["a ENGSCORE=50"]);
    bench.obey();
    bench.levels(&[("a", "middle")]);
    assert_eq!(bench.plan().await.writes, 0);
    bench.apply().await;
    assert_eq!(bench.asked(), Vec::<String>::new());
    assert_eq!(bench.holds("a"), ["ENGSCORE=10"]);
}

#[tokio::test]
async fn a_write_in_doubt_is_written_again_even_when_nothing_is_wanted_any_more() {
    let bench = bench(&format!("{FIELD}\n{TAGS}"));
    bench.levels(&[("a", "middle")]);
    bench.baseline().await;
    assert_eq!(bench.holds("a"), ["ENGSCORE=10", "engaged:warm"]);
    // All of it is done, and every answer is lost.
    bench.answer(|_| (true, Outcome::Ambiguous("reset".into())));
    bench.levels(&[("a", "high")]);
    bench.apply().await;
    assert_eq!(bench.holds("a"), ["ENGSCORE=50", "engaged:hot"]);
    bench.obey();
    // The platform shows our number before we know that it is ours: no drift.
    bench.read(vec![contact(
        "a",
        &[("level", "middle"), ("ENGSCORE", "50")],
    )]);
    assert_eq!(bench.plan().await.drifts, 0);
    bench.apply().await;
    assert_eq!(bench.holds("a"), ["ENGSCORE=10", "engaged:warm"]);
    bench.asked();
    bench.apply().await;
    assert_eq!(bench.asked(), Vec::<String>::new());
    assert!(
        !bench
            .sizes()
            .iter()
            .any(|(state, _)| *state == OutboxState::Ambiguous)
    );
}

#[tokio::test]
async fn a_tag_that_we_took_off_and_that_is_there_all_the_same_comes_off_only_where_ours_counts() {
    for (on_drift, takes_off) in [("ours", true), ("alert", false), ("theirs", false)] {
        let bench = bench(&format!("{TAGS}\npush.on_drift = \"{on_drift}\""));
        bench.levels(&[("a", "high"), ("b", "middle")]);
        bench.baseline().await;
        bench.levels(&[("a", "middle"), ("b", "middle")]);
        // The platform says that it is done, and leaves the old tag where it is.
        bench.answer(|change| {
            let done = !matches!(change.write, Write::RemoveTag { .. });
            (done, Outcome::Applied)
        });
        bench.apply().await;
        bench.obey();
        assert_eq!(bench.holds("a"), ["engaged:hot", "engaged:warm"]);
        bench.asked();
        let tags = ["engaged:hot".to_owned(), "engaged:warm".to_owned()];
        let shown = |id: &str, tags: &[String]| Contact {
            tags: Some(tags.to_vec()),
            ..contact(id, &[("level", "middle")])
        };
        // On somebody else it is foreign: we never put it on.
        bench.read(vec![shown("a", &tags), shown("b", &tags)]);
        let plan = bench.plan().await;
        assert_eq!((plan.drifts, plan.writes), (1, u64::from(takes_off)));
        bench.apply().await;
        let asked: &[&str] = if takes_off { &["a -engaged:hot"] } else { &[] };
        assert_eq!(bench.asked(), asked, "{on_drift}");
        assert_eq!(bench.edited().map(|(contacts, _)| contacts), Some(1));
        bench.read(vec![shown("a", &tags[1..]), shown("b", &tags)]);
        assert_eq!(
            (bench.plan().await.drifts, bench.plan().await.writes),
            (0, 0)
        );
        // What is so no more is kept no longer.
        bench.apply().await;
        assert_eq!(bench.edited(), None);
    }
}

#[tokio::test]
async fn a_doubt_stays_until_the_write_that_is_to_settle_it_is_done() {
    for outcome in [
        Outcome::Retry("busy".into(), None),
        Outcome::Rejected("not now".into()),
    ] {
        let bench = bench(TAGS);
        bench.levels(&[("a", "middle")]);
        bench.baseline().await;
        // All of it is done, and every answer is lost.
        bench.answer(|_| (true, Outcome::Ambiguous("reset".into())));
        bench.levels(&[("a", "high")]);
        bench.apply().await;
        assert_eq!(bench.holds("a"), ["engaged:hot"]);
        // Nobody wants it any more, and taking it off does not work.
        let words = format!("{outcome:?}");
        bench.answer(move |_| (false, outcome.clone()));
        bench.levels(&[("a", "middle")]);
        bench.apply().await;
        assert_eq!(bench.holds("a"), ["engaged:hot"]);
        bench.obey();
        bench.wait(48 * HOUR);
        bench.apply().await;
        assert_eq!(bench.holds("a"), ["engaged:warm"], "{words}");
        bench.asked();
        bench.apply().await;
        assert_eq!(bench.asked(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_plan_shows_what_is_in_doubt_as_apply_will_write_it() {
    let bench = bench(TAGS);
    bench.levels(&[("a", "middle")]);
    bench.baseline().await;
    bench.answer(|_| (true, Outcome::Ambiguous("reset".into())));
    bench.levels(&[("a", "high")]);
    bench.apply().await;
    bench.obey();
    let plan = bench.plan().await;
    assert_eq!(plan.writes, 2);
    let report = bench.push().apply(Some(&plan.fingerprint)).await.unwrap();
    assert_eq!(report.applied, 2);
}

const TEN: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

fn all(level: &'static str) -> Vec<(&'static str, &'static str)> {
    TEN.iter().map(|id| (*id, level)).collect()
}

#[tokio::test]
async fn a_change_of_too_many_bands_is_held_where_no_number_is_pushed() {
    let bench = guarded(TAGS, 0.2);
    bench.levels(&all("middle"));
    bench.baseline().await;
    bench.levels(&[("a", "high"), ("b", "high")]);
    assert_eq!(bench.apply().await.held, Vec::<String>::new());
    bench.levels(&all("high"));
    assert!(bench.apply().await.held[0].starts_with("max_score_change: 8 of 10"));
    // Nobody's first band is a change.
    bench.levels(&all("middle"));
    bench.levels(&[("k", "high"), ("l", "high"), ("m", "high")]);
    bench.levels(&[("a", "high"), ("b", "high")]);
    assert_eq!(bench.apply().await.held, Vec::<String>::new());
}

#[tokio::test]
async fn a_segment_that_suddenly_holds_everybody_is_held() {
    let bench = guarded(
        r#"push.tags = { prefix = "engaged:", bands = ["engagement"], segments = ["vip"] }"#,
        0.2,
    );
    bench.levels(&all("middle"));
    bench.baseline().await;
    let vip = |id: &&str| contact(id, &[("level", "middle"), ("vip", "yes")]);
    bench.read(TEN.iter().map(vip).collect());
    assert!(bench.apply().await.held[0].starts_with("max_score_change: 10 of 10"));
}

#[tokio::test]
async fn an_approved_change_goes_on_after_the_platform_was_away() {
    let bench = guarded(FIELD, 0.2);
    bench.levels(&all("middle"));
    bench.baseline().await;
    bench.levels(&all("high"));
    assert_eq!(bench.apply().await.held.len(), 1);
    bench.approve(guard::MAX_SCORE_CHANGE);
    *bench.site.fails.lock().unwrap() = Some(transient());
    bench.apply().await;
    assert_eq!(bench.asked(), Vec::<String>::new());
    let report = bench.apply().await;
    assert_eq!((report.held, report.applied), (Vec::new(), 10));
}

#[tokio::test]
async fn what_was_allowed_once_does_not_let_a_later_change_pass() {
    let bench = guarded(FIELD, 0.2);
    bench.levels(&all("middle"));
    bench.baseline().await;
    bench.levels(&all("high"));
    bench.apply().await;
    bench.approve(guard::MAX_SCORE_CHANGE);
    // The cause was found and mended: there is nothing to let pass.
    bench.levels(&all("middle"));
    assert_eq!(bench.apply().await.held, Vec::<String>::new());
    bench.levels(&all("low"));
    assert_eq!(bench.apply().await.held.len(), 1);
    assert_eq!(bench.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_refused_change_is_no_change_and_an_allowance_waits_while_another_guard_holds() {
    let bench = guarded(FIELD, 0.2);
    bench.levels(&all("middle"));
    bench.baseline().await;
    bench.levels(&all("high"));
    bench.apply().await;
    bench.approve(guard::MAX_SCORE_CHANGE);
    let (id, now) = (bench.id, bench.now());
    let subject = id.0.to_string();
    let trip = bench.store.write(move |tx| {
        tx.trip_guard(
            crate::sync::LIST_SHRUNK,
            Some(id),
            &subject,
            "half is gone",
            now,
        )
    });
    assert!(bench.apply().await.held[0].starts_with("list_shrunk"));
    let guard = trip.unwrap();
    bench
        .store
        .write(move |tx| tx.close_guard(guard, "cleared", "engaged", now))
        .unwrap();
    bench.answer(|_| (false, Outcome::Rejected("no such contact".into())));
    assert_eq!(
        bench.apply().await.rejected,
        [("no such contact".into(), 10)]
    );
    assert_eq!(bench.apply().await.held, Vec::<String>::new());
}

#[tokio::test]
async fn what_other_rules_scored_is_not_pushed() {
    let mut bench = bench(TAGS);
    bench.levels(&[("a", "high")]);
    bench.baseline().await;
    let renamed = SCORES.replace("\"hot\"", "\"glowing\"");
    bench.config = load(&bench.folder, TAGS, &renamed, 1.0);
    let plan = bench.plan().await;
    assert_eq!((plan.writes, plan.unscored), (0, 1));
    bench.score();
    let plan = bench.plan().await;
    assert_eq!((plan.writes, plan.unscored), (2, 0));
}

/// A scan of the list, which shows tags.
fn scanned(id: &str, email: &str, tags: &[&str]) -> Contact {
    Contact {
        email: Address::parse(email),
        tags: Some(tags.iter().map(|&tag| tag.into()).collect()),
        ..contact(id, &[("level", "high")])
    }
}

#[tokio::test]
async fn one_contact_in_two_audiences_is_no_drift() {
    let bench = bench(TAGS);
    let rows = |one: &[&str], two: &[&str]| {
        let who = "jan@x.example";
        vec![scanned("A:1", who, one), scanned("B:1", who, two)]
    };
    bench.scan(rows(&[], &[]));
    bench.baseline().await;
    // The second audience's page was asked for before our write arrived there.
    bench.scan(rows(&["engaged:hot"], &[]));
    let plan = bench.plan().await;
    assert_eq!((plan.writes, plan.drifts), (0, 0));
}

#[tokio::test]
async fn contacts_that_were_merged_one_into_another_keep_their_tags() {
    let bench = bench(TAGS);
    let read = |one, two, three| {
        let ids = [("1", one), ("2", two), ("3", three)];
        let rows = ids.map(|(id, email)| scanned(id, email, &["engaged:hot"]));
        bench.scan(rows.to_vec());
    };
    read("a@x.example", "b@x.example", "c@x.example");
    bench.baseline().await;
    // Two leaves, then 1 takes its address; then 3 leaves, and the two that are one take its address.
    bench.scan(vec![
        scanned("1", "a@x.example", &["engaged:hot"]),
        scanned("3", "c@x.example", &["engaged:hot"]),
    ]);
    bench.scan(vec![
        scanned("1", "b@x.example", &["engaged:hot"]),
        scanned("3", "c@x.example", &["engaged:hot"]),
    ]);
    bench.scan(vec![scanned("1", "b@x.example", &["engaged:hot"])]);
    bench.scan(vec![scanned("1", "c@x.example", &["engaged:hot"])]);
    let plan = bench.plan().await;
    assert_eq!((plan.writes, plan.drifts, plan.unchanged), (0, 0, 1));
}

#[tokio::test]
async fn a_pause_stops_a_push_that_is_under_way() {
    let bench = bench(FIELD);
    let ids: Vec<String> = (0..2001).map(|number| format!("c{number}")).collect();
    let row = |id: &String| contact(id, &[("level", "high")]);
    bench.read(ids.iter().map(row).collect());
    bench.apply().await;
    bench.approve(guard::BASELINE);
    let store = bench.store.clone();
    let mut asked = 0;
    bench.answer(move |_| {
        asked += 1;
        if asked == 2000 {
            store.write(|tx| tx.set_paused(true, "marit", 0)).unwrap();
        }
        (true, Outcome::Applied)
    });
    let report = bench.apply().await;
    assert_eq!((report.applied, report.held.len()), (2000, 1));
    bench
        .store
        .write(|tx| tx.set_paused(false, "marit", 0))
        .unwrap();
    assert_eq!(bench.apply().await.applied, 1);
}

#[tokio::test]
async fn a_field_is_not_made_before_its_first_push_is_approved() {
    let bench = bench(FIELD);
    bench.site.fields.lock().unwrap().clear();
    bench.read(Vec::new());
    let report = bench.apply().await;
    assert_eq!((report.planned, report.held.len()), (1, 1));
    bench.approve(guard::BASELINE);
    assert_eq!(bench.apply().await.applied, 1);
    assert_eq!(bench.asked(), ["create ENGSCORE"]);
}

#[tokio::test]
async fn a_platform_that_is_away_is_unavailable_and_one_that_refuses_the_key_is_blocked() {
    let bench = bench(FIELD);
    bench.levels(&[("a", "high")]);
    bench.baseline().await;
    bench.levels(&[("a", "low")]);
    *bench.site.fails.lock().unwrap() = Some(transient());
    let report = bench.apply().await;
    assert!(report.unavailable.is_some() && report.refused.is_none());
    *bench.site.deaf.lock().unwrap() = Some(ConnectorError::Auth {
        what: "GET lists".into(),
        detail: "HTTP 401".into(),
        missing: None,
    });
    let report = bench.apply().await;
    assert!(report.unavailable.is_none() && report.refused.is_some());
    let blocked = bench.store.read(|conn| conn.blocked("news")).unwrap();
    assert!(blocked.is_some());
}

#[tokio::test]
async fn whom_the_platform_lets_nobody_change_stands_in_no_plan() {
    let bench = bench(FIELD);
    let mut gone = contact("a", &[("level", "high")]);
    gone.status = Some(Status::Bounced);
    bench.read(vec![gone, contact("b", &[("level", "high")])]);
    let plan = bench.plan().await;
    assert_eq!((plan.writes, plan.frozen), (1, 1));
    bench.baseline().await;
    // The address works again.
    bench.read(vec![contact("a", &[("level", "high")])]);
    assert_eq!(bench.plan().await.frozen, 0);
}

#[test]
fn a_file_without_a_fingerprint_is_no_plan() {
    use super::plan::{Plan, fingerprint_in};
    let plan = Plan {
        fingerprint: "0f3a".into(),
        ..Plan::default()
    };
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(fingerprint_in(&text), Ok("0f3a".to_owned()));
    for broken in [
        "",
        "{}",
        "[\"fingerprint\"]",
        r#"{"fingerprint":7}"#,
        r#"{"fingerprint":""}"#,
    ] {
        assert!(fingerprint_in(broken).is_err(), "{broken}");
    }
}

mod again;
mod cause;
mod gone;
mod numbers;
mod returns;
mod starts;
mod taking_off;
