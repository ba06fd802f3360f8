//! The demo's stage: two sandboxes, a temporary folder, a configuration.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use engaged_connectors::Clock;
use engaged_sandbox::{
    fault::{Fault, FaultPlan, Rule, When},
    ghost::{Ghost, GhostConfig, GhostServing},
    mailchimp::{Mailchimp, Options},
    people::SharedWorld,
};

use super::{Access, DemoClock, Environment, Expected, Jobs, Store, Watch, config, platform};

/// The configuration; a newcomer may well read it.
const CONFIG: &str = include_str!("engaged.toml");

/// The platforms.
pub(super) struct Sites {
    mailchimp: Mailchimp,
    ghost: Ghost,
    serving: GhostServing,
}

impl Sites {
    /// Serves one publication of the world on each platform.
    pub(super) async fn start(world: &SharedWorld, clock: &Arc<DemoClock>) -> io::Result<Self> {
        let options = Options {
            events_in_ledger: false,
            batch_steps: 1,
            ..Options::default()
        };
        // Each platform asks us once to slow down.
        let throttle = |path: &str| {
            let slow = Fault::TooMany {
                retry_after: Some(1),
            };
            FaultPlan {
                seed: 1,
                rules: vec![Rule::new(path, When::Nth(3), slow).at_most(1)],
            }
        };
        let mut plan = throttle("/3.0/reports");
        // One series may or may not have begun: its answer is lost, and only a person can look.
        let lost = Rule::new("/3.0/customer-journeys", When::Nth(2), Fault::AnswerLost);
        plan.rules.push(lost.at_most(1));
        let mailchimp = Mailchimp::start(options, Arc::clone(world), plan).await?;
        let ghost = Ghost::new(GhostConfig::default(), Arc::clone(world));
        let serving = ghost.serve(throttle("/ghost/api/admin/members"), 0).await?;
        let (one, other) = (Arc::clone(clock), Arc::clone(clock));
        mailchimp.follow(move || one.now());
        ghost.follow(move || other.now());
        Ok(Self {
            mailchimp,
            ghost,
            serving,
        })
    }

    /// From now on the weekly newsletter's key is refused.
    pub(super) fn refuse_key(&self) {
        let refused = Rule::new("/3.0/", When::From(1), Fault::RevokedKey);
        self.mailchimp.faults().add(refused);
    }

    /// How many calls were answered with "slow down".
    pub(super) fn throttled(&self) -> u64 {
        let faults = [self.mailchimp.faults(), self.serving.faults()];
        faults
            .iter()
            .flat_map(|faults| faults.report())
            .map(|(_, fired)| fired)
            .sum()
    }
}

/// The folder with configuration, keys and database.
pub(super) struct Setting {
    folder: PathBuf,
}

impl Setting {
    /// Writes the configuration and the keys.
    pub(super) fn new(sites: &Sites, now: DateTime<Utc>) -> io::Result<Self> {
        let name = format!("engaged-demo-{}-{}", std::process::id(), now.timestamp());
        let setting = Self {
            folder: std::env::temp_dir().join(name),
        };
        std::fs::create_dir_all(&setting.folder)?;
        let config = CONFIG
            .replace("MAILCHIMP_URL", &sites.mailchimp.base_url())
            .replace("GHOST_URL", &sites.serving.base_url());
        std::fs::write(setting.config(), config)?;
        secret(&setting.folder.join("mailchimp.key"), sites.mailchimp.key())?;
        secret(&setting.folder.join("ghost.key"), &sites.ghost.key())?;
        Ok(setting)
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.folder.clone()
    }

    fn config(&self) -> PathBuf {
        self.folder.join("engaged.toml")
    }

    /// A file in the folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The product's own jobs, on the product's own configuration.
    pub(super) fn jobs(&self, clock: &Arc<DemoClock>, watch: Watch) -> Result<Jobs, Expected> {
        let config = config::load(&self.config(), &Environment::new())?;
        let clock: Arc<dyn Clock> = Arc::<DemoClock>::clone(clock);
        let store = Store::open(&config.database, Access::ReadWrite, clock.as_ref())?;
        Jobs::new(
            config,
            store,
            clock,
            &Environment::new(),
            &platform::network()?,
            watch,
        )
    }
}

impl Drop for Setting {
    /// Nothing of the demo stays behind.
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Writes a file that its owner alone can read.
fn secret(path: &Path, text: &str) -> io::Result<()> {
    use std::{fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}
