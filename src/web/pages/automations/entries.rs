//! Entries: how many came on which day, and the list of them.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{Filter, wants_somebody, words};
use crate::{
    automation::EntryState,
    score::calendar::Day,
    store::{EntryDay, Listed},
    text::{Key, key},
    web::{
        chart::{Area, Colour, Frame, Layer, Slot, Unit, area},
        html::{Column, name, table, time},
        page::Visit,
        states,
        told::told,
    },
};

/// So many entries stand on a page.
pub(super) const ROWS: u16 = 50;

/// So many days are charted: eight weeks.
pub(super) const DAYS: usize = 56;

/// What becomes of entries, in few groups.
const GROUPS: [(Key, &[EntryState]); 4] = [
    (
        key("automations-group-started"),
        &[
            EntryState::Started,
            EntryState::Leaving,
            EntryState::HandedOver,
        ],
    ),
    (
        key("automations-group-waiting"),
        &[
            EntryState::Settling,
            EntryState::Ready,
            EntryState::Attempting,
        ],
    ),
    (
        key("automations-group-looked"),
        &[EntryState::InDoubt, EntryState::Refused],
    ),
    (
        key("automations-group-nothing"),
        &[
            EntryState::Silent,
            EntryState::Suppressed,
            EntryState::Withdrawn,
        ],
    ),
];

/// Where the entries of an automation are listed.
pub(super) fn place(automation: &str, state: Option<EntryState>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("automation", automation);
    query.extend_pairs(state.map(|state| ("state", state.as_str())));
    format!("/automations?{}#entries", query.finish())
}

/// Entries per day over eight weeks, by what became of them.
pub(super) fn chart(visit: &Visit, days: &[EntryDay], today: Day) -> Markup {
    let say = visit.say;
    let mut sizes: BTreeMap<Day, Vec<u64>> = BTreeMap::new();
    let mut day = today;
    for _ in 0..DAYS {
        sizes.insert(day, vec![0; GROUPS.len()]);
        day = day.previous();
    }
    let mut all = 0;
    for entries in days {
        let group = GROUPS
            .iter()
            .position(|(_, states)| states.contains(&entries.state));
        let number = u64::try_from(entries.entries).unwrap_or_default();
        if let (Some(sizes), Some(group)) = (sizes.get_mut(&entries.on), group) {
            sizes[group] += number;
            all += number;
        }
    }
    let midnight = |day: Day| day.date().and_then(|date| date.and_hms_opt(0, 0, 0));
    let first = sizes.keys().next().copied().and_then(midnight);
    let (Some(from), Some(until)) = (first, midnight(today.next())) else {
        return html! {};
    };
    let layers = GROUPS.iter().enumerate().map(|(place, (word, _))| Layer {
        name: say.t(*word),
        colour: Colour::Series(place),
    });
    let started: u64 = sizes.values().map(|sizes| sizes[0]).sum();
    let slots = sizes.into_iter().filter_map(|(day, sizes)| {
        Some(Slot {
            start: midnight(day)?,
            sizes: Some(sizes),
        })
    });
    let chart = Area {
        unit: Unit::Day,
        from,
        until,
        layers: layers.collect(),
        slots: if all > 0 { slots.collect() } else { Vec::new() },
        complete: None,
        words: area::Words {
            contacts: say.t("automations-entries"),
            time: say.t("automations-day"),
            total: say.t("automations-entries"),
            gap: say.t("gap"),
        },
    };
    let frame = Frame {
        id: "entries-per-day".to_owned(),
        title: say.t("automations-per-day"),
        message: say.with(
            "automations-per-day-message",
            [("n", all.into()), ("started", started.into())],
        ),
        empty: say.t("automations-per-day-empty"),
        as_table: say.t("as-table"),
    };
    html! { (chart.draw(&frame, &say)) }
}

/// The list, with its filters.
pub(super) fn list(visit: &Visit, entries: &[Listed], filter: &Filter, names: &[&str]) -> Markup {
    let say = visit.say;
    let columns = [
        Column::text(say.t("push-contact")),
        Column::text(say.t("automations-name")),
        Column::text(say.t("automations-entered")),
        Column::text(say.t("push-state")),
        Column::text(say.t("cleaning-why")),
        Column::text(say.t("automations-there")),
    ];
    let page = entries.iter().take(ROWS.into());
    let rows = page.map(|entry| {
        vec![
            visit.contact(entry.contact, entry.email.as_ref()),
            name(&entry.automation),
            time(say, entry.entered_at),
            words::state(say, entry.state),
            html! {
                @if let Some(why) = &entry.reason { (told(visit, why)) }
                @if let Some(answer) = &entry.answer { div.small { (told(visit, answer)) } }
            },
            match entry.left_at {
                None => html! { (say.t("automations-inside")) },
                Some(at) => {
                    html! { (say.with("automations-left", [("time", say.millis(at).into())])) }
                }
            },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let last = entries.iter().take(ROWS.into()).next_back();
    let more = entries.len() > usize::from(ROWS);
    html! {
        section #entries {
            h2 { (say.t("automations-entries-title")) }
            (filters(visit, filter, names))
            (table(&say.t("automations-entries-caption"), &columns, &rows, &say.t("automations-entries-empty")))
            p {
                @if filter.before.is_some() { a href=(with(filter, None)) { (say.t("first-page")) } " " }
                @if let Some(entry) = last.filter(|_| more) { a href=(with(filter, Some(entry.entry))) { (say.t("next-page")) } }
            }
        }
    }
}

/// The same list from another place on.
fn with(filter: &Filter, before: Option<i64>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(filter.automation().map(|name| ("automation", name)));
    query.extend_pairs(filter.state().map(|state| ("state", state.as_str())));
    query.extend_pairs(before.map(|before| ("before", before.to_string())));
    format!("/automations?{}#entries", query.finish())
}

fn filters(visit: &Visit, filter: &Filter, names: &[&str]) -> Markup {
    let say = visit.say;
    html! {
        form.row method="get" action="/automations" {
            div {
                label for="automation" { (say.t("automations-name")) }
                select #automation name="automation" {
                    option value="" selected[filter.automation().is_none()] { (say.t("automations-all")) }
                    @for each in names { option value=(each) selected[filter.automation() == Some(each)] { (crate::text::inert(each)) } }
                }
            }
            div {
                label for="state" { (say.t("push-state")) }
                select #state name="state" {
                    option value="" selected[filter.state().is_none()] { (say.t("push-any-state")) }
                    @for state in EntryState::ALL {
                        option value=(state.as_str()) selected[filter.state() == Some(state)] { (say.t(states::entry(state).0)) }
                    }
                }
            }
            button.quiet type="submit" { (say.t("apply-choice")) }
            @if filter.automation().is_some() || filter.state().is_some() { a href="/automations#entries" { (wants_somebody(&say.t("automations-filtered"))) } }
        }
    }
}
