//! How far back rules look: for each kind of event, how old one can be and still change a score.
//!
//! Two things need no keeping. Of a message or link the first event is looked for as far back as events are kept. And
//! a judgement that rests on mails which are gone is not made any more: that is never to somebody's disadvantage.

use engaged_connectors::model::EventKind;

use super::{
    horizon::{BOUNCES, REVIVING},
    set::{CountMode, Decay, Period, Rule, RuleSet},
    syntax::{Cmp, Condition, Pattern, RuleWhen, Unit, Window},
};

/// How far back something looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    /// One window, and behind it another, if there is one.
    Within(Window, Option<Window>),
    /// Without an end, and why.
    Ever(Why),
}

/// Why something looks back without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It names no window.
    NoWindow,
    /// Its points neither expire nor fade.
    NoEnd,
    /// It counts the first ones of all.
    First,
    /// It asks when the last one was.
    Last,
    /// It asks whether anything was ever bought.
    Customer,
}

/// That a kind of event is looked for so far back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The kind.
    pub kind: EventKind,
    /// How far.
    pub back: Back,
}

/// Where something that looks back stands. Numbers count from zero, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A rule of a score.
    Rule {
        /// The score.
        score: String,
        /// Which of its rules.
        rule: usize,
    },
    /// A segment.
    Segment(String),
    /// A stage.
    Stage(usize),
    /// When contacts enter an automation.
    Enter(usize),
    /// When they leave it.
    Leave(usize),
}

/// What each condition of a set of rules looks for, in the order of the file.
pub fn looks(rules: &RuleSet) -> Vec<(Place, Vec<Look>)> {
    let mut all = Vec::new();
    for score in &rules.scores {
        for (rule, each) in score.rules.iter().enumerate() {
            let score = score.name.clone();
            all.push((Place::Rule { score, rule }, of_rule(each)));
        }
    }
    for each in &rules.segments {
        all.push((
            Place::Segment(each.name.clone()),
            of_condition(&each.when, true),
        ));
    }
    for (place, each) in rules.stages.iter().enumerate() {
        all.push((Place::Stage(place), of_condition(&each.when, true)));
    }
    for (place, each) in rules.automations.iter().enumerate() {
        all.push((Place::Enter(place), of_condition(&each.when, true)));
        if let Some(until) = &each.until {
            all.push((Place::Leave(place), of_condition(until, true)));
        }
    }
    all
}

/// What one rule looks for.
pub fn of_rule(rule: &Rule) -> Vec<Look> {
    let pattern = match &rule.when {
        RuleWhen::State(condition) => return of_condition(condition, rule.guards),
        RuleWhen::Each(pattern) => pattern,
    };
    let back = each(rule, pattern);
    let mut looks = vec![look(&pattern.kind, back)];
    for lifting in &rule.lifted_by {
        // What ends a bounce stays with it.
        if !(BOUNCES.contains(&pattern.kind) && REVIVING.contains(lifting)) {
            looks.push(look(lifting, back));
        }
    }
    looks
}

fn look(kind: &EventKind, back: Back) -> Look {
    Look {
        kind: kind.clone(),
        back,
    }
}

/// How long an event can earn points, or take their place from a later one.
fn each(rule: &Rule, pattern: &Pattern) -> Back {
    if matches!(rule.count, CountMode::Once | CountMode::First(_)) {
        return Back::Ever(Why::First);
    }
    let fades = rule.decay.map(|decay| match decay {
        Decay::Linear { share, period } => {
            let periods = u32::try_from((1000 + share.max(1) - 1) / share.max(1));
            Window {
                number: period.number.saturating_mul(periods.unwrap_or(u32::MAX)),
                unit: period.unit,
            }
        }
        Decay::HalfLife { days } => half_life(rule.points, days, pattern),
    });
    let Some(window) = rule.expires.or(fades) else {
        return Back::Ever(Why::NoEnd);
    };
    // What a cap per period let pass earlier in the period leaves less for what comes after it.
    let widest = rule.at_most_per.iter().map(|(_, period)| match period {
        Period::Day => (1, Unit::Day),
        Period::Week => (7, Unit::Day),
        Period::Month => (31, Unit::Day),
        Period::Year => (366, Unit::Day),
    });
    let period = widest.max_by_key(|(days, _)| *days);
    let period = period.map(|(number, unit)| Window { number, unit });
    Back::Within(window, period)
}

/// After so many days nothing is left of an event's points, to the thousandth.
fn half_life(points: i64, days: u32, pattern: &Pattern) -> Window {
    // Halved as often as this, less than half a thousandth is left. A purchase counts times its quantity, which has 32 bits.
    let bits = u64::BITS - points.unsigned_abs().leading_zeros() + 1;
    let bits = if pattern.kind == EventKind::Purchase {
        bits + u32::BITS
    } else {
        bits
    };
    Window {
        number: days.saturating_mul(bits).saturating_add(1),
        unit: Unit::Day,
    }
}

/// What a condition looks for. What it reads of scores and segments stands there.
pub fn of_condition(condition: &Condition, guards: bool) -> Vec<Look> {
    let mut looks = Vec::new();
    collect(condition, guards, &mut looks);
    looks
}

fn collect(condition: &Condition, guards: bool, looks: &mut Vec<Look>) {
    let within = |window: Window| Back::Within(window, None);
    let maybe = |window: Option<Window>| window.map_or(Back::Ever(Why::NoWindow), within);
    match condition {
        Condition::Or(parts) | Condition::And(parts) => {
            for part in parts {
                collect(part, guards, looks);
            }
        }
        Condition::Not(inner) => collect(inner, guards, looks),
        Condition::Absence {
            pattern, window, ..
        } => absence(pattern, maybe(*window), guards, looks),
        Condition::Count {
            pattern, window, ..
        } => looks.push(look(&pattern.kind, maybe(*window))),
        Condition::DaysWith {
            pattern, window, ..
        } => looks.push(look(&pattern.kind, within(*window))),
        Condition::Total {
            pattern,
            window,
            cmp,
            ..
        } => {
            looks.push(look(&pattern.kind, within(*window)));
            if pattern.kind == EventKind::Purchase {
                looks.push(look(&EventKind::Refund, within(*window)));
                if guards && !matches!(cmp, Cmp::Greater | Cmp::GreaterOrEqual) {
                    looks.push(look(&EventKind::Purchase, Back::Ever(Why::Customer)));
                }
            }
        }
        Condition::TimeSince { pattern, .. } => {
            looks.push(look(&pattern.kind, Back::Ever(Why::Last)));
        }
        _ => {}
    }
}

fn absence(pattern: &Pattern, back: Back, guards: bool, looks: &mut Vec<Look>) {
    let kind = &pattern.kind;
    looks.push(look(kind, back));
    if *kind == EventKind::Open {
        // A click proves reading.
        looks.push(look(&EventKind::Click, back));
    }
    if guards && matches!(kind, EventKind::Open | EventKind::Click) {
        looks.push(look(&EventKind::Send, back));
    }
    if guards && *kind == EventKind::Purchase {
        looks.push(look(kind, Back::Ever(Why::Customer)));
    }
}

#[cfg(test)]
mod tests;
