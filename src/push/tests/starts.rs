//! What is started, and what is not, through a store and against a platform of a few lines.

use engaged_connectors::{
    connector::Covered,
    model::{ContactRef, Event, EventKind, Verdict},
};

use super::*;
use crate::{
    automation::EntryState,
    rescore::ScoreReport,
    score::calendar::Day,
    store::{Entries, Gap, Resolution},
};

mod doubts;
mod merges;
mod news;
mod restored;
mod tags;

const DAY: Millis = 24 * HOUR;
const WEEK: Millis = 7 * DAY;

/// What most automations ask.
const ASKED: &str = r#"
[scores.engagement]
rules = [
  { when = "field level is 'high'", points = 50 },
  { when = "field level is 'middle'", points = 45 },
  { when = "open", points = 5, expires = "2 months" },
  { when = "click", points = 10, expires = "2 months" },
]
[scores.fit]
rules = [ { when = "field vip is 'yes'", points = 5 } ]
[segments]
vip = "fit >= 5"
others = "field other is 'yes'"
"#;

/// Starts a journey at 50 points, and lets go below 40.
const JOURNEY: &str = r#"
[[automations]]
name = "it"
when = "engagement >= 50"
until = "engagement < 40"
settle = "0 minutes"
start = { connection = "news", automation = "journey 1234 step 5678" }
"#;

fn rules(automations: &str) -> String {
    format!("{ASKED}{automations}")
}

/// A connection that has been read, with ten people of whom nothing is known.
fn starting(automations: &str) -> Bench {
    pushing("", automations, 1.0)
}

fn pushing(push: &str, automations: &str, limit: f64) -> Bench {
    let mut bench = guarded(push, limit);
    bench.config = load(&bench.folder, push, &rules(automations), limit);
    bench.synced(bench.id);
    bench.levels(&all(""));
    bench.wait(DAY);
    bench
}

impl Bench {
    fn edit(&mut self, push: &str, scores: &str) {
        self.config = load(&self.folder, push, scores, 1.0);
    }

    /// A sync of a connection has ended well.
    fn synced(&self, id: ConnectionId) {
        let now = self.now();
        let run = move |tx: &crate::store::Tx| {
            let run = tx.begin_run("sync", Some(id), now)?;
            tx.end_run(run, "ok", None, now)
        };
        self.store.write(run).unwrap();
    }

    fn stand(&self, at: &str) {
        let at = DateTime::parse_from_rfc3339(at).unwrap();
        self.clock.0.store(at.timestamp_millis(), Ordering::Relaxed);
    }

    /// Takes in what somebody did so long ago.
    fn did(&self, who: &str, kind: &EventKind, times: usize, ago: Millis) {
        let (id, now, zone) = (self.id, self.now(), Zone::new(self.config.zone));
        let at = DateTime::from_timestamp_millis(now - ago).unwrap();
        let event = |number: usize| {
            let who = ContactRef {
                id: Some(who.to_owned()),
                email: Address::parse(&format!("{who}@x.example")),
            };
            let at = at + chrono::TimeDelta::milliseconds(i64::try_from(number).unwrap());
            Event::new(who, kind.clone(), at)
        };
        let page = Page {
            events: (0..times).map(event).collect(),
            ..Page::empty(Cursor::encode(&0).unwrap(), true)
        };
        self.store
            .write(move |tx| tx.commit_page(id, Stream("acts"), &page, &zone, now))
            .unwrap();
    }

    fn scored(&self) -> ScoreReport {
        rescore(&self.store, &self.config, &self.clock, false, &|_, _| ()).unwrap()
    }

    /// Every entry: whose, what became of it, why, and whether they left; the oldest first.
    fn entries(&self) -> Vec<String> {
        let entries = self.store.read(|conn| conn.entries(&Entries::ALL)).unwrap();
        let words = entries.iter().rev().map(|entry| {
            let email = entry.email.as_ref().map(|email| email.reveal().to_owned());
            let who = email.unwrap_or_default().replace("@x.example", "");
            let reason = entry.reason.iter().map(|reason| format!(": {reason}"));
            let left = entry.left_at.iter().map(|_| ", left".to_owned());
            let rest: String = reason.chain(left).collect();
            format!("{} {who} {}{rest}", entry.automation, entry.state.as_str())
        });
        words.collect()
    }

    fn begun(&self) -> Vec<(String, u32)> {
        let begun = self.site.begun.lock().unwrap().clone();
        begun.into_iter().collect()
    }

    /// The next starts are answered so.
    fn begins(&self, answer: impl FnMut(&Start) -> Answer + Send + 'static) {
        *self.site.begin.lock().unwrap() = Box::new(answer);
    }

    /// The process ends once the platform has carried out the next call, and before anybody hears of it.
    async fn cut_off(&self) {
        self.site.hangs.store(true, Ordering::Relaxed);
        tokio::select! {
            report = self.apply() => panic!("nothing hung: {report:?}"),
            () = self.site.reached.notified() => {}
        }
        self.site.hangs.store(false, Ordering::Relaxed);
    }

    /// Pushes, and what the platform was asked.
    async fn pushed(&self) -> Vec<String> {
        let report = self.apply().await;
        assert_eq!(report.held, Vec::<String>::new());
        self.asked()
    }

    /// Starts for those who are inside and for whom nothing was started, as a person asks.
    fn backfill(&self) -> usize {
        let automation = &self.config.automations[0];
        let becomes = (automation.due(), automation.max_per_contact);
        let now = self.now();
        let filled = self.store.write(move |tx| tx.backfill("it", becomes, now));
        filled.unwrap()
    }

    fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&crate::store::Tx) -> Result<T, crate::store::StoreError> + Send + 'static,
    ) {
        self.store.write(write).unwrap();
    }
}

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn mb_06_points_expire_and_the_second_entry_falls_into_the_cooldown() {
    let ambassadors = r#"
[[automations]]
name = "deal"
when = "engagement >= 75"
until = "engagement < 70"
cooldown = "30 days"
start = { connection = "news", automation = "journey 1 step 2" }
"#;
    let mut bench = bench("");
    bench.edit("", &rules(ambassadors));
    bench.stand("2026-05-30T12:00:00Z");
    bench.synced(bench.id);
    bench.levels(&[("a", "")]);
    let mut days = Vec::new();
    let mut day = Day::parse("2026-05-31").unwrap();
    let (mut told, mut started) = (Vec::new(), Vec::new());
    while day <= Day::parse("2026-07-13").unwrap() {
        bench.stand(&format!("{day}T10:00:00Z"));
        let acts: &[(usize, Millis, EventKind)] = match day.to_string().as_str() {
            // What was done in April and May, of which the platform tells at once.
            "2026-05-31" => &[
                (1, 41 * DAY, EventKind::Open),
                (1, 34 * DAY, EventKind::Open),
                (1, 20 * DAY, EventKind::Click),
            ],
            "2026-06-01" => &[(5, HOUR, EventKind::Click), (1, HOUR, EventKind::Open)],
            "2026-06-29" => &[(1, HOUR, EventKind::Click)],
            _ => &[],
        };
        for (times, ago, kind) in acts {
            bench.did("a", kind, *times, *ago);
        }
        bench.score();
        bench.wait(HOUR);
        bench.score();
        started.extend(
            bench
                .pushed()
                .await
                .iter()
                .map(|asked| format!("{day} {asked}")),
        );
        if told != bench.entries() {
            told = bench.entries();
            days.push(format!("{day} {}", told.last().unwrap()));
        }
        day = day.next();
    }
    assert_eq!(started, ["2026-06-01 a starts start:1"]);
    assert_eq!(
        days,
        [
            "2026-06-01 deal a started",
            "2026-06-27 deal a started, left",
            "2026-06-29 deal a suppressed: cooldown until 2026-07-01",
            "2026-07-11 deal a suppressed: cooldown until 2026-07-01, left",
        ]
    );
}

#[tokio::test]
async fn mb_10_a_first_import_starts_nothing_until_somebody_asks_and_then_through_the_guard() {
    let mut bench = bench("");
    bench.edit("", &rules(JOURNEY));
    bench.synced(bench.id);
    let level = |number: usize| if number < 600 { "high" } else { "" };
    let row = |number| contact(&format!("c{number}"), &[("level", level(number))]);
    bench.wait(HOUR);
    let (id, now, zone) = (bench.id, bench.now(), Zone::new(bench.config.zone));
    let page = Page {
        contacts: (0..10_000).map(row).collect(),
        ..Page::empty(Cursor::encode(&0).unwrap(), true)
    };
    bench
        .store
        .write(move |tx| tx.commit_page(id, Stream("contacts"), &page, &zone, now))
        .unwrap();
    let report = bench.scored();
    assert_eq!(report.automations[0].silent, 600);
    assert_eq!(report.automations[0].became["silent: first import"], 600);
    assert_eq!(bench.pushed().await, NOTHING);
    assert_eq!(bench.backfill(), 600);
    assert_eq!(bench.plan().await.starts, 600);
    let held = bench.apply().await.held;
    let why =
        "max_starts: 600 starts at once (limit 500): 600 of it; a backfill asked for 600 of them";
    assert_eq!(held[0], why);
    assert_eq!(bench.asked(), NOTHING);
    bench.approve(guard::MAX_STARTS);
    assert_eq!(bench.pushed().await.len(), 600);
    assert_eq!(bench.begun().len(), 600);
    assert!(bench.begun().iter().all(|(_, times)| *times == 1));
    assert_eq!(bench.backfill(), 0);
    bench.scored();
    assert_eq!(bench.pushed().await, NOTHING);
}

#[tokio::test]
async fn who_lets_starts_pass_lets_pass_what_was_there_and_nothing_that_comes_later() {
    let mut bench = bench("");
    bench.edit("", &rules(JOURNEY));
    bench.synced(bench.id);
    let row = |number| contact(&format!("c{number}"), &[("level", "high")]);
    bench.read((0..1_200).map(row).collect());
    // Six hundred are asked for, held, and let pass; then the rest is asked for.
    let now = bench.now();
    let asked = |from: i64, to: i64, now| {
        move |tx: &crate::store::Tx| {
            for entry in from..=to {
                tx.set_entry(entry, EntryState::Ready, Some("backfill"), now)?;
            }
            Ok(())
        }
    };
    bench.write(asked(1, 600, now));
    assert!(bench.apply().await.held[0].starts_with("max_starts: 600"));
    bench.approve(guard::MAX_STARTS);
    bench.wait(HOUR);
    let now = bench.now();
    bench.write(asked(601, 1_200, now));
    assert!(bench.apply().await.held[0].starts_with("max_starts: 1200"));
    assert_eq!(bench.asked(), NOTHING);
    bench.approve(guard::MAX_STARTS);
    assert_eq!(bench.pushed().await.len(), 1_200);
}

#[tokio::test]
async fn a_plan_shows_the_starts_that_apply_sends_and_no_others() {
    let bench = starting(JOURNEY);
    bench.levels(&[("a", "high"), ("b", "high")]);
    let plan = bench.plan().await;
    assert_eq!((plan.writes, plan.starts), (2, 2));
    let shown: Vec<_> = plan
        .sample
        .iter()
        .map(|each| each.contact.as_str())
        .collect();
    assert_eq!(shown, ["a@x.example", "b@x.example"]);
    assert_eq!(plan.counts[0].verb, "start automation");
    bench.levels(&[("c", "high")]);
    bench
        .push()
        .apply(Some(&plan.fingerprint))
        .await
        .unwrap_err();
    assert_eq!(bench.asked(), NOTHING);
    let plan = bench.plan().await;
    let report = bench.push().apply(Some(&plan.fingerprint)).await.unwrap();
    assert_eq!((report.planned, report.applied), (3, 3));
    assert_eq!(
        bench.asked(),
        ["a starts start:1", "b starts start:2", "c starts start:3"]
    );
    assert_eq!(bench.plan().await.writes, 0);
}

#[tokio::test]
async fn who_unsubscribes_between_the_entry_and_the_push_is_not_started() {
    let bench = starting(JOURNEY);
    bench.levels(&[("a", "high"), ("b", "high")]);
    let gone = Contact {
        status: Some(Status::Unsubscribed),
        ..contact("a", &[("level", "high")])
    };
    bench.read(vec![gone]);
    assert_eq!(bench.pushed().await, ["b starts start:2"]);
    assert_eq!(
        bench.entries(),
        ["it a suppressed: not subscribed", "it b started"]
    );
}

#[tokio::test]
async fn news_that_no_run_has_scored_yet_is_waited_for() {
    let bench = starting(JOURNEY);
    bench.levels(&[("a", "high"), ("b", "high")]);
    // The shop is told that somebody wants nothing more, and nothing was scored since.
    let (now, zone) = (bench.now(), Zone::new(bench.config.zone));
    let page = Page {
        contacts: vec![Contact {
            id: "s1".into(),
            email: Address::parse("a@x.example"),
            status: Some(Status::Unsubscribed),
            ..contact("a", &[])
        }],
        ..Page::empty(Cursor::encode(&0).unwrap(), true)
    };
    bench.write(move |tx| {
        let shop = tx.connection("shop", "ghost", now)?.id;
        tx.commit_page(shop, Stream("contacts"), &page, &zone, now)?;
        Ok(())
    });
    assert_eq!(bench.plan().await.writes, 1);
    assert_eq!(bench.pushed().await, ["b starts start:2"]);
    bench.score();
    assert_eq!(bench.pushed().await, NOTHING);
    assert_eq!(bench.entries()[0], "it a suppressed: not subscribed");
}

#[tokio::test]
async fn a_start_that_was_held_for_a_week_is_for_a_moment_that_has_passed() {
    for paused in [true, false] {
        let mut bench = starting(JOURNEY);
        let live = |bench: &mut Bench, live: bool| {
            if paused {
                bench.write(move |tx| tx.set_paused(!live, "marit", 0));
            } else {
                let mode = if live {
                    crate::config::Mode::Live
                } else {
                    crate::config::Mode::ReadOnly
                };
                bench.config.connections[0].mode = mode;
            }
        };
        bench.levels(&[("a", "high")]);
        live(&mut bench, false);
        assert_eq!(bench.apply().await.held.len(), 1);
        bench.wait(3 * DAY);
        bench.levels(&[("b", "high")]);
        assert_eq!(bench.apply().await.held.len(), 1);
        bench.wait(4 * DAY);
        assert_eq!(bench.plan().await.starts, 1);
        live(&mut bench, true);
        assert_eq!(bench.pushed().await, ["b starts start:2"]);
        assert_eq!(
            bench.entries(),
            [
                "it a withdrawn: waited too long to be started",
                "it b started"
            ]
        );
        assert_eq!(bench.pushed().await, NOTHING);
    }
}

#[tokio::test]
async fn what_holds_the_numbers_holds_the_starts() {
    let mut bench = pushing(FIELD, JOURNEY, 0.2);
    bench.baseline().await;
    bench.config = load(&bench.folder, FIELD, &rules(JOURNEY), 0.2);
    bench.levels(&all("high"));
    assert!(bench.apply().await.held[0].starts_with("max_score_change"));
    assert_eq!(bench.asked(), NOTHING);
    bench.approve(guard::MAX_SCORE_CHANGE);
    let (id, now, subject) = (bench.id, bench.now(), bench.id.0.to_string());
    bench.write(move |tx| {
        let name = crate::sync::LIST_SHRUNK;
        tx.trip_guard(name, Some(id), &subject, "half is gone", now)?;
        Ok(())
    });
    assert!(bench.apply().await.held[0].starts_with("list_shrunk"));
    assert_eq!(bench.asked(), NOTHING);
    let now = bench.now();
    bench.write(move |tx| {
        let guards = tx.open_guards()?;
        tx.close_guard(guards[0].id, "cleared", "a test", now)?;
        Ok(())
    });
    let asked = bench.pushed().await;
    // The number is there before the journey reads it.
    assert_eq!(asked.len(), 20);
    assert!(asked[..10].iter().all(|each| each.contains("ENGSCORE=50")));
    assert!(asked[10..].iter().all(|each| each.contains(" starts ")));
}

#[tokio::test]
async fn who_is_unsubscribed_anywhere_is_not_started_by_a_backfill() {
    let mut bench = bench("");
    bench.edit("", &rules(JOURNEY));
    bench.synced(bench.id);
    let (now, zone) = (bench.now(), Zone::new(bench.config.zone));
    let page = Page {
        contacts: vec![Contact {
            status: Some(Status::Unsubscribed),
            ..contact("a", &[])
        }],
        ..Page::empty(Cursor::encode(&0).unwrap(), true)
    };
    bench.write(move |tx| {
        let shop = tx.connection("shop", "ghost", now)?.id;
        tx.commit_page(shop, Stream("contacts"), &page, &zone, now)?;
        Ok(())
    });
    bench.levels(&[("a", "high"), ("b", "high")]);
    assert_eq!(bench.backfill(), 2);
    bench.score();
    assert_eq!(bench.pushed().await, ["b starts start:2"]);
    assert_eq!(bench.entries()[0], "it a suppressed: not subscribed");
}

#[tokio::test]
async fn a_backfill_of_what_is_handed_over_hands_it_over() {
    let leads = r#"
[[automations]]
name = "it"
when = "engagement >= 50"
start = { handover = "Sales" }
"#;
    let mut bench = bench("");
    bench.edit("", &rules(leads));
    bench.synced(bench.id);
    bench.levels(&[("a", "high")]);
    assert_eq!(bench.entries(), ["it a silent: first import"]);
    assert_eq!(bench.backfill(), 1);
    bench.wait(HOUR);
    bench.score();
    assert_eq!(bench.entries(), ["it a handed over: backfill"]);
}

#[tokio::test]
async fn a_cooldown_counts_from_the_start_that_a_backfill_made() {
    let mut bench = bench("");
    let cool = JOURNEY.replace("settle", "cooldown = \"30 days\"\nsettle");
    bench.edit("", &rules(&cool));
    bench.synced(bench.id);
    bench.levels(&[("a", "high")]);
    bench.wait(40 * DAY);
    assert_eq!(bench.backfill(), 1);
    assert_eq!(bench.pushed().await, ["a starts start:1"]);
    bench.wait(5 * DAY);
    bench.levels(&[("a", "")]);
    bench.wait(5 * DAY);
    bench.levels(&[("a", "high")]);
    assert_eq!(bench.pushed().await, NOTHING);
    let last = bench.entries().pop().unwrap();
    assert!(
        last.starts_with("it a suppressed: cooldown until"),
        "{last}"
    );
}

#[tokio::test]
async fn an_entry_into_an_automation_that_is_gone_keeps_nobody_awake() {
    let mut bench = starting(&JOURNEY.replace("0 minutes", "2 hours"));
    bench.levels(&[("a", "high")]);
    let next = |bench: &Bench| {
        bench
            .store
            .read(crate::store::Conn::next_settled_at)
            .unwrap()
    };
    assert_eq!(next(&bench), Some(bench.now() + 2 * HOUR));
    bench.edit("", &rules(""));
    bench.wait(3 * HOUR);
    bench.score();
    assert_eq!(next(&bench), None);
}
