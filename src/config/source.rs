//! The files of a configuration, as they stand on disk.

use std::path::{Path, PathBuf};

use super::code;
use crate::diagnostic::Diagnostic;

/// A file and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it says, byte for byte.
    pub text: String,
}

impl SourceFile {
    /// Its name, without the directory: no two files of a configuration share one.
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.display().to_string()
    }

    /// How messages name it.
    pub(super) fn shown(&self) -> String {
        self.path.display().to_string()
    }
}

/// Reads the file, or all `*.toml` files of a directory in the order of their names.
///
/// # Errors
///
/// What cannot be read, and why.
pub fn sources(path: &Path) -> Result<Vec<SourceFile>, Box<Diagnostic>> {
    if !path.is_dir() {
        return Ok(vec![source(path)?]);
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| unreadable(path, &error))? {
        let file = entry.map_err(|error| unreadable(path, &error))?.path();
        if file
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            paths.push(file);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(Box::new(
            Diagnostic::error(
                code::UNREADABLE,
                format!("there is no *.toml file in {}", path.display()),
            )
            .help(ANOTHER),
        ));
    }
    paths.iter().map(|file| source(file)).collect()
}

fn source(path: &Path) -> Result<SourceFile, Box<Diagnostic>> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    Ok(SourceFile {
        path: path.to_owned(),
        text,
    })
}

const ANOTHER: &str =
    "name another with --config, or begin with a copy of config/engaged.example.toml";

fn unreadable(path: &Path, error: &std::io::Error) -> Box<Diagnostic> {
    let message = format!("{} cannot be read", path.display());
    Box::new(
        Diagnostic::error(code::UNREADABLE, message)
            .note(error.to_string())
            .help(ANOTHER),
    )
}

/// Where relative paths of a configuration begin.
pub(super) fn directory(path: &Path) -> &Path {
    if path.is_dir() {
        path
    } else {
        path.parent().unwrap_or(path)
    }
}
