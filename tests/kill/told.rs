//! What a platform was told from one quiet moment to the next, held against what was written down before.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    judge::{NAMED, Violation, run},
    side::{Foreign, Side},
    stage::now,
    watch::Left,
};

/// The number that each contact should show, by address.
type Numbers = BTreeMap<String, i64>;

/// The pushes of one side since a quiet moment.
pub struct Told {
    since: i64,
    requests: usize,
    journal: usize,
    labels: BTreeSet<(String, String)>,
    foreign: Foreign,
    /// What was to be shown, version after version.
    versions: Vec<Numbers>,
    /// Pushes that were killed, and answers that were lost: each may bring a request once more.
    pub kills: usize,
}

impl Told {
    pub fn begin(side: Side<'_>) -> Self {
        let mut told = Self {
            since: now().timestamp_millis(),
            requests: side.ledger().len(),
            journal: side.journal().len(),
            labels: side.labels(),
            foreign: side.foreign(),
            versions: Vec::new(),
            kills: 0,
        };
        told.turned(side);
        told
    }

    /// Other scores are to be shown from now on.
    pub fn turned(&mut self, side: Side<'_>) {
        let wanted = side.stage.wanted().into_iter();
        self.versions
            .push(wanted.map(|(who, (number, _))| (who, number)).collect());
    }

    /// Every change of a contact that came about, as `id|target|value`.
    fn changes(&self, side: Side<'_>) -> BTreeSet<String> {
        let labels = side.labels();
        let differ = labels.symmetric_difference(&self.labels);
        let change = |label: &(String, String)| {
            let value = if labels.contains(label) { "on" } else { "off" };
            format!("{}|tag:{}|{value}", label.0, label.1)
        };
        let journal = side.journal().into_iter().skip(self.journal);
        differ.map(change).chain(journal).collect()
    }

    /// Every change that came about has an attempt that was committed, and so was planned.
    pub fn accounted(&self, side: Side<'_>, left: &Left) -> Vec<Violation> {
        let attempts: BTreeSet<String> = left
            .rows(&format!(
                "select platform_id || '|' || target || '|' || coalesce(value, 'off') from outbox
                 where tries > 0 and attempt is not null and plan_id is not null and changed_at >= {}",
                self.since
            ))
            .into_iter()
            .collect();
        let changes = self.changes(side);
        let strange: Vec<&String> = changes.difference(&attempts).collect();
        let named = &strange[..strange.len().min(NAMED)];
        let what = format!("{} changes without an attempt: {named:?}…", strange.len());
        if strange.is_empty() {
            Vec::new()
        } else {
            vec![Violation::Unaccounted(what)]
        }
    }

    /// Lets a push run to its end, and another: then all is as it should be, and was so with the first.
    pub fn converges(&self, side: Side<'_>) -> Vec<Violation> {
        let program = &side.stage.program;
        let mut broken = run(program, &["apply"]);
        broken.extend(self.accounted(side, &Left::by(program)));
        broken.extend(self.shows(side));
        let mark = side.ledger().len();
        broken.extend(run(program, &["apply"]));
        broken.extend(Self::silent(side, mark));
        broken
    }

    /// The platform shows what it should, by requests that were needed, and nothing else was changed.
    pub fn shows(&self, side: Side<'_>) -> Vec<Violation> {
        let mut broken = Vec::new();
        let differ = side.differences();
        if let Some(first) = differ.first() {
            let what = format!("{} contacts of {}: {first}…", differ.len(), side.word());
            broken.push(Violation::NotConverged(what));
        }
        broken.extend(self.repeated(side));
        broken.extend(self.touched(side));
        broken.extend(self.aged(side));
        broken
    }

    /// Nothing was written since a mark.
    pub fn silent(side: Side<'_>, mark: usize) -> Option<Violation> {
        let more = side.writes(mark);
        let first = more.first()?;
        let what = format!(
            "{} more requests: {} {}",
            more.len(),
            first.method,
            first.path
        );
        Some(Violation::Restless(what))
    }

    /// The numbers that a contact was given came in the order in which they were to be shown. Ghost is told of none.
    fn aged(&self, side: Side<'_>) -> Option<Violation> {
        let mut given: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for change in side.journal().into_iter().skip(self.journal) {
            let mut parts = change.split('|');
            let (id, target, value) = (parts.next()?.to_owned(), parts.next(), parts.next());
            let value = value.and_then(|value| value.parse::<f64>().ok());
            let is_field = target.is_some_and(|target| target.starts_with("field:"));
            if let Some(value) = value.filter(|_| is_field) {
                #[expect(clippy::cast_possible_truncation, reason = "scores are whole numbers")]
                given.entry(id).or_default().push(value as i64);
            }
        }
        let addresses = side.addresses();
        let aged = given.into_iter().find(|(id, values)| {
            let mut versions = self.versions.iter();
            let mut at = versions.next();
            !values.iter().all(|value| {
                while at.is_some_and(|version| version.get(&addresses[id]) != Some(value)) {
                    at = versions.next();
                }
                at.is_some()
            })
        });
        aged.map(|(id, values)| {
            let wanted = self
                .versions
                .iter()
                .map(|version| version.get(&addresses[&id]));
            let wanted: Vec<Option<&i64>> = wanted.collect();
            Violation::Aged(format!("{id} was given {values:?}, wanted were {wanted:?}"))
        })
    }

    /// A request comes again only because of a kill.
    fn repeated(&self, side: Side<'_>) -> Option<Violation> {
        let mut times: BTreeMap<(String, String, Vec<u8>), usize> = BTreeMap::new();
        for entry in side.writes(self.requests) {
            let target = format!("{}?{}", entry.path, entry.query);
            *times
                .entry((entry.method.to_string(), target, entry.body.to_vec()))
                .or_default() += 1;
        }
        let (request, times) = times.into_iter().max_by_key(|(_, times)| *times)?;
        (times > 1 + self.kills)
            .then(|| Violation::Repeated(format!("{times} times {}", request.1)))
    }

    /// Nobody is more contactable, and nothing of others is changed.
    fn touched(&self, side: Side<'_>) -> Option<Violation> {
        let (breaches, foreign) = (side.breaches(), side.foreign());
        let differ = foreign
            .iter()
            .find(|(id, is)| self.foreign.get(*id) != Some(is));
        let whole = breaches.is_empty() && differ.is_none() && foreign.len() == self.foreign.len();
        (!whole).then(|| Violation::Touched(format!("{breaches:?} {differ:?}")))
    }
}
