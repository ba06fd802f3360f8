//! Which passwords will not do.

use thiserror::Error;

/// Why a password will not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordFault {
    /// Too short.
    #[error("a password has at least 12 characters")]
    TooShort,
    /// Too long.
    #[error("a password has at most 128 characters")]
    TooLong,
    /// It is the login name, or little more.
    #[error("the password is your name")]
    Name,
    /// One character, again and again.
    #[error("the password is one character, again and again")]
    OneCharacter,
    /// One of those that everybody tries first.
    #[error("this is one of the passwords that are tried first")]
    Common,
}

impl PasswordFault {
    /// The key under which pages translate it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::TooShort => "password-too-short",
            Self::TooLong => "password-too-long",
            Self::Name => "password-is-name",
            Self::OneCharacter => "password-one-character",
            Self::Common => "password-common",
        }
    }
}
