//! What pages ask of the store, each many times, with two years of everything behind it; and what keeping it ready costs.

use std::{ops::ControlFlow, path::Path, time::Instant};

use engaged::{
    because::{self, When},
    config::Config,
    listing::{Budget, Filter, Sieve},
    rescore::rescore,
    score::{
        calendar::{Day, Zone},
        facts::ConnectionId,
    },
    status::status,
    store::{
        Among, Conn, ContactId, Grouping, Order, Store, StoreError, Wanted, Week, WeekBand,
        WeekRule, WeekScore,
    },
};
use rusqlite::Connection;

use crate::{
    append::Stopped,
    audience::END_MS,
    measure,
    report::{Good, Report, number},
    score::configuration,
};

/// How often each read is made.
const CALLS: usize = 50;
/// So many of the slowest reads are told of each sort.
const SLOWEST: usize = 4;
/// A page makes several reads, and has 200 ms for all.
const LIMIT_MS: f64 = 50.0;
/// But one that looks for contacts, or explains one, does little else.
const WORK_LIMIT_MS: f64 = 150.0;

const DAY_MS: i64 = 86_400_000;

/// A real pack, with groups of every sort.
pub const RULES: &str = r#"
timezone = "Europe/Amsterdam"
extends = ["copernica-shop"]
[connections.letters]
platform = "mailchimp"
key = { env = "KEY" }
[segments]
cold = "no open in 3 months and no click in 6 months"
hot = "any click in 30 days"
buyers = "any purchase in 1 year"
[[stages]]
name = "customer"
when = "any purchase in 1 year"
[[stages]]
name = "reader"
when = "any open in 6 months"
"#;

/// Two years of days, moves, runs, writes, entries and coverage. Day 1 is yesterday.
const PAST: &str = "
create temp table back as with recursive n (d) as (select 1 union all select d + 1 from n where d < 731)
  select d, date(END, 'unixepoch', '-' || d || ' days') as on_day from n;
insert into day (as_of_on, contacts, whole, known_at)
  select on_day, (select contacts from day), d < 35 or strftime('%w', on_day) = '1', 0 from back;
insert into day_spread select on_day, score_id, shown, band_id, spread.contacts
  from back join day on as_of_on = on_day and whole, spread;
insert into day_size select on_day, sort, score_id, word_id, day_size.contacts
  from back join day on day.as_of_on = on_day and whole, day_size
  where day_size.as_of_on = (select max(as_of_on) from day_size);
insert into moved select on_day, a.sort, a.score_id, a.word_id, b.word_id, 7 from back, day_size a, day_size b
  where a.as_of_on = (select max(as_of_on) from day_size) and b.as_of_on = a.as_of_on
    and a.sort = b.sort and a.score_id = b.score_id and a.word_id <> b.word_id;
create temp table quarter as with recursive n (q) as (select 1 union all select q + 1 from n where q < 70000) select q from n;
insert into run (job, connection_id, started_at, ended_at, outcome, new_events, new_contacts)
  select job, iif(job = 'score', null, 1), (END - q * 900) * 1000, (END - q * 900) * 1000 + 9000,
    iif(q % 50 = 0, 'trouble', 'ok'), iif(job = 'sync', q % 300, null), iif(job = 'sync', q % 3, null)
  from (select q from quarter order by q desc), (select 'sync' job union all select 'score' union all select 'push');
insert into coverage (connection_id, kind, from_at, through_at, known_at)
  select 1, kind, null, (END - q * 900) * 1000, (END - q * 900) * 1000
  from (select q from quarter order by q desc), (select kind from stream_kind limit 3);
insert into outbox (connection_id, contact_id, platform_id, write, target, value, reason, state, known_at, changed_at)
  select 1, contact_id, contact_id, 'set field', 'field:ENGSCORE', shown, 'score',
    iif(contact_id % 500 = 0, 'rejected', iif(contact_id % 900 = 0, 'retry', 'applied')), 0, 0 from score;
insert or ignore into word (text) values ('applied'), ('rejected'), ('retry'), ('Win-back');
insert into tally (sort, connection_id, word_id, number)
  select 'outbox', 1, word.id, count(*) from outbox join word on text = state group by word.id;
insert into automation_entry (contact_id, automation_id, number, entered_at, entered_on, state, decided_at)
  select id, (select id from word where text = 'Win-back'), 1, 0, '2025-06-15',
    iif(id % 100 = 0, 'ready', 'started'), 0 from contact where id % 2 = 0;
";

/// Fills in the past, asks for everything that pages show, and tells how long it took.
pub fn measure(store: &Store, file: &Path, report: &Report) {
    let folder = file.parent().expect("a file lies in a folder");
    let config = configuration(folder, RULES);
    runs(store, &config, report);
    Connection::open(file)
        .and_then(|sql| sql.execute_batch(&PAST.replace("END", &(END_MS / 1_000).to_string())))
        .expect("the past is made");
    weeks(store);
    let differences = store.read(|conn| conn.compare_tallies(9)).expect("a count");
    assert_eq!(differences, [""; 0], "what is kept is what is there");
    let asking = |about: &'static str, limit: f64, ask: &dyn Fn(&mut Asking<'_>)| {
        let mut asking = Asking {
            store,
            asked: Vec::new(),
        };
        ask(&mut asking);
        asking.tell(about, limit, report);
    };
    asking("charts", LIMIT_MS, &|asking| asking.charts());
    asking("lists", LIMIT_MS, &|asking| asking.lists());
    asking("status and runs", LIMIT_MS, &|asking| {
        asking.operation(&config);
    });
    asking("contacts looked at", WORK_LIMIT_MS, &|asking| {
        asking.contacts(&config);
    });
}

/// A full run that stores everything, one that finds all as it was, and the keeping of a day.
fn runs(store: &Store, config: &Config, report: &Report) {
    let spent = || measure::of_thread() + measure::of_thread_named("engaged-writer");
    let run = |full| {
        let before = spent();
        rescore(store, config, &Stopped, full, &|_, _| {}).expect("a run");
        spent() - before
    };
    let (first, again) = (run(true), run(true));
    let before = spent();
    for _ in 0..CALLS {
        store
            .write(|tx| tx.take_day(today(), END_MS))
            .expect("a day");
    }
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    let day = (spent() - before) * 1e3 / CALLS as f64;
    report.note(format!(
        "a full score run: {} CPU s when everything is stored for the first time, {} when nothing changed; keeping the day: {} CPU ms of them",
        number(first), number(again), number(day)
    ));
}

fn today() -> Day {
    Zone::new(chrono_tz::Europe::Amsterdam).day(END_MS)
}

fn ago(days: i32) -> Day {
    Day(today().0 - days)
}

/// Each week has fifteen rules and four bands.
fn weeks(store: &Store) {
    let score = WeekScore {
        name: "engagement".into(),
        bands: ["ambassador", "engaged", "neutral", "not engaged"]
            .map(|name| WeekBand {
                name: Some(name.into()),
                contacts: 100,
                earlier: 90,
                converted: 9,
            })
            .into(),
        rules: (0..15)
            .map(|rule| WeekRule {
                text: format!("rule {rule}"),
                contacts: 1_000,
                points: 9_000,
            })
            .collect(),
    };
    store
        .write(move |tx| {
            for week in 0..104 {
                tx.add_week(&Week {
                    week: format!("{}-W{:02}", 2024 + week / 52, week % 52 + 1),
                    as_of: ago(728 - 7 * week),
                    rules: "f".into(),
                    contacts: 1_000,
                    known_at: 0,
                    scores: vec![score.clone()],
                })?;
            }
            Ok(())
        })
        .expect("weeks are kept");
}

/// A read, and what it took: milliseconds at the median, at most, and of CPU.
struct Asked {
    what: String,
    median: f64,
    longest: f64,
    cpu: f64,
}

impl Asked {
    fn line(&self) -> String {
        let [median, longest, cpu] = [self.median, self.longest, self.cpu].map(number);
        format!(
            "{}: {median} ms at the median, {longest} at most, {cpu} of CPU",
            self.what
        )
    }
}

struct Asking<'a> {
    store: &'a Store,
    asked: Vec<Asked>,
}

impl Asking<'_> {
    /// Asks many times.
    fn ask<T>(&mut self, what: &str, read: impl Fn(&Conn) -> Result<T, StoreError>) -> T {
        let mut took = Vec::new();
        let before = measure::of_thread();
        let mut last = None;
        for _ in 0..CALLS {
            let begun = Instant::now();
            last = Some(self.store.read(&read).expect("a read"));
            took.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        #[expect(clippy::cast_precision_loss, reason = "a count")]
        let cpu = (measure::of_thread() - before) * 1e3 / CALLS as f64;
        took.sort_by(f64::total_cmp);
        let asked = Asked {
            what: what.to_owned(),
            median: took[CALLS / 2],
            longest: took[CALLS - 1],
            cpu,
        };
        eprintln!("    {}", asked.line());
        self.asked.push(asked);
        last.expect("it was asked")
    }

    /// The slowest reads go into the report.
    fn tell(mut self, about: &str, limit: f64, report: &Report) {
        self.asked.sort_by(|a, b| b.median.total_cmp(&a.median));
        report.note(format!(
            "{about}: {} reads, {CALLS} times each. The slowest:",
            self.asked.len()
        ));
        for asked in self.asked.iter().take(SLOWEST) {
            report.note(asked.line());
        }
        report.claim(
            format!("pages: the slowest read of {about}, at the median"),
            (self.asked[0].median, "ms"),
            (Good::Low, limit),
            4.0,
        );
    }

    fn charts(&mut self) {
        let all = [
            ("bands", Grouping::Bands("engagement")),
            ("segments", Grouping::Segments),
            ("stages", Grouping::Stages),
            ("judged and why not", Grouping::Judged),
        ];
        let spread = self.ask("spread of a score now", |conn| conn.spread("engagement"));
        assert!(spread.len() > 50, "points are spread");
        let before = self.ask("spread 30 days ago", |conn| {
            conn.spread_on("engagement", ago(30))
        });
        assert_eq!(before.map(|(_, points)| points), Some(spread));
        for (what, of) in all {
            let sizes = self.ask(&format!("sizes now: {what}"), |conn| conn.group_sizes(of));
            assert!(sizes.groups.len() > 1, "{what}");
            for days in [91, 730] {
                let read = |conn: &Conn| conn.sizes_between(of, ago(days), today());
                let series = self.ask(&format!("sizes over {days} days: {what}"), read);
                assert!(
                    series.iter().all(|day| day.sizes.is_some()),
                    "no day is missing"
                );
                let read = |conn: &Conn| conn.moves(of, ago(days), today());
                self.ask(&format!("moves over {days} days: {what}"), read);
            }
            let read = |conn: &Conn| conn.moves_by_day(of, ago(91), today());
            self.ask(&format!("moves on each of 91 days: {what}"), read);
        }
        self.ask("rules' contributions over 13 weeks", |conn| conn.weeks(13));
        self.ask("rules' contributions over 104 weeks", |conn| {
            conn.weeks(104)
        });
    }

    /// Conditions that nearly nobody meets, from the middle; and one contact with all that its page has.
    fn contacts(&mut self, config: &Config) {
        let (_, (middle, _)) = self.store.read(middle).expect("a middle");
        for text in [
            "any download",
            "no open in 3 months and any purchase in 1 month",
            "engagement > 100000",
        ] {
            let condition = Some(config.condition(text).expect("a condition"));
            let look = |conn: &Conn| {
                let filter = Filter {
                    condition: condition.clone(),
                    ..Filter::default()
                };
                let sieve = Sieve::new(conn, &config.rules, filter, today())?;
                sieve.look(conn, middle, Budget::OF_REQUEST, &mut |_, _, _| {
                    ControlFlow::Continue(())
                })
            };
            let looked = self.ask(&format!("as many as a request may, for: {text}"), look);
            assert!(
                looked.contacts > 1_000 && looked.until.is_some(),
                "{looked:?}"
            );
        }
        let known = self.ask("a contact explained", |conn| {
            because::known(conn, config, (middle, "somebody"), When::default(), END_MS)
        });
        assert!(known.is_some(), "the middle is a contact");
    }

    /// Each list in each order: its first page, and one from its middle.
    fn lists(&mut self) {
        let (many, middle) = self.store.read(middle).expect("a middle");
        let band = |band| Among::Band {
            score: "engagement",
            band: Some(band),
        };
        let lists = [
            ("everybody", Among::Everybody),
            ("a large segment", Among::Segment("cold")),
            ("a smaller segment", Among::Segment("hot")),
            ("the largest band", band(many.as_str())),
            ("the smallest band", band("ambassador")),
            ("a stage", Among::Stage("reader")),
            ("a reason not to judge", Among::Unjudged("too_few_sends")),
            ("addresses that begin with one letter", Among::Address("a")),
            (
                "addresses that begin with three letters",
                Among::Address("a1b"),
            ),
        ];
        let orders = [
            ("as known", Order::Number),
            ("most points", Order::MostPoints("engagement")),
            ("fewest points", Order::FewestPoints("engagement")),
            ("most of another score", Order::MostPoints("fit")),
        ];
        for (what, among) in lists {
            self.ask(&format!("length: {what}"), |conn| conn.length_of(among));
            for (how, order) in orders {
                let wanted = Wanted {
                    among,
                    order,
                    size: 200,
                    after: None,
                };
                let page = self.ask(&format!("{what}, {how}: first page"), |conn| {
                    conn.listing(&wanted)
                });
                // The same way on from the middle, whatever way this list is read.
                let after = page.next.map(|next| next.to_string()[..1].to_owned());
                let text = match after.as_deref() {
                    Some(way @ ("n" | "a")) => format!("{way}{}", middle.0.0),
                    Some(way) => format!("{way}{}.{}", middle.1, middle.0.0),
                    None => continue,
                };
                let after = Some(text.parse().expect("a place"));
                let wanted = Wanted { after, ..wanted };
                self.ask(&format!("{what}, {how}: middle"), |conn| {
                    conn.listing(&wanted)
                });
            }
        }
        self.ask("one contact's state", |conn| conn.state(middle.0));
    }

    fn operation(&mut self, config: &Config) {
        let letters = ConnectionId(1);
        let seen = self.ask("status", |_| status(self.store, config, &Stopped));
        assert!(seen.contacts > 0 && seen.events > seen.contacts && seen.outbox.len() == 3);
        self.ask("sizes", Conn::sizes);
        self.ask("last 50 runs of a connection", |conn| {
            conn.last_runs("sync", Some(letters), 50)
        });
        let week = END_MS - 7 * DAY_MS;
        let strip = self.ask("a week by the hour", |conn| {
            conn.run_hours("sync", Some(letters), week, 168)
        });
        assert!(
            strip.iter().all(|hour| hour.good > 0),
            "every hour has its runs"
        );
        self.ask("all runs of a day", |conn| {
            conn.runs_between(END_MS - DAY_MS, END_MS)
        });
        self.ask("a page of push runs, far back", |conn| {
            conn.runs_before("push", Some(9_000), 50)
        });
        let zone = Zone::new(chrono_tz::Europe::Amsterdam);
        for days in [91, 365] {
            self.ask(
                &format!("what syncs brought on each of {days} days"),
                |conn| conn.brought_by_day(letters, (ago(days), today()), &zone),
            );
        }
    }
}

/// The band with most contacts; points that many have, and a contact in the middle of all.
pub fn middle(conn: &Conn) -> Result<(String, (ContactId, i64)), StoreError> {
    let sizes = conn.group_sizes(Grouping::Bands("engagement"))?;
    let largest = sizes.groups.iter().max_by_key(|size| size.contacts);
    let name = largest.and_then(|size| size.name.clone()).expect("a band");
    let spread = conn.spread("engagement")?;
    let inside = spread.iter().filter(|at| at.band.as_deref() == Some(&name));
    let most = inside.max_by_key(|at| at.contacts).expect("a point");
    let (_, last) = conn.contact_span()?.expect("contacts");
    Ok((name, (ContactId(last.0 / 2), most.shown)))
}
