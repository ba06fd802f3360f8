//! Writes to contacts: single ones and batches, whose failures are of a row or of the whole (sheet 6).

use std::collections::HashSet;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::journal::{Change, Written};
use super::objects::{Object, View};
use super::portal::Portal;
use crate::people::World;

/// The properties of one input, as texts.
fn properties(input: &Value) -> Result<Vec<(String, String)>, Problem> {
    let properties = input["properties"]
        .as_object()
        .ok_or_else(|| Problem::invalid("properties is required"))?;
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    Ok(properties
        .iter()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect())
}

impl Portal {
    /// Whatever is not a read below `/crm/v3/objects/contacts`.
    pub(super) fn write(&mut self, world: &World, call: &Call, rest: &[&str]) -> Reply {
        self.need("crm.objects.contacts.write")?;
        match (call.method.as_str(), rest) {
            ("POST", ["batch", "update"]) => self.batch_update(world, call),
            ("POST", ["batch", "upsert"]) => self.batch_make(world, call, true),
            ("POST", ["batch", "create"]) => self.batch_make(world, call, false),
            ("POST", ["batch", "archive"]) => {
                let ids: Vec<String> = call
                    .inputs(self.options.batch_most)?
                    .iter()
                    .filter_map(|input| input["id"].as_str().map(str::to_owned))
                    .collect();
                let archived = ids.iter().filter(|id| self.archive(id, false)).count();
                Ok(Answer::empty(archived > 0))
            }
            ("POST", ["merge"]) => self.merge_asked(world, call),
            ("POST", ["gdpr-delete"]) => {
                let body = call.object()?;
                let key = body
                    .get("objectId")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned();
                let by_email = body.get("idProperty").is_some_and(|by| by == "email");
                let id = if by_email {
                    self.find_email(&key)
                        .map(super::portal::id_at)
                        .map_or(key, |id| id.to_string())
                } else {
                    key
                };
                Ok(Answer::empty(self.archive(&id, true)))
            }
            ("POST", []) => {
                let body = Value::Object(call.object()?);
                let index = self.create(world, &body)?;
                let made = self.body(world, (Object::Contacts, index), &written_view(&body));
                Ok(Answer::written(made, true).with(StatusCode::CREATED))
            }
            ("PATCH", [id]) => {
                let index = self.find(Object::Contacts, id, call.parameter("idProperty"))?;
                let index = index.filter(|index| self.contacts[*index as usize].alive());
                let index = index.ok_or_else(|| Problem::not_found("resource not found"))?;
                let body = Value::Object(call.object()?);
                let values = properties(&body)?;
                self.check(&values)?;
                self.set(world, index, values);
                let now = self.body(world, (Object::Contacts, index), &written_view(&body));
                Ok(Answer::written(now, true))
            }
            ("DELETE", [id]) => Ok(Answer::empty(self.archive(id, false))),
            _ => Err(Problem::method()),
        }
    }

    /// Whether these properties take these values.
    fn check(&self, values: &[(String, String)]) -> Result<(), Problem> {
        for (name, value) in values {
            let property = self.property(name).ok_or_else(|| {
                Problem::property(
                    "PROPERTY_DOESNT_EXIST",
                    &format!("Property \\\"{name}\\\" does not exist"),
                    name,
                )
            })?;
            property.takes(value)?;
        }
        Ok(())
    }

    /// Writes values; also the one that is there already moves `lastmodifieddate` (sheet 8.5).
    fn set(&mut self, world: &World, index: u32, values: Vec<(String, String)>) {
        let (now, lag) = (self.now, self.options.index_lag);
        for (name, value) in values {
            let from = self.field(world, (Object::Contacts, index), &name, false);
            let from = from.map(|field| field.wire()).unwrap_or_default();
            if name == "email" {
                self.readdress(index, &value, now);
            } else if name == "hs_email_optout" {
                if value == "true" {
                    self.opt_out(index, super::timeline::What::All, now, "SOURCE_CUSTOMER");
                    self.tell_world(index);
                }
            } else {
                self.contacts[index as usize]
                    .values
                    .insert(name.clone(), value.clone());
                self.hook_property(index, &name, &value, now);
            }
            self.note(
                index,
                Change::Field {
                    name,
                    from,
                    to: value,
                },
            );
        }
        self.contacts[index as usize].touch(now, lag);
    }

    /// Notes what a write changed.
    pub(super) fn note(&mut self, index: u32, change: Change) {
        let contact = self.contacts[index as usize].id.to_string();
        self.journal.push(Written { contact, change });
    }

    fn create(&mut self, world: &World, input: &Value) -> Result<u32, Problem> {
        let mut values = properties(input)?;
        self.check(&values)?;
        let place = values.iter().position(|(name, _)| name == "email");
        let email = place
            .map(|place| values.remove(place).1)
            .unwrap_or_default();
        if let Some(there) = self.find_email(&email).filter(|_| !email.is_empty()) {
            let id = self.contacts[there as usize].id;
            let message = format!("Contact already exists. Existing ID: {id}");
            return Err(Problem::new(StatusCode::CONFLICT, "CONFLICT", message));
        }
        let index = self.add(&email, None, self.now);
        self.note(index, Change::Created);
        self.set(world, index, values);
        Ok(index)
    }

    fn batch_update(&mut self, world: &World, call: &Call) -> Reply {
        let inputs = call.inputs(self.options.batch_most)?;
        let (mut known, mut rows, mut missing, mut errors) =
            (HashSet::new(), Vec::new(), Vec::new(), Vec::new());
        for input in &inputs {
            let key = input["id"]
                .as_str()
                .ok_or_else(|| Problem::invalid("id must be a string"))?;
            let values = properties(input)?;
            let by = input["idProperty"].as_str();
            let found = self
                .find(Object::Contacts, key, by)?
                .filter(|index| self.contacts[*index as usize].alive());
            if !known.insert(found.map_or_else(|| key.to_owned(), |index| index.to_string())) {
                return Err(Problem::invalid(format!(
                    "Duplicate IDs found in batch input: [{key}]. IDs must be unique"
                )));
            }
            match (self.check(&values), found) {
                (Err(problem), _) if self.options.bad_property_refuses_all => return Err(problem),
                (Err(problem), _) => errors.push(problem.row(&[key.to_owned()])),
                (Ok(()), None) => missing.push(key.to_owned()),
                (Ok(()), Some(index)) => rows.push((index, values, written_view(input))),
            }
        }
        if !missing.is_empty() {
            let gone = Problem::not_found(
                "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.",
            );
            errors.push(gone.row(&missing));
        }
        let applied = !rows.is_empty();
        let mut bodies = Vec::new();
        for (index, values, view) in rows {
            self.set(world, index, values);
            bodies.push(self.body(world, (Object::Contacts, index), &view));
        }
        // The rows come in an order of their own.
        bodies.reverse();
        let (status, body) = self.batch(&bodies, errors);
        Ok(Answer::written(body, applied).with(status))
    }

    /// Batches that may make contacts: what we must never send.
    fn batch_make(&mut self, world: &World, call: &Call, upsert: bool) -> Reply {
        let inputs = call.inputs(self.options.batch_most)?;
        for input in &inputs {
            self.check(&properties(input)?)?;
        }
        let mut bodies = Vec::new();
        for input in &inputs {
            let key = input["id"].as_str();
            let found = match key.filter(|_| upsert) {
                Some(key) => self.find(Object::Contacts, key, input["idProperty"].as_str())?,
                None => None,
            };
            let found = found.filter(|index| self.contacts[*index as usize].alive());
            let index = if let Some(index) = found {
                self.set(world, index, properties(input)?);
                index
            } else {
                let mut input = input.clone();
                if let Some(key) = key.filter(|key| key.contains('@')) {
                    input["properties"]["email"] = json!(key);
                }
                self.create(world, &input)?
            };
            let mut body = self.body(world, (Object::Contacts, index), &written_view(input));
            if upsert {
                body["new"] = json!(found.is_none());
            }
            bodies.push(body);
        }
        let (status, body) = self.batch(&bodies, Vec::new());
        let status = if upsert { status } else { StatusCode::CREATED };
        Ok(Answer::written(body, true).with(status))
    }

    /// Archives or forgets; twice is once.
    fn archive(&mut self, id: &str, for_good: bool) -> bool {
        let found = self
            .find_id(id)
            .filter(|index| for_good || self.contacts[*index as usize].alive());
        let Some(index) = found else {
            return false;
        };
        self.note(
            index,
            if for_good {
                Change::Forgotten
            } else {
                Change::Archived
            },
        );
        self.remove(index, for_good);
        true
    }

    fn merge_asked(&mut self, world: &World, call: &Call) -> Reply {
        let body = call.object()?;
        let id = |name: &str| {
            body.get(name)
                .and_then(Value::as_str)
                .and_then(|id| self.find_id(id))
        };
        match (id("primaryObjectId"), id("objectIdToMerge")) {
            (Some(into), Some(from)) if into != from => {
                self.note(into, Change::Merged);
                self.merge(into, from);
                let view = View::of_body(&Map::new(), false);
                Ok(Answer::written(
                    self.body(world, (Object::Contacts, into), &view),
                    true,
                ))
            }
            _ => Err(Problem::not_found("resource not found")),
        }
    }

    /// One contact takes the place of two; the old id leads to it (sheet 3).
    pub(super) fn merge(&mut self, into: u32, from: u32) {
        let (now, lag) = (self.now, self.options.index_lag);
        let mut other = self.contacts[from as usize].clone();
        let loser = &mut self.contacts[from as usize];
        (loser.gone, loser.merged_into) = (true, Some(into));
        for list in &mut self.lists {
            list.members.retain(|(member, _)| *member != from);
        }
        let winner = &mut self.contacts[into as usize];
        winner.merged.append(&mut other.merged);
        winner.merged.push(other.id);
        // The stricter consent stays.
        winner.out_of_all = winner.out_of_all.take().or(other.out_of_all);
        winner.touch(now, lag);
        self.hook(into, "contact.merge", now);
    }
}

/// A write answers with what it wrote.
fn written_view(input: &Value) -> View {
    let names = input["properties"].as_object().into_iter().flatten();
    View {
        properties: names.map(|(name, _)| name.clone()).collect(),
        history: Vec::new(),
        indexed: false,
        associations: false,
    }
}
