//! A preview for the terminal: what changes, most telling first; what stays is left out.

use crate::{
    cli::output::{signed, table},
    preview::report::{Preview, PushPreview, RulePreview, ScorePreview},
    score::explain::Points,
};

/// The whole preview.
pub(super) fn report(report: &Preview) -> String {
    let mut out = head(report);
    for score in report.scores.iter().filter(|score| is_news(score)) {
        out += &score_text(score, report.contacts);
    }
    out += &segments(report);
    out += &automations(report);
    out += &stages(report);
    if report.unjudged.now != report.unjudged.draft {
        out += &format!(
            "\nnot judged: {} contacts now, {} in the draft\n",
            report.unjudged.now, report.unjudged.draft
        );
    }
    out += &look_at(report);
    out += &pushes(&report.pushes);
    if report.behind > 0 {
        out += &format!(
            "\n\"now\" is computed at this moment; {} stored scores are older: engaged score\n",
            report.behind
        );
    }
    if report.changed > 0 {
        out += &format!(
            "\nwho, and why: engaged preview {} --contacts\n",
            report.draft
        );
    }
    out
}

fn head(report: &Preview) -> String {
    let mut out = format!(
        "{}: {} of {} contacts would change, as of {}\n",
        report.draft, report.changed, report.contacts, report.as_of
    );
    if !report.replaces.is_empty() {
        out += &format!(
            "it replaces {}; the rest stays\n",
            report.replaces.join(", ")
        );
    }
    if !report.settings.is_empty() {
        out += &format!("it also changes {}\n", report.settings.join(", "));
    }
    if report.same_rules {
        out += "nothing changes: its rules are those in use\n";
    } else if report.changed == 0 && report.automations.iter().any(|each| each.stay_silent > 0) {
        out += "no score, band, segment or stage changes for anybody on this date\n";
    } else if report.changed == 0 {
        out += "nothing changes: the rules differ, but not for anybody on this date\n";
    }
    out
}

/// Whether a score has anything to show.
fn is_news(score: &ScorePreview) -> bool {
    score.fate != "same"
        || score.moves.contacts > 0
        || score.flows.iter().any(|flow| flow.from != flow.to)
}

fn score_text(score: &ScorePreview, contacts: u64) -> String {
    let fate = if score.fate == "changed" {
        ""
    } else {
        score.fate
    };
    let mut out = format!("\n{}  {fate}", score.score).trim_end().to_owned() + "\n";
    let rows = score.bands.iter().map(|band| {
        let name = band.band.clone().unwrap_or_else(|| "(no band)".to_owned());
        vec![
            format!("  {name}"),
            band.now.to_string(),
            band.draft.to_string(),
            moved(band.now, band.draft),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    out += &table(&["  BAND", "NOW", "DRAFT", "MOVES"], &[1, 2, 3], &rows);
    let mut flows: Vec<_> = score
        .flows
        .iter()
        .filter(|flow| flow.from != flow.to)
        .collect();
    flows.sort_by_key(|flow| std::cmp::Reverse(flow.contacts));
    let rows: Vec<Vec<String>> = flows
        .iter()
        .map(|flow| {
            let way = format!("{} -> {}", flow.from, flow.to);
            vec!["   ".to_owned(), flow.contacts.to_string(), way]
        })
        .collect();
    out += &indented(&rows, &[1]);
    out += &moves(score, contacts);
    out + &rules(score)
}

fn moves(score: &ScorePreview, contacts: u64) -> String {
    let moves = score.moves;
    let (Some(min), Some(median), Some(max)) = (moves.min, moves.median, moves.max) else {
        return String::new();
    };
    let by = |points: i64| signed(Points(points.saturating_mul(1000)));
    format!(
        "  {} of {contacts} numbers change: {} rise, {} fall; by {} to {}, half of them by {} or less\n",
        moves.contacts,
        moves.up,
        moves.contacts - moves.up,
        by(min),
        by(max),
        by(median),
    )
}

/// The rules that were edited, and those that give something else all the same.
fn rules(score: &ScorePreview) -> String {
    let news = score
        .rules
        .iter()
        .filter(|rule| rule.fate != "same" || rule.differs > 0);
    let rows = news.map(|rule| {
        vec![
            format!("  {}", mark(rule)),
            rule.when.clone(),
            points(rule),
            rule.contacts.now.to_string(),
            rule.contacts.draft.to_string(),
            rule.differs.to_string(),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let header = [
        "  ",
        "RULE",
        "POINTS",
        "CONTACTS NOW",
        "DRAFT",
        "DIFFERS FOR",
    ];
    table(&header, &[2, 3, 4, 5], &rows)
}

/// As in a comparison of two files.
fn mark(rule: &RulePreview) -> &'static str {
    match rule.fate {
        "new" => "+",
        "removed" => "-",
        "changed" => "~",
        _ => " ",
    }
}

fn points(rule: &RulePreview) -> String {
    match (rule.points_now, rule.points_draft) {
        (Some(now), Some(draft)) if now != draft => format!("{now} -> {draft}"),
        (_, Some(points)) | (Some(points), None) => points.to_string(),
        (None, None) => String::new(),
    }
}

fn moved(now: u64, draft: u64) -> String {
    match draft.cmp(&now) {
        std::cmp::Ordering::Less => format!("-{}", now - draft),
        std::cmp::Ordering::Equal => "·".to_owned(),
        std::cmp::Ordering::Greater => format!("+{}", draft - now),
    }
}

/// Rows without a header.
fn indented(rows: &[Vec<String>], right: &[usize]) -> String {
    let all = table(&["", "", ""], right, rows);
    all.split_once('\n')
        .map_or(String::new(), |(_, rows)| rows.to_owned())
}

fn segments(report: &Preview) -> String {
    let news = report
        .segments
        .iter()
        .filter(|each| each.fate != "same" || each.enter + each.leave > 0);
    let rows = news.map(|each| {
        let fate = if each.fate == "changed" {
            ""
        } else {
            each.fate
        };
        vec![
            each.segment.clone(),
            each.now.to_string(),
            each.draft.to_string(),
            moved(0, each.enter),
            moved(each.leave, 0),
            fate.to_owned(),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let header = ["SEGMENT", "NOW", "DRAFT", "IN", "OUT", ""];
    format!("\n{}", table(&header, &[1, 2, 3, 4], &rows))
}

fn automations(report: &Preview) -> String {
    let all = report.automations.iter();
    let news = all.filter(|each| each.fate != "same" || each.stay_silent > 0);
    let rows = news.map(|each| {
        let silent = match each.stay_silent {
            0 => String::new(),
            silent => format!("{silent} would start, and stay silent"),
        };
        vec![
            each.automation.clone(),
            each.now.to_string(),
            each.draft.to_string(),
            each.fate.to_owned(),
            silent,
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let header = ["AUTOMATION", "NOW", "DRAFT", "", ""];
    format!("\n{}", table(&header, &[1, 2], &rows))
}

fn stages(report: &Preview) -> String {
    let mut news: Vec<_> = report
        .stages
        .iter()
        .filter(|flow| flow.from != flow.to)
        .collect();
    news.sort_by_key(|flow| std::cmp::Reverse(flow.contacts));
    let name = |stage: &Option<String>| stage.clone().unwrap_or_else(|| "no stage".to_owned());
    let rows: Vec<Vec<String>> = news
        .iter()
        .map(|flow| vec![name(&flow.from), name(&flow.to), flow.contacts.to_string()])
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "\n{}",
        table(&["STAGE NOW", "DRAFT", "CONTACTS"], &[2], &rows)
    )
}

/// Rules of the draft that do nothing, pairs that count one event twice, and rule tests that fail.
fn look_at(report: &Preview) -> String {
    let mut lines = Vec::new();
    for score in &report.scores {
        for rule in score
            .rules
            .iter()
            .filter(|rule| rule.points_draft.is_some())
        {
            if rule.contacts.draft == 0 {
                let unknown = match rule.unknown {
                    0 => String::new(),
                    number => format!(" ({number} are not judged)"),
                };
                lines.push(format!(
                    "{}: `{}` applies to nobody{unknown}",
                    score.score, rule.when
                ));
            }
        }
        for overlap in score.overlaps.iter().filter(|overlap| overlap.new) {
            let [first, second] = &overlap.rules;
            lines.push(format!(
                "{}: `{first}` and `{second}` count the same events, for {} contacts",
                score.score, overlap.contacts
            ));
        }
    }
    for test in &report.failing_tests {
        lines.push(format!("rule test '{test}' fails: engaged check"));
    }
    if lines.is_empty() {
        String::new()
    } else {
        format!("\nlook at\n  {}\n", lines.join("\n  "))
    }
}

fn pushes(pushes: &[PushPreview]) -> String {
    let mut out = String::new();
    let mut before = "\n";
    for push in pushes.iter().filter(|push| push.changed > 0) {
        #[expect(clippy::cast_precision_loss, reason = "a share of two counts")]
        let percent = push.changed as f64 * 100.0 / push.contacts.max(1) as f64;
        out += &format!(
            "{before}next push to {}: about {} of {} contacts change ({percent:.0} %, limit {:.0} %)",
            push.connection,
            push.changed,
            push.contacts,
            push.limit * 100.0
        );
        if push.held {
            out += "; it would be held until `engaged approve max_score_change`";
        }
        out += "\n";
        before = "";
    }
    out
}
