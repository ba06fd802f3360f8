//! One member, read by itself, as it is now.

use ::http::StatusCode;

use super::{Mailchimp, contacts::member::MemberRow, lists, wire::TagRow};
use crate::error::ConnectorError;

/// What is asked of a member.
const FIELDS: &str = "id,contact_id,unique_email_id,email_address,status,merge_fields,\
    timestamp_opt,timestamp_signup,last_changed,tags_count,tags";

/// The member at this path; `None` when the audience has it no longer. One who is archived is there.
pub(super) async fn read(
    mailchimp: &Mailchimp,
    path: &str,
) -> Result<Option<MemberRow>, ConnectorError> {
    let call = mailchimp.client.get(path).query("fields", FIELDS);
    let answer = call.send().await?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    answer.json().map(Some)
}

/// All tags of a member, of whom an answer lists no more than 50.
pub(super) async fn tags(
    mailchimp: &Mailchimp,
    path: &str,
    member: &MemberRow,
) -> Result<Vec<String>, ConnectorError> {
    if let Some(tags) = member.tags() {
        return Ok(tags);
    }
    let fields = ("fields", "tags.name,total_items".to_owned());
    let rows: Vec<TagRow> = lists::all(mailchimp, &format!("{path}/tags"), &[fields]).await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}
