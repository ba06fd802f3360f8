//! What is asked of the daemon's desk, against a platform.

use engaged::desk::{
    ask::{Ask, Outcome},
    kept::AnyPlan,
    task::{Task, TaskState},
};

use crate::stage::{Asking, Stage};

fn outcome(task: &Task) -> &Outcome {
    match &task.state {
        TaskState::Done(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

fn code(task: &Task) -> &'static str {
    match &task.state {
        TaskState::Failed(expected) => expected.diagnostics[0].code,
        other => panic!("{other:?}"),
    }
}

/// The fingerprint of a plan that was made just now.
fn plan(asking: &Asking<'_>) -> String {
    match outcome(&asking.ask(Ask::Plan)) {
        Outcome::Planned { fingerprints } => fingerprints[0].clone(),
        other => panic!("{other:?}"),
    }
}

/// How many writes were done, and why the others were not.
fn apply(asking: &Asking<'_>, fingerprint: &str) -> (u64, Vec<String>) {
    let fingerprint = fingerprint.to_owned();
    match outcome(&asking.ask(Ask::Apply { fingerprint })) {
        Outcome::Pushed { push } => (push[0].applied, push[0].held.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn exactly_the_plan_that_was_looked_at_is_applied_and_a_stale_one_is_not() {
    let stage = Stage::ghost(30);
    let asking = stage.asking();
    let all = || Ask::Sync {
        connection: None,
        full: false,
    };
    outcome(&asking.ask(all()));
    let unscored = plan(&asking);
    outcome(&asking.ask(Ask::Score { full: false }));
    let looked_at = plan(&asking);
    assert_ne!(unscored, looked_at);
    let kept = asking.desk.plan(&looked_at).unwrap();
    assert_eq!(kept.who, "tom");
    let AnyPlan::Push(push) = &kept.plan else {
        panic!("{kept:?}");
    };
    assert!(push.writes > 0);
    // A guard holds it, whoever asks.
    let (applied, held) = apply(&asking, &looked_at);
    assert_eq!((applied, held.len()), (0, 1), "{held:?}");
    assert!(stage.writes().is_empty());
    stage.program.expect(0, &["approve", "baseline"]);
    let stale = Ask::Apply {
        fingerprint: unscored,
    };
    assert_eq!(code(&asking.ask(stale)), "E0801");
    assert!(stage.writes().is_empty());
    let looked_at = plan(&asking);
    let writes = match &asking.desk.plan(&looked_at).unwrap().plan {
        AnyPlan::Push(plan) => plan.writes,
        AnyPlan::Cleaning(_) => 0,
    };
    assert_eq!(apply(&asking, &looked_at), (writes, Vec::new()));
    let again = Ask::Apply {
        fingerprint: looked_at,
    };
    assert_eq!(code(&asking.ask(again)), "E0801");
    let unknown = Ask::Sync {
        connection: Some("nowhere".to_owned()),
        full: false,
    };
    assert_eq!(code(&asking.ask(unknown)), "E0100");
    let asked = "select count(*) from audit where who = 'tom' and what = 'ask apply'";
    assert_eq!(stage.number(asked), 4);
    drop(asking);
    stage.site_shows_what_is_wanted();
}
