//! The answers of a first run: a file of them that is taken becomes a configuration that loads.

use std::{fs, path::Path, sync::LazyLock};

use chrono::NaiveDate;
use engaged::{
    config::{self, Environment, Language, SourceFile},
    diagnostic::render::{Style, render},
    first::{
        answers,
        compose::{self, KeyIn},
    },
};
use tempfile::TempDir;

use super::scratch;

/// Reads a file of answers.
pub fn run(bytes: &[u8]) {
    static FOLDER: LazyLock<TempDir> = LazyLock::new(scratch::folder);
    let file = FOLDER.path().join("answers.toml");
    fs::write(&file, bytes).unwrap();
    let environment = Environment::from([("KEY".to_owned(), "0123456789abcdef-us1".to_owned())]);
    let guess = (chrono_tz::Europe::Amsterdam, Language::Dutch);
    let answers = match answers::read(&file, &environment, guess) {
        Ok(answers) => answers,
        Err(refused) => {
            assert!(!refused.diagnostics.is_empty());
            return;
        }
    };
    let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
    let text = compose::text(&answers, KeyIn::File("secrets/key"), "engaged.db", today);
    let files = [SourceFile {
        path: "engaged.toml".into(),
        text,
    }];
    if let Err(all) = config::load_texts(
        Path::new("/nonexistent/engaged.toml"),
        &files,
        &Environment::new(),
    ) {
        panic!("{}\n{}", render(&all, Style::Plain), files[0].text);
    }
}
