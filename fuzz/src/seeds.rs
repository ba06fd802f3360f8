//! The seeds of the corpora, made from what the repository has: stand-ins, recorded answers, examples, broken files.
//!
//! `UPDATE_CORPUS=1 cargo test --test fuzz` writes them; what fuzzing found stands beside them and stays.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use engaged::conformance::subject;
use engaged_connectors::conformance::{Access, Edit};

use super::{
    platform::{ALL, BETWEEN, Platform, Recorded, with_stand},
    scratch::Noon,
};

/// A seed has at most so many bytes: large inputs are slow, and what they reach small ones reach.
const SEED_MAX: usize = 12 * 1024;

/// Writes all seeds below a folder; `root` is that of the repository.
pub fn write(root: &Path, corpus: &Path) {
    for (place, name) in ALL.into_iter().enumerate() {
        // The stand-in is set up here: inside, one waiting would stand within another.
        let _ = Platform::of(name);
        with_stand(read(place, name, corpus));
        recorded(name, corpus);
        with_stand(hooked(place, name, corpus));
    }
    files(root, corpus);
}

fn keep(corpus: &Path, target: &str, name: &str, bytes: &[u8]) {
    let folder = corpus.join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("seed-{name}")), bytes).unwrap();
}

/// As many answers as fit.
fn script(head: &[u8], answers: &[Vec<u8>]) -> Vec<u8> {
    let mut all = head.to_vec();
    for answer in answers {
        if all.len() + answer.len() > SEED_MAX {
            break;
        }
        all.push(BETWEEN);
        all.extend_from_slice(answer);
    }
    all
}

/// Every stream of a stand-in, its cursor, and what comes after it.
async fn read(place: usize, name: &str, corpus: &Path) {
    let platform = Platform::of(name);
    let way = Arc::new(Recorded::new(&*platform.stand));
    let connector = platform
        .stand
        .connect(&Access::good(), Arc::new(Noon), Arc::clone(&way) as _)
        .unwrap();
    let letter = b'a' + u8::try_from((place + 5 - usize::from(b'a') % 5) % 5).unwrap();
    for (digit, each) in (b'0'..).zip(connector.capabilities().streams) {
        way.taken();
        let mut cursor = None;
        for _ in 0..4 {
            let Ok(page) = connector.pull(each.stream, cursor.as_ref()).await else {
                break;
            };
            cursor = Some(page.next);
        }
        let answers = way.taken().answers;
        keep(corpus, name, each.stream.0, &script(&[digit], &answers));
        let Some(cursor) = cursor else { continue };
        let head = [&[letter, digit][..], cursor.as_str().as_bytes()].concat();
        let _ = connector.pull(each.stream, Some(&cursor)).await;
        let answers = way.taken().answers;
        keep(
            corpus,
            "cursor",
            &format!("{name}-{}", each.stream.0),
            &script(&head, &answers),
        );
    }
    for letter in [b'c', b'f', b'l', b'k', b'p', b'a', b's', b'u'] {
        way.taken();
        super::wire::act(platform, connector.as_ref(), letter).await;
        let answers = way.taken().answers;
        let what = format!("do-{}", char::from(letter));
        keep(corpus, name, &what, &script(&[letter], &answers));
    }
}

/// The recorded answers of the conformance checks, odd rows and all.
fn recorded(name: &str, corpus: &Path) {
    let platform = Platform::of(name);
    let connector = platform.deaf();
    let streams = connector.capabilities().streams;
    for case in subject(name).unwrap().golden() {
        let place = streams.iter().position(|each| each.stream == case.stream);
        let digit = b'0' + u8::try_from(place.unwrap()).unwrap();
        let answer = |(_, text): &(&str, &str)| format!("200\n\n{text}").into_bytes();
        let answers: Vec<Vec<u8>> = case.answers.iter().map(answer).collect();
        keep(
            corpus,
            name,
            &format!("golden-{}", case.name),
            &script(&[digit], &answers),
        );
    }
}

/// What a stand-in sends by itself on a day of news.
async fn hooked(place: usize, name: &str, corpus: &Path) {
    let stand = &Platform::of(name).stand;
    stand.deliveries().await;
    let _ = stand.edit(Edit::News).await;
    let letter = b'i' + u8::try_from((place + 7 - usize::from(b'i') % 7) % 7).unwrap();
    let mut sizes = Vec::new();
    for sent in stand.deliveries().await {
        // One of each length: those of one kind are alike.
        let size = sent.body.len() / 24;
        if sizes.contains(&size) || sizes.len() >= 8 || sent.body.len() > SEED_MAX {
            continue;
        }
        sizes.push(size);
        let mut all = vec![letter];
        all.extend_from_slice(format!("{} {}", sent.method, sent.url).as_bytes());
        for (name, value) in &sent.headers {
            all.extend_from_slice(format!("\n{name}: {value}").as_bytes());
        }
        all.extend_from_slice(b"\n\n");
        all.extend_from_slice(&sent.body);
        keep(corpus, "webhook", &format!("{name}-{}", sizes.len()), &all);
    }
}

/// Files of the repository, and a few lines by hand.
fn files(root: &Path, corpus: &Path) {
    let mut whens = Vec::new();
    for path in below(
        root,
        &["config", "config/packs", "tests/config_errors"],
        "toml",
    ) {
        let text = fs::read_to_string(&path).unwrap();
        whens.extend(
            text.split("when = \"")
                .skip(1)
                .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())),
        );
        whens.extend(
            text.split("if = \"")
                .skip(1)
                .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())),
        );
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if text.len() <= SEED_MAX {
            keep(corpus, "config", &name, text.as_bytes());
        }
    }
    whens.sort();
    whens.dedup();
    for (number, when) in whens.iter().enumerate() {
        keep(corpus, "rules", &format!("{number:03}"), when.as_bytes());
    }
    for (target, name, text) in BY_HAND {
        keep(corpus, target, name, text.as_bytes());
    }
}

fn below(root: &Path, folders: &[&str], extension: &str) -> Vec<PathBuf> {
    let entries = folders
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == extension))
        .collect();
    paths.sort();
    paths
}

const BY_HAND: [(&str, &str, &str); 32] = [
    ("database", "sound", ""),
    ("database", "hole", "\0\u{20}\0\0\u{40}"),
    (
        "rules",
        "count",
        "at least 3 opens in 3 months and not (segment hot or status is unsubscribed)",
    ),
    (
        "rules",
        "where",
        "form submit on \"/contact*\" where field \"Soort\" is one of 'a', 2, 2026-01-01, true",
    ),
    ("rules", "span", "2 months"),
    ("globs", "two", "/prijs*\n/prijs/?\n^/prijs.*$\n/prijs/a"),
    ("globs", "greek", "*ς*\nσ*?\n\\p{Greek}+\nὈδυσσεύς"),
    ("history", "empty", "\u{2}"),
    (
        "history",
        "three",
        "\u{2}\u{20}\u{2}\u{1}\u{2}\u{a0}\u{4}\u{2}\u{a1}\u{6}\u{2}",
    ),
    (
        "rows",
        "jsonl",
        "{\"email\":\"jan@example.nl\",\"kind\":\"purchase\",\"at\":\"2026-01-02T03:04:05Z\",\"value\":12.50,\"currency\":\"EUR\",\"quantity\":2,\"order\":\"A-1\"}\n{\"id\":\"7\",\"status\":\"subscribed\",\"lists\":[\"a\",\"b\"],\"fields\":{\"Plaats\":\"Delft\"}}\n{\"gap\":{\"from\":\"2026-01-01\",\"to\":\"2026-01-03\",\"kinds\":[\"open\"]}}\n",
    ),
    (
        "rows",
        "csv",
        "email,kind,at,link,fields.Plaats,properties.x\njan@example.nl,click,2026-01-02 03:04:05,https://a.nl/,Delft,1\n",
    ),
    (
        "import",
        "jsonl",
        "b{\"email\":\"jan@example.nl\",\"kind\":\"open\",\"at\":\"2026-01-02T03:04:05Z\",\"id\":\"1\"}\n\n{\"email\":\"jan@example.nl\",\"kind\":\"open\",\"at\":\"2026-01-02T03:04:06Z\",\"id\":\"1\"}\nno json\n{\"id\":\"7\",\"email\":\"els@example.nl\",\"status\":\"subscribed\"}\n",
    ),
    (
        "import",
        "csv",
        "c\u{feff}email;kind;at;value\njan@example.nl;purchase;2026-01-02T03:04:05Z;12,50\n\"els@example.nl\";open;2026-01-02;\n",
    ),
    (
        "import",
        "comma",
        "cemail,kind,at\njan@example.nl,open,2026-01-02T03:04:05Z\njan@example.nl,open,2026-01-02T03:04:05Z\n",
    ),
    (
        "schedule",
        "often",
        "*/15 * * * *\nEurope/Amsterdam\n1774746000\n",
    ),
    (
        "schedule",
        "night",
        "30 2 * * 0\nAmerica/New_York\n1772953200\n",
    ),
    ("schedule", "never", "0 0 30 2 *\nUTC\n0\n"),
    (
        "schedule",
        "names",
        "0 3 1-7,L */2 MON#1\nAustralia/Lord_Howe\n1790000000\n",
    ),
    (
        "signature",
        "ghost",
        "0https://hooks.example/in/x\n{\"member\":{\"current\":{\"id\":\"1\"}}}",
    ),
    (
        "signature",
        "hubspot",
        "1https://hooks.example/in/x?y=z\n[{\"eventId\":1}]",
    ),
    (
        "signature",
        "copernica",
        "2keyId=\"a.copernica.com\",algorithm=\"rsa-sha256\",headers=\"(request-target) host date\",signature=\"AAAA\"\ntype=open",
    ),
    (
        "plan",
        "plan",
        "{\"schema\":1,\"fingerprint\":\"0f3a\",\"writes\":0,\"connections\":[]}",
    ),
    ("plan", "none", "{\"schema\":1,\"fingerprint\":7}"),
    (
        "answers",
        "whole",
        "platform = \"mailchimp\"\nkey = { env = \"KEY\" }\nname = \"nieuws\"\nlists = [\"Nieuwsbrief\"]\nrules = \"shop\"\ntimezone = \"Europe/Amsterdam\"\nlanguage = \"nl\"\nshadow_days = 7\ndashboard = true\n",
    ),
    (
        "answers",
        "copernica",
        "platform = \"copernica\"\nkey = { env = \"KEY\" }\ndatabase = \"Relaties \\\"oud\\\"\"\n",
    ),
    (
        "answers",
        "ghost",
        "platform = \"ghost\"\nkey = { env = \"KEY\" }\naddress = \"https://blog.example\"\n",
    ),
    (
        "query",
        "contacts",
        "/contacts?q=jan&who=segment%3Ahot&where=no+open+in+3+months&sort=most:engagement&after=n1&seen=50",
    ),
    (
        "query",
        "api",
        "/api/v1/contacts?segment=hot&limit=5&after=n1&where=open",
    ),
    (
        "query",
        "events",
        "/api/v1/events\n{\"connection\":\"shop\",\"rows\":[{\"email\":\"jan@example.nl\",\"kind\":\"click\",\"at\":\"2026-11-02T10:00:00Z\"}]}",
    ),
    (
        "query",
        "lookup",
        "/api/v1/contacts/lookup\n{\"email\":\"jan@example.nl\"}",
    ),
    (
        "text",
        "prose",
        "401 for 'jan@example.nl' from 10.0.0.1: key=0123456789abcdef0123456789ab \u{1b}[31m /home/tom s3cr3t-of-ours",
    ),
    (
        "text",
        "toml",
        "[connections.shop]\nplatform = \"mailchimp\"\nlists = [\"Newsletter\"]\nkey = { file = \"secrets/x\" } # jan@example.nl\n",
    ),
];
