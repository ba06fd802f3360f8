use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use engaged_connectors::Clock;

use super::*;
use crate::{
    care::{self, disk::Space},
    config::{self, Environment},
    platform,
    push::stop::stopped,
    score::facts::ConnectionId,
    store::{Access, Store},
};

const CONFIG: &str = r#"
timezone = "Europe/Amsterdam"
[backup]
folder = "copies"
keep = 2
[scores.engagement]
rules = [ { when = "click", points = 10 } ]
bands = [ { name = "hot", from = 10 }, { name = "cool" } ]
"#;
const DAY: Millis = 86_400_000;

struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

struct Bench {
    folder: tempfile::TempDir,
    clock: Arc<Hand>,
    jobs: Jobs,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engaged.toml");
    std::fs::write(&path, CONFIG).unwrap();
    let config = config::load(&path, &Environment::new()).unwrap();
    // Noon, in summer.
    let clock = Arc::new(Hand(AtomicI64::new(1_781_690_400_000)));
    let store = Store::open(&config.database, Access::ReadWrite, clock.as_ref()).unwrap();
    let network = platform::network().unwrap();
    let shared: Arc<dyn Clock> = clock.clone();
    let jobs = Jobs::new(
        config,
        store,
        shared,
        &Environment::new(),
        &network,
        Arc::new(|_| ()),
    );
    Bench {
        folder,
        clock,
        jobs: jobs.unwrap(),
    }
}

impl Bench {
    fn pass(&self, time: Millis) {
        self.clock.0.fetch_add(time, Ordering::SeqCst);
    }

    fn copies(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("copies")).map_or(0, Iterator::count)
    }

    /// `never`, `in order`, or what was found.
    fn found(&self, name: &str) -> String {
        let all = self.jobs.store.read(Conn::care).unwrap();
        let mut all = all.into_iter();
        let check = all.find(|each| each.name == name);
        check.map_or("never".to_owned(), |check| {
            check.trouble.unwrap_or("in order".to_owned())
        })
    }

    fn is_stale(&self) -> bool {
        let now = self.clock.now().timestamp_millis();
        let config = &self.jobs.config;
        let look = |conn: &Conn| care::stale_since(conn, config, now);
        self.jobs.store.read(look).unwrap().is_some()
    }

    fn is_stopped(&self) -> bool {
        let look = |conn: &Conn| stopped(conn, ConnectionId(1));
        self.jobs.store.read(look).unwrap().is_some()
    }
}

#[tokio::test]
async fn a_backup_is_made_each_day_and_so_many_are_kept() {
    let bench = bench();
    look_after(&bench.jobs, 0).await.unwrap();
    assert_eq!(bench.copies(), 1);
    assert_eq!(
        bench.found(BACKUP_SCORES),
        "in order",
        "the first is verified"
    );
    bench.pass(3_600_000);
    look_after(&bench.jobs, 0).await.unwrap();
    assert_eq!(bench.copies(), 1, "one a day");
    for _ in 0..3 {
        bench.pass(DAY);
        look_after(&bench.jobs, 0).await.unwrap();
    }
    assert_eq!(bench.copies(), 2);
    assert!(!bench.is_stale());
}

#[tokio::test]
async fn backups_that_fail_are_told_after_two_days_and_tried_again_within_the_hour() {
    let bench = bench();
    let blocked = bench.folder.path().join("copies");
    std::fs::write(&blocked, "in the way").unwrap();
    look_after(&bench.jobs, 0).await.unwrap();
    assert!(bench.found(BACKUP).contains("copies"));
    assert!(!bench.is_stale() && !bench.is_stopped());
    bench.pass(2 * DAY);
    look_after(&bench.jobs, 0).await.unwrap();
    assert!(bench.is_stale());
    std::fs::remove_file(blocked).unwrap();
    bench.pass(3_599_999);
    look_after(&bench.jobs, 0).await.unwrap();
    assert!(bench.is_stale());
    bench.pass(1);
    look_after(&bench.jobs, 0).await.unwrap();
    assert_eq!(
        (bench.copies(), bench.found(BACKUP), bench.is_stale()),
        (1, "in order".to_owned(), false)
    );
}

#[tokio::test]
async fn each_week_everything_is_checked_and_what_is_found_holds_writing_until_it_is_gone() {
    let bench = bench();
    look_after(&bench.jobs, SETTLED_MS - 1).await.unwrap();
    assert_eq!(
        bench.found(SCORES),
        "never",
        "a start has other things to do"
    );
    look_after(&bench.jobs, SETTLED_MS).await.unwrap();
    assert_eq!(
        [bench.found(WHOLE), bench.found(SCORES)],
        ["in order", "in order"]
    );
    let other = rusqlite::Connection::open(&bench.jobs.config.database).unwrap();
    other
        .execute("insert into tally values ('contact', 0, 0, 7)", ())
        .unwrap();
    bench.pass(WEEK_MS - 1);
    look_after(&bench.jobs, 0).await.unwrap();
    assert!(!bench.is_stopped());
    bench.pass(1);
    look_after(&bench.jobs, 0).await.unwrap();
    let found = bench.found(SCORES);
    assert!(found.contains("1 are not what the events give"), "{found}");
    assert!(bench.is_stopped());
    other
        .execute("delete from tally where sort = 'contact'", ())
        .unwrap();
    bench.pass(WEEK_MS);
    look_after(&bench.jobs, 0).await.unwrap();
    assert!(!bench.is_stopped());
}

#[tokio::test]
async fn a_daemon_that_did_not_stop_is_noticed_by_the_next_one() {
    let bench = bench();
    assert!(!begin(&bench.jobs).await.unwrap());
    assert!(begin(&bench.jobs).await.unwrap());
    after_crash(&bench.jobs).await.unwrap();
    assert_eq!(bench.found(QUICK), "in order");
    end(&bench.jobs.store, 0).await.unwrap();
    assert!(!begin(&bench.jobs).await.unwrap());
}

#[tokio::test]
async fn without_room_nothing_is_read_in_and_with_room_it_goes_on_by_itself() {
    let mut bench = bench();
    let free = Arc::new(AtomicI64::new(1));
    let seen = Arc::clone(&free);
    bench.jobs.room = Arc::new(move || {
        let free = u64::try_from(seen.load(Ordering::SeqCst)).unwrap();
        Some(Space { free, total: 1_000 })
    });
    assert!(bench.jobs.no_room().unwrap().starts_with("E0304"));
    free.store(50, Ordering::SeqCst);
    assert_eq!(bench.jobs.no_room(), None);
}
