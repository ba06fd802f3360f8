//! Whether the daemon is alive and can work, for whoever asks from outside.
//!
//! The loop sets its pulse at every beat. Readiness asks the database and the
//! writer, one question at a time however many ask, and says no more than which
//! of them does not answer.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use engaged_connectors::Clock;
use tokio::{sync::Mutex, time::timeout};

use crate::{
    score::calendar::Millis,
    store::{Conn, Store},
};

/// A loop that beats once a minute is dead after this.
const BEAT_MS: Millis = 3 * 60_000;
/// How long a reader may take.
const READ_WITHIN: Duration = Duration::from_secs(2);
/// How long the writer may be busy with what was asked of it before.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// An answer holds for so long.
const FRESH_MS: Millis = 1_000;

/// Whether it is ready, or the bare reason why not.
pub type Ready = Result<(), &'static str>;

/// The pulse of a running process.
#[derive(Debug)]
pub struct Pulse {
    started_at: Millis,
    beat_at: AtomicI64,
    /// The last answer, and when it was given. Whoever holds it asks.
    answered: Mutex<Option<(Millis, Ready)>>,
}

impl Pulse {
    /// A process that starts now.
    pub fn new(clock: &dyn Clock) -> Self {
        let now = clock.now().timestamp_millis();
        Self {
            started_at: now,
            beat_at: AtomicI64::new(now),
            answered: Mutex::default(),
        }
    }

    /// The loop is alive.
    pub fn beat(&self, clock: &dyn Clock) {
        let now = clock.now().timestamp_millis();
        self.beat_at.store(now, Ordering::Relaxed);
    }

    /// When the process started.
    pub fn started_at(&self) -> Millis {
        self.started_at
    }

    /// When the loop last showed that it is alive.
    pub fn beat_at(&self) -> Millis {
        self.beat_at.load(Ordering::Relaxed)
    }
}

/// Whether a loop that showed itself then is taken for alive now.
pub fn is_alive(beat_at: Millis, now: Millis) -> bool {
    now - beat_at <= BEAT_MS
}

/// Whether the loop is alive, the database answers and the writer writes: `heartbeat`, `database` or `writer` if not.
pub async fn ready(store: &Store, pulse: &Pulse, clock: &dyn Clock) -> Ready {
    let mut answered = pulse.answered.lock().await;
    let now = clock.now().timestamp_millis();
    // A clock that was set back leaves an answer of the future.
    if let Some((at, answer)) = *answered
        && (0..FRESH_MS).contains(&(now - at))
    {
        return answer;
    }
    let answer = if is_alive(pulse.beat_at(), now) {
        ask(store).await
    } else {
        Err("heartbeat")
    };
    *answered = Some((clock.now().timestamp_millis(), answer));
    answer
}

async fn ask(store: &Store) -> Ready {
    match timeout(READ_WITHIN, store.read_async(Conn::is_paused)).await {
        Ok(Ok(_)) => {}
        _ => return Err("database"),
    }
    match timeout(WRITE_WITHIN, store.write_async(|_| Ok(()))).await {
        Ok(Ok(())) => Ok(()),
        _ => Err("writer"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use chrono::{DateTime, Utc};

    use super::*;
    use crate::store::Access;

    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now(&self) -> DateTime<Utc> {
            DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
        }
    }

    struct Bench {
        folder: tempfile::TempDir,
        store: Store,
        clock: Arc<Hand>,
        pulse: Pulse,
    }

    fn bench() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Hand(AtomicI64::new(1_781_000_000_000)));
        let path = folder.path().join("engaged.db");
        let store = Store::open(&path, Access::ReadWrite, clock.as_ref()).unwrap();
        let pulse = Pulse::new(clock.as_ref());
        Bench {
            folder,
            store,
            clock,
            pulse,
        }
    }

    impl Bench {
        fn pass(&self, time: Millis) {
            self.clock.0.fetch_add(time, Ordering::SeqCst);
        }

        async fn ready(&self) -> Ready {
            ready(&self.store, &self.pulse, self.clock.as_ref()).await
        }
    }

    #[tokio::test]
    async fn a_loop_that_does_not_beat_for_three_minutes_is_not_ready_and_is_again_with_the_next_beat()
     {
        let bench = bench();
        assert_eq!(bench.ready().await, Ok(()));
        bench.pass(BEAT_MS);
        assert_eq!(bench.ready().await, Ok(()));
        bench.pass(FRESH_MS);
        assert_eq!(bench.ready().await, Err("heartbeat"));
        bench.pulse.beat(bench.clock.as_ref());
        bench.pass(FRESH_MS);
        assert_eq!(bench.ready().await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_writer_that_hangs_is_told_after_its_time_and_asked_once_however_many_want_to_know() {
        let bench = bench();
        let (go_on, hangs) = mpsc::channel::<()>();
        let (began, begins) = mpsc::channel();
        let store = bench.store.clone();
        let hung = std::thread::spawn(move || {
            store.write(move |_| {
                began.send(()).unwrap();
                let _ = hangs.recv();
                Ok(())
            })
        });
        begins.recv().unwrap();
        let begun = tokio::time::Instant::now();
        let (one, two, three) = tokio::join!(bench.ready(), bench.ready(), bench.ready());
        assert_eq!([one, two, three], [Err("writer"); 3]);
        assert_eq!(begun.elapsed(), WRITE_WITHIN);
        go_on.send(()).unwrap();
        hung.join().unwrap().unwrap();
        // The writer is a thread, which a clock that runs ahead does not wait for.
        tokio::time::resume();
        bench.pass(FRESH_MS);
        assert_eq!(bench.ready().await, Ok(()));
    }

    #[tokio::test]
    async fn a_database_that_cannot_be_read_is_told() {
        let bench = bench();
        let other = rusqlite::Connection::open(bench.folder.path().join("engaged.db")).unwrap();
        other.execute("drop table control", ()).unwrap();
        assert_eq!(bench.ready().await, Err("database"));
    }
}
