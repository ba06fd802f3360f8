//! K1: what a user sets stays compatible with the last release, and secrets are typed as such.

use serde::{Deserialize, Serialize};

use super::{Finding, Subject, Tally, taken::Bench};

/// Names that no plain setting may bear.
const SECRET_NAMES: [&str; 6] = ["key", "token", "secret", "password", "credential", "bearer"];

/// What kind of value a setting takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingKind {
    /// A reference to a secret; the value never stands in the configuration.
    Secret,
    /// Anything else, by the name that the configuration's schema gives it.
    Plain(String),
}

/// One setting of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Its name, with dots for tables.
    pub name: String,
    /// What it takes.
    pub kind: SettingKind,
    /// Whether a connection is incomplete without it.
    pub required: bool,
}

/// The settings of a platform's connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// As they are.
    pub now: Vec<Setting>,
    /// As the last release had them, as JSON.
    pub released: &'static str,
}

pub(super) async fn compatible(
    subject: &dyn Subject,
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    let Settings { now, released } = subject.settings();
    let released: Vec<Setting> = serde_json::from_str(released).map_err(|error| {
        Finding::new(
            "the snapshot of the last release cannot be read",
            "settings.json",
        )
        .why(error.to_string())
        .boxed()
    })?;
    tally.add("settings", now.len());
    tally.add("released before", released.len());
    for before in &released {
        let Some(setting) = now.iter().find(|setting| setting.name == before.name) else {
            return Err(incompatible(
                &before.name,
                "it is gone: a configuration that has it no longer loads",
            ));
        };
        if setting.kind != before.kind {
            return Err(incompatible(
                &before.name,
                &format!("it took {:?} and takes {:?}", before.kind, setting.kind),
            ));
        }
        if setting.required && !before.required {
            return Err(incompatible(
                &before.name,
                "it was optional and is required",
            ));
        }
    }
    typed(&now, &released, tally)?;
    let bench = Bench::new(subject, 10).await?;
    let shown = bench.stand.settings_shown();
    if let Some(place) = bench
        .stand
        .secrets()
        .iter()
        .position(|secret| shown.contains(secret.as_str()))
    {
        return Err(Finding::new(
            "the settings show a secret in Debug",
            format!("secret number {}", place + 1),
        )
        .why("whatever logs or prints the settings prints the key")
        .next("keep it in secrecy::SecretString")
        .boxed());
    }
    Ok(())
}

/// That what is new is optional, and that every secret is typed as one.
fn typed(now: &[Setting], released: &[Setting], tally: &mut Tally) -> Result<(), Box<Finding>> {
    for setting in now {
        let new = !released.iter().any(|before| before.name == setting.name);
        if new && setting.required {
            return Err(incompatible(
                &setting.name,
                "it is new and required: configurations that lack it no longer load",
            ));
        }
        tally.add("new since", usize::from(new));
        let last = setting.name.rsplit('.').next().unwrap_or_default();
        if setting.kind != SettingKind::Secret
            && SECRET_NAMES
                .iter()
                .any(|word| last.split('_').any(|part| part == *word))
        {
            return Err(Finding::new(
                "a setting that sounds like a secret is not typed as one",
                setting.name.clone(),
            )
            .why("it could be written into the configuration, from where it spreads")
            .next("make it a Secret: where to find it, never what it is")
            .boxed());
        }
    }
    let secrets = now
        .iter()
        .filter(|setting| setting.kind == SettingKind::Secret)
        .count();
    tally.add("typed as secret", secrets);
    tally.at_least(1, "typed as secret")
}

fn incompatible(name: &str, why: &str) -> Box<Finding> {
    Finding::new("a setting is no longer compatible with the last release", name)
        .why(why)
        .next("keep the old one working beside the new one, or raise the major version and re-record settings.json")
        .boxed()
}
