//! One round of requests of a push: fields are made, then numbers and tags are set, then automations are started.

use std::collections::BTreeSet;

use engaged_connectors::{Change, ConnectorError, Outcome, Write, model::Address};

use crate::store::{Lane, OutboxRow};

use super::{
    apply::Push,
    starts::{self, Request},
};

/// Why a number waits whose field could not be made.
const UNMADE: &str = "the field is not there yet";

/// The rows of one call, and what came of it.
pub(super) type Sent = (Vec<OutboxRow>, Result<Vec<Outcome>, ConnectorError>);

impl Push<'_> {
    /// Asks the connector for all rows; for each call what came of it. Fields are made first: `unmade` are those that could
    /// not be, and nothing is put into these.
    pub(super) async fn send(
        &self,
        lane: Lane,
        rows: Vec<OutboxRow>,
        unmade: &mut BTreeSet<String>,
    ) -> Vec<Sent> {
        let (mut makes, mut sets) = (Vec::new(), Vec::new());
        let (mut begun, mut begins) = (Vec::new(), Vec::new());
        for row in rows {
            let request = match lane {
                Lane::Start => starts::request(&row, address(&row)),
                Lane::Set | Lane::Removal => write(&row).map(Request::Set),
            };
            match request {
                Some(Request::Set(write)) => {
                    let change = Change {
                        contact: row.row.platform_id.clone(),
                        email: address(&row),
                        write,
                    };
                    match &change.write {
                        Write::CreateField { .. } => makes.push((row, change)),
                        _ => sets.push((row, change)),
                    }
                }
                Some(Request::Start(start)) => {
                    begins.push(start);
                    begun.push(row);
                }
                // A verb of another version: it stays in doubt.
                None => {}
            }
        }
        let mut sent = Vec::new();
        if let Some(made) = self.set(makes).await {
            unmade.extend(not_made(&made).map(str::to_owned));
            sent.push(made);
        }
        let lacks = |(_, change): &(OutboxRow, Change)| matches!(&change.write, Write::SetField { field, .. } if unmade.contains(field));
        let (waiting, sets): (Vec<_>, Vec<_>) = sets.into_iter().partition(lacks);
        if !waiting.is_empty() {
            let (rows, _): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
            let wait = Outcome::Retry(UNMADE.to_owned(), None);
            let outcomes = vec![wait; rows.len()];
            sent.push((rows, Ok(outcomes)));
        }
        sent.extend(self.set(sets).await);
        if !begins.is_empty() {
            sent.push((begun, self.connector.start(&begins).await));
        }
        sent
    }

    /// Asks for these sets in one call, if there are any.
    async fn set(&self, sets: Vec<(OutboxRow, Change)>) -> Option<Sent> {
        let (rows, changes): (Vec<_>, Vec<_>) = sets.into_iter().unzip();
        if rows.is_empty() {
            return None;
        }
        let answer = self.connector.push(&changes).await;
        Some((rows, answer))
    }
}

/// The fields of a call that are not known to have been made.
fn not_made((rows, answer): &Sent) -> impl Iterator<Item = &str> {
    let outcomes = answer.as_deref().unwrap_or_default();
    let unmade = rows
        .iter()
        .enumerate()
        .filter(|(place, _)| outcomes.get(*place) != Some(&Outcome::Applied));
    unmade.filter_map(|(_, row)| row.row.target.strip_prefix("create:"))
}

/// The contact's address there, as last read.
fn address(row: &OutboxRow) -> Option<Address> {
    row.email.as_deref().and_then(Address::parse)
}

/// The set that a row asks for; `None` for a verb that this version does not know.
fn write(row: &OutboxRow) -> Option<Write> {
    let (_, name) = row.row.target.split_once(':')?;
    let name = name.to_owned();
    Some(match row.row.write.as_str() {
        "create field" => Write::CreateField { field: name },
        "set field" => Write::SetField {
            field: name,
            value: row.row.value.clone(),
        },
        "add tag" => Write::AddTag { tag: name },
        "remove tag" => Write::RemoveTag { tag: name },
        _ => return None,
    })
}
