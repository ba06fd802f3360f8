//! The jobs: sync, score, plan, push. Each is idempotent, takes no input but
//! the configuration, and records its run before it begins.

mod cleaning;
mod storage;
mod trouble;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use engaged_connectors::{Capabilities, Clock, Connector, http::Transport, webhook::Webhook};
use futures_util::future::join_all;
use serde::Serialize;

use crate::{
    alert::Teller,
    automation,
    care::disk::{self, Space},
    clean::apply::CleanReport,
    config::{Config, ConnectionConfig, Environment, Platform},
    diagnostic::Expected,
    hooks::Door,
    platform,
    push::{
        apply::{Push, PushError, PushReport},
        guard::Limits,
        plan::{self, Plan},
    },
    rescore::{ScoreReport, past::look_back, rescore},
    score::{calendar::Zone, facts::ConnectionId},
    store::{Brought, Conn, ContactId, Store, StoreError},
    sync::{StreamReport, Sync, SyncReport},
    verdict::Machines,
};

pub use trouble::Trouble;

/// The number of an address that was never called: no connection has it.
const NEVER_CALLED: ConnectionId = ConnectionId(0);

/// Where a job has come.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// A page of a stream was committed.
    Page(&'a str, &'a StreamReport),
    /// So many of so many contacts are scored.
    Scored(u64, u64),
}

/// Tells somebody where a job has come.
pub type Watch = Arc<dyn Fn(Progress<'_>) + Send + std::marker::Sync>;

/// Says how much room there is on the database's disk; `None` where that is not known.
pub type Room = Arc<dyn Fn() -> Option<Space> + Send + std::marker::Sync>;

/// What the jobs of one configuration work with.
pub struct Jobs {
    /// The configuration.
    pub config: Arc<Config>,
    /// The store.
    pub store: Store,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    zone: Arc<Zone>,
    /// Who is told when something is wrong.
    pub teller: Option<Teller>,
    connectors: BTreeMap<String, Box<dyn Connector>>,
    /// Where each connection's deliveries come in.
    pub doors: BTreeMap<String, Door>,
    /// Connections that were checked by this process, with the rights that their keys lack.
    checked: Mutex<BTreeMap<String, Vec<String>>>,
    watch: Watch,
    /// How much room the database's disk has.
    pub room: Room,
}

/// What one whole cycle did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CycleReport {
    /// The version of this shape.
    pub schema: u32,
    /// Writes that the platforms acknowledged.
    pub applied: u64,
    /// Each connection's sync.
    pub sync: Vec<SyncReport>,
    /// The scores.
    pub score: ScoreReport,
    /// Who was taken off lists, or came back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clean: Vec<CleanReport>,
    /// Each connection's push.
    pub push: Vec<PushReport>,
}

impl Jobs {
    /// Makes the connectors of all connections and puts writes that were under way when the last
    /// process ended in doubt.
    pub fn new(
        config: Config,
        store: Store,
        clock: Arc<dyn Clock>,
        environment: &Environment,
        transport: &Arc<dyn Transport>,
        watch: Watch,
    ) -> Result<Self, Expected> {
        let mut jobs = Self::looking(config, store, clock, environment, transport)?;
        let now = jobs.clock.now().timestamp_millis();
        let machines = Machines::new(jobs.config.machines.clone());
        jobs.store.judge_by(Arc::new(machines))?;
        jobs.store.track_by(&jobs.config.rules.tracking, now)?;
        jobs.store
            .keep_for(jobs.config.retention.as_ref(), &jobs.zone);
        jobs.store
            .write(move |tx| tx.doubt_attempts(now).map(|_| ()))?;
        jobs.watch = watch;
        Ok(jobs)
    }

    /// Jobs of another configuration on the same store. As with [`Jobs::new`], whatever was under way is put in
    /// doubt: nothing of these jobs may run meanwhile.
    pub fn renewed(
        &self,
        config: Config,
        environment: &Environment,
        transport: &Arc<dyn Transport>,
    ) -> Result<Self, Expected> {
        let (store, clock) = (self.store.clone(), Arc::clone(&self.clock));
        let watch = Arc::clone(&self.watch);
        Self::new(config, store, clock, environment, transport, watch)
    }

    /// As [`Jobs::new`], for a store that is only read: good for [`Jobs::plan`] alone.
    pub fn looking(
        config: Config,
        store: Store,
        clock: Arc<dyn Clock>,
        environment: &Environment,
        transport: &Arc<dyn Transport>,
    ) -> Result<Self, Expected> {
        let mut connectors = BTreeMap::new();
        for connection in config.written_to() {
            let automations = &config.automations;
            let connector =
                platform::connector(connection, automations, environment, &clock, transport)?;
            connectors.insert(connection.name.clone(), connector);
        }
        let mut doors = BTreeMap::new();
        for connection in &config.connections {
            let door = Door::of(connection, environment)?;
            doors.extend(door.map(|door| (connection.name.clone(), door)));
        }
        let teller = platform::teller(&config.alerts, environment, &clock, transport)?;
        let zone = Arc::new(Zone::new(config.zone));
        let database = config.database.clone();
        Ok(Self {
            room: Arc::new(move || disk::space(&database)),
            config: Arc::new(config),
            store,
            clock,
            zone,
            teller,
            connectors,
            doors,
            checked: Mutex::default(),
            watch: Arc::new(|_| ()),
        })
    }

    /// Puts a connector in the place of a connection's.
    #[cfg(test)]
    pub(crate) fn put(&mut self, connection: &str, connector: Box<dyn Connector>) {
        self.connectors.insert(connection.to_owned(), connector);
    }

    /// What a connection's connector can do.
    pub fn capabilities(&self, connection: &str) -> Option<&Capabilities> {
        Some(self.connectors.get(connection)?.capabilities())
    }

    /// What a connection's platform sends by itself, if that is understood.
    pub fn webhook(&self, connection: &str) -> Option<&dyn Webhook> {
        self.connectors.get(connection)?.webhook()
    }

    /// The connections, or the one of that name.
    pub fn connections(&self, only: Option<&str>) -> Vec<&ConnectionConfig> {
        let all = self.config.connections.iter();
        all.filter(|connection| only.is_none_or(|only| only == connection.name))
            .collect()
    }

    /// Syncs all connections at once, or the one of that name; `full` reads them from their beginning
    /// again. One that fails does not keep the others from it.
    pub async fn sync(
        &self,
        only: Option<&str>,
        full: bool,
    ) -> Result<Vec<SyncReport>, StoreError> {
        let connections = self.connections(only).into_iter();
        let reports = join_all(connections.map(|connection| self.sync_one(connection, full))).await;
        reports.into_iter().collect()
    }

    async fn sync_one(
        &self,
        connection: &ConnectionConfig,
        full: bool,
    ) -> Result<SyncReport, StoreError> {
        let name = connection.name.as_str();
        let Some(connector) = self.connectors.get(name) else {
            return Ok(SyncReport::default());
        };
        let run = self.begin("sync", Some(connection)).await?;
        if let Some(why) = self.no_room() {
            let report = SyncReport::without_room(name, why.clone());
            self.end_as(run, outcome(Some(&why)), Some(why), None)
                .await?;
            return Ok(report);
        }
        let watch = Arc::clone(&self.watch);
        let progress = move |report: &StreamReport| watch(Progress::Page(name, report));
        let blocked = self.store.read(|conn| conn.blocked(name))?;
        let sync = Sync {
            store: &self.store,
            name,
            connector: connector.as_ref(),
            zone: &self.zone,
            clock: self.clock.as_ref(),
            max_list_shrink: self.config.guards.max_list_shrink,
            full,
            check: blocked.is_some() || !self.checked().contains_key(name),
            progress: &progress,
        };
        let mut report = sync.run().await?;
        self.remember(name, &mut report);
        let trouble = report.blocked.clone().or_else(|| {
            report
                .streams
                .iter()
                .find_map(|stream| stream.error.clone())
        });
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let brought = Brought {
            events: number(report.events()),
            contacts: number(report.new_contacts()),
        };
        let lacks = (!report.missing.is_empty())
            .then(|| format!("the key lacks: {}", report.missing.join(", ")));
        let outcome = outcome(trouble.as_ref());
        let detail = trouble.or(lacks);
        self.end_as(run, outcome, detail, Some(brought)).await?;
        Ok(report)
    }

    fn checked(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vec<String>>> {
        // A map of finished entries stays whole when somebody panics beside it.
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what a check has said, and tells it again with every later sync.
    fn remember(&self, name: &str, report: &mut SyncReport) {
        if report.checked {
            self.checked()
                .insert(name.to_owned(), report.missing.clone());
        } else if let Some(missing) = self.checked().get(name) {
            report.missing.clone_from(missing);
        }
    }

    /// Scores the contacts that need it, or all.
    pub async fn score(&self, full: bool) -> Result<ScoreReport, StoreError> {
        let run = self.begin("score", None).await?;
        let (store, config) = (self.store.clone(), Arc::clone(&self.config));
        let (clock, watch) = (Arc::clone(&self.clock), Arc::clone(&self.watch));
        let job = move || {
            let report = rescore(&store, &config, clock.as_ref(), full, &|done, of| {
                watch(Progress::Scored(done, of));
            })?;
            look_back(&store, &config, clock.as_ref())?;
            Ok::<_, StoreError>(report)
        };
        let report = tokio::task::spawn_blocking(job)
            .await
            .map_err(|error| StoreError::ended(&error))??;
        self.end(run, None).await?;
        Ok(report)
    }

    /// Works out all writes; writes nothing.
    pub async fn plan(&self) -> Result<Plan, Trouble> {
        let mut plans = Vec::new();
        for connection in self.config.written_to() {
            if let Some(push) = self.push_of(connection)? {
                plans.push(
                    push.plan()
                        .await
                        .map_err(|error| Trouble::new(connection, error))?,
                );
            }
        }
        Ok(plan::whole(plans))
    }

    /// Carries out all writes that no guard holds. With a fingerprint: only those of the plan that has it.
    pub async fn apply(&self, fingerprint: Option<&str>) -> Result<Vec<PushReport>, Trouble> {
        let mut looked_at = None;
        if let Some(expected) = fingerprint {
            let plan = self.plan().await?;
            if plan.fingerprint != expected {
                let error = PushError::Stale {
                    expected: expected.to_owned(),
                    found: plan.fingerprint,
                };
                return Err(Trouble {
                    connection: String::new(),
                    error,
                });
            }
            looked_at = Some(plan);
        }
        self.push(None, looked_at.as_ref()).await
    }

    /// Tries at once, on all connections or one, what waits for another try or was refused less than a day ago;
    /// with it goes whatever else a plan has there.
    pub async fn retry(&self, only: Option<&str>) -> Result<Vec<PushReport>, Trouble> {
        let names: Vec<String> = self
            .config
            .written_to()
            .filter(|connection| only.is_none_or(|only| only == connection.name))
            .map(|connection| connection.name.clone())
            .collect();
        let now = self.clock.now().timestamp_millis();
        self.store
            .write_async(move |tx| {
                for known in tx.connections()? {
                    if names.contains(&known.name) {
                        tx.retry_now(known.id, now)?;
                    }
                }
                Ok(())
            })
            .await?;
        self.push(only, None).await
    }

    /// Pushes to all connections, or to one; where a plan was looked at, only if it is still that.
    async fn push(
        &self,
        only: Option<&str>,
        looked_at: Option<&Plan>,
    ) -> Result<Vec<PushReport>, Trouble> {
        let mut reports = Vec::new();
        self.compare_restored().await?;
        let all = self.config.written_to();
        for connection in all.filter(|each| only.is_none_or(|only| only == each.name)) {
            let Some(push) = self.push_of(connection)? else {
                reports.extend(self.blocked_push(connection)?);
                continue;
            };
            // Each part is compared once more in the transaction that queues it.
            let part = looked_at.map(|plan| plan.part(&connection.name));
            let run = self.begin("push", Some(connection)).await?;
            // What was first heard of just now has its number by now.
            let push = self.push_of(connection)?.unwrap_or(push);
            let report = push.apply(part).await;
            let trouble = match &report {
                Ok(report) => report.trouble().cloned(),
                Err(error) => Some(error.to_string()),
            };
            self.end(run, trouble).await?;
            let report = report.map_err(|error| Trouble::new(connection, error))?;
            self.keep_shadow(connection, &report).await?;
            reports.push(report);
        }
        Ok(reports)
    }

    /// Keeps what a connection in its shadow period would have been told just now.
    async fn keep_shadow(
        &self,
        connection: &ConnectionConfig,
        report: &PushReport,
    ) -> Result<(), StoreError> {
        let asked = report.refused.is_none() && report.unavailable.is_none();
        if connection.shadow_until.is_none() || !asked {
            return Ok(());
        }
        let now = self.clock.now().timestamp_millis();
        let today = self.zone.day(now);
        let name = connection.name.clone();
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let counts: Vec<_> = report
            .would
            .iter()
            .map(|each| {
                (
                    each.verb.to_owned(),
                    each.target.clone(),
                    number(each.contacts),
                )
            })
            .collect();
        self.store
            .write_async(move |tx| {
                let known = tx.connections()?.into_iter().find(|each| each.name == name);
                match known {
                    Some(known) => tx.keep_shadow(known.id, today, &counts, now),
                    None => Ok(()),
                }
            })
            .await
    }

    /// Sync, score, plan and guarded apply.
    pub async fn cycle(&self, only: Option<&str>) -> Result<CycleReport, Trouble> {
        self.read_inbox().await?;
        let sync = self.sync(only, false).await?;
        self.retain_daily().await?;
        let score = self.score(false).await?;
        let clean = self.clean().await?;
        let push = self.apply(None).await?;
        let applied = push.iter().map(|report| report.applied).sum();
        Ok(CycleReport {
            schema: 1,
            applied,
            sync,
            score,
            clean,
            push,
        })
    }

    /// Records that a job without work of its own ran.
    pub async fn note(&self, job: &'static str) -> Result<(), StoreError> {
        let run = self.begin(job, None).await?;
        self.end(run, None).await
    }

    /// A connection's push, if it has anything to show and was ever synced.
    fn push_of<'a>(
        &'a self,
        connection: &'a ConnectionConfig,
    ) -> Result<Option<Push<'a>>, StoreError> {
        let known = self.store.read(Conn::connections)?;
        let known = known.into_iter().find(|each| each.name == connection.name);
        // An address that is called is never read, and so is first heard of when it is first called.
        let called = (connection.platform == Platform::Webhook).then_some(NEVER_CALLED);
        let id = known.map(|known| known.id).or(called);
        let nothing = self.has_nothing_to_write(connection) && !self.has_to_take_off(id)?;
        let (Some(id), Some(connector)) = (id, self.connectors.get(&connection.name)) else {
            return Ok(None);
        };
        let blocked = self.store.read(|conn| conn.blocked(&connection.name))?;
        if nothing || blocked.is_some() {
            return Ok(None);
        }
        Ok(Some(Push {
            store: &self.store,
            connection,
            id,
            rules: &self.config.rules,
            rules_hash: &self.config.rules_hash,
            connector: connector.as_ref(),
            automations: &self.config.automations,
            limits: Limits {
                score_change: self.config.guards.max_score_change,
                starts: u64::from(self.config.guards.max_starts),
            },
            only: None,
            clock: self.clock.as_ref(),
        }))
    }

    /// Whether something of ours is to come off a connection, though nothing is configured to be shown there any more.
    fn has_to_take_off(&self, id: Option<ConnectionId>) -> Result<bool, StoreError> {
        let Some(id) = id else { return Ok(false) };
        self.store.read(|conn| {
            let wanted = conn.retracted_at(id)?.is_some() || conn.count_objecting()? > 0;
            Ok(wanted && conn.shows_anything(id)?)
        })
    }

    /// Takes all that is ours off one contact, who is being erased, on every connection that was ever written to; nobody
    /// else's writes go along. What could not be done stands in the reports.
    pub async fn take_off(&self, contact: ContactId) -> Result<Vec<PushReport>, Trouble> {
        let mut reports = Vec::new();
        for connection in self.config.written_to() {
            let known = self.store.read(Conn::connections)?;
            let id = known.iter().find(|known| known.name == connection.name);
            let shown = id.map(|known| known.id);
            let Some(id) = shown.filter(|_| connection.platform != Platform::Webhook) else {
                continue;
            };
            if !self.store.read(|conn| conn.shows_on(id, contact))? {
                continue;
            }
            let Some(push) = self.push_of(connection)? else {
                reports.extend(self.blocked_push(connection)?);
                continue;
            };
            let push = Push {
                only: Some(contact),
                ..push
            };
            let run = self.begin("push", Some(connection)).await?;
            let report = push.apply(None).await;
            let trouble = match &report {
                Ok(report) => report.trouble().cloned(),
                Err(error) => Some(error.to_string()),
            };
            self.end(run, trouble).await?;
            reports.push(report.map_err(|error| Trouble::new(connection, error))?);
        }
        Ok(reports)
    }

    fn has_nothing_to_write(&self, connection: &ConnectionConfig) -> bool {
        let shows = !connection.push.fields.is_empty() || connection.push.tags.is_some();
        let mut starts = automation::on(&self.config.automations, &connection.name);
        !shows && starts.next().is_none()
    }

    /// What is to be said of a connection that has something to show and is blocked.
    fn blocked_push(
        &self,
        connection: &ConnectionConfig,
    ) -> Result<Option<PushReport>, StoreError> {
        let nothing = self.has_nothing_to_write(connection);
        let blocked = self.store.read(|conn| conn.blocked(&connection.name))?;
        let why = blocked.filter(|_| !nothing).map(|(why, _)| why);
        Ok(why.map(|why| PushReport {
            connection: connection.name.clone(),
            refused: Some(why),
            ..PushReport::default()
        }))
    }

    pub(super) async fn begin(
        &self,
        job: &'static str,
        connection: Option<&ConnectionConfig>,
    ) -> Result<i64, StoreError> {
        let now = self.clock.now().timestamp_millis();
        let named = connection.map(|each| (each.name.clone(), each.platform.as_str()));
        self.store
            .write_async(move |tx| {
                let id: Option<ConnectionId> = match named {
                    Some((name, platform)) => Some(tx.connection(&name, platform, now)?.id),
                    None => None,
                };
                tx.begin_run(job, id, now)
            })
            .await
    }

    pub(super) async fn end(&self, run: i64, trouble: Option<String>) -> Result<(), StoreError> {
        let outcome = outcome(trouble.as_ref());
        self.end_as(run, outcome, trouble, None).await
    }

    async fn end_as(
        &self,
        run: i64,
        outcome: &'static str,
        detail: Option<String>,
        brought: Option<Brought>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now().timestamp_millis();
        self.store
            .write_async(move |tx| {
                if let Some(brought) = brought {
                    tx.set_brought(run, brought)?;
                }
                tx.end_run(run, outcome, detail.as_deref(), now)
            })
            .await
    }
}

const fn outcome(trouble: Option<&String>) -> &'static str {
    match trouble {
        Some(_) => "trouble",
        None => "ok",
    }
}

#[cfg(test)]
mod tests;
