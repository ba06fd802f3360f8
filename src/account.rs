//! Who may use the dashboard and the API: users, sessions, setup links, API tokens.
//!
//! Nobody is let in by default: the first user comes by a setup link that is
//! good once and for a quarter of an hour. Whatever a person holds (a password,
//! a session, a token) is kept as a digest, ends by itself, and can be ended.
//! Every event of this kind is in the audit trail. Nothing here knows HTTP.

mod api;
mod hash;
mod name;
mod password;
mod role;
mod session;
mod setup;
mod throttle;
mod token;
mod user;

#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    hash::RandomState,
    sync::{Arc, Mutex, PoisonError},
};

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
use self::{hash::Hasher, throttle::Throttle};
use crate::{
    score::calendar::Millis,
    store::{Store, StoreError, Tx},
};

/// A user's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(pub i64);

/// A session's number: it opens nothing, and may stand in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub i64);

/// An API token's number: it opens nothing, and may stand in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiTokenId(pub i64);

/// A minute: how exactly it is known when something was last used.
const MINUTE: Millis = 60_000;

/// All accounts of one database. Clones share what they count; a process has one.
#[derive(Clone)]
pub struct Accounts {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    hasher: Hasher,
    throttle: Throttle,
    /// What is being noted as used.
    noting: Mutex<HashSet<Used>>,
    /// Under which names that nobody has stand in the audit trail: as numbers, alike until the process ends.
    unknown_names: RandomState,
}

/// What was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Used {
    Session(SessionId),
    Token(ApiTokenId),
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
        let inner = Inner {
            store,
            clock,
            hasher: Hasher::new(),
            throttle: Throttle::default(),
            noting: Mutex::default(),
            unknown_names: RandomState::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    fn now(&self) -> Millis {
        self.inner.clock.now().timestamp_millis()
    }

    /// Keeps that something was used. Nobody waits for it: a page must not be held up by whatever writes.
    fn note(&self, used: Used, now: Millis) {
        let noting = |accounts: &Self, change: &dyn Fn(&mut HashSet<Used>) -> bool| {
            let lock = accounts.inner.noting.lock();
            change(&mut lock.unwrap_or_else(PoisonError::into_inner))
        };
        if !noting(self, &|noting| noting.insert(used)) {
            return;
        }
        let accounts = self.clone();
        tokio::spawn(async move {
            let write = move |tx: &Tx| match used {
                Used::Session(id) => tx.see_session(id, now),
                Used::Token(id) => tx.see_api_token(id, now),
            };
            if let Err(error) = accounts.inner.store.write_async(write).await {
                tracing::warn!(%error, "that a session or a token was used could not be kept");
            }
            noting(&accounts, &|noting| noting.remove(&used));
        });
    }
}
