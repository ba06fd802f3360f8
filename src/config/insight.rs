//! `[insight]`: what backtest and suggest compare scores with.

use super::{code, found::Found, language, shape, tree::Table};
use crate::{
    diagnostic::Diagnostic,
    rules::syntax::{Unit, Window},
};

/// What scores are compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Insight {
    /// The pattern of a conversion, as typed.
    pub conversion: String,
    /// Who converts within this time is nobody to compare with.
    pub within: Window,
    /// The penalty of the regression; 0 is none.
    pub l2: f64,
}

/// Reads the section; the conversion's words are checked with those of the rules.
pub(super) fn check(root: &Table, found: &mut Found) -> Insight {
    let empty = Table::default();
    let table = root.table("insight").unwrap_or(&empty);
    let mut insight = Insight {
        conversion: table
            .text("conversion")
            .unwrap_or("any purchase")
            .to_owned(),
        within: Window {
            number: 90,
            unit: Unit::Day,
        },
        l2: table.get("l2").and_then(shape::real).unwrap_or(1.0),
    };
    if let Some(window) = table
        .get("within")
        .and_then(|node| language::span(node, found))
    {
        insight.within = window;
    }
    if insight.l2 < 0.0 {
        let place = table.get("l2").map(|node| &node.place);
        let wrong = Diagnostic::error(code::BAD_VALUE, "a penalty cannot be negative");
        found.add(match place {
            Some(place) => wrong.at(place, "must be 0 or more"),
            None => wrong,
        });
    }
    insight
}
