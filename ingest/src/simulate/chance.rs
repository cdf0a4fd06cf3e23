//! Seeded chance: the only source of variety in the simulator.
//!
//! The same seed must give the same bytes on every machine, so nothing here uses the clock, the platform's
//! mathematics library or hash order. It is not fit for secrets.

/// A `SplitMix64` sequence; each purpose of the simulator has its own, so that one setting never shifts
/// another.
#[derive(Debug, Clone)]
pub(super) struct Chance {
    state: u64,
}

impl Chance {
    pub(super) fn new(seed: u64, purpose: &str) -> Self {
        let mut chance = Self { state: seed };
        for byte in purpose.bytes() {
            chance.state = chance.next().wrapping_add(u64::from(byte));
        }
        chance
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A whole number in `0..limit`; 0 when the limit is 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    pub(super) fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// A whole number from `least` to `most`, both included.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        if most <= least { least } else { least + self.below((most - least + 1) as u64) as i64 }
    }

    pub(super) fn happens(&mut self, per_thousand: u32) -> bool {
        self.below(1000) < u64::from(per_thousand)
    }

    /// `None` tells that the sending system leaves the field out.
    pub(super) fn perhaps<T>(&mut self, per_thousand: u32, value: T) -> Option<T> {
        self.happens(per_thousand).then_some(value)
    }

    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    pub(super) fn pick_perhaps<T: Copy>(&mut self, per_thousand: u32, choices: &[T]) -> Option<T> {
        let choice = self.pick(choices);
        self.perhaps(per_thousand, choice)
    }

    /// A number in `[0, 1)`.
    pub(super) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Mostly small, seldom many times the mean. Leading zeros stand in for a logarithm, which platforms
    /// round differently.
    pub(super) fn long_tailed(&mut self, mean: i64) -> i64 {
        let doublings = f64::from(self.next().leading_zeros());
        ((doublings + self.fraction()) * mean as f64 / 1.5) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn the_long_tail_keeps_its_mean() {
        let mut chance = Chance::new(1, "mean");
        let total: i64 = (0..100_000).map(|_| chance.long_tailed(1000)).sum();
        assert!((95_000_000..105_000_000).contains(&total), "{total}");
    }

    #[test]
    fn purposes_do_not_share_a_sequence() {
        assert_ne!(Chance::new(1, "lives").below(u64::MAX), Chance::new(1, "delays").below(u64::MAX));
    }
}
