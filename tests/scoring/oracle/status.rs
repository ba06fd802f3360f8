//! Status and lists.

use engaged_connectors::model::{EventKind, Status, Verdict};

use super::{Oracle, dates, texts};

impl Oracle<'_> {
    /// The strictest status over connections; `None` where nobody said anything.
    pub(super) fn status(&self, as_of: i32) -> Option<Status> {
        let connections = self.vocabulary.connections.iter();
        let each = connections.filter_map(|(id, _)| {
            let mut words: Vec<(i64, Word)> = Vec::new();
            for said in &self.facts.subscriptions {
                let day = dates::local(self.rules.zone, said.at);
                if said.connection == *id && day <= as_of {
                    words.push((said.at, Word::Is(said.status)));
                }
            }
            for (fact, day) in &self.events {
                if fact.connection == *id && *day <= as_of {
                    let word = word(&self.kind(fact), fact.verdict);
                    words.extend(word.map(|word| (fact.at, word)));
                }
            }
            words.sort();
            let mut status = None;
            for (_, word) in words {
                status = after(status, word);
            }
            status
        });
        each.max()
    }

    /// Whether some connection's latest word about the list is not that the contact left it.
    pub(super) fn in_list(&self, name: &str, as_of: i32) -> bool {
        self.vocabulary.connections.iter().any(|(id, _)| {
            let said = self.facts.subscriptions.iter().filter(|said| {
                said.connection == *id
                    && texts::same(&said.list, name)
                    && dates::local(self.rules.zone, said.at) <= as_of
            });
            let latest = said.max_by_key(|said| (said.at, said.status));
            latest.is_some_and(|said| said.status != Status::Unsubscribed)
        })
    }
}

/// Something that bears on a status; at one instant the stricter comes last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    /// A delivery, or a person's click.
    Works,
    /// A status, as a platform or an event says.
    Is(Status),
}

fn word(kind: &EventKind, verdict: Verdict) -> Option<Word> {
    let person = matches!(verdict, Verdict::Human | Verdict::Unknown);
    match kind {
        EventKind::Delivery => Some(Word::Works),
        EventKind::Click if person => Some(Word::Works),
        EventKind::Subscribe => Some(Word::Is(Status::Subscribed)),
        EventKind::Unsubscribe => Some(Word::Is(Status::Unsubscribed)),
        EventKind::HardBounce => Some(Word::Is(Status::Bounced)),
        EventKind::Complaint => Some(Word::Is(Status::Complained)),
        _ => None,
    }
}

fn after(status: Option<Status>, word: Word) -> Option<Status> {
    match (status, word) {
        (Some(Status::Bounced), Word::Works) => Some(Status::Subscribed),
        (status, Word::Works) => status,
        (Some(old @ (Status::Complained | Status::Suppressed)), Word::Is(new)) => {
            Some(old.max(new))
        }
        (Some(Status::Unsubscribed), Word::Is(Status::Bounced)) => Some(Status::Unsubscribed),
        (_, Word::Is(new)) => Some(new),
    }
}

