//! Platforms on loopback with people in them, and the program configured to work with them.
//!
//! The program asks the machine's clock. A platform's clock stands at its world's end, which
//! is a day ago, so that a day of news can come.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    process::{Child, Stdio},
    sync::{Arc, RwLock},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{DateTime, SubsecRound as _, TimeDelta, Timelike as _, Utc};
use engaged::{
    clock::{Clock, SystemClock},
    config::{self, Environment},
    desk::{Desk, ask::Ask, task::Task},
    platform,
    schedule::jobs::Jobs,
    store::{Access, Store},
};
use engaged_connectors::http::{Network, Transport as _};
use engaged_sandbox::{
    copernica::{self, Copernica},
    fault::{FaultPlan, Faults},
    ghost::{Ghost, GhostConfig, GhostServing},
    hubspot::{self, HubSpot},
    ledger::{Entry, Ledger},
    mailchimp::{Contact, Mailchimp, Options, Status},
    people::{Publication, SharedWorld, World, WorldSpec},
};
use http::Method;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::program::Program;

/// With what our tags begin.
pub const PREFIX: &str = "engaged:";

/// The rules of most tests.
pub const RULES: &str = r#"
[scores.engagement]
rules = [
  { when = "open", points = 1, expires = "6 months" },
  { when = "click", points = 3, expires = "1 year" },
  { when = "unsubscribe", points = -25 },
  { when = "bounce", points = -30 },
  { when = "no open in 1 month", points = -10 },
]
bands = [
  { name = "ambassador", from = 25 },
  { name = "engaged", from = 8 },
  { name = "neutral", from = 0 },
  { name = "away" },
]
[segments]
hot = "engagement > 12"
cold = "no open in 1 month"
"#;

/// What is pushed to Ghost, and to Mailchimp.
pub const TAGS: &str =
    r#"push.tags = { prefix = "engaged:", segments = ["hot", "cold"], bands = ["engagement"] }"#;
const FIELDS: &str = r#"push.fields = { ENGSCORE = "engagement" }"#;
/// Fields at Copernica, which must not be those of Mailchimp, and at HubSpot, which has small letters only.
pub const COPERNICA_FIELD: &str = "EngScore";
pub const HUBSPOT_FIELD: &str = "engagement_score";
/// More than any world here lasts when it is one of Copernica's: each day is asked for.
const RETENTION: u32 = 40;

/// Which platforms there are, and how many people.
pub struct Scene {
    /// People in each publication.
    pub people: u32,
    /// Decides the people.
    pub seed: u64,
    /// How long ago the world ends.
    pub ended: TimeDelta,
    /// When it ends, instead, where the present does not matter.
    pub end: Option<DateTime<Utc>>,
    /// How many months it lasts.
    pub months: u32,
    /// What the Ghost site publishes, if there is one.
    pub ghost: Option<Publication>,
    /// Whether there is a Mailchimp account, with the weekly newsletter.
    pub mailchimp: bool,
    /// The role of the user whose key it is.
    pub role: &'static str,
    /// Whether there is a Copernica account with the weekly newsletter, and a HubSpot account with both.
    pub dutch: bool,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            people: 40,
            seed: 1,
            ended: TimeDelta::days(1),
            end: None,
            months: 6,
            ghost: None,
            mailchimp: false,
            role: "owner",
            dutch: false,
        }
    }
}

/// The platforms and the program.
pub struct Stage {
    pub program: Program,
    pub world: SharedWorld,
    zone: String,
    pub ghost: Option<GhostServing>,
    pub mailchimp: Option<Mailchimp>,
    pub copernica: Option<Copernica>,
    pub hubspot: Option<HubSpot>,
    runtime: Runtime,
}

/// A desk of which something is asked.
pub struct Asking<'a> {
    stage: &'a Stage,
    pub desk: Arc<Desk>,
}

impl Asking<'_> {
    /// Asks, and waits for the end.
    pub fn ask(&self, ask: Ask) -> Task {
        self.stage.runtime.block_on(async {
            let id = self.desk.ask(ask, "tom");
            self.desk.wait(id, Duration::from_mins(2)).await.unwrap()
        })
    }
}

/// A clock that stands still.
struct Standing(DateTime<Utc>);

impl Clock for Standing {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// The present.
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Opens a store. A process that another test is about to start holds what this one holds until it runs its program,
/// the lock of a store that was just closed among it: then it is asked for again.
pub fn open(database: &std::path::Path, clock: &dyn Clock) -> Store {
    for _ in 0..100_000 {
        match Store::open(database, Access::ReadWrite, clock) {
            Err(error) if error.exit_status() == 7 => std::thread::yield_now(),
            store => return store.unwrap(),
        }
    }
    panic!("somebody holds {}", database.display());
}

/// Writes a key into its file, for its owner alone.
pub fn secret(program: &Program, name: &str, text: &str) {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(program.path().join(name))
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Runs whole cycles of a program as they would have run at another time, in this process.
pub fn cycles_at(program: &Program, runtime: &Runtime, at: DateTime<Utc>, times: usize) {
    let jobs = jobs(program, Arc::new(Standing(at)));
    for _ in 0..times {
        let report = runtime.block_on(jobs.cycle(None)).unwrap();
        for sync in report.sync {
            assert!(sync.is_complete(), "{sync:?}");
        }
    }
}

/// A program's own jobs, in this process.
fn jobs(program: &Program, clock: Arc<dyn Clock>) -> Jobs {
    let path = program.path().join("engaged.toml");
    let config = config::load(&path, &Environment::new()).unwrap();
    let store = open(&config.database, clock.as_ref());
    let network = platform::network().unwrap();
    let watch = Arc::new(|_: engaged::schedule::jobs::Progress<'_>| ());
    Jobs::new(config, store, clock, &Environment::new(), &network, watch).unwrap()
}

impl Stage {
    /// Serves the scene and writes a live configuration for it.
    pub fn new(scene: &Scene) -> Self {
        let world = world(scene);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let ghost = scene.ghost.map(|publication| {
            let config = GhostConfig {
                publication,
                ..GhostConfig::default()
            };
            let ghost = Ghost::new(config, Arc::clone(&world));
            runtime.block_on(ghost.serve(FaultPlan::none(), 0)).unwrap()
        });
        let mailchimp = scene.mailchimp.then(|| {
            let options = Options {
                batch_steps: 1,
                role: scene.role,
                ..Options::default()
            };
            let starting = Mailchimp::start(options, Arc::clone(&world), FaultPlan::none());
            runtime.block_on(starting).unwrap()
        });
        let copernica = scene.dutch.then(|| {
            // The last of everything is there at once: it is known in the end what is to be found.
            let options = copernica::Options {
                late_events: false,
                ..copernica::Options::default()
            };
            let starting = Copernica::start(options, Arc::clone(&world), FaultPlan::none());
            runtime.block_on(starting).unwrap()
        });
        let hubspot = scene.dutch.then(|| {
            // The monthly readers are at HubSpot alone.
            let options = hubspot::Options {
                second_type: true,
                ..hubspot::Options::default()
            };
            let starting = HubSpot::start(options, Arc::clone(&world), FaultPlan::none());
            runtime.block_on(starting).unwrap()
        });
        let stage = Self {
            program: match scene.end {
                None => Program::with(""),
                Some(_) => Program::in_memory(""),
            },
            zone: scene
                .end
                .map_or_else(|| zone(ahead_to_noon()), |_| "Europe/Amsterdam".to_owned()),
            world,
            ghost,
            mailchimp,
            copernica,
            hubspot,
            runtime,
        };
        if let Some(ghost) = &stage.ghost {
            stage.secret("site.key", &ghost.key());
        }
        if let Some(mailchimp) = &stage.mailchimp {
            stage.secret("shop.key", mailchimp.key());
        }
        if let Some(copernica) = &stage.copernica {
            stage.secret("copernica.key", copernica.key());
        }
        if let Some(hubspot) = &stage.hubspot {
            stage.secret("hubspot.key", hubspot.key());
        }
        stage.configure(|config| config);
        stage
    }

    /// A Ghost site with a weekly newsletter.
    pub fn ghost(people: u32) -> Self {
        Self::new(&Scene {
            people,
            ghost: Some(Publication::Weekly),
            ..Scene::default()
        })
    }

    /// A Mailchimp account with a weekly newsletter.
    pub fn mailchimp(people: u32) -> Self {
        Self::new(&Scene {
            people,
            mailchimp: true,
            ..Scene::default()
        })
    }

    /// A Mailchimp account with the weekly newsletter, and a Ghost site with the monthly one.
    pub fn both(people: u32) -> Self {
        Self::new(&Scene {
            people,
            ghost: Some(Publication::Monthly),
            mailchimp: true,
            ..Scene::default()
        })
    }

    /// Writes the configuration anew, as edited.
    pub fn configure(&self, edit: impl FnOnce(String) -> String) {
        let mut text = format!("timezone = \"{}\"\ndatabase = \"engaged.db\"\n", self.zone);
        // A schedule that is never due while a test runs.
        let rest = format!("schedule = \"0 0 1 1 *\"\nmode = \"live\"\n{TAGS}\n");
        if let Some(mailchimp) = &self.mailchimp {
            text += &format!(
                "[connections.shop]\nplatform = \"mailchimp\"\nkey = {{ file = \"shop.key\" }}\nbase_url = \"{}\"\n{rest}{FIELDS}\n",
                mailchimp.base_url()
            );
        }
        if let Some(ghost) = &self.ghost {
            text += &format!(
                "[connections.site]\nplatform = \"ghost\"\nkey = {{ file = \"site.key\" }}\nbase_url = \"{}\"\n{rest}",
                ghost.base_url()
            );
        }
        if let Some(copernica) = &self.copernica {
            text += &format!(
                "[connections.copernica]\nplatform = \"copernica\"\nkey = {{ file = \"copernica.key\" }}\nbase_url = \"{}\"\n\
                 copernica = {{ database = \"{}\", auth_url = \"{}\", retention_days = {RETENTION} }}\n\
                 {rest}push.fields = {{ {COPERNICA_FIELD} = \"engagement\" }}\n",
                copernica.base_url(),
                copernica.databases()[0],
                copernica.auth_url(),
            );
        }
        if let Some(hubspot) = &self.hubspot {
            text += &format!(
                "[connections.hubspot]\nplatform = \"hubspot\"\nkey = {{ file = \"hubspot.key\" }}\nbase_url = \"{}\"\n\
                 {rest}push.fields = {{ {HUBSPOT_FIELD} = \"engagement\" }}\n",
                hubspot.base_url()
            );
        }
        self.program.file("engaged.toml", &edit(text + RULES));
    }

    /// Writes a key into its file.
    pub fn secret(&self, name: &str, text: &str) {
        secret(&self.program, name, text);
    }

    pub fn site(&self) -> &Ghost {
        self.ghost.as_ref().unwrap().ghost()
    }

    /// The site, and what plays its faults.
    #[allow(dead_code, reason = "the simulation alone asks")]
    pub fn site_serving(&self) -> &GhostServing {
        self.ghost.as_ref().unwrap()
    }

    pub fn site_ledger(&self) -> &Ledger {
        self.ghost.as_ref().unwrap().ledger()
    }

    pub fn site_faults(&self) -> &Faults {
        self.ghost.as_ref().unwrap().faults()
    }

    pub fn shop(&self) -> &Mailchimp {
        self.mailchimp.as_ref().unwrap()
    }

    /// Every write request that any platform ever got.
    pub fn writes(&self) -> Vec<Entry> {
        let site = self.ghost.iter().flat_map(|site| site.ledger().writes());
        let shop = self
            .mailchimp
            .iter()
            .flat_map(|shop| shop.ledger().writes());
        let copernica = self
            .copernica
            .iter()
            .flat_map(|each| each.ledger().writes());
        let hubspot = self.hubspot.iter().flat_map(|each| each.ledger().writes());
        site.chain(shop).chain(copernica).chain(hubspot).collect()
    }

    /// Lets a day pass in which everything happens.
    pub fn day_of_news(&self) {
        self.world.write().unwrap().day_of_news();
    }

    /// Runs a whole cycle as it would have run at another time, on the same configuration.
    pub fn cycle_at(&self, at: DateTime<Utc>) {
        self.cycles_at(at, 1);
    }

    /// The same, so many times, by one process.
    pub fn cycles_at(&self, at: DateTime<Utc>, times: usize) {
        cycles_at(&self.program, &self.runtime, at, times);
    }

    /// The daemon's desk in this process, without the daemon: what is asked of it, and its end.
    pub fn asking(&self) -> Asking<'_> {
        let jobs = jobs(&self.program, Arc::new(SystemClock));
        let network = platform::network().unwrap();
        Asking {
            stage: self,
            desk: Desk::new(jobs, Environment::new(), network),
        }
    }

    /// Somebody does something to the Mailchimp account with another tool.
    pub fn by_hand(&self, method: Method, path: &str, body: &str) {
        let shop = self.shop();
        let pair = STANDARD.encode(format!("x:{}", shop.key()));
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", shop.base_url()))
            .header("authorization", format!("Basic {pair}"))
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap();
        let network = Network::new().unwrap();
        let answer = self.runtime.block_on(network.send(request)).unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    /// Syncs, scores, and carries out the first push.
    pub fn settle(&self) -> Value {
        self.program.expect(5, &["once"]);
        self.program.expect(0, &["approve", "baseline"]);
        self.work("apply")
    }

    /// Runs `apply` or `once` to its end: whom Mailchimp lets nobody change stands in no plan, so nothing is refused.
    pub fn work(&self, verb: &str) -> Value {
        let report: Value =
            serde_json::from_str(&self.program.expect(0, &[verb, "--json"]).out).unwrap();
        let sum = |key: &str| -> u64 {
            let pushes = report["push"].as_array().unwrap().iter();
            pushes.map(|push| push[key].as_u64().unwrap()).sum()
        };
        assert_eq!(sum("applied"), sum("planned"), "{report}");
        report
    }

    /// Each contact with the score and the tags of ours that the product evaluates now.
    pub fn wanted(&self) -> BTreeMap<String, (i64, BTreeSet<String>)> {
        let listed = self.program.json(&["contacts"]);
        let rows = listed["contacts"].as_array().unwrap();
        let one = |row: &Value| {
            let score = &row["scores"][0];
            let band = score[2].as_str().unwrap();
            let segments = row["segments"].as_array().unwrap().iter();
            let names = segments.map(|name| name.as_str().unwrap()).chain([band]);
            let tags = names.map(|name| format!("{PREFIX}{name}")).collect();
            let contact = row["contact"].as_str().unwrap().to_owned();
            (contact, (score[1].as_i64().unwrap(), tags))
        };
        rows.iter().map(one).collect()
    }

    /// The addresses of those for whom a condition holds.
    pub fn who(&self, condition: &str) -> BTreeSet<String> {
        let listed = self.program.json(&["contacts", "--where", condition]);
        let rows = listed["contacts"].as_array().unwrap().iter();
        rows.map(|row| row["contact"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The labels of every member of the site: those of ours, each membership row once, and the others.
    pub fn labels(&self) -> BTreeMap<String, (Vec<String>, Vec<String>)> {
        let members = self.site().members().into_iter();
        let one = |member: engaged_sandbox::ghost::MemberView| {
            let (mut ours, mut others): (Vec<String>, Vec<String>) = member
                .labels
                .into_iter()
                .partition(|label| label.starts_with(PREFIX));
            ours.sort();
            others.sort();
            (member.email, (ours, others))
        };
        members.map(one).collect()
    }

    /// Every member of the site whose labels of ours are not what the product evaluates.
    pub fn site_differences(&self) -> Vec<String> {
        let (labels, wanted) = (self.labels(), self.wanted());
        assert!(labels.len() > 10, "{} members", labels.len());
        let differs = |(address, (ours, _)): (&String, &(Vec<String>, Vec<String>))| {
            let wanted: Vec<&String> = wanted[address].1.iter().collect();
            (ours.iter().collect::<Vec<_>>() != wanted)
                .then(|| format!("{address} has {ours:?} and should have {wanted:?}"))
        };
        labels.iter().filter_map(differs).collect()
    }

    /// Every member of the account whose tags or number of ours are not what the product evaluates.
    pub fn shop_differences(&self) -> Vec<String> {
        let (contacts, wanted) = (self.shop().contacts(), self.wanted());
        assert!(contacts.len() > 10, "{} members", contacts.len());
        let changeable = |contact: &&Contact| contact.status != Status::Cleaned;
        let differs = |contact: &Contact| {
            let found = (number(contact), ours(contact));
            let (score, tags) = wanted[&contact.address].clone();
            (found != (Some(score), tags.clone())).then(|| {
                let address = &contact.address;
                format!("{address} has {found:?} and should have {score} and {tags:?}")
            })
        };
        contacts
            .iter()
            .filter(changeable)
            .filter_map(differs)
            .collect()
    }

    /// Holds every label of ours on the site against what the product evaluates.
    pub fn site_shows_what_is_wanted(&self) {
        assert_eq!(self.site_differences(), Vec::<String>::new());
    }

    /// Holds every tag and number of ours in the account against what the product evaluates.
    pub fn shop_shows_what_is_wanted(&self) {
        assert_eq!(self.shop_differences(), Vec::<String>::new());
    }

    /// The store's events of the site, as `kind/id` with the platform's id.
    pub fn site_rows(&self) -> Vec<String> {
        self.rows(
            "select kind.name || '/' || event.platform_event_id from event
             join kind on kind.id = event.kind join connection on connection.id = event.connection_id
             where connection.name = 'site'",
        )
    }

    /// The store's events of the site; each must be there once.
    pub fn site_events(&self) -> BTreeSet<String> {
        let rows = self.site_rows();
        let set: BTreeSet<String> = rows.iter().cloned().collect();
        assert_eq!(set.len(), rows.len(), "no event is there twice");
        set
    }

    /// The events that the site has served so far, by the same names.
    pub fn site_served(&self) -> BTreeSet<String> {
        let mut named = BTreeSet::new();
        for row in self.site_ledger().served().into_keys() {
            let (kind, id) = row.split_once('/').unwrap();
            let kinds: &[&str] = match kind {
                "email_sent_event" => &["send"],
                "email_delivered_event" => &["send", "delivery"],
                "email_failed_event" => &["send", "hard_bounce"],
                "email_opened_event" => &["open"],
                "email_complaint_event" => &["complaint"],
                "click_event" => &["click"],
                "signup_event" => &["signup"],
                // Whether it is a subscribe or an unsubscribe does not stand in the ledger.
                "newsletter_event" => &["newsletter"],
                other => panic!("{other}"),
            };
            named.extend(kinds.iter().map(|kind| format!("{kind}/{id}")));
        }
        named
    }

    /// What the store has of the site's events and what the site has, by the same names.
    pub fn site_found_and_true(&self) -> (Vec<String>, Vec<String>) {
        let name = |event: String| match event.split_once("subscribe/") {
            Some((_, id)) => format!("newsletter/{id}"),
            None => event,
        };
        let found = self.site_rows().into_iter().map(name).collect();
        let served = self.site_served();
        // What was served is all that there is.
        let count = |kind: &str| {
            let of = format!("{kind}/");
            served.iter().filter(|event| event.starts_with(&of)).count()
        };
        for (kind, visible) in self.site().visible_events() {
            let count = match kind {
                // Becomes a delivery or a failure.
                "email_sent_event" => continue,
                "email_delivered_event" => count("delivery"),
                "email_failed_event" => count("hard_bounce"),
                "email_opened_event" => count("open"),
                "email_complaint_event" => count("complaint"),
                "click_event" => count("click"),
                "signup_event" => count("signup"),
                "newsletter_event" => count("newsletter"),
                other => panic!("{other}"),
            };
            assert_eq!(count, visible, "{kind}");
        }
        (found, served.into_iter().collect())
    }

    /// Holds the events of the store against those that the site has, one by one.
    pub fn site_events_are_the_truth(&self) {
        let (mut found, truth) = self.site_found_and_true();
        found.sort();
        let differ = found.iter().zip(&truth).find(|(a, b)| a != b);
        assert_eq!(differ, None);
        assert_eq!(found.len(), truth.len());
    }

    /// What the store has of the account's events and what the account has, by the same names, in order.
    pub fn shop_found_and_true(&self) -> (Vec<String>, Vec<String>) {
        let found = self.rows(
            "select kind.name || '|' || coalesce(campaign.platform_id, '') || '|' || contact.email || '|' || (event.at / 1000)
               || '|' || coalesce(url.url, '')
             from event join kind on kind.id = event.kind join connection on connection.id = event.connection_id
             join contact on contact.id = event.contact_id left join campaign on campaign.id = event.campaign_id
             left join url on url.id = event.link_id
             where connection.name = 'shop' order by 1",
        );
        let contacts = self.shop().contacts();
        let address: BTreeMap<&str, &str> = contacts
            .iter()
            .map(|contact| (contact.email_id.as_str(), contact.address.as_str()))
            .collect();
        let mut truth: Vec<String> = Vec::new();
        for event in self.shop().events() {
            let (campaign, who) = (&event.campaign, address[event.email_id.as_str()]);
            let (kind, detail) = match event.kind.to_string().as_str() {
                // A line of an order is a purchase; the sandbox's orders have one each.
                "order" => ("purchase".to_owned(), ""),
                kind => (kind.replace(' ', "_"), event.detail.as_str()),
            };
            truth.push(format!("{kind}|{campaign}|{who}|{}|{detail}", event.at));
        }
        truth.sort();
        (found, truth)
    }

    /// Holds the events of the store against those that the account has, one by one.
    pub fn shop_events_are_the_truth(&self) {
        let (found, truth) = self.shop_found_and_true();
        assert_eq!(found.len(), truth.len());
        let differ = found.iter().zip(&truth).find(|(a, b)| a != b);
        assert_eq!(differ, None);
    }

    /// The texts that a query of the database gives.
    pub fn rows(&self, query: &str) -> Vec<String> {
        let database = self.database();
        let mut select = database.prepare(query).unwrap();
        let rows = select.query_map((), |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// The number that a query of the database gives.
    pub fn number(&self, query: &str) -> i64 {
        let database = self.database();
        database.query_row(query, (), |row| row.get(0)).unwrap()
    }

    pub fn database(&self) -> rusqlite::Connection {
        let conn = rusqlite::Connection::open(self.program.path().join("engaged.db")).unwrap();
        conn.busy_timeout(Duration::from_secs(5)).unwrap();
        conn
    }

    /// The contents of the database's files.
    pub fn files(&self) -> Vec<Option<Vec<u8>>> {
        let file = |name| std::fs::read(self.program.path().join(name)).ok();
        ["engaged.db", "engaged.db-wal"].map(file).into()
    }

    /// One connection in `status --json`, which ends with this code.
    pub fn status_of(&self, code: i32, name: &str) -> Value {
        let status = self.status(code);
        let connections = status["connections"].as_array().unwrap();
        connections
            .iter()
            .find(|each| each["name"] == name)
            .unwrap()
            .clone()
    }

    pub fn status(&self, code: i32) -> Value {
        let run = self.program.expect(code, &["status", "--json"]);
        serde_json::from_str(&run.out).unwrap()
    }
}

/// The people of a scene, and what they did.
fn world(scene: &Scene) -> SharedWorld {
    let end = scene
        .end
        .unwrap_or_else(|| now() - scene.ended)
        .trunc_subsecs(0);
    let spec = WorldSpec {
        history_months: scene.months,
        ..WorldSpec::small(scene.seed, end, scene.people)
    };
    Arc::new(RwLock::new(World::generate(&spec)))
}

/// The tags of ours that a member of the account has.
pub fn ours(contact: &Contact) -> BTreeSet<String> {
    let tags = contact.tags.iter();
    tags.filter(|tag| tag.starts_with(PREFIX))
        .cloned()
        .collect()
}

/// The number of ours that a member of the account has. Mailchimp gives some numbers as texts.
pub fn number(contact: &Contact) -> Option<i64> {
    let value = contact.fields.get("ENGSCORE")?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// How far a zone is ahead in which it is about noon, so that no test runs over midnight.
pub fn ahead_to_noon() -> TimeDelta {
    TimeDelta::hours(12 - i64::from(now().hour()))
}

/// The zone that is so many hours ahead.
pub fn zone(ahead: TimeDelta) -> String {
    match ahead.num_hours() {
        0 => "Etc/GMT".to_owned(),
        ahead @ 1.. => format!("Etc/GMT-{ahead}"),
        behind => format!("Etc/GMT+{}", -behind),
    }
}

/// The program, under way, with all that it says in a file. It is killed when dropped.
pub struct Running {
    pub child: Child,
    log: PathBuf,
}

impl Running {
    pub fn start(program: &Program, words: &[&str]) -> Self {
        let log = program.path().join("running.log");
        let file = std::fs::File::create(&log).unwrap();
        let child = program
            .command(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .unwrap();
        Self::of(child, log)
    }

    /// A process that says what it says into this file.
    pub fn of(child: Child, log: PathBuf) -> Self {
        Self { child, log }
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Where its dashboard is, as it says.
    #[allow(dead_code, reason = "only who asks over a socket")]
    pub fn address(&self) -> SocketAddr {
        let said = self.said();
        let (_, url) = said.split_once(" at http://").unwrap();
        url.split('/').next().unwrap().parse().unwrap()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = std::process::Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Waits until the program has ended; its code, if it was not killed.
    pub fn ended(&mut self) -> Option<i32> {
        let mut status = None;
        until("the program ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks at something until it is so, and fails if it never is.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    // The daemon looks into its inbox once a minute.
    for _ in 0..18_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it never was so that {what}");
}
