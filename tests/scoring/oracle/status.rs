//! Status and lists.

use engaged::score::facts::Subscription;
use engaged_connectors::model::{EventKind, Status, Verdict};

use super::{
    Oracle, dates,
    readings::{LATER_WORDS_EXIST, UNTYPED_BOUNCE_IS_HARD},
    texts,
};

impl Oracle<'_> {
    /// The strictest status over connections; `None` where nobody said anything.
    pub(super) fn status(&self, as_of: i32) -> Option<Status> {
        let connections = self.facts.connections.iter();
        let each = connections.filter_map(|id| {
            let mut words: Vec<(i64, Word)> = Vec::new();
            // A word on the contact as a whole beats those on lists; at one instant the strictest stands.
            let mut said: Vec<&Subscription> = self
                .said(as_of)
                .filter(|said| said.connection == *id)
                .collect();
            if said.iter().any(|said| said.list.is_empty()) {
                said.retain(|said| said.list.is_empty());
            }
            said.sort_by_key(|said| (said.at, said.status));
            for said in said {
                words.push((said.at, Word::Said(said.status)));
            }
            for (fact, day) in &self.events {
                if fact.connection == *id && *day <= as_of {
                    let word = word(&self.kind(fact), fact.verdict);
                    words.extend(word.map(|word| (fact.at, word)));
                }
            }
            // At one instant events follow words, and those that lift win, as section 4 says; the sort is stable.
            words.sort_by_key(|(at, word)| match word {
                Word::Said(_) => (*at, 0),
                Word::Became(_) => (*at, 1),
                Word::Subscribed | Word::Works => (*at, 2),
            });
            let mut status = None;
            for (_, word) in words {
                status = after(status, word);
            }
            status
        });
        each.max()
    }

    /// Whether some connection has the contact on the list, whatever its state there, and not as one who left.
    pub(super) fn in_list(&self, name: &str, as_of: i32) -> bool {
        self.said(as_of)
            .any(|said| texts::same(&said.list, name) && said.status != Status::Unsubscribed)
    }

    fn said(&self, as_of: i32) -> impl Iterator<Item = &Subscription> {
        self.facts.subscriptions.iter().filter(move |said| {
            LATER_WORDS_EXIST || dates::local(self.rules.zone, said.at) <= as_of
        })
    }
}

/// Something that bears on a status.
enum Word {
    Said(Status),
    Became(Status),
    Subscribed,
    Works,
}

fn word(kind: &EventKind, verdict: Verdict) -> Option<Word> {
    let person = matches!(verdict, Verdict::Human | Verdict::Unknown);
    match kind {
        EventKind::Delivery => Some(Word::Works),
        EventKind::Click if person => Some(Word::Works),
        EventKind::Subscribe => Some(Word::Subscribed),
        EventKind::Unsubscribe => Some(Word::Became(Status::Unsubscribed)),
        EventKind::HardBounce => Some(Word::Became(Status::Bounced)),
        EventKind::Bounce if UNTYPED_BOUNCE_IS_HARD => Some(Word::Became(Status::Bounced)),
        EventKind::Complaint => Some(Word::Became(Status::Complained)),
        _ => None,
    }
}

fn after(status: Option<Status>, word: Word) -> Option<Status> {
    match (status, word) {
        (_, Word::Said(said)) => Some(said),
        (Some(old), Word::Became(new)) => Some(old.max(new)),
        (None, Word::Became(new)) => Some(new),
        (None | Some(Status::Bounced | Status::Unsubscribed), Word::Subscribed)
        | (Some(Status::Bounced), Word::Works) => Some(Status::Subscribed),
        (status, Word::Subscribed | Word::Works) => status,
    }
}
