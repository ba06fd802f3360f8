//! A stand-in for Copernica's REST API v4: a database, mailings of both products, logfiles, imports and webhooks.
//!
//! Written from the fact sheet on Copernica; there is no specification. Each behaviour names the section of the sheet beside
//! it, and the words of errors are those of the field where they are known. What it imitates on purpose, because clients
//! trip over it:
//!
//! - a token is exchanged at a host of its own for a web token of a day; nearly every refusal is a 400 without a code;
//! - filters and columns that are not known are silently ignored: everything comes back, and an update changes everybody;
//! - the two products count their mailings, destinations and events alike, so that ids collide;
//! - account-wide rows of the Marketing Suite name no profile, logfiles no mailing and no event;
//! - times have no zone, so that an hour of October comes twice;
//! - an import says nothing of single rows, and puts values where the first row's columns stand;
//! - unsubscribing may change nothing, a column, or delete the profile; a deleted one is still answered with 200.
//!
//! What the sheet leaves open is a setting in [`Options`]. Not imitated: v1 to v3, OAuth, making selections by rules,
//! subprofiles' bulk changes, data requests, CSV and XML, imports from an address, drag-and-drop of templates.

mod account;
mod answer;
mod call;
mod hooks;
mod imports;
mod journal;
mod lists;
mod logs;
mod mailings;
mod news;
mod options;
mod origin;
mod profiles;
mod schema;
mod signature;
mod state;
mod statistics;
mod time;
mod truth;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

pub use hooks::Delivery;
pub use journal::{Change, Written};
pub use options::{Behavior, ImportById, NextId, Options, Products, Rights};
pub use state::{Kind, Product};
pub use truth::{Contact, Event, Subrow};

use crate::fault::{FaultPlan, Faults};
use crate::ledger::Ledger;
use crate::people::{SharedWorld, World, seconds};
use crate::server::{Serving, bind};
use account::Account;

/// What the three hosts share.
struct Shared {
    key: String,
    account: Mutex<Account>,
    world: SharedWorld,
}

/// A running stand-in. Dropping it stops its servers.
pub struct Copernica {
    auth: Serving,
    api: Serving,
    rest: Serving,
    hooks: Ledger,
    shared: Arc<Shared>,
}

impl Copernica {
    /// Serves the world on free ports of 127.0.0.1.
    pub async fn start(options: Options, world: SharedWorld, plan: FaultPlan) -> io::Result<Self> {
        Self::start_on(options, world, plan, 0).await
    }

    /// Serves the API on this port, 0 for a free one; the two other hosts have free ports of their own. The plan is played
    /// on the API and on the streaming host.
    pub async fn start_on(
        options: Options,
        world: SharedWorld,
        plan: FaultPlan,
        port: u16,
    ) -> io::Result<Self> {
        let (api, auth, rest) = (bind(port).await?, bind(0).await?, bind(0).await?);
        let key = options.key();
        let account = {
            let world = world.read().unwrap_or_else(PoisonError::into_inner);
            Account::new(options, &world)
        };
        let shared = Arc::new(Shared {
            key,
            account: Mutex::new(account),
            world,
        });
        Ok(Self {
            auth: auth.serve(origin::authenticate(&shared), FaultPlan::none()),
            api: api.serve(origin::api(&shared), plan.clone()),
            rest: rest.serve(origin::streaming(&shared), plan),
            hooks: Ledger::default(),
            shared,
        })
    }

    /// The address of the API, with its version and without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("{}/v4", self.api.base_url())
    }

    /// Where the token is exchanged.
    pub fn auth_url(&self) -> String {
        self.auth.base_url()
    }

    /// The address of the API that streams, with its version.
    pub fn rest_url(&self) -> String {
        format!("{}/v4", self.rest.base_url())
    }

    /// The API token.
    pub fn key(&self) -> &str {
        &self.shared.key
    }

    /// What was asked of the API; events stand by [`Event::key`].
    pub fn ledger(&self) -> &Ledger {
        self.api.ledger()
    }

    /// What was asked of the host that exchanges tokens.
    pub fn auth_ledger(&self) -> &Ledger {
        self.auth.ledger()
    }

    /// What was asked of the host that streams.
    pub fn rest_ledger(&self) -> &Ledger {
        self.rest.ledger()
    }

    /// The webhooks that were made, whether they were carried or not.
    pub const fn hook_ledger(&self) -> &Ledger {
        &self.hooks
    }

    /// The faults of the API.
    pub fn faults(&self) -> &Faults {
        self.api.faults()
    }

    /// The faults of the host that exchanges tokens.
    pub fn auth_faults(&self) -> &Faults {
        self.auth.faults()
    }

    /// The faults of the host that streams.
    pub fn rest_faults(&self) -> &Faults {
        self.rest.faults()
    }

    fn set(&self, clock: account::Clock) {
        self.shared
            .account
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clock = clock;
    }

    /// Sets the account's clock, which otherwise stands at the world's end: what happened later is not known yet.
    /// A time before the last one that was seen counts as that one.
    pub fn set_now(&self, now: DateTime<Utc>) {
        let now = seconds(now);
        self.set(Box::new(move |_| now));
    }

    /// Lets the account's clock follow another one.
    pub fn follow(&self, clock: impl Fn() -> DateTime<Utc> + Send + 'static) {
        self.set(Box::new(move |_| seconds(clock())));
    }

    /// Lets the account's clock stand at the world's end again.
    pub fn follow_world(&self) {
        self.set(Box::new(World::end));
    }

    /// See [`Serving::ask`]; reaches the three hosts by the port of the request.
    pub async fn ask(
        &self,
        request: axum::http::Request<bytes::Bytes>,
    ) -> io::Result<axum::http::Response<bytes::Bytes>> {
        let port = request.uri().port_u16();
        let own = |host: &Serving| {
            let base = host.base_url();
            base.rsplit(':').next().and_then(|port| port.parse().ok()) == port
        };
        let host = [&self.auth, &self.rest].into_iter().find(|host| own(host));
        host.unwrap_or(&self.api).ask(request).await
    }

    /// See [`Serving::refusal`]: 401 and 403 are a 400 in Copernica's words, all else is the load balancer's page.
    pub async fn refusal(
        &self,
        status: axum::http::StatusCode,
    ) -> axum::http::Response<bytes::Bytes> {
        self.api.refusal(status).await
    }

    /// Stops the servers after the requests under way.
    pub async fn shutdown(self) {
        self.auth.shutdown().await;
        self.api.shutdown().await;
        self.rest.shutdown().await;
    }
}
