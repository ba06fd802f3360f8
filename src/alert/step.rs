//! One alert from look to look: pending, firing, resolved. Pure.
//!
//! A condition that holds at some look makes an alert pending; at so many looks
//! in a row, firing; and once it did not hold at so many, resolved. A look that
//! cannot judge changes nothing. While an alert fires it is told again after
//! `repeat`, no sooner. One that comes back within that time of its end must
//! be good four times as long before it is called resolved, and each time it
//! comes back four times as long again: so it is told a few times a day at
//! most, and a receiver that was told "resolved" is never left with a lie.

use crate::score::calendar::Millis;

/// A time this far ahead of the clock was kept by a clock that was wrong.
const CLOCK_SLACK_MS: Millis = 10 * 60_000;

/// By how much longer an alert must be good for each time that it came back soon.
const PATIENCE: u32 = 4;

/// How many looks make an alert fire and end, and how often it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damping {
    /// So many looks in a row at which the condition holds.
    pub failure_after: u32,
    /// So many looks in a row at which it does not.
    pub success_after: u32,
    /// What still fires is told again after this time.
    pub repeat: Millis,
}

/// What a look says of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// It holds.
    Bad,
    /// It does not.
    Good,
    /// That cannot be said.
    Unknown,
}

/// How far an alert has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The condition holds, but not for long enough.
    Pending,
    /// It fires.
    Firing,
    /// It fired, and is over.
    Resolved,
}

impl State {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::Firing, Self::Resolved]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

/// What is remembered of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// How far it has come.
    pub state: State,
    /// Looks in a row that count towards the next state: bad ones while pending, good ones while firing.
    pub looks: u32,
    /// The first of those good looks, while firing.
    pub good_since: Option<Millis>,
    /// The first bad look of this time.
    pub since: Millis,
    /// When it came into this state.
    pub changed_at: Millis,
    /// When it was last told that it fires, this time.
    pub told_at: Option<Millis>,
    /// When it last ended.
    pub resolved_at: Option<Millis>,
    /// How often in a row it came back soon after its end.
    pub returns: u32,
}

/// What is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// That it fires.
    Firing,
    /// That it is over.
    Resolved,
}

/// What one look makes of an alert, and what is to be told; nothing is where `listens` is false. `None` is
/// an alert that is not there: before, or after.
pub fn step(
    memory: Option<Memory>,
    look: Look,
    now: Millis,
    damping: Damping,
    listens: bool,
) -> (Option<Memory>, Option<Word>) {
    let Some(memory) = memory else {
        return match look {
            Look::Bad => bad(pending(None, now), now, damping, listens),
            Look::Good | Look::Unknown => (None, None),
        };
    };
    match (look, memory.state) {
        (Look::Unknown, _) | (Look::Good, State::Resolved) => (Some(memory), None),
        (Look::Bad, State::Resolved) => bad(pending(Some(memory), now), now, damping, listens),
        (Look::Bad, State::Pending | State::Firing) => bad(memory, now, damping, listens),
        (Look::Good, State::Pending) => (calm(memory), None),
        (Look::Good, State::Firing) => good(memory, now, damping),
    }
}

/// An alert at its first bad look.
fn pending(before: Option<Memory>, now: Millis) -> Memory {
    Memory {
        state: State::Pending,
        looks: 0,
        good_since: None,
        since: now,
        changed_at: now,
        told_at: None,
        resolved_at: before.and_then(|before| before.resolved_at),
        returns: before.map_or(0, |before| before.returns),
    }
}

/// Back to what it was before it was pending.
fn calm(memory: Memory) -> Option<Memory> {
    let resolved_at = memory.resolved_at?;
    Some(Memory {
        state: State::Resolved,
        looks: 0,
        changed_at: resolved_at,
        ..memory
    })
}

fn bad(
    mut memory: Memory,
    now: Millis,
    damping: Damping,
    listens: bool,
) -> (Option<Memory>, Option<Word>) {
    if memory.state == State::Pending {
        memory.looks += 1;
        if memory.looks <= damping.failure_after {
            return (Some(memory), None);
        }
        let soon = |at: Millis| !is_past(at, damping.repeat, now);
        memory.returns = match memory.resolved_at {
            Some(at) if soon(at) => memory.returns.saturating_add(1),
            _ => 0,
        };
        (memory.state, memory.changed_at) = (State::Firing, now);
    }
    (memory.looks, memory.good_since) = (0, None);
    let again = memory
        .told_at
        .is_none_or(|at| is_past(at, damping.repeat, now));
    let word = (again && listens).then_some(Word::Firing);
    if word.is_some() {
        memory.told_at = Some(now);
    }
    (Some(memory), word)
}

fn good(mut memory: Memory, now: Millis, damping: Damping) -> (Option<Memory>, Option<Word>) {
    let since = *memory.good_since.get_or_insert(now);
    memory.looks = memory.looks.saturating_add(1);
    let wanted = PATIENCE
        .saturating_pow(memory.returns)
        .saturating_mul(damping.success_after);
    let enough = memory.looks >= damping.success_after && is_past(since, damping.repeat, now);
    if memory.looks < wanted && !enough {
        return (Some(memory), None);
    }
    let word = memory.told_at.map(|_| Word::Resolved);
    let over = Memory {
        state: State::Resolved,
        looks: 0,
        good_since: None,
        changed_at: now,
        told_at: None,
        resolved_at: Some(now),
        ..memory
    };
    (Some(over), word)
}

/// Whether so much time has gone by since then.
fn is_past(at: Millis, time: Millis, now: Millis) -> bool {
    at > now + CLOCK_SLACK_MS || now - at >= time
}

#[cfg(test)]
mod tests;
