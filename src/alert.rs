//! Alerts.

mod kind;
pub mod step;

pub use kind::Kind;
pub use step::Damping;
