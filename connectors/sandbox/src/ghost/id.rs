//! Ids as Ghost makes them: 24 hex digits of which the first eight are the time of making; and uuids.

use std::fmt;

use crate::people::Seconds;
use crate::rng::{mix, scatter};

/// An id. It sorts as its text does, and so roughly by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id([u8; 12]);

impl Id {
    /// The id of the thing that `parts` tell apart, made at this time.
    pub(super) fn new(at: Seconds, parts: &[u64]) -> Self {
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&at.to_be_bytes());
        bytes[4..].copy_from_slice(&mix(parts).to_be_bytes());
        Self(bytes)
    }

    /// Reads an id; none when the text is not one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 12];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// A number that stands for this id in [`mix`].
    pub(super) fn seed(self) -> u64 {
        self.0
            .iter()
            .fold(0, |sum, byte| scatter(sum ^ u64::from(*byte)))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A version 4 uuid for the thing that `seed` tells apart.
pub(super) fn uuid(seed: u64) -> String {
    let (high, low) = (mix(&[seed, 1]), mix(&[seed, 2]));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | (low >> 48) & 0x3fff,
        low & 0xffff_ffff_ffff
    )
}

/// 64 hex digits for the thing that `seed` tells apart.
pub(super) fn long_hex(seed: u64) -> String {
    let parts: Vec<u8> = (0..4)
        .flat_map(|part| mix(&[seed, 64, part]).to_be_bytes())
        .collect();
    hex::encode(parts)
}
