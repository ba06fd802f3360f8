//! What automations want started on a connection: one write for each entry.

use std::collections::HashSet;

use engaged_connectors::{
    Action, Start, Write,
    model::{Address, Status},
};
use serde_json::json;

use crate::{
    automation::{self, Automation, Begin, EntryState, WAITS_MAX_MS},
    score::{
        calendar::{Millis, Zone},
        facts::Needs,
        model::Model,
        status_on,
    },
    store::{
        Conn, ContactId, Lane, OBJECTED, OutboxRow, OutboxState, StoreError, Tx, Waiting, Which,
    },
};

use super::plan::{Ask, Planned};

/// Entries for which nothing can be started, or taken off, what they become, and why.
pub type Unreachable = Vec<(i64, EntryState, &'static str)>;

/// Works out a connection's starts, giving each to `sink` in a stable order: first what is taken off again, or nothing but
/// that; then what waits goes on waiting.
pub fn plan(
    conn: &Conn,
    ask: &Ask<'_>,
    only_off: bool,
    sink: &mut dyn FnMut(&Planned, &str) -> Result<(), StoreError>,
) -> Result<Unreachable, StoreError> {
    let mut unreachable = Unreachable::new();
    let mut open = Vec::new();
    for automation in automation::on(ask.automations, &ask.connection.name) {
        let name = &automation.name;
        let mut leaving = HashSet::new();
        for waiting in conn.waiting(name, EntryState::Leaving, ask.id, Millis::MIN)? {
            if ask.only.is_some_and(|only| only != waiting.contact) {
                continue;
            }
            let tag = conn.start_tag(waiting.entry)?;
            let Some((tag, platform_id)) = tag.zip(waiting.platform_id.clone()) else {
                let why = "there is no tag to take off";
                unreachable.push((waiting.entry, EntryState::Started, why));
                continue;
            };
            leaving.insert(waiting.contact);
            let planned = Planned {
                verb: "remove tag",
                target: leave_key(waiting.entry),
                before: Some(tag.clone()),
                after: Some(tag),
                ..planned(automation, &waiting, platform_id)
            };
            sink(&planned, &shown(&waiting))?;
        }
        if only_off {
            continue;
        }
        // A tag that is to come off is off before it is put on again: else it starts nothing, or ends off.
        let waiting = conn.waiting(name, EntryState::Ready, ask.id, ask.now - WAITS_MAX_MS)?;
        let waiting = waiting.into_iter();
        let waiting = waiting.filter(|waiting| !leaving.contains(&waiting.contact));
        open.extend(waiting.map(|waiting| (automation, waiting)));
    }
    let gone = gone(conn, ask, &open)?;
    for (automation, waiting) in open {
        let call = matches!(automation.start.begin, Begin::Call(_));
        let status = waiting
            .status
            .filter(|status| *status != Status::Subscribed);
        let not = |why| (waiting.entry, EntryState::Suppressed, why);
        if conn.objected_at(waiting.contact)?.is_some() {
            unreachable.push(not(OBJECTED));
            continue;
        }
        if status.is_some() || gone.contains(&waiting.contact) {
            unreachable.push(not("not subscribed"));
            continue;
        }
        let platform_id = match &waiting.platform_id {
            _ if call => String::new(),
            Some(id) => id.clone(),
            None => {
                unreachable.push(not("not on the platform"));
                continue;
            }
        };
        let planned = Planned {
            after: Some(value(conn, automation, &waiting)?),
            ..planned(automation, &waiting, platform_id)
        };
        sink(&planned, &shown(&waiting))?;
    }
    Ok(unreachable)
}

/// Of those for whom something is to start, who has left on any connection, by all that is known: also what no run has
/// scored yet.
fn gone(
    conn: &Conn,
    ask: &Ask<'_>,
    open: &[(&Automation, Waiting)],
) -> Result<HashSet<ContactId>, StoreError> {
    let mut gone = HashSet::new();
    if open.is_empty() {
        return Ok(gone);
    }
    let zone = Zone::new(ask.rules.zone);
    let today = zone.day(ask.now);
    let coverage = conn.coverage(&zone, today, None)?;
    let model = Model::new(ask.rules, &conn.vocabulary()?);
    let needs = Needs {
        fields: Some(Vec::new()),
        subscriptions: true,
        ..Needs::default()
    };
    let mut who: Vec<ContactId> = open.iter().map(|(_, waiting)| waiting.contact).collect();
    who.sort_unstable();
    who.dedup();
    conn.for_each_needed(Which::These(&who), None, &needs, |contact, facts| {
        let status = status_on(&model, facts, &coverage, today);
        if status.is_some_and(|status| status != Status::Subscribed) {
            gone.insert(contact);
        }
        Ok(())
    })?;
    Ok(gone)
}

fn planned(automation: &Automation, waiting: &Waiting, platform_id: String) -> Planned {
    Planned {
        contact: Some(waiting.contact),
        platform_id,
        verb: verb(&automation.start.begin),
        target: start_key(waiting.entry),
        shown: automation.name.clone(),
        before: None,
        after: None,
        lane: Lane::Start,
        changes: false,
    }
}

fn shown(waiting: &Waiting) -> String {
    let email = waiting
        .email
        .as_ref()
        .map(|email| email.reveal().to_owned());
    email
        .or_else(|| waiting.platform_id.clone())
        .unwrap_or_default()
}

fn verb(begin: &Begin) -> &'static str {
    match begin {
        Begin::Tag(_) => "start by tag",
        Begin::Field { .. } => "start by field",
        Begin::Automation(_) => "start automation",
        Begin::Event(_) => "send event",
        Begin::Call(_) => "call",
        Begin::HandOver(_) => "hand over",
    }
}

/// Whether a verb starts something.
pub fn is_start(verb: &str) -> bool {
    verb.starts_with("start ") || verb == "send event" || verb == "call"
}

/// Whether doing that twice is the same as once: of calls the receiver can tell, by their key.
fn may_be_repeated(verb: &str) -> bool {
    matches!(
        verb,
        "start by tag" | "start by field" | "remove tag" | "call"
    )
}

fn value(conn: &Conn, automation: &Automation, waiting: &Waiting) -> Result<String, StoreError> {
    Ok(match &automation.start.begin {
        Begin::Tag(name) | Begin::Automation(name) | Begin::Event(name) | Begin::HandOver(name) => {
            name.clone()
        }
        Begin::Field { name, value } => json!({ "field": name, "value": value }).to_string(),
        Begin::Call(_) => body(conn, automation, waiting)?,
    })
}

/// What a receiver is told: who, what it entered, and what it is now.
fn body(conn: &Conn, automation: &Automation, waiting: &Waiting) -> Result<String, StoreError> {
    let state = conn.state(waiting.contact)?.unwrap_or_default();
    let scores: serde_json::Map<String, serde_json::Value> = state
        .scores
        .iter()
        .map(|score| {
            (
                score.name.clone(),
                json!({ "shown": score.shown, "band": score.band }),
            )
        })
        .collect();
    let body = json!({
        "schema": 1,
        "automation": automation.name,
        "entry": waiting.entry,
        "number": waiting.number,
        "entered_on": waiting.entered_on.to_string(),
        "contact": { "email": waiting.email.as_ref().map(Address::reveal) },
        "scores": scores,
        "segments": state.segments,
        "stage": state.stage,
    });
    Ok(body.to_string())
}

fn start_key(entry: i64) -> String {
    format!("start:{entry}")
}

fn leave_key(entry: i64) -> String {
    format!("leave:{entry}")
}

/// The entry that a row is about, and whether it starts or ends it.
fn entry_of(row: &OutboxRow) -> Option<(i64, bool)> {
    if row.row.lane != Lane::Start {
        return None;
    }
    let (what, entry) = row.row.target.split_once(':')?;
    Some((entry.parse().ok()?, what == "start"))
}

/// What a row asks a connector for.
pub enum Request {
    /// A set, which may be repeated.
    Set(Write),
    /// A start, which may not.
    Start(Start),
}

/// What a row asks for; `None` for a verb that this version does not know.
pub fn request(row: &OutboxRow, email: Option<Address>) -> Option<Request> {
    let value = row.row.value.clone()?;
    let action = match row.row.write.as_str() {
        "start by tag" => return Some(Request::Set(Write::AddTag { tag: value })),
        "remove tag" => return Some(Request::Set(Write::RemoveTag { tag: value })),
        "start by field" => {
            let parsed: serde_json::Value = serde_json::from_str(&value).ok()?;
            let text = |key: &str| Some(parsed.get(key)?.as_str()?.to_owned());
            return Some(Request::Set(Write::SetField {
                field: text("field")?,
                value: text("value"),
            }));
        }
        "start automation" => Action::Automation(value),
        "send event" => Action::Event(value),
        "call" => Action::Call { body: value },
        _ => return None,
    };
    Some(Request::Start(Start {
        contact: row.row.platform_id.clone(),
        email,
        key: row.row.target.clone(),
        action,
    }))
}

/// The rows of one call, from the first on. What may not be repeated goes out alone: if the process ends meanwhile,
/// one entry is in doubt and not a whole batch.
pub fn one_call(mut rows: Vec<OutboxRow>) -> Vec<OutboxRow> {
    let together = rows
        .iter()
        .take_while(|row| may_be_repeated(&row.row.write));
    rows.truncate(together.count().max(1));
    rows
}

/// Marks entries whose requests are about to go out; returns the rows that may. An entry that is no longer
/// ready is not started.
pub fn begin(tx: &Tx, rows: Vec<OutboxRow>, now: Millis) -> Result<Vec<OutboxRow>, StoreError> {
    let mut begun = Vec::with_capacity(rows.len());
    for row in rows {
        let may = match entry_of(&row) {
            Some((entry, true)) => tx.begin_entry(entry)?,
            Some((_, false)) => true,
            None => false,
        };
        if may {
            begun.push(row);
        } else {
            tx.settle(
                row.id,
                OutboxState::Abandoned,
                Some("no longer to be started"),
                None,
                now,
            )?;
        }
    }
    Ok(begun)
}

/// What became of a start, for its entry. Returns the state that its row gets.
pub fn settle(
    tx: &Tx,
    row: &OutboxRow,
    state: OutboxState,
    detail: Option<&str>,
    now: Millis,
) -> Result<OutboxState, StoreError> {
    let Some((entry, starts)) = entry_of(row) else {
        return Ok(state);
    };
    let doubt = state == OutboxState::Ambiguous && !may_be_repeated(&row.row.write);
    let state = if state == OutboxState::Ambiguous && !doubt {
        OutboxState::Retry
    } else {
        state
    };
    let becomes = match state {
        OutboxState::Ambiguous => Some(EntryState::InDoubt),
        OutboxState::Retry => starts.then_some(EntryState::Ready),
        OutboxState::Rejected if starts => Some(EntryState::Refused),
        OutboxState::Applied | OutboxState::Rejected => Some(EntryState::Started),
        _ => None,
    };
    if let Some(becomes) = becomes {
        let tags = row.row.write == "start by tag";
        tx.settle_entry(entry, (becomes, tags), detail, now)?;
    }
    Ok(state)
}
