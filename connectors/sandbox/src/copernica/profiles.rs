//! One profile or subprofile: reading it, changing it, letting it go (sheet 3, 5, 6).

use serde_json::Value;

use super::account::{Account, Wanted};
use super::answer::{Answer, Problem, Reply};
use super::call::{Call, text};
use super::journal::Change;
use super::lists;
use super::schema::{collection, interests, leave_by_request, pairs, wanted};
use super::state::{Subprofile, column};

pub(super) fn route(account: &mut Account, call: &Call, parts: &[&str]) -> Reply {
    let (id, rest) = match parts {
        ["profile", id, rest @ ..] => (id, rest),
        ["subprofile", id] if call.method.as_str() == "GET" => return subprofile(account, id),
        _ => return Err(Problem::method()),
    };
    let known = id
        .parse()
        .ok()
        .filter(|id| account.profiles.contains_key(id));
    let id: u32 = known.ok_or_else(|| Problem::missing("entity"))?;
    let there = account.profiles[&id].removed.is_none();
    match (call.method.as_str(), rest) {
        // Of a removed profile there is an answer too, with empty fields (sheet 3, 8).
        ("GET", []) => Ok(Answer::read(lists::profile(account, id, false))),
        ("GET", ["fields"]) => Ok(Answer::read(
            lists::profile(account, id, false)["fields"].take(),
        )),
        ("GET", ["interests"]) => Ok(Answer::read(
            lists::profile(account, id, false)["interests"].take(),
        )),
        ("GET", ["subprofiles", name]) => {
            let collection = collection(account, name)?;
            let all = account.subprofiles.iter();
            let own: Vec<_> = all
                .filter(|one| one.profile == id && one.collection == collection.id)
                .collect();
            Ok(lists::subprofiles(account, &collection.fields, call, &own))
        }
        ("DELETE", []) => {
            let (request, now) = (account.requests, account.now);
            if !account.remove(id, now) {
                // Sheet 8: deleting again is a 400.
                return Err(Problem::new("This profile has already been removed"));
            }
            account.note(id, request, Change::Removed);
            Ok(Answer::deleted("profile", id))
        }
        ("PUT" | "POST", _) if !there => Err(Problem::new("This profile has been removed")),
        ("PUT", []) => Ok(write(account, id, &wanted(call, true)?)),
        ("PUT", ["fields"]) => {
            let fields = pairs(Some(&call.object()?));
            let wanted = Wanted {
                fields,
                followups: true,
                ..Wanted::default()
            };
            Ok(write(account, id, &wanted))
        }
        (method @ ("POST" | "PUT"), ["interests"]) => {
            let wanted = Wanted {
                interests: interests(&body_of_interests(call)?),
                no_others: method == "PUT",
                followups: true,
                ..Wanted::default()
            };
            Ok(write(account, id, &wanted))
        }
        ("PUT", ["unsubscribe"]) => {
            leave_by_request(account, id);
            Ok(Answer::done(true))
        }
        ("POST", ["subprofiles", name]) => add_subprofile(account, call, id, name),
        // The wrong verb looks well and does nothing (sheet 8).
        ("POST", [] | ["fields" | "unsubscribe"]) => Ok(Answer::idle()),
        _ => Err(Problem::method()),
    }
}

fn write(account: &mut Account, id: u32, wanted: &Wanted) -> Answer {
    let request = account.requests;
    Answer::done(account.apply(id, wanted, request))
}

/// A list of names is a body too.
fn body_of_interests(call: &Call) -> Result<Value, Problem> {
    if call.body.trim_ascii().starts_with(b"[") {
        return serde_json::from_slice(&call.body).map_err(|_| Problem::new("Invalid JSON"));
    }
    call.object().map(Value::Object)
}

fn subprofile(account: &Account, id: &str) -> Reply {
    let mut all = account.subprofiles.iter();
    let one = all
        .find(|one| one.id.to_string() == id)
        .ok_or_else(|| Problem::missing("subprofile"))?;
    let collection = collection(account, &one.collection.to_string())?;
    Ok(Answer::read(lists::subprofile(&collection.fields, one)))
}

/// A new subprofile lets a follow-up of its collection begin (sheet 6).
fn add_subprofile(account: &mut Account, call: &Call, profile: u32, name: &str) -> Reply {
    let collection = collection(account, name)?;
    let mut values = vec![String::new(); collection.fields.len()];
    for (name, value) in &call.object()? {
        if let Some(place) = column(&collection.fields, name) {
            values[place] = collection.fields[place].hold(&text(value));
        }
    }
    let (id, now, request) = (account.fresh(), account.now, account.requests);
    account.subprofiles.push(Subprofile {
        id,
        profile,
        collection: collection.id,
        values,
        created: now,
        modified: now,
    });
    let change = Change::Subprofile {
        collection: collection.name,
        followups: true,
    };
    account.note(profile, request, change);
    Ok(Answer::created(
        "subprofile",
        id,
        account.options.created_header,
    ))
}
