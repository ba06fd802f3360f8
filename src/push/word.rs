//! A person's word on what is held, by name as people say it: the same for the command line and the dashboard.

use sha2::{Digest as _, Sha256};
use strsim::normalized_levenshtein;

use super::{guard, targets};
use crate::{
    config::Config,
    diagnostic::{Diagnostic, Exit, Expected},
    restored,
    score::{calendar::Millis, facts::ConnectionId},
    store::{Conn, Guard, QUARANTINE, Store, Tx},
};

/// What is to be let pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The guard's name.
    pub guard: String,
    /// Only on this connection.
    pub connection: Option<String>,
    /// What was shown when the word was given, by [`shown`]; `None` where that is whatever is there.
    pub shown: Option<String>,
}

/// A fingerprint of what an open guard says: another one means that it holds something else by now.
pub fn shown(held: &Guard) -> String {
    // How many writes a first push has changes with every sync; what is pushed for the first time does not.
    let said = match held.detail.split_once(" (") {
        Some((targets, _)) if held.name == guard::BASELINE => targets,
        _ => held.detail.as_str(),
    };
    let mut hash = Sha256::new();
    for part in [held.name.as_str(), held.subject.as_str(), said] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex::encode(&hash.finalize()[..12])
}

/// Lets pass what the open guards of a name hold. Returns what was approved.
pub fn approve(
    store: &Store,
    config: &Config,
    approval: &Approval,
    (who, now): (&str, Millis),
) -> Result<Vec<String>, Expected> {
    let Approval {
        guard: name,
        connection,
        shown: seen,
    } = approval.clone();
    known(&name)?;
    if name == QUARANTINE {
        return restored::approve(store, config, false, (who, now));
    }
    let only = match &connection {
        None => None,
        Some(connection) => Some(numbered(store, connection)?),
    };
    let (keys, who) = (targets::keys(config), who.to_owned());
    let word = move |tx: &Tx| {
        let named = |each: &Guard| each.name == name && (only.is_none() || each.connection == only);
        let same = |each: &Guard| seen.as_ref().is_none_or(|seen| shown(each) == *seen);
        let meant = |each: &Guard| named(each) && same(each);
        let approved = guard::approve_those(tx, &keys, &meant, &who, now)?;
        let changed = approved.is_empty() && tx.open_guards()?.iter().any(named);
        Ok((!changed).then_some(approved))
    };
    let name = &approval.guard;
    match store.write(word)? {
        Some(approved) if approved.is_empty() => {
            let diagnostic = Diagnostic::error("E0802", format!("nothing is held by '{name}'"));
            let help = "see what is held with `engaged status`";
            Err(Expected::new(Exit::Usage, diagnostic.help(help)))
        }
        Some(approved) => Ok(approved),
        None => {
            let message = format!("what '{name}' holds is no longer what was shown");
            let diagnostic = Diagnostic::error("E0805", message);
            let help = "look at what is held now, then say so again";
            Err(Expected::new(Exit::Pending, diagnostic.help(help)))
        }
    }
}

/// Whether there is such a guard at all: a mistyped name is told before anything is opened.
pub fn known(name: &str) -> Result<(), Expected> {
    if guard::ALL.contains(&name) {
        return Ok(());
    }
    let nearest = guard::ALL.iter().max_by(|a, b| {
        let near = |each: &&&str| normalized_levenshtein(each, name);
        near(a).total_cmp(&near(b))
    });
    let help = format!("did you mean '{}'?", nearest.unwrap_or(&guard::BASELINE));
    let diagnostic = Diagnostic::error("E0100", format!("there is no guard '{name}'"));
    Err(Expected::new(Exit::Usage, diagnostic.help(help)))
}

fn numbered(store: &Store, name: &str) -> Result<ConnectionId, Expected> {
    let all = store.read(Conn::connections)?;
    let found = all.iter().find(|each| each.name == name);
    found.map(|each| each.id).ok_or_else(|| {
        let diagnostic = Diagnostic::error("E0100", format!("there is no connection '{name}'"));
        Expected::new(Exit::Usage, diagnostic.help("see `engaged status`"))
    })
}
