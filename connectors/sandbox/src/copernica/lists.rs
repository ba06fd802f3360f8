//! Filters, order and pages of profiles and subprofiles (sheet 3).
//!
//! A filter that cannot be read, or names a column that is not there, is silently ignored: then everything comes back, and
//! an update changes everybody.

use std::cmp::Ordering;

use axum::http::Method;
use chrono::NaiveDateTime;
use serde_json::{Value, json};

use super::account::Account;
use super::answer::{Answer, envelope};
use super::call::Call;
use super::state::{Database, Field, Profile, Subprofile, column};
use super::time;
use crate::rng::mix;

/// An operator, the longer ones first.
const OPERATORS: [&str; 9] = ["==", "!=", "<>", "<=", ">=", "=~", "!~", "<", ">"];

/// `name op value`, taken apart; `None` where it is none of that.
pub(super) fn take_apart(filter: &str) -> Option<(&str, &'static str, &str)> {
    let at = filter.find(['=', '!', '<', '>'])?;
    let (name, rest) = filter.split_at(at);
    let operator = OPERATORS
        .into_iter()
        .find(|operator| rest.starts_with(operator))?;
    Some((name.trim(), operator, rest[operator.len()..].trim()))
}

/// What a test is about. A column of the same name hides a pseudo field (sheet 3).
#[derive(Debug, Clone, Copy)]
enum Key {
    Column(usize, bool),
    Id,
    Code,
    Modified,
}

#[derive(Debug, Clone)]
struct Test<'a> {
    key: Key,
    operator: &'static str,
    text: &'a str,
    number: Option<f64>,
    moment: Option<NaiveDateTime>,
}

impl<'a> Test<'a> {
    fn parse(fields: &[Field], filter: &'a str) -> Option<Self> {
        let (name, operator, text) = take_apart(filter)?;
        let key = match (column(fields, name), name.to_ascii_lowercase().as_str()) {
            (Some(place), _) => Key::Column(place, fields[place].is_number()),
            (None, "id") => Key::Id,
            (None, "code") => Key::Code,
            (None, "modified") => Key::Modified,
            _ => return None,
        };
        let (number, moment) = (text.parse().ok(), time::moment(text));
        let readable = match key {
            Key::Id => number.is_some(),
            Key::Modified => moment.is_some(),
            Key::Code | Key::Column(..) => true,
        };
        readable.then_some(Self {
            key,
            operator,
            text,
            number,
            moment,
        })
    }

    fn holds(&self, row: &Row<'_>) -> bool {
        match self.key {
            Key::Id => self.by_order(f64::from(row.id).partial_cmp(&self.number.unwrap_or(0.0))),
            Key::Modified => self.by_order(self.moment.map(|asked| row.modified.cmp(&asked))),
            Key::Code => self.on_text(row.secret),
            Key::Column(place, true) if self.number.is_some() => {
                let own = (row.value)(place).parse::<f64>().unwrap_or(0.0);
                self.by_order(own.partial_cmp(&self.number.unwrap_or(0.0)))
            }
            Key::Column(place, _) => self.on_text((row.value)(place)),
        }
    }

    fn on_text(&self, own: &str) -> bool {
        let (own, asked) = (own.to_lowercase(), self.text.to_lowercase());
        match self.operator {
            "=~" => like(&own, &asked),
            "!~" => !like(&own, &asked),
            _ => self.by_order(Some(own.cmp(&asked))),
        }
    }

    fn by_order(&self, order: Option<Ordering>) -> bool {
        let Some(order) = order else {
            return false;
        };
        match self.operator {
            "==" | "=~" => order.is_eq(),
            "!=" | "<>" | "!~" => order.is_ne(),
            "<" => order.is_lt(),
            ">" => order.is_gt(),
            "<=" => order.is_le(),
            _ => order.is_ge(),
        }
    }
}

/// `%` is any text, `_` any letter.
fn like(text: &str, pattern: &str) -> bool {
    let mut letters = pattern.chars();
    match letters.next() {
        None => text.is_empty(),
        Some('%') => {
            let rest = letters.as_str();
            let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            starts.into_iter().any(|at| like(&text[at..], rest))
        }
        Some(letter) => {
            let mut own = text.chars();
            own.next()
                .is_some_and(|first| letter == '_' || first == letter)
                && like(own.as_str(), letters.as_str())
        }
    }
}

/// What a filter can see of a row.
struct Row<'a> {
    id: u32,
    modified: NaiveDateTime,
    secret: &'a str,
    value: Box<dyn Fn(usize) -> &'a str + 'a>,
}

fn row<'a>(database: &'a Database, profile: &'a Profile) -> Row<'a> {
    Row {
        id: profile.id,
        modified: time::local(profile.modified),
        secret: &profile.secret,
        value: Box::new(move |place| profile.value(database, place)),
    }
}

fn subrow(subprofile: &Subprofile) -> Row<'_> {
    Row {
        id: subprofile.id,
        modified: time::local(subprofile.modified),
        secret: "",
        value: Box::new(move |place| subprofile.values.get(place).map_or("", String::as_str)),
    }
}

/// The lowest id that the filters leave, so that a walk by ids need not begin at the first each time.
pub(super) fn lowest(call: &Call) -> u32 {
    let filters = call.fields().into_iter().filter_map(take_apart);
    filters
        .filter(|(name, operator, _)| *name == "id" && matches!(*operator, ">=" | ">"))
        .filter_map(|(_, _, text)| text.parse().ok())
        .max()
        .unwrap_or(0)
}

/// The profiles that the filters leave, by id; no more than the page needs where no total and no other order is asked for.
pub(super) fn select<'a>(
    account: &'a Account,
    database: usize,
    call: &Call,
    among: impl Iterator<Item = &'a Profile>,
) -> Vec<u32> {
    let base = &account.databases[database];
    let filters = call.fields();
    let tests: Vec<Test<'_>> = filters
        .iter()
        .filter_map(|filter| Test::parse(&base.fields, filter))
        .collect();
    let page = call.page(true);
    let whole = page.total || call.method != Method::GET || !order(base, call).0;
    let most = if whole {
        usize::MAX
    } else {
        page.start.saturating_add(page.limit).saturating_add(1)
    };
    among
        .filter(|profile| {
            let row = row(base, profile);
            tests.iter().all(|test| test.holds(&row))
        })
        .map(|profile| profile.id)
        .take(most)
        .collect()
}

/// What to sort by.
enum By {
    Id,
    Modified,
    Random,
    Column(usize),
}

/// The order that is asked for: whether it is that of ids, by what, and whether backwards.
fn order(database: &Database, call: &Call) -> (bool, By, bool) {
    let name = call.parameter("orderby").unwrap_or("id");
    let by = match (database.column(name), name) {
        (Some(place), _) => By::Column(place),
        (None, "random") => By::Random,
        (None, "modified") => By::Modified,
        _ => By::Id,
    };
    let backwards = call.parameter("order") == Some("desc");
    (!backwards && matches!(by, By::Id), by, backwards)
}

/// Puts ids in the order that is asked for; says whether that is the order of ids.
fn sort(account: &Account, database: usize, call: &Call, ids: &mut [u32]) -> bool {
    let base = &account.databases[database];
    let (by_id, by, backwards) = order(base, call);
    match by {
        By::Id => {}
        By::Random => ids.sort_by_key(|id| mix(&[36, account.requests, u64::from(*id)])),
        By::Modified => ids.sort_by_key(|id| account.profiles[id].modified),
        By::Column(place) => {
            ids.sort_by_key(|id| account.profiles[id].value(base, place).to_lowercase());
        }
    }
    if backwards {
        ids.reverse();
    }
    by_id
}

/// Answers `…/profiles`.
pub(super) fn profiles(
    account: &Account,
    database: usize,
    call: &Call,
    mut ids: Vec<u32>,
) -> Answer {
    let by_id = sort(account, database, call, &mut ids);
    let page = call.page(true);
    let short = call.flag("dataonly");
    let shown = ids.iter().skip(page.start).take(page.limit);
    let rows: Vec<Value> = shown.map(|id| profile(account, *id, short)).collect();
    let after = page.start.saturating_add(page.limit);
    let last = ids
        .get(after.min(ids.len()).wrapping_sub(1))
        .filter(|_| by_id && !rows.is_empty());
    let last = last.map(|last| (*last, ids.get(after).copied()));
    Answer::read(envelope(
        page,
        ids.len(),
        &rows,
        last,
        account.options.nextid,
    ))
    .stream(call.streaming)
}

/// Answers `…/profileids`: paging parameters only (sheet 3).
pub(super) fn ids(call: &Call, ids: &[u32]) -> Answer {
    let page = call.page(true);
    let shown = ids.iter().skip(page.start).take(page.limit);
    let rows: Vec<Value> = shown.map(|id| json!(id.to_string())).collect();
    let body = envelope(page, ids.len(), &rows, None, super::options::NextId::Never);
    Answer::read(body).stream(call.streaming)
}

/// A profile. Of a removed one only its shell is left (sheet 3).
pub(super) fn profile(account: &Account, id: u32, short: bool) -> Value {
    let profile = &account.profiles[&id];
    let database = &account.databases[profile.database];
    let mut body = json!({"ID": id.to_string(), "fields": {}, "interests": []});
    if profile.removed.is_none() {
        let columns = database.fields.iter().enumerate();
        body["fields"] = columns
            .map(|(place, field)| (field.name.clone(), json!(profile.value(database, place))))
            .collect::<serde_json::Map<_, _>>()
            .into();
        body["interests"] = interests(account, profile);
    }
    body["modified"] = json!(time::stamp(profile.modified));
    if !short {
        body["database"] = json!(database.id.to_string());
        body["secret"] = json!(profile.secret);
        body["created"] = json!(time::stamp(profile.created));
        body["removed"] = profile
            .removed
            .map_or(json!(false), |at| json!(time::stamp(at)));
    }
    body
}

/// The interests: a list, or an object; an empty list in any case when there are none (sheet 3).
pub(super) fn interests(account: &Account, profile: &Profile) -> Value {
    let names = &account.databases[profile.database].interests;
    if profile.interests.is_empty() {
        return json!([]);
    }
    let own = |place: usize| {
        profile
            .interests
            .iter()
            .any(|own| usize::from(*own) == place)
    };
    let all = names.iter().enumerate();
    if account.options.interests_as_object {
        let pairs = all.map(|(place, name)| (name.clone(), json!(u8::from(own(place)))));
        return Value::Object(pairs.collect());
    }
    all.filter(|(place, _)| own(*place))
        .map(|(_, name)| json!(name))
        .collect()
}

/// Answers `/collection/{id}/subprofiles`.
pub(super) fn subprofiles(
    account: &Account,
    fields: &[Field],
    call: &Call,
    among: &[&Subprofile],
) -> Answer {
    let filters = call.fields();
    let tests: Vec<Test<'_>> = filters
        .iter()
        .filter_map(|filter| Test::parse(fields, filter))
        .collect();
    let found: Vec<&&Subprofile> = among
        .iter()
        .filter(|one| tests.iter().all(|test| test.holds(&subrow(one))))
        .collect();
    let page = call.page(false);
    let shown = found.iter().skip(page.start).take(page.limit);
    let rows: Vec<Value> = shown.map(|one| subprofile(fields, one)).collect();
    let after = page.start.saturating_add(page.limit);
    let last = found.get(after.min(found.len()).wrapping_sub(1));
    let last = last.map(|last| (last.id, found.get(after).map(|next| next.id)));
    Answer::read(envelope(
        page,
        found.len(),
        &rows,
        last,
        account.options.nextid,
    ))
}

/// A subprofile (sheet 5).
pub(super) fn subprofile(fields: &[Field], one: &Subprofile) -> Value {
    let columns = fields.iter().zip(&one.values);
    let pairs = columns.map(|(field, value)| (field.name.clone(), json!(value)));
    json!({
        "ID": one.id.to_string(), "secret": format!("{:016x}", mix(&[37, u64::from(one.id)])),
        "fields": pairs.collect::<serde_json::Map<_, _>>(),
        "profile": one.profile.to_string(), "collection": one.collection.to_string(),
        "created": time::stamp(one.created), "modified": time::stamp(one.modified), "removed": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_name_an_operator_and_a_value() {
        assert_eq!(
            take_apart("modified>=2026-02-01 00:00:00"),
            Some(("modified", ">=", "2026-02-01 00:00:00"))
        );
        assert_eq!(
            take_apart("Email =~ %@example.org"),
            Some(("Email", "=~", "%@example.org"))
        );
        assert_eq!(take_apart("Email=x"), None);
        assert_eq!(take_apart("Email"), None);
    }

    #[test]
    fn wildcards_stand_for_texts_and_letters() {
        assert!(like("marit@example.org", "%@example.%"));
        assert!(like("jan", "j_n") && !like("jaan", "j_n"));
        assert!(!like("jan", "an"));
    }
}
