//! What the guard names when too much changes at once: each cause through a store, and none.

use engaged_connectors::{
    connector::Covered,
    model::{ContactRef, Event, EventKind, Verdict},
};

use super::*;
use crate::{
    score::calendar::Day,
    store::{Gap, IMPORTED},
};

const DAY: Millis = 24 * HOUR;

/// Who opened anything has points; who visited nothing for long loses some.
const ACTS: &str = r#"
[scores.engagement]
rules = [
  { when = "field level is 'high'", points = 50 },
  { when = "open", points = 5 },
  { when = "no page visit in 1 month", points = -10 },
]
"#;

fn acting() -> Bench {
    let mut bench = guarded(FIELD, 0.2);
    bench.config = load(&bench.folder, FIELD, ACTS, 0.2);
    let (id, through) = (bench.id, bench.clock.now());
    bench
        .store
        .write(move |tx| {
            tx.declare_stream(id, Stream("acts"), &[EventKind::PageVisit, EventKind::Open])?;
            cover(tx, id, through)
        })
        .unwrap();
    bench
}

fn cover(
    tx: &crate::store::Tx,
    id: ConnectionId,
    through: DateTime<Utc>,
) -> Result<(), crate::store::StoreError> {
    let covered = Covered {
        kinds: vec![EventKind::PageVisit],
        from: None,
        through,
    };
    tx.cover(id, &[covered], through.timestamp_millis())
}

fn early(id: &str) -> Contact {
    Contact {
        subscribed_at: DateTime::from_timestamp_millis(1_781_000_000_000 - 400 * DAY),
        ..contact(id, &[])
    }
}

impl Bench {
    /// All ten, on a connection that brings what they do.
    async fn ten(&self) {
        self.read(TEN.iter().map(|id| early(id)).collect());
        self.baseline().await;
    }

    /// Each of some opens a mail, as a source says it: on our connection, or another.
    fn open(&self, who: &[&str], from: ConnectionId, verdict: Option<Verdict>) {
        self.wait(HOUR);
        let (now, zone) = (self.now(), Zone::new(self.config.zone));
        let event = |id: &&str| {
            let who = ContactRef {
                id: None,
                email: Address::parse(&format!("{id}@x.example")),
            };
            Event {
                verdict,
                ..Event::new(who, EventKind::Open, self.clock.now())
            }
        };
        let page = Page {
            events: who.iter().map(event).collect(),
            ..Page::empty(Cursor::encode(&0).unwrap(), true)
        };
        self.store
            .write(move |tx| tx.commit_page(from, Stream("acts"), &page, &zone, now))
            .unwrap();
        self.score();
    }

    /// Lets a change pass that is not what the test is about.
    async fn approve_change(&self) {
        self.held().await;
        self.approve(guard::MAX_SCORE_CHANGE);
        assert_eq!(self.apply().await.held, Vec::<String>::new());
    }

    /// The one thing that holds the push.
    async fn held(&self) -> String {
        let held = self.apply().await.held;
        assert_eq!(held.len(), 1, "{held:?}");
        held.into_iter().next().unwrap()
    }
}

#[tokio::test]
async fn an_edit_of_the_rules_is_named() {
    let mut bench = guarded(FIELD, 0.2);
    bench.levels(&all("middle"));
    bench.baseline().await;
    bench.config = load(&bench.folder, FIELD, &SCORES.replace("= 10", "= 20"), 0.2);
    bench.score();
    let held = bench.held().await;
    assert!(
        held.contains("likely cause: the rules were edited since the last push (2026-06-09 "),
        "{held}"
    );
    // Taken back, the rules are those of the last push: what changes then has other causes.
    bench.config = load(&bench.folder, FIELD, SCORES, 0.2);
    bench.levels(&all("high"));
    let held = bench.held().await;
    assert!(held.contains("no likely cause"), "{held}");
}

#[tokio::test]
async fn a_hole_that_opens_or_closes_is_named_with_its_days_and_contacts() {
    let bench = acting();
    bench.ten().await;
    let (id, lost) = (bench.id, "a test");
    let gap = Gap {
        from: Day(0),
        to: Day::parse("2026-06-01").unwrap(),
        kinds: vec![EventKind::PageVisit],
    };
    bench.wait(HOUR);
    let now = bench.now();
    let open = move |tx: &crate::store::Tx| tx.add_gap(id, &gap, lost, now);
    bench.store.write(open).unwrap();
    bench.score();
    let held = bench.held().await;
    let words = "news page visit: 1970-01-01 to 2026-06-01 became a hole; 10 of the 10 are on it";
    assert!(held.contains(words), "{held}");
    bench.approve_change().await;
    bench.wait(HOUR);
    let now = bench.now();
    bench.store.write(move |tx| tx.heal(id, lost, now)).unwrap();
    bench.score();
    let held = bench.held().await;
    assert!(
        held.contains("1970-01-01 to 2026-06-01 was read after all"),
        "{held}"
    );
}

#[tokio::test]
async fn machines_that_were_recognised_are_named_with_their_number() {
    let bench = acting();
    bench.ten().await;
    // What a source itself calls a machine's, and what is judged to be later.
    bench.open(&TEN, bench.id, None);
    bench.approve_change().await;
    bench.wait(HOUR);
    let now = bench.now();
    let judge = move |tx: &crate::store::Tx| {
        for event in 1..=6 {
            assert!(tx.set_verdict(event, Verdict::Scanner, "burst:6", now)?);
        }
        Ok(())
    };
    bench.store.write(judge).unwrap();
    bench.score();
    let held = bench.held().await;
    assert!(
        held.contains("likely cause: machines: of 6 of the 6, "),
        "{held}"
    );
}

#[tokio::test]
async fn a_first_sync_and_an_import_are_named_with_what_they_told_of() {
    let bench = acting();
    bench.ten().await;
    bench.wait(HOUR);
    let now = bench.now();
    let shop = bench
        .store
        .write(move |tx| tx.connection("shop", "ghost", now));
    bench.open(&TEN[..7], shop.unwrap().id, None);
    let held = bench.held().await;
    let words = "likely cause: the first sync of shop since the last push";
    assert!(
        held.contains(words) && held.ends_with("told of 7 of the 7"),
        "{held}"
    );
    bench.approve_change().await;
    let file = bench
        .store
        .write(move |tx| tx.connection("file", IMPORTED, now));
    bench.open(&TEN[..4], file.unwrap().id, None);
    let held = bench.held().await;
    assert!(held.contains("likely cause: an import into file"), "{held}");
    bench.approve_change().await;
    // What the shop brings later is no first sync any more.
    let shop = bench
        .store
        .write(move |tx| tx.connection("shop", "ghost", now));
    bench.open(&TEN, shop.unwrap().id, None);
    let held = bench.held().await;
    assert!(held.contains("no likely cause"), "{held}");
}

#[tokio::test]
async fn where_none_of_these_applies_that_is_said_with_the_numbers() {
    let bench = acting();
    bench.ten().await;
    // Opens were never read whole: that hole goes on, day by day, and explains nothing.
    bench.wait(3 * DAY);
    let (id, through) = (bench.id, bench.clock.now());
    bench.store.write(move |tx| cover(tx, id, through)).unwrap();
    bench.open(&TEN, bench.id, None);
    let held = bench.held().await;
    let words = "of the 10, 0 with new verdicts on machines and 0 told of by a new source";
    assert!(
        held.contains("no likely cause") && held.contains(words),
        "{held}"
    );
}

#[tokio::test]
async fn a_cause_is_looked_for_anew_when_the_plan_or_the_last_push_is_another() {
    let mut bench = guarded(FIELD, 0.2);
    bench.levels(&all("middle"));
    bench.baseline().await;
    bench.config = load(&bench.folder, FIELD, &SCORES.replace("= 10", "= 20"), 0.2);
    bench.score();
    let first = bench.held().await;
    assert_eq!(
        bench.held().await,
        first,
        "the same plan has the same cause"
    );
    bench.approve_change().await;
    let named = |held: &str| held.contains("the rules were edited");
    bench.levels(&all("high"));
    assert!(!named(&bench.held().await));
    bench.approve_change().await;
    // The writes of the first plan, for another reason.
    bench.levels(&all("middle"));
    let last = bench.held().await;
    assert!(named(&first) && !named(&last), "{last}");
}
