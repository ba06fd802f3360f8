//! What the next push would change, for the guard that watches it.
//!
//! The platforms are taken to show what the present rules say. What they were
//! really told, and what somebody edited there, is for `plan` to say.

use crate::{
    config::Config,
    push::targets::Targets,
    rules::{set::Score, truth::Truth},
    score::{evaluate::Evaluation, facts::ConnectionId},
    store::Connection,
};

/// Every connection that is pushed to.
#[derive(Debug, Default)]
pub struct Pushes {
    all: Vec<Push>,
}

/// One connection.
#[derive(Debug)]
pub struct Push {
    /// Its name.
    pub connection: String,
    id: ConnectionId,
    now: Targets,
    draft: Targets,
    /// The scores of the draft.
    scores: Vec<Score>,
}

impl Pushes {
    /// The connections that both configurations push to and that have been synced.
    pub fn new(now: &Config, draft: &Config, known: &[Connection]) -> Self {
        let both = now.connections.iter().filter_map(|old| {
            let new = draft.connections.iter().find(|new| new.name == old.name)?;
            let id = known.iter().find(|known| known.name == old.name)?.id;
            Some(Push {
                connection: old.name.clone(),
                id,
                now: Targets::new(old, &now.rules),
                draft: Targets::new(new, &draft.rules),
                scores: draft.rules.scores.clone(),
            })
        });
        Self {
            all: both
                .filter(|push| !push.now.is_empty() && !push.draft.is_empty())
                .collect(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Push> {
        self.all.iter()
    }

    /// For each one that the contact is on: its number, and whether the platform would be told anything.
    pub(super) fn differences<'a>(
        &'a self,
        connections: &'a [ConnectionId],
        now: &'a Evaluation,
        draft: &'a Evaluation,
    ) -> impl Iterator<Item = (usize, bool)> + 'a {
        let on = self.all.iter().enumerate();
        on.filter(|(_, push)| connections.contains(&push.id))
            .map(|(number, push)| (number, push.differs(now, draft)))
    }
}

impl Push {
    fn differs(&self, now: &Evaluation, draft: &Evaluation) -> bool {
        let number = self.draft.fields.iter().any(|(field, new)| {
            let old = self.now.fields.iter().find(|(each, _)| each == field);
            old.is_some_and(|(_, old)| {
                let (before, after) = (now.scores[*old].shown, draft.scores[*new].shown);
                let score = &self.scores[*new];
                (after - before).abs() >= self.draft.deadband.max(1)
                    || (after != before && score.band(after) != score.band(before))
            })
        });
        number || tags(&self.now, now) != tags(&self.draft, draft)
    }
}

/// The tags that a contact has, sorted.
fn tags<'a>(targets: &'a Targets, evaluation: &Evaluation) -> Vec<&'a str> {
    let segments = targets
        .segments
        .iter()
        .filter(|(_, segment)| evaluation.segments[*segment] == Truth::True)
        .map(|(tag, _)| tag.as_str());
    let bands = targets
        .bands
        .iter()
        .filter_map(|(score, tags)| Some(tags[evaluation.scores[*score].band?].as_str()));
    let mut all: Vec<&str> = segments.chain(bands).collect();
    all.sort_unstable();
    all
}
