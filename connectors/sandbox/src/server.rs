//! Puts one stand-in on a port: every request passes the fault plan, the platform's router and the ledger.
//!
//! A platform hands in a [`Site`] and knows nothing of ledger or faults but the [`Note`] that it attaches to its answers.
//! Lost and cut answers are made on the wire, below HTTP, so that a client meets what it would meet in the field.
//! [`Serving::ask`] passes the same way without a wire, for clients whose time is not that of the wall.

mod wire;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER, TRANSFER_ENCODING};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower_service::Service as _;

use crate::fault::{Fault, FaultPlan, Faults};
use crate::ledger::{Entry, Ledger, Note};
use wire::{Line, Wires};

/// More than any request that a platform documents.
const LARGEST_BODY: usize = 64 << 20;

/// A platform's stand-in, ready to be served.
pub struct Site {
    /// The platform's paths.
    pub router: Router,
    /// The platform's own words for a refusal that the fault plan asks for (429, 5xx, 401 of a revoked key).
    pub refusal: fn(StatusCode) -> Response,
}

/// A stand-in that is being served. Dropping it stops the server; requests under way are finished.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    ledger: Ledger,
    faults: Faults,
    refusal: fn(StatusCode) -> Response,
    app: Router,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

/// Serves `site` on a free port of 127.0.0.1.
pub async fn serve(site: Site, plan: FaultPlan) -> io::Result<Serving> {
    serve_on(site, plan, 0).await
}

/// Serves `site` on this port of 127.0.0.1; 0 takes a free one.
pub async fn serve_on(site: Site, plan: FaultPlan, port: u16) -> io::Result<Serving> {
    let bound = bind(port).await?;
    Ok(bound.serve(site, plan))
}

/// A port that is taken but not served yet, for a platform whose answers name their own address.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

/// Takes this port of 127.0.0.1; 0 takes a free one.
pub async fn bind(port: u16) -> io::Result<Bound> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    Ok(Bound { listener, address })
}

impl Bound {
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Starts to answer.
    pub fn serve(self, site: Site, plan: FaultPlan) -> Serving {
        let ledger = Ledger::default();
        let faults = Faults::start(plan);
        let watch = Watch {
            ledger: ledger.clone(),
            faults: faults.clone(),
            refusal: site.refusal,
            pages: Arc::default(),
        };
        let app = site
            .router
            .layer(middleware::from_fn_with_state(watch, observe));
        let (stop, stopped) = oneshot::channel();
        let listener = self.listener;
        let inside = app.clone();
        let task = tokio::spawn(async move {
            let service = app.into_make_service_with_connect_info::<Line>();
            // A sender that is gone without a word was dropped: that stops the server too.
            let stopped = async move { drop(stopped.await) };
            // Serving ends by the signal only; errors of single connections never surface here.
            drop(
                axum::serve(Wires(listener), service)
                    .with_graceful_shutdown(stopped)
                    .await,
            );
        });
        Serving {
            address: self.address,
            ledger,
            faults,
            refusal: site.refusal,
            app: inside,
            stop: Some(stop),
            task: Some(task),
        }
    }
}

impl Serving {
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked and answered so far.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The fault plan that is being played.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Answers a request without a wire: the same faults, the same ledger, and no time but tokio's own. A lost or cut
    /// answer is a broken connection.
    pub async fn ask(
        &self,
        request: axum::http::Request<Bytes>,
    ) -> io::Result<axum::http::Response<Bytes>> {
        let line = Line::whole();
        let mut request = request.map(Body::from);
        request.extensions_mut().insert(ConnectInfo(line.clone()));
        // A router cannot fail, and is always ready.
        let Ok(response) = self.app.clone().call(request).await;
        if line.is_broken() {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(whole(response).await)
    }

    /// What the platform says to a request that it refuses with this status, whoever asks.
    pub async fn refusal(&self, status: StatusCode) -> axum::http::Response<Bytes> {
        whole((self.refusal)(status)).await
    }

    /// Stops and waits until the requests under way are answered.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that the server has ended already.
            let _ = stop.send(());
        }
        if let Some(task) = self.task.take() {
            // The task cannot fail but by a panic, which has been printed where it happened.
            drop(task.await);
        }
    }
}

#[derive(Clone)]
struct Watch {
    ledger: Ledger,
    faults: Faults,
    refusal: fn(StatusCode) -> Response,
    pages: Arc<Mutex<HashMap<String, Page>>>,
}

/// An answer that can be given again.
#[derive(Clone)]
struct Page {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: Bytes,
    note: Note,
}

impl Page {
    /// The same with half of its body, and nothing that tells of it.
    fn half(mut self) -> Self {
        self.headers.remove(CONTENT_LENGTH);
        self.body.truncate(self.body.len() / 2);
        self
    }
}

impl Watch {
    fn last_page(&self, path: &str) -> Option<Page> {
        self.pages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(path)
            .cloned()
    }

    fn keep_page(&self, path: &str, page: &Page) {
        if self.faults.repeats_pages() {
            self.pages
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(path.to_owned(), page.clone());
        }
    }
}

/// One request from end to end.
async fn observe(
    State(watch): State<Watch>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
    let query = parts.uri.query().unwrap_or_default().to_owned();
    // A request that breaks off is as good as none: nobody waits for an answer.
    let body = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();

    let last = if method == Method::GET {
        watch.last_page(&path)
    } else {
        None
    };
    let struck = watch.faults.strike(&method, &path, last.is_some());
    for fault in &struck {
        if let Fault::Latency(pause) = fault {
            tokio::time::sleep(*pause).await;
        }
    }
    let refused = struck
        .iter()
        .find_map(|fault| refusal(*fault, watch.refusal));
    let again = last.filter(|_| struck.contains(&Fault::DuplicatePage));
    let page = if let Some(refused) = refused {
        flatten(refused).await
    } else if let Some(again) = again {
        again
    } else {
        let page = flatten(
            next.run(Request::from_parts(parts, Body::from(body.clone())))
                .await,
        )
        .await;
        if method == Method::GET && page.status.is_success() {
            watch.keep_page(&path, &page);
        }
        page
    };
    let lost = struck.contains(&Fault::AnswerLost);
    let cut = struck.contains(&Fault::CutBody);
    let half = struck.contains(&Fault::HalfBody);
    let silent = struck.contains(&Fault::NoAnswer);
    let reads = matches!(method, Method::GET | Method::HEAD);
    watch.ledger.record(Entry {
        number: 0,
        write: page.note.write.unwrap_or(!reads),
        method,
        path,
        query,
        body,
        status: page.status.as_u16(),
        applied: page.note.applied,
        delivered: !lost && !cut && !silent && !half,
        served: page.note.served.clone(),
        faults: struck.iter().map(|fault| fault.name()).collect(),
    });
    if silent {
        // Ends with the line, which takes this future with it.
        std::future::pending::<()>().await;
    }
    answer(if half { page.half() } else { page }, &line, lost, cut)
}

/// The answer to a request that a fault keeps from the platform.
fn refusal(fault: Fault, words: fn(StatusCode) -> Response) -> Option<Response> {
    match fault {
        Fault::TooMany { retry_after } => {
            let mut response = words(StatusCode::TOO_MANY_REQUESTS);
            if let Some(seconds) = retry_after {
                response
                    .headers_mut()
                    .insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            Some(response)
        }
        Fault::ServerError(status) => Some(words(
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        )),
        Fault::RevokedKey => Some(words(StatusCode::UNAUTHORIZED)),
        Fault::LoginPage => Some(login_page()),
        Fault::Elsewhere(port) => Some(elsewhere(port)),
        Fault::HalfBody
        | Fault::Latency(_)
        | Fault::CutBody
        | Fault::DuplicatePage
        | Fault::AnswerLost
        | Fault::NoAnswer => None,
    }
}

/// What a hotel or a proxy answers before somebody has agreed to its terms.
fn login_page() -> Response {
    let mut response = Response::new(Body::from(
        "<!doctype html><title>Wi-Fi</title><form method=post>Agree</form>",
    ));
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn elsewhere(port: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    // A port is digits, which a header may hold.
    if let Ok(place) = HeaderValue::from_str(&format!("http://127.0.0.1:{port}/elsewhere")) {
        response.headers_mut().insert(LOCATION, place);
    }
    response
}

/// The response with its body in one piece.
async fn whole(response: Response) -> axum::http::Response<Bytes> {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    axum::http::Response::from_parts(parts, body)
}

/// Takes a response apart; handlers answer from memory, so reading their body cannot fail.
async fn flatten(response: Response) -> Page {
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let note = parts.extensions.remove::<Note>().unwrap_or_default();
    Page {
        status: parts.status,
        headers: parts.headers,
        body,
        note,
    }
}

/// Puts the answer together again and breaks the line where a fault says so.
fn answer(page: Page, line: &Line, lost: bool, cut: bool) -> Response {
    let Page {
        status,
        mut headers,
        body,
        ..
    } = page;
    if lost {
        line.lose();
    } else if cut {
        line.cut(body.len() / 2);
    }
    let mut body = Body::from(body);
    if headers.contains_key(TRANSFER_ENCODING) {
        // A platform that streams names no length.
        headers.remove(CONTENT_LENGTH);
        body = Body::from_stream(body.into_data_stream());
    }
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

#[cfg(test)]
mod tests;
