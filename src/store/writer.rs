//! The one thread that writes.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, OnceLock, mpsc},
    thread::JoinHandle,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{Notify, Semaphore, oneshot};

use super::{Conn, Tx, erased::Erased, error::StoreError, shared::Shared};

/// How many async callers may have a job queued; the others wait. Blocking callers have one each by nature.
const QUEUED_MAX: usize = 64;

type Job = Box<dyn FnOnce(&Tx) + Send>;

pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    room: Arc<Semaphore>,
    thread: Option<JoinHandle<()>>,
    failed: Arc<Failed>,
}

/// Whether a write failed so that nobody knows any more what is on the disk.
#[derive(Default)]
struct Failed {
    why: OnceLock<String>,
    told: Notify,
}

impl Failed {
    fn note<T>(&self, result: &Result<T, StoreError>) {
        if let Err(StoreError::Io { detail }) = result
            && self.why.set(detail.clone()).is_ok()
        {
            self.told.notify_waiters();
        }
    }
}

impl Writer {
    pub(super) fn start(sql: Connection, shared: Shared) -> Result<Self, StoreError> {
        let erased = RefCell::new(Erased::read(&sql)?);
        let tx = Tx {
            conn: Conn { sql, shared },
            erased,
            machines: RefCell::default(),
            counted: RefCell::default(),
        };
        let (jobs, queue) = mpsc::channel::<Job>();
        let thread = std::thread::Builder::new()
            .name("engaged-writer".into())
            .spawn(move || {
                for job in queue {
                    // A panicking job is rolled back, and its caller is told; the others go on.
                    let _ = catch_unwind(AssertUnwindSafe(|| job(&tx)));
                }
            })
            .map_err(|error| StoreError::bug(error.to_string()))?;
        Ok(Self {
            jobs: Some(jobs),
            room: Arc::new(Semaphore::new(QUEUED_MAX)),
            thread: Some(thread),
            failed: Arc::default(),
        })
    }

    pub(super) fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.outside(|tx| in_transaction(tx, job))
    }

    pub(super) async fn write_async<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let room = Arc::clone(&self.room);
        let permit = room.acquire_owned().await.map_err(|_| fell())?;
        let job = move |tx: &Tx| {
            let result = in_transaction(tx, job);
            drop(permit);
            result
        };
        self.outside_async(job).await
    }

    /// Runs a job that cannot be part of a transaction, and waits for it.
    pub(super) fn outside<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = mpsc::sync_channel(1);
        let failed = Arc::clone(&self.failed);
        self.queue(Box::new(move |tx| {
            let result = job(tx);
            failed.note(&result);
            let _ = reply.send(result);
        }))?;
        answer.recv().map_err(|_| fell())?
    }

    /// As [`Self::outside`], without blocking.
    pub(super) async fn outside_async<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let failed = Arc::clone(&self.failed);
        self.queue(Box::new(move |tx| {
            let result = job(tx);
            failed.note(&result);
            let _ = reply.send(result);
        }))?;
        answer.await.map_err(|_| fell())?
    }

    /// Waits until a write fails so that nobody knows any more what is on the disk: for ever, usually.
    pub(super) async fn failed(&self) -> StoreError {
        loop {
            let told = self.failed.told.notified();
            if let Some(detail) = self.failed.why.get() {
                let detail = detail.clone();
                return StoreError::Io { detail };
            }
            told.await;
        }
    }

    fn queue(&self, job: Job) -> Result<(), StoreError> {
        self.jobs
            .as_ref()
            .and_then(|jobs| jobs.send(job).ok())
            .ok_or_else(fell)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn in_transaction<T>(
    tx: &Tx,
    job: impl FnOnce(&Tx) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    // Rolled back when dropped without a commit; nothing begins a second one, for jobs run one after the other.
    let bounds = Transaction::new_unchecked(&tx.sql, TransactionBehavior::Immediate)?;
    // What is left of a job that failed was never true.
    tx.forget_counted();
    let value = job(tx)?;
    tx.write_counted()?;
    bounds.commit()?;
    Ok(value)
}

fn fell() -> StoreError {
    StoreError::bug("a write ended in a panic and was rolled back")
}
