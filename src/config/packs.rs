//! Ready-made rules that ship with the program: `extends = ["copernica-shop"]`.

use super::{
    code,
    found::Found,
    near::proposal,
    tree::{self, Node, Table, Value},
};
use crate::diagnostic::{Diagnostic, Place};

/// Every pack by name, and its text.
const PACKS: [(&str, &str); 5] = [
    (
        "copernica-shop",
        include_str!("../../config/packs/copernica-shop.toml"),
    ),
    (
        "funnel-2-4-20",
        include_str!("../../config/packs/funnel-2-4-20.toml"),
    ),
    ("mailblue", include_str!("../../config/packs/mailblue.toml")),
    (
        "b2b-0-100",
        include_str!("../../config/packs/b2b-0-100.toml"),
    ),
    (
        "list-hygiene",
        include_str!("../../config/packs/list-hygiene.toml"),
    ),
];

/// The names of all packs.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    PACKS.iter().map(|(name, _)| *name)
}

/// The text of a pack.
pub fn text(name: &str) -> Option<&'static str> {
    PACKS
        .iter()
        .find(|(pack, _)| *pack == name)
        .map(|(_, text)| *text)
}

/// Puts what the packs in `extends` hold under what the files say themselves. False
/// if two packs do not go together: what reads the one would only be wrong about the other.
pub(super) fn inherit(root: &mut Table, found: &mut Found) -> bool {
    let chosen: Vec<Node> = root.items_of("extends").to_vec();
    let mut together = true;
    let mut packs = Table::default();
    for (at, node) in chosen.iter().enumerate() {
        let Some(name) = node.text() else {
            continue;
        };
        let Some(text) = text(name) else {
            found.add(
                Diagnostic::error(code::UNKNOWN_NAME, format!("there is no pack '{name}'"))
                    .at(&node.place, "unknown pack")
                    .maybe_help(proposal(name, names())),
            );
            continue;
        };
        if chosen[..at]
            .iter()
            .any(|earlier| earlier.text() == Some(name))
        {
            found.add(
                Diagnostic::error(code::SET_TWICE, format!("the pack '{name}' is named twice"))
                    .at(&node.place, "named here again")
                    .help("once is enough"),
            );
            continue;
        }
        if let Some(mut pack) = tree::parse(&file(name), text, found) {
            // A pack's tests are about its rules as they are, not as somebody edits them.
            pack.entries.retain(|entry| entry.name != "tests");
            // What the user's own files replace cannot collide between packs.
            tree::merge::retain_missing(&mut pack, root);
            together &= !report_collisions(&mut pack, &packs, node, found);
            tree::merge::merge(&mut packs, pack, found);
        }
    }
    tree::merge::inherit(root, packs);
    together
}

/// How a pack is called where a place in it is shown.
fn file(pack: &str) -> String {
    format!("pack {pack}")
}

/// Takes out of a pack what earlier ones have too, and reports it once for each of
/// those, where the user chose the pack: nobody can edit what ships with the program.
/// True if there is any such.
fn report_collisions(pack: &mut Table, earlier: &Table, chosen: &Node, found: &mut Found) -> bool {
    let mut twice: Vec<(Place, Vec<String>)> = Vec::new();
    let mut note = |first: &Place, what: String| match twice
        .iter_mut()
        .find(|(place, _)| place.file == first.file)
    {
        Some((_, all)) => all.push(what),
        None => twice.push((first.clone(), vec![what])),
    };
    pack.entries.retain_mut(|entry| {
        let Some(mine) = earlier.entry(&entry.name) else {
            return true;
        };
        let (Value::Table(theirs), Value::Table(ours)) = (&mut entry.node.value, &mine.node.value)
        else {
            note(&mine.place, entry.name.clone());
            return false;
        };
        theirs.entries.retain(|named| {
            let same = ours.entry(&named.name);
            if let Some(same) = same {
                note(&same.place, format!("{}.{}", entry.name, named.name));
            }
            same.is_none()
        });
        true
    });
    let any = !twice.is_empty();
    for (first, what) in twice {
        let (one, other) = (&first.file, file(chosen.text().unwrap_or_default()));
        found.add(
            Diagnostic::error(
                code::SET_TWICE,
                format!("{one} and {other} both define {}", what.join(", ")),
            )
            .at(&chosen.place, "does not go with the other")
            .help("choose one of the two, or define these in your own file: that replaces both"),
        );
    }
    any
}
