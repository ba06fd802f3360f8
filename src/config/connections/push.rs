//! What is written to a platform: its fields, its tags, and how eagerly.

use engaged_connectors::{activecampaign, hubspot};

use super::{Platform, texts};
use crate::{
    config::{
        code,
        found::Found,
        near::proposal,
        tree::{Node, Table},
    },
    diagnostic::Diagnostic,
    rules::set::Score,
};

/// What to do when somebody else edited a field or tag of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDrift {
    /// Leave it and say so.
    #[default]
    Alert,
    /// Write ours again.
    Ours,
    /// Leave it.
    Theirs,
}

/// What is written to a platform.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushConfig {
    /// The platform's fields in file order, each with the name of the score it shows.
    pub fields: Vec<(String, String)>,
    /// The tags, if any are kept.
    pub tags: Option<TagsConfig>,
    /// A number is sent when it moved by at least this many points.
    pub deadband: u32,
    /// What to do when somebody else edited them.
    pub on_drift: OnDrift,
}

/// The tags that are kept on a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagsConfig {
    /// How they begin.
    pub prefix: String,
    /// Names of segments that become tags.
    pub segments: Vec<String>,
    /// Names of scores whose bands become tags.
    pub bands: Vec<String>,
}

/// What the rules define, for a connection to refer to.
pub(in crate::config) struct Defined<'a> {
    pub(in crate::config) scores: &'a [Score],
    /// Every score and segment that was named, also those that failed their own checks.
    pub(in crate::config) score_names: Vec<&'a str>,
    pub(in crate::config) segment_names: Vec<&'a str>,
}

/// What a connection's `push` table says.
pub(super) fn push(
    table: &Table,
    platform: Option<Platform>,
    defined: &Defined<'_>,
    found: &mut Found,
) -> PushConfig {
    let empty = Table::default();
    let push = table.table("push").unwrap_or(&empty);
    let deadband = push.get("deadband").and_then(Node::integer).unwrap_or(1);
    PushConfig {
        fields: fields(push, platform, defined, found),
        tags: push.table("tags").map(|table| tags(table, defined, found)),
        deadband: u32::try_from(deadband).unwrap_or(1),
        on_drift: match push.text("on_drift") {
            Some("ours") => OnDrift::Ours,
            Some("theirs") => OnDrift::Theirs,
            _ => OnDrift::Alert,
        },
    }
}

fn fields(
    push: &Table,
    platform: Option<Platform>,
    defined: &Defined<'_>,
    found: &mut Found,
) -> Vec<(String, String)> {
    let Some(entry) = push.entry("fields") else {
        return Vec::new();
    };
    let Some(table) = entry.node.table() else {
        return Vec::new();
    };
    if platform == Some(Platform::Ghost) {
        found.add(
            Diagnostic::error(code::UNSUPPORTED, "Ghost has no fields on its members")
                .at(&entry.place, "cannot be pushed to Ghost")
                .help("push tags: push.tags = { bands = [\"engagement\"] }"),
        );
        return Vec::new();
    }
    let mut fields = Vec::new();
    for field in &table.entries {
        let refused = match platform {
            Some(Platform::ActiveCampaign) => activecampaign::check_field(&field.name).err(),
            Some(Platform::HubSpot) => hubspot::check_field(&field.name).err(),
            _ => None,
        };
        if let (Some(platform), Some(why)) = (platform, refused) {
            found.add(
                Diagnostic::error(
                    code::UNSUPPORTED,
                    format!(
                        "{} cannot have a field named '{}'",
                        platform.as_str(),
                        field.name
                    ),
                )
                .at(&field.place, why)
                .help("use the name by which the platform's API knows the field"),
            );
        }
        if platform == Some(Platform::Mailchimp) && !is_merge_tag(&field.name) {
            found.add(
                Diagnostic::error(
                    code::UNSUPPORTED,
                    format!("Mailchimp cannot have a field named '{}'", field.name),
                )
                .at(&field.place, "at most 10 capital letters, digits and '_'")
                .help("use the merge tag that the audience shows under \"Audience fields\""),
            );
        }
        let Some(score) = field.node.text() else {
            continue;
        };
        if known("score", &field.node, &defined.score_names, found) {
            fields.push((field.name.clone(), score.to_owned()));
        }
    }
    fields
}

/// Mailchimp's merge tags (its platform sheet, "Score field").
fn is_merge_tag(name: &str) -> bool {
    let letters = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    (1..=10).contains(&name.len()) && name.chars().all(letters)
}

fn tags(table: &Table, defined: &Defined<'_>, found: &mut Found) -> TagsConfig {
    for node in table.items_of("segments") {
        known("segment", node, &defined.segment_names, found);
    }
    for node in table.items_of("bands") {
        if !known("score", node, &defined.score_names, found) {
            continue;
        }
        let score = defined
            .scores
            .iter()
            .find(|score| Some(score.name.as_str()) == node.text());
        if let Some(score) = score.filter(|score| score.bands.is_empty()) {
            found.add(
                Diagnostic::error(
                    code::UNKNOWN_NAME,
                    format!("the score '{}' has no bands", score.name),
                )
                .at(&node.place, "nothing to make tags of")
                .help(format!("add bands to [scores.{}]", score.name)),
            );
        }
    }
    TagsConfig {
        prefix: table.text("prefix").unwrap_or("engaged:").to_owned(),
        segments: texts(table, "segments"),
        bands: texts(table, "bands"),
    }
}

/// Whether a text names one of these; reports if not.
fn known(what: &str, node: &Node, names: &[&str], found: &mut Found) -> bool {
    let Some(name) = node.text() else {
        return false;
    };
    let known = names.contains(&name);
    if !known {
        found.add(
            Diagnostic::error(code::UNKNOWN_NAME, format!("there is no {what} '{name}'"))
                .at(&node.place, format!("unknown {what}"))
                .maybe_help(proposal(name, names.iter().copied())),
        );
    }
    known
}
