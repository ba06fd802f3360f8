//! What is known at an instant, folded anew from the whole log each time it is asked.
//!
//! Nothing is kept from one question to the next, so nothing can be forgotten:
//! this is what the store has to agree with, whatever order and batches news came in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use engaged::score::{
    calendar::{Day, Zone},
    facts::{ConnectionId, Coverage, Fact, Facts, Hole, KindId, Reported, Subscription},
};
use engaged_connectors::model::{Status, Verdict};

use super::{Card, Life, News, Row};
use crate::scoring::random::Random;

/// A life, to be asked what is known of it.
pub(crate) struct Ledger<'l> {
    life: &'l Life,
    zone: &'l Zone,
    /// The first instants of the days from `floor` on.
    starts: Vec<i64>,
    floor: i32,
}

/// One event as it is known.
struct Known {
    row: Row,
    connection: u16,
    /// The times that the platform gave before.
    earlier: Vec<i64>,
}

#[derive(Default)]
struct Fold {
    known_at: Option<i64>,
    events: Vec<Known>,
    connections: BTreeSet<u16>,
    subscribed_at: Option<i64>,
    /// By person, connection and name.
    fields: BTreeMap<(usize, u16, String), (String, i64)>,
    /// By person, connection and list.
    words: BTreeMap<(usize, u16, String), (Status, i64)>,
}

impl<'l> Ledger<'l> {
    pub(crate) fn new(life: &'l Life, zone: &'l Zone) -> Self {
        let instants = life.log.iter().map(|(at, _)| *at);
        let all = instants.chain(life.runs.iter().map(|run| run.at));
        let days: Vec<i32> = all.map(|at| zone.day(at).0).collect();
        let floor = days.iter().min().map_or(0, |day| day - 40);
        let end = days.iter().max().map_or(0, |day| day + 2);
        Self {
            life,
            zone,
            starts: (floor..=end).map(|day| zone.start_of(Day(day))).collect(),
            floor,
        }
    }

    fn known(&self, known: i64) -> impl Iterator<Item = (i64, &'l News)> {
        let log = self.life.log.iter().take_while(move |(at, _)| *at <= known);
        log.map(|(at, news)| (*at, news))
    }

    /// The contacts, each as the persons that it is known to be.
    pub(crate) fn contacts(&self, known: i64) -> Vec<Vec<usize>> {
        let mut contacts: Vec<Vec<usize>> = Vec::new();
        for person in 0..self.life.addresses.len() {
            let is_same = |news: &News| matches!(news, News::Merge { person: of } if *of == person);
            match contacts.last_mut() {
                Some(before) if self.known(known).any(|(_, news)| is_same(news)) => {
                    before.push(person);
                }
                _ => contacts.push(vec![person]),
            }
        }
        contacts
    }

    /// Everything known about some persons. `numbers` gives events other numbers than those of their arrival.
    pub(crate) fn facts(
        &self,
        persons: &[usize],
        known: i64,
        numbers: Option<&mut Random>,
    ) -> Option<Facts> {
        let mut fold = Fold::default();
        for (at, news) in self.known(known) {
            match news {
                News::Report { connection, rows } => fold.report(*connection, rows, persons, at),
                News::Card(card) if persons.contains(&card.person) => fold.card(card, at),
                News::Verdict {
                    connection,
                    id,
                    verdict,
                } => fold.judge(*connection, id, *verdict),
                _ => {}
            }
        }
        let mut facts = fold.facts(numbers)?;
        facts.address = (persons.iter()).find_map(|person| self.life.addresses[*person].clone());
        let mut number = 0;
        for (_, news) in self.known(known) {
            if let News::Adjust { person, adjustment } = news {
                number += 1;
                if persons.contains(person) && !self.is_withdrawn(number, known) {
                    facts.adjustments.push(adjustment.clone());
                    facts.adjustments.last_mut().expect("just put there").id = number;
                }
            }
        }
        Some(facts)
    }

    fn is_withdrawn(&self, adjustment: i64, known: i64) -> bool {
        let withdrawn =
            |news: &News| matches!(news, News::Withdraw { number } if *number == adjustment);
        self.known(known).any(|(_, news)| withdrawn(news))
    }

    /// Which days are holes as far as is known, on a present day.
    pub(crate) fn coverage(&self, present: i32, known: i64) -> Coverage {
        let mut coverage = Coverage::default();
        let mut reported = Reported::default();
        let mut days: BTreeMap<(u16, Option<KindId>), Vec<bool>> = BTreeMap::new();
        let length = usize::try_from(present - self.floor + 1).expect("after the floor");
        for source in &self.life.sources {
            let connection = ConnectionId(source.connection);
            let Some(kinds) = &source.synced else {
                reported.kinds.push((connection, None));
                continue;
            };
            for kind in kinds {
                reported.kinds.push((connection, Some(*kind)));
                let missing = days.entry((source.connection, Some(*kind))).or_default();
                missing.resize(length, false);
                let spans = self.spans(source.connection, *kind, known);
                for (index, missing) in missing.iter_mut().enumerate().take(length - 1) {
                    let (begin, end) = (self.starts[index], self.starts[index + 1]);
                    *missing = !spans.iter().any(|(from, to)| *from <= begin && end <= *to);
                }
            }
        }
        self.explicit(&mut days, (present, length), known);
        for ((connection, kind), missing) in days {
            let holes = self.runs(&missing);
            if !holes.is_empty() {
                coverage.holes.push((ConnectionId(connection), kind, holes));
            }
        }
        coverage.reported = Some(reported);
        coverage
    }

    fn is_import(&self, connection: u16) -> bool {
        let mut sources = self.life.sources.iter();
        sources.any(|source| source.connection == connection && source.synced.is_none())
    }

    fn explicit(
        &self,
        days: &mut BTreeMap<(u16, Option<KindId>), Vec<bool>>,
        (present, length): (i32, usize),
        known: i64,
    ) {
        for (at, news) in self.known(known) {
            let News::Hole {
                connection,
                kinds,
                days: (from, to),
                source,
            } = news
            else {
                continue;
            };
            let healed = |later: i64, news: &News| {
                let News::Heal {
                    connection: of,
                    source: name,
                } = news
                else {
                    return false;
                };
                later > at && of == connection && name == source
            };
            if self.known(known).any(|(later, news)| healed(later, news)) {
                continue;
            }
            let all = [None];
            let some: Vec<Option<KindId>> = kinds.iter().copied().map(Some).collect();
            let last = present - i32::from(!self.is_import(*connection));
            for kind in if kinds.is_empty() { &all[..] } else { &some } {
                let missing = days.entry((*connection, *kind)).or_default();
                missing.resize(length, false);
                for day in *from..=(*to).min(last) {
                    // The first day stands for all before it, of which the life knows nothing else.
                    let index = usize::try_from(day - self.floor).expect("not before the floor");
                    missing[index] = true;
                }
            }
        }
    }

    /// What is complete for a kind, in spans that do not touch.
    fn spans(&self, connection: u16, kind: KindId, known: i64) -> Vec<(i64, i64)> {
        let mut all: Vec<(i64, i64)> = Vec::new();
        for (_, news) in self.known(known) {
            if let News::Cover {
                connection: of,
                kinds,
                from,
                through,
            } = news
                && *of == connection
                && kinds.contains(&kind)
            {
                all.push((from.unwrap_or(i64::MIN), *through));
            }
        }
        all.sort_unstable();
        let mut joined: Vec<(i64, i64)> = Vec::new();
        for (from, to) in all {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        joined
    }

    fn runs(&self, missing: &[bool]) -> Vec<Hole> {
        let mut holes: Vec<Hole> = Vec::new();
        for (index, day) in (0..missing.len()).zip(self.floor..) {
            if !missing[index] {
                continue;
            }
            if index > 0 && missing[index - 1] {
                holes.last_mut().expect("the day before is in one").to = Day(day);
            } else {
                let from = if index == 0 { Day::ALWAYS } else { Day(day) };
                holes.push(Hole { from, to: Day(day) });
            }
        }
        holes
    }

    pub(crate) fn zone(&self) -> &'l Zone {
        self.zone
    }
}

/// What makes a row without an id the same as another: all but the judgements on it.
fn content(row: &Row, connection: u16) -> (u16, Row) {
    let mut row = row.clone();
    row.fact.verdict = Verdict::Unknown;
    row.fact.tracked = false;
    (connection, row)
}

impl Fold {
    fn report(&mut self, connection: u16, rows: &[Row], persons: &[usize], at: i64) {
        let mut times: HashMap<String, usize> = HashMap::new();
        for row in rows.iter().filter(|row| persons.contains(&row.person)) {
            self.known_at.get_or_insert(at);
            self.connections.insert(connection);
            if row.id.is_some() {
                self.identified(connection, row);
                continue;
            }
            let this = content(row, connection);
            let time = times.entry(format!("{this:?}")).or_default();
            *time += 1;
            let mut same = self.events.iter_mut().filter(|known| {
                known.row.id.is_none() && content(&known.row, known.connection) == this
            });
            let Some(first) = same.next() else {
                self.add(connection, row);
                continue;
            };
            if same.count() + 1 < *time {
                self.add(connection, row);
            } else if first.row.fact.verdict == Verdict::Unknown {
                first.row.fact.verdict = row.fact.verdict;
            }
        }
    }

    fn identified(&mut self, connection: u16, row: &Row) {
        let known = self.events.iter_mut().find(|known| {
            (known.connection, known.row.fact.kind) == (connection, row.fact.kind)
                && known.row.id == row.id
        });
        let Some(known) = known else {
            self.add(connection, row);
            return;
        };
        if known.row.fact.at == row.fact.at {
            // A platform's word fills a blank.
            if known.row.fact.verdict == Verdict::Unknown {
                known.row.fact.verdict = row.fact.verdict;
            }
        } else if !known.earlier.contains(&row.fact.at) {
            known.earlier.push(known.row.fact.at);
            known.row = row.clone();
        }
    }

    fn add(&mut self, connection: u16, row: &Row) {
        self.events.push(Known {
            row: row.clone(),
            connection,
            earlier: Vec::new(),
        });
    }

    fn judge(&mut self, connection: u16, id: &str, verdict: Verdict) {
        let known = self
            .events
            .iter_mut()
            .find(|known| known.connection == connection && known.row.id.as_deref() == Some(id));
        if let Some(known) = known {
            known.row.fact.verdict = verdict;
        }
    }

    fn card(&mut self, card: &Card, at: i64) {
        self.known_at.get_or_insert(at);
        self.connections.insert(card.connection);
        if let Some(since) = card.subscribed_at {
            let earliest = self.subscribed_at.map_or(since, |known| known.min(since));
            self.subscribed_at = Some(earliest);
        }
        for (name, value) in &card.fields {
            let key = (card.person, card.connection, name.clone());
            let known = self.fields.get(&key).map_or("", |(value, _)| value);
            if known != value {
                self.fields.insert(key, (value.clone(), at));
            }
        }
        let mut said: BTreeMap<String, Status> = BTreeMap::new();
        for ((person, connection, list), (status, _)) in &self.words {
            let here = (*person, *connection) == (card.person, card.connection);
            if here && !list.is_empty() && *status != Status::Unsubscribed {
                said.insert(list.clone(), Status::Unsubscribed);
            }
        }
        for list in &card.lists {
            said.insert(list.clone(), card.status.unwrap_or(Status::Subscribed));
        }
        said.extend(card.status.map(|status| (String::new(), status)));
        for (list, status) in said {
            let key = (card.person, card.connection, list);
            if self
                .words
                .get(&key)
                .is_none_or(|(known, _)| *known != status)
            {
                self.words.insert(key, (status, at));
            }
        }
    }

    fn facts(self, numbers: Option<&mut Random>) -> Option<Facts> {
        let mut facts = Facts {
            first_known_at: self.known_at?,
            subscribed_at: self.subscribed_at,
            connections: self.connections.into_iter().map(ConnectionId).collect(),
            ..Facts::default()
        };
        let mut ids: Vec<i64> = (1..).take(self.events.len()).collect();
        if let Some(random) = numbers {
            random.shuffle(&mut ids);
        }
        for (known, id) in self.events.into_iter().zip(ids) {
            facts.events.push(Fact {
                id,
                connection: ConnectionId(known.connection),
                has_properties: !known.row.properties.is_empty(),
                ..known.row.fact
            });
            let named = known.row.properties.into_iter();
            facts
                .properties
                .extend(named.map(|(name, value)| (id, name, value)));
        }
        facts
            .events
            .sort_by_key(|event| (event.at, event.connection, event.id));
        facts.properties.sort();
        let mut newest: BTreeMap<String, (i64, String)> = BTreeMap::new();
        for ((_, _, name), (value, at)) in self.fields {
            let said = newest.entry(name).or_insert((at, String::new()));
            if at >= said.0 {
                *said = (at, value);
            }
        }
        newest.retain(|_, (_, value)| !value.is_empty());
        facts.fields = newest
            .into_iter()
            .map(|(name, (_, value))| (name, value))
            .collect();
        let mut words: BTreeMap<(u16, String), (i64, Status)> = BTreeMap::new();
        for ((_, connection, list), (status, at)) in self.words {
            let said = words.entry((connection, list)).or_insert((at, status));
            if at >= said.0 {
                *said = (at, status);
            }
        }
        for ((connection, list), (at, status)) in words {
            facts.subscriptions.push(Subscription {
                connection: ConnectionId(connection),
                list,
                status,
                at,
            });
        }
        Some(facts)
    }
}
