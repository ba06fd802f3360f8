//! Runs the program in a folder of its own.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a configuration, and the program to run in it.
pub struct Program {
    folder: TempDir,
    /// The program; the shipped one unless somebody says otherwise.
    pub binary: PathBuf,
    /// What it is to find planted in itself.
    pub bug: Option<&'static str>,
    /// What else stands in its environment.
    pub env: Vec<(&'static str, String)>,
}

/// What a run said.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Program {
    /// A folder with this configuration.
    pub fn with(config: &str) -> Self {
        Self::within(TempDir::new().unwrap(), config)
    }

    /// The same in memory where the machine has such a place: for whoever opens many stores and cuts no power.
    #[allow(dead_code, reason = "only a stage asks")]
    pub fn in_memory(config: &str) -> Self {
        let folder = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new());
        Self::within(folder.unwrap(), config)
    }

    fn within(folder: TempDir, config: &str) -> Self {
        let program = Self {
            folder,
            binary: PathBuf::from(env!("CARGO_BIN_EXE_engaged")),
            bug: None,
            env: Vec::new(),
        };
        program.file("engaged.toml", config);
        program
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file and gives its path.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .current_dir(self.folder.path())
            .env("NO_COLOR", "1")
            .args(words);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ENGAGED_")) {
            command.env_remove(name);
        }
        command.envs(self.bug.map(|bug| ("PLANTED_BUG", bug)));
        command.envs(self.env.iter().cloned());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, words: &[&str]) -> Run {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(words).output().unwrap();
        Run {
            code: status.code().unwrap_or(-1),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Runs the program, which must end with this code.
    pub fn expect(&self, code: i32, words: &[&str]) -> Run {
        let run = self.run(words);
        assert_eq!(
            run.code,
            code,
            "engaged {}\n{}\n{}",
            words.join(" "),
            run.out,
            run.err
        );
        run
    }

    /// The JSON document that a successful run prints.
    pub fn json(&self, words: &[&str]) -> Value {
        let run = self.expect(0, &[words, &["--json"]].concat());
        serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.out))
    }
}
