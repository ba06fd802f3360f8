//! Seeded random numbers: the same seed gives the same histories on any machine.

/// A splitmix64 generator.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high - low + 1).expect("low is not above high");
        low + i64::try_from(self.next() % width).expect("less than the width")
    }

    pub(super) fn small(&mut self, low: u32, high: u32) -> u32 {
        u32::try_from(self.between(low.into(), high.into())).expect("within two u32")
    }

    pub(super) fn day(&mut self, low: i32, high: i32) -> i32 {
        i32::try_from(self.between(low.into(), high.max(low).into())).expect("within two i32")
    }

    pub(super) fn percent(&mut self, chance: i64) -> bool {
        self.between(0, 99) < chance
    }

    pub(super) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.between(0, i64::try_from(length).expect("short") - 1))
            .expect("not negative")
    }

    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())].clone()
    }

    /// Picks by weight.
    pub(super) fn weighted<T: Clone>(&mut self, from: &[(i64, T)]) -> T {
        let all: i64 = from.iter().map(|(weight, _)| weight).sum();
        let mut left = self.between(0, all - 1);
        for (weight, each) in from {
            left -= weight;
            if left < 0 {
                return each.clone();
            }
        }
        unreachable!("the weights add up")
    }

    pub(super) fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.index(last + 1));
        }
    }
}
