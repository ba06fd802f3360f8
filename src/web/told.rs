//! Sentences that are stored, said in the visitor's language.
//!
//! Guards, entries, cases and writes keep in words why they are as they are:
//! for the terminal, for the audit trail, and for whoever reads the database.
//! Here each of these sentences is known by its form. One whose form is not
//! known, such as a platform's own words, is shown as it is.

use std::sync::LazyLock;

use chrono::NaiveDateTime;
use maud::{Markup, html};
use regex::Regex;

use super::{html::words, page::Visit};
use crate::{
    score::calendar::Day,
    text::{Arg, Key, Say, key},
};

/// A form, and what says it. What a form captures is put into the message by its name: `a` to `d` are numbers, dates or
/// names, `targets` are fields and tags, and `why` is a sentence with a form of its own.
type Form = (&'static str, Key);

/// What guards saw.
const GUARDS: [Form; 21] = [
    (
        r"^(?:baseline: )?first push of (?P<targets>.+) \((?P<a>\d+) writes\)$",
        key("told-first-push"),
    ),
    (
        r"^(?:max_starts: )?(?P<a>\d+) starts at once \(limit (?P<b>\d+)\): (?P<c>.+?); (?P<why>.+)$",
        key("told-starts"),
    ),
    (
        r"^(?:max_score_change: )?(?P<a>\d+) of (?P<b>\d+) contacts change at once \((?P<c>\d+) %, limit (?P<d>\d+) %\); (?P<why>.+)$",
        key("told-change"),
    ),
    (
        r"^(?:list_shrunk: )?(?P<a>\d+) of (?P<b>\d+) contacts are missing from the platform's list$",
        key("told-shrunk"),
    ),
    (
        r"^list_shrunk: the last scan of the list missed too many contacts$",
        key("told-scan"),
    ),
    (
        r"^(?:cleaning: )?(?P<a>.+?): (?P<b>\d+) of (?P<c>\d+) contacts are candidates \(limit (?P<d>\d+) %\); (?P<why>.+)$",
        key("told-candidates"),
    ),
    (
        r"^a backfill asked for (?P<a>\d+) of them$",
        key("told-backfill"),
    ),
    (
        r"^no earlier push is known to compare with; see a sample with `engaged plan`$",
        key("told-no-earlier"),
    ),
    (
        r"^likely cause: the rules were edited since the last push \((?P<a>[^)]+)\), which scored all (?P<b>\d+) anew$",
        key("told-edited"),
    ),
    (
        r"^likely cause: our own sync since the last push \((?P<a>[^)]+)\): (?P<b>.+); (?P<c>\d+) of the (?P<d>\d+) are on it$",
        key("told-sync"),
    ),
    (
        r"^likely cause: machines: of (?P<a>\d+) of the (?P<b>\d+), .* since the last push \((?P<c>[^)]+)\)$",
        key("told-machines"),
    ),
    (
        r"^likely cause: an import into (?P<a>.+) since the last push \((?P<b>[^)]+)\), which told of (?P<c>\d+) of the (?P<d>\d+)$",
        key("told-import"),
    ),
    (
        r"^likely cause: the first sync of (?P<a>.+) since the last push \((?P<b>[^)]+)\), which told of (?P<c>\d+) of the (?P<d>\d+)$",
        key("told-first-sync"),
    ),
    (
        r"^no likely cause: since the last push \((?P<a>[^)]+)\) .*; of the (?P<b>\d+), (?P<c>\d+) with new verdicts on machines and (?P<d>\d+) told of by a new source; .*$",
        key("told-no-cause"),
    ),
    (
        r"^nobody at all opened, clicked or bought since (?P<a>.+): look at the sync first$",
        key("told-quiet"),
    ),
    (
        r"^(?P<a>\d+) of them are opened by machines only: people may read behind them$",
        key("told-machines-only"),
    ),
    (
        r"^it is retracted: our fields and tags come off$",
        key("told-retracted"),
    ),
    (
        r"^the policy was edited since its last batch$",
        key("told-policy-edited"),
    ),
    (
        r"^the policy never ran before: so many may have left over the years$",
        key("told-never-ran"),
    ),
    (
        r"^a backup that knows what happened up to (?P<a>.+) was put in the place of the database$",
        key("told-backup"),
    ),
    (
        r"^an empty backup was put in the place of the database$",
        key("told-empty-backup"),
    ),
];

/// Why nothing is done.
const HELD: [Form; 13] = [
    (
        r"^look at what changed in how the mailings are sent or measured$",
        key("told-mailings"),
    ),
    (
        r"^a platform cannot be asked whom to leave in peace; confirm when it can$",
        key("told-unseen"),
    ),
    (r"^the connection is read-only$", key("told-read-only-here")),
    (r"^(?P<a>.+) is read-only$", key("told-read-only")),
    (
        r"^(?:pushing|writing) is paused; `engaged resume` goes on$",
        key("told-paused"),
    ),
    (
        r"^(?P<a>.+) is blocked until its key works again$",
        key("told-blocked"),
    ),
    (
        r"^(?P<a>.+): list_shrunk waits for `engaged approve`$",
        key("told-shrunk-waits"),
    ),
    (
        r"^no connection of it was ever synced$",
        key("told-never-synced"),
    ),
    (
        r"^(?P<a>.+): what is approved waits: paused, read-only, held, or the key is refused$",
        key("told-approved-waits"),
    ),
    (
        r"^(?P<a>.+): (?P<b>\d+) candidates are beyond the cap of (?P<c>\d+): .*$",
        key("told-beyond-cap"),
    ),
    (
        r"^restored from a backup: nothing is written until `engaged approve restored`$",
        key("told-quarantine"),
    ),
    (
        r"^restored from a backup: this connection is to be synced to its end first$",
        key("told-uncompared"),
    ),
    (
        r"^the database's own check of its (?P<a>.+) found: (?P<b>.+)$",
        key("told-unsound"),
    ),
];

/// Why entries into automations are what they are.
const ENTRIES: [Form; 17] = [
    (r"^first import$", key("told-first-import")),
    (r"^the rules were edited$", key("told-rules-edited")),
    (r"^restored from a backup$", key("told-restored")),
    (r"^late news of the past$", key("told-late")),
    (r"^not subscribed$", key("told-not-subscribed")),
    (r"^not on the platform$", key("told-not-there")),
    (r"^left before it was started$", key("told-left")),
    (r"^did not hold, as we know now$", key("told-did-not-hold")),
    (r"^waited too long to be started$", key("told-too-long")),
    (r"^backfill$", key("told-asked-for")),
    (r"^accepted$", key("told-accepted")),
    (r"^not a lead$", key("told-no-lead")),
    (r"^cooldown until (?P<a>.+)$", key("told-cooldown")),
    (r"^max_per_contact = (?P<a>\d+)$", key("told-most")),
    (r"^resolved by (?P<a>.+)$", key("told-resolved")),
    (
        r"^crossed together with '(?P<a>.+)', which lies beyond$",
        key("told-beyond"),
    ),
    (r"^cleaning (?P<a>[^:]+)$", key("told-by-cleaning")),
];

/// What came of writes.
const WRITES: [Form; 11] = [
    (r"^no longer wanted$", key("told-not-wanted")),
    (r"^no longer to be started$", key("told-not-to-start")),
    (r"^a newer value took its place$", key("told-newer")),
    (r"^written again$", key("told-written-again")),
    (r"^the connector gave no outcome$", key("told-no-outcome")),
    (r"^the answer was lost$", key("told-lost")),
    (r"^not tried$", key("told-not-tried")),
    (
        r"^the contact is gone from the (?:audience|platform)$",
        key("told-gone"),
    ),
    (r"^subscribed already$", key("told-subscribed")),
    (r"^the platform shows it done$", key("told-shows-done")),
    (r"^not done; once more$", key("told-once-more")),
];

/// Why cases of cleaning are where they are.
const CASES: [Form; 28] = [
    (r"^nobody has confirmed it$", key("told-nobody-confirmed")),
    (r"^waits for a second person$", key("told-second")),
    (r"^the policy now asks for two people$", key("told-now-two")),
    (r"^kept by (?P<a>.+)$", key("told-kept-by")),
    (r"^kept meanwhile$", key("told-kept-meanwhile")),
    (r"^undone$", key("told-undone")),
    (r"^called off$", key("told-called-off")),
    (r"^came back$", key("told-came-back")),
    (
        r"^the condition no longer holds$",
        key("told-no-longer-holds"),
    ),
    (
        r"^not judged any more: (?P<why>.+)$",
        key("told-not-judged"),
    ),
    (r"^protected: (?P<why>.+)$", key("told-protected")),
    (r"^no longer on the platform$", key("told-no-longer-there")),
    (r"^the status there is (?P<a>.+)$", key("told-status-there")),
    (
        r"^recent mail that the platform does not report$",
        key("told-recent-mail"),
    ),
    (
        r"^the platform saw a sign of life that it did not report$",
        key("told-saw-life"),
    ),
    (r"^the policy is gone$", key("told-policy-gone")),
    (
        r"^approved more than (?P<a>\d+) days ago$",
        key("told-approved-long-ago"),
    ),
    (
        r"^the policy no longer cleans (?P<a>.+)$",
        key("told-not-cleaned-there"),
    ),
    (r"^more than 90 days ago$", key("told-ninety-days")),
    (
        r"^its connection is not there, or read-only$",
        key("told-no-connection"),
    ),
    (r"^has complained since$", key("told-complained")),
    (r"^has bounced since$", key("told-bounced")),
    (r"^has decided since$", key("told-decided")),
    (
        r"^has unsubscribed elsewhere since$",
        key("told-left-elsewhere"),
    ),
    (
        r"^the platform does not undo (?P<a>.+)$",
        key("told-no-undo"),
    ),
    (r"^there is no export of it$", key("told-no-export")),
    (
        r"^protect is not known: (?P<why>.+)$",
        key("told-protect-unknown"),
    ),
    (
        r"^purchases are not known: (?P<why>.+)$",
        key("told-purchases-unknown"),
    ),
];

/// The words by which plans and cases count why somebody is not judged, or is protected.
const REASONS: [Form; 18] = [
    (r"^no_tracking$", key("told-no-tracking")),
    (r"^too_new$", key("told-too-new")),
    (r"^not_tracked$", key("told-not-tracked")),
    (r"^not_mailed$", key("told-not-mailed")),
    (r"^too_few_sends$", key("told-too-few-sends")),
    (r"^coverage_gap$", key("told-coverage-gap")),
    (r"^unmeasurable$", key("told-unmeasurable")),
    (r"^never_customer$", key("told-never-customer")),
    (r"^field_unknown$", key("told-field-unknown")),
    (r"^no_address$", key("told-no-address")),
    (r"^other_currency$", key("told-other-currency")),
    (r"^never_happened$", key("told-never-happened")),
    (r"^no_status$", key("told-no-status")),
    (r"^unknown$", key("told-unknown")),
    (r"^tenure$", key("told-tenure")),
    (r"^in_series$", key("told-in-series")),
    (r"^protect$", key("told-protect")),
    (r"^a purchase in 12 months$", key("told-purchase")),
];

static FORMS: LazyLock<Vec<(Regex, Key)>> = LazyLock::new(|| {
    let tables: [&[Form]; 6] = [&GUARDS, &HELD, &ENTRIES, &WRITES, &CASES, &REASONS];
    let all = tables.iter().flat_map(|table| table.iter());
    // A test makes them all; one that is broken would only leave its sentence as it is.
    all.filter_map(|(form, key)| Some((Regex::new(form).ok()?, *key)))
        .collect()
});

/// A stored sentence for a page: in the visitor's language where its form is known; addresses in it masked for viewers.
pub fn told(visit: &Visit, text: &str) -> Markup {
    match said(visit.say, text) {
        Some(said) => html! { (words(&visit.plain(&said))) },
        None => html! { span lang="en" { (words(&visit.plain(text))) } },
    }
}

/// A stored sentence in a language; `None` if its form is not known.
pub fn said(say: Say, text: &str) -> Option<String> {
    let mut all = FORMS.iter();
    let (found, key) = all.find_map(|(form, key)| Some((form.captures(text)?, *key)))?;
    let part = |name: &str| {
        let part = found.name(name);
        part.map_or("", |part| part.as_str())
    };
    let why = part("why");
    let targets = part("targets").split(", ").map(bare);
    let targets: Vec<&str> = targets.collect();
    let args = [
        ("a", argument(say, part("a"))),
        ("b", argument(say, part("b"))),
        ("c", argument(say, part("c"))),
        ("d", argument(say, part("d"))),
        (
            "why",
            said(say, why).unwrap_or_else(|| why.to_owned()).into(),
        ),
        ("targets", targets.join(", ").into()),
    ];
    Some(say.with(key, args))
}

/// A number, a date, a time, or else a name.
fn argument(say: Say, part: &str) -> Arg {
    if let Ok(number) = part.parse::<i64>() {
        return number.into();
    }
    if let Ok(at) = NaiveDateTime::parse_from_str(part, "%Y-%m-%d %H:%MZ") {
        return say.time(at.and_utc()).into();
    }
    match Day::parse(part) {
        Some(day) => say.day(day).into(),
        None => part.into(),
    }
}

/// A target without its kind: of `tag:engaged:hot`, `engaged:hot`.
fn bare(target: &str) -> &str {
    let kinds = ["field:", "tag:", "create:"];
    let bare = kinds.iter().find_map(|kind| target.strip_prefix(kind));
    bare.unwrap_or(target)
}

#[cfg(test)]
mod tests;
