//! Reading a list along its index.

use rusqlite::{OptionalExtension, ToSql, params};

use super::{Among, Order, Place, Wanted, Way};
use crate::store::{Conn, contact::ContactId, error::StoreError};

/// Where a list's contacts stand, up to its condition; `?1` and `?2` are its names.
struct Source {
    from: &'static str,
    names: [u32; 2],
}

impl Conn {
    /// The places of a page, one for each contact.
    pub(super) fn places(
        &self,
        wanted: &Wanted<'_>,
        way: Way,
        most: u16,
    ) -> Result<Vec<Place>, StoreError> {
        let after = wanted.after;
        if let (Among::Address(prefix), Way::Address) = (wanted.among, way) {
            let after = after.map(|after| ContactId(after.contact));
            let found = self.addresses(prefix, after, most)?.into_iter();
            return Ok(found.map(|contact| place(way, 0, contact.0)).collect());
        }
        match (way, wanted.among, wanted.order) {
            (_, Among::Address(_), _) | (Way::Address, ..) => Ok(Vec::new()),
            (Way::Number, among, _) => self.by_number(among, after, most),
            (Way::Own, Among::Band { score, .. }, _) => self.by_points(wanted, way, score, most),
            (Way::Most, _, Order::MostPoints(score))
            | (Way::Fewest, _, Order::FewestPoints(score)) => {
                self.by_points(wanted, way, score, most)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// What a list is read from; `None` if it has a name that nothing has.
    fn source(&self, among: Among<'_>) -> Result<Option<Source>, StoreError> {
        let (from, names) = match among {
            Among::Everybody | Among::Address(_) => return Ok(None),
            Among::Segment(name) => (
                "segment_member member indexed by segment_member_by_segment where segment_id = ?1",
                [Some(name), None],
            ),
            Among::Stage(name) => (
                "stage_member member indexed by stage_member_by_stage where stage_id = ?1",
                [Some(name), None],
            ),
            Among::Unjudged(reason) => (
                "contact_state member indexed by contact_state_by_unjudged
                   where unjudged = (select text from word where id = ?1)",
                [Some(reason), None],
            ),
            Among::Band { score, band } => (
                "score member indexed by score_by_points
                   where member.score_id = ?1 and member.band_id is nullif(?2, 0)",
                [Some(score), band],
            ),
        };
        let mut numbers = [0; 2];
        for (number, name) in numbers.iter_mut().zip(names) {
            let Some(name) = name else { continue };
            let Some(word) = self.known_word(name)? else {
                return Ok(None);
            };
            *number = word;
        }
        Ok(Some(Source {
            from,
            names: numbers,
        }))
    }

    fn by_number(
        &self,
        among: Among<'_>,
        after: Option<Place>,
        most: u16,
    ) -> Result<Vec<Place>, StoreError> {
        let after = after.map_or(i64::MIN, |after| after.contact);
        if among == Among::Everybody {
            return self.read_places(
                Way::Number,
                "select id, 0 from contact where id > ?1
                   and not exists (select 1 from merged where merged.contact_id = contact.id)
                 order by id limit ?2",
                params![after, most],
            );
        }
        let Some(Source { from, names }) = self.source(among)? else {
            return Ok(Vec::new());
        };
        let select = [
            "select member.contact_id, 0 from ",
            from,
            " and member.contact_id > ?3 order by member.contact_id limit ?4",
        ];
        let params = params![names[0], names[1], after, most];
        self.read_places(Way::Number, &select.concat(), params)
    }

    fn by_points(
        &self,
        wanted: &Wanted<'_>,
        way: Way,
        score: &str,
        most: u16,
    ) -> Result<Vec<Place>, StoreError> {
        let Some(id) = self.known_word(score)? else {
            return Ok(Vec::new());
        };
        match wanted.among {
            Among::Band { score: own, band } if own == score => {
                let band = band.map(|band| self.known_word(band)).transpose()?;
                match band {
                    Some(None) => Ok(Vec::new()),
                    Some(Some(band)) => self.of_band((id, band), way, wanted.after, most),
                    None => self.of_band((id, 0), way, wanted.after, most),
                }
            }
            Among::Everybody => self.of_bands(id, way, wanted.after, most),
            _ => self.sorted(wanted, way, id, most),
        }
    }

    /// A band is one piece of the index by points.
    fn of_band(
        &self,
        (score, band): (u32, u32),
        way: Way,
        after: Option<Place>,
        most: u16,
    ) -> Result<Vec<Place>, StoreError> {
        let (beyond, direction, start) = beginning(way, after);
        let select = format!(
            "select contact_id, shown from score indexed by score_by_points
             where score_id = ?1 and band_id is nullif(?2, 0) and (shown, contact_id) {beyond} (?3, ?4)
             order by shown {direction}, contact_id {direction} limit ?5"
        );
        self.read_places(way, &select, params![score, band, start.0, start.1, most])
    }

    /// Everybody is in one of few bands: the next page is among the next pages of all.
    fn of_bands(
        &self,
        score: u32,
        way: Way,
        after: Option<Place>,
        most: u16,
    ) -> Result<Vec<Place>, StoreError> {
        let mut bands = self
            .sql
            .prepare_cached("select distinct band_id from spread where score_id = ?1")?;
        let mut places = Vec::new();
        for band in bands.query_map([score], |row| row.get(0))? {
            places.append(&mut self.of_band((score, band?), way, after, most)?);
        }
        places.sort_unstable_by_key(|place| (place.shown, place.contact));
        if way != Way::Fewest {
            places.reverse();
        }
        places.truncate(usize::from(most));
        Ok(places)
    }

    /// A short list, sorted by points.
    fn sorted(
        &self,
        wanted: &Wanted<'_>,
        way: Way,
        score: u32,
        most: u16,
    ) -> Result<Vec<Place>, StoreError> {
        let Some(Source { from, names }) = self.source(wanted.among)? else {
            return Ok(Vec::new());
        };
        let (beyond, direction, start) = beginning(way, wanted.after);
        let select = format!(
            "select points.contact_id, points.shown from (select member.contact_id from {from}) member
             cross join score points on points.contact_id = member.contact_id and points.score_id = ?3
             where (points.shown, points.contact_id) {beyond} (?4, ?5)
             order by points.shown {direction}, points.contact_id {direction} limit ?6"
        );
        let params = params![names[0], names[1], score, start.0, start.1, most];
        self.read_places(way, &select, params)
    }

    fn read_places(
        &self,
        way: Way,
        select: &str,
        params: &[&dyn ToSql],
    ) -> Result<Vec<Place>, StoreError> {
        let mut select = self.sql.prepare_cached(select)?;
        let rows = select.query_map(params, |row| Ok(place(way, row.get(1)?, row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Contacts with an address that begins like this, one for each that is no part of another, by address. Of a contact
    /// with several such addresses the first counts.
    pub(super) fn addresses(
        &self,
        prefix: &str,
        after: Option<ContactId>,
        most: u16,
    ) -> Result<Vec<ContactId>, StoreError> {
        let prefix = prefix.trim().to_lowercase();
        let mut select = self.sql.prepare_cached(
            "select id, email from contact where email >= ?1 and email < ?2
               and (?3 is null or email > (select email from contact where id = ?3)) order by email",
        )?;
        let last = format!("{prefix}{}", char::MAX);
        let mut rows = select.query(params![prefix, last, after.map(|after| after.0)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (contact, email) = (ContactId(row.get(0)?), row.get::<_, String>(1)?);
            if self.is_first_address(contact, &email, &prefix)? {
                found.push(contact);
                if found.len() == usize::from(most) {
                    break;
                }
            }
        }
        Ok(found)
    }

    fn is_first_address(
        &self,
        contact: ContactId,
        email: &str,
        prefix: &str,
    ) -> Result<bool, StoreError> {
        let mut others = self.sql.prepare_cached(
            "select email from contact where id = ?1 and email >= ?2 and email < ?3",
        )?;
        for member in self.members(self.root(contact)?)? {
            let earlier = member != contact && others.exists(params![member.0, prefix, email])?;
            if earlier {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn band_size(&self, score: &str, band: Option<&str>) -> Result<i64, StoreError> {
        let band = match band.map(|band| self.known_word(band)).transpose()? {
            Some(None) => return Ok(0),
            Some(Some(band)) => band,
            None => 0,
        };
        let mut select = self.sql.prepare_cached(
            "select sum(contacts) from spread where score_id = (select id from word where text = ?1) and band_id = ?2",
        )?;
        let size: Option<i64> = select
            .query_row(params![score, band], |row| row.get(0))
            .optional()?
            .flatten();
        Ok(size.unwrap_or(0))
    }
}

const fn place(way: Way, shown: i64, contact: i64) -> Place {
    Place {
        way,
        shown,
        contact,
    }
}

/// On which side of a place the page lies, how it is sorted, and the place.
fn beginning(way: Way, after: Option<Place>) -> (&'static str, &'static str, (i64, i64)) {
    let start = after.map(|after| (after.shown, after.contact));
    if way == Way::Fewest {
        (">", "asc", start.unwrap_or((i64::MIN, i64::MIN)))
    } else {
        ("<", "desc", start.unwrap_or((i64::MAX, i64::MAX)))
    }
}
