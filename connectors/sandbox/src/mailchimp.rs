//! A stand-in for the Mailchimp Marketing API 3.0: the weekly newsletter, its reports and its shop.
//!
//! What it imitates on purpose, because clients trip over it:
//!
//! - a page has 10 rows unless asked for more, never more than 1,000; offsets shift while members change;
//! - archived members are left out unless asked for; who was deleted for good is nowhere;
//! - email-activity has one row for each recipient, most of them without activity; only open-details tells privacy proxies;
//! - events have no id, become known late, and repeat within a second;
//! - absent times are empty strings, malformed times in a filter are no filter;
//! - numbers in merge fields come back as texts for some members, a list answer shows 50 tags, foreign required fields refuse writes;
//! - bulk calls and batches answer 200 with failures inside; batches take effect later, their results lie at another origin.
//!
//! A step of a flow and a custom event are noted when they are started, each time; nothing follows from them unless a test
//! says so ([`Mailchimp::flow_mails`]). Mailings and webhooks are not imitated. What its documentation leaves open is a setting in [`Options`].

mod account;
mod activity;
mod answer;
mod audience;
mod batches;
mod bulk;
mod call;
mod campaigns;
mod event;
mod feed;
mod journal;
mod lists;
mod member;
mod members;
mod origin;
mod reports;
mod shop;
mod tags;
mod truth;
mod write;

use std::io;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLockReadGuard};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

pub use event::{Event, Kind};
pub use journal::{Change, Written};
pub use member::Status;
pub use truth::Contact;

use crate::fault::{FaultPlan, Faults};
use crate::ledger::Ledger;
use crate::people::{SharedWorld, World, seconds};
use crate::rng;
use crate::server::{Serving, bind};
use account::Account;

/// Far more activity than usual of a few recipients, to catch readers who page by what they extract.
#[derive(Debug, Clone, Copy)]
pub struct Skew {
    /// Every n-th recipient of a campaign has it.
    pub every: u32,
    /// So many opens and clicks, 37 seconds apart; beyond 1,000 opens or clicks email-activity shows no more.
    pub activities: u16,
}

/// What the documentation leaves open, and what a test wants otherwise.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each stands for one thing that the documentation leaves open"
)]
pub struct Options {
    /// Decides ids and the key.
    pub seed: u64,
    /// Whether the monthly publication is a second list.
    pub second_list: bool,
    /// Whether `since` leaves recipients without later activity out of email-activity.
    pub since_drops_quiet: bool,
    /// Whether a row at the very second of `since_…` or `before_…` is within.
    pub inclusive_bounds: bool,
    /// Whether a change of tags moves `last_changed`.
    pub tags_move_last_changed: bool,
    /// Whether the merge field JOB is required, though not everybody has one.
    pub job_required: bool,
    /// Whether 429 comes from the edge, as a page for people instead of JSON.
    pub edge_refuses: bool,
    /// The request after a batch's own that finds it finished.
    pub batch_steps: u32,
    /// The role of the user whose key it is.
    pub role: &'static str,
    /// The present to begin with, when it is not the world's end; see [`Mailchimp::set_now`].
    pub now: Option<DateTime<Utc>>,
    /// A few recipients who do more than all others.
    pub skew: Option<Skew>,
    /// Whether the ledger names each event that was served; costs about 100 bytes each.
    pub events_in_ledger: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            second_list: false,
            since_drops_quiet: false,
            inclusive_bounds: false,
            tags_move_last_changed: true,
            job_required: true,
            edge_refuses: false,
            batch_steps: 3,
            role: "owner",
            now: None,
            skew: None,
            events_in_ledger: true,
        }
    }
}

impl Options {
    /// The API key of the account: 32 hexadecimal digits and the data centre.
    pub fn key(&self) -> String {
        let (high, low) = (rng::mix(&[self.seed, 1]), rng::mix(&[self.seed, 2]));
        format!("{high:016x}{low:016x}-us1")
    }
}

/// What the two origins share.
struct Shared {
    key: String,
    account: Mutex<Account>,
    world: SharedWorld,
    under_way: AtomicUsize,
    held: watch::Sender<bool>,
}

impl Shared {
    fn world(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account as of now. Whoever holds the world's lock for writing must not ask for it.
    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running stand-in. Dropping it stops both of its servers.
pub struct Mailchimp {
    api: Serving,
    archive: Serving,
    shared: Arc<Shared>,
}

impl Mailchimp {
    /// Serves the world on free ports of 127.0.0.1.
    pub async fn start(options: Options, world: SharedWorld, plan: FaultPlan) -> io::Result<Self> {
        Self::start_on(options, world, plan, 0).await
    }

    /// Serves the API on this port, 0 for a free one; the results of batches have a free port of their own.
    pub async fn start_on(
        options: Options,
        world: SharedWorld,
        plan: FaultPlan,
        port: u16,
    ) -> io::Result<Self> {
        let (api, archive) = (bind(port).await?, bind(0).await?);
        let key = options.key();
        let refusal = if options.edge_refuses {
            answer::refusal_by_edge
        } else {
            answer::refusal
        };
        let account = {
            let world = world.read().unwrap_or_else(PoisonError::into_inner);
            let mut account = Account::new(options, archive.base_url(), &world);
            account.refresh(&world);
            account
        };
        let shared = Arc::new(Shared {
            key,
            account: Mutex::new(account),
            world,
            under_way: AtomicUsize::new(0),
            held: watch::Sender::new(false),
        });
        Ok(Self {
            api: api.serve(origin::api(&shared, refusal), plan.clone()),
            archive: archive.serve(origin::archive(&shared), plan),
            shared,
        })
    }

    /// The address of the API, with its version and without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("{}/3.0", self.api.base_url())
    }

    /// The API key.
    pub fn key(&self) -> &str {
        &self.shared.key
    }

    /// What was asked of the API.
    pub fn ledger(&self) -> &Ledger {
        self.api.ledger()
    }

    /// The faults of the API.
    pub fn faults(&self) -> &Faults {
        self.api.faults()
    }

    /// What was asked of the place where the results of batches lie.
    pub fn archive_ledger(&self) -> &Ledger {
        self.archive.ledger()
    }

    /// The faults of that place.
    pub fn archive_faults(&self) -> &Faults {
        self.archive.faults()
    }

    /// Sets the account's clock, which otherwise stands at the world's end: what happened later is not known yet.
    /// Set it forward only: a time before the last one that was seen counts as that one, since what is known stays known.
    pub fn set_now(&self, now: DateTime<Utc>) {
        let now = seconds(now);
        self.shared.account().clock = Box::new(move |_| now);
    }

    /// Lets the account's clock follow another one.
    pub fn follow(&self, clock: impl Fn() -> DateTime<Utc> + Send + 'static) {
        self.shared.account().clock = Box::new(move |_| seconds(clock()));
    }

    /// Lets the account's clock stand at the world's end again.
    pub fn follow_world(&self) {
        self.shared.account().clock = Box::new(World::end);
    }

    /// Keeps every answer back until [`Mailchimp::release`].
    pub fn hold(&self) {
        self.shared.held.send_replace(true);
    }

    /// Gives the answers that were kept back.
    pub fn release(&self) {
        self.shared.held.send_replace(false);
    }

    /// See [`Serving::ask`]; reaches both origins by the host and port of the request.
    pub async fn ask(
        &self,
        request: axum::http::Request<bytes::Bytes>,
    ) -> io::Result<axum::http::Response<bytes::Bytes>> {
        let port = |url: String| url.rsplit(':').next().and_then(|port| port.parse().ok());
        let archive = request.uri().port_u16() == port(self.archive.base_url());
        let origin = if archive { &self.archive } else { &self.api };
        origin.ask(request).await
    }

    /// See [`Serving::refusal`].
    pub async fn refusal(
        &self,
        status: axum::http::StatusCode,
    ) -> axum::http::Response<bytes::Bytes> {
        self.api.refusal(status).await
    }

    /// Stops both servers after the requests under way.
    pub async fn shutdown(self) {
        self.release();
        self.api.shutdown().await;
        self.archive.shutdown().await;
    }
}
