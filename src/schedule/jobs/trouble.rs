//! What a job could not do, and how people are told.

use crate::{
    config::ConnectionConfig,
    diagnostic::{Diagnostic, Exit, Expected},
    platform,
    push::apply::PushError,
    store::StoreError,
};

/// A push that failed, and whose.
#[derive(Debug)]
pub struct Trouble {
    /// The connection; empty where it was none's in particular.
    pub connection: String,
    /// What happened.
    pub error: PushError,
}

impl Trouble {
    pub(super) fn new(connection: &ConnectionConfig, error: PushError) -> Self {
        Self {
            connection: connection.name.clone(),
            error,
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self {
            connection: String::new(),
            error: error.into(),
        }
    }
}

impl From<Trouble> for Expected {
    fn from(trouble: Trouble) -> Self {
        match trouble.error {
            PushError::Store(error) => error.into(),
            PushError::Platform(error) => platform::refused(&trouble.connection, &error),
            stale @ PushError::Stale { .. } => {
                let diagnostic = Diagnostic::error("E0801", stale.to_string())
                    .help("look at the new plan with `engaged plan`, then apply that");
                Self::new(Exit::Pending, diagnostic)
            }
        }
    }
}

impl From<StoreError> for Expected {
    fn from(error: StoreError) -> Self {
        let exit = match error.exit_status() {
            7 => Exit::Locked,
            2 => Exit::Usage,
            1 => Exit::Bug,
            _ => Exit::Storage,
        };
        Self::new(
            exit,
            Diagnostic::error(error.code(), error.to_string()).help(error.next_step()),
        )
    }
}
