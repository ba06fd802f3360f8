//! A rule set compiled against a vocabulary: ready to evaluate any contact.

use std::collections::HashMap;

use crate::rules::{
    fake::Written,
    glob::{fold, page},
    set::{CountMode, RuleSet},
    syntax::{Actor, Condition, Filter, Pattern, RuleWhen, Unit, Window},
};
use engaged_connectors::model::EventKind;

use super::{
    absence::{Absence, Of},
    calendar::Zone,
    condition::{Measure, Node},
    facts::{ConnectionId, KindId, Needs, TextId, Vocabulary},
    pattern::{Asked, PatternId, Patterns, Texts, kind_ids},
    subject::{Kinds, Signals},
    tracking::Measured,
};

/// A compiled rule set. Valid for the vocabulary it was compiled with.
#[derive(Debug)]
pub struct Model {
    pub(crate) rules: RuleSet,
    pub(crate) zone: Zone,
    pub(crate) kinds: Kinds,
    pub(crate) patterns: Patterns,
    /// For each score, its rules.
    pub(crate) scores: Vec<Vec<Compiled>>,
    pub(crate) segments: Vec<Node>,
    pub(crate) stages: Vec<Node>,
    /// For each automation, when contacts enter and when they leave.
    pub(crate) automations: Vec<(Node, Option<Node>)>,
    /// Conditions that are asked beside the rules ([`super::ask`]).
    pub(crate) asked: Vec<Node>,
    /// The number of the configured currency, if any event has it.
    pub(crate) currency: TextId,
    /// For each URL, the number that stands for its page: the same without the fragment.
    pages: Vec<u32>,
}

/// A compiled rule.
#[derive(Debug)]
pub(crate) enum Compiled {
    /// The pattern, and what lifts its events.
    Each(PatternId, Option<PatternId>),
    State(Node),
}

impl Model {
    /// Compiles a rule set. Names that the vocabulary does not know match nothing.
    pub fn new(rules: &RuleSet, vocabulary: &Vocabulary) -> Self {
        Self::with(rules, vocabulary, Patterns::default())
    }

    /// As [`Model::new`], with conditions beside the rules: each with the mails that its absences need.
    pub fn asking(
        rules: &RuleSet,
        vocabulary: &Vocabulary,
        conditions: &[(&Condition, u32)],
    ) -> Self {
        Self::build(rules, vocabulary, Patterns::default(), (conditions, false))
    }

    /// As [`Model::asking`], of conditions by which a list is cleaned: where nothing of opens but the date of the last may
    /// be used, that stands for them.
    pub fn cleaning(
        rules: &RuleSet,
        vocabulary: &Vocabulary,
        conditions: &[(&Condition, u32)],
    ) -> Self {
        Self::build(rules, vocabulary, Patterns::default(), (conditions, true))
    }

    /// As [`Model::new`]; its patterns are added to some that keep their numbers.
    pub(crate) fn with(rules: &RuleSet, vocabulary: &Vocabulary, patterns: Patterns) -> Self {
        Self::build(rules, vocabulary, patterns, (&[], false))
    }

    fn build(
        rules: &RuleSet,
        vocabulary: &Vocabulary,
        patterns: Patterns,
        (conditions, cleans): (&[(&Condition, u32)], bool),
    ) -> Self {
        let mut compiler = Compiler {
            rules,
            vocabulary,
            texts: Texts::new(rules, vocabulary),
            patterns,
            measured: Measured::new(&rules.tracking, &vocabulary.kinds),
        };
        let scores = rules
            .scores
            .iter()
            .map(|score| score.rules.iter().map(|rule| compiler.rule(rule)).collect());
        let scores = scores.collect::<Vec<Vec<Compiled>>>();
        let outside = Settings {
            guards: true,
            min_sends: rules.min_sends,
            cleans: false,
        };
        let segments = rules
            .segments
            .iter()
            .map(|segment| compiler.condition(&segment.when, outside))
            .collect();
        let stages = rules
            .stages
            .iter()
            .map(|stage| compiler.condition(&stage.when, outside))
            .collect();
        let automations = rules.automations.iter().map(|automation| {
            let enter = compiler.condition(&automation.when, outside);
            let leave = automation.until.as_ref();
            (enter, leave.map(|until| compiler.condition(until, outside)))
        });
        let automations = automations.collect();
        let asked = conditions.iter().map(|(condition, min_sends)| {
            let min_sends = *min_sends;
            compiler.condition(
                condition,
                Settings {
                    min_sends,
                    cleans,
                    ..outside
                },
            )
        });
        let asked = asked.collect();
        let position = vocabulary
            .currencies
            .iter()
            .position(|each| *each == rules.currency);
        Self {
            zone: Zone::new(rules.zone),
            kinds: Kinds::new(),
            patterns: compiler.patterns,
            scores,
            segments,
            stages,
            automations,
            asked,
            currency: position
                .and_then(|index| u32::try_from(index).ok())
                .map_or(TextId::NONE, TextId),
            pages: pages(&vocabulary.urls),
            rules: rules.clone(),
        }
    }

    /// The rules it was compiled from.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// What it reads of a contact.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs {
            fields: Some(Vec::new()),
            ..Needs::default()
        };
        let rules = self.scores.iter().flatten();
        let states = rules.filter_map(|rule| match rule {
            Compiled::State(node) => Some(node),
            Compiled::Each(..) => None,
        });
        let automations = self.automations.iter();
        let automations = automations.flat_map(|(enter, leave)| [Some(enter), leave.as_ref()]);
        let nodes = states.chain(&self.segments).chain(&self.stages);
        for node in nodes.chain(automations.flatten()).chain(&self.asked) {
            node.note_needs(&mut needs);
        }
        // Nothing starts for whom we may not write to.
        needs.subscriptions |= !self.automations.is_empty();
        needs
    }

    /// The zone in which it counts days.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The number that all URLs of one page share.
    pub(crate) fn page(&self, url: TextId) -> u32 {
        usize::try_from(url.0)
            .ok()
            .and_then(|index| self.pages.get(index))
            .copied()
            .unwrap_or(url.0)
    }
}

fn pages(urls: &[String]) -> Vec<u32> {
    let mut first: HashMap<&str, u32> = HashMap::new();
    let numbered = urls.iter().zip(0_u32..);
    numbered
        .map(|(url, number)| *first.entry(page(url)).or_insert(number))
        .collect()
}

/// What a condition's place decides about its absences.
#[derive(Clone, Copy)]
struct Settings {
    guards: bool,
    min_sends: u32,
    /// Whether a list is cleaned by it.
    cleans: bool,
}

struct Compiler<'a> {
    rules: &'a RuleSet,
    vocabulary: &'a Vocabulary,
    texts: Texts<'a>,
    patterns: Patterns,
    measured: Measured,
}

impl Compiler<'_> {
    fn rule(&mut self, rule: &crate::rules::set::Rule) -> Compiled {
        match &rule.when {
            RuleWhen::Each(pattern) => {
                let id = self.patterns.add(pattern, &self.texts);
                let lifting: Vec<KindId> = rule
                    .lifted_by
                    .iter()
                    .flat_map(|kind| kind_ids(kind, self.vocabulary))
                    .collect();
                let lifting = (!lifting.is_empty()).then(|| {
                    self.patterns
                        .add_kinds(lifting, Actor::People, &[], &self.texts)
                });
                Compiled::Each(id, lifting)
            }
            RuleWhen::State(condition) => {
                let settings = Settings {
                    guards: rule.guards,
                    min_sends: rule.min_sends,
                    cleans: false,
                };
                Compiled::State(self.condition(condition, settings))
            }
        }
    }

    fn condition(&mut self, condition: &Condition, settings: Settings) -> Node {
        match condition {
            Condition::Or(parts) => Node::Or(self.conditions(parts, settings)),
            Condition::And(parts) => Node::And(self.conditions(parts, settings)),
            Condition::Not(inner) => Node::Not(Box::new(self.condition(inner, settings))),
            Condition::Absence {
                any,
                pattern,
                window,
            } => Node::Absence {
                any: *any,
                absence: self.absence(pattern, *window, settings),
                text: condition.to_string().into(),
            },
            Condition::Count {
                bound,
                number,
                pattern,
                window,
            } => Node::Count {
                bound: *bound,
                number: *number,
                measure: self.measure(pattern, *window, settings),
            },
            Condition::DaysWith {
                pattern,
                window,
                cmp,
                number,
            } => Node::DaysWith {
                cmp: *cmp,
                number: *number,
                measure: self.measure(pattern, Some(*window), settings),
            },
            Condition::Total {
                pattern,
                window,
                cmp,
                number,
            } => Node::Total {
                cmp: *cmp,
                number: *number,
                refunds: self.refunds(pattern),
                purchases: pattern.kind == EventKind::Purchase,
                measure: self.measure(pattern, Some(*window), settings),
            },
            Condition::TimeSince {
                pattern,
                cmp,
                window,
            } => Node::TimeSince {
                cmp: *cmp,
                measure: self.measure(pattern, Some(*window), settings),
            },
            _ => self.reading(condition),
        }
    }

    /// A condition that reads the profile, or what other conditions gave.
    fn reading(&self, condition: &Condition) -> Node {
        match condition {
            Condition::Field { name, test } => {
                Node::Field(fold(name), Asked::new(test, Written::Text))
            }
            Condition::Email(test) => Node::Email(Asked::new(test, Written::Address)),
            Condition::EmailDomain(test) => Node::EmailDomain(Asked::new(test, Written::Domain)),
            Condition::EmailDomainFree { negated } => Node::EmailDomainFree { negated: *negated },
            Condition::Points { score, cmp, number } => self
                .score(score)
                .map_or(Node::Nothing, |score| Node::Points(score, *cmp, *number)),
            Condition::Band {
                score,
                negated,
                names,
            } => self.band(score, *negated, names),
            Condition::Segment(name) => {
                let found = self
                    .rules
                    .segments
                    .iter()
                    .position(|segment| segment.name == *name);
                found.map_or(Node::Nothing, Node::Segment)
            }
            Condition::InList(name) => Node::InList(fold(name)),
            Condition::Status { negated, status } => Node::Status {
                negated: *negated,
                status: *status,
            },
            // Whatever is left was compiled before this was asked.
            _ => Node::Otherwise,
        }
    }

    fn conditions(&mut self, parts: &[Condition], settings: Settings) -> Vec<Node> {
        parts
            .iter()
            .map(|part| self.condition(part, settings))
            .collect()
    }

    fn score(&self, name: &str) -> Option<usize> {
        self.rules
            .scores
            .iter()
            .position(|score| score.name == name)
    }

    fn band(&self, score: &str, negated: bool, names: &[String]) -> Node {
        let Some(index) = self.score(score) else {
            return Node::Nothing;
        };
        let wanted: Vec<String> = names.iter().map(String::as_str).map(fold).collect();
        let bands = self.rules.scores[index]
            .bands
            .iter()
            .map(|band| fold(&band.name));
        let bands = bands
            .enumerate()
            .filter(|(_, name)| wanted.contains(name))
            .map(|(band, _)| band);
        Node::Band {
            score: index,
            negated,
            bands: bands.collect(),
        }
    }

    fn absence(
        &mut self,
        pattern: &Pattern,
        window: Option<Window>,
        settings: Settings,
    ) -> Absence {
        let own = kind_ids(&pattern.kind, self.vocabulary);
        let of = match pattern.kind {
            EventKind::Open => Of::Opens,
            EventKind::Click => Of::Clicks,
            EventKind::Purchase => Of::Purchases,
            _ => Of::Others,
        };
        let kinds = if of == Of::Opens {
            // A click proves reading, so it qualifies and its coverage is needed too.
            own.iter()
                .copied()
                .chain(kind_ids(&EventKind::Click, self.vocabulary))
                .collect()
        } else {
            own
        };
        let signals = Signals::of(&kinds, &self.measured);
        Absence {
            qualifying: self.patterns.add_kinds(
                kinds.clone(),
                pattern.actor,
                &pattern.filters,
                &self.texts,
            ),
            window,
            kinds,
            from: self.connections(&pattern.filters),
            of,
            guards: settings.guards,
            min_sends: settings.min_sends,
            signals,
            by_last_open: settings.cleans && of == Of::Opens && pattern.filters.is_empty(),
        }
    }

    fn measure(
        &mut self,
        pattern: &Pattern,
        window: Option<Window>,
        settings: Settings,
    ) -> Measure {
        let kinds = kind_ids(&pattern.kind, self.vocabulary);
        Measure {
            pattern: self.patterns.add(pattern, &self.texts),
            // No window is all time: longer than any calendar.
            window: window.unwrap_or(Window {
                number: 1_000_000,
                unit: Unit::Year,
            }),
            signals: Signals::of(&kinds, &self.measured),
            kinds,
            from: self.connections(&pattern.filters),
            guards: settings.guards,
        }
    }

    fn refunds(&mut self, pattern: &Pattern) -> Option<PatternId> {
        (pattern.kind == EventKind::Purchase).then(|| {
            let refunds = Pattern {
                kind: EventKind::Refund,
                ..pattern.clone()
            };
            self.patterns.add(&refunds, &self.texts)
        })
    }

    /// The connections that `from` filters leave, or `None` where there is no such filter.
    fn connections(&self, filters: &[Filter]) -> Option<Vec<ConnectionId>> {
        let names: Vec<String> = filters
            .iter()
            .filter_map(|filter| match filter {
                Filter::From(name) => Some(fold(name)),
                _ => None,
            })
            .collect();
        let all = self.vocabulary.connections.iter();
        let left = all
            .filter(|(_, name)| names.contains(&fold(name)))
            .map(|(id, _)| *id);
        (!names.is_empty()).then(|| left.collect())
    }
}

/// The default way of counting of a kind (the contract's section 4).
pub fn default_count(kind: &EventKind) -> CountMode {
    match kind {
        EventKind::Open => CountMode::PerMessage,
        EventKind::Click => CountMode::PerLink,
        EventKind::PageVisit => CountMode::PerDay,
        EventKind::Unsubscribe
        | EventKind::Bounce
        | EventKind::HardBounce
        | EventKind::SoftBounce => CountMode::Once,
        _ => CountMode::Each,
    }
}

/// What lifts a kind's events unless the rule says otherwise (the contract's section 4).
pub fn default_lifting(kind: &EventKind) -> Vec<EventKind> {
    match kind {
        EventKind::Unsubscribe => vec![EventKind::Subscribe],
        EventKind::Bounce | EventKind::HardBounce | EventKind::SoftBounce => {
            vec![EventKind::Delivery, EventKind::Open, EventKind::Click]
        }
        _ => Vec::new(),
    }
}
