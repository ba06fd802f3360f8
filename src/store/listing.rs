//! Lists of contacts, a page at a time.
//!
//! Each page is read along an index from where the last one ended, so that it
//! costs the same wherever in the list it is. What has no index in the order that
//! was asked for is sorted while that is cheap; a longer list comes in the order of
//! its own index, and [`Listing::as_asked`] says so. A contact that became part of
//! another is in no list.

mod walk;

use std::{fmt, str::FromStr};

use engaged_connectors::model::Address;

use super::{Conn, contact::ContactId, error::StoreError, result::ContactState, tally::Sort};

/// A page has at most so many contacts.
pub const PAGE_MAX: u16 = 200;

/// Up to so many contacts are sorted for one page.
const SORTED_MAX: i64 = 20_000;

/// Addresses that begin alike are counted so far.
const COUNTED_MAX: u16 = 1_000;

/// Whom a list holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Among<'a> {
    /// Everybody, also who is not scored yet.
    #[default]
    Everybody,
    /// Those in a segment.
    Segment(&'a str),
    /// Those in a band of a score; `None`: in no band of it.
    Band {
        /// The score.
        score: &'a str,
        /// The band.
        band: Option<&'a str>,
    },
    /// Those in a stage.
    Stage(&'a str),
    /// Those about whom an absence is not judged for a reason.
    Unjudged(&'a str),
    /// Those with an address that begins like this, by address; also a former contact's that became part of them.
    Address(&'a str),
}

/// In which order contacts come. Who has no points of the score is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order<'a> {
    /// As they became known.
    #[default]
    Number,
    /// From the most points of a score.
    MostPoints(&'a str),
    /// From the fewest points of a score.
    FewestPoints(&'a str),
}

/// Which page of which list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Whom the list holds.
    pub among: Among<'a>,
    /// In which order.
    pub order: Order<'a>,
    /// How many contacts, at most [`PAGE_MAX`].
    pub size: u16,
    /// Where the last page of the same list ended; `None` for the first.
    pub after: Option<Place>,
}

/// Where a page ended. Its text is for links, and holds no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    way: Way,
    shown: i64,
    contact: i64,
}

/// The order in which a list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Number,
    Most,
    Fewest,
    /// A band too long to be sorted otherwise: from the most points of its own score.
    Own,
    Address,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, contact) = (self.shown, self.contact);
        match self.way {
            Way::Number => write!(f, "n{contact}"),
            Way::Address => write!(f, "a{contact}"),
            Way::Most => write!(f, "m{shown}.{contact}"),
            Way::Fewest => write!(f, "f{shown}.{contact}"),
            Way::Own => write!(f, "o{shown}.{contact}"),
        }
    }
}

/// A text that is no [`Place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no page ended at this place")]
pub struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let way = match text.bytes().next() {
            Some(b'n') => Way::Number,
            Some(b'a') => Way::Address,
            Some(b'm') => Way::Most,
            Some(b'f') => Way::Fewest,
            Some(b'o') => Way::Own,
            _ => return Err(NoPlace),
        };
        let number = |text: &str| text.parse().map_err(|_| NoPlace);
        let (shown, contact) = match (way, text[1..].split_once('.')) {
            (Way::Number | Way::Address, None) => (0, number(&text[1..])?),
            (Way::Most | Way::Fewest | Way::Own, Some((shown, contact))) => {
                (number(shown)?, number(contact)?)
            }
            _ => return Err(NoPlace),
        };
        Ok(Self {
            way,
            shown,
            contact,
        })
    }
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The contacts.
    pub contacts: Vec<ListedContact>,
    /// Whether they come in the order that was asked for. If not, the list is too long to be sorted: a band comes from the
    /// most points of its own score, any other list as its contacts became known.
    pub as_asked: bool,
    /// Where the next page begins; `None` if this was the last.
    pub next: Option<Place>,
}

/// A contact in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedContact {
    /// Which contact.
    pub id: ContactId,
    /// Its address.
    pub email: Option<Address>,
    /// Scores, segments, stage, and why it is not judged; `None`: not scored yet.
    pub state: Option<ContactState>,
}

/// How long a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// How many contacts.
    pub contacts: i64,
    /// Whether there are more: addresses are not counted to the end.
    pub or_more: bool,
}

impl Conn {
    /// A page of a list. A segment, band, stage or reason that is unknown holds nobody, and so does what follows on a
    /// page of another list.
    pub fn listing(&self, wanted: &Wanted<'_>) -> Result<Listing, StoreError> {
        let size = wanted.size.clamp(1, PAGE_MAX);
        let way = self.way_of(wanted)?;
        // One more tells whether there is a next page.
        let mut places = self.places(wanted, way, size + 1)?;
        let more = places.len() > usize::from(size);
        places.truncate(usize::from(size));
        let next = places.last().copied().filter(|_| more);
        let mut contacts = Vec::with_capacity(places.len());
        for place in places {
            contacts.push(self.listed(place)?);
        }
        let as_asked = match wanted.order {
            _ if way == Way::Address => true,
            Order::Number => way == Way::Number,
            Order::MostPoints(_) => way == Way::Most,
            Order::FewestPoints(_) => way == Way::Fewest,
        };
        Ok(Listing {
            contacts,
            as_asked,
            next,
        })
    }

    /// How many contacts a list holds.
    pub fn length_of(&self, among: Among<'_>) -> Result<Length, StoreError> {
        let tallied = |sort: Sort, name: &str| match self.known_word(name)? {
            Some(word) => self.tallied_word(sort.as_str(), 0, word),
            None => Ok(0),
        };
        let contacts = match among {
            Among::Everybody => self.sizes()?.0,
            Among::Segment(name) => tallied(Sort::Segment, name)?,
            Among::Stage(name) => tallied(Sort::Stage, name)?,
            Among::Unjudged(reason) => tallied(Sort::Unjudged, reason)?,
            Among::Band { score, band } => self.band_size(score, band)?,
            Among::Address(prefix) => {
                let found = self.addresses(prefix, None, COUNTED_MAX + 1)?.len();
                let found = i64::try_from(found).unwrap_or(i64::MAX);
                return Ok(Length {
                    contacts: found.min(COUNTED_MAX.into()),
                    or_more: found > COUNTED_MAX.into(),
                });
            }
        };
        Ok(Length {
            contacts,
            or_more: false,
        })
    }

    /// How a list is read: as the page before, or as asked for where that is cheap.
    fn way_of(&self, wanted: &Wanted<'_>) -> Result<Way, StoreError> {
        if let Some(after) = wanted.after {
            return Ok(after.way);
        }
        let wish = match wanted.order {
            Order::Number => Way::Number,
            Order::MostPoints(_) => Way::Most,
            Order::FewestPoints(_) => Way::Fewest,
        };
        let (has_index, otherwise) = match (wanted.among, wanted.order) {
            (Among::Address(_), _) => return Ok(Way::Address),
            (Among::Everybody, _) => return Ok(wish),
            (Among::Band { score, .. }, Order::MostPoints(asked) | Order::FewestPoints(asked)) => {
                (score == asked, Way::Own)
            }
            (Among::Band { .. }, Order::Number) => (false, Way::Own),
            (_, order) => (order == Order::Number, Way::Number),
        };
        let as_asked = has_index || self.length_of(wanted.among)?.contacts <= SORTED_MAX;
        Ok(if as_asked { wish } else { otherwise })
    }

    fn listed(&self, place: Place) -> Result<ListedContact, StoreError> {
        let id = match place.way {
            Way::Address => self.root(ContactId(place.contact))?,
            _ => ContactId(place.contact),
        };
        let email: Option<String> = self
            .sql
            .prepare_cached("select email from contact where id = ?1")?
            .query_row([id.0], |row| row.get(0))?;
        Ok(ListedContact {
            id,
            email: email.as_deref().and_then(Address::parse),
            state: self.state(id)?,
        })
    }
}
