//! A dashboard without a network, with people in it, for the tests of its pages.

mod inert;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{Router, body::Body, extract::ConnectInfo};
use chrono::{DateTime, TimeDelta, Utc};
use engaged_connectors::Clock;
use engaged_sandbox::mailchimp::Mailchimp;
use http::{HeaderMap, Method, Request, StatusCode, header};
use secrecy::SecretString;
use tempfile::TempDir;
use tower::ServiceExt as _;

mod shop;

pub(crate) use shop::POLICY;

use super::{Web, access::Route, router};
use crate::{
    account::{Actor, Role, Scope},
    config::{self, Environment},
    desk::Desk,
    import, platform,
    schedule::jobs::Jobs,
    store::{Access, Store},
};

pub(crate) use inert::assert_inert;

/// A clock that a test moves. It begins at noon (UTC) on 15 June 2026.
pub(crate) struct Hands(AtomicI64);

impl Hands {
    /// Moves it ahead.
    pub(crate) fn pass(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

fn noon() -> Arc<Hands> {
    let noon = DateTime::parse_from_rfc3339("2026-06-15T12:00:00Z").unwrap();
    Arc::new(Hands(AtomicI64::new(noon.timestamp_millis())))
}

/// The dashboard.
pub(crate) struct Site {
    /// The server.
    pub(crate) web: Arc<Web>,
    /// What it serves.
    pub(crate) table: Vec<Route>,
    /// The time.
    pub(crate) clock: Arc<Hands>,
    router: Router,
    /// A platform on loopback, if there is one.
    platform: Option<Mailchimp>,
    /// The folder of the configuration and the database; it goes with the site.
    pub(crate) folder: TempDir,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Where a redirect leads.
    pub(crate) fn location(&self) -> &str {
        let location = self.headers.get(header::LOCATION);
        location.map_or("", |location| location.to_str().unwrap())
    }

    /// The value of the first hidden field of that name.
    pub(crate) fn hidden(&self, name: &str) -> String {
        let field = format!("name=\"{name}\" value=\"");
        let found = self.body.split_once(&field);
        let (_, rest) = found.unwrap_or_else(|| panic!("no field {name} in {}", self.body));
        rest.split('"').next().unwrap().to_owned()
    }
}

/// A small configuration with a score, two segments and no connection.
pub(crate) const RULES: &str = r#"
timezone = "Europe/Amsterdam"
database = "engaged.db"
[web]
listen = "127.0.0.1:0"
[scores.engagement]
rules = [
  { when = "purchase", points = 20 },
  { when = "click", points = 10 },
  { when = "open", points = 1 },
  { when = "no open in 3 months", points = -10 },
]
bands = [ { name = "ambassador", above = 45 }, { name = "engaged", above = 0 }, { name = "away" } ]
[segments]
hot = "engagement > 25"
cold = "no open in 3 months"
"#;

impl Site {
    /// A dashboard on this configuration, with these lines imported and everybody scored.
    pub(crate) async fn new(config: &str, lines: &str) -> Self {
        Self::with(config, lines, noon(), "0123456789abcdef-us1").await
    }

    /// The same, with the key that is in the environment as KEY.
    async fn with(config: &str, lines: &str, clock: Arc<Hands>, key: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engaged.toml");
        std::fs::write(&path, config).unwrap();
        let environment = Environment::from([("KEY".to_owned(), key.to_owned())]);
        let config = config::load(&path, &environment).unwrap();
        let store = Store::open(&config.database, Access::ReadWrite, clock.as_ref()).unwrap();
        let transport = platform::network().unwrap();
        let kinds = config.rules.kinds.clone();
        let jobs = Jobs::new(
            config,
            store,
            Arc::<Hands>::clone(&clock),
            &environment,
            &transport,
            Arc::new(|_| ()),
        )
        .unwrap();
        let file = folder.path().join("import.jsonl");
        std::fs::write(&file, lines).unwrap();
        let options = import::Options {
            connection: "import".to_owned(),
            kinds,
        };
        let report = import::import(&jobs.store, &[file], &options, clock.as_ref(), &mut |_| ());
        assert_eq!(
            report.unwrap().bad_count,
            0,
            "the stage imports good lines only"
        );
        jobs.score(false).await.unwrap();
        let settings = jobs.config.web.clone().unwrap();
        let desk = Desk::new(jobs, environment, transport);
        let web = Web::new(desk, &settings);
        let (router, table) = router(&web);
        Self {
            web,
            table,
            clock,
            router,
            platform: None,
            folder,
        }
    }

    /// The cookie of a new account of that role.
    pub(crate) async fn cookie(&self, role: Role) -> String {
        let test = Actor::Operator("test".to_owned());
        if role != Role::Admin && !self.web.accounts.has_users().await.unwrap() {
            Box::pin(self.cookie(Role::Admin)).await;
        }
        let link = self.web.accounts.setup_link(role, &test).await.unwrap();
        let name = format!("{}{}", role.as_str(), link.token.reveal().get(..6).unwrap());
        let password = SecretString::from(PASSWORD.to_owned());
        let from = [127, 0, 0, 1].into();
        let accounts = &self.web.accounts;
        let made = accounts.use_setup_link(link.token.reveal(), &name, &password, from);
        format!("engaged_session={}", made.await.unwrap().token.reveal())
    }

    /// A request as a browser makes it from one of our own pages.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        let named = |name: &str| headers.iter().any(|header| header.0 == name);
        if !named("host") {
            request = request.header(header::HOST, "127.0.0.1:8425");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    /// A request as it is.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        let peer: SocketAddr = ([127, 0, 0, 1], 50_000).into();
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 64 << 20).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// A page as whoever has that cookie sees it.
    pub(crate) async fn get(&self, cookie: &str, path: &str) -> Answer {
        self.ask(Method::GET, path, &[("cookie", cookie)], "").await
    }

    /// A form, sent.
    pub(crate) async fn post(&self, cookie: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let body: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let headers = [
            ("cookie", cookie),
            ("origin", "http://127.0.0.1:8425"),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.ask(Method::POST, path, &headers, &body).await
    }

    /// A token with these scopes, good for 90 days.
    pub(crate) async fn token(&self, scopes: &[Scope]) -> String {
        let test = Actor::Operator("test".to_owned());
        let accounts = &self.web.accounts;
        let made = accounts.create_token("test", scopes, 90, &test).await;
        made.unwrap().token.reveal().to_owned()
    }

    /// A request of a program; `body` is JSON, or nothing.
    pub(crate) async fn call(&self, token: &str, method: Method, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("authorization", bearer.as_str())];
        if !body.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        self.ask(method, path, &headers, body).await
    }

    /// The password typed again: the cookie of the session that it opened.
    pub(crate) async fn step_up(&self, cookie: &str) -> String {
        let answer = self
            .post(cookie, "/confirm", &[("password", PASSWORD)])
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let set = answer.headers.get(header::SET_COOKIE).unwrap();
        let set = set.to_str().unwrap();
        set.split(';').next().unwrap().to_owned()
    }
}

/// Everybody's password here.
pub(crate) const PASSWORD: &str = "a quite long password of tests";
