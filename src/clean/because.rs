//! Why one contact is proposed, in facts: when it was last seen, and what it got since.

use engaged_connectors::model::{Address, EventKind, Verdict};

use crate::{
    score::{
        calendar::Millis,
        facts::{Fact, KindId},
    },
    store::{Conn, StoreError},
};

use super::{
    life::is_sign,
    plan::{Deed, Step},
};

/// What a person sees of one contact of a plan.
#[derive(Clone, Debug)]
pub struct Because {
    /// The contact's address.
    pub email: Option<Address>,
    /// What would happen.
    pub deed: Deed,
    /// The last thing that a person did, and when; `None` if nobody was ever seen.
    pub last: Option<(EventKind, Millis)>,
    /// Since when it is subscribed.
    pub subscribed_at: Option<Millis>,
    /// Mails since then that opens and clicks could be seen of.
    pub mails: u64,
    /// Mails since then of which they could not.
    pub untracked: u64,
    /// What machines did since then.
    pub machines: u64,
}

/// Looks up why a contact of a plan is proposed.
pub fn because(conn: &Conn, step: &Step) -> Result<Because, StoreError> {
    let facts = conn.facts(step.contact, None)?.unwrap_or_default();
    let machine = |fact: &Fact| matches!(fact.verdict, Verdict::PrivacyProxy | Verdict::Scanner);
    let signs = facts.events.iter().filter(|fact| is_sign(fact));
    let last = signs
        .clone()
        .filter(|fact| !machine(fact))
        .max_by_key(|fact| fact.at);
    let since = last.map_or(Millis::MIN, |fact| fact.at);
    let sent = KindId::built_in(&EventKind::Send);
    let sends = facts
        .events
        .iter()
        .filter(|fact| Some(fact.kind) == sent && fact.at > since);
    let last = match last {
        Some(fact) => Some((conn.vocabulary()?.kind(fact.kind), fact.at)),
        None => None,
    };
    Ok(Because {
        email: facts.address.clone(),
        deed: step.deed,
        last,
        subscribed_at: facts.subscribed_at,
        mails: sends.clone().filter(|fact| fact.tracked).count() as u64,
        untracked: sends.filter(|fact| !fact.tracked).count() as u64,
        machines: signs
            .filter(|fact| machine(fact) && fact.at > since)
            .count() as u64,
    })
}
