//! What an edit of the rules would change, before anybody publishes it.
//!
//! Everybody is evaluated under the present rules and under the draft, in one
//! pass over one state of the store: stored scores are a cache and are not
//! asked. Counting goes on while reading, so memory does not grow with the
//! number of contacts. Nothing is written, here or on a platform.

pub mod contact;
pub mod pair;
pub mod push;
pub mod report;
pub mod tally;

use std::{
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use engaged_connectors::Clock;

use self::{contact::ContactChange, pair::Pairing, push::Pushes, report::Preview, tally::Tally};
use crate::{
    config::{Config, Draft},
    score::{
        beside::{Beside, On},
        calendar::{Day, Zone},
        facts::{Coverage, Facts, Needs},
    },
    store::{Conn, ContactId, Snapshot, Store, StoreError, Which},
};

/// Numbers of contacts that one thread takes at a time.
const CHUNK: i64 = 2_048;
/// Chunks of listed contacts that may wait for the one who prints them.
const WAITING: usize = 2;
/// More threads than this would wait for the disk.
const THREADS_MAX: usize = 8;

/// What is asked.
pub struct Ask<'a> {
    /// The present configuration.
    pub now: &'a Config,
    /// The draft.
    pub draft: &'a Draft,
    /// The date; today if left out.
    pub as_of: Option<Day>,
}

/// The date and the holes that one of the two sets of rules sees.
struct Side {
    coverage: Coverage,
    as_of: Day,
}

impl Side {
    fn new(
        conn: &Conn,
        config: &Config,
        ask: &Ask<'_>,
        clock: &dyn Clock,
    ) -> Result<Self, StoreError> {
        let zone = Zone::new(config.zone);
        let today = zone.day(clock.now().timestamp_millis());
        Ok(Self {
            coverage: conn.coverage(&zone, today, None)?,
            as_of: ask.as_of.unwrap_or(today),
        })
    }

    fn on(&self) -> On<'_> {
        On {
            as_of: self.as_of,
            coverage: &self.coverage,
        }
    }
}

/// Compares the draft with the present rules for everybody. `listed`, if given,
/// is handed each contact for whom anything differs, in the order of contacts.
pub fn preview(
    store: &Store,
    ask: &Ask<'_>,
    clock: &dyn Clock,
    listed: Option<&mut dyn FnMut(&ContactChange)>,
) -> Result<Preview, StoreError> {
    let threads = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(THREADS_MAX);
    let snapshots = store.snapshots(threads)?;
    let Some(first) = snapshots.first() else {
        return Err(StoreError::bug("a preview without a reader"));
    };
    let now = Side::new(first, ask.now, ask, clock)?;
    let other = if ask.now.zone == ask.draft.config.zone {
        None
    } else {
        Some(Side::new(first, &ask.draft.config, ask, clock)?)
    };
    let rules = first.rules_numbered(&ask.now.rules_hash)?;
    let behind = first.count_behind(now.as_of, rules)?;
    let span = first.contact_span()?;
    let pairing = Pairing::new(&ask.now.rules, &ask.draft.config.rules);
    let pushes = Pushes::new(ask.now, &ask.draft.config, &first.connections()?);
    let both = Beside::new(
        &pairing.now,
        &pairing.draft,
        &first.vocabulary()?,
        pairing.twins(),
    );
    let mut needs = both.needs();
    needs.address |= listed.is_some();
    let work = Work {
        rules: &both,
        now: &now,
        draft: other.as_ref().unwrap_or(&now),
        pairing: &pairing,
        pushes: &pushes,
        needs: &needs,
        span,
        threads: i64::try_from(threads).unwrap_or(1),
        listing: listed.is_some(),
    };
    let tally = work.share(snapshots, listed)?;
    Ok(report::report(
        ask,
        &pairing,
        &pushes,
        &tally,
        (now.as_of, behind),
    ))
}

/// What all threads share.
struct Work<'a> {
    rules: &'a Beside,
    now: &'a Side,
    draft: &'a Side,
    pairing: &'a Pairing,
    pushes: &'a Pushes,
    needs: &'a Needs,
    span: Option<(ContactId, ContactId)>,
    threads: i64,
    listing: bool,
}

type Listed = Vec<ContactChange>;

impl Work<'_> {
    fn share(
        &self,
        snapshots: Vec<Snapshot>,
        listed: Option<&mut dyn FnMut(&ContactChange)>,
    ) -> Result<Tally, StoreError> {
        thread::scope(|scope| {
            let mut receivers = Vec::new();
            let mut threads = Vec::new();
            for (number, snapshot) in (0..).zip(snapshots) {
                let (sender, receiver) = sync_channel(WAITING);
                receivers.push(receiver);
                threads.push(scope.spawn(move || self.part(&snapshot, number, &sender)));
            }
            if let Some(listed) = listed {
                list(&receivers, listed);
            }
            drop(receivers);
            let mut all = Tally::new(self.pairing, self.pushes);
            for thread in threads {
                match thread.join() {
                    Ok(part) => all.add(&part?),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            Ok(all)
        })
    }

    /// The part of one thread.
    fn part(
        &self,
        conn: &Conn,
        number: i64,
        sender: &SyncSender<Listed>,
    ) -> Result<Tally, StoreError> {
        let mut tally = Tally::new(self.pairing, self.pushes);
        let Some((first, last)) = self.span else {
            return Ok(tally);
        };
        let mut from = first.0 + number * CHUNK;
        while from <= last.0 {
            let mut changes = Vec::new();
            let chunk = Which::Between(ContactId(from), ContactId(last.0.min(from + CHUNK - 1)));
            conn.for_each_needed(chunk, None, self.needs, |contact, facts| {
                changes.extend(self.contact(&mut tally, contact, facts));
                Ok(())
            })?;
            if self.listing && sender.send(changes).is_err() {
                break;
            }
            from += self.threads * CHUNK;
        }
        Ok(tally)
    }

    fn contact(
        &self,
        tally: &mut Tally,
        contact: ContactId,
        facts: &Facts,
    ) -> Option<ContactChange> {
        let both = self.rules.evaluate(facts, self.now.on(), self.draft.on());
        let differs = tally.take(self.pairing, &both);
        tally.push(self.pushes, &facts.connections, &both.now, &both.draft);
        (differs && self.listing)
            .then(|| ContactChange::new(self.pairing, (contact, facts), &both.now, &both.draft))
    }
}

/// The chunks in their order: the threads have them in turn, and one that is ahead waits.
fn list(receivers: &[Receiver<Listed>], listed: &mut dyn FnMut(&ContactChange)) {
    let mut threads = receivers.iter().cycle();
    // A thread that has no more, or has failed, is found out when it is joined.
    while let Some(Ok(changes)) = threads.next().map(Receiver::recv) {
        changes.iter().for_each(&mut *listed);
    }
}
