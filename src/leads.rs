//! Leads: whom automations hand over to people, why, and what people answer. The same for the command line and the
//! dashboard.

use crate::{
    automation::{Begin, EntryState},
    config::Config,
    diagnostic::{Diagnostic, Exit, Expected},
    rules::syntax::{Unit, Window},
    score::{
        calendar::{Day, Millis, Zone},
        evaluate::{Evaluation, evaluate},
        model::Model,
    },
    store::{Conn, EntriesWanted, Listed, Store, StoreError},
};

/// How long "not a lead" holds, unless it is said.
pub const NOT_FOR: Window = Window {
    number: 3,
    unit: Unit::Month,
};

/// A score, its shown points, and its band.
pub type Number = (String, i64, Option<String>);

/// A lead, and why it is one today.
#[derive(Clone, Debug)]
pub struct Lead {
    /// The entry that handed it over.
    pub entry: Listed,
    /// On which list it stands.
    pub list: String,
    /// Its scores.
    pub scores: Vec<Number>,
    /// The rules that give points, in thousandths, the most first.
    pub because: Vec<(i64, String)>,
}

/// What follows from "not a lead": a correction of a score, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Which score.
    pub score: String,
    /// Thousandths of points; less than nothing.
    pub points: i64,
    /// The first day on which it counts no more.
    pub until: Day,
}

/// The lists that automations hand over to: the automation, and the list.
pub fn lists(config: &Config) -> Vec<(&str, &str)> {
    let all = config.automations.iter();
    let lists = all.filter_map(|each| match &each.start.begin {
        Begin::HandOver(list) => Some((each.name.as_str(), list.as_str())),
        _ => None,
    });
    lists.collect()
}

/// The newest leads that an automation handed over, as they are today; unless `all`, only those without an answer.
pub fn of(
    conn: &Conn,
    config: &Config,
    (automation, list): (&str, &str),
    (all, limit): (bool, u16),
    today: Day,
) -> Result<Vec<Lead>, StoreError> {
    let wanted = EntriesWanted {
        automation: Some(automation),
        state: Some(EntryState::HandedOver),
        unanswered: !all,
        before: None,
        limit,
    };
    let entries = conn.entries_page(&wanted)?;
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let model = Model::new(&config.rules, &conn.vocabulary()?);
    let coverage = conn.coverage(&Zone::new(config.zone), today, None)?;
    let mut leads = Vec::new();
    for entry in entries {
        let facts = conn.facts(entry.contact, None)?.unwrap_or_default();
        let now = evaluate(&model, &facts, &coverage, today);
        let (scores, because) = reasons(config, &now);
        leads.push(Lead {
            entry,
            list: list.to_owned(),
            scores,
            because,
        });
    }
    Ok(leads)
}

/// The numbers, and the rules that give points, the most first.
fn reasons(config: &Config, evaluation: &Evaluation) -> (Vec<Number>, Vec<(i64, String)>) {
    let scores = config.rules.scores.iter().zip(&evaluation.scores);
    let numbers = scores.clone().map(|(score, value)| {
        let band = value.band.map(|band| score.bands[band].name.clone());
        (score.name.clone(), value.shown, band)
    });
    let lines = scores.flat_map(|(score, value)| score.rules.iter().zip(&value.rules));
    let lines = lines.map(|(rule, value)| (value.points, rule.text.clone()));
    let mut lines: Vec<(i64, String)> = lines.filter(|(points, _)| *points != 0).collect();
    lines.sort_by_key(|(points, _)| std::cmp::Reverse(*points));
    (numbers.collect(), lines)
}

/// The entry of that number, if it stands on a list.
pub fn handed_over(store: &Store, entry: i64) -> Result<Listed, Expected> {
    let found = store.read(|conn| conn.entry(entry))?;
    let lead = found.filter(|found| found.state == EntryState::HandedOver);
    lead.ok_or_else(|| {
        let diagnostic = Diagnostic::error("E0100", format!("no lead has the number {entry}"));
        Expected::new(Exit::Usage, diagnostic.help("see `engaged leads`"))
    })
}

/// What takes a score to zero: its present points, taken away; `None` where there are none to take.
pub fn to_zero(conn: &Conn, entry: &Listed, score: &str) -> Result<Option<i64>, StoreError> {
    let state = conn.state(entry.contact)?.unwrap_or_default();
    let shown = state.scores.iter().find(|row| row.name == score);
    Ok(shown
        .map(|row| -row.shown * 1000)
        .filter(|points| *points < 0))
}

/// Keeps the answer, and with it the correction that follows from it.
pub fn answer(
    store: &Store,
    zone: &Zone,
    entry: &Listed,
    (words, correction): (&str, Option<&Correction>),
    (who, now): (&str, Millis),
) -> Result<(), StoreError> {
    let today = zone.day(now);
    let (number, contact, note) = (entry.entry, entry.contact, words.to_owned());
    let (correction, who) = (correction.cloned(), who.to_owned());
    store.write(move |tx| {
        tx.answer_entry(number, &note)?;
        if let Some(Correction {
            score,
            points,
            until,
        }) = &correction
        {
            tx.adjust(contact, score, *points, (today, *until), &note, &who, now)?;
        }
        tx.audit(&who, "answer lead", &format!("entry {number}"), now)
    })
}
