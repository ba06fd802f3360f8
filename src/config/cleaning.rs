//! Who is taken off a list, and how: the section `[cleaning.NAME]`, checked.

use engaged_connectors::connector::Removal;

use super::{
    ConnectionConfig, Mode, Platform, code,
    found::Found,
    language::{self, Vocabulary},
    near::proposal,
    shape,
    tree::{Entry, Node, Table},
};
use crate::{
    diagnostic::Diagnostic,
    rules::syntax::{Condition, Unit, Window},
};

/// Mails that must have been ignored before somebody is proposed, unless `min_sends` says otherwise.
const MIN_SENDS: u32 = 10;
/// How long somebody must have been subscribed, unless `tenure` says otherwise.
const TENURE: Window = Window {
    number: 6,
    unit: Unit::Month,
};
/// How long a win-back series gets, and how long any series counts as running, where nothing else is said.
pub const WAIT: Window = Window {
    number: 30,
    unit: Unit::Day,
};
/// What `delete` must say.
const CONSENT: &str = "I accept that this cannot be undone";

/// A policy by which contacts are taken off.
#[derive(Clone, Debug, PartialEq)]
pub struct CleaningPolicy {
    /// Its name: a letter, then letters, digits, `_` and `-`.
    pub name: String,
    /// Who is proposed, as typed.
    pub text: String,
    /// Who is proposed.
    pub when: Condition,
    /// Who is never proposed; also if it is not known whether it holds.
    pub protect: Option<Condition>,
    /// Whether a purchase in the last twelve months protects.
    pub protect_purchases: bool,
    /// Mails that must have been ignored before absence is judged in `when`.
    pub min_sends: u32,
    /// How long somebody must have been subscribed.
    pub tenure: Window,
    /// The last attempt before anything else.
    pub first: Option<WinBack>,
    /// What is done.
    pub then: Then,
    /// The tag's name, under the connection's prefix: the deed itself, or the mark that goes before it.
    pub tag: String,
    /// Share of the mailable contacts per run.
    pub max_share: f64,
    /// Contacts per run.
    pub max: u32,
    /// Share of the mailable contacts beyond which nothing is done.
    pub breaker: f64,
    /// Share of the candidates that is left alone, to see what cleaning costs.
    pub holdout: f64,
    /// Whose word a batch needs.
    pub approve: Approve,
    /// The names of the connections that are cleaned.
    pub connections: Vec<String>,
}

/// Whose word a batch needs before anything of it is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Approve {
    /// A person's.
    #[default]
    Always,
    /// A person's, and then another's.
    TwoPeople,
    /// Up to the cap nobody's.
    Automatic,
}

impl Approve {
    const ALL: [Self; 3] = [Self::Always, Self::TwoPeople, Self::Automatic];

    /// The word that the configuration uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::TwoPeople => "two people",
            Self::Automatic => "automatic",
        }
    }

    /// How many people have to say so, where a person is asked at all.
    pub const fn people(self) -> u8 {
        match self {
            Self::Always | Self::Automatic => 1,
            Self::TwoPeople => 2,
        }
    }
}

/// The last attempt to win somebody back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WinBack {
    /// The automation.
    pub automation: String,
    /// How long it gets.
    pub wait: Window,
}

/// What is done to a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It gets a tag, and no more.
    Tag,
    /// It is taken off.
    Remove(Removal),
}

impl Then {
    /// The word that the configuration uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Remove(removal) => removal.as_str(),
        }
    }
}

impl CleaningPolicy {
    /// How long a series that was started counts as running.
    pub fn series(&self) -> Window {
        self.first.as_ref().map_or(WAIT, |first| first.wait)
    }
}

/// How contacts can be taken off a platform; a test of `platform.rs` compares it with what the connectors say.
pub fn removals(platform: Platform) -> &'static [Removal] {
    match platform {
        Platform::Mailchimp => &[Removal::Unsubscribe, Removal::Archive, Removal::Delete],
        Platform::Ghost | Platform::ActiveCampaign | Platform::Copernica => {
            &[Removal::Unsubscribe, Removal::Delete]
        }
        Platform::HubSpot => &[Removal::Unsubscribe, Removal::Suppress],
        Platform::Webhook => &[],
    }
}

/// All policies. What is wrong is left out, and reported.
pub(super) fn check(
    root: &Table,
    vocabulary: &Vocabulary,
    connections: &[ConnectionConfig],
    found: &mut Found,
) -> Vec<CleaningPolicy> {
    let entries = root.entries_of("cleaning").iter();
    entries
        .filter_map(|entry| policy(root, entry, vocabulary, connections, found))
        .collect()
}

fn policy(
    root: &Table,
    entry: &Entry,
    vocabulary: &Vocabulary,
    connections: &[ConnectionConfig],
    found: &mut Found,
) -> Option<CleaningPolicy> {
    let table = entry.node.table()?;
    check_name(entry, found);
    let mut condition = |name: &str| language::condition(table.get(name)?, vocabulary, found);
    let (when, protect) = (condition("when"), condition("protect"));
    let tenure = span(table, "tenure", found).unwrap_or(TENURE);
    let first = first(root, table, found);
    let then = then(table, found);
    let name = entry.name.clone();
    let tag = table
        .text("tag")
        .map_or_else(|| format!("cleaned:{name}"), str::to_owned);
    let connections = named(entry, table, then, connections, found);
    check_tag(table, &tag, vocabulary, &connections, found);
    let share = |key: &str, usual: f64| table.get(key).and_then(shape::share).unwrap_or(usual);
    let number = |key: &str, usual: u32| {
        let number = table.get(key).and_then(Node::integer);
        number
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(usual)
    };
    let protect_purchases = table.get("protect_purchases").and_then(Node::truth);
    Some(CleaningPolicy {
        name,
        text: table.text("when").unwrap_or_default().to_owned(),
        when: when?,
        protect,
        protect_purchases: protect_purchases.unwrap_or(true),
        min_sends: number("min_sends", MIN_SENDS),
        tenure,
        first,
        then: then?,
        tag,
        max_share: share("max_share", 0.02),
        max: number("max", 500),
        breaker: share("breaker", 0.20),
        holdout: share("holdout", 0.05),
        approve: table.text("approve").map_or_else(Approve::default, approve),
        connections: connections.iter().map(|each| each.name.clone()).collect(),
    })
}

/// A word that is none was reported with the shape of the table.
fn approve(word: &str) -> Approve {
    let mut all = Approve::ALL.into_iter();
    all.find(|each| each.as_str() == word).unwrap_or_default()
}

/// The name becomes part of a tag, and of a file's name.
fn check_name(entry: &Entry, found: &mut Found) {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let fits = entry.name.starts_with(|c: char| c.is_ascii_alphabetic())
        && entry.name.chars().all(letters);
    if !fits {
        let message = format!("a cleaning policy cannot be named '{}'", entry.name);
        found.add(
            Diagnostic::error(code::BAD_NAME, message)
                .at(&entry.place, "not a name")
                .help("begin with a letter; then letters, digits, '_' and '-'"),
        );
    }
}

fn span(table: &Table, name: &str, found: &mut Found) -> Option<Window> {
    language::span(table.get(name)?, found)
}

/// The win-back, which must be an automation of this file.
fn first(root: &Table, table: &Table, found: &mut Found) -> Option<WinBack> {
    let first = table.table("first")?;
    let wait = span(first, "wait", found).unwrap_or(WAIT);
    let node = first.get("automation")?;
    let automation = node.text()?;
    let names = root.items_of("automations").iter();
    let names: Vec<&str> = names
        .filter_map(|each| each.table()?.text("name"))
        .collect();
    if !names.contains(&automation) {
        let message = format!("there is no automation '{automation}'");
        found.add(
            Diagnostic::error(code::UNKNOWN_NAME, message)
                .at(&node.place, "unknown automation")
                .maybe_help(proposal(automation, names.iter().copied())),
        );
        return None;
    }
    Some(WinBack {
        automation: automation.to_owned(),
        wait,
    })
}

fn then(table: &Table, found: &mut Found) -> Option<Then> {
    let node = table.get("then")?;
    let word = node.text()?;
    if word == "tag" {
        return Some(Then::Tag);
    }
    let removal = Removal::ALL
        .into_iter()
        .find(|each| each.as_str() == word)?;
    if removal == Removal::Delete && table.text("delete") != Some(CONSENT) {
        found.add(
            Diagnostic::error(
                code::MISSING,
                "contacts are deleted only if you say that you mean it",
            )
            .at(&node.place, "nothing brings a deleted contact back")
            .help(format!("add delete = \"{CONSENT}\", or take \"archive\"")),
        );
        return None;
    }
    Some(Then::Remove(removal))
}

/// The connections that are cleaned: those named, else all live ones whose platform can; where none is live,
/// all whose platform can, so that there is something to see.
fn named<'a>(
    entry: &Entry,
    table: &Table,
    then: Option<Then>,
    connections: &'a [ConnectionConfig],
    found: &mut Found,
) -> Vec<&'a ConnectionConfig> {
    let able = |each: &&ConnectionConfig| match then {
        Some(Then::Remove(removal)) => removals(each.platform).contains(&removal),
        Some(Then::Tag) => each.push.tags.is_some(),
        None => true,
    };
    if table.get("connections").is_none() {
        let all: Vec<&ConnectionConfig> = connections.iter().filter(able).collect();
        let live = |each: &&ConnectionConfig| each.mode == Mode::Live;
        if all.is_empty()
            && let (Some(then), false) = (then, connections.is_empty())
        {
            found.add(unable(then, connections).at(
                table.get("then").map_or(&entry.place, |node| &node.place),
                "no connection can",
            ));
        }
        let lively: Vec<&ConnectionConfig> = all.iter().copied().filter(live).collect();
        return if lively.is_empty() { all } else { lively };
    }
    let mut named = Vec::new();
    for node in table.items_of("connections") {
        let Some(name) = node.text() else { continue };
        match connections.iter().find(|each| each.name == name) {
            None => {
                let names = connections.iter().map(|each| each.name.as_str());
                let message = format!("there is no connection '{name}'");
                found.add(
                    Diagnostic::error(code::UNKNOWN_NAME, message)
                        .at(&node.place, "unknown connection")
                        .maybe_help(proposal(name, names)),
                );
            }
            Some(each) if able(&each) => named.push(each),
            Some(each) => {
                if let Some(then) = then {
                    let one = std::slice::from_ref(each);
                    found.add(unable(then, one).at(&node.place, "cannot be done here"));
                }
            }
        }
    }
    named
}

/// What a platform lacks, and what it has instead.
fn unable(then: Then, connections: &[ConnectionConfig]) -> Diagnostic {
    if then == Then::Tag {
        return Diagnostic::error(code::UNSUPPORTED, "no connection keeps tags")
            .help("give the connection push.tags = { prefix = \"engaged:\" }");
    }
    let mut offers: Vec<String> = Vec::new();
    let kept = connections.iter();
    for each in kept.filter(|each| !removals(each.platform).is_empty()) {
        let words: Vec<&str> = removals(each.platform)
            .iter()
            .map(|removal| removal.as_str())
            .collect();
        let offer = format!("{} has: tag, {}", each.platform.as_str(), words.join(", "));
        if !offers.contains(&offer) {
            offers.push(offer);
        }
    }
    let message = format!("'{}' is not there on the platform", then.as_str());
    Diagnostic::error(code::UNSUPPORTED, message).help(offers.join("; "))
}

/// A tag that shows a segment or band would be taken off again by the next push.
fn check_tag(
    table: &Table,
    tag: &str,
    vocabulary: &Vocabulary,
    connections: &[&ConnectionConfig],
    found: &mut Found,
) {
    let Some(node) = table.get("tag") else { return };
    let wrong = if tag.trim().is_empty() || tag.contains(|c: char| c.is_control()) {
        Some("empty, or with control characters in it")
    } else {
        let bands = |score: &String| {
            let mut scores = vocabulary.scores.iter().filter(|each| each.name == *score);
            scores.any(|each| each.bands.iter().any(|band| band == tag))
        };
        let mut tags = connections
            .iter()
            .filter_map(|each| each.push.tags.as_ref());
        let taken = tags.any(|tags| {
            tags.segments.iter().any(|name| name == tag) || tags.bands.iter().any(bands)
        });
        taken.then_some("this tag shows a segment or a band")
    };
    if let Some(wrong) = wrong {
        found.add(
            Diagnostic::error(code::BAD_VALUE, "this cannot be the tag of a policy")
                .at(&node.place, wrong)
                .help("choose another; the connection's prefix is put before it"),
        );
    }
}
