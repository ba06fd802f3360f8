//! Counts, days, totals and time since.

use std::collections::HashSet;

use engaged::rules::syntax::{Bound, Cmp, Decimal, Pattern, Window};
use engaged_connectors::model::EventKind;

use super::{
    Kleene, Note, Oracle,
    conditions::{Settings, of_lower_bound},
    dates,
    readings::{CLICK_HOLE_UNDER_OPEN_COUNTS, CURRENCY_WITHOUT_AMOUNT_COUNTS, REFUND_HOLE_COUNTS},
    texts,
};

impl Oracle<'_> {
    /// Whether nothing that happened in the window can be unknown to us.
    fn whole(
        &self,
        pattern: &Pattern,
        kind: &EventKind,
        window: Option<Window>,
        settings: Settings,
        as_of: i32,
    ) -> bool {
        let covers = |day: i32| window.is_none_or(|window| as_of < dates::plus(day, window, 1));
        let hole = settings.guards
            && self
                .hole_days(pattern, kind, CLICK_HOLE_UNDER_OPEN_COUNTS, as_of)
                .into_iter()
                .any(covers);
        if hole {
            self.note(Note::HoleUnderMeasure);
        }
        let blind = self.blind(kind, false);
        let blind = blind.is_some_and(|day| day == i32::MAX || covers(day));
        if blind {
            self.note(Note::BlindMeasure);
        }
        let gone = self.forgotten(kind, false).is_some_and(covers);
        if gone {
            self.note(Note::ForgottenMeasure);
        }
        !hole && !blind && !gone
    }

    pub(super) fn count(
        &self,
        bound: Bound,
        number: u32,
        (pattern, window): (&Pattern, Option<Window>),
        settings: Settings,
        as_of: i32,
    ) -> Kleene {
        let covers = |day: i32| window.is_none_or(|window| as_of < dates::plus(day, window, 1));
        let found = self.found(pattern, as_of);
        let count = found.iter().filter(|(_, day)| covers(*day)).count();
        let cmp = match bound {
            Bound::AtLeast => Cmp::GreaterOrEqual,
            Bound::AtMost => Cmp::LessOrEqual,
            Bound::Exactly => Cmp::Equal,
            Bound::MoreThan => Cmp::Greater,
            Bound::FewerThan => Cmp::Less,
        };
        let whole = self.whole(pattern, &pattern.kind, window, settings, as_of);
        of_lower_bound(cmp, count, number as usize, whole)
    }

    pub(super) fn days_with(
        &self,
        pattern: &Pattern,
        window: Window,
        (cmp, number): (Cmp, u32),
        settings: Settings,
        as_of: i32,
    ) -> Kleene {
        let found = self.found(pattern, as_of);
        let days = found.iter().map(|(_, day)| *day);
        let days: HashSet<i32> = days
            .filter(|day| as_of < dates::plus(*day, window, 1))
            .collect();
        let whole = self.whole(pattern, &pattern.kind, Some(window), settings, as_of);
        of_lower_bound(cmp, days.len(), number as usize, whole)
    }

    pub(super) fn total(
        &self,
        pattern: &Pattern,
        window: Window,
        (cmp, number): (Cmp, Decimal),
        settings: Settings,
        as_of: i32,
    ) -> Kleene {
        let money = pattern.kind == EventKind::Purchase;
        let mut found = self.found(pattern, as_of);
        if money {
            found.extend(self.found_as(pattern, &EventKind::Refund, as_of));
        }
        let mut cents = 0;
        for (fact, day) in found {
            if as_of >= dates::plus(day, window, 1) {
                continue;
            }
            let currency = usize::try_from(fact.currency.0).expect("an index");
            let other = fact.currency.is_some()
                && self.vocabulary.currencies[currency] != self.rules.currency;
            if other && (fact.value.is_some() || CURRENCY_WITHOUT_AMOUNT_COUNTS) {
                self.note(Note::OtherCurrency);
                return None;
            }
            let value = fact.value.unwrap_or(0);
            let refund = money && self.kind(fact) == EventKind::Refund;
            cents += if refund { -value } else { value };
        }
        let downward = !matches!(cmp, Cmp::Greater | Cmp::GreaterOrEqual);
        if money && downward && settings.guards {
            let customer = !self.of_kind(&EventKind::Purchase, as_of).is_empty();
            let since = dates::plus(self.first_subscribed(as_of), window, 1);
            if !customer || as_of < since {
                self.note(Note::NotYetCustomer);
                return None;
            }
        }
        let whole = self.whole(pattern, &pattern.kind, Some(window), settings, as_of)
            && (!(money && REFUND_HOLE_COUNTS)
                || self.whole(pattern, &EventKind::Refund, Some(window), settings, as_of));
        let (mantissa, scale) = number.parts();
        let cents = i128::from(cents) * 10_i128.pow(u32::from(scale));
        of_lower_bound(cmp, cents, i128::from(mantissa) * 100, whole)
    }

    pub(super) fn time_since(
        &self,
        pattern: &Pattern,
        cmp: Cmp,
        window: Window,
        settings: Settings,
        as_of: i32,
    ) -> Kleene {
        let found = self.found(pattern, as_of);
        let last = found.iter().map(|(_, day)| *day).max()?;
        let end = dates::plus(last, window, 1);
        let holes = self.hole_days(pattern, &pattern.kind, CLICK_HOLE_UNDER_OPEN_COUNTS, as_of);
        if settings.guards && end <= as_of && holes.iter().any(|day| *day > last) {
            self.note(Note::HoleUnderMeasure);
            return None;
        }
        Some(texts::compare(cmp, as_of, end))
    }
}
