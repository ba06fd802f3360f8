//! Lists and what hangs on them except members: merge fields, segments, tags, complaints.

use axum::http::Method;
use serde_json::{Value, json};

use super::account::Account;
use super::answer::{Answer, Problem, Reply};
use super::audience::{Audience, MergeField, Tag};
use super::call::{Call, stamp, stamp_or_empty};
use super::event::{Event, Kind};
use super::member::Status;
use super::{bulk, members};
use crate::people::{Seconds, World};

/// The types of merge fields.
const TYPES: [&str; 11] = [
    "text", "number", "address", "phone", "date", "url", "imageurl", "radio", "dropdown",
    "birthday", "zip",
];

/// How many merge fields the account's plan allows for each list.
const MOST_FIELDS: usize = 30;

/// Everything below `/lists`.
pub(super) fn route(account: &mut Account, world: &World, call: &Call, rest: &[&str]) -> Reply {
    let [id, rest @ ..] = rest else {
        return match call.method {
            Method::GET => all(account, world, call),
            _ => Err(Problem::method()),
        };
    };
    let list = account.list(id)?;
    match (&call.method, rest) {
        (&Method::GET, []) => Ok(Answer::read(body(
            &account.audiences[list],
            world,
            account.now,
        ))),
        (&Method::POST, []) => bulk::members(account, world, call, list),
        (_, ["members", rest @ ..]) => members::route(account, world, call, list, rest),
        (&Method::GET, ["merge-fields"]) => fields(&account.audiences[list], call),
        (&Method::POST, ["merge-fields"]) => new_field(&mut account.audiences[list], call),
        (&Method::GET, ["merge-fields", id]) => {
            let audience = &account.audiences[list];
            let field = audience
                .fields
                .iter()
                .find(|field| field.id.to_string() == *id);
            field.map_or(Err(Problem::not_found()), |field| {
                Ok(Answer::read(field_body(audience, field)))
            })
        }
        (&Method::GET, ["tag-search"]) => Ok(tag_search(&account.audiences[list], call)),
        (&Method::GET, ["segments"]) => segments(&mut account.audiences[list], call),
        (&Method::POST, ["segments"]) => bulk::new_segment(account, world, call, list),
        (&Method::POST, ["segments", id]) => bulk::segment(account, world, call, list, id),
        (&Method::GET, ["segments", id, "members"]) => {
            members::of_segment(account, world, call, list, id)
        }
        (&Method::GET, ["abuse-reports"]) => complaints(&account.audiences[list], world, call),
        (&Method::GET, ["interest-categories"]) => Ok(Answer::read(
            json!({"list_id": *id, "categories": [], "total_items": 0}),
        )),
        (_, [] | ["merge-fields" | "segments" | "abuse-reports" | "tag-search"]) => {
            Err(Problem::method())
        }
        _ => Err(Problem::not_found()),
    }
}

fn all(account: &mut Account, world: &World, call: &Call) -> Reply {
    let paging = call.paging()?;
    let wanted: Vec<&Audience> = account
        .audiences
        .iter()
        .filter(|list| {
            call.parameter("email")
                .is_none_or(|email| list.find(email).is_some())
        })
        .collect();
    let rows: Vec<Value> = paging
        .of(&wanted)
        .iter()
        .map(|list| body(list, world, account.now))
        .collect();
    Ok(Answer::read(json!({
        "lists": rows,
        "total_items": wanted.len(),
        "constraints": {"may_create": false, "max_instances": account.audiences.len(), "current_total_instances": account.audiences.len()},
    })))
}

fn body(list: &Audience, world: &World, now: Seconds) -> Value {
    let sent = list.sent(world, now);
    let last_sent = sent.last().map(|campaign| campaign.sent_at);
    let count = |wanted: Status, after: Seconds| {
        list.members
            .iter()
            .filter(|member| {
                !member.forgotten && member.status == wanted && member.status_changed >= after
            })
            .count()
    };
    let last = |wanted: Status| {
        let of = list.members.iter().filter(|member| member.status == wanted);
        stamp_or_empty(of.map(|member| member.status_changed).max())
    };
    let since = last_sent.unwrap_or(0);
    let contacts = list
        .members
        .iter()
        .filter(|member| !member.forgotten)
        .count();
    json!({
        "id": list.id, "web_id": 412_000, "name": list.name,
        "contact": {"company": "Voorbeeld", "address1": "Dorpsstraat 1", "address2": "", "city": "Utrecht",
            "state": "", "zip": "3511 AA", "country": "NL", "phone": ""},
        "permission_reminder": "You signed up on our site.", "use_archive_bar": true,
        "campaign_defaults": {"from_name": "Voorbeeld", "from_email": "post@example.nl", "subject": "", "language": "nl"},
        "notify_on_subscribe": "", "notify_on_unsubscribe": "",
        "date_created": stamp(world.start().saturating_sub(1_000 * crate::people::DAY)),
        "list_rating": 4, "email_type_option": false,
        "subscribe_url_short": "https://eepurl.example.com/a", "subscribe_url_long": "https://list.example.com/subscribe",
        "beamer_address": "beamer@inbound.example.com", "visibility": "prv", "double_optin": false,
        "has_welcome": false, "marketing_permissions": false, "modules": [],
        "stats": {
            "member_count": count(Status::Subscribed, 0), "total_contacts": contacts,
            "unsubscribe_count": count(Status::Unsubscribed, 0), "cleaned_count": count(Status::Cleaned, 0),
            "member_count_since_send": count(Status::Subscribed, since),
            "unsubscribe_count_since_send": count(Status::Unsubscribed, since),
            "cleaned_count_since_send": count(Status::Cleaned, since),
            "campaign_count": sent.len(), "campaign_last_sent": stamp_or_empty(last_sent),
            "merge_field_count": list.fields.len(), "avg_sub_rate": 0, "avg_unsub_rate": 0, "target_sub_rate": 0,
            "open_rate": 0, "click_rate": 0,
            "last_sub_date": last(Status::Subscribed), "last_unsub_date": last(Status::Unsubscribed),
        },
    })
}

fn fields(list: &Audience, call: &Call) -> Reply {
    let wanted: Vec<&MergeField> = list
        .fields
        .iter()
        .filter(|field| call.parameter("type").is_none_or(|kind| field.kind == kind))
        .filter(|field| {
            call.parameter("required")
                .is_none_or(|required| field.required == (required == "true"))
        })
        .collect();
    let rows: Vec<Value> = call
        .paging()?
        .of(&wanted)
        .iter()
        .map(|field| field_body(list, field))
        .collect();
    Ok(Answer::read(json!({
        "merge_fields": rows, "list_id": list.id, "total_items": wanted.len(),
    })))
}

fn field_body(list: &Audience, field: &MergeField) -> Value {
    let options = match field.kind.as_str() {
        "text" => json!({"size": 25}),
        "address" => json!({"default_country": 164}),
        _ => json!({}),
    };
    json!({
        "merge_id": field.id, "tag": field.tag, "name": field.name, "type": field.kind, "required": field.required,
        "default_value": "", "public": field.public, "display_order": field.id + 1, "options": options,
        "help_text": "", "list_id": list.id,
    })
}

/// A new merge field. The tag is turned into upper case, so the answer's tag is the one that counts.
fn new_field(list: &mut Audience, call: &Call) -> Reply {
    let wish = call.object()?;
    let text = |name: &str| wish.get(name).and_then(Value::as_str).unwrap_or_default();
    let (name, kind) = (text("name"), text("type"));
    if name.is_empty() {
        return Err(Problem::invalid("name", "This value should not be blank."));
    }
    if !TYPES.contains(&kind) {
        return Err(Problem::invalid("type", "This value is not a valid type."));
    }
    let id = 1 + list.fields.iter().map(|field| field.id).max().unwrap_or(0);
    let tag = match text("tag") {
        "" => format!("MERGE{id}"),
        tag => tag.to_uppercase(),
    };
    let proper = |tag: &str| {
        tag.bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    if tag.len() > 10 || !proper(&tag) {
        return Err(Problem::invalid(
            "tag",
            "A merge tag has at most 10 letters, digits and underscores.",
        ));
    }
    if list.fields.iter().any(|field| field.tag == tag) {
        return Err(Problem::invalid(
            "tag",
            format!("A Merge Field with the tag \"{tag}\" already exists for this list."),
        ));
    }
    if list.fields.len() >= MOST_FIELDS {
        return Err(Problem::invalid(
            "",
            "You have reached the maximum number of merge fields.",
        ));
    }
    let flag = |name: &str| wish.get(name).and_then(Value::as_bool).unwrap_or(false);
    let field = MergeField {
        id,
        tag,
        name: name.to_owned(),
        kind: kind.to_owned(),
        required: flag("required"),
        public: flag("public"),
    };
    let body = field_body(list, &field);
    list.fields.push(field);
    Ok(Answer::written(body))
}

fn tag_search(list: &Audience, call: &Call) -> Answer {
    let prefix = call.parameter("name").unwrap_or_default().to_lowercase();
    let found: Vec<Value> = list
        .tags
        .iter()
        .filter(|tag| tag.name.to_lowercase().starts_with(&prefix))
        .map(|tag| json!({"id": tag.id, "name": tag.name}))
        .collect();
    Answer::read(json!({"total_items": found.len(), "tags": found}))
}

/// Every tag is a static segment.
fn segments(list: &mut Audience, call: &Call) -> Reply {
    let paging = call.paging()?;
    let shown = call.parameter("type").is_none_or(|kind| kind == "static");
    let total = if shown { list.tags.len() } else { 0 };
    let rows: Vec<Value> = (0_u16..)
        .zip(paging.of(&list.tags[..total]))
        .map(|(place, tag)| {
            let number = place.saturating_add(u16::try_from(paging.offset).unwrap_or(u16::MAX));
            segment_body(list, number, tag)
        })
        .collect();
    Ok(Answer::read(
        json!({"segments": rows, "list_id": list.id, "total_items": total}),
    ))
}

/// One tag as a segment.
pub(super) fn segment_body(list: &Audience, number: u16, tag: &Tag) -> Value {
    let wearers = list
        .members
        .iter()
        .filter(|member| !member.forgotten && member.status != Status::Archived)
        .filter(|member| member.tags.iter().any(|(tag, _)| *tag == number))
        .count();
    json!({
        "id": tag.id, "name": tag.name, "member_count": wearers, "type": "static",
        "created_at": stamp(tag.created), "updated_at": stamp(tag.created),
        "options": {"match": "any", "conditions": []}, "list_id": list.id,
    })
}

fn complaints(list: &Audience, world: &World, call: &Call) -> Reply {
    let known: Vec<_> = list
        .complaints
        .iter()
        .filter(|complaint| !list.members[complaint.member as usize].forgotten)
        .collect();
    let mut served = Vec::new();
    let rows: Vec<Value> = call
        .paging()?
        .of(&known)
        .iter()
        .map(|complaint| {
            let member = &list.members[complaint.member as usize];
            let campaign = list.reports.id(complaint.campaign);
            served
                .push(Event::new(Kind::Complaint, campaign, &member.hash, complaint.at, "").key());
            json!({
                "id": complaint.id, "campaign_id": campaign, "list_id": list.id,
                "email_id": hex::encode(member.hash), "email_address": member.address(world),
                "merge_fields": {}, "vip": false, "date": stamp(complaint.at),
            })
        })
        .collect();
    Ok(Answer::events(
        json!({"abuse_reports": rows, "list_id": list.id, "total_items": known.len()}),
        served,
    ))
}
