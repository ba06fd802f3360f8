//! A last look at contacts, one by one: three requests each.
//!
//! Of signs of life the platform shows by contact only what its site tracking wrote down (sheet 5). Opens and clicks came
//! by webhooks and reports already.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    ActiveCampaign,
    one::{self, Dictionary},
    push::known_shape,
    walk::{self, List, Walk},
    wire::time,
};
use crate::{
    connector::{Look, Who},
    error::ConnectorError,
};

/// Everybody as they are now, in order.
pub(super) async fn look(
    ac: &ActiveCampaign,
    contacts: &[Who],
) -> Result<Vec<Option<Look>>, ConnectorError> {
    let (mut looks, mut dictionary) = (Vec::new(), None);
    for who in contacts {
        if known_shape(&who.contact).is_err() {
            looks.push(None);
            continue;
        }
        let dictionary = match &dictionary {
            Some(dictionary) => dictionary,
            None => {
                let lists = one::lists(ac).await?;
                dictionary.insert(Dictionary::read(ac, lists).await?)
            }
        };
        let read = one::read(ac, &who.contact, dictionary).await?;
        looks.push(match read {
            Some(contact) => Some(Look {
                contact,
                last_active_at: tracked(ac, &who.contact).await?,
                unreported_mail_at: None,
            }),
            None => None,
        });
    }
    Ok(looks)
}

/// When the contact was last seen on the site, as far as the first page shows it. Without site tracking nobody ever was.
async fn tracked(ac: &ActiveCampaign, own: &str) -> Result<Option<DateTime<Utc>>, ConnectorError> {
    let path = format!("contacts/{own}/trackingLogs");
    let list = List {
        path: &path,
        name: "trackingLogs",
        query: &[],
    };
    let stretch = walk::try_step(ac, &list, &mut Walk::default()).await?;
    let rows = stretch.map(|stretch| stretch.rows).unwrap_or_default();
    let at = |row: &Value| time(row, "tstamp").ok().flatten();
    Ok(rows.iter().filter_map(at).max())
}
