//! What a run of scoring sees of automations, and carries into the transaction that stores its results.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use engaged_connectors::model::Status;
use serde::Serialize;

use crate::{
    automation::{Automation, Before, EntryState, Moment, Past, Seen, Step, steps},
    rules::truth::Truth,
    score::{
        calendar::{Day, Millis, Zone},
        evaluate::{Door, Evaluation, evaluate},
        facts::{Coverage, Facts},
        model::Model,
        status_on,
    },
    store::{Conn, ContactId, StoreError, Tx},
};

/// News of the last days is of the present: platforms report late, and nobody works on Sundays.
const PRESENT_DAYS: u32 = 2;
/// However long we did not look, what began so long ago starts nothing.
const PAST_DAYS: u32 = 7;

/// What became of the entries of one automation in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DoorReport {
    /// The automation.
    pub automation: String,
    /// Contacts who entered.
    pub entered: u64,
    /// Contacts who left.
    pub left: u64,
    /// For each state that an entry got, and why: how many.
    pub became: BTreeMap<String, u64>,
    /// Of those who entered, how many would have started something and stay silent.
    pub silent: u64,
}

impl DoorReport {
    /// Whether anything is to be started by the next push.
    pub fn has_ready(&self) -> bool {
        self.became
            .keys()
            .any(|words| words.starts_with(EntryState::Ready.as_str()))
    }
}

/// What one contact's doors showed, for the transaction that stores its results.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    seen: Vec<Seen>,
    moment: Moment,
}

/// The automations of one run.
pub(super) struct Doors<'a> {
    automations: Arc<Vec<Automation>>,
    names: Arc<Vec<String>>,
    model: &'a Model,
    coverage: &'a Coverage,
    zone: &'a Zone,
    version: i64,
    today: Day,
    now: Millis,
    /// The day by which what is learned now would have been known in time.
    horizon: Day,
    /// Set while a backup that took the place of the database is in quarantine.
    quarantined: bool,
    /// When the last quarantine ended: what began before that may have been started by the former database.
    restored_until: Option<Millis>,
    /// What each automation rested on in former versions of the rules.
    versions: HashMap<i64, HashMap<String, String>>,
}

impl<'a> Doors<'a> {
    pub(super) fn new(
        conn: &Conn,
        automations: &[Automation],
        (model, coverage, zone): (&'a Model, &'a Coverage, &'a Zone),
        version: i64,
        (today, now): (Day, Millis),
    ) -> Result<Self, StoreError> {
        let back = |days: u32| (0..days).fold(today, |day, _| day.previous());
        let looked = conn.scored_on()?.unwrap_or(today);
        let restore = conn.last_restore()?;
        Ok(Self {
            names: Arc::new(automations.iter().map(|each| each.name.clone()).collect()),
            automations: Arc::new(automations.to_vec()),
            model,
            coverage,
            zone,
            version,
            today,
            now,
            horizon: looked.min(back(PRESENT_DAYS)).max(back(PAST_DAYS)),
            quarantined: restore.as_ref().is_some_and(|last| last.ended_at.is_none()),
            restored_until: restore.and_then(|last| last.ended_at),
            versions: HashMap::new(),
        })
    }

    /// What one contact's doors show; `None` if nothing can come of it.
    pub(super) fn look(
        &mut self,
        conn: &Conn,
        contact: ContactId,
        facts: &Facts,
        evaluation: &Evaluation,
    ) -> Result<Option<Shown>, StoreError> {
        if self.automations.is_empty() {
            return Ok(None);
        }
        let doors = &evaluation.automations;
        let past = pasts(conn, contact, &self.names, self.zone)?;
        let outside = past.iter().all(|past| past.inside.is_none());
        if outside && doors.iter().all(|door| door.enters != Truth::True) {
            return Ok(None);
        }
        let before = self.before(conn, contact)?;
        let late = self.late(conn, contact, facts, doors, &past, &before)?;
        let mut seen = Vec::with_capacity(doors.len());
        for (place, door) in doors.iter().enumerate() {
            let waits = past[place].inside.filter(|entry| {
                entry.state == EntryState::Settling
                    && entry.due_at.is_none_or(|due| due <= self.now)
            });
            let held = match waits {
                Some(entry) if door.enters != Truth::True => {
                    let then = then(conn, contact, facts, entry.entered_at)?;
                    let then = evaluate(self.model, &then, self.coverage, entry.entered_on);
                    then.automations[place].enters
                }
                _ => door.enters,
            };
            seen.push(Seen {
                door: *door,
                before: before[place],
                late: late[place],
                held,
            });
        }
        let status = status_on(self.model, facts, self.coverage, self.today);
        let moment = Moment {
            today: self.today,
            now: self.now,
            reachable: status.is_none_or(|status| status == Status::Subscribed),
        };
        Ok(Some(Shown { seen, moment }))
    }

    /// What the present evaluation of each automation follows.
    fn before(&mut self, conn: &Conn, contact: ContactId) -> Result<Vec<Before>, StoreError> {
        let all = |before| vec![before; self.automations.len()];
        if self.quarantined {
            return Ok(all(Before::Restored));
        }
        let Some(version) = conn.scored_by(contact)? else {
            let first = conn.is_first_import(contact)?;
            return Ok(all(if first { Before::First } else { Before::New }));
        };
        if conn.is_being_imported(contact)? {
            return Ok(all(Before::First));
        }
        if version == self.version {
            return Ok(all(Before::Known));
        }
        if let std::collections::hash_map::Entry::Vacant(vacant) = self.versions.entry(version) {
            vacant.insert(conn.automation_versions(version)?);
        }
        let then = &self.versions[&version];
        let automations = self.automations.iter();
        let before = automations.map(|each| match then.get(&each.name) {
            Some(fingerprint) if *fingerprint == each.fingerprint => Before::Known,
            _ => Before::Edited,
        });
        Ok(before.collect())
    }

    /// For each automation, whether the contact was inside when we last looked, or when it left or a quarantine ended if
    /// that was later, by all that happened until then and is known by now.
    fn late(
        &self,
        conn: &Conn,
        contact: ContactId,
        facts: &Facts,
        doors: &[Door],
        past: &[Past],
        before: &[Before],
    ) -> Result<Vec<bool>, StoreError> {
        // Whatever is not asked below is late: then nothing starts that nobody looked into.
        let mut late = vec![true; doors.len()];
        let mut looked: Option<Evaluation> = None;
        let known = self.zone.start_of(self.horizon.next()) - 1;
        for (place, late) in late.iter_mut().enumerate() {
            let enters = doors[place].enters == Truth::True && past[place].inside.is_none();
            if !enters || !matches!(before[place], Before::Known | Before::New) {
                continue;
            }
            let past_until = past[place].left_at.max(self.restored_until);
            if let Some(left) = past_until.filter(|at| *at > known) {
                let mut then = then(conn, contact, facts, left)?;
                then.events.retain(|event| event.at <= left);
                let on = self.zone.day(left);
                let then = evaluate(self.model, &then, self.coverage, on);
                *late = then.automations[place].enters == Truth::True;
                continue;
            }
            if looked.is_none() {
                // What a first import tells of the profile was so before.
                let known = conn.imported_at(contact)?.map_or(known, |at| at.max(known));
                let then = then(conn, contact, facts, known)?;
                looked = Some(evaluate(self.model, &then, self.coverage, self.horizon));
            }
            let enters = looked.as_ref().map(|then| then.automations[place].enters);
            *late = enters == Some(Truth::True);
        }
        Ok(late)
    }

    /// What the transaction needs to carry out what was shown.
    pub(super) fn carrier(&self) -> Carrier {
        Carrier {
            automations: Arc::clone(&self.automations),
            names: Arc::clone(&self.names),
            zone: self.zone.clone(),
            reports: BTreeMap::new(),
        }
    }
}

/// All that happened to a contact and is known by now, with its profile as it was known then: a field that was filled in
/// today says nothing about last week.
fn then(
    conn: &Conn,
    contact: ContactId,
    facts: &Facts,
    known: Millis,
) -> Result<Facts, StoreError> {
    let then = conn.facts(contact, Some(known))?.unwrap_or_default();
    let mut then = Facts {
        events: facts.events.clone(),
        properties: facts.properties.clone(),
        subscribed_at: facts.subscribed_at,
        first_known_at: facts.first_known_at,
        adjustments: facts.adjustments.clone(),
        consent: facts.consent,
        last_open: facts.last_open,
        ..then
    };
    if then.connections.is_empty() {
        // Nobody knew the contact; events need a connection to be reported by.
        then.connections.clone_from(&facts.connections);
    }
    Ok(then)
}

fn pasts(
    conn: &Conn,
    contact: ContactId,
    names: &[String],
    zone: &Zone,
) -> Result<Vec<Past>, StoreError> {
    let past = conn.past(contact, zone)?;
    let past = names
        .iter()
        .map(|name| past.get(name).copied().unwrap_or_default());
    Ok(past.collect())
}

/// Carries out, within a transaction, what the doors showed.
pub(super) struct Carrier {
    automations: Arc<Vec<Automation>>,
    names: Arc<Vec<String>>,
    zone: Zone,
    reports: BTreeMap<usize, DoorReport>,
}

impl Carrier {
    /// One contact's steps, from what is remembered now.
    pub(super) fn carry(
        &mut self,
        tx: &Tx,
        contact: ContactId,
        shown: &Shown,
    ) -> Result<(), StoreError> {
        // What was found about a contact that has become part of another since is dropped: the other one is dirty. So it is
        // where the contact has objected since.
        if tx.root(contact)? != contact || tx.objected_at(contact)?.is_some() {
            return Ok(());
        }
        let past = pasts(tx, contact, &self.names, &self.zone)?;
        let steps = steps(&self.automations, &shown.seen, &past, shown.moment);
        tx.step(
            contact,
            &self.names,
            &steps,
            (shown.moment.today, shown.moment.now),
        )?;
        for step in &steps {
            self.count(step);
        }
        Ok(())
    }

    fn count(&mut self, step: &Step) {
        let (place, state, reason) = match step {
            Step::Enter {
                automation,
                state,
                reason,
                ..
            } => (*automation, Some(*state), reason),
            Step::Move {
                automation,
                state,
                reason,
                ..
            } => (*automation, *state, reason),
        };
        let report = self.reports.entry(place).or_default();
        report.automation.clone_from(&self.names[place]);
        match step {
            Step::Enter { .. } => report.entered += 1,
            Step::Move { leaves, .. } => report.left += u64::from(*leaves),
        }
        report.silent += u64::from(state == Some(EntryState::Silent));
        if let Some(state) = state {
            let words = match reason {
                Some(reason) => format!("{}: {reason}", state.as_str()),
                None => state.as_str().to_owned(),
            };
            *report.became.entry(words).or_default() += 1;
        }
    }

    /// What was counted, in the order of the automations.
    pub(super) fn reports(self) -> Vec<(usize, DoorReport)> {
        self.reports.into_iter().collect()
    }
}

impl DoorReport {
    /// Adds what another transaction counted.
    pub(super) fn add(&mut self, other: Self) {
        self.automation = other.automation;
        self.entered += other.entered;
        self.left += other.left;
        self.silent += other.silent;
        for (words, times) in other.became {
            *self.became.entry(words).or_default() += times;
        }
    }
}
