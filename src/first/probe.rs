//! Asks the platform before anything is written: whether the key is taken, what it may do, which lists there are.

use std::{path::Path, sync::Arc, time::Duration};

use chrono::NaiveDate;
use engaged_connectors::{
    Account, Clock, Connector, ConnectorError,
    http::{Transport, within},
};
use secrecy::ExposeSecret as _;

use super::{
    answers::Answers,
    compose::{self, KeyIn},
};
use crate::{
    config::{self, Config, Environment, SourceFile},
    diagnostic::{Diagnostic, Exit, Expected},
    platform,
};

/// The name under which the key is handed to the connector while it is in no file.
const KEY: &str = "ENGAGED_INIT_KEY";

/// So long a look at the platform's lists may take.
const LISTS_MAX: Duration = Duration::from_secs(20);

/// Talks to a platform on behalf of answers that are written nowhere yet.
pub struct Probe<'a> {
    /// Where the configuration is to be.
    pub path: &'a Path,
    /// The environment of the process.
    pub environment: &'a Environment,
    /// The clock.
    pub clock: &'a Arc<dyn Clock>,
    /// The network.
    pub transport: &'a Arc<dyn Transport>,
}

impl Probe<'_> {
    /// The configuration that these answers make, checked as `engaged check` would.
    ///
    /// # Errors
    ///
    /// What is wrong with it: a variable of the environment that overrides a key with nonsense, say.
    pub fn config(&self, text: &str) -> Result<Config, Expected> {
        let file = SourceFile {
            path: self.path.to_owned(),
            text: text.to_owned(),
        };
        Ok(config::load_texts(self.path, &[file], self.environment)?)
    }

    /// The names of the lists that can be followed.
    pub async fn lists(&self, answers: &Answers) -> Result<Vec<String>, Failed> {
        let connector = self.connector(answers)?;
        let lists = within(LISTS_MAX, "lists", connector.lists()).await;
        lists.map_err(|error| Failed::of(answers, &error))
    }

    /// Who we are there.
    pub async fn account(&self, answers: &Answers) -> Result<Account, Failed> {
        let connector = self.connector(answers)?;
        let account = connector.check().await;
        account.map_err(|error| Failed::of(answers, &error))
    }

    fn connector(&self, answers: &Answers) -> Result<Box<dyn Connector>, Failed> {
        let text = compose::text(
            answers,
            KeyIn::Environment(KEY),
            "engaged.db",
            NaiveDate::default(),
        );
        let config = self.config(&text).map_err(Failed::fatal)?;
        let Some(connection) = config.connections.first() else {
            // One connection was written, so one was read.
            return Err(Failed::fatal(Expected::new(
                Exit::Bug,
                Diagnostic::error("E0199", "the connection is not in its own configuration")
                    .help("please report this"),
            )));
        };
        let mut environment = self.environment.clone();
        environment.insert(KEY.to_owned(), answers.key.expose_secret().to_owned());
        let made = platform::connector(connection, &[], &environment, self.clock, self.transport);
        // What a connector dislikes without asking anybody is the shape of the key, or the address.
        made.map_err(|expected| Failed {
            expected,
            about: About::Key,
        })
    }
}

/// Why the platform could not be asked, and which answer may mend it.
#[derive(Debug)]
pub struct Failed {
    /// As a person is told.
    pub expected: Expected,
    /// What to ask again.
    pub about: About,
}

/// Which answer may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The key, or its rights.
    Key,
    /// The address, or the network.
    Address,
    /// None: something else is.
    Nothing,
}

impl Failed {
    fn fatal(expected: Expected) -> Self {
        Self {
            expected,
            about: About::Nothing,
        }
    }

    fn of(answers: &Answers, error: &ConnectorError) -> Self {
        let about = match error {
            ConnectorError::Auth { .. } | ConnectorError::Config { .. } => About::Key,
            ConnectorError::Transient { .. }
            | ConnectorError::RateLimited { .. }
            | ConnectorError::Contract { .. } => About::Address,
        };
        Self {
            expected: platform::refused(&answers.name, error),
            about,
        }
    }
}
