//! Users, and what admins do to them.

use super::{AccountError, Accounts, Role, Session, UserId};
use crate::{config::Language, score::calendar::Millis, store::StoreError};

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

impl Accounts {
    /// All users, by name.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        todo!()
    }

    /// Gives a user another role. Their sessions end; with a lesser role, so do the API tokens that they made.
    pub async fn set_role(
        &self,
        name: &str,
        role: Role,
        actor: &Actor,
    ) -> Result<(), AccountError> {
        let _ = (name, role, actor);
        todo!()
    }

    /// Lets a user in no more. Their sessions end, and so do the API tokens that they made. Only an operator
    /// may disable the last admin.
    pub async fn disable(&self, name: &str, actor: &Actor) -> Result<(), AccountError> {
        let _ = (name, actor);
        todo!()
    }

    /// Keeps how a user wants the dashboard; `None` is the configuration's language, the browser's theme.
    pub async fn set_preferences(
        &self,
        user: UserId,
        language: Option<Language>,
        theme: Option<Theme>,
    ) -> Result<(), StoreError> {
        let _ = (user, language, theme);
        todo!()
    }
}
