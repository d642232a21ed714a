//! The binary batches of CIFAR-10: records of one label byte, then 1,024 bytes each of red, green
//! and blue, line by line. A batch has no header; its length tells the number of records.

use std::path::Path;

use super::input_file::InputFile;
use super::{DataError, ImageShape};

/// Pixels and labels of one or several batches.
#[derive(Default)]
pub(super) struct Records {
    /// One byte per value; pixel by pixel, with the three colours of a pixel side by side.
    pub(super) pixels: Vec<u8>,
    pub(super) labels: Vec<u32>,
}

/// Appends the records of the batch `path` to `records`.
pub(super) fn read_batch(
    path: &Path,
    image: ImageShape,
    classes: usize,
    records: &mut Records,
) -> Result<(), DataError> {
    let record_length = 1 + image.features() as u64;
    let length = std::fs::metadata(path)
        .map_err(|source| DataError::Read { file: path.to_owned(), offset: 0, source })?
        .len();
    let mut file = InputFile::open(path)?;
    let surplus = length % record_length;
    if length == 0 || surplus != 0 {
        let expected = format!("a positive multiple of {record_length} bytes");
        let found = format!("{length} bytes");
        return Err(file.corrupt(length - surplus, "length", expected, found));
    }
    for record in 0..length / record_length {
        let bytes = file.read_exactly("record", record_length)?;
        let (label, planes) = (bytes[0], &bytes[1..]);
        if usize::from(label) >= classes {
            let (expected, found) = (format!("below {classes}"), label.to_string());
            return Err(file.corrupt(record * record_length, "label", expected, found));
        }
        records.labels.push(u32::from(label));
        let plane_length = image.height * image.width;
        for pixel in 0..plane_length {
            let colours = (0..image.channels).map(|channel| planes[channel * plane_length + pixel]);
            records.pixels.extend(colours);
        }
    }
    file.expect_end()
}
