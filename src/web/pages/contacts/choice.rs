//! Which contacts are asked for: as it stands in the address of the page, and what it means.

use serde::Deserialize;

use crate::{
    config::Config,
    listing::{Filter, both},
    rules::{SyntaxError, set::RuleSet, syntax::Condition},
    score::Reason,
    store::{Among, Order},
    web::html,
};

/// The longest text that is searched for.
const SEARCH_MAX: usize = 320;

/// What stands in the address, or in a form that sends the same.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// An address, or its beginning.
    q: Option<String>,
    /// A group by its sort and name, as the choice on the page sends it: `segment:hot`.
    who: Option<String>,
    segment: Option<String>,
    /// `SCORE:BAND`; without a band, those in none.
    band: Option<String>,
    stage: Option<String>,
    unjudged: Option<String>,
    /// A condition of the rule language.
    #[serde(rename = "where")]
    pub(super) condition: Option<String>,
    /// `most:SCORE` or `fewest:SCORE`.
    sort: Option<String>,
    /// Where the page before ended.
    pub(super) after: Option<String>,
    /// How many contacts were looked at before this page.
    pub(super) seen: Option<String>,
}

/// A group that lists are kept of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Segment(String),
    /// A score and its band; `None`: in none.
    Band(String, Option<String>),
    Stage(String),
    Unjudged(String),
}

/// In which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Sorted {
    #[default]
    Known,
    Most(String),
    Fewest(String),
}

/// What is asked for, with names that there are.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    /// The beginning of an address.
    pub(super) address: Option<String>,
    pub(super) group: Option<Group>,
    pub(super) condition: Option<Condition>,
    pub(super) sorted: Sorted,
}

/// Why it cannot be shown.
#[derive(Debug)]
pub(super) enum Wrong {
    /// There is no such segment, band, stage, reason or score.
    Name(String),
    /// The condition has mistakes.
    Condition(Vec<SyntaxError>),
    /// Only who may see addresses may ask for parts of them.
    Address,
}

fn some(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

impl Asked {
    /// The text that is searched for.
    pub(super) fn search(&self) -> Option<String> {
        let text: String = some(self.q.as_ref())?.chars().take(SEARCH_MAX).collect();
        Some(text.to_lowercase())
    }

    /// A condition, among a group.
    #[cfg(test)]
    pub(super) fn asking(condition: &str, who: Option<&str>) -> Self {
        Self {
            condition: Some(condition.to_owned()),
            who: who.map(str::to_owned),
            ..Self::default()
        }
    }

    /// Whether nothing but a text is searched for.
    pub(super) fn is_search_alone(&self) -> bool {
        let others = [
            &self.who,
            &self.segment,
            &self.band,
            &self.stage,
            &self.unjudged,
            &self.condition,
        ];
        others.into_iter().all(|each| some(each.as_ref()).is_none())
    }

    /// What it means. `open`: who asks may see addresses.
    pub(super) fn choice(&self, config: &Config, open: bool) -> Result<Choice, Wrong> {
        let rules = &config.rules;
        let condition = some(self.condition.as_ref());
        let condition = condition.map(|text| config.condition(text));
        let condition = condition.transpose().map_err(Wrong::Condition)?;
        let address = self.search();
        if !open && (address.is_some() || condition.as_ref().is_some_and(asks_address)) {
            return Err(Wrong::Address);
        }
        Ok(Choice {
            address,
            group: self.group(rules)?,
            condition,
            sorted: self.sorted(rules)?,
        })
    }

    fn group(&self, rules: &RuleSet) -> Result<Option<Group>, Wrong> {
        let named = [
            ("segment", some(self.segment.as_ref())),
            ("band", some(self.band.as_ref())),
            ("stage", some(self.stage.as_ref())),
            ("unjudged", some(self.unjudged.as_ref())),
        ];
        let chosen = some(self.who.as_ref()).and_then(|who| who.split_once(':'));
        let named = named
            .into_iter()
            .find_map(|(sort, name)| Some((sort, name?)));
        let Some((sort, name)) = chosen.or(named) else {
            return Ok(None);
        };
        let group = match sort {
            "segment" => {
                let there = rules.segments.iter().any(|each| each.name == name);
                there.then(|| Group::Segment(name.to_owned()))
            }
            "stage" => {
                let there = rules.stages.iter().any(|each| each.name == name);
                there.then(|| Group::Stage(name.to_owned()))
            }
            "unjudged" => {
                let there = Reason::WAITING.iter().any(|each| each.as_str() == name);
                there.then(|| Group::Unjudged(name.to_owned()))
            }
            "band" => band(rules, name),
            _ => None,
        };
        group.map(Some).ok_or_else(|| Wrong::Name(name.to_owned()))
    }

    fn sorted(&self, rules: &RuleSet) -> Result<Sorted, Wrong> {
        let Some(sort) = some(self.sort.as_ref()) else {
            return Ok(Sorted::Known);
        };
        let there = |name: &str| rules.scores.iter().any(|score| score.name == name);
        match sort.split_once(':') {
            Some(("most", name)) if there(name) => Ok(Sorted::Most(name.to_owned())),
            Some(("fewest", name)) if there(name) => Ok(Sorted::Fewest(name.to_owned())),
            _ => Err(Wrong::Name(sort.to_owned())),
        }
    }
}

/// `SCORE:BAND`, where either may hold a colon.
fn band(rules: &RuleSet, text: &str) -> Option<Group> {
    rules.scores.iter().find_map(|score| {
        let band = text.strip_prefix(score.name.as_str())?.strip_prefix(':')?;
        let band = match band {
            "" => None,
            band => Some(
                score
                    .bands
                    .iter()
                    .find(|each| each.name == band)?
                    .name
                    .clone(),
            ),
        };
        Some(Group::Band(score.name.clone(), band))
    })
}

/// Whether a condition tells something of an address, letter by letter.
fn asks_address(condition: &Condition) -> bool {
    match condition {
        Condition::Or(parts) | Condition::And(parts) => parts.iter().any(asks_address),
        Condition::Not(inner) => asks_address(inner),
        Condition::Email(_) | Condition::EmailDomain(_) => true,
        _ => false,
    }
}

impl Group {
    /// As the choice on the page sends it.
    pub(super) fn value(&self) -> String {
        match self {
            Self::Segment(name) => format!("segment:{name}"),
            Self::Band(score, band) => {
                format!("band:{score}:{}", band.as_deref().unwrap_or_default())
            }
            Self::Stage(name) => format!("stage:{name}"),
            Self::Unjudged(reason) => format!("unjudged:{reason}"),
        }
    }

    /// As the store keeps lists of it.
    pub(super) fn among(&self) -> Among<'_> {
        match self {
            Self::Segment(name) => Among::Segment(name),
            Self::Band(score, band) => Among::Band {
                score,
                band: band.as_deref(),
            },
            Self::Stage(name) => Among::Stage(name),
            Self::Unjudged(reason) => Among::Unjudged(reason),
        }
    }

    /// As a condition, where the rule language can say it.
    fn condition(&self, rules: &RuleSet) -> Option<Condition> {
        match self {
            Self::Segment(name) => Some(Condition::Segment(name.clone())),
            Self::Band(score, band) => {
                let all = rules.scores.iter().find(|each| each.name == *score);
                let all = all.iter().flat_map(|score| &score.bands);
                let names = match band {
                    Some(band) => vec![band.clone()],
                    None => all.map(|band| band.name.clone()).collect(),
                };
                Some(Condition::Band {
                    score: score.clone(),
                    negated: band.is_none(),
                    names,
                })
            }
            Self::Stage(_) | Self::Unjudged(_) => None,
        }
    }
}

impl Sorted {
    /// As the choice on the page sends it.
    pub(super) fn value(&self) -> String {
        match self {
            Self::Known => String::new(),
            Self::Most(score) => format!("most:{score}"),
            Self::Fewest(score) => format!("fewest:{score}"),
        }
    }

    pub(super) fn order(&self) -> Order<'_> {
        match self {
            Self::Known => Order::Number,
            Self::Most(score) => Order::MostPoints(score),
            Self::Fewest(score) => Order::FewestPoints(score),
        }
    }
}

impl Choice {
    /// The list of the store that holds all of it; `None` if contacts must be looked at one by one.
    pub(super) fn kept(&self) -> Option<Among<'_>> {
        match (&self.address, &self.group, &self.condition) {
            (None, None, None) => Some(Among::Everybody),
            (Some(start), None, None) => Some(Among::Address(start)),
            (None, Some(group), None) => Some(group.among()),
            _ => None,
        }
    }

    /// The shortest list of the store among which all of it is.
    pub(super) fn within(&self) -> Among<'_> {
        match (&self.group, &self.address) {
            (Some(group), _) => group.among(),
            (None, Some(start)) => Among::Address(start),
            (None, None) => Among::Everybody,
        }
    }

    /// The same as a filter that is held against each contact.
    pub(super) fn filter(&self, rules: &RuleSet) -> Filter {
        let group = self.group.as_ref();
        let in_words = group.and_then(|group| group.condition(rules));
        Filter {
            condition: both(in_words, self.condition.clone()),
            stage: match group {
                Some(Group::Stage(name)) => Some(name.clone()),
                _ => None,
            },
            unjudged: match group {
                Some(Group::Unjudged(reason)) => Some(reason.clone()),
                _ => None,
            },
            address: self.address.clone(),
        }
    }

    /// The command that lists the same.
    pub(super) fn command(&self, rules: &RuleSet) -> String {
        let filter = self.filter(rules);
        let condition = match &self.group {
            Some(Group::Segment(_)) => self.condition.clone(),
            _ => filter.condition,
        };
        let segment = match &self.group {
            Some(Group::Segment(name)) => Some(name.clone()),
            _ => None,
        };
        let options = [
            ("--segment", segment),
            ("--stage", filter.stage),
            ("--not-judged", filter.unjudged),
            ("--address", filter.address),
            ("--where", condition.map(|condition| condition.to_string())),
        ];
        let mut command = "engaged contacts".to_owned();
        for (option, value) in options {
            if let Some(value) = value {
                command += &format!(" {option} {}", html::argument(&value));
            }
        }
        command
    }

    /// What is asked for, for the audit trail: no addresses, also none that a condition names.
    pub(super) fn about(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.group.as_ref().map(Group::value));
        if self.address.is_some() {
            parts.push("the beginning of an address".to_owned());
        }
        if let Some(condition) = &self.condition {
            let text = condition.to_string();
            parts.push(if text.contains('@') {
                "a condition that names an address".to_owned()
            } else {
                format!("where {text}")
            });
        }
        if parts.is_empty() {
            return "everybody".to_owned();
        }
        parts.join(", ")
    }

    /// As pairs for links and forms.
    pub(super) fn pairs(&self, asked: &Asked) -> Vec<(&'static str, String)> {
        let pairs = [
            ("q", self.address.clone()),
            ("who", self.group.as_ref().map(Group::value)),
            ("where", some(asked.condition.as_ref()).map(str::to_owned)),
            (
                "sort",
                Some(self.sorted.value()).filter(|value| !value.is_empty()),
            ),
        ];
        let there = pairs
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        there.collect()
    }
}
