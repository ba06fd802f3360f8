//! The same lives through the database: what the daemon stores is what a full run gives,
//! what the ledger knows, and what replay finds.

use std::collections::BTreeMap;

use engaged::{
    rescore::state,
    score::{
        calendar::{Day, Zone},
        evaluate::{evaluate, evaluate_with_next},
        facts::{Coverage, Facts, Vocabulary},
        model::Model,
    },
    store::{Conn, ContactId, ContactState, StoreError, Which},
    verify::verify,
};
use engaged_connectors::model::{Address, EventKind};

use self::ingest::{At, Stored, text};
use super::{
    compare::{differs, only_seed},
    generate,
    incremental::{self, Models},
    life::{
        Life, News, end_of,
        generate::{kind_of, life, together},
        ledger::Ledger,
        shrink,
    },
    oracle::Oracle,
    random::Random,
    shop,
    tally::Tally,
};

mod ingest;

/// How many lives share a database.
const TOGETHER: u64 = 4;

/// What scoring reads, without the numbers that the order of arrival gives, and without
/// verdicts, which the program itself may judge.
fn content(facts: &Facts, words: &Vocabulary) -> Vec<String> {
    let mut lines: Vec<String> = facts
        .events
        .iter()
        .map(|fact| {
            let index = usize::try_from(fact.campaign.0).expect("an index");
            let campaign = &words.campaigns[index].0;
            let properties = facts.properties.iter().filter(|(id, ..)| *id == fact.id);
            let properties: Vec<_> = properties.map(|(_, name, value)| (name, value)).collect();
            let tracked = fact.tracked && kind_of(fact.kind) == EventKind::Send;
            format!(
                "event {} {:?} {:?} {campaign:?} {:?} {:?} {} {:?} {:?} {tracked} {properties:?}",
                fact.at,
                kind_of(fact.kind),
                fact.connection,
                text(&words.urls, fact.url),
                text(&words.items, fact.item),
                fact.quantity,
                fact.value,
                text(&words.currencies, fact.currency)
            )
        })
        .collect();
    lines.extend(facts.fields.iter().map(|field| format!("field {field:?}")));
    lines.extend(facts.subscriptions.iter().map(|said| format!("{said:?}")));
    lines.extend(facts.adjustments.iter().map(|each| {
        format!(
            "{} {} {} {}",
            each.score, each.points, each.from, each.until
        )
    }));
    lines.sort();
    lines.push(format!(
        "{:?} {} {:?} {:?}",
        facts.subscribed_at,
        facts.first_known_at,
        facts.address.as_ref().map(Address::reveal),
        facts.connections
    ));
    lines
}

fn sorted(mut state: ContactState) -> ContactState {
    state.scores.sort_by(|a, b| a.name.cmp(&b.name));
    state.segments.sort();
    state
}

/// What a run read and left, to be found again by replay.
type Recorded = BTreeMap<ContactId, (Facts, ContactState)>;

/// The facts with all that has no order of its own in one order.
fn ordered(facts: &Facts) -> Facts {
    let mut facts = facts.clone();
    facts.fields.sort();
    facts
        .subscriptions
        .sort_by_key(|said| (said.connection, said.list.clone()));
    facts.adjustments.sort_by_key(|made| made.id);
    facts
}

/// Whether only persons are corrected and merged who are known; a life made smaller may have lost that.
fn is_sound(life: &Life) -> bool {
    let mut known = std::collections::BTreeSet::new();
    life.log.iter().all(|(_, news)| match news {
        News::Card(card) => {
            known.insert(card.person);
            true
        }
        News::Adjust { person, .. } => known.contains(person),
        News::Merge { person } => known.contains(person) && known.contains(&(person - 1)),
        _ => true,
    })
}

/// What is not the same, if anything.
fn disagreement(life: &Life, models: &Models, seed: u64, tally: &mut Tally) -> Option<String> {
    if !is_sound(life) {
        return None;
    }
    let zone = models[0].zone();
    let ledger = Ledger::new(life, zone);
    let mut stored = Stored::new(life, None);
    let mut recorded = Vec::new();
    let mut log = life.log.iter().peekable();
    for (index, run) in life.runs.iter().enumerate() {
        while let Some((at, news)) = log.next_if(|(at, _)| *at <= run.at) {
            stored.take(*at, news);
        }
        let dirty = stored.read(Conn::dirty).contacts;
        let scored = stored.score(run.at, run.rules, false);
        let day = Day(life.day(*run));
        match after_run(&stored, &ledger, (run.at, day), run.rules, tally) {
            Ok(states) => {
                let left_out = states.len() - usize::try_from(scored).expect("few");
                tally.add_many("contacts that a run left out", left_out);
                if let Some(what) = news_unmarked(recorded.last(), &states, &dirty, tally) {
                    return Some(format!("run {index} on {day}: {what}"));
                }
                recorded.push((index, states));
            }
            Err(what) => return Some(format!("run {index} on {day}: {what}")),
        }
    }
    let last = life.runs.last()?;
    let report = verify(&stored.store, &stored.config, &At(last.at)).expect("verified");
    if report.different > 0 || report.waiting > 0 {
        return Some(format!("{report:?}"));
    }
    for (index, states) in &recorded {
        if let Err(what) = replay(&stored, &ledger, *index, states, tally) {
            return Some(format!("run {index} replayed: {what}"));
        }
    }
    let other = another_way(life, seed);
    ends_alike(&stored, &other)
}

/// A contact about whom something became known since the last run without being marked for this one.
fn news_unmarked(
    before: Option<&(usize, Recorded)>,
    now: &Recorded,
    dirty: &[ContactId],
    tally: &mut Tally,
) -> Option<String> {
    for (contact, (facts, _)) in now {
        let then = before.and_then(|(_, before)| before.get(contact));
        let changed = then.is_some_and(|(then, _)| then != facts);
        if changed && !dirty.contains(contact) {
            return Some(format!(
                "{contact:?} has news and no mark: {then:?}\nnow {facts:?}"
            ));
        }
        tally.add(if changed {
            "contacts with news"
        } else {
            "contacts without news"
        });
    }
    None
}

/// The same news in other batches, each report twice, and scored once at the end.
fn another_way(life: &Life, seed: u64) -> Stored<'_> {
    let mut stored = Stored::new(life, Some(Random::new(seed)));
    let Some(last) = life.runs.last() else {
        return stored;
    };
    for (at, news) in life.log.iter().filter(|(at, _)| *at <= last.at) {
        stored.take(*at, news);
    }
    stored.score(last.at, last.rules, true);
    stored
}

fn ends_alike(one: &Stored<'_>, other: &Stored<'_>) -> Option<String> {
    let end = |stored: &Stored<'_>| {
        let mut found = BTreeMap::new();
        for person in 0..stored.life.addresses.len() {
            let Some(contact) = stored.contact(person) else {
                continue;
            };
            let (facts, words, state) = stored.read(|conn| {
                Ok((
                    conn.facts(contact, None)?.expect("known"),
                    conn.vocabulary()?,
                    conn.state(contact)?,
                ))
            });
            found.insert(person, (content(&facts, &words), state.map(sorted)));
        }
        found
    };
    let (one, other) = (end(one), end(other));
    (one != other).then(|| format!("other batches end elsewhere:\n{one:?}\n{other:?}"))
}

/// Compares what is stored with a full evaluation, the oracle, and the ledger.
fn after_run(
    stored: &Stored<'_>,
    ledger: &Ledger<'_>,
    (at, day): (i64, Day),
    rules: usize,
    tally: &mut Tally,
) -> Result<Recorded, String> {
    let zone = ledger.zone();
    let groups: Vec<(Option<ContactId>, Vec<usize>)> = (ledger.contacts(at).into_iter())
        .map(|persons| (stored.contact(persons[0]), persons))
        .collect();
    stored.read(|conn| {
        let words = conn.vocabulary()?;
        let model = Model::new(&stored.life.rules[rules], &words);
        let coverage = conn.coverage(zone, day, None)?;
        let known = ledger.coverage(day.0, at);
        if plain(&coverage) != plain(&known) {
            return Ok(Err(format!("coverage {coverage:?}\nbut is {known:?}")));
        }
        let mut states = BTreeMap::new();
        let mut found = Ok(());
        conn.for_each_facts(Which::All, None, |contact, facts| {
            tally.add("contacts compared after a run");
            let (evaluation, next) = evaluate_with_next(&model, facts, &coverage, day);
            let fresh = sorted(state(&model, &evaluation, next));
            let kept = conn.state(contact)?.map(sorted).unwrap_or_default();
            let oracle = Oracle::new(&stored.life.rules[rules], &words, facts, &coverage);
            let persons = groups
                .iter()
                .find(|(id, _)| *id == Some(contact))
                .map(|(_, persons)| persons);
            let known = persons.and_then(|persons| ledger.facts(persons, at, None));
            let (is, should) = (
                content(facts, &words),
                known.map(|known| content(&known, &stored.life.vocabulary)),
            );
            if Some(&is) != should.as_ref() {
                found = Err(format!("{contact:?} is {is:#?}\nbut {should:#?}"));
            } else if kept != fresh {
                found = Err(format!(
                    "{contact:?} is stored as {kept:?}\nbut is {fresh:?}"
                ));
            } else if let Some(what) = differs(&oracle, &evaluation, day.0) {
                found = Err(what);
            }
            states.insert(contact, (ordered(facts), fresh));
            Ok(())
        })?;
        Ok(found.map(|()| states))
    })
}

/// The days of holes, by what they are holes of.
fn plain(coverage: &Coverage) -> BTreeMap<String, String> {
    let holes = coverage.holes.iter();
    let mut plain: BTreeMap<String, String> = holes
        .map(|(connection, kind, holes)| (format!("{connection:?} {kind:?}"), format!("{holes:?}")))
        .collect();
    let mut reported: Vec<String> = (coverage.reported.iter())
        .flat_map(|reported| &reported.kinds)
        .map(|kind| format!("{kind:?}"))
        .collect();
    reported.sort();
    plain.insert("reported".to_owned(), reported.join(" "));
    plain
}

/// Evaluates a past day by what was known then, and compares with what was found and written that day.
fn replay(
    stored: &Stored<'_>,
    ledger: &Ledger<'_>,
    index: usize,
    states: &Recorded,
    tally: &mut Tally,
) -> Result<(), String> {
    let (life, zone) = (stored.life, ledger.zone());
    let run = life.runs[index];
    let day = Day(life.day(run));
    let is_last_word = life.is_last_word(index, zone);
    let known = if is_last_word {
        end_of(zone, day.0)
    } else {
        run.at
    };
    stored.read(|conn| {
        let model = Model::new(&life.rules[run.rules], &conn.vocabulary()?);
        let coverage = conn.coverage(zone, day, Some(known))?;
        let mut again: Recorded = BTreeMap::new();
        let mut take = |contact, facts: &Facts| {
            let evaluation = evaluate(&model, facts, &coverage, day);
            let state = sorted(state(&model, &evaluation, None));
            again.insert(contact, (ordered(facts), state));
            Ok(())
        };
        if index.is_multiple_of(2) {
            conn.for_each_facts(Which::All, Some(known), &mut take)?;
        } else {
            let all: Vec<ContactId> = states.keys().copied().collect();
            conn.for_each_facts(Which::These(&all), Some(known), &mut take)?;
        }
        for (contact, (facts, then)) in states {
            let then = ContactState {
                next_change_on: None,
                ..then.clone()
            };
            let Some((known, found)) = again.remove(contact) else {
                return Ok(Err(format!("{contact:?} was not known")));
            };
            if known != *facts {
                return Ok(Err(format!(
                    "{contact:?}: known was {facts:?}\nbut replayed {known:?}"
                )));
            }
            if found != then {
                return Ok(Err(format!(
                    "{contact:?} was {then:?}\nbut replayed {found:?}"
                )));
            }
            tally.add("contacts replayed");
            if is_last_word {
                tally.add("history rows compared");
                let written = written(conn, *contact, day)?;
                let shown: BTreeMap<_, _> = then
                    .scores
                    .iter()
                    .map(|score| {
                        (
                            score.name.clone(),
                            (score.raw, score.shown, score.band.clone()),
                        )
                    })
                    .collect();
                if written != shown {
                    return Ok(Err(format!(
                        "{contact:?}: history says {written:?}\nbut was {shown:?}"
                    )));
                }
            }
        }
        Ok(if again.is_empty() {
            Ok(())
        } else {
            Err(format!("nobody knew {again:?}"))
        })
    })
}

/// What the history of scores says of a day.
type Written = BTreeMap<String, (i64, i64, Option<String>)>;

fn written(conn: &Conn, contact: ContactId, day: Day) -> Result<Written, StoreError> {
    let mut latest = BTreeMap::new();
    for row in conn.score_history(contact)? {
        if Day::parse(&row.on).expect("a date") <= day {
            latest.insert(row.score, (row.raw, row.shown, row.band));
        }
    }
    Ok(latest)
}

fn number(default: u64) -> u64 {
    let asked = std::env::var("ENGAGED_STORED").ok();
    asked.map_or(default, |number| {
        number.parse().expect("ENGAGED_STORED is a number")
    })
}

#[test]
fn what_is_stored_is_what_a_full_run_the_oracle_and_replay_give() {
    let vocabulary = generate::vocabulary();
    let mut tally = Tally::default();
    let number = number(40);
    for batch in 0..number.div_ceil(TOGETHER) {
        if only_seed().is_some_and(|only| only != batch) {
            continue;
        }
        let mut random = Random::new(batch);
        let first = if batch % 3 == 0 {
            shop::rules(random.pick(&generate::rules::ZONES), true)
        } else {
            generate::rules::rule_set(&mut random)
        };
        let both = vec![first.clone(), generate::rules::edited(&mut random, &first)];
        let models = incremental::models(&both);
        let zone: &Zone = models[0].zone();
        let mut lives = Vec::new();
        for _ in 0..TOGETHER {
            lives.push(life(&mut random, &both, &vocabulary, zone));
            tally.add("lives");
        }
        let life = together(lives);
        if let Some(what) = disagreement(&life, &models, batch, &mut tally) {
            let fails = |life: &Life, models: &Models| {
                disagreement(life, models, batch, &mut Tally::default())
            };
            let (life, what) = shrink::smallest(life, what, &fails);
            panic!("seed {batch}: {what}\n{}", life.describe());
        }
    }
    println!("{tally}");
    let least = usize::try_from(number).expect("a small number");
    tally.assert_at_least(
        least,
        &[
            "contacts compared after a run",
            "contacts replayed",
            "contacts that a run left out",
            "contacts with news",
            "contacts without news",
            "history rows compared",
        ],
    );
}
