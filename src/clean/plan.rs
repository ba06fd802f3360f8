//! Whom a policy would take off now, in which order, and what stands in the way. Writes nothing.
//!
//! The same state gives the same fingerprint, so that what somebody looked at
//! can be told from what has become stale.

mod shape;

use std::collections::{BTreeMap, HashMap};

use engaged_connectors::model::Status;
use sha2::{Digest, Sha256};

use crate::{
    config::{CleaningPolicy, Then},
    holdout::{Key, holdout},
    rules::set::RuleSet,
    score::calendar::Millis,
    store::{CleaningCase, Conn, ContactId, Placed, Stage, StoreError, Which},
    sync::LIST_SHRUNK,
};

use super::{
    CLEANING, CleanError, Cleaning, Place,
    holdout::measure,
    judge::{Finding, Judge},
    life::Life,
    series::Series,
};

pub use self::shape::{CleaningPlan, Deed, Part, PolicyPlan, Row, Step};

/// How many contacts a plan shows.
const SAMPLE: usize = 20;
/// Without any sign of life in the whole store for so long, the sync is the likelier cause.
const QUIET_MS: Millis = 7 * 86_400_000;

/// A win-back that did not start so long after its time would have been over is asked for again.
const LOST_MS: Millis = 30 * 86_400_000;

/// How far a win-back has come.
enum WinBack {
    Running,
    Over,
    Lost,
}

/// What is asked of a plan.
pub struct Ask<'a> {
    /// The policy.
    pub policy: &'a CleaningPolicy,
    /// The rules that its conditions may read.
    pub rules: &'a RuleSet,
    /// The connections that it cleans.
    pub places: &'a [Place],
    /// The automations.
    pub series: &'a dyn Series,
    /// The present.
    pub now: Millis,
}

impl Cleaning<'_> {
    /// What all policies, or one, would do now.
    pub fn plan(&self, only: Option<&str>) -> Result<CleaningPlan, CleanError> {
        if let Some(name) = only {
            self.policy(name)?;
        }
        let mut policies = Vec::new();
        for policy in &self.config.cleaning {
            if only.is_none_or(|only| only == policy.name) {
                policies.push(self.plan_of(policy)?);
            }
        }
        Ok(CleaningPlan {
            schema: 1,
            policies,
        })
    }

    /// What one policy would do now.
    pub(super) fn plan_of(&self, policy: &CleaningPolicy) -> Result<PolicyPlan, StoreError> {
        let places = self.places(policy);
        let ask = Ask {
            policy,
            rules: &self.config.rules,
            places: &places,
            series: self.series.as_ref(),
            now: self.now(),
        };
        self.store.read(|conn| plan(conn, &ask))
    }
}

/// Works out what a policy would do now.
pub fn plan(conn: &Conn, ask: &Ask<'_>) -> Result<PolicyPlan, StoreError> {
    let judge = Judge::new(conn, ask.rules, ask.policy, ask.now)?;
    let cases = conn.open_cases(&ask.policy.name)?;
    let parts = parts(conn, ask)?;
    let open: Vec<&Place> = zip_open(ask.places, &parts);
    // Where nothing may be done anywhere, what would be done is shown all the same.
    let looked_at = if open.is_empty() {
        ask.places.iter().collect()
    } else {
        open.clone()
    };
    let ids: Vec<_> = looked_at.iter().map(|place| place.id).collect();
    let mailable = conn.mailable(&ids)?;
    let mut making = Making {
        ask,
        judge: &judge,
        cases: by_contact(&cases),
        places: looked_at,
        newest: None,
        machines: 0,
        asked: Vec::new(),
        taken: Vec::new(),
        unjudged: BTreeMap::new(),
        protected: BTreeMap::new(),
        plan: PolicyPlan {
            policy: ask.policy.name.clone(),
            when: ask.policy.text.clone(),
            then: ask.policy.then.as_str(),
            approve: ask.policy.approve.as_str(),
            first: ask
                .policy
                .first
                .as_ref()
                .map(|first| first.automation.clone()),
            mailable: mailable.len() as u64,
            ..PolicyPlan::default()
        },
    };
    conn.for_each_needed(Which::All, None, &judge.needs(), |contact, facts| {
        let life = Life::of(facts);
        making.newest = making.newest.max(life.any);
        if mailable.contains(&contact) {
            making.plan.ages.add(life.person, ask.now);
        }
        match judge.judge(facts, life) {
            Finding::Active => Ok(()),
            finding => making.take(conn, contact, finding, life),
        }
    })?;
    let held_out = cases.iter().filter(|case| case.stage == Stage::HeldOut);
    making.plan.holdout = measure(conn, held_out, ask.now)?;
    making.plan.held = stops(conn, &parts)?;
    making.plan.connections = parts;
    making.finish(conn)
}

/// Why a policy that has these connections may do nothing now, on any of them.
pub(super) fn stops(conn: &Conn, parts: &[Part]) -> Result<Vec<String>, StoreError> {
    let mut held = Vec::new();
    if conn.is_paused()? {
        held.push("writing is paused; `engaged resume` goes on".to_owned());
    }
    if conn.quarantine()?.is_some() {
        let why = "restored from a backup: nothing is written until `engaged approve restored`";
        held.push(why.to_owned());
    }
    if parts.iter().all(|part| part.held.is_some()) {
        let why = parts.iter().filter_map(|part| part.held.clone());
        let why: Vec<String> = why.collect();
        held.push(if why.is_empty() {
            "no connection of it was ever synced".to_owned()
        } else {
            why.join("; ")
        });
    }
    Ok(held)
}

/// The connections on which something may be done.
fn zip_open<'a>(places: &'a [Place], parts: &[Part]) -> Vec<&'a Place> {
    let pairs = places.iter().zip(parts);
    pairs
        .filter(|(_, part)| part.held.is_none())
        .map(|(place, _)| place)
        .collect()
}

/// What each connection of a policy offers, and why nothing is done there.
pub(super) fn parts(conn: &Conn, ask: &Ask<'_>) -> Result<Vec<Part>, StoreError> {
    let mut parts = Vec::new();
    for place in ask.places {
        let spec = place.spec(ask.policy.then);
        let name = &place.name;
        let held = if ask.policy.then != Then::Tag && spec.is_none() {
            Some(format!(
                "{name}: {} cannot {}",
                place.platform,
                ask.policy.then.as_str()
            ))
        } else if !place.live {
            Some(format!("{name} is read-only"))
        } else if conn.blocked(name)?.is_some() {
            Some(format!("{name} is blocked until its key works again"))
        } else if conn.open_guard(LIST_SHRUNK, place.id)?.is_some() {
            Some(format!("{name}: {LIST_SHRUNK} waits for `engaged approve`"))
        } else {
            None
        };
        parts.push(Part {
            connection: name.clone(),
            mode: if place.live { "live" } else { "read-only" },
            undone: spec.is_none_or(|spec| spec.undone),
            lost: spec.and_then(|spec| spec.lost),
            tag: place.tag(ask.policy),
            held,
        });
    }
    Ok(parts)
}

/// The case by which each contact is judged. Of contacts that became one, several are open: what keeps somebody on the
/// list goes before what takes them off.
fn by_contact(cases: &[CleaningCase]) -> HashMap<ContactId, &CleaningCase> {
    let mut by_contact: HashMap<ContactId, &CleaningCase> = HashMap::new();
    for case in cases {
        let known = by_contact.entry(case.contact).or_insert(case);
        if weight(case.stage) > weight(known.stage) {
            *known = case;
        }
    }
    by_contact
}

/// Which of a contact's open cases counts: the one of the highest weight, of equals the first.
const fn weight(stage: Stage) -> u8 {
    match stage {
        Stage::Kept => 4,
        Stage::Removed => 3,
        Stage::Candidate | Stage::ToAsk => 2,
        Stage::Asked => 1,
        Stage::HeldOut | Stage::CameBack | Stage::Spared => 0,
    }
}

/// A plan in the making.
struct Making<'a> {
    ask: &'a Ask<'a>,
    judge: &'a Judge<'a>,
    cases: HashMap<ContactId, &'a CleaningCase>,
    places: Vec<&'a Place>,
    /// The newest sign of life in the whole store.
    newest: Option<Millis>,
    /// Candidates that only machines opened for since a person was last seen.
    machines: u64,
    asked: Vec<Step>,
    taken: Vec<Step>,
    unjudged: BTreeMap<String, u64>,
    protected: BTreeMap<String, u64>,
    plan: PolicyPlan,
}

impl Making<'_> {
    /// Takes in one contact for whom the condition may hold.
    fn take(
        &mut self,
        conn: &Conn,
        contact: ContactId,
        finding: Finding,
        life: Life,
    ) -> Result<(), StoreError> {
        let placed = conn.placed(contact)?.into_iter().filter(|placed| {
            let meant = self
                .places
                .iter()
                .any(|place| place.id == placed.connection);
            meant && placed.status == Some(Status::Subscribed)
        });
        let placed: Vec<Placed> = placed.collect();
        if placed.is_empty() {
            return Ok(());
        }
        let silent_since = match finding {
            Finding::Active => return Ok(()),
            Finding::Unjudged(why) => {
                *self.unjudged.entry(why.to_owned()).or_default() += 1;
                return Ok(());
            }
            Finding::Protected(why) => {
                *self.protected.entry(why).or_default() += 1;
                return Ok(());
            }
            Finding::Silent(since) => since,
        };
        let case = self.cases.get(&contact).copied();
        match case.map(|case| case.stage) {
            Some(Stage::Removed | Stage::Candidate | Stage::ToAsk) => return Ok(()),
            Some(Stage::Kept) => {
                self.plan.kept += 1;
                return Ok(());
            }
            _ => {}
        }
        self.machines += u64::from(life.any > life.person);
        let policy = self.ask.policy;
        let step = |deed, placed| Step {
            contact,
            deed,
            silent_since,
            placed,
        };
        if let Some(case) = case.filter(|case| case.stage == Stage::Asked) {
            match self.win_back(conn, case)? {
                WinBack::Over => {
                    self.candidate(life);
                    self.taken.push(step(Deed::Take, placed));
                    return Ok(());
                }
                WinBack::Running => {
                    self.candidate(life);
                    self.plan.in_win_back += 1;
                    return Ok(());
                }
                // It never began: asked for once more.
                WinBack::Lost => {}
            }
        }
        if self.in_series(conn, contact)? {
            *self.unjudged.entry("in_series".to_owned()).or_default() += 1;
            return Ok(());
        }
        self.candidate(life);
        let salt = format!("cleaning {}", policy.name);
        if self.is_held_out(&placed, &salt) {
            self.plan.held_out += 1;
            self.plan.left_alone.push((contact, silent_since));
        } else if policy.first.is_some() {
            self.asked.push(step(Deed::Ask, placed));
        } else {
            self.taken.push(step(Deed::Take, placed));
        }
        Ok(())
    }

    /// Counts one for whom the condition holds and nothing stands before it.
    fn candidate(&mut self, life: Life) {
        self.plan.candidates += 1;
        self.plan.ages.add_candidate(life.person, self.ask.now);
    }

    /// Whether a contact is left alone, by its address: the same one also in a database that was built anew.
    fn is_held_out(&self, placed: &[Placed], salt: &str) -> bool {
        let share = self.ask.policy.holdout;
        if let Some(address) = placed.iter().find_map(|each| each.email.as_ref()) {
            return holdout(Key::Address(address), share, salt);
        }
        let first = placed.first().and_then(|first| {
            let place = self
                .places
                .iter()
                .find(|place| place.id == first.connection)?;
            Some((place.name.as_str(), first.platform_id.as_str()))
        });
        first.is_some_and(|(connection, id)| holdout(Key::Platform { connection, id }, share, salt))
    }

    /// Whether a series runs for a contact.
    fn in_series(&self, conn: &Conn, contact: ContactId) -> Result<bool, StoreError> {
        let started = self.ask.series.last_started(conn, contact)?;
        let lasts = self.ask.policy.series();
        Ok(started.is_some_and(|started| !self.judge.is_over(started, lasts)))
    }

    /// How far the win-back that was asked for has come; its time counts from when it really started,
    /// since it was asked for. What else was started for the contact does not count.
    fn win_back(&self, conn: &Conn, case: &CleaningCase) -> Result<WinBack, StoreError> {
        let (series, lasts) = (self.ask.series, self.ask.policy.series());
        let started = match &self.ask.policy.first {
            Some(first) => {
                series.started_since(conn, case.contact, &first.automation, case.since_at)?
            }
            None => None,
        };
        Ok(match started {
            Some(started) if self.judge.is_over(started, lasts) => WinBack::Over,
            None if self.judge.is_over(case.since_at + LOST_MS, lasts) => WinBack::Lost,
            _ => WinBack::Running,
        })
    }

    /// Order, cap, breaker, fingerprint.
    fn finish(mut self, conn: &Conn) -> Result<PolicyPlan, StoreError> {
        let policy = self.ask.policy;
        let most = portion(self.plan.mailable, policy.max_share);
        self.plan.cap = most.min(u64::from(policy.max));
        let cap = usize::try_from(self.plan.cap).unwrap_or(usize::MAX);
        for steps in [&mut self.asked, &mut self.taken] {
            steps.sort_by_key(|step| (step.silent_since, step.contact));
            self.plan.beyond_cap += steps.len().saturating_sub(cap) as u64;
            steps.truncate(cap);
        }
        if self.plan.candidates > portion(self.plan.mailable, policy.breaker) {
            let detail = self.too_many(conn)?;
            if !conn.is_allowed(CLEANING, &policy.name)? {
                self.plan.held.push(format!("{CLEANING}: {detail}"));
                self.asked.clear();
                self.taken.clear();
                self.plan.beyond_cap = 0;
            }
            self.plan.broken = Some(detail);
        }
        self.plan.ask = self.asked.len() as u64;
        self.plan.take = self.taken.len() as u64;
        self.plan.unjudged = by_number(self.unjudged);
        self.plan.protected = by_number(self.protected);
        self.plan.steps = self.taken.into_iter().chain(self.asked).collect();
        let rows = self.plan.steps.iter().take(SAMPLE);
        self.plan.sample = rows
            .map(|step| row(step, &self.places, self.judge))
            .collect();
        self.plan.fingerprint = fingerprint(policy, &self.plan);
        Ok(self.plan)
    }

    /// What the breaker saw, and why that may be.
    fn too_many(&self, conn: &Conn) -> Result<String, StoreError> {
        let (policy, plan) = (self.ask.policy, &self.plan);
        let last = conn
            .cleaning_batches(Some(&policy.name), 1)?
            .into_iter()
            .next();
        let quiet = self
            .newest
            .filter(|newest| *newest < self.ask.now - QUIET_MS);
        let cause = if let Some(newest) = quiet {
            let day = self.judge.day(newest);
            format!("nobody at all opened, clicked or bought since {day}: look at the sync first")
        } else if self.machines * 2 > plan.candidates {
            let machines = self.machines;
            format!("{machines} of them are opened by machines only: people may read behind them")
        } else if last
            .as_ref()
            .is_some_and(|last| last.condition != policy.text)
        {
            "the policy was edited since its last batch".to_owned()
        } else if last.is_none() {
            "the policy never ran before: so many may have left over the years".to_owned()
        } else {
            "look at what changed in how the mailings are sent or measured".to_owned()
        };
        Ok(format!(
            "{}: {} of {} contacts are candidates (limit {:.0} %); {cause}",
            policy.name,
            plan.candidates,
            plan.mailable,
            policy.breaker * 100.0
        ))
    }
}

/// A share of a number, rounded down; a hair more, since shares are not exact in binary.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "contacts are fewer than 2^52, and a share is not negative"
)]
fn portion(of: u64, share: f64) -> u64 {
    (of as f64 * share + 1e-6).floor() as u64
}

fn by_number(counts: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    counts
}

/// One contact as it is shown.
pub(super) fn row(step: &Step, places: &[&Place], judge: &Judge<'_>) -> Row {
    let address = step.placed.iter().find_map(|placed| placed.email.as_ref());
    let id = step.placed.first().map(|placed| placed.platform_id.clone());
    let names = step.placed.iter().filter_map(|placed| {
        let place = places.iter().find(|place| place.id == placed.connection);
        place.map(|place| place.name.clone())
    });
    Row {
        contact: address.map_or(id.unwrap_or_default(), |address| {
            address.reveal().to_owned()
        }),
        deed: step.deed.as_str(),
        silent_since: judge.day(step.silent_since).to_string(),
        connections: names.collect(),
    }
}

/// Of all that would be done: by which policy, with which win-back and tags, and to whom.
fn fingerprint(policy: &CleaningPolicy, plan: &PolicyPlan) -> String {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update(text.as_bytes());
        hash.update([0]);
    };
    for text in [&policy.name, &policy.tag, policy.then.as_str()] {
        part(text);
    }
    let first = policy.first.as_ref().map(|first| first.automation.as_str());
    part(first.unwrap_or_default());
    // Who was told that somebody else has to confirm it, does not carry it out alone.
    if policy.approve.people() > 1 {
        part("two people");
    }
    part(&plan.connections.len().to_string());
    for each in &plan.connections {
        part(&each.connection);
        part(each.tag.as_deref().unwrap_or_default());
    }
    for step in &plan.steps {
        part(&step.contact.0.to_string());
        part(step.deed.as_str());
        for placed in &step.placed {
            part(&placed.connection.0.to_string());
            part(&placed.platform_id);
        }
    }
    hex::encode(&hash.finalize()[..12])
}
