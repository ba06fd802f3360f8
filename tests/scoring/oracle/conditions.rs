//! Conditions in Kleene's three values.

use engaged::rules::{
    fake::Written,
    freemail,
    syntax::{Cmp, Condition, Decimal},
};
use engaged_connectors::model::Address;

use super::{Kleene, Oracle, ScoreLines, Why, texts};

/// What a rule, or `[absence]`, says about judging absence.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    pub(super) guards: bool,
    pub(super) min_sends: u32,
}

pub(super) fn and(left: Kleene, right: Kleene) -> Kleene {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

pub(super) fn or(left: Kleene, right: Kleene) -> Kleene {
    match (left, right) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

impl Oracle<'_> {
    /// What a condition is; the absences in it are noted in order of reading.
    pub(super) fn condition(
        &self,
        when: &Condition,
        settings: Settings,
        scores: &[ScoreLines],
        as_of: i32,
        absences: &mut Vec<Why>,
    ) -> Kleene {
        match when {
            Condition::Or(parts) | Condition::And(parts) => {
                let is_or = matches!(when, Condition::Or(_));
                let mut so_far = Some(!is_or);
                for part in parts {
                    let truth = self.condition(part, settings, scores, as_of, absences);
                    so_far = if is_or {
                        or(so_far, truth)
                    } else {
                        and(so_far, truth)
                    };
                }
                so_far
            }
            Condition::Not(part) => self
                .condition(part, settings, scores, as_of, absences)
                .map(|truth| !truth),
            Condition::Absence {
                any,
                pattern,
                window,
            } => {
                let why = self.absence(pattern, *window, settings, as_of);
                absences.push(why);
                why.truth().map(|absent| absent != *any)
            }
            Condition::Segment(name) => {
                let outside = Settings {
                    guards: true,
                    min_sends: self.rules.min_sends,
                };
                let mut segments = self.rules.segments.iter();
                let segment = segments.find(|each| each.name == *name);
                let when = &segment.expect("a segment of that name").when;
                self.condition(when, outside, scores, as_of, &mut Vec::new())
            }
            Condition::Points { score, cmp, number } => {
                let shown = scores[self.score_number(score)].shown;
                Some(texts::compare(*cmp, Decimal::from(shown), *number))
            }
            Condition::Band {
                score,
                negated,
                names,
            } => {
                let index = self.score_number(score);
                let band = scores[index].band;
                let band = band.map(|band| &self.rules.scores[index].bands[band].name);
                let is = band.is_some_and(|band| names.iter().any(|name| texts::same(name, band)));
                Some(is != *negated)
            }
            other => self.measured(other, settings, as_of),
        }
    }

    fn measured(&self, when: &Condition, settings: Settings, as_of: i32) -> Kleene {
        match when {
            Condition::Count {
                bound,
                number,
                pattern,
                window,
            } => self.count(*bound, *number, (pattern, *window), settings, as_of),
            Condition::DaysWith {
                pattern,
                window,
                cmp,
                number,
            } => self.days_with(pattern, *window, (*cmp, *number), settings, as_of),
            Condition::Total {
                pattern,
                window,
                cmp,
                number,
            } => self.total(pattern, *window, (*cmp, *number), settings, as_of),
            Condition::TimeSince {
                pattern,
                cmp,
                window,
            } => self.time_since(pattern, *cmp, *window, settings, as_of),
            other => self.profile(other, as_of),
        }
    }

    fn profile(&self, when: &Condition, as_of: i32) -> Kleene {
        let address = self.facts.address.as_ref().map(Address::reveal);
        let domain = address.and_then(|address| address.split('@').nth(1));
        match when {
            Condition::Field { name, test } => {
                let mut fields = self.facts.fields.iter();
                let field = fields.find(|(each, _)| each == name);
                texts::test(test, field.map(|(_, value)| value.as_str()), Written::Text)
            }
            Condition::Email(test) => texts::test(test, address, Written::Address),
            Condition::EmailDomain(test) => texts::test(test, domain, Written::Domain),
            Condition::EmailDomainFree { negated } => {
                Some(freemail::is_free_domain(domain?) != *negated)
            }
            Condition::InList(name) => Some(self.in_list(name, as_of)),
            Condition::Status { negated, status } => {
                Some((self.status(as_of)? == *status) != *negated)
            }
            Condition::Otherwise => Some(true),
            _ => unreachable!("asked elsewhere"),
        }
    }

    fn score_number(&self, name: &str) -> usize {
        let mut scores = self.rules.scores.iter();
        let found = scores.position(|score| score.name == name);
        found.expect("a score of that name")
    }
}

/// Of a quantity of which only a lower bound is known: `None` unless more of it cannot change the answer.
pub(super) fn of_lower_bound<T: PartialOrd + Copy>(
    cmp: Cmp,
    least: T,
    number: T,
    whole: bool,
) -> Kleene {
    if whole {
        return Some(texts::compare(cmp, least, number));
    }
    match cmp {
        Cmp::GreaterOrEqual => (least >= number).then_some(true),
        Cmp::Less => (least >= number).then_some(false),
        Cmp::LessOrEqual | Cmp::Equal => (least > number).then_some(false),
        Cmp::Greater | Cmp::NotEqual => (least > number).then_some(true),
    }
}
