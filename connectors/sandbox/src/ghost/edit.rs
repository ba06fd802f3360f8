//! Changes to members: one by one, in bulk, and their deletion.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::answer::{Refusal, document};
use super::id::Id;
use super::members::{one, select};
use super::state::{Kind, Newsletter, Row, What};
use super::{Call, Desk, Version, Wish};

/// The longest note, and the longest name.
const LONGEST: [(&str, usize); 2] = [("note", 2_000), ("name", 191)];

/// Answers `PUT members/{id}/`: only the keys present change, and `labels` and `newsletters` replace what was there.
pub(super) fn edit(desk: &mut Desk<'_>, call: &Call, id: &str) -> Result<Response, Refusal> {
    let body = call.json()?;
    let Some(wanted) = body["members"].get(0).and_then(Value::as_object) else {
        return Err(Refusal::bad_request("No root key ('members') provided."));
    };
    for (field, limit) in LONGEST {
        if wanted
            .get(field)
            .and_then(Value::as_str)
            .is_some_and(|text| text.chars().count() > limit)
        {
            return Err(too_long(desk.config.version, field, limit));
        }
    }
    let id = Id::parse(id)
        .filter(|id| desk.state.members.contains_key(id))
        .ok_or_else(|| {
            Refusal::not_found(
                "Resource not found error, cannot edit member.",
                format!("Could not find Member {id}"),
            )
        })?;
    let email = wanted.get("email").and_then(Value::as_str);
    if let Some(email) = email {
        check_email(desk, id, email)?;
    }
    let labels = match wanted.get("labels").and_then(Value::as_array) {
        Some(entries) => Some(named_labels(desk, entries)?),
        None => None,
    };
    if let Some(entries) = wanted.get("newsletters").and_then(Value::as_array) {
        subscribe(desk, id, entries);
    } else if wanted.get("subscribed") == Some(&Value::Bool(false)) {
        subscribe(desk, id, &[]);
    }
    let now = desk.now;
    if let Some(member) = desk.state.members.get_mut(&id) {
        let text = |field: &str| {
            wanted
                .get(field)
                .map(|value| value.as_str().map(str::to_owned))
        };
        let before = (
            member.note.clone(),
            member.name.clone(),
            member.email.clone(),
        );
        member.note = text("note").unwrap_or(before.0.clone());
        member.name = text("name").unwrap_or(before.1.clone());
        if let Some(email) = email {
            desk.state.by_email.remove(&member.email);
            desk.state.by_email.insert(email.to_owned(), id);
            email.clone_into(&mut member.email);
        }
        // A change of labels alone does not count as a change of the member, as the recordings show.
        if (&member.note, &member.name, &member.email) != (&before.0, &before.1, &before.2) {
            member.updated_at = now;
        }
        if let Some(labels) = labels {
            member.labels = labels;
        }
    }
    desk.applied = true;
    match desk.state.members.get(&id) {
        Some(member) => Ok(one(desk, member, call)),
        None => Ok(StatusCode::NOT_FOUND.into_response()),
    }
}

fn check_email(desk: &Desk<'_>, id: Id, email: &str) -> Result<(), Refusal> {
    let message = "Validation error, cannot edit member.";
    if !email.contains('@') {
        return Err(Refusal::invalid(message, "Invalid Email").property("email"));
    }
    if desk
        .state
        .by_email
        .get(email)
        .is_some_and(|owner| *owner != id)
    {
        let context =
            "Member already exists. Attempting to edit member with existing email address";
        return Err(Refusal::invalid(message, context).property("email"));
    }
    Ok(())
}

/// The words of the two versions differ, since they use different releases of one validator.
fn too_long(version: Version, field: &'static str, limit: usize) -> Refusal {
    let schema = format!("#/properties/members/items/properties/{field}/maxLength");
    let details = match version {
        Version::Five => json!([{
            "keyword": "maxLength", "dataPath": format!(".members[0].{field}"), "schemaPath": schema,
            "params": {"limit": limit}, "message": format!("should NOT be longer than {limit} characters"),
        }]),
        Version::Six => json!([{
            "instancePath": format!("/members/0/{field}"), "schemaPath": schema, "keyword": "maxLength",
            "params": {"limit": limit}, "message": format!("must NOT have more than {limit} characters"),
        }]),
    };
    Refusal::invalid(
        "Validation error, cannot edit member.",
        format!("Validation failed for {field}."),
    )
    .property(field)
    .details(details)
}

/// The labels that a list of entries means: by name, made where new, renamed where the id is that of another name.
fn named_labels(desk: &mut Desk<'_>, entries: &[Value]) -> Result<Vec<Id>, Refusal> {
    let mut labels = Vec::new();
    for entry in entries {
        let Some(name) = entry["name"].as_str().or(entry.as_str()) else {
            // An entry with an id alone: 5.x stumbles, 6.x drops it, and with it the label.
            if desk.config.version == Version::Five {
                let why = "An unexpected error occurred, please try again. Cannot read properties of undefined (reading 'toLowerCase')";
                let message = "Internal server error, cannot edit member.";
                return Err(Refusal::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "InternalServerError",
                    message,
                )
                .context(why)
                .code("UNEXPECTED_ERROR"));
            }
            continue;
        };
        let known = desk.state.label_named(name).map(|label| label.id);
        let by_id = entry["id"].as_str().and_then(Id::parse);
        let renamed = desk
            .state
            .labels
            .iter_mut()
            .find(|label| Some(label.id) == by_id);
        let id = match (known, renamed) {
            (Some(id), _) => id,
            (None, Some(label)) => {
                name.clone_into(&mut label.name);
                label.updated_at = desk.now;
                label.id
            }
            (None, None) => desk.state.make_label(name, desk.now),
        };
        if !labels.contains(&id) {
            labels.push(id);
        }
    }
    Ok(labels)
}

/// Sets the newsletters of a member by a request.
fn subscribe(desk: &mut Desk<'_>, id: Id, entries: &[Value]) {
    let named = |newsletter: &Newsletter| {
        let own = newsletter.id.to_string();
        entries.iter().any(|entry| entry["id"] == own)
    };
    let wanted = numbers(desk, named);
    set(desk, id, &wanted, true);
}

/// A member joins every newsletter by their own hand.
pub(super) fn join(desk: &mut Desk<'_>, id: Id) -> bool {
    let all = numbers(desk, |_| true);
    set(desk, id, &all, false);
    desk.state.members.contains_key(&id)
}

fn numbers(desk: &Desk<'_>, wanted: impl Fn(&Newsletter) -> bool) -> Vec<u8> {
    let all = (0_u8..).zip(&desk.state.newsletters);
    all.filter(|(_, newsletter)| wanted(newsletter))
        .map(|(number, _)| number)
        .collect()
}

/// Sets the newsletters of a member, and writes an event for each that comes or goes.
fn set(desk: &mut Desk<'_>, id: Id, wanted: &[u8], by_api: bool) {
    let Some(member) = desk.state.members.get_mut(&id) else {
        return;
    };
    let before = std::mem::replace(&mut member.newsletters, wanted.to_vec());
    let turned = (0_u8..)
        .zip(&desk.state.newsletters)
        .map(|(number, _)| (number, before.contains(&number), wanted.contains(&number)));
    let turned: Vec<(u8, bool)> = turned
        .filter(|(_, was, is)| was != is)
        .map(|(number, _, is)| (number, is))
        .collect();
    write_down(desk, id, &turned, by_api);
}

/// A member leaves every newsletter by their own hand; one who gets none comes back to the first before, since leaving
/// nothing leaves no trace.
pub(super) fn leave(desk: &mut Desk<'_>, id: Id) -> bool {
    let Some(member) = desk.state.members.get_mut(&id) else {
        return false;
    };
    let left = std::mem::take(&mut member.newsletters);
    let mut turned: Vec<(u8, bool)> = left.into_iter().map(|number| (number, false)).collect();
    if turned.is_empty() {
        turned = vec![(0, true), (0, false)];
    }
    write_down(desk, id, &turned, false);
    true
}

/// Writes an event for each newsletter that a member came to or went from, and tells the world of the first.
fn write_down(desk: &mut Desk<'_>, id: Id, turned: &[(u8, bool)], by_api: bool) {
    let now = desk.now;
    let Some(member) = desk.state.members.get_mut(&id) else {
        return;
    };
    if !turned.is_empty() {
        member.updated_at = now;
    }
    let person = member.person;
    for (newsletter, subscribed) in turned.iter().copied() {
        if newsletter == 0 {
            desk.wishes.push(Wish {
                person,
                mailed: subscribed,
            });
        }
        let event = desk.state.fresh_id(now);
        let what = What::Newsletter {
            newsletter,
            subscribed,
            by_api,
        };
        desk.state.rows_mut(Kind::Newsletter).push(Row {
            at: now,
            id: event,
            member: id,
            what,
        });
    }
    desk.state.rows_mut(Kind::Newsletter).sort_unstable();
}

/// Answers `PUT members/bulk/`. It works on tables, not on members: no event, no webhook, no new `updated_at`.
pub(super) fn bulk(desk: &mut Desk<'_>, call: &Call) -> Result<Response, Refusal> {
    let body = call.json()?;
    let everybody = call.query.get("all") == Some("true");
    if !everybody && call.query.get("filter").is_none() && call.query.get("search").is_none() {
        return Err(Refusal::incorrect_usage(match desk.config.version {
            Version::Five => "Cannot perform bulk edit without a filter or all=true",
            Version::Six => "Cannot perform bulk edit without a filter, search, or all=true",
        }));
    }
    let meant: Vec<Id> = select(desk.state, call)?
        .into_iter()
        .map(|member| member.id)
        .collect();
    let meta = &body["bulk"]["meta"];
    let label = meta["label"]["id"].as_str().unwrap_or_default();
    let (successful, failures) = match body["bulk"]["action"].as_str() {
        Some("addLabel") => add_label(desk, &meant, label),
        Some("removeLabel") => (remove_label(desk, &meant, label), Vec::new()),
        Some("unsubscribe") => (
            unsubscribe(
                desk,
                &meant,
                body["bulk"]["newsletter"]
                    .as_str()
                    .or(meta["newsletter"].as_str()),
            ),
            Vec::new(),
        ),
        _ => return Err(Refusal::incorrect_usage("Unsupported bulk action")),
    };
    desk.applied = successful > 0;
    let errors: Vec<Value> = failures
        .iter()
        .map(|row| json!({"errno": 19, "code": "SQLITE_CONSTRAINT", "errorDetails": row}))
        .collect();
    let stats = json!({"successful": successful, "unsuccessful": failures.len()});
    let meta = json!({"stats": stats, "errors": errors, "unsuccessfulData": failures});
    Ok(document(StatusCode::OK, &json!({"bulk": {"meta": meta}})))
}

/// Inserts a membership row for each, whether there is one already or not; gives the rows that a missing label kept out.
fn add_label(desk: &mut Desk<'_>, meant: &[Id], label: &str) -> (usize, Vec<Value>) {
    let known = Id::parse(label).filter(|id| desk.state.label(*id).is_some());
    let mut failures = Vec::new();
    for id in meant {
        if let (Some(label), Some(member)) = (known, desk.state.members.get_mut(id)) {
            member.labels.push(label);
        } else {
            let row = desk.state.fresh_id(desk.now);
            failures.push(
                json!({"member_id": id.to_string(), "label_id": label, "id": row.to_string()}),
            );
        }
    }
    (meant.len() - failures.len(), failures)
}

/// Removes every membership row, so one member may count twice.
fn remove_label(desk: &mut Desk<'_>, meant: &[Id], label: &str) -> usize {
    let label = Id::parse(label);
    let mut removed = 0;
    for id in meant {
        if let Some(member) = desk.state.members.get_mut(id) {
            let before = member.labels.len();
            member.labels.retain(|own| Some(*own) != label);
            removed += before - member.labels.len();
        }
    }
    removed
}

/// Deletes subscriptions without a word in the events.
fn unsubscribe(desk: &mut Desk<'_>, meant: &[Id], newsletter: Option<&str>) -> usize {
    let only = newsletter.map(|wanted| {
        (0_u8..)
            .zip(&desk.state.newsletters)
            .find(|(_, known)| known.id.to_string() == wanted)
            .map(|(number, _)| number)
    });
    let mut removed = 0;
    for id in meant {
        if let Some(member) = desk.state.members.get_mut(id) {
            let before = member.newsletters.clone();
            member
                .newsletters
                .retain(|number| only.is_some_and(|only| only != Some(*number)));
            removed += before.len() - member.newsletters.len();
            if before.contains(&0) && !member.newsletters.contains(&0) {
                desk.wishes.push(Wish {
                    person: member.person,
                    mailed: false,
                });
            }
        }
    }
    removed
}

/// Answers `DELETE members/{id}/`.
pub(super) fn delete(desk: &mut Desk<'_>, id: &str) -> Result<Response, Refusal> {
    let member = Id::parse(id)
        .and_then(|id| desk.state.delete(id))
        .ok_or_else(|| {
            Refusal::not_found(
                "Resource not found error, cannot delete member.",
                "Member not found.",
            )
        })?;
    desk.wishes.push(Wish {
        person: member.person,
        mailed: false,
    });
    desk.applied = true;
    Ok(StatusCode::NO_CONTENT.into_response())
}
