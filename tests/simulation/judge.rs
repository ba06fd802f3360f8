//! What must hold at any time, and when all trouble is over: the platforms' own books against what the store holds.

use std::collections::{BTreeMap, BTreeSet};

use engaged::{
    score::{
        calendar::Zone,
        facts::{ConnectionId, KindId},
    },
    verify::verify,
};
use engaged_sandbox::mailchimp::Status;
use rusqlite::types::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    life::{JOURNEY, Life, NUMBER, TYPED},
    stage::{PREFIX, Stage, number, ours},
};

/// How many cases a finding names.
const NAMED: usize = 3;

/// Contacts of the shop by the platform's id of their address, with the id that the store knows.
fn shop_ids(stage: &Stage) -> BTreeMap<String, String> {
    let contacts = stage.shop().contacts().into_iter();
    let id = |contact: engaged_sandbox::mailchimp::Contact| {
        (
            contact.email_id,
            format!("{}:{}", contact.list, contact.contact_id),
        )
    };
    contacts.map(id).collect()
}

/// How often the platform started each contact, by its own journal.
pub fn started(stage: &Stage) -> BTreeMap<String, u64> {
    let ids = shop_ids(stage);
    let all = stage.shop().starts().into_iter();
    all.filter_map(|(key, times)| {
        Some((ids.get(key.strip_suffix(JOURNEY)?)?.clone(), times as u64))
    })
    .collect()
}

/// The entries of each contact that are in one of these states.
fn entries(stage: &Stage, states: &str) -> Vec<(String, i64)> {
    let query = format!(
        "select identity.platform_id || '|' || entry.id from automation_entry entry
         join identity on identity.contact_id = entry.contact_id
         join connection on connection.id = identity.connection_id and connection.name = 'shop'
         where entry.state in ({states}) order by entry.id"
    );
    let entry = |row: String| {
        let (contact, entry) = row.rsplit_once('|').unwrap();
        (contact.to_owned(), entry.parse().unwrap())
    };
    stage.rows(&query).into_iter().map(entry).collect()
}

fn times(entries: Vec<(String, i64)>) -> BTreeMap<String, u64> {
    let mut times = BTreeMap::new();
    for (contact, _) in entries {
        *times.entry(contact).or_default() += 1;
    }
    times
}

/// The starts of each contact that the store holds for certain.
pub fn known_starts(stage: &Stage) -> BTreeMap<String, u64> {
    times(entries(stage, "'started'"))
}

/// Entries of which nobody knows whether they were started, with their contacts.
pub fn doubts(stage: &Stage) -> Vec<(i64, String)> {
    entries(stage, "'in doubt'")
        .into_iter()
        .map(|(contact, entry)| (entry, contact))
        .collect()
}

/// How many starts there were, and how many are in doubt.
pub fn starts(stage: &Stage) -> (u64, u64) {
    (started(stage).values().sum(), doubts(stage).len() as u64)
}

/// What holds at any time: nobody is started of whom nothing is written down or more often than they entered, and nobody
/// is more contactable.
pub fn at_any_time(life: &Life) -> Vec<String> {
    let stage = &life.stage;
    let mut broken = Vec::new();
    if !stage.program.path().join("engaged.db").exists() {
        return broken;
    }
    let written = times(entries(stage, "'started', 'attempting', 'in doubt'"));
    let strange: Vec<String> = started(stage)
        .into_iter()
        .filter(|(contact, times)| written.get(contact).copied().unwrap_or(0) < *times)
        .map(|(contact, times)| {
            format!(
                "{contact} {times} times, entered {:?} times",
                written.get(&contact)
            )
        })
        .collect();
    broken.extend(named("were started without an entry", &strange));
    let breaches: Vec<String> = stage
        .shop()
        .consent_breaches()
        .iter()
        .map(|each| format!("{each:?}"))
        .collect();
    broken.extend(named("are more contactable", &breaches));
    broken
}

fn named(what: &str, all: &[String]) -> Option<String> {
    (!all.is_empty()).then(|| format!("{} {what}: {:?}…", all.len(), &all[..all.len().min(NAMED)]))
}

/// What holds at rest: every event once, every score what its events give, every platform as it should be.
pub fn at_rest(life: &mut Life) -> Vec<String> {
    let stage = life.stage.clone();
    let mut broken = Vec::new();
    for (whose, (found, truth)) in [
        ("site", stage.site_found_and_true()),
        ("shop", stage.shop_found_and_true()),
    ] {
        let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for event in found {
            counts.entry(event).or_default().0 += 1;
        }
        for event in truth {
            counts.entry(event).or_default().1 += 1;
        }
        let differ: Vec<String> = counts
            .into_iter()
            .filter(|(_, (ours, theirs))| ours != theirs)
            .map(|(event, (ours, theirs))| format!("{event}: {ours} here, {theirs} there"))
            .collect();
        broken.extend(named(&format!("events of {whose} differ"), &differ));
    }
    broken.extend(scored(life, true));
    let wanted = wanted(&stage);
    broken.extend(named(
        "members of the site differ",
        &site_differences(&stage, &wanted),
    ));
    broken.extend(named(
        "members of the shop differ",
        &shop_differences(life, &stage, &wanted),
    ));
    let known = known_starts(&stage);
    let started = started(&stage);
    if known != started {
        broken.push(format!("starts: {known:?} here, {started:?} there"));
    }
    broken
}

/// What holds whenever the engine is done: every stored score is what its events give. At rest none waits for a run.
pub fn scored(life: &mut Life, rests: bool) -> Option<String> {
    match life.with_jobs(|jobs| verify(&jobs.store, &jobs.config, jobs.clock.as_ref())) {
        Ok(report)
            if report.different == 0
                && report.audit_broken_at.is_none()
                && (!rests || report.waiting == 0 && report.compared > 0) =>
        {
            None
        }
        other => Some(format!("verify: {other:?}")),
    }
}

/// What holds whenever the engine is done: no past day is called complete of which the shop has an event that did not come.
pub fn covered(life: &mut Life) -> Option<String> {
    let stage = life.stage.clone();
    let (found, truth) = stage.shop_found_and_true();
    // What showed only after a reading, though it was dated before, is late: no reading could have had it.
    let (read_at, shown) = &life.read;
    let at = |event: &String| {
        event
            .split('|')
            .nth(3)
            .and_then(|at| at.parse::<i64>().ok())
    };
    let late = |event: &String| at(event) < Some(*read_at) && !shown.contains(event);
    let mut missing = less(truth, &found);
    missing.retain(|event| !late(event));
    if missing.is_empty() {
        return None;
    }
    let shop = ConnectionId(id_of(&stage, "connection", "shop")?);
    let (zone, today, coverage) = life.with_jobs(|jobs| {
        let zone = Zone::new(jobs.config.zone);
        let today = zone.day(jobs.clock.now().timestamp_millis());
        let coverage = jobs.store.read(|conn| conn.coverage(&zone, today, None));
        (zone, today, coverage.unwrap())
    });
    let believed = |event: &String| {
        let parts: Vec<&str> = event.split('|').collect();
        let day = zone.day(parts[3].parse::<i64>().unwrap() * 1000);
        let kind = id_of(&stage, "kind", parts[0]).map(KindId);
        let holes = coverage.holes.iter();
        let holes = holes.filter(|(own, of, _)| *own == shop && (of.is_none() || *of == kind));
        let mut holes = holes.flat_map(|(_, _, holes)| holes);
        day < today && !holes.any(|hole| hole.from <= day && day <= hole.to)
    };
    let believed: Vec<String> = missing.into_iter().filter(believed).collect();
    named(
        "lie on days that are called complete, and did not come",
        &believed,
    )
}

/// What is in the first and not in the second, each as often as it is there.
fn less(all: Vec<String>, without: &[String]) -> Vec<String> {
    let mut without: Vec<&String> = without.iter().collect();
    without.sort();
    let mut left = Vec::new();
    let mut next = without.into_iter().peekable();
    let mut all = all;
    all.sort();
    for one in all {
        while next.next_if(|other| **other < one).is_some() {}
        if next.next_if(|other| **other == one).is_none() {
            left.push(one);
        }
    }
    left
}

fn id_of(stage: &Stage, table: &str, name: &str) -> Option<u16> {
    let ids = stage.rows(&format!(
        "select cast(id as text) from {table} where name = '{name}'"
    ));
    ids.first()?.parse().ok()
}

type Wanted = BTreeMap<String, (i64, BTreeSet<String>)>;

/// Each contact's number and the tags that it should have.
fn wanted(stage: &Stage) -> Wanted {
    let tags = "select contact.email || '|' || text from contact join score on score.contact_id = contact.id
          join word on word.id = band_id
        union select contact.email || '|' || text from contact join segment_member on segment_member.contact_id = contact.id
          join word on word.id = segment_id";
    let scores = "select contact.email || '|' || score.shown from contact join score on score.contact_id = contact.id";
    let mut wanted = Wanted::new();
    for row in stage.rows(scores) {
        let (contact, shown) = row.rsplit_once('|').unwrap();
        wanted.entry(contact.to_owned()).or_default().0 = shown.parse().unwrap();
    }
    for row in stage.rows(tags) {
        let (contact, tag) = row.rsplit_once('|').unwrap();
        wanted
            .entry(contact.to_owned())
            .or_default()
            .1
            .insert(format!("{PREFIX}{tag}"));
    }
    wanted
}

fn site_differences(stage: &Stage, wanted: &Wanted) -> Vec<String> {
    let differs = |(address, (ours, _)): (String, (Vec<String>, Vec<String>))| {
        let ours: BTreeSet<String> = ours.into_iter().collect();
        let Some((_, wanted)) = wanted.get(&address) else {
            return Some(format!("{address} is not known"));
        };
        (ours != *wanted).then(|| {
            println!("{}", writes_of(stage, &address).join("\n"));
            format!("{address} has {ours:?} and should have {wanted:?}")
        })
    };
    stage.labels().into_iter().filter_map(differs).collect()
}

/// How many edits stand as somebody left them.
pub fn edits_that_stayed(life: &Life) -> u64 {
    let contacts = life.stage.shop().contacts();
    let stands = |(whose, what): &&(String, String)| {
        let mut contacts = contacts.iter().filter(|each| each.address == *whose);
        contacts.any(|contact| match what.as_str() {
            NUMBER => number(contact) == Some(TYPED),
            _ => !contact.tags.contains(what),
        })
    };
    life.by_hand.iter().filter(stands).count() as u64
}

/// What stands at the shop against what should: what somebody edited may also be as they left it.
fn shop_differences(life: &Life, stage: &Stage, wanted: &Wanted) -> Vec<String> {
    let contacts = stage.shop().contacts().into_iter();
    let differs = |contact: engaged_sandbox::mailchimp::Contact| {
        let edited = |what: &str| {
            let what = (contact.address.clone(), what.to_owned());
            life.by_hand.contains(&what)
        };
        let mut found = (number(&contact), ours(&contact));
        let Some((score, mut tags)) = wanted.get(&contact.address).cloned() else {
            return Some(format!("{} is not known", contact.address));
        };
        if found.0 == Some(TYPED) && edited(NUMBER) {
            found.0 = Some(score);
        }
        found.1.retain(|tag| !edited(tag));
        tags.retain(|tag| !edited(tag));
        (found != (Some(score), tags.clone())).then(|| {
            format!(
                "{} has {found:?} and should have {score} and {tags:?}",
                contact.address
            )
        })
    };
    contacts
        .filter(|contact| contact.status != Status::Cleaned)
        .filter_map(differs)
        .collect()
}

/// Everything that the database holds, in short, table by table; but for the key of the hashes of those who were erased,
/// which nobody may foretell.
pub fn digest(stage: &Stage) -> Vec<String> {
    let conn = stage.database();
    let tables = stage.rows(
        "select name from sqlite_master where type = 'table' and name <> 'privacy_key' order by name",
    );
    let digest = |table: String| {
        let mut digest = Sha256::new();
        let mut select = conn.prepare(&format!("select * from \"{table}\"")).unwrap();
        let columns = select.column_count();
        let mut rows = select.query(()).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                let value: Value = row.get(column).unwrap();
                digest.update(format!("{value:?}|"));
            }
        }
        format!("{table} {}", hex::encode(digest.finalize()))
    };
    tables.into_iter().map(digest).collect()
}

/// What the store remembers of the writes of one target, for whoever looks into a finding.
pub fn writes_of(stage: &Stage, address: &str) -> Vec<String> {
    stage.rows(&format!(
        "select 'outbox ' || outbox.id || ' ' || target || ' ' || write || '=' || coalesce(value, '-') || ' ' || state || ' tries ' || tries || ' ' || outbox.changed_at || ' ' || coalesce(detail, '')
         from outbox join identity on identity.platform_id = outbox.platform_id and identity.connection_id = outbox.connection_id
         where identity.email = '{address}' and target like 'tag%'
         union all select 'acknowledged ' || target || '=' || coalesce(value, '-') || ' ' || acknowledged.known_at from acknowledged join identity
         on identity.platform_id = acknowledged.platform_id and identity.connection_id = acknowledged.connection_id where identity.email = '{address}'
         union all select 'drift ' || target || ' ours ' || coalesce(ours, '-') from drift join identity
         on identity.platform_id = drift.platform_id and identity.connection_id = drift.connection_id where identity.email = '{address}'"
    ))
}
