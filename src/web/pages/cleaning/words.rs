//! What cleaning does, spares and finds, in words.

use maud::{Markup, html};

use crate::{
    rules::syntax::{Unit, Window},
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

/// The words by which a plan counts, and what they mean.
const REASONS: [(&str, Key); 17] = [
    ("too_new", key("cleaning-why-too-new")),
    ("not_tracked", key("cleaning-why-not-tracked")),
    ("not_mailed", key("cleaning-why-not-mailed")),
    ("too_few_sends", key("cleaning-why-too-few-sends")),
    ("coverage_gap", key("cleaning-why-coverage-gap")),
    ("unmeasurable", key("cleaning-why-unmeasurable")),
    ("never_customer", key("cleaning-why-never-customer")),
    ("field_unknown", key("cleaning-why-field-unknown")),
    ("no_address", key("cleaning-why-no-address")),
    ("other_currency", key("cleaning-why-other-currency")),
    ("never_happened", key("cleaning-why-never-happened")),
    ("no_status", key("cleaning-why-no-status")),
    ("unknown", key("cleaning-why-unknown")),
    ("tenure", key("cleaning-why-tenure")),
    ("in_series", key("cleaning-why-in-series")),
    ("protect", key("cleaning-why-protect")),
    ("a purchase in 12 months", key("cleaning-why-purchase")),
];

/// Why somebody is not judged, or protected, by the word that a plan counts by.
pub(super) fn reason(say: Say, why: &str) -> String {
    let known = |word: &str| REASONS.iter().find(|(each, _)| *each == word);
    if let Some((_, key)) = known(why) {
        return say.t(*key);
    }
    let because = |key: Key, word: &str| {
        let why = known(word).map_or_else(|| word.to_owned(), |(_, key)| say.t(*key));
        say.with(key, [("why", why.into())])
    };
    if let Some(word) = why.strip_prefix("protect is not known: ") {
        return because(key("cleaning-why-protect-unknown"), word);
    }
    match why.strip_prefix("purchases are not known: ") {
        Some(word) => because(key("cleaning-why-purchases-unknown"), word),
        None => why.to_owned(),
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
    match known {
        Some(key) => html! { (visit.say.t(key)) },
        None => html! { span lang="en" { (words(lost)) } },
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
pub(super) fn batch_state(state: &str) -> (Mood, Key) {
    match state {
        "approved" => (Mood::Warn, key("cleaning-batch-approved")),
        "applied" => (Mood::Good, key("cleaning-batch-applied")),
        _ => (Mood::Calm, key("cleaning-batch-undone")),
    }
}
