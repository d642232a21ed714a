use super::random::{Purpose, RandomStream};
use super::{DataError, Dataset};

/// Two parts of one data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// Rows to learn from.
    pub train: Dataset,
    /// Rows to judge by.
    pub test: Dataset,
}

impl Dataset {
    /// `samples` rows drawn without replacement, in their original order; the whole set where it
    /// has no more than that.
    ///
    /// # Errors
    ///
    /// [`DataError::Setting`] when `samples` is 0.
    pub fn subsample(self, samples: usize, seed: u64) -> Result<Self, DataError> {
        if samples == 0 {
            return Err(DataError::setting("number of samples", "at least 1", samples));
        }
        if samples >= self.len() {
            return Ok(self);
        }
        let mut order =
            RandomStream::new(seed, Purpose::Subsample, 0).permutation(self.rows_as_u32()?);
        order.truncate(samples);
        order.sort_unstable();
        self.select(&order)
    }

    /// A random part of max(1, ⌊`len()` · `test_fraction`⌋) rows for the test, the rest for
    /// training. With fraction 0 nothing is held out: all rows train and all rows test.
    ///
    /// # Errors
    ///
    /// [`DataError::Setting`] when the fraction is not in \[0, 1) or leaves nothing to train on.
    pub fn split(self, test_fraction: f64, seed: u64) -> Result<Split, DataError> {
        if !(0.0..1.0).contains(&test_fraction) {
            return Err(DataError::setting("test fraction", "at least 0, below 1", test_fraction));
        }
        if test_fraction == 0.0 {
            return Ok(Split { train: self.clone(), test: self });
        }
        let test_rows = ((self.len() as f64 * test_fraction).floor() as usize).max(1);
        if test_rows >= self.len() {
            let expected = format!("more than the {test_rows} held out for the test");
            return Err(DataError::setting("number of rows", expected, self.len()));
        }
        let order = RandomStream::new(seed, Purpose::Split, 0).permutation(self.rows_as_u32()?);
        let (test, train) = order.split_at(test_rows);
        Ok(Split { train: self.select(train)?, test: self.select(test)? })
    }

    fn rows_as_u32(&self) -> Result<u32, DataError> {
        u32::try_from(self.len())
            .map_err(|_| DataError::setting("number of rows", "below 2³²", self.len()))
    }
}
