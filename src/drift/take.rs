//! Taking a week: everybody is evaluated once, and counted while reading.

use engaged_connectors::Clock;

use crate::{
    config::Config,
    score::{
        calendar::Zone,
        evaluate::{Evaluation, evaluate},
        model::Model,
    },
    store::{Conn, Store, StoreError, Week, WeekBand, WeekRule, WeekScore, Which},
};

use super::{since::Since, week_of};

/// What became of taking a week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was taken now.
    Now(String),
    /// It was taken before, and stays as it is.
    Before(String),
    /// There is nobody yet.
    Nobody,
}

/// Takes the present week, unless it was taken before.
pub fn take(store: &Store, config: &Config, clock: &dyn Clock) -> Result<Taken, StoreError> {
    let now = clock.now().timestamp_millis();
    let zone = Zone::new(config.zone);
    let name = week_of(zone.day(now));
    // A cheap look first: whoever asks may ask every quarter of an hour.
    if store.read(|conn| conn.has_week(&name))? {
        return Ok(Taken::Before(name));
    }
    let week = store.read(|conn| count(conn, config, &zone, now))?;
    if week.contacts == 0 {
        return Ok(Taken::Nobody);
    }
    Ok(if store.write(move |tx| tx.add_week(&week))? {
        Taken::Now(name)
    } else {
        Taken::Before(name)
    })
}

fn count(conn: &Conn, config: &Config, zone: &Zone, now: i64) -> Result<Week, StoreError> {
    let today = zone.day(now);
    let vocabulary = conn.vocabulary()?;
    let model = Model::new(&config.rules, &vocabulary);
    let coverage = conn.coverage(zone, today, None)?;
    let mut week = Week {
        week: week_of(today),
        as_of: today,
        rules: config.rules_hash.clone(),
        contacts: 0,
        known_at: now,
        scores: empty(&model),
    };
    let since = Since::new(config, &vocabulary, zone, today);
    let mut converts = false;
    conn.for_each_needed(Which::All, None, &model.needs(), |_, facts| {
        add(&mut week, &evaluate(&model, facts, &coverage, today));
        converts |= since.as_ref().is_some_and(|since| since.converts(facts));
        Ok(())
    })?;
    // The look back costs as much again: only where there is anything to see.
    if let Some(since) = since.filter(|_| converts) {
        since.count(conn, (&model, &coverage), &mut week)?;
    }
    for score in &mut week.scores {
        score
            .bands
            .retain(|band| band.name.is_some() || band.contacts + band.earlier > 0);
    }
    Ok(week)
}

/// Every score with its bands, the last for those in none, and its rules.
fn empty(model: &Model) -> Vec<WeekScore> {
    let scores = model.rules().scores.iter().map(|score| {
        let names = score.bands.iter().map(|band| Some(band.name.clone()));
        WeekScore {
            name: score.name.clone(),
            bands: names
                .chain([None])
                .map(|name| WeekBand {
                    name,
                    contacts: 0,
                    earlier: 0,
                    converted: 0,
                })
                .collect(),
            rules: score
                .rules
                .iter()
                .map(|rule| WeekRule {
                    text: rule.text.clone(),
                    contacts: 0,
                    points: 0,
                })
                .collect(),
        }
    });
    scores.collect()
}

fn add(week: &mut Week, evaluation: &Evaluation) {
    week.contacts += 1;
    for (score, value) in week.scores.iter_mut().zip(&evaluation.scores) {
        let none = score.bands.len() - 1;
        score.bands[value.band.unwrap_or(none)].contacts += 1;
        for (rule, given) in score.rules.iter_mut().zip(&value.rules) {
            rule.contacts += i64::from(given.points != 0);
            rule.points = rule.points.saturating_add(given.points);
        }
    }
}
