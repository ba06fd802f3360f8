//! The options of a rule that are texts with a form of their own: `count`,
//! `at_most`, `expires`, `decay`. Each reader says only whether a text has the
//! form; [`super::scores`] says where it does not.

use crate::rules::{
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
    let period = match unit(period)? {
        Unit::Day => Period::Day,
        Unit::Week => Period::Week,
        Unit::Month => Period::Month,
        Unit::Year => Period::Year,
    };
    Some((Decimal::parse(number)?, period))
}

/// `2 months`.
pub(super) fn span(text: &str) -> Option<Window> {
    window(words(text).as_slice())
}

/// `50% per month`, `10 % per 2 weeks`, `half-life 30 days`.
pub(super) fn decay(text: &str) -> Option<Decay> {
    let text = text.replace('%', " % ");
    let words = words(&text);
    match words.as_slice() {
        ["half-life", rest @ ..] => {
            let window = window(rest)?;
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
            let period = match rest {
                [word] => Window {
                    number: 1,
                    unit: unit(word)?,
                },
                rest => window(rest)?,
            };
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

fn window(words: &[&str]) -> Option<Window> {
    let [number, unit_word] = words else {
        return None;
    };
    Some(Window {
        // Longer than anybody's data, and far from the calendar's end.
        number: positive(number).filter(|number| *number <= 100_000)?,
        unit: unit(unit_word)?,
    })
}

fn unit(word: &str) -> Option<Unit> {
    match word.strip_suffix('s').unwrap_or(word) {
        "day" => Some(Unit::Day),
        "week" => Some(Unit::Week),
        "month" => Some(Unit::Month),
        "year" => Some(Unit::Year),
        _ => None,
    }
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
        assert_eq!(span("1 month"), Some(MONTH));
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
        for text in ["0 days", "+1 day", "1 fortnight", "months", "1 day 2"] {
            assert_eq!(span(text), None, "{text}");
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
