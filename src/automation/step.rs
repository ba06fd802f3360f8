//! What a run does to the memory of one contact: enter, settle, leave.

use crate::{
    rules::truth::Truth,
    score::{
        calendar::{Day, Millis},
        evaluate::Door,
    },
};

use super::{
    Automation, Begin, RESTORED, WAITS_MAX_MS,
    entry::{Entry, EntryState, Past},
};

/// So long an entry that was asked for stays, whatever its automation's condition says: the usual wait of a win-back.
const BY_HAND_MS: Millis = 30 * 86_400_000;

/// What the present evaluation follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// The contact was evaluated under the same meaning of this automation.
    Known,
    /// The contact is new, and not of a first import: it was outside.
    New,
    /// The contact is part of a first import.
    First,
    /// A backup was put in the place of the database, and nobody let writing go on: something may have been started already.
    Restored,
    /// The contact was last evaluated under another meaning of this automation, or without it.
    Edited,
}

/// What a run sees of one contact and one automation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Whether it enters or leaves, by all that is known now.
    pub door: Door,
    /// What came before.
    pub before: Before,
    /// By what is known now, it was inside when we last looked or some days ago: what we learn is of the past.
    pub late: bool,
    /// By what is known now, whether the condition held when the entry that waits was made.
    pub held: Truth,
}

/// When a run looks, and what holds for the contact as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The date that was scored.
    pub today: Day,
    /// The present.
    pub now: Millis,
    /// Whether the contact may be written to: nobody on any connection said otherwise.
    pub reachable: bool,
}

/// One change of what is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The contact enters.
    Enter {
        /// The automation's place among all.
        automation: usize,
        /// Which entry of this contact it is, from 1.
        number: u32,
        /// What becomes of it.
        state: EntryState,
        /// Why it starts nothing.
        reason: Option<String>,
        /// When it has waited long enough.
        due_at: Option<Millis>,
    },
    /// An entry gets another state; the contact stays inside unless `leaves`.
    Move {
        /// The automation's place among all.
        automation: usize,
        /// The entry.
        entry: i64,
        /// What becomes of it; `None`: what it was.
        state: Option<EntryState>,
        /// Why.
        reason: Option<String>,
        /// Whether the contact is outside from now on.
        leaves: bool,
    },
}

/// What changes for one contact; automations, what is seen and what is remembered stand in the same order.
pub fn steps(
    automations: &[Automation],
    seen: &[Seen],
    past: &[Past],
    moment: Moment,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut entering = Vec::new();
    let all = automations.iter().zip(seen.iter().zip(past));
    for (place, (automation, (seen, past))) in all.enumerate() {
        match past.inside {
            Some(entry) => steps.extend(stay(automation, place, *seen, entry, moment)),
            None if seen.door.enters == Truth::True => {
                let fate = enter(automation, *seen, past, moment);
                entering.push((place, past.entries + 1, fate));
            }
            None => {}
        }
    }
    let crossed: Vec<usize> = entering
        .iter()
        .filter(|(_, _, (state, _))| *state != EntryState::Silent)
        .map(|(place, _, _)| *place)
        .collect();
    for (place, _, fate) in &mut entering {
        let beyond = crossed
            .iter()
            .find(|other| beyond(automations, **other, *place));
        if let Some(beyond) = beyond.filter(|_| fate.0 != EntryState::Silent) {
            *fate = (EntryState::Suppressed, Some(lower(&automations[*beyond])));
        }
    }
    // Whoever waits at a lower line and now crosses a higher one has jumped over both.
    for (place, past) in past.iter().enumerate() {
        let waiting = past.inside.filter(|entry| entry.state.is_pending());
        let moved =
            |step: &Step| matches!(step, Step::Move { automation, .. } if *automation == place);
        let beyond = crossed
            .iter()
            .find(|other| beyond(automations, **other, place));
        if let Some((entry, beyond)) = waiting.zip(beyond)
            && !steps.iter().any(|step| moved(step) && !settles(step))
        {
            steps.retain(|step| !moved(step));
            let reason = Some(lower(&automations[*beyond]));
            steps.push(change(place, entry, EntryState::Suppressed, reason, false));
        }
    }
    steps.extend(
        entering
            .into_iter()
            .map(|(place, number, (state, reason))| {
                let waits = state == EntryState::Settling;
                Step::Enter {
                    automation: place,
                    number,
                    state,
                    reason,
                    due_at: waits.then(|| moment.now + automations[place].settle),
                }
            }),
    );
    steps
}

/// Whether a step lets a waiting entry become a start.
fn settles(step: &Step) -> bool {
    let to = |state: EntryState| matches!(step, Step::Move { state: Some(to), .. } if *to == state);
    to(EntryState::Ready) || to(EntryState::HandedOver)
}

fn beyond(automations: &[Automation], one: usize, other: usize) -> bool {
    let lines = automations[one]
        .threshold
        .as_ref()
        .zip(automations[other].threshold.as_ref());
    lines.is_some_and(|(one, other)| one.beyond(other))
}

fn lower(beyond: &Automation) -> String {
    format!("crossed together with '{}', which lies beyond", beyond.name)
}

/// What becomes of an entry, by itself.
fn enter(
    automation: &Automation,
    seen: Seen,
    past: &Past,
    moment: Moment,
) -> (EntryState, Option<String>) {
    let silent = |reason: &str| (EntryState::Silent, Some(reason.to_owned()));
    let suppressed = |reason: String| (EntryState::Suppressed, Some(reason));
    match seen.before {
        Before::First => return silent("first import"),
        Before::Edited => return silent("the rules were edited"),
        Before::Restored => return silent(RESTORED),
        Before::Known | Before::New if seen.late => return silent("late news of the past"),
        Before::Known | Before::New => {}
    }
    if !moment.reachable {
        return suppressed("not subscribed".to_owned());
    }
    if let Some(most) = automation
        .max_per_contact
        .filter(|most| past.starts >= *most)
    {
        return suppressed(format!("max_per_contact = {most}"));
    }
    let until = automation.cooldown.zip(past.started_on);
    let until = until.map(|(cooldown, started)| started.plus(cooldown));
    if let Some(until) = until.filter(|until| moment.today < *until) {
        return suppressed(format!("cooldown until {until}"));
    }
    if automation.settle > 0 {
        (EntryState::Settling, None)
    } else {
        (automation.due(), None)
    }
}

/// What becomes of an entry by which a contact is inside.
fn stay(
    automation: &Automation,
    place: usize,
    seen: Seen,
    entry: Entry,
    moment: Moment,
) -> Option<Step> {
    let go = |state, reason: &str| change(place, entry, state, Some(reason.to_owned()), true);
    let pending = entry.state.is_pending();
    if seen.door.leaves == Truth::True {
        return Some(match entry.state {
            // What a person's cleaning asked for is not taken back by a condition that was never asked.
            _ if entry.by_hand && (pending || moment.now - entry.entered_at < BY_HAND_MS) => {
                return None;
            }
            _ if pending => go(EntryState::Withdrawn, "left before it was started"),
            EntryState::Started if matches!(automation.start.begin, Begin::Tag(_)) => {
                change(place, entry, EntryState::Leaving, None, true)
            }
            _ => Step::Move {
                automation: place,
                entry: entry.id,
                state: None,
                reason: None,
                leaves: true,
            },
        });
    }
    if pending && !moment.reachable {
        let reason = Some("not subscribed".to_owned());
        return Some(change(place, entry, EntryState::Suppressed, reason, false));
    }
    let waited = entry.due_at.is_none_or(|due| due <= moment.now);
    if entry.state != EntryState::Settling || !waited {
        return None;
    }
    let stays = |state, reason: Option<&str>| {
        Some(change(
            place,
            entry,
            state,
            reason.map(str::to_owned),
            false,
        ))
    };
    if seen.held == Truth::False {
        return Some(go(EntryState::Withdrawn, "did not hold, as we know now"));
    }
    if entry
        .due_at
        .is_some_and(|due| due + WAITS_MAX_MS <= moment.now)
    {
        return stays(EntryState::Withdrawn, Some("waited too long to be started"));
    }
    // What is not known starts nothing, and lets nobody leave: it waits.
    (seen.held == Truth::True).then(|| stays(automation.due(), None))?
}

fn change(
    automation: usize,
    entry: Entry,
    state: EntryState,
    reason: Option<String>,
    leaves: bool,
) -> Step {
    Step::Move {
        automation,
        entry: entry.id,
        state: Some(state),
        reason,
        leaves,
    }
}
