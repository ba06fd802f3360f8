//! The shipped program as its users run it: real files, real processes, loopback only.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "it/acceptance.rs"]
mod acceptance;
#[path = "it/adjusting.rs"]
mod adjusting;
#[path = "it/alerting.rs"]
mod alerting;
#[path = "it/asking.rs"]
mod asking;
#[path = "it/automations.rs"]
mod automations;
#[path = "it/calling.rs"]
mod calling;
#[path = "it/canary.rs"]
mod canary;
#[path = "it/cleaning.rs"]
mod cleaning;
#[path = "it/conforming.rs"]
mod conforming;
#[path = "it/deliveries.rs"]
mod deliveries;
#[path = "it/drifting.rs"]
mod drifting;
#[path = "it/edges.rs"]
mod edges;
#[path = "it/encrypted.rs"]
mod encrypted;
#[path = "it/entering.rs"]
mod entering;
#[path = "it/fakes.rs"]
mod fakes;
#[path = "it/faults.rs"]
mod faults;
#[path = "it/files.rs"]
mod files;
#[path = "it/first_run.rs"]
mod first_run;
#[path = "it/ghost.rs"]
mod ghost;
#[path = "it/guards.rs"]
mod guards;
#[path = "it/hooked.rs"]
mod hooked;
#[path = "it/hooks.rs"]
mod hooks;
#[path = "it/insight.rs"]
mod insight;
#[path = "it/jumping.rs"]
mod jumping;
#[path = "it/knocking.rs"]
mod knocking;
#[path = "it/machines.rs"]
mod machines;
#[path = "it/mailblue.rs"]
mod mailblue;
#[path = "it/mailchimp.rs"]
mod mailchimp;
#[path = "it/market.rs"]
mod market;
#[path = "it/older.rs"]
mod older;
#[path = "it/preview.rs"]
mod preview;
#[path = "it/privacy.rs"]
mod privacy;
#[path = "it/program.rs"]
mod program;
#[path = "it/retention.rs"]
mod retention;
#[path = "it/rights.rs"]
mod rights;
#[path = "it/rule_tests.rs"]
mod rule_tests;
#[path = "it/running.rs"]
mod running;
#[path = "it/scarce.rs"]
mod scarce;
#[path = "it/service.rs"]
mod service;
#[path = "it/stage.rs"]
mod stage;
#[path = "it/storing.rs"]
mod storing;
#[path = "it/tracking.rs"]
mod tracking;
#[path = "it/trail.rs"]
mod trail;
#[path = "it/words.rs"]
mod words;
