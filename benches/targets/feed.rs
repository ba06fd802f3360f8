//! The audience as a platform: a connector whose pages are made up, for the sync that ships.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use engaged_connectors::{
    Capabilities, Change, Connector, ConnectorError, Cursor, Outcome, Page, Stream,
    connector::{Account, Covered, StreamSpec},
    model::{Address, Campaign, Contact, ContactRef, Event, EventKind, Status},
};

use crate::audience::{Audience, END_MS, Happening, PAGES, What, mix};

/// Rows of a page, as many as Mailchimp gives.
const ROWS: usize = 1_000;

const CONTACTS: Stream = Stream("contacts");
const ACTIVITY: Stream = Stream("activity");
static KINDS: [EventKind; 9] = [
    EventKind::Send,
    EventKind::Delivery,
    EventKind::Open,
    EventKind::Click,
    EventKind::Bounce,
    EventKind::Unsubscribe,
    EventKind::PageVisit,
    EventKind::Like,
    EventKind::Purchase,
];
static STREAMS: [StreamSpec; 2] = [
    StreamSpec {
        stream: CONTACTS,
        kinds: &[],
        lateness: std::time::Duration::ZERO,
        counted: false,
    },
    StreamSpec {
        stream: ACTIVITY,
        kinds: &KINDS,
        lateness: std::time::Duration::ZERO,
        counted: false,
    },
];
static CAPABILITIES: Capabilities = Capabilities {
    platform: "mailchimp",
    streams: &STREAMS,
    fields: true,
    creates_fields: true,
    field_name_max: 10,
    frozen: &[],
    starts: &[],
    removals: &[],
    retention: None,
    unreported: &[],
    twins: None,
    guarantee: "every event, once",
};

/// A platform that shows some contacts and then some events.
pub struct Feed {
    /// How much later than told it all happened.
    later: TimeDelta,
    contacts: Mutex<Box<dyn Iterator<Item = u32> + Send>>,
    events: Mutex<Box<dyn Iterator<Item = Happening> + Send>>,
}

impl Feed {
    /// Everybody, and everything that happened.
    pub fn whole(audience: &Arc<Audience>) -> Self {
        Self {
            later: TimeDelta::zero(),
            contacts: Mutex::new(Box::new(0..audience.contacts())),
            events: Mutex::new(Box::new(audience.happenings())),
        }
    }

    /// Nobody new, and these events.
    pub fn events(events: impl Iterator<Item = Happening> + Send + 'static) -> Self {
        Self {
            later: TimeDelta::zero(),
            contacts: Mutex::new(Box::new(std::iter::empty())),
            events: Mutex::new(Box::new(events)),
        }
    }

    /// The same, so many days later.
    pub fn later(mut self, days: i64) -> Self {
        self.later = TimeDelta::days(days);
        self
    }
}

fn taken<T>(from: &Mutex<Box<dyn Iterator<Item = T> + Send>>) -> Vec<T> {
    let mut from = from.lock().unwrap_or_else(PoisonError::into_inner);
    from.by_ref().take(ROWS).collect()
}

#[async_trait::async_trait]
impl Connector for Feed {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    async fn check(&self) -> Result<Account, ConnectorError> {
        Ok(Account {
            name: "feed".into(),
            version: None,
            missing: Vec::new(),
            needless: Vec::new(),
        })
    }

    async fn pull(&self, stream: Stream, _: Option<&Cursor>) -> Result<Page, ConnectorError> {
        let mut page = Page::empty(Cursor::encode(&"further on")?, false);
        if stream == CONTACTS {
            page.contacts = taken(&self.contacts).into_iter().map(contact).collect();
            page.done = page.contacts.len() < ROWS;
            return Ok(page);
        }
        let happened = taken(&self.events);
        let mut named = happened
            .iter()
            .map(|each| each.campaign)
            .collect::<Vec<_>>();
        named.sort_unstable();
        named.dedup();
        page.campaigns = named
            .into_iter()
            .filter(|id| *id > 0)
            .map(campaign)
            .collect();
        page.events = happened.iter().map(event).collect();
        for event in &mut page.events {
            event.at += self.later;
        }
        page.done = happened.len() < ROWS;
        if page.done {
            page.covered = vec![Covered {
                kinds: KINDS.to_vec(),
                from: None,
                through: end() + self.later,
            }];
        }
        Ok(page)
    }

    async fn push(&self, changes: &[Change]) -> Result<Vec<Outcome>, ConnectorError> {
        Ok(vec![Outcome::Applied; changes.len()])
    }

    async fn fields(&self) -> Result<Vec<String>, ConnectorError> {
        Ok(vec!["ENGSCORE".into()])
    }
}

/// The instant at which the history ends.
pub fn end() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(END_MS).expect("a time in this century")
}

fn address(contact: u32) -> Option<Address> {
    let domains = ["gmail.com", "example.org", "example.nl", "mail.example"];
    let draw = mix([7, u64::from(contact), 0, 0]);
    let domain = domains[usize::try_from(draw % 4).unwrap_or(0)];
    // Lists are in no order of the addresses.
    Address::parse(&format!("{:05x}.person{contact}@{domain}", draw >> 44))
}

fn contact(number: u32) -> Contact {
    let draw = mix([8, u64::from(number), 0, 0]);
    let of =
        |what: [&'static str; 4], shift: u64| what[usize::try_from(draw >> shift & 3).unwrap_or(0)];
    let mut fields = BTreeMap::new();
    let mut put = |name: &str, value: &str| fields.insert(name.to_owned(), value.to_owned());
    put("first_name", of(["Anna", "Bram", "Chris", "Dewi"], 0));
    put(
        "last_name",
        of(["Jansen", "de Vries", "Bakker", "Visser"], 2),
    );
    put("country", of(["NL", "BE", "DE", "NL"], 4));
    if (draw >> 6).trailing_zeros() >= 2 {
        put("job_title", of(["manager", "teacher", "nurse", "clerk"], 8));
    }
    Contact {
        id: format!("1:{:016x}", mix([9, u64::from(number), 0, 0])),
        email: address(number),
        status: Some(Status::Subscribed),
        subscribed_at: DateTime::from_timestamp_millis(END_MS - 1_100 * 86_400_000),
        lists: vec!["Newsletter".to_owned()],
        fields,
        tags: None,
    }
}

fn campaign(number: u32) -> Campaign {
    Campaign {
        id: campaign_id(number),
        name: format!("Letter {number}"),
        sent_at: None,
    }
}

fn campaign_id(number: u32) -> String {
    format!("{:010x}", mix([10, u64::from(number), 0, 0]) >> 24)
}

fn event(happened: &Happening) -> Event {
    let kind = match happened.what {
        What::Send => EventKind::Send,
        What::Delivery => EventKind::Delivery,
        What::Open => EventKind::Open,
        What::Click => EventKind::Click,
        What::Bounce => EventKind::Bounce,
        What::Unsubscribe => EventKind::Unsubscribe,
        What::PageVisit => EventKind::PageVisit,
        What::Like => EventKind::Like,
        What::Purchase => EventKind::Purchase,
    };
    let who = ContactRef {
        id: None,
        email: address(happened.contact),
    };
    let at = DateTime::from_timestamp_millis(happened.at).expect("a time in this century");
    let mut event = Event::new(who, kind, at);
    event.campaign = (happened.campaign > 0).then(|| campaign_id(happened.campaign));
    match happened.what {
        What::Click => event.link = Some(link(happened)),
        What::PageVisit => event.url = Some(page(happened.which)),
        What::Purchase => {
            let order = [happened.contact.into(), happened.at.cast_unsigned(), 0, 0];
            event.id = Some(format!("order-{:012x}", mix(order) >> 16));
            event.item = Some(item(happened.which));
            event.value_cents = Some(happened.value);
            event.currency = Some("EUR".to_owned());
        }
        _ => {}
    }
    event
}

/// Half of the links are those of every letter, half its own.
fn link(happened: &Happening) -> String {
    if happened.which.is_multiple_of(2) {
        page(happened.which)
    } else {
        let letter = happened.campaign;
        format!("https://shop.example/letter/{letter}/{}", happened.which)
    }
}

fn page(which: u32) -> String {
    match which {
        1 => "https://shop.example/".to_owned(),
        other => format!(
            "https://shop.example/page/{}",
            u64::from(other) % (PAGES + 1)
        ),
    }
}

fn item(which: u32) -> String {
    match which {
        1..=8 => "shoes".to_owned(),
        9..=16 => "accessory".to_owned(),
        other => format!("item {other}"),
    }
}
