//! Scores, checked: their rules with every default filled in, bands, groups and limits.

use engaged_connectors::model::EventKind;

mod limits;
mod model;

use super::{
    code,
    found::Found,
    language::{self, Vocabulary},
    near::proposal,
    options,
    rules::{MIN_SENDS, min_sends},
    shape::decimal,
    tree::{Entry, Node, Table, Value},
};
use crate::{
    diagnostic::Diagnostic,
    rules::{
        set::{CountMode, Decay, Period, Rule, Score},
        syntax::{Decimal, Pattern, RuleWhen},
    },
};

/// The most thousandths a number of points may have, so that no sum overflows.
const MOST: i64 = 1_000_000_000;

/// Options of rules on events.
const EACH_EVENT: [&str; 5] = ["count", "at_most", "expires", "decay", "lifted_by"];

/// Options of rules on conditions.
const STATE: [&str; 2] = ["guards", "min_sends"];

/// Checks all scores. What is wrong is left out, and reported.
pub(super) fn check(root: &Table, vocabulary: &Vocabulary, found: &mut Found) -> Vec<Score> {
    root.entries_of("scores")
        .iter()
        .filter_map(|entry| score(entry, vocabulary, found))
        .collect()
}

/// What a score says for all its rules.
struct Defaults {
    guards: bool,
    min_sends: u32,
    groups: Vec<String>,
}

fn score(entry: &Entry, vocabulary: &Vocabulary, found: &mut Found) -> Option<Score> {
    let table = entry.node.table()?;
    let groups = limits::groups(table, found);
    let defaults = Defaults {
        guards: table.get("guards").and_then(Node::truth).unwrap_or(true),
        min_sends: min_sends(table.get("min_sends")).unwrap_or(MIN_SENDS),
        groups: groups.iter().map(|group| group.name.clone()).collect(),
    };
    let (rules, model) = if let Some(entry) = table.entry("model") {
        model::rules(table, entry, vocabulary, found)?
    } else {
        let tables = table.items_of("rules").iter().filter_map(Node::table);
        let rules = tables.filter_map(|table| rule(table, &defaults, vocabulary, found));
        (rules.collect(), None)
    };
    Some(Score {
        name: entry.name.clone(),
        rules,
        bands: limits::bands(table, found),
        range: limits::range(table, found),
        groups,
        penalty_floor: limits::penalty_floor(table, found),
        model,
    })
}

fn rule(
    table: &Table,
    defaults: &Defaults,
    vocabulary: &Vocabulary,
    found: &mut Found,
) -> Option<Rule> {
    let when = table
        .get("when")
        .and_then(|node| language::rule(node, vocabulary, found));
    if let Some(when) = &when {
        check_options(table, when, found);
    }
    let points = table
        .get("points")
        .and_then(|node| thousandths(node, decimal(node), found));
    let count = count(table.get("count"), found);
    let (at_most, at_most_per) = at_most(table.get("at_most"), found);
    let expires = table
        .get("expires")
        .and_then(|node| language::span(node, found));
    let decay = decay(table.get("decay"), found);
    let lifted_by = lifted_by(table, vocabulary, found);
    let group = group(table.get("group"), defaults, found);
    let when = when?;
    let (usual_count, usual_lifting) = match &when {
        RuleWhen::Each(pattern) => usual(pattern),
        RuleWhen::State(_) => (CountMode::Each, Vec::new()),
    };
    Some(Rule {
        text: table.text("when")?.to_owned(),
        when,
        points: points?,
        count: count.unwrap_or(usual_count),
        at_most_per,
        at_most,
        expires,
        decay,
        lifted_by: lifted_by.unwrap_or(usual_lifting),
        group,
        guards: table
            .get("guards")
            .and_then(Node::truth)
            .unwrap_or(defaults.guards),
        min_sends: min_sends(table.get("min_sends")).unwrap_or(defaults.min_sends),
    })
}

/// How events of a pattern count and what undoes them, unless a rule says otherwise.
fn usual(pattern: &Pattern) -> (CountMode, Vec<EventKind>) {
    use EventKind::{
        Bounce, Click, Delivery, HardBounce, Open, PageVisit, SoftBounce, Subscribe, Unsubscribe,
    };
    match pattern.kind {
        Open => (CountMode::PerMessage, Vec::new()),
        Click => (CountMode::PerLink, Vec::new()),
        PageVisit => (CountMode::PerDay, Vec::new()),
        Unsubscribe => (CountMode::Once, vec![Subscribe]),
        Bounce | HardBounce | SoftBounce => (CountMode::Once, vec![Delivery, Open, Click]),
        _ => (CountMode::Each, Vec::new()),
    }
}

/// An option on the wrong kind of rule would silently mean nothing.
fn check_options(table: &Table, when: &RuleWhen, found: &mut Found) {
    let (misplaced, label, note): (&[&str], _, _) = match when {
        RuleWhen::Each(_) => (
            &STATE,
            "only for conditions",
            "this rule counts events; absence is judged by conditions such as 'no open in 3 months'",
        ),
        RuleWhen::State(_) => (
            &EACH_EVENT,
            "only for rules on events",
            "this rule is a condition: it holds its points while it is true and counts no events",
        ),
    };
    for name in misplaced {
        if let Some(entry) = table.entry(name) {
            found.add(
                Diagnostic::error(
                    code::MISPLACED_OPTION,
                    format!("'{name}' means nothing on this rule"),
                )
                .at(&entry.place, label)
                .note(note)
                .help("take it away"),
            );
        }
    }
}

/// A number of points in thousandths; reports what is too fine or too large.
fn thousandths(node: &Node, number: Option<Decimal>, found: &mut Found) -> Option<i64> {
    if !matches!(
        node.value,
        Value::Integer(_) | Value::Float(_) | Value::Text(_)
    ) {
        return None;
    }
    let scaled = number.and_then(|number| number.scaled(3));
    let fits = scaled.filter(|scaled| scaled.abs() <= MOST);
    // A number of no plain form has been reported by the table of keys.
    if fits.is_none() && (number.is_some() || node.integer().is_some()) {
        let label = if scaled.is_none() && node.integer().is_none() {
            "at most three decimal places"
        } else {
            "at most a million points"
        };
        found.add(
            Diagnostic::error(
                code::BAD_VALUE,
                "this number of points cannot be kept exactly",
            )
            .at(&node.place, label),
        );
    }
    fits
}

/// A text that does not have its form.
fn malformed(node: &Node, what: &str, forms: &str) -> Diagnostic {
    Diagnostic::error(code::BAD_VALUE, format!("'{what}' is not understood"))
        .at(&node.place, "not one of its forms")
        .help(format!("possible: {forms}"))
}

fn count(node: Option<&Node>, found: &mut Found) -> Option<CountMode> {
    let node = node?;
    let text = node.text()?;
    let count = options::count(text);
    if count.is_none() {
        let forms = [
            "each",
            "once",
            "per message",
            "per link",
            "per day",
            "first 3",
        ];
        let near =
            super::near::nearest(text, forms).map(|near| format!("did you mean \"{near}\"?"));
        found.add(malformed(node, "count", &forms.join(", ")).maybe_help(near));
    }
    count
}

fn at_most(node: Option<&Node>, found: &mut Found) -> (Option<i64>, Vec<(i64, Period)>) {
    let (mut total, mut periods) = (None, Vec::new());
    let Some(node) = node else {
        return (total, periods);
    };
    for cap in node.list().unwrap_or(std::slice::from_ref(node)) {
        let period = match &cap.value {
            Value::Text(text) => {
                let Some((number, period)) = options::per_period(text) else {
                    found.add(malformed(
                        cap,
                        "at_most",
                        "30, \"20 per day\" (week, month, year), or a list of such",
                    ));
                    continue;
                };
                Some((number, period))
            }
            _ => None,
        };
        let number = period.map(|(number, _)| number).or_else(|| decimal(cap));
        let Some(points) = thousandths(cap, number, found) else {
            continue;
        };
        let twice = match period {
            Some((_, period)) => {
                let twice = periods.iter().any(|(_, other)| *other == period);
                periods.push((points, period));
                twice
            }
            None => total.replace(points).is_some(),
        };
        if points <= 0 || twice {
            let label = if twice {
                "a second cap of this kind"
            } else {
                "must be more than 0"
            };
            found.add(
                Diagnostic::error(code::BAD_VALUE, "this is not a cap")
                    .at(&cap.place, label)
                    .note("a cap is in absolute value: 30 holds a penalty at -30 too"),
            );
        }
    }
    (total, periods)
}

fn decay(node: Option<&Node>, found: &mut Found) -> Option<Decay> {
    let node = node?;
    let decay = options::decay(node.text()?);
    if decay.is_none() {
        found.add(malformed(
            node,
            "decay",
            "50% per month (or another share and period), half-life 30 days",
        ));
    }
    decay
}

fn lifted_by(table: &Table, vocabulary: &Vocabulary, found: &mut Found) -> Option<Vec<EventKind>> {
    table.entry("lifted_by")?;
    let mut kinds = Vec::new();
    for node in table.items_of("lifted_by") {
        let Some(name) = node.text() else {
            continue;
        };
        if let Some(kind) = vocabulary.kind(name) {
            kinds.push(kind);
            continue;
        }
        let known = EventKind::BUILT_IN;
        let known: Vec<&str> = known
            .iter()
            .map(EventKind::as_str)
            .chain(vocabulary.kinds.iter().map(String::as_str))
            .collect();
        found.add(
            Diagnostic::error(
                code::UNKNOWN_NAME,
                format!("there is no kind of events '{name}'"),
            )
            .at(&node.place, "unknown kind")
            .maybe_help(proposal(name, known.iter().copied())),
        );
    }
    Some(kinds)
}

fn group(node: Option<&Node>, defaults: &Defaults, found: &mut Found) -> Option<String> {
    let node = node?;
    let name = node.text()?;
    if !defaults.groups.iter().any(|group| group == name) {
        found.add(
            Diagnostic::error(
                code::UNKNOWN_NAME,
                format!("this score has no group '{name}'"),
            )
            .at(&node.place, "unknown group")
            .help(format!(
                "add it under the score's groups: {name} = {{ max = 60 }}"
            ))
            .maybe_help(
                super::near::nearest(name, defaults.groups.iter().map(String::as_str))
                    .map(|near| format!("did you mean '{near}'?")),
            ),
        );
    }
    Some(name.to_owned())
}
