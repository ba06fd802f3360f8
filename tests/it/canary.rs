//! S5: what the program says at its finest level, over faults of four platforms, holds no key and nobody's address.

use std::collections::BTreeSet;

use engaged_sandbox::{
    fault::{Fault, Faults, Rule, RuleId, When},
    people::{Person, Publication},
};

use crate::stage::{Running, Scene, Stage, until};

/// The keys and addresses of all platforms of a stage: what must stand nowhere.
fn marks(stage: &Stage) -> BTreeSet<String> {
    let keys = ["site.key", "shop.key", "copernica.key", "hubspot.key"];
    let mut marks = BTreeSet::new();
    for key in keys {
        let key = std::fs::read_to_string(stage.program.path().join(key)).unwrap();
        // Ghost's has two halves, and Mailchimp's ends with its data centre.
        for part in key.split([':', '-']) {
            marks.extend((part.len() > 8).then(|| part.to_owned()));
        }
    }
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
    let mut daemon = Running::start(&stage.program, &["-vv", "run"]);
    until("it runs", || daemon.said().contains("setup/"));
    daemon.signal("TERM");
    daemon.ended();
    said.push(("run".to_owned(), daemon.said()));

    assert!(fired > 25, "only {fired} faults");
    let length: usize = said.iter().map(|(_, text)| text.len()).sum();
    assert!(length > 50_000, "only {length} bytes were said");
    search(&said, &marks);
}
