//! One member of an audience, and how it becomes a contact. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::{
    mailchimp::{
        lists::List,
        wire::{Row, reject, text, time},
    },
    model::{Address, Contact, Reject, Status},
};

/// A row of `GET /lists/{id}/members`. A part that has another type than
/// documented counts as absent, since a member that is there must not look gone.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::mailchimp) struct MemberRow {
    #[serde(deserialize_with = "lenient")]
    id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    contact_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    unique_email_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    email_address: Option<String>,
    #[serde(deserialize_with = "lenient")]
    status: Option<String>,
    #[serde(deserialize_with = "lenient")]
    timestamp_opt: Option<String>,
    #[serde(deserialize_with = "lenient")]
    timestamp_signup: Option<String>,
    #[serde(deserialize_with = "lenient")]
    last_changed: Option<String>,
    merge_fields: Value,
    tags_count: Value,
    tags: Value,
}

impl Row for MemberRow {
    const KEY: &'static str = "id";

    fn key(&self) -> Option<String> {
        self.id.clone()
    }
}

impl MemberRow {
    /// When it changed last; `None` for never and for what cannot be read.
    pub(super) fn changed_at(&self) -> Option<DateTime<Utc>> {
        time(self.last_changed.as_deref()).ok().flatten()
    }

    /// The digest of the address, which tells members of one page apart.
    pub(in crate::mailchimp) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(super) fn is_archived(&self) -> bool {
        self.word() == "archived"
    }

    /// The platform's own word for the status; empty where there is none.
    pub(in crate::mailchimp) fn word(&self) -> &str {
        self.status.as_deref().unwrap_or_default()
    }

    /// The address as the platform spells it.
    pub(in crate::mailchimp) fn address(&self) -> &str {
        self.email_address.as_deref().unwrap_or_default()
    }

    /// The contact, and what of it could not be read. The error is for a member
    /// that cannot be told from others.
    pub(in crate::mailchimp) fn read(
        &self,
        list: &List,
    ) -> Result<(Contact, Option<Reject>), &'static str> {
        let filled = |id: &&String| !id.is_empty();
        let ids = [&self.contact_id, &self.unique_email_id, &self.id];
        let id = ids.into_iter().flatten().find(filled);
        let id = format!("{}:{}", list.id, id.ok_or("a member has no id")?);
        let mut odd = None;
        let email = self.email_address.as_deref().and_then(Address::parse);
        if email.is_none() {
            odd = Some("the address cannot be read");
        }
        let status = self.status.as_deref().and_then(status);
        if status.is_none() {
            odd = Some("the status cannot be read");
        }
        let since = |at: &Option<String>| time(at.as_deref()).ok().flatten();
        let contact = Contact {
            id: id.clone(),
            email,
            status,
            subscribed_at: since(&self.timestamp_opt).or_else(|| since(&self.timestamp_signup)),
            lists: vec![list.name.clone()],
            fields: self.fields(),
            tags: self.tags(),
        };
        Ok((contact, odd.map(|reason| reject(Some(id), reason))))
    }

    /// Plain merge fields; an address is an object and is left out.
    fn fields(&self) -> BTreeMap<String, String> {
        let Value::Object(map) = &self.merge_fields else {
            return BTreeMap::new();
        };
        let field = |(name, value): (&String, &Value)| match value {
            Value::Null => Some((name.clone(), String::new())),
            value => Some((name.clone(), text(value)?)),
        };
        map.iter().filter_map(field).collect()
    }

    /// The tags, when all of them are here: no more than 50 are listed.
    pub(in crate::mailchimp) fn tags(&self) -> Option<Vec<String>> {
        let name = |tag: &Value| tag["name"].as_str().map(str::to_owned);
        let tags: Vec<String> = self
            .tags
            .as_array()?
            .iter()
            .map(name)
            .collect::<Option<_>>()?;
        let count = self.tags_count.as_u64().unwrap_or(50);
        let listed = tags.len() as u64;
        (count <= listed || (self.tags_count.is_null() && listed < 50)).then_some(tags)
    }
}

/// A member's status in our words; the module of the platform says why.
fn status(text: &str) -> Option<Status> {
    Some(match text {
        "subscribed" => Status::Subscribed,
        "unsubscribed" | "pending" | "transactional" => Status::Unsubscribed,
        "cleaned" => Status::Bounced,
        "archived" => Status::Suppressed,
        _ => return None,
    })
}

fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Value::deserialize(deserializer).map(|value| text(&value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list() -> List {
        List {
            id: "4d0c7e21aa".into(),
            name: "Newsletter".into(),
        }
    }

    fn members() -> Vec<MemberRow> {
        let text = include_str!("../../../fixtures/mailchimp/members-odd.json");
        let page: Value = serde_json::from_str(text).unwrap();
        serde_json::from_value(page["members"].clone()).unwrap()
    }

    #[test]
    fn a_member_becomes_a_contact_of_one_audience() {
        let (contact, reject) = members()[0].read(&list()).unwrap();
        assert_eq!(reject, None);
        assert_eq!(contact.id, "4d0c7e21aa:9f1c0a9d0d6f4f0f8e1d2c3b4a596877");
        assert_eq!(contact.email, Address::parse("marit.devries@example.org"));
        assert_eq!(contact.status, Some(Status::Subscribed));
        assert_eq!(contact.subscribed_at, "2025-03-09T08:11:12Z".parse().ok());
        assert_eq!(contact.lists, ["Newsletter"]);
        let fields = [
            ("AMOUNT", ""),
            ("ENGSCORE", "42"),
            ("FNAME", "Marit"),
            ("VIP", "true"),
        ];
        let fields = fields.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(contact.fields, BTreeMap::from(fields));
        assert_eq!(contact.tags, Some(vec!["nurture".to_owned()]));
    }

    #[test]
    fn a_member_that_was_never_confirmed_has_joined_when_it_signed_up() {
        let (contact, _) = members()[1].read(&list()).unwrap();
        assert_eq!(contact.status, Some(Status::Unsubscribed));
        assert_eq!(contact.subscribed_at, "2026-01-02T03:04:05Z".parse().ok());
        assert_eq!(contact.id, "4d0c7e21aa:a1b2c3d4e6");
        assert!(
            contact.fields.is_empty(),
            "an empty list stands for no fields"
        );
    }

    #[test]
    fn tags_that_are_not_all_listed_are_not_all_the_tags() {
        let (contact, _) = members()[2].read(&list()).unwrap();
        assert_eq!((contact.tags, contact.subscribed_at), (None, None));
    }

    #[test]
    fn an_odd_member_is_there_all_the_same_and_told() {
        let (contact, reject) = members()[3].read(&list()).unwrap();
        assert_eq!((contact.email, contact.status), (None, None));
        assert_eq!(reject.unwrap().id.as_deref(), Some("4d0c7e21aa:77"));
    }

    #[test]
    fn every_status_of_the_specification_has_a_word_of_ours() {
        let read = |text| serde_json::from_value::<MemberRow>(json!({"id": "1", "status": text}));
        let known = [
            ("subscribed", Status::Subscribed),
            ("unsubscribed", Status::Unsubscribed),
            ("cleaned", Status::Bounced),
            ("pending", Status::Unsubscribed),
            ("transactional", Status::Unsubscribed),
            ("archived", Status::Suppressed),
        ];
        for (text, status) in known {
            assert_eq!(
                read(text).unwrap().read(&list()).unwrap().0.status,
                Some(status)
            );
        }
        assert_eq!(read("new").unwrap().read(&list()).unwrap().0.status, None);
    }

    #[test]
    fn a_member_without_an_id_is_refused() {
        assert!(MemberRow::default().read(&list()).is_err());
    }
}
