//! Numbers, amounts and dates as a language writes them. No words but the names of months.

use chrono::Datelike as _;

use crate::{
    rules::syntax::Decimal,
    score::{calendar::Day, explain::Points},
};

/// How Dutch writes numbers.
pub(crate) const DUTCH: Marks = Marks {
    decimal: ',',
    thousands: '.',
    after_sign: " ",
};

/// How English writes numbers.
pub(crate) const ENGLISH: Marks = Marks {
    decimal: '.',
    thousands: ',',
    after_sign: "",
};

/// What a language puts into numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    /// Between units and tenths.
    pub(crate) decimal: char,
    /// Between thousands and hundreds.
    pub(crate) thousands: char,
    /// Between the sign of a currency and the amount.
    pub(crate) after_sign: &'static str,
}

impl Marks {
    /// `1.234,5` or `1,234.5`; a hyphen for minus, which every terminal and spreadsheet reads.
    pub(crate) fn points(self, points: Points) -> String {
        self.number(i128::from(points.0), 3, 0)
    }

    /// Points with their sign, also where it is a plus.
    pub(crate) fn signed(self, points: Points) -> String {
        let plus = if points.0 > 0 { "+" } else { "" };
        format!("{plus}{}", self.points(points))
    }

    /// A whole number.
    pub(crate) fn whole(self, number: impl Into<i128>) -> String {
        self.number(number.into(), 0, 0)
    }

    /// A number as a rule has it.
    pub(crate) fn decimal(self, number: Decimal) -> String {
        let (mantissa, scale) = number.parts();
        self.number(i128::from(mantissa), usize::from(scale), 0)
    }

    /// An amount as a rule has it: `250`, but `24.50`.
    pub(crate) fn limit(self, number: Decimal, currency: &str) -> String {
        let (mantissa, scale) = number.parts();
        let places = if scale == 0 { 0 } else { 2 };
        let number = self.number(i128::from(mantissa), usize::from(scale), places);
        self.with_sign(&number, currency)
    }

    /// An amount that was paid, in hundredths.
    pub(crate) fn amount(self, hundredths: i64, currency: &str) -> String {
        self.with_sign(&self.number(i128::from(hundredths), 2, 2), currency)
    }

    fn with_sign(self, number: &str, currency: &str) -> String {
        let (minus, number) = number
            .strip_prefix('-')
            .map_or(("", number), |rest| ("-", rest));
        let sign = match currency {
            "EUR" => "€",
            "USD" => "$",
            "GBP" => "£",
            other => return format!("{other} {minus}{number}"),
        };
        format!("{sign}{}{minus}{number}", self.after_sign)
    }

    /// `mantissa / 10^scale` with no more places than needed, but at least `places`.
    fn number(self, mantissa: i128, scale: usize, places: usize) -> String {
        let digits = format!("{:0>width$}", mantissa.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let mut fraction = fraction.trim_end_matches('0').to_owned();
        while fraction.len() < places {
            fraction.push('0');
        }
        let mut out = String::new();
        if mantissa < 0 {
            out.push('-');
        }
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                out.push(self.thousands);
            }
            out.push(digit);
        }
        if !fraction.is_empty() {
            out.push(self.decimal);
            out += &fraction;
        }
        out
    }
}

/// `3 March 2026`.
pub(crate) fn date(day: Day, months: &[&str; 12]) -> String {
    match day.date() {
        Some(date) => format!(
            "{} {} {}",
            date.day(),
            months[date.month0() as usize],
            date.year()
        ),
        // Days outside the calendar are asked about before they are written.
        None => "-".to_owned(),
    }
}

/// `10 to 24 April 2026`, `28 March to 3 April 2026`; `to` stands between.
pub(crate) fn range(from: Day, until: Day, months: &[&str; 12], to: &str) -> String {
    let short = from.date().zip(until.date()).and_then(|(first, last)| {
        let (day, month) = (first.day(), months[first.month0() as usize]);
        let year = first.year() == last.year();
        if year && first.month() == last.month() {
            return Some(day.to_string());
        }
        year.then(|| format!("{day} {month}"))
    });
    let first = short.unwrap_or_else(|| date(from, months));
    format!("{first} {to} {}", date(until, months))
}

/// A name that a user or a platform chose, as it is.
pub(crate) fn quoted(name: &str) -> String {
    format!("'{name}'")
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(parts: &[String], and: &str) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
}
