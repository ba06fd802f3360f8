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
