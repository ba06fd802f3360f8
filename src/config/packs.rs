//! Ready-made rules that ship with the program: `extends = ["copernica-shop"]`.

use super::{
    code,
    found::Found,
    near::proposal,
    tree::{self, Node, Table},
};
use crate::diagnostic::Diagnostic;

/// Every pack by name, and its text.
const PACKS: [(&str, &str); 1] = [(
    "copernica-shop",
    include_str!("../../config/packs/copernica-shop.toml"),
)];

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

/// Puts what the packs in `extends` hold under what the files say themselves.
pub(super) fn inherit(root: &mut Table, found: &mut Found) {
    let chosen: Vec<Node> = root.items_of("extends").to_vec();
    let mut packs = Table::default();
    for node in &chosen {
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
        if let Some(mut pack) = tree::parse(&format!("pack {name}"), text, found) {
            // A pack's tests are about its rules as they are, not as somebody edits them.
            pack.entries.retain(|entry| entry.name != "tests");
            // What the user's own files replace cannot collide between packs.
            tree::merge::retain_missing(&mut pack, root);
            tree::merge::merge(&mut packs, pack, found);
        }
    }
    tree::merge::inherit(root, packs);
}
