//! The options of a rule that are texts with a form of their own: `count`,
//! `at_most`, `decay`. Each reader says only whether a text has the
//! form; [`super::scores`] says where it does not.

use crate::rules::{
    parse_span,
    set::{CountMode, Decay, Period},
    syntax::{Decimal, Unit, Window},
};

/// `each`, `once`, `per message`, `per link`, `per day`, `first 3`.
pub(super) fn count(text: &str) -> Option<CountMode> {
    match words(text).as_slice() {
        ["each"] => Some(CountMode::Each),
        ["once"] => Some(CountMode::Once),
        ["per", "message"] => Some(CountMode::PerMessage),
        ["per", "link"] => Some(CountMode::PerLink),
        ["per", "day"] => Some(CountMode::PerDay),
        ["first", number] => positive(number).map(CountMode::First),
        _ => None,
    }
}

/// `20 per day`: the number as typed, and the period.
pub(super) fn per_period(text: &str) -> Option<(Decimal, Period)> {
    let words = words(text);
    let [number, "per", period] = words.as_slice() else {
        return None;
    };
    let period = match window(&format!("1 {period}"))?.unit {
        Unit::Day => Period::Day,
        Unit::Week => Period::Week,
        Unit::Month => Period::Month,
        Unit::Year => Period::Year,
    };
    Some((Decimal::parse(number)?, period))
}

/// `50% per month`, `10 % per 2 weeks`, `half-life 30 days`.
pub(super) fn decay(text: &str) -> Option<Decay> {
    let text = text.replace('%', " % ");
    let words = words(&text);
    match words.as_slice() {
        ["half-life", rest @ ..] => {
            let window = window(&rest.join(" "))?;
            let days = match window.unit {
                Unit::Day => window.number,
                Unit::Week => window.number.checked_mul(7)?,
                // A month has no fixed number of days, and a half-life is a power of days.
                Unit::Month | Unit::Year => return None,
            };
            Some(Decay::HalfLife { days })
        }
        [share, "%", "per", rest @ ..] => {
            let share = Decimal::parse(share)?.scaled(1)?;
            // `per month` is `per 1 month`.
            let number = if rest.len() == 1 { "1 " } else { "" };
            let period = window(&format!("{number}{}", rest.join(" ")))?;
            (1..=1000)
                .contains(&share)
                .then_some(Decay::Linear { share, period })
        }
        _ => None,
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

fn positive(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|digit| digit.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number > 0)
}

/// A span as the rule language reads it.
fn window(text: &str) -> Option<Window> {
    parse_span(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH: Window = Window {
        number: 1,
        unit: Unit::Month,
    };

    #[test]
    fn every_documented_form_is_read() {
        assert_eq!(count("per  message"), Some(CountMode::PerMessage));
        assert_eq!(count("first 3"), Some(CountMode::First(3)));
        assert_eq!(
            per_period("20.5 per week"),
            Decimal::parse("20.5").map(|number| (number, Period::Week))
        );
        let linear = |share, period| Some(Decay::Linear { share, period });
        assert_eq!(decay("50% per month"), linear(500, MONTH));
        assert_eq!(decay("12.5 % per 1 month"), linear(125, MONTH));
        assert_eq!(
            decay("half-life 30 days"),
            Some(Decay::HalfLife { days: 30 })
        );
        assert_eq!(
            decay("half-life 2 weeks"),
            Some(Decay::HalfLife { days: 14 })
        );
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for text in ["", "first 0", "first -1", "per month", "twice"] {
            assert_eq!(count(text), None, "{text}");
        }
        for text in [
            "0% per month",
            "101% per day",
            "half-life 1 month",
            "half-life 0 days",
            "50 per month",
        ] {
            assert_eq!(decay(text), None, "{text}");
        }
    }
}
