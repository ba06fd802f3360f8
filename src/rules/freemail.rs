//! Which mail domains hand out mailboxes to anybody: `email domain is free`.
//!
//! The list is our own compilation and tells nothing about a person: it makes
//! fewer points, never an exclusion. Disposable domains are another matter.

use std::{collections::HashSet, sync::LazyLock};

use super::glob::fold;

static LIST: LazyLock<(HashSet<&str>, HashSet<&str>)> = LazyLock::new(|| {
    let lines = include_str!("freemail.txt").lines().map(str::trim);
    let entries = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (any_ending, whole): (Vec<&str>, Vec<&str>) = entries.partition(|e| e.ends_with(".*"));
    let any_ending = any_ending.into_iter().map(|e| e.trim_end_matches(".*"));
    (whole.into_iter().collect(), any_ending.collect())
});

/// Whether the domain, the part behind the `@`, is one of free mail. Its subdomains are not.
pub fn is_free_domain(domain: &str) -> bool {
    let domain = fold(domain.trim().trim_end_matches('.'));
    let (whole, any_ending) = &*LIST;
    whole.contains(&*domain)
        || domain
            .split_once('.')
            .is_some_and(|(name, ending)| any_ending.contains(name) && is_country(ending))
}

/// `nl` and `com`, `co.uk` and `com.br`: what a provider's name stands under.
fn is_country(ending: &str) -> bool {
    let short = |part: &str| (2..=3).contains(&part.len());
    match ending.split_once('.') {
        None => short(ending),
        Some((second, top)) => ["co", "com"].contains(&second) && short(top),
    }
}

#[cfg(test)]
mod tests {
    use super::is_free_domain;

    #[test]
    fn free_domains_are_known_in_every_country_and_case() {
        for domain in [
            "gmail.com",
            "GMail.com",
            "hotmail.nl",
            "hotmail.co.uk",
            "yahoo.fr",
            "yahoo.com.br",
            "live.nl",
            "outlook.com",
            "icloud.com",
            "ziggo.nl",
            "kpnmail.nl",
            "planet.nl",
            "home.nl",
            "xs4all.nl",
            "gmx.de",
            "gmx.net",
            "proton.me",
            "gmail.com.",
        ] {
            assert!(is_free_domain(domain), "{domain}");
        }
    }

    #[test]
    fn companies_and_subdomains_are_not_free() {
        for domain in [
            "entreprise.com",
            "mail.entreprise.com",
            "mail.gmail.com",
            "hotmail.evil.com",
            "yahoo.example.nl",
            "hotmail",
            "notgmail.com",
            "",
            "nl",
        ] {
            assert!(!is_free_domain(domain), "{domain}");
        }
    }
}
