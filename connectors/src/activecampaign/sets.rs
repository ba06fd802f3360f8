//! Who is on which list and in which status, by filters on the list of contacts. Its rows tell neither (sheet 3), and
//! asking for each contact would take hours.
//!
//! Whether the filter by status is about the list of another filter is not certain: it is said to be over any list
//! (sheet 8). So each is asked for by itself, and whoever is in one status alone has that status on each of its
//! lists. About everybody else nothing is said here: they are read one by one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ActiveCampaign,
    contacts::{Base, page},
    one::{ACTIVE, BOUNCED, LEFT, Names, UNCONFIRMED, contact_lists, status},
    wire::id,
};
use crate::{error::ConnectorError, model::Contact};

/// The contacts that one filter lets through, as far as they have been read.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Set {
    /// `listid` of a list, or `status`.
    list: bool,
    /// What is asked for.
    value: String,
    /// Ids behind the place of the pass.
    ids: BTreeSet<u64>,
    /// Up to which id all are known; `None` means all.
    reach: Option<u64>,
    /// Whether the filter was seen to work.
    proved: bool,
}

/// All sets of a pass. They stand in the cursor, each with no more than about a page of ids.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sets(Vec<Set>);

impl Sets {
    /// The sets of these lists and of every status, from the beginning.
    pub(super) fn of(lists: &Names) -> Self {
        let set = |list: bool, value: &str| Set {
            list,
            value: value.to_owned(),
            ids: BTreeSet::new(),
            reach: Some(0),
            // A status that is ignored puts everybody into each of them, and so into none alone.
            proved: !list,
        };
        let lists = lists.keys().map(|own| set(true, own));
        let all = [UNCONFIRMED, ACTIVE, LEFT, BOUNCED];
        Self(lists.chain(all.map(|value| set(false, value))).collect())
    }

    /// Reads on until all members up to this id are known.
    pub(super) async fn reach(
        &mut self,
        ac: &ActiveCampaign,
        since: Option<&str>,
        through: u64,
    ) -> Result<(), ConnectorError> {
        for set in &mut self.0 {
            while let Some(reach) = set.reach.filter(|reach| *reach < through) {
                let name = if set.list { "listid" } else { "status" };
                let base = Base {
                    since,
                    after: reach,
                    filter: Some((name, &set.value)),
                };
                let rows = page(ac, &base).await?;
                let ids: Vec<u64> = rows.iter().filter_map(number).collect();
                if let (false, Some(first)) = (set.proved, rows.first()) {
                    prove(ac, &set.value, first).await?;
                    set.proved = true;
                }
                set.reach = ids.last().copied();
                set.ids.extend(ids);
            }
        }
        Ok(())
    }

    /// Puts a contact on its lists, where the sets leave no doubt.
    pub(super) fn place(&self, contact: &mut Contact, own: u64, lists: &Names) -> bool {
        let within = |list: bool| {
            let sets = self.0.iter().filter(move |set| set.list == list);
            sets.filter(move |set| set.ids.contains(&own))
        };
        let on: Vec<&String> = within(true)
            .filter_map(|set| lists.get(&set.value))
            .collect();
        let mut said = within(false).map(|set| set.value.as_str());
        let (first, second) = (said.next(), said.next());
        let active = match (first, second) {
            // On no list that we follow, whatever it is elsewhere.
            _ if on.is_empty() => false,
            (Some(one), None) => one == ACTIVE,
            _ => return false,
        };
        contact.status = Some(status(!on.is_empty() && first == Some(BOUNCED), active));
        contact.lists = on.into_iter().filter(|_| active).cloned().collect();
        true
    }

    /// Forgets who lies behind us.
    pub(super) fn leave(&mut self, through: u64) {
        for set in &mut self.0 {
            set.ids = set.ids.split_off(&(through + 1));
        }
    }
}

/// The id of a row as a number.
pub(super) fn number(row: &Value) -> Option<u64> {
    id(row, "id")?.parse().ok()
}

/// That somebody whom the filter let through is on the list: otherwise it was ignored, and everybody would look subscribed.
async fn prove(ac: &ActiveCampaign, list: &str, row: &Value) -> Result<(), ConnectorError> {
    let Some(own) = id(row, "id") else {
        return Ok(());
    };
    let Some(rows) = contact_lists(ac, &own).await? else {
        return Ok(());
    };
    if rows
        .iter()
        .any(|row| id(row, "list").as_deref() == Some(list))
    {
        return Ok(());
    }
    Err(ConnectorError::Contract {
        what: "GET contacts".into(),
        detail: "shows contacts who are not on the list that was asked for: the filter listid is ignored".into(),
    })
}
