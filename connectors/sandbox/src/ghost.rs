//! Ghost's Admin API, 5.130 and 6.65, as far as a reader of engagement and a writer of labels uses it.
//!
//! Written from the fact sheet on Ghost and from recordings of real servers; where the two differ, the recordings count
//! (a deleted member's mail events stay, a change of labels alone does not move `updated_at`, a doubled label is listed once).
//!
//! Served: `site/`, `members/` with `events/`, `bulk/` and single members, `labels/`, `newsletters/`, `posts/`. The paths that an
//! integration token may not use are refused. Webhooks of members are made and sent to nobody: [`Ghost::deliveries`] hands them
//! out. Not here: creating members, paid tiers, comments, feedback, uploads, and
//! filters by opened or clicked posts. The site's clock is set by whoever runs it; without a word it stands at the world's end.

mod answer;
mod auth;
mod catalogue;
mod config;
mod edit;
mod events;
mod hooks;
mod id;
mod members;
mod news;
mod nql;
mod state;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State as Shared};
use axum::http::header::{CACHE_CONTROL, DATE, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::fault::{FaultPlan, Faults};
use crate::ledger::{Ledger, Note};
use crate::people::{Seconds, SharedWorld, World, seconds, time};
use crate::server::{self, Serving, Site};
use answer::{Query, Refusal};
pub use config::{GhostConfig, Version};
pub use hooks::Delivery;
use state::{Kind, State};

/// The path before every resource.
const ROOT: &str = "/ghost/api/admin/";

/// Where the site's time comes from.
enum Now {
    WorldEnd,
    Fixed(Seconds),
    Follow(Box<dyn Fn() -> DateTime<Utc> + Send>),
}

/// Whether somebody is to be mailed from now on, because a request said so.
struct Wish {
    person: u32,
    mailed: bool,
}

struct Inner {
    config: GhostConfig,
    world: SharedWorld,
    state: Mutex<State>,
    now: Mutex<Now>,
    base: OnceLock<String>,
}

/// A Ghost site. Clones are the same site.
#[derive(Clone)]
pub struct Ghost(Arc<Inner>);

/// What a request is answered with: everything the site has, at one moment.
struct Desk<'a> {
    config: &'a GhostConfig,
    state: &'a mut State,
    world: &'a World,
    now: Seconds,
    base: &'a str,
    wishes: Vec<Wish>,
    served: Vec<String>,
    applied: bool,
}

/// A request, read.
struct Call {
    query: Query,
    body: Bytes,
}

impl Call {
    fn json(&self) -> Result<Value, Refusal> {
        serde_json::from_slice(&self.body)
            .map_err(|_| Refusal::bad_request("Unexpected token in JSON"))
    }
}

/// A member as a checker sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberView {
    /// The id in the API.
    pub id: String,
    /// The address.
    pub email: String,
    /// Names of labels, each membership row once.
    pub labels: Vec<String>,
    /// The note.
    pub note: Option<String>,
    /// Whether they get any newsletter.
    pub subscribed: bool,
    /// Names of the newsletters that they get.
    pub newsletters: Vec<String>,
    /// Whether the last change of any of their subscriptions was to leave, by their own hand.
    pub left_themselves: bool,
}

impl Ghost {
    /// A site whose members are the readers of a publication of this world.
    pub fn new(config: GhostConfig, world: SharedWorld) -> Self {
        let state = {
            let world = world.read().unwrap_or_else(PoisonError::into_inner);
            State::founded(&config, &world)
        };
        let now = Mutex::new(Now::WorldEnd);
        Self(Arc::new(Inner {
            config,
            world,
            state: Mutex::new(state),
            now,
            base: OnceLock::new(),
        }))
    }

    /// Serves the site on this port of 127.0.0.1; 0 takes a free one. A site is served once.
    pub async fn serve(&self, plan: FaultPlan, port: u16) -> io::Result<GhostServing> {
        let bound = server::bind(port).await?;
        self.0.base.get_or_init(|| bound.base_url());
        let router = Router::new().fallback(answer).with_state(self.clone());
        let serving = bound.serve(
            Site {
                router,
                refusal: answer::refusal,
            },
            plan,
        );
        Ok(GhostServing {
            ghost: self.clone(),
            serving,
        })
    }

    /// The Admin API key as the site's owner copies it: id, colon, secret.
    pub fn key(&self) -> String {
        format!("{}:{}", self.0.config.key_id, self.0.config.secret)
    }

    /// Sets the site's clock. What it has seen stays seen, so set it forward only.
    pub fn set_now(&self, now: DateTime<Utc>) {
        self.set(Now::Fixed(seconds(now)));
    }

    /// Lets the site's clock follow another one.
    pub fn follow(&self, clock: impl Fn() -> DateTime<Utc> + Send + 'static) {
        self.set(Now::Follow(Box::new(clock)));
    }

    fn set(&self, now: Now) {
        *self.0.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Every member, by id, as the site has it now.
    pub fn members(&self) -> Vec<MemberView> {
        self.at_desk(|desk| {
            let name = |id| desk.state.label(id).map(|label| label.name.clone());
            let view = |member: &state::Member| MemberView {
                id: member.id.to_string(),
                email: member.email.clone(),
                labels: member.labels.iter().filter_map(|id| name(*id)).collect(),
                note: member.note.clone(),
                subscribed: !member.newsletters.is_empty(),
                newsletters: (member.newsletters.iter())
                    .map(|number| desk.state.newsletters[usize::from(*number)].name.clone())
                    .collect(),
                left_themselves: desk.state.left_themselves(member.id),
            };
            desk.state.members.values().map(view).collect()
        })
    }

    /// How many events of each type can be seen now, by the name in the answers.
    pub fn visible_events(&self) -> Vec<(&'static str, usize)> {
        self.at_desk(|desk| {
            Kind::ALL
                .map(|kind| (kind.answered(), desk.state.rows(kind).len()))
                .to_vec()
        })
    }

    /// Every event that can be seen now, as `type/id` with the type as in the answer: the names that the ledger uses.
    pub fn events(&self) -> Vec<String> {
        self.at_desk(|desk| {
            let rows = |kind: Kind| {
                let named = move |row: &state::Row| format!("{}/{}", kind.answered(), row.id);
                desk.state.rows(kind).iter().map(named)
            };
            Kind::ALL.into_iter().flat_map(rows).collect()
        })
    }

    /// So many clicks within the second `at`, which may lie in the future, by different members on the last mail; their names as in
    /// [`Ghost::events`]. There are at most as many as there are members.
    pub fn click_at(&self, at: DateTime<Utc>, many: usize) -> Vec<String> {
        let at = seconds(at);
        self.at_desk(|desk| {
            let mail = u16::try_from(desk.state.mails.len().saturating_sub(1)).unwrap_or_default();
            let members: Vec<id::Id> = desk.state.members.keys().take(many).copied().collect();
            let click = |member| {
                let id = desk.state.fresh_id(at);
                let what = state::What::Click { mail, link: 0 };
                let row = state::Row {
                    at,
                    id,
                    member,
                    what,
                };
                let rows = desk.state.rows_mut(Kind::Click);
                rows.insert(rows.partition_point(|other| *other < row), row);
                format!("{}/{id}", Kind::Click.answered())
            };
            members.into_iter().map(click).collect()
        })
    }

    /// The site's owner writes something down about so many members, from the first; their ids.
    pub fn annotate(&self, many: usize) -> Vec<String> {
        self.at_desk(|desk| {
            let now = desk.now;
            let chosen: Vec<id::Id> = desk.state.members.keys().take(many).copied().collect();
            for id in &chosen {
                hooks::noted(desk, *id, |desk| {
                    if let Some(member) = desk.state.members.get_mut(id) {
                        member.note = Some(format!("seen at {now}"));
                        member.updated_at = now;
                    }
                });
            }
            chosen.iter().map(id::Id::to_string).collect()
        })
    }

    /// A member leaves every newsletter by their own hand, which their history tells; false when there is none with this
    /// address. One who gets none comes back first, and leaves again.
    pub fn leaves(&self, email: &str) -> bool {
        self.at_desk(|desk| {
            let id = desk.state.by_email.get(email).copied();
            id.is_some_and(|id| hooks::noted(desk, id, |desk| edit::leave(desk, id)))
        })
    }

    /// A member joins every newsletter by their own hand; false when there is none with this address.
    pub fn joins(&self, email: &str) -> bool {
        self.at_desk(|desk| {
            let id = desk.state.by_email.get(email).copied();
            id.is_some_and(|id| hooks::noted(desk, id, |desk| edit::join(desk, id)))
        })
    }

    /// Somebody deletes a member by hand; false when there is none with this address.
    pub fn delete_member(&self, email: &str) -> bool {
        self.at_desk(|desk| {
            let id = desk.state.by_email.get(email).copied();
            let member = id.and_then(|id| hooks::noted(desk, id, |desk| desk.state.delete(id)));
            desk.wishes.extend(member.iter().map(|member| Wish {
                person: member.person,
                mailed: false,
            }));
            member.is_some()
        })
    }

    /// Does something with the site's state, after the news were read; tells the world whom to mail after that.
    fn at_desk<T>(&self, work: impl FnOnce(&mut Desk<'_>) -> T) -> T {
        let inner = &*self.0;
        let mut state: MutexGuard<'_, State> =
            inner.state.lock().unwrap_or_else(PoisonError::into_inner);
        let world = inner.world.read().unwrap_or_else(PoisonError::into_inner);
        let now = match &*inner.now.lock().unwrap_or_else(PoisonError::into_inner) {
            Now::WorldEnd => world.end(),
            Now::Fixed(at) => *at,
            Now::Follow(clock) => seconds(clock()),
        };
        state.read_news(&inner.config, &world, now);
        let base = inner.base.get().map_or("http://127.0.0.1", String::as_str);
        let mut desk = Desk {
            config: &inner.config,
            state: &mut state,
            world: &world,
            now,
            base,
            wishes: Vec::new(),
            served: Vec::new(),
            applied: false,
        };
        let result = work(&mut desk);
        let wishes = std::mem::take(&mut desk.wishes);
        drop(world);
        if !wishes.is_empty() {
            let mut world = inner.world.write().unwrap_or_else(PoisonError::into_inner);
            for wish in wishes {
                if wish.mailed {
                    world.resume_mailing(wish.person, inner.config.publication, now);
                } else {
                    world.stop_mailing(wish.person, inner.config.publication, now);
                }
            }
        }
        result
    }
}

/// A site that is being served.
pub struct GhostServing {
    ghost: Ghost,
    serving: Serving,
}

impl GhostServing {
    /// The address of the site, without a slash at the end; the API is below `/ghost/api/admin/`.
    pub fn base_url(&self) -> String {
        self.serving.base_url()
    }

    /// The site.
    pub const fn ghost(&self) -> &Ghost {
        &self.ghost
    }

    /// See [`Ghost::key`].
    pub fn key(&self) -> String {
        self.ghost.key()
    }

    /// See [`Ghost::set_now`].
    pub fn set_now(&self, now: DateTime<Utc>) {
        self.ghost.set_now(now);
    }

    /// What was asked and answered; events stand as `type/id`, with the type as in the answer.
    pub fn ledger(&self) -> &Ledger {
        self.serving.ledger()
    }

    /// The fault plan that is being played.
    pub fn faults(&self) -> &Faults {
        self.serving.faults()
    }

    /// See [`Serving::ask`].
    pub async fn ask(
        &self,
        request: axum::http::Request<Bytes>,
    ) -> io::Result<axum::http::Response<Bytes>> {
        self.serving.ask(request).await
    }

    /// See [`Serving::refusal`].
    pub async fn refusal(&self, status: StatusCode) -> axum::http::Response<Bytes> {
        self.serving.refusal(status).await
    }

    /// Stops and waits for the requests under way.
    pub async fn shutdown(self) {
        self.serving.shutdown().await;
    }
}

/// Answers any request.
async fn answer(Shared(ghost): Shared<Ghost>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .unwrap_or_default();
    let call = Call {
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        body,
    };
    ghost.at_desk(|desk| {
        let path = parts.uri.path();
        let mut response = if path.ends_with('/') {
            dispatch(desk, &parts.method, path, &parts.headers, &call)
                .unwrap_or_else(Refusal::into_response)
        } else {
            let query = parts
                .uri
                .query()
                .map(|query| format!("?{query}"))
                .unwrap_or_default();
            answer::moved(&format!("{path}/{query}"))
        };
        dress(&mut response, desk);
        let note = Note {
            served: std::mem::take(&mut desk.served),
            applied: desk.applied,
            write: None,
        };
        response.extensions_mut().insert(note);
        response
    })
}

fn dispatch(
    desk: &mut Desk<'_>,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    call: &Call,
) -> Result<Response, Refusal> {
    let Some(resource) = path.strip_prefix(ROOT) else {
        return Err(Refusal::not_found("Resource not found", "Page not found"));
    };
    let segments: Vec<&str> = resource.trim_end_matches('/').split('/').collect();
    if (method, segments.as_slice()) == (&Method::GET, &["site"]) {
        return Ok(catalogue::site(desk));
    }
    auth::check(headers, &desk.config.key_id, &desk.config.secret, desk.now)?;
    if desk.config.key_of_an_author && matches!(segments.as_slice(), ["members" | "labels", ..]) {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "NoPermissionError",
            "You do not have permission to perform this action",
        ));
    }
    match (method.as_str(), segments.as_slice()) {
        ("GET", ["members"]) => members::list(desk, call),
        ("GET", ["members", "events"]) => events::list(desk, call),
        ("PUT", ["members", "bulk"]) => edit::bulk(desk, call),
        ("GET", ["members", id]) => members::read(desk, call, id),
        ("PUT", ["members", id]) => told(desk, id, |desk| edit::edit(desk, call, id)),
        ("DELETE", ["members", id]) => told(desk, id, |desk| edit::delete(desk, id)),
        ("GET", ["labels"]) => catalogue::labels(desk, call),
        ("POST", ["labels"]) => catalogue::make_label(desk, call),
        ("GET", ["newsletters"]) => catalogue::newsletters(desk, call),
        ("GET", ["posts"]) => catalogue::posts(desk, call),
        (_, ["emails" | "links" | "stats", ..]) => Err(not_for_tokens(desk.config.version)),
        _ => Err(no_such_path(desk.config.version, headers)),
    }
}

/// A change of one member by a request, of which webhooks tell.
fn told<T>(desk: &mut Desk<'_>, id: &str, work: impl FnOnce(&mut Desk<'_>) -> T) -> T {
    match id::Id::parse(id) {
        Some(id) => hooks::noted(desk, id, work),
        None => work(desk),
    }
}

/// A path that is there, but only for people.
fn not_for_tokens(version: Version) -> Refusal {
    match version {
        Version::Five => Refusal::new(
            StatusCode::NOT_IMPLEMENTED,
            "NotImplementedError",
            "The server does not support the functionality required to fulfill the request.",
        ),
        Version::Six => Refusal::new(
            StatusCode::FORBIDDEN,
            "NoPermissionError",
            "API tokens do not have permission to access this endpoint",
        ),
    }
}

/// A path that is not there; a client that names an older version is told to look for a newer self.
fn no_such_path(version: Version, headers: &HeaderMap) -> Refusal {
    let message = "Request could not be served, the endpoint was not found.";
    let named = headers
        .get("accept-version")
        .and_then(|value| value.to_str().ok());
    match named.filter(|named| *named != format!("v{}", version.number())) {
        Some(named) => Refusal::new(
            StatusCode::NOT_ACCEPTABLE,
            "RequestNotAcceptableError",
            message,
        )
        .context(format!(
            "Provided client accept-version {named} is behind current Ghost version v{}.",
            version.number()
        ))
        .code("UPDATE_CLIENT")
        .help("Try upgrading your Ghost API client."),
        None => Refusal::not_found("Resource not found", "Page not found"),
    }
}

/// The headers that every answer has.
fn dress(response: &mut Response, desk: &Desk<'_>) {
    let moved = response.status() == StatusCode::MOVED_PERMANENTLY;
    let version = match desk.config.version {
        Version::Five => "v5.130",
        Version::Six => "v6.65",
    };
    let private =
        "no-cache, private, no-store, must-revalidate, max-stale=0, post-check=0, pre-check=0";
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static("content-version"),
        HeaderValue::from_static(version),
    );
    headers.insert(
        VARY,
        HeaderValue::from_static(if moved {
            "Accept-Version"
        } else {
            "Accept-Version, Accept-Encoding"
        }),
    );
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static(if moved {
            "public, max-age=31536000"
        } else {
            private
        }),
    );
    if let Ok(date) = HeaderValue::from_str(
        &time(desk.now)
            .format("%a, %d %b %Y %H:%M:%S GMT")
            .to_string(),
    ) {
        headers.insert(DATE, date);
    }
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
