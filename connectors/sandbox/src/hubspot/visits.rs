//! `/events/v3/events`: page views, for Enterprise (sheet 5): whoever follows a link sees a page.

use serde_json::{Value, json};

use super::Millis;
use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::contact::stamp;
use super::mail::{Kind, Row};
use super::objects::next;
use super::portal::Portal;
use super::settings::uuid;
use crate::people::{Deed, World};

/// The page is there three seconds after the click.
const LOADING: Millis = 3_000;

/// The id of a page view.
pub(super) fn visit_id(row: Row) -> String {
    uuid(&[row.id, 50])
}

impl Portal {
    /// The clicks that people made and that led to a page by now, oldest first.
    pub(super) fn page_views(&self, world: &World) -> Vec<Row> {
        let led = |row: &&Row| {
            row.at + LOADING <= self.now
                && self
                    .act(world, **row)
                    .is_some_and(|act| matches!(act.deed, Deed::Click(_)))
        };
        let whole =
            |row: &&Row| !matches!(row.source, super::mail::Source::Act { replaced: true, .. });
        self.mail
            .rows(Kind::Click)
            .iter()
            .filter(led)
            .filter(whole)
            .copied()
            .collect()
    }

    /// Everything below `/events/v3/events`.
    pub(super) fn visits(&self, world: &World, call: &Call, rest: &[&str]) -> Reply {
        self.need("business-intelligence")?;
        if rest == ["event-types"] {
            return Ok(Answer::read(
                json!({"eventTypes": ["e_visited_page", "e_submitted_form"]}),
            ));
        }
        let by_contact = call.parameter("objectType") == Some("contact");
        let object = call.parameter("objectId").filter(|_| by_contact);
        let kind = call.parameter("eventType");
        if object.is_none() && kind.is_none() {
            return Err(Problem::invalid(
                "objectType and objectId, or eventType, are required",
            ));
        }
        let limit = call.limit(100, 1_000)?;
        let time = |name: &str| {
            let text = call.parameter(name);
            text.map(|text| {
                let parsed = text.parse::<chrono::DateTime<chrono::Utc>>();
                parsed
                    .map(|at| at.timestamp_millis())
                    .map_err(|_| Problem::invalid(format!("{name} is not a time")))
            })
            .transpose()
        };
        let (from, to) = (time("occurredAfter")?, time("occurredBefore")?);
        let mut rows = self.page_views(world);
        rows.retain(|row| {
            let at = row.at + LOADING;
            let contact = || {
                self.contact_of(world, *row)
                    .map(|index| self.contacts[index as usize].id.to_string())
            };
            from.is_none_or(|from| at > from)
                && to.is_none_or(|to| at < to)
                && kind.is_none_or(|kind| kind == "e_visited_page")
                && object.is_none_or(|id| contact().as_deref() == Some(id))
        });
        rows.reverse();
        if let Some(after) = call.parameter("after") {
            let seen = rows.iter().position(|row| visit_id(*row) == after);
            rows.drain(..=seen.ok_or_else(|| Problem::invalid("after is not valid"))?);
        }
        let more = rows.len() > limit;
        rows.truncate(limit);
        let bodies: Vec<Value> = (rows.iter())
            .map(|row| {
                let index = self.contact_of(world, *row);
                let click = self.event(world, *row);
                json!({
                    "id": visit_id(*row), "eventType": "e_visited_page", "objectType": "CONTACT",
                    "objectId": index.map(|index| self.contacts[index as usize].id.to_string()),
                    "occurredAt": stamp(row.at + LOADING), "properties": {"hs_url": click["url"]},
                })
            })
            .collect();
        let mut body = json!({"results": bodies});
        if let Some(last) = rows.last().filter(|_| more || self.options.visits_loop) {
            // A loop names the page that was just given (sheet 5).
            let after = if more {
                visit_id(*last)
            } else {
                call.parameter("after")
                    .map_or_else(|| visit_id(*last), str::to_owned)
            };
            body["paging"] = next(&after, "events/v3/events");
        }
        Ok(Answer::events(
            body,
            rows.iter().map(|row| visit_id(*row)).collect(),
        ))
    }
}
