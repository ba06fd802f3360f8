//! K3: the capability table equals what the code does.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Edit, Finding, PREFIX, Subject, Tally,
    taken::{Bench, Taken, pull, streams},
};
use crate::{
    clock::Clock as _,
    connector::{Capabilities, Change, Connector, Outcome, Page, Stream, StreamSpec, Write},
    error::ConnectorError,
    model::{Contact, Status},
};

fn differs(what: &str, place: &str, why: impl Into<String>) -> Box<Finding> {
    Finding::new(what, place)
        .why(why)
        .next("mend the declaration or the code: users and the engine rely on the table")
        .boxed()
}

pub(super) async fn equals(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let bench = Bench::paged(subject, 150, 100).await?;
    let connector = bench.connector()?;
    let capabilities = connector.capabilities().clone();
    declared(&capabilities, subject)?;
    let skips = subject.skips().iter();
    let mut whole = skips.filter(|skip| skip.check == "K14" && skip.part.is_none());
    if connector.webhook().is_some() && whole.next().is_some() {
        return Err(differs(
            "the check of webhooks is skipped, and the connector reads them",
            "K14",
            "what is believed without having been examined can be forged",
        ));
    }
    reads(&bench, connector.as_ref(), tally).await?;
    let unheard = connector.pull(Stream("no-such-stream"), None).await;
    if !matches!(unheard, Err(ConnectorError::Config { .. })) {
        return Err(differs(
            "a stream that is not declared is not refused",
            "no-such-stream",
            "a Config error is expected",
        ));
    }
    tally.add("undeclared refused", 1);
    writes(&bench, connector.as_ref(), &capabilities, tally).await?;
    frozen(&bench, connector.as_ref(), &capabilities, tally).await
}

fn declared(capabilities: &Capabilities, subject: &dyn Subject) -> Result<(), Box<Finding>> {
    if capabilities.platform != subject.platform() {
        return Err(differs(
            "the platform's name differs",
            "platform",
            format!(
                "{:?}, and the configuration says {:?}",
                capabilities.platform,
                subject.platform()
            ),
        ));
    }
    let names: BTreeSet<&str> = capabilities
        .streams
        .iter()
        .map(|spec| spec.stream.0)
        .collect();
    if names.len() != capabilities.streams.len() {
        return Err(differs(
            "two streams share a name",
            "streams",
            "each has a cursor of its own, kept by name",
        ));
    }
    if capabilities
        .streams
        .first()
        .is_none_or(|first| !first.kinds.is_empty())
    {
        return Err(differs(
            "contacts do not come first",
            "streams",
            "the first stream brings contacts and answers for no events",
        ));
    }
    let kinds = capabilities.streams.iter().flat_map(|spec| spec.kinds);
    let mut seen = BTreeSet::new();
    if let Some(twice) = kinds
        .into_iter()
        .find(|kind| !seen.insert(kind.as_str().to_owned()))
    {
        return Err(differs(
            "two streams answer for one kind",
            twice.as_str(),
            "coverage of a kind is one stream's to state",
        ));
    }
    if capabilities.guarantee.is_empty() {
        return Err(differs(
            "no guarantee is stated",
            "guarantee",
            "say what a sync promises, and what it may miss",
        ));
    }
    Ok(())
}

/// Every declared stream answers, brings only its own kinds, and claims no more than it may.
async fn reads(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    // The stand brings about what it can of every kind.
    bench.edit(Edit::News).await?;
    let mut never = BTreeSet::new();
    for spec in streams(connector) {
        let seen = one_stream(bench, connector, spec, tally).await?;
        let declared = spec.kinds.iter().map(|kind| kind.as_str().to_owned());
        never.extend(declared.filter(|kind| !seen.contains(kind)));
        tally.add("streams", 1);
        tally.add("kinds seen", seen.len());
    }
    let excused = |kind: &String| {
        bench
            .subject
            .unseen()
            .iter()
            .any(|(unseen, _)| unseen.as_str() == kind)
    };
    if let Some(kind) = never.iter().find(|kind| !excused(kind)) {
        return Err(differs(
            "a declared kind never came",
            kind,
            "the stand holds one, or the subject must say why it cannot",
        ));
    }
    tally.add("kinds excused", never.len());
    tally.at_least(1, "kinds seen")
}

/// Reads a stream to its end and holds it against its declaration; the kinds that came.
async fn one_stream(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    spec: &StreamSpec,
    tally: &mut Tally,
) -> Result<BTreeSet<String>, Box<Finding>> {
    let (mut cursor, mut seen, mut covered) = (None, BTreeSet::new(), BTreeSet::new());
    let (mut scanned, began) = (false, bench.clock.now());
    loop {
        let page = pull(connector, spec.stream, cursor.as_ref()).await?;
        seen.extend(
            page.events
                .iter()
                .map(|event| event.kind.as_str().to_owned()),
        );
        covered.extend(claimed(&page, spec, began)?);
        scanned |= page.scan.is_some_and(|scan| scan.done);
        tally.add("pages", 1);
        if page.done {
            break;
        }
        cursor = Some(page.next);
    }
    let declared: BTreeSet<String> = spec
        .kinds
        .iter()
        .map(|kind| kind.as_str().to_owned())
        .collect();
    if let Some(other) = seen.difference(&declared).next() {
        return Err(differs(
            "a stream brings a kind that it does not declare",
            spec.stream.0,
            other.clone(),
        ));
    }
    if covered != declared {
        return Err(differs(
            "coverage does not name the declared kinds",
            spec.stream.0,
            format!("declared {declared:?}, covered {covered:?}"),
        ));
    }
    if declared.is_empty() && !scanned {
        return Err(differs(
            "the first reading of contacts is no scan",
            spec.stream.0,
            "nobody would ever be noticed as gone",
        ));
    }
    Ok(seen)
}

/// The kinds that a page claims to be complete, if it may.
fn claimed(
    page: &Page,
    spec: &StreamSpec,
    began: DateTime<Utc>,
) -> Result<Vec<String>, Box<Finding>> {
    let most = began - TimeDelta::from_std(spec.lateness).unwrap_or_default();
    if let Some(claim) = page.covered.iter().find(|claim| claim.through > most) {
        let late = spec.lateness;
        let why = format!(
            "through {}, and the pass began at {began} with a lateness of {late:?}",
            claim.through
        );
        return Err(differs("coverage claims too much", spec.stream.0, why));
    }
    if !page.covered.is_empty() && !page.done {
        let why = "only the page that ends a pass may claim it";
        return Err(differs(
            "coverage is claimed before the end of the pass",
            spec.stream.0,
            why,
        ));
    }
    let kinds = page.covered.iter().flat_map(|claim| &claim.kinds);
    Ok(kinds.map(|kind| kind.as_str().to_owned()).collect())
}

/// Some people who may be mailed, with what a change needs of them.
pub(super) async fn people(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    many: usize,
) -> Result<Vec<Contact>, Box<Finding>> {
    let mut taken = Taken::default();
    if let Some(first) = streams(connector).first() {
        bench
            .read(connector, first.stream, None, &mut taken)
            .await?;
    }
    let mailed = |contact: &Contact| contact.status == Some(Status::Subscribed);
    let found: Vec<Contact> = taken
        .contacts
        .into_values()
        .filter(mailed)
        .take(many)
        .collect();
    if found.len() < many {
        return Err(Finding::new(
            "the stand has too few people who may be mailed",
            "the stand",
        )
        .boxed());
    }
    Ok(found)
}

/// A change of one contact.
pub(super) fn change(contact: &Contact, write: Write) -> Change {
    Change {
        contact: contact.id.clone(),
        email: contact.email.clone(),
        write,
    }
}

pub(super) fn create(field: &str) -> Change {
    Change {
        contact: String::new(),
        email: None,
        write: Write::CreateField {
            field: field.to_owned(),
        },
    }
}

pub(super) fn set(contact: &Contact, field: &str, value: &str) -> Change {
    change(
        contact,
        Write::SetField {
            field: field.to_owned(),
            value: Some(value.to_owned()),
        },
    )
}

pub(super) fn tag(contact: &Contact, name: &str) -> Change {
    change(
        contact,
        Write::AddTag {
            tag: format!("{PREFIX}{name}"),
        },
    )
}

pub(super) fn untag(contact: &Contact, name: &str) -> Change {
    change(
        contact,
        Write::RemoveTag {
            tag: format!("{PREFIX}{name}"),
        },
    )
}

/// Pushes and expects as many outcomes as changes.
pub(super) async fn push(
    connector: &dyn Connector,
    changes: &[Change],
    place: &str,
) -> Result<Vec<Outcome>, Box<Finding>> {
    let outcomes = connector
        .push(changes)
        .await
        .map_err(|error| Finding::error(place, &error))?;
    if outcomes.len() != changes.len() {
        return Err(Finding::new(
            format!("{} outcomes for {} changes", outcomes.len(), changes.len()),
            place,
        )
        .why("the caller tells them apart by their order")
        .boxed());
    }
    Ok(outcomes)
}

/// Whoever is declared as frozen cannot be written to.
async fn frozen(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    capabilities: &Capabilities,
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    let mut taken = Taken::default();
    if let Some(first) = streams(connector).first() {
        bench
            .read(connector, first.stream, None, &mut taken)
            .await?;
    }
    for status in capabilities.frozen {
        let frozen = taken
            .contacts
            .values()
            .find(|contact| contact.status == Some(*status));
        let Some(one) = frozen else {
            return Err(differs(
                "nobody has a status that is declared as frozen",
                &format!("{status:?}"),
                "the stand must have one",
            ));
        };
        // Where there are fields, those are what is refused: a platform may still take a tag.
        let write = if capabilities.fields {
            set(one, bench.subject.field(), "1")
        } else {
            tag(one, "frozen")
        };
        let outcome = push(connector, &[write], "a frozen contact")
            .await?
            .remove(0);
        if !matches!(outcome, Outcome::Rejected(_)) {
            return Err(differs(
                "a status is declared as frozen and can be written to",
                &format!("{status:?}"),
                format!("{outcome:?}"),
            ));
        }
        tally.add("frozen refused", 1);
    }
    Ok(())
}

/// Every declared verb works, every other is refused before a request.
async fn writes(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    capabilities: &Capabilities,
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    let one = people(bench, connector, 1).await?.remove(0);
    let field = bench.subject.field();
    let long: String = "A".repeat(capabilities.field_name_max + 1);
    let verbs = [
        (create(field), capabilities.creates_fields, "create field"),
        (create(&long), false, "create field with a name too long"),
        (set(&one, field, "7"), capabilities.fields, "set field"),
        (tag(&one, "table"), true, "add tag"),
        (untag(&one, "table"), true, "remove tag"),
    ];
    for (change, works, name) in verbs {
        let mark = bench.probe.count();
        let outcome = push(connector, std::slice::from_ref(&change), name)
            .await?
            .remove(0);
        let requests = bench.probe.count() - mark;
        match (works, &outcome) {
            (true, Outcome::Applied) => tally.add("verbs that work", 1),
            (false, Outcome::Rejected(_)) if requests == 0 => tally.add("verbs refused", 1),
            (true, _) => {
                return Err(differs(
                    "a declared verb does not work",
                    name,
                    format!("{outcome:?}"),
                ));
            }
            (false, _) => {
                return Err(differs(
                    "an undeclared verb is not refused before any request",
                    name,
                    format!("{outcome:?} after {requests} requests"),
                ));
            }
        }
    }
    let fields = connector
        .fields()
        .await
        .map_err(|error| Finding::error("fields", &error))?;
    if fields.contains(&field.to_owned()) != capabilities.creates_fields
        || (!capabilities.fields && !fields.is_empty())
    {
        return Err(differs(
            "the list of fields and the declaration disagree",
            "fields",
            format!("{fields:?}"),
        ));
    }
    Ok(())
}
