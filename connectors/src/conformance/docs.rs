//! The table of platforms for the docs, from what connectors declare and subjects skip.

use std::fmt::Write as _;

use super::{CHECKS, Skip};
use crate::connector::{Capabilities, RemovalSpec};

/// One platform for the table in the docs.
pub struct Row<'a> {
    /// What the connector declares.
    pub capabilities: &'a Capabilities,
    /// What of the conformance checks does not apply.
    pub skips: &'a [Skip],
}

/// The table of platforms for the docs, as Markdown.
pub fn table(rows: &[Row<'_>]) -> String {
    let mut out = String::from(
        "| platform | fields | tags | reported for | checks |\n|---|---|---|---|---|\n",
    );
    for Row {
        capabilities,
        skips,
    } in rows
    {
        let fields = match (capabilities.fields, capabilities.creates_fields) {
            (true, true) => format!(
                "numbers, made when missing, names up to {}",
                capabilities.field_name_max
            ),
            (true, false) => "numbers, which must be there".to_owned(),
            (false, _) => "none".to_owned(),
        };
        let back = capabilities.retention.map_or_else(
            || "ever".to_owned(),
            |time| format!("{} days", time.as_secs() / 86_400),
        );
        let name = capabilities.platform;
        let whole = skips.iter().filter(|skip| skip.part.is_none()).count();
        // Writing to a text cannot fail.
        let _ = writeln!(
            out,
            "| [{name}]({name}.md) | {fields} | yes | {back} | {} of {} |",
            CHECKS.len() - whole,
            CHECKS.len()
        );
    }
    for Row {
        capabilities,
        skips,
    } in rows
    {
        platform(capabilities, skips, &mut out);
    }
    out
}

/// What one connector does in detail.
fn platform(capabilities: &Capabilities, skips: &[Skip], out: &mut String) {
    let _ = writeln!(
        out,
        "\n## {}\n\n**Promise:** {}.\n",
        capabilities.platform, capabilities.guarantee
    );
    let _ = writeln!(out, "| stream | brings | reported within |\n|---|---|---|");
    for spec in capabilities.streams {
        let kinds: Vec<String> = spec
            .kinds
            .iter()
            .map(|kind| kind.as_str().replace('_', " "))
            .collect();
        let kinds = if kinds.is_empty() {
            "contacts".to_owned()
        } else {
            kinds.join(", ")
        };
        let late = spec.lateness.as_secs() / 60;
        let late = if late == 0 {
            "at once".to_owned()
        } else {
            format!("{late} minutes")
        };
        let _ = writeln!(out, "| {} | {kinds} | {late} |", spec.stream.0);
    }
    let frozen: Vec<String> = capabilities
        .frozen
        .iter()
        .map(|status| format!("{status:?}").to_lowercase())
        .collect();
    if !frozen.is_empty() {
        let _ = writeln!(
            out,
            "\nCannot be written to: contacts that are {}.",
            frozen.join(" or ")
        );
    }
    let starts: Vec<&str> = capabilities
        .starts
        .iter()
        .map(|kind| kind.as_str())
        .collect();
    if !starts.is_empty() {
        let _ = writeln!(out, "\nCan be started: {}.", starts.join(", "));
    }
    removals(capabilities.removals, out);
    let _ = writeln!(out, "\nNot reported by the platform:\n");
    for what in capabilities.unreported {
        let _ = writeln!(out, "- {what}");
    }
    let _ = writeln!(out, "\nChecks that do not apply:\n");
    for skip in skips {
        let part = skip
            .part
            .map(|part| format!(" ({part})"))
            .unwrap_or_default();
        let _ = writeln!(out, "- {}{part}: {}", skip.check, skip.reason);
    }
}

/// How contacts can be taken off.
fn removals(specs: &[RemovalSpec], out: &mut String) {
    if specs.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n| taking off | can be undone | what does not come back |\n|---|---|---|"
    );
    for spec in specs {
        let undone = if spec.undone { "yes" } else { "no" };
        let lost = spec.lost.unwrap_or_default();
        let _ = writeln!(out, "| {} | {undone} | {lost} |", spec.removal.as_str());
    }
}
