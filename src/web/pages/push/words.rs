//! What is written, in words: verbs, targets, values, states.

use maud::{Markup, html};

use crate::{
    score::calendar::Millis,
    store::{NewOutboxRow, OutboxState},
    text::{Say, key},
    web::{
        html::{badge, name},
        page::Visit,
        states,
    },
};

/// What a verb does.
pub(in crate::web::pages) fn verb(say: Say, verb: &str) -> String {
    let key = match verb {
        "create field" => key("push-verb-create-field"),
        "set field" => key("push-verb-set-field"),
        "add tag" => key("push-verb-add-tag"),
        "remove tag" => key("push-verb-remove-tag"),
        "start by tag" => key("push-verb-start-by-tag"),
        "start by field" => key("push-verb-start-by-field"),
        "start automation" => key("push-verb-start-automation"),
        "send event" => key("push-verb-send-event"),
        "call" => key("push-verb-call"),
        "tag" | "mark" => key("push-verb-clean-tag"),
        "unmark" => key("push-verb-clean-untag"),
        "restore" => key("push-verb-restore"),
        "unsubscribe" => key("push-verb-unsubscribe"),
        "suppress" => key("push-verb-suppress"),
        "archive" => key("push-verb-archive"),
        "delete" => key("push-verb-delete"),
        other => return other.to_owned(),
    };
    say.t(key)
}

/// A field, a tag or an automation by its name: `tag:engaged:hot` is `engaged:hot`.
pub(in crate::web::pages) fn target(target: &str) -> Markup {
    let kinds = ["field:", "tag:", "create:"];
    let bare = kinds.iter().find_map(|kind| target.strip_prefix(kind));
    name(bare.unwrap_or(target))
}

/// What a row of the outbox is about: where it starts something, the automation.
pub(super) fn target_of(row: &NewOutboxRow) -> Markup {
    if row.target.starts_with("start:") || row.target.starts_with("leave:") {
        return name(&row.reason);
    }
    if row.target.starts_with("clean") {
        return name(row.value.as_deref().unwrap_or_default());
    }
    target(&row.target)
}

/// What was there before, as the row keeps it.
pub(super) fn before_of(row: &NewOutboxRow) -> Option<&str> {
    row.reason.strip_prefix("was ")
}

/// From one value to another; of a tag, on and off.
pub(in crate::web::pages) fn change(
    visit: &Visit,
    what: &str,
    (before, after): (Option<&str>, Option<&str>),
) -> Markup {
    let say = visit.say;
    let tag = matches!(what, "add tag" | "remove tag" | "create field");
    let value = |value: Option<&str>| match value {
        Some(_) if tag => html! { (say.t("push-on")) },
        None if tag => html! { (say.t("push-off")) },
        None => html! { (say.t("push-none")) },
        Some(text) => name(&visit.plain(text)),
    };
    html! { (value(before)) " → " strong { (value(after)) } }
}

/// A state as a badge.
pub(super) fn state(say: Say, state: OutboxState) -> Markup {
    let (word, mood) = states::write(state);
    badge(mood, &say.t(word))
}

/// When a request went out, by the name of its attempt.
pub(in crate::web::pages) fn attempted_at(attempt: &str) -> Option<Millis> {
    attempt.split_once('-')?.0.parse().ok()
}
