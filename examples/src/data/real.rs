use std::path::{Path, PathBuf};

use super::cifar::{self, Records};
use super::{DataError, Dataset, ImageShape, idx};

/// A data set of real images that is read from files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RealDataset {
    /// Handwritten digits: 60,000 + 10,000 grey images of 28 × 28 pixels in ten classes.
    Mnist,
    /// Pieces of clothing, in the shape and number of MNIST.
    FashionMnist,
    /// Photographs: 50,000 + 10,000 colour images of 32 × 32 pixels in ten classes.
    Cifar10,
}

/// One of the two parts in which the publishers hand out a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subset {
    /// The larger part. The trainers hold out their own test rows from it.
    Training,
    /// The publishers' held-out part.
    Test,
}

const CLASSES: usize = 10;

impl RealDataset {
    /// Every data set, in the order in which messages name them.
    pub const ALL: [Self; 3] = [Self::Mnist, Self::FashionMnist, Self::Cifar10];

    /// The data set called `name`.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownName`], which lists the legal names.
    pub fn from_name(name: &str) -> Result<Self, DataError> {
        Self::ALL.into_iter().find(|dataset| dataset.name() == name).ok_or_else(|| {
            let legal = Self::ALL.map(Self::name).join(", ");
            DataError::UnknownName { found: name.to_owned(), legal }
        })
    }

    /// Name on the command line; also the folder in which its files lie.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
            Self::Cifar10 => "cifar10",
        }
    }

    /// Shape of an image.
    pub fn image(self) -> ImageShape {
        match self {
            Self::Mnist | Self::FashionMnist => ImageShape { height: 28, width: 28, channels: 1 },
            Self::Cifar10 => ImageShape { height: 32, width: 32, channels: 3 },
        }
    }

    fn remedy(self) -> String {
        let fetch = match self {
            Self::Mnist | Self::FashionMnist => {
                format!("run `cargo xtask data {}`", self.name())
            }
            Self::Cifar10 => "place the publishers' binary batches there by hand".to_owned(),
        };
        format!("{fetch}, or name the folder that holds the files with --data-dir")
    }
}

/// Reads one part of a data set from the files in `directory/<name>/` or in `directory`.
///
/// Pixels become value / 255 in \[0, 1\], in the order height, width, channel.
///
/// # Errors
///
/// [`DataError::Missing`] says what to do when a file is not there; [`DataError::Corrupt`],
/// [`DataError::Gzip`] and [`DataError::Read`] name the file and the byte.
pub fn load(dataset: RealDataset, subset: Subset, directory: &Path) -> Result<Dataset, DataError> {
    let image = dataset.image();
    let records = match dataset {
        RealDataset::Mnist | RealDataset::FashionMnist => {
            let prefix = match subset {
                Subset::Training => "train",
                Subset::Test => "t10k",
            };
            let images_path = find(dataset, directory, &idx_names(prefix, "images", 3))?;
            let labels_path = find(dataset, directory, &idx_names(prefix, "labels", 1))?;
            let pixels = idx::read_images(&images_path, image)?;
            let images = pixels.len() / image.features();
            let labels = idx::read_labels(&labels_path, CLASSES, images, &images_path)?;
            Records { pixels, labels }
        }
        RealDataset::Cifar10 => {
            let names: Vec<String> = match subset {
                Subset::Training => (1..=5).map(|n| format!("data_batch_{n}.bin")).collect(),
                Subset::Test => vec!["test_batch.bin".to_owned()],
            };
            // Every batch is looked for before the first is read, which may take seconds.
            let paths: Result<Vec<_>, _> =
                names.into_iter().map(|name| find(dataset, directory, &[name])).collect();
            let mut records = Records::default();
            for path in paths? {
                cifar::read_batch(&path, image, CLASSES, &mut records)?;
            }
            records
        }
    };
    let inputs = records.pixels.iter().map(|&pixel| f32::from(pixel) / 255.0).collect();
    Dataset::new(dataset.name(), inputs, records.labels, image.features(), CLASSES, Some(image))
}

/// The spellings under which the file is handed out: with hyphen or dot, packed or not.
fn idx_names(prefix: &str, content: &str, dimensions: u8) -> Vec<String> {
    ["", ".gz"]
        .iter()
        .flat_map(|packing| {
            ['-', '.'].map(|mark| format!("{prefix}-{content}{mark}idx{dimensions}-ubyte{packing}"))
        })
        .collect()
}

fn find(dataset: RealDataset, directory: &Path, names: &[String]) -> Result<PathBuf, DataError> {
    let folders = [directory.join(dataset.name()), directory.to_owned()];
    folders
        .iter()
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|path| path.is_file())
        .ok_or_else(|| DataError::Missing {
            name: dataset.name().to_owned(),
            file: names.join(" or "),
            searched: format!("{} or {}", folders[0].display(), folders[1].display()),
            remedy: dataset.remedy(),
        })
}
