//! What the configuration promises as a whole: broken files are explained, good ones load.

mod examples;
mod reference;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use proptest::prelude::*;

use super::*;
use crate::alert::{Damping, Kind};
use crate::diagnostic::{
    Severity,
    render::{Style, render},
};

pub(crate) fn in_workspace(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn from_text(text: &str, pairs: &[(&str, &str)]) -> Result<Config, Vec<Diagnostic>> {
    let files = [SourceFile {
        path: "engaged.toml".into(),
        text: text.to_owned(),
    }];
    let path = Path::new("/etc/engaged/engaged.toml");
    assemble(path, Path::new("/etc/engaged"), &files, &environment(pairs))
}

fn good(text: &str, pairs: &[(&str, &str)]) -> Config {
    from_text(text, pairs).unwrap_or_else(|all| panic!("{}", render(&all, Style::Plain)))
}

/// Compares with a file of the repository; `UPDATE_SNAPSHOTS=1` writes it instead.
pub(crate) fn assert_snapshot(path: &Path, now: &str) {
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(path, now).unwrap();
    }
    let before = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(before, now, "{} differs", path.display());
}

/// The broken configurations: a name, files, and the variables of their `# env:` lines.
fn broken() -> Vec<(String, Vec<SourceFile>, Environment)> {
    let mut paths: Vec<PathBuf> = fs::read_dir(in_workspace("tests/config_errors"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|end| end == "toml" || end == "d")
        })
        .collect();
    paths.sort();
    let read_case = |path: &PathBuf| {
        let mut files = sources(path).unwrap();
        for file in &mut files {
            file.path = file.name().into();
        }
        let variables = files
            .iter()
            .flat_map(|file| file.text.lines())
            .filter_map(|line| line.strip_prefix("# env: ")?.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        (
            path.file_stem().unwrap().display().to_string(),
            files,
            variables,
        )
    };
    paths.iter().map(read_case).collect()
}

#[test]
fn every_broken_configuration_is_explained_in_its_place() {
    let cases = broken();
    assert!(cases.len() >= 20);
    for (name, files, variables) in cases {
        let base = Path::new("/etc/engaged");
        let all = assemble(base, base, &files, &variables).expect_err(&format!("{name} is broken"));
        for diagnostic in &all {
            let place = diagnostic.place.as_ref().expect("a place");
            let words = place.text.get(place.span.clone());
            assert!(
                words.is_some(),
                "{name}: {diagnostic:?} underlines no words"
            );
        }
        let text = render(&all, Style::Plain);
        assert!(!text.contains("sesame") && !text.contains("cdef"), "{text}");
        assert_snapshot(
            &in_workspace(&format!("tests/config_errors/{name}.txt")),
            &text,
        );
    }
}

/// Correct, and probably not what was meant.
const DOUBTFUL: &str = "timezone = 'UTC'
[scores.a]
rules = [
  { when = 'open', points = 1 },
  { when = 'unsubscribe', points = 5 },
  { when = 'bounce', points = -5 },
]
bands = [{ name = 'low', from = 0 }, { name = 'high', from = 50 }]";

#[test]
fn doubtful_rules_are_warned_about_in_their_place() {
    let words: Vec<String> = good(DOUBTFUL, &[])
        .warnings
        .iter()
        .map(|warning| warning.to_json()["place"]["words"].to_string())
        .collect();
    assert!(
        words.iter().any(|words| words.contains("unsubscribe")),
        "{words:?}"
    );
    assert!(
        words.iter().any(|words| words.contains("high")),
        "{words:?}"
    );
    assert!(
        words.iter().any(|words| words.contains("bands")),
        "{words:?}"
    );
}

#[test]
fn every_code_is_provoked() {
    let mut seen = BTreeSet::new();
    for (_, files, variables) in broken() {
        let base = Path::new("/etc/engaged");
        let all = assemble(base, base, &files, &variables).unwrap_err();
        seen.extend(all.iter().map(|diagnostic| diagnostic.code));
    }
    seen.insert(load(Path::new("/nowhere/engaged.toml"), &Environment::new()).unwrap_err()[0].code);
    seen.insert(good(DOUBTFUL, &[]).warnings[0].code);
    let secret = SecretSource::Env("NOT_SET".into());
    seen.insert(secret.read(&Environment::new()).unwrap_err().code);
    let draft = SourceFile {
        path: "engaged.toml".into(),
        text: "timezone = \"Europe/Amsterdam\"".to_owned(),
    };
    seen.insert(beside_rules(&[], &draft)[0].code);
    let missing: Vec<_> = code::ALL
        .iter()
        .filter(|code| !seen.contains(*code))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_example_loads_without_a_warning_of_its_own() {
    let config = load(
        &in_workspace("config/engaged.example.toml"),
        &Environment::new(),
    )
    .unwrap_or_else(|all| panic!("{}", render(&all, Style::Plain)));
    // What the pack's own rules may be doubted for is not the example's to change.
    let of_pack = |warning: &Diagnostic| {
        let place = warning.place.as_ref();
        place.is_some_and(|place| place.file.starts_with("pack "))
    };
    let odd: Vec<_> = config
        .warnings
        .iter()
        .filter(|warning| !of_pack(warning))
        .cloned()
        .collect();
    assert!(odd.is_empty(), "{}", render(&odd, Style::Plain));
}

#[test]
fn the_example_shows_every_key_there_is() {
    let text = fs::read_to_string(in_workspace("config/engaged.example.toml")).unwrap();
    let root = tree::parse("example", &text, &mut Found::default()).unwrap();
    let mut missing = Vec::new();
    collect_missing(&[&root], schema::ROOT, "", &mut missing);
    // It names a file that a copy of the example would not find.
    assert!(text.contains("\n# model = \""));
    missing.retain(|key| key != "scores.model");
    // There is one such table, which names one place; connections show all three.
    missing.retain(|key| !key.starts_with("alerts.key."));
    // So do the secrets of a webhook; and no platform can have all of its keys.
    missing.retain(|key| !key.starts_with("connections.webhook."));
    assert!(text.contains("\n# webhook.account = \""));
    assert!(missing.is_empty(), "{missing:#?}");
}

/// The keys that occur in none of these tables.
fn collect_missing(tables: &[&Table], keys: &[schema::Key], path: &str, missing: &mut Vec<String>) {
    for key in keys {
        let nodes: Vec<&tree::Node> = tables
            .iter()
            .filter_map(|table| table.get(key.name))
            .collect();
        if nodes.is_empty() {
            missing.push(format!("{path}{}", key.name));
        } else {
            collect_in_kind(&nodes, &key.kind, &format!("{path}{}.", key.name), missing);
        }
    }
}

fn collect_in_kind(
    nodes: &[&tree::Node],
    kind: &schema::Kind,
    path: &str,
    missing: &mut Vec<String>,
) {
    use schema::Kind;
    let tables: Vec<&Table> = nodes.iter().filter_map(|node| node.table()).collect();
    match kind {
        Kind::Table(keys) | Kind::Secret(keys) => collect_missing(&tables, keys, path, missing),
        Kind::Named(_, inner) => {
            let entries = tables.iter().flat_map(|table| &table.entries);
            let nodes: Vec<_> = entries.map(|entry| &entry.node).collect();
            collect_in_kind(&nodes, inner, path, missing);
        }
        Kind::List(inner) => {
            let nodes: Vec<_> = nodes
                .iter()
                .filter_map(|node| node.list())
                .flatten()
                .collect();
            collect_in_kind(&nodes, inner, path, missing);
        }
        _ => {}
    }
}

#[test]
fn the_json_schema_in_the_repository_is_the_one_of_the_program() {
    let schema = serde_json::to_string_pretty(&json_schema()).unwrap() + "\n";
    assert_snapshot(&in_workspace("config/schema.json"), &schema);
}

#[test]
fn every_pack_loads_and_own_tables_replace_its_own() {
    for pack in packs::names() {
        let text = format!("timezone = 'UTC'\nextends = ['{pack}']");
        let rules = good(&text, &[]).rules;
        assert!(rules.scores.len() + rules.segments.len() > 0, "{pack}");
    }
    let config = good(
        "timezone = 'UTC'\nextends = ['copernica-shop']\n[scores.fit]\nrules = [{ when = 'open', points = 1 }]\nbands = [{ name = 'all' }]",
        &[],
    );
    let rules = |name: &str| {
        let score = config.rules.scores.iter().find(|score| score.name == name);
        score.map(|score| score.rules.len())
    };
    assert_eq!((rules("fit"), rules("engagement")), (Some(1), Some(15)));
    assert_eq!(config.rules.scores.len(), 2);
}

#[test]
fn what_is_not_said_has_its_documented_default() {
    let config = good(
        "timezone = 'Europe/Amsterdam'\n[connections.a]\nplatform = 'mailchimp'\nkey.env = 'KEY'",
        &[],
    );
    assert_eq!(config.database, Path::new("/etc/engaged/engaged.db"));
    assert_eq!(config.language, Language::English);
    assert_eq!(config.rules.currency, "EUR");
    let [connection] = config.connections.as_slice() else {
        panic!("one connection");
    };
    assert_eq!(connection.mode, Mode::ReadOnly);
    assert_eq!(connection.schedule.as_str(), DEFAULT_SCHEDULE);
    assert_eq!(
        (connection.push.deadband, connection.push.on_drift),
        (1, OnDrift::Alert)
    );
    assert_eq!(config.guards.max_starts, 500);
    let alerts = config.alerts;
    assert!(alerts.receiver.is_none() && alerts.only.is_empty());
    assert_eq!(
        (alerts.damping, alerts.poll_age, alerts.volume),
        (
            Damping {
                failure_after: 2,
                success_after: 2,
                repeat: 86_400_000
            },
            2,
            0.5
        )
    );
    assert_eq!(config.machines, crate::verdict::Settings::default());
}

#[test]
fn machines_are_told_as_the_file_says_and_first_opens_by_the_platform() {
    let text = "timezone = 'UTC'\n[machines]\njudge = false\nhoneypots = ['/hp']\nagents = ['*x*']\nnetworks = ['10.0.0.1']\n\
                [connections.site]\nplatform = 'ghost'\nbase_url = 'https://blog.example'\nkey.env = 'KEY'\n\
                [connections.shop]\nplatform = 'mailchimp'\nkey.env = 'KEY'";
    let machines = good(text, &[]).machines;
    assert!(!machines.judge);
    assert_eq!(
        (machines.honeypots, machines.agents),
        (vec!["/hp".into()], vec!["*x*".into()])
    );
    assert_eq!(machines.networks[0].to_string(), "10.0.0.1/32");
    assert_eq!(machines.first_open_only, ["site"]);
}

#[test]
fn alerts_go_where_the_file_says_and_only_about_what_it_says() {
    let text = "timezone = 'UTC'\n[alerts]\nurl = 'https://chat.example/hook?token=1'\nkey.credential = 'chat'\n\
                only = ['guard', 'in_doubt']\nrepeat = '2 hours'\nfailure_after = 3";
    let alerts = good(text, &[("ENGAGED__ALERTS__VOLUME", "0.8")]).alerts;
    let receiver = alerts.receiver.unwrap();
    assert_eq!(receiver.url.query(), Some("token=1"));
    assert_eq!(receiver.key, SecretSource::Credential("chat".into()));
    assert_eq!(alerts.only, [Kind::Guard, Kind::InDoubt]);
    let damping = alerts.damping;
    assert_eq!((damping.repeat, damping.failure_after), (7_200_000, 3));
    assert_eq!((damping.success_after, alerts.volume), (2, 0.8));
}

#[test]
fn each_kind_of_event_counts_and_is_lifted_as_documented() {
    use crate::rules::set::CountMode::{Each, Once, PerDay, PerLink, PerMessage};
    use engaged_connectors::model::EventKind::{Click, Delivery, Open, Subscribe};
    let bounced = || vec![Delivery, Open, Click];
    for (pattern, count, lifted_by) in [
        ("open", PerMessage, vec![]),
        ("click", PerLink, vec![]),
        ("page visit", PerDay, vec![]),
        ("unsubscribe", Once, vec![Subscribe]),
        ("bounce", Once, bounced()),
        ("hard bounce", Once, bounced()),
        ("soft bounce", Once, bounced()),
        ("purchase", Each, vec![]),
    ] {
        let text = format!(
            "timezone = 'UTC'\n[scores.s]\nmin_sends = 7\nrules = [{{ when = '{pattern}', points = -1.5 }}]\nbands = [{{ name = 'all' }}]"
        );
        let config = good(&text, &[]);
        let rule = &config.rules.scores[0].rules[0];
        assert_eq!(
            (rule.count, &rule.lifted_by),
            (count, &lifted_by),
            "{pattern}"
        );
        assert_eq!((rule.points, rule.min_sends, rule.guards), (-1500, 7, true));
    }
}

#[test]
fn a_variable_overrides_any_key_and_its_value_is_toml_or_text() {
    let text = "[connections.my-list]\nplatform = 'mailchimp'\nkey.file = 'a'\n";
    let config = good(
        text,
        &[
            ("ENGAGED__TIMEZONE", "Europe/Brussels"),
            ("ENGAGED__EXTENDS", "['copernica-shop']"),
            ("ENGAGED__CONNECTIONS__MY_LIST__KEY__ENV", "1"),
            ("ENGAGED__CONNECTIONS__MY_LIST__LISTS", r#"["a", "b"]"#),
            ("ENGAGED__CONNECTIONS__MY_LIST__PUSH__DEADBAND", "3"),
            ("ENGAGED__GUARDS__MAX_SCORE_CHANGE", "0.5"),
            ("ENGAGED__SCORES__FIT__RANGE", "[0, 50]"),
            ("ENGAGED_OTHER", "not ours"),
        ],
    );
    assert_eq!(config.zone, Tz::Europe__Brussels);
    let connection = &config.connections[0];
    assert_eq!(connection.key, SecretSource::Env("1".into()));
    assert_eq!((connection.lists.len(), connection.push.deadband), (2, 3));
    assert!((config.guards.max_score_change - 0.5).abs() < f64::EPSILON);
    let fit = config.rules.scores.iter().find(|score| score.name == "fit");
    assert_eq!(fit.unwrap().range, Some((0, 50)));
}

#[test]
fn a_directory_is_read_in_the_order_of_its_names() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write("20.toml", "[[stages]]\nname = 'second'\nwhen = 'otherwise'");
    write(
        "10.toml",
        "timezone = 'UTC'\n[[stages]]\nname = 'first'\nwhen = 'in list \"a\"'",
    );
    write("ignored.txt", "not TOML");
    let config = load(directory.path(), &Environment::new()).unwrap();
    let names: Vec<_> = config
        .rules
        .stages
        .iter()
        .map(|stage| stage.name.as_str())
        .collect();
    assert_eq!(names, ["first", "second"]);
    assert_eq!(config.database, directory.path().join("engaged.db"));
}

#[test]
fn named_things_keep_the_order_of_the_file_and_scores_the_order_of_reading() {
    let config = good(
        "timezone = 'UTC'
        links = { z = ['/z'], a = ['/*'] }
        segments = { y = 'otherwise', b = 'otherwise' }
        [scores.first]
        rules = [{ when = 'second > 1', points = 1 }]
        [scores.second]
        rules = [{ when = 'open', points = 1 }]",
        &[],
    );
    let links: Vec<_> = config.rules.links.iter().map(|link| &link.name).collect();
    assert_eq!(links, ["z", "a"]);
    let segments: Vec<_> = config
        .rules
        .segments
        .iter()
        .map(|segment| &segment.name)
        .collect();
    assert_eq!(segments, ["y", "b"]);
    let scores: Vec<_> = config
        .rules
        .scores
        .iter()
        .map(|score| &score.name)
        .collect();
    assert_eq!(scores, ["second", "first"]);
}

#[test]
fn the_hash_follows_the_rules_and_not_the_layout() {
    let hash = |text: &str| good(text, &[]).rules_hash;
    let plain = hash("timezone = 'UTC'\n[scores.a]\nrules = [{ when = 'open', points = 1 }]");
    let same = hash(
        "# layout\ntimezone='UTC'\nlanguage='nl'\n[[scores.a.rules]]\npoints = 1.000\nwhen  =  \"OPEN\"",
    );
    let other = hash("timezone = 'UTC'\n[scores.a]\nrules = [{ when = 'open', points = 1.001 }]");
    assert_eq!(plain, same);
    assert_ne!(plain, other);
    assert_eq!(plain.len(), 64);
}

#[test]
fn a_secret_is_read_from_each_place_without_its_line_end() {
    use secrecy::ExposeSecret;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mailchimp");
    fs::write(&file, "s3cr3t\n").unwrap();
    let variables = environment(&[
        ("CREDENTIALS_DIRECTORY", directory.path().to_str().unwrap()),
        ("MAILCHIMP_KEY", " s3cr3t"),
    ]);
    for source in [
        SecretSource::File(file),
        SecretSource::Env("MAILCHIMP_KEY".into()),
        SecretSource::Credential("mailchimp".into()),
    ] {
        let secret = source.read(&variables).unwrap();
        assert_eq!(secret.expose_secret(), "s3cr3t");
        assert!(!format!("{secret:?}{source:?}").contains("s3cr3t"));
    }
    let missing = SecretSource::Credential("other".into());
    assert_eq!(
        missing.read(&variables).unwrap_err().code,
        code::UNREADABLE_SECRET
    );
    assert!(missing.read(&Environment::new()).is_err());
}

#[cfg(unix)]
#[test]
fn a_secret_that_everybody_can_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str, mode| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    let file = write(
        "engaged.toml",
        "timezone = 'UTC'\n[connections.a]\nplatform = 'mailchimp'\nkey.file = 'secret'",
        0o644,
    );
    write("secret", "s3cr3t", 0o644);
    let warnings = load(&file, &Environment::new()).unwrap().warnings;
    assert_eq!(warnings[0].code, code::EXPOSED_SECRET);
    assert_eq!(warnings[0].severity, Severity::Warning);
    write("secret", "s3cr3t", 0o600);
    assert_eq!(load(&file, &Environment::new()).unwrap().warnings, []);
}

#[test]
fn the_json_form_names_file_line_column_and_words() {
    let all = from_text("timezone = 'UTC'\nlanguege = 'nl'", &[]).unwrap_err();
    insta::assert_json_snapshot!(all[0].to_json(), @r#"
    {
      "code": "E0103",
      "help": "did you mean 'language'?",
      "label": "unknown key",
      "message": "there is no key 'languege' here",
      "notes": [],
      "place": {
        "column": 1,
        "end_column": 9,
        "end_line": 2,
        "file": "engaged.toml",
        "line": 2,
        "words": "languege"
      },
      "severity": "error"
    }
    "#);
}

#[test]
fn models_are_not_doubted_and_reach_from_nothing_to_a_hundred() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("engaged.toml");
    let inputs = "{ when = 'any unsubscribe', coefficient = 1.5e0 }, { when = 'any open', coefficient = -2 }";
    let model = format!("intercept = 1\ninputs = [ {inputs} ]\n[fitted]\non = 2026-06-15\n");
    fs::write(folder.path().join("m.toml"), model).unwrap();
    let config = |top: u8| {
        let bands = format!("bands = [ {{ name = 'a', from = {top} }}, {{ name = 'b' }} ]");
        let text = format!("timezone = 'UTC'\n[scores.s]\nmodel = 'm.toml'\n{bands}\n");
        fs::write(&file, text).unwrap();
        load(&file, &Environment::new()).unwrap()
    };
    let fits = config(100);
    assert_eq!(fits.warnings, []);
    let score = &fits.rules.scores[0];
    assert_eq!(score.model, Some(vec![1.0, 1.5, -2.0]));
    assert_eq!(score.rules.len(), 3);
    // Nobody gets more.
    assert_eq!(config(101).warnings.len(), 1);
}

/// Texts that are nearly configurations: the example with pieces cut out and put in.
fn nearly_configuration() -> impl Strategy<Value = String> {
    let example = fs::read_to_string(in_workspace("config/engaged.example.toml")).unwrap();
    let edit = (
        any::<prop::sample::Index>(),
        0_usize..20,
        "[\"'\\[\\]{}=,.#a-z0-9é\n -]{0,6}",
    );
    prop::collection::vec(edit, 1..6).prop_map(move |edits| {
        let mut text: Vec<char> = example.chars().collect();
        for (at, cut, put) in edits {
            let at = at.index(text.len());
            let end = (at + cut).min(text.len());
            text.splice(at..end, put.chars());
        }
        text.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_makes_the_loader_panic(text in any::<String>(), value in any::<String>()) {
        let pairs = [("ENGAGED__SCORES", value.as_str()), ("ENGAGED__", "x"), ("ENGAGED__WEB__LISTEN", &value)];
        if let Err(all) = from_text(&text, &pairs) {
            prop_assert!(!render(&all, Style::Plain).is_empty());
        }
    }

    #[test]
    fn no_damage_makes_the_loader_panic(text in nearly_configuration()) {
        if let Err(all) = from_text(&text, &[]) {
            prop_assert!(!all.is_empty());
            prop_assert!(!render(&all, Style::Graphical).is_empty());
            let json: Vec<_> = all.iter().map(Diagnostic::to_json).collect();
            prop_assert_eq!(json.len(), all.len());
        }
    }
}
