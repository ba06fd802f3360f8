//! A person's correction of one contact's score: what is typed is checked, kept and taken back in
//! one way, whether it comes by the verb or by the page.

use thiserror::Error;

use crate::{
    privacy,
    rules::syntax::Decimal,
    score::{
        calendar::{Day, Millis},
        explain::Points,
    },
    store::{ContactId, StoreError, Tx},
};

/// The most that one correction may be worth, in thousandths; no sum of them overflows.
const MOST: i64 = 1_000_000_000;

/// A correction that can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    contact: ContactId,
    points: i64,
    days: (Day, Day),
    reason: String,
}

/// Why one cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CorrectionError {
    /// There is no such number of points.
    #[error("'{0}' is no number of points")]
    Points(String),
    /// Nobody would know why.
    #[error("an adjustment needs a reason")]
    Reason,
    /// It would never count.
    #[error("from {0} until {1} there is no day on which it would count from now on")]
    Days(Day, Day),
}

impl Correction {
    /// Checks what was typed: points like `-20` or `7.5`, the first day on which they count and the first on which
    /// they do no more, and why.
    pub fn new(
        contact: ContactId,
        points: &str,
        days: (Day, Day),
        reason: &str,
        today: Day,
    ) -> Result<Self, CorrectionError> {
        let thousandths = Decimal::parse(points).and_then(|number| number.scaled(3));
        let thousandths = thousandths.filter(|points| *points != 0 && points.abs() <= MOST);
        let thousandths = thousandths.ok_or_else(|| CorrectionError::Points(points.to_owned()))?;
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(CorrectionError::Reason);
        }
        let (from, until) = days;
        if until <= from || until <= today {
            return Err(CorrectionError::Days(from, until));
        }
        Ok(Self {
            contact,
            points: thousandths,
            days,
            reason: reason.to_owned(),
        })
    }

    /// How many points.
    pub fn points(&self) -> Points {
        Points(self.points)
    }

    /// Makes it on a score, with a line in the audit trail; returns its number.
    pub fn write(
        &self,
        tx: &Tx,
        score: &str,
        author: &str,
        now: Millis,
    ) -> Result<i64, StoreError> {
        let number = tx.adjust(
            self.contact,
            score,
            self.points,
            self.days,
            &self.reason,
            author,
            now,
        )?;
        let whose = privacy::handle(tx, self.contact)?;
        let detail = format!("{number}: {} points of {score}, {whose}", self.points());
        tx.audit(author, "adjust", &detail, now)?;
        Ok(number)
    }
}

/// Takes a correction back; whether there was one of that number that still counted.
pub fn withdraw(tx: &Tx, number: i64, author: &str, now: Millis) -> Result<bool, StoreError> {
    let withdrawn = tx.withdraw_adjustment(number, now)?;
    if withdrawn {
        tx.audit(author, "withdraw adjustment", &number.to_string(), now)?;
    }
    Ok(withdrawn)
}

/// Whether a line of the audit trail tells of the correction of that number.
pub fn is_told_by(number: i64, what: &str, detail: &str) -> bool {
    match what {
        "adjust" => detail
            .split_once(':')
            .is_some_and(|(told, _)| told == number.to_string()),
        "withdraw adjustment" => detail == number.to_string(),
        _ => false,
    }
}
