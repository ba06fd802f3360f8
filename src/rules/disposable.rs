//! Which mail domains hand out addresses to be thrown away: a sign in
//! `email looks fake` and `email domain looks fake`.
//!
//! The list ships with its source ([disposable.txt](disposable.txt)). A
//! subdomain of a domain on it counts too, which is otherwise than for free
//! mail: such providers hand out subdomains, and companies have none there.

use std::{collections::HashSet, iter, sync::LazyLock};

use super::glob::fold;

static LIST: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("disposable.txt").lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
});

/// The domain on the list that a domain, the part behind the `@`, is or belongs to.
pub fn disposable(domain: &str) -> Option<&'static str> {
    let domain = fold(domain.trim().trim_end_matches('.'));
    let itself = Some(domain.as_str());
    let mut parts = iter::successors(itself, |part| Some(part.split_once('.')?.1));
    parts.find_map(|part| LIST.get(part).copied())
}

#[cfg(test)]
mod tests {
    use super::{LIST, disposable};
    use crate::rules::freemail::is_free_domain;

    #[test]
    fn a_listed_domain_and_what_lies_under_it_are_disposable() {
        for domain in ["mailinator.com", "Mailinator.COM.", "jan.mailinator.com"] {
            assert_eq!(disposable(domain), Some("mailinator.com"), "{domain}");
        }
        for domain in [
            "no-mailinator.example",
            "mailinator.com.example.nl",
            "com",
            "",
        ] {
            assert_eq!(disposable(domain), None, "{domain}");
        }
    }

    #[test]
    fn nobody_who_has_a_free_mailbox_is_taken_for_throwing_it_away() {
        assert!(LIST.len() > 10_000);
        for domain in [
            "gmail.com",
            "ziggo.nl",
            "duck.com",
            "icloud.com",
            "proton.me",
        ] {
            assert_eq!(disposable(domain), None, "{domain}");
        }
        let both = LIST.iter().filter(|domain| is_free_domain(domain));
        assert_eq!(both.count(), 0);
    }
}
