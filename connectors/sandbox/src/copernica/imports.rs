//! Imports: many different values at once, later, without a word about single rows (sheet 6).
//!
//! What an import makes of a wrong order of columns is imitated: the names are those of the first row, the values of each
//! other row fall into them by their place. CSV sources and sources at an address are not imitated.

use serde_json::{Value, json};

use super::account::{Account, Wanted};
use super::answer::{Answer, Problem, Reply};
use super::call::{Call, Ordered, text};
use super::journal::Change;
use super::options::ImportById;
use super::schema::{make, of_database};
use super::state::EMAIL;
use super::time;

/// What an import does with a row that matches, and with one that does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// Adds it, whether it matches somebody or not.
    Add,
    Update,
    UpdateOrAdd,
    IgnoreOrAdd,
    Delete,
}

impl Action {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "add" => Self::Add,
            "update" => Self::Update,
            "update or add" => Self::UpdateOrAdd,
            "ignore or add" => Self::IgnoreOrAdd,
            "delete" => Self::Delete,
            _ => return None,
        })
    }
}

/// An import.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the request"
)]
pub(super) struct Import {
    id: u32,
    database: usize,
    name: String,
    action: Action,
    keys: Vec<String>,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    followups: bool,
    ignore_empty: bool,
    remove_missing: bool,
    rebuild: bool,
    /// Whether it starts by itself.
    starts: bool,
    request: u64,
    done: bool,
}

pub(super) fn route(account: &mut Account, call: &Call, parts: &[&str]) -> Reply {
    match (call.method.as_str(), parts) {
        ("POST", ["imports"]) => submit(account, call),
        // The prose of the docs says PUT (sheet 6): the wrong verb looks well and does nothing (sheet 8).
        ("PUT", ["imports"]) => Ok(Answer::idle()),
        ("GET", ["import", id]) => {
            let mut all = account.imports.iter();
            let found = all.find(|import| import.id.to_string() == *id);
            let import = found.ok_or_else(|| Problem::missing("import"))?;
            Ok(Answer::read(show(account, import)))
        }
        _ => Err(Problem::method()),
    }
}

fn submit(account: &mut Account, call: &Call) -> Reply {
    #[derive(serde::Deserialize)]
    struct Source {
        #[serde(default)]
        source: Value,
    }
    #[derive(serde::Deserialize)]
    struct Rows {
        source: Vec<Ordered>,
    }
    let body = call.object()?;
    let word = |name: &str| body.get(name).map(text).unwrap_or_default();
    let yes = |name: &str| matches!(word(name).as_str(), "1" | "true");
    let database = of_database(account, &word("database"))?;
    let action = Action::parse(&word("action")).ok_or_else(|| Problem::new("Invalid action"))?;
    let keys: Vec<String> = body
        .get("keyFields")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(text)
        .collect();
    if keys.is_empty() && action != Action::Add {
        return Err(Problem::new("Missing key fields"));
    }
    let by_id = keys.iter().any(|key| key.eq_ignore_ascii_case("id"));
    if by_id && account.options.import_by_id == ImportById::Refused {
        return Err(Problem::new("Invalid key field 'ID'"));
    }
    let unreadable = |_| Problem::new("Invalid source");
    // An array of rows, or a text that holds one.
    let whole: Source = serde_json::from_slice(&call.body).map_err(unreadable)?;
    let rows = match whole.source {
        Value::String(inner) => serde_json::from_str::<Vec<Ordered>>(&inner).map_err(unreadable)?,
        _ => {
            serde_json::from_slice::<Rows>(&call.body)
                .map_err(unreadable)?
                .source
        }
    };
    let columns = rows
        .first()
        .map(|row| row.0.iter().map(|(name, _)| name.clone()).collect());
    let id = account.fresh();
    account.imports.push(Import {
        id,
        database,
        name: word("name"),
        action,
        keys,
        columns: columns.unwrap_or_default(),
        rows: rows
            .iter()
            .map(|row| row.0.iter().map(|(_, value)| text(value)).collect())
            .collect(),
        followups: yes("followups"),
        ignore_empty: yes("ignoreEmptyFields"),
        remove_missing: yes("removeMissing"),
        rebuild: yes("rebuild"),
        starts: yes("autostart"),
        request: account.requests,
        done: false,
    });
    Ok(Answer::created(
        "import",
        id,
        account.options.created_header,
    ))
}

fn show(account: &Account, import: &Import) -> Value {
    let [waits, runs, done] = account.options.import_words;
    let started = import.starts && account.requests > import.request + 1;
    let status = match (import.done, started) {
        (true, _) => done,
        (false, true) => runs,
        (false, false) => waits,
    };
    let lines = import.rows.len();
    let processed = if import.done { lines } else { 0 };
    let last = if import.done {
        json!(time::stamp(account.now))
    } else {
        json!(false)
    };
    let key = if account.options.camel_lines {
        "processedLines"
    } else {
        "processedlines"
    };
    json!({
        "ID": import.id.to_string(), "name": import.name, "status": status, "totallines": lines, key: processed,
        "lastrun": last, "nextrun": false, "lasterror": false,
    })
}

/// After each request: what is due is carried out.
pub(super) fn step(account: &mut Account) {
    let requests = account.requests;
    let due = |pending: &super::account::Pending| pending.due <= requests;
    let (now, later) = std::mem::take(&mut account.pending)
        .into_iter()
        .partition(due);
    account.pending = later;
    let now: Vec<super::account::Pending> = now;
    for pending in now {
        for id in pending.profiles {
            account.apply(id, &pending.wanted, pending.request);
        }
    }
    for place in 0..account.imports.len() {
        let import = &account.imports[place];
        let due = requests >= import.request + account.options.async_steps;
        if import.starts && !import.done && due {
            run(account, place);
        }
    }
}

fn run(account: &mut Account, place: usize) {
    account.imports[place].done = true;
    let mut import = account.imports[place].clone();
    let mut met = Vec::new();
    for row in std::mem::take(&mut import.rows) {
        let found = matches(account, &import, &row);
        met.extend(&found);
        let mut fields: Vec<(String, String)> = import.columns.iter().cloned().zip(row).collect();
        fields.retain(|(name, value)| {
            let key = import.keys.iter().any(|key| key.eq_ignore_ascii_case(name));
            let skipped = import.ignore_empty && value.is_empty();
            !key && !skipped
        });
        carry_out(account, &import, &found, fields);
    }
    if import.remove_missing {
        let all = account.living(import.database).map(|profile| profile.id);
        let missing: Vec<u32> = all.filter(|id| !met.contains(id)).collect();
        delete(account, &import, &missing);
    }
    if import.rebuild {
        account.rebuild(import.database);
    }
}

fn carry_out(account: &mut Account, import: &Import, found: &[u32], fields: Vec<(String, String)>) {
    let wanted = Wanted {
        fields,
        followups: import.followups,
        ..Wanted::default()
    };
    match (import.action, found) {
        (Action::Delete, _) => delete(account, import, found),
        (Action::Add, _) | (Action::UpdateOrAdd | Action::IgnoreOrAdd, []) => {
            make(account, import.database, &wanted);
        }
        (Action::Update | Action::UpdateOrAdd, _) => {
            for id in found {
                account.apply(*id, &wanted, import.request);
            }
        }
        (Action::IgnoreOrAdd, _) => {}
    }
}

fn delete(account: &mut Account, import: &Import, ids: &[u32]) {
    let now = account.now;
    for id in ids {
        if account.remove(*id, now) {
            account.note(*id, import.request, Change::Removed);
        }
    }
}

/// Whom a row means: by all its key fields.
fn matches(account: &Account, import: &Import, row: &[String]) -> Vec<u32> {
    let base = &account.databases[import.database];
    let of = |key: &String| {
        let place = import
            .columns
            .iter()
            .position(|name| name.eq_ignore_ascii_case(key))?;
        row.get(place)
    };
    let by_id = import
        .keys
        .iter()
        .find(|key| key.eq_ignore_ascii_case("id"));
    if let Some(key) = by_id {
        if account.options.import_by_id != ImportById::Works {
            return Vec::new();
        }
        let id = of(key).and_then(|id| id.parse().ok());
        let profile = id.and_then(|id: u32| account.profiles.get(&id));
        let own = profile.filter(|one| one.removed.is_none() && one.database == import.database);
        return own.map(|profile| profile.id).into_iter().collect();
    }
    let mut found: Vec<u32> = account
        .living(import.database)
        .filter(|profile| {
            import.keys.iter().all(|key| {
                let own = base.column(key).map(|column| profile.value(base, column));
                match (own, of(key)) {
                    (Some(own), Some(asked)) if base.column(key) == Some(EMAIL) => {
                        own.eq_ignore_ascii_case(asked)
                    }
                    (Some(own), Some(asked)) => own == asked,
                    _ => false,
                }
            })
        })
        .map(|profile| profile.id)
        .collect();
    if !account.options.import_all_duplicates {
        found.truncate(1);
    }
    found
}
