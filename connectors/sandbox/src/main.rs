//! Serves one stand-in by itself, for clients that are not ours: `engaged-sandbox ghost --port 2370 --people 200 --seed 1`,
//! or `activecampaign`, `copernica` or `mailchimp` instead of `ghost`.
//!
//! Prints one line of JSON with the address and the key, and serves until it is told to stop. Here, and only here, the world's
//! clock is that of the wall, since such a client signs its tokens by it.

use std::env;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::{Arc, RwLock};

use chrono::Utc;
use engaged_sandbox::activecampaign::{self, ActiveCampaign};
use engaged_sandbox::copernica::{self, Copernica};
use engaged_sandbox::fault::FaultPlan;
use engaged_sandbox::ghost::{Ghost, GhostConfig};
use engaged_sandbox::mailchimp::{self, Mailchimp};
use engaged_sandbox::people::{World, WorldSpec};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "usage: engaged-sandbox activecampaign|copernica|ghost|mailchimp [--port N] [--people N] [--seed N] [--months N]";

/// What is asked for on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Options {
    port: u16,
    people: u32,
    seed: u64,
    months: u32,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            port: 0,
            people: 200,
            seed: 1,
            months: 6,
        };
        while let Some(word) = words.next() {
            let value = words
                .next()
                .ok_or_else(|| format!("{word} needs a number"))?;
            let wrong = |_| format!("{word} {value} is not a number that fits");
            match word.as_str() {
                "--port" => options.port = value.parse().map_err(wrong)?,
                "--people" => options.people = value.parse().map_err(wrong)?,
                "--seed" => options.seed = value.parse().map_err(wrong)?,
                "--months" => options.months = value.parse().map_err(wrong)?,
                _ => return Err(format!("{word} is unknown")),
            }
        }
        Ok(options)
    }

    fn world(&self) -> World {
        let spec = WorldSpec::small(self.seed, Utc::now(), self.people);
        World::generate(&WorldSpec {
            history_months: self.months,
            ..spec
        })
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut words = env::args().skip(1);
    let platform = words.next().unwrap_or_default();
    let served = match (platform.as_str(), Options::parse(words)) {
        ("activecampaign", Ok(options)) => activecampaign(options).await,
        ("ghost", Ok(options)) => ghost(options).await,
        ("mailchimp", Ok(options)) => mailchimp(options).await,
        ("copernica", Ok(options)) => copernica(options).await,
        (_, Err(why)) => return refuse(&why),
        (other, Ok(_)) => return refuse(&format!("no stand-in for {other:?}")),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error.to_string()),
    }
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("engaged-sandbox: {why}\n{USAGE}");
    ExitCode::from(2)
}

async fn activecampaign(options: Options) -> io::Result<()> {
    let world = Arc::new(RwLock::new(options.world()));
    let settings = activecampaign::Options {
        seed: options.seed,
        ..activecampaign::Options::default()
    };
    let plan = FaultPlan::none();
    let served = ActiveCampaign::start_on(settings, world, plan, options.port).await?;
    served.follow(Utc::now);
    announce(&json!({
        "platform": "activecampaign", "base_url": served.base_url(), "key": served.key(), "lists": served.lists(),
    }))?;
    stopped().await?;
    served.shutdown().await;
    Ok(())
}

async fn ghost(options: Options) -> io::Result<()> {
    let ghost = Ghost::new(
        GhostConfig::default(),
        Arc::new(RwLock::new(options.world())),
    );
    ghost.follow(Utc::now);
    let serving = ghost.serve(FaultPlan::none(), options.port).await?;
    announce(&json!({"platform": "ghost", "base_url": serving.base_url(), "key": serving.key()}))?;
    stopped().await?;
    serving.shutdown().await;
    Ok(())
}

async fn mailchimp(options: Options) -> io::Result<()> {
    let world = Arc::new(RwLock::new(options.world()));
    let settings = mailchimp::Options {
        seed: options.seed,
        ..mailchimp::Options::default()
    };
    let mailchimp = Mailchimp::start_on(settings, world, FaultPlan::none(), options.port).await?;
    mailchimp.follow(Utc::now);
    announce(&json!({
        "platform": "mailchimp", "base_url": mailchimp.base_url(), "key": mailchimp.key(), "lists": mailchimp.lists(),
    }))?;
    stopped().await?;
    mailchimp.shutdown().await;
    Ok(())
}

async fn copernica(options: Options) -> io::Result<()> {
    let world = Arc::new(RwLock::new(options.world()));
    let settings = copernica::Options {
        seed: options.seed,
        ..copernica::Options::default()
    };
    let copernica = Copernica::start_on(settings, world, FaultPlan::none(), options.port).await?;
    copernica.follow(Utc::now);
    announce(&json!({
        "platform": "copernica", "base_url": copernica.base_url(), "auth_url": copernica.auth_url(),
        "rest_url": copernica.rest_url(), "key": copernica.key(), "databases": copernica.databases(),
    }))?;
    stopped().await?;
    copernica.shutdown().await;
    Ok(())
}

/// One line, at once, so that a script can wait for it.
fn announce(line: &serde_json::Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Waits until somebody asks the process to end.
async fn stopped() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_read_in_any_order_and_have_defaults() {
        let options = parse("--seed 9 --people 50").unwrap();
        assert_eq!(
            options,
            Options {
                port: 0,
                people: 50,
                seed: 9,
                months: 6
            }
        );
    }

    #[test]
    fn an_unknown_option_a_missing_value_and_a_wrong_number_are_refused() {
        assert!(parse("--colour 1").unwrap_err().contains("unknown"));
        assert!(parse("--port").unwrap_err().contains("needs"));
        assert!(parse("--port 70000").unwrap_err().contains("70000"));
    }
}
