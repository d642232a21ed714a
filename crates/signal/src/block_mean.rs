//! The mean of consecutive blocks of values.

use serde::{Deserialize, Serialize};

/// Collects values until a block is full, then gives its mean and starts again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockMean {
    sum: f64,
    count: u64,
}

impl BlockMean {
    /// Takes in one value; a value that is not finite is left out.
    pub fn observe(&mut self, value: f64) -> bool {
        if value.is_finite() {
            self.sum += value;
            self.count += 1;
        }
        value.is_finite()
    }

    /// How many values are in the block.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean of the block so far, or `None` while it is empty.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// The mean of the block; the next block is empty.
    pub fn take(&mut self) -> Option<f64> {
        let mean = self.mean();
        *self = Self::default();
        mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_gives_its_mean_once() {
        let mut block = BlockMean::default();
        assert_eq!(block.take(), None);
        assert!(block.observe(1.0) && block.observe(3.0) && !block.observe(f64::NAN));
        assert_eq!((block.count(), block.take(), block.take()), (2, Some(2.0), None));
    }
}
