//! A store, a configuration, a receiver on loopback, and a clock that is moved by hand.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use engaged_connectors::{
    Cursor, Page, Stream,
    connector::Covered,
    http::Transport,
    model::{Address, ContactRef, Event, EventKind, Reject},
};
use engaged_sandbox::{
    fault::FaultPlan,
    receiver::{Received, Receiver},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    alert::*,
    config::{self, Environment},
    platform,
    score::facts::ConnectionId,
    store::{Access, Tx},
};

pub(super) const SECRET: &str = "0123456789abcdef";
pub(super) const MINUTE: Millis = 60_000;
pub(super) const HOUR: Millis = 60 * MINUTE;
pub(super) const DAY: Millis = 24 * HOUR;
const ACTIVITY: Stream = Stream("activity");

/// A Wednesday, at noon in Amsterdam.
pub(super) const START: &str = "2026-06-17T10:00:00Z";

pub(super) struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

pub(super) struct Bench {
    pub(super) jobs: Jobs,
    pub(super) receiver: Receiver,
    pub(super) clock: Arc<Hand>,
    pub(super) folder: TempDir,
    watch: Watch,
    pub(super) refused: Option<Refused>,
}

/// A configuration with one connection that is synced each quarter of an hour.
fn text(url: &str, alerts: &str) -> String {
    format!(
        "timezone = \"Europe/Amsterdam\"\ndatabase = \"engaged.db\"\n\
         [connections.news]\nplatform = \"mailchimp\"\nmode = \"live\"\nkey = {{ env = \"KEY\" }}\nschedule = \"*/15 * * * *\"\n\
         [scores.engagement]\nrules = [{{ when = \"click\", points = 10 }}]\n\
         [alerts]\nurl = \"{url}\"\nkey = {{ env = \"HOOK\" }}\n{alerts}\n"
    )
}

/// Where the keys are.
pub(super) fn environment() -> Environment {
    [("KEY", "0-us1"), ("HOOK", SECRET)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// The jobs of a configuration, and their clock.
pub(super) fn jobs(
    folder: &TempDir,
    url: &str,
    alerts: &str,
    transport: &Arc<dyn Transport>,
) -> (Jobs, Arc<Hand>) {
    jobs_of(folder, &text(url, alerts), transport)
}

fn jobs_of(folder: &TempDir, text: &str, transport: &Arc<dyn Transport>) -> (Jobs, Arc<Hand>) {
    let path = folder.path().join("engaged.toml");
    std::fs::write(&path, text).unwrap();
    let environment = environment();
    let config = config::load(&path, &environment).unwrap();
    let start: DateTime<Utc> = START.parse().unwrap();
    let clock = Arc::new(Hand(AtomicI64::new(start.timestamp_millis())));
    let store = Store::open(&config.database, Access::ReadWrite, clock.as_ref()).unwrap();
    let jobs = Jobs::new(
        config,
        store,
        clock.clone(),
        &environment,
        transport,
        Arc::new(|_| ()),
    );
    (jobs.unwrap(), clock)
}

impl Bench {
    pub(super) async fn new(alerts: &str) -> Self {
        Self::with(alerts, |text| text).await
    }

    /// With a configuration that differs from the usual one.
    pub(super) async fn with(alerts: &str, edit: impl FnOnce(String) -> String) -> Self {
        let receiver = Receiver::start(FaultPlan::none()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let transport = platform::network().unwrap();
        let text = edit(text(&receiver.url(), alerts));
        let (jobs, clock) = jobs_of(&folder, &text, &transport);
        let bench = Self {
            jobs,
            receiver,
            clock,
            folder,
            watch: Watch::default(),
            refused: None,
        };
        bench.synced();
        bench
    }

    pub(super) fn now(&self) -> Millis {
        self.clock.now().timestamp_millis()
    }

    pub(super) fn pass(&self, time: Millis) {
        self.clock.0.fetch_add(time, Ordering::SeqCst);
    }

    pub(super) fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx, ConnectionId, Millis) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        let now = self.now();
        self.jobs
            .store
            .write(move |tx| {
                let id = tx.connection("news", "mailchimp", now)?.id;
                job(tx, id, now)
            })
            .unwrap()
    }

    /// A sync that began and ended well, now.
    pub(super) fn synced(&self) {
        self.write(|tx, id, now| {
            let run = tx.begin_run("sync", Some(id), now)?;
            tx.end_run(run, "ok", None, now)
        });
    }

    /// One look; then a minute is over.
    pub(super) async fn look(&self) {
        self.watch
            .look(&self.jobs, self.refused.clone())
            .await
            .unwrap();
        self.pass(MINUTE);
    }

    pub(super) async fn looks(&self, times: usize) {
        for _ in 0..times {
            self.look().await;
        }
    }

    /// Looks for so long, once a minute.
    pub(super) async fn watch_for(&self, time: Millis) {
        self.looks(usize::try_from(time / MINUTE).unwrap()).await;
    }

    /// What the receiver was told: the alert and its state.
    pub(super) fn told(&self) -> Vec<String> {
        let said = |body: Value| {
            let text = |name: &str| body[name].as_str().unwrap_or("-").to_owned();
            format!("{} {}", text("key"), text("state"))
        };
        self.bodies().into_iter().map(said).collect()
    }

    pub(super) fn bodies(&self) -> Vec<Value> {
        let calls = self.receiver.calls().into_iter();
        calls
            .map(|call: Received| serde_json::from_slice(&call.body).unwrap())
            .collect()
    }

    pub(super) fn report(&self) -> Report {
        let config = &self.jobs.config;
        self.jobs
            .store
            .read(|conn| report(conn, config, Language::English))
            .unwrap()
    }

    pub(super) fn states(&self) -> Vec<String> {
        let alerts = self.report().alerts.into_iter();
        alerts
            .map(|alert| format!("{} {}", alert.key, alert.state))
            .collect()
    }

    /// A page of the connection: so many opens at an instant, of different people, and up to when all is read.
    pub(super) fn page(&self, opens: &[(Millis, u32)], through: Millis, rejected: u32) {
        let events = opens.iter().flat_map(|(at, number)| {
            (0..*number).map(|person| {
                let who = ContactRef {
                    id: None,
                    email: Address::parse(&format!("p{person}@canary.example")),
                };
                Event::new(who, EventKind::Open, millis(*at))
            })
        });
        let mut page = Page::empty(Cursor::encode(&through).unwrap(), true);
        page.events = events.collect();
        page.covered.push(Covered {
            kinds: vec![EventKind::Open],
            from: None,
            through: millis(through),
        });
        page.rejects = (0..rejected)
            .map(|row| Reject {
                id: Some(format!("{through}-{row}")),
                at: None,
                reason: "no date".into(),
            })
            .collect();
        let zone = Zone::new(self.jobs.config.zone);
        self.write(move |tx, id, now| {
            tx.declare_stream(id, ACTIVITY, &[EventKind::Open])?;
            tx.commit_page(id, ACTIVITY, &page, &zone, now).map(drop)
        });
    }
}

pub(super) fn millis(at: Millis) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap()
}
