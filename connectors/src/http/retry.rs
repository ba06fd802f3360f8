//! How long to wait before the next try: full jitter, the platform's own wish,
//! and a budget. Whether a request may be tried again at all stands in `call`.

use std::time::Duration;

use ::http::{HeaderMap, header};
use chrono::{DateTime, Utc};

/// The longest wait that we believe a platform means.
const WAIT_MAX: Duration = Duration::from_mins(15);

/// How often and how long to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Requests in all for one call; one means no second try.
    pub attempts: u32,
    /// The first ceiling for a wait; it doubles with each try.
    pub first: Duration,
    /// The last ceiling.
    pub ceiling: Duration,
    /// All waits of one call together. A longer wish of the platform ends the call.
    pub budget: Duration,
}

impl Default for Retry {
    /// Six tries within two minutes of waiting.
    fn default() -> Self {
        Self {
            attempts: 6,
            first: Duration::from_millis(500),
            ceiling: Duration::from_secs(30),
            budget: Duration::from_mins(2),
        }
    }
}

impl Retry {
    /// The wait after `attempt` requests have failed, or `None` to give up.
    /// `chance` lies in 0..1; `wish` is what the platform asked for.
    pub(super) fn wait(
        &self,
        attempt: u32,
        spent: Duration,
        wish: Option<Duration>,
        chance: f64,
    ) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doubled = self
            .first
            .saturating_mul(1 << attempt.saturating_sub(1).min(20));
        let jitter = doubled.min(self.ceiling).mul_f64(chance);
        let wait = jitter.max(wish.unwrap_or_default());
        (spent + wait <= self.budget).then_some(wait)
    }
}

/// Reads `Retry-After`: seconds, or a date against the answer's own `Date`
/// (our clock may differ from theirs). An absurd value counts as 15 minutes,
/// an unreadable one as none.
pub(super) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let date = |text: &str| {
        httpdate::parse_http_date(text)
            .ok()
            .map(DateTime::<Utc>::from)
    };
    let value = text(header::RETRY_AFTER)?;
    let wait = if value.bytes().all(|b| b.is_ascii_digit()) && !value.is_empty() {
        value.parse().map_or(WAIT_MAX, Duration::from_secs)
    } else {
        let then = date(value)?;
        let now = text(header::DATE).and_then(date).unwrap_or(now);
        (then - now).to_std().unwrap_or_default()
    };
    Some(wait.min(WAIT_MAX))
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn asked(value: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, value.parse().unwrap());
        if let Some(date) = date {
            headers.insert(header::DATE, date.parse().unwrap());
        }
        let now = Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap();
        retry_after(&headers, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn the_platforms_wish_is_read_in_all_its_forms() {
        assert_eq!(asked("7", None), Some(7));
        assert_eq!(asked("Sun, 22 Nov 2026 12:00:30 GMT", None), Some(30));
        let theirs = Some("Sun, 22 Nov 2026 12:00:20 GMT");
        assert_eq!(asked("Sun, 22 Nov 2026 12:00:30 GMT", theirs), Some(10));
        assert_eq!(asked("Sun, 22 Nov 2020 12:00:30 GMT", None), Some(0));
        assert_eq!(asked("999999999999999999999999", None), Some(900));
        assert_eq!(asked("86400", None), Some(900));
        assert_eq!(asked("-3", None), None);
        assert_eq!(asked("soon", None), None);
        assert_eq!(asked("", None), None);
    }

    #[test]
    fn waits_lie_anywhere_under_a_doubling_ceiling() {
        let retry = Retry::default();
        let most = |attempt| {
            retry
                .wait(attempt, Duration::ZERO, None, 1.0)
                .map(|w| w.as_millis())
        };
        assert_eq!(
            [1, 2, 3, 4, 5, 6].map(most),
            [
                Some(500),
                Some(1000),
                Some(2000),
                Some(4000),
                Some(8000),
                None
            ]
        );
        assert_eq!(
            retry.wait(3, Duration::ZERO, None, 0.0),
            Some(Duration::ZERO)
        );
    }

    #[test]
    fn a_wish_beyond_the_budget_ends_the_call() {
        let retry = Retry::default();
        let minute = Some(Duration::from_mins(1));
        assert_eq!(retry.wait(1, Duration::ZERO, minute, 0.0), minute);
        assert_eq!(retry.wait(1, Duration::from_secs(61), minute, 0.0), None);
    }
}
