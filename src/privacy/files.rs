//! Files on this machine that name a contact: the user deletes them, not this program.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::store::Traces;

/// A file that holds a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// Where it is.
    pub path: PathBuf,
    /// What it is: `cleaning export`, `older copy` or `backup`.
    pub what: &'static str,
    /// How many of its lines name the contact; none where it is a database.
    pub lines: Option<u64>,
}

/// Exports of cleaning that name a contact, and what holds everybody: copies of the database from before a migration or a
/// restore, and `backups` that are still there. A file that cannot be read is passed over: whoever looks after it sees it in the same folder.
pub fn holding(database: &Path, traces: &Traces, backups: &[String]) -> Vec<Holder> {
    let name = database.file_name().unwrap_or_default().to_string_lossy();
    let folder = database
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let Ok(entries) = fs::read_dir(folder.unwrap_or(Path::new("."))) else {
        return Vec::new();
    };
    let there = backups.iter().map(PathBuf::from);
    let there = there.filter(|path| path.exists());
    let mut found: Vec<Holder> = there
        .map(|path| Holder {
            what: "backup",
            lines: None,
            path,
        })
        .collect();
    for path in entries.flatten().map(|entry| entry.path()) {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(rest) = file.strip_prefix(&*name) else {
            continue;
        };
        if rest.starts_with(".cleaned-") {
            let lines = lines_about(&path, traces);
            if lines > 0 {
                found.push(Holder {
                    what: "cleaning export",
                    lines: Some(lines),
                    path,
                });
            }
        } else if rest.starts_with(".before-") {
            found.push(Holder {
                what: "older copy",
                lines: None,
                path,
            });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn lines_about(path: &Path, traces: &Traces) -> u64 {
    let Ok(file) = fs::File::open(path) else {
        return 0;
    };
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let addresses: Vec<String> = traces.addresses.iter().map(|text| quoted(text)).collect();
    let ids = traces.ids.iter();
    let ids: Vec<String> = ids
        .map(|(connection, id)| {
            let (connection, id) = (quoted(connection), quoted(id));
            format!("\"connection\":{connection}|\"platform_id\":{id}")
        })
        .collect();
    let names = |line: &String| {
        let small = line.to_lowercase();
        addresses.iter().any(|address| small.contains(address))
            || ids
                .iter()
                .any(|id| id.split('|').all(|part| line.contains(part)))
    };
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    lines.filter(names).count() as u64
}
