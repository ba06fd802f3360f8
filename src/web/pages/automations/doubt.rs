//! Starts that are in doubt: what to look at on the platform, and a person's word on each.

use axum::{Form, response::Response};
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    account::Role,
    automation::EntryState,
    entries,
    store::{Conn, EntriesWanted, Listed, LoggedWrite, Resolution, StoreError},
    text::{Key, Say, key},
    web::{
        error::Refusal,
        html::{Column, Mood, name, table},
        page::Visit,
        pages::push::words::{attempted_at, verb},
    },
};

/// So many are asked about at once.
const ASKED_MAX: u16 = 20;

/// An entry of which nobody knows whether it was started, and what was asked for it.
pub(super) struct Doubt {
    entry: Listed,
    write: Option<LoggedWrite>,
    on: Option<String>,
}

/// The newest entries that are in doubt.
pub(super) fn read(conn: &Conn) -> Result<Vec<Doubt>, StoreError> {
    let wanted = EntriesWanted {
        state: Some(EntryState::InDoubt),
        limit: ASKED_MAX,
        ..EntriesWanted::default()
    };
    let known = conn.connections()?;
    let mut doubts = Vec::new();
    for entry in conn.entries_page(&wanted)? {
        let write = conn.start_of(entry.entry)?;
        let on = write.as_ref().and_then(|write| {
            let mut all = known.iter();
            all.find(|each| each.id == write.row.row.connection)
        });
        doubts.push(Doubt {
            on: on.map(|each| each.name.clone()),
            entry,
            write,
        });
    }
    Ok(doubts)
}

/// The part of the page at `#doubt`; nothing where nothing is in doubt.
pub(super) fn section(visit: &Visit, doubts: &[Doubt]) -> Markup {
    let say = visit.say;
    if doubts.is_empty() {
        return html! {};
    }
    let may = visit.may(Role::Marketer);
    let mut columns = vec![
        Column::text(say.t("push-contact")),
        Column::text(say.t("automations-name")),
        Column::text(say.t("automations-doubt-where")),
    ];
    if may {
        columns.push(Column::text(say.t("automations-doubt-word")));
    }
    let rows = doubts.iter().map(|doubt| {
        let entry = &doubt.entry;
        let mut row = vec![
            visit.contact(entry.contact, entry.email.as_ref()),
            name(&entry.automation),
            look_at(visit, doubt),
        ];
        if may {
            row.push(form(say, entry.entry));
        }
        row
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    html! {
        section.doubts #doubt {
            h2 { (say.t("automations-doubt-title")) }
            p { (say.t("automations-doubt-means")) }
            (table(&say.t("automations-doubt-caption"), &columns, &rows, ""))
            @if !may { p.soft { (say.t("automations-doubt-who")) } }
        }
    }
}

/// The three things that a person can say of an entry.
fn form(say: Say, entry: i64) -> Markup {
    html! {
        form.row method="post" action="/automations/resolve" {
            input type="hidden" name="entry" value=(entry);
            @for (word, label) in WORDS {
                button.quiet type="submit" name="word" value=(word) { (say.t(label)) }
            }
        }
    }
}

/// What a person can say.
const WORDS: [(&str, Key); 3] = [
    ("started", key("automations-doubt-started")),
    ("again", key("automations-doubt-again")),
    ("drop", key("automations-doubt-drop")),
];

/// Where to look, and for what.
fn look_at(visit: &Visit, doubt: &Doubt) -> Markup {
    let say = visit.say;
    let Some(write) = &doubt.write else {
        return html! { (say.t("automations-doubt-look")) };
    };
    let row = &write.row.row;
    let at = write.attempt.as_deref().and_then(attempted_at);
    let time = say.millis(at.unwrap_or(write.changed_at));
    let on = doubt.on.as_deref().unwrap_or_default();
    html! {
        (say.with("automations-doubt-look-at", [("on", on.into()), ("time", time.into())])) " "
        strong { (verb(say, &row.write)) " " (name(&visit.plain(row.value.as_deref().unwrap_or_default()))) }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Word {
    entry: i64,
    word: String,
}

pub(super) async fn resolve(visit: Visit, Form(form): Form<Word>) -> Response {
    let resolution = match form.word.as_str() {
        "started" => Resolution::Started,
        "again" => Resolution::Again,
        "drop" => Resolution::Drop,
        _ => return visit.refuse(Refusal::NotFound),
    };
    let (who, now) = (visit.session.name.clone(), visit.now().timestamp_millis());
    let done = visit
        .act(move |jobs| entries::resolve(&jobs.store, form.entry, resolution, (&who, now)))
        .await;
    let say = visit.say;
    let words = match done {
        Ok(EntryState::Started) => say.t("automations-resolved-started"),
        Ok(EntryState::Ready) => say.t("automations-resolved-again"),
        Ok(_) => say.t("automations-resolved-dropped"),
        Err(refused) => return refused,
    };
    visit.then("/automations", Mood::Good, words)
}
