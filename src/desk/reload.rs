//! Taking the configuration anew: whole or not at all, between two turns.

use std::sync::Arc;

use engaged_connectors::http::Transport;
use serde::{Serialize, Serializer};
use tracing::{error, info};

use crate::{
    config::{self, Config, Environment, parts},
    diagnostic::{Diagnostic, Exit, Expected},
    schedule::jobs::Jobs,
    score::calendar::Millis,
    store::StoreError,
};

use super::{Desk, ask::Ask, lock};

/// What counts only from the next start on.
const RESTART: [&str; 2] = ["web", "webhooks"];

/// What a reload changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reloaded {
    /// What is new, gone or other, as `scores.engagement` or `guards`.
    pub changed: Vec<String>,
    /// Of those, what needs a restart before it counts.
    pub restart: Vec<String>,
    /// The fingerprint of the rules now in force.
    pub rules: String,
    /// Whether they are other than before.
    pub rules_changed: bool,
    /// How many warnings the configuration has.
    pub warnings: usize,
}

impl Reloaded {
    fn new(before: &Config, now: &Config) -> Self {
        let changed = parts::differing(&before.parts, &now.parts);
        let restart = changed
            .iter()
            .filter(|part| RESTART.contains(&part.as_str()));
        Self {
            restart: restart.cloned().collect(),
            changed,
            rules: now.rules_hash.clone(),
            rules_changed: before.rules_hash != now.rules_hash,
            warnings: now.warnings.len(),
        }
    }

    /// What changed, in one line.
    pub fn line(&self) -> String {
        let changed = if self.changed.is_empty() {
            "nothing changed".to_owned()
        } else {
            format!("changed: {}", self.changed.join(", "))
        };
        if self.restart.is_empty() {
            return changed;
        }
        format!(
            "{changed}; only from the next start on: {}",
            self.restart.join(", ")
        )
    }
}

/// A reload that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReloadTrouble {
    /// When.
    pub at: Millis,
    /// Who asked for it.
    pub who: String,
    /// What is wrong.
    #[serde(serialize_with = "as_json")]
    pub errors: Vec<Diagnostic>,
}

fn as_json<S: Serializer>(errors: &[Diagnostic], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(errors.iter().map(Diagnostic::to_json))
}

impl Desk {
    /// Loads the configuration and puts it in force. Whoever calls this holds the turn: what is under way would
    /// else be put in doubt. After a refusal the one before stays in force.
    pub(super) async fn reload(self: &Arc<Self>, who: &str) -> Result<Reloaded, Expected> {
        self.supervisor.reloading();
        let renewed = self.renew().await;
        let ended = match renewed {
            Ok((jobs, report)) => {
                *lock(&self.current) = Arc::new(jobs);
                *lock(&self.trouble) = None;
                info!(
                    rules = report.rules,
                    "the configuration was reloaded; {}",
                    report.line()
                );
                if report.rules_changed {
                    // Until they are scored by them, nothing is shown of anybody on any platform.
                    self.ask(Ask::Score { full: false }, who);
                }
                Ok(report)
            }
            Err(expected) => {
                error!(
                    "the configuration was not reloaded, and what was in force stays so: {expected}"
                );
                *lock(&self.trouble) = Some(ReloadTrouble {
                    at: self.now(),
                    who: who.to_owned(),
                    errors: expected.diagnostics.clone(),
                });
                Err(expected)
            }
        };
        self.supervisor.ready();
        ended
    }

    async fn renew(&self) -> Result<(Jobs, Reloaded), Expected> {
        let before = self.jobs();
        let environment = self.environment.clone();
        let transport = Arc::clone(&self.transport);
        // Reads files and keys, and writes to the store.
        let work = move || renew(&before, &environment, &transport);
        let renewed = tokio::task::spawn_blocking(work).await;
        renewed.unwrap_or_else(|error| Err(StoreError::ended(&error).into()))
    }
}

fn renew(
    before: &Jobs,
    environment: &Environment,
    transport: &Arc<dyn Transport>,
) -> Result<(Jobs, Reloaded), Expected> {
    let now = &before.config;
    let config = config::load(&now.file, environment)?;
    if config.database != now.database {
        let diagnostic = Diagnostic::error(
            "E0142",
            format!("the database moved to {}", config.database.display()),
        );
        return Err(Expected::new(
            Exit::Usage,
            diagnostic.help("restart engaged: a running one keeps the database that it has"),
        ));
    }
    let report = Reloaded::new(now, &config);
    Ok((before.renewed(config, environment, transport)?, report))
}
