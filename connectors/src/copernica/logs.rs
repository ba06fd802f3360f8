//! Sends, deliveries, bounces and complaints: what the mail system reports, from the
//! logfiles of each day, the cheapest source (sheet 4.4). A file has every row of
//! its day, with the profile and the address.
//!
//! When a file is complete is not documented. So a day is read when it has been
//! over for an hour, once more when the next day is, and counts as covered only
//! then. A day without files between days that have some had no mail; one at the
//! end is waited for. What a row says has no number of its own: it is named by the
//! message and, for bounces, by the time and code.

use std::collections::VecDeque;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;

use super::{
    Copernica, LOGS, Product, logfile,
    wire::{Row, instant, local, naive, reject, rows, stamp, text},
};
use crate::{
    connector::{Covered, Page, StreamSpec},
    cursor::Cursor,
    error::ConnectorError,
    model::{Address, Campaign, ContactRef, Event, EventKind, Reject},
};

/// How long after its end a day's files are read.
const SETTLED: TimeDelta = TimeDelta::hours(1);
/// A day whose files have not appeared after so many days has none.
const AWAITED: u64 = 3;
/// A pass that is older than this begins anew.
const STALE: TimeDelta = TimeDelta::days(2);

/// What a file is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Topic {
    /// No file: the names of the day's mailings.
    Mailings,
    Sends,
    Deliveries,
    Bounces,
    Complaints,
}

impl Topic {
    const ALL: [Self; 5] = [
        Self::Mailings,
        Self::Sends,
        Self::Deliveries,
        Self::Bounces,
        Self::Complaints,
    ];

    /// The type to ask for, and the older name of it (sheet 4.4).
    fn types(self, product: Product) -> (&'static str, &'static str) {
        match (product, self) {
            (_, Self::Mailings) => ("", ""),
            (Product::MarketingSuite, Self::Sends) => ("cdm-attempts", "cdm-attempt"),
            (Product::MarketingSuite, Self::Deliveries) => ("cdm-delivery", "cdm-deliveries"),
            (Product::MarketingSuite, Self::Bounces) => ("cdm-error", "cdm-errors"),
            (Product::MarketingSuite, Self::Complaints) => ("cdm-abuse", "cdm-abuses"),
            (Product::Publisher, Self::Sends) => ("pom-attempts", "pom-attempt"),
            (Product::Publisher, Self::Deliveries) => ("pom-deliveries", "pom-delivery"),
            (Product::Publisher, Self::Bounces) => ("pom-errors", "pom-error"),
            (Product::Publisher, Self::Complaints) => ("pom-abuses", "pom-abuse"),
        }
    }
}

/// Where the stream stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// The last pass that ended.
    read_at: Option<DateTime<Utc>>,
    /// From this day on, without a gap.
    from: Option<NaiveDate>,
    /// Days up to this one have been read; it alone is to be read once more.
    last: Option<NaiveDate>,
    /// The pass under way.
    pass: Option<Pass>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    from: Option<NaiveDate>,
    last: Option<NaiveDate>,
    /// What is still to be read, day by day.
    todo: VecDeque<(NaiveDate, Product, Topic)>,
    /// The files of the first of them; `None` while they are not known.
    files: Option<VecDeque<String>>,
    /// Rows of the first file that have been read.
    skip: usize,
}

/// One page: names of files, names of mailings, or a part of a file.
pub(super) async fn pull(
    copernica: &Copernica,
    spec: &StreamSpec,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let now = copernica.now();
    let mut position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    let begun = position.pass.as_ref().map(|pass| pass.started_at);
    if [position.read_at, begun]
        .into_iter()
        .flatten()
        .any(|at| at > now)
    {
        warn!(
            stream = LOGS.0,
            "the stored position lies in the future; all logfiles are read again"
        );
        position = Position::default();
    }
    let under_way = position
        .pass
        .take()
        .filter(|pass| now - pass.started_at < STALE);
    let mut page = Page::empty(Cursor::encode(&())?, false);
    let mut pass = match under_way {
        Some(pass) => pass,
        None => begin(copernica, &position, now).await?,
    };
    read(copernica, &mut pass, &mut page).await?;
    page.done = pass.todo.is_empty();
    if page.done {
        (position.read_at, position.from, position.last) =
            (Some(pass.started_at), pass.from, pass.last);
        page.covered.extend(covered(&position, spec, copernica));
    } else {
        position.pass = Some(pass);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

/// The span whose files have been read after they were certainly closed: not the last day.
fn covered(position: &Position, spec: &StreamSpec, copernica: &Copernica) -> Option<Covered> {
    let start = |day: NaiveDate| Some(instant(day.and_hms_opt(0, 0, 0)?, copernica.zone));
    let (from, through) = (start(position.from?)?, start(position.last?)?);
    (from < through).then(|| Covered {
        kinds: spec.kinds.to_vec(),
        from: Some(from),
        through,
    })
}

/// Asks for which days there are files, and plans what to read of them.
async fn begin(
    copernica: &Copernica,
    position: &Position,
    now: DateTime<Utc>,
) -> Result<Pass, ConnectorError> {
    let answer: Value = copernica.client.get("logfiles").send().await?.json()?;
    let days = days(&answer).ok_or_else(|| ConnectorError::Contract {
        what: "GET logfiles".into(),
        detail: "the answer is no list of dates".into(),
    })?;
    let day = |at: DateTime<Utc>| local(at, copernica.zone).date();
    let today = day(now - SETTLED);
    let mut pass = plan(position, &days, today, day(copernica.horizon(now)));
    let (from, last) = (pass.0, pass.1);
    let each = |day: NaiveDate| {
        let topics = |product: &Product| Topic::ALL.map(|topic| (day, *product, topic));
        copernica
            .products
            .iter()
            .flat_map(topics)
            .collect::<Vec<_>>()
    };
    let todo = pass.2.drain(..).flat_map(each).collect();
    Ok(Pass {
        started_at: now,
        from,
        last,
        todo,
        files: None,
        skip: 0,
    })
}

/// The dates of an answer, sorted.
fn days(answer: &Value) -> Option<Vec<NaiveDate>> {
    let list = answer.as_array().or_else(|| answer["data"].as_array())?;
    let date = |value: &Value| naive(&text(value)?).map(|at| at.date());
    let mut days: Vec<NaiveDate> = list.iter().map(date).collect::<Option<_>>()?;
    days.sort_unstable();
    Some(days)
}

/// From where, up to where, and which days are to be read. `today` is not over.
fn plan(
    position: &Position,
    listed: &[NaiveDate],
    today: NaiveDate,
    horizon: NaiveDate,
) -> (Option<NaiveDate>, Option<NaiveDate>, Vec<NaiveDate>) {
    let same = (position.from, position.last, Vec::new());
    let oldest = listed.first().copied().filter(|day| *day < today);
    let mut last = today - Days::new(1);
    while !listed.contains(&last) && last + Days::new(AWAITED) > today {
        last = last - Days::new(1);
    }
    let Some(oldest) = oldest.map(|day| day.max(horizon)) else {
        return same;
    };
    if position.last.is_some_and(|read| read >= last) || oldest > last {
        return same;
    }
    let start = position.last.filter(|read| *read >= oldest);
    let from = if start.is_some() {
        position.from
    } else {
        Some(oldest)
    };
    let first = start.unwrap_or(oldest);
    let days = listed
        .iter()
        .copied()
        .filter(|day| (first..=last).contains(day));
    (from, Some(last), days.collect())
}

/// Does the next piece of work: one request.
async fn read(
    copernica: &Copernica,
    pass: &mut Pass,
    page: &mut Page,
) -> Result<(), ConnectorError> {
    let Some(&(day, product, topic)) = pass.todo.front() else {
        return Ok(());
    };
    if topic == Topic::Mailings {
        page.campaigns = mailings(copernica, day, product).await?;
        pass.todo.pop_front();
        return Ok(());
    }
    let Some(files) = &mut pass.files else {
        let files = names(copernica, day, topic.types(product)).await?;
        if files.is_empty() {
            pass.todo.pop_front();
        } else {
            pass.files = Some(files);
        }
        return Ok(());
    };
    if let Some(file) = files.front() {
        let slice = logfile::read(copernica, file, pass.skip).await?;
        for row in &slice.rows {
            match event(row, day, product, topic, copernica) {
                Ok(Some(event)) => page.events.push(event),
                Ok(None) => {}
                Err(reject) => page.rejects.push(reject),
            }
        }
        pass.skip += slice.rows.len();
        if !slice.more {
            files.pop_front();
            pass.skip = 0;
        }
    }
    if files.is_empty() {
        pass.files = None;
        pass.todo.pop_front();
    }
    Ok(())
}

/// The files of one type and day. A parameter that was passed over gives those of other types and days, which are left
/// out, or no names at all, which is an error: it would pass for a day without mail.
async fn names(
    copernica: &Copernica,
    day: NaiveDate,
    (kind, older): (&'static str, &'static str),
) -> Result<VecDeque<String>, ConnectorError> {
    let call = copernica
        .client
        .get("logfiles")
        .query("date", day)
        .query("type", kind);
    let answer: Value = call.send().await?.json()?;
    let wrong = || ConnectorError::Contract {
        what: "GET logfiles".into(),
        detail: "the answer is no list of names such as cdm-click.2026-02-02.log".into(),
    };
    let list = answer
        .as_array()
        .or_else(|| answer["data"].as_array())
        .ok_or_else(wrong)?;
    let mut names = VecDeque::new();
    for value in list {
        let name = text(value).ok_or_else(wrong)?;
        let (own, on) = name_parts(&name).ok_or_else(wrong)?;
        if on == day && (own == kind || own == older) {
            names.push_back(name);
        }
    }
    Ok(names)
}

/// The type and the date of a file's name. The name becomes part of a path, so nothing else is let through.
fn name_parts(name: &str) -> Option<(&str, NaiveDate)> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let (kind, rest) = name.split_once('.')?;
    let day = rest.split('.').next()?.parse().ok()?;
    (!kind.is_empty() && name.bytes().all(plain)).then_some((kind, day))
}

/// Subjects of the day's mailings to many; those to one are as many as there are people (sheet 4.7).
async fn mailings(
    copernica: &Copernica,
    day: NaiveDate,
    product: Product,
) -> Result<Vec<Campaign>, ConnectorError> {
    let start = day.and_hms_opt(0, 0, 0).unwrap_or_default();
    let path = match product {
        Product::MarketingSuite => "ms/emailings",
        Product::Publisher => "publisher/emailings",
    };
    let call = copernica
        .client
        .get(path)
        .query("type", "mass")
        .query("limit", 1000)
        .query("total", false);
    let call = call
        .query("fromdate", stamp(start))
        .query("todate", stamp(start + TimeDelta::days(1)));
    let answer: Value = call.send().await?.json()?;
    let campaign = |row: Row| {
        Some(Campaign {
            id: format!("{}:{}", product.prefix(), row.text("id")?),
            name: row.text("subject").unwrap_or_default(),
            sent_at: row.time("timestamp").map(|at| instant(at, copernica.zone)),
        })
    };
    Ok(rows(answer)
        .unwrap_or_default()
        .into_iter()
        .filter_map(campaign)
        .collect())
}

/// The event of a row; `None` for one that is nobody's, or that means nothing to us.
fn event(
    row: &Row,
    day: NaiveDate,
    product: Product,
    topic: Topic,
    copernica: &Copernica,
) -> Result<Option<Event>, Reject> {
    let prefix = product.prefix();
    let message = row.text("id").map(|id| format!("{prefix}:{id}"));
    let Some(at) = row.time("time") else {
        let noon = day
            .and_hms_opt(12, 0, 0)
            .map(|at| instant(at, copernica.zone));
        return Err(reject(message, noon, "the row has no time"));
    };
    let when = instant(at, copernica.zone);
    let Some(message) = message else {
        return Err(reject(None, Some(when), "the row has no id"));
    };
    let profile = row.id("profile").or_else(|| row.id("profileid"));
    let contact = ContactRef {
        id: profile.map(|id| id.to_string()),
        email: row.text("email").as_deref().and_then(Address::parse),
    };
    let code = row.text("code").unwrap_or_default();
    let (kind, id) = match topic {
        Topic::Mailings | Topic::Sends => (EventKind::Send, message),
        Topic::Deliveries => (EventKind::Delivery, message),
        Topic::Complaints if is_praise(row) => return Ok(None),
        Topic::Complaints => (EventKind::Complaint, message),
        Topic::Bounces => match bounce(&code) {
            Some(kind) => (kind, format!("{message}:{}:{code}", stamp(at))),
            None => return Ok(None),
        },
    };
    if contact == ContactRef::default() {
        return Ok(None);
    }
    let mut event = Event::new(contact, kind, when);
    event.id = Some(id);
    event.campaign = row.id("mailingid").map(|id| format!("{prefix}:{id}"));
    if topic == Topic::Bounces {
        event.properties.insert("code".into(), code.into());
    }
    Ok(Some(event))
}

/// The class is the first digit; nought, or none, is a refusal of Copernica's own and no bounce (sheet 4.3).
fn bounce(code: &str) -> Option<EventKind> {
    match code.bytes().next()? {
        b'5' => Some(EventKind::HardBounce),
        b'4' => Some(EventKind::SoftBounce),
        _ => None,
    }
}

/// A report may also say that a mail is no spam (sheet 4.2).
fn is_praise(row: &Row) -> bool {
    let mail = row.text("mail").unwrap_or_default().to_lowercase();
    mail.contains("feedback-type: not-spam")
}
