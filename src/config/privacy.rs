//! `[privacy]`: what may be used of what is measured of whom.

use std::collections::BTreeMap;

use super::{
    code,
    connections::texts,
    found::Found,
    near::proposal,
    tree::{Node, Table},
};
use crate::{
    diagnostic::Diagnostic,
    rules::{
        glob::fold,
        tracking::{Tracking, TrackingField, TrackingRules},
    },
};

/// Checks the section. `kinds` are the declared kinds of events, `connections` the names that a field may be of.
pub(super) fn check(
    root: &Table,
    kinds: &[String],
    connections: &[String],
    found: &mut Found,
) -> TrackingRules {
    let empty = Table::default();
    let privacy = root.table("privacy").unwrap_or(&empty);
    let fields = privacy.items_of("tracking_from").iter();
    let fields = fields.filter_map(Node::table);
    TrackingRules {
        most: mode(privacy, "tracking").unwrap_or_default(),
        fields: fields
            .filter_map(|table| field(table, connections, found))
            .collect(),
        kinds: measured(privacy, kinds, found),
    }
}

fn mode(table: &Table, name: &str) -> Option<Tracking> {
    table.text(name).and_then(Tracking::parse)
}

fn field(table: &Table, connections: &[String], found: &mut Found) -> Option<TrackingField> {
    if let Some(node) = table.get("connection") {
        let name = node.text()?;
        if !connections.iter().any(|each| each == name) {
            let known = connections.iter().map(String::as_str);
            found.add(
                Diagnostic::error(
                    code::UNKNOWN_NAME,
                    format!("there is no connection '{name}'"),
                )
                .at(&node.place, "unknown connection")
                .maybe_help(proposal(name, known)),
            );
        }
    }
    let mut values: BTreeMap<String, Tracking> = BTreeMap::new();
    for mode in Tracking::ALL {
        for node in table.items_of(mode.as_str()) {
            let Some(text) = node.text() else {
                continue;
            };
            if let Some(other) = values.insert(fold(text.trim()), mode) {
                found.add(
                    Diagnostic::error(code::BAD_VALUE, format!("'{text}' cannot mean two things"))
                        .at(&node.place, format!("means '{}' already", other.as_str()))
                        .help("upper and lower case are the same here; name each value once"),
                );
            }
        }
    }
    Some(TrackingField {
        connection: table.text("connection").map(str::to_owned),
        field: table.text("field")?.to_owned(),
        values,
        // Who says nothing has not agreed.
        otherwise: mode(table, "otherwise").unwrap_or(Tracking::None),
    })
}

fn measured(privacy: &Table, kinds: &[String], found: &mut Found) -> Vec<String> {
    for node in privacy.items_of("tracked_kinds") {
        let Some(name) = node
            .text()
            .filter(|name| !kinds.iter().any(|kind| kind == name))
        else {
            continue;
        };
        found.add(
            Diagnostic::error(
                code::UNKNOWN_NAME,
                format!("'{name}' is not a declared kind of events"),
            )
            .at(&node.place, "not under [events] kinds")
            .help("what of the built-in kinds is measured is fixed: see docs/tracking.md"),
        );
    }
    let mut names = texts(privacy, "tracked_kinds");
    names.sort();
    names.dedup();
    names
}
