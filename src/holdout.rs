//! Who is left alone, to see what acting on the others does: by a hash, so that it is the same on each run.

use sha2::{Digest, Sha256};

/// Whether a key is among the share that is held out. Another salt holds out others.
pub fn held_out(key: &str, share: f64, salt: &str) -> bool {
    let mut hash = Sha256::new();
    hash.update(salt.as_bytes());
    hash.update([0]);
    hash.update(key.as_bytes());
    let digest = hash.finalize();
    let first = digest.iter().take(4);
    let number = first.fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    f64::from(number) < share * 4_294_967_296.0
}
