//! One page of a list of contacts: read along an index where the store keeps the list, else looked
//! for, one contact after another, as far as one request may.

use engaged_connectors::model::Address;

use crate::{
    listing::{Budget, Listed, Sieve},
    schedule::jobs::Jobs,
    score::{calendar::Zone, facts::Facts},
    store::{Among, Conn, ContactId, ContactState, Length, Order, Place, StoreError, Wanted},
};

use super::choice::Choice;

/// So many contacts on a page.
const PAGE: u16 = 50;

/// Looking through a list of the store, so many contacts at once, and so often: each is looked up by itself.
const PIECE: u16 = 100;
const PIECES_MAX: usize = 20;

/// A contact on the page.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: ContactId,
    pub(super) email: Option<Address>,
    /// `None`: not scored yet, or never to be.
    pub(super) state: Option<ContactState>,
    /// Whether the contact objects to being scored.
    pub(super) objects: bool,
}

/// How the page came about, and how it goes on.
#[derive(Debug)]
pub(super) enum End {
    /// It is of a list that the store keeps.
    Kept {
        length: Length,
        /// Whether it is in the order that was asked for.
        as_asked: bool,
    },
    /// So many were looked at for this page, of a list that is so long.
    Looked { contacts: u64, of: Length },
}

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
    pub(super) end: End,
    /// Where the next page begins, for a link.
    pub(super) next: Option<String>,
}

impl Page {
    /// Whether it has as many contacts as a page may.
    pub(super) fn is_full(&self) -> bool {
        self.rows.len() >= usize::from(PAGE)
    }
}

/// Whose address this is, if it is a whole one.
pub(super) fn owner(jobs: &Jobs, text: &str) -> Result<Option<ContactId>, StoreError> {
    match Address::parse(text) {
        Some(address) => jobs.store.read(|conn| conn.find_contact(&address)),
        None => Ok(None),
    }
}

/// The page after a place; where contacts are looked for among all, as far as the budget goes.
pub(super) fn page(
    jobs: &Jobs,
    choice: &Choice,
    after: Option<&str>,
    budget: Budget,
) -> Result<Page, StoreError> {
    jobs.store.read(|conn| match choice.kept() {
        Some(among) => kept(conn, choice, among, after),
        None => looked_for(conn, jobs, choice, (after, budget)),
    })
}

fn kept(
    conn: &Conn,
    choice: &Choice,
    among: Among<'_>,
    after: Option<&str>,
) -> Result<Page, StoreError> {
    let listing = conn.listing(&Wanted {
        among,
        order: choice.sorted.order(),
        size: PAGE,
        after: after.and_then(|after| after.parse().ok()),
    })?;
    let objecting = conn.objecting()?;
    let rows = listing.contacts.into_iter().map(|contact| Row {
        objects: objecting.contains(&contact.id),
        id: contact.id,
        email: contact.email,
        state: contact.state,
    });
    Ok(Page {
        rows: rows.collect(),
        end: End::Kept {
            length: conn.length_of(among)?,
            as_asked: listing.as_asked,
        },
        next: listing.next.map(|place| place.to_string()),
    })
}

fn looked_for(
    conn: &Conn,
    jobs: &Jobs,
    choice: &Choice,
    (after, budget): (Option<&str>, Budget),
) -> Result<Page, StoreError> {
    let rules = &jobs.config.rules;
    let today = Zone::new(rules.zone).day(jobs.clock.now().timestamp_millis());
    let sieve = Sieve::new(conn, rules, choice.filter(rules), today)?;
    let within = choice.within();
    let mut rows = Vec::new();
    let (contacts, next) = match within {
        Among::Everybody => among_all(conn, &sieve, (after, budget), &mut rows)?,
        within => among_some(conn, &sieve, within, after, &mut rows)?,
    };
    Ok(Page {
        rows,
        end: End::Looked {
            contacts,
            of: conn.length_of(within)?,
        },
        next,
    })
}

fn row(id: ContactId, facts: &Facts, listed: Listed) -> Row {
    Row {
        id,
        email: facts.address.clone(),
        objects: listed == Listed::Objecting,
        state: listed.state(),
    }
}

/// How many were looked at, and the last of them.
fn among_all(
    conn: &Conn,
    sieve: &Sieve,
    (after, budget): (Option<&str>, Budget),
    rows: &mut Vec<Row>,
) -> Result<(u64, Option<String>), StoreError> {
    use std::ops::ControlFlow::{Break, Continue};
    let after = after.and_then(|after| after.parse().ok());
    let after = ContactId(after.unwrap_or(i64::MIN));
    let looked = sieve.look(conn, after, budget, &mut |id, facts, state| {
        rows.push(row(id, facts, state));
        if rows.len() < usize::from(PAGE) {
            Continue(())
        } else {
            Break(())
        }
    })?;
    Ok((looked.contacts, looked.until.map(|last| last.0.to_string())))
}

/// The same among the contacts of a list, which come a piece at a time.
fn among_some(
    conn: &Conn,
    sieve: &Sieve,
    within: Among<'_>,
    after: Option<&str>,
    rows: &mut Vec<Row>,
) -> Result<(u64, Option<String>), StoreError> {
    let mut after: Option<Place> = after.and_then(|after| after.parse().ok());
    let mut contacts = 0;
    for _ in 0..PIECES_MAX {
        let piece = conn.listing(&Wanted {
            among: within,
            order: Order::Number,
            size: PIECE,
            after,
        })?;
        let mut ids: Vec<ContactId> = piece.contacts.iter().map(|contact| contact.id).collect();
        contacts += ids.len() as u64;
        ids.sort_unstable();
        ids.dedup();
        sieve.look_at(conn, &ids, &mut |id, facts, state| {
            rows.push(row(id, facts, state));
        })?;
        after = piece.next;
        if after.is_none() || rows.len() >= usize::from(PAGE) {
            break;
        }
    }
    Ok((contacts, after.map(|place| place.to_string())))
}
