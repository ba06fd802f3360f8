//! What one row means, however it was written.
//!
//! Both formats become the same cells: a key and a text. Numbers are read from
//! their digits, never through a float: a cent is a cent.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use engaged_connectors::model::{Address, Contact, ContactRef, Event, EventKind, Status, Verdict};
use serde_json::{Value, value::RawValue};

use crate::{score::calendar::Day, store::Gap};

/// One row, understood.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// A contact as it is now.
    Contact(Contact),
    /// Something that happened.
    Event(Event),
    /// Days that are not complete.
    Gap(Gap),
}

/// Why a row was left out, without addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow(pub String);

const KEYS: [&str; 21] = [
    "email",
    "id",
    "kind",
    "at",
    "campaign",
    "link",
    "url",
    "item",
    "quantity",
    "value",
    "currency",
    "order",
    "tracked",
    "verdict",
    "bounce",
    "properties",
    "subscribed_at",
    "status",
    "fields",
    "gap",
    "lists",
];

/// Reads rows of files with the same declared kinds.
pub struct RowReader {
    kinds: BTreeSet<String>,
    told: BTreeSet<String>,
    unknown: Vec<(String, Option<&'static str>)>,
}

/// A row's cells, taken out one by one; what is left at the end is unknown to us.
#[derive(Default)]
struct Cells<'r> {
    texts: BTreeMap<&'r str, String>,
    fields: BTreeMap<String, String>,
    properties: BTreeMap<String, Value>,
    gap: Option<GapCells>,
}

#[derive(Default)]
struct GapCells {
    from: Option<String>,
    to: Option<String>,
    kinds: Vec<String>,
}

type Read<T> = Result<T, BadRow>;

impl RowReader {
    /// A reader that knows these declared kinds besides the built-in ones.
    pub fn new(kinds: &[String]) -> Self {
        Self {
            kinds: kinds.iter().map(|kind| normal(kind)).collect(),
            told: BTreeSet::new(),
            unknown: Vec::new(),
        }
    }

    /// Unknown keys met since the last call, each once in this reader's life.
    pub fn take_unknown_keys(&mut self) -> Vec<(String, Option<&'static str>)> {
        std::mem::take(&mut self.unknown)
    }

    /// One line of JSON; `None` for a blank one.
    pub fn json(&mut self, line: &str) -> Read<Option<Row>> {
        let line = line.trim();
        if line.is_empty() {
            return Ok(None);
        }
        let keys: BTreeMap<String, &RawValue> =
            serde_json::from_str(line).map_err(|error| BadRow(not_an_object(line, &error)))?;
        let mut cells = Cells::default();
        for (key, value) in &keys {
            match key.as_str() {
                "fields" => cells.fields = texts(key, value)?,
                "properties" => cells.properties = object(key, value)?,
                "gap" => cells.gap = Some(GapCells::of_json(value)?),
                "lists" => {
                    let lists: Vec<String> = serde_json::from_str(value.get())
                        .map_err(|_| bad(key, "is not a list of names"))?;
                    cells.texts.insert("lists", lists.join(";"));
                }
                key => {
                    if let Some(text) = scalar(key, value)? {
                        cells.texts.insert(key, text);
                    }
                }
            }
        }
        self.row(cells).map(Some)
    }

    /// One row of CSV: column and text of each cell that is not empty; `None` for a blank row.
    pub fn csv(&mut self, row: &[(&str, &str)]) -> Read<Option<Row>> {
        if row.is_empty() {
            return Ok(None);
        }
        let mut cells = Cells::default();
        for &(column, text) in row {
            match column.split_once('.') {
                Some(("fields", name)) => {
                    cells.fields.insert(name.to_owned(), text.to_owned());
                }
                Some(("properties", name)) => {
                    cells.properties.insert(name.to_owned(), Value::from(text));
                }
                Some(("gap", "from")) => {
                    cells.gap.get_or_insert_default().from = Some(text.to_owned());
                }
                Some(("gap", "to")) => {
                    cells.gap.get_or_insert_default().to = Some(text.to_owned());
                }
                Some(("gap", "kinds")) => {
                    cells.gap.get_or_insert_default().kinds = names(text).collect();
                }
                _ => {
                    cells.texts.insert(column, text.to_owned());
                }
            }
        }
        self.row(cells).map(Some)
    }

    fn row(&mut self, mut cells: Cells<'_>) -> Read<Row> {
        let row = if let Some(gap) = cells.gap.take() {
            self.gap(gap).map(Row::Gap)
        } else if let Some(kind) = cells.take("kind") {
            self.event(&kind, &mut cells).map(Row::Event)
        } else {
            contact(&mut cells).map(Row::Contact)
        }?;
        for key in cells.texts.keys() {
            if !KEYS.contains(key) && self.told.insert((*key).to_owned()) {
                let nearest = nearest(key, KEYS.into_iter());
                self.unknown.push(((*key).to_owned(), nearest));
            }
        }
        Ok(row)
    }

    fn event(&self, kind: &str, cells: &mut Cells<'_>) -> Read<Event> {
        let mut kind = self.kind(kind)?;
        if let Some(bounce) = cells.take("bounce") {
            kind = match (kind, bounce.as_str()) {
                (EventKind::Bounce, "hard") => EventKind::HardBounce,
                (EventKind::Bounce, "soft") => EventKind::SoftBounce,
                (EventKind::Bounce, other) => {
                    return Err(BadRow(format!(
                        "bounce {} is neither hard nor soft",
                        quoted(other)
                    )));
                }
                (kind, _) => kind,
            };
        }
        let email = address(cells)?;
        let Some(at) = cells.take("at") else {
            return Err(BadRow("an event without `at`".into()));
        };
        let who = ContactRef {
            id: None,
            email: Some(email),
        };
        let mut event = Event::new(who, kind, instant("at", &at)?);
        event.id = cells.take("id");
        event.campaign = cells.take("campaign");
        event.link = cells.take("link");
        event.url = cells.take("url");
        event.item = cells.take("item");
        event.quantity = cells.read("quantity", quantity)?;
        event.value_cents = cells.read("value", cents)?;
        event.currency = cells.read("currency", currency)?;
        event.order = cells.take("order");
        event.tracked = cells.read("tracked", truth)?;
        event.verdict = cells.read("verdict", verdict)?;
        event.properties = std::mem::take(&mut cells.properties);
        Ok(event)
    }

    fn gap(&self, cells: GapCells) -> Read<Gap> {
        let date = |name: &str, text: Option<String>| {
            let text = text.ok_or_else(|| BadRow(format!("a gap without `{name}`")))?;
            Day::parse(&text).ok_or_else(|| {
                BadRow(format!(
                    "gap {name} {} is not a date like 2026-04-10",
                    quoted(&text)
                ))
            })
        };
        let (from, to) = (date("from", cells.from)?, date("to", cells.to)?);
        if from > to {
            return Err(BadRow(format!(
                "a gap from {from} to {to} ends before it begins"
            )));
        }
        let mut kinds = Vec::new();
        for name in &cells.kinds {
            let kind = self.kind(name)?;
            if kind == EventKind::Bounce {
                // A bounce is hard, soft or untyped.
                kinds.extend([EventKind::HardBounce, EventKind::SoftBounce]);
            }
            kinds.push(kind);
        }
        kinds.sort();
        kinds.dedup();
        Ok(Gap { from, to, kinds })
    }

    fn kind(&self, name: &str) -> Read<EventKind> {
        if let Some(kind) = EventKind::built_in(name) {
            return Ok(kind);
        }
        let name = normal(name);
        if self.kinds.contains(&name) {
            return Ok(EventKind::Custom(name));
        }
        let built_in: Vec<&str> = EventKind::BUILT_IN.iter().map(EventKind::as_str).collect();
        let candidates = built_in
            .iter()
            .copied()
            .chain(self.kinds.iter().map(String::as_str));
        Err(BadRow(match nearest(&name, candidates) {
            Some(nearest) => format!("unknown kind {}; did you mean {nearest}?", quoted(&name)),
            None => format!(
                "unknown kind {}; declare it under [events] kinds",
                quoted(&name)
            ),
        }))
    }
}

impl Cells<'_> {
    /// A cell's text; an empty one is no cell.
    fn take(&mut self, key: &str) -> Option<String> {
        self.texts
            .remove(key)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    }

    fn read<T>(&mut self, key: &str, read: fn(&str) -> Option<T>) -> Read<Option<T>> {
        let Some(text) = self.take(key) else {
            return Ok(None);
        };
        read(&text).map(Some).ok_or_else(|| {
            let expected = match key {
                "quantity" => "a whole number",
                "value" => "an amount like 260.00",
                "currency" => "a currency like EUR",
                "tracked" => "true or false",
                "verdict" => "human, unknown, privacy_proxy or scanner",
                _ => "a status: subscribed, unsubscribed, bounced, complained or suppressed",
            };
            BadRow(format!("{key} {} is not {expected}", quoted(&text)))
        })
    }
}

impl GapCells {
    fn of_json(value: &RawValue) -> Read<Self> {
        let mut keys: BTreeMap<String, Value> =
            serde_json::from_str(value.get()).map_err(|_| bad("gap", "is not an object"))?;
        let mut text = |key: &str| match keys.remove(key) {
            Some(Value::String(text)) => Ok(Some(text)),
            None | Some(Value::Null) => Ok(None),
            Some(_) => Err(bad("gap", "has a date that is not a text")),
        };
        let (from, to) = (text("from")?, text("to")?);
        let mut kinds = Vec::new();
        match keys.remove("kinds") {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) => {
                for item in items {
                    let Value::String(kind) = item else {
                        return Err(bad("gap", "has a kind that is not a text"));
                    };
                    kinds.push(kind);
                }
                if kinds.is_empty() {
                    // Reading it as "all kinds" could not judge anybody, as "none" could judge wrongly.
                    return Err(bad(
                        "gap",
                        "has an empty list of kinds; leave `kinds` out for all of them",
                    ));
                }
            }
            Some(_) => return Err(bad("gap", "has kinds that are not a list")),
        }
        Ok(Self { from, to, kinds })
    }
}

fn contact(cells: &mut Cells<'_>) -> Read<Contact> {
    let email = address(cells)?;
    let subscribed_at = match cells.take("subscribed_at") {
        Some(text) => Some(instant("subscribed_at", &text)?),
        None => None,
    };
    Ok(Contact {
        id: cells.take("id").unwrap_or_default(),
        email: Some(email),
        status: cells.read("status", status)?,
        subscribed_at,
        lists: cells
            .take("lists")
            .map(|text| names(&text).collect())
            .unwrap_or_default(),
        fields: std::mem::take(&mut cells.fields),
        tags: None,
    })
}

fn address(cells: &mut Cells<'_>) -> Read<Address> {
    let text = cells
        .take("email")
        .ok_or_else(|| BadRow("no `email`".into()))?;
    Address::parse(&text).ok_or_else(|| BadRow("email is not an address".into()))
}

fn instant(key: &str, text: &str) -> Read<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .map(|at| at.with_timezone(&Utc))
        .map_err(|_| {
            BadRow(format!(
                "{key} {} is not a time with its offset, like 2026-06-08T10:00:00Z",
                quoted(text)
            ))
        })
        .and_then(|at| {
            // Far beyond any history; a time in seconds or nanoseconds taken for a year ends here.
            let sane = (-62_135_596_800_000..=253_402_300_799_999).contains(&at.timestamp_millis());
            if sane {
                Ok(at)
            } else {
                Err(BadRow(format!("{key} is out of range")))
            }
        })
}

fn quantity(text: &str) -> Option<u32> {
    text.parse().ok()
}

/// Hundredths, from digits with at most two of them behind the point that say something.
fn cents(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 2 {
        return None;
    }
    let hundredths: i64 = format!("{fraction:0<2}").parse().ok()?;
    let cents = whole
        .parse::<i64>()
        .ok()?
        .checked_mul(100)?
        .checked_add(hundredths)?;
    Some(if negative { -cents } else { cents })
}

fn currency(text: &str) -> Option<String> {
    let code = text.to_ascii_uppercase();
    (code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())).then_some(code)
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

fn verdict(text: &str) -> Option<Verdict> {
    serde_json::from_value(Value::from(normal(text))).ok()
}

fn status(text: &str) -> Option<Status> {
    serde_json::from_value(Value::from(normal(text))).ok()
}

/// Names in one cell, separated by `;` or, where there is none, by `,`.
fn names(text: &str) -> impl Iterator<Item = String> {
    let separator = if text.contains(';') { ';' } else { ',' };
    text.split(separator)
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
}

fn normal(name: &str) -> String {
    name.trim().to_lowercase().replace(' ', "_")
}

/// A value as text: numbers with the digits they were written with; `None` for null.
fn scalar(key: &str, value: &RawValue) -> Read<Option<String>> {
    let text = value.get();
    match text.bytes().next() {
        Some(b'"') => serde_json::from_str(text)
            .map(Some)
            .map_err(|_| bad(key, "is not a text")),
        Some(b'n') => Ok(None),
        Some(b'{' | b'[') if KEYS.contains(&key) => Err(bad(key, "is not a text or a number")),
        _ => Ok(Some(text.to_owned())),
    }
}

fn texts(key: &str, value: &RawValue) -> Read<BTreeMap<String, String>> {
    let named: BTreeMap<String, &RawValue> =
        serde_json::from_str(value.get()).map_err(|_| bad(key, "is not an object"))?;
    let mut texts = BTreeMap::new();
    for (name, value) in named {
        // A field that is null is empty.
        texts.insert(name, scalar(key, value)?.unwrap_or_default());
    }
    Ok(texts)
}

fn object(key: &str, value: &RawValue) -> Read<BTreeMap<String, Value>> {
    let named: Option<BTreeMap<String, Value>> =
        serde_json::from_str(value.get()).map_err(|_| bad(key, "is not an object"))?;
    Ok(named.unwrap_or_default())
}

fn bad(key: &str, what: &str) -> BadRow {
    BadRow(format!("{key} {what}"))
}

fn not_an_object(line: &str, error: &serde_json::Error) -> String {
    if line.starts_with('{') {
        format!("not JSON: column {}", error.column())
    } else {
        "not a JSON object".into()
    }
}

/// A value for a message: short, and without an address.
fn quoted(text: &str) -> String {
    if let Some(address) = Address::parse(text) {
        return format!("'{address}'");
    }
    if text.contains('@') {
        return "'…'".into();
    }
    let short: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
    let more = if text.chars().count() > 40 { "…" } else { "" };
    format!("'{short}{more}'")
}

fn nearest<'n>(name: &str, candidates: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    candidates
        .map(|candidate| (strsim::osa_distance(name, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests;
