//! The size of the promise, by the shipped program: a database of so many contacts with some 50 events each is scored,
//! planned and looked at, its daemon is restarted on it and told to stop in the middle of everything.
//!
//! Sizes in memory are the largest of each process. How long a restart and a stop take is wall time, unlike everything
//! else here: whoever waits for them waits by the clock. A busy machine makes them longer.

use std::{fs, path::Path, sync::Arc};

use chrono::Utc;
use engaged::{
    account::Accounts,
    clock::SystemClock,
    store::{Access, Store},
};
use rusqlite::Connection;

use crate::{
    Asked, append,
    audience::{Audience, END_MS, MANY_LETTERS, Order},
    feed::Feed,
    pages::RULES,
    report::{Good, Report, number},
    running::{self, Daemon, Moment},
    served,
    stage::{Size, Stage},
};

/// A process may take so much memory.
const MEMORY_MB: f64 = 250.0;
/// A daemon may take so long until it is ready, and until it has stopped.
const READY_S: f64 = 5.0;
const STOPPED_S: f64 = 10.0;
/// Other work on the machine makes wall times longer.
const WALL_SLACK: f64 = 4.0;
/// So large is the log at least when a run that scores everybody is killed.
const LOG_MB: f64 = 6.0;
/// For each contact of the database there are so many less on the platform, which is read for some ten seconds.
const READ_SHARE: u32 = 50;

/// What the program is set up with; RULES and PORT are put in, and POINTS, of which another number makes everybody's
/// score another.
const CONFIGURATION: &str = r#"
[connections.letters]
platform = "mailchimp"
key = { file = "shop.key" }
base_url = "BASE"
schedule = "0 0 1 1 *"
mode = "live"
push.fields = { ENGSCORE = "engagement" }
push.tags = { prefix = "engaged:", bands = ["engagement"] }
[scores.lately]
rules = [
  { when = "no click in 1 month", points = POINTS, guards = false },
  { when = "open", points = 1, expires = "3 months" },
]
[backup]
folder = "backups"
[web]
listen = "127.0.0.1:PORT"
"#;

/// A database of the promised size, a platform, and the program set up for both.
pub struct Ground {
    stage: Stage,
    port: u16,
    cookie: String,
    middle: i64,
}

/// Measures everything, one after the other.
pub fn measure(asked: &Asked, report: &Report) {
    let ground = Ground::new(asked, report);
    verbs(&ground, report);
    pages(&ground, report);
    restarts(&ground, report);
    stops(&ground, report);
    ground.stage.end();
}

/// A database of so many contacts with some 50 events each, the last of them lately.
fn fill(file: &Path, contacts: u32) {
    let audience = Audience::new(contacts, 1, Order::OfTheList, MANY_LETTERS);
    let store = Store::open(file, Access::ReadWrite, &SystemClock).expect("a store");
    let days = (Utc::now().timestamp_millis() - END_MS) / 86_400_000;
    append::sync(&store, &Feed::whole(&audience).later(days), &SystemClock);
    drop(store);
    // The feed's cursors say nothing to the connector that ships.
    let sql = Connection::open(file).expect("the database");
    sql.execute("delete from cursor", ()).expect("no cursors");
}

impl Ground {
    #[expect(clippy::cast_precision_loss, reason = "counts")]
    fn new(asked: &Asked, report: &Report) -> Self {
        let contacts = asked.contacts;
        let people = (contacts / READ_SHARE).max(2_000);
        let stage = Stage::new(&asked.folder, Size { people, months: 12 });
        let file = stage.path("engaged.db");
        match &asked.filled {
            Some(filled) => {
                if !filled.exists() {
                    fill(filled, contacts);
                }
                fs::copy(filled, &file).expect("a copy");
            }
            None => fill(&file, contacts),
        }
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("it is bound").port();
        let store = Store::open(&file, Access::ReadWrite, &SystemClock).expect("a store");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let cookie = runtime.block_on(admitted(&store));
        let ((_, events), span) = store
            .read(|conn| Ok((conn.sizes()?, conn.contact_span()?)))
            .expect("what there is");
        let ground = Self {
            stage,
            port,
            cookie,
            middle: span.expect("contacts").1.0 / 2,
        };
        drop(store);
        ground.configure(1);
        ground.synced();
        report.note(format!(
            "{} contacts and {} events: a file of {} MB",
            number(f64::from(contacts)),
            number(events as f64),
            number(fs::metadata(&file).expect("it is there").len() as f64 / 1e6)
        ));
        ground
    }

    /// Writes the configuration. Another number of points makes the next scoring run one over everybody.
    fn configure(&self, points: u32) {
        let (rules, _) = RULES
            .split_once("[connections.letters]")
            .expect("it is there");
        let (_, groups) = RULES.split_once("[segments]").expect("they are there");
        let text = CONFIGURATION
            .replace("BASE", &self.stage.base)
            .replace("PORT", &self.port.to_string())
            .replace("POINTS", &points.to_string());
        let text = format!("database = \"engaged.db\"{rules}{text}[segments]{groups}");
        fs::write(self.stage.path("engaged.toml"), text).expect("the configuration is kept");
    }

    /// Changes rows of the database while nobody else has it.
    fn change(&self, statements: &str) {
        let sql = Connection::open(self.stage.path("engaged.db")).expect("the database");
        sql.execute_batch(statements).expect("a statement");
    }

    /// The platform was read just now: nothing is due there for long.
    fn synced(&self) {
        self.change(
            "insert into run (job, connection_id, started_at, ended_at, outcome, new_events, new_contacts)
             values ('sync', 1, unixepoch() * 1000, unixepoch() * 1000, 'ok', 0, 0)",
        );
    }

    /// The daily job is due, which scores; with new rules, everybody.
    fn scoring_is_due(&self, points: u32) {
        self.configure(points);
        self.change("delete from run where job = 'daily'");
    }

    fn start(&self) -> Daemon {
        Daemon::start(&self.stage, self.port)
    }
}

/// The cookie of an admin.
async fn admitted(store: &Store) -> String {
    let accounts = Accounts::new(store.clone(), Arc::new(SystemClock));
    served::admitted(&accounts).await
}

/// Scoring everybody for the first time and again, and a plan of all their writes.
fn verbs(ground: &Ground, report: &Report) {
    for (what, words) in [
        ("score, everybody for the first time", &["score"][..]),
        ("score, everybody again", &["score", "--full"]),
        ("plan", &["plan"]),
    ] {
        let (cost, said) = ground.stage.run(words);
        assert!(cost.status.success(), "{words:?} ends well: {said}");
        report.note(format!("{what}: {} CPU s", number(cost.cpu)));
        memory(report, what, cost.peak);
    }
}

/// The daemon scores everybody by new rules, makes a backup, and then serves each page.
fn pages(ground: &Ground, report: &Report) {
    ground.scoring_is_due(2);
    let mut daemon = ground.start();
    daemon.wait("everybody is scored", Moment::is_scored);
    daemon.wait("a backup is made and checked", Moment::is_backed_up);
    let asked = served::PAGES.map(|page| page.replace("{middle}", &ground.middle.to_string()));
    let slowest = asked
        .iter()
        .map(|page| (daemon.asked(&ground.cookie, page), page))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .expect("there are pages");
    report.note(format!(
        "{} pages of the daemon, once each: the slowest {} with {} ms",
        asked.len(),
        slowest.1,
        number(slowest.0)
    ));
    memory(
        report,
        "the daemon: scoring by new rules, a backup, every page",
        daemon.peak(),
    );
    daemon.stop();
}

fn memory(report: &Report, what: &str, peak: f64) {
    let what = format!("{what}: largest resident size");
    report.claim(what, (peak, "MB"), (Good::Low, MEMORY_MB), 1.0);
}

/// From the start of the process to `/readyz`: after a clean stop, and after a kill in the middle of a scoring run.
fn restarts(ground: &Ground, report: &Report) {
    let daemon = ground.start();
    let ready = |how: &str, daemon: &Daemon| {
        let what = format!("restart {how}: until ready");
        report.claim(
            what,
            (daemon.ready_s, "s"),
            (Good::Low, READY_S),
            WALL_SLACK,
        );
    };
    ready("after a clean stop", &daemon);
    daemon.stop();
    ground.scoring_is_due(3);
    let mut daemon = ground.start();
    daemon.wait("it scores", Moment::scores);
    daemon.wait_for_log(LOG_MB);
    assert!(daemon.now().scores(), "the run has ended before the kill");
    let log = daemon.kill();
    let daemon = ground.start();
    report.note(format!(
        "killed while it scored, the log is {} MB",
        number(log)
    ));
    ready("after a kill while it scored", &daemon);
    daemon.stop();
}

/// From SIGTERM to the end of the process: idle, and in the middle of everything that takes long.
fn stops(ground: &Ground, report: &Report) {
    let stopped = |when: &str, daemon: Daemon| {
        let (seconds, peak) = daemon.stop();
        let what = format!("SIGTERM {when}: until it has ended");
        report.claim(what, (seconds, "s"), (Good::Low, STOPPED_S), WALL_SLACK);
        memory(report, &format!("the daemon, stopped {when}"), peak);
    };
    let mut daemon = ground.start();
    daemon.wait("it is idle", Moment::idle);
    stopped("while idle", daemon);

    ground.scoring_is_due(4);
    let mut daemon = ground.start();
    daemon.wait("it scores", Moment::scores);
    running::go_on();
    assert!(daemon.now().scores(), "the run has ended before the signal");
    stopped("while it scores", daemon);

    ground.change("delete from run where job = 'sync'; delete from care where name = 'backup'");
    let mut daemon = ground.start();
    daemon.wait("it reads the platform", Moment::reads);
    running::go_on();
    assert!(daemon.now().reads(), "the sync has ended before the signal");
    stopped("while it reads a platform", daemon);

    ground.synced();
    let mut daemon = ground.start();
    daemon.wait("it makes a backup", Moment::copies);
    running::go_on();
    assert!(
        daemon.now().copies(),
        "the backup has ended before the signal"
    );
    stopped("while it makes a backup", daemon);

    // Everybody's fields and tags are planned and queued in one transaction.
    let (cost, said) = ground.stage.run(&["approve", "baseline"]);
    assert!(cost.status.success(), "it is approved: {said}");
    ground.scoring_is_due(4);
    let mut daemon = ground.start();
    daemon.wait("it pushes", Moment::pushes);
    running::go_on();
    assert!(
        daemon.now().pushes(),
        "the push has ended before the signal"
    );
    stopped("while it queues a first push", daemon);
}
