//! Which events a pattern means.

use std::rc::Rc;

use engaged::{
    rules::{
        fake::Written,
        syntax::{Actor, Filter, Pattern, Test},
    },
    score::facts::{ConnectionId, Fact, KindId, TextId},
};
use engaged_connectors::model::{EventKind, Verdict};

use super::{Oracle, readings::ON_TAKES_PATHS, texts};

/// A pattern by its address, and the kind to look for.
pub(super) type Asked = (*const Pattern, EventKind);

impl<'a> Oracle<'a> {
    /// The events that a pattern means, with their dates, from the earliest, up to a date.
    pub(super) fn found(&self, pattern: &Pattern, as_of: i32) -> Vec<(&'a Fact, i32)> {
        self.found_as(pattern, &pattern.kind, as_of)
    }

    /// The same filters and actor, on events of another kind.
    pub(super) fn found_as(
        &self,
        pattern: &Pattern,
        kind: &EventKind,
        as_of: i32,
    ) -> Vec<(&'a Fact, i32)> {
        let asked = (std::ptr::from_ref(pattern), kind.clone());
        let known = self.matched.borrow().get(&asked).cloned();
        let indexes = known.unwrap_or_else(|| {
            let matches = |index: &usize| {
                let fact = self.events[*index].0;
                self.is_kind(fact, kind)
                    && by_actor(&self.kind(fact), fact.verdict, pattern.actor)
                    && (pattern.filters.iter()).all(|filter| self.passes(fact, filter))
            };
            let indexes = Rc::new((0..self.events.len()).filter(matches).collect::<Vec<_>>());
            self.matched.borrow_mut().insert(asked, Rc::clone(&indexes));
            indexes
        });
        let events = indexes.iter().map(|index| self.events[*index]);
        let events = events.filter(|(_, day)| *day <= as_of);
        events
            .filter(|(fact, _)| !self.is_told_again(fact, as_of))
            .collect()
    }

    /// Events of a kind that people caused (or that are facts), up to a date.
    pub(super) fn of_kind(&self, kind: &EventKind, as_of: i32) -> Vec<(&'a Fact, i32)> {
        (self.events.iter().copied())
            .filter(|(fact, day)| *day <= as_of && self.is_kind(fact, kind))
            .filter(|(fact, _)| by_actor(&self.kind(fact), fact.verdict, Actor::People))
            .filter(|(fact, _)| !self.is_told_again(fact, as_of))
            .collect()
    }

    pub(super) fn kind(&self, fact: &Fact) -> EventKind {
        self.kind_named(fact.kind)
    }

    pub(super) fn kind_named(&self, id: KindId) -> EventKind {
        let number = usize::from(id.0);
        match EventKind::BUILT_IN.get(number) {
            Some(kind) => kind.clone(),
            None => {
                EventKind::Custom(self.vocabulary.kinds[number - EventKind::BUILT_IN.len()].clone())
            }
        }
    }

    /// Whether an event is of a kind as rules mean it: `bounce` is hard, soft or untyped.
    pub(super) fn is_kind(&self, fact: &Fact, kind: &EventKind) -> bool {
        let real = self.kind(fact);
        real == *kind
            || (*kind == EventKind::Bounce
                && matches!(real, EventKind::HardBounce | EventKind::SoftBounce))
    }

    /// Whether no `from` of the pattern excludes a connection.
    pub(super) fn may_be_from(&self, pattern: &Pattern, connection: ConnectionId) -> bool {
        pattern.filters.iter().all(|filter| match filter {
            Filter::From(name) => self.is_named(connection, name),
            _ => true,
        })
    }

    fn is_named(&self, connection: ConnectionId, name: &str) -> bool {
        let mut names = self.vocabulary.connections.iter();
        names.any(|(id, each)| *id == connection && texts::same(each, name))
    }

    fn passes(&self, fact: &Fact, filter: &Filter) -> bool {
        let words = self.vocabulary;
        let url = text(&words.urls, fact.url);
        match filter {
            Filter::On(glob) => url.is_some_and(|url| {
                if ON_TAKES_PATHS {
                    texts::url_glob(glob, url)
                } else {
                    texts::glob(glob, texts::page(url))
                }
            }),
            Filter::Campaign(glob) => {
                let index = usize::try_from(fact.campaign.0).expect("an index");
                fact.campaign.is_some()
                    && (texts::glob(glob, &words.campaigns[index].0)
                        || texts::glob(glob, &words.campaigns[index].1))
            }
            Filter::Tagged(class) => {
                let first = (self.rules.links.iter()).find(|each| {
                    let matches = |glob: &String| url.is_some_and(|url| texts::url_glob(glob, url));
                    each.globs.iter().any(matches)
                });
                first.is_some_and(|each| texts::same(&each.name, class))
            }
            Filter::Of(glob) => {
                text(&words.items, fact.item).is_some_and(|item| texts::glob(glob, item))
            }
            Filter::From(name) => self.is_named(fact.connection, name),
            Filter::Over(number) => fact
                .value
                .is_some_and(|cents| texts::compare_cents(cents, *number).is_gt()),
            Filter::Under(number) => fact
                .value
                .is_some_and(|cents| texts::compare_cents(cents, *number).is_lt()),
            Filter::Where { name, test } => self.property(fact, name, test),
        }
    }

    fn property(&self, fact: &Fact, name: &str, test: &Test) -> bool {
        let mut values = self.facts.properties.iter();
        let value = values.find(|(id, each, _)| *id == fact.id && each == name);
        texts::test(
            test,
            value.map(|(_, _, value)| value.as_str()),
            Written::Text,
        ) == Some(true)
    }
}

fn text(texts: &[String], id: TextId) -> Option<&str> {
    let index = usize::try_from(id.0).expect("an index");
    (index != 0).then(|| texts[index].as_str())
}

/// Money, sends, deliveries, bounces and complaints are facts without a verdict.
pub(crate) fn is_plain_fact(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Send
            | EventKind::Delivery
            | EventKind::Bounce
            | EventKind::HardBounce
            | EventKind::SoftBounce
            | EventKind::Complaint
            | EventKind::Purchase
            | EventKind::Refund
    )
}

fn by_actor(kind: &EventKind, verdict: Verdict, actor: Actor) -> bool {
    let machine =
        !is_plain_fact(kind) && matches!(verdict, Verdict::PrivacyProxy | Verdict::Scanner);
    match actor {
        Actor::People => !machine,
        Actor::Machines => machine,
        Actor::Everyone => true,
    }
}
