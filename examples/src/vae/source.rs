//! The images that a run trains and tests on.

use std::path::Path;

use super::settings::DataSettings;
use crate::data::{DataError, Dataset, RealDataset, Split, Subset, load};

/// Loads or makes the images: generated shapes, or `samples` drawn from the publishers' training part and
/// `test_samples` from their test part.
pub fn images(settings: &DataSettings, seed: u64) -> Result<Split, DataError> {
    if settings.dataset == "shapes" {
        let draw = |count, seed| settings.shapes.generate(count, seed);
        // Another seed makes other images of the same world.
        let test = draw(settings.test_samples, seed ^ 0x7E57)?;
        return Ok(Split { train: draw(settings.samples, seed)?, test });
    }
    let dataset = RealDataset::from_name(&settings.dataset).map_err(|error| match error {
        DataError::UnknownName { found, legal } => {
            DataError::UnknownName { found, legal: format!("shapes, {legal}") }
        }
        error => error,
    })?;
    let part = |subset, count| -> Result<Dataset, DataError> {
        load(dataset, subset, Path::new(&settings.directory))?.subsample(count, seed)
    };
    Ok(Split {
        train: part(Subset::Training, settings.samples)?,
        test: part(Subset::Test, settings.test_samples)?,
    })
}
