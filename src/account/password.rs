//! Which passwords will not do: too short, the name, or among those that everybody tries first.
//!
//! No rule asks for digits or signs. What is refused is what a guesser begins
//! with: well-known long passwords, walks over the keyboard, repetitions, and a
//! common word with digits or signs around it.

use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;

use super::Name;

/// Characters at least.
const SHORTEST: usize = 12;
/// Characters at most.
const LONGEST: usize = 128;
/// A piece of so many characters or fewer, repeated, is no password.
const PIECE: usize = 6;

/// Common words, and what people make passwords of; one a line, in lower case.
const COMMON: &str = include_str!("common.txt");

/// The orders in which keys and letters are walked; also from behind, and round and round.
const WALKS: [&str; 16] = [
    "1234567890",
    "0123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertyuiop[]asdfghjkl;'zxcvbnm,./",
    "qwertyuiopasdfghjklzxcvbnm",
    "1234567890qwertyuiopasdfghjklzxcvbnm",
    "zxcvbnmasdfghjklqwertyuiop1234567890",
    "azertyuiopqsdfghjklmwxcvbn",
    "qwertzuiopasdfghjklyxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "a1b2c3d4e5f6g7h8i9j0",
];

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

    /// What is wrong with a password for a user of that name; the length first.
    pub(super) fn of(password: &SecretString, name: &Name) -> Option<Self> {
        let password = password.expose_secret();
        let length = password.chars().take(LONGEST + 1).count();
        if length < SHORTEST {
            return Some(Self::TooShort);
        }
        if length > LONGEST {
            return Some(Self::TooLong);
        }
        let folded = password.to_lowercase();
        let core = core(&folded);
        if folded == name.as_str() || core == core_of_name(name) {
            return Some(Self::Name);
        }
        let piece = piece(&folded);
        let repeated = piece.chars().count();
        if repeated == 1 {
            return Some(Self::OneCharacter);
        }
        let common =
            repeated <= PIECE || is_walk(&folded) || is_common(&folded) || is_common(piece);
        common.then_some(Self::Common)
    }
}

/// What stands between the digits and signs at both ends.
fn core(folded: &str) -> &str {
    folded.trim_matches(|c: char| !c.is_alphabetic())
}

/// A name's own core; a name without letters is compared as a whole alone.
fn core_of_name(name: &Name) -> &str {
    let core = core(name.as_str());
    if core.is_empty() { name.as_str() } else { core }
}

/// Whether it is in the list, also with digits and signs around it or for letters.
fn is_common(folded: &str) -> bool {
    let (plain, within) = (unmasked(folded), unmasked(core(folded)));
    let forms = [folded, core(folded), core(&plain), core(&within)];
    COMMON.lines().any(|line| forms.contains(&line))
}

/// Letters instead of the digits and signs that stand for them.
fn unmasked(folded: &str) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    folded.chars().map(letter).collect()
}

/// A piece of a walk, forwards or backwards, however often it goes round.
fn is_walk(folded: &str) -> bool {
    WALKS.iter().any(|walk| {
        let round = |walk: &str| walk.repeat(folded.len() / walk.len() + 2).contains(folded);
        round(walk) || round(&walk.chars().rev().collect::<String>())
    })
}

/// The shortest text that the password is a repetition of; its last one may be cut off.
fn piece(folded: &str) -> &str {
    let ends = folded.char_indices().map(|(at, _)| at).skip(1);
    let whole = |end: &usize| {
        let (piece, rest) = folded.split_at(*end);
        rest.chars().zip(piece.chars().cycle()).all(|(a, b)| a == b)
    };
    // A text that hardly begins to repeat itself is none.
    let end = ends.take_while(|end| end * 2 <= folded.len()).find(whole);
    end.map_or(folded, |end| folded.split_at(end).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(password: &str) -> Option<PasswordFault> {
        PasswordFault::of(
            &SecretString::from(password),
            &Name::parse("Marit").unwrap(),
        )
    }

    #[test]
    fn a_password_has_twelve_to_a_hundred_and_twenty_eight_characters_of_any_kind() {
        assert_eq!(fault("korte paars"), Some(PasswordFault::TooShort));
        assert_eq!(fault("drie blauwe é"), None);
        assert_eq!(fault("de éénhoorn slaapt 's nachts niet"), None);
        assert_eq!(fault("🦄 loopt weg!"), None);
        let long: String = ('\u{4e00}'..).take(128).collect();
        assert_eq!(fault(&long), None);
        assert_eq!(fault(&(long + "x")), Some(PasswordFault::TooLong));
        assert_eq!(fault(&"ab".repeat(1_000_000)), Some(PasswordFault::TooLong));
    }

    #[test]
    fn the_name_is_no_password_with_whatever_digits_and_signs_around_it() {
        let named = |name, password| {
            PasswordFault::of(&SecretString::from(password), &Name::parse(name).unwrap())
        };
        assert_eq!(
            named("marit.devries", "Marit.deVries"),
            Some(PasswordFault::Name)
        );
        assert_eq!(fault("Marit1234567!"), Some(PasswordFault::Name));
        assert_eq!(fault("!!2026marit2026"), Some(PasswordFault::Name));
        assert_eq!(
            named("581932047716", "581932047716"),
            Some(PasswordFault::Name)
        );
        assert_eq!(named("581932047716", "771605819320"), None);
    }

    #[test]
    fn the_same_few_characters_again_and_again_are_no_password() {
        for password in [
            "aaaaaaaaaaaa",
            "000000000000000",
            "éééééééééééé",
            "AaAaAaAaAaAa",
        ] {
            assert_eq!(
                fault(password),
                Some(PasswordFault::OneCharacter),
                "{password}"
            );
        }
        for password in [
            "abababababab",
            "ABCabcABCabc",
            "123123123123",
            "7f7f7f7f7f7f7",
            "xk4q9zxk4q9z",
        ] {
            assert_eq!(fault(password), Some(PasswordFault::Common), "{password}");
        }
    }

    #[test]
    fn what_everybody_tries_first_is_refused() {
        for password in [
            "password1234",
            "Password1234!",
            "P@ssw0rd2026",
            "Welkom012345",
            "Welkom01Welkom01",
            "welkom!2026!?",
            "Wachtwoord123",
            "W4chtw00rd!!",
            "amsterdam020!",
            "123Zomer2026!!",
            "Winter202627!",
            "iloveyou1234",
            "letmein12345",
            "engaged123456",
            "123456789012",
            "098765432109",
            "1234567890123456",
            "qwertyuiop[]",
            "qwertyuiopasdf",
            "1qaz2wsx3edc",
            "1q2w3e4r5t6y",
            "zxcvbnmasdfghjkl",
            "abcdefghijklm",
            "poiuytrewqlkj",
            "correcthorsebatterystaple",
            "passwordpassword",
            "changemechangeme",
        ] {
            assert_eq!(fault(password), Some(PasswordFault::Common), "{password}");
        }
    }

    #[test]
    fn what_is_only_like_a_common_one_is_taken() {
        for password in [
            "welkom in de polder",
            "password for marit",
            "1qaz9ol.geel",
            "twaalf tekens",
            "7391 0482 6655",
            "zomer en winter",
        ] {
            assert_eq!(fault(password), None, "{password}");
        }
    }

    #[test]
    fn the_list_is_in_lower_case_and_holds_each_line_once() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.len() >= 500, "{}", lines.len());
        assert!(
            lines.windows(2).all(|pair| pair[0] < pair[1]),
            "in order, and once each"
        );
        for line in &lines {
            assert!(
                *line == line.to_lowercase().trim() && line.len() >= 3,
                "{line}"
            );
            let long = line.len() >= SHORTEST;
            assert!(
                !(long && is_walk(line)),
                "{line} is refused without its line"
            );
        }
    }
}
