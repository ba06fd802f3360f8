//! Bugs that tests plant, to see that they would be caught. Without the feature
//! `planted-bugs` there are none, and no trace of them is compiled.

/// A bug that the environment can plant by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// The cursor is committed before the rows of its page.
    CursorApart,
    /// Requests leave before their attempt is committed.
    NoAttempt,
    /// What comes twice is stored twice.
    NoDedupe,
}

/// Whether this bug is planted.
pub(crate) fn is_planted(bug: Bug) -> bool {
    let name = match bug {
        Bug::CursorApart => "cursor apart",
        Bug::NoAttempt => "no attempt",
        Bug::NoDedupe => "no dedupe",
    };
    cfg!(feature = "planted-bugs") && std::env::var("PLANTED_BUG").is_ok_and(|bug| bug == name)
}
