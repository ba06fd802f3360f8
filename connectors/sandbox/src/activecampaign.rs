//! A stand-in for the `ActiveCampaign` API v3, which `MailBlue` resells: newsletter, campaigns, webhooks and the shop's orders.
//!
//! What it imitates on purpose, because clients trip over it:
//!
//! - ids and numbers are texts, but not everywhere; what is empty is null, an empty text, or a date of zeros;
//! - times have the account's offset; those without one show local time, also where their name says UTC;
//! - a page has 20 rows, never more than 100; filters and orders that it does not know are ignored without a word;
//! - opens and clicks are one row for each contact and link, with the latest time and a count; opens hang on a pseudo link,
//!   which may be there twice; counters of campaigns are true to the world;
//! - a tag is taken off by the id of its link; an entry into an automation can be refused; a second one is anybody's guess;
//! - imports are checked as a whole, carried out later, create whom nobody knows, and tell no webhook;
//! - a bad key, a missing right and a feature that is not in the plan are one and the same 403;
//! - webhooks are forms with bracket keys and no signature; a click is told once for each contact and link.
//!
//! It has no automations that run, no segments, no deals, no v1 API, and sends nothing by itself: [`ActiveCampaign::deliveries`]
//! hands out what webhooks would be called with. What its documentation leaves open is a setting in [`Options`]. "Sheet" is the
//! fact sheet of the platform, by section.

mod account;
mod answer;
mod automations;
mod call;
mod campaigns;
mod contact;
mod event;
mod hooks;
mod import;
mod journal;
mod origin;
mod reads;
mod reports;
mod shop;
mod truth;
mod write;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLockReadGuard};

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};

pub use contact::Status;
pub use event::{Event, Kind};
pub use hooks::Delivery;
pub use journal::{Change, Written};
pub use truth::{Contact, Counts};

use crate::fault::{FaultPlan, Faults};
use crate::ledger::Ledger;
use crate::people::{SharedWorld, World, seconds};
use crate::rng;
use crate::server::{Serving, bind};
use account::Account;
use origin::Recent;

/// How many pseudo links a campaign has, and where its opens are (sheet 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadTrackers {
    /// One.
    One,
    /// Two; the second, without a message, has no rows.
    SecondEmpty,
    /// Two; each has the rows of some contacts.
    Split,
}

impl ReadTrackers {
    const fn count(self) -> u32 {
        match self {
            Self::One => 1,
            Self::SecondEmpty | Self::Split => 2,
        }
    }
}

/// Which keys a row of link data has (sheet 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `contact`, without address and count.
    Contact,
    /// `subscriberid`, address and count.
    Subscriber,
    /// All of them.
    Both,
}

/// What a second entry into an automation does (sheet 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reentry {
    /// The contact enters once more.
    Again,
    /// 403.
    Refused,
    /// 201, with the entry that was there.
    Ignored,
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
    /// The account's offset, in minutes east of Greenwich (sheet 3).
    pub zone_minutes: i32,
    /// Whether the fields that are named after UTC have UTC, unlike the documented samples (sheet 3).
    pub utc_stamps_are_utc: bool,
    /// Whether `id_greater` holds together with `filters[updated_after]` (sheet 3).
    pub keyset_with_dates: bool,
    /// Whether a row at the very second of a bound is within.
    pub inclusive_bounds: bool,
    /// Whether `email=` finds addresses that only contain it (sheet 3).
    pub loose_email: bool,
    /// Whether a change of tags moves `udate` (sheet 3).
    pub tags_move_udate: bool,
    /// Whether a change of a field moves `udate` (sheet 3).
    pub fields_move_udate: bool,
    /// Whether `GET /contactLists` and `GET /contactTags` are there (sheet 3).
    pub global_relations: bool,
    /// Whether `GET /bounceLogs` is there (sheet 4.4).
    pub global_bounces: bool,
    /// Whether `orders[id]` holds on it (sheet 4.4).
    pub bounce_order: bool,
    /// Whether a hard bounce shows as status 3 of the list, or in the contact's counter alone.
    pub bounced_on_list: bool,
    /// Whether `GET /links/{id}/linkData` is there (sheet 4.2).
    pub link_data: bool,
    /// Which keys its rows have.
    pub link_data_shape: Shape,
    /// Whether its rows come newest first, or in the order of coming.
    pub link_data_newest_first: bool,
    /// Whether it has a total.
    pub link_data_total: bool,
    /// The pseudo links.
    pub read_trackers: ReadTrackers,
    /// Whether the rows of those who were deleted stay in link data.
    pub deleted_keep_rows: bool,
    /// Whether a contact's activities exist only once the contact was asked for (sheet 4.3).
    pub activities_need_fetch: bool,
    /// The `unsubreason` of those who called a mail spam (sheet 4.6).
    pub complaint_reason: &'static str,
    /// Whether `filters[contact]` holds on `GET /contactAutomations` (sheet 5).
    pub contact_filter_honoured: bool,
    /// Addresses whose entry into an automation is refused (sheet 6: "not allowed", without saying when).
    pub entry_fails: Vec<String>,
    /// What a second entry does.
    pub reentry: Reentry,
    /// Whether a tag that is there already is refused (sheet 6).
    pub tag_twice_refused: bool,
    /// Whether making a field is answered with that field alone, or with a list as in the description.
    pub field_alone: bool,
    /// The request after an import's own that finds it carried out.
    pub import_steps: u32,
    /// The largest body of an import in bytes (sheet 6).
    pub import_body_max: Option<usize>,
    /// Addresses whose row of an import fails when it is carried out.
    pub import_fails: Vec<String>,
    /// Whether a webhook tells only of the first click of each contact and link (sheet 7).
    pub click_once: bool,
    /// The words for hard and soft in a webhook (sheet 7).
    pub bounce_words: [&'static str; 2],
    /// The key of the tag in a webhook (sheet 7).
    pub tag_key: &'static str,
    /// So many seconds a webhook's time is after that of the same event in link data (sheet 4.7: different clocks).
    pub hook_lag: i32,
    /// Requests within a second before a 429; no limit when absent (sheet 2).
    pub per_second: Option<usize>,
    /// Whether answers tell of the limit in their headers (sheet 2).
    pub limit_headers: bool,
    /// Whether 429 comes as a page for people instead of JSON (sheet 2).
    pub edge_refuses: bool,
    /// Every n-th request, if it reads, gets 200 and nothing (sheet 2).
    pub blank_every: Option<u64>,
    /// The first parts of paths that the user of the key may not use.
    pub forbidden: &'static [&'static str],
    /// Whether the user of the key may write nothing.
    pub read_only: bool,
    /// The present to begin with, when it is not the world's end; see [`ActiveCampaign::set_now`].
    pub now: Option<DateTime<Utc>>,
    /// Whether the ledger names each event that was served; costs about 100 bytes each.
    pub events_in_ledger: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            second_list: false,
            zone_minutes: -360,
            utc_stamps_are_utc: false,
            keyset_with_dates: true,
            inclusive_bounds: false,
            loose_email: false,
            tags_move_udate: true,
            fields_move_udate: true,
            global_relations: true,
            global_bounces: true,
            bounce_order: true,
            bounced_on_list: true,
            link_data: true,
            link_data_shape: Shape::Both,
            link_data_newest_first: false,
            link_data_total: false,
            read_trackers: ReadTrackers::SecondEmpty,
            deleted_keep_rows: true,
            activities_need_fetch: true,
            complaint_reason: "",
            contact_filter_honoured: false,
            entry_fails: Vec::new(),
            reentry: Reentry::Again,
            tag_twice_refused: false,
            field_alone: false,
            import_steps: 3,
            import_body_max: Some(400_000),
            import_fails: Vec::new(),
            click_once: true,
            bounce_words: ["hard", "soft"],
            tag_key: "tag",
            hook_lag: 0,
            per_second: Some(5),
            limit_headers: true,
            edge_refuses: false,
            blank_every: None,
            forbidden: &[],
            read_only: false,
            now: None,
            events_in_ledger: true,
        }
    }
}

impl Options {
    /// The API key: 72 hexadecimal digits.
    pub fn key(&self) -> String {
        let part = |number: u64| format!("{:016x}", rng::mix(&[self.seed, number]));
        let whole: String = (1..=5).map(part).collect();
        whole.chars().take(72).collect()
    }
}

/// What every request sees.
struct Shared {
    key: String,
    account: Mutex<Account>,
    world: SharedWorld,
    recent: Mutex<Recent>,
    refusal: fn(StatusCode) -> Response,
}

impl Shared {
    fn world(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account as of now. Whoever holds the world's lock for writing must not ask for it.
    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the world who is mailed from now on, and who no more.
    fn settle(&self, account: &mut Account) {
        let standings = std::mem::take(&mut account.standings);
        if standings.is_empty() {
            return;
        }
        let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
        for (person, publication, mailed) in standings {
            if mailed {
                world.resume_mailing(person, publication, account.now);
            } else {
                world.stop_mailing(person, publication, account.now);
            }
        }
    }
}

/// A running stand-in. Dropping it stops its server.
pub struct ActiveCampaign {
    api: Serving,
    shared: Arc<Shared>,
}

impl ActiveCampaign {
    /// Serves the world on a free port of 127.0.0.1.
    pub async fn start(options: Options, world: SharedWorld, plan: FaultPlan) -> io::Result<Self> {
        Self::start_on(options, world, plan, 0).await
    }

    /// Serves it on this port, 0 for a free one.
    pub async fn start_on(
        options: Options,
        world: SharedWorld,
        plan: FaultPlan,
        port: u16,
    ) -> io::Result<Self> {
        let bound = bind(port).await?;
        let key = options.key();
        let refusal = if options.edge_refuses {
            answer::refusal_by_edge
        } else {
            answer::refusal
        };
        let base = format!("{}{}", bound.base_url(), origin::ROOT);
        let account = {
            let world = world.read().unwrap_or_else(PoisonError::into_inner);
            let mut account = Account::new(options, base, &world);
            account.refresh(&world);
            account
        };
        let shared = Arc::new(Shared {
            key,
            account: Mutex::new(account),
            world,
            recent: Mutex::default(),
            refusal,
        });
        Ok(Self {
            api: bound.serve(origin::site(&shared, refusal), plan),
            shared,
        })
    }

    /// The address of the API, up to and with `/api/3`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("{}{}", self.api.base_url(), origin::ROOT)
    }

    /// The API key, for the header `Api-Token`.
    pub fn key(&self) -> &str {
        &self.shared.key
    }

    /// What was asked and answered so far.
    pub fn ledger(&self) -> &Ledger {
        self.api.ledger()
    }

    /// The fault plan that is being played.
    pub fn faults(&self) -> &Faults {
        self.api.faults()
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

    /// See [`Serving::ask`].
    pub async fn ask(
        &self,
        request: axum::http::Request<bytes::Bytes>,
    ) -> io::Result<axum::http::Response<bytes::Bytes>> {
        self.api.ask(request).await
    }

    /// See [`Serving::refusal`].
    pub async fn refusal(&self, status: StatusCode) -> axum::http::Response<bytes::Bytes> {
        self.api.refusal(status).await
    }

    /// Stops the server after the requests under way.
    pub async fn shutdown(self) {
        self.api.shutdown().await;
    }
}
