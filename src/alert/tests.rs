//! What is told, when, and what is not, by looks at a real store with a receiver on loopback.

mod bench;
mod sending;

use chrono::{DateTime, SecondsFormat, Utc};
use engaged_connectors::outgoing;

use super::*;
use crate::{
    score::facts::ConnectionId,
    store::{ContactId, Edited, Lane, NewOutboxRow, OutboxState, Tx},
};
use bench::{Bench, DAY, HOUR, MINUTE, SECRET};

#[tokio::test]
async fn a_refused_key_is_told_once_and_so_is_its_end() {
    let bench = Bench::new("").await;
    bench.looks(3).await;
    assert!(bench.told().is_empty() && bench.states().is_empty());
    let since = bench.now();
    bench.write(|tx, _, now| tx.block("news", "E0601 GET lists: HTTP 401", now));
    bench.look().await;
    assert_eq!(bench.states(), ["blocked:news pending"]);
    assert!(bench.told().is_empty());
    bench.looks(30).await;
    assert_eq!(bench.told(), ["blocked:news firing"]);
    let body = &bench.bodies()[0];
    assert_eq!(body["schema"], 1);
    assert_eq!(
        (&body["alert"], &body["connection"]),
        (&"blocked".into(), &"news".into())
    );
    assert_eq!(
        body["since"],
        bench::millis(since).to_rfc3339_opts(SecondsFormat::Secs, true)
    );
    assert_eq!(
        body["message"],
        "news: the platform has refused our key since 2026-06-17 12:03; nothing is read or written there"
    );
    assert!(
        body["message_nl"]
            .as_str()
            .unwrap()
            .contains("weigert onze sleutel")
    );
    assert!(body["help"].is_string() && body["help_nl"].is_string());

    bench.write(|tx, _, now| tx.unblock("news", now));
    bench.synced();
    bench.looks(5).await;
    assert_eq!(
        bench.told(),
        ["blocked:news firing", "blocked:news resolved"]
    );
    assert_eq!(
        bench.bodies()[1]["message"],
        "news: the platform takes our key again"
    );
    assert_eq!(bench.bodies()[1]["since"], body["since"]);
    for call in bench.receiver.calls() {
        let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap();
        let at: DateTime<Utc> = body["at"].as_str().unwrap().parse().unwrap();
        outgoing::verify(SECRET, call.header(outgoing::HEADER), &call.body, at).unwrap();
        assert_eq!(call.header(outgoing::KEY_HEADER), body["id"]);
    }
}

#[tokio::test]
async fn what_still_is_wrong_after_a_day_is_told_again() {
    let bench = Bench::new("repeat = \"6 hours\"").await;
    bench.write(|tx, _, now| tx.block("news", "E0601", now));
    bench.watch_for(13 * HOUR).await;
    assert_eq!(bench.told(), ["blocked:news firing"; 3]);
    assert_eq!(
        bench.receiver.keys().len(),
        3,
        "each is a notice of its own"
    );
}

#[tokio::test]
async fn data_are_old_after_two_missed_syncs_and_not_while_one_goes_on() {
    let bench = Bench::new("").await;
    // 12:00 was good; 12:15 and 12:30 are missed.
    bench.watch_for(30 * MINUTE).await;
    assert!(bench.states().is_empty());
    bench.look().await;
    assert_eq!(bench.states(), ["poll_age:news pending"]);
    bench.look().await;
    assert_eq!(bench.told(), ["poll_age:news firing"]);
    assert_eq!(
        bench.bodies()[0]["message"],
        "news: no sync has ended well since 2026-06-17 12:00"
    );

    // A backfill that commits pages is alive; one that hangs is not.
    let run = bench.write(|tx, id, now| tx.begin_run("sync", Some(id), now));
    bench.looks(2).await;
    assert_eq!(bench.told().len(), 2);
    for _ in 0..5 {
        bench.watch_for(14 * MINUTE).await;
        bench.page(&[], bench.now(), 0);
    }
    assert_eq!(bench.states(), ["poll_age:news resolved"]);
    bench.watch_for(40 * MINUTE).await;
    assert_eq!(bench.states(), ["poll_age:news firing"]);
    bench.write(move |tx, _, now| tx.end_run(run, "ok", None, now));
    bench.synced();
    bench.looks(8).await;
    assert_eq!(bench.states(), ["poll_age:news resolved"]);
}

#[tokio::test]
async fn a_connection_that_never_had_a_good_sync_is_old_from_its_first_and_one_that_never_began_is_not()
 {
    let bench = Bench::new("").await;
    let forget = rusqlite::Connection::open(bench.folder.path().join("engaged.db")).unwrap();
    forget.execute("delete from run", ()).unwrap();
    bench.watch_for(2 * HOUR).await;
    assert!(bench.states().is_empty());
    for _ in 0..3 {
        bench.write(|tx, id, now| {
            let run = tx.begin_run("sync", Some(id), now)?;
            tx.end_run(run, "trouble", Some("E0401"), now)
        });
        bench.watch_for(15 * MINUTE).await;
    }
    assert_eq!(bench.states(), ["poll_age:news firing"]);
}

#[tokio::test]
async fn a_blocked_connection_is_not_called_old_as_well() {
    let bench = Bench::new("").await;
    bench.write(|tx, _, now| tx.block("news", "E0601", now));
    bench.watch_for(3 * HOUR).await;
    assert_eq!(bench.states(), ["blocked:news firing"]);
}

#[tokio::test]
async fn rows_that_are_rejected_for_the_first_time_are_told_and_known_ones_are_not() {
    let bench = Bench::new("").await;
    bench.page(&[], bench.now(), 2);
    bench.looks(2).await;
    assert_eq!(
        bench.bodies()[0]["message"],
        "news: 2 rows of the last day could not be understood"
    );
    let until = bench.now();
    // They come again each quarter of an hour.
    for _ in 0..4 * 26 {
        bench.page(&[], until - 2 * MINUTE, 2);
        bench.synced();
        bench.watch_for(15 * MINUTE).await;
    }
    assert_eq!(
        bench.told(),
        ["rejected:news firing", "rejected:news resolved"]
    );
}

#[tokio::test]
async fn a_guard_is_told_until_somebody_lets_it_pass() {
    let bench = Bench::new("").await;
    let guard = bench.write(|tx, id, now| {
        let detail = "812 of 4000 contacts change at once, jan@canary.example among them";
        tx.trip_guard("max_score_change", Some(id), "1", detail, now)
    });
    bench.looks(4).await;
    assert_eq!(bench.told(), ["guard:news:max_score_change firing"]);
    let body = bench.bodies()[0].to_string();
    assert!(
        body.contains("too many scores change at once")
            && body.contains("engaged approve max_score_change"),
        "{body}"
    );
    bench.write(move |tx, _, now| tx.close_guard(guard, "approved", "marit", now));
    bench.looks(2).await;
    assert_eq!(bench.told().len(), 2);
}

/// What a push found of somebody else's edits.
fn keep(bench: &Bench, found: &[Edited]) {
    let found = found.to_vec();
    bench.write(move |tx, id, now| tx.keep_edited(id, None, &found, now));
}

#[tokio::test]
async fn what_somebody_else_edited_is_told_until_it_is_ours_again() {
    let bench = Bench::new("").await;
    let edited = |contact: i64, target: &str| Edited {
        contact: ContactId(contact),
        platform_id: contact.to_string(),
        target: target.to_owned(),
        ours: Some("40".into()),
        theirs: Some("jan@canary.example".into()),
    };
    let found = [
        edited(1, "field:ENGSCORE"),
        edited(1, "tag:hot"),
        edited(2, "tag:hot"),
    ];
    keep(&bench, &found);
    bench.looks(2).await;
    // The next push finds less: that is still so since then.
    bench.watch_for(10 * MINUTE).await;
    keep(&bench, &found[..1]);
    bench.looks(2).await;
    assert_eq!(bench.told(), ["edited:news firing"]);
    let body = &bench.bodies()[0];
    assert_eq!(
        body["message"],
        "news: somebody else edited fields or tags of ours, of 2 contacts, the first since 2026-06-17 12:00; they are left so"
    );
    assert!(!body.to_string().contains("canary"), "{body}");
    let kept = bench.jobs.store.read(|conn| conn.edited(ConnectionId(1)));
    let start: DateTime<Utc> = bench::START.parse().unwrap();
    assert_eq!(kept.unwrap(), Some((1, start.timestamp_millis())));
    // Elsewhere the same is no trouble: it is written again, or accepted, or not ours to write.
    for other in [
        "mode = \"live\"\npush.on_drift = \"ours\"",
        "mode = \"live\"\npush.on_drift = \"theirs\"",
        "",
    ] {
        let quiet = Bench::with("", |text| text.replace("mode = \"live\"", other)).await;
        keep(&quiet, &found);
        quiet.looks(3).await;
        assert!(quiet.states().is_empty(), "{other}");
    }
    keep(&bench, &[]);
    bench.looks(2).await;
    assert_eq!(bench.told(), ["edited:news firing", "edited:news resolved"]);
}

#[tokio::test]
async fn a_start_in_doubt_is_told_at_once_and_a_removal_after_an_hour() {
    let bench = Bench::new("").await;
    let row = |lane, target: &str| NewOutboxRow {
        plan: None,
        connection: ConnectionId(1),
        contact: None,
        platform_id: "x".into(),
        write: "start automation".into(),
        target: target.to_owned(),
        value: Some("x".into()),
        reason: String::new(),
        lane,
    };
    let (start, removal) = (row(Lane::Start, "start:1"), row(Lane::Removal, "case:1"));
    let doubt = |tx: &Tx, row: &NewOutboxRow, now| {
        let id = tx.enqueue(row, now)?.unwrap();
        tx.begin_attempt(&[id], "1", now)?;
        tx.settle(id, OutboxState::Ambiguous, None, None, now)?;
        Ok(id)
    };
    let removal = bench.write(move |tx, _, now| doubt(tx, &removal, now));
    bench.watch_for(59 * MINUTE).await;
    bench.synced();
    assert!(
        bench
            .states()
            .iter()
            .all(|state| !state.starts_with("in_doubt"))
    );
    bench.looks(3).await;
    assert!(
        bench.bodies().iter().any(
            |body| body["message"] == "news: it is not known whether 1 removal was carried out"
        )
    );
    bench.write(move |tx, _, now| tx.settle(removal, OutboxState::Applied, None, None, now));
    bench.looks(2).await;
    let before = bench.told().len();
    bench.write(move |tx, _, now| doubt(tx, &start, now));
    bench.looks(2).await;
    let new = bench.bodies().split_off(before);
    assert_eq!(
        new[0]["message"],
        "news: it is not known whether 1 start was carried out"
    );
    assert!(
        new[0]["help"]
            .as_str()
            .unwrap()
            .contains("automations resolve")
    );
}

#[tokio::test]
async fn a_configuration_that_was_refused_is_told_until_one_is_taken() {
    let mut bench = Bench::new("").await;
    bench.refused = Some(Refused {
        at: bench.now(),
        errors: 1,
    });
    bench.looks(2).await;
    assert_eq!(
        bench.bodies()[0]["message"],
        "engaged: a new configuration was refused at 2026-06-17 12:00, for 1 error; the one before is in force"
    );
    bench.refused = None;
    bench.looks(2).await;
    assert_eq!(
        bench.told(),
        ["configuration firing", "configuration resolved"]
    );
}

/// Opens on each of the last 60 days up to yesterday: 100, or what is said of a day so many days ago.
fn weeks(bench: &Bench, other: &[(i64, u32)]) {
    let opens: Vec<(Millis, u32)> = (1..=60)
        .map(|ago| {
            let said = other.iter().find(|(day, _)| *day == ago);
            (
                bench.now() - ago * DAY,
                said.map_or(100, |(_, number)| *number),
            )
        })
        .collect();
    bench.page(&opens, bench.now(), 0);
}

#[tokio::test]
async fn a_day_with_far_fewer_events_than_such_weekdays_have_is_told_and_ends_with_the_next_that_is_usual()
 {
    let bench = Bench::new("").await;
    weeks(&bench, &[(1, 10), (2, 10)]);
    bench.looks(3).await;
    assert_eq!(bench.told(), ["volume:news firing"]);
    assert_eq!(
        bench.bodies()[0]["message"],
        "news: 10 events on 2026-06-16, where 100 are usual on that weekday"
    );
    // Today is usual; it is judged tomorrow, once it was read whole.
    let noon = bench.now();
    bench.pass(DAY);
    bench.synced();
    bench.looks(3).await;
    assert_eq!(bench.told().len(), 1, "today was not read whole");
    bench.page(&[(noon, 100)], bench.now(), 0);
    bench.synced();
    bench.looks(3).await;
    assert_eq!(bench.told(), ["volume:news firing", "volume:news resolved"]);
}

#[tokio::test]
async fn a_day_that_our_own_sync_missed_is_not_called_quiet_nor_is_one_that_is_compared_with_such_days()
 {
    let bench = Bench::new("").await;
    weeks(&bench, &[(1, 10)]);
    let hole = rusqlite::Connection::open(bench.folder.path().join("engaged.db")).unwrap();
    let yesterday = bench.now() - DAY;
    let cut = "update coverage set through_at = ?1";
    hole.execute(cut, [yesterday]).unwrap();
    bench.looks(3).await;
    assert!(bench.told().is_empty());
    hole.execute(cut, [bench.now()]).unwrap();
    // Only three of the Tuesdays before were read whole.
    hole.execute("update coverage set from_at = ?1", [yesterday - 22 * DAY])
        .unwrap();
    bench.synced();
    bench.looks(3).await;
    assert!(bench.told().is_empty());
    hole.execute("update coverage set from_at = ?1", [yesterday - 29 * DAY])
        .unwrap();
    bench.synced();
    bench.looks(3).await;
    assert_eq!(bench.told(), ["volume:news firing"]);
}

#[tokio::test]
async fn a_usual_day_a_flood_of_old_news_and_a_small_list_are_no_news() {
    let bench = Bench::new("").await;
    weeks(&bench, &[(1, 149), (30, 4_000)]);
    bench.looks(3).await;
    assert!(bench.states().is_empty(), "{:?}", bench.states());
    bench.page(&[(bench.now() - 20 * DAY, 5_000)], bench.now(), 0);
    bench.synced();
    bench.looks(3).await;
    assert!(bench.states().is_empty(), "{:?}", bench.states());
}

#[tokio::test]
async fn while_all_is_well_or_all_is_told_nothing_is_written() {
    let bench = Bench::new("").await;
    let probe = rusqlite::Connection::open(bench.folder.path().join("engaged.db")).unwrap();
    let version = || -> i64 {
        probe
            .query_row("pragma data_version", (), |row| row.get(0))
            .unwrap()
    };
    bench.looks(2).await;
    let before = version();
    bench.looks(20).await;
    assert_eq!(version(), before);
    bench.write(|tx, _, now| tx.block("news", "E0601", now));
    bench.looks(3).await;
    let before = version();
    bench.looks(20).await;
    assert_eq!(version(), before);
}

#[tokio::test]
async fn only_what_was_asked_for_is_told_and_the_rest_is_kept() {
    let bench = Bench::new("only = [\"guard\"]").await;
    bench.write(|tx, id, now| {
        tx.block("news", "E0601", now)?;
        tx.trip_guard("max_starts", Some(id), "1", "many", now)
    });
    bench.looks(5).await;
    assert_eq!(bench.told(), ["guard:news:max_starts firing"]);
    assert_eq!(
        bench.states(),
        ["blocked:news firing", "guard:news:max_starts firing"]
    );
}

#[tokio::test]
async fn no_address_no_platforms_words_and_no_key_is_ever_told() {
    let mut bench = Bench::new("failure_after = 1").await;
    bench.refused = Some(Refused { at: 0, errors: 3 });
    weeks(&bench, &[(1, 3)]);
    bench.page(&[], bench.now(), 1);
    bench.write(|tx, id, now| {
        tx.block("news", "E0601 canary says no to jan@canary.example", now)?;
        tx.trip_guard("list_shrunk", Some(id), "1", "canary", now)
    });
    bench.look().await;
    assert_eq!(bench.told().len(), 5, "{:?}", bench.told());
    let shown = serde_json::to_string(&bench.report()).unwrap();
    for body in bench
        .bodies()
        .iter()
        .map(ToString::to_string)
        .chain([shown])
    {
        for word in ["canary", "@", SECRET, "/hook", "0-us1"] {
            assert!(!body.contains(word), "{word}: {body}");
        }
    }
}

#[tokio::test]
async fn the_page_on_alerts_has_each_of_them_and_a_payload_that_is_sent() {
    let page = include_str!("../../docs/alerts.md");
    for name in Kind::NAMES {
        assert!(page.contains(&format!("| `{name}` |")), "{name}");
    }
    let bench = Bench::new("[web]\npublic_url = \"https://engaged.example\"").await;
    bench.write(|tx, _, now| tx.block("news", "E0601", now));
    bench.looks(2).await;
    let (_, after) = page.split_once("```json\n").unwrap();
    let (example, _) = after.split_once("```").unwrap();
    let example: serde_json::Value = serde_json::from_str(example).unwrap();
    assert_eq!(example, bench.bodies()[0]);
}
