//! Several files and packs as one tree.

use super::{Table, Value};
use crate::{
    config::{code, found::Found},
    diagnostic::Diagnostic,
};

/// Adds the entries of a further file. Tables become one; lists of tables
/// (`[[stages]]`) go on; any other key that is set twice is an error.
pub(in crate::config) fn merge(into: &mut Table, from: Table, found: &mut Found) {
    merge_at(into, from, true, found);
}

fn merge_at(into: &mut Table, from: Table, top: bool, found: &mut Found) {
    for entry in from.entries {
        let Some(mine) = into.entry_mut(&entry.name) else {
            into.entries.push(entry);
            continue;
        };
        match (&mut mine.node.value, entry.node.value) {
            (Value::Table(mine), Value::Table(other)) => merge_at(mine, other, false, found),
            (Value::List(mine), Value::List(other))
                if top && mine.iter().chain(&other).all(|item| item.table().is_some()) =>
            {
                mine.extend(other);
            }
            _ => found.add(
                Diagnostic::error(code::SET_TWICE, format!("'{}' is set twice", entry.name))
                    .at(&entry.place, "set here again")
                    .note(format!("first set at {}", mine.place))
                    .help("keep one of the two"),
            ),
        }
    }
}

/// Takes from a pack what the files say themselves: whole keys, and in tables
/// of named things (scores, segments, link classes) each name of theirs.
pub(in crate::config) fn retain_missing(pack: &mut Table, own: &Table) {
    pack.entries.retain_mut(|entry| {
        let Some(mine) = own.get(&entry.name) else {
            return true;
        };
        let (Value::Table(theirs), Value::Table(mine)) = (&mut entry.node.value, &mine.value)
        else {
            return false;
        };
        theirs
            .entries
            .retain(|named| mine.entry(&named.name).is_none());
        true
    });
}

/// Puts a tree over another: what both have is the upper one's, in the sense of [`retain_missing`].
pub(in crate::config) fn lay_over(own: &mut Table, mut under: Table) {
    retain_missing(&mut under, own);
    inherit(own, under);
}

/// Adds to the files' tree what is left of the packs. Nothing collides any more.
pub(in crate::config) fn inherit(own: &mut Table, packs: Table) {
    for entry in packs.entries {
        let Some(mine) = own.entry_mut(&entry.name) else {
            own.entries.push(entry);
            continue;
        };
        if let (Value::Table(mine), Value::Table(theirs)) = (&mut mine.node.value, entry.node.value)
        {
            mine.entries.extend(theirs.entries);
        }
    }
}
