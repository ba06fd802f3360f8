//! Kills while a platform is written to: while it holds an answer back, and when it has given one.

use std::time::Duration;

use engaged_sandbox::{
    fault::{Fault, Rule, When},
    ledger::{Entry, Ledger},
    people::Publication,
};
use http::Method;
use serde_json::Value;

use crate::{
    judge::{self, Violation},
    rounds::Rounds,
    side::{Name, Side},
    stage::{Scene, Stage},
    told::Told,
    watch::{Left, Watch, kill},
};

/// Where members are changed, many at once.
const BULK: &str = "/ghost/api/admin/members/bulk/";
const BATCHES: &str = "/3.0/batches";

/// Longer than any of these tests: the request is there, and nothing is done about it.
const HELD: Duration = Duration::from_hours(1);
/// At most so many kills before a push may run to its end.
const CHAIN: u32 = 2;

/// Lets other rules hold, by which other scores come about: the one or the other.
pub fn turn(stage: &Stage, turned: bool) {
    let points = if turned { -9 } else { 1 };
    stage.configure(|config| {
        let points = format!("{{ when = \"open\", points = {points},");
        let all = "[guards]\nmax_score_change = 1.0\n[scores.engagement]";
        config
            .replace("{ when = \"open\", points = 1,", &points)
            .replace("[scores.engagement]", all)
    });
    stage.program.expect(0, &["score"]);
}

/// A stage with one connection.
struct Alone {
    stage: Stage,
    name: Name,
    /// What its rules were last, of the two.
    turned: bool,
}

impl Alone {
    fn site(rounds: &mut Rounds) -> Self {
        let scene = Scene {
            people: 50,
            ghost: Some(Publication::Weekly),
            ..Scene::default()
        };
        Self::settled(rounds.stage(&scene), Name::Site)
    }

    fn shop(rounds: &mut Rounds) -> Self {
        let scene = Scene {
            people: 25,
            mailchimp: true,
            ..Scene::default()
        };
        Self::settled(rounds.stage(&scene), Name::Shop)
    }

    fn settled(stage: Stage, name: Name) -> Self {
        stage.settle();
        Self {
            stage,
            name,
            turned: false,
        }
    }

    fn is_shop(&self) -> bool {
        self.name == Name::Shop
    }

    fn side(&self) -> Side<'_> {
        Side {
            stage: &self.stage,
            name: self.name,
        }
    }

    fn ledger(&self) -> &Ledger {
        self.side().ledger()
    }

    fn turn(&mut self) {
        self.turned = !self.turned;
        turn(&self.stage, self.turned);
    }

    /// How many requests a push will take that change members, if there is anything to change.
    fn requests(&self) -> Option<u32> {
        let plan: Value = self.stage.program.json(&["plan"]);
        let counts = plan["connections"][0]["counts"].as_array().unwrap().len();
        // Ghost is told of one label at a time, Mailchimp of all in one batch.
        let requests = if self.is_shop() {
            counts.min(1)
        } else {
            counts
        };
        u32::try_from(requests)
            .ok()
            .filter(|requests| *requests > 0)
    }

    /// The requests since a mark that were to change members.
    fn writes(&self, mark: usize) -> Vec<Entry> {
        let path = if self.is_shop() { BATCHES } else { BULK };
        let mut entries = self.ledger().since(mark);
        entries.retain(|entry| entry.write && entry.path == path);
        entries
    }

    /// Requests of which the program has not written down what became of them.
    fn under_way(&self) -> i64 {
        let left = Left::by(&self.stage.program);
        left.number("select count(*) from outbox where state = 'attempting'")
    }

    /// Kills a push when its n-th request has arrived and before it is answered; whether it was so, and where.
    fn kill_before(&self, rounds: &mut Rounds) -> Option<(bool, String)> {
        let requests = self.requests()?;
        let nth = rounds.pick(requests);
        let (fault, done) = match rounds.pick(2) {
            1 => (Fault::NoAnswer, "carried out"),
            _ => (Fault::Latency(HELD), "not carried out"),
        };
        let (faults, path, method) = if self.is_shop() {
            (self.stage.shop().faults(), BATCHES, Method::POST)
        } else {
            (self.stage.site_faults(), BULK, Method::PUT)
        };
        let rule = faults.add(Rule::new(path, When::Nth(nth.into()), fault).on(method));
        let mark = self.ledger().len();
        let silent = |entry: &Entry| entry.faults.contains(&Fault::NoAnswer.name());
        let held = || {
            let arrived = faults.fired(rule) > 0;
            arrived && (fault != Fault::NoAnswer || self.writes(mark).iter().any(silent))
        };
        let alive = kill(&self.stage.program, "apply", |_| held());
        let effective = alive && held();
        faults.end(rule);
        if effective && self.under_way() == 0 {
            let what = format!(
                "a request to {} of which nothing is written down",
                self.side().word()
            );
            rounds.broken.push(Violation::Unaccounted(what));
        }
        Some((
            effective,
            format!("{} request {nth} {done}", self.side().word()),
        ))
    }

    /// Kills a push when its n-th request was answered, or while it writes down the answers.
    fn kill_after(&self, rounds: &mut Rounds) -> Option<(bool, String)> {
        let requests = self.requests()?;
        let mark = self.ledger().len();
        let delivered = || {
            let writes = self.writes(mark);
            writes.iter().filter(|entry| entry.delivered).count()
        };
        let program = &self.stage.program;
        let (nth, log) = (rounds.pick(requests) as usize, rounds.pick(3) == 1);
        // A batch is asked after until it is finished.
        let asked = if self.is_shop() {
            rounds.pick(3) as usize
        } else {
            0
        };
        let mut before = None;
        let alive = kill(program, "apply", |watch: &Watch| {
            if log {
                if delivered() >= requests as usize && self.has_heard() {
                    before = before.or(Some(watch.writes));
                }
                before.is_some_and(|before| watch.writes > before)
            } else {
                delivered() >= nth && self.ledger().len() - mark >= asked
            }
        });
        let place = format!(
            "{} request {} of {requests} answered",
            self.side().word(),
            delivered()
        );
        Some((alive && delivered() > 0 && self.under_way() > 0, place))
    }

    /// Whether the program may know what became of its requests.
    fn has_heard(&self) -> bool {
        !self.is_shop() || !self.stage.shop().archive_ledger().is_empty()
    }
}

fn rounds_of(rounds: &mut Rounds, kill: impl Fn(&Alone, &mut Rounds) -> Option<(bool, String)>) {
    let mut sides = [Alone::site(rounds), Alone::shop(rounds)];
    while rounds.go_on() {
        // Most of the waiting is for Mailchimp's batches.
        let alone = &mut sides[usize::from(rounds.pick(3) == 1)];
        alone.turn();
        let mut told = Told::begin(alone.side());
        for _ in 0..rounds.pick(CHAIN) {
            let Some((effective, place)) = kill(alone, rounds) else {
                // The kill before this one left nothing to do.
                break;
            };
            rounds.count(effective, place);
            let left = Left::by(&alone.stage.program);
            told.kills += 1;
            rounds.broken.extend(left.is_sound());
            rounds.broken.extend(told.accounted(alone.side(), &left));
        }
        // What the kill left in doubt may be wanted no more.
        if rounds.pick(3) == 1 {
            alone.turn();
            told.turned(alone.side());
        }
        rounds.broken.extend(told.converges(alone.side()));
        rounds.broken.extend(judge::itself(&alone.stage.program));
    }
}

/// Kills while a request is there and not answered; it was carried out or not.
pub fn before_the_answer(rounds: &mut Rounds) {
    rounds_of(rounds, Alone::kill_before);
}

/// Kills when a request was answered and before that is written down.
pub fn after_the_answer(rounds: &mut Rounds) {
    rounds_of(rounds, Alone::kill_after);
}
