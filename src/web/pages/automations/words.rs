//! What automations start, whether it goes out, and what became of entries, in words.

use maud::{Markup, html};

use super::Door;
use crate::{
    automation::{Automation, Begin, EntryState},
    push::guard,
    sync::LIST_SHRUNK,
    text::{Key, Say, key},
    web::{
        html::{Mood, badge, name},
        page::Visit,
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
