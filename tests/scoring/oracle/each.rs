//! Section 4: rules that earn points for each event.

use std::collections::{HashMap, HashSet};

use engaged::{
    rules::{
        set::{CountMode, Decay, Rule},
        syntax::Pattern,
    },
    score::facts::Fact,
};
use engaged_connectors::model::EventKind;

use super::{Note, Oracle, dates, rounded, texts};

impl Oracle<'_> {
    /// What a rule's events earn together, in thousandths.
    pub(super) fn each(&self, rule: &Rule, pattern: &Pattern, as_of: i32) -> i64 {
        let mut events = self.found(pattern, as_of);
        events.retain(|(fact, _)| !self.is_lifted(rule, fact, as_of));
        let counted = self.counted(rule.count, &events);
        let points = self.capped_per_period(rule, &counted);
        let mut sum = 0;
        for ((_, day), points) in counted.iter().zip(points) {
            if (rule.expires).is_some_and(|window| as_of >= dates::plus(*day, window, 1)) {
                self.note(Note::Expired);
                continue;
            }
            let left = faded(rule.decay, points, *day, as_of);
            if left != points {
                self.note(Note::Decayed);
            }
            sum += left;
        }
        match rule.at_most {
            Some(most) if sum.abs() > most => {
                self.note(Note::RuleCap);
                most * sum.signum()
            }
            _ => sum,
        }
    }

    fn is_lifted(&self, rule: &Rule, fact: &Fact, as_of: i32) -> bool {
        let lifted = rule.lifted_by.iter().any(|kind| {
            let lifting = self.of_kind(kind, as_of);
            (lifting.iter()).any(|(each, _)| each.id != fact.id && each.at >= fact.at)
        });
        if lifted {
            self.note(Note::Lifted);
        }
        lifted
    }

    fn counted<'b>(&self, mode: CountMode, events: &[(&'b Fact, i32)]) -> Vec<(&'b Fact, i32)> {
        let mut seen = HashSet::new();
        let mut counted = Vec::new();
        for (index, (fact, day)) in events.iter().enumerate() {
            // An event without a campaign is a message of its own.
            let own = if fact.campaign.is_some() { 0 } else { fact.id };
            let message = format!("{:?} {:?} {own}", fact.connection, fact.campaign);
            let key = match mode {
                CountMode::Each => index.to_string(),
                CountMode::Once => String::new(),
                CountMode::PerMessage => message,
                CountMode::PerLink => format!("{message} {:?}", fact.url),
                CountMode::PerDay if self.kind(fact) == EventKind::PageVisit => {
                    let url = usize::try_from(fact.url.0).expect("an index");
                    format!("{day} {}", texts::page(&self.vocabulary.urls[url]))
                }
                CountMode::PerDay => day.to_string(),
                CountMode::First(most) => {
                    if counted.len() >= most as usize {
                        self.note(Note::Repeat);
                        continue;
                    }
                    index.to_string()
                }
            };
            if seen.insert(key) {
                counted.push((*fact, *day));
            } else {
                self.note(Note::Repeat);
            }
        }
        counted
    }

    /// Each event's points under the caps per period, from the earliest.
    fn capped_per_period(&self, rule: &Rule, events: &[(&Fact, i32)]) -> Vec<i64> {
        let mut used: HashMap<(usize, i32), i64> = HashMap::new();
        let mut all = Vec::new();
        for (fact, day) in events {
            let times = if self.kind(fact) == EventKind::Purchase {
                i64::from(fact.quantity)
            } else {
                1
            };
            let points = rule.points * times;
            let mut size = points.abs();
            for (index, (most, period)) in rule.at_most_per.iter().enumerate() {
                let so_far = used.get(&(index, dates::period(*day, *period)));
                size = size.min(most - so_far.unwrap_or(&0));
            }
            for (index, (_, period)) in rule.at_most_per.iter().enumerate() {
                *used
                    .entry((index, dates::period(*day, *period)))
                    .or_default() += size;
            }
            if size != points.abs() {
                self.note(Note::PeriodCap);
            }
            all.push(size * points.signum());
        }
        all
    }
}

fn faded(decay: Option<Decay>, points: i64, day: i32, as_of: i32) -> i64 {
    match decay {
        None => points,
        Some(Decay::Linear { share, period }) => {
            let mut whole = 0;
            while dates::plus(day, period, whole + 1) <= as_of {
                whole += 1;
            }
            let left = (1000 - i64::from(whole) * share).max(0);
            rounded(points * left, 1000)
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
        Some(Decay::HalfLife { days }) => {
            let halvings = f64::from(as_of - day) / f64::from(days);
            // `round` is half away from zero.
            (points as f64 * 2_f64.powf(-halvings)).round() as i64
        }
    }
}
