//! A stand-in for `HubSpot`: the CRM (v3 and the dated paths), e-mail events v1, communication preferences v4, lists, workflows,
//! forms, deals or orders, page views and the webhooks of an app.
//!
//! Written from the fact sheet on it; "sheet N" names its section. What it imitates on purpose, because clients trip over it:
//!
//! - a search ends at a ceiling, looks at an index that lags, and cannot tell rows of one millisecond apart (sheet 3);
//! - every property is a text or null, numbers come back as `71` or `71.0` (sheet 8.8);
//! - e-mail events come newest first, know no contact, and some were made by machines, replaced, or stem from no campaign (sheet 4);
//! - who leaves by one subscription type is not gone from all of them, and an empty list of types means all (sheet 8.11);
//! - a bad property refuses a whole batch, an unknown id only its row (sheet 6);
//! - a scope that is missing is a 403 that names it (sheet 8.12).
//!
//! Workflows and custom events are noted when they are started, each time; nothing follows from them. Mailings are the world's.
//! What the sheet calls unconfirmed is a setting in [`Options`].

mod answer;
mod associations;
mod call;
mod consent;
mod contact;
mod events;
mod flows;
mod forms;
mod hooks;
mod journal;
mod lists;
mod mail;
mod objects;
mod portal;
mod property;
mod search;
mod settings;
mod shop;
mod timeline;
mod truth;
mod visits;
mod write;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLockReadGuard};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use chrono::{DateTime, Utc};

pub use hooks::Delivery;
pub use journal::{Change, Written};
pub use mail::Kind;
pub use settings::{Options, Policy, Purchases, SCOPES};
pub use truth::{Contact, Event};

use crate::fault::{FaultPlan, Faults};
use crate::ledger::{Ledger, Note};
use crate::people::{SharedWorld, World, time};
use crate::server::{Serving, Site, bind};
use call::Call;
use portal::Portal;

/// Unix time in milliseconds, which is what the platform keeps.
pub(crate) type Millis = i64;

struct Shared {
    key: String,
    portal: Mutex<Portal>,
    world: SharedWorld,
}

impl Shared {
    fn world(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account as it was last looked at. Whoever holds the world's lock for writing must not ask for it.
    fn portal(&self) -> MutexGuard<'_, Portal> {
        self.portal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the account as of now, and tells the world whom to mail after that.
    fn at_work<T>(&self, work: impl FnOnce(&mut Portal, &World) -> T) -> T {
        let mut portal = self.portal();
        let done = {
            let world = self.world();
            portal.refresh(&world);
            work(&mut portal, &world)
        };
        let standings = std::mem::take(&mut portal.standings);
        if !standings.is_empty() {
            let now = crate::people::seconds(contact::moment(portal.now));
            let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
            for (person, publication, mailed) in standings {
                if mailed {
                    world.resume_mailing(person, publication, now);
                } else {
                    world.stop_mailing(person, publication, now);
                }
            }
        }
        done
    }
}

/// A running stand-in. Dropping it stops its server.
pub struct HubSpot {
    api: Serving,
    shared: Arc<Shared>,
}

impl HubSpot {
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
        let (key, refusal) = (options.key(), answer::refusal(options.policy));
        let portal = {
            let world = world.read().unwrap_or_else(PoisonError::into_inner);
            Portal::founded(options, &world)
        };
        let shared = Arc::new(Shared {
            key,
            portal: Mutex::new(portal),
            world,
        });
        let router = Router::new()
            .fallback(serve)
            .with_state(Arc::clone(&shared));
        Ok(Self {
            api: bound.serve(Site { router, refusal }, plan),
            shared,
        })
    }

    /// The address of the API, without a slash at the end.
    pub fn base_url(&self) -> String {
        self.api.base_url()
    }

    /// The token.
    pub fn key(&self) -> &str {
        &self.shared.key
    }

    /// What was asked and answered; e-mail events stand by their ids, see [`Event`].
    pub fn ledger(&self) -> &Ledger {
        self.api.ledger()
    }

    /// How many requests were meant to change something. The ledger alone does not tell: a search that a fault struck was never
    /// looked at, and is a `POST`.
    pub fn writes(&self) -> usize {
        let writes = self.api.ledger().writes();
        writes
            .iter()
            .filter(|entry| !call::reads_at(&entry.path))
            .count()
    }

    /// The fault plan that is being played.
    pub fn faults(&self) -> &Faults {
        self.api.faults()
    }

    /// Sets the account's clock, which otherwise stands at the world's end. Set it forward only.
    pub fn set_now(&self, now: DateTime<Utc>) {
        let now = now.timestamp_millis();
        self.shared.portal().clock = Box::new(move |_| now);
    }

    /// Lets the account's clock follow another one.
    pub fn follow(&self, clock: impl Fn() -> DateTime<Utc> + Send + 'static) {
        self.shared.portal().clock = Box::new(move |_| clock().timestamp_millis());
    }

    /// Lets the account's clock stand at the world's end again.
    pub fn follow_world(&self) {
        self.shared.portal().clock = Box::new(world_end);
    }

    /// See [`Serving::ask`].
    pub async fn ask(
        &self,
        request: axum::http::Request<bytes::Bytes>,
    ) -> io::Result<axum::http::Response<bytes::Bytes>> {
        self.api.ask(request).await
    }

    /// See [`Serving::refusal`].
    pub async fn refusal(
        &self,
        status: axum::http::StatusCode,
    ) -> axum::http::Response<bytes::Bytes> {
        self.api.refusal(status).await
    }

    /// Stops after the requests under way.
    pub async fn shutdown(self) {
        self.api.shutdown().await;
    }
}

fn world_end(world: &World) -> Millis {
    time(world.end()).timestamp_millis()
}

async fn serve(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // The server has read the whole body before.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let call = Call::new(&parts.method, &parts.uri, body);
    shared.at_work(|portal, world| {
        let reply = portal.answer(world, &call, &parts.headers, &shared.key);
        let mut response = match reply {
            Ok(answer) => answer.respond(),
            Err(problem) => problem.respond(),
        };
        portal.dress(&call, response.headers_mut());
        let note = response.extensions_mut().get_or_insert_default::<Note>();
        note.write = Some(!call.reads());
        response
    })
}
