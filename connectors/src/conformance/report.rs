//! What the checks found: counts of what was really done, and findings with the next step.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use super::Skip;
use crate::error::ConnectorError;

/// One check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// `K1` to `K18`; stable.
    pub id: &'static str,
    /// What holds if it passes, for people.
    pub title: &'static str,
}

impl Check {
    pub(super) const fn new(id: &'static str, title: &'static str) -> Self {
        Self { id, title }
    }
}

/// What was really done, so that nobody takes an idle check for a good one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(Vec<(&'static str, u64)>);

impl Tally {
    /// Adds to a count.
    pub fn add(&mut self, what: &'static str, many: usize) {
        let many = u64::try_from(many).unwrap_or(u64::MAX);
        match self.0.iter_mut().find(|(name, _)| *name == what) {
            Some((_, count)) => *count += many,
            None => self.0.push((what, many)),
        }
    }

    /// A count; nought for what was never counted.
    pub fn of(&self, what: &str) -> u64 {
        self.0
            .iter()
            .find(|(name, _)| *name == what)
            .map_or(0, |(_, count)| *count)
    }

    /// That something was done at least so often: or the check has proved nothing.
    pub fn at_least(&self, least: u64, what: &'static str) -> Result<(), Box<Finding>> {
        if self.of(what) >= least {
            return Ok(());
        }
        let why = format!(
            "{what}: {}, and {least} are needed for it to prove anything",
            self.of(what)
        );
        Err(Finding::new("the check was not effective", "the stand")
            .why(why)
            .next("give the stand more of it, or declare the check as skipped with a reason")
            .boxed())
    }

    /// All counts, in the order in which they came up.
    pub fn counts(&self) -> &[(&'static str, u64)] {
        &self.0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<String> = self
            .0
            .iter()
            .map(|(what, count)| format!("{count} {what}"))
            .collect();
        f.write_str(&counts.join(", "))
    }
}

/// What is wrong, where, why, and the next step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What happened.
    pub what: String,
    /// Where: a stream, a request, a setting.
    pub place: String,
    /// Why that is wrong, with what was seen.
    pub why: String,
    /// What to do next.
    pub next: String,
}

impl Finding {
    /// A finding without a reason yet.
    pub fn new(what: impl Into<String>, place: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            place: place.into(),
            why: String::new(),
            next: "see \"The contract\" in connectors/README.md".into(),
        }
    }

    /// Says why.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }

    /// For an `Err`.
    pub fn boxed(self) -> Box<Self> {
        Box::new(self)
    }

    /// Something that should have worked and did not.
    pub(super) fn error(place: &str, error: &ConnectorError) -> Box<Self> {
        Self::new(format!("{} {error}", error.code()), place)
            .why("this should have worked")
            .next("run the connector's own tests against the stand; RUST_LOG does not help here, the error is all there is")
            .boxed()
    }
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Passed,
    /// It does not.
    Failed(Finding),
    /// It does not apply: the reason, from the manifest.
    Skipped(&'static str),
}

/// One check with its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Which.
    pub check: Check,
    /// How it ended.
    pub verdict: Verdict,
    /// What was done.
    pub tally: Tally,
    /// Parts of it that do not apply.
    pub parts: Vec<Skip>,
}

/// All checks of one connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The platform.
    pub platform: &'static str,
    /// In the order of the checks.
    pub outcomes: Vec<Outcome>,
}

impl Report {
    pub(super) fn new(platform: &'static str) -> Self {
        Self {
            platform,
            outcomes: Vec::new(),
        }
    }

    /// Whether nothing failed.
    pub fn passed(&self) -> bool {
        !self
            .outcomes
            .iter()
            .any(|outcome| matches!(outcome.verdict, Verdict::Failed(_)))
    }

    /// A stable document.
    pub fn to_json(&self) -> Value {
        let one = |outcome: &Outcome| {
            let (state, reason, finding) = match &outcome.verdict {
                Verdict::Passed => ("passed", None, None),
                Verdict::Failed(finding) => ("failed", None, Some(finding)),
                Verdict::Skipped(reason) => ("skipped", Some(reason), None),
            };
            let counts: serde_json::Map<String, Value> = outcome
                .tally
                .0
                .iter()
                .map(|(what, count)| ((*what).to_owned(), json!(count)))
                .collect();
            let parts: Vec<Value> = outcome
                .parts
                .iter()
                .map(|skip| json!({"part": skip.part, "reason": skip.reason}))
                .collect();
            json!({
                "id": outcome.check.id, "title": outcome.check.title, "state": state, "reason": reason,
                "counts": counts, "skipped_parts": parts, "finding": finding,
            })
        };
        let checks: Vec<Value> = self.outcomes.iter().map(one).collect();
        json!({"schema": 1, "platform": self.platform, "passed": self.passed(), "checks": checks})
    }
}

impl fmt::Display for Report {
    /// One line a check, more for what failed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut passed, mut failed, mut skipped) = (0, 0, 0);
        for outcome in &self.outcomes {
            let (word, said) = match &outcome.verdict {
                Verdict::Passed => {
                    passed += 1;
                    ("pass", outcome.tally.to_string())
                }
                Verdict::Failed(_) => {
                    failed += 1;
                    ("FAIL", outcome.tally.to_string())
                }
                Verdict::Skipped(reason) => {
                    skipped += 1;
                    ("skip", (*reason).to_owned())
                }
            };
            writeln!(
                f,
                "{word}  {:<3}  {}",
                outcome.check.id, outcome.check.title
            )?;
            if !said.is_empty() {
                writeln!(f, "           {said}")?;
            }
            for skip in &outcome.parts {
                writeln!(
                    f,
                    "           not here, {}: {}",
                    skip.part.unwrap_or_default(),
                    skip.reason
                )?;
            }
            if let Verdict::Failed(finding) = &outcome.verdict {
                writeln!(f, "      what   {}", finding.what)?;
                writeln!(f, "      where  {}", finding.place)?;
                writeln!(f, "      why    {}", finding.why)?;
                writeln!(f, "      next   {}", finding.next)?;
            }
        }
        write!(
            f,
            "{}: {passed} passed, {failed} failed, {skipped} skipped",
            self.platform
        )
    }
}
