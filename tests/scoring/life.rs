//! A life: what became known about a contact or two, when, and when it was scored.
//!
//! One life drives both proofs that incremental, full and replayed results are
//! the same: [`super::incremental`] with the pure scorer alone, and
//! [`super::stored`] through the database. [`ledger`] says naively what is
//! known at an instant; [`generate`] makes lives.

use chrono_tz::Tz;
use engaged::{
    rules::set::RuleSet,
    score::{
        calendar::{Day, Zone},
        facts::{Adjustment, Fact, KindId, Vocabulary},
    },
};
use engaged_connectors::model::{Address, Status, Verdict};

use super::oracle::dates;

pub(super) mod generate;
pub(super) mod ledger;
pub(super) mod shrink;

/// Everything about a life.
#[derive(Clone, Debug)]
pub(super) struct Life {
    /// The rules before and after an edit.
    pub(super) rules: Vec<RuleSet>,
    pub(super) vocabulary: Vocabulary,
    /// One for each person.
    pub(super) addresses: Vec<Option<Address>>,
    pub(super) sources: Vec<Source>,
    /// What became known, by the instant, which differs from one to the next.
    pub(super) log: Vec<(i64, News)>,
    /// When it was scored, in order.
    pub(super) runs: Vec<Run>,
}

/// A connection.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) connection: u16,
    /// The kinds that its stream answers for, or `None` for an import, which is complete but for the gaps it names.
    pub(super) synced: Option<Vec<KindId>>,
}

/// One run of the scorer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) at: i64,
    /// Which of the rule sets.
    pub(super) rules: usize,
}

/// Something that became known.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// One report of one connection, with what is new in it and what is not.
    Report { connection: u16, rows: Vec<Row> },
    /// A person as a connection shows them.
    Card(Card),
    /// Another word on who caused an event that has an id.
    Verdict {
        connection: u16,
        id: String,
        verdict: Verdict,
    },
    /// A correction by hand; its number is its place among all of the life.
    Adjust {
        person: usize,
        adjustment: Adjustment,
    },
    /// The end of a correction.
    Withdraw { number: i64 },
    /// Some kinds are complete from an instant (or ever since) until before another.
    Cover {
        connection: u16,
        kinds: Vec<KindId>,
        from: Option<i64>,
        through: i64,
    },
    /// Days that turn out to be incomplete, for some kinds or for all.
    Hole {
        connection: u16,
        kinds: Vec<KindId>,
        days: (i32, i32),
        source: String,
    },
    /// What was missing has been read since.
    Heal { connection: u16, source: String },
    /// A person turns out to be the one before.
    Merge { person: usize },
}

/// One row of a report.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) person: usize,
    /// The platform's id.
    pub(super) id: Option<String>,
    /// Its content; its number and connection mean nothing here.
    pub(super) fact: Fact,
    pub(super) properties: Vec<(String, String)>,
}

/// A person as a connection shows them: lists that it leaves out have been left.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Card {
    pub(super) person: usize,
    pub(super) connection: u16,
    pub(super) status: Option<Status>,
    pub(super) lists: Vec<String>,
    pub(super) subscribed_at: Option<i64>,
    pub(super) fields: Vec<(String, String)>,
}

impl Life {
    pub(super) fn zone(&self) -> Tz {
        self.rules[0].zone
    }

    /// The local date of a run.
    pub(super) fn day(&self, run: Run) -> i32 {
        dates::local(self.zone(), run.at)
    }

    /// Whether a run stands for its whole day: nothing became known between it and midnight.
    pub(super) fn is_last_word(&self, index: usize, zone: &Zone) -> bool {
        let run = self.runs[index];
        let end = end_of(zone, self.day(run));
        let later = self.runs.get(index + 1);
        let news = self.log.iter().any(|(at, _)| run.at < *at && *at <= end);
        !news && later.is_none_or(|later| later.at > end)
    }
}

/// The last instant of a local day.
pub(super) fn end_of(zone: &Zone, day: i32) -> i64 {
    zone.start_of(Day(day + 1)) - 1
}
