//! The `start` of an automation: one thing, on one connection.

use std::path::Path;

use engaged_connectors::{
    Action, StartKind, activecampaign, copernica, ghost, hubspot, mailchimp, outgoing,
};

use crate::{
    automation::{Begin, Start},
    config::{
        code,
        connections::{ConnectionConfig, Platform, address_to_call},
        found::Found,
        near::proposal,
        secret,
        tree::{Entry, Table},
    },
    diagnostic::Diagnostic,
};

/// The keys that say what is started; exactly one of them stands there. There is no `list`: whoever is put on a list
/// by us may be mailed and never asked for it (docs/decisions/).
const KINDS: [&str; 6] = ["tag", "field", "automation", "event", "webhook", "handover"];

/// Checks the `start` of the automation of that name.
pub(super) fn check(
    automation: &Table,
    name: &str,
    base: &Path,
    connections: &[ConnectionConfig],
    found: &mut Found,
) -> Option<Start> {
    let entry = automation.entry("start")?;
    let table = entry.node.table()?;
    let kind = kind(entry, table, found)?;
    let text = kind.node.text()?;
    if text.trim().is_empty() {
        found.add(
            Diagnostic::error(code::BAD_VALUE, format!("'{}' is empty", kind.name))
                .at(&kind.node.place, "what is started has a name"),
        );
        return None;
    }
    misplaced(table, &kind.name, found);
    match kind.name.as_str() {
        "webhook" => return webhook(table, kind, name, base, found),
        "handover" => {
            return Some(Start {
                connection: None,
                begin: Begin::HandOver(text.to_owned()),
            });
        }
        _ => {}
    }
    let connection = connection(entry, table, connections, found)?;
    let begin = match kind.name.as_str() {
        "tag" => Begin::Tag(text.to_owned()),
        "field" => Begin::Field {
            name: text.to_owned(),
            value: table.text("value").unwrap_or(name).to_owned(),
        },
        "automation" => Begin::Automation(text.to_owned()),
        _ => Begin::Event(text.to_owned()),
    };
    fits(&begin, connection, kind, found).then(|| Start {
        connection: Some(connection.name.clone()),
        begin,
    })
}

/// The one key that says what is started.
fn kind<'a>(entry: &Entry, table: &'a Table, found: &mut Found) -> Option<&'a Entry> {
    let named = |entry: &&Entry| KINDS.contains(&entry.name.as_str());
    let kinds: Vec<&Entry> = table.entries.iter().filter(named).collect();
    match kinds.as_slice() {
        [one] => return Some(one),
        [] => found.add(
            Diagnostic::error(code::MISSING, "'start' does not say what is started")
                .at(&entry.place, "starts nothing")
                .help(
                    "one of tag, field, automation, event, webhook, handover: start = { connection = \"newsletter\", tag = \"hot\" }",
                ),
        ),
        [_, second, ..] => found.add(
            Diagnostic::error(code::MISPLACED_OPTION, "'start' says more than one thing")
                .at(&second.place, "the second")
                .help("make an automation for each: each entry starts one thing, once"),
        ),
    }
    None
}

/// `value` belongs to a field, `key` to a webhook, and those name no connection.
fn misplaced(table: &Table, kind: &str, found: &mut Found) {
    let alone = ["webhook", "handover"].contains(&kind);
    for (name, wrong) in [
        ("value", kind != "field"),
        ("key", kind != "webhook"),
        ("connection", alone),
    ] {
        if let Some(entry) = table.entry(name).filter(|_| wrong) {
            found.add(
                Diagnostic::error(
                    code::MISPLACED_OPTION,
                    format!("'{name}' means nothing beside '{kind}'"),
                )
                .at(&entry.place, "has no effect here")
                .help("take it out"),
            );
        }
    }
}

fn connection<'a>(
    start: &Entry,
    table: &Table,
    connections: &'a [ConnectionConfig],
    found: &mut Found,
) -> Option<&'a ConnectionConfig> {
    let names = || connections.iter().map(|each| each.name.as_str());
    let Some(entry) = table.entry("connection") else {
        if let [only] = connections {
            return Some(only);
        }
        found.add(
            Diagnostic::error(code::MISSING, "'start' does not say on which connection")
                .at(&start.place, "on which?")
                .help("start = { connection = \"newsletter\", tag = \"hot\" }"),
        );
        return None;
    };
    let name = entry.node.text()?;
    let known = connections.iter().find(|each| each.name == name);
    if known.is_none() {
        found.add(
            Diagnostic::error(
                code::UNKNOWN_NAME,
                format!("there is no connection '{name}'"),
            )
            .at(&entry.node.place, "unknown connection")
            .maybe_help(proposal(name, names())),
        );
    }
    known
}

/// Whether the platform can start that.
fn fits(begin: &Begin, connection: &ConnectionConfig, kind: &Entry, found: &mut Found) -> bool {
    let (platform, offers) = (connection.platform, connection.platform.starts());
    let wrong = match begin {
        Begin::Tag(tag) => clash(tag, connection),
        _ if !offers.contains(&begin.kind()) => {
            Some(format!("{} offers {}", platform.as_str(), in_words(offers)))
        }
        _ => begin
            .action("")
            .and_then(|action| platform.check_action(&action).err()),
    };
    let Some(wrong) = wrong else {
        return true;
    };
    found.add(
        Diagnostic::error(
            code::UNSUPPORTED,
            format!("'{}' cannot start that", connection.name),
        )
        .at(&kind.node.place, wrong),
    );
    false
}

/// A tag that says something else already would start nothing when it is there.
fn clash(tag: &str, connection: &ConnectionConfig) -> Option<String> {
    let tags = connection.push.tags.as_ref()?;
    let bands = !tags.bands.is_empty();
    let rest = tag.strip_prefix(&tags.prefix)?;
    let segment = tags.segments.iter().any(|segment| segment == rest);
    (segment || bands).then(|| {
        format!(
            "tags that begin with \"{}\" show segments and bands; choose another",
            tags.prefix
        )
    })
}

fn in_words(kinds: &[StartKind]) -> String {
    let word = |kind: &StartKind| match kind {
        StartKind::Tag => "tag",
        StartKind::Field => "field",
        StartKind::Automation => "automation",
        StartKind::Event => "event",
        StartKind::Call => "webhook",
    };
    let words: Vec<&str> = kinds.iter().map(word).collect();
    if words.is_empty() {
        "nothing of the kind".to_owned()
    } else {
        words.join(", ")
    }
}

/// A webhook is a connection of its own that is only ever written to.
fn webhook(
    table: &Table,
    kind: &Entry,
    name: &str,
    base: &Path,
    found: &mut Found,
) -> Option<Start> {
    let help = "who calls without TLS tells everybody on the way who is being called about";
    let url = address_to_call(&kind.node, "webhook", help, found);
    let Some(key) = table.entry("key") else {
        found.add(
            Diagnostic::error(code::MISSING, "a webhook lacks its 'key'")
                .at(
                    &kind.place,
                    "calls are signed, so that the receiver knows they are ours",
                )
                .help(
                    "key = { file = \"secrets/webhook\" }, with at least 16 random letters in it",
                ),
        );
        return None;
    };
    let source = secret::source(key.node.table()?, base, found)?;
    let place = key.node.table()?.entries.first()?.node.place.clone();
    let hook = ConnectionConfig::webhook(&format!("webhook {name}"), url?, source, place, found)?;
    Some(Start {
        connection: Some(hook.name.clone()),
        begin: Begin::Call(Box::new(hook)),
    })
}

impl Platform {
    /// What can be started there (docs/platforms/).
    fn starts(self) -> &'static [StartKind] {
        match self {
            Self::Mailchimp => &[
                StartKind::Tag,
                StartKind::Field,
                StartKind::Automation,
                StartKind::Event,
            ],
            Self::Ghost => &[StartKind::Tag],
            Self::ActiveCampaign | Self::Copernica | Self::HubSpot => {
                &[StartKind::Tag, StartKind::Field, StartKind::Automation]
            }
            Self::Webhook => &[StartKind::Call],
        }
    }

    /// Whether the platform understands an action, else what it would.
    fn check_action(self, action: &Action) -> Result<(), String> {
        match self {
            Self::Mailchimp => mailchimp::check_action(action),
            Self::Ghost => ghost::check_action(action),
            Self::ActiveCampaign => activecampaign::check_action(action),
            Self::Copernica => copernica::check_action(action),
            Self::HubSpot => hubspot::check_action(action),
            Self::Webhook => outgoing::check_action(action),
        }
    }
}
