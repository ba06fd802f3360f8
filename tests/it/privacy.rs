//! A copy, an objection, an erasure and a retraction, as a person asks for them.

use std::collections::BTreeSet;

use engaged_sandbox::mailchimp::{Contact, Status};

use crate::stage::{PREFIX, Stage, number, ours};

/// Somebody who may be written to, who shows a tag of ours.
fn somebody(stage: &Stage) -> Contact {
    let contacts = stage.shop().contacts().into_iter();
    let mut marked =
        contacts.filter(|each| each.status == Status::Subscribed && !ours(each).is_empty());
    marked.next().unwrap()
}

fn of(stage: &Stage, address: &str) -> Contact {
    let mut contacts = stage.shop().contacts().into_iter();
    contacts.find(|each| each.address == address).unwrap()
}

fn bytes_name(stage: &Stage, address: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(stage.program.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap().to_ascii_lowercase();
        if bytes
            .windows(address.len())
            .any(|part| part == address.as_bytes())
        {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found
}

#[test]
fn who_objects_is_not_scored_anywhere_and_says_so_everywhere() {
    let stage = Stage::mailchimp(60);
    stage.settle();
    let somebody = somebody(&stage).address;
    let said = stage.program.json(&["privacy", "object", &somebody]);
    assert_eq!(said["changed"], true);
    assert!(!said["platforms"][0]["shown"].as_array().unwrap().is_empty());
    let plan = stage.program.expect(0, &["plan"]).out;
    assert!(plan.contains("objecting"), "{plan}");
    stage.work("once");
    let contact = of(&stage, &somebody);
    assert_eq!((number(&contact), ours(&contact)), (None, BTreeSet::new()));
    stage.day_of_news();
    stage.work("once");
    assert_eq!(ours(&of(&stage, &somebody)), BTreeSet::new());
    let explained = stage.program.expect(0, &["explain", &somebody]).out;
    assert!(
        explained.contains("has objected to being scored"),
        "{explained}"
    );
    let dutch = stage
        .program
        .expect(0, &["explain", &somebody, "--lang", "nl"])
        .out;
    assert!(dutch.contains("bezwaar gemaakt tegen scoren"), "{dutch}");
    let listed = stage.program.json(&["contacts"]);
    let rows = listed["contacts"].as_array().unwrap();
    let row = rows.iter().find(|row| row["contact"] == *somebody).unwrap();
    assert_eq!(
        (&row["objects"], row["scores"].as_array().unwrap().len()),
        (&true.into(), 0)
    );
    assert!(
        !stage
            .who("any open in 1 year or no open in 1 day")
            .contains(&somebody)
    );
    assert_eq!(stage.program.json(&["status"])["objecting"], 1);
    let verified = stage.program.json(&["verify"]);
    assert_eq!(
        (&verified["different"], &verified["objecting"]),
        (&0.into(), &1.into())
    );
    assert_eq!(
        stage.program.json(&["history", &somebody])["history"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    stage
        .program
        .expect(0, &["privacy", "object", &somebody, "--withdraw"]);
    stage.work("once");
    stage.shop_shows_what_is_wanted();
}

#[test]
fn who_is_erased_is_gone_here_with_our_marks_there_and_does_not_come_back() {
    let stage = Stage::mailchimp(60);
    stage.settle();
    let somebody = somebody(&stage).address;
    let copy = stage.program.path().join("copy.html");
    let copy = copy.to_str().unwrap();
    stage.program.expect(
        0,
        &[
            "privacy", "export", &somebody, "-o", copy, "--format", "html",
        ],
    );
    let page = std::fs::read_to_string(copy).unwrap();
    assert!(page.contains(&somebody) && page.contains("What we keep about you"));
    std::fs::remove_file(copy).unwrap();
    let whole = stage
        .program
        .expect(0, &["privacy", "export", &somebody])
        .out;
    let whole: serde_json::Value = serde_json::from_str(&whole).unwrap();
    assert!(whole["explanation"]["scores"].is_array());
    assert!(whole["tables"].as_array().unwrap().len() > 8);
    let refused = stage.program.expect(2, &["privacy", "erase", &somebody]);
    assert!(refused.err.contains("--yes"), "{}", refused.err);
    assert!(!bytes_name(&stage, &somebody).is_empty());
    let done = stage
        .program
        .json(&["privacy", "erase", &somebody, "--yes"]);
    assert_eq!(
        (&done["clear"], &done["named_in"]),
        (&true.into(), &serde_json::json!([]))
    );
    assert!(done["taken_off"].as_u64().unwrap() >= 2, "{done}");
    assert_eq!(done["platforms"][0]["shown"], serde_json::json!([]));
    assert_eq!(ours(&of(&stage, &somebody)), BTreeSet::new());
    assert_eq!(bytes_name(&stage, &somebody), Vec::<String>::new());
    let mark = stage.writes().len();
    stage.day_of_news();
    let synced = stage.program.expect(0, &["sync", "--full"]).out;
    assert!(
        synced.contains("rows of contacts who were erased: left out"),
        "{synced}"
    );
    stage.program.expect(0, &["score"]);
    assert_eq!(bytes_name(&stage, &somebody), Vec::<String>::new());
    let import = stage
        .program
        .file("again.csv", &format!("email\n{somebody}\n"));
    let told = stage
        .program
        .expect(0, &["import", import.to_str().unwrap()]);
    assert!(
        told.out.contains("1 rows of contacts who were erased"),
        "{}",
        told.out
    );
    std::fs::remove_file(import).unwrap();
    assert_eq!(bytes_name(&stage, &somebody), Vec::<String>::new());
    assert_eq!(stage.program.json(&["verify"])["different"], 0);
    let writes = stage.writes().len();
    assert_eq!(writes, mark, "nothing is written to who was erased");
    let trail = stage.program.json(&["privacy", "trail", &somebody]);
    let lines = trail["lines"].as_array().unwrap();
    assert_eq!(lines[0]["what"], "privacy erase");
    assert_eq!(
        lines[0]["detail"].as_str().unwrap().split(':').next(),
        trail["handle"].as_str()
    );
}

#[test]
fn where_our_marks_cannot_come_off_nothing_is_deleted_unless_that_is_asked_for() {
    let stage = Stage::mailchimp(60);
    stage.settle();
    let somebody = somebody(&stage).address;
    stage.program.expect(0, &["pause"]);
    let told = stage
        .program
        .expect(3, &["privacy", "erase", &somebody, "--yes"]);
    assert!(
        told.err.contains("E1001") && told.err.contains("paused"),
        "{}",
        told.err
    );
    stage.program.expect(0, &["explain", &somebody]);
    let told = stage.program.expect(
        0,
        &["privacy", "erase", &somebody, "--yes", "--leave-marks"],
    );
    assert!(told.out.contains("of ours is left there"), "{}", told.out);
    assert!(
        ours(&of(&stage, &somebody))
            .iter()
            .all(|tag| tag.starts_with(PREFIX))
    );
    stage.program.expect(2, &["explain", &somebody]);
}

#[test]
fn a_retraction_leaves_nothing_of_ours_and_holds_until_it_is_taken_back() {
    let stage = Stage::mailchimp(60);
    stage.settle();
    let told = stage.program.expect(0, &["retract", "shop"]).out;
    assert!(told.contains("field ENGSCORE"), "{told}");
    stage.program.expect(2, &["retract", "shpo"]);
    stage.program.expect(5, &["apply"]);
    stage.program.expect(0, &["approve", "max_score_change"]);
    stage.work("apply");
    for contact in stage.shop().contacts() {
        let found = (number(&contact), ours(&contact));
        assert_eq!(found, (None, BTreeSet::new()), "{}", contact.address);
    }
    stage.day_of_news();
    assert_eq!(stage.work("once")["applied"], 0);
    stage.program.expect(0, &["retract", "shop", "--withdraw"]);
    stage.program.expect(5, &["apply"]);
    stage.program.expect(0, &["approve", "max_score_change"]);
    stage.work("apply");
    stage.shop_shows_what_is_wanted();
}
