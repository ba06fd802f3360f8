//! Turns, tasks, reloads, and what publishing sets going.

use std::{
    fs,
    sync::{
        atomic::{AtomicI64, Ordering},
        mpsc,
    },
};

use chrono::{DateTime, Utc};
use engaged_connectors::Clock;
use tempfile::TempDir;

use super::*;
use crate::{
    automation::EntryState,
    config, import, platform,
    publish::{Order, Typed, fingerprint},
    schedule::jobs::{Progress, Watch},
    store::{Access, Conn, Entries, PublicationState, Store, Which},
};

const CONFIG: &str = r#"timezone = "Etc/UTC"
database = "engaged.db"
[scores.engagement]
rules = [{ when = "click", points = 10 }]
[[automations]]
name = "Calls"
when = "engagement >= 15"
settle = "0 minutes"
start = { handover = "Sales" }
"#;

const PEOPLE: &str = r#"{"email":"jan@x.example","subscribed_at":"2026-01-10T10:00:00Z"}
{"email":"jan@x.example","kind":"click","at":"2026-02-01T10:00:00Z","campaign":"a","link":"https://x.example/"}
"#;

/// No test waits so long; one that does has failed.
const LONG: Duration = Duration::from_mins(1);

/// Each look at it is a moment later: what came first can be told.
#[derive(Default)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> DateTime<Utc> {
        let tick = self.0.fetch_add(1, Ordering::SeqCst);
        DateTime::from_timestamp_millis(1_781_000_000_000 + tick).unwrap()
    }
}

struct Bench {
    folder: TempDir,
    desk: Arc<Desk>,
}

impl Bench {
    fn new() -> Self {
        Self::of(tempfile::tempdir().unwrap(), CONFIG)
    }

    /// With a connection, whose key is in a file.
    fn with_key(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("news.key");
        fs::write(&key, "0123456789abcdef0123456789abcdef-us1").unwrap();
        fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let connection = "platform = \"mailchimp\"\nkey = { file = \"news.key\" }";
        let text = format!("{CONFIG}[connections.news]\n{connection}\n{more}");
        Self::of(folder, &text)
    }

    fn of(folder: TempDir, text: &str) -> Self {
        Self::watched(folder, text, Arc::new(|_| ()))
    }

    fn watched(folder: TempDir, text: &str, watch: Watch) -> Self {
        let path = folder.path().join("engaged.toml");
        fs::write(&path, text).unwrap();
        let config = config::load(&path, &Environment::new()).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(Ticking::default());
        let store = Store::open(&config.database, Access::ReadWrite, clock.as_ref()).unwrap();
        let (none, network) = (Environment::new(), platform::network().unwrap());
        let jobs = Jobs::new(config, store, clock, &none, &network, watch).unwrap();
        Self {
            folder,
            desk: Desk::new(jobs, none, network),
        }
    }

    /// Takes in rows.
    fn import(&self, rows: &str) {
        let file = self.folder.path().join("people.jsonl");
        fs::write(&file, rows).unwrap();
        let jobs = self.desk.jobs();
        let options = import::Options {
            connection: "import".to_owned(),
            kinds: Vec::new(),
        };
        import::import(
            &jobs.store,
            &[file],
            &options,
            jobs.clock.as_ref(),
            &mut |_| (),
        )
        .unwrap();
    }

    fn write(&self, text: &str) {
        fs::write(self.folder.path().join("engaged.toml"), text).unwrap();
    }

    /// Asks, and waits for the end.
    async fn done(&self, ask: Ask) -> Task {
        let id = self.desk.ask(ask, "tom");
        self.desk.wait(id, LONG).await.unwrap()
    }

    /// Lets everything go on that can: who looks waits for nobody, and what was asked before has come further by then.
    async fn pass(&self) {
        assert!(self.done(Ask::Plan).await.is_over());
    }

    /// Waits until nothing is under way.
    async fn settled(&self) {
        for task in self.desk.tasks() {
            let task = self.desk.wait(task.id, LONG).await.unwrap();
            assert!(task.is_over(), "{task:?}");
        }
    }

    fn text(&self) -> String {
        fs::read_to_string(self.folder.path().join("engaged.toml")).unwrap()
    }

    /// Saves other points for a click as a draft of this text, and an order to publish it.
    fn order(&self, file: &str, points: &str) -> Order {
        let typed = Typed {
            file: "engaged.toml".to_owned(),
            text: file.replace("points = 10", points),
            base: fingerprint(file),
            seen: None,
        };
        let editor = self.desk.editor();
        let draft = editor.save(typed, "marit").unwrap();
        Order {
            looked_at: editor.check(&draft.file, &draft.text).unwrap().looked_at,
            file: draft.file,
            reason: "clicks count for more".to_owned(),
        }
    }

    fn audit(&self) -> Vec<String> {
        let path = self.folder.path().join("engaged.db");
        let database = rusqlite::Connection::open(path).unwrap();
        let mut select = database
            .prepare("select who || ' ' || what || ' ' || detail from audit order by id")
            .unwrap();
        let rows = select.query_map((), |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }
}

const SCORE: Ask = Ask::Score { full: true };

fn state(desk: &Desk, id: TaskId) -> &'static str {
    desk.task(id).unwrap().state.as_str()
}

fn codes(task: &Task) -> Vec<&'static str> {
    match &task.state {
        TaskState::Failed(expected) => expected.diagnostics.iter().map(|each| each.code).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_asked_at_once_is_done_one_after_another_and_not_during_the_daemons_turn() {
    let bench = Bench::new();
    let turn = bench.desk.turn().await;
    let ids: Vec<TaskId> = (0..5).map(|_| bench.desk.ask(SCORE, "tom")).collect();
    bench.pass().await;
    for id in &ids {
        assert_eq!(state(&bench.desk, *id), "waiting");
    }
    drop(turn);
    let mut last = 0;
    for id in ids {
        let task = bench.desk.wait(id, LONG).await.unwrap();
        let (started, ended) = (task.started_at.unwrap(), task.ended_at.unwrap());
        assert!(last < started && started < ended, "{task:?}");
        assert!(matches!(task.state, TaskState::Done(_)), "{task:?}");
        last = ended;
    }
    let asked = bench.audit();
    assert_eq!(
        asked
            .iter()
            .filter(|line| *line == "tom ask score everybody")
            .count(),
        5
    );
}

#[tokio::test]
async fn a_task_goes_on_when_its_asker_goes_away() {
    let bench = Bench::new();
    let turn = bench.desk.turn().await;
    let desk = Arc::clone(&bench.desk);
    let asker = tokio::spawn(async move {
        let id = desk.ask(SCORE, "tom");
        desk.wait(id, LONG).await
    });
    bench.pass().await;
    asker.abort();
    assert!(asker.await.unwrap_err().is_cancelled());
    let tasks = bench.desk.tasks();
    let id = tasks.iter().find(|task| task.ask == SCORE).unwrap().id;
    assert_eq!(
        bench
            .desk
            .wait(id, Duration::ZERO)
            .await
            .unwrap()
            .state
            .as_str(),
        "waiting"
    );
    drop(turn);
    assert_eq!(
        bench.desk.wait(id, LONG).await.unwrap().state.as_str(),
        "done"
    );
}

#[tokio::test]
async fn too_many_tasks_and_tasks_of_a_stopping_daemon_fail_and_are_not_begun() {
    let bench = Bench::new();
    let turn = bench.desk.turn().await;
    let ids: Vec<TaskId> = (0..WAITING_MAX)
        .map(|_| bench.desk.ask(SCORE, "tom"))
        .collect();
    let more = bench.desk.ask(SCORE, "tom");
    assert_eq!(codes(&bench.desk.task(more).unwrap()), ["E0140"]);
    let closing = tokio::spawn({
        let desk = Arc::clone(&bench.desk);
        async move { desk.close(LONG, LONG).await }
    });
    bench.pass().await;
    assert!(!closing.is_finished(), "whatever runs is waited for");
    drop(turn);
    closing.await.unwrap();
    for id in ids {
        let task = bench.desk.wait(id, LONG).await.unwrap();
        assert_eq!((codes(&task), task.started_at), (vec!["E0141"], None));
    }
    let runs = bench
        .desk
        .jobs()
        .store
        .read(|conn| conn.last_run("score", None));
    assert!(runs.unwrap().is_none());
}

#[tokio::test]
async fn what_runs_too_long_for_a_stop_is_cut_off_and_says_so() {
    let platform = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = platform.local_addr().unwrap();
    let bench = Bench::with_key(&format!("base_url = \"http://{address}\"\n"));
    let sync = Ask::Sync {
        connection: None,
        full: false,
    };
    let id = bench.desk.ask(sync, "tom");
    // It is asked, and never answers.
    let (_asked, _) = platform.accept().await.unwrap();
    bench.desk.close(Duration::ZERO, Duration::ZERO).await;
    let task = bench.desk.wait(id, LONG).await.unwrap();
    assert_eq!(codes(&task), ["E0144"]);
}

#[tokio::test]
async fn a_run_over_a_large_list_is_broken_off_at_a_stop_and_the_next_one_scores_everybody() {
    let (began, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let (go_on, goes_on) = mpsc::channel();
    let goes_on = Mutex::new(goes_on);
    let watch = Arc::new(move |progress: Progress<'_>| {
        if matches!(progress, Progress::Scored(1, 2)) {
            began.send(()).unwrap();
            goes_on.lock().unwrap().recv().unwrap();
        }
    });
    let bench = Bench::watched(tempfile::tempdir().unwrap(), CONFIG, watch);
    bench.import(&PEOPLE.replace("jan@", "piet@"));
    bench.import(PEOPLE);
    let id = bench.desk.ask(SCORE, "tom");
    begins.recv().await.unwrap();
    let closing = tokio::spawn({
        let desk = Arc::clone(&bench.desk);
        async move { desk.close(Duration::ZERO, LONG).await }
    });
    let store = bench.desk.jobs().store.clone();
    let walk = || store.read(|conn| conn.for_each_facts(Which::All, None, |_, _| Ok(())));
    for _ in 0..100_000 {
        if walk().is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    go_on.send(()).unwrap();
    closing.await.unwrap();
    let task = bench.desk.wait(id, LONG).await.unwrap();
    assert_eq!(codes(&task), ["E0315"]);
    assert!(store.read(Conn::has_dirty).unwrap());

    drop((bench.desk, store));
    let again = Bench::of(bench.folder, CONFIG);
    let task = again.done(Ask::Score { full: false }).await;
    let TaskState::Done(outcome) = task.state else {
        panic!("{task:?}")
    };
    let Outcome::Scored { score } = *outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((score.scored, score.changed), (2, 2));
}

#[tokio::test]
async fn a_reload_is_whole_or_not_at_all() {
    let bench = Bench::new();
    let before = bench.desk.jobs();
    for (broken, code) in [
        (CONFIG.replace("\"click\"", "\"clik\""), "E0201"),
        (CONFIG.replace("engaged.db", "other.db"), "E0142"),
        (
            format!(
                "{CONFIG}[connections.a]\nplatform = \"mailchimp\"\nkey = {{ env = \"NONE\" }}"
            ),
            "E0112",
        ),
    ] {
        bench.write(&broken);
        let task = bench.done(Ask::Reload).await;
        assert_eq!(codes(&task), [code]);
        assert!(Arc::ptr_eq(&before, &bench.desk.jobs()), "{code}");
        let trouble = bench.desk.reload_trouble().unwrap();
        assert_eq!(
            (trouble.who.as_str(), trouble.errors[0].code),
            ("tom", code)
        );
    }
    bench.write(&(CONFIG.replace("points = 10", "points = 20") + "[guards]\nmax_starts = 3\n"));
    // Never within somebody's turn: what is under way would be put in doubt.
    let turn = bench.desk.turn().await;
    let id = bench.desk.ask(Ask::Reload, "tom");
    bench.pass().await;
    assert!(Arc::ptr_eq(&before, &bench.desk.jobs()));
    drop(turn);
    let task = bench.desk.wait(id, LONG).await.unwrap();
    let TaskState::Done(outcome) = &task.state else {
        panic!("{task:?}");
    };
    let Outcome::Reloaded { reload } = outcome.as_ref() else {
        panic!("{outcome:?}");
    };
    assert_eq!(reload.line(), "changed: guards, scores.engagement");
    assert_eq!(bench.desk.jobs().config.guards.max_starts, 3);
    assert!(bench.desk.reload_trouble().is_none());
    // Other rules: everybody is scored by them.
    bench.settled().await;
    let asked: Vec<&str> = bench
        .desk
        .tasks()
        .iter()
        .map(|task| task.ask.verb())
        .collect();
    assert_eq!(asked[0], "score");
    let text = serde_json::to_string(&task).unwrap();
    assert!(
        text.contains(r#""state":"done","result":{"outcome":"reloaded""#),
        "{text}"
    );
}

#[tokio::test]
async fn rules_that_are_published_count_at_once_and_start_nothing_for_the_past() {
    let bench = Bench::new();
    let jobs = bench.desk.jobs();
    bench.import(PEOPLE);
    bench.done(SCORE).await;
    let entries = || jobs.store.read(|conn| conn.entries(&Entries::ALL)).unwrap();
    assert!(entries().is_empty());

    let text = CONFIG.replace("points = 10", "points = 20");
    let looked = bench
        .desk
        .preview("engaged.toml", &text, None)
        .await
        .unwrap();
    let counted = serde_json::to_value(&looked.report).unwrap();
    assert_eq!(counted["contacts"], 1, "{counted}");
    let order = bench.order(CONFIG, "points = 20");
    assert_eq!(order.looked_at, looked.looked_at);
    let task = bench.done(Ask::Publish(order)).await;
    assert!(matches!(&task.state, TaskState::Done(_)), "{task:?}");
    bench.settled().await;
    let after = bench.desk.jobs();
    assert_ne!(after.config.rules_hash, jobs.config.rules_hash);
    let entered = entries();
    assert_eq!(entered.len(), 1);
    assert_eq!(entered[0].state, EntryState::Silent, "{entered:?}");

    let task = bench
        .done(Ask::RollBack {
            publication: 1,
            reason: "it was too much".to_owned(),
        })
        .await;
    assert!(matches!(&task.state, TaskState::Done(_)), "{task:?}");
    assert_eq!(bench.desk.jobs().config.rules_hash, jobs.config.rules_hash);
}

#[tokio::test]
async fn what_is_published_and_cannot_come_into_force_says_so() {
    let bench = Bench::with_key("");
    fs::remove_file(bench.folder.path().join("news.key")).unwrap();
    let before = bench.desk.jobs();
    let order = bench.order(&bench.text(), "points = 20");
    let task = bench.done(Ask::Publish(order.clone())).await;
    assert_eq!(codes(&task), ["E0143", "E0112"]);
    assert!(Arc::ptr_eq(&before, &bench.desk.jobs()));
    assert!(bench.text().contains("points = 20"));
    let (publication, ..) = bench.desk.editor().publication(1).unwrap();
    assert_eq!(publication.state, PublicationState::Done);
    // It is done once.
    assert_eq!(codes(&bench.done(Ask::Publish(order)).await), ["E0133"]);
}

#[test]
fn a_hundred_tasks_are_remembered_and_none_that_is_not_over_is_forgotten() {
    let mut tasks = Tasks::default();
    let first = tasks.add(SCORE, "tom", 0);
    for _ in 0..300 {
        let id = tasks.add(Ask::Plan, "tom", 0);
        tasks.end(id, TaskState::Failed(busy()), 0);
    }
    assert_eq!(tasks.all().len(), task::REMEMBERED);
    assert_eq!(tasks.get(first).unwrap().state.as_str(), "waiting");
    assert_eq!(tasks.open(), 1);
}

#[test]
fn a_task_says_what_it_is_about_without_naming_anybody() {
    let keep = Ask::CleanKeep {
        policy: None,
        contacts: engaged_connectors::model::Address::parse("jan@x.example")
            .into_iter()
            .collect(),
    };
    assert_eq!(keep.about(), "all: 1 contacts");
    assert_eq!(
        serde_json::to_string(&keep).unwrap(),
        r#"{"ask":"clean_keep","policy":null}"#
    );
    assert!(!format!("{keep:?}").contains("jan"));
}
