//! How reachable a contact is, over all its connections: the strictest counts.

use engaged_connectors::model::Status;

use super::{
    calendar::{Day, Millis},
    facts::{ConnectionId, Coverage, Fact, Facts},
    model::Model,
    subject::{Kinds, Subject, proves_delivery},
};

/// The strictest status on a date; `None` if nobody said anything.
///
/// Per connection the latest word counts. A delivery or a person's click ends `bounced`; only a subscription ends `unsubscribed`; only a person ends
/// the other two, which the platform then reports as a new word.
pub(crate) fn strictest(subject: &Subject<'_>, kinds: Kinds, as_of: Day) -> Option<Status> {
    let connections = subject.facts.connections.iter();
    connections
        .filter_map(|connection| of_connection(subject, kinds, *connection, as_of))
        .max()
}

/// The latest word of one connection.
fn of_connection(
    subject: &Subject<'_>,
    kinds: Kinds,
    connection: ConnectionId,
    as_of: Day,
) -> Option<Status> {
    let all = subject.facts.subscriptions.iter();
    let all = all.filter(|each| each.connection == connection);
    // The word on the contact as a whole tells more than those on its lists: leaving one is not leaving.
    let whole = all.clone().any(|each| each.list.is_empty());
    let said = all.filter(|each| each.list.is_empty() || !whole);
    let said = said.map(|each| (each.at, Word::Said(each.status)));
    let happened = subject.facts.events.iter().zip(&subject.days);
    let happened = happened.filter(|(fact, day)| fact.connection == connection && **day <= as_of);
    let happened = happened.filter_map(|(fact, _)| Some((fact.at, Word::of(fact, kinds)?)));
    let mut words: Vec<(Millis, Word)> = said.chain(happened).collect();
    words.sort_by_key(|(at, word)| (*at, word.strictness()));
    words
        .into_iter()
        .fold(None, |status, (_, word)| word.after(status))
}

#[derive(Clone, Copy)]
enum Word {
    /// The platform's own statement.
    Said(Status),
    /// An event that makes a contact less reachable.
    Became(Status),
    /// A new subscription.
    Subscribed,
    /// Proof that the address works.
    Works,
}

impl Word {
    fn of(fact: &Fact, kinds: Kinds) -> Option<Self> {
        let kind = fact.kind;
        if kind == kinds.unsubscribe {
            Some(Self::Became(Status::Unsubscribed))
        } else if kind == kinds.complaint {
            Some(Self::Became(Status::Complained))
        } else if kind == kinds.bounce[0] || kind == kinds.bounce[1] {
            Some(Self::Became(Status::Bounced))
        } else if kind == kinds.subscribe {
            Some(Self::Subscribed)
        } else {
            proves_delivery(fact, kinds).then_some(Self::Works)
        }
    }

    /// At one instant a stricter statement comes later, so that it stands; events follow statements, and
    /// those that lift others come last, so that they win in whatever order the events became known.
    fn strictness(self) -> (u8, Option<Status>) {
        match self {
            Self::Said(status) => (0, Some(status)),
            Self::Became(_) => (1, None),
            Self::Subscribed | Self::Works => (2, None),
        }
    }

    fn after(self, status: Option<Status>) -> Option<Status> {
        match (self, status) {
            (Self::Said(said), _) => Some(said),
            (Self::Became(worse), status) => Some(status.map_or(worse, |status| status.max(worse))),
            (Self::Subscribed, None | Some(Status::Bounced | Status::Unsubscribed))
            | (Self::Works, Some(Status::Bounced)) => Some(Status::Subscribed),
            (_, status) => status,
        }
    }
}

/// The strictest status on a date, as [`strictest`].
pub fn status_on(model: &Model, facts: &Facts, coverage: &Coverage, as_of: Day) -> Option<Status> {
    strictest(&Subject::new(model, facts, coverage), model.kinds, as_of)
}
