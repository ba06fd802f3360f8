//! Backtests and suggestions for the terminal.

use crate::{
    cli::output::table,
    insight::{
        backtest::{Backtest, BandBacktest, Cell, Part, ScoreBacktest, Telling},
        cases::LeftOut,
        draft::{percent, share},
        model::Fitted,
        rates::{Count, Rate},
        suggest::{Fact, Suggestion},
    },
    score::explain::Points,
};

/// How many facts with too few cases are named.
const FEW_SHOWN: usize = 5;

/// A whole backtest.
pub(super) fn backtest(report: &Backtest) -> String {
    let mut out = head(&report.conversion, &report.within, report.all);
    out += &format!(
        "older: {}; newer: {}\n",
        part(&report.older),
        part(&report.newer)
    );
    out += &doubts(&report.warnings, &report.left_out);
    for score in &report.scores {
        out += &score_text(score, report.all);
    }
    out + "\nRates with their 95 % intervals; lift: how many times the rate of all. Cases by a score's sum: \
           AUC 0.5 is chance, 1 perfect.\n"
}

fn head(conversion: &str, within: &str, all: Count) -> String {
    format!(
        "{conversion}: {} conversions ({}), beside {} cases on the same days that did not convert within {within}\n",
        all.conversions,
        share(all.conversions, all.cases),
        all.cases - all.conversions,
    )
}

fn part(part: &Part) -> String {
    match part.from.zip(part.to) {
        Some((from, to)) => format!(
            "{from} to {to}, {} of {}",
            part.count.conversions, part.count.cases
        ),
        None => "none".to_owned(),
    }
}

fn doubts(warnings: &[String], left: &LeftOut) -> String {
    let mut out = String::new();
    for warning in warnings {
        out += &format!("careful: {warning}\n");
    }
    if left.events > 0 {
        out += &format!(
            "left out: {} facts dated after the conversion, of {} contacts\n",
            left.events, left.contacts
        );
    }
    for late in &left.fields {
        out += &format!(
            "left out: field {} of {} cases, known only later; {} of them converted\n",
            late.field, late.cases, late.conversions
        );
    }
    if left.lists > 0 {
        out += &format!(
            "left out: what was said of lists later, of {} cases\n",
            left.lists
        );
    }
    if left.at_once > 0 {
        out += &format!(
            "left out: {} contacts that converted on the first day they were there\n",
            left.at_once
        );
    }
    if left.unfit > 0 {
        out += &format!(
            "left out: {} contacts that were there on no conversion day\n",
            left.unfit
        );
    }
    out
}

fn score_text(score: &ScoreBacktest, all: Count) -> String {
    let row = |row: &BandBacktest| {
        vec![
            format!("  {}", row.band.as_deref().unwrap_or("(no band)")),
            row.all.count.cases.to_string(),
            row.all.count.conversions.to_string(),
            rate(row.all.rate),
            row.all
                .lift
                .map_or_else(|| "-".to_owned(), |lift| format!("{lift:.2}")),
            cell(&row.older),
            cell(&row.newer),
        ]
    };
    let rows: Vec<Vec<String>> = score.bands.iter().map(row).collect();
    let header = [
        "  BAND",
        "CASES",
        "CONVERTED",
        "RATE",
        "LIFT",
        "OLDER",
        "NEWER",
    ];
    let mut out = format!("\n{}\n", score.score);
    out += &table(&header, &[1, 2, 3, 4, 5, 6], &rows);
    out += &format!(
        "  AUC {}; older {}, newer {}\n",
        auc(score.all.auc),
        auc(score.older.auc),
        auc(score.newer.auc)
    );
    out + &line("  ", &score.all, all) + &newer_line(score)
}

fn line(indent: &str, telling: &Telling, all: Count) -> String {
    let Some(line) = telling.threshold else {
        return String::new();
    };
    let others = all.cases - all.conversions;
    format!(
        "{indent}{} points and more: {} of the conversions, and {} of the {others} others\n",
        Points(line.from),
        percent(line.caught),
        percent(line.flagged)
    )
}

fn newer_line(score: &ScoreBacktest) -> String {
    match score.newer.threshold.zip(score.older.threshold) {
        Some((newer, older)) if newer.from != older.from => format!(
            "  to catch as many: {} points in the older part, {} in the newer\n",
            Points(older.from),
            Points(newer.from)
        ),
        _ => String::new(),
    }
}

fn auc(area: Option<f64>) -> String {
    area.map_or_else(|| "-".to_owned(), |area| format!("{area:.3}"))
}

fn rate(rate: Option<Rate>) -> String {
    let Some(Rate { rate, low, high }) = rate else {
        return "-".to_owned();
    };
    format!(
        "{} ({:.1} to {:.1})",
        percent(rate),
        100.0 * low,
        100.0 * high
    )
}

fn cell(cell: &Cell) -> String {
    cell.rate
        .map_or_else(|| "-".to_owned(), |rate| percent(rate.rate))
}

/// A whole suggestion.
pub(super) fn suggestion(report: &Suggestion) -> String {
    let mut out = head(&report.conversion, &report.within, report.all);
    out += &doubts(&report.warnings, &report.left_out);
    let row = |fact: &Fact| {
        vec![
            format!("  {}", fact.when),
            fact.count.cases.to_string(),
            fact.count.conversions.to_string(),
            rate(fact.rate),
            format!("{:+}", fact.points),
            format!("{:+}", fact.cautious),
            if fact.unknown == 0 {
                String::new()
            } else {
                fact.unknown.to_string()
            },
        ]
    };
    let rows: Vec<Vec<String>> = report.facts.iter().map(row).collect();
    if rows.is_empty() {
        out += "\nno fact is true of 30 cases and more: nothing is suggested\n";
    } else {
        let header = [
            "  FACT",
            "CASES",
            "CONVERTED",
            "RATE",
            "POINTS",
            "CAUTIOUS",
            "UNKNOWN",
        ];
        out += "\n";
        out += &table(&header, &[1, 2, 3, 4, 5, 6], &rows);
    }
    if !report.too_few.is_empty() {
        let named = report.too_few.iter().take(FEW_SHOWN);
        let named: Vec<String> = named
            .map(|fact| format!("{} ({})", fact.when, fact.count.cases))
            .collect();
        let more = report.too_few.len().saturating_sub(FEW_SHOWN);
        let more = if more > 0 {
            format!(", and {more} more")
        } else {
            String::new()
        };
        out += &format!("too few cases to suggest: {}{more}\n", named.join(", "));
    }
    if let Some(model) = &report.model {
        out += &fitted(model);
    }
    out
}

fn fitted(model: &Fitted) -> String {
    let row = |when: &str, standardised: String, coefficient: f64, odds: String| {
        vec![
            format!("  {when}"),
            standardised,
            format!("{coefficient:.6}"),
            odds,
        ]
    };
    let mut rows = vec![row(
        "intercept",
        String::new(),
        model.intercept,
        String::new(),
    )];
    rows.extend(model.inputs.iter().map(|input| {
        let weight = input.coefficient;
        row(
            &input.when,
            format!("{:.6}", weight.standardised),
            weight.coefficient,
            format!("{:.3}", weight.odds_ratio),
        )
    }));
    let mut out = format!(
        "\nlogistic regression on {} cases, penalty {}, {} steps\n",
        model.fitted_on.cases, model.l2, model.steps
    );
    let header = ["  CONDITION", "STANDARDISED", "COEFFICIENT", "ODDS RATIO"];
    out += &table(&header, &[1, 2, 3], &rows);
    for (same, first) in &model.same {
        out += &format!("  left out: {same}, which says the same as {first}\n");
    }
    out += &format!(
        "  AUC on the newer part, fitted on the older: {}; on what it was fitted on: {}\n",
        auc(model.newer_auc),
        auc(model.own_auc)
    );
    let of = if model.calibrated_on_newer {
        "of the newer part, fitted on the older"
    } else {
        "of what it was fitted on: there is no newer part to test it on"
    };
    out += &format!("  calibration {of}\n");
    let rows = model.calibration.iter().map(|tenth| {
        vec![
            format!("  {}", tenth.count.cases),
            percent(tenth.predicted),
            rate(Some(tenth.observed)),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    out + &table(&["  CASES", "FORETOLD", "HAPPENED"], &[0, 1, 2], &rows)
}
