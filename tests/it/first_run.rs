//! The first run at the shipped program: every platform connected by a file of answers, and a person at a terminal.

use std::{
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
    sync::{Arc, RwLock},
    time::Duration,
};

use chrono::{SubsecRound as _, TimeDelta, Utc};
use engaged_sandbox::{
    activecampaign::{self, ActiveCampaign},
    copernica::{self, Copernica},
    fault::FaultPlan,
    ghost::{Ghost, GhostConfig},
    hubspot::{self, HubSpot},
    ledger::Ledger,
    mailchimp::{self, Mailchimp},
    people::{World, WorldSpec},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::program::Program;

/// A stand-in, and how answers name it.
pub struct Site {
    pub platform: &'static str,
    pub key: String,
    pub address: String,
    /// Further lines of the answers.
    pub more: String,
    pub ledger: Ledger,
    _served: Box<dyn std::any::Any>,
    _runtime: Runtime,
}

/// Serves a platform with a few people.
pub fn serve(platform: &'static str) -> Site {
    let end = (Utc::now() - TimeDelta::days(1)).trunc_subsecs(0);
    let world = World::generate(&WorldSpec::small(1, end, 30));
    let (world, none) = (Arc::new(RwLock::new(world)), FaultPlan::none());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let site = |key: &str, address: String, more: String, ledger: &Ledger| {
        (key.to_owned(), address, more, ledger.clone())
    };
    let ((key, address, more, ledger), served): (_, Box<dyn std::any::Any>) =
        runtime.block_on(async {
            match platform {
                "mailchimp" => {
                    let options = mailchimp::Options {
                        batch_steps: 1,
                        ..mailchimp::Options::default()
                    };
                    let it = Mailchimp::start(options, world, none).await.unwrap();
                    let told = site(it.key(), it.base_url(), String::new(), it.ledger());
                    (told, Box::new(it) as Box<dyn std::any::Any>)
                }
                "ghost" => {
                    let ghost = Ghost::new(GhostConfig::default(), world);
                    let it = ghost.serve(none, 0).await.unwrap();
                    let told = site(&it.key(), it.base_url(), String::new(), it.ledger());
                    (told, Box::new(it) as Box<dyn std::any::Any>)
                }
                "activecampaign" => {
                    let options = activecampaign::Options::default();
                    let it = ActiveCampaign::start(options, world, none).await.unwrap();
                    let told = site(it.key(), it.base_url(), String::new(), it.ledger());
                    (told, Box::new(it) as Box<dyn std::any::Any>)
                }
                "copernica" => {
                    let options = copernica::Options::default();
                    let it = Copernica::start(options, world, none).await.unwrap();
                    let auth = format!("auth_address = \"{}\"\n", it.auth_url());
                    let told = site(it.key(), it.base_url(), auth, it.ledger());
                    (told, Box::new(it) as Box<dyn std::any::Any>)
                }
                _ => {
                    let options = hubspot::Options::default();
                    let it = HubSpot::start(options, world, none).await.unwrap();
                    let told = site(it.key(), it.base_url(), String::new(), it.ledger());
                    (told, Box::new(it) as Box<dyn std::any::Any>)
                }
            }
        });
    Site {
        platform,
        key,
        address,
        more,
        ledger,
        _served: served,
        _runtime: runtime,
    }
}

/// An empty folder with the answers for a site, and the program to run in it.
pub fn answered(site: &Site, more: &str) -> Program {
    let program = Program::with("");
    std::fs::remove_file(program.path().join("engaged.toml")).unwrap();
    program.file("key-here", &site.key);
    let answers = format!(
        "platform = \"{}\"\nkey = {{ file = \"key-here\" }}\naddress = \"{}\"\n{}{more}",
        site.platform, site.address, site.more
    );
    program.file("answers.toml", &answers);
    program
}

/// What stands in the program's folder, in order.
fn left(program: &Program) -> Vec<String> {
    let all = std::fs::read_dir(program.path()).unwrap();
    let mut names: Vec<String> = all
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

const INIT: [&str; 3] = ["init", "--answers", "answers.toml"];

#[test]
fn every_platform_is_connected_by_answers_and_not_written_to() {
    for platform in [
        "mailchimp",
        "ghost",
        "activecampaign",
        "copernica",
        "hubspot",
    ] {
        let site = serve(platform);
        let program = answered(&site, "language = \"nl\"\ntimezone = \"Europe/Brussels\"\n");
        let told = program.json(&INIT);
        assert_eq!(told["platform"], platform);
        assert_eq!(told["timezone"], "Europe/Brussels");
        let key = program.path().join("secrets").join(platform);
        assert_eq!(std::fs::read_to_string(&key).unwrap().trim(), site.key);
        let mode = std::fs::metadata(&key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(program.path().join("engaged.toml")).unwrap();
        assert!(!text.contains(&site.key), "{text}");
        program.expect(0, &["check"]);
        program.expect(0, &["sync"]);
        program.expect(0, &["score"]);
        let plan = program.json(&["plan"]);
        assert!(plan["writes"].as_u64().unwrap() > 0, "{platform}: {plan}");
        program.expect(0, &["apply"]);
        let written = site.ledger.writes();
        assert!(written.is_empty(), "{platform}: {written:?}");
    }
}

#[test]
fn a_key_that_is_refused_or_an_unknown_list_leaves_nothing() {
    let site = serve("mailchimp");
    for (more, key, code, word) in [
        (
            "lists = [\"Nieuws\"]\n",
            site.key.clone(),
            2,
            "there is no audience",
        ),
        ("", format!("{}-us1", "0".repeat(32)), 6, "API Key Invalid"),
    ] {
        let program = answered(&site, more);
        program.file("key-here", &key);
        let refused = program.expect(code, &INIT);
        assert!(refused.err.contains(word), "{}", refused.err);
        assert!(!refused.err.contains(&key), "{}", refused.err);
        assert_eq!(left(&program), ["answers.toml", "key-here"]);
    }
}

#[test]
fn what_is_there_is_not_written_over() {
    let site = serve("ghost");
    let program = answered(&site, "");
    program.file("engaged.toml", "# mine\n");
    let asked = site.ledger.entries().len();
    let refused = program.expect(2, &INIT);
    assert!(
        refused.err.contains("engaged.toml is there already"),
        "{}",
        refused.err
    );
    // It is refused before the platform is asked anything.
    assert_eq!(site.ledger.entries().len(), asked);
    let text = std::fs::read_to_string(program.path().join("engaged.toml")).unwrap();
    assert_eq!(text, "# mine\n");
}

#[test]
fn without_a_terminal_and_answers_nobody_is_asked() {
    let folder = TempDir::new().unwrap();
    let told = Command::new(env!("CARGO_BIN_EXE_engaged"))
        .current_dir(folder.path())
        .arg("init")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(told.status.code(), Some(2));
    let said = String::from_utf8(told.stderr).unwrap();
    assert!(said.contains("--answers FILE"), "{said}");
}

/// Types lines on a terminal of the program's own, each once the program has asked something new. Gives all that the
/// terminal showed.
fn typed(program: &Program, lines: &[&str]) -> String {
    let command = format!("{} init", program.binary.display());
    let mut terminal = program.command(&[]);
    let mut child = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .current_dir(program.path())
        .envs(
            terminal
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("LANG", "en_US.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`script` of util-linux");
    terminal.env_clear();
    let mut keys = child.stdin.take().unwrap();
    let mut screen = child.stdout.take().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel::<u8>();
    let reader = std::thread::spawn(move || {
        use std::io::Read as _;
        let mut byte = [0];
        while matches!(screen.read(&mut byte), Ok(1)) {
            if sender.send(byte[0]).is_err() {
                break;
            }
        }
    });
    let mut shown = Vec::new();
    for line in lines {
        // A question ends in ": ", and nothing follows it.
        loop {
            match receiver.recv_timeout(Duration::from_mins(1)) {
                Ok(byte) => shown.push(byte),
                Err(
                    std::sync::mpsc::RecvTimeoutError::Timeout
                    | std::sync::mpsc::RecvTimeoutError::Disconnected,
                ) => panic!(
                    "no question before {line:?}: {}",
                    String::from_utf8_lossy(&shown)
                ),
            }
            if shown.ends_with(b": ") {
                match receiver.recv_timeout(Duration::from_millis(150)) {
                    Ok(byte) => shown.push(byte),
                    Err(_) => break,
                }
            }
        }
        keys.write_all(format!("{line}\r").as_bytes()).unwrap();
        keys.flush().unwrap();
    }
    child.wait().unwrap();
    reader.join().unwrap();
    shown.extend(receiver.iter());
    String::from_utf8_lossy(&shown).into_owned()
}

#[test]
fn a_person_is_asked_nine_times_and_again_where_an_answer_will_not_do() {
    let site = serve("ghost");
    let program = answered(&site, "");
    let wrong = format!("{}x", &site.key[..site.key.len() - 1]);
    let lines = [
        "ghots",
        "ghost",
        "ftp://x",
        &site.address,
        &wrong,
        &site.key,
        "9",
        "1",
        "nope",
        "",
        "fr",
        "nl",
        "Europe/Amsterdm",
        "Europe/Amsterdam",
        "-1",
        "3",
        "perhaps",
        "n",
    ];
    let shown = typed(&program, &lines);
    for told in [
        "did you mean 'ghost'?",
        "must begin with https://",
        "not hexadecimal",
        "'9' is none of them",
        "no rules 'nope'",
        "no language 'fr'",
        "did you mean 'Europe/Amsterdam'?",
        "no number of days",
        "neither yes nor no",
        "wrote engaged.toml",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(
        !shown.contains(&site.key) && !shown.contains(&wrong),
        "{shown}"
    );
    let text = std::fs::read_to_string(program.path().join("engaged.toml")).unwrap();
    assert!(
        !text.contains("[web]") && text.contains("language = \"nl\""),
        "{text}"
    );
    program.expect(0, &["check"]);
    // Each of nine questions was asked twice, once because of a wrong answer.
    assert_eq!(lines.len(), 18);
}

#[test]
fn whoever_leaves_in_the_middle_leaves_nothing() {
    let site = serve("ghost");
    let program = answered(&site, "");
    // Ctrl-C while the key is typed, which nothing shows; and the end of the input at a question.
    let shown = typed(&program, &["ghost", &site.address, "abc\u{3}"]);
    assert!(shown.contains("nothing was written"), "{shown}");
    typed(&program, &["ghost", &site.address, &site.key, "\u{4}"]);
    assert_eq!(left(&program), ["answers.toml", "key-here"]);
}

#[test]
fn a_shadow_period_keeps_what_would_be_written_and_going_live_ends_it_in_the_file() {
    let site = serve("mailchimp");
    let program = answered(&site, "shadow_days = 3\ndashboard = false\n");
    program.expect(0, &INIT);
    let refused = program.expect(2, &["go-live", "--yes"]);
    assert!(refused.err.contains("engaged sync"), "{}", refused.err);
    program.expect(0, &["once"]);
    let status = program.json(&["status"]);
    let shadow = &status["connections"][0]["shadow"];
    let plan = program.json(&["plan"]);
    assert_eq!(shadow["days"], 1, "{status}");
    assert_eq!(shadow["last"]["writes"], plan["writes"], "{shadow}");
    assert!(plan["writes"].as_u64().unwrap() > 0);
    // A second cycle of the day takes the place of the first.
    program.expect(0, &["once"]);
    let again = program.json(&["status"]);
    assert_eq!(&again["connections"][0]["shadow"], shadow);
    let text = program.expect(0, &["status"]).out;
    assert!(
        text.contains("in its shadow period until") && text.contains("add tag"),
        "{text}"
    );

    // Without a terminal somebody has to mean it.
    let asked = program.expect(2, &["go-live"]);
    assert!(asked.err.contains("--yes"), "{}", asked.err);
    let file = program.path().join("engaged.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    let gone = program.expect(0, &["go-live", "--yes"]);
    assert!(
        gone.out.contains("What would be written now") && gone.out.contains("The shadow period"),
        "{}",
        gone.out
    );
    let after = std::fs::read_to_string(&file).unwrap();
    let kept = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .filter(|line| !line.starts_with("mode =") && !line.starts_with("shadow_until"));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(kept(&before), kept(&after));
    assert!(
        after.contains("mode = \"live\"") && !after.contains("shadow_until"),
        "{after}"
    );
    assert!(site.ledger.writes().is_empty());
    // It is held once more, and then written.
    program.expect(5, &["once"]);
    assert!(site.ledger.writes().is_empty());
    program.expect(0, &["approve", "baseline"]);
    program.expect(0, &["apply"]);
    assert!(!site.ledger.writes().is_empty());
    let again = program.expect(2, &["go-live", "mailchimp", "--yes"]);
    assert!(again.err.contains("is live already"), "{}", again.err);
}

#[test]
fn going_live_is_refused_while_the_platform_refuses_the_key_or_the_environment_says_otherwise() {
    let site = serve("ghost");
    let program = answered(&site, "");
    program.expect(0, &INIT);
    program.expect(0, &["once"]);
    let file = program.path().join("engaged.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    let mut overridden = program.command(&["go-live", "--yes"]);
    overridden.env("ENGAGED__CONNECTIONS__GHOST__MODE", "read-only");
    let overridden = overridden.output().unwrap();
    let said = String::from_utf8(overridden.stderr).unwrap();
    assert!(
        overridden.status.code() == Some(2) && said.contains("E0147"),
        "{said}"
    );
    let key = program.path().join("secrets/ghost");
    std::fs::write(&key, format!("{}:{}", "1".repeat(24), "2".repeat(64))).unwrap();
    let refused = program.expect(8, &["go-live", "--yes"]);
    assert!(
        refused.err.contains("nothing was changed"),
        "{}",
        refused.err
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
}

#[test]
fn a_doctor_finds_what_is_wrong_and_says_what_mends_it() {
    let site = serve("mailchimp");
    let program = answered(&site, "");
    program.expect(0, &INIT);
    program.expect(0, &["sync"]);
    let well = program.json(&["doctor"]);
    let codes = |report: &serde_json::Value| -> Vec<String> {
        let all = report["findings"].as_array().unwrap().iter();
        all.map(|each| each["code"].as_str().unwrap().to_owned())
            .collect()
    };
    let found = codes(&well);
    for code in [
        "configuration",
        "database",
        "disk",
        "clock",
        "key",
        "right_needless",
        "field_missing",
    ] {
        assert!(found.iter().any(|each| each == code), "{code}: {well}");
    }
    let asked = site.ledger.entries().len();
    assert!(!codes(&program.json(&["doctor", "--offline"])).contains(&"key".to_owned()));
    assert_eq!(site.ledger.entries().len(), asked);

    let key = program.path().join("secrets/mailchimp");
    std::fs::write(&key, format!("{}-us1", "0".repeat(32))).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ill = program.expect(3, &["doctor", "--json"]);
    let ill: serde_json::Value = serde_json::from_str(&ill.out).unwrap();
    let found = codes(&ill);
    assert_eq!(found[0], "platform_refused", "{ill}");
    assert!(found.contains(&"secret_open".to_owned()), "{ill}");
    let fixes = ill["findings"].as_array().unwrap().iter();
    let mut fixes =
        fixes.filter(|each| ["warning", "trouble"].contains(&each["state"].as_str().unwrap()));
    assert!(fixes.all(|each| each["fix"].is_string()), "{ill}");
    assert!(site.ledger.writes().is_empty());
    program.expect(2, &["doctor", "shop"]);
}

/// What nobody who helps may see: whose, and where it is put.
const CANARIES: [&str; 12] = [
    "canary.person@example.org",
    "canaryPersonName",
    "canaryCampaign",
    "canary-link.example",
    "canaryItem",
    "canaryList",
    "canary5ecret0123456789abcdef",
    "canaryAlertSecret",
    "canaryComment",
    "canaryTestAddress",
    "canaryQueryToken",
    "203.0.113.77",
];

/// A configuration and people with canaries in every place.
fn with_canaries() -> Program {
    let program = Program::with(
        r#"
# canaryComment
timezone = "Europe/Amsterdam"
[connections.news]
platform = "mailchimp"
base_url = "http://127.0.0.1:9"
key = { file = "news.key" }
lists = ["canaryList of Jan"]
push.fields = { ENGSCORE = "engagement" }
[alerts]
url = "https://canary-link.example/hook?token=canaryQueryToken"
key = { file = "alerts.key" }
[scores.engagement]
rules = [ { when = "click on 'https://canary-link.example/*'", points = 1 },
          { when = "field first_name is 'canaryPersonName'", points = 2 } ]
bands = [ { name = "all" } ]
[[tests]]
name = "canaryPersonName clicks"
as_of = 2026-06-15
contact.email = "canaryTestAddress@example.org"
expect.scores = { engagement = 0 }
"#,
    );
    for (name, text) in [
        ("news.key", "canary5ecret0123456789abcdef-us1"),
        ("alerts.key", "canaryAlertSecret"),
        (
            "rows.jsonl",
            r#"{"email":"canary.person@example.org","status":"subscribed","fields":{"first_name":"canaryPersonName"},"lists":["canaryList of Jan"]}
{"email":"canary.person@example.org","kind":"click","at":"2026-06-01T10:00:00Z","campaign":"canaryCampaign","link":"https://canary-link.example/a?u=canaryQueryToken"}
{"email":"canary.person@example.org","kind":"purchase","at":"2026-06-01T10:00:00Z","item":"canaryItem","value":"1.00","currency":"EUR"}
"#,
        ),
        (
            "engaged.log",
            "2026-06-15T10:00:00Z  INFO engaged: pushed connection=\"news\" applied=3\n\
             2026-06-15T10:00:01Z  WARN engaged: GET members/canary.person@example.org?apikey=canaryQueryToken from 203.0.113.77: \
             key canary5ecret0123456789abcdef-us1 refused for 'canaryPersonName', canaryAlertSecret\n",
        ),
    ] {
        let path = program.file(name, text);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    program
}

/// The files of a bundle, by name.
pub fn unpacked(path: &std::path::Path) -> std::collections::BTreeMap<String, String> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(
        std::fs::File::open(path).unwrap(),
    ));
    let mut found = std::collections::BTreeMap::new();
    for entry in archive.entries().unwrap() {
        use std::io::Read as _;
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        found.insert(name.split_once('/').unwrap().1.to_owned(), text);
    }
    found
}

#[test]
fn a_support_bundle_holds_no_secret_and_nothing_of_a_person_and_is_for_its_owner_alone() {
    let program = with_canaries();
    program.expect(0, &["import", "rows.jsonl"]);
    program.expect(0, &["score"]);
    // A run that fails, with words about it.
    program.run(&["sync"]);
    let made = program.expect(
        0,
        &[
            "support-bundle",
            "-o",
            "out.tar.gz",
            "--log",
            "engaged.log",
            "--json",
        ],
    );
    assert!(
        made.err.contains("README.txt") && made.err.contains("status.json"),
        "{}",
        made.err
    );
    let path = program.path().join("out.tar.gz");
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let found = unpacked(&path);
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "README.txt",
            "alerts.json",
            "configuration/engaged.toml",
            "database.json",
            "doctor.json",
            "log.txt",
            "runs.json",
            "status.json",
            "version.json"
        ]
    );
    for (name, text) in &found {
        for canary in CANARIES {
            assert!(!text.contains(canary), "{canary} in {name}: {text}");
        }
    }
    // It is of use all the same.
    let has =
        |name: &str, word: &str| assert!(found[name].contains(word), "{word}: {}", found[name]);
    has("configuration/engaged.toml", "click on '…'");
    has("database.json", "\"event\": 2");
    has("runs.json", "\"job\": \"sync\"");
    has("log.txt", "applied=3");
    has("doctor.json", "platform_unreachable");
    // Nothing is written over.
    program.expect(2, &["support-bundle", "-o", "out.tar.gz", "--offline"]);
}
