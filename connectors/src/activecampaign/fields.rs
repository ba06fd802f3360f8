//! Custom fields: which there are, and making one. A score goes into a field of type text, since there is none for
//! numbers (sheet 6). A field is named by its personalisation tag.

use ::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    ActiveCampaign,
    remove::after,
    walk::{self, List},
    wire::{id, text},
};
use crate::{connector::Outcome, error::ConnectorError, http::Failure};

/// The longest personalisation tag that is made. The platform's own limit is not documented.
pub(super) const NAME_MAX: usize = 50;

/// One custom field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) id: String,
    pub(super) perstag: String,
    /// Whether any text may stand in it.
    pub(super) free: bool,
}

/// All custom fields.
pub(super) async fn all(ac: &ActiveCampaign) -> Result<Vec<Field>, ConnectorError> {
    let list = List {
        path: "fields",
        name: "fields",
        query: &[],
    };
    let rows = walk::all(ac, &list).await?;
    Ok(rows.iter().filter_map(field).collect())
}

fn field(row: &Value) -> Option<Field> {
    let kind = text(row, "type").unwrap_or_default();
    Some(Field {
        id: id(row, "id")?,
        perstag: text(row, "perstag")?,
        free: matches!(kind.as_str(), "" | "text" | "textarea" | "hidden"),
    })
}

/// Whether a field of this name can be made.
pub fn check(name: &str) -> Result<(), &'static str> {
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    let fits = (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(plain);
    fits.then_some(())
        .ok_or("a field's name has 1 to 50 capital letters, digits and underscores")
}

/// Makes a field for all lists, if there is none of that name.
pub(super) async fn create(
    ac: &ActiveCampaign,
    name: &str,
    known: &[Field],
) -> Result<Outcome, Failure> {
    if let Some(field) = known.iter().find(|field| field.perstag == name) {
        return Ok(if field.free {
            relate(ac, &field.id).await?
        } else {
            Outcome::Rejected(format!("there is a field {name} of another type than text"))
        });
    }
    let body = json!({"field": {"type": "text", "title": name, "perstag": name, "visible": 1}});
    let call = ac.client.call(Method::POST, "fields").json(&body);
    // A second field of one title is refused (422 `duplicate`, sheet 6), so that it may be sent again.
    let answer = call.idempotent().send().await?;
    if answer.status() == StatusCode::UNPROCESSABLE_ENTITY {
        let known = all(ac).await.map_err(Failure::NotDone)?;
        return match known
            .iter()
            .find(|field| field.perstag == name && field.free)
        {
            Some(field) => relate(ac, &field.id).await,
            None => Ok(Outcome::Rejected(answer.words())),
        };
    }
    if !answer.status().is_success() {
        return Ok(Outcome::Rejected(answer.words()));
    }
    // The specification shows both: the field alone, and a list of fields.
    let made = answer.json::<Value>().unwrap_or_default();
    let own = id(&made["field"], "id")
        .filter(|_| text(&made["field"], "perstag").as_deref() == Some(name));
    let own = match own {
        Some(own) => Some(own),
        None => {
            let known = all(ac).await.map_err(Failure::Unknown)?.into_iter();
            known
                .filter(|field| field.perstag == name)
                .map(|field| field.id)
                .next()
        }
    };
    match own {
        // The field is there, so that this is no longer a failure before anything was written.
        Some(own) => relate(ac, &own)
            .await
            .map_err(|failure| after(failure, true)),
        None => Ok(Outcome::Ambiguous(
            "the field that was made is not in the list".into(),
        )),
    }
}

/// Makes the field available to all lists. Asked for twice it is so once; what is refused was so before.
async fn relate(ac: &ActiveCampaign, field: &str) -> Result<Outcome, Failure> {
    let number: u64 = field.parse().unwrap_or_default();
    let body = json!({"fieldRel": {"field": number, "relid": 0}});
    let call = ac.client.call(Method::POST, "fieldRels").json(&body);
    call.idempotent().send().await?;
    Ok(Outcome::Applied)
}
