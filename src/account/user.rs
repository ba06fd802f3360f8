//! Users, and what admins do to them.

use super::{AccountError, Accounts, Name, Role, Session, UserId};
use crate::{
    config::Language,
    score::calendar::Millis,
    store::{AccountRow, Conn, StoreError, Tx},
};

/// How the dashboard looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// Every theme.
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == text)
    }
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their number.
    pub id: UserId,
    /// Their login name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Their own choice, if they made one.
    pub language: Option<Language>,
    /// Their own choice, if they made one.
    pub theme: Option<Theme>,
    /// Since when.
    pub created_at: Millis,
    /// Since when they are let in no more.
    pub disabled_at: Option<Millis>,
}

/// Who does something to accounts, for the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A user of the dashboard.
    User(UserId, String),
    /// Somebody with a shell on this machine, by the name they have there; or the daemon.
    Operator(String),
}

impl From<&Session> for Actor {
    fn from(session: &Session) -> Self {
        Self::User(session.user_id, session.name.clone())
    }
}

impl Actor {
    /// The name in the audit trail.
    pub fn name(&self) -> &str {
        match self {
            Self::User(_, name) | Self::Operator(name) => name,
        }
    }
}

/// The language of that code.
pub(super) fn language(code: Option<&str>) -> Option<Language> {
    Language::ALL
        .into_iter()
        .find(|language| Some(language.code()) == code)
}

impl From<AccountRow> for User {
    fn from(row: AccountRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            role: row.role,
            language: language(row.language.as_deref()),
            theme: row.theme,
            created_at: row.created_at,
            disabled_at: row.disabled_at,
        }
    }
}

impl Accounts {
    /// All users, by name.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        let rows = self.inner.store.read_async(Conn::accounts).await?;
        Ok(rows.into_iter().map(User::from).collect())
    }

    /// Gives a user another role. Their sessions end; with a lesser role, so do the API tokens that they made.
    /// Only an operator may leave no admin.
    pub async fn set_role(
        &self,
        name: &str,
        role: Role,
        actor: &Actor,
    ) -> Result<(), AccountError> {
        self.change(name, Some(role), actor).await
    }

    /// Lets a user in no more. Their sessions end, and so do the API tokens that they made. Only an operator
    /// may leave no admin.
    pub async fn disable(&self, name: &str, actor: &Actor) -> Result<(), AccountError> {
        self.change(name, None, actor).await
    }

    /// Keeps how a user wants the dashboard; `None` is the configuration's language, the browser's theme.
    pub async fn set_preferences(
        &self,
        user: UserId,
        language: Option<Language>,
        theme: Option<Theme>,
    ) -> Result<(), StoreError> {
        let keep = move |tx: &Tx| tx.set_preferences(user, language.map(Language::code), theme);
        self.inner.store.write_async(keep).await
    }

    /// Another role, or none any more.
    async fn change(
        &self,
        name: &str,
        role: Option<Role>,
        actor: &Actor,
    ) -> Result<(), AccountError> {
        let name = Name::parse(name).map_err(|_| AccountError::NoUser)?;
        let (actor, now) = (actor.clone(), self.now());
        let change = move |tx: &Tx| {
            let row = tx.account_named(name.as_str())?;
            let Some(row) = row.filter(|row| row.disabled_at.is_none()) else {
                return Ok(Err(AccountError::NoUser));
            };
            let admin_goes = row.role == Role::Admin && role != Some(Role::Admin);
            let is_last =
                admin_goes && tx.accounts()?.iter().filter(|each| is_admin(each)).count() == 1;
            if is_last && matches!(actor, Actor::User(..)) {
                return Ok(Err(AccountError::LastAdmin));
            }
            let becomes = match role {
                Some(role) if role == row.role => return Ok(Ok(())),
                Some(role) => {
                    tx.set_role(row.id, role)?;
                    format!("{name} was {}, is {role}", row.role)
                }
                None => {
                    tx.disable_account(row.id, now)?;
                    format!("{name} was {}", row.role)
                }
            };
            let sessions = tx.end_sessions(row.id)?;
            let lesser = role.is_none_or(|role| role < row.role);
            let tokens = if lesser {
                tx.revoke_api_tokens_of(row.id, now)?
            } else {
                Vec::new()
            };
            let detail = format!(
                "{becomes}; {sessions} sessions and {} API tokens ended",
                tokens.len()
            );
            let what = if role.is_some() {
                "role"
            } else {
                "disable user"
            };
            tx.audit(actor.name(), what, &detail, now)?;
            Ok(Ok(()))
        };
        self.inner.store.write_async(change).await?
    }
}

fn is_admin(row: &AccountRow) -> bool {
    row.role == Role::Admin && row.disabled_at.is_none()
}
