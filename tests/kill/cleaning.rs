//! Kills while contacts are taken off a list, and while they are put back.
//!
//! After each kill nobody may have been taken off who was not in the plan that was looked at, and nobody without the
//! export of what they were. In the end whom the program says it removed is unsubscribed on the platform, everybody else is as
//! before; and after the undo everybody is, whatever cut it off.

use std::collections::{BTreeMap, BTreeSet};

use engaged_sandbox::mailchimp::Status;
use http::Method;
use serde_json::Value;

use crate::{
    judge::{self, Violation},
    rounds::Rounds,
    side::{Name, Side},
    stage::{Scene, Stage},
    striking::strike,
    watch::Left,
};

const MEMBERS: &str = "/3.0/lists/";
/// At most so many kills before a removal or an undo may run to its end.
const CHAIN: u32 = 6;

/// Each member's status, and the tags that are not ours.
type Members = BTreeMap<String, (Status, BTreeSet<String>)>;

/// One policy's batch.
struct Batch<'a> {
    stage: &'a Stage,
    number: u32,
    before: Members,
    /// Whom the plan showed.
    planned: BTreeSet<String>,
}

fn members(stage: &Stage) -> Members {
    let all = stage.shop().contacts().into_iter();
    all.map(|each| {
        let tags = each
            .tags
            .into_iter()
            .filter(|tag| !tag.starts_with("engaged:"));
        (each.address, (each.status, tags.collect()))
    })
    .collect()
}

impl<'a> Batch<'a> {
    /// A policy of which nobody has heard, and whom it would take.
    fn plan(stage: &'a Stage, number: u32) -> (Self, String) {
        let policy = format!(
            "[guards]\nmax_score_change = 1.0\n[cleaning.sunset{number}]\nwhen = \"no open in 1 month and no click in 1 month\"\n\
             min_sends = 2\ntenure = \"1 month\"\nthen = \"unsubscribe\"\nmax_share = 1.0\nbreaker = 1.0\nholdout = 0.0\n"
        );
        stage.configure(|config| config + &policy);
        let plan: Value = stage.program.json(&["clean", "plan"])["policies"][0].clone();
        let rows = stage.program.json(&["clean", "review"]);
        let rows = rows["contacts"].as_array().unwrap().iter();
        let planned: BTreeSet<String> = rows
            .map(|row| row["contact"].as_str().unwrap().to_owned())
            .collect();
        assert!(planned.len() > 4, "too few to take: {plan}");
        let batch = Self {
            stage,
            number,
            before: members(stage),
            planned,
        };
        (batch, plan["fingerprint"].as_str().unwrap().to_owned())
    }

    /// Kills a verb at one of its next requests about a member; whether it was under way, and where.
    fn kill(&self, words: &[&str], rounds: &mut Rounds) -> (bool, String) {
        let nth = rounds.pick(4);
        let shop = Side {
            stage: self.stage,
            name: Name::Shop,
        };
        let (struck, done) = strike(shop, words, rounds, (&Method::PATCH, MEMBERS), nth);
        let left = Left::by(&self.stage.program);
        let under_way = left.number(
            "select count(*) from outbox where lane = 'removal' and state in ('planned', 'attempting', 'retry')",
        );
        let verb = words[1];
        (struck && under_way > 0, format!("{verb}, {done}"))
    }

    /// Who differs from before is in the plan, and what they were is written down.
    fn accounted(&self) -> Vec<Violation> {
        let now = members(self.stage);
        let differ = now.iter().filter(|(who, what)| self.before[*who] != **what);
        let differ: BTreeSet<String> = differ.map(|(who, _)| who.clone()).collect();
        let mut broken = Vec::new();
        let strangers: Vec<&String> = differ.difference(&self.planned).collect();
        if !strangers.is_empty() {
            broken.push(Violation::Touched(format!("{strangers:?}")));
        }
        let left = Left::by(&self.stage.program);
        let kept: Vec<String> = left.rows(
            "select email from cleaning_removal join cleaning_case on cleaning_case.id = case_id
             join contact on contact.id = contact_id where before is not null",
        );
        let kept: BTreeSet<String> = kept.into_iter().collect();
        let unkept: Vec<&String> = differ.difference(&kept).collect();
        if !unkept.is_empty() {
            broken.push(Violation::Unaccounted(format!("{unkept:?}")));
        }
        broken
    }

    /// The number of the batch in the store.
    fn id(&self) -> String {
        let left = Left::by(&self.stage.program);
        let id = left.number(&format!(
            "select max(cleaning_batch.id) from cleaning_batch join word on word.id = policy_id where text = 'sunset{}'",
            self.number
        ));
        id.to_string()
    }

    /// Lets what was cut off come to its end: whom the program says it removed is unsubscribed, and nobody else.
    fn removed(&self) -> Vec<Violation> {
        let program = &self.stage.program;
        let mut broken = judge::run(program, &["once"]);
        broken.extend(self.accounted());
        let rows = program.json(&["clean", "review", &self.id()]);
        let rows = rows["contacts"].as_array().unwrap().iter();
        let removed: BTreeSet<&str> = rows
            .filter(|row| row["state"] == "removed")
            .map(|row| row["contact"].as_str().unwrap())
            .collect();
        if removed.is_empty() {
            broken.push(Violation::NotConverged("nobody was removed".to_owned()));
        }
        for (who, (status, _)) in members(self.stage) {
            let wanted = if removed.contains(who.as_str()) {
                Status::Unsubscribed
            } else {
                self.before[&who].0
            };
            if status != wanted {
                broken.push(Violation::NotConverged(format!("{who}: {status:?}")));
            }
        }
        broken
    }

    /// Lets the undo come to its end: everybody is as before.
    fn undone(&self) -> Vec<Violation> {
        let program = &self.stage.program;
        // Where the last kill fell after the undo's end, there is nothing more to undo.
        program.run(&["clean", "undo", &self.id()]);
        let mut broken = judge::run(program, &["once"]);
        for (who, what) in members(self.stage) {
            if self.before[&who] != what {
                broken.push(Violation::NotConverged(format!(
                    "{who}: {what:?} after the undo"
                )));
            }
        }
        broken
    }
}

/// Kills at removals and at their undoing.
pub fn removals(rounds: &mut Rounds) {
    let stage = rounds.stage(&Scene {
        people: 60,
        mailchimp: true,
        ..Scene::default()
    });
    stage.settle();
    let mut number = 0;
    while rounds.go_on() {
        number += 1;
        let (batch, fingerprint) = Batch::plan(&stage, number);
        let mut words = vec!["clean".to_owned(), "apply".to_owned(), fingerprint];
        for _ in 0..CHAIN {
            let words_now: Vec<&str> = words.iter().map(String::as_str).collect();
            let (effective, place) = batch.kill(&words_now, rounds);
            rounds.count(effective, place);
            rounds.broken.extend(Left::by(&stage.program).is_sound());
            rounds.broken.extend(batch.accounted());
            if !effective {
                break;
            }
            // What is approved goes on with the next cycle.
            words = vec!["once".to_owned(), "--json".to_owned()];
        }
        rounds.broken.extend(batch.removed());
        let id = batch.id();
        for _ in 0..CHAIN {
            let (effective, place) = batch.kill(&["clean", "undo", &id], rounds);
            rounds.count(effective, place);
            rounds.broken.extend(Left::by(&stage.program).is_sound());
            if !effective {
                break;
            }
        }
        rounds.broken.extend(batch.undone());
    }
    rounds.broken.extend(judge::itself(&stage.program));
}
