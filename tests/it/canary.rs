//! S5: what the program says at its finest level, over faults of four platforms, holds no key and nobody's address; nor
//! do the pages, answers and the bundle of the same life.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::{Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpStream},
    sync::Arc,
};

use engaged::{
    account::Accounts,
    clock::SystemClock,
    store::{Access, Store},
};
use engaged_sandbox::{
    fault::{Fault, Faults, Rule, RuleId, When},
    people::{Person, Publication},
};

use crate::{
    first_run::unpacked,
    program::Program,
    stage::{Running, Scene, Stage, until},
};

/// The keys of all platforms of a stage.
fn keys(stage: &Stage) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for key in ["site.key", "shop.key", "copernica.key", "hubspot.key"] {
        let key = std::fs::read_to_string(stage.program.path().join(key)).unwrap();
        // Ghost's has two halves, and Mailchimp's ends with its data centre.
        for part in key.split([':', '-']) {
            keys.extend((part.len() > 8).then(|| part.to_owned()));
        }
    }
    assert!(keys.len() > 3, "{} keys", keys.len());
    keys
}

/// The keys and addresses of all platforms of a stage: what must stand nowhere.
fn marks(stage: &Stage) -> BTreeSet<String> {
    let mut marks = keys(stage);
    let people = stage.world.read().unwrap();
    let addresses = people.people().iter().map(Person::address);
    marks.extend(addresses);
    assert!(marks.len() > 30, "{} marks", marks.len());
    marks
}

/// Everything that goes wrong, each once, at requests that every sync or push makes.
fn storm(faults: &Faults, first: u64) -> Vec<RuleId> {
    let wrong = [
        Fault::TooMany {
            retry_after: Some(1),
        },
        Fault::ServerError(500),
        Fault::CutBody,
        Fault::LoginPage,
        Fault::HalfBody,
        Fault::AnswerLost,
        Fault::Elsewhere(9),
    ];
    let rule = |(nth, fault)| faults.add(Rule::new("", When::Nth(nth), fault).at_most(1));
    // Apart: what is tried again and again waits longer and longer.
    (first..).step_by(3).zip(wrong).map(rule).collect()
}

/// Looks for each mark in each line.
fn search(said: &[(String, String)], marks: &BTreeSet<String>) {
    for (what, text) in said {
        for line in text.lines() {
            let found = marks.iter().find(|mark| line.contains(mark.as_str()));
            assert_eq!(found, None, "{what}: {line}");
        }
    }
}

/// A daemon's dashboard and API, asked as it runs.
struct Asked {
    address: SocketAddr,
}

impl Asked {
    fn get(&self, path: &str, header: &str) -> String {
        let mut line = TcpStream::connect(self.address).unwrap();
        let host = self.address;
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{header}\r\nconnection: close\r\n\r\n");
        line.write_all(head.as_bytes()).unwrap();
        let mut heard = Vec::new();
        line.read_to_end(&mut heard).unwrap();
        String::from_utf8_lossy(&heard).into_owned()
    }

    /// Every page that is linked to from the first, however far.
    fn pages(&self, who: &str, cookie: &str) -> Vec<(String, String)> {
        let mut seen = BTreeSet::from(["/".to_owned()]);
        let mut waiting = VecDeque::from(["/".to_owned()]);
        let mut said = Vec::new();
        while let Some(path) = waiting.pop_front() {
            let page = self.get(&path, cookie);
            for link in page.split("href=\"").skip(1) {
                let link = link.split(['"', '#']).next().unwrap().replace("&amp;", "&");
                // Orders and filters of one list are endless.
                let shape = link.split('=').next().unwrap().to_owned();
                let new = link.starts_with('/') && !link.starts_with("/assets");
                if new && seen.insert(shape) {
                    waiting.push_back(link);
                }
            }
            said.push((format!("{who} {path}"), page));
        }
        said
    }
}

/// The cookie of a new account, by a link that the program prints beside the daemon.
fn cookie(program: &Program, role: &[&str], name: &str) -> String {
    let link = program.json(&[&["web", "setup-link"], role].concat());
    let token = link["url"].as_str().unwrap().rsplit('/').next().unwrap();
    let database = program.path().join("engaged.db");
    let store = Store::open(&database, Access::Beside, &SystemClock).unwrap();
    let accounts = Accounts::new(store, Arc::new(SystemClock));
    let (password, from) = ("drie blauwe fietsen".into(), IpAddr::from([127, 0, 0, 1]));
    let made = accounts.use_setup_link(token, name, &password, from);
    let made = tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(made)
        .unwrap();
    format!("cookie: engaged_session={}", made.token.reveal())
}

/// Every verb over everything that goes wrong, and then without a key: what they said.
fn by_verbs(stage: &Stage) -> Vec<(String, String)> {
    let platforms = [
        stage.site_faults(),
        stage.shop().faults(),
        stage.copernica.as_ref().unwrap().faults(),
        stage.hubspot.as_ref().unwrap().faults(),
    ];
    let mut said: Vec<(String, String)> = Vec::new();
    let mut fired = 0;
    let mut run = |words: &[&str], first: Option<u64>| {
        let rules = first.map(|first| platforms.map(|faults| storm(faults, first)));
        let run = stage.program.run(&[&["-vv"], words].concat());
        for (faults, rules) in platforms.iter().zip(rules.into_iter().flatten()) {
            for rule in rules {
                fired += faults.fired(rule);
                faults.end(rule);
            }
        }
        said.push((words.join(" "), run.err));
        // What people ask about contacts names them; these are about the state of things.
        if ["status", "doctor", "alerts", "healthcheck", "hooks"].contains(&words[0]) {
            said.push((format!("{} (out)", words.join(" ")), run.out));
        }
    };
    run(&["sync"], Some(2));
    run(&["status"], None);
    run(&["once"], None);
    run(&["approve", "baseline"], None);
    run(&["apply"], Some(1));
    for faults in platforms {
        faults.add(Rule::new("", When::From(1), Fault::RevokedKey));
    }
    run(&["sync"], None);
    for verb in [
        "status",
        "doctor",
        "alerts",
        "healthcheck",
        "verify",
        "plan",
    ] {
        run(&[verb], None);
    }
    assert!(fired > 25, "only {fired} faults");
    said
}

/// The daemon after it, all that it shows, and its log. Who may see contacts sees their addresses, and never a key; that is
/// looked at here.
fn by_pages(stage: &Stage, marks: &BTreeSet<String>) -> Vec<(String, String)> {
    let program = &stage.program;
    let mut daemon = Running::start(program, &["-vv", "run"]);
    until("it runs", || daemon.said().contains("setup/"));
    let address = daemon.address();
    let asked = Asked { address };
    let admin = cookie(program, &[], "tom");
    let viewer = cookie(program, &["--role", "viewer"], "marit");
    let token = program.json(&["web", "token", "reader", "--scope", "read"]);
    let token = format!("authorization: Bearer {}", token["token"].as_str().unwrap());
    let by_admin = asked.pages("admin", &admin);
    let mut said = asked.pages("viewer", &viewer);
    for pages in [&by_admin, &said] {
        let good = pages
            .iter()
            .filter(|page| page.1.starts_with("HTTP/1.1 200"));
        let (good, all) = (good.count(), pages.len());
        assert!(good > 40, "{good} of {all} pages are shown");
    }
    let keys = keys(stage);
    let all: String = by_admin.iter().map(|page| page.1.as_str()).collect();
    let named = marks.iter().filter(|mark| all.contains(mark.as_str()));
    assert!(named.count() > 10, "the search finds whom it is to find");
    search(&by_admin, &keys);
    let contacts = asked.get("/api/v1/contacts", &token);
    assert!(contacts.starts_with("HTTP/1.1 200"), "{contacts}");
    search(&[("the API".to_owned(), contacts)], &keys);
    for path in ["/metrics", "/healthz", "/readyz", "/nothing"] {
        for header in [&admin, &token, "x: y"] {
            said.push((path.to_owned(), asked.get(path, header)));
        }
    }
    daemon.signal("TERM");
    daemon.ended();
    said.push(("run".to_owned(), daemon.said()));
    said
}

fn bundle(program: &Program) -> BTreeMap<String, String> {
    let words = ["support-bundle", "-o", "out.tar.gz", "--log", "running.log"];
    program.expect(0, &words);
    let bundle = unpacked(&program.path().join("out.tar.gz"));
    assert!(bundle["log.txt"].len() > 1_000, "the log is in it");
    bundle
}

// S5.
#[test]
fn nothing_that_is_said_at_the_finest_level_over_all_faults_holds_a_key_or_somebodys_address() {
    let stage = Stage::new(&Scene {
        people: 25,
        ghost: Some(Publication::Weekly),
        mailchimp: true,
        dutch: true,
        months: 1,
        ..Scene::default()
    });
    stage.configure(|config| {
        config
            .replace(
                "[scores.engagement]",
                "[web]\nlisten = \"127.0.0.1:0\"\n[guards]\nmax_score_change = 1.0\n[scores.engagement]",
            )
    });
    let marks = marks(&stage);
    let mut said = by_verbs(&stage);
    let length: usize = said.iter().map(|(_, text)| text.len()).sum();
    assert!(length > 50_000, "only {length} bytes were said");
    said.extend(by_pages(&stage, &marks));
    said.extend(bundle(&stage.program));
    search(&said, &marks);
}
