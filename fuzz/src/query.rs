//! Addresses of pages and of the API, and bodies that programs send: every answer is one that was meant, and nothing of
//! the question comes back as markup.
//!
//! The first line is a path and its query; the rest, if there is any, is a body that is sent to the API.

use std::{
    net::SocketAddr,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use axum::{Router, body::Body, extract::ConnectInfo};
use engaged::{
    account::{Actor, Role, Scope},
    config::{self, Config, Environment},
    desk::Desk,
    import, platform,
    schedule::jobs::{Jobs, Progress},
    store::{Access, Store},
    web::{Web, router},
};
use http::{Method, Request, StatusCode, header};
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use super::scratch::{self, Noon};

/// What no page may bring back as it is.
const MARK: &str = "<zq";

/// A body is sent to these paths alone, which start nothing.
const TAKES: [&str; 2] = ["/api/v1/events", "/api/v1/contacts/lookup"];

/// A configuration with a score, a segment, and no connection.
pub const CONFIG: &str = r#"
timezone = "Europe/Amsterdam"
database = "engaged.db"
[web]
listen = "127.0.0.1:0"
[scores.engagement]
rules = [ { when = "click", points = 10 }, { when = "no open in 3 months", points = -10 } ]
bands = [ { name = "engaged", above = 0 }, { name = "away" } ]
[segments]
hot = "engagement > 5"
"#;

/// What two people did.
pub const LINES: &str = r#"{"email":"jan@example.nl","id":"1","status":"subscribed","subscribed_at":"2025-01-01T00:00:00Z"}
{"email":"jan@example.nl","kind":"send","at":"2026-11-01T10:00:00Z","campaign":"c1"}
{"email":"jan@example.nl","kind":"click","at":"2026-11-02T10:00:00Z","link":"https://example.nl/a"}
{"email":"els@example.nl","id":"2","status":"subscribed"}
"#;

struct Site {
    runtime: Runtime,
    router: Router,
    cookie: String,
    token: String,
    _folder: TempDir,
}

impl Site {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let folder = scratch::folder();
        let path = folder.path().join("engaged.toml");
        std::fs::write(&path, CONFIG).unwrap();
        let environment = Environment::new();
        let config = config::load(&path, &environment).unwrap();
        let store = Store::open(&config.database, Access::ReadWrite, &Noon).unwrap();
        let file = folder.path().join("import.jsonl");
        std::fs::write(&file, LINES).unwrap();
        let files = [file];
        import::import(
            &store,
            &files,
            &import::Options::default(),
            &Noon,
            &mut |_| (),
        )
        .unwrap();
        let jobs = jobs(config, store);
        let settings = jobs.config.web.clone().unwrap();
        let (router, cookie, token) = runtime.block_on(async {
            jobs.score(false).await.unwrap();
            let web = Web::new(
                Desk::new(jobs, environment, platform::network().unwrap()),
                &settings,
            );
            let operator = Actor::Operator("fuzz".to_owned());
            let accounts = &web.accounts;
            let link = accounts.setup_link(Role::Admin, &operator).await.unwrap();
            let password = SecretString::from("a long word of passage, 1871");
            let from = [127, 0, 0, 1].into();
            let made = accounts.use_setup_link(link.token.reveal(), "marit", &password, from);
            let session = made.await.unwrap();
            let scopes = [Scope::Read, Scope::Events];
            let token = accounts
                .create_token("fuzz", &scopes, 90, &operator)
                .await
                .unwrap();
            (
                router(&web).0,
                format!("engaged_session={}", session.token.reveal()),
                format!("Bearer {}", token.token.reveal()),
            )
        });
        Self {
            runtime,
            router,
            cookie,
            token,
            _folder: folder,
        }
    }

    fn ask(&self, request: Request<Body>) -> (StatusCode, bool, String) {
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let bytes = axum::body::to_bytes(body, 64 << 20).await.unwrap();
            let dressed = parts.headers.contains_key(header::CONTENT_SECURITY_POLICY);
            (
                parts.status,
                dressed,
                String::from_utf8_lossy(&bytes).into_owned(),
            )
        })
    }
}

/// The jobs of a configuration without connections.
pub fn jobs(config: Config, store: Store) -> Jobs {
    let (clock, watch) = (Arc::new(Noon), Arc::new(|_: Progress<'_>| ()));
    let transport = platform::network().unwrap();
    Jobs::new(config, store, clock, &Environment::new(), &transport, watch)
        .unwrap_or_else(|error| panic!("{:?}", error.diagnostics))
}

/// Asks for one address, as it is and with a mark behind each value.
pub fn run(bytes: &[u8]) {
    static SITE: LazyLock<Mutex<Site>> = LazyLock::new(|| Mutex::new(Site::new()));
    let text = String::from_utf8_lossy(bytes);
    let (target, body) = text.split_once('\n').unwrap_or((&text, ""));
    if !target.starts_with('/') {
        return;
    }
    let site = SITE.lock().unwrap_or_else(PoisonError::into_inner);
    let marked = target.replace('&', "%3Czq%27%22%3E&") + "%3Czq%27%22%3E";
    for target in [target, &marked] {
        let path = target.split('?').next().unwrap_or_default();
        let sends = TAKES.contains(&path) && !body.is_empty();
        let method = if sends { Method::POST } else { Method::GET };
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header(header::HOST, "127.0.0.1:8425")
            .header(header::CONTENT_TYPE, "application/json");
        let request = if path.starts_with("/api/") {
            request.header(header::AUTHORIZATION, &site.token)
        } else {
            request.header(header::COOKIE, &site.cookie)
        };
        let Ok(mut request) = request.body(Body::from(body.to_owned())) else {
            continue;
        };
        let peer: SocketAddr = ([127, 0, 0, 1], 50_000).into();
        request.extensions_mut().insert(ConnectInfo(peer));
        let (status, dressed, answer) = site.ask(request);
        let well = !status.is_server_error() || path == "/readyz";
        assert!(well, "{target}: {status} {answer}");
        assert!(dressed, "{target} is answered without a policy");
        if !path.starts_with("/api/") {
            assert!(!answer.contains(MARK), "{target} comes back as markup");
        }
    }
}
