//! K17: a removal is a set, a look changes nothing, and nobody is put back who decided since.

use chrono::TimeDelta;

use super::{Edit, Finding, Subject, Tally, probe::Act, table::people, taken::Bench};
use crate::{
    connector::{Connector, Former, Look, Outcome, Removal, RemovalSpec, Who},
    model::{Contact, Status},
};

pub(super) async fn respects(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    for removal in Removal::ALL {
        let bench = Bench::new(subject, 40).await?;
        let connector = bench.connector()?;
        let specs = connector.capabilities().removals;
        match specs.iter().find(|spec| spec.removal == removal) {
            Some(spec) => off_and_back(&bench, connector.as_ref(), spec, tally).await?,
            None => undeclared(&bench, connector.as_ref(), removal, tally).await?,
        }
    }
    tally.at_least(1, "undeclared refused")
}

fn wrong(what: &str, removal: Removal, why: impl Into<String>) -> Box<Finding> {
    Finding::new(what, removal.as_str())
        .why(why)
        .next("see \"Taking off and putting back\" in connectors/README.md")
        .boxed()
}

fn who(contact: &Contact) -> Who {
    Who {
        contact: contact.id.clone(),
        email: contact.email.clone(),
    }
}

async fn remove(
    connector: &dyn Connector,
    contact: &Contact,
    removal: Removal,
) -> Result<Outcome, Box<Finding>> {
    let outcomes = connector.remove(&[who(contact)], removal).await;
    let outcomes = outcomes.map_err(|error| Finding::error(removal.as_str(), &error))?;
    only(outcomes, removal)
}

async fn restore(connector: &dyn Connector, former: &Former) -> Result<Outcome, Box<Finding>> {
    let outcomes = connector.restore(std::slice::from_ref(former)).await;
    let outcomes = outcomes.map_err(|error| Finding::error("restore", &error))?;
    only(outcomes, former.removal)
}

fn only<T>(mut outcomes: Vec<T>, removal: Removal) -> Result<T, Box<Finding>> {
    match (outcomes.pop(), outcomes.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(wrong(
            "not one outcome for one contact",
            removal,
            "one for each, in order",
        )),
    }
}

/// The contact now, which must cost no writing request.
async fn look(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    contact: &Contact,
) -> Result<Option<Look>, Box<Finding>> {
    let mark = bench.probe.count();
    let looks = connector.look(&[who(contact)]).await;
    let looks = looks.map_err(|error| Finding::error("look", &error))?;
    let searches = bench.subject.searches();
    let seen = bench.probe.since(mark);
    let writing = seen.iter().find(|seen| {
        let search = searches
            .iter()
            .any(|(method, path)| seen.method == *method && seen.uri.path().starts_with(path));
        !seen.reads() && !search
    });
    if let Some(seen) = writing {
        return Err(Finding::new(
            "a look sent a writing request",
            format!("{} {}", seen.method, seen.uri.path()),
        )
        .why("nothing may change by being looked at")
        .boxed());
    }
    only(looks, Removal::Unsubscribe)
}

async fn undeclared(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    removal: Removal,
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    let person = people(bench, connector, 1).await?.remove(0);
    let mark = bench.probe.count();
    let outcome = remove(connector, &person, removal).await?;
    let requests = bench.probe.count() - mark;
    if !matches!(outcome, Outcome::Rejected(_)) || requests > 0 {
        return Err(wrong(
            "a removal that is not declared is not refused before any request",
            removal,
            format!("{outcome:?} after {requests} requests"),
        ));
    }
    tally.add("undeclared refused", 1);
    Ok(())
}

async fn off_and_back(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    spec: &RemovalSpec,
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    gone(bench, connector, spec.removal).await?;
    let people = people(bench, connector, 4).await?;
    let mut formers = Vec::new();
    for person in &people {
        let Some(look) = look(bench, connector, person).await? else {
            return Err(wrong(
                "a look does not find who is there",
                spec.removal,
                &person.id,
            ));
        };
        if (look.contact.status, &look.contact.id) != (Some(Status::Subscribed), &person.id) {
            return Err(wrong(
                "a look shows somebody else",
                spec.removal,
                &person.id,
            ));
        }
        formers.push(Former {
            who: who(person),
            removal: spec.removal,
            status: Status::Subscribed,
            lists: look.contact.lists,
            tags: look.contact.tags.unwrap_or_default(),
        });
        tally.add("looks", 1);
    }
    twice(bench, connector, &people[0], spec.removal).await?;
    lost(bench, connector, &people[1], spec.removal, tally).await?;
    back(bench, connector, &people[0], &formers[0], spec).await?;
    tally.add("removed", 2);
    if spec.undone {
        decided(bench, connector, &people[2..], &formers[2..], tally).await?;
    }
    Ok(())
}

/// Whoever is gone already is off.
async fn gone(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    removal: Removal,
) -> Result<(), Box<Finding>> {
    let all = people(bench, connector, 20).await?;
    let ids = bench.edit(Edit::Delete(1)).await?.contacts;
    let Some(person) = all.iter().find(|person| ids.contains(&person.id)) else {
        return Err(Finding::new("nobody who may be mailed was deleted", "the stand").boxed());
    };
    let outcome = remove(connector, person, removal).await?;
    let there = look(bench, connector, person).await?;
    if outcome != Outcome::Applied || there.is_some() {
        return Err(wrong(
            "whoever is gone is not told as gone",
            removal,
            format!(
                "{outcome:?}, and a look finds {}",
                if there.is_some() { "them" } else { "nobody" }
            ),
        ));
    }
    Ok(())
}

async fn twice(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    person: &Contact,
    removal: Removal,
) -> Result<(), Box<Finding>> {
    let mut others = bench.stand.mailed();
    others.remove(&person.id);
    let mut states = Vec::new();
    for _ in 0..2 {
        let outcome = remove(connector, person, removal).await?;
        let mailed = bench.stand.mailed();
        if outcome != Outcome::Applied || mailed.contains(&person.id) {
            return Err(wrong(
                "somebody who was taken off is not off",
                removal,
                format!("{outcome:?}; Applied must mean that no more mail goes there"),
            ));
        }
        if mailed != others {
            return Err(wrong(
                "somebody else was taken off or came on",
                removal,
                "a removal is of the one whom it names",
            ));
        }
        states.push(bench.stand.shown());
    }
    if states[0] != states[1] {
        return Err(wrong(
            "a second removal changes something",
            removal,
            "a removal is a set: twice is the same as once",
        ));
    }
    Ok(())
}

/// The answer to the first writing request is lost, although it was carried out.
async fn lost(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    person: &Contact,
    removal: Removal,
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    let before = bench.probe.struck();
    let mut struck = false;
    bench.probe.on(move |seen| {
        if seen.reads() || std::mem::replace(&mut struck, true) {
            Act::Pass
        } else {
            Act::Lose
        }
    });
    let first = remove(connector, person, removal).await?;
    bench.probe.off();
    tally.add("answers lost", bench.probe.struck() - before);
    let again = remove(connector, person, removal).await?;
    let off = !bench.stand.mailed().contains(&person.id);
    if matches!(first, Outcome::Rejected(_)) || again != Outcome::Applied || !off {
        return Err(wrong(
            "a removal whose answer was lost does not stand after the next",
            removal,
            format!("{first:?}, then {again:?}"),
        ));
    }
    Ok(())
}

/// What can be undone comes back as it was; what cannot is refused.
async fn back(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    person: &Contact,
    former: &Former,
    spec: &RemovalSpec,
) -> Result<(), Box<Finding>> {
    for _ in 0..2 {
        let outcome = restore(connector, former).await?;
        let mailed = bench.stand.mailed().contains(&person.id);
        let fits = if spec.undone {
            outcome == Outcome::Applied && mailed
        } else {
            matches!(outcome, Outcome::Rejected(_)) && !mailed
        };
        if !fits {
            return Err(wrong(
                "undoing is not what is declared",
                spec.removal,
                format!("{outcome:?}; on the list again: {mailed}"),
            ));
        }
    }
    let shown = bench.stand.shown();
    let mut own = former.tags.clone();
    own.sort();
    match shown.get(&person.id) {
        Some(there) if spec.undone && there.tags != own => Err(wrong(
            "somebody came back with other tags",
            spec.removal,
            format!("{:?} instead of {own:?}", there.tags),
        )),
        _ => Ok(()),
    }
}

/// One leaves after we took them off, one before: neither may be put back.
async fn decided(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    people: &[Contact],
    formers: &[Former],
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    let leave = async |person: &Contact| {
        bench.clock.advance(TimeDelta::minutes(10));
        let left = bench.stand.leaves(&person.id).await;
        bench.clock.advance(TimeDelta::minutes(10));
        left.map_err(|why| {
            Finding::new("nobody can leave", "the stand")
                .why(why)
                .boxed()
        })
    };
    let cases = people.iter().zip(formers).zip([true, false]);
    for ((person, former), after) in cases {
        if !after {
            leave(person).await?;
        }
        let off = remove(connector, person, former.removal).await?;
        if after {
            leave(person).await?;
        }
        let mark = bench.stand.shown();
        let outcome = restore(connector, former).await?;
        let mailed = bench.stand.mailed().contains(&person.id);
        // Whom we find gone by their own hand we need not take off, nor count as ours.
        let taken = off == Outcome::Applied || (!after && matches!(off, Outcome::Rejected(_)));
        if !taken
            || !matches!(outcome, Outcome::Rejected(_))
            || mailed
            || bench.stand.shown() != mark
        {
            return Err(wrong(
                "somebody who left by their own hand is put back",
                former.removal,
                format!("{outcome:?}; on the list again: {mailed}"),
            ));
        }
        tally.add("decided since", 1);
    }
    Ok(())
}
