//! Two contacts that turn out to be one are inside once, and are started once.

use super::*;

/// A second audience knows somebody without an address, whose address comes later.
impl Bench {
    fn nameless(&self, level: &str, email: Option<&str>) {
        let row = Contact {
            email: email.and_then(|email| Address::parse(&format!("{email}@x.example"))),
            ..contact("n", &[("level", level)])
        };
        let (now, zone) = (self.now(), Zone::new(self.config.zone));
        let page = Page {
            contacts: vec![row],
            ..Page::empty(Cursor::encode(&0).unwrap(), true)
        };
        self.write(move |tx| {
            let shop = tx.connection("shop", "ghost", now)?.id;
            tx.commit_page(shop, Stream("contacts"), &page, &zone, now)?;
            Ok(())
        });
    }

    /// The shop has been read, and knows somebody.
    fn shop(&self, level: &str) {
        self.nameless("", None);
        let now = self.now();
        let shop = self
            .store
            .write(move |tx| tx.connection("shop", "ghost", now));
        self.synced(shop.unwrap().id);
        self.score();
        self.wait(3 * DAY);
        self.nameless(level, None);
        self.score();
    }
}

fn states(bench: &Bench) -> Vec<String> {
    bench.entries()
}

#[tokio::test]
async fn who_was_started_and_becomes_one_with_somebody_who_waits_is_not_started_again() {
    let bench = starting(&JOURNEY.replace("0 minutes", "2 hours"));
    bench.levels(&[("a", "high")]);
    bench.wait(2 * HOUR);
    bench.score();
    assert_eq!(bench.pushed().await, ["a starts start:1"]);
    bench.shop("high");
    assert_eq!(states(&bench).len(), 2);
    bench.nameless("high", Some("a"));
    bench.wait(5 * HOUR);
    bench.score();
    assert_eq!(bench.pushed().await, NOTHING);
    assert_eq!(
        states(&bench),
        [
            "it a started",
            "it a withdrawn: became one with another contact, left"
        ]
    );
    // One contact is inside once, and leaves once.
    bench.nameless("", Some("a"));
    bench.levels(&[("a", "")]);
    assert!(states(&bench)[0].starts_with("it a started, left"));
    assert_eq!(states(&bench).len(), 2);
}

#[tokio::test]
async fn two_who_wait_and_become_one_are_started_once() {
    let bench = starting(&JOURNEY.replace("0 minutes", "2 days"));
    bench.shop("high");
    bench.levels(&[("a", "high")]);
    bench.nameless("high", Some("a"));
    for _ in 0..4 {
        bench.wait(DAY);
        bench.score();
        bench.apply().await;
    }
    assert_eq!(bench.begun().len(), 1);
    assert_eq!(bench.asked().len(), 1);
}

#[tokio::test]
async fn who_is_inside_stays_so_after_becoming_one_with_somebody_who_was_and_left() {
    let bench = starting(JOURNEY);
    bench.shop("high");
    bench.nameless("", None);
    bench.score();
    bench.levels(&[("a", "high")]);
    assert_eq!(bench.pushed().await, ["a starts start:2"]);
    bench.nameless("", Some("a"));
    bench.wait(3 * DAY);
    bench.score();
    bench.levels(&[("a", "high")]);
    assert_eq!(bench.pushed().await, NOTHING);
    assert_eq!(states(&bench).len(), 2, "{:?}", states(&bench));
}

#[tokio::test]
async fn what_a_run_found_of_somebody_who_has_become_another_is_dropped() {
    let bench = starting(JOURNEY);
    bench.shop("");
    bench.nameless("high", None);
    // The address comes while the run holds what it found.
    let cell = std::cell::Cell::new(false);
    let merge = |_: u64, _: u64| {
        if !cell.replace(true) {
            bench.nameless("high", Some("a"));
        }
    };
    rescore(&bench.store, &bench.config, &bench.clock, false, &merge).unwrap();
    let report = bench.scored();
    assert_eq!(report.scored, 1);
    let whole = |conn: &crate::store::Conn| {
        let all = conn.entries(&Entries::ALL)?;
        let who = conn.find_contact(&Address::parse("a@x.example").unwrap())?;
        Ok(all.iter().all(|entry| Some(entry.contact) == who))
    };
    assert!(bench.store.read(whole).unwrap());
    assert_eq!(states(&bench).len(), 1);
}

#[tokio::test]
async fn who_became_one_twice_over_is_still_found_on_the_platform() {
    let bench = starting(JOURNEY);
    let row = |id: &str, email: &str| Contact {
        email: Address::parse(&format!("{email}@x.example")),
        ..contact(id, &[])
    };
    bench.scan(vec![row("1", "p"), row("2", "q"), row("3", "r")]);
    // The second leaves and the first takes its address; then the third leaves and the first takes that one's.
    bench.scan(vec![row("1", "p"), row("3", "r")]);
    bench.scan(vec![row("1", "q"), row("3", "r")]);
    bench.scan(vec![row("1", "q")]);
    bench.scan(vec![row("1", "r")]);
    bench.wait(3 * DAY);
    bench.read(vec![Contact {
        email: Address::parse("r@x.example"),
        ..contact("1", &[("level", "high")])
    }]);
    assert_eq!(bench.pushed().await, ["1 starts start:1"]);
}
