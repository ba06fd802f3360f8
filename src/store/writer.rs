//! The one thread that writes.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread::JoinHandle,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{Semaphore, oneshot};

use super::{Conn, Tx, error::StoreError, tracking::Shared};

/// How many async callers may have a job queued; the others wait. Blocking callers have one each by nature.
const QUEUED_MAX: usize = 64;

type Job = Box<dyn FnOnce(&Tx) + Send>;

pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    room: Arc<Semaphore>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(sql: Connection, shared: Shared) -> Result<Self, StoreError> {
        let tx = Tx {
            conn: Conn { sql, shared },
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
        })
    }

    pub(super) fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.queue(Box::new(move |tx| {
            let _ = reply.send(in_transaction(tx, job));
        }))?;
        answer.recv().map_err(|_| fell())?
    }

    pub(super) async fn write_async<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let room = Arc::clone(&self.room);
        let permit = room.acquire_owned().await.map_err(|_| fell())?;
        let (reply, answer) = oneshot::channel();
        self.queue(Box::new(move |tx| {
            let result = in_transaction(tx, job);
            drop(permit);
            let _ = reply.send(result);
        }))?;
        answer.await.map_err(|_| fell())?
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
