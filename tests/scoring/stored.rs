//! The same lives through the database: what the daemon stores is what a full run gives,
//! what the ledger knows, and what replay finds.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use engaged::{
    config::{self, Config, Environment},
    rescore::{rescore, state},
    score::{
        calendar::{Day, Zone},
        evaluate::{evaluate, evaluate_with_next},
        facts::{ConnectionId, Coverage, Facts, KindId, TextId, Vocabulary},
        model::Model,
    },
    store::{
        Access, Conn, ContactId, ContactState, Gap, IMPORTED, PageCommit, Report, Store, Tx, Which,
    },
    verify::verify,
};
use engaged_connectors::{
    Clock, Stream,
    connector::Covered,
    model::{Address, Campaign, Contact, ContactRef, Event, EventKind, Verdict},
};
use tempfile::TempDir;

use super::{
    compare::differs,
    generate,
    incremental::{self, Models},
    life::{
        Card, Life, News, Row, end_of,
        generate::{life, together},
        ledger::Ledger,
        shrink,
    },
    oracle::Oracle,
    random::Random,
    shop,
    tally::Tally,
};

const STREAM: Stream = Stream("events");

/// How many lives share a database.
const TOGETHER: u64 = 4;

struct At(i64);

impl Clock for At {
    fn now(&self) -> DateTime<Utc> {
        instant(self.0)
    }
}

fn instant(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).expect("an instant of this age")
}

fn kind(id: KindId) -> EventKind {
    let declared = || EventKind::Custom("demo_request".to_owned());
    (EventKind::BUILT_IN.get(usize::from(id.0)))
        .cloned()
        .unwrap_or_else(declared)
}

fn text(texts: &[String], id: TextId) -> Option<String> {
    let index = usize::try_from(id.0).expect("an index");
    id.is_some().then(|| texts[index].clone())
}

/// A database, and how news gets into it.
struct Stored<'l> {
    life: &'l Life,
    store: Store,
    config: Config,
    _folder: TempDir,
    /// The last card of each person on each connection, and the address there.
    cards: HashMap<(usize, u16), (Card, Option<Address>)>,
    corrections: Vec<i64>,
    /// Whether reports come in pieces, each row by its person, and twice.
    in_pieces: Option<Random>,
}

impl<'l> Stored<'l> {
    fn new(life: &'l Life, in_pieces: Option<Random>) -> Self {
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
                    tx.declare_stream(id, STREAM, &[kind(*of)])?;
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

    fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx) -> Result<T, engaged::store::StoreError> + Send + 'static,
    ) -> T {
        self.store.write(job).expect("a transaction")
    }

    fn read<T>(&self, job: impl FnOnce(&Conn) -> Result<T, engaged::store::StoreError>) -> T {
        self.store.read(job).expect("a snapshot")
    }

    fn address(&self, person: usize) -> Address {
        self.life.addresses[person]
            .clone()
            .expect("everybody has one here")
    }

    fn contact(&self, person: usize) -> Option<ContactId> {
        self.read(|conn| conn.find_contact(&self.address(person)))
    }

    fn take(&mut self, at: i64, news: &News) {
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
            News::Adjust { person, adjustment } => {
                let (contact, made) = (self.contact(*person).expect("known"), adjustment.clone());
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
            } => {
                let covered = Covered {
                    kinds: kinds.iter().map(|of| kind(*of)).collect(),
                    from: from.map(instant),
                    through: instant(*through),
                };
                let connection = ConnectionId(*connection);
                self.write(move |tx| tx.cover(connection, &[covered], at));
            }
            News::Hole {
                connection,
                kinds,
                days,
                source,
            } => {
                let kinds = kinds.iter().map(|of| kind(*of)).collect();
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
        let of = kind(fact.kind);
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

    /// Scores as of an instant.
    fn score(&mut self, at: i64, rules: usize, full: bool) {
        self.config.rules = self.life.rules[rules].clone();
        self.config.rules_hash = format!("rules {rules}");
        rescore(&self.store, &self.config, &At(at), full, &|_, _| ()).expect("a run");
    }
}

/// What scoring reads, without the numbers that the order of arrival gives, and without
/// verdicts, which the program itself may judge.
fn content(facts: &Facts, words: &Vocabulary) -> Vec<String> {
    let mut lines: Vec<String> = facts
        .events
        .iter()
        .map(|fact| {
            let index = usize::try_from(fact.campaign.0).expect("an index");
            let campaign = &words.campaigns[index].0;
            let properties = facts.properties.iter().filter(|(id, ..)| *id == fact.id);
            let properties: Vec<_> = properties.map(|(_, name, value)| (name, value)).collect();
            let tracked = fact.tracked && kind(fact.kind) == EventKind::Send;
            format!(
                "event {} {:?} {:?} {campaign:?} {:?} {:?} {} {:?} {:?} {tracked} {properties:?}",
                fact.at,
                kind(fact.kind),
                fact.connection,
                text(&words.urls, fact.url),
                text(&words.items, fact.item),
                fact.quantity,
                fact.value,
                text(&words.currencies, fact.currency)
            )
        })
        .collect();
    lines.extend(facts.fields.iter().map(|field| format!("field {field:?}")));
    lines.extend(facts.subscriptions.iter().map(|said| format!("{said:?}")));
    lines.extend(facts.adjustments.iter().map(|each| {
        format!(
            "{} {} {} {}",
            each.score, each.points, each.from, each.until
        )
    }));
    lines.sort();
    lines.push(format!(
        "{:?} {} {:?} {:?}",
        facts.subscribed_at,
        facts.first_known_at,
        facts.address.as_ref().map(Address::reveal),
        facts.connections
    ));
    lines
}

fn sorted(mut state: ContactState) -> ContactState {
    state.scores.sort_by(|a, b| a.name.cmp(&b.name));
    state.segments.sort();
    state
}

/// What a run left, to be found again by replay.
type Recorded = BTreeMap<ContactId, ContactState>;

/// What is not the same, if anything.
fn disagreement(life: &Life, models: &Models, seed: u64, tally: &mut Tally) -> Option<String> {
    let zone = models[0].zone();
    let ledger = Ledger::new(life, zone);
    let mut stored = Stored::new(life, None);
    let mut recorded = Vec::new();
    let mut log = life.log.iter().peekable();
    for (index, run) in life.runs.iter().enumerate() {
        while let Some((at, news)) = log.next_if(|(at, _)| *at <= run.at) {
            stored.take(*at, news);
        }
        stored.score(run.at, run.rules, false);
        let day = Day(life.day(*run));
        match after_run(&stored, &ledger, (run.at, day), run.rules, tally) {
            Ok(states) => recorded.push((index, states)),
            Err(what) => return Some(format!("run {index} on {day}: {what}")),
        }
    }
    let last = life.runs.last()?;
    let report = verify(&stored.store, &stored.config, &At(last.at)).expect("verified");
    if report.different > 0 || report.waiting > 0 {
        return Some(format!("{report:?}"));
    }
    for (index, states) in &recorded {
        if let Err(what) = replay(&stored, &ledger, *index, states, tally) {
            return Some(format!("run {index} replayed: {what}"));
        }
    }
    let other = another_way(life, seed);
    ends_alike(&stored, &other)
}

/// The same news in other batches, each report twice, and scored once at the end.
fn another_way(life: &Life, seed: u64) -> Stored<'_> {
    let mut stored = Stored::new(life, Some(Random::new(seed)));
    let Some(last) = life.runs.last() else {
        return stored;
    };
    for (at, news) in life.log.iter().filter(|(at, _)| *at <= last.at) {
        stored.take(*at, news);
    }
    stored.score(last.at, last.rules, true);
    stored
}

fn ends_alike(one: &Stored<'_>, other: &Stored<'_>) -> Option<String> {
    let end = |stored: &Stored<'_>| {
        let mut found = BTreeMap::new();
        for person in 0..stored.life.addresses.len() {
            let Some(contact) = stored.contact(person) else {
                continue;
            };
            let (facts, words, state) = stored.read(|conn| {
                Ok((
                    conn.facts(contact, None)?.expect("known"),
                    conn.vocabulary()?,
                    conn.state(contact)?,
                ))
            });
            found.insert(person, (content(&facts, &words), state.map(sorted)));
        }
        found
    };
    let (one, other) = (end(one), end(other));
    (one != other).then(|| format!("other batches end elsewhere:\n{one:?}\n{other:?}"))
}

/// Compares what is stored with a full evaluation, the oracle, and the ledger.
fn after_run(
    stored: &Stored<'_>,
    ledger: &Ledger<'_>,
    (at, day): (i64, Day),
    rules: usize,
    tally: &mut Tally,
) -> Result<Recorded, String> {
    let zone = ledger.zone();
    let groups: Vec<(Option<ContactId>, Vec<usize>)> = (ledger.contacts(at).into_iter())
        .map(|persons| (stored.contact(persons[0]), persons))
        .collect();
    stored.read(|conn| {
        let words = conn.vocabulary()?;
        let model = Model::new(&stored.life.rules[rules], &words);
        let coverage = conn.coverage(zone, day, None)?;
        let known = ledger.coverage(day.0, at);
        if plain(&coverage) != plain(&known) {
            return Ok(Err(format!("coverage {coverage:?}\nbut is {known:?}")));
        }
        let mut states = BTreeMap::new();
        let mut found = Ok(());
        conn.for_each_facts(Which::All, None, |contact, facts| {
            tally.add("contacts compared after a run");
            let (evaluation, next) = evaluate_with_next(&model, facts, &coverage, day);
            let fresh = sorted(state(&model, &evaluation, next));
            let kept = conn.state(contact)?.map(sorted).unwrap_or_default();
            let oracle = Oracle::new(&stored.life.rules[rules], &words, facts, &coverage);
            let persons = groups
                .iter()
                .find(|(id, _)| *id == Some(contact))
                .map(|(_, persons)| persons);
            let known = persons.and_then(|persons| ledger.facts(persons, at, None));
            let (is, should) = (
                content(facts, &words),
                known.map(|known| content(&known, &stored.life.vocabulary)),
            );
            if Some(&is) != should.as_ref() {
                found = Err(format!("{contact:?} is {is:#?}\nbut {should:#?}"));
            } else if kept != fresh {
                found = Err(format!(
                    "{contact:?} is stored as {kept:?}\nbut is {fresh:?}"
                ));
            } else if let Some(what) = differs(&oracle, &evaluation, day.0) {
                found = Err(what);
            }
            states.insert(contact, fresh);
            Ok(())
        })?;
        Ok(found.map(|()| states))
    })
}

/// The days of holes, by what they are holes of.
fn plain(coverage: &Coverage) -> BTreeMap<String, String> {
    let holes = coverage.holes.iter();
    let mut plain: BTreeMap<String, String> = holes
        .map(|(connection, kind, holes)| (format!("{connection:?} {kind:?}"), format!("{holes:?}")))
        .collect();
    let mut reported: Vec<String> = (coverage.reported.iter())
        .flat_map(|reported| &reported.kinds)
        .map(|kind| format!("{kind:?}"))
        .collect();
    reported.sort();
    plain.insert("reported".to_owned(), reported.join(" "));
    plain
}

/// Evaluates a past day by what was known then, and compares with what was found and written that day.
fn replay(
    stored: &Stored<'_>,
    ledger: &Ledger<'_>,
    index: usize,
    states: &Recorded,
    tally: &mut Tally,
) -> Result<(), String> {
    let (life, zone) = (stored.life, ledger.zone());
    let run = life.runs[index];
    let day = Day(life.day(run));
    let is_last_word = life.is_last_word(index, zone);
    let known = if is_last_word {
        end_of(zone, day.0)
    } else {
        run.at
    };
    stored.read(|conn| {
        let model = Model::new(&life.rules[run.rules], &conn.vocabulary()?);
        let coverage = conn.coverage(zone, day, Some(known))?;
        let mut again: Recorded = BTreeMap::new();
        let mut take = |contact, facts: &Facts| {
            let evaluation = evaluate(&model, facts, &coverage, day);
            again.insert(contact, sorted(state(&model, &evaluation, None)));
            Ok(())
        };
        if index % 2 == 0 {
            conn.for_each_facts(Which::All, Some(known), &mut take)?;
        } else {
            let all: Vec<ContactId> = states.keys().copied().collect();
            conn.for_each_facts(Which::These(&all), Some(known), &mut take)?;
        }
        for (contact, then) in states {
            let then = ContactState {
                next_change_on: None,
                ..then.clone()
            };
            let Some(found) = again.remove(contact) else {
                return Ok(Err(format!("{contact:?} was not known")));
            };
            if found != then {
                return Ok(Err(format!(
                    "{contact:?} was {then:?}\nbut replayed {found:?}"
                )));
            }
            tally.add("contacts replayed");
            if is_last_word {
                tally.add("history rows compared");
                let written = written(conn, *contact, day)?;
                let shown: BTreeMap<_, _> = then
                    .scores
                    .iter()
                    .map(|score| {
                        (
                            score.name.clone(),
                            (score.raw, score.shown, score.band.clone()),
                        )
                    })
                    .collect();
                if written != shown {
                    return Ok(Err(format!(
                        "{contact:?}: history says {written:?}\nbut was {shown:?}"
                    )));
                }
            }
        }
        Ok(if again.is_empty() {
            Ok(())
        } else {
            Err(format!("nobody knew {again:?}"))
        })
    })
}

/// What the history of scores says of a day.
type Written = BTreeMap<String, (i64, i64, Option<String>)>;

fn written(
    conn: &Conn,
    contact: ContactId,
    day: Day,
) -> Result<Written, engaged::store::StoreError> {
    let mut latest = BTreeMap::new();
    for row in conn.score_history(contact)? {
        if Day::parse(&row.on).expect("a date") <= day {
            latest.insert(row.score, (row.raw, row.shown, row.band));
        }
    }
    Ok(latest)
}

fn number(default: u64) -> u64 {
    let asked = std::env::var("ENGAGED_STORED").ok();
    asked.map_or(default, |number| {
        number.parse().expect("ENGAGED_STORED is a number")
    })
}

#[test]
fn what_is_stored_is_what_a_full_run_the_oracle_and_replay_give() {
    let vocabulary = generate::vocabulary();
    let mut tally = Tally::default();
    let number = number(40);
    for batch in 0..number.div_ceil(TOGETHER) {
        if super::compare::only_seed().is_some_and(|only| only != batch) {
            continue;
        }
        let mut random = Random::new(batch);
        let first = if batch % 3 == 0 {
            shop::rules(random.pick(&generate::rules::ZONES), true)
        } else {
            generate::rules::rule_set(&mut random)
        };
        let both = vec![first.clone(), generate::rules::edited(&mut random, &first)];
        let models = incremental::models(&both);
        let zone: &Zone = models[0].zone();
        let mut lives = Vec::new();
        for _ in 0..TOGETHER {
            lives.push(life(&mut random, &both, &vocabulary, zone));
            tally.add("lives");
        }
        let life = together(lives);
        if let Some(what) = disagreement(&life, &models, batch, &mut tally) {
            let fails = |life: &Life, models: &Models| {
                disagreement(life, models, batch, &mut Tally::default())
            };
            let (life, what) = shrink::smallest(life, what, &fails);
            panic!("seed {batch}: {what}\n{}", life.describe());
        }
    }
    println!("{tally}");
    let least = usize::try_from(number).expect("a small number");
    tally.assert_at_least(
        least,
        &[
            "contacts compared after a run",
            "contacts replayed",
            "history rows compared",
        ],
    );
}
