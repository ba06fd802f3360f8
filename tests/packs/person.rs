//! A made-up person, in the notation of an import, and what the rules make of it on a date.

use std::path::Path;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Europe::Amsterdam;
use engaged::{
    config::{self, Config, Environment},
    diagnostic::Diagnostic,
    import::{self, Options},
    rules::truth::Truth,
    score::{
        calendar::{Day, Zone},
        evaluate::{Evaluation, ScoreValue, evaluate},
        explain::Points,
        facts::{Adjustment, Coverage, Facts, Vocabulary},
        model::Model,
    },
    store::{Access, Store},
};
use engaged_connectors::{Clock, model::Address};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The address of most persons.
pub(super) const JAN: &str = "jan@bedrijf.example";

/// One contact and what happened to it: the lines of an import.
pub(super) struct Person {
    lines: Vec<Value>,
}

impl Person {
    /// Somebody at a company, subscribed since 10 January 2024, of whom no more is known.
    pub(super) fn new() -> Self {
        Self::at(JAN)
    }

    /// The same with another address.
    pub(super) fn at(email: &str) -> Self {
        let contact = json!({ "email": email, "subscribed_at": "2024-01-10T10:00:00Z", "status": "subscribed", "fields": {} });
        Self {
            lines: vec![contact],
        }
    }

    /// Subscribed on another day.
    pub(super) fn subscribed(mut self, on: &str) -> Self {
        self.lines[0]["subscribed_at"] = instant(on).into();
        self
    }

    /// With what the platform says today about the subscription; `None` if it says nothing.
    pub(super) fn status(mut self, word: Option<&str>) -> Self {
        self.lines[0]["status"] = word.into();
        self
    }

    /// With a field.
    pub(super) fn field(mut self, name: &str, value: &str) -> Self {
        self.lines[0]["fields"][name] = value.into();
        self
    }

    /// Something happened on a day (`2026-06-08`, or with a local time after it), with
    /// further cells of the import. Each event has an id of its own unless one is given.
    pub(super) fn did(mut self, kind: &str, on: &str, cells: Value) -> Self {
        let mut line = cells;
        line["email"] = self.lines[0]["email"].clone();
        line["kind"] = kind.into();
        // A minute between any two: several links at one instant are a scanner's.
        let minutes = self.lines.len();
        let on = match on.len() {
            10 => format!("{on} {}:{:02}", 10 + minutes / 60, minutes % 60),
            _ => on.to_owned(),
        };
        line["at"] = instant(&on).into();
        if line["id"].is_null() {
            line["id"] = format!("e{}", self.lines.len()).into();
        }
        self.lines.push(line);
        self
    }

    /// Opened a mail.
    pub(super) fn opened(self, campaign: &str, on: &str) -> Self {
        self.did("open", on, json!({ "campaign": campaign }))
    }

    /// Clicked a link of a mail.
    pub(super) fn clicked(self, campaign: &str, link: &str, on: &str) -> Self {
        self.did("click", on, json!({ "campaign": campaign, "link": link }))
    }

    /// Saw a page.
    pub(super) fn visited(self, url: &str, on: &str) -> Self {
        self.did("page_visit", on, json!({ "url": url }))
    }

    /// Got a tracked newsletter at 8 in the morning each week from one day to another.
    pub(super) fn mailed_weekly(mut self, from: &str, to: &str) -> Self {
        let (mut day, to) = (date(from), date(to));
        while day <= to {
            let campaign = format!("weekly {day}");
            let cells = json!({ "campaign": campaign, "tracked": true });
            self = self.did("send", &format!("{day} 08:00"), cells);
            day = day + Days::new(7);
        }
        self
    }

    /// The newsletters of section E: each Monday from 16 June 2025 to 8 June 2026.
    pub(super) fn mailed(self) -> Self {
        self.mailed_weekly("2025-06-16", "2026-06-08")
    }

    /// The file to import.
    pub(super) fn jsonl(&self) -> String {
        let lines: Vec<String> = self.lines.iter().map(Value::to_string).collect();
        lines.join("\n") + "\n"
    }

    /// What a configuration makes of the person.
    pub(super) fn under(&self, config: &Config) -> Scored {
        Scored::new(config, &[self.jsonl()])
    }
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A local time in Amsterdam, as an import writes it.
fn instant(on: &str) -> String {
    let on = if on.len() == 10 {
        format!("{on} 10:00")
    } else {
        on.to_owned()
    };
    let local = NaiveDateTime::parse_from_str(&on, "%Y-%m-%d %H:%M").unwrap();
    let at = Amsterdam.from_local_datetime(&local).unwrap();
    at.with_timezone(&Utc).to_rfc3339()
}

/// A configuration file as a user writes one.
pub(super) fn text(packs: &[&str], own: &str) -> String {
    format!("timezone = \"Europe/Amsterdam\"\nextends = {packs:?}\n{own}")
}

/// That file, loaded.
pub(super) fn load(text: &str) -> Result<Config, Vec<Diagnostic>> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("engaged.toml");
    std::fs::write(&path, text).unwrap();
    config::load(&path, &Environment::new())
}

/// A pack by itself.
pub(super) fn pack(name: &str) -> Config {
    load(&text(&[name], "")).unwrap()
}

/// No pack, only what is written here.
pub(super) fn own(rules: &str) -> Config {
    load(&text(&[], rules)).unwrap()
}

/// A clock that stands still.
struct Standing;

impl Clock for Standing {
    fn now(&self) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 8, 1, 12, 0, 0).unwrap()
    }
}

/// A person as the store gives it, and rules to score it by.
pub(super) struct Scored {
    pub(super) facts: Facts,
    vocabulary: Vocabulary,
    coverage: Coverage,
    model: Model,
}

impl Scored {
    /// Imports files, one after the other, and reads the person of the first line back.
    pub(super) fn new(config: &Config, files: &[String]) -> Self {
        let folder = TempDir::new().unwrap();
        let store = open(folder.path());
        let options = Options {
            kinds: config.rules.kinds.clone(),
            ..Options::default()
        };
        for (number, text) in files.iter().enumerate() {
            let path = folder.path().join(format!("{number}.jsonl"));
            std::fs::write(&path, text).unwrap();
            let report = import::import(&store, &[path], &options, &Standing, &mut |_| ());
            assert_eq!(report.unwrap().bad, []);
        }
        let first: Value = serde_json::from_str(files[0].lines().next().unwrap()).unwrap();
        let address = Address::parse(first["email"].as_str().unwrap()).unwrap();
        let zone = Zone::new(config.zone);
        let read = store.read(|conn| {
            let contact = conn.find_contact(&address)?.unwrap();
            let facts = conn.facts(contact, None)?.unwrap();
            let coverage = conn.coverage(&zone, day("2026-08-01"), None)?;
            Ok((facts, conn.vocabulary()?, coverage))
        });
        let (facts, vocabulary, coverage) = read.unwrap();
        Self {
            model: Model::new(&config.rules, &vocabulary),
            facts,
            vocabulary,
            coverage,
        }
    }

    /// The same person by other rules.
    pub(super) fn by(&self, config: &Config) -> Self {
        Self {
            facts: self.facts.clone(),
            vocabulary: self.vocabulary.clone(),
            coverage: self.coverage.clone(),
            model: Model::new(&config.rules, &self.vocabulary),
        }
    }

    /// With a manual adjustment of a score that counts from one day until another.
    pub(super) fn adjusted(mut self, score: &str, points: i64, from: &str, until: &str) -> Self {
        self.facts.adjustments.push(Adjustment {
            id: 1 + i64::try_from(self.facts.adjustments.len()).unwrap(),
            score: score.to_owned(),
            points: points * 1000,
            from: day(from),
            until: day(until),
            reason: "a worked case".to_owned(),
            author: "marit".to_owned(),
        });
        self
    }

    /// What the person is on a date.
    pub(super) fn on(&self, as_of: &str) -> Seen<'_> {
        let seen = Seen {
            scored: self,
            evaluation: evaluate(&self.model, &self.facts, &self.coverage, day(as_of)),
        };
        for score in &seen.evaluation.scores {
            let rules: i64 = score.rules.iter().map(|rule| rule.points).sum();
            let corrections: i64 = score.corrections.iter().map(|each| each.points).sum();
            assert_eq!(rules + corrections, score.raw, "the lines add up");
        }
        seen
    }
}

fn open(folder: &Path) -> Store {
    Store::open(&folder.join("engaged.db"), Access::ReadWrite, &Standing).unwrap()
}

pub(super) fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// A person on a date.
pub(super) struct Seen<'a> {
    scored: &'a Scored,
    evaluation: Evaluation,
}

impl Seen<'_> {
    fn of(&self, score: &str) -> (usize, &ScoreValue) {
        let scores = &self.scored.model.rules().scores;
        let found = scores.iter().position(|each| each.name == score);
        let index = found.unwrap_or_else(|| panic!("no score {score}"));
        (index, &self.evaluation.scores[index])
    }

    /// What is shown.
    pub(super) fn shown(&self, score: &str) -> i64 {
        self.of(score).1.shown
    }

    /// The sum, as people write it.
    pub(super) fn raw(&self, score: &str) -> String {
        Points(self.of(score).1.raw).to_string()
    }

    /// The band.
    pub(super) fn band(&self, score: &str) -> &str {
        let (index, value) = self.of(score);
        let bands = &self.scored.model.rules().scores[index].bands;
        value.band.map_or("", |band| &bands[band].name)
    }

    /// Each rule that gives or takes anything: the rule, then its points. Then the corrections.
    pub(super) fn lines(&self, score: &str) -> Vec<String> {
        let (index, value) = self.of(score);
        let rules = &self.scored.model.rules().scores[index].rules;
        let rules = rules.iter().zip(&value.rules);
        let rules = rules.map(|(rule, line)| (rule.text.clone(), line.points));
        let corrections = value.corrections.iter();
        let corrections = corrections.map(|each| (format!("{:?}", each.kind), each.points));
        rules
            .chain(corrections)
            .filter(|(_, points)| *points != 0)
            .map(|(text, points)| format!("{text}: {}", Points(points)))
            .collect()
    }

    /// Why the first absence of a rule is what it is.
    pub(super) fn reason(&self, score: &str, when: &str) -> String {
        let line = self.rule(score, when);
        let reason = line.judgements[0].reason;
        match reason.since() {
            Some(since) => format!("{} since {since}", reason.as_str()),
            None => reason.as_str().to_owned(),
        }
    }

    /// Whether a condition is neither true nor false.
    pub(super) fn is_unknown(&self, score: &str, when: &str) -> bool {
        self.rule(score, when).doubt.is_some()
    }

    fn rule(&self, score: &str, when: &str) -> &engaged::score::evaluate::RuleValue {
        let (index, value) = self.of(score);
        let rules = &self.scored.model.rules().scores[index].rules;
        let found = rules.iter().position(|rule| rule.text == when);
        &value.rules[found.unwrap_or_else(|| panic!("no rule {when}"))]
    }

    /// The segments that the person is in.
    pub(super) fn segments(&self) -> Vec<&str> {
        self.segments_that_are(Truth::True)
    }

    /// The segments of which nobody can tell.
    pub(super) fn unknown_segments(&self) -> Vec<&str> {
        self.segments_that_are(Truth::Unknown)
    }

    fn segments_that_are(&self, truth: Truth) -> Vec<&str> {
        let segments = self.scored.model.rules().segments.iter();
        segments
            .zip(&self.evaluation.segments)
            .filter(|(_, each)| **each == truth)
            .map(|(segment, _)| segment.name.as_str())
            .collect()
    }

    /// The stage.
    pub(super) fn stage(&self) -> &str {
        let stages = &self.scored.model.rules().stages;
        self.evaluation
            .stage
            .map_or("", |stage| &stages[stage].name)
    }
}
