//! One stand-in: how it is started, what goes wrong on it, and what the configuration says of it.

use std::{io, sync::Arc};

use bytes::Bytes;
use engaged_connectors::Clock;
use engaged_sandbox::{
    activecampaign::{self, ActiveCampaign},
    copernica::{self, Copernica},
    fault::{Fault, FaultPlan, Faults, Rule, When},
    ghost::{Ghost, GhostConfig, GhostServing},
    hubspot::{self, HubSpot},
    mailchimp::{self, Mailchimp},
    people::{Publication, SharedWorld},
};
use http::Request;

use super::{Chosen, DemoClock};
use crate::config::Platform;

/// The collection of Copernica's shop, by name.
const ORDERS: &str = "Bestellingen";
/// For how many days Copernica keeps its data; the usual week would show no history at all.
const RETENTION: u32 = 400;

/// A platform, served.
pub(super) enum Stand {
    Mailchimp(Box<Mailchimp>),
    Ghost(Box<(Ghost, GhostServing)>),
    ActiveCampaign(Box<ActiveCampaign>),
    Copernica(Box<Copernica>),
    HubSpot(Box<HubSpot>),
}

/// One wish for fewer requests, and one series of which nobody knows whether it began: its answer is lost, and only a
/// person can look.
fn faults(asked: &str, series: Option<&str>) -> FaultPlan {
    let slow = Fault::TooMany {
        retry_after: Some(1),
    };
    let lost = series.map(|path| Rule::new(path, When::Nth(2), Fault::AnswerLost).at_most(1));
    let mut rules = vec![Rule::new(asked, When::Nth(3), slow).at_most(1)];
    rules.extend(lost);
    FaultPlan { seed: 1, rules }
}

impl Stand {
    /// Serves the weekly publication of the world, on Ghost the monthly one where others have the weekly.
    pub(super) async fn start(
        chosen: &Chosen,
        alone: bool,
        world: &SharedWorld,
        clock: &Arc<DemoClock>,
    ) -> io::Result<Self> {
        let (world, time) = (Arc::clone(world), Arc::clone(clock));
        let now = move || time.now();
        Ok(match chosen.platform {
            Platform::Ghost => {
                let publication = if alone {
                    Publication::Weekly
                } else {
                    Publication::Monthly
                };
                let config = GhostConfig {
                    publication,
                    ..GhostConfig::default()
                };
                let ghost = Ghost::new(config, world);
                let plan = faults("/ghost/api/admin/members", None);
                let serving = ghost.serve(plan, 0).await?;
                ghost.follow(now);
                Self::Ghost(Box::new((ghost, serving)))
            }
            Platform::ActiveCampaign => {
                let options = activecampaign::Options {
                    per_second: None,
                    events_in_ledger: false,
                    ..activecampaign::Options::default()
                };
                let plan = faults("/api/3/contacts", Some("/api/3/contactAutomations"));
                let site = ActiveCampaign::start(options, world, plan).await?;
                site.follow(now);
                Self::ActiveCampaign(Box::new(site))
            }
            Platform::Copernica => {
                let options = copernica::Options {
                    retention_days: Some(RETENTION),
                    retention_covers_logs: true,
                    events_in_ledger: false,
                    ..copernica::Options::default()
                };
                let site = Copernica::start(options, world, faults("/v4/", None)).await?;
                site.follow(now);
                Self::Copernica(Box::new(site))
            }
            Platform::HubSpot => {
                let options = hubspot::Options {
                    events_in_ledger: false,
                    ..hubspot::Options::default()
                };
                let plan = faults("/crm/", Some("/automation/v2"));
                let site = HubSpot::start(options, world, plan).await?;
                site.follow(now);
                Self::HubSpot(Box::new(site))
            }
            // A webhook that an automation calls is nobody's stand-in, and never chosen.
            Platform::Mailchimp | Platform::Webhook => {
                let options = mailchimp::Options {
                    events_in_ledger: false,
                    batch_steps: 1,
                    ..mailchimp::Options::default()
                };
                let plan = faults("/3.0/reports", Some("/3.0/customer-journeys"));
                let site = Mailchimp::start(options, world, plan).await?;
                site.follow(now);
                Self::Mailchimp(Box::new(site))
            }
        })
    }

    fn faults(&self) -> &Faults {
        match self {
            Self::Mailchimp(site) => site.faults(),
            Self::Ghost(site) => site.1.faults(),
            Self::ActiveCampaign(site) => site.faults(),
            Self::Copernica(site) => site.faults(),
            Self::HubSpot(site) => site.faults(),
        }
    }

    /// From now on its key is refused.
    pub(super) fn refuse_key(&self) {
        self.faults()
            .add(Rule::new("", When::From(1), Fault::RevokedKey));
    }

    /// How many calls were answered with "slow down".
    pub(super) fn throttled(&self) -> u64 {
        let report = self.faults().report().into_iter();
        let slow = report.filter(|(rule, _)| matches!(rule.fault, Fault::TooMany { .. }));
        slow.map(|(_, fired)| fired).sum()
    }

    /// Its API key.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Mailchimp(site) => site.key().to_owned(),
            Self::Ghost(site) => site.0.key(),
            Self::ActiveCampaign(site) => site.key().to_owned(),
            Self::Copernica(site) => site.key().to_owned(),
            Self::HubSpot(site) => site.key().to_owned(),
        }
    }

    /// What the configuration says of it.
    pub(super) fn tables(&self, chosen: &Chosen) -> String {
        let (text, base) = match self {
            Self::Mailchimp(site) => (include_str!("mailchimp.toml"), site.base_url()),
            Self::Ghost(site) => (include_str!("ghost.toml"), site.1.base_url()),
            Self::ActiveCampaign(site) => (include_str!("activecampaign.toml"), site.base_url()),
            Self::Copernica(site) => (include_str!("copernica.toml"), site.base_url()),
            Self::HubSpot(site) => (include_str!("hubspot.toml"), site.base_url()),
        };
        let mut text = text
            .replace("NAME", &chosen.connection)
            .replace("WORD", chosen.word)
            .replace("BASE_URL", &base);
        if let Self::Copernica(site) = self {
            let collections = site.collections();
            let orders = collections.iter().find(|(_, name)| name == ORDERS);
            let number = |id: Option<u32>| id.unwrap_or_default().to_string();
            text = text
                .replace("DATABASE", &number(site.databases().first().copied()))
                .replace("RETENTION", &RETENTION.to_string())
                .replace("ORDERS", &number(orders.map(|(id, _)| *id)))
                .replace("AUTH_URL", &site.auth_url());
        }
        text
    }

    /// By what it starts the two series of the demo.
    pub(super) fn series(&self) -> [&'static str; 2] {
        match self {
            Self::Mailchimp(_) => [
                r#"automation = "journey 1 step 1""#,
                r#"automation = "journey 2 step 1""#,
            ],
            Self::Ghost(_) => [r#"tag = "ambassador""#, r#"tag = "thanks""#],
            Self::ActiveCampaign(_) => [
                r#"automation = "automation 1""#,
                r#"automation = "automation 7""#,
            ],
            // The account watches a column; a mail without a series would be "mailing:123".
            Self::Copernica(_) => [
                r#"field = "NurtureStart", value = "2026-01-01""#,
                r#"automation = "mailing:1""#,
            ],
            Self::HubSpot(_) => [
                r#"field = "city", value = "Texel""#,
                r#"automation = "9401""#,
            ],
        }
    }

    /// Enters an address for webhooks, as the account's owner would; nothing where the demo has none.
    pub(super) async fn enter_webhook(&self, address: &str) -> io::Result<()> {
        let Self::ActiveCampaign(site) = self else {
            return Ok(());
        };
        let webhook = serde_json::json!({"webhook": {
            "name": "engaged", "url": address, "sources": ["public"],
            "events": ["open", "click", "bounce", "unsubscribe", "subscribe", "update"],
        }});
        let request = Request::post(format!("{}/webhooks", site.base_url()))
            .header("Api-Token", site.key())
            .body(Bytes::from(webhook.to_string()))
            .map_err(io::Error::other)?;
        let answer = site.ask(request).await?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "the webhook was refused with {}",
            answer.status()
        )))
    }

    /// What it reports by itself since the last time: requests, ready to be carried.
    pub(super) fn deliveries(&self) -> Vec<Request<Bytes>> {
        let Self::ActiveCampaign(site) = self else {
            return Vec::new();
        };
        let request = |delivery: activecampaign::Delivery| {
            let mut request = Request::post(delivery.url);
            for (name, value) in delivery.headers {
                request = request.header(name, value);
            }
            request.body(delivery.body).ok()
        };
        site.deliveries().into_iter().filter_map(request).collect()
    }
}
