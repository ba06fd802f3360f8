//! Plans that somebody looked at: kept so that exactly that one can be shown again and applied.

use std::{collections::VecDeque, sync::Arc};

use serde::Serialize;

use crate::{clean::plan::PolicyPlan, push::plan::Plan, score::calendar::Millis};

/// So many plans are kept.
pub const KEPT: usize = 20;

/// So many deeds of a cleaning plan are kept to be looked at.
pub const LISTED: usize = 2_000;

/// A plan that was made by request.
#[derive(Clone, Debug, Serialize)]
pub struct KeptPlan {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Who asked for it.
    pub who: String,
    /// When it was made.
    pub at: Millis,
    /// The plan.
    #[serde(flatten)]
    pub plan: AnyPlan,
}

/// A plan of either sort, without what only applying needs.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", content = "plan", rename_all = "snake_case")]
pub enum AnyPlan {
    /// What would be written.
    Push(Plan),
    /// Who would be asked or taken off.
    Cleaning(Box<PolicyPlan>),
}

/// The last plans, the oldest first.
#[derive(Default)]
pub(super) struct Kept {
    ring: VecDeque<Arc<KeptPlan>>,
}

impl Kept {
    /// Keeps a plan; one of the same fingerprint is replaced.
    pub(super) fn add(&mut self, plan: AnyPlan, who: &str, now: Millis) -> String {
        let plan = lean(plan);
        let fingerprint = match &plan {
            AnyPlan::Push(plan) => plan.fingerprint.clone(),
            AnyPlan::Cleaning(plan) => plan.fingerprint.clone(),
        };
        self.ring.retain(|kept| kept.fingerprint != fingerprint);
        if self.ring.len() >= KEPT {
            self.ring.pop_front();
        }
        self.ring.push_back(Arc::new(KeptPlan {
            fingerprint: fingerprint.clone(),
            who: who.to_owned(),
            at: now,
            plan,
        }));
        fingerprint
    }

    /// The plan of that fingerprint.
    pub(super) fn get(&self, fingerprint: &str) -> Option<Arc<KeptPlan>> {
        let mut all = self.ring.iter();
        all.find(|kept| kept.fingerprint == fingerprint).cloned()
    }

    /// All of them, the newest first.
    pub(super) fn all(&self) -> Vec<Arc<KeptPlan>> {
        self.ring.iter().rev().cloned().collect()
    }
}

/// Without its long lists: applying makes them anew. Of the deeds of a cleaning plan some are kept, in an order at random.
fn lean(mut plan: AnyPlan) -> AnyPlan {
    match &mut plan {
        AnyPlan::Push(plan) => {
            for part in &mut plan.connections {
                (part.without, part.edited) = (Vec::new(), Vec::new());
            }
        }
        AnyPlan::Cleaning(plan) => {
            plan.draw(LISTED);
            plan.left_alone = Vec::new();
        }
    }
    plan
}
