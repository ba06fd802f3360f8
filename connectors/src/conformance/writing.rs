//! K9: writes are sets, a bad row stands alone, and limits are found before anything is sent.

use std::collections::BTreeMap;

use super::{
    Edit, Finding, PREFIX, Shown, Subject, Tally,
    probe::Act,
    table::{change, create, people, push, set, tag, untag},
    taken::Bench,
};
use crate::{
    connector::{Change, Connector, Outcome},
    model::Contact,
};

pub(super) async fn sets(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let bench = Bench::new(subject, 40).await?;
    let connector = bench.connector()?;
    twice(&bench, connector.as_ref(), tally).await?;
    lost_answers(subject, tally).await?;
    bad_row(&bench, connector.as_ref(), tally).await?;
    limits(&bench, connector.as_ref(), tally).await
}

fn wrong(what: impl Into<String>, place: &str, why: impl Into<String>) -> Box<Finding> {
    Finding::new(what, place)
        .why(why)
        .next("see \"Writing\" in connectors/README.md")
        .boxed()
}

/// Sets of one value and one tag for these people, with the field made first where that is possible.
fn sets_of(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    people: &[Contact],
    value: &str,
    name: &str,
) -> Vec<Change> {
    let capabilities = connector.capabilities();
    let field = bench.subject.field();
    let mut changes = Vec::new();
    changes.extend(capabilities.creates_fields.then(|| create(field)));
    for person in people {
        changes.extend(capabilities.fields.then(|| set(person, field, value)));
        changes.push(tag(person, name));
    }
    changes
}

/// That these people show the value and the tag, each once.
fn expect(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    people: &[Contact],
    value: &str,
    name: &str,
    place: &str,
) -> Result<BTreeMap<String, Shown>, Box<Finding>> {
    let shown = bench.stand.shown();
    for person in people {
        let Some(there) = shown.get(&person.id) else {
            return Err(wrong("somebody is gone", place, person.id.clone()));
        };
        let times = there
            .tags
            .iter()
            .filter(|tag| **tag == format!("{PREFIX}{name}"))
            .count();
        let field = there.fields.get(bench.subject.field()).cloned();
        if times != 1 || (connector.capabilities().fields && field.as_deref() != Some(value)) {
            return Err(wrong(
                "what was written is not there once",
                place,
                format!(
                    "{} shows the tag {times} times and the field {field:?} instead of {value:?}",
                    person.id
                ),
            ));
        }
    }
    Ok(shown)
}

fn all_applied(outcomes: &[Outcome], place: &str) -> Result<(), Box<Finding>> {
    match outcomes
        .iter()
        .find(|outcome| **outcome != Outcome::Applied)
    {
        None => Ok(()),
        Some(other) => Err(wrong(
            "a good write is not applied",
            place,
            format!("{other:?}"),
        )),
    }
}

async fn twice(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    let people = people(bench, connector, 6).await?;
    let changes = sets_of(bench, connector, &people, "42", "hot");
    let mut states = Vec::new();
    for place in ["the first push", "the same push again"] {
        all_applied(&push(connector, &changes, place).await?, place)?;
        states.push(expect(bench, connector, &people, "42", "hot", place)?);
        tally.add("writes", changes.len());
    }
    if states[0] != states[1] {
        return Err(wrong(
            "a second push of the same changes something",
            "the same push again",
            "a write is a set: twice is the same as once",
        ));
    }
    let away: Vec<Change> = people.iter().map(|person| untag(person, "hot")).collect();
    for place in ["taking tags off", "taking them off again"] {
        all_applied(&push(connector, &away, place).await?, place)?;
        tally.add("writes", away.len());
    }
    let shown = bench.stand.shown();
    let left = people.iter().filter_map(|person| shown.get(&person.id));
    if left
        .flat_map(|there| &there.tags)
        .any(|tag| tag.starts_with(PREFIX))
    {
        return Err(wrong(
            "a tag that was taken off is still there",
            "taking tags off",
            "the outcome said Applied",
        ));
    }
    tally.add("sent twice", changes.len() + away.len());
    Ok(())
}

/// The answer to a writing request is lost, although it was carried out: once that to the first, once that to the second.
async fn lost_answers(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    for nth in 1..=2 {
        // On a fresh account, where the field or the tag is still to be made.
        let bench = Bench::new(subject, 20).await?;
        let connector = bench.connector()?;
        let people = people(&bench, connector.as_ref(), 4).await?;
        let changes = sets_of(&bench, connector.as_ref(), &people, "43", "lost");
        let (mut writes, searches) = (0, subject.searches());
        bench.probe.on(move |seen| {
            let search = searches
                .iter()
                .any(|(method, path)| seen.method == *method && seen.uri.path().starts_with(path));
            let write = !seen.reads() && !search;
            writes += usize::from(write);
            if write && writes == nth {
                Act::Lose
            } else {
                Act::Pass
            }
        });
        let place = format!("the answer to writing request {nth} is lost");
        let outcomes = push(connector.as_ref(), &changes, &place).await?;
        bench.probe.off();
        tally.add("answers lost", bench.probe.struck());
        if let Some(other) = outcomes
            .iter()
            .find(|outcome| matches!(outcome, Outcome::Rejected(_)))
        {
            return Err(wrong(
                "a lost answer is taken for a refusal",
                &place,
                format!("{other:?}"),
            ));
        }
        tally.add(
            "in doubt",
            outcomes
                .iter()
                .filter(|outcome| matches!(outcome, Outcome::Ambiguous(_)))
                .count(),
        );
        all_applied(
            &push(connector.as_ref(), &changes, "the same again, in peace").await?,
            "the same again, in peace",
        )?;
        expect(&bench, connector.as_ref(), &people, "43", "lost", &place)?;
        tally.add("writes", changes.len());
    }
    tally.at_least(2, "answers lost")
}

/// One contact among good ones was deleted between reading and writing.
async fn bad_row(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    let mut people = people(bench, connector, 30).await?;
    let gone = bench.edit(Edit::Delete(1)).await?.contacts;
    let place = "one contact of many was deleted meanwhile";
    let Some(bad) = people.iter().position(|person| gone.contains(&person.id)) else {
        return Err(Finding::new(
            "the deleted contact is none that may be mailed",
            "the stand",
        )
        .boxed());
    };
    // Neither first nor last, so that what comes before and after it is seen.
    people.swap(bad, 3);
    people.truncate(7);
    let changes: Vec<Change> = people.iter().map(|person| tag(person, "row")).collect();
    let outcomes = push(connector, &changes, place).await?;
    for (row, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Outcome::Rejected(_) if row == 3 => tally.add("bad rows isolated", 1),
            Outcome::Applied if row != 3 => tally.add("good rows beside them", 1),
            other => {
                return Err(wrong(
                    format!("row {row} of a push with a bad row 3 is {other:?}"),
                    place,
                    "the bad row is Rejected, the others Applied",
                ));
            }
        }
    }
    people.remove(3);
    let shown = bench.stand.shown();
    let without = |person: &&Contact| {
        shown
            .get(&person.id)
            .is_none_or(|there| !there.tags.contains(&format!("{PREFIX}row")))
    };
    match people.iter().find(without) {
        None => Ok(()),
        Some(_) => Err(wrong(
            "a row that counts as applied is not there",
            place,
            "Applied must mean that the platform has it",
        )),
    }
}

/// Values that the platform cannot keep are refused without a request.
async fn limits(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    let person = people(bench, connector, 1).await?.remove(0);
    for unwritable in bench.subject.unwritable() {
        let mark = bench.probe.count();
        let one = change(&person, unwritable.write.clone());
        let outcome = push(connector, &[one], unwritable.limit).await?.remove(0);
        let requests = bench.probe.count() - mark;
        if !matches!(outcome, Outcome::Rejected(_)) || requests > 0 {
            return Err(wrong(
                "a value beyond a limit is not refused before sending",
                unwritable.limit,
                format!("{outcome:?} after {requests} requests"),
            ));
        }
        tally.add("limits known before", 1);
    }
    tally.at_least(2, "limits known before")
}
