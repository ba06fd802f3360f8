//! Passwords to hashes: Argon2id, two at once at most, so that a flood of logins cannot use up the memory.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::phc::PasswordHash,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use super::token::random;
use crate::store::StoreError;

/// Hashes at once.
const AT_ONCE: usize = 2;
/// KiB of memory: the least that OWASP advises.
const MEMORY: u32 = 19 * 1024;
/// Passes over it.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;
/// No longer text is looked at; a password is refused at 128 characters, of up to four bytes.
const BYTES_MAX: usize = 512;

/// A salt and a hash that no password gives: what is compared for a user who does not exist.
const NOBODY: &str = "bm9ib2R5IGhhcyB0aGlzIQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The one place where passwords are hashed. Clones share its two places.
#[derive(Clone)]
pub(super) struct Hasher {
    room: Arc<Semaphore>,
}

/// What comparing a password gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Compared {
    /// Whether it is the one.
    pub(super) right: bool,
    /// Whether its hash is weaker than those made today.
    pub(super) weak: bool,
}

impl Hasher {
    pub(super) fn new() -> Self {
        Self {
            room: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// A hash with its salt and parameters, as it is kept.
    pub(super) async fn hash(&self, password: &SecretString) -> Result<SecretString, StoreError> {
        let password = password.clone();
        self.apart(move || hash(&password)).await?
    }

    /// Compares a password with a hash; takes as long where there is none.
    pub(super) async fn compare(
        &self,
        password: &SecretString,
        kept: Option<&SecretString>,
    ) -> Result<Compared, StoreError> {
        let (password, kept) = (password.clone(), kept.cloned());
        self.apart(move || compare(&password, kept.as_ref()))
            .await?
    }

    /// Runs a job on a thread made for blocking, when there is room.
    async fn apart<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let room = Arc::clone(&self.room).acquire_owned().await;
        let room = room.map_err(|error| StoreError::bug(error.to_string()))?;
        let task = tokio::task::spawn_blocking(move || {
            // Given back when the hash is done, also if nobody waits for it any more.
            let _room = room;
            job()
        });
        task.await.map_err(|error| StoreError::ended(&error))
    }
}

fn argon2() -> Result<Argon2<'static>, StoreError> {
    let params = Params::new(MEMORY, PASSES, LANES, None).map_err(failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &SecretString) -> Result<SecretString, StoreError> {
    let random = random()?;
    let (salt, _) = random.as_chunks::<16>();
    hash_with(&argon2()?, password, &salt[0])
}

fn hash_with(
    argon2: &Argon2<'_>,
    password: &SecretString,
    salt: &[u8; 16],
) -> Result<SecretString, StoreError> {
    let password = password.expose_secret().as_bytes();
    let hash: PasswordHash = argon2
        .hash_password_with_salt(password, salt)
        .map_err(failed)?;
    Ok(SecretString::from(hash.to_string()))
}

fn compare(password: &SecretString, kept: Option<&SecretString>) -> Result<Compared, StoreError> {
    let fits = password.expose_secret().len() <= BYTES_MAX;
    let kept = kept.filter(|_| fits);
    let text = match kept {
        Some(kept) => kept.expose_secret().to_owned(),
        None => format!("$argon2id$v=19$m={MEMORY},t={PASSES},p={LANES}${NOBODY}"),
    };
    let hash = PasswordHash::new(&text).map_err(|error| StoreError::Damaged {
        detail: format!("a password's hash: {error}"),
    })?;
    let password = if fits { password.expose_secret() } else { "" };
    let right = match argon2()?.verify_password(password.as_bytes(), &hash) {
        Ok(()) => kept.is_some(),
        Err(argon2::password_hash::Error::PasswordInvalid) => false,
        Err(error) => return Err(failed(error)),
    };
    Ok(Compared {
        right,
        weak: is_weak(&hash),
    })
}

/// Whether a hash was made with less than is asked today.
fn is_weak(hash: &PasswordHash) -> bool {
    let floor = Params::try_from(hash).is_ok_and(|params| {
        params.m_cost() >= MEMORY && params.t_cost() >= PASSES && params.p_cost() >= LANES
    });
    let newest = hash.version == Some(Version::V0x13.into());
    !(floor && newest && hash.algorithm == Algorithm::Argon2id.ident())
}

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::bug(format!("a password could not be hashed: {error}"))
}

#[cfg(test)]
mod tests {
    use std::sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    };

    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn a_hash_is_argon2id_with_no_less_than_the_floor_and_its_own_salt() {
        let (one, other) = (
            hash(&secret("a password")).unwrap(),
            hash(&secret("a password")).unwrap(),
        );
        assert!(
            one.expose_secret()
                .starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            one.expose_secret()
        );
        assert_ne!(one.expose_secret(), other.expose_secret());
        let right = compare(&secret("a password"), Some(&one)).unwrap();
        assert_eq!(
            right,
            Compared {
                right: true,
                weak: false
            }
        );
        assert!(!compare(&secret("A password"), Some(&one)).unwrap().right);
    }

    #[test]
    fn a_hash_below_the_floor_is_weak_and_still_right() {
        for (memory, passes) in [(MEMORY - 1, PASSES), (MEMORY, PASSES - 1), (8, 1)] {
            let params = Params::new(memory, passes, 1, None).unwrap();
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let kept = hash_with(&argon2, &secret("a password"), &[7; 16]).unwrap();
            let compared = compare(&secret("a password"), Some(&kept)).unwrap();
            assert_eq!(
                compared,
                Compared {
                    right: true,
                    weak: true
                }
            );
        }
        let params = Params::new(MEMORY, PASSES, LANES, None).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2i, Version::V0x13, params);
        let kept = hash_with(&argon2, &secret("a password"), &[7; 16]).unwrap();
        assert!(compare(&secret("a password"), Some(&kept)).unwrap().weak);
    }

    #[test]
    fn for_a_user_who_does_not_exist_as_much_is_computed_and_nothing_is_right() {
        // Not weak means: the very parameters of a real hash.
        let nobody = Compared {
            right: false,
            weak: false,
        };
        assert_eq!(compare(&secret("a password"), None).unwrap(), nobody);
        assert_eq!(
            compare(&secret(&"x".repeat(1_000_000)), None).unwrap(),
            nobody
        );
        let kept = hash(&secret("")).unwrap();
        assert!(
            !compare(&secret(&"x".repeat(513)), Some(&kept))
                .unwrap()
                .right
        );
    }

    #[tokio::test]
    async fn no_more_than_two_hash_at_once() {
        let hasher = Hasher::new();
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (begun, begins) = mpsc::channel();
        let mut ends = Vec::new();
        let mut tasks = Vec::new();
        for _ in 0..6 {
            let (hasher, running, most, begun) =
                (hasher.clone(), running.clone(), most.clone(), begun.clone());
            let (end, ended) = mpsc::channel::<()>();
            ends.push(end);
            tasks.push(tokio::spawn(async move {
                let job = move || {
                    let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    begun.send(()).unwrap();
                    // Until its sender is dropped.
                    let _ = ended.recv();
                    running.fetch_sub(1, Ordering::SeqCst);
                };
                hasher.apart(job).await.unwrap();
            }));
        }
        // On this one thread every task has asked for room after its first turn.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        assert_eq!(hasher.room.available_permits(), 0);
        for _ in 0..AT_ONCE {
            begins.recv().unwrap();
        }
        assert_eq!(most.load(Ordering::SeqCst), 2);
        // A caller that goes away does not make room before its hash is done.
        tasks[0].abort();
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        assert_eq!(
            (
                hasher.room.available_permits(),
                running.load(Ordering::SeqCst)
            ),
            (0, 2)
        );
        drop(ends);
        for task in tasks {
            let _ = task.await;
        }
        assert_eq!(most.load(Ordering::SeqCst), 2);
    }
}
