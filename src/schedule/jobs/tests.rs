//! What jobs say about work that they left undone.

use chrono::{DateTime, Utc};

use super::*;
use crate::{config, store::Access};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_781_000_000, 0).unwrap()
    }
}

#[tokio::test]
async fn a_connection_that_is_blocked_is_not_passed_over_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engaged.toml");
    let text = r#"
timezone = "Europe/Amsterdam"
database = "engaged.db"
[connections.news]
platform = "mailchimp"
key = { env = "KEY" }
mode = "live"
push.fields = { ENGSCORE = "engagement" }
[scores.engagement]
rules = [{ when = "click", points = 10 }]
"#;
    std::fs::write(&path, text).unwrap();
    let environment = Environment::from([("KEY".to_owned(), "0-us1".to_owned())]);
    let config = config::load(&path, &environment).unwrap();
    let store = Store::open(&config.database, Access::ReadWrite, &Noon).unwrap();
    let transport = platform::network().unwrap();
    let clock = Arc::new(Noon);
    let jobs = Jobs::new(
        config,
        store,
        clock,
        &environment,
        &transport,
        Arc::new(|_| ()),
    );
    let jobs = jobs.unwrap();
    assert!(jobs.apply(None).await.unwrap().is_empty());
    jobs.store
        .write(|tx| {
            tx.connection("news", "mailchimp", 1)?;
            tx.block("news", "E0601 GET lists: HTTP 401", 1)
        })
        .unwrap();
    let reports = jobs.apply(None).await.unwrap();
    assert_eq!(
        reports[0].refused.as_deref(),
        Some("E0601 GET lists: HTTP 401")
    );
}

/// A clock that tests set.
struct Hand(std::sync::Mutex<DateTime<Utc>>);

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

#[tokio::test]
async fn a_clock_that_runs_far_ahead_deletes_nothing_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engaged.toml");
    let text = "timezone = \"UTC\"\ndatabase = \"engaged.db\"\n[retention]\nevents = \"6 months\"\n\
                [scores.engagement]\nrules = [{ when = \"open\", points = 1, expires = \"1 month\" }]\n";
    std::fs::write(&path, text).unwrap();
    let environment = Environment::new();
    let config = config::load(&path, &environment).unwrap();
    let clock = Arc::new(Hand(std::sync::Mutex::new(Noon.now())));
    let store = Store::open(&config.database, Access::ReadWrite, clock.as_ref()).unwrap();
    let transport = platform::network().unwrap();
    let time: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
    let watch: Watch = Arc::new(|_| ());
    let jobs = Jobs::new(config, store, time, &environment, &transport, watch).unwrap();
    let visit = |days: i64| {
        let who = engaged_connectors::model::ContactRef {
            id: Some("7".into()),
            email: None,
        };
        let kind = engaged_connectors::model::EventKind::PageVisit;
        engaged_connectors::model::Event::new(who, kind, Noon.now() - chrono::TimeDelta::days(days))
    };
    let events: Vec<_> = [170, 100, 10].map(visit).into();
    jobs.store
        .write(move |tx| {
            let connection = tx.connection("news", "mailchimp", 1)?.id;
            tx.append(connection, 1, &events, &mut tx.begin_report()?)
        })
        .unwrap();
    let left = || jobs.store.read(Conn::sizes).unwrap().1;
    let waits = || {
        let now = clock.now().timestamp_millis();
        let care = jobs
            .store
            .read(|conn| crate::care::look(conn, &jobs.config, now));
        care.unwrap().deletion_waits.is_some()
    };
    // Nothing is old yet: it begins without a word, and goes on day by day.
    jobs.retain_daily().await.unwrap();
    assert_eq!((left(), waits()), (3, false));
    let set = |days: i64| *clock.0.lock().unwrap() = Noon.now() + chrono::TimeDelta::days(days);
    set(400);
    jobs.retain_daily().await.unwrap();
    assert_eq!((left(), waits()), (3, true));
    // What is as old as that is taken in as before, too.
    let taken = jobs.store.write(move |tx| {
        let connection = tx.connection("news", "mailchimp", 1)?.id;
        let now = Noon.now().timestamp_millis() + 400 * 86_400_000;
        tx.append(connection, now, &[visit(5)], &mut tx.begin_report()?)
    });
    assert_eq!(taken.unwrap().outdated, 0);
    set(25);
    jobs.retain_daily().await.unwrap();
    assert_eq!((left(), waits()), (3, false), "the oldest one went");
    set(400);
    jobs.retain_daily().await.unwrap();
    assert_eq!((left(), waits()), (3, true));
    let now = clock.now().timestamp_millis();
    jobs.store.write(move |tx| tx.keep_since(now)).unwrap();
    jobs.retain_daily().await.unwrap();
    assert_eq!((left(), waits()), (0, false));
}
