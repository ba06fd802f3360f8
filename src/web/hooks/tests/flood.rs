//! Many deliveries at once, over loopback, while the same events are polled: nothing lost, nothing twice, no forger heard.
//!
//! `ENGAGED_FLOOD` says how many, 20,000 unless told otherwise.

use std::{collections::BTreeSet, sync::Mutex};

use chrono::{DateTime, Utc};
use engaged_connectors::{Cursor, Page};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::*;
use crate::{
    hooks::fake::{Hands, OPENS, open},
    score::calendar::Zone,
    store::Store,
};

/// Senders at once.
const SENDERS: usize = 32;
/// Events that are polled at the same time, a page each.
const PAGE: usize = 100;

struct Sent {
    number: usize,
    forged: bool,
}

/// The same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        // Knuth's multiplier.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// The deliveries: of ten, three repeat earlier ones and one is forged, in no order.
fn deliveries(count: usize, random: &mut Random) -> Vec<Sent> {
    let genuine = count * 6 / 10;
    let mut all: Vec<Sent> = (0..genuine)
        .map(|number| Sent {
            number,
            forged: false,
        })
        .collect();
    all.extend((0..count * 3 / 10).map(|_| Sent {
        number: random.below(genuine),
        forged: false,
    }));
    // Of events that never were.
    all.extend((0..count / 10).map(|number| Sent {
        number: count + number,
        forged: true,
    }));
    for last in (1..all.len()).rev() {
        all.swap(last, random.below(last + 1));
    }
    all
}

async fn send(line: &mut TcpStream, number: usize, secret: &str, at: DateTime<Utc>) -> u16 {
    let body = body(number, at);
    let request = format!(
        "POST {} HTTP/1.1\r\nhost: a\r\nwebhook-signature: {}\r\ncontent-length: {}\r\n\r\n{body}",
        site(PATH),
        sign(secret, body.as_bytes()),
        body.len()
    );
    line.write_all(request.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    while !heard.ends_with(b"\r\n\r\n") {
        let mut some = [0; 1_024];
        let count = line.read(&mut some).await.unwrap();
        assert!(count > 0, "hung up on");
        heard.extend(&some[..count]);
    }
    String::from_utf8_lossy(&heard)[9..12].parse().unwrap()
}

type Queue = Arc<Mutex<Vec<Sent>>>;

/// Sends from the queue until it is empty; how many were taken, and how many refused.
async fn sender(to: SocketAddr, queue: Queue, clock: Arc<Hands>, at: DateTime<Utc>) -> [usize; 2] {
    let mut line = TcpStream::connect(to).await.unwrap();
    let mut answers = [0; 2];
    loop {
        let Some(sent) = queue.lock().unwrap().pop() else {
            return answers;
        };
        let secret = if sent.forged { "another" } else { SECRET };
        let mut status = send(&mut line, sent.number, secret, at).await;
        // Too much for now: it comes again.
        while matches!(status, 429 | 503) {
            clock.pass(10);
            tokio::task::yield_now().await;
            status = send(&mut line, sent.number, secret, at).await;
        }
        assert_eq!(status, if sent.forged { 401 } else { 200 });
        answers[usize::from(sent.forged)] += 1;
    }
}

/// A poll that brings the first so many events, page after page.
async fn poll(store: Store, events: usize, at: DateTime<Utc>) {
    for from in (0..events).step_by(PAGE) {
        let mut page = Page::empty(Cursor::from_stored(from.to_string()), false);
        page.events = (from..events.min(from + PAGE))
            .map(|number| open(number, at))
            .collect();
        let zone = Zone::new(chrono_tz::UTC);
        let commit = store.write_async(move |tx| {
            let id = tx.connection("site", "ghost", 1)?.id;
            tx.commit_page(id, OPENS, &page, &zone, at.timestamp_millis())
        });
        commit.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_a_flood_nothing_is_lost_or_counted_twice_and_no_forger_is_heard() {
    let count = std::env::var("ENGAGED_FLOOD").map_or(20_000, |count| count.parse().unwrap());
    let bench = Bench::new();
    let at = bench.clock.now();
    let listening = Listening::start(&bench.desk).await.unwrap().unwrap();
    let all = deliveries(count, &mut Random(1));
    let genuine = all.iter().filter(|sent| !sent.forged);
    let genuine: BTreeSet<usize> = genuine.map(|sent| sent.number).collect();
    let forged = all.iter().filter(|sent| sent.forged).count();
    let queue = Arc::new(Mutex::new(all));
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| {
            let (queue, clock) = (Arc::clone(&queue), Arc::clone(&bench.clock));
            tokio::spawn(sender(listening.address(), queue, clock, at))
        })
        .collect();
    // Meanwhile a poll brings the same events, and the daemon reads what came.
    let polling = tokio::spawn(poll(bench.store(), genuine.len(), at));
    let jobs = bench.desk.jobs();
    while senders.iter().any(|sender| !sender.is_finished()) {
        jobs.read_inbox().await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answers = [0, 0];
    for sender in senders {
        let [good, bad] = sender.await.unwrap();
        answers = [answers[0] + good, answers[1] + bad];
    }
    polling.await.unwrap();
    jobs.read_inbox().await.unwrap();

    assert_eq!(answers, [count - forged, forged]);
    let size = |number: i64| usize::try_from(number).unwrap();
    let store = bench.store();
    let (_, stored) = store.read(Conn::sizes).unwrap();
    assert_eq!(size(stored), genuine.len());
    let hook = store.read(Conn::hooks).unwrap().remove(0);
    assert_eq!(size(hook.accepted), genuine.len());
    assert_eq!(size(hook.accepted + hook.repeated), count - forged);
    let open = store.read(|conn| Ok((conn.waiting_deliveries(1)?, conn.odd_deliveries(1)?)));
    assert_eq!(open.unwrap(), (Vec::new(), Vec::new()));
    listening.stop().await;
}
