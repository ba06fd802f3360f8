//! What the site's database holds: members, labels, newsletters, mails and the rows that events are made of.
//!
//! It is filled by `news` from the world and changed by `edit` on request. One sorted list of rows for each type of event, so
//! that a page is found by bisection however long the list is.

use std::collections::{BTreeMap, HashMap};

use super::hooks::Stir;
use super::id::{Id, uuid};
use super::news::Arrival;
use crate::people::Seconds;

/// The types of events that this site has. Ghost knows more; asking for those gives an empty list, as for any unknown name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Sent,
    Delivered,
    Opened,
    Failed,
    Complained,
    Click,
    Newsletter,
    Signup,
}

impl Kind {
    pub(super) const ALL: [Self; 8] = [
        Self::Sent,
        Self::Delivered,
        Self::Opened,
        Self::Failed,
        Self::Complained,
        Self::Click,
        Self::Newsletter,
        Self::Signup,
    ];

    /// The name in a filter.
    pub(super) const fn asked(self) -> &'static str {
        match self {
            Self::Sent => "email_sent_event",
            Self::Delivered => "email_delivered_event",
            Self::Opened => "email_opened_event",
            Self::Failed => "email_failed_event",
            Self::Complained => "email_complained_event",
            Self::Click => "click_event",
            Self::Newsletter => "newsletter_event",
            Self::Signup => "signup_event",
        }
    }

    /// The name in an answer, which differs for complaints.
    pub(super) const fn answered(self) -> &'static str {
        match self {
            Self::Complained => "email_complaint_event",
            other => other.asked(),
        }
    }
}

/// What an event is about, beside its member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Mail {
        mail: u16,
        recipient: u32,
    },
    Click {
        mail: u16,
        link: u8,
    },
    Newsletter {
        newsletter: u8,
        subscribed: bool,
        by_api: bool,
    },
    Signup,
}

/// One event. It sorts by time, then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) at: Seconds,
    pub(super) id: Id,
    pub(super) member: Id,
    pub(super) what: What,
}

#[derive(Debug, Clone)]
pub(super) struct Label {
    pub(super) id: Id,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) created_at: Seconds,
    pub(super) updated_at: Seconds,
}

#[derive(Debug, Clone)]
pub(super) struct Newsletter {
    pub(super) id: Id,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) created_at: Seconds,
}

/// Why and since when an address gets no mail.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suppression {
    pub(super) reason: &'static str,
    pub(super) at: Seconds,
}

#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) id: Id,
    pub(super) person: u32,
    pub(super) email: String,
    pub(super) name: Option<String>,
    pub(super) note: Option<String>,
    /// Membership rows: a label can stand here twice, as in the real table.
    pub(super) labels: Vec<Id>,
    /// Indices of newsletters.
    pub(super) newsletters: Vec<u8>,
    pub(super) created_at: Seconds,
    pub(super) updated_at: Seconds,
    pub(super) last_seen_at: Option<Seconds>,
    pub(super) suppression: Option<Suppression>,
    pub(super) mails: u32,
    pub(super) opened: u32,
}

impl Member {
    pub(super) fn uuid(&self) -> String {
        uuid(self.id.seed())
    }

    /// See [`open_rate`].
    pub(super) fn open_rate(&self) -> Option<u32> {
        open_rate(self.mails, self.opened)
    }
}

/// Percent of the mails that were opened, halves to the even side as the recordings have it; none below five mails.
fn open_rate(mails: u32, opened: u32) -> Option<u32> {
    if mails < 5 {
        return None;
    }
    let (whole, rest) = (opened * 100 / mails, opened * 100 % mails);
    let up = rest * 2 > mails || (rest * 2 == mails && whole % 2 == 1);
    Some(whole + u32::from(up))
}

/// How far one mail to one member is known to have come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    pub(super) processed: Option<Seconds>,
    pub(super) delivered: Option<Seconds>,
    pub(super) opened: Option<Seconds>,
    pub(super) failed: Option<Seconds>,
}

/// One issue: a post that was sent as an e-mail.
#[derive(Debug, Clone)]
pub(super) struct Mail {
    pub(super) post: Id,
    pub(super) email: Id,
    pub(super) batch: Id,
    pub(super) subject: String,
    pub(super) sent_at: Seconds,
    pub(super) links: Vec<String>,
    /// By recipient, as in the world's campaign.
    pub(super) progress: Vec<Progress>,
    pub(super) delivered: u32,
    pub(super) opened: u32,
    pub(super) failed: u32,
}

/// The database.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) members: BTreeMap<Id, Member>,
    pub(super) by_person: HashMap<u32, Id>,
    pub(super) by_email: HashMap<String, Id>,
    pub(super) labels: Vec<Label>,
    pub(super) newsletters: Vec<Newsletter>,
    pub(super) mails: Vec<Mail>,
    rows: [Vec<Row>; 8],
    /// What has happened but is not known here yet.
    pub(super) waiting: Vec<Arrival>,
    pub(super) seen_acts: Vec<usize>,
    pub(super) seen_milestones: usize,
    /// The present and the world's end when the news were last read.
    pub(super) read_at: Option<(Seconds, Seconds)>,
    made: u64,
    /// Changes of members that webhooks were not told of yet.
    pub(super) stirs: Vec<Stir>,
}

impl State {
    /// The events of one type, oldest first.
    pub(super) fn rows(&self, kind: Kind) -> &[Row] {
        &self.rows[kind as usize]
    }

    pub(super) fn rows_mut(&mut self, kind: Kind) -> &mut Vec<Row> {
        &mut self.rows[kind as usize]
    }

    /// A fresh id for something that a request makes.
    pub(super) fn fresh_id(&mut self, now: Seconds) -> Id {
        self.made += 1;
        Id::new(now, &[u64::from(u32::MAX), self.made])
    }

    pub(super) fn label(&self, id: Id) -> Option<&Label> {
        self.labels.iter().find(|label| label.id == id)
    }

    /// The label with this name; case does not count.
    pub(super) fn label_named(&self, name: &str) -> Option<&Label> {
        let name = name.to_lowercase();
        self.labels
            .iter()
            .find(|label| label.name.to_lowercase() == name)
    }

    /// Makes a label, with a slug that no other has.
    pub(super) fn make_label(&mut self, name: &str, now: Seconds) -> Id {
        let id = self.fresh_id(now);
        let slug = slug(name);
        let taken = |slug: &str| self.labels.iter().any(|label| label.slug == slug);
        let slug = std::iter::once(slug.clone())
            .chain((2..self.labels.len() + 3).map(|number| format!("{slug}-{number}")))
            .find(|slug| !taken(slug))
            .unwrap_or_default();
        self.labels.push(Label {
            id,
            name: name.to_owned(),
            slug,
            created_at: now,
            updated_at: now,
        });
        id
    }

    /// Whether the last change of a subscription of this member was to leave, by their own hand.
    pub(super) fn left_themselves(&self, member: Id) -> bool {
        let mut rows = self.rows(Kind::Newsletter).iter().rev();
        let last = rows.find(|row| row.member == member);
        last.is_some_and(|row| {
            matches!(
                row.what,
                What::Newsletter {
                    subscribed: false,
                    by_api: false,
                    ..
                }
            )
        })
    }

    /// Removes a member with what hangs on it. The rows of mails stay, without a member to show, as the recording has it.
    pub(super) fn delete(&mut self, id: Id) -> Option<Member> {
        let member = self.members.remove(&id)?;
        self.by_email.remove(&member.email);
        for kind in [
            Kind::Complained,
            Kind::Click,
            Kind::Newsletter,
            Kind::Signup,
        ] {
            self.rows_mut(kind).retain(|row| row.member != id);
        }
        Some(member)
    }
}

/// A name as it stands in addresses.
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        let plain = match letter {
            'à'..='å' => 'a',
            'è'..='ë' => 'e',
            'ì'..='ï' => 'i',
            'ò'..='ö' | 'ø' => 'o',
            'ù'..='ü' => 'u',
            other => other,
        };
        if plain.is_ascii_alphanumeric() {
            slug.push(plain);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_rate_needs_five_mails_and_rounds_halves_to_the_even_side() {
        let recorded = [(8, 1, 12), (8, 3, 38), (8, 5, 62), (8, 6, 75), (8, 7, 88)];
        for (mails, opened, rate) in recorded {
            assert_eq!(open_rate(mails, opened), Some(rate));
        }
        assert_eq!(open_rate(4, 4), None);
    }

    #[test]
    fn a_slug_is_plain_and_has_no_dash_at_its_ends() {
        assert_eq!(slug("sync:hot-lead"), "sync-hot-lead");
        assert_eq!(slug(" Söndag läsare! "), "sondag-lasare");
    }
}
