//! The corpora of the fuzz targets, replayed: what was once found stays mended, and no target rots.
//!
//! `UPDATE_CORPUS=1` writes the seeds anew; how to fuzz stands in `CONTRIBUTING.md`.

#![expect(
    clippy::unwrap_used,
    reason = "a target that cannot be set up has failed"
)]

use std::{fs, path::Path};

#[path = "../fuzz/src/lib.rs"]
mod targets;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every input of a corpus, by name.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = root().join("fuzz/corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{target}: {error}"));
    let mut inputs: Vec<(String, Vec<u8>)> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn every_target_takes_its_corpus() {
    if std::env::var_os("UPDATE_CORPUS").is_some() {
        targets::seeds::write(root(), &root().join("fuzz/corpus"));
    }
    let mut taken = 0;
    for (name, run) in targets::TARGETS {
        let inputs = corpus(name);
        assert!(!inputs.is_empty(), "{name} has no corpus");
        for (file, bytes) in inputs {
            eprintln!("{file}");
            run(&bytes);
            taken += 1;
        }
    }
    assert!(taken > 150, "only {taken} inputs");
}

#[test]
fn every_target_stands_in_the_manifest_and_has_a_program() {
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let programs = manifest["bin"].as_array().unwrap();
    let names: Vec<&str> = programs
        .iter()
        .map(|program| program["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, targets::TARGETS.map(|(name, _)| name));
    for name in names {
        let program = root().join(format!("fuzz/fuzz_targets/{name}.rs"));
        let text = fs::read_to_string(&program).unwrap_or_default();
        assert!(text.contains("fuzz_target!"), "{}", program.display());
    }
}
