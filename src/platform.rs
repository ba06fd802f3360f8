//! Makes the connector that a connection's configuration asks for.

use std::sync::Arc;

use engaged_connectors::{
    Clock, Connector, ConnectorError,
    activecampaign::{self, ActiveCampaign},
    copernica::{self, Copernica},
    ghost::{Ghost, GhostSettings},
    http::{Network, Transport},
    hubspot::{self, HubSpot},
    mailchimp::{self, Mailchimp},
    outgoing::{self, Outgoing},
    webhook::signature::Secrets,
};

use secrecy::SecretString;

use crate::{
    alert::Teller,
    automation::{self, Automation, Begin},
    config::{Alerts, ConnectionConfig, CopernicaOwn, Environment, HubSpotOwn, Own, Platform},
    diagnostic::{Diagnostic, Exit, Expected},
    hooks,
};

/// What a connector is made of, whatever its platform.
struct Given<'c> {
    connection: &'c ConnectionConfig,
    key: SecretString,
    base_url: Option<String>,
    tag_prefix: String,
    start_tags: Vec<String>,
    start_fields: Vec<String>,
    webhook: Secrets,
    pace: Option<u32>,
    clock: Arc<dyn Clock>,
    transport: Arc<dyn Transport>,
}

type Made = Result<Box<dyn Connector>, ConnectorError>;

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
    let base_url = connection.base_url.as_ref();
    let tags = connection.push.tags.as_ref();
    let (start_tags, start_fields) = started_by(connection, automations);
    let given = Given {
        connection,
        key,
        base_url: base_url.map(|url| url.as_str().trim_end_matches('/').to_owned()),
        tag_prefix: tags.map(|tags| tags.prefix.clone()).unwrap_or_default(),
        start_tags,
        start_fields,
        webhook: match &connection.webhook {
            Some(hook) => Secrets::new(hooks::secrets(hook, environment)?),
            None => Secrets::default(),
        },
        pace: connection.requests_per_second,
        clock: Arc::clone(clock),
        transport: Arc::clone(transport),
    };
    let made = match (connection.platform, &connection.own) {
        (Platform::Copernica, Own::Copernica(own)) => copernica(given, own),
        (Platform::HubSpot, Own::HubSpot(own)) => hubspot(given, own),
        (Platform::ActiveCampaign, Own::ActiveCampaign { bulk_import }) => {
            activecampaign(given, *bulk_import)
        }
        (Platform::Webhook, _) => outgoing(given),
        (Platform::Ghost, _) => ghost(given),
        (Platform::Mailchimp, _) => mailchimp(given),
        (other, _) => Err(ConnectorError::Config {
            what: other.as_str().to_owned(),
            detail: "the connection was configured for another platform".to_owned(),
        }),
    };
    made.map_err(|error| refused(&connection.name, &error))
}

fn outgoing(given: Given<'_>) -> Made {
    let url = given
        .connection
        .base_url
        .as_ref()
        .map_or("", url::Url::as_str);
    let settings = outgoing::Settings {
        url: url.into(),
        secret: given.key,
    };
    Ok(Box::new(Outgoing::new(
        &settings,
        given.clock,
        given.transport,
    )?))
}

fn ghost(given: Given<'_>) -> Made {
    let settings = GhostSettings {
        base_url: given.base_url.unwrap_or_default(),
        key: given.key,
        newsletters: given.connection.lists.clone(),
        tag_prefix: given.tag_prefix,
        start_tags: given.start_tags,
    };
    let ghost =
        Ghost::new(&settings, given.clock, given.transport)?.with_requests_per_second(given.pace);
    Ok(Box::new(ghost.with_webhook(given.webhook)))
}

fn mailchimp(given: Given<'_>) -> Made {
    let settings = mailchimp::Settings {
        base_url: given.base_url,
        key: given.key,
        lists: given.connection.lists.clone(),
        tag_prefix: given.tag_prefix,
        start_tags: given.start_tags,
        start_fields: given.start_fields,
    };
    let mailchimp = Mailchimp::new(&settings, given.clock, given.transport)?;
    Ok(Box::new(mailchimp.with_requests_per_second(given.pace)))
}

fn activecampaign(given: Given<'_>, bulk_import: bool) -> Made {
    let settings = activecampaign::Settings {
        base_url: given.base_url.unwrap_or_default(),
        key: given.key,
        lists: given.connection.lists.clone(),
        tag_prefix: given.tag_prefix,
        start_tags: given.start_tags,
        start_fields: given.start_fields,
        bulk_import,
    };
    let activecampaign = ActiveCampaign::new(&settings, given.clock, given.transport)?;
    Ok(Box::new(
        activecampaign.with_requests_per_second(given.pace),
    ))
}

fn copernica(given: Given<'_>, own: &CopernicaOwn) -> Made {
    let hook = given.connection.webhook.as_ref();
    let settings = copernica::Settings {
        base_url: given.base_url,
        auth_url: own.auth_url.as_ref().map(ToString::to_string),
        token: given.key,
        database: own.database.clone(),
        time_zone: None,
        products: own.products.clone(),
        retention_days: own.retention_days,
        collections: own.collections.clone(),
        unsubscribe_may_remove: own.unsubscribe_may_remove,
        imports: own.imports,
        tag_prefix: given.tag_prefix,
        start_tags: given.start_tags,
        start_fields: given.start_fields,
        webhook_account: hook.and_then(|hook| hook.account.clone()),
    };
    let copernica = Copernica::new(&settings, given.clock, given.transport)?;
    Ok(Box::new(copernica.with_requests_per_second(given.pace)))
}

fn hubspot(given: Given<'_>, own: &HubSpotOwn) -> Made {
    let pushed = given.connection.push.fields.iter().map(|(field, _)| field);
    let mut properties: Vec<String> = own.properties.iter().chain(pushed).cloned().collect();
    properties.extend(given.start_fields);
    properties.sort();
    properties.dedup();
    let settings = hubspot::Settings {
        base_url: given.base_url,
        token: given.key,
        lists: given.connection.lists.clone(),
        apps: own.apps.clone(),
        properties,
        purchases: own.purchases,
        page_visits: own.page_visits,
        tag_prefix: given.tag_prefix,
        start_tags: given.start_tags,
    };
    let hubspot =
        HubSpot::new(&settings, given.clock, given.transport)?.with_requests_per_second(given.pace);
    Ok(Box::new(hubspot.with_webhook(given.webhook)))
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

#[cfg(test)]
mod tests {
    use engaged_connectors::Removal;

    use super::*;
    use crate::{clock::SystemClock, config};

    const ALL: &str = r#"
timezone = "Europe/Amsterdam"
[connections.a]
platform = "mailchimp"
key = { env = "MAILCHIMP" }
[connections.b]
platform = "ghost"
base_url = "http://127.0.0.1:1"
key = { env = "GHOST" }
[connections.c]
platform = "mailblue"
base_url = "http://127.0.0.1:1"
key = { env = "OTHER" }
push.fields.ENGSCORE = "engagement"
[connections.d]
platform = "copernica"
key = { env = "OTHER" }
copernica.database = "Relaties"
copernica.products = ["publisher"]
copernica.collections = [{ id = 12, kind = "purchase", order = "Nummer" }]
[connections.e]
platform = "hubspot"
key = { env = "OTHER" }
push.fields.engagement_score = "engagement"
[scores.engagement]
rules = [ { when = "open", points = 1 } ]
"#;

    #[test]
    fn every_platform_is_made_from_a_configuration_and_can_what_that_lets_pass() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("engaged.toml");
        std::fs::write(&file, ALL).unwrap();
        let environment = Environment::from([
            ("MAILCHIMP".to_owned(), format!("{}-us1", "0".repeat(32))),
            (
                "GHOST".to_owned(),
                format!("{}:{}", "0".repeat(24), "0".repeat(64)),
            ),
            ("OTHER".to_owned(), "0".repeat(40)),
        ]);
        let config = config::load(&file, &environment).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let transport = network().unwrap();
        let mut platforms = Vec::new();
        for connection in &config.connections {
            let made = connector(connection, &[], &environment, &clock, &transport).unwrap();
            let capabilities = made.capabilities();
            assert_eq!(capabilities.platform, connection.platform.as_str());
            let there: Vec<Removal> = capabilities
                .removals
                .iter()
                .map(|spec| spec.removal)
                .collect();
            assert_eq!(
                there,
                config::removals(connection.platform),
                "{}",
                connection.name
            );
            assert_eq!(
                made.webhook().is_some(),
                connection.platform.signing().is_some()
            );
            platforms.push(capabilities.platform);
        }
        assert_eq!(
            platforms,
            [
                "mailchimp",
                "ghost",
                "activecampaign",
                "copernica",
                "hubspot"
            ]
        );
    }
}
