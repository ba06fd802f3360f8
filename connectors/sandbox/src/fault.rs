//! What goes wrong, how often and in which order, by seed: the same plan plays the same faults on the same requests.
//!
//! Each fault is one that platforms and networks really play, and each has one thing that must hold whatever happens:
//!
//! | fault | what happens | why one must survive it |
//! |---|---|---|
//! | [`Fault::Latency`] | the answer comes late | a slow platform is not a broken one; nothing else may wait for it |
//! | [`Fault::TooMany`] | 429, with or without `Retry-After` | the platform's word on waiting is binding; without a word, back off; never drop the page |
//! | [`Fault::ServerError`] | 5xx instead of an answer, nothing done | maintenance happens daily somewhere; the cursor must stay where it was |
//! | [`Fault::CutBody`] | the connection breaks in the middle of the answer | half a page must never count as a page |
//! | [`Fault::DuplicatePage`] | the previous answer of the same path again | caches and shifting offsets do this; no event may count twice, none be skipped unnoticed |
//! | [`Fault::AnswerLost`] | the request takes effect, the connection closes without an answer | the write is in doubt: an automation must not start twice, a tag must still arrive |
//! | [`Fault::NoAnswer`] | the request takes effect, the line stays open without a byte | as a lost answer, but nobody is told so: whoever waits may end meanwhile |
//! | [`Fault::RevokedKey`] | 401 from some request on, until restored | somebody rotates a key; nothing is lost meanwhile, and work resumes by itself |
//! | [`Fault::LoginPage`] | 200 and a page of HTML | a proxy's word is not the platform's: neither an empty page nor a write that was done |
//! | [`Fault::HalfBody`] | half of the answer, as if it were whole | as a cut body, and nothing on the line tells of it |
//! | [`Fault::Elsewhere`] | 302 to another host | no key and no address of a contact may go where an answer points |
//!
//! Chances do not draw from a stream: each depends on seed, rule and call number only, so requests that overtake each other
//! still meet the same faults.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::Method;

use crate::rng;

/// One thing that goes wrong. The table at the top of this module says why each must be survived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request waits this long before anything else happens.
    Latency(Duration),
    /// 429; `retry_after` in seconds, or no such header.
    TooMany {
        /// The value of `Retry-After`.
        retry_after: Option<u64>,
    },
    /// This status instead of an answer; the request is not looked at.
    ServerError(u16),
    /// The connection breaks after half of the body.
    CutBody,
    /// A GET is answered with what the last GET of the same path got. Without one before, nothing happens and nothing is counted.
    DuplicatePage,
    /// The request is carried out, then the connection closes without a byte.
    AnswerLost,
    /// The request is carried out, and nothing is answered for as long as the client keeps the line.
    NoAnswer,
    /// 401 in the platform's words; the request is not looked at.
    RevokedKey,
    /// 200 and a page of HTML, as whatever stands in between gives it; the request is not looked at.
    LoginPage,
    /// The request is carried out; the body ends in the middle, and the line says that it is whole.
    HalfBody,
    /// 302 to another port of this machine; the request is not looked at.
    Elsewhere(u16),
}

impl Fault {
    /// The name used in the ledger.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Latency(_) => "latency",
            Self::TooMany { .. } => "too many",
            Self::ServerError(_) => "server error",
            Self::CutBody => "cut body",
            Self::DuplicatePage => "duplicate page",
            Self::AnswerLost => "answer lost",
            Self::NoAnswer => "no answer",
            Self::RevokedKey => "revoked key",
            Self::LoginPage => "login page",
            Self::HalfBody => "half body",
            Self::Elsewhere(_) => "elsewhere",
        }
    }
}

/// Which of the matching calls a rule strikes. Calls are counted for each rule, from 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// The n-th call only.
    Nth(u64),
    /// The n-th call and all after it.
    From(u64),
    /// Every n-th call.
    Every(u64),
    /// Each call with this probability.
    Chance(f64),
}

/// One rule: on which requests, when, and what.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Only this method; any when absent.
    pub method: Option<Method>,
    /// Only paths that start so; the empty text is all paths.
    pub path: String,
    /// Which of those calls.
    pub when: When,
    /// What goes wrong.
    pub fault: Fault,
    /// How often at most.
    pub at_most: Option<u64>,
}

impl Rule {
    /// A rule on every method of the paths that start with `path`.
    pub fn new(path: &str, when: When, fault: Fault) -> Self {
        Self {
            method: None,
            path: path.to_owned(),
            when,
            fault,
            at_most: None,
        }
    }

    /// The same rule on one method only.
    #[must_use]
    pub fn on(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// The same rule, no more than `times` times.
    #[must_use]
    pub fn at_most(mut self, times: u64) -> Self {
        self.at_most = Some(times);
        self
    }
}

/// A seed and its rules.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan {
    /// Decides the chances.
    pub seed: u64,
    /// Rules are tried in this order, and every rule that strikes is played.
    pub rules: Vec<Rule>,
}

impl FaultPlan {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// Everything goes wrong now and then, each with `chance`, under any path: the plan of long simulations.
    /// The key is not revoked, since that needs somebody to restore it.
    pub fn stormy(seed: u64, chance: f64) -> Self {
        let faults = [
            Fault::Latency(Duration::from_millis(20)),
            Fault::TooMany {
                retry_after: Some(1),
            },
            Fault::TooMany { retry_after: None },
            Fault::ServerError(502),
            Fault::ServerError(503),
            Fault::CutBody,
            Fault::DuplicatePage,
            Fault::AnswerLost,
        ];
        Self {
            seed,
            rules: faults
                .into_iter()
                .map(|fault| Rule::new("", When::Chance(chance), fault))
                .collect(),
        }
    }
}

/// A rule of a running plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleId(usize);

#[derive(Debug)]
struct Armed {
    rule: Rule,
    active: bool,
    calls: u64,
    fired: u64,
}

#[derive(Debug)]
struct Running {
    seed: u64,
    rules: Vec<Armed>,
}

/// A plan while it is played. Clones are the same plan.
#[derive(Debug, Clone)]
pub struct Faults(Arc<Mutex<Running>>);

impl Faults {
    /// Starts a plan.
    pub fn start(plan: FaultPlan) -> Self {
        let faults = Self(Arc::new(Mutex::new(Running {
            seed: plan.seed,
            rules: Vec::new(),
        })));
        for rule in plan.rules {
            faults.add(rule);
        }
        faults
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a rule; its calls count from now.
    pub fn add(&self, rule: Rule) -> RuleId {
        let mut running = self.lock();
        running.rules.push(Armed {
            rule,
            active: true,
            calls: 0,
            fired: 0,
        });
        RuleId(running.rules.len() - 1)
    }

    /// Ends a rule: the key is restored, the maintenance is over. Its counts stay.
    pub fn end(&self, id: RuleId) {
        if let Some(armed) = self.lock().rules.get_mut(id.0) {
            armed.active = false;
        }
    }

    /// Ends every rule.
    pub fn end_all(&self) {
        for armed in &mut self.lock().rules {
            armed.active = false;
        }
    }

    /// How often a rule struck.
    pub fn fired(&self, id: RuleId) -> u64 {
        self.lock().rules.get(id.0).map_or(0, |armed| armed.fired)
    }

    /// Each rule with how often it struck, in the order of the plan.
    pub fn report(&self) -> Vec<(Rule, u64)> {
        self.lock()
            .rules
            .iter()
            .map(|armed| (armed.rule.clone(), armed.fired))
            .collect()
    }

    /// Whether some rule repeats pages, so that the last ones must be kept.
    pub(crate) fn repeats_pages(&self) -> bool {
        self.lock()
            .rules
            .iter()
            .any(|armed| armed.active && armed.rule.fault == Fault::DuplicatePage)
    }

    /// Counts a request and gives the faults that strike it. `repeatable` says whether a page could be repeated on it.
    pub(crate) fn strike(&self, method: &Method, path: &str, repeatable: bool) -> Vec<Fault> {
        let mut running = self.lock();
        let seed = running.seed;
        let mut struck = Vec::new();
        for (number, armed) in (0_u64..).zip(&mut running.rules) {
            let rule = &armed.rule;
            if !armed.active
                || !path.starts_with(&rule.path)
                || rule.method.as_ref().is_some_and(|only| only != method)
            {
                continue;
            }
            armed.calls += 1;
            let due = match rule.when {
                When::Nth(n) => armed.calls == n,
                When::From(n) => armed.calls >= n,
                When::Every(n) => n > 0 && armed.calls.is_multiple_of(n),
                When::Chance(chance) => {
                    rng::fraction(rng::mix(&[seed, number, armed.calls])) < chance
                }
            };
            let spent = rule.at_most.is_some_and(|most| armed.fired >= most);
            let idle = rule.fault == Fault::DuplicatePage && !repeatable;
            if due && !spent && !idle {
                armed.fired += 1;
                struck.push(rule.fault);
            }
        }
        struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(faults: &Faults, path: &str, times: usize) -> Vec<bool> {
        (0..times)
            .map(|_| !faults.strike(&Method::GET, path, true).is_empty())
            .collect()
    }

    #[test]
    fn a_rule_strikes_the_call_it_names_and_counts_it() {
        let faults = Faults::start(FaultPlan::none());
        let nth = faults.add(Rule::new("/members", When::Nth(2), Fault::CutBody));
        assert_eq!(strikes(&faults, "/labels", 2), [false, false]);
        assert_eq!(
            strikes(&faults, "/members/events", 4),
            [false, true, false, false]
        );
        assert_eq!(faults.fired(nth), 1);
    }

    #[test]
    fn a_chance_is_the_same_for_the_same_seed_and_differs_for_another() {
        let pattern = |seed| {
            let plan = FaultPlan {
                seed,
                rules: vec![Rule::new("", When::Chance(0.5), Fault::AnswerLost)],
            };
            strikes(&Faults::start(plan), "/x", 64)
        };
        assert_eq!(pattern(1), pattern(1));
        assert_ne!(pattern(1), pattern(2));
        assert!((16..48).contains(&pattern(1).iter().filter(|struck| **struck).count()));
    }

    #[test]
    fn an_ended_rule_strikes_no_more() {
        let faults = Faults::start(FaultPlan::none());
        let revoked = faults.add(Rule::new("", When::From(2), Fault::RevokedKey));
        assert_eq!(strikes(&faults, "/x", 3), [false, true, true]);
        faults.end(revoked);
        assert_eq!(strikes(&faults, "/x", 2), [false, false]);
        assert_eq!(faults.fired(revoked), 2);
    }

    #[test]
    fn a_rule_keeps_to_its_method_and_its_limit() {
        let faults = Faults::start(FaultPlan::none());
        faults.add(
            Rule::new("", When::From(1), Fault::AnswerLost)
                .on(Method::PUT)
                .at_most(1),
        );
        assert!(faults.strike(&Method::GET, "/x", false).is_empty());
        assert_eq!(
            faults.strike(&Method::PUT, "/x", false),
            [Fault::AnswerLost]
        );
        assert!(faults.strike(&Method::PUT, "/x", false).is_empty());
    }
}
