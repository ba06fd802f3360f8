//! Databases with their columns, interests, selections and collections; and what is done to many profiles at once.

use serde_json::{Value, json};

use super::account::{Account, Pending, Wanted};
use super::answer::{Answer, Problem, Reply, listed};
use super::call::{Call, text};
use super::journal::Change;
use super::state::{Collection, Database, Field, View};
use super::{lists, time};

/// The types of a column (sheet 6).
const KINDS: [&str; 13] = [
    "integer",
    "float",
    "date",
    "empty_date",
    "datetime",
    "empty_datetime",
    "text",
    "email",
    "phone",
    "phone_gsm",
    "phone_fax",
    "select",
    "big",
];

pub(super) fn route(account: &mut Account, call: &Call, parts: &[&str]) -> Reply {
    let page = call.page(false);
    match (call.method.as_str(), parts) {
        ("GET", ["databases"]) => {
            let rows = account.databases.iter().map(database_json).collect();
            Ok(listed(page, rows))
        }
        (method, ["database", id, rest @ ..]) => {
            let place = of_database(account, id)?;
            of_one(account, call, place, method, rest)
        }
        (method, ["view", id, rest @ ..]) => {
            let found = account
                .databases
                .iter()
                .position(|database| database.view.id.to_string() == *id);
            let place = found.ok_or_else(|| Problem::missing("view"))?;
            let view = &account.databases[place].view;
            match (method, rest) {
                ("GET", []) => Ok(Answer::read(view_json(&account.databases[place], view))),
                ("GET", ["profiles" | "profileids"]) => {
                    let members = view.members.iter().map(|id| &account.profiles[id]);
                    let there = members.filter(|profile| profile.removed.is_none());
                    if rest[0] == "profileids" {
                        let ids: Vec<u32> = there.map(|profile| profile.id).collect();
                        return Ok(lists::ids(call, &ids));
                    }
                    let ids = lists::select(account, place, call, there);
                    Ok(lists::profiles(account, place, call, ids))
                }
                ("POST", ["rebuild"]) => {
                    account.rebuild(place);
                    Ok(Answer::done(true))
                }
                _ => Err(Problem::method()),
            }
        }
        ("GET", ["collection", id, rest @ ..]) => {
            let collection = collection(account, id)?;
            match rest {
                [] => Ok(Answer::read(collection_json(&collection))),
                ["fields"] => Ok(listed(
                    page,
                    collection.fields.iter().map(field_json).collect(),
                )),
                ["subprofiles"] => {
                    let all = account.subprofiles.iter();
                    let own: Vec<_> = all.filter(|one| one.collection == collection.id).collect();
                    Ok(lists::subprofiles(account, &collection.fields, call, &own))
                }
                _ => Err(Problem::method()),
            }
        }
        _ => Err(Problem::method()),
    }
}

/// A database by id or by name (sheet 3).
pub(super) fn of_database(account: &Account, name: &str) -> Result<usize, Problem> {
    let named = |database: &Database| {
        database.id.to_string() == name || database.name.eq_ignore_ascii_case(name)
    };
    let found = account.databases.iter().position(named);
    found.ok_or_else(|| Problem::missing("database"))
}

/// A collection by id or by name.
pub(super) fn collection(account: &Account, name: &str) -> Result<Collection, Problem> {
    let mut all = account
        .databases
        .iter()
        .flat_map(|database| &database.collections);
    let found = all.find(|one| one.id.to_string() == name || one.name.eq_ignore_ascii_case(name));
    found.cloned().ok_or_else(|| Problem::missing("collection"))
}

fn of_one(account: &mut Account, call: &Call, place: usize, method: &str, rest: &[&str]) -> Reply {
    let page = call.page(false);
    let database = &account.databases[place];
    match (method, rest) {
        ("GET", []) => Ok(Answer::read(database_json(database))),
        ("GET", ["fields"]) => Ok(listed(
            page,
            database.fields.iter().map(field_json).collect(),
        )),
        ("GET", ["interests"]) => {
            let all = (1_u32..).zip(&database.interests);
            let row = |(id, name): (u32, &String)| json!({"ID": id.to_string(), "name": name, "group": ""});
            Ok(listed(page, all.map(row).collect()))
        }
        ("GET", ["collections"]) => {
            let rows = database.collections.iter().map(collection_json);
            Ok(listed(page, rows.collect()))
        }
        ("GET", ["views"]) => Ok(listed(page, vec![view_json(database, &database.view)])),
        ("GET", ["unsubscribe"]) => Ok(Answer::read(json!({
            "behavior": account.options.behavior.word(),
            "fields": if account.options.behavior == super::Behavior::Update { json!({"Nieuwsbrief": "nee"}) } else { json!([]) },
        }))),
        ("GET", ["profiles"]) => {
            let ids = account.selected(place, call);
            Ok(lists::profiles(account, place, call, ids))
        }
        ("GET", ["profileids"]) => {
            let ids: Vec<u32> = account.living(place).map(|profile| profile.id).collect();
            Ok(lists::ids(call, &ids))
        }
        ("POST", ["fields"]) => add_field(account, call, place),
        ("POST", ["interests"]) => add_interest(account, call, place),
        // The verb alone tells a new profile from a change of many (sheet 6).
        ("POST", ["profiles"]) => {
            let wanted = wanted(call, true)?;
            Ok(make(account, place, &wanted))
        }
        ("PUT", ["profiles"]) => change_many(account, call, place),
        ("PUT", ["unsubscribes"]) => {
            if call.fields().is_empty() {
                return Err(no_filter());
            }
            let ids = account.selected(place, call);
            let applied = !ids.is_empty();
            for id in ids {
                leave_by_request(account, id);
            }
            Ok(Answer::done(applied))
        }
        ("DELETE", ["profiles"]) => delete_many(account, call, place),
        _ => Err(Problem::method()),
    }
}

fn no_filter() -> Problem {
    Problem::new("Missing or invalid parameter 'fields'")
}

/// What the body of a request wants of a profile. Interests may be names, or names with 0 or 1.
pub(super) fn wanted(call: &Call, followups: bool) -> Result<Wanted, Problem> {
    let body = call.object()?;
    let fields = body.get("fields").and_then(Value::as_object);
    Ok(Wanted {
        fields: pairs(fields),
        interests: body.get("interests").map(interests).unwrap_or_default(),
        secret: body
            .get("secret")
            .and_then(Value::as_str)
            .map(str::to_owned),
        no_others: false,
        followups,
    })
}

/// Columns with the texts that they shall hold.
pub(super) fn pairs(fields: Option<&serde_json::Map<String, Value>>) -> Vec<(String, String)> {
    let all = fields.into_iter().flatten();
    all.map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

/// Interests in either shape.
pub(super) fn interests(value: &Value) -> Vec<(String, bool)> {
    match value {
        Value::Object(all) => {
            let on = |value: &Value| !matches!(text(value).as_str(), "" | "0" | "false");
            all.iter()
                .map(|(name, value)| (name.clone(), on(value)))
                .collect()
        }
        Value::Array(all) => all.iter().map(|name| (text(name), true)).collect(),
        _ => Vec::new(),
    }
}

/// Makes a profile, which no request of ours may do.
pub(super) fn make(account: &mut Account, place: usize, wanted: &Wanted) -> Answer {
    let request = account.requests;
    let now = account.now;
    let empty = vec![Some(String::new()); account.databases[place].fields.len()];
    let id = account.join(place, None, empty, now);
    account.note(id, request, Change::Created);
    account.apply(id, wanted, request);
    Answer::created("profile", id, account.options.created_header)
}

/// Answers `PUT /database/{id}/profiles`: the same values for all that the filters leave, and those may leave everybody.
fn change_many(account: &mut Account, call: &Call, place: usize) -> Reply {
    if call.fields().is_empty() {
        return Err(no_filter());
    }
    let wanted = wanted(call, true)?;
    let profiles = account.selected(place, call);
    if profiles.is_empty() && call.flag("create") {
        return Ok(make(account, place, &wanted));
    }
    let request = account.requests;
    if call.flag("async") {
        let due = request + account.options.async_steps;
        account.pending.push(Pending {
            due,
            request,
            profiles,
            wanted,
        });
        return Ok(Answer::done(true));
    }
    let mut applied = false;
    for id in profiles {
        applied |= account.apply(id, &wanted, request);
    }
    Ok(Answer::done(applied))
}

/// Answers `DELETE /database/{id}/profiles`, which needs a body although the docs say that there is none (sheet 2).
fn delete_many(account: &mut Account, call: &Call, place: usize) -> Reply {
    let body = call.object()?;
    let named: Vec<u32> = body
        .get("profiles")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|id| text(id).parse().ok())
        .collect();
    let (request, now) = (account.requests, account.now);
    let mut applied = false;
    for id in named {
        let own = account
            .profiles
            .get(&id)
            .is_some_and(|profile| profile.database == place);
        if own && account.remove(id, now) {
            account.note(id, request, Change::Removed);
            applied = true;
        }
    }
    Ok(Answer::done(applied))
}

/// A request unsubscribes somebody: the database's behaviour is carried out (sheet 6).
pub(super) fn leave_by_request(account: &mut Account, id: u32) {
    let (request, now) = (account.requests, account.now);
    account.note(id, request, Change::Unsubscribed);
    account.unsubscribe(id, now);
    account.mail_or_not(id);
}

fn add_field(account: &mut Account, call: &Call, place: usize) -> Reply {
    let body = call.object()?;
    let word = |name: &str| body.get(name).map(text).unwrap_or_default();
    let (name, kind) = (word("name"), word("type"));
    if name.is_empty() || account.databases[place].column(&name).is_some() {
        return Err(Problem::new("Invalid or duplicate field name"));
    }
    if !KINDS.contains(&kind.as_str()) {
        return Err(Problem::new("Invalid field type"));
    }
    let id = account.fresh();
    let fills = account.options.new_field_fills;
    let lock = matches!(word("lock").as_str(), "1" | "true");
    let field = Field::new(id, name, kind, word("value"), lock);
    account.databases[place].fields.push(field);
    let columns = account.databases[place].fields.len();
    if !fills {
        let all = account.profiles.values_mut();
        for profile in all.filter(|profile| profile.database == place) {
            profile.values.resize(columns, Some(String::new()));
        }
    }
    let path = format!("database/{}/field", account.databases[place].id);
    Ok(Answer::created(&path, id, account.options.created_header))
}

fn add_interest(account: &mut Account, call: &Call, place: usize) -> Reply {
    let name = call.object()?.get("name").map(text).unwrap_or_default();
    let interests = &mut account.databases[place].interests;
    if name.is_empty() || interests.contains(&name) {
        return Err(Problem::new("Invalid or duplicate interest name"));
    }
    interests.push(name);
    let id = u32::try_from(interests.len()).unwrap_or(u32::MAX);
    Ok(Answer::created(
        "interest",
        id,
        account.options.created_header,
    ))
}

fn database_json(database: &Database) -> Value {
    let list = |rows: Vec<Value>| json!({"start": 0, "limit": rows.len(), "count": rows.len(), "total": rows.len(), "data": rows});
    json!({
        "ID": database.id.to_string(), "name": database.name, "description": "", "archived": false,
        "created": "2019-05-06 10:00:00",
        "fields": list(database.fields.iter().map(field_json).collect()),
        "interests": list(Vec::new()),
        "collections": list(database.collections.iter().map(collection_json).collect()),
    })
}

fn field_json(field: &Field) -> Value {
    json!({
        "ID": field.id.to_string(), "name": field.name, "type": field.kind, "value": field.value,
        "displayed": true, "ordered": false, "length": "255", "textlines": "1", "hidden": false, "index": false,
        "lock": field.lock,
    })
}

fn collection_json(collection: &Collection) -> Value {
    json!({"ID": collection.id.to_string(), "name": collection.name})
}

fn view_json(database: &Database, view: &View) -> Value {
    json!({
        "ID": view.id.to_string(), "name": view.name, "description": "", "parent-type": "database",
        "parent-id": database.id.to_string(), "last-built": time::stamp(view.built),
    })
}
