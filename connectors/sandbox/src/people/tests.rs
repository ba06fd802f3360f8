//! The world is lifelike where somebody will rely on it.

use std::collections::HashSet;
use std::time::Instant;

use super::*;

/// A Monday, so that both a weekly issue and a quiet day are near.
fn end() -> DateTime<Utc> {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

fn small() -> World {
    World::generate(&WorldSpec::small(7, end(), 600))
}

#[test]
fn the_same_seed_makes_the_same_world_and_another_seed_another() {
    let truths = |seed| {
        let world = World::generate(&WorldSpec::small(seed, end(), 300));
        let addresses: Vec<String> = world.people().iter().map(Person::address).collect();
        (
            addresses,
            Publication::ALL.map(|publication| world.truth(publication)),
        )
    };
    assert_eq!(truths(1), truths(1));
    assert_ne!(truths(1), truths(2));
}

#[test]
fn addresses_are_unique_and_at_reserved_domains() {
    let world = World::generate(&WorldSpec {
        history_months: 1,
        ..WorldSpec::demo(3, end())
    });
    let addresses: HashSet<String> = world.people().iter().map(Person::address).collect();
    assert_eq!(addresses.len(), world.people().len());
    assert_eq!(world.people().len(), 19_900);
    for address in &addresses {
        let (local, domain) = address.split_once('@').unwrap();
        assert!(
            local
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.'),
            "{address}"
        );
        assert!(!local.contains("..") && !local.ends_with('.'), "{address}");
        assert!(
            domain.starts_with("example.") || domain.ends_with(".example"),
            "{address}"
        );
    }
}

#[test]
fn nothing_is_later_than_the_present() {
    let world = small();
    for publication in Publication::ALL {
        for campaign in world.campaigns(publication) {
            assert!((world.start()..=world.end()).contains(&campaign.sent_at));
            assert!(
                campaign
                    .acts
                    .iter()
                    .all(|act| act.at <= world.end() && act.at > campaign.sent_at)
            );
        }
    }
    assert!(world.orders().iter().all(|order| order.at <= world.end()));
    assert!(
        world
            .milestones()
            .iter()
            .all(|change| change.at <= world.end())
    );
}

#[test]
fn a_world_has_something_of_every_kind() {
    let world = World::generate(&WorldSpec {
        history_months: 12,
        ..WorldSpec::small(5, end(), 2_000)
    });
    let truth = world.truth(Publication::Weekly);
    let kinds = [
        truth.opens,
        truth.machine_opens,
        truth.late_opens,
        truth.clicks,
        truth.scanner_clicks,
        truth.hard_bounces,
        truth.soft_bounces,
        truth.unsubscribes,
        truth.returns,
        truth.complaints,
        truth.orders,
    ];
    assert!(kinds.iter().all(|count| *count > 0), "{truth:?}");
    assert!(
        truth.sends > 3 * truth.opened,
        "several sends to an opened mail: {truth:?}"
    );
    assert!(truth.mailed < truth.people);
}

#[test]
fn people_in_both_publications_have_one_address() {
    let world = small();
    let both = world
        .people()
        .iter()
        .filter(|person| {
            Publication::ALL
                .iter()
                .all(|publication| person.joined(*publication).is_some())
        })
        .count();
    assert_eq!(both, 60);
}

#[test]
fn nobody_is_mailed_after_leaving_and_before_coming_back() {
    let world = small();
    for change in world
        .milestones()
        .iter()
        .filter(|change| matches!(change.turn, Turn::Left(_) | Turn::Bounced(_)))
    {
        let back = world
            .milestones()
            .iter()
            .find(|other| {
                other.person == change.person
                    && other.publication == change.publication
                    && other.turn == Turn::Returned
            })
            .map_or(Seconds::MAX, |other| other.at);
        for campaign in world.campaigns(change.publication) {
            if (change.at..back).contains(&campaign.sent_at) {
                assert!(
                    campaign
                        .recipients
                        .binary_search_by_key(&change.person, |mail| mail.person)
                        .is_err()
                );
            }
        }
    }
}

#[test]
fn scanners_follow_all_links_within_two_seconds_of_arrival() {
    let world = small();
    let mut seen = 0;
    for campaign in world.campaigns(Publication::Weekly) {
        for act in &campaign.acts {
            if let Deed::ScannerClick(_) = act.deed {
                let arrived = campaign.sent_at
                    + Seconds::from(campaign.recipients[act.recipient as usize].after);
                assert!(act.at - arrived <= 2);
                seen += 1;
            }
        }
    }
    assert!(seen > 0);
}

#[test]
fn a_day_of_news_brings_something_of_each_kind_and_keeps_what_was() {
    let mut world = World::generate(&WorldSpec::small(11, end(), 2_000));
    let before = Publication::ALL.map(|publication| world.truth(publication));
    let acts = world.campaigns(Publication::Weekly)[0].acts.len();
    let campaigns = world.campaigns(Publication::Weekly).len();
    world.day_of_news();
    for (publication, before) in Publication::ALL.into_iter().zip(before) {
        let after = world.truth(publication);
        assert_eq!(after.campaigns, before.campaigns + 1);
        assert_eq!(after.people, before.people + 1);
        assert!(
            after.unsubscribes > before.unsubscribes
                && after.opened > before.opened
                && after.clicks > before.clicks
        );
    }
    let old = &world.campaigns(Publication::Weekly)[..campaigns];
    let yesterday = world.end() - DAY;
    assert!(
        old.iter()
            .flat_map(|campaign| &campaign.acts)
            .any(|act| act.at > yesterday),
        "a late open on an old mail"
    );
    assert!(world.campaigns(Publication::Weekly)[0].acts.len() >= acts);
}

#[test]
fn a_world_that_was_advanced_has_lost_and_doubled_nothing() {
    let early = end() - chrono::TimeDelta::days(40);
    let mut world = World::generate(&WorldSpec::small(3, early, 200));
    world.advance(40);
    let mut orders: Vec<u32> = world.orders().iter().map(|order| order.number).collect();
    orders.sort_unstable();
    orders.dedup();
    assert_eq!(orders.len(), world.orders().len());
    assert_eq!(world.end(), seconds(end()));
    let weekly: Vec<Seconds> = world
        .campaigns(Publication::Weekly)
        .iter()
        .map(|campaign| campaign.sent_at)
        .collect();
    assert!(
        weekly.windows(2).all(|pair| pair[1] - pair[0] == 7 * DAY),
        "{weekly:?}"
    );
}

#[test]
#[ignore = "a measurement; run it with --release"]
fn the_demo_world_is_made_within_two_seconds() {
    let begin = Instant::now();
    let world = World::generate(&WorldSpec::demo(1, end()));
    println!("{:?}", begin.elapsed());
    for publication in Publication::ALL {
        println!("{:?}", world.truth(publication));
    }
}
