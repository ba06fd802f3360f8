//! Signs that a field was filled in by somebody in a hurry to get past it:
//! `field last_name looks fake`.
//!
//! The signs are cheap and can be wrong; that is why each is shown together
//! with what it was found in, and why real words are listed. Addresses are
//! asked for fewer of them: initials, numbers and small letters are common there.

use std::{fmt, sync::LazyLock};

use unicode_normalization::UnicodeNormalization as _;

use super::{disposable::disposable, glob::fold};

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
    /// A domain of addresses to be thrown away, as the list has it.
    Disposable(&'static str),
}

/// What a text is, which decides the signs that it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// A name, or any other text: all signs but a disposable domain.
    Text,
    /// An e-mail address.
    Address,
    /// What stands behind the `@`.
    Domain,
}

impl FakeSign {
    /// The sign's word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::KeyboardRun(_) => "keyboard_run",
            Self::Repeated(_) => "repeated",
            Self::Test => "test",
            Self::NoVowel => "no_vowel",
            Self::Digits => "digits",
            Self::NoCapital => "no_capital",
            Self::Disposable(_) => "disposable",
        }
    }

    /// What was found, where it is a part of the text.
    pub fn found(&self) -> Option<&str> {
        match self {
            Self::KeyboardRun(run) | Self::Repeated(run) => Some(run),
            Self::Disposable(domain) => Some(domain),
            Self::Test | Self::NoVowel | Self::Digits | Self::NoCapital => None,
        }
    }
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
            Self::Disposable(domain) => write!(f, "domain of disposable addresses \"{domain}\""),
        }
    }
}

/// The first sign that a text is fake, in the order of [`FakeSign`]; of an address, its domain's first.
pub fn fake_sign(written: Written, text: &str) -> Option<FakeSign> {
    match written {
        Written::Text => sign(text, &REAL_WORDS),
        Written::Domain => disposable(text)
            .map(FakeSign::Disposable)
            .or_else(|| typed(&fold(text), &REAL_WORDS)),
        Written::Address => {
            let domain = text.rsplit_once('@').map_or("", |(_, domain)| domain);
            let thrown_away = disposable(domain).map(FakeSign::Disposable);
            thrown_away.or_else(|| typed(&fold(text), &REAL_WORDS))
        }
    }
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
    if let Some(sign) = typed(&folded, real) {
        return Some(sign);
    }
    let mut words = words(&folded);
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

/// What hands leave that type anything at all, in a folded text.
fn typed(folded: &str, real: &[&str]) -> Option<FakeSign> {
    let run = words(folded).find_map(|word| keyboard_run(word, real));
    let run = run.map(FakeSign::KeyboardRun);
    let repeated = || repeated(folded).map(FakeSign::Repeated);
    let test = || words(folded).any(|word| word == "test");
    run.or_else(repeated)
        .or_else(|| test().then_some(FakeSign::Test))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphabetic());
    words.filter(|word| !word.is_empty())
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

    fn fake_sign(text: &str) -> Option<FakeSign> {
        super::fake_sign(Written::Text, text)
    }

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
        assert_eq!(run("azerty").to_string(), "keyboard run \"azerty\"");
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

    #[test]
    fn an_address_is_asked_for_fewer_signs_and_for_its_domain() {
        let address = |text| super::fake_sign(Written::Address, text);
        let domain = |text| super::fake_sign(Written::Domain, text);
        let thrown_away = Some(FakeSign::Disposable("mailinator.com"));
        assert_eq!(address("jan@mailinator.com"), thrown_away);
        assert_eq!(address("qsdf@x.mailinator.com"), thrown_away);
        assert_eq!(domain("mailinator.com"), thrown_away);
        assert_eq!(address("qsdf@example.nl"), Some(run("qsdf")));
        assert_eq!(address("test@example.nl"), Some(FakeSign::Test));
        assert_eq!(domain("xxxx.nl"), Some(FakeSign::Repeated("xxxx".into())));
        // Small letters, initials and years say nothing here.
        for text in ["jvdb@example.nl", "jan1985@example.nl", "12345@kpmg.nl"] {
            assert_eq!(address(text), None, "{text}");
        }
        assert_eq!(domain("kpmg.nl"), None);
    }
}
