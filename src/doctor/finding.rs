//! One thing that was found out.

use serde::Serialize;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Looked at, and as it should be.
    Fine,
    /// Good to know; nothing need be done.
    Note,
    /// Works, and should be mended.
    Warning,
    /// Does not work.
    Trouble,
}

impl State {
    /// Whether somebody has something to do.
    pub fn is_to_mend(self) -> bool {
        self >= Self::Warning
    }

    /// The mark before the line.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Note => "note",
            Self::Warning => "WARNING",
            Self::Trouble => "TROUBLE",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The stable code, for programs and for docs/doctor.md.
    pub code: &'static str,
    /// How much it matters.
    pub state: State,
    /// What it is about: a connection, a file, a part of the program.
    pub subject: String,
    /// What was found, in words. No secret and no contact's address is in it.
    pub message: String,
    /// What to do, where there is something to do.
    pub fix: Option<String>,
}

impl Finding {
    /// A finding without a fix. The code must be one of [`CODES`].
    pub fn new(
        code: &'static str,
        state: State,
        subject: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        debug_assert!(CODES.contains(&code), "{code}");
        Self {
            code,
            state,
            subject: subject.into(),
            message: message.into(),
            fix: None,
        }
    }

    /// Says what to do.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// Every code there is.
pub const CODES: [&str; 39] = [
    "backup",
    "backup_missing",
    "backup_old",
    "check_failed",
    "clock",
    "clock_skew",
    "configuration",
    "configuration_warning",
    "connection_blocked",
    "connection_stale",
    "connection_syncing",
    "connection_trouble",
    "connection_unsynced",
    "daemon",
    "daemon_absent",
    "daemon_unseen",
    "database",
    "database_missing",
    "database_open",
    "database_settings",
    "database_unusable",
    "disk",
    "disk_low",
    "field_missing",
    "hook_refused",
    "hook_silent",
    "hook_unready",
    "key",
    "platform_refused",
    "platform_unreachable",
    "quarantine",
    "retention_waits",
    "right_missing",
    "right_needless",
    "secret_open",
    "secret_unreadable",
    "shadow_over",
    "wal_large",
    "zone",
];
