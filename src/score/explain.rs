//! Explanation: the numbers of one contact down to the events, and what happens next.
//!
//! It is computed by the code that computes the score; here are only names
//! for the numbers. Serialized it has the shape of `explain --json`; what is
//! skipped there is for text in words ([`crate::words`]).

mod ahead;
mod fake;
mod lines;

use chrono::{DateTime, SecondsFormat, Utc};
use engaged_connectors::model::{EventKind, Verdict};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use crate::rules::{
    set::{Group, Rule},
    syntax::Condition,
    tracking::Tracking,
    truth::Truth,
};

use super::{
    Reason,
    absence::Grounds,
    calendar::{Day, Millis},
    condition::Doubt,
    evaluate::{Evaluation, Evaluator, next_change},
    facts::{Coverage, Facts, Hole, Vocabulary},
    model::Model,
    subject::Subject,
};
pub use ahead::{Ahead, Cause, Change, Move, Step};
pub use fake::{FakeLine, looks_fake};

/// So many of a rule's events are told one by one, the latest; those before them are told together. It bounds what an
/// explanation holds, whatever somebody has: each event is in the contact's timeline.
pub const EVENTS_TOLD: usize = 10_000;

/// Points as people write them, from thousandths: `10`, `22.5`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

impl JsonSchema for Points {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Points".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
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
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Explanation {
    /// The version of this shape.
    pub schema: u32,
    /// The address, or the platform's id where there is no address.
    pub contact: String,
    /// The date asked for.
    pub as_of: Day,
    /// Facts known by the end of this date were used.
    pub known_at: Day,
    /// What may be used of what is measured of the contact; left out where that is everything.
    #[serde(skip_serializing_if = "is_full")]
    pub tracking: Tracking,
    /// The last day of which events are gone because they were older than they are kept; left out where none are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_to: Option<Day>,
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
    /// The currency of amounts, ISO 4217.
    #[serde(skip)]
    pub currency: String,
    /// Why the segments that cannot be told cannot.
    #[serde(skip)]
    pub unjudged: Vec<Unjudged>,
    /// What changes by itself, day by day, with what causes it.
    #[serde(skip)]
    pub ahead: Ahead,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_full(tracking: &Tracking) -> bool {
    *tracking == Tracking::Full
}

/// A segment that cannot be told.
#[derive(Clone, Debug)]
pub struct Unjudged {
    /// The segment's name.
    pub segment: String,
    /// What it asks.
    pub when: Condition,
    /// The absences in it, in the order in which the condition names them.
    pub absences: Vec<AbsenceLine>,
    /// Why it can be neither true nor false.
    pub doubt: Option<Doubt>,
    /// The holes that leave a count or a total open.
    pub gaps: Vec<Hole>,
}

/// One score and the lines that add up to it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
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
    pub next_change_on: Option<Day>,
    /// A line for each rule.
    pub rules: Vec<RuleLine>,
    /// Lines that no rule gives.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<CorrectionLine>,
    /// What is shown is kept within this, in points.
    #[serde(skip)]
    pub range: Option<(i64, i64)>,
}

/// One rule's line.
#[derive(Clone, Debug, Serialize, JsonSchema)]
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
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_doubt"
    )]
    #[schemars(with = "Option<String>")]
    pub unknown: Option<Doubt>,
    /// Where the rule asks whether a text looks fake: the texts that do, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fake: Vec<FakeLine>,
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
    /// The events that earned the points; of more than 10,000 the latest.
    pub events: Vec<EventLine>,
    /// Those before them, together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier: Option<EarlierLine>,
    /// What is said of all of the rule's events.
    #[serde(skip)]
    pub all: AllEvents,
    /// The rule itself.
    #[serde(skip)]
    pub rule: Rule,
    /// What the limit on the rule's sum took away.
    #[serde(skip)]
    pub over_limit: Points,
    /// The holes that leave a count or a total open.
    #[serde(skip)]
    pub gaps: Vec<Hole>,
}

/// Why events are a machine's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MachineLine {
    /// `scanner` or `privacy_proxy`.
    #[schemars(with = "String")]
    pub verdict: Verdict,
    /// The stored reason, stable words such as `burst:6`; `source` where the platform or file said so with the event.
    pub reason: String,
    /// The same in words.
    pub why: String,
    /// How many of the events.
    pub events: usize,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[expect(clippy::ref_option, reason = "serde asks for a reference")]
fn serialize_doubt<S: Serializer>(doubt: &Option<Doubt>, serializer: S) -> Result<S::Ok, S::Error> {
    doubt.as_ref().map(lines::doubt_word).serialize(serializer)
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn serialize_reason<S: Serializer>(reason: &Reason, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(reason.as_str())
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn serialize_instant<S: Serializer>(at: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
    let instant = DateTime::<Utc>::from_timestamp_millis(*at).unwrap_or_default();
    serializer.serialize_str(&instant.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// What an absence is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AbsenceLine {
    /// The absence, inside a longer condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The reason's word.
    #[serde(serialize_with = "serialize_reason")]
    #[schemars(with = "String")]
    pub state: Reason,
    /// The first day it held.
    pub since: Option<Day>,
    /// The absence itself.
    #[serde(skip)]
    pub condition: Condition,
    /// What the judgement rests on.
    #[serde(skip)]
    pub grounds: Grounds,
}

/// One event that counts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EventLine {
    /// The platform's id, or ours where it has none.
    pub id: String,
    /// When, in UTC.
    #[serde(serialize_with = "serialize_instant")]
    #[schemars(with = "DateTime<Utc>")]
    pub at: Millis,
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
    /// The number of its order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Other connections that told the same order; it counts once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_told_by: Vec<String>,
    /// Whether a webhook told it and no poll has confirmed it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub only_by_webhook: bool,
    /// What it earns now, before the rule's cap.
    pub points: Points,
    /// The first day on which nothing is left of it.
    pub ends_on: Option<Day>,
    /// Its local date.
    #[serde(skip)]
    pub on: Day,
    /// What happened.
    #[serde(skip)]
    pub kind: EventKind,
    /// Whether `id` is the platform's own.
    #[serde(skip)]
    pub platform_id: bool,
    /// How many.
    #[serde(skip)]
    pub quantity: u32,
    /// The amount in hundredths, and its currency.
    #[serde(skip)]
    pub value: Option<(i64, String)>,
    /// What limits per period took away from it.
    #[serde(skip)]
    pub over_limit: Points,
}

/// Events of a rule that are too many to be told one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EarlierLine {
    /// How many.
    pub events: usize,
    /// What they earn now, before the rule's cap.
    pub points: Points,
    /// When the first of them was, in UTC.
    #[serde(serialize_with = "serialize_instant")]
    #[schemars(with = "DateTime<Utc>")]
    pub from: Millis,
    /// When the last of them was, in UTC.
    #[serde(serialize_with = "serialize_instant")]
    #[schemars(with = "DateTime<Utc>")]
    pub to: Millis,
}

/// What is said of all of a rule's events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AllEvents {
    /// Of how many something is left.
    pub standing: usize,
    /// Of how many nothing is left, though no limit took it.
    pub gone: usize,
    /// What limits per period took away from those that have not ended.
    pub over_limits: Points,
}

/// A line that no rule gives.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CorrectionLine {
    /// `group NAME`, `adjustment`, `penalty floor`.
    pub what: String,
    /// What it adds.
    pub points: Points,
    /// Why, for an adjustment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where it comes from.
    #[serde(skip)]
    pub source: Source,
}

/// Where a line that no rule gives comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The limits of a group.
    Group(Group),
    /// Somebody's word.
    Adjustment {
        /// Whose.
        author: String,
        /// Why.
        reason: String,
        /// The first day on which it no longer counts.
        until: Day,
    },
    /// What is negative counts together no lower than this, in thousandths.
    Floor(i64),
}

/// A change that comes by itself.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Coming {
    /// The date.
    pub on: Day,
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
    /// The number of the order that an event is of.
    pub order: &'a dyn Fn(i64) -> Option<String>,
    /// Whether a webhook told an event and no poll has confirmed it.
    pub only_told: &'a dyn Fn(i64) -> bool,
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
    let deleted = question.facts.forgotten;
    let (next, ahead) = ahead::look(model, &subject, (as_of, question.known_at), &now, hint);
    Explanation {
        schema: 1,
        contact: question.contact.to_owned(),
        as_of,
        known_at: question.known_at,
        tracking: question.facts.consent.mode,
        deleted_to: deleted.map(|deleted| model.zone().day(deleted.until_at)),
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
        next,
        currency: rules.currency.clone(),
        unjudged: question.unjudged(&subject, &now),
        ahead,
    }
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
