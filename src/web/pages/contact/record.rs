//! What was decided about a contact and done for it: automations, writes to platforms, cleaning,
//! and the audit trail.

use maud::{Markup, html};

use crate::{
    store::{CleaningCase, Listed, OutboxRow, Shown, Taken},
    web::{
        html::{self, Column, badge, time},
        states,
        told::told,
    },
};

use super::Part;

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
            let (word, mood) = states::entry(entry.state);
            vec![
                self.name(&entry.automation),
                time(say, entry.entered_at),
                badge(mood, &say.t(word)),
                self.reason([entry.reason.as_deref(), entry.answer.as_deref()]),
                html! { @if let Some(at) = entry.left_at { (time(say, at)) } @else { (say.t("contact-inside")) } },
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
            @for (place, part) in said.iter().enumerate() { @if place > 0 { "; " } (told(self.visit, part)) }
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
                time(say, shown.known_at),
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
            let (word, mood) = states::write(row.state);
            vec![
                time(say, row.known_at),
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
            let (word, mood) = states::stage(case.stage);
            vec![
                self.name(&case.policy),
                badge(mood, &say.t(word)),
                time(say, case.since_at),
                self.reason([case.detail.as_deref(), None]),
                html! {
                    @for (place, each) in taken.iter().enumerate() {
                        @if place > 0 { br; }
                        (self.connection(each.connection)) ": " (say.t(states::taken(each.state)))
                        @if let Some(at) = each.done_at { ", " (time(say, at)) }
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
            vec![time(say, row.at), self.name(&row.who), self.name(&what)]
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
