//! What was found as files: a draft of rules for `preview`, and a model for `[scores.NAME] model`.

use std::fmt::Write as _;

use super::{
    model::Fitted,
    rates::{Rate, real},
    suggest::{Fact, Suggestion},
};
use crate::rules::set::Rule;

/// A draft that gives a score the suggested points, or the cautious ones.
pub fn rules(suggestion: &Suggestion, score: &str, cautious: bool) -> String {
    let all = suggestion.all;
    let mut out = format!(
        "# A draft by `engaged suggest`, {}. Nothing uses it until you do: look at it with `engaged preview`.\n\
         # Conversion: {}. {} of {} cases converted: {}.\n\
         # Points are the share of those who have the fact less that of all, in percentage points.\n",
        suggestion.on,
        comment(&suggestion.conversion),
        all.conversions,
        all.cases,
        percent(suggestion.rate.map_or(0.0, |rate| rate.rate)),
    );
    for late in &suggestion.left_out.fields {
        let _ = writeln!(
            out,
            "# Left out: the field {} of {} cases, {} of which converted, since it was known only later.",
            comment(&late.field),
            late.cases,
            late.conversions
        );
    }
    let _ = write!(out, "\n[scores.{}]\nrules = [\n", key(score));
    for fact in &suggestion.facts {
        let points = if cautious { fact.cautious } else { fact.points };
        let _ = writeln!(out, "  # {}", about(fact));
        let off = if points == 0 { "# " } else { "" };
        let _ = writeln!(
            out,
            "  {off}{{ when = {}, points = {points}{} }},",
            text(&fact.when),
            options(&fact.rule)
        );
    }
    out += "]\n";
    if !suggestion.too_few.is_empty() {
        out += "\n# Too few cases to say anything:\n";
    }
    for fact in &suggestion.too_few {
        let _ = writeln!(out, "#   {}: {}", comment(&fact.when), fact.count.cases);
    }
    out
}

/// One fact in words.
fn about(fact: &Fact) -> String {
    let Some(Rate { rate, low, high }) = fact.rate else {
        return String::new();
    };
    let unknown = match fact.unknown {
        0 => String::new(),
        number => format!("; {number} cannot be told and count as without"),
    };
    format!(
        "{} of {} with it converted: {} (95 %: {} to {}); points {}, cautious {}{unknown}",
        fact.count.conversions,
        fact.count.cases,
        percent(rate),
        percent(low),
        percent(high),
        fact.points,
        fact.cautious
    )
}

/// A model's file. Coefficients are written with all their digits: they come back with the same bits.
pub fn model(suggestion: &Suggestion, model: &Fitted) -> String {
    let mut out = format!(
        "# A model by `engaged suggest --model`. Use it as a score of its own:\n\
         #   [scores.NAME]\n\
         #   model = \"THIS FILE\"\n\
         # Its score is a hundred times the probability of a conversion among such cases.\n\n\
         intercept = {:?}\n\ninputs = [\n",
        model.intercept
    );
    for input in &model.inputs {
        let _ = writeln!(
            out,
            "  # odds x {:.3}\n  {{ when = {}, coefficient = {:?}{} }},",
            input.coefficient.odds_ratio,
            text(&input.when),
            input.coefficient.coefficient,
            options(&input.rule)
        );
    }
    let _ = write!(
        out,
        "]\n\n[fitted]\non = {}\nconversion = {}\ncases = {}\nconversions = {}\nl2 = {:?}\n",
        suggestion.on,
        text(&suggestion.conversion),
        model.fitted_on.cases,
        model.fitted_on.conversions,
        model.l2
    );
    out
}

/// Options of a condition that are not the usual ones.
fn options(rule: &Rule) -> String {
    let mut out = String::new();
    if !rule.guards {
        out += ", guards = false";
    }
    if rule.min_sends != 3 {
        let _ = write!(out, ", min_sends = {}", rule.min_sends);
    }
    out
}

/// A fraction as people write it.
pub fn percent(fraction: f64) -> String {
    format!("{:.1} %", 100.0 * fraction)
}

/// A share of two counts.
pub fn share(part: u64, all: u64) -> String {
    percent(if all == 0 {
        0.0
    } else {
        real(part) / real(all)
    })
}

/// Text in a TOML file.
fn text(words: &str) -> String {
    toml::Value::String(words.to_owned()).to_string()
}

fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        text(name)
    }
}

/// Text in a comment, which ends with its line.
fn comment(words: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    words.chars().map(plain).collect()
}
