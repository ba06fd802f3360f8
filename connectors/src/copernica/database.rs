//! What the database is like: its columns, which of them holds the address, and
//! what it does with somebody who leaves.
//!
//! Consent is no attribute of a profile. It is whatever column the account uses,
//! and the database's unsubscribe behaviour says which (sheet 3). The behaviour may
//! as well be to do nothing, or to **remove** the profile (sheet 6).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Copernica,
    wire::{Profile, pairs, rows, text},
};
use crate::{
    error::ConnectorError,
    model::{Address, Contact, Status},
};

/// A column of the database (sheet 6).
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: String,
}

impl Column {
    pub(super) fn is_number(&self) -> bool {
        matches!(self.kind.as_str(), "integer" | "float")
    }

    /// Whether the name is this one; case does not count (sheet 8).
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.to_lowercase() == name.to_lowercase()
    }
}

/// What becomes of somebody who leaves (sheet 3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Behaviour {
    Nothing,
    /// The profile is removed for good.
    Remove,
    /// These columns get these values.
    Update(BTreeMap<String, String>),
}

/// What a profile of the database means. Part of a cursor, so that all pages of a pass are read alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shape {
    /// The column of the type `email`; there is at most one (sheet 3).
    pub(super) email: String,
    pub(super) behaviour: Behaviour,
    /// Whether a column of the account's own hides the time of change, so that it cannot be asked for (sheet 3).
    pub(super) blind: bool,
}

/// `GET database/{id}/fields`.
pub(super) async fn columns(copernica: &Copernica) -> Result<Vec<Column>, ConnectorError> {
    let path = copernica.path("fields");
    let answer = copernica
        .client
        .get(&path)
        .query("limit", 1000)
        .send()
        .await?;
    let wrong = || ConnectorError::Contract {
        what: format!("GET {path}"),
        detail: "the answer is no list of fields".into(),
    };
    let rows = rows(answer.json::<Value>()?).ok_or_else(wrong)?;
    let column = |row: &super::wire::Row| {
        let kind = row.text("type").unwrap_or_default();
        Some(Column {
            name: row.text("name")?,
            kind,
        })
    };
    Ok(rows.iter().filter_map(column).collect())
}

/// `GET database/{id}/unsubscribe`.
pub(super) async fn behaviour(copernica: &Copernica) -> Result<Behaviour, ConnectorError> {
    let path = copernica.path("unsubscribe");
    let answer: Value = copernica.client.get(&path).send().await?.json()?;
    let word = answer["behavior"].as_str().or(answer["behaviour"].as_str());
    match word {
        Some("nothing") => Ok(Behaviour::Nothing),
        Some("remove") => Ok(Behaviour::Remove),
        Some("update") => {
            let value = |(name, value): (String, Value)| Some((name, text(&value)?));
            let shown = &answer["fields"];
            let all = pairs(shown);
            // To set no column at all is to do nothing.
            if all.is_empty() && (shown.is_object() || shown.as_array().is_some_and(Vec::is_empty))
            {
                return Ok(Behaviour::Nothing);
            }
            let fields: BTreeMap<_, _> = all.into_iter().filter_map(value).collect();
            // Without the columns or their values everybody would look like somebody who stayed.
            if fields.is_empty() {
                return Err(ConnectorError::Contract {
                    what: format!("GET {path}"),
                    detail: "the fields that show who left are missing, or have no value".into(),
                });
            }
            Ok(Behaviour::Update(fields))
        }
        _ => Err(ConnectorError::Contract {
            what: format!("GET {path}"),
            detail: "the behaviour is none of nothing, remove and update".into(),
        }),
    }
}

/// What the database means to us.
pub(super) async fn shape(copernica: &Copernica) -> Result<Shape, ConnectorError> {
    read(copernica).await.map(|(_, shape)| shape)
}

/// Its columns, and what they mean to us.
pub(super) async fn read(copernica: &Copernica) -> Result<(Vec<Column>, Shape), ConnectorError> {
    let columns = columns(copernica).await?;
    let config = |detail: &str| ConnectorError::Config {
        what: "database".into(),
        detail: detail.to_owned(),
    };
    if columns.iter().any(|column| column.is("id")) {
        let detail = "has a field named id, which hides the profiles' own id in filters; rename it";
        return Err(config(detail));
    }
    let email = columns.iter().find(|column| column.kind == "email");
    let email = email.ok_or_else(|| config("has no field of the type email"))?;
    let shape = Shape {
        email: email.name.clone(),
        behaviour: behaviour(copernica).await?,
        blind: columns.iter().any(|column| column.is("modified")),
    };
    Ok((columns, shape))
}

impl Shape {
    /// Whether a profile may be mailed, as far as the database says; `None` too where the profile does not show the
    /// columns that say it.
    pub(super) fn status(&self, profile: &Profile) -> Option<Status> {
        match &self.behaviour {
            Behaviour::Nothing => None,
            // Whoever leaves is not there any more.
            Behaviour::Remove => Some(Status::Subscribed),
            Behaviour::Update(fields) => {
                let equals = fields.iter().map(|(name, value)| {
                    let own = profile.field(name)?;
                    Some(own.trim().eq_ignore_ascii_case(value.trim()))
                });
                let equals: Vec<Option<bool>> = equals.collect();
                // One column that says otherwise is enough, whatever the others hide.
                if equals.contains(&Some(false)) {
                    return Some(Status::Subscribed);
                }
                let hidden = equals.contains(&None);
                (!hidden).then_some(Status::Unsubscribed)
            }
        }
    }

    /// Whether a profile does not show what the database goes by.
    pub(super) fn misses(&self, profile: &Profile) -> bool {
        matches!(self.behaviour, Behaviour::Update(_)) && self.status(profile).is_none()
    }

    /// The contact that a profile is.
    pub(super) fn contact(&self, profile: &Profile, list: &str) -> Contact {
        Contact {
            id: profile.id.to_string(),
            email: profile.field(&self.email).and_then(Address::parse),
            status: self.status(profile),
            subscribed_at: None,
            lists: vec![list.to_owned()],
            fields: profile.fields.clone(),
            tags: Some(profile.interests.clone()),
        }
    }

    /// Why nothing of ours may write to this column, if so: it is who somebody is, or whether they may be mailed.
    pub(super) fn forbids(&self, field: &str) -> Option<&'static str> {
        let same = |name: &str| name.to_lowercase() == field.to_lowercase();
        if same(&self.email) {
            return Some("the field holds the address");
        }
        match &self.behaviour {
            Behaviour::Update(fields) if fields.keys().any(|name| same(name)) => {
                Some("the field says who may be mailed")
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::copernica::wire::Row;

    fn shape(behaviour: Behaviour) -> Shape {
        Shape {
            email: "Email".into(),
            behaviour,
            blind: false,
        }
    }

    fn profile(news: &str) -> Profile {
        let row = json!({"ID": "1", "fields": {"Email": "Jan@Example.nl", "Nieuwsbrief": news}});
        Profile::read(&Row::from(row)).unwrap()
    }

    #[test]
    fn consent_is_the_column_that_the_unsubscribe_behaviour_writes() {
        let update = shape(Behaviour::Update(
            [("nieuwsbrief".to_owned(), "nee".to_owned())].into(),
        ));
        assert_eq!(update.status(&profile("ja")), Some(Status::Subscribed));
        assert_eq!(update.status(&profile("Nee")), Some(Status::Unsubscribed));
        let bare = |fields: Value| {
            Profile::read(&Row::from(json!({"ID": "1", "fields": fields}))).unwrap()
        };
        assert!(update.misses(&bare(json!({"Email": "jan@example.nl"}))));
        assert!(update.misses(&bare(json!({"Nieuwsbrief": {"value": "nee"}}))));
        let two = [("Nieuwsbrief", "nee"), ("Afgemeld", "ja")];
        let two = two.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let two = shape(Behaviour::Update(two.into()));
        let status = |fields| two.status(&bare(fields));
        let stays = Some(Status::Subscribed);
        assert_eq!(status(json!({"Nieuwsbrief": "ja"})), stays);
        assert_eq!(status(json!({"Nieuwsbrief": "nee"})), None);
        assert_eq!(
            status(json!({"Nieuwsbrief": "nee", "Afgemeld": null})),
            stays
        );
        assert_eq!(shape(Behaviour::Nothing).status(&profile("nee")), None);
        assert_eq!(
            shape(Behaviour::Remove).status(&profile("nee")),
            Some(Status::Subscribed)
        );
        assert!(update.forbids("NIEUWSBRIEF").is_some() && update.forbids("email").is_some());
        assert_eq!(update.forbids("EngScore"), None);
        let contact = update.contact(&profile("ja"), "Klanten");
        assert_eq!(contact.email.unwrap().reveal(), "jan@example.nl");
    }
}
