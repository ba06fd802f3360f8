//! What cleaning does, spares and finds, in words.

use maud::{Markup, html};

use crate::{
    rules::syntax::{Unit, Window},
    store::CleaningBatch,
    text::{Key, Say, key},
    web::{
        html::{Mood, words},
        page::Visit,
    },
};

/// What is done to a contact.
pub(super) fn deed_key(then: &str) -> Key {
    match then {
        "tag" => key("cleaning-deed-tag"),
        "unsubscribe" => key("cleaning-deed-unsubscribe"),
        "suppress" => key("cleaning-deed-suppress"),
        "archive" => key("cleaning-deed-archive"),
        _ => key("cleaning-deed-delete"),
    }
}

/// What undoing does not bring back, in the visitor's language where we know it.
pub(super) fn lost(visit: &Visit, lost: &str) -> Markup {
    let known = match lost {
        "the place in a running automation" => Some(key("cleaning-lost-place")),
        "everything; the address can never be imported again" => Some(key("cleaning-lost-all")),
        "the member with labels, notes, comments and the history on the site" => {
            Some(key("cleaning-lost-member"))
        }
        _ => None,
    };
    html! {
        @if let Some(key) = known { (visit.say.t(key)) } @else { span lang="en" { (words(lost)) } }
    }
}

/// A length of time on the calendar.
pub(super) fn window(say: Say, window: Window) -> String {
    let unit = match window.unit {
        Unit::Day => key("cleaning-window-days"),
        Unit::Week => key("cleaning-window-weeks"),
        Unit::Month => key("cleaning-window-months"),
        Unit::Year => key("cleaning-window-years"),
    };
    say.with(unit, [("n", window.number.into())])
}

/// How far a batch has come.
pub(super) fn batch_state(batch: &CleaningBatch) -> (Mood, Key) {
    match batch.state.as_str() {
        "approved" if batch.waits() => (Mood::Warn, key("cleaning-batch-waits")),
        "approved" => (Mood::Warn, key("cleaning-batch-approved")),
        "applied" => (Mood::Good, key("cleaning-batch-applied")),
        "lapsed" => (Mood::Calm, key("cleaning-batch-lapsed")),
        _ => (Mood::Calm, key("cleaning-batch-undone")),
    }
}
