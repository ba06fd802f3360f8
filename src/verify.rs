//! Recomputes every score from what is stored and compares.

use engaged_connectors::Clock;
use serde::Serialize;

use crate::{
    config::Config,
    rescore::{mark, state},
    score::{calendar::Zone, evaluate::evaluate, model::Model},
    store::{Store, StoreError, Which},
};

/// How many differences a report names.
const NAMED_MAX: usize = 20;

/// What was compared.
#[derive(Clone, Debug, Default, Serialize)]
pub struct VerifyReport {
    /// The version of this shape.
    pub schema: u32,
    /// Contacts compared.
    pub compared: u64,
    /// Contacts that object to being scored, and of whom nothing may be stored.
    pub objecting: i64,
    /// Contacts left out because they have news, a change is due, or the rules or our own coverage
    /// are others now: the next `score` comes first.
    pub waiting: u64,
    /// Contacts whose stored scores are not what their events give, and counts that are not what the rows give.
    pub different: u64,
    /// Some of them, and what differs.
    pub differences: Vec<String>,
    /// The first row of the audit trail that is not as it was written.
    pub audit_broken_at: Option<i64>,
}

/// Compares every stored score with a full recomputation as of today, after
/// checking that the file is sound, the audit trail unbroken, the packed history what the event log gives, and
/// what charts are drawn from what the rows give.
pub fn verify(
    store: &Store,
    config: &Config,
    clock: &dyn Clock,
) -> Result<VerifyReport, StoreError> {
    let zone = Zone::new(config.zone);
    let today = zone.day(clock.now().timestamp_millis());
    store.read(|conn| {
        conn.check_soundness()?;
        let mut report = VerifyReport {
            schema: 1,
            audit_broken_at: conn.verify_audit()?.broken_at,
            ..VerifyReport::default()
        };
        report.differences = conn.compare_history(NAMED_MAX)?;
        let room = NAMED_MAX - report.differences.len();
        report.differences.extend(conn.compare_tallies(room)?);
        let room = NAMED_MAX - report.differences.len();
        for contact in conn.scored_in_spite(room)? {
            let words = format!(
                "contact {} objects, and has results all the same",
                contact.0
            );
            report.differences.push(words);
        }
        report.objecting = conn.count_objecting()?;
        report.different = report.differences.len() as u64;
        let mut waiting = conn.dirty()?.contacts;
        waiting.extend(conn.due(today)?);
        let rules = conn.rules_numbered(&config.rules_hash)?;
        waiting.extend(conn.scored_by_other_rules(rules.unwrap_or_default())?);
        waiting.sort_unstable();
        waiting.dedup();
        let model = Model::new(&config.rules, &conn.vocabulary()?);
        let coverage = conn.coverage(&zone, today, None)?;
        // Other holes than at the last run, or a clock that was set back since: everybody is to be scored anew.
        let ahead = conn.scored_to()?.is_some_and(|to| to > today);
        let all_wait = ahead || conn.coverage_mark()? != mark(&coverage);
        // With all there is to read, so that a run which left out too much is found.
        conn.for_each_facts(Which::All, None, |contact, facts| {
            let Some(mut stored) = conn
                .state(contact)?
                .filter(|_| !all_wait && waiting.binary_search(&contact).is_err())
            else {
                report.waiting += 1;
                return Ok(());
            };
            let mut fresh = state(&model, &evaluate(&model, facts, &coverage, today), None);
            for each in [&mut stored, &mut fresh] {
                each.scores.sort_by(|a, b| a.name.cmp(&b.name));
                each.segments.sort();
            }
            report.compared += 1;
            let same = (&stored.scores, &stored.segments, &stored.stage)
                == (&fresh.scores, &fresh.segments, &fresh.stage);
            if !same {
                report.different += 1;
                if report.differences.len() < NAMED_MAX {
                    report.differences.push(format!(
                        "contact {}: stored {:?}, recomputed {:?}",
                        contact.0, stored.scores, fresh.scores
                    ));
                }
            }
            Ok(())
        })?;
        Ok(report)
    })
}
