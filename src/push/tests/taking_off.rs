//! What comes off: for who objects, from a connection that is retracted, of somebody who is erased.

use super::*;
use crate::store::ContactId;

const BOTH: &str = r#"push.tags = { prefix = "engaged:", bands = ["engagement"] }
push.fields = { ENGSCORE = "engagement" }"#;

impl Bench {
    fn who(&self, id: &str) -> ContactId {
        let email = Address::parse(&format!("{id}@x.example")).unwrap();
        let found = self.store.read(|conn| conn.find_contact(&email));
        found.unwrap().unwrap()
    }

    fn object(&self, id: &str) {
        let (who, now) = (self.who(id), self.now());
        assert!(
            self.store
                .write(move |tx| tx.object(who, "a test", now))
                .unwrap()
        );
    }

    pub(super) fn retract(&self, withdraw: bool) {
        let (id, now) = (self.id, self.now());
        let changed = self.store.write(move |tx| {
            if withdraw {
                tx.withdraw_retraction(id)
            } else {
                tx.retract(id, "a test", now)
            }
        });
        assert!(changed.unwrap());
    }
}

#[tokio::test]
async fn off_who_objects_all_of_ours_comes_and_nothing_is_put_on_again_until_it_is_taken_back() {
    let bench = bench(BOTH);
    bench.levels(&[("a", "high"), ("b", "high")]);
    bench.baseline().await;
    assert_eq!(bench.holds("a"), ["ENGSCORE=50", "engaged:hot"]);
    bench.object("a");
    let plan = bench.plan().await;
    assert_eq!((plan.writes, plan.objecting, plan.unscored), (2, 1, 0));
    let samples: Vec<&str> = plan
        .sample
        .iter()
        .map(|each| each.contact.as_str())
        .collect();
    assert_eq!(samples, ["a@x.example"; 2]);
    bench.apply().await;
    assert_eq!(bench.asked(), ["a ENGSCORE=", "a -engaged:hot"]);
    assert_eq!(bench.holds("b"), ["ENGSCORE=50", "engaged:hot"]);
    // News about who objects is taken in, and shown nowhere.
    bench.levels(&[("a", "middle"), ("b", "middle")]);
    bench.apply().await;
    assert_eq!(
        bench.asked(),
        ["b ENGSCORE=10", "b -engaged:hot", "b +engaged:warm"]
    );
    assert_eq!(bench.plan().await.writes, 0);
    let (who, now) = (bench.who("a"), bench.now());
    assert!(
        bench
            .store
            .write(move |tx| tx.withdraw_objection(who, now))
            .unwrap()
    );
    bench.score();
    bench.apply().await;
    assert_eq!(bench.asked(), ["a ENGSCORE=10", "a +engaged:warm"]);
}

#[tokio::test]
async fn what_may_be_there_of_who_objects_though_nobody_knows_comes_off_too() {
    let bench = bench(BOTH);
    bench.levels(&[("a", "high")]);
    bench.apply().await;
    bench.approve(guard::BASELINE);
    bench.answer(|_| (true, Outcome::Ambiguous("cut off".into())));
    bench.apply().await;
    bench.asked();
    bench.object("a");
    bench.obey();
    bench.apply().await;
    assert_eq!(bench.asked(), ["a ENGSCORE=", "a -engaged:hot"]);
}

#[tokio::test]
async fn a_retraction_is_held_like_any_large_change_takes_all_off_and_stays_until_taken_back() {
    let bench = guarded(BOTH, 0.2);
    bench.levels(&[("a", "high"), ("b", "middle"), ("c", "low")]);
    bench.baseline().await;
    bench.retract(false);
    let plan = bench.plan().await;
    assert!(plan.retracted);
    assert_eq!((plan.writes, plan.changed), (6, 3));
    let held = bench.apply().await.held;
    assert!(
        held[0].starts_with("max_score_change")
            && held[0].ends_with("our fields and tags come off"),
        "{held:?}"
    );
    assert_eq!(bench.asked(), Vec::<String>::new());
    bench.approve(guard::MAX_SCORE_CHANGE);
    assert_eq!(bench.apply().await.held, Vec::<String>::new());
    for id in ["a", "b", "c"] {
        assert_eq!(bench.holds(id), ["ENGSCORE="], "{id}");
    }
    bench.asked();
    let shows = bench
        .store
        .read(|conn| conn.shows_anything(bench.id))
        .unwrap();
    assert!(!shows);
    bench.levels(&[("a", "low"), ("d", "high")]);
    assert_eq!(bench.apply().await.planned, 0);
    assert_eq!(bench.asked(), Vec::<String>::new());
    bench.retract(true);
    assert!(!bench.plan().await.retracted);
    assert_eq!(bench.plan().await.writes, 8);
}

#[tokio::test]
async fn of_one_contact_alone_ours_comes_off_while_everybody_elses_writes_wait() {
    let bench = guarded(BOTH, 0.2);
    bench.levels(&[("a", "high"), ("b", "high")]);
    bench.baseline().await;
    bench.answer(retry);
    bench.levels(&[("b", "middle")]);
    bench.apply().await;
    bench.approve(guard::MAX_SCORE_CHANGE);
    bench.apply().await;
    bench.asked();
    bench.obey();
    bench.wait(HOUR * 48);
    let push = Push {
        only: Some(bench.who("a")),
        ..bench.push()
    };
    let before = bench.sizes();
    let report = push.apply(None).await.unwrap();
    assert_eq!((report.planned, report.applied), (2, 2));
    assert_eq!(bench.asked(), ["a ENGSCORE=", "a -engaged:hot"]);
    let waiting = |sizes: &[(OutboxState, i64)]| -> i64 {
        let waits =
            |state: &OutboxState| matches!(state, OutboxState::Retry | OutboxState::Planned);
        sizes
            .iter()
            .filter(|(state, _)| waits(state))
            .map(|(_, size)| size)
            .sum()
    };
    assert!(waiting(&before) > 0);
    assert_eq!(
        waiting(&bench.sizes()),
        waiting(&before),
        "what waits of others waits on"
    );
}
