//! Every page whole, as a browser gets it over loopback: what is read, drawn and sent.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
    time::Instant,
};

use engaged::{
    account::{Accounts, Actor, Role},
    config::Environment,
    desk::Desk,
    platform,
    schedule::jobs::Jobs,
    store::Store,
    web::{Running, Web},
};
use secrecy::SecretString;

use crate::{
    append::Stopped,
    pages::RULES,
    report::{Good, Report, number},
    score::configuration,
};

/// How often each page is asked for.
const CALLS: usize = 15;
/// So many of the slowest are told.
const SLOWEST: usize = 6;
/// A page may take so long.
const LIMIT_MS: f64 = 200.0;

pub const PAGES: [&str; 25] = [
    "/",
    "/scores",
    "/segments",
    "/segments?of=stages&days=91",
    "/segments?of=segments&days=730",
    "/segments?of=score:engagement&days=730",
    "/contacts",
    "/contacts?q=a1b",
    "/contacts?sort=most:engagement",
    "/contacts?segment=cold",
    "/contacts?band=engagement:engaged&sort=most:engagement",
    "/contacts?where=any+download",
    "/contacts?where=no+open+in+3+months+and+any+purchase+in+1+month",
    "/contacts?where=engagement+%3E+100000",
    "/contacts/{middle}",
    "/rules",
    "/rules/edit",
    "/automations",
    "/cleaning",
    "/push",
    "/push/writes?connection=1",
    "/push/writes?connection=1&state=rejected",
    "/sync",
    "/privacy",
    "/settings",
];

/// What a page took, in milliseconds.
struct Asked {
    page: String,
    median: f64,
    longest: f64,
    bytes: usize,
}

/// Serves a store that [`crate::pages::measure`] has filled, and asks for everything.
pub fn measure(store: Store, folder: &Path, report: &Report) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let text = format!("{RULES}[web]\nlisten = \"127.0.0.1:0\"\n");
    let text = text.replacen(
        "[connections.letters]",
        "database = \"engaged.db\"\n[connections.letters]",
        1,
    );
    let config = configuration(folder, &text);
    let middle = middle(&store);
    let environment = Environment::from([("KEY".to_owned(), "0123456789abcdef-us1".to_owned())]);
    let transport = platform::network().expect("a transport");
    let settings = config.web.clone().expect("it is configured");
    let jobs = Jobs::new(
        config,
        store,
        Arc::new(Stopped),
        &environment,
        &transport,
        Arc::new(|_| ()),
    )
    .expect("jobs");
    let desk = Desk::new(jobs, environment, transport);
    let (running, cookie) = runtime.block_on(async {
        let web = Web::new(Arc::clone(&desk), &settings);
        let cookie = admitted(&web.accounts).await;
        let running = Running::start(&desk).await.expect("a free port");
        (running.expect("it is configured"), cookie)
    });
    let mut all: Vec<Asked> = PAGES
        .iter()
        .map(|page| {
            let page = page.replace("{middle}", &middle.to_string());
            timed(running.address(), &cookie, page)
        })
        .collect();
    runtime.block_on(running.stop());
    all.sort_by(|a, b| b.median.total_cmp(&a.median));
    report.note(format!(
        "whole pages over loopback, logged in: {} of them, {CALLS} times each. The slowest:",
        all.len()
    ));
    for asked in all.iter().take(SLOWEST) {
        report.note(asked.line());
    }
    report.claim(
        "pages: the slowest whole page, at the median",
        (all[0].median, "ms"),
        (Good::Low, LIMIT_MS),
        3.0,
    );
}

impl Asked {
    fn line(&self) -> String {
        format!(
            "{}: {} ms at the median, {} at most, {} bytes",
            self.page,
            number(self.median),
            number(self.longest),
            self.bytes
        )
    }
}

/// The cookie of an admin.
pub async fn admitted(accounts: &Accounts) -> String {
    let operator = Actor::Operator("bench".to_owned());
    let link = accounts.setup_link(Role::Admin, &operator).await;
    let link = link.expect("a link");
    let password = SecretString::from("a long sentence for a benchmark 7".to_owned());
    let from = [127, 0, 0, 1].into();
    let token = link.token.reveal();
    let opened = accounts
        .use_setup_link(token, "bench", &password, from)
        .await;
    format!(
        "engaged_session={}",
        opened.expect("a session").token.reveal()
    )
}

fn timed(address: SocketAddr, cookie: &str, page: String) -> Asked {
    let mut took = Vec::new();
    let mut bytes = 0;
    for _ in 0..CALLS {
        let begun = Instant::now();
        let answer = got(address, cookie, &page);
        took.push(begun.elapsed().as_secs_f64() * 1e3);
        assert!(
            answer.starts_with("HTTP/1.1 200 "),
            "{page}: {}",
            answer.lines().next().unwrap_or_default()
        );
        bytes = answer.len();
    }
    took.sort_by(f64::total_cmp);
    let asked = Asked {
        page,
        median: took[CALLS / 2],
        longest: took[CALLS - 1],
        bytes,
    };
    eprintln!("    {}", asked.line());
    asked
}

pub fn got(address: SocketAddr, cookie: &str, page: &str) -> String {
    let mut line = TcpStream::connect(address).expect("it listens");
    let request = format!(
        "GET {page} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\nsec-fetch-site: same-origin\r\nconnection: close\r\n\r\n"
    );
    line.write_all(request.as_bytes()).expect("a request");
    let mut answer = Vec::new();
    line.read_to_end(&mut answer).expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

/// A contact from the middle of the list.
fn middle(store: &Store) -> i64 {
    let (_, (middle, _)) = store.read(crate::pages::middle).expect("a middle");
    middle.0
}
