//! After a restore: what is missing before anything is written again, and the word that lets it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    config::{Config, Mode},
    diagnostic::{Diagnostic, Exit, Expected},
    score::calendar::Millis,
    store::{Conn, Store, StoreError},
};

/// A quarantine that goes on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Quarantined {
    /// The backup.
    pub file: String,
    /// When it was put in the place of the database, in milliseconds since 1970.
    pub restored_at: Millis,
    /// The newest that it knew.
    pub known_to: Option<Millis>,
    /// Writes that waited when the backup was made and were given up.
    pub abandoned: i64,
    /// Entries into automations that start nothing because of it: automation and number.
    pub silent: Vec<(String, i64)>,
    /// What is missing before it can be approved, connection by connection; none: a person's word alone.
    pub missing: Vec<Missing>,
    /// Files and programs may have told of days since the backup that are lost until they are told again.
    pub lost_days: bool,
}

/// What is missing on a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Missing {
    /// The connection; empty where it is none's in particular.
    pub connection: String,
    /// `sync`: to be synced to its end; `compare`: what it shows is to be taken over, by the next `apply`; `score`:
    /// what came in is to be scored.
    pub what: &'static str,
}

impl Missing {
    /// What is missing, as people read it on a terminal.
    pub fn words(&self) -> String {
        match self.what {
            "sync" => format!("{} has not been synced to its end since", self.connection),
            "compare" => format!(
                "what {} shows has not been taken over yet; the next push does it",
                self.connection
            ),
            _ => "what came in has not been scored yet".to_owned(),
        }
    }
}

/// The quarantine that goes on, if one does, and what is missing.
pub fn look(conn: &Conn, config: &Config) -> Result<Option<Quarantined>, StoreError> {
    let Some(quarantine) = conn.quarantine()? else {
        return Ok(None);
    };
    Ok(Some(Quarantined {
        file: quarantine.file,
        restored_at: quarantine.restored_at,
        known_to: quarantine.known_to,
        abandoned: quarantine.abandoned,
        silent: conn.silent_since_restore(quarantine.restored_at)?,
        missing: missing(conn, config)?,
        lost_days: conn.lost_days()?,
    }))
}

/// What a restored database waits for, and what stays silent because of it.
pub fn text(quarantine: &Quarantined) -> String {
    let mut out = format!(
        "Restored  from {}; {} writes of before were given up\n",
        quarantine.file, quarantine.abandoned
    );
    for (automation, number) in &quarantine.silent {
        out +=
            &format!("          {number} entries into {automation} start nothing because of it\n");
    }
    for missing in &quarantine.missing {
        out += &format!("          missing: {}\n", missing.words());
    }
    if quarantine.lost_days {
        out += "          what files and programs told since the backup is lost until it is told again;\n          \
                then: engaged approve restored --sent-again\n";
    }
    out
}

fn missing(conn: &Conn, config: &Config) -> Result<Vec<Missing>, StoreError> {
    let (known, comparisons) = (conn.connections()?, conn.comparisons()?);
    let mut missing = Vec::new();
    let mut synced = None;
    for connection in &config.connections {
        let id = known.iter().find(|each| each.name == connection.name);
        let id = id.map(|known| known.id);
        // What the backup does not know at all was told nothing by it.
        let Some(since) = comparisons.iter().find(|each| Some(each.connection) == id) else {
            continue;
        };
        if connection.mode != Mode::Live {
            continue;
        }
        synced = synced.max(since.synced_at);
        let what = match (since.synced_at, since.compared_at) {
            (None, _) => "sync",
            (_, None) => "compare",
            _ => continue,
        };
        missing.push(Missing {
            connection: connection.name.clone(),
            what,
        });
    }
    let scored = conn.last_good_run("score", None)?;
    if missing.iter().all(|each| each.what != "sync")
        && synced.is_some_and(|synced| scored.is_none_or(|run| run.started_at < synced))
    {
        missing.push(Missing {
            connection: String::new(),
            what: "score",
        });
    }
    Ok(missing)
}

/// A person's word that writing goes on. `sent_again`: also that whatever files and programs told since the backup was told
/// again. Returns what was approved.
pub fn approve(
    store: &Store,
    config: &Config,
    sent_again: bool,
    (who, now): (&str, Millis),
) -> Result<Vec<String>, Expected> {
    let (quarantined, last) = store.read(|conn| Ok((look(conn, config)?, conn.last_restore()?)))?;
    let mut approved = Vec::new();
    if let Some(first) = quarantined.as_ref().and_then(|found| found.missing.first()) {
        let message = format!("the restored database cannot write yet: {}", first.words());
        let help =
            "let the daemon run, or run `engaged once`; see what is missing with `engaged status`";
        let diagnostic = Diagnostic::error("E0806", message).help(help);
        return Err(Expected::new(Exit::Guard, diagnostic));
    }
    let lost = sent_again && store.read(Conn::lost_days)?;
    let open = last.filter(|last| last.ended_at.is_none());
    if let Some(open) = &open {
        approved.push(format!(
            "writing goes on after the restore of {}",
            open.file
        ));
    }
    if lost {
        approved.push("the days since the backup are complete".to_owned());
    }
    if approved.is_empty() {
        let message = "no database waits in quarantine";
        let diagnostic = Diagnostic::error("E0802", message).help("see `engaged status`");
        return Err(Expected::new(Exit::Usage, diagnostic));
    }
    let who = who.to_owned();
    store.write(move |tx| {
        if lost {
            tx.find_lost_days(&who, now)?;
        }
        match open {
            Some(open) => tx.end_quarantine(open.id, &who, now),
            None => Ok(()),
        }
    })?;
    Ok(approved)
}
