//! What a contact can ask of whoever keeps data about it: a copy, an objection, an erasure.
//!
//! The audit trail names a contact by a keyed hash of its address, so that it can
//! be kept when the contact is not.

pub mod erase;
pub mod export;
mod files;
pub mod meaning;
pub mod trail;

use serde::Serialize;

use crate::{
    config::{Config, Mode},
    score::calendar::Millis,
    store::{Conn, ContactId, StoreError, Tx},
};

/// What of ours stands on one platform with a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Marks {
    /// The connection.
    pub connection: String,
    /// Its platform.
    pub platform: String,
    /// The contact's ids there, also those that are gone; none where it is known by its address alone.
    pub ids: Vec<String>,
    /// Whether the contact is still there, as far as the last sync knows.
    pub there: bool,
    /// Our fields and tags, by the keys of the outbox.
    pub shown: Vec<String>,
    /// Whether anything may be written there.
    pub live: bool,
}

/// What the audit trail calls a contact: by its address, or by its number where it has none.
pub fn handle(conn: &Conn, contact: ContactId) -> Result<String, StoreError> {
    Ok(match conn.address_of(contact)? {
        Some(address) => conn.handle(&address)?,
        None => format!("contact {}", contact.0),
    })
}

/// Notes that a contact objects to being scored, or takes that back; false if it is so already.
pub fn object(
    tx: &Tx,
    contact: ContactId,
    withdraw: bool,
    who: &str,
    now: Millis,
) -> Result<bool, StoreError> {
    let (changed, what) = if withdraw {
        let changed = tx.withdraw_objection(contact, now)?;
        (changed, "privacy object withdrawn")
    } else {
        (tx.object(contact, who, now)?, "privacy object")
    };
    if changed {
        tx.audit(who, what, &handle(tx, contact)?, now)?;
    }
    Ok(changed)
}

/// Where a contact is or was, and what of ours stands with it there.
pub fn marks(conn: &Conn, config: &Config, contact: ContactId) -> Result<Vec<Marks>, StoreError> {
    let known = conn.connections()?;
    let mut all: Vec<Marks> = Vec::new();
    for presence in conn.presences(contact)? {
        let Some(connection) = known.iter().find(|each| each.id == presence.connection) else {
            continue;
        };
        let configured = config.connections.iter();
        let configured = configured.clone().find(|each| each.name == connection.name);
        let place = all
            .iter()
            .position(|each| each.connection == connection.name);
        let place = place.unwrap_or_else(|| {
            all.push(Marks {
                connection: connection.name.clone(),
                platform: connection.platform.clone(),
                live: configured.is_some_and(|each| each.mode == Mode::Live),
                ..Marks::default()
            });
            all.len() - 1
        });
        let marks = &mut all[place];
        marks.there |= presence.gone_at.is_none();
        let shown = conn.shown_on(&presence)?.into_iter();
        let shown = shown.filter(|each| each.value.is_some());
        // Where the contact is gone, so is what was on it.
        let shown = shown.filter(|_| presence.gone_at.is_none());
        marks.shown.extend(shown.map(|each| each.target));
        marks.ids.push(presence.platform_id);
    }
    for told in conn.told_by(contact)? {
        let known = known.iter().find(|each| each.id == told);
        let known = known.filter(|known| all.iter().all(|each| each.connection != known.name));
        all.extend(known.map(|known| Marks {
            connection: known.name.clone(),
            platform: known.platform.clone(),
            there: true,
            ..Marks::default()
        }));
    }
    for each in &mut all {
        each.shown.sort();
        each.shown.dedup();
    }
    Ok(all)
}
