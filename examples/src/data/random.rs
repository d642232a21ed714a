use homeostat::random::{stream_key, unit_interval};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream is drawn for. Each purpose has its own stream of the same seed, so that drawing
/// more numbers for one never shifts the numbers of another.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub(crate) enum Purpose {
    Subsample = 1,
    Split = 2,
    EpochOrder = 3,
    Samples = 4,
    Embedding = 5,
    KMeans = 6,
    Applicants = 7,
    Shapes = 8,
    Swap = 9,
}

/// A stream of random numbers, the same on every platform.
///
/// The distributions are written here because those of a library may change between versions,
/// and a changed stream would silently change every recorded run.
pub(crate) struct RandomStream(ChaCha8Rng);

impl RandomStream {
    /// The stream of `purpose` under `seed`; `index` tells apart several of them, such as epochs.
    pub(crate) fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        Self(ChaCha8Rng::from_seed(stream_key(seed, purpose as u64, index)))
    }

    /// A number from 0 up to, not including, 1, in steps of 2⁻⁵³.
    pub(crate) fn uniform(&mut self) -> f64 {
        unit_interval(self.0.next_u64())
    }

    /// A number from `low` up to `high`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// A standard normal number, by the method of Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        // 1 − u lies in (0, 1], where the logarithm is finite.
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// An integer below `bound` ≥ 1, every one with the same probability (Lemire 2019).
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        let rejected = bound.wrapping_neg() % bound;
        loop {
            let product = u64::from(self.0.next_u32()) * u64::from(bound);
            if product as u32 >= rejected {
                return (product >> 32) as u32;
            }
        }
    }

    /// A random order of 0 … `length` − 1, by the method of Fisher and Yates.
    pub(crate) fn permutation(&mut self, length: u32) -> Vec<u32> {
        let mut order: Vec<u32> = (0..length).collect();
        for last in (1..length).rev() {
            order.swap(last as usize, self.below(last + 1) as usize);
        }
        order
    }
}

/// The order in which epoch `epoch` visits `length` rows.
///
/// It depends on the three arguments alone: a run that resumes at an epoch needs no saved state
/// of a generator to continue with the same batches.
pub fn epoch_order(length: u32, seed: u64, epoch: u64) -> Vec<u32> {
    RandomStream::new(seed, Purpose::EpochOrder, epoch).permutation(length)
}
