//! A sandbox in a process of its own, and the shipped program set up to work with it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, RwLock},
};

use chrono::Utc;
use engaged_sandbox::{
    fault::FaultPlan,
    mailchimp::{Mailchimp, Options},
    people::{World, WorldSpec},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::measure::{self, Cost};

/// How much there is on the platform.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub people: u32,
    pub months: u32,
}

/// Serves Mailchimp until stdin ends, then tells what was asked of it. Its CPU time is its own.
pub fn serve(size: Size) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime starts");
    let spec = WorldSpec {
        seed: 1,
        end: Utc::now() - chrono::TimeDelta::days(1),
        weekly: size.people,
        monthly: 0,
        both: 0,
        history_months: size.months,
    };
    let world = Arc::new(RwLock::new(World::generate(&spec)));
    let options = Options {
        batch_steps: 1,
        events_in_ledger: false,
        ..Options::default()
    };
    let starting = Mailchimp::start(options, world, FaultPlan::none());
    let mailchimp = runtime.block_on(starting).expect("a port is free");
    println!(
        "{}",
        json!({ "base": mailchimp.base_url(), "key": mailchimp.key() })
    );
    std::io::stdin()
        .read_to_end(&mut Vec::new())
        .expect("stdin ends");
    let batches = mailchimp.ledger().requests_matching(|entry| {
        entry.method.as_str() == "POST" && entry.path.ends_with("/batches")
    });
    let others = mailchimp.ledger().writes().len() - batches.len();
    println!(
        "{}",
        json!({ "batches": batches.len(), "other_writes": others, "requests": mailchimp.ledger().len() })
    );
}

/// A platform and a folder with a configuration for it.
pub struct Stage {
    pub base: String,
    pub key: String,
    folder: TempDir,
    server: Child,
    until: Option<ChildStdin>,
    told: BufReader<ChildStdout>,
}

impl Stage {
    pub fn new(folder: &Path, size: Size) -> Self {
        let mut server = Command::new(std::env::current_exe().expect("this program has a path"))
            .args(["serve", "--contacts", &size.people.to_string()])
            .args(["--months", &size.months.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts");
        let mut told = BufReader::new(server.stdout.take().expect("piped"));
        let mut line = String::new();
        told.read_line(&mut line)
            .expect("the server says where it is");
        let said: Value = serde_json::from_str(&line).expect("in JSON");
        let text = |name: &str| said[name].as_str().expect("a text").to_owned();
        let stage = Self {
            base: text("base"),
            key: text("key"),
            folder: tempfile::tempdir_in(folder).expect("a folder"),
            until: server.stdin.take(),
            server,
            told,
        };
        stage.configure();
        stage
    }

    fn configure(&self) {
        let mut key = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.path("shop.key"))
            .expect("a file for the key");
        key.write_all(self.key.as_bytes()).expect("the key is kept");
        let text = format!(
            "timezone = \"UTC\"\ndatabase = \"engaged.db\"\nextends = [\"copernica-shop\"]\n\
             [connections.shop]\nplatform = \"mailchimp\"\nkey = {{ file = \"shop.key\" }}\nbase_url = \"{}\"\n\
             schedule = \"0 0 1 1 *\"\nmode = \"live\"\npush.fields = {{ ENGSCORE = \"engagement\" }}\n",
            self.base
        );
        fs::write(self.path("engaged.toml"), text).expect("the configuration is kept");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a verb of the shipped program: its cost, and what it said.
    pub fn run(&self, words: &[&str]) -> (Cost, Value) {
        let said = self.path("said.json");
        let out = fs::File::create(&said).expect("a file for what it says");
        let mut command = Command::new(env!("CARGO_BIN_EXE_engaged"));
        command.arg("--config").arg(self.path("engaged.toml"));
        let cost = measure::run(command.arg("--json").args(words).stdout(out));
        let text = fs::read_to_string(&said).expect("what it said");
        let value = serde_json::from_str(&text).unwrap_or(Value::Null);
        (cost, value)
    }

    /// Ends the platform; what it was asked.
    pub fn end(mut self) -> Value {
        drop(self.until.take());
        let mut line = String::new();
        self.told
            .read_line(&mut line)
            .expect("the server says what it was asked");
        self.server.wait().expect("the server ends");
        serde_json::from_str(&line).expect("in JSON")
    }
}
