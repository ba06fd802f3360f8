//! What charts are drawn from: how many contacts are where now, how many were on
//! each day, and who moved between.
//!
//! A score run keeps the day it is made on (`Tx::take_day`); a later run of that
//! day takes its place. The last 35 days are kept whole, before them the first day
//! of each week, for two years. A day on which nothing ran has no row, and what is
//! read here says so: between two days nothing is made up.

mod day;
mod past;

use std::collections::BTreeMap;

use rusqlite::{Row, params};

pub use past::PastDay;

use super::{
    Conn,
    error::StoreError,
    tally::{NEW, NONE, Sort},
    word::{date_text, day_of},
};
use crate::score::calendar::Day;

/// No chart shows more days than are kept.
const DAYS_MAX: i32 = 800;

/// By what contacts are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grouping<'a> {
    /// The bands of a score.
    Bands(&'a str),
    /// Segments; a contact may be in several.
    Segments,
    /// Stages.
    Stages,
    /// Why absences are not judged; no name: they are.
    Judged,
}

impl<'a> Grouping<'a> {
    const fn score(self) -> Option<&'a str> {
        match self {
            Self::Bands(score) => Some(score),
            _ => None,
        }
    }

    const fn sort(self) -> Sort {
        match self {
            Self::Bands(_) => Sort::Band,
            Self::Segments => Sort::Segment,
            Self::Stages => Sort::Stage,
            Self::Judged => Sort::Unjudged,
        }
    }
}

/// How many contacts are at one number of points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtPoints {
    /// The points, as shown.
    pub shown: i64,
    /// The band.
    pub band: Option<String>,
    /// How many.
    pub contacts: i64,
}

/// How large a group is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// The band, segment, stage or reason; `None`: in no band, or judged.
    pub name: Option<String>,
    /// How many are in it.
    pub contacts: i64,
}

/// How large the groups are, and how many contacts there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// All contacts, also those who are in no group or not scored yet.
    pub contacts: i64,
    /// Groups that somebody is in.
    pub groups: Vec<Size>,
}

/// The sizes on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaySizes {
    /// The day.
    pub on: Day,
    /// `None`: nothing ran, so nobody knows.
    pub sizes: Option<Sizes>,
    /// Whether they were computed later, from what was known then.
    pub hindsight: bool,
}

/// Where a move begins or ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Was not scored before.
    New,
    /// In no band, segment or stage; judged.
    Outside,
    /// In the band, segment or stage; not judged for the reason.
    In(String),
}

/// How many moves there were between two groups. Who goes and comes back has moved twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// From where.
    pub from: End,
    /// To where.
    pub to: End,
    /// How many.
    pub contacts: i64,
}

/// The moves on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayMoves {
    /// The day.
    pub on: Day,
    /// `None`: nothing ran.
    pub moves: Option<Vec<Moved>>,
}

impl Conn {
    /// How many contacts are at each number of points of a score now, the fewest points first.
    pub fn spread(&self, score: &str) -> Result<Vec<AtPoints>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select shown, band.text, contacts from spread left join word band on band.id = band_id
             where score_id = (select id from word where text = ?1) order by shown, band_id",
        )?;
        let rows = select.query_map([score], at_points)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The same as it was on the newest day, up to a day, that was kept whole; `None` if there is none.
    pub fn spread_on(
        &self,
        score: &str,
        day: Day,
    ) -> Result<Option<(Day, Vec<AtPoints>)>, StoreError> {
        let mut newest = self.sql.prepare_cached(
            "select as_of_on from day_spread where as_of_on <= ?1 order by as_of_on desc limit 1",
        )?;
        let mut rows = newest.query([date_text(day)])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let on: String = row.get(0)?;
        let mut select = self.sql.prepare_cached(
            "select shown, band.text, contacts from day_spread left join word band on band.id = band_id
             where as_of_on = ?1 and score_id = (select id from word where text = ?2) order by shown, band_id",
        )?;
        let points = select.query_map(params![on, score], at_points)?;
        Ok(Some((day_of(&on)?, points.collect::<Result<_, _>>()?)))
    }

    /// How large the groups are now.
    pub fn group_sizes(&self, of: Grouping<'_>) -> Result<Sizes, StoreError> {
        let (contacts, _) = self.sizes()?;
        let size = |row: &Row<'_>| {
            Ok(Size {
                name: row.get(0)?,
                contacts: row.get(1)?,
            })
        };
        let groups = match of {
            Grouping::Bands(score) => self
                .sql
                .prepare_cached(
                    "select text, sum(contacts) from spread left join word on word.id = band_id
                     where score_id = (select id from word where text = ?1) group by band_id order by band_id",
                )?
                .query_map([score], size)?
                .collect::<Result<_, _>>()?,
            _ => self
                .sql
                .prepare_cached(
                    "select text, number from tally left join word on word.id = word_id
                     where sort = ?1 and connection_id = 0 order by word_id",
                )?
                .query_map([of.sort().as_str()], size)?
                .collect::<Result<_, _>>()?,
        };
        Ok(Sizes { contacts, groups })
    }

    /// The sizes between two days, both included. A day on which nothing ran is there and has no sizes; one on which
    /// something ran, but of which no sizes are kept any more, is left out.
    pub fn sizes_between(
        &self,
        of: Grouping<'_>,
        from: Day,
        to: Day,
    ) -> Result<Vec<DaySizes>, StoreError> {
        let from = from.max(Day(to.0.saturating_sub(DAYS_MAX)));
        let ran = self.days_between(from, to)?;
        let mut groups: BTreeMap<Day, Vec<Size>> = BTreeMap::new();
        let mut select = self.sql.prepare_cached(
            "select as_of_on, text, contacts from day_size left join word on word.id = word_id
             where as_of_on between ?1 and ?2 and sort = ?3 and score_id = coalesce((select id from word where text = ?4), 0)
             order by as_of_on, word_id",
        )?;
        let mut rows = select.query(params![
            date_text(from),
            date_text(to),
            of.sort().as_str(),
            of.score()
        ])?;
        while let Some(row) = rows.next()? {
            let size = Size {
                name: row.get(1)?,
                contacts: row.get(2)?,
            };
            let on = day_of(&row.get::<_, String>(0)?)?;
            groups.entry(on).or_default().push(size);
        }
        let mut days = Vec::new();
        for on in (from.0..=to.0).map(Day) {
            let kept = ran.get(&on);
            let hindsight = kept.is_some_and(|kept| kept.hindsight);
            let sizes = match kept {
                Some(kept) if !kept.whole => continue,
                Some(kept) => Some(Sizes {
                    contacts: kept.contacts,
                    groups: groups.remove(&on).unwrap_or_default(),
                }),
                None => None,
            };
            days.push(DaySizes {
                on,
                sizes,
                hindsight,
            });
        }
        Ok(days)
    }

    /// Who moved between two days, both included.
    pub fn moves(&self, of: Grouping<'_>, from: Day, to: Day) -> Result<Vec<Moved>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select from_id, source.text, to_id, target.text, contacts from (
               select from_id, to_id, sum(contacts) contacts from moved
               where as_of_on between ?1 and ?2 and sort = ?3 and score_id = coalesce((select id from word where text = ?4), 0)
               group by from_id, to_id)
             left join word source on source.id = from_id left join word target on target.id = to_id order by from_id, to_id",
        )?;
        let span = params![
            date_text(from),
            date_text(to),
            of.sort().as_str(),
            of.score()
        ];
        let rows = select.query_map(span, |row| {
            Ok(Moved {
                from: end(row.get(0)?, row.get(1)?),
                to: end(row.get(2)?, row.get(3)?),
                contacts: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Who moved on each day between two, both included; a day on which nothing ran is there and has no moves.
    pub fn moves_by_day(
        &self,
        of: Grouping<'_>,
        from: Day,
        to: Day,
    ) -> Result<Vec<DayMoves>, StoreError> {
        let from = from.max(Day(to.0.saturating_sub(DAYS_MAX)));
        let ran = self.days_between(from, to)?;
        let mut days: BTreeMap<Day, Option<Vec<Moved>>> = (from.0..=to.0)
            .map(|on| (Day(on), ran.contains_key(&Day(on)).then(Vec::new)))
            .collect();
        for (on, moved) in self.moves_of(of, from, to)? {
            // A run that was cut off has moved some, and has kept no day.
            let moves = days.entry(on).or_default();
            moves.get_or_insert_default().push(moved);
        }
        let days = days.into_iter();
        Ok(days.map(|(on, moves)| DayMoves { on, moves }).collect())
    }

    fn moves_of(
        &self,
        of: Grouping<'_>,
        from: Day,
        to: Day,
    ) -> Result<Vec<(Day, Moved)>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select as_of_on, from_id, source.text, to_id, target.text, contacts from moved
             left join word source on source.id = from_id left join word target on target.id = to_id
             where as_of_on between ?1 and ?2 and sort = ?3 and score_id = coalesce((select id from word where text = ?4), 0)
             order by as_of_on, from_id, to_id",
        )?;
        let mut rows = select.query(params![
            date_text(from),
            date_text(to),
            of.sort().as_str(),
            of.score()
        ])?;
        let mut moves = Vec::new();
        while let Some(row) = rows.next()? {
            let moved = Moved {
                from: end(row.get(1)?, row.get(2)?),
                to: end(row.get(3)?, row.get(4)?),
                contacts: row.get(5)?,
            };
            moves.push((day_of(&row.get::<_, String>(0)?)?, moved));
        }
        Ok(moves)
    }
}

fn at_points(row: &Row<'_>) -> rusqlite::Result<AtPoints> {
    Ok(AtPoints {
        shown: row.get(0)?,
        band: row.get(1)?,
        contacts: row.get(2)?,
    })
}

fn end(id: i64, name: Option<String>) -> End {
    match name {
        Some(name) if id > i64::from(NONE) => End::In(name),
        _ if id == NEW => End::New,
        _ => End::Outside,
    }
}
