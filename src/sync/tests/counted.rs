//! A stream that only the platform's counters show to be complete, from delivery to verdict.

use std::collections::BTreeSet;

use engaged_connectors::{
    connector::{Counter, Covered},
    model::{Address, ContactRef, Event},
};

use super::*;
use crate::{
    because::{When, because},
    config::{self, Config, Environment},
    rescore::rescore,
    score::Reason,
    status::{self, status},
};

const CONTACTS: usize = 200;
/// A mail goes out every day up to this one.
const LAST: i64 = 20;
/// The days whose mail everybody opens.
const OPENED: [i64; 2] = [0, 5];

static COUNTED: Capabilities = Capabilities {
    streams: &[
        StreamSpec {
            stream: Stream("sends"),
            kinds: &[EventKind::Send],
            lateness: std::time::Duration::ZERO,
            counted: false,
        },
        StreamSpec {
            stream: Stream("opens"),
            kinds: &[EventKind::Open],
            lateness: std::time::Duration::ZERO,
            counted: true,
        },
    ],
    ..CAPABILITIES
};

/// A platform that tells of opens by webhook alone, and counts them.
struct Counting(DateTime<Utc>);

#[async_trait]
impl Connector for Counting {
    fn capabilities(&self) -> &Capabilities {
        &COUNTED
    }

    async fn check(&self) -> Result<Account, ConnectorError> {
        unreachable!("a sync checks nothing")
    }

    async fn pull(&self, stream: Stream, _: Option<&Cursor>) -> Answer {
        let spec = COUNTED.streams.iter().find(|spec| spec.stream == stream);
        let mut page = page(true);
        page.covered = vec![Covered {
            kinds: spec.unwrap().kinds.to_vec(),
            from: None,
            through: self.0,
        }];
        let is_over = |day: &i64| noon(*day) < self.0;
        if stream == Stream("sends") {
            let sent = (0..=LAST).filter(is_over);
            page.events = sent
                .flat_map(|day| (0..CONTACTS).map(move |who| mail(EventKind::Send, who, day)))
                .collect();
        } else {
            let counter = |day| Counter {
                campaign: format!("c{day}"),
                kind: EventKind::Open,
                at: self.0,
                contacts: CONTACTS as u64,
                times: Some(CONTACTS as u64),
            };
            page.counters = OPENED.into_iter().filter(is_over).map(counter).collect();
        }
        Ok(page)
    }

    async fn push(&self, _: &[Change]) -> Result<Vec<Outcome>, ConnectorError> {
        unreachable!("a sync writes nothing")
    }

    async fn fields(&self) -> Result<Vec<String>, ConnectorError> {
        Ok(Vec::new())
    }
}

fn noon(day: i64) -> DateTime<Utc> {
    hour(24 * day)
}

fn address(who: usize) -> Address {
    Address::parse(&format!("p{who}@x.example")).unwrap()
}

fn mail(kind: EventKind, who: usize, day: i64) -> Event {
    let contact = ContactRef {
        id: None,
        email: Some(address(who)),
    };
    let later = if kind == EventKind::Open { 600 } else { 0 };
    let at = noon(day) + chrono::Duration::seconds(later);
    let mut event = Event::new(contact, kind, at);
    event.campaign = Some(format!("c{day}"));
    event
}

/// A life of three weeks: what is known at its end.
struct Lived {
    bench: Bench,
    config: Config,
}

/// Lives, where some deliveries are dropped, for ever or until a later day.
async fn live(is_dropped: impl Fn(usize, i64) -> bool, comes_on: Option<i64>) -> Lived {
    let bench = bench();
    let path = bench.folder.path().join("engaged.toml");
    let text = "timezone = \"Europe/Amsterdam\"\ndatabase = \"engaged.db\"\n[connections.news]\nplatform = \"mailchimp\"\n\
        key = { env = \"KEY\" }\n[scores.s]\nrules = [{ when = \"no open in 8 days\", points = -10 }]\n";
    std::fs::write(&path, text).unwrap();
    let config = config::load(&path, &Environment::new()).unwrap();
    for day in -1..=LAST {
        let now = noon(day) + chrono::Duration::hours(2);
        let tell = |of: i64, dropped: bool| {
            let there = (0..CONTACTS).filter(|who| is_dropped(*who, of) == dropped);
            let events: Vec<Event> = there.map(|who| mail(EventKind::Open, who, of)).collect();
            let connection = bench.connection();
            let told = bench.store.write(move |tx| {
                tx.append_told(
                    connection,
                    now.timestamp_millis(),
                    &events,
                    &mut tx.begin_report()?,
                )
            });
            told.unwrap();
        };
        if OPENED.contains(&day) {
            tell(day, false);
        }
        if comes_on == Some(day) {
            for of in OPENED {
                tell(of, true);
            }
        }
        let sync = Sync {
            check: false,
            store: &bench.store,
            name: "news",
            connector: &Counting(now),
            zone: &bench.zone,
            clock: &At(now),
            max_list_shrink: 0.2,
            full: false,
            progress: &|_| (),
        };
        assert!(sync.run().await.unwrap().is_complete());
    }
    let lived = Lived { bench, config };
    rescore(
        &lived.bench.store,
        &lived.config,
        &Lived::now(),
        false,
        &|_, _| (),
    )
    .unwrap();
    lived
}

impl Lived {
    fn now() -> At {
        At(noon(LAST) + chrono::Duration::hours(3))
    }

    /// Who is absent on a day, and who is not judged for want of data.
    fn judged(&self, day: i64) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let (mut absent, mut waiting) = (BTreeSet::new(), BTreeSet::new());
        let when = When {
            as_of: Some(self.bench.zone.day(noon(day).timestamp_millis())),
            known_at: None,
        };
        let now = Self::now().0.timestamp_millis();
        for who in 0..CONTACTS {
            let because = self.bench.store.read(|conn| {
                let contact = conn.find_contact(&address(who))?.unwrap();
                because(conn, &self.config, (contact, "x"), when, now)
            });
            let rule = &because.unwrap().unwrap().scores[0].rules[0];
            match rule.absence.as_ref().unwrap().state {
                Reason::CoverageGap => drop(waiting.insert(who)),
                Reason::AbsentSince(_) => drop(absent.insert(who)),
                _ => {}
            }
        }
        (absent, waiting)
    }

    fn told(&self) -> String {
        status::text(&status(&self.bench.store, &self.config, &Self::now()).unwrap())
    }
}

fn everybody() -> BTreeSet<usize> {
    (0..CONTACTS).collect()
}

/// One in twenty of the second mail.
fn some(who: usize, day: i64) -> bool {
    day == 5 && who % 20 == 7
}

#[tokio::test]
async fn a_stream_whose_counters_agree_judges() {
    let lived = live(|_, _| false, None).await;
    assert_eq!(lived.judged(12), (BTreeSet::new(), BTreeSet::new()));
    assert_eq!(lived.judged(13), (everybody(), BTreeSet::new()));
    assert!(
        !lived.told().contains("not judged from"),
        "{}",
        lived.told()
    );
}

#[tokio::test]
async fn where_five_in_a_hundred_deliveries_are_lost_nobody_is_called_absent_across_it() {
    let lived = live(some, None).await;
    let lost: BTreeSet<usize> = everybody()
        .into_iter()
        .filter(|who| some(*who, 5))
        .collect();
    assert_eq!(lived.judged(12), (BTreeSet::new(), lost));
    let said = "the platform counts 10 more of kind open of campaign 'c5' than reached us: 190 of 200 reported";
    assert!(lived.told().contains(said), "{}", lived.told());
    // Once the days before are out of sight, what came since is judged.
    assert_eq!(lived.judged(14).0, everybody());
}

#[tokio::test]
async fn what_came_late_is_judged_like_all_else() {
    let lived = live(some, Some(18)).await;
    assert_eq!(lived.judged(12), (BTreeSet::new(), BTreeSet::new()));
    assert_eq!(lived.judged(13), (everybody(), BTreeSet::new()));
    assert!(
        !lived.told().contains("not judged from"),
        "{}",
        lived.told()
    );
}
