//! A copy of everything about a contact as one page that anybody can read, print and keep.

use std::collections::BTreeSet;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use crate::{
    config::Language,
    privacy::{
        Marks,
        export::{Export, Table},
    },
    words::{self, Detail},
};

const STYLE: &str = "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;font-size:.8rem}th,td{border:1px solid #999;padding:.2rem .4rem;text-align:left;vertical-align:top}
pre{white-space:pre-wrap}section{overflow-x:auto}";

/// A text in the language of the page.
struct Texts(Language);

impl Texts {
    const fn of(&self, dutch: &'static str, english: &'static str) -> &'static str {
        match self.0 {
            Language::Dutch => dutch,
            Language::English => english,
        }
    }
}

/// The page.
pub(super) fn page(export: &Export, language: Language) -> String {
    let say = Texts(language);
    let title = say.of("Wat we over u bewaren", "What we keep about you");
    let page = html! {
        (DOCTYPE)
        html lang=(language.code()) {
            head {
                meta charset="utf-8";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                p { (export.contact) ", " (export.made_at.format("%Y-%m-%d %H:%MZ")) }
                h2 { (say.of("Waarvoor", "What for")) }
                ul { @for purpose in &export.purposes { li { (purpose) } } }
                h2 { (say.of("Waar het vandaan komt en naartoe gaat", "Where it comes from and goes to")) }
                ul { @for source in &export.sources { li { (self::source(source, &say)) } } }
                h2 { (say.of("Scores", "Scores")) }
                (scores(export, language, &say))
                h2 { (say.of("Alle gegevens", "All data")) }
                p { (say.of(
                    "Elke regel van elke tabel waarin dit contact voorkomt. Tijden zijn in UTC.",
                    "Every row of every table that names this contact. Times are in UTC.",
                )) }
                @for table in &export.tables { (self::table(table)) }
                h2 { (say.of("Wat medewerkers ermee deden", "What people did with it")) }
                ul { @for line in &export.audit { li {
                    @if let Some(at) = line.at { (at.format("%Y-%m-%d %H:%MZ")) " " }
                    (line.who) ": " (line.what) " " (line.detail)
                } } }
            }
        }
    };
    page.into_string()
}

fn source(source: &Marks, say: &Texts) -> Markup {
    html! {
        (source.connection) " (" (source.platform) "): " (source.ids.join(", "))
        @if !source.there { " (" (say.of("niet meer aanwezig", "no longer there")) ")" }
        @if !source.shown.is_empty() { "; " (say.of("wij tonen daar: ", "we show there: ")) (source.shown.join(", ")) }
    }
}

fn scores(export: &Export, language: Language, say: &Texts) -> Markup {
    html! {
        @if let Some(since) = export.objects_since {
            p { (say.of("Bezwaar tegen scoren sinds ", "Objection to being scored since ")) (since.format("%Y-%m-%d")) "." }
        }
        @if let Some(explanation) = &export.explanation {
            pre { (words::text(&words::explanation(explanation, language, Detail::Everything))) }
        }
    }
}

fn table(table: &Table) -> Markup {
    let columns: BTreeSet<&String> = table.rows.iter().flat_map(serde_json::Map::keys).collect();
    html! {
        section {
            h3 { (table.table) " (" (table.rows.len()) ")" }
            @if !table.meaning.is_empty() { p { (table.meaning) } }
            table {
                tr { @for column in &columns { th scope="col" { (column) } } }
                @for row in &table.rows {
                    tr { @for column in &columns { td { (cell(row.get(*column))) } } }
                }
            }
        }
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
