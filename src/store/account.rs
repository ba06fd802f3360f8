//! Users, and the links by which they come to be.

use rusqlite::{OptionalExtension, Row, params};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Conn, Tx, error::StoreError};
use crate::{
    account::{Role, Theme, UserId},
    score::calendar::Millis,
};

/// A user as stored.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// Their number.
    pub id: UserId,
    /// Their login name, folded.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The password's hash, with its parameters.
    pub password: SecretString,
    /// Their language, as the configuration writes it.
    pub language: Option<String>,
    /// Their theme.
    pub theme: Option<Theme>,
    /// Since when.
    pub created_at: Millis,
    /// Since when they are let in no more.
    pub disabled_at: Option<Millis>,
}

/// What [`AccountRow::read`] reads, wherever the table stands in the statement.
macro_rules! columns {
    () => {
        "account.id, account.name, account.role, account.password, account.language, account.theme, \
         account.created_at, account.disabled_at"
    };
}
pub(super) use columns;

impl AccountRow {
    /// From a row that begins with `columns!`.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let theme: Option<String> = row.get(5)?;
        Ok(Self {
            id: UserId(row.get(0)?),
            name: row.get(1)?,
            role: role(&row.get::<_, String>(2)?)?,
            password: SecretString::from(row.get::<_, String>(3)?),
            language: row.get(4)?,
            theme: theme.as_deref().and_then(Theme::parse),
            created_at: row.get(6)?,
            disabled_at: row.get(7)?,
        })
    }
}

fn role(text: &str) -> Result<Role, StoreError> {
    Role::parse(text).ok_or_else(|| StoreError::damaged(format!("there is no role '{text}'")))
}

impl Conn {
    /// All users, by name.
    pub fn accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        let mut select = self.sql.prepare_cached(concat!(
            "select ",
            columns!(),
            " from account order by name"
        ))?;
        let mut rows = select.query(())?;
        let mut accounts = Vec::new();
        while let Some(row) = rows.next()? {
            accounts.push(AccountRow::read(row)?);
        }
        Ok(accounts)
    }

    /// The user of a folded name.
    pub fn account_named(&self, name: &str) -> Result<Option<AccountRow>, StoreError> {
        let mut select = self.sql.prepare_cached(concat!(
            "select ",
            columns!(),
            " from account where name = ?1"
        ))?;
        let mut rows = select.query([name])?;
        rows.next()?.map(AccountRow::read).transpose()
    }

    /// The user of a number.
    pub fn account(&self, id: UserId) -> Result<Option<AccountRow>, StoreError> {
        let mut select = self.sql.prepare_cached(concat!(
            "select ",
            columns!(),
            " from account where id = ?1"
        ))?;
        let mut rows = select.query([id.0])?;
        rows.next()?.map(AccountRow::read).transpose()
    }

    /// Whether there is an admin who is let in.
    pub fn has_admin(&self) -> Result<bool, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select exists (select 1 from account where role = 'admin' and disabled_at is null)",
            )?
            .query_row((), |row| row.get(0))?)
    }

    /// What a user made by a link will be; `None` if the link is good no more.
    pub fn setup_link(&self, digest: &[u8; 32], now: Millis) -> Result<Option<Role>, StoreError> {
        let found: Option<(String, bool)> = self
            .sql
            .prepare_cached(
                "select role, first from setup_link where digest = ?1 and expires_at > ?2",
            )?
            .query_row(params![digest, now], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match found {
            Some((text, first)) if !first || !self.has_admin()? => Ok(Some(role(&text)?)),
            _ => Ok(None),
        }
    }
}

impl Tx {
    /// Keeps a link, and forgets those that have expired.
    pub fn add_setup_link(
        &self,
        digest: &[u8; 32],
        role: Role,
        first: bool,
        expires_at: Millis,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("delete from setup_link where expires_at <= ?1")?
            .execute([now])?;
        self.sql
            .prepare_cached(
                "insert into setup_link (digest, role, first, expires_at) values (?1, ?2, ?3, ?4)",
            )?
            .execute(params![digest, role.as_str(), first, expires_at])?;
        Ok(())
    }

    /// Uses a link up.
    pub fn forget_setup_link(&self, digest: &[u8; 32]) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("delete from setup_link where digest = ?1")?
            .execute(params![digest])?;
        Ok(())
    }

    /// Adds a user, or takes up again one who was disabled; `None` if somebody has the name.
    pub fn add_account(
        &self,
        name: &str,
        role: Role,
        password: &SecretString,
        now: Millis,
    ) -> Result<Option<UserId>, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "insert into account (name, role, password, created_at) values (?1, ?2, ?3, ?4)
                 on conflict do update set role = excluded.role, password = excluded.password, disabled_at = null
                 where disabled_at is not null returning id",
            )?
            .query_row(
                params![name, role.as_str(), password.expose_secret(), now],
                |row| row.get(0).map(UserId),
            )
            .optional()?)
    }

    /// Keeps another hash, if the password is still what it was.
    pub fn set_password(
        &self,
        id: UserId,
        was: &SecretString,
        becomes: &SecretString,
    ) -> Result<bool, StoreError> {
        let changed = self
            .sql
            .prepare_cached(
                "update account set password = ?3 where id = ?1 and password = ?2 and disabled_at is null",
            )?
            .execute(params![id.0, was.expose_secret(), becomes.expose_secret()])?;
        Ok(changed > 0)
    }

    /// Gives a user another role.
    pub fn set_role(&self, id: UserId, role: Role) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("update account set role = ?2 where id = ?1")?
            .execute(params![id.0, role.as_str()])?;
        Ok(())
    }

    /// Lets a user in no more.
    pub fn disable_account(&self, id: UserId, now: Millis) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update account set disabled_at = ?2 where id = ?1 and disabled_at is null",
            )?
            .execute(params![id.0, now])?;
        Ok(())
    }

    /// Keeps a user's own choices.
    pub fn set_preferences(
        &self,
        id: UserId,
        language: Option<&str>,
        theme: Option<Theme>,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("update account set language = ?2, theme = ?3 where id = ?1")?
            .execute(params![id.0, language, theme.map(Theme::as_str)])?;
        Ok(())
    }
}
