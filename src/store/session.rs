//! Sessions that have not ended. Those that time has ended go with the next one that begins.

use rusqlite::params;

use super::{
    Conn, Tx,
    account::{AccountRow, columns},
    error::StoreError,
};
use crate::{
    account::{SessionId, UserId},
    score::calendar::Millis,
};

/// A session as stored. Whether it is good now is the caller's to say.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Its number.
    pub id: SessionId,
    /// Its user.
    pub account: AccountRow,
    /// From where it was begun.
    pub begun_from: String,
    /// When it began.
    pub created_at: Millis,
    /// When it was last used, to the minute.
    pub seen_at: Millis,
    /// When the password was last typed again.
    pub stepped_up_at: Option<Millis>,
}

impl SessionRow {
    fn read(row: &rusqlite::Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            account: AccountRow::read(row)?,
            id: SessionId(row.get(8)?),
            begun_from: row.get(9)?,
            created_at: row.get(10)?,
            seen_at: row.get(11)?,
            stepped_up_at: row.get(12)?,
        })
    }
}

macro_rules! from_sessions {
    () => {
        concat!(
            "select ",
            columns!(),
            ", session.id, begun_from, session.created_at, seen_at, stepped_up_at
             from session join account on account.id = account_id "
        )
    };
}

impl Conn {
    /// The session of a token's digest.
    pub fn session(&self, digest: &[u8; 32]) -> Result<Option<SessionRow>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached(concat!(from_sessions!(), "where digest = ?1"))?;
        let mut rows = select.query(params![digest])?;
        rows.next()?.map(SessionRow::read).transpose()
    }

    /// A user's sessions, the one used last first.
    pub fn sessions_of(&self, user: UserId) -> Result<Vec<SessionRow>, StoreError> {
        let mut select = self.sql.prepare_cached(concat!(
            from_sessions!(),
            "where account_id = ?1 order by seen_at desc, session.id desc"
        ))?;
        let mut rows = select.query([user.0])?;
        let mut sessions = Vec::new();
        while let Some(row) = rows.next()? {
            sessions.push(SessionRow::read(row)?);
        }
        Ok(sessions)
    }
}

impl Tx {
    /// Begins a session.
    pub fn add_session(
        &self,
        digest: &[u8; 32],
        user: UserId,
        from: &str,
        now: Millis,
    ) -> Result<SessionId, StoreError> {
        self.sql
            .prepare_cached(
                "insert into session (digest, account_id, begun_from, created_at, seen_at) values (?1, ?2, ?3, ?4, ?4)",
            )?
            .execute(params![digest, user.0, from, now])?;
        Ok(SessionId(self.sql.last_insert_rowid()))
    }

    /// Forgets the sessions that were last used, or begun, no later than these.
    pub fn forget_sessions(&self, seen: Millis, created: Millis) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("delete from session where seen_at <= ?1 or created_at <= ?2")?
            .execute([seen, created])?;
        Ok(())
    }

    /// Keeps that a session was used, to the minute.
    pub fn see_session(&self, id: SessionId, now: Millis) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update session set seen_at = ?2 where id = ?1 and seen_at <= ?2 - 60000",
            )?
            .execute(params![id.0, now])?;
        Ok(())
    }

    /// Lets a session go on under another token: its password was typed again.
    pub fn step_up_session(
        &self,
        id: SessionId,
        digest: &[u8; 32],
        now: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update session set digest = ?2, stepped_up_at = ?3, seen_at = ?3 where id = ?1",
            )?
            .execute(params![id.0, digest, now])?;
        Ok(())
    }

    /// Ends one of a user's sessions; `false` if it is none of theirs.
    pub fn end_session(&self, user: UserId, id: SessionId) -> Result<bool, StoreError> {
        let ended = self
            .sql
            .prepare_cached("delete from session where id = ?1 and account_id = ?2")?
            .execute([id.0, user.0])?;
        Ok(ended > 0)
    }

    /// Ends all of a user's sessions; returns how many.
    pub fn end_sessions(&self, user: UserId) -> Result<usize, StoreError> {
        Ok(self
            .sql
            .prepare_cached("delete from session where account_id = ?1")?
            .execute([user.0])?)
    }
}
