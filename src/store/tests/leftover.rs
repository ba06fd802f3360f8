use super::*;

const DAY: Millis = 86_400_000;

fn write(bench: &Bench, lane: Lane, target: &str, state: OutboxState, now: Millis) {
    let row = NewOutboxRow {
        plan: None,
        connection: bench.connection,
        contact: None,
        platform_id: "7".into(),
        write: "set field".into(),
        target: target.into(),
        value: Some("1".into()),
        reason: "score".into(),
        lane,
    };
    bench
        .store
        .write(move |tx| {
            if row.lane == Lane::Start {
                return tx.enqueue_start(&row, now);
            }
            let id = tx.enqueue(&row, now)?.unwrap();
            if state != OutboxState::Planned {
                tx.settle(id, state, None, None, now)?;
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn writes_that_were_settled_long_ago_go_and_starts_removals_and_open_ones_stay() {
    let bench = bench();
    let old = NOW - 91 * DAY;
    let settled = [
        OutboxState::Applied,
        OutboxState::Rejected,
        OutboxState::Abandoned,
    ];
    for (number, state) in OutboxState::ALL.into_iter().enumerate() {
        write(&bench, Lane::Set, &format!("old {number}"), state, old);
        write(&bench, Lane::Set, &format!("new {number}"), state, NOW);
        write(&bench, Lane::Removal, &format!("off {number}"), state, old);
    }
    write(&bench, Lane::Start, "start:1", OutboxState::Planned, old);
    let rows = bench.count("select count(*) from outbox");
    // In two parts, as if it had been cut off between them.
    let (mut deleted, mut after) = (0, 0);
    loop {
        let part = bench
            .store
            .write(move |tx| tx.drop_settled_writes(after, NOW - 90 * DAY, 3));
        let part = part.unwrap();
        deleted += part.deleted;
        let wrong = bench.store.read(|conn| conn.compare_tallies(9)).unwrap();
        assert_eq!(wrong, Vec::<String>::new());
        match part.until {
            Some(until) => after = until,
            None => break,
        }
    }
    // A doubt that nothing has settled stays.
    assert_eq!(deleted, settled.len() as u64);
    assert_eq!(bench.count("select count(*) from outbox"), rows - 3);
    let left = "select count(*) from outbox where target glob 'old *'
       and state in ('planned', 'attempting', 'retry', 'ambiguous', 'reconciled')";
    assert_eq!(bench.count(left), 5);
    assert_eq!(
        bench.count("select count(*) from outbox where lane = 'start'"),
        1
    );
    assert_eq!(
        bench.count("select count(*) from outbox where lane = 'removal'"),
        8
    );
}

#[test]
fn what_settled_a_doubt_goes_after_the_doubt() {
    let bench = bench();
    let old = NOW - 91 * DAY;
    for state in [
        OutboxState::Reconciled,
        OutboxState::Applied,
        OutboxState::Rejected,
    ] {
        write(&bench, Lane::Set, "tag:hot", state, old);
    }
    let part = || {
        let part = bench
            .store
            .write(|tx| tx.drop_settled_writes(0, NOW - 90 * DAY, 9));
        part.unwrap().deleted
    };
    assert_eq!([part(), part(), part()], [2, 1, 0]);
    assert_eq!(bench.count("select count(*) from outbox"), 0);
}
