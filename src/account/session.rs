//! Logging in, and what lasts from then on.

use std::{hash::BuildHasher as _, net::IpAddr};

use secrecy::SecretString;
use thiserror::Error;

use super::{
    AccountError, Accounts, Actor, Csrf, MINUTE, Name, PasswordFault, Role, SessionId, Theme,
    Token, Used, UserId,
    hash::Compared,
    throttle::{Attempt, Source},
    user::language,
};
use crate::{
    config::Language,
    score::calendar::Millis,
    store::{AccountRow, Conn, SessionRow, StoreError, Tx},
};

/// A session that is not used for so long has ended.
const IDLE: Millis = 60 * MINUTE;
/// A session ends after so long, whatever is done in it.
const ABSOLUTE: Millis = 12 * 60 * MINUTE;
/// How long it counts that the password was typed again.
const STEP_UP: Millis = 5 * MINUTE;

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

impl Session {
    fn of(row: &SessionRow, token: &Token, now: Millis) -> Self {
        Self {
            id: row.id,
            user_id: row.account.id,
            name: row.account.name.clone(),
            role: row.account.role,
            language: language(row.account.language.as_deref()),
            theme: row.account.theme,
            stepped_up: row.stepped_up_at.is_some_and(|at| now - at < STEP_UP),
            csrf: token.csrf(),
        }
    }
}

/// Whether a session is good at an instant.
fn is_open(row: &SessionRow, now: Millis) -> bool {
    row.account.disabled_at.is_none() && now - row.seen_at < IDLE && now - row.created_at < ABSOLUTE
}

/// One of a user's sessions, if it is good at an instant.
fn open_one(
    tx: &Tx,
    user: UserId,
    id: SessionId,
    now: Millis,
) -> Result<Option<SessionRow>, StoreError> {
    let mut rows = tx.sessions_of(user)?.into_iter();
    Ok(rows.find(|row| row.id == id && is_open(row, now)))
}

/// Begins a session of a user, in the transaction that let them in.
pub(super) fn begin(
    tx: &Tx,
    user: UserId,
    token: &Token,
    from: &str,
    now: Millis,
) -> Result<Session, StoreError> {
    tx.forget_sessions(now - IDLE, now - ABSOLUTE)?;
    tx.add_session(&token.digest(), user, from, now)?;
    let row = tx.session(&token.digest())?;
    let row = row.ok_or_else(|| StoreError::bug("a session that just began is not there"))?;
    Ok(Session::of(&row, token, now))
}

impl Accounts {
    /// Lets somebody in. A session that the browser had before should be ended with [`Accounts::logout`].
    pub async fn login(
        &self,
        name: &str,
        password: &SecretString,
        from: IpAddr,
    ) -> Result<NewSession, LoginError> {
        let attempt = self.attempt(Source::of(from))?;
        let typed = Name::parse(name).ok();
        let wanted = typed.clone();
        let find = move |conn: &Conn| match &wanted {
            Some(name) => conn.account_named(name.as_str()),
            None => Ok(None),
        };
        let row = self.inner.store.read_async(find).await?;
        let row = row.filter(|row| row.disabled_at.is_none());
        let compared = self.compare(password, row.as_ref()).await?;
        let origin = format!("from {from}");
        let begun = match row.as_ref().filter(|_| compared.right) {
            Some(row) => self.let_in(row, from).await?,
            None => None,
        };
        let Some(new) = begun else {
            let who = row.map_or_else(|| self.unknown(typed.as_ref()), |row| row.name);
            self.audit(who, "login failed", origin).await?;
            return Err(LoginError::Wrong);
        };
        self.inner.throttle.forgive(&attempt);
        if let Some(row) = row.filter(|_| compared.weak) {
            self.hash_again(&row, password).await?;
        }
        Ok(new)
    }

    /// The session of a token from a cookie; `None` if it is none, or has ended.
    pub async fn session(&self, token: &str) -> Result<Option<Session>, StoreError> {
        let Some(token) = Token::presented(token) else {
            return Ok(None);
        };
        let digest = token.digest();
        let find = move |conn: &Conn| conn.session(&digest);
        let row = self.inner.store.read_async(find).await?;
        let now = self.now();
        let Some(row) = row.filter(|row| is_open(row, now)) else {
            return Ok(None);
        };
        if now - row.seen_at >= MINUTE {
            self.note(Used::Session(row.id), now);
        }
        Ok(Some(Session::of(&row, &token, now)))
    }

    /// Ends a session, as its user wished.
    pub async fn logout(&self, session: &Session) -> Result<(), StoreError> {
        let (user, id, name, now) = (
            session.user_id,
            session.id,
            session.name.clone(),
            self.now(),
        );
        let end = move |tx: &Tx| {
            if tx.end_session(user, id)? {
                tx.audit(&name, "logout", &format!("session {}", id.0), now)?;
            }
            Ok(())
        };
        self.inner.store.write_async(end).await
    }

    /// Takes the password again, before something that cannot be undone. The session goes on under a new
    /// token, which the cookie must get; the old token is good no more.
    pub async fn step_up(
        &self,
        session: &Session,
        password: &SecretString,
    ) -> Result<NewSession, LoginError> {
        let (attempt, row) = self.own(session, password).await?;
        let Some(_) = row else {
            return Err(LoginError::Wrong);
        };
        let (token, user, id, now) = (Token::generate()?, session.user_id, session.id, self.now());
        let digest = token.digest();
        let renew = move |tx: &Tx| {
            if open_one(tx, user, id, now)?.is_none() {
                return Ok(None);
            }
            tx.step_up_session(id, &digest, now)?;
            tx.session(&digest)
        };
        let row = self.inner.store.write_async(renew).await?;
        let Some(row) = row else {
            return Err(LoginError::Wrong);
        };
        self.inner.throttle.forgive(&attempt);
        let session = Session::of(&row, &token, now);
        Ok(NewSession { token, session })
    }

    /// Changes the user's own password. All their sessions end; what comes back is a new one.
    pub async fn change_password(
        &self,
        session: &Session,
        present: &SecretString,
        new: &SecretString,
    ) -> Result<NewSession, ChangeError> {
        let name =
            Name::parse(&session.name).map_err(|fault| StoreError::bug(fault.to_string()))?;
        if let Some(fault) = PasswordFault::of(new, &name) {
            return Err(fault.into());
        }
        let (attempt, row) = self.own(session, present).await?;
        let row = row.ok_or(ChangeError::Wrong)?;
        let becomes = self.inner.hasher.hash(new).await?;
        let (token, id, now) = (Token::generate()?, session.id, self.now());
        let change = move |tx: &Tx| {
            let Some(present) = open_one(tx, row.id, id, now)? else {
                return Ok(None);
            };
            if !tx.set_password(row.id, &row.password, &becomes)? {
                return Ok(None);
            }
            let ended = tx.end_sessions(row.id)?;
            let detail = format!("changed; {ended} sessions ended");
            tx.audit(&row.name, "password", &detail, now)?;
            let session = begin(tx, row.id, &token, &present.begun_from, now)?;
            Ok(Some(NewSession { token, session }))
        };
        let changed = self.inner.store.write_async(change).await?;
        self.inner.throttle.forgive(&attempt);
        changed.ok_or(ChangeError::Wrong)
    }

    /// A user's sessions that are good now, the one used last first.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<OpenSession>, StoreError> {
        let find = move |conn: &Conn| conn.sessions_of(user);
        let rows = self.inner.store.read_async(find).await?;
        let now = self.now();
        let open = rows.into_iter().filter(|row| is_open(row, now));
        let open = open.map(|row| OpenSession {
            id: row.id,
            created_at: row.created_at,
            seen_at: row.seen_at,
            from: row.begun_from,
        });
        Ok(open.collect())
    }

    /// Ends one of a user's sessions.
    pub async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        actor: &Actor,
    ) -> Result<(), AccountError> {
        let (who, now) = (actor.name().to_owned(), self.now());
        let end = move |tx: &Tx| {
            let ended = tx.end_session(user, session)?;
            if ended {
                let name = tx.account(user)?.map(|row| row.name).unwrap_or_default();
                let detail = format!("session {} of {name}", session.0);
                tx.audit(&who, "end session", &detail, now)?;
            }
            Ok(ended)
        };
        let ended = self.inner.store.write_async(end).await?;
        ended.then_some(()).ok_or(AccountError::NoneSuch)
    }

    fn attempt(&self, source: Source) -> Result<Attempt, LoginError> {
        let attempt = self.inner.throttle.begin(source, self.now());
        attempt.map_err(LoginError::Wait)
    }

    async fn compare(
        &self,
        password: &SecretString,
        row: Option<&AccountRow>,
    ) -> Result<Compared, StoreError> {
        let kept = row.map(|row| &row.password);
        self.inner.hasher.compare(password, kept).await
    }

    /// The user of a session, if this is their password; `None` is in the audit trail.
    async fn own(
        &self,
        session: &Session,
        password: &SecretString,
    ) -> Result<(Attempt, Option<AccountRow>), LoginError> {
        let user = session.user_id;
        let attempt = self.attempt(Source::User(user))?;
        let find = move |conn: &Conn| conn.account(user);
        let row = self.inner.store.read_async(find).await?;
        let row = row.filter(|row| row.disabled_at.is_none());
        let compared = self.compare(password, row.as_ref()).await?;
        let row = row.filter(|_| compared.right);
        if row.is_none() {
            let detail = format!("session {}", session.id.0);
            self.audit(session.name.clone(), "step-up failed", detail)
                .await?;
        }
        Ok((attempt, row))
    }

    /// Begins a session, if the user is still who was found.
    async fn let_in(
        &self,
        row: &AccountRow,
        from: IpAddr,
    ) -> Result<Option<NewSession>, StoreError> {
        let (row, token, now) = (row.clone(), Token::generate()?, self.now());
        let begin = move |tx: &Tx| {
            // What was compared may have been changed meanwhile.
            if !tx.set_password(row.id, &row.password, &row.password)? {
                return Ok(None);
            }
            tx.audit(&row.name, "login", &format!("from {from}"), now)?;
            let session = begin(tx, row.id, &token, &from.to_string(), now)?;
            Ok(Some(NewSession { token, session }))
        };
        self.inner.store.write_async(begin).await
    }

    /// Replaces a hash that was made with less than is asked today.
    async fn hash_again(
        &self,
        row: &AccountRow,
        password: &SecretString,
    ) -> Result<(), StoreError> {
        let becomes = self.inner.hasher.hash(password).await?;
        let (id, was) = (row.id, row.password.clone());
        let keep = move |tx: &Tx| tx.set_password(id, &was, &becomes).map(drop);
        self.inner.store.write_async(keep).await
    }

    /// A name that nobody has, for the audit trail: it may be a password that was typed in the wrong place.
    fn unknown(&self, name: Option<&Name>) -> String {
        match name {
            Some(name) => format!("unknown {:016x}", self.inner.unknown_names.hash_one(name)),
            None => "no name".to_owned(),
        }
    }

    async fn audit(
        &self,
        who: String,
        what: &'static str,
        detail: String,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let write = move |tx: &Tx| tx.audit(&who, what, &detail, now);
        self.inner.store.write_async(write).await
    }
}

impl From<LoginError> for ChangeError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Wrong => Self::Wrong,
            LoginError::Wait(seconds) => Self::Wait(seconds),
            LoginError::Store(error) => Self::Store(error),
        }
    }
}
