//! How often one address may come: a bucket each, which fills again by itself.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use crate::score::calendar::Millis;

/// So many addresses are remembered; whoever comes then shares one bucket.
const ADDRESSES_MAX: usize = 4_096;
/// The one that is shared.
const OTHERS: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Buckets of one size.
pub(super) struct Buckets {
    per_second: f64,
    size: f64,
    known: Mutex<HashMap<IpAddr, Bucket>>,
}

struct Bucket {
    left: f64,
    at: Millis,
}

impl Buckets {
    /// Full ones: so many a second, and so many at once.
    pub(super) fn new((per_second, size): (f64, f64)) -> Self {
        Self {
            per_second,
            size,
            known: Mutex::default(),
        }
    }

    /// Takes one from an address's bucket. False if it is empty.
    pub(super) fn take(&self, address: IpAddr, now: Millis) -> bool {
        let mut source = network(address);
        // Each bucket is changed in one go.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ADDRESSES_MAX && !known.contains_key(&source) {
            known.retain(|_, bucket| self.level(bucket, now) < self.size);
            if known.len() >= ADDRESSES_MAX {
                source = OTHERS;
            }
        }
        let bucket = known.entry(source).or_insert(Bucket {
            left: self.size,
            at: now,
        });
        let level = self.level(bucket, now);
        let there = level >= 1.0;
        bucket.left = if there { level - 1.0 } else { level };
        bucket.at = now;
        there
    }

    fn level(&self, bucket: &Bucket, now: Millis) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds since the last delivery"
        )]
        // A clock that was set back gives nothing, and takes nothing.
        let seconds = (now - bucket.at).max(0) as f64 / 1_000.0;
        (bucket.left + seconds * self.per_second).min(self.size)
    }
}

/// An address without what its owner can choose: one customer has 2^64 of version 6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        four @ IpAddr::V4(_) => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn four(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(number + 0x0a00_0000))
    }

    #[test]
    fn a_bucket_is_emptied_and_fills_again_and_is_nobody_elses() {
        let buckets = Buckets::new((2.0, 3.0));
        let at = |now| buckets.take(four(1), now);
        assert_eq!([at(0), at(0), at(0), at(0)], [true, true, true, false]);
        assert!(buckets.take(four(2), 0));
        assert!(!at(499));
        assert!(at(500));
        // Set back: neither more nor less.
        assert!(!at(0));
        assert_eq!(
            [at(9_000), at(9_000), at(9_000), at(9_000)],
            [true, true, true, false]
        );
    }

    #[test]
    fn all_addresses_of_one_customer_of_version_six_share_a_bucket() {
        let buckets = Buckets::new((0.0, 1.0));
        assert!(buckets.take("2001:db8:1:2::1".parse().unwrap(), 0));
        assert!(!buckets.take("2001:db8:1:2:ffff::9".parse().unwrap(), 0));
        assert!(buckets.take("2001:db8:1:3::1".parse().unwrap(), 0));
        assert!(buckets.take("::ffff:10.0.0.1".parse().unwrap(), 0));
        assert!(!buckets.take("10.0.0.1".parse().unwrap(), 0));
    }

    #[test]
    fn a_flood_of_addresses_fills_no_memory_and_opens_nothing() {
        let buckets = Buckets::new((0.0, 1.0));
        let let_in = (0..10_000)
            .filter(|number| buckets.take(four(*number), 0))
            .count();
        assert_eq!(let_in, ADDRESSES_MAX + 1);
        assert!(buckets.known.lock().unwrap().len() <= ADDRESSES_MAX + 1);
    }
}
