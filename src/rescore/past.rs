//! What the weeks before the first run were like: once, as soon as everything is read, everybody is evaluated as of
//! the last Mondays, so that charts over time need not begin empty.
//!
//! A score as of a day is a pure function, so this is no memory that could be wrong: it is what the present rules say
//! of those days from what is known today. The days are kept as computed in hindsight, and pages say so.

use std::collections::{BTreeMap, HashMap};

use engaged_connectors::Clock;

use crate::{
    config::{Config, whole_since},
    rules::truth::Truth,
    score::{
        calendar::{Day, Zone},
        evaluate::{Evaluation, evaluate},
        explain::why_unjudged,
        facts::{Coverage, Facts},
        model::Model,
    },
    store::{Conn, PastDay, Store, StoreError, Which},
};

/// So many weeks are looked back.
const WEEKS: i32 = 13;

/// Computes the days before the first run, unless that was done, or something is still to be read. Returns how many.
pub fn look_back(store: &Store, config: &Config, clock: &dyn Clock) -> Result<usize, StoreError> {
    let now = clock.now().timestamp_millis();
    let zone = Zone::new(config.zone);
    let today = zone.day(now);
    let days = store.read(|conn| {
        if conn.has_looked_back()? || !is_read(conn, config)? || conn.count_contacts()? == 0 {
            return Ok(None);
        }
        // Of what is not kept no day is computed that looks for it.
        let whole = config.retention.as_ref();
        let whole = whole.map_or(Day::ALWAYS, |kept| whole_since(kept, &config.rules, today));
        let model = Model::new(&config.rules, &conn.vocabulary()?);
        let coverage = conn.coverage(&zone, today, None)?;
        let mut past = Past {
            model: &model,
            coverage: &coverage,
            zone: &zone,
            days: days(today)
                .filter(|day| *day >= whole)
                .map(Tally::new)
                .collect(),
        };
        conn.for_each_needed(Which::All, None, &model.needs(), |_, facts| {
            past.contact(facts);
            Ok(())
        })?;
        let days = past.days.into_iter().map(|day| day.named(&model));
        // A day before the first contact has nothing to show.
        Ok(Some(
            days.filter(|day| day.contacts > 0).collect::<Vec<_>>(),
        ))
    })?;
    let Some(days) = days else {
        return Ok(0);
    };
    let count = days.len();
    store.write(move |tx| tx.look_back(&days, now))?;
    Ok(count)
}

/// Whether every connection has been read to its end at least once.
fn is_read(conn: &Conn, config: &Config) -> Result<bool, StoreError> {
    let known = conn.connections()?;
    for connection in &config.connections {
        let Some(known) = known.iter().find(|known| known.name == connection.name) else {
            return Ok(false);
        };
        if conn.connection_complete_through(known.id)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The last Mondays before today, and this day a week ago.
fn days(today: Day) -> impl Iterator<Item = Day> {
    // Day 0 was a Thursday.
    let monday = today.0 - (today.0 + 3).rem_euclid(7);
    let mut days: Vec<i32> = (0..WEEKS).map(|week| monday - 7 * week).collect();
    days.push(today.0 - 7);
    days.sort_unstable();
    days.dedup();
    days.into_iter().filter(move |day| *day < today.0).map(Day)
}

struct Past<'a> {
    model: &'a Model,
    coverage: &'a Coverage,
    zone: &'a Zone,
    days: Vec<Tally>,
}

impl Past<'_> {
    fn contact(&mut self, facts: &Facts) {
        let first = facts.events.first().map(|fact| fact.at);
        let there = facts
            .subscribed_at
            .into_iter()
            .chain(first)
            .min()
            .unwrap_or(facts.first_known_at);
        let since = self.zone.day(there);
        for day in &mut self.days {
            if day.on >= since {
                day.take(&evaluate(self.model, facts, self.coverage, day.on));
            }
        }
    }
}

/// One day while it is counted, by places in the rules.
struct Tally {
    on: Day,
    contacts: i64,
    spread: HashMap<(usize, i64, Option<usize>), i64>,
    segments: HashMap<usize, i64>,
    stages: HashMap<usize, i64>,
    unjudged: BTreeMap<Option<&'static str>, i64>,
}

impl Tally {
    fn new(on: Day) -> Self {
        Self {
            on,
            contacts: 0,
            spread: HashMap::new(),
            segments: HashMap::new(),
            stages: HashMap::new(),
            unjudged: BTreeMap::new(),
        }
    }

    fn take(&mut self, evaluation: &Evaluation) {
        self.contacts += 1;
        for (score, value) in evaluation.scores.iter().enumerate() {
            *self
                .spread
                .entry((score, value.shown, value.band))
                .or_default() += 1;
        }
        let inside = evaluation.segments.iter().enumerate();
        for (segment, _) in inside.filter(|(_, truth)| **truth == Truth::True) {
            *self.segments.entry(segment).or_default() += 1;
        }
        if let Some(stage) = evaluation.stage {
            *self.stages.entry(stage).or_default() += 1;
        }
        *self.unjudged.entry(why_unjudged(evaluation)).or_default() += 1;
    }

    fn named(self, model: &Model) -> PastDay {
        let rules = model.rules();
        let spread = self
            .spread
            .into_iter()
            .map(|((score, shown, band), contacts)| {
                let score = &rules.scores[score];
                let band = band.map(|band| score.bands[band].name.clone());
                (score.name.clone(), shown, band, contacts)
            });
        let segments = self.segments.into_iter();
        let stages = self.stages.into_iter();
        let unjudged = self.unjudged.into_iter();
        PastDay {
            on: self.on,
            contacts: self.contacts,
            spread: spread.collect(),
            segments: segments
                .map(|(place, contacts)| (rules.segments[place].name.clone(), contacts))
                .collect(),
            stages: stages
                .map(|(place, contacts)| (rules.stages[place].name.clone(), contacts))
                .collect(),
            unjudged: unjudged
                .map(|(reason, contacts)| (reason.map(str::to_owned), contacts))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_looks_back_on_mondays_and_a_week() {
        let today = Day::parse("2026-06-17").unwrap();
        let days: Vec<String> = days(today).map(|day| day.to_string()).collect();
        assert_eq!(days.len(), 14);
        assert_eq!(days.first().unwrap(), "2026-03-23");
        assert!(days.contains(&"2026-06-10".to_owned()) && days.contains(&"2026-06-15".to_owned()));
        // On a Monday today is none of them, and a week ago is one of them.
        let monday = super::days(Day::parse("2026-06-15").unwrap());
        assert_eq!(monday.count(), 12);
    }
}
