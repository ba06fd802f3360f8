//! The configuration's own warnings, and the files with secrets: whether they can be read, and by whom.

use std::{os::unix::fs::MetadataExt as _, path::Path};

use super::finding::{Finding, State};
use crate::config::{Config, ConnectionConfig, Environment, SecretSource};

pub(super) fn findings(config: &Config, environment: &Environment) -> Vec<Finding> {
    let sizes = format!(
        "{} connections, {} scores, {} automations",
        config.connections.len(),
        config.rules.scores.len(),
        config.automations.len()
    );
    let file = config.file.display().to_string();
    let mut all = vec![Finding::new("configuration", State::Fine, &file, sizes)];
    for warning in &config.warnings {
        let place = warning.place.as_ref();
        let subject = place.map_or_else(|| file.clone(), ToString::to_string);
        let message = format!("{} ({})", warning.message, warning.code);
        let finding = Finding::new("configuration_warning", State::Warning, subject, message);
        let help = warning.help.clone();
        all.push(
            finding.fix(help.unwrap_or_else(|| "see it in its place: engaged check".to_owned())),
        );
    }
    for connection in config.written_to() {
        for (what, source) in sources(connection) {
            all.extend(secret(connection, what, source, environment));
        }
    }
    if let Some(receiver) = &config.alerts.receiver {
        all.extend(readable("alerts", "key", &receiver.key, environment));
        all.extend(open_to_others("alerts", &receiver.key));
    }
    all
}

/// Every secret of a connection.
fn sources(connection: &ConnectionConfig) -> Vec<(&'static str, &SecretSource)> {
    let mut all = vec![("key", &connection.key)];
    if let Some(hook) = &connection.webhook {
        all.extend(hook.places().map(|(what, place)| (what, &place.source)));
    }
    all
}

fn secret(
    connection: &ConnectionConfig,
    what: &str,
    source: &SecretSource,
    environment: &Environment,
) -> Vec<Finding> {
    let mut all: Vec<Finding> = open_to_others(&connection.name, source)
        .into_iter()
        .collect();
    // What a webhook lacks is told where its address is.
    if what == "key" {
        all.extend(readable(&connection.name, what, source, environment));
    }
    all
}

fn readable(
    subject: &str,
    what: &str,
    source: &SecretSource,
    environment: &Environment,
) -> Option<Finding> {
    let refused = source.read(environment).err()?;
    let message = format!("the {what} cannot be read: {}", refused.message);
    let finding = Finding::new("secret_unreadable", State::Trouble, subject, message);
    Some(finding.fix(refused.help.unwrap_or_default()))
}

fn open_to_others(subject: &str, source: &SecretSource) -> Option<Finding> {
    let SecretSource::File(path) = source else {
        return None;
    };
    let mode = std::fs::metadata(path).ok()?.mode() & 0o777;
    (mode & 0o077 != 0).then(|| {
        let message = format!(
            "others on this machine can read {} (mode {mode:o})",
            path.display()
        );
        let finding = Finding::new("secret_open", State::Warning, subject, message);
        finding.fix(format!("chmod 600 {}", shown(path)))
    })
}

/// A path as a shell takes it.
pub(super) fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    if text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
