//! The demo's stage: the stand-ins, a temporary folder, a configuration.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use engaged_connectors::Clock;
use engaged_sandbox::people::SharedWorld;
use secrecy::ExposeSecret as _;

use super::{
    Access, Chosen, DemoClock, Environment, Expected, Jobs, Store, Watch, config, platform,
    stand::Stand,
};
use crate::hooks::path;

/// The configuration without its connections; a newcomer may well read it.
const CONFIG: &str = include_str!("engaged.toml");

/// The platforms.
pub(super) struct Sites(Vec<(Chosen, Stand)>);

impl Sites {
    /// Serves the world on each platform.
    pub(super) async fn start(
        chosen: &[Chosen],
        world: &SharedWorld,
        clock: &Arc<DemoClock>,
    ) -> io::Result<Self> {
        let mut sites = Vec::new();
        for each in chosen {
            let stand = Stand::start(each, chosen.len() == 1, world, clock).await?;
            sites.push((each.clone(), stand));
        }
        Ok(Self(sites))
    }

    /// Each with its connection.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Chosen, &Stand)> {
        self.0.iter().map(|(chosen, stand)| (chosen, stand))
    }

    /// From now on the first platform's key is refused.
    pub(super) fn refuse_key(&self) {
        if let Some((_, stand)) = self.0.first() {
            stand.refuse_key();
        }
    }

    /// How many calls were answered with "slow down".
    pub(super) fn throttled(&self) -> u64 {
        self.0.iter().map(|(_, stand)| stand.throttled()).sum()
    }

    /// The whole configuration.
    fn config(&self) -> String {
        let tables = self.all().map(|(chosen, stand)| stand.tables(chosen));
        let tables: Vec<String> = tables.collect();
        let mut config = CONFIG.replace("CONNECTIONS\n", &(tables.join("\n") + "\n"));
        if let Some((chosen, stand)) = self.0.first() {
            let [ambassador, thanks] = stand.series();
            config = config
                .replace("FIRST", &chosen.connection)
                .replace("AMBASSADOR", ambassador)
                .replace("THANKS", thanks);
        }
        config
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
        std::fs::write(setting.config(), sites.config())?;
        for (chosen, stand) in sites.all() {
            let file = |end: &str| setting.file(&format!("{}.{end}", chosen.connection));
            secret(&file("key"), &stand.key())?;
            let fresh = path::fresh().map_err(io::Error::other)?;
            secret(&file("path"), fresh.expose_secret())?;
        }
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
