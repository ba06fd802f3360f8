//! What happened, the newest first, a page at a time: who did it and where we know it from.

use engaged_connectors::model::{EventKind, Verdict};
use maud::{Markup, html};

use crate::{
    because::Known,
    score::{
        calendar::{Day, Millis, Zone},
        facts::{Fact, Facts, KindId},
        orders::told_again,
    },
    store::{Conn, StoreError},
    text::inert,
    web::html::{self, Column, Mood, badge},
    words,
};

use super::{Asked, Part};

/// So many events on a page.
const PAGE: usize = 50;

/// What became known so long after it happened is marked as late.
const LATE_MS: Millis = 3 * 86_400_000;

/// So many properties of an event are shown.
const PROPERTIES_MAX: usize = 6;

/// Which events are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    kind: Option<String>,
    /// Instant and number of the last event of the page before.
    before: Option<(Millis, i64)>,
}

impl Wanted {
    /// As it stands in the address; a place that is none is the first page.
    pub(super) fn of(asked: &Asked) -> Self {
        let place = asked.before.as_deref().and_then(|place| {
            let (at, id) = place.split_once('.')?;
            Some((at.parse().ok()?, id.parse().ok()?))
        });
        Self {
            kind: asked.kind.clone().filter(|kind| !kind.is_empty()),
            before: place,
        }
    }
}

/// One page of events.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    events: Vec<Event>,
    /// How many there are of each kind, the most frequent first.
    kinds: Vec<(EventKind, usize)>,
    /// Where the next page begins.
    next: Option<String>,
}

/// One event.
#[derive(Debug)]
struct Event {
    fact: Fact,
    known_at: Option<Millis>,
    platform_id: Option<String>,
    /// Whether a webhook told it and no poll has confirmed it.
    only_told: bool,
    order: Option<String>,
    /// The connection whose event counts in its place.
    told_by: Option<String>,
    /// Why it has its verdict.
    reason: Option<String>,
}

/// Whether an event became known long after it happened, and not with all that was known of the contact at first.
pub(super) fn is_late(fact: &Fact, known_at: Option<Millis>, facts: &Facts) -> bool {
    known_at.is_some_and(|known_at| known_at - fact.at.max(facts.first_known_at) > LATE_MS)
}

impl Timeline {
    /// Reads a page of the events up to a day.
    pub(super) fn read(
        conn: &Conn,
        known: &Known,
        until: Day,
        zone: &Zone,
        wanted: &Wanted,
    ) -> Result<Self, StoreError> {
        let events = &known.facts.events;
        let there = events.partition_point(|fact| zone.day(fact.at) <= until);
        let there = &events[..there];
        let mut sizes: Vec<(KindId, usize)> = Vec::new();
        for fact in there {
            match sizes.iter_mut().find(|(kind, _)| *kind == fact.kind) {
                Some((_, size)) => *size += 1,
                None => sizes.push((fact.kind, 1)),
            }
        }
        sizes.sort_by_key(|(kind, size)| (std::cmp::Reverse(*size), *kind));
        let kind = |id: KindId| known.vocabulary.kind(id);
        let is_asked = |id: KindId| {
            wanted
                .kind
                .as_deref()
                .is_none_or(|name| kind(id).as_str() == name)
        };
        let asked: Vec<KindId> = sizes
            .iter()
            .map(|(id, _)| *id)
            .filter(|id| is_asked(*id))
            .collect();
        // Of one instant, the events stand in the order of their connections; the page before ended at one of them.
        let mut older = there
            .iter()
            .rev()
            .filter(|fact| asked.contains(&fact.kind))
            .peekable();
        if let Some((at, id)) = wanted.before {
            while older.next_if(|fact| fact.at > at).is_some() {}
            let same = older.clone().take_while(|fact| fact.at == at);
            let passed = same.clone().position(|fact| fact.id == id);
            for _ in 0..passed.map_or(0, |place| place + 1) {
                older.next();
            }
        }
        let page: Vec<Fact> = older.by_ref().take(PAGE).copied().collect();
        let next = page.last().filter(|_| older.peek().is_some());
        let next = next.map(|fact| format!("{}.{}", fact.at, fact.id));
        let ids: Vec<i64> = page.iter().map(|fact| fact.id).collect();
        let (arrivals, reasons) = (conn.arrivals(&ids)?, conn.verdict_reasons(&ids, None)?);
        let (platform_ids, told) = (conn.platform_ids(&ids)?, conn.unconfirmed(&ids, None)?);
        let orders = conn.order_numbers(&ids)?;
        let again = told_again(there);
        let told_by = |fact: &Fact| {
            let mut again = again.iter();
            let told = again.find(|told| there[told.again].id == fact.id)?;
            let name = known.vocabulary.connection(there[told.counts].connection)?;
            Some(name.to_owned())
        };
        let events = page.into_iter().map(|fact| Event {
            order: orders.get(&fact.id).cloned(),
            told_by: told_by(&fact),
            known_at: arrivals.get(&fact.id).copied(),
            platform_id: platform_ids.get(&fact.id).cloned(),
            only_told: told.contains(&fact.id),
            reason: reasons.get(&fact.id).cloned(),
            fact,
        });
        Ok(Self {
            events: events.collect(),
            kinds: sizes
                .into_iter()
                .map(|(id, size)| (kind(id), size))
                .collect(),
            next,
        })
    }
}

impl Part<'_> {
    /// What happened.
    pub(super) fn timeline(&self, known: &Known) -> Markup {
        let say = self.say();
        let Timeline {
            events,
            kinds,
            next,
        } = &self.seen.events;
        let columns = [
            Column::text(say.t("contact-event-when")),
            Column::text(say.t("contact-event-what")),
            Column::text(say.t("contact-event-who")),
            Column::text(say.t("contact-event-from")),
        ];
        let rows: Vec<Vec<Markup>> = events
            .iter()
            .map(|event| self.event(event, known))
            .collect();
        let all: usize = kinds.iter().map(|(_, size)| size).sum();
        let kind = self.asked.kind.as_deref();
        html! {
            h2 #events { (say.t("contact-events")) }
            (self.choice(kinds, all))
            (html::table(&say.t("contact-events-caption"), &columns, &rows, &say.t("contact-no-events")))
            @if self.asked.before.is_some() || next.is_some() {
                nav.row aria-label=(say.t("contact-events-pages")) {
                    @if self.asked.before.is_some() {
                        a.button.quiet href={ (self.asked.href(self.seen.id, kind, None)) "#events" } { (say.t("contact-newest-events")) }
                    }
                    @if let Some(next) = next {
                        a.button.quiet href={ (self.asked.href(self.seen.id, kind, Some(next))) "#events" } { (say.t("contact-older-events")) }
                    }
                }
            }
        }
    }

    /// The choice of a kind.
    fn choice(&self, kinds: &[(EventKind, usize)], all: usize) -> Markup {
        let say = self.say();
        let chosen = self.asked.kind.as_deref().unwrap_or_default();
        html! {
            @if kinds.len() > 1 {
                form.row method="get" action={ "/contacts/" (self.seen.id.0) "#events" } {
                    @for (name, value) in [("as_of", &self.asked.as_of), ("known_at", &self.asked.known_at)] {
                        @if let Some(value) = value { input type="hidden" name=(name) value=(inert(value)); }
                    }
                    div {
                        label for="kind" { (say.t("contact-event-kind")) }
                        select #kind name="kind" data-submit {
                            option value="" { (say.with("contact-every-event", [("n", all.into())])) }
                            @for (kind, size) in kinds {
                                option value=(kind.as_str()) selected[chosen == kind.as_str()] {
                                    (words::kind(kind, say.language)) " (" (say.n(i64::try_from(*size).unwrap_or(i64::MAX))) ")"
                                }
                            }
                        }
                    }
                    button.quiet type="submit" { (say.t("contact-show")) }
                }
            }
        }
    }

    fn event(&self, event: &Event, known: &Known) -> Vec<Markup> {
        let say = self.say();
        let (fact, vocabulary) = (&event.fact, &known.vocabulary);
        let kind = vocabulary.kind(fact.kind);
        let late = is_late(fact, event.known_at, &known.facts);
        let when = html! {
            (html::time(say, fact.at))
            @if let (true, Some(known_at)) = (late, event.known_at) {
                br; span.small.soft { (say.with("contact-event-late", [("on", say.millis(known_at).into())])) }
            }
        };
        let from = html! {
            (self.name(vocabulary.connection(fact.connection).unwrap_or("–")))
            @if let Some(id) = &event.platform_id { br; span.small.soft { (self.name(id)) } }
            @if let Some(connection) = &event.told_by {
                br; span.small.soft { (say.with("contact-event-again", [("connection", connection.as_str().into())])) }
            }
            @if event.only_told { br; span.small.soft { (say.t("contact-event-told")) } }
        };
        vec![
            when,
            self.what(&kind, event, known),
            self.whose(&kind, event),
            from,
        ]
    }

    fn what(&self, kind: &EventKind, event: &Event, known: &Known) -> Markup {
        let say = self.say();
        let (fact, vocabulary) = (&event.fact, &known.vocabulary);
        let value = fact.value.map(|value| {
            let ours = known.explanation.currency.as_str();
            let currency = vocabulary.currency(fact.currency).unwrap_or(ours);
            say.amount(value, currency)
        });
        let details = [
            vocabulary.item(fact.item).map(str::to_owned),
            (fact.quantity != 1).then(|| format!("{} ×", say.n(fact.quantity))),
            value,
            event.order.as_ref().map(|number| {
                say.with("contact-event-order", [("number", number.as_str().into())])
            }),
            vocabulary.campaign(fact.campaign).map(str::to_owned),
            vocabulary.url(fact.url).map(str::to_owned),
        ];
        let properties = known
            .facts
            .properties
            .iter()
            .filter(|(id, ..)| *id == fact.id);
        html! {
            strong { (words::kind(kind, say.language)) }
            @for detail in details.iter().flatten() { " · " (self.name(detail)) }
            @if fact.has_properties {
                @for (_, name, value) in properties.take(PROPERTIES_MAX) {
                    br; span.small.soft { (self.name(name)) ": " (self.name(value)) }
                }
            }
        }
    }

    /// Who did it: only what people do is a sign of life.
    fn whose(&self, kind: &EventKind, event: &Event) -> Markup {
        let say = self.say();
        let fact = &event.fact;
        if matches!(kind, EventKind::Send | EventKind::Delivery) {
            return html! { @if !fact.tracked { span.soft { (say.t("contact-event-untracked")) } } };
        }
        match words::machine(fact.verdict, event.reason.as_deref(), say.language) {
            Some(machine) => html! {
                (badge(Mood::Calm, &say.t("contact-event-machine"))) br;
                span.small.soft { (self.name(&machine)) }
            },
            None if fact.verdict == Verdict::Human => {
                html! { (badge(Mood::Good, &say.t("contact-event-person"))) }
            }
            None => html! {},
        }
    }
}
