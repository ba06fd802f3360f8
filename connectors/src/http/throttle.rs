//! A polite rate: a token bucket that the platform may hold shut, and a limit
//! on how many requests are under way at once.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};

/// How fast to ask, by the platform's sheet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Requests per second in the long run.
    pub per_second: f64,
    /// How many may go at once after a rest; at least one.
    pub burst: u32,
    /// How many may be under way at the same time; at least one.
    pub at_once: u32,
}

impl Default for Rate {
    /// Ten a second, four at once: what every platform on our list bears.
    fn default() -> Self {
        Self {
            per_second: 10.0,
            burst: 10,
            at_once: 4,
        }
    }
}

impl Rate {
    /// The same with at most so many a second, also after a rest.
    #[must_use]
    pub fn at(self, most: u32) -> Self {
        Self {
            per_second: f64::from(most.max(1)),
            burst: self.burst.clamp(1, most.max(1)),
            ..self
        }
    }
}

/// Lets requests through at a rate.
pub(super) struct Throttle {
    interval: Duration,
    burst: u32,
    slots: Semaphore,
    /// When the bucket will be full again: all that there is to know about it.
    full_at: Mutex<Instant>,
}

impl Throttle {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            interval: Duration::from_secs_f64(1.0 / rate.per_second.max(0.001)),
            burst: rate.burst.max(1),
            slots: Semaphore::new(rate.at_once.max(1) as usize),
            full_at: Mutex::new(Instant::now()),
        }
    }

    /// Waits for a turn; the request is under way until the permit is dropped.
    pub(super) async fn turn(&self) -> SemaphorePermit<'_> {
        #[expect(clippy::expect_used, reason = "the semaphore is never closed")]
        let permit = self.slots.acquire().await.expect("an open semaphore");
        tokio::time::sleep_until(self.take()).await;
        permit
    }

    /// Holds everybody back for a while, and lets them go at the long-run rate afterwards.
    pub(super) fn hold(&self, wait: Duration) {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        *full_at = (*full_at).max(Instant::now() + wait + self.interval * (self.burst - 1));
    }

    /// Takes one token and says when it may be used.
    fn take(&self) -> Instant {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        *full_at = (*full_at).max(now) + self.interval;
        // The bucket holds `burst` tokens: one is free when it will be full within that many intervals.
        full_at
            .checked_sub(self.interval * self.burst)
            .map_or(now, |free| free.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let throttle = Throttle::new(Rate {
            per_second: 2.0,
            burst: 3,
            at_once: 1,
        });
        let start = Instant::now();
        let mut waits = Vec::new();
        for _ in 0..5 {
            drop(throttle.turn().await);
            waits.push(start.elapsed().as_millis());
        }
        assert_eq!(waits, [0, 0, 0, 500, 1000]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lower_rate_holds_also_for_the_burst() {
        let rate = Rate {
            per_second: 500.0,
            burst: 50,
            at_once: 4,
        };
        assert_eq!(rate.at(1000).burst, 50);
        let throttle = Throttle::new(rate.at(2));
        let start = Instant::now();
        let mut waits = Vec::new();
        for _ in 0..4 {
            drop(throttle.turn().await);
            waits.push(start.elapsed().as_millis());
        }
        assert_eq!(waits, [0, 0, 500, 1000]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_held_throttle_opens_without_a_burst() {
        let throttle = Throttle::new(Rate {
            per_second: 2.0,
            burst: 3,
            at_once: 1,
        });
        let start = Instant::now();
        throttle.hold(Duration::from_secs(10));
        let mut waits = Vec::new();
        for _ in 0..3 {
            drop(throttle.turn().await);
            waits.push(start.elapsed().as_millis());
        }
        assert_eq!(waits, [10_000, 10_500, 11_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_under_way_than_allowed() {
        let throttle = Throttle::new(Rate {
            per_second: 1000.0,
            burst: 10,
            at_once: 1,
        });
        let held = throttle.turn().await;
        let second = tokio::time::timeout(Duration::from_mins(1), throttle.turn()).await;
        assert!(second.is_err());
        drop(held);
        drop(throttle.turn().await);
    }
}
