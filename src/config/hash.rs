//! The fingerprint of a set of rules, by which a stored score names the rules it was computed with.

use sha2::{Digest, Sha256};

use crate::rules::set::RuleSet;

/// SHA-256, in hexadecimal, of the canonical text.
pub(super) fn of(rules: &RuleSet) -> String {
    hex::encode(Sha256::digest(canonical(rules)))
}

fn canonical(rules: &RuleSet) -> String {
    format!("{rules:?}")
}
