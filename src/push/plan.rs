//! A plan: all writes that a connection needs now, counted, sampled, fingerprinted.
//!
//! Making one writes nothing, here or on a platform. The same state gives the
//! same fingerprint, so that a plan which somebody looked at can be told from
//! one that has become stale.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashSet},
};

use engaged_connectors::{Write, model::Status};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    automation::{Automation, EntryState},
    config::{ConnectionConfig, Mode},
    rules::set::RuleSet,
    score::{calendar::Millis, facts::ConnectionId},
    store::{Asked, Conn, ContactId, Edited, Lane, Standing, StoreError},
};

use super::{
    diff::{self, Difference},
    starts::{self, Unreachable},
    targets::{Targets, field_key},
};

/// How many writes a plan shows.
const SAMPLE: usize = 20;

/// A write that the platform refused is not repeated for this long.
const REFUSED_FOR_MS: Millis = 86_400_000;

/// What is asked of a plan, for one connection.
pub struct Ask<'a> {
    /// The connection.
    pub connection: &'a ConnectionConfig,
    /// Its number in the store.
    pub id: ConnectionId,
    /// The rules that scores come from.
    pub rules: &'a RuleSet,
    /// Their fingerprint.
    pub rules_hash: &'a str,
    /// The number fields that the platform has; `None` where it has none to make.
    pub remote_fields: Option<&'a [String]>,
    /// All automations.
    pub automations: &'a [Automation],
    /// Contacts of these statuses cannot be written to on this platform.
    pub frozen: &'a [Status],
    /// Only what comes off this contact, who is being erased.
    pub only: Option<ContactId>,
    /// The present.
    pub now: Millis,
}

/// What the platform refused less than a day ago: whose, the target and the value.
type Refused = HashSet<(String, String, Option<String>)>;

/// One write of a plan.
#[derive(Clone, Debug)]
pub struct Planned {
    /// For whom; `None` where the write names no contact.
    pub contact: Option<ContactId>,
    /// The contact's id on the platform; empty where the write names no contact.
    pub platform_id: String,
    /// What is done.
    pub verb: &'static str,
    /// What it is done to, as the outbox names it.
    pub target: String,
    /// What it is done to, as people read it: the field, the tag, the automation.
    pub shown: String,
    /// What the platform was last told.
    pub before: Option<String>,
    /// What it is to be told.
    pub after: Option<String>,
    /// Which sort of write it is.
    pub lane: Lane,
    /// Whether it changes what the platform was told of the contact.
    pub changes: bool,
}

impl Planned {
    /// A set.
    fn set(contact: Option<ContactId>, platform_id: &str, difference: &Difference) -> Self {
        Self {
            contact,
            platform_id: platform_id.to_owned(),
            verb: verb(&difference.write),
            target: difference.target.clone(),
            shown: difference.target.clone(),
            before: difference.before.clone(),
            after: value(&difference.write),
            lane: Lane::Set,
            changes: difference.changes,
        }
    }
}

/// All writes of all connections, as a person sees them before they happen.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Plan {
    /// The version of this shape.
    pub schema: u32,
    /// Equal for equal writes.
    pub fingerprint: String,
    /// How many writes there are.
    pub writes: u64,
    /// For each connection.
    pub connections: Vec<ConnectionPlan>,
}

impl Plan {
    /// The fingerprint of one connection's writes; empty, which equals none, if it has no part here.
    pub fn part(&self, connection: &str) -> &str {
        let mut parts = self.connections.iter();
        let part = parts.find(|each| each.connection == connection);
        part.map_or("", |part| part.fingerprint.as_str())
    }
}

/// The fingerprint in the text of a plan that was written to a file.
///
/// # Errors
///
/// Why the text is no plan.
pub fn fingerprint_in(text: &str) -> Result<String, String> {
    let plan: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let fingerprint = plan.get("fingerprint").and_then(serde_json::Value::as_str);
    fingerprint
        .filter(|fingerprint| !fingerprint.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| "it has no fingerprint".to_owned())
}

/// The writes of one connection.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct ConnectionPlan {
    /// The connection.
    pub connection: String,
    /// `read-only` or `live`: whether applying will write.
    pub mode: &'static str,
    /// Whether it is retracted: our fields and tags come off, and nothing is put on.
    pub retracted: bool,
    /// Contacts who object to being scored and off whom something of ours comes.
    pub objecting: u64,
    /// How many writes there are.
    pub writes: u64,
    /// How many for each target and verb.
    pub counts: Vec<Count>,
    /// Contacts for whom nothing changes.
    pub unchanged: u64,
    /// Contacts left out because they are not scored by the present rules: `score` comes first.
    pub unscored: u64,
    /// Contacts left out because the platform lets nobody change them: a bounced address, say.
    pub frozen: u64,
    /// Of the writes, how many start something for a contact.
    pub starts: u64,
    /// Entries for which nothing can be started: not on the platform, or not subscribed there.
    pub unreachable: u64,
    /// Writes left out because the platform refused the same less than a day ago.
    pub held_back: u64,
    /// Contacts about whom the platform was told anything before.
    pub told: u64,
    /// Of those, contacts whose number, band or segment there is to change.
    pub changed: u64,
    /// Targets that were never pushed: held until somebody approves the baseline.
    pub baseline: Vec<String>,
    /// Fields that we filled and that the platform has no more: to make and fill them is a first push again.
    pub gone: Vec<String>,
    /// Fields and tags of ours that somebody else changed.
    pub drifts: u64,
    /// Some of the writes.
    pub sample: Vec<Sample>,
    /// Some of what somebody else changed.
    pub edits: Vec<Edit>,
    /// Equal for equal writes.
    pub fingerprint: String,
    /// Entries for which nothing can be started, to be recorded on apply.
    #[serde(skip)]
    pub without: Unreachable,
    /// What somebody else changed, to be recorded on apply.
    #[serde(skip)]
    pub edited: Vec<Edited>,
}

/// How many writes of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Count {
    /// `create field`, `set field`, `add tag`, `remove tag`, `start automation` and other starts.
    pub verb: &'static str,
    /// The field, tag or automation.
    pub target: String,
    /// How many contacts.
    pub contacts: u64,
}

/// One write, shown.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Sample {
    /// The contact's address, or the platform's id.
    pub contact: String,
    /// Who it is.
    #[serde(skip)]
    pub who: Option<ContactId>,
    /// The verb.
    pub verb: &'static str,
    /// The field or tag.
    pub target: String,
    /// What the platform was last told.
    pub before: Option<String>,
    /// What it is to be told.
    pub after: Option<String>,
}

/// A field or tag of ours that somebody else changed, shown.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Edit {
    /// The contact's address, or the platform's id.
    pub contact: String,
    /// Who it is.
    #[serde(skip)]
    pub who: ContactId,
    /// The field or tag.
    pub target: String,
    /// What the platform was told.
    pub ours: Option<String>,
    /// What is there.
    pub theirs: Option<String>,
}

/// The verb of a write.
pub fn verb(write: &Write) -> &'static str {
    match write {
        Write::CreateField { .. } => "create field",
        Write::SetField { .. } => "set field",
        Write::AddTag { .. } => "add tag",
        Write::RemoveTag { .. } => "remove tag",
    }
}

/// The value that a write leaves at its target.
pub fn value(write: &Write) -> Option<String> {
    match write {
        Write::SetField { value, .. } => value.clone(),
        Write::AddTag { .. } | Write::CreateField { .. } => Some("on".to_owned()),
        Write::RemoveTag { .. } => None,
    }
}

/// Works out a connection's writes, giving each to `sink` in a stable order.
pub fn plan(
    conn: &Conn,
    ask: &Ask<'_>,
    sink: &mut dyn FnMut(&Planned) -> Result<(), StoreError>,
) -> Result<ConnectionPlan, StoreError> {
    let targets = Targets::new(ask.connection, ask.rules);
    let mut making = Making::new(ask);
    making.plan.retracted = conn.retracted_at(ask.id)?.is_some();
    let comes_off = making.plan.retracted || ask.only.is_some();
    let missing = missing(ask, &targets);
    making.plan.gone = gone(conn, ask.id, &missing)?;
    for planned in missing.into_iter().map(field_to_make) {
        if !comes_off {
            making.take(&planned, "");
            sink(&planned)?;
        }
    }
    let asked = Asked {
        rules: conn.rules_numbered(ask.rules_hash)?,
        ..asked(ask.rules, &targets)
    };
    let gone: Vec<String> = making
        .plan
        .gone
        .iter()
        .map(|name| field_key(name))
        .collect();
    let mut approved = conn.baselines(ask.id)?;
    approved.retain(|target, _| !gone.contains(target));
    let refused: Refused = conn
        .refused_since(ask.id, ask.now - REFUSED_FOR_MS)?
        .into_iter()
        .collect();
    conn.for_each_standing(ask.id, &asked, |standing| {
        if ask.only.is_some_and(|only| only != standing.contact) {
            return Ok(());
        }
        let nothing = comes_off || standing.objects;
        if !nothing && !standing.current {
            making.plan.unscored += 1;
            return Ok(());
        }
        if standing
            .status
            .is_some_and(|status| ask.frozen.contains(&status))
        {
            making.plan.frozen += 1;
            return Ok(());
        }
        // What stood in a field that is gone stands nowhere.
        let standing = &without(standing, &gone);
        let needs = if nothing {
            diff::nothing(&approved, standing)
        } else {
            diff::needs(&targets, &ask.rules.scores, &approved, standing)
        };
        making.needed(needs, standing, &refused, sink)
    })?;
    let without = starts::plan(conn, ask, comes_off, &mut |planned, name| {
        making.plan.starts += u64::from(planned.verb != "remove tag");
        making.take(planned, name);
        sink(planned)
    })?;
    let not_started = |each: &&(i64, EntryState, &str)| each.1 == EntryState::Suppressed;
    making.plan.unreachable = without.iter().filter(not_started).count() as u64;
    making.plan.without = without;
    Ok(making.finish(&targets, &approved))
}

/// The fields of ours that the platform does not have.
fn missing<'a>(ask: &Ask<'_>, targets: &'a Targets) -> Vec<&'a String> {
    let there = |field: &&String| {
        ask.remote_fields
            .is_none_or(|fields| fields.contains(field))
    };
    let names = targets.fields.iter().map(|(field, _)| field);
    names.filter(|field| !there(field)).collect()
}

/// Those of them that we filled, and that somebody took away.
fn gone(
    conn: &Conn,
    connection: ConnectionId,
    missing: &[&String],
) -> Result<Vec<String>, StoreError> {
    let mut gone = Vec::new();
    for field in missing {
        if conn.is_told(connection, &field_key(field))? {
            gone.push((*field).clone());
        }
    }
    Ok(gone)
}

/// Where a contact stands, but for what it was told at these targets.
fn without<'a>(standing: &'a Standing, gone: &[String]) -> Cow<'a, Standing> {
    if gone.is_empty() {
        return Cow::Borrowed(standing);
    }
    let mut standing = standing.clone();
    standing
        .acknowledged
        .retain(|target, _| !gone.contains(target));
    Cow::Owned(standing)
}

fn field_to_make(field: &String) -> Planned {
    let difference = Difference {
        write: Write::CreateField {
            field: field.clone(),
        },
        target: format!("create:{field}"),
        before: None,
        changes: false,
    };
    Planned::set(None, "", &difference)
}

/// What a connection's contacts are looked up by.
fn asked<'a>(rules: &'a RuleSet, targets: &'a Targets) -> Asked<'a> {
    let bands = |score: &'a crate::rules::set::Score| {
        score.bands.iter().map(|band| band.name.as_str()).collect()
    };
    Asked {
        rules: None,
        scores: rules
            .scores
            .iter()
            .map(|score| (score.name.as_str(), bands(score)))
            .collect(),
        segments: rules
            .segments
            .iter()
            .map(|segment| segment.name.as_str())
            .collect(),
        fields: targets
            .fields
            .iter()
            .map(|(field, _)| field.as_str())
            .collect(),
    }
}

fn shown_name(standing: &Standing) -> &str {
    standing
        .email
        .as_ref()
        .map_or(standing.platform_id.as_str(), |email| email.reveal())
}

struct Making {
    plan: ConnectionPlan,
    counts: BTreeMap<(&'static str, String), u64>,
    /// How many starts are among the sample.
    started: usize,
    hash: Sha256,
}

impl Making {
    fn new(ask: &Ask<'_>) -> Self {
        let mode = match ask.connection.mode {
            Mode::ReadOnly => "read-only",
            Mode::Live => "live",
        };
        let plan = ConnectionPlan {
            connection: ask.connection.name.clone(),
            mode,
            ..ConnectionPlan::default()
        };
        Self {
            plan,
            counts: BTreeMap::new(),
            started: 0,
            hash: Sha256::new(),
        }
    }

    /// What one contact needs, but for what the platform refused lately.
    fn needed(
        &mut self,
        needs: diff::Needs,
        standing: &Standing,
        refused: &Refused,
        sink: &mut dyn FnMut(&Planned) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.plan.objecting += u64::from(standing.objects && !needs.writes.is_empty());
        self.plan.unchanged += u64::from(needs.writes.is_empty());
        self.plan.told += u64::from(needs.told);
        for drift in needs.drifts {
            self.edited(drift, standing);
        }
        let mut changed = false;
        for difference in needs.writes {
            let same = (
                standing.platform_id.clone(),
                difference.target.clone(),
                value(&difference.write),
            );
            if refused.contains(&same) {
                self.plan.held_back += 1;
                continue;
            }
            changed |= difference.changes;
            let planned = Planned::set(Some(standing.contact), &standing.platform_id, &difference);
            self.take(&planned, shown_name(standing));
            sink(&planned)?;
        }
        self.plan.changed += u64::from(changed);
        Ok(())
    }

    fn edited(&mut self, drift: diff::Drift, standing: &Standing) {
        self.plan.drifts += 1;
        if self.plan.edits.len() < SAMPLE {
            self.plan.edits.push(Edit {
                contact: shown_name(standing).to_owned(),
                who: standing.contact,
                target: drift.target.clone(),
                ours: drift.ours.clone(),
                theirs: drift.theirs.clone(),
            });
        }
        self.plan.edited.push(Edited {
            contact: standing.contact,
            platform_id: standing.platform_id.clone(),
            target: drift.target,
            ours: drift.ours,
            theirs: drift.theirs,
        });
    }

    fn take(&mut self, planned: &Planned, name: &str) {
        self.plan.writes += 1;
        let count = (planned.verb, planned.shown.clone());
        *self.counts.entry(count).or_insert(0) += 1;
        for part in [
            &self.plan.connection,
            &planned.platform_id,
            planned.verb,
            &planned.target,
            planned.after.as_deref().unwrap_or(""),
        ] {
            let part: &str = part;
            self.hash.update(part.as_bytes());
            self.hash.update([0]);
        }
        let sets = self.plan.sample.len() - self.started;
        let start = planned.lane == Lane::Start;
        let room = if start { self.started } else { sets } < SAMPLE;
        if planned.contact.is_some() && room {
            self.started += usize::from(start);
            self.plan.sample.push(Sample {
                contact: name.to_owned(),
                who: planned.contact,
                verb: planned.verb,
                target: planned.shown.clone(),
                before: planned.before.clone(),
                after: planned.after.clone(),
            });
        }
    }

    fn finish(mut self, targets: &Targets, approved: &BTreeMap<String, Millis>) -> ConnectionPlan {
        let written: BTreeSet<&String> = self.counts.keys().map(|(_, target)| target).collect();
        // To make a field is the first push of it, though it names nobody.
        let made = |key: &String| {
            let field = key.strip_prefix("field:");
            field.is_some_and(|field| written.contains(&format!("create:{field}")))
        };
        let held = targets
            .keys()
            .into_iter()
            .filter(|key| !approved.contains_key(key) && (written.contains(key) || made(key)));
        self.plan.baseline = held.collect();
        let counts = self.counts.into_iter();
        self.plan.counts = counts
            .map(|((verb, target), contacts)| Count {
                verb,
                target,
                contacts,
            })
            .collect();
        self.plan.fingerprint = hex::encode(&self.hash.finalize()[..12]);
        self.plan
    }
}

/// Joins the plans of several connections.
pub fn whole(connections: Vec<ConnectionPlan>) -> Plan {
    let mut hash = Sha256::new();
    for each in &connections {
        hash.update(each.fingerprint.as_bytes());
    }
    Plan {
        schema: 1,
        fingerprint: hex::encode(&hash.finalize()[..12]),
        writes: connections.iter().map(|each| each.writes).sum(),
        connections,
    }
}
