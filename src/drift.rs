//! Whether scores are what they were: once a week, how many contacts are in
//! each band, what each rule gives and who converted, and a word when these move.
//!
//! It tells that something changed, not what: a season, a campaign, a platform
//! that reports otherwise, or people. What no rule asks about is not watched.

pub mod against;
pub mod compare;
mod since;
pub mod take;

use chrono::Datelike as _;
use serde::Serialize;

use crate::{
    config::Config,
    score::calendar::Day,
    store::{Conn, StoreError, Week},
};

pub use compare::{Finding, Severity};
pub use take::{Taken, take};

/// How many weeks are shown, and looked back, unless somebody asks for more.
pub const WEEKS: u32 = 8;

/// The last weeks side by side, and what moved.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub schema: u32,
    /// The index beyond which bands that move are an alert.
    pub limit: f64,
    /// The weeks, the oldest first.
    pub weeks: Vec<Shown>,
    /// What moved up to the last week.
    pub findings: Vec<Finding>,
}

/// One week.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// The ISO week.
    pub week: String,
    /// The date of the evaluation.
    pub as_of: String,
    /// Whether the rules are others than in the week before.
    pub rules_edited: bool,
    /// Contacts evaluated.
    pub contacts: i64,
    /// Each score.
    pub scores: Vec<ShownScore>,
}

/// One score in a week.
#[derive(Clone, Debug, Serialize)]
pub struct ShownScore {
    /// Its name.
    pub score: String,
    /// Its bands from the top.
    pub bands: Vec<ShownBand>,
    /// Its rules in the order of the file.
    pub rules: Vec<ShownRule>,
}

/// One band in a week.
#[derive(Clone, Debug, Serialize)]
pub struct ShownBand {
    /// Its name; null for those in none.
    pub band: Option<String>,
    /// Contacts in it.
    pub contacts: i64,
    /// Their share of all.
    pub share: f64,
    /// Contacts that were in it four weeks before and had not converted.
    pub earlier: i64,
    /// Of those, contacts that have since.
    pub converted: i64,
}

/// One rule in a week.
#[derive(Clone, Debug, Serialize)]
pub struct ShownRule {
    /// The rule as typed.
    pub when: String,
    /// Contacts that it gave or cost points.
    pub contacts: i64,
    /// Points for each contact there is.
    pub mean: f64,
}

/// The last weeks, and what moved in them.
pub fn report(conn: &Conn, config: &Config, weeks: u32) -> Result<Report, StoreError> {
    let limit = config.drift.alert;
    let weeks = conn.weeks(weeks)?;
    let edited = |at: usize| at > 0 && weeks[at].rules != weeks[at - 1].rules;
    let shown = weeks.iter().enumerate();
    let mut findings = compare::findings(&weeks, limit);
    findings.extend(against::findings(conn, config, weeks.last())?);
    findings.sort_by_key(|each| std::cmp::Reverse(each.severity));
    Ok(Report {
        schema: 1,
        limit,
        findings,
        weeks: shown.map(|(at, week)| show(week, edited(at))).collect(),
    })
}

fn show(week: &Week, rules_edited: bool) -> Shown {
    let scores = week.scores.iter().map(|score| ShownScore {
        score: score.name.clone(),
        bands: score
            .bands
            .iter()
            .map(|band| ShownBand {
                band: band.name.clone(),
                contacts: band.contacts,
                share: compare::share(band.contacts, week.contacts),
                earlier: band.earlier,
                converted: band.converted,
            })
            .collect(),
        rules: score
            .rules
            .iter()
            .map(|rule| ShownRule {
                when: rule.text.clone(),
                contacts: rule.contacts,
                mean: compare::mean(rule.points, week.contacts),
            })
            .collect(),
    });
    Shown {
        week: week.week.clone(),
        as_of: week.as_of.to_string(),
        rules_edited,
        contacts: week.contacts,
        scores: scores.collect(),
    }
}

/// The ISO week of a date: `2026-W24`. Empty beyond the calendar.
pub fn week_of(day: Day) -> String {
    day.date().map_or_else(String::new, |date| {
        let week = date.iso_week();
        format!("{}-W{:02}", week.year(), week.week())
    })
}

#[cfg(test)]
mod tests;
