//! What makes a text look fake, for the rules that ask: which field, and the sign found in it.

use engaged_connectors::model::Address;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    rules::{
        fake::{FakeSign, Written, fake_sign},
        glob::fold,
        syntax::{Condition, RuleWhen, Test},
    },
    score::facts::Facts,
};

/// A text that looks fake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FakeLine {
    /// What was asked, as a rule writes it: `field company`, `email`, `email domain`.
    pub of: String,
    /// What stands there.
    pub value: String,
    /// The sign's word: `keyboard_run`, `repeated`, `test`, `no_vowel`, `digits`, `no_capital`, `disposable`.
    pub sign: &'static str,
    /// The run or the domain, where a part of the text is the sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// The sign in words.
    pub why: String,
    /// The sign itself.
    #[serde(skip)]
    pub what: FakeSign,
}

impl FakeLine {
    fn new(of: String, written: Written, value: &str) -> Option<Self> {
        let what = fake_sign(written, value)?;
        Some(Self {
            of,
            value: value.to_owned(),
            sign: what.as_str(),
            found: what.found().map(str::to_owned),
            why: what.to_string(),
            what,
        })
    }
}

/// The texts that look fake among those that a rule asks it of, in the order in which it asks.
pub fn looks_fake(when: &RuleWhen, facts: &Facts) -> Vec<FakeLine> {
    let mut lines = Vec::new();
    if let RuleWhen::State(condition) = when {
        collect(condition, facts, &mut lines);
    }
    lines
}

fn collect(condition: &Condition, facts: &Facts, lines: &mut Vec<FakeLine>) {
    let address = facts.address.as_ref().map(Address::reveal);
    match condition {
        Condition::Or(parts) | Condition::And(parts) => {
            for part in parts {
                collect(part, facts, lines);
            }
        }
        Condition::Not(inner) => collect(inner, facts, lines),
        Condition::Field {
            name,
            test: Test::LooksFake,
        } => {
            let asked = fold(name);
            let found = facts.fields.iter().find(|(each, _)| fold(each) == asked);
            let value = found.map(|(_, value)| value.as_str());
            let of = format!("field {name}");
            lines.extend(value.and_then(|value| FakeLine::new(of, Written::Text, value)));
        }
        Condition::Email(Test::LooksFake) => {
            let line = |value| FakeLine::new("email".to_owned(), Written::Address, value);
            lines.extend(address.and_then(line));
        }
        Condition::EmailDomain(Test::LooksFake) => {
            let domain = address.and_then(|address| address.split_once('@'));
            let line = |domain| FakeLine::new("email domain".to_owned(), Written::Domain, domain);
            lines.extend(domain.and_then(|(_, domain)| line(domain)));
        }
        _ => {}
    }
}
