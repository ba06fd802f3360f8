//! Outcomes of requests that go one after the other, one for each contact.
//!
//! When the platform fails, the rest would fare no better: it is not tried. It
//! judges no answer and sends nothing.

use super::Outcome;
use crate::{error::ConnectorError, http::Failure};

/// Outcomes in the making, in order.
#[derive(Debug, Default)]
pub(crate) struct Series {
    outcomes: Vec<Outcome>,
    /// Whether a request may have changed something.
    sent: bool,
    /// What holds for all that is left.
    rest: Option<Outcome>,
}

impl Series {
    /// Whether the next one is not to be tried; then it has its outcome.
    pub(crate) fn is_over(&mut self) -> bool {
        self.outcomes.extend(self.rest.clone());
        self.rest.is_some()
    }

    /// The next one cannot be done, which is known without a request.
    pub(crate) fn refuse(&mut self, reason: impl Into<String>) {
        self.outcomes.push(Outcome::Rejected(reason.into()));
    }

    /// What became of the next one. The error is for a failure before anything was sent.
    pub(crate) fn settle(
        &mut self,
        result: Result<Outcome, Failure>,
    ) -> Result<(), ConnectorError> {
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(Failure::NotDone(error)) if !self.sent => return Err(error),
            Err(failure) => {
                let doubt = matches!(failure, Failure::Unknown(_));
                let error = ConnectorError::from(failure);
                let rest = later(&error);
                self.rest = Some(rest.clone());
                if doubt {
                    Outcome::Ambiguous(error.to_string())
                } else {
                    rest
                }
            }
        };
        self.sent = true;
        self.outcomes.push(outcome);
        Ok(())
    }

    /// All of them.
    pub(crate) fn into_outcomes(self) -> Vec<Outcome> {
        self.outcomes
    }
}

/// The outcome for something that was not done and is worth another try.
pub(crate) fn later(error: &ConnectorError) -> Outcome {
    let wait = match error {
        ConnectorError::RateLimited { retry_after, .. } => *retry_after,
        _ => None,
    };
    Outcome::Retry(error.to_string(), wait)
}
