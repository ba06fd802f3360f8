//! API tokens: what programs present instead of a session.

use super::{AccountError, Accounts, Actor, ApiTokenId, Scope, Token};
use crate::{score::calendar::Millis, store::StoreError};

/// How long a token lasts where nobody says otherwise.
pub const DAYS_DEFAULT: u32 = 90;
/// How long a token lasts at most.
pub const DAYS_MAX: u32 = 366;

/// An API token, without the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its number.
    pub id: ApiTokenId,
    /// What it is for.
    pub name: String,
    /// What its holder may do, in the order of [`Scope::ALL`].
    pub scopes: Vec<Scope>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Millis,
    /// From when on it is good no more.
    pub expires_at: Millis,
    /// When it was last used, to the minute.
    pub used_at: Option<Millis>,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
}

impl ApiToken {
    /// Whether its holder may do this.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Whether it is good at an instant.
    pub fn is_good(&self, now: Millis) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// A token that was just made: shown once.
#[derive(Clone, Debug)]
pub struct NewApiToken {
    /// For its holder, and nowhere else.
    pub token: Token,
    /// What it is.
    pub listed: ApiToken,
}

impl Accounts {
    /// The token that somebody presents as `Bearer`; `None` if it is none, or is good no more.
    pub async fn token(&self, bearer: &str) -> Result<Option<ApiToken>, StoreError> {
        let _ = bearer;
        todo!()
    }

    /// All tokens, the newest first; also those that are good no more.
    pub async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        todo!()
    }

    /// Makes a token that lasts so many days.
    pub async fn create_token(
        &self,
        name: &str,
        scopes: &[Scope],
        days: u32,
        actor: &Actor,
    ) -> Result<NewApiToken, AccountError> {
        let _ = (name, scopes, days, actor);
        todo!()
    }

    /// Ends a token.
    pub async fn revoke_token(&self, token: ApiTokenId, actor: &Actor) -> Result<(), AccountError> {
        let _ = (token, actor);
        todo!()
    }
}
