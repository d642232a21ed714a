//! The rows that a run trains and tests on.

use std::path::Path;

use super::settings::DataSettings;
use crate::data::{DataError, Dataset, RealDataset, Split, Subset, SyntheticConfig, load};

/// Loads or makes the rows, draws `samples` of them, and splits off the test rows.
pub fn rows(settings: &DataSettings, seed: u64) -> Result<Split, DataError> {
    let whole = if settings.dataset == "synthetic" {
        let synthetic = &settings.synthetic;
        SyntheticConfig {
            kind: synthetic.kind,
            samples: if settings.samples == 0 { 3000 } else { settings.samples },
            features: synthetic.features,
            classes: synthetic.classes,
            noise: synthetic.noise,
            seed,
        }
        .generate()?
    } else {
        let dataset = RealDataset::from_name(&settings.dataset).map_err(|error| match error {
            DataError::UnknownName { found, legal } => {
                DataError::UnknownName { found, legal: format!("synthetic, {legal}") }
            }
            error => error,
        })?;
        load(dataset, Subset::Training, Path::new(&settings.directory))?
    };
    let drawn = drawn(whole, settings.samples, seed)?;
    drawn.split(settings.test_fraction, seed)
}

fn drawn(whole: Dataset, samples: usize, seed: u64) -> Result<Dataset, DataError> {
    if samples == 0 || samples >= whole.len() { Ok(whole) } else { whole.subsample(samples, seed) }
}
