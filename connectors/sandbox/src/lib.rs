//! Stateful stand-ins for the platforms that `engaged` talks to.
//!
//! A sandbox speaks a platform's real dialect over loopback, from the platform's own documentation and recorded answers.
//! It shares no type with the connectors, so that both sides agree through bytes only; a misreading on one side shows.
//!
//! - [`people`]: a seeded world of readers, the platform-neutral truth that every stand-in serves its part of.
//! - [`server`]: puts one stand-in on a port, watches each request and plays the faults.
//! - [`ledger`]: what was asked, answered and written, for a checker.
//! - [`fault`]: what may go wrong, how often, by seed.
//! - [`activecampaign`]: `ActiveCampaign`'s API v3, which `MailBlue` resells.
//! - [`ghost`]: Ghost's Admin API.
//! - [`mailchimp`]: Mailchimp's Marketing API 3.0.
//! - [`copernica`]: Copernica's REST API v4.
//! - [`receiver`]: an address that webhooks call.
//!
//! Another platform is a module that makes a [`server::Site`] (a router, and its words for refusals) from a
//! [`people::SharedWorld`], attaches a [`ledger::Note`] to its answers, and gets a line in `main.rs`.
//!
//! It does not imitate a platform's speed, screens or mail delivery, and never asks the wall clock for the state of its world.

pub mod activecampaign;
pub mod copernica;
pub mod fault;
pub mod ghost;
pub mod ledger;
pub mod mailchimp;
pub mod people;
pub mod receiver;
pub mod rng;
pub mod server;
