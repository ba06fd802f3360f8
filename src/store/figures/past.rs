//! Days before anything ran, as they are computed later.

use rusqlite::params;

use crate::{
    score::calendar::{Day, Millis},
    store::{
        Conn, Tx,
        error::StoreError,
        tally::{NOWHERE, Sort},
        word::{Dictionary, date_text},
    },
};

const LOOKED_BACK: &str = "looked back";

/// How many contacts were where on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastDay {
    /// The day.
    pub on: Day,
    /// Contacts that were there.
    pub contacts: i64,
    /// By score, points and band.
    pub spread: Vec<(String, i64, Option<String>, i64)>,
    /// By segment.
    pub segments: Vec<(String, i64)>,
    /// By stage.
    pub stages: Vec<(String, i64)>,
    /// By why they are not judged; `None`: they are.
    pub unjudged: Vec<(Option<String>, i64)>,
}

impl Conn {
    /// Whether the days before the first run were computed.
    pub fn has_looked_back(&self) -> Result<bool, StoreError> {
        Ok(self.control(LOOKED_BACK)?.is_some())
    }
}

impl Tx {
    /// Keeps days before the first run. A day on which something ran stays as it is.
    pub fn look_back(&self, days: &[PastDay], now: Millis) -> Result<(), StoreError> {
        for day in days {
            self.keep_past(day, now)?;
        }
        self.set_control(LOOKED_BACK, "done", now)
    }

    fn keep_past(&self, day: &PastDay, now: Millis) -> Result<(), StoreError> {
        let Some(on) = date_text(day.on) else {
            return Err(StoreError::bug("a day outside the calendar"));
        };
        let new = self
            .sql
            .prepare_cached(
                "insert into day (as_of_on, contacts, whole, known_at, hindsight) values (?1, ?2, 1, ?3, 1)
                 on conflict do nothing",
            )?
            .execute(params![on, day.contacts, now])?;
        if new == 0 {
            return Ok(());
        }
        let word = |text: Option<&str>| -> Result<i64, StoreError> {
            match text {
                None => Ok(NOWHERE),
                Some(text) => Ok(self.text_id(Dictionary::Word, text)?.0.into()),
            }
        };
        for (score, shown, band, contacts) in &day.spread {
            let (score, band) = (word(Some(score))?, word(band.as_deref())?);
            self.sql
                .prepare_cached(
                    "insert into day_spread (as_of_on, score_id, shown, band_id, contacts) values (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![on, score, shown, band, contacts])?;
        }
        self.sql
            .prepare_cached(
                "insert into day_size (as_of_on, sort, score_id, word_id, contacts)
                 select as_of_on, 'band', score_id, band_id, sum(contacts) from day_spread where as_of_on = ?1
                 group by score_id, band_id",
            )?
            .execute([&on])?;
        let named = |groups: &[(String, i64)]| -> Vec<(Option<String>, i64)> {
            let groups = groups.iter();
            groups
                .map(|(name, number)| (Some(name.clone()), *number))
                .collect()
        };
        for (sort, groups) in [
            (Sort::Segment, named(&day.segments)),
            (Sort::Stage, named(&day.stages)),
            (Sort::Unjudged, day.unjudged.clone()),
        ] {
            for (name, contacts) in groups.iter().filter(|group| group.1 > 0) {
                let word = word(name.as_deref())?;
                self.sql
                    .prepare_cached(
                        "insert into day_size (as_of_on, sort, score_id, word_id, contacts) values (?1, ?2, 0, ?3, ?4)",
                    )?
                    .execute(params![on, sort.as_str(), word, contacts])?;
            }
        }
        Ok(())
    }
}
