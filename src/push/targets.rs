//! What a connection is to show: which score in which field, which segment and band as which tag.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    config::{Config, ConnectionConfig, OnDrift},
    rules::set::RuleSet,
};

/// The targets of one connection, resolved against the rules.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// `(field on the platform, number of the score)`.
    pub fields: Vec<(String, usize)>,
    /// `(tag, number of the segment)`.
    pub segments: Vec<(String, usize)>,
    /// `(number of the score, tag of each of its bands)`.
    pub bands: Vec<(usize, Vec<String>)>,
    /// A number is sent when it moved by at least this many points.
    pub deadband: i64,
    /// Somebody else edited our field or tag.
    pub on_drift: OnDrift,
}

impl Targets {
    /// Resolves a connection's `push` section. A checked configuration names only what exists.
    pub fn new(connection: &ConnectionConfig, rules: &RuleSet) -> Self {
        let push = &connection.push;
        let score = |name: &String| rules.scores.iter().position(|score| score.name == *name);
        let segment = |name: &String| {
            rules
                .segments
                .iter()
                .position(|segment| segment.name == *name)
        };
        let fields = push
            .fields
            .iter()
            .filter_map(|(field, name)| Some((field.clone(), score(name)?)));
        let mut targets = Self {
            fields: fields.collect(),
            deadband: i64::from(push.deadband),
            on_drift: push.on_drift,
            ..Self::default()
        };
        if let Some(tags) = &push.tags {
            let tag = |name: &str| format!("{}{name}", tags.prefix);
            let named = tags
                .segments
                .iter()
                .filter_map(|name| Some((tag(name), segment(name)?)));
            targets.segments = named.collect();
            let banded = tags.bands.iter().filter_map(score);
            targets.bands = banded
                .map(|score| {
                    (
                        score,
                        rules.scores[score]
                            .bands
                            .iter()
                            .map(|band| tag(&band.name))
                            .collect(),
                    )
                })
                .collect();
        }
        targets
    }

    /// Whether nothing is to be shown.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.segments.is_empty() && self.bands.is_empty()
    }

    /// Every target by its key: `field:NAME` and `tag:NAME`.
    pub fn keys(&self) -> BTreeSet<String> {
        let fields = self.fields.iter().map(|(field, _)| field_key(field));
        let segments = self.segments.iter().map(|(tag, _)| tag_key(tag));
        let bands = self
            .bands
            .iter()
            .flat_map(|(_, tags)| tags)
            .map(|tag| tag_key(tag));
        fields.chain(segments).chain(bands).collect()
    }
}

/// For each connection's name, every target that it is configured to show.
pub type Keys = BTreeMap<String, BTreeSet<String>>;

/// Every target of every connection.
pub fn keys(config: &Config) -> Keys {
    let connections = config.connections.iter();
    connections
        .map(|each| (each.name.clone(), Targets::new(each, &config.rules).keys()))
        .collect()
}

/// The key of a field.
pub fn field_key(field: &str) -> String {
    format!("field:{field}")
}

/// The key of a tag.
pub fn tag_key(tag: &str) -> String {
    format!("tag:{tag}")
}
