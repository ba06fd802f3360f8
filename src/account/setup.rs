//! Setup links: how a user comes to be.

use std::net::IpAddr;

use secrecy::SecretString;
use thiserror::Error;

use super::{AccountError, Accounts, Actor, NameFault, NewSession, PasswordFault, Role, Token};
use crate::{score::calendar::Millis, store::StoreError};

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
    /// Whether anybody could let others in: without an enabled admin, only a setup link helps.
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        todo!()
    }

    /// Makes a setup link for a user of that role; good for 15 minutes, and once.
    pub async fn setup_link(&self, role: Role, actor: &Actor) -> Result<SetupLink, AccountError> {
        let _ = (role, actor);
        todo!()
    }

    /// Whether a link is good now.
    pub async fn is_setup_link(&self, token: &str) -> Result<bool, StoreError> {
        let _ = token;
        todo!()
    }

    /// Makes a user by a link, and lets them in. The name of a disabled user may be taken up again.
    pub async fn use_setup_link(
        &self,
        token: &str,
        name: &str,
        password: &SecretString,
        from: IpAddr,
    ) -> Result<NewSession, SetupError> {
        let _ = (token, name, password, from);
        todo!()
    }
}
