//! A look at everybody who is about to be asked: who is in a series that the platform does not report, or was seen
//! more lately than it reported, is left in peace.

use std::collections::BTreeMap;

use engaged_connectors::connector::Who;

use crate::{config::CleaningPolicy, store::ContactId};

use super::{
    CleanError, Cleaning,
    apply::CleanReport,
    judge::Judge,
    life::Life,
    plan::{Deed, PolicyPlan},
    work::check::last_look,
};

/// How many contacts are looked at in one call.
const CHUNK: usize = 50;

impl Cleaning<'_> {
    /// Who of a plan is not asked after all, and why.
    pub(super) async fn look_before_asking(
        &self,
        policy: &CleaningPolicy,
        plan: &PolicyPlan,
        report: &mut CleanReport,
    ) -> Result<BTreeMap<ContactId, String>, CleanError> {
        let mut not = BTreeMap::new();
        let steps = plan.steps.iter().filter(|step| step.deed == Deed::Ask);
        if !plan.held.is_empty() || steps.clone().next().is_none() {
            return Ok(not);
        }
        let now = self.now();
        let judge = self
            .store
            .read(|conn| Judge::new(conn, &self.config.rules, policy, now))?;
        for site in &self.sites {
            let here = steps.clone().flat_map(|step| {
                let placed = step.placed.iter();
                let placed = placed.filter(|placed| placed.connection == site.place.id);
                placed.map(|placed| (step.contact, placed))
            });
            let here: Vec<_> = here.collect();
            for chunk in here.chunks(CHUNK) {
                let whos = chunk.iter().map(|(_, placed)| Who {
                    contact: placed.platform_id.clone(),
                    email: placed.email.clone(),
                });
                let looks = match site.connector.look(&whos.collect::<Vec<_>>()).await {
                    Ok(looks) => looks,
                    Err(error) => {
                        let words = format!("{}: {} {error}", site.place.name, error.code());
                        report.unavailable.push(words);
                        let why = || "the platform could not be asked".to_owned();
                        not.extend(chunk.iter().map(|(contact, _)| (*contact, why())));
                        continue;
                    }
                };
                let looks = looks.into_iter().chain(std::iter::repeat_with(|| None));
                for ((contact, _), look) in chunk.iter().zip(looks) {
                    let facts = self.store.read(|conn| conn.facts(*contact, None))?;
                    let life = Life::of(&facts.unwrap_or_default());
                    if let Err((why, _)) = last_look(policy, &judge, look.as_ref(), life, now) {
                        not.insert(*contact, why);
                    }
                }
            }
        }
        for why in not.values() {
            CleanReport::count(&mut report.spared, why);
        }
        Ok(not)
    }
}
