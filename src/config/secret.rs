//! Where a secret is, and reading it at the moment it is needed.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::{Environment, code, found::Found, redact, tree::Table};
use crate::diagnostic::{Diagnostic, Place};

/// The variable in which systemd says where a service's credentials are.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Where a secret is. The secret itself is in no configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A file that holds nothing else.
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// A systemd credential.
    Credential(String),
}

impl SecretSource {
    /// Reads the secret, without the white space around it.
    ///
    /// # Errors
    ///
    /// E0112 if it is not there, cannot be read, is empty, or is not one line of text. No message holds any of it.
    pub fn read(&self, environment: &Environment) -> Result<SecretString, Box<Diagnostic>> {
        let text = match self {
            Self::File(path) => read_file(path)?,
            Self::Env(name) => environment.get(name).cloned().ok_or_else(|| {
                unreadable(
                    format!("the environment variable {name} is not set"),
                    format!("set {name} for the process that runs engaged"),
                )
            })?,
            Self::Credential(name) => {
                let directory = environment.get(CREDENTIALS).ok_or_else(|| {
                    unreadable(
                        format!("there are no systemd credentials here to take '{name}' from"),
                        format!("in the unit: LoadCredential={name}:/path/to/the/key"),
                    )
                })?;
                read_file(&Path::new(directory).join(name))?
            }
        };
        let secret = text.trim();
        if secret.is_empty() || secret.contains(char::is_control) {
            let what = if secret.is_empty() {
                "empty"
            } else {
                "more than one line"
            };
            return Err(unreadable(
                format!("the secret in {self} is {what}"),
                "it must hold the key and nothing else".into(),
            ));
        }
        Ok(SecretString::from(secret))
    }
}

impl std::fmt::Display for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::Credential(name) => write!(f, "the systemd credential {name}"),
        }
    }
}

fn unreadable(message: String, help: String) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(code::UNREADABLE_SECRET, message).help(help))
}

fn read_file(path: &Path) -> Result<String, Box<Diagnostic>> {
    std::fs::read_to_string(path).map_err(|error| {
        let mut diagnostic = unreadable(
            format!("the secret in {} cannot be read", path.display()),
            "make the file, with the key and nothing else in it, readable for engaged alone".into(),
        );
        diagnostic.notes.push(error.to_string());
        diagnostic
    })
}

/// What a `key = { ... }` table says; `None` after an error.
pub(super) fn source(table: &Table, base: &Path, found: &mut Found) -> Option<SecretSource> {
    let [entry] = table.entries.as_slice() else {
        return None;
    };
    let text = entry.node.text()?;
    let place = &entry.node.place;
    match entry.name.as_str() {
        "file" => {
            let path = base.join(text);
            warn_if_exposed(&path, place, found);
            Some(SecretSource::File(path))
        }
        "env" if plain(text, &['_']) => Some(SecretSource::Env(text.to_owned())),
        "credential" if plain(text, &['_', '-', '.']) => {
            Some(SecretSource::Credential(text.to_owned()))
        }
        "env" | "credential" => {
            // The text may be the secret itself, so nothing repeats it.
            found.add(
                Diagnostic::error(
                    code::INLINE_SECRET,
                    format!("'{}' wants a name", entry.name),
                )
                .at(&redact::hide(place), "not a name, and not shown")
                .help("name the place where the secret is, not the secret"),
            );
            None
        }
        _ => None,
    }
}

/// A name as shells and systemd allow: ASCII letters, digits, and these.
fn plain(name: &str, also: &[char]) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || also.contains(&c))
}

#[cfg(unix)]
fn warn_if_exposed(path: &Path, place: &Place, found: &mut Found) {
    use std::os::unix::fs::PermissionsExt;
    // A file that is not there is the reader's to report: checking works without secrets.
    let Ok(metadata) = std::fs::metadata(path) else {
        return;
    };
    if metadata.permissions().mode() & 0o004 != 0 {
        found.add(
            Diagnostic::warning(
                code::EXPOSED_SECRET,
                format!("everybody on this machine can read {}", path.display()),
            )
            .at(place, "readable by others")
            .help(format!("chmod 600 {}", path.display())),
        );
    }
}

#[cfg(not(unix))]
fn warn_if_exposed(_: &Path, _: &Place, _: &mut Found) {}
