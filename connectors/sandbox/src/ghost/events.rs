//! `members/events/`: newest first, one page at a time, found by bisection.
//!
//! The order is fixed (time, then id, both descending) and there is no page number: a reader goes on from the last row by
//! filter. How a filter falls out between two times that it names is the same for all rows there, so whole stretches are
//! counted or skipped without being looked at.

use std::ops::Range;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{Refusal, document, stamp};
use super::catalogue::{email_json, newsletter_json, post_json};
use super::id::{Id, long_hex, uuid};
use super::nql::{Filter, Test, moment};
use super::state::{Kind, Row, State, What};
use super::{Call, Desk, Version};
use crate::people::Seconds;

/// Answers `GET members/events/`.
pub(super) fn list(desk: &mut Desk<'_>, call: &Call) -> Result<Response, Refusal> {
    let filter = match call.query.get("filter") {
        Some(text) => Filter::parse(text)?,
        None => Filter::everything(),
    };
    let (kinds, filter) = split(filter)?;
    let limit = call.query.limit(desk.config.version.cap());
    let mut total = 0;
    let mut page: Vec<(Kind, Row)> = Vec::new();
    for kind in kinds {
        let scope = Scope {
            state: desk.state,
            rows: desk.state.rows(kind),
            filter: &filter,
        };
        total += scope.count();
        page.extend(scope.newest(limit).into_iter().map(|row| (kind, row)));
    }
    page.sort_unstable_by_key(|(kind, row)| std::cmp::Reverse((row.at, row.id, *kind)));
    page.truncate(limit);
    desk.served = page
        .iter()
        .map(|(kind, row)| format!("{}/{}", kind.answered(), row.id))
        .collect();
    let events: Vec<Value> = page
        .iter()
        .map(|(kind, row)| event_json(desk, *kind, row))
        .collect();
    let limit = call.query.get("limit").map_or_else(
        || limit.to_string(),
        |asked| asked.parse().unwrap_or(limit).min(limit).to_string(),
    );
    let pages = if total == 0 {
        0
    } else {
        total.div_ceil(limit.parse().unwrap_or(1))
    };
    let pagination = json!({"limit": limit, "total": total, "pages": pages, "page": null, "next": null, "prev": null});
    Ok(document(
        StatusCode::OK,
        &json!({"events": events, "meta": {"pagination": pagination}}),
    ))
}

/// Takes the types out of a filter: they may be and-ed with the rest, never or-ed, and only few keys are allowed there.
fn split(filter: Filter) -> Result<(Vec<Kind>, Filter), Refusal> {
    let mut tests = Vec::new();
    filter.visit(&mut |test| tests.push(test));
    if tests.iter().all(|test| test.key == "type") {
        let kinds = kinds(|kind| {
            filter
                .judge(&mut |test| Some(test.on_text(Some(kind))))
                .unwrap_or(false)
        });
        return Ok((kinds, Filter::everything()));
    }
    let parts = match filter {
        Filter::All(parts) => parts,
        other => vec![other],
    };
    let names_type = |filter: &Filter| {
        let mut named = 0;
        filter.visit(&mut |test| named += usize::from(test.key == "type"));
        named
    };
    let (types, rest): (Vec<Filter>, Vec<Filter>) = parts.into_iter().partition(|part| {
        let mut others = 0;
        part.visit(&mut |test| others += usize::from(test.key != "type"));
        others == 0
    });
    if rest.iter().any(|part| names_type(part) > 0) {
        return Err(Refusal::incorrect_usage(
            "This filter is not supported because you cannot combine type filters with other filters in an OR.",
        ));
    }
    let rest = Filter::All(rest);
    let mut forbidden = None;
    rest.visit(&mut |test| {
        if !matches!(
            test.key.as_str(),
            "data.created_at" | "data.member_id" | "data.post_id" | "id"
        ) {
            forbidden.get_or_insert_with(|| test.key.clone());
        }
    });
    if let Some(key) = forbidden {
        return Err(Refusal::incorrect_usage(format!("Cannot filter by {key}")));
    }
    let types = Filter::All(types);
    let kinds = kinds(|kind| {
        types
            .judge(&mut |test| Some(test.on_text(Some(kind))))
            .unwrap_or(false)
    });
    Ok((kinds, rest))
}

fn kinds(wanted: impl Fn(&str) -> bool) -> Vec<Kind> {
    Kind::ALL
        .into_iter()
        .filter(|kind| wanted(kind.asked()))
        .collect()
}

/// The rows of one type under a filter.
struct Scope<'a> {
    state: &'a State,
    rows: &'a [Row],
    filter: &'a Filter,
}

impl Scope<'_> {
    /// Stretches of rows from newest to oldest; each has one second that the filter names, or none of them.
    fn stretches(&self) -> Vec<(Range<usize>, Option<bool>)> {
        let mut times: Vec<Seconds> = Vec::new();
        self.filter.visit(&mut |test| {
            if test.key == "data.created_at" {
                times.extend(
                    test.values
                        .iter()
                        .flatten()
                        .filter_map(|value| moment(value)),
                );
            }
        });
        times.sort_unstable();
        times.dedup();
        let mut stretches = Vec::new();
        let mut from = 0;
        for at in times {
            let start = self.rows.partition_point(|row| row.at < at);
            let end = self.rows.partition_point(|row| row.at <= at);
            stretches.push((from..start, self.known(from..start)));
            stretches.push((start..end, self.known(start..end)));
            from = end;
        }
        stretches.push((from..self.rows.len(), self.known(from..self.rows.len())));
        stretches.retain(|(range, _)| !range.is_empty());
        stretches.reverse();
        stretches
    }

    /// How the filter falls out for a whole stretch, when its time alone decides.
    fn known(&self, range: Range<usize>) -> Option<bool> {
        let sample = self.rows.get(range.start)?;
        let by_time =
            |test: &Test| (test.key == "data.created_at").then(|| test.on_time(Some(sample.at)));
        self.filter.judge(&mut |test| by_time(test))
    }

    fn passes(&self, row: &Row) -> bool {
        let judge = |test: &Test| match test.key.as_str() {
            "data.created_at" => test.on_time(Some(row.at)),
            "data.member_id" => test.on_text(Some(&row.member.to_string())),
            "data.post_id" => test.on_text(self.post(row).map(|post| post.to_string()).as_deref()),
            "id" => test.on_text(Some(&row.id.to_string())),
            _ => false,
        };
        self.filter
            .judge(&mut |test| Some(judge(test)))
            .unwrap_or(false)
    }

    fn post(&self, row: &Row) -> Option<Id> {
        match row.what {
            What::Mail { mail, .. } | What::Click { mail, .. } => {
                Some(self.state.mails[usize::from(mail)].post)
            }
            What::Newsletter { .. } | What::Signup => None,
        }
    }

    fn count(&self) -> usize {
        let count = |(range, known): (Range<usize>, Option<bool>)| match known {
            Some(true) => range.len(),
            Some(false) => 0,
            None => self.rows[range]
                .iter()
                .filter(|row| self.passes(row))
                .count(),
        };
        self.stretches().into_iter().map(count).sum()
    }

    fn newest(&self, limit: usize) -> Vec<Row> {
        let mut page = Vec::new();
        for (range, known) in self.stretches() {
            if known == Some(false) {
                continue;
            }
            let rows = self.rows[range]
                .iter()
                .rev()
                .filter(|row| known == Some(true) || self.passes(row));
            page.extend(rows.take(limit - page.len()));
        }
        page
    }
}

fn event_json(desk: &Desk<'_>, kind: Kind, row: &Row) -> Value {
    let created_at = stamp(row.at);
    let member = member_json(desk, row.member);
    let data = match row.what {
        What::Mail { mail, .. } => {
            let email = email_json(desk, &desk.state.mails[usize::from(mail)]);
            let mut data = json!({
                "id": row.id.to_string(), "member_id": row.member.to_string(), "created_at": created_at,
                "member": member, "email": email,
            });
            if kind == Kind::Complained {
                data["email_id"] = data["email"]["id"].clone();
                data["email_address"] = data["member"]["email"].clone();
            }
            data
        }
        What::Click { mail, link } => {
            let sent = &desk.state.mails[usize::from(mail)];
            let target = sent.links.get(usize::from(link)).map_or("", String::as_str);
            let newsletter = desk
                .state
                .newsletters
                .first()
                .map_or("", |newsletter| newsletter.slug.as_str());
            let from = long_hex(sent.email.seed() ^ u64::from(link));
            json!({
                "id": row.id.to_string(), "created_at": created_at, "member": member, "post": post_json(desk, sent),
                "link": {"from": format!("/r/{}", &from[..8]), "to": format!("{target}?ref={newsletter}-newsletter")},
            })
        }
        What::Newsletter {
            newsletter,
            subscribed,
            by_api,
        } => {
            let newsletter = &desk.state.newsletters[usize::from(newsletter)];
            json!({
                "id": row.id.to_string(), "member_id": row.member.to_string(), "subscribed": subscribed,
                "created_at": created_at, "source": if by_api { "api" } else { "member" },
                "newsletter_id": newsletter.id.to_string(), "member": member, "newsletter": newsletter_json(desk, newsletter),
            })
        }
        What::Signup => signup_json(desk, row, &member),
    };
    json!({"type": kind.answered(), "data": data})
}

fn signup_json(desk: &Desk<'_>, row: &Row, member: &Value) -> Value {
    let mut data = json!({
        "id": row.id.to_string(), "created_at": stamp(row.at), "member_id": row.member.to_string(),
        "attribution_id": null, "attribution_type": null, "attribution_url": null,
        "referrer_source": "Direct", "referrer_medium": null, "referrer_url": null,
        "source": "member", "member": member, "attribution": attribution(),
    });
    if desk.config.version == Version::Six {
        for field in [
            "utm_source",
            "utm_medium",
            "utm_campaign",
            "utm_term",
            "utm_content",
        ] {
            data[field] = Value::Null;
        }
        data["created_with_status"] = json!("free");
    }
    data
}

/// Where somebody came from: nothing is known.
pub(super) fn attribution() -> Value {
    json!({
        "id": null, "type": null, "url": null, "title": null,
        "referrer_source": "Direct", "referrer_medium": null, "referrer_url": null,
    })
}

/// The short form of a member; of a deleted one only an empty shell is left.
fn member_json(desk: &Desk<'_>, id: Id) -> Value {
    match desk.state.members.get(&id) {
        Some(member) => json!({
            "id": id.to_string(), "uuid": uuid(id.seed()), "name": member.name, "email": member.email, "avatar_image": null,
        }),
        None => json!({"avatar_image": null}),
    }
}
