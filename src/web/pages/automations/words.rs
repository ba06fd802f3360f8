//! What automations start, whether it goes out, and what became of entries, in words.

use maud::{Markup, html};

use super::Door;
use crate::{
    automation::{Automation, Begin, EntryState},
    push::guard,
    score::calendar::Day,
    sync::LIST_SHRUNK,
    text::{Key, Say, key},
    web::{
        html::{Mood, badge, name},
        page::Visit,
        pages::push::words::foreign,
        states,
    },
};

/// What is started, and where.
pub(super) fn start(visit: &Visit, automation: &Automation) -> Markup {
    let say = visit.say;
    let (what, of) = match &automation.start.begin {
        Begin::Tag(tag) => (key("automations-start-tag"), tag.clone()),
        Begin::Field { name, value } => {
            (key("automations-start-field"), format!("{name} = {value}"))
        }
        Begin::Automation(name) => (key("automations-start-automation"), name.clone()),
        Begin::Event(name) => (key("automations-start-event"), name.clone()),
        Begin::Call(hook) => {
            let host = hook.base_url.as_ref().and_then(url::Url::host_str);
            (
                key("automations-start-call"),
                host.unwrap_or_default().to_owned(),
            )
        }
        Begin::HandOver(list) => (key("automations-start-handover"), list.clone()),
    };
    let on = automation.start.connection.as_deref();
    html! {
        (say.t(what)) " " (name(&of))
        @if let Some(on) = on.filter(|on| !on.starts_with("webhook ")) { div.small.soft { (name(on)) } }
    }
}

/// Whether what it starts would go out now.
pub(super) fn door(visit: &Visit, door: &Door) -> Markup {
    let say = visit.say;
    let (mood, word) = match door {
        Door::Open => (Mood::Good, key("automations-door-open")),
        Door::NotConfigured => (Mood::Calm, key("automations-door-gone")),
        Door::ReadOnly => (Mood::Calm, key("push-read-only")),
        Door::Paused => (Mood::Warn, key("automations-door-paused")),
        Door::Blocked => (Mood::Bad, key("state-blocked")),
        Door::Held(_) => (Mood::Warn, key("push-held")),
    };
    html! {
        (badge(mood, &say.t(word)))
        @if let Door::Held(guard) = door { " " a.small href="/push#held" { (say.t(guard_key(guard))) } }
    }
}

fn guard_key(name: &str) -> Key {
    match name {
        guard::BASELINE => key("push-guard-baseline"),
        guard::MAX_STARTS => key("push-guard-starts"),
        LIST_SHRUNK => key("push-guard-shrunk"),
        _ => key("push-guard-change"),
    }
}

/// What has become of an entry.
pub(super) fn state(say: Say, state: EntryState) -> Markup {
    let (word, mood) = states::entry(state);
    badge(mood, &say.t(word))
}

/// The reasons that entries are stored with.
const REASONS: [(&str, Key); 12] = [
    ("first import", key("automations-why-first-import")),
    ("the rules were edited", key("automations-why-edited")),
    ("late news of the past", key("automations-why-late")),
    ("not subscribed", key("automations-why-not-subscribed")),
    ("not on the platform", key("automations-why-not-there")),
    ("left before it was started", key("automations-why-left")),
    (
        "did not hold, as we know now",
        key("automations-why-did-not-hold"),
    ),
    (
        "waited too long to be started",
        key("automations-why-too-long"),
    ),
    ("backfill", key("automations-why-backfill")),
    ("accepted", key("automations-why-accepted")),
    ("not a lead", key("automations-why-no-lead")),
    ("there is no tag to take off", key("automations-why-no-tag")),
];

/// Why an entry is what it is, in the visitor's language where we know the words; else as it is stored.
pub(super) fn reason(visit: &Visit, reason: &str) -> Markup {
    let say = visit.say;
    if let Some((_, key)) = REASONS.iter().find(|(each, _)| *each == reason) {
        return html! { (say.t(*key)) };
    }
    let with = |prefix: &str| reason.strip_prefix(prefix);
    if let Some(until) = with("cooldown until ") {
        let until = Day::parse(until).map_or_else(|| until.to_owned(), |day| say.day(day));
        return html! { (say.with("automations-why-cooldown", [("day", until.into())])) };
    }
    if let Some(most) = with("max_per_contact = ") {
        return html! { (say.with("automations-why-most", [("n", most.into())])) };
    }
    if let Some(who) = with("resolved by ") {
        return html! { (say.with("automations-why-resolved", [("who", who.into())])) };
    }
    if let Some(policy) = with("cleaning ") {
        return html! { (say.with("automations-why-cleaning", [("policy", policy.into())])) };
    }
    let beyond = with("crossed together with '");
    if let Some(beyond) = beyond.and_then(|rest| rest.strip_suffix("', which lies beyond")) {
        return html! { (say.with("automations-why-beyond", [("automation", beyond.into())])) };
    }
    foreign(visit, reason)
}
