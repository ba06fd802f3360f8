//! The seam to the rule language: what its rules may name goes in, and what it
//! finds wrong comes back with a place in the file.

use engaged_connectors::model::EventKind;

use super::{
    code,
    found::Found,
    tree::{Node, Table},
};
use crate::{
    diagnostic::{Diagnostic, Place},
    rules::{
        self, Code, Context, KnownScore, SyntaxError,
        circle::{self, Circle, Name},
        glob::fold,
        lint,
        set::{RuleSet, Score},
        syntax::{Condition, RuleWhen, Window},
    },
};

/// All names that rules may use.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// Declared kinds of events.
    pub(super) kinds: Vec<String>,
    /// Scores with the names of their bands.
    pub(super) scores: Vec<KnownScore>,
    /// Segments.
    pub(super) segments: Vec<String>,
    /// Link classes.
    pub(super) classes: Vec<String>,
    /// Connections, and where imported events come from.
    pub(super) connections: Vec<String>,
    /// Lists; `None` if a connection follows all it finds.
    pub(super) lists: Option<Vec<String>>,
}

impl Vocabulary {
    fn context(&self) -> Context<'_> {
        Context {
            kinds: &self.kinds,
            scores: Some(&self.scores),
            segments: Some(&self.segments),
            lists: self.lists.as_deref(),
            connections: Some(&self.connections),
            classes: Some(&self.classes),
        }
    }

    /// The kind of events of that name, built in or declared.
    pub(super) fn kind(&self, name: &str) -> Option<EventKind> {
        let folded = name.trim().to_lowercase().replace(' ', "_");
        let own = self.kinds.iter().find(|kind| **kind == folded);
        EventKind::built_in(name).or_else(|| own.cloned().map(EventKind::Custom))
    }
}

/// The `when` of a rule in a score.
pub(super) fn rule(node: &Node, vocabulary: &Vocabulary, found: &mut Found) -> Option<RuleWhen> {
    let parsed = rules::parse_rule(node.text()?, &vocabulary.context());
    parsed.map_err(|errors| report(node, errors, found)).ok()
}

/// A condition anywhere else.
pub(super) fn condition(
    node: &Node,
    vocabulary: &Vocabulary,
    found: &mut Found,
) -> Option<Condition> {
    let parsed = rules::parse_condition(node.text()?, &vocabulary.context());
    parsed.map_err(|errors| report(node, errors, found)).ok()
}

/// A span that stands alone.
pub(super) fn span(node: &Node, found: &mut Found) -> Option<Window> {
    let parsed = rules::parse_span(node.text()?);
    parsed.map_err(|errors| report(node, errors, found)).ok()
}

fn report(node: &Node, errors: Vec<SyntaxError>, found: &mut Found) {
    for error in errors {
        found.add(
            Diagnostic::error(error.code.as_str(), error.message)
                .at(&node.inside(&error.span), error.label)
                .maybe_help(error.help),
        );
    }
}

/// Reports a name that a score, segment or kind of events cannot have.
pub(super) fn check_reserved(
    what: &str,
    name: &str,
    place: &Place,
    kinds: &[String],
    found: &mut Found,
) -> bool {
    let Some(reason) = rules::reserved(name, kinds) else {
        return true;
    };
    found.add(
        Diagnostic::error(
            Code::ReservedName.as_str(),
            format!("a {what} cannot be named '{name}'"),
        )
        .at(place, reason)
        .help("choose another name"),
    );
    false
}

/// Puts the scores into an order in which each reads only earlier ones, or names the circles.
pub(super) fn sort(root: &Table, set: &mut RuleSet, found: &mut Found) {
    let scores = set
        .scores
        .iter()
        .map(|score| circle::Node::score(&score.name, score.rules.iter().map(|rule| &rule.when)));
    let segments = set
        .segments
        .iter()
        .map(|segment| circle::Node::segment(&segment.name, &segment.when));
    let mut nodes: Vec<circle::Node> = scores.chain(segments).collect();
    loop {
        match circle::order(&nodes) {
            Err(circle) => {
                found.add(circle_found(root, &circle));
                let before = nodes.len();
                nodes.retain(|node| !circle.0.contains(&node.name));
                if nodes.len() == before {
                    return;
                }
            }
            // With a circle taken out, places are no longer those of the set; it is refused anyway.
            Ok(order) if nodes.len() == set.scores.len() + set.segments.len() => {
                let mut unsorted: Vec<Option<Score>> = set.scores.drain(..).map(Some).collect();
                set.scores = order
                    .into_iter()
                    .filter_map(|at| unsorted.get_mut(at).and_then(Option::take))
                    .collect();
                return;
            }
            Ok(_) => return,
        }
    }
}

fn circle_found(root: &Table, circle: &Circle) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::Circle.as_str(), circle.to_string())
        .help("let one of them do without the others");
    match circle.0.first().and_then(|name| place_of(root, name)) {
        Some(place) => diagnostic.at(place, "never comes to an end"),
        None => diagnostic,
    }
}

fn place_of<'a>(root: &'a Table, name: &Name) -> Option<&'a Place> {
    let (section, name) = match name {
        Name::Score(name) => ("scores", name),
        Name::Segment(name) => ("segments", name),
    };
    let section = root.table(section)?;
    section
        .entries
        .iter()
        .find(|entry| fold(&entry.name) == fold(name))
        .map(|entry| &entry.place)
}

/// Adds what is correct and probably not what was meant. The set must hold all
/// of the file's rules and bands, since the linter counts them.
pub(super) fn lint(root: &Table, set: &RuleSet, found: &mut Found) {
    for warning in lint::lint(set) {
        let mut diagnostic =
            Diagnostic::warning(code::DOUBTFUL_RULE, warning.message).maybe_help(warning.help);
        if let Some(place) = place_of_warning(root, &warning.place) {
            diagnostic = diagnostic.at(place, "");
        }
        found.add(diagnostic);
    }
}

/// The words to underline: a rule's condition, a band's name, else the key.
fn place_of_warning<'a>(root: &'a Table, place: &lint::Place) -> Option<&'a Place> {
    let score = |score: &str| root.table("scores")?.table(score);
    let item = |name: &str, list: &str, at: usize, key: &str| {
        let item = score(name)?.items_of(list).get(at)?;
        Some(
            item.table()?
                .get(key)
                .map_or(&item.place, |node| &node.place),
        )
    };
    match place {
        lint::Place::Class(class) => Some(&root.table("links")?.entry(class)?.place),
        lint::Place::Glob { class, glob } => {
            Some(&root.table("links")?.items_of(class).get(*glob)?.place)
        }
        lint::Place::Rule { score, rule } => item(score, "rules", *rule, "when"),
        lint::Place::Band { score, band } => item(score, "bands", *band, "name"),
        lint::Place::Bands(name) => Some(&score(name)?.entry("bands")?.place),
    }
}
