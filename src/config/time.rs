//! Times to wait that are shorter than the calendar's: minutes, hours, days.

use super::{code, found::Found, tree::Table};
use crate::{diagnostic::Diagnostic, score::calendar::Millis};

/// A time to wait: `30 minutes`, `2 hours`, `1 day`. `help` says how to write it.
pub(super) fn wait(
    table: &Table,
    name: &str,
    default: Millis,
    help: &str,
    found: &mut Found,
) -> Millis {
    let Some(node) = table.get(name) else {
        return default;
    };
    let text = node.text().unwrap_or_default();
    let (number, unit) = text.trim().split_once(' ').unwrap_or((text, ""));
    let unit = match unit.trim() {
        "minute" | "minutes" => Some(60_000),
        "hour" | "hours" => Some(3_600_000),
        "day" | "days" => Some(86_400_000),
        _ => None,
    };
    let number = number.parse::<u32>().ok();
    let number = number.filter(|number| *number <= 10_000);
    if let Some((number, unit)) = number.zip(unit) {
        return Millis::from(number) * unit;
    }
    found.add(
        Diagnostic::error(code::BAD_VALUE, format!("'{name}' cannot be \"{text}\""))
            .at(&node.place, "not a time to wait")
            .help(help),
    );
    default
}
