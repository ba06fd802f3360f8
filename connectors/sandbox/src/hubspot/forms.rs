//! Forms and their submissions, newest first, without a filter on time (sheet 5).

use serde_json::{Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::contact::stamp;
use super::objects::next;
use super::portal::Portal;
use super::settings::uuid;
use crate::people::{Publication, World};

/// The id of the form of a publication.
fn form(seed: u64, publication: Publication) -> String {
    uuid(&[seed, 40, publication as u64])
}

impl Portal {
    fn publications(&self) -> &'static [Publication] {
        if self.options.second_type {
            &Publication::ALL[..]
        } else {
            &Publication::ALL[..1]
        }
    }

    /// `GET /marketing/v3/forms`.
    pub(super) fn forms(&self, call: &Call) -> Reply {
        self.need("forms")?;
        let limit = call.limit(20, 1_000)?;
        let at = stamp(self.founded);
        let all: Vec<Value> = (self.publications().iter())
            .map(|publication| json!({
                "id": form(self.options.seed, *publication), "name": format!("Aanmelden {publication:?}"), "formType": "hubspot",
                "createdAt": at, "updatedAt": at, "archived": false, "fieldGroups": [], "configuration": {"language": "nl"},
            }))
            .collect();
        let from = call
            .number("after")?
            .map_or(0, |after| usize::try_from(after).unwrap_or(0))
            .min(all.len());
        let to = (from + limit).min(all.len());
        let mut body = json!({"results": all[from..to]});
        if to < all.len() {
            body["paging"] = next(&to.to_string(), "marketing/v3/forms");
        }
        Ok(Answer::read(body))
    }

    /// The id of a submission.
    pub(super) fn submission_id(&self, place: usize) -> String {
        uuid(&[self.options.seed, 41, place as u64])
    }

    /// `GET /form-integrations/v1/submissions/forms/{id}`.
    pub(super) fn form_submissions(&self, world: &World, call: &Call, id: &str) -> Reply {
        self.need("forms")?;
        let mut publications = self.publications().iter();
        let publication =
            publications.find(|publication| form(self.options.seed, **publication) == id);
        let publication = publication.ok_or_else(|| Problem::not_found("Form not found"))?;
        let limit = call.limit(20, 50)?;
        let mut rows: Vec<usize> = (0..self.submissions.len())
            .filter(|place| self.submissions[*place].2 == *publication)
            .collect();
        rows.sort_by_key(|place| std::cmp::Reverse((self.submissions[*place].1, *place)));
        if let Some(after) = call.parameter("after") {
            let seen = rows
                .iter()
                .position(|place| self.submission_id(*place) == after);
            rows.drain(..=seen.ok_or_else(|| Problem::invalid("after is not valid"))?);
        }
        let more = rows.len() > limit;
        rows.truncate(limit);
        let results: Vec<Value> = (rows.iter())
            .map(|place| {
                let (contact, at, _) = self.submissions[*place];
                let contact = &self.contacts[contact as usize];
                let name = contact.person.map(|person| world.person(person).first_name());
                json!({
                    "conversionId": self.submission_id(*place), "submittedAt": at, "pageUrl": "https://www.example.nl/aanmelden",
                    "values": [
                        {"name": "email", "value": contact.address_at(at), "objectTypeId": "0-1"},
                        {"name": "firstname", "value": name, "objectTypeId": "0-1"},
                    ],
                })
            })
            .collect();
        let mut body = json!({"results": results});
        if let Some(last) = rows.last().filter(|_| more) {
            body["paging"] = next(&self.submission_id(*last), &call.path.join("/"));
        }
        Ok(Answer::events(
            body,
            rows.iter()
                .map(|place| self.submission_id(*place))
                .collect(),
        ))
    }
}
