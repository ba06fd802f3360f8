//! K4: recorded answers give the same events, byte for byte; what is unknown is counted and passed over.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use ::http::{Request, Response};
use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{
    Access, Finding, Stand, Subject, Tally,
    probe::Act,
    taken::{Bench, Taken, pull},
};
use crate::{
    clock::Clock,
    connector::{Page, Stream},
    http::{Transport, TransportError},
    model::{Contact, Event},
};

/// Recorded answers, and what they mean.
#[derive(Clone, Copy, Debug)]
pub struct Golden {
    /// The name of the case; its file is `golden/NAME.jsonl`.
    pub name: &'static str,
    /// The stream that is read, from its beginning, until the answers are used up.
    pub stream: Stream,
    /// Answers in their order: each to the next request whose path ends so.
    pub answers: &'static [(&'static str, &'static str)],
    /// What they mean, as [`render`] writes it.
    pub expected: &'static str,
}

/// Answers from a script.
struct Scripted {
    left: Mutex<Vec<(&'static str, &'static str)>>,
}

impl Scripted {
    fn is_over(&self) -> bool {
        self.left
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
    }
}

#[async_trait]
impl Transport for Scripted {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let path = request.uri().path();
        match left.iter().position(|(end, _)| path.ends_with(end)) {
            Some(place) => Ok(Response::new(Bytes::from_static(
                left.remove(place).1.as_bytes(),
            ))),
            None => Err(TransportError::Untrusted(format!(
                "no answer was recorded for {path}"
            ))),
        }
    }
}

/// What a connector makes of recorded answers, as text: the same for the same meaning.
pub async fn render(
    stand: &dyn Stand,
    clock: Arc<dyn Clock>,
    case: &Golden,
) -> Result<String, Box<Finding>> {
    let script = Arc::new(Scripted {
        left: Mutex::new(case.answers.to_vec()),
    });
    let connector = stand
        .connect(&Access::good(), clock, Arc::clone(&script) as _)
        .map_err(|error| Finding::error(case.name, &error))?;
    let (mut out, mut cursor) = (String::new(), None);
    loop {
        let page = pull(connector.as_ref(), case.stream, cursor.as_ref()).await?;
        write(&page, &mut out);
        if page.done || script.is_over() {
            break;
        }
        cursor = Some(page.next);
    }
    if !script.is_over() {
        return Err(
            Finding::new("a recorded answer was not asked for", case.name)
                .why("the reading ended before")
                .boxed(),
        );
    }
    Ok(out)
}

/// One line of JSON for each thing on a page, keys sorted.
fn write(page: &Page, out: &mut String) {
    let mut line = |what: &str, value: Value| {
        *out += &json!({ what: value }).to_string();
        out.push('\n');
    };
    page.contacts
        .iter()
        .for_each(|each| line("contact", contact(each)));
    page.events
        .iter()
        .for_each(|each| line("event", event(each)));
    for each in &page.campaigns {
        line(
            "campaign",
            json!({"id": each.id, "name": each.name, "sent_at": each.sent_at}),
        );
    }
    for each in &page.rejects {
        line(
            "reject",
            json!({"id": each.id, "at": each.at, "reason": each.reason}),
        );
    }
    if page.unknown > 0 {
        line("unknown", json!(page.unknown));
    }
}

fn contact(contact: &Contact) -> Value {
    let Contact {
        id,
        email,
        status,
        subscribed_at,
        lists,
        fields,
        tags,
    } = contact;
    json!({"id": id, "email": email, "status": status, "subscribed_at": subscribed_at, "lists": lists, "fields": fields, "tags": tags})
}

/// An event without what it does not have.
fn event(event: &Event) -> Value {
    let Event {
        contact,
        kind,
        at,
        id,
        campaign,
        link,
        url,
        item,
        quantity,
        value_cents,
        currency,
        order,
        tracked,
        verdict,
        properties,
    } = event;
    let all = json!({
        "contact": contact.id, "email": contact.email, "kind": kind.as_str(), "at": at, "id": id, "campaign": campaign,
        "link": link, "url": url, "item": item, "quantity": quantity, "value_cents": value_cents, "currency": currency, "order": order,
        "tracked": tracked, "verdict": verdict, "properties": properties,
    });
    let there = |(_, value): &(String, Value)| !value.is_null() && *value != json!({});
    match all {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .filter(there)
                .collect::<BTreeMap<_, _>>()
                .into_iter()
                .collect(),
        ),
        other => other,
    }
}

pub(super) async fn same(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let bench = Bench::new(subject, 10).await?;
    for case in subject.golden() {
        let text = render(bench.stand.as_ref(), bench.clock.clone(), &case).await?;
        if text != case.expected {
            let differs = text
                .lines()
                .zip(case.expected.lines())
                .position(|(now, before)| now != before);
            let place =
                differs.unwrap_or_else(|| text.lines().count().min(case.expected.lines().count()));
            let line = |of: &str| of.lines().nth(place).unwrap_or("(nothing)").to_owned();
            return Err(Finding::new("recorded answers mean something else than before", format!("golden/{}.jsonl, line {}", case.name, place + 1))
                .why(format!("was {}, is {}", line(case.expected), line(&text)))
                .next("mend the connector; if the new meaning is right, re-record with UPDATE_SNAPSHOTS=1 and say so in the changelog")
                .boxed());
        }
        tally.add("fixtures", case.answers.len());
        tally.add("lines equal", text.lines().count());
    }
    tally.at_least(1, "lines equal")?;
    unknown(subject, tally).await
}

/// Unknown keys everywhere and unknown kinds of rows change nothing, and the rows are counted.
async fn unknown(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let bench = Bench::paged(subject, 40, 20).await?;
    let connector = bench.connector()?;
    bench.probe.on(|_| Act::Alter(Arc::new(strew)));
    let mut taken = Taken::default();
    bench
        .read_all(connector.as_ref(), &mut BTreeMap::new(), &mut taken)
        .await?;
    bench.compare(&taken, "with unknown keys in every object", true)?;
    tally.add(
        "unknown keys",
        usize::try_from(bench.probe.altered()).unwrap_or(usize::MAX),
    );
    if subject
        .skips()
        .iter()
        .any(|skip| skip.check == "K4" && skip.part == Some("unknown kinds"))
    {
        return tally.at_least(100, "unknown keys");
    }
    let bench = Bench::paged(subject, 40, 20).await?;
    let connector = bench.connector()?;
    let stand = Arc::clone(&bench.stand);
    bench.probe.on(move |seen| {
        let (stand, path) = (Arc::clone(&stand), seen.uri.path().to_owned());
        Act::Alter(Arc::new(move |answer| stand.add_unknown(&path, answer)))
    });
    let mut taken = Taken::default();
    bench
        .read_all(connector.as_ref(), &mut BTreeMap::new(), &mut taken)
        .await?;
    bench.compare(&taken, "with rows of unknown kinds", true)?;
    taken.count(tally);
    let planted = bench.probe.altered();
    tally.add(
        "unknown kinds",
        usize::try_from(planted).unwrap_or(usize::MAX),
    );
    if taken.unknown != planted {
        return Err(Finding::new("rows of unknown kinds are not counted", "Page::unknown")
            .why(format!("{planted} came, {} were counted", taken.unknown))
            .next("pass them over and add them to Page::unknown, so that users learn of news at the platform")
            .boxed());
    }
    tally.at_least(1, "unknown kinds")?;
    tally.at_least(100, "unknown keys")
}

/// Adds an unknown key to every object; how many.
fn strew(value: &mut Value) -> u64 {
    match value {
        Value::Array(items) => items.iter_mut().map(strew).sum(),
        Value::Object(map) => {
            let inner: u64 = map.values_mut().map(strew).sum();
            let mut deep = Map::new();
            deep.insert("of".into(), json!([1, "two", null]));
            map.insert("unheard_of".into(), Value::Object(deep));
            inner + 1
        }
        _ => 0,
    }
}
