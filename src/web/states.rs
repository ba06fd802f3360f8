//! How far things have come, in the same words on every page: entries into automations, writes, cases of cleaning.

use super::html::Mood;
use crate::{
    automation::EntryState,
    store::{OutboxState, Stage, TakenState},
    text::{Key, key},
};

/// What has become of an entry into an automation.
pub fn entry(state: EntryState) -> (Key, Mood) {
    match state {
        EntryState::Settling => (key("contact-entry-settling"), Mood::Calm),
        EntryState::Ready => (key("contact-entry-ready"), Mood::Calm),
        EntryState::Attempting => (key("contact-entry-attempting"), Mood::Calm),
        EntryState::Started => (key("contact-entry-started"), Mood::Good),
        EntryState::InDoubt => (key("contact-entry-in-doubt"), Mood::Warn),
        EntryState::Refused => (key("contact-entry-refused"), Mood::Bad),
        EntryState::HandedOver => (key("contact-entry-handed-over"), Mood::Good),
        EntryState::Silent => (key("contact-entry-silent"), Mood::Calm),
        EntryState::Suppressed => (key("contact-entry-suppressed"), Mood::Calm),
        EntryState::Withdrawn => (key("contact-entry-withdrawn"), Mood::Calm),
        EntryState::Leaving => (key("contact-entry-leaving"), Mood::Calm),
    }
}

/// How far a write has come.
pub fn write(state: OutboxState) -> (Key, Mood) {
    match state {
        OutboxState::Planned => (key("contact-write-planned"), Mood::Calm),
        OutboxState::Attempting => (key("contact-write-attempting"), Mood::Calm),
        OutboxState::Applied => (key("contact-write-applied"), Mood::Good),
        OutboxState::Rejected => (key("contact-write-rejected"), Mood::Bad),
        OutboxState::Retry => (key("contact-write-retry"), Mood::Warn),
        OutboxState::Ambiguous => (key("contact-write-ambiguous"), Mood::Warn),
        OutboxState::Reconciled => (key("contact-write-reconciled"), Mood::Calm),
        OutboxState::Abandoned => (key("contact-write-abandoned"), Mood::Calm),
    }
}

/// Where a contact stands with a cleaning policy.
pub fn stage(stage: Stage) -> (Key, Mood) {
    match stage {
        Stage::Candidate => (key("contact-case-candidate"), Mood::Warn),
        Stage::ToAsk => (key("contact-case-to-ask"), Mood::Warn),
        Stage::Asked => (key("contact-case-asked"), Mood::Calm),
        Stage::Removed => (key("contact-case-removed"), Mood::Good),
        Stage::CameBack => (key("contact-case-came-back"), Mood::Good),
        Stage::Kept => (key("contact-case-kept"), Mood::Calm),
        Stage::HeldOut => (key("contact-case-held-out"), Mood::Calm),
        Stage::Spared => (key("contact-case-spared"), Mood::Calm),
    }
}

/// What became of a contact on one platform that it was taken off.
pub fn taken(state: TakenState) -> Key {
    match state {
        TakenState::Waiting => key("contact-taken-waiting"),
        TakenState::Removed => key("contact-taken-removed"),
        TakenState::Left => key("contact-taken-left"),
        TakenState::Restoring => key("contact-taken-restoring"),
        TakenState::Restored => key("contact-taken-restored"),
        TakenState::Lost => key("contact-taken-lost"),
    }
}
