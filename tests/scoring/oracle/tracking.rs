//! What a contact has not agreed to, as if nobody had looked; and what is no longer known, because it was old.

use engaged::{
    rules::tracking::Signal,
    score::facts::{Fact, Facts, KindId},
};
use engaged_connectors::model::EventKind;

use super::{Oracle, dates};

/// What each kind is measured as.
fn signal(kind: &EventKind) -> Option<Signal> {
    match kind.as_str() {
        "open" => Some(Signal::Open),
        "click" | "page_visit" | "download" => Some(Signal::Click),
        _ => None,
    }
}

/// Whether an event is one of those that nobody may use.
pub(super) fn is_hidden(facts: &Facts, fact: &Fact) -> bool {
    let built_in = EventKind::BUILT_IN.get(usize::from(fact.kind.0));
    let signal = built_in.and_then(signal);
    signal.is_some_and(|signal| fact.at < facts.consent.from(signal))
}

impl Oracle<'_> {
    /// Up to which day nobody looked at events of a kind; `Some(i32::MAX)` if nobody looks still.
    pub(super) fn blind(&self, kind: &EventKind, with_clicks: bool) -> Option<i32> {
        let mut signals: Vec<Signal> = signal(kind).into_iter().collect();
        if with_clicks && *kind == EventKind::Open {
            signals.push(Signal::Click);
        }
        let days = signals
            .into_iter()
            .filter_map(|signal| match self.facts.consent.from(signal) {
                i64::MIN => None,
                i64::MAX => Some(i32::MAX),
                at => Some(dates::local(self.rules.zone, at)),
            });
        days.max()
    }

    /// The last day of which not every event of a kind is known any more.
    pub(super) fn forgotten(&self, kind: &EventKind, with_clicks: bool) -> Option<i32> {
        let forgotten = self.facts.forgotten?;
        let mut kinds = vec![kind.clone()];
        if with_clicks && *kind == EventKind::Open {
            kinds.push(EventKind::Click);
        }
        if *kind == EventKind::Bounce {
            kinds.extend([EventKind::HardBounce, EventKind::SoftBounce]);
        }
        // Declared kinds are one.
        let number = |kind: &EventKind| KindId::built_in(kind).unwrap_or(KindId(u16::MAX));
        let among = kinds.iter().any(|kind| forgotten.kinds.has(number(kind)));
        among.then(|| dates::local(self.rules.zone, forgotten.until_at))
    }
}
