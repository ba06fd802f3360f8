//! One contact, read by itself: lists with their status, custom fields and tags. The list of contacts has none of
//! them (sheet 3).

use std::collections::BTreeMap;

use ::http::StatusCode;
use serde_json::Value;

use super::{
    ActiveCampaign,
    walk::{self, List},
    wire::{id, id_of, text, time, told},
};
use crate::{
    error::ConnectorError,
    model::{Address, Contact, Status},
};

/// A list's status of a contact (sheet 3; 3 is in the specification's sample).
pub(super) const UNCONFIRMED: &str = "0";
pub(super) const ACTIVE: &str = "1";
pub(super) const LEFT: &str = "2";
pub(super) const BOUNCED: &str = "3";

/// What ids mean: names of lists, fields and tags.
pub(super) type Names = BTreeMap<String, String>;

/// Every list of the account.
pub(super) async fn all_lists(ac: &ActiveCampaign) -> Result<Names, ConnectorError> {
    let list = List {
        path: "lists",
        name: "lists",
        query: &[],
    };
    // Left out, it would make everybody on it look as if they had left. One may have no name (specification, `/lists`):
    // then it goes by its id.
    let read = |row: &Value| {
        let (own, name) = (id(row, "id")?, told(row, "name").ok()?);
        let name = if name.is_empty() { own.clone() } else { name };
        Some((own, name))
    };
    let named: Option<Names> = walk::all(ac, &list).await?.iter().map(read).collect();
    named.ok_or_else(|| ConnectorError::Contract {
        what: "GET lists".into(),
        detail: "a list has no id or does not show its name".into(),
    })
}

/// The lists that are followed.
pub(super) async fn lists(ac: &ActiveCampaign) -> Result<Names, ConnectorError> {
    let all = all_lists(ac).await?;
    if let Some(missing) = ac
        .lists
        .iter()
        .find(|name| !all.values().any(|own| own == *name))
    {
        let known: Vec<String> = all.values().map(|name| format!("{name:?}")).collect();
        return Err(ConnectorError::Config {
            what: "lists".into(),
            detail: format!(
                "there is no list {missing:?}; there is {}",
                known.join(", ")
            ),
        });
    }
    let followed = |name: &String| ac.lists.is_empty() || ac.lists.contains(name);
    Ok(all.into_iter().filter(|(_, name)| followed(name)).collect())
}

/// The tags of the account by id.
pub(super) async fn tags(ac: &ActiveCampaign) -> Result<Names, ConnectorError> {
    let list = List {
        path: "tags",
        name: "tags",
        query: &[],
    };
    let rows = walk::all(ac, &list).await?;
    let of_contacts = |row: &&Value| row["tagType"] != "template";
    let rows = rows.iter().filter(of_contacts);
    Ok(rows
        .filter_map(|row| id(row, "id").zip(text(row, "tag")))
        .collect())
}

/// All that is needed to understand one contact.
pub(super) struct Dictionary {
    pub(super) lists: Names,
    pub(super) fields: Names,
    pub(super) tags: Names,
}

impl Dictionary {
    pub(super) async fn read(ac: &ActiveCampaign, lists: Names) -> Result<Self, ConnectorError> {
        let fields = super::fields::all(ac).await?.into_iter();
        Ok(Self {
            lists,
            fields: fields.map(|field| (field.id, field.perstag)).collect(),
            tags: tags(ac).await?,
        })
    }
}

/// Reads a contact; `None` when the platform has it no longer.
pub(super) async fn read(
    ac: &ActiveCampaign,
    contact: &str,
    dictionary: &Dictionary,
) -> Result<Option<Contact>, ConnectorError> {
    let path = format!("contacts/{contact}");
    let answer = ac.client.get(&path).send().await?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    let page: Value = answer.json()?;
    let row = &page["contact"];
    if id(row, "id").as_deref() != Some(contact) {
        return Err(ConnectorError::Contract {
            what: format!("GET {path}"),
            detail: "the answer shows no contact, or another one".into(),
        });
    }
    if is_deleted(row) {
        return Ok(None);
    }
    let lists = match page["contactLists"].as_array() {
        Some(lists) => lists.clone(),
        None => match contact_lists(ac, contact).await? {
            Some(lists) => lists,
            None => return Ok(None),
        },
    };
    let Some(links) = contact_tags(ac, contact).await? else {
        return Ok(None);
    };
    let (mut read, _) = bare(row)?;
    place(&mut read, &lists, &dictionary.lists).map_err(|missing| ConnectorError::Contract {
        what: format!("GET {path}"),
        detail: format!(
            "a membership of a list has no {missing}: who left cannot be told from who stayed"
        ),
    })?;
    for value in page["fieldValues"].as_array().into_iter().flatten() {
        if let Some(name) = id(value, "field").and_then(|own| dictionary.fields.get(&own)) {
            let value = text(value, "value").unwrap_or_default();
            read.fields.insert(name.clone(), value);
        }
    }
    // A tag without a name is a new one: the next reading has it, and this one does not list them all.
    read.tags = links
        .iter()
        .map(|link| dictionary.tags.get(&id(link, "tag")?).cloned())
        .collect();
    Ok(Some(read))
}

/// The rows of lists of one contact; `None` when it is gone.
pub(super) async fn contact_lists(
    ac: &ActiveCampaign,
    contact: &str,
) -> Result<Option<Vec<Value>>, ConnectorError> {
    of_contact(ac, contact, "contactLists").await
}

/// The links from one contact to its tags; `None` when it is gone.
pub(super) async fn contact_tags(
    ac: &ActiveCampaign,
    contact: &str,
) -> Result<Option<Vec<Value>>, ConnectorError> {
    of_contact(ac, contact, "contactTags").await
}

/// The automations that one contact is or was in; `None` when it is gone.
pub(super) async fn contact_automations(
    ac: &ActiveCampaign,
    contact: &str,
) -> Result<Option<Vec<Value>>, ConnectorError> {
    of_contact(ac, contact, "contactAutomations").await
}

/// Rows that hang on one contact. They are asked for by its path, since filters by contact may be ignored (sheet 5).
async fn of_contact(
    ac: &ActiveCampaign,
    contact: &str,
    name: &str,
) -> Result<Option<Vec<Value>>, ConnectorError> {
    let path = format!("contacts/{contact}/{name}");
    let list = List {
        path: &path,
        name,
        query: &[],
    };
    let (mut walk, mut found) = (walk::Walk::default(), BTreeMap::new());
    loop {
        let Some(answer) = walk::step_unless_gone(ac, &list, &mut walk).await? else {
            return Ok(None);
        };
        for row in answer.rows {
            // Somebody else's row would be a filter that was ignored.
            let owner = id_of(&row, &["contact", "subscriberid"]);
            if owner.is_some_and(|owner| owner != contact) {
                return Err(ConnectorError::Contract {
                    what: format!("GET {path}"),
                    detail: "the answer shows rows of somebody else".into(),
                });
            }
            let own = id(&row, "id").ok_or_else(|| ConnectorError::Contract {
                what: format!("GET {path}"),
                detail: "a row has no id".into(),
            })?;
            found.insert(own, row);
        }
        if answer.over {
            return Ok(Some(found.into_values().collect()));
        }
    }
}

/// Whether the row is of somebody who was deleted.
pub(super) fn is_deleted(row: &Value) -> bool {
    text(row, "deleted").as_deref() == Some("1")
}

/// A contact without lists, custom fields and tags; the second says why the address was left out.
pub(super) fn bare(row: &Value) -> Result<(Contact, Option<&'static str>), ConnectorError> {
    let Some(own) = id(row, "id") else {
        return Err(ConnectorError::Contract {
            what: "the list of contacts".into(),
            detail: "a contact has no id".into(),
        });
    };
    let address = text(row, "email");
    let email = address.as_deref().and_then(Address::parse);
    let odd = (address.is_some() && email.is_none()).then_some("the address cannot be read");
    let mut fields = BTreeMap::new();
    for name in ["firstName", "lastName", "phone"] {
        if !row[name].is_null() {
            fields.insert(name.to_owned(), text(row, name).unwrap_or_default());
        }
    }
    let contact = Contact {
        id: own,
        email,
        status: None,
        subscribed_at: None,
        lists: Vec::new(),
        fields,
        tags: None,
    };
    Ok((contact, odd))
}

/// Puts a contact on its lists; an error is the part that a membership lacks.
pub(super) fn place(
    contact: &mut Contact,
    rows: &[Value],
    followed: &Names,
) -> Result<(), &'static str> {
    let mut bounced = false;
    for row in rows {
        let (list, status) = (told(row, "list")?, told(row, "status")?);
        let Some(name) = followed.get(&list) else {
            continue;
        };
        // A time that cannot be read is as good as none: it says only when.
        let at = time(row, "sdate").ok().flatten();
        contact.subscribed_at = match (contact.subscribed_at, at) {
            (Some(before), Some(at)) => Some(at.min(before)),
            (before, at) => before.or(at),
        };
        match status.as_str() {
            ACTIVE => contact.lists.push(name.clone()),
            BOUNCED => bounced = true,
            _ => {}
        }
    }
    contact.status = Some(status(bounced, !contact.lists.is_empty()));
    Ok(())
}

/// What lists make of a contact. A bounce is about the address; otherwise one list that may be mailed is enough, and
/// whoever is on none never agreed to be mailed, or left.
pub(super) fn status(bounced: bool, active: bool) -> Status {
    match (bounced, active) {
        (true, _) => Status::Bounced,
        (false, true) => Status::Subscribed,
        (false, false) => Status::Unsubscribed,
    }
}
