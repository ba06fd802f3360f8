//! K16: a start begins once at most, whatever becomes of its answer.

use std::collections::BTreeMap;

use ::http::StatusCode;

use super::{Finding, Subject, Tally, probe::Act, table::people, taken::Bench};
use crate::{
    connector::{Action, Connector, Outcome, Start, StartKind},
    model::Contact,
};

pub(super) async fn once(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let actions = subject.actions();
    undeclared(subject, &actions, tally).await?;
    for action in &actions {
        in_peace(subject, action, tally).await?;
        in_doubt(subject, action, tally).await?;
        refused_unseen(subject, action, tally).await?;
    }
    if actions.is_empty() {
        tally.at_least(3, "undeclared refused")
    } else {
        tally.at_least(2, "answers lost")
    }
}

fn wrong(what: impl Into<String>, place: &str, why: impl Into<String>) -> Box<Finding> {
    Finding::new(what, place)
        .why(why)
        .next("see \"Starting\" in connectors/README.md")
        .boxed()
}

/// One action of each kind that is no set.
fn kinds() -> [Action; 3] {
    [
        Action::Automation("journey 1 step 1".into()),
        Action::Event("gone quiet".into()),
        Action::Call { body: "{}".into() },
    ]
}

fn start(contact: &Contact, action: &Action) -> Start {
    Start {
        contact: contact.id.clone(),
        email: contact.email.clone(),
        key: format!("conformance:{}", contact.id),
        action: action.clone(),
    }
}

async fn started(
    connector: &dyn Connector,
    starts: &[Start],
    place: &str,
) -> Result<Vec<Outcome>, Box<Finding>> {
    let outcomes = connector
        .start(starts)
        .await
        .map_err(|error| Finding::error(place, &error))?;
    if outcomes.len() != starts.len() {
        let what = format!("{} outcomes for {} starts", outcomes.len(), starts.len());
        return Err(wrong(
            what,
            place,
            "the caller tells them apart by their order",
        ));
    }
    Ok(outcomes)
}

/// How much more was started than before: in all, and at most of one thing for one contact.
fn more(bench: &Bench<'_>, before: &BTreeMap<String, usize>) -> (usize, usize) {
    let now = bench.stand.starts();
    let more = now
        .iter()
        .map(|(name, times)| times - before.get(name).copied().unwrap_or_default());
    (more.clone().sum(), more.max().unwrap_or_default())
}

/// Kinds that are not declared are refused before any request, and what is declared is what the subject starts.
async fn undeclared(
    subject: &dyn Subject,
    actions: &[Action],
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    let bench = Bench::new(subject, 20).await?;
    let connector = bench.connector()?;
    let person = people(&bench, connector.as_ref(), 1).await?.remove(0);
    for action in kinds() {
        let kind: StartKind = action.kind();
        let declared = connector.capabilities().starts.contains(&kind);
        if declared != actions.iter().any(|action| action.kind() == kind) {
            return Err(wrong(
                "the declared starts are not those of the subject",
                kind.as_str(),
                "each kind that is declared is proved, and no other",
            ));
        }
        if declared {
            continue;
        }
        let mark = bench.probe.count();
        let outcome = started(
            connector.as_ref(),
            &[start(&person, &action)],
            kind.as_str(),
        )
        .await?
        .remove(0);
        let requests = bench.probe.count() - mark;
        if !matches!(outcome, Outcome::Rejected(_)) || requests > 0 {
            return Err(wrong(
                "a start that is not declared is not refused before any request",
                kind.as_str(),
                format!("{outcome:?} after {requests} requests"),
            ));
        }
        tally.add("undeclared refused", 1);
    }
    Ok(())
}

async fn in_peace(
    subject: &dyn Subject,
    action: &Action,
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    let bench = Bench::new(subject, 20).await?;
    let connector = bench.connector()?;
    let people = people(&bench, connector.as_ref(), 3).await?;
    let before = bench.stand.starts();
    let starts: Vec<Start> = people.iter().map(|person| start(person, action)).collect();
    let outcomes = started(connector.as_ref(), &starts, "three starts").await?;
    let (all, most) = more(&bench, &before);
    if outcomes.iter().any(|outcome| *outcome != Outcome::Applied) || (all, most) != (3, 1) {
        return Err(wrong(
            "three starts did not begin once each",
            action.kind().as_str(),
            format!("{outcomes:?}; {all} began, {most} of one"),
        ));
    }
    tally.add("started", 3);
    Ok(())
}

/// The answer is lost after the start began, or a server fails and does not say whether it did.
async fn in_doubt(
    subject: &dyn Subject,
    action: &Action,
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    for lost in [true, false] {
        let bench = Bench::new(subject, 20).await?;
        let connector = bench.connector()?;
        let person = people(&bench, connector.as_ref(), 1).await?.remove(0);
        let (before, mark) = (bench.stand.starts(), bench.probe.count());
        let failure = bench.stand.refusal(StatusCode::BAD_GATEWAY).await;
        let mut struck = false;
        bench.probe.on(move |seen| {
            if seen.reads() || std::mem::replace(&mut struck, true) {
                Act::Pass
            } else if lost {
                Act::Lose
            } else {
                Act::Answer(failure.clone())
            }
        });
        let place = if lost {
            "the answer to a start is lost"
        } else {
            "a server fails at a start"
        };
        let outcome = started(connector.as_ref(), &[start(&person, action)], place)
            .await?
            .remove(0);
        bench.probe.off();
        tally.add("answers lost", bench.probe.struck());
        let sent = bench.probe.since(mark);
        let sent = sent.iter().filter(|seen| !seen.reads()).count();
        let (all, _) = more(&bench, &before);
        if sent > 1 || all > 1 {
            return Err(wrong(
                format!("a start in doubt was sent {sent} times and began {all} times"),
                place,
                "a second request is a second start; leave the doubt to a person",
            ));
        }
        if !matches!(outcome, Outcome::Ambiguous(_)) {
            return Err(wrong(
                "a start in doubt is told as if it were none",
                place,
                format!(
                    "{outcome:?}: Retry promises that nothing began, Rejected that nothing will"
                ),
            ));
        }
    }
    Ok(())
}

/// The platform is too busy to look: then a start may be sent again, and begins once.
async fn refused_unseen(
    subject: &dyn Subject,
    action: &Action,
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    let bench = Bench::new(subject, 20).await?;
    let connector = bench.connector()?;
    let person = people(&bench, connector.as_ref(), 1).await?.remove(0);
    let before = bench.stand.starts();
    let busy = bench.stand.refusal(StatusCode::TOO_MANY_REQUESTS).await;
    let mut struck = false;
    bench.probe.on(move |_| {
        if std::mem::replace(&mut struck, true) {
            Act::Pass
        } else {
            Act::Answer(busy.clone())
        }
    });
    let place = "429 to a start";
    let outcome = started(connector.as_ref(), &[start(&person, action)], place)
        .await?
        .remove(0);
    tally.add("refused unseen", bench.probe.struck());
    let (all, _) = more(&bench, &before);
    let fits = match outcome {
        Outcome::Applied => all == 1,
        Outcome::Retry(..) => all == 0,
        _ => false,
    };
    if !fits {
        return Err(wrong(
            "a start that the platform was too busy for is not told as what it is",
            place,
            format!("{outcome:?}, and {all} began"),
        ));
    }
    Ok(())
}
