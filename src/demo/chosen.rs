//! Which platforms the demo is about: by default two, each with a publication of its own; or the ones that are named.

use crate::{
    config::{self, Platform},
    diagnostic::{Diagnostic, Exit, Expected},
};

/// Every platform with a stand-in, as the configuration names it.
pub const PLATFORMS: [&str; 6] = [
    "mailchimp",
    "ghost",
    "activecampaign",
    "mailblue",
    "copernica",
    "hubspot",
];

/// How many people read the newsletter, unless somebody says otherwise.
pub(super) const PEOPLE: u32 = 18_000;

/// One connection of the demo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Its name.
    pub connection: String,
    /// The word for its platform.
    pub word: &'static str,
    /// Its platform.
    pub platform: Platform,
}

/// The platforms behind these words; the usual two without any. A word that is no platform's, and a platform named
/// twice, are mistakes of use.
pub fn choose(words: &[String]) -> Result<Vec<Chosen>, Expected> {
    if words.is_empty() {
        return Ok(vec![
            Chosen::new("mailchimp", "weekly", Platform::Mailchimp),
            Chosen::new("ghost", "monthly", Platform::Ghost),
        ]);
    }
    let mut chosen: Vec<Chosen> = Vec::new();
    for word in words {
        let lower = word.to_lowercase();
        let known = PLATFORMS.iter().copied().find(|known| *known == lower);
        let Some((word, platform)) = known.and_then(|known| Some((known, known.parse().ok()?)))
        else {
            let help = config::proposal(word, PLATFORMS);
            return Err(usage(
                format!("there is no stand-in for '{word}'"),
                help.unwrap_or_else(|| format!("there are: {}", PLATFORMS.join(", "))),
            ));
        };
        if let Some(before) = chosen.iter().find(|each| each.platform == platform) {
            let message = if before.word == word {
                format!("'{word}' is named twice")
            } else {
                format!("'{}' and '{word}' are the same platform", before.word)
            };
            return Err(usage(message, "name each platform once".to_owned()));
        }
        chosen.push(Chosen::new(word, word, platform));
    }
    Ok(chosen)
}

impl Chosen {
    fn new(word: &'static str, connection: &str, platform: Platform) -> Self {
        Self {
            connection: connection.to_owned(),
            word,
            platform,
        }
    }

    /// How many requests a second the platform itself is asked, where its stand-in is asked more.
    pub(super) fn own_pace(&self) -> Option<f64> {
        let bulk = matches!(self.platform, Platform::Mailchimp | Platform::Ghost);
        self.platform.requests_per_second().filter(|_| !bulk)
    }

    /// So many people of its platform are on a page within a minute, also in a debug build: some platforms are read and
    /// written contact by contact, or day by day.
    fn people(&self) -> u32 {
        match self.platform {
            Platform::Mailchimp | Platform::Ghost | Platform::Webhook => PEOPLE,
            Platform::ActiveCampaign => 1_000,
            Platform::HubSpot => 600,
            Platform::Copernica => 300,
        }
    }
}

/// How many people read the newsletter of these, unless somebody says otherwise.
pub(super) fn people(chosen: &[Chosen]) -> u32 {
    let each = chosen.iter().map(Chosen::people);
    each.min().unwrap_or(PEOPLE)
}

fn usage(message: String, help: String) -> Expected {
    Expected::new(Exit::Usage, Diagnostic::error("E0100", message).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(words: &[&str]) -> Result<Vec<(String, &'static str)>, String> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        match choose(&words) {
            Ok(all) => Ok(all
                .into_iter()
                .map(|each| (each.connection, each.word))
                .collect()),
            Err(expected) => {
                let one = &expected.diagnostics[0];
                Err(format!(
                    "{}; {}",
                    one.message,
                    one.help.as_deref().unwrap_or_default()
                ))
            }
        }
    }

    #[test]
    fn platforms_are_chosen_once_each_and_a_slip_is_put_right() {
        let pair = |name: &str, word| (name.to_owned(), word);
        assert_eq!(
            chosen(&[]),
            Ok(vec![pair("weekly", "mailchimp"), pair("monthly", "ghost")])
        );
        assert_eq!(
            chosen(&["Copernica", "mailblue"]),
            Ok(vec![
                pair("copernica", "copernica"),
                pair("mailblue", "mailblue")
            ])
        );
        for (words, said) in [
            (&["mailblu"][..], "did you mean 'mailblue'?"),
            (&["klaviyo"], "mailchimp, ghost, activecampaign"),
            (&["ghost", "ghost"], "'ghost' is named twice"),
            (&["mailblue", "activecampaign"], "are the same platform"),
        ] {
            let refused = chosen(words).unwrap_err();
            assert!(refused.contains(said), "{words:?}: {refused}");
        }
        for word in PLATFORMS {
            assert_eq!(chosen(&[word]), Ok(vec![pair(word, word)]));
        }
    }
}
