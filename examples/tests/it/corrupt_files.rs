use homeostat_examples::data::{RealDataset, Subset, load};

use crate::folder::Folder;
use crate::real_files::{cifar_record, gzip, image_file, label_file};

const IMAGES: &str = "train-images-idx3-ubyte";
const LABELS: &str = "train-labels-idx1-ubyte";

/// `bytes` with the number of four bytes at `offset` replaced.
fn with_number(mut bytes: Vec<u8>, offset: usize, number: u32) -> Vec<u8> {
    bytes[offset..offset + 4].copy_from_slice(&number.to_be_bytes());
    bytes
}

fn cut(mut bytes: Vec<u8>, length: usize) -> Vec<u8> {
    bytes.truncate(length);
    bytes
}

fn with_byte(mut bytes: Vec<u8>, offset: usize, byte: u8) -> Vec<u8> {
    bytes[offset] = byte;
    bytes
}

/// The message of reading three good images and labels, except that `name` holds `content`.
fn message(name: &str, content: &[u8]) -> String {
    let folder = Folder::new();
    let dataset = if name.ends_with(".bin") { RealDataset::Cifar10 } else { RealDataset::Mnist };
    for (good, bytes) in [(IMAGES, image_file(3)), (LABELS, label_file(3))] {
        // A bad packed file must not hide behind a good plain one.
        if !name.starts_with(good) {
            folder.write(good, &bytes);
        }
    }
    for batch in 1..=5 {
        folder.write(&format!("data_batch_{batch}.bin"), &cifar_record(batch));
    }
    folder.write(name, content);
    load(dataset, Subset::Training, folder.path()).unwrap_err().to_string()
}

/// Reads a corrupt file and looks for its name and every one of `parts` in the message.
#[track_caller]
fn check(name: &str, content: &[u8], parts: &[&str]) {
    let message = message(name, content);
    for part in parts.iter().chain(&[name]) {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
    assert!(!message.ends_with('.'), "{message}");
}

#[test]
fn a_corrupt_image_file_is_refused_with_file_byte_expected_and_found() {
    let good = image_file(3);
    check(IMAGES, &[], &["byte 0", "magic number must be 4 bytes long", "end after 0"]);
    check(IMAGES, &good[..3], &["byte 0", "magic number", "end after 3"]);
    check(IMAGES, &label_file(3), &["byte 0", "0x00000803", "got 0x00000801"]);
    check(IMAGES, &with_number(good.clone(), 0, 0x0d03), &["byte 0", "got 0x00000d03"]);
    check(IMAGES, &good[..6], &["byte 4", "number of images", "end after 2"]);
    check(IMAGES, &with_number(good.clone(), 4, 0), &["byte 4", "at least 1", "got 0"]);
    check(IMAGES, &with_number(good.clone(), 4, u32::MAX), &["byte 16", "end after 2352 bytes"]);
    check(IMAGES, &with_number(good.clone(), 4, 2), &["byte 1584", "at its end", "more bytes"]);
    check(IMAGES, &with_number(good.clone(), 8, 32), &["byte 8", "lines", "be 28, got 32"]);
    check(IMAGES, &with_number(good.clone(), 12, 1), &["byte 12", "columns", "be 28, got 1"]);
    check(IMAGES, &good[..1000], &["byte 16", "pixels must be 2352 bytes", "end after 984"]);
    check(IMAGES, &[good.clone(), vec![0]].concat(), &["byte 2368", "at its end", "more bytes"]);
}

#[test]
fn a_corrupt_label_file_is_refused_with_file_byte_expected_and_found() {
    let good = label_file(3);
    check(LABELS, &image_file(3), &["byte 0", "0x00000801", "got 0x00000803"]);
    check(LABELS, &label_file(2), &["byte 4", "3, the number of images in", IMAGES, "got 2"]);
    check(LABELS, &cut(good.clone(), 10), &["byte 8", "labels must be 3 bytes", "end after 2"]);
    check(LABELS, &[good.clone(), vec![0]].concat(), &["byte 11", "at its end", "more bytes"]);
    check(LABELS, &with_byte(good, 9, 10), &["byte 9", "label must be below 10", "got 10"]);
}

#[test]
fn a_corrupt_packed_file_is_refused_with_the_byte_of_the_unpacked_content() {
    let name = "train-images-idx3-ubyte.gz";
    let good = gzip(&image_file(3));
    let middle = good.len() / 2;
    check(name, &image_file(3), &["byte 0", "gzip", "invalid gzip header"]);
    check(name, &cut(good.clone(), middle), &["whole gzip stream"]);
    check(name, &cut(good.clone(), good.len() - 4), &["byte 2368", "whole gzip stream"]);
    check(name, &with_byte(good.clone(), good.len() - 8, 0), &["byte 2368", "checksum"]);
    check(name, &[good.clone(), vec![7]].concat(), &["byte 2368", "more bytes"]);
    check(name, &gzip(&label_file(3)), &["byte 0", "0x00000803", "got 0x00000801"]);
}

#[test]
fn a_corrupt_batch_is_refused_with_file_byte_expected_and_found() {
    let name = "data_batch_3.bin";
    let good = cifar_record(3);
    check(name, &[], &["byte 0", "multiple of 3073", "got 0 bytes"]);
    check(name, &cut(good.clone(), 3072), &["byte 0", "multiple of 3073", "got 3072 bytes"]);
    check(name, &[good.clone(), vec![1, 2]].concat(), &["byte 3073", "got 3075 bytes"]);
    check(name, &[good.clone(), cifar_record(10)].concat(), &["byte 3073", "below 10", "got 10"]);
}

#[test]
fn one_missing_batch_of_five_is_named() {
    let folder = Folder::new();
    for batch in [1, 2, 3, 5] {
        folder.write(&format!("data_batch_{batch}.bin"), &cifar_record(batch));
    }
    let error = load(RealDataset::Cifar10, Subset::Training, folder.path()).unwrap_err();
    assert!(error.to_string().contains("data_batch_4.bin"), "{error}");
}
