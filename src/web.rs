//! The dashboard and the API: pages rendered here, without a build chain,
//! nothing from elsewhere, useful without JavaScript.
//!
//! A request passes `guard` (host, origin, headers), then `access` (who may),
//! then one handler, in the file that its page names. Pages read the store; what
//! they do, they ask of the desk or write as a person's word. Nothing here
//! decides what a score is or what is pushed.

pub mod access;
mod api;
mod assets;
pub mod chart;
mod door;
pub mod error;
mod guard;
mod health;
mod hooks;
mod html;
mod numbers;
mod over_time;
mod page;
mod pages;
pub mod problem;
mod running;
mod session;
mod spread;
mod states;
mod tasks;
mod told;
mod who;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    middleware,
    response::Response,
};
use http::HeaderMap;

use self::{
    access::{Access, Route, Routes},
    error::Refusal,
    html::Mood,
};
pub use self::{hooks::Listening, running::Running};
use crate::{
    account::{Accounts, SessionId},
    config::{self, Config},
    desk::Desk,
    ingest::Intake,
    schedule::jobs::Jobs,
    store::Store,
};

/// The largest form: a file of rules fits, a flood does not.
const FORM_MAX: usize = 2 << 20;

/// So many visitors' notices wait at most; the oldest sessions' go first.
const NOTICES_MAX: usize = 1_000;

/// What was just done, for the next page of a session.
type Notices = BTreeMap<SessionId, Vec<(Mood, String)>>;

/// What every request works with.
pub struct Web {
    /// Who runs which job now; the configuration in force.
    pub desk: Arc<Desk>,
    /// Who may do what.
    pub accounts: Accounts,
    /// Where batches of events are let in.
    pub intake: Intake,
    /// Host names that we answer to.
    names: Vec<String>,
    https: bool,
    behind_proxy: bool,
    notices: Mutex<Notices>,
}

impl Web {
    /// The dashboard of a daemon.
    pub fn new(desk: Arc<Desk>, settings: &config::Web) -> Arc<Self> {
        let jobs = desk.jobs();
        let accounts = Accounts::new(jobs.store.clone(), Arc::clone(&jobs.clock));
        let mut names: Vec<String> = guard::THIS_MACHINE.map(str::to_owned).to_vec();
        names.extend(settings.hosts.iter().cloned());
        let public = settings.public_url.as_ref();
        names.extend(public.and_then(|url| url.host_str()).map(str::to_owned));
        Arc::new(Self {
            desk,
            accounts,
            intake: Intake::default(),
            names,
            https: settings.is_https(),
            behind_proxy: settings.behind_proxy,
            notices: Mutex::default(),
        })
    }

    /// The jobs of the configuration in force.
    pub fn jobs(&self) -> Arc<Jobs> {
        self.desk.jobs()
    }

    /// The configuration in force.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.jobs().config)
    }

    /// The store.
    pub fn store(&self) -> Store {
        self.jobs().store.clone()
    }

    /// Whether browsers reach us by https.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Whose address a request comes from: the peer's, or behind our own proxy the one that it names last.
    fn client(&self, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
        client(headers, peer, self.behind_proxy)
    }

    fn answers_to(&self, host: &str) -> bool {
        guard::is_named(host, &self.names)
    }

    fn leave_notice(&self, session: SessionId, mood: Mood, text: String) {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        notices.entry(session).or_default().push((mood, text));
        while notices.len() > NOTICES_MAX {
            notices.pop_first();
        }
    }

    fn take_notices(&self, session: SessionId) -> Vec<(Mood, String)> {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        notices.remove(&session).unwrap_or_default()
    }
}

/// The peer's address, or behind our own proxy the one that it names last.
fn client(headers: &HeaderMap, peer: IpAddr, behind_proxy: bool) -> IpAddr {
    if !behind_proxy {
        return peer;
    }
    let named = headers.get_all("x-forwarded-for").into_iter().next_back();
    let last = named.and_then(|value| value.to_str().ok()?.rsplit(',').next());
    last.and_then(|address| address.trim().parse().ok())
        .unwrap_or(peer)
}

/// Every route with what it needs, and the router that serves them.
pub fn router(web: &Arc<Web>) -> (Router, Vec<Route>) {
    let routes = Routes::new(Arc::clone(web)).get("/assets/{name}", Access::Open, assets::asset);
    served(web, health::add(api::add(pages::add(routes))))
}

/// Routes behind what every request must pass.
fn served(web: &Arc<Web>, routes: Routes) -> (Router, Vec<Route>) {
    let (router, table) = routes.finish();
    let router = router
        .fallback(nothing_here)
        .method_not_allowed_fallback(not_in_this_way)
        .layer(DefaultBodyLimit::max(FORM_MAX))
        .layer(middleware::from_fn_with_state(
            Arc::clone(web),
            guard::guard,
        ))
        .with_state(Arc::clone(web));
    (router, table)
}

async fn nothing_here(
    axum::extract::State(web): axum::extract::State<Arc<Web>>,
    request: Request,
) -> Response {
    Refusal::NotFound.answer(&web, &request)
}

async fn not_in_this_way(
    axum::extract::State(web): axum::extract::State<Arc<Web>>,
    request: Request,
) -> Response {
    Refusal::Method.answer(&web, &request)
}

#[cfg(test)]
pub(crate) mod stage;
#[cfg(test)]
mod tests;
