//! Which audiences are followed: names from the configuration, ids on the wire.

use serde::{Deserialize, Serialize};

use super::{
    Mailchimp,
    walk::{self, Stretch, Walk},
    wire::{Item, ListRow, Row},
};
use crate::error::ConnectorError;

/// One audience.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct List {
    pub(super) id: String,
    pub(super) name: String,
}

/// The followed audiences, in the platform's order. A configured name that the
/// account does not have is a [`ConnectorError::Config`] that lists those it has.
pub(super) async fn followed(mailchimp: &Mailchimp) -> Result<Vec<List>, ConnectorError> {
    choose(all_of(mailchimp).await?, &mailchimp.lists)
}

/// Every audience of the account.
pub(super) async fn all_of(mailchimp: &Mailchimp) -> Result<Vec<List>, ConnectorError> {
    let fields = ("fields", "lists.id,lists.name,total_items".to_owned());
    let rows: Vec<ListRow> = all(mailchimp, "lists", &[fields]).await?;
    let own = rows
        .into_iter()
        .map(|ListRow { id, name }| List { id, name });
    Ok(own.collect())
}

fn choose(own: Vec<List>, wanted: &[String]) -> Result<Vec<List>, ConnectorError> {
    let missing = |name: &&String| !own.iter().any(|list| list.name == **name);
    if let Some(name) = wanted.iter().find(missing) {
        let names: Vec<&str> = own.iter().map(|list| list.name.as_str()).collect();
        return Err(ConnectorError::Config {
            what: "lists".into(),
            detail: format!("there is no audience {name:?}; there are {names:?}"),
        });
    }
    let follow = |list: &List| wanted.is_empty() || wanted.contains(&list.name);
    Ok(own.into_iter().filter(follow).collect())
}

/// All rows of a short list, in one go. An odd row fails it.
pub(super) async fn all<T: Row>(
    mailchimp: &Mailchimp,
    path: &str,
    query: &[(&'static str, String)],
) -> Result<Vec<T>, ConnectorError> {
    let odd = |reason: &str| ConnectorError::Contract {
        what: format!("GET {path}"),
        detail: reason.to_owned(),
    };
    let (mut walk, mut rows, mut seen) = (Walk::default(), Vec::new(), Vec::new());
    loop {
        let stretch = walk::step(mailchimp, path, query, &mut walk).await?;
        let Stretch {
            rows: page, over, ..
        } = stretch.ok_or_else(|| odd("there is none"))?;
        for item in page {
            let key = item.key();
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            match item {
                Item::Known(row) => rows.push(row),
                Item::Odd { reason, .. } => return Err(odd(reason)),
            }
        }
        if over {
            return Ok(rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(id: &str, name: &str) -> List {
        List {
            id: id.into(),
            name: name.into(),
        }
    }

    #[test]
    fn an_unknown_audience_is_told_with_the_ones_there_are() {
        let own = || vec![list("1", "Newsletter"), list("2", "Shop")];
        let error = choose(own(), &["Nieuws".into()]).unwrap_err();
        assert!(matches!(error, ConnectorError::Config { .. }));
        assert!(
            error.to_string().contains(r#"["Newsletter", "Shop"]"#),
            "{error}"
        );
        assert_eq!(
            choose(own(), &["Shop".into()]).unwrap(),
            [list("2", "Shop")]
        );
        assert_eq!(choose(own(), &[]).unwrap(), own());
    }
}
