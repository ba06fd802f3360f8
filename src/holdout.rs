//! Who is left alone to see what would have happened anyway.
//!
//! Decided from the contact's key alone: whoever asks, whenever, on whichever
//! database, gets the same answer, and a larger share holds everybody whom a
//! smaller one holds. What the share is for is the caller's; each use has a salt
//! of its own, so that not always the same people are left alone.

use engaged_connectors::model::Address;
use sha2::{Digest, Sha256};

/// What a contact is known by, also in a database that was built anew.
#[derive(Clone, Copy, Debug)]
pub enum Key<'a> {
    /// The normalised address.
    Address(&'a Address),
    /// For contacts without one: the connection, and the platform's id there.
    Platform {
        /// The connection's name in the configuration.
        connection: &'a str,
        /// The platform's id.
        id: &'a str,
    },
}

/// Whether a contact is among the share (0 to 1) that is left alone.
pub fn holdout(key: Key<'_>, share: f64, salt: &str) -> bool {
    // 53 bits of the hash are a number from 0 to 1 that a float holds exactly.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let place = (number(key, salt) >> 11) as f64 / (1_u64 << 53) as f64;
    place < share
}

fn number(key: Key<'_>, salt: &str) -> u64 {
    let parts = match key {
        Key::Address(address) => ["address", address.reveal(), ""],
        Key::Platform { connection, id } => ["platform", connection, id],
    };
    let mut hash = Sha256::new();
    for part in [salt].into_iter().chain(parts) {
        // With its length, so that no two keys run together.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let first = digest.iter().take(8);
    first.fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> Address {
        Address::parse(&format!("p{number}@example.nl")).unwrap()
    }

    fn held(share: f64, salt: &str) -> Vec<u32> {
        let all = 0..100_000;
        all.filter(|number| holdout(Key::Address(&address(*number)), share, salt))
            .collect()
    }

    #[test]
    fn of_many_contacts_the_share_is_held() {
        // Five standard deviations of a binomial around its mean.
        for (share, mean, slack) in [(0.05, 5_000, 345), (0.2, 20_000, 633), (0.5, 50_000, 791)] {
            let held = held(share, "sunset").len();
            assert!(held.abs_diff(mean) <= slack, "{share}: {held}");
        }
        assert_eq!(held(0.0, "sunset").len(), 0);
        assert_eq!(held(1.0, "sunset").len(), 100_000);
    }

    #[test]
    fn the_answer_is_the_same_on_each_run_and_machine() {
        let first: Vec<u32> = held(0.05, "sunset").into_iter().take(8).collect();
        // By another implementation of the same text.
        assert_eq!(first, [0, 11, 28, 36, 57, 65, 89, 96]);
        let id = |id| {
            holdout(
                Key::Platform {
                    connection: "news",
                    id,
                },
                0.5,
                "sunset",
            )
        };
        assert_eq!(
            ["a", "b", "c", "d", "e", "f"].map(id),
            [true, true, true, true, false, true]
        );
    }

    #[test]
    fn a_larger_share_holds_whom_a_smaller_one_holds_and_another_salt_others() {
        let (small, large) = (held(0.05, "sunset"), held(0.1, "sunset"));
        assert!(small.iter().all(|each| large.binary_search(each).is_ok()));
        let other = held(0.05, "win-back");
        let both = small
            .iter()
            .filter(|each| other.binary_search(each).is_ok());
        assert!(both.count() < 400);
    }

    #[test]
    fn an_address_counts_in_its_normal_form_and_keys_do_not_run_together() {
        let key = |text: &str| number(Key::Address(&Address::parse(text).unwrap()), "");
        assert_eq!(key("Jan@Example.NL"), key("jan@example.nl"));
        let id = |connection, id| number(Key::Platform { connection, id }, "");
        assert_ne!(id("a", "bc"), id("ab", "c"));
        assert_ne!(key("a@b.nl"), id("a@b.nl", ""));
    }
}
