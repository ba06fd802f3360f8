//! The audit trail: who did what, each row chained to the one before.
//!
//! A row's hash covers the row and the hash before it, and triggers let no row
//! be changed or deleted. That finds a row that was edited, moved or taken out
//! by another program; it does not stop somebody who may write the file and
//! computes the whole chain again, unless the last hash is kept elsewhere.

use super::{Conn, error::StoreError};
use crate::score::calendar::Millis;

/// A row of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: Millis,
    /// Who did it.
    pub who: String,
    /// What was done.
    pub what: String,
    /// To what, and how.
    pub detail: String,
}

/// Which rows of the audit trail; all, where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Done by exactly this one.
    pub who: Option<String>,
    /// Exactly this.
    pub what: Option<String>,
}

/// What looking at every row of the audit trail gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditChain {
    /// How many rows there are.
    pub rows: i64,
    /// The first row that is not what was written, or before which one is missing.
    pub broken_at: Option<i64>,
    /// The last row's hash, in hexadecimal: whoever keeps it elsewhere would see a chain that was computed again.
    pub head: Option<String>,
}

impl Conn {
    /// Rows of the audit trail, the newest first: those before a number.
    pub fn audit_page(
        &self,
        before_id: Option<i64>,
        limit: u32,
        filter: &AuditFilter,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let _ = (before_id, limit, filter);
        todo!()
    }

    /// Looks whether the audit trail is as it was written.
    pub fn verify_audit(&self) -> Result<AuditChain, StoreError> {
        todo!()
    }
}
