//! Who a contact is: since when it is known, where it is, and what the platforms say about it.

use engaged_connectors::model::Status;
use maud::{Markup, html};

use crate::{
    score::facts::{ConnectionId, Subscription},
    store::Presence,
    text::{Key, key},
    web::{
        html::{self, Column, Mood, badge},
        spread::unjudged_key,
    },
};

use super::Part;

/// So many tags, lists and fields are named; of more, only the number.
const NAMED_MAX: usize = 30;
const FIELDS_MAX: usize = 100;

/// How a platform's word on a contact is said.
pub(super) fn status_key(status: Status) -> (Key, Mood) {
    match status {
        Status::Subscribed => (key("contact-status-subscribed"), Mood::Good),
        Status::Bounced => (key("contact-status-bounced"), Mood::Warn),
        Status::Unsubscribed => (key("contact-status-unsubscribed"), Mood::Calm),
        Status::Complained => (key("contact-status-complained"), Mood::Bad),
        Status::Suppressed => (key("contact-status-suppressed"), Mood::Calm),
    }
}

impl Part<'_> {
    /// Where the contact belongs, in one line under its name.
    pub(super) fn lead(&self) -> Markup {
        let say = self.say();
        let Some(known) = &self.seen.known else {
            return html! {};
        };
        let explanation = &known.explanation;
        let now = self.as_of == self.seen.today;
        let unjudged = self
            .seen
            .stored
            .as_ref()
            .and_then(|state| state.unjudged.as_deref());
        html! {
            p.lead {
                @if now && let Some(reason) = unjudged {
                    (badge(Mood::Warn, &say.with("contact-unjudged", [("why", say.t(unjudged_key(reason)).into())]))) " "
                }
                @if let Some(stage) = &explanation.stage { (say.t("contact-stage")) " " strong { (html::name(stage)) } " · " }
                @if explanation.segments.is_empty() {
                    (say.t("contact-no-segment"))
                } @else {
                    (say.with("contact-segments", [("n", explanation.segments.len().into())])) " "
                    @for (place, segment) in explanation.segments.iter().enumerate() {
                        @if place > 0 { ", " } strong { (html::name(segment)) }
                    }
                }
                " · " (say.with("contact-known-since", [("on", say.day(say.local_day(known.facts.first_known_at)).into())]))
                @if let Some(at) = known.facts.subscribed_at {
                    " · " (say.with("contact-subscribed-since", [("on", say.day(say.local_day(at)).into())]))
                }
            }
        }
    }

    /// Where the contact is, and its fields.
    pub(super) fn who(&self) -> Markup {
        let say = self.say();
        let columns = [
            Column::text(say.t("contact-where")),
            Column::text(say.t("contact-platform-id")),
            Column::text(say.t("contact-status")),
            Column::text(say.t("contact-lists")),
            Column::text(say.t("contact-tags")),
            Column::text(say.t("contact-there")),
        ];
        let mut rows: Vec<Vec<Markup>> = self
            .seen
            .presences
            .iter()
            .map(|each| self.presence(each))
            .collect();
        rows.extend(self.elsewhere());
        html! {
            h2 { (say.t("contact-who")) }
            (html::table(&say.t("contact-where-caption"), &columns, &rows, &say.t("contact-nowhere")))
            (self.fields())
        }
    }

    fn presence(&self, presence: &Presence) -> Vec<Markup> {
        let say = self.say();
        let there = match presence.gone_at {
            Some(at) => {
                html! { (badge(Mood::Warn, &say.with("contact-gone", [("on", say.millis(at).into())]))) }
            }
            None => {
                html! { (say.with("contact-since", [("on", say.millis(presence.known_at).into())])) }
            }
        };
        let status = presence.status.map(status_key);
        vec![
            self.connection(presence.connection),
            self.name(&presence.platform_id),
            html! { @if let Some((word, mood)) = status { (badge(mood, &say.t(word))) } @else { "–" } },
            self.lists(presence.connection),
            self.named(&presence.tags),
            there,
        ]
    }

    /// Connections that know the contact by its address alone.
    fn elsewhere(&self) -> Vec<Vec<Markup>> {
        let known = self
            .seen
            .known
            .iter()
            .flat_map(|known| &known.facts.connections);
        let listed = |id: &&ConnectionId| {
            !self
                .seen
                .presences
                .iter()
                .any(|each| each.connection == **id)
        };
        let others = known.filter(listed);
        let row = |id: &ConnectionId| {
            let dash = || html! { "–" };
            let status = self.word(*id, "").map(|word| status_key(word.status));
            let status = html! {
                @if let Some((word, mood)) = status { (badge(mood, &self.say().t(word))) } @else { "–" }
            };
            vec![
                self.connection(*id),
                dash(),
                status,
                self.lists(*id),
                dash(),
                dash(),
            ]
        };
        others.map(row).collect()
    }

    /// What a connection says about a list; the empty name is the contact as a whole.
    fn word(&self, connection: ConnectionId, list: &str) -> Option<&Subscription> {
        let known = self.seen.known.as_ref()?;
        let mut all = known.facts.subscriptions.iter();
        all.find(|each| each.connection == connection && each.list == list)
    }

    fn lists(&self, connection: ConnectionId) -> Markup {
        let say = self.say();
        let known = self
            .seen
            .known
            .iter()
            .flat_map(|known| &known.facts.subscriptions);
        let lists: Vec<&Subscription> = known
            .filter(|each| each.connection == connection && !each.list.is_empty())
            .collect();
        html! {
            @for (place, each) in lists.iter().take(NAMED_MAX).enumerate() {
                @if place > 0 { br; }
                (self.name(&each.list)) ": " (say.t(status_key(each.status).0))
                ", " (say.with("contact-since", [("on", say.day(say.local_day(each.at)).into())]))
            }
            (self.more(lists.len()))
            @if lists.is_empty() { "–" }
        }
    }

    fn named(&self, names: &[String]) -> Markup {
        html! {
            @for (place, name) in names.iter().take(NAMED_MAX).enumerate() {
                @if place > 0 { ", " } (self.name(name))
            }
            (self.more(names.len()))
            @if names.is_empty() { "–" }
        }
    }

    /// That there are more than are named.
    fn more(&self, all: usize) -> Markup {
        let more = all.saturating_sub(NAMED_MAX);
        html! { @if more > 0 { " " span.soft { (self.say().with("contact-more", [("n", more.into())])) } } }
    }

    fn fields(&self) -> Markup {
        let say = self.say();
        let fields: Vec<_> = self
            .seen
            .known
            .iter()
            .flat_map(|known| &known.facts.fields)
            .collect();
        let columns = [
            Column::text(say.t("contact-field")),
            Column::text(say.t("contact-value")),
        ];
        let rows = fields.iter().take(FIELDS_MAX);
        let rows = rows.map(|(name, value)| vec![self.name(name), self.name(value)]);
        let rows: Vec<Vec<Markup>> = rows.collect();
        html! {
            @if !fields.is_empty() {
                details {
                    summary { (say.with("contact-fields", [("n", fields.len().into())])) }
                    (html::table(&say.t("contact-fields-caption"), &columns, &rows, ""))
                    @if fields.len() > FIELDS_MAX {
                        p.soft { (say.with("contact-more", [("n", (fields.len() - FIELDS_MAX).into())])) }
                    }
                }
            }
        }
    }
}
