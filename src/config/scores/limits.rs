//! What a score says beside its rules: groups, bands, range and floor.

use super::thousandths;
use crate::{
    config::{
        code,
        found::Found,
        shape::decimal,
        tree::{Node, Table},
    },
    diagnostic::Diagnostic,
    rules::set::{Band, BandLimit, Group},
};

/// The limits of groups of rules.
pub(super) fn groups(score: &Table, found: &mut Found) -> Vec<Group> {
    let mut groups = Vec::new();
    for entry in score.entries_of("groups") {
        let Some(table) = entry.node.table() else {
            continue;
        };
        let mut limit = |name: &str| {
            let node = table.get(name)?;
            thousandths(node, decimal(node), found)
        };
        let (max, min) = (limit("max"), limit("min"));
        if max.zip(min).is_some_and(|(max, min)| min > max) {
            found.add(
                Diagnostic::error(code::BAD_VALUE, "the group's least is more than its most")
                    .at(&entry.place, "min is above max"),
            );
        }
        groups.push(Group {
            name: entry.name.clone(),
            max,
            min,
        });
    }
    groups
}

/// The bands, from the top.
pub(super) fn bands(score: &Table, found: &mut Found) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    for node in score.items_of("bands") {
        let Some(table) = node.table() else {
            continue;
        };
        let limit = |name: &str| table.get(name).and_then(Node::integer);
        let limit = match (limit("above"), limit("from")) {
            (Some(_), Some(_)) => {
                found.add(
                    Diagnostic::error(
                        code::MISPLACED_OPTION,
                        "a band begins above a number or from it, not both",
                    )
                    .at(&node.place, "has 'above' and 'from'")
                    .help("keep 'from' if the number itself belongs to the band, else 'above'"),
                );
                continue;
            }
            (Some(above), None) => BandLimit::Above(above),
            (None, Some(from)) => BandLimit::From(from),
            (None, None) => BandLimit::Rest,
        };
        let Some(name) = table.get("name") else {
            continue;
        };
        let text = name.text().unwrap_or_default();
        if bands.iter().any(|band| band.name == text) {
            found.add(
                Diagnostic::error(code::BAD_NAME, format!("two bands are named '{text}'"))
                    .at(&name.place, "the second of this name")
                    .help("rename one"),
            );
        }
        bands.push(Band {
            name: text.to_owned(),
            limit,
        });
    }
    bands
}

/// The lowest and highest points shown.
pub(super) fn range(score: &Table, found: &mut Found) -> Option<(i64, i64)> {
    let node = score.get("range")?;
    let numbers: Vec<i64> = node.list()?.iter().filter_map(Node::integer).collect();
    match numbers.as_slice() {
        [least, most] if least < most => Some((*least, *most)),
        _ => {
            found.add(
                Diagnostic::error(code::BAD_VALUE, "this is not a range")
                    .at(
                        &node.place,
                        "wants the lowest and the highest, in this order",
                    )
                    .help("write it like range = [0, 100]"),
            );
            None
        }
    }
}

/// How low all that is negative may count together, in thousandths.
pub(super) fn penalty_floor(score: &Table, found: &mut Found) -> Option<i64> {
    let node = score.get("penalty_floor")?;
    let floor = thousandths(node, decimal(node), found)?;
    if floor > 0 {
        found.add(
            Diagnostic::error(code::BAD_VALUE, "'penalty_floor' must not be positive")
                .at(&node.place, "must be 0 or less")
                .help("put a minus before it"),
        );
    }
    Some(floor)
}
