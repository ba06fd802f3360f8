//! The listener for what platforms report by themselves: a port of its own, with one kind of path, no session and no page.
//!
//! `/hooks/CONNECTION/SECRET`. Who does not know the secret is told 401 before
//! anything else of the request is read; who knows it and is not the platform
//! is told 401 as well. 200 means that the delivery is committed. 410 is never
//! answered: platforms take it as a wish to be forgotten.

mod rate;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    response::Response,
    serve::ListenerExt as _,
};
use engaged_connectors::webhook::{Delivery, Doubt, Webhook};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::timeout};
use tracing::{info, warn};

use super::{client, door::Door};
use crate::{
    config::Webhooks,
    desk::Desk,
    diagnostic::{Diagnostic, Exit, Expected},
    hooks::{
        self,
        intake::{Intake, NotKept},
        keys::{Keys, OverHttps},
        receive::receive,
    },
    schedule::jobs::Jobs,
};
use rate::Buckets;

/// The largest body.
const BODY_MAX: usize = 1 << 20;
/// How long a body may take to come.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// Who waits longer than this for a commit is told to come back: Mailchimp waits no longer than ten seconds.
const KEPT_WITHIN: Duration = Duration::from_secs(8);
/// So many deliveries a second from one address, and so many at once.
const GENUINE: (f64, f64) = (2_000.0, 10_000.0);
/// So many guesses at a path a second from one address, and so many at once.
const GUESSES: (f64, f64) = (1.0, 30.0);
/// Why somebody was refused who did not know the path.
const NOT_KNOWN: &str = "who sent it did not know the path";

/// A listener at work. Dropping it ends it at once; [`Listening::stop`] finishes what is under way.
pub struct Listening {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<io::Result<()>>,
}

/// What every delivery passes.
struct Gate {
    desk: Arc<Desk>,
    intake: Intake,
    keys: Keys,
    /// The address of the site as platforms know it.
    site: String,
    behind_proxy: bool,
    genuine: Buckets,
    guesses: Buckets,
}

impl Listening {
    /// Takes the configured port and listens; `None` without the section `[webhooks]`.
    pub async fn start(desk: &Arc<Desk>) -> Result<Option<Self>, Expected> {
        let jobs = desk.jobs();
        let Some(settings) = &jobs.config.webhooks else {
            return Ok(None);
        };
        let taken = |error: io::Error| {
            let message = format!("no webhooks can be taken on {}: {error}", settings.listen);
            let help = "end what listens there, or give [webhooks] listen another port";
            Expected::new(Exit::Usage, Diagnostic::error("E0702", message).help(help))
        };
        let port = TcpListener::bind(settings.listen).await.map_err(taken)?;
        let address = port.local_addr().map_err(taken)?;
        let site = match &settings.public_url {
            Some(_) => settings.address(),
            None => format!("http://{address}"),
        };
        let gate = Gate::new(desk, settings, site);
        info!(%address, "listening for webhooks");
        let router = Router::new().fallback(answer).with_state(Arc::new(gate));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let (stop, stopped) = oneshot::channel::<()>();
        // What is tapped for nothing: a request then knows its peer's address.
        let door = Door::new(port).tap_io(|_| ());
        let serving = axum::serve(door, service).with_graceful_shutdown(async {
            // A sender that is gone stops it, too.
            let _ = stopped.await;
        });
        Ok(Some(Self {
            address,
            stop,
            served: tokio::spawn(async move { serving.await }),
        }))
    }

    /// Address and port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more deliveries, and answers those under way.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        match self.served.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!("the listener for webhooks did not end cleanly: {error}"),
            Err(error) => warn!("the listener for webhooks did not end cleanly: {error}"),
        }
    }
}

/// An answer without a body.
async fn answer(
    State(gate): State<Arc<Gate>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let status = gate.judge(peer, request).await;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    }
    response
}

impl Gate {
    fn new(desk: &Arc<Desk>, settings: &Webhooks, site: String) -> Self {
        let jobs = desk.jobs();
        let resolver = OverHttps::new(settings.resolver.clone(), Arc::clone(desk.transport()));
        Self {
            desk: Arc::clone(desk),
            intake: Intake::start(jobs.store.clone()),
            keys: Keys::new(Box::new(resolver), Arc::clone(&jobs.clock)),
            site,
            behind_proxy: settings.behind_proxy,
            genuine: Buckets::new(GENUINE),
            guesses: Buckets::new(GUESSES),
        }
    }

    async fn judge(&self, peer: SocketAddr, request: Request) -> StatusCode {
        let jobs = self.desk.jobs();
        let now = jobs.clock.now();
        let source = client(request.headers(), peer.ip(), self.behind_proxy);
        let path = request.uri().path().to_owned();
        let Some((name, secret)) = parts(&path) else {
            return StatusCode::NOT_FOUND;
        };
        let door = jobs.doors.get(name);
        if !door.is_some_and(|door| door.paths.fit(secret)) {
            // A name that is none of ours is not kept: anybody could choose it.
            let whose = door.map(|door| (name.to_owned(), door.platform));
            let whose = whose.unwrap_or_default();
            self.intake.refuse(whose, now.timestamp_millis(), NOT_KNOWN);
            return if self.guesses.take(source, now.timestamp_millis()) {
                StatusCode::UNAUTHORIZED
            } else {
                StatusCode::TOO_MANY_REQUESTS
            };
        }
        let Some((door, webhook)) = door.zip(jobs.webhook(name)) else {
            return StatusCode::NOT_FOUND;
        };
        if !self.genuine.take(source, now.timestamp_millis()) {
            return StatusCode::TOO_MANY_REQUESTS;
        }
        match *request.method() {
            Method::POST => {}
            // Mailchimp looks whether somebody is there before it saves a webhook.
            Method::GET | Method::HEAD => return StatusCode::OK,
            _ => return StatusCode::METHOD_NOT_ALLOWED,
        }
        self.take(&jobs, (name, door.platform), webhook, request)
            .await
    }

    /// Takes a delivery to a path that is known.
    async fn take(
        &self,
        jobs: &Jobs,
        (name, platform): (&str, &'static str),
        webhook: &dyn Webhook,
        request: Request,
    ) -> StatusCode {
        if jobs.no_room().is_some() {
            // The sender keeps it, and comes again.
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        let (head, body) = request.into_parts();
        let body = match timeout(BODY_WITHIN, to_bytes(body, BODY_MAX)).await {
            Ok(Ok(body)) => body,
            Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE,
            Err(_) => return StatusCode::REQUEST_TIMEOUT,
        };
        let query = head.uri.query().map(|query| format!("?{query}"));
        let query = query.unwrap_or_default();
        let headers = texts(&head.headers);
        let now = jobs.clock.now();
        let delivery = Delivery {
            method: head.method.as_str(),
            url: &format!("{}{}{query}", self.site, head.uri.path()),
            headers: &headers,
            body: &body,
        };
        let shown = hooks::address(&self.site, name, "…") + &query;
        let genuine = match receive(webhook, &self.keys, &delivery, shown, now).await {
            Ok(genuine) => genuine,
            Err(doubt) => {
                let whose = (name.to_owned(), platform);
                let why = doubt.to_string();
                self.intake.refuse(whose, now.timestamp_millis(), &why);
                return match doubt {
                    // It passes by itself: the sender shall come again.
                    Doubt::NoKey => StatusCode::SERVICE_UNAVAILABLE,
                    _ => StatusCode::UNAUTHORIZED,
                };
            }
        };
        let keeping = self.intake.keep((name.to_owned(), platform), genuine);
        match timeout(KEPT_WITHIN, keeping).await {
            Ok(Ok(_)) => StatusCode::OK,
            Ok(Err(NotKept::Full | NotKept::Storage)) | Err(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// The connection and the secret of a path.
fn parts(path: &str) -> Option<(&str, &str)> {
    let (name, secret) = path.strip_prefix("/hooks/")?.split_once('/')?;
    (!name.is_empty() && !secret.is_empty()).then_some((name, secret))
}

/// Headers as texts, in their order; what is not of ASCII is no header of a platform's.
fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)))
        .collect()
}

#[cfg(test)]
mod tests;
