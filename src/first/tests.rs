use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use chrono::NaiveDate;
use secrecy::SecretString;

use super::{
    answers::{self, Answers},
    compose::{self, KeyIn},
    offer::{PLATFORMS, STARTS},
    place::Places,
};
use crate::config::{self, Environment, Language, Mode, Platform, SourceFile};

const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 6, 15).unwrap();
const ZONE: chrono_tz::Tz = chrono_tz::Tz::Europe__Amsterdam;

fn composed(answers: &Answers) -> config::Config {
    let text = compose::text(answers, KeyIn::File("secrets/x"), "engaged.db", TODAY);
    let path = Path::new("engaged.toml");
    let file = SourceFile {
        path: path.to_owned(),
        text: text.clone(),
    };
    config::load_texts(path, &[file], &Environment::new())
        .unwrap_or_else(|all| panic!("{all:?}\n{text}"))
}

#[test]
fn a_configuration_under_etc_names_the_folder_that_the_service_may_write() {
    let of = |config: &str| Places::of(Path::new(config), "news").database;
    assert_eq!(
        of("/etc/engaged/engaged.toml"),
        "/var/lib/engaged/engaged.db"
    );
    for beside in ["engaged.toml", "/srv/etc/engaged.toml", "etc/engaged.toml"] {
        assert_eq!(of(beside), "engaged.db", "{beside}");
    }
}

#[test]
fn every_platform_and_every_beginning_make_a_configuration_that_is_right_and_read_only() {
    let mut seen = 0;
    for guide in &PLATFORMS {
        for start in &STARTS {
            let key = SecretString::from("k");
            let mut answers = Answers::new(guide, key, ZONE, Language::Dutch);
            answers.start = start;
            answers.lists = vec!["Een \"lijst\"\n".to_owned()];
            answers.address = guide
                .address
                .map(|_| answers::address("blog.example").unwrap());
            let config = composed(&answers);
            let [connection] = config.connections.as_slice() else {
                panic!("{}", config.connections.len());
            };
            assert_eq!(connection.mode, Mode::ReadOnly);
            assert_eq!(connection.platform, guide.platform);
            assert_eq!(connection.shadow_until.unwrap().to_string(), "2026-06-22");
            let lists = match guide.platform {
                Platform::Copernica => vec![],
                _ => answers.lists.clone(),
            };
            assert_eq!(connection.lists, lists);
            assert_eq!(
                connection.push.fields.len(),
                usize::from(guide.field.is_some())
            );
            assert_eq!(connection.push.tags.as_ref().unwrap().bands, ["engagement"]);
            assert_eq!(config.language, Language::Dutch);
            assert!(config.web.is_some());
            // Own rules are beyond doubt; a pack's may ask for something of one's own.
            assert!(
                start.pack.is_some() || config.warnings.is_empty(),
                "{:?}",
                config.warnings
            );
            seen += 1;
        }
    }
    assert_eq!(seen, 25);
}

#[test]
fn every_platform_with_a_connector_is_offered() {
    for word in [
        "mailchimp",
        "ghost",
        "activecampaign",
        "mailblue",
        "copernica",
        "hubspot",
    ] {
        let platform: Platform = word.parse().unwrap();
        assert_eq!(answers::platform(word).unwrap().platform, platform);
    }
    assert_eq!(
        answers::platform(" 4 ").unwrap().platform,
        Platform::Copernica
    );
    for wrong in ["0", "6", "klaviyo", ""] {
        assert!(answers::platform(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn lists_are_chosen_by_number_or_name_and_a_name_may_hold_a_comma() {
    let there = ["Nieuws".to_owned(), "Shop, de".to_owned(), "3".to_owned()];
    let chosen = |typed| answers::lists(typed, &there);
    assert_eq!(chosen("").unwrap(), Vec::<String>::new());
    assert_eq!(chosen("All").unwrap(), Vec::<String>::new());
    assert_eq!(chosen("2, nieuws,1").unwrap(), ["Shop, de", "Nieuws"]);
    assert_eq!(chosen("shop, de").unwrap(), ["Shop, de"]);
    assert!(chosen("Niews").unwrap_err().1.contains("Nieuws"));
    assert!(chosen("4").is_err());
}

#[test]
fn answers_that_will_not_do_are_refused_without_a_word_of_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answers.toml");
    let environment = Environment::from([("KEY".to_owned(), "k3y".to_owned())]);
    for (text, code, word) in [
        (
            "platform = \"ghost\"\nkey = \"s3cr3t\"",
            "E0111",
            "the answers themselves",
        ),
        ("key = { env = \"KEY\" }", "E0103", "platform"),
        (
            "platform = \"mailchimp\"\nkey = { env = \"KEY\" }\nlist = []",
            "E0103",
            "list",
        ),
        (
            "platform = \"mailchimp\"\nkey = { env = \"KEY\", file = \"x\" }",
            "E0106",
            "one place",
        ),
        (
            "platform = \"mailchimp\"\nkey = { env = \"NONE\" }",
            "E0106",
            "NONE",
        ),
        (
            "platform = \"ghost\"\nkey = { env = \"KEY\" }",
            "E0106",
            "address of its own",
        ),
        (
            "platform = \"klaviyo\"\nkey = { env = \"KEY\" }",
            "E0106",
            "no connector",
        ),
        (
            "platform = \"mailchimp\"\nkey = { env = \"KEY\" }\nrules = \"x\"",
            "E0106",
            "no rules",
        ),
        (
            "platform = \"mailchimp\"\nkey = { env = \"KEY\" }\nshadow_days = -1",
            "E0106",
            "days",
        ),
        ("platform = \"mailchimp\"\nkey = s3cr3t", "E0102", ":2:"),
    ] {
        fs::write(&file, text).unwrap();
        let refused = answers::read(&file, &environment, (ZONE, Language::English)).unwrap_err();
        let said = format!("{refused:?}");
        assert_eq!(refused.diagnostics[0].code, code, "{said}");
        assert!(said.contains(word) && !said.contains("s3cr3t"), "{said}");
    }
}

#[test]
fn both_files_are_written_or_neither_and_nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("engaged.toml");
    let (key, other) = (SecretString::from("k"), SecretString::from("o"));
    let places = Places::of(&named, "news");
    let left = || fs::read_dir(folder.path()).unwrap().count();
    // Something in the configuration's place at the last instant takes the key's file away again.
    fs::write(&named, "mine").unwrap();
    assert!(places.free(&named).is_err());
    assert!(places.write("text", &key).is_err());
    assert_eq!(
        (left(), fs::read_to_string(&named).unwrap().as_str()),
        (1, "mine")
    );
    fs::remove_file(&named).unwrap();
    places.write("text", &key).unwrap();
    assert_eq!(fs::read_to_string(&named).unwrap(), "text");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&places.key), 0o600);
    assert_eq!(mode(places.key.parent().unwrap()), 0o700);
    // A key's file that was left behind is good where it holds the same key.
    fs::remove_file(&named).unwrap();
    assert!(places.write("text", &other).is_err());
    assert_eq!(fs::read_to_string(&places.key).unwrap(), "k\n");
    places.write("text", &key).unwrap();
    assert_eq!(left(), 2);
}
