//! The IDX format of the MNIST family: a magic number, the sizes, then one byte per value. All
//! numbers have four bytes, the most significant first.
//!
//! | file | byte 0 | byte 4 | byte 8 | byte 12 | then |
//! | --- | --- | --- | --- | --- | --- |
//! | images | 0x00000803 | images | lines | columns | one byte per pixel |
//! | labels | 0x00000801 | labels | | | one byte per label |

use std::path::Path;

use super::input_file::InputFile;
use super::{DataError, ImageShape};

const IMAGES_MAGIC: u32 = 0x0803;
const LABELS_MAGIC: u32 = 0x0801;

/// Reads the pixels of an image file whose images have the shape of `image`.
pub(super) fn read_images(path: &Path, image: ImageShape) -> Result<Vec<u8>, DataError> {
    let mut file = InputFile::open(path)?;
    let count = read_header(&mut file, IMAGES_MAGIC, "number of images")?;
    for (offset, field, expected) in
        [(8, "lines per image", image.height), (12, "columns per image", image.width)]
    {
        let found = file.read_number(field)?;
        if found as usize != expected {
            return Err(file.corrupt(offset, field, expected.to_string(), found.to_string()));
        }
    }
    // A product of a 32-bit number and a small constant does not overflow 64 bits.
    let pixels = file.read_exactly("pixels", u64::from(count) * image.features() as u64)?;
    file.expect_end()?;
    Ok(pixels)
}

/// Reads the labels that belong to `images` images of the file `images_path`.
pub(super) fn read_labels(
    path: &Path,
    classes: usize,
    images: usize,
    images_path: &Path,
) -> Result<Vec<u32>, DataError> {
    let mut file = InputFile::open(path)?;
    let count = read_header(&mut file, LABELS_MAGIC, "number of labels")?;
    if count as usize != images {
        let expected = format!("{images}, the number of images in {}", images_path.display());
        return Err(file.corrupt(4, "number of labels", expected, count.to_string()));
    }
    let labels = file.read_exactly("labels", u64::from(count))?;
    file.expect_end()?;
    if let Some(index) = labels.iter().position(|&label| usize::from(label) >= classes) {
        let expected = format!("below {classes}");
        return Err(file.corrupt(8 + index as u64, "label", expected, labels[index].to_string()));
    }
    Ok(labels.into_iter().map(u32::from).collect())
}

fn read_header(file: &mut InputFile, magic: u32, field: &'static str) -> Result<u32, DataError> {
    let found = file.read_number("magic number")?;
    if found != magic {
        let (expected, found) = (format!("{magic:#010x}"), format!("{found:#010x}"));
        return Err(file.corrupt(0, "magic number", expected, found));
    }
    let count = file.read_number(field)?;
    if count == 0 {
        return Err(file.corrupt(4, field, "at least 1".to_owned(), "0".to_owned()));
    }
    Ok(count)
}
