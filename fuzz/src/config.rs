//! The configuration: mistakes are explained where they stand; what loads, loads again as the same, and can be run.
//!
//! The text of one file; behind a NUL byte, lines of environment variables.

use std::path::Path;

use engaged::{
    config::{self, Environment, Mode, SourceFile, beside_rules, live},
    diagnostic::{
        Diagnostic,
        render::{Style, render},
    },
    rule_tests,
};

/// Where nothing is, so that nothing is read.
const PLACE: &str = "/nonexistent/engaged.toml";

/// Loads a text.
pub fn run(bytes: &[u8]) {
    let Ok(input) = std::str::from_utf8(bytes) else {
        return;
    };
    let (text, variables) = input.split_once('\0').unwrap_or((input, ""));
    let pairs = variables.lines().filter_map(|line| line.split_once('='));
    let environment: Environment = pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let loaded = load(text, &environment);
    told(&beside_rules(&files(text), &files(text)[0]));
    let config = match loaded {
        Ok(config) => config,
        Err(all) => {
            assert!(!all.is_empty(), "refused without a reason");
            return told(&all);
        }
    };
    told(&config.warnings);
    let again = load(text, &environment).unwrap();
    assert_eq!(config.rules_hash, again.rules_hash);
    assert_eq!(format!("{:?}", config.rules), format!("{:?}", again.rules));
    let failures = rule_tests::run(&config.rules, &config.tests);
    told(
        &failures
            .iter()
            .map(rule_tests::Failure::diagnostic)
            .collect::<Vec<_>>(),
    );
    if environment.is_empty() {
        config
            .connections
            .iter()
            .for_each(|each| goes_live(text, &each.name, &config));
    }
}

/// Going live changes the mode of that connection, and nothing else.
fn goes_live(text: &str, name: &str, before: &config::Config) {
    let Ok((0, edited)) = live(&files(text), name) else {
        return;
    };
    let after = load(&edited, &Environment::new())
        .unwrap_or_else(|all| panic!("{}\n{edited}", render(&all, Style::Plain)));
    assert_eq!(before.rules_hash, after.rules_hash);
    for (old, new) in before.connections.iter().zip(&after.connections) {
        let mode = if old.name == name {
            Mode::Live
        } else {
            old.mode
        };
        assert_eq!((&old.name, mode), (&new.name, new.mode), "{edited}");
        assert_eq!(old.push, new.push);
    }
}

fn files(text: &str) -> [SourceFile; 1] {
    [SourceFile {
        path: "engaged.toml".into(),
        text: text.to_owned(),
    }]
}

fn load(text: &str, environment: &Environment) -> Result<config::Config, Vec<Diagnostic>> {
    config::load_texts(Path::new(PLACE), &files(text), environment)
}

/// Everything that is told stands at a place in the text, and can be shown.
fn told(all: &[Diagnostic]) {
    for each in all {
        if let Some(place) = &each.place {
            assert_eq!(place.clamped(), place.span, "{each:?} lies outside");
            assert!(place.position() >= (1, 1));
        }
        assert!(!each.message.is_empty() && each.to_json().is_object());
    }
    let _ = render(all, Style::Plain);
}
