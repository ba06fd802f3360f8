//! Cases: a contact on a day, and whether it converted on the next.
//!
//! Whoever converts is a case on the day before its first conversion. Beside it
//! stand others on the same days, dealt without chance: contacts in the order of a
//! hash of their number get the conversion days in turn, and where a contact does
//! not fit its day, the next day of the list on which it does. It fits a day if it
//! was there by then, had not converted, and does not convert within the horizon.

use serde::Serialize;

use crate::{
    rules::{
        set::RuleSet,
        syntax::{Pattern, Window},
    },
    score::{
        calendar::{Day, Zone},
        facts::{Facts, Needs, Vocabulary},
        first::First,
    },
    store::{Conn, ContactId, StoreError, Which},
};

/// One contact, as far as dealing days needs it.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// Who.
    pub contact: ContactId,
    /// The first day on which it was there.
    pub since: Day,
    /// The day of its first conversion.
    pub converted: Option<Day>,
}

/// A contact on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// Who.
    pub contact: ContactId,
    /// The last day of which anything may be known.
    pub day: Day,
    /// Whether its first conversion was on the next day.
    pub converts: bool,
}

/// All cases, and who is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cases {
    /// By contact; of one contact the conversion first.
    pub cases: Vec<Case>,
    /// Contacts that converted on the first day they were there.
    pub at_once: u64,
    /// Contacts that fit no conversion day.
    pub unfit: u64,
}

/// What of a contact was left out, since it was not known on the day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Events dated on the day of the conversion or after it.
    pub events: u64,
    /// Of so many contacts that converted.
    pub contacts: u64,
    /// Fields that became known or changed later: the name, and of how many cases; the most frequent first.
    pub fields: Vec<LateField>,
    /// Cases about which a platform said something else of a list later.
    pub lists: u64,
    /// Contacts that converted on the first day they were there.
    pub at_once: u64,
    /// Contacts that fit no conversion day.
    pub unfit: u64,
}

/// A field whose value was not known on the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LateField {
    /// Its name.
    pub field: String,
    /// Of how many cases.
    pub cases: u64,
    /// Of those, how many converted.
    pub conversions: u64,
}

impl Life {
    fn of(contact: ContactId, facts: &Facts, first: &First, zone: &Zone) -> Self {
        let begun = facts.events.first().map(|event| event.at);
        let begun = [facts.subscribed_at, begun].into_iter().flatten().min();
        let begun = zone.day(begun.unwrap_or(facts.first_known_at));
        // Of days of which events are gone, nothing can be foretold from what is left.
        let forgotten = facts.forgotten.map(|gone| zone.day(gone.until_at).next());
        Self {
            contact,
            since: forgotten.map_or(begun, |known| known.max(begun)),
            converted: first.of(facts).map(|at| zone.day(at)),
        }
    }

    fn fits(&self, day: Day, within: Window) -> bool {
        self.since <= day && self.converted.is_none_or(|on| on > day.plus(within))
    }
}

/// Finds everybody's first conversion and deals the days.
pub fn find(
    conn: &Conn,
    (pattern, within): (&Pattern, Window),
    rules: &RuleSet,
    vocabulary: &Vocabulary,
    today: Day,
) -> Result<Cases, StoreError> {
    let (zone, first) = (
        Zone::new(rules.zone),
        First::new(pattern, rules, vocabulary),
    );
    let needs = Needs {
        fields: Some(Vec::new()),
        ..Needs::default()
    };
    let mut lives = Vec::new();
    conn.for_each_needed(Which::All, None, &needs, |contact, facts| {
        // Whoever may have converted before what is kept is no case.
        if first.may_be_gone(facts) {
            return Ok(());
        }
        let life = Life::of(contact, facts, &first, &zone);
        // What is dated in the future has not happened.
        lives.push(Life {
            converted: life.converted.filter(|on| *on <= today),
            ..life
        });
        Ok(())
    })?;
    Ok(deal(&lives, within))
}

/// Deals the days.
pub fn deal(lives: &[Life], within: Window) -> Cases {
    let mut found = Cases::default();
    let mut days = Vec::new();
    for life in lives {
        let Some(day) = life.converted.map(Day::previous) else {
            continue;
        };
        if life.since > day {
            found.at_once += 1;
            continue;
        }
        days.push(day);
        found.cases.push(Case {
            contact: life.contact,
            day,
            converts: true,
        });
    }
    days.sort_unstable();
    let mut order: Vec<&Life> = lives.iter().collect();
    order.sort_unstable_by_key(|life| (hash(life.contact), life.contact));
    for (turn, life) in order.into_iter().enumerate() {
        let turns = (0..days.len()).map(|later| days[(turn + later) % days.len()]);
        let Some(day) = turns.into_iter().find(|day| life.fits(*day, within)) else {
            found.unfit += u64::from(life.converted.is_none());
            continue;
        };
        found.cases.push(Case {
            contact: life.contact,
            day,
            converts: false,
        });
    }
    found
        .cases
        .sort_by_key(|case| (case.contact, !case.converts));
    found
}

/// Mixes the bits of a number (`SplitMix64`), so that the order says nothing about when somebody came.
fn hash(contact: ContactId) -> u64 {
    let mut bits = contact
        .0
        .cast_unsigned()
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Walks over the cases with what was known on each one's day. `profile_today` takes fields and
/// lists as they are now, which may let the future in.
pub fn look_back(
    conn: &Conn,
    found: &Cases,
    (zone, needs): (&Zone, &Needs),
    profile_today: bool,
    mut each: impl FnMut(&Case, &Facts),
) -> Result<LeftOut, StoreError> {
    let mut left = LeftOut {
        at_once: found.at_once,
        unfit: found.unfit,
        ..LeftOut::default()
    };
    let until = |case: &Case| {
        if profile_today {
            i64::MAX
        } else {
            zone.start_of(case.day.next()) - 1
        }
    };
    let looks = found.cases.iter().map(|case| (case.contact, until(case)));
    conn.for_each_in_hindsight(looks, needs, |number, hindsight| {
        let case = &found.cases[number];
        let mut facts = hindsight.facts.clone();
        let end = zone.start_of(case.day.next());
        let known = facts.events.partition_point(|event| event.at < end);
        if case.converts {
            left.events += (facts.events.len() - known) as u64;
            left.contacts += u64::from(facts.events.len() > known);
        }
        facts.events.truncate(known);
        for name in hindsight.late_fields {
            left.note(name, case.converts);
        }
        left.lists += u64::from(hindsight.late_lists > 0);
        each(case, &facts);
    })?;
    left.fields
        .sort_by(|one, other| (other.cases, &one.field).cmp(&(one.cases, &other.field)));
    Ok(left)
}

impl LeftOut {
    fn note(&mut self, name: &str, converts: bool) {
        let known = self.fields.iter().position(|late| late.field == name);
        let at = known.unwrap_or_else(|| {
            self.fields.push(LateField {
                field: name.to_owned(),
                cases: 0,
                conversions: 0,
            });
            self.fields.len() - 1
        });
        self.fields[at].cases += 1;
        self.fields[at].conversions += u64::from(converts);
    }
}

/// The last conversion day of the older part: the one by which at least 70 % of the conversions have happened.
pub fn older_until(cases: &[Case]) -> Option<Day> {
    let mut days: Vec<Day> = cases
        .iter()
        .filter(|case| case.converts)
        .map(|case| case.day)
        .collect();
    days.sort_unstable();
    let last = (days.len() * 7).div_ceil(10).checked_sub(1)?;
    days.get(last).copied()
}

#[cfg(test)]
mod tests;
