//! The clock port: nothing in this workspace asks the time in any other way.

use chrono::{DateTime, Utc};

/// Tells the present instant. Tests inject one that stands still.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> DateTime<Utc>;
}
