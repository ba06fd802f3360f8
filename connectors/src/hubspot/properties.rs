//! Contact properties for numbers: which there are, and making one (sheet, section 6).

use ::http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{HubSpot, wire::segment};
use crate::{
    connector::{Outcome, series::later},
    error::ConnectorError,
    http::Failure,
};

/// The path.
pub(super) const PATH: &str = "crm/v3/properties/contacts";
/// The most letters of a name (from memory of HubSpot's help, unconfirmed).
pub(super) const NAME_MAX: usize = 100;
/// The group that a new property stands in.
const GROUP: &str = "contactinformation";

/// What of a property matters here.
#[derive(Deserialize)]
struct Property {
    name: String,
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    calculated: bool,
    #[serde(default, rename = "modificationMetadata")]
    modification: Value,
}

impl Property {
    /// Whether we can keep a number in it.
    fn keeps_numbers(&self) -> bool {
        let fixed = self.calculated || self.modification["readOnlyValue"] == true;
        self.r#type == "number" && !fixed
    }
}

#[derive(Deserialize)]
struct PropertyPage {
    results: Vec<Property>,
}

/// Whether HubSpot takes a name as it is.
pub fn allowed(name: &str) -> Result<(), &'static str> {
    let fits = name.len() <= NAME_MAX
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    fits.then_some(()).ok_or(
        "a property's name has up to 100 small letters, digits and underscores, and begins with a letter",
    )
}

/// The names of all properties that we can keep a number in.
pub(super) async fn numbers(hub: &HubSpot) -> Result<Vec<String>, ConnectorError> {
    let call = hub.client.get(PATH).query("archived", false);
    let answer = call
        .send()
        .await
        .map_err(|failure| super::scopes::named(failure.into(), "crm.schemas.contacts.read"))?;
    let page: PropertyPage = answer.json()?;
    let numbers = page.results.into_iter().filter(Property::keeps_numbers);
    Ok(numbers.map(|property| property.name).collect())
}

/// Makes a property for numbers if there is none of that name. The error is for a failure before
/// anything was written.
pub(super) async fn create(hub: &HubSpot, name: &str) -> Result<Outcome, ConnectorError> {
    if let Err(reason) = allowed(name) {
        return Ok(Outcome::Rejected(reason.to_owned()));
    }
    if let Some(outcome) = there(hub, name).await? {
        return Ok(outcome);
    }
    let body = json!({
        "name": name, "label": label(name), "groupName": GROUP, "type": "number", "fieldType": "number",
        "description": "Set by engaged",
    });
    let call = hub.client.call(Method::POST, PATH).json(&body);
    match call.send().await {
        Ok(answer) if answer.status().is_success() => Ok(Outcome::Applied),
        // Somebody was quicker, or one of that name lies among the archived.
        Ok(answer) => {
            let words = answer.words();
            Ok(there(hub, name).await?.unwrap_or(Outcome::Rejected(words)))
        }
        Err(Failure::NotDone(error)) => Err(error),
        Err(Failure::Unknown(error)) => Ok(Outcome::Ambiguous(error.to_string())),
    }
}

/// What a property of that name means for making one; `None` when there is none.
async fn there(hub: &HubSpot, name: &str) -> Result<Option<Outcome>, ConnectorError> {
    let answer = hub
        .client
        .get(&format!("{PATH}/{}", segment(name)))
        .send()
        .await?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    let property: Property = answer.json()?;
    Ok(Some(if property.keeps_numbers() {
        Outcome::Applied
    } else {
        let why =
            format!("there is a property {name} already, and no number of ours can be kept in it");
        Outcome::Rejected(why)
    }))
}

/// What people read: `engagement_score` is shown as `Engagement score`.
fn label(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Makes each of these; the outcome of each. The error is for a failure before anything was written.
pub(super) async fn create_all<'a>(
    hub: &HubSpot,
    names: impl Iterator<Item = &'a str>,
) -> Result<Vec<Outcome>, ConnectorError> {
    let (mut outcomes, mut touched) = (Vec::new(), false);
    for name in names {
        let outcome = match create(hub, name).await {
            Err(error) if !touched => return Err(error),
            Err(error) => later(&error),
            Ok(outcome) => outcome,
        };
        touched |= !matches!(outcome, Outcome::Rejected(_));
        outcomes.push(outcome);
    }
    Ok(outcomes)
}
