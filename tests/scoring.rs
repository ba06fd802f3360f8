//! Scoring against a second scorer that was written from the contract alone.
//!
//! [`scoring::oracle`] is slow and obviously right; random histories and rule
//! sets are evaluated by both, and everything that a user sees must agree.
//! `ENGAGED_HISTORIES` sets how many, `ENGAGED_SEED` replays one seed.

#![expect(
    clippy::expect_used,
    reason = "a test says what it relies on, and fails where that is not so"
)]

mod scoring {
    mod acceptance;
    mod case;
    mod compare;
    mod describe;
    mod generate;
    mod incremental;
    mod invariants;
    mod life;
    mod models;
    mod oracle;
    mod preview;
    mod random;
    mod retention;
    mod shop;
    mod shrink;
    mod stored;
    mod tally;
    mod tracking;
    mod words;
}
