//! What is held: each open guard with what it saw, and the word that lets it pass.

use maud::{Markup, html};

use crate::{
    account::Role,
    clean::CLEANING,
    push::{guard, word},
    store::{Guard, QUARANTINE},
    sync::LIST_SHRUNK,
    text::{Key, key},
    web::{
        html::{Mood, name, notice},
        page::Visit,
        told::told,
    },
};

/// The part of the page at `#held`.
pub(super) fn section(visit: &Visit, guards: &[(Guard, Option<String>)]) -> Markup {
    let say = visit.say;
    html! {
        section #held aria-labelledby="held-title" {
            @if guards.is_empty() {
                h2.unseen #held-title { (say.t("push-held-title")) }
                p { (say.t("push-held-none")) }
            } @else {
                h2 #held-title { (say.t("push-held-title")) }
                @for (guard, on) in guards { (one(visit, guard, on.as_deref())) }
            }
        }
    }
}

fn one(visit: &Visit, guard: &Guard, on: Option<&str>) -> Markup {
    let say = visit.say;
    let (title, means, approve) = words_of(&guard.name);
    notice(
        Mood::Warn,
        &html! {
            h3 {
                (say.t(title))
                @if let Some(on) = on { ": " (name(on)) }
            }
            p { (say.t(means)) }
            p {
                (say.t("push-held-saw")) " " (told(visit, &guard.detail))
                " " span.soft { (say.with("push-held-since", [("time", say.millis(guard.tripped_at).into())])) }
            }
            @if visit.may(Role::Marketer) {
                form.row method="post" action="/push/approve" {
                    input type="hidden" name="guard" value=(guard.name);
                    input type="hidden" name="connection" value=(on.unwrap_or_default());
                    input type="hidden" name="shown" value=(word::shown(guard));
                    button type="submit" { (say.t(approve)) }
                }
            } @else {
                p.soft { (say.t("push-held-who")) }
            }
        },
    )
}

/// A guard's name, why it holds, and what the word to it is.
fn words_of(name: &str) -> (Key, Key, Key) {
    match name {
        guard::BASELINE => (
            key("push-guard-baseline"),
            key("push-guard-baseline-means"),
            key("push-guard-baseline-approve"),
        ),
        guard::MAX_STARTS => (
            key("push-guard-starts"),
            key("push-guard-starts-means"),
            key("push-guard-starts-approve"),
        ),
        LIST_SHRUNK => (
            key("push-guard-shrunk"),
            key("push-guard-shrunk-means"),
            key("push-guard-shrunk-approve"),
        ),
        CLEANING => (
            key("push-guard-cleaning"),
            key("push-guard-cleaning-means"),
            key("push-guard-cleaning-approve"),
        ),
        QUARANTINE => (
            key("push-guard-restored"),
            key("push-guard-restored-means"),
            key("push-guard-restored-approve"),
        ),
        _ => (
            key("push-guard-change"),
            key("push-guard-change-means"),
            key("push-guard-change-approve"),
        ),
    }
}
