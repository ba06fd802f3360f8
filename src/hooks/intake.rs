//! Keeping deliveries: all that wait share one transaction, and each sender is answered after its commit.
//!
//! While one transaction is written the next ones gather, so that a flood
//! costs a commit for many and a single delivery waits for none. What is
//! refused is only counted, in memory, and the count is stored now and then: no
//! forger makes us write.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};
use tracing::{error, warn};

use crate::{
    score::calendar::Millis,
    store::{Arrived, NewDelivery, Store, StoreError, Tx, WITHOUT_CONNECTION},
};

/// So many may wait; who comes then is told to come back.
const WAITING_MAX: usize = 256;
/// So many share a transaction.
const TOGETHER_MAX: usize = 256;
/// How often counts of what was refused are stored.
const COUNTS_EVERY: Duration = Duration::from_secs(10);

/// Why a delivery was not kept. It may come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotKept {
    /// Too many wait.
    Full,
    /// The store cannot take it, or not for now.
    Storage,
}

struct Waiting {
    connection: Whose,
    delivery: NewDelivery,
    reply: oneshot::Sender<Arrived>,
}

/// A connection by name, and its platform.
type Whose = (String, &'static str);

/// What was refused since the last count was stored. The name is empty where the sender named no connection of ours.
type Refused = BTreeMap<Whose, (u64, Millis, String)>;

/// Where deliveries are handed in.
pub struct Intake {
    queue: mpsc::Sender<Waiting>,
    refused: Arc<Mutex<Refused>>,
    worker: JoinHandle<()>,
}

impl Drop for Intake {
    fn drop(&mut self) {
        // What is being committed is; who was not answered sends it again.
        self.worker.abort();
    }
}

impl Intake {
    /// Begins to keep what is handed in.
    pub fn start(store: Store) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        let refused = Arc::default();
        let worker = work(store, waiting, Arc::clone(&refused));
        Self {
            queue,
            refused,
            worker: tokio::spawn(worker),
        }
    }

    /// Keeps a genuine delivery. It is committed when this ends well.
    pub async fn keep(&self, connection: Whose, delivery: NewDelivery) -> Result<Arrived, NotKept> {
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting {
            connection,
            delivery,
            reply,
        };
        self.queue.try_send(waiting).map_err(|_| NotKept::Full)?;
        answer.await.map_err(|_| NotKept::Storage)
    }

    /// Counts one that is not believed.
    pub fn refuse(&self, connection: Whose, now: Millis, why: &str) {
        let mut refused = lock(&self.refused);
        let (number, at, last) = refused.entry(connection).or_default();
        (*number, *at) = (*number + 1, now);
        why.clone_into(last);
    }
}

async fn work(store: Store, mut queue: mpsc::Receiver<Waiting>, refused: Arc<Mutex<Refused>>) {
    let mut counts = interval(COUNTS_EVERY);
    counts.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut batch = Vec::with_capacity(TOGETHER_MAX);
    loop {
        tokio::select! {
            biased;
            _ = counts.tick() => store_counts(&store, &refused).await,
            number = queue.recv_many(&mut batch, TOGETHER_MAX) => {
                if number == 0 {
                    return;
                }
                keep_all(&store, &mut batch).await;
            }
        }
    }
}

/// One transaction for all, then the answers. Without a commit nobody is answered: a reply that is dropped is none.
async fn keep_all(store: &Store, batch: &mut Vec<Waiting>) {
    let mut replies: BTreeMap<Whose, Vec<oneshot::Sender<Arrived>>> = BTreeMap::new();
    let mut deliveries: BTreeMap<Whose, Vec<NewDelivery>> = BTreeMap::new();
    for each in batch.drain(..) {
        let all = replies.entry(each.connection.clone()).or_default();
        all.push(each.reply);
        let all = deliveries.entry(each.connection).or_default();
        all.push(each.delivery);
    }
    let kept = store.write_async(move |tx| take_in(tx, &deliveries)).await;
    match kept {
        Ok(kept) => {
            // Both are in the order of connections, and within each in that of arrival.
            let replies = replies.into_values().flatten();
            for (reply, arrived) in replies.zip(kept) {
                // Whoever has gone meanwhile sends it again, and it is known.
                let _ = reply.send(arrived);
            }
        }
        Err(failed) => error!(code = failed.code(), "webhooks are not kept: {failed}"),
    }
}

fn take_in(tx: &Tx, all: &BTreeMap<Whose, Vec<NewDelivery>>) -> Result<Vec<Arrived>, StoreError> {
    let mut arrived = Vec::new();
    for ((name, platform), deliveries) in all {
        let known_at = deliveries.iter().map(|each| each.received_at).min();
        let connection = tx.connection(name, platform, known_at.unwrap_or_default())?;
        arrived.extend(tx.take_in(connection.id, deliveries)?);
    }
    Ok(arrived)
}

async fn store_counts(store: &Store, refused: &Mutex<Refused>) {
    let counts = std::mem::take(&mut *lock(refused));
    if counts.is_empty() {
        return;
    }
    for ((connection, _), (number, _, why)) in &counts {
        warn!(connection, number, why, "webhooks were refused");
    }
    let stored = store.write_async(move |tx| {
        for ((name, platform), (number, at, why)) in &counts {
            let connection = if name.is_empty() {
                WITHOUT_CONNECTION
            } else {
                tx.connection(name, platform, *at)?.id
            };
            tx.count_refused(connection, *number, (*at, why))?;
        }
        Ok(())
    });
    if let Err(failed) = stored.await {
        error!(
            code = failed.code(),
            "counts of webhooks are not kept: {failed}"
        );
    }
}

fn lock(refused: &Mutex<Refused>) -> MutexGuard<'_, Refused> {
    // Each count goes in whole.
    refused.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
