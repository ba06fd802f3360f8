//! The last check of each contact: in our own store, and at the platform.

use engaged_connectors::{connector::Look, model::Status};

use crate::{
    clean::{
        CleanError, Cleaning,
        judge::{Finding, Judge},
        life::Life,
    },
    config::CleaningPolicy,
    score::calendar::Millis,
    store::{CleaningCase, OutboxRow, Stage, Taken},
};

use super::{Judges, taken_of};

/// Why a row is not carried out.
pub(super) struct Spare {
    pub(super) row: OutboxRow,
    pub(super) taken: Option<Taken>,
    pub(super) why: String,
    /// Whether a person was seen.
    pub(super) back: bool,
}

/// A row that our own store has nothing against, whose case it is, and when the contact was last seen.
pub(super) type Known = (OutboxRow, (CleaningCase, Taken, Life));

impl Cleaning<'_> {
    /// The first check: in our own store the condition still holds, and nobody was seen since.
    pub(super) fn check_ours<'c>(
        &'c self,
        rows: Vec<OutboxRow>,
        judges: &mut Judges<'c>,
    ) -> Result<(Vec<Known>, Vec<Spare>), CleanError> {
        let now = self.now();
        let checked = self.store.read(|conn| {
            let (mut known, mut spared) = (Vec::new(), Vec::new());
            for row in rows {
                let taken = taken_of(conn, &row)?;
                let case = taken
                    .as_ref()
                    .map(|taken| conn.case(taken.case))
                    .transpose()?
                    .flatten();
                let (Some(case), Some(taken)) = (case, taken.clone()) else {
                    spared.push(Spare {
                        row,
                        taken,
                        why: "the case is gone".to_owned(),
                        back: false,
                    });
                    continue;
                };
                let policy = self
                    .config
                    .cleaning
                    .iter()
                    .find(|policy| policy.name == case.policy);
                let Some(policy) = policy else {
                    let why = "the policy is gone".to_owned();
                    spared.push(Spare {
                        row,
                        taken: Some(taken),
                        why,
                        back: false,
                    });
                    continue;
                };
                if !judges.contains_key(&case.policy) {
                    let judge = Judge::new(conn, &self.config.rules, policy, now)?;
                    judges.insert(case.policy.clone(), judge);
                }
                let facts = conn.facts(case.contact, None)?.unwrap_or_default();
                let life = Life::of(&facts);
                let finding = judges
                    .get(&case.policy)
                    .map(|judge| judge.judge(&facts, life));
                match ours(&case, finding, life) {
                    None => known.push((row, (case, taken, life))),
                    Some((why, back)) => spared.push(Spare {
                        row,
                        taken: Some(taken),
                        why,
                        back,
                    }),
                }
            }
            Ok((known, spared))
        })?;
        Ok(checked)
    }
}

/// What our own store has against a removal: why, and whether a person was seen.
fn ours(case: &CleaningCase, finding: Option<Finding>, life: Life) -> Option<(String, bool)> {
    if case.stage != Stage::Candidate {
        return Some((format!("{} meanwhile", case.stage.as_str()), false));
    }
    if life.since(case.opened_at) {
        return Some(("came back".to_owned(), true));
    }
    match finding {
        Some(Finding::Silent(_)) => None,
        Some(Finding::Active) => Some(("the condition no longer holds".to_owned(), false)),
        Some(Finding::Unjudged(why)) => Some((format!("not judged any more: {why}"), false)),
        Some(Finding::Protected(why)) => Some((format!("protected: {why}"), false)),
        None => Some(("the policy is gone".to_owned(), false)),
    }
}

/// The second check: what the platform shows at this moment.
pub(in crate::clean) fn last_look<'l>(
    policy: &CleaningPolicy,
    judge: &Judge<'_>,
    look: Option<&'l Look>,
    life: Life,
    now: Millis,
) -> Result<&'l Look, (String, bool)> {
    let Some(look) = look else {
        return Err(("no longer on the platform".to_owned(), false));
    };
    if look.contact.status != Some(Status::Subscribed) {
        let status = look
            .contact
            .status
            .and_then(|status| serde_json::to_value(status).ok());
        let status = status
            .as_ref()
            .and_then(|status| status.as_str())
            .unwrap_or("unknown");
        return Err((format!("the status there is {status}"), false));
    }
    // By days: some platforms know no time. What we know ourselves, machines included, was judged above.
    let seen = look
        .last_active_at
        .map(|at| judge.day(at.timestamp_millis()));
    let known = life.any.map(|at| judge.day(at));
    if seen.is_some_and(|seen| known.is_none_or(|known| seen > known)) {
        return Err((
            "the platform saw a sign of life that it did not report".to_owned(),
            true,
        ));
    }
    let mail = look.unreported_mail_at.map(|at| at.timestamp_millis());
    if mail.is_some_and(|mail| mail <= now && !judge.is_over(mail, policy.series())) {
        return Err((
            "recent mail that the platform does not report".to_owned(),
            false,
        ));
    }
    Ok(look)
}
