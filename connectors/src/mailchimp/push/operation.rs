//! One operation of a batch: all fields, or all tags, of one member. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{
    connector::{
        Change, Outcome, Write,
        ours::{FOREIGN_TAG, Ours},
    },
    http::redact,
    mailchimp::{fields, whom},
};

/// The most characters of an explanation that an outcome quotes.
const WORDS: usize = 200;

/// The most bytes of a value (from memory of Mailchimp's help, unconfirmed: what is longer would be cut).
const TEXT_MAX: usize = 255;

/// A field's value: a number without quotes unless the field is for texts, and an empty text for none.
fn value(ours: &Ours, field: &str, text: Option<&str>) -> Value {
    let text = text.unwrap_or_default();
    match serde_json::from_str(text) {
        Ok(number @ Value::Number(_)) if !ours.fields.iter().any(|own| own == field) => number,
        _ => Value::String(text.to_owned()),
    }
}

/// What one operation sets. Of several values for one thing the last one counts.
#[derive(Debug, PartialEq)]
enum Set<'a> {
    Fields(BTreeMap<&'a str, Value>),
    Tags(BTreeMap<&'a str, bool>),
}

/// One member's share of a batch.
#[derive(Debug)]
pub(super) struct Operation<'a> {
    list: &'a str,
    member: String,
    set: Set<'a>,
    /// The changes that it carries out, by their index.
    pub(super) rows: Vec<usize>,
}

/// Changes, sorted.
#[derive(Debug)]
pub(super) struct Sorted<'a> {
    /// What is known already: the changes that cannot be made.
    pub(super) outcomes: Vec<Outcome>,
    /// Fields to make, with the changes that ask for each.
    pub(super) fields: BTreeMap<&'a str, Vec<usize>>,
    /// What to send.
    pub(super) operations: Vec<Operation<'a>>,
}

/// Sorts changes into as few operations as there can be.
pub(super) fn sort<'a>(changes: &'a [Change], ours: &Ours) -> Sorted<'a> {
    let mut sorted = Sorted {
        outcomes: Vec::new(),
        fields: BTreeMap::new(),
        operations: Vec::new(),
    };
    let mut places: BTreeMap<(&str, String, bool), usize> = BTreeMap::new();
    for (row, change) in changes.iter().enumerate() {
        // Stands until the batch says what became of it.
        sorted
            .outcomes
            .push(Outcome::Retry("not tried".to_owned(), None));
        if let Write::CreateField { field } = &change.write {
            sorted.fields.entry(field).or_default().push(row);
            continue;
        }
        let (list, member) = match whom(change, ours) {
            Ok(whom) => whom,
            Err(reason) => {
                sorted.outcomes[row] = Outcome::Rejected(reason.to_owned());
                continue;
            }
        };
        let tags = !matches!(change.write, Write::SetField { .. });
        let place = *places
            .entry((list, member.clone(), tags))
            .or_insert_with(|| {
                let set = if tags {
                    Set::Tags(BTreeMap::new())
                } else {
                    Set::Fields(BTreeMap::new())
                };
                sorted.operations.push(Operation {
                    list,
                    member,
                    set,
                    rows: Vec::new(),
                });
                sorted.operations.len() - 1
            });
        let operation = &mut sorted.operations[place];
        operation.add(&change.write, ours);
        operation.rows.push(row);
    }
    sorted
}

/// The audience and the member's id in it, or why the change cannot be made.
fn whom<'a>(change: &'a Change, ours: &Ours) -> Result<(&'a str, String), &'static str> {
    let tag = match &change.write {
        Write::AddTag { tag } | Write::RemoveTag { tag } => Some(tag),
        Write::SetField { .. } | Write::CreateField { .. } => None,
    };
    if tag.is_some_and(|tag| !ours.has_tag(tag)) {
        return Err(FOREIGN_TAG);
    }
    if tag.is_some_and(|tag| tag.trim() != tag || tag.is_empty() || tag.contains(char::is_control))
    {
        return Err("Mailchimp cannot keep a tag of this form");
    }
    if let Write::SetField { field, value } = &change.write {
        fields::allowed(field)?;
        let text = value.as_deref().unwrap_or_default();
        if text.len() > TEXT_MAX || text.contains(char::is_control) {
            return Err("a merge field keeps up to 255 bytes, on one line");
        }
    }
    let (list, own) = whom::parts(&change.contact)?;
    // Tags are documented for the digest alone; a patch takes the contact id too.
    match &change.email {
        Some(email) => Ok((list, whom::hash(email))),
        None if tag.is_none() && own.len() == 32 => Ok((list, own.to_owned())),
        None => Err("without the address Mailchimp does not find the contact"),
    }
}

impl<'a> Operation<'a> {
    fn add(&mut self, write: &'a Write, ours: &Ours) {
        match (&mut self.set, write) {
            (Set::Fields(fields), Write::SetField { field, value }) => {
                fields.insert(field, self::value(ours, field, value.as_deref()));
            }
            (Set::Tags(tags), Write::AddTag { tag }) => {
                tags.insert(tag, true);
            }
            (Set::Tags(tags), Write::RemoveTag { tag }) => {
                tags.insert(tag, false);
            }
            // The caller sorts by kind.
            _ => {}
        }
    }

    /// The operation as a batch takes it. Its body is a text.
    pub(super) fn json(&self, number: usize) -> Value {
        let path = format!("/lists/{}/members/{}", self.list, self.member);
        let id = number.to_string();
        match &self.set {
            Set::Fields(fields) => {
                let own = fields
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.clone()));
                let fields: Map<String, Value> = own.collect();
                let body = json!({"merge_fields": fields}).to_string();
                // Without the parameter a field that is required and empty would refuse ours.
                let params = json!({"skip_merge_validation": "true"});
                json!({"method": "PATCH", "path": path, "params": params, "body": body, "operation_id": id})
            }
            Set::Tags(tags) => {
                let own = |(name, on): (&&str, &bool)| json!({"name": name, "status": if *on { "active" } else { "inactive" }});
                let tags: Vec<Value> = tags.iter().map(own).collect();
                let body = json!({"tags": tags, "is_syncing": false}).to_string();
                let path = format!("{path}/tags");
                json!({"method": "POST", "path": path, "body": body, "operation_id": id})
            }
        }
    }

    /// A field that the answer, which shows the whole member, does not have.
    pub(super) fn ignored(&self, response: &str) -> Option<&'a str> {
        let Set::Fields(fields) = &self.set else {
            return None;
        };
        let member: Value = serde_json::from_str(response).ok()?;
        let kept = member.get("merge_fields")?.as_object()?;
        fields
            .keys()
            .copied()
            .find(|name| !kept.contains_key(*name))
    }
}

/// A refusal in the platform's words.
pub(super) fn words(status: u16, response: &str) -> String {
    let body: Value = serde_json::from_str(response).unwrap_or_default();
    let part = |name: &str| body[name].as_str().map(str::to_owned);
    let parts: Vec<String> = ["title", "detail"].into_iter().filter_map(part).collect();
    redact(&format!("HTTP {status} {}", parts.join(": ")), WORDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Address;

    fn ours() -> Ours {
        Ours {
            prefix: "engaged:".into(),
            tags: vec!["win them back".into()],
            fields: vec!["STAGE".into()],
        }
    }

    fn change(contact: &str, write: Write) -> Change {
        Change {
            contact: contact.into(),
            email: Address::parse("Marit.deVries@example.org"),
            write,
        }
    }

    fn set(field: &str, value: Option<&str>) -> Write {
        Write::SetField {
            field: field.into(),
            value: value.map(Into::into),
        }
    }

    fn add(tag: &str) -> Write {
        Write::AddTag { tag: tag.into() }
    }

    #[test]
    fn the_fields_of_one_member_make_one_patch_without_a_status() {
        let changes = [
            change("aa:1f", set("ENGSCORE", Some("42"))),
            change("aa:1f", set("FIT", None)),
            change("aa:1f", set("BAND", Some("hot"))),
        ];
        let sorted = sort(&changes, &ours());
        assert_eq!(sorted.operations.len(), 1);
        let json = sorted.operations[0].json(7);
        assert_eq!(json["method"], "PATCH");
        let hash = whom::hash(changes[0].email.as_ref().unwrap());
        assert_eq!(json["path"], format!("/lists/aa/members/{hash}"));
        assert_eq!(
            json["body"],
            r#"{"merge_fields":{"BAND":"hot","ENGSCORE":42,"FIT":""}}"#
        );
        assert_eq!(json["params"]["skip_merge_validation"], "true");
        assert_eq!(json["operation_id"], "7");
    }

    #[test]
    fn of_two_changes_to_one_tag_the_last_one_counts() {
        let changes = [
            change("aa:1f", add("engaged:hot")),
            change(
                "aa:1f",
                Write::RemoveTag {
                    tag: "engaged:hot".into(),
                },
            ),
        ];
        let sorted = sort(&changes, &ours());
        let body = r#"{"is_syncing":false,"tags":[{"name":"engaged:hot","status":"inactive"}]}"#;
        assert_eq!(sorted.operations[0].json(0)["body"], body);
        assert_eq!(sorted.operations[0].rows, [0, 1]);
    }

    #[test]
    fn what_is_not_ours_or_leads_elsewhere_is_refused() {
        let mut nobody = change("aa:1f", add("engaged:hot"));
        nobody.email = None;
        let changes = [
            change("aa:1f", add("vip")),
            change("aa", set("FIT", None)),
            change("aa/x:1f", set("FIT", None)),
            change("aa:../batches", set("FIT", None)),
            change("", set("FIT", None)),
            nobody,
        ];
        let sorted = sort(&changes, &ours());
        assert!(sorted.operations.is_empty());
        assert!(
            sorted
                .outcomes
                .iter()
                .all(|o| matches!(o, Outcome::Rejected(_)))
        );
    }

    #[test]
    fn tags_and_fields_of_starts_are_ours_by_their_whole_names() {
        let changes = [
            change("aa:1f", add("win them back")),
            change("aa:1f", set("STAGE", Some("3"))),
            change("aa:1f", set("FIT", Some("3"))),
            change("aa:1f", add("win them back now")),
        ];
        let sorted = sort(&changes, &ours());
        assert_eq!(sorted.operations.len(), 2);
        // Nothing may keep the automation that waits for the tag from running.
        let body = r#"{"is_syncing":false,"tags":[{"name":"win them back","status":"active"}]}"#;
        assert_eq!(sorted.operations[0].json(0)["body"], body);
        let body = r#"{"merge_fields":{"FIT":3,"STAGE":"3"}}"#;
        assert_eq!(sorted.operations[1].json(1)["body"], body);
        assert!(matches!(sorted.outcomes[3], Outcome::Rejected(_)));
    }

    #[test]
    fn a_field_that_the_member_does_not_show_was_ignored() {
        let changes = [change("aa:1f", set("FIT", Some("1")))];
        let sorted = sort(&changes, &ours());
        let operation = &sorted.operations[0];
        assert_eq!(
            operation.ignored(r#"{"merge_fields":{"FNAME":"x"}}"#),
            Some("FIT")
        );
        assert_eq!(operation.ignored(r#"{"merge_fields":{"FIT":1}}"#), None);
        assert_eq!(operation.ignored(""), None);
    }
}
