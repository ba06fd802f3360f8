//! What was measured, beside what was promised, and whether the promise holds.

use std::cell::RefCell;

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Good {
    /// At most the target.
    Low,
    /// At least the target.
    High,
}

/// A promise of the design, and the figure.
struct Claim {
    what: String,
    figure: f64,
    unit: &'static str,
    good: Good,
    /// What the design promises.
    target: f64,
    /// Beyond this the run fails: wide enough for a shared machine and a small size, too narrow for a lost index.
    limit: f64,
}

/// What a run found.
#[derive(Default)]
pub struct Report {
    claims: RefCell<Vec<Claim>>,
    notes: RefCell<Vec<String>>,
}

impl Report {
    /// A figure that no promise is about: it stands beside one that is.
    pub fn note(&self, text: impl Into<String>) {
        let text = text.into();
        eprintln!("  {text}");
        self.notes.borrow_mut().push(text);
    }

    /// A figure and what was promised; `slack` times beyond the target the run fails.
    pub fn claim(
        &self,
        what: impl Into<String>,
        (figure, unit): (f64, &'static str),
        (good, target): (Good, f64),
        slack: f64,
    ) {
        let limit = match good {
            Good::Low => target * slack,
            Good::High => target / slack,
        };
        let claim = Claim {
            what: what.into(),
            figure,
            unit,
            good,
            target,
            limit,
        };
        eprintln!("  {}", claim.line());
        self.claims.borrow_mut().push(claim);
    }

    /// Prints everything as Markdown; whether every claim is within its limit.
    pub fn print(&self, title: &str) -> bool {
        println!("### {title}\n");
        for note in self.notes.borrow().iter() {
            println!("- {note}");
        }
        println!("\n| what | measured | target | |\n| --- | ---: | ---: | --- |");
        let claims = self.claims.borrow();
        for claim in claims.iter() {
            println!("| {} |", claim.line());
        }
        println!();
        let broken: Vec<_> = claims
            .iter()
            .filter(|claim| !claim.keeps(claim.limit))
            .collect();
        for claim in &broken {
            eprintln!("BROKEN: {} (limit {})", claim.line(), number(claim.limit));
        }
        broken.is_empty()
    }
}

impl Claim {
    fn keeps(&self, bound: f64) -> bool {
        match self.good {
            Good::Low => self.figure <= bound,
            Good::High => self.figure >= bound,
        }
    }

    fn line(&self) -> String {
        let sign = match self.good {
            Good::Low => "≤",
            Good::High => "≥",
        };
        let met = if self.keeps(self.target) {
            "met"
        } else {
            "missed"
        };
        let (figure, target, unit) = (number(self.figure), number(self.target), self.unit);
        format!(
            "{} | {figure} {unit} | {sign} {target} {unit} | {met}",
            self.what
        )
    }
}

/// A number with three figures that mean something, and thousands kept apart.
pub fn number(value: f64) -> String {
    if value.abs() < 100.0 {
        let places = match value.abs() {
            small if small < 1.0 => 3,
            small if small < 10.0 => 2,
            _ => 1,
        };
        return format!("{value:.places$}");
    }
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
