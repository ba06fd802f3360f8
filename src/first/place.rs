//! Writes the files of a first run: the key's first, the configuration last, neither over anything.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret as _, SecretString};

use crate::diagnostic::{Diagnostic, Exit, Expected};

/// The folder of keys, beside the configuration.
const SECRETS: &str = "secrets";

/// Beside the configuration; but what is under /etc a service sees read-only, and it has a folder of its own (systemd/).
const BESIDE: &str = "engaged.db";
const OF_THE_SERVICE: &str = "/var/lib/engaged/engaged.db";

/// Where the files of a first run go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The configuration.
    pub config: PathBuf,
    /// The key's file.
    pub key: PathBuf,
    /// The key's file as the configuration names it.
    pub key_shown: String,
    /// The database as the configuration names it.
    pub database: &'static str,
}

impl Places {
    /// Where they go for a configuration that somebody named: a file, or a folder that is to hold one.
    pub fn of(named: &Path, connection: &str) -> Self {
        let config = if named.is_dir() {
            named.join("engaged.toml")
        } else {
            named.to_owned()
        };
        let folder = config.parent().unwrap_or(Path::new("")).to_owned();
        let key_shown = format!("{SECRETS}/{connection}");
        let of_the_service = config.starts_with("/etc");
        Self {
            key: folder.join(&key_shown),
            config,
            key_shown,
            database: if of_the_service {
                OF_THE_SERVICE
            } else {
                BESIDE
            },
        }
    }

    /// Refuses to begin where a configuration is.
    ///
    /// # Errors
    ///
    /// E0145, with the file's name.
    pub fn free(&self, named: &Path) -> Result<(), Expected> {
        let others = fs::read_dir(named).ok().into_iter().flatten().flatten();
        let other = others.map(|entry| entry.path()).find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        });
        let there = self.config.symlink_metadata().is_ok();
        match other.or_else(|| there.then(|| self.config.clone())) {
            Some(path) => Err(taken(&path)),
            None => Ok(()),
        }
    }

    /// Writes both files, or neither. A key's file that holds this very key is taken as it is.
    ///
    /// # Errors
    ///
    /// E0145 where something is there already, E0146 where a file cannot be written; whatever was begun is taken away.
    pub fn write(&self, text: &str, key: &SecretString) -> Result<(), Expected> {
        let made_folder = self.secrets_folder()?;
        let made_key = match self.write_key(key) {
            Ok(made) => made,
            Err(error) => {
                self.take_away(false, made_folder);
                return Err(error);
            }
        };
        let done = self.write_config(text);
        if done.is_err() {
            self.take_away(made_key, made_folder);
        }
        done
    }

    /// Makes the folder of keys; whether it was not there.
    fn secrets_folder(&self) -> Result<bool, Expected> {
        let Some(folder) = self.key.parent() else {
            return Ok(false);
        };
        match DirBuilder::new().mode(0o700).create(folder) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {
                Ok(false)
            }
            Err(error) => Err(unwritable(folder, &error)),
        }
    }

    /// Writes the key's file; whether it was not there.
    fn write_key(&self, key: &SecretString) -> Result<bool, Expected> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = match options.open(&self.key) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let is = fs::read_to_string(&self.key).unwrap_or_default();
                return if is.trim() == key.expose_secret() {
                    Ok(false)
                } else {
                    Err(taken(&self.key))
                };
            }
            Err(error) => return Err(unwritable(&self.key, &error)),
        };
        let written = writeln!(file, "{}", key.expose_secret()).and_then(|()| file.sync_all());
        written.map(|()| true).map_err(|error| {
            let _ = fs::remove_file(&self.key);
            unwritable(&self.key, &error)
        })
    }

    /// The whole text under another name first, then its own name, which must be free at that instant.
    fn write_config(&self, text: &str) -> Result<(), Expected> {
        let name = self.config.file_name().unwrap_or_default();
        let beside = self
            .config
            .with_file_name(format!(".{}.init", name.display()));
        let write = || {
            match fs::remove_file(&beside) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&beside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::hard_link(&beside, &self.config)
        };
        let written = write();
        let _ = fs::remove_file(&beside);
        match written {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(taken(&self.config));
            }
            Err(error) => return Err(unwritable(&self.config, &error)),
        }
        let folder = self.config.parent().filter(|path| *path != Path::new(""));
        // The names too are to outlast a power cut; if the file system cannot promise that, the files are good all the same.
        let _ = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
        Ok(())
    }

    fn take_away(&self, key: bool, folder: bool) {
        if key {
            let _ = fs::remove_file(&self.key);
        }
        if let Some(secrets) = self.key.parent().filter(|_| folder) {
            // Somebody else's file in it keeps it.
            let _ = fs::remove_dir(secrets);
        }
    }
}

fn taken(path: &Path) -> Expected {
    let diagnostic = Diagnostic::error(
        "E0145",
        format!(
            "{} is there already, and is not written over",
            path.display()
        ),
    );
    Expected::new(
        Exit::Usage,
        diagnostic.help("name another configuration with --config, or move that file away"),
    )
}

fn unwritable(path: &Path, error: &io::Error) -> Expected {
    let diagnostic =
        Diagnostic::error("E0146", format!("cannot write {}: {error}", path.display()));
    Expected::new(
        Exit::Usage,
        diagnostic.help("make its folder, writable for whoever runs this; nothing was written"),
    )
}
