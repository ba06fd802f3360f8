//! Which scores and segments a condition reads, the order in which they can be
//! evaluated, and the circle where there is none (E0210).

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use super::{
    glob::fold,
    syntax::{Condition, RuleWhen},
};

/// The name of something that conditions can read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// A score.
    Score(String),
    /// A segment.
    Segment(String),
}

impl Name {
    /// The same name as it is compared.
    pub(crate) fn folded(&self) -> Self {
        match self {
            Self::Score(name) => Self::Score(fold(name)),
            Self::Segment(name) => Self::Segment(fold(name)),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Score(name) => write!(f, "score `{name}`"),
            Self::Segment(name) => write!(f, "segment `{name}`"),
        }
    }
}

/// What is defined, and all that its conditions read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is called.
    pub name: Name,
    /// What it reads; more than once does no harm.
    pub reads: Vec<Name>,
}

impl Node {
    /// A score with its rules.
    pub fn score<'a>(name: &str, rules: impl IntoIterator<Item = &'a RuleWhen>) -> Self {
        let mut names = Vec::new();
        for rule in rules {
            if let RuleWhen::State(condition) = rule {
                names.extend(reads(condition));
            }
        }
        Self {
            name: Name::Score(name.into()),
            reads: names,
        }
    }

    /// A segment with its condition.
    pub fn segment(name: &str, condition: &Condition) -> Self {
        Self {
            name: Name::Segment(name.into()),
            reads: reads(condition),
        }
    }
}

/// The scores and segments that a condition names, in the order of its text.
pub fn reads(condition: &Condition) -> Vec<Name> {
    match condition {
        Condition::Or(terms) | Condition::And(terms) => terms.iter().flat_map(reads).collect(),
        Condition::Not(inner) => reads(inner),
        Condition::Points { score, .. } | Condition::Band { score, .. } => {
            vec![Name::Score(score.clone())]
        }
        Condition::Segment(name) => vec![Name::Segment(name.clone())],
        _ => Vec::new(),
    }
}

/// Scores and segments that read each other, each the one after it and the last the first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", sentence(.0))]
pub struct Circle(pub Vec<Name>);

fn sentence(names: &[Name]) -> String {
    match names {
        [only] => format!("{only} reads itself"),
        [first, rest @ ..] => {
            let steps: Vec<String> = rest.iter().map(|name| format!("reads {name}")).collect();
            format!("{first} {}, which reads {first}", steps.join(", which "))
        }
        [] => String::new(),
    }
}

/// The places of the nodes in an order in which each reads only earlier ones;
/// else as they were given. Names that no node has are passed over.
pub fn order(nodes: &[Node]) -> Result<Vec<usize>, Circle> {
    let places: HashMap<Name, usize> = nodes
        .iter()
        .enumerate()
        .map(|(place, node)| (node.name.folded(), place))
        .collect();
    let mut waits: Vec<BTreeSet<usize>> = nodes
        .iter()
        .map(|node| {
            node.reads
                .iter()
                .filter_map(|name| places.get(&name.folded()).copied())
                .collect()
        })
        .collect();
    let mut readers = vec![Vec::new(); nodes.len()];
    for (reader, reads) in waits.iter().enumerate() {
        for &read in reads {
            readers[read].push(reader);
        }
    }
    let mut ready: BTreeSet<usize> = (0..nodes.len())
        .filter(|&at| waits[at].is_empty())
        .collect();
    let mut ordered = Vec::with_capacity(nodes.len());
    while let Some(next) = ready.pop_first() {
        ordered.push(next);
        for &reader in &readers[next] {
            waits[reader].remove(&next);
            if waits[reader].is_empty() {
                ready.insert(reader);
            }
        }
    }
    match waits.iter().position(|reads| !reads.is_empty()) {
        None => Ok(ordered),
        Some(stuck) => Err(circle(nodes, &waits, stuck)),
    }
}

/// Follows what is waited for from a node that never came, until one comes twice.
fn circle(nodes: &[Node], waits: &[BTreeSet<usize>], stuck: usize) -> Circle {
    let mut path = vec![stuck];
    let mut at = stuck;
    while let Some(&next) = waits[at].first() {
        if let Some(start) = path.iter().position(|&seen| seen == next) {
            path.drain(..start);
            break;
        }
        path.push(next);
        at = next;
    }
    // The circle is told from the one that stands first in the file.
    let first = (0..path.len()).min_by_key(|&at| path[at]);
    path.rotate_left(first.unwrap_or(0));
    Circle(
        path.into_iter()
            .map(|place| nodes[place].name.clone())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Context, parse_condition, parse_rule};

    fn score(name: &str, rules: &[&str]) -> Node {
        let rules: Vec<RuleWhen> = rules
            .iter()
            .map(|text| parse_rule(text, &Context::default()).unwrap())
            .collect();
        Node::score(name, &rules)
    }

    fn segment(name: &str, text: &str) -> Node {
        Node::segment(name, &parse_condition(text, &Context::default()).unwrap())
    }

    #[test]
    fn each_comes_after_what_it_reads_and_else_as_given() {
        let nodes = [
            score(
                "total points",
                &["engagement > 3 or not Fit is 'A'", "open"],
            ),
            score("engagement", &["click"]),
            segment("hot", "'total points' > 3 and segment 'warm'"),
            segment("warm", "engagement > 1 and nothing > 3"),
            score("fit", &["field x is 'a'"]),
        ];
        assert_eq!(order(&nodes), Ok(vec![1, 3, 4, 0, 2]));
    }

    #[test]
    fn a_circle_is_named_as_a_sentence() {
        let told = |nodes: &[Node]| order(nodes).unwrap_err().to_string();
        insta::assert_snapshot!(
            told(&[score("a", &["open", "A > 3"])]),
            @"score `a` reads itself"
        );
        insta::assert_snapshot!(
            told(&[
                segment("outside", "b > 1"),
                score("a", &["segment 'hot'"]),
                score("b", &["a > 1"]),
                segment("hot", "b is 'x' or c > 1"),
                score("c", &["open"]),
            ]),
            @"score `a` reads segment `hot`, which reads score `b`, which reads score `a`"
        );
    }

    #[test]
    fn a_score_and_a_segment_of_one_name_are_two() {
        assert!(order(&[score("hot", &["segment 'hot'"]), segment("hot", "any open")]).is_ok());
    }
}
