mod flood;

use bytes::Bytes;
use engaged_connectors::Clock as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::*;
use crate::{
    hooks::fake::{BEFORE, Bench, PATH, SECRET, body, sign},
    store::{Conn, Hook, WITHOUT_CONNECTION},
};

/// A listener without a port.
struct Site {
    bench: Bench,
    gate: Arc<Gate>,
}

impl Site {
    fn of(bench: Bench) -> Self {
        let jobs = bench.desk.jobs();
        let settings = jobs.config.webhooks.as_ref().unwrap();
        let gate = Gate::new(&bench.desk, settings, "https://hooks.example".into());
        Self {
            gate: Arc::new(gate),
            bench,
        }
    }

    fn new() -> Self {
        Self::of(Bench::new())
    }

    async fn ask(&self, request: http::request::Builder, body: impl Into<Body>) -> StatusCode {
        let request = request.body(body.into()).unwrap();
        let peer = ConnectInfo("10.0.0.7:1234".parse().unwrap());
        let answer = answer(State(Arc::clone(&self.gate)), peer, request).await;
        let (head, body) = answer.into_parts();
        let body = to_bytes(body, 1_000).await.unwrap();
        assert!(body.is_empty(), "{body:?}");
        // Platforms forget an address that says so.
        assert_ne!(head.status, StatusCode::GONE);
        head.status
    }

    /// A delivery, signed with this secret.
    async fn deliver(&self, path: &str, secret: &str, body: &str) -> StatusCode {
        let request = to(path).header("webhook-signature", sign(secret, body.as_bytes()));
        self.ask(request, body.to_owned()).await
    }

    fn kept(&self) -> usize {
        let store = self.bench.store();
        store
            .read(|conn| conn.waiting_deliveries(1_000))
            .unwrap()
            .len()
    }

    fn hook(&self) -> Option<Hook> {
        let hooks = self.bench.store().read(Conn::hooks).unwrap();
        hooks
            .into_iter()
            .find(|hook| hook.connection != WITHOUT_CONNECTION)
    }
}

fn to(path: &str) -> http::request::Builder {
    Request::builder().method(Method::POST).uri(path)
}

fn site(secret: &str) -> String {
    format!("/hooks/site/{secret}")
}

#[tokio::test]
async fn a_genuine_delivery_is_kept_as_it_came_without_the_secret_path_and_once() {
    let site_ = Site::new();
    let body = body(1, site_.bench.clock.now());
    let signed = || {
        to(&format!("{}?x=1", site(PATH)))
            .header("webhook-signature", sign(SECRET, body.as_bytes()))
            .header("content-type", "application/json")
            .header("x-forwarded-for", "192.0.2.1")
            .header("cookie", "a=b")
    };
    for _ in 0..3 {
        assert_eq!(site_.ask(signed(), body.clone()).await, StatusCode::OK);
    }
    let store = site_.bench.store();
    let kept = store.read(|conn| conn.waiting_deliveries(10)).unwrap();
    let [kept] = kept.as_slice() else {
        panic!("{kept:?}")
    };
    assert_eq!(kept.delivery.url, "https://hooks.example/hooks/site/…?x=1");
    assert_eq!(kept.delivery.body, body.as_bytes());
    let names = kept.delivery.headers.iter().map(|(name, _)| name.as_str());
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["webhook-signature", "content-type"]
    );
    assert!(kept.delivery.name.starts_with("sha256:"));
    let hook = site_.hook().unwrap();
    assert_eq!((hook.accepted, hook.repeated, hook.refused), (1, 2, 0));
}

#[tokio::test]
async fn the_path_before_is_good_as_well_and_an_id_of_the_platform_names_a_delivery() {
    let site_ = Site::new();
    let at = site_.bench.clock.now();
    for (number, nonce) in [(1, "a"), (2, "b"), (3, "a")] {
        let body = body(number, at);
        let request = to(&site(BEFORE))
            .header("webhook-signature", sign(SECRET, body.as_bytes()))
            .header("x-nonce", nonce);
        assert_eq!(site_.ask(request, body).await, StatusCode::OK);
    }
    assert_eq!(site_.kept(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_forged_is_refused_and_leaves_a_number_behind_and_nothing_else() {
    let site_ = Site::new();
    let body = body(1, site_.bench.clock.now());
    let path = site(PATH);
    assert_eq!(
        site_.deliver(&path, "another", &body).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        site_.deliver(&path, "", &body).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        site_.ask(to(&path), body.clone()).await,
        StatusCode::UNAUTHORIZED
    );
    let twice = to(&path)
        .header("webhook-signature", sign(SECRET, body.as_bytes()))
        .header("webhook-signature", sign(SECRET, body.as_bytes()));
    assert_eq!(
        site_.ask(twice, body.clone()).await,
        StatusCode::UNAUTHORIZED
    );
    while site_.hook().is_none_or(|hook| hook.refused < 4) {
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    assert_eq!(site_.kept(), 0);
    let hook = site_.hook().unwrap();
    assert_eq!((hook.refused, hook.heard_at), (4, None));
    assert_eq!(
        hook.refused_why.unwrap(),
        "the signature is missing or not of its form"
    );
}

#[tokio::test]
async fn who_does_not_know_the_path_is_told_nothing_may_guess_seldom_and_keeps_nobody_out() {
    let site_ = Site::new();
    let body = body(1, site_.bench.clock.now());
    let mut told = Vec::new();
    for number in 0..40 {
        // A name that is ours and one that is not get the same answer.
        let name = if number % 2 == 0 { "site" } else { "shop" };
        let path = format!("/hooks/{name}/guess-{number}");
        told.push(site_.deliver(&path, SECRET, &body).await);
    }
    assert_eq!(told[..30], [StatusCode::UNAUTHORIZED; 30]);
    assert_eq!(told[30..], [StatusCode::TOO_MANY_REQUESTS; 10]);
    let get = Request::builder().uri(site("guess"));
    assert_eq!(site_.ask(get, "").await, StatusCode::TOO_MANY_REQUESTS);
    // Behind a proxy that names nobody all come from one address.
    assert_eq!(
        site_.deliver(&site(PATH), SECRET, &body).await,
        StatusCode::OK
    );
    for path in [
        "/",
        "/hooks",
        "/hooks/site",
        "/hooks/site/",
        "/login",
        "/metrics",
    ] {
        assert_eq!(
            site_.ask(to(path), "").await,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    for path in [format!("{}/", site(PATH)), format!("{}x", site(PATH))] {
        let status = site_.ask(to(&path), "").await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{path}");
    }
}

#[tokio::test]
async fn a_platform_that_looks_whether_somebody_is_there_is_told_so() {
    let site_ = Site::new();
    for method in [Method::GET, Method::HEAD] {
        let ask = |path: &str| {
            Request::builder()
                .method(method.clone())
                .uri(path.to_owned())
        };
        assert_eq!(site_.ask(ask(&site(PATH)), "").await, StatusCode::OK);
        let guess = site_.ask(ask(&site("guess")), "").await;
        assert_eq!(guess, StatusCode::UNAUTHORIZED);
    }
    let put = Request::builder().method(Method::PUT).uri(site(PATH));
    assert_eq!(site_.ask(put, "").await, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(site_.kept(), 0);
}

// S23.
#[tokio::test]
async fn a_body_that_is_too_large_or_does_not_come_is_not_waited_for() {
    let site_ = Site::new();
    let large = "x".repeat(BODY_MAX + 1);
    let status = site_.deliver(&site(PATH), SECRET, &large).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let whole = "x".repeat(BODY_MAX);
    assert_eq!(
        site_.deliver(&site(PATH), SECRET, &whole).await,
        StatusCode::OK
    );
    tokio::time::pause();
    let never = Body::from_stream(futures_util::stream::pending::<Result<Bytes, io::Error>>());
    let status = site_.ask(to(&site(PATH)), never).await;
    assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
    // Who does not know the path need not send one.
    let never = Body::from_stream(futures_util::stream::pending::<Result<Bytes, io::Error>>());
    let status = site_.ask(to(&site("guess")), never).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_takes_nothing_is_said_to_the_sender_who_comes_again() {
    let mut site_ = Site::new();
    let path = site_.bench.desk.jobs().config.database.clone();
    let read_only = crate::store::Store::open(
        &path,
        crate::store::Access::ReadOnly,
        site_.bench.clock.as_ref(),
    );
    Arc::get_mut(&mut site_.gate).unwrap().intake = Intake::start(read_only.unwrap());
    let body = body(1, site_.bench.clock.now());
    let status = site_.deliver(&site(PATH), SECRET, &body).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(site_.kept(), 0);
}

// F56. Mailchimp hangs up after ten seconds, and tells of it again.
#[tokio::test]
async fn whoever_cannot_be_kept_in_time_is_answered_before_a_platform_hangs_up_and_is_kept_once() {
    let site_ = Site::new();
    let store = site_.bench.store().clone();
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let (begin, begun) = tokio::sync::oneshot::channel();
    let writing = std::thread::spawn(move || {
        store.write(move |_| {
            let _ = begin.send(());
            let _ = held.recv();
            Ok(())
        })
    });
    begun.await.unwrap();
    let body = body(1, site_.bench.clock.now());
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let status = site_.deliver(&site(PATH), SECRET, &body).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let waited = began.elapsed();
    assert!(
        waited >= KEPT_WITHIN && waited < Duration::from_secs(10),
        "{waited:?}"
    );
    assert_eq!(site_.kept(), 0);
    drop(hold);
    writing.join().unwrap().unwrap();
    tokio::time::resume();
    let status = site_.deliver(&site(PATH), SECRET, &body).await;
    assert_eq!((status, site_.kept()), (StatusCode::OK, 1));
}

#[tokio::test]
async fn ghost_is_believed_when_it_signs_just_now_and_what_it_says_is_a_hint() {
    let site_ = Site::of(Bench::ghost());
    let body = r#"{"member":{"current":{"id":"a"},"previous":{}}}"#;
    let sent = |at: i64| {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        mac.update(at.to_string().as_bytes());
        let sum = hex::encode(mac.finalize().into_bytes());
        to(&site(PATH)).header("X-Ghost-Signature", format!("sha256={sum}, t={at}"))
    };
    let now = site_.bench.clock.now().timestamp_millis();
    assert_eq!(
        site_.ask(sent(now - 301_000), body).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(site_.ask(sent(now), body).await, StatusCode::OK);
    let jobs = site_.bench.desk.jobs();
    let report = jobs.read_inbox().await.unwrap();
    assert_eq!((report.read, report.odd, report.events), (1, 0, 0));
    assert_eq!(jobs.hinted().unwrap(), ["site"]);
}
