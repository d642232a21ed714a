//! How many of the newest losses a commit uses.

use homeostat_core::random::unit_interval;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A fraction of the window that is left out at random, so that a policy which watches its own
/// normalizer cannot know it exactly.
///
/// The draw of a commit is a function of the seed and the number of the commit alone. The count of
/// commits is therefore all there is to the state of the generator, and a peek draws what the commit
/// will draw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jitter {
    fraction: f64,
    seed: u64,
}

impl Jitter {
    pub(crate) fn new(fraction: f64, seed: u64) -> Self {
        Self { fraction, seed }
    }

    /// Whether anything is ever left out.
    pub(crate) fn acts(self) -> bool {
        self.fraction > 0.0
    }

    /// ⌈count·(1 − j·r)⌉ with r uniform in `[0, 1)`: how many of `count` losses the commit uses.
    pub(crate) fn newest(self, commit: u64, count: usize) -> usize {
        if !self.acts() {
            return count;
        }
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(commit);
        let uniform = unit_interval(random.next_u64());
        ((count as f64 * (1.0 - self.fraction * uniform)).ceil() as usize).min(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_uses_between_the_configured_part_and_all_of_the_window() {
        let counts: Vec<usize> =
            (0..2000).map(|commit| Jitter::new(0.4, 7).newest(commit, 1000)).collect();
        let (least, most) = (counts.iter().min(), counts.iter().max());
        assert!(least.is_some_and(|least| (600..620).contains(least)), "{least:?}");
        assert!(most.is_some_and(|most| (990..=1000).contains(most)), "{most:?}");
        assert_eq!(Jitter::new(0.0, 7).newest(3, 1000), 1000);
        assert_eq!(Jitter::new(0.5, 7).newest(3, 1), 1);
    }

    #[test]
    fn draws_depend_on_seed_and_commit_alone() {
        let draw = |seed, commit| Jitter::new(0.5, seed).newest(commit, 1 << 30);
        assert_eq!(draw(1, 5), draw(1, 5));
        assert_ne!(draw(1, 5), draw(2, 5));
        assert_ne!(draw(1, 5), draw(1, 6));
    }
}
