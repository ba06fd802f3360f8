//! Random lives: a random history, and how it came to be known.
//!
//! Rows come on time and late, twice, with another time, with another verdict;
//! profiles change; coverage lags, holes are found and healed; corrections are
//! made and withdrawn; two contacts become one; rules are edited.

use engaged::{
    rules::set::RuleSet,
    score::{
        calendar::{Day, Zone},
        facts::{Facts, Hole, KindId, Vocabulary},
    },
};
use engaged_connectors::model::{EventKind, Status, Verdict};

use super::{Card, Life, News, Row, Run, Source, end_of};
use crate::scoring::{
    generate::{history, kind_id},
    oracle::is_plain_fact,
    random::Random,
};

/// A run costs; a longer life has gaps of days without one.
const RUNS_MAX: usize = 60;

/// What is to become known, and on which day; its place within the day is drawn last.
type Planned = Vec<(i32, News)>;

struct Plan<'r> {
    random: &'r mut Random,
    zone: &'r Zone,
    news: Planned,
    start: i32,
    end: i32,
}

/// A random life under two rule sets of one zone.
pub(crate) fn life(
    random: &mut Random,
    rules: &[RuleSet],
    vocabulary: &Vocabulary,
    zone: &Zone,
) -> Life {
    let persons = if random.percent(20) { 2 } else { 1 };
    let mut histories: Vec<(Facts, i32)> = Vec::new();
    let mut holes = Vec::new();
    for person in 0..persons {
        let (mut facts, coverage, as_of) = history(random, &rules[0]);
        if persons == 2 && person == 0 {
            // The third connection is the one that finds out that the second person is the first.
            leave_third(&mut facts);
        }
        holes = coverage.holes;
        let shift = histories
            .first()
            .map_or(0, |first| first.1 - as_of + random.day(-5, 5));
        move_by(&mut facts, shift);
        histories.push((facts, as_of + shift));
    }
    let days = histories.iter().flat_map(|(facts, as_of)| {
        let events = facts.events.iter().map(|event| zone.day(event.at).0);
        events.chain([*as_of])
    });
    let (first, last) = days.fold((i32::MAX, i32::MIN), |(first, last), day| {
        (first.min(day), last.max(day))
    });
    let start = first + random.weighted(&[(4, 0), (1, 3), (1, (last - first) / 2)]);
    let mut plan = Plan {
        zone,
        news: Vec::new(),
        start,
        end: last + random.day(5, 45),
        random,
    };
    let sources = plan.sources();
    for source in &sources {
        plan.covers(source);
    }
    for (connection, kind, runs) in holes {
        plan.holes(connection.0, kind, &runs);
    }
    for (person, (facts, _)) in histories.iter().enumerate() {
        plan.rows(person, facts);
        plan.cards(person, facts);
        plan.corrections(person, facts);
    }
    if persons == 2 {
        let day = plan.random.day(start + 1, plan.end);
        plan.news.push((day, News::Merge { person: 1 }));
    }
    let runs = plan.runs(rules.len());
    let log = plan.log();
    Life {
        rules: rules.to_vec(),
        vocabulary: vocabulary.clone(),
        addresses: histories
            .into_iter()
            .map(|(facts, _)| facts.address)
            .collect(),
        sources,
        log,
        runs,
    }
}

/// The kind behind a number of the vocabulary that all histories share.
pub(crate) fn kind_of(id: KindId) -> EventKind {
    let declared = || EventKind::Custom("demo_request".to_owned());
    let built_in = EventKind::BUILT_IN.get(usize::from(id.0));
    built_in.cloned().unwrap_or_else(declared)
}

fn leave_third(facts: &mut Facts) {
    for event in &mut facts.events {
        event.connection.0 = event.connection.0.min(2);
    }
    for said in &mut facts.subscriptions {
        said.connection.0 = said.connection.0.min(2);
    }
    facts.connections.retain(|connection| connection.0 != 3);
}

fn move_by(facts: &mut Facts, days: i32) {
    let by = i64::from(days) * 86_400_000;
    for event in &mut facts.events {
        event.at += by;
    }
    facts.subscribed_at = facts.subscribed_at.map(|at| at + by);
    for adjustment in &mut facts.adjustments {
        adjustment.from.0 += days;
        adjustment.until.0 += days;
    }
}

impl Plan<'_> {
    fn day(&mut self) -> i32 {
        self.random.day(self.start, self.end)
    }

    /// When something of a day becomes known: mostly at once, sometimes months later, or before it happens.
    fn known(&mut self, day: i32) -> i32 {
        let delay = self.random.weighted(&[
            (70, (0, 0)),
            (12, (1, 3)),
            (10, (4, 40)),
            (3, (41, 200)),
            (2, (-2, -1)),
        ]);
        let day = day + self.random.day(delay.0, delay.1);
        day.clamp(self.start, self.end)
    }

    fn sources(&mut self) -> Vec<Source> {
        let ids = |kinds: &[EventKind]| kinds.iter().map(kind_id).collect::<Vec<KindId>>();
        let of_mail = ids(&[EventKind::Send, EventKind::Open, EventKind::Click]);
        let of_shop = ids(&[EventKind::Purchase, EventKind::PageVisit]);
        let one = |connection, kinds: &Vec<KindId>, random: &mut Random| Source {
            connection,
            synced: random.percent(40).then(|| kinds.clone()),
        };
        vec![
            one(1, &of_mail, self.random),
            one(2, &of_shop, self.random),
            one(3, &of_mail, self.random),
        ]
    }

    /// A synced connection says day by day how far it is complete, lags, and catches up or leaves a hole.
    fn covers(&mut self, source: &Source) {
        let Some(kinds) = &source.synced else {
            return;
        };
        let mut from = None;
        if self.random.percent(15) {
            let day = self.start - self.random.day(0, 30);
            from = Some(self.zone.start_of(Day(day)));
        }
        let steady = self.random.pick(&[100, 97, 60]);
        let mut day = self.start;
        while day <= self.end {
            if !self.random.percent(steady) {
                day += self.random.day(1, 6);
            }
            let midnight = self.zone.start_of(Day(day));
            let through = midnight + self.random.pick(&[0, 0, 1, 30_000_000, -1]);
            self.news.push((
                day.min(self.end),
                News::Cover {
                    connection: source.connection,
                    kinds: kinds.clone(),
                    from,
                    through,
                },
            ));
            if self.random.percent(2) {
                // What was skipped is read much later, or never.
                let (healed, missed) = (day + self.random.day(2, 40), through);
                from = Some(self.zone.start_of(Day(day + self.random.day(1, 4))));
                let kinds = kinds.clone();
                self.news.push((
                    healed.min(self.end),
                    News::Cover {
                        connection: source.connection,
                        kinds,
                        from: Some(missed),
                        through: from.unwrap_or(missed),
                    },
                ));
            } else {
                from = Some(through);
            }
            day += 1;
        }
    }

    /// A hole is found on its day or later, and may be healed.
    fn holes(&mut self, connection: u16, kind: Option<KindId>, runs: &[Hole]) {
        for (number, hole) in runs.iter().enumerate() {
            // The histories' holes lie around a date of their own.
            let length = (hole.to.0 - hole.from.0).min(30);
            let from = self.day() - length / 2;
            let from = from.max(self.start - 20);
            let seen = from + self.random.day(0, length);
            let found = self.known(seen);
            let source = format!("hole {connection} {number} {}", self.news.len());
            self.news.push((
                found,
                News::Hole {
                    connection,
                    kinds: kind.into_iter().collect(),
                    days: (from, from + length),
                    source: source.clone(),
                },
            ));
            if self.random.percent(50) {
                let healed = (found + self.random.day(0, 40)).min(self.end);
                self.news.push((healed, News::Heal { connection, source }));
            }
        }
    }

    fn rows(&mut self, person: usize, facts: &Facts) {
        for (number, event) in facts.events.iter().enumerate() {
            let named = facts.properties.iter().filter(|(id, ..)| *id == event.id);
            let properties = named.map(|(_, name, value)| (name.clone(), value.clone()));
            let mut row = Row {
                person,
                id: (self.random.percent(70)).then(|| format!("p{person}-{number}")),
                fact: *event,
                properties: properties.collect(),
            };
            // Its number and connection mean nothing in a row.
            (row.fact.id, row.fact.has_properties) = (0, !row.properties.is_empty());
            row.fact.connection.0 = 0;
            self.row(event.connection.0, row);
        }
    }

    fn row(&mut self, connection: u16, mut row: Row) {
        let known = self.known(self.zone.day(row.fact.at).0);
        let judged = !is_plain_fact(&kind_of(row.fact.kind));
        if row.id.is_some() && judged && self.random.percent(30) {
            row = self.judged_later(connection, known, row);
        }
        if row.id.is_some() && self.random.percent(8) {
            self.with_another_time(connection, known, row);
            return;
        }
        let twice = row.id.is_none() && self.random.percent(6);
        self.report(
            known,
            connection,
            vec![row.clone(); if twice { 2 } else { 1 }],
        );
        for _ in 0..self.random.weighted(&[(80, 0), (15, 1), (5, 2)]) {
            let again = self.random.day(known, self.end);
            let rows = vec![row.clone(); if self.random.percent(10) { 3 } else { 1 }];
            self.report(again, connection, rows);
        }
    }

    /// The row as it came first; what is said of it later, and perhaps taken back.
    fn judged_later(&mut self, connection: u16, known: i32, row: Row) -> Row {
        let id = row.id.clone().expect("asked before");
        let mut first = row.clone();
        first.fact.verdict =
            self.random
                .pick(&[Verdict::Unknown, Verdict::Unknown, Verdict::Human]);
        if first.fact.verdict == Verdict::Unknown && self.random.percent(30) {
            // The platform itself fills the blank, in a row that is otherwise known.
            let day = self.random.day(known, self.end);
            self.report(day, connection, vec![row]);
            return first;
        }
        let mut day = known;
        for verdict in [row.fact.verdict, Verdict::Human, Verdict::Scanner] {
            day = (day + self.random.pick(&[0, 1, 3, 20])).min(self.end);
            let id = id.clone();
            self.news.push((
                day,
                News::Verdict {
                    connection,
                    id,
                    verdict,
                },
            ));
            if self.random.percent(60) {
                break;
            }
        }
        first
    }

    /// The platform gives an event another time, and perhaps the old report comes again.
    fn with_another_time(&mut self, connection: u16, known: i32, row: Row) {
        let mut old = row.clone();
        old.fact.at += self.random.pick(&[-40, -2, -1, 1, 3]) * 86_400_000 + 1_000;
        let later = self.random.day(known, self.end);
        self.report(known, connection, vec![old.clone()]);
        self.report(later, connection, vec![row]);
        if self.random.percent(40) {
            let again = self.random.day(later, self.end);
            self.report(again, connection, vec![old]);
        }
    }

    fn report(&mut self, day: i32, connection: u16, rows: Vec<Row>) {
        // Rows of one day often come together.
        if self.random.percent(50)
            && let Some((_, News::Report { rows: others, .. })) =
                self.news.iter_mut().rev().find(|(on, news)| {
                    *on == day
                        && matches!(news, News::Report { connection: of, .. } if *of == connection)
                })
        {
            others.extend(rows);
            return;
        }
        self.news.push((day, News::Report { connection, rows }));
    }

    fn cards(&mut self, person: usize, facts: &Facts) {
        let mut connections: Vec<u16> = facts.connections.iter().map(|each| each.0).collect();
        // Everybody is in one, known from the start: that of the second person finds out who it is.
        let first = if person == 1 { 3 } else { 1 };
        if !connections.contains(&first) {
            connections.push(first);
        }
        for connection in connections {
            let mut card = Card {
                person,
                connection,
                status: None,
                lists: Vec::new(),
                subscribed_at: facts.subscribed_at.filter(|_| self.random.percent(70)),
                fields: Vec::new(),
            };
            card.fields.clone_from(&facts.fields);
            card.fields.retain(|_| self.random.percent(70));
            let here = facts
                .subscriptions
                .iter()
                .filter(|said| said.connection.0 == connection);
            for said in here {
                card.status = Some(said.status);
                card.lists.push(said.list.clone());
            }
            card.lists.retain(|list| !list.is_empty());
            let day = match self.random.index(4) {
                0 if connection != first => self.day(),
                _ => self.start,
            };
            self.news.push((day, News::Card(card.clone())));
            for _ in 0..self.random.weighted(&[(3, 0), (3, 1), (2, 3)]) {
                self.change(&mut card);
                let day = self.random.day(day, self.end);
                self.news.push((day, News::Card(card.clone())));
            }
        }
    }

    fn change(&mut self, card: &mut Card) {
        match self.random.index(4) {
            0 => {
                card.status = Some(self.random.weighted(&[
                    (4, Status::Subscribed),
                    (2, Status::Unsubscribed),
                    (1, Status::Bounced),
                    (1, Status::Complained),
                ]));
            }
            1 => {
                let all = ["Newsletter", "Club"].map(str::to_owned);
                card.lists = all
                    .into_iter()
                    .filter(|_| self.random.percent(50))
                    .collect();
            }
            2 => {
                let earlier = i64::from(self.random.day(-200, 20)) * 86_400_000;
                card.subscribed_at = Some(self.zone.start_of(Day(self.start)) + earlier);
            }
            _ => {
                let (name, values) = self.random.pick(&[
                    ("country", ["NL", "BE", ""]),
                    ("age", ["30", "17", ""]),
                    ("last_name", ["de vries", "qsdf", ""]),
                ]);
                card.fields.retain(|(each, _)| each != name);
                card.fields
                    .push((name.to_owned(), self.random.pick(&values).to_owned()));
            }
        }
    }

    fn corrections(&mut self, person: usize, facts: &Facts) {
        for adjustment in &facts.adjustments {
            let day = self.random.day(self.start + 1, self.end);
            let adjustment = adjustment.clone();
            self.news.push((day, News::Adjust { person, adjustment }));
        }
    }

    /// A run each day, or on some days of a long life; sometimes two on a day, sometimes other rules from one on.
    fn runs(&mut self, rule_sets: usize) -> Vec<Run> {
        let length = usize::try_from(self.end - self.start).unwrap_or_default();
        let every_day = length <= RUNS_MAX;
        let stride = i32::try_from(2 * length / RUNS_MAX).expect("a short life");
        let (mut runs, mut day, mut rules) = (Vec::new(), self.start, 0);
        let edit = (rule_sets > 1 && self.random.percent(20)).then(|| self.day());
        while day <= self.end {
            if edit.is_some_and(|edit| edit <= day) {
                rules = 1;
            }
            let (begin, end) = (self.zone.start_of(Day(day)), end_of(self.zone, day));
            if self.random.percent(15) {
                let at = begin + self.random.between(0, 80_000_000);
                runs.push(Run { at, rules });
            }
            let at = self.random.weighted(&[(4, end), (1, begin + 43_200_000)]);
            runs.push(Run { at, rules });
            let outage = self.random.percent(4).then(|| self.random.day(1, 12));
            day += match outage {
                Some(days) => days,
                None if every_day => 1,
                None => self.random.weighted(&[(1, 1), (1, stride.max(1))]),
            };
        }
        runs.sort_by_key(|run| run.at);
        runs.dedup_by_key(|run| run.at);
        runs
    }

    /// Gives each item an instant of its day that no other has, the edges of days among them.
    fn log(mut self) -> Vec<(i64, News)> {
        self.random.shuffle(&mut self.news);
        // Corrections are withdrawn by their number, and that is their place in the log.
        self.news.sort_by_key(|(day, _)| *day);
        self.withdraw();
        let mut log: Vec<(i64, News)> = Vec::new();
        for news in self.news.chunk_by(|a, b| a.0 == b.0) {
            let day = news[0].0;
            let (begin, end) = (self.zone.start_of(Day(day)), end_of(self.zone, day));
            let count = i64::try_from(news.len()).expect("few");
            let width = (end - begin) / count;
            for (place, (_, news)) in (0..count).zip(news) {
                let from = begin + place * width;
                let at = match self.random.index(3) {
                    0 if place == count - 1 => end,
                    0 if place == 0 => begin,
                    _ => self.random.between(from + 1, from + width - 1),
                };
                log.push((at, news.clone()));
            }
        }
        log
    }

    fn withdraw(&mut self) {
        let mut ends = Vec::new();
        let made = self
            .news
            .iter()
            .filter(|(_, news)| matches!(news, News::Adjust { .. }));
        for (number, (day, _)) in (1..).zip(made) {
            if self.random.percent(40) {
                let later = self.random.day(*day + 1, *day + 30);
                ends.push((later, News::Withdraw { number }));
            }
        }
        self.news.extend(ends);
        self.news.sort_by_key(|(day, _)| *day);
    }
}

/// Several lives as one: all under the first one's coverage, rules and runs, moved to begin with it.
pub(crate) fn together(lives: Vec<Life>) -> Life {
    let begin = |life: &Life| {
        life.log
            .first()
            .map_or(0, |(at, _)| at.div_euclid(86_400_000))
    };
    let mut lives = lives.into_iter();
    let mut whole = lives.next().expect("a life");
    let mut corrections = corrections_of(&whole);
    for life in lives {
        let (persons, made) = (whole.addresses.len(), corrections);
        corrections += corrections_of(&life);
        let shift = begin(&whole) - begin(&life);
        for (at, mut news) in life.log {
            match &mut news {
                News::Cover { .. } | News::Hole { .. } | News::Heal { .. } => continue,
                News::Report { rows, .. } => {
                    for row in rows {
                        row.person += persons;
                        row.fact.at += shift * 86_400_000;
                        row.id = row.id.take().map(|id| format!("{id} of {persons}"));
                    }
                }
                News::Card(card) => {
                    card.person += persons;
                    card.subscribed_at = card.subscribed_at.map(|at| at + shift * 86_400_000);
                }
                News::Adjust { person, adjustment } => {
                    *person += persons;
                    let days = i32::try_from(shift).expect("some years");
                    adjustment.from.0 += days;
                    adjustment.until.0 += days;
                }
                News::Withdraw { number } => *number += made,
                News::Verdict { id, .. } => *id = format!("{id} of {persons}"),
                News::Merge { person } => *person += persons,
            }
            whole.log.push((at + shift * 86_400_000, news));
        }
        whole.addresses.extend(life.addresses);
    }
    renumber(&mut whole);
    for (person, address) in (0..).zip(&mut whole.addresses) {
        let domain = if person % 2 == 0 {
            "gmail.com"
        } else {
            "shop.example"
        };
        *address = engaged_connectors::model::Address::parse(&format!("p{person}@{domain}"));
    }
    whole
}

fn corrections_of(life: &Life) -> i64 {
    let made = life
        .log
        .iter()
        .filter(|(_, news)| matches!(news, News::Adjust { .. }));
    i64::try_from(made.count()).expect("few")
}

/// Sorts the log, and gives corrections the numbers of their new places.
fn renumber(life: &mut Life) {
    let mut places: Vec<(i64, i64)> = Vec::new();
    for (at, news) in &life.log {
        if matches!(news, News::Adjust { .. }) {
            places.push((*at, i64::try_from(places.len()).expect("few") + 1));
        }
    }
    places.sort_unstable();
    for (_, news) in &mut life.log {
        if let News::Withdraw { number } = news {
            let place = places.iter().position(|(_, old)| old == number);
            *number = place.map_or(0, |place| i64::try_from(place).expect("few") + 1);
        }
    }
    life.log.sort_by_key(|(at, _)| *at);
    // No two at one instant, so that which came first is never in doubt.
    for index in 1..life.log.len() {
        life.log[index].0 = life.log[index].0.max(life.log[index - 1].0 + 1);
    }
}
