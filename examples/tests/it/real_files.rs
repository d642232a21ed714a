use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use homeostat_examples::data::{DataError, Dataset, RealDataset, Subset, load};

use crate::folder::Folder;

/// An image file with `images` images of 28 × 28 pixels; pixel p of image i is (i + p) mod 256.
pub(crate) fn image_file(images: u32) -> Vec<u8> {
    let mut bytes = [0x0803, images, 28, 28].map(u32::to_be_bytes).concat();
    bytes.extend((0..images).flat_map(|image| (0..784).map(move |pixel| (image + pixel) as u8)));
    bytes
}

/// A label file; label i is i mod 10.
pub(crate) fn label_file(labels: u32) -> Vec<u8> {
    let mut bytes = [0x0801, labels].map(u32::to_be_bytes).concat();
    bytes.extend((0..labels).map(|label| (label % 10) as u8));
    bytes
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A CIFAR record: red is 10, green 20, blue 30, each plus the pixel's number mod 100.
pub(crate) fn cifar_record(label: u8) -> Vec<u8> {
    let plane = |base: u32| (0..1024_u32).map(move |pixel| (base + pixel % 100) as u8);
    std::iter::once(label).chain([10, 20, 30].into_iter().flat_map(plane)).collect()
}

#[track_caller]
fn check_mnist(dataset: &Dataset, rows: usize) {
    assert_eq!((dataset.len(), dataset.features(), dataset.classes()), (rows, 784, 10));
    assert_eq!(dataset.row(1).unwrap()[5], 6.0 / 255.0);
    assert_eq!(dataset.labels()[..3], [0, 1, 2]);
}

#[test]
fn every_usual_spelling_and_folder_is_found() {
    for (images, labels, packed) in [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", false),
        ("train-images.idx3-ubyte", "train-labels.idx1-ubyte", false),
        ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", true),
        ("train-images.idx3-ubyte.gz", "train-labels.idx1-ubyte.gz", true),
        ("fashion-mnist/train-images-idx3-ubyte", "train-labels-idx1-ubyte", false),
    ] {
        let folder = Folder::new();
        let pack = |bytes: Vec<u8>| if packed { gzip(&bytes) } else { bytes };
        folder.write(images, &pack(image_file(3)));
        folder.write(labels, &pack(label_file(3)));
        let dataset = load(RealDataset::FashionMnist, Subset::Training, folder.path()).unwrap();
        check_mnist(&dataset, 3);
    }
}

#[test]
fn the_test_subset_is_a_pair_of_files_of_its_own() {
    let folder = Folder::new();
    folder.write("mnist/t10k-images-idx3-ubyte", &image_file(4));
    folder.write("mnist/t10k-labels-idx1-ubyte", &label_file(4));
    check_mnist(&load(RealDataset::Mnist, Subset::Test, folder.path()).unwrap(), 4);
    let error = load(RealDataset::Mnist, Subset::Training, folder.path()).unwrap_err();
    assert!(matches!(error, DataError::Missing { .. }), "{error}");
}

#[test]
fn colour_planes_become_pixels_in_the_order_of_the_batches() {
    let folder = Folder::new();
    for batch in 1..=5 {
        folder.write(&format!("cifar10/data_batch_{batch}.bin"), &cifar_record(batch));
    }
    let dataset = load(RealDataset::Cifar10, Subset::Training, folder.path()).unwrap();
    assert_eq!(dataset.labels(), [1, 2, 3, 4, 5]);
    let bytes: Vec<f32> = dataset.row(4).unwrap()[..6].iter().map(|v| v * 255.0).collect();
    assert_eq!(
        bytes.iter().map(|v| v.round()).collect::<Vec<_>>(),
        [10.0, 20.0, 30.0, 11.0, 21.0, 31.0]
    );
}

#[test]
fn a_missing_data_set_says_which_command_fetches_it() {
    for (name, hint) in [
        ("mnist", "cargo xtask data mnist"),
        ("fashion-mnist", "cargo xtask data fashion-mnist"),
        ("cifar10", "by hand"),
    ] {
        let dataset = RealDataset::from_name(name).unwrap();
        let error = load(dataset, Subset::Training, Path::new("nowhere")).unwrap_err().to_string();
        for part in [name, hint, "--data-dir", "nowhere"] {
            assert!(error.contains(part), "{part:?} is not in: {error}");
        }
    }
    let error = RealDataset::from_name("emnist").unwrap_err().to_string();
    assert_eq!(error, "data set must be one of mnist, fashion-mnist, cifar10, got \"emnist\"");
}

/// Real files are large and are not part of the project; whoever has fetched them names their
/// folder in this variable.
#[test]
fn the_published_files_have_the_published_content() {
    let Ok(folder) = std::env::var("HOMEOSTAT_DATA_DIR") else {
        return;
    };
    for (name, first_labels) in
        [("mnist", [5, 0, 4, 1, 9, 2, 1, 3]), ("fashion-mnist", [9, 0, 0, 3, 0, 2, 7, 2])]
    {
        let dataset = RealDataset::from_name(name).unwrap();
        let training = load(dataset, Subset::Training, folder.as_ref()).unwrap();
        assert_eq!(training.len(), 60_000);
        assert_eq!(training.labels()[..8], first_labels);
        assert_eq!(load(dataset, Subset::Test, folder.as_ref()).unwrap().len(), 10_000);
    }
}
