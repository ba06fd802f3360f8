//! `/crm/v4/associations`: which contact bought (sheet 5).

use serde_json::{Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::objects::{Object, Record};
use super::portal::Portal;
use crate::people::World;

/// The numbers of the kinds of association from a deal and from an order to a contact.
const KINDS: [u32; 2] = [3, 507];

impl Portal {
    /// The contacts of a purchase: one, unless it was deleted.
    pub(super) fn buyers(&self, (_, place): Record) -> Vec<String> {
        let index = self.of_person(self.shop.deals[place as usize].person);
        let contact = index.map(|index| &self.contacts[index as usize]);
        contact
            .filter(|contact| contact.alive())
            .map(|contact| contact.id.to_string())
            .into_iter()
            .collect()
    }

    /// `POST /crm/v4/associations/{from}/contacts/batch/read`, or from contacts to purchases.
    pub(super) fn associations(&self, _world: &World, call: &Call, from: &str, to: &str) -> Reply {
        let (from, to) = match (Object::named(from), Object::named(to)) {
            (Some(from), Some(to)) if (from == Object::Contacts) != (to == Object::Contacts) => {
                (from, to)
            }
            _ => {
                return Err(Problem::invalid(
                    "No association between these object types",
                ));
            }
        };
        self.need(from.reading())?;
        let kind = KINDS[usize::from(from == Object::Orders || to == Object::Orders)];
        let (mut rows, mut missing) = (Vec::new(), Vec::new());
        for input in call.inputs(1_000)? {
            let key = input["id"]
                .as_str()
                .ok_or_else(|| Problem::invalid("id must be a string"))?;
            let found = self.find(from, key, None)?;
            let others: Vec<String> = match found {
                None => Vec::new(),
                Some(place) if from == Object::Contacts => (self.records(to, false).into_iter())
                    .filter(|record| {
                        self.buyers(*record)
                            .contains(&self.contacts[place as usize].id.to_string())
                    })
                    .map(|record| self.record_id(record).to_string())
                    .collect(),
                Some(place) => self.buyers((from, place)),
            };
            if others.is_empty() {
                missing.push(key.to_owned());
                continue;
            }
            let id = |id: &String| {
                if self.options.association_ids_as_text {
                    json!(id)
                } else {
                    json!(id.parse::<u64>().unwrap_or(0))
                }
            };
            let to: Vec<Value> = (others.iter())
                .map(|other| json!({
                    "toObjectId": id(other),
                    "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": kind, "label": null}],
                }))
                .collect();
            rows.push(json!({"from": {"id": key}, "to": to}));
        }
        let none = Problem::new(
            axum::http::StatusCode::NOT_FOUND,
            "OBJECT_NOT_FOUND",
            "No contact is associated with some of these ids.",
        );
        let errors = if missing.is_empty() {
            Vec::new()
        } else {
            vec![none.row(&missing)]
        };
        let (status, body) = self.batch(&rows, errors);
        Ok(Answer::read(body).with(status))
    }
}
