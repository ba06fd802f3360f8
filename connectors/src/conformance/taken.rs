//! What a caller of a connector keeps: the checks' own, smallest possible store, and the loop that fills it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::{
    Access, Edit, Edited, Finding, HandClock, Rights, Scene, Stand, Subject, Tally, probe::Probe,
};
use crate::{
    clock::Clock,
    connector::{Connector, Counter, Page, Stream, StreamSpec},
    cursor::Cursor,
    error::ConnectorError,
    model::{Contact, Event},
};

/// No stream of a stand has as many pages.
const PAGES_MAX: usize = 5_000;

/// A stand with a probe in front of it.
pub(super) struct Bench<'s> {
    pub(super) subject: &'s dyn Subject,
    pub(super) stand: Arc<dyn Stand>,
    pub(super) probe: Arc<Probe>,
    pub(super) clock: Arc<HandClock>,
}

impl<'s> Bench<'s> {
    /// A fresh stand.
    pub(super) async fn new(subject: &'s dyn Subject, people: u32) -> Result<Self, Box<Finding>> {
        Self::with(subject, people, Rights::All).await
    }

    pub(super) async fn with(
        subject: &'s dyn Subject,
        people: u32,
        rights: Rights,
    ) -> Result<Self, Box<Finding>> {
        let clock = HandClock::at(DateTime::from_timestamp(1_781_092_800, 0).unwrap_or_default());
        let scene = Scene {
            people,
            rights,
            clock: Arc::clone(&clock),
        };
        let stand: Arc<dyn Stand> = subject
            .stand(scene)
            .await
            .map_err(|why| no_stand(&why))?
            .into();
        let probe = Probe::new(stand.line());
        Ok(Self {
            subject,
            stand,
            probe,
            clock,
        })
    }

    /// The same with small pages.
    pub(super) async fn paged(
        subject: &'s dyn Subject,
        people: u32,
        rows: u64,
    ) -> Result<Self, Box<Finding>> {
        let bench = Self::new(subject, people).await?;
        bench.probe.most(subject.page_size(), rows);
        Ok(bench)
    }

    /// A connector that has just been made, as after a restart.
    pub(super) fn connector(&self) -> Result<Box<dyn Connector>, Box<Finding>> {
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        self.connect(&Access::good(), clock)
            .map_err(|error| Finding::error("making the connector", &error))
    }

    pub(super) fn connect(
        &self,
        access: &Access,
        clock: Arc<dyn Clock>,
    ) -> Result<Box<dyn Connector>, ConnectorError> {
        self.stand
            .connect(access, clock, Arc::clone(&self.probe) as _)
    }

    pub(super) async fn edit(&self, edit: Edit) -> Result<Edited, Box<Finding>> {
        self.stand.edit(edit).await.map_err(|why| no_stand(&why))
    }

    /// Reads a stream to its end from `from`, into `taken`.
    pub(super) async fn read(
        &self,
        connector: &dyn Connector,
        stream: Stream,
        from: Option<Cursor>,
        taken: &mut Taken,
    ) -> Result<Cursor, Box<Finding>> {
        let mut cursor = from;
        for _ in 0..PAGES_MAX {
            let page = pull(connector, stream, cursor.as_ref()).await?;
            let done = page.done;
            cursor = Some(taken.take(page));
            if done {
                break;
            }
        }
        match cursor {
            Some(cursor) if taken.pages < PAGES_MAX => Ok(cursor),
            _ => Err(
                Finding::new(format!("no end after {PAGES_MAX} pages"), stream.0)
                    .why("a walk that goes in circles")
                    .boxed(),
            ),
        }
    }

    /// Reads every stream from where its cursor stands, and moves the cursors.
    pub(super) async fn read_all(
        &self,
        connector: &dyn Connector,
        cursors: &mut BTreeMap<&'static str, Cursor>,
        taken: &mut Taken,
    ) -> Result<(), Box<Finding>> {
        for spec in streams(connector) {
            let from = cursors.get(spec.stream.0).cloned();
            let next = self.read(connector, spec.stream, from, taken).await?;
            cursors.insert(spec.stream.0, next);
        }
        Ok(())
    }

    /// Holds what was kept against what the platform holds: nothing missing, and nothing made up if `exactly`.
    pub(super) fn compare(
        &self,
        taken: &Taken,
        place: &str,
        exactly: bool,
    ) -> Result<(), Box<Finding>> {
        let truth = self.stand.truth();
        let contacts: BTreeSet<String> = truth.contacts.into_keys().collect();
        contains(&taken.contact_ids(), &contacts, exactly, "contacts", place)?;
        contains(
            &taken.told(self.stand.as_ref()),
            &truth.events,
            exactly,
            "events",
            place,
        )
    }
}

/// The streams that a connector declares.
pub(super) fn streams(connector: &dyn Connector) -> &'static [StreamSpec] {
    connector.capabilities().streams
}

/// One page, which must come.
pub(super) async fn pull(
    connector: &dyn Connector,
    stream: Stream,
    cursor: Option<&Cursor>,
) -> Result<Page, Box<Finding>> {
    // The store keeps a cursor as text and nothing else.
    let stored = cursor.map(|cursor| Cursor::from_stored(cursor.as_str().to_owned()));
    connector
        .pull(stream, stored.as_ref())
        .await
        .map_err(|error| Finding::error(stream.0, &error))
}

/// That a set holds all of another, and if `exactly` nothing else.
pub(super) fn contains(
    ours: &BTreeSet<String>,
    theirs: &BTreeSet<String>,
    exactly: bool,
    what: &'static str,
    place: &str,
) -> Result<(), Box<Finding>> {
    let missing: Vec<&String> = theirs.difference(ours).collect();
    let extra: Vec<&String> = ours.difference(theirs).collect();
    let (found, which) = match (missing.first(), extra.first().filter(|_| exactly)) {
        (Some(first), _) => (format!("{} {what} are lost", missing.len()), *first),
        (None, Some(first)) => (
            format!("{} {what} are doubled or made up", extra.len()),
            *first,
        ),
        (None, None) => return Ok(()),
    };
    let why = format!(
        "the platform holds {}, {} were read; the first that differs: {which}",
        theirs.len(),
        ours.len()
    );
    Err(Finding::new(found, place)
        .why(why)
        .next("walk by what a page holds, resume at or before the last row seen, and let the caller tell repeats apart")
        .boxed())
}

fn no_stand(why: &str) -> Box<Finding> {
    Finding::new("the stand failed", "the stand")
        .why(why)
        .next("mend the subject; no connector is to blame")
        .boxed()
}

/// Everything that was read, kept as a store keeps it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Taken {
    pub(super) contacts: BTreeMap<String, Contact>,
    /// By kind and id.
    identified: BTreeMap<(String, String), Event>,
    /// Without an id: by content, with the most that one page had.
    plain: BTreeMap<String, (Event, usize)>,
    /// Ids that came with another content than before.
    pub(super) changed: Vec<String>,
    /// Who was seen in the scan under way, by its beginning.
    scan: Option<(DateTime<Utc>, BTreeSet<String>)>,
    /// Who was seen in the last scan that ended.
    pub(super) scanned: Option<BTreeSet<String>>,
    pub(super) rows: usize,
    pub(super) rejects: usize,
    pub(super) unknown: u64,
    pub(super) pages: usize,
    /// The last look at what the platform counts.
    counters: Vec<Counter>,
}

impl Taken {
    /// Keeps a page; its cursor.
    pub(super) fn take(&mut self, page: Page) -> Cursor {
        self.pages += 1;
        self.rows += page.events.len() + page.contacts.len();
        self.rejects += page.rejects.len();
        self.unknown += page.unknown;
        for counter in page.counters {
            let other =
                |kept: &Counter| (&kept.campaign, &kept.kind) != (&counter.campaign, &counter.kind);
            self.counters.retain(other);
            self.counters.push(counter);
        }
        if let Some(scan) = page.scan {
            let seen = match &mut self.scan {
                Some((begun, seen)) if *begun == scan.started_at => seen,
                other => &mut other.insert((scan.started_at, BTreeSet::new())).1,
            };
            seen.extend(page.contacts.iter().map(|contact| contact.id.clone()));
            if scan.done {
                self.scanned = self.scan.take().map(|(_, seen)| seen);
            }
        }
        for contact in page.contacts {
            self.contacts.insert(contact.id.clone(), contact);
        }
        let mut equals: BTreeMap<String, usize> = BTreeMap::new();
        for event in page.events {
            if let Some(id) = &event.id {
                let key = (event.kind.as_str().to_owned(), id.clone());
                let before = self.identified.insert(key.clone(), event.clone());
                if before.is_some_and(|before| {
                    (before.at, &before.link, &before.campaign)
                        != (event.at, &event.link, &event.campaign)
                }) {
                    self.changed.push(format!("{} {}", key.0, key.1));
                }
                continue;
            }
            let key = content(&event);
            let many = equals.entry(key.clone()).or_default();
            *many += 1;
            let kept = self.plain.entry(key).or_insert((event, 0));
            kept.1 = kept.1.max(*many);
        }
        page.next
    }

    /// The same events, and as if nobody had been seen.
    pub(super) fn without_contacts(mut self) -> Self {
        self.contacts.clear();
        self
    }

    pub(super) fn contact_ids(&self) -> BTreeSet<String> {
        self.contacts.keys().cloned().collect()
    }

    /// All events by the stand's names; the k-th of equals ends in `#k`.
    pub(super) fn told(&self, stand: &dyn Stand) -> BTreeSet<String> {
        let mut told: BTreeSet<String> = self
            .identified
            .values()
            .filter_map(|event| stand.tell(event))
            .collect();
        // Two contents may bear one name, such as an open with and without a verdict.
        let mut named: BTreeMap<String, usize> = BTreeMap::new();
        for (event, many) in self.plain.values() {
            if let Some(name) = stand.tell(event) {
                *named.entry(name).or_default() += many;
            }
        }
        for (name, many) in named {
            told.extend((2..=many).map(|k| format!("{name}#{k}")));
            told.insert(name);
        }
        told
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &Event> {
        self.identified
            .values()
            .chain(self.plain.values().map(|(event, _)| event))
    }

    /// Whether the platform counts more contacts for a campaign than were told.
    pub(super) fn falls_short(&self) -> bool {
        self.counters.iter().any(|counter| {
            let counted = |event: &&Event| {
                event.kind == counter.kind && event.campaign.as_ref() == Some(&counter.campaign)
            };
            let events = self.events().filter(counted);
            let contacts: BTreeSet<_> = events.map(|event| &event.contact.id).collect();
            (contacts.len() as u64) < counter.contacts
        })
    }

    /// Adds what was done to a tally.
    pub(super) fn count(&self, tally: &mut Tally) {
        tally.add("rows", self.rows);
        tally.add("pages", self.pages);
    }

    /// That what has an id never changes, whoever is asked.
    pub(super) fn steady(&self) -> Result<(), Box<Finding>> {
        match self.changed.first() {
            None => Ok(()),
            Some(first) => Err(Finding::new(
                format!(
                    "{} events came again with another content",
                    self.changed.len()
                ),
                first.clone(),
            )
            .why("equal kind and id must be the same event for ever, its time included")
            .boxed()),
        }
    }
}

/// What tells events without an id apart: everything but judgements.
fn content(event: &Event) -> String {
    let who = (
        &event.contact.id,
        event
            .contact
            .email
            .as_ref()
            .map(|email| email.reveal().to_owned()),
    );
    format!(
        "{who:?} {:?} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        event.kind,
        event.at,
        event.campaign,
        event.link,
        event.url,
        event.item,
        event.quantity,
        event.value_cents,
        event.properties
    )
}
