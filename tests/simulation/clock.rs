//! A clock that goes with the waiting of the runtime, which passes at once, and is moved by hand.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use engaged::clock::Clock;
use tokio::{runtime::Handle, time::Instant};

/// The clock of a life.
pub struct Moved {
    start: DateTime<Utc>,
    began: Instant,
    by_hand_ms: AtomicI64,
    /// What the runtime had waited when it was last asked within it.
    waited_ms: AtomicI64,
}

impl Moved {
    /// Begins at an instant; to be called within the runtime.
    pub fn new(start: DateTime<Utc>) -> Self {
        Self {
            start,
            began: Instant::now(),
            by_hand_ms: AtomicI64::new(0),
            waited_ms: AtomicI64::new(0),
        }
    }

    /// Moves it, forwards or back.
    pub fn go(&self, by: TimeDelta) {
        self.by_hand_ms
            .fetch_add(by.num_milliseconds(), Ordering::SeqCst);
    }
}

impl Clock for Moved {
    fn now(&self) -> DateTime<Utc> {
        if Handle::try_current().is_ok() {
            let waited = i64::try_from(self.began.elapsed().as_millis()).unwrap();
            self.waited_ms.store(waited, Ordering::SeqCst);
        }
        let ms = self.by_hand_ms.load(Ordering::SeqCst) + self.waited_ms.load(Ordering::SeqCst);
        self.start + TimeDelta::milliseconds(ms)
    }
}
