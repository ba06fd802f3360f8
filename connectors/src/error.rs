//! What can go wrong with a platform, by what the caller must do about it.

use std::time::Duration;

use thiserror::Error;

/// One failed conversation with a platform. A variant is something that the
/// caller treats differently; texts never hold a key or a whole address.
#[derive(Clone, Debug, Error)]
pub enum ConnectorError {
    /// The network or the platform failed in a way that passes: try again later.
    #[error("{what}: {detail}")]
    Transient {
        /// What was being done, e.g. `GET members/events/`.
        what: String,
        /// What happened, in the platform's own words where it gave any.
        detail: String,
    },
    /// The platform asked us to slow down and the retry budget is spent.
    #[error("{what}: the platform asks for fewer requests")]
    RateLimited {
        /// What was being done.
        what: String,
        /// How long the platform asked us to wait, where it said so.
        retry_after: Option<Duration>,
    },
    /// The key is refused or lacks a right. The connection is blocked until a
    /// person acts; its absences are frozen meanwhile.
    #[error("{what}: {detail}")]
    Auth {
        /// What was being done.
        what: String,
        /// The platform's answer, quoted.
        detail: String,
        /// The right that is missing, by the name the platform's own screens use, where it is known.
        missing: Option<String>,
    },
    /// The answer is not what the platform's documentation says: the page is
    /// rejected as a unit, and the cursor stays where it was.
    #[error("{what}: {detail}")]
    Contract {
        /// What was being read.
        what: String,
        /// What was wrong with it, with a redacted sample where that helps.
        detail: String,
    },
    /// The configuration asks for something that the platform does not have: a
    /// list, a field type, a verb.
    #[error("{what}: {detail}")]
    Config {
        /// Which setting.
        what: String,
        /// What is there instead.
        detail: String,
    },
}

impl ConnectorError {
    /// The stable code that users look up: `E04xx` network, `E05xx` a
    /// platform's answer, `E06xx` authorisation, `E01xx` configuration.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Transient { .. } => "E0401",
            Self::RateLimited { .. } => "E0402",
            Self::Contract { .. } => "E0501",
            Self::Auth { missing: None, .. } => "E0601",
            Self::Auth {
                missing: Some(_), ..
            } => "E0602",
            Self::Config { .. } => "E0115",
        }
    }
}
