//! A last look at contacts, one after the other, before something is done to them.
//!
//! Two requests for each, a third where the newest thing is an open that a proxy
//! may have made. One contact in twenty thousand is looked at, so nothing is
//! batched.

use super::{
    Mailchimp,
    feed::{self, last_active_at, unreported_mail_at},
    lists::{self, List},
    one, whom,
};
use crate::{
    connector::{Look, Who},
    error::ConnectorError,
};

/// Everybody as they are now, in order.
pub(super) async fn look(
    mailchimp: &Mailchimp,
    contacts: &[Who],
) -> Result<Vec<Option<Look>>, ConnectorError> {
    if contacts.is_empty() {
        return Ok(Vec::new());
    }
    let lists = lists::followed(mailchimp).await?;
    let reported = feed::reported(mailchimp).await?;
    let mut looks = Vec::with_capacity(contacts.len());
    for who in contacts {
        let Ok(path) = whom::path_of(who) else {
            looks.push(None);
            continue;
        };
        let Some(member) = one::read(mailchimp, &path).await? else {
            looks.push(None);
            continue;
        };
        let (mut contact, _) = member.read(&list_of(&lists, who)).map_err(contract)?;
        // Whoever asks knows the contact by this id, whatever the answer prefers.
        contact.id.clone_from(&who.contact);
        contact.tags = Some(one::tags(mailchimp, &path, &member).await?);
        let items = feed::read(mailchimp, &path).await?;
        looks.push(Some(Look {
            last_active_at: last_active_at(mailchimp, &items, &reported, member.id()).await?,
            unreported_mail_at: unreported_mail_at(&items, &reported),
            contact,
        }));
    }
    Ok(looks)
}

/// The audience of a contact; one that is followed no more is known by its id alone.
fn list_of(lists: &[List], who: &Who) -> List {
    let (id, _) = who.contact.split_once(':').unwrap_or_default();
    let known = lists.iter().find(|list| list.id == id).cloned();
    known.unwrap_or_else(|| List {
        id: id.to_owned(),
        name: id.to_owned(),
    })
}

fn contract(reason: &str) -> ConnectorError {
    ConnectorError::Contract {
        what: "GET lists/…/members/…".into(),
        detail: reason.to_owned(),
    }
}
