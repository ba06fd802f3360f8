//! Facts that may go with conversions: the rules' own conditions, what happened at
//! all, link classes, the pages and things most looked at, and values of fields.

use std::collections::{BTreeMap, BTreeSet};

use engaged_connectors::model::EventKind;

use super::{
    Ask, CASES_MIN,
    backtest::Past,
    cases::{LeftOut, look_back},
    rule_reads,
};
use crate::{
    rules::{
        Context, parse_condition,
        set::{CountMode, Rule, RuleSet},
        syntax::{Actor, Condition, Filter, Pattern, RuleWhen, Test, Unit, Value, Window},
    },
    score::facts::{Facts, KindId, Needs, TextId, Vocabulary},
    store::StoreError,
};

/// A field with more values than this is a name or a text.
const VALUES_MAX: usize = 100;
/// Pages, links and things of each kind of event, the most frequent.
const PLACES_MAX: usize = 20;
/// What is recent.
const RECENTLY: Window = Window {
    number: 3,
    unit: Unit::Month,
};
/// Mails that must have been ignored before absence is judged, where nothing else is said.
const MIN_SENDS: u32 = 3;

/// Which facts to look at: only these, or all that can be found.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// These conditions.
    These(Vec<Condition>),
    /// All that can be found.
    All,
}

/// The conditions as rules of a score that gives no points, each once; and where all were looked
/// for, what was not known on the days.
pub(super) fn find(
    past: &Past,
    ask: &Ask<'_>,
    wanted: &Wanted,
) -> Result<(Vec<Rule>, Option<LeftOut>), StoreError> {
    let mut left_out = None;
    let rules = &ask.config.rules;
    let mut all = match wanted {
        Wanted::These(conditions) => conditions.iter().cloned().map(rule).collect(),
        Wanted::All => {
            let mut all = of_rules(rules);
            all.extend(of_links(rules));
            let (found, left) = of_facts(past, ask)?;
            all.extend(found);
            left_out = Some(left);
            // Where only some events of the kind are conversions, others of it may well come before.
            if ask.conversion.filters.is_empty() {
                all.retain(|rule| !rule_reads(&rule.when, &ask.conversion.kind, rules));
            }
            all
        }
    };
    let mut told = BTreeSet::new();
    all.retain(|rule| {
        readable(rule, rules) && told.insert((rule.text.clone(), rule.guards, rule.min_sends))
    });
    Ok((all, left_out))
}

/// A condition as a rule.
fn rule(condition: Condition) -> Rule {
    Rule {
        text: condition.to_string(),
        when: RuleWhen::State(condition),
        points: 0,
        count: CountMode::Each,
        at_most_per: Vec::new(),
        at_most: None,
        expires: None,
        decay: None,
        lifted_by: Vec::new(),
        group: None,
        guards: true,
        min_sends: MIN_SENDS,
    }
}

/// Whether its words say what is meant: a text with both kinds of quotes cannot be written.
fn readable(rule: &Rule, rules: &RuleSet) -> bool {
    let context = Context {
        kinds: &rules.kinds,
        ..Context::default()
    };
    let read = parse_condition(&rule.text, &context);
    read.is_ok_and(|read| RuleWhen::State(read) == rule.when)
}

fn any(pattern: Pattern, window: Option<Window>) -> Rule {
    rule(Condition::Absence {
        any: true,
        pattern,
        window,
    })
}

fn pattern(kind: EventKind, filters: Vec<Filter>) -> Pattern {
    Pattern {
        actor: Actor::People,
        kind,
        filters,
    }
}

/// The conditions of the rules in use; of a rule on events, that there was any.
fn of_rules(rules: &RuleSet) -> Vec<Rule> {
    let all = rules.scores.iter().flat_map(|score| &score.rules);
    let conditions = all.filter_map(|each| match &each.when {
        RuleWhen::Each(pattern) => Some(any(pattern.clone(), each.expires)),
        RuleWhen::State(Condition::Otherwise) => None,
        RuleWhen::State(condition) => Some(Rule {
            guards: each.guards,
            min_sends: each.min_sends,
            ..rule(condition.clone())
        }),
    });
    conditions.collect()
}

fn of_links(rules: &RuleSet) -> Vec<Rule> {
    let classes = rules.links.iter();
    let clicks = classes.map(|class| {
        let filter = Filter::Tagged(class.name.clone());
        any(pattern(EventKind::Click, vec![filter]), None)
    });
    clicks.collect()
}

/// What is counted over all cases.
#[derive(Default)]
struct Counts {
    kinds: BTreeMap<KindId, u64>,
    places: BTreeMap<(KindId, Place), u64>,
    fields: BTreeMap<String, BTreeMap<String, u64>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Url(u32),
    Item(u32),
}

impl Counts {
    fn take(&mut self, facts: &Facts) {
        let (mut kinds, mut places) = (BTreeSet::new(), BTreeSet::new());
        for event in &facts.events {
            kinds.insert(event.kind);
            let texts = [
                (event.url, Place::Url(event.url.0)),
                (event.item, Place::Item(event.item.0)),
            ];
            let told = texts.into_iter().filter(|(text, _)| text.is_some());
            places.extend(told.map(|(_, place)| (event.kind, place)));
        }
        for kind in kinds {
            *self.kinds.entry(kind).or_default() += 1;
        }
        for place in places {
            *self.places.entry(place).or_default() += 1;
        }
        for (name, value) in &facts.fields {
            let values = self.fields.entry(name.clone()).or_default();
            // One more than is wanted tells that there are too many.
            if values.len() <= VALUES_MAX || values.contains_key(value) {
                *values.entry(value.clone()).or_default() += 1;
            }
        }
    }
}

/// What enough cases have.
fn of_facts(past: &Past, ask: &Ask<'_>) -> Result<(Vec<Rule>, LeftOut), StoreError> {
    let mut counts = Counts::default();
    let left_out = look_back(
        &past.conn,
        &past.cases,
        (&past.zone, &Needs::all()),
        ask.profile_today,
        |_, facts| counts.take(facts),
    )?;
    let rules = &ask.config.rules;
    let mut all = Vec::new();
    for (kind, cases) in &counts.kinds {
        let Some(kind) = kind_of(*kind, &past.vocabulary, rules) else {
            continue;
        };
        if *cases >= CASES_MIN {
            all.push(any(pattern(kind.clone(), Vec::new()), Some(RECENTLY)));
            all.push(any(pattern(kind, Vec::new()), None));
        }
    }
    all.extend(of_places(&counts, &past.vocabulary, rules));
    for (name, values) in &counts.fields {
        let enough = values.iter().filter(|(_, cases)| **cases >= CASES_MIN);
        if values.len() > VALUES_MAX {
            continue;
        }
        all.extend(enough.map(|(value, _)| {
            rule(Condition::Field {
                name: name.clone(),
                test: Test::OneOf {
                    negated: false,
                    values: vec![Value::Text(value.clone())],
                },
            })
        }));
    }
    Ok((all, left_out))
}

fn of_places(counts: &Counts, vocabulary: &Vocabulary, rules: &RuleSet) -> Vec<Rule> {
    let mut all = Vec::new();
    let enough = counts
        .places
        .iter()
        .filter(|(_, cases)| **cases >= CASES_MIN);
    let mut enough: Vec<_> = enough.collect();
    enough.sort_by_key(|((kind, place), cases)| (*kind, std::cmp::Reverse(**cases), *place));
    for of_kind in enough.chunk_by(|one, other| one.0.0 == other.0.0) {
        for ((kind, place), _) in of_kind.iter().take(PLACES_MAX) {
            let filter = match place {
                Place::Url(url) => {
                    text(&vocabulary.urls, TextId(*url)).map(|url| Filter::On(url.clone()))
                }
                Place::Item(item) => {
                    text(&vocabulary.items, TextId(*item)).map(|item| Filter::Of(item.clone()))
                }
            };
            let kind = kind_of(*kind, vocabulary, rules);
            all.extend(
                kind.zip(filter)
                    .map(|(kind, filter)| any(pattern(kind, vec![filter]), None)),
            );
        }
    }
    all
}

fn text(texts: &[String], id: TextId) -> Option<&String> {
    texts.get(usize::try_from(id.0).ok()?)
}

/// A kind that rules can name, and that is not our own mailing.
fn kind_of(id: KindId, vocabulary: &Vocabulary, rules: &RuleSet) -> Option<EventKind> {
    let number = usize::from(id.0);
    let kind = EventKind::BUILT_IN.get(number).cloned().or_else(|| {
        let declared = number.checked_sub(EventKind::BUILT_IN.len())?;
        let name = vocabulary.kinds.get(declared)?;
        rules
            .kinds
            .contains(name)
            .then(|| EventKind::Custom(name.clone()))
    })?;
    (!matches!(kind, EventKind::Send | EventKind::Delivery)).then_some(kind)
}
