//! The last check of each contact: in our own store, and at the platform.

use std::collections::BTreeMap;

use engaged_connectors::{
    connector::{Look, Who},
    model::Status,
};

use crate::{
    clean::{
        CleanError, Cleaning, Site,
        apply::CleanReport,
        judge::{Finding, Judge},
        life::Life,
        second::{is_enough, is_old, too_old},
    },
    config::CleaningPolicy,
    score::calendar::Millis,
    store::{CleaningCase, Conn, OutboxRow, Stage, StoreError, Taken, TakenState},
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

const DAY_MS: Millis = 86_400_000;

/// Within so many days a sign of life may not have been read yet. Of an older one, what a platform shows of a contact
/// and what it reported may differ by moments.
const UNREAD_DAYS: i64 = 30;

impl Cleaning<'_> {
    /// The first check: in our own store the condition still holds, and nobody was seen since.
    pub(super) fn check_ours<'c>(
        &'c self,
        site: &Site<'_>,
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
                let mut spare = |row, taken, (why, back)| {
                    spared.push(Spare {
                        row,
                        taken,
                        why,
                        back,
                    });
                };
                let (Some(case), Some(taken)) = (case, taken.clone()) else {
                    spare(row, taken, ("the case is gone".to_owned(), false));
                    continue;
                };
                let policy = match self.still_approved(conn, site, (&row, &case), now)? {
                    Ok(policy) => policy,
                    Err(why) => {
                        spare(row, Some(taken), (why, false));
                        continue;
                    }
                };
                if !judges.contains_key(&case.policy) {
                    let judge = Judge::new(conn, &self.config.rules, policy, now)?;
                    judges.insert(case.policy.clone(), judge);
                }
                // A contact that has become one with it may have a case of its own.
                let open = conn.open_cases_of(&case.policy, case.contact)?;
                if open.iter().any(|case| case.stage == Stage::Kept) {
                    spare(row, Some(taken), ("kept meanwhile".to_owned(), false));
                    continue;
                }
                let facts = conn.facts(case.contact, None)?.unwrap_or_default();
                let life = Life::of(&facts);
                let finding = judges
                    .get(&case.policy)
                    .map(|judge| judge.judge(&facts, life));
                match ours(&case, finding, life) {
                    None => known.push((row, (case, taken, life))),
                    Some(why) => spare(row, Some(taken), why),
                }
            }
            Ok((known, spared))
        })?;
        Ok(checked)
    }

    /// The policy of a row, if it says today what was approved, and that is not long ago; else why the row is dropped.
    fn still_approved(
        &self,
        conn: &Conn,
        site: &Site<'_>,
        (row, case): (&OutboxRow, &CleaningCase),
        now: Millis,
    ) -> Result<Result<&CleaningPolicy, String>, StoreError> {
        let mut policies = self.config.cleaning.iter();
        let Some(policy) = policies.find(|policy| policy.name == case.policy) else {
            return Ok(Err("the policy is gone".to_owned()));
        };
        let (then, write, name) = (policy.then.as_str(), &row.row.write, &site.place.name);
        if then != write {
            let why = format!("approved as {write}, and the policy now says {then}");
            return Ok(Err(why));
        }
        if !policy.connections.contains(name) {
            return Ok(Err(format!("the policy no longer cleans {name}")));
        }
        let batch = case.batch.map(|batch| conn.cleaning_batch(batch));
        let batch = batch.transpose()?.flatten();
        if batch.as_ref().is_some_and(|batch| is_old(batch, now)) {
            return Ok(Err(too_old()));
        }
        // What waits for a second person has no row that could come to here: `hold` gave it up before this run.
        if batch.is_some_and(|batch| !is_enough(&batch, policy)) {
            return Ok(Err("nobody has confirmed it".to_owned()));
        }
        Ok(Ok(policy))
    }

    /// Before the first deed, the other platforms that a contact is to be taken off are asked as well: a sign of life
    /// on one counts on all. Who cannot be looked at there waits.
    pub(super) async fn look_elsewhere(
        &self,
        site: &Site<'_>,
        mut known: Vec<Known>,
        (judges, spared): (&Judges<'_>, &mut Vec<Spare>),
        report: &mut CleanReport,
    ) -> Result<Vec<Known>, CleanError> {
        for other in &self.sites {
            if other.place.id == site.place.id {
                continue;
            }
            let there = self.store.read(|conn| also_on(conn, other, &known))?;
            if there.is_empty() {
                continue;
            }
            let (of, whos): (Vec<usize>, Vec<Who>) = there.into_iter().unzip();
            let looks = match other.connector.look(&whos).await {
                Ok(looks) => looks,
                Err(error) => {
                    let (wait, go) = part(known, |at| of.contains(&at));
                    let rows = wait.into_iter().map(|(row, _)| row).collect();
                    // Who is on both waits; the others here go on.
                    self.unreachable(other, rows, &error, report).await?;
                    known = go;
                    continue;
                }
            };
            let mut seen = BTreeMap::new();
            for (at, look) in of.into_iter().zip(looks) {
                let (_, (case, _, life)) = &known[at];
                // What else is against it there is said when its turn comes there.
                if let (Some(judge), Some(look)) = (judges.get(&case.policy), look)
                    && let Some(why) = sign_of_life(judge, &look, *life, self.now())
                {
                    seen.insert(at, why);
                }
            }
            let (back, go) = part(known, |at| seen.contains_key(&at));
            known = go;
            let back = back.into_iter().zip(seen.into_values());
            spared.extend(back.map(|((row, (_, taken, _)), why)| Spare {
                row,
                taken: Some(taken),
                why,
                back: true,
            }));
        }
        Ok(known)
    }
}

/// Which of these contacts wait on another connection too, by their place here, and how they are named there.
fn also_on(
    conn: &Conn,
    other: &Site<'_>,
    known: &[Known],
) -> Result<Vec<(usize, Who)>, StoreError> {
    let mut there = Vec::new();
    for (at, (_, (case, ..))) in known.iter().enumerate() {
        for taken in conn.taken(case.id)? {
            if taken.connection != other.place.id || taken.state != TakenState::Waiting {
                continue;
            }
            let placed = conn.placed(case.contact)?.into_iter().find(|placed| {
                placed.connection == taken.connection && placed.platform_id == taken.platform_id
            });
            let who = Who {
                contact: taken.platform_id,
                email: placed.and_then(|placed| placed.email),
            };
            there.push((at, who));
        }
    }
    Ok(there)
}

/// Parts contacts by their place.
fn part(known: Vec<Known>, first: impl Fn(usize) -> bool) -> (Vec<Known>, Vec<Known>) {
    let known = known.into_iter().enumerate();
    let (some, rest): (Vec<_>, Vec<_>) = known.partition(|(at, _)| first(*at));
    let bare = |of: Vec<(usize, Known)>| of.into_iter().map(|(_, known)| known).collect();
    (bare(some), bare(rest))
}

/// What our own store has against a deed: why, and whether a person was seen.
pub(in crate::clean) fn ours(
    case: &CleaningCase,
    finding: Option<Finding>,
    life: Life,
) -> Option<(String, bool)> {
    if !matches!(case.stage, Stage::Candidate | Stage::ToAsk) {
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
    if let Some(why) = sign_of_life(judge, look, life, now) {
        return Err((why, true));
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

/// A sign of life that the platform shows and did not report: on a later day than the last that we know, machines
/// included, or later on the same day. Some platforms know no time: a midnight says no more than its day.
fn sign_of_life(judge: &Judge<'_>, look: &Look, life: Life, now: Millis) -> Option<String> {
    let seen = look.last_active_at?.timestamp_millis();
    let is_new = life.any.is_none_or(|known| {
        let (day, known_day) = (judge.day(seen), judge.day(known));
        let has_time = seen.rem_euclid(DAY_MS) != 0;
        let may_be_unread = seen > now - UNREAD_DAYS * DAY_MS;
        // Below the second platforms round.
        day > known_day || (day == known_day && has_time && may_be_unread && seen >= known + 1_000)
    });
    is_new.then(|| "the platform saw a sign of life that it did not report".to_owned())
}
