//! Random numbers by seed and purpose, so that no generator has to be saved.

use homeostat_core::random::{stream_key, unit_interval};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream is drawn for.
#[derive(Clone, Copy)]
#[repr(u64)]
pub(crate) enum Purpose {
    Design = 1,
    Surrogate = 2,
    Fallback = 3,
    Exchange = 4,
}

/// The same on every platform.
pub(crate) struct Stream(ChaCha8Rng);

impl Stream {
    /// `index` tells apart several streams of one purpose.
    pub(crate) fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        Self(ChaCha8Rng::from_seed(stream_key(seed, purpose as u64, index)))
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// From 0 up to, not including, 1.
    pub(crate) fn uniform(&mut self) -> f64 {
        unit_interval(self.bits())
    }

    /// From 0 up to, not including, `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        ((self.uniform() * count as f64) as usize).min(count.saturating_sub(1))
    }
}
