//! What the shipped program asked of the machine, in order, as `strace` saw it: writes to the database's files,
//! syncs, and what it told others meanwhile.

use std::{collections::BTreeMap, path::Path, process::Command};

use crate::program::Program;

/// The database's files whose contents survive a power cut; the shared index is made anew.
pub const FILES: [&str; 3] = ["engaged.db", "engaged.db-wal", "engaged.db-journal"];

/// What is recorded: what changes a file, makes a change last, or leaves the machine.
const CALLS: &str = "trace=pwrite64,ftruncate,fsync,fdatasync,unlink,write,writev,sendto";
/// A page and the frame around it are shorter.
const LONGEST: &str = "9000";

/// One call, by the place of its file in [`FILES`].
#[derive(Debug)]
pub enum Op {
    /// Bytes, and where they begin.
    Write(usize, usize, Vec<u8>),
    /// The file is now so long.
    Cut(usize, usize),
    /// What was written to the file lasts.
    Sync(usize),
    /// The file is no more.
    Gone(usize),
    /// Something left the machine.
    Said(Said),
}

/// What others were told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// A request that changes something on a platform.
    Request,
    /// The answer that a delivery was taken.
    Taken,
}

/// The program under `strace` with these options; nothing where there is no `strace` that may trace.
pub fn under_strace(program: &Program, options: &[&str], words: &[&str]) -> Option<Command> {
    let works = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .status();
    if !works.is_ok_and(|status| status.success()) {
        println!("skipped: no strace, or it may not trace here");
        return None;
    }
    let plain = program.command(words);
    let mut traced = Command::new("strace");
    traced
        .args(["-f", "-qq"])
        .args(options)
        .arg(plain.get_program())
        .args(plain.get_args());
    traced.current_dir(program.path());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => traced.env(name, value),
            None => traced.env_remove(name),
        };
    }
    Some(traced)
}

/// The options that record into a file.
pub fn recording(log: &Path) -> Vec<&str> {
    let log = log.to_str().expect("temporary folders have plain names");
    vec!["-yy", "-xx", "-s", LONGEST, "-e", CALLS, "-o", log]
}

/// Reads a recording.
pub fn read(log: &Path) -> Vec<Op> {
    let text = std::fs::read_to_string(log).unwrap();
    let mut begun: BTreeMap<&str, String> = BTreeMap::new();
    let mut ops = Vec::new();
    for line in text.lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        if let Some(start) = call.strip_suffix(" <unfinished ...>") {
            // What is told others may be heard before the call returns.
            ops.extend(said(start).map(Op::Said));
            begun.insert(thread, start.to_owned());
        } else if let Some((_, rest)) = call
            .strip_prefix("<... ")
            .and_then(|call| call.split_once(" resumed>"))
        {
            let whole = begun.remove(thread).unwrap_or_default() + rest;
            ops.extend(file_op(&whole));
        } else {
            ops.extend(said(call).map(Op::Said));
            ops.extend(file_op(call));
        }
    }
    ops
}

/// The bytes of the first text in a call.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let quoted = text.split_once('"')?.1.split_once('"')?.0;
    hex::decode(quoted.replace("\\x", "")).ok()
}

/// The path in `4<\x2f...>`.
fn path(text: &str) -> Option<String> {
    let shown = text.split_once('<')?.1.split_once('>')?.0;
    let bytes = hex::decode(shown.replace("\\x", "")).ok()?;
    String::from_utf8(bytes).ok()
}

fn place(path: &str) -> Option<usize> {
    let (_, name) = path.rsplit_once('/')?;
    FILES.iter().position(|file| *file == name)
}

/// What a finished call did to a file of the database.
fn file_op(call: &str) -> Option<Op> {
    let (name, rest) = call.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(')')?;
    let result = result.trim().strip_prefix("= ")?;
    if result.starts_with('-') {
        return None;
    }
    if name == "unlink" {
        let path = String::from_utf8(bytes(arguments)?).ok()?;
        return place(&path).map(Op::Gone);
    }
    let file = place(&path(arguments)?)?;
    let last = || arguments.rsplit(", ").next()?.parse::<usize>().ok();
    Some(match name {
        "pwrite64" => {
            let bytes = bytes(arguments)?;
            assert_eq!(
                result,
                bytes.len().to_string(),
                "a write was cut short in the recording"
            );
            Op::Write(file, last()?, bytes)
        }
        "ftruncate" => Op::Cut(file, last()?),
        "fsync" | "fdatasync" => Op::Sync(file),
        _ => return None,
    })
}

/// What a call tells others.
fn said(call: &str) -> Option<Said> {
    let (name, rest) = call.split_once('(')?;
    if !["write", "writev", "sendto"].contains(&name) || !rest.contains("<TCP") {
        return None;
    }
    let bytes = bytes(rest)?;
    let begins = |with: &[&str]| with.iter().any(|with| bytes.starts_with(with.as_bytes()));
    if begins(&["PUT ", "POST ", "DELETE ", "PATCH "]) {
        Some(Said::Request)
    } else if begins(&["HTTP/1.1 200"]) {
        Some(Said::Taken)
    } else {
        None
    }
}
