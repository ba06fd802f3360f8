//! The shapes of Ghost's answers. Unknown keys are skipped, so that the bodies
//! of mails, which some versions send along, are never kept. What the rows mean
//! stands in `events` and `members`.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::error::ConnectorError;

/// `GET site/`
#[derive(Deserialize)]
pub(super) struct SitePage {
    pub(super) site: Site,
}

#[derive(Deserialize)]
pub(super) struct Site {
    pub(super) title: String,
    pub(super) version: Option<String>,
}

/// `GET newsletters/`
#[derive(Deserialize)]
pub(super) struct NewsletterPage {
    pub(super) newsletters: Vec<Newsletter>,
}

impl NewsletterPage {
    /// The names of those that are somebody's list: archived ones are not.
    pub(super) fn names(self) -> Vec<String> {
        let open = self.newsletters.into_iter();
        let open = open.filter(|own| own.status.as_deref() != Some("archived"));
        open.filter_map(|own| own.name).collect()
    }

    /// Refuses a configuration that names newsletters the site does not have.
    pub(super) fn require(&self, wanted: &[String]) -> Result<(), ConnectorError> {
        let has = |name: &String| {
            self.newsletters
                .iter()
                .any(|own| own.name.as_ref() == Some(name))
        };
        let own: Vec<&str> = self
            .newsletters
            .iter()
            .filter_map(|own| own.name.as_deref())
            .collect();
        match wanted.iter().find(|name| !has(name)) {
            None => Ok(()),
            Some(name) => Err(ConnectorError::Config {
                what: "lists".into(),
                detail: format!("there is no newsletter {name:?}; there are {own:?}"),
            }),
        }
    }
}

/// `GET members/{id}/`, and the answer to changing one.
#[derive(Deserialize)]
pub(super) struct OneMember {
    pub(super) members: [Value; 1],
}

/// `GET members/`. Members stay raw here; see the `members` module.
#[derive(Deserialize)]
pub(super) struct MemberPage {
    pub(super) members: Vec<Value>,
    pub(super) meta: Meta,
}

/// `GET labels/`, and the answer to making one.
#[derive(Deserialize)]
pub(super) struct LabelPage {
    pub(super) labels: Vec<Label>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Label {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) slug: String,
}

/// `PUT members/bulk/`
#[derive(Deserialize)]
pub(super) struct BulkPage {
    pub(super) bulk: Bulk,
}

#[derive(Deserialize)]
pub(super) struct Bulk {
    pub(super) meta: BulkMeta,
}

#[derive(Deserialize)]
pub(super) struct BulkMeta {
    pub(super) stats: BulkStats,
}

#[derive(Clone, Copy, Deserialize)]
pub(super) struct BulkStats {
    pub(super) successful: usize,
    pub(super) unsuccessful: usize,
}

/// How much there is.
#[derive(Deserialize)]
pub(super) struct Meta {
    pub(super) pagination: Pagination,
}

/// `limit` is a number here and a text there; only `total` is used.
#[derive(Deserialize)]
pub(super) struct Pagination {
    /// Rows that match the request's filter, on this page and after it.
    pub(super) total: usize,
}

/// `GET members/events/`
#[derive(Deserialize)]
pub(super) struct EventPage {
    pub(super) events: Vec<Row>,
    pub(super) meta: Meta,
}

/// One row of the timeline, or something that has not its shape.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Row {
    Known(Box<Known>),
    Odd(Value),
}

#[derive(Deserialize)]
pub(super) struct Known {
    pub(super) r#type: String,
    pub(super) data: Fact,
}

/// The union of what the kinds carry.
#[derive(Deserialize)]
pub(super) struct Fact {
    pub(super) id: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) member_id: Option<String>,
    pub(super) member: Option<Who>,
    pub(super) email: Option<Mail>,
    pub(super) post: Option<Post>,
    pub(super) link: Option<Link>,
    pub(super) subscribed: Option<bool>,
    /// Whose hand it was: `member`, `admin`, `api`, `import`, `system`.
    pub(super) source: Option<String>,
    pub(super) newsletter: Option<Newsletter>,
    pub(super) amount: Option<i64>,
    pub(super) currency: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Who {
    pub(super) id: Option<String>,
    pub(super) email: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Mail {
    pub(super) post_id: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) submitted_at: Option<DateTime<Utc>>,
    pub(super) created_at: Option<DateTime<Utc>>,
    pub(super) track_opens: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Post {
    pub(super) id: Option<String>,
    pub(super) url: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Link {
    pub(super) to: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Newsletter {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) status: Option<String>,
}
