//! The clocks. Nothing else in this program asks the time.

use chrono::{DateTime, Utc};
pub use engaged_connectors::Clock;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
