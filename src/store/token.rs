//! API tokens. They stay listed when they are good no more.

use rusqlite::{OptionalExtension, Row, params};

use super::{Conn, Tx, error::StoreError};
use crate::{
    account::{ApiToken, ApiTokenId, Scope, UserId},
    score::calendar::Millis,
};

macro_rules! from_tokens {
    () => {
        "select id, name, scopes, created_by, created_at, expires_at, used_at, revoked_at from api_token "
    };
}

fn read(row: &Row<'_>) -> Result<ApiToken, StoreError> {
    let scopes: String = row.get(2)?;
    let scope = |text| {
        Scope::parse(text).ok_or_else(|| StoreError::damaged(format!("there is no scope '{text}'")))
    };
    Ok(ApiToken {
        id: ApiTokenId(row.get(0)?),
        name: row.get(1)?,
        scopes: scopes
            .split_whitespace()
            .map(scope)
            .collect::<Result<_, _>>()?,
        created_by: row.get(3)?,
        created_at: row.get(4)?,
        expires_at: row.get(5)?,
        used_at: row.get(6)?,
        revoked_at: row.get(7)?,
    })
}

impl Conn {
    /// The token of a digest, good or not.
    pub fn api_token(&self, digest: &[u8; 32]) -> Result<Option<ApiToken>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached(concat!(from_tokens!(), "where digest = ?1"))?;
        let mut rows = select.query(params![digest])?;
        rows.next()?.map(read).transpose()
    }

    /// All tokens, the newest first.
    pub fn api_tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached(concat!(from_tokens!(), "order by id desc"))?;
        let mut rows = select.query(())?;
        let mut tokens = Vec::new();
        while let Some(row) = rows.next()? {
            tokens.push(read(row)?);
        }
        Ok(tokens)
    }
}

impl Tx {
    /// Keeps a new token under its digest; the number in `token` is not looked at.
    pub fn add_api_token(
        &self,
        digest: &[u8; 32],
        token: &ApiToken,
        maker: Option<UserId>,
    ) -> Result<ApiTokenId, StoreError> {
        let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
        self.sql
            .prepare_cached(
                "insert into api_token (digest, name, scopes, account_id, created_by, created_at, expires_at)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                digest,
                token.name,
                scopes.join(" "),
                maker.map(|user| user.0),
                token.created_by,
                token.created_at,
                token.expires_at
            ])?;
        Ok(ApiTokenId(self.sql.last_insert_rowid()))
    }

    /// Keeps that a token was used, to the minute.
    pub fn see_api_token(&self, id: ApiTokenId, now: Millis) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update api_token set used_at = ?2 where id = ?1 and coalesce(used_at, 0) <= ?2 - 60000",
            )?
            .execute(params![id.0, now])?;
        Ok(())
    }

    /// Ends a token, and returns its name; `None` if there is none that had not been ended.
    pub fn revoke_api_token(
        &self,
        id: ApiTokenId,
        now: Millis,
    ) -> Result<Option<String>, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "update api_token set revoked_at = ?2 where id = ?1 and revoked_at is null returning name",
            )?
            .query_row(params![id.0, now], |row| row.get(0))
            .optional()?)
    }

    /// Ends the tokens that a user made; returns their numbers.
    pub fn revoke_api_tokens_of(
        &self,
        user: UserId,
        now: Millis,
    ) -> Result<Vec<ApiTokenId>, StoreError> {
        let mut update = self.sql.prepare_cached(
            "update api_token set revoked_at = ?2 where account_id = ?1 and revoked_at is null and expires_at > ?2
             returning id",
        )?;
        let rows = update.query_map(params![user.0, now], |row| row.get(0).map(ApiTokenId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
