//! From the rows of a test to what scoring reads, without a store between.

use std::collections::BTreeSet;

use engaged_connectors::model::{Event, EventKind, Status, Verdict};
use serde_json::Value;

use crate::{
    rules::set::RuleSet,
    score::{
        calendar::{Millis, Zone},
        facts::{
            ConnectionId, Coverage, Fact, Facts, Hole, KindId, Reported, Subscription, TextId,
            Vocabulary,
        },
        tracking::{Measured, Record, field_name},
    },
};

use super::RuleTest;

/// Every declared kind, and the connections that tests name; texts are added as they come up.
pub(super) fn vocabulary(rules: &RuleSet, tests: &[RuleTest]) -> Vocabulary {
    let names: BTreeSet<&str> = tests.iter().map(|test| test.connection.as_str()).collect();
    let connections = (1..).map(ConnectionId).zip(names);
    Vocabulary {
        kinds: rules.kinds.clone(),
        campaigns: vec![<(String, String)>::default()],
        urls: vec![String::new()],
        items: vec![String::new()],
        currencies: vec![String::new()],
        connections: connections
            .map(|(id, name)| (id, name.to_owned()))
            .collect(),
    }
}

/// One test's contact and its holes.
pub(super) fn stage(
    test: &RuleTest,
    (rules, zone): (&RuleSet, &Zone),
    vocabulary: &mut Vocabulary,
) -> (Facts, Coverage) {
    let connection = connection(test, vocabulary);
    let mut facts = Facts {
        subscribed_at: test.contact.subscribed_at.map(|at| at.timestamp_millis()),
        // Told of on the day itself, by its last word.
        first_known_at: zone.start_of(test.as_of.next()) - 1,
        address: test.contact.email.clone(),
        fields: named_fields(test),
        connections: vec![connection],
        ..Facts::default()
    };
    let mut seen = BTreeSet::new();
    for (id, event) in (1..).zip(&test.events) {
        // As in an import, one id is one event.
        let again = event.id.as_ref().is_some_and(|own| {
            !seen.insert((event.kind.clone(), event.campaign.clone(), own.clone()))
        });
        if !again {
            take(&mut facts, (id, event), connection, vocabulary);
        }
    }
    facts
        .events
        .sort_by_key(|fact| (fact.at, fact.connection, fact.id));
    facts.properties.sort();
    facts.consent = record(test).consent(&[(Millis::MIN, rules.tracking.clone())]);
    facts.hide(&Measured::new(&rules.tracking, &vocabulary.kinds));
    facts.subscriptions = subscriptions(test, connection, facts.first_known_at);
    let coverage = coverage(test, connection, vocabulary);
    (facts, coverage)
}

fn connection(test: &RuleTest, vocabulary: &Vocabulary) -> ConnectionId {
    let known = vocabulary.connections.iter();
    known
        .filter(|(_, name)| *name == test.connection)
        .map(|(id, _)| *id)
        .next()
        .unwrap_or(ConnectionId(0))
}

fn named_fields(test: &RuleTest) -> Vec<(String, String)> {
    let fields = test.contact.fields.iter();
    fields
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// What the contact says of being measured, and always said.
fn record(test: &RuleTest) -> Record {
    let fields = named_fields(test).into_iter();
    let connection = test.connection.clone();
    Record {
        said: fields
            .map(|(name, value)| (connection.clone(), field_name(&name), value, Millis::MIN))
            .collect(),
        connections: vec![(connection, Millis::MIN)],
    }
}

fn take(
    facts: &mut Facts,
    (id, event): (i64, &Event),
    connection: ConnectionId,
    vocabulary: &mut Vocabulary,
) {
    let text = |texts: &mut Vec<String>, text: &Option<String>| {
        text.as_ref().map_or(TextId::NONE, |text| {
            number(texts, text.clone(), |each| each == text)
        })
    };
    let campaign = event.campaign.as_ref().map_or(TextId::NONE, |campaign| {
        let new = (campaign.clone(), String::new());
        number(&mut vocabulary.campaigns, new, |(id, _)| id == campaign)
    });
    for (name, value) in &event.properties {
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        facts.properties.push((id, name.clone(), value));
    }
    facts.events.push(Fact {
        id,
        at: event.at.timestamp_millis(),
        kind: kind(&event.kind, vocabulary),
        connection,
        verdict: event.verdict.unwrap_or(Verdict::Unknown),
        campaign,
        url: text(
            &mut vocabulary.urls,
            event.link.as_ref().map_or(&event.url, |_| &event.link),
        ),
        item: text(&mut vocabulary.items, &event.item),
        quantity: event.quantity.unwrap_or(1),
        value: event.value_cents,
        currency: text(&mut vocabulary.currencies, &event.currency),
        order: TextId::NONE,
        tracked: event.tracked.unwrap_or(true),
        has_properties: !event.properties.is_empty(),
    });
}

/// The number of a text, given out when it first comes up.
fn number<T>(texts: &mut Vec<T>, new: T, is: impl Fn(&T) -> bool) -> TextId {
    let found = texts.iter().position(is);
    let number = found.unwrap_or_else(|| {
        texts.push(new);
        texts.len() - 1
    });
    u32::try_from(number).map_or(TextId::NONE, TextId)
}

fn kind(kind: &EventKind, vocabulary: &Vocabulary) -> KindId {
    let declared = || {
        let names = &vocabulary.kinds;
        let index = names.iter().position(|name| name == kind.as_str())?;
        u16::try_from(EventKind::BUILT_IN.len() + index).ok()
    };
    // The rows were read with the declared kinds, so each is known.
    KindId::built_in(kind).unwrap_or_else(|| KindId(declared().unwrap_or(u16::MAX)))
}

/// As a contact row that was imported on the day itself says it.
fn subscriptions(test: &RuleTest, connection: ConnectionId, at: i64) -> Vec<Subscription> {
    let said = |list: &str, status: Status| Subscription {
        connection,
        list: list.to_owned(),
        status,
        at,
    };
    let whole = test.contact.status.map(|status| said("", status));
    let status = test.contact.status.unwrap_or(Status::Subscribed);
    let lists = test.contact.lists.iter().map(|list| said(list, status));
    whole.into_iter().chain(lists).collect()
}

fn coverage(test: &RuleTest, connection: ConnectionId, vocabulary: &Vocabulary) -> Coverage {
    let mut holes = Vec::new();
    for gap in &test.gaps {
        let kinds: Vec<Option<KindId>> = match gap.kinds.as_slice() {
            [] => vec![None],
            kinds => kinds
                .iter()
                .map(|each| Some(kind(each, vocabulary)))
                .collect(),
        };
        let hole = Hole {
            from: gap.from,
            to: gap.to.min(test.as_of),
        };
        if hole.from <= hole.to {
            holes.extend(kinds.into_iter().map(|kind| (connection, kind, vec![hole])));
        }
    }
    Coverage {
        holes,
        reported: Some(Reported {
            kinds: vec![(connection, None)],
        }),
    }
}
