//! Signs that a field was filled in by somebody in a hurry to get past it:
//! `field last_name looks fake`.
//!
//! The signs are cheap and can be wrong; that is why each is shown together
//! with what it was found in, and why real words are listed.

use std::{fmt, sync::LazyLock};

use unicode_normalization::UnicodeNormalization as _;

use super::glob::fold;

/// Why a text looks fake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FakeSign {
    /// Four or more letters that are neighbours on one row of a keyboard, as found.
    KeyboardRun(String),
    /// A character four times or more running, as found.
    Repeated(String),
    /// The word "test".
    Test,
    /// Four letters or more and no vowel.
    NoVowel,
    /// More digits than letters.
    Digits,
    /// Letters that have capitals, and none of them is one.
    NoCapital,
}

impl fmt::Display for FakeSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyboardRun(run) => write!(f, "keyboard run \"{run}\""),
            Self::Repeated(run) => write!(f, "the same character running, \"{run}\""),
            Self::Test => f.write_str("the word \"test\""),
            Self::NoVowel => f.write_str("no vowel"),
            Self::Digits => f.write_str("more digits than letters"),
            Self::NoCapital => f.write_str("no capital letter"),
        }
    }
}

/// The first sign that a text is fake, in words, or `None`.
pub fn fake_reason(text: &str) -> Option<String> {
    fake_sign(text).map(|sign| sign.to_string())
}

/// The first sign that a text is fake, in the order of [`FakeSign`].
pub fn fake_sign(text: &str) -> Option<FakeSign> {
    sign(text, &REAL_WORDS)
}

static REAL_WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let lines = include_str!("realwords.txt").lines();
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
});

/// Whether a text has letters with case and none of them is a capital.
pub fn is_lowercase(text: &str) -> bool {
    // A title-case letter (ǅ) is no capital to the standard library; it changes when lowered.
    let capital = |c: char| c.is_uppercase() || !c.to_lowercase().eq([c]);
    text.chars().any(char::is_lowercase) && !text.chars().any(capital)
}

fn sign(text: &str, real: &[&str]) -> Option<FakeSign> {
    let folded = fold(text);
    let mut words = folded
        .split(|c: char| !c.is_alphabetic())
        .filter(|w| !w.is_empty());
    if let Some(run) = words.clone().find_map(|word| keyboard_run(word, real)) {
        return Some(FakeSign::KeyboardRun(run));
    }
    if let Some(run) = repeated(&folded) {
        return Some(FakeSign::Repeated(run));
    }
    if words.clone().any(|word| word == "test") {
        return Some(FakeSign::Test);
    }
    let letters = folded.chars().filter(|c| c.is_alphabetic()).count();
    let voiceless = !folded.chars().any(may_be_vowel) && !words.any(|word| real.contains(&word));
    if letters >= 4 && voiceless {
        return Some(FakeSign::NoVowel);
    }
    if folded.chars().filter(|c| c.is_numeric()).count() > letters {
        return Some(FakeSign::Digits);
    }
    is_lowercase(text).then_some(FakeSign::NoCapital)
}

/// The letter rows of AZERTY, QWERTY and QWERTZ. Rows that two of them share stand once.
const ROWS: [&str; 8] = [
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn", // AZERTY
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm", // QWERTY
    "qwertzuiop",
    "yxcvbnm", // QWERTZ
];

/// For each row the place of each letter from a to z, counted from 1.
static PLACES: LazyLock<[[u8; 26]; ROWS.len()]> = LazyLock::new(|| {
    ROWS.map(|row| {
        let mut places = [0; 26];
        for (key, place) in row.bytes().zip(1..) {
            places[usize::from(key - b'a')] = place;
        }
        places
    })
});

/// The longest run of at least four neighbours in a folded word that no real word excuses.
fn keyboard_run(word: &str, real: &[&str]) -> Option<String> {
    let letters: Vec<char> = word.chars().collect();
    let mut longest: &[char] = &[];
    if letters.len() < 4 {
        return None;
    }
    for places in &*PLACES {
        let place = |letter: char| {
            let index = u32::from(letter).checked_sub(u32::from('a'))?;
            let place = places.get(usize::try_from(index).ok()?).copied()?;
            (place > 0).then_some(place)
        };
        for forward in [true, false] {
            let follows = |a: char, b: char| match (place(a), place(b)) {
                (Some(a), Some(b)) if forward => a + 1 == b,
                (Some(a), Some(b)) => b + 1 == a,
                _ => false,
            };
            for run in letters.chunk_by(|a, b| follows(*a, *b)) {
                if run.len() >= 4 && run.len() > longest.len() && !excused(word, run, real) {
                    longest = run;
                }
            }
        }
    }
    (!longest.is_empty()).then(|| longest.iter().collect())
}

/// Whether some real word contains the run and stands in the word itself.
fn excused(word: &str, run: &[char], real: &[&str]) -> bool {
    let run: String = run.iter().collect();
    real.iter()
        .any(|real| real.contains(&run) && word.contains(real))
}

/// The first character that stands four times or more running, white space aside.
fn repeated(text: &str) -> Option<String> {
    let letters: Vec<char> = text.chars().collect();
    letters
        .chunk_by(|a, b| a == b)
        .find(|run| run.len() >= 4 && !run[0].is_whitespace())
        .map(|run| run.iter().collect())
}

/// A Latin vowel under any accent (y is one), or a letter we cannot judge.
fn may_be_vowel(letter: char) -> bool {
    let base = [letter].into_iter().nfd().next().unwrap_or(letter);
    letter.is_alphabetic() && (!base.is_ascii() || "aeiouy".contains(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> FakeSign {
        FakeSign::KeyboardRun(text.into())
    }

    #[test]
    fn a_keyboard_run_is_found_on_three_keyboards_both_ways_and_shown() {
        for (text, shown) in [
            ("azertyop", "azerty"),
            ("qsdf", "qsdf"),
            ("wxcv", "wxcv"),
            ("poiu", "poiu"),
            ("treza", "treza"),
            ("Asdf", "asdf"),
            ("QWERTZ", "qwertz"),
            ("De Azerty", "azerty"),
        ] {
            assert_eq!(fake_sign(text), Some(run(shown)), "{text}");
        }
        assert_eq!(
            fake_reason("azertyop").as_deref(),
            Some("keyboard run \"azerty\"")
        );
        assert_eq!(fake_sign("Were"), None, "forth and back is no run");
    }

    #[test]
    fn real_words_are_excused_by_the_list_alone() {
        for text in [
            "Doherty",
            "O'Flaherty",
            "Liberty",
            "Property",
            "Alireza",
            "Frazer",
            "Hertz",
        ] {
            assert_eq!(fake_sign(text), None, "{text}");
        }
        assert_eq!(sign("Doherty", &[]), Some(run("erty")));
        assert_eq!(
            fake_sign("Reza Erty"),
            Some(run("erty")),
            "another word excuses nothing"
        );
    }

    #[test]
    fn a_capital_is_asked_of_scripts_that_have_them() {
        assert_eq!(fake_sign("jan"), Some(FakeSign::NoCapital));
        assert_eq!(fake_sign("de vries"), Some(FakeSign::NoCapital));
        for text in ["Jan", "de Vries", "JAN", "محمد", "山田", "", "Élodie"] {
            assert_eq!(fake_sign(text), None, "{text}");
        }
        assert!(!is_lowercase("محمد") && is_lowercase("élodie") && !is_lowercase("1"));
    }

    #[test]
    fn the_other_signs_are_seen() {
        assert_eq!(fake_sign("Jaaaan"), Some(FakeSign::Repeated("aaaa".into())));
        assert_eq!(fake_sign("Jaaan"), None);
        assert_eq!(fake_sign("Test2"), Some(FakeSign::Test));
        assert_eq!(fake_sign("Protest"), None);
        assert_eq!(fake_sign("Bvrt"), Some(FakeSign::NoVowel));
        for text in ["Brr", "Lynch", "KPMG", "Смрт", "Ærø"] {
            assert_eq!(fake_sign(text), None, "{text}");
        }
        assert_eq!(fake_sign("A12"), Some(FakeSign::Digits));
        assert_eq!(fake_sign("A1"), None);
    }
}
