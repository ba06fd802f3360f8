//! Looks back through a store whose knowledge came at different times.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use engaged_connectors::{
    Clock, Cursor, Page, Stream,
    model::{Address, Contact, ContactRef, Event, Status},
};
use tempfile::TempDir;

use super::{
    candidates::Wanted,
    suggest::{Suggestion, suggest},
    *,
};
use crate::{
    config::{self, Environment},
    score::calendar::Zone,
    store::{Access, Store},
};

struct Standing(DateTime<Utc>);

impl Clock for Standing {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A store, and the configuration that reads it.
struct Bench {
    folder: TempDir,
    store: Store,
    config: Config,
}

impl Bench {
    fn new(rules: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("engaged.toml");
        std::fs::write(&file, format!("timezone = 'Europe/Amsterdam'\n{rules}")).unwrap();
        let config = config::load(&file, &Environment::new()).unwrap();
        let clock = Standing(instant("2026-06-15T10:00:00Z"));
        let store = Store::open(&config.database, Access::ReadWrite, &clock).unwrap();
        Self {
            folder,
            store,
            config,
        }
    }

    /// Takes in what became known at an instant.
    fn known(&self, at: DateTime<Utc>, contacts: Vec<Contact>, events: Vec<Event>) {
        let mut page = Page::empty(Cursor::encode(&"c").unwrap(), true);
        (page.contacts, page.events) = (contacts, events);
        let (zone, at) = (Zone::new(self.config.zone), at.timestamp_millis());
        self.store
            .write(move |tx| {
                let connection = tx.connection("news", "mailchimp", at)?.id;
                tx.commit_page(connection, Stream("contacts"), &page, &zone, at)
            })
            .unwrap();
    }

    fn suggest(&self, facts: &[&str], profile_today: bool) -> Suggestion {
        assert!(self.folder.path().exists());
        let ask = Ask {
            config: &self.config,
            conversion: pattern("any purchase"),
            within: self.config.insight.within,
            profile_today,
        };
        let facts = facts.iter();
        let facts = facts.map(|text| crate::rules::parse_condition(text, &Context::default()));
        let facts: Vec<Condition> = facts.map(Result::unwrap).collect();
        let wanted = if facts.is_empty() {
            Wanted::All
        } else {
            Wanted::These(facts)
        };
        let clock = Standing(instant("2026-06-15T10:00:00Z"));
        suggest(&self.store, &ask, &wanted, None, &clock).unwrap()
    }
}

fn contact(n: u32, role: Option<&str>) -> Contact {
    let role = role.map(|role| ("role".to_owned(), role.to_owned()));
    Contact {
        id: format!("m{n}"),
        email: Address::parse(&format!("p{n}@example.nl")),
        status: Some(Status::Subscribed),
        subscribed_at: Some(instant("2024-01-10T10:00:00Z")),
        lists: Vec::new(),
        fields: role.into_iter().collect::<BTreeMap<_, _>>(),
        tags: None,
    }
}

fn event(n: u32, kind: EventKind, at: DateTime<Utc>) -> Event {
    let who = ContactRef {
        id: Some(format!("m{n}")),
        email: None,
    };
    Event::new(who, kind, at)
}

/// Eighty buyers, of whom the first forty said their role before, and 120 others who said none.
fn half_after() -> Bench {
    let bench = Bench::new("");
    let bought = instant("2026-03-10T10:00:00Z");
    let before = |n: u32| contact(n, (n < 40).then_some("buyer"));
    bench.known(
        bought - TimeDelta::days(30),
        (0..200).map(before).collect(),
        Vec::new(),
    );
    let after = |n: u32| contact(n, Some("buyer"));
    let purchases = (0..80).map(|n| event(n, EventKind::Purchase, bought));
    bench.known(bought, (40..80).map(after).collect(), purchases.collect());
    bench
}

#[test]
fn mg_16_what_was_filled_in_after_the_purchase_is_left_out_and_reported() {
    let bench = half_after();
    let found = bench.suggest(&["field role is 'buyer'"], false);
    assert_eq!((found.all.cases, found.all.conversions), (200, 80));
    let fact = &found.facts[0];
    assert_eq!((fact.count.cases, fact.count.conversions), (40, 40));
    assert_eq!(fact.unknown, 160);
    let late: Vec<_> = found.left_out.fields.iter().collect();
    assert_eq!(late.len(), 1);
    assert_eq!(
        (&*late[0].field, late[0].cases, late[0].conversions),
        ("role", 40, 40)
    );
    // Looking for all that there is finds it, and reports the same.
    let all = bench.suggest(&[], false);
    assert_eq!(all.facts[0].when, "field role is 'buyer'");
    assert_eq!(all.left_out, found.left_out);
    // As it is today, the leak would double the cause; whoever asks for that is warned.
    let leaking = bench.suggest(&["field role is 'buyer'"], true);
    assert_eq!(leaking.facts[0].count.cases, 80);
    assert_eq!(leaking.left_out.fields, []);
    assert!(
        leaking
            .warnings
            .iter()
            .any(|each| each.contains("as they are today"))
    );
    assert_eq!(found.warnings, [""; 0]);
}

#[test]
fn a_field_that_was_changed_counts_as_it_was() {
    let bench = half_after();
    let later = instant("2026-05-01T10:00:00Z");
    let changed = (0..40).map(|n| contact(n, Some("seller")));
    bench.known(later, changed.collect(), Vec::new());
    let found = bench.suggest(&["field role is 'buyer'", "field role is 'seller'"], false);
    assert_eq!(found.facts[0].count.cases, 40);
    assert_eq!(found.too_few[0].count.cases, 0);
    assert_eq!(found.left_out.fields[0].cases, 80);
}

#[test]
fn an_event_counts_from_its_own_date_however_late_it_became_known() {
    let bench = half_after();
    let at = instant("2026-02-01T10:00:00Z");
    let late = (0..50).map(|n| event(n, EventKind::Webinar, at));
    let next_day = instant("2026-03-10T23:30:00Z");
    let after = (0..70).map(|n| event(n, EventKind::Click, next_day));
    bench.known(
        instant("2026-06-01T10:00:00Z"),
        Vec::new(),
        late.chain(after).collect(),
    );
    let found = bench.suggest(&["any webinar", "any click"], false);
    assert_eq!(found.facts[0].when, "any webinar");
    assert_eq!(found.facts[0].count.cases, 50);
    assert_eq!(found.too_few[0].when, "any click");
    assert_eq!(found.too_few[0].count.cases, 0);
    // Eighty purchases and seventy clicks are dated on the day or after it.
    assert_eq!((found.left_out.events, found.left_out.contacts), (150, 80));
}

#[test]
fn whom_we_did_not_know_yet_had_an_address_all_the_same() {
    let bench = Bench::new("");
    let bought = instant("2026-03-10T10:00:00Z");
    let all = (0..100).map(|n| contact(n, Some("buyer"))).collect();
    let purchases = (0..40).map(|n| event(n, EventKind::Purchase, bought));
    // A first sync: all of it becomes known long after.
    bench.known(instant("2026-06-01T10:00:00Z"), all, purchases.collect());
    let found = bench.suggest(
        &["email domain is 'example.nl'", "status is subscribed"],
        false,
    );
    assert_eq!(found.facts[0].count.cases, 100);
    assert_eq!(
        found.facts.len(),
        1,
        "what was said of lists later is not known"
    );
    assert_eq!(found.left_out.lists, 100);
    // No value was known in time, so there is nothing to suggest, and that is said.
    let all = bench.suggest(&[], false);
    assert!(all.facts.is_empty() && all.too_few.is_empty());
    assert_eq!(
        (all.left_out.fields[0].cases, all.left_out.lists),
        (100, 100)
    );
}

#[test]
fn a_conversion_is_something_that_happens() {
    let read = |text: &str| conversion(text, &[]).unwrap().map(|it| it.to_string());
    assert_eq!(read("purchase").as_deref(), Some("purchase"));
    assert_eq!(
        read("any purchase of 'shoes'").as_deref(),
        Some("purchase of 'shoes'")
    );
    for state in [
        "any purchase in 3 months",
        "no purchase",
        "field a is known",
    ] {
        assert_eq!(read(state), None, "{state}");
    }
    assert!(conversion("any purchas", &[]).is_err());
}

fn pattern(text: &str) -> Pattern {
    conversion(text, &[]).unwrap().unwrap()
}

#[test]
fn rules_that_read_the_conversion_by_way_of_others_are_found() {
    let bench = Bench::new(
        "[scores.a]\nrules = [ { when = 'refund', points = -1 }, { when = 'open', points = 1 } ]\n\
         [scores.b]\nrules = [ { when = 'a > 3', points = 1 }, { when = \"segment 'paying'\", points = 2 }, { when = 'any click', points = 1 } ]\n\
         [segments]\npaying = 'not no purchase in 3 months'\n",
    );
    let found = own_conversion(&bench.config.rules, &pattern("purchase"));
    let rules: Vec<&str> = found.iter().map(|(_, rule)| rule.as_str()).collect();
    assert_eq!(rules, ["refund", "a > 3", "segment 'paying'"]);
    let some = own_conversion(&bench.config.rules, &pattern("purchase of 'shoes'"));
    assert_eq!(some, [], "socks may well come before shoes");
}
