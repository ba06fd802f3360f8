//! The text format: families of samples, each with what it means.

use std::{collections::BTreeMap, fmt::Write as _};

/// What sort of number a family has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// Goes up and down.
    Gauge,
    /// Only goes up.
    Counter,
}

/// A page on its way.
#[derive(Debug, Default)]
pub(super) struct Page {
    out: String,
    family: &'static str,
}

impl Page {
    /// Begins a family; the samples that follow are its.
    pub(super) fn family(&mut self, name: &'static str, sort: Sort, help: &str) {
        let sort = match sort {
            Sort::Gauge => "gauge",
            Sort::Counter => "counter",
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        self.family = name;
        self.out += &format!("# HELP {name} {help}\n# TYPE {name} {sort}\n");
    }

    /// One number of the family.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: f64) {
        self.out += self.family;
        for (at, (name, value)) in labels.iter().enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            // Writing to a string does not fail.
            let _ = write!(self.out, "{before}{name}=\"{}\"", escaped(value));
        }
        if !labels.is_empty() {
            self.out.push('}');
        }
        let _ = writeln!(self.out, " {value}");
    }

    /// The numbers of a family by one word, each word once.
    pub(super) fn by_word<'w>(
        &mut self,
        label: &str,
        numbers: impl Iterator<Item = (&'w str, i64)>,
    ) {
        let mut sums = BTreeMap::new();
        for (word, number) in numbers {
            *sums.entry(word).or_insert(0) += number;
        }
        for (word, number) in sums {
            self.sample(&[(label, word)], super::whole(number));
        }
    }

    /// All of it.
    pub(super) fn text(self) -> String {
        self.out
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
