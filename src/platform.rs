//! Makes the connector that a connection's configuration asks for.

use std::sync::Arc;

use engaged_connectors::{
    Clock, Connector, ConnectorError,
    ghost::{Ghost, GhostSettings},
    http::{Network, Transport},
    mailchimp::{self, Mailchimp},
    outgoing::{self, Outgoing},
    webhook::signature::Secrets,
};

use crate::{
    alert::Teller,
    automation::{self, Automation, Begin},
    config::{Alerts, ConnectionConfig, Environment, Platform},
    diagnostic::{Diagnostic, Exit, Expected},
    hooks,
};

/// The connector of one connection. Reads its key; asks the platform nothing.
pub fn connector(
    connection: &ConnectionConfig,
    automations: &[Automation],
    environment: &Environment,
    clock: &Arc<dyn Clock>,
    transport: &Arc<dyn Transport>,
) -> Result<Box<dyn Connector>, Expected> {
    let key = connection.key.read(environment).map_err(|diagnostic| {
        let located = diagnostic.at(&connection.key_place, "named here");
        Expected::new(Exit::Usage, located)
    })?;
    let base_url = connection
        .base_url
        .as_ref()
        .map(|url| url.as_str().trim_end_matches('/').to_owned());
    let tag_prefix = connection
        .push
        .tags
        .as_ref()
        .map(|tags| tags.prefix.clone())
        .unwrap_or_default();
    let (start_tags, start_fields) = started_by(connection, automations);
    let webhook = match &connection.webhook {
        Some(hook) => Secrets::new(hooks::secrets(hook, environment)?),
        None => Secrets::default(),
    };
    let (clock, transport) = (Arc::clone(clock), Arc::clone(transport));
    match connection.platform {
        Platform::Webhook => {
            let url = connection.base_url.as_ref().map_or("", url::Url::as_str);
            let settings = outgoing::Settings {
                url: url.into(),
                secret: key,
            };
            let outgoing = Outgoing::new(&settings, clock, transport)
                .map_err(|error| refused(&connection.name, &error))?;
            Ok(Box::new(outgoing))
        }
        Platform::Ghost => {
            let settings = GhostSettings {
                base_url: base_url.unwrap_or_default(),
                key,
                newsletters: connection.lists.clone(),
                tag_prefix,
                start_tags,
            };
            let ghost = Ghost::new(&settings, clock, transport)
                .map_err(|error| refused(&connection.name, &error))?;
            Ok(Box::new(ghost.with_webhook(webhook)))
        }
        Platform::Mailchimp => {
            let settings = mailchimp::Settings {
                base_url,
                key,
                lists: connection.lists.clone(),
                tag_prefix,
                start_tags,
                start_fields,
            };
            let mailchimp = Mailchimp::new(&settings, clock, transport)
                .map_err(|error| refused(&connection.name, &error))?;
            Ok(Box::new(mailchimp))
        }
    }
}

/// The tags and fields by which automations start something on a connection.
fn started_by(
    connection: &ConnectionConfig,
    automations: &[Automation],
) -> (Vec<String>, Vec<String>) {
    let (mut tags, mut fields) = (Vec::new(), Vec::new());
    for automation in automation::on(automations, &connection.name) {
        match &automation.start.begin {
            Begin::Tag(tag) => tags.push(tag.clone()),
            Begin::Field { name, .. } => fields.push(name.clone()),
            _ => {}
        }
    }
    (tags, fields)
}

/// Who is told when something is wrong, if anybody is. Reads the key; calls nobody.
pub fn teller(
    alerts: &Alerts,
    environment: &Environment,
    clock: &Arc<dyn Clock>,
    transport: &Arc<dyn Transport>,
) -> Result<Option<Teller>, Expected> {
    let Some(receiver) = &alerts.receiver else {
        return Ok(None);
    };
    let key = receiver.key.read(environment).map_err(|diagnostic| {
        let located = diagnostic.at(&receiver.key_place, "named here");
        Expected::new(Exit::Usage, located)
    })?;
    let teller = Teller::new(receiver, key, Arc::clone(clock), Arc::clone(transport));
    teller.map(Some).map_err(|error| refused("alerts", &error))
}

/// The network that all connectors share.
pub fn network() -> Result<Arc<dyn Transport>, Expected> {
    let network = Network::new().map_err(|error| refused("network", &error))?;
    Ok(Arc::new(network))
}

/// A platform's error as a person sees it.
pub fn refused(connection: &str, error: &ConnectorError) -> Expected {
    let (exit, help) = match error {
        ConnectorError::Transient { .. } => (
            Exit::Unavailable,
            "nothing was lost; the next run goes on from here",
        ),
        ConnectorError::RateLimited { .. } => {
            (Exit::Unavailable, "wait; the next run goes on from here")
        }
        ConnectorError::Auth { .. } => (
            Exit::Refused,
            "check the key and its rights on the platform, then run `engaged sync` again",
        ),
        ConnectorError::Contract { .. } => (
            Exit::Unavailable,
            "the page was left unread; if this stays, please report it",
        ),
        ConnectorError::Config { .. } => {
            (Exit::Usage, "correct the connection in the configuration")
        }
    };
    let mut diagnostic =
        Diagnostic::error(error.code(), format!("{connection}: {error}")).help(help);
    if let ConnectorError::Auth {
        missing: Some(right),
        ..
    } = error
    {
        diagnostic = diagnostic.note(format!("the key lacks: {right}"));
    }
    Expected::new(exit, diagnostic)
}
