//! Both platforms with a small world behind them, and the words of the port.

use std::sync::{Arc, Mutex, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use engaged_connectors::{
    Clock, Connector, Former, Look, Outcome, Removal, Who,
    ghost::{Ghost, GhostSettings},
    http::Network,
    mailchimp::{Mailchimp, Settings},
    model::{Address, Status},
};
use engaged_sandbox::{
    fault::{Fault, FaultPlan, Faults, Rule, When},
    ghost as ghost_sandbox, mailchimp as mailchimp_sandbox,
    people::{Publication, SharedWorld, World, WorldSpec, time},
};
use http::Method;

/// The clock of both sides.
pub(crate) struct Now(Mutex<DateTime<Utc>>);

impl Now {
    pub(crate) fn pass(&self, time: TimeDelta) {
        *self.0.lock().unwrap() += time;
    }
}

impl Clock for Now {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

pub(crate) fn world(people: u32) -> (SharedWorld, Arc<Now>) {
    let end = "2026-06-10T12:00:00Z".parse().unwrap();
    let world = World::generate(&WorldSpec::small(7, end, people));
    let now = Arc::new(Now(Mutex::new(time(world.end()))));
    (Arc::new(RwLock::new(world)), now)
}

/// A Mailchimp account of a hundred people, and a connector to it.
pub(crate) async fn mailchimp() -> (mailchimp_sandbox::Mailchimp, Mailchimp, Arc<Now>) {
    let (world, now) = world(100);
    let options = mailchimp_sandbox::Options::default();
    let sandbox = mailchimp_sandbox::Mailchimp::start(options, world, FaultPlan::none());
    let sandbox = sandbox.await.unwrap();
    let clock = now.clone();
    sandbox.follow(move || clock.now());
    let settings = Settings {
        base_url: Some(sandbox.base_url()),
        key: sandbox.key().to_owned().into(),
        lists: vec!["Newsletter".to_owned()],
        tag_prefix: "engaged:".into(),
        start_tags: vec!["win them back".into()],
        start_fields: vec!["CITY".into()],
    };
    let network = Arc::new(Network::new().unwrap());
    let connector = Mailchimp::new(&settings, now.clone(), network).unwrap();
    (sandbox, connector, now)
}

/// A Ghost site with two newsletters, of which these are followed, and a connector to it.
pub(crate) async fn ghost(followed: &[&str]) -> (ghost_sandbox::GhostServing, Ghost, Arc<Now>) {
    let (world, now) = world(60);
    let config = ghost_sandbox::GhostConfig {
        publication: Publication::Weekly,
        ..ghost_sandbox::GhostConfig::default()
    };
    let site = ghost_sandbox::Ghost::new(config, world);
    let clock = now.clone();
    site.follow(move || clock.now());
    let serving = site.serve(FaultPlan::none(), 0).await.unwrap();
    let settings = GhostSettings {
        base_url: serving.base_url(),
        key: serving.key().into(),
        newsletters: followed.iter().map(|&name| name.to_owned()).collect(),
        tag_prefix: "engaged:".into(),
        start_tags: vec!["win them back".into()],
    };
    let network = Arc::new(Network::new().unwrap());
    let connector = Ghost::new(&settings, now.clone(), network).unwrap();
    (serving, connector, now)
}

pub(crate) fn who(id: &str, email: &str) -> Who {
    Who {
        contact: id.to_owned(),
        email: Address::parse(email),
    }
}

/// What an export keeps of a contact before it is taken off.
pub(crate) fn former(look: &Look, removal: Removal) -> Former {
    Former {
        who: Who {
            contact: look.contact.id.clone(),
            email: look.contact.email.clone(),
        },
        removal,
        status: look.contact.status.unwrap(),
        lists: look.contact.lists.clone(),
        tags: look.contact.tags.clone().unwrap(),
    }
}

pub(crate) async fn look(connector: &dyn Connector, who: &Who) -> Option<Look> {
    connector
        .look(std::slice::from_ref(who))
        .await
        .unwrap()
        .remove(0)
}

pub(crate) async fn remove(connector: &dyn Connector, who: &Who, removal: Removal) -> Outcome {
    let outcomes = connector.remove(std::slice::from_ref(who), removal).await;
    outcomes.unwrap().remove(0)
}

pub(crate) async fn restore(connector: &dyn Connector, former: &Former) -> Outcome {
    let outcomes = connector.restore(std::slice::from_ref(former)).await;
    outcomes.unwrap().remove(0)
}

/// Loses the answer to the next request of this method.
pub(crate) fn lose_next(faults: &Faults, method: Method) {
    faults.add(Rule::new("", When::Nth(1), Fault::AnswerLost).on(method));
}

pub(crate) fn subscribed(look: &Look) -> bool {
    look.contact.status == Some(Status::Subscribed)
}
