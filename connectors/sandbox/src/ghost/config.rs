//! How a site is set up.

use crate::people::{Publication, Seconds};

/// Which of the two recorded servers to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 5.130: `limit` without a cap, labels without a name crash.
    Five,
    /// 6.65: pages of at most 100, labels without a name vanish.
    Six,
}

impl Version {
    pub(super) const fn number(self) -> &'static str {
        match self {
            Self::Five => "5.130",
            Self::Six => "6.65",
        }
    }

    /// The most rows of a page.
    pub(super) const fn cap(self) -> Option<usize> {
        match self {
            Self::Five => None,
            Self::Six => Some(100),
        }
    }
}

/// How the site is set up.
#[derive(Debug, Clone)]
pub struct GhostConfig {
    /// The site's name.
    pub title: String,
    /// Which server to be.
    pub version: Version,
    /// The public half of the Admin API key: 24 hex digits.
    pub key_id: String,
    /// The secret half: 64 hex digits.
    pub secret: String,
    /// Whose readers are the members.
    pub publication: Publication,
    /// Names of newsletters; the first is the one that is sent.
    pub newsletters: Vec<String>,
    /// Names of labels that the site's owner uses for their own ends; a third of the members has each.
    pub labels: Vec<String>,
    /// Seconds until deliveries, failures, opens and complaints are known; Ghost's job runs about every five minutes.
    pub arrival_delay: Seconds,
    /// Whether the site counts opens.
    pub track_opens: bool,
    /// Whether the site counts clicks.
    pub track_clicks: bool,
    /// Whether the key is not an integration's but the token of somebody on the staff who may not see members.
    pub key_of_an_author: bool,
    /// The address of a webhook for all that happens to members; none for no webhook.
    pub webhook_url: Option<String>,
    /// By what its calls are signed.
    pub webhook_secret: String,
}

impl Default for GhostConfig {
    fn default() -> Self {
        Self {
            title: "Maandblad".to_owned(),
            version: Version::Six,
            key_id: "6700000000000000000000a1".to_owned(),
            secret: "5a".repeat(32),
            publication: Publication::Monthly,
            newsletters: vec!["Maandblad".to_owned(), "Extra nieuws".to_owned()],
            labels: vec!["VIP".to_owned(), "Söndag läsare".to_owned()],
            arrival_delay: 300,
            track_opens: true,
            track_clicks: true,
            key_of_an_author: false,
            webhook_url: None,
            webhook_secret: "a secret that somebody made up for it".to_owned(),
        }
    }
}
