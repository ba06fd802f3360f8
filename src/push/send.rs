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
        let made = self.set(makes, &mut sent).await;
        for (change, outcome) in made {
            if let Write::CreateField { field } = change.write
                && outcome != Some(Outcome::Applied)
            {
                unmade.insert(field);
            }
        }
        let lacks = |(_, change): &(OutboxRow, Change)| matches!(&change.write, Write::SetField { field, .. } if unmade.contains(field));
        let (waiting, sets): (Vec<_>, Vec<_>) = sets.into_iter().partition(lacks);
        if !waiting.is_empty() {
            let (rows, _): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
            let wait = Outcome::Retry(UNMADE.to_owned(), None);
            let outcomes = vec![wait; rows.len()];
            sent.push((rows, Ok(outcomes)));
        }
        self.set(sets, &mut sent).await;
        if !begins.is_empty() {
            sent.push((begun, self.connector.start(&begins).await));
        }
        sent
    }

    /// Asks for these sets in one call; what became of each of them.
    async fn set(
        &self,
        sets: Vec<(OutboxRow, Change)>,
        sent: &mut Vec<Sent>,
    ) -> Vec<(Change, Option<Outcome>)> {
        if sets.is_empty() {
            return Vec::new();
        }
        let (rows, changes): (Vec<_>, Vec<_>) = sets.into_iter().unzip();
        let answer = self.connector.push(&changes).await;
        let outcomes = answer.as_deref().unwrap_or_default();
        let outcomes = outcomes.iter().cloned().map(Some);
        let outcomes = outcomes.chain(std::iter::repeat(None));
        let made = changes.into_iter().zip(outcomes).collect();
        sent.push((rows, answer));
        made
    }
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
