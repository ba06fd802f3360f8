//! How often passwords may be tried. Counted in memory: a restart forgives all.
//!
//! Five attempts that failed are free; each further one must wait, a minute at
//! first, then twice as long as before, up to a quarter of an hour. After half
//! an hour without one all is forgotten, so nobody is shut out for good. Of
//! all addresses together 20 attempts a minute are let through, and since only
//! those are remembered, no flood of addresses can fill the memory.

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, Ipv4Addr},
    sync::{Mutex, PoisonError},
};

use super::UserId;
use crate::score::calendar::Millis;

/// Attempts that failed before the next must wait.
const FREE: u32 = 5;
/// Attempts of all addresses within a minute.
const OVERALL: usize = 20;
const MINUTE: Millis = 60_000;
/// The longest wait.
const WAIT_MAX: Millis = 15 * MINUTE;
/// After so long without an attempt all is forgotten.
const FORGOTTEN: Millis = 30 * MINUTE;

/// Whose attempts are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// An IPv4 address.
    Four(Ipv4Addr),
    /// The network part of an IPv6 address: one customer has 2^64 addresses.
    Six([u16; 4]),
    /// Whoever has a session of this user; the flood at the door does not count against them.
    User(UserId),
}

impl Source {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(four) => Self::Four(four),
            IpAddr::V6(six) => {
                let [a, b, c, d, ..] = six.segments();
                Self::Six([a, b, c, d])
            }
        }
    }
}

/// An attempt that was let through. It counts as failed until it is forgiven.
#[derive(Debug)]
pub(super) struct Attempt {
    source: Source,
    at: Millis,
    before: Option<Millis>,
}

#[derive(Default)]
pub(super) struct Throttle {
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    /// When attempts of all addresses were, the oldest first.
    recent: VecDeque<Millis>,
    sources: HashMap<Source, Failed>,
}

/// Attempts of a source that failed, or are not over.
struct Failed {
    times: u32,
    last_at: Millis,
}

impl Failed {
    /// When the next attempt may be.
    fn next_at(&self) -> Millis {
        let Some(more) = self.times.checked_sub(FREE) else {
            return self.last_at;
        };
        let wait = MINUTE.checked_shl(more.min(8)).unwrap_or(WAIT_MAX);
        self.last_at + wait.min(WAIT_MAX)
    }
}

impl Throttle {
    /// Lets an attempt through, or says for how many seconds it must wait.
    pub(super) fn begin(&self, source: Source, now: Millis) -> Result<Attempt, u64> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.forget(now);
        let own = counted.sources.get(&source).map_or(now, Failed::next_at);
        let at_the_door = !matches!(source, Source::User(_));
        let full = at_the_door && counted.recent.len() >= OVERALL;
        let all = counted.recent.front().filter(|_| full);
        let next_at = own.max(all.map_or(now, |oldest| oldest + MINUTE));
        if next_at > now {
            let wait = u64::try_from(next_at - now).unwrap_or_default();
            return Err(wait.div_ceil(1000));
        }
        if at_the_door {
            counted.recent.push_back(now);
        }
        let before = counted.sources.get(&source).map(|failed| failed.last_at);
        let failed = counted.sources.entry(source).or_insert(Failed {
            times: 0,
            last_at: now,
        });
        failed.times = failed.times.saturating_add(1);
        failed.last_at = now;
        Ok(Attempt {
            source,
            at: now,
            before,
        })
    }

    /// The attempt was right: it alone does not count, for who knows one password may guess at others.
    pub(super) fn forgive(&self, attempt: &Attempt) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = counted.recent.iter().position(|at| *at == attempt.at) {
            counted.recent.remove(place);
        }
        if let Some(failed) = counted.sources.get_mut(&attempt.source) {
            failed.times = failed.times.saturating_sub(1);
            if failed.last_at == attempt.at {
                failed.last_at = attempt.before.unwrap_or(attempt.at);
            }
            if failed.times == 0 {
                counted.sources.remove(&attempt.source);
            }
        }
    }
}

impl Counted {
    /// Drops what is old, and what lies ahead because the clock was set back.
    fn forget(&mut self, now: Millis) {
        self.recent
            .retain(|at| (now - MINUTE + 1..=now).contains(at));
        self.sources
            .retain(|_, failed| (now - FORGOTTEN + 1..=now).contains(&failed.last_at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_781_000_000_000;

    fn address(last: u8) -> Source {
        Source::of(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)))
    }

    #[test]
    fn five_attempts_are_free_and_each_further_one_waits_twice_as_long_up_to_a_quarter_of_an_hour()
    {
        let throttle = Throttle::default();
        let mut now = NOW;
        for _ in 0..5 {
            throttle.begin(address(1), now).unwrap();
        }
        for seconds in [60, 120, 240, 480, 900, 900, 900] {
            assert_eq!(throttle.begin(address(1), now).unwrap_err(), seconds);
            let last = now + Millis::try_from(seconds).unwrap() * 1000 - 1;
            assert_eq!(throttle.begin(address(1), last).unwrap_err(), 1);
            now = last + 1;
            throttle.begin(address(1), now).unwrap();
        }
    }

    #[test]
    fn nobody_is_shut_out_for_good() {
        let throttle = Throttle::default();
        for _ in 0..5 {
            throttle.begin(address(1), NOW).unwrap();
        }
        for _ in 0..1000 {
            throttle.begin(address(1), NOW + 1).unwrap_err();
        }
        throttle.begin(address(1), NOW + MINUTE).unwrap();
        let later = NOW + MINUTE + FORGOTTEN;
        for _ in 0..5 {
            throttle.begin(address(1), later).unwrap();
        }
        throttle.begin(address(1), later).unwrap_err();
    }

    #[test]
    fn an_address_waits_alone_and_twenty_a_minute_are_let_through_of_all() {
        let throttle = Throttle::default();
        for last in 0..4 {
            for _ in 0..5 {
                throttle.begin(address(last), NOW).unwrap();
            }
        }
        assert_eq!(throttle.begin(address(9), NOW + 1000).unwrap_err(), 59);
        throttle.begin(address(9), NOW + MINUTE).unwrap();
        // Who is in already is not held up by a flood at the door.
        for last in 10..29 {
            throttle.begin(address(last), NOW + MINUTE).unwrap();
        }
        throttle.begin(address(30), NOW + MINUTE).unwrap_err();
        let user = Source::User(UserId(1));
        for _ in 0..5 {
            throttle.begin(user, NOW + MINUTE).unwrap();
        }
        assert_eq!(throttle.begin(user, NOW + MINUTE).unwrap_err(), 60);
    }

    #[test]
    fn a_right_password_forgives_its_own_attempt_and_no_other() {
        let throttle = Throttle::default();
        for _ in 0..100 {
            let attempt = throttle.begin(address(1), NOW).unwrap();
            throttle.forgive(&attempt);
        }
        assert_eq!(throttle.counted.lock().unwrap().sources.len(), 0);
        for _ in 0..4 {
            throttle.begin(address(1), NOW).unwrap();
        }
        let attempt = throttle.begin(address(1), NOW).unwrap();
        throttle.forgive(&attempt);
        throttle.begin(address(1), NOW).unwrap();
        throttle.begin(address(1), NOW).unwrap_err();
        // After a wait, a right one leaves no wait behind that was not there before.
        let attempt = throttle.begin(address(1), NOW + MINUTE).unwrap();
        throttle.forgive(&attempt);
        throttle.begin(address(1), NOW + MINUTE).unwrap();
    }

    #[test]
    fn attempts_at_once_count_before_they_are_over() {
        let throttle = Throttle::default();
        let under_way: Vec<_> = (0..100)
            .filter_map(|_| throttle.begin(address(1), NOW).ok())
            .collect();
        assert_eq!(under_way.len(), 5);
    }

    #[test]
    fn a_flood_of_addresses_does_not_fill_the_memory() {
        let throttle = Throttle::default();
        let mut most = 0;
        for number in 0..20_000u32 {
            let source = Source::of(IpAddr::V4(Ipv4Addr::from(number)));
            let _ = throttle.begin(source, NOW + Millis::from(number) * 500);
            let counted = throttle.counted.lock().unwrap();
            most = most.max(counted.sources.len());
            assert!(counted.recent.len() <= OVERALL);
        }
        assert!((100..=620).contains(&most), "{most}");
    }

    #[test]
    fn a_network_of_the_sixth_version_is_one_source_and_a_mapped_address_is_of_the_fourth() {
        let of = |text: &str| Source::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let throttle = Throttle::default();
        for last in 0..4 {
            for _ in 0..5 {
                throttle.begin(address(last), NOW).unwrap();
            }
        }
        throttle.begin(address(0), NOW - 60 * MINUTE).unwrap();
    }
}
