use engaged_connectors::Clock;

use super::*;
use crate::store::{Access, Conn};

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        chrono::DateTime::from_timestamp_millis(1_000).unwrap()
    }
}

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("a.db"), Access::ReadWrite, &Stopped).unwrap();
    (folder, store)
}

fn delivery(name: &str) -> NewDelivery {
    NewDelivery {
        name: name.into(),
        method: "POST".into(),
        url: "https://hooks.example/hooks/site/…".into(),
        headers: Vec::new(),
        body: name.as_bytes().to_vec(),
        received_at: 5_000,
    }
}

fn site() -> Whose {
    ("site".into(), "ghost")
}

/// Holds the writer until what it gives is dropped.
fn held(store: &Store) -> std::sync::mpsc::Sender<()> {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let (begin, begun) = std::sync::mpsc::channel();
    let store = store.clone();
    std::thread::spawn(move || {
        store.write(move |_| {
            begin.send(()).unwrap();
            let _ = held.recv();
            Ok(())
        })
    });
    begun.recv().unwrap();
    hold
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_together_is_one_transaction_and_each_sender_hears_of_its_own() {
    let (_folder, store) = store();
    let (mut batch, mut answers) = (Vec::new(), Vec::new());
    for number in 0..100 {
        let (reply, answer) = oneshot::channel();
        batch.push(Waiting {
            connection: if number % 3 == 0 {
                ("blog".into(), "ghost")
            } else {
                site()
            },
            // Each comes twice.
            delivery: delivery(&format!("d-{}", number % 50)),
            reply,
        });
        answers.push(answer);
    }
    keep_all(&store, &mut batch).await;
    assert!(batch.is_empty());
    let mut seen = std::collections::BTreeSet::new();
    for (number, answer) in answers.into_iter().enumerate() {
        let new = seen.insert((number % 3 == 0, number % 50));
        let expected = if new { Arrived::New } else { Arrived::Again };
        assert_eq!(answer.await, Ok(expected), "{number}");
    }
    let hooks = store.read(Conn::hooks).unwrap();
    let accepted: i64 = hooks.iter().map(|hook| hook.accepted).sum();
    let repeated: i64 = hooks.iter().map(|hook| hook.repeated).sum();
    assert_eq!(accepted, i64::try_from(seen.len()).unwrap());
    assert_eq!(accepted + repeated, 100);
    assert!(hooks.iter().all(|hook| hook.heard_at == Some(5_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_commit_nobody_is_answered() {
    let (_folder, closed) = closed();
    let (reply, answer) = oneshot::channel();
    let mut batch = vec![Waiting {
        connection: site(),
        delivery: delivery("d"),
        reply,
    }];
    keep_all(&closed, &mut batch).await;
    assert!(answer.await.is_err());
}

/// A store that takes nothing: it was opened to be read.
fn closed() -> (tempfile::TempDir, Store) {
    let (folder, written) = store();
    drop(written);
    let store = Store::open(&folder.path().join("a.db"), Access::ReadOnly, &Stopped).unwrap();
    (folder, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_when_too_many_wait_is_told_to_come_back() {
    let (_folder, store) = store();
    let intake = Arc::new(Intake::start(store.clone()));
    let hold = held(&store);
    let mut waiting = Vec::new();
    let mut full = false;
    for number in 0..(WAITING_MAX + TOGETHER_MAX + 2) {
        let name = format!("d-{number}");
        let mut kept = Box::pin({
            let intake = Arc::clone(&intake);
            async move { intake.keep(site(), delivery(&name)).await }
        });
        match futures_util::poll!(&mut kept) {
            std::task::Poll::Ready(answer) => {
                assert_eq!(answer, Err(NotKept::Full));
                full = true;
                break;
            }
            std::task::Poll::Pending => waiting.push(kept),
        }
    }
    assert!(full);
    drop(hold);
    for one in waiting {
        assert_eq!(one.await, Ok(Arrived::New));
    }
}

// The moment between commit and answer: whoever was not told sends again, and it is stored once.
#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_whose_sender_went_away_before_the_answer_is_kept_once() {
    let (_folder, store) = store();
    let intake = Arc::new(Intake::start(store.clone()));
    let hold = held(&store);
    {
        let mut lost = Box::pin(intake.keep(site(), delivery("d")));
        assert!(futures_util::poll!(&mut lost).is_pending());
    }
    drop(hold);
    assert_eq!(intake.keep(site(), delivery("d")).await, Ok(Arrived::Again));
    let waiting = store.read(|conn| conn.waiting_deliveries(10)).unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].delivery, delivery("d"));
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_counted_and_nothing_of_it_is_kept() {
    let (_folder, store) = store();
    let intake = Intake::start(store.clone());
    // The first count is taken at once.
    tokio::task::yield_now().await;
    for at in 0..1_000 {
        intake.refuse(site(), at, "the signature does not belong to what was sent");
        intake.refuse((String::new(), ""), at, "who sent it did not know the path");
    }
    let refused = || store.read(Conn::hooks).unwrap();
    while refused().len() < 2 {
        tokio::time::sleep(COUNTS_EVERY).await;
    }
    let hooks = refused();
    assert!(
        hooks
            .iter()
            .all(|hook| hook.refused == 1_000 && hook.heard_at.is_none())
    );
    assert!(
        store
            .read(|conn| conn.waiting_deliveries(10))
            .unwrap()
            .is_empty()
    );
}
