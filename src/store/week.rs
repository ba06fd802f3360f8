//! What everybody's scores were like, once in each ISO week.

use rusqlite::params;

use super::{
    Conn, Tx,
    error::StoreError,
    word::{Dictionary, Texts, date_text, day_of},
};
use crate::score::{
    calendar::{Day, Millis},
    facts::ConnectionId,
};

/// One week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    /// The ISO week: `2026-W24`.
    pub week: String,
    /// The date of the evaluation.
    pub as_of: Day,
    /// The fingerprint of the rules.
    pub rules: String,
    /// Contacts evaluated.
    pub contacts: i64,
    /// When it was taken.
    pub known_at: Millis,
    /// Each score.
    pub scores: Vec<WeekScore>,
}

/// One score in a week.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WeekScore {
    /// Its name.
    pub name: String,
    /// Its bands from the top, then those in none.
    pub bands: Vec<WeekBand>,
    /// Its rules in the order of the file.
    pub rules: Vec<WeekRule>,
}

/// One band in a week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeekBand {
    /// Its name; `None` is no band.
    pub name: Option<String>,
    /// Contacts in it.
    pub contacts: i64,
    /// Contacts that were in it four weeks before and had not converted.
    pub earlier: i64,
    /// Of those, contacts that have since.
    pub converted: i64,
}

/// One rule in a week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeekRule {
    /// The rule as typed.
    pub text: String,
    /// Contacts that it gave or cost points.
    pub contacts: i64,
    /// All that it gave, in thousandths.
    pub points: i64,
}

impl Conn {
    /// Whether a week was taken.
    pub fn has_week(&self, week: &str) -> Result<bool, StoreError> {
        Ok(self
            .sql
            .prepare_cached("select exists (select 1 from week where week = ?1)")?
            .query_row([week], |row| row.get(0))?)
    }

    /// The last weeks that were taken, the oldest first.
    pub fn weeks(&self, last: u32) -> Result<Vec<Week>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select week, as_of_on, rules, contacts, known_at from week order by week desc limit ?1",
        )?;
        let mut rows = select.query([last])?;
        let mut weeks = Vec::new();
        while let Some(row) = rows.next()? {
            let week: String = row.get(0)?;
            weeks.push(Week {
                as_of: day_of(&row.get::<_, String>(1)?)?,
                rules: row.get(2)?,
                contacts: row.get(3)?,
                known_at: row.get(4)?,
                scores: self.scores_of(&week)?,
                week,
            });
        }
        weeks.reverse();
        Ok(weeks)
    }

    fn scores_of(&self, week: &str) -> Result<Vec<WeekScore>, StoreError> {
        let mut scores: Vec<WeekScore> = Vec::new();
        let mut bands = self.sql.prepare_cached(
            "select name.text, band.text, contacts, earlier, converted from week_band join word name on name.id = score_id
             left join word band on band.id = band_id where week = ?1 order by score_id, place",
        )?;
        let mut rows = bands.query([week])?;
        while let Some(row) = rows.next()? {
            let band = WeekBand {
                name: row.get(1)?,
                contacts: row.get(2)?,
                earlier: row.get(3)?,
                converted: row.get(4)?,
            };
            named(&mut scores, row.get(0)?).bands.push(band);
        }
        drop(rows);
        let mut rules = self.sql.prepare_cached(
            "select name.text, rule.text, contacts, points from week_rule join word name on name.id = score_id
             join word rule on rule.id = rule_id where week = ?1 order by score_id, place",
        )?;
        let mut rows = rules.query([week])?;
        while let Some(row) = rows.next()? {
            let rule = WeekRule {
                text: row.get(1)?,
                contacts: row.get(2)?,
                points: row.get(3)?,
            };
            named(&mut scores, row.get(0)?).rules.push(rule);
        }
        Ok(scores)
    }
}

fn named(scores: &mut Vec<WeekScore>, name: String) -> &mut WeekScore {
    let found = scores.iter().position(|score| score.name == name);
    let index = found.unwrap_or_else(|| {
        scores.push(WeekScore {
            name,
            ..WeekScore::default()
        });
        scores.len() - 1
    });
    &mut scores[index]
}

impl Tx {
    /// Keeps a week; false if it was taken before, and stays as it is.
    pub fn add_week(&self, week: &Week) -> Result<bool, StoreError> {
        let Some(as_of) = date_text(week.as_of) else {
            return Err(StoreError::bug("a week outside the calendar"));
        };
        let new = self
            .sql
            .prepare_cached(
                "insert into week (week, as_of_on, rules, contacts, known_at) values (?1, ?2, ?3, ?4, ?5)
                 on conflict do nothing",
            )?
            .execute(params![week.week, as_of, week.rules, week.contacts, week.known_at])?;
        if new == 0 {
            return Ok(false);
        }
        let mut texts = Texts::new(self, ConnectionId(0));
        let mut add_band = self.sql.prepare_cached(
            "insert into week_band (week, score_id, place, band_id, contacts, earlier, converted) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let mut add_rule = self.sql.prepare_cached(
            "insert into week_rule (week, score_id, place, rule_id, contacts, points) values (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for score in &week.scores {
            let name = texts.id(Dictionary::Word, Some(&score.name))?.0;
            for (band, place) in score.bands.iter().zip(0_i64..) {
                let id = texts.id(Dictionary::Word, band.name.as_deref())?;
                let id = id.is_some().then_some(id.0);
                add_band.execute(params![
                    week.week,
                    name,
                    place,
                    id,
                    band.contacts,
                    band.earlier,
                    band.converted
                ])?;
            }
            for (rule, place) in score.rules.iter().zip(0_i64..) {
                let text = texts.id(Dictionary::Word, Some(&rule.text))?.0;
                add_rule.execute(params![
                    week.week,
                    name,
                    place,
                    text,
                    rule.contacts,
                    rule.points
                ])?;
            }
        }
        Ok(true)
    }
}
