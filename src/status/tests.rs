//! When a connection counts as healthy.

use super::*;
use crate::{
    config::{self, Environment},
    store::Access,
};

struct At(&'static str);

impl Clock for At {
    fn now(&self) -> DateTime<Utc> {
        self.0.parse().unwrap()
    }
}

const CONFIG: &str = r#"
timezone = "Europe/Amsterdam"
database = "engaged.db"
[connections.news]
platform = "mailchimp"
key = { env = "KEY" }
schedule = "*/15 * * * *"
[scores.engagement]
rules = [{ when = "click", points = 10 }]
"#;

#[test]
fn a_sync_under_way_is_no_trouble_and_one_that_no_longer_comes_is_stale() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engaged.toml");
    std::fs::write(&path, CONFIG).unwrap();
    let config = config::load(&path, &Environment::new()).unwrap();
    let begun = At("2026-06-15T10:00:20Z");
    let store = Store::open(&config.database, Access::ReadWrite, &begun).unwrap();
    let begin = |at: At| {
        let now = at.now().timestamp_millis();
        store
            .write(move |tx| {
                let id = tx.connection("news", "mailchimp", now)?.id;
                tx.begin_run("sync", Some(id), now)
            })
            .unwrap()
    };
    let seen = |at: &'static str| {
        let all = status(&store, &config, &At(at)).unwrap();
        (all.connections[0].state, all.is_healthy())
    };
    let run = begin(begun);
    assert_eq!(seen("2026-06-15T10:05:00Z"), ("trouble", false));
    store
        .write(move |tx| tx.end_run(run, "ok", None, 1))
        .unwrap();
    assert_eq!(seen("2026-06-15T10:29:59Z"), ("ok", true));
    assert_eq!(seen("2026-06-15T10:30:00Z"), ("stale", false));
    begin(At("2026-06-15T10:15:00Z"));
    assert_eq!(seen("2026-06-15T10:20:00Z"), ("ok", true));
    assert_eq!(seen("2026-06-15T10:30:00Z"), ("stale", false));
}
