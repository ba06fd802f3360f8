//! The desk: who runs which job, now.
//!
//! The daemon's own turns, and what a page or the API asks for, run one at a
//! time, in the order of asking. What is asked becomes a task of its own: it
//! waits for its turn and runs to its end, whether or not the asker still
//! listens. Whoever only looks waits for nobody. The desk also keeps the
//! configuration that is in force, and is where a new one is put in its place.

pub mod ask;
mod carry;
pub mod kept;
pub mod reload;
pub mod supervisor;
pub mod task;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use engaged_connectors::http::Transport;
use futures_util::FutureExt as _;
use tokio::{
    runtime::Handle,
    sync::{Mutex as Turn, OwnedMutexGuard, watch},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    config::Environment,
    diagnostic::{Diagnostic, Exit, Expected},
    health::Pulse,
    preview::contact::ContactChange,
    publish::{self, Checked, Editor, Looked, PublishError},
    schedule::jobs::Jobs,
    score::calendar::{Day, Millis},
    store::StoreError,
};

use self::{
    ask::{Ask, Outcome},
    kept::{Kept, KeptPlan},
    reload::ReloadTrouble,
    supervisor::Supervisor,
    task::{Task, TaskId, TaskState, Tasks, WAITING_MAX},
};

/// Who may work now, and what was asked.
pub struct Desk {
    /// The jobs of the configuration that is in force.
    current: Mutex<Arc<Jobs>>,
    environment: Environment,
    transport: Arc<dyn Transport>,
    /// Whoever holds it works. It is handed on in the order of asking.
    turn: Arc<Turn<()>>,
    /// The turn of those who only look, so that they do not crowd the store.
    look: Arc<Turn<()>>,
    tasks: Mutex<Tasks>,
    plans: Mutex<Kept>,
    trouble: Mutex<Option<ReloadTrouble>>,
    /// Whether the daemon's loop is alive.
    pub pulse: Pulse,
    /// Whoever started us and watches over us.
    pub supervisor: Supervisor,
    /// Counts what happened to tasks.
    news: watch::Sender<u64>,
    stopping: AtomicBool,
    /// Ends whatever is being done as asked.
    cut: CancellationToken,
}

/// Work may go on while this is held.
pub struct Held {
    _turn: OwnedMutexGuard<()>,
}

impl Desk {
    /// A desk for these jobs. `environment` and `transport` are what they were made with; a reload makes the next
    /// ones with them.
    pub fn new(jobs: Jobs, environment: Environment, transport: Arc<dyn Transport>) -> Arc<Self> {
        Arc::new(Self {
            pulse: Pulse::new(jobs.clock.as_ref()),
            supervisor: Supervisor::of(&environment),
            current: Mutex::new(Arc::new(jobs)),
            environment,
            transport,
            turn: Arc::default(),
            look: Arc::default(),
            tasks: Mutex::default(),
            plans: Mutex::default(),
            trouble: Mutex::default(),
            news: watch::Sender::new(0),
            stopping: AtomicBool::new(false),
            cut: CancellationToken::new(),
        })
    }

    /// The network that everything goes through.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }

    /// The jobs of the configuration that is in force. Whoever keeps them works on with an old one after a reload:
    /// ask again for each piece of work.
    pub fn jobs(&self) -> Arc<Jobs> {
        Arc::clone(&lock(&self.current))
    }

    /// Waits for a turn; nobody else works until it is dropped.
    pub async fn turn(&self) -> Held {
        Held {
            _turn: Arc::clone(&self.turn).lock_owned().await,
        }
    }

    /// Asks for something. The task waits for its turn and runs to its end even if the asker goes away. What cannot
    /// be taken in, because too much waits or the daemon stops, is a task that failed.
    pub fn ask(self: &Arc<Self>, ask: Ask, who: &str) -> TaskId {
        let (id, open) = {
            let now = self.now();
            let mut tasks = lock(&self.tasks);
            let open = tasks.open();
            (tasks.add(ask.clone(), who, now), open)
        };
        if open >= WAITING_MAX {
            self.end(id, TaskState::Failed(busy()));
            return id;
        }
        let lane = if ask.needs_no_turn() {
            &self.look
        } else {
            &self.turn
        };
        // The place in the row is taken here, not when the runtime comes to it.
        let mut turn = Box::pin(Arc::clone(lane).lock_owned());
        let at_once = turn.as_mut().now_or_never();
        let (desk, who) = (Arc::clone(self), who.to_owned());
        tokio::spawn(async move {
            let noted = desk.note(&ask, &who).await;
            let _turn = match at_once {
                Some(turn) => turn,
                None => turn.await,
            };
            let state = match noted {
                _ if desk.is_stopping() => TaskState::Failed(stopping()),
                Err(error) => TaskState::Failed(error.into()),
                Ok(()) => desk.run(id, ask, who).await,
            };
            desk.end(id, state);
        });
        id
    }

    /// Does what was asked. A panic in it is a task that failed.
    async fn run(self: &Arc<Self>, id: TaskId, ask: Ask, who: String) -> TaskState {
        let now = self.now();
        lock(&self.tasks).start(id, now);
        self.tell();
        let desk = Arc::clone(self);
        let verb = ask.verb();
        // On a thread of its own: planning reads everybody, and the runtime's few threads have pages to serve.
        let runtime = Handle::current();
        let work = async move {
            let carried = desk.carry_out(ask, &who);
            let ended = desk.cut.run_until_cancelled(carried).await;
            ended.unwrap_or_else(|| Err(cut_off()))
        };
        let work = tokio::task::spawn_blocking(move || runtime.block_on(work));
        let ended: Result<Outcome, Expected> = match work.await {
            Ok(ended) => ended,
            Err(error) => Err(StoreError::ended(&error).into()),
        };
        match ended {
            Ok(outcome) => {
                info!(task = id.0, verb, "done as asked");
                TaskState::Done(Box::new(outcome))
            }
            Err(expected) => {
                let code = expected.diagnostics.first().map(|first| first.code);
                warn!(task = id.0, verb, code, "not done as asked");
                TaskState::Failed(expected)
            }
        }
    }

    /// Who asked for what stands in the audit trail before it is done.
    async fn note(&self, ask: &Ask, who: &str) -> Result<(), StoreError> {
        let (verb, about, who, now) = (ask.verb(), ask.about(), who.to_owned(), self.now());
        let line = format!("ask {verb}");
        let store = self.jobs().store.clone();
        store
            .write_async(move |tx| tx.audit(&who, &line, &about, now))
            .await
    }

    /// A task as it is now; `None` if it was forgotten or never was.
    pub fn task(&self, id: TaskId) -> Option<Task> {
        lock(&self.tasks).get(id)
    }

    /// The last tasks, the newest first.
    pub fn tasks(&self) -> Vec<Task> {
        lock(&self.tasks).all()
    }

    /// Waits until a task is over, for so long at most: the task as it then is.
    pub async fn wait(&self, id: TaskId, up_to: Duration) -> Option<Task> {
        let mut news = self.news.subscribe();
        let over = async {
            // The sender lives as long as we do.
            while !self.task(id)?.is_over() && news.changed().await.is_ok() {}
            self.task(id)
        };
        match tokio::time::timeout(up_to, over).await {
            Ok(task) => task,
            Err(_) => self.task(id),
        }
    }

    /// A plan that was asked for lately.
    pub fn plan(&self, fingerprint: &str) -> Option<Arc<KeptPlan>> {
        lock(&self.plans).get(fingerprint)
    }

    /// The plans that were asked for lately, the newest first.
    pub fn plans(&self) -> Vec<Arc<KeptPlan>> {
        lock(&self.plans).all()
    }

    /// Edits the files of the configuration that is in force. It blocks: call it where that may be.
    pub fn editor(&self) -> Editor {
        let jobs = self.jobs();
        let (store, clock) = (jobs.store.clone(), Arc::clone(&jobs.clock));
        Editor::new(
            Arc::clone(&jobs.config),
            self.environment.clone(),
            store,
            clock,
        )
    }

    /// What a text in the place of a configuration's file would change. One at a time: each reads everybody.
    pub async fn preview(
        &self,
        file: &str,
        text: &str,
        as_of: Option<Day>,
    ) -> Result<Looked, Expected> {
        let work = self.previewing(file, text, move |editor, checked| {
            editor.preview(checked, as_of, None)
        });
        let (report, looked_at) = work.await?;
        Ok(Looked { report, looked_at })
    }

    /// As [`Desk::preview`], with the first so many contacts for whom anything differs.
    pub async fn preview_listing(
        &self,
        file: &str,
        text: &str,
        most: usize,
    ) -> Result<(Looked, Vec<ContactChange>), Expected> {
        let work = self.previewing(file, text, move |editor, checked| {
            let mut listed = Vec::new();
            let mut list = |change: &ContactChange| {
                if listed.len() < most {
                    listed.push(change.clone());
                }
            };
            let report = editor.preview(checked, None, Some(&mut list))?;
            Ok((report, listed))
        });
        let ((report, listed), looked_at) = work.await?;
        Ok((Looked { report, looked_at }, listed))
    }

    /// Compares a text with what is in force. The turn is held to its end, also when whoever asked is gone.
    async fn previewing<T: Send + 'static>(
        &self,
        file: &str,
        text: &str,
        job: impl FnOnce(&Editor, &Checked) -> Result<T, PublishError> + Send + 'static,
    ) -> Result<(T, String), Expected> {
        let look = Arc::clone(&self.look).lock_owned().await;
        let (editor, file, text) = (self.editor(), file.to_owned(), text.to_owned());
        let work = move || {
            let _look = look;
            let checked = editor.check(&file, &text)?;
            Ok::<_, PublishError>((job(&editor, &checked)?, checked.looked_at))
        };
        let looked = tokio::task::spawn_blocking(work).await;
        Ok(looked.map_err(|error| StoreError::ended(&error))??)
    }

    /// Finds out, before anything runs, what became of publications that the last process did not live to see the end of.
    pub async fn settle_publications(&self) -> Result<(), StoreError> {
        let (jobs, now) = (self.jobs(), self.now());
        let work = move || publish::settle_open(&jobs.store, &jobs.config.file, now);
        let settled = tokio::task::spawn_blocking(work).await;
        settled.map_err(|error| StoreError::ended(&error))?
    }

    /// Why the last reload was refused; `None` if it was not. What was in force before still is.
    pub fn reload_trouble(&self) -> Option<ReloadTrouble> {
        lock(&self.trouble).clone()
    }

    /// Takes nothing more in, and waits for whatever runs, for so long at most; then walks through contacts are ended,
    /// which is waited for as long as `broken_off` says, and the rest is cut off. What waits ends as failed. What is cut
    /// off was not committed, or is in doubt.
    pub async fn close(&self, within: Duration, broken_off: Duration) {
        self.stopping.store(true, Ordering::SeqCst);
        let ended = tokio::time::timeout(within, self.turn()).await;
        self.jobs().store.stop_walks();
        if ended.is_err() {
            let _ = tokio::time::timeout(broken_off, self.turn()).await;
        }
        self.cut.cancel();
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    fn end(&self, id: TaskId, state: TaskState) {
        let now = self.now();
        lock(&self.tasks).end(id, state, now);
        self.tell();
    }

    fn tell(&self) {
        self.news.send_modify(|count| *count += 1);
    }

    fn now(&self) -> Millis {
        self.jobs().clock.now().timestamp_millis()
    }
}

/// What is behind these locks is replaced or added to whole, and stays so when somebody panics beside it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn busy() -> Expected {
    let diagnostic = Diagnostic::error("E0140", format!("{WAITING_MAX} tasks wait already"));
    Expected::new(
        Exit::Unavailable,
        diagnostic.help("wait until some of them are done, then ask again"),
    )
}

fn cut_off() -> Expected {
    let diagnostic = Diagnostic::error("E0144", "the daemon stopped while this was being done");
    Expected::new(
        Exit::Unavailable,
        diagnostic.help("look how far it came, when it runs again: what was committed stands"),
    )
}

fn stopping() -> Expected {
    let diagnostic = Diagnostic::error("E0141", "the daemon is stopping, and did not begin it");
    Expected::new(
        Exit::Unavailable,
        diagnostic.help("ask again when it runs again"),
    )
}

#[cfg(test)]
mod tests;
