//! What moved between weeks.
//!
//! Bands are compared by the population stability index: over the bands, the
//! sum of (share now - share before) x ln(share now / share before). A band
//! without anybody counts as half a contact. Rules are compared by what they
//! give for each contact there is. After an edit of the rules what moves is no
//! more than a notice: that it moves was shown by the preview.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::store::{Week, WeekRule, WeekScore};

/// With fewer contacts than this in either week, bands move by chance.
const CONTACTS_MIN: i64 = 100;

/// A rule that gave fewer contacts than this anything in both weeks moves by chance.
const GIVEN_MIN: i64 = 30;

/// How loud to say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// Somebody should look.
    Alert,
}

/// Something that moved.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Finding {
    /// How loud to say it.
    pub severity: Severity,
    /// The week before.
    pub from: String,
    /// The week in which it is otherwise.
    pub to: String,
    /// The score.
    pub score: String,
    /// What moved.
    #[serde(flatten)]
    pub what: Moved,
    /// Whether the rules were edited in between.
    pub rules_edited: bool,
}

/// What moved.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Moved {
    /// The shares of the bands.
    Bands {
        /// The population stability index.
        index: f64,
        /// The band whose share moved most; null for those in none.
        band: Option<String>,
        /// Its share before.
        before: f64,
        /// Its share now.
        after: f64,
    },
    /// How many times as often a band is met among those who converted as among others.
    Conversions {
        /// The band; null for those in none.
        band: Option<String>,
        /// In the backtest that was kept.
        before: f64,
        /// In the last four weeks.
        after: f64,
    },
    /// A rule gives twice as much, or more.
    Doubled(RuleMove),
    /// A rule gives half, or less.
    Halved(RuleMove),
    /// A rule gives nothing any more.
    Stopped(RuleMove),
}

/// What a rule gives, for each contact there is.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RuleMove {
    /// The rule as typed.
    pub when: String,
    /// Before.
    pub before: f64,
    /// Now.
    pub after: f64,
}

/// A share of contacts.
#[expect(clippy::cast_precision_loss, reason = "contacts are fewer than 2^53")]
pub fn share(contacts: i64, of: i64) -> f64 {
    contacts as f64 / of.max(1) as f64
}

/// Points for each contact, from thousandths in all.
#[expect(clippy::cast_precision_loss, reason = "shown with two decimal places")]
pub fn mean(points: i64, contacts: i64) -> f64 {
    points as f64 / 1000.0 / contacts.max(1) as f64
}

/// What moved up to the last of some weeks, the loudest first: against the week before it, and, where
/// that is quiet, against the first, which finds what creeps.
pub fn findings(weeks: &[Week], limit: f64) -> Vec<Finding> {
    let [first, .., _] = weeks else {
        return Vec::new();
    };
    let (last, before) = (&weeks[weeks.len() - 1], &weeks[weeks.len() - 2]);
    let mut found = between(before, last, limit);
    let crept = between(first, last, limit).into_iter();
    let told = |each: &Finding| {
        let mut all = found.iter();
        all.any(|known| known.score == each.score && known.what.subject() == each.what.subject())
    };
    let crept: Vec<Finding> = crept.filter(|each| !told(each)).collect();
    found.extend(crept);
    found.sort_by_key(|each| std::cmp::Reverse(each.severity));
    found
}

fn between(before: &Week, after: &Week, limit: f64) -> Vec<Finding> {
    let mut found = Vec::new();
    let rules_edited = before.rules != after.rules;
    for now in &after.scores {
        let Some(then) = before.scores.iter().find(|then| then.name == now.name) else {
            continue;
        };
        let enough = before.contacts.min(after.contacts) >= CONTACTS_MIN;
        let moved = bands((then, before.contacts), (now, after.contacts));
        let moved = moved.into_iter().filter(|_| enough);
        let rules = rules((then, before.contacts), (now, after.contacts));
        for what in moved.chain(rules) {
            let loud = match &what {
                Moved::Bands { index, .. } if *index <= limit / 2.0 => continue,
                Moved::Bands { index, .. } => *index > limit,
                Moved::Conversions { .. }
                | Moved::Doubled(_)
                | Moved::Halved(_)
                | Moved::Stopped(_) => true,
            };
            found.push(Finding {
                severity: if loud && !rules_edited {
                    Severity::Alert
                } else {
                    Severity::Notice
                },
                from: before.week.clone(),
                to: after.week.clone(),
                score: now.name.clone(),
                what,
                rules_edited,
            });
        }
    }
    found
}

/// A score in a week, and how many contacts there were.
type Of<'a> = (&'a WeekScore, i64);

fn bands((then, before): Of<'_>, (now, after): Of<'_>) -> Option<Moved> {
    let mut names: Vec<&Option<String>> = now.bands.iter().map(|band| &band.name).collect();
    let gone = then.bands.iter().map(|band| &band.name);
    names.extend(gone.filter(|name| !now.bands.iter().any(|band| band.name == **name)));
    let size = |score: &WeekScore, name: &Option<String>| {
        let band = score.bands.iter().find(|band| band.name == *name);
        band.map_or(0, |band| band.contacts)
    };
    let mut index = 0.0;
    let mut most: Option<(f64, Moved)> = None;
    for name in names {
        let (then, now) = (size(then, name), size(now, name));
        let (was, is) = (floored(then, before), floored(now, after));
        let part = (is - was) * (is / was).ln();
        index += part;
        if most.as_ref().is_none_or(|(largest, _)| part > *largest) {
            let moved = Moved::Bands {
                index: 0.0,
                band: name.clone(),
                before: share(then, before),
                after: share(now, after),
            };
            most = Some((part, moved));
        }
    }
    let (_, mut moved) = most?;
    if let Moved::Bands { index: whole, .. } = &mut moved {
        *whole = index;
    }
    Some(moved)
}

/// A share that is never nothing: a band without anybody counts as half a contact.
fn floored(contacts: i64, of: i64) -> f64 {
    if contacts > 0 {
        share(contacts, of)
    } else {
        share(1, of) / 2.0
    }
}

fn rules((then, before): Of<'_>, (now, after): Of<'_>) -> Vec<Moved> {
    let mut left: Vec<&WeekRule> = then.rules.iter().collect();
    let mut moved = Vec::new();
    for rule in &now.rules {
        // Of several that are typed alike, the first is the first.
        let Some(at) = left.iter().position(|each| each.text == rule.text) else {
            continue;
        };
        let earlier = left.remove(at);
        let (was, is) = (mean(earlier.points, before), mean(rule.points, after));
        if earlier.contacts.max(rule.contacts) < GIVEN_MIN || earlier.points == 0 {
            continue;
        }
        let what = RuleMove {
            when: rule.text.clone(),
            before: was,
            after: is,
        };
        let ratio = is / was;
        if rule.points == 0 {
            moved.push(Moved::Stopped(what));
        } else if ratio >= 2.0 {
            moved.push(Moved::Doubled(what));
        } else if ratio <= 0.5 {
            moved.push(Moved::Halved(what));
        }
    }
    moved
}

impl Moved {
    /// What it is about: a rule, or the bands.
    fn subject(&self) -> Option<&str> {
        match self {
            Self::Bands { .. } | Self::Conversions { .. } => None,
            Self::Doubled(rule) | Self::Halved(rule) | Self::Stopped(rule) => Some(&rule.when),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.score)?;
        match &self.what {
            Moved::Bands {
                index,
                band,
                before,
                after,
            } => {
                let band = band.as_deref().unwrap_or("no band");
                let (before, after) = (before * 100.0, after * 100.0);
                write!(
                    f,
                    "the bands moved (index {index:.2}); most of all {band}, {before:.1} % -> {after:.1} %"
                )?;
            }
            Moved::Conversions {
                band,
                before,
                after,
            } => {
                let band = band.as_deref().unwrap_or("(none)");
                write!(
                    f,
                    "band {band} is met among those who converted {after:.1} times as often as among others, no longer {before:.1} times"
                )?;
            }
            Moved::Doubled(rule) => rule.write(f, "gives twice as much or more")?,
            Moved::Halved(rule) => rule.write(f, "gives half or less")?,
            Moved::Stopped(rule) => rule.write(f, "gives nothing any more")?,
        }
        write!(f, ", {} -> {}", self.from, self.to)?;
        if self.rules_edited {
            f.write_str("; the rules were edited in between")?;
        }
        Ok(())
    }
}

impl RuleMove {
    fn write(&self, f: &mut fmt::Formatter<'_>, what: &str) -> fmt::Result {
        let (before, after) = (self.before, self.after);
        write!(
            f,
            "'{}' {what}: {before:.2} -> {after:.2} points for each contact",
            self.when
        )
    }
}

#[cfg(test)]
mod tests;
