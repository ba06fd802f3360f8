//! Whether all that a platform counts has reached us, where nothing else can show it.
//!
//! What a webhook does not bring leaves no trace. But a platform counts what happens to a campaign, so each pass over a
//! counted stream compares: between two looks at a counter, what is missing (the counter, less what is stored up to the
//! instant of the look) must not grow. Where it grew, the days between are a hole, from up to where the pass before was
//! complete to the look itself. What was missing before the first look is missing since ever.
//!
//! A hole heals when a later pass finds that what is missing did not grow after all, whether between its own two looks or up
//! to the last one: then what was late has come. More stored than counted is a counter that lags, and counts as nothing missing.
//! Different contacts are all that some platforms count. Where a contact is missing already, a later event of theirs can then
//! hide the loss of somebody else's; so a connector gives [`Counter::times`] wherever it can.
//!
//! Kept are the last look at each counter, and two looks for each hole; of bad passes in a row those of one day are one hole.

use engaged_connectors::{
    Stream,
    connector::{Counter, Covered},
};
use rusqlite::{OptionalExtension, Row, params};

use super::{
    Conn, Tx,
    coverage::Gap,
    error::StoreError,
    word::{Texts, day_of},
};
use crate::score::{
    calendar::{Day, Millis, Zone},
    facts::ConnectionId,
};

/// What was missing before the first look may be of any day.
const BEFORE_ALL: Day = Day(0);

/// One look at a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    at: Millis,
    contacts: i64,
    times: Option<i64>,
}

impl Look {
    /// From three columns; `None` where there was none.
    fn of(row: &Row<'_>, from: usize) -> Result<Option<Self>, rusqlite::Error> {
        let (at, contacts): (Option<Millis>, Option<i64>) = (row.get(from)?, row.get(from + 1)?);
        let times = row.get(from + 2)?;
        Ok(at.zip(contacts).map(|(at, contacts)| Self {
            at,
            contacts,
            times,
        }))
    }
}

/// What is counted: campaign and kind, by their numbers.
type Of = (i64, i64);

/// How much of a look has not reached us: contacts, and times where they are counted.
#[derive(Clone, Copy)]
struct Missing {
    contacts: i64,
    times: Option<i64>,
}

impl Missing {
    /// Before anything was counted.
    const NOTHING: Self = Self {
        contacts: 0,
        times: Some(0),
    };

    /// Likewise of what is counted.
    fn counted(look: Look) -> Self {
        Self {
            contacts: look.contacts,
            times: look.times,
        }
    }

    fn since(self, before: Self) -> i64 {
        let times = self.times.zip(before.times);
        let times = times.map_or(0, |(now, before)| now - before);
        times.max(self.contacts - before.contacts).max(0)
    }
}

/// Days on which less reached us than a platform counts for a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// The campaign's name, or its id where it has none.
    pub campaign: String,
    /// What is missing.
    pub kind: String,
    /// How many at least; different contacts where that is all that is counted.
    pub missing: i64,
    /// How many the platform counts between the looks that show it, by what `missing` is counted in where it counts both.
    pub counted: i64,
    /// The first day on which they may have happened.
    pub from: Day,
    /// The last.
    pub to: Day,
}

impl Tx {
    /// Says that nothing but the platform's counters shows whether a stream is complete. Call it before anything is appended.
    pub fn declare_counted(
        &self,
        connection: ConnectionId,
        stream: Stream,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "insert into counted_stream (connection_id, stream) values (?1, ?2) on conflict do nothing",
            )?
            .execute(params![connection.0, stream.0])?;
        Ok(())
    }

    /// Takes in what a page counts and, at the end of a pass, compares. Before the page's own coverage.
    pub(super) fn reconcile(
        &self,
        (connection, stream): (ConnectionId, Stream),
        (counters, covered, done): (&[Counter], &[Covered], bool),
        zone: &Zone,
        known_at: Millis,
    ) -> Result<(), StoreError> {
        let select =
            "select complete_to_at from counted_stream where connection_id = ?1 and stream = ?2";
        let complete_to: Option<Option<Millis>> = self
            .sql
            .prepare_cached(select)?
            .query_row(params![connection.0, stream.0], |row| row.get(0))
            .optional()?;
        let Some(complete_to) = complete_to else {
            return Ok(());
        };
        self.take_counters((connection, stream), counters)?;
        if !done {
            return Ok(());
        }
        let since = complete_to.or_else(|| {
            let from = covered.iter().map(|each| each.from).min().flatten();
            from.map(|at| at.timestamp_millis())
        });
        let pass = Pass {
            tx: self,
            connection,
            stream,
            zone,
            known_at,
            since: since.map_or(BEFORE_ALL, |at| zone.day(at)),
        };
        pass.compare()?;
        let through = covered
            .iter()
            .map(|each| each.through.timestamp_millis())
            .min();
        pass.end(through)?;
        pass.heal()
    }

    fn take_counters(
        &self,
        (connection, stream): (ConnectionId, Stream),
        counters: &[Counter],
    ) -> Result<(), StoreError> {
        let mut texts = Texts::new(self, connection);
        let mut upsert = self.sql.prepare_cached(
            "insert into counter (connection_id, stream, campaign_id, kind, coming_at, coming_contacts, coming_times)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             on conflict do update set coming_at = excluded.coming_at, coming_contacts = excluded.coming_contacts,
               coming_times = excluded.coming_times",
        )?;
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        for counter in counters {
            upsert.execute(params![
                connection.0,
                stream.0,
                texts.campaign(Some(&counter.campaign))?.0,
                self.stored_kind(&counter.kind)?.0,
                counter.at.timestamp_millis(),
                number(counter.contacts),
                counter.times.map(number),
            ])?;
        }
        Ok(())
    }
}

/// The end of one pass over a counted stream.
struct Pass<'t> {
    tx: &'t Tx,
    connection: ConnectionId,
    stream: Stream,
    zone: &'t Zone,
    known_at: Millis,
    /// What a counter that was never seen counts may have happened from this day on.
    since: Day,
}

impl Pass<'_> {
    /// Compares each counter of this pass with the look before.
    fn compare(&self) -> Result<(), StoreError> {
        let mut select = self.tx.sql.prepare_cached(
            "select campaign_id, kind, at, contacts, times, coming_at, coming_contacts, coming_times, complete_to_at
             from counter where connection_id = ?1 and stream = ?2 and coming_at is not null order by 1, 2",
        )?;
        let rows = select.query_map(params![self.connection.0, self.stream.0], |row| {
            let of: Of = (row.get(0)?, row.get(1)?);
            let (before, now) = (Look::of(row, 2)?, Look::of(row, 5)?);
            Ok((of, before, now, row.get::<_, Option<Millis>>(8)?))
        })?;
        for row in rows.collect::<Result<Vec<_>, _>>()? {
            let (of, before, Some(now), complete_to) = row else {
                continue;
            };
            let moved = before
                .is_none_or(|before| (before.contacts, before.times) != (now.contacts, now.times));
            // Of a campaign from before what is kept, the first count says nothing of what is missing; later ones do.
            if before.is_none() && self.tx.may_be_outdated(of, self.known_at)? {
                continue;
            }
            if moved && self.tx.grown(of, before, now)? > 0 {
                let since = complete_to.map_or(self.since, |at| self.zone.day(at));
                self.add(of, before, now, since)?;
            }
        }
        Ok(())
    }

    /// Keeps a hole, with the looks that show it.
    fn add(&self, of: Of, before: Option<Look>, now: Look, since: Day) -> Result<(), StoreError> {
        let whose = params![
            self.connection.0,
            self.stream.0,
            of.0,
            of.1,
            before.map(|look| look.at)
        ];
        let last: Option<i64> = self
            .tx
            .sql
            .prepare_cached(
                "select id from shortfall where connection_id = ?1 and stream = ?2 and campaign_id = ?3 and kind = ?4
                   and at = ?5",
            )?
            .query_row(whose, |row| row.get(0))
            .optional()?;
        // A bad pass after a bad one of the same day makes that hole longer.
        let same_day =
            before.is_some_and(|before| self.zone.day(before.at) == self.zone.day(now.at));
        let id = if let Some(last) = last.filter(|_| same_day) {
            self.tx
                .sql
                .prepare_cached(
                    "update shortfall set at = ?2, contacts = ?3, times = ?4, seen = null where id = ?1",
                )?
                .execute(params![last, now.at, now.contacts, now.times])?;
            last
        } else {
            self.tx
                .sql
                .prepare_cached(
                    "insert into shortfall (connection_id, stream, campaign_id, kind, before_at, before_contacts, before_times,
                       at, contacts, times) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                )?
                .execute(params![
                    self.connection.0,
                    self.stream.0,
                    of.0,
                    of.1,
                    before.map(|look| look.at),
                    before.map(|look| look.contacts),
                    before.and_then(|look| look.times),
                    now.at,
                    now.contacts,
                    now.times,
                ])?;
            self.tx.sql.last_insert_rowid()
        };
        let gap = Gap {
            from: since,
            to: self.zone.day(now.at),
            kinds: vec![self.tx.kind_name(of.1)?],
        };
        let source = source(self.stream.0, id);
        self.tx
            .add_gap(self.connection, &gap, &source, self.known_at)?;
        Ok(())
    }

    /// The looks of this pass are the last ones now.
    fn end(&self, through: Option<Millis>) -> Result<(), StoreError> {
        let whose = params![self.connection.0, self.stream.0, through];
        self.tx
            .sql
            .prepare_cached(
                "update counter set at = coming_at, contacts = coming_contacts, times = coming_times, coming_at = null,
                   coming_contacts = null, coming_times = null, complete_to_at = coalesce(?3, complete_to_at)
                 where connection_id = ?1 and stream = ?2 and coming_at is not null",
            )?
            .execute(whose)?;
        self.tx
            .sql
            .prepare_cached(
                "update counted_stream set complete_to_at = coalesce(?3, complete_to_at)
                 where connection_id = ?1 and stream = ?2",
            )?
            .execute(whose)?;
        Ok(())
    }

    /// Closes the holes whose events have come.
    fn heal(&self) -> Result<(), StoreError> {
        for kept in self.tx.kept(self.connection, Some(self.stream))? {
            // Nothing came and nothing was counted since the last time: it is as it was.
            let seen = self.tx.seen(kept.of, kept.last)?;
            if Some(&seen) == kept.seen.as_ref() {
                continue;
            }
            if self.tx.still_missing(&kept)? > 0 {
                let mut update = self
                    .tx
                    .sql
                    .prepare_cached("update shortfall set seen = ?2 where id = ?1")?;
                update.execute(params![kept.id, seen])?;
                continue;
            }
            let mut delete = self
                .tx
                .sql
                .prepare_cached("delete from shortfall where id = ?1")?;
            delete.execute([kept.id])?;
            let source = source(self.stream.0, kept.id);
            self.tx.heal(self.connection, &source, self.known_at)?;
        }
        Ok(())
    }
}

/// A hole's looks, and the last one at the same counter.
struct Kept {
    id: i64,
    of: Of,
    stream: String,
    before: Option<Look>,
    look: Look,
    last: Look,
    seen: Option<String>,
}

fn source(stream: &str, shortfall: i64) -> String {
    format!("counter:{stream}:{shortfall}")
}

impl Conn {
    /// By how much less reached us between two looks than was counted.
    fn grown(&self, of: Of, before: Option<Look>, now: Look) -> Result<i64, StoreError> {
        let missing = self.missing(of, now)?;
        let before = before.map_or(Ok(Missing::NOTHING), |before| self.missing(of, before))?;
        Ok(missing.since(before))
    }

    fn missing(&self, of: Of, look: Look) -> Result<Missing, StoreError> {
        // What was told twice is one time; whose it is, either row says.
        let mut select = self.sql.prepare_cached(
            "select count(distinct event.contact_id), count(*) - count(by_id) from event left join confirmed on by_id = event.id
             where way is not null and campaign_id = ?1 and kind = ?2 and at <= ?3 and not exists (select 1 from superseded
               where superseded.contact_id = event.contact_id and superseded.event_id = event.id)",
        )?;
        let (contacts, times): (i64, i64) = select
            .query_row(params![of.0, of.1, look.at], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        // What was left out, because its contact was erased, is not missing.
        let mut select = self.sql.prepare_cached(
            "select count(distinct whose_hash), count(*) from left_out where campaign_id = ?1 and kind = ?2 and at <= ?3",
        )?;
        let (erased, events): (i64, i64) = select
            .query_row(params![of.0, of.1, look.at], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        // What may not be kept has come all the same.
        let (unkept, unkept_times) = self.withheld(of, look.at)?;
        Ok(Missing {
            contacts: (look.contacts - contacts - erased - unkept).max(0),
            times: look
                .times
                .map(|counted| (counted - times - events - unkept_times).max(0)),
        })
    }

    /// How many are missing still, by the looks around a hole or by those before it and last.
    fn still_missing(&self, kept: &Kept) -> Result<i64, StoreError> {
        let between = self.grown(kept.of, kept.before, kept.look)?;
        Ok(between.min(self.grown(kept.of, kept.before, kept.last)?))
    }

    /// What decides whether anything is still missing, in short.
    fn seen(&self, of: Of, last: Look) -> Result<String, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select (select count(*) from event where way is not null and campaign_id = ?1 and kind = ?2 and at <= ?3)
               + (select count(*) from left_out where campaign_id = ?1 and kind = ?2 and at <= ?3)",
        )?;
        let rows: i64 = select.query_row([of.0, of.1, last.at], |row| row.get(0))?;
        let times = last.times.unwrap_or(-1);
        let (contacts, unkept) = self.withheld(of, last.at)?;
        Ok(format!(
            "{rows} {} {times} {contacts} {unkept}",
            last.contacts
        ))
    }

    fn kept(
        &self,
        connection: ConnectionId,
        stream: Option<Stream>,
    ) -> Result<Vec<Kept>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select shortfall.id, campaign_id, kind, stream, before_at, before_contacts, before_times,
               shortfall.at, shortfall.contacts, shortfall.times, counter.at, counter.contacts, counter.times, seen
             from shortfall join counter using (connection_id, stream, campaign_id, kind)
             where connection_id = ?1 and coalesce(stream = ?2, true) order by 1",
        )?;
        let of = params![connection.0, stream.map(|stream| stream.0)];
        let rows = select.query_map(of, |row| {
            let look = Look::of(row, 7)?;
            let last = Look::of(row, 10)?;
            let (id, of, stream) = (row.get(0)?, (row.get(1)?, row.get(2)?), row.get(3)?);
            let (before, seen) = (Look::of(row, 4)?, row.get(13)?);
            Ok(look.map(|look| Kept {
                id,
                of,
                stream,
                before,
                look,
                last: last.unwrap_or(look),
                seen,
            }))
        })?;
        Ok(rows
            .filter_map(Result::transpose)
            .collect::<Result<_, _>>()?)
    }

    /// On which days less reached us from a connection than its platform counts, the newest first, and how many such there are.
    pub fn shortfalls(
        &self,
        connection: ConnectionId,
        most: usize,
    ) -> Result<(Vec<Shortfall>, usize), StoreError> {
        let kept = self.kept(connection, None)?;
        let mut days = self.sql.prepare_cached(
            "select min(from_on), max(to_on) from hole where connection_id = ?1 and source = ?2 and healed_at is null",
        )?;
        let mut campaign = self.sql.prepare_cached(
            "select iif(name = '', platform_id, name) from campaign where id = ?1",
        )?;
        let mut found = Vec::new();
        for each in kept.iter().rev().take(most) {
            let of = params![connection.0, source(&each.stream, each.id)];
            let (from, to): (Option<String>, Option<String>) =
                days.query_row(of, |row| Ok((row.get(0)?, row.get(1)?)))?;
            let (Some(from), Some(to)) = (from, to) else {
                continue;
            };
            found.push(Shortfall {
                campaign: campaign.query_row([each.of.0], |row| row.get(0))?,
                kind: self.kind_name(each.of.1)?.as_str().to_owned(),
                missing: self.still_missing(each)?,
                counted: Missing::counted(each.look)
                    .since(each.before.map_or(Missing::NOTHING, Missing::counted)),
                from: day_of(&from)?,
                to: day_of(&to)?,
            });
        }
        Ok((found, kept.len()))
    }
}
