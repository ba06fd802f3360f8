//! Who has converted in four weeks, by the band in which they were before.
//!
//! As of that day, with what was known of the profile then: what somebody did or
//! filled in at the conversion must not look as if it had foretold it.

use crate::{
    config::Config,
    insight,
    score::{
        calendar::{Day, Zone},
        evaluate::evaluate,
        facts::{Coverage, Facts, Vocabulary},
        first::First,
        model::Model,
    },
    store::{Conn, ContactId, StoreError, Week},
};

/// How many days back.
const DAYS: i32 = 28;

/// What counts as a conversion, and the span of days.
pub(super) struct Since<'a> {
    first: First,
    zone: &'a Zone,
    back: Day,
    today: Day,
}

impl<'a> Since<'a> {
    /// By `[insight] conversion`; `None` if that is no pattern, which `backtest` says.
    pub(super) fn new(
        config: &Config,
        vocabulary: &Vocabulary,
        zone: &'a Zone,
        today: Day,
    ) -> Option<Self> {
        let read = insight::conversion(&config.insight.conversion, &config.rules.kinds);
        let pattern = read.ok()??;
        Some(Self {
            first: First::new(&pattern, &config.rules, vocabulary),
            zone,
            back: Day(today.0 - DAYS),
            today,
        })
    }

    fn converted(&self, facts: &Facts) -> Option<Day> {
        self.first.of(facts).map(|at| self.zone.day(at))
    }

    /// Whether a contact first converted within the span.
    pub(super) fn converts(&self, facts: &Facts) -> bool {
        let on = self.converted(facts);
        on.is_some_and(|on| self.back < on && on <= self.today)
    }

    /// Counts by band who was there and had not converted, and who of them has since.
    pub(super) fn count(
        &self,
        conn: &Conn,
        (model, coverage): (&Model, &Coverage),
        week: &mut Week,
    ) -> Result<(), StoreError> {
        let Some((first, last)) = conn.contact_span()? else {
            return Ok(());
        };
        let known = self.zone.start_of(self.back.next()) - 1;
        let looks = (first.0..=last.0).map(|number| (ContactId(number), known));
        conn.for_each_in_hindsight(looks, &model.needs(), |_, hindsight| {
            let facts = hindsight.facts;
            let begun = facts.events.first().map(|event| event.at);
            let begun = [facts.subscribed_at, begun, Some(facts.first_known_at)];
            let begun = begun.into_iter().flatten().min();
            let there = begun.is_some_and(|at| self.zone.day(at) <= self.back);
            let before = self.converted(facts).is_some_and(|on| on <= self.back);
            if !there || before {
                return;
            }
            let converts = i64::from(self.converts(facts));
            let values = evaluate(model, facts, coverage, self.back).scores;
            for (score, value) in week.scores.iter_mut().zip(values) {
                let none = score.bands.len() - 1;
                let band = &mut score.bands[value.band.unwrap_or(none)];
                band.earlier += 1;
                band.converted += converts;
            }
        })
    }
}
