//! The members of a list, read.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::account::Account;
use super::answer::{Answer, Problem, Reply};
use super::audience::Audience;
use super::call::{Call, stamp, stamp_or_empty};
use super::member::{Member, Status};
use super::shop::Shop;
use super::{feed, tags, write};
use crate::people::{Person, Seconds, World};
use crate::rng;

/// The list answer shows no more tags of a member; `tags_count` tells how many there are.
const TAGS_SHOWN: usize = 50;

/// Everything below `/lists/{id}/members`.
pub(super) fn route(
    account: &mut Account,
    world: &World,
    call: &Call,
    list: usize,
    rest: &[&str],
) -> Reply {
    let [key, rest @ ..] = rest else {
        return match call.method {
            Method::GET => page(account, world, call, list),
            Method::POST => write::create(account, world, call, list),
            _ => Err(Problem::method()),
        };
    };
    if let (&Method::PUT, []) = (&call.method, rest) {
        return write::upsert(account, world, call, list, key);
    }
    let index = account.audiences[list]
        .find(key)
        .ok_or_else(Problem::not_found)?;
    match (&call.method, rest) {
        (&Method::GET, []) => Ok(Answer::read(account.member(world, list, index))),
        (&Method::PATCH, []) => write::edit(account, world, call, list, index),
        (&Method::DELETE, []) => write::archive(account, list, index),
        (&Method::POST, ["actions", "delete-permanent"]) => Ok(write::forget(account, list, index)),
        (&Method::GET, ["tags"]) => tags::read(account, call, list, index),
        (&Method::POST, ["tags"]) => tags::write(account, call, list, index),
        (&Method::POST, ["events"]) => write::event(account, call, list, index),
        (&Method::GET, ["activity-feed"]) => feed::read(account, world, call, list, index),
        (_, [] | ["tags" | "events" | "activity-feed"] | ["actions", "delete-permanent"]) => {
            Err(Problem::method())
        }
        _ => Err(Problem::not_found()),
    }
}

/// Which members, in which order.
#[derive(Debug)]
struct Filter {
    status: Option<Status>,
    changed: (Option<Seconds>, Option<Seconds>),
    opted_in: (Option<Seconds>, Option<Seconds>),
    unsubscribed_since: Option<Seconds>,
    unique_id: Option<String>,
    vip_only: bool,
    sort: Option<String>,
    descending: bool,
    inclusive: bool,
}

impl Filter {
    fn parse(call: &Call, inclusive: bool) -> Result<Self, Problem> {
        let status = match call.parameter("status") {
            None => None,
            Some(word) => Some(
                Status::parse(word)
                    .ok_or_else(|| Problem::invalid("status", "This value is not a status."))?,
            ),
        };
        if call.parameter("unsubscribed_since").is_some() && status != Some(Status::Unsubscribed) {
            return Err(Problem::invalid(
                "unsubscribed_since",
                "This filter needs the status unsubscribed.",
            ));
        }
        let sort = call.parameter("sort_field");
        if sort.is_some_and(|sort| {
            !["timestamp_opt", "timestamp_signup", "last_changed"].contains(&sort)
        }) {
            return Err(Problem::invalid("sort_field", "This value is not a field."));
        }
        Ok(Self {
            status,
            changed: (
                call.time("since_last_changed"),
                call.time("before_last_changed"),
            ),
            opted_in: (
                call.time("since_timestamp_opt"),
                call.time("before_timestamp_opt"),
            ),
            unsubscribed_since: call.time("unsubscribed_since"),
            unique_id: call.parameter("unique_email_id").map(str::to_owned),
            vip_only: call.flag("vip_only"),
            sort: sort.map(str::to_owned),
            descending: call.parameter("sort_dir") == Some("DESC"),
            inclusive,
        })
    }

    fn within(&self, at: Seconds, (since, before): (Option<Seconds>, Option<Seconds>)) -> bool {
        since.is_none_or(|since| at > since || self.inclusive && at == since)
            && before.is_none_or(|before| at < before || self.inclusive && at == before)
    }

    fn wants(&self, member: &Member) -> bool {
        // Archived members are only shown to those who ask for them.
        let status = self.status.map_or_else(
            || member.status != Status::Archived,
            |status| member.status == status,
        );
        status
            && !member.forgotten
            && !self.vip_only
            && self.within(member.last_changed, self.changed)
            && self.within(member.opted_in, self.opted_in)
            && self.within(member.status_changed, (self.unsubscribed_since, None))
            && self
                .unique_id
                .as_ref()
                .is_none_or(|id| *id == unique_id(member))
    }

    fn rows(&self, list: &Audience) -> Vec<u32> {
        let mut rows: Vec<u32> = list
            .members
            .iter()
            .filter(|member| self.wants(member))
            .map(|member| member.index)
            .collect();
        let key = |index: &u32| {
            let member = &list.members[*index as usize];
            match self.sort.as_deref() {
                Some("last_changed") => member.last_changed,
                Some(_) => member.opted_in,
                None => 0,
            }
        };
        if self.descending {
            rows.sort_by_key(|index| std::cmp::Reverse(key(index)));
        } else {
            rows.sort_by_key(key);
        }
        rows
    }
}

fn page(account: &mut Account, world: &World, call: &Call, list: usize) -> Reply {
    let paging = call.paging()?;
    let filter = Filter::parse(call, account.options.inclusive_bounds)?;
    let (rows, total) = account.audiences[list].page(&format!("{filter:?}"), paging, |audience| {
        filter.rows(audience)
    });
    Ok(rows_body(account, world, list, &rows, total))
}

/// The members who wear a tag.
pub(super) fn of_segment(
    account: &mut Account,
    world: &World,
    call: &Call,
    list: usize,
    segment: &str,
) -> Reply {
    let paging = call.paging()?;
    let number = tags::numbered(&account.audiences[list], segment)?;
    let key = format!("segment {number}");
    let (rows, total) = account.audiences[list].page(&key, paging, |audience| {
        let of = audience.members.iter().filter(|member| {
            !member.forgotten
                && member.status == Status::Subscribed
                && member.tags.iter().any(|(tag, _)| *tag == number)
        });
        of.map(|member| member.index).collect()
    });
    let mut answer = rows_body(account, world, list, &rows, total);
    if let Some(Value::Object(body)) = &mut answer.body {
        body.remove("list_id");
        let members = body.get_mut("members").and_then(Value::as_array_mut);
        for member in members.into_iter().flatten() {
            shorten(member);
            for name in ["contact_id", "tags", "tags_count"] {
                member
                    .as_object_mut()
                    .and_then(|member| member.remove(name));
            }
        }
    }
    Ok(answer)
}

fn rows_body(
    account: &mut Account,
    world: &World,
    list: usize,
    rows: &[u32],
    total: usize,
) -> Answer {
    account.audiences[list].refresh_tallies(world);
    let members: Vec<Value> = rows
        .iter()
        .map(|index| account.member(world, list, *index))
        .collect();
    let id = &account.audiences[list].id;
    let mut body = json!({"list_id": id, "total_items": total});
    body["members"] = Value::Array(members);
    Answer::read(body)
}

/// Leaves out of a member what bulk answers and segments do not show.
pub(super) fn shorten(body: &mut Value) {
    let Some(object) = body.as_object_mut() else {
        return;
    };
    for name in [
        "full_name",
        "web_id",
        "source",
        "unsubscribe_reason",
        "consents_to_one_to_one_messaging",
        "sms_phone_number",
        "sms_subscription_status",
        "sms_subscription_last_updated",
    ] {
        object.remove(name);
    }
    for (part, name) in [("location", "region"), ("stats", "ecommerce_data")] {
        if let Some(part) = object.get_mut(part).and_then(Value::as_object_mut) {
            part.remove(name);
        }
    }
}

/// The ten characters that webhooks and links name a member by; it does not change with the address.
fn unique_id(member: &Member) -> String {
    let number = member.person.map_or_else(
        || {
            member
                .contact
                .iter()
                .fold(1, |sum, byte| sum << 4 ^ u64::from(*byte))
        },
        u64::from,
    );
    let bits = rng::mix(&[5, number]);
    format!("{:010x}", bits >> 24)
}

/// One member as the API shows them. The tallies must be up to date.
pub(super) fn body(list: &Audience, shop: &Shop, world: &World, member: &Member) -> Value {
    let merge_fields: Map<String, Value> = (0_u16..)
        .zip(&list.fields)
        .map(|(number, field)| (field.tag.clone(), list.field(world, member, number)))
        .collect();
    let person = member.person.map(|person| world.person(person));
    let tally = member
        .person
        .map(|person| list.reports.tally(person))
        .unwrap_or_default();
    let rate = |part: u32| f64::from(part) / f64::from(tally.received.max(1));
    let spent = shop.spent(member.person);
    let tags: Vec<Value> = member
        .tags
        .iter()
        .take(TAGS_SHOWN)
        .map(|(tag, _)| {
            let tag = &list.tags[usize::from(*tag)];
            json!({"id": tag.id, "name": tag.name})
        })
        .collect();
    let country = person.map_or("", Person::country);
    let name = person.map(Person::name).unwrap_or_default();
    // Whoever came by the form has a time of signing up; imported ones have none.
    let by_form = member.opted_in > world.start();
    let mut body = json!({
        "id": hex::encode(member.hash), "email_address": member.address(world),
        "unique_email_id": unique_id(member), "contact_id": hex::encode(member.contact),
        "full_name": name, "web_id": 500_000_000 + member.index, "email_type": "html",
        "status": member.status.word(), "consents_to_one_to_one_messaging": true,
        "sms_phone_number": "", "sms_subscription_status": "nonsubscribed", "sms_subscription_last_updated": "",
        "merge_fields": merge_fields, "interests": {},
        "stats": {"avg_open_rate": rate(tally.opened), "avg_click_rate": rate(tally.clicked)},
        "ip_signup": "", "timestamp_signup": stamp_or_empty(by_form.then_some(member.opted_in)),
        "ip_opt": "203.0.113.9", "timestamp_opt": stamp(member.opted_in),
        "member_rating": 2, "last_changed": stamp(member.last_changed), "language": "nl", "vip": false,
        "email_client": "",
        "location": {"latitude": 0, "longitude": 0, "gmtoff": 0, "dstoff": 0, "country_code": country, "timezone": "", "region": ""},
        "source": if by_form { "Hosted Signup Form" } else { "Import" },
        "tags_count": member.tags.len(), "tags": tags, "list_id": list.id,
    });
    if member.status == Status::Unsubscribed {
        let reason = match (member.left_themselves, member.index % 3) {
            (false, _) => "N/A (Unsubscribed by admin)",
            (true, 0) => "I no longer want to receive these emails",
            (true, _) => "",
        };
        body["unsubscribe_reason"] = json!(reason);
    }
    if spent.orders > 0 {
        body["stats"]["ecommerce_data"] = json!({
            "total_revenue": f64::from(spent.cents) / 100.0, "number_of_orders": spent.orders, "currency_code": "EUR",
        });
    }
    body
}
