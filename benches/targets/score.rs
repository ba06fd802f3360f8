//! Scoring everybody: beside an array in memory and beside one SQL query, with equal sums; then by a
//! real pack, with results stored, and again for the few about whom there is news.

use std::{fs, path::Path, sync::Arc};

use engaged::{
    config::{self, Config},
    preview::{Ask, preview},
    rescore::rescore,
    score::{
        calendar::Day,
        evaluate::evaluate,
        facts::{Facts, KindId},
        model::Model,
    },
    store::{Store, Which},
};
use engaged_connectors::model::EventKind;
use rusqlite::Connection;

use crate::{
    append::{self, Stopped},
    audience::{Audience, END_MS, Happening, What, mix},
    feed::Feed,
    measure,
    report::{Good, Report, number},
};

const DAY_MS: i64 = 86_400_000;

/// Rules that a query can state too.
const LITERAL: &str = r#"
timezone = "UTC"
[scores.all_time]
guards = false
rules = [
  { when = "open", points = 1, count = "each", at_most = 20 },
  { when = "click", points = 10, count = "each", at_most = "50 per day" },
  { when = "unsubscribe", points = -25, count = "each", lifted_by = [] },
  { when = "bounce", points = -30, count = "each", lifted_by = [] },
  { when = "like", points = 5 },
  { when = "page visit", points = 10, count = "each" },
  { when = "no open in 90 days", points = -10 },
  { when = "no click in 180 days", points = -15 },
  { when = "total purchases in 365 days > 250", points = 30 },
  { when = "total purchases in 365 days < 25", points = -20 },
]
[scores.lately]
rules = [{ when = "open", points = 1, count = "each", expires = "60 days" }]
"#;

/// A real pack, and something to push.
const PACK: &str = r#"
timezone = "Europe/Amsterdam"
extends = ["copernica-shop"]
[segments]
cold = "no open in 3 months and no click in 6 months"
"#;

/// The same with other numbers, as a draft.
const DRAFT: &str = r#"
timezone = "Europe/Amsterdam"
extends = ["copernica-shop"]
[scores.lately]
rules = [
  { when = "open", points = 2, expires = "3 months" },
  { when = "click", points = 15, decay = "half-life 30 days", at_most = 100 },
]
"#;

/// A rule set from text.
pub fn configuration(folder: &Path, text: &str) -> Config {
    let file = folder.join("engaged.toml");
    fs::write(&file, text).unwrap();
    config::load(&file, &config::Environment::new()).expect("the rules are sound")
}

/// The same sums over the same scores must come out of everything that computes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    all_time: i64,
    lately: i64,
    /// Tells apart who has which score.
    mixed: i64,
}

impl Sums {
    fn add(&mut self, contact: i64, all_time: i64, lately: i64) {
        self.all_time += all_time;
        self.lately += lately;
        self.mixed += contact % 1_009 * all_time;
    }
}

/// CPU seconds of this thread and of the one that writes.
fn spent() -> f64 {
    measure::of_thread() + measure::of_thread_named("engaged-writer")
}

fn as_of() -> Day {
    Day(i32::try_from(END_MS / DAY_MS).unwrap())
}

/// Evaluates everybody; stores nothing. The CPU seconds it took.
fn everybody(store: &Store, config: &Config, mut each: impl FnMut(i64, &[i64])) -> f64 {
    let before = spent();
    store
        .read(|conn| {
            let model = Model::new(&config.rules, &conn.vocabulary()?);
            let zone = engaged::score::calendar::Zone::new(config.zone);
            let coverage = conn.coverage(&zone, as_of(), None)?;
            let mut shown = Vec::new();
            conn.for_each_needed(Which::All, None, &model.needs(), |contact, facts| {
                let evaluation = evaluate(&model, facts, &coverage, as_of());
                shown.clear();
                shown.extend(evaluation.scores.iter().map(|score| score.shown));
                each(contact.0, &shown);
                Ok(())
            })
        })
        .unwrap();
    spent() - before
}

/// Previews a draft against the pack. The CPU seconds of all threads.
fn drafted(store: &Store, pack: &Config, folder: &Path) -> f64 {
    let file = folder.join("draft.toml");
    fs::write(&file, DRAFT).unwrap();
    let nothing = config::Environment::new();
    let draft = config::load_draft(&pack.file, &file, &nothing).expect("the draft is sound");
    let ask = Ask {
        now: pack,
        draft: &draft,
        as_of: Some(as_of()),
    };
    let before = measure::of_process();
    let found = preview(store, &ask, &Stopped, None).unwrap();
    assert!(found.changed > 0, "the draft changes nothing");
    measure::of_process() - before
}

/// Scores a filled store in every way.
#[expect(clippy::cast_precision_loss, reason = "counts")]
pub fn measure(
    store: &Store,
    file: &Path,
    audience: &Arc<Audience>,
    events: usize,
    report: &Report,
) {
    let folder = file.parent().unwrap();
    let contacts = f64::from(audience.contacts());
    // What 20 million events and a million contacts would take.
    let (per_20m, per_1m) = (20e6 / events as f64, 1e6 / contacts);

    let literal = configuration(folder, LITERAL);
    let mut ours = Sums::default();
    let scored = everybody(store, &literal, |contact, shown| {
        ours.add(contact, shown[0], shown[1]);
    });
    let (array, in_memory) = array(store, audience.contacts());
    let (clustered, in_sql) = clustered(file, audience);
    assert_eq!((ours, ours), (array, clustered), "the scores differ");
    report.note(format!(
        "20 million events, same sums: array in memory {} CPU s, one SQL query on a clustered table {}, the same rules here {}",
        number(in_memory * per_20m),
        number(in_sql * per_20m),
        number(scored * per_20m)
    ));
    report.claim(
        "score: CPU s for 20 million events",
        (scored * per_20m, "s"),
        (Good::Low, 1.5),
        4.0,
    );
    report.claim(
        "score: times an array in memory",
        (scored / in_memory, "x"),
        (Good::Low, 8.0),
        5.0,
    );
    report.claim(
        "score: times ahead of one SQL query",
        (in_sql / scored, "x"),
        (Good::High, 25.0),
        6.0,
    );

    let pack = configuration(folder, PACK);
    // Two seconds on two cores.
    report.claim(
        "preview of a draft: CPU s for a million contacts",
        (drafted(store, &pack, folder) * per_1m, "s"),
        (Good::Low, 4.0),
        4.0,
    );
    runs(store, &pack, audience, report);
}

/// Runs that store: everybody, everybody again, one in a hundred.
#[expect(clippy::cast_precision_loss, reason = "counts")]
fn runs(store: &Store, pack: &Config, audience: &Arc<Audience>, report: &Report) {
    let contacts = u64::from(audience.contacts());
    let run = |full| {
        let before = spent();
        let found = rescore(store, pack, &Stopped, full, &|_, _| {}).unwrap();
        (found, spent() - before)
    };
    let (first, stored) = run(true);
    assert_eq!(first.scored, contacts);
    let (again, full) = run(true);
    assert_eq!(
        (again.scored, again.changed),
        (contacts, 0),
        "a second run changes nothing"
    );
    report.note(format!(
        "a million contacts by `copernica-shop`, next change included: {} CPU s when everything is stored for the first time, {} when nothing changed",
        number(stored * 1e6 / contacts as f64),
        number(full * 1e6 / contacts as f64)
    ));
    let few = contacts / 100;
    let liked = move |number: u64| Happening {
        contact: u32::try_from(mix([3, number, 0, 0]) % contacts).unwrap(),
        at: END_MS - 1_000 - i64::try_from(number).unwrap(),
        what: What::Like,
        campaign: 0,
        which: 0,
        value: 0,
    };
    append::sync(store, &Feed::events((0..few).map(liked)), &Stopped);
    let before = measure::of_thread();
    let (dirty, part) = run(false);
    let reading = measure::of_thread() - before;
    assert!(
        dirty.scored > few * 9 / 10 && dirty.scored <= few,
        "only those with news: {dirty:?}"
    );
    let scored = dirty.scored as f64;
    report.note(format!(
        "one contact in a hundred has news: {} are read and scored per CPU second, {} are read, scored and stored",
        number(scored / reading),
        number(scored / part)
    ));
    report.claim(
        "rescore: changed contacts read and scored per CPU second",
        (scored / reading, ""),
        (Good::High, 80_000.0),
        8.0,
    );
    report.claim(
        "rescore: share of a full run with 1 % changed",
        (part / full * 100.0, "%"),
        (Good::Low, 3.0),
        4.0,
    );
}

/// Sixteen bytes of an event: contact, second, kind, cents.
type Record = [u32; 4];

/// The limit: a sorted array and a loop.
fn array(store: &Store, contacts: u32) -> (Sums, f64) {
    let mut records: Vec<Record> = Vec::new();
    let mut keep = |contact: i64, facts: &Facts| {
        for fact in &facts.events {
            let second = u32::try_from(fact.at / 1_000).unwrap();
            let value = u32::try_from(fact.value.unwrap_or(0)).unwrap();
            records.push([
                u32::try_from(contact).unwrap(),
                second,
                fact.kind.0.into(),
                value,
            ]);
        }
    };
    store
        .read(|conn| {
            conn.for_each_facts(Which::All, None, |contact, facts| {
                keep(contact.0, facts);
                Ok(())
            })
        })
        .unwrap();
    let before = measure::of_thread();
    let kinds = [
        EventKind::Open,
        EventKind::Click,
        EventKind::Unsubscribe,
        EventKind::Bounce,
        EventKind::Like,
        EventKind::PageVisit,
        EventKind::Purchase,
    ]
    .map(|kind| u32::from(KindId::built_in(&kind).unwrap().0));
    let today = u32::try_from(END_MS / DAY_MS).unwrap();
    let mut sums = Sums::default();
    let mut at = 0;
    for contact in 1..=contacts {
        let from = at;
        while at < records.len() && records[at][0] == contact {
            at += 1;
        }
        let (all_time, lately) = literally(&records[from..at], kinds, today);
        sums.add(contact.into(), all_time, lately);
    }
    (sums, measure::of_thread() - before)
}

/// The rules of [`LITERAL`] for one contact.
fn literally(events: &[Record], kinds: [u32; 7], today: u32) -> (i64, i64) {
    let [open, click, unsubscribe, bounce, like, visit, purchase] = kinds;
    let (mut opens, mut lately, mut points, mut spent) = (0_i64, 0, 0, 0_i64);
    let (mut last_read, mut last_click) = (0, 0);
    let (mut click_day, mut of_day) = (0, 0);
    for &[_, second, kind, value] in events {
        let day = second / 86_400;
        if kind == open {
            opens += 1;
            lately += i64::from(day + 60 > today);
            last_read = day;
        } else if kind == click {
            of_day = if day == click_day { of_day + 1 } else { 1 };
            click_day = day;
            points += if of_day <= 5 { 10 } else { 0 };
            (last_read, last_click) = (day, day);
        } else if kind == unsubscribe {
            points -= 25;
        } else if kind == bounce {
            points -= 30;
        } else if kind == like {
            points += 5;
        } else if kind == visit {
            points += 10;
        } else if kind == purchase && day + 365 > today {
            spent += i64::from(value);
        }
    }
    points += opens.min(20);
    points -= if last_read + 90 <= today { 10 } else { 0 };
    points -= if last_click + 180 <= today { 15 } else { 0 };
    points += if spent > 25_000 { 30 } else { 0 };
    points -= if spent < 2_500 { 20 } else { 0 };
    (points, lately)
}

/// The same rules as one query over a table that keeps each contact's rows together.
fn clustered(file: &Path, audience: &Arc<Audience>) -> (Sums, f64) {
    let path = file.with_extension("clustered");
    let mut sql = Connection::open(&path).unwrap();
    let create = "pragma page_size = 8192; pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -64000;
        create table contact (id integer primary key) strict;
        create table event (contact_id integer, at integer, kind integer, campaign_id integer, number integer, value integer,
          primary key (contact_id, at, kind, campaign_id, number)) strict, without rowid;
        create temp table arrived (contact_id integer, at integer, kind integer, campaign_id integer, value integer);";
    sql.execute_batch(create).unwrap();
    let tx = sql.transaction().unwrap();
    {
        let mut insert = tx
            .prepare("insert into arrived values (?1, ?2, ?3, ?4, ?5)")
            .unwrap();
        for each in audience.happenings() {
            let contact = each.contact + 1;
            insert
                .execute((
                    contact,
                    each.at,
                    each.what as i64,
                    each.campaign,
                    each.value,
                ))
                .unwrap();
        }
        let fill = "insert into event select contact_id, at, kind, campaign_id, row_number() over (), value
              from arrived order by contact_id, at, kind, campaign_id;
            with recursive n(id) as (select 1 union all select id + 1 from n where id < CONTACTS)
            insert into contact select id from n;";
        tx.execute_batch(&fill.replace("CONTACTS", &audience.contacts().to_string()))
            .unwrap();
    }
    tx.commit().unwrap();
    let query = QUERY.replace("TODAY", &(END_MS / DAY_MS).to_string());
    let before = measure::of_thread();
    let sums = sql
        .query_row(&query, (), |row| {
            Ok(Sums {
                all_time: row.get(0)?,
                lately: row.get(1)?,
                mixed: row.get(2)?,
            })
        })
        .unwrap();
    let cpu = measure::of_thread() - before;
    drop(sql);
    fs::remove_file(path).unwrap();
    (sums, cpu)
}

/// Kinds are numbered as in [`What`].
const QUERY: &str = "
with daily as (
  select contact_id, at / 86400000 as day,
    sum(kind = 2) as opens, min(5, sum(kind = 3)) * 10 as clicks,
    sum(iif(kind = 5, -25, iif(kind = 4, -30, iif(kind = 7, 5, iif(kind = 6, 10, 0))))) as others,
    max(kind in (2, 3)) as was_read, max(kind = 3) as was_clicked, sum(iif(kind = 8, value, 0)) as spent
  from event group by contact_id, at / 86400000
), summed as (
  select contact_id, min(20, sum(opens)) + sum(clicks) + sum(others) as points,
    sum(iif(day + 60 > TODAY, opens, 0)) as lately,
    max(iif(was_read, day, 0)) as last_read, max(iif(was_clicked, day, 0)) as last_click,
    sum(iif(day + 365 > TODAY, spent, 0)) as spent
  from daily group by contact_id
), scored as (
  select contact.id, coalesce(points, 0) - iif(coalesce(last_read, 0) + 90 <= TODAY, 10, 0)
      - iif(coalesce(last_click, 0) + 180 <= TODAY, 15, 0)
      + iif(coalesce(spent, 0) > 25000, 30, 0) - iif(coalesce(spent, 0) < 2500, 20, 0) as all_time,
    coalesce(lately, 0) as lately
  from contact left join summed on contact_id = contact.id
)
select sum(all_time), sum(lately), sum(id % 1009 * all_time) from scored";
