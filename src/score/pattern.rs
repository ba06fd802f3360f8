//! Patterns made ready: kinds as a set, texts as sets of the numbers that match.
//!
//! Whether an event matches a pattern does not depend on the date, so it is
//! asked once for each event, however many dates are evaluated after that.

use engaged_connectors::model::{EventKind, Verdict};

use crate::rules::{
    fake::Written,
    glob::{Glob, UrlGlob, fold},
    set::RuleSet,
    syntax::{Actor, Filter, Pattern, Test},
    text_test::{self, CompiledTest},
    truth::Truth,
};

use super::facts::{ConnectionId, Fact, Facts, KindId, TextId, Vocabulary};

/// The number of a compiled pattern in its [`Patterns`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PatternId(pub(crate) usize);

/// All patterns of a rule set, each once.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    compiled: Vec<Compiled>,
    /// For each kind, the patterns that may match an event of it.
    by_kind: Vec<Vec<PatternId>>,
}

#[derive(Debug)]
struct Compiled {
    source: (Vec<KindId>, Actor, Vec<Filter>),
    actor: Actor,
    filters: Vec<Ready>,
}

#[derive(Debug)]
enum Ready {
    Url(TextSet),
    Campaign(TextSet),
    Item(TextSet),
    From(Option<ConnectionId>),
    /// More than this many hundredths, the number given in thousandths of a hundredth.
    Over(i128),
    Under(i128),
    Where(String, Asked),
}

/// A test made ready. Checked rules have no regular expression that fails to
/// compile; should there be one, it is never known to hold.
#[derive(Debug)]
pub(crate) struct Asked(Option<CompiledTest>);

impl Asked {
    pub(crate) fn new(test: &Test, written: Written) -> Self {
        Self(CompiledTest::new(test, written).ok())
    }

    pub(crate) fn holds(&self, value: Option<&str>) -> Truth {
        self.0
            .as_ref()
            .map_or(Truth::Unknown, |test| text_test::holds(test, value))
    }
}

/// A set of text numbers.
#[derive(Debug, Default)]
struct TextSet(Vec<bool>);

impl TextSet {
    fn of<T>(texts: &[T], mut test: impl FnMut(&T) -> bool) -> Self {
        // Index zero is "no text", which no filter matches.
        Self(
            texts
                .iter()
                .enumerate()
                .map(|(index, text)| index > 0 && test(text))
                .collect(),
        )
    }

    fn has(&self, id: TextId) -> bool {
        usize::try_from(id.0)
            .ok()
            .and_then(|index| self.0.get(index))
            .copied()
            .unwrap_or(false)
    }
}

/// The kinds that a kind in a pattern stands for: `bounce` is hard, soft and untyped.
pub(crate) fn kind_ids(kind: &EventKind, vocabulary: &Vocabulary) -> Vec<KindId> {
    let id = |kind: &EventKind| {
        KindId::built_in(kind).or_else(|| {
            let index = vocabulary
                .kinds
                .iter()
                .position(|name| name == kind.as_str())?;
            u16::try_from(EventKind::BUILT_IN.len() + index)
                .ok()
                .map(KindId)
        })
    };
    let all: &[EventKind] = match kind {
        EventKind::Bounce => &[
            EventKind::Bounce,
            EventKind::HardBounce,
            EventKind::SoftBounce,
        ],
        other => std::slice::from_ref(other),
    };
    all.iter().filter_map(id).collect()
}

/// Whether a verdict is one that points and judgements may rest on.
pub(crate) fn usable(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Human | Verdict::Unknown)
}

/// Everything a pattern's filters are resolved against.
pub(crate) struct Texts<'a> {
    vocabulary: &'a Vocabulary,
    /// For each URL, the number of its link class.
    classes: Vec<Option<usize>>,
    class_names: Vec<String>,
}

impl<'a> Texts<'a> {
    pub(crate) fn new(rules: &RuleSet, vocabulary: &'a Vocabulary) -> Self {
        let classes = rules.links.iter();
        let classes: Vec<Vec<UrlGlob>> = classes
            .map(|class| class.globs.iter().map(|glob| UrlGlob::new(glob)).collect())
            .collect();
        let class_of = |url: &String| {
            classes
                .iter()
                .position(|globs| globs.iter().any(|glob| glob.matches(url)))
        };
        Self {
            vocabulary,
            classes: if classes.is_empty() {
                Vec::new()
            } else {
                vocabulary.urls.iter().map(class_of).collect()
            },
            class_names: rules.links.iter().map(|class| fold(&class.name)).collect(),
        }
    }

    fn ready(&self, filter: &Filter) -> Ready {
        let vocabulary = self.vocabulary;
        match filter {
            Filter::On(glob) => {
                let glob = UrlGlob::new(glob);
                Ready::Url(TextSet::of(&vocabulary.urls, |url| glob.matches(url)))
            }
            Filter::Campaign(glob) => {
                let glob = Glob::new(glob);
                Ready::Campaign(TextSet::of(&vocabulary.campaigns, |(id, name)| {
                    glob.matches(id) || glob.matches(name)
                }))
            }
            Filter::Tagged(class) => {
                let class = fold(class);
                let wanted = self.class_names.iter().position(|name| *name == class);
                let mut index = 0;
                Ready::Url(TextSet::of(&vocabulary.urls, |_| {
                    index += 1;
                    wanted.is_some() && self.classes.get(index).copied().flatten() == wanted
                }))
            }
            Filter::Of(glob) => {
                let glob = Glob::new(glob);
                Ready::Item(TextSet::of(&vocabulary.items, |item| glob.matches(item)))
            }
            Filter::From(name) => Ready::From(
                vocabulary
                    .connections
                    .iter()
                    .find(|(_, each)| fold(each) == fold(name))
                    .map(|(id, _)| *id),
            ),
            Filter::Over(number) => Ready::Over(scaled(*number)),
            Filter::Under(number) => Ready::Under(scaled(*number)),
            Filter::Where { name, test } => {
                Ready::Where(fold(name), Asked::new(test, Written::Text))
            }
        }
    }
}

/// Fifteen decimal places, so that any decimal of the language is exact.
fn scaled(number: crate::rules::syntax::Decimal) -> i128 {
    let (mantissa, scale) = number.parts();
    i128::from(mantissa) * 10_i128.pow(15 - u32::from(scale.min(15)))
}

impl Patterns {
    /// Adds a pattern as written and gives its number; an equal one is not added again.
    pub(crate) fn add(&mut self, pattern: &Pattern, texts: &Texts<'_>) -> PatternId {
        let kinds = kind_ids(&pattern.kind, texts.vocabulary);
        self.add_kinds(kinds, pattern.actor, &pattern.filters, texts)
    }

    /// Adds a pattern over several kinds.
    pub(crate) fn add_kinds(
        &mut self,
        kinds: Vec<KindId>,
        actor: Actor,
        filters: &[Filter],
        texts: &Texts<'_>,
    ) -> PatternId {
        let source = (kinds, actor, filters.to_vec());
        if let Some(index) = self.compiled.iter().position(|each| each.source == source) {
            return PatternId(index);
        }
        let id = PatternId(self.compiled.len());
        for kind in &source.0 {
            let index = usize::from(kind.0);
            if self.by_kind.len() <= index {
                self.by_kind.resize_with(index + 1, Vec::new);
            }
            self.by_kind[index].push(id);
        }
        let ready = filters.iter().map(|filter| texts.ready(filter)).collect();
        self.compiled.push(Compiled {
            actor,
            filters: ready,
            source,
        });
        id
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.compiled.len()
    }

    /// The patterns that one event matches.
    pub(crate) fn matching<'a>(
        &'a self,
        fact: &'a Fact,
        facts: &'a Facts,
    ) -> impl Iterator<Item = PatternId> + 'a {
        let candidates = self
            .by_kind
            .get(usize::from(fact.kind.0))
            .map_or(&[][..], Vec::as_slice);
        candidates
            .iter()
            .copied()
            .filter(|id| self.compiled[id.0].matches(fact, facts))
    }
}

impl Patterns {
    /// Whether an event would match a pattern that asks for people, had a machine not caused it.
    pub(crate) fn spoilt(&self, id: PatternId, fact: &Fact, facts: &Facts) -> bool {
        let compiled = &self.compiled[id.0];
        compiled.actor == Actor::People
            && !usable(fact.verdict)
            && compiled.source.0.contains(&fact.kind)
            && compiled
                .filters
                .iter()
                .all(|filter| filter.holds(fact, facts))
    }
}

impl Compiled {
    fn matches(&self, fact: &Fact, facts: &Facts) -> bool {
        let by_actor = match self.actor {
            Actor::People => usable(fact.verdict),
            Actor::Machines => !usable(fact.verdict),
            Actor::Everyone => true,
        };
        by_actor && self.filters.iter().all(|filter| filter.holds(fact, facts))
    }
}

impl Ready {
    fn holds(&self, fact: &Fact, facts: &Facts) -> bool {
        // Hundredths with fifteen places: a value of 1.00 is 10^15.
        let value = fact.value.map(|value| i128::from(value) * 10_i128.pow(13));
        match self {
            Self::Url(set) => set.has(fact.url),
            Self::Campaign(set) => set.has(fact.campaign),
            Self::Item(set) => set.has(fact.item),
            Self::From(connection) => *connection == Some(fact.connection),
            Self::Over(limit) => value.is_some_and(|value| value > *limit),
            Self::Under(limit) => value.is_some_and(|value| value < *limit),
            Self::Where(name, test) => {
                let found = facts
                    .properties
                    .iter()
                    .find(|(id, each, _)| *id == fact.id && fold(each) == *name);
                test.holds(found.map(|(_, _, value)| value.as_str())) == Truth::True
            }
        }
    }
}
