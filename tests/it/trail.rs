//! S4 and S24: every verb that there is, what of it stands in the audit trail, and that nothing is written to a platform
//! that may only be read.

use std::collections::BTreeSet;

use crate::{cleaning::POLICY, stage::Stage};

/// What verbs are about beside a list to clean: a series, a list for people, a dashboard.
const MORE: &str = r#"
[web]
listen = "127.0.0.1:0"
[[automations]]
name = "Welcome"
when = "engagement > -1000"
settle = "0 minutes"
start = { connection = "shop", automation = "journey 1 step 1" }
[[automations]]
name = "Calls"
when = "engagement > -1000"
settle = "0 minutes"
start = { handover = "calls" }
"#;

/// Verbs that are not run here, and why.
const ELSEWHERE: [(&str, &str); 3] = [
    ("run", "the daemon, which does what the others do"),
    ("demo", "has platforms, a database and a trail of its own"),
    ("conformance", "opens no database and asks only sandboxes"),
];

/// A verb with its words, and the rows that it leaves in the trail. Words in braces are looked up when it is run. What
/// only looks leaves none, whoever has the database looks as he likes; what reads, scores or writes by plan stands in the
/// log of runs and in the outbox.
const VERBS: [(&str, &[&str]); 68] = [
    ("init", &[]),
    ("check", &[]),
    ("check --schema", &[]),
    ("sync", &[]),
    ("score", &[]),
    ("go-live shop --yes", &["went live"]),
    ("once", &[]),
    ("plan", &[]),
    ("approve baseline", &["approve"]),
    ("apply", &[]),
    ("clean", &[]),
    ("clean plan", &[]),
    ("clean review", &[]),
    ("clean review --keep {silent}", &["clean keep"]),
    ("clean apply {plan}", &["clean"]),
    ("clean confirm {batch}", &[]),
    ("clean undo {batch}", &["clean undo"]),
    ("automations backfill Welcome --yes", &["backfill"]),
    ("automations backfill Calls --yes", &["backfill"]),
    ("status", &[]),
    ("explain {a}", &[]),
    ("preview engaged.toml", &[]),
    ("backtest --conversion click --within {span}", &[]),
    ("suggest --conversion click --within {span}", &[]),
    ("contacts", &[]),
    ("contacts --format csv", &[]),
    ("segments", &[]),
    ("history {a}", &[]),
    ("drift", &[]),
    ("drift --take", &[]),
    ("verify", &[]),
    ("retention", &[]),
    ("backup b.db", &[]),
    ("import more.csv", &[]),
    ("adjust {a} -20 --until 2099-12-01 --reason x", &["adjust"]),
    ("adjust {a}", &[]),
    ("adjust --withdraw 1", &["withdraw adjustment"]),
    ("automations", &[]),
    ("automations list", &[]),
    ("automations resolve {doubt} drop", &["resolve"]),
    ("leads", &[]),
    ("leads accept {lead}", &["answer lead"]),
    ("leads refuse {lead} --points -5", &["answer lead"]),
    ("alerts", &[]),
    ("alerts test", &[]),
    ("doctor --offline", &[]),
    ("hooks", &[]),
    ("hooks path shop", &[]),
    ("pause", &["pause"]),
    ("resume", &["resume"]),
    ("retract shop", &["retract"]),
    ("retract shop --withdraw", &["retract withdrawn"]),
    ("web", &[]),
    ("web setup-link", &["setup link"]),
    ("web users", &[]),
    ("web disable {user}", &["disable user"]),
    ("web token shop --scope read", &["API token"]),
    ("web tokens", &[]),
    ("web revoke 1", &["revoke API token"]),
    ("privacy export {a}", &["privacy export"]),
    ("privacy object {a}", &["privacy object"]),
    (
        "privacy object {a} --withdraw",
        &["privacy object withdrawn"],
    ),
    ("privacy trail {a}", &[]),
    (
        "privacy erase {a} --yes",
        &["privacy object", "privacy erase"],
    ),
    ("support-bundle --offline", &[]),
    ("healthcheck", &[]),
    ("completions bash", &[]),
    ("restore b.db", &["restore"]),
];

/// Every verb, as its page of the manual is called.
fn verbs(stage: &Stage) -> BTreeSet<String> {
    stage.program.expect(0, &["man", "--out", "man"]);
    let pages = std::fs::read_dir(stage.program.path().join("man")).unwrap();
    let names = pages.map(|page| page.unwrap().file_name().into_string().unwrap());
    let names = names.filter_map(|name| {
        let name = name.strip_suffix(".1")?.strip_prefix("engaged-")?;
        Some(name.to_owned())
    });
    names.collect()
}

/// The words of a verb, with what they name looked up.
fn words(stage: &Stage, line: &str) -> Vec<String> {
    let one = |query: &str| stage.rows(query).into_iter().next().unwrap_or_default();
    let look = |word: &str| match word {
        "{a}" => one("select email from contact where email is not null order by id desc"),
        "{span}" => "30 days".to_owned(),
        "{doubt}" => {
            let doubt = "update automation_entry set state = 'in doubt' where id =
                (select min(id) from automation_entry where state not in ('handed over', 'in doubt'))";
            stage.database().execute(doubt, ()).unwrap();
            one("select id || '' from automation_entry where state = 'in doubt'")
        }
        "{lead}" => {
            one("select id || '' from automation_entry where state = 'handed over' order by id")
        }
        "{silent}" => plan(stage)["sample"][0]["contact"]
            .as_str()
            .unwrap_or("nobody")
            .to_owned(),
        "{plan}" => plan(stage)["fingerprint"]
            .as_str()
            .unwrap_or("none")
            .to_owned(),
        "{batch}" => one("select coalesce(max(id), 0) || '' from cleaning_batch"),
        "{user}" => {
            let made = "insert into account (name, role, password, created_at) values ('sanne', 'viewer', '', 0)";
            stage.database().execute(made, ()).unwrap();
            "sanne".to_owned()
        }
        word => word.to_owned(),
    };
    line.split(' ').map(look).collect()
}

/// The present plan of the cleaning policy.
fn plan(stage: &Stage) -> serde_json::Value {
    let run = stage.program.run(&["clean", "plan", "--json"]);
    let plans: serde_json::Value = serde_json::from_str(&run.out).unwrap_or_default();
    plans["policies"][0].clone()
}

fn stage() -> Stage {
    let stage = Stage::mailchimp(60);
    stage.configure(|config| {
        config.replace("mode = \"live\"", "mode = \"read-only\"") + POLICY + MORE
    });
    stage.program.file(
        "more.csv",
        "email,kind,at\nnew@x.example,click,2026-01-01T12:00:00Z\n",
    );
    stage
}

// S24.
#[test]
fn every_verb_that_there_is_leaves_its_row_in_the_audit_trail_or_only_looks() {
    let stage = stage();
    let mut left = verbs(&stage);
    for (verb, _) in ELSEWHERE {
        assert!(left.remove(verb), "{verb}");
    }
    left.remove("man");
    let trail = || -> Vec<String> {
        let there = stage.program.path().join("engaged.db").exists();
        let rows = || stage.rows("select what from audit order by id");
        if there { rows() } else { Vec::new() }
    };
    let mut faults = Vec::new();
    for (line, rows) in VERBS {
        let words = words(&stage, line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let before = trail();
        let run = stage.program.run(&words);
        let after = trail();
        let new: Vec<&str> = match after.strip_prefix(&before[..]) {
            Some(new) => new.iter().map(String::as_str).collect(),
            // A restored database has the trail of its backup, and what restoring it adds.
            None => after.last().map(String::as_str).into_iter().collect(),
        };
        if new != rows {
            faults.push(format!(
                "{line} ({}): {new:?} and not {rows:?}\n{}{}",
                run.code, run.out, run.err
            ));
        }
        for length in 1..=words.len() {
            left.remove(&words[..length].join("-"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(left.is_empty(), "verbs that nobody looked at: {left:?}");
    stage.program.expect(0, &["verify"]);
}

// S4.
#[test]
fn no_verb_writes_to_a_platform_that_may_only_be_read() {
    let stage = stage();
    let mut done = 0;
    for (line, _) in VERBS {
        if line.starts_with("go-live") {
            continue;
        }
        let words = words(&stage, line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        done += usize::from(stage.program.run(&words).code == 0);
        let writes = stage.writes();
        assert!(writes.is_empty(), "{line}: {writes:?}");
    }
    assert!(done > 40, "only {done} did what they were asked");
    assert!(stage.shop().written().is_empty() && stage.shop().starts().is_empty());
    assert!(stage.shop().ledger().len() > 5, "it was read");
}
