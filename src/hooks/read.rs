//! Reading the inbox: waiting deliveries become events, hints, or are named as odd.
//!
//! What a delivery says is stored in the transaction that marks it as read. It
//! is read by the connector of its connection, which asks nobody; a delivery
//! that even makes the reader fall is odd and keeps none of the others waiting.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

use chrono::DateTime;
use engaged_connectors::{
    Capabilities,
    webhook::{Delivery, News},
};
use serde::Serialize;
use tracing::warn;

use crate::{
    schedule::{due, jobs::Jobs},
    score::{calendar::Millis, facts::ConnectionId},
    store::{Appended, Conn, Settled, StoreError, StoredDelivery, Tx},
    sync,
};

/// So many are read in one transaction.
const TOGETHER: usize = 100;
/// What was read is kept for so long, in case somebody asks what came.
const READ_KEPT_MS: Millis = 14 * 86_400_000;
/// What was not understood is kept for so long, in case a later version understands it.
const ODD_KEPT_MS: Millis = 90 * 86_400_000;
/// So many are forgotten at a time.
const FORGOTTEN_MAX: usize = 10_000;

/// What reading the inbox brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InboxReport {
    /// Deliveries that were read.
    pub read: u64,
    /// Of those, such as were not wholly understood.
    pub odd: u64,
    /// Events that were new.
    pub events: u64,
    /// Rows of contacts that were erased: left out.
    pub erased: u64,
}

/// A delivery, and what it says.
struct Understood {
    id: i64,
    connection: ConnectionId,
    received_at: Millis,
    news: News,
    settled: Settled,
}

impl Jobs {
    /// Reads all that waits in the inbox. One at a time: the caller holds the turn.
    pub async fn read_inbox(&self) -> Result<InboxReport, StoreError> {
        let mut report = InboxReport::default();
        let now = self.clock.now().timestamp_millis();
        loop {
            let waiting = self
                .store
                .read_async(|conn| conn.waiting_deliveries(TOGETHER))
                .await?;
            if waiting.is_empty() {
                break;
            }
            let names = self.store.read(names)?;
            let understood: Vec<Understood> = waiting
                .iter()
                .map(|each| self.understand(each, names.get(&each.connection)))
                .collect();
            // A delivery may come before the first poll.
            let told: BTreeSet<ConnectionId> = waiting.iter().map(|each| each.connection).collect();
            let told: Vec<(String, Capabilities)> = told
                .iter()
                .filter_map(|connection| names.get(connection))
                .filter_map(|name| Some((name.clone(), self.capabilities(name)?.clone())))
                .collect();
            let stored = self
                .store
                .write_async(move |tx| {
                    for (name, capabilities) in &told {
                        sync::declare(tx, name, capabilities, now)?;
                    }
                    store(tx, &understood, now)
                })
                .await?;
            report.read += stored.read;
            report.odd += stored.odd;
            report.events += stored.events;
            report.erased += stored.erased;
        }
        self.tidy_inbox(now).await?;
        Ok(report)
    }

    /// Forgets what was read long ago, and begins to expect what is configured.
    async fn tidy_inbox(&self, now: Millis) -> Result<(), StoreError> {
        let (names, hooks) = self.store.read(|conn| Ok((names(conn)?, conn.hooks()?)))?;
        let expects = |name: &String| self.doors.contains_key(name);
        let expected: Vec<ConnectionId> = names
            .into_iter()
            .filter(|(id, name)| expects(name) && hooks.iter().all(|hook| hook.connection != *id))
            .map(|(id, _)| id)
            .collect();
        if hooks.is_empty() && expected.is_empty() {
            return Ok(());
        }
        self.store
            .write_async(move |tx| {
                for connection in expected {
                    tx.expect_hook(connection, now)?;
                }
                tx.drop_deliveries(now - READ_KEPT_MS, now - ODD_KEPT_MS, FORGOTTEN_MAX)
            })
            .await?;
        Ok(())
    }

    /// The connections of which a delivery said that there is something to poll, and that were not polled since.
    pub fn hinted(&self) -> Result<Vec<String>, StoreError> {
        let now = self.clock.now().timestamp_millis();
        self.store.read(|conn| {
            let mut hinted = Vec::new();
            let (names, hooks) = (names(conn)?, conn.hooks()?);
            for hook in hooks {
                let (Some(name), Some(at)) = (names.get(&hook.connection), hook.hinted_at) else {
                    continue;
                };
                let last = conn.last_run("sync", Some(hook.connection))?;
                if due::is_hinted(at, last.map(|run| run.started_at), now) {
                    hinted.push(name.clone());
                }
            }
            Ok(hinted)
        })
    }

    fn understand(&self, stored: &StoredDelivery, name: Option<&String>) -> Understood {
        let kept = &stored.delivery;
        let delivery = Delivery {
            method: &kept.method,
            url: &kept.url,
            headers: &kept.headers,
            body: &kept.body,
        };
        let webhook = name.and_then(|name| self.webhook(name));
        let at = DateTime::from_timestamp_millis(kept.received_at).unwrap_or_default();
        let read =
            webhook.map(|webhook| catch_unwind(AssertUnwindSafe(|| webhook.read(&delivery, at))));
        let (news, settled) = match read {
            None => odd("its connection has no webhooks any more".into()),
            Some(Err(_)) => odd("the reader fell over it; please report this".into()),
            Some(Ok(Err(error))) => odd(error.to_string()),
            Some(Ok(Ok(news))) => {
                let settled = match news.rejects.as_slice() {
                    [] => Settled::Read,
                    [first, ..] => Settled::Odd(format!(
                        "{} of its rows: {}",
                        news.rejects.len(),
                        first.reason
                    )),
                };
                (news, settled)
            }
        };
        Understood {
            id: stored.id,
            connection: stored.connection,
            received_at: kept.received_at,
            news,
            settled,
        }
    }
}

fn odd(why: String) -> (News, Settled) {
    (News::default(), Settled::Odd(why))
}

fn names(conn: &Conn) -> Result<BTreeMap<ConnectionId, String>, StoreError> {
    let all = conn.connections()?.into_iter();
    Ok(all.map(|each| (each.id, each.name)).collect())
}

fn store(tx: &Tx, all: &[Understood], now: Millis) -> Result<InboxReport, StoreError> {
    let mut report = InboxReport::default();
    for each in all {
        if !tx.settle_delivery(each.id, &each.settled, now)? {
            continue;
        }
        report.read += 1;
        if let Settled::Odd(why) = &each.settled {
            report.odd += 1;
            warn!(
                delivery = each.id,
                why, "a webhook was not wholly understood"
            );
        }
        let News {
            events,
            campaigns,
            unknown,
            poll,
            ..
        } = &each.news;
        tx.name_campaigns(each.connection, campaigns)?;
        if !events.is_empty() {
            // A report of its own: the same row in another delivery is the same event told again.
            let mut rows = tx.begin_report()?;
            let appended: Appended = tx.append_told(each.connection, now, events, &mut rows)?;
            report.events += appended.new;
            report.erased += appended.erased;
            if appended.erased > 0 {
                tx.empty_delivery(each.id)?;
            }
        }
        tx.empty_if_erased(each.id)?;
        let hinted_at = (!poll.is_empty()).then_some(each.received_at);
        if *unknown > 0 || hinted_at.is_some() {
            tx.note_hook(each.connection, *unknown, hinted_at)?;
        }
    }
    Ok(report)
}

#[cfg(test)]
mod tests;
