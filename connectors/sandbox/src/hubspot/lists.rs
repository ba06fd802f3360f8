//! `/crm/v3/lists`: static lists, which stand for tags (sheet 6).

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Millis;
use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::contact::stamp;
use super::journal::Change;
use super::objects::{Object, next};
use super::portal::Portal;

/// One list of contacts.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub(super) id: u64,
    pub(super) name: String,
    kind: String,
    created: Millis,
    /// Places of contacts, with the time of joining, in that order.
    pub(super) members: Vec<(u32, Millis)>,
}

/// The lists that the owner made: a static one, and one that fills itself and takes nobody by hand.
pub(super) fn founded(at: Millis) -> Vec<List> {
    [("Beurs 2025", "MANUAL"), ("Alle klanten", "DYNAMIC")]
        .into_iter()
        .zip(21..)
        .map(|((name, kind), id)| List {
            id,
            name: name.to_owned(),
            kind: kind.to_owned(),
            created: at,
            members: Vec::new(),
        })
        .collect()
}

impl List {
    fn body(&self) -> Value {
        json!({
            "listId": self.id.to_string(), "listVersion": 1, "name": self.name, "objectTypeId": "0-1",
            "processingType": self.kind, "processingStatus": "COMPLETE", "createdAt": stamp(self.created),
            "updatedAt": stamp(self.created), "filtersUpdatedAt": stamp(self.created), "size": self.members.len(),
        })
    }
}

impl Portal {
    fn list_with(&self, id: &str) -> Result<usize, Problem> {
        let found = self.lists.iter().position(|list| list.id.to_string() == id);
        found.ok_or_else(|| Problem::not_found(format!("List does not exist with ID {id}.")))
    }

    /// Everything below `/crm/v3/lists`.
    pub(super) fn route_lists(&mut self, call: &Call, rest: &[&str]) -> Reply {
        let reads = matches!(
            (call.method.as_str(), rest),
            ("GET", _) | (_, ["search"] | ["records", "memberships", "batch", "read"])
        );
        self.need(if reads {
            "crm.lists.read"
        } else {
            "crm.lists.write"
        })?;
        match (call.method.as_str(), rest) {
            ("POST", []) => self.make_list(call),
            ("GET", []) => {
                let ids = call.several("listIds");
                let asked = self
                    .lists
                    .iter()
                    .filter(|list| ids.contains(&list.id.to_string()));
                Ok(Answer::read(
                    json!({"lists": asked.map(List::body).collect::<Vec<_>>()}),
                ))
            }
            ("POST", ["search"]) => self.search_lists(call),
            ("GET", ["object-type-id", "0-1", "name", name]) => {
                let found = self.lists.iter().find(|list| list.name == *name);
                let list = found.ok_or_else(|| {
                    Problem::not_found(format!("List does not exist with name {name}."))
                })?;
                Ok(Answer::read(json!({"list": list.body()})))
            }
            ("GET", ["records", "0-1", record, "memberships"]) => {
                let index = self
                    .find_id(record)
                    .ok_or_else(|| Problem::not_found("resource not found"))?;
                let rows = self.memberships_of(index);
                Ok(Answer::read(json!({"total": rows.len(), "results": rows})))
            }
            ("POST", ["records", "memberships", "batch", "read"]) => {
                let inputs = call.inputs(500)?;
                let rows: Vec<Value> = (inputs.iter())
                    .filter_map(|input| {
                        let id = input["recordId"].as_str()?;
                        let lists = self.memberships_of(self.find_id(id)?);
                        Some(json!({"recordId": id, "objectTypeId": "0-1", "recordListMemberships": lists}))
                    })
                    .collect();
                let (_, body) = self.batch(&rows, Vec::new());
                Ok(Answer::read(body))
            }
            ("GET", [id]) => Ok(Answer::read(
                json!({"list": self.lists[self.list_with(id)?].body()}),
            )),
            ("DELETE", [id]) => {
                let place = self.list_with(id)?;
                self.lists.remove(place);
                Ok(Answer::empty(true))
            }
            (
                "GET",
                [id, "memberships" | "memberships/join-order"] | [id, "memberships", "join-order"],
            ) => self.memberships(call, id, rest.len() == 3),
            (
                "PUT",
                [
                    id,
                    "memberships",
                    verb @ ("add" | "remove" | "add-and-remove"),
                ],
            ) => self.change_members(call, id, verb),
            _ => Err(Problem::not_found("resource not found")),
        }
    }

    fn memberships_of(&self, index: u32) -> Vec<Value> {
        let joined = self.lists.iter().filter_map(|list| {
            let (_, at) = list.members.iter().find(|(member, _)| *member == index)?;
            Some(json!({
                "listId": list.id.to_string(), "listVersion": 1, "firstAddedTimestamp": stamp(*at),
                "lastAddedTimestamp": stamp(*at), "isPublicList": false,
            }))
        });
        joined.collect()
    }

    fn make_list(&mut self, call: &Call) -> Reply {
        let body = call.object()?;
        let text = |name: &str| {
            body.get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let (name, kind) = (text("name"), text("processingType"));
        if name.is_empty() || Object::named(&text("objectTypeId")) != Some(Object::Contacts) {
            return Err(Problem::invalid("name and objectTypeId are required"));
        }
        if !matches!(kind.as_str(), "MANUAL" | "SNAPSHOT" | "DYNAMIC")
            || (kind == "DYNAMIC") != body.contains_key("filterBranch")
        {
            return Err(Problem::invalid(
                "processingType and filterBranch do not go together",
            ));
        }
        if self.lists.iter().any(|list| list.name == name) {
            return Err(Problem::invalid(format!(
                "Cannot create list. A list with name '{name}' exists already"
            )));
        }
        let id = self.lists.iter().map(|list| list.id).max().unwrap_or(20) + 1;
        let list = List {
            id,
            name,
            kind,
            created: self.now,
            members: Vec::new(),
        };
        let made = json!({"list": list.body()});
        self.lists.push(list);
        Ok(Answer::written(made, true))
    }

    fn search_lists(&self, call: &Call) -> Reply {
        let body = call.object()?;
        let number =
            |name: &str, usual: u64| body.get(name).and_then(Value::as_u64).unwrap_or(usual);
        let (count, offset) = (number("count", 20), number("offset", 0));
        if count > 500 || count + offset > 10_000 {
            return Err(Problem::invalid(
                "count must be at most 500, and nothing lies beyond 10,000",
            ));
        }
        let query = body
            .get("query")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_lowercase();
        let found: Vec<&List> = self
            .lists
            .iter()
            .filter(|list| list.name.to_lowercase().contains(&query))
            .collect();
        let (count, offset) = (
            usize::try_from(count).unwrap_or(500),
            usize::try_from(offset).unwrap_or(10_000),
        );
        let page: Vec<Value> = found
            .iter()
            .skip(offset)
            .take(count)
            .map(|list| list.body())
            .collect();
        let end = offset + page.len();
        Ok(Answer::read(
            json!({"lists": page, "total": found.len(), "offset": end, "hasMore": end < found.len()}),
        ))
    }

    /// 250 rows at most, by id or in the order of joining.
    fn memberships(&self, call: &Call, id: &str, join_order: bool) -> Reply {
        let limit = call.limit(100, 250)?;
        let mut members = self.lists[self.list_with(id)?].members.clone();
        if !join_order {
            members.sort_unstable();
        }
        let from = match call.parameter("after") {
            None => 0,
            Some(after) => {
                let seen = members.iter().position(|(member, _)| {
                    self.contacts[*member as usize].id.to_string() == after
                });
                seen.ok_or_else(|| Problem::invalid("after is not valid"))? + 1
            }
        };
        let page = &members[from..(from + limit).min(members.len())];
        let id_of = |member: u32| self.contacts[member as usize].id.to_string();
        let rows: Vec<Value> = page.iter().map(|(member, at)| json!({"recordId": id_of(*member), "membershipTimestamp": stamp(*at)})).collect();
        let mut body = json!({"total": members.len(), "results": rows});
        if let Some((last, _)) = page.last().filter(|_| from + page.len() < members.len()) {
            body["paging"] = next(&id_of(*last), &call.path.join("/"));
        }
        Ok(Answer::read(body))
    }

    fn change_members(&mut self, call: &Call, id: &str, verb: &str) -> Reply {
        let place = self.list_with(id)?;
        if self.lists[place].kind == "DYNAMIC" {
            return Err(Problem::invalid(
                "The list is DYNAMIC: its memberships cannot be changed by hand",
            ));
        }
        let body = call.json()?;
        let ids = |value: &Value| -> Result<Vec<String>, Problem> {
            let rows = value.as_array().ok_or_else(|| {
                Problem::invalid("Invalid input JSON: an array of ids is expected")
            })?;
            let text = |id: &Value| {
                id.as_str()
                    .map(str::to_owned)
                    .or_else(|| id.as_u64().map(|id| id.to_string()))
            };
            rows.iter()
                .map(|id| text(id).ok_or_else(|| Problem::invalid("ids must be strings")))
                .collect()
        };
        let none = json!([]);
        let (add, remove) = match verb {
            "add" => (ids(&body)?, Vec::new()),
            "remove" => (Vec::new(), ids(&body)?),
            _ => {
                let of = |name: &str| ids(body.get(name).unwrap_or(&none));
                (of("recordIdsToAdd")?, of("recordIdsToRemove")?)
            }
        };
        if add.len() + remove.len() > self.options.membership_most {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "VALIDATION_ERROR",
                "Too many record ids",
            ));
        }
        let (mut added, mut removed, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for (id, joins) in add
            .iter()
            .map(|id| (id, true))
            .chain(remove.iter().map(|id| (id, false)))
        {
            let Some(index) = self
                .find_id(id)
                .filter(|index| self.contacts[*index as usize].alive())
            else {
                missing.push(id.clone());
                continue;
            };
            let list = &mut self.lists[place];
            let name = list.name.clone();
            let there = list.members.iter().position(|(member, _)| *member == index);
            match (joins, there) {
                (true, None) => {
                    list.members.push((index, self.now));
                    self.note(index, Change::Listed(name));
                    added.push(id.clone());
                }
                (false, Some(member)) => {
                    list.members.remove(member);
                    self.note(index, Change::Unlisted(name));
                    removed.push(id.clone());
                }
                // Twice is once; the answer names only what changed.
                _ => {}
            }
        }
        let applied = !added.is_empty() || !removed.is_empty();
        // The first key is spelt so (sheet 6).
        let body = json!({"recordsIdsAdded": added, "recordIdsRemoved": removed, "recordIdsMissing": missing});
        Ok(Answer::written(body, applied))
    }
}
