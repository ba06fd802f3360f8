//! K12: nothing follows a redirect or a link in an answer to another host; least of all with the key.

use std::{collections::BTreeMap, sync::Arc};

use ::http::{HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use serde_json::Value;

use super::{
    Finding, Subject, Tally,
    probe::{Act, Seen},
    table::{people, tag},
    taken::{Bench, streams},
};
use crate::model::Contact;

/// A host that is nobody's.
const ELSEWHERE: &str = "elsewhere.example";

pub(super) async fn stay(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let bench = Bench::new(subject, 20).await?;
    bench.probe.keep_away(ELSEWHERE);
    let person = people(&bench, bench.connector()?.as_ref(), 1)
        .await?
        .remove(0);
    redirects(&bench, &person, tally).await?;
    links(&bench, &person, tally).await
}

/// Does everything that a connector can, whatever comes of it; how many calls ended well.
async fn everything(bench: &Bench<'_>, person: &Contact) -> Result<usize, Box<Finding>> {
    let connector = bench.connector()?;
    let mut well = usize::from(connector.check().await.is_ok());
    for spec in streams(connector.as_ref()) {
        let mut cursor = None;
        while let Ok(page) = connector.pull(spec.stream, cursor.as_ref()).await {
            well += 1;
            if page.done {
                break;
            }
            cursor = Some(page.next);
        }
    }
    well += usize::from(connector.fields().await.is_ok());
    well += usize::from(connector.push(&[tag(person, "link")]).await.is_ok());
    Ok(well)
}

/// What went elsewhere.
fn strays(bench: &Bench<'_>, mark: usize) -> Vec<Seen> {
    let mut seen = bench.probe.since(mark);
    seen.retain(|seen| seen.uri.host() == Some(ELSEWHERE));
    seen
}

async fn redirects(
    bench: &Bench<'_>,
    person: &Contact,
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    for status in [301, 302, 303, 307, 308] {
        // Every n-th request, so that each kind of request is the redirected one once.
        for nth in 1..=6 {
            let (mark, before) = (bench.probe.count(), bench.probe.struck());
            let mut number = 0;
            bench.probe.on(move |seen| {
                number += 1;
                if number % nth != 0 {
                    return Act::Pass;
                }
                let mut answer = Response::new(Bytes::new());
                *answer.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
                let to = format!("https://{ELSEWHERE}{}", seen.uri.path());
                answer.headers_mut().extend(
                    HeaderValue::from_str(&to)
                        .ok()
                        .map(|to| (header::LOCATION, to)),
                );
                Act::Answer(answer)
            });
            everything(bench, person).await?;
            bench.probe.off();
            tally.add("redirects", bench.probe.struck() - before);
            if let Some(stray) = strays(bench, mark).first() {
                let key = if stray.carries(&bench.stand.secrets()) {
                    "with the key"
                } else {
                    "without the key"
                };
                return Err(Finding::new(
                    format!("a redirect with {status} was followed {key}"),
                    format!("{} {}", stray.method, stray.uri.path()),
                )
                .why("whoever answers for the platform once has the key from then on")
                .next("send everything through http::Client, and follow nothing by hand")
                .boxed());
            }
        }
    }
    tally.at_least(30, "redirects")
}

/// Every link in every answer leads elsewhere.
async fn links(bench: &Bench<'_>, person: &Contact, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let (mark, before) = (bench.probe.count(), bench.probe.altered());
    bench.probe.on(|_| Act::Alter(Arc::new(lead_away)));
    let well = everything(bench, person).await?;
    bench.probe.off();
    let altered = usize::try_from(bench.probe.altered() - before).unwrap_or(usize::MAX);
    tally.add("links that led elsewhere", altered);
    tally.add("calls that worked all the same", well);
    let mut strays: BTreeMap<bool, Vec<Seen>> = BTreeMap::new();
    for stray in self::strays(bench, mark) {
        strays
            .entry(stray.carries(&bench.stand.secrets()))
            .or_default()
            .push(stray);
    }
    tally.add(
        "foreign reads without the key",
        strays.get(&false).map_or(0, Vec::len),
    );
    let forbidden = strays.get(&true).or_else(|| {
        strays
            .get(&false)
            .filter(|_| !bench.subject.reads_elsewhere())
    });
    if let Some(stray) = forbidden.and_then(|strays| strays.first()) {
        return Err(Finding::new("a link in an answer was followed to another host", format!("{} {}", stray.method, stray.uri.path()))
            .why(if stray.carries(&bench.stand.secrets()) { "and the key went along" } else { "the platform's results lie at its own host" })
            .next("Client::get refuses such links; Client::get_foreign sends no key, and the subject declares reads_elsewhere")
            .boxed());
    }
    let absent = bench
        .subject
        .skips()
        .iter()
        .any(|skip| skip.check == "K12" && skip.part == Some("links"));
    if absent {
        Ok(())
    } else {
        tally.at_least(1, "links that led elsewhere")
    }
}

/// Points every URL in an answer elsewhere; how many there were.
fn lead_away(value: &mut Value) -> u64 {
    match value {
        Value::String(text) => {
            let Some(mut url) = url::Url::parse(text)
                .ok()
                .filter(|url| matches!(url.scheme(), "http" | "https"))
            else {
                return 0;
            };
            let led = url.set_scheme("https").is_ok()
                && url.set_host(Some(ELSEWHERE)).is_ok()
                && url.set_port(None).is_ok();
            *text = url.to_string();
            u64::from(led)
        }
        Value::Array(items) => items.iter_mut().map(lead_away).sum(),
        Value::Object(map) => map.values_mut().map(lead_away).sum(),
        _ => 0,
    }
}
