//! A run that is cut off in the middle of a request, and answers that are lost after all was done.

use engaged_connectors::{Outcome, model::Status};

use super::{
    UNSUBSCRIBE,
    bench::{Bench, Cut, HOUR, bench, policy, tester},
    plan,
};
use crate::store::Speaker;

/// Runs until it ends, or until a request falls; whether one fell.
async fn run_or_fall<T>(bench: &Bench, work: impl Future<Output = T>) -> bool {
    tokio::select! {
        biased;
        () = bench.site.fell.notified() => true,
        _ = work => false,
    }
}

fn count(bench: &Bench, id: &str, words: &str) -> usize {
    let wanted = format!("{id} {words}");
    bench
        .ledger()
        .iter()
        .filter(|each| **each == wanted)
        .count()
}

#[tokio::test]
async fn what_is_cut_off_is_found_again_and_nobody_is_restored_twice() {
    let (mut fell_taking, mut fell_restoring) = (0, 0);
    for round in 0..60_u64 {
        let bench = bench(&policy(&format!("{UNSUBSCRIBE}\nbreaker = 1.0")));
        bench.list(8, 4);
        let before = bench.site.people();
        let contacts = usize::try_from(round / 2 % 5).unwrap();
        bench.site.cut(Some(Cut {
            requests: round % 2,
            contacts,
        }));
        let fingerprint = plan(&bench).fingerprint;
        let fell = run_or_fall(&bench, bench.cleaning().apply(&fingerprint, &tester())).await;
        fell_taking += u64::from(fell);
        bench.site.cut(None);
        bench.wait(HOUR * 3);
        bench.cleaning().cycle().await.unwrap();
        for id in ["p0", "p1", "p2", "p3"] {
            assert_eq!(
                bench.site.person(id).status,
                Status::Unsubscribed,
                "round {round}: {id}"
            );
            // What the platform showed as done was not done again.
            assert_eq!(count(&bench, id, "unsubscribe"), 1, "round {round}: {id}");
        }
        let requests = round / 3 % 2;
        bench.site.cut(Some(Cut { requests, contacts }));
        let fell = run_or_fall(&bench, bench.cleaning().undo(1, "a test")).await;
        fell_restoring += u64::from(fell);
        bench.site.cut(None);
        bench.wait(HOUR * 3);
        bench.cleaning().cycle().await.unwrap();
        assert_eq!(bench.site.people(), before, "round {round}");
        for id in ["p0", "p1", "p2", "p3"] {
            assert_eq!(count(&bench, id, "restore"), 1, "round {round}: {id}");
        }
        assert_eq!(
            bench.cleaning().cycle().await.unwrap(),
            Vec::new(),
            "round {round}"
        );
    }
    println!("{fell_taking} cut while taking off, {fell_restoring} while restoring");
    assert!(
        fell_taking + fell_restoring >= 100,
        "{fell_taking} {fell_restoring}"
    );
}

#[tokio::test]
async fn a_confirmation_that_is_cut_off_is_whole_and_takes_everybody_off_once() {
    let mut fell = 0;
    for round in 0..20_u64 {
        let text = format!("{UNSUBSCRIBE}\nbreaker = 1.0\napprove = \"two people\"");
        let bench = bench(&policy(&text));
        bench.list(8, 4);
        let approved = bench.apply(&plan(&bench).fingerprint).await;
        assert_eq!((approved.waits, approved.removed), (4, 0));
        bench.site.cut(Some(Cut {
            requests: round % 2,
            contacts: usize::try_from(round / 2 % 5).unwrap(),
        }));
        let (cleaning, marit) = (bench.cleaning(), Speaker::dashboard("marit"));
        fell += u64::from(run_or_fall(&bench, cleaning.confirm_and_work(1, &marit)).await);
        bench.site.cut(None);
        bench.wait(HOUR * 3);
        bench.cleaning().cycle().await.unwrap();
        for id in ["p0", "p1", "p2", "p3"] {
            assert_eq!(count(&bench, id, "unsubscribe"), 1, "round {round}: {id}");
        }
    }
    assert_eq!(fell, 20);
}

#[tokio::test]
async fn an_answer_that_is_lost_is_settled_by_a_look() {
    let bench = bench(&policy(UNSUBSCRIBE));
    bench.list(100, 3);
    // Every second one is done, and nobody is told.
    let mut turn = 0;
    bench.site.answer(move |_| {
        turn += 1;
        (turn % 2 == 1, Outcome::Ambiguous("reset".to_owned()))
    });
    let report = bench.apply(&plan(&bench).fingerprint).await;
    assert_eq!((report.removed, report.in_doubt), (0, 3));
    bench.site.answer(|_| (true, Outcome::Applied));
    bench.wait(HOUR * 3);
    let after = bench.cleaning().cycle().await.unwrap().remove(0);
    assert_eq!((after.removed, after.in_doubt), (3, 0));
    let unsubscribed = ["p0", "p1", "p2"].map(|id| count(&bench, id, "unsubscribe"));
    assert_eq!(unsubscribed.iter().sum::<usize>(), 4);
    let batch = bench
        .store
        .read(|conn| conn.cleaning_batch(1))
        .unwrap()
        .unwrap();
    assert_eq!(batch.state, "applied");
}
