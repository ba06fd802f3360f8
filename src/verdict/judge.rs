//! Judging the events of one message by each other.

use std::{collections::HashSet, ops::Range};

use super::{
    AFTER_DELIVERY_MS, Act, BURST_MS, HONEYPOT_MS, Judgement, OPEN_OF_BURST_MS, Opens, Reason,
};
use crate::score::{calendar::Millis, facts::TextId};

/// One event of a message, as the judge sees it.
#[derive(Clone, Debug)]
pub struct Hit {
    /// When.
    pub at: Millis,
    /// What.
    pub act: Act,
    /// The link of a click, if the platform names it.
    pub link: TextId,
    /// Whether its source says that a person did it: then it is not judged, and evidence of nothing.
    pub human: bool,
    /// What it says about itself.
    pub own: Vec<Reason>,
}

/// Judges each event of one message of one contact. The hits are in the order of their instants;
/// one that no machine caused, as far as can be told, gets `None`.
///
/// Each judgement rests on nothing farther away than [`super::REACH_MS`].
pub fn judge(hits: &[Hit], opens: Opens) -> Vec<Option<Judgement>> {
    debug_assert!(hits.is_sorted_by_key(|hit| hit.at), "hits in order");
    let message = Message {
        links: links_at_once(hits),
        hits,
    };
    let judged = hits.iter().enumerate().map(|(index, hit)| {
        if hit.human || hit.act == Act::Delivery {
            return None;
        }
        let mut reasons = hit.own.clone();
        if hit.act != Act::Other {
            message.add_company(index, &mut reasons);
        }
        Judgement::of(hit.act, reasons, opens)
    });
    judged.collect()
}

struct Message<'h> {
    hits: &'h [Hit],
    /// For each hit: how many different links were clicked within one span around it; 0 where it is in no burst.
    links: Vec<usize>,
}

impl Message<'_> {
    fn add_company(&self, index: usize, reasons: &mut Vec<Reason>) {
        let hit = &self.hits[index];
        let links = match hit.act {
            Act::Click => self.links[index],
            // A mail program that reports an open with each click is no machine: only a burst takes opens with it.
            Act::Open => self.burst_near(hit.at, OPEN_OF_BURST_MS),
            Act::Unsubscribe => self.burst_near(hit.at, BURST_MS),
            Act::Delivery | Act::Other => 0,
        };
        if links > 0 {
            reasons.push(Reason::Burst(links));
        }
        let hits_honeypot = |other: &Hit| !other.human && other.own.contains(&Reason::Honeypot);
        if !hit.own.contains(&Reason::Honeypot)
            && self
                .near(hit.at, HONEYPOT_MS)
                .any(|at| hits_honeypot(&self.hits[at]))
        {
            reasons.push(Reason::BesideHoneypot);
        }
        let since = self.span(hit.at - AFTER_DELIVERY_MS + 1, hit.at);
        let arrived = self.hits[since]
            .iter()
            .rfind(|other| other.act == Act::Delivery)
            .filter(|arrived| arrived.at < hit.at || !is_rough(hit.at));
        reasons.extend(arrived.map(|arrived| Reason::Delivery(hit.at - arrived.at)));
    }

    /// The largest burst with a click this near.
    fn burst_near(&self, at: Millis, reach: Millis) -> usize {
        self.near(at, reach)
            .map(|index| self.links[index])
            .max()
            .unwrap_or(0)
    }

    fn near(&self, at: Millis, reach: Millis) -> Range<usize> {
        self.span(at - reach, at + reach)
    }

    /// The hits between two instants, both included.
    fn span(&self, from: Millis, to: Millis) -> Range<usize> {
        let first = self.hits.partition_point(|hit| hit.at < from);
        let last = self.hits.partition_point(|hit| hit.at <= to);
        first..last.max(first)
    }
}

/// Whether an instant may have been rounded: files often give minutes, or a date with a time that somebody made up. What is
/// rounded to one instant did not happen in one.
fn is_rough(at: Millis) -> bool {
    at.rem_euclid(60_000) == 0
}

/// For each click, the most different links clicked within any [`BURST_MS`] that it lies in, if more than one.
fn links_at_once(hits: &[Hit]) -> Vec<usize> {
    let mut links = vec![0; hits.len()];
    let clicks: Vec<usize> = (0..hits.len())
        .filter(|&index| hits[index].act == Act::Click && !hits[index].human)
        .collect();
    let (mut end, mut before) = (0, 0);
    let mut seen = HashSet::new();
    for (start, &first) in clicks.iter().enumerate() {
        while clicks
            .get(end)
            .is_some_and(|&index| hits[index].at - hits[first].at <= BURST_MS)
        {
            end += 1;
        }
        if end == before {
            // Part of the span before it.
            continue;
        }
        before = end;
        let last = clicks[end - 1];
        if hits[first].at == hits[last].at && is_rough(hits[first].at) {
            continue;
        }
        seen.clear();
        // Clicks whose link is not told may all be on one: they are part of a burst, and make none.
        let named = clicks[start..end].iter().map(|&index| hits[index].link);
        seen.extend(named.filter(|link| link.is_some()));
        if seen.len() > 1 {
            for &index in &clicks[start..end] {
                links[index] = links[index].max(seen.len());
            }
        }
    }
    links
}
