//! Carrying out what was asked, once its turn has come.

use std::sync::Arc;

use crate::{
    config::ConnectionConfig,
    diagnostic::{Diagnostic, Exit, Expected},
    publish::{Editor, PublishError},
    store::{Speaker, StoreError},
};

use super::{
    Desk,
    ask::{Ask, Outcome},
    kept::AnyPlan,
    lock,
};

impl Desk {
    /// Does it, with the jobs that are in force now.
    pub(super) async fn carry_out(
        self: &Arc<Self>,
        ask: Ask,
        who: &str,
    ) -> Result<Outcome, Expected> {
        let jobs = self.jobs();
        Ok(match ask {
            Ask::Sync { connection, full } => {
                known(connection.as_deref(), jobs.config.connections.iter())?;
                let sync = jobs.sync(connection.as_deref(), full).await?;
                Outcome::Synced { sync }
            }
            Ask::Score { full } => Outcome::Scored {
                score: jobs.score(full).await?,
            },
            Ask::Plan => {
                let plan = AnyPlan::Push(jobs.plan().await?);
                self.planned(who, [plan])
            }
            Ask::Apply { fingerprint } => Outcome::Pushed {
                push: jobs.apply(Some(&fingerprint)).await?,
            },
            Ask::CleanPlan { policy } => {
                let plan = jobs.cleaning()?.plan(policy.as_deref())?;
                let plans = plan.policies.into_iter().map(Box::new);
                self.planned(who, plans.map(AnyPlan::Cleaning))
            }
            // Whoever asks for these two is logged in to the dashboard: the API has no cleaning.
            Ask::CleanApply { fingerprint } => {
                let (cleaning, by) = (jobs.cleaning()?, Speaker::dashboard(who));
                let clean = cleaning.apply(&fingerprint, &by).await?;
                Outcome::Cleaned { clean }
            }
            Ask::CleanConfirm { batch } => {
                let (cleaning, by) = (jobs.cleaning()?, Speaker::dashboard(who));
                let clean = cleaning.confirm_and_work(batch, &by).await?;
                Outcome::Cleaned { clean }
            }
            Ask::CleanUndo { batch } => Outcome::Cleaned {
                clean: jobs.cleaning()?.undo(batch, who).await?,
            },
            Ask::CleanKeep { policy, contacts } => {
                let contacts: Vec<String> = contacts
                    .iter()
                    .map(|contact| contact.reveal().to_owned())
                    .collect();
                let contacts = jobs.cleaning()?.keep(policy.as_deref(), &contacts, who)?;
                Outcome::Kept { contacts }
            }
            Ask::Retry { connection } => {
                // An address that an automation calls is written to as well.
                known(connection.as_deref(), jobs.config.written_to())?;
                let push = jobs.retry(connection.as_deref()).await?;
                Outcome::Pushed { push }
            }
            Ask::Reload => Outcome::Reloaded {
                reload: self.reload(who).await?,
            },
            Ask::Publish(order) => {
                let by = who.to_owned();
                self.published(who, move |editor| editor.publish(&order, &by))
                    .await?
            }
            Ask::RollBack {
                publication,
                reason,
            } => {
                let by = who.to_owned();
                self.published(who, move |editor| {
                    editor.roll_back(publication, &reason, &by)
                })
                .await?
            }
        })
    }

    /// Writes a file and puts it in force.
    async fn published(
        self: &Arc<Self>,
        who: &str,
        write: impl FnOnce(&Editor) -> Result<i64, PublishError> + Send + 'static,
    ) -> Result<Outcome, Expected> {
        let editor = self.editor();
        let written = tokio::task::spawn_blocking(move || write(&editor)).await;
        let publication = written.map_err(|error| StoreError::ended(&error))??;
        match self.reload(who).await {
            Ok(reload) => Ok(Outcome::Published {
                publication,
                reload,
            }),
            Err(mut expected) => {
                let message = format!("publication {publication} is in the file, and not in force");
                let first = Diagnostic::error("E0143", message)
                    .help("mend what else is wrong with the configuration, and reload");
                expected.diagnostics.insert(0, first);
                Err(expected)
            }
        }
    }

    fn planned(&self, who: &str, plans: impl IntoIterator<Item = AnyPlan>) -> Outcome {
        let now = self.now();
        let mut kept = lock(&self.plans);
        let plans = plans.into_iter();
        Outcome::Planned {
            fingerprints: plans.map(|plan| kept.add(plan, who, now)).collect(),
        }
    }
}

/// Whether a connection that somebody named is among these.
fn known<'a>(
    name: Option<&str>,
    all: impl Iterator<Item = &'a ConnectionConfig>,
) -> Result<(), Expected> {
    let names: Vec<&str> = all.map(|each| each.name.as_str()).collect();
    let Some(name) = name.filter(|name| !names.contains(name)) else {
        return Ok(());
    };
    let diagnostic = Diagnostic::error("E0100", format!("there is no connection '{name}'"));
    Err(Expected::new(
        Exit::Usage,
        diagnostic.help(format!("there are: {}", names.join(", "))),
    ))
}
