//! Random moments from a seed.

/// SplitMix64: a few lines, and the same numbers on every machine.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number in `[0, 1)`.
    pub(super) fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^= word >> 31;
        (word >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn shares_are_reproducible_and_spread() {
        let shares = |seed| {
            let mut random = Random::new(seed);
            (0..1000).map(|_| random.share()).collect::<Vec<_>>()
        };
        assert_eq!(shares(3), shares(3));
        assert_ne!(shares(3), shares(4));
        assert!(shares(3).iter().all(|share| (0.0..1.0).contains(share)));
        let mean = shares(3).iter().sum::<f64>() / 1000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }
}
