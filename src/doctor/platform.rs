//! Asks each platform who we are: rights, fields, and whether its clock and ours agree.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use engaged_connectors::{
    Account, Clock, Connector, ConnectorError,
    connector::CHECK_MAX,
    http::{Transport, TransportError, within},
};
use http::{Request, Response, header::DATE};

use super::finding::{Finding, State};
use crate::{
    config::{Config, ConnectionConfig, Environment, Mode, Platform},
    platform,
};

/// Clocks that differ by more than this make signatures and dates doubtful: Ghost takes a token for five minutes.
const SKEW_MAX: TimeDelta = TimeDelta::seconds(30);

/// A network that notes by how much each answer's date differs from our own.
pub struct Dated {
    network: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    ahead: Mutex<Vec<TimeDelta>>,
}

impl Dated {
    /// Listens to what goes through this network.
    pub fn new(network: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        Self {
            network,
            clock,
            ahead: Mutex::default(),
        }
    }

    /// By how much the platform's clock was ahead of ours since the last time that this was asked: the least of what was
    /// seen, either way. `None` without a date.
    fn take(&self) -> Option<TimeDelta> {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let all = std::mem::take(&mut *ahead);
        all.into_iter().min_by_key(TimeDelta::abs)
    }
}

#[async_trait]
impl Transport for Dated {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let sent = self.clock.now();
        let answer = self.network.send(request).await?;
        let date = answer
            .headers()
            .get(DATE)
            .and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()) {
            let ahead = ahead(date.to_utc(), sent, self.clock.now());
            let mut all = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(ahead);
        }
        Ok(answer)
    }
}

/// By how much a clock is ahead that said `date` between two instants of ours. It said it to the second, so that up to one
/// second means nothing.
pub(super) fn ahead(date: DateTime<Utc>, sent: DateTime<Utc>, back: DateTime<Utc>) -> TimeDelta {
    let earliest = sent - TimeDelta::seconds(1);
    if date < earliest {
        date - earliest
    } else if date > back {
        date - back
    } else {
        TimeDelta::zero()
    }
}

/// Asks the platform of each connection, or of one. Changes nothing there.
pub async fn connections(
    config: &Config,
    only: Option<&str>,
    environment: &Environment,
    clock: &Arc<dyn Clock>,
    network: &Arc<dyn Transport>,
) -> Vec<Finding> {
    let dated = Arc::new(Dated::new(Arc::clone(network), Arc::clone(clock)));
    let transport: Arc<dyn Transport> = Arc::clone(&dated) as Arc<dyn Transport>;
    let mut all = Vec::new();
    let wanted = config.connections.iter();
    for connection in wanted.filter(|each| only.is_none_or(|only| only == each.name)) {
        // A key that cannot be read was told already.
        if connection.key.read(environment).is_err() {
            continue;
        }
        let made = platform::connector(
            connection,
            &config.automations,
            environment,
            clock,
            &transport,
        );
        match made {
            Ok(connector) => all.extend(asked(connection, connector.as_ref()).await),
            Err(expected) => all.push(refused(connection, &expected.to_string())),
        }
        all.extend(dated.take().map(|ahead| clock_of(&connection.name, ahead)));
    }
    all
}

async fn asked(connection: &ConnectionConfig, connector: &dyn Connector) -> Vec<Finding> {
    let account = match connector.check().await {
        Ok(account) => account,
        Err(error) => return vec![failed(connection, &error)],
    };
    let mut all = rights(connection, &account);
    if connector.capabilities().fields && !connection.push.fields.is_empty() {
        match within(CHECK_MAX, "fields", connector.fields()).await {
            Ok(there) => all.extend(fields(connection, connector, &there)),
            Err(error) => all.push(failed(connection, &error)),
        }
    }
    all
}

/// What a check told of rights.
pub(super) fn rights(connection: &ConnectionConfig, account: &Account) -> Vec<Finding> {
    let name = &connection.name;
    let version = account
        .version
        .as_ref()
        .map(|version| format!(", {version}"));
    let message = format!(
        "the key works: {}{}",
        account.name,
        version.unwrap_or_default()
    );
    let mut all = vec![Finding::new("key", State::Fine, name, message)];
    for right in &account.missing {
        let finding = Finding::new(
            "right_missing",
            State::Warning,
            name,
            format!("the key lacks: {right}"),
        );
        all.push(finding.fix(format!(
            "give it that right on the platform; where: docs/platforms/{}.md",
            connection.platform.as_str()
        )));
    }
    for right in &account.needless {
        let finding = Finding::new(
            "right_needless",
            State::Note,
            name,
            format!("the key may do more than is ever needed: {right}"),
        );
        all.push(finding.fix("make the key as a user who may do less"));
    }
    all
}

/// Fields that are to be pushed and that the platform does not have.
fn fields(
    connection: &ConnectionConfig,
    connector: &dyn Connector,
    there: &[String],
) -> Vec<Finding> {
    let missing = connection.push.fields.iter().filter(|(field, _)| {
        // ActiveCampaign and Copernica do not tell small letters from capitals.
        !there.iter().any(|own| own.eq_ignore_ascii_case(field))
    });
    let makes = connector.capabilities().creates_fields;
    let told = missing.map(|(field, _)| {
        let message = format!("there is no field {field} that takes a number");
        if makes {
            Finding::new("field_missing", State::Note, &connection.name, message).fix(
                "nothing to do: the first push makes it; unless one of that name and another type is there: rename that one",
            )
        } else {
            Finding::new("field_missing", State::Trouble, &connection.name, message)
                .fix("make it on the platform, or take it out of push.fields")
        }
    });
    told.collect()
}

fn failed(connection: &ConnectionConfig, error: &ConnectorError) -> Finding {
    let told = platform::refused(&connection.name, error);
    let missing = match error {
        ConnectorError::Auth {
            missing: Some(right),
            ..
        } => format!("; the key lacks: {right}"),
        _ => String::new(),
    };
    let help = told
        .diagnostics
        .first()
        .and_then(|first| first.help.clone());
    let message = format!("{error} ({}){missing}", error.code());
    match error {
        ConnectorError::Transient { .. } | ConnectorError::RateLimited { .. } => Finding::new(
            "platform_unreachable",
            State::Trouble,
            &connection.name,
            message,
        )
        .fix("see whether this machine reaches it: network, proxy, base_url; or come back later"),
        _ => refused(connection, &message).fix(help.unwrap_or_default()),
    }
}

fn refused(connection: &ConnectionConfig, message: &str) -> Finding {
    let finding = Finding::new(
        "platform_refused",
        State::Trouble,
        &connection.name,
        message,
    );
    let and_writes = match (connection.mode, connection.platform) {
        (Mode::Live, platform) if platform != Platform::Webhook => {
            "correct the key or the connection; until then nothing is read or written"
        }
        _ => "correct the key or the connection; until then nothing is read",
    };
    finding.fix(and_writes)
}

pub(super) fn clock_of(connection: &str, ahead: TimeDelta) -> Finding {
    if ahead.abs() <= SKEW_MAX {
        let message = format!(
            "in step with {connection}, to {} s",
            ahead.abs().num_seconds()
        );
        return Finding::new("clock", State::Fine, "clock", message);
    }
    let (seconds, way) = (
        ahead.abs().num_seconds(),
        if ahead > TimeDelta::zero() {
            "behind"
        } else {
            "ahead of"
        },
    );
    let message = format!("this machine's clock is {seconds} s {way} {connection}'s");
    let finding = Finding::new("clock_skew", State::Trouble, "clock", message);
    finding.fix("set the clock by a time service: timedatectl set-ntp true")
}
