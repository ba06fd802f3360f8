//! `drift`: the last weeks side by side, and what moved.

use clap::Args;

use crate::{
    diagnostic::{Exit, Expected},
    drift::{self, Report, Severity, Shown, ShownScore, Taken, WEEKS},
};

use super::{
    Context, human,
    output::{self, table},
};

#[derive(Debug, Args)]
pub(super) struct Drift {
    /// Take the present week now, unless it was taken
    #[arg(long)]
    take: bool,
    /// How many weeks to show
    #[arg(long, default_value_t = WEEKS, value_parser = clap::value_parser!(u32).range(1..=520))]
    weeks: u32,
}

pub(super) fn drift(context: &Context, arguments: &Drift) -> Result<Exit, Expected> {
    let config = context.config()?;
    let store = if arguments.take {
        let store = human::beside(context, &config)?;
        match drift::take(&store, &config, context.clock.as_ref())? {
            Taken::Now(week) => output::say(&format!("{week} is taken")),
            Taken::Before(week) => {
                output::say(&format!("{week} was taken before and stays as it is"));
            }
            Taken::Nobody => output::say("there is nobody yet; sync or import first"),
        }
        store
    } else {
        context.reading(&config)?
    };
    let report = store.read(|conn| drift::report(conn, &config, arguments.weeks))?;
    context.output.show(&report, text);
    Ok(Exit::Done)
}

fn text(report: &Report) -> String {
    let Some(last) = report.weeks.last() else {
        return "No week was taken yet: the daemon takes one each week, and so does `engaged drift --take`.\n".to_owned();
    };
    let edited = |week: &Shown| if week.rules_edited { "*" } else { "" };
    let mut header = vec![String::new()];
    header.extend(
        report
            .weeks
            .iter()
            .map(|week| week.week.clone() + edited(week)),
    );
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let right: Vec<usize> = (1..header.len()).collect();
    let mut rows = vec![row("contacts", report, |week| {
        Some(week.contacts.to_string())
    })];
    for score in &last.scores {
        rows.push(row(
            &format!("{}, share of contacts", score.score),
            report,
            |_| None,
        ));
        for band in &score.bands {
            let name = band.band.as_deref().unwrap_or("(no band)");
            rows.push(row(&format!("  {name}"), report, |week| {
                let bands = &found(week, score)?.bands;
                let same = bands.iter().find(|each| each.band == band.band)?;
                Some(format!("{:.1} %", same.share * 100.0))
            }));
        }
        rows.extend(converted(report, score));
        rows.push(row(
            &format!("{}, points per contact", score.score),
            report,
            |_| None,
        ));
        for (at, rule) in score.rules.iter().enumerate() {
            // Of several that are typed alike, the n-th is the n-th.
            let before = &score.rules[..at];
            let skip = before.iter().filter(|each| each.when == rule.when).count();
            rows.push(row(&format!("  {}", rule.when), report, |week| {
                let rules = found(week, score)?.rules.iter();
                let same = rules.filter(|each| each.when == rule.when).nth(skip)?;
                Some(format!("{:.2}", same.mean))
            }));
        }
    }
    let mut out = table(&header, &right, &rows);
    if report.weeks.iter().any(|week| week.rules_edited) {
        out += "* the rules are others than in the week before\n";
    }
    out += "\n";
    if report.findings.is_empty() {
        out += if report.weeks.len() > 1 {
            "Nothing moved beyond the limits.\n"
        } else {
            "One week alone is nothing to compare.\n"
        };
    }
    for finding in &report.findings {
        let word = match finding.severity {
            Severity::Alert => "Alert ",
            Severity::Notice => "Notice",
        };
        out += &format!("{word}  {finding}\n");
    }
    out
}

/// By band, who converted of those who were in it four weeks before; nothing where nobody did.
fn converted(report: &Report, score: &ShownScore) -> Vec<Vec<String>> {
    let any = |week: &Shown| {
        let bands = found(week, score).map(|found| &found.bands);
        bands.is_some_and(|bands| bands.iter().any(|band| band.converted > 0))
    };
    if !report.weeks.iter().any(any) {
        return Vec::new();
    }
    let title = format!("{}, converted of those in it 4 weeks before", score.score);
    let mut rows = vec![row(&title, report, |_| None)];
    for band in &score.bands {
        let name = band.band.as_deref().unwrap_or("(no band)");
        rows.push(row(&format!("  {name}"), report, |week| {
            let bands = &found(week, score)?.bands;
            let same = bands.iter().find(|each| each.band == band.band)?;
            let shown = same.earlier > 0 && any(week);
            shown.then(|| format!("{} of {}", same.converted, same.earlier))
        }));
    }
    rows
}

fn row(name: &str, report: &Report, cell: impl Fn(&Shown) -> Option<String>) -> Vec<String> {
    let cells = report
        .weeks
        .iter()
        .map(|week| cell(week).unwrap_or_default());
    let mut row = vec![name.to_owned()];
    row.extend(cells);
    row
}

fn found<'a>(week: &'a Shown, score: &ShownScore) -> Option<&'a ShownScore> {
    let mut scores = week.scores.iter();
    scores.find(|each| each.score == score.score)
}
