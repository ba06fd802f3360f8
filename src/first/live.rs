//! The end of the shadow period: what would change in the file for one connection to become writable, checked as a whole
//! before anybody is asked, and written only over the text that was looked at.

use std::path::{Path, PathBuf};

use crate::{
    config::{self, Config, Environment, Mode, parts},
    diagnostic::{Diagnostic, Exit, Expected},
    publish::{self, PublishError},
};

/// What would change.
#[derive(Clone, Debug)]
pub struct GoLive {
    /// The file.
    pub file: PathBuf,
    /// The configuration as it would be.
    pub config: Config,
    before: String,
    after: String,
}

impl GoLive {
    /// Works it out; changes nothing.
    ///
    /// # Errors
    ///
    /// What keeps the connection from becoming writable: a configuration that is not right, a text that only a person should
    /// edit, a variable of the environment that says otherwise.
    pub fn of(path: &Path, environment: &Environment, connection: &str) -> Result<Self, Expected> {
        let mut files =
            config::sources(path).map_err(|diagnostic| Expected::from(vec![*diagnostic]))?;
        let now = config::load_texts(path, &files, environment)?;
        let (at, after) = config::live(&files, connection)
            .map_err(|diagnostic| Expected::from(vec![*diagnostic]))?;
        let before = std::mem::replace(&mut files[at].text, after.clone());
        let then = config::load_texts(path, &files, environment)?;
        let mut all = then.connections.iter();
        let is_live = all.any(|each| each.name == connection && each.mode == Mode::Live);
        let differing = parts::differing(&now.parts, &then.parts);
        if !is_live || differing != [format!("connections.{connection}")] {
            let diagnostic = Diagnostic::error(
                "E0147",
                format!("'{connection}' would not be live after a change of the file alone"),
            );
            return Err(Expected::new(
                Exit::Usage,
                diagnostic.help(format!(
                    "see whether the environment sets {}CONNECTIONS__...__MODE, and take that out",
                    config::OVERRIDE_PREFIX
                )),
            ));
        }
        Ok(Self {
            file: files[at].path.clone(),
            config: then,
            before,
            after,
        })
    }

    /// Writes it, if the file still says what was looked at.
    ///
    /// # Errors
    ///
    /// E0148 if it does not, E0146 if it cannot be written.
    pub fn write(&self) -> Result<(), Expected> {
        publish::replace(&self.file, &self.before, &self.after).map_err(|error| match error {
            PublishError::Changed { file } => Expected::new(
                Exit::Pending,
                Diagnostic::error("E0148", format!("{file} changed while you were looking"))
                    .help("look again: engaged go-live"),
            ),
            other => Expected::new(
                Exit::Usage,
                Diagnostic::error("E0146", other.to_string())
                    .help("set mode = \"live\" by hand, and take shadow_until out"),
            ),
        })
    }
}
