//! Sorts changes into as few requests as there can be. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{
    connector::{Change, Outcome, Write, ours::FOREIGN_TAG},
    hubspot::{HubSpot, properties, wire::is_id},
};

/// The longest name of a list that is tried (unconfirmed).
const LIST_NAME_MAX: usize = 200;
/// The most bytes of a value (from memory of HubSpot's help, unconfirmed).
const TEXT_MAX: usize = 65_536;

/// One contact's share of an update.
#[derive(Debug)]
pub(super) struct Update<'a> {
    pub(super) contact: &'a str,
    pub(super) properties: BTreeMap<&'a str, &'a str>,
    /// The changes that it carries out, by their index.
    pub(super) rows: Vec<usize>,
}

impl Update<'_> {
    /// The row of a request. All values are texts, and an empty one clears (sheet, section 6).
    pub(super) fn json(&self) -> Value {
        let own = self.properties.iter();
        let own = own.map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
        json!({"id": self.contact, "properties": own.collect::<Map<_, _>>()})
    }
}

/// One tag, one direction.
#[derive(Debug)]
pub(super) struct Tagging<'a> {
    pub(super) tag: &'a str,
    pub(super) add: bool,
    /// Whether it bears our prefix, so that its list may be made.
    pub(super) ours: bool,
    /// The contacts, each with the changes that ask for it.
    pub(super) contacts: Vec<(&'a str, Vec<usize>)>,
}

/// Changes, sorted.
#[derive(Debug)]
pub(super) struct Sorted<'a> {
    /// What is known already: the changes that cannot be made.
    pub(super) outcomes: Vec<Outcome>,
    /// Properties to make, with the changes that ask for each.
    pub(super) fields: BTreeMap<&'a str, Vec<usize>>,
    pub(super) updates: Vec<Update<'a>>,
    pub(super) taggings: Vec<Tagging<'a>>,
}

/// Sorts changes. Of two for one thing of one contact the last one counts.
pub(super) fn sort<'a>(changes: &'a [Change], hub: &HubSpot) -> Sorted<'a> {
    let (mut outcomes, mut fields) = (Vec::new(), BTreeMap::<&str, Vec<usize>>::new());
    let (mut updates, mut places) = (Vec::<Update<'a>>::new(), BTreeMap::new());
    let mut tags = BTreeMap::<(&str, &str), (bool, Vec<usize>)>::new();
    for (row, change) in changes.iter().enumerate() {
        if let Err(reason) = allowed(change, hub) {
            outcomes.push(Outcome::Rejected(reason.to_owned()));
            continue;
        }
        // Stands until a request says what became of it.
        outcomes.push(Outcome::Retry("not tried".to_owned(), None));
        let contact = change.contact.as_str();
        match &change.write {
            Write::CreateField { field } => fields.entry(field).or_default().push(row),
            Write::SetField { field, value } => {
                let place = *places.entry(contact).or_insert_with(|| {
                    updates.push(Update {
                        contact,
                        properties: BTreeMap::new(),
                        rows: Vec::new(),
                    });
                    updates.len() - 1
                });
                let update = &mut updates[place];
                update
                    .properties
                    .insert(field, value.as_deref().unwrap_or_default());
                update.rows.push(row);
            }
            Write::AddTag { tag } | Write::RemoveTag { tag } => {
                let add = matches!(change.write, Write::AddTag { .. });
                let entry = tags.entry((tag, contact)).or_insert((add, Vec::new()));
                entry.0 = add;
                entry.1.push(row);
            }
        }
    }
    let mut taggings = Vec::<Tagging<'a>>::new();
    for ((tag, contact), (add, rows)) in tags {
        let same = |tagging: &&mut Tagging<'_>| (tagging.tag, tagging.add) == (tag, add);
        match taggings.iter_mut().rev().take(2).find(same) {
            Some(tagging) => tagging.contacts.push((contact, rows)),
            None => taggings.push(Tagging {
                tag,
                add,
                ours: hub.ours.begins(tag),
                contacts: vec![(contact, rows)],
            }),
        }
    }
    Sorted {
        outcomes,
        fields,
        updates,
        taggings,
    }
}

/// Why a change cannot be made, if that is known without a request.
fn allowed(change: &Change, hub: &HubSpot) -> Result<(), &'static str> {
    match &change.write {
        Write::CreateField { field } => return properties::allowed(field),
        Write::SetField { field, value } => {
            properties::allowed(field)?;
            // Nobody may be made more contactable, and nobody's address be changed, by way of a field.
            if field == "email" || field.starts_with("hs_") {
                return Err("HubSpot's own properties are not ours to write");
            }
            if value.as_ref().is_some_and(|value| value.len() > TEXT_MAX) {
                return Err("a property keeps up to 65,536 bytes");
            }
        }
        Write::AddTag { tag } | Write::RemoveTag { tag } => {
            if !hub.ours.has_tag(tag) {
                return Err(FOREIGN_TAG);
            }
            let odd = tag.trim() != tag || tag.chars().any(char::is_control);
            if odd || tag.is_empty() || tag.chars().count() > LIST_NAME_MAX {
                return Err("HubSpot cannot keep a list of such a name");
            }
        }
    }
    if is_id(&change.contact) {
        Ok(())
    } else {
        Err("the contact's id is not one of HubSpot's")
    }
}
