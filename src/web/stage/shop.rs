//! A Mailchimp account on loopback, with people in it, that the dashboard's daemon works with.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, RwLock},
};

use chrono::TimeDelta;
use engaged_connectors::Clock as _;
use engaged_sandbox::{
    fault::FaultPlan,
    ledger::Entry,
    mailchimp::{Mailchimp, Options, Status},
    people::{World, WorldSpec},
};

use super::{Hands, Site, noon};

/// A policy under which whoever has been silent for a month goes.
pub(crate) const POLICY: &str = r#"
[cleaning.sunset]
when = "no open in 1 month and no click in 1 month"
min_sends = 2
tenure = "1 month"
then = "unsubscribe"
max_share = 1.0
breaker = 1.0
holdout = 0.0
"#;

const CONFIG: &str = r#"
timezone = "Europe/Amsterdam"
database = "engaged.db"
[web]
listen = "127.0.0.1:0"
[connections.shop]
platform = "mailchimp"
key = { env = "KEY" }
base_url = "URL"
schedule = "0 0 1 1 *"
mode = "live"
push.tags = { prefix = "engaged:", segments = ["hot", "cold"], bands = ["engagement"] }
push.fields = { ENGSCORE = "engagement" }
[scores.engagement]
rules = [
  { when = "open", points = 1, expires = "6 months" },
  { when = "click", points = 3, expires = "1 year" },
  { when = "no open in 1 month", points = -10 },
]
bands = [ { name = "ambassador", from = 25 }, { name = "engaged", from = 8 }, { name = "away" } ]
[segments]
hot = "engagement > 12"
cold = "no open in 1 month"
"#;

impl Site {
    /// A dashboard beside a Mailchimp account with so many people, synced and scored; `more` is added to its configuration.
    pub(crate) async fn shop(people: u32, more: &str) -> Self {
        Self::shop_edited(people, |config| config + more).await
    }

    /// The same, with its configuration as edited.
    pub(crate) async fn shop_edited(people: u32, edit: impl FnOnce(String) -> String) -> Self {
        let clock = noon();
        // A day ago, so that a day of news can come.
        let spec = WorldSpec::small(1, clock.now() - TimeDelta::days(1), people);
        let world = Arc::new(RwLock::new(World::generate(&spec)));
        let options = Options {
            batch_steps: 1,
            ..Options::default()
        };
        let platform = Mailchimp::start(options, world, FaultPlan::none());
        let platform = platform.await.unwrap();
        let now = Arc::<Hands>::clone(&clock);
        platform.follow(move || now.now());
        let config = edit(CONFIG.replace("URL", &platform.base_url()));
        let mut site = Self::with(&config, "", clock, platform.key()).await;
        let jobs = site.web.jobs();
        for report in jobs.sync(None, false).await.unwrap() {
            assert!(report.is_complete(), "{report:?}");
        }
        jobs.score(false).await.unwrap();
        site.platform = Some(platform);
        site
    }

    fn platform(&self) -> &Mailchimp {
        self.platform.as_ref().unwrap()
    }

    /// The key by which the platform is asked.
    pub(crate) fn platform_key(&self) -> String {
        self.platform().key().to_owned()
    }

    /// Every write request that the platform ever got.
    pub(crate) fn writes(&self) -> Vec<Entry> {
        self.platform().ledger().writes()
    }

    /// Each member's status and tags.
    pub(crate) fn members(&self) -> BTreeMap<String, (Status, BTreeSet<String>)> {
        let all = self.platform().contacts().into_iter();
        all.map(|each| (each.address, (each.status, each.tags.into_iter().collect())))
            .collect()
    }
}
