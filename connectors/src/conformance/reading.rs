//! K5, K6, K8: a read is complete, resumes from every checkpoint, and loses nothing within one second.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Edit, Edited, Finding, Subject, Tally, Truth,
    taken::{Bench, Taken, contains, pull, streams},
};
use crate::{
    connector::{Connector, Stream},
    cursor::Cursor,
};

/// Rows of a page in these checks, so that small lists have many pages.
const ROWS: u64 = 15;

/// K5.
pub(super) async fn complete(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let bench = Bench::paged(subject, 60, ROWS).await?;
    for round in ["the first full read", "the second full read"] {
        let (mut cursors, mut taken) = (BTreeMap::new(), Taken::default());
        bench
            .read_all(bench.connector()?.as_ref(), &mut cursors, &mut taken)
            .await?;
        taken.steady()?;
        bench.compare(&taken, round, true)?;
        if taken.rejects > 0 {
            return Err(
                Finding::new(format!("{} rows were rejected", taken.rejects), round)
                    .why("the stand's rows are all in order")
                    .boxed(),
            );
        }
        taken.count(tally);
    }
    changing(subject, tally).await?;
    tally.at_least(100, "rows")?;
    tally.at_least(20, "pages")
}

/// Reads while people join, change and are deleted, then once more in peace.
async fn changing(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let bench = Bench::paged(subject, 60, ROWS).await?;
    let connector = bench.connector()?;
    let (mut cursors, mut taken) = (BTreeMap::new(), Taken::default());
    let start = bench.stand.truth();
    for spec in streams(connector.as_ref()) {
        // One of each in every stream: a platform that changes at every page is none that can be read.
        let mut edits = vec![Edit::Delete(2), Edit::News, Edit::Change(3)];
        let mut cursor: Option<Cursor> = None;
        loop {
            let page = pull(connector.as_ref(), spec.stream, cursor.as_ref()).await?;
            let done = page.done;
            cursor = Some(taken.take(page));
            if done {
                break;
            }
            if let Some(edit) = edits.pop() {
                tally.add(
                    "edits under way",
                    usize::from(!bench.edit(edit).await?.is_empty()),
                );
            }
        }
        cursors.extend(cursor.map(|cursor| (spec.stream.0, cursor)));
    }
    tally.at_least(6, "edits under way")?;
    let end = bench.stand.truth();
    let stayed =
        |from: &BTreeSet<String>, to: &BTreeSet<String>| from.intersection(to).cloned().collect();
    let ids = |truth: &Truth| truth.contacts.keys().cloned().collect::<BTreeSet<_>>();
    let place = "a read while the platform changes";
    contains(
        &taken.contact_ids(),
        &stayed(&ids(&start), &ids(&end)),
        false,
        "contacts",
        place,
    )?;
    contains(
        &taken.told(bench.stand.as_ref()),
        &stayed(&start.events, &end.events),
        false,
        "events",
        place,
    )?;
    // A day later nothing is left over, and the scan sees exactly who is there.
    bench.edit(Edit::News).await?;
    bench
        .read_all(connector.as_ref(), &mut cursors, &mut taken)
        .await?;
    bench.compare(&taken, "the next read, in peace", false)?;
    taken.steady()?;
    taken.count(tally);
    let there = ids(&bench.stand.truth());
    let seen = taken.scanned.clone().unwrap_or_default();
    tally.add(
        "deleted and noticed",
        ids(&start).difference(&there).count(),
    );
    tally.at_least(1, "deleted and noticed")?;
    contains(&seen, &there, true, "contacts", "the scan of the next read")
}

/// K6.
pub(super) async fn resumes(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let bench = Bench::paged(subject, 24, ROWS).await?;
    let connector = bench.connector()?;
    for spec in streams(connector.as_ref()) {
        from_each(
            &bench,
            connector.as_ref(),
            spec.stream,
            None,
            &Taken::default(),
            tally,
        )
        .await?;
    }
    tally.at_least(20, "checkpoints")
}

/// Reads a stream from `from`, then once from each of its checkpoints with a connector that was made anew; all must end alike.
/// What was kept in the end.
async fn from_each(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    stream: Stream,
    from: Option<&Cursor>,
    before: &Taken,
    tally: &mut Tally,
) -> Result<Taken, Box<Finding>> {
    let (mut taken, mut cursor, mut points) = (before.clone(), from.cloned(), Vec::new());
    loop {
        let page = pull(connector, stream, cursor.as_ref()).await?;
        let done = page.done;
        let next = taken.take(page);
        if done {
            break;
        }
        points.push((next.clone(), taken.clone()));
        cursor = Some(next);
    }
    let (contacts, events) = (taken.contact_ids(), taken.told(bench.stand.as_ref()));
    for (number, (point, mut kept)) in points.into_iter().enumerate() {
        let (place, before) = (
            format!("{} resumed after page {}", stream.0, number + 1),
            kept.pages,
        );
        bench
            .read(bench.connector()?.as_ref(), stream, Some(point), &mut kept)
            .await?;
        contains(&kept.contact_ids(), &contacts, true, "contacts", &place)?;
        contains(
            &kept.told(bench.stand.as_ref()),
            &events,
            true,
            "events",
            &place,
        )?;
        tally.add("checkpoints", 1);
        tally.add("pages", kept.pages - before);
    }
    tally.add("rows", taken.rows);
    Ok(taken)
}

/// K8.
pub(super) async fn burst(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    const PAGE: u64 = 5;
    let bench = Bench::paged(subject, 30, PAGE).await?;
    let connector = bench.connector()?;
    let (mut cursors, mut taken) = (BTreeMap::new(), Taken::default());
    bench
        .read_all(connector.as_ref(), &mut cursors, &mut taken)
        .await?;
    bench.clock.advance(chrono::TimeDelta::hours(1));
    let burst = bench.edit(Edit::Burst(18)).await?;
    tally.add("rows of one second", burst.len());
    tally.at_least(3 * PAGE + 1, "rows of one second")?;
    for spec in streams(connector.as_ref()) {
        let at = cursors.get(spec.stream.0);
        // Only what this reading brings counts: the contacts of a burst were known before it.
        let fresh = taken.clone().without_contacts();
        let pages = pages_with(&bench, connector.as_ref(), spec.stream, at, &burst).await?;
        if pages == 0 {
            continue;
        }
        tally.add("pages that share it", pages);
        let kept = from_each(&bench, connector.as_ref(), spec.stream, at, &fresh, tally).await?;
        let place = format!(
            "{}, {} rows of one second over {pages} pages",
            spec.stream.0,
            burst.len()
        );
        contains(
            &kept.contact_ids(),
            &burst.contacts,
            false,
            "contacts",
            &place,
        )?;
        contains(
            &kept.told(bench.stand.as_ref()),
            &burst.events,
            false,
            "events",
            &place,
        )?;
        taken = kept;
    }
    tally.at_least(3, "pages that share it")?;
    tally.at_least(3, "checkpoints")?;
    let mut whole = Taken::default();
    bench
        .read_all(
            bench.connector()?.as_ref(),
            &mut BTreeMap::new(),
            &mut whole,
        )
        .await?;
    bench.compare(&whole, "a full read over the burst", true)
}

/// How many pages of a stream hold rows of the burst.
async fn pages_with(
    bench: &Bench<'_>,
    connector: &dyn Connector,
    stream: Stream,
    from: Option<&Cursor>,
    burst: &Edited,
) -> Result<usize, Box<Finding>> {
    let (mut cursor, mut pages) = (from.cloned(), 0);
    loop {
        let page = pull(connector, stream, cursor.as_ref()).await?;
        let ours = |name: Option<String>| name.is_some_and(|name| burst.events.contains(&name));
        let holds = page
            .contacts
            .iter()
            .any(|contact| burst.contacts.contains(&contact.id))
            || page
                .events
                .iter()
                .any(|event| ours(bench.stand.tell(event)));
        pages += usize::from(holds);
        if page.done {
            return Ok(pages);
        }
        cursor = Some(page.next);
    }
}
