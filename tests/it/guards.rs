//! What holds writes back, and the person's word that lets them pass.

use crate::stage::Stage;

/// The names of the guards that `status` shows.
fn held(stage: &Stage) -> Vec<String> {
    let status = stage.status(0);
    let guards = status["guards"].as_array().unwrap().iter();
    guards
        .map(|guard| guard["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Edits the rules so that most scores and bands are others, and scores.
fn turn_the_rules_over(stage: &Stage) {
    stage.configure(|config| {
        config.replace(
            "{ when = \"open\", points = 1,",
            "{ when = \"open\", points = -9,",
        )
    });
    stage.program.expect(0, &["score"]);
}

fn a_large_change_waits_for_a_word(stage: &Stage) {
    stage.settle();
    turn_the_rules_over(stage);
    let mark = stage.writes().len();
    let run = stage.program.expect(5, &["apply"]);
    assert!(run.out.contains("max_score_change"), "{}", run.out);
    stage.program.expect(5, &["once"]);
    assert_eq!(stage.writes().len(), mark, "what is held is not written");
    assert_eq!(held(stage), ["max_score_change"]);
    let text = stage.program.expect(0, &["status"]).out;
    assert!(text.contains("engaged approve max_score_change"), "{text}");
    stage.program.expect(2, &["approve", "baseline"]);
    stage.program.expect(
        2,
        &["approve", "max_score_change", "--connection", "elsewhere"],
    );
    stage.program.expect(0, &["approve", "max_score_change"]);
    assert!(held(stage).is_empty());
    let planned = stage.program.json(&["plan"])["writes"].clone();
    assert_eq!(stage.work("apply")["push"][0]["planned"], planned);
    stage.program.expect(2, &["approve", "max_score_change"]);
    assert_eq!(stage.work("once")["applied"], 0);
}

#[test]
fn many_numbers_that_change_at_once_wait_for_a_word() {
    let stage = Stage::mailchimp(30);
    a_large_change_waits_for_a_word(&stage);
    stage.shop_shows_what_is_wanted();
}

#[test]
fn many_bands_that_change_at_once_wait_for_a_word_where_there_are_no_numbers() {
    let stage = Stage::ghost(40);
    a_large_change_waits_for_a_word(&stage);
    stage.site_shows_what_is_wanted();
}

#[test]
fn a_word_counts_for_what_was_held_and_for_nothing_later() {
    let stage = Stage::mailchimp(30);
    stage.settle();
    turn_the_rules_over(&stage);
    stage.program.expect(5, &["apply"]);
    stage.program.expect(0, &["approve", "max_score_change"]);
    // The rules are put right before anything was pushed: there is nothing left that was approved.
    stage.configure(|config| config);
    stage.program.expect(0, &["score"]);
    assert_eq!(stage.work("apply")["applied"], 0);
    turn_the_rules_over(&stage);
    let mark = stage.writes().len();
    stage.program.expect(5, &["apply"]);
    assert_eq!(stage.writes().len(), mark);
}

#[test]
fn a_list_that_shrinks_keeps_everybody_until_a_word() {
    let stage = Stage::ghost(60);
    stage.settle();
    let all = stage.labels();
    for address in all.keys().take(15) {
        assert!(stage.site().delete_member(address));
    }
    let gone = "select count(*) from identity where gone_at is not null";
    let mark = stage.writes().len();
    let run = stage.program.expect(5, &["sync"]);
    assert!(
        run.out.contains("engaged approve list_shrunk"),
        "{}",
        run.out
    );
    stage.program.expect(5, &["once"]);
    assert_eq!(stage.number(gone), 0, "nobody is taken for gone");
    assert_eq!(stage.writes().len(), mark);
    assert_eq!(held(&stage), ["list_shrunk"]);
    stage
        .program
        .expect(0, &["approve", "list_shrunk", "--connection", "site"]);
    let next = stage.work("once");
    assert_eq!(stage.number(gone), 15);
    assert!(next["sync"][0]["list_shrunk"].is_null());
    assert!(held(&stage).is_empty());
    assert_eq!(stage.status_of(0, "site")["contacts"], all.len() - 15);
    stage.program.expect(2, &["approve", "list_shrunk"]);
    stage.site_shows_what_is_wanted();
}

#[test]
fn a_list_that_is_whole_again_holds_nothing_and_leaves_no_word_behind() {
    let stage = Stage::ghost(60);
    stage.settle();
    // Members that a scan will miss: as if the platform had listed them the last time.
    let lose = |tail: &str| {
        let database = stage.database();
        database.execute(&format!("insert into identity (connection_id, platform_id, contact_id, known_at, seen_scan_at)
             select connection_id, platform_id || '{tail}', contact_id, known_at, seen_scan_at from identity limit 20"), ()).unwrap();
    };
    let find = || {
        stage
            .database()
            .execute("delete from identity where length(platform_id) > 24", ())
            .unwrap()
    };
    lose("a");
    stage.program.expect(5, &["sync"]);
    assert_eq!(held(&stage), ["list_shrunk"]);
    assert_eq!(find(), 20);
    stage.work("once");
    assert!(
        held(&stage).is_empty(),
        "the reason is gone, and so is the guard"
    );

    lose("b");
    stage.program.expect(5, &["sync"]);
    stage.program.expect(0, &["approve", "list_shrunk"]);
    assert_eq!(find(), 20);
    stage.work("once");
    lose("c");
    stage.program.expect(5, &["sync"]);
}

#[test]
fn a_pause_stops_all_writing_and_nothing_else() {
    let stage = Stage::both(30);
    stage.configure(|config| config.replace("push.fields", "push.deadband = 9\npush.fields"));
    stage.settle();
    stage.program.expect(0, &["pause"]);
    stage.day_of_news();
    let (mark, events) = (
        stage.writes().len(),
        stage.number("select count(*) from event"),
    );
    let run = stage.program.expect(5, &["once"]);
    assert!(run.out.contains("engaged resume"), "{}", run.out);
    assert_eq!(stage.writes().len(), mark);
    assert!(
        stage.number("select count(*) from event") > events,
        "syncing goes on"
    );
    let status = stage.status(0);
    assert_eq!(
        (&status["paused"], &status["waiting"]),
        (&true.into(), &0.into())
    );
    assert!(stage.program.expect(0, &["status"]).out.contains("PAUSED"));
    stage.program.expect(0, &["resume"]);
    assert!(stage.work("apply")["applied"].as_u64().unwrap() > 0);
    assert!(stage.writes().len() > mark);
    stage.site_shows_what_is_wanted();
}
