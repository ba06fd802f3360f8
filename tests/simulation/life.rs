//! One life: what happens in it, drawn from its seed, and how it is brought to rest.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use engaged::{
    clock::Clock,
    config::{self, Environment},
    entries,
    push::word::{Approval, approve},
    schedule::jobs::{Jobs, Progress},
    store::Resolution,
};
use engaged_connectors::http::Transport;
use engaged_sandbox::{
    fault::{Fault, Faults, Rule, When},
    people::{Publication, time},
    rng::{Rng, mix},
};
use tokio::runtime::Runtime;

use crate::{
    clock::Moved,
    judge,
    line::{Death, Line, NAMES, Weather},
    planted::{Bug, Driver, Seam},
    stage::{PREFIX, Scene, Stage, open},
    tally::Tally,
};

/// Mailchimp's reports are read again for two weeks; a life in which they could not be is another story.
const DAYS: i64 = 12;
/// What happens in a life.
const STEPS: u32 = 16;
/// Within so many cycles after the trouble everything is as it should be.
const REST: usize = 6;
/// Whoever may start enters here.
const AUTOMATION: &str = "[guards]\nmax_score_change = 0.5\n[[automations]]\nname = \"Series\"\nwhen = \"engagement >= 3\"\n\
    until = \"engagement < 1\"\nsettle = \"0 minutes\"\nstart = { connection = \"shop\", automation = \"journey 7 step 1\" }\n\
    [scores.engagement]";
/// The field of our numbers, and what somebody types into it.
pub const NUMBER: &str = "ENGSCORE";
pub const TYPED: i64 = 4711;
/// The journey of its start.
pub const JOURNEY: &str = " journey 7 step 1";

/// A life under way.
pub struct Life {
    pub stage: Arc<Stage>,
    pub clock: Arc<Moved>,
    pub line: Arc<Line>,
    runtime: Runtime,
    bug: Option<&'static Bug>,
    chance: Rng,
    jobs: Option<Jobs>,
    weather: [(Weather, u32); NAMES.len()],
    days: i64,
    edited: bool,
    /// What becomes of what somebody else edited: `push.on_drift`.
    pub on_drift: &'static str,
    /// What somebody edited by hand where it stays so: whose, and the tag or [`NUMBER`].
    pub by_hand: BTreeSet<(String, String)>,
    /// How often the shop had repeated an answer, and how many complete readings without that are still to come.
    repeats: (u64, u32),
    /// When the shop was last read completely, in seconds, and what it showed then.
    pub read: (i64, Vec<String>),
    pub broken: Vec<String>,
    log: Vec<String>,
}

impl Life {
    /// A life at its beginning, of an engine with a bug, if there is one.
    pub fn new(seed: u64, bug: Option<&'static Bug>) -> Self {
        let stage = Stage::new(&Scene {
            people: 12,
            seed,
            // A life passes the night in which the clocks go back.
            end: Utc.with_ymd_and_hms(2026, 10, 18, 5, 33, 0).single(),
            ghost: Some(Publication::Monthly),
            mailchimp: true,
            ..Scene::default()
        });
        // What waiting between two tries is drawn from.
        fastrand::seed(seed);
        let stage = Arc::new(stage);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let end = time(stage.world.read().unwrap().end());
        let clock = runtime.block_on(async { Arc::new(Moved::new(end)) });
        let line = Arc::new(Line::new(Arc::clone(&stage), bug));
        let life = Self {
            stage,
            clock,
            line,
            runtime,
            bug,
            chance: Rng::new(mix(&[seed, 7])),
            jobs: None,
            weather: Default::default(),
            days: 0,
            edited: false,
            // Lives of before mean what they meant.
            on_drift: match seed % 14 {
                2 => "alert",
                9 => "theirs",
                _ => "ours",
            },
            by_hand: BTreeSet::new(),
            repeats: (0, 0),
            read: (0, Vec::new()),
            broken: Vec::new(),
            log: Vec::new(),
        };
        life.configure();
        life
    }

    /// Everything that the database holds.
    pub fn digest(&mut self) -> Vec<String> {
        self.jobs = None;
        judge::digest(&self.stage)
    }

    fn configure(&self) {
        let points = if self.edited { 2 } else { 1 };
        self.stage.configure(|config| {
            let rule = format!("{{ when = \"open\", points = {points},");
            config
                .replace(
                    "mode = \"live\"",
                    &format!("mode = \"live\"\npush.on_drift = \"{}\"", self.on_drift),
                )
                .replace("[scores.engagement]", AUTOMATION)
                .replace("{ when = \"open\", points = 1,", &rule)
        });
    }

    fn note(&mut self, what: &str) {
        let now = self.now();
        self.log.push(format!("{now} {what}"));
    }

    pub fn now(&self) -> DateTime<Utc> {
        let _within = self.runtime.enter();
        self.clock.now()
    }

    /// The process as it is, or a new one.
    fn jobs(&mut self) -> &Jobs {
        if self.jobs.is_none() {
            let path = self.stage.program.path().join("engaged.toml");
            let config = config::load(&path, &Environment::new()).unwrap();
            let _within = self.runtime.enter();
            let store = open(&config.database, self.clock.as_ref());
            let clock: Arc<dyn Clock> = self.clock.clone();
            let line: Arc<dyn Transport> = self.line.clone();
            let watch = Arc::new(|_: Progress<'_>| ());
            self.jobs =
                Some(Jobs::new(config, store, clock, &Environment::new(), &line, watch).unwrap());
        }
        self.jobs.as_ref().unwrap()
    }

    /// Asks something of the process.
    pub fn with_jobs<T>(&mut self, ask: impl FnOnce(&Jobs) -> T) -> T {
        self.jobs();
        let _within = self.runtime.enter();
        ask(self.jobs.as_ref().unwrap())
    }

    fn faults(&self, connection: usize) -> &Faults {
        if connection == 0 {
            self.stage.site_faults()
        } else {
            self.stage.shop().faults()
        }
    }

    /// Lives, rests and is judged; what was broken.
    pub fn live(&mut self, tally: &mut Tally) -> Vec<String> {
        // At first all is well: there is something to lose. And the first push waits for a person.
        if self.is_driven(Driver::AsksNobody) {
            self.works(None, tally);
            self.answers(tally);
        }
        self.works(None, tally);
        if !self.stage.writes().is_empty() {
            let finding = "something was written before anybody let it pass";
            self.broken.push(finding.into());
        }
        self.answers(tally);
        self.works(None, tally);
        self.answers(tally);
        for _ in 0..STEPS {
            self.passes(tally);
            self.turns(tally);
            self.happens(tally);
            let death = self.death();
            self.works(death, tally);
            if !self.broken.is_empty() {
                break;
            }
        }
        if self.broken.is_empty() {
            self.rests(tally);
        }
        for connection in 0..NAMES.len() {
            for (rule, fired) in self.faults(connection).report() {
                tally.times(storm(rule.fault), fired);
            }
        }
        let struck = [0, 1]
            .map(|kind: usize| self.line.struck[kind].load(std::sync::atomic::Ordering::SeqCst));
        tally.times("a platform could not be reached", struck[0]);
        tally.times("a platform answered with a web page", struck[1]);
        if !self.broken.is_empty() && self.bug.is_none() {
            println!("{}", self.log.join("\n"));
        }
        std::mem::take(&mut self.broken)
    }

    fn is_driven(&self, driver: Driver) -> bool {
        matches!(self.bug, Some(Bug { seam: Seam::Driven(own), .. }) if *own == driver)
    }

    /// Time passes.
    fn passes(&mut self, tally: &mut Tally) {
        match self.chance.below(10) {
            0..=4 if self.days < DAYS => self.day(tally),
            5 => {
                self.clock.go(TimeDelta::minutes(-40));
                tally.count("the clock went back");
                self.note("the clock went back");
            }
            _ => self.clock.go(TimeDelta::minutes(20)),
        }
    }

    fn day(&mut self, tally: &mut Tally) {
        self.days += 1;
        self.stage.day_of_news();
        // The clock never lies behind what the platforms show.
        let end = time(self.stage.world.read().unwrap().end());
        let behind = end - self.now();
        self.clock
            .go(behind.max(TimeDelta::zero()) + TimeDelta::minutes(5));
        tally.count("a day passed with news");
        self.note("a day");
    }

    /// The weather turns.
    fn turns(&mut self, tally: &mut Tally) {
        for (connection, _) in NAMES.iter().enumerate() {
            if self.weather[connection].1 > 0 {
                self.weather[connection].1 -= 1;
                continue;
            }
            self.faults(connection).end_all();
            let weather = match self.chance.below(10) {
                0 => Weather::Down,
                1 => Weather::Portal,
                2 => Weather::Revoked,
                3..=5 => Weather::Storm,
                _ => Weather::Clear,
            };
            match weather {
                Weather::Storm => self.storm(connection),
                Weather::Revoked => {
                    tally.count("a key was refused");
                    self.faults(connection)
                        .add(Rule::new("", When::From(1), Fault::RevokedKey));
                }
                _ => {}
            }
            self.weather[connection] = (weather, self.chance.below(3));
            self.line.set(connection, weather);
            self.note(&format!("{}: {weather:?}", NAMES[connection]));
        }
    }

    /// Everything goes wrong now and then.
    fn storm(&self, connection: usize) {
        let plan = engaged_sandbox::fault::FaultPlan::stormy(0, 0.04);
        let faults = [Fault::LoginPage, Fault::HalfBody, Fault::Elsewhere(9)];
        let more = faults.map(|fault| Rule::new("", When::Chance(0.02), fault));
        for rule in plan.rules.into_iter().chain(more) {
            self.faults(connection).add(rule);
        }
    }

    /// Somebody does something.
    fn happens(&mut self, tally: &mut Tally) {
        match self.chance.below(8) {
            0 => {
                self.edited = !self.edited;
                self.configure();
                self.jobs = None;
                tally.count("rules were edited");
                self.note("rules were edited");
            }
            1 => {
                self.jobs = None;
                tally.count("started anew");
                self.note("started anew");
            }
            2 => self.edits(tally),
            3 => self.plans(tally),
            4 | 5 => self.answers(tally),
            _ => {}
        }
    }

    /// Somebody edits what we show: takes a tag off and, where that is to stay, types numbers as well.
    fn edits(&mut self, tally: &mut Tally) {
        let contacts = self.stage.shop().contacts();
        let with = contacts.iter().find_map(|contact| {
            let tag = contact.tags.iter().find(|tag| tag.starts_with(PREFIX))?;
            Some((contact.address.clone(), tag.clone()))
        });
        let Some((address, tag)) = with else { return };
        let stays = self.on_drift != "ours";
        let what = if stays && self.by_hand.len() % 2 == 1 {
            self.stage.shop().number_by_hand(&address, NUMBER, TYPED);
            NUMBER.to_owned()
        } else if self.stage.shop().untag_by_hand(&address, &tag) {
            tag
        } else {
            return;
        };
        tally.count("somebody edited what we show");
        self.note(&format!("somebody edited {what} of {address}"));
        if stays {
            self.by_hand.insert((address, what));
        }
    }

    /// A plan is looked at, and nothing is written.
    fn plans(&mut self, tally: &mut Tally) {
        self.jobs();
        let (writes, files) = (self.stage.writes().len(), self.stage.files());
        let jobs = self.jobs.as_ref().unwrap();
        if self.is_driven(Driver::PlanApplies) {
            let _ = self.runtime.block_on(jobs.apply(None));
        }
        let planned = self.runtime.block_on(jobs.plan());
        tally.count("a plan was looked at");
        if self.stage.writes().len() > writes || self.stage.files() != files {
            self.broken.push("a plan wrote something".into());
        }
        let planned = planned
            .map(|plan| plan.connections.len())
            .map_err(|trouble| trouble.error.to_string());
        self.note(&format!("planned {planned:?}"));
    }

    /// Whether and when the process dies.
    fn death(&mut self) -> Option<Death> {
        let dies = self.chance.below(4) == 0;
        dies.then(|| Death {
            at: 1 + u64::from(self.chance.below(40)),
            after: self.chance.chance(0.5),
        })
    }

    /// The process works until it is done or dies.
    fn works(&mut self, death: Option<Death>, tally: &mut Tally) {
        self.line.dies(death);
        self.jobs();
        let jobs = self.jobs.as_ref().unwrap();
        let seam = self.bug.map(|bug| bug.seam);
        let always = self.is_driven(Driver::AlwaysComplete);
        let work = async {
            let mut complete = Vec::new();
            for name in NAMES {
                let reports = jobs
                    .sync(Some(name), false)
                    .await
                    .map_err(|error| error.to_string())?;
                complete.extend(reports.iter().map(|report| always || report.is_complete()));
            }
            if let Some(Seam::Synced(sql)) = seam {
                self.stage.database().execute_batch(sql).unwrap();
            }
            if !self.is_driven(Driver::NeverScores) {
                jobs.score(false).await.map_err(|error| error.to_string())?;
            }
            let pushed = jobs
                .apply(None)
                .await
                .map(|reports| reports.iter().map(|report| report.applied).sum::<u64>());
            Ok::<_, String>((
                complete,
                pushed.map_err(|trouble| trouble.error.to_string()),
            ))
        };
        let line = Arc::clone(&self.line);
        let ended = self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = line.died.notified() => None,
                ended = work => Some(ended),
            }
        });
        self.line.dies(None);
        let repeated = self.repeated();
        if let Some(Seam::Stored(sql)) = seam {
            self.stage.database().execute_batch(sql).unwrap();
        }
        match ended {
            None => {
                self.jobs = None;
                let after = death.is_some_and(|death| death.after);
                tally.count(if after {
                    "died after a request was carried out"
                } else {
                    "died before a request was carried out"
                });
                self.note(&format!("died: {death:?}"));
            }
            Some(Err(error)) => self.broken.push(format!("the store: {error}")),
            Some(Ok((complete, pushed))) => self.worked(&complete, &pushed, repeated),
        }
        let more = judge::at_any_time(self);
        self.broken.extend(more);
    }

    /// What a turn that was not cut off says is held against what really was.
    fn worked(&mut self, complete: &[bool], pushed: &Result<u64, String>, repeated: bool) {
        for (connection, complete) in complete.iter().enumerate() {
            let weather = self.weather[connection].0;
            if *complete && [Weather::Down, Weather::Portal, Weather::Revoked].contains(&weather) {
                self.broken.push(format!(
                    "a sync of {} said that it was complete: {weather:?}",
                    NAMES[connection]
                ));
            }
        }
        self.note(&format!("worked: {complete:?} {pushed:?}"));
        if complete.get(1) == Some(&true) && !self.is_driven(Driver::AlwaysComplete) {
            let (_, shown) = self.stage.shop_found_and_true();
            self.read = (self.now().timestamp(), shown);
        }
        if complete == [true, true] && !repeated {
            self.repeats.1 = self.repeats.1.saturating_sub(1);
        }
        let more = judge::scored(self, false);
        self.broken.extend(more);
        // An old answer to the very question that was asked cannot be told from a new one: then a day is called
        // complete too soon, until it is read again. The first reading may only end the pass with the old answer.
        if self.repeats.1 == 0 {
            let more = judge::covered(self);
            self.broken.extend(more);
        }
    }

    /// Whether the shop repeated an answer since this was asked last.
    fn repeated(&mut self) -> bool {
        let report = self.faults(1).report().into_iter();
        let repeats = report.filter(|(rule, _)| rule.fault == Fault::DuplicatePage);
        let fired = repeats.map(|(_, fired)| fired).sum();
        let repeated = fired > self.repeats.0;
        self.repeats = (fired, if repeated { 2 } else { self.repeats.1 });
        repeated
    }

    /// The trouble ends, a person answers, and within some cycles all is as it should be; then there is silence.
    fn rests(&mut self, tally: &mut Tally) {
        for connection in 0..NAMES.len() {
            self.faults(connection).end_all();
            self.weather[connection] = (Weather::Clear, 0);
            self.line.set(connection, Weather::Clear);
        }
        let mut writes = usize::MAX;
        for cycle in 0..REST {
            // What was refused is not tried again for a day. On the last day nothing more comes.
            let day = if cycle < REST - 2 {
                TimeDelta::hours(25)
            } else {
                TimeDelta::minutes(5)
            };
            self.clock.go(day);
            self.answers(tally);
            let before = self.stage.writes().len();
            self.works(None, tally);
            self.answers(tally);
            writes = self.stage.writes().len() - before;
            self.note(&format!("rest {cycle}: {writes} writes"));
        }
        if writes > 0 {
            self.broken.push(format!(
                "after {REST} quiet cycles there are still {writes} requests that write"
            ));
        }
        let found = judge::at_rest(self);
        self.broken.extend(found);
        tally.times("an edit stayed", judge::edits_that_stayed(self));
        let (started, doubted) = judge::starts(&self.stage);
        tally.times("a start went out", started);
        tally.times("a start is still in doubt", doubted);
    }

    /// A person lets pass what is held, and says of each doubt what the platform shows.
    fn answers(&mut self, tally: &mut Tally) {
        let now = self.now().timestamp_millis();
        let started = judge::started(&self.stage);
        let known = judge::known_starts(&self.stage);
        self.jobs();
        let jobs = self.jobs.as_ref().unwrap();
        let held = jobs.store.read(engaged::store::Conn::open_guards).unwrap();
        let names: BTreeSet<String> = held.into_iter().map(|guard| guard.name).collect();
        for guard in names {
            let approval = Approval {
                guard,
                connection: None,
                shown: None,
            };
            if approve(&jobs.store, &jobs.config, &approval, ("tom", now)).is_ok() {
                tally.count("a guard was approved");
            }
        }
        for (entry, contact) in judge::doubts(&self.stage) {
            tally.count("a start was in doubt");
            let word = if started.get(&contact).copied().unwrap_or(0)
                > known.get(&contact).copied().unwrap_or(0)
            {
                Resolution::Started
            } else {
                Resolution::Again
            };
            let said = entries::resolve(&jobs.store, entry, word, ("tom", now));
            if let Err(error) = said {
                self.broken.push(format!("{error:?}"));
            }
        }
    }
}

fn storm(fault: Fault) -> &'static str {
    match fault {
        Fault::Latency(_) => "a storm: latency",
        Fault::TooMany { .. } => "a storm: too many",
        Fault::ServerError(_) => "a storm: server error",
        Fault::CutBody => "a storm: cut body",
        Fault::DuplicatePage => "a storm: duplicate page",
        Fault::AnswerLost => "a storm: answer lost",
        Fault::NoAnswer => "a storm: no answer",
        Fault::RevokedKey => "a request met a refused key",
        Fault::LoginPage => "a storm: login page",
        Fault::HalfBody => "a storm: half body",
        Fault::Elsewhere(_) => "a storm: elsewhere",
    }
}
