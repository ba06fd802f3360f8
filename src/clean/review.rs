//! The list that a person reads before, and after: each contact of a plan or a batch, and taking contacts out.

use engaged_connectors::model::Address;
use serde::Serialize;

use crate::{
    score::calendar::Zone,
    store::{ContactId, Stage, Tx},
};

use super::{CleanError, Cleaning, judge::Judge, plan::row};

/// One contact of a plan or a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reviewed {
    /// The policy.
    pub policy: String,
    /// The address, or the platform's id.
    pub contact: String,
    /// `ask` or `take off` in a plan; in a batch, how far it has come.
    pub state: String,
    /// The date of the last sign of life, else of subscribing.
    pub silent_since: String,
    /// The connections; in a batch, with what became of it there.
    pub connections: Vec<String>,
    /// Why.
    pub detail: String,
}

impl Cleaning<'_> {
    /// All contacts of the present plans, or of one policy's.
    pub fn review(&self, only: Option<&str>) -> Result<Vec<Reviewed>, CleanError> {
        let plans = self.plan(only)?;
        let mut all = Vec::new();
        for plan in plans.policies {
            let policy = self.policy(&plan.policy)?;
            let places = self.places(policy);
            let places: Vec<_> = places.iter().collect();
            let judge = self
                .store
                .read(|conn| Judge::new(conn, &self.config.rules, policy, self.now()))?;
            for step in &plan.steps {
                let row = row(step, &places, &judge);
                all.push(Reviewed {
                    policy: plan.policy.clone(),
                    contact: row.contact,
                    state: row.deed.to_owned(),
                    silent_since: row.silent_since,
                    connections: row.connections,
                    detail: plan.when.clone(),
                });
            }
        }
        Ok(all)
    }

    /// All contacts of a batch, and what became of them.
    pub fn review_batch(&self, batch: i64) -> Result<Vec<Reviewed>, CleanError> {
        let zone = Zone::new(self.config.zone);
        let found = self.store.read(|conn| {
            if conn.cleaning_batch(batch)?.is_none() {
                return Ok(None);
            }
            let connections = conn.connections()?;
            let mut all = Vec::new();
            for case in conn.cases_of_batch(batch)? {
                let facts = conn.facts(case.contact, None)?.unwrap_or_default();
                let taken = conn.taken(case.id)?;
                let name = |id| {
                    connections
                        .iter()
                        .find(|each| each.id == id)
                        .map(|each| each.name.as_str())
                };
                let words = taken.iter().map(|each| {
                    format!(
                        "{} {}",
                        name(each.connection).unwrap_or_default(),
                        each.state.as_str()
                    )
                });
                let why = taken.iter().filter_map(|each| each.detail.clone());
                let why: Vec<String> = case
                    .detail
                    .iter()
                    .cloned()
                    .chain(why)
                    .filter(|why| !why.is_empty())
                    .collect();
                let id = taken.first().map(|each| each.platform_id.clone());
                let address = facts
                    .address
                    .as_ref()
                    .map(|address| address.reveal().to_owned());
                all.push(Reviewed {
                    policy: case.policy,
                    contact: address.or(id).unwrap_or_default(),
                    state: case.stage.as_str().to_owned(),
                    silent_since: zone.day(case.silent_since_at).to_string(),
                    connections: words.collect(),
                    detail: why.join("; "),
                });
            }
            Ok(Some(all))
        })?;
        found.ok_or(CleanError::UnknownBatch { batch })
    }

    /// Takes contacts out of a policy, or of all, until they are seen again. The present plans become stale.
    pub fn keep(
        &self,
        only: Option<&str>,
        addresses: &[String],
        who: &str,
    ) -> Result<u64, CleanError> {
        if let Some(name) = only {
            self.policy(name)?;
        }
        let mut contacts: Vec<ContactId> = Vec::new();
        for text in addresses {
            let address = Address::parse(text).ok_or(CleanError::UnknownContact)?;
            let contact = self.store.read(|conn| conn.find_contact(&address))?;
            contacts.push(contact.ok_or(CleanError::UnknownContact)?);
        }
        let policies = self
            .config
            .cleaning
            .iter()
            .map(|policy| policy.name.clone());
        let policies: Vec<String> = policies
            .filter(|name| only.is_none_or(|only| only == name))
            .collect();
        let (now, who, number) = (self.now(), who.to_owned(), contacts.len() as u64);
        self.store.write(move |tx: &Tx| {
            for policy in &policies {
                for contact in &contacts {
                    tx.withdraw_asked(*contact, policy, now)?;
                    let case = tx.put_case(policy, *contact, None, Stage::Kept, now, now)?;
                    tx.set_stage(case, Stage::Kept, &format!("kept by {who}"), now)?;
                }
                tx.audit(
                    &who,
                    "clean keep",
                    &format!("{policy}: {number} contacts"),
                    now,
                )?;
            }
            Ok(())
        })?;
        Ok(number)
    }
}
