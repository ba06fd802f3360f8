//! API tokens: what programs present instead of a session.

use super::{
    AccountError, Accounts, Actor, ApiTokenId, MINUTE, Scope, Token, Used, name::invisible,
};
use crate::{
    score::calendar::Millis,
    store::{Conn, StoreError, Tx},
};

/// How long a token lasts where nobody says otherwise.
pub const DAYS_DEFAULT: u32 = 90;
/// How long a token lasts at most.
pub const DAYS_MAX: u32 = 366;
const DAY: Millis = 24 * 60 * MINUTE;
/// Characters of a token's name at most.
const NAME_MAX: usize = 64;

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
        let Some(token) = Token::presented_to_api(bearer) else {
            return Ok(None);
        };
        let digest = token.digest();
        let find = move |conn: &Conn| conn.api_token(&digest);
        let found = self.inner.store.read_async(find).await?;
        let now = self.now();
        let found = found.filter(|token| token.is_good(now));
        if let Some(token) = &found
            && token.used_at.is_none_or(|used| now - used >= MINUTE)
        {
            self.note(Used::Token(token.id), now);
        }
        Ok(found)
    }

    /// All tokens, the newest first; also those that are good no more.
    pub async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        self.inner.store.read_async(Conn::api_tokens).await
    }

    /// Makes a token that lasts so many days.
    pub async fn create_token(
        &self,
        name: &str,
        scopes: &[Scope],
        days: u32,
        actor: &Actor,
    ) -> Result<NewApiToken, AccountError> {
        let name = name.trim();
        let odd = |c: char| c != ' ' && invisible(c);
        if name.is_empty() || name.chars().count() > NAME_MAX || name.contains(odd) {
            return Err(AccountError::TokenName);
        }
        if scopes.is_empty() {
            return Err(AccountError::NoScope);
        }
        if !(1..=DAYS_MAX).contains(&days) {
            return Err(AccountError::Days);
        }
        let (token, actor, now) = (Token::for_api()?, actor.clone(), self.now());
        let mut listed = ApiToken {
            id: ApiTokenId(0),
            name: name.to_owned(),
            scopes: Scope::ALL
                .into_iter()
                .filter(|scope| scopes.contains(scope))
                .collect(),
            created_by: actor.name().to_owned(),
            created_at: now,
            expires_at: now + Millis::from(days) * DAY,
            used_at: None,
            revoked_at: None,
        };
        let digest = token.digest();
        let keep = move |tx: &Tx| {
            let maker = match &actor {
                Actor::User(id, _) => Some(*id),
                Actor::Operator(_) => None,
            };
            listed.id = tx.add_api_token(&digest, &listed, maker)?;
            let scopes: Vec<&str> = listed.scopes.iter().map(|scope| scope.as_str()).collect();
            let detail = format!(
                "{}: '{}' may {} for {days} days",
                listed.id.0,
                listed.name,
                scopes.join(", ")
            );
            tx.audit(actor.name(), "API token", &detail, now)?;
            Ok(listed)
        };
        let listed = self.inner.store.write_async(keep).await?;
        Ok(NewApiToken { token, listed })
    }

    /// Ends a token.
    pub async fn revoke_token(&self, token: ApiTokenId, actor: &Actor) -> Result<(), AccountError> {
        let (who, now) = (actor.name().to_owned(), self.now());
        let revoke = move |tx: &Tx| {
            let name = tx.revoke_api_token(token, now)?;
            if let Some(name) = &name {
                tx.audit(
                    &who,
                    "revoke API token",
                    &format!("{}: '{name}'", token.0),
                    now,
                )?;
            }
            Ok(name.is_some())
        };
        let revoked = self.inner.store.write_async(revoke).await?;
        revoked.then_some(()).ok_or(AccountError::NoneSuch)
    }
}
