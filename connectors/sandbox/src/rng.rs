//! A small seeded generator (`SplitMix64`), so that a world and a fault plan are the same on every machine and in every release.
//!
//! Not for secrets.

/// The increment of `SplitMix64`: 2^64 divided by the golden ratio, made odd.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Scatters the bits of `value`: the output function of `SplitMix64`.
pub const fn scatter(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// A number that depends on all parts and on their order, without any state: for ids and for chances that must not
/// depend on the order in which things are asked.
pub fn mix(parts: &[u64]) -> u64 {
    parts.iter().fold(STEP, |sum, part| {
        scatter(sum.wrapping_add(STEP) ^ scatter(part.wrapping_add(STEP)))
    })
}

/// The top 53 bits of `bits` as a fraction in `0.0..1.0`.
#[expect(
    clippy::cast_precision_loss,
    reason = "53 bits fit into the mantissa exactly"
)]
pub fn fraction(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// A stream of numbers from one seed.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// The stream of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        scatter(self.0)
    }

    /// A fraction in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        fraction(self.bits())
    }

    /// True in `probability` of the cases.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A number below `limit`, or zero when the limit is zero.
    pub fn below(&mut self, limit: u32) -> u32 {
        ((u64::from(limit) * (self.bits() >> 32)) >> 32) as u32
    }

    /// A number in `low..high`.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_published_splitmix_sequence() {
        let mut rng = Rng::new(1_234_567);
        assert_eq!(rng.bits(), 6_457_827_717_110_365_317);
        assert_eq!(rng.bits(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_number_below_stays_below_and_reaches_both_ends() {
        let mut rng = Rng::new(7);
        let drawn: Vec<u32> = (0..200).map(|_| rng.below(4)).collect();
        assert!(drawn.iter().all(|number| *number < 4));
        assert!(drawn.contains(&0) && drawn.contains(&3));
    }

    #[test]
    fn a_mix_depends_on_the_order_of_its_parts() {
        assert_ne!(mix(&[1, 2]), mix(&[2, 1]));
        assert_ne!(mix(&[0]), mix(&[0, 0]));
    }
}
