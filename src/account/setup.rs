//! Setup links: how a user comes to be.

use std::net::IpAddr;

use secrecy::SecretString;
use thiserror::Error;

use super::{
    AccountError, Accounts, Actor, MINUTE, Name, NameFault, NewSession, PasswordFault, Role, Token,
    session,
};
use crate::{
    score::calendar::Millis,
    store::{Conn, StoreError, Tx},
};

/// How long a link is good.
const GOOD: Millis = 15 * MINUTE;

/// A link by which one user can be made, once.
#[derive(Clone, Debug)]
pub struct SetupLink {
    /// Shown once.
    pub token: Token,
    /// What the user will be.
    pub role: Role,
    /// From when on it is good no more.
    pub expires_at: Millis,
}

impl SetupLink {
    /// The link's path on the dashboard.
    pub fn path(&self) -> String {
        format!("/setup/{}", self.token.reveal())
    }
}

/// Why a setup link made no user.
#[derive(Debug, Error)]
pub enum SetupError {
    /// The link was used, has expired, or never was one.
    #[error("this link was used or has expired; make another with `engaged web setup-link`")]
    Spent,
    /// The name will not do.
    #[error(transparent)]
    Name(#[from] NameFault),
    /// Somebody has this name.
    #[error("somebody has this name already")]
    Taken,
    /// The password will not do.
    #[error(transparent)]
    Password(#[from] PasswordFault),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Accounts {
    /// Whether there is an admin who is let in. Without one, only a setup link helps.
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        self.inner.store.read_async(Conn::has_admin).await
    }

    /// Makes a setup link for a user of that role; good for 15 minutes, and once. One that was made while there
    /// was no admin ends when there is one.
    pub async fn setup_link(&self, role: Role, actor: &Actor) -> Result<SetupLink, AccountError> {
        let (token, now) = (Token::generate()?, self.now());
        let (digest, who, expires_at) = (token.digest(), actor.name().to_owned(), now + GOOD);
        let keep = move |tx: &Tx| {
            let first = !tx.has_admin()?;
            if first && role != Role::Admin {
                return Ok(false);
            }
            tx.add_setup_link(&digest, role, first, expires_at, now)?;
            tx.audit(&who, "setup link", &format!("for a new {role}"), now)?;
            Ok(true)
        };
        if !self.inner.store.write_async(keep).await? {
            return Err(AccountError::FirstIsAdmin);
        }
        Ok(SetupLink {
            token,
            role,
            expires_at,
        })
    }

    /// Whether a link is good now.
    pub async fn is_setup_link(&self, token: &str) -> Result<bool, StoreError> {
        let Some(token) = Token::presented(token) else {
            return Ok(false);
        };
        let (digest, now) = (token.digest(), self.now());
        let find = move |conn: &Conn| conn.setup_link(&digest, now);
        Ok(self.inner.store.read_async(find).await?.is_some())
    }

    /// Makes a user by a link, and lets them in. The name of a disabled user may be taken up again.
    pub async fn use_setup_link(
        &self,
        link: &str,
        name: &str,
        password: &SecretString,
        from: IpAddr,
    ) -> Result<NewSession, SetupError> {
        // Nothing is hashed for who has no link.
        if !self.is_setup_link(link).await? {
            return Err(SetupError::Spent);
        }
        let link = Token::presented(link).ok_or(SetupError::Spent)?.digest();
        let name = Name::parse(name)?;
        if let Some(fault) = PasswordFault::of(password, &name) {
            return Err(fault.into());
        }
        let password = self.inner.hasher.hash(password).await?;
        let (token, now) = (Token::generate()?, self.now());
        let make = move |tx: &Tx| {
            let Some(role) = tx.setup_link(&link, now)? else {
                return Ok(Err(SetupError::Spent));
            };
            let Some(user) = tx.add_account(name.as_str(), role, &password, now)? else {
                return Ok(Err(SetupError::Taken));
            };
            tx.forget_setup_link(&link)?;
            let detail = format!("{name} is {role}, from {from}");
            tx.audit(name.as_str(), "setup link used", &detail, now)?;
            let session = session::begin(tx, user, &token, &from.to_string(), now)?;
            Ok(Ok(NewSession { token, session }))
        };
        self.inner.store.write_async(make).await?
    }
}
