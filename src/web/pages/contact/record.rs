//! What was decided about a contact and done for it: automations, writes to platforms, cleaning,
//! and the audit trail.

use maud::{Markup, html};

use crate::{
    automation::EntryState,
    store::{CleaningCase, Listed, OutboxRow, OutboxState, Shown, Stage, Taken, TakenState},
    text::{Key, key},
    web::html::{self, Column, Mood, badge},
};

use super::Part;

fn entry_key(state: EntryState) -> (Key, Mood) {
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

fn write_key(state: OutboxState) -> (Key, Mood) {
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

fn stage_key(stage: Stage) -> Key {
    match stage {
        Stage::Candidate => key("contact-case-candidate"),
        Stage::Asked => key("contact-case-asked"),
        Stage::Removed => key("contact-case-removed"),
        Stage::CameBack => key("contact-case-came-back"),
        Stage::Kept => key("contact-case-kept"),
        Stage::HeldOut => key("contact-case-held-out"),
        Stage::Spared => key("contact-case-spared"),
    }
}

fn taken_key(state: TakenState) -> Key {
    match state {
        TakenState::Waiting => key("contact-taken-waiting"),
        TakenState::Removed => key("contact-taken-removed"),
        TakenState::Left => key("contact-taken-left"),
        TakenState::Restoring => key("contact-taken-restoring"),
        TakenState::Restored => key("contact-taken-restored"),
        TakenState::Lost => key("contact-taken-lost"),
    }
}

impl Part<'_> {
    /// Automations, writes and cleaning.
    pub(super) fn record(&self) -> Markup {
        html! { (self.automations()) (self.pushes()) (self.cleaning()) }
    }

    fn automations(&self) -> Markup {
        let say = self.say();
        let columns = [
            Column::text(say.t("contact-automation")),
            Column::text(say.t("contact-entered")),
            Column::text(say.t("contact-state")),
            Column::text(say.t("contact-why")),
            Column::text(say.t("contact-left")),
        ];
        let row = |entry: &Listed| {
            let (word, mood) = entry_key(entry.state);
            vec![
                self.name(&entry.automation),
                html! { (say.millis(entry.entered_at)) },
                badge(mood, &say.t(word)),
                self.reason([entry.reason.as_deref(), entry.answer.as_deref()]),
                html! { (entry.left_at.map_or_else(|| say.t("contact-inside"), |at| say.millis(at))) },
            ]
        };
        let rows: Vec<Vec<Markup>> = self.seen.entries.iter().map(row).collect();
        html! {
            h2 { (say.t("contact-automations")) }
            (html::table(&say.t("contact-automations-caption"), &columns, &rows, &say.t("contact-no-entries")))
        }
    }

    fn reason(&self, parts: [Option<&str>; 2]) -> Markup {
        let said: Vec<&str> = parts
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
            .collect();
        html! {
            @for (place, part) in said.iter().enumerate() { @if place > 0 { "; " } (self.name(part)) }
            @if said.is_empty() { "–" }
        }
    }

    fn pushes(&self) -> Markup {
        let say = self.say();
        let columns = [
            Column::text(say.t("contact-where")),
            Column::text(say.t("contact-target")),
            Column::text(say.t("contact-value")),
            Column::text(say.t("contact-told-at")),
        ];
        let row = |shown: &Shown| {
            vec![
                self.connection(shown.connection),
                self.target(&shown.target),
                self.value(shown.value.as_deref()),
                html! { (say.millis(shown.known_at)) },
            ]
        };
        let shown: Vec<Vec<Markup>> = self.seen.shown.iter().map(row).collect();
        html! {
            h2 { (say.t("contact-pushes")) }
            (html::table(&say.t("contact-shown-caption"), &columns, &shown, &say.t("contact-nothing-shown")))
            @if !self.seen.writes.is_empty() {
                details {
                    summary { (say.with("contact-writes", [("n", self.seen.writes.len().into())])) }
                    (self.writes())
                }
            }
        }
    }

    fn writes(&self) -> Markup {
        let say = self.say();
        let columns = [
            Column::text(say.t("contact-queued-at")),
            Column::text(say.t("contact-where")),
            Column::text(say.t("contact-target")),
            Column::text(say.t("contact-value")),
            Column::text(say.t("contact-state")),
            Column::text(say.t("contact-why")),
        ];
        let row = |row: &OutboxRow| {
            let (word, mood) = write_key(row.state);
            vec![
                html! { (say.millis(row.known_at)) },
                self.connection(row.row.connection),
                self.target(&row.row.target),
                self.value(row.row.value.as_deref()),
                badge(mood, &say.t(word)),
                self.reason([Some(&row.row.reason), row.detail.as_deref()]),
            ]
        };
        let rows: Vec<Vec<Markup>> = self.seen.writes.iter().map(row).collect();
        html::table(&say.t("contact-writes-caption"), &columns, &rows, "")
    }

    /// What is written to, by its key.
    fn target(&self, key: &str) -> Markup {
        let say = self.say();
        match key.split_once(':') {
            Some(("field", name)) => {
                html! { (say.t("contact-target-field")) " " (self.name(name)) }
            }
            Some(("tag", name)) => html! { (say.t("contact-target-tag")) " " (self.name(name)) },
            _ => self.name(key),
        }
    }

    fn value(&self, value: Option<&str>) -> Markup {
        match value {
            Some(value) => self.name(value),
            None => html! { span.soft { (self.say().t("contact-taken-away")) } },
        }
    }

    fn cleaning(&self) -> Markup {
        let say = self.say();
        let columns = [
            Column::text(say.t("contact-policy")),
            Column::text(say.t("contact-state")),
            Column::text(say.t("contact-since-when")),
            Column::text(say.t("contact-why")),
            Column::text(say.t("contact-where")),
        ];
        let row = |(case, taken): &(CleaningCase, Vec<Taken>)| {
            vec![
                self.name(&case.policy),
                badge(Mood::Calm, &say.t(stage_key(case.stage))),
                html! { (say.millis(case.since_at)) },
                self.reason([case.detail.as_deref(), None]),
                html! {
                    @for (place, each) in taken.iter().enumerate() {
                        @if place > 0 { br; }
                        (self.connection(each.connection)) ": " (say.t(taken_key(each.state)))
                        @if let Some(at) = each.done_at { ", " (say.millis(at)) }
                    }
                    @if taken.is_empty() { "–" }
                },
            ]
        };
        let rows: Vec<Vec<Markup>> = self.seen.cases.iter().map(row).collect();
        html! {
            @if !rows.is_empty() {
                h2 { (say.t("contact-cleaning")) }
                (html::table(&say.t("contact-cleaning-caption"), &columns, &rows, ""))
            }
        }
    }

    /// Lines of the audit trail about the contact.
    pub(super) fn audit(&self) -> Markup {
        let say = self.say();
        let columns = [
            Column::text(say.t("contact-event-when")),
            Column::text(say.t("contact-audit-who")),
            Column::text(say.t("contact-event-what")),
        ];
        let rows = self.seen.audit.iter().map(|row| {
            let what = format!("{} {}", row.what, row.detail);
            vec![
                html! { (say.millis(row.at)) },
                self.name(&row.who),
                self.name(&what),
            ]
        });
        let rows: Vec<Vec<Markup>> = rows.collect();
        html! {
            @if !rows.is_empty() {
                h2 { (say.t("contact-audit")) }
                (html::table(&say.t("contact-audit-caption"), &columns, &rows, ""))
            }
        }
    }
}
