//! Explanation: the numbers of one contact down to the events, and what happens next.
//!
//! It is computed by the code that computes the score; here are only names
//! for the numbers. The shape is that of `explain --json`.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use engaged_connectors::model::Verdict;
use serde::{Serialize, Serializer};

use crate::{
    rules::{set::Score, truth::Truth},
    verdict,
};

use super::{
    calendar::{Day, Millis},
    condition::Doubt,
    each::Earned,
    evaluate::{
        Correction, CorrectionKind, Evaluation, Evaluator, RuleValue, ScoreValue, next_change,
    },
    facts::{Coverage, Facts, TextId, Vocabulary},
    model::{Compiled, Model},
    subject::Subject,
};

/// How many coming changes an explanation lists.
const NEXT_MAX: usize = 6;

/// Points as people write them, from thousandths: `10`, `22.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Points(pub i64);

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1000 == 0 {
            return serializer.serialize_i64(self.0 / 1000);
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "a sum of points stays far below 2^53 thousandths"
        )]
        serializer.serialize_f64(self.0 as f64 / 1000.0)
    }
}

impl std::fmt::Display for Points {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.unsigned_abs() / 1000, self.0.unsigned_abs() % 1000);
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        write!(
            f,
            "{sign}{whole}.{}",
            format!("{rest:03}").trim_end_matches('0')
        )
    }
}

/// Why one contact is what it is on one date.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The version of this shape.
    pub schema: u32,
    /// The address, or the platform's id where there is no address.
    pub contact: String,
    /// The date asked for.
    pub as_of: String,
    /// Facts known by the end of this date were used.
    pub known_at: String,
    /// Each score.
    pub scores: Vec<ScoreLines>,
    /// The segments the contact is in.
    pub segments: Vec<String>,
    /// Segments that cannot be told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub segments_unknown: Vec<String>,
    /// The stage.
    pub stage: Option<String>,
    /// What changes by itself, soonest first.
    pub next: Vec<Coming>,
}

/// One score and the lines that add up to it.
#[derive(Clone, Debug, Serialize)]
pub struct ScoreLines {
    /// The score's name.
    pub name: String,
    /// The sum of all lines.
    pub raw: Points,
    /// What is shown and pushed.
    pub shown: i64,
    /// The band.
    pub band: Option<String>,
    /// The first later date on which a line or the band differs if nothing happens.
    pub next_change_on: Option<String>,
    /// A line for each rule.
    pub rules: Vec<RuleLine>,
    /// Lines that no rule gives.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<CorrectionLine>,
}

/// One rule's line.
#[derive(Clone, Debug, Serialize)]
pub struct RuleLine {
    /// The rule as typed.
    pub when: String,
    /// What it adds.
    pub points: Points,
    /// For an absence rule, whether and since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absence: Option<AbsenceLine>,
    /// The absences inside a longer condition.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub absences: Vec<AbsenceLine>,
    /// Why the condition can be neither true nor false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// What the rule's own caps took away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capped: Option<Points>,
    /// Events that do not count because a machine caused them.
    #[serde(skip_serializing_if = "is_zero")]
    pub by_machines: usize,
    /// Why they are a machine's: each verdict and reason once, the most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<MachineLine>,
    /// Events that do not count because a later one lifted them.
    #[serde(skip_serializing_if = "is_zero")]
    pub lifted: usize,
    /// The events that earned the points.
    pub events: Vec<EventLine>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Why events are a machine's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MachineLine {
    /// `scanner` or `privacy_proxy`.
    pub verdict: Verdict,
    /// The stored reason, stable words such as `burst:6`; `source` where the platform or file said so with the event.
    pub reason: String,
    /// The same in words.
    pub why: String,
    /// How many of the events.
    pub events: usize,
}

/// What an absence is.
#[derive(Clone, Debug, Serialize)]
pub struct AbsenceLine {
    /// The absence, inside a longer condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The reason's word.
    pub state: &'static str,
    /// The first day it held.
    pub since: Option<String>,
}

/// One event that counts.
#[derive(Clone, Debug, Serialize)]
pub struct EventLine {
    /// The platform's id, or ours where it has none.
    pub id: String,
    /// When, in UTC.
    pub at: String,
    /// The campaign's name or id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// The link or page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The connection it came from.
    pub connection: String,
    /// What it earns now, before the rule's cap.
    pub points: Points,
    /// The first day on which nothing is left of it.
    pub ends_on: Option<String>,
}

/// A line that no rule gives.
#[derive(Clone, Debug, Serialize)]
pub struct CorrectionLine {
    /// `group NAME`, `adjustment`, `penalty floor`.
    pub what: String,
    /// What it adds.
    pub points: Points,
    /// Why, for an adjustment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A change that comes by itself.
#[derive(Clone, Debug, Serialize)]
pub struct Coming {
    /// The date.
    pub on: String,
    /// The score.
    pub score: String,
    /// Its sum from then on.
    pub raw: Points,
    /// Its band from then on.
    pub band: Option<String>,
    /// The rules whose lines change.
    pub because: String,
}

/// What explaining one contact takes.
pub struct Question<'a> {
    /// The compiled rules.
    pub model: &'a Model,
    /// The texts behind the numbers.
    pub vocabulary: &'a Vocabulary,
    /// The contact.
    pub facts: &'a Facts,
    /// Holes in our own sync.
    pub coverage: &'a Coverage,
    /// The date asked for.
    pub as_of: Day,
    /// The date whose knowledge is used.
    pub known_at: Day,
    /// What to call the contact.
    pub contact: &'a str,
    /// The platform's id of an event, where it has one.
    pub platform_id: &'a dyn Fn(i64) -> Option<String>,
    /// The stored reason of an event's verdict, where one was recorded.
    pub reason: &'a dyn Fn(i64) -> Option<String>,
}

/// Explains a contact.
pub fn explain(question: &Question<'_>) -> Explanation {
    let Question { model, as_of, .. } = *question;
    let subject = Subject::new(model, question.facts, question.coverage);
    let (now, hint) = Evaluator::new(model, &subject, as_of).detailed().run();
    let rules = model.rules();
    let named = |wanted: Truth| {
        let pairs = rules.segments.iter().zip(&now.segments);
        pairs
            .filter(move |(_, truth)| **truth == wanted)
            .map(|(segment, _)| segment.name.clone())
            .collect()
    };
    let scores = rules.scores.iter().zip(&now.scores).enumerate();
    Explanation {
        schema: 1,
        contact: question.contact.to_owned(),
        as_of: as_of.to_string(),
        known_at: question.known_at.to_string(),
        scores: scores
            .map(|(index, (score, value))| {
                let differs = |then: &Evaluation| then.scores[index] != now.scores[index];
                let next = next_change(model, &subject, (as_of, &now, hint), differs);
                question.score(&subject, index, score, value, next.map(|(day, _)| day))
            })
            .collect(),
        segments: named(Truth::True),
        segments_unknown: named(Truth::Unknown),
        stage: now.stage.map(|stage| rules.stages[stage].name.clone()),
        next: coming(model, &subject, as_of, &now, hint),
    }
}

impl Question<'_> {
    fn score(
        &self,
        subject: &Subject<'_>,
        index: usize,
        score: &Score,
        value: &ScoreValue,
        next: Option<Day>,
    ) -> ScoreLines {
        let lines = score
            .rules
            .iter()
            .zip(&value.rules)
            .zip(&self.model.scores[index]);
        ScoreLines {
            name: score.name.clone(),
            raw: Points(value.raw),
            shown: value.shown,
            band: band_name(score, value.band),
            next_change_on: next.map(|day| day.to_string()),
            rules: lines
                .map(|((rule, value), compiled)| self.rule(subject, &rule.text, value, compiled))
                .collect(),
            corrections: value
                .corrections
                .iter()
                .map(|each| self.correction(score, each))
                .collect(),
        }
    }

    fn rule(
        &self,
        subject: &Subject<'_>,
        text: &str,
        value: &RuleValue,
        compiled: &Compiled,
    ) -> RuleLine {
        let whole = matches!(
            compiled,
            Compiled::State(super::condition::Node::Absence { .. })
        );
        let line = |judgement: &super::condition::Judgement| AbsenceLine {
            when: (!whole).then(|| judgement.text.to_string()),
            state: judgement.reason.as_str(),
            since: judgement.reason.since().map(|day| day.to_string()),
        };
        let mut absences: Vec<AbsenceLine> = value.judgements.iter().map(line).collect();
        let machines = self.machines(subject, compiled);
        let capped = value.capped + value.earned.iter().map(|earned| earned.capped).sum::<i64>();
        RuleLine {
            when: text.to_owned(),
            points: Points(value.points),
            absence: if whole { absences.pop() } else { None },
            absences,
            unknown: value.doubt.as_ref().map(doubt_word),
            capped: (capped != 0).then_some(Points(capped)),
            by_machines: machines.iter().map(|line| line.events).sum(),
            machines,
            lifted: value.lifted,
            events: value
                .earned
                .iter()
                .map(|earned| self.event(earned))
                .collect(),
        }
    }

    /// What machines did that a rule on events would have counted, had people done it.
    fn machines(&self, subject: &Subject<'_>, compiled: &Compiled) -> Vec<MachineLine> {
        let Compiled::Each(pattern, _) = compiled else {
            return Vec::new();
        };
        let mut sizes: BTreeMap<(Verdict, String), usize> = BTreeMap::new();
        let events = self.facts.events.iter().zip(&subject.days);
        for (fact, _) in events.filter(|(_, day)| **day <= self.as_of) {
            if self.model.patterns.spoilt(*pattern, fact, self.facts) {
                let reason = (self.reason)(fact.id).unwrap_or_else(|| "source".to_owned());
                *sizes.entry((fact.verdict, reason)).or_default() += 1;
            }
        }
        let lines = sizes
            .into_iter()
            .map(|((verdict, reason), events)| MachineLine {
                verdict,
                why: verdict::words(&reason),
                reason,
                events,
            });
        let mut lines: Vec<MachineLine> = lines.collect();
        lines.sort_by_key(|line| std::cmp::Reverse(line.events));
        lines
    }

    fn event(&self, earned: &Earned) -> EventLine {
        let fact = &self.facts.events[earned.index];
        let campaign = text(&self.vocabulary.campaigns, fact.campaign);
        let connection = self
            .vocabulary
            .connections
            .iter()
            .find(|(id, _)| *id == fact.connection);
        EventLine {
            id: (self.platform_id)(fact.id).unwrap_or_else(|| fact.id.to_string()),
            at: instant(fact.at),
            campaign: campaign.map(|(id, name)| {
                if name.is_empty() {
                    id.clone()
                } else {
                    name.clone()
                }
            }),
            link: text(&self.vocabulary.urls, fact.url).cloned(),
            item: text(&self.vocabulary.items, fact.item).cloned(),
            connection: connection.map(|(_, name)| name.clone()).unwrap_or_default(),
            points: Points(earned.points),
            ends_on: earned.ends_on.map(|day| day.to_string()),
        }
    }

    fn correction(&self, score: &Score, correction: &Correction) -> CorrectionLine {
        let adjustment = |id: i64| self.facts.adjustments.iter().find(|each| each.id == id);
        let (what, reason) = match correction.kind {
            CorrectionKind::Group(number) => (format!("group {}", score.groups[number].name), None),
            CorrectionKind::Adjustment(id) => (
                "adjustment".to_owned(),
                adjustment(id).map(|each| format!("{} ({})", each.reason, each.author)),
            ),
            CorrectionKind::Floor => ("penalty floor".to_owned(), None),
        };
        CorrectionLine {
            what,
            points: Points(correction.points),
            reason,
        }
    }
}

fn text<T>(texts: &[T], id: TextId) -> Option<&T> {
    id.is_some()
        .then(|| texts.get(usize::try_from(id.0).ok()?))?
}

fn instant(at: Millis) -> String {
    let instant = DateTime::<Utc>::from_timestamp_millis(at).unwrap_or_default();
    instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn band_name(score: &Score, band: Option<usize>) -> Option<String> {
    band.map(|band| score.bands[band].name.clone())
}

fn doubt_word(doubt: &Doubt) -> String {
    match doubt {
        Doubt::Absence(reason) => reason.as_str().to_owned(),
        Doubt::Field(name) => format!("field {name} is not known"),
        Doubt::NoAddress => "no_address".to_owned(),
        Doubt::OtherCurrency => "other_currency".to_owned(),
        Doubt::Never => "never".to_owned(),
        Doubt::NoStatus => "no_status".to_owned(),
    }
}

/// The changes that come by themselves, soonest first.
fn coming(
    model: &Model,
    subject: &Subject<'_>,
    as_of: Day,
    now: &Evaluation,
    hint: Day,
) -> Vec<Coming> {
    let mut coming = Vec::new();
    let (mut before, mut day, mut hint) = (now.clone(), as_of, hint);
    while coming.len() < NEXT_MAX {
        let Some((on, then)) =
            next_change(model, subject, (day, &before, hint), |then| *then != before)
        else {
            break;
        };
        let scores = model
            .rules()
            .scores
            .iter()
            .zip(before.scores.iter().zip(&then.scores));
        for (score, (old, new)) in
            scores.filter(|(_, (old, new))| (old.raw, old.band) != (new.raw, new.band))
        {
            let lines = score.rules.iter().zip(old.rules.iter().zip(&new.rules));
            let changed = lines
                .filter(|(_, (old, new))| old.points != new.points)
                .map(|(rule, _)| rule.text.as_str());
            let changed: Vec<&str> = changed.collect();
            coming.push(Coming {
                on: on.to_string(),
                score: score.name.clone(),
                raw: Points(new.raw),
                band: band_name(score, new.band),
                because: if changed.is_empty() {
                    "an adjustment".to_owned()
                } else {
                    changed.join(", ")
                },
            });
        }
        (before, day, hint) = (then, on, on.next());
    }
    coming.truncate(NEXT_MAX);
    coming
}

/// Why a contact is not judged: the first absence in its rules that waits for data.
pub fn why_unjudged(evaluation: &Evaluation) -> Option<&'static str> {
    let judgements = evaluation
        .scores
        .iter()
        .flat_map(|score| &score.rules)
        .flat_map(|rule| &rule.judgements);
    // Who never bought anything is known well enough: there is nothing to wait for.
    let waits = judgements
        .map(|judgement| judgement.reason)
        .find(|reason| reason.truth() == Truth::Unknown && *reason != super::Reason::NeverCustomer);
    waits.map(super::Reason::as_str)
}
