//! Logging in, and what lasts from then on.

use std::net::IpAddr;

use secrecy::SecretString;
use thiserror::Error;

use super::{
    AccountError, Accounts, Actor, Csrf, PasswordFault, Role, SessionId, Theme, Token, UserId,
};
use crate::{config::Language, score::calendar::Millis, store::StoreError};

/// A session that is good now, and its user.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// The user's number.
    pub user_id: UserId,
    /// The user's login name.
    pub name: String,
    /// What the user may do now.
    pub role: Role,
    /// The user's own choice, if they made one.
    pub language: Option<Language>,
    /// The user's own choice, if they made one.
    pub theme: Option<Theme>,
    /// Whether the user typed the password again within the last five minutes; logging in does not count.
    pub stepped_up: bool,
    /// What its forms carry.
    pub csrf: Csrf,
}

/// A session with the token that only its holder gets: for the cookie.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// For the cookie, and nowhere else.
    pub token: Token,
    /// The session.
    pub session: Session,
}

/// A line in a user's list of sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// Its number.
    pub id: SessionId,
    /// When it began.
    pub created_at: Millis,
    /// When it was last used, to the minute.
    pub seen_at: Millis,
    /// From where it was begun.
    pub from: String,
}

/// Why nobody was let in.
#[derive(Debug, Error)]
pub enum LoginError {
    /// No such user, a wrong password, or a user who is disabled: nothing tells which.
    #[error("the name or the password is wrong")]
    Wrong,
    /// Too many attempts.
    #[error("too many attempts: try again in {0} s")]
    Wait(u64),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a password was not changed.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// The present password is wrong.
    #[error("the present password is wrong")]
    Wrong,
    /// Too many attempts.
    #[error("too many attempts: try again in {0} s")]
    Wait(u64),
    /// The new password will not do.
    #[error(transparent)]
    Password(#[from] PasswordFault),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Accounts {
    /// Lets somebody in. A session that the browser had before should be ended with [`Accounts::logout`].
    pub async fn login(
        &self,
        name: &str,
        password: &SecretString,
        from: IpAddr,
    ) -> Result<NewSession, LoginError> {
        let _ = (name, password, from);
        todo!()
    }

    /// The session of a token from a cookie; `None` if it is none, or has ended.
    pub async fn session(&self, token: &str) -> Result<Option<Session>, StoreError> {
        let _ = token;
        todo!()
    }

    /// Ends a session, as its user wished.
    pub async fn logout(&self, session: &Session) -> Result<(), StoreError> {
        let _ = session;
        todo!()
    }

    /// Takes the password again, before something that cannot be undone. The session goes on under a new
    /// token, which the cookie must get; the old token is good no more.
    pub async fn step_up(
        &self,
        session: &Session,
        password: &SecretString,
    ) -> Result<NewSession, LoginError> {
        let _ = (session, password);
        todo!()
    }

    /// Changes the user's own password. All their sessions end; what comes back is a new one.
    pub async fn change_password(
        &self,
        session: &Session,
        present: &SecretString,
        new: &SecretString,
    ) -> Result<NewSession, ChangeError> {
        let _ = (session, present, new);
        todo!()
    }

    /// A user's sessions that are good now, the one used last first.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<OpenSession>, StoreError> {
        let _ = user;
        todo!()
    }

    /// Ends one of a user's sessions.
    pub async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        actor: &Actor,
    ) -> Result<(), AccountError> {
        let _ = (user, session, actor);
        todo!()
    }
}
