//! Writes to many members at once: the synchronous bulk call and static segments. Both answer 200 with some rows refused.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::account::Account;
use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::lists::segment_body;
use super::member::{Status, hash};
use super::tags;
use super::write::{self, Wish};
use crate::people::World;

/// The most rows of one call.
const MOST: usize = 500;

/// What became of one row of the bulk call.
enum Row {
    Created(u32),
    Updated(u32),
}

/// `POST /lists/{id}`: adds members, and edits those who are there when `update_existing` says so.
pub(super) fn members(account: &mut Account, world: &World, call: &Call, list: usize) -> Reply {
    let body = call.object()?;
    let Some(Value::Array(rows)) = body.get("members") else {
        return Err(Problem::invalid(
            "members",
            "This value should not be blank.",
        ));
    };
    if rows.len() > MOST {
        return Err(Problem::invalid(
            "members",
            "This value should have 500 rows or less.",
        ));
    }
    let flag = |name: &str| body.get(name).and_then(Value::as_bool).unwrap_or(false);
    let (update, sync_tags) = (flag("update_existing"), flag("sync_tags"));
    let (mut created, mut updated, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for row in rows {
        let address = row["email_address"].as_str().unwrap_or_default();
        let again = !seen.insert(hash(address));
        if again && call.flag("skip_duplicate_check") {
            continue;
        }
        let outcome = if again {
            Err(refused(
                "ERROR_GENERIC",
                "Duplicate items found in this batch operation.",
            ))
        } else {
            one(account, world, call, list, row, (update, sync_tags))
        };
        match outcome {
            Ok(Row::Created(index)) => created.push(account.member_in_short(world, list, index)),
            Ok(Row::Updated(index)) => updated.push(account.member_in_short(world, list, index)),
            Err((code, error)) => errors.push(json!({
                "email_address": address, "error": error, "error_code": code, "field": "", "field_message": "",
            })),
        }
    }
    let applied = !(created.is_empty() && updated.is_empty());
    let body = json!({
        "total_created": created.len(), "total_updated": updated.len(), "error_count": errors.len(),
        "new_members": created, "updated_members": updated, "errors": errors,
    });
    Ok(Answer {
        body: Some(body),
        applied,
        ..Answer::default()
    })
}

fn refused(code: &'static str, error: impl Into<String>) -> (&'static str, String) {
    (code, error.into())
}

fn one(
    account: &mut Account,
    world: &World,
    call: &Call,
    list: usize,
    row: &Value,
    (update, sync_tags): (bool, bool),
) -> Result<Row, (&'static str, String)> {
    let generic = |problem: Problem| refused("ERROR_GENERIC", problem.detail());
    let empty = serde_json::Map::new();
    let body = row.as_object().unwrap_or(&empty);
    let address = body
        .get("email_address")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let status = write::status(body, "status").map_err(generic)?;
    let mut wish = Wish::parse(&account.audiences[list], body).map_err(generic)?;
    let (Some(mut wished), Some(_)) = (status, wish.address.take()) else {
        return Err(generic(Problem::invalid(
            "status",
            "An address and a status are needed.",
        )));
    };
    let names = |row: &Value| -> Vec<String> {
        let tags = row["tags"].as_array().into_iter().flatten();
        tags.filter_map(|tag| tag.as_str().map(str::to_owned))
            .collect()
    };
    let Some(index) = account.audiences[list].find(address) else {
        if account.audiences[list].forgotten.contains(&hash(address)) {
            return Err(generic(Problem::forgotten(address)));
        }
        let index = account.create(list, address, wished);
        wish.status = None;
        account.apply(world, list, index, wish);
        for name in names(row) {
            account.tag(list, index, &name, true, false);
        }
        return Ok(Row::Created(index));
    };
    if !update {
        return Err(refused(
            "ERROR_CONTACT_EXISTS",
            format!("{address} is already a list member"),
        ));
    }
    let audience = &account.audiences[list];
    let member = &audience.members[index as usize];
    if !wish.fields.is_empty() && !call.flag("skip_merge_validation") {
        wish.complete(audience, world, member).map_err(generic)?;
    }
    if member.status == Status::Cleaned {
        return Err(generic(Problem::compliance(address)));
    }
    // Whoever is unsubscribed stays so, and the answer does not say it.
    if member.status == Status::Unsubscribed {
        wished = Status::Unsubscribed;
    }
    wish.status = Some(wished);
    let worn: Vec<String> = member
        .tags
        .iter()
        .map(|(tag, _)| audience.tags[usize::from(*tag)].name.clone())
        .collect();
    account.apply(world, list, index, wish);
    let wanted = names(row);
    for name in worn
        .iter()
        .filter(|name| sync_tags && !wanted.contains(name))
    {
        account.tag(list, index, name, false, false);
    }
    for name in &wanted {
        account.tag(list, index, name, true, false);
    }
    Ok(Row::Updated(index))
}

fn addresses(body: &Value, name: &str) -> Result<Vec<String>, Problem> {
    let rows = body[name].as_array().map_or(&[][..], Vec::as_slice);
    if rows.len() > MOST {
        return Err(Problem::invalid(
            name,
            "This value should have 500 rows or less.",
        ));
    }
    Ok(rows
        .iter()
        .filter_map(|row| row.as_str().map(str::to_owned))
        .collect())
}

/// `POST /lists/{id}/segments`: a new tag for those members.
pub(super) fn new_segment(account: &mut Account, world: &World, call: &Call, list: usize) -> Reply {
    let body = Value::Object(call.object()?);
    let name = body["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        return Err(Problem::invalid("name", "This value should not be blank."));
    }
    if !body["static_segment"].is_array() {
        return Err(Problem::invalid(
            "static_segment",
            "Only static segments are kept here.",
        ));
    }
    if account.audiences[list]
        .tags
        .iter()
        .any(|tag| tag.name == name)
    {
        return Err(Problem::invalid("name", "Sorry, that tag already exists."));
    }
    let now = account.now;
    let number = account.audiences[list].tag_named(name, now);
    move_all(
        account,
        world,
        list,
        name,
        &addresses(&body, "static_segment")?,
        true,
    );
    let audience = &account.audiences[list];
    let tag = &audience.tags[usize::from(number)];
    Ok(Answer::written(segment_body(audience, number, tag)))
}

/// `POST /lists/{id}/segments/{segment_id}`: puts a tag on up to 500 members and takes it off up to 500.
pub(super) fn segment(
    account: &mut Account,
    world: &World,
    call: &Call,
    list: usize,
    segment: &str,
) -> Reply {
    let number = tags::numbered(&account.audiences[list], segment)?;
    let name = account.audiences[list].tags[usize::from(number)]
        .name
        .clone();
    let body = Value::Object(call.object()?);
    let (add, remove) = (
        addresses(&body, "members_to_add")?,
        addresses(&body, "members_to_remove")?,
    );
    let added = move_all(account, world, list, &name, &add, true);
    let removed = move_all(account, world, list, &name, &remove, false);
    let applied = !(added.is_empty() && removed.is_empty());
    let body = json!({
        "total_added": added.len(), "total_removed": removed.len(), "error_count": 0,
        "members_added": added, "members_removed": removed, "errors": [],
    });
    Ok(Answer {
        body: Some(body),
        applied,
        ..Answer::default()
    })
}

/// The members who changed; addresses that are not in the list are passed over.
fn move_all(
    account: &mut Account,
    world: &World,
    list: usize,
    name: &str,
    addresses: &[String],
    on: bool,
) -> Vec<Value> {
    let mut changed = Vec::new();
    for address in addresses {
        let Some(index) = account.audiences[list].find(address) else {
            continue;
        };
        if account.tag(list, index, name, on, false) {
            changed.push(account.member_in_short(world, list, index));
        }
    }
    changed
}
