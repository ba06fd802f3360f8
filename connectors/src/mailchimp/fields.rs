//! Merge fields for numbers: which there are, and making one. Each audience has
//! its own, so a field counts as there when every followed audience has it.

use ::http::Method;
use serde_json::json;

use super::{
    Mailchimp,
    lists::{self, List},
    wire::FieldRow,
};
use crate::{
    connector::{Outcome, series::later},
    error::ConnectorError,
    http::Failure,
};

/// The most letters of a merge tag (sheet, section 6: from memory; what comes back is compared).
const TAG_MAX: usize = 10;

/// The tags of number fields that every followed audience has.
pub(super) async fn common(mailchimp: &Mailchimp) -> Result<Vec<String>, ConnectorError> {
    let mut common: Option<Vec<String>> = None;
    for list in lists::followed(mailchimp).await? {
        let fields = of(mailchimp, &list).await?;
        let numbers = fields.into_iter().filter(|field| field.r#type == "number");
        let tags: Vec<String> = numbers.map(|field| field.tag).collect();
        common = Some(match common {
            None => tags,
            Some(others) => others
                .into_iter()
                .filter(|tag| tags.contains(tag))
                .collect(),
        });
    }
    Ok(common.unwrap_or_default())
}

/// Makes a number field in every followed audience that lacks it. The error is
/// for a failure before anything was written.
pub(super) async fn create(mailchimp: &Mailchimp, tag: &str) -> Result<Outcome, ConnectorError> {
    if let Err(reason) = allowed(tag) {
        return Ok(Outcome::Rejected(reason.to_owned()));
    }
    let mut lacking = Vec::new();
    for list in lists::followed(mailchimp).await? {
        match of(mailchimp, &list)
            .await?
            .into_iter()
            .find(|field| field.tag == tag)
        {
            None => lacking.push(list),
            Some(field) if field.r#type == "number" => {}
            Some(field) => {
                return Ok(Outcome::Rejected(format!(
                    "the audience {:?} has {tag} already, as a field for {}, not for numbers",
                    list.name, field.r#type
                )));
            }
        }
    }
    for list in lacking {
        let outcome = make(mailchimp, &list, tag).await;
        if outcome != Outcome::Applied {
            return Ok(outcome);
        }
    }
    Ok(Outcome::Applied)
}

/// Whether Mailchimp keeps a merge tag as it is.
pub(super) fn allowed(tag: &str) -> Result<(), &'static str> {
    let letter = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if tag.is_empty() || tag.len() > TAG_MAX || !tag.chars().all(letter) {
        return Err("a merge tag has up to 10 capital letters, digits and underscores");
    }
    Ok(())
}

/// Makes the field in one audience. Mailchimp refuses a second field of one tag,
/// so the request may be repeated; a refusal is looked into.
async fn make(mailchimp: &Mailchimp, list: &List, tag: &str) -> Outcome {
    let path = format!("lists/{}/merge-fields", list.id);
    let body =
        json!({"tag": tag, "name": tag, "type": "number", "public": false, "required": false});
    let call = mailchimp.client.call(Method::POST, &path).json(&body);
    let refused = match call.idempotent().send().await {
        Ok(answer) if answer.status().is_success() => {
            return match answer.json::<FieldRow>() {
                Ok(made) if made.tag == tag => Outcome::Applied,
                Ok(made) => Outcome::Rejected(format!("Mailchimp named the field {}", made.tag)),
                Err(error) => Outcome::Ambiguous(error.to_string()),
            };
        }
        Ok(answer) => answer.words(),
        Err(Failure::NotDone(error)) => return later(&error),
        Err(Failure::Unknown(error)) => return Outcome::Ambiguous(error.to_string()),
    };
    let made = |field: &FieldRow| field.tag == tag && field.r#type == "number";
    match of(mailchimp, list).await {
        Ok(fields) if fields.iter().any(made) => Outcome::Applied,
        Ok(_) => Outcome::Rejected(refused),
        Err(error) => Outcome::Ambiguous(error.to_string()),
    }
}

async fn of(mailchimp: &Mailchimp, list: &List) -> Result<Vec<FieldRow>, ConnectorError> {
    let path = format!("lists/{}/merge-fields", list.id);
    let fields = "merge_fields.tag,merge_fields.type,total_items";
    lists::all(mailchimp, &path, &[("fields", fields.to_owned())]).await
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn a_merge_tag_that_mailchimp_would_change_is_refused() {
        assert!(allowed("ENGSCORE").is_ok());
        for tag in ["", "engscore", "ENG SCORE", "ENGAGEMENT1", "É"] {
            assert!(allowed(tag).is_err(), "{tag}");
        }
    }
}
