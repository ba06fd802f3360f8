//! Opens, clicks and unsubscribes: what people do, soon after they did it, from the
//! lists of events, which number each event and name its mailing and link.
//!
//! A Publisher row names its profile. An account-wide Marketing Suite row does not,
//! while the list of one mailing does (sheet 4.1). So the account-wide list serves
//! as an index: it says which mailings had such events in the span, and how many;
//! each of those is then read by itself. What it counts and the mailing does not
//! show leaves a hole.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{
    Copernica, LATE, OVERLAP, Product,
    window::{self, Bounds, Stretch, Walk},
    wire::{Row, instant, local, reject},
};
use crate::{
    connector::{Covered, Page, StreamSpec},
    cursor::Cursor,
    error::ConnectorError,
    model::{ContactRef, Event, EventKind, Reject},
};

/// A span ends this long before now, so that its lists stand still.
const MARGIN: TimeDelta = TimeDelta::minutes(1);
/// The longest span that is walked at once.
const SPAN: TimeDelta = TimeDelta::days(7);
/// A pass that is older than this begins anew.
const STALE: TimeDelta = TimeDelta::days(2);

/// Where the stream stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// All before this has been read.
    through: Option<DateTime<Utc>>,
    /// The pass under way.
    pass: Option<Pass>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    /// From here on the platform certainly still had everything.
    complete_from: DateTime<Utc>,
    /// The span under way.
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    /// Where the last span ends.
    until: DateTime<Utc>,
    step: Step,
    walk: Walk,
    /// Mailings of the span that are still to be read, and how many rows the index counts.
    mailings: BTreeMap<String, u64>,
    /// Rows that came of the mailing under way.
    came: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Step {
    /// The account-wide list of Marketing Suite.
    Index,
    /// One mailing of Marketing Suite.
    Mailing(String),
    /// The account-wide list of Publisher.
    Publisher,
}

/// One page of a stream that brings one kind.
pub(super) async fn pull(
    copernica: &Copernica,
    spec: &StreamSpec,
    kind: &EventKind,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let now = copernica.now();
    let mut position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    let begun = position.pass.as_ref().map(|pass| pass.started_at);
    if [position.through, begun]
        .into_iter()
        .flatten()
        .any(|at| at > now)
    {
        warn!(
            stream = spec.stream.0,
            "the stored position lies in the future; all is read again"
        );
        position = Position::default();
    }
    let under_way = position
        .pass
        .take()
        .filter(|pass| now - pass.started_at < STALE);
    let mut pass = under_way.unwrap_or_else(|| Pass::begin(copernica, position.through, now));
    let mut page = Page::empty(Cursor::encode(&())?, false);
    let over = read(copernica, kind, &mut pass, &mut page).await?;
    page.done = over && pass.turn(copernica);
    if page.done {
        position.through = Some(pass.until);
        let through = pass.started_at - LATE;
        page.covered
            .extend((pass.complete_from < through).then(|| Covered {
                kinds: spec.kinds.to_vec(),
                from: Some(pass.complete_from),
                through,
            }));
    } else {
        position.pass = Some(pass);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

impl Pass {
    fn begin(copernica: &Copernica, through: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        let horizon = copernica.horizon(now);
        let until = now - MARGIN;
        let follows = through
            .map(|at| at - OVERLAP)
            .filter(|from| *from > horizon);
        // At the horizon the platform may be clearing away: nothing is promised of the day that it stands in.
        let (from, complete_from) =
            follows.map_or((horizon, horizon + TimeDelta::days(1)), |from| (from, from));
        Self {
            started_at: now,
            complete_from,
            from,
            to: until.min(from + SPAN),
            until,
            step: first(copernica),
            walk: Walk::default(),
            mailings: BTreeMap::new(),
            came: 0,
        }
    }

    /// Turns to the next list, or to the next span; whether there is none.
    fn turn(&mut self, copernica: &Copernica) -> bool {
        (self.walk, self.came) = (Walk::default(), 0);
        let publisher = copernica.has(Product::Publisher);
        let next = match (&self.step, self.mailings.keys().next()) {
            (Step::Index | Step::Mailing(_), Some(mailing)) => Some(Step::Mailing(mailing.clone())),
            (Step::Index | Step::Mailing(_), None) if publisher => Some(Step::Publisher),
            _ => None,
        };
        if next.is_none() {
            if self.to >= self.until {
                return true;
            }
            self.from = self.to;
            self.to = self.until.min(self.from + SPAN);
        }
        self.step = next.unwrap_or_else(|| first(copernica));
        false
    }

    /// One reject for each day of the span: what is missing may belong to any of them.
    fn holes(&self, mailing: &str, reason: &str) -> Vec<Reject> {
        let mut days = vec![self.to];
        let mut at = self.from;
        while at < self.to {
            days.push(at);
            at += TimeDelta::days(1);
        }
        let hole = |at| reject(Some(format!("ms:{mailing}")), Some(at), reason);
        days.into_iter().map(hole).collect()
    }
}

fn first(copernica: &Copernica) -> Step {
    if copernica.has(Product::MarketingSuite) {
        Step::Index
    } else {
        Step::Publisher
    }
}

/// What the lists of a kind are called (sheets 4.1 and 4.2).
fn name(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::Click => "clicks",
        EventKind::Unsubscribe => "unsubscribes",
        _ => "impressions",
    }
}

/// Reads one page into `page`; whether the list under way is over.
async fn read(
    copernica: &Copernica,
    kind: &EventKind,
    pass: &mut Pass,
    page: &mut Page,
) -> Result<bool, ConnectorError> {
    let name = name(kind);
    let (path, bounds) = match &pass.step {
        Step::Index => (format!("ms/{name}"), Bounds::Parameters),
        Step::Mailing(id) => (format!("ms/emailing/{id}/{name}"), Bounds::Parameters),
        Step::Publisher => (format!("publisher/{name}"), Bounds::Filter),
    };
    let span = (
        local(pass.from, copernica.zone),
        local(pass.to, copernica.zone),
    );
    // In the hour that October repeats, the wall clock of a later instant may show less.
    let span = (span.0.min(span.1), span.0.max(span.1));
    let stretch = window::step(copernica, &path, &bounds, span, &mut pass.walk).await?;
    let rows = match stretch {
        Some(Stretch::Rows(rows)) => rows,
        Some(Stretch::Shifted) => {
            pass.came = 0;
            if pass.step == Step::Index {
                pass.mailings.clear();
            }
            return Ok(false);
        }
        over => {
            if let Step::Mailing(id) = pass.step.clone() {
                let counted = pass.mailings.remove(&id).unwrap_or_default();
                if over.is_none() || pass.came < counted {
                    let reason =
                        "the mailing does not show the events that the account counts for it";
                    page.rejects.extend(pass.holes(&id, reason));
                }
            }
            return Ok(true);
        }
    };
    for row in rows {
        if pass.step == Step::Index {
            index(&row, pass, page, copernica);
            continue;
        }
        pass.came += 1;
        match event(kind, &pass.step, &row, copernica) {
            Ok(event) => page.events.extend(event),
            Err(reject) => page.rejects.push(reject),
        }
    }
    Ok(false)
}

/// Counts a row of the account-wide list for its mailing.
fn index(row: &Row, pass: &mut Pass, page: &mut Page, copernica: &Copernica) {
    match row.id("mailing") {
        Some(mailing) => *pass.mailings.entry(mailing.to_string()).or_default() += 1,
        None => {
            let at = row.time("timestamp").map(|at| instant(at, copernica.zone));
            let id = row.text("id").map(|id| format!("ms:{id}"));
            page.rejects
                .push(reject(id, at, "the row names no mailing"));
        }
    }
}

/// The event of a row; `None` for one that is nobody's, or that did not come about.
fn event(
    kind: &EventKind,
    step: &Step,
    row: &Row,
    copernica: &Copernica,
) -> Result<Option<Event>, Reject> {
    let (product, mailing) = match step {
        Step::Mailing(id) => (Product::MarketingSuite, Some(id.clone())),
        _ => (
            Product::Publisher,
            row.text("emailing").or_else(|| row.text("mailing")),
        ),
    };
    let prefix = product.prefix();
    let id = row.text("id").map(|id| format!("{prefix}:{id}"));
    let at: Option<NaiveDateTime> = row.time("timestamp");
    let at = at.map(|at| instant(at, copernica.zone));
    let refuse = |reason: &str| reject(id.clone(), at, reason);
    let (Some(id), Some(at)) = (id.clone(), at) else {
        return Err(refuse("the row has no id or no time"));
    };
    if !row.has("profile") {
        return Err(refuse("the row says nothing of a profile"));
    }
    if row.is_nested("profile") {
        return Err(refuse("the profile cannot be read"));
    }
    let Some(profile) = row.id("profile") else {
        return Ok(None);
    };
    if *kind == EventKind::Unsubscribe && row.is_nested("success") {
        return Err(refuse("whether it succeeded cannot be read"));
    }
    if *kind == EventKind::Unsubscribe && row.flag("success") == Some(false) {
        return Ok(None);
    }
    let contact = ContactRef {
        id: Some(profile.to_string()),
        email: None,
    };
    let mut event = Event::new(contact, kind.clone(), at);
    event.id = Some(id);
    event.campaign = mailing.map(|mailing| format!("{prefix}:{mailing}"));
    if *kind == EventKind::Click {
        event.link = row.text("link");
    }
    // What tells machines from people; Copernica itself marks none (sheet 4.3).
    for (key, name) in [("useragent", "user_agent"), ("ip", "ip")] {
        event
            .properties
            .extend(row.text(key).map(|text| (name.to_owned(), text.into())));
    }
    Ok(Some(event))
}
