//! Makes a life that fails smaller while it still fails, and says it in few lines.

use std::fmt::Write as _;

use engaged::{
    rules::set::RuleSet,
    score::{calendar::Day, model::Model},
};

use super::{Life, News};
use crate::scoring::{describe::describe_rules, incremental, oracle::dates};

/// Says what is wrong with a life under its rules, compiled; `None` if nothing is.
pub(crate) type Fails<'f> = &'f dyn Fn(&Life, &[Model]) -> Option<String>;

/// The smallest life found, and what is wrong with it.
pub(crate) fn smallest(mut life: Life, mut what: String, fails: Fails<'_>) -> (Life, String) {
    let mut size = life.log.len().max(life.runs.len());
    while size > 0 {
        let models = incremental::models(&life.rules);
        let mut smaller = without_some(&life, size)
            .find_map(|each| fails(&each, &models).map(|what| (each, what)));
        if smaller.is_none() && size == 1 {
            smaller = simpler_rules(&life).into_iter().find_map(|each| {
                fails(&each, &incremental::models(&each.rules)).map(|what| (each, what))
            });
        }
        match smaller {
            Some((each, now)) => (life, what) = (each, now),
            None => size /= 2,
        }
    }
    (life, what)
}

/// The life without so many items, runs or rows at a time.
fn without_some(life: &Life, size: usize) -> impl Iterator<Item = Life> + '_ {
    let items = (0..life.log.len()).step_by(size).map(move |from| {
        let mut less = life.clone();
        less.log.drain(from..(from + size).min(less.log.len()));
        less
    });
    let runs = (0..life.runs.len()).step_by(size).map(move |from| {
        let mut less = life.clone();
        less.runs.drain(from..(from + size).min(less.runs.len()));
        less
    });
    let rows = (0..life.log.len()).flat_map(move |index| {
        let length = match &life.log[index].1 {
            News::Report { rows, .. } if rows.len() > 1 && size == 1 => rows.len(),
            _ => 0,
        };
        (0..length).map(move |row| {
            let mut less = life.clone();
            if let News::Report { rows, .. } = &mut less.log[index].1 {
                rows.remove(row);
            }
            less
        })
    });
    items.chain(runs).chain(rows)
}

/// The life with one rule, segment or stage less in all of its rule sets.
fn simpler_rules(life: &Life) -> Vec<Life> {
    let mut all = Vec::new();
    // The same change in each rule set; what only one of them has is left alone in the other.
    let mut less = |change: &dyn Fn(&mut RuleSet)| {
        let mut smaller = life.clone();
        smaller.rules.iter_mut().for_each(change);
        all.push(smaller);
    };
    let first = &life.rules[0];
    for index in 0..first.stages.len() {
        less(&|rules| drop(rules.stages.remove(index)));
    }
    let read = format!("{:?}", life.rules);
    for (index, segment) in first.segments.iter().enumerate() {
        if !read.contains(&format!("Segment({:?})", segment.name)) {
            less(&|rules| drop(rules.segments.remove(index)));
        }
    }
    for (index, score) in first.scores.iter().enumerate() {
        if !read.contains(&format!("score: {:?}", score.name)) && first.scores.len() > 1 {
            less(&|rules| drop(rules.scores.remove(index)));
        }
        for rule in 0..score.rules.len() {
            less(&|rules| {
                let rules = &mut rules.scores[index].rules;
                if rule < rules.len() {
                    rules.remove(rule);
                }
            });
        }
    }
    if life.rules.len() > 1 && life.runs.iter().all(|run| run.rules == 0) {
        let mut smaller = life.clone();
        smaller.rules.pop();
        all.push(smaller);
    }
    all
}

impl Life {
    /// Everything about a life that matters, an item a line.
    pub(crate) fn describe(&self) -> String {
        let mut text = String::new();
        let day = |at: i64| Day(dates::local(self.zone(), at));
        let mut line = |line: String| writeln!(text, "{line}").expect("a String takes all");
        for rules in &self.rules {
            line(describe_rules(rules));
        }
        line(format!("{:?}", self.sources));
        let runs = self.runs.iter().map(|run| (run.at, format!("{run:?}")));
        let news = self.log.iter().map(|(at, news)| (*at, format!("{news:?}")));
        let mut all: Vec<(i64, String)> = news.chain(runs).collect();
        all.sort_by_key(|(at, _)| *at);
        for (at, said) in all {
            let said = said.replace("TextId(0)", "-").replace("value: None, ", "");
            line(format!("{} {at} {said}", day(at)));
        }
        text
    }
}
