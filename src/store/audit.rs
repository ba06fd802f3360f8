//! The audit trail: who did what, each row chained to the one before.
//!
//! A row's hash covers the row and the hash before it, and triggers let no row
//! be changed or deleted. That finds a row that was edited, moved or taken out
//! by another program; it does not stop somebody who may write the file and
//! computes the whole chain again, unless the last hash is kept elsewhere.

use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::{Conn, Tx, error::StoreError};
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

impl AuditRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            at: row.get(1)?,
            who: row.get(2)?,
            what: row.get(3)?,
            detail: row.get(4)?,
        })
    }

    /// The hash of the row after a row of that hash. Every part comes with its length: no two rows read alike.
    fn hash(&self, before: &[u8]) -> [u8; 32] {
        let mut digest = Sha256::new();
        let (id, at) = (self.id.to_le_bytes(), self.at.to_le_bytes());
        let texts = [&self.who, &self.what, &self.detail].map(String::as_bytes);
        for part in [before, &id, &at].into_iter().chain(texts) {
            digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            digest.update(part);
        }
        digest.finalize().into()
    }
}

impl Conn {
    /// Rows of the audit trail, the newest first: those before a number.
    pub fn audit_page(
        &self,
        before_id: Option<i64>,
        limit: u32,
        filter: &AuditFilter,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select id, at, who, what, detail from audit
             where id < ?1 and (?2 is null or who = ?2) and (?3 is null or what = ?3) order by id desc limit ?4",
        )?;
        let before = before_id.unwrap_or(i64::MAX);
        let rows = select.query_map(
            params![before, filter.who, filter.what, limit],
            AuditRow::read,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Looks whether the audit trail is as it was written. A trail from before there was a chain is sound until
    /// the first row is chained.
    pub fn verify_audit(&self) -> Result<AuditChain, StoreError> {
        let mut select = self
            .sql
            .prepare("select id, at, who, what, detail, hash from audit order by id")?;
        let mut rows = select.query(())?;
        let mut chain = AuditChain {
            rows: 0,
            broken_at: None,
            head: None,
        };
        let mut before = Vec::new();
        let mut unchained = None;
        while let Some(row) = rows.next()? {
            let (read, hash) = (AuditRow::read(row)?, row.get::<_, Option<Vec<u8>>>(5)?);
            chain.rows += 1;
            match hash {
                // Rows that nothing chained stands before or after are older than the chain.
                None if before.is_empty() => {
                    unchained.get_or_insert(read.id);
                }
                Some(hash) if unchained.is_none() && hash == read.hash(&before) => before = hash,
                _ => chain.broken_at = chain.broken_at.or(unchained).or(Some(read.id)),
            }
        }
        chain.head = (!before.is_empty()).then(|| hex::encode(before));
        Ok(chain)
    }
}

impl Tx {
    /// Adds a row to the audit trail.
    pub fn audit(
        &self,
        who: &str,
        what: &str,
        detail: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("insert into audit (at, who, what, detail) values (?1, ?2, ?3, ?4)")?
            .execute(params![now, who, what, detail])?;
        self.chain_audit()
    }

    /// Chains what stands behind the chain: the row just added, and once all that was there before.
    fn chain_audit(&self) -> Result<(), StoreError> {
        let last: Option<(i64, Vec<u8>)> = self
            .sql
            .prepare_cached(
                "select id, hash from audit where hash is not null order by id desc limit 1",
            )?
            .query_row((), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (id, mut before) = last.unwrap_or((i64::MIN, Vec::new()));
        let mut select = self.sql.prepare_cached(
            "select id, at, who, what, detail from audit where id > ?1 order by id",
        )?;
        let rows: Vec<AuditRow> = select
            .query_map([id], AuditRow::read)?
            .collect::<Result<_, _>>()?;
        let mut update = self
            .sql
            .prepare_cached("update audit set hash = ?2 where id = ?1")?;
        for row in rows {
            before = row.hash(&before).to_vec();
            update.execute(params![row.id, before])?;
        }
        Ok(())
    }
}
