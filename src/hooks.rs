//! What platforms report by themselves: from a delivery's arrival to what it says.
//!
//! ```text
//! web/hooks  takes the bytes         who knows the path?
//!   receive  is it the platform's?   connectors: Webhook::verify
//!   intake   keep it, then answer    store: delivery, one commit for all that wait
//!   read     what does it say?       connectors: Webhook::read; events in the transaction that marks it as read
//! ```
//!
//! A delivery counts once it is committed, and only then its sender is told
//! 200. What is not believed leaves a number behind and nothing else. What is
//! believed and not understood is kept, and named.

#[cfg(test)]
pub(crate) mod fake;
pub mod intake;
pub mod keys;
pub mod path;
pub mod read;
pub mod receive;

use secrecy::SecretString;

use crate::{
    config::{ConnectionConfig, Environment, HookConfig, SecretPlace},
    diagnostic::{Diagnostic, Exit, Expected},
};

use self::path::Paths;

/// Where one connection's deliveries come in.
pub struct Door {
    /// The connection's platform.
    pub platform: &'static str,
    /// Who knows one of these is let in.
    pub paths: Paths,
}

impl Door {
    /// The door of a connection, if it is to have one. Reads its secrets.
    pub fn of(
        connection: &ConnectionConfig,
        environment: &Environment,
    ) -> Result<Option<Self>, Expected> {
        let Some(hook) = &connection.webhook else {
            return Ok(None);
        };
        let mut paths = Paths::default();
        for place in [Some(&hook.path), hook.former_path.as_ref()]
            .into_iter()
            .flatten()
        {
            let secret = secret(place, environment)
                .map_err(|expected| helped(expected, &connection.name))?;
            if !paths.add(&secret) {
                return Err(too_weak(place, &connection.name));
            }
        }
        Ok(Some(Self {
            platform: connection.platform.as_str(),
            paths,
        }))
    }
}

/// The secrets with which a connection's platform may sign, the present one first.
pub fn secrets(
    hook: &HookConfig,
    environment: &Environment,
) -> Result<Vec<SecretString>, Expected> {
    [hook.secret.as_ref(), hook.former_secret.as_ref()]
        .into_iter()
        .flatten()
        .map(|place| secret(place, environment))
        .collect()
}

/// The secret at a place.
pub fn secret(place: &SecretPlace, environment: &Environment) -> Result<SecretString, Expected> {
    let read = place.source.read(environment);
    read.map_err(|diagnostic| Expected::new(Exit::Usage, diagnostic.at(&place.place, "named here")))
}

/// The path of a delivery to a connection.
pub fn address(site: &str, connection: &str, secret: &str) -> String {
    format!("{site}/hooks/{connection}/{secret}")
}

fn helped(mut expected: Expected, connection: &str) -> Expected {
    for diagnostic in &mut expected.diagnostics {
        diagnostic.help = Some(format!("`engaged hooks path {connection}` makes one"));
    }
    expected
}

fn too_weak(place: &SecretPlace, connection: &str) -> Expected {
    let diagnostic = Diagnostic::error(
        "E0701",
        format!("the path in {} can be guessed", place.source),
    );
    let diagnostic = diagnostic.at(
        &place.place,
        "wants at least 43 letters, digits, '-' and '_'",
    );
    Expected::new(
        Exit::Usage,
        diagnostic.help(format!("`engaged hooks path {connection}` makes one")),
    )
}
