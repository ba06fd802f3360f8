//! `members/`: who is there, by page, by keyset, by filter, one by one.

use std::cmp::Ordering;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{Refusal, document, keep_fields, paginate, stamp, stamp_or_null};
use super::catalogue::{email_json, label_json};
use super::events::attribution;
use super::id::{Id, long_hex};
use super::nql::{Filter, Test};
use super::state::{Member, State};
use super::{Call, Desk, Version};

/// What an answer holds whatever `fields` says.
const ALWAYS: [&str; 9] = [
    "subscribed",
    "labels",
    "subscriptions",
    "avatar_image",
    "comped",
    "unsubscribe_url",
    "current_subscription",
    "email_suppression",
    "newsletters",
];

/// Answers `GET members/`.
pub(super) fn list(desk: &mut Desk<'_>, call: &Call) -> Result<Response, Refusal> {
    let mut found = select(desk.state, call)?;
    let order = call.query.get("order").unwrap_or("created_at desc");
    found.sort_by(|a, b| compare(a, b, order));
    let (found, meta) = paginate(found, &call.query, desk.config.version.cap());
    let rows: Vec<Value> = found
        .into_iter()
        .map(|member| row(desk, member, call))
        .collect();
    Ok(document(
        StatusCode::OK,
        &json!({"members": rows, "meta": meta}),
    ))
}

fn row(desk: &Desk<'_>, member: &Member, call: &Call) -> Value {
    let mut row = keep_fields(member_json(desk, member, false), &call.query, &ALWAYS);
    if row.get("uuid").is_none() {
        // Without the uuid Ghost cannot make the address, and says so in its own way.
        row["unsubscribe_url"] = json!(format!("{}/unsubscribe/?preview=1", desk.base));
    }
    if call.query.lists("include", "email_recipients") {
        row["email_recipients"] = recipients_json(desk, member);
    }
    row
}

/// Answers `GET members/{id}/`.
pub(super) fn read(desk: &mut Desk<'_>, call: &Call, id: &str) -> Result<Response, Refusal> {
    let member = Id::parse(id)
        .and_then(|id| desk.state.members.get(&id))
        .ok_or_else(|| {
            Refusal::not_found(
                "Resource not found error, cannot read member.",
                "Member not found.",
            )
        })?;
    Ok(one(desk, member, call))
}

/// One member in full.
pub(super) fn one(desk: &Desk<'_>, member: &Member, call: &Call) -> Response {
    let mut row = member_json(desk, member, true);
    if call.query.lists("include", "email_recipients") {
        row["email_recipients"] = recipients_json(desk, member);
    }
    document(StatusCode::OK, &json!({"members": [row]}))
}

/// The members that `filter` and `search` leave, by id.
pub(super) fn select<'a>(state: &'a State, call: &Call) -> Result<Vec<&'a Member>, Refusal> {
    let filter = call
        .query
        .get("filter")
        .map_or(Ok(Filter::everything()), Filter::parse)?;
    let mut unknown = None;
    filter.visit(&mut |test| {
        if !KEYS.contains(&test.key.as_str()) {
            unknown.get_or_insert_with(|| test.key.clone());
        }
    });
    if let Some(key) = unknown {
        return Err(Refusal::bad_request(format!(
            "Cannot filter members by {key}"
        )));
    }
    let search = call.query.get("search").map(str::to_lowercase);
    let contains = |member: &Member, text: &str| {
        member.email.contains(text)
            || member
                .name
                .as_ref()
                .is_some_and(|name| name.to_lowercase().contains(text))
    };
    Ok(state
        .members
        .values()
        .filter(|member| filter.judge(&mut |test| Some(judge(state, member, test))) == Some(true))
        .filter(|member| search.as_deref().is_none_or(|text| contains(member, text)))
        .collect())
}

/// The keys that a filter on members may name here. Ghost has more, and its answer to a wrong one is not recorded.
const KEYS: [&str; 17] = [
    "id",
    "uuid",
    "email",
    "name",
    "note",
    "status",
    "subscribed",
    "created_at",
    "updated_at",
    "last_seen_at",
    "label",
    "labels",
    "newsletters",
    "email_count",
    "email_opened_count",
    "email_open_rate",
    "email_disabled",
];

fn judge(state: &State, member: &Member, test: &Test) -> bool {
    match test.key.as_str() {
        "id" => test.on_text(Some(&member.id.to_string())),
        "uuid" => test.on_text(Some(&member.uuid())),
        "email" => test.on_text(Some(&member.email)),
        "name" => test.on_text(member.name.as_deref()),
        "note" => test.on_text(member.note.as_deref()),
        "status" => test.on_text(Some("free")),
        "subscribed" => test.on_flag(!member.newsletters.is_empty()),
        "created_at" => test.on_time(Some(member.created_at)),
        "updated_at" => test.on_time(Some(member.updated_at)),
        "last_seen_at" => test.on_time(member.last_seen_at),
        "label" | "labels" => test.on_set(
            member
                .labels
                .iter()
                .filter_map(|id| state.label(*id))
                .map(|label| label.slug.as_str()),
        ),
        "newsletters" => test.on_set(
            member
                .newsletters
                .iter()
                .map(|number| state.newsletters[usize::from(*number)].slug.as_str()),
        ),
        "email_count" => test.on_number(Some(i64::from(member.mails))),
        "email_opened_count" => test.on_number(Some(i64::from(member.opened))),
        "email_open_rate" => test.on_number(member.open_rate().map(i64::from)),
        "email_disabled" => test.on_flag(member.suppression.is_some()),
        _ => false,
    }
}

/// Compares by a list such as `updated_at asc,id desc`; what is left equal goes by id, newest first.
fn compare(a: &Member, b: &Member, order: &str) -> Ordering {
    for term in order.split(',') {
        let (field, direction) = term.trim().split_once(' ').unwrap_or((term.trim(), "asc"));
        let ordering = match field {
            "id" => a.id.cmp(&b.id),
            "email" => a.email.cmp(&b.email),
            "name" => a.name.cmp(&b.name),
            "created_at" => a.created_at.cmp(&b.created_at),
            "updated_at" => a.updated_at.cmp(&b.updated_at),
            "last_seen_at" => a.last_seen_at.cmp(&b.last_seen_at),
            "email_count" => a.mails.cmp(&b.mails),
            "email_opened_count" => a.opened.cmp(&b.opened),
            "email_open_rate" => a.open_rate().cmp(&b.open_rate()),
            _ => Ordering::Equal,
        };
        let ordering = if direction.trim().eq_ignore_ascii_case("desc") {
            ordering.reverse()
        } else {
            ordering
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    b.id.cmp(&a.id)
}

/// A member; `full` as when it is read alone.
pub(super) fn member_json(desk: &Desk<'_>, member: &Member, full: bool) -> Value {
    let uuid = member.uuid();
    let key = long_hex(member.id.seed());
    let info = member
        .suppression
        .map(|why| json!({"reason": why.reason, "timestamp": stamp(why.at)}));
    let mut row = json!({
        "id": member.id.to_string(), "uuid": uuid, "email": member.email, "name": member.name, "note": member.note,
        "geolocation": null, "subscribed": !member.newsletters.is_empty(),
        "created_at": stamp(member.created_at), "updated_at": stamp(member.updated_at),
        "labels": labels_json(desk.state, member), "subscriptions": [], "avatar_image": null, "comped": false,
        "email_count": member.mails, "email_opened_count": member.opened, "email_open_rate": member.open_rate(),
        "status": "free", "last_seen_at": stamp_or_null(member.last_seen_at),
        "unsubscribe_url": format!("{}/unsubscribe/?uuid={uuid}&key={key}", desk.base),
        "email_suppression": {"suppressed": member.suppression.is_some(), "info": info},
        "newsletters": newsletters_json(desk.state, member),
    });
    if full {
        row["attribution"] = attribution();
        row["tiers"] = json!([]);
    }
    if desk.config.version == Version::Six {
        row["enable_comment_notifications"] = json!(true);
        row["enable_updates_and_announcements"] = Value::Null;
        row["can_comment"] = json!(true);
        row["commenting"] =
            json!({"disabled": false, "disabled_reason": null, "disabled_until": null});
        row["current_subscription"] = Value::Null;
    }
    row
}

/// A label that a member has twice is shown once, as the recording has it.
fn labels_json(state: &State, member: &Member) -> Vec<Value> {
    let first = |(place, id): &(usize, &Id)| !member.labels[..*place].contains(id);
    let ids = member
        .labels
        .iter()
        .enumerate()
        .filter(first)
        .map(|(_, id)| *id);
    ids.filter_map(|id| state.label(id))
        .map(label_json)
        .collect()
}

fn newsletters_json(state: &State, member: &Member) -> Vec<Value> {
    let own = member
        .newsletters
        .iter()
        .map(|number| &state.newsletters[usize::from(*number)]);
    own.map(|newsletter| {
        json!({"id": newsletter.id.to_string(), "name": newsletter.name, "description": null, "status": "active"})
    })
    .collect()
}

/// Every mail to one member.
fn recipients_json(desk: &Desk<'_>, member: &Member) -> Value {
    let mut rows = Vec::new();
    for ((number, mail), campaign) in (0_u16..)
        .zip(&desk.state.mails)
        .zip(desk.world.campaigns(desk.config.publication))
    {
        let Ok(index) = campaign
            .recipients
            .binary_search_by_key(&member.person, |recipient| recipient.person)
        else {
            continue;
        };
        let progress = mail.progress[index];
        if progress.processed.is_none() {
            continue;
        }
        let recipient = u32::try_from(index).unwrap_or(u32::MAX);
        let mut row = json!({
            "id": desk.state.recipient_id(number, recipient).to_string(), "email_id": mail.email.to_string(),
            "member_id": member.id.to_string(), "batch_id": mail.batch.to_string(),
            "processed_at": stamp_or_null(progress.processed), "delivered_at": stamp_or_null(progress.delivered),
            "opened_at": stamp_or_null(progress.opened), "failed_at": stamp_or_null(progress.failed),
            "member_uuid": member.uuid(), "member_email": member.email, "member_name": member.name,
        });
        if desk.config.version == Version::Five {
            row["email"] = email_json(desk, mail);
        }
        rows.push(row);
    }
    Value::Array(rows)
}
