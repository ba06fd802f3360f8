//! Who may use the dashboard and the API: users, sessions, setup links, API tokens.
//!
//! Nobody is let in by default: the first user comes by a setup link that is
//! good once and for a quarter of an hour. Whatever a person holds (a password,
//! a session, a token) is kept as a digest, ends by itself, and can be ended.
//! Every event of this kind is in the audit trail. Nothing here knows HTTP.

mod api;
mod name;
mod password;
mod role;
mod session;
mod setup;
mod token;
mod user;

use std::sync::Arc;

use engaged_connectors::Clock;
use thiserror::Error;

pub use self::{
    api::{ApiToken, DAYS_DEFAULT, DAYS_MAX, NewApiToken},
    name::{Name, NameFault},
    password::PasswordFault,
    role::{Role, Scope},
    session::{ChangeError, LoginError, NewSession, OpenSession, Session},
    setup::{SetupError, SetupLink},
    token::{API_PREFIX, Csrf, Token},
    user::{Actor, Theme, User},
};
use crate::store::{Store, StoreError};

/// A user's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(pub i64);

/// A session's number: it opens nothing, and may stand in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub i64);

/// An API token's number: it opens nothing, and may stand in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiTokenId(pub i64);

/// All accounts of one database. Clones share what they count.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    clock: Arc<dyn Clock>,
}

/// Why something cannot be done to an account or a token.
#[derive(Debug, Error)]
pub enum AccountError {
    /// There is no such user, or they are disabled.
    #[error("there is no such user")]
    NoUser,
    /// There is no such session, setup link or token.
    #[error("there is none of that number")]
    NoneSuch,
    /// Without an admin nobody could let anybody in.
    #[error("this is the last admin")]
    LastAdmin,
    /// Where there is no admin, the next user must be one.
    #[error("the first user must be an admin")]
    FirstIsAdmin,
    /// A token needs a name of at most 64 characters.
    #[error("a token needs a name of at most 64 characters")]
    TokenName,
    /// A token without a scope is of no use.
    #[error("a token needs at least one scope")]
    NoScope,
    /// Tokens last 1 to 366 days.
    #[error("a token lasts 1 to 366 days")]
    Days,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Accounts {
    /// The accounts in a database.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }
}
