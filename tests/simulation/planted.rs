//! Bugs that the lives must find out, each planted at a seam of this side: what is sent, what is answered, what the
//! store holds between two pieces of work, how the engine is driven. The engine itself is the shipped one, so no build
//! could have one of these by accident.

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};

/// Where a bug sits.
#[derive(Clone, Copy)]
pub enum Seam {
    /// What is sent instead of a request, if it is one of those.
    Sent(fn(&Request<Bytes>) -> Option<Vec<Request<Bytes>>>),
    /// What an answer becomes, by its path.
    Answered(fn(&str, &Response<Bytes>) -> Option<Bytes>),
    /// What happens to the store after each piece of work.
    Stored(&'static str),
    /// The same between a sync and its scoring.
    Synced(&'static str),
    /// How the engine is driven.
    Driven(Driver),
}

/// Engines that are driven wrongly.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// What is asked for as a plan is carried out.
    PlanApplies,
    /// Nobody is asked whether the first push may pass.
    AsksNobody,
    /// What came is not scored.
    NeverScores,
    /// A failed sync is told as a complete one.
    AlwaysComplete,
}

/// A bug, and how a life that has it is found out.
pub struct Bug {
    /// What is wrong.
    pub name: &'static str,
    /// What the finding says.
    pub found: &'static str,
    /// Where it sits.
    pub seam: Seam,
}

/// An answer that is an empty page of anything.
const EMPTY: &str = r#"{"events":[],"members":[],"newsletters":[],"labels":[],"site":{"title":"x","version":"5.0"},
    "meta":{"pagination":{"total":0}}}"#;

/// What Mailchimp calls `nobody@example.org`.
const NOBODY: &str = "556f4ac7e166daeedb1b8968e228480b";

/// Each is found within a few lives.
pub const BUGS: [Bug; 23] = [
    Bug {
        name: "a start is sent twice",
        found: "were started without an entry",
        seam: Seam::Sent(|request| {
            let start = request.uri().path().ends_with("/actions/trigger");
            start.then(|| vec![request.clone(), request.clone()])
        }),
    },
    Bug {
        name: "a start is forgotten",
        found: "were started without an entry",
        seam: Seam::Stored(
            "delete from outbox where lane = 'start'; update automation_entry set state = 'ready' where state = 'started'",
        ),
    },
    Bug {
        name: "a start that waits counts as done",
        found: "starts:",
        seam: Seam::Stored("update automation_entry set state = 'started' where state in ('waiting', 'ready')"),
    },
    Bug {
        name: "a member is made",
        found: "are more contactable",
        seam: Seam::Sent(|request| {
            batch(request, |operation| {
                if operation["method"] == "PATCH" {
                    let path = operation["path"].as_str().unwrap_or_default();
                    let (list, _) = path.rsplit_once('/').unwrap_or_default();
                    let body = r#"{"email_address":"nobody@example.org","status_if_new":"subscribed"}"#;
                    *operation = json!({"method": "PUT", "path": format!("{list}/{NOBODY}"), "body": body,
                        "operation_id": operation["operation_id"]});
                }
            })
        }),
    },
    Bug {
        name: "tags come off instead of on",
        found: "members of the shop differ",
        seam: Seam::Sent(|request| {
            batch(request, |operation| {
                let body = operation["body"].as_str().unwrap_or_default();
                operation["body"] = body.replace("\"active\"", "\"inactive\"").into();
            })
        }),
    },
    Bug {
        name: "one number for everybody",
        found: "members of the shop differ",
        seam: Seam::Sent(|request| {
            batch(request, |operation| {
                if operation["method"] == "PATCH" {
                    operation["body"] = r#"{"merge_fields":{"ENGSCORE":1}}"#.into();
                }
            })
        }),
    },
    Bug {
        name: "labels go on instead of off",
        found: "members of the site differ",
        seam: Seam::Sent(|request| {
            let text = std::str::from_utf8(request.body()).ok()?;
            let label = text.contains("removeLabel");
            label.then(|| vec![with(request, text.replace("removeLabel", "addLabel"))])
        }),
    },
    Bug {
        name: "a label goes to all that a page has",
        found: "members of the site differ",
        seam: Seam::Sent(|request| {
            if !request.uri().path().ends_with("members/bulk/") {
                return None;
            }
            // The list of members is dropped from the filter, and what follows it stays.
            let uri = request.uri().to_string();
            let (base, filter) = uri.split_once("filter=")?;
            let (_, rest) = filter.split_once("%5D%2B")?;
            let mut all = request.clone();
            *all.uri_mut() = format!("{base}filter={rest}").parse().ok()?;
            Some(vec![all])
        }),
    },
    Bug {
        name: "a row is passed over",
        found: "events of site differ",
        seam: Seam::Answered(|path, answer| {
            rows(path, answer, "members/events/", "events", |rows| {
                rows.retain(|row| !row["data"]["id"].as_str().unwrap_or_default().ends_with('7'));
            })
        }),
    },
    Bug {
        name: "a row is stored under two ids",
        found: "events of site differ",
        seam: Seam::Answered(|path, answer| {
            rows(path, answer, "members/events/", "events", |rows| {
                if let Some(row) = rows.last() {
                    let mut again = row.clone();
                    let id = again["data"]["id"].as_str().unwrap_or_default();
                    again["data"]["id"] = format!("0{}", &id[1.min(id.len())..]).into();
                    rows.push(again);
                }
            })
        }),
    },
    Bug {
        name: "a member is passed over",
        found: "members of the site differ",
        seam: Seam::Answered(|path, answer| {
            rows(path, answer, "admin/members/", "members", |rows| {
                rows.retain(|row| {
                    let id = row["id"].as_str().unwrap_or_default();
                    !id.ends_with(['3', '7', 'b'])
                });
            })
        }),
    },
    Bug {
        name: "times are read in another zone",
        found: "did not come",
        seam: Seam::Answered(|_, answer| {
            let text = std::str::from_utf8(answer.body()).ok()?;
            Some(text.replace("+00:00\"", "+01:00\"").into())
        }),
    },
    Bug {
        name: "a click is taken for an open",
        found: "did not come",
        seam: Seam::Answered(|_, answer| {
            let text = std::str::from_utf8(answer.body()).ok()?;
            Some(text.replace("\"action\":\"click\"", "\"action\":\"open\"").into())
        }),
    },
    Bug {
        name: "a page for people is an empty one",
        found: "said that it was complete",
        seam: Seam::Answered(|_, answer| {
            let html = answer.body().starts_with(b"<!doctype html>");
            html.then(|| Bytes::from_static(EMPTY.as_bytes()))
        }),
    },
    Bug {
        name: "what failed is told as complete",
        found: "said that it was complete",
        seam: Seam::Driven(Driver::AlwaysComplete),
    },
    Bug {
        name: "the last row of a page is left out",
        found: "did not come",
        seam: Seam::Answered(|path, answer| {
            rows(path, answer, "/email-activity", "emails", |rows| drop(rows.pop()))
        }),
    },
    Bug {
        name: "what comes again is stored again",
        found: "verify",
        seam: Seam::Stored(
            "insert into event (contact_id, at, kind, connection_id, known_at, campaign_id, platform_event_id)
             select contact_id, at, kind, connection_id, known_at, campaign_id, platform_event_id || 'x' from event
             where id = (select max(id) from event where platform_event_id is not null)",
        ),
    },
    Bug {
        name: "a score is added to",
        found: "verify",
        seam: Seam::Stored("update score set shown = shown + 1, raw = raw + 1000 where contact_id = (select min(contact_id) from score)"),
    },
    Bug {
        name: "the marks of what is new are lost",
        found: "verify",
        seam: Seam::Synced("delete from dirty"),
    },
    Bug {
        name: "days are called complete that are not",
        found: "called complete",
        seam: Seam::Synced("update coverage set through_at = through_at + 864000000"),
    },
    Bug {
        name: "nothing is scored",
        found: "verify",
        seam: Seam::Driven(Driver::NeverScores),
    },
    Bug {
        name: "a plan is carried out",
        found: "a plan wrote something",
        seam: Seam::Driven(Driver::PlanApplies),
    },
    Bug {
        name: "the first push asks nobody",
        found: "before anybody let it pass",
        seam: Seam::Driven(Driver::AsksNobody),
    },
];

/// The same request with another body.
fn with(request: &Request<Bytes>, body: String) -> Request<Bytes> {
    let mut other = request.clone();
    *other.body_mut() = body.into();
    other
}

/// A batch whose operations have other bodies.
fn batch(request: &Request<Bytes>, edit: impl Fn(&mut Value)) -> Option<Vec<Request<Bytes>>> {
    if request.method() != Method::POST || !request.uri().path().ends_with("/batches") {
        return None;
    }
    let mut batch: Value = serde_json::from_slice(request.body()).ok()?;
    batch["operations"]
        .as_array_mut()?
        .iter_mut()
        .for_each(edit);
    Some(vec![with(request, batch.to_string())])
}

/// An answer with other rows, and a count that goes with them.
fn rows(
    path: &str,
    answer: &Response<Bytes>,
    of: &str,
    name: &str,
    edit: impl Fn(&mut Vec<Value>),
) -> Option<Bytes> {
    if !path.ends_with(of) || !answer.status().is_success() {
        return None;
    }
    let mut page: Value = serde_json::from_slice(answer.body()).ok()?;
    let rows = page[name].as_array_mut()?;
    let before = rows.len();
    edit(rows);
    let gone = before.saturating_sub(rows.len()) as u64;
    let place = ["/meta/pagination/total", "/total_items"];
    let total = place.iter().find(|place| page.pointer(place).is_some())?;
    let total = page.pointer_mut(total)?;
    *total = json!(total.as_u64()?.saturating_sub(gone));
    Some(page.to_string().into())
}
