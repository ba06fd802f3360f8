//! Entries into automations as people see them, and a person's word on them: the
//! same for the command line and the dashboard.

use std::collections::BTreeMap;

use crate::{
    automation::{Automation, EntryState},
    config::Config,
    diagnostic::{Diagnostic, Exit, Expected},
    score::calendar::Millis,
    store::{Conn, Resolution, Store, StoreError},
};

/// One automation in numbers.
#[derive(Clone, Debug)]
pub struct Numbers {
    /// Its name.
    pub name: String,
    /// What is configured; `None` for what no longer is: it is not started, and its tags are not taken off.
    pub automation: Option<Automation>,
    /// How many entries are in which state.
    pub entries: BTreeMap<EntryState, i64>,
    /// Contacts who are inside.
    pub inside: i64,
    /// Of those, contacts for whom nothing was started, and a backfill would be looked at for.
    pub silent: i64,
}

impl Numbers {
    fn new(name: &str, automation: Option<Automation>) -> Self {
        Self {
            name: name.to_owned(),
            automation,
            entries: BTreeMap::new(),
            inside: 0,
            silent: 0,
        }
    }

    /// How many entries are in a state.
    pub fn of(&self, state: EntryState) -> i64 {
        self.entries.get(&state).copied().unwrap_or_default()
    }

    /// Entries for which something was begun, as far as is known.
    pub fn started(&self) -> i64 {
        self.of(EntryState::Started)
            + self.of(EntryState::Leaving)
            + self.of(EntryState::HandedOver)
    }
}

/// All automations in numbers: those of the configuration, then those of which only entries are left.
pub fn overview(conn: &Conn, config: &Config) -> Result<Vec<Numbers>, StoreError> {
    let configured = config.automations.iter();
    let mut all: Vec<Numbers> = configured
        .map(|each| Numbers::new(&each.name, Some(each.clone())))
        .collect();
    for size in conn.entry_sizes()? {
        let known = all.iter().position(|each| each.name == size.automation);
        let place = known.unwrap_or_else(|| {
            all.push(Numbers::new(&size.automation, None));
            all.len() - 1
        });
        let numbers = &mut all[place];
        numbers.entries.insert(size.state, size.entries);
        numbers.inside += size.inside;
        if size.state == EntryState::Silent {
            numbers.silent = size.inside;
        }
    }
    Ok(all)
}

/// The automation of that name.
pub fn named<'a>(config: &'a Config, name: &str) -> Result<&'a Automation, Expected> {
    let found = config.automations.iter().find(|each| each.name == name);
    found.ok_or_else(|| {
        let all = config.automations.iter().map(|each| each.name.as_str());
        let all: Vec<&str> = all.collect();
        let help = if all.is_empty() {
            "none are configured".to_owned()
        } else {
            format!("there are: {}", all.join(", "))
        };
        let message = format!("there is no automation '{name}'");
        Expected::new(Exit::Usage, Diagnostic::error("E0100", message).help(help))
    })
}

/// How many contacts a backfill of an automation would let start something.
pub fn would_start(conn: &Conn, automation: &Automation) -> Result<i64, StoreError> {
    conn.count_backfill(&automation.name, automation.max_per_contact)
}

/// Lets an automation start for those who are in it and for whom nothing was started. With `seen`, only if it is no more
/// than so many: a person approves what they were shown.
pub fn backfill(
    store: &Store,
    automation: &Automation,
    seen: Option<i64>,
    (who, now): (&str, Millis),
) -> Result<usize, Expected> {
    let (automation, who) = (automation.clone(), who.to_owned());
    let done = store.write(move |tx| {
        let would = would_start(tx, &automation)?;
        if seen.is_some_and(|seen| would > seen) {
            return Ok(Err(would));
        }
        let becomes = (automation.due(), automation.max_per_contact);
        let count = tx.backfill(&automation.name, becomes, now)?;
        let words = format!("{}: {count} entries", automation.name);
        tx.audit(&who, "backfill", &words, now)?;
        Ok(Ok(count))
    })?;
    done.map_err(|would| {
        let message = format!("by now {would} would start: more than was shown");
        let diagnostic = Diagnostic::error("E0804", message).help("look at the number again");
        Expected::new(Exit::Pending, diagnostic)
    })
}

/// A person's word on an entry that is in doubt: what it becomes.
pub fn resolve(
    store: &Store,
    entry: i64,
    resolution: Resolution,
    (who, now): (&str, Millis),
) -> Result<EntryState, Expected> {
    let who = who.to_owned();
    let becomes = store.write(move |tx| tx.resolve_entry(entry, resolution, &who, now))?;
    if let Some(becomes) = becomes {
        return Ok(becomes);
    }
    let message = match store.read(|conn| conn.entry(entry))? {
        Some(found) => format!(
            "entry {entry} is not in doubt: it is {}",
            found.state.as_str()
        ),
        None => format!("there is no entry {entry}"),
    };
    let diagnostic =
        Diagnostic::error("E0803", message).help("see what is in doubt with `engaged automations`");
    Err(Expected::new(Exit::Usage, diagnostic))
}
