//! What a user meets now and then: a newer database, a folder that cannot be written, typing errors, the demo.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::stage::Stage;

#[test]
fn a_newer_database_is_refused_by_every_verb_and_left_as_it_is() {
    let stage = Stage::ghost(10);
    stage.program.expect(0, &["sync"]);
    stage
        .database()
        .pragma_update(None, "user_version", 9_999)
        .unwrap();
    let files = stage.files();
    for words in [
        &["sync"][..],
        &["score"],
        &["plan"],
        &["status"],
        &["run"],
        &["pause"],
    ] {
        let run = stage.program.expect(9, words);
        assert!(
            run.err.contains("E03") && run.err.contains("newer"),
            "{words:?}: {}",
            run.err
        );
    }
    assert!(stage.files()[0] == files[0]);
    assert!(stage.writes().is_empty());
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let stage = Stage::ghost(10);
    let closed = stage.program.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(closed.join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write everywhere");
        return;
    }
    stage.configure(|config| config.replace("\"engaged.db\"", "\"closed/engaged.db\""));
    let run = stage.program.expect(9, &["sync"]);
    assert!(
        run.err.contains("E03") && run.err.contains("closed"),
        "{}",
        run.err
    );
    assert!(stage.site_ledger().is_empty());
}

#[test]
fn what_is_mistyped_is_told_and_does_nothing() {
    let stage = Stage::ghost(10);
    stage.program.expect(0, &["sync"]);
    let asked = stage.site_ledger().len();
    for (words, told) in [
        (&["approve", "max_score_chnage"][..], "max_score_change"),
        (&["approve", "baseline", "--connection", "sight"], "sight"),
        (&["approve", "baseline"], "engaged status"),
        (&["sync", "sight"], "site"),
        (&["score", "--as-of", "tomorrow"], "2026-06-15"),
        (&["contacts", "--segment", "hott"], "hot"),
    ] {
        let run = stage.program.expect(2, words);
        assert!(run.err.contains(told), "{words:?}: {}", run.err);
        let json = stage.program.expect(2, &[words, &["--json"]].concat());
        let document: Value = serde_json::from_str(&json.out).unwrap();
        assert!(
            document["errors"][0]["code"]
                .as_str()
                .unwrap()
                .starts_with('E'),
            "{document}"
        );
    }
    assert_eq!(stage.site_ledger().len(), asked);
}

#[test]
fn the_demo_shows_everything_and_leaves_nothing_behind() {
    let stage = Stage::ghost(10);
    let folder = stage.program.path().join("temporary");
    std::fs::create_dir(&folder).unwrap();
    let words = ["demo", "--once", "--json", "--people", "300"];
    let output = stage
        .program
        .command(&words)
        .env("TMPDIR", &folder)
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    for number in [
        "contacts",
        "events",
        "scored",
        "pushed",
        "sends",
        "machine_opens",
        "late_opens",
        "coverage_gaps",
        "throttled_calls",
        "second_day_events",
        "second_day_pushed",
    ] {
        assert!(report[number].as_u64() > Some(0), "{number}: {report}");
    }
    assert_eq!(report["verified"], true);
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn each_platform_has_a_demo_of_its_own() {
    let stage = Stage::ghost(10);
    for platform in ["ghost", "mailblue", "copernica", "hubspot"] {
        let words = ["demo", "--once", "--people", "60", "--platform", platform];
        let report = stage.program.json(&words);
        for number in [
            "contacts",
            "events",
            "scored",
            "pushed",
            "second_day_events",
        ] {
            let shown = report[number].as_u64();
            assert!(shown > Some(0), "{platform}: {number}: {report}");
        }
        assert_eq!(report["verified"], true, "{platform}");
        // Only ActiveCampaign's opens and clicks come by themselves.
        let heard = report["webhooks"].as_u64() > Some(0);
        assert_eq!(heard, platform == "mailblue", "{platform}: {report}");
    }
    let slip = stage
        .program
        .expect(2, &["demo", "--platform", "copernicus"]);
    assert!(
        slip.err.contains("did you mean 'copernica'?"),
        "{}",
        slip.err
    );
}
