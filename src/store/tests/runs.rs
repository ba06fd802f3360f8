//! Jobs that ran, as pages show them.

use super::*;

const HOUR: Millis = 3_600_000;

/// Begins a run so many hours after the start, and ends it if it has an outcome.
fn ran(
    bench: &Bench,
    job: &'static str,
    on: Option<ConnectionId>,
    hour: i64,
    outcome: Option<&'static str>,
) -> i64 {
    bench
        .store
        .write(move |tx| {
            let run = tx.begin_run(job, on, NOW + hour * HOUR)?;
            if let Some(outcome) = outcome {
                tx.end_run(run, outcome, None, NOW + hour * HOUR + 5)?;
            }
            Ok(run)
        })
        .unwrap()
}

#[test]
fn hours_tell_what_ran_in_them_and_that_nothing_did() {
    let bench = bench();
    let on = Some(bench.connection);
    for (hour, outcome) in [
        (-1, Some("ok")),
        (0, Some("ok")),
        (0, Some("trouble")),
        (2, None),
        (4, Some("ok")),
    ] {
        ran(&bench, "sync", on, hour, outcome);
    }
    ran(&bench, "push", on, 1, Some("ok"));
    ran(&bench, "sync", None, 1, Some("ok"));
    let hours = bench
        .store
        .read(|conn| conn.run_hours("sync", on, NOW, 4))
        .unwrap();
    let seen: Vec<_> = hours
        .iter()
        .map(|hour| (hour.good, hour.bad, hour.open))
        .collect();
    assert_eq!(seen, [(1, 1, 0), (0, 0, 0), (0, 0, 1), (0, 0, 0)]);
    assert_eq!(hours[3].from, NOW + 3 * HOUR);
    let between = bench
        .store
        .read(|conn| conn.runs_between(NOW, NOW + 2 * HOUR))
        .unwrap();
    assert_eq!(between.len(), 4);
}

#[test]
fn the_last_runs_of_each_and_of_all_come_from_the_newest_on() {
    let bench = bench();
    let one = Some(bench.connection);
    let two = Some(
        bench
            .store
            .write(|tx| tx.connection("shop", "ghost", NOW))
            .unwrap()
            .id,
    );
    let ids: Vec<i64> = (0..6)
        .map(|number| {
            // The clock was set back on the way.
            let (hour, outcome) = (10 - number, if number == 4 { "trouble" } else { "ok" });
            ran(
                &bench,
                "push",
                [one, two, None][usize::try_from(number % 3).unwrap()],
                hour,
                Some(outcome),
            )
        })
        .collect();
    ran(&bench, "sync", one, 0, Some("ok"));
    let numbers = |runs: Vec<Run>| runs.into_iter().map(|run| run.id).collect::<Vec<_>>();
    let read = |on| {
        numbers(
            bench
                .store
                .read(|conn| conn.last_runs("push", on, 9))
                .unwrap(),
        )
    };
    assert_eq!(
        [read(one), read(two), read(None)],
        [[ids[3], ids[0]], [ids[4], ids[1]], [ids[5], ids[2]]]
    );
    let page = |before| {
        numbers(
            bench
                .store
                .read(|conn| conn.runs_before("push", before, 4))
                .unwrap(),
        )
    };
    assert_eq!(page(None), [ids[5], ids[4], ids[3], ids[2]]);
    assert_eq!(page(Some(ids[2])), [ids[1], ids[0]]);
    let good = bench
        .store
        .read(|conn| conn.last_good_run("push", two))
        .unwrap();
    assert_eq!(good.map(|run| run.id), Some(ids[1]));
}

#[test]
fn what_syncs_brought_is_summed_by_the_local_day_on_which_they_began() {
    let bench = bench();
    let zone = Zone::new(chrono_tz::Europe::Amsterdam);
    let on = bench.connection;
    let midnight = zone.start_of(day("2026-06-15"));
    for (started_at, brought) in [
        (midnight - 1, Some((1, 1))),
        (midnight, Some((10, 2))),
        (midnight + 23 * HOUR, Some((5, 0))),
        (midnight + 5, None),
        (midnight + 49 * HOUR, Some((7, 7))),
    ] {
        bench
            .store
            .write(move |tx| {
                let run = tx.begin_run("sync", Some(on), started_at)?;
                if let Some((events, contacts)) = brought {
                    tx.set_brought(run, Brought { events, contacts })?;
                }
                Ok(())
            })
            .unwrap();
    }
    let days = (day("2026-06-15"), day("2026-06-17"));
    let found = bench
        .store
        .read(|conn| conn.brought_by_day(on, days, &zone))
        .unwrap();
    let known =
        [("2026-06-15", 3, 15, 2), ("2026-06-17", 1, 7, 7)].map(|(on, runs, events, contacts)| {
            DayBrought {
                on: day(on),
                runs,
                brought: Brought { events, contacts },
            }
        });
    assert_eq!(found, known);
}

#[test]
fn a_contact_that_a_connection_did_not_know_is_counted_once_however_it_comes() {
    let bench = bench();
    let mut page = Page::empty(cursor("p"), true);
    page.contacts = vec![contact("1", Some("a@x.example")), contact("2", None)];
    page.events = vec![
        event("a@x.example", EventKind::Open, at(NOW)),
        event("b@x.example", EventKind::Open, at(NOW)),
        event("b@x.example", EventKind::Click, at(NOW)),
    ];
    assert_eq!(bench.page(NOW, "all", page.clone()).contacts_met, 3);
    assert_eq!(bench.page(NOW + 1, "all", page).contacts_met, 0);
}
