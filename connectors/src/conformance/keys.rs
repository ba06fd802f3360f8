//! K11: a key that is refused mid-read stops at once, costs one request, and nothing is lost by it.
//!
//! One platform refuses a feature that is not in the plan by the same status and the same words as a key
//! (`ActiveCampaign`, sheets 2 and 8). From the answer alone nobody can tell which of them it was, and to take it for the key
//! would block accounts of the smaller plans for ever. Its subject skips the part `one request`: a refusal may then cost one
//! question more, which must be another than the one that was refused. So nothing that was refused is ever repeated, on any
//! platform, and where no such feature is asked for one request must have been enough.

use std::collections::BTreeMap;

use ::http::{StatusCode, Uri};
use chrono::TimeDelta;

use super::{
    Finding, Subject, Tally,
    probe::Act,
    table::{people, tag},
    taken::{Bench, Taken, streams},
};
use crate::{
    connector::{Connector, Outcome},
    cursor::Cursor,
    error::ConnectorError,
};

fn wrong(what: impl Into<String>, place: &str, why: impl Into<String>) -> Box<Finding> {
    Finding::new(what, place)
        .why(why)
        .next("a 401 is ConnectorError::Auth at once: no second try, no page, the cursor stays where it was")
        .boxed()
}

pub(super) async fn refused(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let bench = Bench::paged(subject, 24, 20).await?;
    // How many requests a whole read takes says where there is to refuse.
    bench
        .read_all(
            bench.connector()?.as_ref(),
            &mut BTreeMap::new(),
            &mut Taken::default(),
        )
        .await?;
    let all = bench.probe.count();
    for nth in [1, 2, all / 4, all / 2, all - 1, all] {
        refuse_nth(&bench, nth.max(1), tally).await?;
    }
    tally.at_least(6, "refused")?;
    if tally.of("requests after the refusal") >= tally.of("refused") {
        return Err(wrong(
            "every refusal of the key is asked about",
            "all reads",
            "only where a feature may be missing there is something to ask",
        ));
    }
    writing(&bench, tally).await?;
    tokens(&bench, tally).await
}

/// Refuses from the n-th request of a whole read on, then restores the key.
async fn refuse_nth(bench: &Bench<'_>, nth: usize, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let refusal = bench.stand.refusal(StatusCode::UNAUTHORIZED).await;
    let (connector, mark) = (bench.connector()?, bench.probe.count());
    bench.probe.on(move |seen| {
        if seen.number >= mark + nth {
            Act::Answer(refusal.clone())
        } else {
            Act::Pass
        }
    });
    let (mut cursors, mut taken) = (BTreeMap::new(), Taken::default());
    let error = until_refused(connector.as_ref(), &mut cursors, &mut taken).await;
    bench.probe.off();
    let place = format!("a key refused from request {nth} on");
    let most = if asks_again(bench.subject) { 2 } else { 1 };
    let seen = bench.probe.since(mark).into_iter();
    let refused: Vec<Uri> = seen
        .filter(|seen| seen.struck)
        .map(|seen| seen.uri)
        .collect();
    let struck = refused.len();
    if refused.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(wrong(
            "a request with a key that was refused is repeated",
            &place,
            "the same question gets the same answer; another one may tell key and feature apart",
        ));
    }
    match error {
        Some(ConnectorError::Auth { .. }) if struck <= most => tally.add("refused", 1),
        Some(ConnectorError::Auth { .. }) => {
            return Err(wrong(
                format!("{struck} requests with a key that was refused"),
                &place,
                "some platforms lock accounts for that",
            ));
        }
        Some(other) => {
            return Err(wrong(
                "a refused key is told as something else",
                &place,
                other.to_string(),
            ));
        }
        None => {
            return Err(wrong(
                "a refused key goes unnoticed",
                &place,
                "the read ended as if all were well: silence would pass for disengagement",
            ));
        }
    }
    tally.add("requests after the refusal", struck - 1);
    bench
        .read_all(connector.as_ref(), &mut cursors, &mut taken)
        .await?;
    taken.count(tally);
    bench.compare(&taken, &format!("{place}, then restored"), true)
}

/// Whether a refusal may cost one request more: where the platform refuses a feature in the same words as a key, somebody must
/// ask which of them it was.
fn asks_again(subject: &dyn Subject) -> bool {
    let skips = subject.skips().iter();
    let mut parts = skips.filter(|skip| skip.check == "K11");
    parts.any(|skip| skip.part == Some("one request"))
}

/// Reads everything until an error; `None` when there is none.
async fn until_refused(
    connector: &dyn Connector,
    cursors: &mut BTreeMap<&'static str, Cursor>,
    taken: &mut Taken,
) -> Option<ConnectorError> {
    for spec in streams(connector) {
        loop {
            match connector
                .pull(spec.stream, cursors.get(spec.stream.0))
                .await
            {
                Ok(page) => {
                    let done = page.done;
                    cursors.insert(spec.stream.0, taken.take(page));
                    if done {
                        break;
                    }
                }
                Err(error) => return Some(error),
            }
        }
    }
    None
}

/// A key that is refused at a write.
async fn writing(bench: &Bench<'_>, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let connector = bench.connector()?;
    let person = people(bench, connector.as_ref(), 1).await?.remove(0);
    let (refusal, mark, place) = (
        bench.stand.refusal(StatusCode::UNAUTHORIZED).await,
        bench.probe.count(),
        "a key refused at a write",
    );
    bench.probe.on(move |_| Act::Answer(refusal.clone()));
    let outcome = connector.push(&[tag(&person, "refused")]).await;
    bench.probe.off();
    let struck = bench.probe.count() - mark;
    tally.add("refused", 1);
    match outcome {
        Err(ConnectorError::Auth { .. }) if struck == 1 => Ok(()),
        Ok(outcomes) if matches!(outcomes[..], [Outcome::Retry(..)]) && struck == 1 => Ok(()),
        other => Err(wrong(
            format!("{other:?} after {struck} requests"),
            place,
            "nothing was written, and one request was enough to know",
        )),
    }
}

/// What a token of limited life does when it ends between two pages: a static key just works on.
async fn tokens(bench: &Bench<'_>, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let connector = bench.connector()?;
    let mark = bench.probe.count();
    let mut taken = Taken::default();
    for spec in streams(connector.as_ref()) {
        let mut cursor = None;
        for _ in 0..2 {
            let page = connector
                .pull(spec.stream, cursor.as_ref())
                .await
                .map_err(|error| Finding::error("an hour between two pages", &error))?;
            let done = page.done;
            cursor = Some(taken.take(page));
            bench.clock.advance(TimeDelta::hours(1));
            if done {
                break;
            }
        }
    }
    let seen = bench.probe.since(mark);
    if seen
        .iter()
        .any(|seen| seen.status.is_some_and(|status| status.is_client_error()))
    {
        return Err(wrong(
            "an old token was sent",
            "an hour between two pages",
            "make it afresh, or renew it before it ends",
        ));
    }
    let mut signed: Vec<_> = seen
        .iter()
        .filter_map(|seen| seen.headers.get("authorization"))
        .collect();
    signed.dedup();
    tally.add("hours between pages", streams(connector.as_ref()).len());
    tally.add("different signatures", signed.len());
    Ok(())
}
