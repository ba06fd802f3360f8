//! Tasks: what was asked, by whom, and how far it has come.

use std::collections::VecDeque;

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    diagnostic::{Diagnostic, Expected},
    score::calendar::Millis,
};

use super::ask::{Ask, Outcome};

/// So many tasks are remembered.
pub const REMEMBERED: usize = 100;

/// So many may wait at once; who asks for more is told to come back.
pub const WAITING_MAX: usize = 20;

/// A task's number, from 1 since the process began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TaskId(pub u64);

/// One thing that somebody asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// What was asked.
    #[serde(flatten)]
    pub ask: Ask,
    /// By whom.
    pub who: String,
    /// When.
    pub asked_at: Millis,
    /// When its turn came.
    pub started_at: Option<Millis>,
    /// When it was over.
    pub ended_at: Option<Millis>,
    /// How far it has come.
    #[serde(flatten)]
    pub state: TaskState,
}

impl Task {
    /// Whether it is over, one way or the other.
    pub fn is_over(&self) -> bool {
        matches!(self.state, TaskState::Done(_) | TaskState::Failed(_))
    }
}

/// How far a task has come.
#[derive(Clone, Debug)]
pub enum TaskState {
    /// Others are before it.
    Waiting,
    /// It is being done.
    Running,
    /// It was done.
    Done(Box<Outcome>),
    /// It was not done, or not to its end.
    Failed(Expected),
}

impl TaskState {
    /// The word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done(_) => "done",
            Self::Failed(_) => "failed",
        }
    }
}

impl Serialize for TaskState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("state", self.as_str())?;
        match self {
            Self::Waiting | Self::Running => {}
            Self::Done(outcome) => map.serialize_entry("result", outcome)?,
            Self::Failed(expected) => {
                let errors = expected.diagnostics.iter().map(Diagnostic::to_json);
                map.serialize_entry("errors", &errors.collect::<Vec<_>>())?;
            }
        }
        map.end()
    }
}

/// The last tasks, the oldest first. What is not over is never forgotten.
#[derive(Default)]
pub(super) struct Tasks {
    last: u64,
    ring: VecDeque<Task>,
}

impl Tasks {
    /// Takes a task in.
    pub(super) fn add(&mut self, ask: Ask, who: &str, now: Millis) -> TaskId {
        self.last += 1;
        if self.ring.len() >= REMEMBERED
            && let Some(oldest) = self.ring.iter().position(Task::is_over)
        {
            self.ring.remove(oldest);
        }
        let id = TaskId(self.last);
        self.ring.push_back(Task {
            id,
            ask,
            who: who.to_owned(),
            asked_at: now,
            started_at: None,
            ended_at: None,
            state: TaskState::Waiting,
        });
        id
    }

    /// How many are not over.
    pub(super) fn open(&self) -> usize {
        self.ring.iter().filter(|task| !task.is_over()).count()
    }

    /// A task's turn has come.
    pub(super) fn start(&mut self, id: TaskId, now: Millis) {
        if let Some(task) = self.find(id) {
            (task.state, task.started_at) = (TaskState::Running, Some(now));
        }
    }

    /// A task is over.
    pub(super) fn end(&mut self, id: TaskId, state: TaskState, now: Millis) {
        if let Some(task) = self.find(id) {
            (task.state, task.ended_at) = (state, Some(now));
        }
    }

    fn find(&mut self, id: TaskId) -> Option<&mut Task> {
        self.ring.iter_mut().find(|task| task.id == id)
    }

    /// A task as it is now.
    pub(super) fn get(&self, id: TaskId) -> Option<Task> {
        self.ring.iter().find(|task| task.id == id).cloned()
    }

    /// All of them, the newest first.
    pub(super) fn all(&self) -> Vec<Task> {
        self.ring.iter().rev().cloned().collect()
    }
}
