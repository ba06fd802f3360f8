//! Keeping verdicts: which messages are judged anew when something about them
//! becomes known, whose word counts, and until when.
//!
//! A source's explicit word (human, privacy proxy, scanner) stands, whenever it
//! comes. Where there is none, the judgement is ours (`crate::verdict`), made
//! from all that is known of the message; it may change until
//! [`REVISABLE_MS`] after the event became known. Each word is a row of the
//! table `verdict`, and the newest is the event's byte in the packed history.
//! A send, the usual event, costs nothing here.

use std::{
    collections::{BTreeSet, HashMap},
    ops::RangeInclusive,
    sync::Arc,
};

use engaged_connectors::model::{EventKind, Verdict};
use rusqlite::{OptionalExtension, params};

use super::{
    Conn, Tx,
    contact::ContactId,
    error::StoreError,
    history::{Ledger, bucket},
    word::{verdict_number, verdict_of},
};
use crate::{
    score::{
        calendar::Millis,
        facts::{ConnectionId, Fact, KindId, TextId},
    },
    verdict::{self, Act, Hit, Judgement, Machines, Opens, REACH_MS, REVISABLE_MS, Reason},
};

/// The reason of a source's word that came after its event.
pub(super) const BY_SOURCE: &str = "source";

/// What a stored kind is to the judge.
fn act_of(kind: KindId) -> Option<Act> {
    Act::of(EventKind::BUILT_IN.get(usize::from(kind.0))?)
}

/// Whether an event is judged together with others of its message.
fn has_company(fact: &Fact) -> bool {
    fact.campaign.is_some()
        && matches!(
            act_of(fact.kind),
            Some(Act::Delivery | Act::Open | Act::Click | Act::Unsubscribe)
        )
}

/// The buckets that judging an event may look into, beside its own.
pub(super) fn buckets_around(fact: &Fact) -> Option<[i64; 2]> {
    has_company(fact).then(|| {
        [
            bucket(fact.at - 2 * REACH_MS),
            bucket(fact.at + 2 * REACH_MS),
        ]
    })
}

/// What a batch changed about one contact's messages.
#[derive(Default)]
pub(super) struct Touched {
    /// Campaign and instant of what became known, or of what was said anew.
    messages: BTreeSet<(TextId, Millis)>,
    /// Events that are judged alone: number and instant.
    alone: Vec<(i64, Millis)>,
}

impl Touched {
    /// Takes note of an event that is new, gone, or said to be somebody else's.
    pub(super) fn note(&mut self, fact: &Fact, id: i64) {
        if has_company(fact) {
            self.messages.insert((fact.campaign, fact.at));
        } else if (fact.has_properties || fact.url.is_some()) && act_of(fact.kind).is_some() {
            self.alone.push((id, fact.at));
        }
    }

    fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.alone.is_empty()
    }

    /// The touched instants of each message; ones so near that they may play a part in the same judgement are one span.
    fn spans(&self) -> Vec<(TextId, RangeInclusive<Millis>)> {
        let mut spans: Vec<(TextId, RangeInclusive<Millis>)> = Vec::new();
        for &(campaign, at) in &self.messages {
            match spans.last_mut() {
                Some((last, span)) if *last == campaign && at - *span.end() <= 2 * REACH_MS => {
                    *span = *span.start()..=at;
                }
                _ => spans.push((campaign, at..=at)),
            }
        }
        spans
    }
}

/// Judges the events of one batch of one connection.
pub(super) struct Court<'t> {
    tx: &'t Tx,
    machines: Arc<Machines>,
    connection: ConnectionId,
    known_at: Millis,
    /// Events above this number are of this batch.
    known_to: i64,
    /// Asked for once there is something to judge.
    opens: Option<Opens>,
    /// Which links are honeypots.
    baits: HashMap<TextId, bool>,
}

impl<'t> Court<'t> {
    pub(super) fn new(
        tx: &'t Tx,
        connection: ConnectionId,
        known_at: Millis,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            known_to: tx.last_event()?,
            tx,
            machines: Arc::clone(&tx.machines.borrow()),
            connection,
            known_at,
            opens: None,
            baits: HashMap::new(),
        })
    }

    /// Judges what a batch touched, with all that is known of it by now; whether any verdict changed.
    pub(super) fn judge(
        &mut self,
        contact: ContactId,
        ledger: &mut Ledger,
        touched: &Touched,
    ) -> Result<bool, StoreError> {
        if touched.is_empty() || !self.machines.judges() {
            return Ok(false);
        }
        ledger.settle();
        let mut changed = false;
        for (campaign, span) in touched.spans() {
            changed |= self.judge_message(contact, ledger, campaign, &span)?;
        }
        for &(id, at) in &touched.alone {
            let found = ledger.between(at..=at).find(|fact| fact.id == id);
            let Some(fact) = found.copied() else {
                continue;
            };
            let reasons = self.own_reasons(&fact)?;
            let opens = self.opens()?;
            let judgement = act_of(fact.kind).and_then(|act| Judgement::of(act, reasons, opens));
            changed |= self.settle(contact, ledger, &fact, judgement)?;
        }
        Ok(changed)
    }

    fn judge_message(
        &mut self,
        contact: ContactId,
        ledger: &mut Ledger,
        campaign: TextId,
        span: &RangeInclusive<Millis>,
    ) -> Result<bool, StoreError> {
        // What is judged is within reach of what is touched; what it is judged by, within reach of that.
        let evidence = span.start() - 2 * REACH_MS..=span.end() + 2 * REACH_MS;
        let judged = span.start() - REACH_MS..=span.end() + REACH_MS;
        let facts: Vec<Fact> = ledger
            .between(evidence)
            .filter(|fact| fact.campaign == campaign && fact.connection == self.connection)
            .filter(|fact| has_company(fact))
            .copied()
            .collect();
        if let [alone] = facts.as_slice()
            && alone.verdict == Verdict::Unknown
            && !alone.has_properties
            && !self.machines.has_honeypots()
        {
            // The usual open: nothing beside it, and nothing said about it.
            return Ok(false);
        }
        let mut hits = Vec::with_capacity(facts.len());
        for fact in &facts {
            hits.push(Hit {
                at: fact.at,
                act: act_of(fact.kind).unwrap_or(Act::Other),
                link: fact.url,
                human: fact.verdict == Verdict::Human,
                own: self.own_reasons(fact)?,
            });
        }
        let judgements = verdict::judge(&hits, self.opens()?);
        let mut changed = false;
        for (fact, judgement) in facts.iter().zip(judgements) {
            if judged.contains(&fact.at) {
                changed |= self.settle(contact, ledger, fact, judgement)?;
            }
        }
        Ok(changed)
    }

    /// Gives an event its verdict, if it is ours to give and still may change; whether it did.
    fn settle(
        &self,
        contact: ContactId,
        ledger: &mut Ledger,
        fact: &Fact,
        judgement: Option<Judgement>,
    ) -> Result<bool, StoreError> {
        let before = match (fact.verdict, &judgement) {
            // A person's by its source's word, or nobody's as before: the usual outcomes.
            (Verdict::Human, _) | (Verdict::Unknown, None) => return Ok(false),
            (Verdict::Unknown, Some(_)) => None,
            _ => match self.tx.our_word(contact, fact.id)? {
                Some(reason) => Some(reason),
                None => return Ok(false),
            },
        };
        let (verdict, reason) = judgement.map_or_else(
            || (Verdict::Unknown, verdict::CLEARED.to_owned()),
            |judgement| (judgement.verdict, judgement.code()),
        );
        if (fact.verdict, before.as_deref()) == (verdict, Some(reason.as_str())) {
            return Ok(false);
        }
        if fact.id > self.known_to && before.is_none() {
            // New in this batch: nobody has said a word yet, and there is all the time.
            self.tx
                .add_word(contact, fact.id, verdict, &reason, self.known_at)?;
            return Ok(ledger.set_verdict(fact, verdict));
        }
        let since: Millis = self
            .tx
            .sql
            .prepare_cached("select known_at from event where id = ?1")?
            .query_row([fact.id], |row| row.get(0))?;
        if self.known_at - since > REVISABLE_MS {
            return Ok(false);
        }
        self.tx
            .record_verdict(contact, fact.id, verdict, &reason, self.known_at)?;
        Ok(ledger.set_verdict(fact, verdict))
    }

    fn own_reasons(&mut self, fact: &Fact) -> Result<Vec<Reason>, StoreError> {
        let act = act_of(fact.kind);
        let Some(act) = act.filter(|act| *act != Act::Delivery) else {
            return Ok(Vec::new());
        };
        let mut reasons = Vec::new();
        if self.is_bait(fact.url)? {
            reasons.push(Reason::Honeypot);
        }
        if fact.has_properties {
            let text: String = self
                .tx
                .sql
                .prepare_cached("select properties from event where id = ?1")?
                .query_row([fact.id], |row| row.get(0))?;
            let properties = serde_json::from_str(&text).map_err(|error| {
                StoreError::damaged(format!("properties of event {}: {error}", fact.id))
            })?;
            reasons.extend(self.machines.by_properties(act, &properties));
        }
        Ok(reasons)
    }

    fn is_bait(&mut self, url: TextId) -> Result<bool, StoreError> {
        if !url.is_some() || !self.machines.has_honeypots() {
            return Ok(false);
        }
        if let Some(&bait) = self.baits.get(&url) {
            return Ok(bait);
        }
        let text: String = self
            .tx
            .sql
            .prepare_cached("select url from url where id = ?1")?
            .query_row([url.0], |row| row.get(0))?;
        let bait = self.machines.is_honeypot(&text);
        self.baits.insert(url, bait);
        Ok(bait)
    }

    fn opens(&mut self) -> Result<Opens, StoreError> {
        if let Some(opens) = self.opens {
            return Ok(opens);
        }
        let name: String = self
            .tx
            .sql
            .prepare_cached("select name from connection where id = ?1")?
            .query_row([self.connection.0], |row| row.get(0))?;
        let opens = self.machines.opens(&name);
        self.opens = Some(opens);
        Ok(opens)
    }
}

impl Tx {
    /// From now on, events are judged by this.
    pub fn judge_by(&self, machines: Arc<Machines>) {
        self.machines.replace(machines);
    }

    /// The reason of the newest word on an event, if that word is ours.
    pub(super) fn our_word(
        &self,
        contact: ContactId,
        event: i64,
    ) -> Result<Option<String>, StoreError> {
        let newest: Option<String> = self
            .sql
            .prepare_cached(
                "select reason from verdict where contact_id = ?1 and event_id = ?2
                 order by known_at desc limit 1",
            )?
            .query_row(params![contact.0, event], |row| row.get(0))
            .optional()?;
        Ok(newest.filter(|reason| verdict::is_ours(reason)))
    }

    /// Judges who caused an event. The word before is kept; replay finds it.
    /// Returns false if there is no such event.
    pub fn set_verdict(
        &self,
        event: i64,
        verdict: Verdict,
        reason: &str,
        known_at: Millis,
    ) -> Result<bool, StoreError> {
        let found: Option<(i64, Millis)> = self
            .sql
            .prepare_cached("select contact_id, at from event where id = ?1")?
            .query_row([event], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((contact, at)) = found else {
            return Ok(false);
        };
        let (contact, number) = (ContactId(contact), bucket(at));
        let mut histories = self.histories()?;
        let mut ledger = histories.load(contact, Some(&[number]))?;
        let bucket = ledger.buckets.get_mut(number);
        let differs = |known| known != verdict;
        let Some(changed) = bucket.and_then(|bucket| bucket.judge((event, at), verdict, differs))
        else {
            return Ok(false);
        };
        // A word that agrees with ours takes its place all the same: ours may be taken back.
        if changed || self.our_word(contact, event)?.is_some() {
            self.record_verdict(contact, event, verdict, reason, known_at)?;
            histories.keep(contact, ledger)?;
            histories.write()?;
            self.mark_dirty([contact])?;
        }
        Ok(true)
    }

    pub(super) fn record_verdict(
        &self,
        contact: ContactId,
        event: i64,
        verdict: Verdict,
        reason: &str,
        known_at: Millis,
    ) -> Result<(), StoreError> {
        // The newest word is the one that holds, also where the clock was set back since the one before.
        let before: Option<Millis> = self
            .sql
            .prepare_cached(
                "select max(known_at) from verdict where contact_id = ?1 and event_id = ?2",
            )?
            .query_row(params![contact.0, event], |row| row.get(0))?;
        let known_at = before.map_or(known_at, |before| before.max(known_at));
        self.add_word(contact, event, verdict, reason, known_at)
    }

    fn add_word(
        &self,
        contact: ContactId,
        event: i64,
        verdict: Verdict,
        reason: &str,
        known_at: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "insert into verdict (contact_id, event_id, known_at, verdict, reason) values (?1, ?2, ?3, ?4, ?5)
                 on conflict do update set verdict = excluded.verdict, reason = excluded.reason",
            )?
            .execute(params![contact.0, event, known_at, verdict_number(verdict), reason])?;
        Ok(())
    }
}

impl Conn {
    /// Why events have the verdict that they have, as known at an instant (`None`: now), where a word came after the event
    /// or is ours: the stored reasons, for [`verdict::words`].
    pub fn verdict_reasons(
        &self,
        events: &[i64],
        known: Option<Millis>,
    ) -> Result<HashMap<i64, String>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select verdict.reason from event join verdict on verdict.contact_id = event.contact_id and event_id = event.id
             where event.id = ?1 and verdict.known_at <= ?2 order by verdict.known_at desc limit 1",
        )?;
        let mut reasons = HashMap::new();
        for event in events {
            let reason: Option<String> = select
                .query_row(params![event, known.unwrap_or(Millis::MAX)], |row| {
                    row.get(0)
                })
                .optional()?;
            reasons.extend(reason.map(|reason| (*event, reason)));
        }
        Ok(reasons)
    }

    /// How many events have each verdict now, by kind: for reports and tests.
    pub fn verdict_sizes(&self, kind: &EventKind) -> Result<HashMap<Verdict, i64>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select coalesce((select verdict from verdict where verdict.contact_id = event.contact_id
                 and event_id = event.id order by verdict.known_at desc limit 1), event.verdict, ?2), count(*)
             from event where kind = ?1 and not exists (select 1 from superseded
               where superseded.contact_id = event.contact_id and superseded.event_id = event.id)
               and not exists (select 1 from confirmed where by_id = event.id) group by 1",
        )?;
        let kind = KindId::built_in(kind).map_or(-1, |kind| i64::from(kind.0));
        let mut sizes = HashMap::new();
        let mut rows = select.query(params![kind, verdict_number(Verdict::Unknown)])?;
        while let Some(row) = rows.next()? {
            sizes.insert(verdict_of(row.get(0)?)?, row.get(1)?);
        }
        Ok(sizes)
    }
}
