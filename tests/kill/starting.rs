//! Kills while automations are started: before the request is carried out, after it, and when it was answered.
//!
//! Mailchimp's journeys cannot be asked what they did, so nothing that is in doubt may be repeated by the program. After
//! each kill every start is held against the journal of the platform: nobody started twice, and nobody started of
//! whom the program has written down nothing. Then a person, who can look at the platform, resolves what is in
//! doubt, and in the end everybody was started once.

use std::collections::BTreeMap;

use http::Method;

use crate::{
    judge::{self, NAMED, Violation},
    rounds::Rounds,
    side::{Name, Side},
    stage::Scene,
    striking::strike,
    watch::Left,
};

/// So many kills before a push may run to its end.
const CHAIN: u32 = 10;
/// The workflow that HubSpot's stand-in has switched on.
const WORKFLOW: u32 = 9_401;

/// One series of starts: an automation that is new, and everybody who is in it.
pub struct Series<'a> {
    side: Side<'a>,
    number: u32,
    /// How often each contact had been started before, where a platform has one thing to start for all series.
    before: BTreeMap<String, usize>,
}

/// What became of an entry, by the program's own word.
type Entries = BTreeMap<String, (i64, String)>;

impl<'a> Series<'a> {
    pub fn new(side: Side<'a>, number: u32) -> Self {
        let mut series = Self {
            side,
            number,
            before: BTreeMap::new(),
        };
        series.before = series.started();
        series
    }

    fn name(&self) -> String {
        format!("Series {} {}", self.number, self.side.word())
    }

    /// What is started, as a configuration names it, and as the platform's journal does.
    fn begins(&self) -> (String, String) {
        let number = self.number;
        match self.side.name {
            Name::Copernica => (format!("mailing:{number}"), format!("mail {number}")),
            Name::HubSpot => (WORKFLOW.to_string(), format!("workflow {WORKFLOW}")),
            Name::Shop | Name::Site => {
                let journey = format!("journey {number} step 1");
                (journey.clone(), journey)
            }
        }
    }

    /// Where a start is sent to.
    fn path(&self) -> &'static str {
        match self.side.name {
            Name::Copernica => "/v4/ms/emailing",
            Name::HubSpot => "/automation/v2/workflows",
            Name::Shop | Name::Site => "/3.0/customer-journeys",
        }
    }

    /// Makes the automations, lets everybody in without a start, and asks for their starts after all.
    pub fn begin(all: &[Self]) {
        let one = |series: &Self| {
            format!(
                "[[automations]]\nname = \"{}\"\nwhen = \"engagement > -1000\"\nsettle = \"0 minutes\"\n\
                 start = {{ connection = \"{}\", automation = \"{}\" }}\n",
                series.name(),
                series.side.word(),
                series.begins().0
            )
        };
        let automations: String = all.iter().map(one).collect();
        let text = format!("[guards]\nmax_score_change = 1.0\n{automations}[scores.engagement]");
        let stage = all[0].side.stage;
        stage.configure(|config| config.replace("[scores.engagement]", &text));
        let report = stage.program.json(&["score"]);
        for series in all {
            let automations = report["automations"].as_array().unwrap();
            let silent = automations
                .iter()
                .find(|each| each["automation"] == series.name());
            let silent = silent.and_then(|each| each["silent"].as_u64()).unwrap();
            assert!(silent > 10, "too few to start: {report}");
            let words = ["automations", "backfill", &series.name(), "--yes"];
            stage.program.expect(0, &words);
        }
    }

    /// How often each contact was started in this series, by the platform's own journal.
    fn started(&self) -> BTreeMap<String, usize> {
        let what = format!(" {}", self.begins().1);
        let all = self.side.starts().into_iter();
        let own = all.filter_map(|(key, times)| {
            let id = key.strip_suffix(&what)?.to_owned();
            let times = times - self.before.get(&id).copied().unwrap_or(0);
            (times > 0).then_some((id, times))
        });
        own.collect()
    }

    /// Each entry of the series by the platform's id of its contact.
    fn entries(&self) -> Entries {
        let left = Left::by(&self.side.stage.program);
        let rows: Vec<String> = left.rows(&format!(
            "select identity.platform_id || '|' || entry.id || '|' || entry.state from automation_entry entry
             join word on word.id = automation_id join identity on identity.contact_id = entry.contact_id
             join connection on connection.id = identity.connection_id
             where text = '{}' and connection.name = '{}'",
            self.name(),
            self.side.word()
        ));
        let entry = |row: String| {
            let mut parts = row.split('|').map(str::to_owned);
            let id = parts.next().unwrap();
            (
                id,
                (
                    parts.next().unwrap().parse().unwrap(),
                    parts.next().unwrap(),
                ),
            )
        };
        rows.into_iter().map(entry).collect()
    }

    /// Nobody was started twice, and nobody of whom nothing is written down.
    pub fn accounted(&self) -> Vec<Violation> {
        let (started, entries) = (self.started(), self.entries());
        let twice = started.iter().filter(|(_, times)| **times > 1);
        let twice: Vec<String> = twice.map(|(id, times)| format!("{id}: {times}")).collect();
        let untold = started.keys().filter(|id| {
            let state = entries.get(*id).map_or("none", |(_, state)| state.as_str());
            !["started", "attempting", "in doubt"].contains(&state)
        });
        let untold: Vec<String> = untold
            .map(|id| format!("{id} {:?}", entries.get(id)))
            .collect();
        let invented = entries
            .iter()
            .filter(|(id, (_, state))| state == "started" && !started.contains_key(*id));
        let invented: Vec<String> = invented
            .map(|(id, state)| format!("{id} {state:?}"))
            .collect();
        let found = [
            (twice, Violation::Repeated as fn(String) -> Violation),
            (untold, Violation::Unaccounted),
            (invented, Violation::Lost),
        ];
        let told = found.into_iter().filter(|(all, _)| !all.is_empty());
        told.map(|(all, broken)| {
            let named = all.iter().take(NAMED).cloned().collect::<Vec<_>>();
            broken(format!("{} of {}: {named:?}", all.len(), self.name()))
        })
        .collect()
    }

    /// How many starts are still to go out.
    fn to_go(&self) -> u32 {
        let states = self.entries().into_values();
        let waiting = states.filter(|(_, state)| state == "ready");
        u32::try_from(waiting.count()).unwrap()
    }

    /// Kills a push at one of its next starts; whether it was under way, and where.
    pub fn kill(&self, rounds: &mut Rounds) -> Option<(bool, String)> {
        let to_go = self.to_go().min(3);
        if to_go == 0 {
            return None;
        }
        let nth = rounds.pick(to_go);
        let at = (&Method::POST, self.path());
        let (struck, done) = strike(self.side, &["apply"], rounds, at, nth);
        let attempting = self.entries().into_values();
        let attempting = attempting
            .filter(|(_, state)| state == "attempting")
            .count();
        let place = format!("{} {done}", self.side.word());
        Some((struck && attempting > 0, place))
    }

    /// A person looks at the platform and says what became of each doubt; then everybody was started once.
    pub fn resolve(&self) -> Vec<Violation> {
        let program = &self.side.stage.program;
        let mut broken = judge::run(program, &["apply"]);
        let started = self.started();
        for (id, (entry, state)) in self.entries() {
            if state == "in doubt" {
                let word = if started.contains_key(&id) {
                    "started"
                } else {
                    "again"
                };
                program.expect(0, &["automations", "resolve", &entry.to_string(), word]);
            }
        }
        broken.extend(judge::run(program, &["apply"]));
        broken.extend(self.accounted());
        let (started, entries) = (self.started(), self.entries());
        let open = entries.iter().filter(|(id, (_, state))| {
            let done = state == "started" && started.get(*id) == Some(&1);
            !(done || state == "suppressed")
        });
        let open: Vec<String> = open
            .map(|(id, (_, state))| format!("{id} {state}"))
            .collect();
        if !open.is_empty() {
            broken.push(Violation::NotConverged(format!("{open:?}")));
        }
        let mark = self.side.ledger().len();
        broken.extend(judge::run(program, &["apply"]));
        if !self.side.writes(mark).is_empty() {
            broken.push(Violation::Restless(self.name()));
        }
        broken
    }
}

/// Kills at a start, and in the end everybody started once.
pub fn starts(rounds: &mut Rounds) {
    let stage = rounds.stage(&Scene {
        people: 40,
        mailchimp: true,
        ..Scene::default()
    });
    stage.settle();
    let mut number = 0;
    while rounds.go_on() {
        number += 1;
        let shop = Side {
            stage: &stage,
            name: Name::Shop,
        };
        let series = Series::new(shop, number);
        Series::begin(std::slice::from_ref(&series));
        for _ in 0..CHAIN {
            let Some((effective, place)) = series.kill(rounds) else {
                break;
            };
            rounds.count(effective, place);
            rounds.broken.extend(Left::by(&stage.program).is_sound());
            rounds.broken.extend(series.accounted());
        }
        rounds.broken.extend(series.resolve());
    }
    rounds.broken.extend(judge::itself(&stage.program));
}
