//! Files of models: `model = "FILE"` becomes what the file holds, with places in it.

use std::path::Path;

use super::{
    code,
    found::Found,
    schema, shape,
    tree::{self, Table, Value},
};
use crate::diagnostic::Diagnostic;

/// Reads the file of each score that has one. Where it cannot be read, that is reported and the name stays.
pub(super) fn read(root: &mut Table, base: &Path, found: &mut Found) {
    let Some(scores) = root.entry_mut("scores") else {
        return;
    };
    let Value::Table(scores) = &mut scores.node.value else {
        return;
    };
    for entry in &mut scores.entries {
        let Value::Table(score) = &mut entry.node.value else {
            continue;
        };
        let Some(model) = score.entry_mut("model") else {
            continue;
        };
        let Some(path) = model.node.text().map(|name| base.join(name)) else {
            continue;
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                found.add(
                    Diagnostic::error(
                        code::UNREADABLE,
                        format!("{} cannot be read", path.display()),
                    )
                    .at(&model.node.place, "the file of this model")
                    .note(error.to_string())
                    .help("write it with `engaged suggest --model FILE`"),
                );
                continue;
            }
        };
        let file = path.display().to_string();
        if let Some(table) = tree::parse(&file, &text, found) {
            let place = tree::place_of(&file, &text).at(0..0);
            shape::check_table(&table, schema::MODEL, &place, "the model", found);
            model.node.value = Value::Table(table);
        }
    }
}
