//! A contact as HubSpot keeps it, in our words. Pure.

use std::collections::BTreeMap;

use crate::{
    hubspot::{
        subscriptions::Type,
        wire::{Record, reject},
    },
    model::{Address, Contact, Reject, Status},
};

/// What is read of every contact (sheet, section 3).
pub(in crate::hubspot) const READ: [&str; 15] = [
    "company",
    "country",
    "createdate",
    "email",
    "firstname",
    "hs_email_bad_address",
    "hs_email_hard_bounce_reason_enum",
    "hs_email_optout",
    "hs_email_quarantined",
    "hs_lead_status",
    "hs_marketable_status",
    "jobtitle",
    "lastmodifieddate",
    "lastname",
    "lifecyclestage",
];

/// What becomes something else than a field, or moves with every write of ours.
const NO_FIELDS: [&str; 8] = [
    "createdate",
    "email",
    "hs_email_bad_address",
    "hs_email_hard_bounce_reason_enum",
    "hs_email_optout",
    "hs_email_quarantined",
    "hs_object_id",
    "lastmodifieddate",
];

/// The property that says whether somebody left a type of subscription.
pub(in crate::hubspot) fn left(subscription: &Type) -> String {
    format!("{OPT_OUT}{}", subscription.id)
}

const OPT_OUT: &str = "hs_email_optout_";

/// A record as a contact. What cannot be read is left out and told in the reject: a contact that is there
/// must not look as if it were gone.
pub(in crate::hubspot) fn read(record: &Record, followed: &[Type]) -> (Contact, Option<Reject>) {
    let address = record.get("email");
    let email = address.and_then(Address::parse);
    let odd = (address.is_some() && email.is_none()).then_some("the address cannot be read");
    let fields = record.properties.iter();
    let fields = fields
        .filter(|(name, _)| !NO_FIELDS.contains(&name.as_str()) && !name.starts_with(OPT_OUT));
    let fields: BTreeMap<String, String> = fields
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let stays = |one: &&Type| !record.says_yes("hs_email_optout") && !record.says_yes(&left(one));
    let lists: Vec<String> = followed
        .iter()
        .filter(stays)
        .map(|one| one.name.clone())
        .collect();
    let contact = Contact {
        id: record.id.clone(),
        // Whoever has no address gets no mail: nothing can be said about it.
        status: email.as_ref().map(|_| status(record, followed, &lists)),
        email,
        subscribed_at: record.time("createdate"),
        lists,
        fields,
        // Static lists are tags, and no answer lists those of a contact.
        tags: None,
    };
    let at = record.time("lastmodifieddate");
    let reject = odd.map(|reason| reject(Some(record.id.clone()), at, reason));
    (contact, reject)
}

/// The strictest of what holds.
fn status(record: &Record, followed: &[Type], lists: &[String]) -> Status {
    let left = record.says_yes("hs_email_optout") || (!followed.is_empty() && lists.is_empty());
    let bounced = record.get("hs_email_hard_bounce_reason_enum").is_some()
        || record.says_yes("hs_email_bad_address");
    let facts = [
        (left, Status::Unsubscribed),
        (bounced, Status::Bounced),
        (record.says_yes("hs_email_quarantined"), Status::Suppressed),
    ];
    let holding = facts.into_iter().filter(|(holds, _)| *holds);
    let strictest = holding.map(|(_, status)| status).max();
    strictest.unwrap_or(Status::Subscribed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(properties: &serde_json::Value) -> (Contact, Option<Reject>) {
        let record = json!({"id": "51", "properties": properties});
        let followed = [("7", "News"), ("8", "Offers")].map(|(id, name)| Type {
            id: id.into(),
            name: name.into(),
        });
        read(&serde_json::from_value(record).unwrap(), &followed)
    }

    #[test]
    fn an_address_or_an_opt_out_of_another_type_is_no_record() {
        let read = |properties: serde_json::Value| {
            let record = json!({"id": "51", "properties": properties});
            serde_json::from_value::<Record>(record).is_ok()
        };
        let own = json!({"email": "ann@example.org", "custom": {"value": "x"}});
        assert!(read(own), "what is of no concern is left out");
        for name in ["email", "hs_email_optout", "hs_email_bad_address"] {
            assert!(
                !read(json!({"firstname": "Ann", name: {"value": "true"}})),
                "{name}"
            );
        }
        assert!(!read(json!({"value": {"email": "ann@example.org"}})));
        assert!(!read(json!(null)));
    }

    #[test]
    fn everything_is_a_text_or_null_and_numbers_come_in_two_forms() {
        let (contact, reject) = one(&json!({
            "email": "Ann@Example.org", "engagement_score": "71.0", "fit": "12.5", "firstname": null,
            "hs_email_optout": "", "lifecyclestage": "lead", "lastmodifieddate": "2026-08-01T10:11:12.345Z",
        }));
        assert_eq!(reject, None);
        assert_eq!(contact.email, Address::parse("ann@example.org"));
        assert_eq!(contact.fields["engagement_score"], "71");
        assert_eq!(contact.fields["fit"], "12.5");
        assert_eq!(contact.fields["firstname"], "");
        assert_eq!(contact.fields["lifecyclestage"], "lead");
        // It moves with every push of ours.
        assert!(!contact.fields.contains_key("lastmodifieddate"));
        assert_eq!(contact.status, Some(Status::Subscribed));
        assert_eq!((contact.lists.len(), contact.tags), (2, None));
    }

    #[test]
    fn the_strictest_of_what_holds_is_the_status() {
        let status = |more: &[(&str, &str)]| {
            let mut properties = json!({"email": "ann@example.org"});
            for (name, value) in more {
                properties[*name] = json!(value);
            }
            one(&properties).0.status.unwrap()
        };
        assert_eq!(status(&[("hs_email_optout", "true")]), Status::Unsubscribed);
        assert_eq!(status(&[("hs_email_optout_7", "true")]), Status::Subscribed);
        let both = [("hs_email_optout_7", "true"), ("hs_email_optout_8", "true")];
        assert_eq!(status(&both), Status::Unsubscribed);
        let bounced = ("hs_email_hard_bounce_reason_enum", "UNKNOWN_USER");
        assert_eq!(status(&[bounced]), Status::Bounced);
        let all = [
            bounced,
            ("hs_email_optout", "true"),
            ("hs_email_quarantined", "true"),
        ];
        assert_eq!(status(&all[..2]), Status::Unsubscribed);
        assert_eq!(status(&all), Status::Suppressed);
    }

    #[test]
    fn whoever_has_no_address_is_there_and_one_that_is_none_is_told() {
        let (contact, reject) = one(&json!({"email": null}));
        assert_eq!((contact.status, reject), (None, None));
        let (contact, reject) = one(&json!({"email": "ann at example.org"}));
        assert_eq!(contact.email, None);
        assert!(!reject.unwrap().reason.contains("example"));
    }
}
