//! K10: 429 with every form of `Retry-After`, and the platform's quota.

use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use chrono::TimeDelta;
use tokio::time::Instant;

use super::{
    Finding, Subject, Tally,
    probe::{Act, Seen},
    table::{people, push, tag},
    taken::{Bench, streams},
};
use crate::{
    clock::Clock as _,
    connector::{Outcome, Page, Stream},
    error::ConnectorError,
};

/// A wish that is longer than this is none that a platform means.
const WISH_MAX: Duration = Duration::from_mins(15);
/// What jitter and other traffic may add to a wait.
const SLACK: Duration = Duration::from_secs(45);

/// How a wish is told.
struct Wish {
    place: &'static str,
    value: Option<String>,
    /// How long it asks us to wait; `None` where it says nothing that makes sense.
    wait: Option<Duration>,
}

fn wrong(what: impl Into<String>, place: &str, why: impl Into<String>) -> Box<Finding> {
    Finding::new(what, place)
        .why(why)
        .next("send everything through http::Client, which obeys, and write no loop around it")
        .boxed()
}

pub(super) async fn obeyed(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let bench = Bench::new(subject, 20).await?;
    let then = (bench.clock.now() + TimeDelta::seconds(30))
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    let seconds = |n| Some(Duration::from_secs(n));
    let wish = |place, value: &str, wait| Wish {
        place,
        value: Some(value.to_owned()),
        wait,
    };
    let wishes = [
        wish("Retry-After in seconds", "7", seconds(7)),
        wish("Retry-After as a date", &then, seconds(30)),
        Wish {
            place: "no Retry-After",
            value: None,
            wait: None,
        },
        wish(
            "Retry-After of a thousand years",
            "31556952000",
            Some(WISH_MAX),
        ),
        wish(
            "Retry-After beyond every number",
            "99999999999999999999999999",
            Some(WISH_MAX),
        ),
        wish(
            "Retry-After in the year 9999",
            "Fri, 31 Dec 9999 23:59:59 GMT",
            Some(WISH_MAX),
        ),
        wish("Retry-After that is no number", "soon", None),
        wish("Retry-After below nought", "-3", None),
    ];
    for wish in &wishes {
        once(&bench, wish, tally).await?;
    }
    for_ever(&bench, tally).await?;
    writing(&bench, tally).await?;
    tally.at_least(wishes.len() as u64 + 2, "faults fired")?;
    quota(&bench, tally).await
}

async fn too_many(bench: &Bench<'_>, value: Option<&str>) -> Response<Bytes> {
    let mut answer = bench.stand.refusal(StatusCode::TOO_MANY_REQUESTS).await;
    answer.headers_mut().remove(header::RETRY_AFTER);
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
        answer.headers_mut().insert(header::RETRY_AFTER, value);
    }
    answer
}

async fn pull(bench: &Bench<'_>) -> Result<(Result<Page, ConnectorError>, Duration), Box<Finding>> {
    let connector = bench.connector()?;
    let stream = streams(connector.as_ref())
        .first()
        .map_or(Stream(""), |spec| spec.stream);
    let start = Instant::now();
    let answer = connector.pull(stream, None).await;
    Ok((answer, start.elapsed()))
}

/// The wait behind the first request on which a fault was played, if another followed.
fn wait_after(seen: &[Seen]) -> Option<Duration> {
    let struck = seen.iter().position(|seen| seen.struck)?;
    Some(seen.get(struck + 1)?.at - seen[struck].at)
}

/// One 429, then peace.
async fn once(bench: &Bench<'_>, wish: &Wish, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let answer = too_many(bench, wish.value.as_deref()).await;
    let (mark, mut left) = (bench.probe.count(), 1);
    bench.probe.on(move |_| {
        let strike = left > 0;
        left = 0;
        if strike {
            Act::Answer(answer.clone())
        } else {
            Act::Pass
        }
    });
    let (read, took) = pull(bench).await?;
    bench.probe.off();
    let seen = bench.probe.since(mark);
    tally.add(
        "faults fired",
        seen.iter().filter(|seen| seen.struck).count(),
    );
    if took > WISH_MAX + SLACK {
        return Err(wrong(
            format!("it waited for {} s", took.as_secs()),
            wish.place,
            "no platform means more than a quarter of an hour; the sync would hang",
        ));
    }
    let waited = wait_after(&seen);
    match (&read, wish.wait, waited) {
        (_, Some(wanted), Some(waited)) if waited < wanted.min(WISH_MAX) => Err(wrong(
            format!("it asked again after {} s", waited.as_secs_f32()),
            wish.place,
            format!("the platform asked for {} s", wanted.as_secs()),
        )),
        (Ok(_), wanted, Some(waited)) if waited <= wanted.unwrap_or_default() + SLACK => {
            tally.add("obeyed and read on", 1);
            Ok(())
        }
        (
            Err(ConnectorError::RateLimited {
                retry_after: Some(wait),
                ..
            }),
            Some(wanted),
            None,
        ) if *wait <= WISH_MAX && wanted >= Duration::from_mins(2) => {
            tally.add("left to the caller", 1);
            Ok(())
        }
        (read, _, waited) => {
            let said = read
                .as_ref()
                .map_or_else(ToString::to_string, |_| "the page came".to_owned());
            Err(wrong(
                "a single 429 is not survived as it should be",
                wish.place,
                format!("{said}; the wait was {waited:?}"),
            ))
        }
    }
}

/// 429 without an end and without a wish: give up after a few tries, ever later.
async fn for_ever(bench: &Bench<'_>, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let (answer, mark, place) = (
        too_many(bench, None).await,
        bench.probe.count(),
        "429 without an end",
    );
    bench.probe.on(move |_| Act::Answer(answer.clone()));
    let (read, took) = pull(bench).await?;
    bench.probe.off();
    let requests = bench.probe.count() - mark;
    tally.add("faults fired", requests);
    if !matches!(read, Err(ConnectorError::RateLimited { .. })) {
        return Err(wrong(
            "the end is not told as RateLimited",
            place,
            format!("{:?}", read.map(|_| "a page")),
        ));
    }
    let slow = Duration::from_millis(100) * u32::try_from(requests).unwrap_or(u32::MAX);
    if requests > 12 || took > WISH_MAX || took < slow {
        return Err(wrong(
            format!("{requests} requests within {} s", took.as_secs_f32()),
            place,
            "a platform under load gets a storm on top, or the sync hangs",
        ));
    }
    Ok(())
}

/// A write is asked to wait: it is done later, and it is known that it was not done before.
async fn writing(bench: &Bench<'_>, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let connector = bench.connector()?;
    let person = people(bench, connector.as_ref(), 1).await?.remove(0);
    let (answer, mark, mut left) = (too_many(bench, Some("7")).await, bench.probe.count(), 1);
    bench.probe.on(move |seen| {
        let strike = left > 0 && !seen.reads();
        left -= usize::from(strike);
        if strike {
            Act::Answer(answer.clone())
        } else {
            Act::Pass
        }
    });
    let place = "429 to a write";
    let outcome = push(connector.as_ref(), &[tag(&person, "later")], place)
        .await?
        .remove(0);
    bench.probe.off();
    let seen = bench.probe.since(mark);
    tally.add(
        "faults fired",
        seen.iter().filter(|seen| seen.struck).count(),
    );
    if wait_after(&seen).is_some_and(|waited| waited < Duration::from_secs(7)) {
        return Err(wrong(
            "it wrote again before the wait was over",
            place,
            "the platform asked for 7 s",
        ));
    }
    match outcome {
        Outcome::Applied | Outcome::Retry(..) => Ok(()),
        other => Err(wrong(
            format!("the outcome is {other:?}"),
            place,
            "a 429 was certainly not carried out",
        )),
    }
}

/// The platform says that the quota is spent for ten seconds.
async fn quota(bench: &Bench<'_>, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let skipped = bench
        .subject
        .skips()
        .iter()
        .any(|skip| skip.check == "K10" && skip.part == Some("quota headers"));
    let Some(headers) = bench.subject.quota_spent() else {
        return if skipped {
            Ok(())
        } else {
            Err(Finding::new("nothing is said about quota headers", "the manifest").next("give Subject::quota_spent, or skip the part \"quota headers\" with a reason").boxed())
        };
    };
    let place = "a quota that is spent";
    let connector = bench.connector()?;
    let mark = bench.probe.count();
    let spent =
        move |answer: &mut Response<Bytes>| answer.headers_mut().extend(HeaderMap::clone(&headers));
    bench.probe.dress(spent);
    for spec in streams(connector.as_ref()) {
        connector
            .pull(spec.stream, None)
            .await
            .map_err(|error| Finding::error(place, &error))?;
    }
    let seen = bench.probe.since(mark);
    let quick = seen
        .windows(2)
        .filter(|pair| pair[1].at - pair[0].at < Duration::from_secs(10))
        .count();
    if quick > 0 || seen.len() < 2 {
        return Err(wrong(
            format!(
                "{quick} of {} requests came within the ten seconds",
                seen.len()
            ),
            place,
            "the next refusal is ours to avoid",
        ));
    }
    tally.add("quota waits", seen.len() - 1);
    Ok(())
}
