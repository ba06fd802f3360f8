//! Contacts written down as short lines: `2026-06-08 open; campaign=Spring; verdict=scanner; why=burst:6`.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveTime};
use engaged::{
    rules::set::RuleSet,
    score::{
        calendar::{Day, Zone},
        explain::{Explanation, Question, explain},
        facts::{
            Adjustment, ConnectionId, Coverage, Fact, Facts, Hole, KindId, TextId, Vocabulary,
        },
        model::Model,
    },
};
use engaged_connectors::model::{Address, EventKind, Verdict};

/// A contact as a file describes it.
pub(super) struct Contact {
    rules: RuleSet,
    zone: Zone,
    vocabulary: Vocabulary,
    facts: Facts,
    coverage: Coverage,
    as_of: Option<Day>,
    known_at: Option<Day>,
    ids: HashMap<i64, String>,
    reasons: HashMap<i64, String>,
}

impl Contact {
    pub(super) fn read(text: &str, rules: &RuleSet) -> Self {
        let empty = || vec![String::new()];
        let mut contact = Self {
            rules: rules.clone(),
            zone: Zone::new(rules.zone),
            vocabulary: Vocabulary {
                kinds: rules.kinds.clone(),
                campaigns: vec![(String::new(), String::new())],
                urls: empty(),
                items: empty(),
                currencies: empty(),
                connections: ["newsletter", "shop"]
                    .iter()
                    .zip(1..)
                    .map(|(name, id)| (ConnectionId(id), (*name).to_owned()))
                    .collect(),
            },
            facts: Facts {
                address: Address::parse("jan@example.nl"),
                connections: vec![ConnectionId(1), ConnectionId(2)],
                ..Facts::default()
            },
            coverage: Coverage::default(),
            as_of: None,
            known_at: None,
            ids: HashMap::new(),
            reasons: HashMap::new(),
        };
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        for line in lines.filter(|line| !line.trim().is_empty()) {
            contact.line(line);
        }
        let order = |fact: &Fact| (fact.at, fact.connection, fact.id);
        contact.facts.events.sort_by_key(order);
        contact
    }

    fn line(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').expect("a word and more");
        let words: Vec<&str> = rest.split(' ').collect();
        match word {
            "as_of" => self.as_of = Some(day(rest)),
            "known_at" => self.known_at = Some(day(rest)),
            "subscribed" => {
                let at = self.zone.start_of(day(rest));
                (self.facts.subscribed_at, self.facts.first_known_at) = (Some(at), at);
            }
            "field" => {
                let (name, value) = rest.split_once(' ').expect("a name and a value");
                self.facts.fields.push((name.to_owned(), value.to_owned()));
            }
            "adjust" => {
                let (author, reason) = rest.split_once("; ").expect("a reason");
                let points: f64 = words[3].parse().expect("points");
                #[expect(clippy::cast_possible_truncation, reason = "few points")]
                let points = (points * 1000.0) as i64;
                self.facts.adjustments.push(Adjustment {
                    id: 1,
                    score: words[0].to_owned(),
                    points,
                    from: day(words[1]),
                    until: day(words[2]),
                    reason: reason.to_owned(),
                    author: author.rsplit(' ').next().expect("an author").to_owned(),
                });
            }
            "hole" => {
                let hole = Hole {
                    from: day(words[0]),
                    to: day(words[1]),
                };
                let kind = Some(self.kind(words[2]));
                let holes = (ConnectionId(1), kind, vec![hole]);
                self.coverage.holes.push(holes);
            }
            "weekly" => {
                let first = day(words[0]);
                let times: i32 = words[1].parse().expect("a number");
                let (_, event) = rest.split_once(&format!("{times} ")).expect("an event");
                for week in 0..times {
                    let number = format!(" {}", week + 1);
                    self.event(Day(first.0 + 7 * week), event, &number);
                }
            }
            _ => self.event(day(word), rest, ""),
        }
    }

    fn kind(&self, name: &str) -> KindId {
        let built_in = EventKind::built_in(name).and_then(|kind| KindId::built_in(&kind));
        built_in.unwrap_or_else(|| {
            let declared = self.vocabulary.kinds.iter().position(|kind| kind == name);
            let number = EventKind::BUILT_IN.len() + declared.expect("a kind");
            KindId(u16::try_from(number).expect("few kinds"))
        })
    }

    fn event(&mut self, on: Day, text: &str, numbered: &str) {
        let mut parts = text.split("; ");
        let kind = self.kind(parts.next().expect("a kind"));
        let id = i64::try_from(self.facts.events.len()).expect("few") + 1;
        let noon = NaiveTime::from_hms_opt(12, 0, 0).expect("noon");
        let at = on.date().expect("a date").and_time(noon).and_utc();
        let mut fact = Fact {
            id,
            // Events of one day happen in the order of their lines.
            at: at.timestamp_millis() + id,
            kind,
            connection: ConnectionId(1),
            verdict: Verdict::Unknown,
            campaign: TextId::NONE,
            url: TextId::NONE,
            item: TextId::NONE,
            quantity: 1,
            value: None,
            currency: TextId::NONE,
            order: TextId::NONE,
            tracked: false,
            has_properties: false,
        };
        let words = &mut self.vocabulary;
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name {
                "campaign" => {
                    let name = format!("{value}{numbered}");
                    fact.campaign = number(&mut words.campaigns, (name, String::new()));
                }
                "url" => fact.url = number(&mut words.urls, value.to_owned()),
                "item" => fact.item = number(&mut words.items, value.to_owned()),
                "currency" => fact.currency = number(&mut words.currencies, value.to_owned()),
                "quantity" => fact.quantity = value.parse().expect("a number"),
                "value" => fact.value = value.replace('.', "").parse().ok(),
                "from" => fact.connection = ConnectionId(2),
                "tracked" => fact.tracked = true,
                "verdict" => {
                    let quoted = serde_json::json!(value);
                    fact.verdict = serde_json::from_value(quoted).expect("a verdict");
                }
                "id" => drop(self.ids.insert(id, value.to_owned())),
                "why" => drop(self.reasons.insert(id, value.to_owned())),
                other => panic!("{other} means nothing"),
            }
        }
        self.facts.events.push(fact);
    }

    pub(super) fn explain(&self) -> Explanation {
        let as_of = self.as_of.expect("a date");
        explain(&Question {
            model: &Model::new(&self.rules, &self.vocabulary),
            vocabulary: &self.vocabulary,
            facts: &self.facts,
            coverage: &self.coverage,
            as_of,
            known_at: self.known_at.unwrap_or(as_of),
            contact: "jan@example.nl",
            platform_id: &|id| self.ids.get(&id).cloned(),
            reason: &|id| self.reasons.get(&id).cloned(),
            order: &|_| None,
            only_told: &|_| false,
        })
    }
}

fn day(text: &str) -> Day {
    let date = text.parse::<NaiveDate>();
    Day::of(date.unwrap_or_else(|_| panic!("{text} is no date")))
}

fn number<T: PartialEq>(texts: &mut Vec<T>, text: T) -> TextId {
    let known = texts.iter().position(|each| *each == text);
    let index = known.unwrap_or_else(|| {
        texts.push(text);
        texts.len() - 1
    });
    TextId(u32::try_from(index).expect("few texts"))
}
