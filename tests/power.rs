//! What the shipped program asked of the machine is recorded and played again on a disk that loses power; it is
//! killed at its n-th write and sync; and its writes and syncs are made to fail.
//!
//! Needs `strace`, and skips with that reason where there is none or it may not trace. `ENGAGED_STRIKES` (30) says at
//! how many places of each kind the program is killed, `ENGAGED_SEED` (1) which they are.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "it/hooked.rs"]
mod hooked;
#[path = "it/program.rs"]
mod program;
#[path = "it/older.rs"]
mod schema;
#[path = "it/stage.rs"]
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
mod stage;

#[path = "kill/judge.rs"]
#[expect(dead_code, reason = "the kill loop uses the rest")]
mod judge;
#[path = "kill/side.rs"]
#[expect(dead_code, reason = "the kill loop uses the rest")]
mod side;
#[path = "kill/watch.rs"]
#[expect(dead_code, reason = "the kill loop uses the rest")]
mod watch;

#[path = "power/cuts.rs"]
mod cuts;
#[path = "power/disk.rs"]
mod disk;
#[path = "power/older.rs"]
mod older;
#[path = "power/record.rs"]
mod record;
#[path = "power/strikes.rs"]
mod strikes;
#[path = "power/trace.rs"]
mod trace;
