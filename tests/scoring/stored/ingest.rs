//! How a life's news gets into a database: through the doors that sync, import and people use.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use engaged::{
    config::{self, Config, Environment},
    rescore::rescore,
    score::{
        calendar::Day,
        facts::{Adjustment, ConnectionId, KindId, TextId},
    },
    store::{Access, Conn, ContactId, Gap, IMPORTED, PageCommit, Report, Store, StoreError, Tx},
};
use engaged_connectors::{
    Clock, Stream,
    connector::Covered,
    model::{Address, Campaign, Contact, ContactRef, Event, EventKind, Verdict},
};
use tempfile::TempDir;

use crate::scoring::{
    life::{Card, Life, News, Row, generate::kind_of},
    random::Random,
};

const STREAM: Stream = Stream("events");

/// A clock that stands.
pub(super) struct At(pub(super) i64);

impl Clock for At {
    fn now(&self) -> DateTime<Utc> {
        instant(self.0)
    }
}

fn instant(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).expect("an instant of this age")
}

/// The text behind a number.
pub(super) fn text(texts: &[String], id: TextId) -> Option<String> {
    let index = usize::try_from(id.0).expect("an index");
    id.is_some().then(|| texts[index].clone())
}

/// A database, and how news gets into it.
pub(super) struct Stored<'l> {
    pub(super) life: &'l Life,
    pub(super) store: Store,
    pub(super) config: Config,
    _folder: TempDir,
    /// The last card of each person on each connection, and the address there.
    cards: HashMap<(usize, u16), (Card, Option<Address>)>,
    corrections: Vec<i64>,
    /// Whether reports come in pieces, each row by its person, and twice.
    in_pieces: Option<Random>,
}

impl<'l> Stored<'l> {
    pub(super) fn new(life: &'l Life, in_pieces: Option<Random>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("engaged.toml");
        std::fs::write(&path, "timezone = \"UTC\"\ndatabase = \"engaged.db\"\n").expect("a file");
        let mut config = config::load(&path, &Environment::new()).expect("a configuration");
        config.zone = life.zone();
        let begin = life.log.first().map_or(0, |(at, _)| at - 1);
        let store = Store::open(&config.database, Access::ReadWrite, &At(begin)).expect("a store");
        let (sources, words) = (life.sources.clone(), life.vocabulary.clone());
        let made = store.write(move |tx| {
            for source in &sources {
                let name = &words.connections[usize::from(source.connection) - 1].1;
                let platform = if source.synced.is_some() {
                    "mailchimp"
                } else {
                    IMPORTED
                };
                let id = tx.connection(name, platform, begin)?.id;
                assert_eq!(id.0, source.connection);
                for of in source.synced.iter().flatten() {
                    tx.declare_stream(id, STREAM, &[kind_of(*of)])?;
                }
                let campaigns: Vec<Campaign> = (words.campaigns.iter().skip(1))
                    .map(|(id, name)| Campaign {
                        id: id.clone(),
                        name: name.clone(),
                        sent_at: None,
                    })
                    .collect();
                tx.name_campaigns(id, &campaigns)?;
            }
            Ok(())
        });
        made.expect("connections");
        Self {
            life,
            store,
            config,
            _folder: folder,
            cards: HashMap::new(),
            corrections: Vec::new(),
            in_pieces,
        }
    }

    pub(super) fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.store.write(job).expect("a transaction")
    }

    pub(super) fn read<T>(&self, job: impl FnOnce(&Conn) -> Result<T, StoreError>) -> T {
        self.store.read(job).expect("a snapshot")
    }

    fn address(&self, person: usize) -> Address {
        self.life.addresses[person]
            .clone()
            .expect("everybody has one here")
    }

    pub(super) fn contact(&self, person: usize) -> Option<ContactId> {
        self.read(|conn| conn.find_contact(&self.address(person)))
    }

    pub(super) fn take(&mut self, at: i64, news: &News) {
        match news {
            News::Report { connection, rows } => self.report(*connection, rows, at),
            News::Card(card) => {
                let before = self.cards.get(&(card.person, card.connection));
                let email = before.map_or_else(
                    || self.life.addresses[card.person].clone(),
                    |before| before.1.clone(),
                );
                self.card(card.clone(), email, at);
            }
            News::Merge { person } => {
                let Some((card, _)) = self.cards.get(&(*person, 3)).cloned() else {
                    return;
                };
                self.card(card, self.life.addresses[person - 1].clone(), at);
            }
            News::Verdict {
                connection,
                id,
                verdict,
            } => self.judge(*connection, id, *verdict, at),
            News::Adjust { person, adjustment } => self.adjust(*person, adjustment.clone(), at),
            News::Withdraw { number } => {
                let index = usize::try_from(*number - 1).ok();
                if let Some(id) = index.and_then(|index| self.corrections.get(index)).copied() {
                    self.write(move |tx| tx.withdraw_adjustment(id, at));
                }
            }
            News::Cover {
                connection,
                kinds,
                from,
                through,
            } => self.cover(*connection, kinds, (*from, *through), at),
            News::Hole {
                connection,
                kinds,
                days,
                source,
            } => {
                let kinds = kinds.iter().map(|of| kind_of(*of)).collect();
                let gap = Gap {
                    from: Day(days.0),
                    to: Day(days.1),
                    kinds,
                };
                let (connection, source) = (ConnectionId(*connection), source.clone());
                self.write(move |tx| tx.add_gap(connection, &gap, &source, at));
            }
            News::Heal { connection, source } => {
                let (connection, source) = (ConnectionId(*connection), source.clone());
                self.write(move |tx| tx.heal(connection, &source, at));
            }
        }
    }

    fn adjust(&mut self, person: usize, made: Adjustment, at: i64) {
        let contact = self.contact(person).expect("known before");
        let id = self.write(move |tx| {
            let days = (made.from, made.until);
            tx.adjust(
                contact,
                &made.score,
                made.points,
                days,
                &made.reason,
                &made.author,
                at,
            )
        });
        self.corrections.push(id);
    }

    fn cover(
        &self,
        connection: u16,
        kinds: &[KindId],
        (from, through): (Option<i64>, i64),
        at: i64,
    ) {
        let covered = Covered {
            kinds: kinds.iter().map(|of| kind_of(*of)).collect(),
            from: from.map(instant),
            through: instant(through),
        };
        let connection = ConnectionId(connection);
        self.write(move |tx| tx.cover(connection, &[covered], at));
    }

    fn card(&mut self, card: Card, email: Option<Address>, at: i64) {
        let contact = Contact {
            id: format!("c{}", card.person),
            email: email.clone(),
            status: card.status,
            subscribed_at: card.subscribed_at.map(instant),
            lists: card.lists.clone(),
            fields: card.fields.iter().cloned().collect(),
            tags: None,
        };
        let connection = ConnectionId(card.connection);
        self.cards
            .insert((card.person, card.connection), (card, email));
        self.write(move |tx| {
            tx.upsert_contacts(connection, &[contact], None, at, &mut PageCommit::default())
        });
    }

    fn event(&self, connection: u16, row: &Row) -> Event {
        let (words, fact) = (&self.life.vocabulary, &row.fact);
        let has_card = self.cards.contains_key(&(row.person, connection));
        let who = ContactRef {
            id: has_card.then(|| format!("c{}", row.person)),
            email: Some(self.address(row.person)),
        };
        let of = kind_of(fact.kind);
        let index = usize::try_from(fact.campaign.0).expect("an index");
        let url = text(&words.urls, fact.url);
        let is_click = of == EventKind::Click;
        Event {
            id: row.id.clone(),
            campaign: fact
                .campaign
                .is_some()
                .then(|| words.campaigns[index].0.clone()),
            link: url.clone().filter(|_| is_click),
            url: url.filter(|_| !is_click),
            item: text(&words.items, fact.item),
            quantity: Some(fact.quantity),
            value_cents: fact.value,
            currency: text(&words.currencies, fact.currency),
            order: fact.order.is_some().then(|| format!("#o{}", fact.order.0)),
            tracked: (of == EventKind::Send).then_some(fact.tracked),
            verdict: Some(fact.verdict).filter(|verdict| *verdict != Verdict::Unknown),
            properties: (row.properties.iter())
                .map(|(name, value)| (name.clone(), value.clone().into()))
                .collect(),
            ..Event::new(who, of, instant(fact.at))
        }
    }

    fn report(&mut self, connection: u16, rows: &[Row], at: i64) {
        let mut events: Vec<Event> = rows.iter().map(|row| self.event(connection, row)).collect();
        let connection = ConnectionId(connection);
        let Some(random) = &mut self.in_pieces else {
            self.write(move |tx| tx.append(connection, at, &events, &mut tx.begin_report()?));
            return;
        };
        let size = 1 + random.index(3);
        events.sort_by_key(|event| {
            event
                .contact
                .email
                .as_ref()
                .map(|email| email.reveal().to_owned())
        });
        for _ in 0..2 {
            let mut report: Report = self.write(Tx::begin_long_report);
            for piece in events.chunks(size) {
                let piece = piece.to_vec();
                report = self.write(move |tx| {
                    tx.append(connection, at, &piece, &mut report)?;
                    Ok(report)
                });
            }
        }
    }

    fn judge(&self, connection: u16, id: &str, verdict: Verdict, at: i64) {
        let number: usize = id
            .split(['p', '-', ' '])
            .nth(1)
            .expect("a person")
            .parse()
            .expect("a number");
        let shift: usize = id
            .rsplit_once(" of ")
            .map_or(0, |(_, shift)| shift.parse().expect("a number"));
        let Some(contact) = self.contact(number + shift) else {
            return;
        };
        let event = self.read(|conn| {
            let events = conn.facts(contact, None)?.expect("known").events;
            let here = events
                .iter()
                .filter(|event| event.connection.0 == connection);
            let ids = conn.platform_ids(&here.map(|event| event.id).collect::<Vec<_>>())?;
            Ok(ids
                .into_iter()
                .find(|(_, known)| known == id)
                .map(|(event, _)| event))
        });
        if let Some(event) = event {
            assert!(self.write(move |tx| tx.set_verdict(event, verdict, "a test", at)));
        }
    }

    /// Scores as of an instant; how many were evaluated.
    pub(super) fn score(&mut self, at: i64, rules: usize, full: bool) -> u64 {
        self.config.rules = self.life.rules[rules].clone();
        self.config.rules_hash = format!("rules {rules}");
        let report = rescore(&self.store, &self.config, &At(at), full, &|_, _| ());
        report.expect("a run").scored
    }
}
