//! `hooks`: the address to give to a platform; its secret part is made here.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::Path,
};

use clap::{Args, Subcommand};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::{
    config::{Config, ConnectionConfig, HookConfig, SecretSource},
    diagnostic::{Diagnostic, Exit, Expected},
    hooks::{self, path},
};

use super::{Context, output, usage};

#[derive(Debug, Args)]
pub(super) struct Hooks {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show a connection's whole address, secret included; makes the secret if there is none
    Path(PathOf),
}

#[derive(Debug, Args)]
struct PathOf {
    /// The connection
    connection: String,
}

pub(super) fn hooks(context: &Context, arguments: &Hooks) -> Result<Exit, Expected> {
    match &arguments.verb {
        Verb::Path(arguments) => show(context, &arguments.connection),
    }
}

fn show(context: &Context, name: &str) -> Result<Exit, Expected> {
    let config = context.config()?;
    let (_, hook) = of(&config, name)?;
    let (secret, made) = match hooks::secret(&hook.path, &context.environment) {
        Ok(secret) => (secret, false),
        Err(unreadable) => (make(&hook.path.source, unreadable)?, true),
    };
    let site = config.webhooks.as_ref();
    let site = site
        .map(crate::config::Webhooks::address)
        .unwrap_or_default();
    let address = hooks::address(&site, name, secret.expose_secret());
    if made {
        output::say(&match &hook.path.source {
            SecretSource::File(path) => format!(
                "made {}; a running daemon takes it with the next reload",
                path.display()
            ),
            other => format!(
                "there is nothing in {other}: put the last part of the address there, and start engaged again"
            ),
        });
    }
    let result = json!({ "schema": 1, "connection": name, "address": address, "made": made });
    context.output.show(&result, |_| address.clone());
    Ok(Exit::Done)
}

/// A connection that is to have webhooks.
pub(super) fn of<'c>(
    config: &'c Config,
    name: &str,
) -> Result<(&'c ConnectionConfig, &'c HookConfig), Expected> {
    let connection = config.connections.iter().find(|each| each.name == name);
    let hook = connection.and_then(|each| Some((each, each.webhook.as_ref()?)));
    hook.ok_or_else(|| {
        usage(
            format!("there is no connection '{name}' with a webhook"),
            "add to its table: webhook.path = { file = \"secrets/NAME-path\" }; see docs/webhooks.md",
        )
    })
}

/// A new secret, in its file if it is to be in one that is not there.
fn make(source: &SecretSource, unreadable: Expected) -> Result<SecretString, Expected> {
    let secret = path::fresh().map_err(|error| {
        let diagnostic = Diagnostic::error("E0703", format!("no random bytes: {error}"));
        Expected::new(Exit::Bug, diagnostic.help("please report this"))
    })?;
    let SecretSource::File(path) = source else {
        return Ok(secret);
    };
    match write(path, &secret) {
        Ok(()) => Ok(secret),
        // It is there, and what it holds is no secret: nothing is written over.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(unreadable),
        Err(error) => Err(Expected::new(
            Exit::Usage,
            Diagnostic::error("E0704", format!("cannot write {}: {error}", path.display()))
                .help("make its folder, writable for whoever runs this"),
        )),
    }
}

fn write(path: &Path, secret: &SecretString) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    writeln!(file, "{}", secret.expose_secret())?;
    file.sync_all()
}
